"""Answers to a02_elbo with Python loops and einsum."""

# %% question="linear_gaussian_log_px"
def linear_gaussian_log_px(x, W, b, sigma):
    # One entry of x after another: log p(x) = sum_d log p(x_d | x_1 .. x_{d-1}), while z is filtered on the way.
    x, W, b = (np.asarray(part, np.float64) for part in (x, W, b))
    mean, cov, total = np.zeros(W.shape[1]), np.eye(W.shape[1]), 0.0
    for d in range(len(x)):
        direction = np.einsum("jk,k->j", cov, W[d])
        variance = np.einsum("k,k->", W[d], direction) + sigma**2
        surprise = x[d] - b[d] - np.einsum("k,k->", W[d], mean)
        total -= 0.5 * (LOG_2PI + np.log(variance) + surprise**2 / variance)
        mean = mean + direction * surprise / variance
        cov = cov - np.einsum("j,k->jk", direction, direction) / variance
    return total


# %% question="linear_gaussian_posterior"
def linear_gaussian_posterior(x, W, b, sigma):
    # Bayes' rule once for every entry of x: each is a scalar observation of z.
    x, W, b = (np.asarray(part, np.float64) for part in (x, W, b))
    mean, cov = np.zeros(W.shape[1]), np.eye(W.shape[1])
    for row, value, centre in zip(W, x, b, strict=True):
        gain = np.einsum("jk,k->j", cov, row) / (np.einsum("j,jk,k->", row, cov, row) + sigma**2)
        mean = mean + gain * (value - centre - np.einsum("k,k->", row, mean))
        left = np.eye(len(mean)) - np.einsum("j,k->jk", gain, row)
        # Joseph's form keeps the covariance symmetric and positive.
        cov = np.einsum("ij,jk,lk->il", left, cov, left) + sigma**2 * np.einsum("j,k->jk", gain, gain)
    return mean, cov


# %% question="reparameterize"
def reparameterize(mu, log_var, eps):
    out = np.empty(np.shape(mu))
    for index in np.ndindex(out.shape):
        out[index] = float(mu[index]) + np.exp(0.5 * float(log_var[index])) * float(eps[index])
    return out


# %% question="elbo_analytic_kl"
def elbo_analytic_kl(x, logits, mu, log_var):
    out = []
    for pixels, scores, means, spreads in zip(x, logits, mu, log_var, strict=True):
        total = 0.0
        for pixel, score in zip(pixels, scores, strict=True):
            score = float(score) if pixel == 1 else -float(score)  # log of the sigmoid of this
            total += min(score, 0.0) - np.log1p(np.exp(-abs(score)))
        for mean, spread in zip(means, spreads, strict=True):
            mean, spread = float(mean), float(spread)
            total -= 0.5 * (mean * mean + np.exp(spread) - spread - 1.0)
        out.append(total)
    return np.array(out)


# %% question="elbo_single_sample"
def elbo_single_sample(log_px_given_z, log_pz, log_qz_given_x):
    out = np.zeros(len(log_pz))
    for sign, term in ((1.0, log_px_given_z), (1.0, log_pz), (-1.0, log_qz_given_x)):
        out += np.einsum(",b->b", sign, np.asarray(term, np.float64))
    return out


# %% question="elbo_multi_sample"
def elbo_multi_sample(log_w):
    log_w = np.asarray(log_w, np.float64)
    return np.einsum("lb,l->b", log_w, np.full(len(log_w), 1.0 / len(log_w)))


# %% question="minibatch_log_lik"
def minibatch_log_lik(log_lik, num_data):
    total = 0.0
    for value in log_lik:
        # Each of the S data stands for N / S of all.
        total += num_data / len(log_lik) * float(value)
    return total


# %% question="grad_theta_enumerated"
def grad_theta_enumerated(theta, phi, log_px_given_z):
    theta, phi = np.asarray(theta, np.float64), np.asarray(phi, np.float64)
    size = len(theta)
    # Each probability from differences of logits: 1 / sum_k exp(t_k - t_z), with the largest taken out.
    q, p = (np.exp(logits - np.logaddexp.reduce(logits)) for logits in (phi, theta))
    gradient = np.zeros(size)
    for j in range(size):
        for z in range(size):
            gradient[j] += q[z] * ((1.0 if z == j else 0.0) - p[j])
    return gradient


# %% question="pathwise_gradient"
def pathwise_gradient(mu, log_var, eps, grad_f):
    L, K = eps.shape
    samples = np.empty((L, K), np.float32)
    for row in range(L):
        for k in range(K):
            samples[row, k] = mu[k] + np.exp(0.5 * log_var[k]) * eps[row, k]
    slopes = np.asarray(grad_f(samples), np.float64)
    d_mu = np.einsum("lk->k", slopes) / L
    d_log_var = 0.5 / L * np.einsum("lk,lk,k->k", slopes, eps.astype(float), np.exp(0.5 * log_var.astype(float)))
    return d_mu, d_log_var


# %% question="fit_q"
def fit_q(log_joint, num_steps, seed):
    # A Python loop over a compiled step; plain gradient ascent with clipped, falling steps.
    where = tf.Variable([0.0, 0.0])

    @tf.function
    def slope(eps):
        with tf.GradientTape() as tape:
            z = where[0] + tf.exp(where[1]) * eps
            objective = tf.einsum("l->", log_joint(z)) / 10.0 + where[1]
        # With sigma^2 in front the curvature in mu is about 1 whatever the width of the posterior is.
        return tape.gradient(objective, where) * tf.stack([tf.exp(2 * where[1]), 1.0])

    generator = np.random.default_rng(seed)
    sums, count = np.zeros(2), 0
    for step in range(num_steps):
        eps = generator.standard_normal(10).astype(np.float32)
        size = 0.2 / (1.0 + step / 400) ** 0.7
        where.assign_add(tf.clip_by_value(size * slope(tf.constant(eps)), -0.3, 0.3))
        if 2 * step >= num_steps:
            mu, log_sigma = where.numpy()
            sums += mu, np.exp(log_sigma)
            count += 1
    return float(sums[0] / count), float(sums[1] / count)
