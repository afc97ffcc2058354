"""`new-question`: what it writes works, and what cannot be written is refused before anything
is.
"""

import importlib.util
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from vikit import judging

from autograder import places, tasks
from autograder.build import script, skeleton

A01 = "a01_densities"


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of a01 and of its solution, into which questions are written."""
    for name in tasks.names():
        tasks.load(name)  # with its hints: those of the others are not copied
    shutil.copytree(
        tasks.FOLDER / A01, tmp_path / "tasks" / A01, ignore=shutil.ignore_patterns("__pycache__")
    )
    (tmp_path / "solutions").mkdir()
    shutil.copy(script.SOLUTIONS / f"{A01}.py", tmp_path / "solutions")
    monkeypatch.setattr(tasks, "FOLDER", tmp_path / "tasks")
    monkeypatch.setattr(script, "SOLUTIONS", tmp_path / "solutions")
    return tmp_path


def everything(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def written_question(path):
    """Returns the question of a module that was written, imported as a module of a01."""
    spec = importlib.util.spec_from_file_location(f"autograder.tasks.{A01}.{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return getattr(module, path.stem)


def test_a_new_question_is_drawn_judged_and_names_its_mistake(copy):
    written = skeleton.write_question(A01, "power")
    assert all(path.is_file() and what for path, what in written)
    question = written_question(copy / "tasks" / A01 / "power.py")
    asked = tasks.draw_for_student(A01, question, "ada", b"secret")
    right = {case.name: judging.Answer("ok", case.expected) for case in asked.cases}
    assert judging.judge(asked, right).score == question.points
    wrong = {case.name: judging.Answer("ok", case.wrong["power_mean"][0]) for case in asked.cases}
    assert judging.judge(asked, wrong).mistake == "power_mean"


def test_it_is_listed_has_a_hint_and_a_cell_whose_answer_is_right(copy):
    skeleton.write_question(A01, "power")
    listed = (copy / "tasks" / A01 / "__init__.py").read_text(encoding="utf-8")
    assert "from .power import power\n" in listed
    assert "        elbo_identity_terms,\n        power,\n    ),\n" in listed
    found = tasks.hints.read_hints(copy / "tasks" / A01 / tasks.hints.FILE)
    assert ("power", "power_mean") in found
    (cell,) = (
        cell for cell in script.read(copy / "solutions" / f"{A01}.py") if cell.question == "power"
    )
    names = {}
    exec("import tensorflow as tf\n" + cell.source, names)
    np.testing.assert_allclose(names["power"](np.float32([[1, 2], [3, 4]])), [5, 25])


def test_ruff_has_nothing_to_say(copy):
    skeleton.write_question(A01, "power")
    # Paths in the settings are relative to the repository: they do not say it of this copy.
    tables = f"{copy}/solutions/*:E501"
    for command in (["check", "--extend-per-file-ignores", tables], ["format", "--check"]):
        subprocess.run(
            [
                sys.executable,
                "-m",
                "ruff",
                *command,
                "--config",
                places.CHECKOUT / "pyproject.toml",
                copy,
            ],
            check=True,
        )


@pytest.mark.parametrize(
    ("assignment", "name", "error", "said"),
    [
        ("a99_nothing", "power", LookupError, "there are: a01_densities"),
        (A01, "Power", skeleton.SkeletonError, "is no name of a function"),
        (A01, "2power", skeleton.SkeletonError, "is no name of a function"),
        (A01, "lambda", skeleton.SkeletonError, "is no name of a function"),
        (A01, "vae_loss", skeleton.SkeletonError, "there is a question 'vae_loss' already"),
        (A01, "bayes", skeleton.SkeletonError, "bayes.py is there already"),
    ],
)
def test_what_cannot_be_written_is_refused_and_nothing_is_changed(
    copy, assignment, name, error, said
):
    before = everything(copy)
    with pytest.raises(error, match=said):
        skeleton.write_question(assignment, name)
    assert everything(copy) == before


@pytest.mark.soak
def test_what_is_written_passes_the_tests_of_its_assignment(tmp_path):
    checkout = tmp_path / "checkout"
    left = shutil.ignore_patterns(".*", "build", "course*", "__pycache__", "*.egg-info")
    shutil.copytree(places.CHECKOUT, checkout, ignore=left)
    shutil.copytree(places.CHECKOUT / ".ci", checkout / ".ci")
    environment = os.environ | {"PYTHONPATH": str(checkout / "assignments")}
    for command in (
        ["autograder", "new-question", A01, "power"],
        ["autograder", "assignments"],
        ["pytest", "-q", "-m", "not soak", "--assignment", A01],
    ):
        run = [sys.executable, "-m", *command]
        done = subprocess.run(run, cwd=checkout, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
