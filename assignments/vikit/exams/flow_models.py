"""Small flows for the examinations of flows: how they are built, moved, looked at."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from .dependence import MISTAKES_OF_VALUES
from .exam import Exam, PropertyFailed
from .flow_objects import Flow, build_step, zK_of
from .flow_vib import flow_vib_with
from .latent_model import LatentModel, ModelSizes
from .model import MISTAKES_OF_ANY_MODEL, build_model
from .tolerances import is_repeated

__all__ = [
    "MISTAKES_OF_ANY_FLOW",
    "NUM_FLOW_IMAGES",
    "NUM_POINTS",
    "PERTURBATIONS",
    "FlowClass",
    "build_small_flow",
    "first_finite",
    "first_reliable",
    "flow_model",
    "images_and_points",
    "map_of",
    "mistakes_of_any_flow",
    "points_of_images",
    "small_flow_sizes",
    "with_smaller_weights",
]

# How much noise is added to the weights of a model: less and less until differences of its map can
# be relied on. With the largest a right step, whose scales may be exponentials, may overflow.
PERTURBATIONS = (0.3, 0.1, 0.03, 0.01)
NEARBY = "with a little normal noise added to all weights"
# With how many random weights a flow is looked at to see whether it depends on them.
NUM_FLOW_SETTINGS = 9
# A displacement counts if its singular value, beside the largest, is larger than this.
MIN_DISPLACEMENT_SINGULAR_VALUE = 5e-4
# A number varies if its differences, beside the number itself, are larger than this.
MIN_RELATIVE_DIFFERENCE = 1e-2
# How many images a flow is looked at with, and how many points for each of them.
NUM_FLOW_IMAGES = 12
NUM_POINTS = 12
# Classes of the small models.
NUM_CLASSES = 5
MISTAKES_OF_ANY_MAP = (
    *("random_inside", "flow_is_identity", "flow_ignores_z0", "flow_ignores_weights"),
    "not_finite_nearby",
)
# What may be found in any examination of a model with a flow.
MISTAKES_OF_ANY_FLOW = (*MISTAKES_OF_ANY_MODEL, *MISTAKES_OF_ANY_MAP)
# What may be found in any examination of a single step.
MISTAKES_OF_ANY_STEP = (*MISTAKES_OF_VALUES, "no_weights", *MISTAKES_OF_ANY_MAP)


class FlowClass(NamedTuple):
    """A class of the student's that makes flows of one kind.

    Attributes:
        flow: The kind of step, as `FlowVIB` takes it: "planar", "radial", "coupling" or "iaf".
        step: The class of a single step; empty for `FlowVIB`, whose `transform` has several.
    """

    flow: str
    step: str = ""

    @property
    def usual_count(self) -> int:
        """Returns how many steps a flow has that is examined: two, if there can be two."""
        return 1 if self.step else 2

    def say(self, failure: PropertyFailed, num_flows: int) -> PropertyFailed:
        """Returns a failure that says with how many steps it was found, where that is a choice."""
        return failure if self.step else failure.when(f"with num_flows={num_flows}")


def mistakes_of_any_flow(step: str) -> tuple[str, ...]:
    """Returns what may be found in any examination of a `FlowClass` with this `step`."""
    return MISTAKES_OF_ANY_STEP if step else MISTAKES_OF_ANY_FLOW


def small_flow_sizes(exam: Exam) -> tuple[int, int]:
    """Returns the event and latent dimension of an exam's small flows, drawn at the first call."""
    if exam.memory.flow_sizes is None:
        exam.memory.flow_sizes = (
            int(exam.generator.integers(8, 12)),
            int(exam.generator.choice([4, 6])),
        )
    return exam.memory.flow_sizes


def build_small_flow(exam: Exam, made_by: FlowClass, num_flows: int) -> Any:
    """Returns a new small `Flow` with this number of steps.

    Args:
        exam: The `Exam`; it has the sizes of small models.
        made_by: The `FlowClass` that makes it.
        num_flows: How many steps; with 0 zK is z0. A single step has 1.

    Raises:
        PropertyFailed, NoReply: As `build_model` and `build_step`.
    """
    event_dim, latent_dim = small_flow_sizes(exam)
    if made_by.step:
        return build_step(exam, made_by.step, event_dim, latent_dim)
    sizes = ModelSizes(event_dim, latent_dim, NUM_CLASSES, (7,))
    return build_model(exam, flow_vib_with(made_by.flow, num_flows, weight=1.0), sizes)


