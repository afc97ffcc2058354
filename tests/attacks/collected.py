# tries: looks for the right values in everything that the garbage collector knows
# stopped by: right values never enter the student's process
# wins without: nbgrader
# deserves: 17

# %% kl_to_standard_normal
import gc


def kl_to_standard_normal(mu, log_var):
    for found in gc.get_objects():
        if type(found) is dict and "_want" in found:
            return found["_want"]
    return np.zeros(len(mu))
