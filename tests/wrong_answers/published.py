"""Wrong answers in the spellings of published notebooks and of forum questions, with the name that is true of each ("" for none)."""

import math

import keras
import numpy as np
import scipy.special
import scipy.stats
import tensorflow as tf
import tensorflow_probability as tfp

tfd = tfp.distributions
LOG_2PI = math.log(2 * math.pi)
WRITTEN = []  # (question, name of the mistake or "", function)


def write(question, *answers):
    WRITTEN.extend((question, name, answer) for name, answer in answers)


def sigmoid_ce(x, logits):
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.broadcast_to(x, tf.shape(logits)), logits=logits)


def keras_bce(x, outputs, **options):
    return keras.losses.binary_crossentropy(tf.broadcast_to(x, tf.shape(outputs)), outputs, **options)


def keras_kl(mu, log_var):
    """The terms of the Keras documentation's example, not yet reduced."""
    return -0.5 * (1 + log_var - tf.square(mu) - tf.exp(log_var))


write(
    "posterior_from_joint",
    ("posterior_is_joint", lambda p: p / tf.reduce_sum(p)),
    ("posterior_normalised_over_x", lambda p: p / np.sum(p, axis=0)),
    ("posterior_softmax", lambda p: scipy.special.softmax(p, axis=1)),
    ("", lambda p: scipy.special.softmax(p, axis=0)),
    ("", lambda p: keras.utils.normalize(p, axis=-1, order=2)),
)
write(
    "standard_normal_log_prob",
    ("snl_mean", lambda z: tf.reduce_mean(tfd.Normal(0.0, 1.0).log_prob(z), axis=-1)),
    ("snl_density_not_log", lambda z: scipy.stats.norm.pdf(z).prod(axis=-1)),
    ("snl_2pi_once", lambda z: np.log(1 / np.sqrt(2 * np.pi)) - 0.5 * np.sum(z**2, axis=-1)),
    ("snl_missing_2pi", lambda z: -0.5 * tf.reduce_sum(z**2, axis=-1)),
    ("transformation_averaged_over_batch", lambda z: tf.reduce_mean(tf.reduce_sum(tfd.Normal(0.0, 1.0).log_prob(z), -1))),
    ("transformation_summed_over_batch", lambda z: tf.reduce_sum(tfd.Normal(0.0, 1.0).log_prob(z))),
    ("transformation_negated", lambda z: 0.5 * np.sum(z**2 + LOG_2PI, axis=-1)),
)
write(
    "bernoulli_log_prob_probs",
    ("bce_neg_mean_over_pixels", lambda x, p: keras.losses.binary_crossentropy(x, p)),
    ("transformation_averaged_over_batch of bce_neg_mean_over_pixels", lambda x, p: keras.losses.BinaryCrossentropy()(x, p)),
    ("bern_only_ones", lambda x, p: tf.reduce_sum(tf.math.xlogy(x, p), axis=-1)),
    ("bern_squared_error", lambda x, p: -keras.losses.mean_squared_error(x, p)),
    ("bern_prob_not_log", lambda x, p: scipy.stats.bernoulli.pmf(x, p).prod(axis=-1)),
    ("", lambda x, p: np.sum(x * np.log(p + 1e-7) + (1 - x) * np.log1p(p), axis=-1)),
    ("", lambda x, p: np.sum(x * np.log(p + 1e-7) - (1 - x) * np.log(1 - p + 1e-7), axis=-1)),
)
write(
    "bernoulli_log_prob_logits",
    ("logit_sign_flipped", lambda x, a: tf.reduce_sum(sigmoid_ce(x, a), axis=-1)),
    ("logit_mean_over_pixels", lambda x, a: -tf.reduce_mean(sigmoid_ce(x, a), axis=-1)),
    ("logit_neg_mean_over_pixels", lambda x, a: keras_bce(x, a, from_logits=True)),
    ("logit_used_as_probability", lambda x, a: keras_bce(x, a)),
    ("logit_used_as_probability", lambda x, a: -x.shape[-1] * keras_bce(x, a)),
    ("logit_keras_of_probabilities", lambda x, a: -keras_bce(x, tf.sigmoid(a))),
    ("logit_keras_of_probabilities", lambda x, a: keras_bce(x, tf.sigmoid(a))),
    ("logit_softmax_over_pixels", lambda x, a: -tf.nn.softmax_cross_entropy_with_logits(x, a)),
    ("logit_double_sigmoid", lambda x, a: tf.reduce_sum(tfd.Bernoulli(logits=tf.sigmoid(a)).log_prob(x), -1)),
    ("logit_clipped_probability", lambda x, a: -x.shape[-1] * keras_bce(x, tf.sigmoid(a))),
    ("", lambda x, a: np.sum(x * scipy.special.log_expit(a) + (1 - x) * scipy.special.log_expit(a), axis=-1)),
)
write(
    "gaussian_log_prob_fixed",
    ("gaussian_squared_error", lambda x, m, s: -np.mean(np.square(x - m), axis=-1)),
    ("gaussian_squared_error", lambda x, m, s: keras.losses.mean_squared_error(m, x)),
    ("gaussian_squared_error", lambda x, m, s: -0.5 * tf.reduce_sum(tf.math.squared_difference(x, m), -1)),
    ("gaussian_variance_as_sigma", lambda x, m, s: scipy.stats.norm(m, s**2).logpdf(x).sum(axis=-1)),
    ("gaussian_variance_as_sigma", lambda x, m, s: tfd.MultivariateNormalDiag(m, s**2 * tf.ones_like(m)).log_prob(x)),
    (
        "gaussian_sigma_as_variance",
        lambda x, m, s: np.array(
            [scipy.stats.multivariate_normal(b, s * np.eye(len(b))).logpdf(a) for a, b in zip(x, m, strict=True)]
        ),
    ),
    ("gaussian_missing_normaliser", lambda x, m, s: -tf.reduce_sum((x - m) ** 2, -1) / (2 * s**2)),
    ("gaussian_constants_once", lambda x, m, s: -np.sum((x - m) ** 2, -1) / (2 * s**2) - np.log(s * np.sqrt(2 * np.pi))),
    ("transformation_doubled of gaussian_missing_normaliser", lambda x, m, s: -np.sum(((x - m) / s) ** 2, axis=-1)),
    ("gaussian_sigma_as_variance", lambda x, m, s: -0.5 * np.sum((x - m) ** 2 / s**2 + np.log(2 * np.pi * s), -1)),
)
write(
    "gaussian_log_prob_learned",
    ("transformation_negated of glv_missing_2pi", lambda x, m, v: 0.5 * np.sum(v + (x - m) ** 2 / np.exp(v), axis=-1)),
    ("glv_log_var_as_log_std", lambda x, m, v: tfd.MultivariateNormalDiag(m, tf.exp(v)).log_prob(x)),
    ("glv_mean_over_dims", lambda x, m, v: tf.reduce_mean(tfd.Normal(m, tf.exp(v / 2)).log_prob(x), axis=-1)),
    ("glv_squared_error", lambda x, m, v: -keras.losses.mean_squared_error(x, m)),
    ("glv_missing_normaliser", lambda x, m, v: -0.5 * np.sum((x - m) ** 2 * np.exp(-v), axis=-1)),
)
write(
    "kl_to_standard_normal",
    ("kl_mean_instead_of_sum", lambda mu, v: tf.reduce_mean(keras_kl(mu, v), axis=-1)),
    (
        "transformation_averaged_over_batch of kl_mean_instead_of_sum or transformation_mean_over_K of kl_mean_over_batch",
        lambda mu, v: tf.reduce_mean(keras_kl(mu, v)),
    ),
    ("kl_mean_over_batch", lambda mu, v: tf.reduce_mean(tf.reduce_sum(keras_kl(mu, v), axis=-1))),
    ("kl_sum_over_batch", lambda mu, v: -0.5 * tf.reduce_sum(1 + v - mu**2 - tf.exp(v))),
    ("kl_sign_flipped", lambda mu, v: 0.5 * tf.reduce_sum(1 + v - mu**2 - tf.exp(v), axis=-1)),
    ("kl_mu_not_squared", lambda mu, v: -0.5 * tf.reduce_sum(1 + v - mu - tf.exp(v), axis=-1)),
    ("kl_forgot_exp", lambda mu, v: -0.5 * tf.reduce_sum(1 + v - mu**2 - v, axis=-1)),
    ("kl_forgot_half", lambda mu, v: -tf.reduce_sum(1 + v - mu**2 - tf.exp(v), axis=-1)),
    (
        "kl_log_var_as_log_std",
        lambda mu, v: tf.reduce_sum(tfd.kl_divergence(tfd.Normal(mu, tf.exp(v)), tfd.Normal(0.0, 1.0)), -1),
    ),
    (
        "kl_reversed_direction",
        lambda mu, v: tf.reduce_sum(tfd.kl_divergence(tfd.Normal(0.0, 1.0), tfd.Normal(mu, tf.exp(v / 2))), -1),
    ),
    ("", lambda mu, v: -5e-4 * tf.reduce_mean(1 + v - mu**2 - tf.exp(v), axis=-1)),
    ("", lambda mu, v: keras.losses.kl_divergence(mu, v)),
)
write(
    "kl_diag_gaussians",
    (
        "kl2_log_var_as_log_std",
        lambda m, v, n, w: np.sum(w - v + (np.exp(2 * v) + (m - n) ** 2) / (2 * np.exp(2 * w)) - 0.5, axis=-1),
    ),
    (
        "kl2_mean_instead_of_sum",
        lambda m, v, n, w: tf.reduce_mean(
            tfd.kl_divergence(tfd.Normal(m, tf.exp(v / 2)), tfd.Normal(n, tf.exp(w / 2))), -1
        ),
    ),
    (
        "kl2_reversed_direction",
        lambda m, v, n, w: tf.reduce_sum(
            tfd.kl_divergence(tfd.Normal(n, tf.exp(w / 2)), tfd.Normal(m, tf.exp(v / 2))), -1
        ),
    ),
    ("kl2_p_is_standard_normal", lambda m, v, n, w: tf.reduce_sum(keras_kl(m, v), -1)),
)
write(
    "gaussian_entropy",
    ("ent_log_var_as_logstd", lambda v: scipy.stats.norm(scale=np.exp(v)).entropy().sum(axis=-1)),
    ("ent_mean", lambda v: tf.reduce_mean(tfd.Normal(0.0, tf.exp(v / 2)).entropy(), axis=-1)),
    ("ent_constants_missing", lambda v: 0.5 * np.sum(v, axis=-1)),
    ("ent_constants_once", lambda v: 0.5 * np.sum(v, axis=-1) + 0.5 * np.log(2 * np.pi * np.e)),
)
write(
    "elbo_identity_terms",
    ("identity_kl_to_prior", lambda p, l, q: identity(p, l, q, kl=tf.reduce_sum(tf.exp(q) * (q - p)))),
    ("identity_log_px_is_likelihood", lambda p, l, q: identity(p, l, q, log_px=tf.reduce_sum(tf.exp(p + l)))),
    ("identity_elbo_negated", lambda p, l, q: identity(p, l, q, elbo=-tf.reduce_sum(tf.exp(q) * (p + l - q)))),
)


