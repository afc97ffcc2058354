"""The ELBO, its Monte Carlo estimates and their gradients: float64 arrays in, nats out."""

import numpy as np
import tensorflow as tf

from . import densities
from .graphs import MATRIX, SCALAR, VECTOR, graph

__all__ = [
    "elbo_analytic_kl",
    "elbo_multi_sample",
    "elbo_single_sample",
    "grad_theta_enumerated",
    "gradient_at",
    "minibatch_log_lik",
    "pathwise_gradient",
    "reparameterize",
]


@graph(MATRIX, MATRIX, MATRIX)
def reparameterize(mu, log_var, eps) -> tf.Tensor:
    """Returns z = mu + exp(log_var / 2) eps.

    Document 000 lines 35 to 39, document 003 eq. 20 to 22.

    Args:
        mu: Means of q. Shape `[B, K]`.
        log_var: Log variances of q. Shape `[B, K]`.
        eps: Standard normal noise. Shape `[B, K]`.

    Returns:
        Samples of q. Shape `[B, K]`.
    """
    return mu + tf.exp(0.5 * log_var) * eps


@graph(MATRIX, MATRIX, MATRIX, MATRIX)
def elbo_analytic_kl(x, logits, mu, log_var) -> tf.Tensor:
    """Returns log p(x|z) - KL(q || N(0, I)), one z for each example.

    Document 001 line 63, document 003 eq. 8.

    Args:
        x: Pixels, exactly 0 or 1. Shape `[B, D]`.
        logits: Log odds that the decoder returns for z. Shape `[B, D]`.
        mu: Means of q. Shape `[B, K]`.
        log_var: Log variances of q. Shape `[B, K]`.

    Returns:
        One ELBO per example. Shape `[B]`.
    """
    return densities.bernoulli_log_prob_logits(x, logits) - densities.kl_to_standard_normal(
        mu, log_var
    )


@graph(VECTOR, VECTOR, VECTOR)
def elbo_single_sample(log_px_given_z, log_pz, log_qz_given_x) -> tf.Tensor:
    """Returns log p(x|z) + log p(z) - log q(z|x) at one z for each example.

    Document 000 lines 41 to 43.

    Args:
        log_px_given_z: Log-likelihoods. Shape `[B]`.
        log_pz: Log prior densities. Shape `[B]`.
        log_qz_given_x: Log densities of q. Shape `[B]`.

    Returns:
        One estimate of the ELBO per example. Shape `[B]`.
    """
    return log_px_given_z + log_pz - log_qz_given_x


@graph(MATRIX)
def elbo_multi_sample(log_w) -> tf.Tensor:
    """Returns the mean of log w over the samples.

    Document 002 lines 767 to 782, document 003 eq. 18 and 19.

    Args:
        log_w: log p(x, z) - log q(z|x) of each sample. Shape `[L, B]`.

    Returns:
        One estimate of the ELBO per example. Shape `[B]`.
    """
    return tf.reduce_mean(log_w, axis=0)


@graph(VECTOR, SCALAR)
def minibatch_log_lik(log_lik, num_data) -> tf.Tensor:
    """Returns (num_data / S) sum_s log_lik_s, an unbiased estimate of the sum over all data.

    Document 000 line 61, corrected.

    Args:
        log_lik: Log-likelihoods of the minibatch. Shape `[S]`.
        num_data: How many data there are.

    Returns:
        A scalar.
    """
    return num_data * tf.reduce_mean(log_lik)


@graph(VECTOR, VECTOR, VECTOR)
def grad_theta_enumerated(theta, phi, log_px_given_z) -> tf.Tensor:
    """Returns the gradient in theta of sum_z q_z [log p_z + log p(x|z) - log q_z] = q - p.

    Document 001 line 67, corrected.

    Args:
        theta: Logits of the prior, p = softmax(theta). Shape `[Z]`.
        phi: Logits of q = softmax(phi). Shape `[Z]`.
        log_px_given_z: Log-likelihood of the datum under each state; the gradient does not depend
            on it. Shape `[Z]`.

    Returns:
        The gradient; it sums to 0. Shape `[Z]`.
    """
    return tf.nn.softmax(phi) - tf.nn.softmax(theta)


def pathwise_gradient(mu, log_var, eps, grad_f) -> tuple[np.ndarray, np.ndarray]:
    """Returns the gradient of E_q[f(z)] in mu and log_var, estimated from samples.

    They are z_l = mu + exp(log_var / 2) eps_l.

    d_mu = mean_l g_l, d_log_var = mean_l g_l eps_l exp(log_var / 2) / 2, with g_l = grad_f(z_l).
    Document 001 line 81, document 003 eq. 24 to 29.

    Args:
        mu: Means of q. Shape `[K]`.
        log_var: Log variances of q. Shape `[K]`.
        eps: Standard normal noise. Shape `[L, K]`.
        grad_f: The gradient of f, from `[L, K]` to `[L, K]`.

    Returns:
        Two gradients, `(d_mu, d_log_var)`. Shape `[K]` each.
    """
    return gradient_at(reparameterize(mu, log_var, eps), log_var, eps, grad_f)


def gradient_at(z, log_var, eps, grad_f) -> tuple[np.ndarray, np.ndarray]:
    """Returns what `pathwise_gradient` does, for samples that are given.

    Args:
        z: Samples. Shape `[L, K]`.
        log_var: Log variances of q. Shape `[K]`.
        eps: Standard normal noise. Shape `[L, K]`.
        grad_f: The gradient of f, from `[L, K]` to `[L, K]`.

    Returns:
        Two gradients, `(d_mu, d_log_var)`. Shape `[K]` each.
    """
    gradients = np.asarray(grad_f(np.asarray(z)))
    return gradients.mean(axis=0), (gradients * eps * np.exp(0.5 * log_var)).mean(axis=0) / 2
