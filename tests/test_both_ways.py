"""A class through `autograder grade` and through plain nbgrader: one gradebook, one export."""

import json
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import nbformat
import nbgrader_here
import pytest
from nbgrader.api import Gradebook
from surgery import operated

from autograder import cli, files, tasks
from autograder.build import notebooks, sample
from autograder.course import autograding, settings
from autograder.course import folder as course_folder
from autograder.grading import classroom
from autograder.grading import notebook as reading

A01 = "a01_densities"
WRITTEN = tasks.load(A01).manual[0].name
pytestmark = pytest.mark.kernels


def solved():
    notebook = nbformat.read(notebooks.ASSIGNMENTS / A01 / f"{A01}.ipynb", as_version=4)
    sample.answer_with_solutions(notebook)
    for cell in notebook.cells:
        cell.source = cell.source.replace(reading.cells.TEXT_STUB, "Because.")
    return nbformat.writes(notebook)


HOSTILE = (
    "Because $a<b$. <script>alert(1)</script> <img src=x onerror=alert(2)> "
    "[x](javascript:alert(3)) ![figure](attachment:figure.png)\\n\\n|a|\\n|-|\\n|cell|"
)


def hostile():
    """A notebook with HTML in an answer, in a text cell and in a raw cell."""
    notebook = nbformat.reads(solved().replace("Because.", HOSTILE), as_version=4)
    notebook.cells.append(nbformat.v4.new_markdown_cell("<script>alert(4)</script>"))
    notebook.cells.append(nbformat.v4.new_raw_cell("<script>alert(5)</script>"))
    return nbformat.writes(notebook)


def blank():
    return (notebooks.ASSIGNMENTS / A01 / f"{A01}.ipynb").read_text(encoding="utf-8")


def hand_in(course, student, content):
    path = course / "submitted" / student / A01 / f"{A01}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def hand_in_surgeries(course, numbers):
    texts = (solved(), blank())
    for number in numbers:
        # Mostly of a solved one: there is something to lose.
        content = operated(texts[number % 4 == 3], random.Random(number))
        hand_in(course, f"surgery {number:03d}", content)


def hand_in_odd_ones(course):
    hand_in(course, "right", solved())
    hand_in(course, "blank", blank())
    hand_in(course, "hostile", hostile())
    hand_in(course, "broken", solved()[:-100])
    hand_in(course, "no notebook", json.dumps({"cells": [{"cell_type": 3}]}))
    hand_in(course, "latin", b"\xff\xfe")
    taken = hand_in(course, "zz takes another's", "")
    taken.unlink()
    taken.symlink_to(course / "submitted" / "right" / A01 / f"{A01}.ipynb")
    (course / "submitted" / "right" / A01 / "timestamp.txt").write_text("2026-10-01 12:00:00 UTC")
    (course / "roster.csv").write_text("id,name\nright,Ada Lovelace\nzoe,Zoe Lee\nBLANK,\n")
    (course / "deadlines.csv").write_text(f"assignment,due\n{A01},2026-10-02 12:00 UTC\n")


def run(folder, *command):
    return subprocess.run(
        [sys.executable, "-m", *map(str, command)],
        cwd=folder,
        env=os.environ | {"HOME": str(folder), "IPYTHONDIR": str(folder / ".ipython")},
        capture_output=True,
        text=True,
    )


def rows_of(course):
    """Returns all that a gradebook holds of submissions, by student and cell."""
    found = {}
    with Gradebook(f"sqlite:///{course}/gradebook.db") as book:
        for submission in book.assignment_submissions(A01):
            found[submission.student.id] = submission.timestamp
            for grade in submission.notebooks[0].grades:
                values = (grade.auto_score, grade.needs_manual_grade, grade.max_score)
                found[submission.student.id, grade.name] = values
            for comment in submission.notebooks[0].comments:
                found[submission.student.id, comment.name] = comment.auto_comment
    assert found
    return found


def graded_both_ways(tmp_path, fill):
    """Returns the folders of two courses with the same submissions, after each has graded them."""
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    course_folder.init(ours, [A01])
    fill(ours)
    shutil.copytree(ours, theirs, symlinks=True)
    assert cli.main(["grade", A01, "--submitted", f"{ours}/submitted", "--out", str(ours)]) == 0
    (theirs / "secret").write_bytes((ours / "secret").read_bytes())
    for path in (ours / settings.CONFIG_NAME, theirs / settings.CONFIG_NAME):
        assert path.is_file()
    done = run(theirs, "nbgrader", "autograde", A01)
    assert done.returncode == 0, done.stderr
    return ours, theirs, done.stderr


