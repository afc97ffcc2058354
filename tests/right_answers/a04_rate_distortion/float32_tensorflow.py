"""Answers to a04_rate_distortion in plain TensorFlow, float32 throughout; no models."""

# %% question="optimal_sigma"
import math

import tensorflow as tf


def optimal_sigma(x, x_mu):
    """Returns the root of the mean squared error, and D/2 (1 + log 2 pi sigma^2)."""
    x, x_mu = tf.convert_to_tensor(x), tf.convert_to_tensor(x_mu)
    variance = tf.reduce_mean(tf.math.squared_difference(x_mu, x[tf.newaxis]))
    event_dim = tf.cast(tf.shape(x)[-1], variance.dtype)
    distortion = 0.5 * event_dim * (1.0 + math.log(2.0 * math.pi) + tf.math.log(variance))
    return tf.sqrt(variance), distortion


# %% question="beta_vae_loss"
import tensorflow as tf


def beta_vae_loss(log_px_given_z, kl, beta):
    """Returns the mean over the batch of distortion + beta rate."""
    distortion = -tf.reduce_mean(log_px_given_z, axis=0)
    return tf.reduce_mean(distortion + beta * kl)


# %% question="rda_lambda"
import tensorflow as tf


def rda_lambda(beta, sigma):
    """Returns the weight of the squared error when a nat of rate costs 1."""
    return tf.math.reciprocal(2.0 * beta * tf.square(sigma))


# %% question="rate_distortion_point"
import tensorflow as tf


def rate_distortion_point(p_x, q_z_given_x, p_z, p_x_given_z):
    """Returns R and D, summed over the tables."""
    p_x = tf.convert_to_tensor(p_x)
    q = tf.convert_to_tensor(q_z_given_x)
    kl = tf.reduce_sum(tf.math.xlogy(q, q) - q * tf.math.log(p_z)[tf.newaxis], axis=1)
    joint = p_x[:, tf.newaxis] * q
    distortion = -tf.reduce_sum(joint * tf.transpose(tf.math.log(p_x_given_z)))
    return tf.tensordot(p_x, kl, 1), distortion


# %% question="optimal_prior_and_decoder"
import tensorflow as tf


def optimal_prior_and_decoder(p_x, q_z_given_x):
    """Returns the marginal of z and Bayes' rule."""
    joint = tf.expand_dims(p_x, 1) * q_z_given_x
    p_z = tf.reduce_sum(joint, axis=0)
    return p_z, tf.transpose(joint / p_z)


# %% question="rate_split"
import tensorflow as tf


def rate_split(p_x, q_z_given_x, p_z):
    """Returns I(x, z) and KL(q(z) || p(z))."""
    p_x, q = tf.convert_to_tensor(p_x), tf.convert_to_tensor(q_z_given_x)
    q_z = tf.linalg.matvec(q, p_x, transpose_a=True)
    information = tf.reduce_sum(p_x[:, tf.newaxis] * tf.math.xlogy(q, q / q_z))
    gap = tf.reduce_sum(q_z * tf.math.log(q_z / p_z))
    return information, gap


# %% question="aggregate_log_prob"
import math

import tensorflow as tf


def aggregate_log_prob(z, mu, log_var):
    """Returns logsumexp over the components minus log B."""
    z, mu, log_var = (tf.convert_to_tensor(one) for one in (z, mu, log_var))
    squares = tf.math.squared_difference(z[:, tf.newaxis], mu) * tf.exp(-log_var)
    log_densities = -0.5 * tf.reduce_sum(squares + log_var + math.log(2.0 * math.pi), axis=-1)
    num_components = tf.cast(tf.shape(mu)[0], tf.float32)
    return tf.reduce_logsumexp(log_densities, axis=1) - tf.math.log(num_components)


# %% question="active_units"
import tensorflow as tf


def active_units(mu, threshold):
    """Returns the variance of each column of means, and how many exceed the threshold."""
    activity = tf.math.reduce_variance(tf.convert_to_tensor(mu), axis=0)
    return activity, tf.reduce_sum(tf.cast(activity > threshold, tf.float32))


# %% question="linear_vae_spectrum"
import tensorflow as tf


def linear_vae_spectrum(eigenvalues, sigma, beta):
    """Returns what lies above the water level beta sigma^2, and half the log of the ratio."""
    level = tf.constant(beta * sigma**2, tf.float32)
    w_squared = tf.nn.relu(eigenvalues - level)
    rate = 0.5 * tf.math.log(tf.maximum(eigenvalues, level) / level)
    return w_squared, rate


# %% question="vq_quantize"
import tensorflow as tf


def vq_quantize(z_e, codebook):
    """Returns the nearest rows and their numbers, one-hot."""
    z_e, codebook = tf.convert_to_tensor(z_e), tf.convert_to_tensor(codebook)
    distances = tf.reduce_sum(tf.math.squared_difference(z_e[:, tf.newaxis], codebook), axis=-1)
    number = tf.argmin(distances, axis=1)
    return tf.gather(codebook, number), tf.one_hot(number, tf.shape(codebook)[0])


# %% question="vq_loss"
import tensorflow as tf


def vq_loss(z_e, codebook, commitment):
    """Returns the straight-through output, and the loss."""
    z_e = tf.convert_to_tensor(z_e)
    z_q, _ = vq_quantize(z_e, codebook)
    to_codes = tf.math.squared_difference(tf.stop_gradient(z_e), z_q)
    to_encoder = tf.math.squared_difference(z_e, tf.stop_gradient(z_q))
    loss = tf.reduce_mean(tf.reduce_sum(to_codes + commitment * to_encoder, axis=-1))
    return z_e + tf.stop_gradient(z_q - z_e), loss
