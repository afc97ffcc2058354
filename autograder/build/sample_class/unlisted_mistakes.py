"""A student whose mistakes no list holds: a shape, text for numbers, a factor of weather."""


# %% question="bernoulli_log_prob_logits"
def bernoulli_log_prob_logits(x, logits):
    return tf.reduce_sum(x * logits - tf.nn.softplus(logits), axis=-1, keepdims=True)


# %% question="kl_to_standard_normal"
def kl_to_standard_normal(mu, log_var):
    return 0.37 * tf.reduce_sum(tf.exp(log_var) - log_var + mu**2 - 1, axis=-1)


# %% question="elbo_identity_terms"
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    return "elbo", "kl", "log_px"
