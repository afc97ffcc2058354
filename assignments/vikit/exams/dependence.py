"""What the outputs of a network or model depend on: its inputs and its trainable weights alone."""

from collections.abc import Callable

import numpy as np

from .exam import PropertyFailed
from .student_object import StudentObject

__all__ = [
    "MISTAKES_OF_ANY_NETWORK",
    "MISTAKES_OF_BOUNDED_OUTPUTS",
    "MISTAKES_OF_VALUES",
    "OutputBounded",
    "check_depends_on_inputs_and_weights",
    "check_outputs_are_unbounded",
    "check_same_as_twin",
    "differs_between_inputs",
]

# What may be found wherever values are asked for.
MISTAKES_OF_VALUES = ("not_float32", "wrong_shape", "not_finite", "another_number_of_outputs")
# What may be found in any examination of a network.
MISTAKES_OF_ANY_NETWORK = (*MISTAKES_OF_VALUES, "no_weights", "weights_ignored", "input_ignored")
# What may be found where outputs must be able to take any value.
MISTAKES_OF_BOUNDED_OUTPUTS = (
    "sigmoid_at_the_end",
    "never_negative",
    "never_positive",
    "tanh_at_the_end",
    "bounded_above",
    "bounded_below",
    "cut_off",
)

# With some weights an output that nothing bounds goes beyond +-UNBOUNDED.
UNBOUNDED = 5.0
# The weights are multiplied by these numbers until it does.
STRETCHES = (1, 3, 8, 20, 300)
# With how many random weights the outputs are computed.
NUM_WEIGHT_SETTINGS = 6
# In how many directions the differences between inputs must vary with the weights. Networks vary in
# more; a fixed map that a weight stretches varies in one.
MIN_DIRECTIONS = 3
# A direction counts if its singular value, of rows of length 1, is larger than this.
MIN_DIRECTION_SINGULAR_VALUE = 1e-3


def check_depends_on_inputs_and_weights(
    model: StudentObject, look: Callable, fixed: dict | None = None, noises: tuple = (1.0, 3.0)
) -> None:
    """Raises `PropertyFailed` unless a model's outputs depend on its inputs and trainable weights.

    If an output is the same for every input, or for all weights, no model has computed it: it is
    worth nothing, however right its shapes and sums may be. A fixed map that a few weights stretch
    and shift is worth nothing either. The weights are put back.

    Args:
        model: A `StudentObject`.
        look: Returns groups of outputs, from names to lists of arrays `[n, ...]` for n >
            MIN_DIRECTIONS different inputs. In each group one array must depend on the inputs, and
            one on the weights.
        fixed: From names of groups to the name of the mistake if this group alone stays the same.
        noises: How much noise is added to the weights; the second amount if the first showed
            nothing.
    """
    start, looks = model.weights(), [look()]
    for noise in noises:
        for _ in range(NUM_WEIGHT_SETTINGS):
            model.perturb_from(start, noise)
            looks.append(look())
        failure = failure_of_dependence(
            {name: stack_settings(looks, name) for name in looks[0]}, fixed
        )
        if not failure:
            break
    model.set_weights(start)
    if failure:
        raise failure


def stack_settings(looks: list[dict], name: str) -> list[np.ndarray]:
    """Returns the arrays of a group, each for all settings of the weights: `[settings, n, ...]`."""
    return [np.stack(arrays) for arrays in zip(*(look[name] for look in looks), strict=True)]


def failure_of_dependence(groups: dict, fixed: dict | None = None) -> PropertyFailed | None:
    """Returns a failure unless in each group one array depends on the inputs, one on the weights.

    Args:
        groups: From names to lists of arrays `[settings, n, ...]`, for several settings of the
            weights.
        fixed: As in `check_depends_on_inputs_and_weights`.
    """
    still = [
        name
        for name, arrays in groups.items()
        if all(np.allclose(array, array[0], 1e-5, 1e-6) for array in arrays)
    ]
    if fixed and 0 < len(still) < len(groups):
        return PropertyFailed(
            f"with all trainable weights changed, {still[0]} returns the same values",
            fixed[still[0]],
        )
    for name, arrays in groups.items():
        if name not in still and not any(
            differs_between_inputs(output) for array in arrays for output in array
        ):
            return PropertyFailed(f"{name} gives the same values for every input", "input_ignored")
    for name, arrays in groups.items():
        if max(map(count_varying_directions, arrays)) < MIN_DIRECTIONS:
            return PropertyFailed(
                f"with other weights, {name} tells inputs apart in the same way", "weights_ignored"
            )
    return None


