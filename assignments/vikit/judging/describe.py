"""Numbers, shapes and errors in words, for students: no value of a hidden input can be read off them."""

import numpy as np

from .compare import FAR, are_close, one_digit, rough

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


def describe_error(got, want):
    """Returns the size of the error to one significant digit: never a value itself. For public inputs."""
    if np.isnan(got).any():
        return f"{int(np.isnan(got).sum())} of {got.size} values are NaN"
    if np.isinf(got).any():
        return f"{int(np.isinf(got).sum())} of {got.size} values are infinite"
    return f"values are off by up to {one_digit(np.max(np.abs(got - want))):g}"


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
