"""Says which question to answer first, below the traceback of a cell that another one stopped.

IPython calls `Notebook.after_cell` when a cell has run. That prints at most one line, to stdout,
and changes nothing.
"""

import re
import sys
import traceback
from functools import cache
from pathlib import Path

from . import cells, nbgrading

__all__ = ["Notebook", "watch"]


def watch(assignment) -> None:
    """Has IPython call a `Notebook` after each cell; does nothing elsewhere and under nbgrader."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None and not nbgrading.execution_mode():
        # IPython takes the same function only once.
        shell.events.register("post_run_cell", notebook_of(assignment).after_cell)


@cache
def notebook_of(assignment) -> "Notebook":
    """Returns the one `Notebook` of this process, the same when the first cell runs again."""
    return Notebook(assignment)


class Notebook:
    """What the cells that ran have left undone.

    Args:
        assignment: Its name. Where the notebook's file is found, it shows which cells were not run.
    """

    def __init__(self, assignment) -> None:
        self.assignment = assignment
        # `stubs`: the functions and classes that are not written yet. `stopped`: for each name that
        # a cell should have made, why that cell stopped: the name of a question that is not
        # answered, or the type of another exception.
        self.stubs: set[str] = set()
        self.stopped: dict[str, str | type[BaseException]] = {}

    def after_cell(self, result) -> None:
        """Prints what to do first if another cell stopped this one.

        `result` is IPython's `ExecutionResult`.
        """
        source = getattr(result.info, "raw_cell", None) or ""
        made, error = (
            cells.find_definitions(source),
            result.error_before_exec or result.error_in_exec,
        )
        if error is None:
            self.stubs = (self.stubs - made.names) | made.stubs
            self.stopped = {
                name: why for name, why in self.stopped.items() if name not in made.names
            }
            return
        why, advice = self.explain(error, source)
        self.stopped |= dict.fromkeys(made.names, why)
        if advice:
            print(advice)

    def explain(self, error, source) -> tuple[str | type[BaseException], str | None]:
        """Returns (why a cell stopped, what to do first or None)."""
        question, name = self.find_stub(error), missing_name(error)
        if question:
            return question, f"Answer `{question}` first, then run this cell again."
        if name in self.stopped:
            return self.stopped[name], advise_on_name(self.stopped[name], name)
        maker = self.find_maker(name, source) if name else None
        if maker is None:
            return type(error), None
        needed = sorted(self.stubs & set(re.findall(r"\w+", maker)))
        if needed:
            return needed[0], advise_on_name(needed[0], name)
        return (
            type(error),
            f"Run the cell first that makes `{name}`; it begins: {maker.strip().splitlines()[0]}",
        )

    def find_stub(self, error) -> str | None:
        """Returns the name of the stub that raised `error`, None where none did."""
        seen = []
        # An exception may be its own cause.
        while (
            error is not None and not isinstance(error, NotImplementedError) and error not in seen
        ):
            seen.append(error)
            error = error.__cause__ or error.__context__
        if not isinstance(error, NotImplementedError):
            error = None
        if error is None:
            return None
        frames = [
            frame.f_code.co_qualname.split(".")[0]
            for frame, _ in traceback.walk_tb(error.__traceback__)
        ]
        # AutoGraph and Keras replace it by another exception with the same text.
        named = re.findall(r"\bwrite (\w+)", str(error))
        return next((name for name in (*named, *reversed(frames)) if name in self.stubs), None)

    def find_maker(self, name, source) -> str | None:
        """Returns the notebook's first other cell that makes `name`; None without its file."""
        beside = Path(__file__).resolve().parents[2] / self.assignment
        for folder in (Path.cwd(), beside):
            try:
                texts = cells.read_sources((folder / f"{self.assignment}.ipynb").read_bytes())
            except (OSError, ValueError):
                continue
            return next(
                (
                    text
                    for text in texts
                    if text != source and name in cells.find_definitions(text).names
                ),
                None,
            )
        return None


def advise_on_name(why, name) -> str:
    """Returns what to do about a `name` that a stopped cell has not made.

    `why` is one of `Notebook.stopped`.
    """
    if isinstance(why, str):
        return (
            f"Answer `{why}` first: the cell that makes `{name}` needs it. "
            "Then run that cell and this one."
        )
    return f"See first to the cell that makes `{name}`: it stopped with {why.__name__}."


def missing_name(error) -> str | None:
    """Returns the name that a NameError is about, None for any other exception."""
    if type(error) is not NameError:
        return None
    found = re.search(r"name '(\w+)' is not defined", str(error))
    return error.name or (found[1] if found else None)
