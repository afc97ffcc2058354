"""The processes that grade, one notebook at a time each: what one student's process sends cannot hold up another's.

They are forked from a process that has imported everything and run nothing, and end with the process that asked for them.
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
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import forkserver, resource_tracker

from autograder import kernels

from .turns import Turns

DEAD = (
    "a grading process ended: was it killed, for want of memory or time? (A script that grades must do so below "
    '`if __name__ == "__main__":`, as Python\'s multiprocessing wants it)'
)
METHOD = "forkserver" if "forkserver" in multiprocessing.get_all_start_methods() else "spawn"


class GraderError(RuntimeError):
    """A grading process that does not start, or that died."""


class Flag:
    """An event that processes share without a lock: one that is killed while it looks cannot hold up the others."""

    def __init__(self, context):
        self.value = context.RawValue(ctypes.c_bool, False)

    def set(self):
        self.value.value = True

    def is_set(self):
        return self.value.value


def start():
    """Starts the process that the others are forked from, in the background: it imports TensorFlow."""
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

    def __init__(self, jobs, confinement, patience=None, names=()):
        self.jobs, self.confinement, self.patience = jobs, confinement, patience
        start()
        self.context = multiprocessing.get_context(METHOD)
        self.stopped, self.turns = Flag(self.context), Turns(self.context, names)
        self.pool = self._pool(jobs)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is not None:
            self.stopped.set()
        if kind is not None and issubclass(kind, GraderError):
            self._kill()
        self.pool.shutdown(cancel_futures=True)

    def _pool(self, jobs):
        shared = self.stopped, kernels.share(self.confinement), self.turns
        return ProcessPoolExecutor(jobs, self.context, _begin, shared)

    def call(self, work, *arguments):
        """Returns what `work(*arguments)` returns in one of the processes.

        Raises:
            GraderError: If the process does not start, or dies.
        """
        try:
            return self._submit(work, *arguments).result()
        except BrokenProcessPool as error:
            raise GraderError(DEAD) from error

    def map(self, work, items):
        """Returns what `work(item)` returns for each of `items`, in order; raises as `call`."""
        try:
            return list(self.pool.map(work, items))
        except BrokenProcessPool as error:
            raise GraderError(DEAD) from error

    def each(self, work, items, *arguments):
        """Yields for each of `items`, as they are done, (item, what `work(item, *arguments)` returned, None) or (item, None,
        the error that it raised).

        Where one of the processes dies, those items that it may have been at are tried once more, each by itself: it is
        their error if it dies again.
        """
        suspects = []
        while items:
            futures, waiting, dead = {}, list(items), False
            while waiting and not dead:
                try:
                    futures[self._submit(work, waiting[0], *arguments)] = waiting[0]
                    del waiting[0]
                except BrokenProcessPool:
                    dead = True
            items = []
            for future in as_completed(futures):
                error = future.exception()
                if isinstance(error, BrokenProcessPool):
                    dead = True
                    items.append(futures[future])
                else:
                    yield futures[future], None if error else future.result(), error
            if dead:
                # They were taken up in the order in which they were asked for.
                at_work = self.jobs + 1
                items = [item for item in futures.values() if item in set(items)]
                suspects, items = suspects + items[:at_work], items[at_work:] + waiting
                self._renew()
        for item in suspects:
            error = None
            try:
                result = self.call(work, item, *arguments)
            except Exception as raised:  # noqa: BLE001 whatever it is: it is told
                result, error = None, raised
                if isinstance(raised, GraderError):
                    self._renew()
            yield item, result, error

    def _submit(self, work, *arguments):
        return self.pool.submit(_work, self.patience, work, *arguments)

    def _renew(self):
        self._kill()
        self.pool.shutdown()
        self.pool = self._pool(self.jobs)

    def _kill(self):
        """Ends what is left of a pool that is broken. From Python 3.12 on it waits for processes to end by SIGTERM."""
        for process in list((self.pool._processes or {}).values()):
            process.kill()


def _work(patience, work, *arguments):
    if patience and hasattr(signal, "setitimer"):
        # The signal ends the process, wherever it hangs.
        signal.setitimer(signal.ITIMER_REAL, patience)
    try:
        return work(*arguments)
    finally:
        if patience and hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)


def _end_with_parent():
    multiprocessing.connection.wait([multiprocessing.parent_process().sentinel])
    os._exit(1)


_turns = []


def turn_of(assignment):
    """Returns the seconds that a notebook has in this process before it is put back; infinite where nobody hands out turns."""
    return _turns[-1].seconds(assignment) if _turns else math.inf


def give_way_after(assignment, started):
    """Has the kernels of this process raise `GivesWay` when the turn that began at `started` is over."""
    kernels.give_way_when(lambda: time.monotonic() - started > turn_of(assignment))


def _begin(stopped, shared, turns):
    """Prepares a new process: it ends with its parent, hears of an interrupt by `stopped`, and computes on one core."""
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
        raise RuntimeError("TensorFlow has run in the process that graders are forked from: they would hang")
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
