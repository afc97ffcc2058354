"""The Bernoulli log-likelihood of logits."""

import numpy as np
from scipy.special import expit, xlogy

from autograder.reference import densities

from ..common_terms import bernoulli_rows
from ..domains import spread
from ..formulas import SMALL, bernoulli, logsumexp, over_batch, softmax, softplus, total
from ..pictures import curve
from ..question import EDGE, GENERIC, Arguments, Case, Domain, Draw, Formula, Question, wrong
from ..terms import of_output, term
from .bernoulli_probs import (
    bernoulli_probs,
    likelihood,
    plain_cross_entropy,
    squared_errors,
    sweep_pixels,
    with_clipped_probs,
    with_mean_over_pixels,
    with_padded_probs,
)

__all__ = ["bernoulli_log_prob_logits"]


def softmax_over_pixels(logits) -> np.ndarray:
    return softmax(logits, axis=-1)


def clipped_logits(size) -> Formula:
    return lambda x, a: bernoulli(x, np.clip(a, -size, size))


def clipped_softplus(size) -> Formula:
    return lambda x, a: total(x * a - np.logaddexp(0, np.clip(a, -size, size)))


def draw_logits(scale) -> Draw:
    return lambda generator, B, D: (
        generator.integers(0, 2, (B, D)).astype(float),
        generator.normal(0, scale, (B, D)),
    )


def draw_saturated(size) -> Draw:
    """Returns a draw whose logits are +-size.

    The first two examples agree with their pixels, the second has zeros only; the third has right
    and wrong ones of both.
    """

    def draw(generator, B, D) -> Arguments:
        x = generator.integers(0, 2, (B, D)).astype(float)
        signs = generator.choice([-1.0, 1.0], (B, D))
        x[0, :2], x[1] = (0, 1), 0
        signs[:2] = 2 * x[:2] - 1
        x[2, :4], signs[2, :4] = (0, 0, 1, 1), (-1, 1, -1, 1)
        return x, size * signs

    return draw


def draw_undecided(generator, B, D) -> Arguments:
    return generator.integers(0, 2, (B, D)).astype(float), np.zeros((B, D))


