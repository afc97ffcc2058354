"""a01_densities: densities, divergences and the ELBO on paper."""

import math

import numpy as np
from scipy.special import expit, softmax, xlog1py, xlogy

from autograder.reference import densities

from .task import EDGE, GENERIC, Assignment, Draw, Manual, Task, Wrong

LOG_2PI = math.log(2 * math.pi)
# The constants with which people keep away from log 0.
SMALL = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1.1920929e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15, 1e-20)


NEAR = (
    "where the two densities are close your formula subtracts numbers that are nearly equal, and most of its digits are "
    "noise there. The function expm1 keeps them. (No points lost.)"
)


def logsumexp(values, axis=None, keepdims=False):
    """Returns log sum exp, like SciPy's for finite values, at a tenth of its cost."""
    highest = np.max(values, axis=axis, keepdims=True)
    found = np.log(np.sum(np.exp(values - highest), axis=axis, keepdims=True)) + highest
    return found if keepdims else np.squeeze(found, axis=axis)


def total(terms):
    """Returns the sum over the last axis."""
    return np.sum(terms, axis=-1)


def over_batch(value, reduce):
    """Returns one number, reduced over the whole batch, instead of each example's own."""
    return np.full(len(value), reduce(value))


# posterior_from_joint


def posterior(p_xz):
    return p_xz / p_xz.sum(axis=1, keepdims=True)


def draw_joint(concentration):
    def draw(generator, X, Z):
        return ((generator.dirichlet(np.full(X * Z, concentration)).reshape(X, Z) + 1e-4) / (1 + 1e-4 * X * Z),)

    return draw


def draw_rare_rows(generator, X, Z):
    """Rows whose total probabilities lie eight orders of magnitude apart."""
    rows = 10.0 ** -np.linspace(0, 8, X)
    table = generator.dirichlet(np.ones(Z), X) * rows[:, None] + 1e-12
    return (table / table.sum(),)


def draw_uniform_joint(generator, X, Z):
    return (np.full((X, Z), 1 / (X * Z)),)


posterior_from_joint = Task(
    name="posterior_from_joint",
    points=5,
    source="document 001, Bayes (line 11)",
    shape="[X,Z]",
    reference=densities.posterior_from_joint,
    cases=(
        Draw("a table of 5 x 3", GENERIC, draw_joint(1.0), {"X": 5, "Z": 3}),
        Draw("a table of 3 x 7", GENERIC, draw_joint(0.7), {"X": 3, "Z": 7}),
        Draw("a table of 4 x 5", GENERIC, draw_joint(2.0), {"X": 4, "Z": 5}),
        Draw("rows of very small probability", EDGE, draw_rare_rows, {"X": 4, "Z": 3}),
        Draw("a uniform table", EDGE, draw_uniform_joint, {"X": 5, "Z": 4}),
    ),
    float32=0.03,
    tolerance="one sum of positive numbers and one division: float32 keeps 3e-7 of each entry, 3e-6 through a logarithm",
    mistakes=(
        Wrong(
            "posterior_normalised_over_x",
            lambda p: p / p.sum(axis=0, keepdims=True),
            "You divided by the sum over x, so your columns sum to 1: that is the likelihood p(x|z). For the posterior each "
            "row, one x, must sum to 1.",
        ),
        Wrong(
            "posterior_is_joint",
            lambda p: p,
            "You returned the joint p(x,z) itself (dividing by the sum of the whole table, which is 1, changes nothing): "
            "each row still has to be divided by p(x), its own sum.",
        ),
        Wrong(
            "posterior_is_marginal",
            lambda p: np.broadcast_to(p.sum(axis=0), p.shape),
            "Every row of your answer is the marginal p(z): the observed x does not enter.",
            "document 001, marginalization (line 19)",
        ),
        Wrong(
            "posterior_transposed",
            lambda p: posterior(p).T,
            "The numbers are right but the table is transposed: rows are x, columns are z.",
        ),
        Wrong(
            "posterior_softmax",
            lambda p: np.exp(p) / np.exp(p).sum(axis=1, keepdims=True),
            "You took a softmax over z. The table holds probabilities already, not logits: divide by their sum.",
        ),
        Wrong(
            "posterior_log",
            lambda p: np.log(posterior(p)),
            "You returned the logarithm of the posterior; the probabilities themselves are asked for.",
        ),
        Wrong(
            "posterior_times_marginal",
            lambda p: p * p.sum(axis=1, keepdims=True),
            "You multiplied by p(x) where Bayes' rule divides by it.",
        ),
    ),
)


# standard_normal_log_prob


def standard_normal(z):
    return -0.5 * total(LOG_2PI + z**2)


def normal_density(z):
    return np.exp(-0.5 * z**2) / math.sqrt(2 * math.pi)


def draw_normal(scale):
    return lambda generator, B, K: (generator.normal(0, scale, (B, K)),)


def draw_at_zero(generator, B, K):
    return (np.zeros((B, K)),)


def draw_far_out(generator, B, K):
    return (generator.uniform(20, 40, (B, K)) * generator.choice([-1, 1], (B, K)),)


standard_normal_log_prob = Task(
    name="standard_normal_log_prob",
    points=5,
    source="document 000, section 6 (line 95); document 003, eq. 3 to 5",
    shape="[B]",
    reference=densities.standard_normal_log_prob,
    cases=(
        Draw("z of moderate size", GENERIC, draw_normal(1.0), {"B": 5, "K": 3}),
        Draw("small z", GENERIC, draw_normal(0.5), {"B": 4, "K": 7}),
        Draw("large z", GENERIC, draw_normal(3.0), {"B": 7, "K": 5}),
        Draw("z at the mode", EDGE, draw_at_zero, {"B": 3, "K": 4}),
        Draw("z of size 20 to 40", EDGE, draw_far_out, {"B": 7, "K": 4}),
    ),
    float32=0.005,
    tolerance="a sum of squares of one sign: float32 keeps 5e-7 of the value",
    mistakes=(
        Wrong(
            "snl_positive_exponent",
            lambda z: total(-0.5 * LOG_2PI + 0.5 * z**2),
            "Your density grows with the distance from 0: the minus in the exponent is lost, as in the lecture's eq. 5.",
            "document 003, eq. 5; errata E-003-01",
        ),
        Wrong(
            "snl_missing_2pi",
            lambda z: total(-0.5 * z**2),
            "The normalising constant is missing: without log 2 pi the density does not integrate to 1.",
        ),
        Wrong(
            "snl_2pi_once",
            lambda z: -0.5 * LOG_2PI - 0.5 * total(z**2),
            "log 2 pi appears once in your answer; half of it belongs to every one of the K dimensions.",
            also=(lambda z: -LOG_2PI - 0.5 * total(z**2),),
        ),
        Wrong(
            "snl_not_halved",
            lambda z: total(-0.5 * LOG_2PI - z**2),
            "The 1/2 in the exponent is missing: z squared is halved.",
        ),
        Wrong(
            "snl_log_sqrt2pi_not_halved",
            lambda z: total(-LOG_2PI - 0.5 * z**2),
            "The constant is the logarithm of the *root* of 2 pi, half of what you subtracted.",
        ),
        Wrong(
            "snl_mean",
            lambda z: standard_normal(z) / z.shape[-1],
            "You averaged over the dimensions. The log density of independent dimensions is the sum.",
        ),
        Wrong(
            "snl_density_not_log",
            lambda z: np.exp(standard_normal(z)),
            "That is the density itself; its logarithm is asked for.",
        ),
        Wrong(
            "snl_not_squared",
            lambda z: -0.5 * total(LOG_2PI + np.abs(z)),
            "z enters without its square.",
            also=(
                lambda z: -0.5 * total(LOG_2PI + z),
                lambda z: -0.5 * (total(LOG_2PI + 0 * z) + np.linalg.norm(z, axis=-1)),
            ),
        ),
        Wrong(
            "snl_through_density",
            lambda z: np.log(np.prod(normal_density(z), axis=-1)),
            "You took the logarithm of the density. Far out the density rounds to 0, and its logarithm is minus infinity or "
            "that of a constant that you added: add up logarithms, and never take the exponential.",
            also=(
                lambda z: total(np.log(normal_density(z))),
                lambda z: np.log(np.exp(standard_normal(z))),
                *(lambda z, eps=eps: total(np.log(normal_density(z) + eps)) for eps in SMALL),
                *(lambda z, eps=eps: np.log(np.exp(standard_normal(z)) + eps) for eps in SMALL),
            ),
        ),
    ),
)


# bernoulli_log_prob_probs


def bernoulli_probs(x, p):
    return total(xlogy(x, p) + xlog1py(1 - x, -p))


def plain_cross_entropy(x, p):
    """The formula as it stands, where 0 log 0 is NaN."""
    return total(x * np.log(p) + (1 - x) * np.log(1 - p))


def clipped_cross_entropy(x, p, least):
    return plain_cross_entropy(x, np.clip(p, least, 1 - least))


