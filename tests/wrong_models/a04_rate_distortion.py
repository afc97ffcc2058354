"""Wrong beta-VAEs and VAEs with a codebook, each one edit away from the right one, as in
`a03_vae.py`.
"""

SAMPLE = "return mu + tf.exp(0.5 * log_var) * eps\n"
SCALE = "self.sigma * tf.ones_like(x_mu)"
DISTORTION = "distortion = -tf.reduce_mean(decoder.log_prob(x), axis=0)"
KL = "tfd.kl_divergence(q, prior)"
RETURNED = f"return distortion, {KL}"
SIGMA = "return tf.exp(tf.convert_to_tensor(self.log_sigma))"
START = "start = 0.0 if sigma_is_trained else float(np.log(sigma))"
TRAINED = "trainable=sigma_is_trained,"
RECONSTRUCTED = "self.decoder(sample_latent(mu, log_var, eps))"
BEST = f"sigma, _ = optimal_sigma(x, {RECONSTRUCTED})"
RESIDUAL = f"residual = x - {RECONSTRUCTED}\n        "
ASSIGNED = "self.log_sigma.assign(tf.math.log(sigma))"
DRAW = "return keras.random.normal((1, tf.shape(x)[0], self.latent_dim), seed=self.seed_generator)"
LOSS = "return beta_vae_loss(-distortion[None], rate, self.beta)"
TERMS = "distortion, rate = self.terms(x, self.fresh_noise(x))"
DECODER = "self.decoder = networks.MLP(event_dim, tuple(reversed(self.hidden)))\n"
BUILT = "self.decoder(tf.zeros((1, latent_dim)))\n"
SQUARE = "tf.reduce_sum((x - x_mu) ** 2, axis=-1)"


def fitted(sigma):
    """Returns what `fit_sigma` computes instead, from the residual `[L, B, D]`."""
    return f"{RESIDUAL}sigma = {sigma}"


