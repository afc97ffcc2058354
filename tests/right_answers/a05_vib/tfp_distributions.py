"""Answers to a05_vib with the distributions of TensorFlow Probability."""

# %% question="categorical_log_prob"
def categorical_log_prob(y_onehot, logits):
    return tfd.OneHotCategorical(logits=logits, dtype=tf.float32).log_prob(y_onehot)

# %% question="vib_rate"
def code_distribution(mu, log_var):
    return tfd.Independent(tfd.Normal(mu, tf.exp(0.5 * log_var)), reinterpreted_batch_ndims=1)


def reference_like(mu):
    return tfd.Independent(tfd.Normal(tf.zeros_like(mu), tf.ones_like(mu)), reinterpreted_batch_ndims=1)


def vib_rate(mu, log_var):
    return tf.reduce_mean(tfd.kl_divergence(code_distribution(mu, log_var), reference_like(mu)))

# %% question="vib_loss"
def vib_loss(y_onehot, logits, mu, log_var, beta):
    relevance = tfd.OneHotCategorical(logits=logits, dtype=tf.float32).log_prob(y_onehot)
    kl = code_distribution(mu, log_var).kl_divergence(reference_like(mu))
    return tf.reduce_mean(beta * kl - tf.reduce_mean(relevance, axis=0))

# %% question="vib_relevance_bound"
def vib_relevance_bound(p_y, mean_cross_entropy):
    return tfd.Categorical(probs=p_y).entropy() - mean_cross_entropy

# %% question="vib_exact_discrete"
def vib_exact_discrete(p_xy, q_z_given_x, q_y_given_z, r_z, beta):
    p_x = tf.reduce_sum(p_xy, axis=1)
    labels = tfd.Categorical(probs=q_y_given_z)
    log_decoder = tf.stack([labels.log_prob(label) for label in range(p_xy.shape[1])])
    expected = tf.linalg.matmul(log_decoder, q_z_given_x, transpose_b=True)
    kl = tfd.kl_divergence(tfd.Categorical(probs=q_z_given_x), tfd.Categorical(probs=r_z))
    return -tf.reduce_sum(p_xy * tf.transpose(expected)) + beta * tf.tensordot(p_x, kl, 1)

# %% question="vib_predict_probs"
def vib_predict_probs(logits):
    num_samples = tf.shape(logits)[0]
    mixture = tfd.MixtureSameFamily(
        tfd.Categorical(logits=tf.zeros(num_samples)),
        tfd.OneHotCategorical(logits=tf.transpose(logits, (1, 0, 2))),
    )
    return mixture.mean()

# %% question="Encoder"
def dense_stack(sizes):
    return [keras.layers.Dense(size, activation="gelu", kernel_initializer="he_normal") for size in sizes]


@keras.saving.register_keras_serializable("a05_vib")
class Encoder(keras.layers.Layer):
    def __init__(self, latent_dim, hidden=(128,), **kwargs):
        super().__init__(**kwargs)
        self.latent_dim, self.hidden = latent_dim, tuple(hidden)
        self.layers_in_order = [*dense_stack(self.hidden), keras.layers.Dense(2 * latent_dim)]

    def build(self, input_shape):
        for layer in self.layers_in_order:
            layer.build(input_shape)
            input_shape = layer.compute_output_shape(input_shape)

    def call(self, x):
        for layer in self.layers_in_order:
            x = layer(x)
        return tf.split(x, 2, axis=-1)

    def get_config(self):
        return super().get_config() | {"latent_dim": self.latent_dim, "hidden": self.hidden}

# %% question="LabelDecoder"
@keras.saving.register_keras_serializable("a05_vib")
class LabelDecoder(keras.layers.Layer):
    def __init__(self, num_classes, hidden=(128,), **kwargs):
        super().__init__(**kwargs)
        self.num_classes, self.hidden = num_classes, tuple(hidden)
        self.layers_in_order = [*dense_stack(self.hidden), keras.layers.Dense(num_classes)]

    def build(self, input_shape):
        for layer in self.layers_in_order:
            layer.build(input_shape)
            input_shape = layer.compute_output_shape(input_shape)

    def call(self, z):
        for layer in self.layers_in_order:
            z = layer(z)
        return z

    def get_config(self):
        return super().get_config() | {"num_classes": self.num_classes, "hidden": self.hidden}

# %% question="VIB"
tfb = tfp.bijectors


def sample_latent(mu, log_var, eps):
    return tfb.Shift(mu)(tfb.Scale(log_scale=0.5 * log_var)(eps))


@keras.saving.register_keras_serializable("a05_vib")
class VIB(keras.Model):
    def __init__(self, event_dim, latent_dim, num_classes, hidden=(128,), beta=1e-3, **kwargs):
        super().__init__(**kwargs)
        self.event_dim, self.latent_dim, self.num_classes = event_dim, latent_dim, num_classes
        self.hidden, self.beta = tuple(hidden), beta
        self.encoder = Encoder(latent_dim, hidden)
        self.decoder = LabelDecoder(num_classes, tuple(reversed(hidden)))
        self.encoder.build((None, event_dim))
        self.decoder.build((None, latent_dim))
        self.built = True
        self.seeds = keras.random.SeedGenerator()
        self.trackers = {name: keras.metrics.Mean(name=name) for name in ("loss", "cross_entropy", "kl")}

    @property
    def metrics(self):
        return list(self.trackers.values())

    def given_sample(self, x, eps):
        mu, log_var = self.encoder(x)
        logits = self.decoder(sample_latent(mu, log_var, eps))
        return code_distribution(mu, log_var), tfd.OneHotCategorical(logits=logits, dtype=tf.float32)

    def loss_terms(self, x, y_onehot, eps):
        code, label = self.given_sample(x, eps)
        reference = tfd.Independent(tfd.Normal(tf.zeros(self.latent_dim), 1.0), 1)
        return -tf.reduce_mean(label.log_prob(y_onehot), axis=0), tfd.kl_divergence(code, reference)

    def predict_probs(self, x, eps):
        _, label = self.given_sample(x, eps)
        return tf.reduce_mean(label.mean(), axis=0)

    def fresh_noise(self, x):
        return tf.random.stateless_normal((1, tf.shape(x)[0], self.latent_dim), seed=self.seeds.next())

    def call(self, x):
        _, label = self.given_sample(x, self.fresh_noise(x))
        return label.logits[0]

    def step(self, data):
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        cross_entropy, kl = self.loss_terms(x, y, self.fresh_noise(x))
        loss = cross_entropy + self.beta * kl
        for name, values in (("loss", loss), ("cross_entropy", cross_entropy), ("kl", kl)):
            self.trackers[name].update_state(values)
        return tf.reduce_mean(loss)

    def train_step(self, data):
        with tf.GradientTape() as tape:
            loss = self.step(data)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        return {name: tracker.result() for name, tracker in self.trackers.items()}

    def test_step(self, data):
        self.step(data)
        return {name: tracker.result() for name, tracker in self.trackers.items()}

    def get_config(self):
        names = ("event_dim", "latent_dim", "num_classes", "hidden", "beta")
        return super().get_config() | {name: getattr(self, name) for name in names}
