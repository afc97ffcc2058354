"""A student whose sum never ends."""


# %% question="bernoulli_log_prob_logits"
def bernoulli_log_prob_logits(x, logits):
    return tf.reduce_sum(x * logits - tf.nn.softplus(logits), axis=-1)


# %% question="kl_to_standard_normal"
def kl_to_standard_normal(mu, log_var):
    k, total = 0, 0.0
    while k < mu.shape[-1]:
        total = total + 0.5 * (mu[:, k] ** 2 + tf.exp(log_var[:, k]) - log_var[:, k] - 1)
    return total


# %% question="elbo_identity_terms"
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    log_joint = log_pz + log_px_given_z
    log_px = tf.reduce_logsumexp(log_joint)
    elbo = tf.reduce_sum(tf.exp(log_q) * (log_joint - log_q))
    return elbo, log_px - elbo, log_px
