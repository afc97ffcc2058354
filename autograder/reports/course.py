"""Writes what people read into a course's folder: feedback pages, and all verdicts' grades.csv."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from autograder.files import alone, sweep, write_whole
from autograder.names import file_stem

from . import feedback, gradebook
from .class_report import write_class_report

__all__ = ["Course", "write_course", "write_reports"]


@dataclass(frozen=True)
class Course:
    """What the reports of a course say besides its verdicts.

    Attributes:
        standings: What the gradebook says of submissions, by student and assignment.
        names: The names of students, by their ids.
        sections: Their sections.
        seconds: How long each question was asked, by student and assignment.
        title: What the course is called.
        date: When the reports are written.
        besides: Returns the `Besides` of a verdict's page.
    """

    standings: Mapping[tuple[str, str], Any] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    sections: Mapping[str, str] = field(default_factory=dict)
    seconds: Mapping[tuple[str, str], Mapping[str, float]] = field(default_factory=dict)
    title: str = ""
    date: str = ""
    besides: Callable[[dict[str, Any]], feedback.Besides] = lambda _: feedback.Besides()


# Not fewer arguments: what is read and what is waited for are the caller's.
def write_course(verdicts, course: Course, out, read_all, waiting) -> list[dict[str, Any]]:
    """Writes the reports of `verdicts` into `out`, and returns all verdicts that are there.

    Of several graders at once the last to write has read what the others found.

    Args:
        verdicts: Those whose feedback pages are written anew.
        course: What they say besides.
        out: The folder.
        read_all: Returns all verdicts below it.
        waiting: Called if another grader is writing.

    Raises:
        OSError: If something cannot be read or written.
    """
    with alone(out / ".lock", waiting):
        everything = read_all(out)
        write_reports(verdicts, everything, out, course)
        # What students handed in may lie there too.
        sweep(out, ("verdicts", "feedback", "times"))
    return everything


def write_reports(verdicts, everything, out, course: Course | None = None) -> None:
    """Writes the feedback pages, grades.csv and the class report.

    Args:
        verdicts: Those that get a page.
        everything: Those that stand in grades.csv.
        out: The folder.
        course: What they say besides.

    Raises:
        OSError: If something cannot be written.
    """
    course = course or Course()
    for verdict in verdicts:
        path = out / "feedback" / verdict["assignment"] / f"{file_stem(verdict['student'])}.html"
        write_whole(path, feedback.feedback_html(verdict, course.besides(verdict)))
    write_whole(
        out / "grades.csv", gradebook.grades_csv(everything, course.standings, course.names)
    )
    write_class_report(out, everything, course)
