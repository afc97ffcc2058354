"""Answers to a01_densities as TensorFlow functions compiled with XLA."""

# %% question="posterior_from_joint"
@tf.function(jit_compile=True)
def posterior_from_joint(p_xz):
    p_x = tf.math.reduce_sum(p_xz, axis=-1)
    return p_xz * tf.math.reciprocal(p_x)[:, tf.newaxis]


# %% question="standard_normal_log_prob"
@tf.function(jit_compile=True)
def standard_normal_log_prob(z):
    dims = tf.cast(tf.shape(z)[-1], z.dtype)
    return -0.5 * (tf.reduce_sum(z * z, axis=-1) + dims * LOG_2PI)


# %% question="bernoulli_log_prob_probs"
@tf.function(jit_compile=True)
def bernoulli_log_prob_probs(x, probs):
    agreement = tf.where(x > 0.5, probs, 1 - probs)
    return tf.reduce_sum(tf.math.log(agreement), axis=1)


# %% question="bernoulli_log_prob_logits"
@tf.function(jit_compile=True)
def bernoulli_log_prob_logits(x, logits):
    losses = tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits)
    return -tf.reduce_sum(losses, axis=-1)


# %% question="gaussian_log_prob_fixed"
import math


@tf.function(jit_compile=True)
def gaussian_log_prob_fixed(x, mu, sigma):
    normaliser = math.log(sigma) + 0.5 * LOG_2PI
    return -tf.reduce_sum(normaliser + tf.square((x - mu) / sigma) / 2, axis=-1)


# %% question="gaussian_log_prob_learned"
@tf.function(jit_compile=True)
def gaussian_log_prob_learned(x, mu, log_var):
    error = (x - mu) / tf.exp(0.5 * log_var)
    return tf.reduce_sum(-0.5 * (error * error) - 0.5 * log_var - 0.5 * LOG_2PI, axis=-1)


# %% question="kl_to_standard_normal"
@tf.function(jit_compile=True)
def kl_to_standard_normal(mu, log_var):
    bracket = tf.pow(mu, 2) + tf.exp(log_var) - (1 + log_var)
    return tf.reduce_sum(bracket / 2, axis=-1)


# %% question="kl_diag_gaussians"
@tf.function(jit_compile=True)
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    log_ratio = log_var_q - log_var_p
    mahalanobis = tf.square((mu_q - mu_p) * tf.exp(-log_var_p / 2))
    return 0.5 * tf.reduce_sum(mahalanobis + tf.math.expm1(log_ratio) - log_ratio, axis=-1)


# %% question="gaussian_entropy"
@tf.function(jit_compile=True)
def gaussian_entropy(log_var):
    per_dimension = 0.5 * (1 + LOG_2PI) + 0.5 * log_var
    return tf.reduce_sum(per_dimension, axis=-1)


# %% question="elbo_identity_terms"
@tf.function(jit_compile=True)
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    log_joint = log_pz + log_px_given_z
    log_px = tf.math.reduce_logsumexp(log_joint)
    q = tf.exp(log_q)
    kl = tf.tensordot(q, log_q - tf.nn.log_softmax(log_joint), axes=1)
    elbo = tf.tensordot(q, log_joint - log_q, axes=1)
    return elbo, kl, log_px
