"""The command line: `python -m autograder COMMAND`, or `autograder COMMAND`."""

import argparse
import os
import signal
import sys

from autograder import places, screen
from autograder.commands import COMMANDS
from autograder.commands.options import UsageError, settle_submitted
from autograder.commands.status import FAILED, INTERRUPTED
from autograder.names import printable
from autograder.version import __version__

__all__ = ["main", "parser"]


def main(arguments=None) -> int:
    """Runs the command line and returns the exit status."""
    # A name may hold what the terminal's encoding does not know.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    with screen.outlasting_readers():
        return carried_out(parser().parse_args(arguments))


def carried_out(options) -> int:
    """Carries out a command and returns the exit status."""
    # TensorFlow's start-up notes come from C++ and say nothing that `doctor` does not say better.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Whoever ends it otherwise than by Ctrl-C gets the same: nothing half-written, no kernel left.
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        # `nohup` wants it ignored.
        if number and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)
    settle_submitted(options)
    try:
        return options.run(options)
    except (UsageError, places.NotInstalled, places.FaultyFile) as error:
        complain(str(error))
        return 2
    except (OSError, MemoryError) as error:
        complain(f"this machine failed: {type(error).__name__}: {error}")
        return FAILED
    except KeyboardInterrupt:
        complain("stopped")
        return INTERRUPTED


def complain(text) -> None:
    print(f"autograder: {printable(text)}", file=sys.stderr)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="autograder",
        description="Builds the assignments and grades a class.",
        epilog="`autograder COMMAND --help` says what a command takes.",
    )
    top.add_argument("--version", action="version", version=f"autograder {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_parser(commands)
    return top
