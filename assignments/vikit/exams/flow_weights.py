"""The examination "flow_weights": one training step moves every weight of a model with a flow."""

import numpy as np

from .dependence import check_same_as_twin
from .exam import Exam, examination, require_ok
from .flow_models import (
    MISTAKES_OF_ANY_FLOW,
    NUM_FLOW_IMAGES,
    PERTURBATIONS,
    build_small_flow,
    first_finite,
    flow_model,
    images_and_points,
)
from .flow_vib import FREE_ENERGY_TERMS, zK_of
from .weights_learn import check_weights_move

__all__ = ["check_flow_weights"]


@examination(
    "flow_weights",
    finds=(*MISTAKES_OF_ANY_FLOW, "flow_not_trained", "weights_do_not_move", "hidden_parameters"),
)
def check_flow_weights(exam: Exam, flow: str) -> None:
    """A training step moves every trainable weight, and what encoder, flow and decoder return."""
    model, start = flow_model(exam, flow)
    examples, z0 = images_and_points(model)

    def step() -> None:
        options = {"batch_size": NUM_FLOW_IMAGES, "epochs": 1}
        require_ok(exam.student.fit(model.handle, examples.arrays, 1e-3, eager=True, **options))

    def look() -> list[np.ndarray]:
        return check_weights_move(model, examples.x, z0, step)

    first_finite(model, start, look, (0.15, *PERTURBATIONS[2:]))
    model.check_no_hidden_variables(*examples.arrays, z0, method=FREE_ENERGY_TERMS.name)
    twin = build_small_flow(exam, flow)
    check_same_as_twin(model, twin, lambda one: [zK_of(one, z0, examples.x)], rtol=1e-4, atol=1e-5)
