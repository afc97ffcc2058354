"""The noise of training, seen in the losses that `fit` reports of copies of a few images while no weight moves."""

import numpy as np

from ..judging import describe
from .digits import BATCH_SIZE
from .exam import PropertyFailed, require_ok
from .model import require_history
from .samples import is_close

__all__ = ["ANOTHER_NOISE", "NUM_IMAGES", "check_loss_jumps", "check_noise_is_of_the_posterior", "look_at_noise"]

ANOTHER_NOISE = "noise_of_another_distribution"
# How many images are looked at, how often each, how often in an epoch, and with how many batches of samples that is compared.
NUM_IMAGES, NUM_REPORTS_OF_AN_IMAGE, NUM_REPORTS_PER_EPOCH, NUM_BATCHES_COMPARED = 4, 48, 24, 32
# Where the noise need not be that of q(z|x) a rough idea of the spread is enough.
NUM_BATCHES_OF_A_ROUGH_LOOK = 16
# How unsure NUM_BATCHES_COMPARED leave the logarithm of a spread, times the root of the samples; and what a sum of NUM_IMAGES
# squares of standard normal numbers exceeds once in 10^11.
SPREAD_UNCERTAINTY, CHI_SQUARE_BOUND = 1.5, 60


class NoiseSeen:
    """What `look_at_noise` saw.

    Attributes:
        reported: Losses of batches of copies of one image. Shape `[NUM_REPORTS_OF_AN_IMAGE, NUM_IMAGES]`.
        sampled: What single samples, drawn here, give. Shape `[n, NUM_IMAGES]`.
        name: What the loss is called in messages.
    """

    def __init__(self, reported, sampled, name):
        self.reported, self.sampled, self.name = reported, sampled, name


def check_loss_jumps(model, examples):
    """Raises `PropertyFailed` unless the losses that `fit` reports of copies of an image jump as those of fresh samples do."""
    batches = copies_of_images(examples)
    reported = np.stack([losses_of_a_batch(model, batch, "loss", ("loss",)) for batch in batches], axis=1)
    samples = [model.draw_sample(batch, NUM_BATCHES_OF_A_ROUGH_LOOK) for batch in batches]
    # Of whole batches: in a notebook the student's own function gives each at one call.
    means = np.stack([one.mean_distortion + model.spec.weight * one.mean_rate for one in samples], axis=1)
    check_losses_jump(reported, means.mean(axis=0), means.std(axis=0, ddof=1))


def look_at_noise(model, examples):
    """Returns the `NoiseSeen` in the distortions of a model; raises `PropertyFailed` unless they jump as they should."""
    name, batches = model.spec.distortion.name, copies_of_images(examples)
    reported = np.stack([losses_of_a_batch(model, batch, name, model.spec.reported) for batch in batches], axis=1)
    shape = NUM_BATCHES_COMPARED, BATCH_SIZE, model.sizes.latent_dim

    def distortions(noise):
        return np.stack([model.sample(batch, noise()).distortion.ravel() for batch in batches], axis=1)

    sampled, title = distortions(lambda: model.exam.normal(*shape)), f"the {name.replace('_', '-')}"
    try:
        check_losses_jump(reported, sampled.mean(axis=0), sampled.std(axis=0) / np.sqrt(BATCH_SIZE))
    except PropertyFailed as failed:
        silent = distortions(lambda: np.zeros((1, *shape[1:]), np.float32))
        if failed.mistake == "noise_frozen_in_training" and is_close(reported[0], silent[0]):
            raise PropertyFailed(f"{title} of training is that at the mean: nothing is drawn", "no_noise") from failed
        raise
    return NoiseSeen(reported, sampled, title)


def copies_of_images(examples):
    """Returns, for each of the first NUM_IMAGES examples, a batch of its copies."""
    return [examples[np.repeat(number, BATCH_SIZE)] for number in range(NUM_IMAGES)]


