"""The beta-VAE's loss, and the weight of a squared error that it amounts to."""

import numpy as np

from autograder.reference import rate_distortion

from ..domains import spread
from ..formulas import logsumexp
from ..pictures import points
from ..question import EDGE, GENERIC, Arguments, Case, Domain, Draw, Question, wrong
from ..terms import of_output, term

__all__ = ["BETA_VAE", "beta_vae_loss", "rda_lambda"]

BETA_VAE = 'document 004, "The β -VAE"'
RDA = 'document 004, "RDA_s vs. β -VAE_s"'


OTHER_SIGNS = "two terms: the one negated and the other are the same, all negated"


def draw_terms(centre, low_beta, high_beta) -> Draw:
    """Returns a draw of (log_px_given_z, kl, beta), log-likelihoods around `centre`."""

    def draw(generator, L, B) -> Arguments:
        return (
            generator.normal(centre, 4, (L, B)),
            generator.gamma(4, 1.5, B),
            float(generator.uniform(low_beta, high_beta)),
        )

    return draw


def draw_free(generator, L, B) -> Arguments:
    """The rate costs nothing."""
    return generator.normal(-12, 3, (L, B)), generator.gamma(4, 1.5, B), 0.0


def draw_collapsed(generator, L, B) -> Arguments:
    """The rate is 0."""
    return generator.normal(-20, 3, (L, B)), np.zeros(B), float(generator.uniform(2, 5))


def draw_far_apart(generator, L, B) -> Arguments:
    """Samples that differ by hundreds of nats."""
    log_px = generator.uniform(-900, -300, (L, B))
    return log_px, generator.uniform(100, 300, B), float(generator.uniform(0.3, 0.7))


def sweep_terms(generator) -> Arguments:
    log_px, kl = spread(generator, 1000, (3, 400)), np.abs(spread(generator, 1000, (400,)))
    return log_px, kl, float(10 ** generator.uniform(-3, 1.5))


beta_vae_loss = Question(
    name="beta_vae_loss",
    points=5,
    source=BETA_VAE,
    shape="[]",
    reference=rate_distortion.beta_vae_loss,
    cases=(
        Case("beta below 1", GENERIC, draw_terms(-15, 0.2, 0.6), {"L": 3, "B": 5}),
        Case("beta above 1", GENERIC, draw_terms(-8, 2, 5), {"L": 5, "B": 4}),
        Case("densities above 1", GENERIC, draw_terms(9, 1.3, 2.5), {"L": 4, "B": 7}),
        Case("beta = 0", EDGE, draw_free, {"L": 4, "B": 3}),
        Case("a rate of 0", EDGE, draw_collapsed, {"L": 3, "B": 7}),
        Case("samples hundreds of nats apart", EDGE, draw_far_apart, {"L": 5, "B": 3}),
    ),
    float32=0.02,
    tolerance="means of numbers of a few hundred: float32 keeps 1e-6 of them",
    domain=Domain(sweep_terms),
    twins=tuple(
        (mistake, f"transformation_negated of {other}", OTHER_SIGNS)
        for mistake, other in (
            ("beta_kl_subtracted", "beta_likelihood_sign"),
            ("beta_likelihood_sign", "beta_kl_subtracted"),
        )
    ),
    terms=(
        of_output(
            {"log_px_given_z": "", "kl": "", "beta": "weight"},
            term(
                "distortion",
                -1,
                lambda log_px, kl, beta: np.mean(log_px),
                "mean_lb log p(x|z)",
                "the log-likelihood",
            ),
            term(
                "rate", 1, lambda log_px, kl, beta: beta * np.mean(kl), "beta mean_b KL", "the rate"
            ),
            term(
                "weighted",
                0,
                lambda log_px, kl, beta: beta * np.mean(log_px),
                "beta mean_lb log p(x|z)",
                "beta times the log-likelihood",
            ),
            sizes={
                "L": lambda log_px, kl, beta: len(log_px),
                "B": lambda log_px, kl, beta: len(kl),
            },
        ),
    ),
    pictures=(
        points(
            0,
            4,
            {"log_px_given_z": [[-6, -9], [-8, -3]], "kl": [2, 5], "beta": "t"},
        ),
        points(
            0,
            8,
            {"log_px_given_z": [[-6, -9], [-8, -3]], "kl": ["t", 5], "beta": 0.5},
        ),
    ),
    mistakes=wrong(
        beta_on_distortion=lambda a, k, b: np.mean(k - b * a.mean(axis=0)),
        beta_on_both=lambda a, k, b: b * np.mean(k - a.mean(axis=0)),
        beta_one_minus=lambda a, k, b: np.mean(b * k - (1 - b) * a.mean(axis=0)),
        beta_plus_one="beta_one_more",
        beta_divides="beta_inverted",
        beta_ignored="beta_left_out",
        beta_kl_subtracted="rate:-1",
        beta_loss_is_elbo="all:-1",
        beta_likelihood_sign="distortion:-1",
        beta_sum_over_batch="all:*B",
        beta_sum_over_L="distortion:*L",
        beta_first_sample=lambda a, k, b: np.mean(b * k - a[0]),
        beta_log_mean_exp=lambda a, k, b: np.mean(b * k - logsumexp(a, axis=0) + np.log(len(a))),
        beta_kl_summed_over_batch="rate:*B",
        beta_kl_squared=lambda a, k, b: np.mean(b * k**2 - a.mean(axis=0)),
    ),
)


