"""Log densities of diagonal Gaussians."""

import math

import numpy as np

from autograder.reference import densities

from ..domains import near, spread
from ..formulas import LOG_2PI, SMALL, Numbers, total
from ..pictures import curve, points
from ..question import EDGE, GENERIC, Arguments, Case, Domain, Draw, Question, wrong
from ..terms import of_output, term
from .kl_to_prior import with_other_log_var, with_padded_log

__all__ = [
    "draw_at_zero",
    "gaussian_log_prob_fixed",
    "gaussian_log_prob_learned",
    "standard_normal_log_prob",
]

# standard_normal_log_prob


def standard_normal(z) -> Numbers:
    return -0.5 * total(LOG_2PI + z**2)


def normal_density(z) -> np.ndarray:
    return np.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)


def draw_normal(scale) -> Draw:
    return lambda generator, B, K: (generator.normal(0, scale, (B, K)),)


def draw_at_zero(generator, B, K) -> Arguments:
    """Returns (z,), with every z at the mean.

    Args:
        generator: Not used.
        B: Examples.
        K: Latent dimensions.
    """
    return (np.zeros((B, K)),)


def draw_far_out(generator, B, K) -> Arguments:
    return (generator.uniform(20, 40, (B, K)) * generator.choice([-1, 1], (B, K)),)


standard_normal_log_prob = Question(
    name="standard_normal_log_prob",
    points=3,
    source='document 000, section 6 "VIB with Normalizing Flow"; document 003, eq. 3 to 5',
    shape="[B]",
    reference=densities.standard_normal_log_prob,
    cases=(
        Case("z of moderate size", GENERIC, draw_normal(1.0), {"B": 5, "K": 3}),
        Case("small z", GENERIC, draw_normal(0.5), {"B": 4, "K": 7}),
        Case("large z", GENERIC, draw_normal(3.0), {"B": 7, "K": 5}),
        Case("z at the mode", EDGE, draw_at_zero, {"B": 3, "K": 4}),
        Case("z of size 20 to 40", EDGE, draw_far_out, {"B": 7, "K": 4}),
    ),
    float32=0.005,
    tolerance="a sum of squares of one sign: float32 keeps 5e-7 of the value",
    domain=Domain(lambda generator: (spread(generator, 40),)),
    terms=(
        of_output(
            {"z": ""},
            term(
                "two_pi",
                -0.5 * LOG_2PI,
                lambda z: z.shape[-1],
                "K",
                "the constant with 2 pi",
                is_constant=True,
            ),
            term("square", -0.5, lambda z: total(z**2), "sum_k z_k^2", "the square of z"),
            term("size", 0, lambda z: total(np.abs(z)), "sum_k |z_k|", "the absolute value of z"),
            term("plain", 0, total, "sum_k z_k", "z without its square"),
            term("norm", 0, lambda z: np.linalg.norm(z, axis=-1), "||z||", "the length of z"),
            sizes={"K": lambda z: z.shape[-1]},
        ),
    ),
    pictures=(curve(-4, 4, {"z": ["t", "t"]}),),
    mistakes=wrong(
        snl_positive_exponent="square:-1",
        snl_missing_2pi="two_pi:0",
        snl_2pi_once=(
            "two_pi:/K",
            lambda z: -LOG_2PI - 0.5 * total(z**2),
        ),
        snl_not_halved="square:2",
        snl_log_sqrt2pi_not_halved="two_pi:2",
        snl_mean="all:/K",
        snl_density_not_log=lambda z: np.exp(standard_normal(z)),
        snl_not_squared=(
            "square:size",
            "square:plain",
            "square:norm",
        ),
        snl_through_density=(
            lambda z: np.log(np.prod(normal_density(z), axis=-1)),
            lambda z: total(np.log(normal_density(z))),
            lambda z: np.log(np.exp(standard_normal(z))),
            *(lambda z, eps=eps: total(np.log(normal_density(z) + eps)) for eps in SMALL),
            *(
                lambda z, eps=eps: total(np.log(np.maximum(normal_density(z), eps)))
                for eps in SMALL
            ),
            *(
                lambda z, eps=eps: np.log(np.maximum(np.exp(standard_normal(z)), eps))
                for eps in SMALL
            ),
            *(lambda z, eps=eps: np.log(np.exp(standard_normal(z)) + eps) for eps in SMALL),
        ),
    ),
)