def flow_model(
    exam: Exam, made_by: FlowClass, num_flows: int | None = None
) -> tuple[Any, list[np.ndarray]]:
    """Returns a small flow of this class, and its first weights.

    One object serves all examinations of this flow; each is given it with its first weights.

    Args:
        exam: The `Exam`, which remembers the object.
        made_by: The `FlowClass`.
        num_flows: How many steps; None for the usual number.

    Raises:
        PropertyFailed: Unless zK depends on z0 and on the weights.
    """
    num_flows = made_by.usual_count if num_flows is None else num_flows
    key, memory = (made_by, num_flows), exam.memory
    if key not in memory.flows:
        flow = build_small_flow(exam, made_by, num_flows)
        memory.flows[key] = flow, flow.weights()
    flow, start = memory.flows[key]
    flow.set_weights(start)
    if key not in memory.checked_flows:
        check_flow_depends_on_weights(flow, start)
        memory.checked_flows.add(key)
    return flow, start


def images_and_points(flow: Flow) -> tuple[np.ndarray, np.ndarray]:
    """Returns NUM_FLOW_IMAGES contexts for a flow, with a point before it for each."""
    x = flow.draw_contexts(NUM_FLOW_IMAGES)
    return x, flow.exam.normal(NUM_FLOW_IMAGES, flow.latent_dim)


def points_of_images(flow: Flow) -> tuple[np.ndarray, np.ndarray]:
    """Returns NUM_FLOW_IMAGES contexts, each NUM_POINTS times, `[n, D]`, and points z0 `[n, K]`.

    There are several points for each because the flow of one image is one map.
    """
    x = np.repeat(flow.draw_contexts(NUM_FLOW_IMAGES), NUM_POINTS, axis=0)
    return x, np.float32(1.5) * flow.exam.normal(NUM_FLOW_IMAGES * NUM_POINTS, flow.latent_dim)


