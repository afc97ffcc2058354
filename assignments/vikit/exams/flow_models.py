"""Small models with a flow for the examinations of flows: how they are built, moved, looked at."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from .exam import Exam, PropertyFailed
from .flow_vib import flow_vib_with, zK_of
from .latent_model import LatentModel, ModelSizes
from .model import MISTAKES_OF_ANY_MODEL, Model, build_model
from .tolerances import is_repeated

__all__ = [
    "MISTAKES_OF_ANY_FLOW",
    "NUM_FLOW_IMAGES",
    "NUM_POINTS",
    "PERTURBATIONS",
    "build_small_flow",
    "first_finite",
    "first_reliable",
    "flow_model",
    "images_and_points",
    "map_of",
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
# What may be found in any examination of a flow.
MISTAKES_OF_ANY_FLOW = (
    *MISTAKES_OF_ANY_MODEL,
    *(
        "random_inside",
        "flow_is_identity",
        "flow_ignores_z0",
        "flow_ignores_weights",
        "not_finite_nearby",
    ),
)


def small_flow_sizes(exam: Exam) -> tuple[int, int]:
    """Returns the event and latent dimension of an exam's small models, drawn at the first call."""
    if exam.memory.flow_sizes is None:
        exam.memory.flow_sizes = (
            int(exam.generator.integers(8, 12)),
            int(exam.generator.choice([4, 6])),
        )
    return exam.memory.flow_sizes


def build_small_flow(exam: Exam, flow: str, num_flows: int = 2) -> Model:
    """Returns a new small model with this kind and number of steps.

    Args:
        exam: The `Exam`; it has the sizes of small models.
        flow: The kind of step, as `FlowVIB` takes it: "planar", "radial", "coupling" or "iaf".
        num_flows: How many steps; with 0 zK is z0.

    Raises:
        PropertyFailed, NoReply: As `build_model`.
    """
    event_dim, latent_dim = small_flow_sizes(exam)
    sizes = ModelSizes(event_dim, latent_dim, NUM_CLASSES, (7,))
    return build_model(exam, flow_vib_with(flow, num_flows, weight=1.0), sizes)


def flow_model(exam: Exam, flow: str, num_flows: int = 2) -> tuple[Model, list[np.ndarray]]:
    """Returns a small model with this flow, and its first weights.

    One model serves all examinations of this flow; each is given it with its first weights.

    Args:
        exam: The `Exam`, which remembers the model.
        flow: The kind of step, as in `build_small_flow`.
        num_flows: How many steps.

    Raises:
        PropertyFailed: Unless zK depends on z0 and on the weights.
    """
    key, memory = (flow, num_flows), exam.memory
    if key not in memory.flows:
        model = build_small_flow(exam, flow, num_flows)
        memory.flows[key] = model, model.weights()
    model, start = memory.flows[key]
    model.set_weights(start)
    if key not in memory.checked_flows:
        check_flow_depends_on_weights(model, start)
        memory.checked_flows.add(key)
    return model, start


def images_and_points(model: Model) -> tuple[Any, np.ndarray]:
    """Returns NUM_FLOW_IMAGES `Examples` for a small model, with a point before the flow each."""
    examples = model.spec.draw(model.exam, NUM_FLOW_IMAGES, model.sizes)
    return examples, model.exam.normal(NUM_FLOW_IMAGES, model.sizes.latent_dim)


def points_of_images(model: Model) -> tuple[np.ndarray, np.ndarray]:
    """Returns NUM_FLOW_IMAGES images, each NUM_POINTS times, `[n, D]`, and points z0 `[n, K]`.

    There are several points for each image because the flow of one image is one map.
    """
    images = model.spec.draw(model.exam, NUM_FLOW_IMAGES, model.sizes).x
    x = np.repeat(images, NUM_POINTS, axis=0)
    return x, np.float32(1.5) * model.exam.normal(
        NUM_FLOW_IMAGES * NUM_POINTS, model.sizes.latent_dim
    )


