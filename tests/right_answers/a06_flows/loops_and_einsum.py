"""Answers to a06_flows with loops and einsum."""

# %% question="gaussian_log_pdf"
def gaussian_log_pdf(z, mu, var):
    """Returns log N(z; mu, diag var), summed up dimension by dimension."""
    total = np.zeros(len(z))
    for k in range(np.shape(z)[1]):
        variance = np.float64(1) * var[:, k]
        total -= 0.5 * (np.log(2 * np.pi) + np.log(variance) + np.square(z[:, k] - mu[:, k]) / variance)
    return total


# %% question="planar_u_hat"
def planar_u_hat(u, w):
    """Returns u_hat, with log(1 + exp(a)) - a = log(1 + exp(-a))."""
    u, w = np.float64(u), np.float64(w)
    norm2 = np.einsum("k,k->", w, w)
    a = np.einsum("k,k->", w, u)
    lift = np.logaddexp(0.0, -a) - 1.0
    return np.array([u[k] + lift * w[k] / norm2 for k in range(len(u))])


# %% question="planar_forward"
def planar_forward(z, u_hat, w, b):
    """Returns z + u_hat tanh(w.z + b)."""
    z = np.float64(z)
    a = np.einsum("bk,k->b", z, np.float64(w)) + b
    return z + np.einsum("b,k->bk", np.tanh(a), np.float64(u_hat))


# %% question="planar_log_det"
def planar_log_det(z, u, w, b):
    """Returns log abs(1 + u.psi), one example after the other."""
    u, w = np.float64(u), np.float64(w)
    found = []
    for point in np.float64(z):
        bend = 1.0 - np.tanh(np.einsum("k,k->", w, point) + b) ** 2
        found.append(np.log(np.abs(1.0 + np.einsum("k,k->", u, bend * w))))
    return np.array(found)


# %% question="radial_beta_hat"
def radial_beta_hat(alpha, beta_raw):
    """Returns softplus(beta_raw) - alpha."""
    return np.logaddexp(0.0, beta_raw) - alpha


# %% question="radial_forward"
def radial_forward(z, z_ref, alpha, beta_hat):
    """Returns each point, moved along its radius."""
    z, z_ref = np.float64(z), np.float64(z_ref)
    out = np.empty_like(z)
    for i, point in enumerate(z):
        radius = np.sqrt(np.einsum("k,k->", point - z_ref, point - z_ref))
        out[i] = point + beta_hat * (point - z_ref) / (alpha + radius)
    return out


# %% question="radial_log_det"
def radial_log_det(z, z_ref, alpha, beta_hat):
    """Returns the log determinant of each example."""
    offsets = np.float64(z) - np.float64(z_ref)
    radii = np.sqrt(np.einsum("bk,bk->b", offsets, offsets))
    found = np.zeros(len(offsets))
    for i, r in enumerate(radii):
        h = 1.0 / (alpha + r)
        for _ in range(offsets.shape[1] - 1):
            found[i] += np.log(1.0 + beta_hat * h)
        found[i] += np.log(1.0 + beta_hat * (h - r * h**2))
    return found


# %% question="coupling_forward"
def coupling_forward(z, log_scale, shift):
    """Returns the coupling layer's output, column by column."""
    columns = [z[:, 0], z[:, 1]]
    for k in range(2):
        columns.append(z[:, 2 + k] * np.exp(log_scale[:, k]) + shift[:, k])
    return np.stack(columns, axis=1)


# %% question="coupling_inverse"
def coupling_inverse(z, log_scale, shift):
    """Returns the coupling layer's input, column by column."""
    columns = [z[:, 0], z[:, 1]]
    for k in range(2):
        columns.append((z[:, 2 + k] - shift[:, k]) / np.exp(log_scale[:, k]))
    return np.stack(columns, axis=1)


# %% question="coupling_log_det"
def coupling_log_det(log_scale):
    """Returns the sum over the dimensions."""
    return np.einsum("bk->b", log_scale)


# %% question="iaf_step"
def iaf_step(z, m, s):
    """Returns the gated step and its log determinant, dimension by dimension."""
    z_new, log_det = np.zeros(np.shape(z)), np.zeros(len(z))
    for k in range(np.shape(z)[1]):
        log_gate = -np.logaddexp(0.0, -np.float64(s[:, k]))
        gate = np.exp(log_gate)
        z_new[:, k] = gate * z[:, k] + (1.0 - gate) * m[:, k]
        log_det += log_gate
    return z_new, log_det


# %% question="leapfrog_step"
def leapfrog_step(z, v, step, score):
    """Returns `(z_new, v_new)` in a loop over (kick, drift) pairs: the last drift has length 0."""
    for drift in (step, 0.0):
        v = v + 0.5 * step * np.asarray(score(z))
        z = z + drift * v
    return z, v


# %% question="flow_log_q"
def flow_log_q(log_q0, log_dets):
    """Returns log q_K(z_K): each step takes its log determinant away."""
    log_q = np.array(log_q0, dtype=np.float64)
    for of_step in np.transpose(log_dets):
        log_q -= of_step
    return log_q


# %% question="flow_prior_term"
def flow_prior_term(z0, zK):
    """Returns log N(zK; 0, I)."""
    size = np.shape(zK)[1]
    return -0.5 * (size * np.log(2 * np.pi) + np.einsum("bk,bk->b", np.float64(zK), np.float64(zK)))


# %% question="flow_free_energy"
def flow_free_energy(log_q0, log_dets, log_p_zK, log_py_given_zK):
    """Returns the mean of the examples' free energies."""
    total = 0.0
    for q, dets, prior, likelihood in zip(log_q0, log_dets, log_p_zK, log_py_given_zK, strict=True):
        total += float(q) - float(np.einsum("f->", dets)) - float(prior) - float(likelihood)
    return total / len(log_q0)
