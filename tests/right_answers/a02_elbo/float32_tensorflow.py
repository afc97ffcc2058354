"""Answers to a02_elbo in plain TensorFlow, float32 throughout."""

# %% question="linear_gaussian_log_px"
def linear_gaussian_log_px(x, W, b, sigma):
    n = x.shape[0]
    cov = tf.linalg.matmul(W, tf.transpose(W)) + tf.constant(sigma, tf.float32) ** 2 * tf.eye(n)
    chol = tf.linalg.cholesky(cov)
    white = tf.linalg.triangular_solve(chol, tf.reshape(x - b, [n, 1]))
    return -0.5 * (n * LOG_2PI + tf.reduce_sum(white**2)) - tf.reduce_sum(tf.math.log(tf.linalg.diag_part(chol)))


# %% question="linear_gaussian_posterior"
def linear_gaussian_posterior(x, W, b, sigma):
    precision = tf.eye(W.shape[1]) + tf.matmul(W, W, transpose_a=True) / sigma**2
    rhs = tf.matmul(W, (x - b)[:, None], transpose_a=True) / sigma**2
    return tf.linalg.solve(precision, rhs)[:, 0], tf.linalg.inv(precision)


# %% question="reparameterize"
def reparameterize(mu, log_var, eps):
    return tf.sqrt(tf.exp(log_var)) * eps + mu


# %% question="elbo_analytic_kl"
def elbo_analytic_kl(x, logits, mu, log_var):
    ce = tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=logits)
    kl = -0.5 * tf.reduce_sum(1 + log_var - mu**2 - tf.exp(log_var), axis=1)
    return -tf.reduce_sum(ce, axis=1) - kl


# %% question="elbo_single_sample"
def elbo_single_sample(log_px_given_z, log_pz, log_qz_given_x):
    return tf.add(log_px_given_z, tf.subtract(log_pz, log_qz_given_x))


# %% question="elbo_multi_sample"
def elbo_multi_sample(log_w):
    return tf.reduce_sum(log_w, axis=0) / log_w.shape[0]


# %% question="minibatch_log_lik"
def minibatch_log_lik(log_lik, num_data):
    return tf.reduce_sum(log_lik) * (num_data / len(log_lik))


# %% question="grad_theta_enumerated"
def grad_theta_enumerated(theta, phi, log_px_given_z):
    theta = tf.Variable(theta)
    with tf.GradientTape() as tape:
        elbo = tf.reduce_sum(tf.nn.softmax(phi) * (tf.nn.log_softmax(theta) + log_px_given_z - tf.nn.log_softmax(phi)))
    return tape.gradient(elbo, theta)


# %% question="pathwise_gradient"
def pathwise_gradient(mu, log_var, eps, grad_f):
    sigma = tf.exp(0.5 * log_var)
    g = grad_f(mu + sigma * eps)
    return tf.reduce_mean(g, axis=0), tf.reduce_mean(g * eps, axis=0) * sigma / 2


# %% question="fit_q"
@tf.function
def ascend(log_joint, eps):
    """Decreasing steps on (mu, log sigma), scaled by sigma as a Newton step would be; the mean of the second half."""
    params, total = tf.zeros(2), tf.zeros(2)
    n = tf.shape(eps)[0]
    for t in tf.range(n):
        with tf.GradientTape() as tape:
            tape.watch(params)
            z = params[0] + tf.exp(params[1]) * eps[t]
            bound = tf.reduce_mean(log_joint(z)) + params[1]
        grad = tf.clip_by_norm(tape.gradient(bound, params), 3.0)
        rate = 0.3 / (10.0 + tf.cast(t, tf.float32)) ** 0.6
        params += rate * grad
        total += tf.where(t >= n // 2, tf.stack([params[0], tf.exp(params[1])]), tf.zeros(2))
    return total / tf.cast(n - n // 2, tf.float32)


def fit_q(log_joint, num_steps, seed):
    eps = tf.random.Generator.from_seed(seed).normal([num_steps, 10])
    mu, sigma = ascend(log_joint, eps)
    return float(mu), float(sigma)
