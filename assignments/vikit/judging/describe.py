"""Describes numbers, shapes and errors to students, in words that give no hidden value away."""

import re
from collections.abc import Iterable

import numpy as np

from .compare import NUM_FAR_STEPS, are_close, round_to_one_digit, signs_and_sizes
from .question import DrawnQuestion

__all__ = [
    "AXIS_NAMES",
    "KNOWN_TYPES",
    "describe_count",
    "describe_error",
    "describe_number",
    "describe_roughly",
    "describe_shape",
    "describe_values",
    "format_shape",
    "join_judgements",
]


# Types that messages name. They name no other: a student's process could hide
# hidden inputs in a name.
KNOWN_TYPES = {
    "NoneType": "None", "str": "text", "bytes": "bytes", "dict": "a dict", "set": "a set",
    "list": "a list", "tuple": "a tuple", "function": "a function", "type": "a class",
    "generator": "a generator", "bool": "a boolean", "object": "an object that is not an array",
    "complex": "complex numbers", "complex64": "complex numbers", "complex128": "complex numbers",
    "int8": "integers", "int16": "integers", "int32": "integers", "int64": "integers",
    "int": "integers", "uint8": "integers", "uint32": "integers", "float16": "float16 numbers",
    "bfloat16": "bfloat16 numbers", "str_": "text", "ndarray": "an array without a usable type",
    "float32": "one array", "float64": "one array", "too large": "more than 8 MiB of numbers",
    "symbolic": "a symbolic tensor, which holds no numbers "
                "(look for tf.Graph, tf.compat.v1 or keras.Input)",
}  # fmt: skip


def describe_error(got: np.ndarray, want: np.ndarray) -> str:
    """Returns the error's size to one significant digit, never a value. For public inputs."""
    if np.isnan(got).any():
        return f"{int(np.isnan(got).sum())} of {got.size} values are NaN"
    if np.isinf(got).any():
        return f"{int(np.isinf(got).sum())} of {got.size} values are infinite"
    return f"values are off by up to {round_to_one_digit(np.max(np.abs(got - want))):g}"


RIGHT_SIZE = "wrong, but of roughly the right size"


def describe_roughly(question: DrawnQuestion, index: int, got: np.ndarray, want: np.ndarray) -> str:
    """Returns in words how an output is off, for hidden inputs.

    The words depend on the sign and the rough size of the right values and on which values are
    right, and on nothing else. A student cannot find a right value by moving an answer until the
    words change: they change at half powers of ten.

    Args:
        question: The `DrawnQuestion`, with its tolerance and the letters of its axes.
        index: Which output of the function.
        got: The values of the answer.
        want: The right values, float64. Same shape.
    """
    for is_such, name in ((np.isnan, "NaN"), (np.isinf, "infinite")):
        if is_such(got).any():
            return f"{'all' if is_such(got).all() else 'some'} values are {name}"
    some = "the value is" if got.size == 1 else "some values are"
    place = describe_location(question, index, ~are_close(got, want, question))
    return f"{some} {describe_distance(got, want)}{place}"


def describe_distance(got: np.ndarray | float, want: np.ndarray | float) -> str:
    """Returns in words how the worst value is off, by signs and rough sizes alone."""
    if not np.isfinite(got).all():
        return "NaN or infinite"
    sign, size = signs_and_sizes(got)
    right_sign, right_size = signs_and_sizes(want)
    far_above, far_below = size - right_size >= NUM_FAR_STEPS, right_size - size >= NUM_FAR_STEPS
    if np.any(far_above):
        return f"{words_of_sign(sign[far_above], TOO_FAR)}: more than ten times what is right"
    if np.any(sign * right_sign < 0):
        return "of the opposite sign"
    if np.any(far_below):
        return (
            f"{words_of_sign(right_sign[far_below], TOO_CLOSE)}: less than a tenth of what is right"
        )
    return RIGHT_SIZE


