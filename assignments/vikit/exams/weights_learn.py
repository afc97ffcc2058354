"""The examination "weights_learn": a step moves every weight, and each matters to the loss."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .dependence import check_same_as_twin
from .digits import BATCH_SIZE, Examples
from .exam import Exam, PropertyFailed, examination
from .latent_model import LatentModel, spec_of
from .model import MISTAKES_OF_ANY_MODEL, Model, build_model, trained_model

__all__ = ["check_every_weight_learns", "check_weights_move"]


def finds_in_weights(model: str | LatentModel) -> tuple[str, ...]:
    """Returns the names of all mistakes that `check_every_weight_learns` may find."""
    found = (*MISTAKES_OF_ANY_MODEL, "weights_do_not_move", "idle_weight", "hidden_parameters")
    return (*found, *spec_of(model).attribute_mistakes)


@examination("weights_learn", finds=finds_in_weights)
def check_every_weight_learns(exam: Exam, model: str | LatentModel) -> None:
    """A step moves every trainable weight and every part; each weight matters to the loss."""
    spec = spec_of(model)
    trained = trained_model(exam, spec)
    examples = exam.digits(spec.labelled, spec.grey)[0][:BATCH_SIZE]
    few = examples[:8]
    z, eps = (
        exam.normal(5, trained.sizes.latent_dim),
        exam.normal(1, len(few), trained.sizes.latent_dim),
    )
    moved = check_weights_move(trained, examples.x, z, lambda: trained.fit(examples, 1e-3))
    check_each_weight_matters(trained, moved, few, eps)
    method = spec.loss_method
    noise = eps[0] if method.takes_one_sample else eps
    trained.check_no_hidden_variables(*few.arrays, noise, method=method.name)
    check_small_twins(exam, spec)


def check_each_weight_matters(
    model: Model, weights: list[np.ndarray], examples: Examples, eps: np.ndarray
) -> None:
    """Raises `PropertyFailed` if the loss with this noise stays when one of `weights` moves."""

    def mean_loss() -> np.ndarray:
        sample = model.build_sample(examples, eps)
        return sample.mean_distortion.mean() + sample.mean_rate

    base = mean_loss()
    for index, array in enumerate(weights):
        model.set_weights(
            [*weights[:index], array + 0.3 * model.exam.normal(*array.shape), *weights[index + 1 :]]
        )
        if np.allclose(mean_loss(), base, 1e-7, 1e-7):
            raise PropertyFailed(
                f"trainable weight {index + 1} of {len(weights)} changes nothing", "idle_weight"
            )


def check_small_twins(exam: Exam, spec: LatentModel) -> None:
    """Raises `PropertyFailed` unless two small models of the same weights compute the same."""
    first, second = (build_model(exam, spec, spec.small_sizes) for _ in range(2))
    x, z = exam.normal(5, spec.small_sizes.event_dim), exam.normal(5, spec.small_sizes.latent_dim)
    check_same_as_twin(first, second, lambda one: [*one.encode(x), one.decode(z)])


def check_weights_move(
    model: Any, x: np.ndarray, z: np.ndarray, step: Callable
) -> list[np.ndarray]:
    """Raises `PropertyFailed` unless `step` moves every trainable weight and every part's output.

    Args:
        model: The `Model`, or another object that has weights and can `look_at_parts`.
        x: Images for the encoder. Shape `[n, event_dim]`.
        z: Latents for the decoder. Shape `[m, latent_dim]`.
        step: Trains the model a little.

    Returns:
        The trainable weights after the step.
    """
    before, shown = model.weights(), model.look_at_parts(x, z)
    step()
    after = model.weights()
    for (same, old, mistake), (_, new, _) in zip(shown, model.look_at_parts(x, z), strict=True):
        if np.array_equal(old, new):
            raise PropertyFailed(f"after a step of training, {same}", mistake)
    still = sum(np.array_equal(*pair) for pair in zip(before, after, strict=True))
    if still:
        raise PropertyFailed(
            f"{still} of {len(before)} trainable weights did not move in a step",
            "weights_do_not_move",
        )
    return after