bernoulli_log_prob_logits = Question(
    name="bernoulli_log_prob_logits",
    points=8,
    source=(
        'document 000, section 3 "ELBO in practice for VAE"; document 003, eq. 6 and 7, question 2'
    ),
    shape="[B]",
    reference=densities.bernoulli_log_prob_logits,
    cases=(
        Case("moderate logits", GENERIC, draw_logits(1.5), {"B": 5, "D": 7}),
        Case("small logits", GENERIC, draw_logits(0.5), {"B": 7, "D": 4}),
        Case("large logits", GENERIC, draw_logits(3.0), {"B": 4, "D": 11}),
        Case("logits of 1000, right and wrong", EDGE, draw_saturated(1000.0), {"B": 3, "D": 5}),
        Case("logits of 40, right and wrong", EDGE, draw_saturated(40.0), {"B": 4, "D": 7}),
        Case("all logits zero", EDGE, draw_undecided, {"B": 5, "D": 3}),
    ),
    float32=0.01,
    tolerance="every stable spelling keeps 1e-6 of the value in float32; at +-1000 it is exact",
    twins=(
        (
            "logit_keras_of_probabilities",
            "transformation_mean_over_D of logit_clipped_probability",
            "both average the clipped probabilities' logarithms over the pixels",
        ),
    ),
    domain=Domain(lambda generator: (sweep_pixels(generator), spread(generator, 1000))),
    terms=(
        of_output(
            {"x": "binary", "logits": "logits"},
            *bernoulli_rows(),
            term(
                "largest",
                0,
                lambda x, a: total(np.maximum(a, 0)),
                "sum_d max(a_d, 0)",
                "the larger of the logit and 0",
            ),
            term(
                "rest_of_softplus",
                0,
                lambda x, a: total(np.log1p(np.exp(-np.abs(a)))),
                "sum_d log(1 + exp(-|a_d|))",
                "log(1 + exp(-|logit|))",
            ),
            term(
                "all_logits",
                0,
                lambda x, a: total(a),
                "sum_d a_d",
                "the sum of all logits",
            ),
            term(
                "softplus_of_ones",
                0,
                lambda x, a: total(x * softplus(a)),
                "sum_d x_d softplus(a_d)",
                "the softplus of the pixels that are 1",
            ),
            sizes={"D": lambda x, a: x.shape[-1]},
        ),
    ),
    pictures=(
        curve(-6, 6, {"x": [1, 1], "logits": ["t", "t"]}),
        curve(-6, 6, {"x": [0, 0], "logits": ["t", "t"]}),
    ),
    mistakes=wrong(
        logit_sign_flipped="all:-1",
        logit_mean_over_pixels="all:/D",
        logit_neg_mean_over_pixels=lambda x, a: -bernoulli(x, a) / x.shape[-1],
        logit_double_sigmoid="logits_as_probability",
        logit_wrong_max_trick=(
            lambda x, a: total(x * a - np.maximum(a, 0) - np.logaddexp(0, a)),
            lambda x, a: total(x * a - np.maximum(a, 0) - np.log1p(np.exp(a))),
            lambda x, a: total(x * a - np.maximum(a, 0) - np.log1p(np.exp(-a))),
            lambda x, a: total(x * a - np.maximum(a, 0) - np.logaddexp(0, -a)),
            lambda x, a: total(x * a - np.maximum(a, 0) - np.log1p(np.exp(np.abs(a)))),
            lambda x, a: total(x * a - np.maximum(a, 0) - np.logaddexp(0, np.abs(a))),
        ),
        logit_used_as_probability=(
            with_clipped_probs(1e-7),
            plain_cross_entropy,
            bernoulli_probs,
            *(
                keep(eps)
                for keep in (with_clipped_probs, with_padded_probs)
                for eps in SMALL
                if (keep, eps) != (with_clipped_probs, 1e-7)
            ),
            *(
                with_mean_over_pixels(with_clipped_probs(eps), sign)
                for sign in (-1, 1)
                for eps in (1e-7, 1e-6, 1e-8)
            ),
        ),
        logit_keras_of_probabilities=(
            with_mean_over_pixels(with_clipped_probs(1e-7, expit), -1),
            with_mean_over_pixels(with_clipped_probs(1e-7, expit), 1),
            *(
                with_mean_over_pixels(keep(eps, expit), sign)
                for sign in (-1, 1)
                for keep in (with_clipped_probs, with_padded_probs)
                for eps in (1e-7, 1e-6, 1e-8, 1e-10, 1e-12)
                if (keep, eps) != (with_clipped_probs, 1e-7)
            ),
        ),
        logit_softmax_over_pixels=(
            lambda x, a: total(x * (a - logsumexp(a, axis=-1, keepdims=True))),
            *(with_clipped_probs(eps, softmax_over_pixels) for eps in SMALL),
            *(with_padded_probs(eps, softmax_over_pixels) for eps in SMALL),
            lambda x, a: plain_cross_entropy(x, softmax_over_pixels(a)),
            lambda x, a: bernoulli_probs(x, softmax_over_pixels(a)),
            lambda x, a: total(x * np.log(softmax_over_pixels(a))),
        ),
        logit_only_ones=(
            lambda x, a: total(-x * np.logaddexp(0, -a)),
            lambda x, a: total(x * np.log(expit(a))),
            lambda x, a: total(xlogy(x, expit(a))),
            *(lambda x, a, eps=eps: total(x * np.log(expit(a) + eps)) for eps in SMALL),
            *(lambda x, a, eps=eps: total(x * np.log(np.clip(expit(a), eps, 1))) for eps in SMALL),
        ),
        logit_sign_of_logit="logits_negated",
        logit_probability_not_log=lambda x, a: np.exp(bernoulli(x, a)),
        logit_squared_error=(
            lambda x, a: -total((x - expit(a)) ** 2),
            *squared_errors(expit),
            lambda x, a: -total((x - a) ** 2),
            *squared_errors(lambda a: a),
        ),
        logit_clipped_probability=(
            with_clipped_probs(1e-7, expit),
            *(
                keep(constant, expit)
                for keep in (with_clipped_probs, with_padded_probs)
                for constant in SMALL
            ),
        ),
        logit_through_probability=(
            lambda x, a: plain_cross_entropy(x, expit(a)),
            lambda x, a: bernoulli_probs(x, expit(a)),
            lambda x, a: np.log(likelihood(x, expit(a))),
            lambda x, a: total(xlogy(x, expit(a)) + xlogy(1 - x, expit(-a))),
        ),
        logit_clipped=(
            clipped_logits(10),
            *(
                clip(size)
                for clip in (clipped_logits, clipped_softplus)
                for size in (
                    4,
                    5,
                    6,
                    7,
                    8,
                    9,
                    10,
                    12,
                    15,
                    16,
                    18,
                    20,
                    25,
                    30,
                    35,
                    50,
                    60,
                    80,
                    88,
                    100,
                    500,
                )
                if (clip, size) != (clipped_logits, 10)
            ),
        ),
        logit_naive_exp=(
            lambda x, a: total(x * a - np.log1p(np.exp(a))),
            lambda x, a: -total((1 - x) * a + np.log1p(np.exp(-a))),
            lambda x, a: total(x * (a - np.log(1 + np.exp(a))) - (1 - x) * np.log(1 + np.exp(a))),
            lambda x, a: -total(x * np.log(1 + np.exp(-a)) + (1 - x) * np.log(1 + np.exp(a))),
        ),
        logit_sum_over_batch=lambda x, a: over_batch(bernoulli(x, a), np.sum),
    ),
)
