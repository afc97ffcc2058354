"""Models with one fault, or none, and all that is said of them: what a fault does not break must
keep its points.

A row is (assignment, question, name, edits, lost): `edits` are pairs (old, new) that are made one
after the other, `lost` maps each property that may be lost to the names that are said of it.
"""

THREE = (
    (
        "return self.to_mu(h), self.to_log_var(h)",
        "return self.to_mu(h), self.to_log_var(h), self.to_mu(h)",
    ),
    ("mu, log_var = self.encoder(x)", "mu, log_var, _ = self.encoder(x)"),
)
THREE_OF_VIB = (("return mu, log_var\n", "return mu, log_var, mu\n"), THREE[1])
TERMS = "reconstruction, kl = self.loss_terms(x, self.fresh_noise(x))"
ONE_SAMPLE = """noise = self.fresh_noise(x)
        reconstruction, _ = self.loss_terms(x, noise)
        mu, log_var = self.encoder(x)
        z = sample_latent(mu, log_var, noise)[0]
        kl = 0.5 * tf.reduce_sum(z**2 - noise[0] ** 2 - log_var, axis=-1)"""
SQUASHED = (
    """return tf.sigmoid(self.to_x(h)) if getattr(self, "squashed", False) else self.to_x(h)"""
)
SEEDED = "        self.seed_generator = keras.random.SeedGenerator()"
SIGMOID = (
    ("return self.to_x(h)", SQUASHED),
    (SEEDED, f"        self.decoder.squashed = likelihood == BERNOULLI\n{SEEDED}"),
    ("px_given_z = tfd.Bernoulli(logits=self.decoder(z))",
     "px_given_z = tfd.Bernoulli(probs=tf.clip_by_value(self.decoder(z), 1e-6, 1 - 1e-6))"),
)  # fmt: skip
DECODER = "self.decoder = LabelDecoder(num_classes, tuple(reversed(self.hidden)))\n"
SOFTMAX = (
    (DECODER, DECODER.replace("self.decoder", "self.to_logits")
     + "        self.decoder = keras.layers.Lambda(lambda z: tf.nn.softmax(self.to_logits(z)))\n"),
    ("log_qy_given_z = categorical_log_prob(y_onehot, self.decoder(z))",
     "log_qy_given_z = categorical_log_prob(y_onehot, "
     "tf.math.log(tf.clip_by_value(self.decoder(z), 1e-7, 1.0)))"),
    ("return vib_predict_probs(self.decoder(z))", "return tf.reduce_mean(self.decoder(z), axis=0)"),
)  # fmt: skip
QUIET = (
    ("return mu, log_var\n", "return 0.001 * mu, 0.001 * log_var - 2.0\n"),
    ("return tf.reduce_mean(cross_entropy + self.beta * kl)",
     "return tf.reduce_sum(cross_entropy) + tf.reduce_mean(self.beta * kl)"),
    ("self.cross_entropy.update_state(cross_entropy)",
     "self.cross_entropy.update_state(tf.reduce_sum(cross_entropy))"),
)  # fmt: skip
PICTURES = """class Filters(keras.layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.filters = keras.layers.Conv2D(8, 3, padding="same", activation="relu")
        self.flatten = keras.layers.Flatten()

    def call(self, x):
        side = int(x.shape[-1] ** 0.5)
        return self.flatten(self.filters(tf.reshape(x, (-1, side, side, 1))))


class Painter(keras.layers.Layer):
    def __init__(self, event_dim, **kwargs):
        super().__init__(**kwargs)
        self.side = int(event_dim**0.5)
        self.spread = keras.layers.Dense(8 * event_dim, activation="relu")
        self.paint = keras.layers.Conv2DTranspose(1, 3, padding="same")

    def call(self, z):
        rows = tf.reshape(z, (-1, z.shape[-1]))
        painted = self.paint(tf.reshape(self.spread(rows), (-1, self.side, self.side, 8)))
        return tf.reshape(painted, tf.concat([tf.shape(z)[:-1], [self.side**2]], axis=0))


class Encoder(keras.layers.Layer):
"""
HIDDEN = (
    'self.hidden_layers = [keras.layers.Dense(units, activation="relu") for units in self.hidden]'
)
FILTERS = (
    (
        f"        {HIDDEN}\n        self.to_mu",
        "        self.hidden_layers = [Filters()]\n        self.to_mu",
    ),
    ("class Encoder(keras.layers.Layer):\n", PICTURES),
)
MLP = "self.mlp = networks.MLP(2 * latent_dim, self.hidden)"
FILTERS_OF_VIB = (
    (MLP, "self.filters, self.last = Filters(), keras.layers.Dense(2 * latent_dim)"),
    ("self.mlp(x)", "self.last(self.filters(x))"),
    FILTERS[1],
)
EACH_BATCH = tuple(
    (f"self.{name}.update_state({name})", f"self.{name}.update_state(tf.reduce_mean({name}))")
    for name in ("cross_entropy", "kl")
)

FAULTS = (
    ("a03_vae", "VAE", "metrics of other names",
     (('name="reconstruction")', 'name="reconstruction_loss")'), ('name="kl")', 'name="kl_loss")')),
     {"loss_per_example": "metrics_missing"}),
    ("a03_vae", "VAE", "an encoder that returns three values", THREE,
     {"elbo_bernoulli": "another_number_of_outputs"}),
    ("a03_vae", "Encoder", "an Encoder that returns three values", THREE,
     {"shapes": "another_number_of_outputs"}),
    ("a03_vae", "VAE", "a sigmoid behind the decoder", SIGMOID,
     {"elbo_bernoulli": "decoder_returns_probabilities"}),
    ("a03_vae", "VAE", "the KL of one sample in training", ((TERMS, ONE_SAMPLE),), {}),
    ("a03_vae", "VAE", "a convolutional VAE",
     (*FILTERS, ("self.to_x = keras.layers.Dense(event_dim)", "self.to_x = Painter(event_dim)")),
     {}),
    ("a03_vae", "Encoder", "a convolutional Encoder", FILTERS, {}),
    ("a03_vae", "Decoder", "a convolutional Decoder",
     (*FILTERS, ("self.to_x = keras.layers.Dense(event_dim)", "self.to_x = Painter(event_dim)")),
     {}),
    ("a05_vib", "VIB", "a convolutional VIB", FILTERS_OF_VIB, {}),
    ("a05_vib", "VIB", "an encoder of a VIB that returns three values", THREE_OF_VIB,
     {"loss_terms": "another_number_of_outputs"}),
    ("a05_vib", "Encoder", "an Encoder of a VIB that returns three values", THREE_OF_VIB,
     {"shapes": "another_number_of_outputs"}),
    ("a05_vib", "VIB", "log variances of a VIB that are never negative",
     (("return mu, log_var\n", "return mu, tf.nn.relu(log_var)\n"),),
     {"accuracy_passes_the_floor": "never_negative"}),
    ("a05_vib", "VIB", "softmax behind the decoder", SOFTMAX,
     {"loss_terms": "decoder_returns_probabilities"}),
    ("a05_vib", "VIB", "a cross-entropy that is summed, a KL that is the same for all", QUIET,
     {"training": "cross_entropy_summed_over_batch", "accuracy_passes_the_floor": ""}),
    ("a05_vib", "VIB", "means of each batch as metrics", EACH_BATCH, {}),
)  # fmt: skip
