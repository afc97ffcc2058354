"""The verdict on a question: from answers to its cases, and from findings on its properties.

No formula of the course stands here: a question is known by its cases, the expected values, and the values that each known
mistake would give.
"""

from dataclasses import replace

from .compare import is_close, worst_error
from .describe import KNOWN_TYPES, describe_error, describe_roughly, few, show_shape, shown_shape
from .explain import explain, explain_failure, kit_failed
from .naming import TWO_CALLS_DIFFER, calls_differ, joined, name_mistakes
from .question import GENERIC, KIT_ERROR, PROPERTY, CaseVerdict, Verdict

GENERIC_SHARE = 0.7


def judge(question, answers, public=False, again=()):
    """Returns the `Verdict` on `answers`, a dict from the name of a case to an `Answer`.

    Args:
        question: The `Question`.
        answers: The answers to its cases.
        public: Whether the inputs are public. Then errors are shown in numbers, else in rough words (see `describe_roughly`).
        again: The answers to one case that was asked twice in a row (see `doubtful_case`).
    """
    problems = {case.name: problem(question, case, answers[case.name], public) for case in question.cases}
    mistakes = name_mistakes(question, answers) if any(problems.values()) else []
    if not mistakes and calls_differ(question, again):
        mistakes = [replace(TWO_CALLS_DIFFER, source=question.source)]
    all_passed = not any(problems.values())
    verdicts = []
    for case in question.cases:
        # Many a wrong formula is right at q = prior or at zero: edge cases count together, and only with all the others.
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
                mistake=joined(mistakes) if mistakes and not passed else None,
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
        mistake=joined(mistakes) if mistakes else None,
        message=explain(question, verdicts, status, mistakes, answers),
        hint="\n".join(mistake.hint for mistake in mistakes),
        source=next((mistake.source for mistake in mistakes if mistake.source), question.source),
        cases=tuple(verdicts),
    )


def unjudged(name, points, status, message, source=""):
    """Returns the `Verdict` on a question that never came to be asked: the notebook could not be read, say."""
    return Verdict(name, 0.0, points, status, None, message, "", source, ())


def judge_properties(question, findings, public=False):
    """Returns the `Verdict` on the properties of `question`, from a dict from their names to `Finding`s.

    Where the inputs are `public` the student is told the digits too.
    """
    verdicts, lines, mistakes = [], [], {}
    counts = {item.name: counts_for_itself(question, item, findings) for item in question.properties}
    for item in question.properties:
        found = findings[item.name]
        named = [mistake for mistake in item.mistakes if mistake.name in found.mistake.split(" and ")]
        passed = found.status == "ok" and counts[item.name]
        if found.status == "ok" and not passed:
            lines.append(f"{item.name}: {ALONE}")
        elif not passed:
            mistakes |= {mistake.name: mistake for mistake in named}
            lines.append(f"{item.name}: {said_of(question, item, found, named, public)}")
        verdicts.append(
            CaseVerdict(
                name=item.name,
                kind=PROPERTY,
                passed=passed,
                points=item.points if passed else 0.0,
                status="correct" if passed else "wrong" if found.status == "ok" else found.status,
                worst_error=None,
                mistake=" and ".join(mistake.name for mistake in named) or None,
                problem="" if passed else ALONE if found.status == "ok" else seen_in(found, public) or found.status,
                digits=found.digits,
            )
        )
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
        # Each was found by itself: "or" is for what cannot be told apart.
        mistake=" and ".join(mistakes) or None,
        message=message or f"All {len(verdicts)} properties hold.",
        hint="\n".join(mistake.hint for mistake in mistakes.values()),
        source=next(
            (source for item in question.properties for source in places(item, findings[item.name])), question.source
        ),
        cases=tuple(verdicts),
    )


ALONE = "It holds, and counts only together with another property."


def counts_for_itself(question, item, findings):
    """Tells whether a property that holds is worth its points: shapes are not where nothing else holds."""
    others = (other.name for other in question.properties if other.counts_alone)
    return item.counts_alone or any(findings[name].status == "ok" for name in others)


def places(item, found):
    """Returns where the lecture has what a broken property is about, that of a named mistake first."""
    if found.status == "ok":
        return []
    named = [mistake.source for mistake in item.mistakes if mistake.name in found.mistake.split(" and ")]
    return [source for source in (*named, item.source) if source]


def said_of(question, item, found, named, public=False):
    """Returns what to say to a property that does not hold."""
    if found.status == "unexamined":
        return f"Not examined: {found.detail}."
    if found.status == KIT_ERROR:
        return kit_failed(found.detail)
    if found.status != "wrong":
        return explain_failure(question, found.status, found.answer) or found.status
    hints = " ".join(mistake.hint for mistake in named) or item.hint
    seen = seen_in(found, public)
    return f"{hints} ({seen[:1].upper()}{seen[1:]}.)" if seen else hints


def seen_in(found, public):
    """Returns what was seen, for the student: in words, and where the inputs are public in digits too."""
    return f"{found.detail}; {found.digits}" if public and found.digits else found.detail


def combine(question, first, second):
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


def problem(question, case, answer, public=False):
    """Returns in a few words what is wrong with `answer` on `case`; an empty text where nothing is."""
    if answer.status != "ok":
        return answer.text if answer.status == KIT_ERROR else answer.status
    wanted = len(question.outputs) or 1
    if len(answer.values) != wanted:
        return f"got {few(len(answer.values))} values, expected {wanted} ({', '.join(question.outputs)})"
    for index, (got, want) in enumerate(zip(answer.values, case.expected, strict=True)):
        label = f"{question.outputs[index]}: " if question.outputs else ""
        if got.dtype.name not in ("float32", "float64"):
            return f"{label}got {KNOWN_TYPES.get(got.dtype.name, got.dtype.name)}, expected float32 or float64"
        if got.shape != want.shape:
            known = {1, *case.sizes.values()}
            return f"{label}got {shown_shape(got.shape, known)}, expected {show_shape(want.shape)}"
        if not is_close(got, want, question):
            said = describe_error(got, want) if public else describe_roughly(question, index, got, want)
            return f"{label}{said}"
    return ""


def doubtful_case(question, verdict):
    """Returns a case that is worth asking twice: one with a wrong answer that has no name; else None."""
    if verdict.mistake or question.sampled:
        return None
    wrong = [case.name for case in verdict.cases if case.status == "wrong"]
    return next((case for case in question.cases if case.name in wrong), None)


def case_status(case, answer, passed):
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
    failed = [verdict for verdict in verdicts if not verdict.passed]
    if not failed:
        return "correct"
    generic = [verdict for verdict in failed if verdict.kind == GENERIC]
    if not generic:
        return "partial"
    if mistakes:
        return "wrong"
    return generic[0].status