# gaussian_log_prob_fixed


def gaussian_fixed(x, mu, sigma) -> Numbers:
    return total(-0.5 * LOG_2PI - math.log(sigma) - 0.5 * ((x - mu) / sigma) ** 2)


def gaussian_fixed_in_two(x, mu, sigma, sigma_in_log) -> Numbers:
    """Returns the log density with another sigma in the logarithm than in the exponent."""
    return gaussian_fixed(x, mu, sigma) - x.shape[-1] * math.log(sigma_in_log / sigma)


def draw_fixed(low, high) -> Draw:
    """Returns a draw of (x, mu, sigma): x about one sigma from mu, sigma in `low` to `high`."""

    def draw(generator, B, D) -> Arguments:
        sigma = float(generator.uniform(low, high))
        mu = generator.normal(0, 1, (B, D))
        return mu + sigma * generator.normal(0, 1.3, (B, D)), mu, sigma

    return draw


def draw_at_mean(generator, B, D) -> Arguments:
    mu = generator.normal(0, 1, (B, D))
    return mu, mu, float(generator.uniform(0.2, 0.5))


def sweep_fixed(generator) -> Arguments:
    mu = spread(generator, 40)
    return near(generator, mu), mu, float(10 ** generator.uniform(-2, 2))


gaussian_log_prob_fixed = Question(
    name="gaussian_log_prob_fixed",
    points=6,
    source=(
        "document 003, section 1.3, question 3; document 000, section 4 "
        '"Closed form ELBO for VAE with Gaussian Latent", step 1'
    ),
    shape="[B]",
    reference=densities.gaussian_log_prob_fixed,
    cases=(
        Case("sigma below 1", GENERIC, draw_fixed(0.3, 0.7), {"B": 5, "D": 7}),
        Case("sigma above 1", GENERIC, draw_fixed(1.4, 2.5), {"B": 7, "D": 4}),
        Case("sigma well above 1", GENERIC, draw_fixed(3.0, 5.0), {"B": 4, "D": 11}),
        Case("x at the mean", EDGE, draw_at_mean, {"B": 3, "D": 5}),
        Case("a narrow density", EDGE, draw_fixed(0.01, 0.05), {"B": 4, "D": 7}),
    ),
    float32=0.2,
    tolerance=(
        "x - mu is exact to 6e-8 of its result, and each term keeps 1e-6 of itself; at sigma near "
        "0.4 the terms almost cancel, and the absolute 1e-5 covers what is left. x / sigma - mu / "
        "sigma (TensorFlow Probability) loses digits where x is closer to mu than mu / 100: the "
        "cases stay clear of that"
    ),
    domain=Domain(sweep_fixed),
    terms=(
        of_output(
            {"x": "", "mu": "mean", "sigma": "sigma"},
            term(
                "two_pi",
                -0.5 * LOG_2PI,
                lambda x, mu, sigma: x.shape[-1],
                "D",
                "the constant with 2 pi",
                is_constant=True,
            ),
            term(
                "log_sigma",
                -1,
                lambda x, mu, sigma: x.shape[-1] * np.log(sigma),
                "D log sigma",
                "the logarithm of sigma",
            ),
            term(
                "distance",
                -0.5,
                lambda x, mu, sigma: total(((x - mu) / sigma) ** 2),
                "sum_d (x_d - mu_d)^2 / sigma^2",
                "the squared distance",
            ),
            term(
                "size",
                0,
                lambda x, mu, sigma: total(np.abs(x - mu) / sigma),
                "sum_d |x_d - mu_d| / sigma",
                "the absolute distance in units of sigma",
            ),
            term(
                "plain",
                0,
                lambda x, mu, sigma: total((x - mu) / sigma),
                "sum_d (x_d - mu_d) / sigma",
                "the distance in units of sigma, not squared",
            ),
            term(
                "sigma",
                0,
                lambda x, mu, sigma: x.shape[-1] * sigma,
                "D sigma",
                "sigma without its logarithm",
            ),
            sizes={"D": lambda x, mu, sigma: x.shape[-1]},
        ),
    ),
    pictures=(
        curve(-2, 4, {"x": ["t", "t"], "mu": [1, 1]}, {"sigma": 0.5}),
        points(0.3, 3, {"x": [[1, 1]], "mu": [[0, 0]], "sigma": "t"}),
    ),
    mistakes=wrong(
        gaussian_missing_normaliser=lambda x, m, s: total(-0.5 * ((x - m) / s) ** 2),
        gaussian_squared_error=(
            lambda x, m, s: -total((x - m) ** 2),
            lambda x, m, s: -0.5 * total((x - m) ** 2),
            lambda x, m, s: -np.mean((x - m) ** 2, axis=-1),
            lambda x, m, s: -0.5 * np.mean((x - m) ** 2, axis=-1),
            lambda x, m, s: total((x - m) ** 2),
            lambda x, m, s: 0.5 * total((x - m) ** 2),
            lambda x, m, s: np.mean((x - m) ** 2, axis=-1),
        ),
        gaussian_missing_log_sigma="log_sigma:0",
        gaussian_missing_2pi="two_pi:0",
        gaussian_2pi_once_not_D_times=(
            "two_pi:/D",
            lambda x, m, s: -LOG_2PI + total(-math.log(s) - 0.5 * ((x - m) / s) ** 2),
        ),
        gaussian_constants_once=lambda x, m, s: (
            -0.5 * LOG_2PI - math.log(s) - 0.5 * total(((x - m) / s) ** 2)
        ),
        gaussian_log_sigma_once="log_sigma:/D",
        gaussian_no_half_in_exponent="distance:2",
        gaussian_mean_over_dims="all:/D",
        gaussian_sigma_ignored="sigma_left_out",
        gaussian_abs_error=(
            lambda x, m, s: total(-math.log(2 * s) - np.abs(x - m) / s),
            lambda x, m, s: total(-0.5 * LOG_2PI - math.log(s) - 0.5 * np.abs(x - m) / s**2),
            "distance:size",
            lambda x, m, s: total(-0.5 * LOG_2PI - math.log(s) - np.abs(x - m) / s),
        ),
        gaussian_sigma_as_variance=(
            "sigma_as_variance",
            "distance:sigma_as_variance",
            "log_sigma:1/2",
        ),
        gaussian_sigma_padded=(
            lambda x, m, s: gaussian_fixed_in_two(x, m, s, s + 1e-3),
            *(
                lambda x, m, s, eps=eps: gaussian_fixed_in_two(x, m, s, s + eps)
                for eps in (1e-2, 1e-4)
            ),
            *(
                lambda x, m, s, eps=eps: gaussian_fixed_in_two(x, m, s, math.sqrt(s**2 + eps))
                for eps in (1e-2, 1e-3, 1e-4, 1e-5)
            ),
            *(lambda x, m, s, eps=eps: gaussian_fixed(x, m, s + eps) for eps in (1e-2, 1e-3)),
            *(
                lambda x, m, s, eps=eps: gaussian_fixed(x, m, math.sqrt(s**2 + eps))
                for eps in (1e-2, 1e-3, 1e-4)
            ),
            lambda x, m, s: gaussian_fixed(x, m, max(s, 0.1)),
            lambda x, m, s: gaussian_fixed_in_two(x, m, s, max(s, 0.1)),
        ),
        gaussian_variance_as_sigma="sigma_squared",
        gaussian_sign_flipped="all:-1",
    ),
)