def check_equal(ours, theirs):
    assert rows_of(ours) == rows_of(theirs)
    exports = []
    for course in (ours, theirs):
        done = nbgrader_here.run(course, "export")
        assert done.returncode == 0, done.stderr
        exports.append((course / "gradebook.csv").read_text())
        # It must not lie where the kit's own table does.
        assert (course / "grades.csv").exists() == (course == ours)
    assert exports[0] == exports[1]
    students = [path.name for path in (ours / "autograded").iterdir()]
    assert {*students} == {path.name for path in (theirs / "autograded").iterdir()}
    for student in students:
        kept = [
            (course / "autograded" / student / A01 / f"{A01}.ipynb").read_text()
            for course in (ours, theirs)
        ]
        assert kept[0] == kept[1]
    return exports[0]


def test_a_class_gets_the_same_both_ways(tmp_path, graders_here):
    def fill(course):
        hand_in_odd_ones(course)
        hand_in_surgeries(course, range(2, 4))

    ours, theirs, said = graded_both_ways(tmp_path, fill)
    export = check_equal(ours, theirs)
    scores = {row.split(",")[3]: row.split(",")[9] for row in export.splitlines()[1:]}
    assert scores["right"] == "77.0"
    assert f"{A01},2026-10-02 12:00:00,2026-10-01 12:00:00,right,Lovelace,Ada" in export
    # Who is on the roster and has no folder has a row all the same.
    table = (ours / "grades.csv").read_text()
    assert f"zoe,Zoe Lee,{A01},0.0,77.0" in table
    # A folder in another case is no second student.
    assert "BLANK" not in table
    for student in ("zoe", "blank", "broken", "no notebook", "latin", "zz takes another's"):
        assert scores[student] == "0.0"
    assert "right/a01_densities: 77 of 77 points" in said
    assert "it is not followed" in said
    assert rows_of(ours)["right", "kl_to_standard_normal"] == (12, False, 12)
    # nbgrader's own commands go on from there, and what a person gave stands and waits for nobody.
    with Gradebook(f"sqlite:///{ours}/gradebook.db") as book:
        grade = book.find_grade(WRITTEN, A01, A01, "right")
        grade.manual_score, grade.needs_manual_grade = 2.5, False
        book.db.commit()
    pages = [("generate_feedback", A01, f"--student={one}") for one in ("right", "hostile")]
    for command in (*pages, ("autograde", A01, "--force")):
        done = nbgrader_here.run(ours, *command)
        assert done.returncode == 0, done.stderr
    with Gradebook(f"sqlite:///{ours}/gradebook.db") as book:
        grade = book.find_grade(WRITTEN, A01, A01, "right")
        assert (grade.manual_score, grade.needs_manual_grade) == (2.5, False)
        grade.manual_score, grade.needs_manual_grade = None, True
        book.db.commit()
    page = (ours / "feedback_by_hand" / "hostile" / A01 / f"{A01}.html").read_text()
    assert "<mi>a</mi><mo>&lt;</mo><mi>b</mi>" in page
    assert "<td>cell</td>" in page
    for number in range(1, 6):
        assert f"<script>alert({number})" not in page
    assert "onerror=alert(2)>" not in page
    assert 'href="javascript' not in page
    pages = ours / "feedback_by_hand" / "right" / A01 / f"{A01}.html"
    assert "kl_to_standard_normal: correct" in pages.read_text()
    assert (ours / "feedback" / A01 / "right.html").is_file()
    check_equal(ours, theirs)


@pytest.mark.soak
@pytest.mark.parametrize("start", range(0, 500, 50))
def test_a_notebook_after_surgery_gets_the_same_both_ways(tmp_path, start):
    def fill(course):
        hand_in_surgeries(course, range(start, start + 50))

    check_equal(*graded_both_ways(tmp_path, fill)[:2])


