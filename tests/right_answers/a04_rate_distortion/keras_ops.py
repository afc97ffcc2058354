"""Answers to a04_rate_distortion with keras.ops alone."""

# %% question="optimal_sigma"
import math

from keras import ops


def optimal_sigma(x, x_mu):
    """Returns sigma, and minus the mean log density at it, term by term."""
    squares = ops.sum(ops.square(ops.subtract(x_mu, x)), axis=-1)
    event_dim = ops.shape(x)[-1]
    sigma = ops.sqrt(ops.mean(squares) / event_dim)
    weighted = ops.mean(squares) / (2 * sigma**2)
    return sigma, weighted + event_dim * (ops.log(sigma) + 0.5 * math.log(2 * math.pi))


# %% question="beta_vae_loss"
from keras import ops


def beta_vae_loss(log_px_given_z, kl, beta):
    """Returns the mean distortion plus beta times the mean rate."""
    return beta * ops.mean(kl) - ops.mean(log_px_given_z)


# %% question="rda_lambda"
from keras import ops


def rda_lambda(beta, sigma):
    """Returns 1 / (2 beta sigma^2)."""
    return 0.5 / ops.multiply(beta, ops.square(sigma))


# %% question="rate_distortion_point"
from keras import ops


def rate_distortion_point(p_x, q_z_given_x, p_z, p_x_given_z):
    """Weights two tables of logarithms with the joint."""
    q = ops.convert_to_tensor(q_z_given_x)
    log_q = ops.log(ops.where(q > 0, q, 1.0))
    joint = ops.expand_dims(p_x, 1) * q
    rate = ops.sum(joint * (log_q - ops.log(p_z)))
    return rate, -ops.sum(joint * ops.log(ops.transpose(p_x_given_z)))


# %% question="optimal_prior_and_decoder"
from keras import ops


def optimal_prior_and_decoder(p_x, q_z_given_x):
    """Returns the aggregated posterior, and the columns of the joint, normalised."""
    p_z = ops.matmul(p_x, q_z_given_x)
    joint = ops.transpose(ops.multiply(ops.expand_dims(p_x, 1), q_z_given_x))
    return p_z, joint / ops.sum(joint, axis=1, keepdims=True)


# %% question="rate_split"
from keras import ops


def rate_split(p_x, q_z_given_x, p_z):
    """Returns H(z) - H(z|x), and the cross-entropy with the prior minus H(z)."""
    q = ops.convert_to_tensor(q_z_given_x)
    q_z = ops.matmul(p_x, q)
    entropy = -ops.sum(q_z * ops.log(q_z))
    conditional = -ops.dot(p_x, ops.sum(q * ops.log(ops.where(q > 0, q, 1.0)), axis=1))
    return entropy - conditional, -ops.sum(q_z * ops.log(p_z)) - entropy


# %% question="aggregate_log_prob"
import math

from keras import ops


def aggregate_log_prob(z, mu, log_var):
    """Returns the log density of the mixture: the largest log density is taken out first."""
    scaled = (ops.expand_dims(z, 1) - ops.convert_to_tensor(mu)) * ops.exp(-0.5 * log_var)
    constant = ops.shape(mu)[-1] * math.log(2 * math.pi)
    logs = -0.5 * (ops.sum(scaled**2, axis=-1) + ops.sum(log_var, axis=-1) + constant)
    largest = ops.max(logs, axis=1)
    shares = ops.mean(ops.exp(logs - ops.expand_dims(largest, 1)), axis=1)
    return largest + ops.log(shares)


# %% question="active_units"
from keras import ops


def active_units(mu, threshold):
    """Returns activities and the number of active units."""
    activity = ops.var(mu, axis=0)
    return activity, ops.sum(ops.cast(ops.greater(activity, threshold), "float32"))


# %% question="linear_vae_spectrum"
from keras import ops


def linear_vae_spectrum(eigenvalues, sigma, beta):
    """Returns both numbers of each direction, chosen by whether it lies above the level."""
    level = beta * sigma**2
    values = ops.maximum(eigenvalues, level)
    return values - level, 0.5 * (ops.log(values) - ops.log(level))


# %% question="vq_quantize"
from keras import ops


def vq_quantize(z_e, codebook):
    """Returns the nearest codes: |z|^2 is the same for all of them, and left out."""
    codebook = ops.convert_to_tensor(codebook)
    scores = ops.matmul(z_e, ops.transpose(codebook)) - 0.5 * ops.sum(codebook**2, axis=1)
    onehot = ops.one_hot(ops.argmax(scores, axis=1), ops.shape(codebook)[0], dtype="float32")
    return ops.matmul(onehot, codebook), onehot


