"""Answers to a05_vib with keras.ops alone."""

# %% question="categorical_log_prob"
from keras import ops


def categorical_log_prob(y_onehot, logits):
    return ops.sum(ops.multiply(y_onehot, ops.log_softmax(logits, axis=-1)), axis=-1)

# %% question="vib_rate"
def kl_from_standard_normal(mu, log_var):
    return ops.sum(ops.square(mu) + ops.exp(log_var) - log_var - 1.0, axis=-1) / 2.0


def vib_rate(mu, log_var):
    return ops.mean(kl_from_standard_normal(mu, log_var))

# %% question="vib_loss"
def vib_loss(y_onehot, logits, mu, log_var, beta):
    cross_entropy = -ops.mean(categorical_log_prob(y_onehot, logits), axis=0)
    return ops.mean(cross_entropy + beta * kl_from_standard_normal(mu, log_var))

# %% question="vib_relevance_bound"
def vib_relevance_bound(p_y, mean_cross_entropy):
    p_y = ops.convert_to_tensor(p_y)
    safe = ops.where(p_y > 0, p_y, ops.ones_like(p_y))
    return -ops.sum(p_y * ops.log(safe)) - mean_cross_entropy

# %% question="vib_exact_discrete"
def vib_exact_discrete(p_xy, q_z_given_x, q_y_given_z, r_z, beta):
    encoder, r_z = ops.convert_to_tensor(q_z_given_x), ops.convert_to_tensor(r_z)
    p_zy = ops.matmul(ops.transpose(encoder), p_xy)
    cross_entropy = -ops.sum(p_zy * ops.log(q_y_given_z))
    ratio = ops.where(encoder > 0, encoder / r_z, ops.ones_like(encoder))
    p_x = ops.sum(p_xy, axis=1, keepdims=True)
    return cross_entropy + beta * ops.sum(p_x * encoder * ops.log(ratio))

# %% question="vib_predict_probs"
def vib_predict_probs(logits):
    return ops.mean(ops.softmax(logits, axis=-1), axis=0)

# %% question="Encoder"
@keras.saving.register_keras_serializable("a05_vib")
class Encoder(keras.layers.Layer):
    def __init__(self, latent_dim, hidden=(128,), **kwargs):
        super().__init__(**kwargs)
        self.latent_dim, self.hidden = latent_dim, tuple(hidden)
        self.hidden_layers = [keras.layers.Dense(units, activation="relu") for units in self.hidden]
        self.mean = keras.layers.Dense(latent_dim)
        self.log_variance = keras.layers.Dense(latent_dim)

    def call(self, x):
        for layer in self.hidden_layers:
            x = layer(x)
        return self.mean(x), self.log_variance(x)

    def get_config(self):
        return super().get_config() | {"latent_dim": self.latent_dim, "hidden": self.hidden}

# %% question="LabelDecoder"
@keras.saving.register_keras_serializable("a05_vib")
class LabelDecoder(keras.layers.Layer):
    def __init__(self, num_classes, hidden=(128,), **kwargs):
        super().__init__(**kwargs)
        self.num_classes, self.hidden = num_classes, tuple(hidden)
        self.hidden_layers = [keras.layers.Dense(units, activation="relu") for units in self.hidden]
        self.logits = keras.layers.Dense(num_classes)

    def call(self, z):
        for layer in self.hidden_layers:
            z = layer(z)
        return self.logits(z)

    def get_config(self):
        return super().get_config() | {"num_classes": self.num_classes, "hidden": self.hidden}

# %% question="VIB"
def sample_latent(mu, log_var, eps):
    return mu + ops.exp(0.5 * log_var) * eps


@keras.saving.register_keras_serializable("a05_vib")
class VIB(keras.Model):
    def __init__(self, event_dim, latent_dim, num_classes, hidden=(128,), beta=1e-3, **kwargs):
        super().__init__(**kwargs)
        self.event_dim, self.latent_dim, self.num_classes = event_dim, latent_dim, num_classes
        self.hidden, self.beta = tuple(hidden), beta
        self.encoder = Encoder(latent_dim, self.hidden)
        self.decoder = LabelDecoder(num_classes, self.hidden[::-1])
        self.noise_seed = keras.random.SeedGenerator()
        self.cross_entropy_mean = keras.metrics.Mean(name="cross_entropy")
        self.kl_mean = keras.metrics.Mean(name="kl")

    def loss_terms(self, x, y_onehot, eps):
        mu, log_var = self.encoder(x)
        logits = self.decoder(sample_latent(mu, log_var, eps))
        cross_entropy = -ops.mean(categorical_log_prob(y_onehot, logits), axis=0)
        return cross_entropy, kl_from_standard_normal(mu, log_var)

    def predict_probs(self, x, eps):
        return vib_predict_probs(self.decoder(sample_latent(*self.encoder(x), eps)))

    def fresh_noise(self, x):
        return keras.random.normal((1, ops.shape(x)[0], self.latent_dim), seed=self.noise_seed)

    def call(self, x):
        z = sample_latent(*self.encoder(x), self.fresh_noise(x))
        return self.decoder(z[0])

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        cross_entropy, kl = self.loss_terms(x, y, self.fresh_noise(x))
        self.cross_entropy_mean.update_state(cross_entropy)
        self.kl_mean.update_state(kl)
        return ops.mean(cross_entropy + self.beta * kl)

    def get_config(self):
        names = ("event_dim", "latent_dim", "num_classes", "hidden", "beta")
        return super().get_config() | {name: getattr(self, name) for name in names}
