"""Compares answers with expected values: what is close, how large the error is, rough sizes."""

import math

import numpy as np

from .question import LARGEST, Answer, DrawnCase, DrawnQuestion

__all__ = [
    "NUM_FAR_STEPS",
    "are_close",
    "are_same_rows",
    "is_close",
    "relative_error",
    "round_to_one_digit",
    "signs_and_sizes",
    "worst_error",
]


def is_close(got: np.ndarray, want: np.ndarray, question: DrawnQuestion) -> bool:
    """Tells whether every value is within `atol + rtol * abs(want)`. NaN never is.

    Args:
        got: The values of an answer.
        want: The right values, float64. Same shape.
        question: The `DrawnQuestion`, for its tolerance.
    """
    return bool(np.all(are_close(got, want, question)))


def are_close(got: np.ndarray, want: np.ndarray, question: DrawnQuestion) -> np.ndarray:
    """Returns for each value whether it is within `atol + rtol * abs(want)`. NaN never is.

    Args:
        got: The values of an answer.
        want: The right values, float64. Same shape.
        question: The `DrawnQuestion`, for its tolerance.

    Returns:
        Booleans. Same shape.
    """
    with np.errstate(all="ignore"):
        error = np.abs(np.asarray(got, np.float64) - want)
        return (error <= question.atol + question.rtol * np.abs(want)) & np.isfinite(want)


def worst_error(case: DrawnCase, answer: Answer) -> float | None:
    """Returns the answer's largest absolute error to one significant digit, or None."""
    if answer.status != "ok" or len(answer.values) != len(case.expected):
        return None
    worst = 0.0
    for got, want in zip(answer.values, case.expected, strict=True):
        if got.shape != want.shape or got.dtype.kind != "f":
            return None
        with np.errstate(all="ignore"):
            worst = max(worst, float(np.max(np.abs(got.astype(np.float64) - want), initial=0.0)))
        if np.isnan(got).any():
            return None
    return round_to_one_digit(worst) if math.isfinite(worst) else None


def round_to_one_digit(number: float) -> float:
    """Returns a number to one significant digit; 1e308 if that is infinite or too large."""
    rounded = float(f"{number:.0e}")
    return math.copysign(1e308, rounded) if math.isinf(rounded) else rounded


# Sizes are compared in half powers of ten.
STEPS_PER_FACTOR_10 = 2
# A size that is this many steps away is far off: by more than a factor of ten.
NUM_FAR_STEPS = 3
# Smaller sizes count as 0.
SMALLEST_SIZE = 1e-3


def signs_and_sizes(values: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """Returns each value's sign and size in half powers of ten; below SMALLEST_SIZE it is 0."""
    sizes = np.abs(np.asarray(values, np.float64))
    steps = np.floor(STEPS_PER_FACTOR_10 * np.log10(np.maximum(sizes, SMALLEST_SIZE)))
    return np.where(sizes < SMALLEST_SIZE, 0, np.sign(values)), steps


def are_same_rows(rows: np.ndarray, given: np.ndarray, question: DrawnQuestion) -> np.ndarray:
    """Returns for each row whether `given` has the same values.

    Finite values must be close; NaN and infinities must be in the same places.

    Args:
        rows: Shape `[rows, numbers]`, or one row.
        given: One row `[numbers]`, or several `[..., 1, numbers]`.
        question: The `DrawnQuestion`, for its tolerance.
    """
    rows, given = overflow_to_infinity(rows), overflow_to_infinity(given)
    with np.errstate(all="ignore"):
        close = np.abs(given - rows) <= question.atol + question.rtol * np.abs(rows)
    close = np.where(
        np.isfinite(rows) & np.isfinite(given),
        close,
        (rows == given) | (np.isnan(rows) & np.isnan(given)),
    )
    return close.all(axis=-1)


def overflow_to_infinity(values: np.ndarray) -> np.ndarray:
    """Returns `values` with infinity for what float32 cannot hold: students may compute in it."""
    return np.where(np.abs(values) > LARGEST, np.copysign(np.inf, values), values)


def relative_error(got: np.ndarray, want: np.ndarray) -> float:
    """Returns the largest error relative to `want`, over the values where `want` is not 0."""
    with np.errstate(all="ignore"):
        error = np.abs(got - want) / np.abs(want)
    return float(np.max(error, where=want != 0, initial=0.0))
