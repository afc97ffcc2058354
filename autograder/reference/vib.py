"""The variational information bottleneck: terms, bounds, exact values. Float64; nats."""

import tensorflow as tf
import tensorflow_probability as tfp

from . import densities
from .graphs import MATRIX, SCALAR, STACK, VECTOR, graph

__all__ = [
    "categorical_log_prob",
    "cross_entropies",
    "vib_exact_discrete",
    "vib_loss",
    "vib_predict_probs",
    "vib_rate",
    "vib_relevance_bound",
]

tfd = tfp.distributions


@graph(MATRIX, MATRIX)
def categorical_log_prob(y_onehot, logits) -> tf.Tensor:
    """Returns log p(y|z) = sum_c y_c (a_c - logsumexp_c' a_c') for logits a.

    Document 000, section 6 (line 96), E-000-14.

    Args:
        y_onehot: Labels, exactly one-hot. Shape `[B, C]`.
        logits: Log probabilities up to a constant for each example. Shape `[B, C]`.

    Returns:
        One log-likelihood per example. Shape `[B]`.
    """
    return tfd.OneHotCategorical(logits=logits).log_prob(y_onehot)


@graph(MATRIX, STACK)
def cross_entropies(y_onehot, logits) -> tf.Tensor:
    """Returns -log p(y given z_l) under each of L sets of logits `[L, B, C]`. Shape `[L, B]`."""
    return -tfd.OneHotCategorical(logits=logits).log_prob(
        tf.broadcast_to(y_onehot, tf.shape(logits))
    )


def vib_loss(y_onehot, logits, mu, log_var, beta) -> float:
    """Returns mean_b [mean_l CE(y_b, logits_lb) + beta KL_b].

    Document 000, section 5 (line 88), E-000-12.

    Args:
        y_onehot: Labels, exactly one-hot. Shape `[B, C]`.
        logits: Of each sample. Shape `[L, B, C]`.
        mu: Means of q. Shape `[B, K]`.
        log_var: Log variances of q. Shape `[B, K]`.
        beta: Weight of the KL. A float.

    Returns:
        A scalar.
    """
    kl = densities.kl_to_standard_normal(mu, log_var).numpy()
    return (cross_entropies(y_onehot, logits).numpy().mean(axis=0) + beta * kl).mean()


@graph(STACK)
def vib_predict_probs(logits) -> tf.Tensor:
    """Returns p(y|x) ~ mean_l softmax(logits_l), over the classes: `[L, B, C]` to `[B, C]`."""
    return tf.reduce_mean(tfd.OneHotCategorical(logits=logits).probs_parameter(), axis=0)


def vib_rate(mu, log_var) -> float:
    """Returns mean_b KL(N(mu_b, diag exp(log_var_b)) || N(0, I)), an upper bound of I(X;Z).

    Document 004 lines 175 to 177.

    Shapes: mu and log_var `[B, K]`; a scalar comes back.
    """
    return densities.kl_to_standard_normal(mu, log_var).numpy().mean()


@graph(VECTOR, SCALAR)
def vib_relevance_bound(p_y, mean_cross_entropy) -> tf.Tensor:
    """Returns H(Y) - mean_cross_entropy, a lower bound of I(Y;Z), a scalar; p_y is `[C]`."""
    return -tf.reduce_sum(tf.math.xlogy(p_y, p_y)) - mean_cross_entropy


@graph(MATRIX, MATRIX, MATRIX, VECTOR, SCALAR)
def vib_exact_discrete(p_xy, q_z_given_x, q_y_given_z, r_z, beta) -> tf.Tensor:
    """Returns the VIB objective on tables, under the Markov chain Y - X - Z.

    Document 000, section 5 (lines 86 to 88).

    -sum_xyz p(x,y) q(z|x) log q(y|z) + beta sum_xz p(x) q(z|x) log[q(z|x) / r(z)].

    Args:
        p_xy: Joint probabilities. Shape `[X, Y]`.
        q_z_given_x: The encoder; rows sum to 1, and may hold zeros. Shape `[X, Z]`.
        q_y_given_z: The decoder, positive; rows sum to 1. Shape `[Z, Y]`.
        r_z: The prior of the latent, positive. Shape `[Z]`.
        beta: Weight of the rate.

    Returns:
        A scalar.
    """
    distortion = -tf.einsum("xy,xz,zy->", p_xy, q_z_given_x, tf.math.log(q_y_given_z))
    rates = tf.reduce_sum(
        tf.math.xlogy(q_z_given_x, tf.convert_to_tensor(q_z_given_x) / r_z), axis=1
    )
    return distortion + beta * tf.einsum("xy,x->", p_xy, rates)
