"""Wrong answers to a05, spelled in TensorFlow, Keras and TensorFlow Probability instead of the NumPy of its modules."""
import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

tfd = tfp.distributions
WRITTEN = []   # (question, name of the mistake or "", function)


def write(question, **answers):
    WRITTEN.extend((question, "" if name.startswith("unlisted") else name, answer) for name, answer in answers.items())


def xent(y, a):
    """Softmax cross-entropy of each row; y gains the axes of a."""
    return tf.nn.softmax_cross_entropy_with_logits(labels=tf.broadcast_to(y, tf.shape(a)), logits=a)


def sigmoid_xent(y, a):
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=tf.broadcast_to(y, tf.shape(a)), logits=tf.constant(a))


def log_bernoulli(y, a):
    return tfd.Bernoulli(logits=a).log_prob(y)


write(
    "categorical_log_prob",
    cat_sign_flipped=lambda y, a: keras.losses.categorical_crossentropy(y, a, from_logits=True),
    cat_no_logsumexp=lambda y, a: tf.einsum("bc,bc->b", y, a),
    cat_softmax_twice=lambda y, a: -xent(y, tf.nn.softmax(a)),
    cat_binary_ce=lambda y, a: tfd.Independent(tfd.Bernoulli(logits=a), 1).log_prob(y),
    cat_sigmoid_of_label=lambda y, a: tf.math.log_sigmoid(tf.reduce_sum(y * a, -1)),
    cat_log2=lambda y, a: -xent(y, a) / np.log(2.0).astype("float32"),
    cat_softmax_over_batch=lambda y, a: tf.reduce_sum(y * tf.nn.log_softmax(a, axis=0), -1),
    cat_prob_not_log=lambda y, a: tf.reduce_sum(y * tf.nn.softmax(a), axis=1),
    cat_all_classes=lambda y, a: tf.reduce_sum(tf.nn.log_softmax(a), axis=-1),
    cat_other_classes=lambda y, a: tf.reduce_sum(tf.where(y > 0, 0.0, tf.nn.log_softmax(a)), axis=-1),
    cat_best_class=lambda y, a: tf.reduce_max(a, -1) - tf.reduce_logsumexp(a, -1),
    cat_mean_over_classes=lambda y, a: tf.reduce_mean(y * tf.nn.log_softmax(a), axis=-1),
    cat_logsumexp_added=lambda y, a: tf.reduce_sum(y * a, -1) + tf.reduce_logsumexp(a, -1),
    cat_squared_error=lambda y, a: -tf.reduce_sum(tf.math.squared_difference(y, tf.nn.softmax(a)), -1),
    cat_through_probability=lambda y, a: tf.math.log(tf.reduce_sum(y * tf.nn.softmax(a), -1)),
    unlisted_hinge=lambda y, a: -tf.nn.relu(1 - tf.reduce_sum(y * a, -1)),
    unlisted_temperature=lambda y, a: -xent(y, a / 1.7),
)


def kl(mu, lv):
    return -0.5 * tf.reduce_sum(1 + lv - tf.square(mu) - tf.exp(lv), axis=-1)


def mean(rec, div, beta):
    return tf.reduce_mean(tf.reduce_mean(rec, 0) + beta * div)


def ce_with(form):
    return lambda y, a, mu, lv, beta: mean(form(y, a), kl(mu, lv), beta)


def kl_with(form):
    return lambda y, a, mu, lv, beta: mean(xent(y, a), form(mu, lv), beta)


