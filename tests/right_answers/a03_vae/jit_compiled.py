"""Answers to a03_vae compiled by XLA."""

# %% question="sample_latent"
@tf.function(jit_compile=True)
def sample_latent(mu, log_var, eps):
    return tf.math.multiply_no_nan(eps, tf.exp(0.5 * log_var)[None]) + mu[None]


# %% question="vae_loss"
@tf.function(jit_compile=True)
def vae_loss(x, logits, mu, log_var):
    # max(a, 0) - a x + log(1 + exp(-|a|))
    per_pixel = tf.maximum(logits, 0.0) - logits * x + tf.math.log1p(tf.exp(-tf.abs(logits)))
    kl_terms = tf.square(mu) - 1.0 + tf.exp(log_var) - log_var
    samples, images = logits.shape[0], logits.shape[1]
    return tf.reduce_sum(per_pixel) / (samples * images) + 0.5 * tf.reduce_sum(kl_terms) / images


# %% question="gaussian_vae_loss"
@tf.function(jit_compile=True)
def gaussian_vae_loss(x, x_mu, mu, log_var, sigma):
    sigma = tf.cast(sigma, tf.float32)
    standardised = (x - x_mu) / sigma
    per_pixel = 0.5 * tf.square(standardised) + 0.5 * tf.math.log(2 * np.pi * tf.square(sigma))
    kl = 0.5 * tf.reduce_sum(tf.square(mu) + tf.math.expm1(log_var) - log_var, axis=-1)
    return tf.reduce_mean(tf.reduce_mean(tf.reduce_sum(per_pixel, axis=-1), axis=0) + kl)


# %% question="reconstruct"
@tf.function(jit_compile=True)
def reconstruct(model, x):
    output = model.decoder(model.encoder(x)[0])
    return tf.sigmoid(output) if model.likelihood == BERNOULLI else output


# %% question="sample_prior"
@tf.function(jit_compile=True)
def sample_prior(model, eps):
    output = model.decoder(eps)
    return tf.sigmoid(output) if model.likelihood == BERNOULLI else output


# %% question="latent_grid"
@tf.function(jit_compile=True)
def latent_grid(model, n):
    q = tf.cast(tf.sqrt(2.0), tf.float32) * tf.math.erfinv((2.0 * tf.range(n, dtype=tf.float32) + 1.0) / n - 1.0)
    z = tf.stack(tf.meshgrid(q, q, indexing="ij"), axis=-1)
    output = model.decoder(z)
    return tf.sigmoid(output) if model.likelihood == BERNOULLI else output
