"""Answers to a06_flows with small helper functions, closures and a class for each step."""

# %% question="gaussian_log_pdf"
LOG_TWO_PI = float(np.log(2 * np.pi))


def dot(a, b):
    """Returns the inner product over the last axis."""
    return tf.reduce_sum(tf.multiply(a, b), axis=-1)


def standard_log_pdf(e):
    """Returns log N(e; 0, I), summed over the last axis."""
    return -0.5 * (dot(e, e) + LOG_TWO_PI * e.shape[-1])


def gaussian_log_pdf(z, mu, var):
    """Returns the density of the standardised point, less the logarithm of the volume."""
    sigma = tf.sqrt(var)
    return standard_log_pdf((z - mu) / sigma) - tf.reduce_sum(tf.math.log(sigma), axis=-1)


# %% question="planar_u_hat"
def above(bound):
    """Returns the smooth function that takes every real number above `bound`."""
    return lambda raw: bound + tf.math.softplus(raw)


def planar_u_hat(u, w):
    """Returns u with its share along w replaced."""
    now = dot(u, w)
    goal = above(-1.0)(now)
    return u + tf.multiply((goal - now) / dot(w, w), w)


# %% question="planar_forward"
def sech_squared(a):
    """Returns 1 - tanh(a)^2 without cancellation: the derivative of sigmoid(2a) times 2."""
    return 4.0 * tf.sigmoid(2.0 * a) * tf.sigmoid(-2.0 * a)


class PlanarMap:
    """A planar flow with fixed parameters."""

    def __init__(self, u, w, b):
        self.u, self.w, self.b = u, w, b

    def side(self, z):
        """Returns on which side of the plane each point lies, and how far."""
        return dot(z, self.w) + self.b

    def __call__(self, z):
        return z + tf.tanh(self.side(z))[..., None] * self.u

    def log_det(self, z):
        """Returns the log determinant at each point."""
        return tf.math.log(tf.abs(1.0 + dot(self.u, self.w) * sech_squared(self.side(z))))


def planar_forward(z, u_hat, w, b):
    """Returns where the planar map takes z."""
    return PlanarMap(u_hat, w, b)(z)


# %% question="planar_log_det"
def planar_log_det(z, u, w, b):
    """Returns the log determinant of the planar map."""
    return PlanarMap(u, w, b).log_det(z)


# %% question="radial_beta_hat"
def radial_beta_hat(alpha, beta_raw):
    """Returns a number above -alpha."""
    return above(-alpha)(np.float32(beta_raw))


# %% question="radial_forward"
class RadialMap:
    """A radial flow with fixed parameters."""

    def __init__(self, z_ref, alpha, beta):
        self.z_ref, self.alpha, self.beta = z_ref, alpha, beta

    def polar(self, z):
        """Returns each point's offset from the centre and its distance."""
        offset = z - self.z_ref
        return offset, tf.sqrt(dot(offset, offset))

    def __call__(self, z):
        offset, r = self.polar(z)
        return z + (self.beta / (self.alpha + r))[..., None] * offset

    def log_det(self, z):
        """Returns the log determinant at each point."""
        offset, r = self.polar(z)
        across = (self.alpha + self.beta + r) / (self.alpha + r)
        along = across - self.beta * r / tf.square(self.alpha + r)
        return (offset.shape[-1] - 1) * tf.math.log(across) + tf.math.log(along)


def radial_forward(z, z_ref, alpha, beta_hat):
    """Returns where the radial map takes z."""
    return RadialMap(z_ref, alpha, beta_hat)(z)


# %% question="radial_log_det"
def radial_log_det(z, z_ref, alpha, beta_hat):
    """Returns the log determinant of the radial map."""
    return RadialMap(z_ref, alpha, beta_hat).log_det(z)


# %% question="coupling_forward"
def on_second_half(change):
    """Returns the map that keeps the first half of its input and sends the second through `change`."""

    def coupled(z):
        middle = z.shape[-1] // 2
        return tf.concat([z[..., :middle], change(z[..., middle:])], axis=-1)

    return coupled


def coupling_forward(z, log_scale, shift):
    """Returns the coupling layer's output."""
    return on_second_half(lambda half: half * tf.exp(log_scale) + shift)(z)