def padded_cross_entropy(x, p, eps):
    return total(x * np.log(p + eps) + (1 - x) * np.log(1 - p + eps))


def likelihood(x, p):
    return np.prod(np.where(x > 0.5, p, 1 - p), axis=-1)


def with_clipped_probs(least, map_to_probability=lambda p: p):
    return lambda x, p: clipped_cross_entropy(x, map_to_probability(p), least)


def with_padded_probs(eps, map_to_probability=lambda p: p):
    return lambda x, p: padded_cross_entropy(x, map_to_probability(p), eps)


def with_mean_over_pixels(formula, sign):
    """Returns `formula` averaged over the pixels, with a sign: -1 is what Keras' cross-entropies have."""
    return lambda x, p: sign * formula(x, p) / x.shape[-1]


def squared_errors(mean):
    """Returns the forms in which a squared error is taken for a log-likelihood, but for the plain sum."""
    return (
        lambda x, p: -0.5 * total((x - mean(p)) ** 2),
        lambda x, p: total((x - mean(p)) ** 2),
        lambda x, p: -np.mean((x - mean(p)) ** 2, axis=-1),
        lambda x, p: np.mean((x - mean(p)) ** 2, axis=-1),
        lambda x, p: -0.5 * total(LOG_2PI + (x - mean(p)) ** 2),
    )


def draw_probs(low, high):
    return lambda generator, B, D: (
        generator.integers(0, 2, (B, D)).astype(float),
        generator.uniform(low, high, (B, D)),
    )


def draw_certain(generator, B, D):
    """Half of the pixels, and all of the first example, have exactly the probability 0 or 1 that they show."""
    x, p = draw_probs(0.1, 0.9)(generator, B, D)
    certain = generator.permuted(np.arange(B * D) % 2).reshape(B, D) == 0
    x[0, :2], certain[0] = (0, 1), True
    return x, np.where(certain, x, p)


def draw_confident(generator, B, D):
    x = generator.integers(0, 2, (B, D)).astype(float)
    small = 10.0 ** generator.uniform(-2.7, -2, (B, D))
    return x, np.where(generator.random((B, D)) < 0.5, small, 1 - small)


bernoulli_log_prob_probs = Task(
    name="bernoulli_log_prob_probs",
    points=8,
    source="document 003, eq. 6 and 7, question 2",
    shape="[B]",
    reference=densities.bernoulli_log_prob_probs,
    cases=(
        Draw("moderate probabilities", GENERIC, draw_probs(0.1, 0.9), {"B": 5, "D": 7}),
        Draw("small probabilities", GENERIC, draw_probs(0.02, 0.4), {"B": 7, "D": 4}),
        Draw("large probabilities", GENERIC, draw_probs(0.6, 0.98), {"B": 4, "D": 11}),
        Draw("pixels that are certain and right", EDGE, draw_certain, {"B": 3, "D": 5}),
        Draw("probabilities near 0 and 1", EDGE, draw_confident, {"B": 4, "D": 7}),
    ),
    float32=0.01,
    tolerance="float32 keeps 1e-6 of a sum of one sign. Clipping at 1e-7 moves each certain pixel by 1e-7, far below the "
    "absolute 1e-5; added inside the logarithm, 1e-6 moves a pixel of probability 2e-3 by 5e-4 of 6 nats, below the "
    "relative 1e-4",
    mistakes=(
        Wrong(
            "bce_sign_flipped",
            lambda x, p: -bernoulli_probs(x, p),
            "You returned the cross-entropy loss; a log-likelihood is its negative.",
            "document 000, section 3 (line 59); errata E-000-05",
        ),
        Wrong(
            "bce_mean_over_pixels",
            lambda x, p: bernoulli_probs(x, p) / x.shape[-1],
            "You averaged over the pixels, as Keras does; a log-likelihood sums over them.",
            "document 000, Listing 1; errata E-000-18",
        ),
        Wrong(
            "bce_neg_mean_over_pixels",
            lambda x, p: -bernoulli_probs(x, p) / x.shape[-1],
            "That is the binary cross-entropy of Keras: averaged over pixels and with the opposite sign. Multiply by -D.",
            "document 000, Listing 1; errata E-000-18",
        ),
        Wrong(
            "bern_prob_not_log",
            lambda x, p: np.exp(bernoulli_probs(x, p)),
            "That is the likelihood, a product of probabilities; take its logarithm.",
        ),
        Wrong(
            "bern_squared_error",
            lambda x, p: -total((x - p) ** 2),
            "That is a squared error, the core of a Gaussian log-likelihood; pixels of 0 and 1 are Bernoulli.",
            also=squared_errors(lambda p: p),
        ),
        Wrong(
            "bern_log_of_sum",
            lambda x, p: np.log(total(x * p + (1 - x) * (1 - p))),
            "You took the logarithm of a sum over the pixels; it is the sum of their logarithms.",
        ),
        Wrong(
            "bern_log2",
            lambda x, p: bernoulli_probs(x, p) / math.log(2),
            "You used the logarithm to base 2 (bits); this course works in nats.",
        ),
        Wrong(
            "bern_sum_over_batch",
            lambda x, p: over_batch(bernoulli_probs(x, p), np.sum),
            "You also summed over the batch. Return one number per example.",
            "document 000, Listing 1 (reduction=SUM); errata E-000-18",
        ),
        Wrong(
            "bern_arguments_swapped",
            lambda x, p: clipped_cross_entropy(p, x, 1e-7),
            "The pixels and their probabilities have changed places: the logarithm is taken of the probability.",
            also=(
                lambda x, p: plain_cross_entropy(p, x),
                lambda x, p: bernoulli_probs(p, x),
                *(lambda x, p, eps=eps: clipped_cross_entropy(p, x, eps) for eps in SMALL),
                *(lambda x, p, eps=eps: padded_cross_entropy(p, x, eps) for eps in SMALL),
            ),
        ),
        Wrong(
            "bern_eps_inside_log_large",
            with_padded_probs(1e-2),
            "The constant that keeps you from log 0 is so large that it changes the value. Clip the probability at 1e-7, or "
            "use a function that knows that 0 log 0 is 0.",
            also=tuple(
                keep(eps)
                for keep in (with_padded_probs, with_clipped_probs)
                for eps in (1e-2, 5e-3, 1e-3, 1e-4, 1e-5)
                if (keep, eps) != (with_padded_probs, 1e-2)
            ),
        ),
        Wrong(
            "bern_only_ones",
            lambda x, p: total(xlogy(x, p)),
            "Only the pixels that are 1 count in your answer; a pixel that is 0 has a log-probability as well.",
            also=(lambda x, p: total(x * np.log(p)),),
        ),
        Wrong(
            "bern_zero_log_zero",
            plain_cross_entropy,
            "A pixel of probability exactly 0 or 1 makes your answer NaN, because 0 times minus infinity is. Such a pixel "
            "adds 0: clip at 1e-7 (not closer: in float32 1 - 1e-8 is 1), or use a function that knows that 0 log 0 is 0.",
            "document 003, eq. 7; errata E-003-10",
            also=(with_clipped_probs(1e-8),),
        ),
    ),
)


# kl_to_standard_normal


def kl(mu, log_var):
    return 0.5 * total(np.expm1(log_var) - log_var + mu**2)


def draw_gaussian(low, high):
    """Returns a draw of (mu, log_var) with `log_var` between `low` and `high`."""
    return lambda generator, B, K: (generator.normal(0, 1.2, (B, K)), generator.uniform(low, high, (B, K)))


def draw_prior(generator, B, K):
    return np.zeros((B, K)), np.zeros((B, K))


def draw_near_prior(generator, B, K):
    return generator.normal(0, 0.01, (B, K)), generator.normal(0, 0.01, (B, K))


def draw_extreme_gaussian(generator, B, K):
    return generator.uniform(-40, 40, (B, K)), generator.choice([-30.0, -20.0, 20.0, 30.0], (B, K))


def draw_narrow_gaussian(generator, B, K):
    """Means within 1 and narrow q: nothing large hides what log_var adds."""
    return generator.uniform(-1, 1, (B, K)), generator.choice([-30.0, -20.0], (B, K))


def with_other_log_var(formula, position):
    """Returns the forms of `formula` in which the log variance at `position` is bounded or its variance padded.

    The first clips at +-5. Padded is only what the logarithm is taken of, or the variance throughout.
    """
    changes = [lambda v, size=size: np.clip(v, -size, size) for size in (5, 2, 3, 4, 6, 7, 8, 10, 12, 15, 20)]
    changes += [lambda v, size=size: np.maximum(v, -size) for size in (3, 4, 5, 6, 8, 10, 15)]
    changes += [lambda v, eps=eps: np.log(np.exp(v) + eps) for eps in SMALL if eps >= 1e-12]
    return tuple(
        lambda *values, change=change: formula(*values[:position], change(values[position]), *values[position + 1 :])
        for change in changes
    )


