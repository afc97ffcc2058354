"""Comparing, naming and explaining: what `check` says in a notebook and what the grader writes come from here.

This module holds no formula of the course. It knows a question by its cases: inputs, the expected values, and the
values that each known mistake would give. An answer that equals the values of a mistake on every case is that mistake.
"""

import math
import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import combinations

import numpy as np

GENERIC, EDGE, PROPERTY = "generic", "edge", "property"
GENERIC_SHARE = 0.7
ATOL, RTOL = 1e-5, 1e-4
LARGEST = float(np.finfo(np.float32).max)
# The status of what could not be judged because the kit itself raised an exception (see `faults`).
KIT_ERROR = "kit_error"

# Types whose names the grader repeats. Others stay unnamed: a student's process could hide hidden inputs in a name.
KNOWN_TYPES = {
    "NoneType": "None", "str": "text", "bytes": "bytes", "dict": "a dict", "set": "a set", "list": "a list",
    "tuple": "a tuple", "function": "a function", "type": "a class", "generator": "a generator", "bool": "a boolean",
    "object": "an object that is no array", "complex": "complex numbers", "complex64": "complex numbers",
    "complex128": "complex numbers", "int8": "integers", "int16": "integers", "int32": "integers", "int64": "integers",
    "int": "integers", "uint8": "integers", "uint32": "integers", "float16": "float16 numbers",
    "bfloat16": "bfloat16 numbers", "str_": "text", "ndarray": "an array without a usable type",
    "float32": "one array", "float64": "one array", "too large": "more than 8 MiB of numbers",
    "symbolic": "a symbolic tensor, which holds no numbers (look for tf.Graph, tf.compat.v1 or keras.Input)",
}  # fmt: skip


@dataclass(frozen=True)
class Mistake:
    """A known wrong answer: its name, what a teaching assistant would say to it, and where the lecture has it."""

    name: str
    hint: str
    place: str = ""


@dataclass(frozen=True)
class Case:
    """One set of inputs of a question with the values that come out, right and wrong.

    Attributes:
        name: What is special about these inputs, in words.
        kind: `"generic"` or `"edge"`.
        arguments: What the function is called with, by position (see `wire.pack_argument`).
        expected: The right values, float64, one array for each output.
        wrong: For each known mistake the values it gives: a tuple of variants (spellings of the same mistake, in float64
            and, where that differs, in float32), each like `expected`.
        sizes: The sizes of the named axes, for example `{"B": 5, "K": 3}`.
        careful: A right answer whose relative error is above this keeps its points and earns `remark`; 0 for none.
        remark: What to say to it.
    """

    name: str
    kind: str
    arguments: tuple
    expected: tuple
    wrong: dict = field(default_factory=dict)
    sizes: dict = field(default_factory=dict)
    careful: float = 0.0
    remark: str = ""


@dataclass(frozen=True)
class Property:
    """What must hold for every right answer, whatever its values (see `properties`).

    Attributes:
        name: What holds, as a name.
        points: What it is worth, out of the question's points.
        hint: What is off where it does not hold, and why that matters.
        place: Where the lecture has it.
        kind: The name of the examination.
        options: What the examination is given besides; JSON data.
        mistakes: What the values may tell: names, hints, places.
        counts_alone: Whether it is worth its points where no other property of the question holds. Shapes are not.
    """

    name: str
    points: float
    hint: str
    place: str
    kind: str
    options: dict = field(default_factory=dict)
    mistakes: tuple = ()
    counts_alone: bool = True


@dataclass(frozen=True)
class Finding:
    """How the examination of a property ended.

    `status` is `"ok"` (it holds), `"wrong"`, or why there was nothing to examine; then `answer` has the details. `mistake` is
    the name of a mistake where the values tell it, several joined by " and "; `detail` says in words what was seen, and
    `digits` in numbers, for the staff.
    """

    status: str
    mistake: str = ""
    detail: str = ""
    answer: "Answer | None" = None
    digits: str = ""


