"""Writes a question that works into an assignment: an example, to be replaced piece by piece."""

import ast
import keyword
from pathlib import Path
from string import Template
from typing import Any

from autograder import tasks
from autograder.files import write_whole

from . import script

__all__ = ["SkeletonError", "check_identifier", "write_question"]

MODULE = Template('''\
"""$name: the sum of squares, until you write your own question here."""

import numpy as np

from ..domains import spread
from ..question import EDGE, GENERIC, GENTLE, Case, Domain, Question, wrong

__all__ = ["$name"]


def right(x):
    """Returns the right answer in float64, one number per example. Shape `[B]`."""
    return np.sum(x**2, axis=-1)


def draw(scale):
    """Returns a draw of the arguments, in the order of the function's parameters."""
    return lambda generator, B, K: (generator.normal(0, scale, (B, K)),)


$name = Question(
    name="$name",
    points=1,
    source="where your lecture has it",
    shape="[B]",
    reference=right,
    cases=(
        Case("numbers around 1", GENERIC, draw(1.0), {"B": 3, "K": 5}),
        Case("other sizes", GENERIC, draw(2.0), {"B": 5, "K": 4}),
        Case("large numbers", EDGE, draw(30.0), {"B": 4, "K": 7}),
    ),
    float32=0.3,
    tolerance="a sum of positive numbers: float32 keeps 1e-7 of it",
    domain=Domain(lambda generator: (spread(generator, 40),)),
    mistakes=wrong(
        ${name}_mean=lambda x: np.mean(x**2, axis=-1),
    ),
    rules=GENTLE,
)
''')
HINTS = Template("""
## $name

- **${name}_mean** Your values are averages over the last axis.
  Repair: Sum over the last axis.
""")
CELL = Template('''

# %% [markdown]
# ## $name
#
# Say here what is asked for, and why.


# %% question="$name"
def $name(x):
    """Returns the sum of squares of each example.

    Args:
        x: Numbers. Shape `[B, K]`.

    Returns:
        One number per example. Shape `[B]`.
    """
    # BEGIN SOLUTION
    return tf.reduce_sum(x**2, axis=-1)
    # END SOLUTION
''')


class SkeletonError(Exception):
    """A question that cannot be written as it was asked for."""


def write_question(assignment, name) -> list[tuple[Path, str]]:
    """Writes the files of a new question, and returns a list of (path, what to do there).

    Raises:
        SkeletonError: If the name is no name of a function, or is taken.
        LookupError: If there is no such assignment.
    """
    questions = [question for other in tasks.names() for question in tasks.load(other).questions]
    check_name(assignment, name, {question.name for question in questions})
    folder, solution = tasks.FOLDER / assignment, script.SOLUTIONS / f"{assignment}.py"
    module = folder / f"{name}.py"
    texts = {
        module: MODULE.substitute(name=name),
        folder / tasks.hints.FILE: with_more(
            folder / tasks.hints.FILE, HINTS.substitute(name=name)
        ),
        solution: with_more(solution, CELL.substitute(name=name)),
        # The last: until then the kit knows nothing of the question.
        folder / "__init__.py": with_question(folder / "__init__.py", name),
    }
    for path, text in texts.items():
        write_whole(path, text)
    return [
        (module, "the right formula, the cases, and what known mistakes compute"),
        (folder / tasks.hints.FILE, "what a student with such a mistake is told, two lines each"),
        (
            solution,
            (
                "the text, the signature with its docstring, and the answer; "
                "move the cells where they belong"
            ),
        ),
        (folder / "__init__.py", "the order of the questions: that of the notebook"),
    ]


def check_name(assignment, name, taken) -> None:
    if assignment not in tasks.names():
        raise LookupError(
            f"no assignment is called {assignment!r}; there are: {', '.join(tasks.names())}"
        )
    check_identifier(name)
    if name in taken:
        raise SkeletonError(f"there is a question {name!r} already: take another name")
    path = tasks.FOLDER / assignment / f"{name}.py"
    if path.exists():
        raise SkeletonError(f"{path} is there already: take another name, or delete it")


def check_identifier(name) -> None:
    """Raises `SkeletonError` unless a name can be a function's, in small letters."""
    if not name.isidentifier() or keyword.iskeyword(name) or name.lower() != name:
        raise SkeletonError(
            f"{name!r} is no name of a function: take small letters, "
            "digits and _, as in kl_to_prior"
        )


def with_more(path, text) -> str:
    """Returns what stands at `path`, and `text` behind it."""
    return path.read_text(encoding="utf-8").rstrip("\n") + "\n" + text


def with_question(path, name) -> str:
    """Returns an assignment's `__init__.py` with the question in its imports and questions."""
    lines = Path(path).read_text(encoding="utf-8").splitlines(keepends=True)
    tree = ast.parse("".join(lines))
    listed: Any
    (listed,) = (
        item.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for item in node.keywords
        if item.arg == "questions"
    )
    lines.insert(listed.end_lineno - 1, f"        {name},\n")
    imported: list[Any] = [
        node for node in tree.body if isinstance(node, ast.ImportFrom) and node.level == 1
    ]
    after = [node.end_lineno for node in imported if node.module < name]
    lines.insert(max(after, default=imported[0].lineno - 1), f"from .{name} import {name}\n")
    return "".join(lines)