def map_of(model: Model, x: np.ndarray) -> Callable:
    """Returns the flow as a map of points `[n, K]`, one or several for each row of `x`."""
    return lambda points: zK_of(model, points, np.tile(x, (points.shape[0] // x.shape[0], 1)))


def first_finite(
    model: Model, start: list[np.ndarray], look: Callable, perturbations: tuple = PERTURBATIONS
) -> Any:
    """Returns the first result of `look()` that is finite and not None; None if there is none.

    Args:
        model: The `Model`, whose weights are moved and stay so.
        start: The weights to begin from, one array for each trainable weight.
        look: Asks the model; raises `PropertyFailed` "not_finite" where values are not finite.
        perturbations: The standard deviations of the noise added to `start`, tried in this order.

    Raises:
        PropertyFailed: If `look` fails in another way, or gives no finite values with any noise.
    """
    failure = None
    for noise in perturbations:
        model.perturb_from(start, noise)
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
    # With its first weights a failure is the model's own; else the message says what
    # was done to the weights.
    model.set_weights(start)
    look()
    raise failure.when(NEARBY, "not_finite_nearby") from failure


def first_reliable(
    model: Model, start: list[np.ndarray], look: Callable, perturbations: tuple = PERTURBATIONS
) -> Any:
    """Returns the first result of `look()` that is reliable for half of the points.

    Args:
        model: The `Model`, whose weights are moved and stay so.
        start: The weights to begin from, one array for each trainable weight.
        look: Asks the model; the last array that it returns, bool `[n]`, says for which of n points
            its differences are reliable.
        perturbations: As in `first_finite`.

    Raises:
        PropertyFailed: As `first_finite`, or if there is no such result: the map jumps, or its
            determinant is 0.
    """

    def look_if_reliable() -> Any:
        seen = look()
        return seen if seen[-1].mean() >= 0.5 else None

    seen = first_finite(model, start, look_if_reliable, perturbations)
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


def check_flow_depends_on_weights(model: Model, start: list[np.ndarray]) -> None:
    """Raises `PropertyFailed` unless zK depends on z0 and the trainable weights.

    The weights are put back.

    A fixed map is worth nothing, however right its log determinants are; nor is it worth more if a
    few trained numbers are added to it.
    """
    examples, z0 = images_and_points(model)
    look = partial(zK_of, model, z0, examples.x)
    first = look()
    seen = np.stack(
        [first_finite(model, start, look, PERTURBATIONS[1:]) for _ in range(NUM_FLOW_SETTINGS)]
    )
    other = zK_of(model, -z0, examples.x)
    model.set_weights(start)
    if not is_repeated(first, look()):
        raise PropertyFailed(
            "two calls with the same weights, z0 and x gave different zK", "random_inside"
        )
    if np.allclose(np.sort(seen), np.sort(z0), 1e-6, 1e-6):
        raise PropertyFailed(
            "zK has the numbers of z0, in their own order or another", "flow_is_identity"
        )
    if np.allclose(seen[-1], other, 1e-5, 1e-6):
        raise PropertyFailed("zK is the same for two different z0", "flow_ignores_z0")
    if np.allclose(seen[1:], seen[0], 1e-5, 1e-4):
        raise PropertyFailed(
            "with all trainable weights changed, zK stays the same", "flow_ignores_weights"
        )
    check_is_no_fixed_map(seen)


def check_is_no_fixed_map(seen: np.ndarray) -> None:
    """Raises `PropertyFailed` where weights only stretch or shift a fixed map.

    A few trained numbers that stretch or shift a fixed map move it along no more displacements than
    there are dimensions.

    Args:
        seen: zK at several settings of the weights. Shape `[settings, batch, latent_dim]`.
    """
    count = count_fixed_displacements(seen.reshape(len(seen), -1))
    if count <= seen.shape[-1]:
        raise PropertyFailed(
            f"whatever the trainable weights are, zK is a sum of {count} fixed displacements",
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
    values = np.linalg.svd(apart / np.linalg.norm(apart, axis=1, keepdims=True), compute_uv=False)
    return int(np.sum(values > MIN_DISPLACEMENT_SINGULAR_VALUE * values[0]))
