"""Properties: what must hold for every right implementation, whatever its weights, examined from its outputs alone.

An examination is a function of an `Asked` and the property's options. It asks the student's process for outputs, computes
here what must hold, and raises `Broken` where it does not. No formula of the course stands here: what a value should be comes
from an `oracle`, which is the reference for the grader, and in a notebook the student's own functions.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from .. import judging
from ..judging import describe, faults
from ..judging.question import LARGEST
from ..protocol import client, wire

FAR = 5.0
# How much weights are stretched until outputs go as far.
SCALES = (1, 3, 8, 20, 300)
# With how many random weights an output is seen; in how many ways it must tell inputs apart then (layers have more, a fixed map
# that is stretched has one); and the least singular value of those that count, of rows of length 1.
SETTINGS, WAYS, LEAST = 6, 3, 1e-3


class Broken(Exception):
    """A property that does not hold.

    Attributes:
        detail: What was seen, in words: students read it. No number in it comes from hidden inputs, nor from their process,
            which could say hidden inputs with it.
        mistake: The name of the mistake where the values tell it.
        digits: The numbers that were seen: the staff reads them, and in `check` the student.
    """

    def __init__(self, detail, mistake="", digits=""):
        super().__init__(detail)
        self.detail, self.mistake, self.digits = detail, mistake, digits

    def when(self, said, mistake=None):
        """Returns the same, found in circumstances that are `said` before it; under another name if `mistake` is given."""
        return Broken(f"{said} {self.detail}", self.mistake if mistake is None else mistake, self.digits)


class Stopped(Exception):
    """A reply that is no answer: the student's code raised, hung, ended the process or returned something else."""

    def __init__(self, reply, said=""):
        super().__init__(reply.status)
        self.reply, self.said = reply, said


class Unexamined(Exception):
    """What an examination takes for right is not there; the text says what to do."""


def finds(*names):
    """Declares the names of the mistakes that an examination may raise `Broken` with."""

    def declare(examination):
        examination.finds = frozenset(names) - {"right"}
        return examination

    return declare


def names_found_by(examination):
    """Returns the names that an examination declares, one of `KINDS`, which may be a `functools.partial`."""
    return getattr(examination, "func", examination).finds


# Inputs of a layer that counts as wide.
MANY = 64
# More variables than any model has.
MOST_VARIABLES = 10**6