@dataclass(frozen=True, eq=False)
class Question:
    """A question with the inputs drawn for one student.

    `outputs` names the values that a tuple holds; it is empty where the function returns one array. `shape` is the
    documented shape of the answer, for messages. A class has `properties` and no cases; a function may have both. `sampled`
    says that a right answer comes out of random numbers: its tolerance is wide, and leaves no room to tell transformations of
    mistakes apart. `seconds` is a time limit of its own.
    """

    name: str
    points: float
    place: str
    cases: tuple
    mistakes: tuple = ()
    outputs: tuple = ()
    shape: str = ""
    atol: float = ATOL
    rtol: float = RTOL
    properties: tuple = ()
    sampled: bool = False
    seconds: float | None = None


@dataclass(frozen=True)
class Answer:
    """What a student's function gave for one case: arrays, or a status that says why there are none."""

    status: str
    values: tuple = ()
    kind: str = ""
    line: int | None = None
    text: str = ""


@dataclass(frozen=True)
class CaseVerdict:
    """The judgement of one case, or of one property.

    `problem` is for the student, in words; `worst_error`, a number, and `digits`, those of a property, are for the staff.
    """

    name: str
    kind: str
    passed: bool
    points: float
    status: str
    worst_error: float | None
    mistake: str | None
    problem: str = ""
    digits: str = ""


@dataclass(frozen=True)
class Verdict:
    """The judgement of one question: `score` out of `max_score`, why, and the cases one by one."""

    name: str
    score: float
    max_score: float
    status: str
    mistake: str | None
    message: str
    hint: str
    place: str
    cases: tuple
    follows: str | None = None


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
        mistakes = [replace(TWO_CALLS_DIFFER, place=question.place)]
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
        place=next((mistake.place for mistake in mistakes if mistake.place), question.place),
        cases=tuple(verdicts),
    )


def unjudged(name, points, status, message, place=""):
    """Returns the `Verdict` on a question that never came to be asked: the notebook could not be read, say."""
    return Verdict(name, 0.0, points, status, None, message, "", place, ())


