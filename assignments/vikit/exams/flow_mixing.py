"""Whether a flow mixes examples: then nothing else that is found of it tells what is wrong."""

from collections.abc import Callable
from functools import wraps

import numpy as np

from .exam import Exam, NoReply, PropertyFailed
from .flow_models import PERTURBATIONS, FlowClass, first_finite, flow_model, images_and_points
from .flow_objects import Flow, flow_outputs

__all__ = ["EXAMPLES_MIXED", "failure_of_mixing", "names_mixed_examples"]

EXAMPLES_MIXED = "examples_mixed"
# Some of the examples that are asked for, in another order.
CHOSEN = slice(4, 1, -1)


def failure_of_mixing(flow: Flow, start: list[np.ndarray]) -> PropertyFailed | None:
    """Returns a failure if an example's results change with the examples beside it, else None.

    Args:
        flow: The `Flow`, whose weights are moved and stay so.
        start: Its first weights.

    Raises:
        PropertyFailed, NoReply: As `first_finite`.
    """
    x, z0 = images_and_points(flow)

    def look() -> tuple[list[np.ndarray], list[np.ndarray]]:
        return flow_outputs(flow, z0, x), flow_outputs(flow, z0[CHOSEN], x[CHOSEN])

    both = zip(*first_finite(flow, start, look, PERTURBATIONS[1:]), strict=True)
    for name, (among_all, among_few) in zip((flow.words.end, "log determinant"), both, strict=True):
        if among_all.shape[:1] != z0.shape[:1] or among_few.shape[:1] != z0[CHOSEN].shape[:1]:
            # Of another shape: that is found elsewhere.
            continue
        if not np.allclose(among_all[CHOSEN], among_few, 1e-3, 1e-3, equal_nan=True):
            return PropertyFailed(
                f"an example's {name} changes with the examples beside it", EXAMPLES_MIXED
            )
    return None


def names_mixed_examples(examine: Callable[..., None]) -> Callable[..., None]:
    """Returns the examination of a flow, which says of mixed examples that they are, no more.

    The Jacobian of an example's map has no meaning where that is no map of its own point.
    """

    @wraps(examine)
    def examine_or_blame_mixing(exam: Exam, flow: str, step: str = "") -> None:
        try:
            examine(exam, flow, step)
        except PropertyFailed as failed:
            mixing = mixing_or_none(exam, FlowClass(flow, step))
            if mixing:
                raise mixing from failed
            raise

    return examine_or_blame_mixing


def mixing_or_none(exam: Exam, made_by: FlowClass) -> PropertyFailed | None:
    """Returns as `failure_of_mixing`; None too if the flow gives nothing that could be compared."""
    try:
        return failure_of_mixing(*flow_model(exam, made_by))
    except (PropertyFailed, NoReply):
        return None
