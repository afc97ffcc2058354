"""The examinations of plain functions: "gradient", "jacobian", "inverse" and "reversible"."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import numpy as np

from ..judging import describe
from ..protocol import wire
from .dependence import MISTAKES_OF_VALUES
from .differences import LOG_DET_TOLERANCE, log_dets_by_differences
from .exam import Exam, NoReply, PropertyFailed, as_tensors, check_array, examination, require_ok

__all__ = [
    "check_gradient",
    "check_inverse",
    "check_jacobian",
    "check_reversible",
    "gradients_agree",
]

# How far gradients in float32 may be from the oracle's: as a share, and at least.
GRADIENT_RTOL, GRADIENT_ATOL = 1e-3, 1e-4


@examination("gradient", finds=("no_gradient_through_the_sample",))
def check_gradient(exam: Exam, path: str, inputs: list[str], wanted: str) -> None:
    """A function's gradient in each argument in `inputs` exists, and is the oracle's `wanted`.

    The function maps mu and log_var, `[5, 4]`, and eps, `[3, 5, 4]`, to an array like eps.

    Args:
        exam: The `Exam`.
        path: The function in the student's process.
        inputs: The names of its first arguments, whose gradients are examined.
        wanted: The oracle's function of (mu, log_var, eps, cotangent) that returns their gradients.

    Raises:
        PropertyFailed: If a gradient is missing, 0 everywhere, or not the right one.
    """
    mu, log_var = exam.normal(5, 4), exam.normal(5, 4)
    eps, cotangent = exam.normal(3, 5, 4), exam.normal(3, 5, 4)
    values = require_ok(exam.student.vjp(path, as_tensors([mu, log_var, eps]), [cotangent])).values
    expected = getattr(exam.oracle, wanted)(mu, log_var, eps, cotangent)
    for name, got, want in zip(inputs, values, expected, strict=False):
        if got is None or not np.any(got):
            raise PropertyFailed(f"no gradient reaches {name}", "no_gradient_through_the_sample")
        if not gradients_agree(got, want):
            raise PropertyFailed(f"the gradient in {name} is not the right one")


def gradients_agree(got: np.ndarray, want: np.ndarray) -> bool:
    """Tells whether a gradient is another one, but for rounding in float32."""
    return got.shape == want.shape and np.allclose(got, want, GRADIENT_RTOL, GRADIENT_ATOL)


def draw_arguments(exam: Exam, shapes: list, positive: tuple | list = ()) -> list:
    """Returns normal arguments of these shapes ([]: a float); those at `positive` exceed 0.5."""
    arguments = []
    for index, shape in enumerate(shapes):
        value: Any = exam.normal(*shape) if shape else float(exam.normal(1)[0])
        arguments.append(np.float32(0.5) + abs(value) if index in positive else value)
    return [value if np.ndim(value) else float(value) for value in arguments]


def student_values(
    exam: Exam, name: str, arguments: list, outputs: int | None = None, shapes: list | tuple = ()
) -> list[np.ndarray]:
    """Returns the arrays that the student's function `name` gives, in float64.

    Args:
        exam: The `Exam`.
        name: The function.
        arguments: What it is called with.
        outputs: How many arrays a tuple must hold; None for a single array.
        shapes: The shapes that the first of them must have.

    Raises:
        PropertyFailed: If number, type or shapes are others.
    """
    reply = require_ok(exam.student.call(name, arguments, outputs=outputs))
    if len(reply.values) != (outputs or 1):
        raise PropertyFailed(
            f"{describe.describe_count(len(reply.values))} values came back, "
            f"expected {outputs or 1}"
        )
    for value, shape in zip_longest(reply.values, shapes):
        check_array(value, shape)
    return [value.astype(np.float64) for value in reply.values]


def oracle_values(
    exam: Exam, name: str, arguments: list, outputs: int | None = None
) -> list[np.ndarray]:
    """Returns the arrays that the oracle has for `name`."""
    value = exam.oracle.function(name)(*arguments)
    return [np.asarray(part, np.float64) for part in (value if outputs else (value,))]


def student_map_or_oracle(
    exam: Exam, name: str, arguments: list, outputs: int | None = None
) -> Callable:
    """Returns the student's map of arguments to values if it is right here, else the oracle's."""
    want = oracle_values(exam, name, arguments, outputs)[0]

    def by_oracle(others: list) -> np.ndarray:
        return oracle_values(exam, name, others, outputs)[0]

    def by_student(others: list) -> np.ndarray:
        # The map gives points of the space that its first argument is in.
        return student_values(exam, name, others, outputs, [np.shape(others[0])])[0]

    try:
        got = by_student(arguments)
    except (PropertyFailed, NoReply):
        return by_oracle
    return (
        by_student if got.shape == want.shape and np.allclose(got, want, 1e-3, 1e-4) else by_oracle
    )


@dataclass(frozen=True)
class MapWithLogDet:
    """A map, and a function that gives the log determinant of its Jacobian in the first argument.

    Attributes:
        forward: Name of the map.
        log_det: Name of the function with the log determinant, its last output. It may be the map
            itself.
        shapes: Shapes of the map's arguments.
        positive: Indices of the arguments that are positive.
        given: Indices of the arguments that `log_det` takes; None for all.
        outputs: How many arrays `forward` returns if it returns a tuple.
    """

    forward: str
    log_det: str
    shapes: list
    positive: tuple | list = ()
    given: list | None = None
    outputs: int | None = None

    def log_det_arguments(self, arguments: list) -> list:
        """Returns those of the map's arguments that `log_det` takes."""
        return arguments if self.given is None else [arguments[index] for index in self.given]


