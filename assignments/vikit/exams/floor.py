"""The examination "floor": a trained model passes the floor by what its weights have learnt."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .dependence import MISTAKES_OF_BOUNDED_OUTPUTS
from .digits import Examples, turn
from .exam import Exam, PropertyFailed, examination
from .latent_model import LatentModel, spec_of
from .model import LEARNING_RATE, MISTAKES_OF_ANY_MODEL, Model, trained_model
from .reported_losses_and_noise import RUNAWAY_RATE
from .terms import check_parts_are_unbounded

__all__ = ["check_floor"]

# What messages say of a score that passes the floor.
HIGH_ENOUGH = "as high as training must make it"
# A rate below this, in nats, is hardly any.
COLLAPSED_RATE = 0.3
# The weights of a trained model are moved by this share of their size;
# it must know as much as before.
NUDGE_SHARE = 1e-3
# They are moved by this much noise; encoder and decoder must then tell NUM_IMAGES_APART
# images apart in other ways.
NOISES_CLOSE_BY = (0.03, 0.1)
NUM_IMAGES_APART = 5


def finds_at_the_floor(model: str | LatentModel, floor: float) -> tuple[str, ...]:
    """Returns the names of all mistakes that `check_floor` may find."""
    spec = spec_of(model)
    bounds = (*MISTAKES_OF_BOUNDED_OUTPUTS, *spec.distortion.names_if_bounded.values())
    more = ("decoder_returns_probabilities", "kl_without_gradient") if spec.labelled else ()
    return (
        *(*MISTAKES_OF_ANY_MODEL, *more, spec.score.wrong_sign, *spec.attribute_mistakes),
        *(bounds if spec.unbounded_checked_in == "floor" else ()),
        *(
            "passes_untrained",
            "knows_other_digits",
            "weights_are_a_key",
            "loss_goes_up",
            "posterior_collapsed",
        ),
    )


@examination("floor", finds=finds_at_the_floor)
def check_floor(exam: Exam, model: str | LatentModel, floor: float) -> None:
    """Training lowers the loss, and the score on held-out digits, computed here, passes `floor`.

    Args:
        exam: The `Exam`; it says how many trainings may be tried.
        model: A `LatentModel`, or its name in `SPECS`.
        floor: The least score, in the unit of the specification's `Score`: an ELBO in nats for each
            image, or an accuracy between 0 and 1.

    Raises:
        PropertyFailed: If too few trainings pass, or one passes for another reason than what its
            weights have learnt.
    """
    spec = spec_of(model)
    if spec.unbounded_checked_in == "floor":
        check_parts_are_unbounded(exam, spec)
    trained = trained_model(exam, spec)
    # Two trainings must pass, or one by more than the margin.
    votes, wanted, below = 0, min(2, exam.num_trainings), []
    for seed in range(exam.num_trainings):
        training = train(trained, floor, seed)
        if training.passes:
            check_knowledge_is_in_the_weights(trained, floor)
            votes += 2 if training.end >= floor + spec.score.margin else 1
        else:
            below.append(training)
        if votes >= wanted:
            return
        if seed + 1 - votes > exam.num_trainings - wanted:
            break
    raise failure_below_the_floor(trained, below[-1], floor)


class Training:
    """What a training has shown.

    Attributes:
        start: The score before it.
        end: The score after it.
        reported: The loss of each epoch.
        passes: Whether the score passes the floor, and the loss has fallen.
    """

    def __init__(self, start: float, end: float, reported: np.ndarray, floor: float) -> None:
        self.start, self.end, self.reported = start, end, reported
        self.passes = end >= floor and reported[-1] < reported[0]


def train(model: Model, floor: float, seed: int) -> Training:
    """Returns the `Training` of a model from new weights.

    Raises `PropertyFailed` if it passes untrained.
    """
    (examples, test), score = (
        model.exam.digits(model.spec.labelled, model.spec.grey),
        model.spec.score,
    )
    model.begin_anew()
    start = score.compute(model, test)
    if start >= floor:
        raise PropertyFailed(
            f"before any training, the {score.name} of held-out digits is {HIGH_ENOUGH}",
            "passes_untrained",
            f"it is {start:.3g}{score.unit}; {floor:g} is enough",
        )
    reported = model.fit(examples, LEARNING_RATE, epochs=model.spec.epochs, seed=seed)["loss"]
    try:
        return Training(start, score.compute(model, test), reported, floor)
    except PropertyFailed as failed:
        raise failed.when(
            "after training", score.wrong_sign if reported[0] < 0 else None
        ) from failed


def check_knowledge_is_in_the_weights(model: Model, floor: float) -> None:
    """Raises `PropertyFailed` unless a model passes by its weights, and on no other kind of digits.

    A cheat could store the answers and look them up where the weights have exactly the right
    values.
    """
    score, exam = model.spec.score, model.exam
    _, test = exam.digits(model.spec.labelled, model.spec.grey)
    with changed_weights(
        model, lambda array: exam.generator.permutation(np.ravel(array)).reshape(array.shape)
    ):
        if finite_score(model, test) >= floor:
            raise PropertyFailed(
                f"with the trained weights mixed up, the {score.name} is still {HIGH_ENOUGH}",
                "weights_ignored",
            )
    if score.compute(model, Examples(turn(test.x, 1), test.y_onehot)) >= floor:
        raise PropertyFailed(
            f"for digits that lie on their side, the {score.name} is {HIGH_ENOUGH} too",
            "knows_other_digits",
        )
    with changed_weights(
        model,
        lambda array: array + NUDGE_SHARE * np.sqrt(np.mean(array**2)) * exam.normal(*array.shape),
    ):
        reached = finite_score(model, test)
    if not reached >= floor - score.margin:
        seen = (
            f"with the trained weights changed by a thousandth, the {score.name} is {reached:.3g}"
        )
        raise PropertyFailed(seen, "weights_are_a_key")
    z = exam.normal(NUM_IMAGES_APART, model.sizes.latent_dim)
    model.check_depends_on_weights(test.x[:NUM_IMAGES_APART], z, noises=NOISES_CLOSE_BY)


def finite_score(model: Model, examples: Examples) -> float:
    """Returns the score on examples; minus infinity if it is not finite: that passes no floor."""
    try:
        return model.spec.score.compute(model, examples)
    except PropertyFailed:
        return -np.inf


@contextlib.contextmanager
def changed_weights(model: Model, change: Callable) -> Iterator[None]:
    """Replaces each weight of a model by `change(weight)` as long as the context lasts."""
    start = model.weights()
    model.set_weights([change(array) for array in start])
    try:
        yield
    finally:
        model.set_weights(start)


def failure_below_the_floor(model: Model, training: Training, floor: float) -> PropertyFailed:
    """Returns the failure of a model whose training does not pass."""
    score, start, end = model.spec.score, training.start, training.end
    first, last = training.reported[0], training.reported[-1]
    if not (np.isfinite(end) and np.isfinite(last)):
        return PropertyFailed("training ends in NaN", "not_finite")
    loss = f"the loss goes from {first:.3g} to {last:.3g}"
    reached = f"it goes from {start:.3g} to {end:.3g}{score.unit}"
    if end < start - score.fall:
        seen = f"training lowers the {score.name} of held-out digits"
        if first < 0 or last > first:
            return PropertyFailed(seen, score.wrong_sign, reached)
        return PropertyFailed(
            f"{seen}, and the loss too: it is the loss of another model", "", f"{reached}, {loss}"
        )
    if not np.isfinite(score.fall) and first < 0 and last < first:
        return PropertyFailed(
            "the loss is below 0 and keeps falling: it has the wrong sign", score.wrong_sign, loss
        )
    sample = model.draw_sample(model.exam.digits(model.spec.labelled, model.spec.grey)[1], 1)
    if end >= floor:
        return failure_of_rising_loss(model, sample.mean_rate, loss)
    return failure_of_low_score(model, sample, f"{reached}; at least {floor:g} is needed")


def failure_of_rising_loss(model: Model, rate: float, loss: str) -> PropertyFailed:
    """Returns the failure of a model that passes the floor while its loss rises as `loss` says."""
    seen = f"the loss rises while the {model.spec.score.name} rises"
    if model.spec.labelled and rate > RUNAWAY_RATE:
        return PropertyFailed(
            f"{seen}, and the kl is far too large",
            "kl_without_gradient",
            f"{loss}, and the kl to {rate:.3g}",
        )
    return PropertyFailed(seen, "loss_goes_up", loss)


def failure_of_low_score(model: Model, sample: Any, measured: str) -> PropertyFailed:
    """Returns the failure of a model whose score stays below the floor."""
    spec = model.spec
    seen = f"after {spec.epochs} epochs, the {spec.score.name} of held-out digits is too low"
    if model.spec.labelled and model.spec.distortion.are_probabilities(model.decode(sample.z)):
        return PropertyFailed(
            f"{seen}, and the decoder returns probabilities",
            "decoder_returns_probabilities",
            measured,
        )
    rate = sample.mean_rate
    if rate < COLLAPSED_RATE:
        return PropertyFailed(
            f"{seen}, with hardly any KL",
            "posterior_collapsed",
            f"{measured}; the KL is {rate:.1g}",
        )
    return PropertyFailed(seen, "", measured)
