"""Points that people gave: they keep their share of what a question is out of, and are corrected.

nbgrader knows one manual score for each question. What it was before a correction, or before the
question was out of other points, stands in `recorded/`, and comes back when that is taken back.
What is about to change is written there before the gradebook is, beside what was: where a run dies
between the two, the score in the gradebook tells which of them holds.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from nbgrader import api
from sqlalchemy import select

from autograder.files import write_whole
from autograder.places import FaultyFile

from .corrections import Decisions
from .gradebook import grade_rows, write_grade

__all__ = [
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
    """

    given: float | None
    most: float
    ours: float | None
    correction: str = ""
    overruled: str = ""

    @property
    def matters(self) -> bool:
        """Whether there is anything to remember."""
        return bool(self.overruled) or bool(self.correction) or self.ours != self.given


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
    before: Mapping[str, float],
) -> None:
    """Writes what decisions make of points by hand; nothing is committed.

    Args:
        book: The gradebook, with the scores of the assignment.
        folder: The course's folder.
        assignment: The assignment's name.
        decisions: The decisions that count.
        before: What questions were out of before, as `points_of` returned it.

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
    before: Mapping[str, float],
) -> tuple[dict[str, dict[str, Any]], dict[tuple[str, str], Changed]]:
    """Returns (what becomes of rows, by their ids; what is to be remembered), and writes nothing.

    Args:
        book: The gradebook, with the scores of the assignment.
        folder: The course's folder.
        assignment: The assignment's name.
        decisions: The decisions that count.
        before: What questions were out of before, as `points_of` returned it.
    """
    book.db.flush()
    (old, pending), new, found = read_changed(folder, assignment), {}, {}
    for row in grade_rows(book, assignment):
        key, most, values = (row.student_id, row.name), float(row.max_score), {}
        known = which_holds(row.manual_score, old.get(key), (pending or {}).get(key))
        now = change(row, known, decisions, before.get(row.name, most))
        if now.ours != row.manual_score:
            values["manual_score"] = now.ours
            values["needs_manual_grade"] = now.ours is None and row.auto_score is None
        if now.correction and now.correction != (known.correction if known else ""):
            values["needs_manual_grade"] = False
        if not most and row.needs_manual_grade:
            values["needs_manual_grade"] = False
        if values:
            found[row.id] = values
        # What is back at what it was stands there until that is in the gradebook.
        if now.matters or key in old:
            new[key] = now
    return found, new


def which_holds(score, old: Changed | None, pending: Changed | None) -> Changed | None:
    """Returns which of two records is of the score in the gradebook: a run may have died."""
    if pending is None or score == pending.ours:
        return pending or old
    return old if score == (old.ours if old else pending.given) else pending


def change(row, known: Changed | None, decisions: Decisions, before: float) -> Changed:
    """Returns what becomes of the manual score in a row of the gradebook.

    Args:
        row: The row.
        known: What is known of an earlier change; None if there was none.
        decisions: The decisions that count.
        before: What the question was out of when the row was written.
    """
    most, score = float(row.max_score), row.manual_score
    given, of, overruled = score, before, ""
    # None, where there was a score, is a gradebook that was lost.
    if known and (score is None or score == known.ours):
        given, of, overruled = known.given, known.most, known.overruled
    elif known:
        # Somebody gave other points since.
        overruled = known.correction or known.overruled
    correction = decisions.points_for(row.student_id, row.name, most)
    if correction and correction.id != overruled:
        return Changed(given, of, float(correction.points), correction.id)
    share = most / of if of else 1.0
    ours = given if given is None or of == most else round(given * share, 4)
    return Changed(given, of, ours, overruled=overruled if correction else "")


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
            f"{path} says no more what points were before decisions ({type(error).__name__}: "
            f"{error}): put it back from a backup, or delete it, and manual scores stay as they are"
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
    return {(one.pop("student"), one.pop("question")): Changed(**one) for one in rows}


def to_rows(changed: Mapping[tuple[str, str], Changed]) -> list[dict[str, Any]]:
    return [
        {"student": student, "question": question, **asdict(one)}
        for (student, question), one in changed.items()
    ]
