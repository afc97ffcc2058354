"""Wrong answers to a03, spelled in TensorFlow, Keras and TensorFlow Probability instead of the NumPy of its modules."""
import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

tfd = tfp.distributions
WRITTEN = []   # (question, name of the mistake or "", function)


def write(question, **answers):
    WRITTEN.extend((question, "" if name.startswith("unlisted") else name, answer) for name, answer in answers.items())


write(
    "sample_latent",
    latent_log_var_as_log_sigma=lambda mu, log_var, eps: tfd.Normal(mu, tf.exp(log_var)).loc + tf.exp(log_var) * eps,
    latent_no_exp=lambda mu, log_var, eps: tf.add(mu, eps * log_var),
    latent_sqrt_of_log_var=lambda mu, log_var, eps: mu + tf.sqrt(log_var) * eps,
    latent_precision=lambda mu, log_var, eps: mu + eps / tf.exp(0.5 * log_var),
    latent_minus=lambda mu, log_var, eps: mu + tf.exp(0.5 * log_var) * -eps,
    latent_no_mean=lambda mu, log_var, eps: tf.sqrt(tf.exp(log_var)) * eps,
    latent_unscaled_noise=lambda mu, log_var, eps: keras.ops.add(mu, eps),
    latent_mean_only=lambda mu, log_var, eps: tf.broadcast_to(mu, tf.shape(eps)),
    latent_one_noise_for_all_samples=lambda mu, log_var, eps: tf.stack([mu + tf.exp(log_var / 2) * eps[0]] * len(eps)),
    latent_one_noise_for_the_batch=lambda mu, log_var, eps: mu + tf.exp(log_var / 2) * tf.gather(eps, [0], axis=1),
    latent_one_noise_for_all_dimensions=lambda mu, log_var, eps: mu + tf.exp(log_var / 2) * eps[:, :, 0][..., None],
    latent_scales_the_mean=lambda mu, log_var, eps: tf.exp(log_var / 2) * tf.add(eps, mu),
    unlisted_softplus=lambda mu, log_var, eps: mu + tf.nn.softplus(log_var) * eps,
    unlisted_uniform_shift=lambda mu, log_var, eps: mu + tf.exp(log_var / 2) * (eps + 0.5),
)


def cross_entropy(x, logits):
    """Pixel by pixel. Shape [L, B, D]."""
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.broadcast_to(x, tf.shape(logits)), logits=logits)


def kl(mu, log_var):
    return -0.5 * tf.reduce_sum(1 + log_var - tf.square(mu) - tf.exp(log_var), axis=-1)


def ce(x, logits):
    return tf.reduce_sum(cross_entropy(x, logits), -1)


def keras_mean(x, logits):
    """Keras' cross-entropy, a mean over pixels."""
    x = tf.broadcast_to(x, tf.shape(logits))
    return keras.losses.binary_crossentropy(x, logits, from_logits=True)


def total(rec, div):
    return tf.reduce_mean(tf.reduce_mean(rec, 0) + div)


