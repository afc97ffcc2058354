"""Wrong answers to a01, written from the question texts and the names and hints of the known mistakes alone."""
import math

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

tfd = tfp.distributions
LOG_2PI = math.log(2 * math.pi)
WRITTEN = []   # (question, name of the mistake or "", function)


def mistake(name):
    def keep(function):
        WRITTEN.append((function.__name__, name, function))
        return function
    return keep


# ---------------------------------------------------------------- posterior_from_joint

@mistake("posterior_normalised_over_x")
def posterior_from_joint(p_xz):
    return p_xz / p_xz.sum(axis=0, keepdims=True)


@mistake("posterior_is_joint")
def posterior_from_joint(p_xz):
    evidence = tf.reduce_sum(p_xz)
    return tf.divide(p_xz, evidence)


@mistake("posterior_is_marginal")
def posterior_from_joint(p_xz):
    p_z = keras.ops.sum(p_xz, axis=0)
    return keras.ops.broadcast_to(p_z, keras.ops.shape(p_xz))


@mistake("posterior_transposed")
def posterior_from_joint(p_xz):
    rows = []
    for x in range(p_xz.shape[0]):
        rows.append(p_xz[x] / tf.reduce_sum(p_xz[x]))
    return tf.stack(rows, axis=1)


@mistake("posterior_softmax")
def posterior_from_joint(p_xz):
    return keras.ops.softmax(p_xz, axis=-1)


@mistake("posterior_log")
def posterior_from_joint(p_xz):
    log_joint = tf.math.log(p_xz)
    return log_joint - tf.reduce_logsumexp(log_joint, axis=1, keepdims=True)


@mistake("posterior_times_marginal")
def posterior_from_joint(p_xz):
    return np.einsum("xz,x->xz", p_xz, np.sum(p_xz, axis=1))


# each row divided by its Euclidean norm
@mistake("")
def posterior_from_joint(p_xz):
    return tf.linalg.l2_normalize(p_xz, axis=1)


# each row divided by its largest entry
@mistake("")
def posterior_from_joint(p_xz):
    return p_xz / tf.reduce_max(p_xz, axis=1, keepdims=True)


# divided by p(x) and by p(z): the lift, not the posterior
@mistake("")
def posterior_from_joint(p_xz):
    p_x = tf.reduce_sum(p_xz, axis=1, keepdims=True)
    p_z = tf.reduce_sum(p_xz, axis=0, keepdims=True)
    return p_xz / (p_x * p_z)


# the most probable z as one-hot (MAP), not the distribution
@mistake("")
def posterior_from_joint(p_xz):
    return tf.one_hot(tf.argmax(p_xz, axis=1), p_xz.shape[1])


# the prior counted twice: joint times p(z), then normalised
@mistake("")
def posterior_from_joint(p_xz):
    unnormalised = p_xz * p_xz.sum(axis=0)
    return unnormalised / unnormalised.sum(axis=1, keepdims=True)


# ---------------------------------------------------------------- standard_normal_log_prob

@mistake("snl_positive_exponent")
def standard_normal_log_prob(z):
    k = z.shape[-1]
    return -0.5 * k * LOG_2PI + 0.5 * tf.reduce_sum(tf.square(z), axis=-1)


@mistake("snl_missing_2pi")
def standard_normal_log_prob(z):
    return keras.ops.einsum("bk,bk->b", z, z) / -2.0


@mistake("snl_2pi_once")
def standard_normal_log_prob(z):
    z = np.asarray(z, np.float32)
    return -0.5 * (LOG_2PI + np.sum(z ** 2, axis=1))


@mistake("snl_not_halved")
def standard_normal_log_prob(z):
    per_dim = -tf.math.log(tf.sqrt(2 * math.pi)) - tf.pow(z, 2)
    return tf.reduce_sum(per_dim, axis=1)


@mistake("snl_log_sqrt2pi_not_halved")
def standard_normal_log_prob(z):
    total = tf.zeros(z.shape[0])
    for k in range(z.shape[1]):
        total += -0.5 * z[:, k] ** 2 - LOG_2PI
    return total


@mistake("snl_mean")
def standard_normal_log_prob(z):
    return tf.reduce_mean(tfd.Normal(0.0, 1.0).log_prob(z), axis=-1)


@mistake("snl_density_not_log")
def standard_normal_log_prob(z):
    z = tf.convert_to_tensor(z)
    return tfd.MultivariateNormalDiag(loc=tf.zeros_like(z)).prob(z)


@mistake("snl_not_squared")
def standard_normal_log_prob(z):
    return tf.reduce_sum(-0.5 * (LOG_2PI + z), axis=1)


@mistake("snl_through_density")
def standard_normal_log_prob(z):
    density = tf.exp(-0.5 * tf.square(z)) / math.sqrt(2 * math.pi)
    return tf.math.log(tf.reduce_prod(density, axis=1))


# the standard Laplace density instead of the normal one
@mistake("")
def standard_normal_log_prob(z):
    return tf.reduce_sum(tfd.Laplace(0.0, 1.0).log_prob(z), axis=1)


# the standard logistic density
@mistake("")
def standard_normal_log_prob(z):
    return tf.reduce_sum(-z - 2.0 * tf.nn.softplus(-z), axis=1)


# square of the sum instead of sum of the squares
@mistake("")
def standard_normal_log_prob(z):
    return -0.5 * z.shape[1] * LOG_2PI - 0.5 * tf.square(tf.reduce_sum(z, axis=1))


# base-10 logarithm of 2 pi
@mistake("")
def standard_normal_log_prob(z):
    return -0.5 * tf.reduce_sum(tf.square(z) + math.log10(2 * math.pi), axis=1)


# the norm of z is not squared
@mistake("")
def standard_normal_log_prob(z):
    return -0.5 * z.shape[1] * LOG_2PI - 0.5 * tf.norm(z, axis=1)


