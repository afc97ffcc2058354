import linecache
import os
import shutil
import sys
import tempfile
from functools import cache, partialmethod
from multiprocessing import util
from pathlib import Path

import browsing
import hypothesis
import patience
import pytest
import stand_in
from xdist.scheduler import LoadScopeScheduling

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# jsonschema compiles grammars of addresses that no notebook's schema has: seconds for each process.
sys.modules.setdefault("rfc3987_syntax", None)

import jupytext
import nbformat

from autograder import files, kernels, tasks
from autograder.build import notebooks, sample, script
from autograder.grading import classroom, find_submissions, graders, probing
from autograder.grading.classroom import Settings, grade_class
from autograder.grading.limits import Limits, limits_for
from autograder.grading.verdict import Conditions
from autograder.kernels import exchange, kernel
from autograder.reference import device

A01 = "a01_densities"


# Files whose tests share what takes long to make: one process runs all of a line.
TOGETHER = (
    ("test_build",),
    ("test_kept_formulas",),
    ("test_naming",),
    ("test_random_replies",),
    ("test_read_back",),
    ("test_tasks",),
    # What grades classes starts processes that grade, and a fork server.
    (
        *("test_attacks", "test_cli", "test_durability", "test_folders"),
        *("test_graders", "test_grading", "test_nbgrader"),
    ),
    # What runs kernels starts a fork server.
    (
        *("test_clock", "test_confinement", "test_deaths", "test_faults", "test_follow"),
        *("test_grading_models", "test_kernel", "test_probe", "test_provisioner"),
        *("test_same_verdict", "test_surgery"),
    ),
)
SCOPES = {name: files[0] for files in TOGETHER for name in files}


def pytest_addoption(parser):
    names = tasks.names()
    parser.addoption(
        "--assignment",
        action="append",
        choices=names,
        help="test this assignment, and what each rests on",
    )
    parser.addoption(
        "--go-on", action="store_true", help="leave out what has passed since all was run last"
    )


def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        give_a_temporary_folder(config)
    if config.getoption("--go-on"):
        config.pluginmanager.register(GoOn(config))
    if hasattr(config, "workerinput") or not config.getoption("numprocesses", None):
        device.choose()
    # The same examples in every run.
    hypothesis.settings.register_profile("same", max_examples=60, derandomize=True, deadline=None)
    hypothesis.settings.load_profile("same")


def give_a_temporary_folder(config):
    """All that tests, and the processes that they start, leave behind goes with a folder, whose
    path is short: see kernels.
    """
    before = tempfile.gettempdir()
    folder = tempfile.mkdtemp(prefix="vt-")
    # What tests write themselves stays for a while where pytest has always put it.
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", before)
    os.environ["TMPDIR"] = tempfile.tempdir = folder
    # After the folder that multiprocessing takes away itself, at -100.
    util.Finalize(None, shutil.rmtree, (folder,), {"ignore_errors": True}, exitpriority=-200)


def pytest_xdist_auto_num_workers():
    """One more than there are processors: a third of the time tests wait, for processes that start
    or end.
    """
    return len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else None


class ByTestOrFile(LoadScopeScheduling):
    """Gives each process a test at a time, and what is TOGETHER at once."""

    def _split_scope(self, nodeid):
        return SCOPES.get(Path(nodeid.partition("::")[0]).stem, nodeid)


def pytest_xdist_make_scheduler(config, log):
    return ByTestOrFile(config, log) if config.getvalue("dist") == "loadscope" else None


def pytest_collection_modifyitems(config, items):
    chosen = config.getoption("--assignment")
    if chosen:
        leave_out(config, items, [item for item in items if not is_about(item, set(chosen))])


def leave_out(config, items, others):
    config.hook.pytest_deselected(items=others)
    others = set(others)
    items[:] = [item for item in items if item not in others]


# Files on what no assignment is without, and on one assignment.
GENERAL = ("test_tasks", "test_build")
ABOUT = {"test_vae": "a03_vae", "test_vib": "a05_vib", "test_flows": "a06_flows"}


def is_about(item, chosen):
    """Tells whether a test is run on one of the chosen assignments, or tests what every assignment
    rests on.
    """
    given = getattr(item, "callspec", None)
    on = {
        name for value in (given.params.values() if given else ()) for name in assignments_of(value)
    }
    return (
        bool(on & chosen)
        if on
        else item.path.stem in GENERAL or ABOUT.get(item.path.stem) in chosen
    )


def assignments_of(value):
    """Yields the assignments that a parameter of a test names, or is a row about."""
    known = tasks.names()
    for name in (value, getattr(value, "assignment", None)):
        if isinstance(name, str) and name in known:
            yield name


class GoOn:
    """Keeps the names of the tests that have passed, until all have: an interrupted run goes on
    where it stopped.

    `--cache-clear` has it begin anew.
    """

    def __init__(self, config):
        self.path, self.failed = config.cache.mkdir("go-on") / "passed", set()
        # Workers leave out, and the process that they report to writes down.
        self.writes = not hasattr(config, "workerinput")

    def pytest_collection_modifyitems(self, config, items):
        passed = (
            set(self.path.read_text(encoding="utf-8").splitlines()) if self.path.exists() else set()
        )
        leave_out(config, items, [item for item in items if ascii(item.nodeid) in passed])

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.failed.add(report.nodeid)
        if self.writes and report.when == "teardown" and report.nodeid not in self.failed:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(ascii(report.nodeid) + "\n")

    def pytest_sessionfinish(self, exitstatus):
        if self.writes and exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            self.path.unlink(missing_ok=True)


