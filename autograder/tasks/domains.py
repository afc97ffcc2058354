"""Numbers from all over a question's domain, to measure what rounding costs in float32."""

import numpy as np

__all__ = ["BATCH", "DIMS", "near", "spread"]

BATCH, DIMS = 400, 5


def spread(generator, limit, size=(BATCH, DIMS)) -> np.ndarray:
    """Returns numbers within +-limit, many of them near 0.

    Args:
        generator: Draws them.
        limit: The largest.
        size: Shape of what comes back.
    """
    return np.clip(
        generator.uniform(-1, 1, size) * limit ** generator.uniform(-2, 1, size), -limit, limit
    )


def near(generator, mu) -> np.ndarray:
    """Returns numbers at distances of 1e-4 to 40 from `mu`."""
    return mu + generator.choice([-1, 1], mu.shape) * 10.0 ** generator.uniform(-4, 1.6, mu.shape)
