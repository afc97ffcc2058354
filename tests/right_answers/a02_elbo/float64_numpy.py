"""Answers to a02_elbo in float64 NumPy."""

# %% question="linear_gaussian_log_px"
def linear_gaussian_log_px(x, W, b, sigma):
    # log det and linear system straight from the D x D covariance.
    x, W, b = (np.asarray(part, np.float64) for part in (x, W, b))
    C = W @ W.T + sigma**2 * np.eye(len(x))
    _, log_det = np.linalg.slogdet(C)
    gap = x - b
    return -0.5 * (len(x) * LOG_2PI + log_det + gap @ np.linalg.solve(C, gap))


# %% question="linear_gaussian_posterior"
def linear_gaussian_posterior(x, W, b, sigma):
    # Conditioning the joint Gaussian of (z, x): Cov(z, x) = W^T, so the gain is W^T C^-1.
    x, W, b = (np.asarray(part, np.float64) for part in (x, W, b))
    C = W @ W.T + sigma**2 * np.eye(len(x))
    gain = np.linalg.solve(C, W).T
    return gain @ (x - b), np.eye(W.shape[1]) - gain @ W


# %% question="reparameterize"
def reparameterize(mu, log_var, eps):
    mu, log_var, eps = (np.asarray(part, np.float64) for part in (mu, log_var, eps))
    return mu + np.sqrt(np.exp(log_var)) * eps


# %% question="elbo_analytic_kl"
def elbo_analytic_kl(x, logits, mu, log_var):
    x, logits, mu, log_var = (np.asarray(part, np.float64) for part in (x, logits, mu, log_var))
    # log p(x_d|z) = -log(1 + exp(-a)) for x = 1 and -log(1 + exp(a)) for x = 0.
    log_lik = -np.logaddexp(0.0, (1 - 2 * x) * logits).sum(axis=1)
    kl = 0.5 * (mu**2 + np.expm1(log_var) - log_var).sum(axis=1)
    return log_lik - kl


# %% question="elbo_single_sample"
def elbo_single_sample(log_px_given_z, log_pz, log_qz_given_x):
    terms = np.array([log_px_given_z, log_pz, log_qz_given_x], dtype=np.float64)
    return np.array([1.0, 1.0, -1.0]) @ terms


# %% question="elbo_multi_sample"
def elbo_multi_sample(log_w):
    return np.mean(log_w, axis=0, dtype=np.float64)


# %% question="minibatch_log_lik"
def minibatch_log_lik(log_lik, num_data):
    log_lik = np.asarray(log_lik, np.float64)
    return log_lik.sum() * (num_data / log_lik.size)


# %% question="grad_theta_enumerated"
def grad_theta_enumerated(theta, phi, log_px_given_z):
    def softmax(logits):
        weights = np.exp(np.asarray(logits, np.float64) - np.max(logits))
        return weights / weights.sum()

    return softmax(phi) - softmax(theta)


# %% question="pathwise_gradient"
def pathwise_gradient(mu, log_var, eps, grad_f):
    mu, log_var, eps = (np.asarray(part, np.float64) for part in (mu, log_var, eps))
    sigma = np.exp(log_var / 2)
    slopes = np.asarray(grad_f(mu + sigma * eps), np.float64)
    return slopes.mean(axis=0), sigma / 2 * (slopes * eps).mean(axis=0)


# %% question="fit_q"
def fit_q(log_joint, num_steps, seed):
    # TensorFlow gives only the slope of log_joint; noise, chain rule and steps are NumPy's. RMSprop with a falling rate.
    @tf.function
    def slope(z):
        with tf.GradientTape() as tape:
            tape.watch(z)
            value = tf.reduce_sum(log_joint(z))
        return tape.gradient(value, z)

    generator = np.random.default_rng(seed)
    place, scale, kept = np.zeros(2), np.zeros(2), []
    for step in range(num_steps):
        eps = generator.normal(size=10)
        sigma = np.exp(place[1])
        at_z = slope(tf.constant(place[0] + sigma * eps, tf.float32)).numpy().astype(np.float64)
        gradient = np.array([at_z.mean(), (at_z * eps).mean() * sigma + 1.0])
        scale = 0.95 * scale + 0.05 * gradient**2
        place = place + 0.05 / np.sqrt(1 + step / 200) * gradient / (np.sqrt(scale / (1 - 0.95 ** (step + 1))) + 1e-8)
        kept.append((place[0], np.exp(place[1])))
    mu, sigma = np.mean(kept[num_steps // 2 :], axis=0)
    return mu, sigma
