"""The density behind a flow, and the free energy."""

import numpy as np

from autograder.reference import flows

from ..domains import spread
from ..formulas import LOG_2PI, total
from ..question import EDGE, GENERIC, Arguments, Case, Domain, Draw, Formula, Question, wrong
from ..terms import intermediate, of_output, term
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
    terms=(
        of_output(
            {"log_q0": "", "log_dets": ""},
            term("log_q0", 1, lambda log_q0, log_dets: log_q0, "log_q0", "log_q0"),
            term(
                "log_dets",
                -1,
                lambda log_q0, log_dets: total(log_dets),
                "sum_f log_dets_f",
                "the sum of the log determinants",
            ),
            term(
                "first",
                0,
                lambda log_q0, log_dets: log_dets[:, 0],
                "log_dets_1",
                "the log determinant of the first step",
            ),
            term(
                "last",
                0,
                lambda log_q0, log_dets: log_dets[:, -1],
                "log_dets_F",
                "the log determinant of the last step",
            ),
            term(
                "absolute",
                0,
                lambda log_q0, log_dets: total(np.abs(log_dets)),
                "sum_f |log_dets_f|",
                "the sum of the absolute values of the log determinants",
            ),
            term(
                "det",
                0,
                lambda log_q0, log_dets: np.exp(total(log_dets)),
                "exp(sum_f log_dets_f)",
                "the determinant itself",
            ),
            term(
                "log_sum",
                0,
                lambda log_q0, log_dets: np.log(total(np.exp(log_dets))),
                "log sum_f exp(log_dets_f)",
                "the logarithm of the determinants' sum",
            ),
            term(
                "product",
                0,
                lambda log_q0, log_dets: np.prod(log_dets, axis=-1),
                "prod_f log_dets_f",
                "the product of the log determinants",
            ),
            term(
                "batch",
                0,
                lambda log_q0, log_dets: log_dets.sum(),
                "sum_bf log_dets_bf",
                "the sum of the log determinants of the whole batch",
            ),
            sizes={"F": lambda log_q0, log_dets: log_dets.shape[-1]},
        ),
    ),
    mistakes=wrong(
        flow_logdet_added="log_dets:-1",
        flow_only_last_layer="log_dets:last",
        flow_only_first_layer="log_dets:first",
        flow_mean_logdet="log_dets:/F",
        flow_log_of_sum_det="log_dets:log_sum",
        flow_logdet_not_log="log_dets:det",
        flow_absolute_logdets="log_dets:absolute",
        flow_logdets_of_the_batch="log_dets:batch",
        flow_log_q_is_q0="log_dets:0",
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
    terms=(
        of_output(
            {"z0": "", "zK": ""},
            term(
                "one",
                -0.5,
                lambda z0, zK, place: LOG_2PI * zK.shape[-1],
                "K log 2 pi",
                "the constant with 2 pi",
                is_constant=True,
            ),
            term(
                "square", -0.5, lambda z0, zK, place: total(place**2), "sum_k zK_k^2", "the square"
            ),
            term(
                "absolute",
                0,
                lambda z0, zK, place: total(np.abs(place)),
                "sum_k |zK_k|",
                "the absolute value, not squared",
            ),
            term(
                "square_of_sum",
                0,
                lambda z0, zK, place: total(place) ** 2,
                "(sum_k zK_k)^2",
                "the square of the sum",
            ),
            term(
                "z0",
                0,
                lambda z0, zK, place: total(z0**2),
                "sum_k z0_k^2",
                "the square of z0",
            ),
            intermediates={
                "place": intermediate(
                    lambda z0, zK: zK,
                    z0=(lambda z0, zK: z0, "z0 stands where zK belongs"),
                    difference=(lambda z0, zK: zK - z0, "zK - z0 stands where zK belongs"),
                    sum=(lambda z0, zK: zK + z0, "zK + z0 stands where zK belongs"),
                )
            },
            sizes={"K": lambda z0, zK: zK.shape[-1]},
        ),
    ),
    mistakes=wrong(
        flow_prior_at_z0="place_z0",
        flow_prior_of_difference="place_difference",
        flow_prior_positive_exponent="square:-1",
        flow_prior_2pi_missing="one:0",
        flow_prior_2pi_once="one:/K",
        flow_prior_not_halved="square:2",
        flow_prior_at_both=lambda z0, zK: -0.5 * total(2 * LOG_2PI + z0**2 + zK**2),
    ),
)


# flow_free_energy


def energy(log_q0, log_dets, log_p_zK, log_py_given_zK) -> np.ndarray:
    """Returns `flow_free_energy` for each example."""
    return log_q0 - total(log_dets) - log_p_zK - log_py_given_zK


def with_kl(change) -> Formula:
    """Returns `flow_free_energy` with the one-sample KL of each example changed."""
    return lambda log_q0, log_dets, log_p_zK, log_py: np.mean(
        change(energy(log_q0, log_dets, log_p_zK, 0)) - log_py
    )


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
    terms=(
        of_output(
            dict.fromkeys(("log_q0", "log_dets", "log_p_zK", "log_py_given_zK"), ""),
            term("log_q0", 1, lambda *terms: np.mean(terms[0]), "mean_b log_q0", "log_q0"),
            term(
                "log_dets",
                -1,
                lambda *terms: np.mean(total(terms[1])),
                "mean_b sum_f log_dets_f",
                "the sum of the log determinants",
            ),
            term("prior", -1, lambda *terms: np.mean(terms[2]), "mean_b log_p_zK", "log_p_zK"),
            term(
                "likelihood",
                -1,
                lambda *terms: np.mean(terms[3]),
                "mean_b log_py_given_zK",
                "log_py_given_zK",
            ),
            term(
                "first",
                0,
                lambda *terms: np.mean(terms[1][:, 0]),
                "mean_b log_dets_1",
                "the log determinant of the first step",
            ),
            term(
                "last",
                0,
                lambda *terms: np.mean(terms[1][:, -1]),
                "mean_b log_dets_F",
                "the log determinant of the last step",
            ),
            term(
                "absolute",
                0,
                lambda *terms: np.mean(total(np.abs(terms[1]))),
                "mean_b sum_f |log_dets_f|",
                "the sum of the absolute values of the log determinants",
            ),
            term(
                "det",
                0,
                lambda *terms: np.mean(np.exp(total(terms[1]))),
                "mean_b exp(sum_f log_dets_f)",
                "the determinant itself",
            ),
            sizes={
                "B": lambda *terms: terms[1].shape[0],
                "F": lambda *terms: terms[1].shape[1],
            },
        ),
    ),
    mistakes=wrong(
        flow_fe_negated="all:-1",
        flow_fe_ce_sign="likelihood:-1",
        flow_fe_prior_added="prior:-1",
        flow_fe_logdet_added="log_dets:-1",
        flow_fe_logdet_missing="log_dets:0",
        flow_fe_logdet_mean="log_dets:/F",
        flow_fe_logdet_last_step="log_dets:last",
        flow_fe_entropy_missing="log_q0:0",
        flow_fe_prior_missing="prior:0",
        flow_fe_likelihood_missing="likelihood:0",
        flow_fe_listing1_copy=lambda log_q0, log_dets, log_p_zK, log_py_given_zK: np.mean(
            -log_p_zK
        ),
        flow_fe_recon_summed_over_batch="likelihood:*B",
        flow_fe_sum_over_batch="all:*B",
        flow_fe_kl_clipped=with_kl(lambda kl: np.maximum(kl, 0)),
        flow_fe_kl_absolute=with_kl(np.abs),
        flow_fe_first_example=lambda *terms: energy(*terms)[0],
    ),
)
