"""`check`: runs a student's function on the public cases and says what is wrong, and why."""

import difflib
import html
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from . import judging, side_by_side
from .exams import EXAMINATIONS, CannotExamine, Exam, examine, own_functions
from .judging import decide, faults, read_back
from .notebook import nbgrading, unanswered
from .protocol import client, public_cases, wire

__all__ = ["FAILED", "MARKS", "check", "check_all", "current_assignment", "read_questions", "start"]

PUBLIC_ONLY = (
    "Public cases only: grading draws other inputs for each notebook, "
    "so these points are not yet certain."
)

# How long grading lets a question take, unless that has a limit of its own.
QUESTION_SECONDS = 10

_current: dict[str, str | None] = {"assignment": None}


def current_assignment() -> str | None:
    """Returns the name of this notebook's assignment, None before its first cell has run."""
    return _current["assignment"]


def start(assignment) -> None:
    """Prints this notebook's assignment, with its points. The notebook's first cell calls it."""
    _current["assignment"] = assignment
    points = read_public_points(assignment)
    print(
        f"{assignment}: {len(points)} questions for {sum(points):g} points by check(), "
        "the rest graded by hand."
    )
    unanswered.watch(assignment)


def check(question, hint=False) -> float | None:
    """Runs a function of yours on the public cases and shows what came out.

    Args:
        question: The name of the question, for example `"kl_to_standard_normal"`, or the function
            itself.
        hint: Whether to say how a known mistake is mended, not only what is off.

    Returns:
        The points, where nbgrader runs the notebook; else nothing.

    Raises:
        ValueError: If no question has that name.
        NotRight: Under `nbgrader validate`, if the answer is not right.
    """
    if not nbgrading.execution_mode():
        show(build_report(question, hint))
        return None
    with nbgrading.hide_stderr():
        found = build_report(question, hint)
    nbgrading.clear_output()
    show(found)
    return nbgrading.score(found.verdict)


def check_all(assignment=None) -> None:
    """Checks every question of the assignment and shows the points so far, on public cases.

    Args:
        assignment: Its name; by default the one that the notebook's first cell named.
    """
    questions = read_questions(assignment or current_assignment())
    show(Summary(tuple(build_report(name) for name in questions)))


def build_report(question, hint=False) -> "Report":
    """Returns the `Report` that `check` shows, with repairs if `hint`."""
    function = question if callable(question) else None
    name = getattr(question, "__name__", str(question))
    found = find_question(name)
    names = {name: function} if function else vars(sys.modules["__main__"])
    process = client.InProcess(names)
    verdict = judge_question(process, found)
    seconds = process.stopwatch.seconds
    return Report(
        verdict, seconds, found.seconds or QUESTION_SECONDS, bool(hint), is_search=found.sampled
    )


def judge_question(process: client.InProcess, question) -> judging.Verdict:
    """Returns the verdict on the cases of a question, or on its properties, or on both.

    Args:
        process: The `InProcess` that answers the cases. The properties are examined of its names;
            what the notebook defines besides is found too.
        question: The `judging.DrawnQuestion`.
    """
    answers = answer_cases(process, question, question.cases)
    if not answers:
        return examine_and_judge(process, question)
    verdict = judge_answers(process, question, answers)
    if not question.properties or verdict.status not in ("correct", "partial"):
        return verdict
    return judging.combine_verdicts(question, verdict, examine_and_judge(process, question))


def examine_and_judge(process: client.InProcess, question) -> judging.Verdict:
    """Returns the verdict on the properties of a question, on public inputs."""
    names = {**vars(sys.modules["__main__"]), **process.space.names}
    findings = examine_properties(question, names, process.stopwatch)
    return judging.judge_properties(question, findings, public=True)


def judge_answers(process: client.InProcess, question, answers) -> judging.Verdict:
    """Returns the `judging.Verdict` on the answers to the public cases.

    A wrong answer that no mistake explains is asked again, and shown beside the right one.
    """
    verdict = faults.judge_case_by_case(question, answers, public=True)
    case = decide.doubtful_case(question, verdict)
    if case is None:
        return verdict
    again = [answer_case(process, question, case) for _ in range(2)]
    verdict = faults.judge_case_by_case(question, answers, public=True, again=again)
    if verdict.mistake:
        return verdict
    found = read_back.read_answers(question, answers, partial(answer_cases, process, question))
    if found:
        return read_back.add_to_verdict(verdict, found)
    row = side_by_side.describe_row(question, answers, process.space.names[question.name])
    return replace(verdict, message="\n".join([verdict.message, *row]))


