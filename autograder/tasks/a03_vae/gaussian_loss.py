"""The loss of a VAE with Gaussian pixels."""

import numpy as np

from autograder.reference import vae

from ..common_terms import kl_rows
from ..domains import DIMS, spread
from ..formulas import LOG_2PI, Numbers, kl, total
from ..pictures import points
from ..question import EDGE, GENERIC, Arguments, Case, Domain, Draw, Formula, Question, wrong
from ..terms import of_output, term
from .bernoulli_loss import RECONSTRUCTION, draw_q, loss

__all__ = ["gaussian_vae_loss"]


def gaussian(x, x_mu, sigma) -> Numbers:
    return -0.5 * total(LOG_2PI + 2 * np.log(sigma) + ((x - x_mu) / sigma) ** 2)


def with_log_px(log_px) -> Formula:
    """Returns `gaussian_vae_loss` with another log-likelihood, of (x, x_mu, sigma)."""
    return lambda x, x_mu, mu, log_var, sigma: loss(log_px(x, x_mu, sigma), kl(mu, log_var))


def squared_distance(x, x_mu) -> Numbers:
    return total((x - x_mu) ** 2)


def mean_of(values) -> Formula:
    """Returns a term of the reconstruction, from its values, of (x, x_mu, sigma), at each pixel."""
    return lambda x, x_mu, mu, log_var, sigma: np.mean(
        total(np.broadcast_to(values(x, x_mu, sigma), x_mu.shape))
    )


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
            {"L": 4, "B": 3, "D": 11, "K": 5},
        ),
        Case(
            "all log_var negative",
            GENERIC,
            draw_grey_batch(0.4, 0.8, -3, -0.3),
            {"L": 5, "B": 4, "D": 9, "K": 3},
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
    terms=(
        of_output(
            {"x": "", "x_mu": "logits", "mu": "", "log_var": "log_var", "sigma": "sigma"},
            term(
                "distance",
                0.5,
                mean_of(lambda x, x_mu, sigma: ((x - x_mu) / sigma) ** 2),
                "mean_bl sum_d (x_bd - x_mu_lbd)^2 / sigma^2",
                "the squared error over sigma squared",
                part=RECONSTRUCTION,
            ),
            term(
                "log_sigma",
                1,
                mean_of(lambda x, x_mu, sigma: np.log(sigma)),
                "D log sigma",
                "the term D log sigma",
                part=RECONSTRUCTION,
            ),
            term(
                "log_2pi",
                0.5 * LOG_2PI,
                mean_of(lambda x, x_mu, sigma: 1.0),
                "D",
                "the constant D/2 log 2 pi",
                is_constant=True,
                part=RECONSTRUCTION,
            ),
            *kl_rows(lambda x, x_mu, mu, log_var, sigma: (mu, log_var, 1), over_batch=True),
            term(
                "absolute",
                0,
                mean_of(lambda x, x_mu, sigma: np.abs(x - x_mu) / sigma),
                "mean_bl sum_d |x_bd - x_mu_lbd| / sigma",
                "the absolute error over sigma",
            ),
            sizes={
                "L": lambda x, x_mu, mu, log_var, sigma: len(x_mu),
                "B": lambda x, x_mu, mu, log_var, sigma: len(x),
                "D": lambda x, x_mu, mu, log_var, sigma: x.shape[-1],
                "K": lambda x, x_mu, mu, log_var, sigma: mu.shape[-1],
            },
        ),
    ),
    pictures=(
        points(
            -2,
            3,
            {
                "x": [[1, 0], [0, 0]],
                "x_mu": [[["t", "t"], [0, 1]], [[0.5, 0.5], [0, 0]]],
                "mu": [[1, 1], [0, 0]],
                "log_var": [[-1, -1], [0, 0.5]],
                "sigma": 0.5,
            },
        ),
        points(
            0.2,
            2,
            {
                "x": [[1, 0], [0, 0]],
                "x_mu": [[[1, 0.5], [0, 1]], [[0.5, 0.5], [0, 0]]],
                "mu": [[1, 1], [0, 0]],
                "log_var": [[-1, -1], [0, 0.5]],
                "sigma": "t",
            },
        ),
        points(
            -4,
            3,
            {
                "x": [[1, 0], [0, 0]],
                "x_mu": [[[1, 0.5], [0, 1]], [[0.5, 0.5], [0, 0]]],
                "mu": [[1, 1], [0, 0]],
                "log_var": [["t", "t"], [0, 0.5]],
                "sigma": 0.5,
            },
        ),
    ),
    mistakes=wrong(
        gvae_is_elbo="all:-1",
        gvae_mse=(
            with_log_px(lambda x, x_mu, sigma: -squared_distance(x, x_mu)),
            with_log_px(lambda x, x_mu, sigma: -0.5 * squared_distance(x, x_mu)),
            with_log_px(lambda x, x_mu, sigma: -squared_distance(x, x_mu) / x.shape[-1]),
            with_log_px(lambda x, x_mu, sigma: -0.5 * squared_distance(x, x_mu) / x.shape[-1]),
        ),
        gvae_no_normaliser=with_log_px(
            lambda x, x_mu, sigma: -squared_distance(x, x_mu) / (2 * sigma**2)
        ),
        gvae_no_log_2pi="log_2pi:0",
        gvae_no_log_sigma="log_sigma:0",
        gvae_normaliser_once=with_log_px(
            lambda x, x_mu, sigma: (
                -squared_distance(x, x_mu) / (2 * sigma**2) - np.log(sigma) - 0.5 * LOG_2PI
            )
        ),
        gvae_sigma_as_variance="sigma_as_variance",
        gvae_sigma_not_halved="distance:2",
        gvae_mean_over_dims="reconstruction:/D",
        gvae_sum_over_L="reconstruction:*L",
        gvae_first_sample=with_log_px(lambda x, x_mu, sigma: gaussian(x, x_mu[:1], sigma)),
        gvae_mean_of_x_mu=lambda x, x_mu, mu, log_var, sigma: loss(
            gaussian(x, x_mu.mean(0, keepdims=True), sigma), kl(mu, log_var)
        ),
        gvae_batch_sum="all:*B",
        gvae_kl_missing="KL:0",
        gvae_kl_no_log_var="log_var:0",
        gvae_kl_no_half="KL:2",
        gvae_kl_mean_over_latents="KL:/K",
        gvae_sigmoid="x_mu_as_probability",
    ),
)
