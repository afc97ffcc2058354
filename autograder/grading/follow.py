"""Follow-through: a mistake made in an earlier question costs once.

Where a task says that it builds on earlier ones, an answer that is right *given the student's own earlier values* gets its
points. These values are asked for on this question's inputs, and put into the reference formula here, outside. They count
only if they are those of the listed mistake under which the earlier answer was recognised: values made up to fit a wrong
answer earn nothing.
"""

from dataclasses import replace

import numpy as np
from vikit import judge

from autograder.tasks import values_on, widened

from .probing import Student


def through(run, task, question, verdict, given, earlier, assignment):
    """Returns the better of `verdict` and the one that takes the student's own earlier values for right.

    Args:
        run: The running notebook.
        task: The `Task`, with `follows`.
        question: Its `judge.Question`.
        verdict: The verdict as it stands.
        given: The student's answers, by case.
        earlier: The verdicts on the questions before, by name.
        assignment: The `Assignment` that all of them belong to.
    """
    tasks = {other.name: other for other in assignment.tasks}
    wrong = [name for name in task.follows.needs if name in earlier and recognised(earlier[name])]
    if not wrong:
        return verdict
    followed = []
    for case in question.cases:
        values = {name: own_values(run, task, case, tasks[name], earlier[name]) for name in task.follows.needs}
        if any(value is None for value in values.values()):
            return verdict
        expected = task.follows.formula([widened(argument) for argument in case.arguments], values)
        expected = expected if isinstance(expected, tuple) else (expected,)
        followed.append(replace(case, expected=tuple(np.asarray(part, np.float64) for part in expected), wrong={}))
    second = judge.judge(replace(question, cases=tuple(followed), mistakes=()), given)
    if second.score <= verdict.score:
        return verdict
    names = " and ".join(wrong)
    message = f"{second.message} Graded with your own {names}, so that the mistake there costs only once."
    return replace(second, message=message, follows=names, mistake=None)


def recognised(verdict):
    return verdict.status in ("wrong", "partial") and verdict.mistake is not None


def own_values(run, task, case, before, verdict):
    """Returns the student's values of the earlier task `before` on this case's inputs; None where they are no evidence."""
    arguments = task.follows.needs[before.name](*case.arguments)
    if verdict.status == "correct":
        return values_on(before, arguments)
    mistaken = values_on(before, arguments, verdict.mistake)
    reply = Student(run, run.limits.question).call(before.name, arguments, outputs=len(before.outputs) or None)
    if mistaken is None or reply.status != "ok" or len(reply.values) != len(mistaken):
        return None
    fits = all(
        got is not None and got.shape == want.shape and judge.is_close(got, want, before)
        for got, want in zip(reply.values, mistaken, strict=True)
    )
    return tuple(np.asarray(value, np.float64) for value in reply.values) if fits else None
