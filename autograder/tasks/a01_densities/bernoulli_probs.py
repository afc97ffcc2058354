"""The Bernoulli log-likelihood of probabilities."""

import math

import numpy as np
from scipy.special import xlog1py, xlogy

from autograder.reference import densities

from ..domains import BATCH, DIMS
from ..formulas import LOG_2PI, SMALL, Numbers, over_batch, total
from ..pictures import curve
from ..question import EDGE, GENERIC, Arguments, Case, Domain, Draw, Formula, Question, wrong
from ..terms import of_output, term

__all__ = [
    "bernoulli_log_prob_probs",
    "bernoulli_probs",
    "likelihood",
    "plain_cross_entropy",
    "squared_errors",
    "sweep_pixels",
    "with_clipped_probs",
    "with_mean_over_pixels",
    "with_padded_probs",
]


def bernoulli_probs(x, p) -> Numbers:
    return total(xlogy(x, p) + xlog1py(1 - x, -p))


def plain_cross_entropy(x, p) -> Numbers:
    """The formula as it stands, where 0 log 0 is NaN."""
    return total(x * np.log(p) + (1 - x) * np.log(1 - p))


def clipped_cross_entropy(x, p, least) -> Numbers:
    return plain_cross_entropy(x, np.clip(p, least, 1 - least))


def padded_cross_entropy(x, p, eps) -> Numbers:
    return total(x * np.log(p + eps) + (1 - x) * np.log(1 - p + eps))


def likelihood(x, p) -> np.ndarray:
    return np.prod(np.where(x > 0.5, p, 1 - p), axis=-1)


def with_clipped_probs(least, map_to_probability=lambda p: p) -> Formula:
    return lambda x, p: clipped_cross_entropy(x, map_to_probability(p), least)


def with_padded_probs(eps, map_to_probability=lambda p: p) -> Formula:
    return lambda x, p: padded_cross_entropy(x, map_to_probability(p), eps)


def with_mean_over_pixels(formula, sign) -> Formula:
    """Returns `formula` averaged over the pixels, with a sign: Keras' cross-entropies have -1."""
    return lambda x, p: sign * formula(x, p) / x.shape[-1]


def squared_errors(mean) -> tuple[Formula, ...]:
    """Returns forms of a squared error taken for a log-likelihood, but for the plain sum."""
    return (
        lambda x, p: -0.5 * total((x - mean(p)) ** 2),
        lambda x, p: total((x - mean(p)) ** 2),
        lambda x, p: -np.mean((x - mean(p)) ** 2, axis=-1),
        lambda x, p: np.mean((x - mean(p)) ** 2, axis=-1),
        lambda x, p: -0.5 * total(LOG_2PI + (x - mean(p)) ** 2),
    )


def draw_probs(low, high) -> Draw:
    return lambda generator, B, D: (
        generator.integers(0, 2, (B, D)).astype(float),
        generator.uniform(low, high, (B, D)),
    )


def draw_certain(generator, B, D) -> Arguments:
    """Half of the pixels, and all of an example, have exactly the probability 0 or 1 they show."""
    x, p = draw_probs(0.1, 0.9)(generator, B, D)
    certain = generator.permuted(np.arange(B * D) % 2).reshape(B, D) == 0
    x[0, :2], certain[0] = (0, 1), True
    return x, np.where(certain, x, p)


def draw_confident(generator, B, D) -> Arguments:
    x = generator.integers(0, 2, (B, D)).astype(float)
    small = 10.0 ** generator.uniform(-2.7, -2, (B, D))
    return x, np.where(generator.random((B, D)) < 0.5, small, 1 - small)


def sweep_pixels(generator) -> np.ndarray:
    return generator.integers(0, 2, (BATCH, DIMS)).astype(float)


def sweep_probs(generator) -> Arguments:
    x, probs = (
        sweep_pixels(generator),
        np.clip(generator.beta(0.3, 0.3, (BATCH, DIMS)), 1e-3, 1 - 1e-3),
    )
    return x, np.where(generator.random(x.shape) < 0.3, x, probs)


