"""Answers to a02_elbo in NumPy, float64 throughout."""

# %% question="linear_gaussian_log_px"
def linear_gaussian_log_px(x, W, b, sigma):
    x, W, b = (np.asarray(part, np.float64) for part in (x, W, b))
    cov = W @ W.T + sigma**2 * np.eye(len(x))
    r = x - b
    return -0.5 * (len(x) * np.log(2 * np.pi) + np.linalg.slogdet(cov)[1] + r @ np.linalg.inv(cov) @ r)


# %% question="linear_gaussian_posterior"
def linear_gaussian_posterior(x, W, b, sigma):
    x, W, b = (np.asarray(part, np.float64) for part in (x, W, b))
    cov = np.linalg.inv(np.eye(W.shape[1]) + W.T @ W / sigma**2)
    return cov @ W.T @ (x - b) / sigma**2, cov


# %% question="reparameterize"
def reparameterize(mu, log_var, eps):
    mu, log_var, eps = np.float64(mu), np.float64(log_var), np.float64(eps)
    return mu + np.exp(log_var / 2) * eps


# %% question="elbo_analytic_kl"
def elbo_analytic_kl(x, logits, mu, log_var):
    x, logits, mu, log_var = (np.asarray(part, np.float64) for part in (x, logits, mu, log_var))
    log_lik = np.sum(x * logits - np.logaddexp(0, logits), axis=-1)
    return log_lik - 0.5 * np.sum(mu**2 + np.exp(log_var) - log_var - 1, axis=-1)


# %% question="elbo_single_sample"
def elbo_single_sample(log_px_given_z, log_pz, log_qz_given_x):
    return np.float64(log_px_given_z) + log_pz - log_qz_given_x


# %% question="elbo_multi_sample"
def elbo_multi_sample(log_w):
    return np.mean(log_w, axis=0, dtype=np.float64)


# %% question="minibatch_log_lik"
def minibatch_log_lik(log_lik, num_data):
    return num_data * np.mean(log_lik, dtype=np.float64)


# %% question="grad_theta_enumerated"
def grad_theta_enumerated(theta, phi, log_px_given_z):
    def probabilities(logits):
        weights = np.exp(np.float64(logits) - np.max(logits))
        return weights / weights.sum()

    return probabilities(phi) - probabilities(theta)


# %% question="pathwise_gradient"
def pathwise_gradient(mu, log_var, eps, grad_f):
    mu, log_var, eps = np.float64(mu), np.float64(log_var), np.float64(eps)
    sigma = np.exp(log_var / 2)
    g = np.asarray(grad_f(mu + sigma * eps), np.float64)
    return np.mean(g, 0), np.mean(g * eps, 0) * sigma / 2


# %% question="fit_q"
def fit_q(log_joint, num_steps, seed):
    @tf.function(input_signature=[tf.TensorSpec([10], tf.float32)])
    def slope(z):
        with tf.GradientTape() as tape:
            tape.watch(z)
            value = tf.reduce_sum(log_joint(z))
        return tape.gradient(value, z)

    rng = np.random.default_rng(seed)
    theta, first, second, path = np.zeros(2), np.zeros(2), np.zeros(2), []
    for t in range(1, num_steps + 1):
        eps = rng.standard_normal(10)
        sigma = np.exp(theta[1])
        g = slope(tf.constant(theta[0] + sigma * eps, tf.float32)).numpy()
        grad = np.array([g.mean(), (g * sigma * eps).mean() + 1])
        first = 0.9 * first + 0.1 * grad
        second = 0.999 * second + 0.001 * grad**2
        theta = theta + 0.02 * (first / (1 - 0.9**t)) / (np.sqrt(second / (1 - 0.999**t)) + 1e-8)
        path.append((theta[0], np.exp(theta[1])))
    return tuple(np.mean(path[num_steps // 2 :], axis=0))