write(
    "vib_loss",
    vib_beta_missing=lambda y, a, mu, lv, beta: tf.reduce_mean(xent(y, a)) + tf.reduce_mean(kl(mu, lv)),
    vib_beta_on_ce=lambda y, a, mu, lv, beta: beta * tf.reduce_mean(xent(y, a)) + tf.reduce_mean(kl(mu, lv)),
    vib_beta_on_both=lambda y, a, mu, lv, beta: beta * mean(xent(y, a), kl(mu, lv), 1.0),
    vib_one_minus_beta=lambda y, a, mu, lv, beta: mean((1 - beta) * xent(y, a), kl(mu, lv), beta),
    vib_beta_divides=lambda y, a, mu, lv, beta: mean(xent(y, a), kl(mu, lv), 1 / beta),
    vib_beta_plus_one=lambda y, a, mu, lv, beta: mean(xent(y, a), kl(mu, lv), 1.0) + beta * tf.reduce_mean(kl(mu, lv)),
    vib_ce_sign=lambda y, a, mu, lv, beta: mean(tfd.OneHotCategorical(logits=a).log_prob(y), kl(mu, lv), beta),
    vib_kl_sign=lambda y, a, mu, lv, beta: mean(xent(y, a), 0.5 * tf.reduce_sum(1 + lv - mu**2 - tf.exp(lv), 1), beta),
    vib_loss_negated=lambda y, a, mu, lv, beta: -mean(xent(y, a), kl(mu, lv), beta),
    vib_ce_base2=ce_with(lambda y, a: xent(y, a) / tf.math.log(2.0)),
    vib_all_base2=lambda y, a, mu, lv, beta: mean(xent(y, a), kl(mu, lv), beta) / tf.math.log(2.0),
    vib_first_sample_only=lambda y, a, mu, lv, beta: tf.reduce_mean(xent(y, a[0]) + beta * kl(mu, lv)),
    vib_sum_over_L=lambda y, a, mu, lv, beta: tf.reduce_mean(tf.reduce_sum(xent(y, a), 0) + beta * kl(mu, lv)),
    vib_ce_mean_over_classes=ce_with(lambda y, a: -tf.reduce_mean(y * tf.nn.log_softmax(a), axis=-1)),
    vib_double_softmax=ce_with(lambda y, a: xent(y, tf.nn.softmax(a))),
    vib_binary_ce=ce_with(lambda y, a: -tf.reduce_sum(log_bernoulli(y, a), axis=-1)),
    vib_mean_of_logits=lambda y, a, mu, lv, beta: tf.reduce_mean(xent(y, tf.reduce_mean(a, 0)) + beta * kl(mu, lv)),
    vib_log_of_mean_probability=lambda y, a, mu, lv, beta: tf.reduce_mean(
        tf.math.log(float(len(a))) - tf.reduce_logsumexp(-xent(y, a), axis=0) + beta * kl(mu, lv)
    ),
    vib_kl_missing=lambda y, a, mu, lv, beta: tf.reduce_mean(xent(y, a)),
    vib_ce_missing=lambda y, a, mu, lv, beta: beta * tf.reduce_mean(kl(mu, lv)),
    vib_kl_mean_over_latents=kl_with(lambda mu, lv: -0.5 * tf.reduce_mean(1 + lv - mu**2 - tf.exp(lv), axis=-1)),
    vib_kl_no_half=kl_with(lambda mu, lv: -tf.reduce_sum(1 + lv - mu**2 - tf.exp(lv), axis=-1)),
    vib_kl_scaled_by_L=lambda y, a, mu, lv, beta: tf.reduce_mean(
        tf.reduce_mean(xent(y, a), 0) + tf.reduce_sum(tf.stack([beta * kl(mu, lv)] * len(a)), 0)
    ),
    vib_kl_log_var_as_log_sigma=kl_with(
        lambda mu, lv: tf.reduce_sum(tfd.kl_divergence(tfd.Normal(mu, tf.exp(lv)), tfd.Normal(0.0, 1.0)), -1)
    ),
    vib_kl_std_for_variance=kl_with(lambda mu, lv: -0.5 * tf.reduce_sum(1 + lv - mu**2 - tf.exp(0.5 * lv), axis=-1)),
    vib_kl_reversed=kl_with(
        lambda mu, lv: tf.reduce_sum(tfd.kl_divergence(tfd.Normal(0.0, 1.0), tfd.Normal(mu, tf.exp(lv / 2))), -1)
    ),
    vib_batch_sum=lambda y, a, mu, lv, beta: tf.reduce_sum(tf.reduce_mean(xent(y, a), 0) + beta * kl(mu, lv)),
    vib_ce_batch_sum=lambda y, a, mu, lv, beta: tf.reduce_sum(tf.reduce_mean(xent(y, a), 0)) + beta * tf.reduce_mean(kl(mu, lv)),
    vib_kl_batch_sum=lambda y, a, mu, lv, beta: tf.reduce_mean(xent(y, a)) + beta * tf.reduce_sum(kl(mu, lv)),
    vib_through_probability=ce_with(
        lambda y, a: keras.losses.categorical_crossentropy(np.broadcast_to(y, a.shape), tf.nn.softmax(a))
    ),
    unlisted_squared_beta=lambda y, a, mu, lv, beta: mean(xent(y, a), kl(mu, lv), beta**2),
    unlisted_focal=ce_with(lambda y, a: (1 - tf.exp(-xent(y, a))) ** 2 * xent(y, a)),
)

