"""The verdict on a question: from answers to its cases, and from findings on its properties.

No formula of the course is here: a question comes with the expected values and those of each known
mistake.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .compare import is_close, worst_error
from .describe import (
    KNOWN_TYPES,
    describe_count,
    describe_error,
    describe_roughly,
    describe_shape,
    format_shape,
)
from .explain import explain_failure, explain_kit_failure, write_message, write_repair
from .naming import TWO_CALLS_DIFFER, has_unequal_calls, join_names, name_mistakes
from .question import (
    GENERIC,
    KIT_ERROR,
    PROPERTY,
    Answer,
    CaseVerdict,
    DrawnCase,
    DrawnQuestion,
    Finding,
    Mistake,
    Property,
    Verdict,
)

__all__ = [
    "GENERIC_SHARE",
    "build_unjudged_verdict",
    "combine_verdicts",
    "doubtful_case",
    "judge",
    "judge_properties",
]

# From names of cases to the answers.
Answers = dict[str, Answer]

# The share of a question's points that its generic cases are worth together;
# edge cases have the rest.
GENERIC_SHARE = 0.7


def judge(
    question: DrawnQuestion, answers: Answers, public: bool = False, again: Sequence[Answer] = ()
) -> Verdict:
    """Returns the `Verdict` on the answers to the cases of a question.

    Args:
        question: The `DrawnQuestion`.
        answers: The answers.
        public: Whether the inputs are public. Then messages have errors in numbers, else in words.
        again: The answers to one case that was asked twice in a row (see `doubtful_case`).
    """
    problems = {
        case.name: describe_problem(question, case, answers[case.name], public)
        for case in question.cases
    }
    all_passed = not any(problems.values())
    mistakes = [] if all_passed else name_mistakes(question, answers)
    if not mistakes and has_unequal_calls(question, again):
        mistakes = [replace(TWO_CALLS_DIFFER, source=question.source)]
    name = join_names(mistakes) or None
    verdicts = judge_cases(question, answers, problems, name)
    status = question_status(verdicts, mistakes)
    return Verdict(
        name=question.name,
        # The shares add up to the points only up to rounding:
        # a perfect answer is worth exactly its points.
        score=question.points if all_passed else sum(verdict.points for verdict in verdicts),
        max_score=question.points,
        status=status,
        mistake=name,
        message=write_message(question, verdicts, status, mistakes, answers),
        hint=join_lines(mistake.hint for mistake in mistakes),
        repair=write_repair(question, mistakes, answers),
        source=next((mistake.source for mistake in mistakes if mistake.source), question.source),
        cases=tuple(verdicts),
    )


def join_lines(texts: Iterable[str]) -> str:
    """Returns texts as lines: each once, empty ones left out."""
    return "\n".join(dict.fromkeys(filter(None, texts)))


def judge_cases(
    question: DrawnQuestion, answers: Answers, problems: dict[str, str], mistake: str | None
) -> list[CaseVerdict]:
    """Returns the `CaseVerdict`s on all cases.

    Args:
        question: The `DrawnQuestion`.
        answers: The answers to its cases.
        problems: What is wrong with each answer; empty if nothing is.
        mistake: The name of the mistake that explains all answers, if there is one.
    """
    all_passed = not any(problems.values())
    verdicts = [
        judge_case(question, case, answers[case.name], problems[case.name])
        for case in question.cases
    ]
    # Many wrong formulas are right at q = prior or at zero:
    # edge cases earn points only if every case passes.
    return [
        replace(
            verdict,
            mistake=None if verdict.passed else mistake,
            points=verdict.points if verdict.kind == GENERIC or all_passed else 0.0,
        )
        for verdict in verdicts
    ]


def judge_case(
    question: DrawnQuestion, case: DrawnCase, answer: Answer, problem: str
) -> CaseVerdict:
    """Returns the `CaseVerdict` on an answer by itself; `problem` says what is wrong, or is ""."""
    same_kind = sum(other.kind == case.kind for other in question.cases)
    share = GENERIC_SHARE if case.kind == GENERIC else 1 - GENERIC_SHARE
    return CaseVerdict(
        name=case.name,
        kind=case.kind,
        passed=not problem,
        points=0.0 if problem else question.points * share / same_kind,
        status=case_status(case, answer, not problem),
        worst_error=worst_error(case, answer),
        mistake=None,
        problem=problem,
    )


def build_unjudged_verdict(question: Any, status: str, message: str) -> Verdict:
    """Returns the `Verdict`, of 0 points, on a question that was not asked.

    Args:
        question: The `DrawnQuestion`, or the question that it is drawn from.
        status: Why: "missing" where the notebook could not be read, say.
        message: What the student reads.
    """
    return Verdict(
        question.name, 0.0, question.points, status, None, message, "", question.source, ()
    )


def judge_properties(
    question: DrawnQuestion, findings: dict[str, Finding], public: bool = False
) -> Verdict:
    """Returns the `Verdict` on the properties of `question`.

    Args:
        question: The `DrawnQuestion`.
        findings: A dict from the name of each property to its `Finding`.
        public: Whether the inputs are public: then the student reads numbers too.
    """
    properties = [(item, findings[item.name]) for item in question.properties]
    verdicts = [
        judge_property(item, found, is_worth_its_points(question, item, findings), public)
        for item, found in properties
    ]
    lost = [pair for pair, verdict in zip(properties, verdicts, strict=True) if not verdict.passed]
    mistakes = {mistake.name: mistake for pair in lost for mistake in named_mistakes(*pair)}
    sources = [source for pair in properties for source in lecture_sources(*pair)]
    return Verdict(
        name=question.name,
        score=sum(verdict.points for verdict in verdicts),
        max_score=sum(item.points for item in question.properties),
        status=status_of_properties(verdicts),
        # Each was found by itself; " or " joins mistakes that the inputs cannot tell apart.
        mistake=" and ".join(mistakes) or None,
        message=message_on_properties(question, lost, public),
        hint=join_lines(mistake.hint for pair in lost for mistake in named_mistakes(*pair)),
        repair=join_lines(label_repairs(lost)),
        source=next(iter(sources), question.source),
        cases=tuple(verdicts),
    )


def label_repairs(lost: list[tuple[Property, Finding]]) -> list[str]:
    """Returns the repairs of properties that are lost; of several each says for which they are."""
    found: dict[str, list[str]] = {}
    for item, finding in lost:
        for mistake in named_mistakes(item, finding):
            title = item.title or item.name
            if title not in found.setdefault(mistake.repair, []):
                found[mistake.repair].append(title)
    if len(found) < 2:
        return list(found)
    return [f"{', '.join(titles)}: {repair}" for repair, titles in found.items() if repair]


def status_of_properties(verdicts: list[CaseVerdict]) -> str:
    """Returns the status of a question from the verdicts on its properties."""
    failed = [verdict for verdict in verdicts if not verdict.passed]
    if not failed:
        return "correct"
    if len(failed) < len(verdicts):
        return "partial"
    statuses = {verdict.status for verdict in failed}
    return statuses.pop() if len(statuses) == 1 else "wrong"


def message_on_properties(
    question: DrawnQuestion, lost: list[tuple[Property, Finding]], public: bool
) -> str:
    """Returns the message on the properties that are lost, on all alike if one text does."""
    if not lost:
        return f"All {len(question.properties)} properties hold."
    texts = {
        item.title or item.name: explain_property(question, item, found, public)
        for item, found in lost
    }
    for index, (item, found) in enumerate(lost):
        if item.examination == FLOOR and not named_mistakes(item, found):
            why = MAY_FOLLOW if index else "Something keeps it from learning."
            title = item.title or item.name
            texts[title] = texts[title].replace(item.hint, f"{item.hint} {why}")
    if len(lost) == len(question.properties) and len(set(texts.values())) == 1:
        return next(iter(texts.values()))
    alike = {
        text: [title for title, other in texts.items() if other == text] for text in texts.values()
    }
    return "\n".join(f"{'; '.join(titles)}: {text}" for text, titles in alike.items())


def named_mistakes(item: Property, found: Finding) -> list[Mistake]:
    """Returns the mistakes of a property that its `Finding` names."""
    return [mistake for mistake in item.mistakes if mistake.name in found.mistake.split(" and ")]


def judge_property(item: Property, found: Finding, counts: bool, public: bool) -> CaseVerdict:
    """Returns the `CaseVerdict` on one property; `counts`: it earns its points if it holds."""
    passed = found.status == "ok" and counts
    return CaseVerdict(
        name=item.name,
        kind=PROPERTY,
        passed=passed,
        points=item.points if passed else 0.0,
        status="correct" if passed else "wrong" if found.status == "ok" else found.status,
        worst_error=None,
        mistake=" and ".join(mistake.name for mistake in named_mistakes(item, found)) or None,
        problem="" if passed else describe_failure(found, public),
        measured=found.measured,
        title=item.title,
    )


def describe_failure(found: Finding, public: bool) -> str:
    """Returns in words why a property has no points."""
    return HOLDS_ALONE if found.status == "ok" else describe_finding(found, public) or found.status


# The examination that trains a model, and what is said where it finds no mistake and another does.
FLOOR, MAY_FOLLOW = "floor", "This may follow from the finding above."
HOLDS_ALONE = "It holds, and counts only together with another property."


def is_worth_its_points(
    question: DrawnQuestion, item: Property, findings: dict[str, Finding]
) -> bool:
    """Tells whether a property that holds earns its points: shapes alone earn none."""
    others = (other.name for other in question.properties if other.counts_alone)
    return item.counts_alone or any(findings[name].status == "ok" for name in others)


def lecture_sources(item: Property, found: Finding) -> list[str]:
    """Returns the lecture sources of a property that is lost, its named mistakes' first."""
    if found.status == "ok":
        return []
    named = [mistake.source for mistake in named_mistakes(item, found)]
    return [source for source in (*named, item.source) if source]


