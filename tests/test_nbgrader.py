"""Plain nbgrader on the released notebooks: what it reads off a check is what the answer is worth
on the public cases.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbgrader.api import Gradebook
from vikit import judging
from vikit.notebook import cells, nbgrading

from autograder import tasks
from autograder.build import notebooks, sample

A01 = "a01_densities"
KL, BERNOULLI = "kl_to_standard_normal", "bernoulli_log_prob_logits"
pytestmark = pytest.mark.kernels

# Before an answer, and each time that it is called: in all the ways that lead to stderr.
NOISE = """
import logging, os, sys, threading, warnings
_handler, _stream = logging.StreamHandler(), sys.stderr
def _noise():
    warnings.warn("a warning")
    warnings.warn_explicit("another", UserWarning, "file", len(_said))
    print("to stderr", file=sys.stderr)
    print("to stderr as it was before", file=_stream, flush=True)
    _handler.emit(logging.makeLogRecord({"msg": "logged"}))
    os.write(2, b"from C++\\n")
    _said.append(1)
_said = []
_noise()
"""


def fill_in(notebook, answers):
    sample.fill_in(notebook, sample.solutions() | answers)


def noisy(notebook):
    """Puts noise into the function of each answer: it is called before the function's first own
    line.
    """
    sample.answer_with_solutions(notebook)
    for cell in notebook.cells:
        name = sample.question_of(cell)
        if name:
            wrapped = (
                f"_quiet_{name} = {name}\ndef {name}(*args):\n    _noise()\n    return "
                f"_quiet_{name}(*args)"
            )
            cell.source += f"\n\n{NOISE}\n{wrapped}"


def half(notebook):
    """One answer right on generic cases only, one wrong, one that raises, one that is not written,
    one that is renamed.
    """
    stubs = {sample.question_of(cell): cell.source for cell in notebook.cells}
    naive = (
        f"def {BERNOULLI}(x, logits):\n    return tf.reduce_sum(x * logits - tf.math.log(1 + "
        "tf.exp(logits)), -1)"
    )
    fill_in(
        notebook,
        {
            BERNOULLI: naive,
            KL: f"def {KL}(mu, log_var):\n    return 0 * mu[:, 0]",
            "gaussian_entropy": "def gaussian_entropy(log_var):\n    raise ValueError('no')",
            "elbo_identity_terms": stubs["elbo_identity_terms"],
            "kl_diag_gaussians": "def kl_of_gaussians(*args):\n    return 0",
        },
    )


def answer_in_words(notebook):
    for cell in notebook.cells:
        cell.source = cell.source.replace(cells.TEXT_STUB, "Because.")


def hinted(notebook):
    """All right, and each check was asked for a hint, as `check` itself says that one may."""
    sample.answer_with_solutions(notebook)
    for cell in notebook.cells:
        cell.source = re.sub(r'\Acheck\("(\w+)"\)', r'check("\1", hint=True)', cell.source)
    assert sum("hint=True" in cell.source for cell in notebook.cells) >= len(FULL)


STUDENTS = {"hinted": hinted, "blank": lambda notebook: None, "half": half, "noisy": noisy}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course of nbgrader's with four students, not yet graded: (folder, function that runs a
    command in it).
    """
    folder = tmp_path_factory.mktemp("course")
    released = notebooks.ASSIGNMENTS / A01
    for place in ("source/" + A01, *(f"submitted/{student}/{A01}" for student in STUDENTS)):
        (folder / place).mkdir(parents=True)
        for file in released.iterdir():
            (folder / place / file.name).write_bytes(file.read_bytes())
    for student, change in STUDENTS.items():
        path = folder / "submitted" / student / A01 / f"{A01}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        change(notebook)
        if student != "blank":
            answer_in_words(notebook)
        nbformat.write(notebook, path)
    (folder / "nbgrader_config.py").write_text(
        f"c = get_config()\nc.CourseDirectory.root = {str(folder)!r}\nc.ExecutePreprocessor.timeout"
        " = 10**5\nc.ExecutePreprocessor.iopub_timeout = c.ExecutePreprocessor.startup_timeout = "
        "10**5\n"
    )
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {
        "PATH": path,
        "HOME": str(folder),
        "IPYTHONDIR": str(folder / ".ipython"),
    }

    def run(*command):
        return subprocess.run(
            [sys.executable, "-m", "nbgrader", *map(str, command)],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
        )

    return folder, run


