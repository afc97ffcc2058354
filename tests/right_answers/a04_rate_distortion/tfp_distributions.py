"""Answers to a04_rate_distortion with keras.ops and the distributions of TensorFlow Probability."""

# %% question="optimal_sigma"
def optimal_sigma(x, x_mu):
    sigma = keras.ops.sqrt(keras.ops.mean(keras.ops.square(x_mu - x)))
    decoder = tfd.MultivariateNormalDiag(loc=x_mu, scale_diag=sigma * tf.ones_like(x_mu))
    return sigma, -keras.ops.mean(decoder.log_prob(x))

# %% question="beta_vae_loss"
def beta_vae_loss(log_px_given_z, kl, beta):
    elbo = keras.ops.mean(log_px_given_z, axis=0) - beta * keras.ops.convert_to_tensor(kl)
    return -keras.ops.mean(elbo)

# %% question="rda_lambda"
def rda_lambda(beta, sigma):
    return keras.ops.convert_to_tensor(1.0 / (2.0 * sigma * sigma * beta), "float32")

# %% question="rate_distortion_point"
def rate_distortion_point(p_x, q_z_given_x, p_z, p_x_given_z):
    kl = tfd.Categorical(probs=q_z_given_x).kl_divergence(
        tfd.Categorical(probs=tf.broadcast_to(p_z, q_z_given_x.shape))
    )
    log_p = tf.math.log(p_x_given_z)
    return tf.tensordot(p_x, kl, 1), -tf.einsum("x,xz,zx->", p_x, q_z_given_x, log_p)

# %% question="optimal_prior_and_decoder"
def optimal_prior_and_decoder(p_x, q_z_given_x):
    joint = keras.ops.expand_dims(p_x, 1) * keras.ops.convert_to_tensor(q_z_given_x)
    p_z = keras.ops.sum(joint, axis=0)
    return p_z, keras.ops.transpose(joint) / keras.ops.expand_dims(p_z, 1)

# %% question="rate_split"
def rate_split(p_x, q_z_given_x, p_z):
    q_z = tf.einsum("x,xz->z", p_x, q_z_given_x)
    mixture = tfd.Categorical(probs=q_z)
    rows = tfd.Categorical(probs=q_z_given_x)
    information = mixture.entropy() - tf.reduce_sum(p_x * rows.entropy())
    return information, mixture.kl_divergence(tfd.Categorical(probs=p_z))

# %% question="aggregate_log_prob"
def aggregate_log_prob(z, mu, log_var):
    B = mu.shape[0]
    mixture = tfd.MixtureSameFamily(
        tfd.Categorical(logits=tf.zeros(B)),
        tfd.MultivariateNormalDiag(mu, tf.exp(0.5 * tf.convert_to_tensor(log_var))),
    )
    return mixture.log_prob(z)

# %% question="active_units"
def active_units(mu, threshold):
    activity = keras.ops.var(mu, axis=0)
    return activity, keras.ops.sum(keras.ops.cast(keras.ops.greater(activity, threshold), "float32"))

# %% question="linear_vae_spectrum"
def linear_vae_spectrum(eigenvalues, sigma, beta):
    above = keras.ops.maximum(eigenvalues, beta * sigma**2)
    return above - beta * sigma**2, 0.5 * keras.ops.log(above / (beta * sigma**2))

# %% question="vq_quantize"
def vq_quantize(z_e, codebook):
    squares = keras.ops.sum(keras.ops.square(keras.ops.expand_dims(z_e, 1) - codebook), axis=-1)
    onehot = keras.ops.one_hot(keras.ops.argmin(squares, axis=1), codebook.shape[0])
    return keras.ops.matmul(onehot, codebook), onehot

# %% question="vq_loss"
def vq_loss(z_e, codebook, commitment):
    z_q, _ = vq_quantize(z_e, codebook)
    hold = keras.ops.stop_gradient
    square = lambda a, b: keras.ops.mean(keras.ops.sum((a - b) ** 2, axis=-1))
    loss = square(hold(keras.ops.convert_to_tensor(z_e)), z_q) + commitment * square(z_e, hold(z_q))
    return z_e + hold(z_q - z_e), loss
