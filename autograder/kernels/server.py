"""The fork server: it imports TensorFlow and the like once, and forks a kernel a request.

Run as `python -m autograder.kernels.server SOCKET MODULE...`. It never runs an operation of
TensorFlow: children of a process that did hang. It holds nothing that a student should not see. It
ends when its standard input is closed.
"""

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import struct
import sys

from . import keeper, linux, syscalls, worker
from .remains import remove

__all__ = ["main"]

PRELOADED = (
    "tensorflow", "tensorflow_probability", "keras", "numpy", "scipy.special", "scipy.stats",
    "matplotlib.pyplot", "matplotlib_inline.backend_inline", "ipykernel.kernelapp",
    "ipykernel.debugger", "ipykernel.zmqshell", "IPython",
    # What a kernel imports when it starts.
    "IPython.core.completerlib", "IPython.core.logger", "IPython.core.oinspect",
    "IPython.extensions.storemagic", "tornado.platform.asyncio", "zmq.utils.garbage",
)  # fmt: skip
BACKLOG = 64


def main(path: str, *modules) -> None:
    try:
        prepared, listener = prepare(path, modules)
    except Exception as error:  # noqa: BLE001 whatever it is: the owner is told, and the server ends
        said = {"error": f"{type(error).__name__}: {error}", "errno": getattr(error, "errno", None)}
        try:
            print(json.dumps(said), flush=True)
        except BrokenPipeError:
            remove_and_end(path)
        sys.exit(1)
    # Whoever it forks is reaped by the system.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.collect()
    gc.freeze()
    linux.use_huge_pages()
    # Its owner may be killed at any time, and leave everything as it was.
    try:
        print(json.dumps({"ready": os.getpid()}), flush=True)
    except BrokenPipeError:
        remove_and_end(path)
    while True:
        readable, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in readable:
            remove_and_end(path)
        connection, _ = listener.accept()
        with connection:
            if is_ours(connection):
                fork(listener, connection, prepared)


def prepare(path: str, modules) -> tuple[worker.Prepared, socket.socket]:
    """Returns the `worker.Prepared` of all kernels and the listening socket at `path`."""
    for name in PRELOADED + modules:
        importlib.import_module(name)
    refuse_if_started()
    prepared = worker.Prepared(
        filters(), tuple(name for name in sys.modules if name.split(".")[0] == "autograder")
    )
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(BACKLOG)
    return prepared, listener


def remove_and_end(path: str) -> None:
    remove(os.path.dirname(path))
    os._exit(0)


def filters() -> dict[tuple[bool, bool], bytes]:
    """Returns filters of system calls by (without view, with a GPU); none where they fail."""
    try:
        return {
            (alone, gpu): syscalls.compiled(alone, gpu)
            for alone in (False, True)
            for gpu in (False, True)
        }
    except ImportError:
        return {}


def fork(listener: socket.socket, connection: socket.socket, prepared: worker.Prepared) -> None:
    """Forks one kernel's keeper. It reads the request itself: no memory of it is in the next."""
    refuse_if_started()
    if os.fork():
        return
    listener.close()
    with contextlib.suppress(Exception):
        keeper.serve(connection, prepared)
    os._exit(0)


def refuse_if_started() -> None:
    """Ends the server if TensorFlow has run an operation in it."""
    from tensorflow.python.eager import context

    started = context._context is not None and context._context._initialized
    if started:
        sys.exit("the fork server has run an operation of TensorFlow: its children would hang")


def is_ours(connection: socket.socket) -> bool:
    """Tells whether the other side is of the user that this server belongs to."""
    size = struct.calcsize("3i")
    _, user, _ = struct.unpack(
        "3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    )
    return user == os.geteuid()


if __name__ == "__main__":
    main(*sys.argv[1:])