@pytest.fixture(scope="module")
def score(course):
    """Returns a function from a student to the score of each question that `nbgrader autograde`
    gives.
    """
    folder, run = course
    done = run("generate_assignment", A01)
    assert done.returncode == 0, done.stderr
    automatic = [question.name for question in tasks.load(A01).questions]

    def score(student):
        done = run("autograde", A01, "--student", student)
        assert done.returncode == 0, done.stderr
        with Gradebook(f"sqlite:///{folder}/gradebook.db") as book:
            grades = book.find_submission_notebook(A01, A01, student).grades
            return {grade.name: grade.auto_score for grade in grades if grade.name in automatic}

    return score


FULL = {question.name: question.points for question in tasks.load(A01).questions}


@pytest.mark.soak
def test_nbgrader_gives_a_blank_notebook_nothing(score):
    assert sum(FULL.values()) == 77
    assert score("blank") == dict.fromkeys(FULL, 0)


@pytest.mark.soak
def test_nbgrader_gives_each_answer_its_points_on_the_public_cases(score):
    lost = (KL, "gaussian_entropy", "elbo_identity_terms", "kl_diag_gaussians")
    assert score("half") == FULL | {BERNOULLI: 0.7 * FULL[BERNOULLI]} | dict.fromkeys(lost, 0)


@pytest.mark.soak
def test_nbgrader_gives_a_right_notebook_all_whatever_its_answers_write_to_stderr(score):
    assert score("noisy") == FULL


@pytest.mark.soak
@pytest.mark.parametrize(
    ("student", "right"), [("blank", False), ("half", False), ("noisy", True), ("hinted", True)]
)
def test_validate_says_success_of_a_right_notebook_alone(course, student, right):
    folder, run = course
    said = run("validate", folder / "submitted" / student / A01 / f"{A01}.ipynb").stdout
    assert ("Success! Your notebook passes all the tests." in said) == right
    if student == "blank":
        in_words = len(tasks.load(A01).manual)
        assert f"VALIDATION FAILED ON {len(FULL) + in_words} CELL(S)" in said
        assert f"{KL}: unanswered, 0 of 12 points" in said
    if student == "half":
        assert "VALIDATION FAILED ON 5 CELL(S)" in said
        assert f"{BERNOULLI}: partial, 5.6 of 8 points" in said


@pytest.mark.parametrize(
    ("score", "shown"),
    [
        (np.float64(2.5), "2.5"),
        (np.float32(7), "7.0"),
        (7 + 1e-9, "7.0"),
        (-1e-17, "0.0"),
        (np.nan, "0.0"),
        (np.inf, "0.0"),
    ],
)
def test_a_score_is_a_plain_number_within_the_points(score, shown, monkeypatch):
    """nbgrader reads the text: `np.float64(0.0)` and `nan` would be all points, and more than the
    points its end.
    """
    verdict = judging.build_unjudged_verdict(
        judging.DrawnQuestion("f", 7, "", ()), "wrong", "Not right."
    )
    object.__setattr__(verdict, "score", score)
    monkeypatch.setenv(nbgrading.EXECUTION, "autograde")
    assert repr(nbgrading.score(verdict)) == shown
    monkeypatch.setenv(nbgrading.EXECUTION, "validate")
    if shown == "7.0":
        assert repr(nbgrading.score(verdict)) == shown
    else:
        with pytest.raises(nbgrading.NotRight, match=r"f: wrong, .* of 7 points"):
            nbgrading.score(verdict)


def test_nothing_reaches_stderr_during_a_check_and_all_of_it_after(capfd):
    def write():
        print("by Python", file=sys.stderr, flush=True)
        os.write(2, b"from C++\n")

    with nbgrading.hide_stderr():
        write()
    assert capfd.readouterr().err == ""
    with pytest.raises(KeyError), nbgrading.hide_stderr():
        raise KeyError
    write()
    assert capfd.readouterr().err == "by Python\nfrom C++\n"