# %% question="vq_loss"
from keras import ops


def vq_loss(z_e, codebook, commitment):
    """Returns z_e plus a constant, and the two squared distances."""
    z_e = ops.convert_to_tensor(z_e)
    z_q, _ = vq_quantize(z_e, codebook)
    codes = ops.sum(ops.square(ops.stop_gradient(z_e) - z_q), axis=-1)
    outputs = ops.sum(ops.square(z_e - ops.stop_gradient(z_q)), axis=-1)
    return z_e + ops.stop_gradient(z_q - z_e), ops.mean(codes) + commitment * ops.mean(outputs)


# %% question="BetaVAE"
import math

import keras
from keras import ops


def sample_latent(mu, log_var, eps):
    """Returns mu + sigma eps."""
    return mu + ops.exp(0.5 * log_var) * eps


class GaussianEncoder(keras.layers.Layer):
    """A trunk of dense layers, and a head for each of mu and log sigma^2."""

    def __init__(self, event_dim, latent_dim, hidden, **kwargs):
        super().__init__(**kwargs)
        self.trunk = [keras.layers.Dense(width, activation="relu") for width in hidden]
        self.heads = [keras.layers.Dense(latent_dim) for _ in range(2)]
        width = event_dim
        for layer in self.trunk:
            layer.build((None, width))
            width = layer.units
        for head in self.heads:
            head.build((None, width))
        self.built = True

    def call(self, x):
        for layer in self.trunk:
            x = layer(x)
        return self.heads[0](x), self.heads[1](x)


class GaussianDecoder(keras.layers.Layer):
    """Dense layers with a linear end, for any number of leading axes."""

    def __init__(self, event_dim, latent_dim, hidden, **kwargs):
        super().__init__(**kwargs)
        self.stack = [keras.layers.Dense(width, activation="relu") for width in hidden[::-1]]
        self.stack.append(keras.layers.Dense(event_dim))
        width = latent_dim
        for layer in self.stack:
            layer.build((None, width))
            width = layer.units
        self.built = True

    def call(self, z):
        for layer in self.stack:
            z = layer(z)
        return z


@keras.saving.register_keras_serializable("a04_rate_distortion")
class BetaVAE(keras.Model):
    """A beta-VAE with layers of its own, log sigma as a weight, and `compute_loss`."""

    def __init__(self, event_dim, latent_dim, hidden=(128,), beta=1.0, sigma=None, **kwargs):
        super().__init__(**kwargs)
        self.event_dim, self.latent_dim, self.hidden = event_dim, latent_dim, tuple(hidden)
        self.beta, self.given_sigma = beta, sigma
        self.encoder = GaussianEncoder(event_dim, latent_dim, self.hidden)
        self.decoder = GaussianDecoder(event_dim, latent_dim, self.hidden)
        start = 0.0 if sigma is None else math.log(sigma)
        self.log_sigma = self.add_weight(
            shape=(),
            initializer=keras.initializers.Constant(start),
            trainable=sigma is None,
            name="log_sigma",
        )
        self.seeds = keras.random.SeedGenerator()
        self.means = [keras.metrics.Mean(name=name) for name in ("distortion", "rate")]
        self.built = True

    @property
    def sigma(self):
        return ops.exp(self.log_sigma)

    def squares(self, x, eps):
        """Returns ||x - x_mu||^2 of each sample, `[L, B]`, with mu and log_var."""
        mu, log_var = self.encoder(x)
        x_mu = self.decoder(sample_latent(mu, log_var, eps))
        return ops.sum(ops.square(x - x_mu), axis=-1), mu, log_var

    def terms(self, x, eps):
        squares, mu, log_var = self.squares(x, eps)
        distortion = ops.mean(squares, axis=0) * 0.5 * ops.exp(-2 * self.log_sigma)
        distortion += self.event_dim * (self.log_sigma + 0.5 * math.log(2 * math.pi))
        rate = 0.5 * ops.sum(mu**2 + ops.exp(log_var) - 1 - log_var, axis=-1)
        return distortion, rate

    def fit_sigma(self, x, eps):
        if self.given_sigma is None:
            squares, _, _ = self.squares(x, eps)
            self.log_sigma.assign(0.5 * ops.log(ops.mean(squares) / self.event_dim))

    def call(self, x):
        return self.decoder(sample_latent(*self.encoder(x), self.fresh_noise(x)))[0]

    def fresh_noise(self, x):
        return keras.random.normal((1, ops.shape(x)[0], self.latent_dim), seed=self.seeds)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        both = self.terms(x, self.fresh_noise(x))
        for mean, values in zip(self.means, both, strict=True):
            mean.update_state(values)
        return ops.mean(both[0] + self.beta * both[1])

    def get_config(self):
        names = ("event_dim", "latent_dim", "hidden", "beta")
        config = {name: getattr(self, name) for name in names}
        return super().get_config() | config | {"sigma": self.given_sigma}


