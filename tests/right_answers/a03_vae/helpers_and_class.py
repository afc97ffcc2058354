"""Answers to a03_vae that call helper functions and small classes; both networks are made of functional models."""

# %% question="sample_latent"
class DiagonalGaussian:
    def __init__(self, mu, log_var):
        self.mu, self.log_var = mu, log_var
        self.sigma = tf.exp(0.5 * log_var)

    def at(self, eps):
        return self.mu[tf.newaxis] + self.sigma[tf.newaxis] * eps

    def from_prior(self):
        return 0.5 * tf.reduce_sum(tf.square(self.mu) + tf.math.expm1(self.log_var) - self.log_var, axis=-1)


def sample_latent(mu, log_var, eps):
    return DiagonalGaussian(mu, log_var).at(eps)


# %% question="vae_loss"
def minus_elbo(log_px, mu, log_var):
    per_example = tf.reduce_mean(log_px, axis=0) - DiagonalGaussian(mu, log_var).from_prior()
    return -tf.reduce_mean(per_example)


def log_bernoulli(x, logits):
    return tf.reduce_sum(tf.where(x == 1, tf.math.log_sigmoid(logits), tf.math.log_sigmoid(-logits)), axis=-1)


def vae_loss(x, logits, mu, log_var):
    return minus_elbo(log_bernoulli(x, logits), mu, log_var)


# %% question="gaussian_vae_loss"
def log_gaussian(x, x_mu, sigma):
    scaled = tf.square((x - x_mu) / sigma)
    return -0.5 * tf.reduce_sum(scaled + LOG_2PI + 2.0 * np.log(sigma), axis=-1)


def gaussian_vae_loss(x, x_mu, mu, log_var, sigma):
    return minus_elbo(log_gaussian(x, x_mu, sigma), mu, log_var)


# %% question="Encoder"
import keras


def network(size_in, sizes, sizes_out):
    """A functional model whose last axis goes from size_in to each of sizes_out."""
    start = here = keras.Input((size_in,))
    for size in sizes:
        here = keras.layers.Dense(size, activation="elu")(here)
    return keras.Model(start, [keras.layers.Dense(size)(here) for size in sizes_out])


class Encoder(keras.layers.Layer):
    def __init__(self, latent_dim, hidden=(128,), **kwargs):
        super().__init__(**kwargs)
        self.latent_dim, self.hidden = latent_dim, tuple(hidden)

    def build(self, shape):
        self.net = network(shape[-1], self.hidden, [self.latent_dim, self.latent_dim])

    def call(self, x):
        return tuple(self.net(x))


# %% question="Decoder"
class Decoder(keras.layers.Layer):
    def __init__(self, event_dim, hidden=(128,), **kwargs):
        super().__init__(**kwargs)
        self.event_dim, self.hidden = event_dim, tuple(hidden)

    def build(self, shape):
        self.net = network(shape[-1], self.hidden, [self.event_dim])

    def call(self, z):
        # A functional model takes [n, K]: the axes before the last are put into one.
        flat = tf.reshape(z, [-1, z.shape[-1]])
        return tf.reshape(self.net(flat), tf.concat([tf.shape(z)[:-1], [self.event_dim]], 0))


# %% question="VAE"
class VAE(keras.Model):
    def __init__(self, event_dim, latent_dim, hidden=(128,), likelihood="bernoulli", sigma=1.0, **kwargs):
        super().__init__(**kwargs)
        self.latent_dim, self.likelihood, self.sigma = latent_dim, likelihood, sigma
        self.encoder = Encoder(latent_dim, hidden)
        self.decoder = Decoder(event_dim, hidden[::-1])
        self.seeds = keras.random.SeedGenerator(11)
        self.trackers = {name: keras.metrics.Mean(name=name) for name in ("reconstruction", "kl")}

    def parts(self, x, eps):
        mu, log_var = self.encoder(x)
        out = self.decoder(sample_latent(mu, log_var, eps))
        log_px = log_bernoulli(x, out) if self.likelihood == "bernoulli" else log_gaussian(x, out, self.sigma)
        return tf.reduce_mean(log_px, axis=0), DiagonalGaussian(mu, log_var).from_prior()

    def elbo(self, x, eps):
        log_px, kl = self.parts(x, eps)
        return log_px - kl

    def noise(self, x):
        return keras.random.normal((1, tf.shape(x)[0], self.latent_dim), seed=self.seeds)

    def call(self, x):
        mu, log_var = self.encoder(x)
        return self.decoder(sample_latent(mu, log_var, self.noise(x)))[0]

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        log_px, kl = self.parts(x, self.noise(x))
        self.trackers["reconstruction"].update_state(-log_px)
        self.trackers["kl"].update_state(kl)
        return tf.reduce_mean(kl - log_px)


# %% question="reconstruct"
def mean_image(model, z):
    return {"bernoulli": tf.sigmoid, "gaussian": tf.identity}[model.likelihood](model.decoder(z))


def reconstruct(model, x):
    return mean_image(model, model.encoder(x)[0])


# %% question="sample_prior"
def sample_prior(model, eps):
    return mean_image(model, eps)


# %% question="latent_grid"
def quantile(p):
    return tf.math.ndtri(p)


def latent_grid(model, n):
    axis = quantile(tf.linspace(0.5 / n, 1 - 0.5 / n, n))
    return tf.stack([mean_image(model, tf.stack([tf.fill([n], q), axis], axis=1)) for q in axis])
