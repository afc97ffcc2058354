"""Answers to a01_densities that call helper functions and a small class."""


# %% question="posterior_from_joint"
def marginal_of_rows(table):
    return np.sum(table, axis=1, keepdims=True)


def posterior_from_joint(p_xz):
    return np.divide(p_xz, marginal_of_rows(p_xz))


# %% question="standard_normal_log_prob"
def log_normal_density(value, mean=0.0, log_variance=0.0):
    return -0.5 * (LOG_2PI + log_variance + (value - mean) ** 2 * np.exp(-log_variance))


def standard_normal_log_prob(z):
    return log_normal_density(z).sum(axis=-1)


# %% question="bernoulli_log_prob_probs"
def x_log_y(x, y):
    x, y = np.broadcast_arrays(x, y)
    safe = np.where(x == 0, 1, y)
    return x * np.log(safe)


def bernoulli_log_prob_probs(x, probs):
    return np.sum(x_log_y(x, probs) + x_log_y(1 - x, 1 - probs), axis=-1)


# %% question="bernoulli_log_prob_logits"
def softplus(a):
    return np.logaddexp(0, a)


def log_sigmoid(a):
    return -softplus(-a)


def bernoulli_log_prob_logits(x, logits):
    return (x * log_sigmoid(logits) + (1 - x) * log_sigmoid(-logits)).sum(axis=-1)


# %% question="gaussian_log_prob_fixed"
def sum_last(values):
    return tf.reduce_sum(values, axis=-1)


def log_normaliser(sigma):
    return np.log(sigma) + 0.5 * LOG_2PI


def gaussian_log_prob_fixed(x, mu, sigma):
    dims = x.shape[-1]
    return -sum_last(tf.square(x - mu)) / (2 * sigma**2) - dims * log_normaliser(sigma)


# %% question="gaussian_log_prob_learned"
class DiagonalGaussian:
    """A batch of normal distributions with independent dimensions."""

    def __init__(self, mu, log_var):
        self.mu = tf.convert_to_tensor(mu)
        self.log_var = tf.convert_to_tensor(log_var)

    @property
    def sigma(self):
        return tf.exp(0.5 * self.log_var)

    def log_prob(self, x):
        standardised = (x - self.mu) / self.sigma
        return -tf.reduce_sum(0.5 * LOG_2PI + 0.5 * self.log_var + 0.5 * standardised**2, axis=-1)

    def entropy(self):
        return tf.reduce_sum(0.5 * (self.log_var + LOG_2PI + 1), axis=-1)

    def kl(self, other):
        ratio = tf.exp(self.log_var - other.log_var)
        distance = ((self.mu - other.mu) / other.sigma) ** 2
        return 0.5 * tf.reduce_sum(ratio - 1 + distance + other.log_var - self.log_var, axis=-1)


def gaussian_log_prob_learned(x, mu, log_var):
    return DiagonalGaussian(mu, log_var).log_prob(x)


# %% question="cross_entropy_terms"
class Population:
    """A table of probabilities; values that never occur are left out of every average."""

    def __init__(self, pop):
        self.occurs = np.asarray(pop) > 0
        self.pop = np.asarray(pop)[self.occurs]

    def mean(self, values):
        return np.dot(self.pop, values)

    def surprise(self, log_model):
        return self.mean(-np.asarray(log_model)[self.occurs])


def cross_entropy_terms(pop, log_model):
    population = Population(pop)
    log_pop = np.log(pop, where=population.occurs, out=np.zeros_like(pop))
    kl = population.surprise(log_model) - population.surprise(log_pop)
    return population.surprise(log_model), population.surprise(log_pop), kl


# %% question="kl_to_standard_normal"
def standard_normal_like(mu):
    return DiagonalGaussian(tf.zeros_like(mu), tf.zeros_like(mu))


def kl_to_standard_normal(mu, log_var):
    return DiagonalGaussian(mu, log_var).kl(standard_normal_like(mu))


# %% question="kl_diag_gaussians"
def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    q = DiagonalGaussian(mu_q, log_var_q)
    p = DiagonalGaussian(mu_p, log_var_p)
    return q.kl(p)


# %% question="gaussian_entropy"
def gaussian_entropy(log_var):
    return DiagonalGaussian(np.zeros_like(log_var), log_var).entropy()


# %% question="elbo_identity_terms"
def log_sum_exp(values):
    highest = np.max(values)
    return highest + np.log(np.sum(np.exp(values - highest)))


def average_under(log_weights, values):
    return np.sum(np.exp(log_weights) * values)


def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    log_joint = log_pz + log_px_given_z
    log_px = log_sum_exp(log_joint)
    elbo = average_under(log_q, log_joint - log_q)
    kl = average_under(log_q, log_q - (log_joint - log_px))
    return elbo, kl, log_px
