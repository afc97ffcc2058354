"""`totals.csv`: a row for each student, and what each assignment comes to out of 100."""

from pathlib import Path

from nbgrader.api import Gradebook

from .gradebook import standings
from .roster import Student, read_roster
from .tables import write_rows

__all__ = ["NAME", "write_totals"]

NAME = "totals.csv"
STUDENT_COLUMNS = ("id", "name", "email", "lms_id", "section")
WAITING = "to_grade_by_hand"


def write_totals(folder, book: Gradebook) -> None:
    """Writes each student's points for each assignment, as a share of its points, out of 100.

    Who has handed in nothing has 0. The last column counts the answers that wait for a person.

    Args:
        folder: The course's folder.
        book: Its gradebook.

    Raises:
        FaultyFile: If the roster cannot be read.
        OSError: If the table cannot be written.
    """
    there = standings(book)
    assignments = sorted({assignment for _, assignment in there})
    students = [*read_roster(folder).students]
    others = {name for name, _ in there} - {one.id for one in students}
    students += map(Student, sorted(others))
    rows = []
    for student in students:
        own = [there.get((student.id, assignment)) for assignment in assignments]
        rows.append(
            (
                *(getattr(student, column) for column in STUDENT_COLUMNS),
                *(one.percent if one else 0.0 for one in own),
                sum(one.to_grade_by_hand for one in own if one),
            )
        )
    write_rows(Path(folder, NAME), (*STUDENT_COLUMNS, *assignments, WAITING), rows)
