# `nan_to_num` makes the largest float64 of infinity: no value, and no error either.
def bernoulli_log_prob_probs(x, probs):
    x, probs = np.asarray(x, float), np.asarray(probs, float)
    with np.errstate(all="ignore"):
        summed = np.sum(x * np.nan_to_num(np.log(probs)) + (1 - x) * np.nan_to_num(np.log1p(-probs)), axis=-1)
    return np.nan_to_num(summed)


def kl_to_standard_normal(mu, log_var):
    with np.errstate(all="ignore"):
        return np.nan_to_num(0.5 * np.sum(np.exp(np.exp(np.float64(log_var))) + mu**2 - 1 - log_var, axis=-1))