def count_varying_directions(settings: np.ndarray) -> int:
    """Returns in how many directions inputs' differences vary with the weights, at best.

    A fixed map that one weight stretches, and another shifts, varies in one direction.

    Args:
        settings: An output for n inputs, with several settings of the weights. Shape `[settings, n,
            ...]`.
    """
    columns = settings.reshape(*settings.shape[:2], -1).transpose(2, 0, 1)
    columns = columns - columns.mean(axis=2, keepdims=True)
    lengths = np.linalg.norm(columns, axis=2, keepdims=True)
    # Where inputs hardly differ there is nothing but rounding.
    reliable = lengths > 1e-3 * (1e-3 + np.max(np.abs(settings)))
    values = np.linalg.svd(
        np.where(reliable, columns / np.maximum(lengths, 1e-30), 0.0), compute_uv=False
    )
    return int(np.max(np.sum(values > MIN_DIRECTION_SINGULAR_VALUE, axis=1), initial=0))


def differs_between_inputs(output: np.ndarray) -> bool:
    """Tells whether the rows of an output `[n, ...]` differ."""
    return not np.allclose(output, output[:1], 1e-5, 1e-6)


def check_same_as_twin(
    model: StudentObject,
    twin: StudentObject,
    look: Callable,
    rtol: float = 1e-3,
    atol: float = 1e-4,
) -> None:
    """Raises `PropertyFailed` unless two models with the same trainable weights compute the same.

    If two calls of one model differ it raises nothing: another examination reports that.

    Args:
        model: A `StudentObject`.
        twin: Another object of the same class; it gets the weights of `model`.
        look: From a model to a list of arrays that it computes.
        rtol: How far the arrays may differ, relative to their values.
        atol: How far they may differ besides.
    """
    twin.set_weights(model.weights())
    own = look(model)

    def is_own(others: list) -> bool:
        return all(np.allclose(*pair, rtol, atol) for pair in zip(own, others, strict=True))

    if not is_own(look(twin)) and is_own(look(model)):
        raise PropertyFailed(
            "two models with the same trainable weights compute two different things",
            "hidden_parameters",
        )


# The range of outputs.


class OutputBounded(PropertyFailed):
    """An output that something squashes or cuts off; `name` says which output."""

    def __init__(self, detail: str, mistake: str, measured: str, name: str) -> None:
        super().__init__(detail, mistake, measured)
        self.name = name


def check_outputs_are_unbounded(model: StudentObject, look: Callable) -> None:
    """Raises `OutputBounded` unless all outputs exceed +-UNBOUNDED for some weights.

    The weights are put back.

    An output that stays within bounds because no trainable weight enters it is not bounded: the
    message says so.

    Args:
        model: A `StudentObject`.
        look: Returns the outputs, arrays by name.
    """
    start = model.weights()
    ranges: dict[str, tuple[float, float]] = {}
    for stretch in STRETCHES:
        model.set_weights(
            [stretch * (array + 0.5 * model.exam.normal(*array.shape)) for array in start]
        )
        try:
            shown = look()
        except PropertyFailed as failed:
            # Weights too large for float32 tell nothing.
            if failed.mistake != "not_finite" or stretch == STRETCHES[0]:
                raise
            break
        ranges = widen(ranges, shown)
        bounded = [
            name for name, (low, high) in ranges.items() if low > -UNBOUNDED or high < UNBOUNDED
        ]
        if not bounded:
            break
    model.set_weights(start)
    if bounded:
        name = bounded[0]
        if np.allclose(look()[name], shown[name], 1e-5, 1e-6):
            raise PropertyFailed(
                f"with large random weights, {name} stays the same", "weights_ignored"
            )
        raise bounded_output(name, *ranges[name])


def widen(ranges: dict, shown: dict) -> dict[str, tuple[float, float]]:
    """Returns each output's smallest and largest value, in `ranges` so far and in `shown`."""
    wider = {}
    for name, values in shown.items():
        low, high = ranges.get(name, (np.inf, -np.inf))
        wider[name] = min(float(values.min()), low), max(float(values.max()), high)
    return wider


def bounded_output(name: str, low: float, high: float) -> OutputBounded:
    """Returns the failure of the output `name`, which stays between `low` and `high`."""
    mistake = name_bounds(low, high)
    seen = f"with large random weights, {name} {BEHAVIOUR[mistake]}"
    return OutputBounded(
        seen, mistake, f"the smallest value is {low:.1g}, the largest {high:.1g}", name
    )


# What bounded outputs do, by the name of the mistake.
BEHAVIOUR = {
    "sigmoid_at_the_end": "stays between 0 and 1",
    "never_negative": "is never negative",
    "never_positive": "is never positive",
    "tanh_at_the_end": "stays between -1 and 1",
    "bounded_above": "goes far below 0, and never far above it",
    "bounded_below": "goes far above 0, and never far below it",
    "cut_off": "stays within narrow bounds on both sides of 0",
}


def name_bounds(low: float, high: float) -> str:
    """Returns the name of the mistake that keeps outputs between `low` and `high`."""
    if low >= 0:
        return "sigmoid_at_the_end" if high <= 1 else "never_negative"
    if high <= 0:
        return "never_positive"
    if low <= -UNBOUNDED:
        return "bounded_above"
    if high >= UNBOUNDED:
        return "bounded_below"
    return "tanh_at_the_end" if max(-low, high) <= 1 else "cut_off"
