"""Folders that have to go while others may still write into them."""

import os
import shutil
import time

# How often a folder is removed until nothing comes into it any more, and the seconds between.
REMOVALS, REMOVAL_SECONDS = 100, 0.1


def remove(folder):
    """Removes a folder although processes that are just ending may still make files in it."""
    for _ in range(REMOVALS):
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.lexists(folder):
            return
        time.sleep(REMOVAL_SECONDS)