def test_a_grading_that_fails_is_left_to_a_person(tmp_path, monkeypatch):
    """It exits with 1, leaves no notebook that looks graded, and other students have theirs."""
    course_folder.init(tmp_path, [A01])
    hand_in(tmp_path, "ann", blank())
    hand_in(tmp_path, "bob", blank())
    graded = classroom.grade_under

    def fails(conditions, assignment, path, student):
        if student == "ann":
            raise OSError("the disk failed")
        return graded(conditions, assignment, path, student)

    monkeypatch.setattr(classroom, "grade_under", fails)
    done = nbgrader_here.run(tmp_path, "autograde", A01)
    assert done.returncode == 1
    assert "the disk failed" in done.stderr
    assert not (tmp_path / "autograded" / "ann").exists() or not any(
        (tmp_path / "autograded" / "ann").rglob("*.ipynb")
    )
    rows = rows_of(tmp_path)
    assert rows["ann", "kl_to_standard_normal"] == (None, True, 12)
    assert rows["bob", "kl_to_standard_normal"] == (0, False, 12)


def test_nbgrader_grades_nothing_with_a_faulty_file_of_the_course(tmp_path, monkeypatch):
    """It goes on where its hook fails: without a deadline there would be no penalty."""
    course_folder.init(tmp_path, [A01])
    monkeypatch.chdir(tmp_path)
    autograding.write_assignment(A01, "ann", [])
    hand_in(tmp_path, "ann", blank())
    (tmp_path / "deadlines.csv").write_text(f"assignment,due\n{A01},Friday\n")
    done = nbgrader_here.run(tmp_path, "autograde", A01)
    assert done.returncode == 1
    assert "'Friday' is no time" in done.stderr
    assert not any((tmp_path / "verdicts").rglob("*.json"))
    assert not any((tmp_path / "autograded").rglob("*.ipynb"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a lock")
def test_nbgrader_waits_where_another_run_writes_the_gradebook(tmp_path, monkeypatch, caplog):
    course_folder.init(tmp_path, [A01])
    monkeypatch.chdir(tmp_path)
    caplog.set_level("INFO")
    book, holds, goes_on = tmp_path / "gradebook.db", threading.Event(), threading.Event()

    def hold():
        with files.alone(tmp_path / ".lock", lambda: None):
            holds.set()
            goes_on.wait()
            assert not book.exists()

    with ThreadPoolExecutor(2) as pool:
        other = pool.submit(hold)
        holds.wait()
        ours = pool.submit(autograding.write_assignment, A01, "ann", [])
        while "Another run" not in caplog.text and not ours.done():
            time.sleep(0.01)
        goes_on.set()
        other.result()
        ours.result()
    assert book.exists()


@pytest.mark.soak
def test_through_nbgraders_exchange_and_back(tmp_path):
    """Released, fetched, submitted, collected, graded; the student gets the feedback."""
    course, student, shared = (tmp_path / name for name in ("course", "student", "exchange"))
    shared.mkdir(mode=0o777)
    student.mkdir()
    course_folder.init(course, [A01])
    root = f"c.Exchange.root = {str(shared)!r}\n"
    config = course / settings.CONFIG_NAME
    config.write_text(config.read_text() + root)
    (student / ".jupyter").mkdir()
    (student / ".jupyter" / settings.CONFIG_NAME).write_text(
        f"c = get_config()\n{root}c.CourseDirectory.course_id = 'variational-inference'\n"
    )
    kept = {name for name in ("timestamp.txt", "submission_secret.txt", f"{A01}.ipynb")}

    def go(folder, *command):
        done = run(folder, *command)
        assert done.returncode == 0, done.stderr
        return done.stdout

    go(course, "nbgrader", "release_assignment", A01)
    go(student, "nbgrader", "fetch_assignment", A01)
    (student / A01 / f"{A01}.ipynb").write_text(solved())
    assert "Success!" in go(student, "nbgrader", "validate", f"{A01}/{A01}.ipynb")
    go(student, "nbgrader", "submit", A01)
    go(course, "nbgrader", "collect", A01)
    go(course, "autograder", "grade", "--submitted", "submitted", "--out", ".")
    (home,) = (course / "autograded").iterdir()
    assert {path.name for path in (home / A01).iterdir()} == kept
    for command in ("generate_feedback", "release_feedback"):
        go(course, "nbgrader", command, A01)
    go(student, "nbgrader", "fetch_feedback", A01)
    (page,) = (student / A01 / "feedback").rglob("*.html")
    assert "kl_to_standard_normal: correct" in page.read_text()
