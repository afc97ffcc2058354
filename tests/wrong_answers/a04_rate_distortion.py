"""Wrong answers to a04, spelled in TensorFlow, Keras and TensorFlow Probability instead of the NumPy of its modules."""

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

tfd = tfp.distributions
ops = keras.ops
WRITTEN = []  # (question, name of the mistake or "", function)


def write(question, **answers):
    WRITTEN.extend((question, "" if name.startswith("unlisted") else name, answer) for name, answer in answers.items())


LOG_2PI = float(np.log(2 * np.pi))
LOG_2 = float(np.log(2))


def shortcut(sigma, x):
    """The distortion where the squares come to D / 2."""
    D = x.shape[-1]
    return 0.5 * D * (1 + LOG_2PI) + D * tf.math.log(sigma)


def sigma_from(variance):
    def answer(x, x_mu):
        sigma = tf.sqrt(variance(x, x_mu))
        return sigma, shortcut(sigma, x)

    return answer


def best_sigma(x, x_mu):
    return ops.sqrt(ops.mean(ops.square(ops.subtract(x, x_mu))))


def at_best(form):
    """The right sigma, with another distortion of (x, x_mu, sigma)."""
    return lambda x, x_mu: (best_sigma(x, x_mu), form(x, x_mu, best_sigma(x, x_mu)))


def log_density(x, x_mu, sigma):
    return tf.reduce_mean(tf.reduce_sum(tfd.Normal(x_mu, sigma).log_prob(x), axis=-1))


write(
    "optimal_sigma",
    sigma_forgot_D=sigma_from(lambda x, m: tf.reduce_mean(tf.norm(x - m, axis=-1) ** 2)),
    sigma_mean_absolute=lambda x, m: (
        tf.reduce_mean(tf.abs(x - m)),
        shortcut(tf.reduce_mean(tf.abs(x - m)), x),
    ),
    sigma_std_of_residual=lambda x, m: (
        tf.math.reduce_std(x - m),
        shortcut(tf.math.reduce_std(x - m), x),
    ),
    sigma_summed_over_batch=sigma_from(
        lambda x, m: tf.reduce_mean(tf.reduce_sum(tf.math.squared_difference(x, m), axis=1))
    ),
    sigma_summed_over_samples=sigma_from(
        lambda x, m: tf.reduce_mean(tf.reduce_sum(tf.math.squared_difference(x, m), axis=0))
    ),
    sigma_of_mean_reconstruction=sigma_from(
        lambda x, m: tf.reduce_mean(keras.losses.mean_squared_error(x, tf.reduce_mean(m, axis=0)))
    ),
    sigma_first_sample=sigma_from(lambda x, m: tf.reduce_mean(keras.losses.mean_squared_error(x, m[0]))),
    sigma_is_variance=lambda x, m: (
        tf.reduce_mean(tf.square(x - m)),
        shortcut(tf.reduce_mean(tf.square(x - m)), x),
    ),
    sigma_mean_of_roots=lambda x, m: (
        tf.reduce_mean(tf.sqrt(tf.reduce_mean(tf.square(x - m), axis=-1))),
        shortcut(tf.reduce_mean(tf.sqrt(tf.reduce_mean(tf.square(x - m), axis=-1))), x),
    ),
    distortion_no_2pi=at_best(
        lambda x, m, s: ops.mean(ops.sum(0.5 * ops.square((x - m) / s) + ops.log(s), axis=-1))
    ),
    distortion_no_square=at_best(lambda x, m, s: -tf.reduce_sum(tfd.Normal(tf.zeros(x.shape[-1]), s).log_prob(0.0))),
    distortion_half_log_sigma=at_best(
        lambda x, m, s: 0.5 * x.shape[-1] * (1 + tf.math.log(2 * np.pi * s))
    ),
    distortion_minus_log_sigma=at_best(lambda x, m, s: x.shape[-1] * (0.5 * (1 + LOG_2PI) - tf.math.log(s))),
    distortion_at_sigma_one=at_best(lambda x, m, s: -log_density(x, m, 1.0)),
    distortion_per_pixel=at_best(lambda x, m, s: -tf.reduce_mean(tfd.Normal(m, s).log_prob(x))),
    distortion_of_one_pixel_in_2pi=at_best(
        lambda x, m, s: x.shape[-1] * tf.math.log(s) + 0.5 * x.shape[-1] + 0.5 * LOG_2PI
    ),
    distortion_is_log_likelihood=at_best(log_density),
    distortion_square_not_scaled=at_best(
        lambda x, m, s: tf.reduce_mean(
            tf.reduce_sum(0.5 * (x - m) ** 2 + tf.math.log(s) + 0.5 * LOG_2PI, axis=-1)
        )
    ),
    distortion_constants_only_once=at_best(
        lambda x, m, s: tf.reduce_mean(tf.reduce_sum(tf.square((x - m) / s) / 2, -1))
        + tf.math.log(s * tf.sqrt(2 * np.pi))
    ),
    unlisted_median=lambda x, m: (
        tfp.stats.percentile(tf.abs(x - m), 50.0),
        shortcut(best_sigma(x, m), x),
    ),
    unlisted_largest_residual=sigma_from(lambda x, m: tf.reduce_max(tf.square(x - m))),
    unlisted_laplace=at_best(
        lambda x, m, s: -tf.reduce_mean(tf.reduce_sum(tfd.Laplace(m, s).log_prob(x), axis=-1))
    ),
)


