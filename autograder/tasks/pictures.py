"""Pictures of what an answer gives, beside the right values, on inputs that everybody may see."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from vikit.judging.question import LARGEST

from .drawing import evaluate, round_to_float32, to_float64

__all__ = ["Picture", "cloud", "curve", "points", "right_values", "shown_values"]

NUM_INPUTS = 41
# Of a function that is called for each of them.
NUM_CALLS = 21
NUM_POINTS = 60
SEED = 2026


@dataclass(frozen=True, eq=False)
class Picture:
    """What a student's page may draw of a wrong answer, beside the right values.

    Attributes:
        label: The arguments in Python's notation: "z = [t, t], sigma = 0.5".
        inputs: The numbers along the horizontal axis, called t; empty for a picture of points.
        rounds: The arguments of each call: one for all inputs, or one for each of them.
        output: Which output is drawn, of a function that returns a tuple.
        column: Which column of the output is drawn; None for all of it.
        row: Which row, of an output that is a table; None for all of them.
    """

    label: str
    inputs: tuple[float, ...]
    rounds: tuple[tuple[Any, ...], ...]
    output: int = 0
    column: int | None = None
    row: int | None = None


# Not fewer arguments: the declaration of a curve says each of them.
def curve(low, high, rows, shared=None, axis=0, **drawn) -> Picture:
    """Returns the picture of a function that takes a batch: a value for each row of it.

    Args:
        low: The least number t along the horizontal axis.
        high: The largest.
        rows: The arguments that have a batch, by name, in order: one row of each, as nested lists,
            "t" or "1 - t" where the number along the axis belongs.
        shared: Those that come after them and have none.
        axis: Which axis of the arguments is the batch.
        drawn: Output, column and row, as in `Picture`.
    """
    inputs, shared = np.linspace(low, high, NUM_INPUTS), shared or {}
    batch = [np.stack([plug(row, t) for t in inputs], axis=axis) for row in rows.values()]
    rounds = [[*batch, *(plug(value, 0.0) for value in shared.values())]]
    return build_picture(rows | shared, inputs, rounds, **drawn)


def points(low, high, arguments, **drawn) -> Picture:
    """Returns the picture of a function that gives one value a call.

    Args:
        low: The least number t along the horizontal axis.
        high: The largest.
        arguments: All arguments by name, in order, as nested lists, "t" or "1 - t" where the number
            along the axis belongs.
        drawn: Output, column and row, as in `Picture`.
    """
    inputs = np.linspace(low, high, NUM_CALLS)
    rounds = [[plug(value, t) for value in arguments.values()] for t in inputs]
    return build_picture(arguments, inputs, rounds, **drawn)


def cloud(named, arguments: Callable[[np.ndarray], tuple[Any, ...]]) -> Picture:
    """Returns the picture of points in two dimensions, the same noise for all.

    Args:
        named: What the label says of the arguments, by name.
        arguments: From standard normal noise, shape `[60, 2]`, to the arguments.
    """
    noise = np.random.default_rng(SEED).normal(0, 1, (NUM_POINTS, 2))
    return build_picture(named, (), [arguments(noise)])


def plug(value, t) -> Any:
    """Returns nested lists as an array, and a number as a float, with t in its place."""
    match value:
        case "t":
            return float(t)
        case "1 - t":
            return float(1 - t)
        case list():
            return np.array([plug(part, t) for part in value])
    return float(value)


def describe(arguments) -> str:
    """Returns arguments by name in Python's notation: "z = [t, t], sigma = 0.5"."""
    return ", ".join(f"{name} = {value}" for name, value in arguments.items()).replace("'", "")


def build_picture(named, inputs, rounds: Iterable[Iterable[Any]], **drawn) -> Picture:
    rounded = tuple(tuple(round_to_float32(one) for one in arguments) for arguments in rounds)
    return Picture(describe(named), tuple(float(f"{t:.5g}") for t in inputs), rounded, **drawn)


def right_values(question, picture: Picture) -> list[float | None]:
    """Returns what the right answer gives, as `shown_values` does."""
    with np.errstate(all="ignore"):
        rounds = [
            evaluate(question.reference, [to_float64(one) for one in arguments])
            for arguments in picture.rounds
        ]
    return shown_values(picture, rounds)


def shown_values(picture: Picture, rounds: Iterable[tuple[np.ndarray, ...]]) -> list[float | None]:
    """Returns the numbers that are drawn, in a row, to five digits; None for one that is not
    finite. Two numbers for each point of a cloud. Empty where they are too few or too many.

    Args:
        picture: The `Picture`.
        rounds: The arrays that each call gave.
    """
    rounds = list(rounds)
    if any(len(values) <= picture.output for values in rounds):
        return []
    arrays = [np.asarray(values[picture.output], float) for values in rounds]
    if picture.column is not None:
        if any(not array.ndim or array.shape[-1] <= picture.column for array in arrays):
            return []
        arrays = [array[..., picture.column] for array in arrays]
    if picture.row is not None:
        if any(not array.ndim or len(array) <= picture.row for array in arrays):
            return []
        arrays = [array[picture.row] for array in arrays]
    numbers = np.concatenate([np.ravel(array) for array in arrays])
    if len(numbers) != (len(picture.inputs) or 2 * NUM_POINTS):
        return []
    return [float(f"{number:.5g}") if abs(number) <= LARGEST else None for number in numbers]
