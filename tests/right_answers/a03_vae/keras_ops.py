"""Answers to a03_vae with keras.ops alone."""

# %% question="sample_latent"
import keras
from keras import ops


def sample_latent(mu, log_var, eps):
    return ops.add(mu, ops.multiply(ops.exp(ops.multiply(0.5, log_var)), eps))


# %% question="vae_loss"
def kl_per_example(mu, log_var):
    return 0.5 * ops.sum(ops.square(mu) + ops.exp(log_var) - log_var - 1, axis=-1)


def log_px_bernoulli(x, logits):
    x = ops.broadcast_to(x, ops.shape(logits))
    return -ops.sum(ops.binary_crossentropy(x, logits, from_logits=True), axis=-1)


def vae_loss(x, logits, mu, log_var):
    return ops.mean(kl_per_example(mu, log_var) - ops.mean(log_px_bernoulli(x, logits), axis=0))


# %% question="gaussian_vae_loss"
def log_px_gaussian(x, x_mu, sigma):
    log_density = -0.5 * ops.square((x - x_mu) / sigma) - ops.log(sigma) - 0.5 * LOG_2PI
    return ops.sum(log_density, axis=-1)


def gaussian_vae_loss(x, x_mu, mu, log_var, sigma):
    return ops.mean(kl_per_example(mu, log_var) - ops.mean(log_px_gaussian(x, x_mu, sigma), axis=0))


# %% question="Encoder"
class Encoder(keras.Model):
    def __init__(self, latent_dim, hidden=(128,), **kwargs):
        super().__init__(**kwargs)
        self.latent_dim = latent_dim
        self.body = keras.Sequential([keras.layers.Dense(size, activation="tanh") for size in hidden])
        self.head = keras.layers.Dense(2 * latent_dim)

    def call(self, x):
        mu, log_var = ops.split(self.head(self.body(x) if self.body.layers else x), 2, axis=-1)
        return mu, log_var


# %% question="Decoder"
class Decoder(keras.Model):
    def __init__(self, event_dim, hidden=(128,), **kwargs):
        super().__init__(**kwargs)
        sizes = [keras.layers.Dense(size, activation="tanh") for size in hidden]
        self.body = keras.Sequential([*sizes, keras.layers.Dense(event_dim)])

    def call(self, z):
        # A Sequential takes as many axes as it saw first.
        shape = ops.shape(z)
        outputs = self.body(ops.reshape(z, (-1, shape[-1])))
        return ops.reshape(outputs, (*shape[:-1], ops.shape(outputs)[-1]))


# %% question="VAE"
class VAE(keras.Model):
    def __init__(self, event_dim, latent_dim, hidden=(128,), likelihood="bernoulli", sigma=1.0, **kwargs):
        super().__init__(**kwargs)
        self.latent_dim, self.likelihood, self.sigma = latent_dim, likelihood, sigma
        self.encoder, self.decoder = Encoder(latent_dim, hidden), Decoder(event_dim, tuple(hidden)[::-1])
        self.random = keras.random.SeedGenerator(3)
        self.reconstruction_metric = keras.metrics.Mean("reconstruction")
        self.kl_metric = keras.metrics.Mean("kl")

    def log_px(self, x, z):
        outputs = self.decoder(z)
        return log_px_bernoulli(x, outputs) if self.likelihood == "bernoulli" else log_px_gaussian(x, outputs, self.sigma)

    def elbo(self, x, eps):
        mu, log_var = self.encoder(x)
        return ops.mean(self.log_px(x, sample_latent(mu, log_var, eps)), axis=0) - kl_per_example(mu, log_var)

    def posterior_sample(self, x):
        mu, log_var = self.encoder(x)
        return mu, log_var, mu + ops.exp(log_var / 2) * keras.random.normal(ops.shape(mu), seed=self.random)

    def call(self, x):
        return self.decoder(self.posterior_sample(x)[2])

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        mu, log_var, z = self.posterior_sample(x)
        reconstruction, kl = -self.log_px(x, z), kl_per_example(mu, log_var)
        self.reconstruction_metric.update_state(reconstruction)
        self.kl_metric.update_state(kl)
        return ops.mean(reconstruction) + ops.mean(kl)


# %% question="reconstruct"
def pixel_means(model, z):
    outputs = model.decoder(z)
    return ops.sigmoid(outputs) if model.likelihood == "bernoulli" else outputs


def reconstruct(model, x):
    return pixel_means(model, model.encoder(x)[0])


# %% question="sample_prior"
def sample_prior(model, eps):
    return pixel_means(model, ops.convert_to_tensor(eps))


# %% question="latent_grid"
def latent_grid(model, n):
    q = ops.sqrt(2.0) * ops.erfinv(2 * (ops.arange(n, dtype="float32") + 0.5) / n - 1)
    first, second = ops.meshgrid(q, q, indexing="ij")
    return pixel_means(model, ops.stack([first, second], axis=-1))
