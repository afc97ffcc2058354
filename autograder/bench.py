"""How fast the kit grades, beside stock nbgrader, on the same notebooks: all of a01's solution."""

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
from vikit.protocol import public_cases, student_side

from autograder import kernels, places
from autograder.build import notebooks, sample
from autograder.grading import notebook as students
from autograder.grading.run import student_half

__all__ = ["bench"]

NAME = sample.ASSIGNMENT
MINUTE = 60
STARTS = 20


def bench(jobs, stock_students=3, kit_students=200, begins=lambda text: None) -> dict[str, Any]:
    """Returns the figures by name: both graders' seconds and submissions a minute, kernels' times.

    Both are started as their users start them, and both are timed from submissions on disk to
    scores on disk.

    Args:
        jobs: How many submissions the kit grades at a time.
        stock_students: Submissions for nbgrader.
        kit_students: Submissions for the kit.
        begins: Called with each part, in words.

    Raises:
        RuntimeError: If a reference solution did not get full marks.
    """
    with tempfile.TemporaryDirectory(prefix="bench-") as made:
        folder = Path(made)
        solution = reference_notebook()
        begins(f"nbgrader grades {stock_students} submissions")
        stock = time_stock(folder / "stock", solution, stock_students)
        begins(f"The kit grades {kit_students} submissions")
        kit = time_kit(folder / "kit", solution, kit_students, jobs)
        begins(f"The kit grades {jobs} submissions, {jobs} at a time: its start")
        few = time_kit(folder / "few", solution, jobs, jobs)
        path = folder / f"{NAME}.ipynb"
        path.write_text(solution, encoding="utf-8")
        begins(f"Starting {STARTS} kernels")
        figures = kernel_times(path)
    per_stock, per_kit = stock / stock_students, kit / kit_students
    each = (kit - few) / (kit_students - jobs)
    return {
        "processors": os.cpu_count(),
        "jobs": jobs,
        "confined": kernels.choose().complete,
        "stock_students": stock_students,
        "stock_seconds": round(stock, 2),
        "stock_a_minute": round(MINUTE / per_stock, 2),
        "kit_students": kit_students,
        "kit_seconds": round(kit, 2),
        "kit_seconds_of_the_first": round(few, 2),
        "kit_a_minute": round(MINUTE / per_kit, 2),
        "ratio": round(per_stock / per_kit, 1),
        "ratio_after_the_first": round(per_stock / each, 1),
    } | figures


def reference_notebook() -> str:
    """Returns the released notebook with the reference answers, as text."""
    notebook = nbformat.read(notebooks.ASSIGNMENTS / NAME / f"{NAME}.ipynb", as_version=4)
    sample.answer_with_solutions(notebook)
    return nbformat.writes(notebook)


def time_stock(folder, solution, count) -> float:
    """Returns the seconds that `nbgrader autograde` takes for `count` submissions."""
    source = folder / "source" / NAME
    shutil.copytree(notebooks.ASSIGNMENTS / NAME, source)
    (folder / "nbgrader_config.py").write_text(
        f"c = get_config()\nc.CourseDirectory.root = {str(folder)!r}\nc.ExecutePreprocessor.timeout"
        " = 600\n"
    )
    command = [sys.executable, "-m", "nbgrader"]
    # It starts `alembic` by name.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    quiet = {
        "env": os.environ | {"PATH": path},
        "cwd": folder,
        "check": True,
        "stdout": subprocess.DEVNULL,
        "stderr": subprocess.DEVNULL,
    }
    subprocess.run([*command, "generate_assignment", NAME], **quiet)
    write_submissions(folder / "submitted", solution, count)
    started = time.monotonic()
    subprocess.run([*command, "autograde", NAME], **quiet)
    return time.monotonic() - started


def time_kit(folder, solution, count, jobs) -> float:
    """Returns the seconds that the kit takes for `count` submissions.

    Raises:
        RuntimeError: If one of them did not get full marks.
    """
    write_submissions(folder / "submitted", solution, count)
    folders = ["--submitted", str(folder / "submitted"), "--out", str(folder)]
    command = [sys.executable, "-m", "autograder", "grade", *folders]
    started = time.monotonic()
    subprocess.run(
        [*command, "--jobs", str(jobs)],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    seconds = time.monotonic() - started
    verdicts = [
        json.loads(path.read_text()) for path in (folder / "verdicts" / NAME).glob("*.json")
    ]
    if len(verdicts) != count or any(
        verdict["score"] != verdict["max_score"] for verdict in verdicts
    ):
        raise RuntimeError("a reference solution did not get full marks")
    return seconds


def write_submissions(folder, solution, count) -> None:
    for number in range(count):
        path = folder / f"s{number:03d}" / NAME
        path.mkdir(parents=True)
        (path / f"{NAME}.ipynb").write_text(solution, encoding="utf-8")


def time_cells(kernel, cells) -> float:
    """Returns the seconds that the cells of a notebook take.

    Raises:
        RuntimeError: If one of them fails.
    """
    started = time.monotonic()
    for cell in cells:
        outcome = kernel.execute(cell, MINUTE)
        if outcome.status != "ok":
            raise RuntimeError(f"a cell of the reference solution ended so: {outcome}")
    return time.monotonic() - started


def kernel_times(path) -> dict[str, float]:
    """Returns seconds until ready, and those of the cells, in a fresh kernel and a warm process."""
    files = [places.released_folder(NAME) / public_cases.FILE_NAME, path]
    cells = [
        cell.runs
        for cell in students.read_cells(path, students.read_released(NAME))
        if cell.runs is not None
    ]
    starts, fresh = [], []
    for _ in range(STARTS):
        started = time.monotonic()
        with kernels.Kernel(files, (student_side.__name__,), student_half()) as kernel:
            starts.append(time.monotonic() - started)
            fresh.append(time_cells(kernel, cells))
    with kernels.Kernel(
        files, (student_side.__name__,), confinement=kernels.Confinement(kernels.choose().warm)
    ) as kernel:
        again = [time_cells(kernel, cells) for _ in range(STARTS + 1)]
    return {
        "ready_seconds": round(statistics.median(starts), 3),
        "cells_fresh_confined_seconds": round(statistics.median(fresh), 3),
        "cells_warm_unconfined_seconds": round(statistics.median(again[1:]), 3),
    }
