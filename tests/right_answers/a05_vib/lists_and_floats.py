"""Answers to a05_vib with plain Python lists and floats."""

# %% question="categorical_log_prob"
import math


def as_lists(values):
    return np.asarray(values).tolist()


def softmax_logs(row):
    largest = max(row)
    log_total = largest + math.log(math.fsum(math.exp(a - largest) for a in row))
    return [a - log_total for a in row]


def categorical_log_prob(y_onehot, logits):
    rows = zip(as_lists(y_onehot), as_lists(logits), strict=True)
    return [softmax_logs(row)[label.index(1.0)] for label, row in rows]

# %% question="vib_rate"
def divergence(means, log_variances):
    pairs = zip(means, log_variances, strict=True)
    return sum(0.5 * (m * m + math.exp(v) - v - 1.0) for m, v in pairs)


def vib_rate(mu, log_var):
    values = [divergence(m, v) for m, v in zip(as_lists(mu), as_lists(log_var), strict=True)]
    return sum(values) / len(values)

# %% question="vib_loss"
def vib_loss(y_onehot, logits, mu, log_var, beta):
    samples = [categorical_log_prob(y_onehot, sample) for sample in as_lists(logits)]
    losses = []
    for b, (m, v) in enumerate(zip(as_lists(mu), as_lists(log_var), strict=True)):
        likelihood = sum(sample[b] for sample in samples) / len(samples)
        losses.append(beta * divergence(m, v) - likelihood)
    return sum(losses) / len(losses)

# %% question="vib_relevance_bound"
def vib_relevance_bound(p_y, mean_cross_entropy):
    h_y = sum(p * math.log(1.0 / p) for p in as_lists(p_y) if p != 0.0)
    return h_y - mean_cross_entropy

# %% question="vib_exact_discrete"
def vib_exact_discrete(p_xy, q_z_given_x, q_y_given_z, r_z, beta):
    decoder, reference = as_lists(q_y_given_z), as_lists(r_z)
    total = 0.0
    for joint, code in zip(as_lists(p_xy), as_lists(q_z_given_x), strict=True):
        p_x = sum(joint)
        for q, r, reading in zip(code, reference, decoder, strict=True):
            if q == 0.0:
                continue
            total -= sum(p * q * math.log(d) for p, d in zip(joint, reading, strict=True))
            total += beta * p_x * q * (math.log(q) - math.log(r))
    return total

# %% question="vib_predict_probs"
def vib_predict_probs(logits):
    samples = as_lists(logits)
    answer = []
    for rows in zip(*samples, strict=True):
        probabilities = [[math.exp(value) for value in softmax_logs(row)] for row in rows]
        answer.append([sum(column) / len(samples) for column in zip(*probabilities, strict=True)])
    return answer