def identity(p, l, q, **changed):
    log_px = tf.reduce_logsumexp(p + l)
    right = {
        "elbo": tf.reduce_sum(tf.exp(q) * (p + l - q)),
        "kl": tf.reduce_sum(tf.exp(q) * (q - p - l + log_px)),
        "log_px": log_px,
    }
    return tuple((right | changed).values())


write(
    "linear_gaussian_log_px",
    (
        "lg_sigma_not_squared",
        lambda x, W, b, s: scipy.stats.multivariate_normal(b, W @ W.T + s * np.eye(len(b))).logpdf(x),
    ),
    (
        "lg_density_not_log",
        lambda x, W, b, s: scipy.stats.multivariate_normal(b, W @ W.T + s**2 * np.eye(len(b))).pdf(x),
    ),
    (
        "lg_bias_missing",
        lambda x, W, b, s: scipy.stats.multivariate_normal(np.zeros(len(b)), W @ W.T + s**2 * np.eye(len(b))).logpdf(x),
    ),
    (
        "lg_bias_added",
        lambda x, W, b, s: scipy.stats.multivariate_normal(-b, W @ W.T + s**2 * np.eye(len(b))).logpdf(x),
    ),
    ("lg_joint_at_posterior_mean", lambda x, W, b, s: joint_at_posterior_mean(x, W, b, s)),
)


