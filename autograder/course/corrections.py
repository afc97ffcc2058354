"""What instructors decide after grading: `corrections.csv`, with a row for each decision.

Rows are added and never changed: the last one on a matter counts, and the earlier ones say how it
came about.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from autograder.files import alone
from autograder.places import FaultyFile

from .deadlines import check_name
from .tables import read_number, read_rows, write_rows

__all__ = [
    "ALL",
    "FULL",
    "NAME",
    "POINTS",
    "WEIGHT",
    "WITHDRAWN",
    "Correction",
    "Decisions",
    "add_correction",
    "decisions_on",
    "now_in_utc",
    "read_corrections",
]

NAME = "corrections.csv"
# Instead of a student: the whole class.
ALL = "*"
POINTS, FULL, WEIGHT, WITHDRAWN = "points", "full", "weight", "withdrawn"
KINDS = (POINTS, FULL, WEIGHT, WITHDRAWN)


@dataclass(frozen=True)
class Correction:
    """A decision.

    Attributes:
        time: When it was made, in UTC, as ISO 8601 writes it.
        author: Who made it.
        student: The id of the student, or `ALL`.
        assignment: The assignment's name.
        question: The question's name.
        kind: "points": the student has so many; "full": all have all points; "weight": the question
            is out of so many, 0 for a question that is dropped; "withdrawn": nothing of these.
        points: How many.
        why: The reason, for the student to read.
        out_of: What the question was out of when "points" were given; 0 if nobody knows.
    """

    time: str
    author: str
    student: str
    assignment: str
    question: str
    kind: str
    points: float
    why: str
    out_of: float = 0.0

    @property
    def id(self) -> str:
        """What is another for another decision; its reason may be mended."""
        parts = (self.time, self.student, self.assignment, self.question, self.kind, self.points)
        return "|".join(map(str, parts))


COLUMNS = tuple(column.name for column in fields(Correction))
NEEDED = COLUMNS[:-1]


@dataclass(frozen=True)
class Decisions:
    """The decisions on an assignment that count.

    Attributes:
        of_students: By student and question.
        full: Questions for which everybody has all points.
        reweighed: Questions that are out of other points.
        order: Which decision was made after which, by their ids.
    """

    of_students: dict[tuple[str, str], Correction]
    full: dict[str, Correction]
    reweighed: dict[str, Correction]
    order: dict[str, int]

    @property
    def weights(self) -> dict[str, float]:
        """What questions are out of, where it is not what the release says."""
        return {name: one.points for name, one in self.reweighed.items()}

    def points_for(
        self, student: str, question: str, most: float
    ) -> tuple[Correction, float] | None:
        """Returns (the decision that says how many points a student has, how many); None without.

        Args:
            student: The student's id.
            question: The question's name.
            most: What the question is out of.
        """
        own, common = self.of_students.get((student, question)), self.full.get(question)
        if own and common:
            own = own if self.order[own.id] > self.order[common.id] else None
        if own:
            share = most / own.out_of if own.out_of else 1.0
            return own, min(round(own.points * share, 4), most)
        return (common, most) if common else None

    def on(self, student: str, question: str) -> list[Correction]:
        """Returns the decisions on a student's question, the oldest first."""
        own = self.of_students.get((student, question))
        found = filter(None, (self.reweighed.get(question), self.full.get(question), own))
        return sorted(found, key=lambda one: self.order[one.id])


def read_corrections(folder) -> list[Correction]:
    """Returns all rows of `corrections.csv` in a course's folder, the oldest first.

    Raises:
        FaultyFile: If it cannot be read; the text says which line, and how to mend it.
    """
    path = Path(folder) / NAME
    if not path.is_file():
        return []
    return [
        build_correction(row, f"{path}, line {line}")
        for line, row in read_rows(path, COLUMNS, NEEDED)
    ]


def build_correction(row: dict[str, str], where: str) -> Correction:
    """Returns a row as a decision; raises FaultyFile, which says `where` the row stands."""
    kind, student = row["kind"], row["student"]
    if kind not in KINDS:
        raise FaultyFile(
            f"{where}: {kind!r} is no kind of correction; there are {', '.join(KINDS)}"
        )
    check_name(row["assignment"], where)
    if kind in (FULL, WEIGHT) and student != ALL:
        raise FaultyFile(
            f"{where}: {kind!r} is for the whole class: the student must be {ALL}, not {student!r}"
        )
    if kind == POINTS and student == ALL:
        raise FaultyFile(f"{where}: {kind!r} is for one student: name the student, not {ALL}")
    if kind in (POINTS, WEIGHT) and not row["points"]:
        raise FaultyFile(f"{where}: the points are missing")
    points, out_of = (
        read_number(row[name], f"{where}: {name}") if row.get(name) else 0.0
        for name in ("points", "out_of")
    )
    return Correction(
        time=row["time"],
        author=row["author"],
        student=student,
        assignment=row["assignment"],
        question=row["question"],
        kind=kind,
        points=points,
        why=row["why"],
        out_of=out_of,
    )


def decisions_on(corrections: Iterable[Correction], assignment: str) -> Decisions:
    """Returns the decisions on an assignment that count: the last of each matter."""
    own: dict[tuple[str, str], Correction] = {}
    full: dict[str, Correction] = {}
    reweighed: dict[str, Correction] = {}
    order: dict[str, int] = {}
    for number, one in enumerate(corrections):
        if one.assignment != assignment:
            continue
        order[one.id] = number
        if one.kind == WITHDRAWN and one.student == ALL:
            full.pop(one.question, None)
            reweighed.pop(one.question, None)
        elif one.kind == WITHDRAWN:
            own.pop((one.student, one.question), None)
        elif one.kind == POINTS:
            own[one.student, one.question] = one
        elif one.kind == FULL:
            full[one.question] = one
        else:
            reweighed[one.question] = one
    return Decisions(own, full, reweighed, order)


def add_correction(folder, correction: Correction, waiting=lambda: None) -> None:
    """Adds a row to `corrections.csv`, which is made where it is not there.

    Args:
        folder: The course's folder.
        correction: The decision.
        waiting: Called if another process is writing there.

    Raises:
        FaultyFile: If what is there cannot be read.
        OSError: If it cannot be written: nothing has changed then.
    """
    path = Path(folder, NAME)
    with alone(Path(folder, ".lock"), waiting):
        write_rows(path, COLUMNS, map(astuple, [*read_corrections(folder), correction]))


def now_in_utc() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
