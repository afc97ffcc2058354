"""Which answers the gradebook was last written for: digests in `recorded/` of a course's folder.

Points that a person gave are looked at again where an answer has changed since. nbgrader deletes
the notebook in `autograded/` before it grades anew, so that cannot say it.
"""

import hashlib
import json
from pathlib import Path

from nbformat import NotebookNode
from nbgrader import utils

from autograder.files import write_whole
from autograder.names import file_stem

__all__ = ["changed_answers", "write_recorded"]


def recorded_path(folder, assignment: str, student: str) -> Path:
    return Path(folder, "recorded", assignment, f"{file_stem(student)}.json")


def changed_answers(
    folder, assignment: str, student: str, notebook: NotebookNode
) -> frozenset[str]:
    """Returns the ids of graded cells whose answer is another than was recorded, or may be.

    Args:
        folder: The course's folder.
        assignment: The assignment's name.
        student: The student's id.
        notebook: The autograded notebook.
    """
    try:
        path = recorded_path(folder, assignment, student)
        before = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        before = {}
    if not isinstance(before, dict):
        before = {}
    now = digests_of(notebook)
    return frozenset(
        name.removesuffix("-answer") for name, digest in now.items() if before.get(name) != digest
    )


def digests_of(notebook: NotebookNode) -> dict[str, str]:
    return {
        cell.metadata.nbgrader.grade_id: hashlib.sha256(cell.source.encode("utf-8")).hexdigest()
        for cell in notebook.cells
        if utils.is_solution(cell)
    }


def write_recorded(folder, assignment: str, student: str, notebook: NotebookNode) -> None:
    """Writes that the gradebook holds the scores of a notebook's answers.

    Args:
        folder: The course's folder.
        assignment: The assignment's name.
        student: The student's id.
        notebook: The autograded notebook.

    Raises:
        OSError: If it cannot be written: the answers are looked at again then.
    """
    path = recorded_path(folder, assignment, student)
    text = json.dumps(digests_of(notebook), indent=1) + "\n"
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_whole(path, text)