# Properties.


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
        place=next(
            (place for item in question.properties for place in places(item, findings[item.name])), question.place
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
    named = [mistake.place for mistake in item.mistakes if mistake.name in found.mistake.split(" and ")]
    return [place for place in (*named, item.place) if place]


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


def together(question, first, second):
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


# Comparing.


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


def is_close(got, want, question):
    """Tells whether every value is within `atol + rtol * abs(want)`. NaN never is."""
    return bool(np.all(are_close(got, want, question)))


def are_close(got, want, question):
    with np.errstate(all="ignore"):
        error = np.abs(np.asarray(got, np.float64) - want)
        return (error <= question.atol + question.rtol * np.abs(want)) & np.isfinite(want)


def worst_error(case, answer):
    """Returns the largest absolute error to one significant digit; None where there is no number to give."""
    if answer.status != "ok" or len(answer.values) != len(case.expected):
        return None
    worst = 0.0
    for got, want in zip(answer.values, case.expected, strict=True):
        if got.shape != want.shape or got.dtype.kind != "f":
            return None
        with np.errstate(all="ignore"):
            worst = max(worst, float(np.max(np.abs(got.astype(np.float64) - want), initial=0.0)))
        if np.isnan(got).any():
            return None
    return one_digit(worst) if math.isfinite(worst) else None


def one_digit(number):
    """Returns a number to one significant digit; 1e308 where that is more than any number of float64, or infinite."""
    rounded = float(f"{number:.0e}")
    return math.copysign(1e308, rounded) if math.isinf(rounded) else rounded


def describe_error(got, want):
    """Returns the size of the error to one significant digit: never a value itself. For public inputs."""
    if np.isnan(got).any():
        return f"{int(np.isnan(got).sum())} of {got.size} values are NaN"
    if np.isinf(got).any():
        return f"{int(np.isinf(got).sum())} of {got.size} values are infinite"
    return f"values are off by up to {one_digit(np.max(np.abs(got - want))):g}"


# Half powers of ten. Three steps are more than a factor of ten.
STEPS_OF_TEN, FAR, SMALLEST = 2, 3, 1e-3
OF_THAT_SIZE = "wrong, but of roughly the right size"


def describe_roughly(question, index, got, want):
    """Returns in words how the output `index` is off, for hidden inputs.

    Of the right values only the sign and the rough size are looked at, and which of the values are right. So nobody finds a
    right value by moving an answer until the words change: they change at places that do not depend on it.
    """
    for is_such, name in ((np.isnan, "NaN"), (np.isinf, "infinite")):
        if is_such(got).any():
            return f"{'all' if is_such(got).all() else 'some'} values are {name}"
    some = "the value is" if got.size == 1 else "some values are"
    return f"{some} {how_far(got, want)}{only_in(question, index, ~are_close(got, want, question))}"


def how_far(got, want):
    """Returns in words how values are off, as `describe_roughly`: what is said of the worst of them."""
    if not np.isfinite(got).all():
        return "NaN or infinite"
    sign, size = rough(got)
    right_sign, right_size = rough(want)
    if np.any(size - right_size >= FAR):
        return "far too large: more than ten times what is right"
    if np.any(sign * right_sign < 0):
        return "of the opposite sign"
    if np.any(right_size - size >= FAR):
        return "far too small: less than a tenth of what is right"
    return OF_THAT_SIZE


def compared(got, want):
    """Returns in words how one number is off, as `how_far`; "too large" or "too small" where the rough sizes differ."""
    said, (sign, size), (right_sign, right_size) = how_far(got, want), rough(got), rough(want)
    if said != OF_THAT_SIZE or size == right_size or not sign == right_sign == 1:
        return said
    return "too large" if size > right_size else "too small"


def described(name, got, want, origin, unit=""):
    """Returns in words, and then in digits, how the values called `name` are off from those that come from `origin`."""
    with np.errstate(all="ignore"):
        worst = one_digit(np.max(np.abs(got - want)))
    return (
        f"judged by {origin}, some values of {name} are {how_far(got, want)}",
        f"{name} is off by up to {worst:g}{unit} from {origin}",
    )


def rough(values):
    """Returns the sign and the size of each value, in half powers of ten; what is below SMALLEST counts as 0."""
    sizes = np.abs(np.asarray(values, np.float64))
    steps = np.floor(STEPS_OF_TEN * np.log10(np.maximum(sizes, SMALLEST)))
    return np.where(sizes < SMALLEST, 0, np.sign(values)), steps


AXES = {
    "B": "example", "L": "sample", "K": "dimension", "D": "dimension", "C": "class", "X": "row", "Z": "state", "n": "row",
}  # fmt: skip


def only_in(question, index, wrong):
    """Returns where the wrong values are if all of them belong to one example, one dimension or the like; else nothing."""
    shapes = question.shape.split(" and ")
    letters = shapes[index].strip("[]").split(",") if index < len(shapes) else []
    if len(letters) != wrong.ndim:
        return ""
    for axis, letter in enumerate(letters):
        others = tuple(other for other in range(wrong.ndim) if other != axis)
        if letter in AXES and wrong.shape[axis] > 1 and np.sum(wrong.any(axis=others)) == 1:
            return f" (in one {AXES[letter]} only)"
    return ""


def shown_shape(shape, known):
    """Returns a shape in words. An axis of a size that is not `known` could carry a hidden input out: it is not shown."""
    return f"shape {show_shape(shape)}" if len(shape) <= MOST_AXES and set(shape) <= known else "another shape"


def few(count):
    """Returns a number of things that came back; a large one could carry a hidden input out, and is not shown."""
    return str(count) if count < 10 else "too many"


MOST_AXES = 4


def show_shape(shape):
    return "[" + ",".join(str(size) for size in shape) + "]"


# Naming.


@dataclass(frozen=True)
class Fingerprints:
    """The values of everything that can be named, side by side.

    Attributes:
        mistakes: One `Mistake` for each row.
        levels: Precedence of each row: 0 a listed mistake, 1 a closure of the right answer, 2 a closure of a mistake.
        values: All values of a row, over cases and outputs. Shape `[rows, numbers]`.
        right: The right values. Shape `[numbers]`.
    """

    mistakes: tuple
    levels: np.ndarray
    values: np.ndarray
    right: np.ndarray


def name_mistakes(question, answers):
    """Returns the mistakes that explain the answers: none, one, or several that these inputs cannot tell apart.

    A listed mistake goes before a closure (negated, doubled, ...) of the right answer, and that before a closure of a
    listed mistake.
    """
    given = given_values(question, answers)
    if given is None:
        return []
    prints = fingerprints(question)
    fits = same_rows(prints.values, given, question)
    if not fits.any():
        return []
    first = prints.levels[fits].min()
    named = [prints.mistakes[row] for row in np.flatnonzero(fits & (prints.levels == first))]
    return list({mistake.name: mistake for mistake in named}.values())


TWO_CALLS_DIFFER = Mistake(
    "two_calls_differ",
    "Two calls with the same inputs gave different values: noise that your function draws itself comes in, or what an earlier "
    "call left behind. Use the arguments alone: where noise is one of them, that noise.",
)


def doubtful_case(question, verdict):
    """Returns a case that is worth asking twice: one with a wrong answer that has no name; else None."""
    if verdict.mistake or question.sampled:
        return None
    wrong = [case.name for case in verdict.cases if case.status == "wrong"]
    return next((case for case in question.cases if case.name in wrong), None)


def calls_differ(question, again):
    """Tells whether the answers to two calls with the same inputs are further apart than rounding."""
    if len(again) != 2 or any(answer.status != "ok" for answer in again):
        return False
    # A tuple may be empty.
    first, second = (np.concatenate([np.zeros(0), *map(np.ravel, answer.values)]) for answer in again)
    return first.shape != second.shape or not same_rows(first.astype(float), second.astype(float), question)


def given_values(question, answers):
    """Returns all numbers of an answer in one row, None where some are missing or not of the right form."""
    row = []
    for case in question.cases:
        answer = answers[case.name]
        if answer.status != "ok" or len(answer.values) != len(case.expected):
            return None
        for value, want in zip(answer.values, case.expected, strict=True):
            spread = spread_out(value, want)
            # The same numbers in another shape: a table transposed, a column for a row.
            if spread.size != want.size or spread.dtype.kind != "f":
                return None
            row.append(np.asarray(spread, np.float64).ravel())
    return np.concatenate(row)


def spread_out(value, want):
    """Returns a single number as an array like `want`: a sum over the batch often comes back as a scalar."""
    return np.full(np.shape(want), value.reshape(())) if value.size == 1 else value


def same_rows(rows, given, question):
    """Tells for each row of values whether `given` shows it: close where finite, the same NaN and infinities elsewhere.

    `given` may be several rows, in axes before the last but one.
    """
    rows, given = in_range(rows), in_range(given)
    with np.errstate(all="ignore"):
        close = np.abs(given - rows) <= question.atol + question.rtol * np.abs(rows)
    close = np.where(
        np.isfinite(rows) & np.isfinite(given), close, (rows == given) | (np.isnan(rows) & np.isnan(given))
    )
    return close.all(axis=-1)


def in_range(values):
    """Returns `values` with infinity in the place of what is too large for float32: a student may compute in either."""
    return np.where(np.abs(values) > LARGEST, np.copysign(np.inf, values), values)


@lru_cache(maxsize=32)
def fingerprints(question):
    """Returns the `Fingerprints` of a question; what equals the right answer is no mistake and left out."""
    right = flat(question, {case.name: case.expected for case in question.cases})
    spellings = {mistake: np.stack(list(variants(question, mistake))) for mistake in question.mistakes}
    steps = closures(question)
    named, levels, rows = [], [], []
    for mistake, values in spellings.items():
        named += [mistake] * len(values)
        levels += [0] * len(values)
        rows += list(values)
    with np.errstate(all="ignore"):
        for name, step in steps.items():
            named.append(closure_mistake(question, name))
            levels.append(1)
            rows.append(step(right[None])[0])
        firsts = np.stack([right, *(values[0] for values in spellings.values())])
        changed = {name: step(firsts)[1:] for name, step in steps.items()}
    # Where the tolerance is wide there is no room for them.
    transformed = {} if question.sampled else spellings
    for index, (mistake, values) in enumerate(transformed.items()):
        found = np.stack([of_each[index] for of_each in changed.values()])
        # Half a squared error is a squared error still.
        own = same_rows(values, found[:, None], question).any(axis=1)
        for name, row, known in zip(changed, found, own, strict=True):
            if not known:
                named.append(closure_mistake(question, name, mistake))
                levels.append(2)
                rows.append(row)
    rows = np.stack(rows)
    kept = ~same_rows(rows, right, question)
    return Fingerprints(
        mistakes=tuple(mistake for mistake, keep in zip(named, kept, strict=True) if keep),
        levels=np.array(levels)[kept],
        values=rows[kept],
        right=right,
    )


def variants(question, mistake):
    """Yields the values that a mistake gives in one row, for each of its variants; the first is the formula itself."""
    count = max((len(case.wrong[mistake.name]) for case in question.cases), default=0)
    for index in range(count):
        yield flat(
            question,
            {
                case.name: case.wrong[mistake.name][min(index, len(case.wrong[mistake.name]) - 1)]
                for case in question.cases
            },
        )


def flat(question, values):
    return np.concatenate([np.ravel(value) for case in question.cases for value in values[case.name]])


def closures(question):
    """Returns the common transformations of answers: a dict from name to a function of rows, `[rows, numbers]` to the same.

    In a tuple one transformation may have hit all of the outputs or some of them.
    """
    parts = list(layout(question))
    factors = {
        "closure_negated": lambda case: -1.0,
        "closure_doubled": lambda case: 2.0,
        "closure_halved": lambda case: 0.5,
        "closure_bits": lambda case: 1 / math.log(2),
    }
    sizes = question.cases[0].sizes
    for axis in "KDLC":
        if axis in sizes:
            factors[f"closure_mean_over_{axis}"] = lambda case, axis=axis: 1 / case.sizes[axis]
    reductions = {}
    if "B" in sizes:
        reductions["closure_summed_over_batch"] = lambda case: 1
        reductions["closure_averaged_over_batch"] = lambda case: case.sizes["B"]
    steps = {}
    for closure, factor in factors.items():
        for chosen in choices(question.outputs):
            steps[called(question, closure, chosen)] = scaling(parts, chosen, factor)
    for closure, divisor in reductions.items():
        for chosen in choices(question.outputs):
            steps[called(question, closure, chosen)] = batch_reduction(parts, chosen, divisor)
    return steps


def layout(question):
    """Yields (case, output's name, slice, shape) of each array in a row of all values."""
    start = 0
    for case in question.cases:
        for name, want in zip(question.outputs or (None,), case.expected, strict=True):
            yield case, name, slice(start, start + want.size), want.shape
            start += want.size


def called(question, closure, chosen):
    return f"{closure} in {' and '.join(chosen)}" if len(chosen) < len(question.outputs) else closure


def choices(outputs):
    """Returns the sets of outputs that one transformation may have hit: all of them first, then fewer."""
    return [chosen for size in range(len(outputs), 0, -1) for chosen in combinations(outputs, size)] or [()]


def scaling(parts, chosen, factor):
    """Returns the function that multiplies the chosen outputs of a case by `factor(case)`."""
    scale = np.ones(parts[-1][2].stop)
    for case, name, place, _ in parts:
        if name is None or name in chosen:
            scale[place] = factor(case)
    return lambda rows: rows * scale


def batch_reduction(parts, chosen, divisor):
    """Returns the function that puts the sum over the batch, divided by `divisor(case)`, in the place of each example."""

    def reduce(rows):
        reduced = rows.copy()
        for case, name, place, shape in parts:
            if name is not None and name not in chosen:
                continue
            batch = case.sizes["B"]
            if shape and shape[0] == batch:
                values = rows[:, place].reshape(len(rows), *shape)
                total = values.sum(axis=1, keepdims=True) / divisor(case)
                reduced[:, place] = np.broadcast_to(total, values.shape).reshape(len(rows), -1)
            else:
                reduced[:, place] = rows[:, place] * batch / divisor(case) ** 2
        return reduced

    return reduce


CLOSURE_HINTS = {
    "closure_negated": "The sign is the opposite one.",
    "closure_doubled": "There is a factor 2 too much: look for a 1/2 that is missing, or for something that counts twice.",
    "closure_halved": "There is a factor 1/2 too much.",
    "closure_bits": "There is a factor 1.44 too much. That is 1/log 2, the factor from nats to bits: this course works in "
    "nats, with the natural logarithm.",
    "closure_mean_over_K": "You averaged over the latent dimensions; sum over them.",
    "closure_mean_over_D": "You averaged over the data dimensions; sum over them.",
    "closure_mean_over_L": "You averaged over the samples once too often.",
    "closure_mean_over_C": "You averaged over the classes; sum over them.",
    "closure_summed_over_batch": "You also summed over the batch; examples must stay separate.",
    "closure_averaged_over_batch": "You also averaged over the batch; examples must stay separate.",
}


def closure_mistake(question, name, inner=None):
    closure, _, output = name.partition(" in ")
    hint = (f"In {output}: " if output else "") + CLOSURE_HINTS[closure]
    if inner is None:
        return Mistake(name, hint, question.place)
    return Mistake(f"{name} of {inner.name}", f"{inner.hint} Besides: {hint}", inner.place)


def joined(mistakes):
    return " or ".join(dict.fromkeys(mistake.name for mistake in mistakes))


# Explaining.


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


def explain(question, verdicts, status, mistakes, answers):
    """Returns the message for the student: what is off, and on which cases. No input and no expected value is in it."""
    total = len(verdicts)
    failed = [verdict for verdict in verdicts if not verdict.passed]
    if status == "correct":
        return " ".join([f"Right on all {total} cases.", *remarks(question, answers)])
    answer = answers[failed[0].name]
    fixed = explain_failure(question, status, answer)
    if fixed and len(failed) == total:
        return fixed
    where = f"{len(failed)} of {total} cases"
    if status == "partial":
        where += ", all of them edge cases (which count only together)"
    lines = [f"Not right on {where}."]
    if mistakes:
        shapes = [verdict.problem for verdict in failed if verdict.status == "malformed"]
        lines = [f"{lines[0]} {spoken(mistakes)}", *shapes[:1]]
    else:
        lines += [f"  {verdict.name}: {verdict.problem}" for verdict in failed]
        lines += shape_advice(question, answers)
        broken = next(
            (answers[verdict.name] for verdict in failed if verdict.status not in ("wrong", "malformed")), None
        )
        said = explain_failure(question, broken.status, broken) if broken else fixed
        lines += [said] if said else []
    return "\n".join(lines)


def remarks(question, answers):
    """Returns what to say to answers that are right, but with hardly a digit left where a careful formula has all."""
    said = []
    for case in question.cases:
        if case.careful:
            pairs = zip(answers[case.name].values, case.expected, strict=True)
            worst = max(relative_error(got, want) for got, want in pairs)
            said += [f"A remark: {case.remark}"] if worst > case.careful else []
    return list(dict.fromkeys(said))


def relative_error(got, want):
    with np.errstate(all="ignore"):
        error = np.abs(got - want) / np.abs(want)
    return float(np.max(error, where=want != 0, initial=0.0))


def spoken(mistakes):
    hints = list(dict.fromkeys(mistake.hint for mistake in mistakes))
    # Several transformations that come to the same are one mistake, said in one way.
    if len(hints) == 1 or mistakes[0].name.startswith("closure_"):
        return hints[0]
    return "Either: " + " Or: ".join(hints)


def explain_failure(question, status, answer):
    """Returns what to say where the function gave no values at all; None where it did."""
    if status == "unanswered" and answer.kind.isidentifier() and answer.kind != question.name:
        return f"Answer `{answer.kind[:80]}` first: it still raises NotImplementedError, and your `{question.name}` calls it."
    if status == "unanswered":
        return "Not written yet: the function still raises NotImplementedError."
    if status == "missing":
        return f"There is no `{question.name}` in the notebook: keep the name that the cell gave it."
    if status == "error":
        at = f" (line {answer.line} of its cell)" if answer.line else ""
        kind = answer.kind if answer.kind in EXCEPTIONS else "an exception"
        said = [text for text in advice(answer.text) if text not in answer.text]
        return "\n".join([f"Your function raised {kind}{at}.", *([answer.text] if answer.text else []), *said])
    if status == "timeout":
        return f"Your function was not done in time{': ' + answer.text if answer.text else ''}."
    if status == "crashed":
        return f"Your function was stopped: {answer.text or 'it ended the whole Python process'}."
    if status == KIT_ERROR:
        return kit_failed(answer.text)
    if status == "malformed" and answer.status == "malformed":
        what = KNOWN_TYPES.get(answer.kind, "something that is no array")
        wanted = f"a tuple ({', '.join(question.outputs)})" if question.outputs else f"an array {question.shape}"
        return f"Your function returned {what}; expected {wanted} of float32 or float64 numbers."
    return None


# What stands in an error or in the code that raised it, and what to say to it.
ADVICE = (
    (
        r"\btfp\.layers\b|\btfpl\.|\btensorflow_probability\.python\.layers\b|\btf_keras\b",
        "tfp.layers and tf_keras do not work inside Keras 3: use Keras layers for the parameters, and build the tfd object "
        "from what they return.",
    ),
    (
        r"is out of scope and cannot be used here|symbolic tf\.Tensor|\bdisable_eager_execution\b|\bdisable_v2_behavior\b",
        "A tensor that was made in a graph holds no numbers. If this notebook turns eager execution off "
        "(tf.compat.v1.disable_eager_execution or disable_v2_behavior), take that line out.",
    ),
)


def advice(text):
    """Returns what is to be said to the errors in a text that are known."""
    return [said for pattern, said in ADVICE if re.search(pattern, text)]


def kit_failed(where):
    """Returns what to say where the kit itself raised an exception; `where` says which and where."""
    return f"The kit failed while examining this ({where}): tell your instructor; this is not a verdict on your work."


EXCEPTIONS = {
    "ArithmeticError", "AssertionError", "AttributeError", "FloatingPointError", "ImportError", "IndentationError",
    "IndexError", "InvalidArgumentError", "KeyError", "LookupError", "MemoryError", "ModuleNotFoundError", "NameError",
    "OSError", "OverflowError", "PermissionError", "RecursionError", "ResourceExhaustedError", "RuntimeError",
    "SyntaxError", "TypeError", "UnboundLocalError", "UnimplementedError", "UnicodeError", "ValueError",
    "ZeroDivisionError",
}  # fmt: skip


def shape_advice(question, answers):
    """Returns a line for values that are right but for an axis too many: kept, or not yet summed over."""
    steps = {
        "The values are right: only the axis of size 1 must go.": lambda value, axis: value.squeeze(axis),
        "Summed over that axis your values would be right.": lambda value, axis: value.sum(axis=axis),
        "Averaged over that axis your values would be right.": lambda value, axis: value.mean(axis=axis),
    }
    for advice, step in steps.items():
        for axis in (-1, 0):
            if all(is_right_after(question, case, answers[case.name], step, axis) for case in question.cases):
                return [f"  There is an axis too many, the {'last' if axis else 'first'}. {advice}"]
    return []


def is_right_after(question, case, answer, step, axis):
    if answer.status != "ok" or len(answer.values) != len(case.expected):
        return False
    for got, want in zip(answer.values, case.expected, strict=True):
        if got.ndim != want.ndim + 1 or got.dtype.kind != "f" or got.size == 0:
            return False
        left = got.shape[:-1] if axis else got.shape[1:]
        if left != want.shape:
            return False
        try:
            changed = step(got, axis)
        except ValueError:
            return False
        if not is_close(changed, want, question):
            return False
    return True
