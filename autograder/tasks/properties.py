"""Declares properties of networks and of latent variable models, and the hint on each mistake."""

from vikit.exams.dependence import MISTAKES_OF_VALUES as NAMES_OF_VALUES
from vikit.judging import Mistake, Property

ANY_NETWORK = (
    Mistake("wrong_shape", "An output has another shape than the docstring says: the last axis alone changes."),
    Mistake("not_float32", "What comes back is no float32 tensor; a tuple where the docstring has a tuple."),
    Mistake("not_finite", "NaN or infinite values come out for ordinary inputs."),
    Mistake(
        "random_inside",
        "The network draws random numbers: two calls with the same input differ. Encoder and decoder are "
        "functions; the noise "
        "comes in between, in sample_latent, where it is an argument.",
        "document 001, lines 85 to 91",
    ),
    Mistake(
        "examples_mixed",
        "An example's output depends on which others are in the batch. Each is a function of its own input.",
    ),
    Mistake("input_ignored", "An output is the same for every input: the layer that gives it does not see the input."),
    Mistake(
        "weights_ignored",
        "What it returns does not come from its trainable weights: with others it is as good, or the same. A model's outputs "
        "are computed from its weights, and what it knows stands in them.",
    ),
    Mistake(
        "another_number_of_outputs",
        "It returns another number of values than the docstring says. Return exactly those, in that order.",
    ),
    Mistake(
        "one_head_for_both",
        "The same layer gives mu and log_var. They are two different linear functions of the last hidden layer.",
        "document 003, eq. 10 and section 1.6 (line 174)",
    ),
    Mistake(
        "idle_weight",
        "A trainable weight takes no part: changing it changes nothing. A layer is made and never called, or "
        "its output is lost.",
    ),
    Mistake(
        "no_weights",
        "Keras finds no trainable weights. Make layers in __init__ as attributes (or lists of layers); a "
        "tf.Variable is not found.",
    ),
    Mistake(
        "hidden_parameters",
        "It computes with parameters that Keras does not train or save: a tf.Variable, one of TensorFlow Probability's, a "
        "layer that is no attribute, or numbers drawn anew for each model.",
    ),
)
OF_VALUES = tuple(mistake for mistake in ANY_NETWORK if mistake.name in NAMES_OF_VALUES)
SAMPLED = (
    Mistake(
        "sampler_log_var_as_log_sigma",
        "The noise is scaled by exp(log_var), the variance; the standard deviation is exp(log_var / 2).",
        "document 003, eq. 22 and section 1.6 (line 174)",
    ),
    Mistake("sampler_without_noise", "eps does not enter: the decoder is given the mean.", "document 003, eq. 22"),
    Mistake("sampler_without_mean", "The mean does not enter the sample.", "document 003, eq. 22"),
    Mistake(
        "sampler_without_sigma", "eps is added unscaled: log_var does not enter the sample.", "document 003, eq. 22"
    ),
    Mistake("sampler_minus", "eps enters with a minus: for a given eps, z = mu + sigma eps.", "document 003, eq. 22"),
    Mistake("sampler_one_noise_for_the_batch", "All images share the first one's noise: each has its own row of eps."),
    Mistake("sampler_one_noise_for_all_dimensions", "All latent dimensions share one number of noise."),
    Mistake("sampler_one_noise_for_all_samples", "All L samples use the first noise."),
)
FIXED = (
    Mistake(
        "encoder_not_trained",
        "The encoder does not learn: after a step of training, or with all trainable weights moved, it returns the same. Its "
        "weights are not trainable, Keras does not find them, or no gradient is taken for them. Both networks are trained "
        "jointly.",
        "document 002, line 765",
    ),
    Mistake(
        "decoder_not_trained",
        "The decoder does not learn: after a step of training, or with all trainable weights moved, it returns the same. Its "
        "weights are not trainable, Keras does not find them, or no gradient is taken for them.",
        "document 002, line 765",
    ),
)
ANY_MODEL = (*ANY_NETWORK, *FIXED)
UNTRAINED = (Mistake("weights_do_not_move", "Some trainable weights do not move in a step: no gradient reaches them."),)
UNLEARNT = (
    Mistake(
        "passes_untrained",
        "A new model is as good before any training as a trained one: what it knows does not come from training.",
    ),
    Mistake(
        "knows_other_digits",
        "It is as good at digits that lie on their side as at those that it was trained on: what it knows does not come from "
        "training.",
    ),
    Mistake(
        "weights_are_a_key",
        "With the trained weights moved by a thousandth it has lost what it learnt. What a network knows changes little by "
        "little with its weights: here it is looked up where the weights are just these.",
    ),
)
SQUASHED = (
    Mistake(
        "never_negative",
        "An output is never negative: a ReLU, a softplus or an exponential stands behind the last layer. "
        "log_var must become "
        "negative wherever q is narrower than the prior; leave the last layer linear.",
        "document 003, section 1.6 (line 174)",
    ),
    Mistake("never_positive", "An output is never positive. Leave the last layer linear, for any real number."),
    Mistake(
        "sigmoid_at_the_end",
        "An output stays between 0 and 1: a sigmoid stands at the end. The decoder returns logits, and the "
        "sigmoid is inside the "
        "likelihood; a second one leaves probabilities between 0.5 and 0.73.",
        "document 003, eq. 6 and 7; errata E-003-10",
    ),
    Mistake(
        "tanh_at_the_end", "An output stays between -1 and 1: a tanh stands at the end. Leave the last layer linear."
    ),
    Mistake(
        "cut_off",
        "An output is cut off within +-10, or grows too slowly. Log variances between -10 and 10 must be "
        "possible, and so must "
        "logits.",
    ),
)