write(
    "vib_predict_probs",
    vpp_softmax_of_mean_logits=lambda a: tf.nn.softmax(tf.reduce_mean(a, axis=0)),
    vpp_sum=lambda a: tf.reduce_sum(tf.nn.softmax(a), axis=0),
    vpp_softmax_over_samples=lambda a: tf.reduce_mean(keras.ops.softmax(a, axis=0), 0),
    vpp_softmax_over_batch=lambda a: tf.reduce_mean(keras.ops.softmax(a, axis=1), 0),
    vpp_first_sample=lambda a: tfd.OneHotCategorical(logits=a[0]).probs_parameter(),
    vpp_mean_logits=lambda a: tf.reduce_mean(a, 0),
    vpp_log_probs=lambda a: tf.math.log(tf.reduce_mean(tf.nn.softmax(a), 0)),
    vpp_geometric_mean=lambda a: tf.exp(tf.reduce_mean(tf.nn.log_softmax(a), 0)),
    vpp_sigmoid=lambda a: tf.reduce_mean(tf.sigmoid(a), 0),
    vpp_softmax_twice=lambda a: tf.nn.softmax(tf.reduce_mean(tf.nn.softmax(a), 0)),
    vpp_votes=lambda a: tf.reduce_mean(tf.one_hot(tf.argmax(a, -1), a.shape[-1]), 0),
    vpp_label=lambda a: tf.one_hot(tf.argmax(tf.reduce_mean(tf.nn.softmax(a), 0), -1), a.shape[-1]),
    vpp_largest_over_samples=lambda a: tf.reduce_max(tf.nn.softmax(a), axis=0),
    vpp_overflow=lambda a: tf.reduce_mean(tf.exp(a) / tf.reduce_sum(tf.exp(a), -1, keepdims=True), 0),
    unlisted_sharpened=lambda a: tf.reduce_mean(tf.nn.softmax(2.0 * a), 0),
    unlisted_smallest=lambda a: tf.reduce_min(tf.nn.softmax(a), axis=0),
)


def averaged(bracket):
    return lambda mu, lv: 0.5 * tf.reduce_mean(tf.reduce_sum(bracket(mu, lv), 1))


write(
    "vib_rate",
    rate_sum_over_batch=lambda mu, lv: tf.reduce_sum(kl(mu, lv)),
    rate_mean_over_latents=lambda mu, lv: -0.5 * tf.reduce_mean(1 + lv - tf.square(mu) - tf.exp(lv)),
    rate_no_half=averaged(lambda mu, lv: -2 * (1 + lv - mu**2 - tf.exp(lv))),
    rate_bits=lambda mu, lv: tf.reduce_mean(kl(mu, lv)) / tf.math.log(2.0),
    rate_negated=averaged(lambda mu, lv: 1 + lv - mu**2 - tf.exp(lv)),
    rate_of_mean_posterior=lambda mu, lv: kl(tf.reduce_mean(mu, 0), tf.reduce_mean(lv, 0)),
    rate_forgot_exp=averaged(lambda mu, lv: mu**2 + lv - lv - 1),
    rate_forgot_mean=averaged(lambda mu, lv: tf.math.expm1(lv) - lv),
    rate_mean_not_squared=averaged(lambda mu, lv: tf.math.expm1(lv) - lv + mu),
    rate_forgot_minus_one=averaged(lambda mu, lv: mu**2 + tf.exp(lv) - lv),
    rate_plus_log_var=averaged(lambda mu, lv: mu**2 + tf.math.expm1(lv) + lv),
    rate_std_for_variance=averaged(lambda mu, lv: mu**2 + tf.sqrt(tf.exp(lv)) - lv - 1),
    rate_log_var_as_log_sigma=lambda mu, lv: tf.reduce_mean(
        tf.reduce_sum(tfd.kl_divergence(tfd.Normal(mu, tf.exp(lv)), tfd.Normal(0.0, 1.0)), -1)
    ),
    rate_reversed=lambda mu, lv: tf.reduce_mean(
        tf.reduce_sum(tfd.kl_divergence(tfd.Normal(0.0, 1.0), tfd.Normal(mu, tf.exp(lv / 2))), -1)
    ),
    rate_cross_entropy_only=averaged(lambda mu, lv: mu**2 + tf.exp(lv) + float(np.log(2 * np.pi))),
    unlisted_largest=lambda mu, lv: tf.reduce_max(kl(mu, lv)),
    unlisted_absolute=averaged(lambda mu, lv: tf.abs(mu) + tf.math.expm1(lv) - lv),
)


def H(p):
    return tfd.Categorical(probs=p).entropy()


def h(p):
    p = np.asarray(p, np.float64)
    return float(-sum(q * np.log(q) for q in p if q > 0))


