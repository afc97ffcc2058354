"""Writes what people read into a course's folder: feedback pages, and all verdicts' grades.csv."""

from typing import Any

from autograder.files import alone, sweep, write_whole
from autograder.names import file_stem

from . import feedback, gradebook

__all__ = ["write_course", "write_reports"]


# Not fewer arguments: what is read and what is waited for are the caller's.
def write_course(verdicts, standings, out, read_all, waiting) -> list[dict[str, Any]]:
    """Writes the reports of `verdicts` into `out`, and returns all verdicts that are there.

    Of several graders at once the last to write has read what the others found.

    Args:
        verdicts: Those whose feedback pages are written anew.
        standings: What the gradebook says of submissions, by student and assignment.
        out: The folder.
        read_all: Returns all verdicts below it.
        waiting: Called if another grader is writing.

    Raises:
        OSError: If something cannot be read or written.
    """
    with alone(out / ".lock", waiting):
        everything = read_all(out)
        write_reports(verdicts, everything, out, standings)
        # What students handed in may lie there too.
        sweep(out, ("verdicts", "feedback"))
    return everything


def write_reports(verdicts, everything, out, standings=None) -> None:
    """Writes the feedback pages and grades.csv.

    Args:
        verdicts: Those that get a page.
        everything: Those that stand in grades.csv.
        out: The folder.
        standings: What the gradebook says of submissions, by student and assignment.

    Raises:
        OSError: If something cannot be written.
    """
    for verdict in verdicts:
        path = out / "feedback" / verdict["assignment"] / f"{file_stem(verdict['student'])}.html"
        write_whole(path, feedback.feedback_html(verdict))
    write_whole(out / "grades.csv", gradebook.grades_csv(everything, standings or {}))