# ---------------------------------------------------------------- bernoulli_log_prob_probs

@mistake("bce_sign_flipped")
def bernoulli_log_prob_probs(x, probs):
    return -tf.reduce_sum(tf.math.xlogy(x, probs) + tf.math.xlog1py(1.0 - x, -probs), axis=1)


@mistake("bce_mean_over_pixels")
def bernoulli_log_prob_probs(x, probs):
    p = tf.clip_by_value(probs, 1e-7, 1 - 1e-7)
    return tf.reduce_mean(x * tf.math.log(p) + (1 - x) * tf.math.log(1 - p), axis=-1)


@mistake("bce_neg_mean_over_pixels")
def bernoulli_log_prob_probs(x, probs):
    return keras.losses.binary_crossentropy(x, probs)


@mistake("bern_prob_not_log")
def bernoulli_log_prob_probs(x, probs):
    return tf.reduce_prod(probs ** x * (1.0 - probs) ** (1.0 - x), axis=1)


@mistake("bern_squared_error")
def bernoulli_log_prob_probs(x, probs):
    return -0.5 * np.square(x - probs).sum(axis=1)


@mistake("bern_log_of_sum")
def bernoulli_log_prob_probs(x, probs):
    likelihood = tf.where(x == 1.0, probs, 1.0 - probs)
    return tf.math.log(tf.reduce_sum(likelihood, axis=1))


@mistake("bern_log2")
def bernoulli_log_prob_probs(x, probs):
    p = np.clip(probs, 1e-7, 1 - 1e-7)
    return np.sum(np.log2(np.where(x > 0.5, p, 1 - p)), axis=1)


@mistake("bern_sum_over_batch")
def bernoulli_log_prob_probs(x, probs):
    p = keras.ops.clip(probs, 1e-7, 1 - 1e-7)
    return keras.ops.sum(x * keras.ops.log(p) + (1 - x) * keras.ops.log(1 - p))


@mistake("bern_arguments_swapped")
def bernoulli_log_prob_probs(x, probs):
    bce = keras.losses.binary_crossentropy(probs, x)
    return -bce * x.shape[1]


@mistake("bern_eps_inside_log_large")
def bernoulli_log_prob_probs(x, probs):
    eps = 1e-3
    ones = x * tf.math.log(probs + eps)
    zeros = (1 - x) * tf.math.log(1 - probs + eps)
    return tf.reduce_sum(ones + zeros, axis=1)


@mistake("bern_only_ones")
def bernoulli_log_prob_probs(x, probs):
    return tf.reduce_sum(tf.math.xlogy(x, probs), axis=-1)


@mistake("bern_zero_log_zero")
def bernoulli_log_prob_probs(x, probs):
    log_lik = tf.zeros(x.shape[0])
    for d in range(x.shape[1]):
        log_lik += x[:, d] * tf.math.log(probs[:, d]) + (1 - x[:, d]) * tf.math.log(1 - probs[:, d])
    return log_lik


# log p and log(1-p) both added, whatever the pixel is
@mistake("")
def bernoulli_log_prob_probs(x, probs):
    p = tf.clip_by_value(probs, 1e-7, 1 - 1e-7)
    return tf.reduce_sum(tf.math.log(p) + tf.math.log(1 - p), axis=1)


# minus between the two terms instead of plus
@mistake("")
def bernoulli_log_prob_probs(x, probs):
    return tf.reduce_sum(tf.math.xlogy(x, probs) - tf.math.xlog1py(1.0 - x, -probs), axis=1)


# roles of 0 and 1 exchanged
@mistake("")
def bernoulli_log_prob_probs(x, probs):
    p = np.clip(probs, 1e-7, 1 - 1e-7)
    return np.sum((1 - x) * np.log(p) + x * np.log(1 - p), axis=1)


# only x times the log odds; log(1-p) of every pixel forgotten
@mistake("")
def bernoulli_log_prob_probs(x, probs):
    p = tf.clip_by_value(probs, 1e-7, 1 - 1e-7)
    return tf.reduce_sum(x * (tf.math.log(p) - tf.math.log(1 - p)), axis=1)


# the probabilities taken for logits
@mistake("")
def bernoulli_log_prob_probs(x, probs):
    return tf.reduce_sum(tfd.Bernoulli(logits=probs).log_prob(x), axis=1)


# ---------------------------------------------------------------- bernoulli_log_prob_logits

@mistake("logit_sign_flipped")
def bernoulli_log_prob_logits(x, logits):
    return tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits), axis=1)


@mistake("logit_mean_over_pixels")
def bernoulli_log_prob_logits(x, logits):
    return np.mean(x * logits - np.logaddexp(np.float32(0), logits), axis=1)


@mistake("logit_neg_mean_over_pixels")
def bernoulli_log_prob_logits(x, logits):
    return tf.keras.losses.binary_crossentropy(tf.constant(x), tf.constant(logits), from_logits=True)


@mistake("logit_double_sigmoid")
def bernoulli_log_prob_logits(x, logits):
    p = tf.sigmoid(logits)
    return -tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=p), axis=1)


@mistake("logit_wrong_max_trick")
def bernoulli_log_prob_logits(x, logits):
    softplus = tf.maximum(logits, 0.0) + tf.math.log1p(tf.exp(-logits))
    return tf.reduce_sum(x * logits - softplus, axis=1)


@mistake("logit_used_as_probability")
def bernoulli_log_prob_logits(x, logits):
    p = tf.clip_by_value(logits, 1e-7, 1 - 1e-7)
    return tf.reduce_sum(x * tf.math.log(p) + (1 - x) * tf.math.log(1 - p), axis=1)


