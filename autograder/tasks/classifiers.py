"""What is declared of classifiers with a stochastic bottleneck (see `vikit.exams.vib`): properties, and what to say."""

from vikit.judging import Mistake, Property

from autograder.reference import vae, vib

from .properties import ANY_MODEL, SAMPLED, UNLEARNT, UNTRAINED, loss_mistakes


class Reference:
    """What the examinations of classifiers take for right, in float64; a kind of classifier adds its own."""

    @staticmethod
    def sample_latent(mu, log_var, eps):
        return vae.latent_samples(mu, log_var, eps).numpy()

    @staticmethod
    def cross_entropy(y_onehot, logits):
        return vib.cross_entropies(y_onehot, logits).numpy()

    @staticmethod
    def predict(logits):
        return vib.vib_predict_probs(logits).numpy()


PROBABILITIES = (
    Mistake(
        "softmax_twice",
        "Softmax is applied twice: probabilities go into a function that expects logits.",
        "document 000, section 6 (line 96); errata E-000-14",
    ),
    Mistake(
        "decoder_returns_probabilities",
        "The decoder returns probabilities. It must return logits, from which the likelihood is finite whatever they are.",
        "document 003, eq. 6 and 7; errata E-003-10",
    ),
)
CROSS_ENTROPY = (
    Mistake(
        "cross_entropy_negated",
        "The cross-entropy has the wrong sign: it is minus the log-likelihood of the label.",
        "document 000, section 6 (line 96); errata E-000-14",
    ),
    Mistake(
        "samples_summed",
        "The L samples are summed. They estimate an expectation: average.",
        "document 000, section 5 (line 88)",
    ),
    Mistake(
        "first_sample_only",
        "Only the first of the L samples counts, or all of them have its noise: average over L different ones.",
        "document 000, section 5 (line 88); errata E-000-12",
    ),
    Mistake(
        "logits_averaged",
        "The logits are averaged over the samples before the cross-entropy. Average the cross-entropies.",
        "document 000, section 5 (line 88)",
    ),
    Mistake(
        "log_of_mean_over_samples",
        "The cross-entropy is that of the mean probability over samples; the loss is the mean of the cross-entropies.",
        "document 000, section 5 (line 88)",
    ),
    Mistake(
        "cross_entropy_averaged_over_classes",
        "The cross-entropy is averaged over the classes: sum over them.",
        "document 000, Listing 1 (line 112); errata E-000-18",
    ),
    Mistake(
        "cross_entropy_summed_over_batch",
        "The cross-entropy is summed over the batch: keep one per example.",
        "document 000, Listing 1; errata E-000-18",
    ),
    Mistake("cross_entropy_averaged_over_batch", "The cross-entropy is averaged over the batch: keep one per example."),
    Mistake(
        "binary_cross_entropy",
        "The cross-entropy is that of C yes-or-no labels, as in Listing 1. Classes exclude each other: one softmax.",
        "document 000, Listing 1 (line 112); errata E-000-23",
    ),
    *PROBABILITIES,
)
PREDICTED = (
    Mistake(
        "prediction_from_one_sample",
        "predict_probs uses one sample: the noise of a single z decides. Average over all L.",
        "document 000, section 5 (line 88); errata E-000-12",
    ),
    Mistake(
        "prediction_from_the_mean",
        "predict_probs decodes the mean of q(z|x) alone: how far the samples disagree does not enter.",
        "document 000, section 5 (line 88)",
    ),
    Mistake(
        "softmax_of_averaged_logits",
        "predict_probs averages the logits and takes one softmax. Average the probabilities.",
        "document 000, section 5 (line 88)",
    ),
    Mistake("prediction_summed", "predict_probs sums over the samples: its rows sum to L. Divide by L."),
    Mistake("prediction_is_logits", "predict_probs returns logits; probabilities are asked for."),
    Mistake("prediction_is_logarithm", "predict_probs returns logarithms; probabilities are asked for."),
    Mistake("prediction_is_one_hot", "predict_probs returns a decision; the probabilities are asked for."),
    Mistake(
        "prediction_draws_its_own_noise",
        "predict_probs draws noise of its own: the same x and eps gave two predictions. Use the eps that is given.",
        "document 003, eq. 22",
    ),
    *PROBABILITIES,
)
NOISE = (
    Mistake(
        "no_noise",
        "Training uses the mean of q(z|x): nothing is drawn, and nothing keeps the classes' posteriors apart.",
        "document 003, eq. 22",
    ),
    Mistake(
        "noise_frozen_in_training",
        "In training the noise is the same at every step: drawn by NumPy or Python when the step was traced, or reseeded. "
        "Draw with keras.random or tf.random inside.",
        "document 003, eq. 22",
    ),
    Mistake(
        "no_noise_in_evaluate",
        "evaluate uses the mean of q(z|x), or the same noise at every call. What it reports is the loss that training lowers: "
        "draw fresh noise there too.",
        "document 003, eq. 22",
    ),
    Mistake(
        "one_noise_for_the_batch",
        "All examples of a batch get the same noise: draw one row for each, of the batch's size.",
        "document 003, eq. 22",
    ),
    Mistake(
        "noise_of_another_distribution",
        "The noise of training is not that of q(z|x): it must be standard normal, a number of its own for each example and "
        "each latent dimension, and be scaled by sigma once.",
        "document 003, eq. 22",
    ),
)
WEIGHTED = (
    *loss_mistakes(
        "cross_entropy", "the cross-entropy", "classes", "Its weight is the model's beta, which it was made with."
    ),
    Mistake("kl_in_the_cross_entropy", "The cross-entropy holds the KL as well: it is the first term alone."),
    Mistake("beta_missing", "The loss is cross_entropy + kl: beta does not enter it."),
    Mistake("beta_on_the_cross_entropy", "beta multiplies the cross-entropy. It is the weight of the KL."),
    Mistake("beta_on_both", "beta multiplies the whole loss. It is the weight of the KL alone."),
    Mistake("one_minus_beta", "The cross-entropy has the weight 1 - beta. Its weight is 1, whatever beta is."),
    Mistake("beta_plus_one", "The KL has the weight 1 + beta: it is added twice, by add_loss or a regulariser, say."),
    Mistake(
        "kl_reported_with_beta", "The kl that is reported holds beta already: report the KL, and weigh it in the loss."
    ),
)
KL_RUNS_AWAY = Mistake(
    "kl_without_gradient",
    "The kl is part of the loss, and training does not lower it: its gradient does not reach the encoder (stop_gradient, "
    "NumPy), so that nothing limits what z tells of x.",
    "document 000, section 5 (line 88)",
)
LEARNT = (
    KL_RUNS_AWAY,
    Mistake("loss_negated", "The loss has the wrong sign: minimising it makes the labels less likely."),
    Mistake("loss_goes_up", "The loss that fit reports rises while the accuracy does: it has the wrong sign."),
    Mistake(
        "posterior_collapsed",
        "The KL is 0 after training: q(z|x) is the prior for every image, and the decoder ignores z. No gradient of the "
        "cross-entropy reaches the encoder (stop_gradient, NumPy), or the KL weighs too much.",
        "document 004, lines 165 to 169",
    ),
    *UNLEARNT,
    PROBABILITIES[1],
)


