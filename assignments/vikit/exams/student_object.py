"""`StudentObject`: a network or a model of the student's, which stays in their process, and what can be asked of any."""

import numpy as np

from ..judging import describe
from .exam import PropertyFailed, as_tensors, require_ok

__all__ = ["StudentObject", "build"]

# More variables than any model has.
MAX_VARIABLES = 10**6


class StudentObject:
    """An object with trainable weights; it stays in the student's process.

    Args:
        exam: The `Exam` that it was made in.
        handle: Its `wire.Handle`.
    """

    def __init__(self, exam, handle):
        self.exam, self.handle = exam, handle
        self._parts, self._shapes = {}, None

    @property
    def key(self):
        return self.handle.key

    def part(self, name):
        """Returns the attribute `name` as a `StudentObject`; the student's process is asked for it once."""
        if name not in self._parts:
            reply = self.exam.student.get(f"{self.key}.{name}", outputs="handle")
            self._parts[name] = StudentObject(self.exam, self.exam.new_handle(reply, name))
        return self._parts[name]

    def attribute(self, name):
        """Returns the array that the attribute `name` is."""
        return require_ok(self.exam.student.get(f"{self.key}.{name}"), name).values[0]

    def __call__(self, *arguments, shapes, outputs=None):
        """Returns the arrays that calling it returns, as `Exam.arrays`."""
        return self.exam.arrays(self.key, *arguments, shapes=shapes, outputs=outputs)

    def method(self, name, *arguments, shapes, outputs=None):
        """Returns the arrays that its method `name` returns, as `Exam.arrays`."""
        return self.exam.arrays(f"{self.key}.{name}", *arguments, shapes=shapes, outputs=outputs)

    def weights(self):
        """Returns its trainable weights; raises `PropertyFailed` unless they are finite floats, as many as last time."""
        values = list(require_ok(self.exam.student.weights(self.handle)).values)
        if not values:
            raise PropertyFailed("it has no trainable weights that Keras knows", "no_weights")
        if not all(value.dtype.name in ("float32", "float64") for value in values):
            raise PropertyFailed("a trainable weight is no array of float32 numbers", "not_float32")
        if not all(np.isfinite(value).all() for value in values):
            raise PropertyFailed("a trainable weight is NaN or infinite", "not_finite")
        shapes = [value.shape for value in values]
        if self._shapes is None:
            self._shapes = shapes
        if self._shapes != shapes:
            raise PropertyFailed(
                "it had trainable weights, and then another number of them, or of other shapes: make every layer's weights in "
                "the first call",
                measured=f"{len(self._shapes)}, and then {len(shapes)}",
            )
        return values

    def set_weights(self, arrays):
        require_ok(self.exam.student.set_weights(self.handle, [np.asarray(array, np.float32) for array in arrays]))

    def perturb_weights(self, scale=1.5, noise=0.3):
        """Moves all trainable weights away from where they are, to `scale` times themselves and noise, and returns them."""
        moved = [scale * array + noise * self.exam.weight_noise(array) for array in self.weights()]
        self.set_weights(moved)
        return moved

    def perturb_from(self, start, noise):
        """Gives it the weights `start` and this much noise."""
        self.set_weights([array + np.float32(noise) * self.exam.weight_noise(array) for array in start])

    def check_no_hidden_variables(self, *arguments, method=""):
        """Raises `PropertyFailed` where it, or its `method`, computes with trainable variables that its weights don't hold."""
        path = f"{self.key}.{method}" if method else self.key
        (value,) = require_ok(self.exam.student.untracked(path, as_tensors(arguments))).values
        count = float(np.ravel(value)[0])
        name = method or "it"
        if not (0 <= count < MAX_VARIABLES and count == int(count)):
            raise PropertyFailed(f"what came back for the variables that {name} computes with is no count")
        if count:
            which = "a variable" if count == 1 else f"{describe.describe_count(int(count))} variables"
            raise PropertyFailed(f"{name} computes with {which} that its weights don't hold", "hidden_parameters")

    def check_no_surplus(self, name, expected):
        """Raises `PropertyFailed` where calling it, known as `name`, returned more than the `expected` number of arrays."""
        self.exam.check_no_surplus(self.key, name, expected)


def build(exam, name, *arguments, of=StudentObject, **keywords):
    """Returns what calling the student's `name` makes, as an object of the class `of`."""
    reply = exam.student.call(name, list(arguments), keywords, outputs="handle")
    return of(exam, exam.new_handle(reply))
