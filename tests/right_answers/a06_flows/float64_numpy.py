"""Answers to a06_flows with NumPy in float64."""

# %% question="gaussian_log_pdf"
def gaussian_log_pdf(z, mu, var):
    """Returns log N(z; mu, diag var), shape `[B]`."""
    z, mu, var = (np.asarray(a, dtype=np.float64) for a in (z, mu, var))
    return -0.5 * (np.log(2 * np.pi * var) + (z - mu) ** 2 / var).sum(axis=1)


# %% question="planar_u_hat"
def planar_u_hat(u, w):
    """Returns u_hat with w.u_hat = -1 + log(1 + exp(w.u))."""
    u, w = np.asarray(u, dtype=np.float64), np.asarray(w, dtype=np.float64)
    a = w @ u
    m = -1 + np.logaddexp(0, a)
    return u + (m - a) * w / (w @ w)


# %% question="planar_forward"
def planar_forward(z, u_hat, w, b):
    """Returns z + u_hat tanh(w.z + b)."""
    z, u_hat, w = (np.asarray(a, dtype=np.float64) for a in (z, u_hat, w))
    return z + np.outer(np.tanh(z @ w + b), u_hat)


# %% question="planar_log_det"
def planar_log_det(z, u, w, b):
    """Returns log abs(1 + u.psi(z))."""
    z, u, w = (np.asarray(a, dtype=np.float64) for a in (z, u, w))
    psi = (1 - np.tanh(z @ w + b) ** 2)[:, np.newaxis] * w
    return np.log(np.abs(1 + psi @ u))


# %% question="radial_beta_hat"
def radial_beta_hat(alpha, beta_raw):
    """Returns -alpha + log(1 + exp(beta_raw)), without overflow."""
    return max(beta_raw, 0.0) + np.log1p(np.exp(-abs(beta_raw))) - alpha


# %% question="radial_forward"
def radial_forward(z, z_ref, alpha, beta_hat):
    """Returns z + beta_hat (z - z_ref) / (alpha + r)."""
    z = np.asarray(z, dtype=np.float64)
    arm = z - z_ref
    h = 1 / (alpha + np.linalg.norm(arm, axis=1))
    return z + beta_hat * h[:, None] * arm


# %% question="radial_log_det"
def radial_log_det(z, z_ref, alpha, beta_hat):
    """Returns (K - 1) log(1 + beta h) + log(1 + beta h + beta h' r)."""
    z, z_ref = np.asarray(z, dtype=np.float64), np.asarray(z_ref, dtype=np.float64)
    r = np.linalg.norm(z - z_ref, axis=1)
    h = 1 / (alpha + r)
    dh = -(h**2)
    return (z.shape[1] - 1) * np.log(1 + beta_hat * h) + np.log(1 + beta_hat * h + beta_hat * dh * r)


# %% question="coupling_forward"
def coupling_forward(z, log_scale, shift):
    """Returns a copy of z whose second half is scaled and shifted."""
    out = np.array(z, dtype=np.float64)
    half = out.shape[1] // 2
    out[:, half:] = out[:, half:] * np.exp(np.asarray(log_scale, dtype=np.float64)) + shift
    return out


# %% question="coupling_inverse"
def coupling_inverse(z, log_scale, shift):
    """Returns a copy of z whose second half is shifted back and scaled back."""
    out = np.array(z, dtype=np.float64)
    half = out.shape[1] // 2
    out[:, half:] = (out[:, half:] - shift) / np.exp(np.asarray(log_scale, dtype=np.float64))
    return out


# %% question="coupling_log_det"
def coupling_log_det(log_scale):
    """Returns the sum over the second half."""
    return np.sum(log_scale, axis=1, dtype=np.float64)


# %% question="iaf_step"
def iaf_step(z, m, s):
    """Returns g z + (1 - g) m and the sum of log g = -log(1 + exp(-s))."""
    z, m, s = (np.asarray(a, dtype=np.float64) for a in (z, m, s))
    log_g = -np.logaddexp(0, -s)
    g = np.exp(log_g)
    return g * z + (1 - g) * m, log_g.sum(axis=1)


# %% question="leapfrog_step"
def leapfrog_step(z, v, step, score):
    """Returns position and velocity after one leapfrog step."""
    z, v = np.asarray(z, dtype=np.float64), np.asarray(v, dtype=np.float64)
    v = v + step / 2 * np.asarray(score(z))
    z = z + step * v
    v = v + step / 2 * np.asarray(score(z))
    return z, v


# %% question="flow_log_q"
def flow_log_q(log_q0, log_dets):
    """Returns log q_0 minus all log determinants."""
    return np.asarray(log_q0, dtype=np.float64) - np.asarray(log_dets, dtype=np.float64).sum(axis=1)


# %% question="flow_prior_term"
def flow_prior_term(z0, zK):
    """Returns the standard normal log density at zK."""
    zK = np.asarray(zK, dtype=np.float64)
    return -0.5 * ((zK**2).sum(axis=1) + zK.shape[1] * np.log(2 * np.pi))


# %% question="flow_free_energy"
def flow_free_energy(log_q0, log_dets, log_p_zK, log_py_given_zK):
    """Returns the mean free energy of the batch."""
    log_q0, log_dets, log_p, log_py = (
        np.asarray(a, dtype=np.float64) for a in (log_q0, log_dets, log_p_zK, log_py_given_zK)
    )
    return np.mean(log_q0 - log_dets.sum(axis=1) - log_p - log_py)
