"""Answers in words, a page for each question: graded in a browser without names, and brought back.

A page needs no server. It saves a file; `take` writes what is in it into the gradebook.
"""

import hashlib
import hmac
import json
import math
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from markupsafe import Markup
from nbformat import NotebookNode
from nbgrader import api, utils
from sqlalchemy import select, update
from vikit.notebook.cells import TEXT_STUB, UNTOUCHED, digest_text

from autograder.files import alone, write_whole
from autograder.grading.notebook import grade_id, strip_lines
from autograder.grading.verdict import course_secret
from autograder.places import FaultyFile
from autograder.reports.pages import template

from . import gradebook
from .autograded import MISSING, is_text
from .beside import notebooks_of
from .course_files import CourseFiles, read_course_files
from .directory import read_notebook
from .pages import is_rubric, safe_markdown

__all__ = ["take", "write_pages"]

KIND = "answers in words, graded"
MAX_FILE_BYTES = 64 * 2**20
MAX_COMMENT = 20_000
# What reading a file raises that holds something else.
FAULTS = (ValueError, TypeError, AttributeError, RecursionError)


@dataclass
class Answer:
    """An answer of one student, or the same of several: a group's is graded once.

    Attributes:
        key: What stands for it on the page.
        html: The answer.
        digest: Of its text.
        marks: What the gradebook has of it, by student.
    """

    key: str
    html: Markup
    digest: str
    marks: dict[str, "Mark"] = field(default_factory=dict)

    @property
    def points(self) -> float | None:
        """What a person gave; None where nobody did, or not the same to all."""
        return common_value(
            None if mark.waits else mark.manual_score for mark in self.marks.values()
        )

    @property
    def comment(self) -> str:
        """What a person wrote; "" where nobody did, or not the same to all."""
        return common_value(mark.comment for mark in self.marks.values()) or ""

    @property
    def earlier(self) -> float | None:
        """What a person gave for an earlier answer; None for nothing, or not the same to all."""
        return common_value(
            mark.manual_score if mark.waits else None for mark in self.marks.values()
        )

    @property
    def differences(self) -> list[str]:
        """What the students of an answer have that is not the same, in words."""
        given = [None if mark.waits else mark.manual_score for mark in self.marks.values()]
        said = []
        if len({*given}) > 1:
            points = sorted({one for one in given if one is not None})
            words = [f"{one:g}" for one in points] + ["none yet"] * (None in given)
            said.append(f"Its students have different points: {', '.join(words)}.")
        if len({mark.comment for mark in self.marks.values()}) > 1:
            said.append("Its students have different comments.")
        return said


def common_value(values: Iterable[Any]) -> Any:
    """Returns what several values all are; None where they differ."""
    found = [*values]
    return found[0] if found and all(one == found[0] for one in found) else None


def write_pages(folder, assignment: str, questions: Iterable[str] = ()) -> Iterator[Path]:
    """Writes a page for each question in words; yields their paths.

    Args:
        folder: The course's folder.
        assignment: The assignment's name.
        questions: Their names; all if empty.

    Raises:
        FaultyFile: If one of the course's files cannot be read, or there is no such question.
        OSError, SQLAlchemyError: If something cannot be read or written.
    """
    files, notebooks = read_course_files(folder), notebooks_of(folder, [assignment])
    released = notebooks.read(assignment)
    in_words = {grade_id(cell): cell for cell in released.cells if is_in_words(cell)}
    chosen = [*questions] or [
        name for name, cell in in_words.items() if cell.metadata.nbgrader.points
    ]
    for name in chosen:
        if name not in in_words:
            raise FaultyFile(
                f"{assignment} has no question {name} that is answered in words; "
                f"there are {', '.join(in_words)}"
            )
        if not in_words[name].metadata.nbgrader.points:
            raise FaultyFile(f"{name} does not count now: there is nothing to give points for")
        rubric = notebooks.rubrics.get(assignment, {}).get(name, "")
        found = answers_to(files, assignment, name, released)
        path = Path(folder, "written", assignment, f"{name}.html")
        write_whole(path, build_page(files, assignment, in_words[name], rubric, found))
        yield path


