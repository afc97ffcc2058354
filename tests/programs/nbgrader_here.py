"""nbgrader's commands in this process: starting one takes longer than most of them work."""

import contextlib
import io
from dataclasses import dataclass

from jupyter_core.application import NoStart
from nbgrader.apps import NbGraderApp

__all__ = ["Done", "run"]


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it said."""

    returncode: int
    stderr: str


def run(folder, *arguments):
    """Runs `nbgrader` with these arguments in a folder; returns how it ended, as a process does."""
    said, status = io.StringIO(), 0
    with contextlib.chdir(folder), contextlib.redirect_stderr(said):
        app = NbGraderApp()
        try:
            app.initialize([*arguments])
            app.start()
        except NoStart:
            pass
        except SystemExit as ended:
            status = ended.code or 0
            if isinstance(status, str):
                said.write(f"{status}\n")
                status = 1
        finally:
            if app.subapp is not None:
                app.subapp.clear_instance()
            NbGraderApp.clear_instance()
    return Done(status, said.getvalue())
