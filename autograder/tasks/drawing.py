"""Draws the inputs of a question, and evaluates the right answer and all known mistakes on them."""

import hmac
from dataclasses import replace
from typing import Any

import numpy as np
from vikit import judging
from vikit.judging import GENERIC, compare
from vikit.protocol.wire import BuiltArgument, Tensor

from autograder.reference import callables

from .question import Case, QuestionError

__all__ = [
    "as_student_gets_it",
    "build_question",
    "draw_case",
    "draw_further",
    "draw_given",
    "draw_with_key",
    "evaluate",
    "find_distinct_variants",
    "round_to_float32",
    "seed",
    "to_float64",
]

# What inputs depend on besides question and case: secret, student, assignment, attempt.
Key = tuple[bytes, str, str, int]


def draw_with_key(question, key: Key, chosen=None) -> judging.DrawnQuestion:
    """Returns the `judging.DrawnQuestion` of `question` with the inputs that a key draws.

    Args:
        question: The `Question`.
        key: What inputs depend on besides question and case.
        chosen: Which variants of each mistake to compute (see `separation.Structure`); all of them
            by default.
    """
    return build_question(
        question, [draw_case(question, case, key, chosen) for case in question.cases]
    )


def draw_given(question, arguments, sizes) -> judging.DrawnQuestion:
    """Returns the `judging.DrawnQuestion` of `question` with one case.

    Args:
        question: The `Question`.
        arguments: The inputs of this case, by position.
        sizes: Their sizes, by letter.
    """
    return build_question(
        question, [evaluate_case(question, Case("given", GENERIC, None, sizes), arguments)]
    )


def build_question(question, cases) -> judging.DrawnQuestion:
    """Returns `question` with these cases as drawn, and the mistakes that they refuse."""
    kept = find_distinct_variants(question, cases) if cases else {}
    return judging.DrawnQuestion(
        name=question.name,
        points=question.points,
        source=question.source,
        cases=tuple(
            replace(
                case,
                wrong={
                    name: tuple(case.wrong[name][index] for index in kept[name]) for name in kept
                },
            )
            for case in cases
        ),
        mistakes=tuple(question.hint(mistake.name) for mistake in question.mistakes),
        outputs=question.outputs,
        shape=question.shape,
        atol=question.atol,
        rtol=question.rtol,
        properties=question.properties,
        sampled=question.sampled,
        seconds=question.seconds,
        terms=question.terms,
        keeps_formula=question.keeps_formula,
    )


# How many further cases there are, in turn like the generic ones.
NUM_FURTHER = 12


def draw_further(question, key: Key, count=NUM_FURTHER) -> tuple[judging.DrawnCase, ...]:
    """Returns generic cases that are worth no points, without the values of mistakes.

    Args:
        question: The `Question`.
        key: What inputs depend on besides question and case.
        count: How many.
    """
    generic = [case for case in question.cases if case.kind == GENERIC]
    plain = replace(question, mistakes=())
    return tuple(
        draw_case(plain, replace(generic[number % len(generic)], name=f"further {number + 1}"), key)
        for number in range(count)
    )


def draw_case(question, case, key: Key, chosen=None) -> judging.DrawnCase:
    """Returns the `judging.DrawnCase` of a case, with the arguments that a key draws.

    Args:
        question: The `Question`.
        case: The `Case`.
        key: What inputs depend on besides question and case.
        chosen: Which variants of each mistake to compute (see `separation.Structure`); all of them
            by default.
    """
    generator = np.random.default_rng(seed(*key, question.name, case.name))
    arguments = tuple(round_to_float32(argument) for argument in case.draw(generator, **case.sizes))
    return evaluate_case(question, case, arguments, chosen)


