"""Answers to a01_densities as plain Python lists and floats, with the math module."""

# %% question="posterior_from_joint"
import math


def posterior_from_joint(p_xz):
    return [[p / math.fsum(row) for p in row] for row in p_xz.tolist()]


# %% question="standard_normal_log_prob"
import math


def standard_normal_log_prob(z):
    return [sum(-0.5 * (math.log(2 * math.pi) + value**2) for value in row) for row in z.tolist()]


# %% question="bernoulli_log_prob_probs"
import math


def bernoulli_log_prob_probs(x, probs):
    answers = []
    for pixels, rhos in zip(x.tolist(), probs.tolist()):
        agreeing = [rho if pixel else 1 - rho for pixel, rho in zip(pixels, rhos)]
        answers.append(sum(math.log(probability) for probability in agreeing))
    return answers


# %% question="bernoulli_log_prob_logits"
import math


def bernoulli_log_prob_logits(x, logits):
    def pixel_log_prob(pixel, a):
        margin = a if pixel == 1 else -a
        if margin > 0:
            return -math.log1p(math.exp(-margin))
        return margin - math.log1p(math.exp(margin))

    return [
        math.fsum(pixel_log_prob(pixel, a) for pixel, a in zip(pixels, row))
        for pixels, row in zip(x.tolist(), logits.tolist())
    ]


# %% question="gaussian_log_prob_fixed"
import math


def gaussian_log_prob_fixed(x, mu, sigma):
    peak = -math.log(sigma * math.sqrt(2 * math.pi))
    answers = []
    for row, means in zip(x.tolist(), mu.tolist()):
        answers.append(sum(peak - ((value - mean) / sigma) ** 2 / 2 for value, mean in zip(row, means)))
    return answers


# %% question="gaussian_log_prob_learned"
import math


def gaussian_log_prob_learned(x, mu, log_var):
    answers = []
    for b in range(len(x)):
        total = 0.0
        for d in range(len(x[b])):
            sigma = math.exp(0.5 * float(log_var[b][d]))
            score = (float(x[b][d]) - float(mu[b][d])) / sigma
            total += -0.5 * score * score - math.log(sigma) - 0.5 * math.log(2 * math.pi)
        answers.append(np.float64(total))
    return answers


# %% question="kl_to_standard_normal"
import math


def kl_to_standard_normal(mu, log_var):
    answers = []
    for means, log_variances in zip(mu.tolist(), log_var.tolist()):
        terms = [m * m + math.exp(v) - v - 1 for m, v in zip(means, log_variances)]
        answers.append(0.5 * sum(terms))
    return answers


# %% question="kl_diag_gaussians"
import math


def kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p):
    rows = zip(mu_q.tolist(), log_var_q.tolist(), mu_p.tolist(), log_var_p.tolist())
    return [
        sum(
            0.5 * (vp - vq) + (math.exp(vq) + (mq - mp) ** 2) / (2 * math.exp(vp)) - 0.5
            for mq, vq, mp, vp in zip(*row)
        )
        for row in rows
    ]


# %% question="gaussian_entropy"
import math


def gaussian_entropy(log_var):
    entropies = []
    for row in log_var.tolist():
        sigmas = [math.exp(v / 2) for v in row]
        entropies.append(sum(math.log(sigma * math.sqrt(2 * math.pi * math.e)) for sigma in sigmas))
    return entropies


# %% question="elbo_identity_terms"
import math


def elbo_identity_terms(log_pz, log_px_given_z, log_q):
    log_joint = [a + b for a, b in zip(log_pz.tolist(), log_px_given_z.tolist())]
    top = max(log_joint)
    log_px = top + math.log(sum(math.exp(value - top) for value in log_joint))
    elbo, kl = 0.0, 0.0
    for joint, lq in zip(log_joint, log_q.tolist()):
        elbo += math.exp(lq) * (joint - lq)
        kl += math.exp(lq) * (lq - (joint - log_px))
    return [elbo, kl, log_px]
