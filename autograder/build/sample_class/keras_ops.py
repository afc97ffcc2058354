"""A student who uses keras.ops only."""

# %% question="posterior_from_joint"
from keras import ops


def posterior_from_joint(p_xz):
    return ops.divide(p_xz, ops.sum(p_xz, axis=1, keepdims=True))


# %% question="standard_normal_log_prob"
def standard_normal_log_prob(z):
    return ops.sum(-0.5 * ops.square(z) - 0.5 * LOG_2PI, axis=-1)


# %% question="bernoulli_log_prob_probs"
def bernoulli_log_prob_probs(x, probs):
    probability_of_x = ops.where(x > 0.5, probs, 1 - probs)
    return ops.sum(ops.log(probability_of_x), axis=-1)


# %% question="gaussian_log_prob_fixed"
def gaussian_log_prob_fixed(x, mu, sigma):
    standardised = (ops.convert_to_tensor(x) - mu) / sigma
    return -0.5 * ops.sum(ops.square(standardised), axis=-1) - x.shape[-1] * (
        ops.log(sigma) + 0.5 * LOG_2PI
    )


# %% question="gaussian_log_prob_learned"
def gaussian_log_prob_learned(x, mu, log_var):
    squared = ops.square(ops.subtract(x, mu))
    return -0.5 * ops.sum(LOG_2PI + log_var + squared / ops.exp(log_var), axis=-1)


# %% question="kl_diag_gaussians"
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    variance_ratio = ops.exp(log_var_q - log_var_p)
    distance = ops.square(mu_q - mu_p) / ops.exp(log_var_p)
    return 0.5 * ops.sum(variance_ratio + distance - 1 - (log_var_q - log_var_p), axis=-1)


# %% question="gaussian_entropy"
def gaussian_entropy(log_var):
    return ops.sum(ops.add(log_var, 1.0 + LOG_2PI), axis=-1) / 2


# %% question="bernoulli_log_prob_logits"
def bernoulli_log_prob_logits(x, logits):
    pixels = -ops.binary_crossentropy(x, logits, from_logits=True)
    return ops.sum(pixels, axis=1)


# %% question="cross_entropy_terms"
def cross_entropy_terms(pop, log_model):
    log_pop = ops.log(ops.where(pop > 0, pop, 1.0))
    cross_entropy, entropy = -ops.sum(pop * log_model), -ops.sum(pop * log_pop)
    return cross_entropy, entropy, cross_entropy - entropy


# %% question="kl_to_standard_normal"
def kl_to_standard_normal(mu, log_var):
    per_dimension = ops.square(mu) + ops.exp(log_var) - log_var - 1.0
    return ops.sum(per_dimension, axis=-1) / 2.0


# %% question="elbo_identity_terms"
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    log_joint = ops.add(log_pz, log_px_given_z)
    log_px = ops.logsumexp(log_joint)
    posterior = log_joint - log_px
    kl = ops.sum(ops.exp(log_q) * (log_q - posterior))
    return log_px - kl, kl, log_px
