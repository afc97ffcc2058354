"""Answers to a06_flows with the distributions and bijectors of TensorFlow Probability."""

# %% question="gaussian_log_pdf"
tfb = tfp.bijectors


def gaussian_log_pdf(z, mu, var):
    """Returns the log probability of a MultivariateNormalDiag, without any small numbers."""
    return tfd.MultivariateNormalDiag(loc=mu, scale_diag=tf.sqrt(var)).log_prob(z)


# %% question="planar_u_hat"
def planar_u_hat(u, w):
    """Returns u_hat: u moved along w by softplus(-w.u) - 1, which is m(w.u) - w.u."""
    gap = tfb.Softplus().forward(-tf.tensordot(u, w, axes=1)) - 1.0
    return u + gap * w / tf.tensordot(w, w, axes=1)


# %% question="planar_forward"
class Planar(tfb.Bijector):
    """A planar flow as a bijector (which has no inverse in closed form); its parameters may have a row for each example."""

    def __init__(self, u, w, b, name="planar"):
        parameters = dict(locals())
        self.u, self.w, self.b = (tf.convert_to_tensor(a, tf.float32) for a in (u, w, b))
        super().__init__(forward_min_event_ndims=1, dtype=tf.float32, parameters=parameters, name=name)

    def height(self, x):
        """Returns the argument of the tanh."""
        return tf.reduce_sum(x * self.w, axis=-1) + self.b

    def _forward(self, x):
        return x + tfb.Tanh().forward(self.height(x))[..., tf.newaxis] * self.u

    def _forward_log_det_jacobian(self, x):
        log_slope = tfb.Tanh().forward_log_det_jacobian(self.height(x), event_ndims=0)
        return tf.math.log(tf.abs(1.0 + tf.exp(log_slope) * tf.reduce_sum(self.u * self.w, axis=-1)))


def planar_forward(z, u_hat, w, b):
    """Returns z + u_hat tanh(w.z + b)."""
    return Planar(u_hat, w, b).forward(z)


# %% question="planar_log_det"
def planar_log_det(z, u, w, b):
    """Returns log abs(1 + u.psi(z)); the logarithm of the tanh's slope is the Tanh bijector's log determinant."""
    return Planar(u, w, b).forward_log_det_jacobian(z, event_ndims=1)


# %% question="radial_beta_hat"
def radial_beta_hat(alpha, beta_raw):
    """Returns -alpha + softplus(beta_raw)."""
    return tfb.Chain([tfb.Shift(-alpha), tfb.Softplus()]).forward(tf.constant(beta_raw, tf.float32))


# %% question="radial_forward"
class Radial(tfb.Bijector):
    """A radial flow as a bijector; its parameters may have a row for each example."""

    def __init__(self, z_ref, alpha, beta, name="radial"):
        parameters = dict(locals())
        self.z_ref, self.alpha, self.beta = (tf.convert_to_tensor(a, tf.float32) for a in (z_ref, alpha, beta))
        super().__init__(forward_min_event_ndims=1, dtype=tf.float32, parameters=parameters, name=name)

    def _share(self, x):
        return self.beta / (self.alpha + tf.norm(x - self.z_ref, axis=-1))

    def _forward(self, x):
        return x + self._share(x)[..., tf.newaxis] * (x - self.z_ref)

    def _forward_log_det_jacobian(self, x):
        share = self._share(x)
        along = share * self.alpha / (self.alpha + tf.norm(x - self.z_ref, axis=-1))
        return (x.shape[-1] - 1) * tf.math.log1p(share) + tf.math.log1p(along)


def radial_forward(z, z_ref, alpha, beta_hat):
    """Returns z + beta_hat (z - z_ref) / (alpha + r)."""
    return Radial(z_ref, alpha, beta_hat).forward(z)


# %% question="radial_log_det"
def radial_log_det(z, z_ref, alpha, beta_hat):
    """Returns the log determinant of the radial bijector."""
    return Radial(z_ref, alpha, beta_hat).forward_log_det_jacobian(z, event_ndims=1)


# %% question="coupling_forward"
def coupling_of(log_scale, shift):
    """Returns RealNVP with a scale and a shift that are known already."""

    def known(kept, size, **condition):
        return shift, log_scale

    return tfb.RealNVP(num_masked=2, shift_and_log_scale_fn=known)