TERMS_AT_BETA = "terms_with_a_trained_sigma"
AT_GIVEN_SIGMA = "terms_with_a_given_sigma"
BETA_VAES = (
    # The noise of training.
    ("one noise for the batch", DRAW, "return tf.tile(keras.random.normal((1, 1, self.latent_dim), "
     "seed=self.seed_generator), (1, tf.shape(x)[0], 1))", "loss_per_example",
     "one_noise_for_the_batch"),
    ("no noise", DRAW, "return tf.zeros((1, tf.shape(x)[0], self.latent_dim))",
     "loss_per_example", "no_noise"),
    ("uniform noise", DRAW, DRAW.replace("normal", "uniform"), "loss_per_example",
     "noise_of_another_distribution"),
    ("the same noise in each step", DRAW, DRAW.replace("self.seed_generator", "3"),
     "loss_per_example", "noise_frozen_in_training"),
    ("no noise in evaluate", TERMS, "noise = self.fresh_noise(x)\n        "
     "distortion, rate = self.terms(x, noise if training else 0 * noise)", "loss_per_example",
     "no_noise_in_evaluate"),
    # What the sample is made of.
    ("log_var as log sigma in the sampler", SAMPLE, "return mu + tf.exp(log_var) * eps\n",
     TERMS_AT_BETA, "sampler_log_var_as_log_sigma"),
    ("the mean instead of a sample", SAMPLE, "return mu + 0 * tf.exp(0.5 * log_var) * eps\n",
     TERMS_AT_BETA, "sampler_without_noise"),
    ("one noise for the batch, in the sampler", SAMPLE,
     "return mu + tf.exp(0.5 * log_var) * eps[:, :1]\n", TERMS_AT_BETA,
     "sampler_one_noise_for_the_batch"),
    ("stop_gradient in the sampler", SAMPLE,
     "return tf.stop_gradient(mu + tf.exp(0.5 * log_var) * eps)\n", "training_passes_the_floor",
     "posterior_collapsed"),
    # The decoder's sigma.
    ("a sigma of 1 in the distortion", SCALE, "tf.ones_like(x_mu)", TERMS_AT_BETA,
     "sigma_ignored"),
    ("sigma as a variance in the distortion", SCALE, "tf.sqrt(self.sigma) * tf.ones_like(x_mu)",
     AT_GIVEN_SIGMA, "sigma_as_variance"),
    ("a variance as scale in the distortion", SCALE, "self.sigma**2 * tf.ones_like(x_mu)",
     TERMS_AT_BETA, "variance_as_sigma"),
    ("the best sigma of the batch in the distortion", SCALE,
     "optimal_sigma(x, x_mu)[0] * tf.ones_like(x_mu)", TERMS_AT_BETA, "sigma_of_the_batch"),
    ("a sigma without gradient", SCALE, "tf.stop_gradient(self.sigma) * tf.ones_like(x_mu)",
     "every_weight_learns", "weights_do_not_move"),
    ("a squared error, trained", DISTORTION, f"distortion = tf.reduce_mean({SQUARE}, axis=0)",
     "every_weight_learns", "weights_do_not_move"),
    ("a sigma that is frozen", TRAINED, "trainable=False,", "collapses_at_a_large_beta",
     "sigma_is_frozen"),
    ("a sigma that is frozen, at the floor", TRAINED, "trainable=False,",
     "training_passes_the_floor", "posterior_collapsed"),
    ("a given sigma that is trained", TRAINED, "", AT_GIVEN_SIGMA, "sigma_not_kept"),
    ("a given sigma that is not used", START, "start = 0.0", AT_GIVEN_SIGMA, "sigma_not_kept"),
    ("a given sigma taken for its logarithm", START, "start = 0.0 if sigma_is_trained else sigma",
     AT_GIVEN_SIGMA, "sigma_not_kept"),
    ("a given sigma's log variance as log sigma", START,
     "start = 0.0 if sigma_is_trained else 2 * float(np.log(sigma))", AT_GIVEN_SIGMA,
     "sigma_not_kept"),
    ("log sigma reported as sigma", SIGMA, "return tf.convert_to_tensor(self.log_sigma)",
     AT_GIVEN_SIGMA, "sigma_not_positive"),
    ("the variance reported as sigma", SIGMA, SIGMA.replace("tf.exp(", "tf.exp(2 * "), "fit_sigma",
     "sigma_is_variance"),
    ("a sigma for each pixel", "shape=(),\n            initializer=keras.initializers.Constant",
     "shape=(event_dim,),\n            initializer=keras.initializers.Constant", TERMS_AT_BETA,
     "wrong_shape"),
    # The terms.
    ("a distortion without its constants", DISTORTION,
     f"distortion = tf.reduce_mean({SQUARE}, axis=0) / (2 * self.sigma**2)", TERMS_AT_BETA,
     "constants_missing"),
    ("a distortion without 2 pi", DISTORTION,
     f"distortion = tf.reduce_mean({SQUARE}, axis=0) / (2 * self.sigma**2) "
     "+ x.shape[-1] * self.log_sigma", TERMS_AT_BETA, "distortion_no_2pi"),
    ("a distortion without log sigma", DISTORTION,
     f"{DISTORTION} - x.shape[-1] * self.log_sigma", TERMS_AT_BETA, "distortion_no_log_sigma"),
    ("constants for one pixel alone", DISTORTION,
     f"distortion = tf.reduce_mean({SQUARE}, axis=0) / (2 * self.sigma**2) "
     "+ tf.math.log(self.sigma * np.float32(np.sqrt(2 * np.pi)))", TERMS_AT_BETA,
     "constants_only_once"),
    ("a squared error as distortion", DISTORTION, f"distortion = tf.reduce_mean({SQUARE}, axis=0)",
     TERMS_AT_BETA, "squared_error"),
    ("a mean squared error as distortion", DISTORTION,
     "distortion = tf.reduce_mean((x - x_mu) ** 2, axis=(0, 2))", TERMS_AT_BETA, "squared_error"),
    ("a Bernoulli's distortion", DISTORTION,
     "distortion = -tf.reduce_mean(tf.reduce_sum(tfd.Bernoulli(logits=x_mu).log_prob(x), axis=-1), "
     "axis=0)", TERMS_AT_BETA, "bernoulli_for_gaussian"),
    ("a distortion averaged over pixels", DISTORTION, f"{DISTORTION} / x.shape[-1]", TERMS_AT_BETA,
     "distortion_averaged_over_pixels"),
    ("samples summed", DISTORTION, DISTORTION.replace("reduce_mean", "reduce_sum"), TERMS_AT_BETA,
     "samples_summed"),
    ("first sample only", DISTORTION, "distortion = -decoder.log_prob(x)[0]", TERMS_AT_BETA,
     "first_sample_only"),
    ("logarithm of the mean likelihood", DISTORTION,
     "distortion = -tfp.math.reduce_logmeanexp(decoder.log_prob(x), axis=0)", TERMS_AT_BETA,
     "log_of_mean_over_samples"),
    ("reconstructions averaged", DISTORTION,
     "decoder = tfd.MultivariateNormalDiag(tf.reduce_mean(x_mu, axis=0), "
     "self.sigma * tf.ones_like(x))\n        distortion = -decoder.log_prob(x)",
     TERMS_AT_BETA, "reconstructions_averaged"),
    ("a distortion in bits", DISTORTION, f"{DISTORTION} / np.log(2.0)", TERMS_AT_BETA,
     "distortion_in_bits"),
    ("the log-likelihood as distortion", RETURNED, RETURNED.replace("return ", "return -"),
     TERMS_AT_BETA, "distortion_negated"),
    ("beta on the distortion", RETURNED, RETURNED.replace("return ", "return self.beta * "),
     TERMS_AT_BETA, "beta_on_the_distortion"),
    ("beta in the rate", RETURNED, f"return distortion, self.beta * {KL}", TERMS_AT_BETA,
     "rate_times_beta"),
    ("the rate in the distortion", RETURNED,
     f"rate = {KL}\n        return distortion + self.beta * rate, rate", TERMS_AT_BETA,
     "rate_in_the_distortion"),
    ("terms swapped", RETURNED, f"return {KL}, distortion", TERMS_AT_BETA, "terms_swapped"),
    ("a rate averaged over dimensions", RETURNED, f"return distortion, {KL} / self.latent_dim",
     TERMS_AT_BETA, "rate_averaged_over_dimensions"),
    ("a rate without its half", RETURNED, f"return distortion, 2 * {KL}", TERMS_AT_BETA,
     "rate_counted_twice"),
    ("a rate summed over the batch", RETURNED,
     f"return distortion, tf.reduce_sum({KL}) * tf.ones_like(distortion)", TERMS_AT_BETA,
     "rate_summed_over_batch"),
    ("log_var as log sigma in the rate", RETURNED,
     RETURNED.replace("(q,", "(tfd.MultivariateNormalDiag(mu, tf.exp(log_var)),"), TERMS_AT_BETA,
     "rate_log_var_as_log_sigma"),
    ("noise of its own", "x_mu = self.decoder(sample_latent(mu, log_var, eps))",
     "x_mu = self.decoder(sample_latent(mu, log_var, tf.random.normal(tf.shape(eps))))",
     TERMS_AT_BETA, "terms_draw_their_own_noise"),
    ("a beta that is not kept", "self.beta, self.given_sigma = beta, sigma",
     "self.beta, self.given_sigma = 1.0, sigma", TERMS_AT_BETA, "beta_not_kept"),
    ("a sigmoid behind the decoder", DECODER,
     DECODER.replace("self.decoder", "self.inner")
     + "        self.decoder = keras.layers.Lambda(lambda z: tf.sigmoid(self.inner(z)))\n",
     TERMS_AT_BETA, "sigmoid_at_the_end"),
    # fit_sigma.
    ("a sigma that is a variance", BEST, fitted("tf.reduce_mean(residual**2)"), "fit_sigma",
     "sigma_is_variance"),
    ("a log variance as log sigma, in fit_sigma", ASSIGNED,
     "self.log_sigma.assign(2 * tf.math.log(sigma))", "fit_sigma", "sigma_is_variance"),
    ("a sigma about the mean residual", BEST, fitted("tf.math.reduce_std(residual)"), "fit_sigma",
     "sigma_std_of_residual"),
    ("a sigma of whole images", BEST,
     fitted("tf.sqrt(tf.reduce_mean(tf.reduce_sum(residual**2, axis=-1)))"), "fit_sigma",
     "sigma_forgot_D"),
    ("squares summed over the batch", BEST,
     fitted("tf.sqrt(tf.reduce_mean(tf.reduce_sum(residual**2, axis=1)))"), "fit_sigma",
     "sigma_summed_over_batch"),
    ("squares summed over the samples", BEST,
     fitted("tf.sqrt(tf.reduce_mean(tf.reduce_sum(residual**2, axis=0)))"), "fit_sigma",
     "sigma_summed_over_samples"),
    ("a mean of roots", BEST,
     fitted("tf.reduce_mean(tf.sqrt(tf.reduce_mean(residual**2, axis=-1)))"), "fit_sigma",
     "sigma_mean_of_roots"),
    ("a mean absolute error", BEST, fitted("tf.reduce_mean(tf.abs(residual))"), "fit_sigma",
     "sigma_mean_absolute"),
    ("the first sample's sigma", BEST, fitted("tf.sqrt(tf.reduce_mean(residual[0] ** 2))"),
     "fit_sigma", "sigma_first_sample"),
    ("the mean reconstruction's sigma", BEST,
     fitted("tf.sqrt(tf.reduce_mean(tf.reduce_mean(residual, axis=0) ** 2))"), "fit_sigma",
     "sigma_of_mean_reconstruction"),
    ("a sigma at the mean of q", BEST, "sigma, _ = optimal_sigma(x, self.decoder(mu)[None])",
     "fit_sigma", "sampler_without_noise"),
    ("a sigma with noise of its own", BEST,
     BEST.replace("eps)", "tf.random.normal(tf.shape(eps)))"), "fit_sigma",
     "fit_sigma_draws_its_own_noise"),
    ("sigma for its logarithm", ASSIGNED, "self.log_sigma.assign(sigma)", "fit_sigma",
     "sigma_not_its_logarithm"),
    ("a sigma that is computed and not kept", ASSIGNED, "return sigma", "fit_sigma",
     "sigma_unchanged"),
    # Training.
    ("a frozen encoder", BUILT, f"{BUILT}        self.encoder_mlp.trainable = False\n",
     "every_weight_learns", "encoder_not_trained"),
    ("a frozen decoder", BUILT, f"{BUILT}        self.decoder.trainable = False\n",
     "every_weight_learns", "decoder_not_trained"),
    ("beta on the distortion in the loss", LOSS,
     "return beta_vae_loss(-self.beta * distortion[None], rate, 1.0)", "loss_per_example",
     "beta_on_the_distortion"),
    ("beta on the whole loss", LOSS, "return self.beta * tf.reduce_mean(distortion + rate)",
     "loss_per_example", "beta_on_both"),
    ("a loss without beta", LOSS, "return tf.reduce_mean(distortion + rate)", "loss_per_example",
     "beta_missing"),
    ("a loss without the rate", LOSS, "return tf.reduce_mean(distortion)", "loss_per_example",
     "rate_missing"),
    ("a rate that lowers the loss", LOSS, "return tf.reduce_mean(distortion - self.beta * rate)",
     "loss_per_example", "rate_subtracted"),
    ("a maximised loss", LOSS, f"return -{LOSS.removeprefix('return ')}", "loss_per_example",
     "loss_negated"),
    ("a maximised loss, after training", LOSS, f"return -{LOSS.removeprefix('return ')}",
     "training_passes_the_floor", "training_lowers_the_elbo"),
    ("a loss that grows with the batch", LOSS,
     "return tf.reduce_sum(distortion + self.beta * rate)", "loss_per_example",
     "loss_summed_over_batch"),
    ("a distortion averaged over pixels in the loss", LOSS,
     "return tf.reduce_mean(distortion / self.event_dim + self.beta * rate)", "loss_per_example",
     "distortion_averaged_over_pixels"),
    ("another beta than the constructor's", LOSS,
     "return beta_vae_loss(-distortion[None], rate, 4.0)", "loss_per_example", "another_beta"),
    ("the rate reported with beta", "self.rate.update_state(rate)",
     "self.rate.update_state(self.beta * rate)", "loss_per_example", "rate_reported_with_beta"),
    ("terms reported under each other's name",
     "self.distortion.update_state(distortion)\n        self.rate.update_state(rate)",
     "self.distortion.update_state(rate)\n        self.rate.update_state(distortion)",
     "loss_per_example", "terms_swapped"),
    ("a beta that the training ignores", LOSS, "return beta_vae_loss(-distortion[None], rate, 1.0)",
     "collapses_at_a_large_beta", "does_not_collapse"),
    ("beta on the distortion, trained", LOSS,
     "return beta_vae_loss(-self.beta * distortion[None], rate, 1.0)", "collapses_at_a_large_beta",
     "does_not_collapse"),
    ("beta in the terms and in the loss", RETURNED, f"return distortion, self.beta * {KL}",
     "loss_per_example", "rate_reported_with_beta"),
)  # fmt: skip

