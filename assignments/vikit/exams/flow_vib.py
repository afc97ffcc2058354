"""The VIB with a flow: the sample z0 of the encoder's distribution is taken to zK, which the decoder is given.

rate = log q0(z0) - sum_log_det - log p(zK), of each sample; weight = beta.
"""

from dataclasses import replace
from functools import cached_property

import numpy as np

from ..protocol import wire
from .exam import PropertyFailed, check_array, require_ok
from .latent_model import SPECS, LatentModel, Rate, Term, Terms
from .samples import Sample
from .vib import ACCURACY, CROSS_ENTROPIES, CROSS_ENTROPY, of_logits

__all__ = ["FLOW_VIB", "FREE_ENERGY_TERMS", "flow_outputs", "flow_vib", "zK_of"]


def flow_outputs(model, z0, x):
    """Returns zK `[n, K]`, and what came for log determinants, as it came: of any shape, and NaN where they are."""
    try:
        return model.method("transform", z0, x, shapes=[z0.shape, None], outputs=2)
    except PropertyFailed as failed:
        if failed.mistake != "not_finite":
            raise
    tensors = [wire.Tensor(np.asarray(array, np.float32)) for array in (z0, x)]
    values = require_ok(model.exam.student.call(f"{model.key}.transform", tensors, outputs=2)).values
    if len(values) != 2 or values[1].dtype.kind != "f":
        raise PropertyFailed("two calls of transform with the same z0 and x returned different things", "random_inside")
    check_array(values[0], z0.shape)
    return [value.astype(np.float64) for value in values]


def zK_of(model, z0, x):
    """Returns zK `[n, K]` alone: a log determinant that is missing, or wrong in any other way, does not matter."""
    return flow_outputs(model, z0, x)[0]


class FlowSample(Sample):
    """A `Sample` that goes through the model's flow.

    Attributes:
        z0: Samples of the encoder's distribution. Shape `[L, B, K]`.
        zK: What the flow makes of them, and the decoder is given. Same shape.
    """

    def decoder_inputs(self, z):
        self.z0 = z
        images = np.tile(self.examples.x, (len(z), 1))
        zK, self.raw_log_det = flow_outputs(self.model, z.reshape(-1, z.shape[2]), images)
        self.zK = zK.reshape(z.shape)
        return self.zK

    @cached_property
    def log_det(self):
        """Returns the sum of the log determinants of each sample and example. Shape `[L, B]`.

        One number for each point, whatever axes come behind: that there are none is for `flow_log_det` to say.
        """
        points = self.z0.shape[:2]
        count = points[0] * points[1]
        if self.raw_log_det.shape[:1] != (count,):
            check_array(self.raw_log_det, (count,))
        if not np.isfinite(self.raw_log_det).all():
            raise PropertyFailed("log determinants that transform returns are NaN or infinite", "not_finite")
        return self.raw_log_det.reshape(count, -1).sum(axis=1).reshape(points)

    def divergence(self, keep=1.0):
        """Returns log q_K(zK) - log p(zK), the log determinants counted `keep` times. Shape `[L, B]`."""
        oracle, pairs = self.oracle, zip(self.z0, self.zK, self.log_det, strict=True)
        return np.stack(
            [
                oracle.log_normal(z0, self.mu, self.log_var) - keep * log_det - oracle.log_prior(z0, zK)
                for z0, zK, log_det in pairs
            ]
        )

    @property
    def log_normal_at_0(self):
        """Returns the logarithm of the standard normal density at 0, for each example. Shape `[B]`."""
        zero = 0 * self.mu
        return self.oracle.log_normal(zero, zero, zero)

    @property
    def log_q0_at_the_mean(self):
        return self.oracle.log_normal(self.mu, self.mu, self.log_var)


# The four terms, of the first sample, and what known mistakes make of them: functions of a `FlowSample`, `[B]`.


def log_q0(s):
    return s.oracle.log_normal(s.z0[0], s.mu, s.log_var)


def sum_log_det(s):
    return s.log_det[0]


def log_p_zK(s):
    return s.oracle.log_prior(s.z0[0], s.zK[0])


def log_py_given_zK(s):
    return -s.distortion[0]


