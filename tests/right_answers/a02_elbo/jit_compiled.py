"""Answers to a02_elbo as TensorFlow functions compiled with XLA."""

# %% question="linear_gaussian_log_px"
@tf.function(jit_compile=True)
def linear_gaussian_log_px(x, W, b, sigma):
    d, k = W.shape
    # The determinant and the inverse by Woodbury's identity, K x K.
    inner = tf.eye(k) + tf.transpose(W) @ W / sigma**2
    chol = tf.linalg.cholesky(inner)
    r = x - b
    projected = tf.linalg.matvec(W, r, transpose_a=True) / sigma
    u = tf.linalg.triangular_solve(chol, projected[:, None] / sigma)
    log_det = 2.0 * tf.reduce_sum(tf.math.log(tf.linalg.diag_part(chol))) + 2.0 * d * tf.math.log(sigma)
    return -0.5 * (d * LOG_2PI + log_det + tf.reduce_sum(r**2) / sigma**2 - tf.reduce_sum(u**2))


# %% question="linear_gaussian_posterior"
@tf.function(jit_compile=True)
def linear_gaussian_posterior(x, W, b, sigma):
    precision = tf.eye(W.shape[1]) + tf.transpose(W) @ W / sigma**2
    chol = tf.linalg.cholesky(precision)
    cov = tf.linalg.cholesky_solve(chol, tf.eye(W.shape[1]))
    return tf.linalg.matvec(cov, tf.linalg.matvec(W, x - b, transpose_a=True)) / sigma**2, cov


# %% question="reparameterize"
@tf.function(jit_compile=True)
def reparameterize(mu, log_var, eps):
    return mu + eps * tf.exp(log_var / 2)


# %% question="elbo_analytic_kl"
@tf.function(jit_compile=True)
def elbo_analytic_kl(x, logits, mu, log_var):
    sign = 2 * x - 1
    log_lik = tf.reduce_sum(tf.math.log_sigmoid(sign * logits), -1)
    return log_lik + 0.5 * tf.reduce_sum(1 + log_var - tf.exp(log_var) - mu * mu, -1)


# %% question="elbo_single_sample"
@tf.function(jit_compile=True)
def elbo_single_sample(log_px_given_z, log_pz, log_qz_given_x):
    return log_pz - log_qz_given_x + log_px_given_z


# %% question="elbo_multi_sample"
@tf.function(jit_compile=True)
def elbo_multi_sample(log_w):
    return tf.einsum("lb->b", tf.convert_to_tensor(log_w)) / tf.cast(tf.shape(log_w)[0], tf.float32)


# %% question="minibatch_log_lik"
@tf.function(jit_compile=True)
def minibatch_log_lik(log_lik, num_data):
    return tf.cast(num_data, tf.float32) * tf.reduce_mean(log_lik)


# %% question="grad_theta_enumerated"
@tf.function(jit_compile=True)
def grad_theta_enumerated(theta, phi, log_px_given_z):
    theta = tf.convert_to_tensor(theta)
    with tf.GradientTape() as tape:
        tape.watch(theta)
        bound = tf.reduce_sum(tf.nn.softmax(phi) * tf.nn.log_softmax(theta))
    return tape.gradient(bound, theta)


# %% question="pathwise_gradient"
def pathwise_gradient(mu, log_var, eps, grad_f):
    @tf.function(jit_compile=True)
    def gradients(mu, log_var, eps):
        with tf.GradientTape() as tape:
            tape.watch([mu, log_var])
            z = mu + tf.exp(0.5 * log_var) * eps
        g = grad_f(z)
        return tape.gradient(z, [mu, log_var], output_gradients=g / eps.shape[0])

    return gradients(tf.constant(mu), tf.constant(log_var), tf.constant(eps))


# %% question="fit_q"
def fit_q(log_joint, num_steps, seed):
    @tf.function(jit_compile=True)
    def run(noise):
        def body(t, mu, rho, mean, kept):
            sigma = tf.exp(rho)
            with tf.GradientTape() as tape:
                z = mu + sigma * noise[t]
                tape.watch(z)
                value = log_joint(z)
            g = tape.gradient(value, z)
            d_mu, d_rho = tf.reduce_mean(g), tf.reduce_mean(g * noise[t]) * sigma + 1.0
            rate = tf.minimum(0.02, 4.0 / (tf.cast(t, tf.float32) + 1.0)) * tf.minimum(sigma, 1.0)
            mu, rho = mu + rate * tf.clip_by_value(d_mu, -20, 20), rho + 0.02 * tf.clip_by_value(d_rho, -5, 5)
            late = tf.cast(t >= num_steps // 2, tf.float32)
            return t + 1, mu, rho, mean + late * tf.stack([mu, tf.exp(rho)]), kept + late

        start = (tf.constant(0), tf.constant(0.0), tf.constant(-0.5), tf.zeros(2), tf.constant(0.0))
        *_, mean, kept = tf.while_loop(lambda t, *_: t < num_steps, body, start)
        return mean / kept

    mu, sigma = run(tf.random.stateless_normal([num_steps, 16], [seed, 7])).numpy()
    return mu, sigma
