"""A sample class: the released notebooks, answered as students answer, and run for real.

The answers stand in `sample_class/`, one script a student. What a script cannot show is done to the
notebook: cells shuffled, duplicated and deleted, metadata lost.
"""

import contextlib
import logging
import random
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError

from autograder import kernels
from autograder.files import write_whole
from autograder.grading.run import student_half
from autograder.kernels import provisioner

from . import notebooks, script

__all__ = ["ASSIGNMENT", "answer_with_solutions", "size", "students", "write_class"]

ASSIGNMENT = "a01_densities"
ANSWERS = Path(__file__).parent / "sample_class"
# Long enough for every honest cell; at one that never ends the student gives up,
# and hands in what there is.
CELL_SECONDS = 20


def write_class(folder, jobs=1, finished=lambda _: None) -> None:
    """Writes the class's notebooks as `<student>/<assignment>/<assignment>.ipynb`, outputs and all.

    Args:
        folder: Receives a folder for each student.
        jobs: How many notebooks to run at once.
        finished: Called with each student's name when the notebook is written.
    """
    stub = (notebooks.ASSIGNMENTS / ASSIGNMENT / f"{ASSIGNMENT}.ipynb").read_text(encoding="utf-8")
    # Where a cell is given up nbclient leaves a task behind, of which asyncio
    # would speak at the end.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        futures = {}
        for student, make in students().items():
            notebook = nbformat.reads(stub, as_version=4)
            make(notebook)
            path = folder / student / ASSIGNMENT / f"{ASSIGNMENT}.ipynb"
            futures[pool.submit(write_executed, notebook, path)] = student
        for future in as_completed(futures):
            future.result()
            finished(futures[future])


def size() -> int:
    return len(students())


def students() -> dict[str, Callable[[nbformat.NotebookNode], None]]:
    """Returns a dict from each student's name to what turns the released notebook into theirs."""
    makers = [
        ("reference", answer_with_solutions),
        ("blank", lambda notebook: None),
        ("numpy", answer_with("numpy_arrays")),
        ("keras-ops", answer_with("keras_ops")),
        ("tfp", answer_with("tfp_distributions")),
        ("lecture-errata", answer_with("lecture_errata")),
        ("usual-mistakes", answer_with("usual_mistakes")),
        ("unlisted-mistakes", answer_with("unlisted_mistakes")),
        ("raises-on-import", answer_with("raises_on_import")),
        ("endless-loop", answer_with("endless_loop")),
        ("exits-in-answer", answer_with("exits_in_answer")),
        ("exits-in-cell", answer_with("exits_in_cell")),
        ("talkative", answer_with("talkative")),
        ("mixed-up-cells", mix_up_cells),
        ("no-metadata", lose_metadata),
    ]
    return {f"s{number:02d}-{name}": make for number, (name, make) in enumerate(makers, start=1)}


def answer_with(name) -> Callable[[nbformat.NotebookNode], None]:
    """Returns what puts one script's answers into a notebook, and right ones for the others."""

    def answer(notebook) -> None:
        cells = jupytext.read(ANSWERS / f"{name}.py", fmt="py:percent").cells
        own = {
            cell.metadata["question"]: cell.source for cell in cells if "question" in cell.metadata
        }
        fill_in(notebook, solutions() | own)

    return answer


def answer_with_solutions(notebook) -> None:
    fill_in(notebook, solutions())


def solutions() -> dict[str, str]:
    cells = script.read(script.SOLUTIONS / f"{ASSIGNMENT}.py")
    return {
        cell.question: script.remove_markers(cell.source) for cell in cells if cell.kind == "answer"
    }


def fill_in(notebook, answers) -> None:
    """Puts each answer instead of its stub."""
    for cell in notebook.cells:
        cell.source = answers.get(question_of(cell), cell.source)


def mix_up_cells(notebook) -> None:
    """Shuffles all cells but the imports; doubles an answer, undoes another, loses a third."""
    stubs = {question_of(cell): nbformat.from_dict(cell) for cell in notebook.cells}
    answer_with_solutions(notebook)
    answers = {question_of(cell): cell for cell in notebook.cells}
    head, body = notebook.cells[:3], notebook.cells[3:]
    random.Random(1).shuffle(body)
    body.remove(answers["elbo_identity_terms"])
    body += [
        nbformat.from_dict(answers["bernoulli_log_prob_logits"]),
        stubs["kl_to_standard_normal"],
    ]
    for index, cell in enumerate(body):
        cell.id = f"mixed-{index}"
    notebook.cells = head + body


def question_of(cell) -> str | None:
    """Returns the question whose answer belongs into `cell`, None where it is no answer."""
    metadata = cell.metadata.get("nbgrader", {})
    is_answer = metadata.get("solution") and cell.cell_type == "code"
    return metadata["grade_id"].removesuffix("-answer") if is_answer else None


def lose_metadata(notebook) -> None:
    """Drops all metadata and cell ids, as some editors do."""
    answer_with_solutions(notebook)
    for index, cell in enumerate(notebook.cells):
        cell.metadata = nbformat.NotebookNode()
        cell.id = f"new-{index}"
    notebook.metadata = nbformat.NotebookNode()


def write_executed(notebook, path, seconds=CELL_SECONDS) -> None:
    """Runs `notebook` as its student did, through errors, and writes it with what came out.

    The student gives up at a cell that takes more than `seconds`.

    A student's kernel is not confined; this one is where that can be had: it starts in a tenth of a
    second.
    """
    folder = notebooks.ASSIGNMENTS / ASSIGNMENT
    confined = kernels.choose().closes_files
    manager: dict[str, Any] = (
        {"kernel_manager_class": provisioner.manager_class(student_half())} if confined else {}
    )
    client = NotebookClient(
        notebook,
        timeout=seconds,
        allow_errors=True,
        kernel_name="python3",
        **manager,
        shutdown_kernel="immediate",
        resources={"metadata": {"path": folder}},
    )
    # At either of these the student's work ends; it is handed in all the same.
    with contextlib.suppress(DeadKernelError, CellTimeoutError):
        client.execute(stderr=subprocess.DEVNULL)
    write_whole(path, nbformat.writes(notebook))
