"""The notebook beside a verdict: the submission as nbgrader keeps it, made where it is graded."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import nbformat

from autograder.grading import notebook as reading
from autograder.grading import verdict as verdicts
from autograder.grading.submission import Submission
from autograder.places import FaultyFile

from .autograded import autograded_notebook
from .directory import open_directory, released_path

__all__ = ["Notebooks", "notebooks_of", "read_release"]


@dataclass(frozen=True)
class Notebooks:
    """Makes the notebook that nbgrader keeps of a submission; grading writes it beside a verdict.

    Attributes:
        released: The path of each assignment's released notebook.
    """

    released: Mapping[str, Path]

    def release_sha256(self, assignment: str) -> str:
        return hashlib.sha256(self.released[assignment].read_bytes()).hexdigest()

    def text(self, item: Submission, verdict: dict[str, Any]) -> str:
        """Returns the notebook of a submission as the text of a file.

        Raises:
            OSError: If the submission is another by now than that of the verdict.
        """
        released = read_release(self.released[item.assignment])
        found = autograded_notebook(submitted_cells(item, verdict), released, verdict)
        # nbformat's own function would validate it once more: most of the time.
        return nbformat.v4.writes(found) + "\n"


def notebooks_of(folder, assignments) -> Notebooks:
    """Returns the `Notebooks` of a course's folder; raises as `open_directory`, `released_path`."""
    course = open_directory(folder)
    return Notebooks({name: released_path(course, name) for name in assignments})


def read_release(path: Path) -> nbformat.NotebookNode:
    try:
        return nbformat.v4.reads(path.read_text(encoding="utf-8"))
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise FaultyFile(f"{path} is no notebook ({error}): release it again") from error


def submitted_cells(item: Submission, verdict: dict[str, Any]) -> list[reading.TextCell]:
    """Returns the cells that a verdict is on; none where nothing could be read."""
    if item.path is None or verdict["submission_sha256"] is None:
        return []
    try:
        content = verdicts.notebook_in(item.path, item.assignment)
    except reading.UnreadableNotebook:
        return []
    if hashlib.sha256(content).hexdigest() != verdict["submission_sha256"]:
        raise OSError(f"{item.path} changed while it was graded")
    return readable_cells(content)


def readable_cells(content: bytes) -> list[reading.TextCell]:
    """Returns the cells of a notebook's file, none where it cannot be read.

    What is too large to be graded is too large to be read as Python: as text it stays for those who
    grade answers in words.
    """
    try:
        every = reading.read_notebook(reading.strip_outputs(content))
    except reading.UnreadableNotebook:
        return []
    try:
        reading.check_amount_of_code(every)
    except reading.UnreadableNotebook:
        every = [replace(cell, kind="raw") if cell.kind == "code" else cell for cell in every]
    left = len(every) - reading.MAX_CELLS
    if left > 0:
        said = f"Here {left} more cells were handed in: see the file."
        every = [*every[: reading.MAX_CELLS], reading.TextCell("raw", said, {})]
    return every
