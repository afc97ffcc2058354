"""Gradients that the student's process claims, against differences of its own values."""

from collections.abc import Iterable

import numpy as np

from .differences import SHARE_THAT_FITS
from .exam import Exam, PropertyFailed, as_tensors, check_array, require_ok

__all__ = ["check_derivatives", "claimed_gradients"]

# How far derivatives of a model's values may be from differences.
DERIVATIVE_ATOL = 0.02
# The same as a share of the derivative.
DERIVATIVE_RTOL = 0.05


def claimed_gradients(
    exam: Exam,
    path: str,
    arguments: Iterable[np.ndarray],
    cotangents: list[np.ndarray],
    further: Iterable[float] = (),
) -> list[np.ndarray]:
    """Returns the gradients in all arguments by the student's process; 0 where it has none.

    Args:
        exam: The `Exam`.
        path: A function in the student's process.
        arguments: Arrays that it takes by position.
        cotangents: An array for each output, of its shape.
        further: Numbers that it takes after them.
    """
    given = list(arguments)
    reply = exam.student.vjp(path, [*as_tensors(given), *further], cotangents)
    values = require_ok(reply).values
    found = []
    for argument, gradient in zip(given, values, strict=True):
        if gradient is not None:
            check_array(gradient, argument.shape)
        found.append(np.zeros(argument.shape) if gradient is None else gradient.astype(np.float64))
    return found


def check_derivatives(seen: np.ndarray, what: str, where: str, mistake: str) -> None:
    """Raises `PropertyFailed` unless claimed derivatives are those of differences.

    What the student's process says is compared with differences of its values where these are
    reliable: where a ReLU is off, or a tanh is saturated, both are 0.

    Args:
        seen: The same derivatives as claimed, by long steps and by short ones. Shape `[3, n]`.
        what: What is differentiated, for messages.
        where: What in, for messages.
        mistake: The name of the mistake.
    """
    claimed, wide, narrow = seen
    slack = DERIVATIVE_ATOL + DERIVATIVE_RTOL * np.abs(narrow)
    reliable = np.abs(wide - narrow) < slack / 2
    agree = np.abs(claimed - narrow) < slack
    # Those that are not 0 must fit by themselves too: there may be few of them.
    for chosen in (reliable, reliable & (np.abs(narrow) > 2 * slack)):
        if chosen.any() and not agree[chosen].mean() >= SHARE_THAT_FITS:
            raise PropertyFailed(
                f"the gradient of {what} that reaches {where} is not that of its values"
                if claimed.any()
                else f"no gradient of {what} reaches {where}",
                mistake,
            )