@dataclass
class Asked:
    """What an examination has at hand.

    Attributes:
        student: The `client.Student`.
        oracle: What values should be: an object with the functions that the question's examinations need.
        generator: Random numbers for inputs, a function of the course's secret and the question: the same code has the same
            verdict, whoever hands it in.
        rounds: How many trainings may be tried where luck plays a part.
        kept: What one property leaves to the next, so that a model is compiled once. Handles' keys begin with @, no other does.
        handles: Keys of the objects that were made so far.
        shapes: Of the trainable weights of each model, as they came back first.
    """

    student: object
    oracle: object
    generator: np.random.Generator
    rounds: int = 3
    kept: dict = field(default_factory=dict)
    handles: set = field(default_factory=set)
    shapes: dict = field(default_factory=dict)

    def normal(self, *shape):
        return self.generator.normal(size=shape).astype(np.float32)

    def make(self, path, *arguments, **keywords):
        """Returns the handle of the object that calling `path` makes."""
        return self.new_handle(self.student.call(path, list(arguments), keywords, outputs="handle"))

    def part(self, model, name):
        """Returns the handle of an attribute of `model`."""
        return self.new_handle(self.student.get(f"{model.key}.{name}", outputs="handle"), name)

    def new_handle(self, reply, name=""):
        """Returns the handle in a reply; raises `Broken` where it is that of another object."""
        handle = answered(reply, name).handle
        if handle.key in self.handles:
            raise Broken("what came back is an object that was there before")
        self.handles.add(handle.key)
        return handle

    def array(self, path, *arguments, shape=None):
        """Returns the array that `path` returns for float32 tensors; raises `Broken` where its shape is not `shape`."""
        return self.arrays(path, *arguments, shapes=[shape], outputs=None)[0]

    def arrays(self, path, *arguments, shapes, outputs):
        """Returns the arrays that `path` returns; where it returns more than `shapes`, the first ones.

        `kept["surplus"]` then says how many came: the examination that this is the matter of raises `Broken`.
        """
        path = path if isinstance(path, str) else path.key
        tensors = [wire.Tensor(np.asarray(argument, np.float32)) for argument in arguments]
        reply = self.student.call(path, tensors, outputs=outputs)
        if reply.status == "malformed":
            what = describe.KNOWN_TYPES.get(reply.kind, "something that is no array")
            wanted = f"a tuple of {len(shapes)} arrays" if outputs else "one array"
            raise Broken(f"{what} came back, expected {wanted} of float32 numbers", "not_float32")
        answered(reply)
        if len(reply.values) < len(shapes):
            came = describe.describe_count(len(reply.values))
            raise Broken(f"{came} values came back, expected {len(shapes)}", "another_number_of_outputs")
        if len(reply.values) > len(shapes):
            self.kept["surplus", path] = len(reply.values)
        values = reply.values[: len(shapes)]
        for value, shape in zip(values, shapes, strict=True):
            checked(value, shape)
        return [value.astype(np.float64) for value in values]

    def no_surplus(self, path, said, expected):
        """Raises `Broken` where what is at `path` returned more than the `expected` number of arrays."""
        count = self.kept.get(("surplus", path if isinstance(path, str) else path.key))
        if count:
            said = f"{said} returned {describe.describe_count(count)} values, expected {expected}"
            raise Broken(said, "another_number_of_outputs")

    def weights(self, model):
        """Returns the trainable weights of `model`; raises `Broken` unless they are finite floats, as many as last time."""
        values = list(answered(self.student.weights(model)).values)
        if not values:
            raise Broken("it has no trainable weights that Keras knows", "no_weights")
        if not all(value.dtype.name in ("float32", "float64") for value in values):
            raise Broken("a trainable weight is no array of float32 numbers", "not_float32")
        if not all(np.isfinite(value).all() for value in values):
            raise Broken("a trainable weight is NaN or infinite", "not_finite")
        shapes = [value.shape for value in values]
        if self.shapes.setdefault(model.key, shapes) != shapes:
            raise Broken(
                "it had trainable weights, and then another number of them, or of other shapes: make every layer's weights in "
                "the first call",
                digits=f"{len(self.shapes[model.key])}, and then {len(shapes)}",
            )
        return values

    def set_weights(self, model, arrays):
        answered(self.student.set_weights(model, [np.asarray(array, np.float32) for array in arrays]))

    def shake(self, model, factor=1.5, noise=0.3):
        """Moves all trainable weights away from where they began, and returns them."""
        moved = [factor * array + noise * self.noise_for(array) for array in self.weights(model)]
        self.set_weights(model, moved)
        return moved

    def noise_for(self, array):
        """Returns normal noise to move a weight by: less in a layer of more than MANY inputs, whose outputs grow no more."""
        inputs = np.prod(array.shape[:-1])
        return self.normal(*array.shape) * np.float32(min(1.0, np.sqrt(MANY / inputs)))

    def no_strangers(self, path, said, *arguments):
        """Raises `Broken` where the method at `path` computes with variables that its model's weights don't hold."""
        path = path if isinstance(path, str) else path.key
        tensors = [wire.Tensor(np.asarray(argument, np.float32)) for argument in arguments]
        (value,) = answered(self.student.untracked(path, tensors)).values
        count = float(np.ravel(value)[0])
        if not (0 <= count < MOST_VARIABLES and count == int(count)):
            raise Broken(f"what came back for the variables that {said} computes with is no count")
        if count:
            which = "a variable" if count == 1 else f"{describe.describe_count(int(count))} variables"
            raise Broken(f"{said} computes with {which} that its weights don't hold", "hidden_parameters")


def answered(reply, name=""):
    """Returns a reply of status ok; raises `Stopped` for another."""
    if reply.status != "ok":
        raise Stopped(reply, name)
    return reply


def checked(value, shape):
    if value is None or value.dtype.name not in ("float32", "float64"):
        raise Broken("what came back is no float32 array", "not_float32")
    if shape is not None and value.shape != tuple(shape):
        raise another_shape(value, shape)
    # What float32 cannot hold is infinite for whoever goes on with it.
    if not (np.abs(value) <= LARGEST).all():
        raise Broken("NaN or infinite values came back", "not_finite")


def another_shape(value, shape, said="{} came back"):
    """Returns the `Broken` on an array that has not the wanted shape; `said` has a place for the one that it has."""
    shown, wanted = describe.describe_shape(value.shape, {1, *shape}), describe.format_shape(shape)
    detail = f"{said.format(shown)}, expected {wanted}"
    return Broken(detail, "wrong_shape", f"shape {describe.format_shape(value.shape)}")


