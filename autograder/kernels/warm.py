"""The grader's side of the fork server: starts it, asks it for kernels, holds on to them."""

import contextlib
import errno
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Never

import zmq
from jupyter_client import BlockingKernelClient

from . import linux
from .faults import EXHAUSTED, KernelError
from .remains import remove

__all__ = [
    "LAYERS",
    "MIB",
    "PORTS",
    "Bounds",
    "Process",
    "Request",
    "Server",
    "WarmError",
    "environment",
    "possible",
]

START_SECONDS = 120
READY_SECONDS = 120
LAYERS = ("namespaces", "view", "landlock", "seccomp")
KEPT = ("LANG", "LC_ALL", "LD_LIBRARY_PATH", "XLA_FLAGS")
PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
MIB = 2**20
# The first process of a namespace cannot abort: the C library then ends
# it with a segmentation fault.
COMPILED = "compiled code ended the process (segmentation fault or abort)"
ENDINGS = {
    -signal.SIGSEGV: COMPILED,
    -signal.SIGABRT: COMPILED,
    -signal.SIGFPE: "an arithmetic fault ended the process",
    -signal.SIGKILL: "the system ended the process: too much memory or processor time",
}


class WarmError(KernelError):
    """A warm kernel that did not start: what this machine did not give."""


@dataclass(frozen=True)
class Bounds:
    """What a kernel may use.

    Attributes:
        memory: Bytes of memory.
        scratch: Bytes of its scratch folder.
        processes: Processes and threads.
        files: Open files.
        cpu: Seconds of processor time.
    """

    memory: int = 4096 * MIB
    scratch: int = 256 * MIB
    processes: int = 256
    files: int = 512
    cpu: int = 1800


@dataclass(frozen=True)
class Request:
    """What the fork server is asked for.

    Attributes:
        connection: Ports, key and signature scheme of the kernel, as in a Jupyter connection file.
        sockets: The folder in which it makes its five sockets.
        root: An empty folder.
        home: A scratch folder, used where there is no view.
        work: What is copied into the working folder.
        readable: Files and folders shown read-only besides Python's own.
        extensions: IPython extensions to load.
        layers: Which layers of confinement to put on.
        environment: Environment variables.
        limits: What it may use.
        gpu: Whether the process may see a GPU.
        figures: Whether figures are drawn and sent as images.
    """

    connection: dict
    sockets: str
    root: str
    home: str
    work: str
    readable: tuple = ()
    extensions: tuple = ()
    layers: tuple = LAYERS
    environment: dict = field(default_factory=dict)
    limits: Bounds = Bounds()
    gpu: bool = False
    figures: bool = False


class Server:
    """A fork server; started at the first request, and again if it has died.

    Args:
        modules: What it imports besides PRELOADED.
        folder: The folder of a server that another process has started, and that is used as long as
            it lives.
    """

    def __init__(self, modules=(), folder=None) -> None:
        self.modules: tuple[str, ...] = tuple(modules)
        self.folder: Path | None = folder
        self.lent = folder is not None
        self.process: subprocess.Popen | None = None
        self.starting = threading.Lock()

    def request(self, request: Request) -> "Process":
        """Returns the `Process` that serves `request`; it may not be ready yet.

        Raises:
            WarmError: If the server does not start, or says why the kernel cannot.
        """
        folder = self.start()
        try:
            return Process(connect(folder), request)
        except (ConnectionError, FileNotFoundError):
            # It has just died: another one is started.
            if self.lent:
                self.lent, self.folder = False, None
        folder = self.start()
        try:
            return Process(connect(folder), request)
        except (ConnectionError, FileNotFoundError) as error:
            raise WarmError(f"the fork server is gone: {error}") from error

    def start(self) -> Path:
        """Starts the server if it does not run, and returns its folder.

        Raises:
            OSError: If the machine has run out of something.
            WarmError: If the server does not start for another reason.
        """
        with self.starting:
            if self.folder is not None and (
                self.lent or (self.process is not None and self.process.poll() is None)
            ):
                return self.folder
            self._end()
            # What lies in the folder of a server that has died may still be used.
            folder = self.folder = self.folder or Path(tempfile.mkdtemp(prefix="vk-"))
            (folder / "s").unlink(missing_ok=True)
            program = [sys.executable, "-m", "autograder.kernels.server"]
            self.process = subprocess.Popen(
                [*program, str(folder / "s"), *self.modules],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=folder,
                env=environment(folder),
                start_new_session=True,
            )
            said = first_line(self.process.stdout, START_SECONDS)
            if b'"ready"' not in said:
                self.stop()
                raise_why(said)
            return folder

    def stop(self) -> None:
        """Ends the server; its kernels end with it."""
        self._end()
        if self.folder is not None and not self.lent:
            remove(self.folder)
            self.folder = None

    def _end(self) -> None:
        process, self.process = self.process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()


def first_line(pipe, seconds) -> bytes:
    """Returns the line that comes out of a pipe; nothing where none comes in so many seconds."""
    ready, _, _ = select.select([pipe], [], [], seconds)
    return pipe.readline() if ready else b""


def connect(folder) -> socket.socket:
    """Returns a connection to the server whose folder this is."""
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(str(folder / "s"))
    except OSError:
        connection.close()
        raise
    return connection


def raise_why(said: bytes) -> Never:
    """Raises for a server that did not start; `said` is the line that it wrote, if any."""
    try:
        told = json.loads(said)
        reason, number = str(told["error"]), told["errno"]
    except (ValueError, KeyError, TypeError):
        reason, number = "it ended without a word", None
    if isinstance(number, int):
        raise OSError(number, f"the fork server did not start: {reason}")
    raise WarmError(f"the fork server did not start: {reason}")


