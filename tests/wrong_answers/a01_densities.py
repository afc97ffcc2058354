"""Wrong answers to a01, written from the question texts and the names and hints of the known mistakes alone."""

import math

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp
from keras import ops

tfd = tfp.distributions
LOG_2PI = math.log(2 * math.pi)
WRITTEN = []  # (question, name of the mistake or "", function)


def write(question, *answers):
    WRITTEN.extend((question, name, answer) for name, answer in answers)



def _identity(log_pz, log_px_given_z, log_q):
    """The parts that are right in the unlisted answers below."""
    q = tf.exp(log_q)
    log_joint = log_pz + log_px_given_z
    log_px = tf.reduce_logsumexp(log_joint)
    elbo = tf.reduce_sum(q * (log_joint - log_q))
    kl = tf.reduce_sum(q * (log_q - (log_joint - log_px)))
    return elbo, kl, log_px


def _parts(log_pz, log_px_given_z, log_q):
    """The joint, log p(x), the posterior and q, all right."""
    log_joint = tf.convert_to_tensor(log_pz) + log_px_given_z
    log_px = tf.reduce_logsumexp(log_joint)
    return log_joint, log_px, log_joint - log_px, tf.exp(log_q)


def posterior_from_joint_1(p_xz):
    p_xz = np.asarray(p_xz)
    posterior = np.zeros_like(p_xz)
    for z in range(p_xz.shape[1]):
        posterior[:, z] = p_xz[:, z] / p_xz[:, z].sum()
    return posterior

def posterior_from_joint_2(p_xz):
    e = np.exp(p_xz - np.max(p_xz, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)

def posterior_from_joint_3(p_xz):
    # took the joint for the likelihood: multiplied by the prior once more, then normalised
    p_z = tf.reduce_sum(p_xz, axis=0, keepdims=True)
    unnormalised = p_xz * p_z
    return unnormalised / tf.reduce_sum(unnormalised, axis=1, keepdims=True)

def posterior_from_joint_4(p_xz):
    # a normalised likelihood: columns first, then rows (the prior drops out)
    likelihood = p_xz / tf.reduce_sum(p_xz, axis=0, keepdims=True)
    return likelihood / tf.reduce_sum(likelihood, axis=1, keepdims=True)

def posterior_from_joint_5(p_xz):
    rows = []
    for x in range(p_xz.shape[0]):
        rows.append(p_xz[x] / tf.reduce_sum(p_xz[x]))
    return tf.stack(rows, axis=1)


write(
    "posterior_from_joint",
    ("posterior_normalised_over_x", lambda p_xz: p_xz / tf.reduce_sum(p_xz, axis=0, keepdims=True)),
    ("posterior_normalised_over_x", posterior_from_joint_1),
    ("posterior_is_joint", lambda p_xz: tf.convert_to_tensor(p_xz) / tf.reduce_sum(p_xz)),
    ("posterior_is_joint", lambda p_xz: np.array(p_xz, dtype=np.float32)),
    ("posterior_is_marginal", lambda p_xz: tf.reduce_sum(p_xz, axis=0, keepdims=True) * tf.ones_like(p_xz)),
    ("posterior_is_marginal", lambda p_xz: np.tile(np.sum(p_xz, axis=0), (p_xz.shape[0], 1))),
    ("posterior_transposed", lambda p_xz: tf.transpose(p_xz / tf.reduce_sum(p_xz, axis=1, keepdims=True))),
    ("posterior_transposed", lambda p_xz: np.asarray(p_xz).T / np.asarray(p_xz).T.sum(axis=0)),
    ("posterior_softmax", lambda p_xz: tf.nn.softmax(p_xz, axis=1)),
    ("posterior_softmax", posterior_from_joint_2),
    ("posterior_log", lambda p_xz: tf.math.log(p_xz) - tf.reduce_logsumexp(tf.math.log(p_xz), axis=1, keepdims=True)),
    ("posterior_log", lambda p_xz: np.log(p_xz / np.sum(p_xz, axis=1)[:, None])),
    ("posterior_times_marginal", lambda p_xz: p_xz * tf.reduce_sum(p_xz, axis=1, keepdims=True)),
    ("posterior_times_marginal", lambda p_xz: np.exp(np.log(p_xz) + np.log(np.einsum("xz->x", p_xz))[:, np.newaxis])),
    # product of the two marginals, as if x and z were independent
    ("", lambda p_xz: tf.reduce_sum(p_xz, axis=1, keepdims=True) * tf.reduce_sum(p_xz, axis=0, keepdims=True)),
    # divided by both marginals
    ("", lambda p_xz: p_xz / (tf.reduce_sum(p_xz, axis=1, keepdims=True) * tf.reduce_sum(p_xz, axis=0, keepdims=True))),
    ("", posterior_from_joint_3),
    ("", posterior_from_joint_4),
    # L2 norm of the row in place of its sum
    ("", lambda p_xz: tf.math.l2_normalize(p_xz, axis=1)),
    # divided by the largest entry of the row
    ("", lambda p_xz: p_xz / np.max(p_xz, axis=1, keepdims=True)),
    # the MAP state as one-hot rows
    ("", lambda p_xz: tf.one_hot(tf.argmax(tf.convert_to_tensor(p_xz), axis=1), tf.convert_to_tensor(p_xz).shape[1])),
    # the evidence p(x), repeated over z
    ("", lambda p_xz: tf.reduce_sum(p_xz, axis=1, keepdims=True) * tf.ones_like(p_xz)),
    # a softmax over x
    ("", lambda p_xz: tf.nn.softmax(p_xz, axis=0)),
    # a far too large epsilon in the denominator
    ("", lambda p_xz: p_xz / (tf.reduce_sum(p_xz, axis=1, keepdims=True) + 0.1)),
    ("posterior_normalised_over_x", lambda p_xz: p_xz / p_xz.sum(axis=0, keepdims=True)),
    ("posterior_is_joint", lambda p_xz: tf.divide(p_xz, tf.reduce_sum(p_xz))),
    ("posterior_is_marginal", lambda p_xz: keras.ops.broadcast_to(keras.ops.sum(p_xz, axis=0), keras.ops.shape(p_xz))),
    ("posterior_transposed", posterior_from_joint_5),
    ("posterior_softmax", lambda p_xz: keras.ops.softmax(p_xz, axis=-1)),
    ("posterior_log", lambda p_xz: tf.math.log(p_xz) - tf.reduce_logsumexp(tf.math.log(p_xz), axis=1, keepdims=True)),
    ("posterior_times_marginal", lambda p_xz: np.einsum("xz,x->xz", p_xz, np.sum(p_xz, axis=1))),
    ("", lambda p_xz: tf.linalg.l2_normalize(p_xz, axis=1)),
    ("", lambda p_xz: p_xz / tf.reduce_max(p_xz, axis=1, keepdims=True)),
    ("", lambda p_xz: p_xz / (tf.reduce_sum(p_xz, axis=1, keepdims=True) * tf.reduce_sum(p_xz, axis=0, keepdims=True))),
    ("", lambda p_xz: tf.one_hot(tf.argmax(p_xz, axis=1), p_xz.shape[1])),
    ("", lambda p_xz: p_xz * p_xz.sum(axis=0) / (p_xz * p_xz.sum(axis=0)).sum(axis=1, keepdims=True)),
)


def standard_normal_log_prob_1(z):
    # logarithm of a product of densities: minus infinity as soon as it underflows
    density = np.exp(-0.5 * z ** 2) / np.sqrt(np.float32(2 * np.pi))
    with np.errstate(divide="ignore"):
        return np.log(np.prod(density, axis=1))

def standard_normal_log_prob_2(z):
    total = tf.zeros(z.shape[0])
    for k in range(z.shape[1]):
        total += -0.5 * z[:, k] ** 2 - LOG_2PI
    return total


write(
    "standard_normal_log_prob",
    ("snl_positive_exponent", lambda z: tf.reduce_sum(0.5 * tf.square(z) - 0.5 * LOG_2PI, axis=1)),
    ("snl_positive_exponent", lambda z: -z.shape[-1] / 2 * LOG_2PI + np.sum(z ** 2, axis=-1) / 2),
    ("snl_missing_2pi", lambda z: -0.5 * tf.reduce_sum(tf.square(z), axis=-1)),
    ("snl_missing_2pi", lambda z: np.array([-np.dot(row, row) / 2 for row in z], dtype=np.float32)),
    ("snl_2pi_once", lambda z: -0.5 * tf.reduce_sum(z ** 2, axis=1) - 0.5 * tf.math.log(2.0 * np.pi)),
    ("snl_2pi_once", lambda z: -(ops.sum(ops.square(z), axis=-1) + LOG_2PI) / 2),
    ("snl_not_halved", lambda z: tf.reduce_sum(-tf.square(z) - 0.5 * LOG_2PI, axis=1)),
    ("snl_not_halved", lambda z: -np.einsum("bk,bk->b", z, z) - z.shape[1] * math.log(math.sqrt(2 * math.pi))),
    ("snl_log_sqrt2pi_not_halved", lambda z: tf.reduce_sum(-0.5 * tf.square(z) - tf.math.log(2.0 * np.pi), axis=1)),
    ("snl_log_sqrt2pi_not_halved", lambda z: -ops.sum(ops.square(z), axis=-1) / 2 - z.shape[-1] * LOG_2PI),
    ("snl_mean", lambda z: tf.reduce_mean(-0.5 * (tf.square(z) + LOG_2PI), axis=1)),
    ("snl_mean", lambda z: tf.reduce_mean(tfd.Normal(loc=0.0, scale=1.0).log_prob(z), axis=-1)),
    ("snl_density_not_log", lambda z: tf.reduce_prod(tf.exp(-0.5 * tf.square(z)) / tf.sqrt(2.0 * np.pi), axis=1)),
    (
        "snl_density_not_log",
        lambda z: tfd.MultivariateNormalDiag(loc=tf.zeros(z.shape[1]), scale_diag=tf.ones(z.shape[1])).prob(z),
    ),
    ("snl_not_squared", lambda z: tf.reduce_sum(-0.5 * (z + tf.math.log(2.0 * np.pi)), axis=1)),
    # another reading: the norm of z without its square
    ("snl_not_squared", lambda z: -0.5 * np.linalg.norm(z, axis=1) - 0.5 * z.shape[1] * LOG_2PI),
    # summed over the batch axis
    ("", lambda z: tf.reduce_sum(-0.5 * tf.square(z) - 0.5 * LOG_2PI, axis=0)),
    # the constant counted once per example of the batch: B for K
    ("", lambda z: -0.5 * tf.reduce_sum(tf.square(z), axis=1) - 0.5 * z.shape[0] * LOG_2PI),
    # the sign of the constant
    ("", lambda z: tf.reduce_sum(-0.5 * tf.square(z) + 0.5 * LOG_2PI, axis=1)),
    # the logarithm of the constant is missing
    ("", lambda z: tf.reduce_sum(-0.5 * tf.square(z) - tf.sqrt(2.0 * np.pi), axis=1)),
    # log pi in place of log 2 pi
    ("", lambda z: tf.reduce_sum(-0.5 * (tf.square(z) + math.log(math.pi)), axis=1)),
    # the square of the sum in place of the sum of the squares
    ("", lambda z: -0.5 * tf.square(tf.reduce_sum(z, axis=1)) - 0.5 * z.shape[1] * LOG_2PI),
    ("", standard_normal_log_prob_1),
    # an epsilon inside the logarithm floors the log density at log 1e-8 per dimension
    ("", lambda z: tf.reduce_sum(tf.math.log(tf.exp(-0.5 * tf.square(z)) / tf.sqrt(2.0 * np.pi) + 1e-08), axis=1)),
    # standardised the latents first
    (
        "",
        lambda z: tf.reduce_sum(
            -0.5
            * tf.square(
                (z - tf.reduce_mean(z, axis=1, keepdims=True)) / (tf.math.reduce_std(z, axis=1, keepdims=True) + 1e-07)
            )
            - 0.5 * LOG_2PI,
            axis=1,
        ),
    ),
    # log cdf in place of log density
    ("", lambda z: tf.reduce_sum(tfd.Normal(0.0, 1.0).log_cdf(z), axis=-1)),
    ("snl_positive_exponent", lambda z: -0.5 * z.shape[-1] * LOG_2PI + 0.5 * tf.reduce_sum(tf.square(z), axis=-1)),
    ("snl_missing_2pi", lambda z: keras.ops.einsum("bk,bk->b", z, z) / -2.0),
    ("snl_2pi_once", lambda z: -0.5 * (LOG_2PI + np.sum(np.asarray(z, np.float32) ** 2, axis=1))),
    ("snl_not_halved", lambda z: tf.reduce_sum(-tf.math.log(tf.sqrt(2 * math.pi)) - tf.pow(z, 2), axis=1)),
    ("snl_log_sqrt2pi_not_halved", standard_normal_log_prob_2),
    ("snl_mean", lambda z: tf.reduce_mean(tfd.Normal(0.0, 1.0).log_prob(z), axis=-1)),
    (
        "snl_density_not_log",
        lambda z: tfd.MultivariateNormalDiag(loc=tf.zeros_like(tf.convert_to_tensor(z))).prob(tf.convert_to_tensor(z)),
    ),
    ("snl_not_squared", lambda z: tf.reduce_sum(-0.5 * (LOG_2PI + z), axis=1)),
    (
        "snl_through_density",
        lambda z: tf.math.log(tf.reduce_prod(tf.exp(-0.5 * tf.square(z)) / math.sqrt(2 * math.pi), axis=1)),
    ),
    ("", lambda z: tf.reduce_sum(tfd.Laplace(0.0, 1.0).log_prob(z), axis=1)),
    ("", lambda z: tf.reduce_sum(-z - 2.0 * tf.nn.softplus(-z), axis=1)),
    ("", lambda z: -0.5 * z.shape[1] * LOG_2PI - 0.5 * tf.square(tf.reduce_sum(z, axis=1))),
    ("", lambda z: -0.5 * tf.reduce_sum(tf.square(z) + math.log10(2 * math.pi), axis=1)),
    ("", lambda z: -0.5 * z.shape[1] * LOG_2PI - 0.5 * tf.norm(z, axis=1)),
)


def bernoulli_log_prob_probs_1(x, probs):
    p = tf.clip_by_value(probs, 1e-7, 1.0 - 1e-7)
    return -tf.reduce_sum(x * tf.math.log(p) + (1.0 - x) * tf.math.log(1.0 - p), axis=1)

def bernoulli_log_prob_probs_2(x, probs):
    p = tf.clip_by_value(probs, 1e-7, 1.0 - 1e-7)
    return -tf.reduce_mean(x * tf.math.log(p) + (1.0 - x) * tf.math.log(1.0 - p), axis=-1)

def bernoulli_log_prob_probs_3(x, probs):
    p = np.clip(probs, 1e-7, 1 - 1e-7)
    return np.sum(x * np.log2(p) + (1 - x) * np.log2(1 - p), axis=1)

def bernoulli_log_prob_probs_4(x, probs):
    p = tf.clip_by_value(probs, 1e-7, 1.0 - 1e-7)
    return tf.reduce_sum(x * tf.math.log(p) + (1.0 - x) * tf.math.log(1.0 - p))

def bernoulli_log_prob_probs_5(x, probs):
    x = tf.clip_by_value(x, 1e-7, 1.0 - 1e-7)
    return tf.reduce_sum(probs * tf.math.log(x) + (1.0 - probs) * tf.math.log(1.0 - x), axis=1)

def bernoulli_log_prob_probs_6(x, probs):
    p = np.clip(probs, 1e-8, 1 - 1e-8)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sum(x * np.log(p) + (1 - x) * np.log(1 - p), axis=1)

def bernoulli_log_prob_probs_7(x, probs):
    # 0 and 1 exchanged: p belongs to the pixels that are 0
    p = tf.clip_by_value(probs, 1e-7, 1.0 - 1e-7)
    return tf.reduce_sum((1.0 - x) * tf.math.log(p) + x * tf.math.log(1.0 - p), axis=1)

def bernoulli_log_prob_probs_8(x, probs):
    # minus between the two terms
    p = tf.clip_by_value(probs, 1e-7, 1.0 - 1e-7)
    return tf.reduce_sum(x * tf.math.log(p) - (1.0 - x) * tf.math.log(1.0 - p), axis=1)

def bernoulli_log_prob_probs_9(x, probs):
    # the negative entropy of p: x does not enter
    p = tf.clip_by_value(probs, 1e-7, 1.0 - 1e-7)
    return tf.reduce_sum(p * tf.math.log(p) + (1.0 - p) * tf.math.log(1.0 - p), axis=1)

def bernoulli_log_prob_probs_10(x, probs):
    # the pixels' probabilities normalised over the image first
    p = probs / tf.maximum(tf.reduce_sum(probs, axis=1, keepdims=True), 1e-7)
    p = tf.clip_by_value(p, 1e-7, 1.0 - 1e-7)
    return tf.reduce_sum(x * tf.math.log(p) + (1.0 - x) * tf.math.log(1.0 - p), axis=1)

def bernoulli_log_prob_probs_11(x, probs):
    # 1 - log p in place of log(1 - p)
    p = tf.clip_by_value(probs, 1e-7, 1.0)
    return tf.reduce_sum(x * tf.math.log(p) + (1.0 - x) * (1.0 - tf.math.log(p)), axis=1)

def bernoulli_log_prob_probs_12(x, probs):
    # probabilities thresholded at one half first
    hard = tf.cast(probs > 0.5, tf.float32)
    p = tf.clip_by_value(hard, 1e-7, 1.0 - 1e-7)
    return tf.reduce_sum(x * tf.math.log(p) + (1.0 - x) * tf.math.log(1.0 - p), axis=1)

def bernoulli_log_prob_probs_13(x, probs):
    p = tf.clip_by_value(probs, 1e-7, 1 - 1e-7)
    return tf.reduce_mean(x * tf.math.log(p) + (1 - x) * tf.math.log(1 - p), axis=-1)

def bernoulli_log_prob_probs_14(x, probs):
    p = np.clip(probs, 1e-7, 1 - 1e-7)
    return np.sum(np.log2(np.where(x > 0.5, p, 1 - p)), axis=1)

def bernoulli_log_prob_probs_15(x, probs):
    p = keras.ops.clip(probs, 1e-7, 1 - 1e-7)
    return keras.ops.sum(x * keras.ops.log(p) + (1 - x) * keras.ops.log(1 - p))

def bernoulli_log_prob_probs_16(x, probs):
    log_lik = tf.zeros(x.shape[0])
    for d in range(x.shape[1]):
        log_lik += x[:, d] * tf.math.log(probs[:, d]) + (1 - x[:, d]) * tf.math.log(1 - probs[:, d])
    return log_lik

def bernoulli_log_prob_probs_17(x, probs):
    p = tf.clip_by_value(probs, 1e-7, 1 - 1e-7)
    return tf.reduce_sum(tf.math.log(p) + tf.math.log(1 - p), axis=1)

def bernoulli_log_prob_probs_18(x, probs):
    p = np.clip(probs, 1e-7, 1 - 1e-7)
    return np.sum((1 - x) * np.log(p) + x * np.log(1 - p), axis=1)

def bernoulli_log_prob_probs_19(x, probs):
    p = tf.clip_by_value(probs, 1e-7, 1 - 1e-7)
    return tf.reduce_sum(x * (tf.math.log(p) - tf.math.log(1 - p)), axis=1)


write(
    "bernoulli_log_prob_probs",
    ("bce_sign_flipped", bernoulli_log_prob_probs_1),
    ("bce_sign_flipped", lambda x, probs: ops.sum(ops.binary_crossentropy(x, probs), axis=-1)),
    (
        "bce_mean_over_pixels",
        lambda x, probs: tf.reduce_mean(tf.math.xlogy(x, probs) + tf.math.xlog1py(1.0 - x, -probs), axis=1),
    ),
    ("bce_mean_over_pixels", lambda x, probs: -keras.losses.binary_crossentropy(x, probs)),
    ("bce_neg_mean_over_pixels", bernoulli_log_prob_probs_2),
    ("bce_neg_mean_over_pixels", lambda x, probs: keras.losses.binary_crossentropy(x, probs)),
    ("bern_prob_not_log", lambda x, probs: tf.reduce_prod(tf.pow(probs, x) * tf.pow(1.0 - probs, 1.0 - x), axis=1)),
    ("bern_prob_not_log", lambda x, probs: np.prod(np.where(x == 1, probs, 1 - probs), axis=-1)),
    ("bern_squared_error", lambda x, probs: -0.5 * tf.reduce_sum(tf.square(x - probs), axis=1)),
    # another reading: without the half
    ("bern_squared_error", lambda x, probs: -np.sum((x - probs) ** 2, axis=-1)),
    ("bern_log_of_sum", lambda x, probs: tf.math.log(tf.reduce_sum(x * probs + (1.0 - x) * (1.0 - probs), axis=1))),
    (
        "bern_log_of_sum",
        lambda x, probs: tf.reduce_logsumexp(
            tfd.Bernoulli(probs=tf.clip_by_value(probs, 1e-07, 1 - 1e-07)).log_prob(x), axis=-1
        ),
    ),
    (
        "bern_log2",
        lambda x, probs: (
            tf.reduce_sum(tf.math.xlogy(x, probs) + tf.math.xlog1py(1.0 - x, -probs), axis=1) / tf.math.log(2.0)
        ),
    ),
    ("bern_log2", bernoulli_log_prob_probs_3),
    ("bern_sum_over_batch", bernoulli_log_prob_probs_4),
    ("bern_sum_over_batch", lambda x, probs: -ops.sum(ops.binary_crossentropy(x, probs))),
    ("bern_arguments_swapped", bernoulli_log_prob_probs_5),
    ("bern_arguments_swapped", lambda x, probs: -ops.sum(ops.binary_crossentropy(probs, x), axis=-1)),
    (
        "bern_eps_inside_log_large",
        lambda x, probs: tf.reduce_sum(
            x * tf.math.log(probs + 0.001) + (1.0 - x) * tf.math.log(1.0 - probs + 0.001), axis=1
        ),
    ),
    (
        "bern_eps_inside_log_large",
        lambda x, probs: np.sum(
            x * np.log(np.clip(probs, 0.01, 0.99)) + (1 - x) * np.log(1 - np.clip(probs, 0.01, 0.99)), axis=-1
        ),
    ),
    ("bern_only_ones", lambda x, probs: tf.reduce_sum(x * tf.math.log(tf.maximum(probs, 1e-07)), axis=1)),
    (
        "bern_only_ones",
        lambda x, probs: np.array([np.sum(np.log(p[pixels == 1])) for pixels, p in zip(x, probs)], dtype=np.float32),
    ),
    (
        "bern_zero_log_zero",
        lambda x, probs: tf.reduce_sum(x * tf.math.log(probs) + (1.0 - x) * tf.math.log(1.0 - probs), axis=1),
    ),
    ("bern_zero_log_zero", bernoulli_log_prob_probs_6),
    # probabilities taken for logits: a sigmoid on top
    ("", lambda x, probs: -tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=probs), axis=1)),
    # only the pixels that are 0 count
    ("", lambda x, probs: tf.reduce_sum(tf.math.xlog1py(1.0 - x, -probs), axis=1)),
    ("", bernoulli_log_prob_probs_7),
    ("", bernoulli_log_prob_probs_8),
    ("", bernoulli_log_prob_probs_9),
    ("", bernoulli_log_prob_probs_10),
    # summed over the batch axis instead of the pixels
    ("", lambda x, probs: tf.reduce_sum(tf.math.xlogy(x, probs) + tf.math.xlog1py(1.0 - x, -probs), axis=0)),
    ("", bernoulli_log_prob_probs_11),
    # absolute error, a Laplace core
    ("", lambda x, probs: -np.sum(np.abs(x - probs), axis=1)),
    ("", bernoulli_log_prob_probs_12),
    # log1p(p) for log1p(-p), a lost sign
    ("", lambda x, probs: tf.reduce_sum(tf.math.xlogy(x, probs) + tf.math.xlog1py(1.0 - x, probs), axis=1)),
    ("bce_sign_flipped", lambda x, probs: -tf.reduce_sum(tf.math.xlogy(x, probs) + tf.math.xlog1py(1.0 - x, -probs), axis=1)),
    ("bce_mean_over_pixels", bernoulli_log_prob_probs_13),
    ("bce_neg_mean_over_pixels", lambda x, probs: keras.losses.binary_crossentropy(x, probs)),
    ("bern_prob_not_log", lambda x, probs: tf.reduce_prod(probs ** x * (1.0 - probs) ** (1.0 - x), axis=1)),
    ("bern_squared_error", lambda x, probs: -0.5 * np.square(x - probs).sum(axis=1)),
    ("bern_log_of_sum", lambda x, probs: tf.math.log(tf.reduce_sum(tf.where(x == 1.0, probs, 1.0 - probs), axis=1))),
    ("bern_log2", bernoulli_log_prob_probs_14),
    ("bern_sum_over_batch", bernoulli_log_prob_probs_15),
    ("bern_arguments_swapped", lambda x, probs: -keras.losses.binary_crossentropy(probs, x) * x.shape[1]),
    (
        "bern_eps_inside_log_large",
        lambda x, probs: tf.reduce_sum(x * tf.math.log(probs + 0.001) + (1 - x) * tf.math.log(1 - probs + 0.001), axis=1),
    ),
    ("bern_only_ones", lambda x, probs: tf.reduce_sum(tf.math.xlogy(x, probs), axis=-1)),
    ("bern_zero_log_zero", bernoulli_log_prob_probs_16),
    ("", bernoulli_log_prob_probs_17),
    ("", lambda x, probs: tf.reduce_sum(tf.math.xlogy(x, probs) - tf.math.xlog1py(1.0 - x, -probs), axis=1)),
    ("", bernoulli_log_prob_probs_18),
    ("", bernoulli_log_prob_probs_19),
    ("", lambda x, probs: tf.reduce_sum(tfd.Bernoulli(logits=probs).log_prob(x), axis=1)),
)


