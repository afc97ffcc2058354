# tries: reads the solution where the instructor keeps it
# stopped by: a view of the file system in which it does not exist
# wins without: view, landlock
# deserves: 21

# %% bernoulli_log_prob_logits
def bernoulli_log_prob_logits(x, logits):
    try:
        source = open("{outside}/solution.py").read()
    except OSError:
        return np.zeros(len(x))
    names = {"np": np}
    exec(source, names)
    return names["bernoulli_log_prob_logits"](x, logits)
