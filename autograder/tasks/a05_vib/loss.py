"""The loss of the bottleneck."""

import math

import numpy as np
from scipy.special import xlogy

from autograder.reference import vib

from ..common_terms import kl_rows
from ..domains import DIMS, spread
from ..formulas import SMALL, kl, logsumexp, softmax, total
from ..pictures import points
from ..question import EDGE, GENERIC, Arguments, Case, Domain, Draw, Formula, Question, wrong
from ..terms import of_output, term
from .labels import (
    OTHER_SIGNS,
    careless_softmax,
    categorical,
    draw_labels,
    from_probs,
    log_of_shifted_probs,
    other_labels,
    sweep_labels,
    without_from_logits,
)

__all__ = ["VIB_SOURCE", "sweep_encoded", "vib_loss"]

CROSS_ENTROPY = "the cross-entropy"
VIB_SOURCE = 'document 000, section 5 "Variational Information Bottleneck (VIB)"'


def objective(cross_entropy, divergence, beta) -> np.floating:
    """Returns the batch's mean of cross-entropy `[L, B]`, mean over samples, + beta KL `[B]`."""
    return np.mean(cross_entropy.mean(axis=0) + beta * divergence)


def with_changes(cross_entropy) -> Formula:
    """Returns `vib_loss`, its cross-entropies `[L, B]` altered."""
    return with_cross_entropy(
        lambda y_onehot, logits: cross_entropy(-categorical(y_onehot, logits))
    )


def with_cross_entropy(cross_entropy) -> Formula:
    """Returns `vib_loss` with another cross-entropy, of (y_onehot, logits)."""
    return lambda y_onehot, logits, mu, log_var, beta: objective(
        cross_entropy(y_onehot, logits), kl(mu, log_var), beta
    )


def with_terms(combine) -> Formula:
    """Returns `vib_loss` with its two terms, means over the batch, put together in another way."""
    return lambda y_onehot, logits, mu, log_var, beta: combine(
        -np.mean(categorical(y_onehot, logits)), np.mean(kl(mu, log_var)), beta
    )


def bce(y_onehot, logits) -> np.ndarray:
    return np.logaddexp(0, logits) - y_onehot * logits


def mean_of(values) -> Formula:
    """Returns a term of the cross-entropy, from its values, of (y_onehot, logits), `[L, B]`."""
    return lambda y_onehot, logits, mu, log_var, beta: np.mean(values(y_onehot, logits))


def draw_bottleneck(scale, low, high, low_beta, high_beta) -> Draw:
    return lambda generator, L, B, C, K: (
        draw_labels(generator, B, C),
        generator.normal(0, scale, (L, B, C)),
        generator.normal(0, 1.2, (B, K)),
        generator.uniform(low, high, (B, K)),
        float(generator.uniform(low_beta, high_beta)),
    )


def draw_at_prior(generator, L, B, C, K) -> Arguments:
    y_onehot, logits, mu, log_var, beta = draw_bottleneck(1.5, -2, 2, 0.2, 0.8)(
        generator, L, B, C, K
    )
    return y_onehot, logits, 0 * mu, 0 * log_var, beta


def draw_saturated_samples(generator, L, B, C, K) -> Arguments:
    """Logits of +-1000, of which one sample in three puts another class above the others."""
    y_onehot, _, mu, log_var, beta = draw_bottleneck(1.5, -2, 2, 0.2, 0.8)(generator, L, B, C, K)
    chosen = np.where(
        (np.arange(L) % 3 == 1)[:, None, None], other_labels(generator, y_onehot), y_onehot
    )
    return y_onehot, 1000 * (2 * chosen - 1), mu, log_var, beta


def draw_narrow(generator, L, B, C, K) -> Arguments:
    y_onehot, logits, *_ = draw_bottleneck(2.0, -2, 2, 0.2, 0.8)(generator, L, B, C, K)
    log_var = generator.choice([-30.0, -15.0, 3.0], (B, K))
    return (
        y_onehot,
        logits,
        generator.uniform(-3, 3, (B, K)),
        log_var,
        float(generator.uniform(0.2, 0.8)),
    )


def draw_small_beta(generator, L, B, C, K) -> Arguments:
    """A beta of a hundredth, with latents far from the prior: its term is still seen."""
    y_onehot, logits, _, log_var, _ = draw_bottleneck(1.0, -2, 2, 0, 0)(generator, L, B, C, K)
    return (
        y_onehot,
        logits,
        generator.uniform(-9, 9, (B, K)),
        log_var,
        float(generator.uniform(0.005, 0.02)),
    )


def sweep_encoded(generator) -> Arguments:
    return spread(generator, 40, (7, 4)), spread(generator, 30, (7, 4))