def coupling_forward(z, log_scale, shift):
    """Returns the coupling layer's output."""
    return coupling_of(log_scale, shift).forward(z)


# %% question="coupling_inverse"
def coupling_inverse(z, log_scale, shift):
    """Returns the coupling layer's input."""
    return coupling_of(log_scale, shift).inverse(z)


# %% question="coupling_log_det"
def coupling_log_det(log_scale):
    """Returns the log determinant, which is the same at every point."""
    scale = tfb.Scale(log_scale=log_scale)
    return scale.forward_log_det_jacobian(tf.zeros_like(log_scale), event_ndims=1)


# %% question="iaf_step"
def iaf_step(z, m, s):
    """Returns the gated step as a scale and a shift, and its log determinant."""
    gate = tfb.Scale(log_scale=tf.math.log_sigmoid(s))
    step = tfb.Chain([tfb.Shift(tfb.Sigmoid().forward(tf.negative(s)) * m), gate])
    return step.forward(z), gate.forward_log_det_jacobian(tf.convert_to_tensor(z), event_ndims=1)


# %% question="leapfrog_step"
def leapfrog_step(z, v, step, score):
    """Returns `(z_new, v_new)`; a density is not known, so it stands at 0 and only its gradient is given."""

    @tf.custom_gradient
    def target(position):
        slope = tf.convert_to_tensor(score(position), position.dtype)
        return tf.zeros([], position.dtype), lambda upstream: upstream * slope

    leapfrog = tfp.mcmc.internal.leapfrog_integrator.SimpleLeapfrogIntegrator(target, step_sizes=[step], num_steps=1)
    (v_new,), (z_new,), _, _ = leapfrog([tf.convert_to_tensor(v)], [tf.convert_to_tensor(z)])
    return z_new, v_new


# %% question="flow_log_q"
def flow_log_q(log_q0, log_dets):
    """Returns log q_K(z_K)."""
    return log_q0 - tf.reduce_sum(log_dets, axis=1)


# %% question="flow_prior_term"
def flow_prior_term(z0, zK):
    """Returns the log probability of zK under independent standard normals."""
    return tfd.Independent(tfd.Normal(tf.zeros_like(zK), 1.0), reinterpreted_batch_ndims=1).log_prob(zK)


# %% question="flow_free_energy"
def flow_free_energy(log_q0, log_dets, log_p_zK, log_py_given_zK):
    """Returns the free energy of the batch."""
    return tf.reduce_mean(flow_log_q(log_q0, log_dets) - (log_p_zK + log_py_given_zK))


