"""Rubrics stand where people grade, and in nothing that a student gets."""

import io
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbgrader import utils

from autograder import places, tasks
from autograder.build import archive, notebooks, sample
from autograder.course import folder as course_folder
from autograder.course import pages, recording, rubrics
from autograder.course.beside import notebooks_of
from autograder.course.directory import open_directory
from autograder.grading import classroom
from autograder.grading import notebook as reading
from autograder.grading.submission import Submission

A01 = "a01_densities"
WRITTEN = [question.name for question in tasks.load(A01).manual]
# What stands in every rubric, and in nothing else.
RUBRIC = "**Rubric ("


@pytest.fixture
def course(tmp_path):
    course_folder.init(tmp_path, [A01])
    return tmp_path


def grade_as_right(course, student, text="Because."):
    """Hands in a solved notebook, and writes a verdict on it that all is right."""
    notebook = nbformat.read(notebooks.ASSIGNMENTS / A01 / f"{A01}.ipynb", as_version=4)
    sample.answer_with_solutions(notebook)
    for cell in notebook.cells:
        cell.source = cell.source.replace(reading.cells.TEXT_STUB, text)
        if text == RUBRIC and cell.cell_type == "markdown":
            cell.metadata["tags"] = [pages.RUBRIC_TAG]
    path = course / "submitted" / student / A01 / f"{A01}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)
    item = Submission(student, A01, path)
    verdict = {
        "schema": 3,
        "student": student,
        "assignment": A01,
        "submission_sha256": classroom.digest(path),
        "questions": [
            {
                "name": question.name,
                "max_score": question.points,
                "score": question.points,
                "status": "correct",
                "message": "Right.",
                "repair": "",
            }
            for question in tasks.load(A01).questions
        ],
    }
    classroom.write_verdict(item, course, verdict, notebooks_of(course, [A01]))
    assert recording.record(course, {item: verdict})[1] == []
    return course / "autograded" / student / A01 / f"{A01}.ipynb"


def test_each_answer_in_words_has_its_rubric_behind_it(course):
    every = nbformat.read(grade_as_right(course, "ann"), as_version=4).cells
    for name in WRITTEN:
        place = next(n for n, cell in enumerate(every) if reading.grade_id(cell) == name)
        assert pages.is_rubric(every[place + 1])
        assert RUBRIC in every[place + 1].source
        assert f"`{name}`" in every[place + 1].source
        assert "BEGIN SOLUTION" not in every[place + 1].source
    assert sum(map(pages.is_rubric, every)) == len(WRITTEN)


def test_the_rubric_is_the_one_of_the_courses_source(course):
    path = course / "source" / A01 / f"{A01}.ipynb"
    source = nbformat.read(path, as_version=4)
    for cell in source.cells:
        cell.source = cell.source.replace(RUBRIC, "Mine: " + RUBRIC)
    nbformat.write(source, path)
    found = rubrics.read_rubrics(open_directory(course), A01)
    assert [*found] == WRITTEN
    assert all("Mine: " + RUBRIC in text for text in found.values())
    text = grade_as_right(course, "ann").read_text(encoding="utf-8")
    assert text.count("Mine: ") == len(WRITTEN)
    path.write_text("{}")
    with pytest.raises(places.FaultyFile, match="is no notebook"):
        rubrics.read_rubrics(open_directory(course), A01)


def test_another_rubric_makes_another_notebook_of_the_same_verdict(course):
    before = notebooks_of(course, [A01]).release_sha256(A01)
    path = course / "source" / A01 / f"{A01}.ipynb"
    path.write_text(path.read_text(encoding="utf-8").replace(RUBRIC, "Mine: " + RUBRIC))
    assert notebooks_of(course, [A01]).release_sha256(A01) != before


def texts_in(path):
    """Yields (name, text) of a file, and of the files in it if it is a zip."""
    content = path.read_bytes()
    if path.suffix == ".zip":
        with zipfile.ZipFile(io.BytesIO(content)) as found:
            for name in found.namelist():
                yield f"{path}: {name}", found.read(name).decode("utf-8", "replace")
    else:
        yield str(path), content.decode("utf-8", "replace")


def test_no_rubric_and_no_answer_is_in_what_a_student_gets(course, tmp_path):
    grade_as_right(course, "ann")
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", "generate_feedback", A01],
        cwd=course,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    page = course / "feedback_by_hand" / "ann" / A01 / f"{A01}.html"
    assert "Because." in page.read_text(encoding="utf-8")
    given = [
        page,
        *(path for path in (course / "release").rglob("*") if path.is_file()),
        *(path for path in Path(notebooks.ASSIGNMENTS).rglob("*") if path.is_file()),
        archive.write_kit(tmp_path / "given", A01),
    ]
    answers = {
        words
        for name in tasks.names()
        for text in rubrics.read_rubrics(open_directory(course), name).values()
        for words in sentences(text)
    }
    assert len(answers) > 200
    for path in given:
        for name, text in texts_in(path):
            assert RUBRIC not in text, name
            assert "BEGIN SOLUTION" not in text or "/vikit/" in name or name.endswith(".py"), name
            flat = " ".join(text.split())
            assert not [words for words in answers if words in flat], name


def sentences(text):
    """The parts of an answer that are long enough to be nowhere by chance."""
    flat = " ".join(text.split())
    return [part.strip() for part in re.split(r"[.;:]\s", flat) if len(part) > 60]


def test_a_students_own_cell_is_no_rubric(course):
    """Whatever it is tagged, it stays in the feedback."""
    every = nbformat.read(grade_as_right(course, "bob", RUBRIC), as_version=4)
    assert sum(map(pages.is_rubric, every.cells)) == len(WRITTEN)
    kept, _ = pages.DropRubrics().preprocess(every, {})
    assert sum(RUBRIC in cell.source for cell in kept.cells) == len(WRITTEN)
    for name in WRITTEN:
        (cell,) = (cell for cell in every.cells if reading.grade_id(cell) == name)
        assert utils.determine_grade(cell)[0] is None
