"""The ELBO with the KL in closed form."""

import numpy as np
from scipy.special import expit

from autograder.reference import elbo

from ..common_terms import bernoulli_rows, kl_rows
from ..domains import BATCH, DIMS, spread
from ..formulas import LOG_2PI, Numbers, bernoulli, kl, over_batch, total
from ..pictures import curve
from ..question import EDGE, GENERIC, Arguments, Case, Domain, Draw, Formula, Question, wrong
from ..terms import of_output, term

__all__ = ["elbo_analytic_kl"]


def exact_elbo(x, logits, mu, log_var) -> Numbers:
    return bernoulli(x, logits) - kl(mu, log_var)


def with_kl(divergence) -> Formula:
    """Returns a wrong formula: the right log-likelihood minus another KL, of (mu, log_var)."""
    return lambda x, logits, mu, log_var: bernoulli(x, logits) - divergence(mu, log_var)


def with_log_lik(log_lik) -> Formula:
    """Returns a wrong formula: another log-likelihood, of (x, logits), minus the right KL."""
    return lambda x, logits, mu, log_var: log_lik(x, logits) - kl(mu, log_var)


def from_probs(x, probs, least=1e-7) -> Numbers:
    probs = np.clip(probs, least, 1 - least)
    return total(x * np.log(probs) + (1 - x) * np.log(1 - probs))


def draw_batch(low, high, scale) -> Draw:
    return lambda generator, B, D, K: (
        generator.integers(0, 2, (B, D)).astype(float),
        generator.normal(0, scale, (B, D)),
        generator.normal(0, 1.2, (B, K)),
        generator.uniform(low, high, (B, K)),
    )


def draw_at_prior(generator, B, D, K) -> Arguments:
    x, logits, mu, log_var = draw_batch(-2, 2, 1.5)(generator, B, D, K)
    return x, logits, 0 * mu, 0 * log_var


def draw_undecided_decoder(generator, B, D, K) -> Arguments:
    x, logits, mu, log_var = draw_batch(-2, 2, 1.5)(generator, B, D, K)
    return x, 0 * logits, mu, log_var


def draw_certain_decoder(generator, B, D, K) -> Arguments:
    x, _, mu, log_var = draw_batch(-2, 2, 1.0)(generator, B, D, K)
    return x, generator.uniform(50, 1000, (B, D)) * generator.choice([-1, 1], (B, D)), mu, log_var


def draw_extreme_encoder(generator, B, D, K) -> Arguments:
    x, logits, *_ = draw_batch(-2, 2, 2.0)(generator, B, D, K)
    return (
        x,
        logits,
        generator.uniform(-40, 40, (B, K)),
        generator.choice([-30.0, -15.0, 15.0], (B, K)),
    )


def sweep_pixels(generator) -> np.ndarray:
    return generator.integers(0, 2, (BATCH, DIMS)).astype(float)


def sweep_elbo(generator) -> Arguments:
    return (
        sweep_pixels(generator),
        spread(generator, 1000),
        spread(generator, 40),
        spread(generator, 30),
    )


