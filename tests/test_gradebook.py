"""nbgrader's gradebook: what a run writes into it, and what people wrote there."""

import json
import random
from datetime import datetime

import nbformat
import pytest
from nbgrader.api import Gradebook

from autograder import tasks
from autograder.build import notebooks, sample
from autograder.course import autograded, gradebook
from autograder.grading import notebook as reading

A01 = "a01_densities"
ASSIGNMENT = tasks.load(A01)
WRITTEN = [question.name for question in ASSIGNMENT.manual]
KL = "kl_to_standard_normal"


@pytest.fixture(scope="module")
def released():
    return nbformat.read(notebooks.ASSIGNMENTS / A01 / f"{A01}.ipynb", as_version=4)


def graded(released, student, written=True, seed=0, **values):
    """A submission with scores at random; all written questions are answered, or none."""
    notebook, chance = nbformat.from_dict(json.loads(json.dumps(released))), random.Random(seed)
    if written:
        sample.answer_with_solutions(notebook)
        for cell in notebook.cells:
            cell.source = cell.source.replace(reading.cells.TEXT_STUB, "Because.")
    verdict = {
        "questions": [
            {
                "name": question.name,
                "max_score": question.points,
                "score": chance.choice([0.0, round(0.7 * question.points, 4), question.points]),
                "status": "wrong",
                "message": "Not right.",
                "repair": "",
            }
            for question in ASSIGNMENT.questions
        ]
    }
    cells = reading.read_notebook(nbformat.writes(notebook).encode())
    found = autograded.autograded_notebook(cells, released, verdict)
    score = sum(question["score"] for question in verdict["questions"])
    return gradebook.Graded(student, found, **values), score


@pytest.fixture
def book(tmp_path, released):
    with gradebook.open_gradebook(f"sqlite:///{tmp_path}/gradebook.db") as book:
        gradebook.register(book, A01, released)
        book.db.commit()
        yield book


def write(book, *found):
    gradebook.write_grades(book, A01, found)
    book.db.commit()
    book.db.expire_all()


def grade_of(book, student, question):
    return book.find_grade(question, A01, A01, student)


def test_totals_are_of_100_and_say_what_is_to_be_graded_by_hand(book, released):
    (done, done_score), (blank, _) = graded(released, "ann"), graded(released, "bob", False, 1)
    write(book, done, blank)
    rows = {row["student"]: row for row in book.submission_dicts(A01)}
    assert rows["ann"]["max_score"] == 100
    assert rows["ann"]["score"] == pytest.approx(done_score)
    assert rows["ann"]["needs_manual_grade"]
    assert rows["ann"]["max_written_score"] == ASSIGNMENT.manual_max_score == 23
    assert not rows["bob"]["needs_manual_grade"]
    assert book.find_comment(WRITTEN[0], A01, A01, "bob").auto_comment == "No response."
    assert book.find_comment(WRITTEN[0], A01, A01, "ann").auto_comment is None
    assert grade_of(book, "ann", WRITTEN[0]).auto_score is None
    assert grade_of(book, "bob", WRITTEN[0]).auto_score == 0


def test_where_nobody_gave_points_the_last_automatic_scores_stand(book, released):
    write(book, graded(released, "ann")[0])
    other, _ = graded(released, "ann", written=False, seed=3)
    write(book, other)
    wanted = gradebook.scores_of(other.notebook)
    for name, score in wanted.items():
        assert grade_of(book, "ann", name).auto_score == score
        assert not grade_of(book, "ann", name).needs_manual_grade
    assert None not in wanted.values()