def examine(question, asked, kinds):
    """Returns a dict from the name of each property of `question` to its `judging.Finding`.

    The student's process is seeded first: what it drew before, for other cells and questions, does not matter. After a
    request that hung or ended the process the other properties are not tried: they would do the same.
    """
    found, dead = {}, None
    asked.student.seed(0)
    for item in question.properties:
        found[item.name] = dead or finding(item, asked, kinds)
        if found[item.name].status in ("timeout", "crashed"):
            dead = found[item.name]
    return found


def finding(item, asked, kinds):
    """Returns the `judging.Finding` on one property. An exception of the kit's own code costs this property alone.

    Raises:
        Unreachable: If the student's process cannot be asked.
        OSError, MemoryError: The machine's faults (see `faults`).
    """
    try:
        # Numbers near the largest that there are overflow in what is computed here, and are close to nothing.
        with np.errstate(all="ignore"):
            kinds[item.kind](asked, **item.options)
    except Broken as broken:
        return judging.Finding("wrong", broken.mistake, broken.detail, digits=broken.digits)
    except Unexamined as reason:
        return judging.Finding("unexamined", detail=str(reason))
    except Stopped as stopped:
        reply = stopped.reply
        if reply.status == "missing" and stopped.said:
            return judging.Finding("wrong", "", f"it has no attribute `{stopped.said}`")
        return judging.Finding(
            reply.status, answer=judging.Answer(reply.status, (), reply.kind, reply.line, reply.text)
        )
    except client.Unreachable:
        raise
    except Exception as error:
        if faults.is_of_the_machine(error):
            raise
        # Whatever it is: it is named, and the other properties are examined.
        return faults.build_finding(error)
    return judging.Finding("ok")


def depends_on_inputs_and_weights(asked, model, look, fixed=None, shakes=(1.0, 3.0)):
    """Raises `Broken` unless what a model computes comes from its inputs and from its trainable weights.

    What is the same for every input, or whatever the weights are, was not computed by a model: it is worth nothing, however
    right its shapes and sums may be. Nor is a fixed map that a few weights stretch and shift. The weights are put back.

    Args:
        asked: What the examination has at hand.
        model: Handle of the model.
        look: Returns groups of arrays, from names to lists of arrays `[n, ...]` for n > WAYS different inputs. Of each
            group one array must depend on the inputs, and one on the weights.
        fixed: From the names of groups to the name of the mistake that it alone stays as it is while the weights move.
        shakes: How far the weights are moved, the second time if the first showed nothing.
    """
    start, looks = asked.weights(model), [look()]
    for noise in shakes:
        for _ in range(SETTINGS):
            asked.set_weights(model, [array + np.float32(noise) * asked.noise_for(array) for array in start])
            looks.append(look())
        broken = why_not_computed({name: by_array(looks, name) for name in looks[0]}, fixed)
        if not broken:
            break
    asked.set_weights(model, start)
    if broken:
        raise broken


def by_array(looks, name):
    """Returns the arrays of a group, each with all that it was seen as: `[settings, n, ...]`."""
    return [np.stack(seen) for seen in zip(*(look[name] for look in looks), strict=True)]


def why_not_computed(groups, fixed=None):
    """Returns a `Broken` unless one array of each group depends on the inputs, and one on the weights.

    Args:
        groups: What was seen with several settings of the weights: from names to lists of arrays `[settings, n, ...]`.
        fixed: As in `depends_on_inputs_and_weights`.
    """
    still = [name for name, arrays in groups.items() if all(np.allclose(one, one[0], 1e-5, 1e-6) for one in arrays)]
    if fixed and 0 < len(still) < len(groups):
        return Broken(f"with all trainable weights moved {still[0]} returns the same", fixed[still[0]])
    for name, arrays in groups.items():
        if name not in still and not any(differs_between_inputs(output) for one in arrays for output in one):
            return Broken(f"{name} gives the same for every input", "input_ignored")
    for name, arrays in groups.items():
        if max(map(ways_to_tell_apart, arrays)) < WAYS:
            return Broken(f"with other weights {name} tells inputs apart in the same way", "weights_ignored")
    return None


