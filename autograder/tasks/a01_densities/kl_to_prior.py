"""The KL from a diagonal Gaussian to the standard normal."""

import numpy as np

from autograder.reference import densities

from ..common_terms import kl_rows
from ..domains import spread
from ..formulas import LOG_2PI, SMALL, kl, over_batch, total
from ..pictures import curve
from ..question import EDGE, GENERIC, Arguments, Case, Domain, Draw, Formula, Question, wrong
from ..terms import of_output

__all__ = [
    "NEAR",
    "draw_narrow_gaussian",
    "kl_to_standard_normal",
    "paddings",
    "with_other_log_var",
    "with_padded_log",
]

NEAR = (
    "where the two densities are close your formula subtracts numbers that are nearly equal, and "
    "most of its digits are noise there. The function expm1 keeps them. (No points lost.)"
)


def draw_gaussian(low, high) -> Draw:
    """Returns a draw of (mu, log_var) with `log_var` between `low` and `high`."""
    return lambda generator, B, K: (
        generator.normal(0, 1.2, (B, K)),
        generator.uniform(low, high, (B, K)),
    )


def draw_prior(generator, B, K) -> Arguments:
    return np.zeros((B, K)), np.zeros((B, K))


def draw_near_prior(generator, B, K) -> Arguments:
    return generator.normal(0, 0.01, (B, K)), generator.normal(0, 0.01, (B, K))


def draw_extreme_gaussian(generator, B, K) -> Arguments:
    return generator.uniform(-40, 40, (B, K)), generator.choice([-30.0, -20.0, 20.0, 30.0], (B, K))


def draw_narrow_gaussian(generator, B, K) -> Arguments:
    """Returns (mu, log_var), means within 1 and q narrow: nothing large hides what log_var adds.

    Args:
        generator: Draws the numbers.
        B: Examples.
        K: Latent dimensions.
    """
    return generator.uniform(-1, 1, (B, K)), generator.choice([-30.0, -20.0], (B, K))


def with_other_log_var(formula, position) -> tuple[Formula, ...]:
    """Returns forms of `formula` with the log variance at `position` bounded or padded.

    The first clips at +-5. The others clip elsewhere, or pad or bound the variance or the standard
    deviation from below.
    """
    changes = [
        lambda v, size=size: np.clip(v, -size, size)
        for size in (5, 2, 3, 4, 6, 7, 8, 10, 12, 15, 20)
    ]
    changes += [lambda v, size=size: np.maximum(v, -size) for size in (3, 4, 5, 6, 8, 10, 15)]
    changes += paddings()
    return tuple(
        lambda *values, change=change: formula(
            *values[:position], change(values[position]), *values[position + 1 :]
        )
        for change in changes
    )


def paddings(least=1e-12) -> list[Formula]:
    """Returns functions of log variances: the variance, or its root, padded or bounded from below.

    Of the constants with which people keep away from log 0 only those of at least `least`, as a
    variance, are taken.
    """
    variances = [eps for eps in SMALL if eps >= least]
    roots = [eps for eps in SMALL if eps**2 >= least]
    return [
        *(lambda v, eps=eps: np.log(np.exp(v) + eps) for eps in variances),
        *(lambda v, eps=eps: np.maximum(v, np.log(eps)) for eps in variances),
        *(lambda v, eps=eps: 2 * np.log(np.exp(0.5 * v) + eps) for eps in roots),
    ]


def with_padded_log(formula, position) -> tuple[Formula, ...]:
    """Returns forms of `formula` with another variance in its -1/2 log var, var at `position`."""

    def form(padding) -> Formula:
        def padded(*values) -> np.ndarray:
            log_var = values[position]
            return formula(*values) - 0.5 * total(padding(log_var) - log_var)

        return padded

    forms = [lambda v, eps=eps: np.log(np.exp(v) + eps) for eps in SMALL if eps >= 1e-12]
    return tuple(form(padding) for padding in [*forms, *paddings(1e-8)])


kl_to_standard_normal = Question(
    name="kl_to_standard_normal",
    points=12,
    source=(
        'document 000, section 4 "Closed form ELBO for VAE with Gaussian Latent"; '
        "document 003, eq. 13"
    ),
    shape="[B]",
    reference=densities.kl_to_standard_normal,
    cases=(
        Case("log_var of both signs", GENERIC, draw_gaussian(-2, 2), {"B": 5, "K": 3}),
        Case("all log_var positive", GENERIC, draw_gaussian(0.2, 2.5), {"B": 4, "K": 7}),
        Case("all log_var negative", GENERIC, draw_gaussian(-3, -0.2), {"B": 7, "K": 5}),
        Case("q equal to the prior", EDGE, draw_prior, {"B": 3, "K": 4}),
        Case(
            "q close to the prior",
            EDGE,
            draw_near_prior,
            {"B": 5, "K": 7},
            careful=3e-5,
            remark=NEAR,
        ),
        Case("very wide and very narrow q", EDGE, draw_extreme_gaussian, {"B": 7, "K": 4}),
        Case("very narrow q near the centre", EDGE, draw_narrow_gaussian, {"B": 5, "K": 4}),
    ),
    float32=0.06,
    tolerance=(
        "near the prior the textbook formula in float32 is off by up to 1e-7 K: the absolute 1e-5 "
        "covers it; elsewhere float32 keeps 4e-6 of the value"
    ),
    domain=Domain(lambda generator: (spread(generator, 40), spread(generator, 30))),
    keeps_formula=True,
    terms=(
        of_output(
            {"mu": "mean", "log_var": "log_var"},
            *kl_rows(part=""),
            sizes={"K": lambda mu, v: mu.shape[-1]},
        ),
    ),
    pictures=(
        curve(-3, 3, {"mu": ["t", "t"], "log_var": [-1, -1]}),
        curve(-4, 3, {"mu": [1, 1], "log_var": ["t", "t"]}),
    ),
    mistakes=wrong(
        kl_sign_flipped="all:-1",
        kl_forgot_half="all:2",
        kl_forgot_exp=lambda mu, log_var: 0.5 * total(log_var + mu**2 - 1 - log_var),
        kl_std_instead_of_var="variance:log_var_sigma_for_variance",
        kl_log_std_instead_of_log_var="log_var:1/2",
        kl_log_var_as_log_std="log_var_as_log_sigma",
        kl_log_var_bounded=(
            with_other_log_var(kl, 1)[0],
            *with_other_log_var(kl, 1)[1:] + with_padded_log(kl, 1),
        ),
        kl_mean_instead_of_sum="all:/K",
        kl_sum_over_batch=lambda mu, log_var: over_batch(kl(mu, log_var), np.sum),
        kl_mean_over_batch=lambda mu, log_var: over_batch(kl(mu, log_var), np.mean),
        kl_forgot_minus_one="one:0",
        kl_plus_one="one:-1",
        kl_forgot_mu_squared_term="mean:0",
        kl_mu_not_squared=(
            "mean:plain",
            "mean:size",
        ),
        kl_plus_log_var="log_var:-1",
        kl_reversed_direction=lambda mu, log_var: (
            0.5 * total(np.exp(-log_var) + mu**2 * np.exp(-log_var) - 1 + log_var)
        ),
        kl_only_first_dim=lambda mu, log_var: kl(mu[:, :1], log_var[:, :1]),
        kl_cross_entropy_only=(
            lambda mu, log_var: 0.5 * total(np.exp(log_var) + mu**2 + LOG_2PI),
            lambda mu, log_var: 0.5 * total(np.exp(log_var) + mu**2),
        ),
    ),
)
