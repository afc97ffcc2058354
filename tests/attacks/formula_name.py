# tries: is called like a formula, for whoever opens the gradebook in a spreadsheet
# stopped by: names that begin like a formula get a quote in front
# wins without: quoted names
# deserves: 21
# student: =HYPERLINK("example")

# %% bernoulli_log_prob_logits
def bernoulli_log_prob_logits(x, logits):
    return np.zeros(len(x))