def ways_to_tell_apart(settings):
    """Returns in how many ways weights change how an output tells inputs apart; of several outputs the most.

    A fixed map that a weight stretches, and another shifts, is told apart in one way.

    Args:
        settings: What an array was for n inputs with several settings of the weights. Shape `[settings, n, ...]`.
    """
    columns = settings.reshape(*settings.shape[:2], -1).transpose(2, 0, 1)
    columns = columns - columns.mean(axis=2, keepdims=True)
    lengths = np.linalg.norm(columns, axis=2, keepdims=True)
    # Where hardly anything differs there is rounding and nothing else.
    told = lengths > 1e-3 * (1e-3 + np.max(np.abs(settings)))
    values = np.linalg.svd(np.where(told, columns / np.maximum(lengths, 1e-30), 0.0), compute_uv=False)
    return int(np.max(np.sum(values > LEAST, axis=1), initial=0))


def differs_between_inputs(output):
    return not np.allclose(output, output[:1], 1e-5, 1e-6)


# A network that returns several arrays, or one.


@dataclass(frozen=True)
class Network:
    """A network to examine: how it is made, and what it maps to what.

    Attributes:
        name: The class.
        arguments: What `__init__` is given, with the hidden sizes as keyword.
        size: Size of the input's last axis.
        out: Size of each output's last axis.
        outputs: Names of the outputs; one or more.
    """

    name: str
    size: int
    out: int
    outputs: tuple

    def make(self, asked, hidden):
        return asked.make(self.name, self.out, hidden=tuple(hidden))

    def make_alive(self, asked):
        """Returns the handle of a network of one hidden layer whose outputs come from its inputs and its weights."""
        made, x = self.make(asked, (7,)), asked.normal(5, self.size)
        self.ask(asked, made, x)
        depends_on_inputs_and_weights(asked, made, lambda: {"the network": self.ask(asked, made, x)})
        return made

    def ask(self, asked, network, x):
        shape = (*x.shape[:-1], self.out)
        outputs = len(self.outputs) if len(self.outputs) > 1 else None
        return asked.arrays(network, x, shapes=[shape] * len(self.outputs), outputs=outputs)


OF_VALUES = ("not_float32", "wrong_shape", "not_finite", "another_number_of_outputs")
OF_A_NETWORK = (*OF_VALUES, "no_weights", "weights_ignored", "input_ignored")
SQUASHED = ("sigmoid_at_the_end", "never_negative", "never_positive", "tanh_at_the_end", "cut_off")


@finds(*OF_A_NETWORK)
def network_shapes(asked, network, batches):
    """Outputs have the shapes that the docstring says, for several sizes, each network for several batches."""
    found = Network(**network)
    found.make_alive(asked)
    for hidden, shapes in batches:
        made = found.make(asked, hidden)
        for shape in shapes:
            found.ask(asked, made, asked.normal(*shape, found.size))
        asked.no_surplus(made, "it", len(found.outputs))


@finds(*OF_A_NETWORK, "random_inside", "examples_mixed", "one_head_for_both")
def network_repeats(asked, network):
    """The same input gives the same output, each example by itself, and another input another output."""
    found = Network(**network)
    made = found.make_alive(asked)
    x = asked.normal(5, found.size)
    asked.shake(made)
    first, again = found.ask(asked, made, x), found.ask(asked, made, x)
    if not all(np.array_equal(a, b) for a, b in zip(first, again, strict=True)):
        raise Broken("two calls with the same input gave different outputs", "random_inside")
    fewer = found.ask(asked, made, x[3:1:-1])
    if not all(np.allclose(a[3:1:-1], b, 1e-3, 1e-4) for a, b in zip(first, fewer, strict=True)):
        raise Broken("an example's output changes with the examples beside it", "examples_mixed")
    for name, output in zip(found.outputs, first, strict=True):
        if not differs_between_inputs(output):
            raise Broken(f"{name} is the same for every input", "input_ignored")
    if len(first) > 1 and np.allclose(first[0], first[1], 1e-4, 1e-5):
        raise Broken(f"{found.outputs[0]} and {found.outputs[1]} are the same numbers", "one_head_for_both")


@finds(*OF_A_NETWORK, *SQUASHED)
def network_range(asked, network):
    """Every output takes values beyond +-FAR for some weights: nothing squashes or cuts it."""
    found = Network(**network)
    made = found.make_alive(asked)
    x = asked.normal(9, found.size)
    outputs_go_far(asked, made, lambda: dict(zip(found.outputs, found.ask(asked, made, x), strict=True)))


