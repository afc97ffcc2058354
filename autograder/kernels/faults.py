"""Which errors are the machine's: no space, no memory, too many open files. They say nothing about a notebook."""

import errno

# What an error about one path says: it is not there, is closed, or is something else than expected; and what a system does
# not offer at all. Any other error (no space left, an unreadable disk, a file server that does not answer) is the machine's.
OF_A_PATH = frozenset(
    getattr(errno, name)
    for name in (
        *("EACCES", "EPERM", "ENOENT", "ENOTDIR", "EISDIR", "EEXIST", "ELOOP", "ENAMETOOLONG", "EINVAL"),
        *("ENOSYS", "EOPNOTSUPP", "EAFNOSUPPORT"),
    )
    if hasattr(errno, name)
)
# What the machine has run out of, or cannot do.
EXHAUSTED = frozenset(
    getattr(errno, name)
    for name in ("ENOSPC", "EDQUOT", "EMFILE", "ENFILE", "ENOMEM", "EIO", "EROFS", "ENOBUFS")
    if hasattr(errno, name)
)


class KernelError(Exception):
    """A kernel that did not start, or that was taken away: the machine's fault, not the notebook's."""


def is_of_the_machine(error: BaseException) -> bool:
    """Tells whether an exception is the machine's: no memory, or an error of the system that is about no path."""
    if isinstance(error, OSError):
        return error.errno not in OF_A_PATH
    return isinstance(error, MemoryError)


def is_exhausted(error: BaseException) -> bool:
    """Tells whether the machine has run out of something: what it cannot do now it may do later."""
    return isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno in EXHAUSTED)
