"""The notebook beside a verdict: the submission as nbgrader keeps it, made where it is graded."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import nbformat
from nbgrader import utils

from autograder.grading import notebook as reading
from autograder.grading import verdict as verdicts
from autograder.grading.submission import Submission

from .autograded import autograded_notebook
from .corrections import decisions_on, read_corrections
from .directory import open_directory, read_notebook, released_path
from .rubrics import read_rubrics

NO_WEIGHTS: Mapping[str, float] = MappingProxyType({})

__all__ = ["Notebooks", "notebooks_of", "read_release"]


@dataclass(frozen=True)
class Notebooks:
    """Makes the notebook that nbgrader keeps of a submission; grading writes it beside a verdict.

    Attributes:
        released: The path of each assignment's released notebook.
        rubrics: By assignment, what `read_rubrics` returned.
        weights: By assignment, what questions are out of where the course has decided otherwise.
    """

    released: Mapping[str, Path]
    rubrics: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    weights: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def release_sha256(self, assignment: str) -> str:
        """Returns a digest of what notebooks depend on besides verdicts and submissions."""
        besides = [self.rubrics.get(assignment, {}), self.weights.get(assignment, {})]
        content = self.released[assignment].read_bytes() + json.dumps(besides).encode()
        return hashlib.sha256(content).hexdigest()

    def read(self, assignment: str) -> nbformat.NotebookNode:
        """Returns an assignment's released notebook, with the points that count."""
        return self.with_weights(assignment, self.weights.get(assignment, NO_WEIGHTS))

    def with_weights(self, assignment: str, weights: Mapping[str, float]) -> nbformat.NotebookNode:
        """Returns an assignment's released notebook, with questions out of other points."""
        return read_release(self.released[assignment], weights)

    def text(self, item: Submission, verdict: dict[str, Any]) -> str:
        """Returns the notebook of a submission as the text of a file.

        Raises:
            OSError: If the submission is another by now than that of the verdict.
        """
        released = self.read(item.assignment)
        cells, rubrics = submitted_cells(item, verdict), self.rubrics.get(item.assignment, {})
        found = autograded_notebook(cells, released, verdict, rubrics)
        # nbformat's own function would validate it once more: most of the time.
        return nbformat.v4.writes(found) + "\n"


def notebooks_of(folder, assignments) -> Notebooks:
    """Returns the `Notebooks` of a course's folder.

    Raises:
        FaultyFile: If the course's settings, corrections or a source cannot be read.
        NotInstalled: If nothing has been released.
    """
    course, corrections = open_directory(folder), read_corrections(folder)
    return Notebooks(
        {name: released_path(course, name) for name in assignments},
        {name: read_rubrics(course, name) for name in assignments},
        {name: decisions_on(corrections, name).weights for name in assignments},
    )


def read_release(path: Path, weights: Mapping[str, float] = NO_WEIGHTS) -> nbformat.NotebookNode:
    """Returns a released notebook.

    Args:
        path: Where it lies.
        weights: What questions are out of, by their ids, where the course has decided otherwise.

    Raises:
        FaultyFile: If it is none.
    """
    found = read_notebook(path, "release it again")
    for cell in found.cells:
        if utils.is_grade(cell) and cell.metadata.nbgrader.grade_id in weights:
            cell.metadata.nbgrader.points = weights[cell.metadata.nbgrader.grade_id]
            if "checksum" in cell.metadata.nbgrader:
                cell.metadata.nbgrader.checksum = utils.compute_checksum(cell)
    return found


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
