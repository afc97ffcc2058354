"""One Jupyter kernel for a grader: every request ends in time, and its output is bounded."""

import math
import os
import shutil
import threading
import time
from collections.abc import Callable
from typing import Protocol, Self

import zmq
from jupyter_client import BlockingKernelClient

from . import cold, warm
from . import confinement as confinements
from .clock import Clock
from .exchange import MAX_GROWTH, Exchange, Outcome, channels, resident
from .faults import KernelError

__all__ = ["GivesWay", "Kernel", "give_way_when", "stop_when"]

READY_SECONDS = 120
# How long after an interrupt a kernel may take to come back before it is killed.
GRACE_SECONDS = 2
CUT_OFF = "it cut itself off from the grader, or sent too large a message"
DEFAULT_BOUNDS = warm.Bounds()
# What a cold kernel gets of this process's environment besides what a warm one does.
COLD_KEPT = ("PATH", "PYTHONPATH", "SYSTEMROOT")
# A dead kernel is noticed after this long; a live one is never waited for.
POLL_MILLISECONDS = 100


class Flag(Protocol):
    """What can be set, here or in another process."""

    def is_set(self) -> bool: ...


_stopping: list[Flag] = [threading.Event()]


def stop_when(event: Flag) -> None:
    """Has this process's kernels end, and none start, soon after `event` is set."""
    _stopping[0] = event


class GivesWay(KernelError):
    """A notebook that is put back so that others get their turn; nothing is wrong with it."""


_giving_way: list[Callable[[], bool]] = [lambda: False]


def give_way_when(is_time: Callable[[], bool]) -> None:
    """Has every request of this process raise `GivesWay` soon after `is_time()` is true."""
    _giving_way[0] = is_time


def refuse_if_stopped() -> None:
    if _stopping[0].is_set():
        raise KernelError("grading was stopped")
    if _giving_way[0]():
        raise GivesWay("others wait")


