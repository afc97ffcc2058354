"""Answers to a02_elbo in plain Python: lists and floats."""

# %% question="linear_gaussian_log_px"
def linear_gaussian_log_px(x, W, b, sigma):
    import math

    rows = [[float(entry) for entry in row] for row in W]
    gap = [float(value) - float(centre) for value, centre in zip(x, b)]
    size = len(gap)
    # Gaussian elimination of [C | gap]; C is positive definite, so no pivoting. Pivots give det C and the quadratic form.
    table = [
        [sum(p * q for p, q in zip(rows[i], rows[j])) + (sigma**2 if i == j else 0.0) for j in range(size)] + [gap[i]]
        for i in range(size)
    ]
    log_px = 0.0
    for i in range(size):
        pivot = table[i][i]
        log_px -= 0.5 * (LOG_2PI + math.log(pivot) + table[i][size] ** 2 / pivot)
        for j in range(i + 1, size):
            factor = table[j][i] / pivot
            table[j] = [below - factor * above for below, above in zip(table[j], table[i])]
    return log_px


# %% question="linear_gaussian_posterior"
def linear_gaussian_posterior(x, W, b, sigma):
    columns = [[float(entry) for entry in column] for column in zip(*W)]
    gap = [float(value) - float(centre) for value, centre in zip(x, b)]
    size = len(columns)
    # Gauss and Jordan on [Lambda | W^T (x - b) / sigma^2 | I].
    table = []
    for i, left in enumerate(columns):
        precision = [sum(p * q for p, q in zip(left, right)) / sigma**2 + (i == j) for j, right in enumerate(columns)]
        linear = sum(p * q for p, q in zip(left, gap)) / sigma**2
        table.append([*precision, linear, *(float(i == j) for j in range(size))])
    for i in range(size):
        table[i] = [entry / table[i][i] for entry in table[i]]
        for j in range(size):
            if j != i:
                table[j] = [entry - table[j][i] * above for entry, above in zip(table[j], table[i])]
    return [row[size] for row in table], [row[size + 1 :] for row in table]


# %% question="reparameterize"
def reparameterize(mu, log_var, eps):
    import math

    return [
        [float(m) + math.exp(float(v) / 2) * float(e) for m, v, e in zip(*rows)] for rows in zip(mu, log_var, eps)
    ]


# %% question="elbo_analytic_kl"
def elbo_analytic_kl(x, logits, mu, log_var):
    import math

    def log_sigmoid(a):
        return -math.log1p(math.exp(-a)) if a > 0 else a - math.log1p(math.exp(a))

    def kl(mean, spread):
        return (mean**2 + math.expm1(spread) - spread) / 2

    return [
        sum(log_sigmoid(a if pixel > 0.5 else -a) for pixel, a in zip(pixels, scores))
        - sum(kl(mean, spread) for mean, spread in zip(means, spreads))
        for pixels, scores, means, spreads in zip(*(np.asarray(part).tolist() for part in (x, logits, mu, log_var)))
    ]


# %% question="elbo_single_sample"
def elbo_single_sample(log_px_given_z, log_pz, log_qz_given_x):
    return [float(a) + float(c) - float(d) for a, c, d in zip(log_px_given_z, log_pz, log_qz_given_x)]


# %% question="elbo_multi_sample"
def elbo_multi_sample(log_w):
    import statistics

    return [statistics.fmean(column) for column in np.asarray(log_w).T.tolist()]


# %% question="minibatch_log_lik"
def minibatch_log_lik(log_lik, num_data):
    import math

    return num_data * math.fsum(log_lik) / len(log_lik)


# %% question="grad_theta_enumerated"
def grad_theta_enumerated(theta, phi, log_px_given_z):
    import math

    def probability(logits, z):
        # 1 / sum_k exp(t_k - t_z); where an exponent is too large the probability is 0.
        gaps = [float(other) - float(logits[z]) for other in logits]
        return 0.0 if max(gaps) > 700 else 1.0 / sum(math.exp(gap) for gap in gaps)

    return [probability(phi, z) - probability(theta, z) for z in range(len(theta))]


# %% question="pathwise_gradient"
def pathwise_gradient(mu, log_var, eps, grad_f):
    import math

    mu, log_var, eps = (np.asarray(part).tolist() for part in (mu, log_var, eps))
    sigma = [math.exp(v / 2) for v in log_var]
    samples = [[m + s * e for m, s, e in zip(mu, sigma, row)] for row in eps]
    slopes = np.asarray(grad_f(samples)).tolist()
    count = len(eps)
    d_mu = [sum(column) / count for column in zip(*slopes)]
    d_log_var = [
        s / 2 * sum(slope * e for slope, e in zip(column, noise)) / count
        for s, column, noise in zip(sigma, zip(*slopes), zip(*eps))
    ]
    return d_mu, d_log_var


# %% question="fit_q"
def fit_q(log_joint, num_steps, seed):
    import math
    import random

    @tf.function
    def slopes_at(z):
        with tf.GradientTape() as tape:
            tape.watch(z)
            value = log_joint(z)
        return tape.gradient(value, z)

    # Natural gradients: the precision follows the average curvature -E[f''] = -E[eps f'(z)] / sigma.
    draw = random.Random(seed)
    mu, precision, total, kept = 0.0, 1.0, [0.0, 0.0], 0
    for step in range(num_steps):
        sigma = precision**-0.5
        half = [draw.gauss(0.0, 1.0) for _ in range(5)]
        eps = half + [-e for e in half]
        slopes = slopes_at(tf.constant([mu + sigma * e for e in eps])).numpy().tolist()
        curvature = -sum(e * slope for e, slope in zip(eps, slopes)) / sum(e * e for e in eps) / sigma
        rate = 1.0 / (step + 10) ** 0.6
        precision = (1 - rate) * precision + rate * max(curvature, 1e-6)
        mu += rate * sum(slopes) / len(slopes) / precision
        if 2 * step >= num_steps:
            total = [total[0] + mu, total[1] + precision**-0.5]
            kept += 1
    return total[0] / kept, total[1] / kept
