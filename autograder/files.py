"""Files that are either whole or not there."""

import contextlib
import os
import tempfile
from pathlib import Path


def write_whole(path, text, mode=0o644, replace=True):
    """Writes `text` to `path` through a temporary file beside it, so that no reader ever sees a half-written file.

    Unless `replace`, a file that is there already stays: of several writers at once the first wins.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
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
