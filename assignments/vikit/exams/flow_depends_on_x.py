"""The examination "flow_depends_on_x": zK and the volume depend on each example's own image."""

import numpy as np

from .differences import LOG_DET_TOLERANCE, SHARE_OF_OUTLIERS, log_dets_by_differences
from .exam import Exam, PropertyFailed, examination
from .flow_models import (
    MISTAKES_OF_ANY_FLOW,
    PERTURBATIONS,
    first_finite,
    first_reliable,
    flow_model,
    images_and_points,
    map_of,
    points_of_images,
)
from .flow_vib import zK_of
from .tolerances import is_repeated

__all__ = ["check_depends_on_x"]


@examination(
    "flow_depends_on_x",
    finds=(*MISTAKES_OF_ANY_FLOW, "examples_mixed", "flow_ignores_x", "log_det_ignores_x"),
)
def check_depends_on_x(exam: Exam, flow: str) -> None:
    """The same z0 with two images gives two zK and two determinants, for each example its own."""
    model, start = flow_model(exam, flow)
    examples, z0 = images_and_points(model)
    x, other = examples.x, np.float32(1) - examples.x

    def look() -> list[np.ndarray]:
        return [zK_of(model, z0, images) for images in (x, x, other)] + [
            zK_of(model, z0[4:1:-1], x[4:1:-1])
        ]

    zK, again, changed, fewer = first_finite(model, start, look, PERTURBATIONS[1:])
    if not is_repeated(zK, again):
        raise PropertyFailed("two calls with the same z0 and x gave different zK", "random_inside")
    if not np.allclose(zK[4:1:-1], fewer, 1e-3, 1e-3):
        raise PropertyFailed(
            "an example's zK changes with the examples beside it", "examples_mixed"
        )
    if is_repeated(zK, changed):
        raise PropertyFailed(
            "with another x, the same z0 still goes to the same zK", "flow_ignores_x"
        )
    check_volume_depends_on_x(exam, flow)


def check_volume_depends_on_x(exam: Exam, flow: str) -> None:
    """Raises `PropertyFailed` unless the determinant of a single step changes with x.

    That of a second step changes in any case, as it gets another zK from the first.
    """
    model, start = flow_model(exam, flow, 1)
    x, z0 = points_of_images(model)

    def look() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        (log_det, _, reliable), (other_log_det, _, other_reliable) = (
            log_dets_by_differences(map_of(model, images), z0) for images in (x, np.float32(1) - x)
        )
        return log_det, other_log_det, reliable & other_reliable

    log_det, other_log_det, reliable = first_reliable(model, start, look)
    if np.mean(np.abs(log_det - other_log_det)[reliable] > LOG_DET_TOLERANCE) < SHARE_OF_OUTLIERS:
        raise PropertyFailed(
            "with num_flows=1 and another x, the determinant of the Jacobian stays the same",
            "log_det_ignores_x",
        )
