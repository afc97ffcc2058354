"""What being late costs: so much a day, after a grace period, up to a cap; and extensions.

nbgrader's own plug-in knows only nothing and all. Penalties depend on points that people give: they
are computed when grades are written, and again before they are exported or given back.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from nbgrader import api
from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins import LateSubmissionPlugin
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy import Row, func, select, update
from traitlets import Unicode

from autograder.places import FaultyFile

from .deadlines import COLUMNS, NAME, RULE_COLUMNS, check_name, parse
from .gradebook import seconds_late
from .tables import read_number, read_rows

__all__ = [
    "EXTENSIONS",
    "EXTENSION_COLUMNS",
    "DailyPenalty",
    "Penalties",
    "Rule",
    "read_extensions",
    "read_rules",
    "write_extensions",
    "write_penalties",
]

EXTENSIONS = "extensions.csv"
EXTENSION_COLUMNS = ("student", "assignment", "due", "why")
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Rule:
    """What being late costs.

    Attributes:
        percent_per_day: Percent of the points that a student has, for each day that has begun since
            the deadline.
        grace_minutes: How late is not late.
        most_percent: Percent that it costs at most.
    """

    percent_per_day: float = 0.0
    grace_minutes: float = 0.0
    most_percent: float = 100.0

    def penalty(self, score: float, seconds: float) -> float:
        """Returns the points that it costs to be so many seconds late."""
        if seconds <= 60 * self.grace_minutes:
            return 0.0
        days = math.ceil(seconds / DAY.total_seconds())
        percent = min(self.percent_per_day * days, self.most_percent, 100.0)
        return round(score * percent / 100, 4)


def read_rules(folder) -> dict[str, Rule]:
    """Returns what being late costs, by assignment, of those for which `deadlines.csv` says it.

    Raises:
        FaultyFile: If it cannot be read; the text says which line, and how to mend it.
    """
    path, found = Path(folder, NAME), {}
    if not path.is_file():
        return {}
    for line, row in read_rows(path, COLUMNS, ("assignment",)):
        given = {}
        for column in RULE_COLUMNS:
            text = row.get(column, "").removesuffix("%").strip()
            if text:
                given[column] = read_number(text, f"{path}, line {line}: {column}")
        if given:
            check_name(row["assignment"], f"{path}, line {line}")
            found[row["assignment"]] = Rule(**given)
    return found


def read_extensions(folder) -> dict[tuple[str, str], datetime]:
    """Returns until when students have time, by student and assignment, in UTC.

    Raises:
        FaultyFile: If `extensions.csv` cannot be read; the text says which line.
    """
    path, found = Path(folder, EXTENSIONS), {}
    if not path.is_file():
        return {}
    for line, row in read_rows(path, EXTENSION_COLUMNS, EXTENSION_COLUMNS[:3]):
        where = f"{path}, line {line}"
        for column in EXTENSION_COLUMNS[:3]:
            if not row.get(column):
                raise FaultyFile(f"{where}: {column} is missing")
        check_name(row["assignment"], where)
        key = row["student"], row["assignment"]
        if key in found:
            raise FaultyFile(f"{where}: {' has '.join(key)} in an earlier line too: take one out")
        found[key] = parse(row["due"], where)
    return found


def write_extensions(
    book: api.Gradebook, assignment: str, extensions: Mapping[tuple[str, str], datetime]
) -> None:
    """Writes extensions into the gradebook; nothing is committed.

    Args:
        book: The gradebook.
        assignment: The assignment's name.
        extensions: What `read_extensions` returned.
    """
    for row in late_rows(book, assignment):
        until = extensions.get((row.student_id, assignment))
        more = until.replace(tzinfo=None) - row.duedate if row.duedate and until else None
        # Nobody has less time than all.
        more = more if more and more > timedelta() else None
        if row.extension != more:
            own = api.SubmittedAssignment
            book.db.execute(update(own).where(own.id == row.id).values(extension=more))


def late_rows(book: api.Gradebook, assignment: str) -> Sequence[Row]:
    """Returns what says how late each submission is, and what that costs now."""
    handed_in, notebook = api.SubmittedAssignment, api.SubmittedNotebook
    return book.db.execute(
        select(
            handed_in.id,
            handed_in.student_id,
            handed_in.timestamp,
            handed_in.extension,
            api.Assignment.duedate,
            notebook.id.label("notebook_id"),
            notebook.late_submission_penalty,
        )
        .join(api.Assignment, api.Assignment.id == handed_in.assignment_id)
        .join(notebook, notebook.assignment_id == handed_in.id)
        .where(api.Assignment.name == assignment)
    ).all()


class Penalties:
    """What being late costs for an assignment, as the course's plug-in has it."""

    def __init__(self, course: CourseDirectory, assignment: str) -> None:
        self._assigner = AssignLatePenalties(config=course.config)
        self._assigner.assignment_id = assignment
        self._assigner.init_plugin()

    def penalty(self, student: str, score: float, seconds: float) -> float | None:
        """Returns the points that it costs, at most those that are there; None for nothing.

        Args:
            student: The student's id.
            score: The points that the student has.
            seconds: How late it is, after any extension.
        """
        if not seconds:
            return None
        found = self._assigner.plugin_inst.late_submission_penalty(student, score, seconds)
        return None if found is None else min(max(float(found), 0.0), score)


def write_penalties(book: api.Gradebook, course: CourseDirectory, assignment: str) -> None:
    """Writes penalties as the course's plug-in has them; nothing is committed.

    Args:
        book: The gradebook.
        course: nbgrader's view of the course's folder.
        assignment: The assignment's name.
    """
    book.db.flush()
    penalties = Penalties(course, assignment)
    for row in late_rows(book, assignment):
        seconds = seconds_late(row.timestamp, row.duedate, row.extension)
        if not seconds and row.late_submission_penalty is None:
            continue
        grades = select(func.sum(api.Grade.score)).where(api.Grade.notebook_id == row.notebook_id)
        score = float(book.db.scalar(grades) or 0.0)
        penalty = penalties.penalty(row.student_id, score, seconds)
        if row.late_submission_penalty != penalty:
            own = api.SubmittedNotebook
            values = {"late_submission_penalty": penalty}
            book.db.execute(update(own).where(own.id == row.notebook_id).values(values))


class DailyPenalty(LateSubmissionPlugin):
    """nbgrader's plug-in for `deadlines.csv`; without a rule there it does as nbgrader's own."""

    course_folder = Unicode("", help="The course's folder.").tag(config=True)

    def late_submission_penalty(
        self, student_id: str, score: float, total_seconds_late: float
    ) -> float | None:
        """Returns the points that it costs.

        Args:
            student_id: The student's id.
            score: The points that the student has for the notebook.
            total_seconds_late: How late it is, after any extension.
        """
        rule = read_rules(self.course_folder).get(self.parent.assignment_id)
        if rule:
            return rule.penalty(score, total_seconds_late)
        found = super().late_submission_penalty(student_id, score, total_seconds_late)
        return None if found is None else float(found)
