"""`autograder grade`: grades the submissions of a class."""

import os
from argparse import Namespace
from pathlib import Path

from autograder import screen
from autograder.screen import say

from . import class_grading
from .options import OUT, UsageError, add_assignments, add_command, add_submitted

__all__ = ["add_parser"]


def add_parser(commands) -> None:
    grade = add_command(commands, "grade", run, "grade the submissions of a class")
    add_assignments(grade, "which to grade (all)")
    add_submitted(grade)
    grade.add_argument(
        "--out", type=Path, default=OUT, metavar="DIR", help=f"receives verdicts and grades ({OUT})"
    )
    class_grading.add_options(grade, OUT)


def run(options: Namespace) -> int:
    if not options.submitted.is_dir():
        raise UsageError(
            f"there is no folder {options.submitted}: "
            f"put the notebooks in {options.submitted}/<student>/<assignment>/<assignment>.ipynb, "
            "or name another folder with --submitted"
        )
    console = screen.on_stdout()
    take_assignments(options, console)
    return class_grading.grade_folder(options, options.submitted, console)


def take_assignments(options: Namespace, console) -> None:
    """Takes assignments that stand among the names after --student for those, and says so."""
    from autograder import tasks

    taken = [
        name
        for name in options.student
        if name in tasks.names() and not os.path.lexists(options.submitted / name)
    ]
    if not taken:
        return
    options.student = [name for name in options.student if name not in taken]
    if not options.student:
        raise UsageError(
            f"--student needs a student's name: {', '.join(taken)} is an assignment, "
            "and no student's folder"
        )
    options.assignments = list(dict.fromkeys([*options.assignments, *taken]))
    say(
        console,
        f"{', '.join(taken)} after --student is an assignment, and no student's folder: "
        "it is graded as such.",
    )
