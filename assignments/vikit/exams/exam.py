"""What an examination has at hand, how it ends, and the registry of all examinations.

An examination is a function of an `Exam` and of a property's options. It asks the student's process for outputs, computes here
what must hold for every right implementation, and raises `PropertyFailed` where it does not. No formula of the course stands
here: what a value should be comes from an `oracle`, which is the reference for the grader, and in a notebook the student's own
functions.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ..judging import Answer, Finding, describe, faults
from ..judging.explain import KNOWN_TYPES
from ..judging.question import LARGEST
from ..protocol import client, wire

__all__ = [
    "EXAMINATIONS",
    "CannotExamine",
    "Exam",
    "NoReply",
    "PropertyFailed",
    "as_tensors",
    "check_array",
    "examination",
    "examine",
    "examine_property",
    "failure_of_shape",
    "require_ok",
]

# Inputs of a layer that counts as wide.
WIDE_LAYER = 64


class PropertyFailed(Exception):
    """A property that does not hold.

    Attributes:
        detail: What was seen, in words: students read it. No number in it comes from hidden inputs, nor from their process,
            which could give hidden inputs away with it.
        mistake: The name of the mistake where the values tell it; several are joined by " and ".
        measured: The numbers that were seen: the staff reads them, and in `check` the student.
    """

    def __init__(self, detail, mistake="", measured=""):
        super().__init__(detail)
        self.detail, self.mistake, self.measured = detail, mistake, measured

    def when(self, circumstances, mistake=None):
        """Returns the same failure, found in these circumstances; under another name if `mistake` is given."""
        return PropertyFailed(
            f"{circumstances} {self.detail}", self.mistake if mistake is None else mistake, self.measured
        )


class NoReply(Exception):
    """A reply without values: the student's code raised, hung, ended the process or returned something else.

    Attributes:
        reply: The `wire.Reply`.
        attribute: The name of the attribute that was read, if one was.
    """

    def __init__(self, reply, attribute=""):
        super().__init__(reply.status)
        self.reply, self.attribute = reply, attribute


class CannotExamine(Exception):
    """What an examination takes for right is not there; the text says what to do."""


@dataclass(frozen=True)
class Examination:
    """An examination, and the names of all mistakes that it may find.

    Attributes:
        name: By which properties ask for it.
        function: Of an `Exam` and the property's options.
        finds: The names, or a function that returns them from the same options.
    """

    name: str
    function: Callable
    finds: tuple | Callable

    def __call__(self, exam, **options):
        return self.function(exam, **options)

    def names_it_may_find(self, options):
        """Returns the names of the mistakes that `PropertyFailed` may be raised with for these options."""
        names = self.finds(**options) if callable(self.finds) else self.finds
        return frozenset(names) - {"right"}


EXAMINATIONS: dict[str, Examination] = {}


def examination(name, *, finds=()):
    """Registers a function as the examination `name`; `finds` as in `Examination`.

    Raises:
        ValueError: If there is an examination of that name.
    """

    def register(function):
        if name in EXAMINATIONS:
            raise ValueError(f"two examinations are called {name!r}: {EXAMINATIONS[name].function} and {function}")
        EXAMINATIONS[name] = Examination(name, function, finds)
        return function

    return register


@dataclass
class Exam:
    """What an examination has at hand.

    Attributes:
        student: The `client.Student`.
        oracle: What values should be: an object with the functions that the question's examinations need.
        generator: Random numbers for inputs, a function of the course's secret and the question: the same code has the same
            verdict, whoever hands it in.
        num_trainings: How many trainings may be tried where luck plays a part.
        cache: What one property leaves to the next, so that a model is compiled once.
        handles: Keys of the objects that were made so far.
        surplus: How many values came from the path of a function or method that returned more than it should.
    """

    student: object
    oracle: object
    generator: np.random.Generator
    num_trainings: int = 3
    cache: dict = field(default_factory=dict)
    handles: set = field(default_factory=set)
    surplus: dict = field(default_factory=dict)

    def normal(self, *shape):
        return self.generator.normal(size=shape).astype(np.float32)

    def weight_noise(self, array):
        """Returns normal noise to move a weight by: less in a wide layer, so that its outputs grow no more than others'."""
        inputs = np.prod(array.shape[:-1])
        return self.normal(*array.shape) * np.float32(min(1.0, np.sqrt(WIDE_LAYER / inputs)))

    def new_handle(self, reply, attribute=""):
        """Returns the handle in a reply; raises `PropertyFailed` where it is that of another object."""
        handle = require_ok(reply, attribute).handle
        if handle.key in self.handles:
            raise PropertyFailed("what came back is an object that was there before")
        self.handles.add(handle.key)
        return handle

    def arrays(self, path, *arguments, shapes, outputs):
        """Returns the arrays that `path` returns, as float64; where it returns more than `shapes`, the first ones.

        That there were more is for `check_no_surplus` to say, in the one examination that asks for their number.

        Args:
            path: Of a function, an object or a method in the student's process.
            arguments: Arrays; the student gets float32 tensors.
            shapes: The shape that each array must have, None for any.
            outputs: How many arrays a tuple must hold; None where a single array is expected.
        """
        reply = self.student.call(path, as_tensors(arguments), outputs=outputs)
        if reply.status == "malformed":
            what = KNOWN_TYPES.get(reply.kind, "something that is no array")
            wanted = f"a tuple of {len(shapes)} arrays" if outputs else "one array"
            raise PropertyFailed(f"{what} came back, expected {wanted} of float32 numbers", "not_float32")
        count = len(require_ok(reply).values)
        if count < len(shapes):
            came = describe.describe_count(count)
            raise PropertyFailed(f"{came} values came back, expected {len(shapes)}", "another_number_of_outputs")
        if count > len(shapes):
            self.surplus[path] = count
        values = reply.values[: len(shapes)]
        for value, shape in zip(values, shapes, strict=True):
            check_array(value, shape)
        return [value.astype(np.float64) for value in values]

    def check_no_surplus(self, path, name, expected):
        """Raises `PropertyFailed` where what is at `path`, known as `name`, returned more arrays than `expected`."""
        if path in self.surplus:
            seen = f"{name} returned {describe.describe_count(self.surplus[path])} values, expected {expected}"
            raise PropertyFailed(seen, "another_number_of_outputs")


