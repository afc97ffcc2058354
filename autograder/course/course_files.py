"""What instructors write into a course's folder, read together, and what a gradebook has of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory

from autograder.places import FaultyFile

from . import gradebook
from .by_hand import apply_decisions, points_of
from .corrections import Correction, Decisions, decisions_on, read_corrections
from .deadlines import read_deadlines
from .directory import open_directory
from .lateness import EXTENSIONS, read_extensions, read_rules, write_extensions, write_penalties
from .requests import read_requests
from .roster import Roster, read_roster
from .sources import read_sources

__all__ = ["CourseFiles", "finish_assignment", "read_course_files", "register_assignment"]


@dataclass(frozen=True)
class CourseFiles:
    """What instructors have written into a course's folder.

    Attributes:
        folder: The course's folder.
        directory: nbgrader's view of it.
        roster: Who takes the course.
        due: When assignments are due, as `read_deadlines` returns it.
        extensions: Until when students have time, as `read_extensions` returns it.
        corrections: What was decided after grading, the oldest first.
    """

    folder: Path
    directory: CourseDirectory
    roster: Roster
    due: Mapping[str, datetime | None]
    extensions: Mapping[tuple[str, str], datetime]
    corrections: tuple[Correction, ...]

    def decisions(self, assignment: str) -> Decisions:
        """Returns the decisions on an assignment that count."""
        return decisions_on(self.corrections, assignment)


def read_course_files(folder) -> CourseFiles:
    """Returns what instructors have written into a course's folder.

    Raises:
        FaultyFile: If one of the files cannot be read; the text says which, and how to mend it.
    """
    # What is read where it is used is looked at before anything is graded.
    read_rules(folder)
    read_requests(folder)
    read_sources(folder)
    roster, extensions = read_roster(folder), read_extensions(folder)
    ids = {one.id for one in roster.students}
    for student, _ in extensions:
        if roster and student not in ids:
            raise FaultyFile(
                f"{Path(folder, EXTENSIONS)}: nobody on the roster has the id {student}"
            )
    return CourseFiles(
        Path(folder),
        open_directory(folder),
        roster,
        read_deadlines(folder),
        extensions,
        tuple(read_corrections(folder)),
    )


def register_assignment(
    book: Gradebook, files: CourseFiles, assignment: str, released: NotebookNode
) -> dict[str, float]:
    """Writes an assignment's cells and deadline into the gradebook; nothing is committed.

    Args:
        book: The gradebook.
        files: The course's files.
        assignment: The assignment's name.
        released: Its released notebook, with the points that count.

    Returns:
        What the questions were out of before: `finish_assignment` wants it.

    Raises:
        CellsChanged: If the cells are others than those that were graded.
    """
    before = points_of(book, assignment)
    gradebook.register(book, assignment, released)
    if assignment in files.due:
        gradebook.write_deadline(book, assignment, files.due[assignment])
    return before


def finish_assignment(
    book: Gradebook, files: CourseFiles, assignment: str, before: Mapping[str, float]
) -> None:
    """Writes what follows from scores: decisions, extensions, penalties; nothing is committed.

    Args:
        book: The gradebook, with the scores of the assignment.
        files: The course's files.
        assignment: The assignment's name.
        before: What `register_assignment` returned.

    Raises:
        OSError: If it cannot be written down what points were before a decision.
    """
    apply_decisions(book, files.folder, assignment, files.decisions(assignment), before)
    write_extensions(book, assignment, files.extensions)
    write_penalties(book, files.directory, assignment)
