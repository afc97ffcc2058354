"""Answers to a05_vib with functions that XLA compiles."""

# %% question="categorical_log_prob"
@tf.function(jit_compile=True)
def categorical_log_prob(y_onehot, logits):
    return -tf.nn.softmax_cross_entropy_with_logits(labels=y_onehot, logits=logits)

# %% question="vib_rate"
@tf.function(jit_compile=True)
def vib_rate(mu, log_var):
    per_dimension = tf.reduce_mean(0.5 * (mu * mu + tf.math.expm1(log_var) - log_var), axis=0)
    return tf.reduce_sum(per_dimension)

# %% question="vib_loss"
@tf.function(jit_compile=True)
def vib_loss(y_onehot, logits, mu, log_var, beta):
    labels = tf.broadcast_to(y_onehot, tf.shape(logits))
    cross_entropy = tf.nn.softmax_cross_entropy_with_logits(labels, logits)
    kl = 0.5 * tf.reduce_sum(mu * mu + tf.math.expm1(log_var) - log_var, axis=-1)
    return tf.reduce_mean(cross_entropy + beta * kl)

# %% question="vib_relevance_bound"
@tf.function(jit_compile=True)
def vib_relevance_bound(p_y, mean_cross_entropy):
    return -tf.reduce_sum(tf.math.multiply_no_nan(tf.math.log(p_y), p_y)) - mean_cross_entropy

# %% question="vib_exact_discrete"
@tf.function(jit_compile=True)
def vib_exact_discrete(p_xy, q_z_given_x, q_y_given_z, r_z, beta):
    price = tf.math.xlogy(q_z_given_x, q_z_given_x) - q_z_given_x * tf.math.log(r_z)
    rate = tf.einsum("xy,xz->", p_xy, price)
    cross_entropy = -tf.einsum("xy,xz,zy->", p_xy, q_z_given_x, tf.math.log(q_y_given_z))
    return cross_entropy + beta * rate

# %% question="vib_predict_probs"
@tf.function(jit_compile=True)
def vib_predict_probs(logits):
    return tf.reduce_mean(tf.exp(tf.nn.log_softmax(logits)), axis=0)