write(
    "vae_loss",
    vae_loss_is_elbo=lambda x, a, mu, lv: -tf.reduce_mean(ce(x, a)) - tf.reduce_mean(kl(mu, lv)),
    vae_loss_listing1=lambda x, a, mu, lv: tf.reduce_mean(kl(mu, lv) + tf.reduce_sum(tf.reduce_mean(keras_mean(x, a), 0))),
    vae_loss_first_sample=lambda x, a, mu, lv: tf.reduce_mean(ce(x, a)[0] + kl(mu, lv)),
    vae_loss_sum_over_samples=lambda x, a, mu, lv: tf.reduce_mean(tf.reduce_sum(ce(x, a), 0) + kl(mu, lv)),
    vae_loss_log_of_mean_over_samples=lambda x, a, mu, lv: tf.reduce_mean(
        kl(mu, lv) - tf.reduce_logsumexp(-ce(x, a), 0) + tf.math.log(float(len(a)))
    ),
    vae_loss_mean_of_logits=lambda x, a, mu, lv: tf.reduce_mean(ce(x, tf.reduce_mean(a, 0)[None])[0] + kl(mu, lv)),
    vae_loss_mean_over_pixels=lambda x, a, mu, lv: total(keras_mean(x, a), kl(mu, lv)),
    vae_loss_kl_mean_over_latents=lambda x, a, mu, lv: total(
        ce(x, a), 0.5 * tf.reduce_mean(tf.square(mu) + tf.exp(lv) - lv - 1, -1)
    ),
    vae_loss_both_means=lambda x, a, mu, lv: total(
        keras_mean(x, a), -0.5 * tf.reduce_mean(1 + lv - tf.square(mu) - tf.exp(lv), -1)
    ),
    vae_loss_kl_no_half=lambda x, a, mu, lv: total(ce(x, a), -tf.reduce_sum(1 + lv - mu**2 - tf.exp(lv), 1)),
    vae_loss_kl_missing=lambda x, a, mu, lv: tf.reduce_mean(ce(x, a)),
    vae_loss_reconstruction_missing=lambda x, a, mu, lv: tf.reduce_mean(kl(mu, lv)),
    vae_loss_kl_sign=lambda x, a, mu, lv: total(ce(x, a), 0.5 * tf.reduce_sum(1 + lv - mu**2 - tf.exp(lv), 1)),
    vae_loss_batch_sum=lambda x, a, mu, lv: tf.reduce_sum(tf.reduce_mean(ce(x, a), 0) + kl(mu, lv)),
    vae_loss_kl_batch_sum=lambda x, a, mu, lv: tf.reduce_mean(ce(x, a)) + tf.reduce_sum(kl(mu, lv)),
    vae_loss_kl_log_var_as_log_sigma=lambda x, a, mu, lv: total(
        ce(x, a), tf.reduce_sum(tfd.kl_divergence(tfd.Normal(mu, tf.exp(lv)), tfd.Normal(0.0, 1.0)), -1)
    ),
    vae_loss_kl_std_for_variance=lambda x, a, mu, lv: total(
        ce(x, a), -0.5 * tf.reduce_sum(1 + lv - mu**2 - tf.exp(0.5 * lv), 1)
    ),
    vae_loss_logits_as_probabilities=lambda x, a, mu, lv: total(ce(x, tf.sigmoid(a)), kl(mu, lv)),
    vae_loss_through_probability=lambda x, a, mu, lv: total(
        x.shape[-1] * keras.losses.binary_crossentropy(np.broadcast_to(x, a.shape), tf.sigmoid(a)), kl(mu, lv)
    ),
    vae_loss_squared_error=lambda x, a, mu, lv: total(tf.reduce_sum((x - tf.sigmoid(a)) ** 2, -1), kl(mu, lv)),
    unlisted_beta=lambda x, a, mu, lv: total(ce(x, a), 4 * kl(mu, lv)),
    unlisted_absolute=lambda x, a, mu, lv: total(tf.reduce_sum(tf.abs(x - tf.sigmoid(a)), -1), kl(mu, lv)),
)


def nll(x, m, s):
    return -tf.reduce_sum(tfd.Normal(m, s).log_prob(x), axis=-1)


def squares(x, m):
    return tf.reduce_sum(tf.math.squared_difference(x, m), -1)


LOG_2PI = float(np.log(2 * np.pi))

write(
    "gaussian_vae_loss",
    gvae_is_elbo=lambda x, m, mu, lv, s: -total(nll(x, m, s), kl(mu, lv)),
    gvae_mse=lambda x, m, mu, lv, s: total(squares(x, m), kl(mu, lv)),
    gvae_no_normaliser=lambda x, m, mu, lv, s: total(0.5 * squares(x / s, m / s), kl(mu, lv)),
    gvae_no_log_2pi=lambda x, m, mu, lv, s: total(
        squares(x, m) / (2 * s**2) + x.shape[1] * tf.math.log(s), kl(mu, lv)
    ),
    gvae_no_log_sigma=lambda x, m, mu, lv, s: total(squares(x, m) / (2 * s**2) + x.shape[1] * LOG_2PI / 2, kl(mu, lv)),
    gvae_normaliser_once=lambda x, m, mu, lv, s: total(
        squares(x, m) / (2 * s**2) + tf.math.log(s) + LOG_2PI / 2, kl(mu, lv)
    ),
    gvae_sigma_as_variance=lambda x, m, mu, lv, s: total(nll(x, m, s**0.5), kl(mu, lv)),
    gvae_sigma_not_halved=lambda x, m, mu, lv, s: total(
        squares(x, m) / s**2 + x.shape[1] * (np.log(s) + LOG_2PI / 2), kl(mu, lv)
    ),
    gvae_mean_over_dims=lambda x, m, mu, lv, s: total(-tf.reduce_mean(tfd.Normal(m, s).log_prob(x), -1), kl(mu, lv)),
    gvae_sum_over_L=lambda x, m, mu, lv, s: tf.reduce_mean(tf.reduce_sum(nll(x, m, s), 0) + kl(mu, lv)),
    gvae_first_sample=lambda x, m, mu, lv, s: tf.reduce_mean(nll(x, m[0], s) + kl(mu, lv)),
    gvae_mean_of_x_mu=lambda x, m, mu, lv, s: tf.reduce_mean(nll(x, tf.reduce_mean(m, 0), s) + kl(mu, lv)),
    gvae_batch_sum=lambda x, m, mu, lv, s: tf.reduce_sum(tf.reduce_mean(nll(x, m, s), 0) + kl(mu, lv)),
    gvae_kl_missing=lambda x, m, mu, lv, s: tf.reduce_mean(nll(x, m, s)),
    gvae_kl_no_half=lambda x, m, mu, lv, s: total(nll(x, m, s), -tf.reduce_sum(1 + lv - mu**2 - tf.exp(lv), 1)),
    gvae_kl_mean_over_latents=lambda x, m, mu, lv, s: total(
        nll(x, m, s), -0.5 * tf.reduce_mean(1 + lv - mu**2 - tf.exp(lv), 1)
    ),
    gvae_sigmoid=lambda x, m, mu, lv, s: total(nll(x, tf.sigmoid(m), s), kl(mu, lv)),
    unlisted_laplace=lambda x, m, mu, lv, s: total(-tf.reduce_sum(tfd.Laplace(m, s).log_prob(x), -1), kl(mu, lv)),
    unlisted_cauchy=lambda x, m, mu, lv, s: total(-tf.reduce_sum(tfd.Cauchy(m, s).log_prob(x), -1), kl(mu, lv)),
)