# %% question="PlanarStep"
@keras.saving.register_keras_serializable("a06_flows")
class BijectorStep(keras.layers.Layer):
    """One step of a flow: a Keras network says the parameters, a bijector does the rest."""

    def __init__(self, flow, latent_dim, turn=None, **kwargs):
        super().__init__(**kwargs)
        self.flow, self.size, self.turn = flow, latent_dim, turn
        if flow == PLANAR:
            self.network = networks.MLP(2 * latent_dim + 1, (32,), bias_stddev=0.7)
        elif flow == RADIAL:
            self.network = networks.MLP(latent_dim + 2, (32,), bias_stddev=0.7)
        elif flow == COUPLING:
            self.network = networks.MLP(latent_dim, (32, 32), bias_stddev=0.2)
        else:
            self.network = networks.MADE()

    def build(self, z_shape, features_shape):
        if self.flow == COUPLING:
            self.network.build((None, self.size // 2 + features_shape[-1]))
        elif self.flow == IAF:
            self.network.build(z_shape, features_shape)
        else:
            self.network.build(features_shape)
        self.built = True

    def bijector(self, z, features):
        """Returns the step of each example as a bijector. Only that of the gate depends on z."""
        if self.flow == PLANAR:
            u, w, b = tf.split(self.network(features), [self.size, self.size, 1], axis=-1)
            along = tf.reduce_sum(u * w, axis=-1, keepdims=True)
            lift = (tfb.Softplus().forward(-along) - 1.0) / tf.reduce_sum(w * w, axis=-1, keepdims=True)
            return Planar(u + lift * w, w, b[:, 0])
        if self.flow == RADIAL:
            z_ref, alpha, beta = tf.split(self.network(features), [self.size, 1, 1], axis=-1)
            alpha = tfb.Softplus(low=1e-2).forward(alpha[:, 0])
            return Radial(z_ref, alpha, tfb.Softplus().forward(beta[:, 0]) - alpha)
        if self.flow == COUPLING:

            def shift_and_log_scale(kept, size, **condition):
                shift, log_scale = tf.split(self.network(tf.concat([kept, features], axis=-1)), 2, axis=-1)
                return shift, tfb.SoftClip(-3.0, 3.0).forward(log_scale)

            return tfb.RealNVP(num_masked=self.size // 2, shift_and_log_scale_fn=shift_and_log_scale)
        m, s = self.network(z, features)
        log_gate = tf.math.log_sigmoid(s + 1.0)
        return tfb.Chain([tfb.Shift(-tf.math.expm1(log_gate) * m), tfb.Scale(log_scale=log_gate)])

    def call(self, z, features):
        if self.turn:
            z = tfb.Permute(self.turn).forward(z)
        bijector = self.bijector(z, features)
        return bijector.forward(z), bijector.forward_log_det_jacobian(z, event_ndims=1)


@keras.saving.register_keras_serializable("a06_flows")
class PlanarStep(BijectorStep):
    """A planar step for each example."""

    def __init__(self, latent_dim, turn=None, **kwargs):
        super().__init__(PLANAR, latent_dim, turn, **kwargs)


# %% question="RadialStep"
@keras.saving.register_keras_serializable("a06_flows")
class RadialStep(BijectorStep):
    """A radial step for each example."""

    def __init__(self, latent_dim, turn=None, **kwargs):
        super().__init__(RADIAL, latent_dim, turn, **kwargs)


# %% question="CouplingStep"
@keras.saving.register_keras_serializable("a06_flows")
class CouplingStep(BijectorStep):
    """A coupling step for each example."""

    def __init__(self, latent_dim, turn=None, **kwargs):
        super().__init__(COUPLING, latent_dim, turn, **kwargs)


# %% question="AutoregressiveStep"
@keras.saving.register_keras_serializable("a06_flows")
class AutoregressiveStep(BijectorStep):
    """A gated autoregressive step for each example."""

    def __init__(self, latent_dim, turn=None, **kwargs):
        super().__init__(IAF, latent_dim, turn, **kwargs)


# %% question="FlowVIB"
def sample_latent(mu, log_var, eps):
    """Returns standard noise, scaled and shifted by bijectors."""
    return tfb.Shift(mu)(tfb.Scale(log_scale=0.5 * log_var)).forward(eps)


def categorical_log_prob(y_onehot, logits):
    """Returns the log probability of each example's label."""
    return tfd.OneHotCategorical(logits=logits, dtype=tf.float32).log_prob(y_onehot)


def vib_predict_probs(logits):
    """Returns the mean of the samples' categorical distributions."""
    return tf.reduce_mean(tfd.Categorical(logits=logits).probs_parameter(), axis=0)


@keras.saving.register_keras_serializable("a06_flows")
class FlowVIB(keras.Model):
    """A classifier with an information bottleneck whose posterior goes through a flow: `fit(x, y_onehot)` trains it."""

    def __init__(
        self, event_dim, latent_dim, num_classes, hidden=(128,), num_flows=4, flow="planar", beta=1.0, **kwargs
    ):
        if flow not in (PLANAR, RADIAL, COUPLING, IAF):
            raise ValueError(f"flow must be 'planar', 'radial', 'coupling' or 'iaf', not {flow!r}")
        if flow == COUPLING and latent_dim % 2:
            raise ValueError(f"a coupling flow needs an even latent_dim, not {latent_dim}")
        super().__init__(**kwargs)
        self.event_dim, self.latent_dim, self.num_classes = event_dim, latent_dim, num_classes
        self.hidden, self.num_flows, self.flow, self.beta = tuple(hidden), num_flows, flow, beta

        # The encoder's hidden layers are the flow's features as well.
        self.body = networks.MLP(64, self.hidden)
        self.head = keras.layers.Dense(2 * latent_dim)
        self.decoder = networks.MLP(num_classes, self.hidden[::-1])
        turn = self.turned(list(range(latent_dim)))
        step = {PLANAR: PlanarStep, RADIAL: RadialStep, COUPLING: CouplingStep, IAF: AutoregressiveStep}[flow]
        self.chain = [step(latent_dim, turn if number else None) for number in range(num_flows)]
        for one in self.chain:
            one.build((None, latent_dim), (None, 64))
        self.body.build((None, event_dim))
        self.head.build((None, 64))
        self.decoder.build((None, latent_dim))
        self.loss_mean = keras.metrics.Mean("loss")
        self.cross_entropy_mean = keras.metrics.Mean("cross_entropy")
        self.kl_mean = keras.metrics.Mean("kl")
        self.generator = keras.random.SeedGenerator()
        self.built = True

    def turned(self, order):
        """Returns the order of the dimensions that a step finds: halves exchanged, or all reversed."""
        if self.flow == COUPLING:
            return order[len(order) // 2 :] + order[: len(order) // 2]
        return order[::-1] if self.flow == IAF else None

    def features(self, x):
        """Returns the hidden features of images."""
        return tf.nn.elu(self.body(x))

    def encoder(self, x):
        """Returns mu and log_var of q_0."""
        return tuple(tf.split(self.head(self.features(x)), 2, axis=-1))

    def transform(self, z0, x):
        """Returns `(zK, sum_log_det)`."""
        z, features = tf.convert_to_tensor(z0), self.features(x)
        total = tf.zeros_like(z[:, 0])
        for step in self.chain:
            z, log_det = step(z, features)
            total += log_det
        return z, total

    def free_energy_terms(self, x, y_onehot, eps):
        """Returns `(log_q0, sum_log_det, log_p_zK, log_py_given_zK)` of each example."""
        mu, log_var = self.encoder(x)
        z0 = sample_latent(mu, log_var, eps)
        zK, sum_log_det = self.transform(z0, x)
        log_q0 = tfd.MultivariateNormalDiag(mu, tf.exp(0.5 * log_var)).log_prob(z0)
        return log_q0, sum_log_det, flow_prior_term(z0, zK), categorical_log_prob(y_onehot, self.decoder(zK))

    def predict_probs(self, x, eps):
        """Returns the mean over samples, which go through the flow one after the other."""
        mu, log_var = self.encoder(x)
        ends = [self.transform(sample_latent(mu, log_var, one), x)[0] for one in tf.unstack(eps)]
        return vib_predict_probs(self.decoder(tf.stack(ends)))

    def fresh_noise(self, x):
        """Returns new noise at every call. Shape `[B, K]`."""
        seed = tf.cast(self.generator.next(), tf.int32)
        return tfd.Normal(0.0, 1.0).sample((tf.shape(x)[0], self.latent_dim), seed=seed)

    def call(self, x):
        """Returns the logits of one fresh sample."""
        z0 = sample_latent(*self.encoder(x), self.fresh_noise(x))
        return self.decoder(self.transform(z0, x)[0])

    @property
    def metrics(self):
        """The means that a step reports; Keras empties them before each epoch."""
        return [self.loss_mean, self.cross_entropy_mean, self.kl_mean]

    def batch_loss(self, data):
        """Returns the loss of a batch, and updates the metrics."""
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        log_q0, sum_log_det, log_p_zK, log_py = self.free_energy_terms(x, y, self.fresh_noise(x))
        kl = log_q0 - sum_log_det - log_p_zK
        losses = self.beta * kl - log_py
        for mean, values in zip(self.metrics, (losses, -log_py, kl), strict=True):
            mean.update_state(values)
        return tf.reduce_mean(losses)

    def train_step(self, data):
        """Takes one step of the optimizer."""
        with tf.GradientTape() as tape:
            loss = self.batch_loss(data)
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return {mean.name: mean.result() for mean in self.metrics}

    def test_step(self, data):
        """Reports the loss of a batch, of fresh noise as well."""
        self.batch_loss(data)
        return {mean.name: mean.result() for mean in self.metrics}

    def get_config(self):
        """Returns what `__init__` needs to make this model again."""
        names = ("event_dim", "latent_dim", "num_classes", "hidden", "num_flows", "flow", "beta")
        return super().get_config() | {name: getattr(self, name) for name in names}