# %% question="coupling_inverse"
def coupling_inverse(z, log_scale, shift):
    """Returns the coupling layer's input."""
    return on_second_half(lambda half: (half - shift) / tf.exp(log_scale))(z)


# %% question="coupling_log_det"
def coupling_log_det(log_scale):
    """Returns the logarithm of the product of the scales."""
    return tf.reduce_sum(log_scale, axis=-1)


# %% question="iaf_step"
def gates(s):
    """Returns the gates, what they leave out, and the gates' logarithms."""
    return tf.sigmoid(s), tf.sigmoid(tf.negative(s)), tf.math.log_sigmoid(s)


def iaf_step(z, m, s):
    """Returns a mixture of z and m, and its log determinant."""
    kept, left_out, log_kept = gates(s)
    return kept * z + left_out * m, tf.reduce_sum(log_kept, axis=-1)


# %% question="leapfrog_step"
def leapfrog_step(z, v, step, score):
    """Returns `(z_new, v_new)`: kick, drift, kick."""

    def kicked(velocity, place):
        return velocity + 0.5 * step * score(place)

    v = kicked(v, z)
    z = z + step * v
    return z, kicked(v, z)


# %% question="flow_log_q"
def flow_log_q(log_q0, log_dets):
    """Returns log q_K(z_K)."""
    return log_q0 - tf.reduce_sum(log_dets, axis=-1)


# %% question="flow_prior_term"
def flow_prior_term(z0, zK):
    """Returns the standard normal log density of what the decoder sees."""
    return standard_log_pdf(zK)


# %% question="flow_free_energy"
def flow_free_energy(log_q0, log_dets, log_p_zK, log_py_given_zK):
    """Returns the mean of minus the bound on log p(y)."""
    bound = log_py_given_zK + log_p_zK - flow_log_q(log_q0, log_dets)
    return -tf.reduce_mean(bound)


# %% question="PlanarStep"
FEATURES = 48
register = keras.saving.register_keras_serializable("a06_flows")


def stack_of(sizes, end, **options):
    """Returns a list of dense layers: ReLU ones of these sizes and a linear one."""
    return [keras.layers.Dense(size, activation="relu") for size in sizes] + [keras.layers.Dense(end, **options)]


@register
class Stack(keras.layers.Layer):
    """Dense layers one after the other, for inputs with any number of axes (a Sequential keeps to the first number)."""

    def __init__(self, layers, **kwargs):
        super().__init__(**kwargs)
        self.layers = layers

    def build(self, shape):
        for layer in self.layers:
            layer.build(shape)
            shape = layer.compute_output_shape(shape)
        self.built = True

    def call(self, values):
        for layer in self.layers:
            values = layer(values)
        return values


def away_from_zero(low=0.5, high=1.5):
    """Returns an initialiser for biases whose absolute values lie between `low` and `high`, with either sign."""

    def initialise(shape, dtype=None):
        sign = tf.where(keras.random.uniform(shape) < 0.5, -1.0, 1.0)
        return tf.cast(sign * keras.random.uniform(shape, low, high), dtype or tf.float32)

    return initialise


@register
class ForEachExample(keras.layers.Layer):
    """A step of a flow. What it needs of the sizes it is told when it is built."""

    def __init__(self, latent_dim, **kwargs):
        super().__init__(**kwargs)
        self.latent_dim = latent_dim


@register
class PlanarStep(ForEachExample):
    """A planar map for each example: three heads say its u, w and b."""

    def build(self, z_shape, features_shape):
        size = z_shape[-1]
        self.u_head = keras.layers.Dense(size, kernel_initializer="random_normal")
        self.w_head = keras.layers.Dense(size, kernel_initializer="random_normal", bias_initializer=away_from_zero())
        self.b_head = keras.layers.Dense(1, kernel_initializer="random_normal")
        for head in (self.u_head, self.w_head, self.b_head):
            head.build(features_shape)
        self.built = True

    def call(self, z, features):
        u, w, b = self.u_head(features), self.w_head(features), self.b_head(features)[..., 0]
        lift = (above(-1.0)(dot(u, w)) - dot(u, w)) / dot(w, w)
        moved = PlanarMap(u + lift[..., None] * w, w, b)
        return moved(z), moved.log_det(z)