def with_density(sigma_of):
    """A wrong sigma, and the distortion at it: minus the mean log density, whose squares are not D / 2."""
    return lambda x, m: (sigma_of(x, m), -log_density(x, m, sigma_of(x, m)))


write(
    "optimal_sigma",
    sigma_forgot_D=with_density(lambda x, m: tf.sqrt(tf.reduce_mean(tf.reduce_sum((x - m) ** 2, -1)))),
    sigma_mean_absolute=with_density(lambda x, m: tf.reduce_mean(tf.abs(x - m))),
    sigma_std_of_residual=with_density(lambda x, m: tf.math.reduce_std(x - m)),
    sigma_summed_over_batch=with_density(lambda x, m: tf.sqrt(tf.reduce_mean(tf.reduce_sum((x - m) ** 2, 1)))),
    sigma_summed_over_samples=with_density(lambda x, m: tf.sqrt(tf.reduce_mean(tf.reduce_sum((x - m) ** 2, 0)))),
    sigma_of_mean_reconstruction=with_density(
        lambda x, m: tf.sqrt(tf.reduce_mean((x - tf.reduce_mean(m, axis=0)) ** 2))
    ),
    sigma_first_sample=with_density(lambda x, m: tf.sqrt(tf.reduce_mean((x - m[0]) ** 2))),
    sigma_is_variance=with_density(lambda x, m: tf.reduce_mean((x - m) ** 2)),
    sigma_mean_of_roots=with_density(
        lambda x, m: tf.reduce_mean(tf.sqrt(tf.reduce_mean((x - m) ** 2, axis=-1)))
    ),
)

write(
    "beta_vae_loss",
    beta_on_distortion=lambda a, k, b: b * -tf.reduce_mean(a) + tf.reduce_mean(k),
    beta_on_both=lambda a, k, b: -b * (tf.reduce_mean(a) - tf.reduce_mean(k)),
    beta_one_minus=lambda a, k, b: (b - 1) * tf.reduce_mean(a) + b * tf.reduce_mean(k),
    beta_plus_one=lambda a, k, b: -tf.reduce_mean(a) + tf.reduce_mean(k) + b * tf.reduce_mean(k),
    beta_divides=lambda a, k, b: tf.reduce_mean(k) / b - tf.reduce_mean(a),
    beta_ignored=lambda a, k, b: -tf.reduce_mean(tf.reduce_mean(a, axis=0) - k),
    beta_kl_subtracted=lambda a, k, b: -tf.reduce_mean(tf.reduce_mean(a, 0) + b * k),
    beta_loss_is_elbo=lambda a, k, b: tf.reduce_mean(tf.subtract(a, b * k)),
    beta_likelihood_sign=lambda a, k, b: tf.reduce_mean(tf.add(a, b * k)),
    beta_sum_over_batch=lambda a, k, b: tf.reduce_sum(b * k - tf.reduce_mean(a, axis=0)),
    beta_sum_over_L=lambda a, k, b: tf.reduce_mean(b * k - tf.reduce_sum(a, axis=0)),
    beta_first_sample=lambda a, k, b: tf.reduce_mean(tf.multiply(b, k) - tf.gather(a, 0)),
    beta_log_mean_exp=lambda a, k, b: tf.reduce_mean(b * k - tfp.math.reduce_logmeanexp(a, axis=0)),
    beta_kl_summed_over_batch=lambda a, k, b: b * tf.reduce_sum(k) - tf.reduce_mean(a),
    beta_kl_squared=lambda a, k, b: tf.reduce_mean(b * tf.square(k)) - tf.reduce_mean(a),
    unlisted_beta_squared=lambda a, k, b: tf.reduce_mean(b * b * k - tf.reduce_mean(a, axis=0)),
    unlisted_largest_sample=lambda a, k, b: tf.reduce_mean(b * k - tf.reduce_max(a, axis=0)),
    unlisted_free_bits=lambda a, k, b: tf.reduce_mean(b * tf.maximum(k, 3.0) - tf.reduce_mean(a, axis=0)) + 1.0,
)

