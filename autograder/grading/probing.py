"""Asks a student's process for a question's values, and turns replies into answers to judge."""

import contextlib

from vikit import judging
from vikit.protocol import wire
from vikit.protocol.client import Student

from .run import GaveUp, NotebookRun

__all__ = ["ask_cases", "ask_twice"]


def ask_cases(
    run: NotebookRun, question: judging.DrawnQuestion, path: str, seconds: float
) -> dict[str, judging.Answer]:
    """Returns a dict from each case of `question` to the student's `judging.Answer`.

    The cases share the question's time. After a case that hung or ended the process the others are
    not asked: they would probably do the same, and the notebook would have to run again for each.

    Args:
        run: The running notebook.
        question: The `judging.DrawnQuestion`.
        path: The function's name in the notebook.
        seconds: The time of all cases together.

    Raises:
        GaveUp, KernelError: As `run.ready`.
    """
    cases = sorted(question.cases, key=lambda case: case.kind != judging.GENERIC)
    outputs = len(question.outputs) or None
    run.ready()
    until = run.asking + seconds
    replies = Student(run, seconds).calls(path, [case.arguments for case in cases], outputs)
    if replies[-1].status == "crashed":
        # Replies that it sent before may be lost, and a thread of another
        # question may have ended it.
        run.end()
        # If the notebook cannot be run again the replies so far count.
        with contextlib.suppress(GaveUp):
            replies = ask_one_by_one(run, path, cases, outputs, until)
    replies += replies[-1:] * (len(cases) - len(replies))
    return {
        case.name: as_answer(reply, seconds) for case, reply in zip(cases, replies, strict=True)
    }


def ask_twice(
    run: NotebookRun,
    question: judging.DrawnQuestion,
    path: str,
    case: judging.DrawnCase,
    seconds: float,
) -> list[judging.Answer]:
    """Returns the answers to a case asked twice in a row, without a new seed between the two.

    Args:
        run: The running notebook.
        question: The `judging.DrawnQuestion`.
        path: The function's name in the notebook.
        case: The `judging.DrawnCase`.
        seconds: The time of both calls together.

    Raises:
        GaveUp, KernelError: As `run.ask`.
    """
    replies = Student(run, seconds).calls(path, [case.arguments] * 2, len(question.outputs) or None)
    return [as_answer(reply, seconds) for reply in replies]


def ask_one_by_one(
    run: NotebookRun, path: str, cases: list[judging.DrawnCase], outputs: int | None, until: float
) -> list[wire.Reply]:
    """Returns a fresh kernel's replies, up to the first case that hangs or ends the process.

    A death is blamed on a case only if it happens in a kernel that was asked nothing else, and no
    cell alone brings it about. All asking ends when the notebook was asked for `until` seconds.
    """

    def reply_to(case: judging.DrawnCase) -> wire.Reply:
        run.ready()
        return Student(run, max(until - run.asking, 0.1)).call(
            path, case.arguments, outputs=outputs
        )

    replies: list[wire.Reply] = []
    for case in cases:
        reply = reply_to(case)
        if reply.status == "crashed" and replies:
            run.end()
            reply = reply_to(case)
        if reply.status == "crashed" and run.was_ended_by_a_cell():
            reply = reply_to(case)
        replies.append(reply)
        if reply.status in ("timeout", "crashed"):
            break
    return replies


def as_answer(reply: wire.Reply, seconds: float) -> judging.Answer:
    """Returns the `judging.Answer` of a `wire.Reply`; that of a timeout says the limit."""
    text = (
        f"a question has {seconds:g} s for all of its cases"
        if reply.status == "timeout"
        else reply.text
    )
    return judging.Answer(reply.status, reply.values, reply.kind, reply.line, text)