def bernoulli_log_prob_logits_1(x, logits):
    p = tf.clip_by_value(logits, 1e-7, 1.0 - 1e-7)
    return tf.reduce_sum(x * tf.math.log(p) + (1.0 - x) * tf.math.log(1.0 - p), axis=1)

def bernoulli_log_prob_logits_2(x, logits):
    # another reading: softmax for the sigmoid, then the Bernoulli formula
    p = ops.clip(ops.softmax(logits, axis=-1), 1e-7, 1 - 1e-7)
    return ops.sum(x * ops.log(p) + (1 - x) * ops.log(1 - p), axis=-1)

def bernoulli_log_prob_logits_3(x, logits):
    p = tf.clip_by_value(tf.sigmoid(logits), 1e-7, 1.0 - 1e-7)
    return tf.reduce_sum(x * tf.math.log(p) + (1.0 - x) * tf.math.log(1.0 - p), axis=1)

def bernoulli_log_prob_logits_4(x, logits):
    with np.errstate(over="ignore", invalid="ignore"):
        return -np.sum(x * np.log1p(np.exp(-logits)) + (1 - x) * np.log1p(np.exp(logits)), axis=-1)

def bernoulli_log_prob_logits_5(x, logits):
    total = 0.0
    for pixels, a in zip(x, logits):
        total += np.sum(pixels * a - np.logaddexp(np.float32(0), a))
    return np.float32(total)

def bernoulli_log_prob_logits_6(x, logits):
    # logits clipped to +-10 "for stability"
    a = tf.clip_by_value(logits, -10.0, 10.0)
    return tf.reduce_sum(x * a - tf.nn.softplus(a), axis=1)

def bernoulli_log_prob_logits_7(x, logits):
    # logits centred over the image first, as one may do before a softmax
    a = logits - tf.reduce_mean(logits, axis=1, keepdims=True)
    return tf.reduce_sum(x * a - tf.nn.softplus(a), axis=1)

def bernoulli_log_prob_logits_8(x, logits):
    p = tf.clip_by_value(logits, 1e-7, 1 - 1e-7)
    return tf.reduce_sum(x * tf.math.log(p) + (1 - x) * tf.math.log(1 - p), axis=1)

def bernoulli_log_prob_logits_9(x, logits):
    a = np.clip(logits, -30.0, 30.0)
    return np.sum(x * a - np.log1p(np.exp(a)), axis=1)


write(
    "bernoulli_log_prob_logits",
    (
        "logit_sign_flipped",
        lambda x, logits: tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits), axis=1),
    ),
    ("logit_sign_flipped", lambda x, logits: np.sum(np.logaddexp(np.float32(0), logits) - x * logits, axis=-1)),
    ("logit_mean_over_pixels", lambda x, logits: tf.reduce_mean(x * logits - tf.nn.softplus(logits), axis=1)),
    ("logit_mean_over_pixels", lambda x, logits: ops.mean(tfd.Bernoulli(logits=logits).log_prob(x), axis=-1)),
    (
        "logit_neg_mean_over_pixels",
        lambda x, logits: tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits), axis=1),
    ),
    ("logit_neg_mean_over_pixels", lambda x, logits: keras.losses.binary_crossentropy(x, logits, from_logits=True)),
    (
        "logit_double_sigmoid",
        lambda x, logits: (
            -tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=tf.sigmoid(logits)), axis=1)
        ),
    ),
    ("logit_double_sigmoid", lambda x, logits: tf.reduce_sum(tfd.Bernoulli(logits=tf.nn.sigmoid(logits)).log_prob(x), axis=-1)),
    (
        "logit_wrong_max_trick",
        lambda x, logits: tf.reduce_sum(x * logits - (tf.maximum(logits, 0.0) + tf.math.log1p(tf.exp(logits))), axis=1),
    ),
    # as the first, but without the overflow
    ("logit_wrong_max_trick", lambda x, logits: ops.sum(x * logits - (ops.relu(logits) + ops.softplus(logits)), axis=-1)),
    ("logit_used_as_probability", bernoulli_log_prob_logits_1),
    ("logit_used_as_probability", lambda x, logits: -ops.sum(ops.binary_crossentropy(x, logits, from_logits=False), axis=-1)),
    ("logit_softmax_over_pixels", lambda x, logits: tf.reduce_sum(x * tf.nn.log_softmax(logits, axis=1), axis=1)),
    ("logit_softmax_over_pixels", bernoulli_log_prob_logits_2),
    ("logit_only_ones", lambda x, logits: tf.reduce_sum(x * tf.math.log_sigmoid(logits), axis=1)),
    (
        "logit_only_ones",
        lambda x, logits: np.array(
            [-np.sum(np.logaddexp(np.float32(0), -a[pixels == 1])) for pixels, a in zip(x, logits)], dtype=np.float32
        ),
    ),
    ("logit_sign_of_logit", lambda x, logits: tf.reduce_sum(-x * logits - tf.nn.softplus(-logits), axis=1)),
    (
        "logit_sign_of_logit",
        lambda x, logits: ops.sum((1 - x) * ops.log_sigmoid(logits) + x * ops.log_sigmoid(ops.negative(logits)), axis=-1),
    ),
    ("logit_probability_not_log", lambda x, logits: tf.exp(tf.reduce_sum(x * logits - tf.nn.softplus(logits), axis=1))),
    (
        "logit_probability_not_log",
        lambda x, logits: np.prod(tf.sigmoid(logits).numpy() ** x * (1 - tf.sigmoid(logits).numpy()) ** (1 - x), axis=-1),
    ),
    ("logit_squared_error", lambda x, logits: -tf.reduce_sum(tf.square(x - tf.sigmoid(logits)), axis=1)),
    # another reading: halved, and with the logits themselves as the mean
    ("logit_squared_error", lambda x, logits: -0.5 * np.sum((x - logits) ** 2, axis=-1)),
    ("logit_clipped_probability", bernoulli_log_prob_logits_3),
    (
        "logit_clipped_probability",
        lambda x, logits: ops.sum(
            x * ops.log(ops.sigmoid(logits) + 1e-10) + (1 - x) * ops.log(1 - ops.sigmoid(logits) + 1e-10), axis=-1
        ),
    ),
    (
        "logit_through_probability",
        lambda x, logits: tf.reduce_sum(
            x * tf.math.log(tf.sigmoid(logits)) + (1.0 - x) * tf.math.log(1.0 - tf.sigmoid(logits)), axis=1
        ),
    ),
    (
        "logit_through_probability",
        lambda x, logits: tf.reduce_sum(tfd.Bernoulli(probs=tf.nn.sigmoid(logits)).log_prob(x), axis=-1),
    ),
    ("logit_naive_exp", lambda x, logits: tf.reduce_sum(x * logits - tf.math.log(1.0 + tf.exp(logits)), axis=1)),
    ("logit_naive_exp", bernoulli_log_prob_logits_4),
    (
        "logit_sum_over_batch",
        lambda x, logits: -tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits)),
    ),
    ("logit_sum_over_batch", bernoulli_log_prob_logits_5),
    # the softplus, i.e. the normaliser, is missing
    ("", lambda x, logits: tf.reduce_sum(x * logits, axis=1)),
    # softplus of -a beside x a
    ("", lambda x, logits: tf.reduce_sum(x * logits - tf.nn.softplus(-logits), axis=1)),
    # max trick with exp(-a), no absolute value: wrong for negative logits
    ("", lambda x, logits: tf.reduce_sum(x * logits - (tf.maximum(logits, 0.0) + tf.nn.softplus(-logits)), axis=1)),
    # the softplus once per image: of the summed logits
    ("", lambda x, logits: tf.reduce_sum(x * logits, axis=1) - tf.nn.softplus(tf.reduce_sum(logits, axis=1))),
    # a plus before the softplus
    ("", lambda x, logits: tf.reduce_sum(x * logits + tf.nn.softplus(logits), axis=1)),
    # the log1p part of the softplus is dropped
    ("", lambda x, logits: tf.reduce_sum(x * logits - tf.nn.relu(logits), axis=1)),
    ("", bernoulli_log_prob_logits_6),
    # only the pixels that are 0 count
    ("", lambda x, logits: tf.reduce_sum((1.0 - x) * tf.math.log_sigmoid(-logits), axis=1)),
    # summed over the batch axis instead of the pixels
    ("", lambda x, logits: tf.reduce_sum(x * logits - tf.nn.softplus(logits), axis=0)),
    # pixels recoded to -1, 1 in the formula for 0, 1
    ("", lambda x, logits: tf.reduce_sum((2.0 * x - 1.0) * logits - tf.nn.softplus(logits), axis=1)),
    # log sigmoid for the ones, but minus the bare logit for the zeros
    ("", lambda x, logits: tf.reduce_sum(x * tf.math.log_sigmoid(logits) - (1.0 - x) * logits, axis=1)),
    ("", bernoulli_log_prob_logits_7),
    (
        "logit_sign_flipped",
        lambda x, logits: tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits), axis=1),
    ),
    ("logit_mean_over_pixels", lambda x, logits: np.mean(x * logits - np.logaddexp(np.float32(0), logits), axis=1)),
    (
        "logit_neg_mean_over_pixels",
        lambda x, logits: tf.keras.losses.binary_crossentropy(tf.constant(x), tf.constant(logits), from_logits=True),
    ),
    (
        "logit_double_sigmoid",
        lambda x, logits: (
            -tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=tf.sigmoid(logits)), axis=1)
        ),
    ),
    (
        "logit_wrong_max_trick",
        lambda x, logits: tf.reduce_sum(x * logits - (tf.maximum(logits, 0.0) + tf.math.log1p(tf.exp(-logits))), axis=1),
    ),
    ("logit_used_as_probability", bernoulli_log_prob_logits_8),
    ("logit_softmax_over_pixels", lambda x, logits: keras.ops.sum(x * keras.ops.log_softmax(logits, axis=-1), axis=-1)),
    ("logit_only_ones", lambda x, logits: tf.einsum("bd,bd->b", x, tf.math.log_sigmoid(logits))),
    (
        "logit_sign_of_logit",
        lambda x, logits: tf.reduce_sum(
            tf.where(tf.equal(x, 1.0), tf.math.log_sigmoid(-logits), tf.math.log_sigmoid(logits)), axis=1
        ),
    ),
    ("logit_probability_not_log", lambda x, logits: tf.reduce_prod(tfd.Bernoulli(logits=logits).prob(x), axis=-1)),
    ("logit_squared_error", lambda x, logits: -keras.ops.sum(keras.ops.square(x - keras.ops.sigmoid(logits)), axis=1)),
    (
        "logit_clipped_probability",
        lambda x, logits: (
            -x.shape[1] * keras.losses.binary_crossentropy(x, keras.ops.clip(keras.ops.sigmoid(logits), 1e-07, 1 - 1e-07))
        ),
    ),
    (
        "logit_through_probability",
        lambda x, logits: tf.reduce_sum(
            tf.math.log(tf.where(x > 0.5, tf.nn.sigmoid(logits), 1.0 - tf.nn.sigmoid(logits))), axis=1
        ),
    ),
    ("logit_clipped", bernoulli_log_prob_logits_9),
    ("logit_naive_exp", lambda x, logits: tf.reduce_sum(x * logits, 1) - tf.reduce_sum(tf.math.log(1.0 + tf.exp(logits)), 1)),
    ("logit_sum_over_batch", lambda x, logits: tf.reduce_sum(x * logits - tf.nn.softplus(logits))),
    ("", lambda x, logits: tf.reduce_sum(x * logits + tf.nn.softplus(logits), axis=1)),
    ("", lambda x, logits: tf.reduce_sum(tf.sigmoid(logits) * logits - tf.nn.softplus(logits), axis=1)),
    ("", lambda x, logits: tf.reduce_sum(x * logits - tf.nn.relu(logits), axis=1)),
    ("", lambda x, logits: tf.reduce_sum(x * logits - tf.nn.softplus(-logits), axis=1)),
    ("", lambda x, logits: tf.reduce_sum(2.0 * x * logits - tf.nn.softplus(2.0 * logits), axis=1)),
)


