"""a01_densities: densities, divergences and the ELBO on paper."""

import math

import numpy as np
from scipy.special import expit, logsumexp

from autograder.reference import densities

from .task import EDGE, GENERIC, Assignment, Draw, Manual, Task, Wrong

LOG_2PI = math.log(2 * math.pi)


def total(terms):
    """Returns the sum over the last axis."""
    return np.sum(terms, axis=-1)


def over_batch(value, reduce):
    """Returns one number, reduced over the whole batch, in the place of each example's own."""
    return np.full(len(value), reduce(value))


# kl_to_standard_normal


def kl(mu, log_var):
    return 0.5 * total(np.expm1(log_var) - log_var + mu**2)


def draw_gaussian(low, high):
    """Returns a draw of (mu, log_var) with `log_var` between `low` and `high`."""
    return lambda generator, B, K: (generator.normal(0, 1.2, (B, K)), generator.uniform(low, high, (B, K)))


def draw_prior(generator, B, K):
    return np.zeros((B, K)), np.zeros((B, K))


def draw_near_prior(generator, B, K):
    return generator.normal(0, 1e-3, (B, K)), generator.normal(0, 1e-3, (B, K))


def draw_extreme_gaussian(generator, B, K):
    return generator.uniform(-40, 40, (B, K)), generator.choice([-30.0, -20.0, 20.0, 30.0], (B, K))


kl_to_standard_normal = Task(
    name="kl_to_standard_normal",
    points=12,
    place="document 000, section 4, step 7 (line 79); document 003, eq. 13",
    shape="[B]",
    reference=densities.kl_to_standard_normal,
    cases=(
        Draw("log_var of both signs", GENERIC, draw_gaussian(-2, 2), {"B": 5, "K": 3}),
        Draw("all log_var positive", GENERIC, draw_gaussian(0.2, 2.5), {"B": 4, "K": 7}),
        Draw("all log_var negative", GENERIC, draw_gaussian(-3, -0.2), {"B": 7, "K": 5}),
        Draw("q equal to the prior", EDGE, draw_prior, {"B": 3, "K": 4}),
        Draw("q close to the prior", EDGE, draw_near_prior, {"B": 5, "K": 7}),
        Draw("very wide and very narrow q", EDGE, draw_extreme_gaussian, {"B": 7, "K": 4}),
    ),
    tolerance="near the prior the textbook formula in float32 is off by up to 1e-7 K: the absolute 1e-5 covers it",
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
            "document 003, eq. 13; errata E-003-04",
        ),
        Wrong(
            "kl_log_std_instead_of_log_var",
            lambda mu, log_var: 0.5 * total(np.exp(log_var) + mu**2 - 1 - 0.5 * log_var),
            "You subtracted log sigma where log sigma^2, twice as much, belongs: log_var is that already.",
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
            "The mean enters without its square, so a negative mean lowers your divergence.",
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
            "That is the cross-entropy E_q[-log p(z)] alone: the entropy of q must still be subtracted.",
        ),
    ),
)


# bernoulli_log_prob_logits


def bernoulli(x, logits):
    return total(x * logits - np.logaddexp(0, logits))


def draw_logits(scale):
    return lambda generator, B, D: (
        generator.integers(0, 2, (B, D)).astype(float), generator.normal(0, scale, (B, D))
    )  # fmt: skip


def draw_saturated(size):
    """Returns a draw whose logits are +-size; the first example agrees with its pixels everywhere, the others don't."""

    def draw(generator, B, D):
        x = generator.integers(0, 2, (B, D)).astype(float)
        signs = generator.choice([-1.0, 1.0], (B, D))
        signs[0] = 2 * x[0] - 1
        return x, size * signs

    return draw


def draw_undecided(generator, B, D):
    return generator.integers(0, 2, (B, D)).astype(float), np.zeros((B, D))


