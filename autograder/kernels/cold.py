"""A kernel in a process of its own that imports everything anew, unconfined: a last resort."""

import contextlib
import os
import signal
import subprocess
import sys
import time

from jupyter_client import BlockingKernelClient, KernelManager
from jupyter_client.kernelspec import KernelSpec

__all__ = ["ColdProcess"]

READY_SECONDS = 120


class ColdProcess:
    """A plain kernel with the interface of `warm.Process`."""

    layers = ()

    def __init__(self, folder, work, extensions, environment) -> None:
        launch = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        launch += [
            "--HistoryManager.enabled=False",
            *(f"--IPKernelApp.extensions={name}" for name in extensions),
        ]
        # Sockets in the file system where there are any:
        # nobody else on this machine can connect to them.
        transport = "tcp" if os.name == "nt" else "ipc"
        self.manager = KernelManager(connection_file=str(folder / "k.json"), transport=transport)
        self.manager._kernel_spec = KernelSpec(
            argv=launch, display_name="Python", language="python"
        )
        null = subprocess.DEVNULL
        self.manager.start_kernel(cwd=str(work), env=environment, stdout=null, stderr=null)

    @property
    def pid(self) -> int | None:
        return getattr(self.manager.provisioner, "pid", None)

    def client(self) -> BlockingKernelClient:
        """Returns a connected client of the kernel; it may not answer yet."""
        client = self.manager.blocking_client()
        client.start_channels(stdin=False, hb=False, control=False)
        return client

    def wait_until_ready(self) -> None:
        """Returns at once: the first answer of the kernel says that it is ready."""

    @property
    def alive(self) -> bool:
        return self.manager.is_alive()

    def wait(self, seconds) -> bool:
        """Waits until the process has ended; tells whether it has."""
        deadline = time.monotonic() + seconds
        while self.alive and time.monotonic() < deadline:
            time.sleep(0.05)
        return not self.alive

    def interrupt(self) -> None:
        self.manager.interrupt_kernel()

    def kill(self) -> None:
        group = getattr(self.manager.provisioner, "pgid", None)
        if group and group != os.getpgrp():
            # The process may have ended by itself, and its children with it.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGKILL)

    def why(self) -> str:
        return ""

    def close(self) -> None:
        self.kill()
        self.manager.shutdown_kernel(now=True)