def sweep_bottleneck(generator) -> Arguments:
    beta = float(10 ** generator.uniform(-4, 1))
    return (
        sweep_labels(generator, 7),
        spread(generator, 1000, (3, 7, DIMS)),
        *sweep_encoded(generator),
        beta,
    )


vib_loss = Question(
    name="vib_loss",
    points=14,
    source=f"{VIB_SOURCE}; errata E-000-12",
    shape="[]",
    reference=vib.vib_loss,
    cases=(
        Case(
            "beta below 1",
            GENERIC,
            draw_bottleneck(1.5, -2, 2, 0.2, 0.8),
            {"L": 3, "B": 5, "C": 7, "K": 4},
        ),
        Case(
            "beta above 1",
            GENERIC,
            draw_bottleneck(2.5, 0.3, 2, 1.5, 3),
            {"L": 4, "B": 3, "C": 5, "K": 7},
        ),
        Case("a small beta", GENERIC, draw_small_beta, {"L": 5, "B": 7, "C": 3, "K": 4}),
        Case(
            "all log_var negative",
            GENERIC,
            draw_bottleneck(1.0, -3, -0.3, 0.3, 0.7),
            {"L": 5, "B": 4, "C": 3, "K": 7},
        ),
        Case("q equal to the prior", EDGE, draw_at_prior, {"L": 4, "B": 5, "C": 7, "K": 3}),
        Case("logits of +-1000", EDGE, draw_saturated_samples, {"L": 4, "B": 5, "C": 3, "K": 7}),
        Case("very narrow q", EDGE, draw_narrow, {"L": 5, "B": 3, "C": 4, "K": 7}),
    ),
    float32=0.01,
    tolerance="sums of terms of one sign, and a mean over B: measured 0.002 of the tolerance",
    twins=tuple(
        (mistake, f"transformation_negated of {other}", OTHER_SIGNS)
        for mistake, other in (("vib_ce_sign", "vib_kl_sign"), ("vib_kl_sign", "vib_ce_sign"))
    ),
    domain=Domain(sweep_bottleneck, num_draws=17),
    keeps_formula=True,
    terms=(
        of_output(
            {
                "y_onehot": "binary",
                "logits": "class_logits",
                "mu": "",
                "log_var": "log_var",
                "beta": "weight",
            },
            term(
                "label",
                -1,
                mean_of(lambda y, a: total(y * a)),
                "mean_bl sum_c y_bc a_lbc",
                "the label's logit",
                part=CROSS_ENTROPY,
            ),
            term(
                "logsumexp",
                1,
                mean_of(lambda y, a: logsumexp(a, axis=-1)),
                "mean_bl logsumexp_c a_lbc",
                "the logsumexp of the logits",
                part=CROSS_ENTROPY,
            ),
            *kl_rows(
                lambda y_onehot, logits, mu, log_var, beta: (mu, log_var, beta),
                over_batch=True,
                weight="beta",
            ),
            term(
                "largest",
                0,
                mean_of(lambda y, a: a.max(axis=-1)),
                "mean_bl max_c a_lbc",
                "the largest logit",
            ),
            term(
                "softpluses",
                0,
                mean_of(lambda y, a: total(np.logaddexp(0, a))),
                "mean_bl sum_c softplus(a_lbc)",
                "the softpluses of all logits",
            ),
            sizes={
                "L": lambda y_onehot, logits, mu, log_var, beta: len(logits),
                "B": lambda y_onehot, logits, mu, log_var, beta: len(mu),
                "C": lambda y_onehot, logits, mu, log_var, beta: logits.shape[-1],
                "K": lambda y_onehot, logits, mu, log_var, beta: mu.shape[-1],
            },
        ),
    ),
    pictures=(
        points(
            -4,
            3,
            {
                "y_onehot": [[1, 0], [0, 1]],
                "logits": [[[1, -1], [2, 0]], [[-2, 0], [1, 1]]],
                "mu": [[1, 1], [0, 0]],
                "log_var": [["t", "t"], [0, 0.5]],
                "beta": 0.5,
            },
        ),
        points(
            -5,
            5,
            {
                "y_onehot": [[1, 0], [0, 1]],
                "logits": [[["t", 0], [2, 0]], [[-2, 0], [1, 1]]],
                "mu": [[1, 1], [0, 0]],
                "log_var": [[-1, -1], [0, 0.5]],
                "beta": 0.5,
            },
        ),
        points(
            0,
            2,
            {
                "y_onehot": [[1, 0], [0, 1]],
                "logits": [[[1, -1], [2, 0]], [[-2, 0], [1, 1]]],
                "mu": [[1, 1], [0, 0]],
                "log_var": [[-1, -1], [0, 0.5]],
                "beta": "t",
            },
        ),
    ),
    mistakes=wrong(
        vib_beta_missing="beta_left_out",
        vib_beta_on_ce=with_terms(lambda ce, kl, beta: beta * ce + kl),
        vib_beta_on_both=with_terms(lambda ce, kl, beta: beta * (ce + kl)),
        vib_one_minus_beta=with_terms(lambda ce, kl, beta: (1 - beta) * ce + beta * kl),
        vib_beta_divides="beta_inverted",
        vib_beta_plus_one="beta_one_more",
        vib_ce_sign="cross-entropy:-1",
        vib_kl_sign="KL:-1",
        vib_loss_negated="all:-1",
        vib_ce_base2=with_changes(lambda ce: ce / math.log(2)),
        vib_kl_base2=with_terms(lambda ce, kl, beta: ce + beta * kl / math.log(2)),
        vib_all_base2=with_terms(lambda ce, kl, beta: (ce + beta * kl) / math.log(2)),
        vib_first_sample_only=(
            with_changes(lambda ce: ce[:1]),
            with_changes(lambda ce: ce[-1:]),
        ),
        vib_sum_over_L="cross-entropy:*L",
        vib_ce_mean_over_classes="cross-entropy:/C",
        vib_double_softmax="logits_softmaxed",
        vib_logits_as_probabilities=(
            with_cross_entropy(
                lambda y_onehot, logits: -without_from_logits(1e-7)(y_onehot, logits)
            ),
            *(
                with_cross_entropy(lambda y_onehot, logits, form=form: -form(y_onehot, logits))
                for form in (
                    *(without_from_logits(least) for least in (1e-8, 1e-6, 1e-12)),
                    *(
                        without_from_logits(least, lambda logits: logits)
                        for least in (1e-7, 1e-8, 1e-6, 1e-12)
                    ),
                )
            ),
        ),
        vib_binary_ce=(
            "logsumexp:softpluses",
            with_cross_entropy(lambda y_onehot, logits: bce(y_onehot, logits).mean(axis=-1)),
        ),
        vib_mean_of_logits=with_cross_entropy(
            lambda y_onehot, logits: -categorical(y_onehot, logits.mean(axis=0, keepdims=True))
        ),
        vib_log_of_mean_probability=with_cross_entropy(
            lambda y_onehot, logits: (
                np.log(len(logits))
                - logsumexp(categorical(y_onehot, logits).T, axis=-1)[np.newaxis]
            )
        ),
        vib_entropy_kept=lambda y_onehot, logits, mu, log_var, beta: (
            objective(-categorical(y_onehot, logits), kl(mu, log_var), beta)
            + np.sum(xlogy(y_onehot.mean(axis=0), y_onehot.mean(axis=0)))
        ),
        vib_labels_repeated_in_another_order=with_cross_entropy(
            lambda y_onehot, logits: (
                -categorical(np.repeat(y_onehot, len(logits), axis=0).reshape(logits.shape), logits)
            )
        ),
        vib_kl_no_log_var="log_var:0",
        vib_kl_missing="KL:0",
        vib_ce_missing="cross-entropy:0",
        vib_kl_mean_over_latents="KL:/K",
        vib_kl_no_half="KL:2",
        vib_kl_scaled_by_L="KL:*L",
        vib_kl_log_var_as_log_sigma="log_var_as_log_sigma",
        vib_kl_std_for_variance="variance:log_var_sigma_for_variance",
        vib_kl_reversed=lambda y_onehot, logits, mu, log_var, beta: objective(
            -categorical(y_onehot, logits),
            0.5 * total(np.exp(-log_var) * (1 + mu**2) - 1 + log_var),
            beta,
        ),
        vib_batch_sum="all:*B",
        vib_ce_batch_sum="cross-entropy:*B",
        vib_kl_batch_sum="KL:*B",
        vib_through_probability=(
            with_cross_entropy(lambda y_onehot, logits: -from_probs(0.0)(y_onehot, logits)),
            with_cross_entropy(
                lambda y_onehot, logits: -total(y_onehot * np.log(careless_softmax(logits)))
            ),
            with_cross_entropy(lambda y_onehot, logits: -total(y_onehot * np.log(softmax(logits)))),
            with_cross_entropy(lambda y_onehot, logits: -np.log(total(y_onehot * softmax(logits)))),
            *(
                with_cross_entropy(
                    lambda y_onehot, logits, least=least: (
                        -from_probs(least, softmax)(y_onehot, logits)
                    )
                )
                for least in SMALL[:-1]
            ),
            *(
                with_cross_entropy(
                    lambda y_onehot, logits, least=least: (
                        -log_of_shifted_probs(least)(y_onehot, logits)
                    )
                )
                for least in SMALL[:-1]
            ),
        ),
    ),
)
