"""A student with a package that nobody else has; two answers stand in cells that do not need it."""

# %% question="bernoulli_log_prob_logits"
import variational_magic


def bernoulli_log_prob_logits(x, logits):
    return variational_magic.log_prob(x, logits)


# %% question="kl_to_standard_normal"
def kl_to_standard_normal(mu, log_var):
    return 0.5 * tf.reduce_sum(mu**2 + tf.exp(log_var) - log_var - 1, axis=-1)


# %% question="elbo_identity_terms"
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    log_joint = log_pz + log_px_given_z
    log_px = tf.reduce_logsumexp(log_joint)
    elbo = tf.reduce_sum(tf.exp(log_q) * (log_joint - log_q))
    return elbo, log_px - elbo, log_px
