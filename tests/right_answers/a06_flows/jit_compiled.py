"""Answers to a06_flows with functions that XLA compiles."""

# %% question="gaussian_log_pdf"
import functools


def compiled(function):
    """Returns the function, compiled by XLA, of float32 tensors only: a Python float would be compiled anew for each value."""
    fast = tf.function(function, jit_compile=True)

    @functools.wraps(function)
    def call(*arguments):
        return fast(*(tf.cast(argument, tf.float32) for argument in arguments))

    return call


@compiled
def gaussian_log_pdf(z, mu, var):
    """Returns log N(z; mu, diag var), shape `[B]`."""
    constant = tf.cast(tf.shape(z)[-1], tf.float32) * np.log(2.0 * np.pi)
    exponent = tf.reduce_sum((z - mu) * ((z - mu) / var), axis=-1)
    return -0.5 * (constant + tf.reduce_sum(tf.math.log(var), axis=-1) + exponent)


# %% question="planar_u_hat"
@compiled
def planar_u_hat(u, w):
    """Returns u_hat: u without its part along w, and that part anew."""
    unit = w / tf.norm(w)
    along = tf.tensordot(u, w, axes=1)
    return u + unit / tf.norm(w) * (tf.nn.softplus(-along) - 1.0)


# %% question="planar_forward"
@compiled
def planar_forward(z, u_hat, w, b):
    """Returns z + u_hat tanh(w.z + b)."""
    return z + tf.tensordot(tf.tanh(tf.tensordot(z, w, axes=1) + b), u_hat, axes=0)


# %% question="planar_log_det"
@compiled
def planar_log_det(z, u, w, b):
    """Returns log abs(1 + u.psi(z)), where 1 - tanh^2 = (1 - tanh)(1 + tanh) is made of two sigmoids."""
    double = 2.0 * (tf.tensordot(z, w, axes=1) + b)
    psi = tf.tensordot(4.0 * tf.sigmoid(double) * tf.sigmoid(-double), w, axes=0)
    return tf.math.log(tf.abs(1.0 + tf.tensordot(psi, u, axes=1)))


# %% question="radial_beta_hat"
@compiled
def radial_beta_hat(alpha, beta_raw):
    """Returns -alpha + softplus(beta_raw)."""
    return tf.nn.softplus(beta_raw) - alpha


# %% question="radial_forward"
@compiled
def radial_forward(z, z_ref, alpha, beta_hat):
    """Returns z + beta_hat (z - z_ref) / (alpha + r)."""
    r = tf.sqrt(tf.reduce_sum(tf.math.squared_difference(z, z_ref), axis=-1, keepdims=True))
    share = beta_hat / (alpha + r)
    return z * (1.0 + share) - z_ref * share


# %% question="radial_log_det"
@compiled
def radial_log_det(z, z_ref, alpha, beta_hat):
    """Returns the sum of the logarithms of K - 1 equal factors and of the one along the radius."""
    r = tf.sqrt(tf.reduce_sum(tf.math.squared_difference(z, z_ref), axis=-1))
    reach = alpha + r
    across = tf.math.log(reach + beta_hat) - tf.math.log(reach)
    along = tf.math.log(reach * reach + alpha * beta_hat) - 2.0 * tf.math.log(reach)
    return (z.shape[-1] - 1) * across + along


# %% question="coupling_forward"
@compiled
def coupling_forward(z, log_scale, shift):
    """Returns z times (1, scales) plus (0, shifts)."""
    nothing = tf.zeros_like(shift)
    return z * tf.exp(tf.concat([nothing, log_scale], axis=1)) + tf.concat([nothing, shift], axis=1)


# %% question="coupling_inverse"
@compiled
def coupling_inverse(z, log_scale, shift):
    """Returns (z minus (0, shifts)) divided by (1, scales)."""
    nothing = tf.zeros_like(shift)
    return (z - tf.concat([nothing, shift], axis=1)) * tf.exp(-tf.concat([nothing, log_scale], axis=1))


# %% question="coupling_log_det"
@compiled
def coupling_log_det(log_scale):
    """Returns the log determinant of the coupling layer."""
    return tf.reduce_sum(log_scale, axis=1)


# %% question="iaf_step"
@compiled
def iaf_step(z, m, s):
    """Returns the gated step and its log determinant."""
    log_gate = -tf.nn.softplus(-s)
    gate = tf.exp(log_gate)
    return gate * z - tf.math.expm1(log_gate) * m, tf.reduce_sum(log_gate, axis=1)


# %% question="leapfrog_step"
@compiled
def kick_and_drift(z, v, slope, step):
    """Returns the position after a step and the velocity after half a step."""
    v_half = v + 0.5 * step * slope
    return z + step * v_half, v_half


@compiled
def kick(v, slope, step):
    """Returns the velocity after half a step."""
    return v + 0.5 * step * slope


def leapfrog_step(z, v, step, score):
    """Returns `(z_new, v_new)`; the score stays outside, for it may be anything."""
    z_new, v_half = kick_and_drift(z, v, score(z), step)
    return z_new, kick(v_half, score(z_new), step)


# %% question="flow_log_q"
@compiled
def flow_log_q(log_q0, log_dets):
    """Returns log q_K(z_K)."""
    return log_q0 - tf.reduce_sum(log_dets, axis=1)


# %% question="flow_prior_term"
@compiled
def flow_prior_term(z0, zK):
    """Returns log N(zK; 0, I)."""
    return tf.reduce_sum(-0.5 * zK * zK - 0.5 * np.log(2.0 * np.pi), axis=1)


# %% question="flow_free_energy"
@compiled
def flow_free_energy(log_q0, log_dets, log_p_zK, log_py_given_zK):
    """Returns the free energy of the batch."""
    of_steps = tf.reduce_mean(tf.reduce_sum(log_dets, axis=1))
    return tf.reduce_mean(log_q0) - of_steps - tf.reduce_mean(log_p_zK) - tf.reduce_mean(log_py_given_zK)
