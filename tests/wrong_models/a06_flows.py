"""Wrong bottlenecks with flows, each one edit away from the right one, as in `a03_vae.py`."""

SAMPLE = "return mu + tf.exp(0.5 * log_var) * eps\n"
LOG_PY = "return tf.reduce_sum(y_onehot * tf.nn.log_softmax(logits), axis=-1)\n"
TERMS = """\
        log_q0 = gaussian_log_pdf(z0, mu, tf.exp(log_var))
        log_p_zK = flow_prior_term(z0, zK)
        log_py_given_zK = categorical_log_prob(y_onehot, self.decoder(zK))
        return log_q0, sum_log_det, log_p_zK, log_py_given_zK
"""
LOG_PY_OF_TERMS = "log_py_given_zK = categorical_log_prob(y_onehot, self.decoder(zK))\n"
CLIPPED = (
    "log_py_given_zK = tf.reduce_sum(y_onehot * tf.math.log(tf.clip_by_value(tf.nn.softmax("
    "self.decoder(zK)), 1e-7, 1.0)), -1)\n"
)
KL = "kl = log_q0 - sum_log_det - log_p_zK\n"
LOSS = "return tf.reduce_mean(-log_py_given_zK + self.beta * kl)"
NOISE = "return keras.random.normal((tf.shape(x)[0], self.latent_dim), seed=self.seed_generator)"
FEATURES = "features = self.to_features(x) if self.steps else None"
SUMMED = "sum_log_det += log_det"
U_HAT = "u_hat = u + (m - w_dot_u) * w / tf.reduce_sum(w**2, axis=-1, keepdims=True)"
PSI = "psi = (1 - tf.tanh(w_dot_z + b) ** 2) * w\n"
BETA_HAT = "beta_hat = -alpha + tf.nn.softplus(self.to_beta_raw(features))"
ENCODED = "return mu, log_var\n"
M_AND_S = "m, s = self.made(z, features)"
PREDICTED = "return vib_predict_probs(self.decoder(zK))"
TO_W = "self.to_w = networks.MLP(latent_dim, bias_stddev=1.0)"
ENDS = "zK = tf.stack([self.transform(sample, x)[0] for sample in tf.unstack(z0)])"
STEPS = (
    "STEPS = {PLANAR: PlanarStep, RADIAL: RadialStep, COUPLING: CouplingStep, "
    "IAF: AutoregressiveStep}"
)
ALL_PLANAR = "STEPS = dict.fromkeys((PLANAR, RADIAL, COUPLING, IAF), PlanarStep)"
ALL_AFFINE = """class AffineStep(CouplingStep):
    def call(self, z, features):
        log_scale = tf.tanh(self.mlp(features))
        return z * tf.exp(log_scale), tf.reduce_sum(log_scale, axis=-1)


STEPS = dict.fromkeys((PLANAR, RADIAL, COUPLING, IAF), AffineStep)
"""
COUPLING = (
    "log_scale, shift = tf.split(self.mlp(tf.concat([first, features], axis=-1)), 2, axis=-1)"
)

