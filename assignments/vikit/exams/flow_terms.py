"""The examination "flow_terms": the terms of the free energy, and their gradients in the noise."""

from dataclasses import replace

import numpy as np

from .dependence import MISTAKES_OF_BOUNDED_OUTPUTS
from .differences import SHORT_STEP, STEP
from .exam import Exam, PropertyFailed, examination
from .flow_models import (
    MISTAKES_OF_ANY_FLOW,
    PERTURBATIONS,
    FlowClass,
    flow_model,
    with_smaller_weights,
)
from .flow_vib import FLOW_VIB, FREE_ENERGY_TERMS, SINGLE_PLANAR_VIB
from .gradients import check_derivatives, claimed_gradients
from .latent_model import LatentModel
from .model import AskedBatch
from .terms import (
    ask_batches,
    check_parts_are_unbounded,
    check_terms_of,
    finds_in_terms,
    unlikely_data,
    with_right_terms,
)

__all__ = ["check_gradients_pass"]

# Along how many random directions derivatives are compared.
NUM_DIRECTIONS = 3


@examination(
    "flow_terms",
    finds=(
        *(*MISTAKES_OF_ANY_FLOW, *MISTAKES_OF_BOUNDED_OUTPUTS),
        *(*finds_in_terms("FlowVIB"), "no_gradient_through_a_term"),
    ),
)
def check_free_energy_terms(exam: Exam, size_table: list, weight: float) -> None:
    """`free_energy_terms(x, y_onehot, eps)` returns what the model's own parts give."""
    flow_model(exam, FlowClass("planar"))
    check_parts_are_unbounded(exam, SINGLE_PLANAR_VIB)
    # With as many steps as a model has by default.
    spec = replace(FLOW_VIB, keywords={"flow": "planar"}, weight=weight)

    def ask(spec: LatentModel) -> list[AskedBatch]:
        asked = ask_batches(
            exam, spec, size_table, lambda model, *given: model.returned_terms(*given)
        )
        return with_right_terms(spec, asked)

    # Where weights are large a planar step is flat, and its log determinant 0:
    # small weights are tried too.
    specs = spec, replace(spec, perturbation=(1.0, PERTURBATIONS[1]))
    batches = [batch for one in specs for batch in with_smaller_weights(ask, one)]

    def check_gradients() -> None:
        try:
            check_gradients_pass(batches[len(batches) // 2 :])
        except PropertyFailed:
            # A difference may hold the bend of a ReLU: once more, with other numbers.
            check_gradients_pass(with_smaller_weights(ask, specs[-1]))

    more = unlikely_data(spec, batches, ask)
    check_terms_of(spec, [*batches, *more], and_then=check_gradients)


def check_gradients_pass(batches: list[AskedBatch]) -> None:
    """Raises `PropertyFailed` unless each term's gradient reaches the noise, and so the sample."""
    compared = np.concatenate([compare_derivatives(batch) for batch in batches], axis=-1)
    for term, seen in zip(FREE_ENERGY_TERMS.terms, compared, strict=True):
        check_derivatives(seen, term.name, "the sample", "no_gradient_through_a_term")


def compare_derivatives(batch: AskedBatch) -> np.ndarray:
    """Returns the terms' derivatives: by the student's process, by long steps and by short ones.

    Each derivative is that of a term of one example along a random direction of its noise. Shape
    `[4, 3, NUM_DIRECTIONS * B]`.
    """
    gradients = [
        gradient_in_the_noise(batch, index) for index in range(len(FREE_ENERGY_TERMS.terms))
    ]
    found = []
    for _ in range(NUM_DIRECTIONS):
        along = batch.model.exam.normal(*batch.eps[0].shape)
        claimed = np.stack([np.sum(gradient * along, axis=-1) for gradient in gradients])
        by_steps = (derivatives_by_differences(batch, along, step) for step in (STEP, SHORT_STEP))
        found.append(np.stack([claimed, *by_steps], axis=1))
    return np.concatenate(found, axis=-1)


def gradient_in_the_noise(batch: AskedBatch, index: int) -> np.ndarray:
    """Returns a term's gradient in its noise `[B, K]` by the student's process; 0 for none."""
    noise, examples = batch.eps[0], batch.examples
    count = len(FREE_ENERGY_TERMS.terms)
    cotangents = [np.full(len(examples), index == other, np.float32) for other in range(count)]
    path = f"{batch.model.key}.{FREE_ENERGY_TERMS.name}"
    return claimed_gradients(batch.model.exam, path, [*examples.arrays, noise], cotangents)[-1]


def derivatives_by_differences(batch: AskedBatch, along: np.ndarray, step: float) -> np.ndarray:
    """Returns the four terms' derivatives along a direction of the noise. Shape `[4, B]`."""
    ends = [batch.eps + np.float32(sign * step) * along for sign in (1, -1)]
    above, below = (np.stack(batch.model.returned_terms(batch.examples, eps)) for eps in ends)
    return (above - below) / (2 * step)
