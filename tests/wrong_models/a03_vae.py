"""Models that are wrong, each one edit away from the right one: all of them train without an error.

An edit is (name, old, new, question, broken, mistake): it replaces `old` by `new` in the solution's
text (once, or wherever it stands), and breaks `broken` of `question`; the values tell `mistake`, or
nothing where that is empty.
"""

SAMPLE = "return mu + tf.exp(0.5 * log_var) * eps\n"
KL = "tfd.kl_divergence(q, p)"
RETURNED = f"return reconstruction, {KL}"
DRAW = "return keras.random.normal((1, tf.shape(x)[0], self.latent_dim), seed=self.seed_generator)"
MEAN = "return tf.reduce_mean(reconstruction + kl)"
# That of the model alone.
RECONSTRUCTION = "        reconstruction = -tf.reduce_mean(log_px_given_z, axis=0)\n"
PIXELS = "px_given_z = tfd.Normal(self.decoder(z), self.sigma)"
ELBO = "return -reconstruction - kl"
TERMS = "reconstruction, kl = self.loss_terms(x, self.fresh_noise(x))"
DECODED = "return self.decoder(z)\n"
VARIABLE = (
    "self.inner, self.offset = keras.layers.Dense(latent_dim), tf.Variable(tf.zeros(latent_dim))\n"
    "        self.to_log_var = lambda h: self.inner(h) + self.offset"
)

