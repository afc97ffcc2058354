"""Which notebook the gradebook was last written for: digests in `recorded/` of a course's folder.

Points that a person gave are looked at again where an answer has changed since. nbgrader deletes
the notebook in `autograded/` before it grades anew, and writes it before it writes the scores, so
that cannot say it.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbgrader import utils

from autograder.files import write_whole
from autograder.names import file_stem

__all__ = ["any_recorded", "changed_answers", "is_recorded", "write_recorded"]


def recorded_path(folder, assignment: str, student: str) -> Path:
    return Path(folder, "recorded", assignment, f"{file_stem(student)}.json")


def any_recorded(folder) -> bool:
    """Tells whether a gradebook has been written in a course's folder."""
    return any(Path(folder, "recorded").glob("*/*.json"))


def read_recorded(folder, assignment: str, student: str) -> dict[str, Any]:
    """Returns what `write_recorded` wrote; what says nothing where there is nothing to read."""
    try:
        path = recorded_path(folder, assignment, student)
        found = json.loads(path.read_text(encoding="utf-8"))
        return {"notebook": found["notebook"], "answers": {**found["answers"]}}
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return {"notebook": "", "answers": {}}


def is_recorded(folder, assignment: str, student: str, text: str) -> bool:
    """Tells whether the gradebook was written for this notebook.

    Args:
        folder: The course's folder.
        assignment: The assignment's name.
        student: The student's id.
        text: The autograded notebook.
    """
    return read_recorded(folder, assignment, student)["notebook"] == digest(text)


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
    before = read_recorded(folder, assignment, student)["answers"]
    now = answers_in(notebook)
    return frozenset(
        name.removesuffix("-answer") for name, sha in now.items() if before.get(name) != sha
    )


def answers_in(notebook: NotebookNode) -> dict[str, str]:
    return {
        cell.metadata.nbgrader.grade_id: digest(cell.source)
        for cell in notebook.cells
        if utils.is_solution(cell)
    }


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def write_recorded(folder, assignment: str, student: str, text: str) -> None:
    """Writes that the gradebook holds the scores of a notebook.

    Args:
        folder: The course's folder.
        assignment: The assignment's name.
        student: The student's id.
        text: The autograded notebook.

    Raises:
        OSError: If it cannot be written: the answers are looked at again then.
    """
    content = {"notebook": digest(text), "answers": answers_in(nbformat.v4.reads(text))}
    write_whole(recorded_path(folder, assignment, student), json.dumps(content, indent=1) + "\n")
