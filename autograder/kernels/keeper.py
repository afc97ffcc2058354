"""The process that watches over one kernel: it forks it, reports it, and ends it if it must.

It reads from nothing that the student's process writes, but for one message that it is ready.
"""

import contextlib
import json
import os
import select
import signal
import socket
import time
from typing import Any

from . import linux, worker

__all__ = ["serve"]

WATCH_SECONDS = 0.1
REQUEST_SECONDS = 10
REQUEST_BYTES = 2**20


def serve(connection: socket.socket, prepared: worker.Prepared) -> None:
    """Serves the one kernel that is asked for over `connection`, and returns when it has ended.

    The kernel ends with the connection: a grader that dies leaves none behind.
    """
    linux.set_process(linux.PR_SET_PDEATHSIG, worker.KILL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    connection.settimeout(REQUEST_SECONDS)
    request = json.loads(_line(connection)) | {"number": os.getpid()}
    try:
        worker.namespaces(request["layers"])
    except OSError as error:
        _say(connection, {"error": f"namespaces: {error}"})
        return
    receive, ready = os.pipe()
    pid = os.fork()
    if pid == 0:
        connection.close()
        os.close(receive)
        worker.run(request, ready, request["root"], prepared)
    os.close(ready)
    descriptor = os.pidfd_open(pid)
    socket.send_fds(connection, [json.dumps({"pid": pid}).encode() + b"\n"], [descriptor])
    reason = _watch(connection, pid, descriptor, receive, request)
    signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    _say(connection, {"exit": os.waitstatus_to_exitcode(status), "reason": reason})


def _watch(
    connection: socket.socket, pid: int, descriptor: int, receive: int, request: dict[str, Any]
) -> str:
    """Waits until the kernel has ended or must end; returns why, or "" where it ended itself."""
    poller = select.poll()
    for file in (connection, descriptor, receive):
        poller.register(file, select.POLLIN)
    inside = False
    while True:
        events = dict(poller.poll(WATCH_SECONDS * 1000))
        if descriptor in events:
            return ""
        if receive in events:
            poller.unregister(receive)
            # Before that its folders are still those of this machine.
            inside = "view" in request["layers"]
            _say(
                connection,
                json.loads(os.read(receive, 4096) or b'{"error": "it ended before it was ready"}'),
            )
        if connection.fileno() in events and not connection.recv(4096):
            return "closed"
        if memory(pid, inside) > request["limits"]["memory"]:
            return "memory"


def memory(pid: int, inside: bool) -> int:
    """Returns the process's own bytes of memory, page tables too; in a view its folders' too."""
    used = 0
    try:
        with open(f"/proc/{pid}/status") as file:
            for line in file:
                if line.startswith(("RssAnon", "RssShmem", "VmPTE")):
                    used += int(line.split()[1]) * 1024
        for folder in ("tmp", "dev/shm") if inside else ():
            scratch = os.statvfs(os.path.join("/proc", str(pid), "root", folder))
            used += (scratch.f_blocks - scratch.f_bfree) * scratch.f_frsize
    except OSError:
        # It ends just now, or its folders are not ours to look into.
        pass
    return used


def _line(connection: socket.socket) -> bytes:
    data, deadline = b"", time.monotonic() + REQUEST_SECONDS
    while not data.endswith(b"\n") and len(data) < REQUEST_BYTES and time.monotonic() < deadline:
        part = connection.recv(65536)
        if not part:
            break
        data += part
    return data


def _say(connection: socket.socket, message) -> None:
    # The grader may have gone.
    with contextlib.suppress(OSError):
        connection.sendall(json.dumps(message).encode() + b"\n")
