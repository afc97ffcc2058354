"""The examinations "flow_weights" and "step_weights": every weight learns, or takes part.

A model with a flow takes a step of training. A single step of a flow has no loss of its own: each
of its weights must change what it returns, and gradients must pass through it.
"""

import numpy as np

from .dependence import check_same_as_twin
from .differences import SHORT_STEP, STEP
from .exam import Exam, PropertyFailed, examination, require_ok
from .flow_mixing import EXAMPLES_MIXED, names_mixed_examples
from .flow_models import (
    MISTAKES_OF_ANY_FLOW,
    NUM_FLOW_IMAGES,
    PERTURBATIONS,
    FlowClass,
    build_small_flow,
    first_finite,
    flow_model,
    images_and_points,
    mistakes_of_any_flow,
    points_of_images,
)
from .flow_objects import FlowStep, check_one_for_each, flow_outputs, zK_of
from .flow_vib import FREE_ENERGY_TERMS
from .gradients import check_derivatives, claimed_gradients
from .weights_learn import check_weights_move

__all__ = ["check_flow_weights", "check_step_weights"]


@examination(
    "flow_weights",
    finds=(*MISTAKES_OF_ANY_FLOW, "flow_not_trained", "weights_do_not_move", "hidden_parameters"),
)
def check_flow_weights(exam: Exam, flow: str) -> None:
    """A training step moves every trainable weight, and what encoder, flow and decoder return."""
    made_by = FlowClass(flow)
    model, start = flow_model(exam, made_by)
    examples = model.spec.draw(exam, NUM_FLOW_IMAGES, model.sizes)
    z0 = exam.normal(NUM_FLOW_IMAGES, model.latent_dim)

    def step() -> None:
        options = {"batch_size": NUM_FLOW_IMAGES, "epochs": 1}
        require_ok(exam.student.fit(model.handle, examples.arrays, 1e-3, eager=True, **options))

    def look() -> list[np.ndarray]:
        return check_weights_move(model, examples.x, z0, step)

    first_finite(model, start, look, (0.15, *PERTURBATIONS[2:]))
    model.check_no_hidden_variables(*examples.arrays, z0, method=FREE_ENERGY_TERMS.name)
    twin = build_small_flow(exam, made_by, made_by.usual_count)
    check_same_as_twin(model, twin, lambda one: [zK_of(one, z0, examples.x)], rtol=1e-4, atol=1e-5)


def finds_in_step_weights(flow: str, step: str) -> tuple[str, ...]:
    """Returns the names that `check_step_weights` may find."""
    names = (
        EXAMPLES_MIXED,
        "log_det_wrong_shape",
        "idle_weight",
        "hidden_parameters",
        "no_gradient_through_a_step",
    )
    return *mistakes_of_any_flow(step), *names


@examination("step_weights", finds=finds_in_step_weights)
@names_mixed_examples
def check_step_weights(exam: Exam, flow: str, step: str) -> None:
    """Every weight of a step takes part, none is hidden, and gradients pass through the step.

    Args:
        exam: The `Exam`.
        flow: The kind of step: "planar", "radial", "coupling" or "iaf".
        step: The class of a single step.
    """
    made_by = FlowClass(flow, step)
    made, start = flow_model(exam, made_by)
    x, z = images_and_points(made)
    step_outputs(made, z, x)
    made.check_no_hidden_variables(z, x)
    first_finite(made, start, lambda: check_no_weight_is_idle(made, z, x), PERTURBATIONS[1:])
    twin = build_small_flow(exam, made_by, made_by.usual_count)
    check_same_as_twin(made, twin, lambda one: step_outputs(one, z, x), rtol=1e-4, atol=1e-5)
    # Of a few points one whose difference holds the bend of a ReLU could cost the property.
    x, z = points_of_images(made)
    first_finite(made, start, lambda: check_gradients_pass(made, z, x), PERTURBATIONS[1:])


def step_outputs(step: FlowStep, z: np.ndarray, x: np.ndarray) -> list[np.ndarray]:
    """Returns z_new and the log determinants; raises `PropertyFailed` unless these are `[n]`."""
    z_new, log_det = flow_outputs(step, z, x)
    check_one_for_each(log_det, z)
    return [z_new, log_det]


def check_no_weight_is_idle(step: FlowStep, z: np.ndarray, x: np.ndarray) -> bool:
    """Raises `PropertyFailed` unless each trainable weight changes what a step returns.

    The weights are put back. Returns True.
    """
    weights, base = step.weights(), step_outputs(step, z, x)
    for index, array in enumerate(weights):
        moved = array + np.float32(0.3) * step.exam.weight_noise(array)
        step.set_weights([*weights[:index], moved, *weights[index + 1 :]])
        found = step_outputs(step, z, x)
        if all(np.allclose(*pair, 1e-6, 1e-7) for pair in zip(base, found, strict=True)):
            raise PropertyFailed(
                f"trainable weight {index + 1} of {len(weights)} changes no output", "idle_weight"
            )
    step.set_weights(weights)
    return True


def check_gradients_pass(step: FlowStep, z: np.ndarray, x: np.ndarray) -> bool:
    """Raises `PropertyFailed` unless gradients of both outputs reach z and the features.

    Returns True.
    """
    weighting = step.exam.normal(*z.shape)
    for name, cotangents in (
        ("z_new", [weighting, np.zeros(len(z), np.float32)]),
        ("log_det", [0 * weighting, np.ones(len(z), np.float32)]),
    ):
        gradients = claimed_gradients(step.exam, step.flow_path, [z, x], cotangents)
        for index, where in enumerate(("z", "the features")):
            along = [0 * z, 0 * x]
            along[index] = step.exam.normal(*along[index].shape)
            claimed = np.sum(gradients[index] * along[index], axis=-1)
            by_steps = [
                weighted_slope(step, (z, x), along, cotangents, size) for size in (STEP, SHORT_STEP)
            ]
            check_derivatives(
                np.stack([claimed, *by_steps]), name, where, "no_gradient_through_a_step"
            )
    return True


def weighted_slope(
    step: FlowStep, place: tuple, along: list, cotangents: list, size: float
) -> np.ndarray:
    """Returns how fast a step's outputs change along a direction, by differences. Shape `[n]`.

    Args:
        step: The `FlowStep`.
        place: Points `[n, K]` and features `[n, H]`.
        along: The direction in both.
        cotangents: The weights with which the two outputs are added up for each example.
        size: Half the distance between the two ends of a difference.
    """
    sums = []
    for sign in (1, -1):
        z, x = (
            start + np.float32(sign * size) * way for start, way in zip(place, along, strict=True)
        )
        z_new, log_det = step_outputs(step, z, x)
        sums.append(np.sum(z_new * cotangents[0], axis=-1) + log_det * cotangents[1])
    return (sums[0] - sums[1]) / (2 * size)
