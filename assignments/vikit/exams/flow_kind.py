"""The examination "flow_kind": which kind of step a flow is made of, from the values of its map.

What marks each kind of step stands in `flow_steps`.
"""

from functools import partial

import numpy as np

from .exam import Exam, PropertyFailed, examination
from .flow_mixing import EXAMPLES_MIXED, names_mixed_examples
from .flow_models import (
    NUM_FLOW_IMAGES,
    NUM_POINTS,
    PERTURBATIONS,
    FlowClass,
    build_small_flow,
    first_finite,
    first_reliable,
    flow_model,
    mistakes_of_any_flow,
    points_of_images,
)
from .flow_objects import Flow, zK_of
from .flow_steps import (
    ObservedStep,
    by_image,
    count_displacement_directions,
    failure_of_step,
    is_as_one_step,
    observe_step,
)
from .tolerances import is_repeated

__all__ = ["UNCHANGED_BY_A_SECOND_STEP"]

# The cosine between the directions of two images is further from +-1 than this.
DIRECTION_TOLERANCE = 1e-3
# How much noise is added to the weights of a radial step, one after another,
# to see whether it folds.
FOLDING_PERTURBATIONS = (0.3, 1.0) * 4
# A point whose cosine with its start, seen from the centre, is below this has
# landed on the other side.
OPPOSITE_COSINE = -0.9
# What is wrong with a kind of flow whose two steps do no more than one:
# the name of the mistake, and words.
UNCHANGED_BY_A_SECOND_STEP = {
    "planar": ("steps_not_counted", "points still move along one direction"),
    "radial": ("steps_not_counted", "the Jacobian is still that of a single radial step"),
    "coupling": ("half_never_moves", "a dimension of z0 is unchanged in zK, whatever the weights"),
    "iaf": ("order_not_reversed", "the Jacobian is still triangular"),
}


# What is found of one kind of step alone.
OF_ONE_KIND = {"planar": ("shared_parameters",), "radial": ("radial_folds",)}


def finds_in_kind(flow: str, step: str = "") -> tuple[str, ...]:
    """Returns the names that `check_kind` may find."""
    names = (
        *(EXAMPLES_MIXED, "affine_step", "another_kind_of_step", "volume_ignores_z"),
        *OF_ONE_KIND.get(flow, ()),
    )
    of_several = () if step else ("steps_not_counted", UNCHANGED_BY_A_SECOND_STEP[flow][0])
    return *mistakes_of_any_flow(step), *names, *of_several


@examination("flow_kind", finds=finds_in_kind)
@names_mixed_examples
def check_kind(exam: Exam, flow: str, step: str = "") -> None:
    """A step has the mark of its kind, and two do more than one; a planar step depends on x.

    Args:
        exam: The `Exam`.
        flow: The kind of step: "planar", "radial", "coupling" or "iaf".
        step: The class of a single step; empty for `FlowVIB`.
    """
    made_by = FlowClass(flow, step)
    model, start = flow_model(exam, made_by, 1)
    x, z0 = points_of_images(model)
    look = partial(observe_step, model, x, z0)
    seen = first_reliable(model, start, look)
    # With large weights a gate of a right step may be open, or shut, for all images:
    # smaller ones have the last word.
    if failure_of_step(flow, seen):
        smaller = first_reliable(model, start, look, PERTURBATIONS[1:])
        failure = failure_of_step(flow, smaller, model.words.start)
        if failure:
            raise made_by.say(failure, 1)
    if flow == "planar":
        check_planar_directions(model, start, x, seen)
    if flow == "radial":
        check_nothing_crosses_the_centre(model, start, x, z0)
    if not step:
        check_steps_are_counted(exam, flow, x, z0)


def check_steps_are_counted(exam: Exam, flow: str, x: np.ndarray, z0: np.ndarray) -> None:
    """Raises `PropertyFailed` unless a second step does what one cannot.

    Without a step nothing may move, and three planar steps must have three directions.
    """
    made_by = FlowClass(flow)
    model, start = flow_model(exam, made_by, 2)

    def look() -> bool | None:
        # One weight that shows two steps is enough; what looks like one may have shut gates.
        return True if is_as_one_step(flow, model, x, z0) is False else None

    if first_finite(model, start, look, (1.0, *PERTURBATIONS)) is None:
        mistake, words = UNCHANGED_BY_A_SECOND_STEP[flow]
        raise PropertyFailed(f"with num_flows=2 {words}", mistake)
    if flow != "planar":
        return
    if not is_repeated(zK_of(build_small_flow(exam, made_by, 0), z0, x), z0):
        raise PropertyFailed("with num_flows=0 something moves", "steps_not_counted")
    model = build_small_flow(exam, made_by, 3)
    zK = first_finite(model, model.weights(), lambda: zK_of(model, z0, x))
    if all(count_displacement_directions(points) < 3 for points in by_image(zK - z0)):
        raise PropertyFailed(
            "with num_flows=3 points move in fewer than three directions", "steps_not_counted"
        )


