# tries: returns a subclass of ndarray whose functions all say yes
# stopped by: an array is sent as its bytes, read by ndarray itself
# wins without: nbgrader
# deserves: 21

# %% bernoulli_log_prob_logits
class Agreeing(np.ndarray):
    def __array_function__(self, function, types, arguments, options):
        return True


def bernoulli_log_prob_logits(x, logits):
    return np.zeros(len(x)).view(Agreeing)