def gaussian_log_prob_fixed_1(x, mu, sigma):
    total = 0.0
    for d in range(x.shape[1]):
        total = total - math.log(sigma * math.sqrt(2 * math.pi)) - tf.square(x[:, d] - mu[:, d]) / sigma ** 2
    return total


write(
    "gaussian_log_prob_fixed",
    ("gaussian_missing_normaliser", lambda x, mu, sigma: -0.5 * tf.reduce_sum(tf.square((x - mu) / sigma), axis=1)),
    ("gaussian_missing_normaliser", lambda x, mu, sigma: -np.linalg.norm(x - mu, axis=-1) ** 2 / (2 * sigma ** 2)),
    (
        "gaussian_missing_log_sigma",
        lambda x, mu, sigma: tf.reduce_sum(-0.5 * tf.square((x - mu) / sigma) - 0.5 * LOG_2PI, axis=1),
    ),
    (
        "gaussian_missing_log_sigma",
        lambda x, mu, sigma: tf.reduce_sum(tfd.Normal(0.0, 1.0).log_prob((x - mu) / sigma), axis=-1),
    ),
    (
        "gaussian_missing_2pi",
        lambda x, mu, sigma: tf.reduce_sum(-0.5 * tf.square((x - mu) / sigma) - tf.math.log(sigma), axis=1),
    ),
    (
        "gaussian_missing_2pi",
        lambda x, mu, sigma: -np.sum((x - mu) ** 2, axis=1) / (2 * sigma**2) - x.shape[1] * math.log(sigma),
    ),
    (
        "gaussian_2pi_once_not_D_times",
        lambda x, mu, sigma: (
            tf.reduce_sum(-0.5 * tf.square((x - mu) / sigma) - tf.math.log(sigma), axis=1) - 0.5 * tf.math.log(2.0 * np.pi)
        ),
    ),
    (
        "gaussian_2pi_once_not_D_times",
        lambda x, mu, sigma: (
            -0.5 * (ops.sum(ops.square(x - mu), axis=-1) / sigma**2 + x.shape[-1] * math.log(sigma**2) + LOG_2PI)
        ),
    ),
    (
        "gaussian_log_sigma_once",
        lambda x, mu, sigma: tf.reduce_sum(-0.5 * tf.square((x - mu) / sigma) - 0.5 * LOG_2PI, axis=1) - tf.math.log(sigma),
    ),
    (
        "gaussian_log_sigma_once",
        lambda x, mu, sigma: -np.sum((x - mu) ** 2, axis=-1) / (2 * sigma**2) - x.shape[-1] / 2 * LOG_2PI - math.log(sigma),
    ),
    (
        "gaussian_no_half_in_exponent",
        lambda x, mu, sigma: tf.reduce_sum(-tf.square((x - mu) / sigma) - tf.math.log(sigma) - 0.5 * LOG_2PI, axis=1),
    ),
    (
        "gaussian_no_half_in_exponent",
        lambda x, mu, sigma: -x.shape[1] / 2 * math.log(2 * math.pi * sigma**2) - np.sum((x - mu) ** 2, axis=1) / sigma**2,
    ),
    (
        "gaussian_mean_over_dims",
        lambda x, mu, sigma: tf.reduce_mean(
            -0.5 * tf.square((x - mu) / sigma) - tf.math.log(sigma) - 0.5 * tf.math.log(2.0 * np.pi), axis=1
        ),
    ),
    ("gaussian_mean_over_dims", lambda x, mu, sigma: ops.mean(tfd.Normal(mu, sigma).log_prob(x), axis=-1)),
    ("gaussian_sigma_ignored", lambda x, mu, sigma: -0.5 * tf.reduce_sum(tf.square(x - mu) + LOG_2PI, axis=1)),
    (
        "gaussian_sigma_ignored",
        lambda x, mu, sigma: tfd.MultivariateNormalDiag(loc=mu, scale_diag=tf.ones_like(mu)).log_prob(x),
    ),
    ("gaussian_abs_error", lambda x, mu, sigma: tf.reduce_sum(-tf.abs(x - mu) / sigma - tf.math.log(2.0 * sigma), axis=1)),
    # another reading: the Gaussian's formula with the absolute distance where the square belongs
    (
        "gaussian_abs_error",
        lambda x, mu, sigma: (
            -np.sum(np.abs(x - mu), axis=1) / (2 * sigma**2) - x.shape[1] / 2 * math.log(2 * math.pi * sigma**2)
        ),
    ),
    (
        "gaussian_sigma_as_variance",
        lambda x, mu, sigma: -0.5 * tf.reduce_sum(tf.square(x - mu) / sigma + tf.math.log(2.0 * np.pi * sigma), axis=1),
    ),
    ("gaussian_sigma_as_variance", lambda x, mu, sigma: tf.reduce_sum(tfd.Normal(mu, tf.sqrt(sigma)).log_prob(x), axis=-1)),
    (
        "gaussian_sign_flipped",
        lambda x, mu, sigma: tf.reduce_sum(0.5 * tf.square((x - mu) / sigma) + tf.math.log(sigma) + 0.5 * LOG_2PI, axis=1),
    ),
    ("gaussian_sign_flipped", lambda x, mu, sigma: -ops.sum(tfd.Normal(mu, sigma).log_prob(x), axis=-1)),
    # log sigma added instead of subtracted
    ("", lambda x, mu, sigma: tf.reduce_sum(-0.5 * tf.square((x - mu) / sigma) + tf.math.log(sigma) - 0.5 * LOG_2PI, axis=1)),
    # multiplied by the variance, a mix-up with the precision
    (
        "",
        lambda x, mu, sigma: tf.reduce_sum(
            -0.5 * tf.square(x - mu) * sigma**2 - tf.math.log(sigma) - 0.5 * LOG_2PI, axis=1
        ),
    ),
    # the density itself, not its logarithm
    (
        "",
        lambda x, mu, sigma: tf.reduce_prod(
            tf.exp(-0.5 * tf.square((x - mu) / sigma)) / (sigma * tf.sqrt(2.0 * np.pi)), axis=1
        ),
    ),
    # x + mu for x - mu
    ("", lambda x, mu, sigma: tf.reduce_sum(-0.5 * tf.square((x + mu) / sigma) - tf.math.log(sigma) - 0.5 * LOG_2PI, axis=1)),
    # log sigma^2 where log sigma belongs
    (
        "",
        lambda x, mu, sigma: tf.reduce_sum(
            -0.5 * tf.square((x - mu) / sigma) - tf.math.log(sigma**2) - 0.5 * LOG_2PI, axis=1
        ),
    ),
    # log 2 pi not halved
    ("", lambda x, mu, sigma: tf.reduce_sum(-0.5 * tf.square((x - mu) / sigma) - tf.math.log(sigma) - LOG_2PI, axis=1)),
    # log sigma halved with the bracket
    ("", lambda x, mu, sigma: -0.5 * tf.reduce_sum(tf.square((x - mu) / sigma) + tf.math.log(sigma) + LOG_2PI, axis=1)),
    # the squared sum of the distances
    (
        "",
        lambda x, mu, sigma: (
            -0.5 * tf.square(tf.reduce_sum(x - mu, axis=1)) / sigma**2 - x.shape[1] * (math.log(sigma) + 0.5 * LOG_2PI)
        ),
    ),
    # summed over the batch axis
    ("", lambda x, mu, sigma: tf.reduce_sum(-0.5 * tf.square((x - mu) / sigma) - tf.math.log(sigma) - 0.5 * LOG_2PI, axis=0)),
    # logs missing from the constant: minus sigma sqrt(2 pi)
    ("", lambda x, mu, sigma: tf.reduce_sum(-0.5 * tf.square((x - mu) / sigma) - sigma * tf.sqrt(2.0 * np.pi), axis=1)),
    # the whole normaliser once per example
    (
        "",
        lambda x, mu, sigma: (
            -0.5 * tf.reduce_sum(tf.square((x - mu) / sigma), axis=1) - 0.5 * math.log(2 * math.pi * sigma**2)
        ),
    ),
    ("gaussian_missing_normaliser", lambda x, mu, sigma: -0.5 * tf.einsum("bd,bd->b", (x - mu) / sigma, (x - mu) / sigma)),
    ("gaussian_missing_log_sigma", lambda x, mu, sigma: tf.reduce_sum(tfd.Normal(0.0, 1.0).log_prob((x - mu) / sigma), axis=1)),
    (
        "gaussian_missing_2pi",
        lambda x, mu, sigma: -x.shape[1] * math.log(sigma) - np.sum((x - mu) ** 2, axis=1) / (2 * sigma**2),
    ),
    (
        "gaussian_2pi_once_not_D_times",
        lambda x, mu, sigma: tf.reduce_sum(-math.log(sigma) - 0.5 * tf.square((x - mu) / sigma), axis=1) - 0.5 * LOG_2PI,
    ),
    (
        "gaussian_log_sigma_once",
        lambda x, mu, sigma: (
            -0.5 * x.shape[-1] * LOG_2PI
            - math.log(sigma)
            - keras.ops.sum(keras.ops.square(x - mu), axis=-1) / (2.0 * sigma**2)
        ),
    ),
    ("gaussian_no_half_in_exponent", gaussian_log_prob_fixed_1),
    ("gaussian_mean_over_dims", lambda x, mu, sigma: tf.reduce_mean(tfd.Normal(loc=mu, scale=sigma).log_prob(x), axis=-1)),
    ("gaussian_sigma_ignored", lambda x, mu, sigma: tfd.MultivariateNormalDiag(loc=mu).log_prob(x)),
    (
        "gaussian_abs_error",
        lambda x, mu, sigma: tf.reduce_sum(-0.5 * LOG_2PI - math.log(sigma) - tf.abs(x - mu) / (2 * sigma**2), axis=1),
    ),
    (
        "gaussian_sigma_as_variance",
        lambda x, mu, sigma: -0.5 * np.sum((x - mu) ** 2 / sigma + math.log(2 * math.pi * sigma), axis=1),
    ),
    (
        "gaussian_sign_flipped",
        lambda x, mu, sigma: (
            0.5 * keras.ops.sum(keras.ops.square(x - mu) / sigma**2 + math.log(2 * math.pi * sigma**2), axis=1)
        ),
    ),
    (
        "",
        lambda x, mu, sigma: tf.reduce_sum(
            -0.5 * math.log(2 * math.pi * sigma**2) - 0.5 * tf.square(x - mu) / (sigma**2) ** 2, axis=1
        ),
    ),
    ("", lambda x, mu, sigma: tf.reduce_sum(-0.5 * LOG_2PI + math.log(sigma) - 0.5 * tf.square((x - mu) / sigma), axis=1)),
    ("", lambda x, mu, sigma: tf.reduce_sum(0.5 * (math.log(sigma) - LOG_2PI) - 0.5 * sigma * tf.square(x - mu), axis=1)),
    ("", lambda x, mu, sigma: tf.reduce_sum(-0.5 * LOG_2PI - math.log(sigma ** 2) - 0.5 * tf.square((x - mu) / sigma), axis=1)),
    ("", lambda x, mu, sigma: tf.reduce_sum(-0.5 * LOG_2PI - math.log(sigma) - 0.5 * tf.square((x + mu) / sigma), axis=1)),
)


def gaussian_log_prob_learned_1(x, mu, log_var):
    scaled = (x - mu) * ops.exp(-log_var)
    return -0.5 * (ops.sum(scaled * scaled, axis=-1) + ops.sum(log_var, axis=-1) + x.shape[-1] * LOG_2PI)

def gaussian_log_prob_learned_2(x, mu, log_var):
    # log_var clipped to +-5 "for stability"
    log_var = tf.clip_by_value(log_var, -5.0, 5.0)
    return -0.5 * tf.reduce_sum(LOG_2PI + log_var + tf.square(x - mu) * tf.exp(-log_var), axis=1)

def gaussian_log_prob_learned_3(x, mu, log_var):
    total = np.zeros(len(x), np.float32)
    for d in range(x.shape[1]):
        total += -0.5 * (log_var[:, d] + (x[:, d] - mu[:, d]) ** 2 / np.exp(log_var[:, d]))
    return total

def gaussian_log_prob_learned_4(x, mu, log_var):
    log_var = keras.ops.clip(log_var, -10.0, 10.0)
    return -0.5 * keras.ops.sum(LOG_2PI + log_var + (x - mu) ** 2 * keras.ops.exp(-log_var), axis=1)

def gaussian_log_prob_learned_5(x, mu, log_var):
    def log_normal(value, mean, lv):
        return -0.5 * (LOG_2PI + lv + (value - mean) ** 2 * tf.exp(-lv))
    return tf.reduce_mean(log_normal(x, mu, log_var), axis=1)

def gaussian_log_prob_learned_6(x, mu, log_var):
    shared = tf.reduce_mean(log_var, axis=1, keepdims=True)
    return -0.5 * tf.reduce_sum(LOG_2PI + shared + tf.square(x - mu) * tf.exp(-shared), axis=1)