@mistake("logit_softmax_over_pixels")
def bernoulli_log_prob_logits(x, logits):
    return keras.ops.sum(x * keras.ops.log_softmax(logits, axis=-1), axis=-1)


@mistake("logit_only_ones")
def bernoulli_log_prob_logits(x, logits):
    return tf.einsum("bd,bd->b", x, tf.math.log_sigmoid(logits))


@mistake("logit_sign_of_logit")
def bernoulli_log_prob_logits(x, logits):
    log_p0 = tf.math.log_sigmoid(logits)
    log_p1 = tf.math.log_sigmoid(-logits)
    return tf.reduce_sum(tf.where(tf.equal(x, 1.0), log_p1, log_p0), axis=1)


@mistake("logit_probability_not_log")
def bernoulli_log_prob_logits(x, logits):
    return tf.reduce_prod(tfd.Bernoulli(logits=logits).prob(x), axis=-1)


@mistake("logit_squared_error")
def bernoulli_log_prob_logits(x, logits):
    return -keras.ops.sum(keras.ops.square(x - keras.ops.sigmoid(logits)), axis=1)


@mistake("logit_clipped_probability")
def bernoulli_log_prob_logits(x, logits):
    p = keras.ops.clip(keras.ops.sigmoid(logits), 1e-7, 1 - 1e-7)
    return -x.shape[1] * keras.losses.binary_crossentropy(x, p)


@mistake("logit_through_probability")
def bernoulli_log_prob_logits(x, logits):
    p = tf.nn.sigmoid(logits)
    return tf.reduce_sum(tf.math.log(tf.where(x > 0.5, p, 1.0 - p)), axis=1)


@mistake("logit_clipped")
def bernoulli_log_prob_logits(x, logits):
    a = np.clip(logits, -30.0, 30.0)
    return np.sum(x * a - np.log1p(np.exp(a)), axis=1)


@mistake("logit_naive_exp")
def bernoulli_log_prob_logits(x, logits):
    return tf.reduce_sum(x * logits, 1) - tf.reduce_sum(tf.math.log(1.0 + tf.exp(logits)), 1)


@mistake("logit_sum_over_batch")
def bernoulli_log_prob_logits(x, logits):
    return tf.reduce_sum(x * logits - tf.nn.softplus(logits))


# softplus added instead of subtracted
@mistake("")
def bernoulli_log_prob_logits(x, logits):
    return tf.reduce_sum(x * logits + tf.nn.softplus(logits), axis=1)


# minus the entropy: the pixel replaced by its mean sigmoid(a)
@mistake("")
def bernoulli_log_prob_logits(x, logits):
    return tf.reduce_sum(tf.sigmoid(logits) * logits - tf.nn.softplus(logits), axis=1)


# softplus replaced by relu
@mistake("")
def bernoulli_log_prob_logits(x, logits):
    return tf.reduce_sum(x * logits - tf.nn.relu(logits), axis=1)


# softplus(-a) where softplus(a) belongs
@mistake("")
def bernoulli_log_prob_logits(x, logits):
    return tf.reduce_sum(x * logits - tf.nn.softplus(-logits), axis=1)


# probability taken as (1 + tanh a) / 2, i.e. the logit doubled
@mistake("")
def bernoulli_log_prob_logits(x, logits):
    return tf.reduce_sum(2.0 * x * logits - tf.nn.softplus(2.0 * logits), axis=1)


# ---------------------------------------------------------------- gaussian_log_prob_fixed

@mistake("gaussian_missing_normaliser")
def gaussian_log_prob_fixed(x, mu, sigma):
    standardised = (x - mu) / sigma
    return -0.5 * tf.einsum("bd,bd->b", standardised, standardised)


@mistake("gaussian_missing_log_sigma")
def gaussian_log_prob_fixed(x, mu, sigma):
    return tf.reduce_sum(tfd.Normal(0.0, 1.0).log_prob((x - mu) / sigma), axis=1)


@mistake("gaussian_missing_2pi")
def gaussian_log_prob_fixed(x, mu, sigma):
    d = x.shape[1]
    return -d * math.log(sigma) - np.sum((x - mu) ** 2, axis=1) / (2 * sigma ** 2)


@mistake("gaussian_2pi_once_not_D_times")
def gaussian_log_prob_fixed(x, mu, sigma):
    per_dim = -math.log(sigma) - 0.5 * tf.square((x - mu) / sigma)
    return tf.reduce_sum(per_dim, axis=1) - 0.5 * LOG_2PI


@mistake("gaussian_log_sigma_once")
def gaussian_log_prob_fixed(x, mu, sigma):
    squared = keras.ops.sum(keras.ops.square(x - mu), axis=-1)
    return -0.5 * x.shape[-1] * LOG_2PI - math.log(sigma) - squared / (2.0 * sigma ** 2)


@mistake("gaussian_no_half_in_exponent")
def gaussian_log_prob_fixed(x, mu, sigma):
    total = 0.0
    for d in range(x.shape[1]):
        total = total - math.log(sigma * math.sqrt(2 * math.pi)) - tf.square(x[:, d] - mu[:, d]) / sigma ** 2
    return total


@mistake("gaussian_mean_over_dims")
def gaussian_log_prob_fixed(x, mu, sigma):
    return tf.reduce_mean(tfd.Normal(loc=mu, scale=sigma).log_prob(x), axis=-1)


@mistake("gaussian_sigma_ignored")
def gaussian_log_prob_fixed(x, mu, sigma):
    return tfd.MultivariateNormalDiag(loc=mu).log_prob(x)


@mistake("gaussian_abs_error")
def gaussian_log_prob_fixed(x, mu, sigma):
    return tf.reduce_sum(-0.5 * LOG_2PI - math.log(sigma) - tf.abs(x - mu) / (2 * sigma ** 2), axis=1)


