"""Answers to a02_elbo with helper functions and small classes."""

# %% question="linear_gaussian_log_px"
def gaussian_log_density(value, mean, cov):
    """Returns log N(value; mean, cov)."""
    factor = np.linalg.cholesky(cov)
    white = np.linalg.solve(factor, value - mean)
    return -0.5 * (len(value) * LOG_2PI + white @ white) - np.log(np.diag(factor)).sum()


class ProbabilisticPCA:
    """The joint Gaussian of (z, x), and what follows from it."""

    def __init__(self, W, b, sigma):
        self.W, self.b = np.asarray(W, np.float64), np.asarray(b, np.float64)
        self.D, self.K = self.W.shape
        self.noise = sigma**2 * np.eye(self.D)

    def joint_precision(self):
        """Precision of (z, x): from -2 log p(z, x) = z^T z + |x - b - W z|^2 / sigma^2."""
        weight = np.linalg.inv(self.noise)
        return np.block([
            [np.eye(self.K) + self.W.T @ weight @ self.W, -self.W.T @ weight],
            [-weight @ self.W, weight],
        ])

    def posterior(self, x):
        """Conditioning in precision form: the block of z is the precision, the other block moves the mean."""
        whole = self.joint_precision()
        cov = np.linalg.inv(whole[: self.K, : self.K])
        return -cov @ whole[: self.K, self.K :] @ (np.asarray(x, np.float64) - self.b), cov

    def log_evidence(self, x):
        """Bayes' rule at any z, here the posterior mean: log p(x) = log p(x|z) + log p(z) - log p(z|x)."""
        x = np.asarray(x, np.float64)
        mean, cov = self.posterior(x)
        log_prior = gaussian_log_density(mean, np.zeros(self.K), np.eye(self.K))
        log_likelihood = gaussian_log_density(x, self.W @ mean + self.b, self.noise)
        return log_likelihood + log_prior - gaussian_log_density(mean, mean, cov)


def linear_gaussian_log_px(x, W, b, sigma):
    return ProbabilisticPCA(W, b, sigma).log_evidence(x)


# %% question="linear_gaussian_posterior"
class LinearGaussianPosterior:
    """The log joint is a quadratic in z: its top is the mean, minus its curvature the precision. Both by autodiff."""

    def __init__(self, x, W, b, sigma):
        self.gap = tf.constant(np.asarray(x, np.float64) - b)
        self.W = tf.constant(W, tf.float64)
        self.sigma = tf.constant(sigma, tf.float64)

    def log_joint(self, z):
        rest = (self.gap - tf.linalg.matvec(self.W, z)) / self.sigma
        return -0.5 * (tf.reduce_sum(z**2) + tf.reduce_sum(rest**2))

    def slope_and_curvature(self, z):
        with tf.GradientTape() as outer:
            outer.watch(z)
            with tf.GradientTape() as inner:
                inner.watch(z)
                value = self.log_joint(z)
            slope = inner.gradient(value, z)
        return slope.numpy(), outer.jacobian(slope, z).numpy()

    def moments(self):
        start = tf.zeros(self.W.shape[1], tf.float64)
        slope, curvature = self.slope_and_curvature(start)
        # One step of Newton's from 0 ends at the top.
        return np.linalg.solve(-curvature, slope), np.linalg.inv(-curvature)


def linear_gaussian_posterior(x, W, b, sigma):
    return LinearGaussianPosterior(x, W, b, sigma).moments()


# %% question="reparameterize"
class DiagonalGaussian:
    """N(mu, diag exp(log_var)) that makes samples from given noise."""

    def __init__(self, mu, log_var):
        self.mu, self.log_var = mu, log_var

    def stddev(self):
        return tf.sqrt(tf.exp(self.log_var))

    def sample(self, eps):
        return self.mu + self.stddev() * eps


def reparameterize(mu, log_var, eps):
    return DiagonalGaussian(mu, log_var).sample(eps)


# %% question="elbo_analytic_kl"
def bernoulli_log_likelihood(x, logits):
    """The log-probability of the pixel's own colour, by log_sigmoid of the logit with the right sign."""
    own = np.where(np.asarray(x) == 1, logits, -np.asarray(logits)).astype(np.float64)
    return -(np.maximum(-own, 0) + np.log1p(np.exp(-np.abs(own)))).sum(axis=-1)


