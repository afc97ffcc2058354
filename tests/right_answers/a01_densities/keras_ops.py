"""Answers to a01_densities with keras.ops only."""

# %% question="posterior_from_joint"
from keras import ops


def posterior_from_joint(p_xz):
    p_xz = ops.convert_to_tensor(p_xz)
    p_x = ops.sum(p_xz, axis=-1)
    return ops.divide(p_xz, ops.expand_dims(p_x, axis=-1))


# %% question="standard_normal_log_prob"
from keras import ops


def standard_normal_log_prob(z):
    half_log_2pi = 0.9189385332046727
    return ops.sum(-ops.square(z) / 2 - half_log_2pi, axis=-1)


# %% question="bernoulli_log_prob_probs"
from keras import ops


def bernoulli_log_prob_probs(x, probs):
    chosen = ops.where(ops.equal(x, 1), probs, ops.subtract(1.0, probs))
    return ops.sum(ops.log(chosen), axis=-1)


# %% question="bernoulli_log_prob_logits"
from keras import ops


def bernoulli_log_prob_logits(x, logits):
    return -ops.sum(ops.binary_crossentropy(x, logits, from_logits=True), axis=-1)


# %% question="gaussian_log_prob_fixed"
from keras import ops


def gaussian_log_prob_fixed(x, mu, sigma):
    squared_error = ops.square(ops.subtract(x, mu))
    variance = sigma * sigma
    log_normaliser = 0.5 * ops.log(2 * np.pi * variance)
    return ops.sum(-squared_error / (2 * variance) - log_normaliser, axis=-1)


# %% question="gaussian_log_prob_learned"
from keras import ops


def gaussian_log_prob_learned(x, mu, log_var):
    log_var = ops.convert_to_tensor(log_var)
    scaled = ops.subtract(x, mu) * ops.exp(-0.5 * log_var)
    return -0.5 * ops.sum(ops.square(scaled) + log_var + LOG_2PI, axis=-1)


# %% question="cross_entropy_terms"
def cross_entropy_terms(pop, log_model):
    log_pop = ops.log(ops.maximum(pop, 1e-30))
    kl = ops.sum(pop * (log_pop - log_model))
    return -ops.sum(pop * log_model), -ops.sum(pop * log_pop), kl


# %% question="kl_to_standard_normal"
from keras import ops


def kl_to_standard_normal(mu, log_var):
    spread = ops.expm1(log_var) - log_var
    return 0.5 * (ops.sum(ops.square(mu), axis=-1) + ops.sum(spread, axis=-1))


# %% question="kl_diag_gaussians"
from keras import ops


def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    delta = ops.subtract(log_var_q, log_var_p)
    shift = ops.multiply(ops.square(ops.subtract(mu_p, mu_q)), ops.exp(ops.negative(log_var_p)))
    return ops.sum((ops.exp(delta) - 1 - delta + shift) / 2, axis=-1)


# %% question="gaussian_entropy"
from keras import ops


def gaussian_entropy(log_var):
    dims = ops.shape(log_var)[-1]
    return 0.5 * ops.sum(log_var, axis=-1) + 0.5 * dims * (1 + LOG_2PI)


# %% question="elbo_identity_terms"
from keras import ops


def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    log_joint = ops.add(log_pz, log_px_given_z)
    log_px = ops.logsumexp(log_joint)
    log_posterior = ops.log_softmax(log_joint)
    q = ops.exp(log_q)
    elbo = ops.sum(q * ops.subtract(log_joint, log_q))
    kl = ops.sum(q * ops.subtract(log_q, log_posterior))
    return elbo, kl, log_px
