"""Answers to a03_vae with distributions of TensorFlow Probability, and a train_step of its own."""

# %% question="sample_latent"
def sample_latent(mu, log_var, eps):
    to_q = tfp.bijectors.Shift(mu)(tfp.bijectors.Scale(log_scale=log_var / 2))
    return to_q.forward(eps)


# %% question="vae_loss"
def vae_loss(x, logits, mu, log_var):
    prior = tfd.Independent(tfd.Normal(tf.zeros_like(mu), 1.0), reinterpreted_batch_ndims=1)
    posterior = tfd.Independent(tfd.Normal(mu, tf.exp(log_var / 2)), reinterpreted_batch_ndims=1)
    pixels = tfd.Independent(tfd.Bernoulli(logits=logits), reinterpreted_batch_ndims=1)
    elbo = tf.reduce_mean(pixels.log_prob(x), axis=0) - tfd.kl_divergence(posterior, prior)
    return -tf.reduce_mean(elbo)


# %% question="gaussian_vae_loss"
def gaussian_vae_loss(x, x_mu, mu, log_var, sigma):
    prior = tfd.MultivariateNormalDiag(loc=tf.zeros_like(mu), scale_diag=tf.ones_like(mu))
    posterior = tfd.MultivariateNormalDiag(loc=mu, scale_diag=tf.exp(0.5 * log_var))
    pixels = tfd.Independent(tfd.Normal(x_mu, sigma), reinterpreted_batch_ndims=1)
    return tf.reduce_mean(posterior.kl_divergence(prior)) - tf.reduce_mean(pixels.log_prob(x))


# %% question="Encoder"
@keras.saving.register_keras_serializable("a03_vae")
class Encoder(keras.layers.Layer):
    def __init__(self, latent_dim, hidden=(128,), **kwargs):
        super().__init__(**kwargs)
        self.latent_dim, self.hidden = latent_dim, tuple(hidden)
        self.body = [keras.layers.Dense(size, activation="gelu") for size in self.hidden]
        self.to_mu = keras.layers.Dense(latent_dim)
        self.to_log_var = keras.layers.Dense(latent_dim)

    def build(self, input_shape):
        size = input_shape[-1]
        for layer in self.body:
            layer.build((None, size))
            size = layer.units
        self.to_mu.build((None, size))
        self.to_log_var.build((None, size))

    def call(self, x):
        for layer in self.body:
            x = layer(x)
        return self.to_mu(x), self.to_log_var(x)

    def get_config(self):
        return super().get_config() | {"latent_dim": self.latent_dim, "hidden": self.hidden}


# %% question="Decoder"
@keras.saving.register_keras_serializable("a03_vae")
class Decoder(keras.layers.Layer):
    def __init__(self, event_dim, hidden=(128,), **kwargs):
        super().__init__(**kwargs)
        self.event_dim, self.hidden = event_dim, tuple(hidden)
        self.layers = [keras.layers.Dense(size, activation="gelu") for size in self.hidden]
        self.layers.append(keras.layers.Dense(event_dim, activation=None))

    def build(self, input_shape):
        for layer in self.layers:
            layer.build(input_shape)
            input_shape = (*input_shape[:-1], layer.units)

    def call(self, z):
        for layer in self.layers:
            z = layer(z)
        return z

    def get_config(self):
        return super().get_config() | {"event_dim": self.event_dim, "hidden": self.hidden}


