"""What the outputs of a network or a model come from: its inputs, its trainable weights, and nothing else."""

import numpy as np

from .exam import PropertyFailed

__all__ = [
    "MISTAKES_OF_ANY_NETWORK",
    "MISTAKES_OF_VALUES",
    "MISTAKES_OF_BOUNDED_OUTPUTS",
    "OutputBounded",
    "check_depends_on_inputs_and_weights",
    "check_outputs_are_unbounded",
    "check_same_as_twin",
    "differs_between_inputs",
]

# What may be found wherever values are asked for, of a network, and of the range of outputs.
MISTAKES_OF_VALUES = ("not_float32", "wrong_shape", "not_finite", "another_number_of_outputs")
MISTAKES_OF_ANY_NETWORK = (*MISTAKES_OF_VALUES, "no_weights", "weights_ignored", "input_ignored")
MISTAKES_OF_BOUNDED_OUTPUTS = ("sigmoid_at_the_end", "never_negative", "never_positive", "tanh_at_the_end", "cut_off")

# An output that nothing bounds goes beyond +-UNBOUNDED for some weights; by how much these are stretched for that.
UNBOUNDED = 5.0
STRETCHES = (1, 3, 8, 20, 300)
# With how many random weights an output is seen; in how many directions the differences between inputs must vary then (layers
# have more, a fixed map that is stretched has one); and the least singular value of those that count, of rows of length 1.
NUM_SETTINGS, MIN_DIRECTIONS, LEAST_SINGULAR_VALUE = 6, 3, 1e-3


def check_depends_on_inputs_and_weights(model, look, fixed=None, noises=(1.0, 3.0)):
    """Raises `PropertyFailed` unless what a model computes comes from its inputs and from its trainable weights.

    What is the same for every input, or whatever the weights are, was not computed by a model: it is worth nothing, however
    right its shapes and sums may be. Nor is a fixed map that a few weights stretch and shift. The weights are put back.

    Args:
        model: A `StudentObject`.
        look: Returns groups of arrays, from names to lists of arrays `[n, ...]` for n > MIN_DIRECTIONS different inputs. Of
            each group one array must depend on the inputs, and one on the weights.
        fixed: From the names of groups to the name of the mistake that it alone stays as it is while the weights move.
        noises: How far the weights are moved, the second time if the first showed nothing.
    """
    start, looks = model.weights(), [look()]
    for noise in noises:
        for _ in range(NUM_SETTINGS):
            model.perturb_from(start, noise)
            looks.append(look())
        failed = failure_of_dependence({name: stack_settings(looks, name) for name in looks[0]}, fixed)
        if not failed:
            break
    model.set_weights(start)
    if failed:
        raise failed


def stack_settings(looks, name):
    """Returns the arrays of a group, each with all that it was seen as: `[settings, n, ...]`."""
    return [np.stack(seen) for seen in zip(*(look[name] for look in looks), strict=True)]


def failure_of_dependence(groups, fixed=None):
    """Returns a `PropertyFailed` unless one array of each group depends on the inputs, and one on the weights.

    Args:
        groups: What was seen with several settings of the weights: from names to lists of arrays `[settings, n, ...]`.
        fixed: As in `check_depends_on_inputs_and_weights`.
    """
    still = [name for name, arrays in groups.items() if all(np.allclose(one, one[0], 1e-5, 1e-6) for one in arrays)]
    if fixed and 0 < len(still) < len(groups):
        return PropertyFailed(f"with all trainable weights moved {still[0]} returns the same", fixed[still[0]])
    for name, arrays in groups.items():
        if name not in still and not any(differs_between_inputs(output) for one in arrays for output in one):
            return PropertyFailed(f"{name} gives the same for every input", "input_ignored")
    for name, arrays in groups.items():
        if max(map(count_directions, arrays)) < MIN_DIRECTIONS:
            return PropertyFailed(f"with other weights {name} tells inputs apart in the same way", "weights_ignored")
    return None