def with_padded_log(formula, position):
    """Returns the forms of `formula` that add log(var) - log(var + eps) for the log variance at `position`, halved."""

    def form(eps):
        def padded(*values):
            log_var = values[position]
            return formula(*values) - 0.5 * total(np.log(np.exp(log_var) + eps) - log_var)

        return padded

    return tuple(form(eps) for eps in SMALL if eps >= 1e-12)


kl_to_standard_normal = Task(
    name="kl_to_standard_normal",
    points=12,
    source="document 000, section 4, step 7 (line 79); document 003, eq. 13",
    shape="[B]",
    reference=densities.kl_to_standard_normal,
    cases=(
        Draw("log_var of both signs", GENERIC, draw_gaussian(-2, 2), {"B": 5, "K": 3}),
        Draw("all log_var positive", GENERIC, draw_gaussian(0.2, 2.5), {"B": 4, "K": 7}),
        Draw("all log_var negative", GENERIC, draw_gaussian(-3, -0.2), {"B": 7, "K": 5}),
        Draw("q equal to the prior", EDGE, draw_prior, {"B": 3, "K": 4}),
        Draw("q close to the prior", EDGE, draw_near_prior, {"B": 5, "K": 7}, careful=3e-5, remark=NEAR),
        Draw("very wide and very narrow q", EDGE, draw_extreme_gaussian, {"B": 7, "K": 4}),
        Draw("very narrow q near the centre", EDGE, draw_narrow_gaussian, {"B": 5, "K": 4}),
    ),
    float32=0.06,
    tolerance="near the prior the textbook formula in float32 is off by up to 1e-7 K: the absolute 1e-5 covers it; elsewhere "
    "float32 keeps 4e-6 of the value",
    mistakes=(
        Wrong(
            "kl_sign_flipped",
            lambda mu, log_var: -kl(mu, log_var),
            "You returned minus the divergence. Steps 4 and 7 of the lecture write down -D_KL; a KL divergence is never "
            "negative.",
            "document 000, section 4, steps 4 to 7; errata E-000-08 and E-000-09",
        ),
        Wrong(
            "kl_forgot_half",
            lambda mu, log_var: 2 * kl(mu, log_var),
            "The factor 1/2 in front of the bracket is missing, so the penalty on q weighs twice what it should.",
        ),
        Wrong(
            "kl_forgot_exp",
            lambda mu, log_var: 0.5 * total(log_var + mu**2 - 1 - log_var),
            "The variance term lacks its exp: log_var stands there instead of sigma^2, and then cancels out of your answer.",
        ),
        Wrong(
            "kl_std_instead_of_var",
            lambda mu, log_var: 0.5 * total(np.exp(0.5 * log_var) + mu**2 - 1 - log_var),
            "Your first term is the standard deviation sigma; the formula needs the variance sigma^2.",
        ),
        Wrong(
            "kl_log_std_instead_of_log_var",
            lambda mu, log_var: 0.5 * total(np.exp(log_var) + mu**2 - 1 - 0.5 * log_var),
            "You subtracted log sigma where log sigma^2, twice as much, belongs: log_var is that already.",
        ),
        Wrong(
            "kl_log_var_as_log_std",
            lambda mu, log_var: kl(mu, 2 * log_var),
            "You took log_var for log sigma throughout: its exponential is the variance already, not the standard deviation.",
            "document 003, eq. 13; errata E-003-04",
        ),
        Wrong(
            "kl_log_var_bounded",
            with_other_log_var(kl, 1)[0],
            "You clipped log_var, or added a constant to the variance: a very narrow q then gets another divergence than its "
            "own. For log_var between -30 and 30 nothing overflows here.",
            also=with_other_log_var(kl, 1)[1:] + with_padded_log(kl, 1),
        ),
        Wrong(
            "kl_mean_instead_of_sum",
            lambda mu, log_var: kl(mu, log_var) / mu.shape[-1],
            "You averaged over the latent dimensions. The divergence of a product of densities is the sum of theirs.",
        ),
        Wrong(
            "kl_sum_over_batch",
            lambda mu, log_var: over_batch(kl(mu, log_var), np.sum),
            "You also summed over the batch axis. Return one number per example; the loss averages them later.",
        ),
        Wrong(
            "kl_mean_over_batch",
            lambda mu, log_var: over_batch(kl(mu, log_var), np.mean),
            "You averaged over the batch. Return one number per example; the loss averages them later.",
        ),
        Wrong(
            "kl_forgot_minus_one",
            lambda mu, log_var: 0.5 * total(np.exp(log_var) + mu**2 - log_var),
            "At q = prior the divergence must be 0; yours is K/2 there: the constant -1 of each dimension is missing.",
        ),
        Wrong(
            "kl_plus_one",
            lambda mu, log_var: 0.5 * total(np.exp(log_var) + mu**2 + 1 - log_var),
            "The constant has the wrong sign: inside this bracket it is -1. (The lecture's +1 stands in -D_KL.)",
        ),
        Wrong(
            "kl_forgot_mu_squared_term",
            lambda mu, log_var: 0.5 * total(np.exp(log_var) - 1 - log_var),
            "The means do not enter your answer: the squared distance of q from the prior's centre is missing.",
        ),
        Wrong(
            "kl_mu_not_squared",
            lambda mu, log_var: 0.5 * total(np.exp(log_var) + mu - 1 - log_var),
            "The mean enters without its square.",
            also=(lambda mu, log_var: 0.5 * total(np.exp(log_var) + np.abs(mu) - 1 - log_var),),
        ),
        Wrong(
            "kl_plus_log_var",
            lambda mu, log_var: 0.5 * total(np.exp(log_var) + mu**2 - 1 + log_var),
            "The log variance enters with the wrong sign: it is subtracted.",
        ),
        Wrong(
            "kl_reversed_direction",
            lambda mu, log_var: 0.5 * total(np.exp(-log_var) + mu**2 * np.exp(-log_var) - 1 + log_var),
            "That is KL(p || q), the other direction. The ELBO needs KL(q || p), an average under q.",
        ),
        Wrong(
            "kl_only_first_dim",
            lambda mu, log_var: kl(mu[:, :1], log_var[:, :1]),
            "Only the first latent dimension was counted: sum over all of them.",
        ),
        Wrong(
            "kl_cross_entropy_only",
            lambda mu, log_var: 0.5 * total(np.exp(log_var) + mu**2 + LOG_2PI),
            "That is the cross-entropy E_q[-log p(z)] alone, with log 2 pi or without: the entropy of q must still be "
            "subtracted.",
            also=(lambda mu, log_var: 0.5 * total(np.exp(log_var) + mu**2),),
        ),
    ),
)


# bernoulli_log_prob_logits


def bernoulli(x, logits):
    return total(x * logits - np.logaddexp(0, logits))


def softmax_over_pixels(logits):
    return softmax(logits, axis=-1)


def clipped_logits(size):
    return lambda x, a: bernoulli(x, np.clip(a, -size, size))


def clipped_softplus(size):
    return lambda x, a: total(x * a - np.logaddexp(0, np.clip(a, -size, size)))


def draw_logits(scale):
    return lambda generator, B, D: (
        generator.integers(0, 2, (B, D)).astype(float), generator.normal(0, scale, (B, D))
    )  # fmt: skip


def draw_saturated(size):
    """Returns a draw whose logits are +-size.

    The first two examples agree with their pixels, the second has zeros only; the third has right and wrong ones of both.
    """

    def draw(generator, B, D):
        x = generator.integers(0, 2, (B, D)).astype(float)
        signs = generator.choice([-1.0, 1.0], (B, D))
        x[0, :2], x[1] = (0, 1), 0
        signs[:2] = 2 * x[:2] - 1
        x[2, :4], signs[2, :4] = (0, 0, 1, 1), (-1, 1, -1, 1)
        return x, size * signs

    return draw


def draw_undecided(generator, B, D):
    return generator.integers(0, 2, (B, D)).astype(float), np.zeros((B, D))


