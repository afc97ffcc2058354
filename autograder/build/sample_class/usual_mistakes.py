"""A student with three other mistakes: an overflow, a standard deviation, a wrong order."""


# %% question="bernoulli_log_prob_logits"
def bernoulli_log_prob_logits(x, logits):
    return tf.reduce_sum(x * logits - tf.math.log1p(tf.exp(logits)), axis=-1)


# %% question="kl_to_standard_normal"
def kl_to_standard_normal(mu, log_var):
    sigma = tf.exp(0.5 * log_var)
    return 0.5 * tf.reduce_sum(mu**2 + sigma - log_var - 1, axis=-1)


# %% question="elbo_identity_terms"
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    log_joint = log_pz + log_px_given_z
    log_px = tf.reduce_logsumexp(log_joint)
    elbo = tf.reduce_sum(tf.exp(log_q) * (log_joint - log_q))
    return log_px, elbo, log_px - elbo
