"""A question asked again, for the eyes of whoever teaches: as it was graded; nothing is written."""

import json

import numpy as np
import pytest

from autograder import cli, kernels
from autograder.grading import explaining, find_submissions
from autograder.grading.classroom import Settings, grade_class
from autograder.grading.limits import limits_for
from autograder.grading.verdict import Conditions

A01 = "a01_densities"
KL, DENSITY = "kl_to_standard_normal", "bernoulli_log_prob_logits"
SECRET = b"secret of the tests"
WRONG_KL = (
    f"def {KL}(mu, log_var):\n"
    "    return 0.5 * tf.reduce_sum(mu**2 + tf.exp(log_var) + log_var - 1, axis=-1)"
)
pytestmark = pytest.mark.kernels


def ask(item, question):
    conditions = Conditions(SECRET, "/CPU:0", limits_for(1), kernels.choose())
    return explaining.ask_again(conditions, item, question)


@pytest.fixture
def handed_in(tmp_path, write_notebook):
    write_notebook(
        {KL: WRONG_KL, DENSITY: f"def {DENSITY}(x, logits):\n    raise ValueError('no idea')"},
        path=tmp_path / "submitted" / "ann" / A01 / f"{A01}.ipynb",
    )
    (item,) = find_submissions(tmp_path / "submitted", [A01])[0]
    return item


def test_what_is_shown_is_what_was_graded(handed_in, tmp_path, graders_here):
    run = grade_class([handed_in], Settings(tmp_path, SECRET, unsafe=True))
    graded = {one["name"]: one for one in run.verdicts[handed_in]["questions"]}
    found = ask(handed_in, KL)
    assert found.verdict.status == graded[KL]["status"] == "wrong"
    assert found.verdict.mistake == graded[KL]["mistake"]
    passed = {case["name"]: case["passed"] for case in graded[KL]["cases"]}
    assert {case.name: case.passed for case in found.cases}.items() <= passed.items()
    for case in found.cases:
        # The right value by the formula, from the inputs that are shown, where all can be read.
        (right,), (answer,) = case.expected, case.answer.values
        assert np.shape(right) == np.shape(answer)
        assert case.apart == pytest.approx(float(np.max(np.abs(answer - right))))
        # The tolerance of the course: a difference may be large where the right value is.
        assert np.allclose(answer, right, rtol=1e-4, atol=1e-5) == case.passed
        assert len(case.arguments) == 2
    raised = ask(handed_in, DENSITY)
    assert {case.answer.status for case in raised.cases} == {"error"}
    assert {case.apart for case in raised.cases} == {None}


def test_the_command_shows_the_first_wrong_case_or_all(handed_in, tmp_path, capsys):
    (tmp_path / "secret").write_bytes(SECRET)
    where = ("--submitted", str(tmp_path / "submitted"), "--out", str(tmp_path), "--unsafe")
    before = sorted(tmp_path.rglob("*"))
    assert cli.main(["explain", "ann", KL, *where]) == 0
    said = capsys.readouterr().out
    assert f"{KL}: wrong, " in said
    assert "known as " in said
    assert said.count("largest difference: ") == 1
    for part in ("argument 1: float32 [", "argument 2: ", "right value 1: ", "came back 1: "):
        assert part in said
    assert cli.main(["explain", "ann", KL, "--all", *where]) == 0
    assert capsys.readouterr().out.count("largest difference: ") > 3
    assert cli.main(["explain", "ann", DENSITY, *where]) == 0
    said = capsys.readouterr().out
    assert "came back: error\n" in said
    assert "ValueError: no idea" in said
    assert sorted(tmp_path.rglob("*")) == before


def test_what_cannot_be_asked_is_said(tmp_path, write_notebook, capsys):
    where = ("--submitted", str(tmp_path / "submitted"), "--out", str(tmp_path), "--unsafe")
    assert cli.main(["explain", "ann", KL, *where]) == 2
    assert "nobody has been graded" in capsys.readouterr().err
    (tmp_path / "secret").write_bytes(SECRET)
    folder = tmp_path / "submitted" / "ann" / A01
    folder.mkdir(parents=True)
    assert cli.main(["explain", "ann", KL, *where]) == 2
    assert "nothing can be read: expected" in capsys.readouterr().err
    (folder / f"{A01}.ipynb").write_text(json.dumps([1]))
    assert cli.main(["explain", "ann", KL, *where]) == 2
    assert "nothing can be read" in capsys.readouterr().err
    assert cli.main(["explain", "zoe", KL, *where]) == 2
    assert "there is no folder" in capsys.readouterr().err
    assert cli.main(["explain", "ann", "why_latent_variables", *where]) == 2
    assert "why_latent_variables is graded by hand" in capsys.readouterr().err
