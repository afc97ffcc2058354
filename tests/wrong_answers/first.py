"""Wrong answers to a01, written from the question texts and the names and hints of the known mistakes alone."""
import math

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp
from keras import ops

tfd = tfp.distributions

LOG_2PI = math.log(2.0 * math.pi)

WRITTEN = []   # (question, name of the mistake or "", function)


def mistake(name):
    def keep(function):
        WRITTEN.append((function.__name__, name, function))
        return function
    return keep


# ---------------------------------------------------------------------------------------------------------------------
# posterior_from_joint
# ---------------------------------------------------------------------------------------------------------------------

@mistake("posterior_normalised_over_x")
def posterior_from_joint(p_xz):
    p_z = tf.reduce_sum(p_xz, axis=0, keepdims=True)
    return p_xz / p_z


@mistake("posterior_normalised_over_x")
def posterior_from_joint(p_xz):
    p_xz = np.asarray(p_xz)
    posterior = np.zeros_like(p_xz)
    for z in range(p_xz.shape[1]):
        posterior[:, z] = p_xz[:, z] / p_xz[:, z].sum()
    return posterior


@mistake("posterior_is_joint")
def posterior_from_joint(p_xz):
    return tf.convert_to_tensor(p_xz) / tf.reduce_sum(p_xz)


@mistake("posterior_is_joint")
def posterior_from_joint(p_xz):
    return np.array(p_xz, dtype=np.float32)


@mistake("posterior_is_marginal")
def posterior_from_joint(p_xz):
    p_z = tf.reduce_sum(p_xz, axis=0, keepdims=True)
    return p_z * tf.ones_like(p_xz)


@mistake("posterior_is_marginal")
def posterior_from_joint(p_xz):
    p_z = np.sum(p_xz, axis=0)
    return np.tile(p_z, (p_xz.shape[0], 1))


@mistake("posterior_transposed")
def posterior_from_joint(p_xz):
    p_x = tf.reduce_sum(p_xz, axis=1, keepdims=True)
    return tf.transpose(p_xz / p_x)


@mistake("posterior_transposed")
def posterior_from_joint(p_xz):
    p_zx = np.asarray(p_xz).T
    return p_zx / p_zx.sum(axis=0)


@mistake("posterior_softmax")
def posterior_from_joint(p_xz):
    return tf.nn.softmax(p_xz, axis=1)


@mistake("posterior_softmax")
def posterior_from_joint(p_xz):
    e = np.exp(p_xz - np.max(p_xz, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


@mistake("posterior_log")
def posterior_from_joint(p_xz):
    log_joint = tf.math.log(p_xz)
    return log_joint - tf.reduce_logsumexp(log_joint, axis=1, keepdims=True)


@mistake("posterior_log")
def posterior_from_joint(p_xz):
    p_x = np.sum(p_xz, axis=1)
    return np.log(p_xz / p_x[:, None])


@mistake("posterior_times_marginal")
def posterior_from_joint(p_xz):
    p_x = tf.reduce_sum(p_xz, axis=1, keepdims=True)
    return p_xz * p_x


@mistake("posterior_times_marginal")
def posterior_from_joint(p_xz):
    log_p_x = np.log(np.einsum("xz->x", p_xz))
    return np.exp(np.log(p_xz) + log_p_x[:, np.newaxis])


@mistake("")
def posterior_from_joint(p_xz):
    # product of the two marginals, as if x and z were independent
    p_x = tf.reduce_sum(p_xz, axis=1, keepdims=True)
    p_z = tf.reduce_sum(p_xz, axis=0, keepdims=True)
    return p_x * p_z


@mistake("")
def posterior_from_joint(p_xz):
    # divided by both marginals
    p_x = tf.reduce_sum(p_xz, axis=1, keepdims=True)
    p_z = tf.reduce_sum(p_xz, axis=0, keepdims=True)
    return p_xz / (p_x * p_z)


@mistake("")
def posterior_from_joint(p_xz):
    # took the joint for the likelihood: multiplied by the prior once more, then normalised
    p_z = tf.reduce_sum(p_xz, axis=0, keepdims=True)
    unnormalised = p_xz * p_z
    return unnormalised / tf.reduce_sum(unnormalised, axis=1, keepdims=True)


@mistake("")
def posterior_from_joint(p_xz):
    # a normalised likelihood: columns first, then rows (the prior drops out)
    likelihood = p_xz / tf.reduce_sum(p_xz, axis=0, keepdims=True)
    return likelihood / tf.reduce_sum(likelihood, axis=1, keepdims=True)


@mistake("")
def posterior_from_joint(p_xz):
    # L2 norm of the row in place of its sum
    return tf.math.l2_normalize(p_xz, axis=1)


@mistake("")
def posterior_from_joint(p_xz):
    # divided by the largest entry of the row
    return p_xz / np.max(p_xz, axis=1, keepdims=True)


@mistake("")
def posterior_from_joint(p_xz):
    # the MAP state as one-hot rows
    p_xz = tf.convert_to_tensor(p_xz)
    return tf.one_hot(tf.argmax(p_xz, axis=1), p_xz.shape[1])


@mistake("")
def posterior_from_joint(p_xz):
    # the evidence p(x), repeated over z
    return tf.reduce_sum(p_xz, axis=1, keepdims=True) * tf.ones_like(p_xz)


@mistake("")
def posterior_from_joint(p_xz):
    # a softmax over x
    return tf.nn.softmax(p_xz, axis=0)


@mistake("")
def posterior_from_joint(p_xz):
    # a far too large epsilon in the denominator
    return p_xz / (tf.reduce_sum(p_xz, axis=1, keepdims=True) + 0.1)


# ---------------------------------------------------------------------------------------------------------------------
# standard_normal_log_prob
# ---------------------------------------------------------------------------------------------------------------------

@mistake("snl_positive_exponent")
def standard_normal_log_prob(z):
    return tf.reduce_sum(0.5 * tf.square(z) - 0.5 * LOG_2PI, axis=1)


@mistake("snl_positive_exponent")
def standard_normal_log_prob(z):
    k = z.shape[-1]
    return -k / 2 * LOG_2PI + np.sum(z ** 2, axis=-1) / 2


@mistake("snl_missing_2pi")
def standard_normal_log_prob(z):
    return -0.5 * tf.reduce_sum(tf.square(z), axis=-1)


@mistake("snl_missing_2pi")
def standard_normal_log_prob(z):
    return np.array([-np.dot(row, row) / 2 for row in z], dtype=np.float32)


@mistake("snl_2pi_once")
def standard_normal_log_prob(z):
    return -0.5 * tf.reduce_sum(z ** 2, axis=1) - 0.5 * tf.math.log(2.0 * np.pi)


@mistake("snl_2pi_once")
def standard_normal_log_prob(z):
    return -(ops.sum(ops.square(z), axis=-1) + LOG_2PI) / 2


@mistake("snl_not_halved")
def standard_normal_log_prob(z):
    return tf.reduce_sum(-tf.square(z) - 0.5 * LOG_2PI, axis=1)


@mistake("snl_not_halved")
def standard_normal_log_prob(z):
    k = z.shape[1]
    return -np.einsum("bk,bk->b", z, z) - k * math.log(math.sqrt(2 * math.pi))


@mistake("snl_log_sqrt2pi_not_halved")
def standard_normal_log_prob(z):
    return tf.reduce_sum(-0.5 * tf.square(z) - tf.math.log(2.0 * np.pi), axis=1)


@mistake("snl_log_sqrt2pi_not_halved")
def standard_normal_log_prob(z):
    k = z.shape[-1]
    return -ops.sum(ops.square(z), axis=-1) / 2 - k * LOG_2PI


@mistake("snl_mean")
def standard_normal_log_prob(z):
    return tf.reduce_mean(-0.5 * (tf.square(z) + LOG_2PI), axis=1)


@mistake("snl_mean")
def standard_normal_log_prob(z):
    return tf.reduce_mean(tfd.Normal(loc=0.0, scale=1.0).log_prob(z), axis=-1)


@mistake("snl_density_not_log")
def standard_normal_log_prob(z):
    return tf.reduce_prod(tf.exp(-0.5 * tf.square(z)) / tf.sqrt(2.0 * np.pi), axis=1)


@mistake("snl_density_not_log")
def standard_normal_log_prob(z):
    return tfd.MultivariateNormalDiag(loc=tf.zeros(z.shape[1]), scale_diag=tf.ones(z.shape[1])).prob(z)


@mistake("snl_not_squared")
def standard_normal_log_prob(z):
    return tf.reduce_sum(-0.5 * (z + tf.math.log(2.0 * np.pi)), axis=1)


@mistake("snl_not_squared")
def standard_normal_log_prob(z):
    # another reading: the norm of z without its square
    k = z.shape[1]
    return -0.5 * np.linalg.norm(z, axis=1) - 0.5 * k * LOG_2PI


@mistake("")
def standard_normal_log_prob(z):
    # summed over the batch axis
    return tf.reduce_sum(-0.5 * tf.square(z) - 0.5 * LOG_2PI, axis=0)


@mistake("")
def standard_normal_log_prob(z):
    # the constant counted once per example of the batch: B for K
    return -0.5 * tf.reduce_sum(tf.square(z), axis=1) - 0.5 * z.shape[0] * LOG_2PI


@mistake("")
def standard_normal_log_prob(z):
    # the sign of the constant
    return tf.reduce_sum(-0.5 * tf.square(z) + 0.5 * LOG_2PI, axis=1)


@mistake("")
def standard_normal_log_prob(z):
    # the logarithm of the constant is missing
    return tf.reduce_sum(-0.5 * tf.square(z) - tf.sqrt(2.0 * np.pi), axis=1)


@mistake("")
def standard_normal_log_prob(z):
    # log pi in place of log 2 pi
    return tf.reduce_sum(-0.5 * (tf.square(z) + math.log(math.pi)), axis=1)


@mistake("")
def standard_normal_log_prob(z):
    # the square of the sum in place of the sum of the squares
    return -0.5 * tf.square(tf.reduce_sum(z, axis=1)) - 0.5 * z.shape[1] * LOG_2PI


@mistake("")
def standard_normal_log_prob(z):
    # logarithm of a product of densities: minus infinity as soon as it underflows
    density = np.exp(-0.5 * z ** 2) / np.sqrt(np.float32(2 * np.pi))
    with np.errstate(divide="ignore"):
        return np.log(np.prod(density, axis=1))


@mistake("")
def standard_normal_log_prob(z):
    # an epsilon inside the logarithm floors the log density at log 1e-8 per dimension
    density = tf.exp(-0.5 * tf.square(z)) / tf.sqrt(2.0 * np.pi)
    return tf.reduce_sum(tf.math.log(density + 1e-8), axis=1)


@mistake("")
def standard_normal_log_prob(z):
    # standardised the latents first
    z = (z - tf.reduce_mean(z, axis=1, keepdims=True)) / (tf.math.reduce_std(z, axis=1, keepdims=True) + 1e-7)
    return tf.reduce_sum(-0.5 * tf.square(z) - 0.5 * LOG_2PI, axis=1)


@mistake("")
def standard_normal_log_prob(z):
    # log cdf in place of log density
    return tf.reduce_sum(tfd.Normal(0.0, 1.0).log_cdf(z), axis=-1)


# ---------------------------------------------------------------------------------------------------------------------
# bernoulli_log_prob_probs
# ---------------------------------------------------------------------------------------------------------------------

@mistake("bce_sign_flipped")
def bernoulli_log_prob_probs(x, probs):
    p = tf.clip_by_value(probs, 1e-7, 1.0 - 1e-7)
    return -tf.reduce_sum(x * tf.math.log(p) + (1.0 - x) * tf.math.log(1.0 - p), axis=1)


@mistake("bce_sign_flipped")
def bernoulli_log_prob_probs(x, probs):
    return ops.sum(ops.binary_crossentropy(x, probs), axis=-1)


@mistake("bce_mean_over_pixels")
def bernoulli_log_prob_probs(x, probs):
    return tf.reduce_mean(tf.math.xlogy(x, probs) + tf.math.xlog1py(1.0 - x, -probs), axis=1)


@mistake("bce_mean_over_pixels")
def bernoulli_log_prob_probs(x, probs):
    return -keras.losses.binary_crossentropy(x, probs)


@mistake("bce_neg_mean_over_pixels")
def bernoulli_log_prob_probs(x, probs):
    p = tf.clip_by_value(probs, 1e-7, 1.0 - 1e-7)
    return -tf.reduce_mean(x * tf.math.log(p) + (1.0 - x) * tf.math.log(1.0 - p), axis=-1)


@mistake("bce_neg_mean_over_pixels")
def bernoulli_log_prob_probs(x, probs):
    return keras.losses.binary_crossentropy(x, probs)


@mistake("bern_prob_not_log")
def bernoulli_log_prob_probs(x, probs):
    return tf.reduce_prod(tf.pow(probs, x) * tf.pow(1.0 - probs, 1.0 - x), axis=1)


@mistake("bern_prob_not_log")
def bernoulli_log_prob_probs(x, probs):
    return np.prod(np.where(x == 1, probs, 1 - probs), axis=-1)


@mistake("bern_squared_error")
def bernoulli_log_prob_probs(x, probs):
    return -0.5 * tf.reduce_sum(tf.square(x - probs), axis=1)


@mistake("bern_squared_error")
def bernoulli_log_prob_probs(x, probs):
    # another reading: without the half
    return -np.sum((x - probs) ** 2, axis=-1)


@mistake("bern_log_of_sum")
def bernoulli_log_prob_probs(x, probs):
    p = x * probs + (1.0 - x) * (1.0 - probs)
    return tf.math.log(tf.reduce_sum(p, axis=1))


@mistake("bern_log_of_sum")
def bernoulli_log_prob_probs(x, probs):
    log_p = tfd.Bernoulli(probs=tf.clip_by_value(probs, 1e-7, 1 - 1e-7)).log_prob(x)
    return tf.reduce_logsumexp(log_p, axis=-1)


@mistake("bern_log2")
def bernoulli_log_prob_probs(x, probs):
    log_p = tf.math.xlogy(x, probs) + tf.math.xlog1py(1.0 - x, -probs)
    return tf.reduce_sum(log_p, axis=1) / tf.math.log(2.0)


@mistake("bern_log2")
def bernoulli_log_prob_probs(x, probs):
    p = np.clip(probs, 1e-7, 1 - 1e-7)
    return np.sum(x * np.log2(p) + (1 - x) * np.log2(1 - p), axis=1)


@mistake("bern_sum_over_batch")
def bernoulli_log_prob_probs(x, probs):
    p = tf.clip_by_value(probs, 1e-7, 1.0 - 1e-7)
    return tf.reduce_sum(x * tf.math.log(p) + (1.0 - x) * tf.math.log(1.0 - p))


@mistake("bern_sum_over_batch")
def bernoulli_log_prob_probs(x, probs):
    return -ops.sum(ops.binary_crossentropy(x, probs))


@mistake("bern_arguments_swapped")
def bernoulli_log_prob_probs(x, probs):
    x = tf.clip_by_value(x, 1e-7, 1.0 - 1e-7)
    return tf.reduce_sum(probs * tf.math.log(x) + (1.0 - probs) * tf.math.log(1.0 - x), axis=1)


@mistake("bern_arguments_swapped")
def bernoulli_log_prob_probs(x, probs):
    return -ops.sum(ops.binary_crossentropy(probs, x), axis=-1)


@mistake("bern_eps_inside_log_large")
def bernoulli_log_prob_probs(x, probs):
    eps = 1e-3
    return tf.reduce_sum(x * tf.math.log(probs + eps) + (1.0 - x) * tf.math.log(1.0 - probs + eps), axis=1)


@mistake("bern_eps_inside_log_large")
def bernoulli_log_prob_probs(x, probs):
    p = np.clip(probs, 0.01, 0.99)
    return np.sum(x * np.log(p) + (1 - x) * np.log(1 - p), axis=-1)


@mistake("bern_only_ones")
def bernoulli_log_prob_probs(x, probs):
    return tf.reduce_sum(x * tf.math.log(tf.maximum(probs, 1e-7)), axis=1)


@mistake("bern_only_ones")
def bernoulli_log_prob_probs(x, probs):
    return np.array([np.sum(np.log(p[pixels == 1])) for pixels, p in zip(x, probs)], dtype=np.float32)


@mistake("bern_zero_log_zero")
def bernoulli_log_prob_probs(x, probs):
    return tf.reduce_sum(x * tf.math.log(probs) + (1.0 - x) * tf.math.log(1.0 - probs), axis=1)


@mistake("bern_zero_log_zero")
def bernoulli_log_prob_probs(x, probs):
    p = np.clip(probs, 1e-8, 1 - 1e-8)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.sum(x * np.log(p) + (1 - x) * np.log(1 - p), axis=1)


@mistake("")
def bernoulli_log_prob_probs(x, probs):
    # probabilities taken for logits: a sigmoid on top
    return -tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=probs), axis=1)


