"""The loss of a VAE with Bernoulli pixels."""

import numpy as np
from scipy.special import expit

from autograder.reference import vae

from ..common_terms import kl_rows
from ..domains import DIMS, spread
from ..formulas import bernoulli, kl, total
from ..pictures import points
from ..question import EDGE, GENERIC, Arguments, Case, Domain, Draw, Formula, Question, wrong
from ..terms import of_output, term

__all__ = ["RECONSTRUCTION", "draw_q", "loss", "vae_loss"]

RECONSTRUCTION = "the reconstruction"


def loss(log_px_given_z, divergence) -> np.floating:
    """Returns the mean over the batch of reconstruction plus KL."""
    return np.mean(divergence - log_px_given_z.mean(axis=0))


def with_changes(log_px=lambda ll, x: ll, divergence=lambda kl, mu: kl) -> Formula:
    """Returns `vae_loss` with its log-likelihood `[L, B]` or its divergence `[B]` altered."""
    return lambda x, logits, mu, log_var: loss(
        log_px(bernoulli(x, logits), x), divergence(kl(mu, log_var), mu)
    )


def mean_over_pixels(terms) -> np.ndarray:
    return np.mean(terms, axis=-1)


def with_probability(to_probability, eps, over_pixels) -> Formula:
    """Returns `vae_loss` that takes the logarithm of a probability, clipped at `eps`."""

    def formula(x, logits, mu, log_var) -> np.floating:
        probs = np.clip(to_probability(logits), eps, 1 - eps)
        return loss(over_pixels(x * np.log(probs) + (1 - x) * np.log(1 - probs)), kl(mu, log_var))

    return formula


def with_clipped_probability(eps, over_pixels=total) -> Formula:
    return with_probability(expit, eps, over_pixels)


def with_logits_as_probabilities(eps, over_pixels) -> Formula:
    return with_probability(lambda logits: logits, eps, over_pixels)


def listing_1(x, logits, mu, log_var) -> np.floating:
    """Means over pixels, summed over the batch, added to each example's KL."""
    return np.mean(-bernoulli(x, logits).mean(axis=0).sum() / x.shape[-1] + kl(mu, log_var))


def mean_of(values) -> Formula:
    """Returns a term of the reconstruction, from its values, of (x, logits), at each pixel."""
    return lambda x, logits, mu, log_var: np.mean(total(values(x, logits)))


def draw_batch(scale, low, high) -> Draw:
    def draw(generator, L, B, D, K) -> Arguments:
        x = generator.integers(0, 2, (B, D)).astype(float)
        return x, generator.normal(0, scale, (L, B, D)), *draw_q(generator, B, K, low, high)

    return draw


def draw_q(generator, B, K, low, high) -> Arguments:
    """Returns (mu, log_var) of q, each of shape `[B, K]`.

    Args:
        generator: Draws the numbers.
        B: Examples.
        K: Latent dimensions.
        low: The least log variance.
        high: The largest.
    """
    return generator.normal(0, 1.2, (B, K)), generator.uniform(low, high, (B, K))


def draw_saturated_batch(generator, L, B, D, K) -> Arguments:
    """Logits of +-1000, of which some disagree with their pixel."""
    x = generator.integers(0, 2, (B, D)).astype(float)
    agreeing = generator.random((L, B, D)) < 0.8
    return x, 1000 * (2 * x - 1) * np.where(agreeing, 1, -1), *draw_q(generator, B, K, -2, 2)


def draw_extreme_q(generator, L, B, D, K) -> Arguments:
    x = generator.integers(0, 2, (B, D)).astype(float)
    log_var = generator.choice([-30.0, -15.0, 3.0], (B, K))
    return x, generator.normal(0, 2, (L, B, D)), generator.uniform(-3, 3, (B, K)), log_var


def draw_prior_batch(generator, L, B, D, K) -> Arguments:
    x = generator.integers(0, 2, (B, D)).astype(float)
    return x, generator.normal(0, 1, (L, B, D)), np.zeros((B, K)), np.zeros((B, K))


