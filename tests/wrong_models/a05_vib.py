"""Wrong bottlenecks, each one edit away from the right one, as in `a03_vae.py`."""

SAMPLE = "return mu + tf.exp(0.5 * log_var) * eps\n"
RETURNED = (
    "return -log_qy_given_z, tfd.kl_divergence(tfd.MultivariateNormalDiag(q_mu, tf.exp(0.5 * q_log_var)), reference)"
)
LOG_QY = "log_qy_given_z = tf.reduce_mean(tfd.OneHotCategorical(logits=logits).log_prob(y_onehot), axis=0)"
LOGITS = "logits = self.decoder(sample_latent(q_mu, q_log_var, eps))"
PREDICTED = "return vib_predict_probs(self.decoder(sample_latent(q_mu, q_log_var, eps)))"
DRAW = "return keras.random.normal((1, tf.shape(x)[0], self.latent_dim), seed=self.noise)"
LOSS = "return tf.reduce_mean(minus_log_qy + self.beta * kl_to_reference)"
TERMS = "minus_log_qy, kl_to_reference = self.loss_terms(x, y, self.fresh_noise(x))"
KL = RETURNED.removeprefix("return -log_qy_given_z, ")

EDITS = (
    # The sample.
    ("log_var as log sigma in the sampler", SAMPLE, "return mu + tf.exp(log_var) * eps\n",
     "VIB", "loss_terms", "sampler_log_var_as_log_sigma"),
    ("the mean instead of a sample", SAMPLE, "return mu + 0 * tf.exp(0.5 * log_var) * eps\n",
     "VIB", "loss_terms", "sampler_without_noise"),
    ("noise that is not scaled", SAMPLE, "return mu + eps\n", "VIB", "loss_terms", "sampler_without_sigma"),
    ("one noise for the batch, in the sampler", SAMPLE, "return mu + tf.exp(0.5 * log_var) * eps[:, :1]\n",
     "VIB", "loss_terms", "sampler_one_noise_for_the_batch"),
    ("one noise for all dimensions, in the sampler", SAMPLE, "return mu + tf.exp(0.5 * log_var) * eps[..., :1]\n",
     "VIB", "loss_terms", "sampler_one_noise_for_all_dimensions"),
    ("one noise for all samples", SAMPLE, "return mu + tf.exp(0.5 * log_var) * tf.repeat(eps[:1], tf.shape(eps)[0], axis=0)\n",
     "VIB", "loss_terms", "sampler_one_noise_for_all_samples"),
    ("stop_gradient in the sampler", SAMPLE, "return tf.stop_gradient(mu + tf.exp(0.5 * log_var) * eps)\n",
     "VIB", "accuracy_passes_the_floor", "posterior_collapsed"),
    # The terms.
    ("beta on the cross-entropy", RETURNED, RETURNED.replace("return -log", "return -self.beta * log"),
     "VIB", "loss_terms", "beta_on_the_cross_entropy"),
    ("beta in the second term", RETURNED, f"return -log_qy_given_z, self.beta * {KL}", "VIB", "loss_terms", "kl_times_beta"),
    ("the KL in the first term too", RETURNED,
     f"kl = {KL}\n        return self.beta * kl - log_qy_given_z, kl", "VIB", "loss_terms", "kl_in_the_cross_entropy"),
    ("the log-likelihood as cross-entropy", RETURNED, RETURNED.replace("return -log", "return log"),
     "VIB", "loss_terms", "cross_entropy_negated"),
    ("terms swapped", RETURNED, f"return {KL}, -log_qy_given_z", "VIB", "loss_terms", "terms_swapped"),
    ("KL averaged over dimensions", RETURNED, f"return -log_qy_given_z, {KL} / self.latent_dim",
     "VIB", "loss_terms", "kl_averaged_over_dimensions"),
    ("KL counted twice", RETURNED, f"return -log_qy_given_z, 2 * {KL}", "VIB", "loss_terms", "kl_counted_twice"),
    ("KL missing", RETURNED, f"return -log_qy_given_z, 0 * {KL}", "VIB", "loss_terms", "kl_missing"),
    ("log_var as log sigma in the KL", RETURNED, RETURNED.replace("tf.exp(0.5 * q_log_var)", "tf.exp(q_log_var)"),
     "VIB", "loss_terms", "kl_log_var_as_log_sigma"),
    ("samples summed", LOG_QY, LOG_QY.replace("reduce_mean", "reduce_sum"), "VIB", "loss_terms", "samples_summed"),
    ("first sample only", LOG_QY, "log_qy_given_z = tfd.OneHotCategorical(logits=logits).log_prob(y_onehot)[0]",
     "VIB", "loss_terms", "first_sample_only"),
    ("logits averaged", LOG_QY,
     "log_qy_given_z = tfd.OneHotCategorical(logits=tf.reduce_mean(logits, axis=0)).log_prob(y_onehot)",
     "VIB", "loss_terms", "logits_averaged"),
    ("logarithm of the mean probability", LOG_QY,
     "log_qy_given_z = tf.math.log(tf.reduce_sum(y_onehot * vib_predict_probs(logits), axis=-1))",
     "VIB", "loss_terms", "log_of_mean_over_samples"),
    ("cross-entropy summed over the batch", LOG_QY,
     "log_qy_given_z = tf.reduce_mean(tfd.OneHotCategorical(logits=logits).log_prob(y_onehot), axis=0)\n"
     "        log_qy_given_z = tf.reduce_sum(log_qy_given_z) + 0 * log_qy_given_z",
     "VIB", "loss_terms", "cross_entropy_summed_over_batch"),
    ("cross-entropy averaged over classes", LOG_QY, LOG_QY + " / self.num_classes",
     "VIB", "loss_terms", "cross_entropy_averaged_over_classes"),
    ("softmax twice", LOGITS, LOGITS.replace("self.decoder(", "tf.nn.softmax(self.decoder(") + ")",
     "VIB", "loss_terms", "softmax_twice"),
    ("binary cross-entropy, as in Listing 1", LOG_QY,
     "log_qy_given_z = tf.reduce_mean(tfd.Independent(tfd.Bernoulli(logits=logits), 1).log_prob(y_onehot), axis=0)",
     "VIB", "loss_terms", "binary_cross_entropy"),
    ("noise of its own", LOGITS, LOGITS.replace("eps)", "tf.random.normal(tf.shape(eps)))"),
     "VIB", "loss_terms", "terms_draw_their_own_noise"),
    ("a beta that is not kept", "self.hidden, self.beta = tuple(hidden), beta", "self.hidden, self.beta = tuple(hidden), 1e-3",
     "VIB", "loss_terms", "beta_not_kept"),
    # Prediction.
    ("prediction from one sample", PREDICTED, PREDICTED.replace("eps)", "eps[:1])"),
     "VIB", "prediction", "prediction_from_one_sample"),
    ("prediction from the mean", PREDICTED, "return tf.nn.softmax(self.decoder(q_mu))",
     "VIB", "prediction", "prediction_from_the_mean"),
    ("softmax of averaged logits", PREDICTED,
     "return tf.nn.softmax(tf.reduce_mean(self.decoder(sample_latent(q_mu, q_log_var, eps)), axis=0))",
     "VIB", "prediction", "softmax_of_averaged_logits"),
    ("logits for probabilities", PREDICTED,
     "return tf.reduce_mean(self.decoder(sample_latent(q_mu, q_log_var, eps)), axis=0)",
     "VIB", "prediction", "prediction_is_logits"),
    ("a decision for probabilities", PREDICTED,
     "probs = vib_predict_probs(self.decoder(sample_latent(q_mu, q_log_var, eps)))\n"
     "        return tf.one_hot(tf.argmax(probs, axis=-1), self.num_classes)",
     "VIB", "prediction", "prediction_is_one_hot"),
    ("prediction with noise of its own", PREDICTED, PREDICTED.replace("eps)", "tf.random.normal(tf.shape(eps)))"),
     "VIB", "prediction", "prediction_draws_its_own_noise"),
    # Training.
    ("encoder not trained", "self.encoder = Encoder(latent_dim, self.hidden)",
     "self.encoder = Encoder(latent_dim, self.hidden)\n        self.encoder.trainable = False",
     "VIB", "every_weight_learns", "encoder_not_trained"),
    ("decoder not trained", "self.decoder = Decoder(num_classes, tuple(reversed(self.hidden)))",
     "self.decoder = Decoder(num_classes, tuple(reversed(self.hidden)))\n        self.decoder.trainable = False",
     "VIB", "every_weight_learns", "decoder_not_trained"),
    ("a layer that is never called", "self.to_logits = keras.layers.Dense(num_classes)",
     "self.to_logits = keras.layers.Dense(num_classes)\n"
     '        self.scale = self.add_weight(shape=(3,), initializer="ones", name="scale")',
     "VIB", "every_weight_learns", "weights_do_not_move"),
    ("beta on the cross-entropy in the loss", LOSS, "return tf.reduce_mean(self.beta * minus_log_qy + kl_to_reference)",
     "VIB", "training", "beta_on_the_cross_entropy"),
    ("beta on the whole loss", LOSS, "return self.beta * tf.reduce_mean(minus_log_qy + kl_to_reference)",
     "VIB", "training", "beta_on_both"),
    ("a loss without beta", LOSS, "return tf.reduce_mean(minus_log_qy + kl_to_reference)", "VIB", "training", "beta_missing"),
    ("a loss without KL", LOSS, "return tf.reduce_mean(minus_log_qy)", "VIB", "training", "kl_missing"),
    ("another beta than the constructor's", LOSS, "return tf.reduce_mean(minus_log_qy + 1e-3 * kl_to_reference)",
     "VIB", "training", "another_beta"),
    ("evaluate with another beta", LOSS,
     "return tf.reduce_mean(minus_log_qy + (self.beta if training else 0.5) * kl_to_reference)",
     "VIB", "training", "another_beta"),
    ("a maximised loss", LOSS, "return -tf.reduce_mean(minus_log_qy + self.beta * kl_to_reference)",
     "VIB", "training", "loss_negated"),
    ("a loss that grows with the batch", LOSS, "return tf.reduce_sum(minus_log_qy + self.beta * kl_to_reference)",
     "VIB", "training", "loss_summed_over_the_batch"),
    ("cross-entropy summed over the batch in the loss", LOSS,
     "return tf.reduce_sum(minus_log_qy) + tf.reduce_mean(self.beta * kl_to_reference)",
     "VIB", "training", "cross_entropy_summed_over_the_batch"),
    ("KL averaged over dimensions in the loss", LOSS,
     "return tf.reduce_mean(minus_log_qy + self.beta * kl_to_reference / self.latent_dim)",
     "VIB", "training", "kl_averaged_over_dimensions"),
    ("KL reported with beta", "self.kl.update_state(kl_to_reference)", "self.kl.update_state(self.beta * kl_to_reference)",
     "VIB", "training", "kl_reported_with_beta"),
    ("one noise for the batch", DRAW, "return keras.random.normal((1, 1, self.latent_dim), seed=self.noise)",
     "VIB", "training", "one_noise_for_the_batch"),
    ("seed reset inside", DRAW, "return keras.random.normal((1, tf.shape(x)[0], self.latent_dim), seed=7)",
     "VIB", "training", "noise_frozen_in_training"),
    ("the mean in training", DRAW, "return tf.zeros((1, tf.shape(x)[0], self.latent_dim))", "VIB", "training", "no_noise"),
    ("the test set in training", "    def loss_terms(self, x, y_onehot, eps):",
     "    def fit(self, x, y, **options):\n"
     '        more = load("digits")\n'
     "        both = np.concatenate([x, more.x_test]), np.concatenate([y, one_hot(more.y_test)])\n"
     "        return super().fit(*both, **options)\n\n"
     "    def loss_terms(self, x, y_onehot, eps):",
     "VIB", "training", "trains_on_test_images"),
    ("a maximised loss, after training", LOSS, "return -tf.reduce_mean(minus_log_qy + self.beta * kl_to_reference)",
     "VIB", "accuracy_passes_the_floor", "loss_negated"),
    ("labels that are not looked at", TERMS,
     "minus_log_qy, kl_to_reference = self.loss_terms(x, tf.ones_like(y) / self.num_classes, self.fresh_noise(x))",
     "VIB", "accuracy_passes_the_floor", ""),
)  # fmt: skip
