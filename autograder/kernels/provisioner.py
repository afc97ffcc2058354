"""Confined kernels for whatever starts kernels by name: nbclient, nbgrader, Jupyter.

The kernelspec that `install` writes names this provisioner; its configuration says what the kernels
may read.
"""

import asyncio
import json
import os
import shutil
import signal
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import KernelProvisionerBase
from traitlets import Dict, List, Unicode

from . import confinement, view, warm

__all__ = ["NAME", "ConfinedProvisioner", "install", "kernelspec_folder", "manager_class"]

NAME = "confined-python3"
PROVISIONER = "confined-provisioner"
# nbgrader says in these what it runs a notebook for; nothing else of the environment is handed on.
HANDED_ON = ("NBGRADER_EXECUTION", "NBGRADER_VALIDATING")


def install(readable=(), extensions=(), prefix=None, limits=None) -> Path:
    """Writes the kernelspec `confined-python3`, and returns its folder.

    Args:
        readable: Files and folders that notebooks may read besides Python's own.
        extensions: IPython extensions to load in each kernel.
        prefix: Where Jupyter looks for kernelspecs: by default that of this Python.
        limits: A `warm.Bounds`: what each kernel may use; by default the usual ones.
    """
    folder = kernelspec_folder(prefix)
    content = specification(readable, extensions, limits)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kernel.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return folder


def kernelspec_folder(prefix=None) -> Path:
    """Returns where `install` writes: by default where this Python's kernels are."""
    return Path(prefix or sys.prefix) / "share" / "jupyter" / "kernels" / NAME


def specification(readable, extensions, limits) -> dict[str, Any]:
    """Returns the content of a kernelspec; arguments as of `install`."""
    config = {
        "readable": list(map(str, readable)),
        "extensions": list(extensions),
        "limits": asdict(limits or warm.Bounds()),
    }
    return {
        # The provisioner starts no program: Jupyter wants the line all the same.
        "argv": ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "Python 3 (confined)",
        "language": "python",
        "metadata": {"kernel_provisioner": {"provisioner_name": PROVISIONER, "config": config}},
    }


def manager_class(readable=(), extensions=(), limits=None) -> type[AsyncKernelManager]:
    """Returns a class of kernel managers whose kernels are confined; it needs no kernelspec.

    Args:
        readable: Files and folders that notebooks may read besides Python's own.
        extensions: IPython extensions to load in each kernel.
        limits: A `warm.Bounds`: what each kernel may use; by default the usual ones.
    """
    spec = KernelSpec(**specification(readable, extensions, limits))

    class Specifications(KernelSpecManager):
        def get_kernel_spec(self, kernel_name) -> KernelSpec:
            return spec

    class Manager(AsyncKernelManager):
        def _kernel_spec_manager_default(self) -> KernelSpecManager:
            return Specifications()

    return Manager


def size_of(folder) -> int:
    """Returns the bytes that the files in a folder hold."""
    files = (os.path.join(top, name) for top, _, names in os.walk(folder) for name in names)
    return sum(os.lstat(file).st_size for file in files)


class ConfinedProvisioner(KernelProvisionerBase):
    """Starts kernels by this process's fork server, with every layer that the machine gives."""

    readable = List(Unicode(), help="files and folders that a notebook may read").tag(config=True)
    extensions = List(Unicode(), help="IPython extensions to load").tag(config=True)

    limits = Dict(help="what a kernel may use: the fields of `warm.Bounds`").tag(config=True)

    process: warm.Process | None = None
    folder: Path | None = None

    @property
    def has_process(self) -> bool:
        return self.process is not None

    async def pre_launch(self, **options) -> dict[str, Any]:
        """Puts the kernel's sockets into a folder of its own.

        Raises:
            RuntimeError: If this machine cannot confine kernels.
        """
        # The first time a fork server is started: other kernels of this process go on meanwhile.
        chosen = await asyncio.to_thread(confinement.choose)
        if not chosen.closes_files:
            raise RuntimeError(
                f"kernels cannot be confined here: {chosen.missing}; "
                "choose the kernel python3 instead"
            )
        # A restart keeps the address: clients stay connected to it.
        self.folder = self.folder or Path(tempfile.mkdtemp(prefix="vk-"))
        manager: Any = self.parent
        manager.transport, manager.ip = "ipc", str(self.folder / "ipc" / "k")
        for number, name in enumerate(warm.PORTS, 1):
            setattr(manager, name, number)
        manager.write_connection_file()
        self.connection_info = manager.get_connection_info()
        return await super().pre_launch(cmd=manager.format_kernel_cmd(), **options)

    async def launch_kernel(self, cmd, **options) -> KernelConnectionInfo:
        """Starts the kernel; what lies in the folder `cwd` is copied to where it runs.

        Raises:
            RuntimeError: If that is more than the kernel may write.
        """
        try:
            await asyncio.to_thread(
                self._launch, self.folder, options.get("cwd"), options.get("env") or {}
            )
        except BaseException:
            await self.cleanup()
            raise
        return self.connection_info

    def _launch(self, own, folder, environment) -> None:
        """Starts the kernel, its files in `own`, in a copy of `folder` if there is one."""
        layers, work, bounds = confinement.choose().layers, own / "work", warm.Bounds(**self.limits)
        if folder and size_of(folder) > bounds.scratch:
            raise RuntimeError(
                f"{folder} holds {size_of(folder) / warm.MIB:.0f} MiB, more than a notebook may "
                "write: move what it does not need, or install the kernel again with `autograder "
                "kernelspec --limit scratch=1GiB`"
            )
        if folder and "view" in layers:
            work = folder
        elif folder:
            view.copy_work(folder, work)
        key = self.connection_info["key"]
        self.process = confinement.start(
            own,
            work,
            self.readable,
            self.extensions,
            layers,
            bounds,
            key=key.decode() if isinstance(key, bytes) else key,
            figures=True,
            environment={name: environment[name] for name in HANDED_ON if name in environment},
        )
        self.process.wait_until_ready()

    async def poll(self) -> int | None:
        return None if self.process is not None and self.process.alive else 0

    async def wait(self) -> int:
        if self.process is not None:
            self.process.close()
            self.process = None
        return 0

    async def send_signal(self, signum) -> None:
        if self.process is not None:
            # Process 1 of a namespace ignores SIGTERM.
            self.process.signal(signal.SIGKILL if signum == signal.SIGTERM else signum)

    async def kill(self, restart=False) -> None:
        await self.send_signal(signal.SIGKILL)

    async def terminate(self, restart=False) -> None:
        await self.send_signal(signal.SIGKILL)

    async def cleanup(self, restart=False) -> None:
        await self.wait()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)
            if restart:
                self.folder.mkdir(mode=0o700)
            else:
                self.folder = None
