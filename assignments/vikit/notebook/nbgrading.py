"""`check` where nbgrader runs the notebook: nbgrader reads a cell's score from the cell's output.

nbgrader gives full points to a cell that shows neither an error nor a number, and none where text
on stderr comes first.
"""

import contextlib
import math
import os
import sys
from collections.abc import Iterator

__all__ = ["EXECUTION", "NotRight", "clear_output", "execution_mode", "hide_stderr", "score"]


# nbgrader sets it in the kernel: "autograde" or "validate".
EXECUTION = "NBGRADER_EXECUTION"
# Its value when the notebook's first cell imported vikit.
_execution = os.environ.get(EXECUTION)


class NotRight(Exception):
    """An answer that `nbgrader validate` must report; IPython shows its message alone."""

    def _render_traceback_(self) -> list[str]:
        return str(self).splitlines()


def execution_mode() -> str | None:
    """Returns "autograde" or "validate" where nbgrader runs this notebook, None elsewhere."""
    return os.environ.get(EXECUTION) or _execution or None


def score(verdict) -> float:
    """Returns a check's score in the form that nbgrader reads: a plain number of points.

    Raises:
        NotRight: Under `nbgrader validate`, if the answer has not all of its points.
    """
    points, most = float(verdict.score), float(verdict.max_score)
    points = min(max(points, 0.0), most) if math.isfinite(points) else 0.0
    if execution_mode() == "validate" and points < most:
        raise NotRight(
            f"{verdict.name}: {verdict.status}, {points:g} of {most:g} points\n{verdict.message}"
        )
    return points


@contextlib.contextmanager
def hide_stderr() -> Iterator[None]:
    """Keeps stderr out of the cell's output, be it Python's, a warning or a C++ library's."""
    with (
        open(os.devnull, "w") as nowhere,
        contextlib.redirect_stderr(nowhere),
        hide_descriptor(nowhere.fileno()),
    ):
        yield


@contextlib.contextmanager
def hide_descriptor(nowhere, number=2) -> Iterator[None]:
    """Sends what is written to the file descriptor `number` to the descriptor `nowhere`."""
    try:
        kept = os.dup(number)
    except OSError:
        # This process has no stderr.
        yield
        return
    try:
        os.dup2(nowhere, number)
        yield
    finally:
        os.dup2(kept, number)
        os.close(kept)


def clear_output() -> None:
    """Removes the cell's output so far: what earlier cells, or kept streams, wrote late."""
    if "IPython" in sys.modules:
        from IPython.display import clear_output

        clear_output()