# Not fewer arguments: what stands on a page.
def build_page(
    files: CourseFiles, assignment: str, cell: NotebookNode, rubric: str, answers: list[Answer]
) -> str:
    """Returns the page of a question as HTML.

    Args:
        files: The course's files.
        assignment: The assignment's name.
        cell: The question's released cell.
        rubric: The rubric, in Markdown.
        answers: The answers.
    """
    return template("written").render(
        assignment=assignment,
        question=grade_id(cell),
        points=float(cell.metadata.nbgrader.points),
        text=shown(cell.source),
        rubric=shown(rubric),
        answers=answers,
        states={one.key: states_of(one, files.folder) for one in answers},
        kind=KIND,
        nonce=secrets.token_hex(8),
    )


def is_in_words(cell: NotebookNode) -> bool:
    """Tells whether a released cell is a question that a person grades."""
    return bool(cell.cell_type == "markdown" and utils.is_solution(cell) and utils.is_grade(cell))


def shown(source: str) -> Markup:
    """Returns Markdown as HTML that does nothing."""
    # It has been cleaned.
    return Markup(safe_markdown(source))


def answers_to(
    files: CourseFiles, assignment: str, question: str, released: NotebookNode
) -> list[Answer]:
    """Returns the answers to a question, equal ones together, without those that are none.

    Their order is another than that of names, and the same each time.

    Args:
        files: The course's files.
        assignment: The assignment's name.
        question: The question's name.
        released: The assignment's released notebook.
    """
    by_digest: dict[str, Answer] = {}
    course = files.directory
    with gradebook.open_gradebook(course.db_url, course.course_id) as book:
        marks = marks_on(book, assignment, question)
    (asked,) = (cell.source for cell in released.cells if grade_id(cell) == question)
    for student, mark in marks.items():
        place = course.format_path(course.autograded_directory, student, assignment)
        path = Path(place, f"{assignment}.ipynb")
        if not path.is_file() or (mark.auto_score is not None and mark.manual_score is None):
            continue
        text = answer_in(read_notebook(path, "grade it again"), question, released)
        digest = hashlib.sha256(text.encode()).hexdigest()
        if digest not in by_digest:
            key = keyed(files.folder, f"{assignment}|{question}|{digest}")
            by_digest[digest] = Answer(key, shown(without_question(text, asked)), digest)
        by_digest[digest].marks[student] = mark
    return sorted(by_digest.values(), key=lambda one: one.key)


def states_of(answer: Answer, folder: Path) -> dict[str, list[Any]]:
    """Returns what the gradebook has of an answer, by what stands for each student."""
    return {keyed(folder, student): mark.state for student, mark in answer.marks.items()}


def keyed(folder: Path, text: str) -> str:
    """Returns what stands for a text on a page: nobody without the course's secret can tell it."""
    return hmac.new(course_key(folder), text.encode(), "sha256").hexdigest()[:16]


def without_question(text: str, released: str) -> str:
    """Returns an answer without the question above it, where that is as it was released."""
    question = released.partition(TEXT_STUB)[0].rstrip()
    return text.removeprefix(question).strip() or text


def course_key(folder: Path) -> bytes:
    """Returns what keys of answers are made with: nobody else can tell whose they are.

    It is the pages' own: the course's secret may lie elsewhere.
    """
    return course_secret(Path(folder, "recorded", "key"))


def answer_in(notebook: NotebookNode, question: str, released: NotebookNode) -> str:
    """Returns the text of an answer, and the student's own text where the answer may be there."""
    cells = [cell for cell in notebook.cells if not is_rubric(cell)]
    (answer,) = (cell for cell in cells if grade_id(cell) == question)
    is_none = digest_text(answer.source) == answer.metadata.get(UNTOUCHED)
    if not is_none and MISSING not in answer.source:
        return answer.source
    # The answer may be in a cell of the student's own.
    known = {strip_lines(cell.source) for cell in released.cells}
    own = [
        f"```python\n{cell.source}\n```" if cell.cell_type == "code" else cell.source
        for cell in cells
        if not grade_id(cell) and is_text(cell) and strip_lines(cell.source) not in known
    ]
    return "\n\n".join([answer.source, "---", "*Text in cells of the student's own:*", *own])


@dataclass(frozen=True)
class Mark:
    """What the gradebook has of a student's answer.

    Attributes:
        student: The student's id.
        grade_id: The row of its grade.
        auto_score: 0 for an answer that is none; None for one that a person grades.
        manual_score: What a person gave; None for nothing.
        waits: Whether a person has to look.
        most: What the question is out of.
        comment_id: The row of its comment.
        comment: What a person wrote, or "".
    """

    student: str
    grade_id: str
    auto_score: float | None
    manual_score: float | None
    waits: bool
    most: float
    comment_id: str
    comment: str

    @property
    def state(self) -> list[Any]:
        """What is another where somebody has given points or a comment."""
        return [self.manual_score, self.waits, self.comment]


