"""The VIB with a flow: a sample z0 of the encoder's distribution is mapped to zK and decoded.

rate = log q0(z0) - sum_log_det - log p(zK), of each sample; weight = beta.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from .exam import PropertyFailed, check_array
from .flow_objects import FlowModel, flow_outputs, zK_of
from .latent_model import BITS_PER_NAT, LatentModel, LossMethod, Rate, Term, register_spec
from .read_terms import part
from .samples import Sample
from .vib import ACCURACY, CROSS_ENTROPY_DISTORTION, CROSS_ENTROPY_FORMS, form_of_sample

__all__ = [
    "FLOW_VIB",
    "FREE_ENERGY_TERMS",
    "SINGLE_PLANAR_VIB",
    "flow_vib_with",
]


class FlowSample(Sample):
    """A `Sample` that goes through the model's flow.

    Attributes:
        z0: Samples of the encoder's distribution. Shape `[L, B, K]`.
        zK: What the flow maps them to, and the decoder is given. Same shape.
    """

    def decoder_inputs(self, z: np.ndarray) -> np.ndarray:
        """Returns zK."""
        self.z0 = z
        images = np.tile(self.examples.x, (len(z), 1))
        zK, self.raw_log_det = flow_outputs(self.model, z.reshape(-1, z.shape[2]), images)
        self.zK = zK.reshape(z.shape)
        return self.zK

    @cached_property
    def log_det(self) -> np.ndarray:
        """Returns the sum of the log determinants of each sample and example. Shape `[L, B]`.

        The axes after the first are summed over; that there should be none is checked by
        `flow_log_det`.
        """
        points = self.z0.shape[:2]
        count = points[0] * points[1]
        if self.raw_log_det.shape[:1] != (count,):
            check_array(self.raw_log_det, (count,))
        if not np.isfinite(self.raw_log_det).all():
            raise PropertyFailed(
                "log determinants that transform returns are NaN or infinite", "not_finite"
            )
        return self.raw_log_det.reshape(count, -1).sum(axis=1).reshape(points)

    def rate_with(self, log_det_factor: float) -> np.ndarray:
        """Returns the rate with the log determinants times a factor (right: 1). Shape `[L, B]`."""
        log_normal, log_prior = self.oracle.log_normal, self.oracle.log_prior
        points = zip(self.z0, self.zK, self.log_det, strict=True)
        return np.stack(
            [
                log_normal(z0, self.mu, self.log_var) - log_det_factor * log_det - log_prior(z0, zK)
                for z0, zK, log_det in points
            ]
        )

    @property
    def log_normal_at_0(self) -> np.ndarray:
        """Returns the log of the standard normal density at 0, for each example. Shape `[B]`."""
        zero = 0 * self.mu
        return self.oracle.log_normal(zero, zero, zero)

    @property
    def log_q0_at_the_mean(self) -> np.ndarray:
        """Returns the log of the encoder's density at its mean, for each example. Shape `[B]`."""
        return self.oracle.log_normal(self.mu, self.mu, self.log_var)


# The four terms of the first sample, and what known mistakes make of them: functions of a
# `FlowSample`, to `[B]`.


def log_q0(s: FlowSample) -> np.ndarray:
    """Returns log q0(z0)."""
    return s.oracle.log_normal(s.z0[0], s.mu, s.log_var)


def sum_log_det(s: FlowSample) -> np.ndarray:
    """Returns the sum of the log determinants of all steps."""
    return s.log_det[0]


def log_p_zK(s: FlowSample) -> np.ndarray:
    """Returns log p(zK)."""
    return s.oracle.log_prior(s.z0[0], s.zK[0])


def log_py_given_zK(s: FlowSample) -> np.ndarray:
    """Returns log p(y|zK)."""
    return -s.distortion[0]


