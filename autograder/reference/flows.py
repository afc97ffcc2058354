"""Normalizing flows: maps, log determinants, free energy. Float64; z0 -> zK forward; nats."""

import numpy as np
import tensorflow as tf

from . import densities
from .graphs import MATRIX, SCALAR, VECTOR, graph

__all__ = [
    "coupling_forward",
    "coupling_inverse",
    "coupling_log_det",
    "flow_free_energy",
    "flow_log_q",
    "flow_prior_term",
    "gaussian_log_pdf",
    "iaf_step",
    "leapfrog_step",
    "planar_forward",
    "planar_log_det",
    "planar_u_hat",
    "radial_beta_hat",
    "radial_forward",
    "radial_log_det",
]


@graph(MATRIX, MATRIX, MATRIX)
def gaussian_log_pdf(z, mu, var) -> tf.Tensor:
    """Returns log N(z; mu, diag var) at z itself.

    Document 000 lines 94 and 104 to 110, both corrected.

    Args:
        z: Where. Shape `[B, K]`.
        mu: Means. Shape `[B, K]`.
        var: Variances, positive, however small. Shape `[B, K]`.

    Returns:
        One log density per example. Shape `[B]`.
    """
    return densities.diagonal_normal(mu, tf.sqrt(var)).log_prob(z)


@graph(VECTOR, VECTOR)
def planar_u_hat(u, w) -> tf.Tensor:
    """Returns u_hat with w.u_hat = -1 + softplus(w.u), by a step along w.

    Document 002 line 849; Rezende and Mohamed, appendix.

    Args:
        u: Direction of the flow, of any w.u. Shape `[K]`.
        w: Normal of the flow's plane, not 0. Shape `[K]`.

    Returns:
        The direction that makes the flow invertible. Shape `[K]`.
    """
    wu = tf.tensordot(w, u, 1)
    return u + (tf.nn.softplus(wu) - 1 - wu) * w / tf.tensordot(w, w, 1)


@graph(MATRIX, VECTOR, VECTOR, SCALAR)
def planar_forward(z, u_hat, w, b) -> tf.Tensor:
    """Returns z + u_hat tanh(w.z + b). Document 002 line 849.

    Args:
        z: Inputs. Shape `[B, K]`.
        u_hat: The direction that makes the flow invertible. Shape `[K]`.
        w: Normal of the flow's plane. Shape `[K]`.
        b: Place of the plane. A float.

    Returns:
        Outputs. Shape `[B, K]`.
    """
    return z + tf.tanh(tf.linalg.matvec(z, w) + b)[:, None] * u_hat


@graph(MATRIX, VECTOR, VECTOR, SCALAR)
def planar_log_det(z, u, w, b) -> tf.Tensor:
    """Returns log abs(1 + u.psi(z)), psi = (1 - tanh(w.z + b)^2) w, at the input z.

    Document 000 line 97, 002 line 849.

    Args:
        z: Inputs. Shape `[B, K]`.
        u: Direction of the flow. Shape `[K]`.
        w: Normal of the flow's plane. Shape `[K]`.
        b: Place of the plane. A float.

    Returns:
        One log determinant per example. Shape `[B]`.
    """
    slope = 1 / tf.cosh(tf.linalg.matvec(z, w) + b) ** 2
    return tf.math.log(tf.abs(1 + tf.tensordot(u, w, 1) * slope))


@graph(SCALAR, SCALAR)
def radial_beta_hat(alpha, beta_raw) -> tf.Tensor:
    """Returns -alpha + softplus(beta_raw), at least -alpha.

    Document 002 line 849; Rezende and Mohamed, appendix.
    """
    return tf.nn.softplus(beta_raw) - alpha


@graph(MATRIX, VECTOR, SCALAR, SCALAR)
def radial_forward(z, z_ref, alpha, beta_hat) -> tf.Tensor:
    """Returns z + beta_hat (z - z_ref) / (alpha + r), r = norm of z - z_ref. Document 002 line 849.

    Args:
        z: Inputs. Shape `[B, K]`.
        z_ref: Centre of the flow. Shape `[K]`.
        alpha: How far the flow reaches, positive. A float.
        beta_hat: How much it expands, at least -alpha. A float.

    Returns:
        Outputs. Shape `[B, K]`.
    """
    from_centre = z - z_ref
    return z + beta_hat * from_centre / (alpha + tf.norm(from_centre, axis=-1, keepdims=True))


