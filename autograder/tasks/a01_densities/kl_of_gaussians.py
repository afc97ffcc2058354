"""The KL between two diagonal Gaussians, and their entropy."""

import numpy as np

from autograder.reference import densities

from ..domains import BATCH, near, spread
from ..formulas import LOG_2PI, Numbers, kl, over_batch, total
from ..pictures import curve
from ..question import EDGE, GENERIC, Arguments, Case, Domain, Draw, Question, wrong
from ..terms import of_output, term
from .gaussians import draw_at_zero
from .kl_to_prior import NEAR, draw_narrow_gaussian, paddings, with_other_log_var, with_padded_log

__all__ = ["gaussian_entropy", "kl_diag_gaussians"]

# kl_diag_gaussians


def kl_between(mu_q, log_var_q, mu_p, log_var_p) -> Numbers:
    ratio = np.expm1(log_var_q - log_var_p) - (log_var_q - log_var_p)
    return 0.5 * total(ratio + (mu_q - mu_p) ** 2 * np.exp(-log_var_p))


def draw_two_gaussians(low, high) -> Draw:
    """Returns a draw of (mu_q, log_var_q, mu_p, log_var_p), log variances in `low` to `high`."""
    return lambda generator, B, K: tuple(
        value
        for _ in range(2)
        for value in (generator.normal(0, 1.2, (B, K)), generator.uniform(low, high, (B, K)))
    )


def draw_equal_gaussians(generator, B, K) -> Arguments:
    return draw_two_gaussians(-2, 2)(generator, B, K)[:2] * 2


def draw_close_gaussians(generator, B, K) -> Arguments:
    mu, log_var = draw_two_gaussians(-2, 2)(generator, B, K)[:2]
    return (
        mu + generator.normal(0, 0.01, (B, K)),
        log_var + generator.normal(0, 0.01, (B, K)),
        mu,
        log_var,
    )


def draw_extreme_gaussians(generator, B, K) -> Arguments:
    mu_q = generator.uniform(-20, 20, (B, K))
    mu_p = mu_q + generator.uniform(1, 20, (B, K)) * generator.choice([-1, 1], (B, K))
    log_var_q, log_var_p = generator.choice([-30.0, -15.0, 15.0, 30.0], (2, B, K))
    return mu_q, log_var_q, mu_p, log_var_p


def draw_narrow_in_wide(generator, B, K) -> Arguments:
    p = generator.uniform(-1, 1, (B, K)), generator.uniform(-1, 1, (B, K))
    return *draw_narrow_gaussian(generator, B, K), *p


def sweep_two_gaussians(generator) -> Arguments:
    mu, log_var = spread(generator, 40), spread(generator, 30)
    other_mu = np.where(
        generator.random(mu.shape) < 0.5, spread(generator, 40), near(generator, mu)
    )
    close = np.clip(log_var + spread(generator, 0.1), -30, 30)
    return (
        mu,
        log_var,
        other_mu,
        np.where(generator.random((BATCH, 1)) < 0.5, spread(generator, 30), close),
    )


