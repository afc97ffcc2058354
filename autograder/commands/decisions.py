"""`autograder override`, `reweigh` and `requests`: what instructors decide after grading."""

from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping
from functools import cache

from autograder import screen
from autograder.machine import whoami
from autograder.names import printable
from autograder.screen import say

from .options import UsageError, add_command, add_course, add_question, assignment_having
from .status import FAILED

__all__ = ["add_parser"]

MOST_POINTS = 1000
WITHDRAW = "withdraw"
NEXT = "`make grade` writes it into the gradebook and the feedback: nothing is graded again"


def add_parser(commands) -> None:
    add_override(commands)
    add_reweigh(commands)
    add_requests(commands)


def add_override(commands) -> None:
    override = add_command(
        commands,
        "override",
        catching(override_points),
        "give a student other points for a question",
        "It stands in corrections.csv with author and time, survives every regrade, and is told in "
        "the student's feedback. Points that somebody gives in the formgrader after it count.",
    )
    add_student_and_question(override)
    override.add_argument(
        "points", help=f"how many; `{WITHDRAW}` takes it back: what was there counts again"
    )
    add_reason(override)


def add_reweigh(commands) -> None:
    reweigh = add_command(
        commands,
        "reweigh",
        catching(reweigh_question),
        "drop a question for the whole class, or let it count more or less",
        "It stands in corrections.csv and is told in everybody's feedback. Each student keeps the "
        "share of the points.",
    )
    add_question(reweigh)
    add_course(reweigh)
    reweigh.add_argument(
        "points",
        help="what it is out of: a number, 0 to drop it; `full` gives everybody all its points; "
        f"`{WITHDRAW}` takes either back",
    )
    add_reason(reweigh)


def add_requests(commands) -> None:
    requests = add_command(
        commands,
        "requests",
        catching(handle_requests),
        "write down what a student asks about a grade, and the answer; or list what waits",
        "Both are told in the student's feedback.",
    )
    add_student_and_question(requests, nargs="?")
    requests.add_argument("--asks", default="", metavar="TEXT", help="what the student asks")
    requests.add_argument("--answer", default="", metavar="TEXT", help="what the student is told")
    add_author(requests)


def catching(work: Callable[[Namespace], int]) -> Callable[[Namespace], int]:
    """Returns a command that says in a line what is wrong with the course or its gradebook."""

    def run(options: Namespace) -> int:
        from sqlalchemy.exc import SQLAlchemyError

        from autograder.course.gradebook import CellsChanged, describe_failure

        if not options.out.is_dir():
            raise UsageError(f"there is no course in {options.out}: name it with --out")
        if not " ".join(getattr(options, "why", "because").split()):
            raise UsageError("--why needs a reason: students read it")
        if not options.by.strip():
            raise UsageError("--by needs a name: students read it")
        try:
            return work(options)
        except CellsChanged as error:
            raise UsageError(str(error)) from error
        except SQLAlchemyError as error:
            text = f"the gradebook cannot be used ({describe_failure(error)}): nothing was written"
            say(screen.on_stdout(), text, "bold red")
            return FAILED

    return run


def add_student_and_question(command, nargs=None) -> None:
    command.add_argument("student", nargs=nargs, help="the student's id")
    add_question(command, nargs)
    add_course(command)


def add_reason(command) -> None:
    command.add_argument("--why", required=True, metavar="TEXT", help="why: students read it")
    add_author(command)
    command.add_argument(
        "--dry-run", action="store_true", help="write nothing; list who would have other points"
    )


def add_author(command) -> None:
    command.add_argument(
        "--by",
        default=whoami(),
        metavar="NAME",
        help="who decides or answers: students read it (%(default)s)",
    )


def override_points(options: Namespace) -> int:
    from autograder.course.corrections import POINTS, WITHDRAWN

    assignment, most = find_question(options)
    check_student(options)
    kind, points = read_points(options.points, {WITHDRAW: WITHDRAWN}, POINTS)
    if kind == POINTS and not most:
        raise UsageError(f"{options.question} does not count now: it is out of 0 points")
    if not 0 <= points <= most:
        raise UsageError(
            f"{options.question} is out of {most:g} points: give 0 to {most:g}. More is extra "
            "credit, in the formgrader"
        )
    check_submission(options, assignment)
    if kind == WITHDRAWN and not has_override(options, assignment):
        raise UsageError(f"{options.student} has no override on {options.question}")
    return decide(options, options.student, assignment, kind, (points, most))


def reweigh_question(options: Namespace) -> int:
    from autograder.course.corrections import ALL, FULL, WEIGHT, WITHDRAWN

    assignment, _ = find_question(options)
    words = {"full": FULL, WITHDRAW: WITHDRAWN}
    kind, points = read_points(options.points, words, WEIGHT)
    if not 0 <= points <= MOST_POINTS:
        raise UsageError(f"{options.points}: give 0 to {MOST_POINTS} points")
    if kind == WITHDRAWN and not is_reweighed(options, assignment):
        raise UsageError(f"nothing has been decided on {options.question} for the class")
    return decide(options, ALL, assignment, kind, (points, 0.0))


