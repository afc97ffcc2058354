import linecache
import os
from functools import cache, partialmethod
from pathlib import Path

import hypothesis
import jupytext
import nbformat
import patience
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from autograder import kernels, tasks
from autograder.build import notebooks, sample, script
from autograder.grading import classroom, find_submissions, probing
from autograder.grading.classroom import Settings, grade_class
from autograder.grading.limits import Limits, limits_for
from autograder.grading.verdict import Conditions
from autograder.kernels import exchange, kernel
from autograder.reference import device

A01 = "a01_densities"


def pytest_configure():
    device.choose()
    # The same examples in every run.
    hypothesis.settings.register_profile("same", max_examples=200, derandomize=True, deadline=None)
    hypothesis.settings.load_profile("same")


@pytest.fixture(scope="session", autouse=True)
def no_hurry():
    """No limit of time strikes but where a test sets one."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Limits, "__init__", partialmethod(Limits.__init__, **patience.LIMITS))
        yield


STUCK = "(nothing comes after this)"


@pytest.fixture
def when_stuck(monkeypatch):
    """Returns a function: has `act` called whenever a kernel runs the code that it returns, the last before it hangs."""

    def when(act):
        take = exchange.Exchange.take

        def noticed(sent, kind, content, size):
            take(sent, kind, content, size)
            if kind == "stream" and STUCK in content.get("text", ""):
                act()

        monkeypatch.setattr(exchange.Exchange, "take", noticed)
        return f"print({STUCK!r}, flush=True)"

    return when


class TimeIsUp(Exception):
    """Ends the wait for code that is stuck."""


@pytest.fixture
def stuck(monkeypatch, when_stuck):
    """Code to put before what never ends: when a kernel has run it, the time that it was given is up, and not before."""
    wait = kernel.Kernel._wait

    def until_time_is_up(*arguments):
        try:
            return wait(*arguments)
        except TimeIsUp:
            return "timeout"

    def stop():
        raise TimeIsUp

    monkeypatch.setattr(kernel.Kernel, "_wait", until_time_is_up)
    return when_stuck(stop)


@pytest.fixture(scope="session")
def a01():
    return tasks.load(A01)


@pytest.fixture(scope="session")
def released_notebook():
    """The notebook that students get, as text."""
    return (notebooks.ASSIGNMENTS / A01 / f"{A01}.ipynb").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def right_answers():
    """Returns a function from assignment and file of `right_answers/` to what its cells define, run as in the notebook."""

    @cache
    def run(assignment, form):
        names = {"__name__": "__main__"}
        # The imports of the notebook, which come first.
        cells = script.read(script.SOLUTIONS / f"{assignment}.py")
        exec(next(cell.source for cell in cells if cell.kind == "code"), names)
        path = Path(__file__).parent / "right_answers" / assignment / f"{form}.py"
        for cell in jupytext.read(path, fmt="py:percent").cells:
            if cell.cell_type == "code" and "question" in cell.metadata:
                file = f"{assignment}, {form}, {cell.metadata['question']}"
                # As IPython does: AutoGraph reads a function's source.
                linecache.cache[file] = (len(cell.source), None, cell.source.splitlines(keepends=True), file)
                exec(compile(cell.source, file, "exec"), names)
        return names

    return run


@pytest.fixture
def write_notebook(tmp_path, released_notebook):
    """Returns a function that writes the released notebook with the given answers, by question, and returns its path."""

    def write(answers=None, change=None, path=None):
        notebook = nbformat.reads(released_notebook, as_version=4)
        sample.fill_in(notebook, answers or {})
        if change:
            change(notebook)
        path = path or tmp_path / f"{A01}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(nbformat.writes(notebook), encoding="utf-8")
        return path

    return write


def grade_the_endless(item, folder, secret):
    """Grades a notebook of a01 whose KL never ends: that question alone has a short time, and its verdict is kept."""
    answers = probing.ask_cases

    def impatient(run, question, path, seconds):
        return answers(run, question, path, 1 if question.name == "kl_to_standard_normal" else seconds)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(probing, "ask_cases", impatient)
        chosen = kernels.choose()
        classroom.grade_one(item, folder, Conditions(secret, device.choose(), limits_for(2), chosen), {})


ENDLESS = "s10-endless-loop"


@pytest.fixture(scope="session")
def sample_class(tmp_path_factory):
    """The sample class, run and graded two at a time: (folder, dict from student to verdict)."""
    folder = tmp_path_factory.mktemp("class")
    run = sample.write_executed
    with pytest.MonkeyPatch.context() as patched:
        # This student gives up at once: the loop never ends.
        patched.setattr(
            sample,
            "write_executed",
            lambda notebook, path: run(notebook, path, 1 if ENDLESS in str(path) else patience.AGES),
        )
        sample.write_class(folder / "submitted", jobs=2)
    submissions, notices = find_submissions(folder / "submitted", tasks.names())
    assert not notices
    secret = b"secret of the tests"
    (endless,) = (item for item in submissions if item.student == ENDLESS)
    grade_the_endless(endless, folder, secret)
    run = grade_class(submissions, Settings(folder, secret, jobs=2, unsafe=True))
    assert not run.failures
    assert run.kept == 1
    assert len(run.verdicts) == sample.size() >= 12
    return folder, {item.student: verdict for item, verdict in run.verdicts.items()}
