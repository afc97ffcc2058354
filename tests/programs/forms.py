"""Forms of right answers that are other forms' functions, compiled by XLA or with another type of
what they return.
"""

import numpy as np
import tensorflow as tf

# The form whose functions are wrapped.
BASE = "float32_tensorflow"


def each_value(function, convert):
    """Returns `function` with each of its outputs converted."""

    def converted(*arguments):
        value = function(*arguments)
        return tuple(map(convert, value)) if isinstance(value, tuple | list) else convert(value)

    return converted


def compiled(function):
    return tf.function(function, jit_compile=True)


def in_float64(function):
    return each_value(function, lambda value: np.asarray(value, np.float64))


def in_lists(function):
    return each_value(function, lambda value: np.asarray(value).tolist())


def wrap(form, question, function):
    """Returns the function of a question in a form; as it is where random numbers or gradients
    forbid that form.
    """
    through_arrays = form != "compiled" and any(
        item.examination in ("gradient", "vq_gradient") for item in question.properties
    )
    return function if question.sampled or through_arrays else WRAPPERS[form](function)


WRAPPERS = {"compiled": compiled, "float64_arrays": in_float64, "lists": in_lists}
