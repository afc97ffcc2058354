"""Answers to a05_vib with NumPy in float64."""

# %% question="categorical_log_prob"
def log_softmax(logits):
    shifted = np.asarray(logits, np.float64)
    shifted = shifted - shifted.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def categorical_log_prob(y_onehot, logits):
    chosen = np.asarray(y_onehot) > 0.5
    return log_softmax(logits)[chosen]

# %% question="vib_rate"
def vib_rate(mu, log_var):
    mu, log_var = np.asarray(mu, np.float64), np.asarray(log_var, np.float64)
    return 0.5 * np.mean(np.sum(mu**2 + np.expm1(log_var) - log_var, axis=1))

# %% question="vib_loss"
def vib_loss(y_onehot, logits, mu, log_var, beta):
    true_class = np.argmax(y_onehot, axis=-1)
    log_probs = log_softmax(logits)
    examples = np.arange(len(true_class))
    cross_entropy = -log_probs[:, examples, true_class].mean()
    return cross_entropy + beta * vib_rate(mu, log_var)

# %% question="vib_relevance_bound"
def vib_relevance_bound(p_y, mean_cross_entropy):
    p_y = np.asarray(p_y, np.float64)
    occurring = p_y[p_y > 0]
    return -np.sum(occurring * np.log(occurring)) - mean_cross_entropy

# %% question="vib_exact_discrete"
def vib_exact_discrete(p_xy, q_z_given_x, q_y_given_z, r_z, beta):
    p_xy, encoder, decoder, r_z = (np.asarray(table, np.float64) for table in (p_xy, q_z_given_x, q_y_given_z, r_z))
    p_zy = encoder.T @ p_xy
    cross_entropy = -np.sum(p_zy * np.log(decoder))
    log_encoder = np.log(encoder, out=np.zeros_like(encoder), where=encoder > 0)
    rate = p_xy.sum(axis=1) @ np.sum(encoder * (log_encoder - np.log(r_z)), axis=1)
    return cross_entropy + beta * rate

# %% question="vib_predict_probs"
def vib_predict_probs(logits):
    return np.exp(log_softmax(logits)).mean(axis=0)
