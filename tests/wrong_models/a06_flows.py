"""Wrong bottlenecks with flows, each one edit away from the right one, as in `a03_vae.py`."""

SAMPLE = "return mu + tf.exp(0.5 * log_var) * eps\n"
LOG_PY = "return tf.reduce_sum(y_onehot * tf.nn.log_softmax(logits), axis=-1)\n"
TERMS = "return gaussian_log_pdf(z0, q_mu, tf.exp(q_log_var)), summed_up, flow_prior_term(z0, z_end), log_py"
KL_OF_SAMPLE = "kl_of_sample = log_q0 - summed_up - log_p_end\n"
LOSS = "return tf.reduce_mean(self.beta * kl_of_sample - log_py)"
NOISE = "return keras.random.normal((tf.shape(x)[0], self.latent_dim), seed=self.noise)"
FEATURES = "seen_of_x = self.features(x) if self.steps else None"
SUMMED = "summed_up += log_det"
PLANAR = "return z + u_hat * tanh_of, tf.math.log(tf.abs(det_planar))[:, 0]"
U_HAT = "u_hat = u + (tf.nn.softplus(w_dot_u) - 1 - w_dot_u) * w / w_dot_w"
DET = "det_planar = 1 + tf.reduce_sum(u_hat * w, axis=-1, keepdims=True) * (1 - tanh_of**2)"
PREDICTED = "return vib_predict_probs(self.decoder(tf.stack(ends)))"
TO_W = "self.to_w = networks.Network(latent_dim, start=1.0)"
ENDS = "ends = [self.transform(one, x)[0] for one in tf.unstack(z0)]"
STEPS = "STEPS = {PLANAR: PlanarStep, RADIAL: RadialStep, COUPLING: CouplingStep, IAF: AutoregressiveStep}"
ALL_PLANAR = "STEPS = dict.fromkeys((PLANAR, RADIAL, COUPLING, IAF), PlanarStep)"
ALL_AFFINE = """class AffineStep(CouplingStep):
    def call(self, z, features):
        log_scale = tf.tanh(self.to_both(features))
        return z * tf.exp(log_scale), tf.reduce_sum(log_scale, axis=-1)


STEPS = dict.fromkeys((PLANAR, RADIAL, COUPLING, IAF), AffineStep)
"""
COUPLING = "log_scale, shift = tf.split(self.to_both(tf.concat([unmoved, features], axis=-1)), 2, axis=-1)"