def examine_properties(
    question, names: dict[str, Any], stopwatch: client.Stopwatch | None = None
) -> dict[str, judging.Finding]:
    """Returns the `judging.Finding`s on the properties of a question, on public inputs.

    Args:
        question: The `judging.DrawnQuestion`.
        names: What the notebook defines, by name.
        stopwatch: Counts the time of the student's class; None if that is not wanted.
    """
    exam = Exam(
        student=client.Student(client.InProcess(names, stopwatch), None),
        oracle=own_functions(question, cache(partial(own_function, names))),
        generator=np.random.default_rng(0),
        num_trainings=1,
    )
    examinations = {
        name: report_missing_files(examination) for name, examination in EXAMINATIONS.items()
    }
    try:
        return examine(question, exam, examinations)
    except (OSError, MemoryError) as error:
        return {item.name: faults.build_finding(error) for item in question.properties}


def own_function(names: dict[str, Any], name: str) -> Callable:
    """Returns the student's own answer to an earlier question, out of `names`.

    Raises:
        CannotExamine: If there is none, or it is not right.
    """
    try:
        earlier = find_question(name)
    except ValueError as error:
        raise CannotExamine(
            f"check compares with your own {name}, and the public cases of the assignment "
            "that asks for it are not here: keep the folders of the other assignments beside "
            "this notebook's"
        ) from error
    process = client.InProcess(names)
    verdict = faults.judge_case_by_case(earlier, answer_cases(process, earlier, earlier.cases))
    if verdict.status == "missing":
        raise CannotExamine(f"check compares with your own {name}, and this notebook defines none")
    if not all(case.passed for case in verdict.cases if case.kind == judging.GENERIC):
        raise CannotExamine(
            f"check compares with your own {name}, and that is not right yet: see what "
            f'check("{name}") says'
        )
    return hide_traceback(name, names[name])


def report_missing_files(examination) -> Callable[..., None]:
    """Returns the examination, with a missing file as the reason why nothing was examined.

    The student can supply that file.
    """

    def examine_or_say(exam, **options) -> None:
        try:
            examination(exam, **options)
        except FileNotFoundError as error:
            raise CannotExamine(str(error)) from error

    return examine_or_say


NO_GRADIENT_THROUGH_NUMPY = (
    "your values are right, but no gradient passes through NumPy: compute with tf or keras.ops"
)


def is_numpy_in_a_graph(error: BaseException) -> bool:
    """Tells whether a tensor without values, as a compiled function has them, met NumPy."""
    kinds = (AttributeError, NotImplementedError, TypeError, ValueError)
    return isinstance(error, kinds) and bool(
        re.search(r"[Ss]ymbolic|KerasTensor|no attribute '(?:numpy|_id)'", str(error))
    )


def hide_traceback(name: str, function) -> Callable:
    """Returns the student's own `function`; whatever it raises becomes a `CannotExamine`."""

    def own(*arguments) -> Any:
        try:
            return function(*arguments)
        except (Exception, SystemExit) as error:
            reason = (
                f"check compares with your own {name}, and that raised "
                f"{type(error).__name__} on other inputs"
            )
            if is_numpy_in_a_graph(error):
                reason = f"{name}: {NO_GRADIENT_THROUGH_NUMPY}"
            raise CannotExamine(reason) from error

    return own


def answer_cases(process: client.InProcess, question, cases) -> dict[str, judging.Answer]:
    """Returns the answers of the student's function to several cases, by name."""
    return {case.name: answer_case(process, question, case) for case in cases}


def answer_case(process: client.InProcess, question, case: judging.DrawnCase) -> judging.Answer:
    """Returns the `judging.Answer` of the student's function to a case, as the grader would."""
    outputs = len(question.outputs) or None
    request = wire.pack_request("call", question.name, case.arguments, outputs=outputs)
    reply = process.reply(request)
    return judging.Answer(reply.status, reply.values, reply.kind, None, reply.text)


