"""A notebook at work: runs its cells in a kernel, and again in a fresh one where a cell or a question has ended it."""

import time
from dataclasses import dataclass

from vikit import probe, wire

from autograder.kernels import Kernel, Outcome

# Cell, question and model question, notebook: the seconds that students are told.
CELL_SECONDS = 60
QUESTION_SECONDS = 10
NOTEBOOK_SECONDS = 600
OUTPUT_BYTES = 2**20
REPLY_BYTES = 2 * wire.MAX_BYTES
# How often a notebook is run again after its kernel has ended.
MAX_RESTARTS = 12


@dataclass(frozen=True)
class Limits:
    cell: float = CELL_SECONDS
    question: float = QUESTION_SECONDS
    notebook: float = NOTEBOOK_SECONDS


class GaveUp(Exception):
    """The notebook has ended its kernel too often."""


class NotebookRun:
    """The cells of one submission in a kernel; a context manager.

    Args:
        cells: What `notebook.read_cells` returned.
        files: Paths to copy beside the running notebook.
        limits: The `Limits`.
        gpu: Whether the student's code may use a GPU.
    """

    def __init__(self, cells, files=(), limits=None, gpu=False):
        self.cells, self.files, self.limits, self.gpu = cells, files, limits or Limits(), gpu
        self.outcomes = {}
        self.skipped = set()
        self.restarts = -1
        self.kernel = None
        self.deadline = time.monotonic() + self.limits.notebook

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.kernel is not None:
            self.kernel.close()

    def ready(self):
        """Returns a kernel in which every cell has run but those that ended one before.

        Raises:
            GaveUp: If that took more than MAX_RESTARTS fresh kernels.
        """
        while self.kernel is None or self.kernel.client is None:
            self.restarts += 1
            if self.restarts > MAX_RESTARTS:
                raise GaveUp(f"the notebook ended its Python process more than {MAX_RESTARTS} times")
            self.kernel = Kernel(self.files, extensions=(probe.__name__,), gpu=self.gpu).__enter__()
            self._run_cells()
        return self.kernel

    def _run_cells(self):
        for index, cell in enumerate(self.cells):
            if cell.runs is None or index in self.skipped:
                continue
            left = self.deadline - time.monotonic()
            if left <= 0 and index not in self.outcomes:
                self.outcomes[index] = Outcome("late")
                continue
            outcome = self.kernel.execute(cell.runs, min(self.limits.cell, max(left, 1)), max_bytes=OUTPUT_BYTES)
            # What a later run says may tell of hidden inputs that an earlier one was given.
            self.outcomes.setdefault(index, outcome)
            if self.kernel.client is None:
                self.skipped.add(index)
                return

    def ask(self, request, seconds):
        """Sends one request to the student's process and returns a `wire.Reply`.

        Its status can be `"timeout"` or `"crashed"` besides those of `wire.STATUSES`. A kernel that has ended is made anew
        at the next call.
        """
        kernel = self.ready()
        code = f"__import__('sys').modules[{probe.__name__!r}].serve({request!r})"
        outcome = kernel.execute(code, seconds, mime=probe.MIME, silent=True, max_bytes=OUTPUT_BYTES)
        if outcome.status == "timeout":
            return wire.Reply("timeout", text=f"{seconds:.0f} s")
        if outcome.status == "dead":
            return wire.Reply("crashed")
        if outcome.status == "flood":
            return wire.Reply("crashed", text=f"it printed more than {OUTPUT_BYTES // 2**20} MiB")
        try:
            return wire.unpack_reply(outcome.payloads[-1] if outcome.payloads else None)
        except wire.Rejected:
            return wire.Reply("malformed", kind="object")
