"""Names wrong answers of functions: they have a known mistake's values on every case.

The mistakes of networks and models, which have no cases, are named in `vikit.exams`: by each
examination, and in `term_names`, `prediction`, `compare_reports`, `training_noise` and
`flow_log_det` by values as here.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

import numpy as np

from .compare import are_same_rows
from .question import Answer, DrawnCase, DrawnQuestion, Mistake

__all__ = [
    "TRANSFORMATIONS",
    "TWO_CALLS_DIFFER",
    "Fingerprints",
    "answer_row",
    "broadcast_number",
    "fingerprints",
    "flatten",
    "has_unequal_calls",
    "is_transformation",
    "join_names",
    "name_mistakes",
    "variant_rows",
]


# The precedence of what can be named: a listed mistake, a transformation (negated, doubled, ...) of
# the right values, a transformation of a listed mistake's values.
LISTED, TRANSFORMED, TRANSFORMED_MISTAKE = 0, 1, 2


@dataclass(frozen=True)
class Fingerprints:
    """The values of everything that can be named, side by side.

    Attributes:
        mistakes: One `Mistake` for each row.
        levels: Precedence of each row: LISTED, TRANSFORMED, or TRANSFORMED_MISTAKE.
        values: All values of a row, over cases and outputs. Shape `[rows, numbers]`.
        right: The right values. Shape `[numbers]`.
    """

    mistakes: tuple
    levels: np.ndarray
    values: np.ndarray
    right: np.ndarray


def name_mistakes(question: DrawnQuestion, answers: dict[str, Answer]) -> list[Mistake]:
    """Returns the mistakes that explain the answers: none, one, or several that look alike here.

    Of those that fit, only the ones with the first precedence count.
    """
    given = answer_row(question, answers)
    if given is None:
        return []
    prints = fingerprints(question)
    fits = are_same_rows(prints.values, given, question)
    if not fits.any():
        return []
    first = prints.levels[fits].min()
    named = [prints.mistakes[row] for row in np.flatnonzero(fits & (prints.levels == first))]
    return list({mistake.name: mistake for mistake in named}.values())


TWO_CALLS_DIFFER = Mistake(
    "two_calls_differ",
    "Two calls with the same inputs gave different values: your function draws noise itself, "
    "or it uses something that an earlier call left behind.",
    repair="Use the arguments alone; if noise is one of them, use that noise.",
)


def has_unequal_calls(question: DrawnQuestion, again: Sequence[Answer]) -> bool:
    """Tells whether the answers to two calls with the same inputs differ by more than rounding."""
    if len(again) != 2 or any(answer.status != "ok" for answer in again):
        return False
    # A tuple may be empty.
    first, second = (
        np.concatenate([np.zeros(0), *map(np.ravel, answer.values)]) for answer in again
    )
    return first.shape != second.shape or not are_same_rows(
        first.astype(float), second.astype(float), question
    )


def answer_row(question: DrawnQuestion, answers: dict[str, Answer]) -> np.ndarray | None:
    """Returns all numbers of the answers in a row; None if some are missing or malformed."""
    row = []
    for case in question.cases:
        answer = answers[case.name]
        if answer.status != "ok" or len(answer.values) != len(case.expected):
            return None
        for value, want in zip(answer.values, case.expected, strict=True):
            spread = broadcast_number(value, want)
            # Another shape is allowed if it holds as many numbers: a column instead of a row.
            if spread.size != want.size or spread.dtype.kind != "f":
                return None
            row.append(np.asarray(spread, np.float64).ravel())
    return np.concatenate(row)


def broadcast_number(value: np.ndarray, want: np.ndarray) -> np.ndarray:
    """Returns a single number as an array like `want`, any other array as it is.

    A sum over the batch often comes back as a scalar.
    """
    return np.full(np.shape(want), value.reshape(())) if value.size == 1 else value


class Row(NamedTuple):
    """The values of something that can be named.

    Attributes:
        mistake: The `Mistake`.
        level: Its precedence.
        values: All values, over cases and outputs. Shape `[numbers]`.
    """

    mistake: Mistake
    level: int
    values: np.ndarray


@lru_cache(maxsize=32)
def fingerprints(question: DrawnQuestion) -> Fingerprints:
    """Returns a question's `Fingerprints`, without rows equal to the right values: no mistakes."""
    right = flatten(question, {case.name: case.expected for case in question.cases})
    spellings = {
        mistake: np.stack(list(variant_rows(question, mistake))) for mistake in question.mistakes
    }
    steps = build_transformations(question)
    with np.errstate(all="ignore"):
        rows = [
            Row(mistake, LISTED, values)
            for mistake, variants in spellings.items()
            for values in variants
        ]
        rows += [
            Row(build_transformed_mistake(question, name), TRANSFORMED, step(right[None])[0])
            for name, step in steps.items()
        ]
        # With a wide tolerance transformations of mistakes would fit by chance.
        rows += [] if question.sampled else transformed_mistakes(question, spellings, steps)
    values = np.stack([row.values for row in rows])
    kept = ~are_same_rows(values, right, question)
    return Fingerprints(
        mistakes=tuple(row.mistake for row, keep in zip(rows, kept, strict=True) if keep),
        levels=np.array([row.level for row in rows])[kept],
        values=values[kept],
        right=right,
    )


