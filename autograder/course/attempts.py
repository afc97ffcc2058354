"""Of a student's several attempts the best counts, where the course says so: else the last does.

Attempts that were replaced lie in `.replaced` beside the one that counts, as `collect` leaves them.
"""

import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from autograder.files import write_whole
from autograder.grading import classroom
from autograder.grading.submission import TIMESTAMP, Submission

from . import gradebook
from .autograded import automatic_score
from .beside import notebooks_of
from .course_files import read_course_files
from .lateness import Penalties
from .placing import REPLACED, keep_old, read_time, time_of

__all__ = ["Attempt", "Worth", "choose_best", "let_count"]


@dataclass(frozen=True)
class Attempt:
    """An attempt, and what it is worth.

    Attributes:
        student: The student's id.
        path: Where its notebook lies.
        score: Its automatic points, after the penalty.
    """

    student: str
    path: Path
    score: float


def choose_best(
    submissions: Iterable[Submission], settings: classroom.Settings, begins: Callable[[str], None]
) -> tuple[list[tuple[Attempt, Attempt]], list[str]]:
    """Lets the best attempt of each student count, of equal ones the last.

    Args:
        submissions: What counts now, of one assignment.
        settings: How the course is graded; verdicts go into a folder that is thrown away.
        begins: Called with what begins.

    Returns:
        (for each student with another one that counts now: the one that did, and that one; a line
        for each attempt that could not be graded: its student's stay as they are).

    Raises:
        FaultyFile: If one of the course's files cannot be read.
        OSError: If something cannot be read or written.
    """
    several = {item: [*attempts_of(item), item] for item in submissions if item.path}
    several = {item: tries for item, tries in several.items() if len(tries) > 1}
    scores, failures = grade_attempts(several, settings, begins)
    changed = []
    for item, tries in several.items():
        if not scores.keys() >= {*tries}:
            continue
        # The one that counts now comes last: it stays where another is no better.
        best = max(enumerate(tries), key=lambda pair: (scores[pair[1]], pair[0]))[1]
        if best != item and best.path and item.path:
            changed.append(
                (
                    Attempt(item.student, item.path, scores[item]),
                    Attempt(item.student, best.path, scores[best]),
                )
            )
            let_count(item.path, best.path)
    return changed, failures


def grade_attempts(
    several: dict[Submission, list[Submission]],
    settings: classroom.Settings,
    begins: Callable[[str], None],
) -> tuple[dict[Submission, float], list[str]]:
    """Returns (what each attempt is worth, a line for each that could not be graded).

    Args:
        several: From what counts now to all attempts of the student, that one last.
        settings: How the course is graded.
        begins: Called with what begins.
    """
    assignment = next((item.assignment for item in several), "")
    worth = Worth.of_today(settings.out, assignment) if several else None
    scores: dict[Submission, float] = {}
    failures: list[str] = []
    for number in range(max(map(len, several.values()), default=0)):
        asked = [tries[number] for tries in several.values() if len(tries) > number]
        begins(f"Grading attempt {number + 1} of {len(asked)} students")
        # A student has one verdict in a folder.
        with tempfile.TemporaryDirectory(prefix="attempts-") as folder:
            own = replace(settings, out=Path(folder), beside=None)
            run = classroom.grade_class(asked, own)
        failures += run.failures
        for item, verdict in run.verdicts.items():
            if worth:
                scores[item] = worth.points(item, verdict)
    return scores, failures


def attempts_of(item: Submission) -> list[Submission]:
    """Returns the attempts that were replaced, the oldest first."""
    folder = item.path.parent / REPLACED if item.path else Path()
    found = folder.glob(f"{item.assignment}-*.ipynb") if item.path and folder.is_dir() else ()
    numbered = ((path.stem.rpartition("-")[2], path) for path in found)
    every = sorted((int(number), path) for number, path in numbered if number.isdecimal())
    return [replace(item, path=path) for _, path in every]


@dataclass(frozen=True)
class Worth:
    """What attempts at an assignment are worth, as the gradebook would have them.

    Attributes:
        points_of: What its questions are out of now.
        due: When it is due, in UTC without a zone; None for no deadline.
        extensions: Until when students have time, by student and assignment.
        penalties: What being late costs.
    """

    points_of: Mapping[str, float]
    due: datetime | None
    extensions: Mapping[tuple[str, str], datetime]
    penalties: Penalties

    @classmethod
    def of_today(cls, folder: Path, assignment: str) -> "Worth":
        """Returns what the files of a course, and its gradebook, say now.

        Args:
            folder: The course's folder.
            assignment: The assignment's name.
        """
        files = read_course_files(folder)
        course, due = files.directory, files.due.get(assignment)
        due = due and due.replace(tzinfo=None)
        if assignment not in files.due and gradebook.exists(course.db_url):
            # It may have been set in nbgrader's formgrader.
            with gradebook.open_gradebook(course.db_url, course.course_id) as book:
                due = gradebook.due_date(book, assignment)
        points = gradebook.points_in(notebooks_of(folder, [assignment]).read(assignment))
        return cls(points, due, files.extensions, Penalties(course, assignment))

    def points(self, item: Submission, verdict: dict[str, Any]) -> float:
        """Returns an attempt's automatic points after the penalty for being late."""
        score = sum(
            automatic_score(question, self.points_of.get(question["name"], 0.0)) or 0.0
            for question in verdict["questions"]
        )
        time = read_time(time_of(item.path)) if item.path else None
        if not self.due or not time:
            return score
        until = self.extensions.get((item.student, item.assignment))
        until = max(self.due, until.replace(tzinfo=None)) if until else self.due
        seconds = gradebook.seconds_late(time.replace(tzinfo=None), until, None)
        return score - (self.penalties.penalty(item.student, score, seconds) or 0.0)


def let_count(current: Path, best: Path) -> None:
    """Puts an attempt in the place of the one that counts, which is kept, each with its time."""
    content, time = best.read_bytes(), time_of(best)
    said = time.read_bytes() if time.is_file() else None
    keep_old(current, current.read_bytes())
    write_whole(current, content)
    (current.parent / TIMESTAMP).unlink(missing_ok=True)
    if said is not None:
        write_whole(current.parent / TIMESTAMP, said)
    best.unlink()
    time.unlink(missing_ok=True)
