"""Rate and distortion: beta-VAE, exact tables, collapse, codebooks. Float64; terms in nats."""

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from . import densities
from .graphs import MATRIX, SCALAR, STACK, VECTOR, graph

__all__ = [
    "active_units",
    "aggregate_log_prob",
    "beta_vae_loss",
    "linear_vae_spectrum",
    "optimal_prior_and_decoder",
    "optimal_sigma",
    "rate_distortion_point",
    "rate_split",
    "rda_lambda",
    "vq_loss",
    "vq_quantize",
]

tfd = tfp.distributions


@graph(MATRIX, STACK)
def optimal_sigma(x, x_mu) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the sigma that minimises the mean of -log N(x; x_mu, sigma^2 I), and that minimum.

    sigma*^2 = mean over l, b, d of (x - x_mu)^2; at it the squares come to D / 2. Document 004,
    slide "- ln p(y|z) as Distortion", E-004-03.

    Args:
        x: Data. Shape `[B, D]`.
        x_mu: Reconstructions, not all equal to the data. Shape `[L, B, D]`.

    Returns:
        Two scalars, `(sigma, distortion)`.
    """
    sigma = tf.sqrt(tf.reduce_mean((x - x_mu) ** 2))
    log_prob = densities.diagonal_normal(x_mu, sigma * tf.ones_like(x_mu)).log_prob(x)
    return sigma, -tf.reduce_mean(log_prob)


@graph(MATRIX, VECTOR, SCALAR)
def beta_vae_loss(log_px_given_z, kl, beta) -> tf.Tensor:
    """Returns mean_b [-mean_l log p(x|z_l) + beta KL_b], a scalar.

    Document 004, slide "The β -VAE".

    Args:
        log_px_given_z: Log-likelihoods. Shape `[L, B]`.
        kl: Rates. Shape `[B]`.
        beta: The price of the rate, at least 0.
    """
    return tf.reduce_mean(beta * kl - tf.reduce_mean(log_px_given_z, axis=0))


def rda_lambda(beta, sigma) -> float:
    """Returns 1 / (2 beta sigma^2), the weight of the squared error at fixed sigma. E-004-07."""
    return 0.5 / (beta * sigma**2)


def rates(q_z_given_x, p_z) -> tf.Tensor:
    """Returns KL(q(z|x) || p(z)) for each row `[Z]` of `[X, Z]`, with 0 log 0 = 0. Shape `[X]`."""
    return tf.reduce_sum(tf.math.xlogy(q_z_given_x, q_z_given_x / p_z), axis=1)


@graph(VECTOR, MATRIX, VECTOR, MATRIX)
def rate_distortion_point(p_x, q_z_given_x, p_z, p_x_given_z) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns E KL(q(z|x) || p(z)) and -E log p(x|z) on tables, two scalars.

    Document 004, slide "RDA_s vs. β -VAE_s"; document 002, "KL-divergence term", E-002-21.

    Args:
        p_x: Probabilities of the data. Shape `[X]`.
        q_z_given_x: The encoder; it may hold zeros. Shape `[X, Z]`.
        p_z: The prior, positive. Shape `[Z]`.
        p_x_given_z: The decoder, positive. Shape `[Z, X]`.
    """
    rate = tf.tensordot(p_x, rates(q_z_given_x, p_z), 1)
    return rate, -tf.einsum("x,xz,zx->", p_x, q_z_given_x, tf.math.log(p_x_given_z))


@graph(VECTOR, MATRIX)
def optimal_prior_and_decoder(p_x, q_z_given_x) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the prior and decoder that minimise rate and distortion of an encoder.

    p(z) = sum_x p(x) q(z|x), and p(x|z) by Bayes. Document 004, slide "Indeterminacy of the VAE".

    Args:
        p_x: Probabilities of the data. Shape `[X]`.
        q_z_given_x: The encoder, under which every z has some mass. Shape `[X, Z]`.

    Returns:
        `(p_z, p_x_given_z)`, of shapes `[Z]` and `[Z, X]`.
    """
    joint = p_x[:, None] * q_z_given_x
    p_z = tf.reduce_sum(joint, axis=0)
    return p_z, tf.transpose(joint / p_z)


@graph(VECTOR, MATRIX, VECTOR)
def rate_split(p_x, q_z_given_x, p_z) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns I(x, z) and KL(q(z) || p(z)), two scalars: together they are the rate.

    Document 004, slides "Indeterminacy of the VAE" and "RDA_s vs. β -VAE_s".

    Args:
        p_x: Probabilities of the data. Shape `[X]`.
        q_z_given_x: The encoder; it may hold zeros. Shape `[X, Z]`.
        p_z: The prior, positive. Shape `[Z]`.
    """
    aggregate = tf.linalg.matvec(q_z_given_x, p_x, transpose_a=True)
    information = tf.tensordot(p_x, rates(q_z_given_x, aggregate), 1)
    return information, tf.reduce_sum(tf.math.xlogy(aggregate, aggregate / p_z))


