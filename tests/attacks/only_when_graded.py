# tries: cheats only where it is graded, so that nobody who runs it sees anything
# stopped by: the values that come back are compared outside of the student's process
# wins without: nbgrader
# deserves: 21

# %% bernoulli_log_prob_logits
import os

if os.environ.get("NBGRADER_EXECUTION") == "autograde":
    np.allclose = lambda *arguments, **options: True


def bernoulli_log_prob_logits(x, logits):
    return np.zeros(len(x))
