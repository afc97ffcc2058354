"""Answers to a03_vae with TensorFlow Probability; the model has a train_step of its own."""

# %% question="sample_latent"
import keras
import tensorflow_probability as tfp

tfd, tfb = tfp.distributions, tfp.bijectors


def sample_latent(mu, log_var, eps):
    return tfb.Chain([tfb.Shift(mu), tfb.Scale(log_scale=0.5 * log_var)]).forward(eps)


# %% question="vae_loss"
def q_of(mu, log_var):
    return tfd.MultivariateNormalDiag(loc=mu, scale_diag=tf.exp(0.5 * log_var))


def prior_like(mu):
    return tfd.MultivariateNormalDiag(loc=tf.zeros_like(mu), scale_diag=tf.ones_like(mu))


def p_of(outputs, likelihood, sigma=1.0):
    pixels = tfd.Bernoulli(logits=outputs) if likelihood == "bernoulli" else tfd.Normal(outputs, sigma)
    return tfd.Independent(pixels, reinterpreted_batch_ndims=1)


def vae_loss(x, logits, mu, log_var):
    log_px = p_of(logits, "bernoulli").log_prob(x)
    return tf.reduce_mean(q_of(mu, log_var).kl_divergence(prior_like(mu)) - tf.reduce_mean(log_px, 0))


# %% question="gaussian_vae_loss"
def gaussian_vae_loss(x, x_mu, mu, log_var, sigma):
    log_px = p_of(x_mu, "gaussian", sigma).log_prob(x)
    return tf.reduce_mean(q_of(mu, log_var).kl_divergence(prior_like(mu)) - tf.reduce_mean(log_px, 0))


# %% question="Encoder"
class Encoder(keras.layers.Layer):
    def __init__(self, latent_dim, hidden=(128,), **kwargs):
        super().__init__(**kwargs)
        self.layers = [keras.layers.Dense(size, activation="gelu") for size in hidden]
        self.mean, self.log_variance = keras.layers.Dense(latent_dim), keras.layers.Dense(latent_dim)

    def call(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.mean(x), tf.clip_by_value(self.log_variance(x), -10.0, 10.0)


# %% question="Decoder"
class Decoder(keras.layers.Layer):
    def __init__(self, event_dim, hidden=(128,), **kwargs):
        super().__init__(**kwargs)
        self.layers = [keras.layers.Dense(size, activation="gelu") for size in hidden] + [keras.layers.Dense(event_dim)]

    def call(self, z):
        for layer in self.layers:
            z = layer(z)
        return z


# %% question="VAE"
class VAE(keras.Model):
    def __init__(self, event_dim, latent_dim, hidden=(128,), likelihood="bernoulli", sigma=1.0, **kwargs):
        super().__init__(**kwargs)
        self.latent_dim, self.likelihood, self.sigma = latent_dim, likelihood, sigma
        self.encoder = Encoder(latent_dim, hidden)
        self.decoder = Decoder(event_dim, list(hidden)[::-1])
        self.totals = [keras.metrics.Mean(name=name) for name in ("loss", "reconstruction", "kl")]

    @property
    def metrics(self):
        return self.totals

    def terms(self, x, eps):
        mu, log_var = self.encoder(x)
        px = p_of(self.decoder(sample_latent(mu, log_var, eps)), self.likelihood, self.sigma)
        return -tf.reduce_mean(px.log_prob(x), axis=0), tfd.kl_divergence(q_of(mu, log_var), prior_like(mu))

    def elbo(self, x, eps):
        reconstruction, kl = self.terms(x, eps)
        return -(reconstruction + kl)

    def call(self, x):
        return self.decoder(q_of(*self.encoder(x)).sample())

    def report(self, loss, reconstruction, kl):
        for metric, value in zip(self.totals, (loss, reconstruction, kl)):
            metric.update_state(value)
        return {metric.name: metric.result() for metric in self.totals}

    def train_step(self, x):
        x = x[0] if isinstance(x, tuple) else x
        with tf.GradientTape() as tape:
            reconstruction, kl = self.terms(x, tf.random.normal((1, tf.shape(x)[0], self.latent_dim)))
            loss = tf.reduce_mean(reconstruction + kl)
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return self.report(reconstruction + kl, reconstruction, kl)

    def test_step(self, x):
        x = x[0] if isinstance(x, tuple) else x
        reconstruction, kl = self.terms(x, tf.random.normal((1, tf.shape(x)[0], self.latent_dim)))
        return self.report(reconstruction + kl, reconstruction, kl)


# %% question="reconstruct"
def reconstruct(model, x):
    return p_of(model.decoder(model.encoder(x)[0]), model.likelihood).mean()


# %% question="sample_prior"
def sample_prior(model, eps):
    return p_of(model.decoder(eps), model.likelihood).mean()


# %% question="latent_grid"
def latent_grid(model, n):
    q = tfd.Normal(0.0, 1.0).quantile(tf.linspace(0.5, n - 0.5, n) / n)
    z = tf.stack(tf.meshgrid(q, q, indexing="ij"), axis=-1)
    return p_of(model.decoder(z), model.likelihood).mean()
