"""Wrong answers to a06, spelled in TensorFlow, Keras and TensorFlow Probability instead of the NumPy of its modules."""

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

tfd = tfp.distributions
tfb = tfp.bijectors
ops = keras.ops
WRITTEN = []  # (question, name of the mistake or "", function)


def write(question, **answers):
    WRITTEN.extend((question, "" if name.startswith("unlisted") else name, answer) for name, answer in answers.items())


def diagonal(mu, sigma):
    return tfd.MultivariateNormalDiag(loc=mu, scale_diag=sigma)


def quadratic(z, mu, log_var, distance):
    return -0.5 * tf.reduce_sum(np.log(2 * np.pi) + log_var + distance, axis=1)


write(
    "gaussian_log_pdf",
    pdf_listing1=lambda z, mu, var: diagonal(mu, tf.maximum(tf.sqrt(var), 1e-4)).log_prob(z + 1e-4),
    pdf_shifted_z=lambda z, mu, var: diagonal(mu, tf.sqrt(var)).log_prob(tf.add(z, 1e-4)),
    pdf_floored_sigma=lambda z, mu, var: diagonal(mu, tf.clip_by_value(tf.sqrt(var), 1e-4, 1e4)).log_prob(z),
    pdf_var_plus_eps=lambda z, mu, var: diagonal(mu, tf.sqrt(var + 1e-6)).log_prob(z),
    pdf_squared_variance=lambda z, mu, var: quadratic(z, mu, tf.math.log(var), tf.square((z - mu) / var)),
    pdf_var_as_sigma=lambda z, mu, var: diagonal(mu, var).log_prob(z),
    pdf_sigma_in_quadratic=lambda z, mu, var: quadratic(z, mu, tf.math.log(var), tf.square(z - mu) / tf.sqrt(var)),
    pdf_log_var_missing=lambda z, mu, var: quadratic(z, mu, 0.0, tf.square(z - mu) / var),
    pdf_2pi_missing=lambda z, mu, var: -0.5 * tf.reduce_sum(tf.math.log(var) + (z - mu) ** 2 / var, axis=1),
    pdf_var_as_log_var=lambda z, mu, var: diagonal(mu, tf.exp(var / 2)).log_prob(z),
    unlisted_laplace=lambda z, mu, var: tf.reduce_sum(tfd.Laplace(mu, tf.sqrt(var)).log_prob(z), -1),
    unlisted_unit=lambda z, mu, var: diagonal(mu, tf.ones_like(var)).log_prob(z),
)


def dot(u, w):
    return tf.reduce_sum(tf.multiply(u, w))


def m(a):
    return tf.math.softplus(a) - 1.0


write(
    "planar_u_hat",
    planar_uhat_softplus_without_minus1=lambda u, w: u + (tf.nn.softplus(dot(u, w)) - dot(u, w)) * w / dot(w, w),
    planar_uhat_forgot_subtract_wu=lambda u, w: u + m(dot(u, w)) * w / tf.norm(w) ** 2,
    planar_uhat_along_u=lambda u, w: u + (m(dot(u, w)) - dot(u, w)) * u / dot(u, u),
    planar_uhat_clipped=lambda u, w: u + tf.nn.relu(-1.0 - dot(u, w)) * w / dot(w, w),
    planar_uhat_only_where_needed=lambda u, w: tf.where(
        dot(u, w) < -1, u + (m(dot(u, w)) - dot(u, w)) * w / dot(w, w), u
    ),
    planar_uhat_not_normalised=lambda u, w: u + (m(dot(u, w)) - dot(u, w)) * w,
    planar_uhat_norm_not_squared=lambda u, w: u + (m(dot(u, w)) - dot(u, w)) * tf.math.l2_normalize(w),
    planar_uhat_sign=lambda u, w: u - (m(dot(u, w)) - dot(u, w)) * w / dot(w, w),
    planar_uhat_unchanged=lambda u, w: tf.identity(u),
    planar_uhat_overflow=lambda u, w: u + (tf.math.log(1 + tf.exp(dot(u, w))) - 1 - dot(u, w)) * w / dot(w, w),
    unlisted_tanh=lambda u, w: u + (tf.tanh(dot(u, w)) - dot(u, w)) * w / dot(w, w),
    unlisted_half=lambda u, w: u + (m(dot(u, w)) - dot(u, w)) * w / (2 * dot(w, w)),
)


