"""What an examination works with, how it ends, and the registry of all examinations.

An examination is a function of an `Exam` and of a property's options. It asks the student's process
for outputs, computes here what must hold for every right implementation, and raises
`PropertyFailed` where it does not. No formula of the course stands here: what a value should be
comes from an `oracle`. The grader's oracle is the reference; in a notebook the oracle is made of
the student's own functions.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..judging import Answer, DrawnQuestion, Finding, Property, describe, faults
from ..judging.explain import KNOWN_TYPES
from ..judging.question import LARGEST
from ..protocol import client, wire
from .digits import Examples, split

__all__ = [
    "EXAMINATIONS",
    "CannotExamine",
    "Exam",
    "Memory",
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

# A layer with more inputs than this counts as wide.
WIDE_LAYER = 64


class PropertyFailed(Exception):
    """A property that does not hold.

    Attributes:
        detail: What was seen, in words, for the student. It holds no number that comes from hidden
            inputs or from the student's process: such a number could give hidden inputs away.
        mistake: The name of the mistake, if the values tell it; several names are joined by " and
            ".
        measured: The numbers that were seen. The staff reads them, and the student reads them in
            `check`.
    """

    def __init__(self, detail: str, mistake: str = "", measured: str = "") -> None:
        super().__init__(detail)
        self.detail, self.mistake, self.measured = detail, mistake, measured

    def when(self, circumstances: str, mistake: str | None = None) -> "PropertyFailed":
        """Returns the failure as found under these circumstances; `mistake` renames it."""
        name = self.mistake if mistake is None else mistake
        return PropertyFailed(f"{circumstances} {self.detail}", name, self.measured)


class NoReply(Exception):
    """A reply without values: the student's code raised, hung, ended or returned something else.

    Attributes:
        reply: The `wire.Reply`.
        attribute: The name of the attribute that was read, if one was.
    """

    def __init__(self, reply: wire.Reply, attribute: str = "") -> None:
        super().__init__(reply.status)
        self.reply, self.attribute = reply, attribute


class CannotExamine(Exception):
    """The examination lacks something that it needs to know what is right; it says what to do."""


@dataclass(frozen=True)
class Examination:
    """An examination, and the names of all mistakes that it may find.

    Attributes:
        name: The name by which properties ask for it.
        function: Takes an `Exam` and the property's options.
        finds: The names, or a function that returns them from the same options.
    """

    name: str
    function: Callable
    finds: Iterable[str] | Callable

    def __call__(self, exam: "Exam", **options: Any) -> None:
        self.function(exam, **options)

    def names_it_may_find(self, options: dict) -> frozenset[str]:
        """Returns the names of the mistakes that it may find with these options."""
        names = self.finds(**options) if callable(self.finds) else self.finds
        return frozenset(names) - {"right"}


EXAMINATIONS: dict[str, Examination] = {}


def examination(
    name: str, *, finds: Iterable[str] | Callable = ()
) -> Callable[[Callable], Callable]:
    """Registers a function as the examination `name`; `finds` as in `Examination`.

    Raises:
        ValueError: If there is an examination of that name.
    """

    def register(function: Callable) -> Callable:
        if name in EXAMINATIONS:
            raise ValueError(
                f"two examinations are called {name!r}: "
                f"{EXAMINATIONS[name].function} and {function}"
            )
        EXAMINATIONS[name] = Examination(name, function, finds)
        return function

    return register


@dataclass
class Memory:
    """What a question's examinations leave to each other, so that models are built only once.

    Attributes:
        digits: What `digits.split` returned, by whether they have labels, and are grey.
        trained: Models that are trained, by what tells them apart.
        computing: Name and sizes of the models that were seen to compute with their weights.
        flow_sizes: The event and latent dimension of all small models with a flow.
        flows: From the kind and number of steps of a small model with a flow to the model and its
            first weights.
        checked_flows: Those of them that were seen to compute with their weights.
        encoder_outputs_counted: Whether an examination has counted what the encoder returns.
    """

    digits: dict[tuple[bool, bool], tuple[Examples, Examples]] = field(default_factory=dict)
    trained: dict[tuple, Any] = field(default_factory=dict)
    computing: set[tuple] = field(default_factory=set)
    flow_sizes: tuple[int, int] | None = None
    flows: dict[tuple, tuple] = field(default_factory=dict)
    checked_flows: set[tuple] = field(default_factory=set)
    encoder_outputs_counted: bool = False


@dataclass
class Exam:
    """What an examination works with.

    Attributes:
        student: The `client.Student`.
        oracle: An object with the functions that the question's examinations need, which say what
            values should be.
        generator: Random numbers for inputs. They depend on the course's secret and the question
            alone: the same code gets the same verdict, whoever hands it in.
        num_trainings: How many trainings may be tried where luck plays a part.
        memory: What one examination leaves to the next.
        handles: Keys of the objects that were made so far.
        surplus: From paths of functions that returned too many values to their number.
    """

    student: Any
    oracle: Any
    generator: np.random.Generator
    num_trainings: int = 3
    memory: Memory = field(default_factory=Memory)
    handles: set[str] = field(default_factory=set)
    surplus: dict[str, int] = field(default_factory=dict)

    def normal(self, *shape: int) -> np.ndarray:
        """Returns standard normal numbers of this shape, in float32."""
        return self.generator.normal(size=shape).astype(np.float32)

    def weight_noise(self, array: np.ndarray) -> np.ndarray:
        """Returns normal noise to move a weight by.

        A wide layer gets less, so that its outputs do not grow more.
        """
        num_inputs = np.prod(array.shape[:-1])
        return self.normal(*array.shape) * np.float32(min(1.0, np.sqrt(WIDE_LAYER / num_inputs)))

    def digits(self, labelled: bool, grey: bool = False) -> tuple[Examples, Examples]:
        """Returns digits to train on and digits to test on; they are split at the first call.

        Args:
            labelled: Whether they have labels.
            grey: Whether they are grey, in [0, 1], and not binary.
        """
        kind = labelled, grey
        if kind not in self.memory.digits:
            self.memory.digits[kind] = split(self.generator, *kind)
        return self.memory.digits[kind]

    def new_handle(self, reply: wire.Reply, attribute: str = "") -> wire.Handle:
        """Returns the handle in a reply; raises `PropertyFailed` if another object has it."""
        handle: Any = require_ok(reply, attribute).handle
        if handle.key in self.handles:
            raise PropertyFailed("what came back is an object that was there before")
        self.handles.add(handle.key)
        return handle

    def arrays(
        self, path: str, *arguments: np.ndarray, shapes: list, outputs: int | None
    ) -> list[np.ndarray]:
        """Returns the first arrays that `path` returns, one for each of `shapes`, as float64.

        More arrays than that are no failure here: `check_no_surplus` reports them, in one
        examination only.

        Args:
            path: A function, an object or a method in the student's process.
            arguments: Arrays; the student gets float32 tensors.
            shapes: The shape that each array must have, None for any.
            outputs: How many arrays a tuple must hold; None for a single array.
        """
        reply = self.student.call(path, as_tensors(arguments), outputs=outputs)
        if reply.status == "malformed":
            what = KNOWN_TYPES.get(reply.kind, "something that is not an array")
            wanted = f"a tuple of {len(shapes)} arrays" if outputs else "one array"
            raise PropertyFailed(
                f"{what} came back, expected {wanted} of float32 numbers", "not_float32"
            )
        count = len(require_ok(reply).values)
        if count < len(shapes):
            came = describe.describe_count(count)
            raise PropertyFailed(
                f"{came} values came back, expected {len(shapes)}", "another_number_of_outputs"
            )
        if count > len(shapes):
            self.surplus[path] = count
        values = reply.values[: len(shapes)]
        for value, shape in zip(values, shapes, strict=True):
            check_array(value, shape)
        return [value.astype(np.float64) for value in values]

    def check_no_surplus(self, path: str, name: str, expected: int | str) -> None:
        """Raises `PropertyFailed` if a function has returned more arrays than it should.

        Args:
            path: The path that was called, as in `arrays`.
            name: What messages call it.
            expected: How many arrays it should return, as a number or in words.
        """
        if path in self.surplus:
            seen = (
                f"{name} returned {describe.describe_count(self.surplus[path])} values, "
                f"expected {expected}"
            )
            raise PropertyFailed(seen, "another_number_of_outputs")


def as_tensors(arrays: Iterable) -> list[wire.Tensor]:
    """Returns arrays as the student's functions get them: float32 tensors."""
    return [wire.Tensor(np.asarray(array, np.float32)) for array in arrays]