def loss_mistakes(name, phrase, axis, weight):
    """Returns the mistakes of what a model reports of its loss = distortion + weight * KL (see `vikit.exams.reported_losses`).

    Args:
        name: What the distortion is called in reports.
        phrase: What it is called in sentences.
        axis: The axis that it is a sum over.
        weight: A sentence on the weight of the KL.
    """
    first = phrase[:1].upper() + phrase[1:]
    listing = "document 000, Listing 1; errata E-000-18"
    return (
        Mistake(
            "loss_negated",
            f"The loss has the wrong sign: minimising it makes {phrase} and the KL larger.",
            "document 000, line 82; errata E-000-11",
        ),
        Mistake(
            "loss_summed_over_batch",
            "The loss grows with the batch: it is summed over it. Average, or the size of a step depends on the batch.",
            listing,
        ),
        Mistake("loss_in_bits", "The loss is in bits; this course works in nats, with the natural logarithm."),
        Mistake(
            "another_beta",
            f"The loss weighs the KL with another number: a default, a constant, or a weight that changes as training goes on. "
            f"{weight}",
        ),
        Mistake(
            "loss_of_something_else",
            "The loss is not made of the reported terms. Both must come from the same samples, and nothing else may be added, "
            "no penalty on weights.",
        ),
        Mistake(
            "trains_on_test_images",
            "What fit reports is the loss over your images and the test images together: the test set is in the training.",
        ),
        Mistake("terms_swapped", f"{first} and the kl are reported under each other's name."),
        Mistake(
            "kl_missing",
            "The KL is 0, or it is missing from the loss: nothing keeps q(z|x) near the prior.",
            "document 003, section 1.6 (line 181)",
        ),
        Mistake(
            "kl_counted_twice",
            "The KL counts twice: its factor 1/2 is missing, or it is added a second time (by a regulariser or add_loss, say).",
            "document 000, section 4, step 7 (line 79)",
        ),
        Mistake("kl_halved", "The KL has a factor 1/2 too many.", "document 000, section 4, step 7 (line 79)"),
        Mistake("kl_negated", "The kl is reported with a minus. It is a part of a loss, never below 0."),
        Mistake(
            "kl_subtracted",
            "The KL is subtracted from the loss. It is a price: add it.",
            "document 000, section 4; errata E-000-08",
        ),
        Mistake("kl_in_bits", "The kl is in bits; this course works in nats, with the natural logarithm."),
        Mistake(
            "kl_averaged_over_dimensions",
            "The KL is averaged over the latent dimensions: sum over them.",
            "document 000, section 4, step 8 (line 82)",
        ),
        Mistake("kl_summed_over_batch", f"The KL is summed over the batch, and {phrase} is not: average both."),
        Mistake(f"{name}_negated", f"{first} is reported with a minus. It is a part of a loss."),
        Mistake(f"{name}_in_bits", f"{first} is in bits; this course works in nats, with the natural logarithm."),
        Mistake(f"{name}_missing", f"{first} is missing from the loss: only the KL is left."),
        Mistake(
            f"{name}_averaged_over_{axis}",
            f"{first} is averaged over the {axis}, and the KL is a sum over the latent dimensions: sum over the {axis} too.",
            listing,
        ),
        Mistake(
            f"{name}_summed_over_batch",
            f"{first} is summed over the batch and the KL is not, as in Listing 1. Average both.",
            listing,
        ),
        Mistake("metrics_missing", f"fit and evaluate must report loss, {name} and kl, under these names."),
    )


def network_properties(source, name, size, out, outputs, batches, points, ends):
    """Returns the four properties of a class that is a network, worth `points` in this order.

    Args:
        source: Where the lecture has it.
        name: The class; `name(out, hidden=...)` makes one.
        size: Size of the input's last axis.
        out: Size of the last axis of each output.
        outputs: Names of the outputs.
        batches: Pairs of hidden sizes and, for each batch that one network gets, the axes before the last.
        points: Points of shapes, of repeating, of the range, of the weights.
        ends: The hint where the range is bounded.
    """
    options = {"name": name, "size": size, "out": out, "outputs": list(outputs)}
    listed = " and ".join(outputs)
    return (
        Property(
            "shapes", points[0], f"{listed} must have the documented shapes for every batch and every choice of hidden layers.",
            source, "network_shapes", options | {"batch_shapes": batches}, ANY_NETWORK, counts_alone=False,
        ),
        Property(
            "deterministic", points[1], "The same input must give the same output, for each example by itself.",
            source, "network_repeats", options, ANY_NETWORK,
        ),
        Property("linear_outputs", points[2], ends, source, "network_range", options, (*ANY_NETWORK, *SQUASHED)),
        Property(
            "every_weight_counts", points[3], "Every trainable weight must take part in an output.",
            source, "network_weights", options, ANY_NETWORK,
        ),
    )  # fmt: skip
