"""The terms of the KL from a standard normal, as a mean over the batch: several losses have it."""

from collections.abc import Callable

import numpy as np

from .formulas import total
from .terms import TermRow, term

__all__ = ["rows_of_kl"]

# (key, coefficient, values for each example and dimension, text, words)
ROWS = (
    ("mean", 0.5, lambda mu, v: mu**2, "mean_b sum_k mu_bk^2", "the term in mu"),
    (
        "variance",
        0.5,
        lambda mu, v: np.exp(v),
        "mean_b sum_k sigma_bk^2",
        "the term in the variance",
    ),
    ("log_var", -0.5, lambda mu, v: v, "mean_b sum_k log sigma_bk^2", "the term in log_var"),
    ("one", -0.5, lambda mu, v: np.ones_like(mu), "K", "the constant"),
    ("plain", 0, lambda mu, v: mu, "mean_b sum_k mu_bk", "mu, not squared"),
    ("size", 0, lambda mu, v: np.abs(mu), "mean_b sum_k |mu_bk|", "the absolute value of mu"),
)


def rows_of_kl(of: Callable, part: str = "", weight: str = "") -> tuple[TermRow, ...]:
    """Returns the terms of mean_b KL(N(mu_b, diag exp(log_var_b)) || N(0, I)), times a weight.

    Args:
        of: From the question's arguments to (mu, log_var, the weight).
        part: What the KL is called; empty if it is all there is.
        weight: How the weight is written.
    """

    def mean(values) -> Callable:
        def formula(*arguments) -> np.floating:
            mu, log_var, factor = of(*arguments)
            return factor * np.mean(total(values(mu, log_var)))

        return formula

    return tuple(
        term(
            key,
            right,
            mean(values),
            f"{weight} {text}".strip(),
            f"{words} of the KL" if part and key == "one" else words,
            is_constant=key == "one" and not weight,
            part=part if right else "",
        )
        for key, right, values, text, words in ROWS
    )
