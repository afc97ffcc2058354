"""The examination of the floor: a trained model passes it, for what its weights are and what it was trained on."""

import contextlib

import numpy as np

from .dependence import MISTAKES_OF_BOUNDED_OUTPUTS
from .digits import Examples, turn
from .exam import PropertyFailed, examination
from .latent_model import spec_of
from .model import LEARNING_RATE, MISTAKES_OF_ANY_MODEL, trained_model
from .reported_losses import RUNAWAY_RATE
from .terms import check_outputs_are_free

__all__ = ["check_floor"]

EPOCHS = 10
# Nats of a rate that is hardly any.
COLLAPSED_RATE = 0.3


# Of a model that has learnt: how far its weights are moved, as a share of their size, for it to know as much as before, and how
# far, in numbers, for its parts to tell so many images apart in other ways.
NUDGE_SHARE, NOISES_CLOSE_BY, NUM_IMAGES_APART = 1e-3, (0.03, 0.1), 5


def finds_at_the_floor(model, floor):
    spec = spec_of(model)
    bounds = (
        (*MISTAKES_OF_BOUNDED_OUTPUTS, *spec.distortion.names_if_bounded.values()) if spec.bounds_in == "floor" else ()
    )
    more = ("decoder_returns_probabilities", "kl_without_gradient") if spec.labelled else ()
    return (
        *(*MISTAKES_OF_ANY_MODEL, *bounds, *more, spec.score.wrong_sign),
        *("passes_untrained", "knows_other_digits", "weights_are_a_key", "loss_goes_up", "posterior_collapsed"),
    )


@examination("floor", finds=finds_at_the_floor)
def check_floor(exam, model, floor):
    """Training lowers the loss, and the score on digits that were held out, put together here, passes `floor`."""
    spec = spec_of(model)
    if spec.bounds_in == "floor":
        check_outputs_are_free(exam, spec)
    trained = trained_model(exam, spec)
    # Of several trainings two must pass, or one clearly.
    votes, wanted, below = 0, min(2, exam.num_trainings), None
    for seed in range(exam.num_trainings):
        training = train(trained, floor, seed)
        if training.passes:
            check_knowledge_is_in_the_weights(trained, floor)
            votes += 2 if training.end >= floor + spec.score.margin else 1
        else:
            below = training
        if votes >= wanted:
            return
        if seed + 1 - votes > exam.num_trainings - wanted:
            break
    raise failure_below_the_floor(trained, below, floor)


class Training:
    """What a training has shown.

    Attributes:
        start: The score before it.
        end: The score after it.
        reported: The loss of each epoch.
        passes: Whether the score passes the floor, and the loss has fallen.
    """

    def __init__(self, start, end, reported, floor):
        self.start, self.end, self.reported = start, end, reported
        self.passes = end >= floor and reported[-1] < reported[0]


def train(model, floor, seed):
    """Trains a model from new weights and returns the `Training`; raises `PropertyFailed` where it passes untrained."""
    (examples, test), score = model.exam.cache["split"], model.spec.score
    model.begin_anew()
    start = score.value(model, test)
    if start >= floor:
        raise PropertyFailed(
            f"before any training the {score.name} of held-out digits passes the floor",
            "passes_untrained",
            f"it is {start:.3g}{score.unit}; the floor is {floor:g}",
        )
    reported = model.fit(examples, LEARNING_RATE, epochs=EPOCHS, seed=seed)["loss"]
    try:
        return Training(start, score.value(model, test), reported, floor)
    except PropertyFailed as failed:
        raise failed.when("after training", score.wrong_sign if reported[0] < 0 else None) from failed


def check_knowledge_is_in_the_weights(model, floor):
    """Raises `PropertyFailed` unless a model passes the floor for what its weights are, and for what it was trained on."""
    score, test, exam = model.spec.score, model.exam.cache["split"][1], model.exam

    def score_of_finite():
        try:
            return score.value(model, test)
        except PropertyFailed:
            # What is not finite passes no floor.
            return -np.inf

    with other_weights(model, lambda array: exam.generator.permutation(np.ravel(array)).reshape(array.shape)):
        if score_of_finite() >= floor:
            raise PropertyFailed(
                f"with the trained weights mixed up the {score.name} passes the floor still", "weights_ignored"
            )
    if score.value(model, Examples(turn(test.x, 1), test.y_onehot)) >= floor:
        raise PropertyFailed(
            f"for digits that lie on their side the {score.name} passes the floor too", "knows_other_digits"
        )
    with other_weights(
        model, lambda array: array + NUDGE_SHARE * np.sqrt(np.mean(array**2)) * exam.normal(*array.shape)
    ):
        reached = score_of_finite()
    if not reached >= floor - score.margin:
        seen = f"with the trained weights moved by a thousandth the {score.name} is {reached:.3g}"
        raise PropertyFailed(seen, "weights_are_a_key")
    z = exam.normal(NUM_IMAGES_APART, model.sizes.latent_dim)
    model.check_is_alive(test.x[:NUM_IMAGES_APART], z, noises=NOISES_CLOSE_BY)


@contextlib.contextmanager
def other_weights(model, change):
    """Gives a model `change(array)` for each of its weights, for as long as the context lasts."""
    start = model.weights()
    model.set_weights([change(array) for array in start])
    try:
        yield
    finally:
        model.set_weights(start)


def failure_below_the_floor(model, training, floor):
    """Returns the `PropertyFailed` on a model whose training does not pass."""
    score, start, end = model.spec.score, training.start, training.end
    first, last = training.reported[0], training.reported[-1]
    if not (np.isfinite(end) and np.isfinite(last)):
        return PropertyFailed("training ends in NaN", "not_finite")
    loss = f"the loss goes from {first:.3g} to {last:.3g}"
    reached = f"the {score.name} of held-out digits goes from {start:.3g} to {end:.3g}{score.unit}"
    if end < start - score.fall:
        seen = f"training lowers the {score.name} of held-out digits"
        if first < 0 or last > first:
            return PropertyFailed(seen, score.wrong_sign, reached)
        return PropertyFailed(f"{seen}, and the loss too: that is the loss of another model", "", f"{reached}, {loss}")
    if not np.isfinite(score.fall) and first < 0 and last < first:
        return PropertyFailed("the loss is below 0 and falls on: it has the wrong sign", score.wrong_sign, loss)
    sample = model.draw_sample(model.exam.cache["split"][1], 1)
    rate = sample.mean_rate
    if end >= floor:
        seen = f"the loss rises while the {score.name} rises"
        if model.spec.labelled and rate > RUNAWAY_RATE:
            return PropertyFailed(
                f"{seen}, and the kl far too much", "kl_without_gradient", f"{loss}, and the kl to {rate:.3g}"
            )
        return PropertyFailed(seen, "loss_goes_up", loss)
    seen = f"after {EPOCHS} epochs the {score.name} of held-out digits is below the floor"
    measured = f"{reached}; the floor is {floor:g}"
    if model.spec.labelled and model.spec.distortion.are_probabilities(model.decode(sample.z)):
        return PropertyFailed(
            f"{seen}, and the decoder returns probabilities", "decoder_returns_probabilities", measured
        )
    if rate < COLLAPSED_RATE:
        return PropertyFailed(f"{seen}, with hardly any KL", "posterior_collapsed", f"{measured}; the KL is {rate:.1g}")
    return PropertyFailed(seen, "", measured)