def joint_at_posterior_mean(x, W, b, s):
    z = np.linalg.solve(W.T @ W + s**2 * np.eye(W.shape[1]), W.T @ (x - b))
    return scipy.stats.norm.logpdf(x, b + W @ z, s).sum() + scipy.stats.norm.logpdf(z).sum()


def posterior(x, W, b, s, noise=None):
    noise = s**2 if noise is None else noise
    cov = np.linalg.inv(np.eye(W.shape[1]) + W.T @ W / noise)
    return cov @ W.T @ (x - b) / noise, cov


write(
    "linear_gaussian_posterior",
    ("lgp_sigma_not_squared", lambda x, W, b, s: posterior(x, W, b, s, noise=s)),
    ("lgp_bias_missing", lambda x, W, b, s: posterior(x, W, 0 * b, s)),
    ("lgp_bias_added", lambda x, W, b, s: posterior(x, W, -b, s)),
    (
        "lgp_cov_without_noise",
        lambda x, W, b, s: (posterior(x, W, b, s)[0], np.linalg.inv(W.T @ W + s**2 * np.eye(W.shape[1]))),
    ),
)
write(
    "reparameterize",
    ("reparam_var_not_std", lambda mu, v, eps: mu + tf.exp(v) * eps),
    ("reparam_sqrt_log_var", lambda mu, v, eps: mu + np.sqrt(np.abs(v)) * eps),
    ("reparam_half_outside", lambda mu, v, eps: mu + 0.5 * tf.exp(v) * eps),
    ("", lambda mu, v, eps: mu + tf.exp(v / 2) * tf.abs(eps)),
)
write(
    "elbo_analytic_kl",
    ("elbo_keras_mean_of_probabilities", lambda x, a, mu, v: -keras_bce(x, tf.sigmoid(a)) - kl_sum(mu, v)),
    ("elbo_mean_recon_sum_kl", lambda x, a, mu, v: -keras_bce(x, a, from_logits=True) - kl_sum(mu, v)),
    (
        "elbo_mean_recon_mean_kl",
        lambda x, a, mu, v: -keras_bce(x, a, from_logits=True) - tf.reduce_mean(keras_kl(mu, v), -1),
    ),
    ("elbo_logits_as_probs", lambda x, a, mu, v: -keras_bce(x, a) - kl_sum(mu, v)),
    ("elbo_logits_as_probs", lambda x, a, mu, v: -x.shape[-1] * keras_bce(x, a) - kl_sum(mu, v)),
    ("elbo_kl_mean_missing", lambda x, a, mu, v: -tf.reduce_sum(sigmoid_ce(x, a), -1) - kl_sum(0 * mu, v)),
    (
        "elbo_batch_mean_broadcast",
        lambda x, a, mu, v: tf.reduce_mean(-tf.reduce_sum(sigmoid_ce(x, a), -1) - kl_sum(mu, v)),
    ),
    ("elbo_cross_entropy_sign", lambda x, a, mu, v: tf.reduce_sum(sigmoid_ce(x, a), -1) - kl_sum(mu, v)),
    ("elbo_is_loss", lambda x, a, mu, v: tf.reduce_sum(sigmoid_ce(x, a), -1) + kl_sum(mu, v)),
)