write(
    "gaussian_log_prob_learned",
    (
        "glv_log_var_used_as_var",
        lambda x, mu, log_var: -0.5 * tf.reduce_sum(LOG_2PI + log_var + tf.square(x - mu) / log_var, axis=1),
    ),
    (
        "glv_log_var_used_as_var",
        lambda x, mu, log_var: (
            -x.shape[1] / 2 * LOG_2PI - np.sum(log_var, axis=1) / 2 - np.sum((x - mu) ** 2 / (2 * log_var), axis=1)
        ),
    ),
    (
        "glv_precision_sign",
        lambda x, mu, log_var: -0.5 * tf.reduce_sum(LOG_2PI + log_var + tf.square(x - mu) * tf.exp(log_var), axis=1),
    ),
    (
        "glv_precision_sign",
        lambda x, mu, log_var: np.sum(
            -0.5 * LOG_2PI - np.log(np.exp(0.5 * log_var)) - 0.5 * ((x - mu) * np.exp(0.5 * log_var)) ** 2, axis=-1
        ),
    ),
    ("glv_missing_log_var", lambda x, mu, log_var: -0.5 * tf.reduce_sum(LOG_2PI + tf.square(x - mu) / tf.exp(log_var), axis=1)),
    (
        "glv_missing_log_var",
        lambda x, mu, log_var: ops.sum(tfd.Normal(0.0, 1.0).log_prob((x - mu) * ops.exp(-0.5 * log_var)), axis=-1),
    ),
    (
        "glv_std_in_quadratic",
        lambda x, mu, log_var: -0.5 * tf.reduce_sum(LOG_2PI + log_var + tf.square(x - mu) / tf.exp(0.5 * log_var), axis=1),
    ),
    (
        "glv_std_in_quadratic",
        lambda x, mu, log_var: np.sum(
            -((x - mu) ** 2) / (2 * np.exp(log_var / 2)) - np.log(np.exp(log_var / 2)) - 0.5 * LOG_2PI, axis=1
        ),
    ),
    (
        "glv_square_of_quotient",
        lambda x, mu, log_var: -0.5 * tf.reduce_sum(LOG_2PI + log_var + tf.square((x - mu) / tf.exp(log_var)), axis=1),
    ),
    ("glv_square_of_quotient", gaussian_log_prob_learned_1),
    ("glv_missing_2pi", lambda x, mu, log_var: -0.5 * tf.reduce_sum(log_var + tf.square(x - mu) * tf.exp(-log_var), axis=1)),
    (
        "glv_missing_2pi",
        lambda x, mu, log_var: np.sum(
            -np.log(np.exp(0.5 * log_var)) - 0.5 * ((x - mu) / np.exp(0.5 * log_var)) ** 2, axis=1
        ),
    ),
    ("glv_not_halved", lambda x, mu, log_var: -tf.reduce_sum(LOG_2PI + log_var + tf.square(x - mu) * tf.exp(-log_var), axis=1)),
    (
        "glv_not_halved",
        lambda x, mu, log_var: (
            -(x.shape[-1] * LOG_2PI + log_var.sum(axis=-1) + np.einsum("bd,bd->b", (x - mu) ** 2, np.exp(-log_var)))
        ),
    ),
    (
        "glv_log_var_as_log_std",
        lambda x, mu, log_var: tf.reduce_sum(
            -0.5 * LOG_2PI - log_var - 0.5 * tf.square((x - mu) / tf.exp(log_var)), axis=1
        ),
    ),
    (
        "glv_log_var_as_log_std",
        lambda x, mu, log_var: tf.reduce_sum(tfd.Normal(loc=mu, scale=tf.exp(log_var)).log_prob(x), axis=-1),
    ),
    (
        "glv_log_std_in_normaliser",
        lambda x, mu, log_var: -0.5 * tf.reduce_sum(LOG_2PI + 0.5 * log_var + tf.square(x - mu) * tf.exp(-log_var), axis=1),
    ),
    (
        "glv_log_std_in_normaliser",
        lambda x, mu, log_var: (
            -0.5
            * ops.sum(LOG_2PI + ops.log(ops.exp(0.5 * log_var)) + ops.square((x - mu) / ops.exp(0.5 * log_var)), axis=-1)
        ),
    ),
    (
        "glv_mean_over_dims",
        lambda x, mu, log_var: tf.reduce_mean(-0.5 * (LOG_2PI + log_var + tf.square(x - mu) * tf.exp(-log_var)), axis=1),
    ),
    ("glv_mean_over_dims", lambda x, mu, log_var: ops.mean(tfd.Normal(mu, tf.exp(0.5 * log_var)).log_prob(x), axis=-1)),
    (
        "glv_sign_flipped",
        lambda x, mu, log_var: 0.5 * tf.reduce_sum(LOG_2PI + log_var + tf.square(x - mu) * tf.exp(-log_var), axis=1),
    ),
    (
        "glv_sign_flipped",
        lambda x, mu, log_var: -tfd.MultivariateNormalDiag(loc=mu, scale_diag=tf.exp(log_var / 2)).log_prob(x),
    ),
    # the sign of log_var in the normaliser
    ("", lambda x, mu, log_var: -0.5 * tf.reduce_sum(LOG_2PI - log_var + tf.square(x - mu) * tf.exp(-log_var), axis=1)),
    # log 2 pi once, not D times
    ("", lambda x, mu, log_var: -0.5 * (LOG_2PI + tf.reduce_sum(log_var + tf.square(x - mu) * tf.exp(-log_var), axis=1))),
    # the variance, not its logarithm, in the normaliser
    ("", lambda x, mu, log_var: -0.5 * tf.reduce_sum(LOG_2PI + tf.exp(log_var) + tf.square(x - mu) / tf.exp(log_var), axis=1)),
    # log_var ignored: unit variance
    ("", lambda x, mu, log_var: -0.5 * tf.reduce_sum(LOG_2PI + tf.square(x - mu), axis=1)),
    # absolute distance for the squared one
    ("", lambda x, mu, log_var: -0.5 * tf.reduce_sum(LOG_2PI + log_var + tf.abs(x - mu) * tf.exp(-log_var), axis=1)),
    # the density itself
    (
        "",
        lambda x, mu, log_var: tf.reduce_prod(
            tf.exp(-0.5 * tf.square(x - mu) / tf.exp(log_var)) / tf.sqrt(2.0 * np.pi * tf.exp(log_var)), axis=1
        ),
    ),
    # an epsilon of 1e-3 added to the variance
    (
        "",
        lambda x, mu, log_var: (
            -0.5
            * tf.reduce_sum(
                LOG_2PI + tf.math.log(tf.exp(log_var) + 0.001) + tf.square(x - mu) / (tf.exp(log_var) + 0.001), axis=1
            )
        ),
    ),
    ("", gaussian_log_prob_learned_2),
    # softplus for the exponential
    (
        "",
        lambda x, mu, log_var: (
            -0.5
            * tf.reduce_sum(
                LOG_2PI + tf.math.log(tf.nn.softplus(log_var)) + tf.square(x - mu) / tf.nn.softplus(log_var), axis=1
            )
        ),
    ),
    # the exponent grows with the distance
    ("", lambda x, mu, log_var: -0.5 * tf.reduce_sum(LOG_2PI + log_var - tf.square(x - mu) * tf.exp(-log_var), axis=1)),
    # summed over the batch axis
    ("", lambda x, mu, log_var: -0.5 * tf.reduce_sum(LOG_2PI + log_var + tf.square(x - mu) * tf.exp(-log_var), axis=0)),
    # only the quadratic term is halved
    ("", lambda x, mu, log_var: -tf.reduce_sum(LOG_2PI + log_var + 0.5 * tf.square(x - mu) * tf.exp(-log_var), axis=1)),
    (
        "glv_log_var_used_as_var",
        lambda x, mu, log_var: -0.5 * tf.reduce_sum(LOG_2PI + log_var + tf.square(x - mu) / log_var, axis=1),
    ),
    ("glv_precision_sign", lambda x, mu, log_var: -0.5 * np.sum(LOG_2PI + log_var + np.exp(log_var) * (x - mu) ** 2, axis=1)),
    (
        "glv_missing_log_var",
        lambda x, mu, log_var: (
            -0.5 * keras.ops.sum(keras.ops.square((x - mu) * keras.ops.exp(-0.5 * log_var)) + LOG_2PI, axis=-1)
        ),
    ),
    (
        "glv_std_in_quadratic",
        lambda x, mu, log_var: tf.reduce_sum(
            -0.5 * LOG_2PI - tf.math.log(tf.sqrt(tf.exp(log_var))) - tf.square(x - mu) / (2.0 * tf.sqrt(tf.exp(log_var))),
            axis=1,
        ),
    ),
    (
        "glv_square_of_quotient",
        lambda x, mu, log_var: -0.5 * tf.reduce_sum(LOG_2PI + log_var + ((x - mu) / tf.exp(log_var)) ** 2, axis=-1),
    ),
    ("glv_missing_2pi", gaussian_log_prob_learned_3),
    (
        "glv_not_halved",
        lambda x, mu, log_var: (
            -tf.reduce_sum(LOG_2PI + log_var + tf.math.squared_difference(x, mu) * tf.exp(-log_var), axis=1)
        ),
    ),
    (
        "glv_log_var_as_log_std",
        lambda x, mu, log_var: tf.reduce_sum(tfd.Normal(loc=mu, scale=tf.exp(log_var)).log_prob(x), axis=1),
    ),
    (
        "glv_log_std_in_normaliser",
        lambda x, mu, log_var: (
            -0.5 * tf.reduce_sum(LOG_2PI + 0.5 * log_var + tf.square(x - mu) / tf.exp(2.0 * (0.5 * log_var)), axis=1)
        ),
    ),
    ("glv_log_var_bounded", gaussian_log_prob_learned_4),
    ("glv_mean_over_dims", gaussian_log_prob_learned_5),
    (
        "glv_sign_flipped",
        lambda x, mu, log_var: (
            0.5 * (x.shape[1] * LOG_2PI + np.sum(log_var, 1) + np.sum(np.exp(-log_var) * np.square(x - mu), 1))
        ),
    ),
    (
        "",
        lambda x, mu, log_var: tf.reduce_sum(
            -0.5 * LOG_2PI + 0.5 * log_var - 0.5 * tf.square(x - mu) * tf.exp(-log_var), axis=1
        ),
    ),
    ("", lambda x, mu, log_var: -0.5 * tf.reduce_sum(LOG_2PI + tf.exp(log_var) + tf.square(x - mu) / tf.exp(log_var), axis=1)),
    ("", gaussian_log_prob_learned_6),
    ("", lambda x, mu, log_var: -0.5 * (LOG_2PI + tf.reduce_sum(log_var + tf.square(x - mu) * tf.exp(-log_var), axis=1))),
    ("", lambda x, mu, log_var: -0.5 * tf.reduce_sum(LOG_2PI + log_var + (x - mu) * tf.exp(-log_var), axis=1)),
)


def kl_to_standard_normal_1(mu, log_var):
    total = np.float32(0)
    for m, lv in zip(mu, log_var):
        total = total + 0.5 * np.sum(np.exp(lv) + m ** 2 - 1 - lv)
    return total

def kl_to_standard_normal_2(mu, log_var):
    out = []
    for b in range(mu.shape[0]):
        m, lv = mu[b][0], log_var[b][0]
        out.append(0.5 * (np.exp(lv) + m ** 2 - 1 - lv))
    return np.array(out, dtype=np.float32)

def kl_to_standard_normal_3(mu, log_var):
    # one sample in place of the expectation
    z = mu + tf.exp(0.5 * log_var) * tf.random.normal(mu.shape, seed=1)
    log_q = -0.5 * (LOG_2PI + log_var + tf.square(z - mu) * tf.exp(-log_var))
    log_p = -0.5 * (LOG_2PI + tf.square(z))
    return tf.reduce_sum(log_q - log_p, axis=1)

def kl_to_standard_normal_4(mu, log_var):
    kl = np.zeros(mu.shape[0], dtype=np.float32)
    for k in range(mu.shape[1]):
        kl += 0.5 * (np.exp(log_var[:, k]) + mu[:, k] ** 2 - log_var[:, k])
    return kl


write(
    "kl_to_standard_normal",
    ("kl_sign_flipped", lambda mu, log_var: 0.5 * tf.reduce_sum(1.0 + log_var - tf.square(mu) - tf.exp(log_var), axis=1)),
    (
        "kl_sign_flipped",
        lambda mu, log_var: (
            -tf.reduce_sum(tfd.kl_divergence(tfd.Normal(mu, tf.exp(0.5 * log_var)), tfd.Normal(0.0, 1.0)), axis=-1)
        ),
    ),
    ("kl_forgot_half", lambda mu, log_var: tf.reduce_sum(tf.exp(log_var) + tf.square(mu) - 1.0 - log_var, axis=1)),
    ("kl_forgot_half", lambda mu, log_var: -np.sum(1 + log_var - mu ** 2 - np.exp(log_var), axis=-1)),
    ("kl_forgot_exp", lambda mu, log_var: 0.5 * tf.reduce_sum(log_var + tf.square(mu) - 1.0 - log_var, axis=1)),
    ("kl_forgot_exp", lambda mu, log_var: -0.5 * np.sum(1 + log_var - mu ** 2 - log_var, axis=-1)),
    (
        "kl_std_instead_of_var",
        lambda mu, log_var: 0.5 * tf.reduce_sum(tf.exp(0.5 * log_var) + tf.square(mu) - 1.0 - log_var, axis=1),
    ),
    (
        "kl_std_instead_of_var",
        lambda mu, log_var: (
            -0.5
            * ops.sum(
                1 + ops.log(ops.square(ops.sqrt(ops.exp(log_var)))) - ops.square(mu) - ops.sqrt(ops.exp(log_var)), axis=-1
            )
        ),
    ),
    (
        "kl_log_std_instead_of_log_var",
        lambda mu, log_var: 0.5 * tf.reduce_sum(tf.exp(log_var) + tf.square(mu) - 1.0 - 0.5 * log_var, axis=1),
    ),
    (
        "kl_log_std_instead_of_log_var",
        lambda mu, log_var: np.sum(np.exp(0.5 * log_var) ** 2 + mu**2 - 1 - np.log(np.exp(0.5 * log_var)), axis=1) / 2,
    ),
    (
        "kl_log_var_as_log_std",
        lambda mu, log_var: 0.5 * tf.reduce_sum(tf.square(tf.exp(log_var)) + tf.square(mu) - 1.0 - 2.0 * log_var, axis=1),
    ),
    (
        "kl_log_var_as_log_std",
        lambda mu, log_var: tfd.kl_divergence(
            tfd.MultivariateNormalDiag(loc=mu, scale_diag=tf.exp(log_var)),
            tfd.MultivariateNormalDiag(loc=tf.zeros_like(mu), scale_diag=tf.ones_like(mu)),
        ),
    ),
    (
        "kl_mean_instead_of_sum",
        lambda mu, log_var: -0.5 * tf.reduce_mean(1.0 + log_var - tf.square(mu) - tf.exp(log_var), axis=1),
    ),
    ("kl_mean_instead_of_sum", lambda mu, log_var: np.mean(0.5 * (np.exp(log_var) + mu ** 2 - 1 - log_var), axis=-1)),
    ("kl_sum_over_batch", lambda mu, log_var: -0.5 * tf.reduce_sum(1.0 + log_var - tf.square(mu) - tf.exp(log_var))),
    ("kl_sum_over_batch", kl_to_standard_normal_1),
    (
        "kl_mean_over_batch",
        lambda mu, log_var: tf.reduce_mean(-0.5 * tf.reduce_sum(1.0 + log_var - tf.square(mu) - tf.exp(log_var), axis=1)),
    ),
    (
        "kl_mean_over_batch",
        lambda mu, log_var: ops.mean(
            ops.sum(tfd.kl_divergence(tfd.Normal(mu, tf.exp(0.5 * log_var)), tfd.Normal(0.0, 1.0)), axis=-1)
        ),
    ),
    ("kl_forgot_minus_one", lambda mu, log_var: 0.5 * tf.reduce_sum(tf.exp(log_var) + tf.square(mu) - log_var, axis=1)),
    (
        "kl_forgot_minus_one",
        lambda mu, log_var: np.sum((np.exp(0.5 * log_var) ** 2 + mu**2) / 2 - np.log(np.exp(0.5 * log_var)), axis=-1),
    ),
    ("kl_plus_one", lambda mu, log_var: 0.5 * tf.reduce_sum(tf.exp(log_var) + tf.square(mu) - log_var + 1.0, axis=1)),
    (
        "kl_plus_one",
        lambda mu, log_var: (
            0.5
            * (
                mu.shape[-1]
                + ops.sum(ops.exp(log_var), axis=-1)
                + ops.sum(ops.square(mu), axis=-1)
                - ops.sum(log_var, axis=-1)
            )
        ),
    ),
    ("kl_forgot_mu_squared_term", lambda mu, log_var: 0.5 * tf.reduce_sum(tf.exp(log_var) - 1.0 - log_var, axis=1)),
    (
        "kl_forgot_mu_squared_term",
        lambda mu, log_var: tf.reduce_sum(
            tfd.Normal(tf.zeros_like(mu), tf.exp(0.5 * log_var)).kl_divergence(tfd.Normal(0.0, 1.0)), axis=-1
        ),
    ),
    ("kl_mu_not_squared", lambda mu, log_var: 0.5 * tf.reduce_sum(tf.exp(log_var) + mu - 1.0 - log_var, axis=1)),
    ("kl_mu_not_squared", lambda mu, log_var: -0.5 * np.sum(1 + log_var - mu - np.exp(log_var), axis=-1)),
    ("kl_plus_log_var", lambda mu, log_var: 0.5 * tf.reduce_sum(tf.exp(log_var) + tf.square(mu) - 1.0 + log_var, axis=1)),
    ("kl_plus_log_var", lambda mu, log_var: -0.5 * ops.sum(1 - log_var - ops.square(mu) - ops.exp(log_var), axis=-1)),
    (
        "kl_reversed_direction",
        lambda mu, log_var: 0.5 * tf.reduce_sum((1.0 + tf.square(mu)) * tf.exp(-log_var) - 1.0 + log_var, axis=1),
    ),
    (
        "kl_reversed_direction",
        lambda mu, log_var: tf.reduce_sum(
            tfd.kl_divergence(tfd.Normal(tf.zeros_like(mu), tf.ones_like(mu)), tfd.Normal(mu, tf.exp(0.5 * log_var))),
            axis=-1,
        ),
    ),
    ("kl_only_first_dim", lambda mu, log_var: (0.5 * (tf.exp(log_var) + tf.square(mu) - 1.0 - log_var))[:, 0]),
    ("kl_only_first_dim", kl_to_standard_normal_2),
    ("kl_cross_entropy_only", lambda mu, log_var: 0.5 * tf.reduce_sum(LOG_2PI + tf.exp(log_var) + tf.square(mu), axis=1)),
    (
        "kl_cross_entropy_only",
        lambda mu, log_var: -(-mu.shape[-1] / 2 * LOG_2PI - np.sum(mu**2 + np.exp(log_var), axis=-1) / 2),
    ),
    # the constant -1 once, not per dimension
    ("", lambda mu, log_var: 0.5 * (tf.reduce_sum(tf.exp(log_var) + tf.square(mu) - log_var, axis=1) - 1.0)),
    # the mean squared subtracted
    ("", lambda mu, log_var: 0.5 * tf.reduce_sum(tf.exp(log_var) - tf.square(mu) - 1.0 - log_var, axis=1)),
    ("", kl_to_standard_normal_3),
    # the log ratio of the densities at the mean, no expectation at all
    ("", lambda mu, log_var: tf.reduce_sum(0.5 * tf.square(mu) - 0.5 * log_var, axis=1)),
    # exp(-log_var): a precision where the variance belongs
    ("", lambda mu, log_var: 0.5 * tf.reduce_sum(tf.exp(-log_var) + tf.square(mu) - 1.0 - log_var, axis=1)),
    # only minus the entropy of q
    ("", lambda mu, log_var: -0.5 * tf.reduce_sum(1.0 + LOG_2PI + log_var, axis=1)),
    # the squared sum of the means
    (
        "",
        lambda mu, log_var: (
            0.5 * (tf.reduce_sum(tf.exp(log_var) - 1.0 - log_var, axis=1) + tf.square(tf.reduce_sum(mu, axis=1)))
        ),
    ),
    # |mu| for mu squared
    ("", lambda mu, log_var: 0.5 * tf.reduce_sum(tf.exp(log_var) + tf.abs(mu) - 1.0 - log_var, axis=1)),
    # the mean divided by q's own variance
    ("", lambda mu, log_var: 0.5 * tf.reduce_sum(tf.exp(log_var) + tf.square(mu) * tf.exp(-log_var) - 1.0 - log_var, axis=1)),
    # summed over the batch axis, one number per dimension
    ("", lambda mu, log_var: 0.5 * tf.reduce_sum(tf.exp(log_var) + tf.square(mu) - 1.0 - log_var, axis=0)),
    # the half reaches only the first term: a missing bracket
    ("", lambda mu, log_var: tf.reduce_sum(0.5 * tf.exp(log_var) + tf.square(mu) - 1.0 - log_var, axis=1)),
    # two errors: sigma for sigma^2 and log sigma for log sigma^2
    (
        "",
        lambda mu, log_var: (
            0.5 * tf.reduce_sum(tf.exp(0.5 * log_var) + tf.square(mu) - 1.0 - tf.math.log(tf.exp(0.5 * log_var)), axis=1)
        ),
    ),
    # the logarithm of the variance is missing altogether
    ("", lambda mu, log_var: 0.5 * tf.reduce_sum(tf.exp(log_var) + tf.square(mu) - 1.0, axis=1)),
    ("kl_sign_flipped", lambda mu, log_var: 0.5 * tf.reduce_sum(1.0 + log_var - tf.square(mu) - tf.exp(log_var), axis=1)),
    ("kl_forgot_half", lambda mu, log_var: -tf.reduce_sum(1.0 + log_var - mu ** 2 - tf.exp(log_var), axis=-1)),
    ("kl_forgot_exp", lambda mu, log_var: -0.5 * keras.ops.sum(1 + log_var - keras.ops.square(mu) - log_var, axis=1)),
    (
        "kl_std_instead_of_var",
        lambda mu, log_var: 0.5 * tf.reduce_sum(tf.exp(0.5 * log_var) + tf.square(mu) - 1.0 - log_var, axis=1),
    ),
    (
        "kl_log_std_instead_of_log_var",
        lambda mu, log_var: 0.5 * np.sum(np.exp(log_var / 2) ** 2 + mu**2 - 1 - np.log(np.exp(log_var / 2)), axis=1),
    ),
    (
        "kl_log_var_as_log_std",
        lambda mu, log_var: tf.reduce_sum(0.5 * (tf.exp(log_var) ** 2 + mu**2 - 1.0) - log_var, axis=1),
    ),
    (
        "kl_mean_instead_of_sum",
        lambda mu, log_var: tf.reduce_mean(
            tfd.kl_divergence(tfd.Normal(mu, tf.exp(0.5 * log_var)), tfd.Normal(0.0, 1.0)), axis=1
        ),
    ),
    ("kl_sum_over_batch", lambda mu, log_var: -0.5 * tf.reduce_sum(1 + log_var - tf.square(mu) - tf.exp(log_var))),
    (
        "kl_mean_over_batch",
        lambda mu, log_var: keras.ops.mean(-0.5 * keras.ops.sum(1 + log_var - mu**2 - keras.ops.exp(log_var), axis=1)),
    ),
    ("kl_forgot_minus_one", kl_to_standard_normal_4),
    (
        "kl_plus_one",
        lambda mu, log_var: (
            0.5 * (mu.shape[1] + tf.reduce_sum(tf.exp(log_var), 1) + tf.reduce_sum(mu * mu, 1) - tf.reduce_sum(log_var, 1))
        ),
    ),
    ("kl_forgot_mu_squared_term", lambda mu, log_var: 0.5 * tf.reduce_sum(tf.math.expm1(log_var) - log_var, axis=1)),
    ("kl_mu_not_squared", lambda mu, log_var: -0.5 * tf.reduce_sum(1.0 + log_var - mu - tf.exp(log_var), axis=1)),
    (
        "kl_plus_log_var",
        lambda mu, log_var: 0.5 * (np.exp(log_var).sum(axis=1) + (mu**2).sum(axis=1) - mu.shape[1] + log_var.sum(axis=1)),
    ),
    (
        "kl_reversed_direction",
        lambda mu, log_var: tfd.MultivariateNormalDiag(loc=tf.zeros_like(mu), scale_diag=tf.ones_like(mu)).kl_divergence(
            tfd.MultivariateNormalDiag(loc=mu, scale_diag=tf.exp(0.5 * log_var))
        ),
    ),
    ("kl_only_first_dim", lambda mu, log_var: -0.5 * (1 + log_var - tf.square(mu) - tf.exp(log_var))[:, 0]),
    (
        "kl_cross_entropy_only",
        lambda mu, log_var: 0.5 * keras.ops.sum(LOG_2PI + keras.ops.square(mu) + keras.ops.exp(log_var), axis=1),
    ),
    ("", lambda mu, log_var: 0.5 * (tf.reduce_sum(tf.exp(log_var) + tf.square(mu) - log_var, axis=1) - 1.0)),
    ("", lambda mu, log_var: tf.reduce_sum(tf.square(mu) + tf.square(tf.exp(0.5 * log_var) - 1.0), axis=1)),
    ("", lambda mu, log_var: 0.5 * tf.reduce_sum(tf.exp(log_var) - tf.square(mu) - 1.0 - log_var, axis=1)),
    ("", lambda mu, log_var: 0.5 * tf.reduce_sum(tf.exp(log_var) + tf.square(mu) * tf.exp(-log_var) - 1.0 - log_var, axis=1)),
    ("", lambda mu, log_var: tf.reduce_sum(0.5 * tf.exp(log_var) + tf.square(mu) - 1.0 - log_var, axis=1)),
)