class Encoder:
    """q = N(mu, diag exp(log_var)); its KL to N(0, I) is cross-entropy minus entropy."""

    def __init__(self, mu, log_var):
        self.mu, self.log_var = np.asarray(mu, np.float64), np.asarray(log_var, np.float64)

    def entropy(self):
        return 0.5 * (LOG_2PI + 1 + self.log_var).sum(axis=-1)

    def cross_entropy_of_prior(self):
        return 0.5 * (LOG_2PI + self.mu**2 + np.exp(self.log_var)).sum(axis=-1)

    def kl(self):
        return self.cross_entropy_of_prior() - self.entropy()


def elbo_analytic_kl(x, logits, mu, log_var):
    return bernoulli_log_likelihood(x, logits) - Encoder(mu, log_var).kl()


# %% question="elbo_single_sample"
def log_weight(log_joint, log_q):
    return log_joint - log_q


def elbo_single_sample(log_px_given_z, log_pz, log_qz_given_x):
    return log_weight(np.float64(log_px_given_z) + np.float64(log_pz), np.float64(log_qz_given_x))


# %% question="elbo_multi_sample"
class RunningMean:
    def __init__(self):
        self.count, self.value = 0, 0.0

    def add(self, row):
        self.count += 1
        self.value = self.value + (row - self.value) / self.count
        return self


def elbo_multi_sample(log_w):
    mean = RunningMean()
    for row in np.asarray(log_w, np.float64):
        mean.add(row)
    return mean.value


# %% question="minibatch_log_lik"
class Minibatch:
    def __init__(self, values):
        self.values = np.asarray(values, np.float64)

    def average(self):
        return self.values.mean()

    def stand_for(self, num_data):
        return num_data * self.average()


def minibatch_log_lik(log_lik, num_data):
    return Minibatch(log_lik).stand_for(num_data)


# %% question="grad_theta_enumerated"
class Softmax:
    """Probabilities of logits, shifted by the largest."""

    def __init__(self, logits):
        shifted = np.asarray(logits, np.float64) - np.max(logits)
        self.log_probs = shifted - np.log(np.exp(shifted).sum())
        self.probs = np.exp(self.log_probs)

    def score(self):
        """d log p_z / d theta_j, one row for each z."""
        return np.eye(len(self.probs)) - self.probs[None, :]


def grad_theta_enumerated(theta, phi, log_px_given_z):
    return Softmax(phi).probs @ Softmax(theta).score()


# %% question="pathwise_gradient"
class Path:
    """z = mu + exp(v / 2) eps with its two derivatives."""

    def __init__(self, mu, log_var, eps):
        self.stretched = np.exp(log_var / 2) * eps
        self.z = mu + self.stretched

    def d_log_var(self):
        return self.stretched / 2


def pathwise_gradient(mu, log_var, eps, grad_f):
    path = Path(mu, log_var, eps)
    slopes = np.asarray(grad_f(path.z))
    return slopes.mean(axis=0), (slopes * path.d_log_var()).mean(axis=0)


# %% question="fit_q"
class Adam:
    def __init__(self, variables, rate):
        self.rate, self.count = rate, tf.Variable(0.0)
        self.slots = [(variable, tf.Variable(0.0), tf.Variable(0.0)) for variable in variables]

    def climb(self, slopes):
        count = self.count.assign_add(1.0)
        for (variable, first, second), slope in zip(self.slots, slopes, strict=True):
            first.assign(0.9 * first + 0.1 * slope)
            second.assign(0.999 * second + 0.001 * slope**2)
            variable.assign_add(
                self.rate * first / (1 - 0.9**count) / (tf.sqrt(second / (1 - 0.999**count)) + 1e-8)
            )


class Search:
    def __init__(self, log_joint, seed, rate=0.02):
        self.log_joint = log_joint
        self.mu, self.log_sigma = tf.Variable(0.0), tf.Variable(0.0)
        self.generator = tf.random.Generator.from_seed(seed)
        self.adam = Adam([self.mu, self.log_sigma], rate)
        self.step = tf.function(self.one_step)

    def elbo(self, eps):
        return tf.reduce_mean(self.log_joint(self.mu + tf.exp(self.log_sigma) * eps)) + self.log_sigma

    def one_step(self):
        # Mirrored noise: its mean is exactly 0.
        half = self.generator.normal([5])
        with tf.GradientTape() as tape:
            value = self.elbo(tf.concat([half, -half], axis=0))
        self.adam.climb(tape.gradient(value, [self.mu, self.log_sigma]))
        return tf.stack([self.mu.read_value(), tf.exp(self.log_sigma)])


def fit_q(log_joint, num_steps, seed):
    search = Search(log_joint, seed)
    path = [search.step() for _ in range(num_steps)]
    mu, sigma = np.mean(path[num_steps // 2 :], axis=0)
    return mu, sigma