write(
    "rda_lambda",
    lambda_beta_in_numerator=lambda beta, sigma: tf.divide(beta, 2 * tf.square(sigma)),
    lambda_inverted=lambda beta, sigma: 2 * beta * tf.square(sigma),
    lambda_without_beta=lambda beta, sigma: 0.5 * tf.pow(sigma, -2.0),
    lambda_beta_squared=lambda beta, sigma: 0.5 / (beta * sigma) ** 2,
    lambda_is_beta=lambda beta, sigma: tf.math.reciprocal(beta),
    lambda_no_half=lambda beta, sigma: tf.math.reciprocal(beta * tf.square(sigma)),
    lambda_sigma_not_squared=lambda beta, sigma: 0.5 * tf.math.reciprocal(beta * sigma),
    lambda_sigma_in_numerator=lambda beta, sigma: tf.square(sigma) / (2 * beta),
    lambda_from_1_plus_beta=lambda beta, sigma: 1 / ((1 + beta) * 2 * tf.square(sigma)),
    unlisted_difference=lambda beta, sigma: 1 / (2 * sigma**2) - beta,
    unlisted_log_sigma_added=lambda beta, sigma: 1 / (2 * beta * sigma**2) + tf.math.log(sigma),
    unlisted_root=lambda beta, sigma: 1 / (2 * tf.sqrt(beta) * sigma**2),
)
write("rda_lambda", lambda_is_beta=lambda beta, sigma: 0.5 / tf.constant(beta))


def R(p, q, r):
    return tf.reduce_sum(p * tf.reduce_sum(tf.math.xlogy(q, q / r), axis=1))


def D(p, q, d):
    return -tf.reduce_sum(tf.einsum("x,xz->zx", p, q) * tf.math.log(d))


def q_of_z(p, q):
    return tf.squeeze(tf.matmul(p[None], q), 0)


def bayes(p, q):
    joint = tf.transpose(q) * p
    return joint / tf.reduce_sum(joint, axis=1, keepdims=True)


def H(p):
    return -tf.reduce_sum(tf.math.xlogy(p, p))


def rate_with(form):
    return lambda p, q, r, d: (form(p, q, r), D(p, q, d))


def distortion_with(form):
    return lambda p, q, r, d: (R(p, q, r), form(p, q, d))


write(
    "rate_distortion_point",
    rate_unweighted=rate_with(lambda p, q, r: tf.reduce_mean(tf.reduce_sum(tf.math.xlogy(q, q / r), 1))),
    rate_kl_reversed=rate_with(
        lambda p, q, r: tf.tensordot(p, tfd.kl_divergence(tfd.Categorical(probs=r), tfd.Categorical(probs=q)), 1)
    ),
    rate_is_information=rate_with(lambda p, q, r: R(p, q, q_of_z(p, q))),
    rate_without_prior=rate_with(lambda p, q, r: -tf.tensordot(p, tfd.Categorical(probs=q).entropy(), 1)),
    point_rate_negated=rate_with(lambda p, q, r: tf.einsum("x,xz->", p, tf.math.xlogy(q, r / tf.maximum(q, 1e-30)))),
    point_nan_at_zero=rate_with(lambda p, q, r: tf.einsum("x,xz->", p, q * (tf.math.log(q) - tf.math.log(r)))),
    distortion_is_conditional_entropy=distortion_with(lambda p, q, d: D(p, q, tf.maximum(bayes(p, q), 1e-30))),
    distortion_unweighted=distortion_with(
        lambda p, q, d: -tf.reduce_mean(tf.linalg.diag_part(tf.matmul(q, tf.math.log(d))))
    ),
    distortion_independent=distortion_with(
        lambda p, q, d: -tf.einsum("z,x,zx->", q_of_z(p, q), p, tf.math.log(d))
    ),
    distortion_negated=distortion_with(lambda p, q, d: tf.einsum("x,xz,zx->", p, q, tf.math.log(d))),
    distortion_likelihood=distortion_with(lambda p, q, d: tf.einsum("x,xz,zx->", p, q, d)),
    distortion_log_of_mean=distortion_with(
        lambda p, q, d: -tf.tensordot(p, tf.math.log(tf.linalg.diag_part(tf.matmul(q, d))), 1)
    ),
    point_in_bits=lambda p, q, r, d: (R(p, q, r) / LOG_2, D(p, q, d) / LOG_2),
    point_swapped=lambda p, q, r, d: (D(p, q, d), R(p, q, r)),
    unlisted_total_variation=rate_with(lambda p, q, r: tf.tensordot(p, 0.5 * tf.reduce_sum(tf.abs(q - r), 1), 1)),
    unlisted_aggregate_divergence=rate_with(
        lambda p, q, r: tfd.kl_divergence(tfd.Categorical(probs=q_of_z(p, q)), tfd.Categorical(probs=r))
    ),
    unlisted_prior_in_the_distortion=lambda p, q, r, d: (
        R(p, q, r),
        -tf.einsum("x,z,zx->", p, r, tf.math.log(d)),
    ),
)
write(
    "rate_distortion_point",
    rate_unweighted=rate_with(
        lambda p, q, r: tf.reduce_sum(
            tfd.kl_divergence(tfd.Categorical(probs=q), tfd.Categorical(probs=r))
        )
    ),
    distortion_unweighted=distortion_with(lambda p, q, d: -tf.linalg.trace(tf.matmul(q, tf.math.log(d)))),
    rate_kl_reversed=rate_with(
        lambda p, q, r: tf.tensordot(
            p, keras.losses.kl_divergence(tf.broadcast_to(r, q.shape), tf.constant(q)), 1
        )
    ),
    point_nan_at_zero=rate_with(
        lambda p, q, r: tf.tensordot(p, tf.reduce_sum(q * tf.math.log(q / r + 1e-3), axis=1), 1)
    ),
)