def sweep_batch(generator) -> Arguments:
    """Small batches: the mean over a large one would hide the worst example."""
    x = generator.integers(0, 2, (7, DIMS)).astype(float)
    return (
        x,
        spread(generator, 1000, (3, 7, DIMS)),
        spread(generator, 40, (7, 4)),
        spread(generator, 30, (7, 4)),
    )


vae_loss = Question(
    name="vae_loss",
    points=15,
    source=(
        "document 003, eq. 8 and 13; document 000, section 4 "
        '"Closed form ELBO for VAE with Gaussian Latent", step 8'
    ),
    shape="[]",
    reference=vae.vae_loss,
    cases=(
        Case(
            "log_var of both signs",
            GENERIC,
            draw_batch(1.5, -2, 2),
            {"L": 3, "B": 5, "D": 7, "K": 4},
        ),
        Case(
            "all log_var positive",
            GENERIC,
            draw_batch(2.5, 0.3, 2),
            {"L": 4, "B": 3, "D": 11, "K": 5},
        ),
        Case(
            "all log_var negative",
            GENERIC,
            draw_batch(1.0, -3, -0.3),
            {"L": 5, "B": 4, "D": 9, "K": 3},
        ),
        Case("q equal to the prior", EDGE, draw_prior_batch, {"L": 4, "B": 5, "D": 7, "K": 3}),
        Case("logits of +-1000", EDGE, draw_saturated_batch, {"L": 3, "B": 4, "D": 7, "K": 5}),
        Case("very narrow q", EDGE, draw_extreme_q, {"L": 5, "B": 3, "D": 7, "K": 4}),
    ),
    float32=0.01,
    tolerance="sums of terms of one sign, and a mean over B: measured 0.004 of the tolerance",
    twins=(
        (
            "vae_loss_mean_times_another_number",
            "transformation_averaged_over_batch of vae_loss_kl_batch_sum",
            "a reconstruction over B, plus the KL, is the mean of a reconstruction and B KLs",
        ),
    ),
    domain=Domain(sweep_batch, num_draws=17),
    keeps_formula=True,
    terms=(
        of_output(
            {"x": "binary", "logits": "logits", "mu": "", "log_var": "log_var"},
            term(
                "pixel",
                -1,
                mean_of(lambda x, a: x * a),
                "mean_bl sum_d x_bd a_lbd",
                "the logit times the pixel",
                part=RECONSTRUCTION,
            ),
            term(
                "softplus",
                1,
                mean_of(lambda x, a: np.logaddexp(0, a)),
                "mean_bl sum_d softplus(a_lbd)",
                "the softplus of the logit",
                part=RECONSTRUCTION,
            ),
            *kl_rows(lambda x, logits, mu, log_var: (mu, log_var, 1), over_batch=True),
            term(
                "hinge",
                0,
                mean_of(lambda x, a: np.maximum(a, 0)),
                "mean_bl sum_d max(a_lbd, 0)",
                "the larger of the logit and 0",
            ),
            sizes={
                "L": lambda x, logits, mu, log_var: len(logits),
                "B": lambda x, logits, mu, log_var: len(x),
                "D": lambda x, logits, mu, log_var: x.shape[-1],
                "K": lambda x, logits, mu, log_var: mu.shape[-1],
            },
        ),
    ),
    pictures=(
        points(
            -3,
            3,
            {
                "x": [[1, 0], [0, 0]],
                "logits": [[[1, -2], [0, 1]], [[3, 2], [-1, 0]]],
                "mu": [["t", "t"], [0, 0]],
                "log_var": [[-1, -1], [0, 0.5]],
            },
        ),
        points(
            -4,
            3,
            {
                "x": [[1, 0], [0, 0]],
                "logits": [[[1, -2], [0, 1]], [[3, 2], [-1, 0]]],
                "mu": [[1, 1], [0, 0]],
                "log_var": [["t", "t"], [0, 0.5]],
            },
        ),
        points(
            -5,
            5,
            {
                "x": [[1, 0], [0, 0]],
                "logits": [[["t", "t"], [0, 1]], [[3, 2], [-1, 0]]],
                "mu": [[1, 1], [0, 0]],
                "log_var": [[-1, -1], [0, 0.5]],
            },
        ),
    ),
    mistakes=wrong(
        vae_loss_is_elbo="all:-1",
        vae_loss_listing1=listing_1,
        vae_loss_first_sample=with_changes(lambda ll, x: ll[:1]),
        vae_loss_sum_over_samples="reconstruction:*L",
        vae_loss_log_of_mean_over_samples=with_changes(
            lambda ll, x: np.log(np.mean(np.exp(ll - ll.max(0)), axis=0, keepdims=True)) + ll.max(0)
        ),
        vae_loss_mean_of_logits=lambda x, logits, mu, log_var: loss(
            bernoulli(x, logits.mean(axis=0, keepdims=True)), kl(mu, log_var)
        ),
        vae_loss_mean_over_pixels="reconstruction:/D",
        vae_loss_kl_mean_over_latents="KL:/K",
        vae_loss_both_means=with_changes(
            lambda ll, x: ll / x.shape[-1], lambda kl, mu: kl / mu.shape[-1]
        ),
        vae_loss_kl_no_half="KL:2",
        vae_loss_kl_no_log_var="log_var:0",
        vae_loss_images_repeated_in_another_order=lambda x, logits, mu, log_var: loss(
            bernoulli(np.repeat(x, len(logits), axis=0).reshape(logits.shape), logits),
            kl(mu, log_var),
        ),
        vae_loss_mean_times_another_number=tuple(
            lambda x, logits, mu, log_var, factor=factor: loss(
                bernoulli(x, logits) / x.shape[-1] * factor(*logits.shape, mu.shape[-1]),
                kl(mu, log_var),
            )
            for factor in (
                lambda L, B, D, K: 784,
                lambda L, B, D, K: K,
                lambda L, B, D, K: 1 / B,
                lambda L, B, D, K: D / B,
                lambda L, B, D, K: B * D,
                lambda L, B, D, K: D**2,
                lambda L, B, D, K: 64,
            )
        ),
        vae_loss_kl_missing="KL:0",
        vae_loss_reconstruction_missing="reconstruction:0",
        vae_loss_kl_sign="KL:-1",
        vae_loss_batch_sum="all:*B",
        vae_loss_kl_batch_sum="KL:*B",
        vae_loss_kl_log_var_as_log_sigma="log_var_as_log_sigma",
        vae_loss_kl_std_for_variance="variance:log_var_sigma_for_variance",
        vae_loss_logits_as_probabilities="logits_as_probability",
        vae_loss_through_probability=(
            with_clipped_probability(0.0),
            *(
                with_clipped_probability(eps)
                for eps in (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1.1920929e-7, 1e-8, 1e-10, 1e-12)
            ),
        ),
        vae_loss_from_logits_forgotten=(
            with_logits_as_probabilities(1e-7, total),
            *(
                with_logits_as_probabilities(eps, total)
                for eps in (1e-3, 1e-4, 1e-5, 1e-6, 1.1920929e-7, 1e-8)
            ),
            *(with_logits_as_probabilities(eps, mean_over_pixels) for eps in (1e-7, 1e-6, 1e-8)),
        ),
        vae_loss_keras_mean_of_probabilities=(
            with_clipped_probability(1e-7, mean_over_pixels),
            *(
                with_clipped_probability(eps, mean_over_pixels)
                for eps in (0.0, 1e-3, 1e-4, 1e-5, 1e-6, 1.1920929e-7, 1e-8, 1e-10, 1e-12)
            ),
        ),
        vae_loss_squared_error=(
            lambda x, logits, mu, log_var: loss(-total((x - expit(logits)) ** 2), kl(mu, log_var)),
            lambda x, logits, mu, log_var: loss(
                -0.5 * total((x - expit(logits)) ** 2), kl(mu, log_var)
            ),
            lambda x, logits, mu, log_var: loss(-total((x - logits) ** 2), kl(mu, log_var)),
            lambda x, logits, mu, log_var: loss(-0.5 * total((x - logits) ** 2), kl(mu, log_var)),
            lambda x, logits, mu, log_var: loss(
                -mean_over_pixels((x - expit(logits)) ** 2), kl(mu, log_var)
            ),
            lambda x, logits, mu, log_var: loss(
                -mean_over_pixels((x - logits) ** 2), kl(mu, log_var)
            ),
        ),
    ),
)
