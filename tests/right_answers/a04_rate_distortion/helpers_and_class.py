"""Answers to a04_rate_distortion with small helpers, closures and classes."""

# %% question="optimal_sigma"
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class GaussianNoise:
    """Independent Gaussian noise of one variance on some pixels."""

    variance: float
    num_pixels: int

    @classmethod
    def fitted(cls, errors):
        """Returns the noise that makes these errors most likely."""
        return cls(float(np.var(errors) + np.mean(errors) ** 2), errors.shape[-1])

    @property
    def sigma(self):
        return self.variance**0.5

    @property
    def entropy(self):
        """Of all pixels in nats; at the best variance the distortion is just that."""
        return 0.5 * self.num_pixels * np.log(2 * np.pi * np.e * self.variance)


def optimal_sigma(x, x_mu):
    """Returns what the fitted noise says."""
    noise = GaussianNoise.fitted(np.asarray(x_mu, np.float64) - np.asarray(x, np.float64))
    return noise.sigma, noise.entropy


# %% question="beta_vae_loss"
import numpy as np


def priced(beta):
    """Returns the function that adds up a bill at this price of rate."""

    def bill(distortion, rate):
        return distortion + beta * rate

    return bill


def beta_vae_loss(log_px_given_z, kl, beta):
    """Returns the mean bill of the batch."""
    return np.mean(priced(beta)(np.negative(log_px_given_z).mean(axis=0), np.asarray(kl)))


# %% question="rda_lambda"
def half_precision(sigma):
    """Returns the weight that a Gaussian of this sigma gives to a squared error."""
    return 0.5 * sigma**-2


def rda_lambda(beta, sigma):
    """Returns that weight, in units of the price of rate."""
    return half_precision(sigma) / beta


# %% question="rate_distortion_point"
from dataclasses import dataclass

import numpy as np


def x_log_x_over_y(x, y):
    """Returns x log(x / y), 0 where x is 0."""
    x, y = np.broadcast_arrays(np.asarray(x, np.float64), np.asarray(y, np.float64))
    ratio = np.divide(x, y, out=np.ones_like(x), where=x > 0)
    return x * np.log(ratio)


def divergence(q, p):
    """Returns KL(q || p) over the last axis."""
    return np.sum(x_log_x_over_y(q, p), axis=-1)


@dataclass(frozen=True)
class Tables:
    """Data and an encoder, on tables."""

    p_x: np.ndarray
    encoder: np.ndarray

    @property
    def joint(self):
        return np.asarray(self.p_x, np.float64)[:, np.newaxis] * self.encoder

    @property
    def aggregated(self):
        return self.joint.sum(axis=0)

    def mean(self, of_x):
        return np.dot(self.p_x, of_x)

    def rate(self, prior):
        return self.mean(divergence(self.encoder, prior))

    def distortion(self, decoder):
        return -np.vdot(self.joint, np.log(decoder).T)


def rate_distortion_point(p_x, q_z_given_x, p_z, p_x_given_z):
    """Returns rate and distortion of the tables."""
    tables = Tables(p_x, q_z_given_x)
    return tables.rate(p_z), tables.distortion(p_x_given_z)


# %% question="optimal_prior_and_decoder"
import numpy as np


def bayes(joint):
    """Returns the marginal of the columns, and each column divided by it, as rows."""
    marginal = np.sum(joint, axis=0)
    return marginal, np.transpose(joint / marginal)


def optimal_prior_and_decoder(p_x, q_z_given_x):
    """Returns the marginal and the conditional of the joint of data and encoder."""
    return bayes(Tables(p_x, q_z_given_x).joint)


# %% question="rate_split"
def rate_split(p_x, q_z_given_x, p_z):
    """Returns the rate under the best prior, and what the given one adds."""
    tables = Tables(p_x, q_z_given_x)
    return tables.rate(tables.aggregated), divergence(tables.aggregated, p_z)


# %% question="aggregate_log_prob"
import tensorflow as tf
import tensorflow_probability as tfp


