"""A notebook at work: runs its cells in a kernel, and again in a fresh one where a cell or a question has ended it."""

import json
import secrets
from pathlib import Path

import vikit
from vikit import asking, probe, wire

from autograder.kernels import Kernel, KernelError, Outcome

from .limits import Limits, size_text

READY_SECONDS = 60
# How often a notebook is run again after its kernel has ended.
MAX_RESTARTS = 40
# What ended a kernel once has this much longer to do it again.
MARGIN_SECONDS = 1


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

    A cell that never ends, or that ends the process, is not run again. Which cell ended it is tried out: it may have done it at
    once, or by a thread or a timer while another cell ran or a question was asked.

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
        self.outcomes, self.ends_it = {}, set()
        self.restarts, self.spent, self.asking = -1, 0.0, 0.0
        # Of the last request that ended the process: how old it was, and why.
        self.kernel, self.death = None, None

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
            GaveUp: If that took more than MAX_RESTARTS fresh kernels, or more time than the cells have in all their runs.
            KernelError: If a kernel does not start.
        """
        while self.kernel is None or not self.kernel.alive:
            self._start()
            death = self._run(self.runnable())
            if death is not None:
                index, age, reason = death
                self._blame(self._culprit(index, age), reason)
        return self.kernel

    def _start(self):
        """Starts a fresh kernel that has run nothing."""
        self.end()
        self.restarts += 1
        if self.restarts > MAX_RESTARTS:
            raise GaveUp(f"the notebook ended its Python process more than {MAX_RESTARTS} times")
        if self.spent >= self.limits.notebook and self.restarts:
            raise self._out_of_time()
        self.kernel = Kernel(
            self.files, (probe.__name__,), student_half(), self.gpu, self.confinement, self.limits.bounds
        ).__enter__()
        if not self._exchange([wire.pack_request("ping")], READY_SECONDS)[1]:
            raise KernelError("the kernel does not answer: vikit is not installed where it runs")

    def _out_of_time(self):
        return GaveUp(f"its process has ended, and its cells have had their {self.limits.notebook:g} s")

    def runnable(self):
        """Returns the numbers of the cells that are run: not those that never end, or end the process."""
        endless = {index for index, outcome in self.outcomes.items() if outcome.status in ("timeout", "flood", "late")}
        return [
            index
            for index, cell in enumerate(self.cells)
            if cell.runs is not None and index not in self.ends_it and index not in endless
        ]

    def _run(self, indices):
        """Runs cells. Returns (the cell at which the process ended, how old it was, why); None where it did not end itself."""
        for index in indices:
            left, before = self.limits.notebook - self.spent, self.outcomes.get(index)
            if left <= 0 and before is None:
                self.outcomes[index] = Outcome("late")
                continue
            if left > 0:
                outcome = self.kernel.execute(
                    self.cells[index].runs, min(self.limits.cell, left), max_bytes=self.limits.output
                )
                self.spent += outcome.seconds
            if left <= 0 or (before is not None and self.spent >= self.limits.notebook):
                raise self._out_of_time()
            # What a later run says may tell of hidden inputs that an earlier one was given.
            self.outcomes.setdefault(index, outcome)
            if not self.kernel.alive:
                own = outcome.status not in ("timeout", "flood")
                return (index, self.kernel.age, outcome.reason) if own else None
        return None

    def _culprit(self, index, age):
        """Returns the cell that ended the process at this age, while cell `index` ran or, if that is None, after all of them.

        None where it was none of them.
        """
        before = [other for other in self.runnable() if index is None or other < index]
        if not before or not self._ends(before, age):
            return index
        # The first `many` cells end it, the first `few` do not.
        few, many = 0, len(before)
        while many - few > 1:
            middle = (few + many) // 2
            few, many = (few, middle) if self._ends(before[:middle], age) else (middle, many)
        # What cell `index` does is not known yet.
        self.outcomes.pop(index, None)
        return before[many - 1]

    def _ends(self, indices, age):
        """Tells whether these cells alone end a fresh process before it is older than `age` and a little."""
        while True:
            self._start()
            if self._run([index for index in indices if index in self.runnable()]) is not None:
                return True
            if self.kernel.alive:
                break
        seconds = max(age - self.kernel.age, 0) + MARGIN_SECONDS
        self.spent += seconds
        return self.kernel.rest(seconds)

    def _blame(self, index, reason):
        """Writes down that a cell ended the process: it is not run again."""
        self.ends_it.add(index)
        self.outcomes[index] = Outcome("dead", reason=reason)
        # What was tried last has not run all cells.
        self.end()

    def was_ended_by_a_cell(self):
        """Tells whether a cell ended the process when it was asked last, by a timer, say. If so it is not run again.

        Raises:
            GaveUp, KernelError: As `ready`.
        """
        if self.death is None:
            return False
        age, reason = self.death
        culprit = self._culprit(None, age)
        if culprit is not None:
            self._blame(culprit, reason)
        return culprit is not None

    def ask(self, requests, seconds):
        """Sends requests to the student's process, in one message, and returns a `wire.Reply` for each.

        The list ends early with a reply of status `"timeout"` or `"crashed"` if a request never ended, or ended the
        process. A kernel that has ended, or that cannot answer any more, is made anew at the next call. `asking` adds up
        the time that all requests took.
        """
        kernel, self.death = self.ready(), None
        outcome, replies = self._exchange(requests, seconds)
        self.asking += outcome.seconds
        if outcome.status == "flood":
            # The reply may have come all the same, or not: it depends on nothing but luck.
            told = wire.Reply("crashed", text=f"it printed more than {size_text(self.limits.output)}")
            return [*replies[: len(requests) - 1], told]
        if len(replies) == len(requests):
            return replies
        if outcome.status == "timeout":
            return [*replies, wire.Reply("timeout")]
        self.death = kernel.age, outcome.reason
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
