"""The examination "flow_depends_on_x": where points go, and the volume, come from x."""

import numpy as np

from .differences import LOG_DET_TOLERANCE, SHARE_OF_OUTLIERS, log_dets_by_differences
from .exam import Exam, PropertyFailed, examination
from .flow_mixing import EXAMPLES_MIXED, failure_of_mixing
from .flow_models import (
    PERTURBATIONS,
    FlowClass,
    first_finite,
    first_reliable,
    flow_model,
    images_and_points,
    map_of,
    mistakes_of_any_flow,
    points_of_images,
)
from .flow_objects import zK_of
from .tolerances import is_repeated

__all__ = ["check_depends_on_x"]


def finds_in_dependence(flow: str, step: str = "") -> tuple[str, ...]:
    """Returns the names that `check_depends_on_x` may find."""
    return *mistakes_of_any_flow(step), EXAMPLES_MIXED, "flow_ignores_x", "log_det_ignores_x"


@examination("flow_depends_on_x", finds=finds_in_dependence)
def check_depends_on_x(exam: Exam, flow: str, step: str = "") -> None:
    """The same z0 with two images gives two zK and two determinants, for each example its own.

    Args:
        exam: The `Exam`.
        flow: The kind of step: "planar", "radial", "coupling" or "iaf".
        step: The class of a single step; empty for `FlowVIB`.
    """
    made_by = FlowClass(flow, step)
    model, start = flow_model(exam, made_by)
    x, z0 = images_and_points(model)
    _, starts, context, ends = model.words
    other = np.float32(1) - x

    def look() -> list[np.ndarray]:
        return [zK_of(model, z0, images) for images in (x, x, other)]

    zK, again, changed = first_finite(model, start, look, PERTURBATIONS[1:])
    if not is_repeated(zK, again):
        raise PropertyFailed(
            f"two calls with the same {starts} and {context} gave different {ends}",
            "random_inside",
        )
    mixing = failure_of_mixing(model, start)
    if mixing:
        raise mixing
    if is_repeated(zK, changed):
        raise PropertyFailed(
            f"with other {context} the same {starts} still goes to the same {ends}",
            "flow_ignores_x",
        )
    check_volume_depends_on_x(exam, made_by)


def check_volume_depends_on_x(exam: Exam, made_by: FlowClass) -> None:
    """Raises `PropertyFailed` unless the determinant of a single step changes with x.

    That of a second step changes in any case, as it gets another zK from the first.
    """
    model, start = flow_model(exam, made_by, 1)
    x, z0 = points_of_images(model)

    def look() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        (log_det, _, reliable), (other_log_det, _, other_reliable) = (
            log_dets_by_differences(map_of(model, images), z0) for images in (x, np.float32(1) - x)
        )
        return log_det, other_log_det, reliable & other_reliable

    log_det, other_log_det, reliable = first_reliable(model, start, look)
    if np.mean(np.abs(log_det - other_log_det)[reliable] > LOG_DET_TOLERANCE) < SHARE_OF_OUTLIERS:
        raise made_by.say(
            PropertyFailed(
                f"with other {model.words.context} the determinant of the Jacobian stays the same",
                "log_det_ignores_x",
            ),
            1,
        )