def mixture(mu, log_var):
    """Returns the aggregated posterior as a distribution."""
    parts = tfp.distributions.MultivariateNormalDiag(mu, tf.exp(0.5 * log_var))
    chosen = tfp.distributions.Categorical(logits=tf.zeros(len(mu)))
    return tfp.distributions.MixtureSameFamily(chosen, parts)


def aggregate_log_prob(z, mu, log_var):
    """Returns what the mixture says of the points."""
    return mixture(mu, log_var).log_prob(z)


# %% question="active_units"
import numpy as np


def above(threshold):
    """Returns a function that counts the numbers above the threshold, as a float."""
    return lambda numbers: float(np.count_nonzero(numbers > threshold))


def active_units(mu, threshold):
    """Returns the variances of the columns, and how many are above the threshold."""
    activity = np.var(mu, axis=0)
    return activity, above(threshold)(activity)


# %% question="linear_vae_spectrum"
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Water:
    """A level, below which a direction of the data is given up."""

    level: float

    def kept(self, eigenvalues):
        return np.clip(eigenvalues - self.level, 0, None)

    def rate(self, eigenvalues):
        # log(1 + w^2 / level) / 2
        return 0.5 * np.log1p(self.kept(eigenvalues) / self.level)


def linear_vae_spectrum(eigenvalues, sigma, beta):
    """Returns what stands out of the water, and its rate."""
    water = Water(beta * sigma**2)
    eigenvalues = np.asarray(eigenvalues, np.float64)
    return water.kept(eigenvalues), water.rate(eigenvalues)


# %% question="vq_quantize"
import tensorflow as tf


class Codebook:
    """A table of codes."""

    def __init__(self, rows):
        self.rows = tf.convert_to_tensor(rows)

    def number_of_nearest(self, outputs):
        distances = tf.norm(tf.expand_dims(outputs, -2) - self.rows, axis=-1)
        return tf.argmin(distances, axis=-1)

    def look_up(self, numbers):
        return tf.gather(self.rows, numbers)

    def onehot(self, numbers):
        return tf.one_hot(numbers, len(self.rows))


def vq_quantize(z_e, codebook):
    """Returns what the table says of the outputs."""
    book = Codebook(codebook)
    numbers = book.number_of_nearest(z_e)
    return book.look_up(numbers), book.onehot(numbers)


# %% question="vq_loss"
import tensorflow as tf


@tf.custom_gradient
def straight_through(z_e, z_q):
    """Returns z_q, and hands the gradient to z_e alone."""
    return tf.identity(z_q), lambda upstream: (upstream, tf.zeros_like(upstream))


def squared_distance(moved, fixed):
    """Returns ||moved - fixed||^2 over the last axis; no gradient goes to `fixed`."""
    return tf.reduce_sum(tf.square(moved - tf.stop_gradient(fixed)), axis=-1)


def pull_together(z_e, z_q, commitment):
    """Returns each row's loss."""
    return squared_distance(z_q, z_e) + commitment * squared_distance(z_e, z_q)


def vq_loss(z_e, codebook, commitment):
    """Returns the straight-through output, and the mean loss of the rows."""
    z_e = tf.convert_to_tensor(z_e)
    z_q, _ = vq_quantize(z_e, codebook)
    return straight_through(z_e, z_q), tf.reduce_mean(pull_together(z_e, z_q, commitment))


# %% question="BetaVAE"
import keras
import numpy as np
import tensorflow as tf


def sample_latent(mu, log_var, eps):
    """Returns mu + sigma eps, with sigma from log sigma^2."""
    return tf.exp(log_var / 2) * eps + mu


def image_sides(event_dim):
    """Returns the sides of a square image, or of a column where the number is no square."""
    side = int(round(event_dim**0.5))
    return (side, side) if side**2 == event_dim else (event_dim, 1)


