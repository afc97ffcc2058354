"""Answers to a02_elbo with TensorFlow Probability."""

# %% question="linear_gaussian_log_px"
import tensorflow_probability as tfp

tfd, tfb = tfp.distributions, tfp.bijectors


def linear_gaussian_log_px(x, W, b, sigma):
    cov = W @ W.T + np.float32(sigma) ** 2 * np.eye(len(x), dtype=np.float32)
    return tfd.MultivariateNormalFullCovariance(b, cov).log_prob(x)


# %% question="linear_gaussian_posterior"
def linear_gaussian_posterior(x, W, b, sigma):
    # The joint of (z, x), conditioned on x.
    cross = tf.transpose(W)
    cov_x = W @ W.T + np.float32(sigma) ** 2 * np.eye(len(x), dtype=np.float32)
    gain = tf.transpose(tf.linalg.solve(cov_x, W))
    return tf.linalg.matvec(gain, x - b), tf.eye(W.shape[1]) - gain @ tf.transpose(cross)


# %% question="reparameterize"
def reparameterize(mu, log_var, eps):
    return tfb.Chain([tfb.Shift(mu), tfb.Scale(log_scale=0.5 * log_var)]).forward(eps)


# %% question="elbo_analytic_kl"
def elbo_analytic_kl(x, logits, mu, log_var):
    q = tfd.MultivariateNormalDiag(mu, tf.exp(0.5 * log_var))
    p = tfd.MultivariateNormalDiag(tf.zeros_like(mu))
    decoder = tfd.Independent(tfd.Bernoulli(logits=logits), 1)
    return decoder.log_prob(x) - q.kl_divergence(p)


# %% question="elbo_single_sample"
def elbo_single_sample(log_px_given_z, log_pz, log_qz_given_x):
    return tf.math.add_n([tf.constant(log_px_given_z), tf.constant(log_pz), -tf.constant(log_qz_given_x)])


# %% question="elbo_multi_sample"
def elbo_multi_sample(log_w):
    return tfp.stats.expected_value(log_w) if hasattr(tfp.stats, "expected_value") else tf.reduce_mean(log_w, 0)


# %% question="minibatch_log_lik"
def minibatch_log_lik(log_lik, num_data):
    return tf.reduce_mean(log_lik) * tf.cast(num_data, tf.float32)


# %% question="grad_theta_enumerated"
def grad_theta_enumerated(theta, phi, log_px_given_z):
    def minus_kl(theta):
        return -tfd.kl_divergence(tfd.Categorical(logits=phi), tfd.Categorical(logits=theta))

    return tfp.math.value_and_gradient(minus_kl, tf.constant(theta))[1]


# %% question="pathwise_gradient"
def pathwise_gradient(mu, log_var, eps, grad_f):
    mu, log_var = tf.constant(mu), tf.constant(log_var)
    with tf.GradientTape() as tape:
        tape.watch([mu, log_var])
        z = tfb.Shift(mu)(tfb.Scale(tf.exp(0.5 * log_var))(eps))
        surrogate = tf.reduce_mean(tf.reduce_sum(z * tf.stop_gradient(grad_f(z)), -1))
    return tape.gradient(surrogate, [mu, log_var])


# %% question="fit_q"
def fit_q(log_joint, num_steps, seed):
    import tf_keras

    q = tfd.Normal(tf.Variable(0.0), tfp.util.TransformedVariable(1.0, tfb.Exp()))
    path = tfp.vi.fit_surrogate_posterior(
        lambda z: log_joint(z),
        q,
        optimizer=tf_keras.optimizers.legacy.Adam(0.03),
        num_steps=num_steps,
        sample_size=10,
        seed=[seed, 2],
        trace_fn=lambda trace: (tf.identity(q.loc), tf.identity(q.scale)),
        jit_compile=False,
    )
    return tuple(tf.reduce_mean(values[num_steps // 2 :]) for values in path)
