"""Follow-through: a mistake made in an earlier question costs once.

Where a task says that it builds on earlier ones, an answer that is right *given the student's own earlier values* gets its
points. These values are asked for on this question's inputs, and put into the reference formula here, outside. They count
only if they are those of the mistake under which the earlier answer was recognised: values made up to fit a wrong answer
earn nothing.
"""

from dataclasses import replace

import numpy as np
from vikit import judging
from vikit.judging import compare, naming

from autograder.tasks import draw_given, to_float64

from .probing import Student


def follow_through(run, task, question, verdict, given, earlier, assignment):
    """Returns the better of `verdict` and the verdict that puts the student's own earlier values into the formula.

    Args:
        run: The running notebook.
        task: The `Task`, with `follows`.
        question: Its `judging.Question`.
        verdict: The verdict as it stands.
        given: The student's answers, by case.
        earlier: The verdicts on the questions before, by name.
        assignment: The `Assignment` that all of them belong to.
    """
    tasks = {other.name: other for other in assignment.questions}
    needs = task.follows.needs
    wrong = [name for name in needs if is_recognised(earlier.get(name))]
    if not wrong:
        return verdict
    followed, until = [], run.asking + run.limits.question
    for case in question.cases:
        values = {name: own_values(run, tasks[name], earlier[name], needs[name], case, until) for name in needs}
        if any(value is None for value in values.values()):
            return verdict
        expected = task.follows.formula([to_float64(argument) for argument in case.arguments], values)
        expected = expected if isinstance(expected, tuple) else (expected,)
        expected = tuple(np.asarray(part, np.float64) for part in expected)
        if [part.shape for part in expected] != [part.shape for part in case.expected]:
            return verdict
        followed.append(replace(case, expected=expected, wrong={}))
    second = judging.judge(replace(question, cases=tuple(followed), mistakes=()), given)
    if second.score <= verdict.score:
        return verdict
    names = " and ".join(wrong)
    message = f"{second.message} Graded with your own {names}, so that the mistake there costs only once."
    return replace(second, message=message, follows=names, mistake=None)


def is_recognised(verdict):
    """Tells whether a verdict names the mistake of a wrong answer."""
    return verdict is not None and verdict.status in ("wrong", "partial") and verdict.mistake is not None


def own_values(run, before, verdict, need, case, until):
    """Returns the student's values of the earlier task `before` on this case's inputs.

    If the earlier answer was right these are the reference's. None if they are not the values of the recognised mistake.
    """
    earlier = draw_given(before, need(*case.arguments), case.sizes)
    (given,) = earlier.cases
    if verdict.status == "correct":
        return given.expected
    student = Student(run, max(until - run.asking, 0.1))
    reply = student.call(before.name, given.arguments, outputs=len(before.outputs) or None)
    row = naming.answer_row(earlier, {given.name: judging.Answer(reply.status, reply.values)})
    if row is None:
        return None
    prints, names = naming.fingerprints(earlier), verdict.mistake.split(" or ")
    named = np.array([mistake.name in names for mistake in prints.mistakes])
    # What the mistake leaves right on these inputs stands in no row of the fingerprints.
    known = np.vstack([prints.values[named], prints.right])
    if not compare.are_same_rows(known, row, before).any():
        return None
    values = [naming.broadcast_number(value, want) for value, want in zip(reply.values, given.expected, strict=True)]
    if not all(is_usable(value, want) for value, want in zip(values, given.expected, strict=True)):
        return None
    return tuple(
        np.reshape(value, want.shape).astype(float) for value, want in zip(values, given.expected, strict=True)
    )


def is_usable(value, want):
    """Tells whether a later formula can take `value` for `want`: finite numbers in its shape but for axes of size 1."""
    return bool(np.isfinite(value).all()) and np.squeeze(value).shape == np.squeeze(want).shape