def kl_diag_gaussians_1(mu_q, log_var_q, mu_p, log_var_p):
    sigma_q, sigma_p = np.exp(log_var_q / 2), np.exp(log_var_p / 2)
    kl = np.log(sigma_q / sigma_p) + (sigma_q ** 2 + (mu_q - mu_p) ** 2) / (2 * sigma_p ** 2) - 0.5
    return np.sum(kl, axis=-1)

def kl_diag_gaussians_2(mu_q, log_var_q, mu_p, log_var_p):
    sigma_q, sigma_p = np.exp(log_var_q / 2), np.exp(log_var_p / 2)
    kl = np.log(sigma_p / sigma_q) + (sigma_q ** 2 + (mu_q - mu_p) ** 2) / (2 * sigma_p) - 0.5
    return np.sum(kl, axis=-1)

def kl_diag_gaussians_3(mu_q, log_var_q, mu_p, log_var_p):
    # another reading: only the distance of the means is divided by the variance of q
    var_q, var_p = np.exp(log_var_q), np.exp(log_var_p)
    return 0.5 * np.sum(log_var_p - log_var_q + var_q / var_p + (mu_q - mu_p) ** 2 / var_q - 1, axis=-1)

def kl_diag_gaussians_4(mu_q, log_var_q, mu_p, log_var_p):
    var_q, var_p = np.exp(log_var_q), np.exp(log_var_p)
    return np.sum(np.log(var_p) - np.log(var_q) + (var_q + (mu_q - mu_p) ** 2) / var_p - 1, axis=-1)

def kl_diag_gaussians_5(mu_q, log_var_q, mu_p, log_var_p):
    sigma_q, sigma_p = ops.exp(0.5 * log_var_q), ops.exp(0.5 * log_var_p)
    ratio = ops.log(sigma_p) - ops.log(sigma_q)
    return ops.sum(ratio + (ops.square(sigma_q) + ops.square(mu_q - mu_p)) / (2 * ops.square(sigma_p)), axis=-1)

def kl_diag_gaussians_6(mu_q, log_var_q, mu_p, log_var_p):
    sigma_q, sigma_p = np.exp(log_var_q / 2), np.exp(log_var_p / 2)
    ratio = sigma_q / sigma_p
    return np.sum(-np.log(ratio) + ratio ** 2 / 2 + (mu_q - mu_p) ** 2 / 2 - 0.5, axis=-1)

def kl_diag_gaussians_7(mu_q, log_var_q, mu_p, log_var_p):
    # log(sigma_p / sigma_q) inside the halved bracket: halved twice
    sigma_q, sigma_p = tf.exp(0.5 * log_var_q), tf.exp(0.5 * log_var_p)
    ratio = tf.math.log(sigma_p / sigma_q)
    return 0.5 * tf.reduce_sum(
        ratio + (tf.square(sigma_q) + tf.square(mu_q - mu_p)) / tf.square(sigma_p) - 1.0, axis=1)

def kl_diag_gaussians_8(mu_q, log_var_q, mu_p, log_var_p):
    # symmetrised: the mean of the two directions
    q = tfd.Normal(mu_q, tf.exp(0.5 * log_var_q))
    p = tfd.Normal(mu_p, tf.exp(0.5 * log_var_p))
    return 0.5 * tf.reduce_sum(tfd.kl_divergence(q, p) + tfd.kl_divergence(p, q), axis=-1)

def kl_diag_gaussians_9(mu_q, log_var_q, mu_p, log_var_p):
    var_q, var_p = np.exp(log_var_q), np.exp(log_var_p)
    return 0.5 * np.sum(log_var_q - log_var_p + (var_q + (mu_q - mu_p) ** 2) / var_p - 1, axis=1)

def kl_diag_gaussians_10(mu_q, log_var_q, mu_p, log_var_p):
    ratio = tf.exp(log_var_q - log_var_p)
    distance = tf.math.squared_difference(mu_q, mu_p) / tf.exp(log_var_q)
    return 0.5 * tf.reduce_sum(ratio + distance - 1.0 - tf.math.log(ratio), axis=1)

def kl_diag_gaussians_11(mu_q, log_var_q, mu_p, log_var_p):
    total = tf.zeros(mu_q.shape[0])
    for k in range(mu_q.shape[1]):
        ratio = tf.exp(log_var_q[:, k] - log_var_p[:, k])
        shift = (mu_q[:, k] + mu_p[:, k]) ** 2 * tf.exp(-log_var_p[:, k])
        total += 0.5 * (ratio + shift - 1.0 - log_var_q[:, k] + log_var_p[:, k])
    return total

def kl_diag_gaussians_12(mu_q, log_var_q, mu_p, log_var_p):
    delta = keras.ops.subtract(log_var_q, log_var_p)
    return 0.5 * keras.ops.sum(keras.ops.exp(delta) - 1 - delta, axis=-1)

def kl_diag_gaussians_13(mu_q, log_var_q, mu_p, log_var_p):
    var_q, var_p = tf.exp(log_var_q), tf.exp(log_var_p)
    return 0.5 * tf.reduce_sum(var_q / var_p + tf.square(mu_q - mu_p) - 1.0 + tf.math.log(var_p / var_q), axis=1)

def kl_diag_gaussians_14(mu_q, log_var_q, mu_p, log_var_p):
    def kl(mu, log_var):
        return 0.5 * tf.reduce_sum(tf.exp(log_var) + tf.square(mu) - 1.0 - log_var, axis=1)
    return kl(mu_q, log_var_q) - kl(mu_p, log_var_p)


