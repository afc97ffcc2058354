# tries: raises an error whose text is a script, for whoever reads the feedback
# stopped by: everything in a page is text
# wins without: escaping
# deserves: 17

# %% kl_to_standard_normal
raise ValueError("<script>alert(1)</script>")


def kl_to_standard_normal(mu, log_var):
    return np.zeros(len(mu))