def transformed_mistakes(
    question: DrawnQuestion, spellings: dict[Mistake, np.ndarray], steps: dict[str, Callable]
) -> list[Row]:
    """Returns the transformations of the listed mistakes.

    One that gives the mistake's own values in another spelling is left out: half a squared error is
    a squared error. So is one that makes an output right which the mistake gets wrong: whoever has
    such values has not made the mistake there.

    Args:
        question: The `DrawnQuestion`.
        spellings: From the listed mistakes to the values of each variant. Shape `[variants,
            numbers]`.
        steps: The transformations, functions of rows.
    """
    if not spellings:
        return []
    firsts = np.stack([variants[0] for variants in spellings.values()])
    changed = {name: step(firsts) for name, step in steps.items()}
    rows = []
    for index, (mistake, variants) in enumerate(spellings.items()):
        found = np.stack([of_each[index] for of_each in changed.values()])
        own = np.asarray(are_same_rows(variants, found[:, None], question).any(axis=1))
        own |= mends_an_output(question, variants[0], found)
        rows += [
            Row(build_transformed_mistake(question, name, mistake), TRANSFORMED_MISTAKE, values)
            for name, values, is_own in zip(changed, found, own, strict=True)
            if not is_own
        ]
    return rows


def mends_an_output(question: DrawnQuestion, wrong: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Returns for each of `rows` whether an output is right that is not right in `wrong`.

    Args:
        question: The `DrawnQuestion`.
        wrong: The values of a mistake. Shape `[numbers]`.
        rows: Its transformations. Shape `[rows, numbers]`.
    """
    right = flatten(question, {case.name: case.expected for case in question.cases})
    mended = np.zeros(len(rows), bool)
    for output in question.outputs:
        places = np.concatenate(
            [
                np.arange(span.start, span.stop)
                for _, name, span, _ in array_spans(question)
                if name == output
            ]
        )
        if not are_same_rows(wrong[places], right[places], question):
            mended |= are_same_rows(rows[:, places], right[places], question)
    return mended


def variant_rows(question: DrawnQuestion, mistake: Mistake) -> Iterator[np.ndarray]:
    """Yields the rows of values that a mistake's variants give; the first is the formula itself."""
    count = max((len(case.wrong[mistake.name]) for case in question.cases), default=0)
    for index in range(count):
        yield flatten(
            question,
            {
                case.name: case.wrong[mistake.name][min(index, len(case.wrong[mistake.name]) - 1)]
                for case in question.cases
            },
        )


def flatten(question: DrawnQuestion, values: dict[str, tuple]) -> np.ndarray:
    """Returns the arrays of a dict from case names to tuples as one row. Shape `[numbers]`."""
    return np.concatenate(
        [np.ravel(value) for case in question.cases for value in values[case.name]]
    )


def build_transformations(question: DrawnQuestion) -> dict[str, Callable]:
    """Returns the usual transformations of right rows, a dict from name to function.

    A function takes rows `[rows, numbers]` and returns them transformed.

    In a tuple a transformation may apply to all of the outputs or to some of them.
    """
    parts = list(array_spans(question))
    factors: dict[str, Callable] = {
        "transformation_negated": lambda case: -1.0,
        "transformation_doubled": lambda case: 2.0,
        "transformation_halved": lambda case: 0.5,
        "transformation_bits": lambda case: 1 / math.log(2),
    }
    sizes = question.cases[0].sizes
    for axis in "KDLC":
        if axis in sizes:
            factors[f"transformation_mean_over_{axis}"] = lambda case, axis=axis: (
                1 / case.sizes[axis]
            )
    reductions: dict[str, Callable] = {}
    if "B" in sizes:
        reductions["transformation_summed_over_batch"] = lambda case: 1
        reductions["transformation_averaged_over_batch"] = lambda case: case.sizes["B"]
    steps = {}
    for name, factor in factors.items():
        for chosen in output_subsets(question.outputs):
            steps[transformation_name(question, name, chosen)] = build_scaling(
                parts, chosen, factor
            )
    for name, divisor in reductions.items():
        for chosen in output_subsets(question.outputs):
            steps[transformation_name(question, name, chosen)] = build_batch_reduction(
                parts, chosen, divisor
            )
    return steps


def array_spans(question: DrawnQuestion) -> Iterator[tuple[DrawnCase, str | None, slice, tuple]]:
    """Yields (case, output's name, span, shape) of each array in a row of all values."""
    start = 0
    for case in question.cases:
        for name, want in zip(question.outputs or (None,), case.expected, strict=True):
            yield case, name, slice(start, start + want.size), want.shape
            start += want.size


def is_transformation(name: str) -> bool:
    """Tells whether a mistake's name is a transformation's, of right values or of a mistake."""
    return name.startswith("transformation_")


def transformation_name(question: DrawnQuestion, name: str, chosen: tuple) -> str:
    """Returns the name, with its outputs unless these are all: "transformation_negated in mu"."""
    return f"{name} in {' and '.join(chosen)}" if len(chosen) < len(question.outputs) else name


def output_subsets(outputs: tuple) -> list[tuple]:
    """Returns the sets of outputs that one transformation may apply to, all of them first."""
    return [
        chosen for size in range(len(outputs), 0, -1) for chosen in combinations(outputs, size)
    ] or [()]


def build_scaling(parts: list, chosen: tuple, factor: Callable) -> Callable:
    """Returns the function that multiplies the chosen outputs of a case by `factor(case)`."""
    scale = np.ones(parts[-1][2].stop)
    for case, name, span, _ in parts:
        if name is None or name in chosen:
            scale[span] = factor(case)
    return lambda rows: rows * scale


def build_batch_reduction(parts: list, chosen: tuple, divisor: Callable) -> Callable:
    """Returns what replaces each example by the batch's sum, divided by `divisor(case)`."""

    def reduce(rows: np.ndarray) -> np.ndarray:
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


class Transformation(NamedTuple):
    """What is off where values are transformed, how to mend it, and what is off besides a mistake.

    `besides` compares with the values of the mistake: a half of these need not be a half of the
    right values.
    """

    hint: str
    repair: str
    besides: str


TRANSFORMATIONS = {
    "transformation_negated": Transformation(
        "The values have the opposite sign.",
        "Ask which sign the value must have: a log density, a divergence, a loss.",
        "the values have the opposite sign of what this mistake alone gives.",
    ),
    "transformation_doubled": Transformation(
        "The values are twice what they should be.",
        "Look for a 1/2 that is missing, or for something that counts twice.",
        "the values are twice what this mistake alone gives.",
    ),
    "transformation_halved": Transformation(
        "The values are half of what they should be.",
        "Look for a 1/2 too much, or for something that counts once and should count twice.",
        "the values are half of what this mistake alone gives.",
    ),
    "transformation_bits": Transformation(
        "The values are 1.44 times what they should be. That is 1/log 2, the factor from nats to "
        "bits.",
        "This course works in nats: take the natural logarithm.",
        "the values are 1.44 times what this mistake alone gives. That is 1/log 2, the factor from "
        "nats to bits.",
    ),
    "transformation_mean_over_K": Transformation(
        "The values are averages over the latent dimensions.",
        "Sum over the latent dimensions.",
        "the values are averages over the latent dimensions.",
    ),
    "transformation_mean_over_D": Transformation(
        "The values are averages over the data dimensions.",
        "Sum over the data dimensions.",
        "the values are averages over the data dimensions.",
    ),
    "transformation_mean_over_L": Transformation(
        "The values are averaged over the samples once too often.",
        "Count how many means run over the samples; library functions may take one too.",
        "the values are averaged over the samples once more than this mistake alone does it.",
    ),
    "transformation_mean_over_C": Transformation(
        "The values are averages over the classes.",
        "Sum over the classes.",
        "the values are averages over the classes.",
    ),
    "transformation_summed_over_batch": Transformation(
        "The values are summed over the batch too.",
        "Examples stay separate: sum over the last axis only.",
        "the values are summed over the batch.",
    ),
    "transformation_averaged_over_batch": Transformation(
        "The values are averaged over the batch too.",
        "Examples stay separate: return one number for each.",
        "the values are averaged over the batch.",
    ),
}
# Beside a mistake a factor may be a part of it: mended, it is gone.
FACTORS = ("transformation_doubled", "transformation_halved")
CHECK_AGAIN = "Mend this first, then check again: the factor may go with it."


def build_transformed_mistake(
    question: DrawnQuestion, name: str, inner: Mistake | None = None
) -> Mistake:
    """Returns the `Mistake` of a transformation, of right values or of the mistake `inner`."""
    transformation, _, output = name.partition(" in ")
    said = TRANSFORMATIONS[transformation]
    if inner is None:
        hint = (f"In {output}: " if output else "") + said.hint
        return Mistake(name, hint, question.source, said.repair)
    place = f"in {output} " if output else ""
    repair = CHECK_AGAIN if transformation in FACTORS else said.repair
    return Mistake(
        f"{name} of {inner.name}",
        f"{inner.hint} Besides, {place}{said.besides}",
        inner.source,
        f"{inner.repair} {repair}".strip(),
    )


def join_names(mistakes: Sequence[Mistake]) -> str:
    """Returns mistakes that these inputs cannot tell apart, joined by " or ", each once."""
    return " or ".join(dict.fromkeys(mistake.name for mistake in mistakes))