def explain_property(
    question: DrawnQuestion, item: Property, found: Finding, public: bool = False
) -> str:
    """Returns the message for the student on a property that is lost."""
    if found.status == "ok":
        return HOLDS_ALONE
    if found.status == "unexamined":
        return f"Not examined: {found.detail}."
    if found.status == KIT_ERROR:
        return explain_kit_failure(found.detail)
    if found.status != "wrong":
        return (
            explain_failure(question, found.status, found.answer or Answer(found.status))
            or found.status
        )
    hints = " ".join(mistake.hint for mistake in named_mistakes(item, found)) or item.hint
    seen = describe_finding(found, public)
    return f"{hints} ({seen[:1].upper()}{seen[1:]}.)" if seen else hints


def describe_finding(found: Finding, public: bool) -> str:
    """Returns in words what an examination saw; in numbers too if the inputs are public."""
    is_new = found.measured and not says(found.detail, found.measured)
    return f"{found.detail}; {found.measured}" if public and is_new else found.detail


def says(text: str, part: str) -> bool:
    """Tells whether whole words of a text are `part`: "it is 10" does not say "it is 1"."""
    return bool(re.search(rf"(?<![\w.]){re.escape(part)}(?![\w,.]*\w)", text, re.IGNORECASE))


def combine_verdicts(question: DrawnQuestion, first: Verdict, second: Verdict) -> Verdict:
    """Returns the verdict on a function from those on its cases and on its properties.

    Args:
        question: The `DrawnQuestion`, whose points include those of its properties.
        first: The verdict on its cases; they share the points that properties leave.
        second: The verdict on its properties. It counts only where every generic case is right.
    """
    worth = sum(item.points for item in question.properties)
    share = 1 - worth / question.points
    cases = (*(replace(case, points=case.points * share) for case in first.cases), *second.cases)
    right = first.status == second.status == "correct"
    best = first if first.status != "correct" else second
    counts = first.status in ("correct", "partial")
    return replace(
        best,
        score=question.points if right else first.score * share + (second.score if counts else 0.0),
        max_score=question.points,
        status=first.status if first.status != "correct" else "correct" if right else "partial",
        message=(
            first.message
            if second.status == "correct" or not counts
            else f"{first.message}\n{second.message}"
        ),
        cases=(
            cases
            if counts
            else tuple(
                replace(case, points=0.0) if case.kind == PROPERTY else case for case in cases
            )
        ),
    )


