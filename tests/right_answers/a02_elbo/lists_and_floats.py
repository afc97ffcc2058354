"""Answers to a02_elbo with Python lists, floats and the math module."""

# %% question="linear_gaussian_log_px"
import math
import random


def eliminate(matrix, columns):
    """Returns (solutions of matrix X = columns, log determinant) by Gauss and Jordan; the matrix is positive definite."""
    n = len(matrix)
    rows = [list(matrix[i]) + list(columns[i]) for i in range(n)]
    log_det = 0.0
    for i in range(n):
        pivot = rows[i][i]
        log_det += math.log(pivot)
        rows[i] = [value / pivot for value in rows[i]]
        for j in range(n):
            if j != i:
                factor = rows[j][i]
                rows[j] = [a - factor * c for a, c in zip(rows[j], rows[i])]
    return [row[n:] for row in rows], log_det


def linear_gaussian_log_px(x, W, b, sigma):
    x, W, b = x.tolist(), W.tolist(), b.tolist()
    n = len(x)
    cov = [[sum(u * v for u, v in zip(W[i], W[j])) + (sigma**2 if i == j else 0) for j in range(n)] for i in range(n)]
    r = [u - v for u, v in zip(x, b)]
    solved, log_det = eliminate(cov, [[value] for value in r])
    return -0.5 * (n * math.log(2 * math.pi) + log_det + sum(u * v[0] for u, v in zip(r, solved)))


# %% question="linear_gaussian_posterior"
def linear_gaussian_posterior(x, W, b, sigma):
    columns, r = W.T.tolist(), (x - b).tolist()
    k = len(columns)
    dot = lambda u, v: sum(a * c for a, c in zip(u, v)) / sigma**2
    precision = [[dot(columns[i], columns[j]) + (i == j) for j in range(k)] for i in range(k)]
    cov, _ = eliminate(precision, [[float(i == j) for j in range(k)] for i in range(k)])
    mean = [sum(cov[i][j] * dot(columns[j], r) for j in range(k)) for i in range(k)]
    return [mean, cov]


# %% question="reparameterize"
def reparameterize(mu, log_var, eps):
    return [
        [m + math.exp(v / 2) * e for m, v, e in zip(*rows)] for rows in zip(mu.tolist(), log_var.tolist(), eps.tolist())
    ]


# %% question="elbo_analytic_kl"
def elbo_analytic_kl(x, logits, mu, log_var):
    bounds = []
    for pixels, scores, m, v in zip(x.tolist(), logits.tolist(), mu.tolist(), log_var.tolist()):
        log_lik = sum(p * a - (max(a, 0) + math.log1p(math.exp(-abs(a)))) for p, a in zip(pixels, scores))
        kl = sum((math.expm1(s) - s + t * t) / 2 for t, s in zip(m, v))
        bounds.append(log_lik - kl)
    return bounds


# %% question="elbo_single_sample"
def elbo_single_sample(log_px_given_z, log_pz, log_qz_given_x):
    return [float(a + b - c) for a, b, c in zip(log_px_given_z, log_pz, log_qz_given_x)]


# %% question="elbo_multi_sample"
def elbo_multi_sample(log_w):
    return [math.fsum(column) / len(column) for column in log_w.T.tolist()]


# %% question="minibatch_log_lik"
def minibatch_log_lik(log_lik, num_data):
    return num_data / len(log_lik) * math.fsum(log_lik.tolist())


# %% question="grad_theta_enumerated"
def grad_theta_enumerated(theta, phi, log_px_given_z):
    def softmax(logits):
        top = max(logits)
        weights = [math.exp(a - top) for a in logits]
        return [w / sum(weights) for w in weights]

    return [q - p for q, p in zip(softmax(phi.tolist()), softmax(theta.tolist()))]


# %% question="pathwise_gradient"
def pathwise_gradient(mu, log_var, eps, grad_f):
    sigma = [math.exp(v / 2) for v in log_var.tolist()]
    z = [[m + s * e for m, s, e in zip(mu.tolist(), sigma, row)] for row in eps.tolist()]
    slopes = np.asarray(grad_f(z)).tolist()
    samples, dims = range(len(z)), range(len(sigma))
    d_mu = [sum(slopes[l][k] for l in samples) / len(z) for k in dims]
    d_log_var = [sum(slopes[l][k] * float(eps[l][k]) for l in samples) * sigma[k] / 2 / len(z) for k in dims]
    return d_mu, d_log_var


# %% question="fit_q"
def fit_q(log_joint, num_steps, seed):
    @tf.function(input_signature=[tf.TensorSpec([10], tf.float32)])
    def slope(z):
        with tf.GradientTape() as tape:
            tape.watch(z)
            value = log_joint(z)
        return tape.gradient(value, z)

    draw = random.Random(seed)
    mu, rho, seen = 0.0, 0.0, []
    for t in range(num_steps):
        eps = [draw.gauss(0, 1) for _ in range(10)]
        sigma = math.exp(rho)
        g = slope([mu + sigma * e for e in eps]).numpy().tolist()
        # Natural gradients: the variance scales the step of the mean.
        rate = min(0.05, 5 / (t + 1))
        mu += rate * sigma**2 * max(min(sum(g) / 10, 30), -30)
        rho += rate * max(min(sum(a * e for a, e in zip(g, eps)) * sigma / 10 + 1, 5), -5)
        seen.append((mu, math.exp(rho)))
    late = seen[num_steps // 2 :]
    return sum(m for m, _ in late) / len(late), sum(s for _, s in late) / len(late)
