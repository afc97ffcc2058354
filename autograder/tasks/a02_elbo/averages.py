"""Averages over samples, and over a minibatch."""

import math

import numpy as np

from autograder.reference import elbo

from ..domains import BATCH, spread
from ..formulas import logsumexp
from ..pictures import curve
from ..question import EDGE, GENERIC, Arguments, Case, Domain, Draw, Question, wrong
from ..terms import of_output, term

__all__ = ["elbo_multi_sample", "elbo_single_sample", "minibatch_log_lik"]

# elbo_single_sample


def draw_terms(generator, B) -> Arguments:
    return generator.normal(-20, 6, B), generator.normal(-6, 2.5, B), generator.normal(-6, 2.5, B)


def draw_large_terms(generator, B) -> Arguments:
    return generator.normal(-300, 60, B), generator.normal(-50, 15, B), generator.normal(-45, 15, B)


def draw_densities_above_one(generator, B) -> Arguments:
    """Narrow densities: logs of both signs."""
    return generator.normal(3, 2, B), generator.normal(-4, 2, B), generator.normal(4, 3, B)


def draw_negative_gap(generator, B) -> Arguments:
    """log q(z|x) lies below log p(z) at every sample."""
    log_px_given_z, log_pz, _ = draw_terms(generator, B)
    return log_px_given_z, log_pz, log_pz - generator.uniform(0.5, 3, B)


def draw_q_is_prior(generator, B) -> Arguments:
    log_px_given_z, log_pz, _ = draw_terms(generator, B)
    return log_px_given_z, log_pz, log_pz


def draw_unlikely(generator, B) -> Arguments:
    return (
        -generator.uniform(500, 3000, B),
        -generator.uniform(1, 9, B),
        -generator.uniform(1, 9, B),
    )


def sweep_terms(generator) -> Arguments:
    return -(10 ** generator.uniform(0, 3.4, BATCH)), *generator.normal(-4, 5, (2, BATCH))


elbo_single_sample = Question(
    name="elbo_single_sample",
    points=2,
    source='document 000, section 2 "SGD on ELBO for VAE", below step 3',
    shape="[B]",
    reference=elbo.elbo_single_sample,
    cases=(
        Case("five examples", GENERIC, draw_terms, {"B": 5}),
        Case("large values", GENERIC, draw_large_terms, {"B": 7}),
        Case("densities above one", GENERIC, draw_densities_above_one, {"B": 9}),
        Case("log q(z|x) below log p(z)", EDGE, draw_negative_gap, {"B": 4}),
        Case("q equal to the prior", EDGE, draw_q_is_prior, {"B": 3}),
        Case("very unlikely data", EDGE, draw_unlikely, {"B": 11}),
    ),
    float32=0.06,
    tolerance=(
        "two sums: float32 keeps 1e-7 of the largest of the three terms, also where they cancel"
    ),
    domain=Domain(sweep_terms),
    terms=(
        of_output(
            {"log_px_given_z": "", "log_pz": "", "log_qz_given_x": ""},
            term("likelihood", 1, lambda lik, prior, q: lik, "log p(x given z)", "log_px_given_z"),
            term("prior", 1, lambda lik, prior, q: prior, "log p(z)", "log_pz"),
            term("own", -1, lambda lik, prior, q: q, "log q(z given x)", "log_qz_given_x"),
            term(
                "weights",
                0,
                lambda lik, prior, q: np.exp(prior - q),
                "p(z) / q(z given x)",
                "the ratio of p(z) to q(z|x) without its logarithm",
            ),
            term(
                "gap",
                0,
                lambda lik, prior, q: np.abs(q - prior),
                "|log q(z given x) - log p(z)|",
                "the absolute value of log_qz_given_x - log_pz",
            ),
        ),
    ),
    mistakes=wrong(
        mc_forgot_prior="prior:0",
        mc_forgot_entropy="own:0",
        mc_likelihood_only=lambda lik, prior, q: lik + 0 * q,
        mc_kl_added=lambda lik, prior, q: lik - prior + q,
        mc_prior_subtracted="prior:-1",
        mc_q_added="own:-1",
        mc_is_loss="all:-1",
        mc_abs_kl=lambda lik, prior, q: lik - np.abs(q - prior),
        mc_clipped_kl=lambda lik, prior, q: lik - np.maximum(q - prior, 0),
        mc_squared_kl=lambda lik, prior, q: lik - 0.5 * (q - prior) ** 2,
        mc_exponential_kl=lambda lik, prior, q: lik - (np.exp(prior - q) - 1 - (prior - q)),
        mc_weight_not_log=lambda lik, prior, q: np.exp(lik + prior - q),
        mc_log_ratio_only=lambda lik, prior, q: prior - q,
    ),
)


# elbo_multi_sample


def draw_weights(centre, spread) -> Draw:
    return lambda generator, L, B: (generator.normal(centre, spread, (L, B)),)


def draw_equal_weights(generator, L, B) -> Arguments:
    return (np.repeat(generator.normal(-10, 4, (1, B)), L, axis=0),)


def draw_one_bad_sample(generator, L, B) -> Arguments:
    log_w = generator.normal(-10, 1, (L, B))
    log_w[generator.integers(1, L)] -= 900
    return (log_w,)