write(
    "optimal_prior_and_decoder",
    prior_unweighted=lambda p, q: (ops.mean(q, axis=0), bayes(p, q)),
    prior_summed=lambda p, q: (ops.sum(q, axis=0), bayes(p, q)),
    prior_uniform=lambda p, q: (tf.fill([q.shape[1]], 1 / q.shape[1]), bayes(p, q)),
    decoder_unweighted=lambda p, q: (q_of_z(p, q), tf.linalg.normalize(tf.transpose(q), ord=1, axis=1)[0]),
    both_unweighted=lambda p, q: (ops.mean(q, axis=0), tf.linalg.normalize(tf.transpose(q), ord=1, axis=1)[0]),
    decoder_is_likelihood=lambda p, q: (q_of_z(p, q), tf.transpose(q)),
    decoder_is_joint=lambda p, q: (q_of_z(p, q), tf.einsum("x,xz->zx", p, q)),
    decoder_ignores_z=lambda p, q: (q_of_z(p, q), tf.repeat(p[None], q.shape[1], axis=0)),
    decoder_is_uniform=lambda p, q: (q_of_z(p, q), tf.ones_like(tf.transpose(q)) / len(p)),
    unlisted_softmax_prior=lambda p, q: (tf.nn.softmax(tf.linalg.matvec(tf.transpose(q), p)), bayes(p, q)),
    unlisted_softmax_decoder=lambda p, q: (q_of_z(p, q), tf.nn.softmax(tf.transpose(q) * p, axis=1)),
    unlisted_joint_over_the_plain_mean=lambda p, q: (
        q_of_z(p, q),
        tf.einsum("x,xz->zx", p, q) / tf.reduce_mean(q, axis=0)[:, None],
    ),
)


def KL(p, q):
    return tf.reduce_sum(tf.math.xlogy(p, p / q))


def gap_of(p, q, r):
    return KL(q_of_z(p, q), r)


def information_of(p, q):
    return R(p, q, q_of_z(p, q))


def information_with(form):
    return lambda p, q, r: (form(p, q, r), gap_of(p, q, r))


def gap_with(form):
    return lambda p, q, r: (information_of(p, q), form(p, q, r))


write(
    "rate_split",
    information_is_rate=information_with(R),
    information_to_uniform=information_with(
        lambda p, q, r: tf.math.log(float(q.shape[1])) - tf.tensordot(p, tfd.Categorical(probs=q).entropy(), 1)
    ),
    information_is_entropy_of_z=information_with(lambda p, q, r: tfd.Categorical(probs=q_of_z(p, q)).entropy()),
    information_is_conditional_entropy=information_with(
        lambda p, q, r: tf.tensordot(p, tfd.Categorical(probs=q).entropy(), 1)
    ),
    information_unweighted_aggregate=information_with(lambda p, q, r: R(p, q, ops.mean(q, axis=0))),
    information_unweighted=information_with(
        lambda p, q, r: H(ops.mean(q, axis=0)) - tf.reduce_mean(tfd.Categorical(probs=q).entropy())
    ),
    information_negated=information_with(
        lambda p, q, r: tf.tensordot(p, tfd.Categorical(probs=q).entropy(), 1) - H(q_of_z(p, q))
    ),
    information_nan_at_zero=information_with(
        lambda p, q, r: tf.einsum("x,xz->", p, q * tf.math.log(q)) - tf.einsum("x,xz->", p, q * tf.math.log(q_of_z(p, q)))
    ),
    gap_reversed=gap_with(
        lambda p, q, r: tfd.kl_divergence(tfd.Categorical(probs=r), tfd.Categorical(probs=q_of_z(p, q)))
    ),
    gap_unweighted=gap_with(lambda p, q, r: KL(ops.mean(q, axis=0), r)),
    gap_is_rate=gap_with(R),
    gap_is_cross_entropy=gap_with(lambda p, q, r: -tf.tensordot(q_of_z(p, q), tf.math.log(r), 1)),
    gap_negated=gap_with(lambda p, q, r: tf.reduce_sum(q_of_z(p, q) * tf.math.log(r / q_of_z(p, q)))),
    split_in_bits=lambda p, q, r: (information_of(p, q) / LOG_2, gap_of(p, q, r) / LOG_2),
    split_swapped=lambda p, q, r: (gap_of(p, q, r), information_of(p, q)),
    unlisted_entropy_of_the_data=information_with(lambda p, q, r: H(p)),
    unlisted_joint_entropy=information_with(lambda p, q, r: H(tf.einsum("x,xz->xz", p, q))),
    unlisted_squared_gap=gap_with(lambda p, q, r: tf.reduce_sum((q_of_z(p, q) - r) ** 2)),
)
write(
    "rate_split",
    information_nan_at_zero=information_with(
        lambda p, q, r: tf.reduce_sum(p[:, None] * q * tf.math.log(q / q_of_z(p, q)))
    ),
    split_in_bits=lambda p, q, r: (
        tf.experimental.numpy.log2(tf.exp(information_of(p, q))),
        tf.experimental.numpy.log2(tf.exp(gap_of(p, q, r))),
    ),
)


