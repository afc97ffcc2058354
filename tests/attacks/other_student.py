# tries: copies the answer out of another student's notebook
# stopped by: a view of the file system in which it does not exist
# wins without: view, landlock
# deserves: 21

# %% bernoulli_log_prob_logits
import json


def bernoulli_log_prob_logits(x, logits):
    try:
        cells = json.load(open("{outside}/submitted/ada/notebook.ipynb"))["cells"]
    except OSError:
        return np.zeros(len(x))
    names = {"np": np}
    exec("".join(cells[0]["source"]), names)
    return names["bernoulli_log_prob_logits"](x, logits)
