"""Who would have other points after a decision; nothing is written."""

from dataclasses import dataclass

from autograder.grading import classroom

from . import gradebook
from .autograded import automatic_score
from .beside import notebooks_of
from .by_hand import changed_rows, points_of
from .corrections import Correction, decisions_on
from .course_files import read_course_files

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
    decisions = decisions_on([*files.corrections, decision], assignment)
    notebooks = notebooks_of(folder, [assignment])
    released = notebooks.with_weights(assignment, decisions.weights)
    verdicts = {
        one["student"]: one for one in classroom.read_all(folder) if one["assignment"] == assignment
    }
    course = files.directory
    with gradebook.open_gradebook(course.db_url, course.course_id) as book:
        before = totals(book, assignment)
        most = points_of(book, assignment)
        gradebook.register(book, assignment, released)
        gradebook.write_scores(book, assignment, scores_of(verdicts, released))
        for row_id, values in changed_rows(book, folder, assignment, decisions, most)[0].items():
            gradebook.write_grade(book, row_id, values)
        after = totals(book, assignment)
        book.db.rollback()
    return [
        Change(student, before[student], after[student])
        for student in sorted(before)
        if before[student] != after[student]
    ]


def totals(book, assignment: str) -> dict[str, str]:
    """Returns how many points of how many students have, in words."""
    book.db.flush()
    return {
        student: f"{one.total:g} of {one.out_of:g}"
        for (student, name), one in gradebook.standings(book).items()
        if name == assignment
    }


def scores_of(verdicts, released) -> dict[str, dict[str, float | None]]:
    """Returns the automatic scores of verdicts, by student and question."""
    points = gradebook.points_in(released)
    return {
        student: {
            question["name"]: automatic_score(question, points.get(question["name"], 0.0))
            for question in verdict["questions"]
        }
        for student, verdict in verdicts.items()
    }
