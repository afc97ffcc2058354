"""What a grader that is killed leaves in the folder for temporary files, and who removes it."""

import atexit
import os
from multiprocessing import forkserver
from typing import Any

from autograder import kernels

__all__ = ["remove_when_last"]


def remove_when_last() -> None:
    """Has this process remove multiprocessing's temporary folder when it ends, if it has forked.

    It is the last of them to end. The process that made the folder removes it too, unless it was
    killed.
    """
    atexit.register(_remove, os.getpid())


def _remove(importer) -> None:
    server: Any = forkserver._forkserver
    # The server itself has an address, and has not started another process to listen there.
    if (
        os.getpid() != importer
        or server._forkserver_pid is not None
        or not isinstance(server._forkserver_address, str)
    ):
        return
    folder = os.path.dirname(server._forkserver_address)
    if os.path.basename(folder).startswith("pymp-"):
        kernels.remove(folder)
