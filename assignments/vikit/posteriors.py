"""What a diagonal covariance costs where the posterior is Gaussian."""

from collections.abc import Callable

import tensorflow as tf

__all__ = ["least_diagonal_kl"]


def least_diagonal_kl(log_p_xz: Callable, latent_dim: int) -> float:
    """Returns the least KL(q || p(z|x)) of a Gaussian q with a diagonal covariance, in nats.

    How log p(x, z) bends is measured by differentiating it twice, at z = 0: for a Gaussian
    posterior it bends everywhere in the same way.

    Args:
        log_p_xz: From z, float64, shape `[latent_dim]`, to log p(x, z) of one x, a scalar tensor.
        latent_dim: K.
    """
    z = tf.zeros(latent_dim, tf.float64)
    with tf.GradientTape() as outer:
        outer.watch(z)
        with tf.GradientTape() as inner:
            inner.watch(z)
            value = log_p_xz(z)
        slope = inner.gradient(value, z)
    bend = -outer.jacobian(slope, z)
    diagonal = tf.reduce_sum(tf.math.log(tf.linalg.diag_part(bend)))
    return float(0.5 * (diagonal - tf.linalg.slogdet(bend).log_abs_determinant))
