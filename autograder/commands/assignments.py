"""`autograder assignments`: builds assignments/ from solutions/."""

from argparse import Namespace

from autograder import places, screen

from .options import UsageError, add_command

__all__ = ["add_parser"]


def add_parser(commands) -> None:
    add_command(commands, "assignments", run, "build assignments/ from solutions/")


def run(options: Namespace) -> int:
    places.check_checkout("assignments")
    with screen.waiting(screen.beside_results(), "Starting TensorFlow") as begins:
        from autograder.build import notebooks, script
        from autograder.reference import device as devices
        from autograder.tasks import QuestionError

        devices.choose()
        try:
            paths = notebooks.write_assignments(begins=begins)
        except (script.ScriptError, QuestionError) as error:
            raise UsageError(str(error)) from error
    for path in paths:
        print(path.relative_to(script.REPOSITORY))
    return 0
