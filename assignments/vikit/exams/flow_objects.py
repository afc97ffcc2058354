"""Maps of points with a log determinant: a model's `transform`, or a single step of a flow.

Both are asked in the same way, so that one examination serves both.
"""

from typing import NamedTuple

import numpy as np

from .exam import PropertyFailed, as_tensors, check_array, failure_of_shape, require_ok
from .model import Model
from .student_object import StudentObject, build

__all__ = [
    "Flow",
    "FlowModel",
    "FlowStep",
    "build_step",
    "check_one_for_each",
    "flow_outputs",
    "zK_of",
]


class FlowWords(NamedTuple):
    """What messages call a flow and what belongs to it.

    Attributes:
        map: The map itself.
        start: The points that go in.
        context: What its parameters come from.
        end: The points that come out.
    """

    map: str
    start: str
    context: str
    end: str


class FlowModel(Model):
    """A model with a flow, its method `transform(z0, x)`; the context of the map is an image."""

    words = FlowWords("transform", "z0", "images", "zK")

    @property
    def flow_path(self) -> str:
        """Returns the path of the map."""
        return f"{self.key}.transform"

    @property
    def latent_dim(self) -> int:
        """Returns the number of dimensions of the points."""
        return self.sizes.latent_dim

    def draw_contexts(self, count: int) -> np.ndarray:
        """Returns random images `[count, event_dim]`."""
        return self.spec.draw(self.exam, count, self.sizes).x


class FlowStep(StudentObject):
    """A step of a flow, a layer called with (z, features); the context are an example's features.

    Attributes:
        latent_dim: Dimensions of the points.
        num_features: Features of an example.
    """

    words = FlowWords("the step", "z", "features", "z_new")
    latent_dim: int
    num_features: int

    @property
    def flow_path(self) -> str:
        """Returns the path of the map."""
        return self.key

    def draw_contexts(self, count: int) -> np.ndarray:
        """Returns random features `[count, num_features]`."""
        return self.exam.normal(count, self.num_features)


Flow = FlowModel | FlowStep


def build_step(exam, name: str, num_features: int, latent_dim: int) -> FlowStep:
    """Returns a new `FlowStep` whose weights are made, by a first call.

    Args:
        exam: The `Exam`.
        name: The student's class.
        num_features: Features of an example.
        latent_dim: Dimensions of the points, which the class is given.

    Raises:
        PropertyFailed, NoReply: If the class cannot be called, or its object.
    """
    step = build(exam, name, latent_dim, of=FlowStep)
    step.latent_dim, step.num_features = latent_dim, num_features
    flow_outputs(step, exam.normal(5, latent_dim), step.draw_contexts(5))
    return step


def flow_outputs(flow: Flow, z0: np.ndarray, x: np.ndarray) -> list[np.ndarray]:
    """Returns where a flow takes points `[n, latent_dim]`, and the log determinants, in float64.

    The log determinants, in nats, come as they are: they may have any shape, and may be NaN or
    infinite.

    Args:
        flow: The `Flow`.
        z0: Points before the flow. Shape `[n, latent_dim]`.
        x: A context for each point. Shape `[n, ...]`.

    Raises:
        PropertyFailed: If the points have another shape or are not finite, or two calls differ.
        NoReply: If nothing was returned.
    """
    try:
        return flow.exam.arrays(flow.flow_path, z0, x, shapes=[z0.shape, None], outputs=2)
    except PropertyFailed as failed:
        if failed.mistake != "not_finite":
            raise
    reply = flow.exam.student.call(flow.flow_path, as_tensors([z0, x]), outputs=2)
    values = require_ok(reply).values
    if len(values) != 2 or values[1].dtype.kind != "f":
        words = flow.words
        raise PropertyFailed(
            f"two calls of {words.map} with the same {words.start} and {words.context} "
            "returned different things",
            "random_inside",
        )
    check_array(values[0], z0.shape)
    return [value.astype(np.float64) for value in values]


def check_one_for_each(log_dets: np.ndarray, z0: np.ndarray) -> None:
    """Raises `PropertyFailed` unless there is one log determinant for each row of `z0`."""
    if log_dets.shape != z0.shape[:1]:
        failure = failure_of_shape(log_dets, z0.shape[:1], "the log determinants have {}")
        raise PropertyFailed(failure.detail, "log_det_wrong_shape", failure.measured)


def zK_of(flow: Flow, z0: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Returns where a flow takes points, whatever is wrong with the log determinants.

    Args:
        flow: The `Flow`.
        z0: Points before the flow. Shape `[n, latent_dim]`.
        x: A context for each point. Shape `[n, ...]`.

    Returns:
        The points after the flow, float64. Shape `[n, latent_dim]`.

    Raises:
        PropertyFailed, NoReply: As `flow_outputs`.
    """
    return flow_outputs(flow, z0, x)[0]
