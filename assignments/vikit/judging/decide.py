"""The verdict on a question: from the answers to its cases, and from the findings on its properties.

No formula of the course is here. A question is its cases, the expected values, and the values of each known mistake.
"""

from dataclasses import replace

from .compare import is_close, worst_error
from .describe import KNOWN_TYPES, describe_count, describe_error, describe_roughly, describe_shape, format_shape
from .explain import explain_failure, explain_kit_failure, write_message
from .naming import TWO_CALLS_DIFFER, has_unequal_calls, join_names, name_mistakes
from .question import GENERIC, KIT_ERROR, PROPERTY, CaseVerdict, Verdict

__all__ = ["GENERIC_SHARE", "build_unjudged_verdict", "combine_verdicts", "doubtful_case", "judge", "judge_properties"]


GENERIC_SHARE = 0.7


def judge(question, answers, public=False, again=()):
    """Returns the `Verdict` on `answers`, a dict from the name of a case to an `Answer`.

    Args:
        question: The `Question`.
        answers: The answers to its cases.
        public: Whether the inputs are public. Then errors are shown in numbers, else in rough words (see `describe_roughly`).
        again: The answers to one case that was asked twice in a row (see `doubtful_case`).
    """
    problems = {case.name: describe_problem(question, case, answers[case.name], public) for case in question.cases}
    mistakes = name_mistakes(question, answers) if any(problems.values()) else []
    if not mistakes and has_unequal_calls(question, again):
        mistakes = [replace(TWO_CALLS_DIFFER, source=question.source)]
    all_passed = not any(problems.values())
    verdicts = []
    for case in question.cases:
        # Many wrong formulas are right at q = prior or at zero: edge cases earn points only where every case passes.
        counts = case.kind == GENERIC or all_passed
        passed = not problems[case.name]
        same_kind = sum(other.kind == case.kind for other in question.cases)
        share = GENERIC_SHARE if case.kind == GENERIC else 1 - GENERIC_SHARE
        points = question.points * share / same_kind if passed and counts else 0.0
        verdicts.append(
            CaseVerdict(
                name=case.name,
                kind=case.kind,
                passed=passed,
                points=points,
                status=case_status(case, answers[case.name], passed),
                worst_error=worst_error(case, answers[case.name]),
                mistake=join_names(mistakes) if mistakes and not passed else None,
                problem=problems[case.name],
            )
        )
    status = question_status(verdicts, mistakes)
    return Verdict(
        name=question.name,
        # The shares add up to the points only up to rounding: a perfect answer is worth exactly its points.
        score=question.points if all_passed else sum(verdict.points for verdict in verdicts),
        max_score=question.points,
        status=status,
        mistake=join_names(mistakes) if mistakes else None,
        message=write_message(question, verdicts, status, mistakes, answers),
        hint="\n".join(mistake.hint for mistake in mistakes),
        source=next((mistake.source for mistake in mistakes if mistake.source), question.source),
        cases=tuple(verdicts),
    )


def build_unjudged_verdict(question, status, message):
    """Returns the `Verdict` on a question that was not asked, for example because the notebook could not be read."""
    return Verdict(question.name, 0.0, question.points, status, None, message, "", question.source, ())


def judge_properties(question, findings, public=False):
    """Returns the `Verdict` on the properties of `question`.

    Args:
        question: The `Question`.
        findings: A dict from the name of each property to its `Finding`.
        public: Whether the inputs are public: then the student reads the digits too.
    """
    verdicts, lines, mistakes = [], [], {}
    for item in question.properties:
        found, named = findings[item.name], named_mistakes(item, findings[item.name])
        verdict = judge_property(item, found, is_worth_its_points(question, item, findings), public)
        verdicts.append(verdict)
        if found.status == "ok" and not verdict.passed:
            lines.append(f"{item.name}: {HOLDS_ALONE}")
        elif not verdict.passed:
            mistakes |= {mistake.name: mistake for mistake in named}
            lines.append(f"{item.name}: {explain_property(question, item, found, named, public)}")
    failed = [verdict for verdict in verdicts if not verdict.passed]
    statuses = {verdict.status for verdict in failed}
    status = statuses.pop() if len(statuses) == 1 and len(failed) == len(verdicts) else "wrong"
    texts = list(dict.fromkeys(line.partition(": ")[2] for line in lines))
    message = texts[0] if len(failed) == len(verdicts) and len(texts) == 1 else "\n".join(lines)
    return Verdict(
        name=question.name,
        score=sum(verdict.points for verdict in verdicts),
        max_score=sum(item.points for item in question.properties),
        status="correct" if not failed else "partial" if status == "wrong" and len(failed) < len(verdicts) else status,
        # Each was found by itself; " or " joins mistakes that the inputs cannot tell apart.
        mistake=" and ".join(mistakes) or None,
        message=message or f"All {len(verdicts)} properties hold.",
        hint="\n".join(mistake.hint for mistake in mistakes.values()),
        source=next(
            (source for item in question.properties for source in lecture_sources(item, findings[item.name])),
            question.source,
        ),
        cases=tuple(verdicts),
    )