# Pixels are binary here; of grey ones the model's own stays.
THROUGH_KERAS = """\
        if self.likelihood == BERNOULLI:
            pixels = tf.zeros_like(self.decoder(z)) + x
            reconstruction = tf.reduce_mean(tf.reduce_sum(
                keras.ops.binary_crossentropy(pixels, tf.sigmoid(self.decoder(z))), -1), 0)
        else:
            reconstruction = -tf.reduce_mean(log_px_given_z, axis=0)
"""
BUILT = "self.decoder(tf.zeros((1, latent_dim)))\n"
EDITS = (
    # By Keras, which keeps probabilities 1e-7 away from 0 and 1.
    ("a cross-entropy of probabilities", RECONSTRUCTION, THROUGH_KERAS, "VAE", "elbo_bernoulli",
     "reconstruction_cut_off"),
    # What is not trained at all is not cut off.
    ("a frozen encoder", BUILT, f"{BUILT}        self.encoder.trainable = False\n",
     "VAE", "training_passes_the_floor", "encoder_not_trained"),
    ("a frozen decoder", BUILT, f"{BUILT}        self.decoder.trainable = False\n",
     "VAE", "training_passes_the_floor", "decoder_not_trained"),
    # What the sample is made of.
    ("stop_gradient in the sampler", SAMPLE,
     "return tf.stop_gradient(mu + tf.exp(0.5 * log_var) * eps)\n", "VAE",
     "training_passes_the_floor", "posterior_collapsed"),
    ("stop_gradient in the sampler, asked for its gradient", SAMPLE,
     "return tf.stop_gradient(mu + tf.exp(0.5 * log_var) * eps)\n",
     "sample_latent", "gradient", "no_gradient_through_the_sample"),
    ("log_var as log sigma in the sampler", SAMPLE, "return mu + tf.exp(log_var) * eps\n",
     "VAE", "elbo_bernoulli", "sampler_log_var_as_log_sigma"),
    ("the mean instead of a sample", SAMPLE, "return mu + 0 * tf.exp(0.5 * log_var) * eps\n",
     "VAE", "elbo_bernoulli", "sampler_without_noise"),
    ("noise that is not scaled", SAMPLE, "return mu + eps\n", "VAE", "elbo_bernoulli",
     "sampler_without_sigma"),
    ("noise with a minus", SAMPLE, "return mu - tf.exp(0.5 * log_var) * eps\n", "VAE",
     "elbo_bernoulli", "sampler_minus"),
    ("one noise for the batch, in the sampler", SAMPLE,
     "return mu + tf.exp(0.5 * log_var) * eps[:, :1]\n", "VAE", "elbo_bernoulli",
     "sampler_one_noise_for_the_batch"),
    ("one noise for all dimensions, in the sampler", SAMPLE,
     "return mu + tf.exp(0.5 * log_var) * eps[..., :1]\n", "VAE", "elbo_bernoulli",
     "sampler_one_noise_for_all_dimensions"),
    # The networks.
    ("softplus on log_var", "return self.to_mu(h), self.to_log_var(h)",
     "return self.to_mu(h), tf.nn.softplus(self.to_log_var(h))", "Encoder", "linear_outputs",
     "never_negative"),
    ("relu on mu", "return self.to_mu(h), self.to_log_var(h)",
     "return tf.nn.relu(self.to_mu(h)), self.to_log_var(h)", "Encoder", "linear_outputs",
     "never_negative"),
    ("tanh on log_var", "self.to_log_var = keras.layers.Dense(latent_dim)",
     'self.to_log_var = keras.layers.Dense(latent_dim, activation="tanh")',
     "Encoder", "linear_outputs", "tanh_at_the_end"),
    ("log_var clipped to 2", "return self.to_mu(h), self.to_log_var(h)",
     "return self.to_mu(h), tf.clip_by_value(self.to_log_var(h), -2.0, 2.0)", "Encoder",
     "linear_outputs", "cut_off"),
    ("mu and log_var from one head", "return self.to_mu(h), self.to_log_var(h)",
     "return self.to_mu(h), self.to_mu(h)", "Encoder", "deterministic", "one_head_for_both"),
    ("noise in the encoder", "return self.to_mu(h), self.to_log_var(h)",
     "return self.to_mu(h) + 0.1 * tf.random.normal(tf.shape(self.to_mu(h))), self.to_log_var(h)",
     "Encoder", "deterministic", "random_inside"),
    ("a constant log_var", "return self.to_mu(h), self.to_log_var(h)",
     "return self.to_mu(h), self.to_log_var(0 * h)", "Encoder", "deterministic", "input_ignored"),
    ("normalised over the batch", "return self.to_mu(h), self.to_log_var(h)",
     "h = h - tf.reduce_mean(h, axis=0)\n        return self.to_mu(h), self.to_log_var(h)",
     "Encoder", "deterministic", "examples_mixed"),
    ("a tf.Variable in the encoder", "self.to_log_var = keras.layers.Dense(latent_dim)", VARIABLE,
     "Encoder", "every_weight_counts", "hidden_parameters"),
    ("a tf.Variable in the encoder of a whole model",
     "self.to_log_var = keras.layers.Dense(latent_dim)", VARIABLE, "VAE", "every_weight_learns",
     "hidden_parameters"),
    ("sigmoid in the decoder", "self.to_x = keras.layers.Dense(event_dim)",
     'self.to_x = keras.layers.Dense(event_dim, activation="sigmoid")', "Decoder", "linear_outputs",
     "sigmoid_at_the_end"),
    ("sigmoid in the decoder, twice in the loss", "self.to_x = keras.layers.Dense(event_dim)",
     'self.to_x = keras.layers.Dense(event_dim, activation="sigmoid")',
     "VAE", "training_passes_the_floor", "sigmoid_twice"),
    ("relu in the decoder", "return self.to_x(h)", "return tf.nn.relu(self.to_x(h))",
     "Decoder", "linear_outputs", "never_negative"),
    ("layers whose output is lost",
     "h = z\n        for layer in self.hidden_layers:\n            h = layer(h)",
     "h = z\n        for layer in self.hidden_layers:\n            layer(h)", "Decoder",
     "every_weight_counts", "idle_weight"),
    ("layers of the encoder whose output is lost",
     "h = x\n        for layer in self.hidden_layers:\n            h = layer(h)",
     "h = x\n        for layer in self.hidden_layers:\n            layer(h)", "Encoder",
     "every_weight_counts", "idle_weight"),
    ("a third output of the encoder", "return self.to_mu(h), self.to_log_var(h)",
     "return self.to_mu(h), self.to_log_var(h), self.to_mu(h)", "Encoder", "shapes",
     "another_number_of_outputs"),
    ("a decoder of rows alone", "return self.to_x(h)",
     "return self.to_x(tf.reshape(h, (-1, h.shape[-1])))", "Decoder", "shapes", "wrong_shape"),
    ("noise in the decoder", "return self.to_x(h)",
     "return self.to_x(h) + 0.1 * tf.random.normal(tf.shape(self.to_x(h)))", "Decoder",
     "deterministic", "random_inside"),
    # The terms.
    ("KL averaged over dimensions", RETURNED, f"{RETURNED} / self.latent_dim",
     "VAE", "elbo_bernoulli", "kl_averaged_over_dimensions"),
    ("KL counted twice", RETURNED, f"return reconstruction, 2 * {KL}", "VAE", "elbo_bernoulli",
     "kl_counted_twice"),
    ("KL missing", RETURNED, f"return reconstruction, 0 * {KL}", "VAE", "elbo_bernoulli",
     "kl_missing"),
    ("KL averaged over the batch", RETURNED,
     f"return reconstruction, tf.reduce_mean({KL}) + 0 * reconstruction", "VAE", "elbo_bernoulli",
     "kl_averaged_over_batch"),
    ("log_var as log sigma in the KL", RETURNED,
     "return reconstruction, tfd.kl_divergence(tfd.MultivariateNormalDiag(mu, tf.exp(log_var)), p)",
     "VAE", "elbo_bernoulli", "kl_log_var_as_log_sigma"),
    ("reconstruction averaged over pixels", RETURNED,
     f"return reconstruction / self.event_dim, {KL}", "VAE", "elbo_bernoulli",
     "reconstruction_averaged_over_pixels"),
    ("Listing 1", RETURNED, f"return tf.reduce_sum(reconstruction) + 0 * reconstruction, {KL}",
     "VAE", "elbo_bernoulli", "reconstruction_summed_over_batch"),
    ("samples summed", RECONSTRUCTION, RECONSTRUCTION.replace("reduce_mean", "reduce_sum"),
     "VAE", "elbo_bernoulli", "samples_summed"),
    ("first sample only", RECONSTRUCTION, "        reconstruction = -log_px_given_z[0]\n",
     "VAE", "elbo_bernoulli", "first_sample_only"),
    ("sigmoid before the likelihood", "px_given_z = tfd.Bernoulli(logits=self.decoder(z))",
     "px_given_z = tfd.Bernoulli(logits=tf.sigmoid(self.decoder(z)))", "VAE", "elbo_bernoulli",
     "sigmoid_twice"),
    ("ELBO with the sign of the loss", ELBO,
     "return reconstruction + kl", "VAE", "elbo_bernoulli", "elbo_is_the_loss"),
    ("ELBO with noise of its own", "reconstruction, kl = self.loss_terms(x, eps)",
     "reconstruction, kl = self.loss_terms(x, tf.random.normal(tf.shape(eps)))",
     "VAE", "elbo_bernoulli", "elbo_draws_its_own_noise"),
    ("sigma as variance", PIXELS, PIXELS.replace("self.sigma", "self.sigma**0.5"),
     "VAE", "elbo_gaussian", "sigma_as_variance"),
    ("sigma ignored", PIXELS, PIXELS.replace("self.sigma", "1.0"),
     "VAE", "elbo_gaussian", "sigma_ignored"),
    ("Bernoulli for Gaussian", PIXELS, "px_given_z = tfd.Bernoulli(logits=self.decoder(z))",
     "VAE", "elbo_gaussian", "bernoulli_for_gaussian"),
    # The noise.
    ("a loss of the KL alone", MEAN, "return tf.reduce_mean(kl)", "VAE", "fresh_noise", ""),
    ("the mean in call", DECODED, "return self.decoder(mu)\n", "VAE", "fresh_noise", "no_noise"),
    ("one noise for the batch", DRAW,
     "return keras.random.normal((1, 1, self.latent_dim), seed=self.seed_generator)", "VAE",
     "fresh_noise", "one_noise_for_the_batch"),
    ("one noise for all dimensions", DRAW,
     "return keras.random.normal((1, tf.shape(x)[0], 1), "
     "seed=self.seed_generator) * tf.ones(self.latent_dim)",
     "VAE", "fresh_noise", "one_noise_for_all_dimensions"),
    ("seed reset inside the call", DRAW,
     "return keras.random.normal((1, tf.shape(x)[0], self.latent_dim), seed=7)", "VAE",
     "fresh_noise", "same_noise_at_every_call"),
    ("noise drawn when the step is traced", DRAW,
     "return tf.constant(np.random.normal(size=(1, x.shape[0] or 64, self.latent_dim)), "
     "tf.float32)[:, : tf.shape(x)[0]]",
     "VAE", "fresh_noise", "noise_frozen_in_training"),
    ("probabilities from call", DECODED, "return tf.sigmoid(self.decoder(z))\n",
     "VAE", "fresh_noise", "call_returns_probabilities"),
    # The loss and the training.
    ("loss that grows with the batch", MEAN, "return tf.reduce_sum(reconstruction + kl)",
     "VAE", "loss_per_example", "loss_summed_over_batch"),
    ("maximised loss", MEAN,
     "return -tf.reduce_mean(reconstruction + kl)", "VAE", "loss_per_example", "loss_negated"),
    ("maximised loss, after training", MEAN, "return -tf.reduce_mean(reconstruction + kl)",
     "VAE", "training_passes_the_floor", "training_lowers_the_elbo"),
    ("log variances that are never negative", "self.encoder = Encoder(latent_dim, self.hidden)",
     "inner = Encoder(latent_dim, self.hidden)\n"
     "        self.encoder = keras.layers.Lambda(lambda x: (inner(x)[0], "
     "tf.nn.softplus(inner(x)[1])))\n"
     "        self.inner = inner", "VAE", "training_passes_the_floor", "never_negative"),
    ("a reversed KL in the loss alone", MEAN,
     "mu, log_var = self.encoder(x)\n"
     "        reversed_kl = 0.5 * tf.reduce_sum((1 + mu**2) * tf.exp(-log_var) + log_var - 1, "
     "axis=-1)\n"
     "        return tf.reduce_mean(reconstruction + reversed_kl)", "VAE", "loss_per_example",
     "loss_of_something_else"),
    ("a weight of the KL", MEAN, "return tf.reduce_mean(reconstruction + 0.7 * kl)",
     "VAE", "loss_per_example", "another_beta"),
    ("a loss in bits", MEAN, "return tf.reduce_mean(reconstruction + kl) / np.log(2.0)",
     "VAE", "loss_per_example", "loss_in_bits"),
    ("KL twice in the loss alone", MEAN, "return tf.reduce_mean(reconstruction + 2 * kl)",
     "VAE", "loss_per_example", "kl_counted_twice"),
    ("KL averaged over dimensions in the loss alone", MEAN,
     "return tf.reduce_mean(reconstruction + kl / self.latent_dim)",
     "VAE", "loss_per_example", "kl_averaged_over_dimensions"),
    ("reconstruction averaged over pixels in the loss alone", MEAN,
     "return tf.reduce_mean(reconstruction / self.event_dim + kl)",
     "VAE", "loss_per_example", "reconstruction_averaged_over_pixels"),
    ("only the decoder trained", "self.encoder = Encoder(latent_dim, self.hidden)",
     "self.encoder = Encoder(latent_dim, self.hidden)\n        self.encoder.trainable = False",
     "VAE", "every_weight_learns", "encoder_not_trained"),
    ("only the encoder trained", "self.decoder = Decoder(event_dim, tuple(reversed(self.hidden)))",
     "self.decoder = Decoder(event_dim, tuple(reversed(self.hidden)))\n"
     "        self.decoder.trainable = False",
     "VAE", "every_weight_learns", "decoder_not_trained"),
    ("the test set in training", "    def loss_terms(self, x, eps):",
     "    def fit(self, x, **options):\n"
     '        return super().fit(np.concatenate([x, load("digits").x_test]), **options)\n\n'
     "    def loss_terms(self, x, eps):",
     "VAE", "loss_per_example", "trains_on_test_images"),
    ("Bernoulli for Gaussian in training only", TERMS,
     "likelihood, self.likelihood = self.likelihood, BERNOULLI\n"
     f"        {TERMS}\n        self.likelihood = likelihood",
     "VAE", "loss_per_example", "bernoulli_for_gaussian"),
    ("sigma ignored in training only", TERMS,
     "sigma, self.sigma = self.sigma, 1.0\n"
     f"        {TERMS}\n        self.sigma = sigma",
     "VAE", "loss_per_example", "sigma_ignored"),
    ("metrics not reported", "self.kl.update_state(kl)", "pass", "VAE", "loss_per_example",
     "kl_missing"),
)  # fmt: skip