kl_diag_gaussians = Question(
    name="kl_diag_gaussians",
    points=12,
    source=('document 000, section 4 "Closed form ELBO for VAE with Gaussian Latent"'),
    shape="[B]",
    reference=densities.kl_diag_gaussians,
    cases=(
        Case("log variances of both signs", GENERIC, draw_two_gaussians(-2, 2), {"B": 5, "K": 3}),
        Case("all log variances positive", GENERIC, draw_two_gaussians(0.2, 2.5), {"B": 4, "K": 7}),
        Case(
            "all log variances negative", GENERIC, draw_two_gaussians(-2.5, -0.2), {"B": 7, "K": 5}
        ),
        Case("q equal to p", EDGE, draw_equal_gaussians, {"B": 3, "K": 4}),
        Case(
            "q close to p", EDGE, draw_close_gaussians, {"B": 5, "K": 7}, careful=3e-5, remark=NEAR
        ),
        Case("very wide and very narrow densities", EDGE, draw_extreme_gaussians, {"B": 7, "K": 4}),
        Case("very narrow q, p of moderate width", EDGE, draw_narrow_in_wide, {"B": 5, "K": 4}),
    ),
    float32=0.2,
    tolerance=(
        "where q is close to p the constants cancel: float32 is off by up to 4e-7 K, covered by "
        "the absolute 1e-5. mu_q / sigma - mu_p / sigma (TensorFlow Probability) loses digits "
        "where two large means are closer than 1 and p is narrow: the cases stay clear of that"
    ),
    domain=Domain(sweep_two_gaussians),
    keeps_formula=True,
    terms=(
        of_output(
            {"mu_q": "mean", "log_var_q": "log_var", "mu_p": "mean", "log_var_p": "log_var"},
            term(
                "ratio",
                0.5,
                lambda m, v, n, w: total(np.exp(v - w)),
                "sum_k sigma_q^2 / sigma_p^2",
                "the ratio of the variances",
            ),
            term(
                "distance",
                0.5,
                lambda m, v, n, w: total((m - n) ** 2 * np.exp(-w)),
                "sum_k (mu_q - mu_p)^2 / sigma_p^2",
                "the distance of the means",
            ),
            term(
                "log_var_q",
                -0.5,
                lambda m, v, n, w: total(v),
                "sum_k log sigma_q^2",
                "the term log_var_q",
            ),
            term(
                "log_var_p",
                0.5,
                lambda m, v, n, w: total(w),
                "sum_k log sigma_p^2",
                "the term log_var_p",
            ),
            term("one", -0.5, lambda m, *_: m.shape[-1], "K", "the constant", is_constant=True),
            term(
                "size",
                0,
                lambda m, v, n, w: total(np.abs(m - n) * np.exp(-w)),
                "sum_k |mu_q - mu_p| / sigma_p^2",
                "the absolute distance of the means",
            ),
            term(
                "variance",
                0,
                lambda m, v, n, w: total(np.exp(v)),
                "sum_k sigma_q^2",
                "the variance of q alone",
            ),
            sizes={"K": lambda m, *_: m.shape[-1]},
            together={"each log_var": ("log_var_q", "log_var_p")},
            swaps=(("log_var_q", "log_var_p"),),
        ),
    ),
    pictures=(
        curve(
            -3, 4, {"mu_q": ["t", "t"], "log_var_q": [0, 0], "mu_p": [1, 1], "log_var_p": [-1, -1]}
        ),
        curve(
            -4, 3, {"mu_q": [0, 0], "log_var_q": ["t", "t"], "mu_p": [1, 1], "log_var_p": [-1, -1]}
        ),
        curve(
            -2, 4, {"mu_q": [0, 0], "log_var_q": [-1, -1], "mu_p": [1, 1], "log_var_p": ["t", "t"]}
        ),
    ),
    mistakes=wrong(
        kl2_sign_flipped="all:-1",
        kl2_log_ratio_flipped=lambda m, v, n, w: (
            0.5 * total(v - w + (np.exp(v) + (m - n) ** 2) * np.exp(-w) - 1)
        ),
        kl2_divided_by_sigma_not_var=(
            lambda m, v, n, w: (
                0.5 * total(w - v + (np.exp(v) + (m - n) ** 2) * np.exp(-0.5 * w) - 1)
            ),
            "distance:log_var_p_sigma_for_variance",
            "ratio:log_var_p_sigma_for_variance",
        ),
        kl2_divided_by_q_variance=(
            lambda m, v, n, w: 0.5 * total(w - v + (np.exp(v) + (m - n) ** 2) * np.exp(-v) - 1),
            "distance:log_var_q_and_log_var_p",
        ),
        kl2_reversed_direction="log_var_q_and_log_var_p",
        kl2_forgot_half="all:2",
        kl2_forgot_minus_one="one:0",
        kl2_log_var_as_log_std="each_log_var_as_log_sigma",
        kl2_log_var_bounded=(
            lambda m, v, n, w: kl_between(m, np.clip(v, -5, 5), n, np.clip(w, -5, 5)),
            *(
                lambda m, v, n, w, size=size: kl_between(
                    m, np.clip(v, -size, size), n, np.clip(w, -size, size)
                )
                for size in (3, 4, 6, 8, 10, 12, 15, 20)
            ),
            *with_other_log_var(kl_between, 1),
            *with_padded_log(kl_between, 1),
            *(
                lambda m, v, n, w, change=change: kl_between(m, v, n, change(w))
                for change in paddings(1e-10)
            ),
            *(
                lambda m, v, n, w, change=change: kl_between(m, change(v), n, change(w))
                for change in paddings(1e-10)
            ),
        ),
        kl2_mean_instead_of_sum="all:/K",
        kl2_sum_over_batch=lambda m, v, n, w: over_batch(kl_between(m, v, n, w), np.sum),
        kl2_means_not_squared=(
            lambda m, v, n, w: 0.5 * total(w - v + (np.exp(v) + (m - n)) * np.exp(-w) - 1),
            lambda m, v, n, w: 0.5 * total(w - v + (np.exp(v) + (n - m)) * np.exp(-w) - 1),
            "distance:size",
        ),
        kl2_means_added="distance:mu_q_negated",
        kl2_forgot_means="distance:0",
        kl2_means_not_scaled="distance:log_var_p_left_out",
        kl2_p_is_standard_normal=lambda m, v, n, w: kl(m, v),
    ),
)