def mean_of(model, z, squash=tf.sigmoid):
    out = model.decoder(z)
    return squash(out) if model.likelihood == "bernoulli" else out


def rounded(a):
    return tf.round(tf.sigmoid(a))


def swapped(model, z):
    out = model.decoder(z)
    return out if model.likelihood == "bernoulli" else tf.sigmoid(out)


def mu_of(model, x):
    return model.encoder(x)[0]


write(
    "reconstruct",
    recon_logits=lambda model, x: model.decoder(mu_of(model, x)),
    recon_always_sigmoid=lambda model, x: keras.ops.sigmoid(model.decoder(mu_of(model, x))),
    recon_likelihoods_swapped=lambda model, x: swapped(model, mu_of(model, x)),
    recon_at_log_var=lambda model, x: mean_of(model, model.encoder(x)[-1]),
    recon_at_prior_mean=lambda model, x: mean_of(model, tf.zeros_like(mu_of(model, x))),
    recon_rounded=lambda model, x: mean_of(model, mu_of(model, x), rounded),
    recon_mean_plus_sigma=lambda model, x: mean_of(model, mu_of(model, x) + tf.exp(model.encoder(x)[1] / 2)),
    recon_tanh=lambda model, x: mean_of(model, mu_of(model, x), tf.nn.tanh),
    unlisted_softmax=lambda model, x: mean_of(model, mu_of(model, x), tf.nn.softmax),
)
write(
    "sample_prior",
    prior_logits=lambda model, eps: model.decoder(tf.constant(eps)),
    prior_always_sigmoid=lambda model, eps: tf.math.sigmoid(model.decoder(eps)),
    prior_likelihoods_swapped=swapped,
    prior_mean_only=lambda model, eps: mean_of(model, np.zeros_like(eps)),
    prior_rounded=lambda model, eps: mean_of(model, eps, rounded),
    prior_first_noise_for_all=lambda model, eps: mean_of(model, tf.repeat(eps[:1], len(eps), axis=0)),
    prior_noise_squared=lambda model, eps: mean_of(model, tf.square(eps)),
    prior_tanh=lambda model, eps: mean_of(model, eps, tf.tanh),
    unlisted_half=lambda model, eps: mean_of(model, 0.5 * eps),
)


def grid(points, first="ij", squash=tf.sigmoid, of=None):
    def answer(model, n):
        q = tf.cast(points(n), tf.float32)
        z = tf.stack(tf.meshgrid(q, q, indexing=first), axis=-1)
        return of(model, z) if of else mean_of(model, z, squash)

    return answer


def q_of(n):
    return tfd.Normal(0.0, 1.0).quantile((np.arange(n, dtype=np.float32) + 0.5) / n)


write(
    "latent_grid",
    grid_axes_swapped=grid(q_of, first="xy"),
    grid_logits=grid(q_of, squash=tf.identity),
    grid_always_sigmoid=grid(q_of, of=lambda model, z: tf.sigmoid(model.decoder(z))),
    grid_linear_steps=grid(lambda n: tf.linspace(-3.0, 3.0, n)),
    grid_edges_of_slices=grid(lambda n: tfd.Normal(0.0, 1.0).quantile(tf.range(1, n + 1, dtype=tf.float32) / (n + 1))),
    grid_no_half=grid(lambda n: tf.math.ndtri(tf.range(n, dtype=tf.float32) / n)),
    grid_probabilities=grid(lambda n: (np.arange(n) + 0.5) / n),
    grid_upside_down=grid(lambda n: -q_of(n)),
    grid_first_axis_upside_down=lambda model, n: tf.reverse(grid(q_of)(model, n), [0]),
    unlisted_narrow=grid(lambda n: 0.5 * q_of(n)),
    unlisted_logistic=grid(lambda n: tfd.Logistic(0.0, 1.0).quantile((np.arange(n, dtype=np.float32) + 0.5) / n)),
)
