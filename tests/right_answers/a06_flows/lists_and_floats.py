"""Answers to a06_flows with plain Python lists and floats."""

# %% question="gaussian_log_pdf"
import math


def gaussian_log_pdf(z, mu, var):
    """Returns a list of log densities."""
    return [
        sum(-0.5 * (math.log(2 * math.pi * v) + (a - m) ** 2 / v) for a, m, v in zip(*rows, strict=True))
        for rows in zip(z.tolist(), mu.tolist(), var.tolist(), strict=True)
    ]


# %% question="planar_u_hat"
def softplus(a):
    """Returns log(1 + exp(a)) for any float."""
    return max(a, 0.0) + math.log1p(math.exp(-abs(a)))


def inner(a, b):
    """Returns the inner product of two lists."""
    return sum(p * q for p, q in zip(a, b, strict=True))


def planar_u_hat(u, w):
    """Returns the corrected direction as a list."""
    u, w = u.tolist(), w.tolist()
    a = inner(w, u)
    factor = (softplus(a) - 1 - a) / inner(w, w)
    return [p + factor * q for p, q in zip(u, w, strict=True)]


# %% question="planar_forward"
def planar_forward(z, u_hat, w, b):
    """Returns the points as a list of lists."""
    u_hat, w, moved = u_hat.tolist(), w.tolist(), []
    for point in z.tolist():
        share = math.tanh(inner(w, point) + b)
        moved.append([p + share * q for p, q in zip(point, u_hat, strict=True)])
    return moved


# %% question="planar_log_det"
def planar_log_det(z, u, w, b):
    """Returns a list of log determinants."""
    w_u = inner(w.tolist(), u.tolist())
    sides = [inner(w.tolist(), point) + b for point in z.tolist()]
    return [math.log(abs(1 + w_u * (1 - math.tanh(side) ** 2))) for side in sides]


# %% question="radial_beta_hat"
def radial_beta_hat(alpha, beta_raw):
    """Returns a float above -alpha."""
    return softplus(beta_raw) - alpha


# %% question="radial_forward"
def radial_forward(z, z_ref, alpha, beta_hat):
    """Returns the points as a list of lists."""
    centre, moved = z_ref.tolist(), []
    for point in z.tolist():
        h = 1 / (alpha + math.dist(point, centre))
        moved.append([p + beta_hat * h * (p - c) for p, c in zip(point, centre, strict=True)])
    return moved


# %% question="radial_log_det"
def radial_log_det(z, z_ref, alpha, beta_hat):
    """Returns a list of log determinants."""
    centre, found = z_ref.tolist(), []
    for point in z.tolist():
        r = math.dist(point, centre)
        h = 1 / (alpha + r)
        across, along = 1 + beta_hat * h, 1 + beta_hat * h - beta_hat * h * h * r
        found.append((len(centre) - 1) * math.log(across) + math.log(along))
    return found


# %% question="coupling_forward"
def coupling_forward(z, log_scale, shift):
    """Returns the layer's output as a list of lists."""
    rows = zip(z.tolist(), log_scale.tolist(), shift.tolist(), strict=True)
    return [[a, b, c * math.exp(s[0]) + t[0], d * math.exp(s[1]) + t[1]] for (a, b, c, d), s, t in rows]


# %% question="coupling_inverse"
def coupling_inverse(z, log_scale, shift):
    """Returns the layer's input as a list of lists."""
    rows = zip(z.tolist(), log_scale.tolist(), shift.tolist(), strict=True)
    return [[a, b, (c - t[0]) / math.exp(s[0]), (d - t[1]) / math.exp(s[1])] for (a, b, c, d), s, t in rows]


# %% question="coupling_log_det"
def coupling_log_det(log_scale):
    """Returns a list of log determinants."""
    return [sum(row) for row in log_scale.tolist()]


# %% question="iaf_step"
def iaf_step(z, m, s):
    """Returns a list of lists and a list."""
    z_new, log_det = [], []
    for points, places, logits in zip(z.tolist(), m.tolist(), s.tolist(), strict=True):
        log_gates = [-softplus(-logit) for logit in logits]
        gates = [math.exp(log_gate) for log_gate in log_gates]
        z_new.append([g * p + (1 - g) * q for g, p, q in zip(gates, points, places, strict=True)])
        log_det.append(sum(log_gates))
    return z_new, log_det


# %% question="leapfrog_step"
def leapfrog_step(z, v, step, score):
    """Returns two lists."""

    def kick(velocity, place):
        slope = score(np.array(place, dtype=np.float32))
        return [a + step / 2 * float(g) for a, g in zip(velocity, slope, strict=True)]

    half = kick(v.tolist(), z.tolist())
    place = [p + step * a for p, a in zip(z.tolist(), half, strict=True)]
    return place, kick(half, place)


# %% question="flow_log_q"
def flow_log_q(log_q0, log_dets):
    """Returns a list of log densities."""
    return [start - sum(steps) for start, steps in zip(log_q0.tolist(), log_dets.tolist(), strict=True)]


# %% question="flow_prior_term"
def flow_prior_term(z0, zK):
    """Returns a list of log densities at zK."""
    return [-0.5 * sum(math.log(2 * math.pi) + p * p for p in point) for point in zK.tolist()]


# %% question="flow_free_energy"
def flow_free_energy(log_q0, log_dets, log_p_zK, log_py_given_zK):
    """Returns a float, the mean over the batch."""
    rows = zip(flow_log_q(log_q0, log_dets), log_p_zK.tolist(), log_py_given_zK.tolist(), strict=True)
    energies = [log_q - prior - likelihood for log_q, prior, likelihood in rows]
    return sum(energies) / len(energies)
