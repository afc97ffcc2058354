"""The aggregated posterior, units that are active, and when a linear VAE collapses."""

from collections.abc import Callable

import numpy as np

from autograder.reference import rate_distortion

from ..domains import spread
from ..formulas import LOG_2PI, Numbers, logsumexp, total
from ..pictures import curve, points
from ..question import EDGE, GENERIC, Arguments, Case, Domain, Draw, Formula, Question, wrong
from ..terms import of_output, term

__all__ = ["active_units", "aggregate_log_prob", "linear_vae_spectrum"]

INDETERMINACY = 'document 004, "Indeterminacy of the VAE"'
COLLAPSE = 'document 004, "Posterior Collapse"; document 002, "Dying units problem"'
BETA_VAE = 'document 004, "The β -VAE"'

# aggregate_log_prob


def components(z, mu, log_var) -> np.ndarray:
    """Returns the log density of each dimension of each point under each component `[L, B, K]`."""
    return -0.5 * (LOG_2PI + log_var + (z[:, None] - mu) ** 2 * np.exp(-log_var))


def mixture(each, axis=1) -> np.ndarray:
    """Returns the log of the mean of exp(each) over an axis."""
    return logsumexp(each, axis=axis) - np.log(each.shape[axis])


def of_components(combine: Callable) -> Formula:
    """Returns `aggregate_log_prob` that combines the components' log densities another way."""
    return lambda z, mu, log_var: combine(components(z, mu, log_var).sum(axis=-1))


# Beyond it the exponential of a log density is 0 in float32.
LEAST_LOG_DENSITY = -70


def draw_batch(low, high, distance=1.5) -> Draw:
    """Returns a draw of (z, mu, log_var), points around the components, none too far from all."""

    def draw(generator, L, B, K) -> Arguments:
        mu, log_var = generator.normal(0, 1, (B, K)), generator.uniform(low, high, (B, K))
        while True:
            z = generator.normal(0, distance, (L, K))
            best = components(z, mu, log_var).sum(axis=-1).max(axis=1)
            if best.min() > LEAST_LOG_DENSITY:
                return z, mu, log_var

    return draw


def draw_far(generator, L, B, K) -> Arguments:
    """Points 25 away from narrow components, in each dimension but little in most."""
    mu = generator.normal(0, 0.5, (B, K))
    direction = generator.normal(0, 1, (L, K))
    away = 25 * direction / np.linalg.norm(direction, axis=1, keepdims=True)
    return away, mu, np.full((B, K), np.log(0.05)) + generator.uniform(-0.2, 0.2, (B, K))


def draw_on_top(generator, L, B, K) -> Arguments:
    """Points at the means of narrow components that lie far from each other."""
    mu = generator.normal(0, 8, (B, K))
    return mu[np.arange(L) % B], mu, generator.uniform(-5, -3, (B, K))


