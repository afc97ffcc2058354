"""Answers to a02_elbo with loops and einsum."""

# %% question="linear_gaussian_log_px"
def linear_gaussian_log_px(x, W, b, sigma):
    # One entry at a time: log p(x) = sum_d log p(x_d | x_<d), by conditioning the Gaussian of z.
    mean, cov = np.zeros(W.shape[1]), np.eye(W.shape[1])
    total = 0.0
    for d in range(len(x)):
        w = W[d]
        gain = np.einsum("ij,j->i", cov, w)
        variance = np.einsum("i,i->", w, gain) + sigma**2
        error = x[d] - b[d] - np.einsum("i,i->", w, mean)
        total += -0.5 * (LOG_2PI + np.log(variance) + error**2 / variance)
        mean = mean + gain * error / variance
        cov = cov - np.einsum("i,j->ij", gain, gain) / variance
    return total


# %% question="linear_gaussian_posterior"
def linear_gaussian_posterior(x, W, b, sigma):
    mean, cov = np.zeros(W.shape[1]), np.eye(W.shape[1])
    for d in range(len(x)):
        gain = np.einsum("ij,j->i", cov, W[d])
        variance = np.einsum("i,i->", W[d], gain) + sigma**2
        mean = mean + gain * (x[d] - b[d] - np.einsum("i,i->", W[d], mean)) / variance
        cov = cov - np.einsum("i,j->ij", gain, gain) / variance
    return mean, cov


# %% question="reparameterize"
def reparameterize(mu, log_var, eps):
    z = np.empty_like(mu)
    for b in range(mu.shape[0]):
        for k in range(mu.shape[1]):
            z[b, k] = mu[b, k] + np.exp(0.5 * log_var[b, k]) * eps[b, k]
    return z


# %% question="elbo_analytic_kl"
def elbo_analytic_kl(x, logits, mu, log_var):
    bound = np.einsum("bd,bd->b", x, logits) - np.einsum("bd->b", np.logaddexp(0, logits))
    for k in range(mu.shape[1]):
        bound = bound - 0.5 * (mu[:, k] ** 2 + np.exp(log_var[:, k]) - log_var[:, k] - 1)
    return bound


# %% question="elbo_single_sample"
def elbo_single_sample(log_px_given_z, log_pz, log_qz_given_x):
    return np.einsum("t,tb->b", [1.0, 1.0, -1.0], np.stack([log_px_given_z, log_pz, log_qz_given_x]))


# %% question="elbo_multi_sample"
def elbo_multi_sample(log_w):
    mean = np.zeros(log_w.shape[1])
    for l, row in enumerate(log_w):
        mean += (row - mean) / (l + 1)
    return mean


# %% question="minibatch_log_lik"
def minibatch_log_lik(log_lik, num_data):
    total = 0.0
    for value in log_lik:
        total += num_data * value / len(log_lik)
    return total


# %% question="grad_theta_enumerated"
def grad_theta_enumerated(theta, phi, log_px_given_z):
    p, q = np.exp(theta - np.logaddexp.reduce(theta)), np.exp(phi - np.logaddexp.reduce(phi))
    gradient = np.zeros(len(theta))
    for z in range(len(theta)):
        for j in range(len(theta)):
            gradient[j] += q[z] * ((z == j) - p[j])
    return gradient


# %% question="pathwise_gradient"
def pathwise_gradient(mu, log_var, eps, grad_f):
    sigma = np.exp(0.5 * log_var)
    g = grad_f(mu[None] + np.einsum("k,lk->lk", sigma, eps))
    L = len(eps)
    return np.einsum("lk->k", g) / L, np.einsum("lk,lk,k->k", g, eps, sigma) / (2 * L)


# %% question="fit_q"
def fit_q(log_joint, num_steps, seed):
    optimizer_state = tf.zeros([2, 2])

    @tf.function
    def scan(noise):
        def step(carry, inputs):
            params, moments, _ = carry
            t, eps = inputs
            with tf.GradientTape() as tape:
                tape.watch(params)
                z = params[0] + tf.exp(params[1]) * eps
                loss = -tf.einsum("n->", log_joint(z)) / 10 - params[1]
            g = tape.gradient(loss, params)
            moments = tf.stack([0.9 * moments[0] + 0.1 * g, 0.99 * moments[1] + 0.01 * g * g])
            m, v = moments[0] / (1 - 0.9**t), moments[1] / (1 - 0.99**t)
            params = params - 0.02 * m / (tf.sqrt(v) + 1e-6)
            return params, moments, tf.stack([params[0], tf.exp(params[1])])

        steps = tf.range(1.0, num_steps + 1.0)
        return tf.scan(step, (steps, noise), (tf.zeros(2), optimizer_state, tf.zeros(2)))[2]

    path = scan(tf.random.stateless_normal([num_steps, 10], [seed, 1]))
    late = path[num_steps // 2 :].numpy()
    return np.einsum("tp->p", late)[0] / len(late), np.einsum("tp->p", late)[1] / len(late)