def each_component(z, mu, log_var):
    """The log density of each point under each component `[L, B]`."""
    return tfd.MultivariateNormalDiag(mu, tf.exp(log_var / 2)).log_prob(z[:, None])


def quadratic(constant, log_var, square):
    return -0.5 * tf.reduce_sum(constant + log_var + square, axis=-1)


def log_mean(each):
    return tfp.math.reduce_logmeanexp(each, axis=1)


def square(z, mu, log_var):
    return tf.math.squared_difference(z[:, None], mu) / tf.exp(log_var)


write(
    "aggregate_log_prob",
    aggregate_mean_of_logs=lambda z, mu, lv: tf.reduce_mean(each_component(z, mu, lv), axis=1),
    aggregate_per_dimension=lambda z, mu, lv: tf.reduce_sum(
        tfp.math.reduce_logmeanexp(tfd.Normal(mu, tf.exp(lv / 2)).log_prob(z[:, None]), axis=1), axis=-1
    ),
    aggregate_not_averaged=lambda z, mu, lv: tf.reduce_logsumexp(each_component(z, mu, lv), axis=1),
    aggregate_best_component=lambda z, mu, lv: tf.reduce_max(each_component(z, mu, lv), axis=1),
    aggregate_over_points=lambda z, mu, lv: tf.reduce_mean(tfp.math.reduce_logmeanexp(each_component(z, mu, lv), axis=0)),
    aggregate_log_var_as_log_sigma=lambda z, mu, lv: log_mean(
        tfd.MultivariateNormalDiag(mu, tf.exp(lv)).log_prob(z[:, None])
    ),
    aggregate_variance_for_precision=lambda z, mu, lv: log_mean(
        quadratic(LOG_2PI, lv, tf.math.squared_difference(z[:, None], mu) * tf.exp(lv))
    ),
    aggregate_no_log_var=lambda z, mu, lv: log_mean(quadratic(LOG_2PI, 0.0, square(z, mu, lv))),
    aggregate_no_2pi=lambda z, mu, lv: log_mean(quadratic(0.0, lv, square(z, mu, lv))),
    aggregate_mean_over_dimensions=lambda z, mu, lv: log_mean(
        tf.reduce_mean(tfd.Normal(mu, tf.exp(lv / 2)).log_prob(z[:, None]), axis=-1)
    ),
    aggregate_one_gaussian=lambda z, mu, lv: tfd.MultivariateNormalDiag(
        tf.reduce_mean(mu, axis=0), tf.exp(tf.reduce_mean(lv, axis=0) / 2)
    ).log_prob(z),
    aggregate_moments=lambda z, mu, lv: tfd.MultivariateNormalDiag(
        tf.reduce_mean(mu, axis=0),
        tf.sqrt(tf.reduce_mean(tf.exp(lv), axis=0) + tf.math.reduce_variance(mu, axis=0)),
    ).log_prob(z),
    aggregate_through_density=lambda z, mu, lv: tf.math.log(tf.reduce_mean(tf.exp(each_component(z, mu, lv)), axis=1)),
    aggregate_is_density=lambda z, mu, lv: tf.reduce_mean(
        tfd.MultivariateNormalDiag(mu, tf.exp(lv / 2)).prob(z[:, None]), axis=1
    ),
    unlisted_unit_components=lambda z, mu, lv: log_mean(each_component(z, mu, tf.zeros_like(lv))),
    unlisted_laplace=lambda z, mu, lv: log_mean(
        tf.reduce_sum(tfd.Laplace(mu, tf.exp(lv / 2)).log_prob(z[:, None]), axis=-1)
    ),
    unlisted_first_component=lambda z, mu, lv: each_component(z, mu, lv)[:, 0],
)
write(
    "aggregate_log_prob",
    aggregate_mean_of_logs=lambda z, mu, lv: tf.reduce_sum(each_component(z, mu, lv), axis=1),
    aggregate_best_component=lambda z, mu, lv: tf.reduce_max(each_component(z, mu, lv), axis=1) - np.log(len(mu)),
    aggregate_through_density=lambda z, mu, lv: tf.math.log(
        tf.reduce_mean(tf.exp(each_component(z, mu, lv)), axis=1) + 1e-10
    ),
    # A variance where a standard deviation is asked for.
    aggregate_log_var_as_log_sigma=lambda z, mu, lv: tfd.MixtureSameFamily(
        tfd.Categorical(probs=tf.ones(len(mu)) / len(mu)), tfd.MultivariateNormalDiag(mu, tf.exp(lv))
    ).log_prob(z),
    aggregate_one_gaussian=lambda z, mu, lv: tf.reduce_sum(
        tfd.Normal(tf.reduce_mean(mu, 0), tf.exp(0.5 * tf.reduce_mean(lv, 0))).log_prob(z), -1
    ),
)