def kl_sum(mu, log_var):
    return tf.reduce_sum(keras_kl(mu, log_var), axis=-1)


write(
    "elbo_multi_sample",
    ("elboL_log_of_mean", lambda w: tfp.math.reduce_logmeanexp(w, axis=0)),
    ("elboL_over_batch", lambda w: tf.reduce_mean(w)),
    ("elboL_sum", lambda w: tf.reduce_sum(w, axis=0)),
)
write(
    "vae_loss",
    ("vae_loss_from_logits_forgotten", lambda x, a, mu, v: mean_of(x.shape[-1] * keras_bce(x, a), kl_sum(mu, v))),
    ("vae_loss_from_logits_forgotten", lambda x, a, mu, v: mean_of(keras_bce(x, a), kl_sum(mu, v))),
    ("vae_loss_mean_over_pixels", lambda x, a, mu, v: mean_of(keras_bce(x, a, from_logits=True), kl_sum(mu, v))),
    ("vae_loss_keras_mean_of_probabilities", lambda x, a, mu, v: mean_of(keras_bce(x, tf.sigmoid(a)), kl_sum(mu, v))),
    ("vae_loss_through_probability", lambda x, a, mu, v: mean_of(x.shape[-1] * keras_bce(x, tf.sigmoid(a)), kl_sum(mu, v))),
    ("vae_loss_both_means", lambda x, a, mu, v: tf.reduce_mean(sigmoid_ce(x, a)) + tf.reduce_mean(keras_kl(mu, v))),
    (
        "vae_loss_kl_mean_over_latents",
        lambda x, a, mu, v: tf.reduce_mean(tf.reduce_sum(sigmoid_ce(x, a), -1)) + tf.reduce_mean(keras_kl(mu, v)),
    ),
    (
        "vae_loss_squared_error",
        lambda x, a, mu, v: mean_of(keras.losses.mean_squared_error(tf.broadcast_to(x, a.shape), tf.sigmoid(a)), kl_sum(mu, v)),
    ),
    (
        "vae_loss_mean_times_another_number",
        lambda x, a, mu, v: mean_of(784 * keras_bce(x, a, from_logits=True), kl_sum(mu, v)),
    ),
    ("", lambda x, a, mu, v: tf.reduce_mean(tf.reduce_sum(sigmoid_ce(x, a), -1)) + 0.1 * tf.reduce_mean(kl_sum(mu, v))),
    ("vae_loss_batch_sum", lambda x, a, mu, v: tf.reduce_sum(tf.reduce_mean(tf.reduce_sum(sigmoid_ce(x, a), -1), 0) + kl_sum(mu, v))),
)


