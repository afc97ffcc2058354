"""Answers to a04_rate_distortion with Python loops and einsum; no models."""

# %% question="optimal_sigma"
import math

import numpy as np


def optimal_sigma(x, x_mu):
    """Adds up the squared errors sample by sample, and example by example."""
    total, count = 0.0, 0
    for sample in np.asarray(x_mu, np.float64):
        for row, row_mu in zip(np.asarray(x, np.float64), sample, strict=True):
            error = row - row_mu
            total += float(np.einsum("d,d->", error, error))
            count += len(row)
    variance = total / count
    return math.sqrt(variance), len(x[0]) / 2 * (math.log(2 * math.pi * variance) + 1)


# %% question="beta_vae_loss"
def beta_vae_loss(log_px_given_z, kl, beta):
    """Adds up the examples' losses, one by one."""
    num_samples, batch = len(log_px_given_z), len(kl)
    loss = 0.0
    for b in range(batch):
        distortion = 0.0
        for sample in range(num_samples):
            distortion -= float(log_px_given_z[sample][b]) / num_samples
        loss += distortion + beta * float(kl[b])
    return loss / batch


# %% question="rda_lambda"
def rda_lambda(beta, sigma):
    """Divides the loss by beta."""
    return 1 / (2 * beta * sigma**2)


# %% question="rate_distortion_point"
import math


def rate_distortion_point(p_x, q_z_given_x, p_z, p_x_given_z):
    """Goes through the table, and leaves out the pairs that never happen."""
    rate = distortion = 0.0
    for x, weight in enumerate(p_x):
        for z, q in enumerate(q_z_given_x[x]):
            if q > 0:
                pair = float(weight) * float(q)
                rate += pair * math.log(float(q) / float(p_z[z]))
                distortion -= pair * math.log(float(p_x_given_z[z][x]))
    return rate, distortion


# %% question="optimal_prior_and_decoder"
import numpy as np


def optimal_prior_and_decoder(p_x, q_z_given_x):
    """Bayes' rule by einsum."""
    p_z = np.einsum("x,xz->z", p_x, q_z_given_x)
    return p_z, np.einsum("x,xz,z->zx", p_x, q_z_given_x, 1 / p_z)


# %% question="rate_split"
import math

import numpy as np


def rate_split(p_x, q_z_given_x, p_z):
    """Adds up both parts, z by z."""
    aggregated = np.einsum("x,xz->z", np.float64(p_x), np.float64(q_z_given_x))
    information = gap = 0.0
    for z, used in enumerate(aggregated):
        gap += used * math.log(used / p_z[z])
        for x, weight in enumerate(p_x):
            if q_z_given_x[x][z] > 0:
                information += weight * q_z_given_x[x][z] * math.log(q_z_given_x[x][z] / used)
    return float(information), float(gap)


# %% question="aggregate_log_prob"
import math

import numpy as np


def aggregate_log_prob(z, mu, log_var):
    """Keeps a running log sum for each point: log(e^a + e^b) component by component."""
    z, mu, log_var = (np.asarray(one, np.float64) for one in (z, mu, log_var))
    results = []
    for point in z:
        total = -math.inf
        for centre, row in zip(mu, log_var, strict=True):
            difference = point - centre
            square = np.einsum("k,k,k->", difference, difference, np.exp(-row))
            log_density = -0.5 * (square + np.sum(row) + len(row) * math.log(2 * math.pi))
            total = np.logaddexp(total, log_density)
        results.append(float(total) - math.log(len(mu)))
    return results


# %% question="active_units"
import numpy as np


def active_units(mu, threshold):
    """Goes through the units, one column of means at a time."""
    activity, count = [], 0.0
    for column in np.asarray(mu, np.float64).T:
        centred = column - sum(column) / len(column)
        activity.append(float(np.einsum("b,b->", centred, centred)) / len(column))
        if activity[-1] > threshold:
            count += 1.0
    return activity, count


# %% question="linear_vae_spectrum"
import math


def linear_vae_spectrum(eigenvalues, sigma, beta):
    """Asks of each direction whether it rises above the water."""
    w_squared, rate = [], []
    for eigenvalue in eigenvalues:
        ratio = float(eigenvalue) / (beta * sigma**2)
        if ratio > 1:
            w_squared.append(float(eigenvalue) - beta * sigma**2)
            rate.append(math.log(ratio) / 2)
        else:
            w_squared.append(0.0)
            rate.append(0.0)
    return w_squared, rate


# %% question="vq_quantize"
import numpy as np


def vq_quantize(z_e, codebook):
    """Looks for the nearest code of each row in a loop."""
    z_e, codebook = np.asarray(z_e), np.asarray(codebook)
    onehot = np.zeros((len(z_e), len(codebook)), np.float32)
    for b, row in enumerate(z_e):
        difference = codebook - row
        onehot[b, np.argmin(np.einsum("ck,ck->c", difference, difference))] = 1
    return np.einsum("bc,ck->bk", onehot, codebook), onehot


# %% question="vq_loss"
import tensorflow as tf


def vq_loss(z_e, codebook, commitment):
    """Adds up the rows' losses; everything in tensors."""
    z_e, codebook = tf.convert_to_tensor(z_e), tf.convert_to_tensor(codebook)
    outputs, losses = [], []
    for row in tf.unstack(z_e):
        difference = codebook - row
        nearest = tf.argmin(tf.einsum("ck,ck->c", difference, difference))
        code = codebook[nearest]
        moves_code, moves_row = tf.stop_gradient(row) - code, row - tf.stop_gradient(code)
        losses.append(
            tf.einsum("k,k->", moves_code, moves_code)
            + commitment * tf.einsum("k,k->", moves_row, moves_row)
        )
        outputs.append(row + tf.stop_gradient(code - row))
    return tf.stack(outputs), tf.add_n(losses) / len(losses)
