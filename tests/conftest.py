import linecache
import os
from functools import cache
from pathlib import Path

import hypothesis
import jupytext
import nbformat
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from autograder import tasks
from autograder.build import notebooks, sample, script
from autograder.grading import find_submissions
from autograder.grading.classroom import grade_class
from autograder.reference import device

A01 = "a01_densities"


def pytest_configure():
    device.choose()
    # The same examples in every run.
    hypothesis.settings.register_profile("same", max_examples=200, derandomize=True, deadline=None)
    hypothesis.settings.load_profile("same")


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


@pytest.fixture(scope="session")
def sample_class(tmp_path_factory):
    """The sample class, run and graded two at a time: (folder, dict from student to verdict)."""
    folder = tmp_path_factory.mktemp("class")
    sample.write_class(folder / "submitted", jobs=2)
    submissions, notices = find_submissions(folder / "submitted", tasks.names())
    assert not notices
    run = grade_class(submissions, folder, b"secret of the tests", jobs=2, unsafe=True)
    assert not run.failures
    assert len(run.verdicts) == sample.size() >= 12
    return folder, {item.student: verdict for item, verdict in run.verdicts.items()}