@mistake("gaussian_sigma_as_variance")
def gaussian_log_prob_fixed(x, mu, sigma):
    return -0.5 * np.sum((x - mu) ** 2 / sigma + math.log(2 * math.pi * sigma), axis=1)


@mistake("gaussian_sign_flipped")
def gaussian_log_prob_fixed(x, mu, sigma):
    var = sigma ** 2
    return 0.5 * keras.ops.sum(keras.ops.square(x - mu) / var + math.log(2 * math.pi * var), axis=1)


# sigma squared twice in the exponent
@mistake("")
def gaussian_log_prob_fixed(x, mu, sigma):
    var = sigma ** 2
    return tf.reduce_sum(-0.5 * math.log(2 * math.pi * var) - 0.5 * tf.square(x - mu) / var ** 2, axis=1)


# +log sigma instead of -log sigma
@mistake("")
def gaussian_log_prob_fixed(x, mu, sigma):
    return tf.reduce_sum(-0.5 * LOG_2PI + math.log(sigma) - 0.5 * tf.square((x - mu) / sigma), axis=1)


# sigma taken for the precision
@mistake("")
def gaussian_log_prob_fixed(x, mu, sigma):
    return tf.reduce_sum(0.5 * (math.log(sigma) - LOG_2PI) - 0.5 * sigma * tf.square(x - mu), axis=1)


# log sigma^2 outside the half: log sigma counted twice
@mistake("")
def gaussian_log_prob_fixed(x, mu, sigma):
    return tf.reduce_sum(-0.5 * LOG_2PI - math.log(sigma ** 2) - 0.5 * tf.square((x - mu) / sigma), axis=1)


# x plus mu instead of x minus mu
@mistake("")
def gaussian_log_prob_fixed(x, mu, sigma):
    return tf.reduce_sum(-0.5 * LOG_2PI - math.log(sigma) - 0.5 * tf.square((x + mu) / sigma), axis=1)


# ---------------------------------------------------------------- gaussian_log_prob_learned

@mistake("glv_log_var_used_as_var")
def gaussian_log_prob_learned(x, mu, log_var):
    return -0.5 * tf.reduce_sum(LOG_2PI + log_var + tf.square(x - mu) / log_var, axis=1)


@mistake("glv_precision_sign")
def gaussian_log_prob_learned(x, mu, log_var):
    var = np.exp(log_var)
    return -0.5 * np.sum(LOG_2PI + log_var + var * (x - mu) ** 2, axis=1)


@mistake("glv_missing_log_var")
def gaussian_log_prob_learned(x, mu, log_var):
    standardised = (x - mu) * keras.ops.exp(-0.5 * log_var)
    return -0.5 * keras.ops.sum(keras.ops.square(standardised) + LOG_2PI, axis=-1)


@mistake("glv_std_in_quadratic")
def gaussian_log_prob_learned(x, mu, log_var):
    sigma = tf.sqrt(tf.exp(log_var))
    quadratic = tf.square(x - mu) / (2.0 * sigma)
    return tf.reduce_sum(-0.5 * LOG_2PI - tf.math.log(sigma) - quadratic, axis=1)


@mistake("glv_square_of_quotient")
def gaussian_log_prob_learned(x, mu, log_var):
    quotient = (x - mu) / tf.exp(log_var)
    return -0.5 * tf.reduce_sum(LOG_2PI + log_var + quotient ** 2, axis=-1)


@mistake("glv_missing_2pi")
def gaussian_log_prob_learned(x, mu, log_var):
    total = np.zeros(len(x), np.float32)
    for d in range(x.shape[1]):
        total += -0.5 * (log_var[:, d] + (x[:, d] - mu[:, d]) ** 2 / np.exp(log_var[:, d]))
    return total


@mistake("glv_not_halved")
def gaussian_log_prob_learned(x, mu, log_var):
    bracket = LOG_2PI + log_var + tf.math.squared_difference(x, mu) * tf.exp(-log_var)
    return -tf.reduce_sum(bracket, axis=1)


@mistake("glv_log_var_as_log_std")
def gaussian_log_prob_learned(x, mu, log_var):
    return tf.reduce_sum(tfd.Normal(loc=mu, scale=tf.exp(log_var)).log_prob(x), axis=1)


@mistake("glv_log_std_in_normaliser")
def gaussian_log_prob_learned(x, mu, log_var):
    log_sigma = 0.5 * log_var
    return -0.5 * tf.reduce_sum(LOG_2PI + log_sigma + tf.square(x - mu) / tf.exp(2.0 * log_sigma), axis=1)


@mistake("glv_log_var_bounded")
def gaussian_log_prob_learned(x, mu, log_var):
    log_var = keras.ops.clip(log_var, -10.0, 10.0)
    return -0.5 * keras.ops.sum(LOG_2PI + log_var + (x - mu) ** 2 * keras.ops.exp(-log_var), axis=1)


@mistake("glv_mean_over_dims")
def gaussian_log_prob_learned(x, mu, log_var):
    def log_normal(value, mean, lv):
        return -0.5 * (LOG_2PI + lv + (value - mean) ** 2 * tf.exp(-lv))
    return tf.reduce_mean(log_normal(x, mu, log_var), axis=1)


@mistake("glv_sign_flipped")
def gaussian_log_prob_learned(x, mu, log_var):
    return 0.5 * (x.shape[1] * LOG_2PI + np.sum(log_var, 1) + np.sum(np.exp(-log_var) * np.square(x - mu), 1))


# +log_var instead of -log_var in the normaliser
@mistake("")
def gaussian_log_prob_learned(x, mu, log_var):
    return tf.reduce_sum(-0.5 * LOG_2PI + 0.5 * log_var - 0.5 * tf.square(x - mu) * tf.exp(-log_var), axis=1)