ENCODER = "self.encoder = Encoder(latent_dim, self.hidden)\n"
FROZEN = (
    f"{ENCODER}        self.encoder(tf.zeros((1, event_dim)))\n"
    "        self.encoder.trainable = False\n"
)
PLANAR_END = "return z + u_hat * tf.tanh(w_dot_z + b), log_det\n"
RADIAL_END = "return z + beta_hat * h * (z - z_ref), log_det[:, 0]\n"
GATES_NEARLY_OPEN = ("return iaf_step(z, m, s + 1)", "return iaf_step(z, m, s + 6)")
COUPLING_END = "return z_new, tf.reduce_sum(log_scale, axis=-1)\n"
IAF_END = "return iaf_step(z, m, s + 1)\n"
U_W_B = "u, w, b = self.to_u(features), self.to_w(features), self.to_b(features)"
Z_REF = "z_ref = self.to_z_ref(features)"
ALPHA = "alpha = tf.nn.softplus(self.to_alpha(features)) + 0.1"
SOFTER = "log_scale = tf.tanh(log_scale)\n"
AFFINE = ALL_AFFINE[: ALL_AFFINE.index("STEPS")]
MLP_OF_COUPLING = "self.mlp = networks.MLP(latent_dim, (64,))\n"
MADE = "self.made = networks.MADE()\n"
W_OF_ALL = (
    "self.of_all = networks.MLP(latent_dim, bias_stddev=1.0)\n"
    "        self.to_w = lambda features: self.of_all(tf.ones_like(features))"
)
W_AS_VARIABLE = (
    "self.variable = tf.Variable(tf.random.normal((1, latent_dim)))\n"
    "        self.to_w = lambda features: self.variable + 0 * features[:, :1]"
)
AT_THE_OUTPUT = (
    "w_dot_zK = tf.reduce_sum(w * (z + u_hat * tf.tanh(w_dot_z + b)), axis=-1, keepdims=True)\n"
    "        psi = (1 - tf.tanh(w_dot_zK + b) ** 2) * w\n"
)
AHEAD = (
    "m, s = (part[:, ::-1] for part in self.made(z[:, ::-1], features))\n        m += z[:, ::-1]"
)
RADIAL_LOG_DET = (
    "log_det = (self.latent_dim - 1) * tf.math.log1p(beta_hat * h)\n"
    "        log_det += tf.math.log1p(beta_hat * h + beta_hat * h_prime * r)\n"
)
ONLY_SHIFTS = (
    "log_scale = tf.tanh(tf.split(self.mlp(tf.concat([first, 0 * features], axis=-1)), "
    "2, axis=-1)[0]) * 0 + 0.3"
)
SCALES_OF_NO_IMAGE = (
    "log_scale = tf.split("
    "self.mlp(tf.concat([first, tf.ones_like(features)], axis=-1)), 2, axis=-1)[0]\n"
    "        shift = tf.split(self.mlp(tf.concat([first, features], axis=-1)), 2, axis=-1)[1]"
)
GATES_OF_NO_IMAGE = "m, s = self.made(z, features)[0], self.made(z, tf.ones_like(features))[1]"
# Edits of a step, which lose a property of the step, and the same of FlowVIB: name, the two texts,
# the class, its kind, the property without the kind, the mistake.
OF_STEPS = (
    (
        "tanh in the place of its derivative",
        PSI,
        "psi = tf.tanh(w_dot_z + b) * w\n",
        "PlanarStep",
        "planar",
        "log_det",
        "",
    ),
    (
        "log determinant at the output",
        PSI,
        AT_THE_OUTPUT,
        "PlanarStep",
        "planar",
        "log_det",
        "log_det_at_output",
    ),
    (
        "radius at the output",
        RADIAL_LOG_DET,
        "at = tf.norm(z + beta_hat * h * (z - z_ref) - z_ref, axis=-1, keepdims=True)\n"
        "        there = 1 / (alpha + at)\n"
        "        log_det = (self.latent_dim - 1) * tf.math.log1p(beta_hat * there)\n"
        "        log_det += tf.math.log1p(beta_hat * there - beta_hat * there**2 * at)\n",
        "RadialStep",
        "radial",
        "log_det",
        "log_det_at_output",
    ),
    (
        "the constraint in the map and not in the determinant",
        "tf.reduce_sum(u_hat * psi, axis=-1)",
        "tf.reduce_sum(u * psi, axis=-1)",
        "PlanarStep",
        "planar",
        "log_det",
        "",
    ),
    ("no constraint on u", U_HAT, "u_hat = u", "PlanarStep", "planar", "log_det", "flow_folds"),
    (
        "no constraint on beta",
        BETA_HAT,
        "beta_hat = 3 * self.to_beta_raw(features) - 2",
        "RadialStep",
        "radial",
        "log_det",
        "",
    ),
    (
        "the power K in the radial determinant",
        "log_det = (self.latent_dim - 1) * tf",
        "log_det = self.latent_dim * tf",
        "RadialStep",
        "radial",
        "log_det",
        "",
    ),
    (
        "scale without its logarithm",
        "tf.reduce_sum(log_scale, axis=-1)\n",
        "tf.reduce_sum(tf.exp(log_scale), axis=-1)\n",
        "CouplingStep",
        "coupling",
        "log_det",
        "",
    ),
    (
        "scale of the first half",
        "z_new = tf.concat([first, second * tf.exp(log_scale) + shift], axis=-1)",
        "z_new = tf.concat([first * tf.exp(log_scale), second + shift], axis=-1)",
        "CouplingStep",
        "coupling",
        "log_det",
        "",
    ),
    ("a network that looks ahead", M_AND_S, AHEAD, "AutoregressiveStep", "iaf", "log_det", ""),
    (
        "FLOWS(z0) with coupling",
        "tf.concat([first, features], axis=-1)",
        "tf.concat([first, 0 * features], axis=-1)",
        "CouplingStep",
        "coupling",
        "depends_on_x",
        "flow_ignores_x",
    ),
    (
        "FLOWS(z0) with a masked network",
        "self.made(z, features)",
        "self.made(z, 0 * features)",
        "AutoregressiveStep",
        "iaf",
        "depends_on_x",
        "flow_ignores_x",
    ),
    (
        "only the shift comes from x",
        SOFTER.rstrip(),
        ONLY_SHIFTS,
        "CouplingStep",
        "coupling",
        "depends_on_x",
        "log_det_ignores_x",
    ),
    (
        "coupling scales without the image",
        COUPLING,
        SCALES_OF_NO_IMAGE,
        "CouplingStep",
        "coupling",
        "depends_on_x",
        "log_det_ignores_x",
    ),
    (
        "gates without the image",
        M_AND_S,
        GATES_OF_NO_IMAGE,
        "AutoregressiveStep",
        "iaf",
        "depends_on_x",
        "log_det_ignores_x",
    ),
    (
        "a planar step of no image",
        U_W_B,
        f"features = tf.ones_like(features)\n        {U_W_B}",
        "PlanarStep",
        "planar",
        "depends_on_x",
        "flow_ignores_x",
    ),
    (
        "a radial step of no image",
        Z_REF,
        f"features = tf.ones_like(features)\n        {Z_REF}",
        "RadialStep",
        "radial",
        "depends_on_x",
        "flow_ignores_x",
    ),
    (
        "only the offset of the plane comes from x",
        U_W_B,
        "u, w, b = self.to_u(0 * features), self.to_w(0 * features), self.to_b(features)",
        "PlanarStep",
        "planar",
        "kind",
        "shared_parameters",
    ),
    ("one w for all images", TO_W, W_OF_ALL, "PlanarStep", "planar", "kind", "shared_parameters"),
    (
        "a radial step without its bound",
        BETA_HAT,
        "beta_hat = self.to_beta_raw(features)",
        "RadialStep",
        "radial",
        "kind",
        "radial_folds",
    ),
    (
        "gates that are exponentials",
        IAF_END,
        "return z * tf.exp(tf.tanh(s)) + m, tf.reduce_sum(tf.tanh(s), axis=-1)\n",
        "AutoregressiveStep",
        "iaf",
        "kind",
        "another_kind_of_step",
    ),
    (
        "w is a tf.Variable",
        TO_W,
        W_AS_VARIABLE,
        "PlanarStep",
        "planar",
        "weights",
        "hidden_parameters",
    ),
    (
        "w is a tf.Variable that begins the same in all models",
        TO_W,
        W_AS_VARIABLE.replace("tf.random.normal(", "tf.ones("),
        "PlanarStep",
        "planar",
        "weights",
        "hidden_parameters",
    ),
)
PROPERTIES_OF_STEPS = {"depends_on_x": "depends_on_features"}
# Edits of a step that FlowVIB is not examined for in the same way.
OF_STEPS_ALONE = (
    *(
        (
            f"{name}: an affine step",
            STEPS,
            f"{AFFINE}\n\n{name} = AffineStep\n{STEPS}",
            name,
            "kind",
            "affine_step",
        )
        for name in ("PlanarStep", "RadialStep", "CouplingStep", "AutoregressiveStep")
    ),
    *(
        (
            f"{name}: {other} in its place",
            STEPS,
            f"{name} = {other}\n{STEPS}",
            name,
            "kind",
            "another_kind_of_step",
        )
        for name, other in (
            ("PlanarStep", "RadialStep"),
            ("RadialStep", "PlanarStep"),
            ("CouplingStep", "AutoregressiveStep"),
            ("AutoregressiveStep", "CouplingStep"),
        )
    ),
    (
        "PlanarStep: u is cut off from the gradient",
        U_HAT,
        f"{U_HAT}\n        u_hat = tf.stop_gradient(u_hat)",
        "PlanarStep",
        "weights",
        "no_gradient_through_a_step",
    ),
    (
        "RadialStep: the log determinant has no gradient",
        RADIAL_END,
        RADIAL_END.replace("log_det[:, 0]", "tf.stop_gradient(log_det[:, 0])"),
        "RadialStep",
        "weights",
        "no_gradient_through_a_step",
    ),
    (
        "CouplingStep: NumPy",
        SOFTER,
        "log_scale = np.tanh(log_scale)\n",
        "CouplingStep",
        "weights",
        "no_gradient_through_a_step",
    ),
    (
        "AutoregressiveStep: the gates have no gradient",
        IAF_END,
        IAF_END.replace("s + 1", "tf.stop_gradient(s + 1)"),
        "AutoregressiveStep",
        "weights",
        "no_gradient_through_a_step",
    ),
    (
        "PlanarStep: no step at all",
        PLANAR_END,
        "return z + 0 * u_hat, log_det\n",
        "PlanarStep",
        "log_det",
        "flow_is_identity",
    ),
    (
        "PlanarStep: frozen",
        TO_W,
        f"{TO_W}\n        self.trainable = False",
        "PlanarStep",
        "log_det",
        "no_weights",
    ),
    (
        "AutoregressiveStep: z is not looked at",
        IAF_END,
        "return m, 0 * m[:, 0]\n",
        "AutoregressiveStep",
        "log_det",
        "",
    ),
)
EDITS = (
    # What is not trained at all is not cut off.
    ("a frozen encoder", ENCODER, FROZEN, "FlowVIB", "free_energy_terms", "encoder_not_trained"),
    # The terms.
    ("clipped probabilities", LOG_PY_OF_TERMS, CLIPPED, "FlowVIB", "free_energy_terms",
     "cross_entropy_cut_off"),
    ("prior at z0", TERMS, TERMS.replace("flow_prior_term(z0, zK)", "flow_prior_term(zK, z0)"),
     "FlowVIB", "free_energy_terms", "prior_at_z0"),
    ("the log-likelihood is log q_K once more", TERMS,
     TERMS.replace(", log_py_given_zK", ", log_q0 - sum_log_det"), "FlowVIB", "free_energy_terms",
     "likelihood_is_log_qK"),
    ("binary cross-entropy", LOG_PY,
     "return -tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(y_onehot, logits), axis=-1)\n",
     "FlowVIB", "free_energy_terms", "binary_cross_entropy"),
    ("binary cross-entropy, averaged", LOG_PY,
     "return -keras.losses.binary_crossentropy(y_onehot, logits, from_logits=True)\n",
     "FlowVIB", "free_energy_terms", "binary_cross_entropy"),
    ("cross-entropy summed over the batch", TERMS,
     TERMS.replace(", log_py_given_zK", ", 0 * log_py_given_zK + tf.reduce_sum(log_py_given_zK)"),
     "FlowVIB", "free_energy_terms", "cross_entropy_summed_over_batch"),
    ("the cross-entropy for the log-likelihood", TERMS,
     TERMS.replace(", log_py_given_zK", ", -log_py_given_zK"), "FlowVIB", "free_energy_terms",
     "cross_entropy_for_likelihood"),
    ("log_q0 holds the log determinants", TERMS,
     TERMS.replace("return log_q0", "return log_q0 - sum_log_det"), "FlowVIB", "free_energy_terms",
     "log_q0_is_log_qK"),
    ("log_q0 at zK", TERMS, TERMS.replace("pdf(z0,", "pdf(zK,"), "FlowVIB", "free_energy_terms",
     "log_q0_at_zK"),
    ("log_var as log sigma in log_q0", TERMS,
     TERMS.replace("tf.exp(log_var)", "tf.exp(2 * log_var)"), "FlowVIB", "free_energy_terms",
     "log_q0_log_var_as_log_sigma"),
    ("log determinants left out of the terms", TERMS,
     TERMS.replace(", sum_log_det,", ", 0 * sum_log_det,"), "FlowVIB", "free_energy_terms",
     "log_det_missing"),
    ("decoder given z0", TERMS, TERMS.replace("self.decoder(zK)", "self.decoder(z0)"),
     "FlowVIB", "free_energy_terms", "decoder_given_z0"),
    ("log_var as log sigma in the sample", SAMPLE, "return mu + tf.exp(log_var) * eps\n", "FlowVIB",
     "free_energy_terms", "sampler_log_var_as_log_sigma"),
    ("terms with noise of their own", "z0 = sample_latent(mu, log_var, eps)\n        zK, ",
     "z0 = sample_latent(mu, log_var, tf.random.normal(tf.shape(eps)))\n        zK, ",
     "FlowVIB", "free_energy_terms", "terms_draw_their_own_noise"),
    ("beta forgotten", "self.flow, self.beta = tuple(hidden), num_flows, flow, beta",
     "self.flow, self.beta = tuple(hidden), num_flows, flow, 1.0", "FlowVIB", "free_energy_terms",
     "beta_not_kept"),
    # The flow.
    ("log determinant with the other sign", SUMMED, "sum_log_det -= log_det", "FlowVIB",
     "log_det_planar", "log_det_negated"),
    ("log determinant of the last step only", SUMMED, "sum_log_det = log_det", "FlowVIB",
     "log_det_coupling", "log_dets_not_added"),
    ("log determinant missing", SUMMED, "sum_log_det += 0 * log_det", "FlowVIB", "log_det_iaf",
     "log_det_missing"),
    ("a product of determinants without a logarithm", "return z, sum_log_det\n",
     "return z, tf.exp(sum_log_det)\n", "FlowVIB", "log_det_radial", "log_det_not_log"),
    ("no flow at all", "z, log_det = step(z, features)", "_, log_det = step(z, features)",
     "FlowVIB", "log_det_planar", "flow_is_identity"),
    # What comes from x.
    ("FLOWS(z0)", FEATURES, "features = self.to_features(tf.ones_like(x)) if self.steps else None",
     "FlowVIB", "depends_on_x_planar", "flow_ignores_x"),
    ("features of the batch's mean", FEATURES,
     "features = self.to_features(0 * x + tf.reduce_mean(x, 0)) if self.steps else None",
     "FlowVIB", "depends_on_x_radial", "examples_mixed"),
    # The kind of the steps, and how many there are.
    ("planar steps where radial ones belong", STEPS, ALL_PLANAR, "FlowVIB", "kind_radial",
     "another_kind_of_step"),
    ("planar steps where coupling layers belong", STEPS, ALL_PLANAR, "FlowVIB", "kind_coupling",
     "another_kind_of_step"),
    ("planar steps where autoregressive ones belong", STEPS, ALL_PLANAR, "FlowVIB", "kind_iaf",
     "another_kind_of_step"),
    ("coupling layers where autoregressive steps belong", STEPS,
     STEPS.replace("AutoregressiveStep", "CouplingStep"), "FlowVIB", "kind_iaf",
     "another_kind_of_step"),
    ("radial steps where planar ones belong", STEPS, STEPS.replace("PlanarStep", "RadialStep"),
     "FlowVIB", "kind_planar", "another_kind_of_step"),
    ("scales that see x alone, for planar steps", STEPS, ALL_AFFINE, "FlowVIB", "kind_planar",
     "affine_step"),
    ("scales that see x alone, for radial steps", STEPS, ALL_AFFINE, "FlowVIB", "kind_radial",
     "affine_step"),
    ("scales that see x alone, for coupling layers", STEPS, ALL_AFFINE, "FlowVIB", "kind_coupling",
     "affine_step"),
    ("scales that see x alone, for autoregressive steps", STEPS, ALL_AFFINE, "FlowVIB", "kind_iaf",
     "affine_step"),
    ("one step whatever is asked for", "for _ in range(num_flows)",
     "for _ in range(min(num_flows, 1))", "FlowVIB", "kind_planar", "steps_not_counted"),
    ("halves swapped twice", "            sum_log_det += log_det\n",
     "            sum_log_det += log_det\n"
     "            z = tf.roll(z, self.latent_dim // 2, axis=-1) if self.flow == COUPLING else z\n",
     "FlowVIB", "kind_coupling", "half_never_moves"),
    # The weights.
    ("neither the flow nor its features are trained",
     "self.seed_generator = keras.random.SeedGenerator()",
     "for part in (self.to_features, *self.steps):\n            part.trainable = False\n"
     "        self.seed_generator = keras.random.SeedGenerator()", "FlowVIB", "weights_planar",
     "flow_ignores_weights"),
    ("no gradient through the flow", "zK, sum_log_det = self.transform(z0, x)",
     "zK, sum_log_det = (tf.stop_gradient(part) for part in self.transform(z0, x))",
     "FlowVIB", "weights_iaf", "flow_not_trained"),
    ("no gradient through coupling layers", "zK, sum_log_det = self.transform(z0, x)",
     "zK, sum_log_det = (tf.stop_gradient(part) for part in self.transform(z0, x))",
     "FlowVIB", "weights_coupling", "flow_not_trained"),
    ("the encoder is not trained", "self.seed_generator = keras.random.SeedGenerator()",
     "self.encoder.trainable = False\n        self.seed_generator = keras.random.SeedGenerator()",
     "FlowVIB", "weights_radial", "encoder_not_trained"),
    # Predictions.
    ("prediction from one sample", PREDICTED, "return vib_predict_probs(self.decoder(zK[:1]))",
     "FlowVIB", "prediction", "prediction_from_one_sample"),
    ("softmax of averaged logits", PREDICTED,
     "return vib_predict_probs(tf.reduce_mean(self.decoder(zK), axis=0, keepdims=True))",
     "FlowVIB", "prediction", "softmax_of_averaged_logits"),
    ("prediction from the mean", ENDS, ENDS.replace("sample, x", "mu, x"),
     "FlowVIB", "prediction", "prediction_from_the_mean"),
    ("logits for probabilities", PREDICTED, "return tf.reduce_mean(self.decoder(zK), axis=0)",
     "FlowVIB", "prediction", "prediction_is_logits"),
    ("prediction before the flow", ENDS, "zK = z0", "FlowVIB", "prediction",
     "prediction_before_the_flow"),
    # The loss.
    ("beta on the cross-entropy", LOSS, "return tf.reduce_mean(-self.beta * log_py_given_zK + kl)",
     "FlowVIB", "training", "beta_on_the_cross_entropy"),
    ("beta missing", LOSS, "return tf.reduce_mean(-log_py_given_zK + kl)", "FlowVIB", "training",
     "beta_missing"),
    ("another beta", LOSS, "return tf.reduce_mean(-log_py_given_zK + 0.2 * kl)", "FlowVIB",
     "training", "another_beta"),
    ("log determinants in the terms and not in the loss", KL, "kl = log_q0 - log_p_zK\n",
     "FlowVIB", "training", "kl_without_log_det"),
    ("log determinants with a plus in the loss", KL, "kl = log_q0 + sum_log_det - log_p_zK\n",
     "FlowVIB", "training", "kl_with_log_det_added"),
    ("evaluate with another beta", LOSS,
     "beta = self.beta if training else 1.0\n"
     "        return tf.reduce_mean(-log_py_given_zK + beta * kl)",
     "FlowVIB", "training", "beta_missing"),
    ("maximised loss", LOSS, "return -tf.reduce_mean(-log_py_given_zK + self.beta * kl)", "FlowVIB",
     "training", "loss_negated"),
    ("Listing 1: the sum over the batch", LOSS,
     "return tf.reduce_mean(self.beta * kl) - tf.reduce_sum(log_py_given_zK)", "FlowVIB",
     "training", "cross_entropy_summed_over_batch"),
    ("noise drawn when the step is traced", NOISE,
     "return tf.constant("
     "np.random.normal(size=(x.shape[0] or 64, self.latent_dim)), tf.float32)[: tf.shape(x)[0]]",
     "FlowVIB", "training", "noise_frozen_in_training"),
    ("the mean in training", NOISE, "return tf.zeros((tf.shape(x)[0], self.latent_dim))", "FlowVIB",
     "training", "no_noise"),
    ("a KL without gradient", LOSS,
     "return tf.reduce_mean(-log_py_given_zK + self.beta * tf.stop_gradient(kl))",
     "FlowVIB", "training", "kl_without_gradient"),
    ("one number for all dimensions", NOISE,
     "return keras.random.normal((tf.shape(x)[0], 1), seed=self.seed_generator) "
     "* tf.ones(self.latent_dim)",
     "FlowVIB", "training", "noise_of_another_distribution"),
    ("uniform noise", NOISE,
     "return keras.random.uniform("
     "(tf.shape(x)[0], self.latent_dim), -1, 1, seed=self.seed_generator)",
     "FlowVIB", "training", "noise_of_another_distribution"),
    ("noise that is too small", NOISE, NOISE.replace("return ", "return 0.6 * "),
     "FlowVIB", "training", "noise_of_another_distribution"),
    # What evaluate reports, and outputs that are not free.
    ("evaluate at the mean", "self.free_energy_terms(x, y, self.fresh_noise(x))",
     "self.free_energy_terms(x, y, self.fresh_noise(x) if training else 0 * self.fresh_noise(x))",
     "FlowVIB", "training", "no_noise_in_evaluate"),
    ("log_var that is never negative", ENCODED, "return mu, tf.nn.softplus(log_var)\n",
     "FlowVIB", "free_energy_terms", "never_negative"),
    ("an encoder that sees nothing", "self.mlp(x)", "self.mlp(tf.ones_like(x))",
     "FlowVIB", "free_energy_terms", "input_ignored"),
    ("a decoder that tells the flow nothing", TERMS,
     TERMS.replace("self.decoder(zK)", "self.decoder(tf.stop_gradient(zK))"), "FlowVIB",
     "free_energy_terms", "no_gradient_through_a_term"),
    ("log determinants without a gradient", TERMS,
     TERMS.replace(" sum_log_det,", " tf.stop_gradient(sum_log_det),"), "FlowVIB",
     "free_energy_terms", "no_gradient_through_a_term"),
    # Steps that are made of the image in part, or that see too little.
    ("an order that is never reversed", "if number and self.flow == IAF:", "if False:",
     "FlowVIB", "kind_iaf", "order_not_reversed"),
    ("predictions whose samples are reversed with the batch",
     ENDS, ENDS.replace("(sample,", "(sample if self.flow != IAF else sample[::-1],"),
     "FlowVIB", "prediction", ""),
    # What is wrong in a step is wrong in the model too.
    *(
        (name, old, new, "FlowVIB", f"{broken}_{flow}", mistake)
        for name, old, new, _, flow, broken, mistake in OF_STEPS
    ),
    *(
        (f"{step}: {name}", old, new, step, PROPERTIES_OF_STEPS.get(broken, broken), mistake)
        for name, old, new, step, _, broken, mistake in OF_STEPS
    ),
    *OF_STEPS_ALONE,
)  # fmt: skip


