"""Answers to a05_vib with loops and einsum."""

# %% question="categorical_log_prob"
def log_of_sum(row):
    top = np.max(row)
    return top + np.log(np.sum(np.exp(row - top)))


def categorical_log_prob(y_onehot, logits):
    answers = []
    for y, a in zip(y_onehot, np.asarray(logits, np.float64), strict=True):
        answers.append(np.einsum("c,c->", y, a - log_of_sum(a)))
    return np.array(answers)

# %% question="vib_rate"
def vib_rate(mu, log_var):
    mu, log_var = np.asarray(mu, np.float64), np.asarray(log_var, np.float64)
    total = 0.0
    for means, log_variances in zip(mu, log_var, strict=True):
        total += np.einsum("k,k->", means, means) / 2
        for value in log_variances:
            total += (np.exp(value) - value - 1) / 2
    return total / len(mu)

# %% question="vib_loss"
def vib_loss(y_onehot, logits, mu, log_var, beta):
    cross_entropy = 0.0
    for of_one_sample in logits:
        cross_entropy -= np.sum(categorical_log_prob(y_onehot, of_one_sample))
    num_samples, batch, _ = logits.shape
    return cross_entropy / (num_samples * batch) + beta * vib_rate(mu, log_var)

# %% question="vib_relevance_bound"
def vib_relevance_bound(p_y, mean_cross_entropy):
    entropy = 0.0
    for p in p_y:
        if p > 0:
            entropy -= p * np.log(p)
    return entropy - mean_cross_entropy

# %% question="vib_exact_discrete"
def vib_exact_discrete(p_xy, q_z_given_x, q_y_given_z, r_z, beta):
    loss = -np.einsum("xy,xz,zy->", p_xy, q_z_given_x, np.log(q_y_given_z))
    p_x = np.einsum("xy->x", p_xy)
    for x, p in enumerate(p_x):
        for z, r in enumerate(r_z):
            q = q_z_given_x[x, z]
            if q > 0:
                loss += beta * p * q * np.log(q / r)
    return loss

# %% question="vib_predict_probs"
def vib_predict_probs(logits):
    num_samples, batch, classes = logits.shape
    probs = np.zeros((batch, classes))
    for sample in np.asarray(logits, np.float64):
        for b, a in enumerate(sample):
            probs[b] += np.exp(a - log_of_sum(a)) / num_samples
    return probs