# the variance itself in the normaliser where its logarithm belongs
@mistake("")
def gaussian_log_prob_learned(x, mu, log_var):
    var = tf.exp(log_var)
    return -0.5 * tf.reduce_sum(LOG_2PI + var + tf.square(x - mu) / var, axis=1)


# one averaged log variance for all dimensions of an example
@mistake("")
def gaussian_log_prob_learned(x, mu, log_var):
    shared = tf.reduce_mean(log_var, axis=1, keepdims=True)
    return -0.5 * tf.reduce_sum(LOG_2PI + shared + tf.square(x - mu) * tf.exp(-shared), axis=1)


# log 2 pi once instead of D times
@mistake("")
def gaussian_log_prob_learned(x, mu, log_var):
    return -0.5 * (LOG_2PI + tf.reduce_sum(log_var + tf.square(x - mu) * tf.exp(-log_var), axis=1))


# the distance is not squared
@mistake("")
def gaussian_log_prob_learned(x, mu, log_var):
    return -0.5 * tf.reduce_sum(LOG_2PI + log_var + (x - mu) * tf.exp(-log_var), axis=1)


# ---------------------------------------------------------------- kl_to_standard_normal

@mistake("kl_sign_flipped")
def kl_to_standard_normal(mu, log_var):
    return 0.5 * tf.reduce_sum(1.0 + log_var - tf.square(mu) - tf.exp(log_var), axis=1)


@mistake("kl_forgot_half")
def kl_to_standard_normal(mu, log_var):
    return -tf.reduce_sum(1.0 + log_var - mu ** 2 - tf.exp(log_var), axis=-1)


@mistake("kl_forgot_exp")
def kl_to_standard_normal(mu, log_var):
    return -0.5 * keras.ops.sum(1 + log_var - keras.ops.square(mu) - log_var, axis=1)


@mistake("kl_std_instead_of_var")
def kl_to_standard_normal(mu, log_var):
    sigma = tf.exp(0.5 * log_var)
    return 0.5 * tf.reduce_sum(sigma + tf.square(mu) - 1.0 - log_var, axis=1)


@mistake("kl_log_std_instead_of_log_var")
def kl_to_standard_normal(mu, log_var):
    sigma = np.exp(log_var / 2)
    return 0.5 * np.sum(sigma ** 2 + mu ** 2 - 1 - np.log(sigma), axis=1)


@mistake("kl_log_var_as_log_std")
def kl_to_standard_normal(mu, log_var):
    sigma = tf.exp(log_var)
    return tf.reduce_sum(0.5 * (sigma ** 2 + mu ** 2 - 1.0) - log_var, axis=1)


@mistake("kl_mean_instead_of_sum")
def kl_to_standard_normal(mu, log_var):
    q = tfd.Normal(mu, tf.exp(0.5 * log_var))
    return tf.reduce_mean(tfd.kl_divergence(q, tfd.Normal(0.0, 1.0)), axis=1)


@mistake("kl_sum_over_batch")
def kl_to_standard_normal(mu, log_var):
    return -0.5 * tf.reduce_sum(1 + log_var - tf.square(mu) - tf.exp(log_var))


@mistake("kl_mean_over_batch")
def kl_to_standard_normal(mu, log_var):
    per_example = -0.5 * keras.ops.sum(1 + log_var - mu ** 2 - keras.ops.exp(log_var), axis=1)
    return keras.ops.mean(per_example)


@mistake("kl_forgot_minus_one")
def kl_to_standard_normal(mu, log_var):
    kl = np.zeros(mu.shape[0], dtype=np.float32)
    for k in range(mu.shape[1]):
        kl += 0.5 * (np.exp(log_var[:, k]) + mu[:, k] ** 2 - log_var[:, k])
    return kl


@mistake("kl_plus_one")
def kl_to_standard_normal(mu, log_var):
    k = mu.shape[1]
    return 0.5 * (k + tf.reduce_sum(tf.exp(log_var), 1) + tf.reduce_sum(mu * mu, 1) - tf.reduce_sum(log_var, 1))


@mistake("kl_forgot_mu_squared_term")
def kl_to_standard_normal(mu, log_var):
    return 0.5 * tf.reduce_sum(tf.math.expm1(log_var) - log_var, axis=1)


@mistake("kl_mu_not_squared")
def kl_to_standard_normal(mu, log_var):
    return -0.5 * tf.reduce_sum(1.0 + log_var - mu - tf.exp(log_var), axis=1)


@mistake("kl_plus_log_var")
def kl_to_standard_normal(mu, log_var):
    trace = np.exp(log_var).sum(axis=1)
    log_det = log_var.sum(axis=1)
    return 0.5 * (trace + (mu ** 2).sum(axis=1) - mu.shape[1] + log_det)


@mistake("kl_reversed_direction")
def kl_to_standard_normal(mu, log_var):
    q = tfd.MultivariateNormalDiag(loc=mu, scale_diag=tf.exp(0.5 * log_var))
    p = tfd.MultivariateNormalDiag(loc=tf.zeros_like(mu), scale_diag=tf.ones_like(mu))
    return p.kl_divergence(q)


@mistake("kl_only_first_dim")
def kl_to_standard_normal(mu, log_var):
    return -0.5 * (1 + log_var - tf.square(mu) - tf.exp(log_var))[:, 0]


@mistake("kl_cross_entropy_only")
def kl_to_standard_normal(mu, log_var):
    return 0.5 * keras.ops.sum(LOG_2PI + keras.ops.square(mu) + keras.ops.exp(log_var), axis=1)


# -1 once instead of once per dimension
@mistake("")
def kl_to_standard_normal(mu, log_var):
    return 0.5 * (tf.reduce_sum(tf.exp(log_var) + tf.square(mu) - log_var, axis=1) - 1.0)


