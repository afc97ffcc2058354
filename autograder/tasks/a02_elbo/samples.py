"""Reparameterized samples."""

import numpy as np

from autograder.reference import elbo

from ..common_terms import terms_of_samples
from ..domains import BATCH, DIMS, spread
from ..pictures import cloud
from ..question import EDGE, GENERIC, Arguments, Case, Domain, Draw, Question, wrong

__all__ = ["reparameterize", "sample"]


def sample(mu, log_var, eps) -> np.ndarray:
    """Returns mu + exp(log_var / 2) eps.

    Args:
        mu: Means. Shape `[B, K]`.
        log_var: Log variances. Shape `[B, K]`.
        eps: Noise. Shape `[B, K]`.
    """
    return mu + np.exp(0.5 * log_var) * eps


def draw_sample(low, high, size=1.2) -> Draw:
    return lambda generator, B, K: (
        generator.normal(0, size, (B, K)),
        generator.uniform(low, high, (B, K)),
        generator.normal(0, 1, (B, K)),
    )


def draw_without_noise(generator, B, K) -> Arguments:
    mu, log_var, eps = draw_sample(-2, 2)(generator, B, K)
    return mu, log_var, 0 * eps


def draw_unit_variance(generator, B, K) -> Arguments:
    mu, log_var, eps = draw_sample(-2, 2)(generator, B, K)
    return mu, 0 * log_var, eps


def draw_extreme_sample(generator, B, K) -> Arguments:
    return (
        generator.uniform(-40, 40, (B, K)),
        generator.choice([-30.0, -20.0, 20.0, 30.0], (B, K)),
        generator.normal(0, 1, (B, K)),
    )


def sweep_noise(generator) -> Arguments:
    return spread(generator, 40), spread(generator, 30), generator.normal(0, 1, (BATCH, DIMS))


reparameterize = Question(
    name="reparameterize",
    points=4,
    source=(
        'document 000, section 2 "SGD on ELBO for VAE", steps 1 to 3; document 003, eq. 20 to 22'
    ),
    shape="[B,K]",
    reference=elbo.reparameterize,
    cases=(
        Case("log_var of both signs", GENERIC, draw_sample(-2, 2), {"B": 5, "K": 3}),
        Case("all log_var positive", GENERIC, draw_sample(0.2, 2.5), {"B": 4, "K": 7}),
        Case("all log_var negative", GENERIC, draw_sample(-3, -0.2), {"B": 7, "K": 5}),
        Case("noise of zero", EDGE, draw_without_noise, {"B": 3, "K": 4}),
        Case("variances of one", EDGE, draw_unit_variance, {"B": 5, "K": 7}),
        Case("very wide and very narrow q", EDGE, draw_extreme_sample, {"B": 7, "K": 4}),
    ),
    float32=0.03,
    tolerance=(
        "one exponential, one product and one sum: float32 keeps 2e-6 of the larger of the two "
        "terms, also where they cancel"
    ),
    domain=Domain(sweep_noise),
    terms=(terms_of_samples(),),
    pictures=(
        cloud(
            {"mu": [1, -1], "log_var": [1, -2]},
            lambda eps: (
                np.tile([1.0, -1.0], (len(eps), 1)),
                np.tile([1.0, -2.0], (len(eps), 1)),
                eps,
            ),
        ),
    ),
    mistakes=wrong(
        reparam_var_not_std="noise:sigma_variance",
        reparam_log_var_direct=(
            "noise:sigma_log_var",
            lambda mu, log_var, eps: mu + 0.5 * log_var * eps,
        ),
        reparam_logstd="noise:sigma_fourth_power",
        reparam_half_outside=lambda mu, log_var, eps: mu + 0.5 * np.exp(log_var) * eps,
        reparam_sqrt_log_var=(
            "noise:sigma_of_variance",
            lambda mu, log_var, eps: mu + np.sqrt(log_var) * eps,
        ),
        reparam_softplus="noise:sigma_softplus",
        reparam_minus="noise:-1",
        reparam_noise_not_shifted="mean:0",
        reparam_mean_only="noise:0",
        reparam_precision=(
            "noise:sigma_inverse",
            lambda mu, log_var, eps: mu + np.exp(-log_var) * eps,
        ),
        reparam_scaled_mean="mean:scaled_mean",
        reparam_noise_from_prior_not_eps=lambda mu, log_var, eps: eps,
        reparam_log_var_as_log_std="noise:sigma_root",
    ),
)
