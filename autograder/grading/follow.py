"""Follow-through: a mistake made in an earlier question costs once.

Where a question says that it builds on earlier ones, an answer that is right *given the student's
own earlier values* gets its points. These values are asked for on this question's inputs, and put
into the reference formula here, outside. They count only if they are those of the mistake under
which the earlier answer was recognised: values made up to fit a wrong answer earn nothing.
"""

from dataclasses import dataclass, replace

import numpy as np
from vikit import judging
from vikit.judging import compare, naming, read_back
from vikit.protocol.client import Student

from autograder.tasks import Assignment, draw_given, to_float64

from .run import NotebookRun

__all__ = ["Earlier", "follow_through"]


@dataclass(frozen=True)
class Earlier:
    """What a notebook was found to know before a question.

    Attributes:
        run: The running notebook.
        assignment: The `Assignment`.
        verdicts: The verdicts on the questions before, by name.
    """

    run: NotebookRun
    assignment: Assignment
    verdicts: dict[str, judging.Verdict]

    def values(
        self, name, need, case: judging.DrawnCase, until: float
    ) -> tuple[np.ndarray, ...] | None:
        """Returns the student's values of an earlier question on a case's inputs, or None.

        Args:
            name: Of the earlier question.
            need: From this question's arguments to those of the earlier one.
            case: The `judging.DrawnCase` of this question.
            until: All asking ends when the notebook was asked for so many seconds.
        """
        question = next(question for question in self.assignment.questions if question.name == name)
        return own_values(
            self.run,
            question,
            self.verdicts[name],
            draw_given(question, need(*case.arguments), case.sizes),
            until,
        )


def follow_through(
    earlier: Earlier,
    question,
    drawn: judging.DrawnQuestion,
    verdict,
    given: dict[str, judging.Answer],
) -> judging.Verdict:
    """Returns the better of `verdict` and the one with the student's own earlier values put in.

    Args:
        earlier: The `Earlier`.
        question: The `Question`, with `follows`.
        drawn: Its `judging.DrawnQuestion`.
        verdict: The verdict as it stands.
        given: The student's answers, by case.
    """
    needs = question.follows.needs
    wrong = [name for name in needs if is_recognised(earlier.verdicts.get(name))]
    if not wrong:
        return verdict
    followed, until = [], earlier.run.asking + earlier.run.limits.question
    for case in drawn.cases:
        values = {name: earlier.values(name, need, case, until) for name, need in needs.items()}
        if any(value is None for value in values.values()):
            return verdict
        expected = evaluate_follow(question, case, values)
        if [part.shape for part in expected] != [part.shape for part in case.expected]:
            return verdict
        followed.append(replace(case, expected=expected, wrong={}))
    second = judging.judge(replace(drawn, cases=tuple(followed), mistakes=()), given)
    if second.score <= verdict.score:
        return verdict
    names = " and ".join(wrong)
    message = (
        f"{second.message} Graded with your own {names}, so that the mistake there costs only once."
    )
    return replace(second, message=message, follows=names, mistake=None)


def evaluate_follow(question, case: judging.DrawnCase, values) -> tuple[np.ndarray, ...]:
    """Returns the question's formula at the student's own earlier values: float64 arrays."""
    expected = question.follows.formula(
        [to_float64(argument) for argument in case.arguments], values
    )
    expected = expected if isinstance(expected, tuple) else (expected,)
    return tuple(np.asarray(part, np.float64) for part in expected)


def is_recognised(verdict) -> bool:
    """Tells whether it is known what a wrong answer computes: it has a name, or was read back."""
    return (
        verdict is not None
        and verdict.status in ("wrong", "partial")
        and (verdict.mistake is not None or verdict.read_back is not None)
    )


def own_values(
    run: NotebookRun, question, verdict, drawn: judging.DrawnQuestion, until: float
) -> tuple[np.ndarray, ...] | None:
    """Returns the student's values of an earlier question on the inputs of its only case.

    If the earlier answer was right these are the reference's. None if they are not the values of
    the recognised mistake, or of what was read back.
    """
    (case,) = drawn.cases
    if verdict.status == "correct":
        return case.expected
    student = Student(run, max(until - run.asking, 0.1))
    reply = student.call(question.name, case.arguments, outputs=len(question.outputs) or None)
    row = naming.answer_row(drawn, {case.name: judging.Answer(reply.status, reply.values)})
    if row is None or not is_as_before(row, drawn, verdict):
        return None
    values = [
        naming.broadcast_number(value, want)
        for value, want in zip(reply.values, case.expected, strict=True)
    ]
    if not all(is_usable(value, want) for value, want in zip(values, case.expected, strict=True)):
        return None
    return tuple(
        np.reshape(value, want.shape).astype(float)
        for value, want in zip(values, case.expected, strict=True)
    )


def is_as_before(row: np.ndarray, drawn: judging.DrawnQuestion, verdict) -> bool:
    """Tells whether an answer is what the earlier one was recognised as."""
    if verdict.read_back is None:
        return is_of_the_mistake(row, drawn, verdict.mistake.split(" or "))
    # Made up: whoever returns one number everywhere computes nothing that another question needs.
    if read_back.is_one_number(row, drawn):
        return False
    (case,) = drawn.cases
    values = {case.name: read_back.predict(drawn, verdict.read_back, case)}
    return bool(compare.are_same_rows(naming.flatten(drawn, values), row, drawn))


def is_of_the_mistake(row: np.ndarray, drawn: judging.DrawnQuestion, names) -> bool:
    """Tells whether an answer is what one of the mistakes `names` gives.

    What the mistake leaves right on these inputs stands in no row of the fingerprints.
    """
    prints = naming.fingerprints(drawn)
    named = np.array([mistake.name in names for mistake in prints.mistakes])
    return bool(
        compare.are_same_rows(np.vstack([prints.values[named], prints.right]), row, drawn).any()
    )


def is_usable(value, want) -> bool:
    """Tells whether a later formula can take `value` for `want`: finite, and of its shape.

    Axes of size 1 are free.
    """
    return bool(np.isfinite(value).all()) and np.squeeze(value).shape == np.squeeze(want).shape
