"""Points that people gave: they keep their share of what a question is out of, and are corrected.

nbgrader knows one manual score for each question. What it was before a correction, or before the
question was out of other points, stands in `recorded/`, and comes back when that is taken back.
What is about to change is written there before the gradebook is, beside what was: where a run dies
between the two, the score in the gradebook tells which of them holds.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from nbgrader import api
from sqlalchemy import select

from autograder.files import write_whole
from autograder.places import FaultyFile

from .corrections import POINTS, Decisions
from .gradebook import grade_rows, write_grade
from .waiting import Waiting, hidden_by, next_waiting

__all__ = [
    "Before",
    "Changed",
    "apply_decisions",
    "changed_rows",
    "points_of",
    "read_changed",
    "settle_decisions",
]


@dataclass(frozen=True)
class Changed:
    """A score by hand that is another than the one that a person gave.

    Attributes:
        given: What the person gave; None for nothing.
        most: What the question was out of then.
        ours: What stands in the gradebook for it.
        correction: The id of the correction that says so; "" where the question's points have
            changed alone.
        overruled: The id of a correction after which somebody gave other points: those stand.
        waiting: Who waits for a person.
    """

    given: float | None
    most: float
    ours: float | None
    correction: str = ""
    overruled: str = ""
    waiting: Waiting = field(default_factory=Waiting)

    @property
    def matters(self) -> bool:
        """Whether there is anything to remember."""
        is_hidden = bool(self.waiting.hidden_by)
        return bool(self.overruled or self.correction) or is_hidden or self.ours != self.given


@dataclass(frozen=True)
class Before:
    """What a gradebook was before scores were written into it.

    Attributes:
        points: What the questions were out of, as `points_of` returned it.
        made: What `write_grades` returned: the grades that were not there.
    """

    points: Mapping[str, float]
    made: Mapping[tuple[str, str], bool] = field(default_factory=dict)


def points_of(book: api.Gradebook, assignment: str) -> dict[str, float]:
    """Returns what the questions of an assignment are out of in the gradebook."""
    rows = book.db.execute(
        select(api.GradeCell.name, api.GradeCell.max_score)
        .join(api.Notebook, api.Notebook.id == api.GradeCell.notebook_id)
        .join(api.Assignment, api.Assignment.id == api.Notebook.assignment_id)
        .where(api.Assignment.name == assignment)
    )
    return {name: float(most) for name, most in rows}


def apply_decisions(
    book: api.Gradebook,
    folder,
    assignment: str,
    decisions: Decisions,
    before: Before,
) -> None:
    """Writes what decisions make of points by hand; nothing is committed.

    Args:
        book: The gradebook, with the scores of the assignment.
        folder: The course's folder.
        assignment: The assignment's name.
        decisions: The decisions that count.
        before: What the gradebook was before.

    Raises:
        OSError: If it cannot be written down what the points were.
    """
    found, changed = changed_rows(book, folder, assignment, decisions, before)
    for row_id, values in found.items():
        write_grade(book, row_id, values)
    old, _ = read_changed(folder, assignment)
    if changed != old:
        write_changed(folder, assignment, old, changed)


def settle_decisions(folder, assignment: str) -> None:
    """Notes that the gradebook holds what `apply_decisions` wrote: to be called after the commit.

    Args:
        folder: The course's folder.
        assignment: The assignment's name.

    Raises:
        OSError: If it cannot be written: the next run looks at the gradebook.
    """
    _, pending = read_changed(folder, assignment)
    if pending is not None:
        kept = {key: one for key, one in pending.items() if one.matters}
        write_changed(folder, assignment, kept, None)


# Not fewer arguments: those of `apply_decisions`.
def changed_rows(
    book: api.Gradebook,
    folder,
    assignment: str,
    decisions: Decisions,
    before: Before,
) -> tuple[dict[str, dict[str, Any]], dict[tuple[str, str], Changed]]:
    """Returns (what becomes of rows, by their ids; what is to be remembered), and writes nothing.

    Args:
        book: The gradebook, with the scores of the assignment.
        folder: The course's folder.
        assignment: The assignment's name.
        decisions: The decisions that count.
        before: What the gradebook was before.
    """
    book.db.flush()
    (old, pending), new, found = read_changed(folder, assignment), {}, {}
    for row in grade_rows(book, assignment):
        key = row.student_id, row.name
        known = which_holds(row, old.get(key), (pending or {}).get(key))
        now = change(row, known, decisions, before)
        values = {"manual_score": now.ours, "needs_manual_grade": now.waiting.shown}
        if any(getattr(row, name) != value for name, value in values.items()):
            found[row.id] = values
        # What is back at what it was stands there until that is in the gradebook.
        if now.matters or key in old:
            new[key] = now
    return found, new


def which_holds(row, old: Changed | None, pending: Changed | None) -> Changed | None:
    """Returns which of two records is of a row of the gradebook: a run may have died."""
    if pending is None:
        return old
    score, before = row.manual_score, old.ours if old else pending.given
    is_pending = pending.ours != before or bool(row.needs_manual_grade) == pending.waiting.shown
    if score == pending.ours and is_pending:
        return pending
    return old if score == before else pending


def change(row, known: Changed | None, decisions: Decisions, before: Before) -> Changed:
    """Returns what becomes of the manual score in a row, and who waits for a person then.

    Args:
        row: The row of the gradebook.
        known: What is known of an earlier change; None if there was none.
        decisions: The decisions that count.
        before: What the gradebook was before.
    """
    most, (was, mark) = float(row.max_score), what_was(row, known, before)
    decided = decisions.points_for(row.student_id, row.name, most)
    holds, points = decided if decided and decided[0].id != was.overruled else (None, None)
    if points is None:
        points = was.given
        if was.given is not None and was.most not in (most, 0):
            points = round(was.given * most / was.most, 4)
    override = holds.id if holds and holds.kind == POINTS else ""
    marks = next_waiting(
        was.waiting,
        mark,
        was.given is not None,
        row.auto_score is None,
        hidden_by(holds, most),
        override,
    )
    overruled = was.overruled if decided and not holds else ""
    return Changed(was.given, was.most, points, holds.id if holds else "", overruled, marks)


def what_was(row, known: Changed | None, before: Before) -> tuple[Changed, bool]:
    """Returns (what a person gave, and is remembered; the mark of the gradebook).

    Args:
        row: The row of the gradebook.
        known: What is known of an earlier change; None if there was none.
        before: What the gradebook was before.
    """
    key, mark = (row.student_id, row.name), bool(row.needs_manual_grade)
    if known and key in before.made:
        # The gradebook was lost, and its marks.
        had_mark = known.given is not None or known.waiting.hidden_by
        return known, before.made[key] if had_mark else mark
    if known and row.manual_score == known.ours:
        return known, mark
    score, of = row.manual_score, before.points.get(row.name, float(row.max_score))
    # Somebody gave other points since, or took them away, and has looked at the answer.
    overruled = (known.correction or known.overruled) if known else ""
    return Changed(score, of, score, overruled=overruled), mark


def changed_path(folder, assignment: str) -> Path:
    return Path(folder, "recorded", f"{assignment}.json")


def read_changed(
    folder, assignment: str
) -> tuple[dict[tuple[str, str], Changed], dict[tuple[str, str], Changed] | None]:
    """Returns (what holds, what is about to; None where nothing is), by student and question.

    Args:
        folder: The course's folder.
        assignment: The assignment's name.

    Raises:
        FaultyFile: If the file is another than `write_changed` writes.
    """
    path = changed_path(folder, assignment)
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        holds, pending = (found[name] for name in ("holds", "pending"))
        return from_rows(holds), None if pending is None else from_rows(pending)
    except FileNotFoundError:
        return {}, None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FaultyFile(
            f"{path} no longer says what the points were before decisions "
            f"({type(error).__name__}: {error}): put it back from a backup. Without one delete it: "
            "then decisions are carried out anew, over points that people gave after them"
        ) from error


def write_changed(folder, assignment: str, holds, pending) -> None:
    """Writes what `read_changed` returns.

    Args:
        folder: The course's folder.
        assignment: The assignment's name.
        holds: What holds.
        pending: What is about to; None for nothing.
    """
    found = {"holds": to_rows(holds), "pending": None if pending is None else to_rows(pending)}
    write_whole(changed_path(folder, assignment), json.dumps(found, indent=1) + "\n")


def from_rows(rows: Sequence[dict[str, Any]]) -> dict[tuple[str, str], Changed]:
    """Returns changes by student and question; raises ValueError or another for what is none."""
    return {(one["student"], one["question"]): from_row(one) for one in rows}


def from_row(one: dict[str, Any]) -> Changed:
    given, ours = (None if one[name] is None else float(one[name]) for name in ("given", "ours"))
    correction, overruled = str(one["correction"]), str(one["overruled"])
    waiting = Waiting.from_document(one.get("waiting"), correction)
    return Changed(given, float(one["most"]), ours, correction, overruled, waiting)


def to_rows(changed: Mapping[tuple[str, str], Changed]) -> list[dict[str, Any]]:
    return [
        {"student": student, "question": question, **asdict(one)}
        for (student, question), one in changed.items()
    ]