# %% question="RadialStep"
@register
class RadialStep(ForEachExample):
    """A radial map for each example; one dense layer says its centre, alpha and beta."""

    def build(self, z_shape, features_shape):
        self.head = keras.layers.Dense(z_shape[-1] + 2, bias_initializer=away_from_zero(0.1, 0.6))
        self.head.build(features_shape)
        self.built = True

    def call(self, z, features):
        said = self.head(features)
        alpha = above(0.05)(said[..., -2])
        moved = RadialMap(said[..., :-2], alpha, above(0.0)(said[..., -1]) - alpha)
        return moved(z), moved.log_det(z)


# %% question="CouplingStep"
@register
class CouplingStep(ForEachExample):
    """A coupling layer. It gives back the halves with their places changed, so the next one moves the other."""

    def build(self, z_shape, features_shape):
        self.middle = z_shape[-1] // 2
        scale_and_shift = stack_of((48, 48), 2 * self.middle, kernel_initializer=keras.initializers.RandomNormal(stddev=0.05))
        self.network = Stack(scale_and_shift)
        self.network.build((None, self.middle + features_shape[-1]))
        self.built = True

    def call(self, z, features):
        seen, moved = z[..., : self.middle], z[..., self.middle :]
        shape = tf.concat([tf.shape(seen)[:-1], [features.shape[-1]]], axis=0)
        scale_and_shift = self.network(tf.concat([seen, tf.broadcast_to(features, shape)], axis=-1))
        log_scale, shift = 1.5 * tf.tanh(scale_and_shift[..., : self.middle]), scale_and_shift[..., self.middle :]
        return tf.concat([moved * tf.exp(log_scale) + shift, seen], axis=-1), coupling_log_det(log_scale)


# %% question="AutoregressiveStep"
@register
class Autoregressor(keras.layers.Layer):
    """m and s of every dimension from those before it and all features: one hidden layer whose units have degrees.

    A unit of degree d sees the dimensions before d, dimension k sees the units of degrees up to k.
    """

    def __init__(self, units=48, **kwargs):
        super().__init__(**kwargs)
        self.units = units

    def build(self, z_shape, features_shape):
        size = z_shape[-1]
        degrees = np.arange(self.units) % size
        self.into = np.float32(np.arange(size)[:, None] < degrees)
        self.out_of = np.float32(np.tile(degrees[:, None] <= np.arange(size), 2))
        self.from_z = self.add_weight(shape=(size, self.units), name="from_z")
        self.to_both = self.add_weight(shape=(self.units, 2 * size), initializer="random_normal", name="to_both")
        self.both = self.add_weight(shape=(2 * size,), initializer="zeros", name="both")
        self.from_features = keras.layers.Dense(self.units)
        self.from_features.build(features_shape)
        self.built = True

    def call(self, z, features):
        unit = tf.nn.relu(tf.tensordot(z, self.from_z * self.into, axes=1) + self.from_features(features))
        return tf.split(tf.tensordot(unit, self.to_both * self.out_of, axes=1) + self.both, 2, axis=-1)


@register
class AutoregressiveStep(ForEachExample):
    """A gated autoregressive step, which reverses the order of the dimensions when it is done."""

    def build(self, z_shape, features_shape):
        self.network = Autoregressor()
        self.network.build(z_shape, features_shape)
        self.built = True

    def call(self, z, features):
        m, s = self.network(z, features)
        z_new, log_det = iaf_step(z, m, s + 2.0)
        return tf.reverse(z_new, axis=[-1]), log_det


# %% question="FlowVIB"
def sample_latent(mu, log_var, eps):
    """Returns mu + sigma eps."""
    return mu + tf.exp(log_var / 2) * eps


def categorical_log_prob(y_onehot, logits):
    """Returns minus the softmax cross-entropy."""
    return -tf.nn.softmax_cross_entropy_with_logits(labels=y_onehot, logits=logits)


def vib_predict_probs(logits):
    """Returns the mean over samples of the classes' probabilities."""
    return tf.reduce_mean(tf.nn.softmax(logits), axis=0)


STEPS = {PLANAR: PlanarStep, RADIAL: RadialStep, COUPLING: CouplingStep, IAF: AutoregressiveStep}


