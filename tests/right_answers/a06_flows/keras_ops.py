"""Answers to a06_flows with keras.ops."""

# %% question="gaussian_log_pdf"
import math

from keras import ops


def gaussian_log_pdf(z, mu, var):
    """Returns log N(z; mu, diag var), shape `[B]`."""
    standardised = (z - mu) / ops.sqrt(var)
    return -0.5 * ops.sum(ops.square(standardised) + ops.log(var) + math.log(2 * math.pi), axis=-1)


# %% question="planar_u_hat"
def planar_u_hat(u, w):
    """Returns u_hat: the part of u along w is replaced by m(w.u)."""
    dot = ops.sum(u * w, axis=-1, keepdims=True)
    missing = ops.softplus(-dot) - 1.0  # m(a) - a, since softplus(a) - a = softplus(-a)
    return u + missing * w / ops.sum(ops.square(w), axis=-1, keepdims=True)


# %% question="planar_forward"
def planar_forward(z, u_hat, w, b):
    """Returns z + u_hat tanh(w.z + b)."""
    return z + u_hat * ops.tanh(ops.sum(z * w, axis=-1, keepdims=True) + b)


# %% question="planar_log_det"
def planar_log_det(z, u, w, b):
    """Returns log abs(1 + u.psi(z)), with 1 - tanh(a)^2 = 4 e / (1 + e)^2, e = exp(-2 abs(a))."""
    a = ops.sum(z * w, axis=-1) + b
    e = ops.exp(-2.0 * ops.abs(a))
    derivative = 4.0 * e / ops.square(1.0 + e)
    return ops.log(ops.abs(1.0 + derivative * ops.sum(u * w, axis=-1)))


# %% question="radial_beta_hat"
def radial_beta_hat(alpha, beta_raw):
    """Returns -alpha + softplus(beta_raw)."""
    return ops.softplus(ops.convert_to_tensor(beta_raw, dtype="float32")) - alpha


# %% question="radial_forward"
def radial_forward(z, z_ref, alpha, beta_hat):
    """Returns z + beta_hat (z - z_ref) / (alpha + r)."""
    difference = ops.subtract(z, z_ref)
    distance = ops.norm(difference, axis=-1, keepdims=True)
    return z + beta_hat / (alpha + distance) * difference


# %% question="radial_log_det"
def radial_log_det(z, z_ref, alpha, beta_hat):
    """Returns the log determinant: K - 1 factors across the radius, one along it."""
    distance = ops.norm(ops.subtract(z, z_ref), axis=-1)
    whole = alpha + distance
    across = ops.log((whole + beta_hat) / whole)
    along = ops.log(1.0 + alpha * beta_hat / ops.square(whole))
    return (ops.shape(z)[-1] - 1) * across + along


# %% question="coupling_forward"
def coupling_forward(z, log_scale, shift):
    """Returns z with its second half scaled and shifted."""
    half = ops.shape(log_scale)[-1]
    return ops.concatenate([z[:, :half], z[:, half:] * ops.exp(log_scale) + shift], axis=-1)


# %% question="coupling_inverse"
def coupling_inverse(z, log_scale, shift):
    """Returns z with its second half shifted back, then scaled back."""
    half = ops.shape(log_scale)[-1]
    return ops.concatenate([z[:, :half], (z[:, half:] - shift) * ops.exp(ops.negative(log_scale))], axis=-1)


# %% question="coupling_log_det"
def coupling_log_det(log_scale):
    """Returns the log determinant of the coupling layer."""
    return ops.sum(log_scale, axis=-1)


# %% question="iaf_step"
def iaf_step(z, m, s):
    """Returns the gated step: m, and a share g of the way from m to z."""
    z_new = m + ops.sigmoid(s) * (z - m)
    return z_new, ops.sum(ops.log_sigmoid(s), axis=-1)


# %% question="leapfrog_step"
def leapfrog_step(z, v, step, score):
    """Returns `(z_new, v_new)` after one leapfrog step."""
    v_middle = ops.add(v, 0.5 * step * score(z))
    z_new = ops.add(z, step * v_middle)
    return z_new, v_middle + 0.5 * step * score(z_new)


# %% question="flow_log_q"
def flow_log_q(log_q0, log_dets):
    """Returns log q_K(z_K)."""
    return ops.subtract(log_q0, ops.sum(log_dets, axis=-1))


