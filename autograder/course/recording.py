"""From verdicts to what nbgrader keeps: a notebook beside each verdict, then the gradebook.

The gradebook is written first, `autograded/` after it, and then what answers that was for. Where a
run is killed in between, the next one compares with the older ones: what has changed is looked at
again.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
from nbgrader.api import Gradebook
from sqlalchemy.exc import SQLAlchemyError

from autograder.files import alone, write_whole
from autograder.grading import notebook as reading
from autograder.grading.classroom import notebook_path
from autograder.grading.folders import FILE, kind
from autograder.grading.submission import NBGRADERS, TIMESTAMP, Submission
from autograder.names import file_stem
from autograder.places import FaultyFile

from . import gradebook
from .autograded import automatic_score
from .beside import Notebooks, notebooks_of
from .by_hand import Before, settle_decisions
from .course_files import (
    CourseFiles,
    finish_assignment,
    read_course_files,
    register_assignment,
)
from .recorded import changed_answers, is_recorded, write_recorded
from .timestamps import HOW_TO_WRITE, parse_timestamp
from .totals import NAME as TOTALS
from .totals import write_totals

__all__ = ["read_timestamp", "record"]

MAX_TIMESTAMP_BYTES = 100
# As nbgrader leaves the files there: nobody is to edit them.
READ_ONLY = 0o444


@dataclass(frozen=True)
class Recording:
    """Where the verdicts on an assignment are written.

    Attributes:
        files: The course's files.
        book: The gradebook.
        assignment: The assignment's name.
        notebooks: Makes the notebooks beside verdicts.
    """

    files: CourseFiles
    book: Gradebook
    assignment: str
    notebooks: Notebooks

    @property
    def folder(self) -> Path:
        """The course's folder, with the verdicts and the notebooks beside them."""
        return self.files.folder


def record(
    folder, found: Mapping[Submission, dict[str, Any]], waiting=lambda: None
) -> tuple[dict[tuple[str, str], gradebook.Standing], list[str]]:
    """Writes verdicts into the gradebook of a course, and their notebooks into its `autograded/`.

    Args:
        folder: The course's folder, with the verdicts and the notebooks beside them.
        found: The verdicts, by submission.
        waiting: Called if another process is writing there.

    Returns:
        (what the gradebook says of all submissions, by student and assignment; a line for each
        thing that could not be written).
    """
    by_assignment: dict[str, dict[Submission, dict]] = defaultdict(dict)
    for item, verdict in found.items():
        by_assignment[item.assignment][item] = verdict
    failures: list[str] = []
    try:
        # What instructors write too is read when nobody else is writing.
        with alone(Path(folder, ".lock"), waiting):
            files = read_course_files(folder)
            standings = write_all(files, by_assignment, failures)
            return standings, [*files.doubts, *failures]
    except FaultyFile as error:
        failures.append(f"nothing was written into the gradebook: {error}")
    except (OSError, SQLAlchemyError) as error:
        failures.append(
            f"the gradebook was not written ({gradebook.describe_failure(error)}): no verdict is "
            "lost, and points given by hand stay; run again when that is mended"
        )
    return {}, failures


def write_all(
    files: CourseFiles, by_assignment: Mapping[str, Mapping], failures: list[str]
) -> dict[tuple[str, str], gradebook.Standing]:
    """Writes verdicts into the gradebook, and returns what it says then.

    Args:
        files: The course's files.
        by_assignment: From assignments to verdicts by submission.
        failures: Hears what could not be written.
    """
    course, folder = files.directory, files.folder
    with gradebook.open_gradebook(course.db_url, course.course_id) as book:
        gradebook.write_roster(book, files.roster.students)
        book.db.commit()
        for name, verdicts_of in by_assignment.items():
            recording = Recording(files, book, name, notebooks_of(folder, [name]))
            try:
                failures += record_assignment(recording, verdicts_of)
            except FaultyFile as error:
                book.db.rollback()
                failures.append(f"{name} was not written into the gradebook: {error}")
        book.db.commit()
        failures += record_totals(folder, book)
        return gradebook.standings(book)


def record_totals(folder, book: Gradebook) -> Iterator[str]:
    """Writes the table of totals; yields a line if it cannot be written."""
    try:
        write_totals(folder, book)
    except OSError as error:
        yield f"{TOTALS} was not written ({error}): run again when it can be"


