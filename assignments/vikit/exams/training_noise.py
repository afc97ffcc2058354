"""The noise of training, as it shows in losses of copies of an image while no weight moves."""

from collections.abc import Callable

import numpy as np

from ..judging import describe
from .digits import BATCH_SIZE, Examples
from .exam import PropertyFailed, require_ok
from .model import Model, check_losses_are_finite, require_history
from .term_names import without_remark
from .tolerances import is_within_rounding

__all__ = [
    "ANOTHER_NOISE",
    "NUM_NOISE_IMAGES",
    "ObservedNoise",
    "check_noise_is_of_the_posterior",
    "check_training_noise",
    "observe_noise",
]

ANOTHER_NOISE = "noise_of_another_distribution"
# How many images are looked at.
NUM_NOISE_IMAGES = 4
# How many losses of each image are reported.
NUM_REPORTS_OF_AN_IMAGE = 48
# How many of them in an epoch.
NUM_REPORTS_PER_EPOCH = 24
# With how many batches of samples, drawn here, they are compared.
NUM_BATCHES_COMPARED = 32
# The same if a rough idea of the spread is enough.
NUM_BATCHES_OF_A_ROUGH_LOOK = 16
# The uncertainty of the logarithm of a spread from NUM_BATCHES_COMPARED,
# times the root of the number of samples.
SPREAD_UNCERTAINTY = 1.5
# The loss with noise that is frozen is at most this many standard deviations, of the loss of a
# single sample, from the mean: with the noise at 0 it is about sqrt(latent_dim / 2).
NUM_DEVIATIONS_OF_FROZEN_NOISE = 8
# A sum of NUM_NOISE_IMAGES squares of standard normal numbers is larger than this once in 10^11.
CHI_SQUARE_BOUND = 60


class ObservedNoise:
    """What `observe_noise` saw.

    Attributes:
        reported: Losses of batches of copies of one image. Shape `[NUM_REPORTS_OF_AN_IMAGE,
            NUM_NOISE_IMAGES]`.
        sampled: The same loss for single samples that were drawn here. Shape `[n,
            NUM_NOISE_IMAGES]`.
        name: The name of the loss in messages.
    """

    def __init__(self, reported: np.ndarray, sampled: np.ndarray, name: str) -> None:
        self.reported, self.sampled, self.name = reported, sampled, name


def check_training_noise(model: Model, examples: Examples) -> None:
    """Raises `PropertyFailed` unless losses of copies of an image vary as fresh samples do."""
    batches = copies_of_images(examples)
    reported = np.stack(
        [reported_losses_of(model, batch, "loss", ("loss",)) for batch in batches], axis=1
    )
    samples = [model.draw_sample(batch, NUM_BATCHES_OF_A_ROUGH_LOOK) for batch in batches]
    # Means over whole batches: in a notebook the student's own function gives them in one call.
    means = np.stack(
        [one.mean_distortion + model.spec.weight * one.mean_rate for one in samples], axis=1
    )
    check_losses_vary(reported, means.mean(axis=0), means.std(axis=0, ddof=1))


def observe_noise(model: Model, examples: Examples) -> ObservedNoise:
    """Returns the `ObservedNoise` in a model's distortion.

    Raises `PropertyFailed` unless it varies as it should.
    """
    name, batches = model.spec.distortion.name, copies_of_images(examples)
    reported = np.stack(
        [reported_losses_of(model, batch, name, model.spec.reported) for batch in batches], axis=1
    )
    shape = NUM_BATCHES_COMPARED, BATCH_SIZE, model.sizes.latent_dim

    def distortions(noise: Callable) -> np.ndarray:
        return np.stack(
            [model.build_sample(batch, noise()).distortion.ravel() for batch in batches], axis=1
        )

    sampled, title = distortions(lambda: model.exam.normal(*shape)), f"the {name.replace('_', '-')}"
    try:
        check_losses_vary(reported, sampled.mean(axis=0), sampled.std(axis=0) / np.sqrt(BATCH_SIZE))
    except PropertyFailed as failed:
        if failed.mistake != "noise_frozen_in_training":
            raise
        silent = distortions(lambda: np.zeros((1, *shape[1:]), np.float32))
        raise explain_frozen_noise(model, batches[0], failed, reported[0], silent[0]) from failed
    return ObservedNoise(reported, sampled, title)


