"""Tighter bounds and other divergences: IWAE, Renyi, chi, EP's moments. Float64; nats.

log_w is log p(x, z_l) - log q(z_l|x) of samples z_l of q, axis 0 throughout.
"""

from itertools import product

import numpy as np
import scipy.special
import tensorflow as tf
import tensorflow_probability as tfp

from .graphs import MATRIX, SCALAR, graph

__all__ = [
    "chi_upper_bound",
    "dreg_gradient",
    "f_divergence",
    "gaussian_projections",
    "gaussian_renyi",
    "iwae_bound",
    "iwae_enumerated",
    "iwae_gradient",
    "iwae_jackknife",
    "iwae_weights",
    "probit_tilted_moments",
    "renyi_bound",
]


def log_mean_exp(values, axis=0) -> tf.Tensor:
    """Returns the log of the mean of exp(values) along an axis."""
    return tfp.math.reduce_logmeanexp(values, axis=axis)


@graph(MATRIX)
def iwae_bound(log_w) -> tf.Tensor:
    """Returns log (1/L) sum_l w_l, `[L, B]` to `[B]`. Document 002, "Importance Weighted VAE"."""
    return log_mean_exp(log_w)


@graph(MATRIX)
def iwae_weights(log_w) -> tf.Tensor:
    """Returns w_l / sum_m w_m over the samples. Shape `[L, B]`. E-002-23."""
    return tf.nn.softmax(log_w, axis=0)