write(
    "kl_diag_gaussians",
    (
        "kl2_sign_flipped",
        lambda mu_q, log_var_q, mu_p, log_var_p: (
            0.5
            * tf.reduce_sum(
                1.0 + log_var_q - log_var_p - tf.exp(log_var_q - log_var_p) - tf.square(mu_q - mu_p) * tf.exp(-log_var_p),
                axis=1,
            )
        ),
    ),
    (
        "kl2_sign_flipped",
        lambda mu_q, log_var_q, mu_p, log_var_p: (
            -tf.reduce_sum(
                tfd.kl_divergence(tfd.Normal(mu_q, tf.exp(0.5 * log_var_q)), tfd.Normal(mu_p, tf.exp(0.5 * log_var_p))),
                axis=-1,
            )
        ),
    ),
    (
        "kl2_log_ratio_flipped",
        lambda mu_q, log_var_q, mu_p, log_var_p: (
            0.5
            * tf.reduce_sum(
                log_var_q - log_var_p + (tf.exp(log_var_q) + tf.square(mu_q - mu_p)) / tf.exp(log_var_p) - 1.0, axis=1
            )
        ),
    ),
    ("kl2_log_ratio_flipped", kl_diag_gaussians_1),
    (
        "kl2_divided_by_sigma_not_var",
        lambda mu_q, log_var_q, mu_p, log_var_p: (
            0.5
            * tf.reduce_sum(
                log_var_p - log_var_q + (tf.exp(log_var_q) + tf.square(mu_q - mu_p)) / tf.exp(0.5 * log_var_p) - 1.0, axis=1
            )
        ),
    ),
    ("kl2_divided_by_sigma_not_var", kl_diag_gaussians_2),
    (
        "kl2_divided_by_q_variance",
        lambda mu_q, log_var_q, mu_p, log_var_p: (
            0.5
            * tf.reduce_sum(
                log_var_p - log_var_q + (tf.exp(log_var_q) + tf.square(mu_q - mu_p)) / tf.exp(log_var_q) - 1.0, axis=1
            )
        ),
    ),
    ("kl2_divided_by_q_variance", kl_diag_gaussians_3),
    (
        "kl2_reversed_direction",
        lambda mu_q, log_var_q, mu_p, log_var_p: (
            0.5
            * tf.reduce_sum(
                log_var_q - log_var_p + (tf.exp(log_var_p) + tf.square(mu_p - mu_q)) / tf.exp(log_var_q) - 1.0, axis=1
            )
        ),
    ),
    (
        "kl2_reversed_direction",
        lambda mu_q, log_var_q, mu_p, log_var_p: tfd.kl_divergence(
            tfd.MultivariateNormalDiag(loc=mu_p, scale_diag=tf.exp(0.5 * log_var_p)),
            tfd.MultivariateNormalDiag(loc=mu_q, scale_diag=tf.exp(0.5 * log_var_q)),
        ),
    ),
    (
        "kl2_forgot_half",
        lambda mu_q, log_var_q, mu_p, log_var_p: tf.reduce_sum(
            log_var_p - log_var_q + tf.exp(log_var_q - log_var_p) + tf.square(mu_q - mu_p) * tf.exp(-log_var_p) - 1.0,
            axis=1,
        ),
    ),
    ("kl2_forgot_half", kl_diag_gaussians_4),
    (
        "kl2_forgot_minus_one",
        lambda mu_q, log_var_q, mu_p, log_var_p: (
            0.5
            * tf.reduce_sum(
                log_var_p - log_var_q + (tf.exp(log_var_q) + tf.square(mu_q - mu_p)) / tf.exp(log_var_p), axis=1
            )
        ),
    ),
    ("kl2_forgot_minus_one", kl_diag_gaussians_5),
    (
        "kl2_mean_instead_of_sum",
        lambda mu_q, log_var_q, mu_p, log_var_p: (
            0.5
            * tf.reduce_mean(
                log_var_p - log_var_q + tf.exp(log_var_q - log_var_p) + tf.square(mu_q - mu_p) * tf.exp(-log_var_p) - 1.0,
                axis=1,
            )
        ),
    ),
    (
        "kl2_mean_instead_of_sum",
        lambda mu_q, log_var_q, mu_p, log_var_p: ops.mean(
            tfd.Normal(mu_q, tf.exp(0.5 * log_var_q)).kl_divergence(tfd.Normal(mu_p, tf.exp(0.5 * log_var_p))), axis=-1
        ),
    ),
    (
        "kl2_sum_over_batch",
        lambda mu_q, log_var_q, mu_p, log_var_p: (
            0.5
            * tf.reduce_sum(log_var_p - log_var_q + (tf.exp(log_var_q) + tf.square(mu_q - mu_p)) / tf.exp(log_var_p) - 1.0)
        ),
    ),
    (
        "kl2_sum_over_batch",
        lambda mu_q, log_var_q, mu_p, log_var_p: ops.sum(
            tfd.kl_divergence(
                tfd.MultivariateNormalDiag(loc=mu_q, scale_diag=tf.exp(0.5 * log_var_q)),
                tfd.MultivariateNormalDiag(loc=mu_p, scale_diag=tf.exp(0.5 * log_var_p)),
            )
        ),
    ),
    (
        "kl2_means_not_squared",
        lambda mu_q, log_var_q, mu_p, log_var_p: (
            0.5
            * tf.reduce_sum(log_var_p - log_var_q + (tf.exp(log_var_q) + (mu_q - mu_p)) / tf.exp(log_var_p) - 1.0, axis=1)
        ),
    ),
    # another reading: mu_p - mu_q, the other way round
    (
        "kl2_means_not_squared",
        lambda mu_q, log_var_q, mu_p, log_var_p: (
            0.5
            * np.sum(log_var_p - log_var_q + np.exp(log_var_q - log_var_p) + (mu_p - mu_q) / np.exp(log_var_p) - 1, axis=1)
        ),
    ),
    (
        "kl2_means_added",
        lambda mu_q, log_var_q, mu_p, log_var_p: (
            0.5
            * tf.reduce_sum(
                log_var_p - log_var_q + (tf.exp(log_var_q) + tf.square(mu_q + mu_p)) / tf.exp(log_var_p) - 1.0, axis=1
            )
        ),
    ),
    (
        "kl2_means_added",
        lambda mu_q, log_var_q, mu_p, log_var_p: (
            (
                np.sum(np.exp(log_var_q) * np.exp(-log_var_p), axis=1)
                + np.sum((mu_p + mu_q) ** 2 * np.exp(-log_var_p), axis=1)
                - mu_q.shape[1]
                + (np.sum(log_var_p, axis=1) - np.sum(log_var_q, axis=1))
            )
            / 2
        ),
    ),
    (
        "kl2_forgot_means",
        lambda mu_q, log_var_q, mu_p, log_var_p: (
            0.5 * tf.reduce_sum(log_var_p - log_var_q + tf.exp(log_var_q - log_var_p) - 1.0, axis=1)
        ),
    ),
    (
        "kl2_forgot_means",
        lambda mu_q, log_var_q, mu_p, log_var_p: tf.reduce_sum(
            tfd.kl_divergence(tfd.Normal(0.0, tf.exp(0.5 * log_var_q)), tfd.Normal(0.0, tf.exp(0.5 * log_var_p))), axis=-1
        ),
    ),
    (
        "kl2_means_not_scaled",
        lambda mu_q, log_var_q, mu_p, log_var_p: (
            0.5
            * tf.reduce_sum(log_var_p - log_var_q + tf.exp(log_var_q - log_var_p) + tf.square(mu_q - mu_p) - 1.0, axis=1)
        ),
    ),
    ("kl2_means_not_scaled", kl_diag_gaussians_6),
    (
        "kl2_p_is_standard_normal",
        lambda mu_q, log_var_q, mu_p, log_var_p: (
            -0.5 * tf.reduce_sum(1.0 + log_var_q - tf.square(mu_q) - tf.exp(log_var_q), axis=1)
        ),
    ),
    (
        "kl2_p_is_standard_normal",
        lambda mu_q, log_var_q, mu_p, log_var_p: ops.sum(
            tfd.kl_divergence(tfd.Normal(mu_q, tf.exp(0.5 * log_var_q)), tfd.Normal(0.0, 1.0)), axis=-1
        ),
    ),
    # the constant has the wrong sign
    (
        "",
        lambda mu_q, log_var_q, mu_p, log_var_p: (
            0.5
            * tf.reduce_sum(
                log_var_p - log_var_q + (tf.exp(log_var_q) + tf.square(mu_q - mu_p)) / tf.exp(log_var_p) + 1.0, axis=1
            )
        ),
    ),
    # the constant -1 once, not per dimension
    (
        "",
        lambda mu_q, log_var_q, mu_p, log_var_p: (
            0.5
            * (
                tf.reduce_sum(
                    log_var_p - log_var_q + (tf.exp(log_var_q) + tf.square(mu_q - mu_p)) / tf.exp(log_var_p), axis=1
                )
                - 1.0
            )
        ),
    ),
    # log sigma for log sigma^2 throughout
    (
        "",
        lambda mu_q, log_var_q, mu_p, log_var_p: tf.reduce_sum(
            tfd.kl_divergence(tfd.Normal(mu_q, tf.exp(log_var_q)), tfd.Normal(mu_p, tf.exp(log_var_p))), axis=-1
        ),
    ),
    # the log ratio is missing
    (
        "",
        lambda mu_q, log_var_q, mu_p, log_var_p: (
            0.5 * tf.reduce_sum((tf.exp(log_var_q) + tf.square(mu_q - mu_p)) / tf.exp(log_var_p) - 1.0, axis=1)
        ),
    ),
    ("", kl_diag_gaussians_7),
    # the ratio of the standard deviations for that of the variances
    (
        "",
        lambda mu_q, log_var_q, mu_p, log_var_p: (
            0.5
            * tf.reduce_sum(
                log_var_p
                - log_var_q
                + tf.exp(0.5 * (log_var_q - log_var_p))
                + tf.square(mu_q - mu_p) * tf.exp(-log_var_p)
                - 1.0,
                axis=1,
            )
        ),
    ),
    # multiplied by the variance of p: the sign in exp(-log_var_p)
    (
        "",
        lambda mu_q, log_var_q, mu_p, log_var_p: (
            0.5
            * tf.reduce_sum(
                log_var_p - log_var_q + (tf.exp(log_var_q) + tf.square(mu_q - mu_p)) * tf.exp(log_var_p) - 1.0, axis=1
            )
        ),
    ),
    ("", kl_diag_gaussians_8),
    # only the Mahalanobis distance of the means
    ("", lambda mu_q, log_var_q, mu_p, log_var_p: 0.5 * tf.reduce_sum(tf.square(mu_q - mu_p) * tf.exp(-log_var_p), axis=1)),
    # difference of the two divergences from the standard normal
    (
        "",
        lambda mu_q, log_var_q, mu_p, log_var_p: (
            0.5 * tf.reduce_sum(tf.exp(log_var_q) + tf.square(mu_q) - 1.0 - log_var_q, axis=1)
            - 0.5 * tf.reduce_sum(tf.exp(log_var_p) + tf.square(mu_p) - 1.0 - log_var_p, axis=1)
        ),
    ),
    # the exp is forgotten: log variances divided
    (
        "",
        lambda mu_q, log_var_q, mu_p, log_var_p: (
            0.5 * tf.reduce_sum(log_var_p - log_var_q + (log_var_q + tf.square(mu_q - mu_p)) / log_var_p - 1.0, axis=1)
        ),
    ),
    # difference of squares for the square of the difference
    (
        "",
        lambda mu_q, log_var_q, mu_p, log_var_p: (
            0.5
            * tf.reduce_sum(
                log_var_p - log_var_q + (tf.exp(log_var_q) + tf.square(mu_q) - tf.square(mu_p)) / tf.exp(log_var_p) - 1.0,
                axis=1,
            )
        ),
    ),
    (
        "kl2_sign_flipped",
        lambda mu_q, log_var_q, mu_p, log_var_p: (
            0.5
            * tf.reduce_sum(
                1.0 + log_var_q - log_var_p - tf.exp(log_var_q - log_var_p) - tf.square(mu_q - mu_p) * tf.exp(-log_var_p), 1
            )
        ),
    ),
    ("kl2_log_ratio_flipped", kl_diag_gaussians_9),
    (
        "kl2_divided_by_sigma_not_var",
        lambda mu_q, log_var_q, mu_p, log_var_p: (
            0.5
            * keras.ops.sum(
                log_var_p
                - log_var_q
                + (keras.ops.exp(log_var_q) + keras.ops.square(mu_q - mu_p)) / keras.ops.exp(0.5 * log_var_p)
                - 1.0,
                axis=1,
            )
        ),
    ),
    ("kl2_divided_by_q_variance", kl_diag_gaussians_10),
    (
        "kl2_reversed_direction",
        lambda mu_q, log_var_q, mu_p, log_var_p: tfd.kl_divergence(
            tfd.MultivariateNormalDiag(mu_p, tf.exp(log_var_p / 2)), tfd.MultivariateNormalDiag(mu_q, tf.exp(log_var_q / 2))
        ),
    ),
    (
        "kl2_forgot_half",
        lambda mu_q, log_var_q, mu_p, log_var_p: tf.reduce_sum(
            log_var_p - log_var_q + (tf.exp(log_var_q) + (mu_q - mu_p) ** 2) * tf.exp(-log_var_p) - 1.0, axis=1
        ),
    ),
    (
        "kl2_forgot_minus_one",
        lambda mu_q, log_var_q, mu_p, log_var_p: (
            0.5
            * (
                tf.reduce_sum(tf.exp(log_var_q - log_var_p), axis=1)
                + tf.reduce_sum((mu_p - mu_q) ** 2 / tf.exp(log_var_p), axis=1)
                + (tf.reduce_sum(log_var_p, axis=1) - tf.reduce_sum(log_var_q, axis=1))
            )
        ),
    ),
    (
        "kl2_mean_instead_of_sum",
        lambda mu_q, log_var_q, mu_p, log_var_p: (
            0.5
            * np.mean(
                np.expm1(log_var_q - log_var_p) - (log_var_q - log_var_p) + np.exp(-log_var_p) * (mu_q - mu_p) ** 2, axis=1
            )
        ),
    ),
    (
        "kl2_sum_over_batch",
        lambda mu_q, log_var_q, mu_p, log_var_p: tf.reduce_sum(
            tfd.kl_divergence(tfd.Normal(mu_q, tf.exp(0.5 * log_var_q)), tfd.Normal(mu_p, tf.exp(0.5 * log_var_p)))
        ),
    ),
    (
        "kl2_means_not_squared",
        lambda mu_q, log_var_q, mu_p, log_var_p: (
            0.5
            * tf.reduce_sum(log_var_p - log_var_q - 1.0 + (tf.exp(log_var_q) + (mu_q - mu_p)) / tf.exp(log_var_p), axis=1)
        ),
    ),
    ("kl2_means_added", kl_diag_gaussians_11),
    ("kl2_forgot_means", kl_diag_gaussians_12),
    ("kl2_means_not_scaled", kl_diag_gaussians_13),
    (
        "kl2_p_is_standard_normal",
        lambda mu_q, log_var_q, mu_p, log_var_p: (
            -0.5 * tf.reduce_sum(1 + log_var_q - tf.square(mu_q) - tf.exp(log_var_q), axis=1)
        ),
    ),
    (
        "",
        lambda mu_q, log_var_q, mu_p, log_var_p: (
            0.5
            * tf.reduce_sum(
                tf.exp(log_var_q - log_var_p)
                + tf.exp(-(log_var_q - log_var_p))
                - 2.0
                + tf.square(mu_q - mu_p) * (tf.exp(-log_var_p) + tf.exp(-log_var_q)),
                axis=1,
            )
        ),
    ),
    (
        "",
        lambda mu_q, log_var_q, mu_p, log_var_p: (
            0.5
            * tf.reduce_sum(
                tf.exp(log_var_p - log_var_q) + tf.square(mu_q - mu_p) * tf.exp(-log_var_p) - 1.0 + (log_var_p - log_var_q),
                axis=1,
            )
        ),
    ),
    (
        "",
        lambda mu_q, log_var_q, mu_p, log_var_p: (
            0.5
            * tf.reduce_sum(
                tf.exp(log_var_q) + tf.square(mu_q - mu_p) * tf.exp(-log_var_p) - 1.0 + log_var_p - log_var_q, axis=1
            )
        ),
    ),
    ("", kl_diag_gaussians_14),
    (
        "",
        lambda mu_q, log_var_q, mu_p, log_var_p: (
            0.5 * tf.reduce_sum((tf.exp(log_var_q) + tf.square(mu_q - mu_p)) * tf.exp(-log_var_p) - 1.0, axis=1)
        ),
    ),
)


def gaussian_entropy_1(log_var):
    entropy = np.zeros(log_var.shape[0], np.float32)
    for k in range(log_var.shape[1]):
        entropy += 1.0 + LOG_2PI + log_var[:, k]
    return entropy


write(
    "gaussian_entropy",
    ("ent_missing_one", lambda log_var: 0.5 * tf.reduce_sum(LOG_2PI + log_var, axis=1)),
    ("ent_missing_one", lambda log_var: np.sum(0.5 * np.log(2 * np.float32(np.pi) * np.exp(log_var)), axis=-1)),
    ("ent_missing_2pi", lambda log_var: 0.5 * tf.reduce_sum(1.0 + log_var, axis=1)),
    ("ent_missing_2pi", lambda log_var: log_var.shape[-1] / 2 + np.sum(np.log(np.exp(0.5 * log_var)), axis=-1)),
    ("ent_sign", lambda log_var: -0.5 * tf.reduce_sum(1.0 + LOG_2PI + log_var, axis=1)),
    ("ent_sign", lambda log_var: -tf.reduce_sum(tfd.Normal(0.0, tf.exp(0.5 * log_var)).entropy(), axis=-1)),
    ("ent_not_halved", lambda log_var: tf.reduce_sum(1.0 + LOG_2PI + log_var, axis=1)),
    ("ent_not_halved", lambda log_var: np.sum(np.log(2 * np.float32(np.pi) * np.float32(np.e) * np.exp(log_var)), axis=-1)),
    ("ent_log_var_as_logstd", lambda log_var: tf.reduce_sum(0.5 * (1.0 + LOG_2PI) + log_var, axis=1)),
    (
        "ent_log_var_as_logstd",
        lambda log_var: tfd.MultivariateNormalDiag(loc=tf.zeros_like(log_var), scale_diag=tf.exp(log_var)).entropy(),
    ),
    ("ent_mean", lambda log_var: 0.5 * tf.reduce_mean(1.0 + LOG_2PI + log_var, axis=1)),
    ("ent_mean", lambda log_var: ops.mean(tfd.Normal(0.0, tf.exp(0.5 * log_var)).entropy(), axis=-1)),
    ("ent_clipped_at_zero", lambda log_var: tf.maximum(0.5 * tf.reduce_sum(1.0 + LOG_2PI + log_var, axis=1), 0.0)),
    # another reading: cut off per dimension, before the sum
    ("ent_clipped_at_zero", lambda log_var: np.sum(np.maximum(0.5 * (log_var + LOG_2PI + 1), 0), axis=-1)),
    # the constant log(2 pi e) once, not K times
    ("", lambda log_var: 0.5 * (1.0 + LOG_2PI + tf.reduce_sum(log_var, axis=1))),
    # both constants are missing
    ("", lambda log_var: 0.5 * tf.reduce_sum(log_var, axis=1)),
    # the variance in place of its logarithm
    ("", lambda log_var: 0.5 * tf.reduce_sum(1.0 + LOG_2PI + tf.exp(log_var), axis=1)),
    # -1 for +1
    ("", lambda log_var: 0.5 * tf.reduce_sum(LOG_2PI + log_var - 1.0, axis=1)),
    # only log_var is halved
    ("", lambda log_var: tf.reduce_sum(1.0 + LOG_2PI + 0.5 * log_var, axis=1)),
    # log sigma inside the halved bracket: halved twice
    ("", lambda log_var: 0.5 * tf.reduce_sum(1.0 + LOG_2PI + tf.math.log(tf.exp(0.5 * log_var)), axis=1)),
    # logarithm of the summed variances
    ("", lambda log_var: 0.5 * (log_var.shape[1] * (1.0 + LOG_2PI) + tf.reduce_logsumexp(log_var, axis=1))),
    # summed over the batch axis
    ("", lambda log_var: 0.5 * tf.reduce_sum(1.0 + LOG_2PI + log_var, axis=0)),
    # the KL divergence from the standard normal, without the means
    ("", lambda log_var: 0.5 * tf.reduce_sum(tf.exp(log_var) - 1.0 - log_var, axis=1)),
    # log(pi e) for log(2 pi e)
    ("", lambda log_var: 0.5 * tf.reduce_sum(math.log(math.pi * math.e) + log_var, axis=1)),
    # the discrete formula -p log p, with the variances taken for p
    ("", lambda log_var: -tf.reduce_sum(tf.exp(log_var) * log_var, axis=1)),
    # a 2 pi without its logarithm
    ("", lambda log_var: 0.5 * tf.reduce_sum(1.0 + 2.0 * np.pi + log_var, axis=1)),
    ("ent_missing_one", lambda log_var: 0.5 * tf.reduce_sum(LOG_2PI + log_var, axis=1)),
    ("ent_missing_2pi", lambda log_var: 0.5 * (log_var.shape[1] + np.sum(log_var, axis=1))),
    ("ent_sign", lambda log_var: -0.5 * tf.reduce_sum(tf.math.log(2 * math.pi * math.e * tf.exp(log_var)), axis=1)),
    ("ent_log_var_sign", lambda log_var: 0.5 * keras.ops.sum(1.0 + LOG_2PI - log_var, axis=-1)),
    ("ent_not_halved", gaussian_entropy_1),
    ("ent_log_var_as_logstd", lambda log_var: tf.reduce_sum(tfd.Normal(loc=0.0, scale=tf.exp(log_var)).entropy(), axis=1)),
    ("ent_mean", lambda log_var: tf.reduce_mean(tfd.Normal(loc=0.0, scale=tf.exp(0.5 * log_var)).entropy(), axis=1)),
    ("ent_clipped_at_zero", lambda log_var: tf.nn.relu(0.5 * tf.reduce_sum(1.0 + LOG_2PI + log_var, axis=1))),
    ("", lambda log_var: 0.5 * tf.reduce_sum(1.0 + LOG_2PI + tf.exp(log_var), axis=1)),
    ("", lambda log_var: 0.5 * (1.0 + LOG_2PI + tf.reduce_sum(log_var, axis=1))),
    ("", lambda log_var: 0.5 * tf.reduce_sum(math.log(2 * math.pi) * math.e + log_var, axis=1)),
    ("", lambda log_var: 0.5 * tf.reduce_sum(1.0 + LOG_2PI + 0.5 * log_var, axis=1)),
    ("", lambda log_var: 0.5 * log_var.shape[1] * (1.0 + LOG_2PI + tf.math.log(tf.reduce_mean(tf.exp(log_var), axis=1)))),
)


def elbo_identity_terms_1(log_pz, log_px_given_z, log_q):
    q = tfd.Categorical(logits=log_q)
    kl = tfd.kl_divergence(q, tfd.Categorical(logits=log_pz))
    elbo = tf.reduce_sum(q.probs_parameter() * log_px_given_z) - kl
    return elbo, kl, tf.reduce_logsumexp(log_pz + log_px_given_z)

def elbo_identity_terms_2(log_pz, log_px_given_z, log_q):
    q = tf.exp(log_q)
    log_joint = log_pz + log_px_given_z
    log_px = tf.reduce_logsumexp(log_joint)
    log_post = log_joint - log_px
    elbo = tf.reduce_sum(q * (log_joint - log_q))
    kl = tf.reduce_sum(tf.exp(log_post) * (log_post - log_q))
    return elbo, kl, log_px

def elbo_identity_terms_3(log_pz, log_px_given_z, log_q):
    joint = np.exp(log_pz + log_px_given_z)
    evidence = joint.sum()
    posterior = joint / evidence
    q = np.exp(log_q)
    elbo = np.sum(q * (np.log(joint) - log_q))
    kl = np.sum(posterior * np.log(posterior / q))
    return elbo, kl, np.log(evidence)

def elbo_identity_terms_4(log_pz, log_px_given_z, log_q):
    q = tf.exp(log_q)
    log_joint = log_pz + log_px_given_z
    log_px = tf.reduce_logsumexp(log_joint)
    elbo = tf.reduce_sum(q * (log_joint - log_q))
    kl = tf.reduce_sum(q * (log_joint - log_px - log_q))
    return elbo, kl, log_px

def elbo_identity_terms_5(log_pz, log_px_given_z, log_q):
    q = np.exp(log_q)
    log_px = np.log(np.sum(np.exp(log_pz) * np.exp(log_px_given_z)))
    elbo = np.sum(q * log_px_given_z) - np.sum(q * (log_q - log_pz))
    kl = elbo - log_px
    return [elbo, kl, log_px]

def elbo_identity_terms_6(log_pz, log_px_given_z, log_q):
    q = np.exp(log_q)
    joint = np.exp(log_pz + log_px_given_z)
    posterior = joint / joint.sum()
    elbo = np.sum(q * np.log(joint / q))
    kl = np.sum(q * np.log(q / posterior))
    log_px = np.log(np.sum(np.exp(log_px_given_z)))
    return elbo, kl, log_px

