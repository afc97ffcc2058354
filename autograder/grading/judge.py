"""Judges a running notebook: all questions of an assignment, in order."""

import contextlib
from dataclasses import dataclass, field, replace

import numpy as np
from vikit import judging
from vikit.judging import decide, explain, faults, read_back
from vikit.judging.question import LARGEST

from autograder import kernels
from autograder.kernels import Outcome
from autograder.tasks import Assignment

from . import follow, models, picturing, probing
from .limits import size_text
from .notebook import Cell
from .run import GaveUp, NotebookRun

__all__ = ["Judge", "ends_the_run"]

# How many numbers of an answer that nothing explains are kept.
MOST_UNEXPLAINED = 64


def ends_the_run(error: BaseException) -> bool:
    """Tells whether an exception is the machine's fault: the next run grades this notebook."""
    return isinstance(error, kernels.KernelError) or faults.is_of_the_machine(error)


@dataclass
class Judge:
    """Judges one notebook that runs.

    Attributes:
        run: The running notebook.
        assignment: The `Assignment`.
        cells: What `notebook.read_cells` returned.
        secret: The course's secret, from which the inputs of properties are drawn.
        kit_errors: A line for each exception of the kit's own that cost something.
        verdicts: The verdicts so far, by question.
        seconds: How long the notebook was asked for each of them.
    """

    run: NotebookRun
    assignment: Assignment
    cells: list[Cell]
    secret: bytes
    kit_errors: list[str] = field(default_factory=list)
    verdicts: dict[str, judging.Verdict] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def judge_all(self, questions) -> list[judging.Verdict]:
        """Returns the verdicts on all questions, in order; later ones may follow through on others.

        Args:
            questions: The `judging.DrawnQuestion`s; instead of one that could not be drawn the
                verdict on it.
        """
        for drawn, question in zip(questions, self.assignment.questions, strict=True):
            began = self.run.asking
            verdict = (
                drawn
                if isinstance(drawn, judging.Verdict)
                else self.judge_or_blame_the_kit(drawn, question)
            )
            self.kit_errors += list_kit_errors(verdict)
            self.verdicts[question.name] = verdict
            self.seconds[question.name] = round(self.run.asking - began, 3)
        self.add_pictures()
        return list(self.verdicts.values())

    def judge_or_blame_the_kit(self, drawn: judging.DrawnQuestion, question) -> judging.Verdict:
        try:
            return self.judge_one(drawn, question)
        except Exception as error:
            if ends_the_run(error):
                raise
            # Whatever it is: it costs this question alone, and is named.
            return faults.build_kit_error_verdict(drawn, error)

    def judge_one(self, drawn: judging.DrawnQuestion, question) -> judging.Verdict:
        """Returns the verdict on one question."""
        if not question.cases:
            return self.judge_class(drawn, question)
        verdict, given = self.judge_cases(drawn)
        if question.properties and verdict.status in ("correct", "partial"):
            verdict = judging.combine_verdicts(drawn, verdict, self.judge_class(drawn, question))
        if question.follows and verdict.status in ("wrong", "partial"):
            verdict = self.follow_through(drawn, question, verdict, given)
        return verdict

    def add_pictures(self) -> None:
        """Adds to the verdicts on wrong answers what their page draws."""
        wrong = [
            question
            for question in self.assignment.questions
            if question.pictures and self.verdicts[question.name].status in ("wrong", "partial")
        ]
        if not wrong:
            return
        # A fresh process has seen no hidden input, and no question comes after it.
        self.run.end()
        until = self.run.asking + self.run.limits.question
        # Where the notebook cannot be run any more there are none.
        with contextlib.suppress(GaveUp):
            for question in wrong:
                self.verdicts[question.name] = self.with_pictures(question, until)

    def with_pictures(self, question, until: float) -> judging.Verdict:
        """Returns the verdict on a wrong answer with what its page draws.

        Args:
            question: The `Question`.
            until: How long the notebook has been asked for when the pictures' time is up.
        """
        verdict = self.verdicts[question.name]
        paths = filter(None, (question.name, find_other_name(question.name, self.cells)))
        try:
            drawn = picturing.draw_pictures(self.run, question, tuple(paths), until)
        except Exception as error:
            if isinstance(error, GaveUp) or ends_the_run(error):
                raise
            # Whatever it is: the verdict stands without them, and it is named.
            self.kit_errors.append(f"{question.name}: {faults.error_location(error)}")
            return verdict
        return replace(verdict, pictures=drawn)

    def follow_through(
        self,
        drawn: judging.DrawnQuestion,
        question,
        verdict: judging.Verdict,
        given: dict[str, judging.Answer],
    ) -> judging.Verdict:
        """Returns the verdict with the student's own earlier values, where that is better.

        Args:
            drawn: The `judging.DrawnQuestion`.
            question: The `Question`, with `follows`.
            verdict: The verdict as it stands.
            given: The student's answers, by case.
        """
        earlier = follow.Earlier(self.run, self.assignment, self.verdicts)
        try:
            return follow.follow_through(earlier, question, drawn, verdict, given)
        except GaveUp:
            # The notebook cannot be run any more: the verdict stands as it is.
            return verdict
        except Exception as error:
            if ends_the_run(error):
                raise
            # Whatever it is: the verdict stands without it, and it is named.
            self.kit_errors.append(f"{drawn.name}: {faults.error_location(error)}")
            return faults.note_failed_follow_through(verdict, error)

    def judge_cases(
        self, drawn: judging.DrawnQuestion
    ) -> tuple[judging.Verdict, dict[str, judging.Answer]]:
        """Returns (verdict, answers) of one question."""
        seconds = models.time_for(self.run, drawn)
        path, until = drawn.name, self.run.asking + seconds
        try:
            given = probing.ask_cases(self.run, drawn, path, seconds)
            other = find_other_name(path, self.cells) if are_all_missing(given) else None
            if other:
                path = other
                given = probing.ask_cases(self.run, drawn, path, seconds)
        except GaveUp as error:
            return judging.build_unjudged_verdict(drawn, "crashed", f"Not reached: {error}."), {}
        if are_all_missing(given):
            return explain_missing(self.run, drawn, self.cells), given
        hidden = {name: hide_text(answer, self.cells, path) for name, answer in given.items()}
        verdict = faults.judge_case_by_case(drawn, hidden)
        case = decide.doubtful_case(drawn, verdict)
        if case:
            # Where the notebook cannot be run any more the verdict stands as it is.
            with contextlib.suppress(GaveUp):
                again = probing.ask_twice(self.run, drawn, path, case, seconds)
                verdict = faults.judge_case_by_case(drawn, hidden, again=again)
                if not verdict.mistake:
                    verdict = self.read_back(drawn, verdict, given, path, until)
        return verdict, given

    def read_back(
        self,
        drawn: judging.DrawnQuestion,
        verdict: judging.Verdict,
        given: dict[str, judging.Answer],
        path: str,
        until: float,
    ) -> judging.Verdict:
        """Returns the verdict with what a wrong answer computes instead, if that can be read.

        If not, the verdict gets its values for inputs that are the same for all students.

        Args:
            drawn: The `judging.DrawnQuestion`.
            verdict: The verdict as it stands, without a mistake.
            given: The student's answers, by case.
            path: The function's name in the notebook.
            until: How long the notebook has been asked for when the question's time is up.
        """

        def ask(cases) -> dict[str, judging.Answer]:
            left = until - self.run.asking
            if left <= 0:
                return {case.name: judging.Answer("timeout") for case in cases}
            return probing.ask_cases(self.run, replace(drawn, cases=tuple(cases)), path, left)

        found = read_back.read_answers(drawn, given, ask)
        if found:
            return read_back.add_to_verdict(verdict, found)
        common = drawn.common()
        return replace(verdict, unexplained=row_of(ask(common))) if common else verdict

    def judge_class(self, drawn: judging.DrawnQuestion, question) -> judging.Verdict:
        """Returns the verdict on the properties of a question."""
        try:
            found = models.examine(self.run, drawn, question, self.secret)
        except GaveUp as error:
            return judging.build_unjudged_verdict(drawn, "crashed", f"Not reached: {error}.")
        if {finding.status for finding in found.values()} == {"missing"}:
            return explain_missing(self.run, drawn, self.cells)
        hidden = {
            name: replace(
                finding, answer=finding.answer and hide_text(finding.answer, self.cells, drawn.name)
            )
            for name, finding in found.items()
        }
        return judging.judge_properties(drawn, hidden)


