"""`autograder course init`: makes a course's folder for nbgrader."""

import sys
from argparse import Namespace
from pathlib import Path

from autograder import places, screen
from autograder.screen import say

from .options import OUT, add_command, known_assignments

__all__ = ["add_parser"]


def add_parser(commands) -> None:
    course = add_command(commands, "course", run, "make the folder of a course, for nbgrader")
    course.add_argument("action", choices=["init"], help="init: write what is not there yet")
    course.add_argument(
        "folder", nargs="?", type=Path, default=OUT, metavar="DIR", help=f"the course ({OUT})"
    )
    course.add_argument(
        "--assignments", nargs="+", default=[], metavar="NAME", help="which to write (all)"
    )


def run(options: Namespace) -> int:
    places.check_checkout("course")
    if options.assignments:
        known_assignments(options.assignments)
    console = screen.on_stdout()
    with screen.waiting(console, "Starting TensorFlow") as begins:
        from autograder.course import folder
        from autograder.course.course_files import read_course_files
        from autograder.grading.run import install_kernel
        from autograder.reference import device as devices

        devices.choose()
        written, kept = folder.init(options.folder, options.assignments, begins)
        read_course_files(options.folder)
        if sys.platform == "linux":
            begins("Installing the confined kernel, nbgrader's for this course")
            install_kernel()
    say(console, f"wrote {len(written)} files into {options.folder}")
    for path in kept:
        say(console, f"kept {path}, which is not what the kit writes: delete it to get that")
    return 0
