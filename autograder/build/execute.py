"""Runs a solution notebook and writes it as HTML, figures and all."""

import subprocess
from pathlib import Path

import nbformat
from nbclient import NotebookClient

from autograder import tasks
from autograder.files import write_whole
from autograder.reports.solution import solution_html

from . import notebooks, script

__all__ = ["write_html"]

CELL_SECONDS = 600


def write_html(name, folder) -> Path:
    """Executes the solution of assignment `name` and returns the path of its page in `folder`.

    Raises:
        CellExecutionError: If a cell of the solution raises.
    """
    notebook = execute_notebook(name)
    path = folder / f"{name}.html"
    write_whole(path, solution_html(f"{name}: solution", notebook))
    return path


def execute_notebook(name) -> nbformat.NotebookNode:
    """Returns assignment `name`'s solution notebook with fresh outputs, without notes on stderr."""
    cells = script.read(script.SOLUTIONS / f"{name}.py")
    notebook = notebooks.solution_notebook(tasks.load(name), cells)
    NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        startup_timeout=CELL_SECONDS,
        iopub_timeout=CELL_SECONDS,
        kernel_name="python3",
        resources={"metadata": {"path": notebooks.ASSIGNMENTS / name}},
    ).execute(stderr=subprocess.DEVNULL)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    nbformat.validate(notebook)
    return notebook