@graph(MATRIX, VECTOR, SCALAR, SCALAR)
def radial_log_det(z, z_ref, alpha, beta_hat) -> tf.Tensor:
    """Returns (K - 1) log(1 + beta_hat h) + log(1 + alpha beta_hat h^2), h = 1 / (alpha + r).

    Document 002 line 849.

    Args:
        z: Inputs. Shape `[B, K]`.
        z_ref: Centre of the flow. Shape `[K]`.
        alpha: How far the flow reaches, positive. A float.
        beta_hat: How much it expands, at least -alpha. A float.

    Returns:
        One log determinant per example. Shape `[B]`.
    """
    h = 1 / (alpha + tf.norm(z - z_ref, axis=-1))
    across = tf.cast(tf.shape(z)[-1] - 1, tf.float64)
    return across * tf.math.log1p(beta_hat * h) + tf.math.log1p(alpha * beta_hat * h**2)


@graph(MATRIX, MATRIX, MATRIX)
def coupling_forward(z, log_scale, shift) -> tf.Tensor:
    """Returns [first half, second half * exp(log_scale) + shift]. Document 002 line 851.

    Args:
        z: Inputs. Shape `[B, 4]`.
        log_scale: Logarithms of the scales. Shape `[B, 2]`.
        shift: Shape `[B, 2]`.

    Returns:
        Outputs. Shape `[B, 4]`.
    """
    first, second = tf.split(z, 2, axis=-1)
    return tf.concat([first, second * tf.exp(log_scale) + shift], axis=-1)


@graph(MATRIX, MATRIX, MATRIX)
def coupling_inverse(z, log_scale, shift) -> tf.Tensor:
    """Returns [first half, (second half - shift) * exp(-log_scale)].

    Args:
        z: Outputs of `coupling_forward`. Shape `[B, 4]`.
        log_scale: Logarithms of its scales. Shape `[B, 2]`.
        shift: Its shift. Shape `[B, 2]`.

    Returns:
        Its inputs. Shape `[B, 4]`.
    """
    first, second = tf.split(z, 2, axis=-1)
    return tf.concat([first, (second - shift) * tf.exp(-log_scale)], axis=-1)


@graph(MATRIX)
def coupling_log_det(log_scale) -> tf.Tensor:
    """Returns the sum of the log scales `[B, 2]`: the forward map's log determinant `[B]`."""
    return tf.reduce_sum(log_scale, axis=-1)


@graph(MATRIX, MATRIX, MATRIX)
def iaf_step(z, m, s) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns (g z + (1 - g) m, sum_k log g_k) with the gate g = sigmoid(s). Document 002 line 850.

    Args:
        z: Inputs. Shape `[B, K]`.
        m: What a shut gate lets through instead. Shape `[B, K]`.
        s: Logits of the gate. Shape `[B, K]`.

    Returns:
        Outputs, shape `[B, K]`, and one log determinant per example, shape `[B]`.
    """
    gate = tf.sigmoid(s)
    return gate * z + (1 - gate) * m, tf.reduce_sum(tf.math.log_sigmoid(s), axis=-1)


def leapfrog_step(z, v, step, score) -> tuple[np.ndarray, np.ndarray]:
    """Returns position and velocity after one leapfrog step with unit mass.

    Document 002 line 849 (Hamiltonian flow).

    Args:
        z: Position. Shape `[d]`.
        v: Velocity. Shape `[d]`.
        step: Step size.
        score: d log p(z) / dz, from `[d]` to `[d]`.

    Returns:
        `(z_new, v_new)`. Shape `[d]` each.
    """
    halfway = v + 0.5 * step * np.asarray(score(z))
    moved = z + step * halfway
    return moved, halfway + 0.5 * step * np.asarray(score(moved))


@graph(VECTOR, MATRIX)
def flow_log_q(log_q0, log_dets) -> tf.Tensor:
    """Returns log q_K(z_K) = log_q0 - sum over the flow's steps.

    Document 000 Listing 1, line 22; 002 lines 834 to 847.

    Shapes: log_q0 `[B]`, log_dets `[B, F]`; back `[B]`.
    """
    return log_q0 - tf.reduce_sum(log_dets, axis=-1)


@graph(MATRIX, MATRIX)
def flow_prior_term(z0, zK) -> tf.Tensor:
    """Returns log N(zK; 0, I): the prior is that of the decoder's input.

    Document 000 line 95. Shapes `[B, K]`, back `[B]`.
    """
    return densities.standard_normal_log_prob(zK)


@graph(VECTOR, MATRIX, VECTOR, VECTOR)
def flow_free_energy(log_q0, log_dets, log_p_zK, log_py_given_zK) -> tf.Tensor:
    """Returns mean_b [log_q0 - sum_f log_dets - log_p_zK - log_py_given_zK]. Document 000 line 92.

    Args:
        log_q0: Log density of each z0. Shape `[B]`.
        log_dets: Log determinants of the flow's steps. Shape `[B, F]`.
        log_p_zK: Log prior density of each zK. Shape `[B]`.
        log_py_given_zK: Log-likelihoods. Shape `[B]`.

    Returns:
        A scalar.
    """
    return tf.reduce_mean(log_q0 - tf.reduce_sum(log_dets, axis=-1) - log_p_zK - log_py_given_zK)