def explain_frozen_noise(
    model: Model, batch: Examples, frozen: PropertyFailed, reported: np.ndarray, silent: np.ndarray
) -> PropertyFailed:
    """Returns the failure of a distortion that repeats itself, or another one that explains it.

    Args:
        model: The `Model`.
        batch: Copies of an image.
        frozen: The failure.
        reported: The distortion of each image.
        silent: What it is at the mean of q(z|x). Same shape.
    """
    name = model.spec.distortion.name
    title = f"the {name.replace('_', '-')}"
    if is_within_rounding(reported, silent):
        return PropertyFailed(
            f"in training {title} is that of the mean of q(z|x): nothing is drawn", "no_noise"
        )
    losses = reported_losses_of(model, batch, "loss", model.spec.reported)
    if not are_all_the_same(losses):
        return PropertyFailed(
            f"{title} of an image repeats itself exactly while no weight moves, and the loss varies"
        )
    return frozen


def are_all_the_same(losses: np.ndarray) -> np.ndarray:
    """Tells for each image whether its losses, along the first axis, repeat themselves exactly."""
    return np.std(losses, axis=0, ddof=1) < 1e-6 * np.abs(losses[0]) + 1e-9


def copies_of_images(examples: Examples) -> list[Examples]:
    """Returns a batch of copies of each of the first NUM_NOISE_IMAGES examples."""
    return [examples[np.repeat(number, BATCH_SIZE)] for number in range(NUM_NOISE_IMAGES)]


def reported_losses_of(model: Model, batch: Examples, metric: str, names: tuple) -> np.ndarray:
    """Returns what `fit` reports as `metric` of one batch, several times while no weight moves.

    Args:
        model: The `Model`.
        batch: The batch.
        metric: The name of the reported number.
        names: All names that `fit` must report.

    Returns:
        The reports. Shape `[NUM_REPORTS_OF_AN_IMAGE]`.
    """
    # An epoch costs as much time as several batches. If a callback reports each batch
    # an epoch has several of them.
    several = batch[np.tile(np.arange(BATCH_SIZE), NUM_REPORTS_PER_EPOCH)]
    student, num_epochs = model.exam.student, NUM_REPORTS_OF_AN_IMAGE // NUM_REPORTS_PER_EPOCH
    options = {"batch_size": BATCH_SIZE, "epochs": num_epochs}
    reply = student.fit(model.handle, several.arrays, 0.0, each_batch=True, **options)
    if np.size((reply.mapping or {}).get(metric, ())) != NUM_REPORTS_OF_AN_IMAGE:
        reply = student.fit(
            model.handle, batch.arrays, 0.0, batch_size=BATCH_SIZE, epochs=NUM_REPORTS_OF_AN_IMAGE
        )
    found = require_history(require_ok(reply), names)[metric]
    if found.size != NUM_REPORTS_OF_AN_IMAGE:
        raise PropertyFailed(
            f"fit should report one value of {metric} for each epoch; "
            "it reports another number of values",
            measured=f"{found.size} values for {NUM_REPORTS_OF_AN_IMAGE} epochs",
        )
    check_losses_are_finite(found)
    return found


