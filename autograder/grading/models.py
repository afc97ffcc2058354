"""Asks a student's process about the properties of a question: a class is judged by what must hold for every right one."""

import time

import numpy as np
from vikit import examinations, properties, wire
from vikit.asking import Student, Unreachable

from autograder.tasks import seed


class UntilDeadline:
    """A running notebook whose requests share the time of one question.

    After one that hung or ended the process every other has the same answer: its objects are gone.
    """

    def __init__(self, run, seconds):
        self.run, self.deadline, self.ended = run, time.monotonic() + seconds, None

    def ask(self, requests, seconds):
        """Returns a `wire.Reply` for each request.

        Raises:
            Unreachable: If the running notebook raises anything.
        """
        if self.ended:
            return [self.ended]
        left = self.deadline - time.monotonic()
        try:
            replies = self.run.ask(requests, left) if left > 0 else [wire.Reply("timeout")]
        except Exception as error:
            raise Unreachable(error) from error
        if replies[-1].status in ("timeout", "crashed"):
            self.ended = replies[-1]
        return replies


def time_for(run, task):
    """Returns the seconds that all properties of a question have together."""
    return max(run.limits.question, task.seconds or 0)


def examine(run, question, task, secret):
    """Returns a dict from the name of each property of `question` to the `judge.Finding` on the student's class.

    The random numbers in what is asked are a function of secret and question alone: the same code gets the same verdict,
    whoever hands it in.

    Raises:
        GaveUp, KernelError: As `run.ask`.
    """
    run.ready()
    asked = properties.Asked(
        student=Student(UntilDeadline(run, time_for(run, task)), None),
        oracle=task.oracle,
        generator=np.random.default_rng(seed(secret, "", "properties", 0, task.name, "")),
    )
    try:
        return properties.examine(question, asked, examinations.KINDS)
    except Unreachable as error:
        raise error.reason from None