bernoulli_log_prob_logits = Task(
    name="bernoulli_log_prob_logits",
    points=10,
    source="document 000, section 3 (line 59); document 003, eq. 6 and 7, question 2",
    shape="[B]",
    reference=densities.bernoulli_log_prob_logits,
    cases=(
        Draw("moderate logits", GENERIC, draw_logits(1.5), {"B": 5, "D": 7}),
        Draw("small logits", GENERIC, draw_logits(0.5), {"B": 7, "D": 4}),
        Draw("large logits", GENERIC, draw_logits(3.0), {"B": 4, "D": 11}),
        Draw("logits of 1000, right and wrong", EDGE, draw_saturated(1000.0), {"B": 3, "D": 5}),
        Draw("logits of 40, right and wrong", EDGE, draw_saturated(40.0), {"B": 4, "D": 7}),
        Draw("all logits zero", EDGE, draw_undecided, {"B": 5, "D": 3}),
    ),
    float32=0.01,
    tolerance="every stable spelling keeps 1e-6 of the value in float32; at +-1000 it is exact",
    twins=(
        (
            "logit_keras_of_probabilities",
            "transformation_mean_over_D of logit_clipped_probability",
            "both average the clipped probabilities' logarithms over the pixels",
        ),
    ),
    mistakes=(
        Wrong(
            "logit_sign_flipped",
            lambda x, a: -bernoulli(x, a),
            "You returned the cross-entropy. The log-likelihood is its negative: higher is better, and it is never positive.",
            "document 000, section 3 (line 59); errata E-000-05",
        ),
        Wrong(
            "logit_mean_over_pixels",
            lambda x, a: bernoulli(x, a) / x.shape[-1],
            "You averaged over the pixels, as Keras does. The log-likelihood of independent pixels is the sum.",
            "document 000, Listing 1; errata E-000-18",
        ),
        Wrong(
            "logit_neg_mean_over_pixels",
            lambda x, a: -bernoulli(x, a) / x.shape[-1],
            "That is the binary cross-entropy of Keras: averaged over pixels and with the opposite sign. Multiply by -D.",
            "document 000, Listing 1; errata E-000-18",
        ),
        Wrong(
            "logit_double_sigmoid",
            lambda x, a: bernoulli(x, expit(a)),
            "The sigmoid was applied twice: the logits were squashed to probabilities, and those were taken for logits.",
        ),
        Wrong(
            "logit_wrong_max_trick",
            lambda x, a: total(x * a - np.maximum(a, 0) - np.logaddexp(0, a)),
            "The stable softplus has the exponential of *minus* the *absolute* value beside the maximum. At least one of the "
            "two is missing in yours.",
            also=(
                lambda x, a: total(x * a - np.maximum(a, 0) - np.log1p(np.exp(a))),
                lambda x, a: total(x * a - np.maximum(a, 0) - np.log1p(np.exp(-a))),
                lambda x, a: total(x * a - np.maximum(a, 0) - np.logaddexp(0, -a)),
                lambda x, a: total(x * a - np.maximum(a, 0) - np.log1p(np.exp(np.abs(a)))),
                lambda x, a: total(x * a - np.maximum(a, 0) - np.logaddexp(0, np.abs(a))),
            ),
        ),
        Wrong(
            "logit_used_as_probability",
            with_clipped_probs(1e-7),
            "You treated the logits as probabilities, as Keras' binary_crossentropy does without from_logits=True. They run "
            "over the whole real line; the sigmoid maps them to (0, 1).",
            also=(
                plain_cross_entropy,
                bernoulli_probs,
                *(
                    keep(eps)
                    for keep in (with_clipped_probs, with_padded_probs)
                    for eps in SMALL
                    if (keep, eps) != (with_clipped_probs, 1e-7)
                ),
                *(
                    with_mean_over_pixels(with_clipped_probs(eps), sign)
                    for sign in (-1, 1)
                    for eps in (1e-7, 1e-6, 1e-8)
                ),
            ),
        ),
        Wrong(
            "logit_keras_of_probabilities",
            with_mean_over_pixels(with_clipped_probs(1e-7, expit), -1),
            "That is Keras' binary_crossentropy of probabilities, or minus it: averaged over the pixels, and cut off where a "
            "probability is close to 0 or 1. Sum over the pixels, and work with the logits themselves.",
            "document 000, Listing 1; errata E-000-18",
            also=(
                with_mean_over_pixels(with_clipped_probs(1e-7, expit), 1),
                *(
                    with_mean_over_pixels(keep(eps, expit), sign)
                    for sign in (-1, 1)
                    for keep in (with_clipped_probs, with_padded_probs)
                    for eps in (1e-7, 1e-6, 1e-8, 1e-10, 1e-12)
                    if (keep, eps) != (with_clipped_probs, 1e-7)
                ),
            ),
        ),
        Wrong(
            "logit_softmax_over_pixels",
            lambda x, a: total(x * (a - logsumexp(a, axis=-1, keepdims=True))),
            "You put one softmax over all pixels. Pixels are independent: each has a Bernoulli distribution of its own.",
            also=(
                *(with_clipped_probs(eps, softmax_over_pixels) for eps in SMALL),
                *(with_padded_probs(eps, softmax_over_pixels) for eps in SMALL),
                lambda x, a: plain_cross_entropy(x, softmax_over_pixels(a)),
                lambda x, a: bernoulli_probs(x, softmax_over_pixels(a)),
                lambda x, a: total(x * np.log(softmax_over_pixels(a))),
            ),
        ),
        Wrong(
            "logit_only_ones",
            lambda x, a: total(-x * np.logaddexp(0, -a)),
            "Only the pixels that are 1 count in your answer; a pixel that is 0 has a log-probability as well.",
            also=(
                lambda x, a: total(x * np.log(expit(a))),
                lambda x, a: total(xlogy(x, expit(a))),
                *(lambda x, a, eps=eps: total(x * np.log(expit(a) + eps)) for eps in SMALL),
                *(lambda x, a, eps=eps: total(x * np.log(np.clip(expit(a), eps, 1))) for eps in SMALL),
            ),
        ),
        Wrong(
            "logit_sign_of_logit",
            lambda x, a: bernoulli(x, -a),
            "The roles of 0 and 1 are swapped: a large logit must make the pixel 1 likely.",
        ),
        Wrong(
            "logit_probability_not_log",
            lambda x, a: np.exp(bernoulli(x, a)),
            "That is the likelihood itself; its logarithm is asked for (the product underflows for real images).",
        ),
        Wrong(
            "logit_squared_error",
            lambda x, a: -total((x - expit(a)) ** 2),
            "That is a squared error, the core of a Gaussian log-likelihood; pixels of 0 and 1 are Bernoulli.",
            also=(*squared_errors(expit), lambda x, a: -total((x - a) ** 2), *squared_errors(lambda a: a)),
        ),
        Wrong(
            "logit_clipped_probability",
            with_clipped_probs(1e-7, expit),
            "You went through probabilities that a small constant keeps from 0 and 1: a pixel that is confidently wrong costs "
            "little more than that constant's logarithm (16 nats for 1e-7), and it should cost the whole logit. Work with "
            "the logits themselves.",
            "document 003, eq. 7; errata E-003-10",
            also=tuple(keep(constant, expit) for keep in (with_clipped_probs, with_padded_probs) for constant in SMALL),
        ),
        Wrong(
            "logit_through_probability",
            lambda x, a: plain_cross_entropy(x, expit(a)),
            "You went through the probability. It rounds to exactly 0 or 1 for large logits, and your answer becomes infinite "
            "or NaN there; work with the logits themselves.",
            "document 003, eq. 7; errata E-003-10",
            also=(
                lambda x, a: bernoulli_probs(x, expit(a)),
                lambda x, a: np.log(likelihood(x, expit(a))),
                lambda x, a: total(xlogy(x, expit(a)) + xlogy(1 - x, expit(-a))),
            ),
        ),
        Wrong(
            "logit_clipped",
            clipped_logits(10),
            "You clipped the logits, all of them or those in the softplus: a pixel that is confidently wrong should cost its "
            "whole logit, and beyond your bound it costs something else. A stable softplus needs no clipping.",
            also=tuple(
                clip(size)
                for clip in (clipped_logits, clipped_softplus)
                for size in (4, 5, 6, 7, 8, 9, 10, 12, 15, 16, 18, 20, 25, 30, 35, 50, 60, 80, 88, 100, 500)
                if (clip, size) != (clipped_logits, 10)
            ),
        ),
        Wrong(
            "logit_naive_exp",
            lambda x, a: total(x * a - np.log1p(np.exp(a))),
            "For a large logit an exponential overflows or a sigmoid rounds to 0, so the answer is infinite or NaN where it "
            "should be finite: use a softplus that never takes them.",
            also=(
                lambda x, a: -total((1 - x) * a + np.log1p(np.exp(-a))),
                lambda x, a: total(x * (a - np.log(1 + np.exp(a))) - (1 - x) * np.log(1 + np.exp(a))),
                lambda x, a: -total(x * np.log(1 + np.exp(-a)) + (1 - x) * np.log(1 + np.exp(a))),
            ),
        ),
        Wrong(
            "logit_sum_over_batch",
            lambda x, a: over_batch(bernoulli(x, a), np.sum),
            "You also summed over the batch. Return one number per example.",
            "document 000, Listing 1 (reduction=SUM); errata E-000-18",
        ),
    ),
)


# gaussian_log_prob_fixed


def gaussian_fixed(x, mu, sigma):
    return total(-0.5 * LOG_2PI - math.log(sigma) - 0.5 * ((x - mu) / sigma) ** 2)


def draw_fixed(low, high):
    """Returns a draw of (x, mu, sigma): x about one standard deviation from mu, sigma between `low` and `high`."""

    def draw(generator, B, D):
        sigma = float(generator.uniform(low, high))
        mu = generator.normal(0, 1, (B, D))
        return mu + sigma * generator.normal(0, 1.3, (B, D)), mu, sigma

    return draw