bernoulli_log_prob_logits = Task(
    name="bernoulli_log_prob_logits",
    points=10,
    place="document 000, section 3 (line 59); document 003, eq. 6 and 7, question 2",
    shape="[B]",
    reference=densities.bernoulli_log_prob_logits,
    cases=(
        Draw("moderate logits", GENERIC, draw_logits(1.5), {"B": 5, "D": 7}),
        Draw("small logits", GENERIC, draw_logits(0.5), {"B": 7, "D": 4}),
        Draw("large logits", GENERIC, draw_logits(3.0), {"B": 4, "D": 11}),
        Draw("logits of 1000, right and wrong", EDGE, draw_saturated(1000.0), {"B": 3, "D": 5}),
        Draw("logits of 30, right and wrong", EDGE, draw_saturated(30.0), {"B": 4, "D": 7}),
        Draw("all logits zero", EDGE, draw_undecided, {"B": 5, "D": 3}),
    ),
    tolerance="every stable spelling keeps 1e-6 of the value in float32; at +-1000 it is exact",
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
            "The stable softplus has the exponential of minus the *absolute* value beside the maximum; you left that out "
            "and count the positive part twice.",
        ),
        Wrong(
            "logit_used_as_probability",
            lambda x, a: total(
                x * np.log(np.clip(a, 1e-7, 1 - 1e-7)) + (1 - x) * np.log(1 - np.clip(a, 1e-7, 1 - 1e-7))
            ),
            "You treated the logits as probabilities. They run over the whole real line; the sigmoid maps them to (0, 1).",
        ),
        Wrong(
            "logit_softmax_over_pixels",
            lambda x, a: total(x * (a - logsumexp(a, -1, keepdims=True))),
            "You put one softmax over all pixels. Pixels are independent: each has a Bernoulli distribution of its own.",
        ),
        Wrong(
            "logit_only_ones",
            lambda x, a: total(-x * np.logaddexp(0, -a)),
            "Only the pixels that are 1 count in your answer; a pixel that is 0 has a log-probability as well.",
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
        ),
        Wrong(
            "logit_clipped_probability",
            lambda x, a: total(
                x * np.log(np.clip(expit(a), 1e-7, 1 - 1e-7)) + (1 - x) * np.log(1 - np.clip(expit(a), 1e-7, 1 - 1e-7))
            ),
            "You went through clipped probabilities: a pixel that is confidently wrong costs at most 16 nats in your "
            "answer, and it should cost the whole logit. Work with the logits themselves.",
            "document 003, eq. 7; errata E-003-10",
        ),
        Wrong(
            "logit_naive_exp",
            lambda x, a: total(x * a - np.log1p(np.exp(a))),
            "The exponential of a large logit overflows, so the answer is infinite where it should be finite: use a "
            "softplus that never takes it.",
        ),
        Wrong(
            "logit_sum_over_batch",
            lambda x, a: over_batch(bernoulli(x, a), np.sum),
            "You also summed over the batch. Return one number per example.",
            "document 000, Listing 1 (reduction=SUM); errata E-000-18",
        ),
    ),
)


# elbo_identity_terms


def identity(log_pz, log_px_given_z, log_q):
    log_joint = log_pz + log_px_given_z
    q, log_px = np.exp(log_q), logsumexp(log_joint)
    return np.sum(q * (log_joint - log_q)), np.sum(q * (log_q - log_joint + log_px)), log_px


