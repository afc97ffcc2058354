"""The rate, and the bound on the relevance."""

import math

import numpy as np
from scipy.special import xlogy

from autograder.reference import vib

from ..common_terms import kl_rows
from ..formulas import kl, total
from ..pictures import points
from ..question import EDGE, GENERIC, Arguments, Case, Domain, Draw, Formula, Question, wrong
from ..terms import of_output, term
from .labels import OTHER_SIGNS
from .loss import VIB_SOURCE, sweep_encoded

__all__ = ["vib_rate", "vib_relevance_bound"]

# vib_rate


def mean_kl(mu, log_var) -> np.floating:
    return np.mean(kl(mu, log_var))


def with_terms_of_kl(terms) -> Formula:
    """Returns `vib_rate` with another bracket, of (mu, log_var)."""
    return lambda mu, log_var: np.mean(0.5 * total(terms(mu, log_var)))


def draw_encoded(low, high) -> Draw:
    return lambda generator, B, K: (
        generator.normal(0.5, 1.2, (B, K)),
        generator.uniform(low, high, (B, K)),
    )


def draw_collapsed(generator, B, K) -> Arguments:
    return np.zeros((B, K)), np.zeros((B, K))


def draw_one_example_far(generator, B, K) -> Arguments:
    """One example costs nearly all of the rate."""
    mu, log_var = draw_encoded(-1, 1)(generator, B, K)
    mu[0], log_var[0] = generator.uniform(20, 40, K), -20.0
    return mu, log_var


def draw_very_narrow(generator, B, K) -> Arguments:
    return generator.normal(0, 1, (B, K)), generator.choice([-30.0, -15.0, 4.0], (B, K))


vib_rate = Question(
    name="vib_rate",
    points=5,
    source=f'{VIB_SOURCE}; document 004, slide "The β -VAE"',
    shape="[]",
    reference=vib.vib_rate,
    cases=(
        Case("log_var of both signs", GENERIC, draw_encoded(-2, 2), {"B": 5, "K": 4}),
        Case("all log_var positive", GENERIC, draw_encoded(0.3, 2.5), {"B": 4, "K": 7}),
        Case("all log_var negative", GENERIC, draw_encoded(-4, -0.3), {"B": 7, "K": 3}),
        Case("q equal to the prior", EDGE, draw_collapsed, {"B": 5, "K": 3}),
        Case("one example far away", EDGE, draw_one_example_far, {"B": 3, "K": 5}),
        Case("very narrow q", EDGE, draw_very_narrow, {"B": 4, "K": 5}),
    ),
    float32=0.05,
    tolerance="positive terms, one mean: TFP's divergence uses up 0.02 of the tolerance",
    domain=Domain(sweep_encoded, num_draws=57),
    terms=(
        of_output(
            {"mu": "", "log_var": "log_var"},
            *kl_rows(lambda mu, log_var: (mu, log_var, 1), over_batch=True, part=""),
            sizes={
                "B": lambda mu, log_var: len(mu),
                "K": lambda mu, log_var: mu.shape[-1],
            },
        ),
    ),
    pictures=(
        points(-3, 3, {"mu": [["t", "t"], [0, 0]], "log_var": [[-1, -1], [0, 0.5]]}),
        points(-4, 3, {"mu": [[1, 1], [0, 0]], "log_var": [["t", "t"], [0, 0.5]]}),
    ),
    mistakes=wrong(
        rate_sum_over_batch="all:*B",
        rate_mean_over_latents="all:/K",
        rate_no_half="all:2",
        rate_bits=lambda mu, log_var: mean_kl(mu, log_var) / math.log(2),
        rate_negated="all:-1",
        rate_of_mean_posterior=(
            lambda mu, log_var: kl(mu.mean(axis=0), log_var.mean(axis=0)),
            lambda mu, log_var: kl(mu.mean(axis=0), np.log(np.exp(log_var).mean(axis=0))),
            lambda mu, log_var: kl(
                mu.mean(axis=0), np.log(np.exp(log_var).mean(axis=0) + mu.var(axis=0))
            ),
        ),
        rate_forgot_exp=with_terms_of_kl(lambda mu, log_var: log_var + mu**2 - 1 - log_var),
        rate_forgot_mean="mean:0",
        rate_no_log_var="log_var:0",
        rate_mean_not_squared="mean:plain",
        rate_forgot_minus_one="one:0",
        rate_plus_log_var="log_var:-1",
        rate_std_for_variance="variance:log_var_sigma_for_variance",
        rate_log_var_as_log_sigma="log_var_as_log_sigma",
        rate_reversed=with_terms_of_kl(
            lambda mu, log_var: np.exp(-log_var) * (1 + mu**2) - 1 + log_var
        ),
        rate_cross_entropy_only=with_terms_of_kl(
            lambda mu, log_var: np.exp(log_var) + mu**2 + math.log(2 * math.pi)
        ),
    ),
)


# vib_relevance_bound


def entropy(p_y) -> np.floating:
    return -np.sum(xlogy(p_y, p_y))