@pytest.fixture(scope="session", autouse=True)
def no_hurry():
    """No limit of time strikes but where a test sets one."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Limits, "__init__", partialmethod(Limits.__init__, **patience.LIMITS))
        yield


@pytest.fixture(scope="session", autouse=True)
def gradebooks_are_made_at_once():
    """nbgrader starts a program for each new gradebook, to ask for the version of its tables."""
    with pytest.MonkeyPatch.context() as patched:
        # Tests that make gradebooks have imported it; the others do not wait for it.
        if api := sys.modules.get("nbgrader.api"):
            patched.setattr(api, "get_alembic_version", cache(api.get_alembic_version))
        yield


@pytest.fixture
def graders_here(monkeypatch):
    """Classes are graded in this process: where a test is not about the processes that grade."""
    monkeypatch.setattr(classroom, "Graders", stand_in.Graders)
    monkeypatch.setattr(graders, "start", lambda: None)


STUCK = "(nothing comes after this)"


@pytest.fixture
def when_stuck(monkeypatch):
    """Returns a function: has `act` called whenever a kernel runs the code that it returns, the
    last before it hangs.
    """

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
    """Code to put before what never ends: when a kernel has run it, the time that it was given is
    up, and not before.
    """
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


@pytest.fixture
def browser():
    with browsing.started_browser() as found:
        yield found


@pytest.fixture(scope="session")
def a01():
    return tasks.load(A01)


@pytest.fixture(scope="session")
def released_notebook():
    """The notebook that students get, as text."""
    return (notebooks.ASSIGNMENTS / A01 / f"{A01}.ipynb").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def right_answers():
    """Returns a function from assignment and form to what the cells of its file define, run as in
    the notebook.

    A form is a file of `right_answers/`, or one of `forms.WRAPPERS`.
    """

    # Not before it is needed: it starts TensorFlow.
    import forms

    @cache
    def run(assignment, form):
        if form in forms.WRAPPERS:
            names = run(assignment, forms.BASE)
            questions = [
                question for question in tasks.load(assignment).functions if question.name in names
            ]
            return names | {
                question.name: forms.wrap(form, question, names[question.name])
                for question in questions
            }
        names = {"__name__": "__main__"}
        # The imports of the notebook, which come first.
        cells = script.read(script.SOLUTIONS / f"{assignment}.py")
        exec(next(cell.source for cell in cells if cell.kind == "code"), names)
        path = Path(__file__).parent / "right_answers" / assignment / f"{form}.py"
        for cell in jupytext.read(path, fmt="py:percent").cells:
            if cell.cell_type == "code" and "question" in cell.metadata:
                file = f"{assignment}, {form}, {cell.metadata['question']}"
                # As IPython does: AutoGraph reads a function's source.
                linecache.cache[file] = (
                    len(cell.source),
                    None,
                    cell.source.splitlines(keepends=True),
                    file,
                )
                exec(compile(cell.source, file, "exec"), names)
        return names

    return run


@pytest.fixture
def write_notebook(tmp_path, released_notebook):
    """Returns a function that writes the released notebook with the given answers, by question, and
    returns its path.
    """

    def write(answers=None, change=None, path=None):
        # nbformat's own functions would validate it, twice: most of the time.
        notebook = nbformat.v4.reads(released_notebook)
        sample.fill_in(notebook, answers or {})
        if change:
            change(notebook)
        path = path or tmp_path / f"{A01}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(nbformat.v4.writes(notebook), encoding="utf-8")
        return path

    return write


def grade_the_endless(item, folder, secret):
    """Grades a notebook of a01 whose KL never ends: that question alone has a short time, and its
    verdict is kept.
    """
    answers = probing.ask_cases

    def impatient(run, question, path, seconds):
        return answers(
            run, question, path, 1 if question.name == "kl_to_standard_normal" else seconds
        )

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(probing, "ask_cases", impatient)
        chosen = kernels.choose()
        classroom.grade_one(
            item, folder, Conditions(secret, device.choose(), limits_for(2), chosen), {}
        )


ENDLESS = "s10-endless-loop"
# Whose notebooks are run as the student did: the kernel of one of them ends.
EXECUTED = ("s01-reference", "s12-exits-in-cell")


@pytest.fixture(scope="session")
def sample_class(tmp_path_factory):
    """The sample class, run and graded two at a time: (folder, dict from student to verdict)."""
    folder = tmp_path_factory.mktemp("class")
    run = sample.write_executed

    def write(notebook, path):
        """Writes a notebook with outputs for some students only: grading does not read them."""
        if any(student in str(path) for student in EXECUTED):
            run(notebook, path, patience.AGES)
        elif ENDLESS in str(path):
            # This student gives up at once: the loop never ends.
            run(notebook, path, 1)
        else:
            files.write_whole(path, nbformat.writes(notebook))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sample, "write_executed", write)
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
