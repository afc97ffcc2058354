"""Small answers that once were graded wrongly, or may be: a row each says what is expected of the
verdict.
"""

import importlib
import linecache
from pathlib import Path
from typing import NamedTuple

import pytest
import stand_in
from vikit.protocol import client

from autograder import tasks
from autograder.grading.judge import Judge

FOLDER = Path(__file__).parent / "cases"
SECRET = b"secret of the tests"


class Row(NamedTuple):
    """What is expected of the answer to a question in a file of `cases/`, in the notebook of the
    solution.

    Attributes:
        file: Name of the file.
        assignment: Name of the assignment.
        question: Name of the question.
        score: Its points.
        status: And its status.
        mistake: The name that is told; None for none.
        said: A part of the message.
    """

    file: str
    assignment: str
    question: str
    score: float
    status: str
    mistake: str | None = None
    said: str = ""


ROWS = (
    Row("noise_of_its_own", "a02_elbo", "reparameterize", 0, "wrong", "two_calls_differ"),
    Row("noise_of_its_own", "a03_vae", "sample_latent", 0, "wrong", "two_calls_differ"),
    Row("noise_once", "a02_elbo", "reparameterize", 0, "wrong"),
    Row(
        "logits_for_probabilities",
        "a05_vib",
        "categorical_log_prob",
        0,
        "wrong",
        "cat_logits_as_probabilities",
    ),
    Row(
        "nothing_later",
        "a06_flows",
        "leapfrog_step",
        1,
        "partial",
        None,
        "0 values came back, expected 2",
    ),
    Row("infinity_made_a_number", "a01_densities", "bernoulli_log_prob_probs", 8, "correct"),
    Row("infinity_made_a_number", "a01_densities", "kl_to_standard_normal", 0, "wrong"),
    Row("no_layers", "a03_vae", "Encoder", 0, "wrong", "no_weights"),
    Row("no_layers", "a03_vae", "Decoder", 0, "wrong", "no_weights"),
)


class Notebook(stand_in.Notebook, client.InProcess):
    """A notebook that has run: the solution's answers, and behind them those of a file."""

    def __init__(self, assignment, file):
        names = dict(vars(importlib.import_module(f"solutions.{assignment}")))
        source = (FOLDER / f"{file}.py").read_text(encoding="utf-8")
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        exec(compile(source, file, "exec"), names)
        super().__init__(names)


def graded(assignment, question, file):
    """Returns the verdict on one question; an error of the kit fails."""
    definition = next(
        definition for definition in tasks.load(assignment).questions if definition.name == question
    )
    asked = tasks.draw_for_student(assignment, definition, "ada", SECRET)
    alone = tasks.Assignment(assignment, "", (definition,))
    judge = Judge(Notebook(assignment, file), alone, [], SECRET)
    (verdict,) = judge.judge_all([asked])
    assert judge.kit_errors == []
    return verdict


def test_each_file_has_a_row_and_each_row_a_file():
    assert {row.file for row in ROWS} == {path.stem for path in FOLDER.glob("*.py")}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.file}, {row.question}")
def test_an_answer_is_graded_as_its_row_says(row):
    verdict = graded(row.assignment, row.question, row.file)
    assert (verdict.score, verdict.status, verdict.mistake) == (
        row.score,
        row.status,
        row.mistake,
    ), verdict.message
    assert row.said in verdict.message