def marks_on(book: api.Gradebook, assignment: str, question: str) -> dict[str, Mark]:
    """Returns what the gradebook has of the answers to a question, by student."""
    handed_in, notebook = api.SubmittedAssignment, api.SubmittedNotebook
    comments, grades = (
        book.db.execute(
            select(handed_in.student_id, kind, cell)
            .join(notebook, notebook.assignment_id == handed_in.id)
            .join(kind, kind.notebook_id == notebook.id)
            .join(cell, cell.id == kind.cell_id)
            .join(api.Assignment, api.Assignment.id == handed_in.assignment_id)
            .where(api.Assignment.name == assignment, cell.name == question)
        ).all()
        for kind, cell in ((api.Comment, api.SolutionCell), (api.Grade, api.GradeCell))
    )
    by_student = {student: comment for student, comment, _ in comments}
    return {
        student: Mark(
            student,
            grade.id,
            grade.auto_score,
            grade.manual_score,
            bool(grade.needs_manual_grade),
            float(cell.max_score),
            by_student[student].id,
            by_student[student].manual_comment or "",
        )
        for student, grade, cell in grades
        if student in by_student
    }


@dataclass
class Taken:
    """What came of a file.

    Attributes:
        given: How many students have points of it now.
        notices: What was not taken, and why.
    """

    given: int = 0
    notices: list[str] = field(default_factory=list)


def take(folder, path: Path, wanted: str, waiting=lambda: None) -> Taken:
    """Writes what a page has saved into the gradebook.

    Points that somebody has given elsewhere since the page was written stay, and it is said.

    Args:
        folder: The course's folder.
        path: The file.
        wanted: The assignment that it must be of.
        waiting: Called if another process is writing there.

    Raises:
        FaultyFile: If it is no such file, or of another assignment.
        OSError, SQLAlchemyError: If something cannot be read or written: nothing has changed then.
    """
    saved = read_saved(path)
    assignment, question, taken = saved["assignment"], saved["question"], Taken()
    if assignment != wanted:
        raise FaultyFile(f"{path} is of {assignment}, and not of {wanted}")
    released = notebooks_of(folder, [assignment]).read(assignment)
    if question not in {grade_id(cell) for cell in released.cells if is_in_words(cell)}:
        raise FaultyFile(f"{path}: {assignment} has no question {question} that a person grades")
    with alone(Path(folder, ".lock"), waiting):
        files = read_course_files(folder)
        course = files.directory
        found = {one.key: one for one in answers_to(files, assignment, question, released)}
        with gradebook.open_gradebook(course.db_url, course.course_id) as book:
            for key, given in saved["answers"].items():
                if not (given.has_points or given.has_comment):
                    continue
                if key not in found:
                    taken.notices.append(
                        f"an answer is no longer there, and what was given for it was not taken: "
                        f"{given.in_words}. Write the page again"
                    )
                    continue
                for student, mark in found[key].marks.items():
                    state = given.states.get(keyed(files.folder, student))
                    now, state = given.of(mark.most, saved["points"], state)
                    write_points(book, mark, now, state, taken)
            book.db.commit()
    return taken


# Not fewer arguments: what is given for what, and what was there.
def write_points(book: api.Gradebook, mark: Mark, given: "Given", state, taken: Taken) -> None:
    """Writes points and comment for one student's answer; nothing is committed.

    Args:
        book: The gradebook.
        mark: What it has of the answer.
        given: What somebody gave, of as many points as there are now.
        state: What it had when the page was written; None if the answer was not this student's.
        taken: Hears of it.
    """
    points = given.points if given.has_points else mark.manual_score
    # Whose points are taken away waits.
    waits = points is None and mark.auto_score is None if given.has_points else mark.waits
    comment = given.comment if given.has_comment else mark.comment
    if mark.most and mark.state == [points, waits, comment]:
        return
    refused = why_not(mark, given, state)
    if refused:
        taken.notices.append(f"{mark.student}: {refused}")
        return
    if given.has_points:
        values = {"manual_score": points, "needs_manual_grade": waits}
        gradebook.write_grade(book, mark.grade_id, values)
        taken.given += 1
    if given.has_comment:
        own = api.Comment
        where = own.id == mark.comment_id
        book.db.execute(update(own).where(where).values({"manual_comment": comment or None}))