def counted(activity, threshold):
    return tf.reduce_sum(tf.cast(activity > threshold, tf.float32))


def with_activity(form):
    return lambda mu, t: (form(mu), counted(form(mu), t))


def variance(mu):
    return tf.nn.moments(mu, axes=[0])[1]


write(
    "active_units",
    units_fraction=lambda mu, t: (variance(mu), tf.reduce_mean(tf.cast(variance(mu) > t, tf.float32))),
    units_inactive=lambda mu, t: (variance(mu), tf.reduce_sum(tf.cast(variance(mu) < t, tf.float32))),
    units_std=with_activity(lambda mu: tf.math.reduce_std(mu, axis=0)),
    units_second_moment=with_activity(lambda mu: tf.reduce_mean(tf.square(mu), axis=0)),
    units_unbiased=with_activity(
        lambda mu: tf.reduce_sum((mu - tf.reduce_mean(mu, axis=0)) ** 2, axis=0) / (len(mu) - 1)
    ),
    units_mean_activity=with_activity(
        lambda mu: tf.fill([mu.shape[1]], tf.reduce_mean(tf.math.reduce_variance(mu, axis=0)))
    ),
    units_summed_over_batch=with_activity(lambda mu: tf.reduce_sum((mu - tf.reduce_mean(mu, axis=0)) ** 2, axis=0)),
    units_mean_of_sizes=with_activity(lambda mu: tf.norm(mu, ord=1, axis=0) / len(mu)),
    units_threshold_squared=lambda mu, t: (variance(mu), counted(variance(mu), t**2)),
    unlisted_range=with_activity(lambda mu: tf.reduce_max(mu, axis=0) - tf.reduce_min(mu, axis=0)),
    unlisted_over_dimensions=with_activity(
        lambda mu: tf.fill([mu.shape[1]], tf.reduce_mean(tf.math.reduce_variance(mu, axis=1)))
    ),
    unlisted_absolute_deviation=with_activity(
        lambda mu: tf.reduce_mean(tf.abs(mu - tf.reduce_mean(mu, axis=0)), axis=0)
    ),
)
write(
    "active_units",
    units_unbiased=with_activity(lambda mu: tf.constant(np.var(mu, axis=0, ddof=1))),
    # Another activity, and the count of the right one: the list counts by the activity that is returned.
    units_std=lambda mu, t: (tf.math.reduce_std(mu, axis=0), counted(variance(mu), t)),
    units_mean_activity=lambda mu, t: (
        tf.fill([mu.shape[1]], tf.reduce_mean(variance(mu))),
        counted(variance(mu), t),
    ),
)


def water_and(of_squares=None, of_rate=None):
    """The right squares and rates of (eigenvalues, water), or others of (eigenvalues, sigma, beta)."""

    def answer(v, s, b):
        return (
            of_squares(v, s, b) if of_squares else tf.nn.relu(v - b * s**2),
            of_rate(v, s, b) if of_rate else 0.5 * tf.math.log(tf.maximum(v / (b * s**2), 1.0)),
        )

    return answer


