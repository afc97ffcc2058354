"""Answers to a04_rate_distortion in NumPy; what must have a gradient is TensorFlow."""

# %% question="optimal_sigma"
def optimal_sigma(x, x_mu):
    residuals = (np.asarray(x)[None] - x_mu).astype(np.float64)
    variance = np.mean(residuals**2)
    D = x.shape[1]
    return np.sqrt(variance), 0.5 * D * np.log(2 * np.pi * np.e * variance)

# %% question="beta_vae_loss"
def beta_vae_loss(log_px_given_z, kl, beta):
    return beta * np.mean(kl) - np.mean(log_px_given_z)

# %% question="rda_lambda"
def rda_lambda(beta, sigma):
    return np.float64(0.5) * beta**-1 * sigma**-2

# %% question="rate_distortion_point"
def rate_distortion_point(p_x, q_z_given_x, p_z, p_x_given_z):
    rate = distortion = 0.0
    for x in range(len(p_x)):
        for z in range(len(p_z)):
            weight = float(p_x[x]) * float(q_z_given_x[x, z])
            if weight > 0:
                rate += weight * (np.log(q_z_given_x[x, z]) - np.log(p_z[z]))
                distortion -= weight * np.log(p_x_given_z[z, x])
    return rate, distortion

# %% question="optimal_prior_and_decoder"
def optimal_prior_and_decoder(p_x, q_z_given_x):
    joint = (q_z_given_x.T * p_x)
    p_z = joint.sum(axis=1)
    return p_z, joint / p_z[:, None]

# %% question="rate_split"
def rate_split(p_x, q_z_given_x, p_z):
    def entropy(p):
        p = np.asarray(p, np.float64)
        return -np.sum(np.where(p > 0, p * np.log(np.where(p > 0, p, 1.0)), 0.0), axis=-1)

    q_z = p_x.astype(np.float64) @ q_z_given_x
    information = entropy(q_z) - p_x @ entropy(q_z_given_x)
    return information, -entropy(q_z) - q_z @ np.log(p_z)

# %% question="aggregate_log_prob"
def aggregate_log_prob(z, mu, log_var):
    answers = []
    for point in z.astype(np.float64):
        logs = -0.5 * np.sum(np.log(2 * np.pi) + log_var + (point - mu) ** 2 / np.exp(log_var), axis=1)
        top = logs.max()
        answers.append(top + np.log(np.mean(np.exp(logs - top))))
    return np.array(answers)

# %% question="active_units"
def active_units(mu, threshold):
    activity = np.var(mu, axis=0)
    return activity, float(np.count_nonzero(activity > threshold))

# %% question="linear_vae_spectrum"
def linear_vae_spectrum(eigenvalues, sigma, beta):
    noise = beta * sigma**2
    keeps = eigenvalues > noise
    rate = np.zeros(len(eigenvalues))
    rate[keeps] = 0.5 * (np.log(eigenvalues[keeps]) - np.log(noise))
    return np.where(keeps, eigenvalues - noise, 0.0), rate

# %% question="vq_quantize"
def vq_quantize(z_e, codebook):
    onehot = np.zeros((len(z_e), len(codebook)), np.float32)
    for row, output in enumerate(np.asarray(z_e)):
        onehot[row, np.argmin(np.linalg.norm(codebook - output, axis=1))] = 1.0
    return onehot @ codebook, onehot

# %% question="vq_loss"
def vq_loss(z_e, codebook, commitment):
    z_e, codebook = tf.convert_to_tensor(z_e), tf.convert_to_tensor(codebook)
    square = (
        tf.reduce_sum(z_e**2, axis=1, keepdims=True)
        - 2 * z_e @ tf.transpose(codebook)
        + tf.reduce_sum(codebook**2, axis=1)
    )
    z_q = tf.one_hot(tf.argmin(square, axis=1), tf.shape(codebook)[0]) @ codebook
    codes = tf.reduce_mean(tf.reduce_sum((tf.stop_gradient(z_e) - z_q) ** 2, axis=1))
    encoder = tf.reduce_mean(tf.reduce_sum((z_e - tf.stop_gradient(z_q)) ** 2, axis=1))
    return z_e + tf.stop_gradient(z_q - z_e), codes + commitment * encoder
