"""`check`: runs a student's function on the public cases and says what is right, or what is wrong and why."""

import html
import sys
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from . import judging
from .exams import examinations, properties
from .judging import decide, explain, faults
from .notebook import nbgrading, unanswered
from .protocol import client, public_cases, student_side, wire

PUBLIC_ONLY = "Public cases only: grading draws other inputs for each notebook, so these points are not yet certain."

# How long grading lets a question take, unless that has a limit of its own.
QUESTION_SECONDS = 10

_current = {"assignment": None}


def start(assignment):
    """Says which assignment this notebook is, and that vikit is ready. The notebook's first cell calls it."""
    _current["assignment"] = assignment
    points = public_points(assignment)
    print(f"{assignment}: {len(points)} questions for {sum(points):g} points by check(), the rest graded by hand.")
    unanswered.watch(assignment)


def check(question):
    """Runs a function of yours on the public cases and shows what came out.

    Args:
        question: The name of the question, for example `"kl_to_standard_normal"`, or the function itself.

    Returns:
        The points, where nbgrader runs the notebook; else nothing.

    Raises:
        ValueError: If no question has that name.
        NotRight: Under `nbgrader validate`, if the answer is not right.
    """
    if not nbgrading.execution():
        show(report(question))
        return None
    with nbgrading.no_stderr():
        found = report(question)
    nbgrading.clear_output()
    show(found)
    return nbgrading.score(found.verdict)


def check_all(assignment=None):
    """Checks every question of the assignment and shows the points so far, on public cases.

    Args:
        assignment: Its name; by default the one that the notebook's first cell named.
    """
    questions = questions_of(assignment or _current["assignment"])
    show(Summary(tuple(report(name) for name in questions)))


def report(question):
    """Returns the `Report` that `check` shows."""
    function = question if callable(question) else None
    name = getattr(question, "__name__", str(question))
    found = find_question(name)
    names = {name: function} if function else vars(sys.modules["__main__"])
    space = student_side.Namespace(names)
    started = time.monotonic()
    answers = {case.name: run(space, found, case) for case in found.cases}
    verdict = judged(space, found, answers) if answers else None
    if found.properties and (verdict is None or verdict.status in ("correct", "partial")):
        seen = examined(found, {**vars(sys.modules["__main__"]), **names})
        held = judging.judge_properties(found, seen, public=True)
        verdict = judging.combine_verdicts(found, verdict, held) if verdict else held
    return Report(verdict, time.monotonic() - started, found.seconds or QUESTION_SECONDS)


def judged(space, question, answers):
    """Returns the `judging.Verdict` on the answers to the public cases; a wrong one without a name is asked for twice more."""
    verdict = faults.judge_case_by_case(question, answers, public=True)
    case = decide.doubtful_case(question, verdict)
    if case is None:
        return verdict
    return faults.judge_case_by_case(
        question, answers, public=True, again=[run(space, question, case) for _ in range(2)]
    )


def examined(question, names):
    """Returns the `judging.Finding`s on the properties of a question, on public inputs."""

    @cache
    def trusted(name):
        try:
            earlier = find_question(name)
        except ValueError as error:
            raise properties.Unexamined(
                f"check compares with your own {name}, and the public cases of the assignment that asks for it are not here"
            ) from error
        space = student_side.Namespace(names)
        verdict = faults.judge_case_by_case(earlier, {case.name: run(space, earlier, case) for case in earlier.cases})
        if verdict.status == "missing":
            raise properties.Unexamined(f"check compares with your own {name}, and this notebook defines none")
        if not all(case.passed for case in verdict.cases if case.kind == judging.GENERIC):
            raise properties.Unexamined(
                f'check compares with your own {name}, and that is not right yet: see what check("{name}") says'
            )
        return without_traceback(name, names[name])

    asked = properties.Asked(
        student=client.Student(client.Here(names), None),
        oracle=examinations.students_own(question.name, trusted),
        generator=np.random.default_rng(0),
        rounds=1,
    )
    kinds = {name: saying_what_is_missing(examination) for name, examination in examinations.KINDS.items()}
    try:
        return properties.examine(question, asked, kinds)
    except (OSError, MemoryError) as error:
        return {item.name: faults.build_finding(error) for item in question.properties}


def saying_what_is_missing(examination):
    """Returns an examination that says which file is not here: in a notebook that is for the student to mend."""

    def examine(asked, **options):
        try:
            examination(asked, **options)
        except FileNotFoundError as error:
            raise properties.Unexamined(str(error)) from error

    return examine


def without_traceback(name, function):
    """Returns the student's own `function`, which check takes for right; what it raises is said, not shown as check's own."""

    def own(*arguments):
        try:
            return function(*arguments)
        except (Exception, SystemExit) as error:
            reason = f"check compares with your own {name}, and that raised {type(error).__name__} on other inputs"
            raise properties.Unexamined(reason) from error

    return own


def run(space, question, case):
    """Returns the `judging.Answer` of the student's function to one case, by the same road as in grading."""
    outputs = len(question.outputs) or None
    request = wire.pack_request("call", question.name, case.arguments, outputs=outputs)
    reply = client.received(student_side.answer(space, request), request)
    return judging.Answer(reply.status, reply.values, reply.kind, None, reply.text)