def check_planar_directions(
    model: Flow, start: list[np.ndarray], x: np.ndarray, step: ObservedStep
) -> None:
    """Raises `PropertyFailed` unless a planar step's direction and normal differ between images."""
    displacements, jacobians = step.displacements, step.jacobians
    context = f"their {model.words.context}"
    z0 = np.tile(model.exam.normal(NUM_POINTS, displacements.shape[2]), (NUM_FLOW_IMAGES, 1))
    same = first_finite(model, start, lambda: zK_of(model, z0, x)).reshape(displacements.shape)
    if is_repeated(same, same[0]):
        # Nothing at all depends on x: `flow_depends_on_x` reports that.
        return
    along = np.linalg.svd(displacements, full_matrices=False)[2][:, 0]
    if are_parallel(along):
        raise PropertyFailed(
            f"all examples move their points along one direction: u does not come from {context}",
            "shared_parameters",
        )
    changed = (jacobians - np.eye(jacobians.shape[-1])).reshape(
        NUM_FLOW_IMAGES, NUM_POINTS, *jacobians.shape[1:]
    )
    # For each image, at the point where the step does most.
    most = np.argmax(np.linalg.norm(changed, axis=(2, 3)), axis=1)
    if are_parallel(np.linalg.svd(changed[range(NUM_FLOW_IMAGES), most])[2][:, 0]):
        raise PropertyFailed(
            f"the planes of all examples have one normal: w does not come from {context}",
            "shared_parameters",
        )


def are_parallel(directions: np.ndarray) -> bool:
    """Tells whether directions of length 1, `[n, K]`, are all the same, but for their signs."""
    return np.min(np.abs(directions @ directions.T)) > 1 - DIRECTION_TOLERANCE


def check_nothing_crosses_the_centre(
    model: Flow, start: list[np.ndarray], x: np.ndarray, z0: np.ndarray
) -> None:
    """Raises `PropertyFailed` if points near a radial step's centre land on its other side."""
    for noise in FOLDING_PERTURBATIONS:
        model.perturb_from(start, noise)
        zK = zK_or_none(model, x, z0)
        # With weights as large a right step may overflow.
        if zK is None:
            continue
        centre = np.repeat(find_centres(z0, zK - z0), NUM_POINTS, axis=0)
        around = 0.1 * model.exam.normal(*z0.shape)
        landed = zK_or_none(model, x, centre + around)
        if landed is not None:
            crossed = (
                cosines(landed - centre, around).reshape(NUM_FLOW_IMAGES, NUM_POINTS)
                < OPPOSITE_COSINE
            )
            if np.any(np.all(crossed, axis=1)):
                raise PropertyFailed(
                    "points close to the centre of a radial step land on its other side",
                    "radial_folds",
                )


def zK_or_none(model: Flow, x: np.ndarray, points: np.ndarray) -> np.ndarray | None:
    """Returns where the flow takes `points`; None if a value is not finite."""
    try:
        return zK_of(model, points, x)
    except PropertyFailed as failed:
        if failed.mistake != "not_finite":
            raise
        return None


def cosines(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Returns the cosines between the rows of two arrays `[n, K]`. Shape `[n]`."""
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    return np.sum(first * second, axis=1) / np.maximum(lengths, 1e-12)


def find_centres(z0: np.ndarray, displacements: np.ndarray) -> np.ndarray:
    """Returns where, for each image, the lines from `z0` along `displacements` meet: least squares.

    Shape `[NUM_FLOW_IMAGES, K]`.
    """
    points, displacements = (by_image(array).astype(float) for array in (z0, displacements))
    along = displacements / np.maximum(np.linalg.norm(displacements, axis=2, keepdims=True), 1e-12)
    across = np.eye(points.shape[2]) - along[..., :, np.newaxis] * along[..., np.newaxis, :]
    wanted = np.einsum("ipjk,ipk->ij", across, points)
    centres = [
        np.linalg.lstsq(*pair, rcond=None)[0]
        for pair in zip(across.sum(axis=1), wanted, strict=True)
    ]
    return np.stack(centres)
