"""The examination "flow_log_det": a flow's log determinants, by differences of its own map."""

from functools import partial
from typing import NamedTuple

import numpy as np

from ..judging import describe
from .differences import (
    LOG_DET_TOLERANCE,
    SHARE_THAT_FITS,
    log_dets_by_differences,
    quantile_range,
)
from .exam import Exam, PropertyFailed, examination
from .flow_mixing import EXAMPLES_MIXED, names_mixed_examples
from .flow_models import (
    NUM_FLOW_IMAGES,
    NUM_POINTS,
    PERTURBATIONS,
    FlowClass,
    first_reliable,
    flow_model,
    map_of,
    mistakes_of_any_flow,
    points_of_images,
    small_flow_sizes,
)
from .flow_objects import Flow, check_one_for_each, flow_outputs
from .latent_model import BITS_PER_NAT
from .term_names import without_remark

__all__ = ["check_log_det"]

# A log determinant below this is so close to a determinant of 0 that differences
# may have the wrong sign.
NEARLY_SINGULAR = -3.0
# How much the log determinants of a flow must differ between images and points.
LOG_DET_RANGE = 4 * LOG_DET_TOLERANCE
# The share of the points that must fit a mistake for it to be named.
SHARE_OF_A_MISTAKE = 0.95

# What known mistakes make of the right log determinants, with K latent dimensions.
WRONG_LOG_DETS = {
    "log_det_negated": lambda right, K: -right,
    "log_det_missing": lambda right, K: 0 * right,
    "log_det_not_log": lambda right, K: np.exp(right),
    "log_det_doubled": lambda right, K: 2 * right,
    "log_det_in_bits": lambda right, K: right * BITS_PER_NAT,
    "log_det_averaged": lambda right, K: right / K,
    "log_det_averaged over half of them": lambda right, K: right / (K / 2),
}
AT_OUTPUT = "log_det_at_output"
# The same of two steps.
WRONG_LOG_DETS_OF_TWO = {"log_det_averaged over steps": lambda right, K: right / 2}


class LogDets(NamedTuple):
    """Log determinants at several points.

    Attributes:
        got: What the flow returns. Shape `[n]`.
        want: Those of differences. Shape `[n]`.
        signs: The signs of the determinants of differences. Shape `[n]`.
        reliable: For which points the differences are reliable. Shape `[n]`.
    """

    got: np.ndarray
    want: np.ndarray
    signs: np.ndarray
    reliable: np.ndarray


def finds_in_log_det(flow: str, step: str = "") -> tuple[str, ...]:
    """Returns the names that `check_log_det` may find."""
    of_one = (
        EXAMPLES_MIXED,
        "log_det_wrong_shape",
        "log_det_is_constant",
        "log_det_not_finite",
        "flow_folds",
    )
    of_several = () if step else ("log_dets_not_added",)
    known = (*map(without_remark, WRONG_LOG_DETS), AT_OUTPUT)
    return *mistakes_of_any_flow(step), *known, *of_one, *of_several


@examination("flow_log_det", finds=finds_in_log_det)
@names_mixed_examples
def check_log_det(exam: Exam, flow: str, step: str = "") -> None:
    """A flow's log determinant is that of its Jacobian in z0 at fixed x.

    Args:
        exam: The `Exam`.
        flow: The kind of step: "planar", "radial", "coupling" or "iaf".
        step: The class of a single step; empty for `FlowVIB`.
    """
    made_by = FlowClass(flow, step)
    model, start = flow_model(exam, made_by)
    x, z0 = points_of_images(model)
    look = partial(look_at_log_dets, model, x, z0)
    # A map that can fold does so where weights are large;
    # differences are more reliable where they are small.
    noises = (1.0, *PERTURBATIONS), PERTURBATIONS, PERTURBATIONS[1:]
    seen = [first_reliable(model, start, look, perturbations) for perturbations in noises]
    for one in seen:
        check_does_not_fold(one.signs, one.reliable & (one.want > NEARLY_SINGULAR))
    # Where weights are small the log determinants of a right step may hardly differ:
    # then only the others are compared.
    varying = [
        one
        for one in (*seen[1:], seen[0])
        if quantile_range(one.want[one.reliable]) >= LOG_DET_RANGE
    ]
    if not varying:
        raise PropertyFailed(
            "the determinant of the Jacobian is the same everywhere", "log_det_is_constant"
        )
    for one in varying[:2]:
        check_log_dets(exam, made_by, one)