def environment(folder, gpu=False) -> dict[str, str]:
    """Returns a server's or kernel's environment: only language and library paths are kept."""
    names = ["HOME", "IPYTHONDIR", "MPLCONFIGDIR", "KERAS_HOME", "TMPDIR"]
    names += [f"JUPYTER_{name}_DIR" for name in ("CONFIG", "DATA", "RUNTIME")]
    return (
        {name: os.environ[name] for name in KEPT if name in os.environ}
        | {name: str(folder) for name in names}
        | ({} if gpu else {"CUDA_VISIBLE_DEVICES": "-1"})
        | {
            "PATH": os.defpath,
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
            # A GPU shared with others, in which float32 means float32.
            "NVIDIA_TF32_OVERRIDE": "0",
            "TF_FORCE_GPU_ALLOW_GROWTH": "true",
            "OMP_NUM_THREADS": "1",
            "PYTHONHASHSEED": "0",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "TF_NUM_INTEROP_THREADS": "1",
            "TF_NUM_INTRAOP_THREADS": "1",
        }
    )


# What waits unread of one kernel: so many messages a channel, none larger than this;
# more is not taken off its hands.
UNREAD_MESSAGES = 64
MESSAGE_BYTES = 16 * MIB


@cache
def bounded_context() -> zmq.Context:
    """Returns the ZeroMQ context of all clients. Its sockets read no more than they must."""
    context = zmq.Context()
    for option, value in (
        (zmq.RCVHWM, UNREAD_MESSAGES),
        (zmq.MAXMSGSIZE, MESSAGE_BYTES),
        (zmq.LINGER, 0),
    ):
        context.setsockopt(option, value)
    return context


class Process:
    """One kernel of a fork server; its descriptor names no other process after it has ended."""

    def __init__(self, connection: socket.socket, request: Request) -> None:
        self.connection = connection
        self.descriptor: int | None = None
        self.pid: int | None = None
        self.address: Any = request.connection | {"ip": f"{request.sockets}/k"}
        self._read = b""
        self.memory = request.limits.memory
        # Within them no process of the kernel can reach the one that watches over it.
        self.watched = "namespaces" in request.layers
        try:
            connection.settimeout(READY_SECONDS)
            connection.sendall(json.dumps(asdict(request)).encode() + b"\n")
            data, descriptors, _, _ = socket.recv_fds(connection, 4096, 1)
            self.descriptor = descriptors[0] if descriptors else None
            self._read = data
            said = self._next()
            if self.descriptor is None:
                raise WarmError(said.get("error", "the fork server gave no kernel"))
            self.pid = said["pid"]
        except BaseException:
            self.close()
            raise

    def client(self) -> BlockingKernelClient:
        """Returns a connected client of the kernel."""
        client = BlockingKernelClient(context=bounded_context())
        client.load_connection_info(self.address)
        client.start_channels(stdin=False, hb=False, control=False)
        return client

    def wait_until_ready(self) -> None:
        """Returns when the kernel's sockets are bound and every layer is on.

        Raises:
            WarmError: If a layer is not to be had here, or the process ended.
            OSError: If the machine has run out of something.
        """
        try:
            said = self._next()
        except TimeoutError as error:
            raise WarmError(f"the kernel was not ready after {READY_SECONDS} s") from error
        # No space is also what a system says that allows no namespaces.
        if said.get("errno") in EXHAUSTED - {errno.ENOSPC}:
            raise OSError(said["errno"], said["error"])
        if not said.get("ready"):
            raise WarmError(said.get("error", "the kernel ended before it was ready"))

    def _next(self) -> dict[str, Any]:
        while b"\n" not in self._read:
            part = self.connection.recv(4096)
            if not part:
                raise ConnectionResetError("the fork server closed the connection")
            self._read += part
        line, _, self._read = self._read.partition(b"\n")
        return json.loads(line)

    @property
    def alive(self) -> bool:
        return self.descriptor is not None and not select.select([self.descriptor], [], [], 0)[0]

    def signal(self, number) -> None:
        # It may just have ended.
        with contextlib.suppress(ProcessLookupError):
            if self.descriptor is not None:
                signal.pidfd_send_signal(self.descriptor, number)

    def interrupt(self) -> None:
        self.signal(signal.SIGINT)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)

    def why(self) -> str:
        """Returns what ended the process, in words; an empty text where it ended by itself.

        Raises:
            WarmError: If it ended with the process that watches over it, or with the fork server.
        """
        said: dict[str, Any] = {}
        try:
            self.connection.settimeout(READY_SECONDS)
            said = self._next()
        except ConnectionError as error:
            if self.watched:
                raise WarmError(
                    "the fork server, or the process that watches over the kernel, was killed"
                ) from error
        except (OSError, ValueError):
            pass
        if said.get("reason") == "memory":
            return f"it used more than {self.memory / 2**30:.3g} GiB of memory"
        return ENDINGS.get(said.get("exit", 0), "")

    def wait(self, seconds) -> bool:
        """Waits until the process has ended; tells whether it has."""
        return self.descriptor is None or bool(select.select([self.descriptor], [], [], seconds)[0])

    def close(self) -> None:
        """Ends the process, and returns when it is gone."""
        if self.descriptor is not None:
            self.kill()
            deadline = time.monotonic() + READY_SECONDS
            while self.alive and time.monotonic() < deadline:
                self.wait(1)
            os.close(self.descriptor)
            self.descriptor = None
        self.connection.close()


def possible() -> bool:
    """Tells whether this machine can fork warm kernels at all."""
    return linux.available() and hasattr(os, "pidfd_open")