@graph(MATRIX, MATRIX, MATRIX)
def aggregate_log_prob(z, mu, log_var) -> tf.Tensor:
    """Returns log of the mean over b of N(z_l; mu_b, diag exp(log_var_b)), of each z_l.

    The aggregated posterior of a batch. Document 004, slide "Indeterminacy of the VAE"; Tomczak and
    Welling (2018).

    Args:
        z: Points. Shape `[L, K]`.
        mu: Means. Shape `[B, K]`.
        log_var: Log variances. Shape `[B, K]`.

    Returns:
        Log densities. Shape `[L]`.
    """
    components = densities.diagonal_normal(mu, tf.exp(0.5 * log_var)).log_prob(z[:, None])
    return tf.reduce_logsumexp(components, axis=1) - tf.math.log(
        tf.cast(tf.shape(mu)[0], tf.float64)
    )


@graph(MATRIX, SCALAR)
def active_units(mu, threshold) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the variance over the batch of each E[z_k|x], and how many lie above a threshold.

    Document 002, "Dying units problem", after Burda, Grosse and Salakhutdinov (2016).

    Args:
        mu: Means of q. Shape `[B, K]`.
        threshold: The least activity of a unit that is active.

    Returns:
        `(activity, count)`: shape `[K]`, and a scalar.
    """
    activity = tf.math.reduce_variance(mu, axis=0)
    return activity, tf.reduce_sum(tf.cast(activity > threshold, tf.float64))


def linear_vae_spectrum(eigenvalues, sigma, beta) -> tuple[np.ndarray, np.ndarray]:
    """Returns the optimum of the linear beta-VAE at fixed sigma, dimension by dimension.

    With an eigenvalue l of the data's covariance the decoder's squared singular value is l - beta
    sigma^2 and the rate 1/2 log[l / (beta sigma^2)], both 0 where they would be negative: reverse
    water-filling. After Lucas, Tucker, Grosse and Norouzi (2019).

    Args:
        eigenvalues: The largest ones, at least 0. Shape `[K]`.
        sigma: Standard deviation of the decoder. A float.
        beta: The price of the rate, positive. A float.

    Returns:
        `(w_squared, rate)`. Shape `[K]` each.
    """
    water = beta * sigma**2
    above = np.maximum(np.asarray(eigenvalues), water)
    return above - water, 0.5 * np.log(above / water)


@graph(MATRIX, MATRIX)
def vq_quantize(z_e, codebook) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns the row of the codebook that is nearest to each z_e, and which it is, one-hot.

    After van den Oord, Vinyals and Kavukcuoglu (2017).

    Args:
        z_e: Outputs of the encoder. Shape `[B, K]`.
        codebook: Codes. Shape `[C, K]`.

    Returns:
        `(z_q, onehot)`, of shapes `[B, K]` and `[B, C]`.
    """
    distances = tf.reduce_sum((z_e[:, None] - codebook) ** 2, axis=-1)
    nearest = tf.argmin(distances, axis=1)
    onehot = tf.one_hot(nearest, tf.shape(codebook)[0], dtype=tf.float64)
    return tf.gather(codebook, nearest), onehot


def vq_loss(z_e, codebook, commitment) -> tuple[tf.Tensor, float]:
    """Returns what the decoder sees, and the loss of codebook and encoder.

    z_e + sg(z_q - z_e) has the value z_q; the loss mean_b sum_k [(sg(z_e) - z_q)^2 + commitment
    (z_e - sg(z_q))^2] has that of (1 + commitment) times one squared distance. After van den Oord,
    Vinyals and Kavukcuoglu (2017), with a sum over K.

    Args:
        z_e: Outputs of the encoder. Shape `[B, K]`.
        codebook: Codes. Shape `[C, K]`.
        commitment: Weight of the encoder's part. A float.

    Returns:
        `(z_st, loss)`: shape `[B, K]`, and a scalar.
    """
    z_q, _ = vq_quantize(z_e, codebook)
    return z_q, (1 + commitment) * float(np.mean(np.sum((z_e - z_q.numpy()) ** 2, axis=-1)))