def test_what_a_person_gave_stays_through_a_regrade(book, released):
    one, _ = graded(released, "ann")
    write(book, one)
    grade = grade_of(book, "ann", WRITTEN[0])
    grade.manual_score, grade.extra_credit, grade.needs_manual_grade = 2.5, 1.0, False
    override = grade_of(book, "ann", KL)
    override.manual_score, override.needs_manual_grade = 11.0, False
    comment = book.find_comment(WRITTEN[0], A01, A01, "ann")
    comment.manual_comment = "Nearly."
    book.db.commit()
    for _ in range(2):
        write(book, one)
        grade = grade_of(book, "ann", WRITTEN[0])
        assert (grade.manual_score, grade.extra_credit, grade.score) == (2.5, 1.0, 3.5)
        assert not grade.needs_manual_grade
        assert grade_of(book, "ann", KL).score == 11
        assert not grade_of(book, "ann", KL).needs_manual_grade
        assert book.find_comment(WRITTEN[0], A01, A01, "ann").comment == "Nearly."
    # Another answer, or another automatic score: a person looks again, at that one alone.
    other, _ = graded(released, "ann", seed=3, changed=frozenset({WRITTEN[0]}))
    write(book, other)
    assert grade_of(book, "ann", KL).auto_score != override.manual_score
    assert grade_of(book, "ann", KL).needs_manual_grade
    assert grade_of(book, "ann", WRITTEN[0]).needs_manual_grade
    assert grade_of(book, "ann", WRITTEN[0]).score == 3.5
    # And it is not forgotten by the next run, which finds nothing changed.
    write(book, graded(released, "ann", seed=3)[0])
    assert grade_of(book, "ann", WRITTEN[0]).needs_manual_grade


def test_nothing_is_written_before_the_end(tmp_path, book, released):
    write(book, graded(released, "ann")[0])
    gradebook.write_grades(book, A01, [graded(released, "bob")[0]])
    book.db.rollback()
    assert [student.id for student in book.students] == ["ann"]
    assert len(book.assignment_submissions(A01)) == 1


def test_the_time_of_handing_in_is_that_of_the_notebook_that_counts(book, released):
    first, later = datetime(2026, 10, 1, 12), datetime(2026, 10, 2, 12)
    for given in (first, None, later):
        write(book, graded(released, "ann", timestamp=given)[0])
        assert book.find_submission(A01, "ann").timestamp == given


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
def test_nbgrader_finds_all_that_it_looks_for(book, released, tmp_path):
    """A submission is what nbgrader itself would have made of it: every grade and comment."""
    write(book, graded(released, "ann")[0])
    with Gradebook(f"sqlite:///{tmp_path}/gradebook.db") as other:
        other.add_student("bob")
        other.add_submission(A01, "bob")
        mine, theirs = (other.find_submission_notebook(A01, A01, name) for name in ("ann", "bob"))
        for rows in ("grades", "comments"):
            names = [{row.name for row in getattr(one, rows)} for one in (mine, theirs)]
            assert names[0] == names[1] != set()
        for cell in released.cells:
            if "nbgrader" in cell.metadata:
                source = other.find_source_cell(cell.metadata.nbgrader.grade_id, A01, A01)
                assert source.source == cell.source
                assert source.checksum == cell.metadata.nbgrader.get("checksum")


def test_other_cells_are_refused_once_somebody_has_handed_in(book, released):
    fewer = nbformat.from_dict(json.loads(json.dumps(released)))
    fewer.cells = [
        cell
        for cell in fewer.cells
        if cell.metadata.get("nbgrader", {}).get("grade_id") not in (KL, f"{KL}-answer")
    ]
    gradebook.register(book, A01, fewer)
    gradebook.register(book, A01, released)
    book.db.commit()
    write(book, graded(released, "ann")[0])
    with pytest.raises(gradebook.CellsChanged, match=rf"without {KL}, {KL}-answer since"):
        gradebook.register(book, A01, fewer)
    book.db.rollback()
    assert grade_of(book, "ann", KL).max_score == 12
    # Other words or points are no other cells.
    changed = nbformat.from_dict(json.loads(json.dumps(released)))
    for cell in changed.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == KL:
            cell.metadata.nbgrader.points = 10
            cell.source += "  # fewer points"
    gradebook.register(book, A01, changed)
    book.db.commit()
    assert grade_of(book, "ann", KL).max_score == 10
    assert book.find_source_cell(KL, A01, A01).source.endswith("# fewer points")
