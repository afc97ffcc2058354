"""The best standard deviation of a Gaussian decoder, and the distortion at it."""

from collections.abc import Callable

import numpy as np

from autograder.reference import rate_distortion

from ..domains import spread
from ..formulas import LOG_2PI, total
from ..pictures import points
from ..question import EDGE, GENERIC, Arguments, Case, Domain, Draw, Formula, Question, wrong
from ..terms import of_output, term

__all__ = ["DISTORTION", "optimal_sigma"]

DISTORTION = 'document 004, "– ln p_Φ(y|z) as Distortion"; document 003, section 1.3, question 3'


def distortion_at(sigma, x) -> np.floating:
    """Returns -log N(x; x_mu, sigma^2 I) where the squares come to D / 2."""
    return x.shape[-1] * (0.5 * (1 + LOG_2PI) + np.log(sigma))


def with_mean_square(of: Callable) -> tuple[Formula, Formula]:
    """Returns `optimal_sigma` with another mean square under the root, of (residuals, x, x_mu).

    Once its distortion is that of section 1 at the best sigma, where the squares come to D / 2; and
    once that of the reconstructions at this sigma.
    """

    def formula(x, x_mu) -> tuple:
        sigma = np.sqrt(of(x - x_mu, x, x_mu))
        return sigma, distortion_at(sigma, x)

    def with_its_density(x, x_mu) -> tuple:
        sigma = np.sqrt(of(x - x_mu, x, x_mu))
        constants = x.shape[-1] * (0.5 * LOG_2PI + np.log(sigma))
        return sigma, constants + np.mean(total((x - x_mu) ** 2)) / (2 * sigma**2)

    return formula, with_its_density


def with_distortion(of: Callable) -> Formula:
    """Returns `optimal_sigma` with another distortion, of (D, sigma, residuals)."""

    def formula(x, x_mu) -> tuple:
        sigma = np.sqrt(np.mean((x - x_mu) ** 2))
        return sigma, of(x.shape[-1], sigma, x - x_mu)

    return formula


def draw_images(low, high, offset=0.4) -> Draw:
    """Returns a draw of (x, x_mu), residuals of about `low` to `high`, and not 0 in the mean."""

    def draw(generator, L, B, D) -> Arguments:
        x = generator.uniform(0, 1, (B, D))
        scale = generator.uniform(low, high)
        shift = offset * scale * generator.choice([-1, 1])
        return x, x + shift + scale * generator.normal(0, 1, (L, B, D))

    return draw


def draw_shifted(generator, L, B, D) -> Arguments:
    """Reconstructions that are too bright in every pixel, by nearly the same."""
    x = generator.uniform(0, 1, (B, D))
    return x, x + generator.uniform(0.3, 0.6) + 0.05 * generator.normal(0, 1, (L, B, D))


def sweep_images(generator) -> Arguments:
    x = spread(generator, 40)
    scale = 10 ** generator.uniform(-2, 1.5)
    return x, x + scale * generator.normal(0, 1, (3, *x.shape))