def column(z, w, b):
    return tf.matmul(z, w[:, None]) + b


write(
    "planar_forward",
    planar_forgot_residual=lambda z, u, w, b: u * tf.tanh(column(z, w, b)),
    planar_minus=lambda z, u, w, b: z - u * tf.tanh(column(z, w, b)),
    planar_sigmoid=lambda z, u, w, b: z + u * tf.sigmoid(column(z, w, b)),
    planar_relu=lambda z, u, w, b: z + u * ops.relu(column(z, w, b)),
    planar_linear=lambda z, u, w, b: z + u * column(z, w, b),
    planar_elementwise_w=lambda z, u, w, b: tf.add(z, u * tf.tanh(tf.multiply(z, w) + b)),
    planar_bias_outside=lambda z, u, w, b: z + u * tf.tanh(column(z, w, 0.0)) + b,
    planar_bias_missing=lambda z, u, w, b: z + u * tf.tanh(column(z, w, 0.0)),
    planar_u_and_w_swapped=lambda z, u, w, b: z + w * tf.tanh(column(z, u, b)),
    planar_constrains_again=lambda z, u, w, b: z
    + (u + (m(dot(u, w)) - dot(u, w)) * w / dot(w, w)) * tf.tanh(column(z, w, b)),
    planar_tanh_by_hand=lambda z, u, w, b: z
    + u * ((lambda a: (tf.exp(a) - tf.exp(-a)) / (tf.exp(a) + tf.exp(-a)))(column(z, w, b))),
    planar_one_step_for_the_batch=lambda z, u, w, b: z + u * tf.reduce_mean(tf.tanh(column(z, w, b))),
    unlisted_softsign=lambda z, u, w, b: z + u * tf.nn.softsign(column(z, w, b)),
    unlisted_scaled=lambda z, u, w, b: z + 0.5 * u * tf.tanh(column(z, w, b)),
)


def pre(z, w, b):
    return tf.linalg.matvec(z, w) + b


def ones_minus_square(a):
    return 1.0 - tf.square(tf.tanh(a))


def log_abs(value):
    return tf.math.log(tf.abs(value))


write(
    "planar_log_det",
    logdet_sign_flipped=lambda z, u, w, b: -log_abs(1 + dot(u, w) * ones_minus_square(pre(z, w, b))),
    logdet_no_abs=lambda z, u, w, b: tf.math.log(1 + dot(u, w) * ones_minus_square(pre(z, w, b))),
    logdet_abs_of_the_dot=lambda z, u, w, b: tf.math.log1p(tf.abs(dot(u, w) * ones_minus_square(pre(z, w, b)))),
    logdet_clipped=lambda z, u, w, b: tf.math.log(tf.maximum(1 + dot(u, w) * ones_minus_square(pre(z, w, b)), 1e-6)),
    logdet_no_log=lambda z, u, w, b: tf.abs(1 + dot(u, w) * ones_minus_square(pre(z, w, b))),
    logdet_tanh_not_derivative=lambda z, u, w, b: log_abs(1 + dot(u, w) * tf.tanh(pre(z, w, b))),
    logdet_derivative_wrong_1_minus_tanh=lambda z, u, w, b: log_abs(1 + dot(u, w) * (1 - tf.tanh(pre(z, w, b)))),
    logdet_derivative_plus=lambda z, u, w, b: log_abs(1 + dot(u, w) * (1 + tf.tanh(pre(z, w, b)) ** 2)),
    logdet_derivative_of_sigmoid=lambda z, u, w, b: log_abs(
        1 + dot(u, w) * tf.sigmoid(pre(z, w, b)) * (1 - tf.sigmoid(pre(z, w, b)))
    ),
    logdet_sum_instead_of_dot=lambda z, u, w, b: log_abs(1 + tf.reduce_sum(u + w) * ones_minus_square(pre(z, w, b))),
    logdet_u_norm=lambda z, u, w, b: log_abs(1 + dot(u, u) * ones_minus_square(pre(z, w, b))),
    logdet_w_norm=lambda z, u, w, b: log_abs(1 + dot(w, w) * ones_minus_square(pre(z, w, b))),
    logdet_elementwise=lambda z, u, w, b: tf.reduce_sum(
        log_abs(1 + u * w * ones_minus_square(pre(z, w, b))[:, None]), -1
    ),
    logdet_at_output=lambda z, u, w, b: log_abs(
        1 + dot(u, w) * ones_minus_square(pre(z + u * tf.tanh(column(z, w, b)), w, b))
    ),
    logdet_trace_approx=lambda z, u, w, b: dot(u, w) * ones_minus_square(pre(z, w, b)),
    logdet_forgot_bias=lambda z, u, w, b: log_abs(1 + dot(u, w) * ones_minus_square(pre(z, w, 0.0))),
    logdet_constrains_u=lambda z, u, w, b: log_abs(1 + m(dot(u, w)) * ones_minus_square(pre(z, w, b))),
    unlisted_twice=lambda z, u, w, b: log_abs(1 + 2 * dot(u, w) * ones_minus_square(pre(z, w, b))),
    unlisted_softplus=lambda z, u, w, b: tf.nn.softplus(dot(u, w) * ones_minus_square(pre(z, w, b))),
)

