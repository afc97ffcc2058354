"""Wrong bottlenecks, each one edit away from the right one, as in `a03_vae.py`."""

SAMPLE = "return mu + tf.exp(0.5 * log_var) * eps\n"
KL = "tfd.kl_divergence(q, r)"
RETURNED = f"return cross_entropy, {KL}"
LOG_QY = "log_qy_given_z = categorical_log_prob(y_onehot, self.decoder(z))"
CROSS_ENTROPY = "cross_entropy = -tf.reduce_mean(log_qy_given_z, axis=0)"
# The samples of `loss_terms`, and those of `predict_probs`.
SAMPLED = "z = sample_latent(mu, log_var, eps)\n        log_qy"
PREDICTED = "return vib_predict_probs(self.decoder(z))"
SAMPLED_TO_PREDICT = f"z = sample_latent(mu, log_var, eps)\n        {PREDICTED}"
ENDS = "return mu, log_var\n"
MLP = "self.mlp = networks.MLP(2 * latent_dim, self.hidden)"
MLP_OF_LABELS = "self.mlp = networks.MLP(num_classes, self.hidden)"
LOGITS = "return self.mlp(z)\n"
DECODER = "self.decoder = LabelDecoder(num_classes, tuple(reversed(self.hidden)))\n"
DRAW = "return keras.random.normal((1, tf.shape(x)[0], self.latent_dim), seed=self.seed_generator)"
LOSS = "return tf.reduce_mean(cross_entropy + self.beta * kl)"
TERMS = "cross_entropy, kl = self.loss_terms(x, y, self.fresh_noise(x))"
PROBABILITY = "tf.reduce_sum(y_onehot * tf.nn.softmax(self.decoder(z)), axis=-1)"
SHIFTED = f"log_qy_given_z = tf.math.log({PROBABILITY} + 1e-20)"
CLIPPED = f"log_qy_given_z = tf.math.log(tf.clip_by_value({PROBABILITY}, 1e-7, 1.0))"

