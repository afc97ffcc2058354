"""The examinations of functions: gradients, log determinants by central differences, inverses."""

from itertools import zip_longest

import numpy as np

from ..judging import describe
from ..protocol import wire
from .dependence import MISTAKES_OF_VALUES
from .differences import LOG_DET_TOLERANCE, log_dets_by_differences
from .exam import NoReply, PropertyFailed, check_array, examination, require_ok

__all__ = []


@examination("gradient", finds=("no_gradient_through_the_sample",))
def check_gradient(exam, path, inputs, wanted):
    """The gradient of a function is what the oracle's `wanted` says, and exists for each argument named in `inputs`."""
    mu, log_var = exam.normal(5, 4), exam.normal(5, 4)
    eps, cotangent = exam.normal(3, 5, 4), exam.normal(3, 5, 4)
    arguments = [wire.Tensor(array) for array in (mu, log_var, eps)]
    values = require_ok(exam.student.vjp(path, arguments, [cotangent])).values
    expected = getattr(exam.oracle, wanted)(mu, log_var, eps, cotangent)
    for name, got, want in zip(inputs, values, expected, strict=False):
        if got is None or not np.any(got):
            raise PropertyFailed(f"no gradient reaches {name}", "no_gradient_through_the_sample")
        if got.shape != want.shape or not np.allclose(got, want, 1e-3, 1e-4):
            raise PropertyFailed(f"the gradient in {name} is not the right one")


def draw_arguments(exam, shapes, positive=()):
    """Returns normal arguments of these shapes, a float where the shape is []; those at `positive` above 0.5."""
    arguments = []
    for index, shape in enumerate(shapes):
        value = exam.normal(*shape) if shape else float(exam.normal(1)[0])
        arguments.append(np.float32(0.5) + abs(value) if index in positive else value)
    return [value if np.ndim(value) else float(value) for value in arguments]


def student_values(exam, name, arguments, outputs=None, shapes=()):
    """Returns the arrays that the student's function `name` gives, in float64.

    Raises `PropertyFailed` unless there are as many as `outputs` says, and the first of them have these `shapes`.
    """
    reply = require_ok(exam.student.call(name, arguments, outputs=outputs))
    if len(reply.values) != (outputs or 1):
        raise PropertyFailed(f"{describe.describe_count(len(reply.values))} values came back, expected {outputs or 1}")
    for value, shape in zip_longest(reply.values, shapes):
        check_array(value, shape)
    return [value.astype(np.float64) for value in reply.values]


def oracle_values(exam, name, arguments, outputs=None):
    """Returns the arrays that the oracle has for `name`."""
    value = exam.oracle.function(name)(*arguments)
    return [np.asarray(part, np.float64) for part in (value if outputs else (value,))]


def student_map_or_oracle(exam, name, arguments, outputs=None):
    """Returns the student's own map, a function from arguments to values, where it is the right one; else the oracle's."""
    want = oracle_values(exam, name, arguments, outputs)[0]

    def by_oracle(others):
        return oracle_values(exam, name, others, outputs)[0]

    def by_student(others):
        # A map gives points of the space that it was given points of.
        return student_values(exam, name, others, outputs, [np.shape(others[0])])[0]

    try:
        got = by_student(arguments)
    except (PropertyFailed, NoReply):
        return by_oracle
    return by_student if got.shape == want.shape and np.allclose(got, want, 1e-3, 1e-4) else by_oracle


@examination("jacobian", finds=MISTAKES_OF_VALUES)
def check_jacobian(exam, forward, log_det, shapes, positive=(), given=None, outputs=None):
    """`log_det` gives the log determinant of the Jacobian of `forward` in its first argument, by central differences.

    Args:
        exam: The `Exam`.
        forward: Name of the map.
        log_det: Name of the function with the log determinant; where both are one, its last output.
        shapes: Of the map's arguments.
        positive: Which of them are positive.
        given: Which of them `log_det` takes; all by default.
        outputs: How many arrays `forward` returns where it returns a tuple.
    """
    arguments = draw_arguments(exam, shapes, positive)
    batch = shapes[0][0]
    chosen = arguments if given is None else [arguments[index] for index in given]
    got = student_values(exam, log_det, chosen, outputs)[-1]
    forward_map = student_map_or_oracle(exam, forward, arguments, outputs)

    def mapped(points):
        copies = points.shape[0] // batch
        rest = [
            np.tile(value, (copies, 1)) if np.ndim(value) == 2 and value.shape[0] == batch else value
            for value in arguments[1:]
        ]
        return forward_map([points, *rest])

    want, _, reliable = log_dets_by_differences(mapped, arguments[0])
    if got.shape != want.shape:
        raise PropertyFailed("the log determinant has another shape than the batch", "wrong_shape")
    worst = np.max(np.abs(got - want), where=reliable, initial=0.0)
    if not worst <= LOG_DET_TOLERANCE:
        name, origin = "the log determinant", "differences of the map"
        words, measured = describe.describe_values(name, got[reliable], want[reliable], origin)
        raise PropertyFailed(words, measured=measured)


@examination("inverts", finds=MISTAKES_OF_VALUES)
def check_inverse(exam, forward, inverse, shapes):
    """`inverse` takes the output of `forward` back to its first argument, with the same other arguments."""
    arguments = draw_arguments(exam, shapes)
    there = student_map_or_oracle(exam, forward, arguments)(arguments).astype(np.float32)
    back = student_values(exam, inverse, [there, *arguments[1:]], shapes=[np.shape(arguments[0])])[0]
    if not np.allclose(back, arguments[0], 1e-3, 1e-3):
        raise PropertyFailed("forth and back does not return to where it began")


@examination("returns", finds=MISTAKES_OF_VALUES)
def check_reversible(exam, name, size):
    """A step of dynamics, and another with the velocity turned round, end where they began."""
    half = exam.normal(size, size) / np.float32(2)
    score = wire.BuiltArgument("affine", (-half @ half.T, exam.normal(size)))
    z, v = exam.normal(size), exam.normal(size)
    moved, velocity = student_values(exam, name, [z, v, 0.3, score], 2, [z.shape] * 2)
    turned_round = [moved.astype(np.float32), -velocity.astype(np.float32), 0.3, score]
    back, turned = student_values(exam, name, turned_round, 2, [z.shape] * 2)
    if not (np.allclose(back, z, 1e-3, 1e-3) and np.allclose(turned, -v, 1e-3, 1e-3)):
        raise PropertyFailed("forth, and back with the velocity turned round, does not return to where it began")
