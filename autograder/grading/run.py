"""A notebook at work: runs its cells in a kernel, and in a fresh one when that has ended."""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import vikit
from vikit.protocol import client, public_cases, student_side, wire

from autograder.kernels import Bounds, Kernel, KernelError, Outcome, provisioner
from autograder.places import ASSIGNMENTS

from .limits import Limits, size_text

__all__ = [
    "MAX_RESTARTS",
    "READY_SECONDS",
    "GaveUp",
    "NotebookRun",
    "install_kernel",
    "student_half",
]

READY_SECONDS = 120
# How often a notebook is run again after its kernel has ended:
# it comes to an end by its time before, as a rule.
MAX_RESTARTS = 100
# What ended a kernel once has this much longer to do it again.
MARGIN_SECONDS = 1


@dataclass(frozen=True)
class Death:
    """How a process ended by itself.

    Attributes:
        index: The cell that ran; None after all of them.
        age: Seconds on the wall since the process was ready.
        reason: What ended it, where that is known.
        times: From the cells that had run to (when they began, when they were done), as ages.
    """

    index: int | None
    age: float
    reason: str
    times: dict[int, tuple[float, float]]


def student_half() -> list[Path]:
    """Returns what a confined notebook may read: `vikit`, and data sets where `vikit.data` looks.

    An installed `vikit` has the data sets in it.
    """
    package = Path(vikit.__file__).resolve().parent
    return [
        package,
        *(
            folder
            for folder in (package.parent / "data", package.parent.parent / "data")
            if folder.is_dir()
        ),
    ]


def install_kernel(prefix=None, limits: Bounds | None = None) -> Path:
    """Installs the confined kernel for nbclient, nbgrader and Jupyter; returns its folder.

    Its notebooks may read the public cases too, with which `check` works: whoever grades puts them
    beside the notebook, others do not.

    Args:
        prefix: Where Jupyter looks for kernelspecs: by default that of this Python.
        limits: What each kernel may use: by default the usual ones.
    """
    cases = sorted(ASSIGNMENTS.glob(f"*/{public_cases.FILE_NAME}"))
    return provisioner.install([*student_half(), *cases], prefix=prefix, limits=limits)


class GaveUp(Exception):
    """The notebook has ended its kernel too often."""