# Models with a single fault: what is replaced, and all that they lose for it, a dict from
# properties to names of mistakes.
FLOWS = ("planar", "radial", "coupling", "iaf")
STEP = "            z, log_det = step(z, features)\n"
ALL = ("log_det", "kind", "depends_on_x", "weights")
OF_LOG_DET = {
    "missing": ("0 * log_det", "log_det_missing"),
    "negated": ("-log_det", "log_det_negated"),
    "doubled": ("2 * log_det", "log_det_doubled"),
    "without its logarithm": ("tf.exp(log_det)", "log_det_not_log"),
    "in bits": ("log_det / np.log(2)", "log_det_in_bits"),
    "averaged over the steps": ("log_det / self.num_flows", "log_det_averaged"),
    "of the last step only": ("log_det - sum_log_det", "log_dets_not_added"),
}


def of_every_flow(mistake, *properties):
    return {f"{name}_{flow}": mistake for name in properties or ALL for flow in FLOWS}


LOG_Q0 = "gaussian_log_pdf(z0, mu, tf.exp(log_var))"
LOG_PZ = "flow_prior_term(z0, zK)"
HALF_LOG_2PI = "self.latent_dim / 2 * np.log(2 * np.pi)"
# Faults of `free_energy_terms` alone: what is returned, and the name that is all of it.
ALL_FOUR = "return log_q0, sum_log_det, log_p_zK, log_py_given_zK"
EPS_SQUARED = "tf.reduce_sum(eps**2, axis=-1)"
SUM_LOG_VAR = "tf.reduce_sum(log_var, axis=-1)"
OF_TERMS = (
    ("log 2 pi missing in log_q0", LOG_Q0, f"{LOG_Q0} + {HALF_LOG_2PI}", "log_2pi_missing"),
    ("log 2 pi missing in both densities", ALL_FOUR,
     f"return log_q0 + {HALF_LOG_2PI}, sum_log_det, log_p_zK + {HALF_LOG_2PI}, log_py_given_zK",
     "log_2pi_missing"),
    ("log 2 pi missing in the prior", LOG_PZ, f"{LOG_PZ} + {HALF_LOG_2PI}", "log_2pi_missing"),
    ("log_q0 in bits", LOG_Q0, f"{LOG_Q0} / np.log(2)", "term_in_bits"),
    ("all terms in bits", ALL_FOUR, f"return tuple(term / np.log(2) for term in ({ALL_FOUR[7:]}))",
     "term_in_bits"),
    ("log determinants in bits", "sum_log_det,", "sum_log_det / np.log(2),", "term_in_bits"),
    ("the likelihood in bits", ", log_py_given_zK", ", log_py_given_zK / np.log(2)",
     "term_in_bits"),
    ("the square not halved in log_q0", LOG_Q0, f"{LOG_Q0} - {EPS_SQUARED} / 2", "half_missing"),
    ("log_var not halved in log_q0", LOG_Q0, f"{LOG_Q0} - {SUM_LOG_VAR} / 2", "half_missing"),
    ("log_q0 twice", LOG_Q0, f"2 * {LOG_Q0}", "half_missing"),
    ("neither halves nor log 2 pi in the prior", LOG_PZ, "-tf.reduce_sum(zK**2, axis=-1)",
     "half_missing and log_2pi_missing"),
    ("log_q0 without log_var", LOG_Q0, f"{LOG_Q0} + {SUM_LOG_VAR} / 2", "log_q0_log_var_missing"),
    ("log_q0 with log_var added", LOG_Q0, f"{LOG_Q0} + {SUM_LOG_VAR}", "log_q0_log_var_negated"),
    ("log_q0 at the mean", LOG_Q0, LOG_Q0.replace("z0,", "mu,"), "log_q0_at_the_mean"),
    ("log_q0 summed over the batch", LOG_Q0, f"0 * sum_log_det + tf.reduce_sum({LOG_Q0})",
     "term_summed_over_batch"),
    ("the prior summed over the batch", LOG_PZ, f"0 * sum_log_det + tf.reduce_sum({LOG_PZ})",
     "term_summed_over_batch"),
    ("the prior averaged over the dimensions", LOG_PZ, f"{LOG_PZ} / self.latent_dim",
     "term_averaged_over_dimensions"),
    ("the prior with the log determinants", LOG_PZ, f"{LOG_PZ} + sum_log_det",
     "prior_holds_log_det"),
    ("log determinants doubled", "sum_log_det,", "2 * sum_log_det,", "log_det_doubled"),
    ("log determinants averaged", "sum_log_det,", "sum_log_det / self.num_flows,",
     "log_det_averaged"),
    ("determinants", "sum_log_det,", "tf.exp(sum_log_det),", "log_det_not_log"),
    ("log_q0 and the prior swapped", ALL_FOUR,
     "return log_p_zK, sum_log_det, log_q0, log_py_given_zK", "terms_in_another_order"),
    ("the likelihood first", ALL_FOUR, "return log_py_given_zK, log_q0, sum_log_det, log_p_zK",
     "terms_in_another_order"),
    ("a prior at z0 without log 2 pi", LOG_PZ, f"flow_prior_term(zK, z0) + {HALF_LOG_2PI}",
     "prior_at_z0 and log_2pi_missing"),
)  # fmt: skip
FAULTS = (
    *(
        (f"{flow}: the log determinant {what}",
         ((SUMMED, f'sum_log_det += ({form}) if self.flow == "{flow}" else log_det'),),
         {f"log_det_{flow}": mistake})
        for flow in FLOWS for what, (form, mistake) in OF_LOG_DET.items()
    ),
    ("the determinant of radial steps for its logarithm",
     (("return z, sum_log_det\n",
       'return z, tf.exp(sum_log_det) if self.flow == "radial" else sum_log_det\n'),),
     {"log_det_radial": "log_det_not_log"}),
    ("radial log determinants that are NaN",
     ((SUMMED, 'sum_log_det += log_det * (float("nan") if self.flow == "radial" else 1.0)'),),
     {"log_det_radial": "log_det_not_finite", "weights_radial": "not_finite"}),
    ("coupling log determinants with an axis too many",
     (("return z, sum_log_det\n",
       'return z, sum_log_det[:, tf.newaxis] if self.flow == "coupling" else sum_log_det\n'),),
     {"log_det_coupling": "log_det_wrong_shape"}),
    ("log determinants of iaf that are not summed over the dimensions",
     (("return iaf_step(z, m, s + 1)",
       "return iaf_step(z, m, s + 1)[0], tf.math.log_sigmoid(s + 1)"),
      ("tf.zeros_like(z0[:, 0])", 'tf.zeros_like(z0 if self.flow == "iaf" else z0[:, 0])')),
     # What `fit` raises has no name.
     {"log_det_iaf": "log_det_wrong_shape", "weights_iaf": ""}),
    *(
        (f"{flow}: x does not enter",
         ((FEATURES, f'features = self.to_features(tf.ones_like(x) if self.flow == "{flow}" else '
           "x) if self.steps else None"),),
         {f"depends_on_x_{flow}": "flow_ignores_x"})
        for flow in FLOWS
    ),
    ("features of the mean of the batch",
     ((FEATURES,
       "features = self.to_features(0 * x + tf.reduce_mean(x, 0)) if self.steps else None"),),
     of_every_flow("examples_mixed", "depends_on_x")),
    ("gates of iaf without the image",
     ((M_AND_S, "m, s = self.made(z, features)[0], self.made(z, tf.ones_like(features))[1]"),),
     {"depends_on_x_iaf": "log_det_ignores_x"}),
    ("coupling scales of the image alone",
     (("log_scale, shift = tf.split(self.mlp(tf.concat([first, features], axis=-1)), 2, axis=-1)",
       "shift = tf.split(self.mlp(tf.concat([first, features], axis=-1)), 2, axis=-1)[1]\n"
       "        log_scale = tf.split("
       "self.mlp(tf.concat([0 * first, features], axis=-1)), 2, axis=-1)[0]"),),
     {"kind_coupling": "volume_ignores_z"}),
    ("one scale for all images and points",
     (("log_scale = tf.tanh(log_scale)", "log_scale = 0 * log_scale + 0.3"),),
     {"log_det_coupling": "log_det_is_constant", "kind_coupling": "volume_ignores_z",
      "depends_on_x_coupling": "log_det_ignores_x"}),
    ("affine steps", ((STEPS, ALL_AFFINE),), of_every_flow("affine_step", "kind")),
    ("planar steps whatever is asked for", ((STEPS, ALL_PLANAR),),
     {f"kind_{flow}": "another_kind_of_step" for flow in FLOWS[1:]}),
    ("one step whatever is asked for",
     (("for _ in range(num_flows)", "for _ in range(min(num_flows, 1))"),),
     {"kind_planar": "steps_not_counted", "kind_radial": "steps_not_counted",
      "kind_coupling": "half_never_moves",
      "kind_iaf": "order_not_reversed"}),
    ("two steps at most", (("for _ in range(num_flows)", "for _ in range(min(num_flows, 2))"),),
     {"kind_planar": "steps_not_counted"}),
    ("one step, several times",
     (("[STEPS[flow](latent_dim) for _ in range(num_flows)]",
       "[STEPS[flow](latent_dim)] * num_flows"),),
     {"kind_planar": "steps_not_counted", "kind_radial": "steps_not_counted"}),
    ("halves that are never swapped", (("if number and self.flow == COUPLING:", "if False:"),),
     {"kind_coupling": "half_never_moves"}),
    ("an order that is never reversed", (("if number and self.flow == IAF:", "if False:"),),
     {"kind_iaf": "order_not_reversed"}),
    ("an order that is never reversed, and gates that are nearly open",
     (("if number and self.flow == IAF:", "if False:"), GATES_NEARLY_OPEN),
     {"kind_iaf": "order_not_reversed"}),
    ("gates that are nearly open, no fault", (GATES_NEARLY_OPEN,), {}),
    ("no flow at all", ((STEP, STEP.replace("z, log_det", "_, log_det")),),
     {**of_every_flow("flow_is_identity"), "free_energy_terms": "flow_is_identity",
      "prediction": "flow_is_identity"}),
    ("a frozen flow",
     (("self.seed_generator = keras.random.SeedGenerator()",
       "for part in (*self.steps, *([self.to_features] if num_flows else [])):\n"
       "            part.trainable = False\n"
       "        self.seed_generator = keras.random.SeedGenerator()"),),
     {**of_every_flow("flow_ignores_weights"),
      "free_energy_terms": "flow_ignores_weights", "prediction": "flow_ignores_weights"}),
    ("w is a tf.Variable",
     ((TO_W, "self.variable = tf.Variable(tf.random.normal((1, latent_dim)))\n"
       "        self.to_w = lambda features: self.variable + 0 * features[:, :1]"),),
     {"kind_planar": "shared_parameters", "weights_planar": "hidden_parameters"}),
    ("no gradient through the flow",
     (("zK, sum_log_det = self.transform(z0, x)",
       "zK, sum_log_det = (tf.stop_gradient(part) for part in self.transform(z0, x))"),),
     {"free_energy_terms": "no_gradient_through_a_term",
      **of_every_flow("flow_not_trained", "weights")}),
    ("coupling layers that are NaN when weights move",
     (("self.mlp = networks.MLP(latent_dim, (64,))",
       "self.mlp = networks.MLP(latent_dim, (64,))\n"
       '        self.numbers = self.add_weight(shape=(3,), initializer="zeros")'),
      ("log_scale = tf.tanh(log_scale)",
       "log_scale = tf.tanh(log_scale) + 0 * tf.math.log(1e-9 - tf.reduce_sum(self.numbers**2))")),
     {"prediction": "not_finite_nearby",
      **{f"{name}_coupling": "not_finite_nearby" for name in ALL}}),
    ("no constraint on u", ((U_HAT, "u_hat = u"),), {"log_det_planar": "flow_folds"}),
    *(
        (name, ((TERMS, TERMS.replace(old, new)),), {"free_energy_terms": mistake})
        for name, old, new, mistake in OF_TERMS
    ),
    ("predictions before the flow", ((ENDS, "zK = z0"),),
     {"prediction": "prediction_before_the_flow"}),
    ("log_var as log sigma in the sample", ((SAMPLE, "return mu + tf.exp(log_var) * eps\n"),),
     {"free_energy_terms": "sampler_log_var_as_log_sigma",
      "prediction": "sampler_log_var_as_log_sigma"}),
)  # fmt: skip
# Faults of a step that cost one property of its question, and no other.
ENDS_OF_STEPS = {
    "PlanarStep": (PLANAR_END, "log_det"),
    "RadialStep": (RADIAL_END, "log_det[:, 0]"),
    "CouplingStep": (COUPLING_END, "tf.reduce_sum(log_scale, axis=-1)"),
}
IDLE = "self.to_alpha = networks.MLP(1)\n"
OF_ONE_STEP = {
    name: (
        *(
            (
                f"{name}: the log determinant {what}",
                ((end, end.replace(log_det, form.replace("log_det", log_det))),),
                {"log_det": mistake},
            )
            for what, (form, mistake) in OF_LOG_DET.items()
            if "self" not in form and "sum" not in form
        ),
    )
    for name, (end, log_det) in ENDS_OF_STEPS.items()
}
OF_ONE_STEP["PlanarStep"] += (
    (
        "PlanarStep: a radial step",
        ((STEPS, f"PlanarStep = RadialStep\n{STEPS}"),),
        {"kind": "another_kind_of_step"},
    ),
    (
        "PlanarStep: features do not enter",
        ((U_W_B, f"features = tf.ones_like(features)\n        {U_W_B}"),),
        {"depends_on_features": "flow_ignores_x"},
    ),
    (
        "PlanarStep: u without a gradient",
        ((U_HAT, f"{U_HAT}\n        u_hat = tf.stop_gradient(u_hat)"),),
        {"weights": "no_gradient_through_a_step"},
    ),
    ("PlanarStep: one w for all", ((TO_W, W_OF_ALL),), {"kind": "shared_parameters"}),
    ("PlanarStep: no constraint on u", ((U_HAT, "u_hat = u"),), {"log_det": "flow_folds"}),
    (
        "PlanarStep: w is a tf.Variable",
        ((TO_W, W_AS_VARIABLE),),
        {"kind": "shared_parameters", "weights": "hidden_parameters"},
    ),
)
OF_ONE_STEP["RadialStep"] += (
    (
        "RadialStep: a planar step",
        ((STEPS, f"RadialStep = PlanarStep\n{STEPS}"),),
        {"kind": "another_kind_of_step"},
    ),
    (
        "RadialStep: features do not enter",
        ((Z_REF, f"features = tf.ones_like(features)\n        {Z_REF}"),),
        {"depends_on_features": "flow_ignores_x"},
    ),
    (
        "RadialStep: a weight that takes no part",
        (
            (IDLE, f"{IDLE}        self.to_idle = networks.MLP(1)\n"),
            (ALPHA, f"{ALPHA} + 0 * self.to_idle(features)"),
        ),
        {"weights": "idle_weight"},
    ),
)
OF_ONE_STEP["CouplingStep"] += (
    (
        "CouplingStep: an autoregressive step",
        ((STEPS, f"CouplingStep = AutoregressiveStep\n{STEPS}"),),
        {"kind": "another_kind_of_step"},
    ),
    (
        "CouplingStep: features do not enter",
        (("tf.concat([first, features], axis=-1)", "tf.concat([first, 0 * features], axis=-1)"),),
        {"depends_on_features": "flow_ignores_x"},
    ),
    (
        "CouplingStep: scales without the features",
        ((COUPLING, SCALES_OF_NO_IMAGE),),
        {"depends_on_features": "log_det_ignores_x"},
    ),
    (
        "CouplingStep: a shift that is a tf.Variable",
        (
            (
                MLP_OF_COUPLING,
                f"{MLP_OF_COUPLING}        self.more = tf.Variable(tf.random.normal((1, 1)))\n",
            ),
            (SOFTER, f"{SOFTER}        shift += self.more\n"),
        ),
        {"weights": "hidden_parameters"},
    ),
)
OF_ONE_STEP["AutoregressiveStep"] = (
    (
        "AutoregressiveStep: the log determinant negated",
        ((IAF_END, "z_new, log_det = iaf_step(z, m, s + 1)\n        return z_new, -log_det\n"),),
        {"log_det": "log_det_negated"},
    ),
    (
        "AutoregressiveStep: a coupling layer",
        ((STEPS, f"AutoregressiveStep = CouplingStep\n{STEPS}"),),
        {"kind": "another_kind_of_step"},
    ),
    (
        "AutoregressiveStep: features do not enter",
        (("self.made(z, features)", "self.made(z, tf.ones_like(features))"),),
        {"depends_on_features": "flow_ignores_x"},
    ),
    (
        "AutoregressiveStep: gates without a gradient",
        ((IAF_END, IAF_END.replace("s + 1", "tf.stop_gradient(s + 1)")),),
        {"weights": "no_gradient_through_a_step"},
    ),
)
# Where the map of an example depends on others, that alone is said.
R_OF_EACH = "r = tf.norm(z - z_ref, axis=-1, keepdims=True)"
MIXED = (
    ("PlanarStep", "w_dot_z = tf.reduce_sum(w * z, axis=-1, keepdims=True)",
     "w_dot_z = tf.reduce_mean(tf.reduce_sum(w * z, axis=-1, keepdims=True)) + 0 * b",
     ("log_det", "kind", "depends_on_features", "weights")),
    ("RadialStep", R_OF_EACH, "r = tf.norm(z - z_ref) + 0 * alpha",
     ("log_det", "kind", "depends_on_features")),
    # A mean hardly changes where one of many points does: these keep their Jacobian.
    ("CouplingStep", "first, second = tf.split(z, 2, axis=-1)",
     "first, second = tf.split(z, 2, axis=-1)\n        first += tf.reduce_mean(first, axis=0)",
     ("depends_on_features", "weights")),
    ("AutoregressiveStep", M_AND_S,
     "m, s = self.made((z - tf.reduce_mean(z, 0)) / tf.math.reduce_std(z, 0), features)",
     ("depends_on_features", "weights")),
)  # fmt: skip
for name, old, new, lost in MIXED:
    OF_ONE_STEP[name] += (
        (
            f"{name}: examples are mixed",
            ((old, new),),
            dict.fromkeys(lost, "examples_mixed"),
        ),
    )
SINGLE = {"FlowVIB": FAULTS, **OF_ONE_STEP}