ENCODER = "self.encoder = Encoder(latent_dim, self.hidden)\n"
FROZEN = f"{ENCODER}        self.encoder(tf.zeros((1, event_dim)))\n        self.encoder.trainable = False\n"
EDITS = (
    # What is not trained at all is not cut off.
    ("a frozen encoder", ENCODER, FROZEN, "FlowVIB", "free_energy_terms", "encoder_not_trained"),
    # The terms.
    ("prior at z0", TERMS, TERMS.replace("flow_prior_term(z0, z_end)", "flow_prior_term(z_end, z0)"),
     "FlowVIB", "free_energy_terms", "prior_at_z0"),
    ("the log-likelihood is log q_K once more", TERMS,
     "log_q0 = gaussian_log_pdf(z0, q_mu, tf.exp(q_log_var))\n"
     "        return log_q0, summed_up, flow_prior_term(z0, z_end), log_q0 - summed_up",
     "FlowVIB", "free_energy_terms", "likelihood_is_log_qK"),
    ("binary cross-entropy", LOG_PY,
     "return -tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(y_onehot, logits), axis=-1)\n",
     "FlowVIB", "free_energy_terms", "binary_cross_entropy"),
    ("binary cross-entropy, averaged", LOG_PY,
     "return -keras.losses.binary_crossentropy(y_onehot, logits, from_logits=True)\n",
     "FlowVIB", "free_energy_terms", "binary_cross_entropy"),
    ("cross-entropy summed over the batch", TERMS, TERMS.replace(", log_py", ", 0 * log_py + tf.reduce_sum(log_py)"),
     "FlowVIB", "free_energy_terms", "cross_entropy_summed_over_batch"),
    ("the cross-entropy for the log-likelihood", TERMS, TERMS.replace(", log_py", ", -log_py"),
     "FlowVIB", "free_energy_terms", "cross_entropy_for_likelihood"),
    ("log_q0 holds the log determinants", TERMS, TERMS.replace("_var)), summed", "_var)) - summed_up, summed"),
     "FlowVIB", "free_energy_terms", "log_q0_is_log_qK"),
    ("log_q0 at zK", TERMS, TERMS.replace("pdf(z0,", "pdf(z_end,"), "FlowVIB", "free_energy_terms", "log_q0_at_zK"),
    ("log_var as log sigma in log_q0", TERMS, TERMS.replace("tf.exp(q_log_var)", "tf.exp(2 * q_log_var)"),
     "FlowVIB", "free_energy_terms", "log_q0_log_var_as_log_sigma"),
    ("log determinants left out of the terms", TERMS, TERMS.replace(", summed_up,", ", 0 * summed_up,"),
     "FlowVIB", "free_energy_terms", "log_det_missing"),
    ("decoder given z0", "log_py = categorical_log_prob(y_onehot, self.decoder(z_end))",
     "log_py = categorical_log_prob(y_onehot, self.decoder(z0))", "FlowVIB", "free_energy_terms", "decoder_given_z0"),
    ("log_var as log sigma in the sample", SAMPLE, "return mu + tf.exp(log_var) * eps\n", "FlowVIB", "free_energy_terms",
     "sampler_log_var_as_log_sigma"),
    ("terms with noise of their own", "z0 = sample_latent(q_mu, q_log_var, eps)\n        z_end",
     "z0 = sample_latent(q_mu, q_log_var, tf.random.normal(tf.shape(eps)))\n        z_end",
     "FlowVIB", "free_energy_terms", "terms_draw_their_own_noise"),
    ("beta forgotten", "self.flow, self.beta = tuple(hidden), num_flows, flow, beta",
     "self.flow, self.beta = tuple(hidden), num_flows, flow, 1.0", "FlowVIB", "free_energy_terms", "beta_not_kept"),
    # The flow.
    ("log determinant with the other sign", SUMMED, "summed_up -= log_det", "FlowVIB", "log_det_planar", "log_det_negated"),
    ("log determinant of the last step only", SUMMED, "summed_up = log_det", "FlowVIB", "log_det_coupling",
     "log_dets_not_added"),
    ("log determinant missing", SUMMED, "summed_up += 0 * log_det", "FlowVIB", "log_det_iaf", "log_det_missing"),
    ("a product of determinants without a logarithm", "return z, summed_up\n", "return z, tf.exp(summed_up)\n",
     "FlowVIB", "log_det_radial", "log_det_not_log"),
    ("tanh in the place of its derivative", DET, DET.replace("(1 - tanh_of**2)", "tanh_of"), "FlowVIB", "log_det_planar", ""),
    ("log determinant at the output", PLANAR,
     "there = tf.tanh(tf.reduce_sum(w * (z + u_hat * tanh_of), axis=-1, keepdims=True) + b)\n"
     "        det_planar = 1 + tf.reduce_sum(u_hat * w, axis=-1, keepdims=True) * (1 - there**2)\n"
     f"        {PLANAR}", "FlowVIB", "log_det_planar", ""),
    ("the constraint in the map and not in the determinant", DET, DET.replace("u_hat * w", "u * w"),
     "FlowVIB", "log_det_planar", ""),
    ("no constraint on u", U_HAT, "u_hat = u", "FlowVIB", "log_det_planar", "flow_folds"),
    ("no constraint on beta", "beta_hat = tf.nn.softplus(self.to_beta(features)) - alpha",
     "beta_hat = 3 * self.to_beta(features) - 2", "FlowVIB", "log_det_radial", ""),
    ("the power K in the radial determinant", "log_det = (self.latent_dim - 1) * tf", "log_det = self.latent_dim * tf",
     "FlowVIB", "log_det_radial", ""),
    ("scale without its logarithm", "tf.reduce_sum(log_scale, axis=-1)\n", "tf.reduce_sum(tf.exp(log_scale), axis=-1)\n",
     "FlowVIB", "log_det_coupling", ""),
    ("scale of the first half", "return tf.concat([unmoved, to_scale * tf.exp(log_scale) + shift], axis=-1), tf",
     "return tf.concat([unmoved * tf.exp(log_scale), to_scale + shift], axis=-1), tf", "FlowVIB", "log_det_coupling", ""),
    ("a network that looks ahead", "filling, gate_logits = self.to_both(z, features)",
     "filling, gate_logits = (part[:, ::-1] for part in self.to_both(z[:, ::-1], features))\n        filling += z[:, ::-1]",
     "FlowVIB", "log_det_iaf", ""),
    ("no flow at all", "z, log_det = flow_step(z, seen_of_x)", "_, log_det = flow_step(z, seen_of_x)",
     "FlowVIB", "log_det_planar", "flow_is_identity"),
    # What comes from x.
    ("FLOWS(z0)", FEATURES, "seen_of_x = self.features(tf.ones_like(x)) if self.steps else None",
     "FlowVIB", "depends_on_x_planar", "flow_ignores_x"),
    ("FLOWS(z0) with coupling", "tf.concat([unmoved, features], axis=-1)", "tf.concat([unmoved, 0 * features], axis=-1)",
     "FlowVIB", "depends_on_x_coupling", "flow_ignores_x"),
    ("FLOWS(z0) with a masked network", "self.to_both(z, features)", "self.to_both(z, 0 * features)",
     "FlowVIB", "depends_on_x_iaf", "flow_ignores_x"),
    ("only the shift comes from x", "log_scale = tf.tanh(log_scale)",
     "log_scale = tf.tanh(tf.split(self.to_both(tf.concat([unmoved, 0 * features], axis=-1)), 2, axis=-1)[0]) * 0 + 0.3",
     "FlowVIB", "depends_on_x_coupling", "log_det_ignores_x"),
    ("features of the batch's mean", FEATURES,
     "seen_of_x = self.features(0 * x + tf.reduce_mean(x, 0)) if self.steps else None",
     "FlowVIB", "depends_on_x_radial", "examples_mixed"),
    # The kind of the steps, and how many there are.
    ("planar steps where radial ones belong", STEPS, ALL_PLANAR, "FlowVIB", "kind_radial", "another_kind_of_step"),
    ("planar steps where coupling layers belong", STEPS, ALL_PLANAR, "FlowVIB", "kind_coupling", "another_kind_of_step"),
    ("planar steps where autoregressive ones belong", STEPS, ALL_PLANAR, "FlowVIB", "kind_iaf", "another_kind_of_step"),
    ("coupling layers where autoregressive steps belong", STEPS, STEPS.replace("AutoregressiveStep", "CouplingStep"),
     "FlowVIB", "kind_iaf", "another_kind_of_step"),
    ("radial steps where planar ones belong", STEPS, STEPS.replace("PlanarStep", "RadialStep"),
     "FlowVIB", "kind_planar", "another_kind_of_step"),
    ("scales that see x alone, for planar steps", STEPS, ALL_AFFINE, "FlowVIB", "kind_planar", "affine_step"),
    ("scales that see x alone, for radial steps", STEPS, ALL_AFFINE, "FlowVIB", "kind_radial", "affine_step"),
    ("scales that see x alone, for coupling layers", STEPS, ALL_AFFINE, "FlowVIB", "kind_coupling", "affine_step"),
    ("scales that see x alone, for autoregressive steps", STEPS, ALL_AFFINE, "FlowVIB", "kind_iaf", "affine_step"),
    ("one step whatever is asked for", "for _ in range(num_flows)", "for _ in range(min(num_flows, 1))",
     "FlowVIB", "kind_planar", "steps_not_counted"),
    ("only the offset of the plane comes from x", "u, w, b = self.to_u(features), self.to_w(features), self.to_b(features)",
     "u, w, b = self.to_u(0 * features), self.to_w(0 * features), self.to_b(features)",
     "FlowVIB", "kind_planar", "shared_parameters"),
    ("halves swapped twice", "            summed_up += log_det\n",
     "            summed_up += log_det\n"
     "            z = tf.roll(z, self.latent_dim // 2, axis=-1) if self.flow == COUPLING else z\n",
     "FlowVIB", "kind_coupling", "half_never_moves"),
    # The weights.
    ("w is a tf.Variable", TO_W,
     "self.variable = tf.Variable(tf.random.normal((1, latent_dim)))\n"
     "        self.to_w = lambda features: self.variable + 0 * features[:, :1]",
     "FlowVIB", "weights_planar", "hidden_parameters"),
    ("w is a tf.Variable that begins the same in all models", TO_W,
     "self.variable = tf.Variable(tf.ones((1, latent_dim)))\n"
     "        self.to_w = lambda features: self.variable + 0 * features[:, :1]",
     "FlowVIB", "weights_planar", "hidden_parameters"),
    ("neither the flow nor its features are trained", "self.noise = keras.random.SeedGenerator()",
     "for part in (self.features, *self.steps):\n            part.trainable = False\n"
     "        self.noise = keras.random.SeedGenerator()",
     "FlowVIB", "weights_planar", "flow_ignores_weights"),
    ("no gradient through the flow", "z_end, summed_up = self.transform(z0, x)",
     "z_end, summed_up = (tf.stop_gradient(part) for part in self.transform(z0, x))",
     "FlowVIB", "weights_iaf", "flow_not_trained"),
    ("no gradient through coupling layers", "z_end, summed_up = self.transform(z0, x)",
     "z_end, summed_up = (tf.stop_gradient(part) for part in self.transform(z0, x))",
     "FlowVIB", "weights_coupling", "flow_not_trained"),
    ("the encoder is not trained", "self.noise = keras.random.SeedGenerator()",
     "self.encoder.trainable = False\n        self.noise = keras.random.SeedGenerator()",
     "FlowVIB", "weights_radial", "encoder_not_trained"),
    # Predictions.
    ("prediction from one sample", PREDICTED, "return vib_predict_probs(self.decoder(tf.stack(ends[:1])))",
     "FlowVIB", "prediction", "prediction_from_one_sample"),
    ("softmax of averaged logits", PREDICTED,
     "return vib_predict_probs(tf.reduce_mean(self.decoder(tf.stack(ends)), axis=0, keepdims=True))",
     "FlowVIB", "prediction", "softmax_of_averaged_logits"),
    ("prediction from the mean", ENDS, "ends = [self.transform(q_mu, x)[0] for one in tf.unstack(z0)]",
     "FlowVIB", "prediction", "prediction_from_the_mean"),
    ("logits for probabilities", PREDICTED, "return tf.reduce_mean(self.decoder(tf.stack(ends)), axis=0)",
     "FlowVIB", "prediction", "prediction_is_logits"),
    ("prediction before the flow", ENDS, "ends = tf.unstack(z0)", "FlowVIB", "prediction", "prediction_before_the_flow"),
    # The loss.
    ("beta on the cross-entropy", LOSS, "return tf.reduce_mean(kl_of_sample - self.beta * log_py)",
     "FlowVIB", "training", "beta_on_the_cross_entropy"),
    ("beta missing", LOSS, "return tf.reduce_mean(kl_of_sample - log_py)", "FlowVIB", "training", "beta_missing"),
    ("another beta", LOSS, "return tf.reduce_mean(0.2 * kl_of_sample - log_py)", "FlowVIB", "training", "another_beta"),
    ("log determinants in the terms and not in the loss", KL_OF_SAMPLE, "kl_of_sample = log_q0 - log_p_end\n",
     "FlowVIB", "training", "kl_without_log_det"),
    ("log determinants with a plus in the loss", KL_OF_SAMPLE, "kl_of_sample = log_q0 + summed_up - log_p_end\n",
     "FlowVIB", "training", "kl_with_log_det_added"),
    ("evaluate with another beta", LOSS,
     "beta = self.beta if training else 1.0\n        return tf.reduce_mean(beta * kl_of_sample - log_py)",
     "FlowVIB", "training", "beta_missing"),
    ("maximised loss", LOSS,
     "return -tf.reduce_mean(self.beta * kl_of_sample - log_py)", "FlowVIB", "training", "loss_negated"),
    ("Listing 1: the sum over the batch", LOSS, "return tf.reduce_mean(self.beta * kl_of_sample) - tf.reduce_sum(log_py)",
     "FlowVIB", "training", "cross_entropy_summed_over_the_batch"),
    ("noise drawn when the step is traced", NOISE,
     "return tf.constant(np.random.normal(size=(x.shape[0] or 64, self.latent_dim)), tf.float32)[: tf.shape(x)[0]]",
     "FlowVIB", "training", "noise_frozen_in_training"),
    ("the mean in training", NOISE, "return tf.zeros((tf.shape(x)[0], self.latent_dim))", "FlowVIB", "training", "no_noise"),
    ("a KL without gradient", "return tf.reduce_mean(self.beta * kl_of_sample - log_py)",
     "return tf.reduce_mean(self.beta * tf.stop_gradient(kl_of_sample) - log_py)",
     "FlowVIB", "training", "kl_without_gradient"),
    ("one number for all dimensions", NOISE,
     "return keras.random.normal((tf.shape(x)[0], 1), seed=self.noise) * tf.ones(self.latent_dim)",
     "FlowVIB", "training", "noise_of_another_distribution"),
    ("uniform noise", NOISE, "return keras.random.uniform((tf.shape(x)[0], self.latent_dim), -1, 1, seed=self.noise)",
     "FlowVIB", "training", "noise_of_another_distribution"),
    ("noise that is too small", NOISE, NOISE.replace("return ", "return 0.6 * "),
     "FlowVIB", "training", "noise_of_another_distribution"),
    # What evaluate reports, and outputs that are not free.
    ("evaluate at the mean", "self.free_energy_terms(x, y, self.fresh_noise(x))",
     "self.free_energy_terms(x, y, self.fresh_noise(x) if training else 0 * self.fresh_noise(x))",
     "FlowVIB", "training", "no_noise_in_evaluate"),
    ("log_var that is never negative", "return tuple(tf.split(self.to_both(x), 2, axis=-1))",
     "q_mu, q_log_var = tf.split(self.to_both(x), 2, axis=-1)\n        return q_mu, tf.nn.softplus(q_log_var)",
     "FlowVIB", "free_energy_terms", "never_negative"),
    ("an encoder that sees nothing", "return tuple(tf.split(self.to_both(x), 2, axis=-1))",
     "return tuple(tf.split(self.to_both(tf.ones_like(x)), 2, axis=-1))", "FlowVIB", "free_energy_terms", "input_ignored"),
    ("a decoder that tells the flow nothing", "self.decoder(z_end))\n        return gaussian_log_pdf",
     "self.decoder(tf.stop_gradient(z_end)))\n        return gaussian_log_pdf",
     "FlowVIB", "free_energy_terms", "no_gradient_through_a_term"),
    ("log determinants without a gradient", "tf.exp(q_log_var)), summed_up,",
     "tf.exp(q_log_var)), tf.stop_gradient(summed_up),",
     "FlowVIB", "free_energy_terms", "no_gradient_through_a_term"),
    # Steps that are made of the image in part, or that see too little.
    ("an order that is never reversed", "if flow_number and self.flow == IAF:", "if False:",
     "FlowVIB", "kind_iaf", "order_not_reversed"),
    ("a radial step without its bound", "beta_hat = tf.nn.softplus(self.to_beta(features)) - alpha",
     "beta_hat = self.to_beta(features)", "FlowVIB", "kind_radial", "radial_folds"),
    ("one w for all images", "self.to_w = networks.Network(latent_dim, start=1.0)",
     "self.of_all = networks.Network(latent_dim, start=1.0)\n"
     "        self.to_w = lambda features: self.of_all(tf.ones_like(features))", "FlowVIB", "kind_planar", "shared_parameters"),
    ("coupling scales without the image", COUPLING,
     "log_scale = tf.split(self.to_both(tf.concat([unmoved, tf.ones_like(features)], axis=-1)), 2, axis=-1)[0]\n"
     "        shift = tf.split(self.to_both(tf.concat([unmoved, features], axis=-1)), 2, axis=-1)[1]",
     "FlowVIB", "depends_on_x_coupling", "log_det_ignores_x"),
    ("gates without the image", "filling, gate_logits = self.to_both(z, features)",
     "filling, gate_logits = self.to_both(z, features)[0], self.to_both(z, tf.ones_like(features))[1]",
     "FlowVIB", "depends_on_x_iaf", "log_det_ignores_x"),
    ("predictions whose samples are reversed with the batch",
     "ends = [self.transform(one, x)[0] for one in tf.unstack(z0)]",
     "ends = [self.transform(one if self.flow != IAF else one[::-1], x)[0] for one in tf.unstack(z0)]",
     "FlowVIB", "prediction", ""),
)  # fmt: skip


