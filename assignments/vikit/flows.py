"""The properties of flows, examined from their values: log determinants by central differences, inverses, and `FlowVIB`."""

import numpy as np

from . import wire
from .properties import Broken, Stopped, answered, checked

# Half the distance of two points of a difference, and how far a log determinant may be from what the differences say: in
# float32 those of four planar layers are off by 4e-4.
STEP, APART = 3e-3, 5e-3
# Where the map nearly collapses space its differences say little of the logarithm.
COLLAPSED = 0.2


def drawn(asked, shapes, positive=()):
    """Returns normal arguments of these shapes, a float where the shape is []; those at `positive` above 0.5."""
    arguments = []
    for index, shape in enumerate(shapes):
        value = asked.normal(*shape) if shape else float(asked.normal(1)[0])
        arguments.append(np.float32(0.5) + abs(value) if index in positive else value)
    return [value if np.ndim(value) else float(value) for value in arguments]


def values_of(asked, name, arguments, outputs=None):
    """Returns the arrays that the student's function `name` gives, in float64."""
    reply = answered(asked.student.call(name, arguments, outputs=outputs))
    for value in reply.values:
        checked(value, None)
    return [value.astype(np.float64) for value in reply.values]


def right_values(asked, name, arguments, outputs=None):
    """Returns the arrays that the oracle has for `name`."""
    value = asked.oracle.function(name)(*arguments)
    return [np.asarray(part, np.float64) for part in (value if outputs else (value,))]


def own_map(asked, name, arguments, outputs=None):
    """Returns the student's own map, a function from arguments to values, where it is the right one; else the oracle's."""
    want = right_values(asked, name, arguments, outputs)[0]

    def by_oracle(others):
        return right_values(asked, name, others, outputs)[0]

    def by_student(others):
        return values_of(asked, name, others, outputs)[0]

    try:
        got = by_student(arguments)
    except (Broken, Stopped):
        return by_oracle
    return by_student if got.shape == want.shape and np.allclose(got, want, 1e-3, 1e-4) else by_oracle


def differences(mapped, z):
    """Returns the Jacobians of `mapped`, from `[n, K]` to `[n, K]`, at each row of `z`. Shape `[B, K, K]`.

    All points go in one call, the rows of `z` repeated 2 K times in the same order.
    """
    z = np.asarray(z, np.float32)
    size = z.shape[1]
    steps = np.repeat(np.float32(STEP) * np.eye(size, dtype=np.float32), len(z), axis=0).reshape(size, len(z), size)
    ends = np.stack([z + steps, z - steps])
    values = mapped(ends.reshape(-1, size)).reshape(2, size, len(z), size)
    # What float32 made of the step.
    width = np.max(ends[0].astype(float) - ends[1], axis=-1)
    return np.einsum("jbi->bij", (values[0] - values[1]) / width[..., np.newaxis])


def log_dets_of(jacobians):
    """Returns log abs det of each Jacobian, and which of them are far enough from collapse to say it."""
    log_dets = np.linalg.slogdet(jacobians)[1]
    return log_dets, log_dets > np.log(COLLAPSED)


def jacobian(asked, forward, log_det, shapes, positive=(), given=None, outputs=None):
    """`log_det` gives the log determinant of the Jacobian of `forward` in its first argument, by central differences.

    Args:
        asked: What the examination has at hand.
        forward: Name of the map.
        log_det: Name of the function with the log determinant; where both are one, its last output.
        shapes: Of the map's arguments.
        positive: Which of them are positive.
        given: Which of them `log_det` takes; all by default.
        outputs: How many arrays `forward` returns where it returns a tuple.
    """
    arguments = drawn(asked, shapes, positive)
    batch = shapes[0][0]
    chosen = arguments if given is None else [arguments[index] for index in given]
    got = values_of(asked, log_det, chosen, outputs)[-1]
    by = own_map(asked, forward, arguments, outputs)

    def mapped(points):
        copies = points.shape[0] // batch
        rest = [
            np.tile(value, (copies, 1)) if np.ndim(value) == 2 and value.shape[0] == batch else value
            for value in arguments[1:]
        ]
        return by([points, *rest])

    want, told = log_dets_of(differences(mapped, arguments[0]))
    if got.shape != want.shape:
        raise Broken("the log determinant has another shape than the batch", "wrong_shape")
    worst = np.max(np.abs(got - want), where=told, initial=0.0)
    if not worst <= APART:
        raise Broken(f"the log determinant is off by up to {worst:.1g} from that of the map's differences")


def inverts(asked, forward, inverse, shapes):
    """`inverse` takes the output of `forward` back to its first argument, with the same other arguments."""
    arguments = drawn(asked, shapes)
    there = own_map(asked, forward, arguments)(arguments).astype(np.float32)
    back = values_of(asked, inverse, [there, *arguments[1:]])[0]
    if not np.allclose(back, arguments[0], 1e-3, 1e-3):
        raise Broken("forth and back does not return to where it began")


def returns(asked, name, size):
    """A step of dynamics, and another with the velocity turned round, end where they began."""
    half = asked.normal(size, size) / np.float32(2)
    score = wire.Built("affine", (-half @ half.T, asked.normal(size)))
    z, v = asked.normal(size), asked.normal(size)
    moved, velocity = values_of(asked, name, [z, v, 0.3, score], 2)
    back, turned = values_of(asked, name, [moved.astype(np.float32), -velocity.astype(np.float32), 0.3, score], 2)
    if not (np.allclose(back, z, 1e-3, 1e-3) and np.allclose(turned, -v, 1e-3, 1e-3)):
        raise Broken("forth, and back with the velocity turned round, does not return to where it began")


KINDS = {"inverts": inverts, "jacobian": jacobian, "returns": returns}