class Kernel:
    """A Python kernel with its own folder; a context manager that leaves no process or file.

    Args:
        files: Paths that are copied into the kernel's working folder.
        extensions: IPython extensions to load before the first request.
        readable: Files and folders that a confined kernel may read besides Python's own.
        gpu: Whether the process may see a GPU.
        confinement: A `Confinement`; by default the best that this machine gives.
        limits: A `Bounds`: what a confined kernel may use.
    """

    # Not fewer arguments: each is what one kernel may have that others do not.
    def __init__(
        self,
        files=(),
        extensions=(),
        readable=(),
        gpu=False,
        confinement=None,
        limits=DEFAULT_BOUNDS,
    ) -> None:
        self.extensions, self.readable, self.gpu, self.limits = extensions, readable, gpu, limits
        self.confinement = confinement or confinements.choose()
        self.process: warm.Process | cold.ColdProcess | None = None
        self.client: BlockingKernelClient | None = None
        self.monitors: list[zmq.Socket] = []
        self.clock = Clock()
        self.folder = confinements.new_folder(self.confinement)
        self.work = self.folder / "work"
        try:
            self.work.mkdir()
            for path in files:
                shutil.copy(path, self.work / path.name)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def _start(self) -> None:
        refuse_if_stopped()
        try:
            process = self.process = self._process()
            process.wait_until_ready()
            client = self.client = process.client()
            self.monitors = [
                channel.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED)
                for channel in channels(client)
            ]
        except (warm.WarmError, ConnectionError, zmq.ZMQError) as error:
            raise KernelError(f"the kernel did not start: {error}") from error
        self._greet(process, client)
        self.clock = Clock(process.pid)

    def _opened(self) -> tuple[warm.Process | cold.ColdProcess, BlockingKernelClient]:
        """Returns the process and the client of a kernel that is not closed."""
        if self.process is None or self.client is None:
            raise KernelError("the kernel is closed")
        return self.process, self.client

    def _process(self) -> warm.Process | cold.ColdProcess:
        if self.confinement.warm:
            layers = self.confinement.layers
            return confinements.start(
                self.folder,
                self.work,
                self.readable,
                self.extensions,
                layers,
                self.limits,
                self.gpu,
            )
        home = self.folder / "home"
        home.mkdir()
        environment = warm.environment(home, self.gpu) | {
            name: os.environ[name] for name in COLD_KEPT if name in os.environ
        }
        return cold.ColdProcess(self.folder, self.work, self.extensions, environment)

    def _greet(self, process, client) -> None:
        """Returns when the kernel has answered, and what it publishes arrives."""
        deadline = time.monotonic() + READY_SECONDS
        wait = 0.02
        while time.monotonic() < deadline:
            client.kernel_info()
            for channel in channels(client):
                if not channel.socket.poll(wait * 1000):
                    break
            else:
                return
            if not process.alive:
                raise KernelError("the kernel did not start: its process ended")
            wait = min(2 * wait, 1)
        raise KernelError(f"the kernel did not answer within {READY_SECONDS} s")

    @property
    def alive(self) -> bool:
        return self.client is not None and self.process is not None and self.process.alive

    # Not fewer arguments: each is what one request may differ in, and all but two
    # have their usual value.
    def execute(
        self, code: str, seconds: float, mime=None, silent=False, max_bytes=2**20, metadata=None
    ) -> Outcome:
        """Runs `code` and returns its `Outcome`.

        The code finds `metadata` in the message that it came with. As part of the code it would be
        searched for magic commands and hashed, half a second a megabyte.

        Code that is not done after `seconds` of the kernel's clock is interrupted; where that does
        not help within GRACE_SECONDS the kernel is killed. The same happens to code that prints
        more than `max_bytes`.

        Args:
            code: Python, as in a cell.
            seconds: What it may take.
            mime: The MIME type under which it displays what the outcome is to hold; None for
                nothing.
            silent: Whether it is no cell: it has no number, and is not kept in the history.
            max_bytes: What it may print.
            metadata: JSON data.

        Raises:
            KernelError: If the kernel did not end by itself: what it runs in was killed.
        """
        refuse_if_stopped()
        process, client = self._opened()
        clock = Clock(process.pid)
        content = {
            "code": code,
            "silent": silent,
            "store_history": not silent,
            "user_expressions": {},
            "allow_stdin": False,
            "stop_on_error": False,
        }
        message = client.session.msg("execute_request", content, metadata=metadata)
        client.shell_channel.send(message)
        exchange = Exchange(client, message["header"]["msg_id"], mime, max_bytes)
        status = self._wait(exchange, clock, seconds)
        if status in ("timeout", "flood"):
            self._interrupt(process, exchange)
        reason = self._close_dead(process, status)
        outcome = exchange.outcome("dead" if status == "cut off" else status)
        outcome.reason, outcome.seconds = reason, clock.total()
        return outcome

    def _interrupt(self, process, exchange: Exchange) -> None:
        """Interrupts the code of an exchange; closes the kernel where that does not help."""
        process.interrupt()
        exchange.printed = exchange.received = -math.inf
        # What it displays from now on comes too late.
        exchange.mime = None
        if self._wait(exchange, Clock(process.pid), GRACE_SECONDS) != "done":
            self.close()

    def _close_dead(self, process, status: str) -> str:
        """Closes a kernel that has ended, or cannot be asked any more; returns why, if known."""
        # While it was left to end it may have been closed for what it sent.
        if status == "cut off" or (status == "dead" and self.process is None):
            self.close()
            return CUT_OFF
        if status != "dead":
            return ""
        try:
            return process.why()
        except warm.WarmError as error:
            raise KernelError(f"the kernel is gone: {error}") from error
        finally:
            self.close()

    @property
    def ended_by_itself(self) -> bool:
        """Whether the process has ended, and nobody has closed the kernel."""
        return self.process is not None and not self.process.alive

    @property
    def age(self) -> float:
        """Seconds on the wall since the kernel was ready."""
        return self.clock.passed()

    def rest(self, seconds: float) -> bool:
        """Leaves the kernel alone for `seconds` of its clock; tells whether it has ended.

        One that sends so much that it cannot be held here is closed.
        """
        process, _ = self._opened()
        clock, before = Clock(process.pid), resident()
        while not process.wait(POLL_MILLISECONDS / 1000):
            refuse_if_stopped()
            if resident() - before > MAX_GROWTH:
                self.close()
                break
            if clock.seconds() >= seconds:
                return False
        return True

    def _wait(self, exchange: Exchange, clock: Clock, seconds: float) -> str:
        """Reads messages until the request is done; returns `"done"`, or what came first."""
        process, client = self._opened()
        looked = counted = 0.0
        poller = zmq.Poller()
        for socket in (*(channel.socket for channel in channels(client)), *self.monitors):
            poller.register(socket, zmq.POLLIN)
        while True:
            ready = dict(poller.poll(int(min(1000 * seconds, POLL_MILLISECONDS))))
            # Before what came is read: the answer may have come in time,
            # and this process been busy.
            if clock.passed() - looked >= min(seconds, POLL_MILLISECONDS / 1000):
                looked, counted = clock.passed(), clock.seconds()
            exchange.read(ready)
            if exchange.grown:
                return "cut off"
            if exchange.done:
                return "done"
            if exchange.too_much:
                return "flood"
            refuse_if_stopped()
            if not ready and not process.alive:
                return "dead"
            if any(monitor in ready for monitor in self.monitors):
                return "dead" if self.rest(GRACE_SECONDS) else "cut off"
            if counted >= seconds:
                return "timeout"

    def close(self) -> None:
        """Ends the process with everything it started, and removes its folder."""
        if self.client is not None:
            for channel, monitor in zip(channels(self.client), self.monitors, strict=False):
                channel.socket.disable_monitor()
                monitor.close()
            self.client.stop_channels()
            self.client, self.monitors = None, []
        if self.process is not None:
            self.process.close()
            self.process = None
        shutil.rmtree(self.folder, ignore_errors=True)
