"""Answers to a03_vae with helper functions, and with networks that are functional Keras models inside a subclass."""

# %% question="sample_latent"
def standard_deviation(log_var):
    return tf.exp(0.5 * log_var)


def sample_latent(mu, log_var, eps):
    return mu + standard_deviation(log_var) * eps


# %% question="vae_loss"
def kl_per_example(mu, log_var):
    return 0.5 * tf.reduce_sum(tf.square(mu) + tf.math.expm1(log_var) - log_var, axis=-1)


def minus_bernoulli(x, logits):
    """Shape of logits without its last axis."""
    labels = tf.broadcast_to(x, tf.shape(logits))
    return tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=labels, logits=logits), axis=-1)


def batch_loss(minus_log_likelihood, mu, log_var):
    per_example = tf.reduce_mean(minus_log_likelihood, axis=0) + kl_per_example(mu, log_var)
    return tf.reduce_mean(per_example)


def vae_loss(x, logits, mu, log_var):
    return batch_loss(minus_bernoulli(x, logits), mu, log_var)


# %% question="gaussian_vae_loss"
import math


def kl_of_q(mu, log_var):
    return 0.5 * tf.reduce_sum(tf.square(mu) + tf.math.expm1(log_var) - log_var, axis=-1)


def minus_gaussian(x, x_mu, sigma):
    per_pixel = 0.5 * tf.square((x - x_mu) / sigma) + math.log(sigma) + 0.5 * math.log(2 * math.pi)
    return tf.reduce_sum(per_pixel, axis=-1)


def gaussian_vae_loss(x, x_mu, mu, log_var, sigma):
    return tf.reduce_mean(tf.reduce_mean(minus_gaussian(x, x_mu, sigma), axis=0) + kl_of_q(mu, log_var))


# %% question="Encoder"
def stack_of_dense(tensor, sizes):
    for size in sizes:
        tensor = keras.layers.Dense(size, activation="relu")(tensor)
    return tensor


@keras.saving.register_keras_serializable("a03_vae")
class Encoder(keras.layers.Layer):
    def __init__(self, latent_dim, hidden=(128,), **kwargs):
        super().__init__(**kwargs)
        self.latent_dim, self.hidden = latent_dim, tuple(hidden)
        self.network = None

    def build(self, input_shape):
        # A functional model must know D, and only the input tells it.
        image = keras.Input((input_shape[-1],))
        features = stack_of_dense(image, self.hidden)
        heads = [keras.layers.Dense(self.latent_dim, name=name)(features) for name in ("mu", "log_var")]
        self.network = keras.Model(image, heads)

    def call(self, x):
        mu, log_var = self.network(x)
        return mu, log_var

    def get_config(self):
        return super().get_config() | {"latent_dim": self.latent_dim, "hidden": self.hidden}


# %% question="Decoder"
def layers_of_relu(tensor, sizes):
    for size in sizes:
        tensor = keras.layers.Dense(size, activation="relu")(tensor)
    return tensor


@keras.saving.register_keras_serializable("a03_vae")
class Decoder(keras.layers.Layer):
    def __init__(self, event_dim, hidden=(128,), **kwargs):
        super().__init__(**kwargs)
        self.event_dim, self.hidden = event_dim, tuple(hidden)
        self.network = None

    def build(self, input_shape):
        code = keras.Input((input_shape[-1],))
        pixels = keras.layers.Dense(self.event_dim, name="pixels")(layers_of_relu(code, self.hidden))
        self.network = keras.Model(code, pixels)

    def call(self, z):
        shape = tf.shape(z)
        flat = self.network(tf.reshape(z, [-1, z.shape[-1]]))
        out = tf.reshape(flat, tf.concat([shape[:-1], [self.event_dim]], axis=0))
        out.set_shape([*z.shape[:-1], self.event_dim])
        return out

    def get_config(self):
        return super().get_config() | {"event_dim": self.event_dim, "hidden": self.hidden}


# %% question="VAE"
def divergence(mu, log_var):
    return 0.5 * tf.reduce_sum(tf.square(mu) + tf.math.expm1(log_var) - log_var, axis=-1)


def minus_log_likelihood(likelihood, x, outputs, sigma):
    if likelihood == BERNOULLI:
        terms = tf.nn.softplus(outputs) - x * outputs
    else:
        terms = 0.5 * tf.square((x - outputs) / sigma) + float(np.log(sigma) + 0.5 * np.log(2 * np.pi))
    return tf.reduce_sum(terms, axis=-1)


@keras.saving.register_keras_serializable("a03_vae")
class VAE(keras.Model):
    def __init__(self, event_dim, latent_dim, hidden=(128,), likelihood="bernoulli", sigma=1.0, **kwargs):
        if likelihood not in (BERNOULLI, GAUSSIAN):
            raise ValueError(f"likelihood must be 'bernoulli' or 'gaussian', not {likelihood!r}")
        super().__init__(**kwargs)
        self.event_dim, self.latent_dim, self.hidden = event_dim, latent_dim, tuple(hidden)
        self.likelihood, self.sigma = likelihood, sigma
        self.encoder = Encoder(latent_dim, hidden)
        self.decoder = Decoder(event_dim, tuple(hidden)[::-1])
        self.seeds = keras.random.SeedGenerator()
        self.reconstruction_metric = keras.metrics.Mean(name="reconstruction")
        self.kl_metric = keras.metrics.Mean(name="kl")

    def terms(self, x, eps):
        """Both terms of the loss, each of shape [B]."""
        x = tf.convert_to_tensor(x, tf.float32)
        mu, log_var = self.encoder(x)
        outputs = self.decoder(sample_latent(mu, log_var, eps))
        reconstruction = tf.reduce_mean(minus_log_likelihood(self.likelihood, x, outputs, self.sigma), axis=0)
        return reconstruction, divergence(mu, log_var)

    def noise(self, x):
        return keras.random.normal((1, tf.shape(x)[0], self.latent_dim), seed=self.seeds)

    def elbo(self, x, eps):
        return -tf.add_n(list(self.terms(x, eps)))

    def call(self, x):
        mu, log_var = self.encoder(x)
        return self.decoder(sample_latent(mu, log_var, self.noise(x)))[0]

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        reconstruction, kl = self.terms(x, self.noise(x))
        self.reconstruction_metric.update_state(reconstruction)
        self.kl_metric.update_state(kl)
        return tf.reduce_mean(reconstruction + kl)

    def get_config(self):
        names = ("event_dim", "latent_dim", "hidden", "likelihood", "sigma")
        return super().get_config() | {name: getattr(self, name) for name in names}


# %% question="reconstruct"
def mean_of_pixels(model, outputs):
    return tf.math.sigmoid(outputs) if model.likelihood == BERNOULLI else outputs


def reconstruct(model, x):
    mu, _ = model.encoder(x)
    return mean_of_pixels(model, model.decoder(mu))


# %% question="sample_prior"
def pixel_means(model, outputs):
    return tf.math.sigmoid(outputs) if model.likelihood == BERNOULLI else outputs


def sample_prior(model, eps):
    return pixel_means(model, model.decoder(eps))


# %% question="latent_grid"
def means_at(model, z):
    outputs = model.decoder(z)
    return tf.math.sigmoid(outputs) if model.likelihood == BERNOULLI else outputs


def latent_grid(model, n):
    quantiles = tf.math.ndtri((tf.range(n, dtype=tf.float32) + 0.5) / n)
    z = tf.stack(tf.meshgrid(quantiles, quantiles, indexing="ij"), axis=-1)
    return tf.reshape(means_at(model, tf.reshape(z, [n * n, 2])), [n, n, -1])