write(
    "linear_vae_spectrum",
    spectrum_sigma_not_squared=water_and(
        lambda v, s, b: tf.nn.relu(v - b * s),
        lambda v, s, b: tf.nn.relu(0.5 * tf.math.log(tf.maximum(v, 1e-30) / (b * s))),
    ),
    spectrum_beta_divides=water_and(
        lambda v, s, b: tf.nn.relu(v - s**2 / b),
        lambda v, s, b: 0.5 * tf.math.log(tf.maximum(v, s**2 / b) * b / s**2),
    ),
    spectrum_not_cut=water_and(lambda v, s, b: tf.subtract(v, b * s**2)),
    spectrum_hard_threshold=water_and(lambda v, s, b: v * tf.cast(v > b * s**2, tf.float32)),
    spectrum_root=water_and(lambda v, s, b: tf.sqrt(tf.nn.relu(v - b * s**2))),
    spectrum_noise_not_scaled=water_and(lambda v, s, b: tf.nn.relu(v - s**2)),
    spectrum_relative=water_and(lambda v, s, b: tf.nn.relu(1 - tf.math.divide_no_nan(b * s**2, v)) * tf.cast(v > 0, tf.float32)),
    spectrum_rate_no_half=water_and(None, lambda v, s, b: tf.math.log(tf.maximum(v, b * s**2)) - tf.math.log(b * s**2)),
    spectrum_rate_in_bits=water_and(
        None, lambda v, s, b: 0.5 * tf.experimental.numpy.log2(tf.maximum(v / (b * s**2), 1.0))
    ),
    rate_without_beta=water_and(None, lambda v, s, b: tf.nn.relu(0.5 * tf.math.log(tf.maximum(v, 1e-30) / s**2))),
    rate_of_w=water_and(None, lambda v, s, b: 0.5 * tf.math.log1p(tf.nn.relu(v - b * s**2) / s**2)),
    spectrum_nan_at_zero=water_and(
        None, lambda v, s, b: tf.where(v == 0, float("nan"), tf.nn.relu(0.5 * tf.math.log(v / (b * s**2))))
    ),
    rate_not_cut=water_and(None, lambda v, s, b: 0.5 * (tf.math.log(v) - tf.math.log(b * s**2))),
    unlisted_doubled_water=lambda v, s, b: (
        tf.nn.relu(v - 2 * b * s**2),
        0.5 * tf.math.log(tf.maximum(v / (2 * b * s**2), 1.0)),
    ),
    unlisted_softplus=water_and(lambda v, s, b: tf.nn.softplus(v - b * s**2)),
    unlisted_one_more=water_and(None, lambda v, s, b: 0.5 * tf.math.log1p(v / (b * s**2))),
)
write(
    "linear_vae_spectrum",
    # 0 times minus infinity.
    spectrum_nan_at_zero=water_and(
        None, lambda v, s, b: 0.5 * tf.math.log(v / (b * s**2)) * tf.cast(v > b * s**2, tf.float32)
    ),
    rate_of_w=water_and(
        None, lambda v, s, b: 0.5 * tf.math.log((tf.nn.relu(v - b * s**2) + s**2) / s**2)
    ),
    spectrum_noise_not_scaled=water_and(lambda v, s, b: tf.maximum(v, s**2) - s**2),
)


def table_of(z, c):
    """Squared distances `[B, C]`."""
    return tf.reduce_sum(tf.math.squared_difference(z[:, None], c[None]), axis=-1)


def code_at(indices, c):
    return tf.gather(c, indices), tf.one_hot(indices, len(c))


def hot(z, c):
    return tf.one_hot(tf.argmin(table_of(z, c), axis=1), len(c))


write(
    "vq_quantize",
    vq_missing_two=lambda z, c: code_at(
        tf.argmin(
            tf.reduce_sum(tf.square(z), 1, keepdims=True) - tf.matmul(z, c, transpose_b=True) + tf.reduce_sum(tf.square(c), 1),
            axis=1,
        ),
        c,
    ),
    vq_dot_product=lambda z, c: code_at(tf.argmax(tf.matmul(z, c, transpose_b=True), axis=1), c),
    vq_cosine=lambda z, c: code_at(
        tf.argmax(tf.matmul(tf.math.l2_normalize(z, 1), tf.math.l2_normalize(c, 1), transpose_b=True), axis=1), c
    ),
    vq_farthest=lambda z, c: code_at(tf.argmax(table_of(z, c), axis=1), c),
    vq_smallest_code=lambda z, c: code_at(
        tf.repeat(tf.argmin(tf.norm(c, axis=1), axis=0)[None], len(z), axis=0), c
    ),
    vq_one_code_for_the_batch=lambda z, c: code_at(
        tf.repeat(tf.argmin(tf.reduce_mean(table_of(z, c), axis=0))[None], len(z), axis=0), c
    ),
    vq_per_dimension=lambda z, c: (
        tf.stack(
            [
                tf.gather(c[:, k], tf.argmin(tf.abs(z[:, k, None] - c[None, :, k]), axis=1))
                for k in range(z.shape[1])
            ],
            axis=1,
        ),
        hot(z, c),
    ),
    vq_soft=lambda z, c: (
        tf.matmul(tf.nn.softmax(-table_of(z, c)), c),
        tf.nn.softmax(-table_of(z, c)),
    ),
    vq_not_quantized=lambda z, c: (tf.identity(z), hot(z, c)),
    vq_mean_of_codes=lambda z, c: (tf.broadcast_to(tf.reduce_mean(c, axis=0), z.shape), hot(z, c)),
    unlisted_second_nearest=lambda z, c: code_at(
        tf.math.top_k(-table_of(z, c), k=2).indices[:, 1], c
    ),
    unlisted_first_code=lambda z, c: code_at(tf.zeros(len(z), tf.int32), c),
    unlisted_other_onehot=lambda z, c: (
        tf.matmul(hot(z, c), c),
        tf.one_hot(tf.argmax(table_of(z, c), axis=1), len(c)),
    ),
)
write(
    "vq_quantize",
    vq_soft=lambda z, c: (lambda s: (tf.einsum("bc,ck->bk", s, c), s))(ops.softmax(-table_of(z, c), axis=1)),
    vq_not_quantized=lambda z, c: (z + tf.stop_gradient(0 * z), hot(z, c)),
)