write(
    "radial_beta_hat",
    radial_plus_alpha=lambda alpha, beta: tf.nn.softplus(beta) + alpha,
    radial_no_alpha=lambda alpha, beta: tf.nn.softplus(beta),
    radial_raw=lambda alpha, beta: tf.constant(beta),
    radial_raw_shifted=lambda alpha, beta: tf.subtract(beta, alpha),
    radial_clipped=lambda alpha, beta: tf.maximum(-alpha, beta),
    radial_exp=lambda alpha, beta: tf.exp(beta) - alpha,
    radial_softplus_of_alpha=lambda alpha, beta: tf.nn.softplus(beta) - tf.nn.softplus(alpha),
    radial_minus_one=lambda alpha, beta: tf.nn.softplus(beta) - 1.0,
    radial_softplus_overflow=lambda alpha, beta: tf.math.log(1.0 + tf.exp(beta)) - alpha,
    unlisted_relu=lambda alpha, beta: tf.nn.relu(beta) - alpha,
    unlisted_sigmoid=lambda alpha, beta: tf.sigmoid(beta) - alpha,
)


def norms(z, z_ref):
    return tf.norm(z - z_ref, axis=1, keepdims=True)


write(
    "radial_forward",
    radial_direction_z=lambda z, c, a, b: z + b / (a + norms(z, c)) * z,
    radial_squared_radius=lambda z, c, a, b: z + b / (a + norms(z, c) ** 2) * (z - c),
    radial_alpha_beta_swapped=lambda z, c, a, b: z + a / (b + norms(z, c)) * (z - c),
    radial_l1_norm=lambda z, c, a, b: z + b / (a + tf.norm(z - c, ord=1, axis=1, keepdims=True)) * (z - c),
    radial_minus=lambda z, c, a, b: z - b / (a + norms(z, c)) * (z - c),
    radial_centre_ignored=lambda z, c, a, b: z + b / (a + norms(z, 0.0)) * z,
    radial_forgot_residual=lambda z, c, a, b: b / (a + norms(z, c)) * (z - c),
    radial_from_the_centre=lambda z, c, a, b: c + b / (a + norms(z, c)) * (z - c),
    radial_unit_direction=lambda z, c, a, b: z + b / (a + norms(z, c)) * ((z - c) / norms(z, c)),
    radial_one_radius_for_the_batch=lambda z, c, a, b: z + b / (a + tf.norm(z - c)) * (z - c),
    unlisted_exponential=lambda z, c, a, b: z + b * tf.exp(-a * norms(z, c)) * (z - c),
    unlisted_no_alpha=lambda z, c, a, b: z + b / (1.0 + norms(z, c)) * (z - c) * a,
)


