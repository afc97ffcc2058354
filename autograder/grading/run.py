"""A notebook at work: runs its cells in a kernel, and again in a fresh one where a cell or a question has ended it."""

import json
import secrets
import time
from collections import Counter
from pathlib import Path

import vikit
from vikit import asking, probe, wire

from autograder.kernels import Kernel, KernelError, Outcome

from .limits import Limits, size_text

READY_SECONDS = 120
# How often a notebook is run again after its kernel has ended.
MAX_RESTARTS = 40
# All of its runs together take at most this many times what one may.
MAX_FULL_RUNS = 5
# A cell that a death is blamed on has died this often: the first time another cell's thread may have done it.
DEATHS = 2


def student_half():
    """Returns what a confined notebook may read: `vikit` and the data sets, in the places where `vikit.data` looks.

    An installed `vikit` has the data sets in it.
    """
    package = Path(vikit.__file__).resolve().parent
    return [
        package,
        *(folder for folder in (package.parent / "data", package.parent.parent / "data") if folder.is_dir()),
    ]


class GaveUp(Exception):
    """The notebook has ended its kernel too often."""


class NotebookRun:
    """The cells of one submission in a kernel; a context manager.

    Args:
        cells: What `notebook.read_cells` returned.
        files: Paths to copy beside the running notebook.
        limits: The `Limits`.
        gpu: Whether the student's code may use a GPU.
        confinement: A `kernels.Confinement`; by default the best that this machine gives.
    """

    def __init__(self, cells, files=(), limits=None, gpu=False, confinement=None):
        self.cells, self.files, self.limits, self.gpu = cells, files, limits or Limits(), gpu
        self.confinement = confinement
        self.outcomes = {}
        self.deaths = Counter()
        self.restarts, self.spent = -1, 0.0
        self.kernel = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        """Closes the kernel; the next request gets a fresh one."""
        if self.kernel is not None:
            self.kernel.close()
            self.kernel = None

    def ready(self):
        """Returns a kernel in which every cell has run but those that never end or that end it.

        Raises:
            GaveUp: If that took more than MAX_RESTARTS fresh kernels.
            KernelError: If a kernel does not start.
        """
        while self.kernel is None or not self.kernel.alive:
            self.end()
            self.restarts += 1
            if self.restarts > MAX_RESTARTS:
                raise GaveUp(f"the notebook ended its Python process more than {MAX_RESTARTS} times")
            if self.spent > MAX_FULL_RUNS * self.limits.notebook:
                raise GaveUp(f"its cells took more than {MAX_FULL_RUNS * self.limits.notebook:g} s over several runs")
            self.kernel = Kernel(
                self.files, (probe.__name__,), student_half(), self.gpu, self.confinement, self.limits.bounds
            ).__enter__()
            if not self._exchange([wire.pack_request("ping")], READY_SECONDS)[1]:
                raise KernelError("the kernel does not answer: vikit is not installed where it runs")
            started = time.monotonic()
            self._run_cells()
            self.spent += time.monotonic() - started
        return self.kernel

    def _run_cells(self):
        deadline = time.monotonic() + self.limits.notebook
        for index, cell in enumerate(self.cells):
            if cell.runs is None or self.is_hopeless(index):
                continue
            left = deadline - time.monotonic()
            if left <= 0:
                self.outcomes.setdefault(index, Outcome("late"))
                continue
            outcome = self.kernel.execute(cell.runs, min(self.limits.cell, left), max_bytes=self.limits.output)
            # What a later run says may tell of hidden inputs that an earlier one was given.
            self.outcomes.setdefault(index, outcome)
            if not self.kernel.alive:
                self.deaths[index] += 1
                return

    def is_hopeless(self, index):
        """Tells whether a cell is not run again: it never ended, or ended the process twice."""
        known = self.outcomes.get(index)
        return self.deaths[index] >= DEATHS or (known is not None and known.status in ("timeout", "flood", "late"))

    def ask(self, requests, seconds):
        """Sends requests to the student's process, in one message, and returns a `wire.Reply` for each.

        The list ends early with a reply of status `"timeout"` or `"crashed"` if a request never ended, or ended the
        process. A kernel that has ended, or that cannot answer any more, is made anew at the next call.
        """
        self.ready()
        outcome, replies = self._exchange(requests, seconds)
        if outcome.status == "flood":
            # The reply may have come all the same, or not: it depends on nothing but luck.
            told = wire.Reply("crashed", text=f"it printed more than {size_text(self.limits.output)}")
            return [*replies[: len(requests) - 1], told]
        if len(replies) == len(requests):
            return replies
        if outcome.status == "timeout":
            return [*replies, wire.Reply("timeout")]
        self.end()
        return [*replies, wire.Reply("crashed", text=outcome.reason)]

    def _exchange(self, requests, seconds):
        """Returns (outcome, replies): those to the first requests, up to one that none came back for."""
        key = secrets.token_hex(16)
        outcome = self.kernel.execute(
            f"__import__('sys').modules[{probe.__name__!r}].serve()",
            seconds,
            mime=probe.MIME,
            silent=True,
            max_bytes=self.limits.output,
            # As text: what is not finite is no JSON to Jupyter.
            metadata={"requests": json.dumps({"key": key, "requests": requests})},
        )
        replies = []
        for payload in outcome.payloads:
            # The first that claims to answer a request: the others were sent by something else.
            if len(replies) < len(requests) and isinstance(payload, dict) and payload.get("id") == [key, len(replies)]:
                replies.append(asking.received(payload, requests[len(replies)]))
        return outcome, replies
