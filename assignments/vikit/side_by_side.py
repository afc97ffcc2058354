"""Shows one row of public inputs with the student's values and the right ones side by side."""

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import judging
from .judging.compare import is_close
from .protocol import wire

__all__ = ["describe_row", "hides_numbers"]

# The letters of axes along which every row is computed by itself.
ROWS = ("B", "n", "X")
# Arrays with more numbers are shown row by row, with more still by their shape.
MOST_IN_A_LINE, MOST_NUMBERS = 8, 40
# What stands for numbers that are not shown.
HIDDEN = re.compile(r"^  .*(?: = \d+(?: x \d+)* numbers|: a function \(.*\))$", re.MULTILINE)


@dataclass(frozen=True)
class Row:
    """A row of a case: along the axes of `size` the index is `index`; no size: all of the case."""

    size: int | None = None
    index: int = 0

    def format(self, name: str, array: np.ndarray) -> str:
        """Returns "name[index] = values" of this row of an array; all of it if no axis fits."""
        axes = [axis for axis, size in enumerate(array.shape) if size == self.size]
        if not axes:
            return f"{name} = {format_array(array)}"
        place = ", ".join([":"] * axes[0] + [str(self.index)])
        return f"{name}[{place}] = {format_array(array.take(self.index, axes[0]))}"


def describe_row(
    question: judging.DrawnQuestion, answers: dict[str, judging.Answer], function: Callable
) -> list[str]:
    """Returns lines with the row that is most off: its inputs, the values and the right ones.

    Args:
        question: The `judging.DrawnQuestion`, whose cases are public.
        answers: From names of cases to the answers.
        function: The student's function, for the names of its arguments.

    Returns:
        The lines; none where no answer has wrong values in the right shape.
    """
    for case in question.cases:
        answer = answers[case.name]
        for index in range(len(case.expected)) if has_right_shapes(case, answer) else ():
            got, want = np.asarray(answer.values[index], np.float64), case.expected[index]
            if not is_close(got, want, question):
                return list(write_lines(question, case, index, got, function))
    return []


def hides_numbers(message: str) -> bool:
    """Tells whether a message shows no row, or a row without all of its numbers."""
    return "For example, " not in message or bool(HIDDEN.search(message))


def has_right_shapes(case: judging.DrawnCase, answer: judging.Answer) -> bool:
    return answer.status == "ok" and [value.shape for value in answer.values] == [
        want.shape for want in case.expected
    ]


def write_lines(
    question: judging.DrawnQuestion,
    case: judging.DrawnCase,
    index: int,
    got: np.ndarray,
    function: Callable,
) -> Iterator[str]:
    """Yields the lines on output `index` of a case, with the values that came for it."""
    want = case.expected[index]
    row = worst_row(question, index, got, want)
    yield f"For example, {case.name!r}:"
    for name, argument in zip(
        argument_names(function, case.arguments), case.arguments, strict=True
    ):
        yield f"  {format_argument(name, argument, row)}"
    output = question.outputs[index] if question.outputs else "value"
    yield f"  your {row.format(output, got)}"
    yield f"  the right {row.format(output, want)}"


def worst_row(
    question: judging.DrawnQuestion, index: int, got: np.ndarray, want: np.ndarray
) -> Row:
    """Returns the row of an output that is most off in units of the tolerance; NaN is."""
    letters = question.shape.split(" and ")[index:][:1]
    axes = letters[0].strip("[]").split(",") if letters else []
    axis = next((axis for axis, letter in enumerate(axes) if letter in ROWS), None)
    if axis is None or len(axes) != want.ndim:
        return Row()
    with np.errstate(all="ignore"):
        errors = np.abs(got - want) / (question.atol + question.rtol * np.abs(want))
    errors = np.nan_to_num(errors, nan=np.inf, posinf=np.inf)
    others = tuple(other for other in range(want.ndim) if other != axis)
    return Row(want.shape[axis], int(np.argmax(errors.max(axis=others))))


def argument_names(function: Callable, arguments: Sequence[Any]) -> list[str]:
    """Returns the names of a function's arguments, "argument 1" and so on where it tells none."""
    numbered = [f"argument {number}" for number in range(1, len(arguments) + 1)]
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return numbered
    names = [each.name for each in parameters if each.kind is not each.VAR_POSITIONAL]
    return names if len(names) == len(arguments) else numbered


def format_argument(name: str, argument: Any, row: Row) -> str:
    """Returns an argument's part in a row, as text."""
    match argument:
        case wire.Tensor(array) | (np.ndarray() as array):
            return row.format(name, array)
        case wire.BuiltArgument(kind, _):
            return f"{name}: a function ({kind.replace('_', ' ')})"
    return f"{name} = {argument:.6g}"


def format_array(array: np.ndarray) -> str:
    """Returns a number or a short array with six digits, the rows of a longer one in lines of
    their own, and a long one by its shape.
    """
    if array.ndim == 0:
        return f"{float(array):.6g}"
    if array.size > MOST_NUMBERS:
        return f"{' x '.join(map(str, array.shape))} numbers"
    if array.ndim > 1 and array.size > MOST_IN_A_LINE:
        rows = array.reshape(-1, array.shape[-1])
        return "".join(f"\n    {format_row(row)}" for row in rows)
    return format_row(array)


def format_row(array: np.ndarray) -> str:
    text = np.array2string(array, separator=", ", formatter={"float": "{:.6g}".format})
    return " ".join(text.split())