# %% question="flow_prior_term"
def flow_prior_term(z0, zK):
    """Returns the log prior of what the decoder is given: zK."""
    return gaussian_log_pdf(zK, ops.zeros_like(zK), ops.ones_like(zK))


# %% question="flow_free_energy"
def flow_free_energy(log_q0, log_dets, log_p_zK, log_py_given_zK):
    """Returns the free energy, averaged over the batch."""
    return ops.mean(flow_log_q(log_q0, log_dets) - log_p_zK - log_py_given_zK)


# %% question="PlanarStep"
def row_dot(a, b):
    """Returns the inner products of rows. Shapes: `[B, K]` twice; back `[B, 1]`."""
    return ops.sum(a * b, axis=-1, keepdims=True)


@keras.saving.register_keras_serializable("a06_flows")
class PlanarStep(keras.layers.Layer):
    """z + u_hat tanh(w.z + b), with u, w and b linear in the features."""

    def __init__(self, latent_dim, **kwargs):
        super().__init__(**kwargs)
        self.latent_dim = latent_dim
        self.parameters_of = networks.MLP(2 * latent_dim + 1, bias_stddev=0.5)

    def build(self, z_shape, features_shape):
        self.parameters_of.build(features_shape)
        self.built = True

    def call(self, z, features):
        u, w, b = ops.split(self.parameters_of(features), [self.latent_dim, 2 * self.latent_dim], axis=-1)
        u = planar_u_hat(u, w)
        height = row_dot(w, z) + b
        slope = 4.0 * ops.sigmoid(2.0 * height) * ops.sigmoid(-2.0 * height)
        return z + u * ops.tanh(height), ops.log(1.0 + slope * row_dot(u, w))[:, 0]


# %% question="RadialStep"
@keras.saving.register_keras_serializable("a06_flows")
class RadialStep(keras.layers.Layer):
    """z + beta_hat (z - z_ref) / (alpha + r), with z_ref, log alpha and beta linear in the features."""

    def __init__(self, latent_dim, **kwargs):
        super().__init__(**kwargs)
        self.latent_dim = latent_dim
        self.parameters_of = networks.MLP(latent_dim + 2, bias_stddev=0.5)

    def build(self, z_shape, features_shape):
        self.parameters_of.build(features_shape)
        self.built = True

    def call(self, z, features):
        z_ref, alpha, beta = ops.split(self.parameters_of(features), [self.latent_dim, self.latent_dim + 1], axis=-1)
        alpha = ops.softplus(alpha) + 1e-3
        beta = ops.softplus(beta) - alpha
        offset = z - z_ref
        r = ops.sqrt(row_dot(offset, offset) + 1e-12)
        share = beta / (alpha + r)
        along = ops.log(1.0 + share * alpha / (alpha + r))
        return z + share * offset, ((self.latent_dim - 1) * ops.log(1.0 + share) + along)[:, 0]


# %% question="CouplingStep"
@keras.saving.register_keras_serializable("a06_flows")
class CouplingStep(keras.layers.Layer):
    """A coupling layer whose scales are between e^-2 and e^2; odd steps change the halves' places first."""

    def __init__(self, latent_dim, swap=False, **kwargs):
        super().__init__(**kwargs)
        self.half, self.swap = latent_dim // 2, swap
        self.network = networks.MLP(2 * self.half, (64,), bias_stddev=0.1)

    def build(self, z_shape, features_shape):
        self.network.build((None, self.half + features_shape[-1]))
        self.built = True

    def call(self, z, features):
        if self.swap:
            z = ops.roll(z, self.half, axis=-1)
        told = ops.concatenate([z[:, : self.half], features], axis=-1)
        log_scale, shift = ops.split(self.network(told), 2, axis=-1)
        log_scale = 2.0 * ops.tanh(log_scale / 2.0)
        return coupling_forward(z, log_scale, shift), coupling_log_det(log_scale)


# %% question="AutoregressiveStep"
@keras.saving.register_keras_serializable("a06_flows")
class AutoregressiveStep(keras.layers.Layer):
    """A gated autoregressive step; odd steps reverse the order of the dimensions first. Gates begin well open."""

    def __init__(self, latent_dim, reverse=False, **kwargs):
        super().__init__(**kwargs)
        self.latent_dim, self.reverse = latent_dim, reverse
        self.network = networks.MADE(64)

    def build(self, z_shape, features_shape):
        self.network.build(z_shape, features_shape)
        self.built = True

    def call(self, z, features):
        if self.reverse:
            z = ops.flip(z, axis=-1)
        m, s = self.network(z, features)
        return iaf_step(z, m, s + 1.5)


