"""`autograder doctor`: says what this machine has."""

from argparse import Namespace

from autograder import screen

from .options import add_command

__all__ = ["add_parser"]


def add_parser(commands) -> None:
    add_command(commands, "doctor", run, "say what this machine has: versions, device, confinement")


def run(options: Namespace) -> int:
    from autograder import doctor

    doctor.report(screen.on_stdout())
    return 0
