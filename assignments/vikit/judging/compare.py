"""Comparing numbers: what is close, how far off it is, and its rough size."""

import math

import numpy as np

from .question import LARGEST


def is_close(got, want, question):
    """Tells whether every value is within `atol + rtol * abs(want)`. NaN never is."""
    return bool(np.all(are_close(got, want, question)))


def are_close(got, want, question):
    with np.errstate(all="ignore"):
        error = np.abs(np.asarray(got, np.float64) - want)
        return (error <= question.atol + question.rtol * np.abs(want)) & np.isfinite(want)


def worst_error(case, answer):
    """Returns the largest absolute error to one significant digit; None where there is no number to give."""
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
    return one_digit(worst) if math.isfinite(worst) else None


def one_digit(number):
    """Returns a number to one significant digit; 1e308 where that is more than any number of float64, or infinite."""
    rounded = float(f"{number:.0e}")
    return math.copysign(1e308, rounded) if math.isinf(rounded) else rounded


# Half powers of ten. Three steps are more than a factor of ten.
STEPS_OF_TEN, FAR, SMALLEST = 2, 3, 1e-3


def rough(values):
    """Returns the sign and the size of each value, in half powers of ten; what is below SMALLEST counts as 0."""
    sizes = np.abs(np.asarray(values, np.float64))
    steps = np.floor(STEPS_OF_TEN * np.log10(np.maximum(sizes, SMALLEST)))
    return np.where(sizes < SMALLEST, 0, np.sign(values)), steps


def same_rows(rows, given, question):
    """Tells for each row of values whether `given` shows it: close where finite, the same NaN and infinities elsewhere.

    `given` may be several rows, in axes before the last but one.
    """
    rows, given = in_range(rows), in_range(given)
    with np.errstate(all="ignore"):
        close = np.abs(given - rows) <= question.atol + question.rtol * np.abs(rows)
    close = np.where(
        np.isfinite(rows) & np.isfinite(given), close, (rows == given) | (np.isnan(rows) & np.isnan(given))
    )
    return close.all(axis=-1)


def in_range(values):
    """Returns `values` with infinity instead of what is too large for float32: a student may compute in either."""
    return np.where(np.abs(values) > LARGEST, np.copysign(np.inf, values), values)


def relative_error(got, want):
    with np.errstate(all="ignore"):
        error = np.abs(got - want) / np.abs(want)
    return float(np.max(error, where=want != 0, initial=0.0))
