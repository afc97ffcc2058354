"""Densities, divergences and the terms of the ELBO. Every function takes float64 arrays; all results are in nats."""

import tensorflow as tf
import tensorflow_probability as tfp

tfd = tfp.distributions


def kl_to_standard_normal(mu, log_var):
    """Returns KL(N(mu, diag exp(log_var)) || N(0, I)).

    1/2 sum_k [mu_k^2 + exp(log_var_k) - log_var_k - 1]. Document 000 section 4 step 7, document 003 eq. 13.

    Args:
        mu: Means. Shape `[B, K]`.
        log_var: Log variances. Shape `[B, K]`.

    Returns:
        One divergence per example. Shape `[B]`.
    """
    q = tfd.MultivariateNormalDiag(mu, tf.exp(0.5 * log_var))
    prior = tfd.MultivariateNormalDiag(tf.zeros_like(mu), tf.ones_like(mu))
    return tfd.kl_divergence(q, prior)


def bernoulli_log_prob_logits(x, logits):
    """Returns log p(x) of independent Bernoulli pixels with p(x_d = 1) = sigmoid(logits_d).

    sum_d [x_d logits_d - softplus(logits_d)]. Document 000 section 3, document 003 eq. 6 and 7.

    Args:
        x: Pixels, exactly 0 or 1. Shape `[B, D]`.
        logits: Log odds. Shape `[B, D]`.

    Returns:
        One log-likelihood per example. Shape `[B]`.
    """
    return tfd.Independent(tfd.Bernoulli(logits=logits), reinterpreted_batch_ndims=1).log_prob(x)


def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    """Returns (ELBO, KL to the posterior, log p(x)) of one datum under a latent with Z states; ELBO + KL = log p(x).

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