def read_points(text: str, words: Mapping[str, str], kind: str) -> tuple[str, float]:
    """Returns (the kind of decision, its points) of what somebody wrote for points.

    Args:
        text: A number, or one of the words.
        words: Kinds of decisions by the words for them; these have no points.
        kind: The kind of a number.

    Raises:
        UsageError: If it is neither.
    """
    if text.casefold() in words:
        return words[text.casefold()], 0.0
    try:
        # Python takes 1_0 for ten.
        if "_" in text:
            raise ValueError(text)
        return kind, float(text)
    except ValueError as error:
        known = "".join(f", or `{word}`" for word in words)
        better = f"; write {text.replace(',', '.')}" if text.count(",") == 1 else ""
        raise UsageError(f"{text}: give a number of points{known}{better}") from error


# Not fewer arguments: a decision has them.
def decide(
    options: Namespace, student: str, assignment: str, kind: str, points: tuple[float, float]
) -> int:
    """Writes a decision down, or lists what it would change.

    Args:
        options: What the command was given.
        student: The id of the student, or `ALL`.
        assignment: The assignment's name.
        kind: What kind of decision it is.
        points: (how many, out of how many).
    """
    from autograder.course.corrections import Correction, add_correction, now_in_utc
    from autograder.course.preview import preview

    console = screen.on_stdout()
    decision = Correction(
        now_in_utc(),
        options.by,
        student,
        assignment,
        options.question,
        kind,
        points[0],
        " ".join(options.why.split()),
        points[1],
    )
    with screen.waiting(console, "Reading the gradebook"):
        changes = preview(options.out, decision)
    for one in changes:
        say(console, f"{printable(one.student)}: {one.before} -> {one.after}")
    count = f"{len(changes)} student{'' if len(changes) == 1 else 's'}"
    if options.dry_run:
        say(console, f"{count} would have other points; nothing was written.")
        return 0
    add_correction(options.out, decision)
    say(console, f"{count} will have other points: {NEXT}")
    return 0


def handle_requests(options: Namespace) -> int:
    from autograder.course.corrections import now_in_utc
    from autograder.course.requests import Request, answer_request, ask, read_requests

    console = screen.on_stdout()
    options.asks, options.answer = (
        " ".join(text.split()) for text in (options.asks, options.answer)
    )
    if not options.student and not (options.asks or options.answer):
        waiting = [one for one in read_requests(options.out) if not one.answer]
        for line in list_requests(waiting):
            say(console, line)
        return 0
    if not options.question or bool(options.asks) == bool(options.answer):
        raise UsageError("give student, question, and one of --asks TEXT and --answer TEXT")
    assignment, _ = find_question(options)
    check_student(options)
    now, request = now_in_utc(), Request(options.student, assignment, options.question, "")
    if options.asks:
        ask(options.out, Request(*request_key(request), options.asks, now))
    elif not answer_request(options.out, request, options.answer, options.by, now):
        raise UsageError(
            f"{options.student} has asked nothing about {options.question} that has no answer"
        )
    say(console, f"noted: {NEXT}")
    return 0


def check_submission(options: Namespace, assignment: str) -> None:
    """Raises UsageError where there is nothing of a student's to correct."""
    from autograder.course import gradebook
    from autograder.course.directory import open_directory

    course, known = open_directory(options.out), set()
    if gradebook.exists(course.db_url):
        with gradebook.open_gradebook(course.db_url, course.course_id) as book:
            known = {*gradebook.grades_there(book, assignment)}
    if options.student not in known:
        raise UsageError(
            f"nothing of {options.student}'s has been graded for {assignment}: there is nothing "
            "to correct yet"
        )


def is_reweighed(options: Namespace, assignment: str) -> bool:
    from autograder.course.corrections import decisions_on, read_corrections

    decisions = decisions_on(read_corrections(options.out), assignment)
    return options.question in {*decisions.full, *decisions.reweighed}


def has_override(options: Namespace, assignment: str) -> bool:
    from autograder.course.corrections import decisions_on, read_corrections

    decisions = decisions_on(read_corrections(options.out), assignment)
    return (options.student, options.question) in decisions.of_students


def request_key(request) -> tuple[str, str, str]:
    return request.student, request.assignment, request.question


def list_requests(waiting) -> Iterator[str]:
    """Yields a line for each request without an answer."""
    for one in waiting:
        yield f"{one.student}, {one.assignment}, {one.question} ({one.asked}): {one.asks}"
    yield f"{len(waiting)} waiting for an answer"


def find_question(options: Namespace) -> tuple[str, float]:
    """Returns (the assignment that has a question, what it is out of there).

    Raises:
        UsageError: If none has it, or several have.
    """
    from autograder.course.beside import notebooks_of
    from autograder.reference import device as devices

    # TensorFlow, which the assignments need, starts here without its notes.
    devices.choose()
    from autograder.course.gradebook import points_in

    @cache
    def points_of(assignment: str) -> dict[str, float]:
        return points_in(notebooks_of(options.out, [assignment]).read(assignment))

    assignment = assignment_having(options, points_of)
    return assignment, points_of(assignment)[options.question]


def check_student(options: Namespace) -> None:
    """Raises UsageError for a student whom neither roster nor gradebook knows."""
    from autograder.course import gradebook
    from autograder.course.directory import open_directory
    from autograder.course.roster import read_roster

    course, known = open_directory(options.out), set()
    if gradebook.exists(course.db_url):
        with gradebook.open_gradebook(course.db_url, course.course_id) as book:
            known = {one.id for one in book.students}
    known |= {one.id for one in read_roster(options.out).students}
    if options.student not in known:
        raise UsageError(
            f"no student is called {options.student} in {options.out}: "
            "it must be the id, as in grades.csv"
        )
