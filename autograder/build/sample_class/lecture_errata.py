"""A student who trusts the lecture: E-000-08, E-000-09, E-000-13, E-000-18, E-002-02, E-003-01."""


# %% question="standard_normal_log_prob"
def standard_normal_log_prob(z):
    return tf.reduce_sum(z**2 / 2 - LOG_2PI / 2, axis=-1)


# %% question="gaussian_log_prob_learned"
def gaussian_log_prob_learned(x, mu, log_var):
    return -0.5 * tf.reduce_sum(LOG_2PI + log_var + ((x - mu) / tf.exp(log_var)) ** 2, axis=-1)


# %% question="kl_diag_gaussians"
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    ratio = 0.5 * (log_var_q - log_var_p)
    quadratic = (tf.exp(log_var_q) + (mu_q - mu_p) ** 2) / (2 * tf.exp(log_var_p))
    return tf.reduce_sum(ratio - quadratic + 0.5, axis=-1)


# %% question="bernoulli_log_prob_logits"
def bernoulli_log_prob_logits(x, logits):
    bce = tf.keras.losses.BinaryCrossentropy(from_logits=True, reduction="none")
    return bce(x, logits)


# %% question="kl_to_standard_normal"
def kl_to_standard_normal(mu, log_var):
    return 0.5 * tf.reduce_sum(1 + log_var - tf.exp(log_var) - mu**2, axis=1)


# %% question="elbo_identity_terms"
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q = tf.exp(log_q)
    elbo = tf.reduce_sum(q * (log_pz + log_px_given_z - log_q))
    kl = tf.reduce_sum(q * (log_q - log_pz))
    log_px = tf.reduce_logsumexp(log_pz + log_px_given_z)
    return elbo, kl, log_px