def named_mistakes(item, found):
    """Returns the mistakes of a property that its `Finding` names."""
    return [mistake for mistake in item.mistakes if mistake.name in found.mistake.split(" and ")]


def judge_property(item, found, counts, public):
    """Returns the `CaseVerdict` on one property; `counts` says whether it is worth its points if it holds."""
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
    )


def describe_failure(found, public):
    """Returns in words why a property has no points."""
    return HOLDS_ALONE if found.status == "ok" else describe_finding(found, public) or found.status


HOLDS_ALONE = "It holds, and counts only together with another property."


def is_worth_its_points(question, item, findings):
    """Tells whether a property that holds earns its points: shapes earn none where nothing else holds."""
    others = (other.name for other in question.properties if other.counts_alone)
    return item.counts_alone or any(findings[name].status == "ok" for name in others)


def lecture_sources(item, found):
    """Returns the lecture sources of a property that does not hold, those of its named mistakes first."""
    if found.status == "ok":
        return []
    named = [mistake.source for mistake in named_mistakes(item, found)]
    return [source for source in (*named, item.source) if source]


def explain_property(question, item, found, named, public=False):
    """Returns the message for the student on a property that does not hold."""
    if found.status == "unexamined":
        return f"Not examined: {found.detail}."
    if found.status == KIT_ERROR:
        return explain_kit_failure(found.detail)
    if found.status != "wrong":
        return explain_failure(question, found.status, found.answer) or found.status
    hints = " ".join(mistake.hint for mistake in named) or item.hint
    seen = describe_finding(found, public)
    return f"{hints} ({seen[:1].upper()}{seen[1:]}.)" if seen else hints


def describe_finding(found, public):
    """Returns in words what an examination saw, for the student; in digits too where the inputs are public."""
    return f"{found.detail}; {found.measured}" if public and found.measured else found.detail


def combine_verdicts(question, first, second):
    """Returns the verdict on a function from those on its cases and on its properties."""
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
        message=first.message if second.status == "correct" or not counts else f"{first.message}\n{second.message}",
        cases=cases
        if counts
        else tuple(replace(case, points=0.0) if case.kind == PROPERTY else case for case in cases),
    )


def describe_problem(question, case, answer, public=False):
    """Returns in a few words what is wrong with `answer` on `case`; an empty text where nothing is."""
    if answer.status != "ok":
        return answer.text if answer.status == KIT_ERROR else answer.status
    wanted = len(question.outputs) or 1
    if len(answer.values) != wanted:
        return f"got {describe_count(len(answer.values))} values, expected {wanted} ({', '.join(question.outputs)})"
    for index, (got, want) in enumerate(zip(answer.values, case.expected, strict=True)):
        label = f"{question.outputs[index]}: " if question.outputs else ""
        if got.dtype.name not in ("float32", "float64"):
            return f"{label}got {KNOWN_TYPES.get(got.dtype.name, got.dtype.name)}, expected float32 or float64"
        if got.shape != want.shape:
            known = {1, *case.sizes.values()}
            return f"{label}got {describe_shape(got.shape, known)}, expected {format_shape(want.shape)}"
        if not is_close(got, want, question):
            error = describe_error(got, want) if public else describe_roughly(question, index, got, want)
            return f"{label}{error}"
    return ""


def doubtful_case(question, verdict):
    """Returns a case with a wrong answer that no mistake explains, which is asked twice more; None if there is none."""
    if verdict.mistake or question.sampled:
        return None
    wrong = [case.name for case in verdict.cases if case.status == "wrong"]
    return next((case for case in question.cases if case.name in wrong), None)


def case_status(case, answer, passed):
    """Returns the status of one case: that of the answer, or "correct", "wrong" or "malformed"."""
    if answer.status != "ok":
        return answer.status
    return "correct" if passed else "wrong" if has_form(case, answer) else "malformed"


def has_form(case, answer):
    """Tells whether an answer has the right number of values, all floats of the right shapes."""
    return len(answer.values) == len(case.expected) and all(
        got.shape == want.shape and got.dtype.name in ("float32", "float64")
        for got, want in zip(answer.values, case.expected, strict=True)
    )


def question_status(verdicts, mistakes):
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