def count_directions(settings):
    """Returns in how many directions the differences between inputs vary with the weights; of several outputs the most.

    A fixed map that one weight stretches, and another shifts, varies in one direction.

    Args:
        settings: What an array was for n inputs with several settings of the weights. Shape `[settings, n, ...]`.
    """
    columns = settings.reshape(*settings.shape[:2], -1).transpose(2, 0, 1)
    columns = columns - columns.mean(axis=2, keepdims=True)
    lengths = np.linalg.norm(columns, axis=2, keepdims=True)
    # Where hardly anything differs there is rounding and nothing else.
    reliable = lengths > 1e-3 * (1e-3 + np.max(np.abs(settings)))
    values = np.linalg.svd(np.where(reliable, columns / np.maximum(lengths, 1e-30), 0.0), compute_uv=False)
    return int(np.max(np.sum(values > LEAST_SINGULAR_VALUE, axis=1), initial=0))


def differs_between_inputs(output):
    return not np.allclose(output, output[:1], 1e-5, 1e-6)


def check_same_as_twin(model, twin, look):
    """Raises `PropertyFailed` unless two models of the same trainable weights compute the same: `look(model)` returns arrays.

    What no two calls give alike is left to the examination that asks for that.
    """
    twin.set_weights(model.weights())
    own = look(model)

    def agrees(others):
        return all(np.allclose(*pair, 1e-3, 1e-4) for pair in zip(own, others, strict=True))

    if not agrees(look(twin)) and agrees(look(model)):
        raise PropertyFailed(
            "two models with the same trainable weights compute two different things", "hidden_parameters"
        )


# The range of outputs.


class OutputBounded(PropertyFailed):
    """An output that is squashed or cut, of which `name` says which."""

    def __init__(self, detail, mistake, measured, name):
        super().__init__(detail, mistake, measured)
        self.name = name


def check_outputs_are_unbounded(model, look):
    """Raises `OutputBounded` unless all that `look()` shows, arrays by name, goes beyond +-UNBOUNDED for some weights.

    What stays because no trainable weight has a part in it is not squashed: that is said. The weights are put back.
    """
    start, low, high = model.weights(), {}, {}
    for stretch in STRETCHES:
        model.set_weights([stretch * (array + 0.5 * model.exam.normal(*array.shape)) for array in start])
        try:
            shown = look()
        except PropertyFailed as failed:
            # Weights that are too large for float32 say nothing.
            if failed.mistake != "not_finite" or stretch == STRETCHES[0]:
                raise
            break
        low = {name: min(float(values.min()), low.get(name, np.inf)) for name, values in shown.items()}
        high = {name: max(float(values.max()), high.get(name, -np.inf)) for name, values in shown.items()}
        bounded = [name for name in shown if low[name] > -UNBOUNDED or high[name] < UNBOUNDED]
        if not bounded:
            break
    model.set_weights(start)
    if bounded:
        name = bounded[0]
        if np.allclose(look()[name], shown[name], 1e-5, 1e-6):
            raise PropertyFailed(f"with large random weights {name} stays the same", "weights_ignored")
        mistake = name_bounds(low[name], high[name])
        seen = f"with large random weights {name} {BEHAVIOUR[mistake]}"
        raise OutputBounded(seen, mistake, f"it stays between {low[name]:.1g} and {high[name]:.1g}", name)


# What outputs do that are squashed or cut.
BEHAVIOUR = {
    "sigmoid_at_the_end": "stays between 0 and 1",
    "never_negative": "is never negative",
    "never_positive": "is never positive",
    "tanh_at_the_end": "stays between -1 and 1",
    "cut_off": "stays within narrow bounds",
}


def name_bounds(low, high):
    """Returns the name of what keeps outputs between `low` and `high`."""
    if low >= 0:
        return "sigmoid_at_the_end" if high <= 1 else "never_negative"
    if high <= 0:
        return "never_positive"
    return "tanh_at_the_end" if max(-low, high) <= 1 else "cut_off"