@mistake("")
def bernoulli_log_prob_probs(x, probs):
    # only the pixels that are 0 count
    return tf.reduce_sum(tf.math.xlog1py(1.0 - x, -probs), axis=1)


@mistake("")
def bernoulli_log_prob_probs(x, probs):
    # 0 and 1 exchanged: p belongs to the pixels that are 0
    p = tf.clip_by_value(probs, 1e-7, 1.0 - 1e-7)
    return tf.reduce_sum((1.0 - x) * tf.math.log(p) + x * tf.math.log(1.0 - p), axis=1)


@mistake("")
def bernoulli_log_prob_probs(x, probs):
    # minus between the two terms
    p = tf.clip_by_value(probs, 1e-7, 1.0 - 1e-7)
    return tf.reduce_sum(x * tf.math.log(p) - (1.0 - x) * tf.math.log(1.0 - p), axis=1)


@mistake("")
def bernoulli_log_prob_probs(x, probs):
    # the negative entropy of p: x does not enter
    p = tf.clip_by_value(probs, 1e-7, 1.0 - 1e-7)
    return tf.reduce_sum(p * tf.math.log(p) + (1.0 - p) * tf.math.log(1.0 - p), axis=1)


@mistake("")
def bernoulli_log_prob_probs(x, probs):
    # the pixels' probabilities normalised over the image first
    p = probs / tf.maximum(tf.reduce_sum(probs, axis=1, keepdims=True), 1e-7)
    p = tf.clip_by_value(p, 1e-7, 1.0 - 1e-7)
    return tf.reduce_sum(x * tf.math.log(p) + (1.0 - x) * tf.math.log(1.0 - p), axis=1)


@mistake("")
def bernoulli_log_prob_probs(x, probs):
    # summed over the batch axis instead of the pixels
    return tf.reduce_sum(tf.math.xlogy(x, probs) + tf.math.xlog1py(1.0 - x, -probs), axis=0)


@mistake("")
def bernoulli_log_prob_probs(x, probs):
    # 1 - log p in place of log(1 - p)
    p = tf.clip_by_value(probs, 1e-7, 1.0)
    return tf.reduce_sum(x * tf.math.log(p) + (1.0 - x) * (1.0 - tf.math.log(p)), axis=1)


@mistake("")
def bernoulli_log_prob_probs(x, probs):
    # absolute error, a Laplace core
    return -np.sum(np.abs(x - probs), axis=1)


@mistake("")
def bernoulli_log_prob_probs(x, probs):
    # probabilities thresholded at one half first
    hard = tf.cast(probs > 0.5, tf.float32)
    p = tf.clip_by_value(hard, 1e-7, 1.0 - 1e-7)
    return tf.reduce_sum(x * tf.math.log(p) + (1.0 - x) * tf.math.log(1.0 - p), axis=1)


@mistake("")
def bernoulli_log_prob_probs(x, probs):
    # log1p(p) for log1p(-p), a lost sign
    return tf.reduce_sum(tf.math.xlogy(x, probs) + tf.math.xlog1py(1.0 - x, probs), axis=1)


# ---------------------------------------------------------------------------------------------------------------------
# bernoulli_log_prob_logits
# ---------------------------------------------------------------------------------------------------------------------

@mistake("logit_sign_flipped")
def bernoulli_log_prob_logits(x, logits):
    return tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits), axis=1)


@mistake("logit_sign_flipped")
def bernoulli_log_prob_logits(x, logits):
    return np.sum(np.logaddexp(np.float32(0), logits) - x * logits, axis=-1)


@mistake("logit_mean_over_pixels")
def bernoulli_log_prob_logits(x, logits):
    return tf.reduce_mean(x * logits - tf.nn.softplus(logits), axis=1)


@mistake("logit_mean_over_pixels")
def bernoulli_log_prob_logits(x, logits):
    return ops.mean(tfd.Bernoulli(logits=logits).log_prob(x), axis=-1)


@mistake("logit_neg_mean_over_pixels")
def bernoulli_log_prob_logits(x, logits):
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits), axis=1)


@mistake("logit_neg_mean_over_pixels")
def bernoulli_log_prob_logits(x, logits):
    return keras.losses.binary_crossentropy(x, logits, from_logits=True)


@mistake("logit_double_sigmoid")
def bernoulli_log_prob_logits(x, logits):
    probs = tf.sigmoid(logits)
    return -tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=probs), axis=1)


@mistake("logit_double_sigmoid")
def bernoulli_log_prob_logits(x, logits):
    return tf.reduce_sum(tfd.Bernoulli(logits=tf.nn.sigmoid(logits)).log_prob(x), axis=-1)


@mistake("logit_wrong_max_trick")
def bernoulli_log_prob_logits(x, logits):
    softplus = tf.maximum(logits, 0.0) + tf.math.log1p(tf.exp(logits))
    return tf.reduce_sum(x * logits - softplus, axis=1)


@mistake("logit_wrong_max_trick")
def bernoulli_log_prob_logits(x, logits):
    # as the first, but without the overflow
    return ops.sum(x * logits - (ops.relu(logits) + ops.softplus(logits)), axis=-1)


@mistake("logit_used_as_probability")
def bernoulli_log_prob_logits(x, logits):
    p = tf.clip_by_value(logits, 1e-7, 1.0 - 1e-7)
    return tf.reduce_sum(x * tf.math.log(p) + (1.0 - x) * tf.math.log(1.0 - p), axis=1)


@mistake("logit_used_as_probability")
def bernoulli_log_prob_logits(x, logits):
    return -ops.sum(ops.binary_crossentropy(x, logits, from_logits=False), axis=-1)


@mistake("logit_softmax_over_pixels")
def bernoulli_log_prob_logits(x, logits):
    return tf.reduce_sum(x * tf.nn.log_softmax(logits, axis=1), axis=1)


@mistake("logit_softmax_over_pixels")
def bernoulli_log_prob_logits(x, logits):
    # another reading: softmax for the sigmoid, then the Bernoulli formula
    p = ops.clip(ops.softmax(logits, axis=-1), 1e-7, 1 - 1e-7)
    return ops.sum(x * ops.log(p) + (1 - x) * ops.log(1 - p), axis=-1)


@mistake("logit_only_ones")
def bernoulli_log_prob_logits(x, logits):
    return tf.reduce_sum(x * tf.math.log_sigmoid(logits), axis=1)