bernoulli_log_prob_probs = Question(
    name="bernoulli_log_prob_probs",
    points=8,
    source="document 003, eq. 6 and 7, question 2",
    shape="[B]",
    reference=densities.bernoulli_log_prob_probs,
    cases=(
        Case("moderate probabilities", GENERIC, draw_probs(0.1, 0.9), {"B": 5, "D": 7}),
        Case("small probabilities", GENERIC, draw_probs(0.02, 0.4), {"B": 7, "D": 4}),
        Case("large probabilities", GENERIC, draw_probs(0.6, 0.98), {"B": 4, "D": 11}),
        Case("pixels that are certain and right", EDGE, draw_certain, {"B": 3, "D": 5}),
        Case("probabilities near 0 and 1", EDGE, draw_confident, {"B": 4, "D": 7}),
    ),
    float32=0.01,
    tolerance=(
        "float32 keeps 1e-6 of a sum of one sign. Clipping at 1e-7 moves each certain pixel by "
        "1e-7, far below the absolute 1e-5; added inside the logarithm, 1e-6 moves a pixel of "
        "probability 2e-3 by 5e-4 of 6 nats, below the relative 1e-4"
    ),
    domain=Domain(sweep_probs),
    terms=(
        of_output(
            {"x": "binary", "probs": "probability"},
            term(
                "ones",
                1,
                lambda x, p: total(xlogy(x, p)),
                "sum_d x_d log p_d",
                "the term of the pixels that are 1",
            ),
            term(
                "zeros",
                1,
                lambda x, p: total(xlog1py(1 - x, -p)),
                "sum_d (1 - x_d) log(1 - p_d)",
                "the term of the pixels that are 0",
            ),
            term(
                "all_as_ones",
                0,
                lambda x, p: total(np.log(p)),
                "sum_d log p_d",
                "the sum of log p over all pixels",
            ),
            term(
                "all_as_zeros",
                0,
                lambda x, p: total(np.log1p(-p)),
                "sum_d log(1 - p_d)",
                "the sum of log(1 - p) over all pixels",
            ),
            term(
                "no_log_of_ones",
                0,
                lambda x, p: total(x * p),
                "sum_d x_d p_d",
                "p without its logarithm",
            ),
            term(
                "no_log_of_zeros",
                0,
                lambda x, p: total((1 - x) * (1 - p)),
                "sum_d (1 - x_d) (1 - p_d)",
                "1 - p without its logarithm",
            ),
            sizes={"D": lambda x, p: x.shape[-1]},
        ),
    ),
    pictures=(
        curve(0.02, 0.98, {"x": [1, 1], "probs": ["t", "t"]}),
        curve(0.02, 0.98, {"x": [0, 0], "probs": ["t", "t"]}),
    ),
    mistakes=wrong(
        bce_sign_flipped="all:-1",
        bce_mean_over_pixels="all:/D",
        bce_neg_mean_over_pixels=lambda x, p: -bernoulli_probs(x, p) / x.shape[-1],
        bern_prob_not_log=lambda x, p: np.exp(bernoulli_probs(x, p)),
        bern_squared_error=(lambda x, p: -total((x - p) ** 2), *squared_errors(lambda p: p)),
        bern_log_of_sum=lambda x, p: np.log(total(x * p + (1 - x) * (1 - p))),
        bern_log2=lambda x, p: bernoulli_probs(x, p) / math.log(2),
        bern_sum_over_batch=lambda x, p: over_batch(bernoulli_probs(x, p), np.sum),
        bern_arguments_swapped=(
            lambda x, p: clipped_cross_entropy(p, x, 1e-7),
            lambda x, p: plain_cross_entropy(p, x),
            lambda x, p: bernoulli_probs(p, x),
            *(lambda x, p, eps=eps: clipped_cross_entropy(p, x, eps) for eps in SMALL),
            *(lambda x, p, eps=eps: padded_cross_entropy(p, x, eps) for eps in SMALL),
        ),
        bern_eps_inside_log_large=(
            with_padded_probs(1e-2),
            *(
                keep(eps)
                for keep in (with_padded_probs, with_clipped_probs)
                for eps in (1e-2, 5e-3, 1e-3, 1e-4, 1e-5)
                if (keep, eps) != (with_padded_probs, 1e-2)
            ),
        ),
        bern_only_ones=("zeros:0", lambda x, p: total(x * np.log(p))),
        bern_zero_log_zero=(plain_cross_entropy, with_clipped_probs(1e-8)),
    ),
)
