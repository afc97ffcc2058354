"""`autograder assignments`: builds assignments/ from solutions/."""

from argparse import Namespace

from autograder import places, screen

from .options import add_command

__all__ = ["add_parser"]


def add_parser(commands) -> None:
    add_command(commands, "assignments", run, "build assignments/ from solutions/")


def run(options: Namespace) -> int:
    places.check_checkout("assignments")
    with screen.waiting(screen.beside_results(), "Starting TensorFlow") as begins:
        from autograder.build import notebooks, script
        from autograder.reference import device as devices

        devices.choose()
        paths = notebooks.write_assignments(begins=begins)
    for path in paths:
        print(path.relative_to(script.REPOSITORY))
    return 0