@mistake("logit_only_ones")
def bernoulli_log_prob_logits(x, logits):
    return np.array([-np.sum(np.logaddexp(np.float32(0), -a[pixels == 1])) for pixels, a in zip(x, logits)],
                    dtype=np.float32)


@mistake("logit_sign_of_logit")
def bernoulli_log_prob_logits(x, logits):
    return tf.reduce_sum(-x * logits - tf.nn.softplus(-logits), axis=1)


@mistake("logit_sign_of_logit")
def bernoulli_log_prob_logits(x, logits):
    return ops.sum((1 - x) * ops.log_sigmoid(logits) + x * ops.log_sigmoid(ops.negative(logits)), axis=-1)


@mistake("logit_probability_not_log")
def bernoulli_log_prob_logits(x, logits):
    return tf.exp(tf.reduce_sum(x * logits - tf.nn.softplus(logits), axis=1))


@mistake("logit_probability_not_log")
def bernoulli_log_prob_logits(x, logits):
    p = tf.sigmoid(logits).numpy()
    return np.prod(p ** x * (1 - p) ** (1 - x), axis=-1)


@mistake("logit_squared_error")
def bernoulli_log_prob_logits(x, logits):
    return -tf.reduce_sum(tf.square(x - tf.sigmoid(logits)), axis=1)


@mistake("logit_squared_error")
def bernoulli_log_prob_logits(x, logits):
    # another reading: halved, and with the logits themselves as the mean
    return -0.5 * np.sum((x - logits) ** 2, axis=-1)


@mistake("logit_clipped_probability")
def bernoulli_log_prob_logits(x, logits):
    p = tf.clip_by_value(tf.sigmoid(logits), 1e-7, 1.0 - 1e-7)
    return tf.reduce_sum(x * tf.math.log(p) + (1.0 - x) * tf.math.log(1.0 - p), axis=1)


@mistake("logit_clipped_probability")
def bernoulli_log_prob_logits(x, logits):
    p = ops.sigmoid(logits)
    eps = 1e-10
    return ops.sum(x * ops.log(p + eps) + (1 - x) * ops.log(1 - p + eps), axis=-1)


@mistake("logit_through_probability")
def bernoulli_log_prob_logits(x, logits):
    p = tf.sigmoid(logits)
    return tf.reduce_sum(x * tf.math.log(p) + (1.0 - x) * tf.math.log(1.0 - p), axis=1)


@mistake("logit_through_probability")
def bernoulli_log_prob_logits(x, logits):
    return tf.reduce_sum(tfd.Bernoulli(probs=tf.nn.sigmoid(logits)).log_prob(x), axis=-1)


@mistake("logit_naive_exp")
def bernoulli_log_prob_logits(x, logits):
    return tf.reduce_sum(x * logits - tf.math.log(1.0 + tf.exp(logits)), axis=1)


@mistake("logit_naive_exp")
def bernoulli_log_prob_logits(x, logits):
    with np.errstate(over="ignore", invalid="ignore"):
        return -np.sum(x * np.log1p(np.exp(-logits)) + (1 - x) * np.log1p(np.exp(logits)), axis=-1)


@mistake("logit_sum_over_batch")
def bernoulli_log_prob_logits(x, logits):
    return -tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits))


@mistake("logit_sum_over_batch")
def bernoulli_log_prob_logits(x, logits):
    total = 0.0
    for pixels, a in zip(x, logits):
        total += np.sum(pixels * a - np.logaddexp(np.float32(0), a))
    return np.float32(total)


@mistake("")
def bernoulli_log_prob_logits(x, logits):
    # the softplus, i.e. the normaliser, is missing
    return tf.reduce_sum(x * logits, axis=1)


@mistake("")
def bernoulli_log_prob_logits(x, logits):
    # softplus of -a beside x a
    return tf.reduce_sum(x * logits - tf.nn.softplus(-logits), axis=1)


@mistake("")
def bernoulli_log_prob_logits(x, logits):
    # max trick with exp(-a), no absolute value: wrong for negative logits
    softplus = tf.maximum(logits, 0.0) + tf.nn.softplus(-logits)
    return tf.reduce_sum(x * logits - softplus, axis=1)


@mistake("")
def bernoulli_log_prob_logits(x, logits):
    # the softplus once per image: of the summed logits
    return tf.reduce_sum(x * logits, axis=1) - tf.nn.softplus(tf.reduce_sum(logits, axis=1))


@mistake("")
def bernoulli_log_prob_logits(x, logits):
    # a plus before the softplus
    return tf.reduce_sum(x * logits + tf.nn.softplus(logits), axis=1)


@mistake("")
def bernoulli_log_prob_logits(x, logits):
    # the log1p part of the softplus is dropped
    return tf.reduce_sum(x * logits - tf.nn.relu(logits), axis=1)


@mistake("")
def bernoulli_log_prob_logits(x, logits):
    # logits clipped to +-10 "for stability"
    a = tf.clip_by_value(logits, -10.0, 10.0)
    return tf.reduce_sum(x * a - tf.nn.softplus(a), axis=1)


@mistake("")
def bernoulli_log_prob_logits(x, logits):
    # only the pixels that are 0 count
    return tf.reduce_sum((1.0 - x) * tf.math.log_sigmoid(-logits), axis=1)


@mistake("")
def bernoulli_log_prob_logits(x, logits):
    # summed over the batch axis instead of the pixels
    return tf.reduce_sum(x * logits - tf.nn.softplus(logits), axis=0)


@mistake("")
def bernoulli_log_prob_logits(x, logits):
    # pixels recoded to -1, 1 in the formula for 0, 1
    return tf.reduce_sum((2.0 * x - 1.0) * logits - tf.nn.softplus(logits), axis=1)


@mistake("")
def bernoulli_log_prob_logits(x, logits):
    # log sigmoid for the ones, but minus the bare logit for the zeros
    return tf.reduce_sum(x * tf.math.log_sigmoid(logits) - (1.0 - x) * logits, axis=1)


@mistake("")
def bernoulli_log_prob_logits(x, logits):
    # logits centred over the image first, as one may do before a softmax
    a = logits - tf.reduce_mean(logits, axis=1, keepdims=True)
    return tf.reduce_sum(x * a - tf.nn.softplus(a), axis=1)


# ---------------------------------------------------------------------------------------------------------------------
# gaussian_log_prob_fixed
# ---------------------------------------------------------------------------------------------------------------------

@mistake("gaussian_missing_normaliser")
def gaussian_log_prob_fixed(x, mu, sigma):
    return -0.5 * tf.reduce_sum(tf.square((x - mu) / sigma), axis=1)


@mistake("gaussian_missing_normaliser")
def gaussian_log_prob_fixed(x, mu, sigma):
    return -np.linalg.norm(x - mu, axis=-1) ** 2 / (2 * sigma ** 2)


@mistake("gaussian_missing_log_sigma")
def gaussian_log_prob_fixed(x, mu, sigma):
    return tf.reduce_sum(-0.5 * tf.square((x - mu) / sigma) - 0.5 * LOG_2PI, axis=1)


@mistake("gaussian_missing_log_sigma")
def gaussian_log_prob_fixed(x, mu, sigma):
    return tf.reduce_sum(tfd.Normal(0.0, 1.0).log_prob((x - mu) / sigma), axis=-1)


@mistake("gaussian_missing_2pi")
def gaussian_log_prob_fixed(x, mu, sigma):
    return tf.reduce_sum(-0.5 * tf.square((x - mu) / sigma) - tf.math.log(sigma), axis=1)


@mistake("gaussian_missing_2pi")
def gaussian_log_prob_fixed(x, mu, sigma):
    d = x.shape[1]
    return -np.sum((x - mu) ** 2, axis=1) / (2 * sigma ** 2) - d * math.log(sigma)


@mistake("gaussian_2pi_once_not_D_times")
def gaussian_log_prob_fixed(x, mu, sigma):
    quadratic = tf.reduce_sum(-0.5 * tf.square((x - mu) / sigma) - tf.math.log(sigma), axis=1)
    return quadratic - 0.5 * tf.math.log(2.0 * np.pi)


@mistake("gaussian_2pi_once_not_D_times")
def gaussian_log_prob_fixed(x, mu, sigma):
    d = x.shape[-1]
    squared = ops.sum(ops.square(x - mu), axis=-1) / sigma ** 2
    return -0.5 * (squared + d * math.log(sigma ** 2) + LOG_2PI)


@mistake("gaussian_log_sigma_once")
def gaussian_log_prob_fixed(x, mu, sigma):
    per_dim = -0.5 * tf.square((x - mu) / sigma) - 0.5 * LOG_2PI
    return tf.reduce_sum(per_dim, axis=1) - tf.math.log(sigma)


@mistake("gaussian_log_sigma_once")
def gaussian_log_prob_fixed(x, mu, sigma):
    d = x.shape[-1]
    return -np.sum((x - mu) ** 2, axis=-1) / (2 * sigma ** 2) - d / 2 * LOG_2PI - math.log(sigma)


@mistake("gaussian_no_half_in_exponent")
def gaussian_log_prob_fixed(x, mu, sigma):
    return tf.reduce_sum(-tf.square((x - mu) / sigma) - tf.math.log(sigma) - 0.5 * LOG_2PI, axis=1)


@mistake("gaussian_no_half_in_exponent")
def gaussian_log_prob_fixed(x, mu, sigma):
    d = x.shape[1]
    return -d / 2 * math.log(2 * math.pi * sigma ** 2) - np.sum((x - mu) ** 2, axis=1) / sigma ** 2


@mistake("gaussian_mean_over_dims")
def gaussian_log_prob_fixed(x, mu, sigma):
    log_p = -0.5 * tf.square((x - mu) / sigma) - tf.math.log(sigma) - 0.5 * tf.math.log(2.0 * np.pi)
    return tf.reduce_mean(log_p, axis=1)


@mistake("gaussian_mean_over_dims")
def gaussian_log_prob_fixed(x, mu, sigma):
    return ops.mean(tfd.Normal(mu, sigma).log_prob(x), axis=-1)


@mistake("gaussian_sigma_ignored")
def gaussian_log_prob_fixed(x, mu, sigma):
    return -0.5 * tf.reduce_sum(tf.square(x - mu) + LOG_2PI, axis=1)


@mistake("gaussian_sigma_ignored")
def gaussian_log_prob_fixed(x, mu, sigma):
    return tfd.MultivariateNormalDiag(loc=mu, scale_diag=tf.ones_like(mu)).log_prob(x)


@mistake("gaussian_abs_error")
def gaussian_log_prob_fixed(x, mu, sigma):
    return tf.reduce_sum(-tf.abs(x - mu) / sigma - tf.math.log(2.0 * sigma), axis=1)


@mistake("gaussian_abs_error")
def gaussian_log_prob_fixed(x, mu, sigma):
    # another reading: the Gaussian's formula with the absolute distance where the square belongs
    d = x.shape[1]
    return -np.sum(np.abs(x - mu), axis=1) / (2 * sigma ** 2) - d / 2 * math.log(2 * math.pi * sigma ** 2)


@mistake("gaussian_sigma_as_variance")
def gaussian_log_prob_fixed(x, mu, sigma):
    return -0.5 * tf.reduce_sum(tf.square(x - mu) / sigma + tf.math.log(2.0 * np.pi * sigma), axis=1)


@mistake("gaussian_sigma_as_variance")
def gaussian_log_prob_fixed(x, mu, sigma):
    return tf.reduce_sum(tfd.Normal(mu, tf.sqrt(sigma)).log_prob(x), axis=-1)


@mistake("gaussian_sign_flipped")
def gaussian_log_prob_fixed(x, mu, sigma):
    return tf.reduce_sum(0.5 * tf.square((x - mu) / sigma) + tf.math.log(sigma) + 0.5 * LOG_2PI, axis=1)


