"""Confined kernels for whatever starts kernels by name: nbclient, nbgrader, Jupyter.

The kernelspec that `install` writes names this provisioner; its configuration says what the kernels may read.
"""

import json
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from jupyter_client.provisioning import KernelProvisionerBase
from traitlets import List, Unicode

from . import confinement, warm

NAME = "confined-python3"
PROVISIONER = "confined-provisioner"


def install(readable=(), extensions=(), prefix=None):
    """Writes the kernelspec `confined-python3`, and returns its folder.

    Args:
        readable: Files and folders that notebooks may read besides Python's own.
        extensions: IPython extensions to load in each kernel.
        prefix: Where Jupyter looks for kernelspecs: by default that of this Python.
    """
    folder = Path(prefix or sys.prefix) / "share" / "jupyter" / "kernels" / NAME
    config = {"readable": list(map(str, readable)), "extensions": list(extensions)}
    content = {
        # The provisioner starts no program: Jupyter wants the line all the same.
        "argv": ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Python 3 (confined)",
        "language": "python",
        "metadata": {"kernel_provisioner": {"provisioner_name": PROVISIONER, "config": config}},
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kernel.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return folder


class ConfinedProvisioner(KernelProvisionerBase):
    """Starts kernels by the fork server of this process, with every layer of confinement that the machine gives."""

    readable = List(Unicode(), help="files and folders that a notebook may read").tag(config=True)
    extensions = List(Unicode(), help="IPython extensions to load").tag(config=True)

    process = folder = None

    @property
    def has_process(self):
        return self.process is not None

    async def pre_launch(self, **options):
        """Puts the kernel's sockets into a folder of its own.

        Raises:
            RuntimeError: If this machine cannot confine kernels.
        """
        chosen = confinement.choose()
        if not chosen.closes_files:
            raise RuntimeError(f"kernels cannot be confined here: {chosen.missing}; choose the kernel python3 instead")
        # A restart keeps the address: clients stay connected to it.
        self.folder = self.folder or Path(tempfile.mkdtemp(prefix="vk-"))
        manager = self.parent
        manager.transport, manager.ip = "ipc", str(self.folder / "ipc" / "k")
        for number, name in enumerate(warm.PORTS, 1):
            setattr(manager, name, number)
        manager.write_connection_file()
        self.connection_info = manager.get_connection_info()
        return await super().pre_launch(cmd=manager.format_kernel_cmd(), **options)

    async def launch_kernel(self, cmd, **options):
        """Starts the kernel; what lies in the folder `cwd` is copied to where it runs."""
        layers, folder, work = confinement.choose().layers, options.get("cwd"), self.folder / "work"
        if folder and "view" in layers:
            work = folder
        elif folder:
            shutil.copytree(folder, work, dirs_exist_ok=True, ignore_dangling_symlinks=True)
        key = self.connection_info["key"]
        try:
            self.process = confinement.start(
                self.folder, work, self.readable, self.extensions, layers,
                key=key.decode() if isinstance(key, bytes) else key,
            )  # fmt: skip
            self.process.wait_until_ready()
        except BaseException:
            await self.cleanup()
            raise
        return self.connection_info

    async def poll(self):
        return None if self.process is not None and self.process.alive else 0

    async def wait(self):
        if self.process is not None:
            self.process.close()
            self.process = None
        return 0

    async def send_signal(self, signum):
        if self.process is not None:
            # Process 1 of a namespace ignores SIGTERM.
            self.process.signal(signal.SIGKILL if signum == signal.SIGTERM else signum)

    async def kill(self, restart=False):
        await self.send_signal(signal.SIGKILL)

    async def terminate(self, restart=False):
        await self.send_signal(signal.SIGKILL)

    async def cleanup(self, restart=False):
        await self.wait()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            if restart:
                self.folder.mkdir(mode=0o700)
            else:
                self.folder = None