# gaussian_log_prob_learned


def gaussian_learned(x, mu, log_var) -> Numbers:
    return -0.5 * total(LOG_2PI + log_var + (x - mu) ** 2 * np.exp(-log_var))


def draw_learned(low, high) -> Draw:
    """Returns a draw of (x, mu, log_var): x about one standard deviation from mu."""

    def draw(generator, B, D) -> Arguments:
        mu, log_var = generator.normal(0, 1, (B, D)), generator.uniform(low, high, (B, D))
        return mu + np.exp(0.5 * log_var) * generator.normal(0, 1.3, (B, D)), mu, log_var

    return draw


def draw_learned_at_mean(generator, B, D) -> Arguments:
    mu = generator.normal(0, 1, (B, D))
    return mu, mu, generator.choice([-30.0, -20.0, 20.0, 30.0], (B, D))


def draw_learned_extreme(generator, B, D) -> Arguments:
    mu = generator.uniform(-20, 20, (B, D))
    distance = generator.uniform(1, 20, (B, D)) * generator.choice([-1, 1], (B, D))
    return mu + distance, mu, generator.choice([-30.0, -20.0, 20.0, 30.0], (B, D))


def sweep_learned(generator) -> Arguments:
    mu = spread(generator, 40)
    return near(generator, mu), mu, spread(generator, 30)


