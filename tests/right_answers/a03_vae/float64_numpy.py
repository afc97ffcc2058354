"""Answers to a03_vae with NumPy and SciPy in float64."""

# %% question="sample_latent"
@tf.custom_gradient
def sample_latent(mu, log_var, eps):
    # NumPy cuts the gradient, so it is given by hand: dz/dmu = 1, dz/dlog_var = (z - mu) / 2.
    mean, half, noise = (np.asarray(value, np.float64) for value in (mu, log_var, eps))
    deviation = np.exp(half / 2) * noise

    def gradient(upstream):
        upstream = np.asarray(upstream, np.float64)
        parts = upstream.sum(0), (upstream * deviation / 2).sum(0), upstream * np.exp(half / 2)
        return [tf.constant(part, tf.float32) for part in parts]

    return tf.constant(mean + deviation, tf.float32), gradient


# %% question="vae_loss"
def vae_loss(x, logits, mu, log_var):
    x, logits, mu, log_var = (np.asarray(value, np.float64) for value in (x, logits, mu, log_var))
    log_likelihood = (x * logits - np.logaddexp(0.0, logits)).sum(-1)
    kl = 0.5 * (mu**2 + np.expm1(log_var) - log_var).sum(-1)
    return np.mean(kl - log_likelihood.mean(0))


# %% question="gaussian_vae_loss"
from scipy import stats


def gaussian_vae_loss(x, x_mu, mu, log_var, sigma):
    x, x_mu, mu, log_var = (np.asarray(value, np.float64) for value in (x, x_mu, mu, log_var))
    log_likelihood = stats.norm.logpdf(x, loc=x_mu, scale=float(sigma)).sum(axis=-1)
    kl = (np.square(mu) + np.exp(log_var) - 1 - log_var).sum(axis=-1) / 2
    return np.average(kl - np.average(log_likelihood, axis=0))


# %% question="reconstruct"
from scipy import special


def reconstruct(model, x):
    mu = np.asarray(model.encoder(x)[0])
    output = np.asarray(model.decoder(mu), np.float64)
    return special.expit(output) if model.likelihood == "bernoulli" else output


# %% question="sample_prior"
def sample_prior(model, eps):
    output = np.asarray(model.decoder(np.asarray(eps, np.float32)), np.float64)
    if model.likelihood == "gaussian":
        return output
    return 0.5 * (1 + np.tanh(output / 2))


# %% question="latent_grid"
from scipy.special import expit, ndtri


def latent_grid(model, n):
    q = ndtri((np.arange(n) + 0.5) / n)
    z = np.stack(np.meshgrid(q, q, indexing="ij"), axis=-1).astype(np.float32)
    output = np.asarray(model.decoder(z), np.float64)
    return expit(output) if model.likelihood == "bernoulli" else output