def why_not(mark: Mark, given: "Given", state) -> str:
    """Returns why what was given is not taken, or "".

    Args:
        mark: What the gradebook has of the answer.
        given: What somebody gave.
        state: What the gradebook had when the page was written; None if the answer was not this
            student's.
    """
    if given.has_points and not mark.most:
        return f"the question does not count now: {given.in_words} not taken"
    if given.has_points and given.points is not None and not given.points <= mark.most:
        return f"{given.points:g} of {mark.most:g} points: not taken"
    is_new = state is None and mark.waits
    if is_new or not is_other(state, mark.state):
        return ""
    has = "no points" if mark.manual_score is None else f"{mark.manual_score:g} points"
    comment = f"the comment {mark.comment!r}" if mark.comment else "no comment"
    return (
        f"the gradebook has changed since the page was written (now: {has}, {comment}): "
        "nothing was taken"
    )


def is_other(state: Any, now: list[Any]) -> bool:
    """Tells whether a gradebook has changed; rounded shares are the same."""
    if state is None or state[1:] != now[1:] or None in (state[0], now[0]):
        return bool(state != now)
    return abs(float(state[0]) - now[0]) > gradebook.ROUNDING


@dataclass(frozen=True)
class Given:
    """What somebody has given for an answer on a page.

    Attributes:
        points: How many; None for none.
        comment: What was written.
        has_points: Whether the points are others than the page showed.
        has_comment: Whether the comment is.
        states: What the gradebook had when the page was written, as `states_of` returns it.
    """

    points: float | None
    comment: str
    has_points: bool
    has_comment: bool
    states: Mapping[str, list[Any]]

    def of(self, most: float, shown: float, state: Any) -> tuple["Given", Any]:
        """Returns (the same share of what the question is out of now, what there was so too).

        Args:
            most: What it is out of now.
            shown: What it was out of when the page was written.
            state: What the gradebook had then; None for nothing.
        """
        if most in (0, shown):
            return self, state
        if state is not None and state[0] is not None:
            state = [share_of(state[0], most, shown), *state[1:]]
        if self.points is None:
            return self, state
        return replace(self, points=share_of(self.points, most, shown)), state

    @property
    def in_words(self) -> str:
        points = "no points" if self.points is None else f"{self.points:g} points"
        return f"{points}, {self.comment!r}" if self.comment else points


def share_of(points: float, most: float, shown: float) -> float:
    """Returns points out of `shown` as points out of `most`, rounded as the gradebook has them.

    What is too much stays too much.
    """
    found = round(points * most / shown, 4)
    return min(found, most) if points <= shown else found


def read_saved(path: Path) -> dict[str, Any]:
    """Returns what a page has saved; raises FaultyFile for anything else."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise ValueError("it is too large")
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["kind"] != KIND:
            raise ValueError(f"it is of another kind: {found['kind']!r}")
        if "points" not in found:
            raise ValueError("it is of an older version of the kit: write the page again")
        points = float(found["points"])
        if not 0 < points < math.inf:
            raise ValueError(f"it is out of {points} points")
        answers = {str(key): read_given(one) for key, one in found["answers"].items()}
        names = {name: str(found[name]) for name in ("assignment", "question")}
        return {**names, "points": points, "answers": answers}
    except (OSError, ArithmeticError, LookupError, *FAULTS) as error:
        raise FaultyFile(
            f"{path} is no file that a page of `autograder written` has saved "
            f"({type(error).__name__}: {error})"
        ) from error


def read_given(one: Mapping[str, Any]) -> Given:
    """Returns what was given for an answer, beside what the page showed."""
    (points, comment), (shown_points, shown_comment) = read_pair(one), read_pair(one["shown"])
    states = {str(key): list(state) for key, state in one["states"].items()}
    return Given(points, comment, points != shown_points, comment != shown_comment, states)


def read_pair(one: Mapping[str, Any]) -> tuple[float | None, str]:
    points, comment = one["points"], str(one["comment"]).strip()[:MAX_COMMENT]
    # Half of a character is none.
    comment.encode()
    if points is not None:
        points = float(points)
        if not 0 <= points < math.inf:
            raise ValueError(f"{points} points")
    return points, comment
