"""Densities, divergences and the terms of the ELBO: float64 arrays in, nats out."""

import tensorflow as tf
import tensorflow_probability as tfp

from .graphs import MATRIX, SCALAR, VECTOR, graph

__all__ = [
    "bernoulli_log_prob_logits",
    "bernoulli_log_prob_probs",
    "cross_entropy_terms",
    "diagonal_normal",
    "elbo_identity_terms",
    "gaussian_entropy",
    "gaussian_log_prob_fixed",
    "gaussian_log_prob_learned",
    "kl_diag_gaussians",
    "kl_to_standard_normal",
    "posterior_from_joint",
    "standard_normal_log_prob",
]

tfd = tfp.distributions


def diagonal_normal(mu, sigma) -> tfp.distributions.Distribution:
    """Returns the normal with mean `mu`, standard deviation `sigma`, `[B, K]`: an event a row."""
    return tfd.Independent(tfd.Normal(mu, sigma), reinterpreted_batch_ndims=1)


@graph(MATRIX)
def posterior_from_joint(p_xz) -> tf.Tensor:
    """Returns p(z|x) = p(x, z) / sum_z' p(x, z'). Document 001, Bayes (line 11).

    Args:
        p_xz: Joint probabilities, positive, summing to 1. Shape `[X, Z]`.

    Returns:
        Posterior probabilities; every row sums to 1. Shape `[X, Z]`.
    """
    return tf.convert_to_tensor(p_xz) / tf.reduce_sum(p_xz, axis=1, keepdims=True)


@graph(MATRIX)
def standard_normal_log_prob(z) -> tf.Tensor:
    """Returns log N(z; 0, I) = -1/2 sum_k [log 2 pi + z_k^2].

    Document 000 line 95, document 003 eq. 3 to 5.

    Args:
        z: Latent vectors. Shape `[B, K]`.

    Returns:
        One log density per example. Shape `[B]`.
    """
    return diagonal_normal(tf.zeros_like(z), tf.ones_like(z)).log_prob(z)


@graph(MATRIX, MATRIX, SCALAR)
def gaussian_log_prob_fixed(x, mu, sigma) -> tf.Tensor:
    """Returns log N(x; mu, sigma^2 I), constants included.

    Document 000 line 67, document 003 line 61.

    Args:
        x: Data. Shape `[B, D]`.
        mu: Means. Shape `[B, D]`.
        sigma: One standard deviation for all, positive. A float.

    Returns:
        One log density per example. Shape `[B]`.
    """
    return diagonal_normal(mu, sigma * tf.ones_like(mu)).log_prob(x)


@graph(MATRIX, MATRIX, MATRIX)
def gaussian_log_prob_learned(x, mu, log_var) -> tf.Tensor:
    """Returns log N(x; mu, diag exp(log_var)).

    Document 003 eq. 10 to 12, document 000 line 94 corrected.

    Args:
        x: Data. Shape `[B, D]`.
        mu: Means. Shape `[B, D]`.
        log_var: Log variances. Shape `[B, D]`.

    Returns:
        One log density per example. Shape `[B]`.
    """
    return diagonal_normal(mu, tf.exp(0.5 * log_var)).log_prob(x)


@graph(MATRIX)
def gaussian_entropy(log_var) -> tf.Tensor:
    """Returns the entropy of N(., diag exp(log_var)): 1/2 sum_k [log_var_k + log 2 pi + 1].

    A differential entropy may be negative.

    Args:
        log_var: Log variances. Shape `[B, K]`.

    Returns:
        One entropy per example. Shape `[B]`.
    """
    return diagonal_normal(tf.zeros_like(log_var), tf.exp(0.5 * log_var)).entropy()


@graph(MATRIX, MATRIX)
def bernoulli_log_prob_probs(x, probs) -> tf.Tensor:
    """Returns log p(x) of independent Bernoulli pixels; a pixel with p = x adds 0 (0 log 0 = 0).

    sum_d [x_d log p_d + (1 - x_d) log(1 - p_d)]. Document 003 eq. 6 and 7.

    Args:
        x: Pixels, exactly 0 or 1. Shape `[B, D]`.
        probs: Probabilities of a 1, in [0, 1]. Shape `[B, D]`.

    Returns:
        One log-likelihood per example. Shape `[B]`.
    """
    return tf.reduce_sum(
        tf.math.xlogy(x, probs) + tf.math.xlog1py(1 - tf.convert_to_tensor(x), -probs), axis=-1
    )