def record_assignment(
    recording: Recording, found: Mapping[Submission, dict[str, Any]]
) -> Iterator[str]:
    """Writes the verdicts of one assignment; yields a line for each thing that cannot be written.

    Raises:
        OSError, SQLAlchemyError: If the gradebook cannot be written: nothing of it has changed.
    """
    book, assignment = recording.book, recording.assignment
    try:
        before = register_assignment(
            book, recording.files, assignment, recording.notebooks.read(assignment)
        )
    except (gradebook.CellsChanged, FaultyFile) as error:
        book.db.rollback()
        yield f"not written into the gradebook: {error}"
        return
    gradebook.add_students(book, [item.student for item in found])
    sha256 = recording.notebooks.release_sha256(assignment)
    current = {item: one for item, one in found.items() if one["release_sha256"] == sha256}
    if len(current) < len(found):
        yield f"{assignment} was released anew while it was graded: run again"
    news = list(find_news(recording, current))
    made = gradebook.write_grades(book, assignment, [one.graded for one in news])
    yield from finish_assignment(book, recording.files, assignment, Before(before, made))
    book.db.commit()
    settle_decisions(recording.folder, assignment)
    yield from (f"{one.item.label}: {one.notice}" for one in news if one.notice)
    yield from write_autograded(recording, news)


@dataclass(frozen=True)
class News:
    """What the gradebook does not hold yet.

    Attributes:
        item: The submission.
        text: Its notebook's text.
        graded: What the gradebook is to hold.
        notice: What could not be read of it, or "".
    """

    item: Submission
    text: str
    graded: gradebook.Graded
    notice: str


def find_news(recording: Recording, found: Mapping[Submission, dict[str, Any]]) -> Iterator[News]:
    """Yields what the gradebook, or `autograded/`, does not hold yet.

    Who has handed in nothing has no submission there, but where there was one.
    """
    there = gradebook.grades_there(recording.book, recording.assignment)
    for item, verdict in found.items():
        if item.absent and item.student not in there:
            continue
        timestamp, notice = read_timestamp(item)
        text = notebook_path(recording.folder, item).read_text(encoding="utf-8")
        if (
            read_autograded(recording, item) != text
            or not is_recorded(recording.folder, item.assignment, item.student, text)
            or is_other(there.get(item.student), verdict, timestamp)
        ):
            notebook = nbformat.v4.reads(text)
            changed = changed_answers(
                recording.folder, recording.assignment, item.student, notebook
            )
            graded = gradebook.Graded(item.student, notebook, timestamp, changed)
            yield News(item, text, graded, notice)


def is_other(there: gradebook.Grades | None, verdict: dict[str, Any], timestamp) -> bool:
    """Tells whether the gradebook holds something else than a verdict, or nothing."""
    if there is None or timestamp != there.timestamp:
        return True
    for question in verdict["questions"]:
        score, points = there.scores.get(question["name"], (None, 0.0))
        if score != automatic_score(question, points):
            return True
    return False


def read_timestamp(item: Submission) -> tuple[datetime | None, str]:
    """Returns (when something was handed in, in UTC, or None; why that cannot be read, or "")."""
    places = [item.path.parent, item.path.parent / item.assignment] if item.path else []
    for path in (place / TIMESTAMP for place in places):
        if kind(path) != FILE:
            continue
        with reading.open_file(path) as file:
            said = file.read(MAX_TIMESTAMP_BYTES).decode("utf-8", "replace").strip()
        time = parse_timestamp(said)
        if time is None:
            return None, f"{TIMESTAMP} says no time with its zone: {said!r}; {HOW_TO_WRITE}"
        return time.replace(tzinfo=None), ""
    return None, ""


def autograded_folder(recording: Recording, item: Submission) -> Path:
    step, student = recording.files.directory.autograded_directory, file_stem(item.student)
    return Path(recording.files.directory.format_path(step, student, item.assignment))


def read_autograded(recording: Recording, item: Submission) -> str | None:
    """Returns the text of a notebook in `autograded/`; None without one."""
    try:
        path = autograded_folder(recording, item) / f"{item.assignment}.ipynb"
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return None


def write_autograded(recording: Recording, news: list[News]) -> Iterator[str]:
    """Writes notebooks into `autograded/`; yields a line if one cannot be written."""
    try:
        for one in news:
            item, text = one.item, one.text
            folder = autograded_folder(recording, item)
            for name in NBGRADERS:
                if item.path and kind(item.path.parent / name) == FILE:
                    write_whole(folder / name, (item.path.parent / name).read_bytes())
            write_whole(folder / f"{item.assignment}.ipynb", text, mode=READ_ONLY)
            write_recorded(recording.folder, item.assignment, item.student, text)
    except OSError as error:
        yield (
            f"notebooks for grading by hand were not all written ({error}): "
            "run again when that is mended"
        )
