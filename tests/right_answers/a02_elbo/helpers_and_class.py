"""Answers to a02_elbo that call helper functions and small classes."""

# %% question="linear_gaussian_log_px"
class LinearGaussian:
    def __init__(self, W, b, sigma):
        self.W, self.b, self.precision = W, b, 1.0 / sigma**2
        self.variance = sigma**2

    def evidence_covariance(self):
        return np.dot(self.W, self.W.T) + self.variance * np.identity(len(self.b))

    def posterior_covariance(self):
        return np.linalg.pinv(np.identity(self.W.shape[1]) + self.precision * np.dot(self.W.T, self.W))


def linear_gaussian_log_px(x, W, b, sigma):
    cov = LinearGaussian(W, b, sigma).evidence_covariance()
    values, vectors = np.linalg.eigh(cov)
    rotated = vectors.T @ (x - b)
    return np.sum(-0.5 * (LOG_2PI + np.log(values) + rotated**2 / values))


# %% question="linear_gaussian_posterior"
def linear_gaussian_posterior(x, W, b, sigma):
    model = LinearGaussian(W, b, sigma)
    cov = model.posterior_covariance()
    return [model.precision * (cov @ (W.T @ (x - b))), cov]


# %% question="reparameterize"
def std(log_var):
    return np.exp(np.divide(log_var, 2))


def reparameterize(mu, log_var, eps):
    return np.add(mu, np.multiply(std(log_var), eps))


# %% question="elbo_analytic_kl"
def log_sigmoid(a):
    return -np.logaddexp(0, -a)


def log_likelihood(x, logits):
    return np.where(x == 1, log_sigmoid(logits), log_sigmoid(-logits)).sum(1)


def divergence(mu, log_var):
    return 0.5 * (mu**2 + np.expm1(log_var) - log_var).sum(1)


def elbo_analytic_kl(x, logits, mu, log_var):
    return log_likelihood(x, logits) - divergence(mu, log_var)


# %% question="elbo_single_sample"
def kl_sample(log_q, log_p):
    return log_q - log_p


def elbo_single_sample(log_px_given_z, log_pz, log_qz_given_x):
    return log_px_given_z - kl_sample(log_qz_given_x, log_pz)


# %% question="elbo_multi_sample"
def mean_over_samples(values):
    return np.mean(values, axis=0)


def elbo_multi_sample(log_w):
    return mean_over_samples(log_w)


# %% question="minibatch_log_lik"
def minibatch_log_lik(log_lik, num_data):
    return mean_over_samples(log_lik) * num_data


# %% question="grad_theta_enumerated"
class Softmax:
    def __init__(self, logits):
        self.log_probs = logits - np.log(np.sum(np.exp(logits - logits.max()))) - logits.max()
        self.probs = np.exp(self.log_probs)

    def jacobian_of_log(self):
        return np.eye(len(self.probs), dtype=np.float32) - self.probs


def grad_theta_enumerated(theta, phi, log_px_given_z):
    return Softmax(phi).probs @ Softmax(theta).jacobian_of_log()


# %% question="pathwise_gradient"
def pathwise_gradient(mu, log_var, eps, grad_f):
    z = reparameterize(mu, log_var, eps)
    g = grad_f(z).numpy()
    return mean_over_samples(g), mean_over_samples(g * (z - mu)) / 2


# %% question="fit_q"
class Search:
    """RMSprop on (mu, log_var), one compiled step at a time."""

    def __init__(self, log_joint, rate):
        self.params, self.square = tf.Variable([0.0, 0.0]), tf.Variable([1.0, 1.0])
        self.log_joint, self.rate = log_joint, rate

    @tf.function
    def step(self, eps, shrink):
        with tf.GradientTape() as tape:
            mu, log_var = tf.unstack(self.params)
            z = mu + tf.exp(0.5 * log_var) * eps
            loss = -tf.reduce_mean(self.log_joint(z)) - 0.5 * log_var
        grad = tape.gradient(loss, self.params)
        self.square.assign(0.95 * self.square + 0.05 * grad**2)
        self.params.assign_sub(shrink * self.rate * grad / tf.sqrt(self.square + 1e-8))
        return self.params.read_value()


def fit_q(log_joint, num_steps, seed):
    search = Search(log_joint, 0.05)
    tf.random.set_seed(seed)
    noise = tf.random.normal([num_steps, 12])
    path = [search.step(noise[t], tf.constant(1.0 if t < 500 else 0.2)) for t in range(num_steps)]
    late = np.array(path[num_steps // 2 :])
    return late[:, 0].mean(), std(late[:, 1]).mean()