VARIABLE = (
    "self.inner, self.offset = networks.MLP(2 * latent_dim, self.hidden), "
    "tf.Variable(tf.zeros(2 * latent_dim))\n"
    "        self.mlp = lambda x: self.inner(x) + self.offset"
)
UNUSED = 'self.scale = self.add_weight(shape=(3,), initializer="ones", name="scale")'
BUILT = "self.decoder(tf.zeros((1, latent_dim)))\n"
EDITS = (
    # What is not trained at all is not cut off.
    ("a frozen encoder", BUILT, f"{BUILT}        self.encoder.trainable = False\n", "VIB",
     "loss_terms", "encoder_not_trained"),
    ("a frozen decoder", BUILT, f"{BUILT}        self.decoder.trainable = False\n", "VIB",
     "loss_terms", "decoder_not_trained"),
    # The sample.
    ("log_var as log sigma in the sampler", SAMPLE, "return mu + tf.exp(log_var) * eps\n",
     "VIB", "loss_terms", "sampler_log_var_as_log_sigma"),
    ("the mean instead of a sample", SAMPLE, "return mu + 0 * tf.exp(0.5 * log_var) * eps\n",
     "VIB", "loss_terms", "sampler_without_noise"),
    ("noise that is not scaled", SAMPLE, "return mu + eps\n", "VIB", "loss_terms",
     "sampler_without_sigma"),
    ("one noise for the batch, in the sampler", SAMPLE,
     "return mu + tf.exp(0.5 * log_var) * eps[:, :1]\n", "VIB", "loss_terms",
     "sampler_one_noise_for_the_batch"),
    ("one noise for all dimensions, in the sampler", SAMPLE,
     "return mu + tf.exp(0.5 * log_var) * eps[..., :1]\n", "VIB", "loss_terms",
     "sampler_one_noise_for_all_dimensions"),
    ("one noise for all samples", SAMPLE,
     "return mu + tf.exp(0.5 * log_var) * tf.repeat(eps[:1], tf.shape(eps)[0], axis=0)\n", "VIB",
     "loss_terms", "first_sample_only"),
    ("a tf.Variable in the encoder", MLP, VARIABLE, "VIB", "every_weight_learns",
     "hidden_parameters"),
    ("stop_gradient in the sampler", SAMPLE,
     "return tf.stop_gradient(mu + tf.exp(0.5 * log_var) * eps)\n", "VIB",
     "accuracy_passes_the_floor", "posterior_collapsed"),
    # The terms.
    ("beta on the cross-entropy", RETURNED, RETURNED.replace("return ", "return self.beta * "),
     "VIB", "loss_terms", "beta_on_the_cross_entropy"),
    ("beta in the second term", RETURNED, f"return cross_entropy, self.beta * {KL}", "VIB",
     "loss_terms", "kl_times_beta"),
    ("the KL in the first term too", RETURNED,
     f"kl = {KL}\n        return cross_entropy + self.beta * kl, kl", "VIB", "loss_terms",
     "kl_in_the_cross_entropy"),
    ("the log-likelihood as cross-entropy", RETURNED, RETURNED.replace("return ", "return -"),
     "VIB", "loss_terms", "cross_entropy_negated"),
    ("terms swapped", RETURNED, f"return {KL}, cross_entropy", "VIB", "loss_terms",
     "terms_swapped"),
    ("KL averaged over dimensions", RETURNED, f"return cross_entropy, {KL} / self.latent_dim",
     "VIB", "loss_terms", "kl_averaged_over_dimensions"),
    ("KL counted twice", RETURNED, f"return cross_entropy, 2 * {KL}", "VIB", "loss_terms",
     "kl_counted_twice"),
    ("KL missing", RETURNED, f"return cross_entropy, 0 * {KL}", "VIB", "loss_terms", "kl_missing"),
    ("log_var as log sigma in the KL", RETURNED,
     RETURNED.replace("(q,", "(tfd.MultivariateNormalDiag(mu, tf.exp(log_var)),"), "VIB",
     "loss_terms", "kl_log_var_as_log_sigma"),
    ("samples summed", CROSS_ENTROPY, CROSS_ENTROPY.replace("reduce_mean", "reduce_sum"),
     "VIB", "loss_terms", "samples_summed"),
    ("first sample only", CROSS_ENTROPY, "cross_entropy = -log_qy_given_z[0]",
     "VIB", "loss_terms", "first_sample_only"),
    ("logits averaged", LOG_QY,
     "log_qy_given_z = categorical_log_prob(y_onehot, tf.reduce_mean(self.decoder(z), "
     "axis=0, keepdims=True))",
     "VIB", "loss_terms", "logits_averaged"),
    ("logarithm of the mean probability", LOG_QY,
     "log_qy_given_z = tf.math.log(tf.reduce_sum(y_onehot * vib_predict_probs(self.decoder(z)), "
     "axis=-1))[tf.newaxis]",
     "VIB", "loss_terms", "log_of_mean_over_samples"),
    ("cross-entropy summed over the batch", CROSS_ENTROPY,
     f"{CROSS_ENTROPY}\n        cross_entropy = tf.reduce_sum(cross_entropy) + 0 * cross_entropy",
     "VIB", "loss_terms", "cross_entropy_summed_over_batch"),
    ("cross-entropy averaged over classes", LOG_QY, LOG_QY + " / self.num_classes",
     "VIB", "loss_terms", "cross_entropy_averaged_over_classes"),
    ("softmax twice", LOG_QY, LOG_QY.replace("self.decoder(z)", "tf.nn.softmax(self.decoder(z))"),
     "VIB", "loss_terms", "softmax_twice"),
    ("binary cross-entropy, as in Listing 1", LOG_QY,
     "log_qy_given_z = tfd.Independent(tfd.Bernoulli(logits=self.decoder(z)), "
     "1).log_prob(y_onehot)",
     "VIB", "loss_terms", "binary_cross_entropy"),
    ("noise of its own", SAMPLED, SAMPLED.replace("eps)", "tf.random.normal(tf.shape(eps)))"),
     "VIB", "loss_terms", "terms_draw_their_own_noise"),
    ("a beta that is not kept", "self.hidden, self.beta = tuple(hidden), beta",
     "self.hidden, self.beta = tuple(hidden), 1e-3", "VIB", "loss_terms", "beta_not_kept"),
    # Prediction.
    ("prediction from one sample", SAMPLED_TO_PREDICT,
     SAMPLED_TO_PREDICT.replace("eps)", "eps[:1])"), "VIB", "prediction",
     "prediction_from_one_sample"),
    ("prediction from the mean", PREDICTED, "return tf.nn.softmax(self.decoder(mu))",
     "VIB", "prediction", "prediction_from_the_mean"),
    ("softmax of averaged logits", PREDICTED,
     "return tf.nn.softmax(tf.reduce_mean(self.decoder(z), axis=0))",
     "VIB", "prediction", "softmax_of_averaged_logits"),
    ("logits for probabilities", PREDICTED,
     "return tf.reduce_mean(self.decoder(z), axis=0)",
     "VIB", "prediction", "prediction_is_logits"),
    ("a decision for probabilities", PREDICTED,
     "probs = vib_predict_probs(self.decoder(z))\n"
     "        return tf.one_hot(tf.argmax(probs, axis=-1), self.num_classes)",
     "VIB", "prediction", "prediction_is_one_hot"),
    ("prediction with noise of its own", SAMPLED_TO_PREDICT,
     SAMPLED_TO_PREDICT.replace("eps)", "tf.random.normal(tf.shape(eps)))"),
     "VIB", "prediction", "prediction_draws_its_own_noise"),
    # Training.
    ("encoder not trained", "self.encoder = Encoder(latent_dim, self.hidden)",
     "self.encoder = Encoder(latent_dim, self.hidden)\n        self.encoder.trainable = False",
     "VIB", "every_weight_learns", "encoder_not_trained"),
    ("decoder not trained", DECODER, f"{DECODER}        self.decoder.trainable = False\n",
     "VIB", "every_weight_learns", "decoder_not_trained"),
    ("a layer that is never called", MLP, f"{MLP}\n        {UNUSED}", "VIB",
     "every_weight_learns", "weights_do_not_move"),
    ("beta on the cross-entropy in the loss", LOSS,
     "return tf.reduce_mean(self.beta * cross_entropy + kl)", "VIB", "training",
     "beta_on_the_cross_entropy"),
    ("beta on the whole loss", LOSS, "return self.beta * tf.reduce_mean(cross_entropy + kl)",
     "VIB", "training", "beta_on_both"),
    ("a loss without beta", LOSS, "return tf.reduce_mean(cross_entropy + kl)", "VIB", "training",
     "beta_missing"),
    ("a loss without KL", LOSS, "return tf.reduce_mean(cross_entropy)", "VIB", "training",
     "kl_missing"),
    ("another beta than the constructor's", LOSS,
     "return tf.reduce_mean(cross_entropy + 1e-3 * kl)", "VIB", "training", "another_beta"),
    ("evaluate with another beta", LOSS,
     "return tf.reduce_mean(cross_entropy + (self.beta if training else 0.5) * kl)",
     "VIB", "training", "another_beta"),
    ("a maximised loss", LOSS, "return -tf.reduce_mean(cross_entropy + self.beta * kl)",
     "VIB", "training", "loss_negated"),
    ("a loss that grows with the batch", LOSS,
     "return tf.reduce_sum(cross_entropy + self.beta * kl)", "VIB", "training",
     "loss_summed_over_batch"),
    ("cross-entropy summed over the batch in the loss", LOSS,
     "return tf.reduce_sum(cross_entropy) + tf.reduce_mean(self.beta * kl)",
     "VIB", "training", "cross_entropy_summed_over_batch"),
    ("KL averaged over dimensions in the loss", LOSS,
     "return tf.reduce_mean(cross_entropy + self.beta * kl / self.latent_dim)",
     "VIB", "training", "kl_averaged_over_dimensions"),
    ("KL reported with beta", "self.kl.update_state(kl)", "self.kl.update_state(self.beta * kl)",
     "VIB", "training", "kl_reported_with_beta"),
    ("one noise for the batch", DRAW,
     "return keras.random.normal((1, 1, self.latent_dim), seed=self.seed_generator)", "VIB",
     "training", "one_noise_for_the_batch"),
    ("seed reset inside", DRAW,
     "return keras.random.normal((1, tf.shape(x)[0], self.latent_dim), seed=7)", "VIB", "training",
     "noise_frozen_in_training"),
    ("the mean in training", DRAW, "return tf.zeros((1, tf.shape(x)[0], self.latent_dim))", "VIB",
     "training", "no_noise"),
    ("the test set in training", "    def loss_terms(self, x, y_onehot, eps):",
     "    def fit(self, x, y, **options):\n"
     '        more = load("digits")\n'
     "        both = np.concatenate([x, more.x_test]), np.concatenate([y, one_hot(more.y_test)])\n"
     "        return super().fit(*both, **options)\n\n"
     "    def loss_terms(self, x, y_onehot, eps):",
     "VIB", "training", "trains_on_test_images"),
    ("a maximised loss, after training", LOSS,
     "return -tf.reduce_mean(cross_entropy + self.beta * kl)", "VIB", "accuracy_passes_the_floor",
     "loss_negated"),
    ("labels that are not looked at", TERMS,
     "cross_entropy, kl = self.loss_terms(x, tf.ones_like(y) / self.num_classes, "
     "self.fresh_noise(x))",
     "VIB", "accuracy_passes_the_floor", ""),
    ("a second sample for the metric", "self.cross_entropy.update_state(cross_entropy)",
     "self.cross_entropy.update_state(self.loss_terms(x, y, self.fresh_noise(x))[0])",
     "VIB", "training", "loss_of_something_else"),
    # The noise of training.
    ("one number for all dimensions", DRAW,
     "return keras.random.normal((1, tf.shape(x)[0], 1), "
     "seed=self.seed_generator) * tf.ones(self.latent_dim)",
     "VIB", "training", "noise_of_another_distribution"),
    ("uniform noise", DRAW,
     "return keras.random.uniform((1, tf.shape(x)[0], self.latent_dim), -1, 1, "
     "seed=self.seed_generator)",
     "VIB", "training", "noise_of_another_distribution"),
    ("noise that is too small", DRAW, DRAW.replace("return ", "return 0.6 * "),
     "VIB", "training", "noise_of_another_distribution"),
    ("noise that is too large", DRAW, DRAW.replace("return ", "return 1.4 * "),
     "VIB", "training", "noise_of_another_distribution"),
    ("a KL without gradient", LOSS,
     "return tf.reduce_mean(cross_entropy + self.beta * tf.stop_gradient(kl))",
     "VIB", "accuracy_passes_the_floor", "kl_without_gradient"),
    # What evaluate reports, and when.
    ("evaluate at the mean", TERMS,
     "noise = self.fresh_noise(x)\n"
     "        cross_entropy, kl = self.loss_terms(x, y, "
     "noise if training else tf.zeros_like(noise))",
     "VIB", "training", "no_noise_in_evaluate"),
    ("terms reported under each other's name",
     "self.cross_entropy.update_state(cross_entropy)\n        self.kl.update_state(kl)",
     "self.kl.update_state(cross_entropy)\n        self.cross_entropy.update_state(kl)",
     "VIB", "training", "terms_swapped"),
    ("terms swapped, and training", RETURNED, f"return {KL}, cross_entropy", "VIB", "training",
     "terms_swapped"),
    ("a small number added to probabilities", LOG_QY, SHIFTED, "VIB", "training",
     "cross_entropy_cut_off"),
    ("clipped probabilities", LOG_QY, CLIPPED, "VIB", "training", "cross_entropy_cut_off"),
    ("clipped probabilities, in the terms", LOG_QY, CLIPPED, "VIB", "loss_terms",
     "cross_entropy_cut_off"),
    ("the KL reported as cross-entropy", "self.cross_entropy.update_state(cross_entropy)",
     "self.cross_entropy.update_state(kl)", "VIB", "training", ""),
    ("a cross-entropy that is reported as 0", "self.cross_entropy.update_state(cross_entropy)",
     "self.cross_entropy.update_state(0 * cross_entropy)", "VIB", "training", ""),
    ("a KL in bits", RETURNED, RETURNED + " / np.log(2.0)", "VIB", "loss_terms", "kl_in_bits"),
    ("a cross-entropy in bits", LOG_QY, LOG_QY + " / np.log(2.0)", "VIB", "loss_terms",
     "cross_entropy_in_bits"),
    ("a KL that warms up", LOSS,
     "self.optimizer.iterations\n"
     "        warm = tf.minimum(1.0, tf.cast(self.optimizer.iterations + 1, "
     "tf.float32) / 100) if training else 1.0\n"
     "        return tf.reduce_mean(cross_entropy + warm * self.beta * kl)", "VIB", "training", ""),
    # Outputs that are not free: they cost the network a property, and the model what it has learnt.
    ("a ReLU behind log_var", ENDS, "return mu, tf.nn.relu(log_var)\n", "Encoder",
     "linear_outputs", "never_negative"),
    ("a softplus behind log_var", ENDS, "return mu, tf.nn.softplus(log_var)\n", "Encoder",
     "linear_outputs", "never_negative"),
    ("a tanh behind mu", ENDS, "return tf.tanh(mu), log_var\n", "Encoder", "linear_outputs",
     "tanh_at_the_end"),
    ("log_var between -1 and 1", ENDS, "return mu, tf.clip_by_value(log_var, -1, 1)\n", "Encoder",
     "linear_outputs", "tanh_at_the_end"),
    ("log_var between -2 and 2", ENDS, "return mu, tf.clip_by_value(log_var, -2, 2)\n", "Encoder",
     "linear_outputs", "cut_off"),
    ("the logarithm of a softplus behind log_var", ENDS,
     "return mu, tf.math.log(tf.nn.softplus(log_var))\n", "Encoder", "linear_outputs",
     "bounded_above"),
    ("log_var of at most 3", ENDS, "return mu, tf.minimum(log_var, 3.0)\n", "Encoder",
     "linear_outputs", "bounded_above"),
    ("an ELU behind log_var", ENDS, "return mu, tf.nn.elu(log_var)\n", "Encoder",
     "linear_outputs", "bounded_below"),
    ("a ReLU behind the logits", LOGITS, "return tf.nn.relu(self.mlp(z))\n", "LabelDecoder",
     "linear_outputs", "never_negative"),
    ("a softmax behind the logits", LOGITS, "return tf.nn.softmax(self.mlp(z))\n", "LabelDecoder",
     "linear_outputs", "sigmoid_at_the_end"),
    ("log probabilities for logits", LOGITS, "return tf.nn.log_softmax(self.mlp(z))\n",
     "LabelDecoder", "linear_outputs", "never_positive"),
    ("a ReLU behind log_var, in a whole model", ENDS, "return mu, tf.nn.relu(log_var)\n", "VIB",
     "accuracy_passes_the_floor", "never_negative"),
    ("a tanh behind mu, in a whole model", ENDS, "return tf.tanh(mu), log_var\n", "VIB",
     "accuracy_passes_the_floor", "tanh_at_the_end"),
    ("log_var between -1 and 1, in a whole model", ENDS,
     "return mu, tf.clip_by_value(log_var, -1, 1)\n", "VIB", "accuracy_passes_the_floor",
     "tanh_at_the_end"),
    ("a ReLU behind the logits, in a whole model", DECODER,
     DECODER.replace("self.decoder", "self.inner")
     + "        self.decoder = keras.layers.Lambda(lambda z: tf.nn.relu(self.inner(z)))\n",
     "VIB", "accuracy_passes_the_floor", "never_negative"),
    # The networks by themselves.
    ("mu and log_var from one head", ENDS, "return mu, mu\n", "Encoder", "deterministic",
     "one_head_for_both"),
    ("noise in the encoder", ENDS, "return mu + 0.1 * tf.random.normal(tf.shape(mu)), log_var\n",
     "Encoder", "deterministic", "random_inside"),
    ("a log_var that the first image sets", ENDS, "return mu, log_var[:1] + 0 * log_var\n",
     "Encoder", "deterministic", "examples_mixed"),
    ("a log_var that no image enters", ENDS,
     "return mu, tf.split(self.mlp(0 * x), 2, axis=-1)[1]\n", "Encoder", "deterministic",
     "input_ignored"),
    ("means that are centred over the batch", ENDS,
     "return mu - tf.reduce_mean(mu, axis=0), log_var\n", "Encoder", "deterministic",
     "examples_mixed"),
    ("a tf.Variable in the encoder by itself", MLP, VARIABLE, "Encoder", "every_weight_counts",
     "hidden_parameters"),
    ("a weight of the encoder that does nothing", MLP, f"{MLP}\n        {UNUSED}", "Encoder",
     "every_weight_counts", "idle_weight"),
    ("a third output of the encoder", ENDS, "return mu, log_var, mu\n", "Encoder", "shapes",
     "another_number_of_outputs"),
    ("an encoder whose halves lie in rows", "tf.split(self.mlp(x), 2, axis=-1)",
     "tf.split(tf.transpose(self.mlp(x)), 2, axis=0)", "Encoder", "shapes", "wrong_shape"),
    ("a decoder of rows alone", LOGITS, "return self.mlp(tf.reshape(z, (-1, z.shape[-1])))\n",
     "LabelDecoder", "shapes", "wrong_shape"),
    ("noise in the decoder", LOGITS,
     "logits = self.mlp(z)\n        return logits + 0.1 * tf.random.normal(tf.shape(logits))\n",
     "LabelDecoder", "deterministic", "random_inside"),
    ("logits that are centred over the batch", LOGITS,
     "logits = self.mlp(z)\n        return logits - tf.reduce_mean(logits, axis=0)\n",
     "LabelDecoder", "deterministic", "examples_mixed"),
    ("a weight of the decoder that does nothing", MLP_OF_LABELS,
     f"{MLP_OF_LABELS}\n        {UNUSED}", "LabelDecoder", "every_weight_counts", "idle_weight"),
    ("NaN where the noise is looked at", TERMS,
     "cross_entropy, kl = self.loss_terms(x, y, 0 * self.fresh_noise(x))\n"
     "        cross_entropy = tf.where(tf.reduce_all(x == x[:1]), float('nan'), cross_entropy)",
     "VIB", "training", "not_finite"),
)  # fmt: skip
