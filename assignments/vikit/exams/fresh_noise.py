"""The examination "fresh_noise": the noise of `model(x)` is fresh for each example and call."""

import numpy as np

from .digits import Examples
from .exam import Exam, PropertyFailed, examination
from .latent_model import LatentModel, spec_of
from .model import MISTAKES_OF_ANY_MODEL, Model, trained_model
from .tolerances import is_repeated
from .training_noise import check_training_noise

__all__ = ["check_fresh_noise"]

# Images in a batch.
NUM_CLOUDS = 4
# Copies of each image; the outputs for them are a cloud.
NUM_COPIES = 256
# Clouds are too thin if their dimension is, on average, below this share of the right one. In 80
# runs the share was at least 0.93, and at most 0.57 with one number of noise for all dimensions.
MIN_SHARE_OF_DIMENSIONS = 0.75


@examination(
    "fresh_noise",
    finds=(
        *(
            *MISTAKES_OF_ANY_MODEL,
            "no_noise",
            "no_fresh_sample",
            "one_noise_for_the_batch",
            "same_noise_at_every_call",
        ),
        *(
            "call_returns_probabilities",
            "one_noise_for_all_dimensions",
            "wrong_spread",
            "not_from_the_posterior",
        ),
        "noise_frozen_in_training",
    ),
)
def check_fresh_noise(exam: Exam, model: str | LatentModel) -> None:
    """`model(x)` and training draw fresh samples of q(z|x) for each example and each call."""
    spec = spec_of(model)
    trained = trained_model(exam, spec)
    train, _ = exam.digits(spec.labelled, spec.grey)
    x = np.repeat(train.x[:NUM_CLOUDS], NUM_COPIES, axis=0)
    shape = (x.shape[0], trained.sizes.num_outputs)
    first, second = (as_clouds(trained(x, shapes=[shape])[0]) for _ in range(2))
    if is_repeated(first, first[:, :1]):
        raise failure_of_equal_copies(trained, x[:1], first[0], second[0])
    if is_repeated(second, first):
        raise PropertyFailed("two calls gave the same samples", "same_noise_at_every_call")
    check_is_from_the_posterior(trained, x, first)
    check_training_noise(trained, train)


def as_clouds(outputs: np.ndarray) -> np.ndarray:
    """Returns the outputs for copies of images, `[NUM_CLOUDS, NUM_COPIES, N]`."""
    return outputs.reshape(NUM_CLOUDS, NUM_COPIES, -1)


def failure_of_equal_copies(
    model: Model, x: np.ndarray, first: np.ndarray, second: np.ndarray
) -> PropertyFailed:
    """Returns the failure of a model that gave all copies of an image `x` in a batch the same.

    Args:
        model: The `Model`.
        x: The image, a batch of one.
        first: The outputs of a first call.
        second: The outputs of a second call.
    """
    repeats = is_repeated(second, first)
    mean, _ = model.encode(x)
    plain = model.decode(mean)
    with np.errstate(over="ignore"):
        probabilities = 1 / (1 + np.exp(-plain))
    for shown, name in (
        (plain, "no_noise"),
        (probabilities, "no_noise and call_returns_probabilities"),
    ):
        if repeats and np.allclose(first[:1], shown, 1e-3, 1e-3):
            return PropertyFailed("model(x) is the decoder at the mean: nothing is drawn", name)
    if repeats:
        return PropertyFailed(
            "all copies of an image got one output, and the same one in a second call",
            "no_fresh_sample",
        )
    return PropertyFailed(
        "all copies of an image in a batch got the same sample", "one_noise_for_the_batch"
    )


def check_is_from_the_posterior(model: Model, x: np.ndarray, got: np.ndarray) -> None:
    """Raises `PropertyFailed` unless outputs look like the decoder's at samples of q(z|x).

    Args:
        model: The `Model`.
        x: Copies of a few images.
        got: Their outputs, as clouds.
    """
    eps = model.exam.normal(1, x.shape[0], model.sizes.latent_dim)

    def clouds(sampler: str) -> np.ndarray:
        return as_clouds(model.decode(model.build_sample(Examples(x), eps, sampler).z)[0])

    def agree(others: np.ndarray) -> bool:
        return all(is_same_cloud(*pair) for pair in zip(got, others, strict=True))

    want = clouds("right")
    if got.min() >= 0 and got.max() <= 1 and want.max() > 1.5:
        raise PropertyFailed(
            "model(x) returns probabilities, and should return the decoder's own output",
            "call_returns_probabilities",
        )
    are_thin = has_fewer_dimensions(got, want)
    if agree(want) and not are_thin:
        return
    if are_thin or agree(clouds("sampler_one_noise_for_all_dimensions")):
        raise PropertyFailed(
            "samples of one image lie along a line", "one_noise_for_all_dimensions"
        )
    if any(
        agree(clouds(sampler))
        for sampler in ("sampler_without_sigma", "sampler_log_var_as_log_sigma")
    ):
        raise PropertyFailed("samples of one image are not spread as q(z|x) is", "wrong_spread")
    raise PropertyFailed(
        "samples of one image lie elsewhere than q(z|x) puts them", "not_from_the_posterior"
    )


def is_same_cloud(got: np.ndarray, want: np.ndarray) -> bool:
    """Tells whether two clouds of outputs `[n, N]` have about the same mean and variance."""
    spread = np.sqrt((got.var(0) + want.var(0)) / len(got)) + 1e-4
    ratio = got.var(0).sum() / want.var(0).sum()
    return 0.55 < ratio < 1.8 and np.max(np.abs(got.mean(0) - want.mean(0)) / spread) < 7


def has_fewer_dimensions(got: np.ndarray, want: np.ndarray) -> bool:
    """Tells whether clouds have fewer dimensions than those they should be like, on average."""
    shares = [
        count_dimensions(one) / count_dimensions(other)
        for one, other in zip(got, want, strict=True)
    ]
    return not np.exp(np.mean(np.log(shares))) >= MIN_SHARE_OF_DIMENSIONS


def count_dimensions(cloud: np.ndarray) -> float:
    """Returns a cloud's dimension: the participation ratio of variances along principal axes."""
    variances = np.linalg.svd(cloud - cloud.mean(0), compute_uv=False) ** 2
    return variances.sum() ** 2 / (variances**2).sum()
