"""Who takes the course: `roster.csv`, with a row for each student."""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from autograder.grading.folders import comparable_name
from autograder.places import FaultyFile

from .tables import read_rows

__all__ = [
    "COLUMNS",
    "NAME",
    "Roster",
    "Student",
    "comparable_words",
    "read_roster",
]

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
    by_name: dict[str, set[str]] = field(default_factory=dict)
    by_id: dict[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.students)

    def find(self, clues: Iterable[str]) -> str | None:
        """Returns the id of the student whom the first clue that fits anybody fits alone.

        Args:
            clues: What is known of somebody, the surest first: an id, an address, a number, a name.
        """
        for clue in clues:
            if comparable_name(clue) in self.by_id:
                return self.by_id[comparable_name(clue)]
            found = look_up(clue, self.by_clue)
            if found:
                return next(iter(found)) if len(found) == 1 else None
        return None

    def find_name(self, names: Iterable[str]) -> str | None:
        """Returns the id of the student whose name is the first that is anybody's, and alone so."""
        found = next(filter(None, (look_up(name, self.by_name) for name in names)), set())
        return next(iter(found)) if len(found) == 1 else None

    def find_number(self, number: str) -> str | None:
        """Returns the id of the student whom a system knows by a number."""
        return next((one.id for one in self.students if number in one.lms_ids), None)

    def find_id(self, name: str) -> str | None:
        """Returns the id that a name is, give or take case."""
        return self.by_id.get(comparable_name(name))

    def find_address(self, address: str) -> str | None:
        """Returns the id of the student who has an e-mail address."""
        wanted = comparable_name(address)
        return next((one.id for one in self.students if comparable_name(one.email) == wanted), None)

    def has_number(self, student: str) -> bool:
        """Tells whether the roster says by which number a system knows a student."""
        return any(one.lms_ids for one in self.students if one.id == student)

    def is_group(self, name: str) -> bool:
        """Tells whether a group or a section is called that."""
        known = {text for one in self.students for text in (one.group, one.section) if text}
        return comparable_name(name) in map(comparable_name, known)

    def why_nobody(self, clue: str) -> str:
        """Returns why `find` finds nobody by one clue."""
        found = look_up(clue, self.by_clue)
        if not found:
            return "nobody on the roster is called that"
        return f"{' and '.join(sorted(found))} are both called that"

    def group_of(self, student: str) -> list[str]:
        """Returns the ids of all who are in the student's group; the student's alone without."""
        group = next((one.group for one in self.students if one.id == student), "")
        return [one.id for one in self.students if group and one.group == group] or [student]


def look_up(name: str, by_name: dict[str, set[str]]) -> set[str]:
    """Returns the ids of those who are called that, or that in another order of words."""
    return by_name.get(comparable_name(name)) or by_name.get(comparable_words(name)) or set()


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
    # A registrar's list may have more columns.
    rows = read_rows(path, COLUMNS, ["id"], takes_others=True)
    students = [build_student(path, *row) for row in rows]
    check_ids(path, students)
    clues, names = defaultdict(set), defaultdict(set)
    for one in students:
        for name in names_of(one):
            names[name].add(one.id)
        for clue in exact_clues(one) | names_of(one):
            clues[clue].add(one.id)
    ids = {comparable_name(one.id): one.id for one in students}
    return Roster(tuple(students), dict(clues), dict(names), ids)


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
    seen: dict[tuple[str, str], tuple[int, str]] = {}
    for row, one in enumerate(students):
        for column, values in (("id", [one.id]), ("email", [one.email]), ("lms_id", one.lms_ids)):
            for value in filter(None, values):
                number, other = seen.setdefault((column, comparable_name(value)), (row, one.id))
                if number != row:
                    raise FaultyFile(
                        f"{path} has the {column} {value} twice, for {other} and for {one.id}: "
                        "mend one of the rows, or take it out"
                    )


def exact_clues(student: Student) -> set[str]:
    """Returns the id, numbers and address of a student, made comparable."""
    exact = (student.id, *student.lms_ids, student.email, student.email.partition("@")[0])
    return {comparable_name(text) for text in exact if text}


def names_of(student: Student) -> set[str]:
    """Returns how a student's name may be written in a download, made comparable."""
    first, last = student.first_and_last
    names = {student.name, f"{last}{first}", f"{first}{last}"} - {""}
    # Canvas writes the last name first, without spaces or hyphens.
    squeezed = {re.sub(r"[\W_]", "", comparable_name(name)) for name in names}
    return squeezed | ({comparable_words(student.name)} - {""})