def find_question(name: str) -> judging.DrawnQuestion:
    """Returns the `judging.DrawnQuestion` called `name`.

    Raises:
        ValueError: If no question has that name, or there are no public cases.
    """
    files = find_public_files()
    for path in files:
        questions = public_cases.read(path)[1]
        if name in questions:
            return questions[name]
    if not files:
        raise ValueError(missing_cases_message())
    raise ValueError(explain_unknown_question(name, files))


def explain_unknown_question(name: str, files: list[Path]) -> str:
    """Returns the message on a name that no question has: this notebook's names, and the nearest.

    Args:
        name: What was asked for.
        files: Public cases: those of this assignment, or the first, count.
    """
    contents = [public_cases.read_names(path) for path in files]
    own = next((one for one in contents if one[0] == current_assignment()), contents[0])
    _, known, written = own
    if name in written:
        return f"{name} is answered in words: a person grades it, and check knows nothing of it"
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5) or [
        each for each in known if name and name.lower() in each.lower()
    ]
    guess = f"; did you mean {near[0]!r}?" if near else "."
    return f"no question is called {name!r}{guess} This notebook has: {', '.join(known)}"


def read_public_points(assignment) -> list[float]:
    """Returns the points of each question of an assignment, without reading its cases."""
    for path in find_public_files():
        name, points = public_cases.read_points(path)
        if assignment == name:
            return points
    raise ValueError(missing_cases_message(assignment))


def read_questions(assignment) -> dict[str, judging.DrawnQuestion]:
    """Returns a dict from name to `judging.DrawnQuestion` for an assignment; None: the first."""
    for path in find_public_files():
        name, questions = public_cases.read(path)
        if assignment in (None, name):
            return questions
    raise ValueError(missing_cases_message(assignment))


def missing_cases_message(assignment="the assignment") -> str:
    return (
        f"the public cases of {assignment} are not here: keep {public_cases.FILE_NAME} "
        "in the notebook's folder, as in the zip that you were given, and start Jupyter there "
        f"(now in {Path.cwd()})"
    )


def find_public_files() -> list[Path]:
    """Returns the paths of public cases: this assignment's, those near the notebook or vikit."""
    here, beside = Path.cwd(), Path(__file__).resolve().parent.parent
    own = beside / (current_assignment() or "")
    folders = [own, here, *sorted(here.glob("*/")), *sorted(beside.glob("*/"))]
    files = dict.fromkeys((folder / public_cases.FILE_NAME).resolve() for folder in folders)
    return [path for path in files if path.is_file()]


def show(result) -> None:
    """Displays `result` in a notebook; prints it elsewhere."""
    if hasattr(sys.modules.get("builtins"), "__IPYTHON__"):
        from IPython.display import display

        display(result)
    else:
        print(result)


NO_REPAIR = (
    "this mistake is not a known one. Compute the row above by hand, term by term, and compare."
)
# Where the row has more numbers than are shown.
NO_REPAIR_UNSEEN = (
    "this mistake is not a known one. Take inputs of your own, two or three numbers each, compute "
    "by hand, term by term, and compare."
)

# Where a search ends shows too little to name what is off in it.
NO_REPAIR_OF_SEARCH = (
    "this mistake is not a known one. Print what you search for every 200 steps. If it jumps about "
    "to the end, return the mean of the last half of the steps, or take shorter steps or more "
    "samples. If it still drifts, take longer steps. If it stands still at another place, read "
    "your objective again, and draw new noise in each step: noise that is drawn once moves the "
    "place."
)

MARKS = {"correct": ("✓", "#1a7f37"), "partial": ("◐", "#9a6700"), "unanswered": ("○", "#59636e")}
FAILED = ("✗", "#cf222e")


