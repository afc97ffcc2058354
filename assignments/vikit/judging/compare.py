"""Compares answers with the expected values: what is close, how large the error is, the rough size of a number."""

import math

import numpy as np

from .question import LARGEST

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


def is_close(got, want, question):
    """Tells whether every value is within `atol + rtol * abs(want)`. NaN never is."""
    return bool(np.all(are_close(got, want, question)))


def are_close(got, want, question):
    """Returns for each value whether it is within `atol + rtol * abs(want)`. NaN never is."""
    with np.errstate(all="ignore"):
        error = np.abs(np.asarray(got, np.float64) - want)
        return (error <= question.atol + question.rtol * np.abs(want)) & np.isfinite(want)


def worst_error(case, answer):
    """Returns the largest absolute error of an answer to one significant digit; None where it has no such number."""
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


def round_to_one_digit(number):
    """Returns a number to one significant digit; 1e308 where that is more than any number of float64, or infinite."""
    rounded = float(f"{number:.0e}")
    return math.copysign(1e308, rounded) if math.isinf(rounded) else rounded


# Sizes are compared in half powers of ten. Three steps are more than a factor of ten. Smaller sizes count as 0.
STEPS_PER_FACTOR_10, NUM_FAR_STEPS, SMALLEST_SIZE = 2, 3, 1e-3


def signs_and_sizes(values):
    """Returns the sign and the size of each value, in half powers of ten; what is below SMALLEST counts as 0."""
    sizes = np.abs(np.asarray(values, np.float64))
    steps = np.floor(STEPS_PER_FACTOR_10 * np.log10(np.maximum(sizes, SMALLEST_SIZE)))
    return np.where(sizes < SMALLEST_SIZE, 0, np.sign(values)), steps


def are_same_rows(rows, given, question):
    """Returns for each row whether `given` has the same values: close where finite, the same NaN and infinities elsewhere.

    Args:
        rows: Shape `[rows, numbers]`, or one row.
        given: One row `[numbers]`, or several `[..., 1, numbers]`.
        question: The `Question`, for its tolerance.
    """
    rows, given = overflow_to_infinity(rows), overflow_to_infinity(given)
    with np.errstate(all="ignore"):
        close = np.abs(given - rows) <= question.atol + question.rtol * np.abs(rows)
    close = np.where(
        np.isfinite(rows) & np.isfinite(given), close, (rows == given) | (np.isnan(rows) & np.isnan(given))
    )
    return close.all(axis=-1)


def overflow_to_infinity(values):
    """Returns `values` with infinity instead of what is too large for float32: a student may compute in float32 or float64."""
    return np.where(np.abs(values) > LARGEST, np.copysign(np.inf, values), values)


def relative_error(got, want):
    """Returns the largest error relative to `want`, over the values where that is not 0."""
    with np.errstate(all="ignore"):
        error = np.abs(got - want) / np.abs(want)
    return float(np.max(error, where=want != 0, initial=0.0))
