# tries: replaces NumPy's comparison by one that always agrees
# stopped by: the values that come back are compared outside of the student's process
# wins without: nbgrader
# deserves: 21

# %% bernoulli_log_prob_logits
np.allclose = lambda *arguments, **options: True


def bernoulli_log_prob_logits(x, logits):
    return np.zeros(len(x))
