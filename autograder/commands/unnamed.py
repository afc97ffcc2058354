"""`autograder unnamed`: shows wrong answers that nothing explains, like ones together."""

from argparse import Namespace
from pathlib import Path

from autograder import screen
from autograder.names import printable
from autograder.screen import say

from .options import (
    OUT,
    UsageError,
    add_assignments,
    add_command,
    add_submitted,
    known_assignments,
)

__all__ = ["add_parser"]


def add_parser(commands) -> None:
    command = add_command(
        commands,
        "unnamed",
        run,
        "show wrong answers that nothing explains, like ones together",
        "Answers that give the same numbers are one group. Each has the code of one student: "
        "`autograder adopt` makes a known mistake of it.",
    )
    add_assignments(command)
    add_submitted(command)
    command.add_argument(
        "--out", type=Path, default=OUT, metavar="DIR", help=f"has the verdicts ({OUT})"
    )


def run(options: Namespace) -> int:
    names = known_assignments(options.assignments)
    from autograder.grading import classroom
    from autograder.grading.answers import code_of
    from autograder.reports.summary import count_in_words
    from autograder.reports.unnamed import group_unnamed

    console = screen.on_stdout()
    verdicts = classroom.read_all(options.out)
    if not verdicts:
        raise UsageError(f"there are no verdicts in {options.out}: grade first, or take --out")
    for name in names:
        groups = group_unnamed([one for one in verdicts if one["assignment"] == name])
        for group in groups:
            students = ", ".join(printable(student) for student in group.students)
            count = count_in_words(group.students, "student")
            say(console, f"{name}, {group.question}: {count} ({students})")
            code = code_of(options.submitted, name, group.students[0], group.question)
            for line in code.splitlines() or ["(its notebook is not there any more)"]:
                say(console, f"    {printable(line)}")
            say(console, "")
        if not groups and any(one["assignment"] == name for one in verdicts):
            say(console, f"{name}: every wrong answer is explained.")
    return 0