@mistake("gaussian_sign_flipped")
def gaussian_log_prob_fixed(x, mu, sigma):
    return -ops.sum(tfd.Normal(mu, sigma).log_prob(x), axis=-1)


@mistake("")
def gaussian_log_prob_fixed(x, mu, sigma):
    # log sigma added instead of subtracted
    return tf.reduce_sum(-0.5 * tf.square((x - mu) / sigma) + tf.math.log(sigma) - 0.5 * LOG_2PI, axis=1)


@mistake("")
def gaussian_log_prob_fixed(x, mu, sigma):
    # multiplied by the variance, a mix-up with the precision
    return tf.reduce_sum(-0.5 * tf.square(x - mu) * sigma ** 2 - tf.math.log(sigma) - 0.5 * LOG_2PI, axis=1)


@mistake("")
def gaussian_log_prob_fixed(x, mu, sigma):
    # the density itself, not its logarithm
    return tf.reduce_prod(tf.exp(-0.5 * tf.square((x - mu) / sigma)) / (sigma * tf.sqrt(2.0 * np.pi)), axis=1)


@mistake("")
def gaussian_log_prob_fixed(x, mu, sigma):
    # x + mu for x - mu
    return tf.reduce_sum(-0.5 * tf.square((x + mu) / sigma) - tf.math.log(sigma) - 0.5 * LOG_2PI, axis=1)


@mistake("")
def gaussian_log_prob_fixed(x, mu, sigma):
    # log sigma^2 where log sigma belongs
    return tf.reduce_sum(-0.5 * tf.square((x - mu) / sigma) - tf.math.log(sigma ** 2) - 0.5 * LOG_2PI, axis=1)


@mistake("")
def gaussian_log_prob_fixed(x, mu, sigma):
    # log 2 pi not halved
    return tf.reduce_sum(-0.5 * tf.square((x - mu) / sigma) - tf.math.log(sigma) - LOG_2PI, axis=1)


@mistake("")
def gaussian_log_prob_fixed(x, mu, sigma):
    # log sigma halved with the bracket
    return -0.5 * tf.reduce_sum(tf.square((x - mu) / sigma) + tf.math.log(sigma) + LOG_2PI, axis=1)


@mistake("")
def gaussian_log_prob_fixed(x, mu, sigma):
    # the squared sum of the distances
    d = x.shape[1]
    return -0.5 * tf.square(tf.reduce_sum(x - mu, axis=1)) / sigma ** 2 - d * (math.log(sigma) + 0.5 * LOG_2PI)


@mistake("")
def gaussian_log_prob_fixed(x, mu, sigma):
    # summed over the batch axis
    return tf.reduce_sum(-0.5 * tf.square((x - mu) / sigma) - tf.math.log(sigma) - 0.5 * LOG_2PI, axis=0)


@mistake("")
def gaussian_log_prob_fixed(x, mu, sigma):
    # logs missing from the constant: minus sigma sqrt(2 pi)
    return tf.reduce_sum(-0.5 * tf.square((x - mu) / sigma) - sigma * tf.sqrt(2.0 * np.pi), axis=1)


@mistake("")
def gaussian_log_prob_fixed(x, mu, sigma):
    # the whole normaliser once per example
    return -0.5 * tf.reduce_sum(tf.square((x - mu) / sigma), axis=1) - 0.5 * math.log(2 * math.pi * sigma ** 2)


# ---------------------------------------------------------------------------------------------------------------------
# gaussian_log_prob_learned
# ---------------------------------------------------------------------------------------------------------------------

@mistake("glv_log_var_used_as_var")
def gaussian_log_prob_learned(x, mu, log_var):
    return -0.5 * tf.reduce_sum(LOG_2PI + log_var + tf.square(x - mu) / log_var, axis=1)


@mistake("glv_log_var_used_as_var")
def gaussian_log_prob_learned(x, mu, log_var):
    d = x.shape[1]
    return -d / 2 * LOG_2PI - np.sum(log_var, axis=1) / 2 - np.sum((x - mu) ** 2 / (2 * log_var), axis=1)


@mistake("glv_precision_sign")
def gaussian_log_prob_learned(x, mu, log_var):
    return -0.5 * tf.reduce_sum(LOG_2PI + log_var + tf.square(x - mu) * tf.exp(log_var), axis=1)


@mistake("glv_precision_sign")
def gaussian_log_prob_learned(x, mu, log_var):
    sigma = np.exp(0.5 * log_var)
    return np.sum(-0.5 * LOG_2PI - np.log(sigma) - 0.5 * ((x - mu) * sigma) ** 2, axis=-1)


@mistake("glv_missing_log_var")
def gaussian_log_prob_learned(x, mu, log_var):
    return -0.5 * tf.reduce_sum(LOG_2PI + tf.square(x - mu) / tf.exp(log_var), axis=1)


@mistake("glv_missing_log_var")
def gaussian_log_prob_learned(x, mu, log_var):
    return ops.sum(tfd.Normal(0.0, 1.0).log_prob((x - mu) * ops.exp(-0.5 * log_var)), axis=-1)


@mistake("glv_std_in_quadratic")
def gaussian_log_prob_learned(x, mu, log_var):
    std = tf.exp(0.5 * log_var)
    return -0.5 * tf.reduce_sum(LOG_2PI + log_var + tf.square(x - mu) / std, axis=1)


@mistake("glv_std_in_quadratic")
def gaussian_log_prob_learned(x, mu, log_var):
    sigma = np.exp(log_var / 2)
    return np.sum(-(x - mu) ** 2 / (2 * sigma) - np.log(sigma) - 0.5 * LOG_2PI, axis=1)


@mistake("glv_square_of_quotient")
def gaussian_log_prob_learned(x, mu, log_var):
    return -0.5 * tf.reduce_sum(LOG_2PI + log_var + tf.square((x - mu) / tf.exp(log_var)), axis=1)


@mistake("glv_square_of_quotient")
def gaussian_log_prob_learned(x, mu, log_var):
    scaled = (x - mu) * ops.exp(-log_var)
    return -0.5 * (ops.sum(scaled * scaled, axis=-1) + ops.sum(log_var, axis=-1) + x.shape[-1] * LOG_2PI)


@mistake("glv_missing_2pi")
def gaussian_log_prob_learned(x, mu, log_var):
    return -0.5 * tf.reduce_sum(log_var + tf.square(x - mu) * tf.exp(-log_var), axis=1)


@mistake("glv_missing_2pi")
def gaussian_log_prob_learned(x, mu, log_var):
    sigma = np.exp(0.5 * log_var)
    return np.sum(-np.log(sigma) - 0.5 * ((x - mu) / sigma) ** 2, axis=1)


@mistake("glv_not_halved")
def gaussian_log_prob_learned(x, mu, log_var):
    return -tf.reduce_sum(LOG_2PI + log_var + tf.square(x - mu) * tf.exp(-log_var), axis=1)


@mistake("glv_not_halved")
def gaussian_log_prob_learned(x, mu, log_var):
    d = x.shape[-1]
    mahalanobis = np.einsum("bd,bd->b", (x - mu) ** 2, np.exp(-log_var))
    return -(d * LOG_2PI + log_var.sum(axis=-1) + mahalanobis)


@mistake("glv_log_var_as_log_std")
def gaussian_log_prob_learned(x, mu, log_var):
    std = tf.exp(log_var)
    return tf.reduce_sum(-0.5 * LOG_2PI - log_var - 0.5 * tf.square((x - mu) / std), axis=1)


@mistake("glv_log_var_as_log_std")
def gaussian_log_prob_learned(x, mu, log_var):
    return tf.reduce_sum(tfd.Normal(loc=mu, scale=tf.exp(log_var)).log_prob(x), axis=-1)


@mistake("glv_log_std_in_normaliser")
def gaussian_log_prob_learned(x, mu, log_var):
    return -0.5 * tf.reduce_sum(LOG_2PI + 0.5 * log_var + tf.square(x - mu) * tf.exp(-log_var), axis=1)


@mistake("glv_log_std_in_normaliser")
def gaussian_log_prob_learned(x, mu, log_var):
    sigma = ops.exp(0.5 * log_var)
    return -0.5 * ops.sum(LOG_2PI + ops.log(sigma) + ops.square((x - mu) / sigma), axis=-1)


@mistake("glv_mean_over_dims")
def gaussian_log_prob_learned(x, mu, log_var):
    return tf.reduce_mean(-0.5 * (LOG_2PI + log_var + tf.square(x - mu) * tf.exp(-log_var)), axis=1)


@mistake("glv_mean_over_dims")
def gaussian_log_prob_learned(x, mu, log_var):
    return ops.mean(tfd.Normal(mu, tf.exp(0.5 * log_var)).log_prob(x), axis=-1)


@mistake("glv_sign_flipped")
def gaussian_log_prob_learned(x, mu, log_var):
    return 0.5 * tf.reduce_sum(LOG_2PI + log_var + tf.square(x - mu) * tf.exp(-log_var), axis=1)


@mistake("glv_sign_flipped")
def gaussian_log_prob_learned(x, mu, log_var):
    return -tfd.MultivariateNormalDiag(loc=mu, scale_diag=tf.exp(log_var / 2)).log_prob(x)


@mistake("")
def gaussian_log_prob_learned(x, mu, log_var):
    # the sign of log_var in the normaliser
    return -0.5 * tf.reduce_sum(LOG_2PI - log_var + tf.square(x - mu) * tf.exp(-log_var), axis=1)


@mistake("")
def gaussian_log_prob_learned(x, mu, log_var):
    # log 2 pi once, not D times
    return -0.5 * (LOG_2PI + tf.reduce_sum(log_var + tf.square(x - mu) * tf.exp(-log_var), axis=1))


@mistake("")
def gaussian_log_prob_learned(x, mu, log_var):
    # the variance, not its logarithm, in the normaliser
    var = tf.exp(log_var)
    return -0.5 * tf.reduce_sum(LOG_2PI + var + tf.square(x - mu) / var, axis=1)


@mistake("")
def gaussian_log_prob_learned(x, mu, log_var):
    # log_var ignored: unit variance
    return -0.5 * tf.reduce_sum(LOG_2PI + tf.square(x - mu), axis=1)


@mistake("")
def gaussian_log_prob_learned(x, mu, log_var):
    # absolute distance for the squared one
    return -0.5 * tf.reduce_sum(LOG_2PI + log_var + tf.abs(x - mu) * tf.exp(-log_var), axis=1)


@mistake("")
def gaussian_log_prob_learned(x, mu, log_var):
    # the density itself
    var = tf.exp(log_var)
    return tf.reduce_prod(tf.exp(-0.5 * tf.square(x - mu) / var) / tf.sqrt(2.0 * np.pi * var), axis=1)


@mistake("")
def gaussian_log_prob_learned(x, mu, log_var):
    # an epsilon of 1e-3 added to the variance
    var = tf.exp(log_var) + 1e-3
    return -0.5 * tf.reduce_sum(LOG_2PI + tf.math.log(var) + tf.square(x - mu) / var, axis=1)


@mistake("")
def gaussian_log_prob_learned(x, mu, log_var):
    # log_var clipped to +-5 "for stability"
    log_var = tf.clip_by_value(log_var, -5.0, 5.0)
    return -0.5 * tf.reduce_sum(LOG_2PI + log_var + tf.square(x - mu) * tf.exp(-log_var), axis=1)


@mistake("")
def gaussian_log_prob_learned(x, mu, log_var):
    # softplus for the exponential
    var = tf.nn.softplus(log_var)
    return -0.5 * tf.reduce_sum(LOG_2PI + tf.math.log(var) + tf.square(x - mu) / var, axis=1)