def two_factors(z, c, a, b, r=None):
    """The factors across the radius and along it."""
    r = norms(z, c)[:, 0] if r is None else r
    h = 1.0 / (a + r)
    return 1 + b * h, 1 + b * h - b * h * h * r


def power(z):
    return float(z.shape[1] - 1)


def put_together(z, across, along):
    return power(z) * tf.math.log(across) + tf.math.log(along)


def along_is(along):
    """The radial factor as a function of (b, h, r)."""

    def answer(z, c, a, b):
        r = norms(z, c)[:, 0]
        h = 1.0 / (a + r)
        return put_together(z, 1 + b * h, along(b, h, r))

    return answer


write(
    "radial_log_det",
    rld_sign=lambda z, c, a, b: -put_together(z, *two_factors(z, c, a, b)),
    rld_power_d=lambda z, c, a, b: put_together(z, *two_factors(z, c, a, b)) + tf.math.log(two_factors(z, c, a, b)[0]),
    rld_missing_radial_factor=lambda z, c, a, b: power(z) * tf.math.log(two_factors(z, c, a, b)[0]),
    rld_only_radial_factor=lambda z, c, a, b: tf.math.log(two_factors(z, c, a, b)[1]),
    rld_power_missing=lambda z, c, a, b: tf.math.log(two_factors(z, c, a, b)[0] * two_factors(z, c, a, b)[1]),
    rld_isotropic=lambda z, c, a, b: z.shape[1] * tf.math.log(two_factors(z, c, a, b)[0]),
    rld_hprime_sign=along_is(lambda b, h, r: 1 + b * h + b * r / tf.square(1 / h)),
    rld_hprime_not_times_r=along_is(lambda b, h, r: 1 + b * h - b * tf.square(h)),
    rld_hprime_not_squared=along_is(lambda b, h, r: 1 + b * h - b * h * r),
    rld_alpha_missing=along_is(lambda b, h, r: 1 + b * tf.square(h)),
    rld_no_log=lambda z, c, a, b: tf.pow(two_factors(z, c, a, b)[0], power(z)) * two_factors(z, c, a, b)[1],
    rld_squared_radius=lambda z, c, a, b: put_together(z, *two_factors(z, c, a, b, norms(z, c)[:, 0] ** 2)),
    rld_centre_ignored=lambda z, c, a, b: put_together(z, *two_factors(z, 0.0, a, b)),
    rld_one_radius_for_the_batch=lambda z, c, a, b: put_together(
        z, *two_factors(z, c, a, b, tf.norm(z - c) * tf.ones(len(z)))
    ),
    rld_at_output=lambda z, c, a, b: put_together(z, *two_factors(z + b / (a + norms(z, c)) * (z - c), c, a, b)),
    rld_ratio_of_radii=lambda z, c, a, b: put_together(
        z, (norms(z + b / (a + norms(z, c)) * (z - c), c) / norms(z, c))[:, 0], two_factors(z, c, a, b)[1]
    ),
    rld_alpha_beta_swapped=lambda z, c, a, b: put_together(z, *two_factors(z, c, b, a)),
    unlisted_minus=lambda z, c, a, b: put_together(z, *two_factors(z, c, a, -b)),
    unlisted_twice_h=lambda z, c, a, b: put_together(z, *two_factors(z, c, a, 2 * b)),
)


def kept_and(z, second):
    return tf.concat([z[:, :2], second], axis=1)