@graph(MATRIX, MATRIX, MATRIX, MATRIX)
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p) -> tf.Tensor:
    """Returns KL(N(mu_q, diag exp(log_var_q)) || N(mu_p, diag exp(log_var_p))), q first.

    Document 000 lines 68 to 76.

    Args:
        mu_q: Means of q. Shape `[B, K]`.
        log_var_q: Log variances of q. Shape `[B, K]`.
        mu_p: Means of p. Shape `[B, K]`.
        log_var_p: Log variances of p. Shape `[B, K]`.

    Returns:
        One divergence per example. Shape `[B]`.
    """
    q, p = (
        diagonal_normal(mu_q, tf.exp(0.5 * log_var_q)),
        diagonal_normal(mu_p, tf.exp(0.5 * log_var_p)),
    )
    return tfd.kl_divergence(q, p)


@graph(MATRIX, MATRIX)
def kl_to_standard_normal(mu, log_var) -> tf.Tensor:
    """Returns KL(N(mu, diag exp(log_var)) || N(0, I)).

    1/2 sum_k [mu_k^2 + exp(log_var_k) - log_var_k - 1]. Document 000 section 4 step 7, document 003
    eq. 13.

    Args:
        mu: Means. Shape `[B, K]`.
        log_var: Log variances. Shape `[B, K]`.

    Returns:
        One divergence per example. Shape `[B]`.
    """
    return tfd.kl_divergence(
        diagonal_normal(mu, tf.exp(0.5 * log_var)),
        diagonal_normal(tf.zeros_like(mu), tf.ones_like(mu)),
    )


@graph(MATRIX, MATRIX)
def bernoulli_log_prob_logits(x, logits) -> tf.Tensor:
    """Returns log p(x) of independent Bernoulli pixels with p(x_d = 1) = sigmoid(logits_d).

    sum_d [x_d logits_d - softplus(logits_d)]. Document 000 section 3, document 003 eq. 6 and 7.

    Args:
        x: Pixels, exactly 0 or 1. Shape `[B, D]`.
        logits: Log odds. Shape `[B, D]`.

    Returns:
        One log-likelihood per example. Shape `[B]`.
    """
    return tfd.Independent(tfd.Bernoulli(logits=logits), reinterpreted_batch_ndims=1).log_prob(x)


@graph(VECTOR, VECTOR, VECTOR)
def elbo_identity_terms(log_pz, log_px_given_z, log_q) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Returns (ELBO, KL to the posterior, log p(x)) of one datum, z with Z states.

    ELBO + KL = log p(x).

    Document 000 section 1, steps 4 to 8.

    Args:
        log_pz: Log prior. Shape `[Z]`.
        log_px_given_z: Log-likelihood of the datum under each state. Shape `[Z]`.
        log_q: Log of the approximate posterior. Shape `[Z]`.

    Returns:
        Three scalars.
    """
    log_joint = tf.convert_to_tensor(log_pz) + log_px_given_z
    log_px = tf.reduce_logsumexp(log_joint)
    q = tf.exp(tf.convert_to_tensor(log_q))
    elbo = tf.reduce_sum(q * (log_joint - log_q))
    kl = tf.reduce_sum(q * (log_q - (log_joint - log_px)))
    return elbo, kl, log_px


@graph(VECTOR, VECTOR)
def cross_entropy_terms(pop, log_model) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Returns (cross-entropy of a model, entropy of the population, their KL); 0 log 0 = 0.

    -sum_x pop log_model = -sum_x pop log pop + KL(pop || model).

    Document 004, slide "Latent Variable Assumptions".

    Args:
        pop: Probabilities of the population, some may be 0. Shape `[X]`.
        log_model: Log probabilities of the model. Shape `[X]`.

    Returns:
        Three scalars.
    """
    pop = tf.convert_to_tensor(pop)
    cross_entropy = -tf.reduce_sum(pop * log_model)
    entropy = -tf.reduce_sum(tf.math.xlogy(pop, pop))
    return cross_entropy, entropy, cross_entropy - entropy