def draw_weight(low_beta, high_beta, low, high) -> Draw:
    return lambda generator, n: (
        float(generator.uniform(low_beta, high_beta)),
        float(generator.uniform(low, high)),
    )


rda_lambda = Question(
    name="rda_lambda",
    points=3,
    source=RDA,
    shape="a scalar",
    reference=rate_distortion.rda_lambda,
    cases=(
        Case("beta above 1, sigma below", GENERIC, draw_weight(1.5, 4, 0.3, 0.8), {"n": 3}),
        Case("beta below 1, sigma above", GENERIC, draw_weight(0.2, 0.7, 1.3, 2.5), {"n": 4}),
        Case("both above 1", GENERIC, draw_weight(2, 6, 1.5, 3), {"n": 5}),
        Case("a narrow decoder", EDGE, draw_weight(1.5, 3, 0.01, 0.05), {"n": 7}),
        Case("a small beta", EDGE, draw_weight(0.01, 0.05, 0.4, 0.7), {"n": 3}),
    ),
    float32=0.02,
    tolerance="a product and a quotient",
    domain=Domain(
        lambda generator: tuple(float(10**power) for power in generator.uniform(-2, 1.5, 2)),
        num_draws=57,
    ),
    terms=(
        of_output(
            {"beta": "weight", "sigma": "sigma"},
            term(
                "lambda",
                0.5,
                lambda beta, sigma: 1 / (beta * sigma**2),
                "1 / (beta sigma^2)",
                "the weight",
            ),
            one_a_case=True,
        ),
    ),
    pictures=(
        points(0.2, 4, {"beta": "t", "sigma": 0.7}),
        points(0.3, 3, {"beta": 2, "sigma": "t"}),
    ),
    mistakes=wrong(
        lambda_beta_in_numerator="beta_inverted",
        lambda_inverted=lambda b, s: 2 * b * s**2,
        lambda_without_beta="beta_left_out",
        lambda_beta_squared=lambda b, s: 1 / (2 * b**2 * s**2),
        lambda_is_beta=(lambda b, s: 1 / b, "sigma_left_out"),
        lambda_no_half="lambda:2",
        lambda_sigma_not_squared=lambda b, s: 1 / (2 * b * s),
        lambda_sigma_in_numerator="sigma_inverted",
        lambda_from_1_plus_beta="beta_one_more",
    ),
)