write(
    "coupling_forward",
    coupling_shift_first=lambda z, s, t: kept_and(z, (z[:, 2:] + t) * tf.exp(s)),
    coupling_transforms_both_halves=lambda z, s, t: z * tf.tile(tf.exp(s), [1, 2]) + tf.tile(t, [1, 2]),
    coupling_wrong_half=lambda z, s, t: tf.concat([z[:, :2] * tf.exp(s) + t, z[:, 2:]], 1),
    coupling_interleaved=lambda z, s, t: tf.reshape(
        tf.stack([z[:, ::2], z[:, 1::2] * tf.exp(s) + t], axis=-1), (-1, 4)
    ),
    coupling_halves_swapped=lambda z, s, t: tf.roll(kept_and(z, z[:, 2:] * tf.exp(s) + t), 2, axis=1),
    coupling_no_exp=lambda z, s, t: kept_and(z, z[:, 2:] * s + t),
    coupling_scale_sign=lambda z, s, t: kept_and(z, z[:, 2:] / tf.exp(s) + t),
    coupling_minus_shift=lambda z, s, t: kept_and(z, z[:, 2:] * tf.exp(s) - t),
    coupling_no_shift=lambda z, s, t: kept_and(z, z[:, 2:] * tf.exp(s)),
    coupling_no_residual=lambda z, s, t: kept_and(z, z[:, 2:] + tf.exp(s) + t),
    unlisted_softplus=lambda z, s, t: kept_and(z, z[:, 2:] * tf.nn.softplus(s) + t),
    unlisted_half=lambda z, s, t: kept_and(z, z[:, 2:] * tf.exp(s / 2) + t),
)

write(
    "coupling_inverse",
    inverse_is_forward=lambda z, s, t: kept_and(z, z[:, 2:] * tf.exp(s) + t),
    inverse_scale_sign=lambda z, s, t: kept_and(z, (z[:, 2:] - t) * tf.exp(s)),
    inverse_shift_after_scale=lambda z, s, t: kept_and(z, z[:, 2:] / tf.exp(s) - t),
    inverse_plus_shift=lambda z, s, t: kept_and(z, (z[:, 2:] + t) / tf.exp(s)),
    inverse_both_halves=lambda z, s, t: (z - tf.tile(t, [1, 2])) / tf.exp(tf.tile(s, [1, 2])),
    inverse_wrong_half=lambda z, s, t: tf.concat([(z[:, :2] - t) / tf.exp(s), z[:, 2:]], 1),
    inverse_no_shift=lambda z, s, t: kept_and(z, z[:, 2:] / tf.exp(s)),
    inverse_no_exp=lambda z, s, t: kept_and(z, (z[:, 2:] - t) / s),
    inverse_of_minus=lambda z, s, t: kept_and(z, -(z[:, 2:] * tf.exp(s) + t)),
    unlisted_scaled_shift=lambda z, s, t: kept_and(z, z[:, 2:] * tf.exp(-s) - t * tf.exp(s)),
    unlisted_zero=lambda z, s, t: kept_and(z, 0 * z[:, 2:]),
)

write(
    "coupling_log_det",
    coupling_logdet_exp=lambda s: tf.reduce_sum(tf.exp(s), 1),
    coupling_logdet_det_not_log=lambda s: tf.reduce_prod(tf.exp(s), 1),
    coupling_logdet_sign=lambda s: tf.reduce_sum(-s, 1),
    coupling_logdet_abs=lambda s: tf.reduce_sum(tf.abs(s), 1),
    coupling_logdet_logabs_s=lambda s: tf.reduce_sum(tf.math.log(tf.abs(s)), 1),
    coupling_logdet_mean=lambda s: tf.reduce_mean(s, 1),
    coupling_logdet_both_halves=lambda s: tf.reduce_sum(tf.tile(s, [1, 2]), 1),
    coupling_logdet_first_only=lambda s: tf.gather(s, 0, axis=1),
    unlisted_max=lambda s: tf.reduce_max(s, 1),
    unlisted_difference=lambda s: s[:, 0] - s[:, 1],
)


def log_gate(s):
    return tf.reduce_sum(-tf.nn.softplus(-s), axis=1)


def mixed(z, m, gate):
    return m + gate * (z - m)


