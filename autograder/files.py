"""Files that are either whole or not there."""

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]  # as on Windows

__all__ = ["alone", "sweep", "write_whole"]


# What a writer that was killed has left is taken away when it is as old as this:
# by then nobody writes it any more.
STALE_SECONDS = 3600


def sweep(folder, below=()) -> None:
    """Removes temporary files that killed writers left in `folder`, and below its `below`."""
    found = [
        *Path(folder).glob(".*.part"),
        *(path for name in below for path in Path(folder, name).rglob(".*.part")),
    ]
    for path in found:
        # Another process may be sweeping too.
        with contextlib.suppress(FileNotFoundError):
            if path.is_file() and time.time() - path.stat().st_mtime > STALE_SECONDS:
                path.unlink()


@contextlib.contextmanager
def alone(path, waiting=lambda: None) -> Iterator[None]:
    """Waits until no other process is in this context for `path`, a file that is made.

    It does so where the system has such locks.

    `waiting` is called if another is.
    """
    if fcntl is None:
        yield
        return
    with open(path, "a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def write_whole(path, content: str | bytes, mode=0o644, replace=True) -> None:
    """Writes to `path` through a temporary file: no reader ever sees a half-written file.

    Args:
        path: Where to.
        content: What to write; a text in UTF-8.
        mode: The file's permissions.
        replace: Whether a file that is there already is replaced. Where it is not, the first of
            several writers at once wins.

    Raises:
        OSError: If it cannot be written; nothing has changed then.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        if replace:
            os.replace(temporary, path)
        else:
            with contextlib.suppress(FileExistsError):
                os.link(temporary, path)
            os.unlink(temporary)
    except BaseException:
        os.unlink(temporary)
        raise
