"""One Jupyter kernel as a grader wants it: every request ends in time, and whatever it prints stays bounded."""

import math
import os
import shutil
import threading
import time
from dataclasses import dataclass, field

import zmq

from . import cold, warm
from . import confinement as confinements
from .clock import Clock
from .faults import KernelError

READY_SECONDS = 120
# How long after an interrupt a kernel may take to come back before it is killed.
GRACE_SECONDS = 2
# What a process may send in answer to one request, printed or not, how many messages are read at a time, and how many parts
# of one are kept: those of Jupyter have 7.
MAX_RECEIVED = 64 * 2**20
# A message may be as long as the reply with the largest arrays; decoded it takes up to thirty times as much.
MAX_MESSAGE = 16 * 2**20
MESSAGES_AT_ONCE = 200
MAX_PARTS = 64
# By how much the memory of this process may grow over a request: parts of a message that has not ended wait in it unseen.
MAX_GROWTH = 2**29
CUT_OFF = "it cut itself off from the grader, or sent too large a message"
DEFAULT_BOUNDS = warm.Bounds()
# What a cold kernel gets of this process's environment besides what a warm one does.
COLD_KEPT = ("PATH", "PYTHONPATH", "SYSTEMROOT")
# A dead kernel is noticed after this long; a live one is never waited for.
POLL_MILLISECONDS = 100


_stopping = [threading.Event()]


def stop_when(event):
    """Has every kernel of this process end soon after `event` is set, and lets no new one start: for an interrupt."""
    _stopping[0] = event


class GivesWay(KernelError):
    """A notebook that is put back so that others get their turn; nothing is wrong with it."""


_giving_way = [lambda: False]


def give_way_when(is_time):
    """Has every request of this process raise `GivesWay` soon after `is_time()` is true."""
    _giving_way[0] = is_time


def refuse_if_stopped():
    if _stopping[0].is_set():
        raise KernelError("grading was stopped")
    if _giving_way[0]():
        raise GivesWay("others wait")


@dataclass
class Outcome:
    """How a request ended.

    `status` is `"ok"`, `"error"` (the code raised), `"timeout"`, `"dead"` (the process ended) or `"flood"` (it printed
    or sent more than it may). `payloads` holds what it displayed under the MIME type that was asked for, `reason` what
    ended the process where that is known, `seconds` how long it took by the kernel's clock (see `clock`).
    """

    status: str
    error_name: str = ""
    error_text: str = ""
    payloads: list = field(default_factory=list)
    seconds: float = 0.0
    reason: str = ""


