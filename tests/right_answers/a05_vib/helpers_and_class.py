"""Answers to a05_vib with small helpers, closures and a class."""

# %% question="categorical_log_prob"
def label_of(y_onehot):
    return tf.argmax(y_onehot, axis=-1, output_type=tf.int32)


def cross_entropies(y_onehot, logits):
    labels = tf.broadcast_to(label_of(y_onehot), tf.shape(logits)[:-1])
    return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)


def categorical_log_prob(y_onehot, logits):
    return tf.negative(cross_entropies(y_onehot, logits))

# %% question="vib_rate"
class DiagonalGaussian:
    """N(mean, diag exp(log_var)), one for each row."""

    def __init__(self, mean, log_var):
        self.mean, self.log_var = tf.convert_to_tensor(mean), tf.convert_to_tensor(log_var)

    @property
    def variance(self):
        return tf.exp(self.log_var)

    def moved(self, eps):
        return self.mean + tf.sqrt(self.variance) * eps

    def kl_from_standard(self):
        second_moment = self.mean**2 + self.variance
        dimensions = tf.cast(tf.shape(self.mean)[-1], second_moment.dtype)
        return (tf.reduce_sum(second_moment, -1) - tf.reduce_sum(self.log_var, -1) - dimensions) / 2


def vib_rate(mu, log_var):
    return tf.reduce_mean(DiagonalGaussian(mu, log_var).kl_from_standard())

# %% question="vib_loss"
def lagrangian(beta):
    def combine(distortion, rate):
        return distortion + beta * rate

    return combine


def vib_loss(y_onehot, logits, mu, log_var, beta):
    priced = lagrangian(beta)
    return priced(tf.reduce_mean(cross_entropies(y_onehot, logits)), vib_rate(mu, log_var))

# %% question="vib_relevance_bound"
def entropy(probabilities):
    return sum(-p * np.log(p) for p in map(float, probabilities) if p > 0.0)


def vib_relevance_bound(p_y, mean_cross_entropy):
    return entropy(p_y) - mean_cross_entropy

# %% question="vib_exact_discrete"
class DiscreteBottleneck:
    def __init__(self, p_xy, encoder):
        self.p_xy, self.encoder = np.asarray(p_xy, float), np.asarray(encoder, float)
        self.p_x = self.p_xy.sum(axis=1)

    def cross_entropy(self, decoder):
        log_decoder = np.log(np.asarray(decoder, float))
        return -np.tensordot(self.p_xy, self.encoder @ log_decoder, axes=2)

    def rate(self, reference):
        surprise = -np.log(np.asarray(reference, float))
        entropies = np.array([entropy(row) for row in self.encoder])
        return self.p_x @ (self.encoder @ surprise - entropies)


def vib_exact_discrete(p_xy, q_z_given_x, q_y_given_z, r_z, beta):
    world = DiscreteBottleneck(p_xy, q_z_given_x)
    return lagrangian(beta)(world.cross_entropy(q_y_given_z), world.rate(r_z))

# %% question="vib_predict_probs"
def averaged(function):
    return lambda values: tf.reduce_mean(function(values), axis=0)


vib_predict_probs = averaged(tf.nn.softmax)

# %% question="Encoder"
def encoder_network(event_dim, latent_dim, hidden):
    x = features = keras.Input((event_dim,))
    for units in hidden:
        features = keras.layers.Dense(units, activation="elu")(features)
    heads = [keras.layers.Dense(latent_dim, name=name)(features) for name in ("mu", "log_var")]
    return keras.Model(x, heads, name="encoder")


@keras.saving.register_keras_serializable("a05_vib")
class Encoder(keras.layers.Layer):
    def __init__(self, latent_dim, hidden=(128,), **kwargs):
        super().__init__(**kwargs)
        self.latent_dim, self.hidden = latent_dim, tuple(hidden)

    def build(self, input_shape):
        self.network = encoder_network(input_shape[-1], self.latent_dim, self.hidden)

    def call(self, x):
        return self.network(x)

    def get_config(self):
        return super().get_config() | {"latent_dim": self.latent_dim, "hidden": self.hidden}

# %% question="LabelDecoder"
@keras.saving.register_keras_serializable("a05_vib")
class OverLeadingAxes(keras.layers.Layer):
    """Applies a network for rows `[n, K]` to tensors `[..., K]`."""

    def __init__(self, network, **kwargs):
        super().__init__(**kwargs)
        self.network = network

    def call(self, z):
        answers = self.network(tf.reshape(z, (-1, z.shape[-1])))
        return tf.reshape(answers, tf.concat([tf.shape(z)[:-1], [answers.shape[-1]]], axis=0))


def decoder_network(latent_dim, num_classes, hidden):
    layers = [keras.layers.Dense(units, activation="elu") for units in hidden]
    rows = keras.Sequential([keras.Input((latent_dim,)), *layers, keras.layers.Dense(num_classes)])
    return OverLeadingAxes(rows, name="decoder")


@keras.saving.register_keras_serializable("a05_vib")
class LabelDecoder(keras.layers.Layer):
    def __init__(self, num_classes, hidden=(128,), **kwargs):
        super().__init__(**kwargs)
        self.num_classes, self.hidden = num_classes, tuple(hidden)

    def build(self, input_shape):
        self.network = decoder_network(input_shape[-1], self.num_classes, self.hidden)

    def call(self, z):
        return self.network(z)

    def get_config(self):
        return super().get_config() | {"num_classes": self.num_classes, "hidden": self.hidden}

# %% question="VIB"
# Networks of its own: neither `Encoder` nor `LabelDecoder`.
def sample_latent(mu, log_var, eps):
    return DiagonalGaussian(mu, log_var).moved(eps)


@keras.saving.register_keras_serializable("a05_vib")
class VIB(keras.Model):
    def __init__(self, event_dim, latent_dim, num_classes, hidden=(128,), beta=1e-3, **kwargs):
        super().__init__(**kwargs)
        self.event_dim, self.latent_dim, self.num_classes = event_dim, latent_dim, num_classes
        self.hidden, self.beta = tuple(hidden), beta
        self.encoder = encoder_network(event_dim, latent_dim, self.hidden)
        self.decoder = decoder_network(latent_dim, num_classes, self.hidden[::-1])
        self.generator = keras.random.SeedGenerator()
        self.reported = [keras.metrics.Mean(name="cross_entropy"), keras.metrics.Mean(name="kl")]

    def logits_of(self, code, eps):
        return self.decoder(code.moved(eps))

    def loss_terms(self, x, y_onehot, eps):
        code = DiagonalGaussian(*self.encoder(x))
        cross_entropy = cross_entropies(y_onehot, self.logits_of(code, eps))
        return tf.reduce_mean(cross_entropy, axis=0), code.kl_from_standard()

    def predict_probs(self, x, eps):
        return vib_predict_probs(self.logits_of(DiagonalGaussian(*self.encoder(x)), eps))

    def fresh_noise(self, x):
        return keras.random.normal((1, tf.shape(x)[0], self.latent_dim), seed=self.generator)

    def call(self, x):
        return self.logits_of(DiagonalGaussian(*self.encoder(x)), self.fresh_noise(x)[0])

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        terms = self.loss_terms(x, y, self.fresh_noise(x))
        for metric, values in zip(self.reported, terms, strict=True):
            metric.update_state(values)
        return tf.reduce_mean(lagrangian(self.beta)(*terms))

    def get_config(self):
        names = ("event_dim", "latent_dim", "num_classes", "hidden", "beta")
        return super().get_config() | {name: getattr(self, name) for name in names}
