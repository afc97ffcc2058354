"""Answers to a01_densities in plain TensorFlow operations, in float32."""


# %% question="posterior_from_joint"
def posterior_from_joint(p_xz):
    evidence = tf.reduce_sum(p_xz, axis=1, keepdims=True)
    return p_xz / evidence


# %% question="standard_normal_log_prob"
def standard_normal_log_prob(z):
    return -0.5 * tf.reduce_sum(LOG_2PI + tf.square(z), axis=-1)


# %% question="bernoulli_log_prob_probs"
def bernoulli_log_prob_probs(x, probs):
    ones = tf.math.xlogy(x, probs)
    zeros = tf.math.xlog1py(1 - x, -probs)
    return tf.reduce_sum(ones + zeros, axis=-1)


# %% question="bernoulli_log_prob_logits"
def bernoulli_log_prob_logits(x, logits):
    return tf.reduce_sum(x * logits - tf.nn.softplus(logits), axis=-1)


# %% question="gaussian_log_prob_fixed"
def gaussian_log_prob_fixed(x, mu, sigma):
    standardised = (tf.convert_to_tensor(x) - mu) / sigma
    return tf.reduce_sum(-0.5 * LOG_2PI - tf.math.log(sigma) - 0.5 * standardised**2, axis=-1)


# %% question="gaussian_log_prob_learned"
def gaussian_log_prob_learned(x, mu, log_var):
    distance = tf.math.squared_difference(x, mu)
    return -0.5 * tf.reduce_sum(LOG_2PI + log_var + distance * tf.exp(-log_var), axis=-1)


# %% question="cross_entropy_terms"
def cross_entropy_terms(pop, log_model):
    cross_entropy = -tf.reduce_sum(pop * log_model)
    entropy = -tf.reduce_sum(tf.math.xlogy(pop, pop))
    return cross_entropy, entropy, cross_entropy - entropy


# %% question="kl_to_standard_normal"
def kl_to_standard_normal(mu, log_var):
    return 0.5 * tf.reduce_sum(tf.square(mu) + tf.exp(log_var) - log_var - 1.0, axis=-1)


# %% question="kl_diag_gaussians"
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    var_q, var_p = tf.exp(log_var_q), tf.exp(log_var_p)
    log_ratio = log_var_p - log_var_q
    return 0.5 * tf.reduce_sum(log_ratio + (var_q + tf.square(mu_q - mu_p)) / var_p - 1.0, axis=-1)


# %% question="gaussian_entropy"
def gaussian_entropy(log_var):
    return 0.5 * tf.reduce_sum(log_var + LOG_2PI + 1.0, axis=-1)


# %% question="elbo_identity_terms"
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    log_joint = tf.add(log_pz, log_px_given_z)
    log_px = tf.reduce_logsumexp(log_joint)
    q = tf.exp(log_q)
    elbo = tf.reduce_sum(q * (log_joint - log_q))
    kl = tf.reduce_sum(q * (log_q - (log_joint - log_px)))
    return elbo, kl, log_px