def prediction_property(points, source, sizes, examination="prediction", **options):
    """Returns the property of `predict_probs`; `examination` is its name, and `options` what it is given besides."""
    return Property(
        "prediction", points, "predict_probs must be the mean over the L samples of the decoder's probabilities.", source,
        examination, options | {"size_table": sizes}, (*PREDICTED, *SAMPLED, *ANY_MODEL),
    )  # fmt: skip


def weights_property(model, points, source):
    """Returns the property that all weights move."""
    return Property(
        "every_weight_learns", points,
        "After one step of training every trainable weight must have moved, and every one must matter to the loss.",
        source, "weights_learn", {"model": model}, (*UNTRAINED, *ANY_MODEL),
    )  # fmt: skip


def training_property(points, source, more=(), examination="training", **options):
    """Returns the property that training reports what it should; `more` are mistakes of terms that not every model has."""
    return Property(
        "training", points,
        "fit and evaluate must report loss, cross_entropy and kl of an average example, loss = cross_entropy + beta kl with "
        "the model's beta, whatever the size of the batch; and each step must draw fresh noise for each example.",
        source, examination, options, (*NOISE, *WEIGHTED, *more, *ANY_MODEL),
    )  # fmt: skip


def accuracy_property(model, points, source, floor):
    return Property(
        "accuracy_passes_the_floor", points,
        "Trained on digits, the model must classify held-out ones at least as well as any right one does. Something keeps it "
        "from learning.",
        source, "floor", {"model": model, "floor": floor}, (*LEARNT, *ANY_MODEL),
    )  # fmt: skip
