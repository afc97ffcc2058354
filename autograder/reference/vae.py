"""The variational autoencoder: samples, terms and what it shows. Float64; terms in nats."""

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from . import densities
from .graphs import MATRIX, SCALAR, STACK, graph

__all__ = [
    "gaussian_vae_loss",
    "latent_grid",
    "latent_samples",
    "log_px_given_z",
    "reconstruct",
    "sample_prior",
    "vae_loss",
]

tfd = tfp.distributions


@graph(MATRIX, MATRIX, STACK)
def latent_samples(mu, log_var, eps) -> tf.Tensor:
    """Returns z_l = mu + exp(log_var / 2) eps_l. Document 003, eq. 22 and footnote 3.

    Args:
        mu: Means. Shape `[B, K]`.
        log_var: Log variances. Shape `[B, K]`.
        eps: Noise. Shape `[L, B, K]`.

    Returns:
        Samples. Shape `[L, B, K]`.
    """
    return mu + tf.exp(0.5 * log_var) * eps


@graph(MATRIX, STACK)
def bernoulli_stack(x, logits) -> tf.Tensor:
    """Returns log p(x) under each of L sets of logits `[L, B, D]`. Shape `[L, B]`."""
    return tfd.Independent(tfd.Bernoulli(logits=logits), reinterpreted_batch_ndims=1).log_prob(x)


@graph(MATRIX, STACK, SCALAR)
def gaussian_stack(x, x_mu, sigma) -> tf.Tensor:
    """Returns log N(x; x_mu, sigma^2 I) under L sets of means `[L, B, D]`. Shape `[L, B]`."""
    return densities.diagonal_normal(x_mu, sigma * tf.ones_like(x_mu)).log_prob(x)


def terms(x, outputs, mu, log_var, sigma=None) -> tuple[np.ndarray, np.ndarray]:
    """Returns (log p(x given z_l), KL) of a VAE from what its networks returned.

    Args:
        x: Data. Shape `[B, D]`.
        outputs: Logits, or means where `sigma` is given. Shape `[L, B, D]`.
        mu: Means of q. Shape `[B, K]`.
        log_var: Log variances of q. Shape `[B, K]`.
        sigma: Standard deviation of a Gaussian decoder; None for a Bernoulli decoder.

    Returns:
        Arrays of shapes `[L, B]` and `[B]`.
    """
    return log_px_given_z(x, outputs, sigma), densities.kl_to_standard_normal(mu, log_var).numpy()


def log_px_given_z(x, outputs, sigma=None) -> np.ndarray:
    """Returns the log-likelihood of each sample and example.

    Args:
        x: Data. Shape `[B, D]`.
        outputs: Logits, or means where `sigma` is given. Shape `[L, B, D]`.
        sigma: Standard deviation of a Gaussian decoder; None for a Bernoulli decoder.

    Returns:
        Shape `[L, B]`.
    """
    return (
        bernoulli_stack(x, outputs) if sigma is None else gaussian_stack(x, outputs, sigma)
    ).numpy()


def vae_loss(x, logits, mu, log_var) -> float:
    """Returns mean_b [-mean_l log p(x_b given z_lb) + KL_b], Bernoulli.

    Document 000, section 4, step 8 (line 82).

    Args:
        x: Pixels, exactly 0 or 1. Shape `[B, D]`.
        logits: Log odds of each sample. Shape `[L, B, D]`.
        mu: Means of q. Shape `[B, K]`.
        log_var: Log variances of q. Shape `[B, K]`.

    Returns:
        A scalar.
    """
    log_px_given_z, kl = terms(x, logits, mu, log_var)
    return (kl - log_px_given_z.mean(axis=0)).mean()


def gaussian_vae_loss(x, x_mu, mu, log_var, sigma) -> float:
    """Returns mean_b [-mean_l log N(x_b; x_mu_lb, sigma^2 I) + KL_b].

    Document 003 line 61, document 004 lines 53 to 61.

    Args:
        x: Data. Shape `[B, D]`.
        x_mu: Means of each sample. Shape `[L, B, D]`.
        mu: Means of q. Shape `[B, K]`.
        log_var: Log variances of q. Shape `[B, K]`.
        sigma: One standard deviation for all, positive. A float.

    Returns:
        A scalar.
    """
    log_px_given_z, kl = terms(x, x_mu, mu, log_var, sigma)
    return (kl - log_px_given_z.mean(axis=0)).mean()


def mean_of_pixels(model, z) -> tf.Tensor:
    """Returns the mean of p(x|z) of a model with `decoder` and `likelihood`. Shape `[..., D]`."""
    outputs = tf.convert_to_tensor(model.decoder(z), tf.float64)
    bernoulli = model.likelihood == "bernoulli"
    return (
        tfd.Bernoulli(logits=outputs) if bernoulli else tfd.Normal(outputs, tf.ones_like(outputs))
    ).mean()


def reconstruct(model, x) -> tf.Tensor:
    """Returns the mean `[B, D]` of p(x|z) at z = mu(x) for x `[B, D]`. Document 003 line 174."""
    return mean_of_pixels(model, model.encoder(x)[0])


def sample_prior(model, eps) -> tf.Tensor:
    """Returns the mean `[n, D]` of p(x|z) at z = eps `[n, K]`. Document 004 lines 179 to 185."""
    return mean_of_pixels(model, eps)


def latent_grid(model, n) -> tf.Tensor:
    """Returns the means of p(x|z) at z = (q_i, q_j). Shape `[n, n, D]`.

    q_k is the standard normal quantile of (k + 1/2) / n.
    """
    slices = (tf.range(n, dtype=tf.float64) + 0.5) / n
    quantiles = tfd.Normal(tf.zeros([], tf.float64), 1.0).quantile(slices)
    return mean_of_pixels(
        model, tf.stack(tf.meshgrid(quantiles, quantiles, indexing="ij"), axis=-1)
    )
