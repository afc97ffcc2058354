"""Answers to a01_densities with the distributions of TensorFlow Probability."""

# %% question="posterior_from_joint"
import tensorflow_probability as tfp

tfd = tfp.distributions


def posterior_from_joint(p_xz):
    return tfd.Categorical(logits=tf.math.log(p_xz)).probs_parameter()


# %% question="standard_normal_log_prob"
import tensorflow_probability as tfp


def standard_normal_log_prob(z):
    prior = tfp.distributions.MultivariateNormalDiag(loc=tf.zeros(z.shape[-1]))
    return prior.log_prob(z)


# %% question="bernoulli_log_prob_probs"
import tensorflow_probability as tfp


def bernoulli_log_prob_probs(x, probs):
    pixels = tfp.distributions.Bernoulli(probs=probs, dtype=tf.float32)
    return tf.reduce_sum(pixels.log_prob(x), axis=-1)


# %% question="bernoulli_log_prob_logits"
import tensorflow_probability as tfp

tfd = tfp.distributions


def bernoulli_log_prob_logits(x, logits):
    image = tfd.Independent(
        tfd.Bernoulli(logits=logits, dtype=tf.float32), reinterpreted_batch_ndims=1
    )
    return image.log_prob(x)


# %% question="gaussian_log_prob_fixed"
import tensorflow_probability as tfp

tfd = tfp.distributions


def gaussian_log_prob_fixed(x, mu, sigma):
    noise = tfd.Sample(tfd.Normal(loc=0.0, scale=sigma), sample_shape=x.shape[-1])
    return noise.log_prob(x - mu)


# %% question="gaussian_log_prob_learned"
import tensorflow_probability as tfp

tfd = tfp.distributions


def gaussian_log_prob_learned(x, mu, log_var):
    return tfd.MultivariateNormalDiag(loc=mu, scale_diag=tf.exp(0.5 * log_var)).log_prob(x)


# %% question="cross_entropy_terms"
def cross_entropy_terms(pop, log_model):
    population = tfd.Categorical(probs=pop)
    kl = population.kl_divergence(tfd.Categorical(logits=log_model))
    entropy = population.entropy()
    return entropy + kl, entropy, kl


# %% question="kl_to_standard_normal"
import tensorflow_probability as tfp

tfd = tfp.distributions


def kl_to_standard_normal(mu, log_var):
    q = tfd.Normal(mu, tf.exp(log_var / 2))
    p = tfd.Normal(0.0, 1.0)
    return tf.reduce_sum(tfd.kl_divergence(q, p), axis=-1)


# %% question="kl_diag_gaussians"
import tensorflow_probability as tfp

tfd = tfp.distributions


def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    q = tfd.MultivariateNormalDiag(mu_q, tf.exp(0.5 * log_var_q))
    p = tfd.MultivariateNormalDiag(mu_p, tf.exp(0.5 * log_var_p))
    return q.kl_divergence(p)


# %% question="gaussian_entropy"
import tensorflow_probability as tfp

tfd = tfp.distributions


def gaussian_entropy(log_var):
    q = tfd.Independent(tfd.Normal(tf.zeros_like(log_var), tf.exp(0.5 * log_var)), 1)
    return q.entropy()


# %% question="elbo_identity_terms"
import tensorflow_probability as tfp

tfd = tfp.distributions


def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    q = tfd.Categorical(logits=log_q)
    prior = tfd.Categorical(logits=log_pz)
    posterior = tfd.Categorical(logits=log_pz + log_px_given_z)
    elbo = tf.reduce_sum(q.probs_parameter() * log_px_given_z) - q.kl_divergence(prior)
    log_px = tf.reduce_logsumexp(log_pz + log_px_given_z)
    return elbo, q.kl_divergence(posterior), log_px