def weighted_gradient(
    weights, gradient, log_var, eps, entropy=0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Returns sum_l weights_l times the gradients in mu and log_var of what z_l moves.

    Args:
        weights: Of the samples. Shape `[L]`.
        gradient: In z, at each sample. Shape `[L, K]`.
        log_var: Log variances of q. Shape `[K]`.
        eps: The noise of the samples. Shape `[L, K]`.
        entropy: What each sample adds to the gradient in log_var.

    Returns:
        `(d_mu, d_log_var)`. Shape `[K]` each.
    """
    moved = gradient * eps * np.exp(0.5 * log_var) / 2 + entropy
    return weights @ gradient, weights @ moved


def normalised(log_w) -> np.ndarray:
    """Returns the weights of one example's samples, which sum to 1. Shape `[L]`."""
    return scipy.special.softmax(log_w)


def iwae_gradient(log_w, grad_log_joint, log_var, eps) -> tuple[np.ndarray, np.ndarray]:
    """Returns the gradient of one example's bound in the parameters of q, z = mu + sigma eps.

    d_mu = sum_l wt_l g_l, d_log_var = sum_l wt_l (g_l eps_l sigma / 2 + 1/2): the 1/2 comes from
    -log q. Document 002, "Importance Weighted VAE".

    Args:
        log_w: Log weights. Shape `[L]`.
        grad_log_joint: The gradient in z of log p(x, z), at each sample. Shape `[L, K]`.
        log_var: Log variances of q. Shape `[K]`.
        eps: The noise of the samples. Shape `[L, K]`.

    Returns:
        `(d_mu, d_log_var)`. Shape `[K]` each.
    """
    return weighted_gradient(normalised(log_w), np.asarray(grad_log_joint), log_var, eps, 0.5)


def dreg_gradient(log_w, grad_log_joint, log_var, eps) -> tuple[np.ndarray, np.ndarray]:
    """Returns the doubly reparameterized gradient of the bound: the same mean, less noise.

    sum_l wt_l^2 h_l and sum_l wt_l^2 h_l eps_l sigma / 2, h_l = g_l + eps_l / sigma the gradient of
    log w in z alone. After Tucker, Lawson, Gu and Maddison (2019).

    Args:
        log_w: Log weights. Shape `[L]`.
        grad_log_joint: The gradient in z of log p(x, z), at each sample. Shape `[L, K]`.
        log_var: Log variances of q. Shape `[K]`.
        eps: The noise of the samples. Shape `[L, K]`.

    Returns:
        `(d_mu, d_log_var)`. Shape `[K]` each.
    """
    gradient = grad_log_joint + eps * np.exp(-0.5 * log_var)
    return weighted_gradient(normalised(log_w) ** 2, gradient, log_var, eps)


def iwae_jackknife(log_w) -> np.ndarray:
    """Returns L IW_L - (L - 1) mean_i IW_(L-1) without sample i, `[L, B]` to `[B]`; no bound.

    After Nowozin (2018), order 1.
    """
    log_w = np.asarray(log_w)
    count = len(log_w)
    others = [iwae_bound(np.delete(log_w, left_out, axis=0)).numpy() for left_out in range(count)]
    return count * iwae_bound(log_w).numpy() - (count - 1) * np.mean(others, axis=0)


def iwae_enumerated(log_joint, log_q, num_samples) -> tuple[float, np.ndarray]:
    """Returns the expected bound, and the distribution of one sample chosen with `iwae_weights`.

    Over all ordered tuples of independent draws of q; with one sample the ELBO, and q.

    Args:
        log_joint: log p(x, z) of each state. Shape `[Z]`.
        log_q: log q(z) of each state. Shape `[Z]`.
        num_samples: L, a small integer.

    Returns:
        `(bound, q_iw)`: a scalar, and shape `[Z]`.
    """
    log_joint, log_q = np.asarray(log_joint), np.asarray(log_q)
    states = np.array(list(product(range(len(log_q)), repeat=int(num_samples))))
    chances = np.exp(log_q[states].sum(axis=1))
    log_w = (log_joint - log_q)[states]
    bound = chances @ (scipy.special.logsumexp(log_w, axis=1) - np.log(states.shape[1]))
    chosen = np.zeros(len(log_q))
    np.add.at(chosen, states, chances[:, None] * scipy.special.softmax(log_w, axis=1))
    return float(bound), chosen


@graph(MATRIX, SCALAR)
def power_bound(log_w, power) -> tf.Tensor:
    """Returns log of the mean of w^power, divided by the power, `[L, B]` to `[B]`."""
    return log_mean_exp(power * log_w) / power


def renyi_bound(log_w, alpha) -> np.ndarray:
    """Returns 1/(1 - alpha) log (1/L) sum_l w_l^(1 - alpha); at alpha = 1 the mean of log w.

    After Li and Turner (2016); document 002, E-002-13.

    Shapes: log_w `[L, B]`, alpha a float; `[B]` comes back.
    """
    if alpha == 1:
        return np.mean(log_w, axis=0)
    return power_bound(log_w, 1 - alpha).numpy()


def chi_upper_bound(log_w, n) -> np.ndarray:
    """Returns 1/n log (1/L) sum_l w_l^n, n >= 1: CUBO, after Dieng and others (2017).

    Shapes: log_w `[L, B]`, n a float; `[B]` comes back.
    """
    return power_bound(log_w, n).numpy()


@graph(MATRIX, MATRIX, MATRIX, MATRIX, SCALAR)
def gaussian_renyi(mu_q, log_var_q, mu_p, log_var_p, alpha) -> tf.Tensor:
    """Returns the Renyi divergence D_alpha(q || p) of diagonal Gaussians.

    sum_k { (log_var_p - log_var_q) / 2 + (log_var_p - log v) / (2 (alpha - 1)) + alpha (mu_q -
    mu_p)^2 / (2 v) }, v = alpha var_p + (1 - alpha) var_q. After Gil, Alajaji and Linder (2013).

    Args:
        mu_q: Means of q. Shape `[B, K]`.
        log_var_q: Log variances of q. Shape `[B, K]`.
        mu_p: Means of p. Shape `[B, K]`.
        log_var_p: Log variances of p. Shape `[B, K]`.
        alpha: The order, positive and not 1, with v > 0 everywhere.

    Returns:
        Divergences. Shape `[B]`.
    """
    between = alpha * tf.exp(log_var_p) + (1 - alpha) * tf.exp(log_var_q)
    return tf.reduce_sum(
        0.5 * (log_var_p - log_var_q)
        + 0.5 * (log_var_p - tf.math.log(between)) / (alpha - 1)
        + 0.5 * alpha * (mu_q - mu_p) ** 2 / between,
        axis=-1,
    )


def f_divergence(p, q, f) -> float:
    """Returns sum_x q f(p / q), a scalar. Document 002, E-002-14.

    Args:
        p: Probabilities. Shape `[X]`.
        q: Probabilities, positive. Shape `[X]`.
        f: A convex function with f(1) = 0, from `[X]` to `[X]`.
    """
    p, q = np.asarray(p), np.asarray(q)
    return float(np.sum(q * np.asarray(f(p / q))))


def probit_tilted_moments(y, mean, var) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns log normaliser, mean and variance of Phi(y z) N(z; mean, var). Minka (2001).

    Args:
        y: Labels, -1 or 1. Shape `[B]`.
        mean: Means of the cavity. Shape `[B]`.
        var: Its variances. Shape `[B]`.

    Returns:
        `(log_z, new_mean, new_var)`. Shape `[B]` each.
    """
    root = np.sqrt(1 + var)
    t = y * mean / root
    log_z = scipy.special.log_ndtr(t)
    ratio = np.exp(-0.5 * (np.log(2 * np.pi) + t**2) - log_z)
    return log_z, mean + y * var * ratio / root, var - var**2 * ratio * (t + ratio) / root**2


@graph(MATRIX)
def gaussian_projections(precision) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the variances of the best factorised Gaussians under KL(q || p) and KL(p || q).

    1 / Lambda_kk, and the diagonal of Lambda^-1. Document 002, "VI with Alternative Divergences".

    Shapes: precision `[K, K]`, positive definite; `[K]` each comes back.
    """
    return 1 / tf.linalg.diag_part(precision), tf.linalg.diag_part(tf.linalg.inv(precision))
