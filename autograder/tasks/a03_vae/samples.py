"""Samples of the posterior, and their gradient."""

import numpy as np
from vikit.judging import Property
from vikit.protocol.wire import Tensor

from autograder.reference import vae

from ..common_terms import terms_of_samples
from ..domains import BATCH, DIMS, spread
from ..pictures import cloud
from ..question import EDGE, GENERIC, Arguments, Case, Domain, Draw, Question, wrong
from .oracle import Reference

__all__ = ["sample_latent"]


def samples(mu, log_var, eps) -> np.ndarray:
    return mu + np.exp(0.5 * log_var) * eps


def draw_latent(low, high) -> Draw:
    return lambda generator, L, B, K: (
        Tensor(generator.normal(0, 1.2, (B, K))),
        Tensor(generator.uniform(low, high, (B, K))),
        Tensor(generator.normal(0, 1, (L, B, K))),
    )


def draw_latent_near_prior(generator, L, B, K) -> Arguments:
    """q close to the prior, where the noise comes through almost as it is."""
    mu, log_var = generator.normal(0, 0.3, (2, B, K))
    return Tensor(mu), Tensor(log_var), Tensor(generator.normal(0, 1, (L, B, K)))


def draw_latent_extremes(generator, L, B, K) -> Arguments:
    mu = generator.uniform(-40, 40, (B, K))
    return (
        Tensor(mu),
        Tensor(generator.choice([-20.0, -8.0, 8.0, 20.0], (B, K))),
        Tensor(generator.normal(0, 1, (L, B, K))),
    )


def sweep_latent(generator) -> Arguments:
    return (
        *map(Tensor, (spread(generator, 40), spread(generator, 30))),
        Tensor(generator.normal(0, 1, (3, BATCH, DIMS))),
    )


sample_latent = Question(
    name="sample_latent",
    points=4,
    source="document 003, eq. 22 and footnote 3",
    shape="[L,B,K]",
    reference=vae.latent_samples,
    cases=(
        Case("log_var of both signs", GENERIC, draw_latent(-2, 2), {"L": 3, "B": 5, "K": 4}),
        Case("all log_var positive", GENERIC, draw_latent(0.3, 2.5), {"L": 5, "B": 4, "K": 3}),
        Case("all log_var negative", GENERIC, draw_latent(-3, -0.3), {"L": 4, "B": 3, "K": 5}),
        Case("q close to the prior", EDGE, draw_latent_near_prior, {"L": 5, "B": 3, "K": 4}),
        Case("very wide and very narrow q", EDGE, draw_latent_extremes, {"L": 4, "B": 5, "K": 3}),
    ),
    float32=0.06,
    tolerance=(
        "one exponential, one product, one sum: measured 0.06 of the tolerance, at large log_var"
    ),
    domain=Domain(sweep_latent),
    terms=(terms_of_samples(),),
    pictures=(
        cloud(
            {"mu": [[1, -1]], "log_var": [[1, -2]]},
            lambda eps: (
                Tensor(np.array([[1.0, -1.0]])),
                Tensor(np.array([[1.0, -2.0]])),
                Tensor(eps[:, None]),
            ),
        ),
    ),
    mistakes=wrong(
        latent_log_var_as_log_sigma="noise:sigma_variance",
        latent_no_exp=(
            "noise:sigma_log_var",
            lambda mu, log_var, eps: mu + 0.5 * log_var * eps,
        ),
        latent_sqrt_of_log_var=lambda mu, log_var, eps: mu + np.sqrt(log_var) * eps,
        latent_precision=(
            "noise:sigma_inverse",
            lambda mu, log_var, eps: mu + np.exp(-log_var) * eps,
        ),
        latent_minus="noise:-1",
        latent_no_mean="mean:0",
        latent_unscaled_noise="noise:sigma_one",
        latent_mean_only="noise:0",
        latent_one_noise_for_all_samples=lambda mu, log_var, eps: samples(
            mu, log_var, np.broadcast_to(eps[:1], eps.shape)
        ),
        latent_one_noise_for_the_batch=lambda mu, log_var, eps: samples(
            mu, log_var, np.broadcast_to(eps[:, :1], eps.shape)
        ),
        latent_one_noise_for_all_dimensions=lambda mu, log_var, eps: samples(
            mu, log_var, np.broadcast_to(eps[..., :1], eps.shape)
        ),
        latent_scales_the_mean=lambda mu, log_var, eps: np.exp(0.5 * log_var) * (mu + eps),
    ),
    properties=(
        Property(
            "gradient",
            1,
            "Gradients in mu and in log_var must come through the sample. Without them the encoder "
            "learns from the KL alone.",
            'document 000, section 2 "SGD on ELBO for VAE", step 3; document 003, eq. 24 to 27',
            "gradient",
            {"path": "sample_latent", "inputs": ["mu", "log_var"], "wanted": "latent_gradient"},
            title="The gradient passes through the sample",
        ),
    ),
    oracle=Reference,
)
