"""Answers to a05_vib with TensorFlow in float32, close to the printed formulas."""

# %% question="categorical_log_prob"
def categorical_log_prob(y_onehot, logits):
    log_probs = logits - tf.reduce_logsumexp(logits, axis=-1, keepdims=True)
    return tf.reduce_sum(y_onehot * log_probs, axis=-1)

# %% question="vib_rate"
def vib_rate(mu, log_var):
    kl = 0.5 * tf.reduce_sum(tf.square(mu) + tf.exp(log_var) - log_var - 1.0, axis=-1)
    return tf.reduce_mean(kl)

# %% question="vib_loss"
def vib_loss(y_onehot, logits, mu, log_var, beta):
    log_likelihood = tf.reduce_mean(categorical_log_prob(y_onehot, logits), axis=0)
    return -tf.reduce_mean(log_likelihood) + beta * vib_rate(mu, log_var)

# %% question="vib_relevance_bound"
def vib_relevance_bound(p_y, mean_cross_entropy):
    entropy = -tf.reduce_sum(tf.math.xlogy(p_y, p_y))
    return entropy - mean_cross_entropy

# %% question="vib_exact_discrete"
def vib_exact_discrete(p_xy, q_z_given_x, q_y_given_z, r_z, beta):
    p_x = tf.reduce_sum(p_xy, axis=1)
    p_xyz = p_xy[:, :, None] * q_z_given_x[:, None, :]
    log_decoder = tf.math.log(tf.transpose(q_y_given_z))
    cross_entropy = -tf.reduce_sum(p_xyz * log_decoder[None, :, :])
    kl = tf.reduce_sum(tf.math.xlogy(q_z_given_x, q_z_given_x / r_z), axis=1)
    return cross_entropy + beta * tf.reduce_sum(p_x * kl)

# %% question="vib_predict_probs"
def vib_predict_probs(logits):
    return tf.reduce_mean(tf.nn.softmax(logits, axis=-1), axis=0)