# squared Wasserstein distance to N(0, I) instead of the KL
@mistake("")
def kl_to_standard_normal(mu, log_var):
    return tf.reduce_sum(tf.square(mu) + tf.square(tf.exp(0.5 * log_var) - 1.0), axis=1)


# the squared mean is subtracted
@mistake("")
def kl_to_standard_normal(mu, log_var):
    return 0.5 * tf.reduce_sum(tf.exp(log_var) - tf.square(mu) - 1.0 - log_var, axis=1)


# the squared mean divided by the variance of q
@mistake("")
def kl_to_standard_normal(mu, log_var):
    return 0.5 * tf.reduce_sum(tf.exp(log_var) + tf.square(mu) * tf.exp(-log_var) - 1.0 - log_var, axis=1)


# bracket lost: the half falls on the variance alone
@mistake("")
def kl_to_standard_normal(mu, log_var):
    return tf.reduce_sum(0.5 * tf.exp(log_var) + tf.square(mu) - 1.0 - log_var, axis=1)


# ---------------------------------------------------------------- kl_diag_gaussians

@mistake("kl2_sign_flipped")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    return 0.5 * tf.reduce_sum(
        1.0 + log_var_q - log_var_p - tf.exp(log_var_q - log_var_p) - tf.square(mu_q - mu_p) * tf.exp(-log_var_p), 1)


@mistake("kl2_log_ratio_flipped")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    var_q, var_p = np.exp(log_var_q), np.exp(log_var_p)
    return 0.5 * np.sum(log_var_q - log_var_p + (var_q + (mu_q - mu_p) ** 2) / var_p - 1, axis=1)


@mistake("kl2_divided_by_sigma_not_var")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    sigma_p = keras.ops.exp(0.5 * log_var_p)
    second_moment = keras.ops.exp(log_var_q) + keras.ops.square(mu_q - mu_p)
    return 0.5 * keras.ops.sum(log_var_p - log_var_q + second_moment / sigma_p - 1.0, axis=1)


@mistake("kl2_divided_by_q_variance")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    ratio = tf.exp(log_var_q - log_var_p)
    distance = tf.math.squared_difference(mu_q, mu_p) / tf.exp(log_var_q)
    return 0.5 * tf.reduce_sum(ratio + distance - 1.0 - tf.math.log(ratio), axis=1)


@mistake("kl2_reversed_direction")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    q = tfd.MultivariateNormalDiag(mu_q, tf.exp(log_var_q / 2))
    p = tfd.MultivariateNormalDiag(mu_p, tf.exp(log_var_p / 2))
    return tfd.kl_divergence(p, q)


@mistake("kl2_forgot_half")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    inv_p = tf.exp(-log_var_p)
    return tf.reduce_sum(log_var_p - log_var_q + (tf.exp(log_var_q) + (mu_q - mu_p) ** 2) * inv_p - 1.0, axis=1)


@mistake("kl2_forgot_minus_one")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    trace = tf.reduce_sum(tf.exp(log_var_q - log_var_p), axis=1)
    mahalanobis = tf.reduce_sum((mu_p - mu_q) ** 2 / tf.exp(log_var_p), axis=1)
    log_det = tf.reduce_sum(log_var_p, axis=1) - tf.reduce_sum(log_var_q, axis=1)
    return 0.5 * (trace + mahalanobis + log_det)


@mistake("kl2_mean_instead_of_sum")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    d = log_var_q - log_var_p
    return 0.5 * np.mean(np.expm1(d) - d + np.exp(-log_var_p) * (mu_q - mu_p) ** 2, axis=1)


@mistake("kl2_sum_over_batch")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    q = tfd.Normal(mu_q, tf.exp(0.5 * log_var_q))
    p = tfd.Normal(mu_p, tf.exp(0.5 * log_var_p))
    return tf.reduce_sum(tfd.kl_divergence(q, p))


@mistake("kl2_means_not_squared")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    return 0.5 * tf.reduce_sum(
        log_var_p - log_var_q - 1.0 + (tf.exp(log_var_q) + (mu_q - mu_p)) / tf.exp(log_var_p), axis=1)


@mistake("kl2_means_added")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    total = tf.zeros(mu_q.shape[0])
    for k in range(mu_q.shape[1]):
        ratio = tf.exp(log_var_q[:, k] - log_var_p[:, k])
        shift = (mu_q[:, k] + mu_p[:, k]) ** 2 * tf.exp(-log_var_p[:, k])
        total += 0.5 * (ratio + shift - 1.0 - log_var_q[:, k] + log_var_p[:, k])
    return total


@mistake("kl2_forgot_means")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    delta = keras.ops.subtract(log_var_q, log_var_p)
    return 0.5 * keras.ops.sum(keras.ops.exp(delta) - 1 - delta, axis=-1)


@mistake("kl2_means_not_scaled")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    var_q, var_p = tf.exp(log_var_q), tf.exp(log_var_p)
    return 0.5 * tf.reduce_sum(var_q / var_p + tf.square(mu_q - mu_p) - 1.0 + tf.math.log(var_p / var_q), axis=1)


@mistake("kl2_p_is_standard_normal")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    return -0.5 * tf.reduce_sum(1 + log_var_q - tf.square(mu_q) - tf.exp(log_var_q), axis=1)


# symmetrised: KL(q || p) + KL(p || q)
@mistake("")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    d = log_var_q - log_var_p
    inverses = tf.exp(-log_var_p) + tf.exp(-log_var_q)
    return 0.5 * tf.reduce_sum(tf.exp(d) + tf.exp(-d) - 2.0 + tf.square(mu_q - mu_p) * inverses, axis=1)


# only the ratio of variances is upside down
@mistake("")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    d = log_var_p - log_var_q
    return 0.5 * tf.reduce_sum(tf.exp(d) + tf.square(mu_q - mu_p) * tf.exp(-log_var_p) - 1.0 + d, axis=1)


