"""The code that a student handed in for one question. Nothing of it is run."""

from pathlib import Path

from autograder import tasks

from . import notebook, packed
from .class_folder import find_submissions

__all__ = ["code_of"]


def code_of(submitted: Path, assignment: str, student: str, question: str) -> str:
    """Returns the text of the cell that defines a question's function or class; "" if none does.

    Args:
        submitted: The folder of the class.
        assignment: The assignment.
        student: Name of the student's folder.
        question: The question.
    """
    if not submitted.is_dir():
        return ""
    found, _ = find_submissions(submitted, tasks.names(), [assignment], [student])
    paths = [item.path for item in found if item.path is not None and item.student == student]
    if not paths:
        return ""
    try:
        path = paths[0]
        source = packed.read(path)[1] if packed.is_zip(path) else path
        cells = notebook.read_cells(source, notebook.Released())
    except (OSError, notebook.UnreadableNotebook):
        return ""
    return next((cell.source for cell in reversed(cells) if question in cell.defines), "")
