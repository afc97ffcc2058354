"""Asks a student's process about a question's properties: what holds for every right class."""

import contextlib

import numpy as np
from vikit import judging
from vikit.exams import Exam
from vikit.exams import examine as examine_properties
from vikit.protocol import wire
from vikit.protocol.client import Student, Unreachable

from autograder.tasks import seed

from .run import GaveUp, NotebookRun

__all__ = ["examine", "time_for"]


class UntilDeadline:
    """A running notebook that is asked until it was asked for so many seconds in all.

    After one that hung or ended the process every other has the same answer: its objects are gone.
    """

    def __init__(self, run: NotebookRun, until) -> None:
        self.run, self.until = run, until
        self.ended: wire.Reply | None = None

    def ask(self, requests, seconds) -> list[wire.Reply]:
        """Returns a `wire.Reply` for each request.

        Raises:
            Unreachable: If the running notebook raises anything.
        """
        if not self.ended and self.run.has_died():
            self.ended = wire.Reply("crashed")
        if self.ended:
            return [self.ended]
        left = self.until - self.run.asking
        try:
            replies = self.run.ask(requests, left) if left > 0 else [wire.Reply("timeout")]
        except Exception as error:
            raise Unreachable(error) from error
        if replies[-1].status in ("timeout", "crashed"):
            self.ended = replies[-1]
        return replies


def time_for(run: NotebookRun, question) -> float:
    """Returns the seconds that all properties of a question have together."""
    return max(run.limits.question, question.seconds or 0)


def examine(
    run: NotebookRun, drawn: judging.DrawnQuestion, question, secret: bytes
) -> dict[str, judging.Finding]:
    """Returns a dict from each property of `drawn` to the `judging.Finding` on the student's class.

    The random numbers in what is asked are a function of secret and question alone: the same code
    gets the same verdict, whoever hands it in. A death is blamed on the class only if it happens in
    a kernel that was asked nothing else, and no cell alone brings it about.

    Args:
        run: The running notebook.
        drawn: The `judging.DrawnQuestion`.
        question: The `Question`, with its oracle.
        secret: The course's secret, bytes.

    Raises:
        GaveUp, KernelError: As `run.ask`.
    """
    run.ready()
    found = examine_once(run, drawn, question, secret)
    # Where the notebook cannot be run any more, what was found stands.
    with contextlib.suppress(GaveUp):
        if has_ended(found):
            run.end()
            found = examine_once(run, drawn, question, secret)
        if has_ended(found) and run.was_ended_by_a_cell():
            found = examine_once(run, drawn, question, secret)
    return found


def has_ended(found) -> bool:
    return any(finding.status == "crashed" for finding in found.values())


def examine_once(
    run: NotebookRun, drawn: judging.DrawnQuestion, question, secret: bytes
) -> dict[str, judging.Finding]:
    """As `examine`, in the kernel that there is."""
    run.ready()
    exam = Exam(
        student=Student(UntilDeadline(run, run.asking + time_for(run, question)), None),
        oracle=question.oracle,
        generator=np.random.default_rng(seed(secret, "", "properties", 0, question.name, "")),
    )
    try:
        return examine_properties(drawn, exam)
    except Unreachable as error:
        raise error.reason from None