def draw_at_mean(generator, B, D):
    mu = generator.normal(0, 1, (B, D))
    return mu, mu, float(generator.uniform(0.2, 0.5))


gaussian_log_prob_fixed = Task(
    name="gaussian_log_prob_fixed",
    points=8,
    source="document 003, section 1.3 (line 61), question 3; document 000, section 4, step 1 (line 67)",
    shape="[B]",
    reference=densities.gaussian_log_prob_fixed,
    cases=(
        Draw("sigma below 1", GENERIC, draw_fixed(0.3, 0.7), {"B": 5, "D": 7}),
        Draw("sigma above 1", GENERIC, draw_fixed(1.4, 2.5), {"B": 7, "D": 4}),
        Draw("sigma well above 1", GENERIC, draw_fixed(3.0, 5.0), {"B": 4, "D": 11}),
        Draw("x at the mean", EDGE, draw_at_mean, {"B": 3, "D": 5}),
        Draw("a narrow density", EDGE, draw_fixed(0.01, 0.05), {"B": 4, "D": 7}),
    ),
    float32=0.2,
    tolerance="x - mu is exact to 6e-8 of its result, and each term keeps 1e-6 of itself; at sigma near 0.4 the terms almost "
    "cancel, and the absolute 1e-5 covers what is left. x / sigma - mu / sigma (TensorFlow Probability) loses digits where x "
    "is closer to mu than mu / 100: the cases stay clear of that",
    mistakes=(
        Wrong(
            "gaussian_missing_normaliser",
            lambda x, m, s: total(-0.5 * ((x - m) / s) ** 2),
            "Both constants, log sigma and log 2 pi, are missing. They don't move the maximum in mu, but they are part of "
            "the value.",
        ),
        Wrong(
            "gaussian_squared_error",
            lambda x, m, s: -total((x - m) ** 2),
            "That is a squared error (summed, halved or averaged): sigma does not enter. The log-likelihood divides each "
            "squared distance by 2 sigma^2, sums over the dimensions, and has the constants log sigma and log 2 pi.",
            also=(
                lambda x, m, s: -0.5 * total((x - m) ** 2),
                lambda x, m, s: -np.mean((x - m) ** 2, axis=-1),
                lambda x, m, s: -0.5 * np.mean((x - m) ** 2, axis=-1),
                lambda x, m, s: total((x - m) ** 2),
                lambda x, m, s: 0.5 * total((x - m) ** 2),
                lambda x, m, s: np.mean((x - m) ** 2, axis=-1),
            ),
        ),
        Wrong(
            "gaussian_missing_log_sigma",
            lambda x, m, s: total(-0.5 * LOG_2PI - 0.5 * ((x - m) / s) ** 2),
            "The term -log sigma of each dimension is missing.",
        ),
        Wrong(
            "gaussian_missing_2pi",
            lambda x, m, s: total(-math.log(s) - 0.5 * ((x - m) / s) ** 2),
            "The constant (D/2) log 2 pi is missing.",
            "document 004, line 67; errata E-004-03",
        ),
        Wrong(
            "gaussian_2pi_once_not_D_times",
            lambda x, m, s: -0.5 * LOG_2PI + total(-math.log(s) - 0.5 * ((x - m) / s) ** 2),
            "The 2 pi term appears once in your answer; it belongs to every one of the D dimensions.",
            also=(lambda x, m, s: -LOG_2PI + total(-math.log(s) - 0.5 * ((x - m) / s) ** 2),),
        ),
        Wrong(
            "gaussian_constants_once",
            lambda x, m, s: -0.5 * LOG_2PI - math.log(s) - 0.5 * total(((x - m) / s) ** 2),
            "Both constants, log sigma and 1/2 log 2 pi, appear once in your answer; they belong to every one of the D "
            "dimensions.",
        ),
        Wrong(
            "gaussian_log_sigma_once",
            lambda x, m, s: -math.log(s) + total(-0.5 * LOG_2PI - 0.5 * ((x - m) / s) ** 2),
            "log sigma appears once in your answer; it belongs to every one of the D dimensions.",
        ),
        Wrong(
            "gaussian_no_half_in_exponent",
            lambda x, m, s: total(-0.5 * LOG_2PI - math.log(s) - ((x - m) / s) ** 2),
            "The 1/2 in the exponent is missing.",
        ),
        Wrong(
            "gaussian_mean_over_dims",
            lambda x, m, s: gaussian_fixed(x, m, s) / x.shape[-1],
            "You averaged over the dimensions; the log density of independent dimensions is the sum.",
        ),
        Wrong(
            "gaussian_sigma_ignored",
            lambda x, m, s: gaussian_fixed(x, m, 1.0),
            "Your answer does not depend on sigma: you used sigma = 1.",
        ),
        Wrong(
            "gaussian_abs_error",
            lambda x, m, s: total(-math.log(2 * s) - np.abs(x - m) / s),
            "The distance enters as its absolute value, as in a Laplace distribution: a Gaussian has the squared distance.",
            also=(
                lambda x, m, s: total(-0.5 * LOG_2PI - math.log(s) - 0.5 * np.abs(x - m) / s**2),
                lambda x, m, s: total(-0.5 * LOG_2PI - math.log(s) - 0.5 * np.abs(x - m) / s),
                lambda x, m, s: total(-0.5 * LOG_2PI - math.log(s) - np.abs(x - m) / s),
            ),
        ),
        Wrong(
            "gaussian_sigma_as_variance",
            lambda x, m, s: gaussian_fixed(x, m, math.sqrt(s)),
            "You took sigma for the variance, in the exponent, the normaliser or both. It is the standard deviation: the "
            "squared distance is divided by its square, and the normaliser is minus log sigma, not half of that.",
            "document 004, lines 57-61; errata E-004-01",
            also=(
                lambda x, m, s: total(-0.5 * LOG_2PI - math.log(s) - 0.5 * (x - m) ** 2 / s),
                lambda x, m, s: total(-0.5 * LOG_2PI - 0.5 * math.log(s) - 0.5 * ((x - m) / s) ** 2),
            ),
        ),
        Wrong(
            "gaussian_variance_as_sigma",
            lambda x, m, s: gaussian_fixed(x, m, s**2),
            "You took sigma squared for the standard deviation: sigma itself is that.",
        ),
        Wrong(
            "gaussian_sign_flipped",
            lambda x, m, s: -gaussian_fixed(x, m, s),
            "You returned the negative log-likelihood, a loss; the log-likelihood itself is asked for.",
        ),
    ),
)


# gaussian_log_prob_learned


def gaussian_learned(x, mu, log_var):
    return -0.5 * total(LOG_2PI + log_var + (x - mu) ** 2 * np.exp(-log_var))


def draw_learned(low, high):
    """Returns a draw of (x, mu, log_var): x about one standard deviation from mu."""

    def draw(generator, B, D):
        mu, log_var = generator.normal(0, 1, (B, D)), generator.uniform(low, high, (B, D))
        return mu + np.exp(0.5 * log_var) * generator.normal(0, 1.3, (B, D)), mu, log_var

    return draw


def draw_learned_at_mean(generator, B, D):
    mu = generator.normal(0, 1, (B, D))
    return mu, mu, generator.choice([-30.0, -20.0, 20.0, 30.0], (B, D))


def draw_learned_extreme(generator, B, D):
    mu = generator.uniform(-20, 20, (B, D))
    distance = generator.uniform(1, 20, (B, D)) * generator.choice([-1, 1], (B, D))
    return mu + distance, mu, generator.choice([-30.0, -20.0, 20.0, 30.0], (B, D))


