"""The Gaussian log density of Listing 1, with its variance."""

import numpy as np

from autograder.reference import flows

from ..domains import BATCH, DIMS, spread
from ..formulas import LOG_2PI, Numbers, total
from ..pictures import curve
from ..question import EDGE, GENERIC, Arguments, Case, Domain, Draw, Formula, Question, wrong
from ..terms import of_output, term
from .places import LISTING_PDF

__all__ = ["gaussian_log_pdf"]


def pdf(z, mu, var) -> Numbers:
    return -0.5 * total(LOG_2PI + np.log(var) + (z - mu) ** 2 / var)


def with_sigma(change, shift=0.0) -> Formula:
    """Returns `gaussian_log_pdf` with standard deviation `change(sigma)`, and z shifted."""
    return lambda z, mu, var: pdf(z + shift, mu, change(np.sqrt(var)) ** 2)


def with_var(change) -> Formula:
    return lambda z, mu, var: pdf(z, mu, change(var))


def draw_gaussian(low, high, spread=1.0, far=(0.0, 2.0)) -> Draw:
    """Returns a draw of (z, mu, var): var in 10^low to 10^high, z at `far` standard deviations."""

    def draw(generator, B, K) -> Arguments:
        mu, var = generator.normal(0, spread, (B, K)), 10 ** generator.uniform(low, high, (B, K))
        distance = generator.uniform(*far, (B, K)) * generator.choice([-1, 1], (B, K))
        return mu + np.sqrt(var) * distance, mu, var

    return draw


def sweep_variances(generator) -> Arguments:
    """Means as small as the standard deviations where those are small: see `NORMALS`."""
    var = 10 ** generator.uniform(-10, 2, (BATCH, DIMS))
    mu = np.minimum(1, 100 * np.sqrt(var)) * generator.normal(0, 1, (BATCH, DIMS))
    return mu + np.sqrt(var) * spread(generator, 20), mu, var


gaussian_log_pdf = Question(
    name="gaussian_log_pdf",
    points=2,
    source=f"{LISTING_PDF}; errata E-000-16 and E-000-17",
    shape="[B]",
    reference=flows.gaussian_log_pdf,
    cases=(
        Case("variances from 0.01 to 100", GENERIC, draw_gaussian(-2, 2), {"B": 5, "K": 3}),
        Case("variances below 0.1", GENERIC, draw_gaussian(-5, -1, 0.3), {"B": 4, "K": 5}),
        Case("variances above 1", GENERIC, draw_gaussian(0.2, 2), {"B": 3, "K": 4}),
        Case("variances close to 1e-10", EDGE, draw_gaussian(-10, -8.7, 0.002), {"B": 3, "K": 5}),
        Case(
            "z far out in the tails", EDGE, draw_gaussian(-2, 1, 1.0, (8.0, 20.0)), {"B": 5, "K": 4}
        ),
    ),
    float32=0.2,
    tolerance=(
        "where sigma is small float32 keeps 1e-7 |mu| / sigma of the scaled distance, if z and mu "
        "are divided before they are subtracted: means are small there"
    ),
    domain=Domain(sweep_variances),
    terms=(
        of_output(
            {"z": "mean", "mu": "mean", "var": "variance"},
            term(
                "one",
                -0.5,
                lambda z, mu, var: LOG_2PI * z.shape[-1],
                "K log 2 pi",
                "the constant with 2 pi",
                is_constant=True,
            ),
            term(
                "log_var",
                -0.5,
                lambda z, mu, var: total(np.log(var)),
                "sum_k log var_k",
                "the logarithm of the variance",
            ),
            term(
                "distance",
                -0.5,
                lambda z, mu, var: total((z - mu) ** 2 / var),
                "sum_k (z_k - mu_k)^2 / var_k",
                "the scaled squared distance",
            ),
            term(
                "plain",
                0,
                lambda z, mu, var: total((z - mu) ** 2),
                "sum_k (z_k - mu_k)^2",
                "the squared distance, not divided",
            ),
            term(
                "size",
                0,
                lambda z, mu, var: total(np.abs(z - mu) / np.sqrt(var)),
                "sum_k |z_k - mu_k| / sigma_k",
                "the scaled distance, not squared",
            ),
            sizes={"K": lambda z, mu, var: z.shape[-1]},
        ),
    ),
    pictures=(
        curve(-2, 4, {"z": ["t", "t"], "mu": [1, 1], "var": [0.3, 0.3]}),
        curve(0.2, 4, {"z": [1, 1], "mu": [0, 0], "var": ["t", "t"]}),
    ),
    mistakes=wrong(
        pdf_listing1=with_sigma(lambda sigma: np.maximum(sigma, 1e-4), 1e-4),
        pdf_shifted_z=(
            with_sigma(lambda sigma: sigma, 1e-4),
            *(with_sigma(lambda sigma: sigma, shift) for shift in (1e-3, 1e-5, 1e-6)),
        ),
        pdf_floored_sigma=(
            with_sigma(lambda sigma: np.maximum(sigma, 1e-4)),
            with_sigma(lambda sigma: np.maximum(sigma, 1e-3)),
            with_sigma(lambda sigma: np.maximum(sigma, 1e-2)),
            *(
                with_var(lambda var, floor=floor: np.maximum(var, floor))
                for floor in (1e-3, 1e-4, 1e-8)
            ),
        ),
        pdf_var_plus_eps=(
            with_var(lambda var: var + 1e-6),
            *(with_var(lambda var, eps=eps: var + eps) for eps in (1e-3, 1e-4, 1e-5, 1e-7, 1e-8)),
            *(with_sigma(lambda sigma, eps=eps: sigma + eps) for eps in (1e-3, 1e-4, 1e-6)),
        ),
        pdf_squared_variance="distance:var_as_sigma",
        pdf_var_as_sigma="var_as_sigma",
        pdf_sigma_in_quadratic="distance:var_rooted",
        pdf_log_var_missing="log_var:0",
        pdf_2pi_missing="one:0",
        pdf_2pi_once="one:/K",
        pdf_var_as_log_var=lambda z, mu, var: (
            -0.5 * total(LOG_2PI + var + (z - mu) ** 2 * np.exp(-var))
        ),
    ),
)