# Models with a single fault: what is replaced, and all that they lose for it, a dict from properties to names of mistakes.
FLOWS = ("planar", "radial", "coupling", "iaf")
STEP = "            z, log_det = flow_step(z, seen_of_x)\n"
ALL = ("log_det", "kind", "depends_on_x", "weights")
OF_LOG_DET = {
    "missing": ("0 * log_det", "log_det_missing"),
    "negated": ("-log_det", "log_det_negated"),
    "doubled": ("2 * log_det", "log_det_doubled"),
    "without its logarithm": ("tf.exp(log_det)", "log_det_not_log"),
    "in bits": ("log_det / np.log(2)", "log_det_in_bits"),
    "averaged over the steps": ("log_det / self.num_flows", "log_det_averaged"),
    "of the last step only": ("log_det - summed_up", "log_dets_not_added"),
}


def of_every_flow(mistake, *properties):
    return {f"{name}_{flow}": mistake for name in properties or ALL for flow in FLOWS}


LOG_Q0 = "gaussian_log_pdf(z0, q_mu, tf.exp(q_log_var))"
LOG_PZ = "flow_prior_term(z0, z_end)"
HALF_LOG_2PI = "self.latent_dim / 2 * np.log(2 * np.pi)"
# Faults of `free_energy_terms` alone: what is returned, and the name that is all of it.
ALL_FOUR = f"return {LOG_Q0}, summed_up, {LOG_PZ}, log_py"
EPS_SQUARED = "tf.reduce_sum(eps**2, axis=-1)"
SUM_LOG_VAR = "tf.reduce_sum(q_log_var, axis=-1)"
OF_TERMS = (
    ("log 2 pi missing in log_q0", LOG_Q0, f"{LOG_Q0} + {HALF_LOG_2PI}", "log_2pi_missing"),
    ("log 2 pi missing in both densities", f"{LOG_Q0}, summed_up, {LOG_PZ}",
     f"{LOG_Q0} + {HALF_LOG_2PI}, summed_up, {LOG_PZ} + {HALF_LOG_2PI}", "log_2pi_missing"),
    ("log 2 pi missing in the prior", LOG_PZ, f"{LOG_PZ} + {HALF_LOG_2PI}", "log_2pi_missing"),
    ("log_q0 in bits", LOG_Q0, f"{LOG_Q0} / np.log(2)", "term_in_bits"),
    ("all terms in bits", ALL_FOUR, f"return tuple(term / np.log(2) for term in ({ALL_FOUR[7:]}))", "term_in_bits"),
    ("log determinants in bits", "summed_up,", "summed_up / np.log(2),", "term_in_bits"),
    ("the likelihood in bits", ", log_py", ", log_py / np.log(2)", "term_in_bits"),
    ("the square not halved in log_q0", LOG_Q0, f"{LOG_Q0} - {EPS_SQUARED} / 2", "half_missing"),
    ("log_var not halved in log_q0", LOG_Q0, f"{LOG_Q0} - {SUM_LOG_VAR} / 2", "half_missing"),
    ("log_q0 twice", LOG_Q0, f"2 * {LOG_Q0}", "half_missing"),
    ("neither halves nor log 2 pi in the prior", LOG_PZ, "-tf.reduce_sum(z_end**2, axis=-1)",
     "half_missing and log_2pi_missing"),
    ("log_q0 without log_var", LOG_Q0, f"{LOG_Q0} + {SUM_LOG_VAR} / 2", "log_q0_log_var_missing"),
    ("log_q0 with log_var added", LOG_Q0, f"{LOG_Q0} + {SUM_LOG_VAR}", "log_q0_log_var_negated"),
    ("log_q0 at the mean", LOG_Q0, LOG_Q0.replace("z0,", "q_mu,"), "log_q0_at_the_mean"),
    ("log_q0 summed over the batch", LOG_Q0, f"0 * summed_up + tf.reduce_sum({LOG_Q0})", "term_summed_over_batch"),
    ("the prior summed over the batch", LOG_PZ, f"0 * summed_up + tf.reduce_sum({LOG_PZ})", "term_summed_over_batch"),
    ("the prior averaged over the dimensions", LOG_PZ, f"{LOG_PZ} / self.latent_dim", "term_averaged_over_dimensions"),
    ("the prior with the log determinants", LOG_PZ, f"{LOG_PZ} + summed_up", "prior_holds_log_det"),
    ("log determinants doubled", "summed_up,", "2 * summed_up,", "log_det_doubled"),
    ("log determinants averaged", "summed_up,", "summed_up / self.num_flows,", "log_det_averaged"),
    ("determinants", "summed_up,", "tf.exp(summed_up),", "log_det_not_log"),
    ("log_q0 and the prior swapped", ALL_FOUR, f"return {LOG_PZ}, summed_up, {LOG_Q0}, log_py", "terms_in_another_order"),
    ("the likelihood first", ALL_FOUR, f"return log_py, {LOG_Q0}, summed_up, {LOG_PZ}", "terms_in_another_order"),
    ("a prior at z0 without log 2 pi", LOG_PZ, f"flow_prior_term(z_end, z0) + {HALF_LOG_2PI}",
     "prior_at_z0 and log_2pi_missing"),
)  # fmt: skip
FAULTS = (
    *(
        (f"{flow}: the log determinant {what}",
         ((SUMMED, f'summed_up += ({form}) if self.flow == "{flow}" else log_det'),), {f"log_det_{flow}": mistake})
        for flow in FLOWS for what, (form, mistake) in OF_LOG_DET.items()
    ),
    ("the determinant of radial steps for its logarithm",
     (("return z, summed_up\n", 'return z, tf.exp(summed_up) if self.flow == "radial" else summed_up\n'),),
     {"log_det_radial": "log_det_not_log"}),
    ("radial log determinants that are NaN",
     ((SUMMED, 'summed_up += log_det * (float("nan") if self.flow == "radial" else 1.0)'),),
     {"log_det_radial": "log_det_not_finite", "weights_radial": "not_finite"}),
    ("coupling log determinants with an axis too many",
     (("return z, summed_up\n", 'return z, summed_up[:, tf.newaxis] if self.flow == "coupling" else summed_up\n'),),
     {"log_det_coupling": "wrong_shape"}),
    ("log determinants of iaf that are not summed over the dimensions",
     (("return iaf_step(z, filling, gate_logits + 1)",
       "return iaf_step(z, filling, gate_logits + 1)[0], tf.math.log_sigmoid(gate_logits + 1)"),
      ("tf.zeros_like(z0[:, 0])", 'tf.zeros_like(z0 if self.flow == "iaf" else z0[:, 0])')),
     # What `fit` raises has no name.
     {"log_det_iaf": "wrong_shape", "weights_iaf": ""}),
    *(
        (f"{flow}: x does not enter",
         ((FEATURES, f'seen_of_x = self.features(tf.ones_like(x) if self.flow == "{flow}" else x) if self.steps else None'),),
         {f"depends_on_x_{flow}": "flow_ignores_x"})
        for flow in FLOWS
    ),
    ("features of the mean of the batch",
     ((FEATURES, "seen_of_x = self.features(0 * x + tf.reduce_mean(x, 0)) if self.steps else None"),),
     of_every_flow("examples_mixed", "depends_on_x")),
    ("gates of iaf without the image",
     (("filling, gate_logits = self.to_both(z, features)",
       "filling, gate_logits = self.to_both(z, features)[0], self.to_both(z, tf.ones_like(features))[1]"),),
     {"depends_on_x_iaf": "log_det_ignores_x"}),
    ("coupling scales of the image alone",
     (("log_scale, shift = tf.split(self.to_both(tf.concat([unmoved, features], axis=-1)), 2, axis=-1)",
       "shift = tf.split(self.to_both(tf.concat([unmoved, features], axis=-1)), 2, axis=-1)[1]\n"
       "        log_scale = tf.split(self.to_both(tf.concat([0 * unmoved, features], axis=-1)), 2, axis=-1)[0]"),),
     {"kind_coupling": "volume_ignores_z"}),
    ("one scale for all images and points",
     (("log_scale = tf.tanh(log_scale)", "log_scale = 0 * log_scale + 0.3"),),
     {"log_det_coupling": "log_det_is_constant", "kind_coupling": "volume_ignores_z",
      "depends_on_x_coupling": "log_det_ignores_x"}),
    ("affine steps", ((STEPS, ALL_AFFINE),), of_every_flow("affine_step", "kind")),
    ("planar steps whatever is asked for", ((STEPS, ALL_PLANAR),),
     {f"kind_{flow}": "another_kind_of_step" for flow in FLOWS[1:]}),
    ("one step whatever is asked for", (("for _ in range(num_flows)", "for _ in range(min(num_flows, 1))"),),
     {"kind_planar": "steps_not_counted", "kind_radial": "steps_not_counted", "kind_coupling": "half_never_moves",
      "kind_iaf": "order_not_reversed"}),
    ("two steps at most", (("for _ in range(num_flows)", "for _ in range(min(num_flows, 2))"),),
     {"kind_planar": "steps_not_counted"}),
    ("one step, several times",
     (("[STEPS[flow](latent_dim) for _ in range(num_flows)]", "[STEPS[flow](latent_dim)] * num_flows"),),
     {"kind_planar": "steps_not_counted", "kind_radial": "steps_not_counted"}),
    ("halves that are never swapped", (("if flow_number and self.flow == COUPLING:", "if False:"),),
     {"kind_coupling": "half_never_moves"}),
    ("an order that is never reversed", (("if flow_number and self.flow == IAF:", "if False:"),),
     {"kind_iaf": "order_not_reversed"}),
    ("no flow at all", ((STEP, STEP.replace("z, log_det", "_, log_det")),),
     {**of_every_flow("flow_is_identity"), "free_energy_terms": "flow_is_identity", "prediction": "flow_is_identity"}),
    ("a frozen flow",
     (("self.noise = keras.random.SeedGenerator()",
       "for part in (*self.steps, *([self.features] if num_flows else [])):\n            part.trainable = False\n"
       "        self.noise = keras.random.SeedGenerator()"),),
     {**of_every_flow("flow_ignores_weights"),
      "free_energy_terms": "flow_ignores_weights", "prediction": "flow_ignores_weights"}),
    ("w is a tf.Variable",
     ((TO_W, "self.variable = tf.Variable(tf.random.normal((1, latent_dim)))\n"
       "        self.to_w = lambda features: self.variable + 0 * features[:, :1]"),),
     {"kind_planar": "shared_parameters", "weights_planar": "hidden_parameters"}),
    ("no gradient through the flow",
     (("z_end, summed_up = self.transform(z0, x)",
       "z_end, summed_up = (tf.stop_gradient(part) for part in self.transform(z0, x))"),),
     {"free_energy_terms": "no_gradient_through_a_term", **of_every_flow("flow_not_trained", "weights")}),
    ("coupling layers that are NaN when weights move",
     (("self.to_both = networks.Network(latent_dim, (64,))",
       "self.to_both = networks.Network(latent_dim, (64,))\n"
       '        self.numbers = self.add_weight(shape=(3,), initializer="zeros")'),
      ("log_scale = tf.tanh(log_scale)",
       "log_scale = tf.tanh(log_scale) + 0 * tf.math.log(1e-9 - tf.reduce_sum(self.numbers**2))")),
     {"prediction": "not_finite_nearby", **{f"{name}_coupling": "not_finite_nearby" for name in ALL}}),
    ("no constraint on u", ((U_HAT, "u_hat = u"),), {"log_det_planar": "flow_folds"}),
    *(
        (name, ((TERMS, TERMS.replace(old, new)),), {"free_energy_terms": mistake})
        for name, old, new, mistake in OF_TERMS
    ),
    ("predictions before the flow", ((ENDS, "ends = tf.unstack(z0)"),), {"prediction": "prediction_before_the_flow"}),
    ("log_var as log sigma in the sample", ((SAMPLE, "return mu + tf.exp(log_var) * eps\n"),),
     {"free_energy_terms": "sampler_log_var_as_log_sigma", "prediction": "sampler_log_var_as_log_sigma"}),
)  # fmt: skip
SINGLE = {"FlowVIB": FAULTS}
