"""One folder for each assignment: questions, cases, references, known mistakes, hints.md.

What all share stands beside the folders: what a question is (`question`), how its inputs are drawn
(`drawing`) until all answers are apart (`separation`), the hints (`hints`), and formulas and
properties that several assignments use.
"""

import importlib
import pkgutil
from dataclasses import replace
from functools import cache
from pathlib import Path

from autograder.reference.device import without_start_up_notes

from . import hints
from .drawing import draw_given, seed, to_float64
from .question import (
    EDGE,
    GENERIC,
    GENTLE,
    STRICT,
    Assignment,
    Case,
    Domain,
    Follow,
    Manual,
    Question,
    QuestionError,
    unsteady,
    wrong,
)
from .separation import draw_for_student, find_structure, public_questions, store_structure

FOLDER = Path(__file__).parent


def names() -> list[str]:
    """Returns the names of all assignments, in order."""
    return sorted(
        module.name
        for module in pkgutil.iter_modules(__path__)
        if module.name[0] == "a" and module.name[1].isdigit()
    )


@cache
def load(name) -> Assignment:
    """Returns the `Assignment` called `name`, with the hints of its hints.md.

    Raises:
        LookupError: If there is none of that name.
        QuestionError: If a hint is missing.
    """
    if name not in names():
        raise LookupError(f"no assignment is called {name!r}; there are: {', '.join(names())}")
    # It imports TensorFlow, where nothing has yet.
    with without_start_up_notes():
        assignment = importlib.import_module(f"{__name__}.{name}").assignment
    return replace(assignment, questions=hints.attach_hints(assignment, FOLDER / name))


__all__ = [
    "EDGE",
    "FOLDER",
    "GENERIC",
    "GENTLE",
    "STRICT",
    "Assignment",
    "Case",
    "Domain",
    "Follow",
    "Manual",
    "Question",
    "QuestionError",
    "draw_for_student",
    "draw_given",
    "find_structure",
    "hints",
    "load",
    "names",
    "public_questions",
    "seed",
    "store_structure",
    "to_float64",
    "unsteady",
    "wrong",
]
