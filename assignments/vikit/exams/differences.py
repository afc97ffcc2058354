"""Jacobians and log determinants of maps by central differences of their values, and where these can be relied on."""

import numpy as np

__all__ = [
    "LOG_DET_TOLERANCE",
    "SHARE_OF_OUTLIERS",
    "SHORT_STEP",
    "STEP",
    "jacobians_by_differences",
    "log_dets_by_differences",
    "quantile_range",
]

# Half the distance of the two points of a difference, and a shorter one.
STEP, SHORT_STEP = 3e-3, 1.5e-3
# How far a log determinant may be from what the differences say (in float32 those of four planar layers are off by 4e-4), and
# how far the differences of the two steps may disagree.
LOG_DET_TOLERANCE, STEPS_TOLERANCE = 5e-3, 2e-3
# At this share of the points a difference is that of rounding.
SHARE_OF_OUTLIERS = 0.1


def jacobians_by_differences(mapped, z, step=STEP):
    """Returns the Jacobians of `mapped`, from `[n, K]` to `[n, K]`, at each row of `z`. Shape `[B, K, K]`.

    All points go in one call, the rows of `z` repeated 2 K times in the same order.
    """
    z = np.asarray(z, np.float32)
    size = z.shape[1]
    steps = np.repeat(np.float32(step) * np.eye(size, dtype=np.float32), len(z), axis=0).reshape(size, len(z), size)
    ends = np.stack([z + steps, z - steps])
    values = mapped(ends.reshape(-1, size)).reshape(2, size, len(z), size)
    # What float32 made of the step.
    width = np.max(ends[0].astype(float) - ends[1], axis=-1)
    return np.einsum("jbi->bij", (values[0] - values[1]) / width[..., np.newaxis])


def log_dets_by_differences(mapped, z):
    """Returns log abs det of the Jacobians of `mapped` at the rows of `z`, their signs, and for which rows they are reliable.

    Where the map bends within a step, or float32 keeps too little of it, two steps of different length disagree.
    """
    (signs, wide), (_, narrow) = (
        np.linalg.slogdet(jacobians_by_differences(mapped, z, step)) for step in (STEP, SHORT_STEP)
    )
    # A determinant of 0 has the logarithm -inf.
    with np.errstate(invalid="ignore"):
        return wide, signs, np.abs(wide - narrow) < STEPS_TOLERANCE


def quantile_range(values):
    """Returns how far apart values are along the first axis, but for the few that rounding has moved."""
    low, high = np.quantile(values, (SHARE_OF_OUTLIERS, 1 - SHARE_OF_OUTLIERS), axis=0)
    return high - low