# the variance of q is not divided by that of p
@mistake("")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    return 0.5 * tf.reduce_sum(
        tf.exp(log_var_q) + tf.square(mu_q - mu_p) * tf.exp(-log_var_p) - 1.0 + log_var_p - log_var_q, axis=1)


# difference of the two divergences from the standard normal
@mistake("")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    def kl(mu, log_var):
        return 0.5 * tf.reduce_sum(tf.exp(log_var) + tf.square(mu) - 1.0 - log_var, axis=1)
    return kl(mu_q, log_var_q) - kl(mu_p, log_var_p)


# the log ratio is missing
@mistake("")
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    return 0.5 * tf.reduce_sum((tf.exp(log_var_q) + tf.square(mu_q - mu_p)) * tf.exp(-log_var_p) - 1.0, axis=1)


# ---------------------------------------------------------------- gaussian_entropy

@mistake("ent_missing_one")
def gaussian_entropy(log_var):
    return 0.5 * tf.reduce_sum(LOG_2PI + log_var, axis=1)


@mistake("ent_missing_2pi")
def gaussian_entropy(log_var):
    return 0.5 * (log_var.shape[1] + np.sum(log_var, axis=1))


@mistake("ent_sign")
def gaussian_entropy(log_var):
    var = tf.exp(log_var)
    return -0.5 * tf.reduce_sum(tf.math.log(2 * math.pi * math.e * var), axis=1)


@mistake("ent_log_var_sign")
def gaussian_entropy(log_var):
    return 0.5 * keras.ops.sum(1.0 + LOG_2PI - log_var, axis=-1)


@mistake("ent_not_halved")
def gaussian_entropy(log_var):
    entropy = np.zeros(log_var.shape[0], np.float32)
    for k in range(log_var.shape[1]):
        entropy += 1.0 + LOG_2PI + log_var[:, k]
    return entropy


@mistake("ent_log_var_as_logstd")
def gaussian_entropy(log_var):
    q = tfd.Normal(loc=0.0, scale=tf.exp(log_var))
    return tf.reduce_sum(q.entropy(), axis=1)


@mistake("ent_mean")
def gaussian_entropy(log_var):
    return tf.reduce_mean(tfd.Normal(loc=0.0, scale=tf.exp(0.5 * log_var)).entropy(), axis=1)


@mistake("ent_clipped_at_zero")
def gaussian_entropy(log_var):
    return tf.nn.relu(0.5 * tf.reduce_sum(1.0 + LOG_2PI + log_var, axis=1))


# the variance instead of its logarithm
@mistake("")
def gaussian_entropy(log_var):
    return 0.5 * tf.reduce_sum(1.0 + LOG_2PI + tf.exp(log_var), axis=1)


# both constants once instead of once per dimension
@mistake("")
def gaussian_entropy(log_var):
    return 0.5 * (1.0 + LOG_2PI + tf.reduce_sum(log_var, axis=1))


# parenthesis: log(2 pi) times e instead of log(2 pi e)
@mistake("")
def gaussian_entropy(log_var):
    return 0.5 * tf.reduce_sum(math.log(2 * math.pi) * math.e + log_var, axis=1)


# the half counted twice on log_var (log sigma inside the halved bracket)
@mistake("")
def gaussian_entropy(log_var):
    return 0.5 * tf.reduce_sum(1.0 + LOG_2PI + 0.5 * log_var, axis=1)


# log of the average variance instead of the average of the logs
@mistake("")
def gaussian_entropy(log_var):
    k = log_var.shape[1]
    return 0.5 * k * (1.0 + LOG_2PI + tf.math.log(tf.reduce_mean(tf.exp(log_var), axis=1)))


# ---------------------------------------------------------------- elbo_identity_terms

def _parts(log_pz, log_px_given_z, log_q):
    """The joint, log p(x), the posterior and q, all right."""
    log_joint = tf.convert_to_tensor(log_pz) + log_px_given_z
    log_px = tf.reduce_logsumexp(log_joint)
    return log_joint, log_px, log_joint - log_px, tf.exp(log_q)


@mistake("identity_kl_to_prior")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q = tf.exp(log_q)
    kl = tf.reduce_sum(q * (log_q - log_pz))
    elbo = tf.reduce_sum(q * log_px_given_z) - kl
    return elbo, kl, tf.reduce_logsumexp(log_pz + log_px_given_z)


@mistake("identity_kl_reversed")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    log_joint, log_px, log_post, q = _parts(log_pz, log_px_given_z, log_q)
    kl = tf.reduce_sum(tf.exp(log_post) * (log_post - log_q))
    return tf.reduce_sum(q * (log_joint - log_q)), kl, log_px


@mistake("identity_kl_negated")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q = np.exp(log_q)
    log_joint = log_pz + log_px_given_z
    top = log_joint.max()
    log_px = top + np.log(np.sum(np.exp(log_joint - top)))
    elbo = np.sum(q * (log_joint - log_q))
    kl = np.sum(q * (log_joint - log_px - log_q))
    return elbo, kl, log_px


@mistake("identity_log_px_without_prior")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    log_joint, _, log_post, q = _parts(log_pz, log_px_given_z, log_q)
    elbo = tf.tensordot(q, log_joint - log_q, 1)
    kl = tf.tensordot(q, log_q - log_post, 1)
    return elbo, kl, tf.reduce_logsumexp(log_px_given_z)


@mistake("identity_log_px_is_mean_log")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    ops = keras.ops
    q = ops.exp(log_q)
    log_post = ops.log_softmax(ops.add(log_pz, log_px_given_z))
    elbo = ops.sum(q * (log_pz + log_px_given_z - log_q))
    kl = ops.sum(q * (log_q - log_post))
    return elbo, kl, ops.sum(ops.exp(log_pz) * log_px_given_z)