optimal_sigma = Question(
    name="optimal_sigma",
    points=8,
    source=DISTORTION,
    shape="two scalars",
    outputs=("sigma", "distortion"),
    reference=rate_distortion.optimal_sigma,
    cases=(
        Case("residuals of about 0.2", GENERIC, draw_images(0.15, 0.25), {"L": 3, "B": 5, "D": 7}),
        Case("residuals of about 1", GENERIC, draw_images(0.8, 1.3), {"L": 5, "B": 4, "D": 3}),
        Case("residuals of about 3", GENERIC, draw_images(2.5, 4.0), {"L": 4, "B": 7, "D": 5}),
        Case("residuals of 0.001", EDGE, draw_images(0.001, 0.002), {"L": 3, "B": 4, "D": 5}),
        Case("residuals of nearly one value", EDGE, draw_shifted, {"L": 4, "B": 3, "D": 7}),
    ),
    float32=0.021,
    tolerance="a mean of squares of one sign, a root and a logarithm: measured below a twentieth",
    domain=Domain(sweep_images),
    terms=(
        None,
        of_output(
            {"x": "", "x_mu": ""},
            term(
                "squares",
                0.5,
                lambda x, x_mu: x.shape[-1],
                "D / 2",
                "what the squares come to",
                is_constant=True,
            ),
            term(
                "two_pi",
                0.5,
                lambda x, x_mu: LOG_2PI * x.shape[-1],
                "D log 2 pi",
                "the constant with 2 pi",
                is_constant=True,
            ),
            term(
                "log_sigma",
                1,
                lambda x, x_mu: x.shape[-1] * np.log(np.sqrt(np.mean((x - x_mu) ** 2))),
                "D log sigma",
                "the logarithm of sigma",
            ),
            term(
                "square",
                0,
                lambda x, x_mu: np.mean(total((x - x_mu) ** 2)),
                "mean_lb sum_d (x_d - x_mu_d)^2",
                "the squared distance",
            ),
            term(
                "sigma",
                0,
                lambda x, x_mu: x.shape[-1] * np.sqrt(np.mean((x - x_mu) ** 2)),
                "D sigma",
                "sigma without its logarithm",
            ),
            sizes={"D": lambda x, x_mu: x.shape[-1]},
            output=1,
        ),
    ),
    pictures=(
        points(
            -1.5,
            2.5,
            {"x": [[0, 0.5], [1, 1]], "x_mu": [[["t", 0.5], [0.5, 0.8]], [[0.2, 0.6], [1, "t"]]]},
        ),
        points(
            -1.5,
            2.5,
            {"x": [[0, 0.5], [1, 1]], "x_mu": [[["t", 0.5], [0.5, 0.8]], [[0.2, 0.6], [1, "t"]]]},
            output=1,
        ),
    ),
    mistakes=wrong(
        sigma_forgot_D=with_mean_square(lambda r, x, m: np.mean(total(r**2))),
        sigma_mean_absolute=with_mean_square(lambda r, x, m: np.mean(np.abs(r)) ** 2),
        sigma_std_of_residual=(
            *with_mean_square(lambda r, x, m: np.var(r)),
            *with_mean_square(lambda r, x, m: np.mean(np.var(r, axis=-1))),
            *with_mean_square(lambda r, x, m: np.var(r, ddof=1)),
        ),
        sigma_summed_over_batch=with_mean_square(
            lambda r, x, m: np.sum(r**2) / (len(r) * r.shape[-1])
        ),
        sigma_summed_over_samples=with_mean_square(lambda r, x, m: len(r) * np.mean(r**2)),
        sigma_of_mean_reconstruction=with_mean_square(
            lambda r, x, m: np.mean(np.mean(r, axis=0) ** 2)
        ),
        sigma_first_sample=with_mean_square(lambda r, x, m: np.mean(r[0] ** 2)),
        sigma_is_variance=(
            *with_mean_square(lambda r, x, m: np.mean(r**2) ** 2),
            lambda x, x_mu: (
                np.mean((x - x_mu) ** 2),
                distortion_at(np.sqrt(np.mean((x - x_mu) ** 2)), x),
            ),
        ),
        sigma_mean_of_roots=with_mean_square(
            lambda r, x, m: np.mean(np.sqrt(np.mean(r**2, axis=-1))) ** 2
        ),
        distortion_no_2pi="distortion.two_pi:0",
        distortion_no_square="distortion.squares:0",
        distortion_half_log_sigma="distortion.log_sigma:1/2",
        distortion_minus_log_sigma="distortion.log_sigma:-1",
        distortion_at_sigma_one=with_distortion(
            lambda D, s, r: 0.5 * (D * LOG_2PI + np.mean(total(r**2)))
        ),
        distortion_per_pixel="distortion.all:/D",
        distortion_of_one_pixel_in_2pi="distortion.two_pi:/D",
        distortion_is_log_likelihood="distortion.all:-1",
        distortion_square_not_scaled=with_distortion(
            lambda D, s, r: D * (0.5 * LOG_2PI + np.log(s)) + 0.5 * np.mean(total(r**2))
        ),
        distortion_constants_only_once=with_distortion(
            lambda D, s, r: 0.5 * LOG_2PI + np.log(s) + D / 2
        ),
    ),
)