def as_tensors(arrays):
    return [wire.Tensor(np.asarray(array, np.float32)) for array in arrays]


def require_ok(reply, attribute=""):
    """Returns a reply of status ok; raises `NoReply` for another."""
    if reply.status != "ok":
        raise NoReply(reply, attribute)
    return reply


def check_array(value, shape=None):
    """Raises `PropertyFailed` unless `value` is an array of finite floats of this shape."""
    if value is None or value.dtype.name not in ("float32", "float64"):
        raise PropertyFailed("what came back is no float32 array", "not_float32")
    if shape is not None and value.shape != tuple(shape):
        raise failure_of_shape(value, shape)
    # What float32 cannot hold is infinite for whoever goes on with it.
    if not (np.abs(value) <= LARGEST).all():
        raise PropertyFailed("NaN or infinite values came back", "not_finite")


def failure_of_shape(value, shape, sentence="{} came back"):
    """Returns the `PropertyFailed` on an array that has not this shape; `sentence` has a gap for the one that it has."""
    shown, wanted = describe.describe_shape(value.shape, {1, *shape}), describe.format_shape(shape)
    detail = f"{sentence.format(shown)}, expected {wanted}"
    return PropertyFailed(detail, "wrong_shape", f"shape {describe.format_shape(value.shape)}")


def examine(question, exam, examinations=EXAMINATIONS):
    """Returns a dict from the name of each property of `question` to its `judging.Finding`.

    The student's process is seeded first: what it drew before, for other cells and questions, does not matter. After a
    request that hung or ended the process the other properties are not tried: they would do the same.
    """
    found, dead = {}, None
    exam.student.seed(0)
    for item in question.properties:
        found[item.name] = dead or examine_property(item, exam, examinations)
        if found[item.name].status in ("timeout", "crashed"):
            dead = found[item.name]
    return found


def examine_property(item, exam, examinations=EXAMINATIONS):
    """Returns the `judging.Finding` on one property. An exception of the kit's own code costs this property alone.

    Raises:
        Unreachable: If the student's process cannot be asked.
        OSError, MemoryError: The machine's faults (see `faults`).
    """
    try:
        # Numbers near the largest that there are overflow in what is computed here, and are close to nothing.
        with np.errstate(all="ignore"):
            examinations[item.examination](exam, **item.options)
    except PropertyFailed as failed:
        return Finding("wrong", failed.mistake, failed.detail, measured=failed.measured)
    except CannotExamine as reason:
        return Finding("unexamined", detail=str(reason))
    except NoReply as none:
        reply = none.reply
        if reply.status == "missing" and none.attribute:
            return Finding("wrong", "", f"it has no attribute `{none.attribute}`")
        return Finding(reply.status, answer=Answer(reply.status, (), reply.kind, reply.line, reply.text))
    except client.Unreachable:
        raise
    except Exception as error:
        if faults.is_of_the_machine(error):
            raise
        # Whatever it is: it is named, and the other properties are examined.
        return faults.build_finding(error)
    return Finding("ok")