@mistake("identity_log_px_is_likelihood")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    log_joint, log_px, log_post, q = _parts(log_pz, log_px_given_z, log_q)
    p_x = tf.reduce_sum(tf.exp(log_joint))
    return [tf.reduce_sum(q * (log_joint - log_q)), tf.reduce_sum(q * (log_q - log_post)), p_x]


@mistake("identity_order_swapped")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    log_joint, log_px, log_post, q = _parts(log_pz, log_px_given_z, log_q)
    elbo = tf.reduce_sum(q * (log_joint - log_q))
    kl = tf.reduce_sum(q * (log_q - log_post))
    return log_px, elbo, kl


@mistake("identity_kl_first")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    log_joint = log_pz + log_px_given_z
    log_post = tf.nn.log_softmax(log_joint)
    kl = tfd.Categorical(logits=log_q).kl_divergence(tfd.Categorical(logits=log_post))
    elbo = tf.reduce_sum(tf.exp(log_q) * (log_joint - log_q))
    return kl, elbo, tf.reduce_logsumexp(log_joint)


@mistake("identity_elbo_negated")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    log_joint, log_px, log_post, q = _parts(log_pz, log_px_given_z, log_q)
    kl_prior = tf.reduce_sum(q * (log_q - log_pz))
    loss = kl_prior - tf.reduce_sum(q * log_px_given_z)
    return loss, tf.reduce_sum(q * (log_q - log_post)), log_px


@mistake("identity_elbo_without_entropy")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q = np.exp(log_q)
    log_joint = log_pz + log_px_given_z
    log_px = np.logaddexp.reduce(log_joint)
    return np.dot(q, log_joint), np.dot(q, log_q - (log_joint - log_px)), log_px


@mistake("identity_elbo_without_prior")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    _, log_px, log_post, q = _parts(log_pz, log_px_given_z, log_q)
    elbo = tf.reduce_sum(q * (log_px_given_z - log_q))
    kl = tf.reduce_sum(q * (log_q - log_post))
    return elbo, kl, log_px


@mistake("identity_without_entropy_throughout")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    log_joint = log_pz + log_px_given_z
    log_px = tf.reduce_logsumexp(log_joint)
    elbo = tf.reduce_sum(tf.exp(log_q) * log_joint)
    return elbo, log_px - elbo, log_px


@mistake("identity_log_px_without_prior_throughout")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    elbo = keras.ops.sum(keras.ops.exp(log_q) * (log_pz + log_px_given_z - log_q))
    log_px = keras.ops.logsumexp(log_px_given_z)
    return elbo, log_px - elbo, log_px


@mistake("identity_prior_forgotten")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q = tf.exp(log_q)
    log_px = tf.reduce_logsumexp(log_px_given_z)
    elbo = tf.reduce_sum(q * (log_px_given_z - log_q))
    kl = tf.reduce_sum(q * (log_q - (log_px_given_z - log_px)))
    return elbo, kl, log_px


@mistake("identity_kl_to_joint")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    elbo, kl = 0.0, 0.0
    for z in range(len(log_q)):
        weight = tf.exp(log_q[z])
        elbo += weight * (log_pz[z] + log_px_given_z[z] - log_q[z])
        kl += weight * (log_q[z] - (log_pz[z] + log_px_given_z[z]))
    return elbo, kl, tf.reduce_logsumexp(log_pz + log_px_given_z)


@mistake("identity_kl_to_prior_throughout")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q = np.exp(log_q)
    kl = np.sum(q * (log_q - log_pz))
    elbo = np.sum(q * (log_pz + log_px_given_z - log_q))
    return elbo, kl, elbo + kl


@mistake("identity_elbo_unweighted")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    log_joint, log_px, log_post, q = _parts(log_pz, log_px_given_z, log_q)
    return tf.reduce_sum(log_joint - log_q), tf.reduce_sum(q * (log_q - log_post)), log_px


@mistake("identity_elbo_under_prior")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    log_joint, log_px, log_post, q = _parts(log_pz, log_px_given_z, log_q)
    elbo = tf.reduce_sum(tf.exp(log_pz) * (log_joint - log_q))
    return tf.stack([elbo, tf.reduce_sum(q * (log_q - log_post)), log_px]).numpy().tolist()


# +log q instead of -log q in the ELBO: the entropy is subtracted
@mistake("")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    log_joint, log_px, log_post, q = _parts(log_pz, log_px_given_z, log_q)
    return tf.reduce_sum(q * (log_joint + log_q)), tf.reduce_sum(q * (log_q - log_post)), log_px


# ELBO is the reconstruction term alone (no prior and no entropy)
@mistake("")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    _, log_px, log_post, q = _parts(log_pz, log_px_given_z, log_q)
    return tf.reduce_sum(q * log_px_given_z), tf.reduce_sum(q * (log_q - log_post)), log_px


# log p(x) weighted by q in place of the prior
@mistake("")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    log_joint, _, log_post, q = _parts(log_pz, log_px_given_z, log_q)
    log_px = tf.reduce_logsumexp(log_q + log_px_given_z)
    return tf.reduce_sum(q * (log_joint - log_q)), tf.reduce_sum(q * (log_q - log_post)), log_px


# ELBO = reconstruction minus the divergence from the posterior (should be from the prior)
@mistake("")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    _, log_px, log_post, q = _parts(log_pz, log_px_given_z, log_q)
    kl = tf.reduce_sum(q * (log_q - log_post))
    return tf.reduce_sum(q * log_px_given_z) - kl, kl, log_px


# the KL is not weighted by q
@mistake("")
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    log_joint, log_px, log_post, q = _parts(log_pz, log_px_given_z, log_q)
    return tf.reduce_sum(q * (log_joint - log_q)), tf.reduce_sum(log_q - log_post), log_px
