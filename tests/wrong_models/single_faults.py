"""Models with one fault, or none, and all that is said of them: what a fault does not break must keep its points.

A row is (assignment, question, name, edits, lost): `edits` are pairs (old, new) that are made one after the other, `lost` maps
each property that may be lost to the names that are said of it.
"""

THREE = (
    ("return self.to_mu(x), self.to_log_var(x)", "return self.to_mu(x), self.to_log_var(x), self.to_mu(x)"),
    ("q_mu, q_log_var = self.encoder(x)", "q_mu, q_log_var, _ = self.encoder(x)"),
)
TWO_TERMS = "minus_log_px, kl_to_prior = self.two_terms(x, self.draw_noise(x))"
ONE_SAMPLE = """noise = self.draw_noise(x)
        minus_log_px, _ = self.two_terms(x, noise)
        q_mu, q_log_var = self.encoder(x)
        z = sample_latent(q_mu, q_log_var, noise)[0]
        kl_to_prior = 0.5 * tf.reduce_sum(z**2 - noise[0] ** 2 - q_log_var, axis=-1)"""
SQUASHED = """return tf.sigmoid(self.to_x(z)) if getattr(self, "squashed", False) else self.to_x(z)"""
SIGMOID = (
    ("return self.to_x(z)", SQUASHED),
    ("        self.noise = keras.random.SeedGenerator()",
     "        self.decoder.squashed = likelihood == BERNOULLI\n        self.noise = keras.random.SeedGenerator()"),
    ("px_given_z = tfd.Bernoulli(logits=x_parameters)",
     "px_given_z = tfd.Bernoulli(probs=tf.clip_by_value(x_parameters, 1e-6, 1 - 1e-6))"),
)  # fmt: skip
SOFTMAX = (
    ("return self.to_logits(z)", "return tf.nn.softmax(self.to_logits(z))"),
    ("tfd.OneHotCategorical(logits=logits)", "tfd.OneHotCategorical(probs=tf.clip_by_value(logits, 1e-7, 1.0))"),
    ("return vib_predict_probs(self.decoder(sample_latent(q_mu, q_log_var, eps)))",
     "return tf.reduce_mean(self.decoder(sample_latent(q_mu, q_log_var, eps)), axis=0)"),
)  # fmt: skip
QUIET = (
    ("return self.to_mu(x), self.to_log_var(x)", "return 0.001 * self.to_mu(x), 0.001 * self.to_log_var(x) - 2.0"),
    ("return tf.reduce_mean(minus_log_qy + self.beta * kl_to_reference)",
     "return tf.reduce_sum(minus_log_qy) + tf.reduce_mean(self.beta * kl_to_reference)"),
    ("self.cross_entropy.update_state(minus_log_qy)", "self.cross_entropy.update_state(tf.reduce_sum(minus_log_qy))"),
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
TRUNK = 'self.trunk = [keras.layers.Dense(size_of_layer, activation="relu") for size_of_layer in self.hidden]'
FILTERS = (
    ("        " + TRUNK + "\n        self.to_mu", "        self.trunk = [Filters()]\n        self.to_mu"),
    ("class Encoder(keras.layers.Layer):\n", PICTURES),
)
EACH_BATCH = tuple(
    (f"self.{name}.update_state({value})", f"self.{name}.update_state(tf.reduce_mean({value}))")
    for name, value in (("cross_entropy", "minus_log_qy"), ("kl", "kl_to_reference"))
)

FAULTS = (
    ("a03_vae", "VAE", "metrics of other names",
     (('name="reconstruction")', 'name="reconstruction_loss")'), ('name="kl")', 'name="kl_loss")')),
     {"loss_per_example": "metrics_missing"}),
    ("a03_vae", "VAE", "an encoder that returns three values", THREE, {"elbo_bernoulli": "another_number_of_outputs"}),
    ("a03_vae", "Encoder", "an Encoder that returns three values", THREE, {"shapes": "another_number_of_outputs"}),
    ("a03_vae", "VAE", "a sigmoid behind the decoder", SIGMOID, {"elbo_bernoulli": "decoder_returns_probabilities"}),
    ("a03_vae", "VAE", "the KL of one sample in training", ((TWO_TERMS, ONE_SAMPLE),), {}),
    ("a03_vae", "VAE", "a convolutional VAE",
     (*FILTERS, ("self.to_x = keras.layers.Dense(event_dim)", "self.to_x = Painter(event_dim)")), {}),
    ("a03_vae", "Encoder", "a convolutional Encoder", FILTERS, {}),
    ("a03_vae", "Decoder", "a convolutional Decoder",
     (*FILTERS, ("self.to_x = keras.layers.Dense(event_dim)", "self.to_x = Painter(event_dim)")), {}),
    ("a05_vib", "VIB", "a convolutional VIB", FILTERS, {}),
    ("a05_vib", "VIB", "an encoder of a VIB that returns three values", THREE, {"loss_terms": "another_number_of_outputs"}),
    ("a05_vib", "VIB", "softmax behind the decoder", SOFTMAX, {"loss_terms": "decoder_returns_probabilities"}),
    ("a05_vib", "VIB", "a cross-entropy that is summed, a KL that is the same for all", QUIET,
     {"training": "cross_entropy_summed_over_the_batch", "accuracy_passes_the_floor": ""}),
    ("a05_vib", "VIB", "means of each batch as metrics", EACH_BATCH, {}),
)  # fmt: skip
