"""Answers to a03_vae with loops over samples and images, and einsum."""

# %% question="sample_latent"
def sample_latent(mu, log_var, eps):
    sigma = tf.exp(0.5 * log_var)
    return tf.stack([mu + tf.einsum("bk,bk->bk", sigma, noise) for noise in tf.unstack(eps)])


# %% question="vae_loss"
def vae_loss(x, logits, mu, log_var):
    total = 0.0
    for sample in logits:
        on = np.einsum("bd,bd->", x, np.logaddexp(0, -sample))
        off = np.einsum("bd,bd->", 1 - x, np.logaddexp(0, sample))
        total += (on + off) / (len(logits) * len(x))
    for mean, log_variance in zip(mu, log_var):
        variance = np.exp(log_variance)
        total += 0.5 * (np.einsum("k,k->", mean, mean) + np.einsum("k->", variance - log_variance - 1)) / len(x)
    return total


# %% question="gaussian_vae_loss"
def gaussian_vae_loss(x, x_mu, mu, log_var, sigma):
    losses = []
    for b in range(x.shape[0]):
        distances = x_mu[:, b] - x[b]
        squares = np.einsum("ld,ld->l", distances, distances)
        reconstruction = np.mean(squares) / (2 * sigma**2) + x.shape[1] * (np.log(sigma) + np.log(2 * np.pi) / 2)
        kl = np.einsum("k,k->", mu[b], mu[b]) + np.einsum("k->", np.exp(log_var[b]) - 1 - log_var[b])
        losses.append(reconstruction + 0.5 * kl)
    return np.mean(losses)


# %% question="reconstruct"
def reconstruct(model, x):
    rows = []
    for image in x:
        mu, _ = model.encoder(image[None])
        output = model.decoder(mu)
        rows.append(1 / (1 + tf.exp(-output)) if model.likelihood == BERNOULLI else output)
    return tf.concat(rows, axis=0)


# %% question="sample_prior"
def sample_prior(model, eps):
    rows = []
    for index in range(len(eps)):
        output = model.decoder(eps[index : index + 1])[0]
        rows.append(tf.sigmoid(output) if model.likelihood == BERNOULLI else output)
    return tf.stack(rows)


# %% question="latent_grid"
from scipy.stats import norm


def latent_grid(model, n):
    grid = []
    for i in range(n):
        row = []
        for j in range(n):
            z = np.float32([[norm.ppf((i + 0.5) / n), norm.ppf((j + 0.5) / n)]])
            output = np.asarray(model.decoder(z))[0]
            row.append(1 / (1 + np.exp(-output)) if model.likelihood == BERNOULLI else output)
        grid.append(row)
    return np.array(grid)
