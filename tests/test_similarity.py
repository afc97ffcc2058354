"""Pairs of answers that look alike: a copy under other names comes first, styles stay apart."""

import re

import nbformat
import pytest

from autograder import cli, tasks
from autograder.build import notebooks, sample
from autograder.course import roster, similarity
from autograder.grading import find_submissions

A01 = "a01_densities"
STYLES = ("keras_ops", "numpy_arrays", "tfp_distributions", "usual_mistakes", "talkative")
NAMES = {"mu": "mean_of_q", "log_var": "lv", "logits": "scores", "mean": "average"}


def disguised(source):
    """The same code with other names, comments and spaces."""
    for name, other in NAMES.items():
        source = re.sub(rf"\b{name}\b(?!=)", other, source)
    return source.replace("\n    return", "\n    # My own idea.\n\n    return").replace(" + ", "+")


@pytest.fixture(scope="module")
def submitted(tmp_path_factory):
    """A class of five styles, and one who took over another's answers and hid it."""
    folder = tmp_path_factory.mktemp("class")
    for student in (*STYLES, "copy", "blank", "broken"):
        notebook = nbformat.read(notebooks.ASSIGNMENTS / A01 / f"{A01}.ipynb", as_version=4)
        if student in STYLES:
            sample.answer_with(student)(notebook)
        if student == "copy":
            sample.answer_with("numpy_arrays")(notebook)
            for cell in notebook.cells:
                if sample.question_of(cell):
                    cell.source = disguised(cell.source)
        path = folder / student / A01 / f"{A01}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)
    (folder / "broken" / A01 / f"{A01}.ipynb").write_text("{")
    return folder


def alike(submitted, most=50, **students):
    submissions, _ = find_submissions(submitted, tasks.names(), [A01])
    rows = tuple(roster.Student(name, group=group) for name, group in students.items())
    return similarity.find_alike(submissions, A01, roster.Roster(rows), most)


def test_a_copy_under_other_names_comes_first(submitted):
    found = alike(submitted)
    first, second = found.pairs[:2]
    assert first.students == ("copy", "numpy_arrays")
    assert first.share > 0.9 > second.share
    assert not first.is_same
    assert len(first.questions) > 5
    # Who has written nothing, or nothing that can be read, is not compared.
    assert found.compared == len(STYLES) + 1
    assert len(found.pairs) == 15
    assert found.median < 0.6


def test_the_same_to_the_letter_is_said(submitted, tmp_path, capsys):
    for student in ("ann", "bob"):
        path = tmp_path / student / A01 / f"{A01}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_bytes((submitted / "keras_ops" / A01 / f"{A01}.ipynb").read_bytes())
    (pair,) = alike(tmp_path).pairs
    assert pair.is_same
    assert pair.share == 1
    arguments = ["similar", A01, "--submitted", str(tmp_path), "--out", str(tmp_path)]
    assert cli.main(arguments) == 0
    said = capsys.readouterr().out
    assert "ann and bob: the same to the letter" in said
    assert "2 students compared" in said
    assert cli.main([*arguments, "--most", "0"]) == 2


def test_members_of_a_group_are_not_compared(submitted):
    found = alike(submitted, copy="team 1", numpy_arrays="team 1")
    assert ("copy", "numpy_arrays") not in [pair.students for pair in found.pairs]
