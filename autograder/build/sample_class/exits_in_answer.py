"""A student whose first answer ends the whole Python process when it is called."""

# %% question="bernoulli_log_prob_logits"
import os


def bernoulli_log_prob_logits(x, logits):
    os._exit(0)