@mistake("")
def gaussian_log_prob_learned(x, mu, log_var):
    # the exponent grows with the distance
    return -0.5 * tf.reduce_sum(LOG_2PI + log_var - tf.square(x - mu) * tf.exp(-log_var), axis=1)


@mistake("")
def gaussian_log_prob_learned(x, mu, log_var):
    # summed over the batch axis
    return -0.5 * tf.reduce_sum(LOG_2PI + log_var + tf.square(x - mu) * tf.exp(-log_var), axis=0)


@mistake("")
def gaussian_log_prob_learned(x, mu, log_var):
    # only the quadratic term is halved
    return -tf.reduce_sum(LOG_2PI + log_var + 0.5 * tf.square(x - mu) * tf.exp(-log_var), axis=1)


# ---------------------------------------------------------------------------------------------------------------------
# kl_to_standard_normal
# ---------------------------------------------------------------------------------------------------------------------

@mistake("kl_sign_flipped")
def kl_to_standard_normal(mu, log_var):
    return 0.5 * tf.reduce_sum(1.0 + log_var - tf.square(mu) - tf.exp(log_var), axis=1)


@mistake("kl_sign_flipped")
def kl_to_standard_normal(mu, log_var):
    q = tfd.Normal(mu, tf.exp(0.5 * log_var))
    return -tf.reduce_sum(tfd.kl_divergence(q, tfd.Normal(0.0, 1.0)), axis=-1)


@mistake("kl_forgot_half")
def kl_to_standard_normal(mu, log_var):
    return tf.reduce_sum(tf.exp(log_var) + tf.square(mu) - 1.0 - log_var, axis=1)


@mistake("kl_forgot_half")
def kl_to_standard_normal(mu, log_var):
    return -np.sum(1 + log_var - mu ** 2 - np.exp(log_var), axis=-1)


@mistake("kl_forgot_exp")
def kl_to_standard_normal(mu, log_var):
    return 0.5 * tf.reduce_sum(log_var + tf.square(mu) - 1.0 - log_var, axis=1)


@mistake("kl_forgot_exp")
def kl_to_standard_normal(mu, log_var):
    return -0.5 * np.sum(1 + log_var - mu ** 2 - log_var, axis=-1)


@mistake("kl_std_instead_of_var")
def kl_to_standard_normal(mu, log_var):
    std = tf.exp(0.5 * log_var)
    return 0.5 * tf.reduce_sum(std + tf.square(mu) - 1.0 - log_var, axis=1)


@mistake("kl_std_instead_of_var")
def kl_to_standard_normal(mu, log_var):
    sigma = ops.sqrt(ops.exp(log_var))
    return -0.5 * ops.sum(1 + ops.log(ops.square(sigma)) - ops.square(mu) - sigma, axis=-1)


@mistake("kl_log_std_instead_of_log_var")
def kl_to_standard_normal(mu, log_var):
    return 0.5 * tf.reduce_sum(tf.exp(log_var) + tf.square(mu) - 1.0 - 0.5 * log_var, axis=1)


@mistake("kl_log_std_instead_of_log_var")
def kl_to_standard_normal(mu, log_var):
    sigma = np.exp(0.5 * log_var)
    return np.sum(sigma ** 2 + mu ** 2 - 1 - np.log(sigma), axis=1) / 2


@mistake("kl_log_var_as_log_std")
def kl_to_standard_normal(mu, log_var):
    std = tf.exp(log_var)
    return 0.5 * tf.reduce_sum(tf.square(std) + tf.square(mu) - 1.0 - 2.0 * log_var, axis=1)


@mistake("kl_log_var_as_log_std")
def kl_to_standard_normal(mu, log_var):
    q = tfd.MultivariateNormalDiag(loc=mu, scale_diag=tf.exp(log_var))
    p = tfd.MultivariateNormalDiag(loc=tf.zeros_like(mu), scale_diag=tf.ones_like(mu))
    return tfd.kl_divergence(q, p)


@mistake("kl_mean_instead_of_sum")
def kl_to_standard_normal(mu, log_var):
    return -0.5 * tf.reduce_mean(1.0 + log_var - tf.square(mu) - tf.exp(log_var), axis=1)


@mistake("kl_mean_instead_of_sum")
def kl_to_standard_normal(mu, log_var):
    return np.mean(0.5 * (np.exp(log_var) + mu ** 2 - 1 - log_var), axis=-1)


@mistake("kl_sum_over_batch")
def kl_to_standard_normal(mu, log_var):
    return -0.5 * tf.reduce_sum(1.0 + log_var - tf.square(mu) - tf.exp(log_var))


@mistake("kl_sum_over_batch")
def kl_to_standard_normal(mu, log_var):
    total = np.float32(0)
    for m, lv in zip(mu, log_var):
        total = total + 0.5 * np.sum(np.exp(lv) + m ** 2 - 1 - lv)
    return total


@mistake("kl_mean_over_batch")
def kl_to_standard_normal(mu, log_var):
    kl = -0.5 * tf.reduce_sum(1.0 + log_var - tf.square(mu) - tf.exp(log_var), axis=1)
    return tf.reduce_mean(kl)


@mistake("kl_mean_over_batch")
def kl_to_standard_normal(mu, log_var):
    q = tfd.Normal(mu, tf.exp(0.5 * log_var))
    return ops.mean(ops.sum(tfd.kl_divergence(q, tfd.Normal(0.0, 1.0)), axis=-1))


@mistake("kl_forgot_minus_one")
def kl_to_standard_normal(mu, log_var):
    return 0.5 * tf.reduce_sum(tf.exp(log_var) + tf.square(mu) - log_var, axis=1)


@mistake("kl_forgot_minus_one")
def kl_to_standard_normal(mu, log_var):
    sigma = np.exp(0.5 * log_var)
    return np.sum((sigma ** 2 + mu ** 2) / 2 - np.log(sigma), axis=-1)


@mistake("kl_plus_one")
def kl_to_standard_normal(mu, log_var):
    return 0.5 * tf.reduce_sum(tf.exp(log_var) + tf.square(mu) - log_var + 1.0, axis=1)


@mistake("kl_plus_one")
def kl_to_standard_normal(mu, log_var):
    k = mu.shape[-1]
    return 0.5 * (k + ops.sum(ops.exp(log_var), axis=-1) + ops.sum(ops.square(mu), axis=-1)
                  - ops.sum(log_var, axis=-1))


@mistake("kl_forgot_mu_squared_term")
def kl_to_standard_normal(mu, log_var):
    return 0.5 * tf.reduce_sum(tf.exp(log_var) - 1.0 - log_var, axis=1)


@mistake("kl_forgot_mu_squared_term")
def kl_to_standard_normal(mu, log_var):
    q = tfd.Normal(tf.zeros_like(mu), tf.exp(0.5 * log_var))
    return tf.reduce_sum(q.kl_divergence(tfd.Normal(0.0, 1.0)), axis=-1)


@mistake("kl_mu_not_squared")
def kl_to_standard_normal(mu, log_var):
    return 0.5 * tf.reduce_sum(tf.exp(log_var) + mu - 1.0 - log_var, axis=1)


@mistake("kl_mu_not_squared")
def kl_to_standard_normal(mu, log_var):
    return -0.5 * np.sum(1 + log_var - mu - np.exp(log_var), axis=-1)


@mistake("kl_plus_log_var")
def kl_to_standard_normal(mu, log_var):
    return 0.5 * tf.reduce_sum(tf.exp(log_var) + tf.square(mu) - 1.0 + log_var, axis=1)


@mistake("kl_plus_log_var")
def kl_to_standard_normal(mu, log_var):
    return -0.5 * ops.sum(1 - log_var - ops.square(mu) - ops.exp(log_var), axis=-1)


@mistake("kl_reversed_direction")
def kl_to_standard_normal(mu, log_var):
    return 0.5 * tf.reduce_sum((1.0 + tf.square(mu)) * tf.exp(-log_var) - 1.0 + log_var, axis=1)


@mistake("kl_reversed_direction")
def kl_to_standard_normal(mu, log_var):
    prior = tfd.Normal(tf.zeros_like(mu), tf.ones_like(mu))
    return tf.reduce_sum(tfd.kl_divergence(prior, tfd.Normal(mu, tf.exp(0.5 * log_var))), axis=-1)


@mistake("kl_only_first_dim")
def kl_to_standard_normal(mu, log_var):
    kl = 0.5 * (tf.exp(log_var) + tf.square(mu) - 1.0 - log_var)
    return kl[:, 0]


@mistake("kl_only_first_dim")
def kl_to_standard_normal(mu, log_var):
    out = []
    for b in range(mu.shape[0]):
        m, lv = mu[b][0], log_var[b][0]
        out.append(0.5 * (np.exp(lv) + m ** 2 - 1 - lv))
    return np.array(out, dtype=np.float32)


@mistake("kl_cross_entropy_only")
def kl_to_standard_normal(mu, log_var):
    return 0.5 * tf.reduce_sum(LOG_2PI + tf.exp(log_var) + tf.square(mu), axis=1)


@mistake("kl_cross_entropy_only")
def kl_to_standard_normal(mu, log_var):
    k = mu.shape[-1]
    expected_log_prior = -k / 2 * LOG_2PI - np.sum(mu ** 2 + np.exp(log_var), axis=-1) / 2
    return -expected_log_prior


@mistake("")
def kl_to_standard_normal(mu, log_var):
    # the constant -1 once, not per dimension
    return 0.5 * (tf.reduce_sum(tf.exp(log_var) + tf.square(mu) - log_var, axis=1) - 1.0)


@mistake("")
def kl_to_standard_normal(mu, log_var):
    # the mean squared subtracted
    return 0.5 * tf.reduce_sum(tf.exp(log_var) - tf.square(mu) - 1.0 - log_var, axis=1)


@mistake("")
def kl_to_standard_normal(mu, log_var):
    # one sample in place of the expectation
    z = mu + tf.exp(0.5 * log_var) * tf.random.normal(mu.shape, seed=1)
    log_q = -0.5 * (LOG_2PI + log_var + tf.square(z - mu) * tf.exp(-log_var))
    log_p = -0.5 * (LOG_2PI + tf.square(z))
    return tf.reduce_sum(log_q - log_p, axis=1)


@mistake("")
def kl_to_standard_normal(mu, log_var):
    # the log ratio of the densities at the mean, no expectation at all
    return tf.reduce_sum(0.5 * tf.square(mu) - 0.5 * log_var, axis=1)


@mistake("")
def kl_to_standard_normal(mu, log_var):
    # exp(-log_var): a precision where the variance belongs
    return 0.5 * tf.reduce_sum(tf.exp(-log_var) + tf.square(mu) - 1.0 - log_var, axis=1)


@mistake("")
def kl_to_standard_normal(mu, log_var):
    # only minus the entropy of q
    return -0.5 * tf.reduce_sum(1.0 + LOG_2PI + log_var, axis=1)


@mistake("")
def kl_to_standard_normal(mu, log_var):
    # the squared sum of the means
    return 0.5 * (tf.reduce_sum(tf.exp(log_var) - 1.0 - log_var, axis=1) + tf.square(tf.reduce_sum(mu, axis=1)))


@mistake("")
def kl_to_standard_normal(mu, log_var):
    # |mu| for mu squared
    return 0.5 * tf.reduce_sum(tf.exp(log_var) + tf.abs(mu) - 1.0 - log_var, axis=1)


@mistake("")
def kl_to_standard_normal(mu, log_var):
    # the mean divided by q's own variance
    return 0.5 * tf.reduce_sum(tf.exp(log_var) + tf.square(mu) * tf.exp(-log_var) - 1.0 - log_var, axis=1)


@mistake("")
def kl_to_standard_normal(mu, log_var):
    # summed over the batch axis, one number per dimension
    return 0.5 * tf.reduce_sum(tf.exp(log_var) + tf.square(mu) - 1.0 - log_var, axis=0)


