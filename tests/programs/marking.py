"""A course of a test's: what was handed in, verdicts on it without grading, and points by hand."""

import random
from functools import cache

import nbformat
from nbgrader.api import Gradebook

from autograder import tasks
from autograder.build import notebooks, sample
from autograder.course import beside, recording
from autograder.grading import classroom
from autograder.grading import notebook as reading
from autograder.grading.submission import Submission

A01 = "a01_densities"
ASSIGNMENT = tasks.load(A01)
WRITTEN = ASSIGNMENT.manual[0].name
KL = "kl_to_standard_normal"
RELEASED = notebooks.ASSIGNMENTS / A01 / f"{A01}.ipynb"


def hand_in(course, student, text="Because."):
    """Writes a notebook in which all is answered, the written questions with `text`."""
    path = course / "submitted" / student / A01 / f"{A01}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(solved(text), encoding="utf-8")
    return Submission(student, A01, path)


@cache
def solved(text="Because."):
    """Returns the text of a notebook in which all is answered."""
    notebook = nbformat.read(RELEASED, as_version=4)
    sample.answer_with_solutions(notebook)
    for cell in notebook.cells:
        cell.source = cell.source.replace(reading.cells.TEXT_STUB, text)
    return nbformat.writes(notebook)


def verdict_on(course, item, released=None, statuses=None, seed=0):
    """Writes a verdict with scores at random, as grading does; returns it.

    Args:
        course: The course's folder.
        item: The submission.
        released: The course's notebooks, where they have been read.
        statuses: Statuses of questions by their names, where they are not "wrong".
        seed: Another one gives other scores.
    """
    chance = random.Random(f"{item.student}{seed}")
    verdict = {
        "schema": 3,
        "student": item.student,
        "assignment": A01,
        "submission_sha256": classroom.digest(item.path),
        "questions": [
            {
                "name": question.name,
                "max_score": question.points,
                "score": 0.0 if item.path is None else chance.choice([0.0, question.points]),
                "status": (statuses or {}).get(question.name, "wrong"),
                "message": "Not right.",
                "repair": "",
                "mistake": None,
                "read_back": None,
                "cases": [],
                "follows": None,
                "source": question.source,
            }
            for question in ASSIGNMENT.questions
        ],
    }
    classroom.write_verdict(item, course, verdict, released or beside.notebooks_of(course, [A01]))
    return verdict


def record(course, *items, **options):
    """Writes verdicts on `items` and records them; returns (standings, failures, verdicts)."""
    released = beside.notebooks_of(course, [A01])
    verdicts = {item: verdict_on(course, item, released, **options) for item in items}
    return *recording.record(course, verdicts), verdicts


def opened(course):
    return Gradebook(f"sqlite:///{course}/gradebook.db")


def give(course, student, points, question=WRITTEN):
    """Gives points by hand, as nbgrader's formgrader does."""
    with opened(course) as book:
        grade = book.find_grade(question, A01, A01, student)
        grade.manual_score, grade.needs_manual_grade = points, False
        book.db.commit()


def grade_of(course, student, question=WRITTEN):
    with opened(course) as book:
        grade = book.find_grade(question, A01, A01, student)
        return grade.auto_score, grade.manual_score, grade.needs_manual_grade


def autograded(course, student):
    return course / "autograded" / student / A01 / f"{A01}.ipynb"
