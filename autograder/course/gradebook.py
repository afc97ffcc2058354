"""nbgrader's gradebook: automatic scores go in, and what people gave stays.

All that a run found is written in one transaction: it is all there, or nothing of it is.
"""

import json
import math
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from nbformat import NotebookNode
from nbgrader import api, utils
from sqlalchemy import Integer, Row, cast, func, insert, make_url, select, update

from .roster import Student

__all__ = [
    "ROUNDING",
    "CellsChanged",
    "Graded",
    "Grades",
    "Standing",
    "add_students",
    "describe_failure",
    "due_date",
    "exists",
    "grade_rows",
    "grades_there",
    "open_gradebook",
    "points_in",
    "put_programs_on_path",
    "register",
    "scores_of",
    "seconds_late",
    "standings",
    "write_deadline",
    "write_grade",
    "write_grades",
    "write_roster",
    "write_scores",
]

# What nbgrader writes of an answer that is as it was released.
NO_RESPONSE = "No response."
# How many rows a statement names at most: SQLite allows no more variables than some thousands.
MOST_ROWS = 500


# How far apart scores may be that were rescaled and rounded.
ROUNDING = 1e-3


class CellsChanged(Exception):
    """An assignment whose graded cells are other than those that submissions were graded on."""


@dataclass(frozen=True)
class Graded:
    """What a gradebook is to hold of a submission.

    Attributes:
        student: The student's id.
        notebook: The autograded notebook, as `autograded.autograded_notebook` returns it.
        timestamp: When it was handed in, in UTC; None if nobody knows: an earlier time goes.
        changed: The ids of graded cells whose answer is another than at the last grading: points
            that a person gave for it are to be looked at again.
    """

    student: str
    notebook: NotebookNode
    timestamp: datetime | None = None
    changed: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True)
