"""Folders that have to go while others may still write into them."""

import contextlib
import os
import shutil
import sys
import time

__all__ = ["remove"]

# How often a folder is removed until nothing comes into it any more, and the seconds between.
REMOVALS, REMOVAL_SECONDS = 100, 0.1


_told: set[str] = set()


def remove(folder) -> None:
    """Removes a folder although processes that are just ending may still make files in it.

    Where that cannot be done, stderr says so, once for a folder.
    """
    for _ in range(REMOVALS):
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.lexists(folder):
            return
        time.sleep(REMOVAL_SECONDS)
    try:
        # Not ignored: what is wrong is said.
        shutil.rmtree(folder)
    except FileNotFoundError:
        pass
    except OSError as error:
        tell(folder, error)


def tell(folder, error) -> None:
    if str(folder) not in _told:
        _told.add(str(folder))
        # Nobody may be there to read it.
        with contextlib.suppress(OSError, ValueError):
            print(
                f"the temporary folder {folder} could not be removed: {error}; remove it by hand",
                file=sys.stderr,
            )
