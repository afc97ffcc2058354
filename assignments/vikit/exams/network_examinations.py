"""The examinations of a class of networks: shapes, repeated calls, range of outputs, weights."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .dependence import (
    MISTAKES_OF_ANY_NETWORK,
    MISTAKES_OF_BOUNDED_OUTPUTS,
    check_depends_on_inputs_and_weights,
    check_outputs_are_unbounded,
    check_same_as_twin,
    differs_between_inputs,
)
from .exam import Exam, PropertyFailed, examination
from .student_object import StudentObject, build

__all__ = ["check_range", "check_repeats", "check_shapes", "check_weights"]


@dataclass(frozen=True)
class NetworkClass:
    """A class of networks: how one is made, and which arrays it maps to which.

    Properties have these as options.

    Attributes:
        name: The class; it takes `out`, and the hidden sizes as keyword.
        size: Size of the input's last axis.
        out: Size of each output's last axis.
        outputs: Names of the outputs; one or more.
    """

    name: str
    size: int
    out: int
    outputs: tuple | list

    def build(self, exam: Exam, hidden: list | tuple) -> StudentObject:
        """Returns a new network with these hidden layers."""
        return build(exam, self.name, self.out, hidden=tuple(hidden))

    def build_dependent(self, exam: Exam) -> StudentObject:
        """Returns a network with one hidden layer; its outputs depend on its inputs and weights."""
        network, x = self.build(exam, (7,)), exam.normal(5, self.size)
        self.evaluate(network, x)
        check_depends_on_inputs_and_weights(
            network, lambda: {"the network": self.evaluate(network, x)}
        )
        return network

    def evaluate(self, network: StudentObject, x: np.ndarray) -> list[np.ndarray]:
        """Returns the outputs of a network for `x`."""
        shape = (*x.shape[:-1], self.out)
        outputs = len(self.outputs) if len(self.outputs) > 1 else None
        return network(x, shapes=[shape] * len(self.outputs), outputs=outputs)


@examination("network_shapes", finds=MISTAKES_OF_ANY_NETWORK)
def check_shapes(exam: Exam, batch_shapes: list, **options: Any) -> None:
    """Outputs have the shapes that the docstring says.

    Args:
        exam: The `Exam`.
        batch_shapes: Pairs of hidden sizes and the axes before the last, for each batch that one
            network gets.
        options: As in `NetworkClass`.
    """
    network_class = NetworkClass(**options)
    network_class.build_dependent(exam)
    for hidden, shapes in batch_shapes:
        network = network_class.build(exam, hidden)
        for shape in shapes:
            network_class.evaluate(network, exam.normal(*shape, network_class.size))
        network.check_no_surplus("it", len(network_class.outputs))


@examination(
    "network_repeats",
    finds=(*MISTAKES_OF_ANY_NETWORK, "random_inside", "examples_mixed", "one_head_for_both"),
)
def check_repeats(exam: Exam, **options: Any) -> None:
    """The same input gives the same output, for each example by itself; another input, another."""
    network_class = NetworkClass(**options)
    network = network_class.build_dependent(exam)
    x = exam.normal(5, network_class.size)
    network.perturb_weights()
    first, again = network_class.evaluate(network, x), network_class.evaluate(network, x)
    if not all(np.array_equal(*pair) for pair in zip(first, again, strict=True)):
        raise PropertyFailed(
            "two calls with the same input gave different outputs", "random_inside"
        )
    fewer = network_class.evaluate(network, x[3:1:-1])
    if not all(np.allclose(a[3:1:-1], b, 1e-3, 1e-4) for a, b in zip(first, fewer, strict=True)):
        raise PropertyFailed(
            "an example's output changes with the examples beside it", "examples_mixed"
        )
    for name, output in zip(network_class.outputs, first, strict=True):
        if not differs_between_inputs(output):
            raise PropertyFailed(f"{name} is the same for every input", "input_ignored")
    if len(first) > 1 and np.allclose(first[0], first[1], 1e-4, 1e-5):
        both = " and ".join(network_class.outputs[:2])
        raise PropertyFailed(f"{both} are the same numbers", "one_head_for_both")


@examination("network_range", finds=(*MISTAKES_OF_ANY_NETWORK, *MISTAKES_OF_BOUNDED_OUTPUTS))
def check_range(exam: Exam, **options: Any) -> None:
    """Each output takes large values of both signs for some weights: nothing squashes it."""
    network_class = NetworkClass(**options)
    network = network_class.build_dependent(exam)
    x = exam.normal(9, network_class.size)

    def look() -> dict:
        return dict(zip(network_class.outputs, network_class.evaluate(network, x), strict=True))

    check_outputs_are_unbounded(network, look)


@examination(
    "network_weights", finds=(*MISTAKES_OF_ANY_NETWORK, "hidden_parameters", "idle_weight")
)
def check_weights(exam: Exam, **options: Any) -> None:
    """Every trainable weight changes an output, and no variable unknown to Keras takes part."""
    network_class = NetworkClass(**options)
    network = network_class.build_dependent(exam)
    x = exam.normal(5, network_class.size)
    start = network.perturb_weights()
    network.check_no_hidden_variables(x)
    twin = network_class.build(exam, (7,))
    network_class.evaluate(twin, x)
    check_same_as_twin(network, twin, lambda one: network_class.evaluate(one, x))
    base = network_class.evaluate(network, x)
    for index, array in enumerate(start):
        network.set_weights(
            [*start[:index], array + 0.5 + exam.normal(*array.shape), *start[index + 1 :]]
        )
        moved = network_class.evaluate(network, x)
        if all(np.allclose(a, b, 1e-6, 1e-7) for a, b in zip(base, moved, strict=True)):
            raise PropertyFailed(
                f"trainable weight {index + 1} of {len(start)} changes no output", "idle_weight"
            )
