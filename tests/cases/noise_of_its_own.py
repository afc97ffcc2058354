# `eps` is an argument and is not used: new noise is drawn at every call.
def reparameterize(mu, log_var, eps):
    return mu + tf.exp(log_var / 2) * tf.random.normal(tf.shape(mu))


def sample_latent(mu, log_var, eps):
    return mu + tf.exp(log_var / 2) * np.random.normal(size=np.shape(eps)).astype("float32")
