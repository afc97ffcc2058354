"""Who would have other points after a decision; nothing is written."""

from dataclasses import dataclass

from . import gradebook
from .beside import notebooks_of
from .by_hand import Before, changed_rows
from .corrections import Correction, Decisions, decisions_on
from .course_files import (
    CourseFiles,
    read_course_files,
    register_assignment,
    write_lateness,
)

__all__ = ["Change", "preview"]


@dataclass(frozen=True)
class Change:
    """What a decision does to a student's points, in words: "77 of 100"."""

    student: str
    before: str
    after: str


def preview(folder, decision: Correction) -> list[Change]:
    """Returns whose points a decision would change, by student.

    Args:
        folder: The course's folder.
        decision: The decision.

    Raises:
        FaultyFile: If one of the course's files cannot be read.
        SQLAlchemyError: If the gradebook cannot be read.
    """
    files, assignment = read_course_files(folder), decision.assignment
    if not gradebook.exists(files.directory.db_url):
        return []
    before, after = (
        totals_under(files, decisions_on(corrections, assignment), assignment)
        for corrections in (files.corrections, [*files.corrections, decision])
    )
    return [
        Change(student, before[student], after[student])
        for student in sorted(before)
        if before[student] != after[student]
    ]


def totals_under(files: CourseFiles, decisions: Decisions, assignment: str) -> dict[str, str]:
    """Returns the points of all students under decisions, in words; nothing is written."""
    notebooks, course = notebooks_of(files.folder, [assignment]), files.directory
    released = notebooks.with_weights(assignment, decisions.weights)
    with gradebook.open_gradebook(course.db_url, course.course_id) as book:
        most = register_assignment(book, files, assignment, released)
        found, _ = changed_rows(book, files.folder, assignment, decisions, Before(most))
        for row_id, values in found.items():
            gradebook.write_grade(book, row_id, values)
        write_lateness(book, files, assignment)
        after = totals(book, assignment)
        book.db.rollback()
    return after


def totals(book, assignment: str) -> dict[str, str]:
    """Returns how many points students have, in words."""
    book.db.flush()
    return {
        student: f"{one.total:g} of {one.out_of:g}"
        for (student, name), one in gradebook.standings(book).items()
        if name == assignment
    }
