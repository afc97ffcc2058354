"""A student whose first answer ends the whole Python process when it is called."""

# %% question="bernoulli_log_prob_logits"
import os


def bernoulli_log_prob_logits(x, logits):
    os._exit(0)


# %% question="kl_to_standard_normal"
def kl_to_standard_normal(mu, log_var):
    return 0.5 * tf.reduce_sum(mu**2 + tf.exp(log_var) - log_var - 1, axis=-1)


# %% question="elbo_identity_terms"
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    log_joint = log_pz + log_px_given_z
    log_px = tf.reduce_logsumexp(log_joint)
    elbo = tf.reduce_sum(tf.exp(log_q) * (log_joint - log_q))
    return elbo, log_px - elbo, log_px