def row_of(answers: dict[str, judging.Answer]) -> tuple[float | None, ...]:
    """Returns the first numbers of some answers in a row; none where an answer has no numbers."""
    if any(answer.status != "ok" for answer in answers.values()):
        return ()
    arrays = [np.ravel(value) for answer in answers.values() for value in answer.values]
    numbers = np.concatenate(arrays)[:MOST_UNEXPLAINED].astype(float) if arrays else ()
    return tuple(float(f"{number:.5g}") if abs(number) <= LARGEST else None for number in numbers)


def list_kit_errors(verdict: judging.Verdict) -> list[str]:
    """Returns a line for each case or property that the kit failed on, or one for them all."""
    cases = [case for case in verdict.cases if case.status == judging.KIT_ERROR]
    if cases or verdict.status != judging.KIT_ERROR:
        return [f"{verdict.name}, {case.name}: {case.problem}" for case in cases]
    return [f"{verdict.name}: {verdict.message}"]


def are_all_missing(given: dict[str, judging.Answer]) -> bool:
    return {answer.status for answer in given.values()} == {"missing"}


def find_other_name(name: str, cells: list[Cell]) -> str | None:
    """Returns the one function that the question's cell defines, where it was renamed, or None."""
    for cell in cells:
        if (
            cell.grade_id == f"{name}-answer"
            and len(cell.functions) == 1
            and name not in cell.defines
        ):
            return cell.functions[0]
    return None


