"""Answers to a03_vae with Python lists, floats and the math module, as far as no gradient is needed."""

# %% question="sample_latent"
import math
from statistics import NormalDist, fmean


def sample_latent(mu, log_var, eps):
    return tf.stack([mu + tf.exp(log_var / 2) * one for one in tf.unstack(eps)])


# %% question="vae_loss"
def softplus(a):
    return max(a, 0.0) + math.log1p(math.exp(-abs(a)))


def divergence(mu, log_var):
    return sum(m * m + math.exp(v) - v - 1 for m, v in zip(mu, log_var)) / 2


def vae_loss(x, logits, mu, log_var):
    x, logits, mu, log_var = (part.tolist() for part in (x, logits, mu, log_var))
    losses = []
    for b in range(len(x)):
        log_px = [sum(pixel * a - softplus(a) for pixel, a in zip(x[b], one[b])) for one in logits]
        losses.append(divergence(mu[b], log_var[b]) - fmean(log_px))
    return fmean(losses)


# %% question="gaussian_vae_loss"
def gaussian_vae_loss(x, x_mu, mu, log_var, sigma):
    x, x_mu, mu, log_var = (part.tolist() for part in (x, x_mu, mu, log_var))
    constant = math.log(sigma) + math.log(2 * math.pi) / 2
    losses = []
    for b in range(len(x)):
        log_px = [-sum(((u - v) / sigma) ** 2 / 2 + constant for u, v in zip(x[b], one[b])) for one in x_mu]
        losses.append(divergence(mu[b], log_var[b]) - fmean(log_px))
    return fmean(losses)


# %% question="reconstruct"
def squash(value):
    return math.exp(-softplus(-value))


def pixels(model, z):
    rows = np.asarray(model.decoder(np.asarray(z, np.float32))).tolist()
    return [[squash(value) for value in row] for row in rows] if model.likelihood == "bernoulli" else rows


def reconstruct(model, x):
    return pixels(model, model.encoder(x)[0])


# %% question="sample_prior"
def sample_prior(model, eps):
    return pixels(model, eps.tolist())


# %% question="latent_grid"
def latent_grid(model, n):
    q = [NormalDist().inv_cdf((k + 0.5) / n) for k in range(n)]
    return [pixels(model, [[first, second] for second in q]) for first in q]