def require_ok(reply: wire.Reply, attribute: str = "") -> wire.Reply:
    """Returns a reply of status ok; raises `NoReply` for another."""
    if reply.status != "ok":
        raise NoReply(reply, attribute)
    return reply


def check_array(value: np.ndarray | None, shape: Iterable[int] | None = None) -> None:
    """Raises `PropertyFailed` unless `value` is an array of finite floats of this shape.

    None stands for any shape.
    """
    if value is None or value.dtype.name not in ("float32", "float64"):
        raise PropertyFailed("what came back is not a float32 array", "not_float32")
    if shape is not None and value.shape != tuple(shape):
        raise failure_of_shape(value, shape)
    # A number beyond float32 becomes infinite in the next step of the student's program.
    if not (np.abs(value) <= LARGEST).all():
        raise PropertyFailed("NaN or infinite values came back", "not_finite")


def failure_of_shape(
    value: np.ndarray, shape: Iterable[int], sentence: str = "{} came back"
) -> PropertyFailed:
    """Returns the failure of an array that has another shape than it should.

    Args:
        value: The array.
        shape: The shape it should have.
        sentence: What the student reads first; `{}` stands for the shape that came back.
    """
    shown, wanted = describe.describe_shape(value.shape, {1, *shape}), describe.format_shape(shape)
    detail = f"{sentence.format(shown)}, expected {wanted}"
    measured = f"shape {describe.format_shape(value.shape)}"
    return PropertyFailed(detail, "wrong_shape", "" if shown == measured else measured)