aggregate_log_prob = Question(
    name="aggregate_log_prob",
    points=6,
    source=f"{INDETERMINACY}, P*(z)",
    shape="[L]",
    reference=rate_distortion.aggregate_log_prob,
    cases=(
        Case("variances of both kinds", GENERIC, draw_batch(-1, 1), {"L": 3, "B": 5, "K": 4}),
        Case("narrow components", GENERIC, draw_batch(-3, -1), {"L": 5, "B": 4, "K": 3}),
        Case("wide components", GENERIC, draw_batch(0.3, 2, 3.0), {"L": 4, "B": 7, "K": 5}),
        Case("far from every component", EDGE, draw_far, {"L": 5, "B": 3, "K": 4}),
        Case("at the means of components", EDGE, draw_on_top, {"L": 4, "B": 5, "K": 3}),
    ),
    float32=0.021,
    tolerance="squares divided by variances: float32 keeps 1e-6 of thousands",
    domain=Domain(
        lambda generator: (
            spread(generator, 25, (100, 3)),
            spread(generator, 8, (7, 3)),
            generator.uniform(-3, 3, (7, 3)),
        )
    ),
    no_terms="It is the logarithm of a sum: its parts do not add up.",
    pictures=(
        curve(
            -4, 4, {"z": ["t", "t"]}, {"mu": [[-1.5, -1], [1, 1]], "log_var": [[-1, -1], [0, 0]]}
        ),
    ),
    mistakes=wrong(
        aggregate_mean_of_logs=(
            of_components(lambda each: each.mean(axis=1)),
            of_components(lambda each: each.sum(axis=1)),
        ),
        aggregate_per_dimension=lambda z, m, v: mixture(components(z, m, v)).sum(axis=-1),
        aggregate_not_averaged=of_components(lambda each: logsumexp(each, axis=1)),
        aggregate_best_component=(
            of_components(lambda each: each.max(axis=1) - np.log(each.shape[1])),
            of_components(lambda each: each.max(axis=1)),
        ),
        aggregate_over_points=of_components(
            lambda each: np.broadcast_to(mixture(each, axis=0).mean(), len(each))
        ),
        aggregate_log_var_as_log_sigma=lambda z, m, v: mixture(
            components(z, m, 2 * v).sum(axis=-1)
        ),
        aggregate_variance_for_precision=lambda z, m, v: mixture(
            (-0.5 * (LOG_2PI + v + (z[:, None] - m) ** 2 * np.exp(v))).sum(axis=-1)
        ),
        aggregate_no_log_var=lambda z, m, v: mixture(
            (-0.5 * (LOG_2PI + (z[:, None] - m) ** 2 * np.exp(-v))).sum(axis=-1)
        ),
        aggregate_no_2pi=lambda z, m, v: mixture(
            (-0.5 * (v + (z[:, None] - m) ** 2 * np.exp(-v))).sum(axis=-1)
        ),
        aggregate_mean_over_dimensions=lambda z, m, v: mixture(components(z, m, v).mean(axis=-1)),
        aggregate_one_gaussian=lambda z, m, v: total(
            -0.5 * (LOG_2PI + v.mean(axis=0) + (z - m.mean(axis=0)) ** 2 * np.exp(-v.mean(axis=0)))
        ),
        aggregate_moments=lambda z, m, v: total(
            (lambda mean, var: -0.5 * (LOG_2PI + np.log(var) + (z - mean) ** 2 / var))(
                m.mean(axis=0), np.exp(v).mean(axis=0) + m.var(axis=0)
            )
        ),
        aggregate_through_density=(
            of_components(lambda each: np.log(np.mean(np.exp(each), axis=1))),
            *(
                of_components(lambda each, eps=eps: np.log(np.mean(np.exp(each), axis=1) + eps))
                for eps in (1e-6, 1e-7, 1e-8, 1e-10, 1e-12, 1e-20, 1e-30)
            ),
        ),
        aggregate_is_density=of_components(lambda each: np.exp(mixture(each))),
    ),
)


# active_units


def units(activity: Callable | None = None, count: Callable | None = None) -> Formula:
    """Returns `active_units` with another activity, of mu, or another count, of (activity, mu,
    threshold).
    """

    def formula(mu, threshold) -> tuple:
        found = (activity or (lambda mu: mu.var(axis=0)))(mu)
        counted = (count or (lambda a, mu, t: np.sum(a > t)))(found, mu, threshold)
        return found, np.asarray(counted, mu.dtype)

    return formula


def with_the_variance(activity, mu, threshold) -> np.integer:
    """Returns the right count, whatever is returned as the activity."""
    return np.sum(mu.var(axis=0) > threshold)


