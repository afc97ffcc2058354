"""Rows of terms that several questions have: see `terms`."""

from collections.abc import Callable

import numpy as np

from .formulas import Numbers, softplus, total
from .question import Formula
from .terms import DeclaredTerms, Intermediate, TermRow, intermediate, of_output, term

__all__ = ["bernoulli_rows", "kl_rows", "sigma_intermediate", "terms_of_samples"]

# (key, coefficient, values of each example and dimension, text, words)
KL_TERMS = (
    ("mean", 0.5, lambda mu, v: mu**2, "{}sum_k mu_k^2", "the term in mu"),
    ("variance", 0.5, lambda mu, v: np.exp(v), "{}sum_k sigma_k^2", "the term in the variance"),
    ("log_var", -0.5, lambda mu, v: v, "{}sum_k log sigma_k^2", "the term in log_var"),
    ("one", -0.5, lambda mu, v: np.ones_like(mu), "K", "the constant"),
    ("plain", 0, lambda mu, v: mu, "{}sum_k mu_k", "mu, not squared"),
    ("size", 0, lambda mu, v: np.abs(mu), "{}sum_k |mu_k|", "the absolute value of mu"),
)


def bernoulli_rows() -> tuple[TermRow, ...]:
    """Returns the terms of a log-likelihood of pixels: of arguments that begin with x, logits."""
    return (
        term(
            "logit",
            1,
            lambda x, a, *_: total(x * a),
            "sum_d x_d logits_d",
            "the product of x and the logits",
            part="the log-likelihood",
        ),
        term(
            "softplus",
            -1,
            lambda x, a, *_: total(softplus(a)),
            "sum_d softplus(logits_d)",
            "the softplus",
            part="the log-likelihood",
        ),
    )


def last_two(*arguments) -> tuple:
    """Returns (mu, log_var, 1) of arguments that end with mu and log_var."""
    return *arguments[-2:], 1


def kl_rows(
    of: Callable = last_two, sign=1, over_batch=False, part: str = "the KL", weight: str = ""
) -> tuple[TermRow, ...]:
    """Returns the terms of KL(N(mu, diag exp(log_var)) || N(0, I)), times a weight.

    Args:
        of: From the question's arguments to (mu, log_var, the weight).
        sign: 1, or -1 where the KL is subtracted.
        over_batch: Whether it is averaged over the batch; else there is one for each example.
        part: What the KL is called; empty if it is all there is.
        weight: How the weight is written.
    """

    def reduced(values) -> Callable:
        def formula(*arguments) -> Numbers:
            mu, log_var, factor = of(*arguments)
            each = total(values(mu, log_var))
            return factor * (np.mean(each) if over_batch else each)

        return formula

    return tuple(
        term(
            key,
            sign * right,
            reduced(values),
            f"{weight} {text.format('mean_b ' if over_batch else '')}".strip(),
            f"{words} of the KL" if part and key == "one" else words,
            is_constant=key == "one" and not weight,
            part=part if right else "",
        )
        for key, right, values, text, words in KL_TERMS
    )


def sigma_intermediate(position) -> Intermediate:
    """Returns the standard deviation, and what may stand in its place.

    Args:
        position: Which of the arguments is log_var.
    """

    def of_log_var(formula) -> Formula:
        return lambda *arguments: formula(arguments[position])

    others = {
        "variance": (np.exp, "the variance stands where the standard deviation belongs"),
        "fourth_power": (
            lambda v: np.exp(2 * v),
            "the square of the variance stands where the standard deviation belongs",
        ),
        "root": (
            lambda v: np.exp(0.25 * v),
            "the root of the standard deviation stands where the standard deviation belongs",
        ),
        "inverse": (
            lambda v: np.exp(-0.5 * v),
            "the standard deviation and its inverse are exchanged",
        ),
        "log_var": (lambda v: v, "log_var itself stands where the standard deviation belongs"),
        "of_variance": (lambda v: np.sqrt(np.abs(v)), "log_var is taken for a variance"),
        "softplus": (softplus, "softplus(log_var) stands where the standard deviation belongs"),
        "one": (np.ones_like, "the standard deviation is taken for 1"),
    }
    changed = {key: (of_log_var(formula), words) for key, (formula, words) in others.items()}
    return intermediate(of_log_var(lambda v: np.exp(0.5 * v)), **changed)


def terms_of_samples() -> DeclaredTerms:
    """Returns the terms of mu + sigma eps: of arguments mu, log_var and eps, which broadcast."""
    return of_output(
        {"mu": "", "log_var": "", "eps": "noise"},
        term("mean", 1, lambda mu, v, eps, sigma: mu + 0 * eps, "mu", "mu"),
        term("noise", 1, lambda mu, v, eps, sigma: sigma * eps, "sigma eps", "the noise"),
        term(
            "scaled_mean",
            0,
            lambda mu, v, eps, sigma: sigma * mu + 0 * eps,
            "sigma mu",
            "mu times the standard deviation",
        ),
        term(
            "spread",
            0,
            lambda mu, v, eps, sigma: sigma + 0 * eps,
            "sigma",
            "the standard deviation without eps",
        ),
        intermediates={"sigma": sigma_intermediate(1)},
        swaps=(("mu", "eps"),),
    )