def examine(
    question: DrawnQuestion, exam: Exam, examinations: dict = EXAMINATIONS
) -> dict[str, Finding]:
    """Returns a dict from the name of each property of `question` to its `judging.Finding`.

    The student's process is seeded first: what it drew before, for other cells and questions, does
    not matter. After a request that hung or ended the process the other properties are not tried:
    they would do the same.

    Args:
        question: The `judging.DrawnQuestion`, with its properties in the order of examination.
        exam: The `Exam`.
        examinations: From names of examinations to functions of `exam` and a property's options.

    Raises:
        Unreachable: If the student's process cannot be asked.
        OSError, MemoryError: The machine's faults (see `faults`).
    """
    found: dict[str, Finding] = {}
    ended = None
    exam.student.seed(0)
    for item in question.properties:
        found[item.name] = ended or examine_property(item, exam, examinations)
        if found[item.name].status in ("timeout", "crashed"):
            ended = found[item.name]
    return found


def examine_property(item: Property, exam: Exam, examinations: dict = EXAMINATIONS) -> Finding:
    """Returns the `judging.Finding` on one property.

    An exception of the kit's own code costs this property alone.

    Args:
        item: The `judging.Property`.
        exam: The `Exam`.
        examinations: As in `examine`.

    Raises:
        Unreachable: If the student's process cannot be asked.
        OSError, MemoryError: The machine's faults (see `faults`).
    """
    try:
        # Numbers close to the largest of float32 overflow in the computations here;
        # the result is close to nothing.
        with np.errstate(all="ignore"):
            examinations[item.examination](exam, **item.options)
    except PropertyFailed as failed:
        return Finding("wrong", failed.mistake, failed.detail, measured=failed.measured)
    except CannotExamine as reason:
        return Finding("unexamined", detail=str(reason))
    except NoReply as missing:
        return finding_without_values(missing)
    except client.Unreachable:
        raise
    except Exception as error:
        if faults.is_of_the_machine(error):
            raise
        # Whatever it is: the finding names it, and the other properties are examined.
        return faults.build_finding(error)
    return Finding("ok")


def finding_without_values(missing: NoReply) -> Finding:
    """Returns the `judging.Finding` on a property where a reply has no values."""
    reply = missing.reply
    if reply.status == "missing" and missing.attribute:
        return Finding("wrong", "", f"it has no attribute `{missing.attribute}`")
    return Finding(
        reply.status, answer=Answer(reply.status, (), reply.kind, reply.line, reply.text)
    )