LOG_Q0_FORMS = {
    "right": log_q0,
    "log_q0_squared_variance": lambda s: s.oracle.log_normal(s.mu + s.eps[0], s.mu, s.log_var),
    "log_q0_log_var_as_log_sigma": lambda s: s.oracle.log_normal(s.z0[0], s.mu, 2 * s.log_var),
    "log_q0_of_sigma": lambda s: s.oracle.log_normal(s.z0[0], s.mu, s.log_var / 2),
    "log_q0_at_zK": lambda s: s.oracle.log_normal(s.zK[0], s.mu, s.log_var),
    "log_q0_at_the_mean": lambda s: s.log_q0_at_the_mean,
    "log_q0_is_the_prior": lambda s: s.oracle.log_prior(s.z0[0], s.z0[0]),
    "log_q0_is_log_qK": lambda s: log_q0(s) - sum_log_det(s),
    "log_q0_log_var_missing": lambda s: log_q0(s) - s.log_q0_at_the_mean + s.log_normal_at_0,
    "log_q0_log_var_negated": lambda s: log_q0(s) - 2 * (s.log_q0_at_the_mean - s.log_normal_at_0),
    "half_missing": lambda s: 2 * log_q0(s) - s.log_normal_at_0,
    "half_missing in the square": lambda s: 2 * log_q0(s) - s.log_q0_at_the_mean,
    "half_missing in the log variance": lambda s: (
        log_q0(s) + s.log_q0_at_the_mean - s.log_normal_at_0
    ),
    "half_missing in all": lambda s: 2 * log_q0(s),
}
SUM_LOG_DET_FORMS = {
    "right": sum_log_det,
    "log_det_negated": lambda s: -sum_log_det(s),
    "log_det_missing": lambda s: 0 * sum_log_det(s),
    "log_det_not_log": lambda s: np.exp(sum_log_det(s)),
    "log_det_doubled": lambda s: 2 * sum_log_det(s),
    "log_det_averaged": lambda s: sum_log_det(s) / s.sizes.latent_dim,
}
LOG_P_ZK_FORMS = {
    "right": log_p_zK,
    "prior_at_z0": lambda s: s.oracle.log_prior(s.zK[0], s.z0[0]),
    "prior_is_q0": lambda s: s.oracle.log_normal(s.zK[0], s.mu, s.log_var),
    "prior_holds_log_det": lambda s: log_p_zK(s) + sum_log_det(s),
    "half_missing": lambda s: 2 * log_p_zK(s) - s.log_normal_at_0,
    "half_missing in all": lambda s: 2 * log_p_zK(s),
}
LOG_PY_GIVEN_ZK_FORMS = {
    name: lambda s, form=form: -form_of_sample(form)(s)
    for name, form in CROSS_ENTROPY_FORMS.items()
} | {
    "right": log_py_given_zK,
    "likelihood_is_log_qK": lambda s: log_q0(s) - sum_log_det(s),
    "decoder_given_z0": lambda s: (
        -s.oracle.cross_entropy(s.examples.y_onehot, s.model.decode(s.z0))[0]
    ),
}
# What known mistakes make of the value of a whole term, with a `FlowSample`.
TERM_FORMS = {
    "right": lambda value, s: value,
    "term_negated": lambda value, s: -value,
    "term_in_bits": lambda value, s: value * BITS_PER_NAT,
    "term_averaged_over_dimensions": lambda value, s: value / s.sizes.latent_dim,
    "term_averaged_over_batch": lambda value, s: np.full(len(value), value.mean()),
    "term_summed_over_batch": lambda value, s: np.full(len(value), value.sum()),
}
CONSTANT_FORMS = {
    "right": lambda value, s: value,
    "log_2pi_missing": lambda value, s: value - s.log_normal_at_0,
}
LIKELIHOOD_FORMS = {
    "right": lambda value, s: value,
    "cross_entropy_for_likelihood": lambda value, s: -value,
    "term_in_bits": lambda value, s: value * BITS_PER_NAT,
}


# What a term of the free energy is a sum of; log_var stands in the first alone.
CONSTANT = part(
    "constant",
    -0.5 * math.log(2 * math.pi),
    "the constant with 2 pi",
    lambda s, log_var: np.sum(np.ones_like(log_var), axis=-1),
    is_constant=True,
)
LOG_DET_BESIDES = part(
    "log_det", 0, "the sum of the log determinants", lambda s, log_var: sum_log_det(s)
)
LOG_Q0_PARTS = (
    CONSTANT,
    part("log_var", -0.5, "the term in log_var", lambda s, log_var: np.sum(log_var, axis=-1)),
    part(
        "square",
        -0.5,
        "the squared distance of z0 from mu",
        lambda s, log_var: np.sum((s.z0[0] - s.mu) ** 2 * np.exp(-log_var), axis=-1),
    ),
    part(
        "square_at_zK",
        0,
        "the squared distance of zK from mu",
        lambda s, log_var: np.sum((s.zK[0] - s.mu) ** 2 * np.exp(-log_var), axis=-1),
    ),
    LOG_DET_BESIDES,
)
SUM_LOG_DET_PARTS = (
    part("log_det", 1, "the sum of the log determinants", lambda s, log_var: sum_log_det(s)),
)
LOG_P_ZK_PARTS = (
    CONSTANT,
    part("square", -0.5, "the square of zK", lambda s, log_var: np.sum(s.zK[0] ** 2, axis=-1)),
    part("square_of_z0", 0, "the square of z0", lambda s, log_var: np.sum(s.z0[0] ** 2, axis=-1)),
    LOG_DET_BESIDES,
)
LOG_PY_GIVEN_ZK_PARTS = (
    part("likelihood", 1, "the log-likelihood", lambda s, log_var: log_py_given_zK(s)),
)


