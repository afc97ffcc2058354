"""One Jupyter kernel as a grader wants it: every request ends in time, and whatever it prints stays bounded."""

import contextlib
import math
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import zmq
from jupyter_client import KernelManager
from jupyter_client.kernelspec import KernelSpec

READY_SECONDS = 120
# How long after an interrupt a kernel may take to come back before it is killed.
GRACE_SECONDS = 2
# A dead kernel is noticed after this long; a live one is never waited for.
POLL_MILLISECONDS = 100


class KernelError(Exception):
    """A kernel that did not start: the machine's fault, not the notebook's."""


@dataclass
class Outcome:
    """How a request ended.

    `status` is `"ok"`, `"error"` (the code raised), `"timeout"`, `"dead"` (the process ended) or `"flood"` (it printed
    more than it may). `payloads` holds what it displayed under the MIME type that was asked for.
    """

    status: str
    error_name: str = ""
    error_text: str = ""
    traceback: list = field(default_factory=list)
    payloads: list = field(default_factory=list)
    seconds: float = 0.0


class Kernel:
    """A Python kernel with a folder of its own; a context manager that leaves no process and no file behind.

    Args:
        files: Paths that are copied into the kernel's working folder.
        extensions: IPython extensions to load before the first request.
        gpu: Whether the process may see a GPU.
    """

    def __init__(self, files=(), extensions=(), gpu=False):
        self.extensions = extensions
        self.gpu = gpu
        # Unix sockets allow 107 characters for a path: the folder's name must be short.
        self.folder = Path(tempfile.mkdtemp(prefix="vk-"))
        self.work = self.folder / "work"
        self.work.mkdir()
        for path in files:
            shutil.copy(path, self.work / path.name)
        self.manager = self.client = None

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
        launch = [
            sys.executable,
            "-m",
            "ipykernel_launcher",
            "-f",
            "{connection_file}",
            "--HistoryManager.enabled=False",
        ]
        launch += [f"--IPKernelApp.extensions={name}" for name in self.extensions]
        # Sockets in the file system where there are any: nobody else on this machine can connect to them.
        transport = "tcp" if os.name == "nt" else "ipc"
        self.manager = KernelManager(connection_file=str(self.folder / "k.json"), transport=transport)
        self.manager._kernel_spec = KernelSpec(argv=launch, display_name="Python", language="python")
        null = subprocess.DEVNULL
        self.manager.start_kernel(cwd=str(self.work), env=self._environment(), stdout=null, stderr=null)
        self.client = self.manager.blocking_client()
        self.client.start_channels(hb=False)
        try:
            self.client.wait_for_ready(timeout=READY_SECONDS)
        except RuntimeError as error:
            raise KernelError(f"the kernel did not start: {error}") from error

    def _environment(self):
        home = self.folder / "home"
        home.mkdir()
        kept = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SYSTEMROOT", "PYTHONPATH", "XLA_FLAGS")
        environment = {name: os.environ[name] for name in kept if name in os.environ}
        folders = (
            "HOME",
            "IPYTHONDIR",
            "MPLCONFIGDIR",
            "KERAS_HOME",
            "JUPYTER_CONFIG_DIR",
            "JUPYTER_DATA_DIR",
            "TMPDIR",
        )
        environment |= {name: str(home) for name in folders}
        if not self.gpu:
            environment["CUDA_VISIBLE_DEVICES"] = "-1"
        return environment | {
            "JUPYTER_RUNTIME_DIR": str(home),
            "MPLBACKEND": "module://matplotlib_inline.backend_inline",
            "OMP_NUM_THREADS": "1",
            "PYTHONHASHSEED": "0",
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "TF_NUM_INTEROP_THREADS": "1",
            "TF_NUM_INTRAOP_THREADS": "1",
        }

    @property
    def alive(self):
        return self.client is not None and self.manager.is_alive()

    def execute(self, code, seconds, mime=None, silent=False, max_bytes=2**20):
        """Runs `code` and returns its `Outcome`.

        Code that is not done after `seconds` is interrupted; where that does not help within GRACE_SECONDS the kernel is
        killed. The same happens to code that prints more than `max_bytes`.
        """
        started = time.monotonic()
        message = self.client.execute(
            code, silent=silent, store_history=not silent, allow_stdin=False, stop_on_error=False
        )
        exchange = _Exchange(self.client, message, mime, max_bytes)
        status = self._wait(exchange, started + seconds)
        if status in ("timeout", "flood"):
            self.manager.interrupt_kernel()
            exchange.max_bytes = math.inf
            if self._wait(exchange, time.monotonic() + GRACE_SECONDS) != "done":
                self.close()
        if status == "dead":
            self.close()
        outcome = exchange.outcome(status)
        outcome.seconds = time.monotonic() - started
        return outcome

    def _wait(self, exchange, deadline):
        """Reads messages until the request is done, and returns `"done"`, or what came first instead."""
        poller = zmq.Poller()
        for channel in (self.client.shell_channel, self.client.iopub_channel):
            poller.register(channel.socket, zmq.POLLIN)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                return "timeout"
            ready = dict(poller.poll(min(left * 1000, POLL_MILLISECONDS)))
            exchange.read(ready)
            if exchange.done:
                return "done"
            if exchange.too_much:
                return "flood"
            if not ready and not self.manager.is_alive():
                return "dead"

    def close(self):
        """Ends the process with everything it started, and removes its folder."""
        if self.client is not None:
            self.client.stop_channels()
            self.client = None
        if self.manager is not None:
            _kill_group(self.manager)
            self.manager.shutdown_kernel(now=True)
            self.manager = None
        shutil.rmtree(self.folder, ignore_errors=True)


class _Exchange:
    """The messages that belong to one request."""

    def __init__(self, client, message, mime, max_bytes):
        self.client, self.message, self.mime, self.max_bytes = client, message, mime, max_bytes
        self.reply, self.idle, self.bytes, self.payloads = None, False, 0, []

    @property
    def done(self):
        return self.reply is not None and self.idle

    @property
    def too_much(self):
        return self.bytes > self.max_bytes

    def read(self, ready):
        for channel in (self.client.shell_channel, self.client.iopub_channel):
            if channel.socket in ready:
                message = _receive(channel)
                if message is not None and message["parent_header"].get("msg_id") == self.message:
                    self.take(message)

    def take(self, message):
        content = message["content"]
        match message["msg_type"]:
            case "execute_reply":
                self.reply = content
            case "status":
                self.idle = self.idle or content.get("execution_state") == "idle"
            case "display_data" if self.mime and self.mime in content.get("data", {}):
                self.payloads.append(content["data"][self.mime])
            case "stream" | "display_data" | "execute_result" | "update_display_data" | "error":
                self.bytes += len(str(content))

    def outcome(self, status):
        reply = self.reply or {}
        if status == "done":
            status = "ok" if reply.get("status") == "ok" else "error"
        trace = [line for line in reply.get("traceback", []) if isinstance(line, str)]
        return Outcome(
            status, str(reply.get("ename", ""))[:100], str(reply.get("evalue", ""))[:2000], trace[-50:], self.payloads
        )


def _receive(channel):
    """Returns the next message; None where it is none that Jupyter's protocol knows."""
    try:
        return channel.get_msg(timeout=0)
    except (ValueError, KeyError, TypeError, UnicodeDecodeError):
        return None


def _kill_group(manager):
    group = getattr(manager.provisioner, "pgid", None)
    if group and group != os.getpgrp():
        # The process may have ended by itself, and its children with it.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