CODES = "_, onehot = vq_quantize(rows, tf.convert_to_tensor(self.codebook))"
SLOTS = "return tf.reshape(onehot, (-1, self.num_slots, self.num_codes))"
NEAREST = "distances = tf.reduce_sum((tf.expand_dims(z_e, 1) - codebook) ** 2, axis=-1)"
LOOKED_UP = 'z_q = tf.einsum("bsc,ck->bsk", tf.stop_gradient(self.codes(x)), codebook)'
SEEN = "logits = self.decoder(z_e + tf.stop_gradient(z_q - z_e))"
TO_CODES = "to_codes = tf.reduce_sum((tf.stop_gradient(z_e) - z_q) ** 2, axis=(1, 2))"
TO_ENCODER = "to_encoder = tf.reduce_sum((z_e - tf.stop_gradient(z_q)) ** 2, axis=(1, 2))"
BOTH = f"{TO_CODES}\n        {TO_ENCODER}"
PIXELS = "pixels = tfd.Independent(tfd.Bernoulli(logits=logits), reinterpreted_batch_ndims=1)"
PAIR = "return -pixels.log_prob(x), to_codes + self.commitment * to_encoder"
SUM = "return tf.reduce_mean(distortion + vq)"
REPORTED = "self.distortion.update_state(distortion)\n        self.vq.update_state(vq)"
NORMAL = "initializer=keras.initializers.RandomNormal(stddev=1.0),"
SLOTTED = "self.decoder(tf.zeros((1, *slots)))\n"
ENDS = "[keras.layers.Flatten(), networks.MLP(event_dim, tuple(reversed(self.hidden)))]"
RESHAPED = "[networks.MLP(num_slots * code_dim, self.hidden), keras.layers.Reshape(slots)]"
VQVAES = (
    # Which codes.
    ("the farthest codes", "nearest = tf.argmin(distances, axis=1)",
     "nearest = tf.argmax(distances, axis=1)", "codes_and_terms", "codes_not_nearest"),
    ("a distance without the square of the code", NEAREST,
     "distances = tf.reduce_sum(z_e**2, axis=1, keepdims=True) "
     "- 2 * tf.matmul(z_e, codebook, transpose_b=True)", "codes_and_terms", "codes_not_nearest"),
    ("the codes of the first slot", CODES,
     "first = tf.repeat(self.encoder(x)[:, :1], self.num_slots, axis=1)\n"
     f"        rows = tf.reshape(first, (-1, self.code_dim))\n        {CODES}", "codes_and_terms",
     "codes_not_nearest"),
    ("the codes of the batch's first image", SLOTS, f"{SLOTS}[:1] + 0 * tf.reshape(onehot, "
     "(-1, self.num_slots, self.num_codes))", "codes_and_terms", "codes_not_nearest"),
    ("soft codes", CODES,
     "distances = tf.reduce_sum((rows[:, None] - self.codebook) ** 2, axis=-1)\n"
     "        onehot = tf.nn.softmax(-distances)", "codes_and_terms", "codes_not_onehot"),
    ("soft codes in the terms alone", LOOKED_UP,
     "distances = tf.reduce_sum((z_e[:, :, None] - codebook) ** 2, axis=-1)\n"
     '        z_q = tf.einsum("bsc,ck->bsk", tf.nn.softmax(-distances), codebook)',
     "codes_and_terms", ""),
    ("numbers of codes for one-hot rows", SLOTS,
     "return tf.argmax(tf.reshape(onehot, (-1, self.num_slots, self.num_codes)), axis=-1)",
     "codes_and_terms", "not_float32"),
    ("slots and codes exchanged", SLOTS,
     "return tf.transpose(tf.reshape(onehot, (-1, self.num_slots, self.num_codes)), (0, 2, 1))",
     "codes_and_terms", "wrong_shape"),
    ("an encoder without slots", RESHAPED, RESHAPED.replace(", keras.layers.Reshape(slots)", ""),
     "codes_and_terms", "wrong_shape"),
    # What the decoder sees.
    ("a decoder that sees the outputs", SEEN, "logits = self.decoder(z_e)", "codes_and_terms",
     "decoder_sees_the_outputs"),
    ("straight through the other way round", SEEN,
     "logits = self.decoder(z_q + tf.stop_gradient(z_e - z_q))", "codes_and_terms",
     "decoder_sees_the_outputs"),
    ("a decoder that sees the difference", SEEN,
     "logits = self.decoder(tf.stop_gradient(z_q - z_e))", "codes_and_terms",
     "decoder_sees_the_difference"),
    ("a decoder that sees the sum", SEEN, "logits = self.decoder(z_e + tf.stop_gradient(z_q))",
     "codes_and_terms", "decoder_sees_the_sum"),
    ("no straight-through", SEEN, "logits = self.decoder(z_q)", "training_passes_the_floor",
     "vq_no_straight_through"),
    ("no straight-through, asked for its gradient", SEEN, "logits = self.decoder(z_q)",
     "every_weight_moves", "vq_no_straight_through"),
    # The distortion.
    ("a distortion averaged over pixels", PAIR,
     PAIR.replace("log_prob(x)", "log_prob(x) / x.shape[-1]"), "codes_and_terms",
     "distortion_averaged_over_pixels"),
    ("the log-likelihood as distortion", PAIR, PAIR.replace("return -", "return "),
     "codes_and_terms", "distortion_negated"),
    ("a distortion summed over the batch", PAIR,
     PAIR.replace("pixels.log_prob(x)", "tf.reduce_sum(pixels.log_prob(x)) + 0 * to_codes"),
     "codes_and_terms", "distortion_summed_over_batch"),
    ("a sigmoid twice", PIXELS, PIXELS.replace("logits=logits", "logits=tf.sigmoid(logits)"),
     "codes_and_terms", "sigmoid_twice"),
    ("a decoder of probabilities", ENDS,
     f"[*{ENDS}, keras.layers.Activation('sigmoid')]", "codes_and_terms", "sigmoid_at_the_end"),
    ("a squared error as distortion", PAIR,
     PAIR.replace("-pixels.log_prob(x)", "tf.reduce_sum((x - logits) ** 2, axis=-1)"),
     "codes_and_terms", "squared_error"),
    ("a squared error of probabilities", PAIR,
     PAIR.replace("-pixels.log_prob(x)", "tf.reduce_sum((x - tf.sigmoid(logits)) ** 2, axis=-1)"),
     "codes_and_terms", "squared_error"),
    ("the vq term in the distortion", PAIR,
     "vq = to_codes + self.commitment * to_encoder\n        return vq - pixels.log_prob(x), vq",
     "codes_and_terms", "vq_in_the_distortion"),
    ("terms swapped", PAIR,
     "return to_codes + self.commitment * to_encoder, -pixels.log_prob(x)", "codes_and_terms",
     "terms_swapped"),
    # The vq term.
    ("no commitment", PAIR, "return -pixels.log_prob(x), to_codes", "codes_and_terms",
     "vq_no_commitment"),
    ("the commitment alone", PAIR, "return -pixels.log_prob(x), self.commitment * to_encoder",
     "codes_and_terms", "vq_commitment_alone"),
    ("a commitment without its weight", PAIR, "return -pixels.log_prob(x), to_codes + to_encoder",
     "codes_and_terms", "vq_commitment_not_weighted"),
    ("a commitment that is not kept", PAIR, PAIR.replace("self.commitment", "0.25"),
     "codes_and_terms", "vq_commitment_not_kept"),
    ("a vq term averaged over slots", PAIR, PAIR.replace("+ self", "/ self.num_slots + self")
     + " / self.num_slots", "codes_and_terms", "vq_averaged_over_slots"),
    ("a vq term averaged over dimensions", PAIR, PAIR.replace("+ self", "/ self.code_dim + self")
     + " / self.code_dim", "codes_and_terms", "vq_averaged_over_dimensions"),
    ("a vq term averaged over both", BOTH, BOTH.replace("reduce_sum", "reduce_mean"),
     "codes_and_terms", "vq_averaged_over_both"),
    ("distances without their squares", BOTH,
     "to_codes = tf.reduce_sum(tf.norm(tf.stop_gradient(z_e) - z_q, axis=-1), axis=-1)\n"
     "        to_encoder = tf.reduce_sum(tf.norm(z_e - tf.stop_gradient(z_q), axis=-1), axis=-1)",
     "codes_and_terms", "vq_not_squared"),
    ("a vq term of the first slot", BOTH,
     BOTH.replace("axis=(1, 2))", "axis=2)[:, 0]"), "codes_and_terms", "vq_of_the_first_slot"),
    ("the stop-gradients swapped", BOTH,
     BOTH.replace("to_codes", "other").replace("to_encoder", "to_codes").replace(
     "other", "to_encoder"), "every_weight_moves", "vq_commitment_on_the_codes"),
    ("the commitment on the other term", PAIR,
     "return -pixels.log_prob(x), self.commitment * to_codes + to_encoder", "every_weight_moves",
     "vq_commitment_on_the_codes"),
    ("gradients that are not held back", BOTH,
     "to_codes = to_encoder = tf.reduce_sum((z_e - z_q) ** 2, axis=(1, 2))", "every_weight_moves",
     "vq_gradients_not_held_back"),
    ("a commitment without gradient", TO_ENCODER, TO_ENCODER.replace("(z_e -",
     "(tf.stop_gradient(z_e) -"), "every_weight_moves", "vq_commitment_without_gradient"),
    # Training.
    ("a codebook that is not trainable", NORMAL, f"{NORMAL}\n            trainable=False,",
     "every_weight_moves", "vq_codebook_frozen"),
    ("a codebook that is held back", TO_CODES, TO_CODES.replace("- z_q", "- tf.stop_gradient(z_q)"),
     "every_weight_moves", "vq_codebook_frozen"),
    ("a frozen encoder", SLOTTED, f"{SLOTTED}        self.encoder.trainable = False\n",
     "every_weight_moves", "encoder_not_trained"),
    ("a frozen decoder", SLOTTED, f"{SLOTTED}        self.decoder.trainable = False\n",
     "every_weight_moves", "decoder_not_trained"),
    ("a loss without vq", SUM, "return tf.reduce_mean(distortion)", "every_weight_moves",
     "vq_missing_in_the_loss"),
    ("vq subtracted", SUM, "return tf.reduce_mean(distortion - vq)", "every_weight_moves",
     "vq_subtracted"),
    ("a loss that grows with the batch", SUM, "return tf.reduce_sum(distortion + vq)",
     "every_weight_moves", "loss_summed_over_batch"),
    ("a loss without distortion", SUM, "return tf.reduce_mean(vq)", "every_weight_moves",
     "distortion_missing"),
    ("terms reported under each other's name", REPORTED,
     "self.distortion.update_state(vq)\n        self.vq.update_state(distortion)",
     "every_weight_moves", "terms_swapped"),
    ("a vq that is not reported", 'name="vq")', 'name="codes")', "every_weight_moves",
     "metrics_missing"),
    ("a maximised loss", SUM, "return -tf.reduce_mean(distortion + vq)", "every_weight_moves",
     "loss_negated"),
    ("a maximised loss, after training", SUM, "return -tf.reduce_mean(distortion + vq)",
     "training_passes_the_floor", "training_raises_the_distortion"),
    ("a codebook that begins far away", NORMAL,
     "initializer=keras.initializers.RandomNormal(mean=100.0, stddev=1.0),",
     "training_passes_the_floor", "codes_begin_far_away"),
)  # fmt: skip

