"""Wrong answers to a02, spelled in TensorFlow, Keras and TensorFlow Probability instead of the NumPy of its modules."""
import math

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

tfd, tfb = tfp.distributions, tfp.bijectors
LOG_2PI = math.log(2 * math.pi)
WRITTEN = []   # (question, name of the mistake or "", function)


def write(question, **answers):
    WRITTEN.extend((question, "" if name.startswith("unlisted") else name, answer) for name, answer in answers.items())


def full(mean, cov):
    return tfd.MultivariateNormalTriL(mean, tf.linalg.cholesky(cov))


def outer(W):
    return tf.matmul(W, W, transpose_b=True)


def eye(n):
    return tf.eye(int(n))


def plain(x, W, b, s):
    return full(b, outer(W) + s**2 * eye(len(x)))


def half_log_det(x, W, b, s):
    return 0.5 * tf.linalg.logdet(outer(W) + s**2 * eye(len(x)))


def best_z(x, W, b, s):
    return tf.linalg.solve(eye(W.shape[1]) + W.T @ W / s**2, (W.T @ (x - b) / s**2)[:, None])[:, 0]


def given(x, W, b, s, z):
    return tfd.MultivariateNormalDiag(b + tf.linalg.matvec(W, z), s * tf.ones(len(x))).log_prob(x)


write(
    "linear_gaussian_log_px",
    lg_forgot_noise=lambda x, W, b, s: tfd.MultivariateNormalFullCovariance(
        np.float64(b), np.float64(W) @ np.float64(W).T + 1e-6 * np.eye(len(x))).log_prob(np.float64(x)),
    lg_sigma_not_squared=lambda x, W, b, s: full(b, outer(W) + s * eye(len(x))).log_prob(x),
    lg_noise_is_one=lambda x, W, b, s: plain(x, W, b, 1.0).log_prob(x),
    lg_logdet_not_halved=lambda *m: plain(*m).log_prob(m[0]) - half_log_det(*m),
    lg_logdet_missing=lambda *m: plain(*m).log_prob(m[0]) + half_log_det(*m),
    lg_logdet_sign=lambda *m: plain(*m).log_prob(m[0]) + 2 * half_log_det(*m),
    lg_bias_missing=lambda x, W, b, s: plain(x, W, 0 * b, s).log_prob(x),
    lg_conditional_at_z0=lambda x, W, b, s: tf.reduce_sum(tfd.Normal(b, s).log_prob(x)),
    lg_conditional_at_posterior_mean=lambda *m: given(*m, best_z(*m)),
    lg_mean_of_logs=lambda x, W, b, s: tf.reduce_sum(tfd.Normal(b, s).log_prob(x)) - tf.linalg.trace(outer(W)) / (2 * s**2),
    lg_diag_only=lambda x, W, b, s: tf.reduce_sum(tfd.Normal(b, tf.sqrt(tf.reduce_sum(W**2, 1) + s**2)).log_prob(x)),
    lg_missing_2pi=lambda *m: plain(*m).log_prob(m[0]) + len(m[0]) * LOG_2PI / 2,
    lg_2pi_once=lambda *m: plain(*m).log_prob(m[0]) + (len(m[0]) - 1) * LOG_2PI / 2,
    lg_distance_not_halved=lambda *m: 2 * plain(*m).log_prob(m[0]) + half_log_det(*m) + len(m[0]) * LOG_2PI / 2,
    lg_covariance_not_inverted=lambda x, W, b, s: -half_log_det(x, W, b, s) - 0.5 * len(x) * LOG_2PI
    - 0.5 * tf.tensordot(x - b, tf.linalg.matvec(outer(W) + s**2 * eye(len(x)), x - b), 1),
    lg_density_not_log=lambda *m: plain(*m).prob(m[0]),
    unlisted_mean_of_z=lambda x, W, b, s: plain(x, W, b + W.sum(1), s).log_prob(x),
    unlisted_noise_twice=lambda x, W, b, s: full(b, outer(W) + 2 * s**2 * eye(len(x))).log_prob(x),
)


def cov_of(W, s):
    return tf.linalg.inv(eye(W.shape[1]) + tf.matmul(W, W, transpose_a=True) / s**2)


def mean_by(cov, x, W, b, s):
    return tf.linalg.matvec(cov, tf.linalg.matvec(W, x - b, transpose_a=True)) / s**2