def describe_problem(
    question: DrawnQuestion, case: DrawnCase, answer: Answer, public: bool = False
) -> str:
    """Returns in a few words what is wrong with `answer` on `case`; an empty text if nothing is."""
    if answer.status != "ok":
        return answer.text if answer.status == KIT_ERROR else answer.status
    wanted = len(question.outputs) or 1
    if len(answer.values) != wanted:
        return (
            f"got {describe_count(len(answer.values))} values, expected {wanted} "
            f"({', '.join(question.outputs)})"
        )
    for index, (got, want) in enumerate(zip(answer.values, case.expected, strict=True)):
        problem = describe_array_problem(case, got, want)
        if not problem and not is_close(got, want, question):
            problem = (
                describe_error(got, want)
                if public
                else describe_roughly(question, index, got, want)
            )
        if problem:
            return f"{question.outputs[index]}: {problem}" if question.outputs else problem
    return ""


def describe_array_problem(case: DrawnCase, got: np.ndarray, want: np.ndarray) -> str:
    """Returns what is wrong with an array's type or shape; an empty text if nothing is."""
    if got.dtype.name not in ("float32", "float64"):
        kind = KNOWN_TYPES.get(got.dtype.name, got.dtype.name)
        return f"got {kind}, expected float32 or float64"
    if got.shape != want.shape:
        known = {1, *case.sizes.values()}
        return f"got {describe_shape(got.shape, known)}, expected {format_shape(want.shape)}"
    return ""


def doubtful_case(question: DrawnQuestion, verdict: Verdict) -> DrawnCase | None:
    """Returns a case with an unexplained wrong answer, to be asked twice more, or None."""
    if verdict.mistake or question.sampled:
        return None
    wrong = [case.name for case in verdict.cases if case.status == "wrong"]
    return next((case for case in question.cases if case.name in wrong), None)


def case_status(case: DrawnCase, answer: Answer, passed: bool) -> str:
    """Returns the status of one case: that of the answer, or "correct", "wrong" or "malformed"."""
    if answer.status != "ok":
        return answer.status
    return "correct" if passed else "wrong" if has_form(case, answer) else "malformed"


def has_form(case: DrawnCase, answer: Answer) -> bool:
    """Tells whether an answer has the right number of values, all floats of the right shapes."""
    return len(answer.values) == len(case.expected) and all(
        got.shape == want.shape and got.dtype.name in ("float32", "float64")
        for got, want in zip(answer.values, case.expected, strict=True)
    )


def question_status(verdicts: Sequence[CaseVerdict], mistakes: Sequence[Mistake]) -> str:
    """Returns the status of a question from the verdicts on its cases."""
    failed = [verdict for verdict in verdicts if not verdict.passed]
    if not failed:
        return "correct"
    generic = [verdict for verdict in failed if verdict.kind == GENERIC]
    if not generic:
        return "partial"
    if mistakes:
        return "wrong"
    return generic[0].status
