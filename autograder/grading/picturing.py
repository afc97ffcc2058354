"""Asks a student's process for what the page draws of a wrong answer, beside the right values."""

import math

from vikit import judging
from vikit.protocol.client import Student

from autograder.tasks.pictures import Picture, right_values, shown_values

from .run import NotebookRun

__all__ = ["draw_pictures"]

# Two curves are told apart by eye where they differ by this share of what the right one spans.
VISIBLE = 0.02


def draw_pictures(
    run: NotebookRun, question, paths, until: float
) -> tuple[judging.PictureValues, ...]:
    """Returns the pictures of a question on which an answer is seen to differ from the right one,
    the plainest first.

    Args:
        run: The running notebook.
        question: The `Question`.
        paths: What the function may be called in the notebook.
        until: How long the notebook has been asked for when the pictures' time is up.

    Raises:
        GaveUp, KernelError: As `run.ready`.
    """
    drawn = []
    for picture in question.pictures:
        run.ready()
        if run.asking >= until:
            break
        given = given_values(Student(run, until - run.asking), question, picture, paths)
        if given:
            right = right_values(question, picture)
            label = label_of(question, picture)
            values = judging.PictureValues(label, picture.inputs, tuple(given), tuple(right))
            drawn.append((visible_difference(given, right), values))
    drawn.sort(key=lambda one: -min(one[0], 1.0))
    return tuple(values for difference, values in drawn if difference > VISIBLE)


def label_of(question, picture: Picture) -> str:
    """Returns what is drawn: the call, and which part of what it gives."""
    output = f", {question.outputs[picture.output]}" if question.outputs else ""
    row = "" if picture.row is None else f", row {picture.row}"
    entry = "" if picture.column is None else f", entry {picture.column}"
    return f"{question.name} at {picture.label}{output}{row}{entry}"


def given_values(student: Student, question, picture: Picture, paths) -> list[float | None]:
    """Returns what an answer gives for a picture, as `shown_values` does; empty for no values."""
    for path in paths:
        replies = student.calls(path, picture.rounds, len(question.outputs) or None)
        if len(replies) == len(picture.rounds) and all(reply.status == "ok" for reply in replies):
            return shown_values(picture, [reply.values for reply in replies])
        if replies[-1].status != "missing":
            break
    return []


def visible_difference(given, right) -> float:
    """Returns how far two rows of numbers are apart at most, as a share of what the right ones
    span; infinite where only one of two is finite.
    """
    finite = [number for number in right if number is not None]
    span = max(finite) - min(finite) or max(map(abs, finite)) or 1.0
    return max(
        (0.0 if one is other else math.inf)
        if one is None or other is None
        else abs(one - other) / span
        for one, other in zip(given, right, strict=True)
    )
