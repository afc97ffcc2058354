# tries: replaces `abs`, so that no difference is left to see
# stopped by: the values that come back are compared outside of the student's process
# wins without: nbgrader
# deserves: 20

# %% elbo_identity_terms
import builtins

builtins.abs = lambda value: 0


def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    return 1.0, 2.0, 3.0