class Kernel:
    """A Python kernel with a folder of its own; a context manager that leaves no process and no file behind.

    Args:
        files: Paths that are copied into the kernel's working folder.
        extensions: IPython extensions to load before the first request.
        readable: Files and folders that a confined kernel may read besides Python's own.
        gpu: Whether the process may see a GPU.
        confinement: A `Confinement`; by default the best that this machine gives.
        limits: A `Bounds`: what a confined kernel may use.
    """

    def __init__(self, files=(), extensions=(), readable=(), gpu=False, confinement=None, limits=DEFAULT_BOUNDS):
        self.extensions, self.readable, self.gpu, self.limits = extensions, readable, gpu, limits
        self.confinement = confinement or confinements.choose()
        self.process = self.client = None
        self.monitors, self.clock = [], Clock()
        self.folder = confinements.new_folder(self.confinement)
        self.work = self.folder / "work"
        try:
            self.work.mkdir()
            for path in files:
                shutil.copy(path, self.work / path.name)
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def _start(self):
        refuse_if_stopped()
        try:
            self.process = self._process()
            self.process.wait_until_ready()
            self.client = self.process.client()
            self.monitors = [
                channel.socket.get_monitor_socket(zmq.EVENT_DISCONNECTED) for channel in _channels(self.client)
            ]
        except (warm.WarmError, ConnectionError, zmq.ZMQError) as error:
            raise KernelError(f"the kernel did not start: {error}") from error
        self._greet()
        self.clock = Clock(self.process.pid)

    def _process(self):
        if self.confinement.warm:
            layers = self.confinement.layers
            return confinements.start(
                self.folder, self.work, self.readable, self.extensions, layers, self.limits, self.gpu
            )
        home = self.folder / "home"
        home.mkdir()
        environment = warm.environment(home, self.gpu) | {
            name: os.environ[name] for name in COLD_KEPT if name in os.environ
        }
        return cold.ColdProcess(self.folder, self.work, self.extensions, environment)

    def _greet(self):
        """Returns when the kernel has answered, and what it publishes arrives."""
        deadline = time.monotonic() + READY_SECONDS
        wait = 0.02
        while time.monotonic() < deadline:
            self.client.kernel_info()
            for channel in _channels(self.client):
                if not channel.socket.poll(wait * 1000):
                    break
            else:
                return
            if not self.process.alive:
                raise KernelError("the kernel did not start: its process ended")
            wait = min(2 * wait, 1)
        raise KernelError(f"the kernel did not answer within {READY_SECONDS} s")

    @property
    def alive(self):
        return self.client is not None and self.process.alive

    def execute(self, code, seconds, mime=None, silent=False, max_bytes=2**20, metadata=None):
        """Runs `code` and returns its `Outcome`.

        The code finds `metadata`, JSON data, in the message that it came with. As part of the code it would be searched for
        magic commands and hashed, half a second a megabyte.

        Code that is not done after `seconds` of the kernel's clock is interrupted; where that does not help within
        GRACE_SECONDS the kernel is killed. The same happens to code that prints more than `max_bytes`.

        Raises:
            KernelError: If the kernel did not end by itself: what it runs in was killed.
        """
        refuse_if_stopped()
        clock = Clock(self.process.pid)
        content = {
            "code": code, "silent": silent, "store_history": not silent, "user_expressions": {}, "allow_stdin": False,
            "stop_on_error": False,
        }  # fmt: skip
        message = self.client.session.msg("execute_request", content, metadata=metadata)
        self.client.shell_channel.send(message)
        exchange = _Exchange(self.client, message["header"]["msg_id"], mime, max_bytes)
        status = self._wait(exchange, clock, seconds)
        if status in ("timeout", "flood"):
            self.process.interrupt()
            exchange.printed = exchange.received = -math.inf
            # What it displays from now on comes too late.
            exchange.mime = None
            if self._wait(exchange, Clock(self.process.pid), GRACE_SECONDS) != "done":
                self.close()
        reason = ""
        if status == "dead":
            try:
                reason = self.process.why()
            except warm.WarmError as error:
                raise KernelError(f"the kernel is gone: {error}") from error
            finally:
                self.close()
        elif status == "cut off":
            status, reason = "dead", CUT_OFF
            self.close()
        outcome = exchange.outcome(status)
        outcome.reason = reason
        outcome.seconds = clock.total()
        return outcome

    @property
    def ended_by_itself(self):
        """Whether the process has ended, and nobody has closed the kernel."""
        return self.process is not None and not self.process.alive

    @property
    def age(self):
        """Seconds on the wall since the kernel was ready."""
        return self.clock.passed()

    def rest(self, seconds):
        """Leaves the kernel alone for so many seconds of its clock; tells whether it has ended meanwhile.

        One that sends so much that it cannot be held here is closed.
        """
        clock, before = Clock(self.process.pid), resident()
        while not self.process.wait(POLL_MILLISECONDS / 1000):
            refuse_if_stopped()
            if resident() - before > MAX_GROWTH:
                self.close()
                break
            if clock.seconds() >= seconds:
                return False
        return True

    def _wait(self, exchange, clock, seconds):
        """Reads messages until the request is done, and returns `"done"`, or what came first instead."""
        looked = counted = 0.0
        poller = zmq.Poller()
        for socket in (*(channel.socket for channel in _channels(self.client)), *self.monitors):
            poller.register(socket, zmq.POLLIN)
        while True:
            ready = dict(poller.poll(min(1000 * seconds, POLL_MILLISECONDS)))
            # Before what came is read: the answer may have come in time, and this process been busy.
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
            if not ready and not self.process.alive:
                return "dead"
            if any(monitor in ready for monitor in self.monitors):
                return "dead" if self.rest(GRACE_SECONDS) else "cut off"
            if counted >= seconds:
                return "timeout"

    def close(self):
        """Ends the process with everything it started, and removes its folder."""
        if self.client is not None:
            for channel, monitor in zip(_channels(self.client), self.monitors, strict=False):
                channel.socket.disable_monitor()
                monitor.close()
            self.client.stop_channels()
            self.client, self.monitors = None, []
        if self.process is not None:
            self.process.close()
            self.process = None
        shutil.rmtree(self.folder, ignore_errors=True)