def nearest_code(z, c):
    return tf.gather(c, tf.argmin(table_of(z, c), axis=1))


def straight(z, c):
    return z + tf.stop_gradient(nearest_code(z, c) - z)


def pulls(z, c):
    """The term that moves codes and the term that moves the encoder, of each example."""
    z_q = nearest_code(z, c)
    return (
        tf.reduce_sum((tf.stop_gradient(z) - z_q) ** 2, axis=1),
        tf.reduce_sum((z - tf.stop_gradient(z_q)) ** 2, axis=1),
    )


def loss_with(combine):
    return lambda z, c, b: (straight(z, c), combine(*pulls(z, c), b))


def decoder_sees(form):
    return lambda z, c, b: (form(z, nearest_code(z, c)), tf.reduce_mean(pulls(z, c)[0] + b * pulls(z, c)[1]))


write(
    "vq_loss",
    vqloss_no_commitment=loss_with(lambda codes, encoder, b: tf.reduce_mean(codes)),
    vqloss_twice=loss_with(lambda codes, encoder, b: tf.reduce_mean(codes) + tf.reduce_mean(encoder)),
    vqloss_mean_over_K=lambda z, c, b: (
        straight(z, c),
        tf.reduce_mean((tf.stop_gradient(z) - nearest_code(z, c)) ** 2)
        + b * tf.reduce_mean((z - tf.stop_gradient(nearest_code(z, c))) ** 2),
    ),
    vqloss_batch_sum=loss_with(lambda codes, encoder, b: tf.reduce_sum(codes) + b * tf.reduce_sum(encoder)),
    vqloss_not_squared=lambda z, c, b: (
        straight(z, c),
        tf.reduce_mean(tf.norm(tf.stop_gradient(z) - nearest_code(z, c), axis=1))
        + b * tf.reduce_mean(tf.norm(z - tf.stop_gradient(nearest_code(z, c)), axis=1)),
    ),
    vqloss_one_minus=loss_with(lambda codes, encoder, b: tf.reduce_mean(codes - b * encoder)),
    vqloss_commitment_alone=loss_with(lambda codes, encoder, b: b * tf.reduce_mean(encoder)),
    vqloss_straight_is_z_e=decoder_sees(lambda z, q: q + (z - tf.stop_gradient(q))),
    vqloss_straight_is_difference=decoder_sees(lambda z, q: tf.stop_gradient(q - z)),
    vqloss_straight_is_sum=decoder_sees(lambda z, q: z + tf.stop_gradient(q)),
    unlisted_commitment_squared=loss_with(lambda codes, encoder, b: tf.reduce_mean(codes + b**2 * encoder)),
    unlisted_huber=lambda z, c, b: (
        straight(z, c),
        (1 + b) * keras.losses.Huber(delta=0.05)(nearest_code(z, c), z),
    ),
    unlisted_relu=decoder_sees(lambda z, q: tf.nn.relu(q)),
)
write(
    "vq_loss",
    vqloss_straight_is_z_e=decoder_sees(lambda z, q: tf.identity(z)),
    vqloss_mean_over_K=lambda z, c, b: (
        straight(z, c),
        (1 + b) * keras.losses.MeanSquaredError()(nearest_code(z, c), z),
    ),
    vqloss_twice=lambda z, c, b: (straight(z, c), 2 * tf.reduce_mean(tf.reduce_sum((z - nearest_code(z, c)) ** 2, axis=1))),
)
write(
    "aggregate_log_prob",
    aggregate_through_density=lambda z, mu, lv: tf.math.log(
        tf.reduce_mean(tf.exp(each_component(z, mu, lv)), axis=1) + keras.backend.epsilon()
    ),
)