EDITS = (
    *((*row[:3], "BetaVAE", *row[3:]) for row in BETA_VAES),
    # Several of these have the name of a beta-VAE's.
    *((f"{row[0]}, of a VQVAE", *row[1:3], "VQVAE", *row[3:]) for row in VQVAES),
)

# What one fault costs, and what is right as well.
SINGLE = {
    "BetaVAE": (
        ("a fit_sigma that keeps nothing", ((ASSIGNED, "return sigma"),),
         {"fit_sigma": "sigma_unchanged"}),
        ("a given sigma that begins at 1", ((START, "start = 0.0"),),
         {AT_GIVEN_SIGMA: "sigma_not_kept"}),
        ("a rate that is reported with its price",
         (("self.rate.update_state(rate)", "self.rate.update_state(self.beta * rate)"),),
         {"loss_per_example": "rate_reported_with_beta"}),
        ("the best sigma in each step of training",
         ((TERMS, f"noise = self.fresh_noise(x)\n        if training:\n"
           f"            self.fit_sigma(x, noise)\n        {TERMS}"),), {}),
    ),
    "VQVAE": (
        ("swapped stop-gradients",
         ((BOTH, BOTH.replace("to_codes", "other").replace("to_encoder", "to_codes").replace(
             "other", "to_encoder")),), {"every_weight_moves": "vq_commitment_on_the_codes"}),
        ("a softmax of distances for codes",
         ((CODES, "distances = tf.reduce_sum((rows[:, None] - self.codebook) ** 2, axis=-1)\n"
           "        onehot = tf.nn.softmax(-distances)"),),
         {"codes_and_terms": "codes_not_onehot"}),
        ("codes around 100", ((NORMAL, NORMAL.replace("stddev", "mean=100.0, stddev")),),
         {"training_passes_the_floor": "codes_begin_far_away"}),
        ("a codebook that begins at 0", ((NORMAL, 'initializer="zeros",'),), {}),
        ("a codebook as small as the paper's",
         ((NORMAL,
           "initializer=keras.initializers.RandomUniform(-1 / num_codes, 1 / num_codes),"),), {}),
        ("a gradient that reaches outputs and codes",
         ((SEEN, "logits = self.decoder(z_e + z_q - tf.stop_gradient(z_e))"),), {}),
    ),
}  # fmt: skip
