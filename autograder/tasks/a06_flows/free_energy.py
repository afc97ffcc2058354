"""The density behind a flow, and the free energy."""

import numpy as np

from autograder.reference import flows

from ..domains import spread
from ..formulas import LOG_2PI, total
from ..question import EDGE, GENERIC, Arguments, Case, Domain, Draw, Formula, Question, wrong
from .places import FLOWS, FREE_ENERGY

__all__ = ["flow_free_energy", "flow_log_q", "flow_prior_term"]

# flow_log_q


def draw_flow(scale, spread, mean=0.2) -> Draw:
    return lambda generator, B, F: (
        generator.normal(-4, scale, B),
        generator.normal(mean, spread, (B, F)),
    )


def sweep_flow(generator) -> Arguments:
    return generator.normal(-4, 5, 9), spread(generator, 20, (9, 6))


flow_log_q = Question(
    name="flow_log_q",
    points=1,
    source=f"{FREE_ENERGY}; {FLOWS}",
    shape="[B]",
    reference=flows.flow_log_q,
    cases=(
        Case("log determinants of both signs", GENERIC, draw_flow(1.5, 0.8), {"B": 5, "F": 3}),
        Case("flows that spread", GENERIC, draw_flow(1.5, 0.3, 1.0), {"B": 3, "F": 4}),
        Case("flows that gather", GENERIC, draw_flow(1.5, 0.3, -1.0), {"B": 4, "F": 7}),
        Case("flows that keep volume", EDGE, draw_flow(1.5, 0.0, 0.0), {"B": 7, "F": 5}),
        Case("large log determinants", EDGE, draw_flow(5, 20.0), {"B": 3, "F": 5}),
    ),
    float32=0.1,
    tolerance="a sum of at most eight numbers: measured below a tenth of the tolerance",
    domain=Domain(sweep_flow, num_draws=57),
    mistakes=wrong(
        flow_logdet_added=lambda log_q0, log_dets: log_q0 + total(log_dets),
        flow_only_last_layer=lambda log_q0, log_dets: log_q0 - log_dets[:, -1],
        flow_only_first_layer=lambda log_q0, log_dets: log_q0 - log_dets[:, 0],
        flow_mean_logdet=lambda log_q0, log_dets: log_q0 - log_dets.mean(axis=-1),
        flow_log_of_sum_det=lambda log_q0, log_dets: log_q0 - np.log(total(np.exp(log_dets))),
        flow_logdet_not_log=lambda log_q0, log_dets: log_q0 - np.exp(total(log_dets)),
        flow_absolute_logdets=lambda log_q0, log_dets: log_q0 - total(np.abs(log_dets)),
        flow_logdets_of_the_batch=lambda log_q0, log_dets: log_q0 - log_dets.sum(),
        flow_log_q_is_q0=lambda log_q0, log_dets: log_q0 + 0 * log_dets[:, 0],
    ),
)


# flow_prior_term


def draw_two_places(scale, other) -> Draw:
    return lambda generator, B, K: (
        generator.normal(0, scale, (B, K)),
        generator.normal(0, other, (B, K)),
    )


flow_prior_term = Question(
    name="flow_prior_term",
    points=1,
    source=f"{FREE_ENERGY}; errata E-000-15",
    shape="[B]",
    reference=flows.flow_prior_term,
    cases=(
        Case("places of the size of 1", GENERIC, draw_two_places(1, 1), {"B": 5, "K": 3}),
        Case("a flow that spreads", GENERIC, draw_two_places(1, 2.5), {"B": 4, "K": 5}),
        Case("a flow that gathers", GENERIC, draw_two_places(2, 0.4), {"B": 3, "K": 4}),
        Case("zK of 0", EDGE, draw_two_places(1, 0), {"B": 3, "K": 7}),
        Case("zK far out", EDGE, draw_two_places(1, 20), {"B": 5, "K": 4}),
    ),
    float32=0.1,
    tolerance="a sum of squares: measured below a tenth of the tolerance",
    domain=Domain(lambda generator: (spread(generator, 40), spread(generator, 40))),
    mistakes=wrong(
        flow_prior_at_z0=lambda z0, zK: -0.5 * total(LOG_2PI + z0**2),
        flow_prior_of_difference=lambda z0, zK: -0.5 * total(LOG_2PI + (zK - z0) ** 2),
        flow_prior_positive_exponent=lambda z0, zK: -0.5 * total(LOG_2PI - zK**2),
        flow_prior_2pi_missing=lambda z0, zK: -0.5 * total(zK**2),
        flow_prior_2pi_once=lambda z0, zK: -0.5 * LOG_2PI - 0.5 * total(zK**2),
        flow_prior_not_halved=lambda z0, zK: -total(0.5 * LOG_2PI + zK**2),
        flow_prior_at_both=lambda z0, zK: -0.5 * total(2 * LOG_2PI + z0**2 + zK**2),
    ),
)


