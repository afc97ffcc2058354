"""Answers to a03_vae in plain TensorFlow, float32 throughout."""

# %% question="sample_latent"
def sample_latent(mu, log_var, eps):
    return tf.sqrt(tf.exp(log_var)) * eps + mu


# %% question="vae_loss"
def vae_loss(x, logits, mu, log_var):
    cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.broadcast_to(x, logits.shape), logits=logits)
    reconstruction = tf.reduce_mean(tf.reduce_sum(cross_entropy, axis=2), axis=0)
    kl = -0.5 * tf.reduce_sum(1 + log_var - mu**2 - tf.exp(log_var), axis=1)
    return tf.reduce_mean(reconstruction + kl)


# %% question="gaussian_vae_loss"
def gaussian_vae_loss(x, x_mu, mu, log_var, sigma):
    squares = tf.reduce_sum(tf.math.squared_difference(x[None], x_mu), axis=-1) / (2 * sigma**2)
    constant = x.shape[1] * (tf.math.log(float(sigma)) + 0.5 * LOG_2PI)
    kl = -0.5 * tf.reduce_sum(1 + log_var - mu**2 - tf.exp(log_var), axis=1)
    return tf.reduce_mean(squares) + constant + tf.reduce_mean(kl)


# %% question="reconstruct"
def reconstruct(model, x):
    mu, log_var = model.encoder(x)
    out = model.decoder(mu)
    if model.likelihood == "bernoulli":
        out = tf.nn.sigmoid(out)
    return out


# %% question="sample_prior"
def sample_prior(model, eps):
    out = model.decoder(tf.constant(eps))
    return tf.math.sigmoid(out) if model.likelihood == "bernoulli" else out


# %% question="latent_grid"
def latent_grid(model, n):
    p = (tf.range(n, dtype=tf.float32) + 0.5) / n
    q = tf.sqrt(2.0) * tf.math.erfinv(2 * p - 1)
    rows = tf.repeat(q, n)
    columns = tf.tile(q, [n])
    out = model.decoder(tf.stack([rows, columns], axis=1))
    out = tf.nn.sigmoid(out) if model.likelihood == "bernoulli" else out
    return tf.reshape(out, [n, n, -1])