write(
    "iaf_step",
    iaf_logdet_sign=lambda z, m, s: (mixed(z, m, tf.sigmoid(s)), -log_gate(s)),
    iaf_logdet_sigma_not_log=lambda z, m, s: (mixed(z, m, tf.sigmoid(s)), tf.reduce_sum(tf.sigmoid(s), 1)),
    iaf_logdet_is_sum_of_s=lambda z, m, s: (mixed(z, m, tf.sigmoid(s)), tf.reduce_sum(s, 1)),
    iaf_logdet_of_other_gate=lambda z, m, s: (mixed(z, m, tf.sigmoid(s)), log_gate(-s)),
    iaf_log_of_sigmoid=lambda z, m, s: (
        mixed(z, m, tf.sigmoid(s)),
        tf.reduce_sum(tf.math.log(tf.sigmoid(s)), 1),
    ),
    iaf_no_gate_on_m=lambda z, m, s: (tf.sigmoid(s) * z + m, log_gate(s)),
    iaf_gate_swapped=lambda z, m, s: (mixed(m, z, tf.sigmoid(s)), log_gate(s)),
    iaf_both_gates=lambda z, m, s: (tf.sigmoid(s) * (m + z), log_gate(s)),
    iaf_exp_form=lambda z, m, s: (z * tf.exp(s) + m, tf.reduce_sum(s, -1)),
    iaf_no_sigmoid=lambda z, m, s: (mixed(z, m, s), tf.reduce_sum(tf.math.log(tf.abs(s)), 1)),
    unlisted_tanh=lambda z, m, s: (mixed(z, m, tf.tanh(s)), log_gate(s)),
    unlisted_mean_of_z=lambda z, m, s: (mixed(z, tf.zeros_like(m), tf.sigmoid(s)), log_gate(s)),
)


def kick(v, step, slope, share):
    return tf.add(v, share * step * slope)


def kicks(first, second, old=False):
    def answer(z, v, step, score):
        middle = kick(v, step, score(z), first)
        new = tf.add(z, step * middle)
        return new, kick(middle, step, score(z if old else new), second)

    return answer


def drift_kick_drift(z, v, step, score):
    middle = z + step * v / 2
    pushed = v + step * score(middle)
    return middle + step * pushed / 2, pushed


write(
    "leapfrog_step",
    leap_euler=lambda z, v, step, score: (tf.add(z, step * v), tf.add(v, step * score(z))),
    leap_no_half_steps=kicks(1.0, 1.0),
    leap_symplectic_euler=kicks(1.0, 0.0),
    leap_missing_final_half=kicks(0.5, 0.0),
    leap_missing_first_half=kicks(0.0, 0.5),
    leap_final_score_at_old_place=kicks(0.5, 0.5, old=True),
    leap_sign=lambda z, v, step, score: kicks(0.5, 0.5)(z, v, step, lambda z: -score(z)),
    leap_drift_first=drift_kick_drift,
    leap_position_with_old_velocity=lambda z, v, step, score: (tf.add(z, step * v), kicks(0.5, 0.5)(z, v, step, score)[1]),
    leap_backwards=lambda z, v, step, score: kicks(0.5, 0.5)(z, v, -step, score),
    unlisted_velocity_only=lambda z, v, step, score: (tf.identity(z), kicks(0.5, 0.5)(z, v, step, score)[1]),
    unlisted_half_step=lambda z, v, step, score: kicks(0.5, 0.5)(z, v, step / 2, score),
)

write(
    "flow_log_q",
    flow_logdet_added=lambda q, d: q + tf.reduce_sum(d, -1),
    flow_only_last_layer=lambda q, d: q - tf.unstack(d, axis=1)[-1],
    flow_only_first_layer=lambda q, d: q - tf.unstack(d, axis=1)[0],
    flow_mean_logdet=lambda q, d: q - tf.reduce_mean(d, -1),
    flow_log_of_sum_det=lambda q, d: q - tf.reduce_logsumexp(d, -1),
    flow_logdet_not_log=lambda q, d: q - tf.reduce_prod(tf.exp(d), -1),
    flow_absolute_logdets=lambda q, d: q - tf.norm(d, ord=1, axis=1),
    flow_logdets_of_the_batch=lambda q, d: q - tf.reduce_sum(d),
    flow_log_q_is_q0=lambda q, d: tf.identity(q),
    unlisted_product=lambda q, d: q - tf.reduce_prod(d, -1),
    unlisted_max=lambda q, d: q - tf.reduce_max(d, -1),
)