# Of positive values and of negative ones: -300 is a smaller number than -20, and not "too large".
TOO_FAR = "far too large", "far too negative"
TOO_CLOSE = "far too small", "far too close to 0"


def words_of_sign(signs: np.ndarray, words: tuple[str, str]) -> str:
    """Returns the first of two words if all signs are positive, the second if all are negative.

    Of both signs it returns the first, "in size".
    """
    if np.all(signs < 0):
        return words[1]
    return words[0] if np.all(signs > 0) else f"{words[0]} in size"


def describe_number(got: float, want: float) -> str:
    """Returns in words how a number is off: as `describe_distance`, or "too large" and the like."""
    words = describe_distance(got, want)
    (sign, size), (right_sign, right_size) = signs_and_sizes(got), signs_and_sizes(want)
    if words != RIGHT_SIZE or size == right_size or not sign == right_sign != 0:
        return words
    far = TOO_FAR if size > right_size else TOO_CLOSE
    return words_of_sign(sign, far).removeprefix("far ")


def describe_values(
    name: str, got: np.ndarray, want: np.ndarray, origin: str, unit: str = ""
) -> tuple[str, str]:
    """Returns in words, and in numbers, how values differ from those they should be.

    Args:
        name: What messages call the values.
        got: The student's values.
        want: The right values. Same shape.
        origin: Where the right values come from, for messages.
        unit: The unit of the values with a space before, for example " nats".

    Returns:
        (words, measured): the words give no hidden value away; `measured` has the largest error to
        one significant digit. `check` says one after the other, so the words alone name the origin.
    """
    with np.errstate(all="ignore"):
        worst = round_to_one_digit(np.max(np.abs(got - want)))
    return (
        f"judged by {origin}, some values of {name} are {describe_distance(got, want)}",
        f"{name} is off by up to {worst:g}{unit}",
    )


JUDGED_BY = re.compile(r"judged by [^,]+, ")


def join_judgements(judgements: Iterable[str]) -> str:
    """Returns judgements as one text; a basis, "judged by ...", that was said is not said again."""
    parts, said = [], ""
    for judgement in judgements:
        found = JUDGED_BY.match(judgement)
        basis = found[0] if found else ""
        parts.append(judgement.removeprefix(said) if basis == said else judgement)
        said = basis
    return "; ".join(parts)


AXIS_NAMES = {
    "B": "example", "L": "sample", "K": "dimension", "D": "dimension", "C": "class", "X": "row",
    "Z": "state", "n": "row",
}  # fmt: skip


def describe_location(question: DrawnQuestion, index: int, wrong: np.ndarray) -> str:
    """Returns " (in one example only)" or the like if all wrong values share that, else ""."""
    shapes = question.shape.split(" and ")
    letters = shapes[index].strip("[]").split(",") if index < len(shapes) else []
    if len(letters) != wrong.ndim:
        return ""
    for axis, letter in enumerate(letters):
        others = tuple(other for other in range(wrong.ndim) if other != axis)
        if letter in AXIS_NAMES and wrong.shape[axis] > 1 and np.sum(wrong.any(axis=others)) == 1:
            return f" (in one {AXIS_NAMES[letter]} only)"
    return ""


def describe_shape(shape: tuple, known: set) -> str:
    """Returns a shape in words; "another shape" for sizes not `known`: they could leak inputs."""
    return (
        f"shape {format_shape(shape)}"
        if len(shape) <= MAX_SHOWN_AXES and set(shape) <= known
        else "another shape"
    )


def describe_count(count: int) -> str:
    """Returns how many values came back, "too many" from ten on: more could leak an input."""
    return str(count) if count < 10 else "too many"


MAX_SHOWN_AXES = 4


def format_shape(shape: Iterable) -> str:
    """Returns a shape as text: "[3,4]"."""
    return "[" + ",".join(str(size) for size in shape) + "]"