def exact(x, W, b, s):
    cov = cov_of(W, s)
    return mean_by(cov, x, W, b, s), cov


def other_cov(change):
    return lambda x, W, b, s: (exact(x, W, b, s)[0], change(exact(x, W, b, s)[1], W, s))


def other_mean(change):
    return lambda x, W, b, s: [change(exact(x, W, b, s)[0], x, W, b, s), cov_of(W, s)]


def least_squares(x, W, b, s):
    cov = s**2 * tf.linalg.inv(tf.matmul(W, W, transpose_a=True))
    return mean_by(cov, x, W, b, s), cov


write(
    "linear_gaussian_posterior",
    lgp_forgot_prior_precision=least_squares,
    lgp_sigma_not_squared=lambda x, W, b, s: exact(x, W, b, math.sqrt(s)),
    lgp_noise_ignored=lambda x, W, b, s: exact(x, W, b, 1.0),
    lgp_cov_is_precision=other_cov(lambda cov, W, s: eye(W.shape[1]) + W.T @ W / s**2),
    lgp_cov_is_cholesky=other_cov(lambda cov, W, s: tf.linalg.cholesky(cov)),
    lgp_cov_root=other_cov(lambda cov, W, s: tf.linalg.diag(tf.sqrt(tf.linalg.diag_part(cov)))),
    lgp_cov_diagonal=other_cov(lambda cov, W, s: cov * eye(W.shape[1])),
    lgp_cov_without_noise=other_cov(lambda cov, W, s: tf.linalg.inv(W.T @ W + s**2 * eye(W.shape[1]))),
    lgp_cov_is_prior=other_cov(lambda cov, W, s: eye(W.shape[1])),
    lgp_bias_missing=lambda x, W, b, s: (mean_by(cov_of(W, s), x, W, 0 * b, s), cov_of(W, s)),
    lgp_residual_reversed=other_mean(lambda mean, x, W, b, s: tf.linalg.matvec(cov_of(W, s), W.T @ (b - x)) / s**2),
    lgp_mean_not_divided=other_mean(lambda mean, x, W, b, s: tf.linalg.matvec(cov_of(W, s), W.T @ (x - b))),
    lgp_mean_without_cov=other_mean(lambda mean, x, W, b, s: W.T @ (x - b) / s**2),
    lgp_mean_is_least_squares=other_mean(lambda mean, x, W, b, s: np.linalg.lstsq(W, x - b, rcond=None)[0]),
    unlisted_cov_of_x=other_cov(lambda cov, W, s: W.T @ W + s**2 * eye(W.shape[1])),
    unlisted_precision_times_noise=other_cov(lambda cov, W, s: cov * s),
)
write(
    "reparameterize",
    reparam_var_not_std=lambda m, v, e: tfb.Shift(m)(tfb.Scale(log_scale=v))(e),
    reparam_log_var_direct=lambda m, v, e: tf.add(m, tf.multiply(v, e)),
    reparam_logstd=lambda m, v, e: m + keras.ops.exp(v + v) * e,
    reparam_half_outside=lambda m, v, e: m + keras.ops.exp(v) / 2 * e,
    reparam_sqrt_log_var=lambda m, v, e: m + tf.sqrt(v) * e,
    reparam_softplus=lambda m, v, e: m + tf.nn.softplus(v) * e,
    reparam_minus=lambda m, v, e: m - tf.sqrt(tf.exp(v)) * e,
    reparam_noise_not_shifted=lambda m, v, e: tf.exp(v / 2) * e,
    reparam_mean_only=lambda m, v, e: tf.identity(m),
    reparam_precision=lambda m, v, e: m + tf.math.rsqrt(tf.exp(v)) * e,
    reparam_scaled_mean=lambda m, v, e: (m + e) * tf.exp(v / 2),
    reparam_noise_from_prior_not_eps=lambda m, v, e: tf.convert_to_tensor(e),
    reparam_log_var_as_log_std=lambda m, v, e: m + tf.sqrt(tf.exp(v / 2)) * e,
    unlisted_squared_noise=lambda m, v, e: m + tf.exp(v / 2) * e**2,
)


def lik(x, a):
    return -tf.reduce_sum(tf.nn.sigmoid_cross_entropy_with_logits(labels=x, logits=a), -1)


def kl(m, v):
    return 0.5 * tf.reduce_sum(m**2 + tf.exp(v) - v - 1, -1)


