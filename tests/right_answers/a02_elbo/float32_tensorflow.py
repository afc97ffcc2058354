"""Answers to a02_elbo in plain float32 TensorFlow ops."""

# %% question="linear_gaussian_log_px"
def linear_gaussian_log_px(x, W, b, sigma):
    # Cholesky factor of the D x D covariance: C = R R^T, log det C = 2 sum log diag R.
    x, W, b = (tf.convert_to_tensor(part, tf.float32) for part in (x, W, b))
    size = tf.shape(x)[0]
    C = tf.linalg.matmul(W, W, transpose_b=True) + tf.cast(sigma, tf.float32) ** 2 * tf.eye(size)
    R = tf.linalg.cholesky(C)
    white = tf.linalg.triangular_solve(R, (x - b)[:, None])[:, 0]
    half_log_det = tf.reduce_sum(tf.math.log(tf.linalg.diag_part(R)))
    return -0.5 * (tf.cast(size, tf.float32) * LOG_2PI + tf.reduce_sum(white**2)) - half_log_det


# %% question="linear_gaussian_posterior"
def linear_gaussian_posterior(x, W, b, sigma):
    # Precision form, as derived in the notebook; both come out of one Cholesky factor.
    x, W, b = (tf.convert_to_tensor(part, tf.float32) for part in (x, W, b))
    variance = tf.cast(sigma, tf.float32) ** 2
    eye = tf.eye(tf.shape(W)[1])
    precision = eye + tf.linalg.matmul(W, W, transpose_a=True) / variance
    R = tf.linalg.cholesky(precision)
    cov = tf.linalg.cholesky_solve(R, eye)
    mean = tf.linalg.cholesky_solve(R, tf.linalg.matvec(W, x - b, transpose_a=True)[:, None] / variance)[:, 0]
    return mean, cov


# %% question="reparameterize"
def reparameterize(mu, log_var, eps):
    return mu + tf.exp(0.5 * log_var) * eps


# %% question="elbo_analytic_kl"
def elbo_analytic_kl(x, logits, mu, log_var):
    log_lik = tf.reduce_sum(x * logits - tf.nn.softplus(logits), axis=-1)
    kl = 0.5 * tf.reduce_sum(tf.square(mu) + tf.exp(log_var) - 1.0 - log_var, axis=-1)
    return log_lik - kl


# %% question="elbo_single_sample"
def elbo_single_sample(log_px_given_z, log_pz, log_qz_given_x):
    return tf.add(log_px_given_z, tf.subtract(log_pz, log_qz_given_x))


# %% question="elbo_multi_sample"
def elbo_multi_sample(log_w):
    return tf.reduce_mean(log_w, axis=0)


# %% question="minibatch_log_lik"
def minibatch_log_lik(log_lik, num_data):
    return tf.cast(num_data, tf.float32) * tf.reduce_mean(log_lik)


# %% question="grad_theta_enumerated"
def grad_theta_enumerated(theta, phi, log_px_given_z):
    # By automatic differentiation of the whole ELBO, sum over the states; q is a constant in theta.
    theta, phi = tf.convert_to_tensor(theta), tf.convert_to_tensor(phi)
    q = tf.nn.softmax(phi)
    with tf.GradientTape() as tape:
        tape.watch(theta)
        elbo = tf.reduce_sum(q * (tf.nn.log_softmax(theta) + log_px_given_z - tf.nn.log_softmax(phi)))
    return tape.gradient(elbo, theta)


# %% question="pathwise_gradient"
def pathwise_gradient(mu, log_var, eps, grad_f):
    shift = tf.exp(0.5 * log_var) * eps
    slopes = grad_f(mu + shift)
    return tf.reduce_mean(slopes, axis=0), tf.reduce_mean(slopes * (0.5 * shift), axis=0)


# %% question="fit_q"
def fit_q(log_joint, num_steps, seed):
    # Adam written out, noise from a stateless generator; the loop is one graph.
    rate, decay1, decay2 = 0.03, 0.9, 0.99

    @tf.function
    def search():
        place = tf.zeros([2])  # mu, log sigma
        first, second, total = tf.zeros([2]), tf.zeros([2]), tf.zeros([2])
        for step in tf.range(num_steps):
            eps = tf.random.stateless_normal([10], tf.stack([tf.cast(seed, tf.int64), tf.cast(step, tf.int64)]))
            with tf.GradientTape() as tape:
                tape.watch(place)
                objective = tf.reduce_mean(log_joint(place[0] + tf.exp(place[1]) * eps)) + place[1]
            slope = tape.gradient(objective, place)
            first = decay1 * first + (1 - decay1) * slope
            second = decay2 * second + (1 - decay2) * slope**2
            count = tf.cast(step + 1, tf.float32)
            place += rate * (first / (1 - decay1**count)) / (tf.sqrt(second / (1 - decay2**count)) + 1e-8)
            if step >= num_steps // 2:
                total += tf.stack([place[0], tf.exp(place[1])])
        return total / tf.cast(num_steps - num_steps // 2, tf.float32)

    mu, sigma = search().numpy()
    return float(mu), float(sigma)
