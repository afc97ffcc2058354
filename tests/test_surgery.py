"""Notebooks to which things were done at random: each has a whole verdict, and none has more points
than it deserves.
"""

import json
import random
from collections import Counter

import nbformat
import pytest
from surgery import operated

from autograder.build import notebooks, sample
from autograder.grading.limits import Limits
from autograder.grading.verdict import grade

A01 = "a01_densities"
SECRET = b"secret of the tests"
# Of many notebooks some have a cell that never ends. What else these limits strike at
# loses points, and may.
SOME_TIME = Limits(cell=20, question=20, notebook=120)
MOST = 77
pytestmark = pytest.mark.kernels


def after_surgery(tmp_path, released_notebook, numbers, limits=None):
    """Grades a blank and a solved notebook by turns after surgery; returns how many had which share
    of the points.
    """
    solved = nbformat.reads(released_notebook, as_version=4)
    sample.answer_with_solutions(solved)
    texts, seen = (released_notebook, nbformat.writes(solved)), Counter()
    for number in numbers:
        chance, is_solved = random.Random(number), number % 2
        path = tmp_path / f"{number}.ipynb"
        path.write_text(
            operated(texts[is_solved], chance), encoding="utf-8", errors="surrogatepass"
        )
        verdict = grade(A01, path, student=str(number), secret=SECRET, limits=limits, unsafe=True)
        assert verdict["kit_errors"] == [], number
        assert len(verdict["questions"]) == 11, number
        assert 0 <= verdict["score"] <= (MOST if is_solved else 0), number
        assert all(question["message"] for question in verdict["questions"]), number
        json.dumps(verdict, allow_nan=False).encode("utf-8")
        if is_solved:
            seen[
                "solved",
                "all" if verdict["score"] == MOST else "some" if verdict["score"] else "none",
            ] += 1
        else:
            seen["blank"] += 1
        path.unlink()
    return seen


def test_random_surgery_loses_no_verdict_and_gains_no_point(tmp_path, released_notebook):
    # None of these never ends.
    seen = after_surgery(tmp_path, released_notebook, range(6))
    assert seen["solved", "some"] + seen["solved", "all"] > 0


@pytest.mark.soak
def test_random_surgery_on_500_notebooks(tmp_path, released_notebook, capsys):
    seen = after_surgery(tmp_path, released_notebook, range(100, 600), SOME_TIME)
    with capsys.disabled():
        print(f"\n{sum(seen.values())} notebooks, by points left: {dict(seen)}")


def test_the_released_notebook_is_the_one_that_is_operated_on(released_notebook):
    assert (notebooks.ASSIGNMENTS / A01 / f"{A01}.ipynb").read_text(
        encoding="utf-8"
    ) == released_notebook
    changed = {operated(released_notebook, random.Random(number)) for number in range(50)}
    assert len(changed) == 50
