"""What instructors write into a course's folder, read together, and what a gradebook has of it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.coursedir import CourseDirectory

from autograder.grading import classroom

from . import gradebook
from .autograded import automatic_score
from .by_hand import Before, apply_decisions, points_of
from .corrections import ALL, Correction, Decisions, decisions_on, read_corrections
from .corrections import NAME as CORRECTIONS
from .deadlines import read_deadlines
from .directory import open_directory
from .lateness import EXTENSIONS, read_extensions, read_rules, write_extensions, write_penalties
from .recorded import any_recorded
from .requests import read_requests
from .roster import Roster, read_roster
from .sources import read_sources

__all__ = [
    "CourseFiles",
    "finish_assignment",
    "read_course_files",
    "register_assignment",
    "write_lateness",
]


LOST = (
    "there was no gradebook, although grades had been written into one: it was made anew, without "
    "the points and comments that people gave. If you have a backup, put its gradebook.db back"
)


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
        doubts: A line for each row that can do nothing, and where the gradebook was lost.
    """

    folder: Path
    directory: CourseDirectory
    roster: Roster
    due: Mapping[str, datetime | None]
    extensions: Mapping[tuple[str, str], datetime]
    corrections: tuple[Correction, ...]
    doubts: tuple[str, ...] = ()

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
    corrections = tuple(read_corrections(folder))
    strangers = list_strangers(folder, roster, extensions, corrections)
    directory = open_directory(folder)
    lost = [LOST] if any_recorded(folder) and not gradebook.exists(directory.db_url) else []
    return CourseFiles(
        Path(folder),
        directory,
        roster,
        read_deadlines(folder),
        extensions,
        corrections,
        (*strangers, *lost),
    )


# Not fewer arguments: where names of students stand.
def list_strangers(
    folder, roster: Roster, extensions: Iterable[tuple[str, str]], corrections
) -> Iterator[str]:
    """Yields a line for each id in extensions and corrections that is not on the roster.

    Args:
        folder: The course's folder.
        roster: Who takes the course; where it is empty nobody is a stranger.
        extensions: The students who have more time, with their assignments.
        corrections: What was decided after grading.
    """
    ids = {one.id for one in roster.students} | {ALL}
    named = [(EXTENSIONS, student) for student, _ in extensions]
    named += [(CORRECTIONS, one.student) for one in corrections]
    for name, student in dict.fromkeys(named):
        if roster and student not in ids:
            yield f"{Path(folder, name)}: nobody on the roster has the id {student}"


def register_assignment(
    book: Gradebook, files: CourseFiles, assignment: str, released: NotebookNode
) -> dict[str, float]:
    """Writes an assignment's cells into the gradebook; nothing is committed.

    Where a question is out of other points now, the automatic scores of all students are too.

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
    rescale_scores(book, files.folder, assignment, before)
    return before


def rescale_scores(book: Gradebook, folder, assignment: str, before: Mapping[str, float]) -> None:
    """Writes automatic scores of what the questions are out of now, of all students.

    A score keeps its share; that of a question that did not count comes out of the verdict.

    Args:
        book: The gradebook, with the assignment registered.
        folder: The course's folder.
        assignment: The assignment's name.
        before: What the questions were out of before.
    """
    points = points_of(book, assignment)
    others = {name for name, most in before.items() if points.get(name, most) != most}
    if not others:
        return
    verdicts = {
        (verdict["student"], question["name"]): automatic_score(question, points[question["name"]])
        for verdict in classroom.read_all(folder)
        if verdict["assignment"] == assignment
        for question in verdict["questions"]
        if question["name"] in others
    }
    scores: dict[str, dict[str, float | None]] = defaultdict(dict)
    for row in gradebook.grade_rows(book, assignment):
        if row.name in others and row.auto_score is not None:
            exact = verdicts.get((row.student_id, row.name))
            scores[row.student_id][row.name] = rescaled(row, before[row.name], exact)
    gradebook.write_scores(book, assignment, scores)


def rescaled(row, before: float, exact: float | None) -> float:
    """Returns an automatic score of as many points as there are now.

    Args:
        row: The row of the gradebook.
        before: What the question was out of.
        exact: The score in the verdict, which may be newer; None where there is none.
    """
    if not before:
        return float(row.auto_score) if exact is None else exact
    share = row.auto_score * row.max_score / before
    # Rounded shares would drift.
    is_same = exact is not None and abs(exact - share) <= gradebook.ROUNDING
    return float(exact) if is_same and exact is not None else round(share, 4)


def finish_assignment(
    book: Gradebook, files: CourseFiles, assignment: str, before: Before
) -> list[str]:
    """Writes what follows from scores: decisions, extensions, penalties; nothing is committed.

    Args:
        book: The gradebook, with the scores of the assignment.
        files: The course's files.
        assignment: The assignment's name.
        before: What the gradebook was before.

    Returns:
        A line for each decision on a question that is not there.

    Raises:
        OSError: If it cannot be written down what points were before a decision.
    """
    apply_decisions(book, files.folder, assignment, files.decisions(assignment), before)
    write_lateness(book, files, assignment)
    questions = points_of(book, assignment)
    decided = {one.question for one in files.corrections if one.assignment == assignment}
    return [
        f"{Path(files.folder, CORRECTIONS)}: {assignment} has no question {name}"
        for name in sorted(decided - {*questions})
    ]


def write_lateness(book: Gradebook, files: CourseFiles, assignment: str) -> None:
    """Writes when an assignment is due, and what being late costs; nothing is committed.

    Args:
        book: The gradebook, with the assignment registered.
        files: The course's files.
        assignment: The assignment's name.
    """
    if assignment in files.due:
        gradebook.write_deadline(book, assignment, files.due[assignment])
    write_extensions(book, assignment, files.extensions)
    write_penalties(book, files.directory, assignment)