def losses_of_a_batch(model, batch, metric, names):
    """Returns the loss `metric` of one batch, several times while no weight moves; `fit` must report all of `names`.

    Shape `[NUM_REPORTS_OF_AN_IMAGE]`.
    """
    # An epoch costs as much as several batches: it has several where a callback is told of each.
    several = batch[np.tile(np.arange(BATCH_SIZE), NUM_REPORTS_PER_EPOCH)]
    student, options = (
        model.exam.student,
        {"batch_size": BATCH_SIZE, "epochs": NUM_REPORTS_OF_AN_IMAGE // NUM_REPORTS_PER_EPOCH},
    )
    reply = student.fit(model.handle, several.arrays, 0.0, each_batch=True, **options)
    if np.size((reply.mapping or {}).get(metric)) != NUM_REPORTS_OF_AN_IMAGE:
        reply = student.fit(model.handle, batch.arrays, 0.0, batch_size=BATCH_SIZE, epochs=NUM_REPORTS_OF_AN_IMAGE)
    found = require_history(require_ok(reply), names)[metric]
    if found.size != NUM_REPORTS_OF_AN_IMAGE:
        raise PropertyFailed(
            f"fit reports another number of values of {metric} than there are epochs: one for each is expected",
            measured=f"{found.size} values for {NUM_REPORTS_OF_AN_IMAGE} epochs",
        )
    if not np.isfinite(found).all():
        raise PropertyFailed("a loss that is reported is not finite", "not_finite")
    return found


def check_losses_jump(reported, mean, spread):
    """Raises `PropertyFailed` unless the losses of batches of copies of one image jump as they should.

    Args:
        reported: The losses that `fit` reported, time by time, each of a batch of BATCH_SIZE copies. Shape `[n, images]`.
        mean: What they should be on average, from fresh samples that were drawn here. Shape `[images]`.
        spread: How much they should jump, as a standard deviation. Shape `[images]`.
    """
    jumps = np.std(reported, axis=0, ddof=1)
    # Exactly: a term that counts too little jumps little, and its noise is fresh all the same.
    if np.all(jumps < 1e-6 * np.abs(reported[0]) + 1e-9):
        raise PropertyFailed(
            "the loss of an image repeats itself exactly while no weight moves", "noise_frozen_in_training"
        )
    # With one sample for all, a loss jumps as much as that of a single copy, and so does the mean of what was found.
    single = spread * np.sqrt(BATCH_SIZE)
    off = np.abs(np.mean(reported, axis=0) - mean)
    if np.median(jumps / spread) > 3.5 and np.all(off < 0.5 * np.abs(mean) + 4 * single / np.sqrt(len(reported))):
        raise PropertyFailed(
            "the loss of a batch of copies of one image jumps as if all had one sample", "one_noise_for_the_batch"
        )


def check_noise_is_of_the_posterior(seen, others):
    """Raises `PropertyFailed` unless reported losses come from samples like those that were drawn here.

    A loss may jump less than it should: the mean of several samples for each example is right too.

    Args:
        seen: A `NoiseSeen`.
        others: What known mistakes add to each of the losses: from their names to arrays `[NUM_IMAGES]`.
    """
    mean, single = seen.sampled.mean(axis=0), seen.sampled.std(axis=0, ddof=1)
    found, count = seen.reported.mean(axis=0), len(seen.sampled)
    spread, jumps = single / np.sqrt(BATCH_SIZE), seen.reported.std(axis=0, ddof=1)
    rounding = 1e-4 * np.abs(mean) + 1e-4
    off = np.abs(found - mean) / (single * np.sqrt(1 / (NUM_REPORTS_OF_AN_IMAGE * BATCH_SIZE) + 1 / count) + rounding)
    uncertainty = 1 / np.sqrt(2 * NUM_REPORTS_OF_AN_IMAGE) + SPREAD_UNCERTAINTY / np.sqrt(count)
    wider = np.log(np.maximum(jumps / (spread + rounding), 1)) / uncertainty
    if np.sum(off**2) <= CHI_SQUARE_BOUND and np.sum(wider**2) <= CHI_SQUARE_BOUND:
        return
    worst = np.argmax(np.maximum(off, wider))
    words = f"judged by samples of q(z|x), {seen.name} of an image in training is "
    words += describe.describe_number(found[worst], mean[worst])
    measured = f"it is {found[worst]:.3g} nats, and {mean[worst]:.3g} with samples of q(z|x)"
    distance = {
        name: np.max(np.abs(found - mean - more) / (0.1 * np.abs(more) + 0.05)) for name, more in others.items()
    }
    closest = min(distance, key=distance.get)
    if distance[closest] < 1:
        raise PropertyFailed(words, closest.split()[0], measured)
    if wider[worst] > off[worst]:
        words = f"{seen.name} of copies of an image in training varies more than samples of q(z|x) make it"
    varies = f"it varies by {jumps[worst]:.2g}, at most {spread[worst]:.2g} is right"
    raise PropertyFailed(words, ANOTHER_NOISE, f"{measured}; {varies}")