def hide_text(answer: judging.Answer, cells: list[Cell], path: str) -> judging.Answer:
    """Returns `answer` without the student's process's text: that could hold hidden inputs.

    The text is replaced by the student's own line, taken from the notebook.
    """
    if answer.status != "error":
        return answer
    source = next((cell.source for cell in reversed(cells) if path in cell.defines), "")
    # IPython drops the blank lines that a cell begins with.
    lines = source.lstrip().splitlines()
    text = (
        f"  {lines[answer.line - 1].strip()}\n" if answer.line and answer.line <= len(lines) else ""
    )
    settings = "\n".join(cell.source for cell in cells if "tf.compat.v1" in cell.source)
    advice = "".join(f"{line}\n" for line in explain.known_advice(f"{source}\n{settings}"))
    return replace(
        answer, text=f"{text}{advice}check() shows the whole message, on the public cases."
    )


def explain_missing(run: NotebookRun, question, cells: list[Cell]) -> judging.Verdict:
    """Returns the verdict on a question whose function no cell has made, and says why."""
    indices = [index for index, cell in enumerate(cells) if question.name in cell.defines]
    if not indices:
        message = explain_undefined(question.name, cells)
        return judging.build_unjudged_verdict(question, "missing", message)
    outcome = run.outcomes.get(indices[-1], Outcome("skipped"))
    ended = f"was stopped: {outcome.reason}" if outcome.reason else "ended the whole Python process"
    cell, limits = "The cell that defines it", run.limits
    late = f"All runs of the cells before it took more than {limits.notebook:g} s together"
    absent = f"The notebook ran, but after its last cell `{question.name}` did not exist"
    status, message = {
        "error": ("error", f"{cell} raised {outcome.error_name}: {outcome.error_text}"),
        "timeout": ("timeout", f"{cell} was not done after {limits.cell:g} s"),
        "late": ("timeout", late),
        "flood": ("crashed", f"{cell} printed more than {size_text(limits.output)}"),
        "dead": ("crashed", f"{cell} {ended}"),
    }.get(outcome.status, ("missing", absent))
    return judging.build_unjudged_verdict(question, status, message + ".")


def explain_undefined(name: str, cells: list[Cell]) -> str:
    """Returns the message on a question that no code cell defines."""
    turned = next((cell.kind for cell in cells if cell.would_define == name), None)
    if turned:
        return (
            f"The cell that should define `{name}` is a {turned} cell now, which is text and is "
            "not run: change it back to Code (in Jupyter select it and press Esc, then Y), "
            "save the notebook and hand it in again."
        )
    return (
        f"No cell defines `{name}`: the cell was deleted, or the function was given another name."
    )
