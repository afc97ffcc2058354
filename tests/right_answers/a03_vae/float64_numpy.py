"""Answers to a03_vae in NumPy, float64 throughout; what a gradient must pass stays with tensors."""

# %% question="sample_latent"
def sample_latent(mu, log_var, eps):
    mu, log_var, eps = (tf.cast(part, tf.float64) for part in (mu, log_var, eps))
    return mu + tf.exp(log_var / 2) * eps


# %% question="vae_loss"
def kl(mu, log_var):
    mu, log_var = np.float64(mu), np.float64(log_var)
    return 0.5 * np.sum(mu**2 + np.exp(log_var) - log_var - 1, axis=-1)


def vae_loss(x, logits, mu, log_var):
    x, logits = np.float64(x), np.float64(logits)
    log_px = np.sum(x * logits - np.logaddexp(0, logits), axis=-1)
    return np.mean(kl(mu, log_var) - log_px.mean(axis=0))


# %% question="gaussian_vae_loss"
def gaussian_vae_loss(x, x_mu, mu, log_var, sigma):
    residual = (np.float64(x) - np.float64(x_mu)) / sigma
    log_px = -0.5 * np.sum(residual**2 + np.log(2 * np.pi * sigma**2), axis=-1)
    return np.mean(kl(mu, log_var)) - np.mean(log_px)


# %% question="reconstruct"
def expectation(model, z):
    out = np.asarray(model.decoder(z), np.float64)
    return np.exp(-np.logaddexp(0, -out)) if model.likelihood == "bernoulli" else out


def reconstruct(model, x):
    return expectation(model, np.asarray(model.encoder(x)[0]))


# %% question="sample_prior"
def sample_prior(model, eps):
    return expectation(model, eps)


# %% question="latent_grid"
def latent_grid(model, n):
    from scipy.stats import norm

    q = norm.ppf((np.arange(n) + 0.5) / n)
    z = np.array([[(first, second) for second in q] for first in q], np.float32)
    return expectation(model, z)