# %% question="VAE"
@keras.saving.register_keras_serializable("a03_vae")
class VAE(keras.Model):
    def __init__(self, event_dim, latent_dim, hidden=(128,), likelihood="bernoulli", sigma=1.0, **kwargs):
        if likelihood not in (BERNOULLI, GAUSSIAN):
            raise ValueError(f"likelihood must be 'bernoulli' or 'gaussian', not {likelihood!r}")
        super().__init__(**kwargs)
        self.event_dim, self.latent_dim, self.hidden = event_dim, latent_dim, tuple(hidden)
        self.likelihood, self.sigma = likelihood, sigma
        self.encoder = Encoder(latent_dim, self.hidden)
        self.decoder = Decoder(event_dim, self.hidden[::-1])
        self.seed_generator = keras.random.SeedGenerator()
        self.loss_metric = keras.metrics.Mean("loss")
        self.reconstruction_metric = keras.metrics.Mean("reconstruction")
        self.kl_metric = keras.metrics.Mean("kl")
        # train_step never calls the model itself, and only a built model can be saved.
        self.build((None, event_dim))

    def build(self, input_shape):
        if not self.encoder.built:
            self.encoder.build((None, self.event_dim))
            self.decoder.build((None, self.latent_dim))

    @property
    def metrics(self):
        return [self.loss_metric, self.reconstruction_metric, self.kl_metric]

    def posterior(self, x):
        mu, log_var = self.encoder(x)
        return tfd.Independent(tfd.Normal(mu, tf.exp(0.5 * log_var)), 1)

    def pixels(self, z):
        outputs = self.decoder(z)
        if self.likelihood == BERNOULLI:
            return tfd.Independent(tfd.Bernoulli(logits=outputs, dtype=tf.float32), 1)
        return tfd.Independent(tfd.Normal(outputs, self.sigma), 1)

    def terms(self, x, eps):
        q = self.posterior(x)
        prior = tfd.Independent(tfd.Normal(tf.zeros(self.latent_dim), tf.ones(self.latent_dim)), 1)
        z = q.mean() + q.stddev() * eps
        return -tf.reduce_mean(self.pixels(z).log_prob(x), axis=0), tfd.kl_divergence(q, prior)

    def noise(self, x):
        return keras.random.normal((1, tf.shape(x)[0], self.latent_dim), seed=self.seed_generator)

    def elbo(self, x, eps):
        reconstruction, kl = self.terms(x, eps)
        return -reconstruction - kl

    def call(self, x):
        q = self.posterior(x)
        return self.decoder(q.mean() + q.stddev() * self.noise(x)[0])

    def update(self, reconstruction, kl):
        self.loss_metric.update_state(reconstruction + kl)
        self.reconstruction_metric.update_state(reconstruction)
        self.kl_metric.update_state(kl)
        return {metric.name: metric.result() for metric in self.metrics}

    def train_step(self, data):
        x = data[0] if isinstance(data, (tuple, list)) else data
        with tf.GradientTape() as tape:
            reconstruction, kl = self.terms(x, self.noise(x))
            loss = tf.reduce_mean(reconstruction + kl)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables))
        return self.update(reconstruction, kl)

    def test_step(self, data):
        x = data[0] if isinstance(data, (tuple, list)) else data
        return self.update(*self.terms(x, self.noise(x)))

    def get_config(self):
        names = ("event_dim", "latent_dim", "hidden", "likelihood", "sigma")
        return super().get_config() | {name: getattr(self, name) for name in names}


# %% question="reconstruct"
def reconstruct(model, x):
    output = model.decoder(model.encoder(x)[0])
    if model.likelihood == BERNOULLI:
        return tfd.Bernoulli(logits=output).mean()
    return tfd.Normal(output, 1.0).mean()


# %% question="sample_prior"
def sample_prior(model, eps):
    output = model.decoder(eps)
    pixels = tfd.Bernoulli(logits=output) if model.likelihood == BERNOULLI else tfd.Deterministic(output)
    return pixels.mean()


# %% question="latent_grid"
def latent_grid(model, n):
    q = tfd.Normal(0.0, 1.0).quantile((tf.range(n, dtype=tf.float32) + 0.5) / float(n))
    rows = tf.repeat(q[:, None], n, axis=1)
    output = model.decoder(tf.stack([rows, tf.transpose(rows)], axis=-1))
    return tfd.Bernoulli(logits=output).probs_parameter() if model.likelihood == BERNOULLI else output