def outputs_go_far(asked, model, look):
    """Raises `Squashed` unless all that `look()` shows, arrays by name, goes beyond +-FAR for some weights.

    What stays because no trainable weight has a part in it is not squashed: that is said. The weights are put back.
    """
    start, low, high = asked.weights(model), {}, {}
    for scale in SCALES:
        asked.set_weights(model, [scale * (array + 0.5 * asked.normal(*array.shape)) for array in start])
        try:
            shown = look()
        except Broken as broken:
            # Weights that are too large for float32 say nothing.
            if broken.mistake != "not_finite" or scale == SCALES[0]:
                raise
            break
        low = {name: min(float(values.min()), low.get(name, np.inf)) for name, values in shown.items()}
        high = {name: max(float(values.max()), high.get(name, -np.inf)) for name, values in shown.items()}
        short = [name for name in shown if low[name] > -FAR or high[name] < FAR]
        if not short:
            break
    asked.set_weights(model, start)
    if short:
        name = short[0]
        if np.allclose(look()[name], shown[name], 1e-5, 1e-6):
            raise Broken(f"with large random weights {name} stays the same", "weights_ignored")
        mistake = squashed(low[name], high[name])
        said = f"with large random weights {name} {STAYS[mistake]}"
        raise Squashed(said, mistake, f"it stays between {low[name]:.1g} and {high[name]:.1g}", name)


class Squashed(Broken):
    """An output that is squashed or cut, of which `name` says which."""

    def __init__(self, detail, mistake, digits, name):
        super().__init__(detail, mistake, digits)
        self.name = name


# What outputs do that are squashed or cut.
STAYS = {
    "sigmoid_at_the_end": "stays between 0 and 1",
    "never_negative": "is never negative",
    "never_positive": "is never positive",
    "tanh_at_the_end": "stays between -1 and 1",
    "cut_off": "stays within narrow bounds",
}


def squashed(low, high):
    """Returns what keeps outputs between `low` and `high`."""
    if low >= 0:
        return "sigmoid_at_the_end" if high <= 1 else "never_negative"
    if high <= 0:
        return "never_positive"
    return "tanh_at_the_end" if max(-low, high) <= 1 else "cut_off"


@finds(*OF_A_NETWORK, "hidden_parameters", "idle_weight")
def network_weights(asked, network):
    """Every trainable weight takes part in the output, and no variable that Keras does not know."""
    found = Network(**network)
    made = found.make_alive(asked)
    x = asked.normal(5, found.size)
    start = asked.shake(made)
    asked.no_strangers(made, "it", x)
    twin = found.make(asked, (7,))
    found.ask(asked, twin, x)
    same_as_its_twin(asked, made, twin, lambda model: found.ask(asked, model, x))
    base = found.ask(asked, made, x)
    for index, array in enumerate(start):
        asked.set_weights(made, [*start[:index], array + 0.5 + asked.normal(*array.shape), *start[index + 1 :]])
        moved = found.ask(asked, made, x)
        if all(np.allclose(a, b, 1e-6, 1e-7) for a, b in zip(base, moved, strict=True)):
            raise Broken(f"trainable weight {index + 1} of {len(start)} changes no output", "idle_weight")


def same_as_its_twin(asked, model, twin, look):
    """Raises `Broken` unless two models of the same trainable weights compute the same: `look(model)` returns arrays.

    What no two calls give alike is left to the examination that asks for that.
    """
    asked.set_weights(twin, asked.weights(model))
    own = look(model)

    def agrees(others):
        return all(np.allclose(*pair, 1e-3, 1e-4) for pair in zip(own, others, strict=True))

    if not agrees(look(twin)) and agrees(look(model)):
        raise Broken("two models with the same trainable weights compute two different things", "hidden_parameters")


@finds("no_gradient_through_the_sample")
def gradient(asked, path, inputs, wanted):
    """The gradient of a function is what the oracle's `wanted` says, and exists for each argument named in `inputs`."""
    mu, log_var = asked.normal(5, 4), asked.normal(5, 4)
    eps, cotangent = asked.normal(3, 5, 4), asked.normal(3, 5, 4)
    arguments = [wire.Tensor(array) for array in (mu, log_var, eps)]
    values = answered(asked.student.vjp(path, arguments, [cotangent])).values
    expected = getattr(asked.oracle, wanted)(mu, log_var, eps, cotangent)
    for name, got, want in zip(inputs, values, expected, strict=False):
        if got is None or not np.any(got):
            raise Broken(f"no gradient reaches {name}", "no_gradient_through_the_sample")
        if got.shape != want.shape or not np.allclose(got, want, 1e-3, 1e-4):
            raise Broken(f"the gradient in {name} is not the right one")


KINDS: dict[str, Callable] = {
    "gradient": gradient,
    "network_range": network_range,
    "network_repeats": network_repeats,
    "network_shapes": network_shapes,
    "network_weights": network_weights,
}
