"""Properties that several assignments ask of networks, and of models with a latent sample.

What a student is told of the mistakes that may be found stands in hints.md.
"""

from vikit.judging import Property

__all__ = [
    "accuracy_property",
    "network_properties",
    "prediction_property",
    "training_property",
    "weights_property",
]


def network_properties(source, network, *, batches, points, range_hint) -> tuple[Property, ...]:
    """Returns the four properties of a class that is a network.

    Args:
        source: Where the lecture has it.
        network: Its name, the sizes of the last axis of its input and of each output, and the names
            of the outputs, as {"name", "size", "out", "outputs"}; `name(out, hidden=...)` makes
            one.
        batches: Pairs of hidden sizes and, for each batch that one network gets, the axes before
            the last.
        points: Points of shapes, of repeating, of the range, of the weights.
        range_hint: The hint where the range is bounded.
    """
    options = network
    return (
        shapes_property(points[0], source, network, batches),
        Property(
            "deterministic",
            points[1],
            "The same input must give the same output, for each example by itself.",
            source,
            "network_repeats",
            options,
            title="The same input gives the same output",
        ),
        range_property(points[2], source, network, range_hint),
        Property(
            "every_weight_counts",
            points[3],
            "Every trainable weight must take part in an output.",
            source,
            "network_weights",
            options,
            title="Every weight takes part",
        ),
    )


def range_property(points, source, network, hint) -> Property:
    """Returns the property that no output of a network has a bound; see `network_properties`."""
    layers = "layers are" if len(network["outputs"]) > 1 else "layer is"
    title = f"The last {layers} linear"
    return Property("linear_outputs", points, hint, source, "network_range", network, title=title)


def shapes_property(points, source, network, batches) -> Property:
    """Returns the property that a network's outputs have their shapes; see `network_properties`."""
    listed = " and ".join(network["outputs"])
    return Property(
        "shapes",
        points,
        f"{listed} must have the documented shapes for every batch and every "
        "choice of hidden layers.",
        source,
        "network_shapes",
        network | {"batch_shapes": batches},
        counts_alone=False,
        title="The outputs have the right shapes",
    )


def prediction_property(points, source, sizes, examination="prediction", **options) -> Property:
    """Returns the property of `predict_probs`.

    Args:
        points: What it is worth.
        source: Where the lecture has it.
        sizes: Those of the inputs.
        examination: Name of the examination.
        options: What that takes besides.
    """
    return Property(
        "prediction",
        points,
        "predict_probs must be the mean over the L samples of the decoder's probabilities.",
        source,
        examination,
        options | {"size_table": sizes},
        title="The predictions are right",
    )


def weights_property(model, points, source, objective="the loss") -> Property:
    """Returns the property that all weights move in training, and matter to the objective.

    Args:
        model: How the model is made, for the examination.
        points: What it is worth.
        source: Where the lecture has it.
        objective: What is minimised or maximised, in words.
    """
    return Property(
        "every_weight_learns",
        points,
        "After one step of training every trainable weight must have moved, "
        f"and every one must matter to {objective}.",
        source,
        "weights_learn",
        {"model": model},
        title="Every weight learns",
    )


def training_property(points, source, examination="training", **options) -> Property:
    """Returns the property that a classifier's training reports rightly, and draws fresh noise.

    Args:
        points: What it is worth.
        source: Where the lecture has it.
        examination: Name of the examination.
        options: What that takes.
    """
    return Property(
        "training",
        points,
        "fit and evaluate must report loss, cross_entropy and kl of an average example, the loss "
        "made of the other two with the model's beta, whatever the size of the batch; and each "
        "step must draw fresh noise for each example.",
        source,
        examination,
        options,
        title="Training reports the right numbers, with fresh noise",
    )


def accuracy_property(model, points, source, floor) -> Property:
    """Returns the property that a trained classifier is as accurate as any right one, held out.

    Args:
        model: How the model is made, for the examination.
        points: What it is worth.
        source: Where the lecture has it.
        floor: The least accuracy, and how it is trained.
    """
    return Property(
        "accuracy_passes_the_floor",
        points,
        "Trained on digits, the model must classify held-out ones at least as well as any right "
        "one does.",
        source,
        "floor",
        {"model": model, "floor": floor},
        title="A trained model classifies digits as well as it can",
    )