def mean_of(reconstruction, kl):
    return tf.reduce_mean(tf.reduce_mean(reconstruction, axis=0) + kl)


write(
    "gaussian_vae_loss",
    (
        "gvae_mse",
        lambda x, m, mu, v, s: mean_of(keras.losses.mean_squared_error(tf.broadcast_to(x, m.shape), m), kl_sum(mu, v)),
    ),
    ("gvae_mse", lambda x, m, mu, v, s: mean_of(0.5 * tf.reduce_mean((x - m) ** 2, -1), kl_sum(mu, v))),
    (
        "gvae_mean_over_dims",
        lambda x, m, mu, v, s: mean_of(-tf.reduce_mean(tfd.Normal(m, s).log_prob(x), -1), kl_sum(mu, v)),
    ),
)
write(
    "latent_grid",
    ("grid_fixed_ends", lambda model, n: grid(model, tfd.Normal(0.0, 1.0).quantile(tf.linspace(0.05, 0.95, n)))),
    ("grid_fixed_ends", lambda model, n: grid(model, scipy.stats.norm.ppf(np.linspace(0.1, 0.9, n)))),
    ("grid_fixed_ends", lambda model, n: grid(model, scipy.stats.norm.ppf(np.linspace(0.001, 0.999, n)))),
    ("grid_ends_at_infinity", lambda model, n: grid(model, scipy.stats.norm.ppf(np.linspace(0, 1, n)))),
    ("grid_edges_of_slices", lambda model, n: grid(model, scipy.stats.norm.ppf(np.linspace(0, 1, n + 2)[1:-1]))),
    ("grid_linear_steps", lambda model, n: grid(model, np.linspace(-1.0, 1.0, n))),
    ("", lambda model, n: grid(model, np.linspace(-1.7, 1.7, n))),
)


def grid(model, axis):
    axis = np.asarray(axis, np.float32)
    z = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)
    outputs = model.decoder(z)
    return tf.sigmoid(outputs) if model.likelihood == "bernoulli" else outputs


write(
    "categorical_log_prob",
    ("cat_logits_as_probabilities", lambda y, a: -keras.losses.categorical_crossentropy(y, a)),
    ("cat_sign_flipped", lambda y, a: keras.losses.categorical_crossentropy(y, a, from_logits=True)),
    ("cat_softmax_twice", lambda y, a: -tf.nn.softmax_cross_entropy_with_logits(y, tf.nn.softmax(a))),
    ("cat_through_probability", lambda y, a: -keras.losses.categorical_crossentropy(y, tf.nn.softmax(a))),
    ("cat_softmax_over_batch", lambda y, a: tf.reduce_sum(y * tf.nn.log_softmax(a, axis=0), axis=-1)),
    ("cat_mean_over_classes", lambda y, a: tf.reduce_mean(y * tf.nn.log_softmax(a), axis=-1)),
    ("cat_binary_ce", lambda y, a: -tf.reduce_sum(sigmoid_ce(y, a), axis=-1)),
    ("transformation_negated of cat_logits_as_probabilities", lambda y, a: keras.losses.categorical_crossentropy(y, a)),
    ("transformation_mean_over_C of cat_binary_ce", lambda y, a: -keras_bce(y, a, from_logits=True)),
)


def with_labels(y, logits):
    return tf.broadcast_to(y, tf.shape(logits))


def categorical_ce(y, logits, **options):
    return tf.reduce_mean(keras.losses.categorical_crossentropy(with_labels(y, logits), logits, **options), axis=0)


