"""Answers to a03_vae as TensorFlow functions compiled with XLA."""

# %% question="sample_latent"
@tf.function(jit_compile=True)
def sample_latent(mu, log_var, eps):
    return mu + eps * tf.exp(log_var / 2)


# %% question="vae_loss"
@tf.function(jit_compile=True)
def vae_loss(x, logits, mu, log_var):
    log_px = tf.reduce_sum(tf.math.log_sigmoid((2 * x - 1) * logits), -1)
    kl = 0.5 * tf.reduce_sum(mu * mu + tf.exp(log_var) - 1 - log_var, -1)
    return tf.reduce_mean(kl) - tf.reduce_mean(log_px)


# %% question="gaussian_vae_loss"
@tf.function(jit_compile=True)
def gaussian_vae_loss(x, x_mu, mu, log_var, sigma):
    d = tf.cast(tf.shape(x)[-1], tf.float32)
    sigma = tf.cast(sigma, tf.float32)
    log_px = -0.5 * tf.reduce_sum(tf.square(x - x_mu), -1) / sigma**2 - d * tf.math.log(sigma) - 0.5 * d * LOG_2PI
    kl = 0.5 * tf.reduce_sum(mu * mu + tf.exp(log_var) - 1 - log_var, -1)
    return tf.reduce_mean(kl) - tf.reduce_mean(log_px)


# %% question="reconstruct"
def reconstruct(model, x):
    @tf.function(jit_compile=True)
    def run(x):
        out = model.decoder(model.encoder(x)[0])
        return tf.sigmoid(out) if model.likelihood == "bernoulli" else out

    return run(x)


# %% question="sample_prior"
def sample_prior(model, eps):
    @tf.function(jit_compile=True)
    def run(eps):
        out = model.decoder(eps)
        return tf.sigmoid(out) if model.likelihood == "bernoulli" else out

    return run(eps)


# %% question="latent_grid"
def latent_grid(model, n):
    @tf.function(jit_compile=True)
    def run(p):
        first, second = tf.meshgrid(tf.math.ndtri(p), tf.math.ndtri(p), indexing="ij")
        out = model.decoder(tf.stack([first, second], -1))
        return tf.sigmoid(out) if model.likelihood == "bernoulli" else out

    return run((np.arange(n, dtype=np.float32) + 0.5) / n)
