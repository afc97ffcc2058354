"""How numbers, arrays and arguments are written in the file of public cases, and read from it."""

import math
from typing import Any

import numpy as np

from . import wire

__all__ = ["dump_argument", "load_argument", "load_arrays", "round_to_lists"]


def load_arrays(lists) -> tuple[np.ndarray, ...]:
    return tuple(np.array(values, dtype=np.float64) for values in lists)


def round_to_lists(array, atol, rtol) -> list[Any] | float | str:
    """Returns an array as nested lists of numbers, NaN and infinities as text.

    Args:
        array: Of any shape.
        atol: Each number is rounded to a decimal place whose unit is at most atol + rtol |number|.
        rtol: See `atol`.
    """
    array = np.asarray(array)
    if array.ndim:
        return [round_to_lists(part, atol, rtol) for part in array]
    value = float(array)
    if not math.isfinite(value):
        return str(value)
    # Adding zero turns -0.0 into 0.0.
    return round(value, -math.floor(math.log10(atol + rtol * abs(value)))) + 0.0


def shortest_decimals(array) -> list[Any] | float:
    """Returns a float32 array as nested lists of the shortest decimals that give it back."""
    return [shortest_decimals(part) for part in array] if array.ndim else float(str(array))


def dump_argument(argument) -> dict[str, Any]:
    match argument:
        case wire.Tensor(array):
            return {"tensor": shortest_decimals(array)}
        case wire.BuiltArgument(kind, arrays):
            return {
                "callable": kind,
                "arrays": [shortest_decimals(np.asarray(array, np.float32)) for array in arrays],
            }
        case np.ndarray():
            return {"array": shortest_decimals(argument)}
        case int():
            return {"count": argument}
        case float():
            return {"scalar": argument}
    raise TypeError(f"no way to write a {type(argument).__name__} into public cases")


def load_argument(content) -> Any:
    match content:
        case {"tensor": values}:
            return wire.Tensor(np.array(values, np.float32))
        case {"callable": kind, "arrays": lists}:
            return wire.BuiltArgument(kind, tuple(np.array(values, np.float32) for values in lists))
        case {"array": values}:
            return np.array(values, np.float32)
    (value,) = content.values()
    return value
