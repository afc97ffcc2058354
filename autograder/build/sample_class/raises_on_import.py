"""A student with a package that nobody else has, in one cell; the others do not need it."""

# %% question="bernoulli_log_prob_logits"
import variational_magic


def bernoulli_log_prob_logits(x, logits):
    return variational_magic.log_prob(x, logits)