class Grades:
    """What a gradebook holds of a submission.

    Attributes:
        timestamp: When it was handed in, in UTC; None if nobody knows.
        scores: By graded cell, (automatic score or None, points of the cell).
    """

    timestamp: datetime | None
    scores: dict[str, tuple[float | None, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Standing:
    """What a gradebook says of a submission.

    Attributes:
        total: Its points so far, after the penalty.
        to_grade_by_hand: How many answers wait.
        out_of: How many points there are.
        penalty: What being late has cost.
        seconds_late: How late it is, after any extension; 0 where nobody knows.
        handed_in: When it was handed in, in UTC; None where nobody knows.
        due: Until when the student had time, in UTC; None without a deadline.
    """

    total: float
    to_grade_by_hand: int
    out_of: float = 0.0
    penalty: float = 0.0
    seconds_late: float = 0.0
    handed_in: datetime | None = None
    due: datetime | None = None

    @property
    def percent(self) -> float:
        """The total out of 100, whatever it is out of; 0 where nothing counts any more."""
        return round(100 * self.total / self.out_of, 2) if self.out_of else 0.0

    @property
    def days_late(self) -> int:
        """Days that have begun since it was due."""
        return math.ceil(self.seconds_late / 86_400)

    @property
    def in_words(self) -> str:
        """What a student reads of it."""
        said = f"{self.total:g} of {self.out_of:g} points so far"
        if self.penalty:
            days = f"{self.days_late} day{'' if self.days_late == 1 else 's'}"
            said += f", after {self.penalty:g} taken off for being {days} late"
        if self.to_grade_by_hand:
            answers = "answer waits" if self.to_grade_by_hand == 1 else "answers wait"
            said += f"; {self.to_grade_by_hand} {answers} to be graded by hand"
        return f"{said}."


def open_gradebook(url: str, course_id="default_course") -> api.Gradebook:
    """Returns the gradebook at `url`, made if it is not there; a context manager.

    Raises:
        sqlalchemy.exc.DatabaseError: If it is none, or cannot be opened.
    """
    put_programs_on_path()
    return api.Gradebook(url, course_id or "default_course")


def describe_failure(error: Exception) -> str:
    """Returns what a database or a file system says, in one line."""
    said = str(getattr(error, "orig", None) or error).splitlines()
    return f"{type(error).__name__}: {said[0] if said else 'it does not say why'}"


def put_programs_on_path() -> None:
    """Lets nbgrader find `alembic`, which it starts by name to make a gradebook.

    Where nobody has activated the virtual environment it would not.
    """
    programs = str(Path(sys.executable).parent)
    if programs not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([programs, os.environ.get("PATH", os.defpath)])


def exists(url: str) -> bool:
    """Tells whether there is a gradebook at `url`; one on a server counts as there."""
    path = make_url(url).database if url.startswith("sqlite:") else None
    return path is None or Path(path).is_file()


def register(book: api.Gradebook, assignment: str, released: NotebookNode) -> None:
    """Writes the graded cells of an assignment's notebook, or sees that they are those there.

    Nothing is committed.

    Args:
        book: The gradebook.
        assignment: The assignment's name, and its notebook's.
        released: The notebook as it was released.

    Raises:
        CellsChanged: If they are others, and somebody has handed in.
    """
    notebook = notebook_row(book, assignment, released)
    graded, answers, sources = cells_of(released)
    there = {one.name: one for one in notebook.grade_cells}
    known = {*there}, {one.name for one in notebook.solution_cells}
    wanted = {*graded}, {*answers}
    if known != wanted:
        own = api.SubmittedNotebook
        if book.db.scalar(select(own.id).where(own.notebook_id == notebook.id).limit(1)):
            raise CellsChanged(explain_change(assignment, known, wanted))
        for cell in [*notebook.grade_cells, *notebook.solution_cells]:
            book.db.delete(cell)
        book.db.flush()
        there = {}
        book.db.add_all(api.SolutionCell(name=name, notebook=notebook) for name in answers)
    for name, values in graded.items():
        write_cell(book, api.GradeCell, there.get(name), {**values, "name": name}, notebook)
    write_sources(book, notebook, sources)
    book.db.flush()
    # Else it goes on to list the cells that it had.
    book.db.expire(notebook)


def notebook_row(book: api.Gradebook, assignment: str, released: NotebookNode) -> api.Notebook:
    """Returns the row of an assignment's notebook, made if it is not there."""
    row = book.db.scalar(select(api.Assignment).where(api.Assignment.name == assignment))
    if row is None:
        row = api.Assignment(assignment, course_id=book.course_id)
        book.db.add(row)
    notebook = next((one for one in row.notebooks if one.name == assignment), None)
    if notebook is None:
        kernel = json.dumps(released.metadata.get("kernelspec", {}))
        notebook = api.Notebook(name=assignment, assignment=row, kernelspec=kernel)
        book.db.add(notebook)
    return notebook


def write_cell(book: api.Gradebook, kind, there, values: dict[str, Any], notebook) -> None:
    """Writes a row of a notebook's cell: a new one where none is `there`."""
    if there is None:
        book.db.add(kind(notebook=notebook, **values))
        return
    for attribute, value in values.items():
        if getattr(there, attribute) != value:
            setattr(there, attribute, value)


def points_in(released: NotebookNode) -> dict[str, float]:
    """Returns what the questions of a released notebook are out of."""
    return {name: float(cell["max_score"]) for name, cell in cells_of(released)[0].items()}


def cells_of(
    released: NotebookNode,
) -> tuple[dict[str, dict[str, Any]], list[str], dict[str, dict[str, Any]]]:
    """Returns (graded cells, answers, all that nbgrader restores) of a notebook, by their ids."""
    graded, answers, sources = {}, [], {}
    for cell in released.cells:
        marks = cell.metadata.get("nbgrader")
        if not marks:
            continue
        name = marks["grade_id"]
        if utils.is_grade(cell):
            graded[name] = {"max_score": float(marks["points"]), "cell_type": cell.cell_type}
        if utils.is_solution(cell):
            answers.append(name)
        sources[name] = {
            "cell_type": cell.cell_type,
            "locked": utils.is_locked(cell),
            "source": cell.source,
            "checksum": marks.get("checksum"),
        }
    return graded, answers, sources


def explain_change(assignment: str, known, wanted) -> str:
    """Returns what a changed set of cells means for grades, and what to do."""
    (old, now) = (cells[0] | cells[1] for cells in (known, wanted))
    said = [
        f"{text} {', '.join(sorted(names))}"
        for text, names in (("without", old - now), ("with", now - old))
        if names
    ]
    return (
        f"{assignment} was released {' and '.join(said) or 'with other cells'} since the gradebook "
        "has submissions of it, and grades of cells that are gone would be lost: nothing was "
        "changed. Release the notebook with the cells it had, or, to begin anew, take the "
        f"assignment out of the gradebook: nbgrader db assignment remove {assignment} --force"
    )


def write_sources(book: api.Gradebook, notebook: api.Notebook, sources) -> None:
    """Writes what nbgrader restores cells from."""
    there = {one.name: one for one in notebook.source_cells}
    for name, cell in there.items():
        if name not in sources:
            book.db.delete(cell)
    for name, values in sources.items():
        write_cell(book, api.SourceCell, there.get(name), {**values, "name": name}, notebook)


def write_grades(
    book: api.Gradebook, assignment: str, graded: Sequence[Graded]
) -> dict[tuple[str, str], bool]:
    """Writes the automatic scores of submissions of one assignment; nothing is committed.

    Scores, comments and extra credit that people gave stay.

    Args:
        book: The gradebook.
        assignment: The assignment's name; `register` has been called for it.
        graded: A `Graded` for each submission.

    Returns:
        Of the grades that were not there before, by student and question, whether the answer is
        another than at the last grading: a gradebook may have been lost.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: If the database fails.
    """
    notebook = book.db.scalars(
        select(api.Notebook)
        .join(api.Assignment, api.Assignment.id == api.Notebook.assignment_id)
        .where(api.Assignment.name == assignment, api.Notebook.name == assignment)
    ).one()
    add_students(book, [one.student for one in graded])
    places = submission_rows(book, notebook, graded)
    cells = {one.name: one.id for one in notebook.grade_cells}
    scores = {
        (one.student, cells[name]): (score, name in one.changed)
        for one in graded
        for name, score in scores_of(one.notebook).items()
    }
    made = write_rows(book, api.Grade, places, scores, grade_values)
    names = {number: name for name, number in cells.items()}
    cells = {one.name: one.id for one in notebook.solution_cells}
    notes = {
        (one.student, cells[name]): (note,)
        for one in graded
        for name, note in notes_of(one.notebook).items()
    }
    write_rows(book, api.Comment, places, notes, lambda row, note: {"auto_comment": note})
    return {(student, names[cell]): scores[student, cell][1] for student, cell in made}


def write_scores(
    book: api.Gradebook, assignment: str, scores: Mapping[str, Mapping[str, float | None]]
) -> None:
    """Writes automatic scores alone, into rows that are there; nothing is committed.

    Args:
        book: The gradebook.
        assignment: The assignment's name.
        scores: By student and question.
    """
    for row in grade_rows(book, assignment):
        score = scores.get(row.student_id, {}).get(row.name, row.auto_score)
        if score != row.auto_score:
            write_grade(book, row.id, {"auto_score": score})


def grade_rows(book: api.Gradebook, assignment: str) -> Sequence[Row]:
    """Returns all grades of an assignment."""
    handed_in, cell = api.SubmittedAssignment, api.GradeCell
    return book.db.execute(
        select(
            api.Grade.id,
            handed_in.student_id,
            cell.name,
            cell.max_score,
            api.Grade.auto_score,
            api.Grade.manual_score,
            api.Grade.needs_manual_grade,
        )
        .join(cell, cell.id == api.Grade.cell_id)
        .join(api.SubmittedNotebook, api.SubmittedNotebook.id == api.Grade.notebook_id)
        .join(handed_in, handed_in.id == api.SubmittedNotebook.assignment_id)
        .join(api.Assignment, api.Assignment.id == handed_in.assignment_id)
        .where(api.Assignment.name == assignment)
    ).all()


def write_grade(book: api.Gradebook, row_id: str, values: Mapping[str, Any]) -> None:
    """Writes columns of a grade; nothing is committed.

    Args:
        book: The gradebook.
        row_id: The row's id.
        values: The values of columns.
    """
    book.db.execute(update(api.Grade).where(api.Grade.id == row_id).values(**values))


# Not fewer arguments: each says something else of the rows.
def write_rows(
    book: api.Gradebook, kind, places: dict[str, str], found, values_of
) -> list[tuple[str, str]]:
    """Writes rows of `api.Grade` or `api.Comment`: new ones, and what has changed of those there.

    Args:
        book: The gradebook.
        kind: The class.
        places: From students to the rows of their notebooks.
        found: From (student, cell) to what was found there.
        values_of: From the row that is there, or None, and what was found, to what is written.

    Returns:
        The (student, cell) of the new ones.
    """
    there, new, old = existing_rows(book, kind, list(places.values())), {}, []
    for (student, cell), what in found.items():
        row = there.get((places[student], cell))
        values = values_of(row, *what)
        if row is None:
            made = {"id": api.new_uuid(), "notebook_id": places[student], "cell_id": cell}
            new[student, cell] = {**made, **values}
        elif any(getattr(row, key) != value for key, value in values.items()):
            old.append({"id": row.id, **values})
    if new:
        book.db.execute(insert(kind.__table__), list(new.values()))
    if old:
        book.db.execute(update(kind), old)
    return [*new]


def grades_there(book: api.Gradebook, assignment: str) -> dict[str, Grades]:
    """Returns what a gradebook holds of an assignment, by student."""
    handed_in, cell = api.SubmittedAssignment, api.GradeCell
    rows = book.db.execute(
        select(
            handed_in.student_id,
            handed_in.timestamp,
            cell.name,
            api.Grade.auto_score,
            cell.max_score,
        )
        .join(api.Assignment, api.Assignment.id == handed_in.assignment_id)
        .outerjoin(api.SubmittedNotebook, api.SubmittedNotebook.assignment_id == handed_in.id)
        .outerjoin(api.Grade, api.Grade.notebook_id == api.SubmittedNotebook.id)
        .outerjoin(cell, cell.id == api.Grade.cell_id)
        .where(api.Assignment.name == assignment)
    )
    found: dict[str, Grades] = {}
    for student, timestamp, name, *score in rows:
        found.setdefault(student, Grades(timestamp)).scores[name] = tuple(score)
    return found


def standings(book: api.Gradebook) -> dict[tuple[str, str], Standing]:
    """Returns the `Standing` of all submissions, by student and assignment."""
    handed_in, notebook = api.SubmittedAssignment, api.SubmittedNotebook
    rows = book.db.execute(
        select(
            handed_in.student_id,
            api.Assignment.name,
            func.sum(api.Grade.score),
            func.sum(cast(api.Grade.needs_manual_grade, Integer)),
            func.sum(api.GradeCell.max_score),
            # One notebook is an assignment's: each row has the same.
            func.max(func.coalesce(notebook.late_submission_penalty, 0.0)),
            handed_in.timestamp,
            api.Assignment.duedate,
            handed_in.extension,
        )
        .join(api.Assignment, api.Assignment.id == handed_in.assignment_id)
        .join(notebook, notebook.assignment_id == handed_in.id)
        .join(api.Grade, api.Grade.notebook_id == notebook.id)
        .join(api.GradeCell, api.GradeCell.id == api.Grade.cell_id)
        .group_by(handed_in.id)
    )
    return {(student, assignment): standing(*rest) for student, assignment, *rest in rows}


def seconds_late(timestamp, due, extension) -> float:
    """Returns how late something is, from columns of the gradebook; 0 where nobody knows.

    Args:
        timestamp: When it was handed in.
        due: When it was due.
        extension: How much longer the student had.
    """
    if not timestamp or not due:
        return 0.0
    return max(0.0, float((timestamp - due - (extension or timedelta())).total_seconds()))


# Not fewer arguments: the columns of a row.
def standing(points, waiting, out_of, penalty, timestamp, due, extension) -> Standing:
    """Returns the `Standing` of a row of the gradebook."""
    late = seconds_late(timestamp, due, extension)
    total = max(0.0, float(points or 0) - penalty)
    return Standing(
        round(total, 4),
        int(waiting or 0),
        float(out_of or 0),
        penalty,
        late,
        timestamp and timestamp.replace(tzinfo=UTC),
        due and (due + (extension or timedelta())).replace(tzinfo=UTC),
    )


def add_students(book: api.Gradebook, names: Iterable[str]) -> None:
    """Adds the students whom the gradebook does not know."""
    known = set(book.db.scalars(select(api.Student.id)))
    rows = [{"id": name} for name in dict.fromkeys(names) if name not in known]
    if rows:
        book.db.execute(insert(api.Student.__table__), rows)


def write_roster(book: api.Gradebook, students: Iterable[Student]) -> None:
    """Writes who takes the course: new students, and names and addresses that have changed.

    Nobody is taken out: what left the roster may have grades.
    """
    rows = {row.id: row for row in book.students}
    for one in students:
        row = rows.get(one.id)
        if row is None:
            row = api.Student(id=one.id)
            book.db.add(row)
        first, last = one.first_and_last
        for column, value in (("first_name", first), ("last_name", last), ("email", one.email)):
            if value and getattr(row, column) != value:
                setattr(row, column, value)


def write_deadline(book: api.Gradebook, assignment: str, due: datetime | None) -> None:
    """Writes when an assignment is due, a time in UTC; None for never.

    Args:
        book: The gradebook.
        assignment: The assignment's name; `register` has been called for it.
        due: When.
    """
    row = book.db.scalars(select(api.Assignment).where(api.Assignment.name == assignment)).one()
    row.duedate = due.replace(tzinfo=None) if due else None


def due_date(book: api.Gradebook, assignment: str) -> datetime | None:
    """Returns when an assignment is due, in UTC; None for no deadline, or no such assignment."""
    return book.db.scalar(select(api.Assignment.duedate).where(api.Assignment.name == assignment))


def submission_rows(
    book: api.Gradebook, notebook: api.Notebook, graded: Sequence[Graded]
) -> dict[str, str]:
    """Returns a dict from students to the ids of their notebook's rows, made if needed."""
    rows = handed_in_rows(book, notebook, graded)
    own = api.SubmittedNotebook.__table__
    of_notebook = select(own.c.assignment_id, own.c.id).where(own.c.notebook_id == notebook.id)
    places: dict[str, str] = {key: row for key, row in book.db.execute(of_notebook)}
    missing = [
        {
            "id": api.new_uuid(),
            "assignment_id": rows[one.student],
            "notebook_id": notebook.id,
            "flagged": False,
        }
        for one in graded
        if rows[one.student] not in places
    ]
    if missing:
        book.db.execute(insert(own), missing)
    places |= {row["assignment_id"]: row["id"] for row in missing}
    return {one.student: places[rows[one.student]] for one in graded}


def handed_in_rows(
    book: api.Gradebook, notebook: api.Notebook, graded: Sequence[Graded]
) -> dict[str, str]:
    """Returns a dict from students to the ids of what they handed in, which are made if needed."""
    table = api.SubmittedAssignment.__table__
    found = {
        row.student_id: row
        for row in book.db.execute(
            select(table).where(table.c.assignment_id == notebook.assignment_id)
        )
    }
    new, old = [], []
    for one in graded:
        row = found.get(one.student)
        if row is None:
            made = {"id": api.new_uuid(), "assignment_id": notebook.assignment_id}
            new.append({**made, "student_id": one.student, "timestamp": one.timestamp})
        elif one.timestamp != row.timestamp:
            old.append({"id": row.id, "timestamp": one.timestamp})
    if new:
        book.db.execute(insert(table), new)
    if old:
        book.db.execute(update(api.SubmittedAssignment), old)
    return {row["student_id"]: row["id"] for row in new} | {
        student: row.id for student, row in found.items()
    }


def existing_rows(book: api.Gradebook, kind, places: Sequence[str]) -> dict[tuple[str, str], Any]:
    """Returns the rows of a table, `api.Grade` or `api.Comment`, by (notebook's row, cell)."""
    table, found = kind.__table__, {}
    for start in range(0, len(places), MOST_ROWS):
        chosen = table.c.notebook_id.in_(places[start : start + MOST_ROWS])
        for row in book.db.execute(select(table).where(chosen)):
            found[row.notebook_id, row.cell_id] = row
    return found


def scores_of(notebook: NotebookNode) -> dict[str, float | None]:
    """Returns the automatic score of each graded cell, as nbgrader reads it; None: by hand."""
    return {
        cell.metadata.nbgrader.grade_id: score_of(cell)
        for cell in notebook.cells
        if utils.is_grade(cell)
    }


def score_of(cell: NotebookNode) -> float | None:
    # nbgrader gives a check without a score all its points.
    if cell.cell_type == "code" and not utils.is_solution(cell):
        kinds = [output.output_type for output in cell.outputs]
        if "execute_result" not in kinds:
            return None
    return utils.determine_grade(cell)[0]


def notes_of(notebook: NotebookNode) -> dict[str, str | None]:
    """Returns the automatic comment on each answer: that there is none, or nothing."""
    return {
        cell.metadata.nbgrader.grade_id: (
            NO_RESPONSE
            if cell.metadata.nbgrader.get("checksum") == utils.compute_checksum(cell)
            else None
        )
        for cell in notebook.cells
        if utils.is_solution(cell)
    }


def grade_values(row, score: float | None, is_changed: bool) -> Mapping[str, Any]:
    """Returns what is written of a grade: its automatic score, and whether a person has to look.

    Points that a person gave stand, and are looked at again where the answer or its automatic score
    is another than the one they were given for.

    Args:
        row: The row that is there; None for a new one.
        score: The automatic score; None where a person gives the points.
        is_changed: Whether the answer is another than at the last grading.
    """
    if row is None or row.manual_score is None:
        return {"auto_score": score, "needs_manual_grade": score is None}
    is_other = (row.auto_score is None) != (score is None) or (
        score is not None and abs(row.auto_score - score) > ROUNDING
    )
    waits = row.needs_manual_grade or is_changed or is_other
    return {"auto_score": score, "needs_manual_grade": waits}
