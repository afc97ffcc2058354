"""Calls of the Linux kernel that Python lacks. Each raises `OSError` with the call's name."""

import ctypes
import os
import platform

__all__ = [
    "CLONE_NEWCGROUP",
    "CLONE_NEWIPC",
    "CLONE_NEWNET",
    "CLONE_NEWNS",
    "CLONE_NEWPID",
    "CLONE_NEWUSER",
    "CLONE_NEWUTS",
    "MNT_DETACH",
    "MS_BIND",
    "MS_NODEV",
    "MS_NOSUID",
    "MS_PRIVATE",
    "MS_RDONLY",
    "MS_REC",
    "PR_SET_NO_NEW_PRIVS",
    "PR_SET_PDEATHSIG",
    "available",
    "bind",
    "call",
    "drop_capabilities",
    "libc",
    "make_read_only",
    "mount",
    "set_process",
    "use_huge_pages",
]

CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = (
    0x00020000,
    0x02000000,
    0x04000000,
    0x08000000,
)
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_BIND, MS_REC, MS_PRIVATE = 1, 2, 4, 4096, 16384, 1 << 18
MNT_DETACH = 2
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV = 1, 2, 4
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
CAPABILITIES = 64
MADV_COLLAPSE, HUGE_PAGE = 25, 2 * 2**20

# Numbers of calls for which there is no function in the C library either: x86-64, ARM.
NUMBERS = {
    "pivot_root": (155, 41),
    "seccomp": (317, 277),
    "capset": (126, 91),
    "mount_setattr": (442, 442),
    "landlock_create_ruleset": (444, 444),
    "landlock_add_rule": (445, 445),
    "landlock_restrict_self": (446, 446),
}
MACHINES = ("x86_64", "aarch64")


def available() -> bool:
    """Tells whether this is a Linux on a processor whose call numbers are known."""
    return platform.system() == "Linux" and platform.machine() in MACHINES


def libc(name, *arguments) -> int:
    """Calls a function of the C library."""
    return _checked(name, getattr(_library(), name)(*arguments))


def call(name, *arguments) -> int:
    """Calls the kernel by number."""
    number = NUMBERS[name][MACHINES.index(platform.machine())]
    return _checked(name, _library().syscall(ctypes.c_long(number), *arguments))


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(name, result) -> int:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{name}: {os.strerror(error)}")
    return result


def mount(source, target, kind=None, flags=0, options=None) -> None:
    """Mounts a file system; see man 2 mount.

    Args:
        source: What: a device, a folder, or the name of a kind; None for nothing.
        target: Where.
        kind: The kind of file system; None where a mount is bound or changed.
        flags: Bits of `MS_...`.
        options: Of this kind of file system, as a text.

    Raises:
        OSError: If the kernel refuses.
    """
    encoded = [None if text is None else os.fsencode(text) for text in (source, target, kind)]
    libc("mount", *encoded, ctypes.c_ulong(flags), None if options is None else options.encode())


class _MountAttributes(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("set", "clear", "propagation", "userns")]


def make_read_only(path, recursive=True) -> None:
    """Makes a mount read-only, without devices and set-user-id programs."""
    attributes = _MountAttributes(MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, 0, 0, 0)
    flags = AT_RECURSIVE if recursive else 0
    call(
        "mount_setattr",
        AT_FDCWD,
        os.fsencode(path),
        flags,
        ctypes.byref(attributes),
        ctypes.sizeof(attributes),
    )


def bind(source, target) -> None:
    """Shows the file or folder `source` read-only at `target`, which must exist."""
    mount(source, target, flags=MS_BIND | MS_REC)
    make_read_only(target)


def drop_capabilities() -> None:
    """Gives up every capability, for good."""
    for capability in range(CAPABILITIES):
        # Numbers that this kernel does not know raise; there is nothing to drop then.
        if _library().prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0:
            break
    header, empty = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    call("capset", header, empty)


def use_huge_pages() -> None:
    """Gathers this process's memory in pages of 2 MiB, where possible: forks copy less."""
    with open("/proc/self/maps") as file:
        areas = [line.split() for line in file]
    for bounds, rights, *_, path in (area if len(area) > 5 else [*area, ""] for area in areas):
        start, end = (int(bound, 16) for bound in bounds.split("-"))
        start, end = -(-start // HUGE_PAGE) * HUGE_PAGE, end // HUGE_PAGE * HUGE_PAGE
        if rights == "rw-p" and path in ("", "[heap]") and start < end:
            # Older kernels do not know it, and some areas cannot be gathered:
            # then all stays as it was.
            _library().madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), MADV_COLLAPSE)


def set_process(option, value) -> None:
    libc("prctl", option, value, 0, 0, 0)