STANDARD = tfd.Normal(0.0, 1.0)
write(
    "flow_prior_term",
    flow_prior_at_z0=lambda z0, zK: tf.reduce_sum(STANDARD.log_prob(z0), -1),
    flow_prior_of_difference=lambda z0, zK: tf.reduce_sum(tfd.Normal(z0, 1.0).log_prob(zK), -1),
    flow_prior_positive_exponent=lambda z0, zK: tf.reduce_sum((zK**2 - np.log(2 * np.pi)) / 2, -1),
    flow_prior_2pi_missing=lambda z0, zK: -tf.nn.l2_loss(zK) * 0 - 0.5 * tf.reduce_sum(tf.square(zK), -1),
    flow_prior_2pi_once=lambda z0, zK: -0.5 * (tf.reduce_sum(tf.square(zK), -1) + np.log(2 * np.pi)),
    flow_prior_not_halved=lambda z0, zK: -tf.reduce_sum(tf.square(zK) + 0.5 * np.log(2 * np.pi), -1),
    flow_prior_at_both=lambda z0, zK: tf.reduce_sum(STANDARD.log_prob(z0) + STANDARD.log_prob(zK), -1),
    unlisted_cauchy=lambda z0, zK: tf.reduce_sum(tfd.Cauchy(0.0, 1.0).log_prob(zK), -1),
    unlisted_wide=lambda z0, zK: tf.reduce_sum(tfd.Normal(0.0, 2.0).log_prob(zK), -1),
)


def kl_of(q, d, p):
    return tf.add(q, -tf.reduce_sum(d, axis=-1)) - p


write(
    "flow_free_energy",
    flow_fe_negated=lambda q, d, p, y: tf.reduce_mean(y - kl_of(q, d, p)),
    flow_fe_ce_sign=lambda q, d, p, y: tf.reduce_mean(kl_of(q, d, p) + y),
    flow_fe_prior_added=lambda q, d, p, y: tf.reduce_mean(kl_of(q, d, -p) - y),
    flow_fe_logdet_added=lambda q, d, p, y: tf.reduce_mean(kl_of(q, -d, p) - y),
    flow_fe_logdet_missing=lambda q, d, p, y: tf.reduce_mean(q) - tf.reduce_mean(p) - tf.reduce_mean(y),
    flow_fe_logdet_mean=lambda q, d, p, y: tf.reduce_mean(q - tf.reduce_mean(d, 1) - p - y),
    flow_fe_logdet_last_step=lambda q, d, p, y: tf.reduce_mean(q - d[:, -1] - p - y),
    flow_fe_entropy_missing=lambda q, d, p, y: tf.reduce_mean(-tf.reduce_sum(d, 1) - p - y),
    flow_fe_prior_missing=lambda q, d, p, y: tf.reduce_mean(q - tf.reduce_sum(d, 1) - y),
    flow_fe_likelihood_missing=lambda q, d, p, y: tf.reduce_mean(kl_of(q, d, p)),
    flow_fe_listing1_copy=lambda q, d, p, y: tf.reduce_mean(kl_of(q, d, p) - (q - tf.reduce_sum(d, 1))),
    flow_fe_recon_summed_over_batch=lambda q, d, p, y: tf.reduce_mean(kl_of(q, d, p) + tf.reduce_sum(-y)),
    flow_fe_sum_over_batch=lambda q, d, p, y: tf.reduce_sum(kl_of(q, d, p) - y),
    flow_fe_kl_clipped=lambda q, d, p, y: tf.reduce_mean(tf.nn.relu(kl_of(q, d, p)) - y),
    flow_fe_kl_absolute=lambda q, d, p, y: tf.reduce_mean(tf.abs(kl_of(q, d, p)) - y),
    flow_fe_first_example=lambda q, d, p, y: (kl_of(q, d, p) - y)[0],
    unlisted_beta=lambda q, d, p, y: tf.reduce_mean(0.1 * kl_of(q, d, p) - y),
    unlisted_median=lambda q, d, p, y: tfp.stats.percentile(kl_of(q, d, p) - y, 50.0, interpolation="midpoint"),
)
