"""What a gradebook has of each answer: points, what waits for a person, comments."""

from collections import defaultdict
from dataclasses import dataclass

from nbgrader import api
from sqlalchemy import select

__all__ = ["Grades", "QuestionGrade", "question_grades"]


@dataclass(frozen=True)
class QuestionGrade:
    """What a gradebook says of a student's answer.

    Attributes:
        score: The points so far.
        out_of: How many there are.
        waits: Whether a person has to look.
        by_hand: Whether a person, or a decision, gave the points.
        comment: What a person wrote for the student; "" for nothing.
    """

    score: float
    out_of: float
    waits: bool = False
    by_hand: bool = False
    comment: str = ""


# By student and assignment, then by question.
Grades = dict[tuple[str, str], dict[str, QuestionGrade]]


def question_grades(book: api.Gradebook) -> Grades:
    """Returns what each student has for each question."""
    handed_in, notebook, cell = api.SubmittedAssignment, api.SubmittedNotebook, api.GradeCell
    rows = book.db.execute(
        select(
            handed_in.student_id,
            api.Assignment.name,
            cell.name,
            api.Grade.score,
            cell.max_score,
            api.Grade.needs_manual_grade,
            api.Grade.manual_score,
        )
        .join(api.Assignment, api.Assignment.id == handed_in.assignment_id)
        .join(notebook, notebook.assignment_id == handed_in.id)
        .join(api.Grade, api.Grade.notebook_id == notebook.id)
        .join(cell, cell.id == api.Grade.cell_id)
    )
    comments, found = comments_by_question(book), defaultdict[tuple[str, str], dict](dict)
    for student, assignment, name, score, most, waits, manual in rows:
        found[student, assignment][name] = QuestionGrade(
            float(score or 0.0),
            float(most),
            bool(waits),
            manual is not None,
            comments.get((student, assignment, name), ""),
        )
    return dict(found)


def comments_by_question(book: api.Gradebook) -> dict[tuple[str, str, str], str]:
    """Returns what people wrote, by student, assignment and question."""
    handed_in, notebook, cell = api.SubmittedAssignment, api.SubmittedNotebook, api.SolutionCell
    rows = book.db.execute(
        select(handed_in.student_id, api.Assignment.name, cell.name, api.Comment.manual_comment)
        .join(api.Assignment, api.Assignment.id == handed_in.assignment_id)
        .join(notebook, notebook.assignment_id == handed_in.id)
        .join(api.Comment, api.Comment.notebook_id == notebook.id)
        .join(cell, cell.id == api.Comment.cell_id)
        .where(api.Comment.manual_comment.is_not(None))
    )
    return {
        (student, assignment, name.removesuffix("-answer")): comment
        for student, assignment, name, comment in rows
    }
