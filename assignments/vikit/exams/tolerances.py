"""How close arrays must be to count as the same: after rounding, or after a second call."""

from collections.abc import Iterable

import numpy as np

__all__ = ["OUTPUT_ATOL", "OUTPUT_RTOL", "are_repeated", "is_repeated", "is_within_rounding"]

# The rounding of float32 in a loss that is put together here from a network's outputs.
OUTPUT_ATOL = 1e-3
OUTPUT_RTOL = 3e-4
# The rounding of float32 between two answers to the same question.
REPEAT_ATOL = 1e-5
REPEAT_RTOL = 1e-5


def is_within_rounding(got: np.ndarray, want: np.ndarray | float) -> bool:
    """Tells whether all values are what they should be, up to the rounding of a network."""
    with np.errstate(all="ignore"):
        return bool(np.all(np.abs(got - want) <= OUTPUT_ATOL + OUTPUT_RTOL * np.abs(want)))


def is_repeated(first: np.ndarray, again: np.ndarray) -> bool:
    """Tells whether a second answer has the same values as the first."""
    return np.allclose(first, again, REPEAT_RTOL, REPEAT_ATOL)


def are_repeated(first: Iterable, again: Iterable) -> bool:
    """Tells whether each array of a second answer has the same values as in the first."""
    return all(is_repeated(*pair) for pair in zip(first, again, strict=True))