def convolutional_features(event_dim, hidden):
    """Returns input and features of a small convolutional network, functional API."""
    pixels = keras.Input((event_dim,))
    values = keras.layers.Reshape((*image_sides(event_dim), 1))(pixels)
    for _ in range(2):
        values = keras.layers.Conv2D(8, 3, padding="same", activation="elu")(values)
    values = keras.layers.Flatten()(values)
    for width in hidden:
        values = keras.layers.Dense(width, activation="elu")(values)
    return pixels, values


class OverLeadingAxes(keras.layers.Layer):
    """Applies a network of rows, from the functional API, to `[..., size_in]`."""

    def __init__(self, network, **kwargs):
        super().__init__(**kwargs)
        self.network = network
        self.built = True

    def call(self, values):
        leading = tf.shape(values)[:-1]
        rows = self.network(tf.reshape(values, (-1, values.shape[-1])))
        return tf.reshape(rows, tf.concat([leading, [rows.shape[-1]]], axis=0))


def dense_network(size_in, hidden, size):
    """Returns a network with its weights made, and a linear end."""
    inputs = values = keras.Input((size_in,))
    for width in hidden:
        values = keras.layers.Dense(width, activation="elu")(values)
    return keras.Model(inputs, keras.layers.Dense(size)(values))


@keras.saving.register_keras_serializable("a04_rate_distortion")
class BetaVAE(keras.Model):
    """A beta-VAE with a convolutional encoder, log sigma^2 as a weight, and its own steps.

    Before every step of the gradient sigma gets the best value for the batch.
    """

    def __init__(self, event_dim, latent_dim, hidden=(128,), beta=1.0, sigma=None, **kwargs):
        super().__init__(**kwargs)
        self.event_dim, self.latent_dim, self.hidden = event_dim, latent_dim, tuple(hidden)
        self.beta, self.given_sigma = beta, sigma
        pixels, features = convolutional_features(event_dim, self.hidden)
        heads = [keras.layers.Dense(latent_dim)(features) for _ in range(2)]
        self.encoder = keras.Model(pixels, tuple(heads))
        self.decoder = OverLeadingAxes(
            dense_network(latent_dim, self.hidden[::-1], event_dim)
        )
        start = 0.0 if sigma is None else 2 * float(np.log(sigma))
        self.log_variance = self.add_weight(
            shape=(),
            initializer=keras.initializers.Constant(start),
            trainable=sigma is None,
            name="log_variance",
        )
        self.distortion_mean = keras.metrics.Mean(name="distortion")
        self.rate_mean = keras.metrics.Mean(name="rate")
        self.loss_mean = keras.metrics.Mean(name="loss")

    @property
    def metrics(self):
        return [self.loss_mean, self.distortion_mean, self.rate_mean]

    @property
    def sigma(self):
        return tf.exp(self.log_variance / 2)

    def reconstructions(self, x, eps):
        """Returns the means of the decoder, `[L, B, D]`, and mu and log_var."""
        mu, log_var = self.encoder(x)
        return self.decoder(sample_latent(mu, log_var, eps)), mu, log_var

    def terms(self, x, eps):
        x_mu, mu, log_var = self.reconstructions(x, eps)
        log_two_pi_variance = self.log_variance + tf.math.log(2 * np.float32(np.pi))
        squares = tf.math.squared_difference(x, x_mu) * tf.exp(-self.log_variance)
        distortion = 0.5 * tf.reduce_sum(squares + log_two_pi_variance, axis=-1)
        rate = 0.5 * tf.reduce_sum(tf.exp(log_var) + mu**2 - 1 - log_var, axis=-1)
        return tf.reduce_mean(distortion, axis=0), rate

    def fit_sigma(self, x, eps):
        if self.given_sigma is None:
            x_mu, _, _ = self.reconstructions(x, eps)
            error = tf.reduce_mean(tf.math.squared_difference(x, x_mu))
            self.log_variance.assign(tf.math.log(error))

    def call(self, x):
        return self.reconstructions(x, self.fresh_noise(x))[0][0]

    def fresh_noise(self, x):
        return tf.random.normal((1, tf.shape(x)[0], self.latent_dim))

    def report(self, distortion, rate):
        self.distortion_mean.update_state(distortion)
        self.rate_mean.update_state(rate)
        self.loss_mean.update_state(distortion + self.beta * rate)
        return {metric.name: metric.result() for metric in self.metrics}

    def train_step(self, data):
        x = keras.utils.unpack_x_y_sample_weight(data)[0]
        eps = self.fresh_noise(x)
        self.fit_sigma(x, eps)
        with tf.GradientTape() as tape:
            distortion, rate = self.terms(x, eps)
            loss = tf.reduce_mean(distortion + self.beta * rate)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        return self.report(distortion, rate)

    def test_step(self, data):
        x = keras.utils.unpack_x_y_sample_weight(data)[0]
        return self.report(*self.terms(x, self.fresh_noise(x)))

    def get_config(self):
        names = ("event_dim", "latent_dim", "hidden", "beta")
        config = {name: getattr(self, name) for name in names}
        return super().get_config() | config | {"sigma": self.given_sigma}


