"""The linear Gaussian model, all of it known: z ~ N(0, I), x ~ N(W z + b, sigma^2 I).

Float64; nats.
"""

import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from .graphs import MATRIX, SCALAR, VECTOR, graph

__all__ = ["fit_q", "linear_gaussian_log_px", "linear_gaussian_posterior", "quadratic_peak"]

tfd = tfp.distributions


@graph(VECTOR, MATRIX, VECTOR, SCALAR)
def linear_gaussian_log_px(x, W, b, sigma) -> tf.Tensor:
    """Returns log p(x) = log N(x; b, W W^T + sigma^2 I). Document 003 eq. 2, document 001 line 47.

    Args:
        x: One datum. Shape `[D]`.
        W: Loadings. Shape `[D, K]`.
        b: Mean of x. Shape `[D]`.
        sigma: Standard deviation of the noise, positive. A float.

    Returns:
        A scalar.
    """
    covariance = tf.matmul(W, W, transpose_b=True) + sigma**2 * tf.eye(tf.size(x), dtype=tf.float64)
    return tfd.MultivariateNormalTriL(b, tf.linalg.cholesky(covariance)).log_prob(x)


@graph(VECTOR, MATRIX, VECTOR, SCALAR)
def linear_gaussian_posterior(x, W, b, sigma) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns mean and covariance of p(z|x).

    cov = (I + W^T W / sigma^2)^-1, mean = cov W^T (x - b) / sigma^2.

    Document 003 eq. 2, document 001 lines 47 and 48.

    Args:
        x: One datum. Shape `[D]`.
        W: Loadings. Shape `[D, K]`.
        b: Mean of x. Shape `[D]`.
        sigma: Standard deviation of the noise, positive. A float.

    Returns:
        Mean, shape `[K]`, and covariance, shape `[K, K]`.
    """
    identity = tf.eye(tf.shape(W)[1], dtype=tf.float64)
    factor = tf.linalg.cholesky(identity + tf.matmul(W, W, transpose_a=True) / sigma**2)
    projected = tf.linalg.matvec(W, x - b, transpose_a=True) / sigma**2
    mean = tf.linalg.cholesky_solve(factor, projected[:, None])[:, 0]
    return mean, tf.linalg.cholesky_solve(factor, identity)


def quadratic_peak(log_density) -> tuple[float, float]:
    """Returns (mean, precision) of the Gaussian with this log density of z `[n]`, up to a constant.

    A quadratic is known from three of its values.
    """
    low, middle, high = np.asarray(log_density(np.array([-1.0, 0.0, 1.0])), np.float64)
    precision = 2 * middle - low - high
    return 0.5 * (high - low) / precision, precision


def fit_q(log_joint, num_steps, seed) -> tuple[float, float]:
    """Returns mean and standard deviation of the Gaussian q that maximises E_q[log p(x, z)] + H(q).

    They are those of p(z|x).

    Exact where the posterior is Gaussian, as in the linear Gaussian model. Document 000 lines 29 to
    51.

    Args:
        log_joint: From z `[n]` to log p(x, z) `[n]`, a quadratic.
        num_steps: Not used: what a student's search comes close to does not depend on it.
        seed: Not used.

    Returns:
        Two scalars, `(mu, sigma)`.
    """
    mean, precision = quadratic_peak(log_joint)
    return mean, precision**-0.5
