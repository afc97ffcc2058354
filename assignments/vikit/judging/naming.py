"""Naming a wrong answer: one that equals the values of a known mistake on every case is that mistake."""

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np

from .compare import same_rows
from .question import Mistake


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
    """Yields (case, output's name, span, shape) of each array in a row of all values."""
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
    for case, name, span, _ in parts:
        if name is None or name in chosen:
            scale[span] = factor(case)
    return lambda rows: rows * scale


def batch_reduction(parts, chosen, divisor):
    """Returns the function that puts the sum over the batch, divided by `divisor(case)`, instead of each example."""

    def reduce(rows):
        reduced = rows.copy()
        for case, name, span, shape in parts:
            if name is not None and name not in chosen:
                continue
            batch = case.sizes["B"]
            if shape and shape[0] == batch:
                values = rows[:, span].reshape(len(rows), *shape)
                total = values.sum(axis=1, keepdims=True) / divisor(case)
                reduced[:, span] = np.broadcast_to(total, values.shape).reshape(len(rows), -1)
            else:
                reduced[:, span] = rows[:, span] * batch / divisor(case) ** 2
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
        return Mistake(name, hint, question.source)
    return Mistake(f"{name} of {inner.name}", f"{inner.hint} Besides: {hint}", inner.source)


def joined(mistakes):
    return " or ".join(dict.fromkeys(mistake.name for mistake in mistakes))
