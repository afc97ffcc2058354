"""Answers to a06_flows with float32 TensorFlow."""

# %% question="gaussian_log_pdf"
def gaussian_log_pdf(z, mu, var):
    """Returns log N(z; mu, diag var), shape `[B]`."""
    scaled = tf.square(z - mu) / var
    return -0.5 * tf.reduce_sum(tf.math.log(2.0 * np.float32(np.pi)) + tf.math.log(var) + scaled, axis=-1)


# %% question="planar_u_hat"
def planar_u_hat(u, w):
    """Returns u_hat; softplus(a) - a is written as softplus(-a), which loses no digits for a large a."""
    along = tf.reduce_sum(w * u)
    return u + (tf.math.softplus(-along) - 1.0) * w / tf.reduce_sum(tf.square(w))


# %% question="planar_forward"
def planar_forward(z, u_hat, w, b):
    """Returns z + u_hat tanh(w.z + b)."""
    height = tf.linalg.matvec(z, w) + b
    return z + tf.tanh(height)[:, None] * u_hat


# %% question="planar_log_det"
def planar_log_det(z, u, w, b):
    """Returns log abs(1 + u.psi); 1 - tanh(a)^2 is 4 sigmoid(2a) sigmoid(-2a), which keeps its digits."""
    height = tf.linalg.matvec(z, w) + b
    slope = 4.0 * tf.sigmoid(2.0 * height) * tf.sigmoid(-2.0 * height)
    return tf.math.log(tf.abs(1.0 + slope * tf.reduce_sum(u * w)))


# %% question="radial_beta_hat"
def radial_beta_hat(alpha, beta_raw):
    """Returns -alpha + softplus(beta_raw)."""
    return tf.math.softplus(tf.constant(beta_raw, tf.float32)) - alpha


# %% question="radial_forward"
def radial_forward(z, z_ref, alpha, beta_hat):
    """Returns z + beta_hat (z - z_ref) / (alpha + r)."""
    offset = z - z_ref
    r = tf.norm(offset, axis=-1, keepdims=True)
    return z + beta_hat * offset / (alpha + r)


# %% question="radial_log_det"
def radial_log_det(z, z_ref, alpha, beta_hat):
    """Returns (K - 1) log(1 + beta h) + log(1 + alpha beta h^2): h + h' r = alpha h^2."""
    r = tf.norm(z - z_ref, axis=-1)
    h = 1.0 / (alpha + r)
    across = tf.math.log1p(beta_hat * h)
    along = tf.math.log1p(alpha * beta_hat * tf.square(h))
    return (z.shape[-1] - 1) * across + along


# %% question="coupling_forward"
def coupling_forward(z, log_scale, shift):
    """Returns the first half as it is, the second scaled and shifted."""
    kept, moved = tf.split(z, 2, axis=-1)
    return tf.concat([kept, moved * tf.exp(log_scale) + shift], axis=-1)


# %% question="coupling_inverse"
def coupling_inverse(z, log_scale, shift):
    """Returns the point that `coupling_forward` takes to z."""
    kept, moved = tf.split(z, 2, axis=-1)
    return tf.concat([kept, (moved - shift) * tf.exp(-log_scale)], axis=-1)


# %% question="coupling_log_det"
def coupling_log_det(log_scale):
    """Returns the sum of the logarithms of the scales."""
    return tf.reduce_sum(log_scale, axis=-1)


# %% question="iaf_step"
def iaf_step(z, m, s):
    """Returns the gated step and its log determinant."""
    gate = tf.sigmoid(s)
    return gate * z + tf.sigmoid(-s) * m, tf.reduce_sum(tf.math.log_sigmoid(s), axis=-1)


# %% question="leapfrog_step"
def leapfrog_step(z, v, step, score):
    """Returns (z_new, v_new): a half kick, a drift, a half kick."""
    v_half = v + 0.5 * step * score(z)
    z_new = z + step * v_half
    return z_new, v_half + 0.5 * step * score(z_new)


# %% question="flow_log_q"
def flow_log_q(log_q0, log_dets):
    """Returns log q_K(z_K)."""
    return log_q0 - tf.reduce_sum(log_dets, axis=-1)


# %% question="flow_prior_term"
def flow_prior_term(z0, zK):
    """Returns log N(zK; 0, I)."""
    return -0.5 * tf.reduce_sum(tf.square(zK) + tf.math.log(2.0 * np.float32(np.pi)), axis=-1)


# %% question="flow_free_energy"
def flow_free_energy(log_q0, log_dets, log_p_zK, log_py_given_zK):
    """Returns the mean of log q_K - log p(z_K) - log p(y|z_K)."""
    kl = log_q0 - tf.reduce_sum(log_dets, axis=-1) - log_p_zK
    return tf.reduce_mean(kl - log_py_given_zK)