# flow_free_energy


# Not fewer arguments: after those of the question comes the weight of each.
def energy(
    log_q0, log_dets, log_p_zK, log_py_given_zK, *, det=1, prior=1, lik=1, entropy=1
) -> np.ndarray:
    """Returns `flow_free_energy` for each example, its terms weighted: the right weights are 1."""
    return entropy * log_q0 - det * total(log_dets) - prior * log_p_zK - lik * log_py_given_zK


def with_weights(**weights) -> Formula:
    return lambda *terms: np.mean(energy(*terms, **weights))


def with_kl(change) -> Formula:
    """Returns `flow_free_energy` with the one-sample KL of each example changed."""
    return lambda *terms: np.mean(change(energy(*terms, lik=0)) - terms[3])


def draw_energy(spread, det=0.3, width=0.8) -> Draw:
    return lambda generator, B, F: (
        generator.normal(-4, spread, B),
        generator.normal(det, width, (B, F)),
        generator.normal(-5, spread, B),
        -generator.exponential(1.2, B),
    )


flow_free_energy = Question(
    name="flow_free_energy",
    points=4,
    source=FREE_ENERGY,
    shape="[]",
    reference=flows.flow_free_energy,
    cases=(
        Case("log determinants of both signs", GENERIC, draw_energy(2), {"B": 5, "F": 3}),
        Case("flows that spread", GENERIC, draw_energy(2, 1.0, 0.3), {"B": 7, "F": 4}),
        Case("flows that gather", GENERIC, draw_energy(2, -1.0, 0.3), {"B": 3, "F": 5}),
        Case("flows that keep volume", EDGE, draw_energy(2, 0.0, 0.0), {"B": 4, "F": 7}),
        Case("large terms", EDGE, draw_energy(40, 0.0, 20.0), {"B": 5, "F": 4}),
    ),
    float32=0.1,
    tolerance="a mean of sums of at most ten numbers: measured below a tenth of the tolerance",
    domain=Domain(
        lambda generator: (*sweep_flow(generator), *generator.normal(-5, 4, (2, 9))), num_draws=57
    ),
    mistakes=wrong(
        flow_fe_negated=lambda *terms: -np.mean(energy(*terms)),
        flow_fe_ce_sign=with_weights(lik=-1),
        flow_fe_prior_added=with_weights(prior=-1),
        flow_fe_logdet_added=with_weights(det=-1),
        flow_fe_logdet_missing=with_weights(det=0),
        flow_fe_logdet_mean=lambda log_q0, log_dets, *rest: np.mean(
            energy(log_q0, log_dets / log_dets.shape[-1], *rest)
        ),
        flow_fe_logdet_last_step=lambda log_q0, log_dets, *rest: np.mean(
            energy(log_q0, log_dets[:, -1:], *rest)
        ),
        flow_fe_entropy_missing=with_weights(entropy=0),
        flow_fe_prior_missing=with_weights(prior=0),
        flow_fe_likelihood_missing=with_weights(lik=0),
        flow_fe_listing1_copy=lambda log_q0, log_dets, log_p_zK, log_py_given_zK: np.mean(
            -log_p_zK
        ),
        flow_fe_recon_summed_over_batch=lambda log_q0, log_dets, log_p_zK, log_py: np.mean(
            energy(log_q0, log_dets, log_p_zK, log_py.sum())
        ),
        flow_fe_sum_over_batch=lambda *terms: np.sum(energy(*terms)),
        flow_fe_kl_clipped=with_kl(lambda kl: np.maximum(kl, 0)),
        flow_fe_kl_absolute=with_kl(np.abs),
        flow_fe_first_example=lambda *terms: energy(*terms)[0],
    ),
)