LOG_Q0 = {
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
    "half_missing in the log variance": lambda s: log_q0(s) + s.log_q0_at_the_mean - s.log_normal_at_0,
    "half_missing in all": lambda s: 2 * log_q0(s),
}
SUM_LOG_DET = {
    "right": sum_log_det,
    "log_det_negated": lambda s: -sum_log_det(s),
    "log_det_missing": lambda s: 0 * sum_log_det(s),
    "log_det_not_log": lambda s: np.exp(sum_log_det(s)),
    "log_det_doubled": lambda s: 2 * sum_log_det(s),
    "log_det_averaged": lambda s: sum_log_det(s) / s.sizes.latent_dim,
}
LOG_P_ZK = {
    "right": log_p_zK,
    "prior_at_z0": lambda s: s.oracle.log_prior(s.zK[0], s.z0[0]),
    "prior_is_q0": lambda s: s.oracle.log_normal(s.zK[0], s.mu, s.log_var),
    "prior_holds_log_det": lambda s: log_p_zK(s) + sum_log_det(s),
    "half_missing": lambda s: 2 * log_p_zK(s) - s.log_normal_at_0,
    "half_missing in all": lambda s: 2 * log_p_zK(s),
}
LOG_PY_GIVEN_ZK = {name: lambda s, of=of: -of_logits(of)(s) for name, of in CROSS_ENTROPIES.items()} | {
    "likelihood_is_log_qK": lambda s: log_q0(s) - sum_log_det(s),
    "decoder_given_z0": lambda s: -s.oracle.cross_entropy(s.examples.y_onehot, s.model.decode(s.z0))[0],
}
# What is made of a whole term, with a `FlowSample`.
REDUCTIONS = {
    "right": lambda term, s: term,
    "term_negated": lambda term, s: -term,
    "term_in_bits": lambda term, s: term / np.log(2),
    "term_averaged_over_dimensions": lambda term, s: term / s.sizes.latent_dim,
    "term_averaged_over_batch": lambda term, s: np.full(len(term), term.mean()),
    "term_summed_over_batch": lambda term, s: np.full(len(term), term.sum()),
}
CONSTANTS = {"right": lambda term, s: term, "log_2pi_missing": lambda term, s: term - s.log_normal_at_0}
REDUCTIONS_OF_THE_LIKELIHOOD = {
    "right": lambda term, s: term,
    "cross_entropy_for_likelihood": lambda term, s: -term,
    "term_in_bits": lambda term, s: term / np.log(2),
}


def rounding_of_log_q0(s):
    """Returns what log_q0 may be off by because z0 is float32: where sigma is small beside mu few digits are left."""
    lost = np.spacing(np.abs(s.z0[0]).astype(np.float32)) * np.abs(s.eps[0]) * np.exp(-s.log_var / 2)
    return np.sum(lost, axis=-1)


def term(name, right, wrong, *steps, tolerance=None):
    """Returns the `Term` of which `wrong` says what known mistakes make, each from a sample alone, and `steps` what then."""
    first = {key: lambda _, s, of=of: of(s) for key, of in wrong.items()}
    return Term(name, right, lambda spec: [first, *steps], tolerance)


FREE_ENERGY_TERMS = Terms(
    "free_energy_terms",
    (
        term("log_q0", log_q0, LOG_Q0, CONSTANTS, REDUCTIONS, tolerance=rounding_of_log_q0),
        term("sum_log_det", sum_log_det, SUM_LOG_DET, REDUCTIONS),
        term("log_p_zK", log_p_zK, LOG_P_ZK, CONSTANTS, REDUCTIONS),
        term("log_py_given_zK", log_py_given_zK, LOG_PY_GIVEN_ZK, REDUCTIONS_OF_THE_LIKELIHOOD),
    ),
    *("what the model's own parts give", 3),
    one_sample=True,
    swapped="terms_in_another_order",
)


def look_at_flow(model, x, z):
    yield "the flow returns the same zK", zK_of(model, z, x[: len(z)]), "flow_not_trained"


FLOW_VIB = LatentModel(
    "FlowVIB",
    CROSS_ENTROPY,
    Rate(
        FlowSample.divergence,
        reported_wrong={
            "kl_without_log_det": lambda s: s.divergence(keep=0.0),
            "kl_with_log_det_added": lambda s: s.divergence(keep=-1.0),
        },
    ),
    FREE_ENERGY_TERMS,
    ACCURACY,
    # It must weigh what the flow is for, and not be 1.
    weight=2.0,
    weight_name="beta",
    labelled=True,
    sample=FlowSample,
    parts=look_at_flow,
)


def flow_vib(flow, num_flows, **changes):
    """Returns the specification of a `FlowVIB` with this kind and number of steps."""
    return replace(FLOW_VIB, keywords={"flow": flow, "num_flows": num_flows}, **changes)


SPECS["FlowVIB"] = flow_vib("planar", 1)
