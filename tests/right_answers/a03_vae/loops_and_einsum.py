"""Answers to a03_vae with loops over samples and examples, and einsum."""

# %% question="sample_latent"
def sample_latent(mu, log_var, eps):
    return mu + tf.einsum("bk,lbk->lbk", tf.exp(0.5 * log_var), eps)


# %% question="vae_loss"
def vae_loss(x, logits, mu, log_var):
    L, B, D = logits.shape
    loss = 0.0
    for b in range(B):
        for l in range(L):
            loss -= np.sum(x[b] * logits[l, b] - np.maximum(logits[l, b], 0) - np.log1p(np.exp(-np.abs(logits[l, b])))) / L
        loss += 0.5 * (np.einsum("k,k->", mu[b], mu[b]) + np.sum(np.expm1(log_var[b]) - log_var[b]))
    return np.float32(loss / B)


# %% question="gaussian_vae_loss"
def gaussian_vae_loss(x, x_mu, mu, log_var, sigma):
    L, B, D = x_mu.shape
    residual = (x - x_mu) / sigma
    squares = np.einsum("lbd,lbd->lb", residual, residual)
    loss = 0.0
    for b in range(B):
        loss += 0.5 * np.mean(squares[:, b]) + D * (np.log(sigma) + 0.5 * LOG_2PI)
        loss += 0.5 * (np.einsum("k,k->", mu[b], mu[b]) + np.sum(np.expm1(log_var[b]) - log_var[b]))
    return loss / B


# %% question="reconstruct"
def reconstruct(model, x):
    rows = []
    for one in x:
        mean, _ = model.encoder(one[None])
        out = model.decoder(mean)[0]
        rows.append(1 / (1 + tf.exp(-out)) if model.likelihood == "bernoulli" else out)
    return tf.stack(rows)


# %% question="sample_prior"
def sample_prior(model, eps):
    rows = [model.decoder(one[None])[0] for one in eps]
    return np.array([1 / (1 + np.exp(-row)) if model.likelihood == "bernoulli" else row for row in rows])


# %% question="latent_grid"
def latent_grid(model, n):
    from scipy.special import ndtri

    grid = [[None] * n for _ in range(n)]
    for i in range(n):
        for j in range(n):
            z = ndtri((np.array([[i, j]], np.float32) + 0.5) / n).astype(np.float32)
            out = np.asarray(model.decoder(z))[0]
            grid[i][j] = 1 / (1 + np.exp(-out)) if model.likelihood == "bernoulli" else out
    return np.array(grid)
