"""`check` where nbgrader runs the notebook: nbgrader reads a cell's score from what the cell shows.

No error and no number count as full points there, and anything on stderr before the number as none.
"""

import contextlib
import math
import os
import sys

# nbgrader sets it in the kernel: "autograde" or "validate".
EXECUTION = "NBGRADER_EXECUTION"
# As it was when vikit was imported, in the notebook's first cell.
_execution = os.environ.get(EXECUTION)


class NotRight(Exception):
    """An answer that `nbgrader validate` is to tell of; IPython shows its message without the lines of vikit."""

    def _render_traceback_(self):
        return str(self).splitlines()


def execution():
    """Returns what nbgrader does with this notebook, None where it is not nbgrader that runs it."""
    return os.environ.get(EXECUTION) or _execution or None


def score(verdict):
    """Returns the score of a check in the form that nbgrader reads: a plain number from 0 to the question's points.

    Raises:
        NotRight: Under `nbgrader validate`, if the answer has not all of its points.
    """
    points, most = float(verdict.score), float(verdict.max_score)
    points = min(max(points, 0.0), most) if math.isfinite(points) else 0.0
    if execution() == "validate" and points < most:
        raise NotRight(f"{verdict.name}: {verdict.status}, {points:g} of {most:g} points\n{verdict.message}")
    return points


@contextlib.contextmanager
def no_stderr():
    """Keeps what is written to stderr out of the cell's output: by Python, by warnings, and by libraries in C++."""
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere), no_descriptor(nowhere.fileno()):
        yield


@contextlib.contextmanager
def no_descriptor(nowhere, number=2):
    try:
        kept = os.dup(number)
    except OSError:
        # There is no stderr at all.
        yield
        return
    try:
        os.dup2(nowhere, number)
        yield
    finally:
        os.dup2(kept, number)
        os.close(kept)


def clear_output():
    """Takes back what the cell has shown so far: late notes of earlier cells, and what went to a stream kept from before."""
    if "IPython" in sys.modules:
        from IPython.display import clear_output

        clear_output()
