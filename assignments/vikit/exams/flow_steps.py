"""The marks of a single step of each kind of flow: planar, radial, coupling, autoregressive.

A step shows its kind in the displacements zK - z0 of points, or in its Jacobians. The dimensions of
zK may come in another order: a right model may reverse or swap them after its last step too.
"""

from typing import NamedTuple

import numpy as np

from .differences import (
    SHARE_OF_OUTLIERS,
    SHORT_STEP,
    STEP,
    jacobians_by_differences,
    quantile_range,
)
from .exam import PropertyFailed
from .flow_models import NUM_FLOW_IMAGES, NUM_POINTS, map_of
from .flow_objects import Flow, zK_of
from .tolerances import is_repeated

__all__ = [
    "ObservedStep",
    "by_image",
    "count_displacement_directions",
    "failure_of_step",
    "is_as_one_step",
    "observe_step",
]

# How far an entry of a Jacobian may be from what it should be; differences are off by less.
ENTRY_TOLERANCE = 0.02
# How much the entries of an affine map's Jacobian may differ between points, by differences.
AFFINE_TOLERANCE = 2e-3
# The same for the log determinant of a map with constant volume.
VOLUME_TOLERANCE = 2e-3
# A direction of displacements counts if its singular value,
# beside the largest, is larger than this.
ONE_DIRECTION = 1e-3
# How far a dimension of z0 is moved to see which of zK depend on it.
MOVE = 1.0


class ObservedStep(NamedTuple):
    """What a flow does to the points of several images.

    Attributes:
        displacements: zK - z0. Shape `[NUM_FLOW_IMAGES, NUM_POINTS, K]`.
        jacobians: By differences. Shape `[n, K, K]`.
        stays: Whether a dimension of zK is one of z0.
        depends: Which dimensions of zK, along the first axis, depend on which of z0, along the
            second. Bool `[K, K]`.
        reliable: For which points the Jacobians are reliable. Shape `[n]`.
    """

    displacements: np.ndarray
    jacobians: np.ndarray
    stays: bool
    depends: np.ndarray
    reliable: np.ndarray


def observe_step(flow: Flow, x: np.ndarray, z0: np.ndarray) -> ObservedStep:
    """Returns what the flow does to points of several images, as an `ObservedStep`.

    Args:
        flow: The `Flow`.
        x: Each of NUM_FLOW_IMAGES images NUM_POINTS times in a row. Shape `[n, event_dim]`.
        z0: Points before the flow, one for each row of `x`. Shape `[n, latent_dim]`.
    """
    zK = zK_of(flow, z0, x)
    jacobians, reliable = jacobians_of(flow, x, z0)
    return ObservedStep(
        by_image(zK - z0), jacobians, has_one_of(z0, zK), dependence_of(flow, x, z0), reliable
    )


def has_one_of(before: np.ndarray, after: np.ndarray) -> bool:
    """Tells whether a column of `before` `[n, K]` is one of `after` `[n, K]` too."""
    return any(is_repeated(column, other) for column in before.T for other in after.T)


def dependence_of(flow: Flow, x: np.ndarray, z0: np.ndarray) -> np.ndarray:
    """Returns which dimensions of zK depend on which of z0, as in `ObservedStep`.

    Each dimension of z0 is moved by MOVE, which shows what a gate that is nearly open, or a ReLU
    that bends, hides from a difference.
    """
    zK, size = zK_of(flow, z0, x), z0.shape[1]
    moved = z0 + np.float32(MOVE) * np.eye(size, dtype=np.float32)[:, np.newaxis]
    ends = map_of(flow, x)(moved.reshape(-1, size)).reshape(size, *z0.shape)
    return np.array([[not is_repeated(zK[:, k], end[:, k]) for end in ends] for k in range(size)])


def by_image(rows: np.ndarray) -> np.ndarray:
    """Returns rows `[n, K]` as `[NUM_FLOW_IMAGES, NUM_POINTS, K]`."""
    return rows.reshape(NUM_FLOW_IMAGES, NUM_POINTS, -1)


