"""The examinations of a class that is a network: it returns one array, or several."""

from dataclasses import dataclass

import numpy as np

from .dependence import (
    MISTAKES_OF_ANY_NETWORK,
    MISTAKES_OF_BOUNDED_OUTPUTS,
    check_depends_on_inputs_and_weights,
    check_outputs_are_unbounded,
    check_same_as_twin,
    differs_between_inputs,
)
from .exam import PropertyFailed, examination
from .student_object import build

__all__ = []


@dataclass(frozen=True)
class Network:
    """A network to examine: how it is made, and what it maps to what.

    Attributes:
        name: The class; it takes `out`, and the hidden sizes as keyword.
        size: Size of the input's last axis.
        out: Size of each output's last axis.
        outputs: Names of the outputs; one or more.
    """

    name: str
    size: int
    out: int
    outputs: tuple

    def build(self, exam, hidden):
        return build(exam, self.name, self.out, hidden=tuple(hidden))

    def build_alive(self, exam):
        """Returns a network of one hidden layer whose outputs come from its inputs and its weights."""
        network, x = self.build(exam, (7,)), exam.normal(5, self.size)
        self.evaluate(network, x)
        check_depends_on_inputs_and_weights(network, lambda: {"the network": self.evaluate(network, x)})
        return network

    def evaluate(self, network, x):
        shape = (*x.shape[:-1], self.out)
        outputs = len(self.outputs) if len(self.outputs) > 1 else None
        return network(x, shapes=[shape] * len(self.outputs), outputs=outputs)


@examination("network_shapes", finds=MISTAKES_OF_ANY_NETWORK)
def check_shapes(exam, network, batches):
    """Outputs have the shapes that the docstring says, for several sizes, each network for several batches."""
    kind = Network(**network)
    kind.build_alive(exam)
    for hidden, shapes in batches:
        made = kind.build(exam, hidden)
        for shape in shapes:
            kind.evaluate(made, exam.normal(*shape, kind.size))
        made.check_no_surplus("it", len(kind.outputs))


@examination(
    "network_repeats", finds=(*MISTAKES_OF_ANY_NETWORK, "random_inside", "examples_mixed", "one_head_for_both")
)
def check_repeats(exam, network):
    """The same input gives the same output, each example by itself, and another input another output."""
    kind = Network(**network)
    made = kind.build_alive(exam)
    x = exam.normal(5, kind.size)
    made.perturb_weights()
    first, again = kind.evaluate(made, x), kind.evaluate(made, x)
    if not all(np.array_equal(*pair) for pair in zip(first, again, strict=True)):
        raise PropertyFailed("two calls with the same input gave different outputs", "random_inside")
    fewer = kind.evaluate(made, x[3:1:-1])
    if not all(np.allclose(a[3:1:-1], b, 1e-3, 1e-4) for a, b in zip(first, fewer, strict=True)):
        raise PropertyFailed("an example's output changes with the examples beside it", "examples_mixed")
    for name, output in zip(kind.outputs, first, strict=True):
        if not differs_between_inputs(output):
            raise PropertyFailed(f"{name} is the same for every input", "input_ignored")
    if len(first) > 1 and np.allclose(first[0], first[1], 1e-4, 1e-5):
        raise PropertyFailed(f"{kind.outputs[0]} and {kind.outputs[1]} are the same numbers", "one_head_for_both")


@examination("network_range", finds=(*MISTAKES_OF_ANY_NETWORK, *MISTAKES_OF_BOUNDED_OUTPUTS))
def check_range(exam, network):
    """Every output takes large values of both signs for some weights: nothing squashes or cuts it."""
    kind = Network(**network)
    made = kind.build_alive(exam)
    x = exam.normal(9, kind.size)
    check_outputs_are_unbounded(made, lambda: dict(zip(kind.outputs, kind.evaluate(made, x), strict=True)))


@examination("network_weights", finds=(*MISTAKES_OF_ANY_NETWORK, "hidden_parameters", "idle_weight"))
def check_weights(exam, network):
    """Every trainable weight takes part in the output, and no variable that Keras does not know."""
    kind = Network(**network)
    made = kind.build_alive(exam)
    x = exam.normal(5, kind.size)
    start = made.perturb_weights()
    made.check_no_hidden_variables(x)
    twin = kind.build(exam, (7,))
    kind.evaluate(twin, x)
    check_same_as_twin(made, twin, lambda one: kind.evaluate(one, x))
    base = kind.evaluate(made, x)
    for index, array in enumerate(start):
        made.set_weights([*start[:index], array + 0.5 + exam.normal(*array.shape), *start[index + 1 :]])
        moved = kind.evaluate(made, x)
        if all(np.allclose(a, b, 1e-6, 1e-7) for a, b in zip(base, moved, strict=True)):
            raise PropertyFailed(f"trainable weight {index + 1} of {len(start)} changes no output", "idle_weight")
