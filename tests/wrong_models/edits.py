"""Models that are wrong, each one edit away from the right one: all of them train without an error.

An `Edit` replaces `old` by `new` in the solution's text (once, or wherever it stands), and breaks `broken` of `question`; the
values tell `mistake`, or nothing where that is empty.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Edit:
    name: str
    old: str
    new: str
    question: str
    broken: str
    mistake: str


SAMPLE = "return mu + tf.exp(0.5 * log_var) * eps\n"
KL = "tfd.kl_divergence(tfd.MultivariateNormalDiag(q_mu, tf.exp(0.5 * q_log_var)), prior)"
RETURNED = f"return -log_px_given_z, {KL}"
DRAW = "return keras.random.normal((1, tf.shape(x)[0], self.latent_dim), seed=self.noise)"
MEAN = "return tf.reduce_mean(minus_log_px + kl_to_prior)"
LOG_PX = "log_px_given_z = tf.reduce_mean(tfd.Independent(px_given_z, 1).log_prob(x), axis=0)\n        prior"
OUTPUTS = "x_parameters = self.decoder(sample_latent(q_mu, q_log_var, eps))"
PIXELS = "px_given_z = tfd.Normal(x_parameters, self.sigma)"
ELBO = "return -minus_log_px - kl_to_prior"

EDITS = (
    # What the sample is made of.
    Edit("stop_gradient in the sampler", SAMPLE, "return tf.stop_gradient(mu + tf.exp(0.5 * log_var) * eps)\n",
         "VAE", "training_passes_the_floor", "posterior_collapsed"),
    Edit("stop_gradient in the sampler, asked for its gradient", SAMPLE,
         "return tf.stop_gradient(mu + tf.exp(0.5 * log_var) * eps)\n",
         "sample_latent", "gradient", "no_gradient_through_the_sample"),
    Edit("log_var as log sigma in the sampler", SAMPLE, "return mu + tf.exp(log_var) * eps\n",
         "VAE", "elbo_bernoulli", "sampler_log_var_as_log_sigma"),
    Edit("the mean instead of a sample", SAMPLE, "return mu + 0 * tf.exp(0.5 * log_var) * eps\n",
         "VAE", "elbo_bernoulli", "sampler_without_noise"),
    Edit("noise that is not scaled", SAMPLE, "return mu + eps\n", "VAE", "elbo_bernoulli", "sampler_without_sigma"),
    Edit("noise with a minus", SAMPLE, "return mu - tf.exp(0.5 * log_var) * eps\n", "VAE", "elbo_bernoulli", "sampler_minus"),
    Edit("one noise for the batch, in the sampler", SAMPLE, "return mu + tf.exp(0.5 * log_var) * eps[:, :1]\n",
         "VAE", "elbo_bernoulli", "sampler_one_noise_for_the_batch"),
    Edit("one noise for all dimensions, in the sampler", SAMPLE, "return mu + tf.exp(0.5 * log_var) * eps[..., :1]\n",
         "VAE", "elbo_bernoulli", "sampler_one_noise_for_all_dimensions"),
    # The networks.
    Edit("softplus on log_var", "return self.to_mu(x), self.to_log_var(x)",
         "return self.to_mu(x), tf.nn.softplus(self.to_log_var(x))", "Encoder", "linear_outputs", "never_negative"),
    Edit("relu on mu", "return self.to_mu(x), self.to_log_var(x)", "return tf.nn.relu(self.to_mu(x)), self.to_log_var(x)",
         "Encoder", "linear_outputs", "never_negative"),
    Edit("tanh on log_var", "self.to_log_var = keras.layers.Dense(latent_dim)",
         'self.to_log_var = keras.layers.Dense(latent_dim, activation="tanh")',
         "Encoder", "linear_outputs", "tanh_at_the_end"),
    Edit("log_var clipped to 2", "return self.to_mu(x), self.to_log_var(x)",
         "return self.to_mu(x), tf.clip_by_value(self.to_log_var(x), -2.0, 2.0)", "Encoder", "linear_outputs", "cut_off"),
    Edit("mu and log_var from one head", "return self.to_mu(x), self.to_log_var(x)", "return self.to_mu(x), self.to_mu(x)",
         "Encoder", "deterministic", "one_head_for_both"),
    Edit("noise in the encoder", "return self.to_mu(x), self.to_log_var(x)",
         "return self.to_mu(x) + 0.1 * tf.random.normal(tf.shape(self.to_mu(x))), self.to_log_var(x)",
         "Encoder", "deterministic", "random_inside"),
    Edit("a constant log_var", "return self.to_mu(x), self.to_log_var(x)", "return self.to_mu(x), self.to_log_var(0 * x)",
         "Encoder", "deterministic", "input_ignored"),
    Edit("normalised over the batch", "return self.to_mu(x), self.to_log_var(x)",
         "x = x - tf.reduce_mean(x, axis=0)\n        return self.to_mu(x), self.to_log_var(x)",
         "Encoder", "deterministic", "examples_mixed"),
    Edit("sigmoid in the decoder", "self.to_x = keras.layers.Dense(event_dim)",
         'self.to_x = keras.layers.Dense(event_dim, activation="sigmoid")', "Decoder", "linear_outputs", "sigmoid_at_the_end"),
    Edit("sigmoid in the decoder, twice in the loss", "self.to_x = keras.layers.Dense(event_dim)",
         'self.to_x = keras.layers.Dense(event_dim, activation="sigmoid")',
         "VAE", "training_passes_the_floor", "sigmoid_twice"),
    Edit("relu in the decoder", "return self.to_x(z)", "return tf.nn.relu(self.to_x(z))",
         "Decoder", "linear_outputs", "never_negative"),
    Edit("layers whose output is lost", "for hidden_layer in self.trunk:\n            z = hidden_layer(z)",
         "for hidden_layer in self.trunk:\n            hidden_layer(z)", "Decoder", "every_weight_counts", "idle_weight"),
    # The terms.
    Edit("KL averaged over dimensions", RETURNED, f"return -log_px_given_z, {KL} / self.latent_dim",
         "VAE", "elbo_bernoulli", "kl_averaged_over_dimensions"),
    Edit("KL counted twice", RETURNED, f"return -log_px_given_z, 2 * {KL}", "VAE", "elbo_bernoulli", "kl_counted_twice"),
    Edit("KL missing", RETURNED, f"return -log_px_given_z, 0 * {KL}", "VAE", "elbo_bernoulli", "kl_missing"),
    Edit("KL averaged over the batch", RETURNED, f"return -log_px_given_z, tf.reduce_mean({KL}) + 0 * log_px_given_z",
         "VAE", "elbo_bernoulli", "kl_averaged_over_batch"),
    Edit("log_var as log sigma in the KL", RETURNED,
         "return -log_px_given_z, tfd.kl_divergence(tfd.MultivariateNormalDiag(q_mu, tf.exp(q_log_var)), prior)",
         "VAE", "elbo_bernoulli", "kl_log_var_as_log_sigma"),
    Edit("reconstruction averaged over pixels", RETURNED, f"return -log_px_given_z / self.event_dim, {KL}",
         "VAE", "elbo_bernoulli", "reconstruction_averaged_over_pixels"),
    Edit("Listing 1", RETURNED, f"return -tf.reduce_sum(log_px_given_z) + 0 * log_px_given_z, {KL}",
         "VAE", "elbo_bernoulli", "reconstruction_summed_over_batch"),
    Edit("samples summed", LOG_PX,
         "log_px_given_z = tf.reduce_sum(tfd.Independent(px_given_z, 1).log_prob(x), axis=0)\n        prior",
         "VAE", "elbo_bernoulli", "samples_summed"),
    Edit("first sample only", LOG_PX,
         "log_px_given_z = tfd.Independent(px_given_z, 1).log_prob(x)[0]\n        prior",
         "VAE", "elbo_bernoulli", "first_sample_only"),
    Edit("sigmoid before the likelihood", "px_given_z = tfd.Bernoulli(logits=x_parameters)",
         "px_given_z = tfd.Bernoulli(logits=tf.sigmoid(x_parameters))", "VAE", "elbo_bernoulli", "sigmoid_twice"),
    Edit("ELBO with the sign of the loss", ELBO,
         "return minus_log_px + kl_to_prior", "VAE", "elbo_bernoulli", "elbo_is_the_loss"),
    Edit("ELBO with noise of its own", "minus_log_px, kl_to_prior = self.two_terms(x, eps)",
         "minus_log_px, kl_to_prior = self.two_terms(x, tf.random.normal(tf.shape(eps)))",
         "VAE", "elbo_bernoulli", "elbo_draws_its_own_noise"),
    Edit("sigma as variance", "tfd.Normal(x_parameters, self.sigma)", "tfd.Normal(x_parameters, self.sigma**0.5)",
         "VAE", "elbo_gaussian", "sigma_as_variance"),
    Edit("sigma ignored", "tfd.Normal(x_parameters, self.sigma)", "tfd.Normal(x_parameters, 1.0)",
         "VAE", "elbo_gaussian", "sigma_ignored"),
    Edit("Bernoulli for Gaussian", PIXELS, "px_given_z = tfd.Bernoulli(logits=x_parameters)",
         "VAE", "elbo_gaussian", "bernoulli_for_gaussian"),
    # The noise.
    Edit("the mean in call", "return self.decoder(sample_latent(q_mu, q_log_var, self.draw_noise(x))[0])",
         "return self.decoder(q_mu)", "VAE", "fresh_noise", "no_noise"),
    Edit("one noise for the batch", DRAW, "return keras.random.normal((1, 1, self.latent_dim), seed=self.noise)",
         "VAE", "fresh_noise", "one_noise_for_the_batch"),
    Edit("one noise for all dimensions", DRAW,
         "return keras.random.normal((1, tf.shape(x)[0], 1), seed=self.noise) * tf.ones(self.latent_dim)",
         "VAE", "fresh_noise", "one_noise_for_all_dimensions"),
    Edit("seed reset inside the call", DRAW, "return keras.random.normal((1, tf.shape(x)[0], self.latent_dim), seed=7)",
         "VAE", "fresh_noise", "same_noise_at_every_call"),
    Edit("noise drawn when the step is traced", DRAW,
         "return tf.constant(np.random.normal(size=(1, x.shape[0] or 64, self.latent_dim)), tf.float32)[:, : tf.shape(x)[0]]",
         "VAE", "fresh_noise", "noise_frozen_in_training"),
    Edit("probabilities from call", "return self.decoder(sample_latent(q_mu, q_log_var, self.draw_noise(x))[0])",
         "return tf.sigmoid(self.decoder(sample_latent(q_mu, q_log_var, self.draw_noise(x))[0]))",
         "VAE", "fresh_noise", "call_returns_probabilities"),
    # The loss and the training.
    Edit("loss that grows with the batch", MEAN, "return tf.reduce_sum(minus_log_px + kl_to_prior)",
         "VAE", "loss_per_example", "loss_summed_over_the_batch"),
    Edit("maximised loss", MEAN,
         "return -tf.reduce_mean(minus_log_px + kl_to_prior)", "VAE", "loss_per_example", "loss_is_the_elbo"),
    Edit("maximised loss, after training", MEAN, "return -tf.reduce_mean(minus_log_px + kl_to_prior)",
         "VAE", "training_passes_the_floor", "training_lowers_the_elbo"),
    Edit("KL twice in the loss alone", MEAN, "return tf.reduce_mean(minus_log_px + 2 * kl_to_prior)",
         "VAE", "loss_per_example", "kl_counted_twice"),
    Edit("KL averaged over dimensions in the loss alone", MEAN,
         "return tf.reduce_mean(minus_log_px + kl_to_prior / self.latent_dim)",
         "VAE", "loss_per_example", "kl_averaged_over_dimensions"),
    Edit("reconstruction averaged over pixels in the loss alone", MEAN,
         "return tf.reduce_mean(minus_log_px / self.event_dim + kl_to_prior)",
         "VAE", "loss_per_example", "reconstruction_averaged_over_pixels"),
    Edit("only the decoder trained", "self.encoder = Encoder(latent_dim, self.hidden)",
         "self.encoder = Encoder(latent_dim, self.hidden)\n        self.encoder.trainable = False",
         "VAE", "every_weight_learns", "encoder_not_trained"),
    Edit("only the encoder trained", "self.decoder = Decoder(event_dim, tuple(reversed(self.hidden)))",
         "self.decoder = Decoder(event_dim, tuple(reversed(self.hidden)))\n        self.decoder.trainable = False",
         "VAE", "every_weight_learns", "decoder_not_trained"),
    Edit("the test set in training", "    def two_terms(self, x, eps):",
         "    def fit(self, x, **options):\n"
         '        return super().fit(np.concatenate([x, load("digits").x_test]), **options)\n\n'
         "    def two_terms(self, x, eps):",
         "VAE", "loss_per_example", "trains_on_test_images"),
    Edit("Bernoulli for Gaussian in training only", "minus_log_px, kl_to_prior = self.two_terms(x, self.draw_noise(x))",
         "likelihood, self.likelihood = self.likelihood, BERNOULLI\n"
         "        minus_log_px, kl_to_prior = self.two_terms(x, self.draw_noise(x))\n        self.likelihood = likelihood",
         "VAE", "loss_per_example", "bernoulli_for_gaussian"),
    Edit("sigma ignored in training only", "minus_log_px, kl_to_prior = self.two_terms(x, self.draw_noise(x))",
         "sigma, self.sigma = self.sigma, 1.0\n"
         "        minus_log_px, kl_to_prior = self.two_terms(x, self.draw_noise(x))\n        self.sigma = sigma",
         "VAE", "loss_per_example", "sigma_ignored"),
    Edit("metrics not reported", "self.kl.update_state(kl_to_prior)", "pass", "VAE", "loss_per_example", "kl_missing"),
)  # fmt: skip
