# tries: changes its inputs into ones whose answer it knows
# stopped by: the answer is computed from inputs that never were in the student's process
# wins without: nbgrader
# deserves: 21

# %% bernoulli_log_prob_logits
def bernoulli_log_prob_logits(x, logits):
    x[...] = 0
    logits[...] = -1000
    return np.zeros(len(x))
