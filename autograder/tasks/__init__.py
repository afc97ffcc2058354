"""One file for each assignment: its questions with their cases, references and known mistakes."""

import importlib
import pkgutil

from .task import (
    EDGE,
    GENERIC,
    Assignment,
    Draw,
    Follow,
    Manual,
    Task,
    TaskError,
    Wrong,
    materialise,
    public_questions,
    question_on,
    seed,
    structure,
    take_structure,
    to_float64,
)


def names():
    """Returns the names of all assignments, in order."""
    return sorted(
        module.name for module in pkgutil.iter_modules(__path__) if module.name[0] == "a" and module.name[1].isdigit()
    )


def load(name):
    """Returns the `Assignment` called `name`.

    Raises:
        LookupError: If there is none of that name.
    """
    if name not in names():
        raise LookupError(f"no assignment is called {name!r}; there are: {', '.join(names())}")
    return importlib.import_module(f"{__name__}.{name}").assignment


__all__ = [
    "EDGE", "GENERIC", "Assignment", "Draw", "Follow", "Manual", "Task", "TaskError", "Wrong", "load", "materialise", "names",
    "public_questions", "question_on", "seed", "structure", "take_structure", "to_float64",
]  # fmt: skip