@examination("jacobian", finds=MISTAKES_OF_VALUES)
def check_jacobian(exam: Exam, **options: Any) -> None:
    """`log_det` is the log determinant of `forward`'s Jacobian, by differences.

    Options as in `MapWithLogDet`.
    """
    one = MapWithLogDet(**options)
    arguments = draw_arguments(exam, one.shapes, one.positive)
    got = student_values(exam, one.log_det, one.log_det_arguments(arguments), one.outputs)[-1]
    forward = student_map_or_oracle(exam, one.forward, arguments, one.outputs)
    want, _, reliable = log_dets_by_differences(
        map_of_first_argument(forward, arguments), arguments[0]
    )
    if got.shape != want.shape:
        raise PropertyFailed("the log determinant has another shape than the batch", "wrong_shape")
    worst = np.max(np.abs(got - want), where=reliable, initial=0.0)
    if not worst <= LOG_DET_TOLERANCE:
        name, origin = "the log determinant", "differences of the map"
        words, measured = describe.describe_values(name, got[reliable], want[reliable], origin)
        raise PropertyFailed(words, measured=measured)


def map_of_first_argument(forward: Callable, arguments: list) -> Callable:
    """Returns the map of the first argument alone; the batch may be repeated several times."""
    batch = len(arguments[0])

    def function(points: np.ndarray) -> np.ndarray:
        copies = points.shape[0] // batch
        rest = [
            (
                np.tile(value, (copies, 1))
                if np.ndim(value) == 2 and value.shape[0] == batch
                else value
            )
            for value in arguments[1:]
        ]
        return forward([points, *rest])

    return function


@examination("inverse", finds=MISTAKES_OF_VALUES)
def check_inverse(exam: Exam, forward: str, inverse: str, shapes: list) -> None:
    """`inverse` takes the output of `forward` back to its first argument, other arguments alike.

    Args:
        exam: The `Exam`.
        forward: The student's map; the oracle's serves where that is wrong.
        inverse: The student's function that is examined.
        shapes: The shapes of the arguments of both, the first that of the points.

    Raises:
        PropertyFailed: If a value is off by more than 1e-3, in float32.
    """
    arguments = draw_arguments(exam, shapes)
    there = student_map_or_oracle(exam, forward, arguments)(arguments).astype(np.float32)
    back = student_values(exam, inverse, [there, *arguments[1:]], shapes=[np.shape(arguments[0])])[
        0
    ]
    if not np.allclose(back, arguments[0], 1e-3, 1e-3):
        raise PropertyFailed(
            "the inverse does not take the output of the forward map back to its input"
        )


@examination("reversible", finds=MISTAKES_OF_VALUES)
def check_reversible(exam: Exam, name: str, size: int) -> None:
    """A step of dynamics, and a second one with the velocity reversed, end where they began.

    Args:
        exam: The `Exam`.
        name: The student's step: a function of (z, v, step size, gradient of the log density).
        size: Dimensions of position and velocity, each `[size]`.

    Raises:
        PropertyFailed: If position or velocity is off by more than 1e-3.
    """
    half = exam.normal(size, size) / np.float32(2)
    grad_log_density = wire.BuiltArgument("affine", (-half @ half.T, exam.normal(size)))
    z, v = exam.normal(size), exam.normal(size)
    moved, velocity = student_values(exam, name, [z, v, 0.3, grad_log_density], 2, [z.shape] * 2)
    reverse = [moved.astype(np.float32), -velocity.astype(np.float32), 0.3, grad_log_density]
    back, reversed_velocity = student_values(exam, name, reverse, 2, [z.shape] * 2)
    if not (np.allclose(back, z, 1e-3, 1e-3) and np.allclose(reversed_velocity, -v, 1e-3, 1e-3)):
        raise PropertyFailed(
            "a step, and a second one with the velocity reversed, do not return to where they began"
        )