def look_at_log_dets(flow: Flow, x: np.ndarray, z0: np.ndarray) -> LogDets:
    """Returns the `LogDets` at the points `z0` of images `x`."""
    _, got = flow_outputs(flow, z0, x)
    check_one_for_each(got, z0)
    return LogDets(got, *log_dets_by_differences(map_of(flow, x), z0))


def check_does_not_fold(signs: np.ndarray, reliable: np.ndarray) -> None:
    """Raises `PropertyFailed` if the determinants of one image have both signs."""
    for number in range(NUM_FLOW_IMAGES):
        chosen = slice(number * NUM_POINTS, (number + 1) * NUM_POINTS)
        if len(set(signs[chosen][reliable[chosen]])) > 1:
            raise PropertyFailed(
                "for one example the determinant is positive at some points, negative at others",
                "flow_folds",
            )


def check_log_dets(exam: Exam, made_by: FlowClass, seen: LogDets) -> None:
    """Raises `PropertyFailed` unless the flow's log determinants are those of differences."""
    got, want, _, reliable = seen
    if not np.isfinite(got[reliable]).all():
        raise PropertyFailed(
            "log determinants are NaN or infinite at points where the map "
            "and its Jacobian are finite",
            "log_det_not_finite",
        )
    if not are_mostly_close(seen):
        summed, origin = (
            ("the log determinant", "the Jacobian of the step")
            if made_by.step
            else ("the sum of the log determinants", "the Jacobian of transform")
        )
        words, measured = describe.describe_values(summed, got[reliable], want[reliable], origin)
        raise PropertyFailed(words, name_log_det(exam, made_by, seen), measured)


def are_mostly_close(seen: LogDets) -> bool:
    """Tells whether most of the values are close, and also most of those that are far from 0."""
    with np.errstate(all="ignore"):
        close = np.abs(seen.got - seen.want) <= LOG_DET_TOLERANCE
    far = seen.reliable & (np.abs(seen.want) > LOG_DET_RANGE)
    return all(
        np.mean(close[chosen]) >= SHARE_THAT_FITS for chosen in (seen.reliable, far) if chosen.any()
    )


def name_log_det(exam: Exam, made_by: FlowClass, seen: LogDets) -> str:
    """Returns the mistake in the log determinants: of a flow, at two times, or of one step."""

    def look(num_flows: int) -> LogDets:
        model, start = flow_model(exam, made_by, num_flows)
        points = points_of_images(model)
        return first_reliable(
            model, start, partial(look_at_log_dets, model, *points), PERTURBATIONS[1:]
        )

    _, latent_dim = small_flow_sizes(exam)
    both = [seen, look(made_by.usual_count)]
    name = name_known_form(both, latent_dim)
    if not made_by.step:
        name = name or name_known_form(both, latent_dim, WRONG_LOG_DETS_OF_TWO)
    if name:
        return name
    single = [look(1) for _ in range(2)]
    if not made_by.step and all(map(are_mostly_close, single)):
        return "log_dets_not_added"
    at_output = AT_OUTPUT if are_at_output(*flow_model(exam, made_by, 1)) else ""
    return name_known_form(single, latent_dim) or at_output


def are_at_output(step: Flow, start: list[np.ndarray]) -> bool:
    """Tells whether the log determinants of a flow of one step are those at the point it makes."""
    x, z0 = points_of_images(step)

    def look() -> tuple[LogDets, LogDets, np.ndarray]:
        zK, got = flow_outputs(step, z0, x)
        at_both = [
            LogDets(got, *log_dets_by_differences(map_of(step, x), points))
            for points in (z0, np.asarray(zK, np.float32))
        ]
        return *at_both, at_both[0].reliable & at_both[1].reliable

    try:
        at_input, at_end, _ = first_reliable(step, start, look)
    except PropertyFailed:
        return False
    return are_mostly_close(at_end) and not are_mostly_close(at_input)


def name_known_form(seen: list[LogDets], latent_dim: int, forms: dict = WRONG_LOG_DETS) -> str:
    """Returns the first known mistake that gives the flow's log determinants; "" for none."""
    for name, form in forms.items():
        if all(fits_form(one, form(one.want, latent_dim)) for one in seen):
            return without_remark(name)
    return ""


def fits_form(seen: LogDets, wrong: np.ndarray) -> bool:
    """Tells whether the flow's log determinants are `wrong`, where that differs from right."""
    with np.errstate(all="ignore"):
        differs = seen.reliable & (np.abs(wrong - seen.want) > LOG_DET_RANGE)
        close = np.abs(seen.got - wrong)[differs] <= LOG_DET_TOLERANCE
        return differs.any() and np.mean(close) >= SHARE_OF_A_MISTAKE