write(
    "vib_loss",
    ("vib_logits_as_probabilities", lambda y, a, mu, v, beta: tf.reduce_mean(categorical_ce(y, a) + beta * kl_sum(mu, v))),
    (
        "vib_kl_mean_over_latents",
        lambda y, a, mu, v, beta: tf.reduce_mean(categorical_ce(y, a, from_logits=True)) + beta * tf.reduce_mean(keras_kl(mu, v)),
    ),
    (
        "vib_through_probability",
        lambda y, a, mu, v, beta: tf.reduce_mean(categorical_ce(y, tf.nn.softmax(a)) + beta * kl_sum(mu, v)),
    ),
    (
        "vib_ce_base2",
        lambda y, a, mu, v, beta: tf.reduce_mean(
            categorical_ce(y, a, from_logits=True) / math.log(2) + beta * kl_sum(mu, v)
        ),
    ),
    (
        "vib_all_base2",
        lambda y, a, mu, v, beta: tf.reduce_mean(categorical_ce(y, a, from_logits=True) + beta * kl_sum(mu, v)) / math.log(2),
    ),
    (
        "vib_kl_base2",
        lambda y, a, mu, v, beta: tf.reduce_mean(
            categorical_ce(y, a, from_logits=True) + beta * kl_sum(mu, v) / math.log(2)
        ),
    ),
    ("vib_ce_missing", lambda y, a, mu, v, beta: beta * tf.reduce_mean(kl_sum(mu, v))),
)
write(
    "vib_predict_probs",
    ("vpp_softmax_of_mean_logits", lambda a: tf.nn.softmax(tf.reduce_mean(a, axis=0))),
    ("vpp_softmax_over_samples", lambda a: tf.reduce_mean(tf.nn.softmax(a, axis=0), axis=0)),
    ("vpp_sigmoid", lambda a: tf.reduce_mean(tf.sigmoid(a), axis=0)),
)
write(
    "vib_rate",
    ("rate_mean_over_latents", lambda mu, v: tf.reduce_mean(keras_kl(mu, v))),
    ("rate_sum_over_batch", lambda mu, v: tf.reduce_sum(keras_kl(mu, v))),
    ("rate_bits", lambda mu, v: tf.reduce_mean(kl_sum(mu, v)) / tf.math.log(2.0)),
)
write(
    "vib_relevance_bound",
    ("rel_bits", lambda p, ce: scipy.stats.entropy(p, base=2) - ce),
    ("rel_all_bits", lambda p, ce: (scipy.stats.entropy(p) - ce) / np.log(2)),
    ("rel_no_entropy", lambda p, ce: -ce),
)
write(
    "planar_log_det",
    ("logdet_tanh_not_derivative", lambda z, u, w, b: log_abs_1_plus(np.tanh(z @ w + b) * (u @ w))),
    ("logdet_no_abs", lambda z, u, w, b: np.log1p((1 - np.tanh(z @ w + b) ** 2) * (u @ w))),
    ("logdet_abs_of_the_dot", lambda z, u, w, b: np.log1p(np.abs((1 - np.tanh(z @ w + b) ** 2) * (u @ w)))),
    ("", lambda z, u, w, b: np.log(np.abs((1 - np.tanh(z @ w + b) ** 2) * (u @ w)))),
)


def log_abs_1_plus(value):
    return np.log(np.abs(1 + value))


def radial_parts(z, z_ref, alpha, beta):
    r = np.linalg.norm(z - z_ref, axis=-1)
    return z.shape[-1] - 1, r, 1 / (alpha + r)


def beta_throughout(z, z_ref, alpha, beta):
    power, r, h = radial_parts(z, z_ref, alpha, beta)
    return power * np.log(1 + beta) + np.log(1 + beta - beta * h**2 * r)


def beta_across(z, z_ref, alpha, beta):
    power, r, h = radial_parts(z, z_ref, alpha, beta)
    return power * np.log1p(beta) + np.log1p(beta * h - beta * h**2 * r)


write("radial_log_det", ("rld_beta_without_h", beta_throughout), ("rld_beta_without_h", beta_across))
write(
    "coupling_log_det",
    ("coupling_logdet_mean", lambda s: tf.reduce_mean(s, axis=-1)),
    ("coupling_logdet_exp", lambda s: tf.reduce_sum(tf.exp(s), axis=-1)),
)
write(
    "iaf_step",
    ("iaf_log_of_sigmoid", lambda z, m, s: gated(z, m, tf.sigmoid(s), tf.reduce_sum(tf.math.log(tf.sigmoid(s)), -1))),
    ("transformation_mean_over_K in log_det", lambda z, m, s: gated(z, m, tf.sigmoid(s), tf.reduce_mean(tf.math.log_sigmoid(s), -1))),
)


def gated(z, m, gate, log_det):
    return gate * z + (1 - gate) * m, log_det
