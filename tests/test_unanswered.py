"""The line below a traceback that says which question to answer first; in a plain IPython, without
a kernel.
"""

import json
import os
import subprocess
import sys

import pytest
import soak
from vikit import judging
from vikit.judging import explain
from vikit.protocol import student_side

from autograder.build import notebooks

A01 = "a01_densities"
START = f"import vikit\nvikit.start({A01!r})"
DRIVER = """
import json, sys
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
shell = InteractiveShell.instance()
shell.history_manager.enabled = False
for source in json.loads(sys.argv[1]):
    with capture_output() as said:
        shell.run_cell(source, store_history=True)
    # The traceback comes first; what is below it is the kit's.
    print(json.dumps([said.stdout, said.stderr]))
"""


def run(folder, *cells, **environment):
    """Returns (the last line on stdout, stderr, all of stdout) of each cell."""
    started = [sys.executable, "-c", DRIVER, json.dumps([START, *cells])]
    names = {"IPYTHONDIR": str(folder), **environment}
    done = subprocess.run(
        started, cwd=folder, env=os.environ | names, capture_output=True, text=True, check=True
    )
    shown = [json.loads(line) for line in done.stdout.splitlines()][1:]
    assert len(shown) == len(cells), done.stdout + done.stderr
    return [(stdout.strip().rpartition("\n")[2], stderr, stdout) for stdout, stderr in shown]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "public_cases.json").write_bytes(
        (notebooks.ASSIGNMENTS / A01 / "public_cases.json").read_bytes()
    )
    return tmp_path


def write(folder, *cells):
    made = [
        {"cell_type": "code", "source": source, "metadata": {}, "outputs": []} for source in cells
    ]
    (folder / f"{A01}.ipynb").write_text(json.dumps({"cells": made, "metadata": {}, "nbformat": 4}))


STUB = "def f(x):\n    raise NotImplementedError('write f')"
CLASS = (
    "class Model:\n    def __init__(self):\n        self.made = True\n\n"
    "    def fit(self):\n        raise NotImplementedError('write Model')"
)
ABOUT_F = "Answer `f` first, then run this cell again."
# Cells, and what is said below each; None where the kit says nothing.
NOTEBOOKS = {
    "a stub alone": ([STUB], [None]),
    "a stub called by an experiment": ([STUB, "f(3)"], [None, ABOUT_F]),
    "within a function": (
        [STUB, "def plot():\n    return [f(x) for x in range(3)]\n\nplot()"],
        [None, ABOUT_F],
    ),
    "without the text": (["def f(x):\n    raise NotImplementedError", "f(3)"], [None, ABOUT_F]),
    "by a stub's helper": ([STUB, "def g(x):\n    return f(x)", "g(3)"], [None, None, ABOUT_F]),
    "as AutoGraph says it": (
        [
            STUB,
            "raise NotImplementedError("
            "'in user code:\\n    File ...\\n    NotImplementedError: write f')",
        ],
        [None, ABOUT_F],
    ),
    "as the cause of another": (
        [
            STUB,
            "try:\n    f(3)\nexcept Exception as error:\n    raise RuntimeError('x') from error",
        ],
        [None, ABOUT_F],
    ),
    "its own cause": (
        ["try:\n    1 / 0\nexcept Exception as error:\n    raise error from error"],
        [None],
    ),
    "a class": (
        [CLASS, "model = Model()", "model.fit()"],
        [None, None, "Answer `Model` first, then run this cell again."],
    ),
    "a name of a cell that stopped": (
        [STUB, "model = f(3)", "history = model.fit()", "print(history)"],
        [
            None,
            ABOUT_F,
            "Answer `f` first: the cell that makes `model` needs it. "
            "Then run that cell and this one.",
            "Answer `f` first: the cell that makes `history` needs it. "
            "Then run that cell and this one.",
        ],
    ),
    "answered meanwhile": (
        [
            STUB,
            "model = f(3)",
            "def f(x):\n    return x",
            "model",
            "model = f(3)",
            "model",
            "undone",
        ],
        [
            None,
            ABOUT_F,
            None,
            "Answer `f` first: the cell that makes `model` needs it.",
            None,
            None,
            None,
        ],
    ),
    "another exception": (
        ["images = 1 / 0", "images"],
        [None, "See first to the cell that makes `images`: it stopped with ZeroDivisionError."],
    ),
    "no Python": (
        ["def g(x):\n    return (x", "g(3)"],
        [None, "See first to the cell that makes `g`: it stopped with"],
    ),
    "a question whose cell was not run": (
        ["kl_to_standard_normal(1, 2)"],
        ["Run the cell first that makes `kl_to_standard_normal`; it begins: def kl_to"],
    ),
    "a slip of the pen": (["modle.fit()"], [None]),
    "an exception of one's own": (["raise NotImplementedError('later')"], [None]),
    "no method": (["class A:\n    pass", "A().b"], [None, None]),
}


# Each is like one that does not wait.
WAITING = (
    *("a stub alone", "within a function", "without the text", "as the cause of another"),
    *("a class", "answered meanwhile", "a slip of the pen", "no method"),
)


@pytest.mark.parametrize(
    "name", [soak.later(name) if name in WAITING else name for name in NOTEBOOKS]
)
def test_below_a_follow_on_error_stands_what_to_answer_first(folder, name):
    cells, wanted = NOTEBOOKS[name]
    shown = run(folder, *cells)
    for (line, stderr, _), said in zip(shown, wanted, strict=True):
        assert stderr == ""
        if said:
            assert line.startswith(said)
        else:
            assert not line.startswith(("Answer", "See first", "Run the")), line


def test_a_cell_that_was_not_run_is_named_where_a_file_says_so(folder):
    write(folder, STUB, "# trains\nmodel = f(3)", "rate = 3", "model.fit(rate)")
    shown = run(folder, STUB, "model.fit(rate)", "rate + 1")
    assert (
        shown[1][0]
        == "Answer `f` first: the cell that makes `model` needs it. Then run that cell and this"
        " one."
    )
    assert shown[2][0] == "Run the cell first that makes `rate`; it begins: rate = 3"


def test_the_first_cell_run_twice_says_it_once(folder):
    first, again = run(folder, f"{START}\n{STUB}", "f(3)")
    assert first[0].startswith(A01)
    assert again[2].count(ABOUT_F) == 1


@pytest.mark.parametrize("execution", ["autograde", "validate"])
def test_where_nbgrader_runs_the_notebook_nothing_is_said(folder, execution):
    shown = run(folder, STUB, "f(3)", "model = f(3)", "model", NBGRADER_EXECUTION=execution)
    assert not any("Answer" in line or stderr for line, stderr, _ in shown)


def test_check_of_an_answer_that_calls_a_stub_names_the_stub():
    names = {}
    exec(compile(f"{STUB}\n\ndef g(x):\n    return f(x)", "<ipython-input-1-x>", "exec"), names)
    kinds = {}
    for name in ("f", "g"):
        try:
            names[name](1)
        except NotImplementedError as error:
            kinds[name] = student_side.pack_exception(error, names[name])
    assert kinds == {
        "f": {"status": "unanswered", "kind": ""},
        "g": {"status": "unanswered", "kind": "f"},
    }
    asked = judging.DrawnQuestion("g", 1, "", (judging.DrawnCase("c", "generic", (), ()),))
    assert "Answer `f` first" in explain.explain_failure(
        asked, "unanswered", judging.Answer(**kinds["g"])
    )
