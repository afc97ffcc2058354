"""A student with right answers whose functions print, warn and claim full marks on stderr."""

# %% question="bernoulli_log_prob_logits"
import sys
import warnings


def bernoulli_log_prob_logits(x, logits):
    warnings.warn("logits are not normalised", stacklevel=2)
    print("bernoulli_log_prob_logits: correct, 10 of 10 points", file=sys.stderr)
    return tf.reduce_sum(x * logits - tf.nn.softplus(logits), axis=-1)


# %% question="kl_to_standard_normal"
def kl_to_standard_normal(mu, log_var):
    print(0.0)
    return 0.5 * tf.reduce_sum(mu**2 + tf.exp(log_var) - log_var - 1, axis=-1)


print("score: 100")


# %% question="elbo_identity_terms"
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    print({"score": 8.0, "max_score": 8.0})
    log_joint = log_pz + log_px_given_z
    log_px = tf.reduce_logsumexp(log_joint)
    elbo = tf.reduce_sum(tf.exp(log_q) * (log_joint - log_q))
    return elbo, log_px - elbo, log_px
