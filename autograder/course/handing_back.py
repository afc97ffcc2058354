"""Feedback pages as they are given back: a folder for each student, and a zip that Moodle takes."""

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from autograder.files import alone, write_whole
from autograder.grading import classroom
from autograder.names import file_stem

from .tables import read_rows, write_rows

__all__ = ["HandedBack", "hand_back", "read_folders", "remember_folders"]

NAME = "moodle.csv"
COLUMNS = ("student", "assignment", "folder")
FOLDER = "give_back"


def read_folders(folder) -> dict[tuple[str, str], str]:
    """Returns what Moodle calls hand-ins, by student and assignment.

    Raises:
        FaultyFile: If the table cannot be read.
    """
    path = Path(folder, NAME)
    rows = read_rows(path, COLUMNS, COLUMNS) if path.is_file() else []
    return {(row["student"], row["assignment"]): row["folder"] for _, row in rows}


def remember_folders(folder, found: Mapping[tuple[str, str], str]) -> None:
    """Adds what Moodle calls hand-ins to the table of a course.

    Args:
        folder: The course's folder.
        found: The names of Moodle's folders, by student and assignment.

    Raises:
        FaultyFile: If the table that is there cannot be read.
        OSError: If it cannot be written.
    """
    if not found:
        return
    with alone(Path(folder, ".lock"), lambda: None):
        every = {**read_folders(folder), **found}
        write_rows(Path(folder, NAME), COLUMNS, [(*key, name) for key, name in every.items()])


@dataclass(frozen=True)
class HandedBack:
    """What was written to be given back.

    Attributes:
        folder: Has a folder for each student.
        students: How many.
        archive: The zip for Moodle; None where nobody handed in through it.
        in_archive: How many pages are in it.
    """

    folder: Path
    students: int
    archive: Path | None
    in_archive: int


def hand_back(folder, assignment: str) -> HandedBack:
    """Writes the feedback pages of an assignment as they are given back.

    Args:
        folder: The course's folder, with the pages.
        assignment: The assignment's name.

    Raises:
        FaultyFile: If the table of Moodle's folders cannot be read.
        OSError: If something cannot be read or written.
    """
    target, moodle = Path(folder, FOLDER, assignment), read_folders(folder)
    pages = {}
    for verdict in classroom.read_all(folder):
        path = Path(folder, "feedback", assignment, f"{file_stem(verdict['student'])}.html")
        if verdict["assignment"] == assignment and path.is_file():
            pages[verdict["student"]] = path.read_bytes()
    for student, page in pages.items():
        write_whole(target / file_stem(student) / f"{assignment}.html", page)
    chosen = {
        moodle[student, assignment]: page
        for student, page in pages.items()
        if (student, assignment) in moodle
    }
    archive = target.parent / f"{assignment}-moodle.zip" if chosen else None
    if archive:
        write_whole(archive, packed(chosen, f"{assignment}.html"))
    return HandedBack(target, len(pages), archive, len(chosen))


def packed(pages: Mapping[str, bytes], name: str) -> bytes:
    """Returns a zip with a page in each folder.

    Args:
        pages: The pages, by the names of their folders.
        name: What each page is called.
    """
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for folder, page in pages.items():
            archive.writestr(f"{folder}/{name}", page)
    return target.getvalue()
