"""Whatever ends a notebook's process, and however late: the cell that brings it about is found, and
all others count.
"""

import pytest
import soak
from vikit.protocol.client import Student

from autograder.grading import run as runs
from autograder.grading.limits import Limits
from autograder.grading.notebook import Cell
from autograder.grading.run import GaveUp, NotebookRun

pytestmark = pytest.mark.kernels
# Limits that no load makes too short.
LONG = Limits(cell=600, question=600, notebook=6000)
TAKES_A_WHILE = "import time\ntime.sleep(0.15)"
ANSWER = "def {0}(x):\n    return x"

POLITE = {
    "restart": "import IPython\nIPython.Application.instance().kernel.do_shutdown(True)",
    "exit": "exit()",
    "quit": "quit()",
    "ask": "get_ipython().ask_exit()",
    "flag": "get_ipython().exit_now = True",
}
LATE = {
    "timer": "import os, threading\nthreading.Timer(0.4, os._exit, [0]).start()",
    "thread": (
        "import os, threading, time\ndef end():\n    time.sleep(0.3)\n   "
        " os.abort()\nthreading.Thread(target=end, daemon=True).start()"
    ),
    "loop": "import asyncio, os\nasyncio.get_event_loop().call_later(0.2, os._exit, 1)",
    "stopped loop": (
        "import IPython\nloop = IPython.Application.instance().kernel.io_loop\nloop.call_later(0.2,"
        " loop.stop)"
    ),
    "faulthandler": (
        "import faulthandler, tempfile\n"
        "faulthandler.dump_traceback_later(0.3, exit=True, file=tempfile.TemporaryFile())"
    ),
    "alarm": (
        "import os, signal\nsignal.signal(signal.SIGALRM, lambda *_: os._exit(1))\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.3)"
    ),
}


def cells_of(*sources):
    return [Cell(source, source, frozenset()) for source in sources]


def answers(run, *names):
    return [Student(run, 600).call(name, [1.0]).status for name in names]


@pytest.mark.parametrize("way", POLITE)
def test_a_cell_that_asks_for_an_end_or_a_restart_ends_nothing(way):
    with NotebookRun(
        cells_of(ANSWER.format("f"), POLITE[way], *[TAKES_A_WHILE] * 4, ANSWER.format("g")),
        limits=LONG,
    ) as run:
        assert answers(run, "f", "g") == ["ok", "ok"]
        assert (run.restarts, run.ends_it) == (0, set())


@pytest.mark.parametrize("way", [way if way == "timer" else soak.later(way) for way in LATE])
def test_a_death_is_blamed_on_the_cell_that_brings_it_about_not_on_one_that_runs(way):
    sources = [
        ANSWER.format("f"),
        TAKES_A_WHILE,
        LATE[way],
        ANSWER.format("g"),
        *[TAKES_A_WHILE] * 6,
        ANSWER.format("h"),
    ]
    with NotebookRun(cells_of(*sources), limits=LONG) as run:
        assert answers(run, "f", "g", "h") == ["ok"] * 3
        assert run.ends_it == {2}
        assert [outcome.status for _, outcome in sorted(run.outcomes.items())] == [
            "ok",
            "ok",
            "dead",
            *["ok"] * 8,
        ]


@pytest.mark.soak
def test_a_death_at_once_is_blamed_on_the_cell_itself_and_each_of_several_is_found():
    sources = [
        TAKES_A_WHILE,
        "import os\nos._exit(1)",
        ANSWER.format("f"),
        LATE["timer"],
        *[TAKES_A_WHILE] * 4,
        "os.abort()",
        "import os; os.abort()",
        ANSWER.format("g"),
    ]
    with NotebookRun(cells_of(*sources), limits=LONG) as run:
        assert answers(run, "f", "g") == ["ok", "ok"]
        assert run.ends_it == {1, 3, 9}


def test_a_function_that_is_asked_while_the_timer_of_a_cell_runs_out_is_not_blamed():
    timer = "import os, threading\nthreading.Timer(1, os._exit, [0]).start()"
    slow = "import time\ndef f(x):\n    time.sleep(1.5)\n    return x"
    with NotebookRun(cells_of(timer, slow), limits=LONG) as run:
        # On a slow machine it dies before it is asked.
        if answers(run, "f") == ["crashed"]:
            assert run.was_ended_by_a_cell()
        assert run.ends_it == {0}
        assert answers(run, "f") == ["ok"]


def test_a_function_that_ends_the_process_is_to_blame_and_no_cell():
    with NotebookRun(
        cells_of(TAKES_A_WHILE, "import os\ndef f(x): os._exit(1)", ANSWER.format("g")), limits=LONG
    ) as run:
        assert answers(run, "f") == ["crashed"]
        assert not run.was_ended_by_a_cell()
        assert run.kernel.alive
        assert answers(run, "g") == ["ok"]
        assert run.restarts == 1


def test_all_runs_of_the_cells_share_one_time(monkeypatch):
    """The cells take 1.2 of 3 seconds, and the function after them ends the process at each
    question.
    """
    monkeypatch.setattr(runs, "MARGIN_SECONDS", 0)
    cells = cells_of("import time\ntime.sleep(1.2)", "import os\ndef f(x): os._exit(1)")

    def ask_always():
        for _ in range(9):
            assert answers(run, "f") == ["crashed"]

    with (
        NotebookRun(cells, limits=Limits(cell=600, question=600, notebook=3)) as run,
        pytest.raises(GaveUp, match="its process has ended, and its cells have had their 3 s"),
    ):
        ask_always()