def q_of(m, v):
    return tfd.MultivariateNormalDiag(m, tf.exp(v / 2))


write(
    "elbo_analytic_kl",
    elbo_added_kl=lambda x, a, m, v: lik(x, a) + kl(m, v),
    elbo_is_loss=lambda x, a, m, v: kl(m, v) - lik(x, a),
    elbo_cross_entropy_sign=lambda x, a, m, v: -lik(x, a) - kl(m, v),
    elbo_mean_recon_sum_kl=lambda x, a, m, v: -keras.losses.binary_crossentropy(x, a, from_logits=True) - kl(m, v),
    elbo_sum_recon_mean_kl=lambda x, a, m, v: lik(x, a) - 0.5 * tf.reduce_mean(m**2 + tf.exp(v) - v - 1, -1),
    elbo_mean_recon_mean_kl=lambda x, a, m, v: lik(x, a) / x.shape[1] - kl(m, v) / m.shape[1],
    elbo_kl_half_missing=lambda x, a, m, v: lik(x, a) - tf.reduce_sum(m**2 + tf.exp(v) - v - 1, -1),
    elbo_kl_missing=lambda x, a, m, v: lik(x, a),
    elbo_recon_missing=lambda x, a, m, v: -kl(m, v),
    elbo_kl_std_instead_of_var=lambda x, a, m, v: lik(x, a) - 0.5 * tf.reduce_sum(m**2 + tf.exp(v / 2) - v - 1, -1),
    elbo_kl_log_var_as_log_std=lambda x, a, m, v: lik(x, a) - 0.5 * tf.reduce_sum(m**2 + tf.exp(2 * v) - 2 * v - 1, -1),
    elbo_kl_mean_not_squared=lambda x, a, m, v: lik(x, a) - 0.5 * tf.reduce_sum(m + tf.exp(v) - v - 1, -1),
    elbo_kl_forgot_minus_one=lambda x, a, m, v: lik(x, a) - 0.5 * tf.reduce_sum(m**2 + tf.exp(v) - v, -1),
    elbo_double_sigmoid=lambda x, a, m, v: lik(x, tf.sigmoid(a)) - kl(m, v),
    elbo_logits_as_probs=lambda x, a, m, v: -x.shape[1] * keras.losses.binary_crossentropy(x, a) - kl(m, v),
    elbo_squared_error=lambda x, a, m, v: -tf.reduce_sum((x - tf.sigmoid(a)) ** 2, 1) - kl(m, v),
    elbo_through_probabilities=lambda x, a, m, v: tf.reduce_sum(
        x * tf.math.log(tf.clip_by_value(tf.sigmoid(a), 1e-7, 1 - 1e-7))
        + (1 - x) * tf.math.log(1 - tf.clip_by_value(tf.sigmoid(a), 1e-7, 1 - 1e-7)), 1) - kl(m, v),
    elbo_batch_mean_broadcast=lambda x, a, m, v: tf.reduce_mean(lik(x, a) - kl(m, v)) * tf.ones(len(x)),
    elbo_recon_summed_over_batch=lambda x, a, m, v: tf.reduce_sum(lik(x, a)) - kl(m, v),
    unlisted_reversed_kl=lambda x, a, m, v: lik(x, a) - tfd.kl_divergence(tfd.MultivariateNormalDiag(0 * m), q_of(m, v)),
    unlisted_entropy=lambda x, a, m, v: lik(x, a) + q_of(m, v).entropy(),
)
write(
    "elbo_single_sample",
    mc_forgot_prior=lambda a, b, c: tf.subtract(a, c),
    mc_forgot_entropy=lambda a, b, c: tf.add(a, b),
    mc_likelihood_only=lambda a, b, c: tf.identity(a),
    mc_kl_added=lambda a, b, c: tf.constant(a) + (c - b),
    mc_prior_subtracted=lambda a, b, c: tf.constant(a) - (b + c),
    mc_q_added=lambda a, b, c: tf.add_n([a, b, c]),
    mc_is_loss=lambda a, b, c: tf.negative(a) + (c - b),
    mc_abs_kl=lambda a, b, c: a - tf.abs(c - b),
    mc_clipped_kl=lambda a, b, c: a - tf.nn.relu(c - b),
    mc_squared_kl=lambda a, b, c: a - tf.square(c - b) / 2,
    mc_exponential_kl=lambda a, b, c: a - (tf.math.expm1(b - c) - (b - c)),
    mc_weight_not_log=lambda a, b, c: tf.exp(a + b - c),
    mc_log_ratio_only=lambda a, b, c: tf.subtract(b, c),
    unlisted_prior_for_q=lambda a, b, c: tf.constant(a) + b - b * c,
    unlisted_half=lambda a, b, c: tf.constant(a) + 0.5 * (b - c),
)
write(
    "elbo_multi_sample",
    elboL_sum=lambda w: keras.ops.sum(w, 0),
    elboL_max=lambda w: keras.ops.max(w, 0),
    elboL_over_batch=lambda w: tf.reduce_mean(w) * tf.ones(w.shape[1]),
    elboL_mean_of_weights=lambda w: tf.reduce_mean(tf.exp(w), 0),
    elboL_log_of_mean=lambda w: tf.reduce_logsumexp(w, 0) - tf.math.log(float(len(w))),
    elboL_log_of_sum=lambda w: keras.ops.logsumexp(w, 0),
    elboL_first_sample=lambda w: tf.gather(w, 0),
    elboL_divided_by_L_minus_one=lambda w: tf.reduce_sum(w, 0) / (len(w) - 1),
    elboL_median=lambda w: tfp.stats.percentile(w, 50.0, axis=0, interpolation="midpoint"),
    elboL_is_loss=lambda w: -tf.reduce_mean(w, 0),
    unlisted_weighted=lambda w: tf.reduce_sum(tf.nn.softmax(w, 0) * w, 0),
)
write(
    "minibatch_log_lik",
    mb_not_scaled=lambda w, n: tf.reduce_sum(w),
    mb_mean_only=lambda w, n: tf.reduce_mean(w),
    mb_divided_by_num_data=lambda w, n: tf.reduce_sum(w) / n,
    mb_sum_times_num_data=lambda w, n: n * keras.ops.sum(w),
    mb_factor_inverted=lambda w, n: tf.reduce_sum(w) * (len(w) / n),
    mb_scaled_twice=lambda w, n: tf.reduce_mean(w) * (n / len(w)),
    mb_log_of_mean=lambda w, n: n * (tf.reduce_logsumexp(w) - math.log(len(w))),
    mb_is_loss=lambda w, n: -n / len(w) * tf.reduce_sum(w),
    unlisted_root=lambda w, n: math.sqrt(n) * tf.reduce_mean(w),
)