# gaussian_entropy


def entropy(log_var) -> Numbers:
    return 0.5 * total(log_var + LOG_2PI + 1)


def draw_log_var(low, high) -> Draw:
    return lambda generator, B, K: (generator.uniform(low, high, (B, K)),)


def draw_extreme_log_var(generator, B, K) -> Arguments:
    return (generator.choice([-30.0, -20.0, 20.0, 30.0], (B, K)),)


gaussian_entropy = Question(
    name="gaussian_entropy",
    points=5,
    source="document 003, eq. 12: minus the average of its logarithm under q",
    shape="[B]",
    reference=densities.gaussian_entropy,
    cases=(
        Case("log_var of both signs", GENERIC, draw_log_var(-2, 2), {"B": 5, "K": 3}),
        Case("all log_var positive", GENERIC, draw_log_var(0.2, 3), {"B": 4, "K": 7}),
        Case("narrow q, negative entropy", GENERIC, draw_log_var(-9, -4), {"B": 7, "K": 5}),
        Case("the standard normal", EDGE, draw_at_zero, {"B": 3, "K": 4}),
        Case("very wide and very narrow q", EDGE, draw_extreme_log_var, {"B": 7, "K": 4}),
    ),
    float32=0.08,
    tolerance=(
        "a plain sum: float32 keeps 1e-7 of its largest term, 40 nats, also where the terms cancel"
    ),
    domain=Domain(lambda generator: (spread(generator, 30),)),
    keeps_formula=True,
    terms=(
        of_output(
            {"log_var": "log_var"},
            term("log_var", 0.5, total, "sum_k log_var_k", "the term in log_var"),
            term("one", 0.5, lambda v: v.shape[-1], "K", "the term 1", is_constant=True),
            term(
                "two_pi",
                0.5 * LOG_2PI,
                lambda v: v.shape[-1],
                "K",
                "the constant with 2 pi",
                is_constant=True,
            ),
            term(
                "variance",
                0,
                lambda v: total(np.exp(v)),
                "sum_k sigma_k^2",
                "the variance without its logarithm",
            ),
            sizes={"K": lambda v: v.shape[-1]},
        ),
    ),
    pictures=(curve(-4, 4, {"log_var": ["t", "t"]}),),
    mistakes=wrong(
        ent_missing_one="one:0",
        ent_missing_2pi="two_pi:0",
        ent_2pi_once="two_pi:/K",
        ent_constants_missing=lambda v: 0.5 * total(v),
        ent_constants_once=lambda v: 0.5 * total(v) + 0.5 * (LOG_2PI + 1),
        ent_sign="all:-1",
        ent_log_var_sign="log_var:-1",
        ent_not_halved="all:2",
        ent_log_var_as_logstd="log_var:2",
        ent_log_var_bounded=with_other_log_var(entropy, 0),
        ent_mean="all:/K",
        ent_clipped_at_zero=(
            lambda v: np.maximum(entropy(v), 0),
            lambda v: total(np.maximum(0.5 * (v + LOG_2PI + 1), 0)),
            lambda v: np.abs(entropy(v)),
            lambda v: total(np.abs(0.5 * (v + LOG_2PI + 1))),
        ),
    ),
)