gaussian_log_prob_learned = Task(
    name="gaussian_log_prob_learned",
    points=8,
    source="document 003, eq. 10 to 12; document 000, section 6 (line 94)",
    shape="[B]",
    reference=densities.gaussian_log_prob_learned,
    cases=(
        Draw("log_var of both signs", GENERIC, draw_learned(-2, 2), {"B": 5, "D": 7}),
        Draw("all log_var positive", GENERIC, draw_learned(0.3, 2.5), {"B": 7, "D": 4}),
        Draw("all log_var negative", GENERIC, draw_learned(-3, -0.3), {"B": 4, "D": 11}),
        Draw("x at the mean", EDGE, draw_learned_at_mean, {"B": 3, "D": 5}),
        Draw("very wide and very narrow densities", EDGE, draw_learned_extreme, {"B": 4, "D": 7}),
    ),
    float32=0.05,
    tolerance="exp(-log_var) keeps 2e-6 of its value at log_var = -30, and so does the sum. x / sigma - mu / sigma (TensorFlow "
    "Probability) loses digits where x is closer to a large mu than 1 and sigma is small: the cases stay clear of that",
    mistakes=(
        Wrong(
            "glv_log_var_used_as_var",
            lambda x, m, v: -0.5 * total(LOG_2PI + np.log(np.abs(v)) + (x - m) ** 2 / v),
            "You divided by log_var, where the variance belongs: take its exponential before dividing.",
            also=(
                lambda x, m, v: -0.5 * total(LOG_2PI + v + (x - m) ** 2 / v),
                lambda x, m, v: -0.5 * total(LOG_2PI + np.log(v) + (x - m) ** 2 / v),
            ),
        ),
        Wrong(
            "glv_precision_sign",
            lambda x, m, v: -0.5 * total(LOG_2PI + v + (x - m) ** 2 * np.exp(v)),
            "You multiplied the squared distance by the variance; it is divided by it: exp(-log_var).",
        ),
        Wrong(
            "glv_missing_log_var",
            lambda x, m, v: -0.5 * total(LOG_2PI + (x - m) ** 2 * np.exp(-v)),
            "The term log_var of the normaliser is missing. Without it a network makes sigma infinite at no cost.",
        ),
        Wrong(
            "glv_std_in_quadratic",
            lambda x, m, v: -0.5 * total(LOG_2PI + v + (x - m) ** 2 * np.exp(-0.5 * v)),
            "The squared distance is divided by sigma^2; you divided by sigma.",
        ),
        Wrong(
            "glv_square_of_quotient",
            lambda x, m, v: -0.5 * total(LOG_2PI + v + ((x - m) * np.exp(-v)) ** 2),
            "You squared the quotient by sigma^2, as the lecture prints it. Only the distance is squared: that density "
            "has a total mass of sigma, not 1.",
            "document 000, section 6 (line 94); errata E-000-13",
        ),
        Wrong(
            "glv_missing_2pi",
            lambda x, m, v: -0.5 * total(v + (x - m) ** 2 * np.exp(-v)),
            "The constant (D/2) log 2 pi is missing.",
        ),
        Wrong(
            "glv_missing_normaliser",
            lambda x, m, v: -0.5 * total((x - m) ** 2 * np.exp(-v)),
            "Both terms of the normaliser, log_var and log 2 pi, are missing. Without log_var a network makes sigma infinite "
            "at no cost.",
        ),
        Wrong(
            "glv_squared_error",
            lambda x, m, v: -total((x - m) ** 2),
            "That is a squared error (summed, halved or averaged): log_var does not enter. The squared distance is divided by "
            "2 exp(log_var), and the normaliser has log_var and log 2 pi.",
            also=(
                lambda x, m, v: -0.5 * total((x - m) ** 2),
                lambda x, m, v: -np.mean((x - m) ** 2, axis=-1),
                lambda x, m, v: total((x - m) ** 2),
                lambda x, m, v: np.mean((x - m) ** 2, axis=-1),
            ),
        ),
        Wrong(
            "glv_not_halved",
            lambda x, m, v: 2 * gaussian_learned(x, m, v),
            "The factor 1/2 in front of the bracket is missing.",
        ),
        Wrong(
            "glv_log_var_as_log_std",
            lambda x, m, v: gaussian_learned(x, m, 2 * v),
            "You took log_var for log sigma. It is log sigma^2: the variance is its exponential, not that of its double.",
        ),
        Wrong(
            "glv_log_std_in_normaliser",
            lambda x, m, v: -0.5 * total(LOG_2PI + 0.5 * v + (x - m) ** 2 * np.exp(-v)),
            "The normaliser has half of log_var inside the halved bracket: the 1/2 counts twice.",
        ),
        Wrong(
            "glv_log_var_bounded",
            with_other_log_var(gaussian_learned, 2)[0],
            "You clipped log_var, or added a constant to the variance: a very narrow or very wide density gets another value "
            "than its own. Nothing overflows here for log_var between -30 and 30.",
            also=with_other_log_var(gaussian_learned, 2)[1:] + with_padded_log(gaussian_learned, 2),
        ),
        Wrong(
            "glv_mean_over_dims",
            lambda x, m, v: gaussian_learned(x, m, v) / x.shape[-1],
            "You averaged over the dimensions; the log density of independent dimensions is the sum.",
        ),
        Wrong(
            "glv_sign_flipped",
            lambda x, m, v: -gaussian_learned(x, m, v),
            "You returned the negative log-likelihood, a loss; the log-likelihood itself is asked for.",
        ),
    ),
)


# kl_diag_gaussians


def kl_between(mu_q, log_var_q, mu_p, log_var_p):
    ratio = np.expm1(log_var_q - log_var_p) - (log_var_q - log_var_p)
    return 0.5 * total(ratio + (mu_q - mu_p) ** 2 * np.exp(-log_var_p))


def draw_two_gaussians(low, high):
    """Returns a draw of (mu_q, log_var_q, mu_p, log_var_p) with log variances between `low` and `high`."""
    return lambda generator, B, K: tuple(
        value for _ in range(2) for value in (generator.normal(0, 1.2, (B, K)), generator.uniform(low, high, (B, K)))
    )


def draw_equal_gaussians(generator, B, K):
    return draw_two_gaussians(-2, 2)(generator, B, K)[:2] * 2


def draw_close_gaussians(generator, B, K):
    mu, log_var = draw_two_gaussians(-2, 2)(generator, B, K)[:2]
    return mu + generator.normal(0, 0.01, (B, K)), log_var + generator.normal(0, 0.01, (B, K)), mu, log_var


def draw_extreme_gaussians(generator, B, K):
    mu_q = generator.uniform(-20, 20, (B, K))
    mu_p = mu_q + generator.uniform(1, 20, (B, K)) * generator.choice([-1, 1], (B, K))
    log_var_q, log_var_p = generator.choice([-30.0, -15.0, 15.0, 30.0], (2, B, K))
    return mu_q, log_var_q, mu_p, log_var_p


def draw_narrow_in_wide(generator, B, K):
    p = generator.uniform(-1, 1, (B, K)), generator.uniform(-1, 1, (B, K))
    return *draw_narrow_gaussian(generator, B, K), *p


