"""`StudentObject`: a student's network or model, and what any examination may ask of it."""

from typing import Any

import numpy as np

from ..judging import describe
from ..protocol import wire
from .exam import Exam, PropertyFailed, as_tensors, require_ok

__all__ = ["StudentObject", "build"]

# More variables than any model has.
MAX_VARIABLES = 10**6


class StudentObject:
    """An object with trainable weights; it stays in the student's process.

    Args:
        exam: The `Exam` that it was made in.
        handle: Its `wire.Handle`.
    """

    def __init__(self, exam: Exam, handle: wire.Handle) -> None:
        self.exam, self.handle = exam, handle
        self._parts: dict[str, StudentObject] = {}
        self._shapes: list[tuple] | None = None

    @property
    def key(self) -> str:
        """Returns the key of its handle, with which paths begin."""
        return self.handle.key

    def part(self, name: str) -> "StudentObject":
        """Returns the attribute `name` as a `StudentObject`; the student is asked once."""
        if name not in self._parts:
            reply = self.exam.student.get(f"{self.key}.{name}", outputs="handle")
            self._parts[name] = StudentObject(self.exam, self.exam.new_handle(reply, name))
        return self._parts[name]

    def attribute(self, name: str) -> np.ndarray:
        """Returns the value of the attribute `name`, an array."""
        return require_ok(self.exam.student.get(f"{self.key}.{name}"), name).values[0]

    def __call__(
        self, *arguments: np.ndarray, shapes: list, outputs: int | None = None
    ) -> list[np.ndarray]:
        """Calls it and returns what comes back, as `Exam.arrays`."""
        return self.exam.arrays(self.key, *arguments, shapes=shapes, outputs=outputs)

    def method(
        self, name: str, *arguments: np.ndarray, shapes: list, outputs: int | None = None
    ) -> list[np.ndarray]:
        """Calls its method `name` and returns what comes back, in float64.

        Args:
            name: The method.
            arguments: Arrays; the student gets float32 tensors.
            shapes: The shape that each array must have, None for any.
            outputs: How many arrays a tuple must hold; None for a single array.

        Raises:
            PropertyFailed: If there are fewer arrays, or one is not finite, of floats and of its
                shape.
            NoReply: If the method returned nothing.
        """
        return self.exam.arrays(f"{self.key}.{name}", *arguments, shapes=shapes, outputs=outputs)

    def weights(self) -> list[np.ndarray]:
        """Returns its trainable weights.

        Raises:
            PropertyFailed: If a weight is no array of finite floats, or the shapes are not those of
                the first call.
        """
        values = list(require_ok(self.exam.student.weights(self.handle)).values)
        if not values:
            raise PropertyFailed("it has no trainable weights that Keras knows", "no_weights")
        if not all(value.dtype.name in ("float32", "float64") for value in values):
            raise PropertyFailed(
                "a trainable weight is not an array of float32 numbers", "not_float32"
            )
        if not all(np.isfinite(value).all() for value in values):
            raise PropertyFailed("a trainable weight is NaN or infinite", "not_finite")
        shapes = [value.shape for value in values]
        if self._shapes is None:
            self._shapes = shapes
        if self._shapes != shapes:
            raise PropertyFailed(
                "the number or the shapes of its trainable weights have changed: "
                "make every layer's weights in the first call",
                measured=f"{len(self._shapes)} weights first, and {len(shapes)} later",
            )
        return values

    def set_weights(self, arrays: list) -> None:
        """Gives it these trainable weights."""
        weights = [np.asarray(array, np.float32) for array in arrays]
        require_ok(self.exam.student.set_weights(self.handle, weights))

    def perturb_weights(self, scale: float = 1.5, noise: float = 0.3) -> list[np.ndarray]:
        """Multiplies all trainable weights by `scale`, adds noise, and returns them."""
        moved = [scale * array + noise * self.exam.weight_noise(array) for array in self.weights()]
        self.set_weights(moved)
        return moved

    def perturb_from(self, start: list[np.ndarray], noise: float) -> None:
        """Sets its weights to `start` with this much noise added."""
        self.set_weights(
            [array + np.float32(noise) * self.exam.weight_noise(array) for array in start]
        )

    def check_no_hidden_variables(self, *arguments: np.ndarray, method: str = "") -> None:
        """Raises `PropertyFailed` if it, or its `method`, uses variables that are no weights."""
        path = f"{self.key}.{method}" if method else self.key
        (value,) = require_ok(self.exam.student.untracked(path, as_tensors(arguments))).values
        count = float(np.ravel(value)[0])
        name = method or "it"
        if not (0 <= count < MAX_VARIABLES and count == int(count)):
            raise PropertyFailed(
                f"the number of variables that {name} computes with is not a whole number"
            )
        if count:
            which = (
                "a variable" if count == 1 else f"{describe.describe_count(int(count))} variables"
            )
            verb = "is" if count == 1 else "are"
            raise PropertyFailed(
                f"{name} computes with {which} that {verb} not among its trainable weights",
                "hidden_parameters",
            )

    def check_no_surplus(self, name: str, expected: int | str) -> None:
        """Raises `PropertyFailed` if it, named in messages, has returned too many arrays."""
        self.exam.check_no_surplus(self.key, name, expected)


def build(exam: Exam, name: str, *arguments: Any, of: type = StudentObject, **keywords: Any) -> Any:
    """Returns what calling the student's `name` makes.

    Args:
        exam: The `Exam`.
        name: A class, or a function that returns an object.
        arguments: What it is called with, by position: numbers, texts or tuples of counts.
        of: The class of what is returned here, `StudentObject` or one derived from it.
        keywords: What it is called with, by name.

    Raises:
        PropertyFailed: If an object came back that was there before.
        NoReply: If the call made no object.
    """
    reply = exam.student.call(name, list(arguments), keywords, outputs="handle")
    return of(exam, exam.new_handle(reply))
