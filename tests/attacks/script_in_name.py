# tries: is called like a script, for whoever reads the feedback
# stopped by: everything in a page is text
# wins without: escaping
# deserves: 21
# student: <script>alert(1)

# %% bernoulli_log_prob_logits
def bernoulli_log_prob_logits(x, logits):
    return np.zeros(len(x))
