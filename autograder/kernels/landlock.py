"""Landlock: which files a process and its threads may touch from now on, whatever the user may."""

import ctypes
import os

from . import linux

__all__ = ["MAKE_SOCK", "READ", "READ_FILE", "WRITE", "WRITE_FILE", "restrict"]

# Rights on files, in the order of the interface's versions (man 7 landlock).
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR, REMOVE_DIR, REMOVE_FILE = (1 << bit for bit in range(6))
MAKE_CHAR, MAKE_DIR, MAKE_REG, MAKE_SOCK, MAKE_FIFO, MAKE_BLOCK, MAKE_SYM = (
    1 << bit for bit in range(6, 13)
)
REFER, TRUNCATE, IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
READ = READ_FILE | READ_DIR
WRITE = (
    READ | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | MAKE_SYM | REFER | TRUNCATE
)
NETWORK = 3
SCOPES = 3
VERSION = 1
PATH_BENEATH = 1


class _Ruleset(ctypes.Structure):
    _fields_ = [
        ("files", ctypes.c_uint64),
        ("network", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    ]


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32)]


def version() -> int:
    """Returns the version of the kernel's Landlock; 0 where there is none."""
    try:
        return linux.call(
            "landlock_create_ruleset", None, ctypes.c_size_t(0), ctypes.c_uint32(VERSION)
        )
    except OSError:
        return 0


def restrict(allowed) -> None:
    """Allows this thread and those it starts only what `allowed` says, a dict from path to rights.

    TCP is forbidden, and abstract sockets and signals of processes outside, where the kernel knows
    these rules.

    Raises:
        OSError: If the kernel has no Landlock.
    """
    known = version()
    handled = (1 << (13 + (known >= 2) + (known >= 3))) - 1
    handled |= IOCTL_DEV if known >= 5 else 0
    rules = _Ruleset(handled, NETWORK if known >= 4 else 0, SCOPES if known >= 6 else 0)
    size = 8 if known < 4 else 16 if known < 6 else 24
    ruleset = linux.call(
        "landlock_create_ruleset", ctypes.byref(rules), ctypes.c_size_t(size), ctypes.c_uint32(0)
    )
    try:
        for path, rights in allowed.items():
            _allow(ruleset, path, rights & handled)
        linux.call("landlock_restrict_self", ruleset, 0)
    finally:
        os.close(ruleset)


def _allow(ruleset, path, rights) -> None:
    folder = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not os.path.isdir(path):
            rights &= EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
        rule = _Beneath(rights, folder)
        linux.call(
            "landlock_add_rule", ruleset, PATH_BENEATH, ctypes.byref(rule), ctypes.c_uint32(0)
        )
    finally:
        os.close(folder)