write(
    "vib_relevance_bound",
    rel_log_C=lambda p, ce: tf.math.log(float(len(p))) - ce,
    rel_bits=lambda p, ce: h(p) / np.log(2) - ce,
    rel_all_bits=lambda p, ce: (h(p) - ce) / np.log(2),
    rel_negated=lambda p, ce: ce - h(p),
    rel_added=lambda p, ce: h(p) + ce,
    rel_entropy_negated=lambda p, ce: tf.reduce_sum(tf.math.xlogy(p, p)) - ce,
    rel_entropy_only=lambda p, ce: h(p),
    rel_no_entropy=lambda p, ce: tf.negative(ce),
    rel_cut_at_zero=lambda p, ce: tf.nn.relu(h(p) - ce),
    rel_share=lambda p, ce: (h(p) - ce) / h(p),
    rel_mean_entropy=lambda p, ce: tf.reduce_mean(-tf.math.xlogy(p, p)) - ce,
    rel_sum_of_logs=lambda p, ce: -tf.reduce_sum(tf.math.log(p)) - ce,
    rel_gini=lambda p, ce: tf.reduce_sum(p * (1 - p)) - ce,
    rel_perplexity=lambda p, ce: np.exp(h(p)) - ce,
    rel_nan_at_zero=lambda p, ce: -tf.reduce_sum(p * tf.math.log(p)) - ce,
    unlisted_min_entropy=lambda p, ce: -tf.math.log(tf.reduce_max(p)) - ce,
    unlisted_half=lambda p, ce: h(p) - 0.5 * ce,
)


def D(p, q, d):
    return -tf.reduce_sum(tf.einsum("xy,xz->zy", p, q) * tf.math.log(d))


def R(p, q, r):
    return tf.reduce_sum(tf.reduce_sum(p, 1)[:, None] * tf.math.xlogy(q, q / r))


def p_z(p, q):
    return tf.linalg.matvec(tf.transpose(q), tf.reduce_sum(p, 1))


def tight(p, q):
    joint = tf.einsum("xy,xz->zy", p, q)
    return joint / tf.reduce_sum(joint, 1, keepdims=True)


write(
    "vib_exact_discrete",
    dvib_x_unweighted=lambda p, q, d, r, beta: D(p, q, d)
    + beta * tf.reduce_mean(tf.reduce_sum(tf.math.xlogy(q, q / r), 1)),
    dvib_r_missing=lambda p, q, d, r, beta: D(p, q, d)
    + beta * tf.einsum("xy,xz->", p, tf.math.xlogy(q, q)),
    dvib_beta_ignored=lambda p, q, d, r, beta: D(p, q, d) + R(p, q, r),
    dvib_beta_on_distortion=lambda p, q, d, r, beta: beta * D(p, q, d) + R(p, q, r),
    dvib_beta_on_both=lambda p, q, d, r, beta: beta * (D(p, q, d) + R(p, q, r)),
    dvib_kl_reversed=lambda p, q, d, r, beta: D(p, q, d) + beta * tf.einsum("xy,xz->", p, r * tf.math.log(r / q)),
    dvib_aggregated_kl=lambda p, q, d, r, beta: D(p, q, d) + beta * tf.reduce_sum(tf.math.xlogy(p_z(p, q), p_z(p, q) / r)),
    dvib_exact_mi_rate=lambda p, q, d, r, beta: D(p, q, d) + beta * R(p, q, p_z(p, q)),
    dvib_best_decoder=lambda p, q, d, r, beta: D(p, q, tight(p, q)) + beta * R(p, q, r),
    dvib_both_exact=lambda p, q, d, r, beta: D(p, q, tight(p, q)) + beta * R(p, q, p_z(p, q)),
    dvib_rate_subtracted=lambda p, q, d, r, beta: D(p, q, d) - beta * R(p, q, r),
    dvib_distortion_sign=lambda p, q, d, r, beta: beta * R(p, q, r) - D(p, q, d),
    dvib_rate_missing=lambda p, q, d, r, beta: D(p, q, d),
    dvib_distortion_missing=lambda p, q, d, r, beta: beta * R(p, q, r),
    dvib_log_of_mixture=lambda p, q, d, r, beta: beta * R(p, q, r) - tf.reduce_sum(p * tf.math.log(tf.matmul(q, d))),
    dvib_independent_labels=lambda p, q, d, r, beta: beta * R(p, q, r)
    - tf.einsum("z,y,zy->", p_z(p, q), tf.reduce_sum(p, 0), tf.math.log(d)),
    dvib_labels_given_x=lambda p, q, d, r, beta: D(p / tf.reduce_sum(p, 1, keepdims=True), q, d) + beta * R(p, q, r),
    dvib_nan_at_zero=lambda p, q, d, r, beta: D(p, q, d) + beta * tf.einsum("xy,xz->", p, q * tf.math.log(q / r)),
    dvib_all_bits=lambda p, q, d, r, beta: (D(p, q, d) + beta * R(p, q, r)) / tf.math.log(2.0),
    unlisted_squared_beta=lambda p, q, d, r, beta: D(p, q, d) + beta**2 * R(p, q, r),
    unlisted_uniform_reference=lambda p, q, d, r, beta: D(p, q, d) + beta * R(p, q, tf.ones_like(r) / len(r)),
)