def draw_units(threshold, offset=1.0) -> Draw:
    """Returns a draw of (mu, threshold): about half of the units are active, none is near."""

    def draw(generator, B, K) -> Arguments:
        shape = generator.normal(0, 1, (B, K))
        shape = (shape - shape.mean(axis=0)) / shape.std(axis=0)
        is_active = generator.permutation(np.arange(K) < (K + 1) // 2)
        ratio = np.where(is_active, generator.uniform(2, 40, K), generator.uniform(0.02, 0.5, K))
        return generator.normal(0, offset, K) + np.sqrt(threshold * ratio) * shape, threshold

    return draw


def draw_dead(generator, B, K) -> Arguments:
    """Units that are the same for every x, wherever they stand."""
    return np.repeat(generator.normal(0, 2, (1, K)), B, axis=0), 0.01


def draw_all_active(generator, B, K) -> Arguments:
    return generator.normal(0, 1, (B, K)) * 3, 0.02


active_units = Question(
    name="active_units",
    points=4,
    source=COLLAPSE,
    shape="[K] and a scalar",
    outputs=("activity", "count"),
    reference=rate_distortion.active_units,
    cases=(
        Case("a threshold of 0.01", GENERIC, draw_units(0.01), {"B": 5, "K": 7}),
        Case("a threshold of 0.3", GENERIC, draw_units(0.3), {"B": 7, "K": 5}),
        Case("a threshold of 2", GENERIC, draw_units(2.0, 3.0), {"B": 4, "K": 3}),
        Case("units that never move", EDGE, draw_dead, {"B": 5, "K": 3}),
        Case("units that all move", EDGE, draw_all_active, {"B": 7, "K": 4}),
    ),
    float32=0.021,
    tolerance="a variance: a mean of a few is taken away first",
    domain=Domain(
        lambda generator: (
            generator.normal(0, 1, (400, 3)) * 10.0 ** generator.uniform(-1, 1, 3),
            float(10.0 ** generator.uniform(3, 4)),
        )
    ),
    terms=(
        of_output(
            {"mu": "", "threshold": ""},
            term(
                "second_moment",
                1,
                lambda mu, t: (mu**2).mean(axis=0),
                "mean_b mu_bk^2",
                "the mean of the squares",
            ),
            term(
                "squared_mean",
                -1,
                lambda mu, t: mu.mean(axis=0) ** 2,
                "(mean_b mu_bk)^2",
                "the square of the mean",
            ),
            term("mean", 0, lambda mu, t: mu.mean(axis=0), "mean_b mu_bk", "the mean itself"),
            sizes={"B": lambda mu, t: len(mu), "K": lambda mu, t: mu.shape[1]},
        ),
        None,
    ),
    mistakes=wrong(
        units_fraction=units(None, lambda a, mu, t: np.mean(a > t)),
        units_inactive=units(None, lambda a, mu, t: np.sum(a <= t)),
        units_std=(
            units(lambda mu: mu.std(axis=0)),
            units(lambda mu: mu.std(axis=0), with_the_variance),
        ),
        units_second_moment=units(lambda mu: (mu**2).mean(axis=0)),
        units_unbiased=units(lambda mu: mu.var(axis=0, ddof=1)),
        units_mean_activity=(
            units(lambda mu: np.full(mu.shape[1], mu.var(axis=0).mean())),
            units(lambda mu: np.full(mu.shape[1], mu.var(axis=0).mean()), with_the_variance),
        ),
        units_summed_over_batch=units(lambda mu: len(mu) * mu.var(axis=0)),
        units_mean_of_sizes=units(lambda mu: np.abs(mu).mean(axis=0)),
        units_threshold_squared=units(None, lambda a, mu, t: np.sum(a > t**2)),
    ),
)


# linear_vae_spectrum


def squares(eigenvalues, sigma, beta) -> Numbers:
    return np.maximum(eigenvalues - beta * sigma**2, 0)


def nats(eigenvalues, sigma, beta) -> Numbers:
    return 0.5 * np.log(np.maximum(eigenvalues / (beta * sigma**2), 1))


def spectrum(of_squares: Callable | None = None, of_nats: Callable | None = None) -> Formula:
    """Returns `linear_vae_spectrum` with other squares or other rates, of (eigenvalues, sigma,
    beta).
    """
    return lambda eigenvalues, sigma, beta: (
        (of_squares or squares)(eigenvalues, sigma, beta),
        (of_nats or nats)(eigenvalues, sigma, beta),
    )


def draw_spectrum(low_sigma, high_sigma, low_beta, high_beta) -> Draw:
    """Returns a draw of (eigenvalues, sigma, beta): some units are active, none is at the edge."""

    def draw(generator, K) -> Arguments:
        sigma = float(generator.uniform(low_sigma, high_sigma))
        beta = float(generator.uniform(low_beta, high_beta))
        is_active = np.arange(K) < (K + 1) // 2
        ratio = np.where(is_active, generator.uniform(1.5, 9, K), generator.uniform(0.1, 0.7, K))
        return np.sort(ratio * beta * sigma**2)[::-1].copy(), sigma, beta

    return draw


def draw_with_zeros(generator, K) -> Arguments:
    """Directions in which the data do not move at all."""
    eigenvalues, sigma, beta = draw_spectrum(0.4, 0.8, 0.5, 0.8)(generator, K)
    eigenvalues[-2:] = 0
    return eigenvalues, sigma, beta


def draw_collapsed(generator, K) -> Arguments:
    """Every direction lies below the level at which it is given up."""
    return np.sort(generator.uniform(0.2, 1.2, K))[::-1].copy(), 0.9, float(generator.uniform(4, 8))


linear_vae_spectrum = Question(
    name="linear_vae_spectrum",
    points=6,
    source=f"{COLLAPSE}; {BETA_VAE}",
    shape="[K] and [K]",
    outputs=("w_squared", "rate"),
    reference=rate_distortion.linear_vae_spectrum,
    cases=(
        Case("beta below 1", GENERIC, draw_spectrum(0.4, 0.8, 0.2, 0.7), {"K": 5}),
        Case("beta above 1", GENERIC, draw_spectrum(0.3, 0.6, 2, 4), {"K": 4}),
        Case("a wide decoder", GENERIC, draw_spectrum(1.4, 2.2, 1.5, 3), {"K": 7}),
        Case("eigenvalues of 0", EDGE, draw_with_zeros, {"K": 5}),
        Case("all units collapsed", EDGE, draw_collapsed, {"K": 3}),
    ),
    float32=0.021,
    tolerance="a difference of numbers of a few, and a logarithm of a ratio that is not near 1",
    domain=Domain(lambda generator: draw_spectrum(0.1, 3, 0.1, 10)(generator, 9), num_draws=57),
    keeps_formula=True,
    no_terms="Each entry is cut at 0: which terms stand in it is another for each.",
    pictures=(
        points(0, 4, {"eigenvalues": ["t", 1.0], "sigma": 0.8, "beta": 2}, column=0),
        points(0.05, 4, {"eigenvalues": ["t", 1.0], "sigma": 0.8, "beta": 2}, output=1, column=0),
    ),
    mistakes=wrong(
        spectrum_sigma_not_squared=spectrum(
            lambda v, s, b: np.maximum(v - b * s, 0),
            lambda v, s, b: 0.5 * np.log(np.maximum(v / (b * s), 1)),
        ),
        spectrum_beta_divides=spectrum(
            lambda v, s, b: np.maximum(v - s**2 / b, 0),
            lambda v, s, b: 0.5 * np.log(np.maximum(v * b / s**2, 1)),
        ),
        spectrum_not_cut=spectrum(lambda v, s, b: v - b * s**2),
        spectrum_hard_threshold=spectrum(lambda v, s, b: np.where(v > b * s**2, v, 0)),
        spectrum_root=spectrum(lambda v, s, b: np.sqrt(np.maximum(v - b * s**2, 0))),
        spectrum_noise_not_scaled=spectrum(lambda v, s, b: np.maximum(v - s**2, 0)),
        spectrum_relative=spectrum(
            lambda v, s, b: squares(v, s, b) / np.where(v > 0, v, 1),
        ),
        spectrum_rate_no_half=spectrum(None, lambda v, s, b: np.log(np.maximum(v / (b * s**2), 1))),
        spectrum_rate_in_bits=spectrum(
            None, lambda v, s, b: 0.5 * np.log2(np.maximum(v / (b * s**2), 1))
        ),
        rate_without_beta=spectrum(None, lambda v, s, b: 0.5 * np.log(np.maximum(v / s**2, 1))),
        rate_of_w=spectrum(
            None, lambda v, s, b: 0.5 * np.log1p(np.maximum(v - b * s**2, 0) / s**2)
        ),
        spectrum_nan_at_zero=spectrum(
            None,
            lambda v, s, b: (
                np.maximum(0.5 * np.log(v / (b * s**2)), 0) * np.where(v > 0, 1, np.nan)
            ),
        ),
        rate_not_cut=spectrum(None, lambda v, s, b: 0.5 * np.log(v / (b * s**2))),
    ),
)