elbo_multi_sample = Question(
    name="elbo_multi_sample",
    points=3,
    source=(
        'document 002, section 7-2 "Variational Auto Encoder (VAE)"; document 003, eq. 18 and 19'
    ),
    shape="[B]",
    reference=elbo.elbo_multi_sample,
    cases=(
        Case("five samples", GENERIC, draw_weights(-3, 1.5), {"L": 5, "B": 3}),
        Case("samples that differ much", GENERIC, draw_weights(-20, 5), {"L": 7, "B": 4}),
        Case("weights of both signs", GENERIC, draw_weights(0.5, 2), {"L": 4, "B": 9}),
        Case("samples that agree", EDGE, draw_equal_weights, {"L": 3, "B": 5}),
        Case("one sample that is very bad", EDGE, draw_one_bad_sample, {"L": 7, "B": 5}),
    ),
    float32=0.15,
    tolerance="an average of at most seven numbers: float32 keeps 2e-7 of the largest",
    domain=Domain(lambda generator: (spread(generator, 900, (7, BATCH)),)),
    terms=(
        of_output(
            {"log_w": ""},
            term("mean", 1, lambda log_w: log_w.mean(0), "1/L sum_l log w_l", "the mean of log_w"),
            term(
                "log_of_mean",
                0,
                lambda log_w: logsumexp(log_w, 0) - math.log(len(log_w)),
                "log 1/L sum_l w_l",
                "the logarithm of the mean of the weights",
            ),
            term("largest", 0, lambda log_w: log_w.max(0), "max_l log w_l", "the largest log_w"),
            term("first", 0, lambda log_w: log_w[0], "log w_1", "log_w of the first sample"),
            term(
                "weights",
                0,
                lambda log_w: np.exp(log_w).mean(0),
                "1/L sum_l w_l",
                "the mean of the weights without a logarithm",
            ),
            term("log_size", 0, lambda log_w: math.log(len(log_w)), "log L", "log L"),
            sizes={"L": len},
        ),
    ),
    pictures=(curve(-5, 5, {"log_w": ["t", 0]}, axis=1),),
    mistakes=wrong(
        elboL_sum="mean:*L",
        elboL_max="mean:largest",
        elboL_over_batch=lambda log_w: np.full(log_w.shape[1], log_w.mean()),
        elboL_mean_of_weights="mean:weights",
        elboL_log_of_mean="mean:log_of_mean",
        elboL_log_of_sum=lambda log_w: logsumexp(log_w, 0),
        elboL_first_sample=("mean:first", lambda log_w: log_w[-1]),
        elboL_divided_by_L_minus_one=lambda log_w: log_w.sum(0) / (len(log_w) - 1),
        elboL_median=lambda log_w: np.median(log_w, axis=0),
        elboL_is_loss="mean:-1",
    ),
)


# minibatch_log_lik


def draw_minibatch(centre, spread, low, high) -> Draw:
    return lambda generator, S: (
        generator.normal(centre, spread, S),
        int(generator.integers(low, high)),
    )


def draw_whole_data(generator, S) -> Arguments:
    return generator.normal(-60, 20, S), S


def draw_huge_data(generator, S) -> Arguments:
    return generator.normal(-80, 5, S), int(generator.integers(5 * 10**5, 10**6))


minibatch_log_lik = Question(
    name="minibatch_log_lik",
    points=4,
    source='document 000, section 3 "ELBO in practice for VAE", "Mini-batch"; errata E-000-06',
    shape="a scalar",
    reference=elbo.minibatch_log_lik,
    cases=(
        Case("five of some hundred", GENERIC, draw_minibatch(-20, 5, 100, 1000), {"S": 5}),
        Case("seven of some thousand", GENERIC, draw_minibatch(-90, 20, 1000, 9000), {"S": 7}),
        Case("log-likelihoods of both signs", GENERIC, draw_minibatch(3, 2, 50, 100), {"S": 9}),
        Case("all of the data", EDGE, draw_whole_data, {"S": 4}),
        Case("a million data", EDGE, draw_huge_data, {"S": 11}),
    ),
    float32=0.01,
    tolerance="a sum and one factor: float32 keeps 5e-7 of the value",
    terms=(
        of_output(
            {"log_lik": "", "num_data": ""},
            term(
                "scaled",
                1,
                lambda log_lik, num_data: num_data * log_lik.mean(),
                "N/S sum_s log_lik_s",
                "the scaled sum",
            ),
            term(
                "unscaled",
                0,
                lambda log_lik, num_data: log_lik.mean(),
                "1/S sum_s log_lik_s",
                "the mean without its scale",
            ),
            term(
                "inverted",
                0,
                lambda log_lik, num_data: log_lik.mean() / num_data,
                "1/(S N) sum_s log_lik_s",
                "the mean divided by the number of data",
            ),
            term(
                "first",
                0,
                lambda log_lik, num_data: num_data * log_lik[0],
                "N log_lik_1",
                "the scaled first log-likelihood",
            ),
            term(
                "left",
                0,
                lambda log_lik, num_data: (num_data - len(log_lik)) * log_lik.mean(),
                "(N - S)/S sum_s log_lik_s",
                "the sum scaled to the rest of the data",
            ),
            sizes={"S": lambda log_lik, num_data: len(log_lik)},
        ),
    ),
    domain=Domain(
        lambda generator: (generator.normal(-60, 30, 11), int(generator.integers(12, 10**6)))
    ),
    mistakes=wrong(
        mb_not_scaled=lambda log_lik, num_data: log_lik.sum(),
        mb_mean_only="scaled:unscaled",
        mb_divided_by_num_data=lambda log_lik, num_data: log_lik.sum() / num_data,
        mb_sum_times_num_data="scaled:*S",
        mb_factor_inverted=lambda log_lik, num_data: log_lik.sum() * len(log_lik) / num_data,
        mb_scaled_twice="scaled:/S",
        mb_log_of_mean=lambda log_lik, num_data: (
            num_data * (logsumexp(log_lik) - math.log(len(log_lik)))
        ),
        mb_is_loss="scaled:-1",
    ),
)
