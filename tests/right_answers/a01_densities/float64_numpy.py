"""Answers to a01_densities in NumPy, converted to float64 first."""

# %% question="posterior_from_joint"
def posterior_from_joint(p_xz):
    table = np.asarray(p_xz, dtype=np.float64)
    return (table.T / table.sum(axis=1)).T


# %% question="standard_normal_log_prob"
def standard_normal_log_prob(z):
    z = np.asarray(z, dtype=np.float64)
    return -0.5 * (z.shape[-1] * LOG_2PI + np.sum(z * z, axis=-1))


# %% question="bernoulli_log_prob_probs"
def bernoulli_log_prob_probs(x, probs):
    x = np.asarray(x, dtype=np.float64)
    rho = np.clip(np.asarray(probs, dtype=np.float64), 1e-7, 1 - 1e-7)
    return (x * np.log(rho) + (1 - x) * np.log(1 - rho)).sum(axis=-1)


# %% question="bernoulli_log_prob_logits"
def bernoulli_log_prob_logits(x, logits):
    x, a = np.float64(x), np.float64(logits)
    softplus = np.maximum(a, 0) + np.log1p(np.exp(-np.abs(a)))
    return np.sum(x * a - softplus, axis=-1)


# %% question="gaussian_log_prob_fixed"
def gaussian_log_prob_fixed(x, mu, sigma):
    difference = x.astype(np.float64) - mu.astype(np.float64)
    dims = difference.shape[-1]
    constant = -dims * (0.5 * np.log(2 * np.pi) + np.log(sigma))
    return constant - (difference**2).sum(axis=-1) / (2 * sigma**2)


# %% question="gaussian_log_prob_learned"
def gaussian_log_prob_learned(x, mu, log_var):
    x, mu, log_var = (np.asarray(value, dtype=np.float64) for value in (x, mu, log_var))
    var = np.exp(log_var)
    return -0.5 * np.sum(np.log(2 * np.pi * var) + (x - mu) ** 2 / var, axis=-1)


# %% question="kl_to_standard_normal"
def kl_to_standard_normal(mu, log_var):
    mu = np.asarray(mu, dtype=np.float64)
    log_var = np.asarray(log_var, dtype=np.float64)
    var = np.exp(log_var)
    return np.sum(mu**2 + var - np.log(var) - 1, axis=1) / 2


# %% question="kl_diag_gaussians"
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    mu_q, log_var_q, mu_p, log_var_p = [np.array(a, np.float64) for a in (mu_q, log_var_q, mu_p, log_var_p)]
    var_q = np.exp(log_var_q)
    var_p = np.exp(log_var_p)
    terms = np.log(var_p / var_q) + (var_q + (mu_q - mu_p) ** 2) / var_p - 1
    return 0.5 * terms.sum(axis=-1)


# %% question="gaussian_entropy"
def gaussian_entropy(log_var):
    var = np.exp(log_var.astype(np.float64))
    return 0.5 * np.sum(np.log(2 * np.pi * np.e * var), axis=-1)


# %% question="elbo_identity_terms"
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    log_joint = log_pz.astype(np.float64) + log_px_given_z.astype(np.float64)
    log_q = log_q.astype(np.float64)
    log_px = np.logaddexp.reduce(log_joint)
    log_posterior = log_joint - log_px
    q = np.exp(log_q)
    elbo = q @ (log_joint - log_q)
    kl = q @ (log_q - log_posterior)
    return elbo, kl, log_px