def tape_gradient(bound):
    def answer(theta, phi, log_lik):
        variable = tf.Variable(theta)
        with tf.GradientTape() as tape:
            value = bound(variable, tf.constant(phi), tf.constant(log_lik))
        return tape.gradient(value, variable)

    return answer


def bracket(theta, phi, log_lik):
    return tf.nn.log_softmax(theta) + log_lik - tf.nn.log_softmax(phi)


write(
    "grad_theta_enumerated",
    gt_negated=tape_gradient(lambda t, f, w: -tf.reduce_sum(tf.nn.softmax(f) * bracket(t, f, w))),
    gt_subscripts_swapped=tape_gradient(lambda t, f, w: tf.reduce_sum(tf.nn.softmax(t) * bracket(f, t, w))),
    gt_wrt_phi=lambda t, f, w: tape_gradient(lambda phi, theta, w: tf.reduce_sum(tf.nn.softmax(phi) * bracket(theta, phi, w)))(f, t, w),
    gt_exact_evidence=tape_gradient(lambda t, f, w: tf.reduce_logsumexp(tf.nn.log_softmax(t) + w)),
    gt_wrt_probabilities=lambda t, f, w: tf.nn.softmax(f) / tf.nn.softmax(t),
    gt_q_only=tape_gradient(lambda t, f, w: tf.reduce_sum(tf.nn.softmax(f) * t)),
    gt_p_only=tape_gradient(lambda t, f, w: -tf.reduce_logsumexp(t)),
    gt_uncentred=lambda t, f, w: tf.nn.softmax(f) * (1 - tf.nn.softmax(t)),
    gt_weighted_by_elbo_terms=lambda t, f, w: (tf.nn.softmax(f) - tf.nn.softmax(t)) * bracket(t, f, w),
    gt_with_likelihood=lambda t, f, w: tf.nn.softmax(f) - tf.nn.softmax(t) + w,
    gt_logits_not_normalised=lambda t, f, w: tf.subtract(f, t),
    gt_log_probabilities=lambda t, f, w: tf.nn.log_softmax(f) - tf.nn.log_softmax(t),
    gt_unweighted=tape_gradient(lambda t, f, w: tf.reduce_mean(tf.nn.log_softmax(t))),
    gt_is_zero=lambda t, f, w: tf.zeros_like(t),
    unlisted_squared=lambda t, f, w: (tf.nn.softmax(f) - tf.nn.softmax(t)) ** 2,
)


