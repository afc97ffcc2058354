"""Names a wrong answer: it is a known mistake if it equals the values of that mistake on every case."""

import math
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations

import numpy as np

from .compare import are_same_rows
from .question import Mistake

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


@dataclass(frozen=True)
class Fingerprints:
    """The values of everything that can be named, side by side.

    Attributes:
        mistakes: One `Mistake` for each row.
        levels: Precedence of each row: 0 a listed mistake, 1 a transformation of the right values, 2 one of a mistake's.
        values: All values of a row, over cases and outputs. Shape `[rows, numbers]`.
        right: The right values. Shape `[numbers]`.
    """

    mistakes: tuple
    levels: np.ndarray
    values: np.ndarray
    right: np.ndarray


def name_mistakes(question, answers):
    """Returns the mistakes that explain the answers: none, one, or several that these inputs cannot tell apart.

    A listed mistake goes before a transformation (negated, doubled, ...) of the right values, and that before a transformation
    of a listed mistake's values.
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
    "Two calls with the same inputs gave different values: noise that your function draws itself comes in, or what an earlier "
    "call left behind. Use the arguments alone: where noise is one of them, that noise.",
)


def has_unequal_calls(question, again):
    """Tells whether the answers to two calls with the same inputs differ by more than rounding."""
    if len(again) != 2 or any(answer.status != "ok" for answer in again):
        return False
    # A tuple may be empty.
    first, second = (np.concatenate([np.zeros(0), *map(np.ravel, answer.values)]) for answer in again)
    return first.shape != second.shape or not are_same_rows(first.astype(float), second.astype(float), question)


def answer_row(question, answers):
    """Returns all numbers of the answers in one row, None where some are missing or not of the right form."""
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


def broadcast_number(value, want):
    """Returns a single number as an array like `want`, any other array as it is.

    A sum over the batch often comes back as a scalar.
    """
    return np.full(np.shape(want), value.reshape(())) if value.size == 1 else value


@lru_cache(maxsize=32)
def fingerprints(question):
    """Returns the `Fingerprints` of a question, without the rows that equal the right values: those are no mistakes."""
    right = flatten(question, {case.name: case.expected for case in question.cases})
    spellings = {mistake: np.stack(list(variant_rows(question, mistake))) for mistake in question.mistakes}
    steps = build_transformations(question)
    named, levels, rows = [], [], []
    for mistake, values in spellings.items():
        named += [mistake] * len(values)
        levels += [0] * len(values)
        rows += list(values)
    with np.errstate(all="ignore"):
        for name, step in steps.items():
            named.append(build_transformed_mistake(question, name))
            levels.append(1)
            rows.append(step(right[None])[0])
        firsts = np.stack([right, *(values[0] for values in spellings.values())])
        changed = {name: step(firsts)[1:] for name, step in steps.items()}
    # Where the tolerance is wide there is no room for transformations of mistakes.
    transformed = {} if question.sampled else spellings
    for index, (mistake, values) in enumerate(transformed.items()):
        found = np.stack([of_each[index] for of_each in changed.values()])
        # One that gives the mistake's own values under another spelling is left out: half a squared error is a squared error.
        own = are_same_rows(values, found[:, None], question).any(axis=1)
        for name, row, known in zip(changed, found, own, strict=True):
            if not known:
                named.append(build_transformed_mistake(question, name, mistake))
                levels.append(2)
                rows.append(row)
    rows = np.stack(rows)
    kept = ~are_same_rows(rows, right, question)
    return Fingerprints(
        mistakes=tuple(mistake for mistake, keep in zip(named, kept, strict=True) if keep),
        levels=np.array(levels)[kept],
        values=rows[kept],
        right=right,
    )


def variant_rows(question, mistake):
    """Yields the values that a mistake gives in one row, for each of its variants; the first is the formula itself."""
    count = max((len(case.wrong[mistake.name]) for case in question.cases), default=0)
    for index in range(count):
        yield flatten(
            question,
            {
                case.name: case.wrong[mistake.name][min(index, len(case.wrong[mistake.name]) - 1)]
                for case in question.cases
            },
        )


def flatten(question, values):
    """Returns the arrays of a dict from case names to tuples as one row. Shape `[numbers]`."""
    return np.concatenate([np.ravel(value) for case in question.cases for value in values[case.name]])


def build_transformations(question):
    """Returns the usual transformations of right values: a dict from name to a function of rows `[rows, numbers]`.

    In a tuple a transformation may apply to all of the outputs or to some of them.
    """
    parts = list(array_spans(question))
    factors = {
        "transformation_negated": lambda case: -1.0,
        "transformation_doubled": lambda case: 2.0,
        "transformation_halved": lambda case: 0.5,
        "transformation_bits": lambda case: 1 / math.log(2),
    }
    sizes = question.cases[0].sizes
    for axis in "KDLC":
        if axis in sizes:
            factors[f"transformation_mean_over_{axis}"] = lambda case, axis=axis: 1 / case.sizes[axis]
    reductions = {}
    if "B" in sizes:
        reductions["transformation_summed_over_batch"] = lambda case: 1
        reductions["transformation_averaged_over_batch"] = lambda case: case.sizes["B"]
    steps = {}
    for name, factor in factors.items():
        for chosen in output_subsets(question.outputs):
            steps[transformation_name(question, name, chosen)] = build_scaling(parts, chosen, factor)
    for name, divisor in reductions.items():
        for chosen in output_subsets(question.outputs):
            steps[transformation_name(question, name, chosen)] = build_batch_reduction(parts, chosen, divisor)
    return steps


def array_spans(question):
    """Yields (case, output's name, span, shape) of each array in a row of all values."""
    start = 0
    for case in question.cases:
        for name, want in zip(question.outputs or (None,), case.expected, strict=True):
            yield case, name, slice(start, start + want.size), want.shape
            start += want.size


def is_transformation(name):
    """Tells whether a mistake's name is that of a transformation, of the right values or of a listed mistake."""
    return name.startswith("transformation_")


def transformation_name(question, name, chosen):
    """Returns the name, with the outputs that it applies to unless these are all: "transformation_negated in mu"."""
    return f"{name} in {' and '.join(chosen)}" if len(chosen) < len(question.outputs) else name


def output_subsets(outputs):
    """Returns the sets of outputs that one transformation may apply to: all of them first, then fewer."""
    return [chosen for size in range(len(outputs), 0, -1) for chosen in combinations(outputs, size)] or [()]


def build_scaling(parts, chosen, factor):
    """Returns the function that multiplies the chosen outputs of a case by `factor(case)`."""
    scale = np.ones(parts[-1][2].stop)
    for case, name, span, _ in parts:
        if name is None or name in chosen:
            scale[span] = factor(case)
    return lambda rows: rows * scale


def build_batch_reduction(parts, chosen, divisor):
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


@dataclass(frozen=True)
class Transformation:
    """What is said of a transformation: in a name, and as a hint."""

    words: str
    hint: str


TRANSFORMATIONS = {
    "transformation_negated": Transformation("negated", "The sign is the opposite one."),
    "transformation_doubled": Transformation(
        "doubled", "There is a factor 2 too much: look for a 1/2 that is missing, or for something that counts twice."
    ),
    "transformation_halved": Transformation("halved", "There is a factor 1/2 too much."),
    "transformation_bits": Transformation(
        "in bits",
        "There is a factor 1.44 too much. That is 1/log 2, the factor from nats to bits: this course works in nats, with the "
        "natural logarithm.",
    ),
    "transformation_mean_over_K": Transformation(
        "averaged over the latent dimensions", "You averaged over the latent dimensions; sum over them."
    ),
    "transformation_mean_over_D": Transformation(
        "averaged over the data dimensions", "You averaged over the data dimensions; sum over them."
    ),
    "transformation_mean_over_L": Transformation(
        "averaged once more over the samples", "You averaged over the samples once too often."
    ),
    "transformation_mean_over_C": Transformation(
        "averaged over the classes", "You averaged over the classes; sum over them."
    ),
    "transformation_summed_over_batch": Transformation(
        "summed over the batch", "You also summed over the batch; examples must stay separate."
    ),
    "transformation_averaged_over_batch": Transformation(
        "averaged over the batch", "You also averaged over the batch; examples must stay separate."
    ),
}


def build_transformed_mistake(question, name, inner=None):
    """Returns the `Mistake` of a transformation: of the right values, or of those of the listed mistake `inner`."""
    transformation, _, output = name.partition(" in ")
    hint = (f"In {output}: " if output else "") + TRANSFORMATIONS[transformation].hint
    if inner is None:
        return Mistake(name, hint, question.source)
    return Mistake(f"{name} of {inner.name}", f"{inner.hint} Besides: {hint}", inner.source)


def join_names(mistakes):
    """Returns the names of mistakes that these inputs cannot tell apart, joined by " or ", each once."""
    return " or ".join(dict.fromkeys(mistake.name for mistake in mistakes))