@mistake("")
def kl_to_standard_normal(mu, log_var):
    # the half reaches only the first term: a missing bracket
    return tf.reduce_sum(0.5 * tf.exp(log_var) + tf.square(mu) - 1.0 - log_var, axis=1)


@mistake("")
def kl_to_standard_normal(mu, log_var):
    # two errors: sigma for sigma^2 and log sigma for log sigma^2
    sigma = tf.exp(0.5 * log_var)
    return 0.5 * tf.reduce_sum(sigma + tf.square(mu) - 1.0 - tf.math.log(sigma), axis=1)


@mistake("")
def kl_to_standard_normal(mu, log_var):
    # the logarithm of the variance is missing altogether
    return 0.5 * tf.reduce_sum(tf.exp(log_var) + tf.square(mu) - 1.0, axis=1)


# ---------------------------------------------------------------------------------------------------------------------
# kl_diag_gaussians
# ---------------------------------------------------------------------------------------------------------------------

@mistake("kl2_sign_flipped")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    return 0.5 * tf.reduce_sum(
        1.0 + log_var_q - log_var_p - tf.exp(log_var_q - log_var_p)
        - tf.square(mu_q - mu_p) * tf.exp(-log_var_p), axis=1)


@mistake("kl2_sign_flipped")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    q = tfd.Normal(mu_q, tf.exp(0.5 * log_var_q))
    p = tfd.Normal(mu_p, tf.exp(0.5 * log_var_p))
    return -tf.reduce_sum(tfd.kl_divergence(q, p), axis=-1)


@mistake("kl2_log_ratio_flipped")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    return 0.5 * tf.reduce_sum(
        log_var_q - log_var_p + (tf.exp(log_var_q) + tf.square(mu_q - mu_p)) / tf.exp(log_var_p) - 1.0, axis=1)


@mistake("kl2_log_ratio_flipped")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    sigma_q, sigma_p = np.exp(log_var_q / 2), np.exp(log_var_p / 2)
    kl = np.log(sigma_q / sigma_p) + (sigma_q ** 2 + (mu_q - mu_p) ** 2) / (2 * sigma_p ** 2) - 0.5
    return np.sum(kl, axis=-1)


@mistake("kl2_divided_by_sigma_not_var")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    sigma_p = tf.exp(0.5 * log_var_p)
    return 0.5 * tf.reduce_sum(
        log_var_p - log_var_q + (tf.exp(log_var_q) + tf.square(mu_q - mu_p)) / sigma_p - 1.0, axis=1)


@mistake("kl2_divided_by_sigma_not_var")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    sigma_q, sigma_p = np.exp(log_var_q / 2), np.exp(log_var_p / 2)
    kl = np.log(sigma_p / sigma_q) + (sigma_q ** 2 + (mu_q - mu_p) ** 2) / (2 * sigma_p) - 0.5
    return np.sum(kl, axis=-1)


@mistake("kl2_divided_by_q_variance")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    var_q = tf.exp(log_var_q)
    return 0.5 * tf.reduce_sum(log_var_p - log_var_q + (var_q + tf.square(mu_q - mu_p)) / var_q - 1.0, axis=1)


@mistake("kl2_divided_by_q_variance")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    # another reading: only the distance of the means is divided by the variance of q
    var_q, var_p = np.exp(log_var_q), np.exp(log_var_p)
    return 0.5 * np.sum(log_var_p - log_var_q + var_q / var_p + (mu_q - mu_p) ** 2 / var_q - 1, axis=-1)


@mistake("kl2_reversed_direction")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    return 0.5 * tf.reduce_sum(
        log_var_q - log_var_p + (tf.exp(log_var_p) + tf.square(mu_p - mu_q)) / tf.exp(log_var_q) - 1.0, axis=1)


@mistake("kl2_reversed_direction")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    q = tfd.MultivariateNormalDiag(loc=mu_q, scale_diag=tf.exp(0.5 * log_var_q))
    p = tfd.MultivariateNormalDiag(loc=mu_p, scale_diag=tf.exp(0.5 * log_var_p))
    return tfd.kl_divergence(p, q)


@mistake("kl2_forgot_half")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    return tf.reduce_sum(
        log_var_p - log_var_q + tf.exp(log_var_q - log_var_p)
        + tf.square(mu_q - mu_p) * tf.exp(-log_var_p) - 1.0, axis=1)


@mistake("kl2_forgot_half")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    var_q, var_p = np.exp(log_var_q), np.exp(log_var_p)
    return np.sum(np.log(var_p) - np.log(var_q) + (var_q + (mu_q - mu_p) ** 2) / var_p - 1, axis=-1)


@mistake("kl2_forgot_minus_one")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    return 0.5 * tf.reduce_sum(
        log_var_p - log_var_q + (tf.exp(log_var_q) + tf.square(mu_q - mu_p)) / tf.exp(log_var_p), axis=1)


@mistake("kl2_forgot_minus_one")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    sigma_q, sigma_p = ops.exp(0.5 * log_var_q), ops.exp(0.5 * log_var_p)
    ratio = ops.log(sigma_p) - ops.log(sigma_q)
    return ops.sum(ratio + (ops.square(sigma_q) + ops.square(mu_q - mu_p)) / (2 * ops.square(sigma_p)), axis=-1)


@mistake("kl2_mean_instead_of_sum")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    return 0.5 * tf.reduce_mean(
        log_var_p - log_var_q + tf.exp(log_var_q - log_var_p)
        + tf.square(mu_q - mu_p) * tf.exp(-log_var_p) - 1.0, axis=1)


@mistake("kl2_mean_instead_of_sum")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    q = tfd.Normal(mu_q, tf.exp(0.5 * log_var_q))
    p = tfd.Normal(mu_p, tf.exp(0.5 * log_var_p))
    return ops.mean(q.kl_divergence(p), axis=-1)


@mistake("kl2_sum_over_batch")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    return 0.5 * tf.reduce_sum(
        log_var_p - log_var_q + (tf.exp(log_var_q) + tf.square(mu_q - mu_p)) / tf.exp(log_var_p) - 1.0)


@mistake("kl2_sum_over_batch")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    q = tfd.MultivariateNormalDiag(loc=mu_q, scale_diag=tf.exp(0.5 * log_var_q))
    p = tfd.MultivariateNormalDiag(loc=mu_p, scale_diag=tf.exp(0.5 * log_var_p))
    return ops.sum(tfd.kl_divergence(q, p))


@mistake("kl2_means_not_squared")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    return 0.5 * tf.reduce_sum(
        log_var_p - log_var_q + (tf.exp(log_var_q) + (mu_q - mu_p)) / tf.exp(log_var_p) - 1.0, axis=1)


@mistake("kl2_means_not_squared")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    # another reading: mu_p - mu_q, the other way round
    return 0.5 * np.sum(log_var_p - log_var_q + np.exp(log_var_q - log_var_p)
                        + (mu_p - mu_q) / np.exp(log_var_p) - 1, axis=1)


@mistake("kl2_means_added")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    return 0.5 * tf.reduce_sum(
        log_var_p - log_var_q + (tf.exp(log_var_q) + tf.square(mu_q + mu_p)) / tf.exp(log_var_p) - 1.0, axis=1)


@mistake("kl2_means_added")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    p_precision = np.exp(-log_var_p)
    trace = np.sum(np.exp(log_var_q) * p_precision, axis=1)
    maha = np.sum((mu_p + mu_q) ** 2 * p_precision, axis=1)
    log_det = np.sum(log_var_p, axis=1) - np.sum(log_var_q, axis=1)
    return (trace + maha - mu_q.shape[1] + log_det) / 2


@mistake("kl2_forgot_means")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    return 0.5 * tf.reduce_sum(log_var_p - log_var_q + tf.exp(log_var_q - log_var_p) - 1.0, axis=1)


@mistake("kl2_forgot_means")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    q = tfd.Normal(0.0, tf.exp(0.5 * log_var_q))
    p = tfd.Normal(0.0, tf.exp(0.5 * log_var_p))
    return tf.reduce_sum(tfd.kl_divergence(q, p), axis=-1)


@mistake("kl2_means_not_scaled")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    return 0.5 * tf.reduce_sum(
        log_var_p - log_var_q + tf.exp(log_var_q - log_var_p) + tf.square(mu_q - mu_p) - 1.0, axis=1)


@mistake("kl2_means_not_scaled")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    sigma_q, sigma_p = np.exp(log_var_q / 2), np.exp(log_var_p / 2)
    ratio = sigma_q / sigma_p
    return np.sum(-np.log(ratio) + ratio ** 2 / 2 + (mu_q - mu_p) ** 2 / 2 - 0.5, axis=-1)


@mistake("kl2_p_is_standard_normal")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    return -0.5 * tf.reduce_sum(1.0 + log_var_q - tf.square(mu_q) - tf.exp(log_var_q), axis=1)


@mistake("kl2_p_is_standard_normal")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    q = tfd.Normal(mu_q, tf.exp(0.5 * log_var_q))
    return ops.sum(tfd.kl_divergence(q, tfd.Normal(0.0, 1.0)), axis=-1)


@mistake("")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    # the constant has the wrong sign
    return 0.5 * tf.reduce_sum(
        log_var_p - log_var_q + (tf.exp(log_var_q) + tf.square(mu_q - mu_p)) / tf.exp(log_var_p) + 1.0, axis=1)


@mistake("")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    # the constant -1 once, not per dimension
    return 0.5 * (tf.reduce_sum(
        log_var_p - log_var_q + (tf.exp(log_var_q) + tf.square(mu_q - mu_p)) / tf.exp(log_var_p), axis=1) - 1.0)


@mistake("")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    # log sigma for log sigma^2 throughout
    q = tfd.Normal(mu_q, tf.exp(log_var_q))
    p = tfd.Normal(mu_p, tf.exp(log_var_p))
    return tf.reduce_sum(tfd.kl_divergence(q, p), axis=-1)


@mistake("")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    # the log ratio is missing
    return 0.5 * tf.reduce_sum(
        (tf.exp(log_var_q) + tf.square(mu_q - mu_p)) / tf.exp(log_var_p) - 1.0, axis=1)


@mistake("")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    # log(sigma_p / sigma_q) inside the halved bracket: halved twice
    sigma_q, sigma_p = tf.exp(0.5 * log_var_q), tf.exp(0.5 * log_var_p)
    ratio = tf.math.log(sigma_p / sigma_q)
    return 0.5 * tf.reduce_sum(
        ratio + (tf.square(sigma_q) + tf.square(mu_q - mu_p)) / tf.square(sigma_p) - 1.0, axis=1)


@mistake("")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    # the ratio of the standard deviations for that of the variances
    return 0.5 * tf.reduce_sum(
        log_var_p - log_var_q + tf.exp(0.5 * (log_var_q - log_var_p))
        + tf.square(mu_q - mu_p) * tf.exp(-log_var_p) - 1.0, axis=1)


@mistake("")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    # multiplied by the variance of p: the sign in exp(-log_var_p)
    return 0.5 * tf.reduce_sum(
        log_var_p - log_var_q + (tf.exp(log_var_q) + tf.square(mu_q - mu_p)) * tf.exp(log_var_p) - 1.0, axis=1)


@mistake("")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    # symmetrised: the mean of the two directions
    q = tfd.Normal(mu_q, tf.exp(0.5 * log_var_q))
    p = tfd.Normal(mu_p, tf.exp(0.5 * log_var_p))
    return 0.5 * tf.reduce_sum(tfd.kl_divergence(q, p) + tfd.kl_divergence(p, q), axis=-1)


@mistake("")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    # only the Mahalanobis distance of the means
    return 0.5 * tf.reduce_sum(tf.square(mu_q - mu_p) * tf.exp(-log_var_p), axis=1)


