"""Function arguments of some questions, in float64; the student's side has float32 ones."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

__all__ = ["build"]


def affine(A, c) -> Callable[[np.ndarray], np.ndarray]:
    """Returns z[n,K] -> z A^T + c. Shapes: A `[K, K]`, c `[K]`."""
    return lambda z: np.asarray(z) @ A.T + c


def linear_gaussian(w, b, sigma, x) -> Callable[[np.ndarray], np.ndarray]:
    """Returns z[n] -> log N(z; 0, 1) + log N(x; w z + b, sigma^2), in nats.

    It is the joint density of a model with one latent dimension and one observed.
    """

    def log_normal(value, loc, scale) -> np.ndarray:
        return -0.5 * np.log(2 * np.pi) - np.log(scale) - 0.5 * ((value - loc) / scale) ** 2

    return lambda z: (
        log_normal(np.asarray(z), 0.0, 1.0) + log_normal(x, w * np.asarray(z) + b, sigma)
    )


def power_generator(a) -> Callable[[np.ndarray], np.ndarray]:
    """Returns t[n] -> (t^a - 1 - a (t - 1)) / (a (a - 1)), convex and 0 at 1.

    At a = 2 it gives half of chi^2, at 1/2 four squared Hellinger distances, near 1 and 0 the KL
    divergences. Shape: a `[1]`, not 0 or 1.
    """
    (power,) = a
    return lambda t: (
        (np.asarray(t) ** power - 1 - power * (np.asarray(t) - 1)) / (power * (power - 1))
    )


class LinearModel:
    """A latent variable model of linear networks, with `encoder`, `decoder` and `likelihood`.

    encoder(x) = (x A^T + a, x S^T + s), decoder(z) = z W^T + w. Shapes: A, S `[K, D]`, a, s `[K]`,
    W `[D, K]`, w `[D]`.
    """

    # Not fewer arguments: they are the letters of the formulas.
    def __init__(self, likelihood, A, a, S, s, W, w) -> None:
        self.likelihood = likelihood
        self.encoder = lambda x: (np.asarray(x) @ A.T + a, np.asarray(x) @ S.T + s)
        self.decoder = lambda z: np.asarray(z) @ W.T + w


BUILDERS: dict[str, Callable] = {
    "affine": affine,
    "linear_gaussian": linear_gaussian,
    "power_generator": power_generator,
    "bernoulli_model": partial(LinearModel, "bernoulli"),
    "gaussian_model": partial(LinearModel, "gaussian"),
}


def build(kind, arrays) -> Any:
    """Returns the function called `kind`, made from `arrays`."""
    return BUILDERS[kind](*arrays)
