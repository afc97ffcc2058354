"""The examination of the noise of `model(x)`: fresh for each example and at each call."""

import numpy as np

from .digits import Examples
from .exam import PropertyFailed, examination
from .latent_model import spec_of
from .model import MISTAKES_OF_ANY_MODEL, trained_model
from .training_noise import check_loss_jumps

__all__ = ["check_fresh_noise"]

# Images in a batch, and copies of each.
NUM_CLOUDS, NUM_COPIES = 4, 256


# The samples of images are too thin where their dimension, on average, is less than this share of what it should be: in 80 runs
# it was at least 0.93 of it, and at most 0.57 with one number of noise for all dimensions.
MIN_SHARE_OF_DIMENSIONS = 0.75


@examination(
    "fresh_noise",
    finds=(
        *(*MISTAKES_OF_ANY_MODEL, "no_noise", "no_fresh_sample", "one_noise_for_the_batch", "same_noise_at_every_call"),
        *("call_returns_probabilities", "one_noise_for_all_dimensions", "wrong_spread", "not_from_the_posterior"),
        "noise_frozen_in_training",
    ),
)
def check_fresh_noise(exam, model):
    """`model(x)` is the decoder at a fresh sample of q(z|x) for each example and call, and training draws as freshly."""
    trained = trained_model(exam, spec_of(model))
    images = exam.cache["split"][0]
    x = np.repeat(images.x[:NUM_CLOUDS], NUM_COPIES, axis=0)
    shape = (x.shape[0], trained.sizes.num_outputs)
    first, second = (as_clouds(trained(x, shapes=[shape])[0]) for _ in range(2))
    if np.allclose(first, first[:, :1], 1e-5, 1e-5):
        raise failure_of_equal_copies(trained, x[:1], first[0], second[0])
    if np.allclose(first, second, 1e-5, 1e-5):
        raise PropertyFailed("two calls gave the same samples", "same_noise_at_every_call")
    check_is_from_the_posterior(trained, x, first)
    check_loss_jumps(trained, images)


def as_clouds(outputs):
    """Returns outputs of the copies of several images by image. Shape `[NUM_CLOUDS, NUM_COPIES, N]`."""
    return outputs.reshape(NUM_CLOUDS, NUM_COPIES, -1)


def failure_of_equal_copies(model, x, first, second):
    """Returns the `PropertyFailed` on a model that gave the same outputs for all copies of an image `x` in a batch."""
    again = np.allclose(first, second, 1e-5, 1e-5)
    mean, _ = model.encode(x)
    plain = model.decode(mean)
    with np.errstate(over="ignore"):
        probabilities = 1 / (1 + np.exp(-plain))
    for shown, name in ((plain, "no_noise"), (probabilities, "no_noise and call_returns_probabilities")):
        if again and np.allclose(first[:1], shown, 1e-3, 1e-3):
            return PropertyFailed("model(x) is the decoder at the mean: nothing is drawn", name)
    if again:
        seen = "the same image, many times in a batch and again, gave one output each time"
        return PropertyFailed(seen, "no_fresh_sample")
    seen = "the same image, many times in a batch, got the same sample each time"
    return PropertyFailed(seen, "one_noise_for_the_batch")


def check_is_from_the_posterior(model, x, got):
    """Raises `PropertyFailed` unless outputs for copies of a few images look like the decoder's at samples of q(z|x).

    Args:
        model: The `Model`.
        x: The copies.
        got: The clouds of outputs.
    """
    eps = model.exam.normal(1, x.shape[0], model.sizes.latent_dim)

    def clouds(way):
        return as_clouds(model.decode(model.sample(Examples(x), eps, way).z)[0])

    def agree(others):
        return all(is_same_cloud(*pair) for pair in zip(got, others, strict=True))

    want = clouds("right")
    if got.min() >= 0 and got.max() <= 1 and want.max() > 1.5:
        raise PropertyFailed(
            "model(x) returns probabilities: the decoder's own output is asked for", "call_returns_probabilities"
        )
    shares = [count_dimensions(one) / count_dimensions(other) for one, other in zip(got, want, strict=True)]
    thin = not np.exp(np.mean(np.log(shares))) >= MIN_SHARE_OF_DIMENSIONS
    if agree(want) and not thin:
        return
    if thin or agree(clouds("sampler_one_noise_for_all_dimensions")):
        raise PropertyFailed("samples of one image lie along a line", "one_noise_for_all_dimensions")
    if any(agree(clouds(way)) for way in ("sampler_without_sigma", "sampler_log_var_as_log_sigma")):
        raise PropertyFailed("samples of one image are not spread as q(z|x) is", "wrong_spread")
    raise PropertyFailed("samples of one image lie elsewhere than q(z|x) puts them", "not_from_the_posterior")


def is_same_cloud(got, want):
    """Compares mean and variance of two clouds of outputs `[n, N]`."""
    spread = np.sqrt((got.var(0) + want.var(0)) / len(got)) + 1e-4
    ratio = got.var(0).sum() / want.var(0).sum()
    return 0.55 < ratio < 1.8 and np.max(np.abs(got.mean(0) - want.mean(0)) / spread) < 7


def count_dimensions(cloud):
    """Returns how many dimensions a cloud has, by the participation ratio of its variances along principal axes."""
    variances = np.linalg.svd(cloud - cloud.mean(0), compute_uv=False) ** 2
    return variances.sum() ** 2 / (variances**2).sum()