kl_diag_gaussians = Task(
    name="kl_diag_gaussians",
    points=12,
    source="document 000, section 4, steps 2 to 6 (lines 68-76)",
    shape="[B]",
    reference=densities.kl_diag_gaussians,
    cases=(
        Draw("log variances of both signs", GENERIC, draw_two_gaussians(-2, 2), {"B": 5, "K": 3}),
        Draw("all log variances positive", GENERIC, draw_two_gaussians(0.2, 2.5), {"B": 4, "K": 7}),
        Draw("all log variances negative", GENERIC, draw_two_gaussians(-2.5, -0.2), {"B": 7, "K": 5}),
        Draw("q equal to p", EDGE, draw_equal_gaussians, {"B": 3, "K": 4}),
        Draw("q close to p", EDGE, draw_close_gaussians, {"B": 5, "K": 7}, careful=3e-5, remark=NEAR),
        Draw("very wide and very narrow densities", EDGE, draw_extreme_gaussians, {"B": 7, "K": 4}),
        Draw("very narrow q, p of moderate width", EDGE, draw_narrow_in_wide, {"B": 5, "K": 4}),
    ),
    float32=0.2,
    tolerance="where q is close to p the constants cancel: float32 is off by up to 4e-7 K, covered by the absolute 1e-5. "
    "mu_q / sigma - mu_p / sigma (TensorFlow Probability) loses digits where two large means are closer than 1 and p is "
    "narrow: the cases stay clear of that",
    mistakes=(
        Wrong(
            "kl2_sign_flipped",
            lambda m, v, n, w: -kl_between(m, v, n, w),
            "This is minus the divergence: steps 2 and 6 of the lecture lost the minus on D_KL. A divergence is never "
            "negative.",
            "document 000, section 4, steps 2 and 6 (lines 68, 76); errata E-000-08 and E-000-09",
        ),
        Wrong(
            "kl2_log_ratio_flipped",
            lambda m, v, n, w: 0.5 * total(v - w + (np.exp(v) + (m - n) ** 2) * np.exp(-w) - 1),
            "The log ratio is upside down: it is the log variance of p minus that of q.",
        ),
        Wrong(
            "kl2_divided_by_sigma_not_var",
            lambda m, v, n, w: 0.5 * total(w - v + (np.exp(v) + (m - n) ** 2) * np.exp(-0.5 * w) - 1),
            "You divided by the standard deviation of p (the variance of q, the squared distance or both); the formula divides "
            "by its variance.",
            also=(
                lambda m, v, n, w: 0.5 * total(w - v + np.exp(v - w) + (m - n) ** 2 * np.exp(-0.5 * w) - 1),
                lambda m, v, n, w: 0.5 * total(w - v + np.exp(v - 0.5 * w) + (m - n) ** 2 * np.exp(-w) - 1),
            ),
        ),
        Wrong(
            "kl2_divided_by_q_variance",
            lambda m, v, n, w: 0.5 * total(w - v + (np.exp(v) + (m - n) ** 2) * np.exp(-v) - 1),
            "You divided by the variance of q; squared distances are measured in units of the variance of p.",
            also=(lambda m, v, n, w: 0.5 * total(w - v + np.exp(v - w) + (m - n) ** 2 * np.exp(-v) - 1),),
        ),
        Wrong(
            "kl2_reversed_direction",
            lambda m, v, n, w: kl_between(n, w, m, v),
            "That is KL(p || q), the other direction. The average is under q, the first of the two.",
        ),
        Wrong(
            "kl2_forgot_half",
            lambda m, v, n, w: 2 * kl_between(m, v, n, w),
            "The factor 1/2 in front of the bracket is missing.",
        ),
        Wrong(
            "kl2_forgot_minus_one",
            lambda m, v, n, w: 0.5 * total(w - v + (np.exp(v) + (m - n) ** 2) * np.exp(-w)),
            "At q = p the divergence must be 0; yours is K/2 there: the constant -1 of each dimension is missing.",
        ),
        Wrong(
            "kl2_log_var_as_log_std",
            lambda m, v, n, w: kl_between(m, 2 * v, n, 2 * w),
            "You took log_var_q and log_var_p for log sigma: their exponentials are the variances already, not the standard "
            "deviations.",
            "document 003, eq. 13; errata E-003-04",
        ),
        Wrong(
            "kl2_log_var_bounded",
            lambda m, v, n, w: kl_between(m, np.clip(v, -5, 5), n, np.clip(w, -5, 5)),
            "You clipped a log variance, or added a constant to a variance: very narrow densities then get another divergence "
            "than their own. For log variances between -30 and 30 nothing overflows here.",
            also=(
                *(
                    lambda m, v, n, w, size=size: kl_between(m, np.clip(v, -size, size), n, np.clip(w, -size, size))
                    for size in (3, 4, 6, 8, 10, 12, 15, 20)
                ),
                *with_other_log_var(kl_between, 1),
                *with_padded_log(kl_between, 1),
            ),
        ),
        Wrong(
            "kl2_mean_instead_of_sum",
            lambda m, v, n, w: kl_between(m, v, n, w) / m.shape[-1],
            "You averaged over the dimensions. The divergence of a product of densities is the sum of theirs.",
        ),
        Wrong(
            "kl2_sum_over_batch",
            lambda m, v, n, w: over_batch(kl_between(m, v, n, w), np.sum),
            "You also summed over the batch axis. Return one number per example.",
        ),
        Wrong(
            "kl2_means_not_squared",
            lambda m, v, n, w: 0.5 * total(w - v + (np.exp(v) + (m - n)) * np.exp(-w) - 1),
            "The distance of the means enters without its square.",
            also=(
                lambda m, v, n, w: 0.5 * total(w - v + (np.exp(v) + (n - m)) * np.exp(-w) - 1),
                lambda m, v, n, w: 0.5 * total(w - v + (np.exp(v) + np.abs(m - n)) * np.exp(-w) - 1),
            ),
        ),
        Wrong(
            "kl2_means_added",
            lambda m, v, n, w: 0.5 * total(w - v + (np.exp(v) + (m + n) ** 2) * np.exp(-w) - 1),
            "You squared the sum of the two means; it is their difference.",
        ),
        Wrong(
            "kl2_forgot_means",
            lambda m, v, n, w: 0.5 * total(w - v + np.exp(v - w) - 1),
            "The means do not enter your answer: their squared distance, in units of the variance of p, is missing.",
        ),
        Wrong(
            "kl2_means_not_scaled",
            lambda m, v, n, w: 0.5 * total(w - v + np.exp(v - w) + (m - n) ** 2 - 1),
            "The squared distance of the means must be divided by the variance of p as well.",
        ),
        Wrong(
            "kl2_p_is_standard_normal",
            lambda m, v, n, w: kl(m, v),
            "Your answer ignores mu_p and log_var_p: it is the divergence from the standard normal.",
        ),
    ),
)


# gaussian_entropy


def entropy(log_var):
    return 0.5 * total(log_var + LOG_2PI + 1)


def draw_log_var(low, high):
    return lambda generator, B, K: (generator.uniform(low, high, (B, K)),)


def draw_extreme_log_var(generator, B, K):
    return (generator.choice([-30.0, -20.0, 20.0, 30.0], (B, K)),)


gaussian_entropy = Task(
    name="gaussian_entropy",
    points=4,
    source="document 000, section 6 (line 94): minus its average under q",
    shape="[B]",
    reference=densities.gaussian_entropy,
    cases=(
        Draw("log_var of both signs", GENERIC, draw_log_var(-2, 2), {"B": 5, "K": 3}),
        Draw("all log_var positive", GENERIC, draw_log_var(0.2, 3), {"B": 4, "K": 7}),
        Draw("narrow q, negative entropy", GENERIC, draw_log_var(-9, -4), {"B": 7, "K": 5}),
        Draw("the standard normal", EDGE, draw_at_zero, {"B": 3, "K": 4}),
        Draw("very wide and very narrow q", EDGE, draw_extreme_log_var, {"B": 7, "K": 4}),
    ),
    float32=0.08,
    tolerance="a plain sum: float32 keeps 1e-7 of its largest term, 40 nats, also where the terms cancel",
    mistakes=(
        Wrong(
            "ent_missing_one",
            lambda v: 0.5 * total(v + LOG_2PI),
            "The constant 1 of each dimension is missing: it is the average of the squared standardised distance.",
        ),
        Wrong("ent_missing_2pi", lambda v: 0.5 * total(v + 1), "The term log 2 pi of each dimension is missing."),
        Wrong(
            "ent_constants_missing",
            lambda v: 0.5 * total(v),
            "Both constants of each dimension, 1 and log 2 pi, are missing from the halved bracket.",
        ),
        Wrong(
            "ent_constants_once",
            lambda v: 0.5 * total(v) + 0.5 * (LOG_2PI + 1),
            "The constants 1 and log 2 pi appear once in your answer; they belong to every one of the K dimensions.",
        ),
        Wrong(
            "ent_sign",
            lambda v: -entropy(v),
            "The sign is wrong: the entropy is *minus* the average log density, and a wider q has more of it.",
        ),
        Wrong(
            "ent_log_var_sign",
            lambda v: 0.5 * total(LOG_2PI + 1 - v),
            "log_var enters with the wrong sign: the wider q, the more entropy it has.",
        ),
        Wrong("ent_not_halved", lambda v: 2 * entropy(v), "The factor 1/2 in front of the bracket is missing."),
        Wrong(
            "ent_log_var_as_logstd",
            lambda v: total(v) + 0.5 * v.shape[-1] * (LOG_2PI + 1),
            "You took log_var for log sigma: half of log_var is log sigma.",
        ),
        Wrong(
            "ent_mean",
            lambda v: entropy(v) / v.shape[-1],
            "You averaged over the dimensions; entropies of independent dimensions add.",
        ),
        Wrong(
            "ent_clipped_at_zero",
            lambda v: np.maximum(entropy(v), 0),
            "You cut the entropy off at 0, or turned it positive. A differential entropy may be negative: a narrow density has "
            "one.",
            "document 004, line 157; errata E-004-06",
            also=(
                lambda v: total(np.maximum(0.5 * (v + LOG_2PI + 1), 0)),
                lambda v: np.abs(entropy(v)),
                lambda v: total(np.abs(0.5 * (v + LOG_2PI + 1))),
            ),
        ),
    ),
)


# elbo_identity_terms


def identity(log_pz, log_px_given_z, log_q):
    log_joint = log_pz + log_px_given_z
    q, log_px = np.exp(log_q), logsumexp(log_joint)
    return np.sum(q * (log_joint - log_q)), np.sum(q * (log_q - log_joint + log_px)), log_px


def with_changes(**terms):
    """Returns a wrong formula: the right one with some of `elbo`, `kl`, `log_px` replaced by functions of its arguments."""

    def formula(*arguments):
        right = dict(zip(("elbo", "kl", "log_px"), identity(*arguments), strict=True))
        return tuple((right | {name: term(*arguments) for name, term in terms.items()}).values())

    return formula


def with_order(*order):
    return lambda *arguments: tuple(identity(*arguments)[index] for index in order)


def with_kl_as_gap(elbo, log_px):
    """Returns a wrong formula from two functions of the arguments, with the KL taken as their difference."""

    def formula(*arguments):
        return elbo(*arguments), log_px(*arguments) - elbo(*arguments), log_px(*arguments)

    return formula


def with_elbos(*elbos):
    """Returns the wrong formulas with these ELBOs: each with the right KL and with the KL taken as log p(x) - ELBO."""
    return tuple(
        form
        for elbo in elbos
        for form in (with_changes(elbo=elbo), with_kl_as_gap(elbo, lambda p, lik, q: logsumexp(p + lik)))
    )


def right_elbo(*arguments):
    return identity(*arguments)[0]


def log_normalised(log_weights):
    return log_weights - logsumexp(log_weights)


def draw_tables(spread):
    def draw(generator, Z):
        log_pz, log_q = (log_normalised(generator.normal(0, spread, Z)) for _ in range(2))
        return log_pz, -generator.gamma(2.0, spread, Z) - 0.1, log_q

    return draw