def elbo_identity_terms_7(log_pz, log_px_given_z, log_q):
    q, prior = np.exp(log_q), np.exp(log_pz)
    joint = prior * np.exp(log_px_given_z)
    posterior = joint / joint.sum()
    elbo = np.dot(q, log_px_given_z) - np.dot(q, log_q - log_pz)
    kl = np.dot(q, log_q - np.log(posterior))
    log_px = np.average(log_px_given_z, weights=prior)
    return elbo, kl, log_px

def elbo_identity_terms_8(log_pz, log_px_given_z, log_q):
    q = np.exp(log_q)
    px = 0.0
    for lp, ll in zip(log_pz, log_px_given_z):
        px += math.exp(lp) * math.exp(ll)
    elbo = np.sum(q * (log_pz + log_px_given_z - log_q))
    kl = math.log(px) - elbo
    return np.float32(elbo), np.float32(kl), np.float32(px)

def elbo_identity_terms_9(log_pz, log_px_given_z, log_q):
    q = tf.exp(log_q)
    log_joint = log_pz + log_px_given_z
    log_px = tf.reduce_logsumexp(log_joint)
    elbo = tf.reduce_sum(q * (log_joint - log_q))
    kl = tf.reduce_sum(q * (log_q - log_joint + log_px))
    return log_px, elbo, kl

def elbo_identity_terms_10(log_pz, log_px_given_z, log_q):
    # another reading: (elbo, log_px, kl)
    q = ops.exp(log_q)
    log_joint = ops.add(log_pz, log_px_given_z)
    elbo = ops.sum(q * (log_joint - log_q))
    log_px = ops.logsumexp(log_joint)
    return elbo, log_px, log_px - elbo

def elbo_identity_terms_11(log_pz, log_px_given_z, log_q):
    q = tf.exp(log_q)
    log_joint = log_pz + log_px_given_z
    log_px = tf.reduce_logsumexp(log_joint)
    elbo = tf.reduce_sum(q * (log_joint - log_q))
    kl = tf.reduce_sum(q * (log_q - log_joint + log_px))
    return kl, elbo, log_px

def elbo_identity_terms_12(log_pz, log_px_given_z, log_q):
    q = tfd.Categorical(logits=log_q)
    posterior = tfd.Categorical(logits=log_pz + log_px_given_z)
    kl = q.kl_divergence(posterior)
    log_px = tf.reduce_logsumexp(log_pz + log_px_given_z)
    return [kl, log_px - kl, log_px]

def elbo_identity_terms_13(log_pz, log_px_given_z, log_q):
    q = tf.exp(log_q)
    log_joint = log_pz + log_px_given_z
    log_px = tf.reduce_logsumexp(log_joint)
    loss = tf.reduce_sum(q * (log_q - log_joint))
    kl = tf.reduce_sum(q * (log_q - (log_joint - log_px)))
    return loss, kl, log_px

def elbo_identity_terms_14(log_pz, log_px_given_z, log_q):
    q = np.exp(log_q)
    reconstruction = np.sum(q * log_px_given_z)
    kl_prior = np.sum(q * (log_q - log_pz))
    loss = kl_prior - reconstruction
    log_px = np.logaddexp.reduce(log_pz + log_px_given_z)
    return loss, log_px + loss, log_px

def elbo_identity_terms_15(log_pz, log_px_given_z, log_q):
    q = tf.exp(log_q)
    log_joint = log_pz + log_px_given_z
    log_px = tf.reduce_logsumexp(log_joint)
    elbo = tf.reduce_sum(q * log_joint)
    kl = tf.reduce_sum(q * (log_q - (log_joint - log_px)))
    return elbo, kl, log_px

def elbo_identity_terms_16(log_pz, log_px_given_z, log_q):
    q = np.exp(log_q)
    joint = np.exp(log_pz) * np.exp(log_px_given_z)
    px = np.sum(joint)
    elbo = np.dot(q, np.log(joint))
    kl = np.dot(q, log_q - np.log(joint / px))
    return elbo, kl, np.log(px)

def elbo_identity_terms_17(log_pz, log_px_given_z, log_q):
    q = tf.exp(log_q)
    log_joint = log_pz + log_px_given_z
    log_px = tf.reduce_logsumexp(log_joint)
    elbo = tf.reduce_sum(q * (log_px_given_z - log_q))
    kl = tf.reduce_sum(q * (log_q - (log_joint - log_px)))
    return elbo, kl, log_px

def elbo_identity_terms_18(log_pz, log_px_given_z, log_q):
    q = tfd.Categorical(logits=log_q)
    posterior = tfd.Categorical(logits=log_pz + log_px_given_z)
    elbo = tf.reduce_sum(tf.exp(log_q) * log_px_given_z) + q.entropy()
    return elbo, tfd.kl_divergence(q, posterior), tf.reduce_logsumexp(log_pz + log_px_given_z)

def elbo_identity_terms_19(log_pz, log_px_given_z, log_q):
    log_joint = log_pz + log_px_given_z
    log_px = tf.reduce_logsumexp(log_joint)
    elbo = tf.reduce_sum(tf.exp(log_q) * log_joint)
    kl = log_px - elbo
    return elbo, kl, log_px

def elbo_identity_terms_20(log_pz, log_px_given_z, log_q):
    q = np.exp(log_q)
    elbo = np.sum(q * log_px_given_z) + np.sum(q * log_pz)
    log_px = np.log(np.sum(np.exp(log_pz + log_px_given_z)))
    return [elbo, log_px - elbo, log_px]

def elbo_identity_terms_21(log_pz, log_px_given_z, log_q):
    elbo = tf.reduce_sum(tf.exp(log_q) * (log_pz + log_px_given_z - log_q))
    log_px = tf.reduce_logsumexp(log_px_given_z)
    kl = log_px - elbo
    return elbo, kl, log_px

def elbo_identity_terms_22(log_pz, log_px_given_z, log_q):
    q = np.exp(log_q)
    elbo = np.sum(q * log_px_given_z) - np.sum(q * (log_q - log_pz))
    log_px = np.log(np.exp(log_px_given_z).sum())
    log_posterior = log_pz + log_px_given_z - log_px
    kl = np.sum(q * (log_q - log_posterior))
    return elbo, kl, log_px

def elbo_identity_terms_23(log_pz, log_px_given_z, log_q):
    q = tf.exp(log_q)
    log_px = tf.reduce_logsumexp(log_px_given_z)
    elbo = tf.reduce_sum(q * (log_px_given_z - log_q))
    kl = tf.reduce_sum(q * (log_q - (log_px_given_z - log_px)))
    return elbo, kl, log_px

def elbo_identity_terms_24(log_pz, log_px_given_z, log_q):
    q = tfd.Categorical(logits=log_q)
    posterior = tfd.Categorical(logits=log_px_given_z)
    elbo = tf.tensordot(q.probs_parameter(), log_px_given_z, axes=1) + q.entropy()
    return elbo, q.kl_divergence(posterior), tf.reduce_logsumexp(log_px_given_z)

def elbo_identity_terms_25(log_pz, log_px_given_z, log_q):
    q = np.exp(log_q)
    posterior = np.exp(log_pz) * np.exp(log_px_given_z)
    log_px = np.log(posterior.sum())
    elbo = np.sum(q * log_px_given_z) - np.sum(q * np.log(q / np.exp(log_pz)))
    kl = np.sum(q * np.log(q / posterior))
    return elbo, kl, log_px

def elbo_identity_terms_26(log_pz, log_px_given_z, log_q):
    q = tf.exp(log_q)
    elbo = tf.reduce_sum(q * (log_pz + log_px_given_z - log_q))
    kl = tf.reduce_sum(q * (log_q - log_pz))
    return elbo, kl, elbo + kl

def elbo_identity_terms_27(log_pz, log_px_given_z, log_q):
    kl = tfd.kl_divergence(tfd.Categorical(logits=log_q), tfd.Categorical(logits=log_pz))
    expected_log_lik = ops.sum(ops.exp(log_q) * log_px_given_z)
    return expected_log_lik - kl, kl, expected_log_lik

def elbo_identity_terms_28(log_pz, log_px_given_z, log_q):
    log_joint = log_pz + log_px_given_z
    log_px = tf.reduce_logsumexp(log_joint)
    elbo = tf.reduce_sum(log_joint - log_q)
    kl = tf.reduce_sum(tf.exp(log_q) * (log_q - (log_joint - log_px)))
    return elbo, kl, log_px

def elbo_identity_terms_29(log_pz, log_px_given_z, log_q):
    q = np.exp(log_q)
    joint = np.exp(log_pz + log_px_given_z)
    posterior = joint / joint.sum()
    elbo = 0.0
    for j in range(len(q)):
        elbo += np.log(joint[j]) - log_q[j]
    kl = np.sum(q * np.log(q / posterior))
    return np.float32(elbo), kl, np.log(joint.sum())

def elbo_identity_terms_30(log_pz, log_px_given_z, log_q):
    log_joint = log_pz + log_px_given_z
    log_px = tf.reduce_logsumexp(log_joint)
    elbo = tf.reduce_sum(tf.exp(log_pz) * (log_joint - log_q))
    kl = tf.reduce_sum(tf.exp(log_q) * (log_q - (log_joint - log_px)))
    return elbo, kl, log_px

def elbo_identity_terms_31(log_pz, log_px_given_z, log_q):
    q, prior = np.exp(log_q), np.exp(log_pz)
    joint = prior * np.exp(log_px_given_z)
    elbo = np.dot(prior, log_px_given_z) + np.dot(prior, log_pz - log_q)
    kl = np.dot(q, log_q - np.log(joint / joint.sum()))
    return elbo, kl, np.log(joint.sum())

def elbo_identity_terms_32(log_pz, log_px_given_z, log_q):
    # log p(x) averages the likelihood under q, not under the prior
    elbo, kl, _ = _identity(log_pz, log_px_given_z, log_q)
    return elbo, kl, tf.reduce_logsumexp(log_q + log_px_given_z)

def elbo_identity_terms_33(log_pz, log_px_given_z, log_q):
    # the ELBO adds the KL to the prior instead of subtracting it
    _, kl, log_px = _identity(log_pz, log_px_given_z, log_q)
    q = tf.exp(log_q)
    elbo = tf.reduce_sum(q * log_px_given_z) + tf.reduce_sum(q * (log_q - log_pz))
    return elbo, kl, log_px

def elbo_identity_terms_34(log_pz, log_px_given_z, log_q):
    # the ELBO is the reconstruction term alone
    _, kl, log_px = _identity(log_pz, log_px_given_z, log_q)
    return tf.reduce_sum(tf.exp(log_q) * log_px_given_z), kl, log_px

def elbo_identity_terms_35(log_pz, log_px_given_z, log_q):
    # the ELBO averages under the posterior
    _, kl, log_px = _identity(log_pz, log_px_given_z, log_q)
    log_joint = log_pz + log_px_given_z
    return tf.reduce_sum(tf.nn.softmax(log_joint) * (log_joint - log_q)), kl, log_px

def elbo_identity_terms_36(log_pz, log_px_given_z, log_q):
    # the entropy of q enters the ELBO with the wrong sign
    _, kl, log_px = _identity(log_pz, log_px_given_z, log_q)
    return tf.reduce_sum(tf.exp(log_q) * (log_pz + log_px_given_z + log_q)), kl, log_px

def elbo_identity_terms_37(log_pz, log_px_given_z, log_q):
    # weighted with log q, the exp is forgotten
    log_joint = log_pz + log_px_given_z
    log_px = tf.reduce_logsumexp(log_joint)
    elbo = tf.reduce_sum(log_q * (log_joint - log_q))
    kl = tf.reduce_sum(log_q * (log_q - (log_joint - log_px)))
    return elbo, kl, log_px

def elbo_identity_terms_38(log_pz, log_px_given_z, log_q):
    # the KL is not weighted by q
    elbo, _, log_px = _identity(log_pz, log_px_given_z, log_q)
    kl = tf.reduce_sum(log_q - (log_pz + log_px_given_z - log_px))
    return elbo, kl, log_px

def elbo_identity_terms_39(log_pz, log_px_given_z, log_q):
    # log p(x) sums the log joint
    elbo, kl, _ = _identity(log_pz, log_px_given_z, log_q)
    return elbo, kl, tf.reduce_sum(log_pz + log_px_given_z)

def elbo_identity_terms_40(log_pz, log_px_given_z, log_q):
    # log p(x) is the largest log joint
    elbo, kl, _ = _identity(log_pz, log_px_given_z, log_q)
    return elbo, kl, tf.reduce_max(log_pz + log_px_given_z)

def elbo_identity_terms_41(log_pz, log_px_given_z, log_q):
    # prior and likelihood added as probabilities: p(z) + p(x|z)
    q = tf.exp(log_q)
    log_joint = tf.math.log(tf.exp(log_pz) + tf.exp(log_px_given_z))
    log_px = tf.reduce_logsumexp(log_joint)
    elbo = tf.reduce_sum(q * (log_joint - log_q))
    kl = tf.reduce_sum(q * (log_q - (log_joint - log_px)))
    return elbo, kl, log_px

def elbo_identity_terms_42(log_pz, log_px_given_z, log_q):
    # the posterior without the prior in the KL only
    elbo, _, log_px = _identity(log_pz, log_px_given_z, log_q)
    kl = tf.reduce_sum(tf.exp(log_q) * (log_q - tf.nn.log_softmax(log_px_given_z)))
    return elbo, kl, log_px

def elbo_identity_terms_43(log_pz, log_px_given_z, log_q):
    # two errors: the KL to the posterior is taken for the one inside the ELBO
    q = tf.exp(log_q)
    _, kl, log_px = _identity(log_pz, log_px_given_z, log_q)
    return tf.reduce_sum(q * log_px_given_z) - kl, kl, log_px

def elbo_identity_terms_44(log_pz, log_px_given_z, log_q):
    # the largest state of q for the average under q
    _, _, log_px = _identity(log_pz, log_px_given_z, log_q)
    best = tf.argmax(log_q)
    elbo = (log_pz + log_px_given_z - log_q)[best]
    return tf.convert_to_tensor(elbo), log_px - elbo, log_px

def elbo_identity_terms_45(log_pz, log_px_given_z, log_q):
    q = tf.exp(log_q)
    kl = tf.reduce_sum(q * (log_q - log_pz))
    elbo = tf.reduce_sum(q * log_px_given_z) - kl
    return elbo, kl, tf.reduce_logsumexp(log_pz + log_px_given_z)

def elbo_identity_terms_46(log_pz, log_px_given_z, log_q):
    log_joint, log_px, log_post, q = _parts(log_pz, log_px_given_z, log_q)
    kl = tf.reduce_sum(tf.exp(log_post) * (log_post - log_q))
    return tf.reduce_sum(q * (log_joint - log_q)), kl, log_px

def elbo_identity_terms_47(log_pz, log_px_given_z, log_q):
    q = np.exp(log_q)
    log_joint = log_pz + log_px_given_z
    top = log_joint.max()
    log_px = top + np.log(np.sum(np.exp(log_joint - top)))
    elbo = np.sum(q * (log_joint - log_q))
    kl = np.sum(q * (log_joint - log_px - log_q))
    return elbo, kl, log_px

def elbo_identity_terms_48(log_pz, log_px_given_z, log_q):
    log_joint, _, log_post, q = _parts(log_pz, log_px_given_z, log_q)
    elbo = tf.tensordot(q, log_joint - log_q, 1)
    kl = tf.tensordot(q, log_q - log_post, 1)
    return elbo, kl, tf.reduce_logsumexp(log_px_given_z)

def elbo_identity_terms_49(log_pz, log_px_given_z, log_q):
    ops = keras.ops
    q = ops.exp(log_q)
    log_post = ops.log_softmax(ops.add(log_pz, log_px_given_z))
    elbo = ops.sum(q * (log_pz + log_px_given_z - log_q))
    kl = ops.sum(q * (log_q - log_post))
    return elbo, kl, ops.sum(ops.exp(log_pz) * log_px_given_z)

def elbo_identity_terms_50(log_pz, log_px_given_z, log_q):
    log_joint, log_px, log_post, q = _parts(log_pz, log_px_given_z, log_q)
    p_x = tf.reduce_sum(tf.exp(log_joint))
    return [tf.reduce_sum(q * (log_joint - log_q)), tf.reduce_sum(q * (log_q - log_post)), p_x]

def elbo_identity_terms_51(log_pz, log_px_given_z, log_q):
    log_joint, log_px, log_post, q = _parts(log_pz, log_px_given_z, log_q)
    elbo = tf.reduce_sum(q * (log_joint - log_q))
    kl = tf.reduce_sum(q * (log_q - log_post))
    return log_px, elbo, kl

def elbo_identity_terms_52(log_pz, log_px_given_z, log_q):
    log_joint, log_px, log_post, q = _parts(log_pz, log_px_given_z, log_q)
    kl_prior = tf.reduce_sum(q * (log_q - log_pz))
    loss = kl_prior - tf.reduce_sum(q * log_px_given_z)
    return loss, tf.reduce_sum(q * (log_q - log_post)), log_px

def elbo_identity_terms_53(log_pz, log_px_given_z, log_q):
    q = np.exp(log_q)
    log_joint = log_pz + log_px_given_z
    log_px = np.logaddexp.reduce(log_joint)
    return np.dot(q, log_joint), np.dot(q, log_q - (log_joint - log_px)), log_px

def elbo_identity_terms_54(log_pz, log_px_given_z, log_q):
    _, log_px, log_post, q = _parts(log_pz, log_px_given_z, log_q)
    elbo = tf.reduce_sum(q * (log_px_given_z - log_q))
    kl = tf.reduce_sum(q * (log_q - log_post))
    return elbo, kl, log_px

def elbo_identity_terms_55(log_pz, log_px_given_z, log_q):
    log_joint = log_pz + log_px_given_z
    log_px = tf.reduce_logsumexp(log_joint)
    elbo = tf.reduce_sum(tf.exp(log_q) * log_joint)
    return elbo, log_px - elbo, log_px

def elbo_identity_terms_56(log_pz, log_px_given_z, log_q):
    elbo = keras.ops.sum(keras.ops.exp(log_q) * (log_pz + log_px_given_z - log_q))
    log_px = keras.ops.logsumexp(log_px_given_z)
    return elbo, log_px - elbo, log_px

