"""`autograder give-back`: feedback pages in folders of students, and as a zip that Moodle takes."""

from argparse import Namespace

from autograder import screen
from autograder.screen import say

from .options import UsageError, add_command, add_course, known_assignments

__all__ = ["add_parser"]


def add_parser(commands) -> None:
    command = add_command(
        commands,
        "give-back",
        run,
        "pack the feedback pages: a folder for each student, and a zip that Moodle takes",
        "The zip is for what Moodle calls *Upload multiple feedback files in a zip*: its folders "
        "are called as in the download that was collected.",
    )
    command.add_argument("assignment", help="which assignment")
    add_course(command)


def run(options: Namespace) -> int:
    console = screen.on_stdout()
    known_assignments([options.assignment])
    if not (options.out / "feedback" / options.assignment).is_dir():
        raise UsageError(f"{options.out} has no feedback for {options.assignment}: grade it first")
    with screen.waiting(console, "Starting TensorFlow") as begins:
        from autograder.course.handing_back import hand_back
        from autograder.reference import device as devices

        devices.choose()
        begins(f"Packing the feedback for {options.assignment}")
        done = hand_back(options.out, options.assignment)
    say(console, f"{done.students} students' pages are in {done.folder}")
    if done.archive:
        say(console, f"{done.in_archive} of them, for Moodle, are in {done.archive}")
    return 0
