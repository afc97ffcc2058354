"""`autograder written`: answers in words, graded by question in a browser, without names."""

from argparse import Namespace
from pathlib import Path

from autograder import screen
from autograder.names import printable
from autograder.screen import say

from .options import UsageError, add_command, add_course, known_assignments
from .status import FAILED

__all__ = ["add_parser"]


def add_parser(commands) -> None:
    command = add_command(
        commands,
        "written",
        run,
        "grade answers in words by question, in a browser, without names",
        "Writes a page for each question into DIR/written/. A page saves a file, which --take "
        "brings into the gradebook.",
    )
    command.add_argument("assignment", help="which assignment")
    command.add_argument("questions", nargs="*", metavar="question", help="which questions (all)")
    command.add_argument(
        "--take", nargs="+", type=Path, default=[], metavar="FILE", help="what pages have saved"
    )
    add_course(command)


def run(options: Namespace) -> int:
    from sqlalchemy.exc import SQLAlchemyError

    console = screen.on_stdout()
    known_assignments([options.assignment])
    if not (options.out / "autograded").is_dir():
        raise UsageError(
            f"nothing has been graded in {options.out}: run `make grade`, or name --out"
        )
    try:
        with screen.waiting(console, "Starting TensorFlow"):
            from autograder.reference import device as devices

            # TensorFlow, which the assignments need, starts here without its notes.
            devices.choose()
        return take_all(options, console) if options.take else write_all(options, console)
    except SQLAlchemyError as error:
        from autograder.course.gradebook import describe_failure

        said = f"the gradebook cannot be used ({describe_failure(error)}): nothing was written"
        say(console, said, "bold red")
        return FAILED


def write_all(options: Namespace, console) -> int:
    from autograder.course.written import write_pages

    for path in write_pages(options.out, options.assignment, options.questions):
        say(console, f"wrote {path}")
    say(console, f"Then: autograder written {options.assignment} --take FILE, for what they save.")
    return 0


def take_all(options: Namespace, console) -> int:
    from autograder.course.written import take
    from autograder.places import FaultyFile

    status = 0
    for path in options.take:
        try:
            taken = take(options.out, path, options.assignment)
        except FaultyFile as error:
            say(console, f"nothing was taken: {error}", "bold red")
            status = FAILED
            continue
        students = f"{taken.given} student{'' if taken.given == 1 else 's'}"
        say(console, f"{path}: points for {students} are in the gradebook")
        for text in taken.notices:
            say(console, printable(text), "yellow")
            status = FAILED
    say(console, "`make grade` writes the totals into grades.csv and the feedback.")
    return status
