"""Which question to answer first: a line below the traceback of a cell that stopped because of another one.

IPython calls `Notebook.after_cell` when a cell has run. That prints at most one line, to stdout, and changes nothing.
"""

import re
import sys
import traceback
from functools import cache
from pathlib import Path

from . import cells, nbgrading


def watch(assignment):
    """Has IPython tell a `Notebook` of each cell from now on; not outside of IPython, and not where nbgrader runs it."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    if shell is not None and not nbgrading.execution():
        # IPython takes the same function only once.
        shell.events.register("post_run_cell", running(assignment).after_cell)


@cache
def running(assignment):
    """Returns the one `Notebook` of this process: a first cell that runs again forgets nothing."""
    return Notebook(assignment)


class Notebook:
    """What its cells have left undone so far.

    Args:
        assignment: Its name. Where a file of that name is, it says which cells were not run.
    """

    def __init__(self, assignment):
        self.assignment = assignment
        # The functions and classes that are stubs; for each name that a stopped cell should have made, why it did: the
        # name of a question that is not answered, or the type of another exception.
        self.stubs, self.stopped = set(), {}

    def after_cell(self, result):
        """Prints what to do first, if a cell stopped because of another one; `result` is IPython's `ExecutionResult`."""
        source = getattr(result.info, "raw_cell", None) or ""
        made, error = cells.defined(source), result.error_before_exec or result.error_in_exec
        if error is None:
            self.stubs = (self.stubs - made.names) | made.stubs
            self.stopped = {name: why for name, why in self.stopped.items() if name not in made.names}
            return
        why, advice = self.explain(error, source)
        self.stopped |= dict.fromkeys(made.names, why)
        if advice:
            print(advice)

    def explain(self, error, source):
        """Returns (why a cell stopped, what to do first, None where that is not known)."""
        question, name = self.unanswered(error), missing_name(error)
        if question:
            return question, f"Answer `{question}` first, then run this cell again."
        if name in self.stopped:
            return self.stopped[name], after(self.stopped[name], name)
        maker = self.maker(name, source) if name else None
        if maker is None:
            return type(error), None
        needed = sorted(self.stubs & set(re.findall(r"\w+", maker)))
        if needed:
            return needed[0], after(needed[0], name)
        return type(error), f"Run the cell first that makes `{name}`; it begins: {maker.strip().splitlines()[0]}"

    def unanswered(self, error):
        """Returns the name of the stub that raised `error`, None where none did."""
        seen = []
        # An exception may be its own cause.
        while error is not None and not isinstance(error, NotImplementedError) and error not in seen:
            seen.append(error)
            error = error.__cause__ or error.__context__
        if not isinstance(error, NotImplementedError):
            error = None
        if error is None:
            return None
        frames = [frame.f_code.co_qualname.split(".")[0] for frame, _ in traceback.walk_tb(error.__traceback__)]
        # AutoGraph and Keras raise another exception in its place, with the text of the first.
        told = re.findall(r"\bwrite (\w+)", str(error))
        return next((name for name in (*told, *reversed(frames)) if name in self.stubs), None)

    def maker(self, name, source):
        """Returns the text of the notebook's first other cell that makes `name`, as far as a file of it is here."""
        beside = Path(__file__).resolve().parents[2] / self.assignment
        for folder in (Path.cwd(), beside):
            try:
                texts = cells.sources((folder / f"{self.assignment}.ipynb").read_bytes())
            except (OSError, ValueError):
                continue
            return next((text for text in texts if text != source and name in cells.defined(text).names), None)
        return None


def after(why, name):
    """Returns what to do about a `name` that a cell has not made; `why` as in `Notebook.stopped`."""
    if isinstance(why, str):
        return f"Answer `{why}` first: the cell that makes `{name}` needs it. Then run that cell and this one."
    return f"See first to the cell that makes `{name}`: it stopped with {why.__name__}."


def missing_name(error):
    """Returns the name that a NameError is about, None for any other exception."""
    if type(error) is not NameError:
        return None
    found = re.search(r"name '(\w+)' is not defined", str(error))
    return error.name or (found[1] if found else None)
