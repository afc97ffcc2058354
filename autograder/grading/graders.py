"""The processes that grade, a notebook at a time each: none can hold up another.

They are forked from a process that has imported everything and run nothing, and end with the
process that asked for them.
"""

import ctypes
import math
import multiprocessing
import multiprocessing.connection
import multiprocessing.util
import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import forkserver, resource_tracker
from typing import Any, Self

from autograder import kernels

from .turns import Turns

__all__ = ["GraderError", "Graders", "give_way_after", "start"]

DEAD = (
    "a grading process ended: was it killed, for want of memory or time? (A script that grades must"
    ' do so below `if __name__ == "__main__":`, as Python\'s multiprocessing wants it)'
)
METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"


class GraderError(RuntimeError):
    """A grading process that does not start, or that died."""


class Flag:
    """An event that processes share without a lock: one killed while it looks holds up none."""

    def __init__(self, context) -> None:
        self.value = context.RawValue(ctypes.c_bool, False)

    def set(self) -> None:
        self.value.value = True

    def is_set(self) -> bool:
        return self.value.value


def start() -> None:
    """Starts the process that others are forked from, in the background: it imports TensorFlow."""
    if METHOD == "forkserver":
        forkserver.set_forkserver_preload([f"{__package__}.preload"])
        # The other process of multiprocessing's own; its start would undo what follows.
        resource_tracker.ensure_running()
        # It inherits this: a Ctrl-C while it imports is for the process that asked.
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        try:
            forkserver.ensure_running()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


class Graders:
    """A pool of grading processes; a context manager.

    Args:
        jobs: How many.
        confinement: The `kernels.Confinement` in which they run notebooks.
        patience: Seconds after which a process that is still at one item is ended; None for never.
        names: Names of the assignments whose notebooks have `turns`.
    """

    def __init__(self, jobs, confinement, patience=None, names=()) -> None:
        self.jobs, self.confinement, self.patience = jobs, confinement, patience
        start()
        self.context = multiprocessing.get_context(METHOD)
        self.stopped, self.turns = Flag(self.context), Turns(self.context, names)
        self.pool = self._pool(jobs)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind, *_) -> None:
        if kind is not None:
            self.stopped.set()
        if kind is not None and issubclass(kind, GraderError):
            self._kill()
        self.pool.shutdown(cancel_futures=True)

    def _pool(self, jobs) -> ProcessPoolExecutor:
        shared = self.stopped, kernels.share(self.confinement), self.turns
        return ProcessPoolExecutor(jobs, self.context, _begin, shared)

    def call(self, work, *arguments) -> Any:
        """Returns what `work(*arguments)` returns in one of the processes.

        Raises:
            GraderError: If the process does not start, or dies.
        """
        try:
            return self._submit(work, *arguments).result()
        except BrokenProcessPool as error:
            raise GraderError(DEAD) from error

    def map(self, work, items) -> list[Any]:
        """Returns what `work(item)` returns for each of `items`, in order; raises as `call`."""
        try:
            return list(self.pool.map(work, items))
        except BrokenProcessPool as error:
            raise GraderError(DEAD) from error

    def each(self, work, items, *arguments) -> Iterator[tuple[Any, Any, BaseException | None]]:
        """Yields (item, what `work` returned, None) or (item, None, the error), as they are done.

        Where one of the processes dies, those items that it may have been at are tried once more,
        each by itself: it is their error if it dies again.

        Args:
            work: A function that another process can import.
            items: A list of its first arguments.
            arguments: The other arguments.
        """
        suspects: list[Any] = []
        while items:
            futures, waiting = self._submit_all(work, items, arguments)
            dead, lost = bool(waiting), set()
            for future in as_completed(futures):
                error = future.exception()
                if isinstance(error, BrokenProcessPool):
                    dead = True
                    lost.add(futures[future])
                else:
                    yield futures[future], None if error else future.result(), error
            # They were taken up in the order in which they were asked for.
            at_work, items = self.jobs + 1, [item for item in futures.values() if item in lost]
            suspects, items = suspects + items[:at_work], items[at_work:] + waiting
            if dead:
                self._renew()
        yield from self._try_again(work, suspects, arguments)

    def _submit_all(self, work, items, arguments) -> tuple[dict[Future, Any], list[Any]]:
        """Returns the items by future, and those not submitted because a process has died."""
        futures: dict[Future, Any] = {}
        for index, item in enumerate(items):
            try:
                futures[self._submit(work, item, *arguments)] = item
            except BrokenProcessPool:
                return futures, list(items[index:])
        return futures, []

    def _try_again(self, work, items, arguments) -> Iterator[tuple[Any, Any, BaseException | None]]:
        """Yields as `each`, with each item by itself."""
        for item in items:
            error: BaseException | None = None
            try:
                result = self.call(work, item, *arguments)
            except Exception as raised:  # noqa: BLE001 whatever it is: it is told
                result, error = None, raised
                if isinstance(raised, GraderError):
                    self._renew()
            yield item, result, error

    def _submit(self, work, *arguments) -> Future:
        return self.pool.submit(_work, self.patience, work, *arguments)

    def _renew(self) -> None:
        self._kill()
        self.pool.shutdown()
        self.pool = self._pool(self.jobs)

    def _kill(self) -> None:
        """Ends the processes of a broken pool; from Python 3.12 on it waits until they are gone."""
        for process in list((self.pool._processes or {}).values()):
            process.kill()


def _work(patience, work, *arguments) -> Any:
    if patience and hasattr(signal, "setitimer"):
        # The signal ends the process, wherever it hangs.
        signal.setitimer(signal.ITIMER_REAL, patience)
    try:
        return work(*arguments)
    finally:
        if patience and hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)


def _end_with_parent() -> None:
    parent: Any = multiprocessing.parent_process()
    multiprocessing.connection.wait([parent.sentinel])
    os._exit(1)


_turns: list[Turns] = []


def turn_of(assignment) -> float:
    """Returns the seconds that a notebook has before it is put back; infinite without turns."""
    return _turns[-1].seconds(assignment) if _turns else math.inf


def give_way_after(assignment, started) -> None:
    """Has this process's kernels raise `GivesWay` when the turn begun at `started` is over."""
    kernels.give_way_when(lambda: time.monotonic() - started > turn_of(assignment))


def _begin(stopped, shared, turns) -> None:
    """Prepares a new process: it ends with its parent, hears of interrupts, and uses one core."""
    _turns.append(turns)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # What it leaves there when it is killed goes away with the folder: see `remains`.
    tempfile.tempdir = multiprocessing.util.get_temp_dir()
    kernels.adopt(shared)
    kernels.stop_when(stopped)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if METHOD == "forkserver":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    # A GPU is shared with the other processes.
    os.environ["TF_FORCE_GPU_ALLOW_GROWTH"] = "true"
    from .preload import devices, tf

    if devices.has_started():
        raise RuntimeError(
            "TensorFlow has run in the process that graders are forked from: they would hang"
        )
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