def draw_exact_posterior(generator, Z):
    log_pz, log_px_given_z, _ = draw_tables(1.0)(generator, Z)
    return log_pz, log_px_given_z, log_normalised(log_pz + log_px_given_z)


def draw_nearly_certain(generator, Z):
    """Prior and q sit on different states: the other states have logs near -30."""
    log_pz, log_q = np.full(Z, -29.0), np.full(Z, -29.0)
    log_pz[0], log_q[-1] = 0.0, 0.0
    return log_pz + generator.uniform(-1, 0, Z) * (log_pz < 0), -generator.uniform(0.5, 3, Z), log_q


elbo_identity_terms = Task(
    name="elbo_identity_terms",
    points=8,
    source="document 000, section 1, steps 4 to 8 (lines 16-27)",
    shape="three scalars",
    outputs=("elbo", "kl", "log_px"),
    reference=densities.elbo_identity_terms,
    cases=(
        Draw("five states", GENERIC, draw_tables(1.0), {"Z": 5}),
        Draw("seven states, spread out", GENERIC, draw_tables(1.6), {"Z": 7}),
        Draw("three states", GENERIC, draw_tables(0.8), {"Z": 3}),
        Draw("q equal to the posterior", EDGE, draw_exact_posterior, {"Z": 4}),
        Draw("prior and q on different states", EDGE, draw_nearly_certain, {"Z": 6}),
    ),
    float32=0.03,
    tolerance="sums of at most seven terms: float32 keeps 1e-7 of the largest, weighted by q",
    mistakes=(
        Wrong(
            "identity_kl_to_prior",
            with_changes(kl=lambda p, lik, q: np.sum(np.exp(q) * (q - p))),
            "Your KL is to the prior p(z). In this identity it is to the posterior p(z|x): only that gap closes log p(x).",
            "document 000, section 1, step 7; document 002, line 85; errata E-002-02",
        ),
        Wrong(
            "identity_kl_reversed",
            with_changes(kl=lambda p, lik, q: np.sum(np.exp(log_normalised(p + lik)) * (log_normalised(p + lik) - q))),
            "Your KL averages under the posterior: that is KL(posterior || q). The identity has KL(q || posterior).",
        ),
        Wrong(
            "identity_kl_negated",
            with_changes(kl=lambda p, lik, q: -identity(p, lik, q)[1]),
            "Your KL has the wrong sign: it is log q minus log p(z|x), averaged under q, and never negative.",
        ),
        Wrong(
            "identity_log_px_without_prior",
            with_changes(log_px=lambda p, lik, q: logsumexp(lik)),
            "Your log p(x) sums p(x|z) over the states without weighting them by the prior p(z).",
            "document 001, marginalization (line 19)",
        ),
        Wrong(
            "identity_log_px_is_mean_log",
            with_changes(log_px=lambda p, lik, q: np.sum(np.exp(p) * lik)),
            "Your log p(x) averages or sums logarithms; it is the logarithm of an average under the prior, and Jensen's "
            "inequality says that these differ.",
            "document 001, line 63 (Jensen); document 002, lines 77-78; errata E-002-01",
            also=(
                with_changes(log_px=lambda p, lik, q: np.sum(np.exp(q) * lik)),
                with_changes(log_px=lambda p, lik, q: np.mean(lik)),
                with_kl_as_gap(right_elbo, lambda p, lik, q: np.sum(np.exp(p) * lik)),
                with_kl_as_gap(right_elbo, lambda p, lik, q: np.mean(lik)),
                with_changes(log_px=lambda p, lik, q: np.mean(p + lik)),
                with_changes(log_px=lambda p, lik, q: np.sum(p + lik)),
                with_changes(log_px=lambda p, lik, q: np.sum(np.exp(q) * (p + lik))),
            ),
        ),
        Wrong(
            "identity_log_px_is_likelihood",
            with_changes(log_px=lambda p, lik, q: np.exp(logsumexp(p + lik))),
            "Your third value is p(x); its logarithm is asked for.",
            also=(with_kl_as_gap(right_elbo, lambda p, lik, q: np.exp(logsumexp(p + lik))),),
        ),
        Wrong(
            "identity_order_swapped",
            with_order(2, 0, 1),
            "The three values are right but in another order: return (elbo, kl, log_px).",
            also=tuple(with_order(*order) for order in ((0, 2, 1), (1, 2, 0), (2, 1, 0))),
        ),
        Wrong(
            "identity_kl_first",
            with_order(1, 0, 2),
            "ELBO and KL have changed places: return (elbo, kl, log_px).",
        ),
        Wrong(
            "identity_elbo_negated",
            with_changes(elbo=lambda p, lik, q: -identity(p, lik, q)[0]),
            "You returned the loss, minus the ELBO. The ELBO itself lies below log p(x).",
            "document 000, section 1, step 8; errata E-000-11",
            also=with_elbos(lambda *arguments: -right_elbo(*arguments)),
        ),
        Wrong(
            "identity_elbo_without_entropy",
            with_changes(elbo=lambda p, lik, q: np.sum(np.exp(q) * (p + lik))),
            "Your ELBO lacks -log q: without the entropy of q it is no longer a bound with a gap of KL(q || posterior).",
        ),
        Wrong(
            "identity_elbo_without_prior",
            with_changes(elbo=lambda p, lik, q: np.sum(np.exp(q) * (lik - q))),
            "Your ELBO lacks the prior: log p(x,z) is log p(z) + log p(x|z).",
            also=with_elbos(lambda p, lik, q: np.sum(np.exp(q) * (lik - q))),
        ),
        Wrong(
            "identity_without_entropy_throughout",
            with_kl_as_gap(lambda p, lik, q: np.sum(np.exp(q) * (p + lik)), lambda p, lik, q: logsumexp(p + lik)),
            "Your ELBO lacks -log q, and your KL, taken as log p(x) minus it, has taken the error over.",
        ),
        Wrong(
            "identity_log_px_without_prior_throughout",
            with_kl_as_gap(right_elbo, lambda p, lik, q: logsumexp(lik)),
            "Your log p(x) lacks the prior p(z), and your KL, taken as log p(x) minus the ELBO, has taken the error over.",
        ),
        Wrong(
            "identity_prior_forgotten",
            lambda p, lik, q: identity(np.zeros_like(p), lik, q),
            "The prior p(z) is missing from all three values: the joint is log p(z) + log p(x|z), not log p(x|z) alone.",
            "document 000, section 1, steps 4 to 8 (lines 16-27); document 001, marginalization (line 19)",
        ),
        Wrong(
            "identity_kl_to_joint",
            with_changes(kl=lambda p, lik, q: np.sum(np.exp(q) * (q - p - lik))),
            "Your KL is to the joint p(x,z), which does not sum to 1 over z: that is minus the ELBO. Divide by p(x) to get the "
            "posterior.",
            "document 001, Bayes (line 11)",
        ),
        Wrong(
            "identity_kl_to_prior_throughout",
            lambda p, lik, q: (lambda elbo, kl: (elbo, kl, elbo + kl))(
                np.sum(np.exp(q) * (p + lik - q)), np.sum(np.exp(q) * (q - p))
            ),
            "Your KL is to the prior, and your log p(x), taken as ELBO plus it, has taken the error over. Only the divergence "
            "to the posterior closes the gap.",
            "document 000, section 1, step 7; document 002, line 85; errata E-002-02",
        ),
        Wrong(
            "identity_elbo_unweighted",
            with_changes(elbo=lambda p, lik, q: np.sum(p + lik - q)),
            "Your ELBO sums or averages over the states without weighting them by q: it is an average under q.",
            also=with_elbos(lambda p, lik, q: np.sum(p + lik - q), lambda p, lik, q: np.mean(p + lik - q)),
        ),
        Wrong(
            "identity_elbo_under_prior",
            with_changes(elbo=lambda p, lik, q: np.sum(np.exp(p) * (p + lik - q))),
            "Your ELBO averages under the prior p(z), all of it or log p(x|z); the average is under q.",
            also=(with_changes(elbo=lambda p, lik, q: np.sum(np.exp(p) * lik) + np.sum(np.exp(q) * (p - q))),),
        ),
    ),
)


assignment = Assignment(
    name="a01_densities",
    title="Densities, divergences and the ELBO on paper",
    tasks=(
        posterior_from_joint,
        standard_normal_log_prob,
        bernoulli_log_prob_probs,
        bernoulli_log_prob_logits,
        gaussian_log_prob_fixed,
        gaussian_log_prob_learned,
        kl_to_standard_normal,
        kl_diag_gaussians,
        gaussian_entropy,
        elbo_identity_terms,
    ),
    manual=(
        Manual("why_latent_variables", 4),
        Manual("bernoulli_as_a_loss", 4),
        Manual("gaussian_as_a_loss", 4),
        Manual("when_the_bound_is_tight", 4),
        Manual("find_the_bugs", 4),
    ),
)
