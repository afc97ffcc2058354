"""Answers to a02_elbo with keras.ops and a Keras optimizer."""

# %% question="linear_gaussian_log_px"
import keras
from keras import ops


def linear_gaussian_log_px(x, W, b, sigma):
    d = x.shape[0]
    cov = ops.matmul(W, ops.transpose(W)) + sigma**2 * ops.eye(d)
    r = ops.convert_to_tensor(x - b)
    sign, log_det = ops.slogdet(cov)
    return -0.5 * (d * LOG_2PI + log_det + ops.sum(r * ops.solve(cov, r[:, None])[:, 0]))


# %% question="linear_gaussian_posterior"
def linear_gaussian_posterior(x, W, b, sigma):
    W, r = ops.convert_to_tensor(W), ops.convert_to_tensor(x - b)
    precision = ops.eye(W.shape[1]) + ops.matmul(ops.transpose(W), W) / sigma**2
    cov = ops.inv(precision)
    return ops.matmul(cov, ops.matmul(ops.transpose(W), r[:, None]))[:, 0] / sigma**2, cov


# %% question="reparameterize"
def reparameterize(mu, log_var, eps):
    return ops.add(mu, ops.multiply(ops.exp(ops.multiply(0.5, log_var)), eps))


# %% question="elbo_analytic_kl"
def elbo_analytic_kl(x, logits, mu, log_var):
    d = x.shape[-1]
    log_lik = -d * keras.losses.binary_crossentropy(x, logits, from_logits=True)
    kl = 0.5 * ops.sum(ops.square(mu) + ops.exp(log_var) - log_var - 1, axis=-1)
    return log_lik - kl


# %% question="elbo_single_sample"
def elbo_single_sample(log_px_given_z, log_pz, log_qz_given_x):
    return ops.sum(ops.stack([log_px_given_z, log_pz, ops.negative(log_qz_given_x)]), axis=0)


# %% question="elbo_multi_sample"
def elbo_multi_sample(log_w):
    return ops.mean(log_w, axis=0)


# %% question="minibatch_log_lik"
def minibatch_log_lik(log_lik, num_data):
    return num_data * ops.mean(log_lik)


# %% question="grad_theta_enumerated"
def grad_theta_enumerated(theta, phi, log_px_given_z):
    return ops.subtract(ops.softmax(phi), ops.softmax(theta))


# %% question="pathwise_gradient"
def pathwise_gradient(mu, log_var, eps, grad_f):
    sigma = ops.exp(ops.multiply(0.5, log_var))
    g = grad_f(mu + sigma * eps)
    return ops.mean(g, axis=0), ops.mean(0.5 * g * eps * sigma, axis=0)


# %% question="fit_q"
def fit_q(log_joint, num_steps, seed):
    mu, log_var = keras.Variable(0.0), keras.Variable(0.0)
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.05, num_steps, alpha=0.1))
    optimizer.build([mu, log_var])

    @tf.function
    def train_step(eps):
        with tf.GradientTape() as tape:
            z = mu + ops.exp(log_var / 2) * eps
            loss = -ops.mean(log_joint(z)) - log_var / 2
        variables = [mu.value, log_var.value]
        optimizer.apply(tape.gradient(loss, variables), [mu, log_var])

    rng = keras.random.SeedGenerator(seed)
    noise = keras.random.normal((num_steps, 10), seed=rng)
    means, sigmas = [], []
    for t in range(num_steps):
        train_step(noise[t])
        if t >= num_steps // 2:
            means.append(float(mu.numpy()))
            sigmas.append(float(np.exp(log_var.numpy() / 2)))
    return ops.mean(ops.convert_to_tensor(means)), ops.mean(ops.convert_to_tensor(sigmas))
