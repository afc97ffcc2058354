# tries: hands in a link to the solution beside the notebook
# stopped by: only the notebook and the public cases are copied to where it runs, and a link leads
#     nowhere there
# wins without: nbgrader
# deserves: 21
# link notes.txt: {outside}/solution.py

# %% bernoulli_log_prob_logits
def bernoulli_log_prob_logits(x, logits):
    try:
        source = open("notes.txt").read()
    except OSError:
        return np.zeros(len(x))
    names = {"np": np}
    exec(source, names)
    return names["bernoulli_log_prob_logits"](x, logits)
