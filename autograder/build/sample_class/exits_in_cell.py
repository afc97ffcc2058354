"""A student whose cell ends the process as soon as it runs; another answer prints without end."""


# %% question="kl_to_standard_normal"
def kl_to_standard_normal(mu, log_var):
    return 0.5 * tf.reduce_sum(mu**2 + tf.exp(log_var) - log_var - 1, axis=-1)


import os

os._exit(1)


# %% question="elbo_identity_terms"
def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    while True:
        print("still thinking about Jensen's inequality", flush=True)