def path(m, v, e, g, z=None, factor=None):
    slope = g(m + tf.exp(v / 2) * e if z is None else z)
    return tf.reduce_mean(slope, 0), tf.reduce_mean(slope * (0.5 * tf.exp(v / 2) * e if factor is None else factor), 0)


write(
    "pathwise_gradient",
    pw_half_missing=lambda m, v, e, g: path(m, v, e, g, factor=tf.exp(v / 2) * e),
    pw_wrt_sigma=lambda m, v, e, g: path(m, v, e, g, factor=e),
    pw_wrt_variance=lambda m, v, e, g: path(m, v, e, g, factor=0.5 * e * tf.exp(-v / 2)),
    pw_eps_missing=lambda m, v, e, g: path(m, v, e, g, factor=0.5 * tf.exp(v / 2)),
    pw_variance_for_sigma=lambda m, v, e, g: path(m, v, e, g, factor=0.5 * tf.exp(v) * e),
    pw_samples_scaled_by_variance=lambda m, v, e, g: path(m, v, e, g, z=m + tf.exp(v) * e, factor=tf.exp(v) * e),
    pw_gradient_at_mean=lambda m, v, e, g: path(m, v, e, g, z=tf.broadcast_to(m, e.shape)),
    pw_gradient_at_noise=lambda m, v, e, g: path(m, v, e, g, z=e),
    pw_sum_over_samples=lambda m, v, e, g: [len(e) * part for part in path(m, v, e, g)],
    pw_first_sample_only=lambda m, v, e, g: path(m, v, e[:1], g),
    pw_product_of_means=lambda m, v, e, g: (
        path(m, v, e, g)[0], path(m, v, e, g)[0] * tf.reduce_mean(e, 0) * tf.exp(v / 2) / 2),
    pw_entropy_added=lambda m, v, e, g: (path(m, v, e, g)[0], path(m, v, e, g)[1] + 0.5),
    pw_kl_included=lambda m, v, e, g: (path(m, v, e, g)[0] - m, path(m, v, e, g)[1] - 0.5 * (tf.exp(v) - 1)),
    pw_naive_zero=lambda m, v, e, g: (tf.zeros_like(m), tf.zeros_like(v)),
    pw_minus_noise=lambda m, v, e, g: path(m, v, -e, g),
    pw_order_swapped=lambda m, v, e, g: path(m, v, e, g)[::-1],
    unlisted_squared_gradient=lambda m, v, e, g: (path(m, v, e, g)[0] ** 2, path(m, v, e, g)[1]),
)


