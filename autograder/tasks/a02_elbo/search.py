"""A search for q by gradient ascent."""

import math

import numpy as np
from vikit.protocol.wire import BuiltArgument

from autograder.reference import linear_gaussian

from ..question import EDGE, GENERIC, Arguments, Case, Draw, Formula, Question, wrong
from .without_entropy import WITHOUT_ENTROPY, Fit

__all__ = ["fit_q"]


def with_other_fit(mu=lambda mean, sigma: mean, sigma=lambda mean, sigma: sigma) -> Formula:
    """Returns a wrong formula: a search's end, of the posterior's mean and standard deviation."""

    def formula(log_joint, num_steps, seed) -> tuple[np.floating, np.floating]:
        mean, precision = linear_gaussian.quadratic_peak(log_joint)
        return mu(mean, precision**-0.5), sigma(mean, precision**-0.5)

    return formula


def with_nan(smallest_precision, mu_too=True, other_sigmas=1) -> Formula:
    """Returns a wrong formula: NaN for posteriors of this precision or more.

    The other posteriors have the right mu, and the right sigma times `other_sigmas`.
    """

    def formula(log_joint, num_steps, seed) -> Fit:
        mean, precision = linear_gaussian.quadratic_peak(log_joint)
        if precision < smallest_precision:
            return mean, other_sigmas * precision**-0.5
        return np.nan if mu_too else mean, np.nan

    return formula


def draw_joint(low, high, near, far) -> Draw:
    """Returns a draw of (log_joint, num_steps, seed).

    The posterior's scale is in low to high, its mean in near to far.
    """

    def draw(generator) -> Arguments:
        spread, centre = (
            generator.uniform(low, high),
            generator.uniform(near, far) * generator.choice([-1, 1]),
        )
        noise, b = generator.uniform(0.4, 1.2), generator.uniform(-1, 1)
        w = noise * np.sqrt(spread**-2 - 1) * generator.choice([-1, 1])
        x = b + centre * noise**2 / (spread**2 * w)
        arrays = tuple(np.asarray(number, np.float32) for number in (w, b, noise, x))
        return BuiltArgument("linear_gaussian", arrays), 2000, int(generator.integers(1, 2**31 - 1))

    return draw


fit_q = Question(
    name="fit_q",
    points=15,
    source='document 000, section 2 "SGD on ELBO for VAE"',
    shape="two numbers",
    outputs=("mu", "sigma"),
    reference=linear_gaussian.fit_q,
    cases=(
        Case("a posterior of moderate width", GENERIC, draw_joint(0.45, 0.6, 0.8, 1.6), {}),
        Case("a posterior near the prior's width", GENERIC, draw_joint(0.88, 0.93, 0.8, 1.6), {}),
        Case("a narrow posterior, off the centre", EDGE, draw_joint(0.22, 0.32, 1.7, 2.4), {}),
    ),
    atol=0.05,
    rtol=0.0,
    sampled=True,
    seconds=60,
    float32=0.25,
    tolerance=(
        "the mean of the last half of 2000 steps of Adam with 10 samples each was off by at most "
        "0.019 over 24 models; the widest posterior has the largest error"
    ),
    twins=(
        (
            "fit_entropy_of_log_var",
            "transformation_bits in sigma",
            "the root of 2 is 1.41, the factor to bits 1.44: too close for a search to tell",
        ),
        (
            "fit_entropy_dropped",
            "transformation_halved in sigma",
            "a short search without the entropy comes by half of sigma",
        ),
    ),
    no_terms=(
        "It is where a search ends, right within 0.05: its formulas are the known mistakes of "
        "searches."
    ),
    mistakes=wrong(
        fit_variance_for_sigma=with_other_fit(sigma=lambda mean, sigma: sigma**2),
        fit_log_var_for_sigma=with_other_fit(sigma=lambda mean, sigma: 2 * np.log(sigma)),
        fit_log_sigma_for_sigma=with_other_fit(sigma=lambda mean, sigma: np.log(sigma)),
        fit_precision_for_sigma=(
            with_other_fit(sigma=lambda mean, sigma: sigma**-2),
            with_other_fit(sigma=lambda mean, sigma: 1 / sigma),
        ),
        fit_root_of_sigma=with_other_fit(sigma=lambda mean, sigma: np.sqrt(sigma)),
        # Values cannot tell it from an entropy that weighs next to nothing: the hint has both.
        fit_entropy_dropped=WITHOUT_ENTROPY,
        fit_entropy_of_log_var=with_other_fit(sigma=lambda mean, sigma: math.sqrt(2) * sigma),
        fit_entropy_halved=with_other_fit(sigma=lambda mean, sigma: sigma / math.sqrt(2)),
        fit_prior_twice=with_other_fit(
            mu=lambda mean, sigma: mean / (1 + sigma**2),
            sigma=lambda mean, sigma: (1 + sigma**-2) ** -0.5,
        ),
        fit_noise_scaled_by_variance=with_other_fit(
            sigma=lambda mean, sigma: (0.5 * sigma**2) ** 0.25
        ),
        fit_nothing_trained=with_other_fit(
            mu=lambda mean, sigma: 0 * mean, sigma=lambda mean, sigma: 1 + 0 * sigma
        ),
        fit_sigma_not_trained=with_other_fit(sigma=lambda mean, sigma: 1 + 0 * sigma),
        fit_mu_not_trained=with_other_fit(mu=lambda mean, sigma: 0 * mean),
        fit_order_swapped=with_other_fit(
            mu=lambda mean, sigma: sigma, sigma=lambda mean, sigma: mean
        ),
        # A step that is too long runs away from narrow posteriors first.
        fit_not_a_number=(
            with_nan(8.0),
            with_nan(8.0, other_sigmas=0),
            with_nan(2.0),
            with_nan(0.0, mu_too=False),
            with_nan(0.0),
        ),
    ),
)