def rounding_of_log_q0(s: FlowSample) -> np.ndarray:
    """Returns how far log_q0 may be off because z0 is float32.

    Few digits are left where sigma is small beside mu.
    """
    lost = (
        np.spacing(np.abs(s.z0[0]).astype(np.float32)) * np.abs(s.eps[0]) * np.exp(-s.log_var / 2)
    )
    return np.sum(lost, axis=-1)


def free_energy_term(
    name: str, forms: dict, *steps: dict, parts: tuple, tolerance: Callable | None = None
) -> Term:
    """Returns a `Term` of the free energy.

    Args:
        name: Its name in messages.
        forms: What known mistakes, and "right", make of a `FlowSample` alone.
        steps: What known mistakes make of that value, step by step.
        parts: The `read_terms.PartFormula`s that it is a sum of.
        tolerance: As in `Term`.
    """
    first = {key: lambda _, s, form=form: form(s) for key, form in forms.items()}
    return Term(name, forms["right"], lambda spec: [first, *steps], tolerance, parts)


FREE_ENERGY_TERMS = LossMethod(
    name="free_energy_terms",
    terms=(
        free_energy_term(
            "log_q0",
            LOG_Q0_FORMS,
            CONSTANT_FORMS,
            TERM_FORMS,
            parts=LOG_Q0_PARTS,
            tolerance=rounding_of_log_q0,
        ),
        free_energy_term("sum_log_det", SUM_LOG_DET_FORMS, TERM_FORMS, parts=SUM_LOG_DET_PARTS),
        free_energy_term(
            "log_p_zK", LOG_P_ZK_FORMS, CONSTANT_FORMS, TERM_FORMS, parts=LOG_P_ZK_PARTS
        ),
        free_energy_term(
            "log_py_given_zK", LOG_PY_GIVEN_ZK_FORMS, LIKELIHOOD_FORMS, parts=LOG_PY_GIVEN_ZK_PARTS
        ),
    ),
    origin="what the model's own parts give",
    distortion_index=3,
    takes_one_sample=True,
    swapped_mistake="terms_in_another_order",
)


def look_at_flow(model: FlowModel, x: np.ndarray, z: np.ndarray) -> Iterator[tuple]:
    """Yields what the flow returns, as `Model.look_at_parts`."""
    yield "the flow returns the same zK", zK_of(model, z, x[: len(z)]), "flow_not_trained"


# With the kind and number of steps that the class has by default.
FLOW_VIB = LatentModel(
    name="FlowVIB",
    distortion=CROSS_ENTROPY_DISTORTION,
    rate=Rate(
        value=lambda s: s.rate_with(log_det_factor=1.0),
        reported_wrong={
            "kl_without_log_det": lambda s: s.rate_with(log_det_factor=0.0),
            "kl_with_log_det_added": lambda s: s.rate_with(log_det_factor=-1.0),
        },
    ),
    loss_method=FREE_ENERGY_TERMS,
    score=ACCURACY,
    # The flow acts on the rate, so the rate needs a large weight;
    # and a missing weight must show, so it is not 1.
    weight=2.0,
    weight_name="beta",
    labelled=True,
    model_class=FlowModel,
    sample_class=FlowSample,
    further_parts=look_at_flow,
)


def flow_vib_with(flow: str, num_flows: int, **changes: Any) -> LatentModel:
    """Returns the specification of a `FlowVIB` with this kind and number of steps.

    Args:
        flow: The kind of step: "planar", "radial", "coupling" or "iaf".
        num_flows: How many steps.
        changes: Fields of `LatentModel` that differ from `FLOW_VIB`'s, such as the `weight` beta.
    """
    return replace(FLOW_VIB, keywords={"flow": flow, "num_flows": num_flows}, **changes)


SINGLE_PLANAR_VIB = register_spec("FlowVIB", flow_vib_with("planar", 1))