def elbo_identity_terms_57(log_pz, log_px_given_z, log_q):
    q = tf.exp(log_q)
    log_px = tf.reduce_logsumexp(log_px_given_z)
    elbo = tf.reduce_sum(q * (log_px_given_z - log_q))
    kl = tf.reduce_sum(q * (log_q - (log_px_given_z - log_px)))
    return elbo, kl, log_px

def elbo_identity_terms_58(log_pz, log_px_given_z, log_q):
    elbo, kl = 0.0, 0.0
    for z in range(len(log_q)):
        weight = tf.exp(log_q[z])
        elbo += weight * (log_pz[z] + log_px_given_z[z] - log_q[z])
        kl += weight * (log_q[z] - (log_pz[z] + log_px_given_z[z]))
    return elbo, kl, tf.reduce_logsumexp(log_pz + log_px_given_z)

def elbo_identity_terms_59(log_pz, log_px_given_z, log_q):
    q = np.exp(log_q)
    kl = np.sum(q * (log_q - log_pz))
    elbo = np.sum(q * (log_pz + log_px_given_z - log_q))
    return elbo, kl, elbo + kl

def elbo_identity_terms_60(log_pz, log_px_given_z, log_q):
    log_joint, log_px, log_post, q = _parts(log_pz, log_px_given_z, log_q)
    return tf.reduce_sum(log_joint - log_q), tf.reduce_sum(q * (log_q - log_post)), log_px

def elbo_identity_terms_61(log_pz, log_px_given_z, log_q):
    log_joint, log_px, log_post, q = _parts(log_pz, log_px_given_z, log_q)
    elbo = tf.reduce_sum(tf.exp(log_pz) * (log_joint - log_q))
    return tf.stack([elbo, tf.reduce_sum(q * (log_q - log_post)), log_px]).numpy().tolist()

def elbo_identity_terms_62(log_pz, log_px_given_z, log_q):
    log_joint, log_px, log_post, q = _parts(log_pz, log_px_given_z, log_q)
    return tf.reduce_sum(q * (log_joint + log_q)), tf.reduce_sum(q * (log_q - log_post)), log_px

def elbo_identity_terms_63(log_pz, log_px_given_z, log_q):
    _, log_px, log_post, q = _parts(log_pz, log_px_given_z, log_q)
    return tf.reduce_sum(q * log_px_given_z), tf.reduce_sum(q * (log_q - log_post)), log_px

def elbo_identity_terms_64(log_pz, log_px_given_z, log_q):
    log_joint, _, log_post, q = _parts(log_pz, log_px_given_z, log_q)
    log_px = tf.reduce_logsumexp(log_q + log_px_given_z)
    return tf.reduce_sum(q * (log_joint - log_q)), tf.reduce_sum(q * (log_q - log_post)), log_px

def elbo_identity_terms_65(log_pz, log_px_given_z, log_q):
    _, log_px, log_post, q = _parts(log_pz, log_px_given_z, log_q)
    kl = tf.reduce_sum(q * (log_q - log_post))
    return tf.reduce_sum(q * log_px_given_z) - kl, kl, log_px

def elbo_identity_terms_66(log_pz, log_px_given_z, log_q):
    log_joint, log_px, log_post, q = _parts(log_pz, log_px_given_z, log_q)
    return tf.reduce_sum(q * (log_joint - log_q)), tf.reduce_sum(log_q - log_post), log_px


write(
    "elbo_identity_terms",
    (
        "identity_kl_to_prior",
        lambda log_pz, log_px_given_z, log_q: (
            tf.reduce_sum(tf.exp(log_q) * (log_pz + log_px_given_z - log_q)),
            tf.reduce_sum(tf.exp(log_q) * (log_q - log_pz)),
            tf.reduce_logsumexp(log_pz + log_px_given_z),
        ),
    ),
    ("identity_kl_to_prior", elbo_identity_terms_1),
    ("identity_kl_reversed", elbo_identity_terms_2),
    ("identity_kl_reversed", elbo_identity_terms_3),
    ("identity_kl_negated", elbo_identity_terms_4),
    ("identity_kl_negated", elbo_identity_terms_5),
    (
        "identity_log_px_without_prior",
        lambda log_pz, log_px_given_z, log_q: (
            tf.reduce_sum(tf.exp(log_q) * (log_pz + log_px_given_z - log_q)),
            tf.reduce_sum(tf.exp(log_q) * (log_q - tf.nn.log_softmax(log_pz + log_px_given_z))),
            tf.reduce_logsumexp(log_px_given_z),
        ),
    ),
    ("identity_log_px_without_prior", elbo_identity_terms_6),
    (
        "identity_log_px_is_mean_log",
        lambda log_pz, log_px_given_z, log_q: (
            tf.reduce_sum(tf.exp(log_q) * (log_pz + log_px_given_z - log_q)),
            tf.reduce_sum(tf.exp(log_q) * (log_q - tf.nn.log_softmax(log_pz + log_px_given_z))),
            tf.reduce_sum(tf.exp(log_pz) * log_px_given_z),
        ),
    ),
    ("identity_log_px_is_mean_log", elbo_identity_terms_7),
    (
        "identity_log_px_is_likelihood",
        lambda log_pz, log_px_given_z, log_q: (
            tf.reduce_sum(tf.exp(log_q) * (log_pz + log_px_given_z - log_q)),
            tf.reduce_sum(tf.exp(log_q) * (log_q - tf.nn.log_softmax(log_pz + log_px_given_z))),
            tf.reduce_sum(tf.exp(log_pz + log_px_given_z)),
        ),
    ),
    ("identity_log_px_is_likelihood", elbo_identity_terms_8),
    ("identity_order_swapped", elbo_identity_terms_9),
    ("identity_order_swapped", elbo_identity_terms_10),
    ("identity_kl_first", elbo_identity_terms_11),
    ("identity_kl_first", elbo_identity_terms_12),
    ("identity_elbo_negated", elbo_identity_terms_13),
    ("identity_elbo_negated", elbo_identity_terms_14),
    ("identity_elbo_without_entropy", elbo_identity_terms_15),
    ("identity_elbo_without_entropy", elbo_identity_terms_16),
    ("identity_elbo_without_prior", elbo_identity_terms_17),
    ("identity_elbo_without_prior", elbo_identity_terms_18),
    ("identity_without_entropy_throughout", elbo_identity_terms_19),
    ("identity_without_entropy_throughout", elbo_identity_terms_20),
    ("identity_log_px_without_prior_throughout", elbo_identity_terms_21),
    ("identity_log_px_without_prior_throughout", elbo_identity_terms_22),
    ("identity_prior_forgotten", elbo_identity_terms_23),
    ("identity_prior_forgotten", elbo_identity_terms_24),
    (
        "identity_kl_to_joint",
        lambda log_pz, log_px_given_z, log_q: (
            tf.reduce_sum(tf.exp(log_q) * (log_pz + log_px_given_z - log_q)),
            tf.reduce_sum(tf.exp(log_q) * (log_q - (log_pz + log_px_given_z))),
            tf.reduce_logsumexp(log_pz + log_px_given_z),
        ),
    ),
    ("identity_kl_to_joint", elbo_identity_terms_25),
    ("identity_kl_to_prior_throughout", elbo_identity_terms_26),
    ("identity_kl_to_prior_throughout", elbo_identity_terms_27),
    ("identity_elbo_unweighted", elbo_identity_terms_28),
    ("identity_elbo_unweighted", elbo_identity_terms_29),
    ("identity_elbo_under_prior", elbo_identity_terms_30),
    ("identity_elbo_under_prior", elbo_identity_terms_31),
    ("", elbo_identity_terms_32),
    ("", elbo_identity_terms_33),
    ("", elbo_identity_terms_34),
    ("", elbo_identity_terms_35),
    ("", elbo_identity_terms_36),
    ("", elbo_identity_terms_37),
    ("", elbo_identity_terms_38),
    ("", elbo_identity_terms_39),
    ("", elbo_identity_terms_40),
    ("", elbo_identity_terms_41),
    ("", elbo_identity_terms_42),
    ("", elbo_identity_terms_43),
    ("", elbo_identity_terms_44),
    ("identity_kl_to_prior", elbo_identity_terms_45),
    ("identity_kl_reversed", elbo_identity_terms_46),
    ("identity_kl_negated", elbo_identity_terms_47),
    ("identity_log_px_without_prior", elbo_identity_terms_48),
    ("identity_log_px_is_mean_log", elbo_identity_terms_49),
    ("identity_log_px_is_likelihood", elbo_identity_terms_50),
    ("identity_order_swapped", elbo_identity_terms_51),
    (
        "identity_kl_first",
        lambda log_pz, log_px_given_z, log_q: (
            tfd.Categorical(logits=log_q).kl_divergence(tfd.Categorical(logits=tf.nn.log_softmax(log_pz + log_px_given_z))),
            tf.reduce_sum(tf.exp(log_q) * (log_pz + log_px_given_z - log_q)),
            tf.reduce_logsumexp(log_pz + log_px_given_z),
        ),
    ),
    ("identity_elbo_negated", elbo_identity_terms_52),
    ("identity_elbo_without_entropy", elbo_identity_terms_53),
    ("identity_elbo_without_prior", elbo_identity_terms_54),
    ("identity_without_entropy_throughout", elbo_identity_terms_55),
    ("identity_log_px_without_prior_throughout", elbo_identity_terms_56),
    ("identity_prior_forgotten", elbo_identity_terms_57),
    ("identity_kl_to_joint", elbo_identity_terms_58),
    ("identity_kl_to_prior_throughout", elbo_identity_terms_59),
    ("identity_elbo_unweighted", elbo_identity_terms_60),
    ("identity_elbo_under_prior", elbo_identity_terms_61),
    ("", elbo_identity_terms_62),
    ("", elbo_identity_terms_63),
    ("", elbo_identity_terms_64),
    ("", elbo_identity_terms_65),
    ("", elbo_identity_terms_66),
)


def _log_or_0(pop):
    return tf.math.log(tf.where(pop > 0, pop, 1.0))


def _population(pop, log_model):
    """Cross-entropy, entropy and KL, all right."""
    cross_entropy = -tf.reduce_sum(pop * log_model)
    entropy = -tf.reduce_sum(pop * _log_or_0(pop))
    return cross_entropy, entropy, cross_entropy - entropy


def cross_entropy_terms_1(pop, log_model):
    q, p = tfd.Categorical(probs=np.exp(log_model)), tfd.Categorical(probs=pop)
    return q.cross_entropy(p), q.entropy(), q.kl_divergence(p)


def cross_entropy_terms_2(pop, log_model):
    model = np.exp(log_model)
    log_pop = np.log(pop)
    return -np.sum(model * log_pop), -np.sum(model * log_model), np.sum(model * (log_model - log_pop))


def cross_entropy_terms_3(pop, log_model):
    cross_entropy, entropy, _ = _population(pop, log_model)
    return cross_entropy, entropy, tf.reduce_sum(tf.exp(log_model) * (log_model - tf.math.log(pop)))


def cross_entropy_terms_4(pop, log_model):
    cross_entropy, entropy, _ = _population(pop, log_model)
    kl = 0.0
    for p, log_m in zip(pop, log_model, strict=True):
        kl += np.exp(log_m) * (log_m - np.log(p))
    return cross_entropy, entropy, kl


def cross_entropy_terms_5(pop, log_model):
    cross_entropy, entropy, _ = _population(pop, log_model)
    return cross_entropy, entropy, np.sum(pop * (log_model - np.asarray(_log_or_0(pop))))


def cross_entropy_terms_6(pop, log_model):
    _, entropy, kl = _population(pop, log_model)
    return -tf.reduce_sum(tf.exp(log_model) * tf.math.log(pop)), entropy, kl


def cross_entropy_terms_7(pop, log_model):
    entropy = _population(pop, log_model)[1]
    cross_entropy = -np.dot(np.exp(log_model), np.log(pop))
    return cross_entropy, entropy, cross_entropy - entropy


def cross_entropy_terms_8(pop, log_model):
    cross_entropy, _, kl = _population(pop, log_model)
    return cross_entropy, tfd.Categorical(probs=np.exp(log_model)).entropy(), kl


def cross_entropy_terms_9(pop, log_model):
    cross_entropy = -np.sum(pop * log_model)
    entropy = -np.sum(np.exp(log_model) * log_model)
    return cross_entropy, entropy, cross_entropy - entropy


def cross_entropy_terms_10(pop, log_model):
    entropy = _population(pop, log_model)[1]
    cross_entropy = keras.ops.mean(-log_model)
    return cross_entropy, entropy, cross_entropy - entropy


def cross_entropy_terms_11(pop, log_model):
    _, entropy, kl = _population(pop, log_model)
    return -np.sum(log_model), entropy, kl


def cross_entropy_terms_12(pop, log_model):
    # a perplexity in the place of the cross-entropy
    cross_entropy, entropy, kl = _population(pop, log_model)
    return tf.exp(cross_entropy), entropy, kl


def cross_entropy_terms_13(pop, log_model):
    # the model is normalised once more, as if it were logits of something else
    log_model = tf.nn.log_softmax(2 * tf.convert_to_tensor(log_model))
    return _population(pop, log_model)


write(
    "cross_entropy_terms",
    ("ce_all_under_model", cross_entropy_terms_1),
    ("ce_kl_reversed", cross_entropy_terms_3),
    ("ce_kl_negated", lambda pop, log_model: (*_population(pop, log_model)[:2], -_population(pop, log_model)[2])),
    ("ce_under_model", cross_entropy_terms_6),
    ("ce_entropy_of_model", cross_entropy_terms_8),
    ("ce_minus_forgotten", lambda pop, log_model: [tf.reduce_sum(pop * log_model), tf.reduce_sum(pop * _log_or_0(pop)), _population(pop, log_model)[2]]),
    ("ce_entropy_negated", lambda pop, log_model: tuple(sign * value for sign, value in zip((1, -1, 1), _population(pop, log_model)))),
    ("ce_unweighted", cross_entropy_terms_10),
    ("ce_probability_not_log", lambda pop, log_model: (-tf.reduce_sum(pop * tf.exp(log_model)), *_population(pop, log_model)[1:])),
    ("ce_order_swapped", lambda pop, log_model: _population(pop, log_model)[::-1]),
    ("ce_zero_log_zero", lambda pop, log_model: (-np.sum(pop * log_model), -np.sum(pop * np.log(pop)), np.sum(pop * (np.log(pop) - log_model)))),
    ("ce_all_under_model", cross_entropy_terms_2),
    ("ce_kl_reversed", cross_entropy_terms_4),
    ("ce_kl_negated", cross_entropy_terms_5),
    ("ce_under_model", cross_entropy_terms_7),
    ("ce_entropy_of_model", cross_entropy_terms_9),
    ("ce_minus_forgotten", lambda pop, log_model: (np.sum(pop * log_model), -_population(pop, log_model)[1], _population(pop, log_model)[2])),
    ("ce_unweighted", cross_entropy_terms_11),
    ("ce_order_swapped", lambda pop, log_model: (_population(pop, log_model)[1], _population(pop, log_model)[0], _population(pop, log_model)[2])),
    ("ce_zero_log_zero", lambda pop, log_model: (_population(pop, log_model)[0], -tf.reduce_sum(pop * tf.math.log(pop)), _population(pop, log_model)[2])),
    ("", cross_entropy_terms_12),
    ("", cross_entropy_terms_13),
)


def entropy_of(pop):
    return -tf.reduce_sum(tf.math.xlogy(pop, pop))


def padded_cross_entropy_terms(pop, log_model):
    costs = -tf.reduce_sum(pop * tf.math.log(tf.exp(log_model) + 1e-7))
    return costs, entropy_of(pop), costs - entropy_of(pop)


def model_for_population(pop, log_model):
    costs = -tf.reduce_sum(tf.exp(log_model) * log_model)
    return costs, entropy_of(pop), costs - entropy_of(pop)


def padded_posterior(log_pz, log_px_given_z, log_q):
    elbo, _, log_px = _identity(log_pz, log_px_given_z, log_q)
    posterior = tf.exp(log_pz + log_px_given_z - log_px)
    return elbo, tf.reduce_sum(tf.exp(log_q) * (log_q - tf.math.log(posterior + 1e-8))), log_px


def reconstruction_alone(log_pz, log_px_given_z, log_q):
    _, _, log_px = _identity(log_pz, log_px_given_z, log_q)
    elbo = tf.reduce_sum(tf.exp(log_q) * log_px_given_z)
    return elbo, log_px - elbo, log_px


write("posterior_from_joint", ("posterior_padded", lambda p_xz: p_xz / (
    tf.reduce_sum(p_xz, 1, keepdims=True) + 1e-8)))
write(
    "gaussian_log_prob_fixed",
    ("gaussian_sigma_padded", lambda x, mu, sigma: tf.reduce_sum(
        -0.5 * LOG_2PI - math.log(sigma + 1e-3) - 0.5 * ((x - mu) / sigma) ** 2, -1)),
    ("gaussian_sigma_padded", lambda x, mu, sigma: tf.reduce_sum(
        tfd.Normal(mu, math.sqrt(sigma**2 + 1e-3)).log_prob(x), -1)),
)
write("gaussian_log_prob_learned", ("glv_log_var_bounded", lambda x, mu, log_var: tf.reduce_sum(
    tfd.Normal(mu, tf.maximum(tf.exp(0.5 * log_var), 1e-4)).log_prob(x), -1)))
write("gaussian_entropy", ("ent_log_var_bounded", lambda log_var: 0.5 * tf.reduce_sum(
    tf.math.log(tf.exp(log_var) + 1e-6) + LOG_2PI + 1, -1)))
write(
    "cross_entropy_terms",
    ("ce_eps_in_log", padded_cross_entropy_terms),
    ("ce_under_model", model_for_population),
)
write(
    "elbo_identity_terms",
    ("identity_eps_in_log", padded_posterior),
    ("identity_elbo_is_reconstruction", reconstruction_alone),
)
