"""Answers to a01_densities with explicit loops over examples or dimensions, and with einsum."""


# %% question="posterior_from_joint"
def posterior_from_joint(p_xz):
    posterior = np.zeros_like(p_xz)
    for row in range(p_xz.shape[0]):
        p_x = 0.0
        for column in range(p_xz.shape[1]):
            p_x += p_xz[row, column]
        posterior[row] = p_xz[row] / p_x
    return posterior


# %% question="standard_normal_log_prob"
def standard_normal_log_prob(z):
    norms = tf.einsum("bk,bk->b", z, z)
    return -(norms + z.shape[1] * LOG_2PI) / 2


# %% question="bernoulli_log_prob_probs"
def bernoulli_log_prob_probs(x, probs):
    totals = []
    for pixels, rhos in zip(x, probs):
        total = 0.0
        for pixel, rho in zip(pixels, rhos):
            total += np.log(rho) if pixel == 1 else np.log1p(-rho)
        totals.append(total)
    return np.array(totals)


# %% question="bernoulli_log_prob_logits"
def bernoulli_log_prob_logits(x, logits):
    signs = 2 * x - 1
    log_likelihood = tf.zeros(len(x))
    for d in range(x.shape[1]):
        log_likelihood += tf.math.log_sigmoid(signs[:, d] * logits[:, d])
    return log_likelihood


# %% question="gaussian_log_prob_fixed"
def gaussian_log_prob_fixed(x, mu, sigma):
    residual = (x - mu) / sigma
    quadratic = np.einsum("bd,bd->b", residual, residual, dtype=np.float64)
    return -0.5 * quadratic - x.shape[1] * np.log(sigma * np.sqrt(2 * np.pi))


# %% question="gaussian_log_prob_learned"
def gaussian_log_prob_learned(x, mu, log_var):
    result = np.zeros(x.shape[0])
    for b in range(x.shape[0]):
        for d in range(x.shape[1]):
            difference = float(x[b, d]) - float(mu[b, d])
            result[b] -= 0.5 * (
                LOG_2PI + log_var[b, d] + difference**2 / np.exp(float(log_var[b, d]))
            )
    return result


# %% question="cross_entropy_terms"
def cross_entropy_terms(pop, log_model):
    entropy = 0.0
    for probability in pop:
        if probability > 0:
            entropy -= float(probability) * np.log(float(probability))
    cross_entropy = -np.einsum("x,x->", pop, log_model)
    return [cross_entropy, entropy, cross_entropy - entropy]


# %% question="kl_to_standard_normal"
def kl_to_standard_normal(mu, log_var):
    squares = tf.einsum("bk,bk->b", mu, mu)
    spread = tf.einsum("bk->b", tf.math.expm1(log_var) - log_var)
    return 0.5 * squares + 0.5 * spread


# %% question="kl_diag_gaussians"
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    total = 0.0
    for k in range(mu_q.shape[-1]):
        distance = mu_q[:, k] - mu_p[:, k]
        precision = np.exp(-log_var_p[:, k])
        variance = np.exp(log_var_q[:, k])
        total = (
            total
            + log_var_p[:, k]
            - log_var_q[:, k]
            - 1
            + precision * (variance + distance * distance)
        )
    return total / 2


# %% question="gaussian_entropy"
def gaussian_entropy(log_var):
    entropies = []
    for example in log_var:
        entropy = 0.0
        for v in example:
            entropy += 0.5 * (float(v) + LOG_2PI + 1)
        entropies.append(entropy)
    return tf.constant(entropies)


# %% question="elbo_identity_terms"
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    log_joint = [float(a) + float(b) for a, b in zip(log_pz, log_px_given_z)]
    log_px = -np.inf
    for value in log_joint:
        log_px = np.logaddexp(log_px, value)
    q = np.exp(log_q, dtype=np.float64)
    elbo = np.einsum("z,z->", q, np.array(log_joint) - log_q)
    kl = np.einsum("z,z->", q, log_q - np.array(log_joint) + log_px)
    return elbo, kl, log_px
