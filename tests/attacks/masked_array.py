# tries: masks every number, so that no difference is left to see
# stopped by: masked arrays are sent as the numbers below the mask
# wins without: nbgrader
# deserves: 17

# %% kl_to_standard_normal
def kl_to_standard_normal(mu, log_var):
    return np.ma.masked_all(len(mu))
