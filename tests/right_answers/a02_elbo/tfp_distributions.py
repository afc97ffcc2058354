"""Answers to a02_elbo with TFP distributions and bijectors."""

# %% question="linear_gaussian_log_px"
def linear_gaussian_log_px(x, W, b, sigma):
    # The covariance sigma^2 I + W W^T is TFP's to factor.
    return tfd.MultivariateNormalDiagPlusLowRankCovariance(
        loc=b, cov_diag_factor=tf.fill([len(b)], tf.cast(sigma, tf.float32) ** 2), cov_perturb_factor=W
    ).log_prob(x)


# %% question="linear_gaussian_posterior"
def linear_gaussian_posterior(x, W, b, sigma):
    # Conjugate update of a Gaussian prior by a linear Gaussian likelihood.
    D, K = W.shape
    linear = tf.linalg
    mean, precision = tfd.mvn_conjugate_linear_update(
        prior_scale=linear.LinearOperatorIdentity(K, dtype=tf.float32),
        linear_transformation=linear.LinearOperatorFullMatrix(W),
        likelihood_scale=linear.LinearOperatorScaledIdentity(D, tf.cast(sigma, tf.float32)),
        observation=tf.convert_to_tensor(x - b),
    )
    return mean, precision.inverse().to_dense()


# %% question="reparameterize"
def reparameterize(mu, log_var, eps):
    tfb = tfp.bijectors
    return tfb.Chain([tfb.Shift(mu), tfb.Scale(log_scale=0.5 * tf.convert_to_tensor(log_var))]).forward(eps)


# %% question="elbo_analytic_kl"
def elbo_analytic_kl(x, logits, mu, log_var):
    decoder = tfd.Independent(tfd.Bernoulli(logits=logits), reinterpreted_batch_ndims=1)
    q = tfd.Independent(tfd.Normal(mu, tf.exp(0.5 * log_var)), reinterpreted_batch_ndims=1)
    prior = tfd.Independent(tfd.Normal(tf.zeros_like(mu), 1.0), reinterpreted_batch_ndims=1)
    return decoder.log_prob(x) - tfd.kl_divergence(q, prior)


# %% question="elbo_single_sample"
def elbo_single_sample(log_px_given_z, log_pz, log_qz_given_x):
    # The sum over an axis of three "samples" times their signs.
    terms = tf.stack([log_px_given_z, log_pz, tfp.bijectors.Scale(-1.0).forward(log_qz_given_x)])
    return 3.0 * tfd.Empirical(tf.transpose(terms)).mean()


# %% question="elbo_multi_sample"
def elbo_multi_sample(log_w):
    # The mean of the empirical distribution of the samples.
    return tfd.Empirical(tf.transpose(log_w), event_ndims=0).mean()


# %% question="minibatch_log_lik"
def minibatch_log_lik(log_lik, num_data):
    # The average over a datum drawn at random: a uniform categorical over the minibatch.
    which = tfd.Categorical(probs=tf.fill([len(log_lik)], 1.0 / len(log_lik)))
    return float(num_data) * tf.tensordot(which.probs_parameter(), tf.convert_to_tensor(log_lik), 1)


# %% question="grad_theta_enumerated"
def grad_theta_enumerated(theta, phi, log_px_given_z):
    # Of ELBO = E_q[log p(x|z)] - KL(q || p) only the KL holds theta.
    def divergence(logits):
        return tfd.kl_divergence(tfd.Categorical(logits=phi), tfd.Categorical(logits=logits))

    return -tfp.math.value_and_gradient(divergence, tf.convert_to_tensor(theta))[1]


# %% question="pathwise_gradient"
def pathwise_gradient(mu, log_var, eps, grad_f):
    # The bijector's forward is differentiated; grad_f comes in as the gradient from above.
    def path(mu, log_var):
        tfb = tfp.bijectors
        return tfb.Shift(mu)(tfb.Scale(log_scale=0.5 * log_var)).forward(eps)

    mu, log_var = tf.convert_to_tensor(mu), tf.convert_to_tensor(log_var)
    with tf.GradientTape() as tape:
        tape.watch([mu, log_var])
        z = path(mu, log_var)
    slopes = tf.convert_to_tensor(grad_f(z)) / len(eps)
    return tuple(tape.gradient(z, [mu, log_var], output_gradients=slopes))


# %% question="fit_q"
def fit_q(log_joint, num_steps, seed):
    # TFP's minimize and Normal; the loss is the negative ELBO with the exact entropy.
    class Adam:
        """As much of an optimizer as tfp.math.minimize asks for."""

        def __init__(self, rate, size):
            self.rate, self.step = rate, tf.Variable(0.0)
            self.memory = [(tf.Variable(0.0), tf.Variable(0.0)) for _ in range(size)]

        def apply_gradients(self, pairs):
            count = self.step.assign_add(1.0)
            moves = []
            for (slope, variable), (first, second) in zip(pairs, self.memory, strict=True):
                first.assign(0.9 * first + 0.1 * slope)
                second.assign(0.98 * second + 0.02 * slope**2)
                size = tf.sqrt(second / (1 - 0.98**count)) + 1e-8
                moves.append(variable.assign_sub(self.rate * first / (1 - 0.9**count) / size))
            return tf.group(*moves)

    mu = tf.Variable(0.0)
    sigma = tfp.util.TransformedVariable(1.0, tfp.bijectors.Exp())
    q = tfd.Normal(mu, sigma)
    ascent = Adam(0.03, 2)

    def loss(seed=None):
        return -tf.reduce_mean(log_joint(q.sample(10, seed=seed))) - q.entropy()

    @tf.function
    def search():
        return tfp.math.minimize(
            loss,
            num_steps,
            ascent,
            trainable_variables=[mu, *sigma.trainable_variables],
            trace_fn=lambda traced: tf.stack([tf.convert_to_tensor(mu), tf.convert_to_tensor(sigma)]),
            seed=[seed % 2**31, 0],
        )

    found = tf.reduce_mean(search()[num_steps // 2 :], axis=0)
    return float(found[0]), float(found[1])
