"""Advice on the shape of an answer: which axis is gone, left or twice there, and how to mend it.

Sizes of a case differ, so that a shape tells which axes it has.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from .compare import is_close
from .describe import AXIS_NAMES
from .question import Answer, DrawnCase, DrawnQuestion

__all__ = ["Advice", "advise_on_broadcast", "advise_on_shape"]

# The letters of the axes of a shape, in order.
Letters = tuple[str, ...]


@dataclass(frozen=True)
class Advice:
    """What is off in a shape, and how to mend it; the second may be empty."""

    seen: str
    repair: str = ""


# What makes right values of values with an axis too many.
STEPS: tuple[tuple[str, str, Callable], ...] = (
    (
        ", of size 1; the values are right",
        "Take the axis of size 1 away.",
        lambda value, axis: value.squeeze(axis),
    ),
    ("", "Sum over that axis.", lambda value, axis: value.sum(axis=axis)),
    ("", "Average over that axis.", lambda value, axis: value.mean(axis=axis)),
)


def advise_on_shape(question: DrawnQuestion, answers: dict[str, Answer]) -> Advice | None:
    """Returns the advice on shapes with other axes than those wanted; else None."""
    for seen, repair, step in STEPS:
        for axis in (-1, 0):
            if all(
                is_right_after(question, case, answers[case.name], step, axis)
                for case in question.cases
            ):
                place = "last" if axis else "first"
                return Advice(f"There is an axis too many, the {place}{seen}.", repair)
    for index in range(len(question.outputs) or 1):
        got, wanted = given_axes(question, answers, index), wanted_axes(question, index)
        if got is None or wanted is None:
            continue
        advice = explain_axes(got, wanted, partial(is_reduced_over, question, answers, index))
        if advice:
            return advice
    return None


def is_reduced_over(
    question: DrawnQuestion, answers: dict[str, Answer], index: int, axis: int
) -> bool:
    """Tells whether output `index` of all answers has the right values, reduced over an axis."""
    return any(
        all(
            is_close(answers[case.name].values[index], reduce(case.expected[index], axis), question)
            for case in question.cases
        )
        for reduce in (np.sum, np.mean)
    )


def explain_axes(
    got: Letters, wanted: Letters, is_reduced_over: Callable[[int], bool]
) -> Advice | None:
    """Returns the advice on the axes of an answer; None where nothing is off, or too much.

    Args:
        got: The letters of the answer.
        wanted: Those of the right answer.
        is_reduced_over: Tells whether the values are the right ones, reduced over an axis.
    """
    missing = [letter for letter in wanted if letter not in got]
    extra = [letter for letter in dict.fromkeys(got) if letter not in (*wanted, "1")]
    if len(missing) == len(extra) == 1:
        return Advice(
            f"Your answer has the shape {as_shape(got)}: it was reduced over "
            f"{describe_axis(missing[0])}, which must stay.",
            f"Reduce over {describe_axis(extra[0])}, instead.",
        )
    if len(missing) == 1 and not extra:
        is_gone = f"The axis {missing[0]} is missing"
        if is_reduced_over(wanted.index(missing[0])):
            return Advice(
                f"{is_gone}: it was summed or averaged over.",
                f"Neither sum nor average over {missing[0]}.",
            )
        each = AXIS_NAMES.get(missing[0], "entry")
        return Advice(f"{is_gone}.", f"Each {each} needs values of its own.")
    if len(extra) == 1 and not missing:
        many = f"There is an axis too many, {describe_axis(extra[0])}."
        return Advice(many, f"Reduce over {extra[0]}.")
    if extra and not missing:
        left = ", and ".join(describe_axis(letter) for letter in extra)
        both = "both" if len(extra) == 2 else "all"
        return Advice(f"{left}, are left.", f"Reduce over {both} of them.")
    return None if missing else explain_order(got, wanted)


def explain_order(got: Letters, wanted: Letters) -> Advice | None:
    """Returns the advice on axes that are all there; None where nothing is off."""
    twice = [letter for letter in wanted if got.count(letter) > 1]
    if len(twice) == 1:
        return Advice(
            f"Your answer has the shape {as_shape(got)}: an array of shape [{twice[0]},1] met one "
            f"of shape [{twice[0]}].",
            "Take keepdims=True in both sums or in neither.",
        )
    if got != wanted and len(got) == len(wanted):
        return Advice(
            f"The axes are in another order: {as_shape(got)}, expected {as_shape(wanted)}."
        )
    return None


def describe_axis(letter: str) -> str:
    """Returns an axis with its meaning: "B, the examples"."""
    name = AXIS_NAMES.get(letter, "")
    return f"{letter}, the {name}{'es' if name.endswith('s') else 's'}" if name else letter


def as_shape(letters: Letters) -> str:
    return f"[{','.join(letters)}]"


def wanted_axes(question: DrawnQuestion, index: int) -> Letters | None:
    """Returns the letters of output `index`; None where the documented shape does not say them."""
    rank = question.cases[0].expected[index].ndim
    shapes = re.findall(r"\[([\w,]*)\]", question.shape)
    letters = tuple(filter(None, shapes[index].split(","))) if index < len(shapes) else ()
    return letters if len(letters) == rank else None


def given_axes(question: DrawnQuestion, answers: dict[str, Answer], index: int) -> Letters | None:
    """Returns the letters of output `index` of the answers, the same on every case, else None."""
    found: list[list[set[str]]] = []
    for case in question.cases:
        answer = answers[case.name]
        if answer.status != "ok" or len(answer.values) != len(case.expected):
            return None
        found.append([letters_of(size, case.sizes) for size in answer.values[index].shape])
    if len({len(axes) for axes in found}) != 1:
        return None
    return choose_letters([set.intersection(*axis) for axis in zip(*found, strict=True)])


def letters_of(size: int, sizes: Mapping[str, int]) -> set[str]:
    """Returns the letters of the axes that have this size; "1" for an axis of size 1."""
    found = {letter for letter, known in sizes.items() if known == size}
    return found | {"1"} if size == 1 else found


def choose_letters(axes: list[set[str]]) -> Letters | None:
    """Returns the letters of the axes; None unless there is exactly one for each."""
    return tuple(min(axis) for axis in axes) if all(len(axis) == 1 for axis in axes) else None


DO_NOT_FIT = re.compile(
    r"broadcast together with shapes \(([\d, ]*)\) \(([\d, ]*)\)"
    r"|Incompatible shapes: \[([\d, ]*)\] vs\. \[([\d, ]*)\]"
)


def advise_on_broadcast(text: str, sizes: Mapping[str, int]) -> Advice | None:
    """Returns the advice if two arrays did not fit together because one lost an axis, else None.

    Args:
        text: What the exception says, of NumPy or of TensorFlow.
        sizes: The sizes of the axes of the case, by their letters.
    """
    found = DO_NOT_FIT.search(text)
    shapes = [group for group in found.groups() if group is not None] if found else []
    axes = [
        choose_letters([letters_of(int(size), sizes) for size in re.findall(r"\d+", shape)])
        for shape in shapes
    ]
    known = [letters for letters in axes if letters is not None]
    if len(known) != 2:
        return None
    short, long = sorted(known, key=len)
    lost = [letter for axis, letter in enumerate(long) if long[:axis] + long[axis + 1 :] == short]
    if len(lost) != 1:
        return None
    return Advice(
        f"An array of shape {as_shape(long)} met one of shape {as_shape(short)}, which lacks the "
        f"axis {lost[0]}.",
        f"If a sum or mean took {lost[0]} away, keepdims=True keeps it, with size 1.",
    )


def is_right_after(
    question: DrawnQuestion, case: DrawnCase, answer: Answer, step: Callable, axis: int
) -> bool:
    """Tells whether `step(values, axis)`, which removes an axis, makes an answer right."""
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
