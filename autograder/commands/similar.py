"""`autograder similar`: answers that look alike, to be looked at by a person."""

from argparse import Namespace
from pathlib import Path

from autograder import screen
from autograder.names import printable
from autograder.screen import say

from .options import OUT, UsageError, add_command, add_submitted, known_assignments

__all__ = ["add_parser"]


def add_parser(commands) -> None:
    command = add_command(
        commands,
        "similar",
        run,
        "list pairs of students whose answers look alike",
        "Names, spaces and comments do not count, nor what was released. Right answers to one "
        "question look alike: these are pairs to look at, and no proof of anything.",
    )
    command.add_argument("assignment", help="which assignment")
    command.add_argument(
        "--most", type=int, default=20, metavar="N", help="how many pairs (%(default)s)"
    )
    add_submitted(command)
    command.add_argument(
        "--out", type=Path, default=OUT, metavar="DIR", help=f"the course, for its roster ({OUT})"
    )


def run(options: Namespace) -> int:
    console = screen.on_stdout()
    known_assignments([options.assignment])
    if options.most < 1:
        raise UsageError("--most must be at least 1")
    if not options.submitted.is_dir():
        raise UsageError(f"there is no folder {options.submitted}")
    with screen.waiting(console, "Starting TensorFlow") as begins:
        from autograder import tasks
        from autograder.course.roster import read_roster
        from autograder.course.similarity import find_alike
        from autograder.grading import find_submissions
        from autograder.reference import device as devices

        devices.choose()
        begins(f"Comparing answers to {options.assignment}")
        submissions, _ = find_submissions(options.submitted, tasks.names(), [options.assignment])
        roster = read_roster(options.out)
        found = find_alike(submissions, options.assignment, roster, options.most)
    for pair in found.pairs:
        students = " and ".join(map(printable, pair.students))
        alike = f"; nearly all of {', '.join(pair.questions)}" if pair.questions else ""
        same = "the same to the letter" if pair.is_same else f"{pair.share:.0%} alike{alike}"
        say(console, f"{students}: {same}")
    say(
        console,
        f"{found.compared} students compared; the median pair is {found.median:.0%} alike. "
        "Look at both notebooks before you say anything: right answers look alike.",
    )
    return 0