def changed(**terms):
    """Returns a wrong formula: the right one with some of `elbo`, `kl`, `log_px` replaced by functions of its arguments."""

    def formula(*arguments):
        right = dict(zip(("elbo", "kl", "log_px"), identity(*arguments), strict=True))
        return tuple((right | {name: term(*arguments) for name, term in terms.items()}).values())

    return formula


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
    place="document 000, section 1, steps 4 to 8 (lines 16-27)",
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
    tolerance="sums of at most seven terms: float32 keeps 1e-6 of the largest",
    mistakes=(
        Wrong(
            "identity_kl_to_prior",
            changed(kl=lambda p, lik, q: np.sum(np.exp(q) * (q - p))),
            "Your KL is to the prior p(z). In this identity it is to the posterior p(z|x): only that gap closes log p(x).",
            "document 000, section 1, step 7; document 002, line 85; errata E-002-02",
        ),
        Wrong(
            "identity_kl_reversed",
            changed(kl=lambda p, lik, q: np.sum(np.exp(log_normalised(p + lik)) * (log_normalised(p + lik) - q))),
            "Your KL averages under the posterior: that is KL(posterior || q). The identity has KL(q || posterior).",
        ),
        Wrong(
            "identity_kl_negated",
            changed(kl=lambda p, lik, q: -identity(p, lik, q)[1]),
            "Your KL has the wrong sign: it is log q minus log p(z|x), averaged under q, and never negative.",
        ),
        Wrong(
            "identity_log_px_without_prior",
            changed(log_px=lambda p, lik, q: logsumexp(lik)),
            "Your log p(x) sums p(x|z) over the states without weighting them by the prior p(z).",
            "document 001, marginalization (line 19)",
        ),
        Wrong(
            "identity_log_px_is_mean_log",
            changed(log_px=lambda p, lik, q: np.sum(np.exp(p) * lik)),
            "Your log p(x) is an average of logarithms; it is the logarithm of an average. By Jensen's inequality yours "
            "is too small.",
            "document 001, line 63 (Jensen); errata E-002-01",
        ),
        Wrong(
            "identity_log_px_is_likelihood",
            changed(log_px=lambda p, lik, q: np.exp(logsumexp(p + lik))),
            "Your third value is p(x); its logarithm is asked for.",
        ),
        Wrong(
            "identity_order_swapped",
            lambda p, lik, q: (lambda elbo, kl, log_px: (log_px, elbo, kl))(*identity(p, lik, q)),
            "The three values are right but in another order: return (elbo, kl, log_px).",
        ),
        Wrong(
            "identity_kl_first",
            lambda p, lik, q: (lambda elbo, kl, log_px: (kl, elbo, log_px))(*identity(p, lik, q)),
            "ELBO and KL have changed places: return (elbo, kl, log_px).",
        ),
        Wrong(
            "identity_elbo_negated",
            changed(elbo=lambda p, lik, q: -identity(p, lik, q)[0]),
            "You returned the loss, minus the ELBO. The ELBO itself lies below log p(x).",
            "document 000, section 1, step 8; errata E-000-11",
        ),
        Wrong(
            "identity_elbo_without_entropy",
            changed(elbo=lambda p, lik, q: np.sum(np.exp(q) * (p + lik))),
            "Your ELBO lacks -log q: without the entropy of q it is no longer a bound with a gap of KL(q || posterior).",
        ),
        Wrong(
            "identity_elbo_without_prior",
            changed(elbo=lambda p, lik, q: np.sum(np.exp(q) * (lik - q))),
            "Your ELBO lacks the prior: log p(x,z) is log p(z) + log p(x|z).",
        ),
        Wrong(
            "identity_elbo_unweighted",
            changed(elbo=lambda p, lik, q: np.sum(p + lik - q)),
            "Your ELBO sums over the states without weighting them by q: it is an average under q.",
        ),
        Wrong(
            "identity_elbo_under_prior",
            changed(elbo=lambda p, lik, q: np.sum(np.exp(p) * (p + lik - q))),
            "Your ELBO averages under the prior p(z); the average is under q.",
        ),
    ),
)


assignment = Assignment(
    name="a01_densities",
    title="Densities, divergences and the ELBO on paper",
    tasks=(bernoulli_log_prob_logits, kl_to_standard_normal, elbo_identity_terms),
    manual=(Manual("when_the_bound_is_tight", 4),),
)