gaussian_log_prob_learned = Question(
    name="gaussian_log_prob_learned",
    points=6,
    source='document 003, eq. 10 to 12; document 000, section 6 "VIB with Normalizing Flow"',
    shape="[B]",
    reference=densities.gaussian_log_prob_learned,
    cases=(
        Case("log_var of both signs", GENERIC, draw_learned(-2, 2), {"B": 5, "D": 7}),
        Case("all log_var positive", GENERIC, draw_learned(0.3, 2.5), {"B": 7, "D": 4}),
        Case("all log_var negative", GENERIC, draw_learned(-3, -0.3), {"B": 4, "D": 11}),
        Case("x at the mean", EDGE, draw_learned_at_mean, {"B": 3, "D": 5}),
        Case("very wide and very narrow densities", EDGE, draw_learned_extreme, {"B": 4, "D": 7}),
    ),
    float32=0.05,
    tolerance=(
        "exp(-log_var) keeps 2e-6 of its value at log_var = -30, and so does the sum. x / sigma - "
        "mu / sigma (TensorFlow Probability) loses digits where x is closer to a large mu than 1 "
        "and sigma is small: the cases stay clear of that"
    ),
    domain=Domain(sweep_learned),
    terms=(
        of_output(
            {"x": "", "mu": "mean", "log_var": "log_var"},
            term(
                "two_pi",
                -0.5 * LOG_2PI,
                lambda x, mu, log_var: x.shape[-1],
                "D",
                "the constant with 2 pi",
                is_constant=True,
            ),
            term(
                "log_var",
                -0.5,
                lambda x, mu, log_var: total(log_var),
                "sum_d log_var_d",
                "the term in log_var",
            ),
            term(
                "distance",
                -0.5,
                lambda x, mu, log_var: total((x - mu) ** 2 * np.exp(-log_var)),
                "sum_d (x_d - mu_d)^2 / exp(log_var_d)",
                "the squared distance",
            ),
            term(
                "size",
                0,
                lambda x, mu, log_var: total(np.abs(x - mu) * np.exp(-0.5 * log_var)),
                "sum_d |x_d - mu_d| / exp(log_var_d / 2)",
                "the absolute distance",
            ),
            sizes={"D": lambda x, mu, log_var: x.shape[-1]},
        ),
    ),
    pictures=(
        curve(-2, 4, {"x": ["t", "t"], "mu": [1, 1], "log_var": [-1, -1]}),
        curve(-3, 4, {"x": [1, 1], "mu": [0, 0], "log_var": ["t", "t"]}),
    ),
    mistakes=wrong(
        glv_log_var_used_as_var=(
            lambda x, m, v: -0.5 * total(LOG_2PI + np.log(np.abs(v)) + (x - m) ** 2 / v),
            lambda x, m, v: -0.5 * total(LOG_2PI + v + (x - m) ** 2 / v),
            lambda x, m, v: -0.5 * total(LOG_2PI + np.log(v) + (x - m) ** 2 / v),
        ),
        glv_precision_sign="distance:log_var_negated",
        glv_missing_log_var="log_var:0",
        glv_std_in_quadratic="distance:log_var_sigma_for_variance",
        glv_square_of_quotient="distance:log_var_as_log_sigma",
        glv_missing_2pi="two_pi:0",
        glv_2pi_once="two_pi:/D",
        glv_missing_normaliser=lambda x, m, v: -0.5 * total((x - m) ** 2 * np.exp(-v)),
        glv_squared_error=(
            lambda x, m, v: -total((x - m) ** 2),
            lambda x, m, v: -0.5 * total((x - m) ** 2),
            lambda x, m, v: -np.mean((x - m) ** 2, axis=-1),
            lambda x, m, v: total((x - m) ** 2),
            lambda x, m, v: np.mean((x - m) ** 2, axis=-1),
        ),
        glv_not_halved="all:2",
        glv_log_var_as_log_std="log_var_as_log_sigma",
        glv_log_std_in_normaliser="log_var:1/2",
        glv_log_var_bounded=(
            with_other_log_var(gaussian_learned, 2)[0],
            *with_other_log_var(gaussian_learned, 2)[1:] + with_padded_log(gaussian_learned, 2),
        ),
        glv_mean_over_dims="all:/D",
        glv_sign_flipped="all:-1",
    ),
)