@dataclass(frozen=True)
class Report:
    """What `check` shows: the verdict on one question, as text and as HTML.

    Attributes:
        verdict: The verdict.
        seconds: The processor time of the student's code.
        limit: What grading allows for it.
        hint: Whether to say how a mistake is mended.
    """

    verdict: judging.Verdict
    seconds: float = 0.0
    limit: float = QUESTION_SECONDS
    hint: bool = False
    is_search: bool = False

    def lines(self) -> Iterator[str]:
        verdict = self.verdict
        if self.seconds > self.limit / 2:
            yield (
                f"Your code ran for {self.seconds:.0f} s. "
                f"Grading stops a question after {self.limit:g} s, all cases together."
            )
        if not self.is_done():
            yield f"Source: {verdict.source}"
        yield from self.repairs()
        # Where no mistake was recognised the message itself lists the cases.
        for case in verdict.cases if verdict.mistake else ():
            is_said = case.problem.lower() in verdict.message.lower()
            problem = "" if is_said else f": {case.problem}"
            yield f"  {'✓' if case.passed else '✗'} {case.title or case.name}{problem}"

    def repairs(self) -> Iterator[str]:
        """Yields how to mend it, or how to ask that; nothing where there is nothing to mend."""
        repairs = self.verdict.repair.splitlines()
        # What properties lose says itself what is off.
        is_formula = any(case.kind == judging.GENERIC for case in self.verdict.cases)
        if not repairs and is_formula and self.verdict.status in ("wrong", "partial"):
            by_hand = (
                NO_REPAIR_UNSEEN if side_by_side.hides_numbers(self.verdict.message) else NO_REPAIR
            )
            repairs = [NO_REPAIR_OF_SEARCH if self.is_search else by_hand]
        if self.hint:
            yield from (f"To mend it: {repair}" for repair in repairs)
        elif self.verdict.repair or (repairs and self.is_search):
            yield f'How to mend it: check("{self.verdict.name}", hint=True)'

    def is_done(self) -> bool:
        return self.verdict.status in ("correct", "unanswered")

    def title(self) -> str:
        verdict = self.verdict
        points = f"{round(verdict.score, 2):g} of {verdict.max_score:g} points"
        return f"{verdict.name}: {verdict.status}, {points} on public cases"

    def __repr__(self) -> str:
        mark = MARKS.get(self.verdict.status, FAILED)[0]
        return "\n".join([f"{mark} {self.title()}", self.verdict.message, *self.lines()])

    def _repr_html_(self) -> str:
        mark, colour = MARKS.get(self.verdict.status, FAILED)
        lines = "".join(
            f"<div style='color:#59636e;white-space:pre-wrap'>{html.escape(line)}</div>"
            for line in self.lines()
        )
        return (
            f"<div style='border-left:4px solid {colour};padding:.4em .8em;"
            "margin:.3em 0;max-width:60em;line-height:1.45'>"
            f"<div><span style='color:{colour};font-weight:bold'>"
            f"{mark} {html.escape(self.title())}</span></div>"
            f"<div style='white-space:pre-wrap'>{html.escape(self.verdict.message)}</div>"
            f"{lines}</div>"
        )


def first_sentence(text) -> str:
    """Returns a text's first sentence: up to a full stop that ends a word of small letters."""
    return re.split(r"(?<=[a-z)]\.)\s", text, maxsplit=1)[0].strip()


@dataclass(frozen=True)
class Summary:
    """What `check_all` shows: a line for each question and the sum of points."""

    reports: tuple

    def total(self) -> str:
        score = sum(report.verdict.score for report in self.reports)
        max_score = sum(report.verdict.max_score for report in self.reports)
        return f"{round(score, 2):g} of {max_score:g} points so far"

    def __repr__(self) -> str:
        rows = []
        for report in self.reports:
            verdict = report.verdict
            mark = MARKS.get(verdict.status, FAILED)[0]
            note = f"  {first_sentence(verdict.hint)}" if verdict.hint else ""
            points = f"{verdict.score:>6g} / {verdict.max_score:<4g}"
            rows.append(f"{mark} {verdict.name:<28}{verdict.status:<11}{points}{note}")
        return "\n".join([*rows, self.total(), PUBLIC_ONLY])

    def _repr_html_(self) -> str:
        rows = ""
        for report in self.reports:
            verdict = report.verdict
            mark, colour = MARKS.get(verdict.status, FAILED)
            cells = [
                verdict.name,
                verdict.status,
                f"{round(verdict.score, 2):g} / {verdict.max_score:g}",
                first_sentence(verdict.hint),
            ]
            texts = map(html.escape, cells)
            columns = "".join(f"<td style='text-align:left'>{text}</td>" for text in texts)
            rows += f"<tr><td style='color:{colour}'>{mark}</td>{columns}</tr>"
        heads = "".join(
            f"<th style='text-align:left'>{head}</th>"
            for head in ("", "question", "", "points", "what is off")
        )
        return (
            f"<table><tr>{heads}</tr>{rows}</table><div><b>{self.total()}.</b> {PUBLIC_ONLY}</div>"
        )