@mistake("")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    # difference of the two divergences from the standard normal
    kl_q = 0.5 * tf.reduce_sum(tf.exp(log_var_q) + tf.square(mu_q) - 1.0 - log_var_q, axis=1)
    kl_p = 0.5 * tf.reduce_sum(tf.exp(log_var_p) + tf.square(mu_p) - 1.0 - log_var_p, axis=1)
    return kl_q - kl_p


@mistake("")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    # the exp is forgotten: log variances divided
    return 0.5 * tf.reduce_sum(
        log_var_p - log_var_q + (log_var_q + tf.square(mu_q - mu_p)) / log_var_p - 1.0, axis=1)


@mistake("")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    # difference of squares for the square of the difference
    return 0.5 * tf.reduce_sum(
        log_var_p - log_var_q + (tf.exp(log_var_q) + tf.square(mu_q) - tf.square(mu_p)) / tf.exp(log_var_p) - 1.0,
        axis=1)


# ---------------------------------------------------------------------------------------------------------------------
# gaussian_entropy
# ---------------------------------------------------------------------------------------------------------------------

@mistake("ent_missing_one")
def gaussian_entropy(log_var):
    return 0.5 * tf.reduce_sum(LOG_2PI + log_var, axis=1)


@mistake("ent_missing_one")
def gaussian_entropy(log_var):
    return np.sum(0.5 * np.log(2 * np.float32(np.pi) * np.exp(log_var)), axis=-1)


@mistake("ent_missing_2pi")
def gaussian_entropy(log_var):
    return 0.5 * tf.reduce_sum(1.0 + log_var, axis=1)


@mistake("ent_missing_2pi")
def gaussian_entropy(log_var):
    k = log_var.shape[-1]
    sigma = np.exp(0.5 * log_var)
    return k / 2 + np.sum(np.log(sigma), axis=-1)


@mistake("ent_sign")
def gaussian_entropy(log_var):
    return -0.5 * tf.reduce_sum(1.0 + LOG_2PI + log_var, axis=1)


@mistake("ent_sign")
def gaussian_entropy(log_var):
    return -tf.reduce_sum(tfd.Normal(0.0, tf.exp(0.5 * log_var)).entropy(), axis=-1)


@mistake("ent_not_halved")
def gaussian_entropy(log_var):
    return tf.reduce_sum(1.0 + LOG_2PI + log_var, axis=1)


@mistake("ent_not_halved")
def gaussian_entropy(log_var):
    return np.sum(np.log(2 * np.float32(np.pi) * np.float32(np.e) * np.exp(log_var)), axis=-1)


@mistake("ent_log_var_as_logstd")
def gaussian_entropy(log_var):
    return tf.reduce_sum(0.5 * (1.0 + LOG_2PI) + log_var, axis=1)


@mistake("ent_log_var_as_logstd")
def gaussian_entropy(log_var):
    return tfd.MultivariateNormalDiag(loc=tf.zeros_like(log_var), scale_diag=tf.exp(log_var)).entropy()


@mistake("ent_mean")
def gaussian_entropy(log_var):
    return 0.5 * tf.reduce_mean(1.0 + LOG_2PI + log_var, axis=1)


@mistake("ent_mean")
def gaussian_entropy(log_var):
    return ops.mean(tfd.Normal(0.0, tf.exp(0.5 * log_var)).entropy(), axis=-1)


@mistake("ent_clipped_at_zero")
def gaussian_entropy(log_var):
    entropy = 0.5 * tf.reduce_sum(1.0 + LOG_2PI + log_var, axis=1)
    return tf.maximum(entropy, 0.0)


@mistake("ent_clipped_at_zero")
def gaussian_entropy(log_var):
    # another reading: cut off per dimension, before the sum
    per_dim = np.maximum(0.5 * (log_var + LOG_2PI + 1), 0)
    return np.sum(per_dim, axis=-1)


@mistake("")
def gaussian_entropy(log_var):
    # the constant log(2 pi e) once, not K times
    return 0.5 * (1.0 + LOG_2PI + tf.reduce_sum(log_var, axis=1))


@mistake("")
def gaussian_entropy(log_var):
    # both constants are missing
    return 0.5 * tf.reduce_sum(log_var, axis=1)


@mistake("")
def gaussian_entropy(log_var):
    # the variance in place of its logarithm
    return 0.5 * tf.reduce_sum(1.0 + LOG_2PI + tf.exp(log_var), axis=1)


@mistake("")
def gaussian_entropy(log_var):
    # -1 for +1
    return 0.5 * tf.reduce_sum(LOG_2PI + log_var - 1.0, axis=1)


@mistake("")
def gaussian_entropy(log_var):
    # only log_var is halved
    return tf.reduce_sum(1.0 + LOG_2PI + 0.5 * log_var, axis=1)


@mistake("")
def gaussian_entropy(log_var):
    # log sigma inside the halved bracket: halved twice
    sigma = tf.exp(0.5 * log_var)
    return 0.5 * tf.reduce_sum(1.0 + LOG_2PI + tf.math.log(sigma), axis=1)


@mistake("")
def gaussian_entropy(log_var):
    # logarithm of the summed variances
    k = log_var.shape[1]
    return 0.5 * (k * (1.0 + LOG_2PI) + tf.reduce_logsumexp(log_var, axis=1))


@mistake("")
def gaussian_entropy(log_var):
    # summed over the batch axis
    return 0.5 * tf.reduce_sum(1.0 + LOG_2PI + log_var, axis=0)


@mistake("")
def gaussian_entropy(log_var):
    # the KL divergence from the standard normal, without the means
    return 0.5 * tf.reduce_sum(tf.exp(log_var) - 1.0 - log_var, axis=1)


@mistake("")
def gaussian_entropy(log_var):
    # log(pi e) for log(2 pi e)
    return 0.5 * tf.reduce_sum(math.log(math.pi * math.e) + log_var, axis=1)


@mistake("")
def gaussian_entropy(log_var):
    # the discrete formula -p log p, with the variances taken for p
    var = tf.exp(log_var)
    return -tf.reduce_sum(var * log_var, axis=1)


@mistake("")
def gaussian_entropy(log_var):
    # a 2 pi without its logarithm
    return 0.5 * tf.reduce_sum(1.0 + 2.0 * np.pi + log_var, axis=1)


# ---------------------------------------------------------------------------------------------------------------------
# elbo_identity_terms
# ---------------------------------------------------------------------------------------------------------------------

@mistake("identity_kl_to_prior")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q = tf.exp(log_q)
    elbo = tf.reduce_sum(q * (log_pz + log_px_given_z - log_q))
    kl = tf.reduce_sum(q * (log_q - log_pz))
    log_px = tf.reduce_logsumexp(log_pz + log_px_given_z)
    return elbo, kl, log_px


@mistake("identity_kl_to_prior")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q = tfd.Categorical(logits=log_q)
    kl = tfd.kl_divergence(q, tfd.Categorical(logits=log_pz))
    elbo = tf.reduce_sum(q.probs_parameter() * log_px_given_z) - kl
    return elbo, kl, tf.reduce_logsumexp(log_pz + log_px_given_z)


@mistake("identity_kl_reversed")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q = tf.exp(log_q)
    log_joint = log_pz + log_px_given_z
    log_px = tf.reduce_logsumexp(log_joint)
    log_post = log_joint - log_px
    elbo = tf.reduce_sum(q * (log_joint - log_q))
    kl = tf.reduce_sum(tf.exp(log_post) * (log_post - log_q))
    return elbo, kl, log_px


@mistake("identity_kl_reversed")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    joint = np.exp(log_pz + log_px_given_z)
    evidence = joint.sum()
    posterior = joint / evidence
    q = np.exp(log_q)
    elbo = np.sum(q * (np.log(joint) - log_q))
    kl = np.sum(posterior * np.log(posterior / q))
    return elbo, kl, np.log(evidence)


@mistake("identity_kl_negated")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q = tf.exp(log_q)
    log_joint = log_pz + log_px_given_z
    log_px = tf.reduce_logsumexp(log_joint)
    elbo = tf.reduce_sum(q * (log_joint - log_q))
    kl = tf.reduce_sum(q * (log_joint - log_px - log_q))
    return elbo, kl, log_px


@mistake("identity_kl_negated")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q = np.exp(log_q)
    log_px = np.log(np.sum(np.exp(log_pz) * np.exp(log_px_given_z)))
    elbo = np.sum(q * log_px_given_z) - np.sum(q * (log_q - log_pz))
    kl = elbo - log_px
    return [elbo, kl, log_px]


@mistake("identity_log_px_without_prior")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q = tf.exp(log_q)
    log_joint = log_pz + log_px_given_z
    elbo = tf.reduce_sum(q * (log_joint - log_q))
    kl = tf.reduce_sum(q * (log_q - tf.nn.log_softmax(log_joint)))
    log_px = tf.reduce_logsumexp(log_px_given_z)
    return elbo, kl, log_px


@mistake("identity_log_px_without_prior")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q = np.exp(log_q)
    joint = np.exp(log_pz + log_px_given_z)
    posterior = joint / joint.sum()
    elbo = np.sum(q * np.log(joint / q))
    kl = np.sum(q * np.log(q / posterior))
    log_px = np.log(np.sum(np.exp(log_px_given_z)))
    return elbo, kl, log_px


@mistake("identity_log_px_is_mean_log")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q = tf.exp(log_q)
    log_joint = log_pz + log_px_given_z
    elbo = tf.reduce_sum(q * (log_joint - log_q))
    kl = tf.reduce_sum(q * (log_q - tf.nn.log_softmax(log_joint)))
    log_px = tf.reduce_sum(tf.exp(log_pz) * log_px_given_z)
    return elbo, kl, log_px


@mistake("identity_log_px_is_mean_log")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q, prior = np.exp(log_q), np.exp(log_pz)
    joint = prior * np.exp(log_px_given_z)
    posterior = joint / joint.sum()
    elbo = np.dot(q, log_px_given_z) - np.dot(q, log_q - log_pz)
    kl = np.dot(q, log_q - np.log(posterior))
    log_px = np.average(log_px_given_z, weights=prior)
    return elbo, kl, log_px


@mistake("identity_log_px_is_likelihood")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q = tf.exp(log_q)
    log_joint = log_pz + log_px_given_z
    elbo = tf.reduce_sum(q * (log_joint - log_q))
    kl = tf.reduce_sum(q * (log_q - tf.nn.log_softmax(log_joint)))
    px = tf.reduce_sum(tf.exp(log_joint))
    return elbo, kl, px


@mistake("identity_log_px_is_likelihood")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q = np.exp(log_q)
    px = 0.0
    for lp, ll in zip(log_pz, log_px_given_z):
        px += math.exp(lp) * math.exp(ll)
    elbo = np.sum(q * (log_pz + log_px_given_z - log_q))
    kl = math.log(px) - elbo
    return np.float32(elbo), np.float32(kl), np.float32(px)


@mistake("identity_order_swapped")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q = tf.exp(log_q)
    log_joint = log_pz + log_px_given_z
    log_px = tf.reduce_logsumexp(log_joint)
    elbo = tf.reduce_sum(q * (log_joint - log_q))
    kl = tf.reduce_sum(q * (log_q - log_joint + log_px))
    return log_px, elbo, kl


@mistake("identity_order_swapped")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    # another reading: (elbo, log_px, kl)
    q = ops.exp(log_q)
    log_joint = ops.add(log_pz, log_px_given_z)
    elbo = ops.sum(q * (log_joint - log_q))
    log_px = ops.logsumexp(log_joint)
    return elbo, log_px, log_px - elbo


