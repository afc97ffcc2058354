"""`autograder release`: writes the zip that students get."""

from argparse import Namespace

from autograder import places, screen

from .options import add_assignments, add_command, add_out, known_assignments

__all__ = ["add_parser"]


def add_parser(commands) -> None:
    release = add_command(commands, "release", run, "write the zip that students get")
    add_assignments(release, "which are in it (all)")
    add_out(release, "dist")


def run(options: Namespace) -> int:
    places.check_checkout("release")
    with screen.waiting(screen.beside_results(), "Starting TensorFlow") as begins:
        from autograder.build import archive
        from autograder.reference import device as devices

        devices.choose()
        known_assignments(options.assignments)
        path = archive.write_release(options.out, options.assignments, begins)
    print(path)
    return 0