def jacobians_of(flow: Flow, x: np.ndarray, z0: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the Jacobians at `z0` by differences `[n, K, K]`, and which are reliable `[n]`."""
    function = map_of(flow, x)
    wide, narrow = (jacobians_by_differences(function, z0, step) for step in (STEP, SHORT_STEP))
    return wide, np.max(np.abs(wide - narrow), axis=(1, 2)) < ENTRY_TOLERANCE / 4


def failure_of_step(kind: str, step: ObservedStep, starts: str = "z0") -> PropertyFailed | None:
    """Returns a failure if a step is not of this kind; None if it is.

    Args:
        kind: The kind of step: "planar", "radial", "coupling" or "iaf".
        step: What was seen of it.
        starts: What messages call the points that go in.
    """
    numbers = np.arange(len(step.reliable)).reshape(NUM_FLOW_IMAGES, NUM_POINTS)
    each = [step.jacobians[rows][step.reliable[rows]] for rows in numbers]
    if all(quantile_range(seen).max() < AFFINE_TOLERANCE for seen in each if len(seen)):
        return PropertyFailed(
            f"the Jacobian is the same at all {starts} of an example", "affine_step"
        )
    why_not = WHY_NOT[kind](step)
    if why_not:
        return PropertyFailed(why_not, "another_kind_of_step")
    if all(
        quantile_range(np.linalg.slogdet(seen)[1]) < VOLUME_TOLERANCE for seen in each if len(seen)
    ):
        return PropertyFailed(
            f"the determinant of the Jacobian is the same at all {starts} of an example",
            "volume_ignores_z",
        )
    return None


def is_as_one_step(kind: str, flow: Flow, x: np.ndarray, z0: np.ndarray) -> bool | None:
    """Tells whether a single step could do what several do; None if differences can't tell.

    Args:
        kind: The kind of step: "planar", "radial", "coupling" or "iaf".
        flow: The `Flow`, with several steps of that kind.
        x: Images, as in `observe_step`. Shape `[n, event_dim]`.
        z0: Points before the flow, one for each row of `x`. Shape `[n, latent_dim]`.
    """
    if kind == "planar":
        return all(
            count_displacement_directions(points) < 2
            for points in by_image(zK_of(flow, z0, x) - z0)
        )
    if kind == "coupling":
        return has_one_of(z0, zK_of(flow, z0, x))
    if kind == "iaf":
        return is_triangular(dependence_of(flow, x, z0))
    jacobians, reliable = jacobians_of(flow, x, z0)
    if not reliable.any():
        return None
    return not why_no_radial_jacobians(jacobians[reliable], ENTRY_TOLERANCE / 10)


def count_displacement_directions(displacements: np.ndarray) -> int:
    """Returns how many directions displacements `[NUM_POINTS, K]` have."""
    values = np.linalg.svd(displacements, compute_uv=False)
    return int(np.sum(values > ONE_DIRECTION * values[0] + 1e-5))


# Why a step is not of a kind, in words; empty if it is.


def why_not_planar(step: ObservedStep) -> str:
    """Returns why a step is no planar one."""
    if all(count_displacement_directions(points) < 2 for points in step.displacements):
        return ""
    return (
        "the points of an example move along more than one direction; "
        "a planar step moves all along u_hat"
    )


def why_not_radial(step: ObservedStep) -> str:
    """Returns why a step is no radial one."""
    return why_no_radial_jacobians(step.jacobians[step.reliable], ENTRY_TOLERANCE)


def why_no_radial_jacobians(jacobians: np.ndarray, tolerance: float) -> str:
    """Returns why Jacobians `[n, K, K]` are not those of a radial step.

    A radial step treats all directions across the radius alike: its Jacobian is a I + b d d^T.
    """
    slack = tolerance * (1 + np.max(np.abs(jacobians), axis=(1, 2)))
    symmetric = np.max(np.abs(jacobians - jacobians.swapaxes(1, 2)), axis=(1, 2)) < slack
    values = np.linalg.eigvalsh((jacobians + jacobians.swapaxes(1, 2)) / 2)
    low, high = values[:, -2] - values[:, 0] < slack, values[:, -1] - values[:, 1] < slack
    if not np.mean(symmetric & (low | high)) > 0.9:
        return (
            "the Jacobian is not that of a radial step: a I + b d d^T, "
            "with d the direction from the centre"
        )
    if np.mean(np.abs(values[:, 1] - 1) < ENTRY_TOLERANCE / 10) > 1 - SHARE_OF_OUTLIERS / 2:
        return "points move along one direction only, as in a planar step"
    return ""


def why_not_coupling(step: ObservedStep) -> str:
    """Returns why a step is no coupling layer."""
    jacobians = step.jacobians[step.reliable]
    size = jacobians.shape[1]
    untouched = is_unit(jacobians).all(axis=0).sum()
    if untouched != size // 2:
        return (
            f"{untouched} of {size} dimensions stay what they are; "
            "a coupling layer leaves one half alone"
        )
    if share_of_triangular(jacobians) > 0.9:
        return ""
    return (
        "a dimension depends on others of its own half; a coupling layer scales each by "
        "what the other half says"
    )


def why_not_iaf(step: ObservedStep) -> str:
    """Returns why a step is no autoregressive one."""
    if step.stays:
        return "a dimension stays what it is; an autoregressive step gates all of them"
    if not is_triangular(step.depends):
        return "the Jacobian is not triangular, in any order: m_k and s_k may look at z_<k alone"
    gates = [triangular_diagonal(jacobian) for jacobian in step.jacobians[step.reliable]]
    if (
        np.mean(
            [min(found) > -ENTRY_TOLERANCE and max(found) < 1 + ENTRY_TOLERANCE for found in gates]
        )
        < 0.9
    ):
        return "a gate is not between 0 and 1: iaf_step is z_new = g z + (1 - g) m, g = sigmoid(s)"
    return ""


WHY_NOT = {
    "planar": why_not_planar,
    "radial": why_not_radial,
    "coupling": why_not_coupling,
    "iaf": why_not_iaf,
}


def is_unit(jacobians: np.ndarray) -> np.ndarray:
    """Tells which rows of Jacobians have a single entry, which is 1. Shape `[n, K]`."""
    largest = np.max(jacobians, axis=2)
    return (np.abs(largest - 1) < ENTRY_TOLERANCE) & (
        np.abs(jacobians).sum(axis=2) - largest < ENTRY_TOLERANCE
    )


def share_of_triangular(jacobians: np.ndarray) -> float:
    """Returns the share of the Jacobians that are triangular in some order of rows and columns."""
    return float(np.mean([is_triangular(jacobian) for jacobian in jacobians]))


def is_triangular(matrix: np.ndarray) -> bool:
    """Tells whether a matrix is triangular in some order of its rows and columns."""
    return len(triangular_diagonal(matrix)) == len(matrix)


def triangular_diagonal(jacobian: np.ndarray) -> list[float]:
    """Returns the diagonal of a matrix that is triangular in some order, else a part of it."""
    found, left = [], jacobian
    while left.size:
        entries = np.abs(left) > ENTRY_TOLERANCE / 2
        single = np.flatnonzero(entries.sum(axis=1) <= 1)
        if not single.size:
            break
        row = single[0]
        column = np.argmax(np.abs(left[row]))
        found.append(left[row, column])
        left = np.delete(np.delete(left, row, axis=0), column, axis=1)
    return found