def evaluate_case(question, case, arguments, chosen=None) -> judging.DrawnCase:
    """Returns the `judging.DrawnCase` of a `Case`: the right values, and those of each mistake."""
    doubles = [to_float64(argument) for argument in arguments]
    singles = [as_student_gets_it(argument) for argument in arguments]
    wrong = {}
    with np.errstate(all="ignore"):
        expected = evaluate(question.reference, doubles)
        for mistake in question.mistakes:
            every = [
                (formula, values) for formula in mistake.formulas for values in (doubles, singles)
            ]
            indices = range(len(every)) if chosen is None else chosen[mistake.name]
            try:
                wrong[mistake.name] = tuple(evaluate(*every[index]) for index in indices)
            except NotImplementedError as error:
                # As `autograder adopt` leaves it.
                raise QuestionError(f"{question.name}: {error}") from error
    return judging.DrawnCase(
        name=case.name,
        kind=case.kind,
        arguments=arguments,
        expected=expected,
        wrong=wrong,
        sizes=case.sizes,
        careful=case.careful,
        remark=case.remark,
    )


# Not fewer arguments: inputs depend on each of these, and on nothing else.
def seed(secret, student, assignment, attempt, question, case) -> int:
    """Returns the seed of one case, an integer of 128 bits that does not reveal the secret.

    Args:
        secret: The course's secret, bytes.
        student: Name of the student, with the digest of what was handed in.
        assignment: Name of the assignment.
        attempt: A number: the inputs are drawn again where they do not tell all answers apart.
        question: Name of the question.
        case: Name of the case.
    """
    message = "\0".join([student, assignment, str(attempt), question, case])
    return int.from_bytes(
        hmac.digest(secret, message.encode("utf-8", "surrogatepass"), "sha256")[:16], "big"
    )


def round_to_float32(argument) -> Any:
    """Returns an argument rounded to float32: arrays, and scalars as floats of that precision."""
    match argument:
        case BuiltArgument(kind, arrays):
            return BuiltArgument(kind, tuple(np.asarray(array, np.float32) for array in arrays))
        case Tensor(array):
            return Tensor(np.asarray(array, np.float32))
        case np.ndarray():
            return argument.astype(np.float32)
        case float():
            return float(np.float32(argument))
    return argument


def to_float64(argument) -> Any:
    """Returns an argument for a formula in float64: exactly the student's rounded numbers."""
    match argument:
        case BuiltArgument(kind, arrays):
            return callables.build(kind, [array.astype(np.float64) for array in arrays])
        case Tensor(array) | (np.ndarray() as array):
            return array.astype(np.float64)
    return argument


def evaluate(formula, arguments) -> tuple[np.ndarray, ...]:
    """Returns the value of `formula` as a tuple of float64 arrays."""
    value = formula(*arguments)
    values = value if isinstance(value, tuple) else (value,)
    return tuple(np.asarray(part, dtype=np.float64) for part in values)


def find_distinct_variants(question, cases) -> dict[str, list[int]]:
    """Returns by mistake the indices of the variants that `distinct_indices` keeps."""
    right = flatten([case.expected for case in cases])
    return {
        mistake.name: distinct_indices(
            question, [case.wrong[mistake.name] for case in cases], right
        )
        for mistake in question.mistakes
    }


def distinct_indices(question, wrongs, right) -> list[int]:
    """Returns a mistake's variants that are neither right on all cases nor repeated: indices.

    The first is always kept: a mistake that is right on all cases must be reported, not left out.

    Args:
        question: The `Question`, for its tolerance.
        wrongs: For each case the variants of the mistake's values.
        right: The right values of all cases in one row.
    """
    if len(wrongs[0]) == 1:
        return [0]
    rows = np.stack([right, *(flatten(values) for values in zip(*wrongs, strict=True))])
    same = compare.are_same_rows(rows, rows[:, None], question)
    kept = [1]
    for index in range(2, len(rows)):
        if not same[index, [0, *kept]].any():
            kept.append(index)
    return [index - 1 for index in kept]


def flatten(values) -> np.ndarray:
    """Returns all numbers of a list of tuples of arrays in one row."""
    return np.concatenate([np.ravel(part) for parts in values for part in parts])


def as_student_gets_it(argument) -> Any:
    """Returns an argument in float32, as the student gets it, for a formula in NumPy."""
    match argument:
        case BuiltArgument(kind, arrays):
            return callables.build(kind, arrays)
        case Tensor(array):
            return array
    return argument
