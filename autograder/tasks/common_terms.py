"""Rows of terms that several questions have: see `terms`."""

import numpy as np

from .formulas import softplus, total
from .question import Formula
from .terms import Part, TermRow, part, term

__all__ = ["bernoulli_rows", "kl_rows", "sigma_part"]


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


# Not shorter: one row for each term.
def kl_rows(sign) -> tuple[TermRow, ...]:
    """Returns the terms of the KL to the standard normal: of arguments that end with mu, log_var.

    Args:
        sign: 1, or -1 where the KL is subtracted.
    """
    return (
        term(
            "mean",
            0.5 * sign,
            lambda *arguments: total(arguments[-2] ** 2),
            "sum_k mu_k^2",
            "the term in mu",
            part="the KL",
        ),
        term(
            "variance",
            0.5 * sign,
            lambda *arguments: total(np.exp(arguments[-1])),
            "sum_k sigma_k^2",
            "the term in the variance",
            part="the KL",
        ),
        term(
            "log_var",
            -0.5 * sign,
            lambda *arguments: total(arguments[-1]),
            "sum_k log sigma_k^2",
            "the term in log_var",
            part="the KL",
        ),
        term(
            "one",
            -0.5 * sign,
            lambda *arguments: arguments[-1].shape[-1],
            "K",
            "the constant",
            is_constant=True,
            part="the KL",
        ),
    )


def sigma_part(position) -> Part:
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
    return part(of_log_var(lambda v: np.exp(0.5 * v)), **changed)
