"""`autograder attempts`: the best of a student's attempts counts, instead of the last."""

from argparse import Namespace

from autograder import screen
from autograder.machine import cores
from autograder.names import printable
from autograder.screen import say

from . import class_grading
from .options import UsageError, add_command, add_course, add_submitted, known_assignments
from .status import FAILED

__all__ = ["add_parser"]


def add_parser(commands) -> None:
    command = add_command(
        commands,
        "attempts",
        run,
        "let the best of each student's attempts count, instead of the last",
        "Grades what `collect` has kept in .replaced, with penalties for being late, and puts the "
        "best in its place; the others stay. `make grade` grades that one then.",
    )
    command.add_argument("assignment", help="which assignment")
    add_submitted(command)
    add_course(command)
    command.add_argument(
        "--jobs", type=int, default=cores(), metavar="N", help="submissions at a time (%(default)s)"
    )
    command.add_argument(
        "--unsafe", action="store_true", help="grade even where notebooks cannot be confined"
    )


def run(options: Namespace) -> int:
    console = screen.on_stdout()
    known_assignments([options.assignment])
    if options.jobs < 1:
        raise UsageError("--jobs must be at least 1")
    if not (options.out / "secret").is_file():
        raise UsageError(f"there is no {options.out / 'secret'}: run `make grade` first")
    with screen.waiting(console, f"Reading {options.submitted}") as begins:
        from autograder import tasks
        from autograder.course.attempts import choose_best
        from autograder.grading import find_submissions
        from autograder.grading.classroom import Settings
        from autograder.grading.verdict import course_secret

        submissions, _ = find_submissions(options.submitted, tasks.names(), [options.assignment])
        begins("Starting TensorFlow")
        class_grading.start_servers()
        class_grading.choose_confinement(options)
        secret = course_secret(options.out / "secret")
        settings = Settings(options.out, secret, options.jobs, unsafe=options.unsafe)
        changed, failures = choose_best(submissions, settings, begins)
    for before, now in changed:
        said = f"{now.score:g} points instead of {before.score:g}: {now.path.name} counts now"
        say(console, f"{printable(now.student)}: {said}")
    say(console, f"{len(changed)} have another attempt that counts; `make grade` grades it")
    for text in failures:
        say(console, printable(text), "bold red")
    return FAILED if failures else 0