def with_entropy(of) -> Formula:
    """Returns `vib_relevance_bound` with something else, of p_y, instead of H(Y)."""
    return lambda p_y, mean_cross_entropy: of(p_y) - mean_cross_entropy


def draw_useful(concentration) -> Draw:
    """A decoder that is better than none."""

    def draw(generator, C) -> Arguments:
        p_y = generator.dirichlet(np.full(C, concentration)) * 0.9 + 0.1 / C
        return p_y, float(entropy(p_y) * generator.uniform(0.2, 0.7))

    return draw


def draw_bad_decoder(generator, C) -> Arguments:
    p_y = generator.dirichlet(np.full(C, 2.0)) * 0.9 + 0.1 / C
    return p_y, float(entropy(p_y) * generator.uniform(1.5, 3))


def draw_absent_classes(generator, C) -> Arguments:
    """Some classes never occur."""
    p_y = np.zeros(C)
    p_y[:3] = generator.dirichlet(np.full(3, 2.0)) * 0.9 + 0.1 / 3
    p_y = generator.permutation(p_y)
    return p_y, float(entropy(p_y) * generator.uniform(0.2, 0.7))


def draw_balanced(generator, C) -> Arguments:
    return np.full(C, 1 / C), float(math.log(C) * generator.uniform(0.1, 0.6))


def sweep_shares(generator) -> Arguments:
    shares = (
        generator.dirichlet(np.full(8, 10 ** generator.uniform(-1, 1)))
        * (generator.random(8) < 0.8)
        + 1e-6
    )
    return shares / shares.sum(), float(generator.uniform(0, 4))


vib_relevance_bound = Question(
    name="vib_relevance_bound",
    points=5,
    source=f'document 004, slide "Indeterminacy of the VAE"; {VIB_SOURCE}',
    shape="[]",
    reference=vib.vib_relevance_bound,
    cases=(
        Case("five classes", GENERIC, draw_useful(1.5), {"C": 5}),
        Case("three classes", GENERIC, draw_useful(1.0), {"C": 3}),
        Case("a decoder that is worse than none", GENERIC, draw_bad_decoder, {"C": 7}),
        Case("classes that never occur", EDGE, draw_absent_classes, {"C": 9}),
        Case("classes that are equally frequent", EDGE, draw_balanced, {"C": 4}),
    ),
    float32=0.03,
    tolerance=(
        "one sum of positive terms, one difference: measured 0.012 of the tolerance, "
        "with 1e-8 in the logarithm"
    ),
    twins=tuple(
        (mistake, f"transformation_negated of {other}", OTHER_SIGNS)
        for mistake, other in (
            ("rel_added", "rel_entropy_negated"),
            ("rel_entropy_negated", "rel_added"),
        )
    ),
    domain=Domain(sweep_shares, num_draws=57),
    terms=(
        of_output(
            {"p_y": "", "mean_cross_entropy": ""},
            term("entropy", 1, lambda p_y, mean: entropy(p_y), "H(Y)", "the entropy of the labels"),
            term(
                "cross_entropy",
                -1,
                lambda p_y, mean: mean,
                "mean_cross_entropy",
                "the mean cross-entropy",
            ),
            term(
                "log_classes",
                0,
                lambda p_y, mean: math.log(len(p_y)),
                "log C",
                "the logarithm of the number of classes",
            ),
            term(
                "sum_of_logs",
                0,
                lambda p_y, mean: -np.sum(np.log(p_y)),
                "-sum_c log p(y_c)",
                "minus the sum of the logarithms, unweighted",
            ),
            term(
                "impurity",
                0,
                lambda p_y, mean: 1 - np.sum(p_y**2),
                "1 - sum_c p(y_c)^2",
                "1 minus the sum of squared probabilities",
            ),
            sizes={"C": lambda p_y, mean: len(p_y)},
        ),
    ),
    pictures=(points(0.02, 0.98, {"p_y": ["t", "1 - t"], "mean_cross_entropy": 0.5}),),
    mistakes=wrong(
        rel_log_C="entropy:log_classes",
        rel_bits=with_entropy(lambda p_y: entropy(p_y) / math.log(2)),
        rel_all_bits=lambda p_y, mean_cross_entropy: (
            (entropy(p_y) - mean_cross_entropy) / math.log(2)
        ),
        rel_negated="all:-1",
        rel_added="cross_entropy:-1",
        rel_entropy_negated="entropy:-1",
        rel_entropy_only="cross_entropy:0",
        rel_no_entropy="entropy:0",
        rel_cut_at_zero=lambda p_y, mean_cross_entropy: max(entropy(p_y) - mean_cross_entropy, 0.0),
        rel_share=lambda p_y, mean_cross_entropy: 1 - mean_cross_entropy / entropy(p_y),
        rel_mean_entropy="entropy:/C",
        rel_sum_of_logs=("entropy:sum_of_logs", with_entropy(lambda p_y: -np.mean(np.log(p_y)))),
        rel_gini="entropy:impurity",
        rel_perplexity=with_entropy(lambda p_y: math.exp(entropy(p_y))),
        rel_nan_at_zero=with_entropy(lambda p_y: -np.sum(p_y * np.log(p_y))),
    ),
)
