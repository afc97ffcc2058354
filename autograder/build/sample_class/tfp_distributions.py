"""A student who lets TensorFlow Probability do it."""

# %% question="posterior_from_joint"
import tensorflow_probability as tfp

tfd = tfp.distributions


def posterior_from_joint(p_xz):
    return tfd.Categorical(logits=tf.math.log(p_xz)).probs_parameter()


# %% question="standard_normal_log_prob"
def standard_normal_log_prob(z):
    return tfd.MultivariateNormalDiag(tf.zeros_like(z)).log_prob(z)


# %% question="bernoulli_log_prob_probs"
def bernoulli_log_prob_probs(x, probs):
    return tfd.Independent(
        tfd.Bernoulli(probs=tf.clip_by_value(probs, 1e-7, 1 - 1e-7)), 1
    ).log_prob(x)


# %% question="gaussian_log_prob_fixed"
def gaussian_log_prob_fixed(x, mu, sigma):
    return tfd.MultivariateNormalDiag(mu, sigma * tf.ones_like(mu)).log_prob(x)


# %% question="gaussian_log_prob_learned"
def gaussian_log_prob_learned(x, mu, log_var):
    return tf.reduce_sum(tfd.Normal(mu, tf.exp(log_var / 2)).log_prob(x), axis=-1)


# %% question="kl_diag_gaussians"
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    q = tfd.MultivariateNormalDiag(mu_q, tf.exp(log_var_q / 2))
    p = tfd.MultivariateNormalDiag(mu_p, tf.exp(log_var_p / 2))
    return tfd.kl_divergence(q, p)


# %% question="gaussian_entropy"
def gaussian_entropy(log_var):
    return tfd.MultivariateNormalDiag(tf.zeros_like(log_var), tf.exp(log_var / 2)).entropy()


# %% question="bernoulli_log_prob_logits"
def bernoulli_log_prob_logits(x, logits):
    return tfd.Independent(tfd.Bernoulli(logits=logits), 1).log_prob(x)


# %% question="cross_entropy_terms"
def cross_entropy_terms(pop, log_model):
    population, model = tfd.Categorical(probs=pop), tfd.Categorical(logits=log_model)
    return population.cross_entropy(model), population.entropy(), population.kl_divergence(model)


# %% question="kl_to_standard_normal"
def kl_to_standard_normal(mu, log_var):
    q = tfd.Independent(tfd.Normal(mu, tf.exp(log_var / 2)), 1)
    prior = tfd.Independent(tfd.Normal(tf.zeros_like(mu), 1.0), 1)
    return tfd.kl_divergence(q, prior)


# %% question="elbo_identity_terms"
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q = tfd.Categorical(logits=log_q)
    posterior = tfd.Categorical(logits=log_pz + log_px_given_z)
    log_px = tf.reduce_logsumexp(log_pz + log_px_given_z)
    kl = tfd.kl_divergence(q, posterior)
    return log_px - kl, kl, log_px
