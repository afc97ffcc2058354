"""Who takes the course: `roster.csv`, with a row for each student."""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from autograder.grading.folders import comparable_name
from autograder.places import FaultyFile

__all__ = ["COLUMNS", "NAME", "Roster", "Student", "comparable_words", "read_roster"]

COLUMNS = ("id", "name", "email", "lms_id", "section", "group")
NAME = "roster.csv"
MAX_ID = 64


@dataclass(frozen=True)
class Student:
    """A row of the roster.

    Attributes:
        id: The name of the student's folder, and in every table.
        name: As people write it, "Ada Lovelace" or "Lovelace, Ada".
        email: The address by which Gradescope knows the student.
        lms_id: The numbers or names by which Canvas and other systems do, with spaces between.
        section: Which part of the class.
        group: What students who hand in one notebook have in common; empty for none.
    """

    id: str
    name: str = ""
    email: str = ""
    lms_id: str = ""
    section: str = ""
    group: str = ""

    @property
    def lms_ids(self) -> list[str]:
        return self.lms_id.split()

    @property
    def first_and_last(self) -> tuple[str, str]:
        """The first names and the last one, as nbgrader's gradebook has them."""
        last, comma, first = self.name.partition(",")
        if comma:
            return first.strip(), last.strip()
        *first_names, last = self.name.split() or [""]
        return " ".join(first_names), last


@dataclass(frozen=True)
class Roster:
    """The students of a course; without any, everybody is taken under the name that is there."""

    students: tuple[Student, ...] = ()
    by_clue: dict[str, set[str]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.students)

    def find(self, clues: Iterable[str]) -> str | None:
        """Returns the id of the student whom the first clue that fits anybody fits alone.

        Args:
            clues: What is known of somebody, the surest first: an id, an address, a number, a name.
        """
        for clue in clues:
            found = self.by_clue.get(comparable_name(clue)) or self.by_clue.get(
                comparable_words(clue)
            )
            if found:
                return next(iter(found)) if len(found) == 1 else None
        return None

    def why_nobody(self, clue: str) -> str:
        """Returns why `find` finds nobody by one clue."""
        found = self.by_clue.get(comparable_name(clue)) or self.by_clue.get(comparable_words(clue))
        if not found:
            return "nobody on the roster is called that"
        return f"{' and '.join(sorted(found))} are both called that"

    def group_of(self, student: str) -> list[str]:
        """Returns the ids of all who are in the student's group; the student's alone without."""
        group = next((one.group for one in self.students if one.id == student), "")
        return [one.id for one in self.students if group and one.group == group] or [student]


def comparable_words(text: str) -> str:
    """Returns what is the same of a name in any order, case and punctuation."""
    return "".join(sorted(re.findall(r"\w+", comparable_name(text).replace("_", " "))))


def read_roster(folder) -> Roster:
    """Returns the roster in a course's folder; an empty one where there is none.

    Raises:
        FaultyFile: If it cannot be read; the text says which line, and how to mend it.
    """
    path = Path(folder) / NAME
    if not path.is_file():
        return Roster()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise FaultyFile(f"{path} is no text in UTF-8: save it as CSV UTF-8") from error
    students = [build_student(path, *row) for row in rows_of(path, text)]
    check_ids(path, students)
    clues = defaultdict(set)
    for one in students:
        for clue in clues_of(one):
            clues[clue].add(one.id)
    return Roster(tuple(students), dict(clues))


def rows_of(path: Path, text: str) -> list[tuple[int, dict[str, str]]]:
    """Returns (line, values by column) of the rows that hold anything; checks the header."""
    first = text.partition("\n")[0]
    # Spreadsheets of many countries write a semicolon.
    separator = max(",;\t", key=first.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    header = [name.strip().casefold() for name in next(lines, [])]
    if "id" not in header:
        raise FaultyFile(
            f"{path} has no column `id`: its first line must be {','.join(COLUMNS)} "
            "(all but id may be left out)"
        )
    rows = []
    for row in lines:
        values = dict(zip(header, (value.strip() for value in row), strict=False))
        if any(values.values()):
            rows.append((lines.line_num, values))
    return rows


def build_student(path: Path, line: int, values: dict[str, str]) -> Student:
    name = values.get("id", "")
    if not name or name.startswith(".") or len(name) > MAX_ID or re.search(r"[/\\\0]", name):
        raise FaultyFile(
            f"{path}, line {line}: {name!r} cannot be an id: it is a folder's name too, of 1 to "
            f"{MAX_ID} letters, without slashes, and does not begin with a dot"
        )
    return Student(**{column: values.get(column, "") for column in COLUMNS})


def check_ids(path: Path, students: list[Student]) -> None:
    """Raises FaultyFile where two rows share what one person alone has."""
    seen: dict[tuple[str, str], str] = {}
    for one in students:
        for column, values in (("id", [one.id]), ("email", [one.email]), ("lms_id", one.lms_ids)):
            for value in filter(None, values):
                other = seen.setdefault((column, comparable_name(value)), one.id)
                if other is not one.id:
                    raise FaultyFile(
                        f"{path} has the {column} {value} twice, for {other} and for {one.id}: "
                        "mend one of the rows, or take it out"
                    )


def clues_of(student: Student) -> set[str]:
    """Returns what a student may be called in a download, made comparable."""
    exact = (student.id, *student.lms_ids, student.email, student.email.partition("@")[0])
    first, last = student.first_and_last
    names = {student.name, f"{last}{first}", f"{first}{last}"} - {""}
    # Canvas writes the last name first, without spaces or hyphens.
    squeezed = {re.sub(r"[\W_]", "", comparable_name(name)) for name in names}
    return (
        {comparable_name(text) for text in exact if text}
        | squeezed
        | {comparable_words(student.name)} - {""}
    )