@register
class FlowVIB(keras.Model):
    """A classifier with an information bottleneck whose posterior goes through a flow: `fit(x, y_onehot)` trains it."""

    def __init__(
        self, event_dim, latent_dim, num_classes, hidden=(128,), num_flows=4, flow="planar", beta=1.0, **kwargs
    ):
        if flow not in STEPS:
            raise ValueError(f"flow must be 'planar', 'radial', 'coupling' or 'iaf', not {flow!r}")
        if flow == COUPLING and latent_dim % 2:
            raise ValueError(f"a coupling flow needs an even latent_dim, not {latent_dim}")
        super().__init__(**kwargs)
        self.event_dim, self.latent_dim, self.num_classes = event_dim, latent_dim, num_classes
        self.hidden, self.num_flows, self.flow, self.beta = tuple(hidden), num_flows, flow, beta
        self.encoder, self.trunk = self.new_encoder()
        self.decoder = Stack(stack_of(self.hidden[::-1], num_classes), name="decoder")
        self.decoder.build((None, latent_dim))
        self.flow_layers = [STEPS[flow](latent_dim, name=f"{flow}_{number}") for number in range(num_flows)]
        for layer in self.flow_layers:
            layer.build((None, latent_dim), (None, FEATURES))
        self.noise = keras.random.SeedGenerator()
        self.means = {name: keras.metrics.Mean(name) for name in ("cross_entropy", "kl")}
        self.built = True

    def new_encoder(self):
        """Returns the encoder and, where there is a flow, a network of its own for the features."""
        x = keras.Input((self.event_dim,))
        hidden = keras.Sequential([keras.layers.Dense(size, activation="relu") for size in self.hidden])(x)
        heads = [keras.layers.Dense(self.latent_dim, name=name)(hidden) for name in ("mu", "log_var")]
        trunk = keras.Sequential([keras.Input((self.event_dim,)), *stack_of(self.hidden, FEATURES, activation="tanh")])
        return keras.Model(x, heads, name="encoder"), trunk if self.num_flows else None

    def transform(self, z0, x):
        """Returns `(zK, sum_log_det)`; z0 may have an axis of samples in front."""
        zK, log_dets = tf.convert_to_tensor(z0), []
        if self.num_flows:
            features = self.trunk(x)
            for layer in self.flow_layers:
                zK, log_det = layer(zK, features)
                log_dets.append(log_det)
        return zK, tf.add_n(log_dets) if log_dets else tf.zeros(tf.shape(zK)[:-1])

    def free_energy_terms(self, x, y_onehot, eps):
        """Returns `(log_q0, sum_log_det, log_p_zK, log_py_given_zK)` of each example."""
        mu, log_var = self.encoder(x)
        z0 = sample_latent(mu, log_var, eps)
        zK, sum_log_det = self.transform(z0, x)
        log_q0 = standard_log_pdf(eps) - 0.5 * tf.reduce_sum(log_var, axis=-1)
        return log_q0, sum_log_det, standard_log_pdf(zK), categorical_log_prob(y_onehot, self.decoder(zK))

    def predict_probs(self, x, eps):
        """Returns q(y|x) of all samples at once."""
        return vib_predict_probs(self.decoder(self.transform(sample_latent(*self.encoder(x), eps), x)[0]))

    def fresh_noise(self, x):
        """Returns new noise at every call. Shape `[B, K]`."""
        return keras.random.normal((tf.shape(x)[0], self.latent_dim), seed=self.noise)

    def call(self, x):
        """Returns the logits of one fresh sample."""
        mu, log_var = self.encoder(x)
        return self.decoder(self.transform(sample_latent(mu, log_var, self.fresh_noise(x)), x)[0])

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Returns the batch's mean of cross-entropy and weighted KL, and updates both metrics."""
        log_q0, sum_log_det, log_p_zK, log_py = self.free_energy_terms(x, y, self.fresh_noise(x))
        parts = {"cross_entropy": -log_py, "kl": log_q0 - sum_log_det - log_p_zK}
        for name, values in parts.items():
            self.means[name].update_state(values)
        return tf.reduce_mean(parts["cross_entropy"]) + self.beta * tf.reduce_mean(parts["kl"])

    def get_config(self):
        """Returns what `__init__` needs to make this model again."""
        names = ("event_dim", "latent_dim", "num_classes", "hidden", "num_flows", "flow", "beta")
        return super().get_config() | {name: getattr(self, name) for name in names}