def search(objective, start=0.0, give=lambda m, s: (m, s), scale=tf.exp, train=(1.0, 1.0)):
    """A stochastic search for (mu, rho): Adam, 10 samples a step, the mean of the last half; `objective(f, mu, rho, z)`."""

    def fit_q(log_joint, num_steps, seed):
        @tf.function
        def run(noise):
            params, first, second, mean = tf.constant([0.0, start]), tf.zeros(2), tf.zeros(2), tf.zeros(2)
            for t in tf.range(num_steps):
                with tf.GradientTape() as tape:
                    tape.watch(params)
                    z = params[0] + scale(params[1]) * noise[t]
                    loss = -objective(log_joint, params[0], params[1], z)
                g = tape.gradient(loss, params)
                first, second = 0.9 * first + 0.1 * g, 0.99 * second + 0.01 * g * g
                step = tf.cast(t + 1, tf.float32)
                hat = (first / (1 - 0.9**step)) / (tf.sqrt(second / (1 - 0.99**step)) + 1e-6)
                params -= 0.03 * hat * tf.constant(train)
                if t >= num_steps // 2:
                    mean += tf.stack([params[0], tf.exp(params[1])]) / float(num_steps - num_steps // 2)
            return mean

        mu, sigma = run(tf.random.stateless_normal([num_steps, 10], [seed, 3])).numpy()
        return give(float(mu), float(sigma))

    return fit_q


def elbo(f, mu, rho, z):
    return tf.reduce_mean(f(z)) + rho


write(
    "fit_q",
    fit_variance_for_sigma=search(elbo, give=lambda m, s: (m, s**2)),
    fit_log_var_for_sigma=search(elbo, give=lambda m, s: (m, 2 * math.log(s))),
    fit_log_sigma_for_sigma=search(elbo, give=lambda m, s: (m, math.log(s))),
    fit_precision_for_sigma=search(elbo, give=lambda m, s: (m, 1 / s**2)),
    fit_root_of_sigma=search(elbo, give=lambda m, s: (m, math.sqrt(s))),
    fit_entropy_dropped=search(lambda f, mu, rho, z: tf.reduce_mean(f(z))),
    fit_entropy_of_log_var=search(lambda f, mu, rho, z: tf.reduce_mean(f(z)) + 2 * rho),
    fit_entropy_halved=search(lambda f, mu, rho, z: tf.reduce_mean(f(z)) + 0.5 * rho),
    fit_prior_twice=search(lambda f, mu, rho, z: tf.reduce_mean(f(z)) - 0.5 * (mu**2 + tf.exp(2 * rho) - 2 * rho - 1)),
    fit_noise_scaled_by_variance=search(elbo, scale=lambda rho: tf.exp(2 * rho)),
    fit_nothing_trained=search(elbo, train=(0.0, 0.0)),
    fit_sigma_not_trained=search(elbo, train=(1.0, 0.0)),
    fit_mu_not_trained=search(elbo, train=(0.0, 1.0), give=lambda m, s: (0.0, s)),
    fit_order_swapped=search(elbo, give=lambda m, s: (s, m)),
)


def at_samples(mu, log_var, eps, grad_f):
    return tf.convert_to_tensor(grad_f(mu + tf.exp(log_var / 2) * eps))


write(
    "pathwise_gradient",
    pw_sigma_missing=lambda mu, log_var, eps, grad_f: (
        tf.reduce_mean(at_samples(mu, log_var, eps, grad_f), 0),
        tf.reduce_mean(at_samples(mu, log_var, eps, grad_f) * eps / 2, 0)),
    pw_gradient_in_z=lambda mu, log_var, eps, grad_f: (
        tf.reduce_mean(at_samples(mu, log_var, eps, grad_f), 0),) * 2,
    pw_naive_zero=lambda mu, log_var, eps, grad_f: (
        tf.reduce_mean(at_samples(mu, log_var, eps, grad_f), 0), tf.zeros_like(mu)),
    pw_sum_over_samples=lambda mu, log_var, eps, grad_f: (
        tf.reduce_mean(at_samples(mu, log_var, eps, grad_f), 0),
        tf.reduce_sum(at_samples(mu, log_var, eps, grad_f) * eps * tf.exp(log_var / 2) / 2, 0)),
)


def pixels(x, logits):
    return tf.reduce_sum(tfd.Bernoulli(logits=logits).log_prob(x), -1)


def std_normal(mu):
    return tfd.MultivariateNormalDiag(tf.zeros_like(mu), tf.ones_like(mu))


def diag(mu, log_var):
    return tfd.MultivariateNormalDiag(mu, tf.exp(log_var / 2))


write(
    "elbo_analytic_kl",
    elbo_kl_half_of_log_var=lambda x, logits, mu, log_var: pixels(x, logits) - tf.reduce_sum(
        (tf.exp(log_var) + mu**2 - 1) / 2 - log_var / 4, -1),
    elbo_kl_reversed=lambda x, logits, mu, log_var: pixels(x, logits) - tfd.kl_divergence(
        std_normal(mu), diag(mu, log_var)),
    elbo_prior_missing=lambda x, logits, mu, log_var: pixels(x, logits) + diag(mu, log_var).entropy(),
    elbo_entropy_missing=lambda x, logits, mu, log_var: pixels(x, logits) - diag(
        mu, log_var).cross_entropy(std_normal(mu)),
    elbo_kl_over_batch=lambda x, logits, mu, log_var: pixels(x, logits) - tf.reduce_mean(
        tfd.kl_divergence(diag(mu, log_var), std_normal(mu))),
)
