"""`autograder explain`: asks a question again, for the eyes of whoever teaches."""

from argparse import Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING

from autograder import screen
from autograder.names import printable
from autograder.screen import say

from .options import (
    UsageError,
    add_command,
    add_course,
    add_question,
    add_submitted,
    assignment_having,
)
from .status import FAILED

if TYPE_CHECKING:
    from autograder.grading.explaining import AskedCase, Explanation

__all__ = ["add_parser"]


def add_parser(commands) -> None:
    command = add_command(
        commands,
        "explain",
        run,
        "ask a student's function again, and show inputs, what it gave and what is right",
        "For the eyes of whoever teaches: these are the hidden inputs that the student was graded "
        "on. Nothing is written.",
    )
    command.add_argument("student", help="the student's id")
    add_question(command)
    command.add_argument(
        "--all", action="store_true", help="show all cases (the first that is wrong)"
    )
    add_submitted(command)
    add_course(command)
    command.add_argument(
        "--unsafe", action="store_true", help="do it even where notebooks cannot be confined"
    )


def run(options: Namespace) -> int:
    console = screen.on_stdout()
    if not (options.out / "secret").is_file():
        raise UsageError(
            f"there is no {options.out / 'secret'}: nobody has been graded in {options.out}"
        )
    from autograder import kernels

    try:
        with screen.waiting(console, "Starting TensorFlow") as begins:
            explanation = asked_again(options, begins)
    except kernels.KernelError as error:
        say(console, f"the kernel failed: {error}", "bold red")
        return FAILED
    for line in describe(explanation, options.all):
        console.print(printable_lines(line), markup=False, highlight=False)
    return 0


def asked_again(options: Namespace, begins) -> "Explanation":
    """Returns what comes of asking again; raises UsageError where that cannot be done."""
    from autograder import kernels, tasks
    from autograder.grading import explaining, find_submissions, notebook, verdict
    from autograder.grading.limits import limits_for, usual_jobs
    from autograder.reference import device as devices

    assignment = asked_assignment(options)
    found, _ = find_submissions(options.submitted, tasks.names(), [assignment], [options.student])
    if len(found) != 1:
        raise UsageError(f"there is no folder {options.submitted / options.student}")
    begins("Starting a kernel")
    kernels.start_server("vikit.protocol.student_side")
    try:
        conditions = verdict.Conditions(
            verdict.course_secret(options.out / "secret"),
            devices.choose(),
            limits_for(usual_jobs()),
            verdict.confine(options.unsafe),
        )
        begins(f"Asking {options.question} of {options.student}")
        return explaining.ask_again(conditions, found[0], options.question)
    except verdict.Unconfined as error:
        raise UsageError(str(error)) from error
    except notebook.UnreadableNotebook as error:
        raise UsageError(f"nothing can be read: {error}") from error


def asked_assignment(options: Namespace) -> str:
    """Returns the assignment whose question is asked again; raises UsageError if there is none."""
    from autograder import tasks

    def names(assignment: str) -> list[str]:
        task = tasks.load(assignment)
        return [question.name for question in (*task.questions, *task.manual)]

    assignment = assignment_having(options, names)
    if any(question.name == options.question for question in tasks.load(assignment).manual):
        raise UsageError(f"{options.question} is graded by hand: there is no function to ask again")
    return assignment


def describe(explanation: "Explanation", shows_all: bool) -> Iterator[str]:
    """Yields what came of asking again, in lines."""
    judged = explanation.verdict
    yield f"{judged.name}: {judged.status}, {judged.score:g} of {judged.max_score:g} points"
    yield from filter(None, (judged.message, judged.mistake and f"known as {judged.mistake}"))
    for case in judged.cases:
        mark = "right" if case.passed else "wrong"
        measured = f"  {case.measured}" if case.measured else ""
        yield f"  {mark}  {case.name} ({case.points:g} points){measured}"
    wrong = [case for case in explanation.cases if not case.passed]
    chosen = explanation.cases if shows_all else (wrong or list(explanation.cases))[:1]
    for case in chosen:
        yield from describe_case(case)


def describe_case(case: "AskedCase") -> Iterator[str]:
    """Yields inputs, what is right and what came back of one case."""
    from autograder.grading.explaining import shown_array

    yield f"\n{case.name} ({case.kind}), {'right' if case.passed else 'wrong'}"
    for number, argument in enumerate(case.arguments, 1):
        yield f"argument {number}: {argument}"
    for number, value in enumerate(case.expected, 1):
        yield f"right value {number}: {shown_array(value)}"
    if case.answer.status != "ok":
        yield f"came back: {case.answer.status}\n{case.answer.text or case.answer.kind}".rstrip()
    for number, value in enumerate(case.answer.values, 1):
        yield f"came back {number}: {shown_array(value)}"
    if case.apart is not None:
        yield f"largest difference: {case.apart:.6g}"


def printable_lines(text: str) -> str:
    return "\n".join(map(printable, text.split("\n")))
