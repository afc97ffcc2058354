"""Which assignment a notebook is of, by its cells or by its name."""

import re
from pathlib import PurePosixPath

from autograder import tasks
from autograder.grading import notebook as reading
from autograder.grading.folders import comparable_name

from .roster import comparable_words

__all__ = ["NOTEBOOK", "assignment_in", "assignment_named", "fit", "named_assignment"]

NOTEBOOK = re.compile(r"\.ipynb(\.txt|\.json)?\Z", re.IGNORECASE)
# What browsers, systems and people put behind a name: "(1)", "-2", " - Copy", "_final".
COPY_MARK = re.compile(r"[\s_-]*(\(\d+\)|-\d+|copy( \d+)?|final|submission|solution)\Z")
DEFINES = re.compile(r"^(?:def|class) (\w+)", re.MULTILINE)
STUB = 'raise NotImplementedError("write '
MAX_ASSIGNMENT_NAME = 200


def named_assignment(text: str) -> str:
    """Returns the assignment that a name is, give or take case and marks of copies; "" for none."""
    if len(text) > MAX_ASSIGNMENT_NAME:
        return ""
    name = comparable_name(NOTEBOOK.sub("", text))
    # Colab and Google Drive write "Copy of a01_densities.ipynb".
    name = re.sub(r"\Acopy of |\.zip\Z", "", name)
    while COPY_MARK.search(name):
        name = COPY_MARK.sub("", name)
    return {comparable_words(known): known for known in tasks.names()}.get(
        comparable_words(name), ""
    )


def assignment_named(path: PurePosixPath) -> str:
    """Returns the assignment that a notebook or one of its folders is called by; "" for none."""
    return next(filter(None, map(named_assignment, reversed(path.parts))), "")


def assignment_in(content: bytes) -> str:
    """Returns the assignment that a notebook's cells are of; "" where they do not say."""
    ids = ids_in(read_cells(content))
    shared = {name: len(ids & known_ids(name)) for name in tasks.names()}
    most = max(shared.values())
    best = [name for name, count in shared.items() if count == most]
    return best[0] if most and len(best) == 1 else ""


def ids_in(every: list[reading.TextCell]) -> set[str]:
    """Returns the ids of a notebook's cells, or, where an editor dropped them, what it defines."""
    ids = {reading.grade_id(cell).removesuffix("-answer") for cell in every} - {""}
    return ids or {
        name for cell in every if cell.kind == "code" for name in DEFINES.findall(cell.source)
    }


def known_ids(assignment: str) -> set[str]:
    return {question.name for question in tasks.load(assignment).questions}


def read_cells(content: bytes) -> list[reading.TextCell]:
    try:
        return reading.read_notebook(reading.strip_outputs(content))
    except reading.UnreadableNotebook:
        return []


def fit(name: PurePosixPath, content: bytes, assignment: str) -> tuple[tuple, tuple]:
    """Returns what is largest for the likeliest of several notebooks of an assignment.

    Args:
        name: What it is called, below the folders that it lies in.
        content: The notebook.
        assignment: The assignment's name.

    Returns:
        ((how many of the assignment's questions it has, minus how many of them are stubs), what its
        name says).
    """
    every = read_cells(content)
    stubs = sum(cell.kind == "code" and STUB in cell.source for cell in every)
    is_named = name.name == f"{assignment}.ipynb", named_assignment(name.name) == assignment
    questions = len(ids_in(every) & known_ids(assignment))
    return (questions, -stubs), (*is_named, -len(name.parts))