elbo_analytic_kl = Question(
    name="elbo_analytic_kl",
    points=10,
    source='document 001, "Deriving the ELBO"; document 003, eq. 8, 9 and 13',
    shape="[B]",
    reference=elbo.elbo_analytic_kl,
    cases=(
        Case("log_var of both signs", GENERIC, draw_batch(-2, 2, 1.5), {"B": 5, "D": 7, "K": 3}),
        Case("all log_var positive", GENERIC, draw_batch(0.2, 2.5, 2.0), {"B": 4, "D": 11, "K": 7}),
        Case("all log_var negative", GENERIC, draw_batch(-3, -0.2, 1.0), {"B": 7, "D": 9, "K": 5}),
        Case("q equal to the prior", EDGE, draw_at_prior, {"B": 3, "D": 5, "K": 4}),
        Case(
            "a decoder that does not know", EDGE, draw_undecided_decoder, {"B": 5, "D": 9, "K": 4}
        ),
        Case("a decoder that is certain", EDGE, draw_certain_decoder, {"B": 4, "D": 7, "K": 3}),
        Case("very wide and very narrow q", EDGE, draw_extreme_encoder, {"B": 7, "D": 5, "K": 4}),
    ),
    float32=0.04,
    tolerance=(
        "both terms lower the ELBO, so nothing cancels: TFP's divergence in float32 is off by "
        "2 % of the tolerance"
    ),
    twins=tuple(
        (
            mistake,
            f"transformation_negated of {other}",
            "each of the two terms has the other sign, so one is minus the other",
        )
        for mistake, other in (
            ("elbo_added_kl", "elbo_cross_entropy_sign"),
            ("elbo_cross_entropy_sign", "elbo_added_kl"),
        )
    ),
    domain=Domain(sweep_elbo),
    terms=(
        of_output(
            {"x": "binary", "logits": "logits", "mu": "", "log_var": "log_var"},
            *bernoulli_rows(),
            *kl_rows(sign=-1),
            term(
                "largest",
                0,
                lambda x, a, *_: total(np.maximum(a, 0)),
                "sum_d max(logits_d, 0)",
                "the larger of the logit and 0",
            ),
            sizes={"D": lambda x, *_: x.shape[-1], "K": lambda *batch: batch[-1].shape[-1]},
        ),
    ),
    pictures=(
        curve(-3, 3, {"x": [1, 0], "logits": [1, -2], "mu": ["t", "t"], "log_var": [-1, -1]}),
        curve(-4, 3, {"x": [1, 0], "logits": [1, -2], "mu": [1, 1], "log_var": ["t", "t"]}),
        curve(-5, 5, {"x": [1, 0], "logits": ["t", "t"], "mu": [1, 1], "log_var": [-1, -1]}),
    ),
    mistakes=wrong(
        elbo_added_kl="KL:-1",
        elbo_is_loss="all:-1",
        elbo_cross_entropy_sign="log-likelihood:-1",
        elbo_mean_recon_sum_kl="log-likelihood:/D",
        elbo_sum_recon_mean_kl="KL:/K",
        elbo_mean_recon_mean_kl=lambda x, logits, mu, log_var: (
            bernoulli(x, logits) / x.shape[-1] - kl(mu, log_var) / mu.shape[-1]
        ),
        elbo_kl_half_missing="KL:2",
        elbo_kl_missing="KL:0",
        elbo_recon_missing="log-likelihood:0",
        elbo_kl_std_instead_of_var=(
            "variance:log_var_sigma_for_variance",
            with_kl(
                lambda mu, log_var: 0.5 * total(np.exp(0.5 * log_var) + mu**2 - 1 - 0.5 * log_var)
            ),
        ),
        elbo_kl_half_of_log_var="log_var:1/2",
        elbo_kl_reversed=with_kl(
            lambda mu, log_var: 0.5 * total((1 + mu**2) * np.exp(-log_var) - 1 + log_var)
        ),
        elbo_prior_missing=with_kl(lambda mu, log_var: -0.5 * total(LOG_2PI + 1 + log_var)),
        elbo_entropy_missing=(
            with_kl(lambda mu, log_var: 0.5 * total(np.exp(log_var) + mu**2 + LOG_2PI)),
            with_kl(lambda mu, log_var: 0.5 * total(np.exp(log_var) + mu**2)),
        ),
        elbo_kl_over_batch=(
            with_kl(lambda mu, log_var: over_batch(kl(mu, log_var), np.sum)),
            with_kl(lambda mu, log_var: over_batch(kl(mu, log_var), np.mean)),
        ),
        elbo_kl_log_var_as_log_std="log_var_as_log_sigma",
        elbo_kl_mean_not_squared="mean:plain",
        elbo_kl_mean_missing="mean:0",
        elbo_kl_forgot_minus_one="one:0",
        elbo_double_sigmoid="logits_as_probability",
        elbo_logits_as_probs=(
            with_log_lik(from_probs),
            *(
                with_log_lik(lambda x, logits, least=least: from_probs(x, logits, least))
                for least in (1e-3, 1e-4, 1e-5, 1e-6, 1e-8)
            ),
            *(
                with_log_lik(
                    lambda x, logits, least=least: from_probs(x, logits, least) / x.shape[-1]
                )
                for least in (1e-7, 1e-6, 1e-8)
            ),
        ),
        elbo_keras_mean_of_probabilities=(
            with_log_lik(lambda x, logits: from_probs(x, expit(logits)) / x.shape[-1]),
            *(
                with_log_lik(
                    lambda x, logits, least=least: from_probs(x, expit(logits), least) / x.shape[-1]
                )
                for least in (1e-3, 1e-4, 1e-5, 1e-6, 1e-8, 1e-10, 1e-12)
            ),
        ),
        elbo_squared_error=(
            with_log_lik(lambda x, logits: -total((x - expit(logits)) ** 2)),
            with_log_lik(lambda x, logits: -0.5 * total((x - expit(logits)) ** 2)),
            with_log_lik(lambda x, logits: -np.mean((x - expit(logits)) ** 2, axis=-1)),
            with_log_lik(lambda x, logits: -total((x - logits) ** 2)),
        ),
        elbo_through_probabilities=(
            with_log_lik(lambda x, logits: from_probs(x, expit(logits))),
            with_log_lik(
                lambda x, logits: total(
                    x * np.log(expit(logits)) + (1 - x) * np.log(1 - expit(logits))
                )
            ),
            *(
                with_log_lik(lambda x, logits, least=least: from_probs(x, expit(logits), least))
                for least in (1e-3, 1e-4, 1e-5, 1e-6, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15)
            ),
            *(
                with_log_lik(
                    lambda x, logits, eps=eps: total(
                        x * np.log(expit(logits) + eps) + (1 - x) * np.log(1 - expit(logits) + eps)
                    )
                )
                for eps in (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12)
            ),
        ),
        elbo_batch_mean_broadcast=lambda *batch: over_batch(exact_elbo(*batch), np.mean),
        elbo_recon_summed_over_batch=(
            with_log_lik(lambda x, logits: over_batch(bernoulli(x, logits), np.sum)),
            with_log_lik(lambda x, logits: over_batch(bernoulli(x, logits), np.mean)),
        ),
    ),
)
