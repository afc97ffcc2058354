"""Notebooks to which things were done at random: each has a whole verdict, and none has more points
than it deserves.
"""

import json
import random
from collections import Counter

import nbformat
import pytest

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

ODD_TEXT = (
    "\u00a0", "\u2028", "\x00", "\x0c", "\ufeff", "é\u0301", "\U0001f600", "ﬁ", "\r", "\t", "{",
    "]", '"', "\\", "%%time\n", "!ls\n", "?", "def ", "class ", "@", "lambda: ", "f'{", "'''", "#",
    "import os\n", "raise SystemExit\n", "return 0\n", "pass\n", "del tf\n", "0/0\n", "async ",
    "yield 1\n", "\\N{BULLET}", "1" * 5000, "(" * 300, "x = " + "-" * 3000 + "1\n",
)  # fmt: skip
ODD_VALUES = (
    None, True, -1, 0, 10**30, -(10**30), 1e308, 0.5, "", "code", [], {}, [[]], [None], {"": None},
    [3, "a"], float("nan"), float("inf"), "\u2028", "x" * 10_000, [[[[[[[[]]]]]]]],
    {"a": {"b": {"c": [1, {"d": 2}]}}},
)  # fmt: skip


def source_of(cell):
    source = cell.get("source", "")
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


def delete(chance, content, cells):
    cells.pop(chance.randrange(len(cells)))


def double(chance, content, cells):
    cells.insert(chance.randrange(len(cells)), json.loads(json.dumps(chance.choice(cells))))


def reorder(chance, content, cells):
    chance.shuffle(cells)


def swap(chance, content, cells):
    first, second = chance.randrange(len(cells)), chance.randrange(len(cells))
    cells[first], cells[second] = cells[second], cells[first]


def change_type(chance, content, cells):
    chance.choice(cells)["cell_type"] = chance.choice(
        ["code", "markdown", "raw", "heading", None, 3, ["code"]]
    )


def damage_metadata(chance, content, cells):
    metadata = chance.choice(cells).setdefault("metadata", {})
    inner = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    place = inner if isinstance(inner, dict) and chance.random() < 0.7 else metadata
    if isinstance(place, dict):
        names = [*place, "nbgrader", "tags", "grade_id", "locked", "solution"]
        place[chance.choice(names)] = chance.choice(
            [*ODD_VALUES, "kl_to_standard_normal-answer", ["experiment"]]
        )


def lose_metadata(chance, content, cells):
    chance.choice([content, chance.choice(cells)])["metadata"] = chance.choice([{}, *ODD_VALUES])


def put_text(chance, content, cells):
    cell = chance.choice(cells)
    source = source_of(cell)
    at = chance.randrange(len(source) + 1)
    cell["source"] = source[:at] + chance.choice(ODD_TEXT) + source[at:]


def cut_source(chance, content, cells):
    cell = chance.choice(cells)
    source = source_of(cell)
    start, end = sorted(chance.randrange(len(source) + 1) for _ in range(2))
    cell["source"] = chance.choice(
        [source[:start], source[end:], source[:start] + source[end:], source.splitlines(True)]
    )


def put_value(chance, content, cells):
    chance.choice(cells)[
        chance.choice(["source", "outputs", "attachments", "id", "execution_count", "metadata"])
    ] = chance.choice(ODD_VALUES)


def change_format(chance, content, cells):
    content[chance.choice(["nbformat", "nbformat_minor", "metadata", "worksheets", "x"])] = (
        chance.choice(ODD_VALUES)
    )


def put_cell(chance, content, cells):
    source = "".join(chance.choice(ODD_TEXT) for _ in range(chance.randrange(1, 6)))
    cells.insert(
        chance.randrange(len(cells) + 1),
        {
            "cell_type": "code",
            "source": source,
            "metadata": {"tags": chance.choice([[], ["experiment"]])},
            "outputs": [],
        },
    )


SURGERY = (
    delete, double, reorder, swap, change_type, damage_metadata, damage_metadata, lose_metadata,
    put_text, put_text, cut_source, put_value, change_format, put_cell, put_cell,
)  # fmt: skip


def operated(text, chance):
    """Returns the text of a notebook to which one to six things were done, and now and then to the
    text itself.
    """
    content = json.loads(text)
    for _ in range(chance.randrange(1, 7)):
        if content["cells"]:
            chance.choice(SURGERY)(chance, content, content["cells"])
    text = json.dumps(content, ensure_ascii=chance.random() < 0.5)
    if chance.random() < 0.05:
        at = chance.randrange(len(text))
        text = chance.choice(
            [text[:at], text[:at] + chance.choice(ODD_TEXT) + text[at:], text + text[at:]]
        )
    return text


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