# %% question="FlowVIB"
def sample_latent(mu, log_var, eps):
    """Returns mu + sigma eps; `mu` and `log_var` are repeated over the samples by broadcasting."""
    return mu + ops.exp(0.5 * log_var) * eps


def categorical_log_prob(y_onehot, logits):
    """Returns the log probability of each example's label."""
    return ops.sum(y_onehot * ops.log_softmax(logits, axis=-1), axis=-1)


def vib_predict_probs(logits):
    """Returns the mean over samples of the classes' probabilities."""
    return ops.mean(ops.softmax(logits, axis=-1), axis=0)


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

        pixels = keras.Input((event_dim,))
        mu_and_log_var = networks.MLP(2 * latent_dim, self.hidden)(pixels)
        self.encoder = keras.Model(pixels, [mu_and_log_var[:, :latent_dim], mu_and_log_var[:, latent_dim:]])
        self.decoder = networks.MLP(num_classes, self.hidden[::-1])
        self.decoder.build((None, latent_dim))
        self.steps = [self.new_step(number) for number in range(num_flows)]
        if num_flows:
            size = 64
            self.features_of = networks.MLP(size, self.hidden)
            self.features_of.build((None, event_dim))
            for step in self.steps:
                step.build((None, latent_dim), (None, size))
        self.seeds = keras.random.SeedGenerator()
        self.cross_entropy = keras.metrics.Mean("cross_entropy")
        self.kl = keras.metrics.Mean("kl")
        self.built = True

    def new_step(self, number):
        """Returns the layer of one step of the flow."""
        if self.flow == PLANAR:
            return PlanarStep(self.latent_dim)
        if self.flow == RADIAL:
            return RadialStep(self.latent_dim)
        layer = CouplingStep if self.flow == COUPLING else AutoregressiveStep
        return layer(self.latent_dim, number % 2 == 1)

    def transform(self, z0, x):
        """Returns `(zK, sum_log_det)`."""
        z, total = ops.convert_to_tensor(z0), ops.zeros_like(z0)[:, 0]
        features = ops.relu(self.features_of(x)) if self.steps else None
        for step in self.steps:
            z, log_det = step(z, features)
            total = total + log_det
        return z, total

    def free_energy_terms(self, x, y_onehot, eps):
        """Returns `(log_q0, sum_log_det, log_p_zK, log_py_given_zK)` of each example."""
        mu, log_var = self.encoder(x)
        z0 = sample_latent(mu, log_var, eps)
        zK, sum_log_det = self.transform(z0, x)
        log_q0 = gaussian_log_pdf(z0, mu, ops.exp(log_var))
        return log_q0, sum_log_det, flow_prior_term(z0, zK), categorical_log_prob(y_onehot, self.decoder(zK))

    def predict_probs(self, x, eps):
        """Returns the mean over samples; the samples go through the flow as one large batch."""
        samples, batch = ops.shape(eps)[:2]
        z0 = sample_latent(*self.encoder(x), eps)
        zK, _ = self.transform(ops.reshape(z0, (-1, self.latent_dim)), ops.tile(x, (samples, 1)))
        return vib_predict_probs(ops.reshape(self.decoder(zK), (samples, batch, self.num_classes)))

    def fresh_noise(self, x):
        """Returns new noise at every call. Shape `[B, K]`."""
        return keras.random.normal((ops.shape(x)[0], self.latent_dim), seed=self.seeds)

    def call(self, x):
        """Returns the logits of one fresh sample."""
        zK, _ = self.transform(sample_latent(*self.encoder(x), self.fresh_noise(x)), x)
        return self.decoder(zK)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Returns the mean of cross-entropy plus beta KL, and updates the metrics."""
        log_q0, sum_log_det, log_p_zK, log_py = self.free_energy_terms(x, y, self.fresh_noise(x))
        kl = log_q0 - sum_log_det - log_p_zK
        self.cross_entropy.update_state(ops.negative(log_py))
        self.kl.update_state(kl)
        return ops.mean(self.beta * kl - log_py)

    def get_config(self):
        """Returns what `__init__` needs to make this model again."""
        names = ("event_dim", "latent_dim", "num_classes", "hidden", "num_flows", "flow", "beta")
        return super().get_config() | {name: getattr(self, name) for name in names}