def check_losses_vary(reported: np.ndarray, mean: np.ndarray, spread: np.ndarray) -> None:
    """Raises `PropertyFailed` unless the losses of copies of one image vary as they should.

    Args:
        reported: The losses that `fit` reported, each of a batch of BATCH_SIZE copies. Shape `[n,
            images]`.
        mean: What they should be on average, from fresh samples that were drawn here. Shape
            `[images]`.
        spread: How much they should vary, as a standard deviation. Shape `[images]`.
    """
    varies = np.std(reported, axis=0, ddof=1)
    single = spread * np.sqrt(BATCH_SIZE)
    off = np.abs(np.mean(reported, axis=0) - mean)
    # They must be exactly the same: a term with too small a factor varies little,
    # and its noise is fresh all the same.
    if np.all(are_all_the_same(reported)):
        differ = np.ptp(reported[0]) > 1e-6 * np.max(np.abs(reported[0]))
        near = np.all(off <= NUM_DEVIATIONS_OF_FROZEN_NOISE * single)
        raise failure_of_repeated_losses(bool(differ and near))
    # With one sample for all, the loss of a batch varies as much as that of a single copy;
    # so does the mean of reports.
    if np.median(varies / spread) > 3.5 and np.all(
        off < 0.5 * np.abs(mean) + 4 * single / np.sqrt(len(reported))
    ):
        raise PropertyFailed(
            "the loss of a batch of copies of one image varies as if all copies had one sample",
            "one_noise_for_the_batch",
        )


def failure_of_repeated_losses(is_plausible: bool) -> PropertyFailed:
    """Returns the failure of losses that repeat themselves exactly.

    Args:
        is_plausible: Whether samples could give these losses. If not, no sample is in them, and
            they tell nothing of the noise.
    """
    seen = "the loss of an image repeats itself exactly while no weight moves"
    if is_plausible:
        return PropertyFailed(seen, "noise_frozen_in_training")
    return PropertyFailed(f"{seen}, and no sample of q(z|x) gives such a loss")


def check_noise_is_of_the_posterior(observed: ObservedNoise, others: dict[str, np.ndarray]) -> None:
    """Raises `PropertyFailed` unless reported losses come from samples like those drawn here.

    A loss may vary less than it should: the mean of several samples for each example is right too.

    Args:
        observed: An `ObservedNoise`.
        others: From the names of known mistakes to what they add to each loss `[NUM_NOISE_IMAGES]`.
    """
    mean, single = observed.sampled.mean(axis=0), observed.sampled.std(axis=0, ddof=1)
    found, count = observed.reported.mean(axis=0), len(observed.sampled)
    spread, varies = single / np.sqrt(BATCH_SIZE), observed.reported.std(axis=0, ddof=1)
    rounding = 1e-4 * np.abs(mean) + 1e-4
    off = np.abs(found - mean) / (
        single * np.sqrt(1 / (NUM_REPORTS_OF_AN_IMAGE * BATCH_SIZE) + 1 / count) + rounding
    )
    uncertainty = 1 / np.sqrt(2 * NUM_REPORTS_OF_AN_IMAGE) + SPREAD_UNCERTAINTY / np.sqrt(count)
    wider = np.log(np.maximum(varies / (spread + rounding), 1)) / uncertainty
    if np.sum(off**2) <= CHI_SQUARE_BOUND and np.sum(wider**2) <= CHI_SQUARE_BOUND:
        return
    worst = np.argmax(np.maximum(off, wider))
    words = f"judged by samples of q(z|x), {observed.name} of an image in training is "
    words += describe.describe_number(found[worst], mean[worst])
    measured = f"it is {found[worst]:.3g} nats, and should be {mean[worst]:.3g}"
    closest, distance = closest_addition(found - mean, others)
    if distance < 1:
        raise PropertyFailed(words, without_remark(closest), measured)
    if wider[worst] > off[worst]:
        words = (
            f"{observed.name} of copies of an image varies more in training than samples "
            "of q(z|x) would make it"
        )
    bound = f"it varies by {varies[worst]:.2g}, at most {spread[worst]:.2g} is right"
    raise PropertyFailed(words, ANOTHER_NOISE, f"{measured}; {bound}")


def closest_addition(added: np.ndarray, others: dict[str, np.ndarray]) -> tuple[str, float]:
    """Returns the known mistake that explains best what is added to each loss, and its distance.

    A distance below 1 is within the tolerance.
    """
    distances = {
        name: np.max(np.abs(added - more) / (0.1 * np.abs(more) + 0.05))
        for name, more in others.items()
    }
    closest = min(distances, key=lambda name: distances[name])
    return closest, distances[closest]
