"""What several commands take, and how a command that cannot be carried out as given is refused."""

import difflib
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

from autograder.machine import cores
from autograder.screen import say

if TYPE_CHECKING:
    from autograder.grading.limits import Limits

__all__ = [
    "OF_A_PROCESS",
    "OF_A_RUN",
    "OUT",
    "SUBMITTED",
    "UsageError",
    "add_assignments",
    "add_command",
    "add_course",
    "add_jobs",
    "add_limits",
    "add_out",
    "add_question",
    "add_submitted",
    "assignment_having",
    "check_numbers",
    "jobs_and_limits",
    "known_assignments",
    "settle_submitted",
]

SUBMITTED, OUT = Path("course/submitted"), Path("course")
# The names of `grading.limits` with their units and the usual values.
OF_A_RUN = (
    "cell=60 (seconds), question=10 (seconds), notebook=600 (seconds), "
    "output=1MiB (printed by a cell)"
)
OF_A_PROCESS = (
    "memory=4GiB, scratch=256MiB (files written), processes=256 (threads), files=512 (open at "
    "once), cpu=1800 (seconds of processor time)"
)


class UsageError(Exception):
    """A command that cannot be carried out as given: exit status 2."""


def add_command(commands, name, run, text, more="") -> ArgumentParser:
    """Returns the parser of a command.

    Args:
        commands: The parsers of all commands.
        name: What the command is called.
        run: Carries it out: from the options to the exit status.
        text: What it does, in one line.
        more: What else its help says.
    """
    description = f"{text[0].upper()}{text[1:]}. {more}".strip()
    command = commands.add_parser(name, help=text, description=description)
    command.set_defaults(run=run)
    return command


def add_jobs(command) -> None:
    command.add_argument(
        "--jobs", type=int, default=cores(), metavar="N", help="submissions at a time (%(default)s)"
    )


def add_out(command, folder) -> None:
    command.add_argument(
        "--out",
        type=Path,
        default=Path(folder),
        metavar="DIR",
        help="receives what is made (%(default)s)",
    )


def add_course(command) -> None:
    command.add_argument("--out", type=Path, default=OUT, metavar="DIR", help=f"the course ({OUT})")


def add_submitted(command) -> None:
    """Adds where submissions lie: in the course, where nothing is said (`settle_submitted`)."""
    command.add_argument(
        "--submitted", type=Path, metavar="DIR", help="submissions (submitted, in the course)"
    )


def settle_submitted(options: Namespace) -> None:
    """Fills in where submissions lie, where a command has that and nothing was said."""
    if getattr(options, "submitted", ...) is None:
        options.submitted = getattr(options, "out", OUT) / "submitted"


def add_assignments(command, text="which (all)") -> None:
    command.add_argument("assignments", nargs="*", metavar="ASSIGNMENT", help=text)


def add_question(command, nargs=None) -> None:
    """Adds the name of a question, and that of its assignment where several have one of it."""
    command.add_argument("question", nargs=nargs, help="the question's name")
    command.add_argument(
        "--assignment", default="", metavar="NAME", help="which has it (found by the question)"
    )


def add_limits(command, names) -> None:
    text = (
        "what one notebook may use; may be repeated. The names, each with its usual value: "
        f"{names}. Sizes are in "
    )
    text += "bytes, KiB, MiB or GiB"
    command.add_argument("--limit", action="append", default=[], metavar="NAME=VALUE", help=text)


def check_numbers(options: Namespace) -> None:
    """Raises UsageError for a number of jobs or submissions that makes no sense."""
    for name in ("jobs", "students", "stock"):
        if getattr(options, name, 1) < 1:
            raise UsageError(f"--{name} must be at least 1, not {getattr(options, name)}")


def jobs_and_limits(options: Namespace, console=None) -> "tuple[int, Limits]":
    """Returns how many notebooks to grade at a time, and each one's limits.

    It says where that is much for this machine.

    Nothing is said without a console.
    """
    from autograder.grading.limits import limits_for, machine_memory, most_jobs, size_text

    jobs, notices = min(options.jobs, most_jobs()), []
    if jobs < options.jobs:
        notices.append(
            f"{jobs} notebooks at a time, not {options.jobs}: this machine has no memory for more"
        )
    try:
        limits = limits_for(jobs, options.limit)
    except ValueError as error:
        raise UsageError(str(error)) from error
    wanted = jobs * limits.bounds.memory
    if wanted > machine_memory():
        notices.append(
            f"{jobs} notebooks at a time may use {size_text(wanted)} of memory, "
            f"and this machine has {size_text(machine_memory())}: "
            "where it runs out others suffer; take fewer --jobs"
        )
    for notice in notices if console else ():
        say(console, notice, "yellow")
    return jobs, limits


def known_assignments(names) -> list[str]:
    """Returns `names`, or all assignments' for none; raises UsageError for an unknown one."""
    from autograder import tasks

    for name in names:
        if name not in tasks.names():
            raise UsageError(
                f"no assignment is called {name}; there are: {', '.join(tasks.names())}"
            )
    return names or tasks.names()


def assignment_having(options: Namespace, questions_of: Callable[[str], Collection[str]]) -> str:
    """Returns the assignment that has a command's question.

    Args:
        options: What the command was given.
        questions_of: Returns the questions of the assignment of a name.

    Raises:
        UsageError: If none has it, or several have.
    """
    named = [options.assignment] if options.assignment else []
    questions = {name: questions_of(name) for name in known_assignments(named)}
    having = [name for name, there in questions.items() if options.question in there]
    if not having:
        every = [one for there in questions.values() for one in there]
        like = difflib.get_close_matches(options.question, every, 1)
        did_you_mean = f": did you mean {like[0]}?" if like else ""
        raise UsageError(f"no question is called {options.question}{did_you_mean}")
    if len(having) > 1:
        raise UsageError(f"{' and '.join(having)} have a question of that name: say --assignment")
    return having[0]
