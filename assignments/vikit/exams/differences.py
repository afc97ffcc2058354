"""Jacobians and log determinants of maps by central differences, and where these are reliable."""

from collections.abc import Callable

import numpy as np

__all__ = [
    "LOG_DET_TOLERANCE",
    "SHARE_OF_OUTLIERS",
    "SHARE_THAT_FITS",
    "SHORT_STEP",
    "STEP",
    "jacobians_by_differences",
    "log_dets_by_differences",
    "quantile_range",
]

# Half the distance between the two points of a difference.
STEP = 3e-3
# The same for a second, shorter difference.
SHORT_STEP = 1.5e-3
# How far a log determinant may be from that of the differences:
# in float32 four planar layers are off by 4e-4.
LOG_DET_TOLERANCE = 5e-3
# How far the log determinants of the two steps may disagree.
STEPS_TOLERANCE = 2e-3
# The share of the points where a difference may consist of rounding.
SHARE_OF_OUTLIERS = 0.1
# The share of the points that must fit. A network of ReLUs may bend within a step; then the
# differences of a right map are off, and that is not always seen.
SHARE_THAT_FITS = 0.75


def jacobians_by_differences(function: Callable, z: np.ndarray, step: float = STEP) -> np.ndarray:
    """Returns the Jacobians of a map at the rows of `z` `[n, K]`. Shape `[n, K, K]`.

    Args:
        function: The map, from points `[m, K]` to points `[m, K]`. It is called once, with the rows
            of `z` repeated 2 K times in the same order.
        z: Where. Shape `[n, K]`.
        step: Half the distance between the two points of a difference.
    """
    z = np.asarray(z, np.float32)
    size = z.shape[1]
    steps = np.repeat(np.float32(step) * np.eye(size, dtype=np.float32), len(z), axis=0).reshape(
        size, len(z), size
    )
    ends = np.stack([z + steps, z - steps])
    values = function(ends.reshape(-1, size)).reshape(2, size, len(z), size)
    # The step as it is after rounding to float32.
    width = np.max(ends[0].astype(float) - ends[1], axis=-1)
    return np.einsum("jni->nij", (values[0] - values[1]) / width[..., np.newaxis])


def log_dets_by_differences(
    function: Callable, z: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns log abs det of a map's Jacobians at the rows of `z`, their signs, which are reliable.

    Each has the shape `[n]`. If the map bends within a step, or loses too many digits in float32,
    two steps of different length disagree.
    """
    (signs, wide), (_, narrow) = (
        np.linalg.slogdet(jacobians_by_differences(function, z, step))
        for step in (STEP, SHORT_STEP)
    )
    # A determinant of 0 has the logarithm -inf.
    with np.errstate(invalid="ignore"):
        return wide, signs, np.abs(wide - narrow) < STEPS_TOLERANCE


def quantile_range(values: np.ndarray) -> np.ndarray:
    """Returns the range of values along the first axis, without the few that rounding may move."""
    low, high = np.quantile(values, (SHARE_OF_OUTLIERS, 1 - SHARE_OF_OUTLIERS), axis=0)
    return high - low
