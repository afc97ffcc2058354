"""Answers to a02_elbo with keras.ops only."""

# %% question="linear_gaussian_log_px"
from keras import ops


def linear_gaussian_log_px(x, W, b, sigma):
    # Eigen-decomposition of the covariance, by the singular values of W = U diag(s) V^T: those of W W^T are s^2 and,
    # for the rest of the D directions, 0.
    U, s, _ = ops.svd(ops.convert_to_tensor(W), full_matrices=True)
    variances = ops.concatenate([ops.square(s), ops.zeros(U.shape[0] - s.shape[0])]) + sigma**2
    turned = ops.matmul(ops.transpose(U), ops.subtract(x, b))
    return -0.5 * ops.sum(LOG_2PI + ops.log(variances) + ops.square(turned) / variances)


# %% question="linear_gaussian_posterior"
from keras import ops


def linear_gaussian_posterior(x, W, b, sigma):
    # Singular values of W = U diag(s) V^T: the covariance is V diag(1 / (1 + s^2 / sigma^2)) V^T, all K columns of V.
    U, s, Vt = ops.svd(ops.convert_to_tensor(W), full_matrices=True)
    K, rank = Vt.shape[0], s.shape[0]
    shrink = ops.concatenate([sigma**2 / (ops.square(s) + sigma**2), ops.ones(K - rank)])
    cov = ops.matmul(ops.transpose(Vt) * shrink, Vt)
    turned = ops.matmul(ops.transpose(U[:, :rank]), ops.subtract(x, b))
    mean = ops.matmul(ops.transpose(Vt[:rank]), s / (ops.square(s) + sigma**2) * turned)
    return mean, cov


# %% question="reparameterize"
from keras import ops


def reparameterize(mu, log_var, eps):
    return ops.add(mu, ops.multiply(ops.sqrt(ops.exp(log_var)), eps))


# %% question="elbo_analytic_kl"
from keras import ops


def elbo_analytic_kl(x, logits, mu, log_var):
    log_lik = -ops.sum(ops.binary_crossentropy(x, logits, from_logits=True), axis=-1)
    kl = 0.5 * ops.sum(ops.square(mu) + ops.expm1(log_var) - log_var, axis=-1)
    return log_lik - kl


# %% question="elbo_single_sample"
from keras import ops


def elbo_single_sample(log_px_given_z, log_pz, log_qz_given_x):
    return ops.sum(ops.stack([log_px_given_z, log_pz, ops.negative(log_qz_given_x)]), axis=0)


# %% question="elbo_multi_sample"
from keras import ops


def elbo_multi_sample(log_w):
    mean, _ = ops.moments(ops.convert_to_tensor(log_w), axes=[0])
    return mean


# %% question="minibatch_log_lik"
from keras import ops


def minibatch_log_lik(log_lik, num_data):
    return ops.multiply(ops.average(log_lik), float(num_data))


# %% question="grad_theta_enumerated"
from keras import ops


def grad_theta_enumerated(theta, phi, log_px_given_z):
    # The Jacobian of log p_z in theta_j is [z = j] - p_j; weigh its rows with q_z and sum over z.
    q, p = ops.softmax(ops.convert_to_tensor(phi)), ops.softmax(ops.convert_to_tensor(theta))
    jacobian = ops.eye(q.shape[0]) - p
    return ops.matmul(q, jacobian)


# %% question="pathwise_gradient"
from keras import ops


def pathwise_gradient(mu, log_var, eps, grad_f):
    sigma = ops.exp(ops.multiply(0.5, log_var))
    slopes = ops.convert_to_tensor(grad_f(ops.add(mu, sigma * eps)))
    return ops.mean(slopes, axis=0), 0.5 * sigma * ops.mean(slopes * eps, axis=0)


# %% question="fit_q"
import keras
from keras import ops


def fit_q(log_joint, num_steps, seed):
    # keras.ops and keras' Adam; only the gradient is TensorFlow's, keras.ops has none.
    seeds = keras.random.SeedGenerator(seed)
    mu, log_sigma = keras.Variable(0.0), keras.Variable(0.0)
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.05, num_steps, alpha=0.1))
    optimizer.build([mu, log_sigma])

    @tf.function
    def step():
        eps = keras.random.normal([10], seed=seeds)
        with tf.GradientTape() as tape:
            z = mu + ops.exp(log_sigma) * eps
            loss = -ops.mean(log_joint(z)) - log_sigma
        slopes = tape.gradient(loss, [mu.value, log_sigma.value])
        optimizer.apply(slopes, [mu, log_sigma])
        return ops.stack([mu.value, ops.exp(log_sigma)])

    kept = [step() for _ in range(num_steps)][num_steps // 2 :]
    found = ops.mean(ops.stack(kept), axis=0)
    return float(found[0]), float(found[1])
