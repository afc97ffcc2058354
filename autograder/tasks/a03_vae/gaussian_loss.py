"""The loss of a VAE with Gaussian pixels."""

import numpy as np
from scipy.special import expit

from autograder.reference import vae

from ..domains import DIMS, spread
from ..formulas import LOG_2PI, Numbers, kl, total
from ..question import EDGE, GENERIC, Arguments, Case, Domain, Draw, Formula, Question, wrong
from .bernoulli_loss import draw_q, loss

__all__ = ["gaussian_vae_loss"]


def gaussian(x, x_mu, sigma) -> Numbers:
    return -0.5 * total(LOG_2PI + 2 * np.log(sigma) + ((x - x_mu) / sigma) ** 2)


def with_gaussian_changes(log_px=lambda ll, x: ll, divergence=lambda kl, mu: kl) -> Formula:
    """Returns `gaussian_vae_loss`, its log-likelihood `[L, B]` or divergence `[B]` altered."""

    def formula(x, x_mu, mu, log_var, sigma) -> np.floating:
        return loss(log_px(gaussian(x, x_mu, sigma), x), divergence(kl(mu, log_var), mu))

    return formula


def with_log_px(log_px) -> Formula:
    """Returns `gaussian_vae_loss` with another log-likelihood, of (x, x_mu, sigma)."""
    return lambda x, x_mu, mu, log_var, sigma: loss(log_px(x, x_mu, sigma), kl(mu, log_var))


def squared_distance(x, x_mu) -> Numbers:
    return total((x - x_mu) ** 2)


def draw_grey_batch(low_sigma, high_sigma, low, high) -> Draw:
    def draw(generator, L, B, D, K) -> Arguments:
        x = generator.random((B, D))
        sigma = float(generator.uniform(low_sigma, high_sigma))
        return (
            x,
            x + sigma * generator.normal(0, 1.3, (L, B, D)),
            *draw_q(generator, B, K, low, high),
            sigma,
        )

    return draw


def draw_perfect_batch(generator, L, B, D, K) -> Arguments:
    """Means equal to the data: only the constants are left of the reconstruction."""
    x = generator.random((B, D))
    return (
        x,
        np.broadcast_to(x, (L, B, D)).copy(),
        *draw_q(generator, B, K, -2, 2),
        float(generator.uniform(0.05, 0.2)),
    )


def sweep_grey_batch(generator) -> Arguments:
    x, sigma = generator.random((7, DIMS)), float(10 ** generator.uniform(-2, 2))
    x_mu = x + sigma * spread(generator, 40, (3, 7, DIMS))
    return x, x_mu, spread(generator, 40, (7, 4)), spread(generator, 30, (7, 4)), sigma


gaussian_vae_loss = Question(
    name="gaussian_vae_loss",
    points=5,
    source=(
        'document 003, section 1.3 "Generative/conditional distribution(s)"; '
        'document 004, slide "Gaussian VAEs"'
    ),
    shape="[]",
    reference=vae.gaussian_vae_loss,
    cases=(
        Case(
            "sigma below 1",
            GENERIC,
            draw_grey_batch(0.3, 0.7, -2, 2),
            {"L": 3, "B": 5, "D": 7, "K": 4},
        ),
        Case(
            "sigma above 1",
            GENERIC,
            draw_grey_batch(1.5, 3, 0.3, 2),
            {"L": 4, "B": 3, "D": 7, "K": 5},
        ),
        Case(
            "all log_var negative",
            GENERIC,
            draw_grey_batch(0.4, 0.8, -3, -0.3),
            {"L": 5, "B": 4, "D": 7, "K": 3},
        ),
        Case(
            "a sharp decoder",
            EDGE,
            draw_grey_batch(0.02, 0.05, -2, 2),
            {"L": 3, "B": 4, "D": 7, "K": 5},
        ),
        Case(
            "a perfect reconstruction", EDGE, draw_perfect_batch, {"L": 5, "B": 3, "D": 7, "K": 4}
        ),
    ),
    float32=0.03,
    tolerance=(
        "near the pixel float32 keeps 1e-7 / sigma of the scaled distance: "
        "measured 0.02 of the tolerance"
    ),
    domain=Domain(sweep_grey_batch, num_draws=17),
    mistakes=wrong(
        gvae_is_elbo=lambda x, x_mu, mu, log_var, sigma: (
            -loss(gaussian(x, x_mu, sigma), kl(mu, log_var))
        ),
        gvae_mse=(
            with_log_px(lambda x, x_mu, sigma: -squared_distance(x, x_mu)),
            with_log_px(lambda x, x_mu, sigma: -0.5 * squared_distance(x, x_mu)),
            with_log_px(lambda x, x_mu, sigma: -squared_distance(x, x_mu) / x.shape[-1]),
            with_log_px(lambda x, x_mu, sigma: -0.5 * squared_distance(x, x_mu) / x.shape[-1]),
        ),
        gvae_no_normaliser=with_log_px(
            lambda x, x_mu, sigma: -squared_distance(x, x_mu) / (2 * sigma**2)
        ),
        gvae_no_log_2pi=with_log_px(
            lambda x, x_mu, sigma: gaussian(x, x_mu, sigma) + 0.5 * x.shape[-1] * LOG_2PI
        ),
        gvae_no_log_sigma=with_log_px(
            lambda x, x_mu, sigma: gaussian(x, x_mu, sigma) + x.shape[-1] * np.log(sigma)
        ),
        gvae_normaliser_once=with_log_px(
            lambda x, x_mu, sigma: (
                -squared_distance(x, x_mu) / (2 * sigma**2) - np.log(sigma) - 0.5 * LOG_2PI
            )
        ),
        gvae_sigma_as_variance=with_log_px(
            lambda x, x_mu, sigma: gaussian(x, x_mu, np.sqrt(sigma))
        ),
        gvae_sigma_not_halved=with_log_px(
            lambda x, x_mu, sigma: (
                gaussian(x, x_mu, sigma) - squared_distance(x, x_mu) / (2 * sigma**2)
            )
        ),
        gvae_mean_over_dims=with_gaussian_changes(lambda ll, x: ll / x.shape[-1]),
        gvae_sum_over_L=with_gaussian_changes(lambda ll, x: len(ll) * ll),
        gvae_first_sample=with_gaussian_changes(lambda ll, x: ll[:1]),
        gvae_mean_of_x_mu=lambda x, x_mu, mu, log_var, sigma: loss(
            gaussian(x, x_mu.mean(0, keepdims=True), sigma), kl(mu, log_var)
        ),
        gvae_batch_sum=lambda x, x_mu, mu, log_var, sigma: (
            len(x) * loss(gaussian(x, x_mu, sigma), kl(mu, log_var))
        ),
        gvae_kl_missing=with_gaussian_changes(divergence=lambda kl, mu: 0 * kl),
        gvae_kl_no_log_var=lambda x, x_mu, mu, log_var, sigma: loss(
            gaussian(x, x_mu, sigma), 0.5 * total(np.exp(log_var) + mu**2 - 1)
        ),
        gvae_kl_no_half=with_gaussian_changes(divergence=lambda kl, mu: 2 * kl),
        gvae_kl_mean_over_latents=with_gaussian_changes(
            divergence=lambda kl, mu: kl / mu.shape[-1]
        ),
        gvae_sigmoid=lambda x, x_mu, mu, log_var, sigma: loss(
            gaussian(x, expit(x_mu), sigma), kl(mu, log_var)
        ),
    ),
)
