"""A student whose sum never ends."""


# %% question="kl_to_standard_normal"
def kl_to_standard_normal(mu, log_var):
    k, total = 0, 0.0
    while k < mu.shape[-1]:
        total = total + 0.5 * (mu[:, k] ** 2 + tf.exp(log_var[:, k]) - log_var[:, k] - 1)
    return total
