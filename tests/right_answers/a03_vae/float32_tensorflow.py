"""Answers to a03_vae with plain TensorFlow in float32."""

# %% question="sample_latent"
def sample_latent(mu, log_var, eps):
    sigma = tf.sqrt(tf.exp(log_var))
    return mu[tf.newaxis] + sigma[tf.newaxis] * eps


# %% question="vae_loss"
def vae_loss(x, logits, mu, log_var):
    x, logits, mu, log_var = (tf.cast(value, tf.float32) for value in (x, logits, mu, log_var))
    log_px_given_z = tf.reduce_sum(x * logits - tf.nn.softplus(logits), axis=2)
    kl = tf.reduce_sum(0.5 * (mu**2 + tf.exp(log_var) - log_var - 1.0), axis=1)
    return -tf.reduce_mean(tf.reduce_mean(log_px_given_z, axis=0) - kl, axis=0)


# %% question="gaussian_vae_loss"
def gaussian_vae_loss(x, x_mu, mu, log_var, sigma):
    x, x_mu, mu, log_var, sigma = (tf.cast(value, tf.float32) for value in (x, x_mu, mu, log_var, sigma))
    event_dim = tf.cast(tf.shape(x)[1], tf.float32)
    log_px_given_z = (
        -tf.reduce_sum(tf.math.squared_difference(x[None], x_mu), axis=2) / (2.0 * sigma**2)
        - event_dim * tf.math.log(sigma)
        - event_dim / 2.0 * tf.math.log(2.0 * tf.constant(np.pi, tf.float32))
    )
    kl = tf.reduce_sum(0.5 * (mu**2 + tf.exp(log_var) - log_var - 1.0), axis=1)
    return tf.reduce_mean(kl - tf.reduce_mean(log_px_given_z, axis=0))


# %% question="reconstruct"
def reconstruct(model, x):
    mu, log_var = model.encoder(tf.convert_to_tensor(x, tf.float32))
    output = model.decoder(mu)
    if model.likelihood == "bernoulli":
        output = tf.sigmoid(output)
    return output


# %% question="sample_prior"
def sample_prior(model, eps):
    output = model.decoder(tf.convert_to_tensor(eps, tf.float32))
    return tf.where(model.likelihood == "bernoulli", tf.sigmoid(output), output)


# %% question="latent_grid"
def latent_grid(model, n):
    p = (tf.cast(tf.range(n), tf.float32) + 0.5) / tf.cast(n, tf.float32)
    q = tf.math.ndtri(p)
    z = tf.stack([tf.repeat(q, n), tf.tile(q, [n])], axis=1)
    output = model.decoder(z)
    if model.likelihood == "bernoulli":
        output = tf.sigmoid(output)
    return tf.reshape(output, (n, n, output.shape[1]))