# %% question="VQVAE"
import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("a04_rate_distortion")
class VQVAE(keras.Model):
    """A VAE with a codebook: convolutional encoder, an `Embedding` for the codes, own steps."""

    def __init__(
        self, event_dim, num_codes, code_dim, num_slots, hidden=(128,), commitment=0.25, **kwargs
    ):
        super().__init__(**kwargs)
        self.event_dim, self.num_codes, self.code_dim = event_dim, num_codes, code_dim
        self.num_slots, self.hidden, self.commitment = num_slots, tuple(hidden), commitment
        pixels, features = convolutional_features(event_dim, self.hidden)
        outputs = keras.layers.Dense(num_slots * code_dim)(features)
        slots = keras.layers.Reshape((num_slots, code_dim))(outputs)
        self.encoder = keras.Model(pixels, slots)
        codes = keras.Input((num_slots, code_dim))
        to_logits = dense_network(num_slots * code_dim, self.hidden[::-1], event_dim)
        self.decoder = keras.Model(codes, to_logits(keras.layers.Flatten()(codes)))
        self.table = keras.layers.Embedding(
            num_codes, code_dim, embeddings_initializer=keras.initializers.RandomNormal(stddev=1.0)
        )
        self.table.build()
        self.reported = {name: keras.metrics.Mean(name=name) for name in ("distortion", "vq")}
        self.loss_mean = keras.metrics.Mean(name="loss")

    @property
    def codebook(self):
        return self.table.embeddings

    @property
    def metrics(self):
        return [self.loss_mean, *self.reported.values()]

    def nearest(self, z_e):
        return Codebook(self.codebook).number_of_nearest(z_e)

    def codes(self, x):
        return tf.one_hot(self.nearest(self.encoder(x)), self.num_codes)

    def terms(self, x):
        z_e = self.encoder(x)
        z_q = self.table(self.nearest(z_e))
        logits = self.decoder(straight_through(z_e, z_q))
        cross_entropies = tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits)
        vq = tf.reduce_sum(pull_together(z_e, z_q, self.commitment), axis=-1)
        return tf.reduce_sum(cross_entropies, axis=-1), vq

    def call(self, x):
        return self.decoder(self.table(self.nearest(self.encoder(x))))

    def report(self, distortion, vq):
        self.reported["distortion"].update_state(distortion)
        self.reported["vq"].update_state(vq)
        self.loss_mean.update_state(distortion + vq)
        return {metric.name: metric.result() for metric in self.metrics}

    def train_step(self, data):
        x = keras.utils.unpack_x_y_sample_weight(data)[0]
        with tf.GradientTape() as tape:
            distortion, vq = self.terms(x)
            loss = tf.reduce_mean(distortion + vq)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        return self.report(distortion, vq)

    def test_step(self, data):
        x = keras.utils.unpack_x_y_sample_weight(data)[0]
        return self.report(*self.terms(x))

    def get_config(self):
        names = ("event_dim", "num_codes", "code_dim", "num_slots", "hidden", "commitment")
        return super().get_config() | {name: getattr(self, name) for name in names}