# %% question="VQVAE"
import keras
from keras import ops


class SlotEncoder(keras.layers.Layer):
    """Dense layers, and one linear layer for each slot."""

    def __init__(self, event_dim, code_dim, num_slots, hidden, **kwargs):
        super().__init__(**kwargs)
        self.trunk = [keras.layers.Dense(width, activation="relu") for width in hidden]
        self.slots = [keras.layers.Dense(code_dim) for _ in range(num_slots)]
        width = event_dim
        for layer in self.trunk:
            layer.build((None, width))
            width = layer.units
        for layer in self.slots:
            layer.build((None, width))
        self.built = True

    def call(self, x):
        for layer in self.trunk:
            x = layer(x)
        return ops.stack([layer(x) for layer in self.slots], axis=1)


class SlotDecoder(keras.layers.Layer):
    """The codes side by side, through dense layers."""

    def __init__(self, event_dim, code_dim, num_slots, hidden, **kwargs):
        super().__init__(**kwargs)
        self.width = num_slots * code_dim
        self.stack = [keras.layers.Dense(width, activation="relu") for width in hidden[::-1]]
        self.stack.append(keras.layers.Dense(event_dim))
        width = self.width
        for layer in self.stack:
            layer.build((None, width))
            width = layer.units
        self.built = True

    def call(self, codes):
        values = ops.reshape(codes, (-1, self.width))
        for layer in self.stack:
            values = layer(values)
        return values


@keras.saving.register_keras_serializable("a04_rate_distortion")
class VQVAE(keras.Model):
    """A VAE with a codebook, with layers of its own and `compute_loss`."""

    def __init__(
        self, event_dim, num_codes, code_dim, num_slots, hidden=(128,), commitment=0.25, **kwargs
    ):
        super().__init__(**kwargs)
        self.event_dim, self.num_codes, self.code_dim = event_dim, num_codes, code_dim
        self.num_slots, self.hidden, self.commitment = num_slots, tuple(hidden), commitment
        self.encoder = SlotEncoder(event_dim, code_dim, num_slots, self.hidden)
        self.decoder = SlotDecoder(event_dim, code_dim, num_slots, self.hidden)
        self.codebook = self.add_weight(
            shape=(num_codes, code_dim),
            initializer=keras.initializers.RandomNormal(stddev=1.0),
            name="codebook",
        )
        self.means = [keras.metrics.Mean(name=name) for name in ("distortion", "vq")]
        self.built = True

    def codes(self, x):
        flat = ops.reshape(self.encoder(x), (-1, self.code_dim))
        _, onehot = vq_quantize(flat, self.codebook)
        return ops.reshape(onehot, (-1, self.num_slots, self.num_codes))

    def terms(self, x):
        z_e = self.encoder(x)
        z_st, _ = vq_loss(ops.reshape(z_e, (-1, self.code_dim)), self.codebook, self.commitment)
        logits = self.decoder(ops.reshape(z_st, (-1, self.num_slots, self.code_dim)))
        distortion = ops.sum(ops.softplus(logits) - x * logits, axis=-1)
        # vq_loss has a mean over rows: give it one slot of one example at a time by its squares.
        z_q = ops.matmul(self.codes(x), self.codebook)
        to_codes = ops.square(ops.stop_gradient(z_e) - z_q)
        to_encoder = ops.square(z_e - ops.stop_gradient(z_q))
        return distortion, ops.sum(to_codes + self.commitment * to_encoder, axis=(1, 2))

    def call(self, x):
        return self.decoder(ops.matmul(self.codes(x), self.codebook))

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        both = self.terms(x)
        for mean, values in zip(self.means, both, strict=True):
            mean.update_state(values)
        return ops.mean(both[0] + both[1])

    def get_config(self):
        names = ("event_dim", "num_codes", "code_dim", "num_slots", "hidden", "commitment")
        return super().get_config() | {name: getattr(self, name) for name in names}
