# tries: has a trace function replace its answer by the right one just before the two are compared
# stopped by: the values that come back are compared outside of the student's process
# wins without: nbgrader
# deserves: 21

# %% bernoulli_log_prob_logits
import sys


def replace(frame, event, argument):
    names = frame.f_globals
    if "_want" in names and "_got" in names:
        names["_got"] = names["_want"]


def bernoulli_log_prob_logits(x, logits):
    sys.settrace(replace)
    return np.zeros(len(x))
