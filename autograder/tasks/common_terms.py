"""Rows of terms that several questions have: see `terms`."""

import numpy as np

from .formulas import softplus, total
from .terms import TermRow, term

__all__ = ["bernoulli_rows", "kl_rows"]


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
