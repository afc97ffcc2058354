"""Answers to a03_vae with Python's lists and floats."""

# %% question="sample_latent"
def sample_latent(mu, log_var, eps):
    samples = [
        [
            [mu[b, k] + tf.exp(log_var[b, k] / 2) * eps[l, b, k] for k in range(eps.shape[2])]
            for b in range(eps.shape[1])
        ]
        for l in range(eps.shape[0])
    ]
    return tf.convert_to_tensor(samples)


# %% question="vae_loss"
import math


def softplus(a):
    return max(a, 0.0) + math.log1p(math.exp(-abs(a)))


def vae_loss(x, logits, mu, log_var):
    x, logits, mu, log_var = (value.tolist() for value in (x, logits, mu, log_var))
    losses = []
    for b, image in enumerate(x):
        samples = [sum(softplus(a) - p * a for p, a in zip(image, sample[b])) for sample in logits]
        kl = sum((m * m + math.exp(v) - v - 1) / 2 for m, v in zip(mu[b], log_var[b]))
        losses.append(sum(samples) / len(samples) + kl)
    return sum(losses) / len(losses)


# %% question="gaussian_vae_loss"
import math
from statistics import fmean


def gaussian_vae_loss(x, x_mu, mu, log_var, sigma):
    x, x_mu, mu, log_var = (value.tolist() for value in (x, x_mu, mu, log_var))
    constant = math.log(sigma) + math.log(2 * math.pi) / 2

    def reconstruction(image, mean):
        return sum((p - m) ** 2 / (2 * sigma**2) + constant for p, m in zip(image, mean))

    def kl(mean, log_variance):
        return sum(0.5 * (m * m + math.expm1(v) - v) for m, v in zip(mean, log_variance))

    return fmean(
        fmean(reconstruction(x[b], sample[b]) for sample in x_mu) + kl(mu[b], log_var[b]) for b in range(len(x))
    )


# %% question="reconstruct"
import math


def sigmoid(a):
    return 1 / (1 + math.exp(-a)) if a >= 0 else math.exp(a) / (1 + math.exp(a))


def reconstruct(model, x):
    means, _ = model.encoder(x)
    outputs = np.asarray(model.decoder(means)).tolist()
    if model.likelihood == "bernoulli":
        return [[sigmoid(a) for a in row] for row in outputs]
    return outputs


# %% question="sample_prior"
import math


def logistic(a):
    return 1 / (1 + math.exp(-a)) if a >= 0 else math.exp(a) / (1 + math.exp(a))


def sample_prior(model, eps):
    outputs = np.asarray(model.decoder(eps)).tolist()
    if model.likelihood == "bernoulli":
        return [[logistic(a) for a in row] for row in outputs]
    return outputs


# %% question="latent_grid"
import math
from statistics import NormalDist


def latent_grid(model, n):
    quantiles = [NormalDist().inv_cdf((k + 0.5) / n) for k in range(n)]
    z = [[(first, second) for second in quantiles] for first in quantiles]
    outputs = np.asarray(model.decoder(np.array(z, np.float32))).tolist()
    if model.likelihood == "gaussian":
        return outputs
    return [[[0.5 + 0.5 * math.tanh(a / 2) for a in pixel_row] for pixel_row in row] for row in outputs]