def map_of(flow: Flow, x: np.ndarray) -> Callable:
    """Returns the flow as a map of points `[n, K]`, one or several for each row of `x`."""
    return lambda points: zK_of(flow, points, np.tile(x, (points.shape[0] // x.shape[0], 1)))


def first_finite(
    flow: Flow, start: list[np.ndarray], look: Callable, perturbations: tuple = PERTURBATIONS
) -> Any:
    """Returns the first result of `look()` that is finite and not None; None if there is none.

    Args:
        flow: The `Flow`, whose weights are moved and stay so.
        start: The weights to begin from, one array for each trainable weight.
        look: Asks the flow; raises `PropertyFailed` "not_finite" where values are not finite.
        perturbations: The standard deviations of the noise added to `start`, tried in this order.

    Raises:
        PropertyFailed: If `look` fails in another way, or gives no finite values with any noise.
    """
    failure = None
    for noise in perturbations:
        flow.perturb_from(start, noise)
        try:
            seen, failure = look(), None
        except PropertyFailed as failed:
            if failed.mistake != "not_finite":
                raise
            failure = failed
            continue
        if seen is not None:
            return seen
    if failure is None:
        return None
    # With its first weights a failure is the flow's own; else the message says what
    # was done to the weights.
    flow.set_weights(start)
    look()
    raise failure.when(NEARBY, "not_finite_nearby") from failure


def first_reliable(
    flow: Flow, start: list[np.ndarray], look: Callable, perturbations: tuple = PERTURBATIONS
) -> Any:
    """Returns the first result of `look()` that is reliable for half of the points.

    Args:
        flow: The `Flow`, whose weights are moved and stay so.
        start: The weights to begin from, one array for each trainable weight.
        look: Asks the flow; the last array that it returns, bool `[n]`, says for which of n points
            its differences are reliable.
        perturbations: As in `first_finite`.

    Raises:
        PropertyFailed: As `first_finite`, or if there is no such result: the map jumps, or its
            determinant is 0.
    """

    def look_if_reliable() -> Any:
        seen = look()
        return seen if seen[-1].mean() >= 0.5 else None

    seen = first_finite(flow, start, look_if_reliable, perturbations)
    if seen is None:
        raise PropertyFailed(
            "differences of the map do not give its Jacobian, even with small weights: the map "
            "jumps, or its determinant is 0"
        )
    return seen


def with_smaller_weights(examine: Callable, spec: LatentModel) -> Any:
    """Returns `examine(spec)`; with a smaller perturbation, if values are not finite."""
    for perturbation in dict.fromkeys(
        (spec.perturbation, (1.0, PERTURBATIONS[1]), (1.0, PERTURBATIONS[-1]))
    ):
        try:
            return examine(replace(spec, perturbation=perturbation))
        except PropertyFailed as failed:
            if failed.mistake != "not_finite":
                raise
            failure = failed
    # With its first weights a failure is the model's own.
    examine(replace(spec, perturbation=(1.0, 0.0)))
    raise failure.when(NEARBY, "not_finite_nearby") from failure


def check_flow_depends_on_weights(flow: Flow, start: list[np.ndarray]) -> None:
    """Raises `PropertyFailed` unless zK depends on z0 and the trainable weights.

    The weights are put back.

    A fixed map is worth nothing, however right its log determinants are; nor is it worth more if a
    few trained numbers are added to it.
    """
    x, z0 = images_and_points(flow)
    _, starts, context, ends = flow.words
    look = partial(zK_of, flow, z0, x)
    first = look()
    seen = np.stack(
        [first_finite(flow, start, look, PERTURBATIONS[1:]) for _ in range(NUM_FLOW_SETTINGS)]
    )
    other = zK_of(flow, -z0, x)
    flow.set_weights(start)
    if not is_repeated(first, look()):
        raise PropertyFailed(
            f"two calls with the same weights, {starts} and {context} gave different {ends}",
            "random_inside",
        )
    if np.allclose(np.sort(seen), np.sort(z0), 1e-6, 1e-6):
        raise PropertyFailed(
            f"{ends} has the numbers of {starts}, in their own order or another",
            "flow_is_identity",
        )
    if np.allclose(seen[-1], other, 1e-5, 1e-6):
        raise PropertyFailed(f"{ends} is the same for two different {starts}", "flow_ignores_z0")
    if np.allclose(seen[1:], seen[0], 1e-5, 1e-4):
        raise PropertyFailed(
            f"with all trainable weights changed, {ends} stays the same", "flow_ignores_weights"
        )
    check_is_no_fixed_map(seen, ends)


def check_is_no_fixed_map(seen: np.ndarray, ends: str) -> None:
    """Raises `PropertyFailed` where weights only stretch or shift a fixed map.

    A few trained numbers that stretch or shift a fixed map move it along no more displacements than
    there are dimensions.

    Args:
        seen: zK at several settings of the weights. Shape `[settings, batch, latent_dim]`.
        ends: What messages call zK.
    """
    count = count_fixed_displacements(seen.reshape(len(seen), -1))
    if count <= seen.shape[-1]:
        raise PropertyFailed(
            f"whatever the trainable weights are, {ends} is a sum of {count} fixed displacements",
            "flow_ignores_weights",
        )


def count_fixed_displacements(seen: np.ndarray) -> int:
    """Returns how many fixed displacements explain how numbers `[settings, n]` vary with weights.

    Numbers that hardly vary do not count, as they mostly hold rounding; all others count alike.
    """
    apart = seen[1:] - seen[0]
    scale = np.max(np.abs(apart), axis=0)
    varies = scale > MIN_RELATIVE_DIFFERENCE * (1 + np.max(np.abs(seen), axis=0))
    if varies.sum() < len(seen):
        return len(seen)
    apart = apart[:, varies] / scale[varies]
    norms = np.linalg.norm(apart, axis=1, keepdims=True)
    # Weights that leave all numbers where they were displace nothing.
    values = np.linalg.svd(apart / np.where(norms > 0, norms, 1), compute_uv=False)
    return int(np.sum(values > MIN_DISPLACEMENT_SINGULAR_VALUE * values[0]))
