"""Answers to a03_vae with keras.ops alone."""

# %% question="sample_latent"
from keras import ops


def sample_latent(mu, log_var, eps):
    sigma = ops.exp(log_var / 2)
    return ops.add(mu, ops.multiply(sigma, eps))


# %% question="vae_loss"
from keras import ops


def vae_loss(x, logits, mu, log_var):
    # x is 0 or 1: -log p(x) = softplus(-a) where x = 1, softplus(a) where x = 0.
    signs = 1 - 2 * ops.convert_to_tensor(x, dtype="float32")
    reconstruction = ops.mean(ops.sum(ops.softplus(signs * logits), axis=2), axis=0)
    mu, log_var = ops.convert_to_tensor(mu), ops.convert_to_tensor(log_var)
    kl = -0.5 * ops.sum(1 + log_var - ops.square(mu) - ops.exp(log_var), axis=1)
    return ops.mean(reconstruction + kl)


# %% question="gaussian_vae_loss"
from keras import ops


def gaussian_vae_loss(x, x_mu, mu, log_var, sigma):
    x, x_mu, mu, log_var = (ops.convert_to_tensor(value) for value in (x, x_mu, mu, log_var))
    event_dim = x.shape[-1]
    squares = ops.sum(ops.square(x - x_mu), axis=-1)
    reconstruction = squares / (2 * sigma**2) + event_dim / 2 * float(np.log(2 * np.pi * sigma**2))
    kl = ops.sum(ops.square(mu) + ops.exp(log_var) - log_var - 1, axis=-1) / 2
    return ops.mean(reconstruction) + ops.mean(kl)


# %% question="Encoder"
from keras import ops


@keras.saving.register_keras_serializable("a03_vae")
class Encoder(keras.layers.Layer):
    def __init__(self, latent_dim, hidden=(128,), **kwargs):
        super().__init__(**kwargs)
        self.latent_dim, self.hidden = latent_dim, tuple(hidden)
        body = [keras.layers.Dense(size, activation="tanh") for size in self.hidden]
        self.network = keras.Sequential([*body, keras.layers.Dense(2 * latent_dim)])

    def call(self, x):
        both = self.network(x)
        return both[..., : self.latent_dim], both[..., self.latent_dim :]

    def get_config(self):
        return super().get_config() | {"latent_dim": self.latent_dim, "hidden": self.hidden}


# %% question="Decoder"
from keras import ops


@keras.saving.register_keras_serializable("a03_vae")
class Decoder(keras.layers.Layer):
    def __init__(self, event_dim, hidden=(128,), **kwargs):
        super().__init__(**kwargs)
        self.event_dim, self.hidden = event_dim, tuple(hidden)
        self.network = keras.Sequential(
            [keras.layers.Dense(size, activation="tanh") for size in self.hidden] + [keras.layers.Dense(event_dim)]
        )

    def call(self, z):
        # Sequential takes as many axes as it saw first: always two.
        front = ops.shape(z)[:-1]
        return ops.reshape(self.network(ops.reshape(z, (-1, z.shape[-1]))), (*front, self.event_dim))

    def get_config(self):
        return super().get_config() | {"event_dim": self.event_dim, "hidden": self.hidden}


# %% question="VAE"
from keras import ops


@keras.saving.register_keras_serializable("a03_vae")
class VAE(keras.Model):
    def __init__(self, event_dim, latent_dim, hidden=(128,), likelihood="bernoulli", sigma=1.0, **kwargs):
        if likelihood not in (BERNOULLI, GAUSSIAN):
            raise ValueError(f"likelihood must be 'bernoulli' or 'gaussian', not {likelihood!r}")
        super().__init__(**kwargs)
        self.event_dim, self.latent_dim, self.hidden = event_dim, latent_dim, tuple(hidden)
        self.likelihood, self.sigma = likelihood, sigma
        self.encoder = Encoder(latent_dim, hidden=self.hidden, name="encoder")
        self.decoder = Decoder(event_dim, hidden=tuple(reversed(self.hidden)), name="decoder")
        self.seed_generator = keras.random.SeedGenerator()
        self.shown = {name: keras.metrics.Mean(name=name) for name in ("reconstruction", "kl")}

    def log_likelihood(self, x, outputs):
        if self.likelihood == BERNOULLI:
            return ops.sum(x * ops.log_sigmoid(outputs) + (1 - x) * ops.log_sigmoid(-outputs), axis=-1)
        constant = self.event_dim * float(np.log(self.sigma * np.sqrt(2 * np.pi)))
        return -ops.sum(ops.square(x - outputs), axis=-1) / (2 * self.sigma**2) - constant

    @staticmethod
    def kl(mu, log_var):
        return ops.sum(0.5 * (ops.square(mu) + ops.exp(log_var)) - 0.5 * (log_var + 1), axis=-1)

    def elbo(self, x, eps):
        x = ops.convert_to_tensor(x, dtype="float32")
        mu, log_var = self.encoder(x)
        outputs = self.decoder(mu[None] + ops.exp(0.5 * log_var)[None] * eps)
        return ops.mean(self.log_likelihood(x[None], outputs), axis=0) - self.kl(mu, log_var)

    def call(self, x):
        mu, log_var = self.encoder(x)
        return self.decoder(mu + ops.exp(0.5 * log_var) * keras.random.normal(ops.shape(mu), seed=self.seed_generator))

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        # y_pred has been decoded from one fresh sample: it is all that the reconstruction needs.
        outputs = self(x) if y_pred is None else y_pred
        values = {"reconstruction": -self.log_likelihood(x, outputs), "kl": self.kl(*self.encoder(x))}
        for name, value in values.items():
            self.shown[name].update_state(value)
        return ops.mean(sum(values.values()))

    def get_config(self):
        names = ("event_dim", "latent_dim", "hidden", "likelihood", "sigma")
        return super().get_config() | {name: getattr(self, name) for name in names}


# %% question="reconstruct"
from keras import ops


def reconstruct(model, x):
    output = model.decoder(model.encoder(x)[0])
    return {"bernoulli": ops.sigmoid, "gaussian": ops.convert_to_tensor}[model.likelihood](output)


# %% question="sample_prior"
from keras import ops


def sample_prior(model, eps):
    output = ops.convert_to_tensor(model.decoder(eps))
    return output if model.likelihood == "gaussian" else ops.sigmoid(output)


# %% question="latent_grid"
from keras import ops


def latent_grid(model, n):
    q = np.sqrt(2).astype("float32") * ops.erfinv((2 * ops.arange(n, dtype="float32") + 1) / n - 1)
    first, second = ops.repeat(q, n), ops.tile(q, n)
    output = ops.convert_to_tensor(model.decoder(ops.stack([first, second], axis=1)))
    output = ops.reshape(output, (n, n, output.shape[-1]))
    return ops.sigmoid(output) if model.likelihood == "bernoulli" else output