def find_question(name):
    for path in public_files():
        questions = public_cases.read(path)[1]
        if name in questions:
            return questions[name]
    known = sorted(name for path in public_files() for name in public_cases.read(path)[1])
    if not known:
        raise ValueError(missing_cases())
    raise ValueError(f"no question is called {name!r}; there are: {', '.join(known)}")


def public_points(assignment):
    """Returns the points of each question of an assignment, without reading its cases."""
    for path in public_files():
        name, points = public_cases.read_points(path)
        if assignment == name:
            return points
    raise ValueError(missing_cases(assignment))


def questions_of(assignment):
    for path in public_files():
        name, questions = public_cases.read(path)
        if assignment in (None, name):
            return questions
    raise ValueError(missing_cases(assignment))


def missing_cases(assignment="the assignment"):
    return (
        f"the public cases of {assignment} are not here: keep {public_cases.FILE_NAME} in the notebook's folder, as in the zip "
        f"that you were given, and start Jupyter there (now in {Path.cwd()})"
    )


def public_files():
    """Returns the public cases files: this assignment's of vikit's own version, those near the notebook, those beside vikit."""
    here, beside = Path.cwd(), Path(__file__).resolve().parent.parent
    own = beside / (_current["assignment"] or "")
    folders = [own, here, *sorted(here.glob("*/")), *sorted(beside.glob("*/"))]
    files = dict.fromkeys((folder / public_cases.FILE_NAME).resolve() for folder in folders)
    return [path for path in files if path.is_file()]


def show(result):
    """Displays `result` in a notebook, prints it elsewhere."""
    if hasattr(sys.modules.get("builtins"), "__IPYTHON__"):
        from IPython.display import display

        display(result)
    else:
        print(result)


MARKS = {"correct": ("✓", "#1a7f37"), "partial": ("◐", "#9a6700"), "unanswered": ("○", "#59636e")}
FAILED = ("✗", "#cf222e")


@dataclass(frozen=True)
class Report:
    """What `check` shows: the judgement of one question, as text and as HTML."""

    verdict: judging.Verdict
    seconds: float = 0.0
    limit: float = QUESTION_SECONDS

    def lines(self):
        verdict = self.verdict
        if self.seconds > self.limit / 2:
            yield f"This took {self.seconds:.0f} s. Grading stops a question after {self.limit:g} s, all cases together."
        if verdict.mistake:
            yield f"Recognised: {explain.mistake_in_words(verdict.mistake)}"
        if verdict.status not in ("correct", "unanswered"):
            yield f"Lecture: {verdict.source}"
        # Without a name for the mistake the message lists the cases already.
        for case in verdict.cases if verdict.mistake else ():
            yield f"  {'✓' if case.passed else '✗'} {case.name}{': ' + case.problem if case.problem else ''}"

    def title(self):
        verdict = self.verdict
        return f"{verdict.name}: {verdict.status}, {round(verdict.score, 2):g} of {verdict.max_score:g} points on public cases"

    def __repr__(self):
        mark = MARKS.get(self.verdict.status, FAILED)[0]
        return "\n".join([f"{mark} {self.title()}", self.verdict.message, *self.lines()])

    def _repr_html_(self):
        mark, colour = MARKS.get(self.verdict.status, FAILED)
        lines = "".join(
            f"<div style='color:#59636e;white-space:pre-wrap'>{html.escape(line)}</div>" for line in self.lines()
        )
        return (
            f"<div style='border-left:4px solid {colour};padding:.4em .8em;margin:.3em 0;max-width:60em;line-height:1.45'>"
            f"<div><span style='color:{colour};font-weight:bold'>{mark} {html.escape(self.title())}</span></div>"
            f"<div style='white-space:pre-wrap'>{html.escape(self.verdict.message)}</div>{lines}</div>"
        )


@dataclass(frozen=True)
class Summary:
    """What `check_all` shows: a line for each question and the sum of points."""

    reports: tuple

    def total(self):
        score = sum(report.verdict.score for report in self.reports)
        return f"{round(score, 2):g} of {sum(report.verdict.max_score for report in self.reports):g} points so far"

    def __repr__(self):
        rows = []
        for report in self.reports:
            verdict = report.verdict
            mark = MARKS.get(verdict.status, FAILED)[0]
            note = f"  {explain.mistake_in_words(verdict.mistake)}" if verdict.mistake else ""
            rows.append(
                f"{mark} {verdict.name:<28}{verdict.status:<11}{verdict.score:>6g} / {verdict.max_score:<4g}{note}"
            )
        return "\n".join([*rows, self.total(), PUBLIC_ONLY])

    def _repr_html_(self):
        rows = ""
        for report in self.reports:
            verdict = report.verdict
            mark, colour = MARKS.get(verdict.status, FAILED)
            cells = [
                verdict.name,
                verdict.status,
                f"{round(verdict.score, 2):g} / {verdict.max_score:g}",
                explain.mistake_in_words(verdict.mistake or ""),
            ]
            rows += f"<tr><td style='color:{colour}'>{mark}</td>"
            rows += "".join(f"<td style='text-align:left'>{html.escape(cell)}</td>" for cell in cells) + "</tr>"
        heads = "".join(
            f"<th style='text-align:left'>{head}</th>" for head in ("", "question", "", "points", "recognised")
        )
        return f"<table><tr>{heads}</tr>{rows}</table><div><b>{self.total()}.</b> {PUBLIC_ONLY}</div>"
