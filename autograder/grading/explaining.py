"""A question of a submission, asked again for the eyes of whoever teaches: inputs and values."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from vikit import judging
from vikit.protocol import wire

from autograder import tasks
from autograder.reference import device as devices

from . import notebook, verdict
from .judge import Judge
from .submission import Submission

__all__ = ["AskedCase", "Explanation", "ask_again", "shown_array"]


@dataclass(frozen=True)
class AskedCase:
    """A case as it was asked, with hidden inputs: not for students.

    Attributes:
        name: The case's name.
        kind: "generic" or "edge".
        passed: Whether the answer is right.
        arguments: What the function was called with, as text.
        expected: The right values.
        answer: What came back.
        apart: The largest difference between the two; None where there are no values.
    """

    name: str
    kind: str
    passed: bool
    arguments: tuple[str, ...]
    expected: tuple[np.ndarray, ...]
    answer: judging.Answer
    apart: float | None


@dataclass(frozen=True)
class Explanation:
    """What came of asking again: the verdict, and the cases of a function."""

    verdict: judging.Verdict
    cases: tuple[AskedCase, ...]


def ask_again(conditions: verdict.Conditions, item: Submission, question_name: str) -> Explanation:
    """Returns the explanation of one question, with the inputs that it was graded on.

    Args:
        conditions: The `Conditions` under which the class was graded.
        item: The submission.
        question_name: The name of a question that it has.

    Raises:
        UnreadableNotebook: If there is nothing that can be read.
        KernelError, OSError, MemoryError: If this machine fails.
    """
    assignment = tasks.load(item.assignment)
    question = next(one for one in assignment.questions if one.name == question_name)
    if item.path is None:
        raise notebook.UnreadableNotebook(item.notice)
    content = verdict.notebook_in(item.path, item.assignment)
    slim = notebook.strip_outputs(content, conditions.limits.bounds.scratch // 2)
    cells = notebook.read_cells(slim, notebook.read_released(item.assignment))
    with devices.on(conditions.device):
        drawn = verdict.draw_question(
            item.assignment, question, item.student, conditions.secret, verdict.digest(item.path)
        )
        if isinstance(drawn, judging.Verdict):
            return Explanation(drawn, ())
        with (
            verdict.copied(conditions, slim, f"{item.assignment}.ipynb") as own,
            verdict.open_run(conditions, assignment, own, cells) as run,
        ):
            judge = Judge(run, assignment, cells, conditions.secret)
            if not question.cases:
                return Explanation(judge.judge_one(drawn, question), ())
            judged, given = judge.judge_cases(drawn)
    return Explanation(judged, tuple(asked_cases(drawn, judged, given)))


def asked_cases(drawn: judging.DrawnQuestion, judged: judging.Verdict, given) -> list[AskedCase]:
    """Returns the cases with the answers to them; given: from a case's name to its answer."""
    passed = {case.name: case.passed for case in judged.cases}
    return [
        AskedCase(
            case.name,
            case.kind,
            passed.get(case.name, False),
            tuple(map(shown, case.arguments)),
            case.expected,
            given[case.name],
            largest_difference(case.expected, given[case.name]),
        )
        for case in drawn.cases
        if case.name in given
    ]


def largest_difference(expected, answer: judging.Answer) -> float | None:
    """Returns how far an answer is from the right values at most; None where that says nothing."""
    pairs = list(zip(expected, answer.values, strict=False))
    if answer.status != "ok" or len(answer.values) != len(expected):
        return None
    if any(np.shape(right) != np.shape(value) for right, value in pairs):
        return None
    with np.errstate(all="ignore"):
        return max((float(np.max(np.abs(value - right))) for right, value in pairs), default=None)


def shown(argument: Any) -> str:
    """Returns an argument of a student's function as text."""
    match argument:
        case wire.Tensor(array):
            return shown_array(array)
        case wire.BuiltArgument(kind, arrays):
            return f"{kind} of {', '.join(map(shown_array, arrays))}"
        case np.ndarray():
            return shown_array(argument)
    return repr(argument)


def shown_array(array) -> str:
    """Returns an array as text: its type, shape and numbers, the middle of many left out."""
    array = np.asarray(array)
    text = np.array2string(array, precision=6, threshold=40, edgeitems=3, max_line_width=88)
    return f"{array.dtype} {list(array.shape)}\n{text}"
