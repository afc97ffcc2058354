"""Builds the file system that a student's process sees.

It holds libraries, read-only, and a scratch folder, and nothing else.

`worker` builds it, one of the layers that `confinement` chooses.
"""

import os
import shutil
import stat
import sys
from pathlib import Path
from typing import Any

from . import landlock, linux

__all__ = ["HOME", "SHARED", "SOCKETS", "TMP", "WORK", "build", "copy_work", "rights"]

# Where this package is installed among others it holds what no student may read.
KIT = str(Path(__file__).resolve().parents[1])
# Inside: all that may be written lies below TMP; SOCKETS holds the five sockets of the kernel.
TMP, SOCKETS, SHARED = "/tmp", "/ipc", "/dev/shm"
HOME, WORK = f"{TMP}/home", f"{TMP}/work"
SYSTEM = ("/usr/lib", "/usr/lib64", "/usr/share/zoneinfo", "/lib", "/lib64", "/etc/localtime")
DEVICES = ("null", "full", "random", "urandom")
GPU_DEVICES = "nvidia*"
SHARED_BYTES = 64 * 2**20
INODES = 16384
# What TensorFlow, scikit-learn and psutil read where no proc file system can be mounted.
PROC_FILES = ("cpuinfo", "meminfo", "stat")


def libraries() -> list[str]:
    """Returns the folders that Python and its packages are loaded from."""
    folders = [sys.prefix, sys.base_prefix if sys.base_prefix != "/usr" else "/usr/lib"]
    folders += [path for path in sys.path if path.endswith("-packages")]
    # An environment may lie elsewhere, behind a link.
    return [
        folder
        for path in folders
        for folder in dict.fromkeys((path, os.path.realpath(path)))
        if os.path.isdir(folder)
    ]


def build(request: dict[str, Any], root: str, owner: int) -> None:
    """Makes `root`, an empty folder, this process's root. The mount namespace must be its own.

    Args:
        request: See `warm.Request`: the folder of the sockets, what is readable, what is copied
            into the working folder, how much may be written, and whether the devices of NVIDIA's
            driver are shown.
        root: An empty folder outside.
        owner: User and group, inside, that the scratch folder belongs to.
    """
    linux.mount(None, "/", flags=linux.MS_REC | linux.MS_PRIVATE)
    linux.mount("tmpfs", root, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "size=1m,mode=0755")
    inside = _Inside(root)
    # First: Python may itself live below /tmp.
    _make_scratch(inside, request, owner)
    _show_libraries(inside, request["readable"])
    inside.mount_scratch(SHARED, SHARED_BYTES, owner)
    devices = [f"/dev/{name}" for name in DEVICES]
    devices += sorted(map(str, Path("/dev").glob(GPU_DEVICES))) if request["gpu"] else []
    for device in devices:
        linux.mount(device, inside.file(device), flags=linux.MS_BIND)
    linux.mount(request["sockets"], inside.folder(SOCKETS), flags=linux.MS_BIND)
    _proc(inside)
    linux.make_read_only(root, recursive=False)
    _enter(root)


def _make_scratch(inside, request: dict[str, Any], owner: int) -> None:
    """Makes all that may be written, with a copy of the working folder, if there is one."""
    inside.mount_scratch(TMP, request["limits"]["scratch"], owner)
    for name in (HOME, WORK):
        os.mkdir(inside.path(name))
    if request["work"] is not None:
        copy_work(request["work"], inside.path(WORK))
    for name in (HOME, WORK):
        _give(inside.path(name), owner)


def _show_libraries(inside, readable) -> None:
    shown = outermost([*SYSTEM, *libraries(), *readable])
    for path in shown:
        inside.show(path)
    if any(KIT.startswith(path.rstrip("/") + "/") for path in shown):
        linux.mount("tmpfs", inside.path(KIT), "tmpfs", linux.MS_RDONLY, "size=4k,mode=0000")


def _enter(root: str) -> None:
    """Makes `root` the root of this process, and leaves the other one behind."""
    os.chdir(root)
    linux.call("pivot_root", b".", b".")
    linux.libc("umount2", b".", linux.MNT_DETACH)
    os.chdir("/")


def copy_work(source, target) -> None:
    """Copies a folder's files, folders, and links as links; no pipes, sockets and devices."""
    shutil.copytree(source, target, symlinks=True, ignore=_special, dirs_exist_ok=True)


def _special(folder, names) -> list[str]:
    modes = {name: os.lstat(os.path.join(folder, name)).st_mode for name in names}
    return [
        name
        for name, mode in modes.items()
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode))
    ]


def rights(readable, inside=True) -> dict[str, int]:
    """Returns what Landlock allows this process, in a view or not: a dict from path to rights."""
    proc = (
        ["/proc"]
        if inside
        else [os.path.realpath("/proc/self"), *(f"/proc/{name}" for name in PROC_FILES)]
    )
    paths = outermost([*SYSTEM, *libraries(), *readable, "/dev", *proc])
    allowed = {path: landlock.READ for path in paths if os.path.exists(path)}
    allowed |= {f"/dev/{name}": landlock.READ_FILE | landlock.WRITE_FILE for name in DEVICES}
    return allowed


def outermost(paths) -> list[str]:
    """Returns the paths that exist and lie in no other of them; symbolic links stay as they are."""
    present = sorted({os.path.abspath(path) for path in paths if os.path.lexists(path)}, key=len)
    kept: list[str] = []
    for path in present:
        if not any(
            path == other or path.startswith(other.rstrip("/") + "/")
            for other in kept
            if not os.path.islink(other)
        ):
            kept.append(path)
    return kept


class _Inside:
    """Paths of the new root, as seen from outside."""

    def __init__(self, root: str) -> None:
        self.root = root

    def path(self, name: str) -> str:
        return f"{self.root}{name}"

    def folder(self, name: str) -> str:
        os.makedirs(self.path(name), exist_ok=True)
        return self.path(name)

    def file(self, name: str) -> str:
        self.folder(os.path.dirname(name))
        Path(self.path(name)).touch()
        return self.path(name)

    def mount_scratch(self, name: str, size, owner: int) -> None:
        """Makes a folder that may be written, in memory: so many bytes at most."""
        options = f"size={size},uid={owner},gid={owner},mode=0700,nr_inodes={INODES}"
        linux.mount("tmpfs", self.folder(name), "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, options)

    def show(self, path: str) -> None:
        if os.path.islink(path):
            self.folder(os.path.dirname(path))
            os.symlink(os.readlink(path), self.path(path))
        else:
            linux.bind(path, self.folder(path) if os.path.isdir(path) else self.file(path))


def _proc(inside) -> None:
    """Mounts proc, or writes the few files of it that libraries read."""
    try:
        linux.mount("proc", inside.folder("/proc"), "proc", linux.MS_NOSUID | linux.MS_NODEV)
    except OSError:
        for name in PROC_FILES:
            Path(inside.file(f"/proc/{name}")).write_bytes(Path(f"/proc/{name}").read_bytes())
        for name, text in (("cmdline", "python\0"), ("maps", "")):
            Path(inside.file(f"/proc/self/{name}")).write_text(text)


def _give(folder, owner: int) -> None:
    for path in [
        folder,
        *(
            os.path.join(top, name)
            for top, folders, files in os.walk(folder)
            for name in folders + files
        ),
    ]:
        os.chown(path, owner, owner, follow_symlinks=False)