@mistake("identity_kl_first")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q = tf.exp(log_q)
    log_joint = log_pz + log_px_given_z
    log_px = tf.reduce_logsumexp(log_joint)
    elbo = tf.reduce_sum(q * (log_joint - log_q))
    kl = tf.reduce_sum(q * (log_q - log_joint + log_px))
    return kl, elbo, log_px


@mistake("identity_kl_first")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q = tfd.Categorical(logits=log_q)
    posterior = tfd.Categorical(logits=log_pz + log_px_given_z)
    kl = q.kl_divergence(posterior)
    log_px = tf.reduce_logsumexp(log_pz + log_px_given_z)
    return [kl, log_px - kl, log_px]


@mistake("identity_elbo_negated")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q = tf.exp(log_q)
    log_joint = log_pz + log_px_given_z
    log_px = tf.reduce_logsumexp(log_joint)
    loss = tf.reduce_sum(q * (log_q - log_joint))
    kl = tf.reduce_sum(q * (log_q - (log_joint - log_px)))
    return loss, kl, log_px


@mistake("identity_elbo_negated")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q = np.exp(log_q)
    reconstruction = np.sum(q * log_px_given_z)
    kl_prior = np.sum(q * (log_q - log_pz))
    loss = kl_prior - reconstruction
    log_px = np.logaddexp.reduce(log_pz + log_px_given_z)
    return loss, log_px + loss, log_px


@mistake("identity_elbo_without_entropy")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q = tf.exp(log_q)
    log_joint = log_pz + log_px_given_z
    log_px = tf.reduce_logsumexp(log_joint)
    elbo = tf.reduce_sum(q * log_joint)
    kl = tf.reduce_sum(q * (log_q - (log_joint - log_px)))
    return elbo, kl, log_px


@mistake("identity_elbo_without_entropy")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q = np.exp(log_q)
    joint = np.exp(log_pz) * np.exp(log_px_given_z)
    px = np.sum(joint)
    elbo = np.dot(q, np.log(joint))
    kl = np.dot(q, log_q - np.log(joint / px))
    return elbo, kl, np.log(px)


@mistake("identity_elbo_without_prior")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q = tf.exp(log_q)
    log_joint = log_pz + log_px_given_z
    log_px = tf.reduce_logsumexp(log_joint)
    elbo = tf.reduce_sum(q * (log_px_given_z - log_q))
    kl = tf.reduce_sum(q * (log_q - (log_joint - log_px)))
    return elbo, kl, log_px


@mistake("identity_elbo_without_prior")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q = tfd.Categorical(logits=log_q)
    posterior = tfd.Categorical(logits=log_pz + log_px_given_z)
    elbo = tf.reduce_sum(tf.exp(log_q) * log_px_given_z) + q.entropy()
    return elbo, tfd.kl_divergence(q, posterior), tf.reduce_logsumexp(log_pz + log_px_given_z)


@mistake("identity_without_entropy_throughout")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    log_joint = log_pz + log_px_given_z
    log_px = tf.reduce_logsumexp(log_joint)
    elbo = tf.reduce_sum(tf.exp(log_q) * log_joint)
    kl = log_px - elbo
    return elbo, kl, log_px


@mistake("identity_without_entropy_throughout")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q = np.exp(log_q)
    elbo = np.sum(q * log_px_given_z) + np.sum(q * log_pz)
    log_px = np.log(np.sum(np.exp(log_pz + log_px_given_z)))
    return [elbo, log_px - elbo, log_px]


@mistake("identity_log_px_without_prior_throughout")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    elbo = tf.reduce_sum(tf.exp(log_q) * (log_pz + log_px_given_z - log_q))
    log_px = tf.reduce_logsumexp(log_px_given_z)
    kl = log_px - elbo
    return elbo, kl, log_px


@mistake("identity_log_px_without_prior_throughout")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q = np.exp(log_q)
    elbo = np.sum(q * log_px_given_z) - np.sum(q * (log_q - log_pz))
    log_px = np.log(np.exp(log_px_given_z).sum())
    log_posterior = log_pz + log_px_given_z - log_px
    kl = np.sum(q * (log_q - log_posterior))
    return elbo, kl, log_px


@mistake("identity_prior_forgotten")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q = tf.exp(log_q)
    log_px = tf.reduce_logsumexp(log_px_given_z)
    elbo = tf.reduce_sum(q * (log_px_given_z - log_q))
    kl = tf.reduce_sum(q * (log_q - (log_px_given_z - log_px)))
    return elbo, kl, log_px


@mistake("identity_prior_forgotten")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q = tfd.Categorical(logits=log_q)
    posterior = tfd.Categorical(logits=log_px_given_z)
    elbo = tf.tensordot(q.probs_parameter(), log_px_given_z, axes=1) + q.entropy()
    return elbo, q.kl_divergence(posterior), tf.reduce_logsumexp(log_px_given_z)


@mistake("identity_kl_to_joint")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q = tf.exp(log_q)
    log_joint = log_pz + log_px_given_z
    elbo = tf.reduce_sum(q * (log_joint - log_q))
    kl = tf.reduce_sum(q * (log_q - log_joint))
    return elbo, kl, tf.reduce_logsumexp(log_joint)


@mistake("identity_kl_to_joint")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q = np.exp(log_q)
    posterior = np.exp(log_pz) * np.exp(log_px_given_z)
    log_px = np.log(posterior.sum())
    elbo = np.sum(q * log_px_given_z) - np.sum(q * np.log(q / np.exp(log_pz)))
    kl = np.sum(q * np.log(q / posterior))
    return elbo, kl, log_px


@mistake("identity_kl_to_prior_throughout")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q = tf.exp(log_q)
    elbo = tf.reduce_sum(q * (log_pz + log_px_given_z - log_q))
    kl = tf.reduce_sum(q * (log_q - log_pz))
    return elbo, kl, elbo + kl


@mistake("identity_kl_to_prior_throughout")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    kl = tfd.kl_divergence(tfd.Categorical(logits=log_q), tfd.Categorical(logits=log_pz))
    expected_log_lik = ops.sum(ops.exp(log_q) * log_px_given_z)
    return expected_log_lik - kl, kl, expected_log_lik


@mistake("identity_elbo_unweighted")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    log_joint = log_pz + log_px_given_z
    log_px = tf.reduce_logsumexp(log_joint)
    elbo = tf.reduce_sum(log_joint - log_q)
    kl = tf.reduce_sum(tf.exp(log_q) * (log_q - (log_joint - log_px)))
    return elbo, kl, log_px


@mistake("identity_elbo_unweighted")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q = np.exp(log_q)
    joint = np.exp(log_pz + log_px_given_z)
    posterior = joint / joint.sum()
    elbo = 0.0
    for j in range(len(q)):
        elbo += np.log(joint[j]) - log_q[j]
    kl = np.sum(q * np.log(q / posterior))
    return np.float32(elbo), kl, np.log(joint.sum())


@mistake("identity_elbo_under_prior")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    log_joint = log_pz + log_px_given_z
    log_px = tf.reduce_logsumexp(log_joint)
    elbo = tf.reduce_sum(tf.exp(log_pz) * (log_joint - log_q))
    kl = tf.reduce_sum(tf.exp(log_q) * (log_q - (log_joint - log_px)))
    return elbo, kl, log_px


@mistake("identity_elbo_under_prior")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q, prior = np.exp(log_q), np.exp(log_pz)
    joint = prior * np.exp(log_px_given_z)
    elbo = np.dot(prior, log_px_given_z) + np.dot(prior, log_pz - log_q)
    kl = np.dot(q, log_q - np.log(joint / joint.sum()))
    return elbo, kl, np.log(joint.sum())


def _identity(log_pz, log_px_given_z, log_q):
    """The parts that are right in the unlisted answers below."""
    q = tf.exp(log_q)
    log_joint = log_pz + log_px_given_z
    log_px = tf.reduce_logsumexp(log_joint)
    elbo = tf.reduce_sum(q * (log_joint - log_q))
    kl = tf.reduce_sum(q * (log_q - (log_joint - log_px)))
    return elbo, kl, log_px


@mistake("")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    # log p(x) averages the likelihood under q, not under the prior
    elbo, kl, _ = _identity(log_pz, log_px_given_z, log_q)
    return elbo, kl, tf.reduce_logsumexp(log_q + log_px_given_z)


@mistake("")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    # the ELBO adds the KL to the prior instead of subtracting it
    _, kl, log_px = _identity(log_pz, log_px_given_z, log_q)
    q = tf.exp(log_q)
    elbo = tf.reduce_sum(q * log_px_given_z) + tf.reduce_sum(q * (log_q - log_pz))
    return elbo, kl, log_px


@mistake("")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    # the ELBO is the reconstruction term alone
    _, kl, log_px = _identity(log_pz, log_px_given_z, log_q)
    return tf.reduce_sum(tf.exp(log_q) * log_px_given_z), kl, log_px


@mistake("")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    # the ELBO averages under the posterior
    _, kl, log_px = _identity(log_pz, log_px_given_z, log_q)
    log_joint = log_pz + log_px_given_z
    return tf.reduce_sum(tf.nn.softmax(log_joint) * (log_joint - log_q)), kl, log_px


@mistake("")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    # the entropy of q enters the ELBO with the wrong sign
    _, kl, log_px = _identity(log_pz, log_px_given_z, log_q)
    return tf.reduce_sum(tf.exp(log_q) * (log_pz + log_px_given_z + log_q)), kl, log_px


@mistake("")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    # weighted with log q, the exp is forgotten
    log_joint = log_pz + log_px_given_z
    log_px = tf.reduce_logsumexp(log_joint)
    elbo = tf.reduce_sum(log_q * (log_joint - log_q))
    kl = tf.reduce_sum(log_q * (log_q - (log_joint - log_px)))
    return elbo, kl, log_px


@mistake("")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    # the KL is not weighted by q
    elbo, _, log_px = _identity(log_pz, log_px_given_z, log_q)
    kl = tf.reduce_sum(log_q - (log_pz + log_px_given_z - log_px))
    return elbo, kl, log_px


@mistake("")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    # log p(x) sums the log joint
    elbo, kl, _ = _identity(log_pz, log_px_given_z, log_q)
    return elbo, kl, tf.reduce_sum(log_pz + log_px_given_z)


@mistake("")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    # log p(x) is the largest log joint
    elbo, kl, _ = _identity(log_pz, log_px_given_z, log_q)
    return elbo, kl, tf.reduce_max(log_pz + log_px_given_z)


@mistake("")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    # prior and likelihood added as probabilities: p(z) + p(x|z)
    q = tf.exp(log_q)
    log_joint = tf.math.log(tf.exp(log_pz) + tf.exp(log_px_given_z))
    log_px = tf.reduce_logsumexp(log_joint)
    elbo = tf.reduce_sum(q * (log_joint - log_q))
    kl = tf.reduce_sum(q * (log_q - (log_joint - log_px)))
    return elbo, kl, log_px


@mistake("")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    # the posterior without the prior in the KL only
    elbo, _, log_px = _identity(log_pz, log_px_given_z, log_q)
    kl = tf.reduce_sum(tf.exp(log_q) * (log_q - tf.nn.log_softmax(log_px_given_z)))
    return elbo, kl, log_px


@mistake("")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    # two errors: the KL to the posterior is taken for the one inside the ELBO
    q = tf.exp(log_q)
    _, kl, log_px = _identity(log_pz, log_px_given_z, log_q)
    return tf.reduce_sum(q * log_px_given_z) - kl, kl, log_px


@mistake("")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    # the largest state of q for the average under q
    _, _, log_px = _identity(log_pz, log_px_given_z, log_q)
    best = tf.argmax(log_q)
    elbo = (log_pz + log_px_given_z - log_q)[best]
    return tf.convert_to_tensor(elbo), log_px - elbo, log_px
