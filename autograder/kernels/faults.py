"""What errors of the system say of a machine that runs kernels: what it lacks, or ran out of.

Whose fault an exception of grading is stands in `vikit.judging.faults`, which this room does not
know.
"""

import errno

__all__ = ["EXHAUSTED", "KernelError", "is_exhausted", "is_refused"]


def numbers(*names) -> frozenset[int]:
    """Returns those of the errors called `names` that this system knows."""
    return frozenset(getattr(errno, name) for name in names if hasattr(errno, name))


# What the machine has run out of, or cannot do.
EXHAUSTED = numbers("ENOSPC", "EDQUOT", "EMFILE", "ENFILE", "ENOMEM", "EIO", "EROFS", "ENOBUFS")
# What is closed to whoever asks, or is not there at all: it will be so the next time.
REFUSED = numbers("EACCES", "EPERM", "ENOENT", "EINVAL", "ENOSYS", "EOPNOTSUPP", "EAFNOSUPPORT")


class KernelError(Exception):
    """A kernel that did not start, or was taken away: the machine's fault, not the notebook's."""


def is_exhausted(error: BaseException) -> bool:
    """Tells whether the machine has run out of something: what it cannot do now it may do later."""
    return isinstance(error, MemoryError) or (
        isinstance(error, OSError) and error.errno in EXHAUSTED
    )


def is_refused(error: BaseException) -> bool:
    """Tells whether an error of the system says that this machine lacks what was asked for."""
    return isinstance(error, OSError) and error.errno in REFUSED