class NotebookRun:
    """The cells of one submission in a kernel; a context manager.

    A cell that never ends, or that ends the process, is not run again. Which cell ended it is tried
    out: it may have done it at once, or by a thread or a timer while another cell ran or a question
    was asked.

    Args:
        cells: What `notebook.read_cells` returned.
        files: Paths to copy beside the running notebook.
        limits: The `Limits`.
        gpu: Whether the student's code may use a GPU.
        confinement: A `kernels.Confinement`; by default the best that this machine gives.
    """

    def __init__(self, cells, files=(), limits=None, gpu=False, confinement=None) -> None:
        self.cells, self.files, self.limits, self.gpu = cells, files, limits or Limits(), gpu
        self.confinement = confinement
        self.outcomes: dict[int, Outcome] = {}
        self.ends_it: set[int] = set()
        self.times: dict[int, tuple[float, float]] = {}
        self.restarts, self.spent, self.asking = -1, 0.0, 0.0
        self.kernel: Kernel | None = None
        # How the last request ended the process, if it did.
        self.death: Death | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_) -> None:
        self.end()

    def end(self) -> None:
        """Closes the kernel; the next request gets a fresh one."""
        if self.kernel is not None:
            self.kernel.close()
            self.kernel = None

    def ready(self) -> Kernel:
        """Returns a kernel in which every cell has run but those that never end or that end it.

        Raises:
            GaveUp: If that took more than MAX_RESTARTS fresh kernels, or more time than the cells
                have in all their runs.
            KernelError: If a kernel does not start.
        """
        if self.has_died():
            self.was_ended_by_a_cell()
        while self.kernel is None or not self.kernel.alive:
            self._start()
            todo = self.runnable()
            while todo and self.kernel is not None:
                todo = self._go_on(self._run(self.kernel, todo))
        return self.kernel

    def _go_on(self, death) -> list[int]:
        """Writes down which cell ended the process, if one did.

        Returns the cells that are still to run in the kernel that there is.
        """
        culprit = None if death is None else self._culprit(death)
        if culprit is None:
            return []
        self._blame(culprit, death.reason)
        if culprit != death.index or self.kernel is None or not self.kernel.alive:
            self.end()
            return []
        # All cells before it have run, while it was tried out whether they end it.
        return [index for index in self.runnable() if index > culprit]

    def has_died(self) -> bool:
        """Tells whether the process has ended since last asked; `was_ended_by_a_cell`: by what."""
        if self.kernel is None or not self.kernel.ended_by_itself:
            return False
        self.death = Death(None, self.kernel.age, "", dict(self.times))
        self.end()
        return True

    def _start(self) -> Kernel:
        """Returns a fresh kernel that has run nothing."""
        self.end()
        self.restarts += 1
        if self.restarts > MAX_RESTARTS:
            raise GaveUp(f"the notebook ended its Python process more than {MAX_RESTARTS} times")
        if self.spent >= self.limits.notebook and self.restarts:
            raise self._out_of_time()
        kernel = self.kernel = Kernel(
            self.files,
            (student_side.__name__,),
            student_half(),
            self.gpu,
            self.confinement,
            self.limits.bounds,
        ).__enter__()
        self.times = {}
        if not self._exchange(kernel, [wire.pack_request("ping")], READY_SECONDS)[1]:
            raise KernelError("the kernel does not answer: vikit is not installed where it runs")
        return kernel

    def _out_of_time(self) -> GaveUp:
        # Whatever has run in this kernel, it was not all.
        self.end()
        return GaveUp(
            f"its process has ended, and its cells have had their {self.limits.notebook:g} s"
        )

    def runnable(self) -> list[int]:
        """Returns the numbers of the cells that are run: none that end the process or never end."""
        endless = {
            index
            for index, outcome in self.outcomes.items()
            if outcome.status in ("timeout", "flood", "late")
        }
        return [
            index
            for index, cell in enumerate(self.cells)
            if cell.runs is not None and index not in self.ends_it and index not in endless
        ]

    def _run(self, kernel: Kernel, indices: list[int]) -> Death | None:
        """Runs cells in a kernel. Returns the `Death` of the process if it ended itself."""
        for index in indices:
            left, before = self.limits.notebook - self.spent, self.outcomes.get(index)
            if left <= 0 and before is None:
                self.outcomes[index] = Outcome("late")
                continue
            if left <= 0:
                raise self._out_of_time()
            began = kernel.age
            outcome = kernel.execute(
                self.cells[index].runs, min(self.limits.cell, left), max_bytes=self.limits.output
            )
            self.spent += outcome.seconds
            self.times[index] = began, kernel.age
            if before is not None and self.spent >= self.limits.notebook:
                raise self._out_of_time()
            # What a later run says may tell of hidden inputs that an earlier one was given.
            self.outcomes.setdefault(index, outcome)
            if not kernel.alive:
                own = outcome.status not in ("timeout", "flood")
                return Death(index, kernel.age, outcome.reason, dict(self.times)) if own else None
        return None

    def _culprit(self, death) -> int | None:
        """Returns the cell that ended the process; None where it was none of them.

        What ends it may have been begun by another cell than the one that ran: then the cells
        before alone end it too.
        """
        before = [index for index in self.runnable() if death.index is None or index < death.index]
        if not before or not self._ends(before, death):
            return death.index
        # The first `many` cells end it, the first `few` do not.
        few, many = 0, len(before)
        while many - few > 1:
            middle = (few + many) // 2
            few, many = (few, middle) if self._ends(before[:middle], death) else (middle, many)
        if death.index is not None and self.outcomes[death.index].status == "dead":
            # What that cell does is not known yet.
            del self.outcomes[death.index]
        return before[many - 1]

    def _ends(self, indices: list[int], death) -> bool:
        """Tells whether these cells alone end a fresh process as `death` did, in about its time."""
        while True:
            kernel = self._start()
            if (
                self._run(kernel, [index for index in indices if index in self.runnable()])
                is not None
            ):
                return True
            if kernel.alive:
                break
        seconds = self._due(indices, death) + MARGIN_SECONDS - kernel.age
        seconds = min(max(seconds, MARGIN_SECONDS), self.limits.notebook - self.spent)
        began = kernel.age
        ended = kernel.rest(seconds)
        self.spent += min(seconds, kernel.age - began)
        return ended

    def _due(self, indices: list[int], death) -> float:
        """Returns the age at which the process has ended if one of these cells began what ended it.

        A cell that takes longer than it did then may have begun it later by so much.
        """
        due = [0.0]
        for index in set(indices) & set(self.times) & set(death.times):
            (began, done), (began_then, done_then) = self.times[index], death.times[index]
            due.append(
                began + death.age - began_then + max(0.0, (done - began) - (done_then - began_then))
            )
        return max(due)

    def _blame(self, index: int, reason: str) -> None:
        """Writes down that a cell ended the process: it is not run again."""
        self.ends_it.add(index)
        self.outcomes[index] = Outcome("dead", reason=reason)

    def was_ended_by_a_cell(self) -> bool:
        """Tells whether a cell ended the process when it was asked last, by a timer, say.

        If so it is not run again.

        Raises:
            GaveUp, KernelError: As `ready`.
        """
        if self.death is None:
            return False
        death, self.death = self.death, None
        culprit = self._culprit(death)
        if culprit is not None:
            self._blame(culprit, death.reason)
            # What was tried last has not run all cells.
            self.end()
        return culprit is not None

    def ask(self, requests: list[dict[str, Any]], seconds: float) -> list[wire.Reply]:
        """Sends requests to the student's process in one message; returns a `wire.Reply` for each.

        The list ends early with a reply of status `"timeout"` or `"crashed"` if a request never
        ended, or ended the process. A kernel that has ended, or that cannot answer any more, is
        made anew at the next call. `client` adds up the time that all requests took.
        """
        kernel, self.death = self.ready(), None
        outcome, replies = self._exchange(kernel, requests, seconds)
        self.asking += outcome.seconds
        if outcome.status == "flood":
            # The reply may have come all the same, or not: it depends on nothing but luck.
            told = wire.Reply(
                "crashed", text=f"it printed more than {size_text(self.limits.output)}"
            )
            return [*replies[: len(requests) - 1], told]
        if len(replies) == len(requests):
            return replies
        if outcome.status == "timeout":
            return [*replies, wire.Reply("timeout")]
        self.death = Death(None, kernel.age, outcome.reason, dict(self.times))
        self.end()
        return [*replies, wire.Reply("crashed", text=outcome.reason)]

    def _exchange(
        self, kernel: Kernel, requests: list[dict[str, Any]], seconds: float
    ) -> tuple[Outcome, list[wire.Reply]]:
        """Returns (outcome, replies): those to the first requests, up to one without a reply."""
        key = secrets.token_hex(16)
        outcome = kernel.execute(
            f"__import__('sys').modules[{student_side.__name__!r}].serve()",
            seconds,
            mime=student_side.MIME,
            silent=True,
            max_bytes=self.limits.output,
            # As text: what is not finite is no JSON to Jupyter.
            metadata={"requests": json.dumps({"key": key, "requests": requests})},
        )
        replies: list[wire.Reply] = []
        for payload in outcome.payloads:
            # The first that claims to answer a request: the others were sent by something else.
            if (
                len(replies) < len(requests)
                and isinstance(payload, dict)
                and payload.get("id") == [key, len(replies)]
            ):
                replies.append(client.read_reply(payload, requests[len(replies)]))
        return outcome, replies