class _Exchange:
    """The messages that belong to one request. They come from a process that may send anything: nothing is taken on trust."""

    def __init__(self, client, message, mime, max_bytes):
        self.client, self.message, self.mime, self.max_bytes = client, message, mime, max_bytes
        self.reply, self.idle, self.payloads = None, False, []
        self.printed = self.received = 0
        self.resident = resident()

    @property
    def done(self):
        return self.reply is not None and self.idle

    @property
    def grown(self):
        """Whether what has come is more than this process can hold beside others."""
        return resident() - self.resident > MAX_GROWTH

    @property
    def too_much(self):
        return self.printed > self.max_bytes or self.received > MAX_RECEIVED

    def read(self, ready):
        for channel in _channels(self.client):
            if channel.socket not in ready:
                continue
            for _ in range(MESSAGES_AT_ONCE):
                if self.grown:
                    return
                message, size = _receive(channel)
                self.received += size
                if message is not None and message["parent_header"].get("msg_id") == self.message:
                    self.take(message["msg_type"], message["content"], size)
                if self.done or self.too_much or not channel.socket.poll(0):
                    break

    def take(self, kind, content, size):
        if kind == "execute_reply":
            self.reply = content
        elif kind == "status":
            self.idle = self.idle or content.get("execution_state") == "idle"
        elif kind in ("stream", "error"):
            self.printed += size
        elif kind == "display_data":
            data = content.get("data")
            if self.mime and isinstance(data, dict) and self.mime in data:
                self.payloads.append(data[self.mime])

    def outcome(self, status):
        reply = self.reply or {}
        if status == "done":
            status = "ok" if reply.get("status") == "ok" else "error"
        return Outcome(status, _text(reply, "ename", 100), _text(reply, "evalue", 2000), self.payloads)


def _channels(client):
    return client.shell_channel, client.iopub_channel


def resident():
    """Returns the bytes of memory that this process holds; 0 where the system never says.

    Raises:
        OSError: If it cannot say now. A 0 would make all of it look like the growth of a moment.
    """
    try:
        with open("/proc/self/statm", "rb", buffering=0) as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except FileNotFoundError:
        return 0


def _text(content, name, length):
    """Returns a part of a message as text that can be written to a file: without lone surrogates."""
    return str(content.get(name, ""))[:length].encode("utf-8", "backslashreplace").decode()


def _receive(channel):
    """Returns the next message and its size in bytes; None for a message that Jupyter's protocol does not know."""
    frames, size, more = [], 0, True
    while more:
        frame = channel.socket.recv(copy=False)
        size, more = size + len(frame), frame.more
        if len(frames) < MAX_PARTS and size <= MAX_MESSAGE:
            frames.append(frame.bytes)
    if size > MAX_MESSAGE:
        return None, size
    try:
        message = channel.session.deserialize(channel.session.feed_identities(frames)[1])
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, AssertionError, RecursionError):
        return None, size
    tables = all(isinstance(message.get(part), dict) for part in ("parent_header", "content"))
    return (message if tables and isinstance(message.get("msg_type"), str) else None), size
