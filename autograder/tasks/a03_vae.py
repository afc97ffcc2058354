"""a03_vae: the variational autoencoder in Keras."""

import math
from dataclasses import replace

import numpy as np
from scipy.special import expit, ndtri
from vikit.judging import Mistake, Property
from vikit.protocol.wire import BuiltArgument, Tensor

from autograder.reference import densities, vae

from .properties import ANY_MODEL, SAMPLED, SQUASHED, UNLEARNT, UNTRAINED, loss_mistakes, network_properties
from .task import EDGE, GENERIC, Assignment, Draw, Manual, Task, Wrong

LOG_2PI = math.log(2 * math.pi)
MODEL_SECONDS = 60
# Of the way from one Bernoulli per pixel (-25.25 nats) to a plain VAE trained for 20 epochs (-19.7) 60 %. Ten epochs at the
# rate of `vikit.exams.floor` take the solution to -20.01 +- 0.27 nats (20 seeds, each with a split and a start of its
# own; the worst -20.60): seven standard deviations above the floor. (`make soak` measures it again.)
FLOOR = -21.9


def total(terms):
    """Returns the sum over the last axis."""
    return np.sum(terms, axis=-1)


def kl(mu, log_var):
    """Returns one divergence from the prior per example. Shape `[B]`."""
    return 0.5 * total(np.expm1(log_var) - log_var + mu**2)


# sample_latent


def samples(mu, log_var, eps):
    return mu + np.exp(0.5 * log_var) * eps


def draw_latent(low, high):
    return lambda generator, L, B, K: (
        Tensor(generator.normal(0, 1.2, (B, K))),
        Tensor(generator.uniform(low, high, (B, K))),
        Tensor(generator.normal(0, 1, (L, B, K))),
    )


def draw_latent_near_prior(generator, L, B, K):
    """q close to the prior, where the noise comes through almost as it is."""
    mu, log_var = generator.normal(0, 0.3, (2, B, K))
    return Tensor(mu), Tensor(log_var), Tensor(generator.normal(0, 1, (L, B, K)))


def draw_latent_extremes(generator, L, B, K):
    mu = generator.uniform(-40, 40, (B, K))
    return (
        Tensor(mu),
        Tensor(generator.choice([-20.0, -8.0, 8.0, 20.0], (B, K))),
        Tensor(generator.normal(0, 1, (L, B, K))),
    )


sample_latent = Task(
    name="sample_latent",
    points=6,
    source="document 003, eq. 22 and footnote 3",
    shape="[L,B,K]",
    reference=vae.latent_samples,
    cases=(
        Draw("log_var of both signs", GENERIC, draw_latent(-2, 2), {"L": 3, "B": 5, "K": 4}),
        Draw("all log_var positive", GENERIC, draw_latent(0.3, 2.5), {"L": 5, "B": 4, "K": 3}),
        Draw("all log_var negative", GENERIC, draw_latent(-3, -0.3), {"L": 4, "B": 3, "K": 5}),
        Draw("q close to the prior", EDGE, draw_latent_near_prior, {"L": 5, "B": 3, "K": 4}),
        Draw("very wide and very narrow q", EDGE, draw_latent_extremes, {"L": 4, "B": 5, "K": 3}),
    ),
    float32=0.06,
    tolerance="one exponential, one product, one sum: measured 0.06 of the tolerance, at large log_var",
    mistakes=(
        Wrong(
            "latent_log_var_as_log_sigma",
            lambda mu, log_var, eps: mu + np.exp(log_var) * eps,
            "You scaled the noise by the variance: exp(log_var) is sigma squared. Take half of log_var before "
            "the exponential.",
            "document 003, eq. 22 and section 1.6 (line 174)",
        ),
        Wrong(
            "latent_no_exp",
            lambda mu, log_var, eps: mu + log_var * eps,
            "You scaled the noise by log_var itself or by half of it, which may be negative: the exponential is missing.",
            also=(lambda mu, log_var, eps: mu + 0.5 * log_var * eps,),
        ),
        Wrong(
            "latent_sqrt_of_log_var",
            lambda mu, log_var, eps: mu + np.sqrt(log_var) * eps,
            "You took the square root of log_var, which is NaN where log_var is negative. The standard deviation is "
            "exp(log_var / 2).",
        ),
        Wrong(
            "latent_precision",
            lambda mu, log_var, eps: mu + np.exp(-0.5 * log_var) * eps,
            "You divided by the standard deviation or by the variance: a wide q gets little noise and a narrow one much.",
            also=(lambda mu, log_var, eps: mu + np.exp(-log_var) * eps,),
        ),
        Wrong(
            "latent_minus",
            lambda mu, log_var, eps: mu - np.exp(0.5 * log_var) * eps,
            "The noise enters with a minus. The distribution is the same, but the value for a given eps is "
            "not: z = mu + sigma "
            "eps.",
        ),
        Wrong(
            "latent_no_mean",
            lambda mu, log_var, eps: np.exp(0.5 * log_var) * eps,
            "The mean is missing: your samples lie around 0 for every image.",
        ),
        Wrong(
            "latent_unscaled_noise",
            lambda mu, log_var, eps: mu + eps,
            "The noise is not scaled: log_var does not enter, and no gradient reaches it.",
        ),
        Wrong(
            "latent_mean_only",
            lambda mu, log_var, eps: mu + 0 * eps,
            "You returned the mean for every sample: the noise does not enter.",
        ),
        Wrong(
            "latent_one_noise_for_all_samples",
            lambda mu, log_var, eps: samples(mu, log_var, np.broadcast_to(eps[:1], eps.shape)),
            "All L samples of an image are the same: you used the first noise for each.",
            "document 003, footnote 3 and eq. 28",
        ),
        Wrong(
            "latent_one_noise_for_the_batch",
            lambda mu, log_var, eps: samples(mu, log_var, np.broadcast_to(eps[:, :1], eps.shape)),
            "You used the first image's noise for the whole batch: each image needs its own.",
        ),
        Wrong(
            "latent_one_noise_for_all_dimensions",
            lambda mu, log_var, eps: samples(mu, log_var, np.broadcast_to(eps[..., :1], eps.shape)),
            "You used one number of noise for all latent dimensions: z then moves along a line only.",
        ),
        Wrong(
            "latent_scales_the_mean",
            lambda mu, log_var, eps: np.exp(0.5 * log_var) * (mu + eps),
            "The standard deviation multiplies the mean as well: only the noise is scaled.",
        ),
    ),
)


# vae_loss


def bernoulli(x, logits):
    """Returns log p(x given z_l) for each sample and example. Shape `[L, B]`."""
    return total(x * logits - np.logaddexp(0, logits))


def loss(log_px_given_z, divergence):
    """Returns the mean over the batch of reconstruction plus KL."""
    return np.mean(divergence - log_px_given_z.mean(axis=0))


def with_changes(log_px=lambda ll, x: ll, divergence=lambda kl, mu: kl):
    """Returns `vae_loss` with its log-likelihood `[L, B]` or its divergence `[B]` altered."""
    return lambda x, logits, mu, log_var: loss(log_px(bernoulli(x, logits), x), divergence(kl(mu, log_var), mu))


def mean_over_pixels(terms):
    return np.mean(terms, axis=-1)


def with_probability(to_probability, eps, over_pixels):
    """Returns `vae_loss` that takes the logarithm of a probability, clipped at `eps`."""

    def formula(x, logits, mu, log_var):
        probs = np.clip(to_probability(logits), eps, 1 - eps)
        return loss(over_pixels(x * np.log(probs) + (1 - x) * np.log(1 - probs)), kl(mu, log_var))

    return formula


def with_clipped_probability(eps, over_pixels=total):
    return with_probability(expit, eps, over_pixels)


def with_logits_as_probabilities(eps, over_pixels):
    return with_probability(lambda logits: logits, eps, over_pixels)


def listing_1(x, logits, mu, log_var):
    """Means over pixels, summed over the batch, added to each example's KL."""
    return np.mean(-bernoulli(x, logits).mean(axis=0).sum() / x.shape[-1] + kl(mu, log_var))


def draw_batch(scale, low, high):
    def draw(generator, L, B, D, K):
        x = generator.integers(0, 2, (B, D)).astype(float)
        return x, generator.normal(0, scale, (L, B, D)), *draw_q(generator, B, K, low, high)

    return draw


def draw_q(generator, B, K, low, high):
    return generator.normal(0, 1.2, (B, K)), generator.uniform(low, high, (B, K))


def draw_saturated_batch(generator, L, B, D, K):
    """Logits of +-1000, of which some disagree with their pixel."""
    x = generator.integers(0, 2, (B, D)).astype(float)
    agreeing = generator.random((L, B, D)) < 0.8
    return x, 1000 * (2 * x - 1) * np.where(agreeing, 1, -1), *draw_q(generator, B, K, -2, 2)


def draw_extreme_q(generator, L, B, D, K):
    x = generator.integers(0, 2, (B, D)).astype(float)
    log_var = generator.choice([-30.0, -15.0, 3.0], (B, K))
    return x, generator.normal(0, 2, (L, B, D)), generator.uniform(-3, 3, (B, K)), log_var


def draw_prior_batch(generator, L, B, D, K):
    x = generator.integers(0, 2, (B, D)).astype(float)
    return x, generator.normal(0, 1, (L, B, D)), np.zeros((B, K)), np.zeros((B, K))


vae_loss = Task(
    name="vae_loss",
    points=15,
    source="document 000, section 4, step 8 (line 82); document 003, eq. 8 and 13",
    shape="[]",
    reference=vae.vae_loss,
    cases=(
        Draw("log_var of both signs", GENERIC, draw_batch(1.5, -2, 2), {"L": 3, "B": 5, "D": 7, "K": 4}),
        Draw("all log_var positive", GENERIC, draw_batch(2.5, 0.3, 2), {"L": 4, "B": 3, "D": 7, "K": 5}),
        Draw("all log_var negative", GENERIC, draw_batch(1.0, -3, -0.3), {"L": 5, "B": 4, "D": 7, "K": 3}),
        Draw("q equal to the prior", EDGE, draw_prior_batch, {"L": 4, "B": 5, "D": 7, "K": 3}),
        Draw("logits of +-1000", EDGE, draw_saturated_batch, {"L": 3, "B": 4, "D": 7, "K": 5}),
        Draw("very narrow q", EDGE, draw_extreme_q, {"L": 5, "B": 3, "D": 7, "K": 4}),
    ),
    float32=0.01,
    tolerance="sums of terms of one sign, and a mean over B: measured 0.004 of the tolerance",
    mistakes=(
        Wrong(
            "vae_loss_is_elbo",
            lambda x, logits, mu, log_var: -loss(bernoulli(x, logits), kl(mu, log_var)),
            "You returned the ELBO. A loss is minimised: return its negative.",
            "document 000, line 82; errata E-000-11",
        ),
        Wrong(
            "vae_loss_listing1",
            listing_1,
            "That is the reduction of Listing 1: the mean over pixels, summed over the whole batch, then added to each "
            "example's own KL. Sum over pixels and stay with one number per example until the end.",
            "document 000, Listing 1; errata E-000-18",
        ),
        Wrong(
            "vae_loss_first_sample",
            with_changes(lambda ll, x: ll[:1]),
            "Only the first of the L samples counts in your answer: average over all of them.",
        ),
        Wrong(
            "vae_loss_sum_over_samples",
            with_changes(lambda ll, x: len(ll) * ll),
            "You summed over the L samples. They estimate an expectation: average.",
        ),
        Wrong(
            "vae_loss_log_of_mean_over_samples",
            with_changes(lambda ll, x: np.log(np.mean(np.exp(ll - ll.max(0)), axis=0, keepdims=True)) + ll.max(0)),
            "You took the logarithm of the mean likelihood over the samples; the ELBO is the mean of the logarithms.",
            "document 002, lines 767 to 782",
        ),
        Wrong(
            "vae_loss_mean_of_logits",
            lambda x, logits, mu, log_var: loss(bernoulli(x, logits.mean(axis=0, keepdims=True)), kl(mu, log_var)),
            "You averaged the logits over the samples before the likelihood. Average the log-likelihoods.",
        ),
        Wrong(
            "vae_loss_mean_over_pixels",
            with_changes(lambda ll, x: ll / x.shape[-1]),
            "The reconstruction is averaged over the pixels, as Keras does, and the KL is not: it then weighs "
            "D times too much. "
            "Sum over the pixels.",
            "document 000, Listing 1; errata E-000-18",
        ),
        Wrong(
            "vae_loss_kl_mean_over_latents",
            with_changes(divergence=lambda kl, mu: kl / mu.shape[-1]),
            "The KL is averaged over the latent dimensions. It is a sum over them, as the reconstruction is over pixels.",
        ),
        Wrong(
            "vae_loss_both_means",
            with_changes(lambda ll, x: ll / x.shape[-1], lambda kl, mu: kl / mu.shape[-1]),
            "Both terms are averaged over their dimensions: pixels and latent dimensions then weigh "
            "differently. Sum over both.",
        ),
        Wrong(
            "vae_loss_kl_no_half",
            with_changes(divergence=lambda kl, mu: 2 * kl),
            "The KL counts twice in your loss: the factor 1/2 is missing, or it was added a second time.",
        ),
        Wrong(
            "vae_loss_kl_missing",
            with_changes(divergence=lambda kl, mu: 0 * kl),
            "The KL is missing: this is the loss of an autoencoder with noise.",
            "document 003, section 1.6 (line 181)",
        ),
        Wrong(
            "vae_loss_reconstruction_missing",
            with_changes(lambda ll, x: 0 * ll),
            "The reconstruction is missing: only the KL is left, and q would become the prior.",
        ),
        Wrong(
            "vae_loss_kl_sign",
            with_changes(divergence=lambda kl, mu: -kl),
            "The KL enters with the wrong sign: a loss adds it to the reconstruction.",
            "document 000, section 4, steps 4 to 7; errata E-000-08 and E-000-09",
        ),
        Wrong(
            "vae_loss_batch_sum",
            lambda x, logits, mu, log_var: len(x) * loss(bernoulli(x, logits), kl(mu, log_var)),
            "You summed over the batch: the loss doubles when every image is put in twice. Average.",
        ),
        Wrong(
            "vae_loss_kl_batch_sum",
            with_changes(divergence=lambda kl, mu: kl * len(kl)),
            "The KL is summed over the batch while the reconstruction is averaged. Average both.",
        ),
        Wrong(
            "vae_loss_kl_log_var_as_log_sigma",
            lambda x, logits, mu, log_var: loss(bernoulli(x, logits), kl(mu, 2 * log_var)),
            "In the KL you took log_var for log sigma: its exponential is the variance already.",
            "document 003, eq. 13; errata E-003-04",
        ),
        Wrong(
            "vae_loss_kl_std_for_variance",
            lambda x, logits, mu, log_var: loss(
                bernoulli(x, logits), 0.5 * total(np.exp(0.5 * log_var) + mu**2 - 1 - log_var)
            ),
            "In the KL the standard deviation stands where the variance belongs.",
        ),
        Wrong(
            "vae_loss_logits_as_probabilities",
            lambda x, logits, mu, log_var: loss(bernoulli(x, expit(logits)), kl(mu, log_var)),
            "A sigmoid was applied to the logits, and the result was taken for logits again: probabilities "
            "then lie between "
            "0.5 and 0.73.",
        ),
        Wrong(
            "vae_loss_through_probability",
            with_clipped_probability(0.0),
            "You turned logits into probabilities and took the logarithm. At logits of +-1000 a probability is "
            "exactly 0 or 1 "
            "and the loss infinite, NaN, or cut off. Stay with logits: softplus knows.",
            "document 003, eq. 6 and 7; errata E-003-10",
            also=tuple(
                with_clipped_probability(eps)
                for eps in (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1.1920929e-7, 1e-8, 1e-10, 1e-12)
            ),
        ),
        Wrong(
            "vae_loss_from_logits_forgotten",
            with_logits_as_probabilities(1e-7, total),
            "The logits are taken for probabilities, and cut off at 0 and 1, as Keras' binary_crossentropy does without "
            "from_logits=True.",
            "document 003, eq. 6 and 7",
            also=(
                *(with_logits_as_probabilities(eps, total) for eps in (1e-3, 1e-4, 1e-5, 1e-6, 1.1920929e-7, 1e-8)),
                *(with_logits_as_probabilities(eps, mean_over_pixels) for eps in (1e-7, 1e-6, 1e-8)),
            ),
        ),
        Wrong(
            "vae_loss_keras_mean_of_probabilities",
            with_clipped_probability(1e-7, mean_over_pixels),
            "The reconstruction is averaged over the pixels, as Keras' binary_crossentropy does, and goes through "
            "probabilities that are cut off near 0 and 1. Sum over the pixels, and stay with logits.",
            "document 000, Listing 1; errata E-000-18",
            also=tuple(
                with_clipped_probability(eps, mean_over_pixels)
                for eps in (0.0, 1e-3, 1e-4, 1e-5, 1e-6, 1.1920929e-7, 1e-8, 1e-10, 1e-12)
            ),
        ),
        Wrong(
            "vae_loss_squared_error",
            lambda x, logits, mu, log_var: loss(-total((x - expit(logits)) ** 2), kl(mu, log_var)),
            "The reconstruction is a squared error, the core of a Gaussian log-likelihood; these pixels are Bernoulli.",
            also=(
                lambda x, logits, mu, log_var: loss(-0.5 * total((x - expit(logits)) ** 2), kl(mu, log_var)),
                lambda x, logits, mu, log_var: loss(-total((x - logits) ** 2), kl(mu, log_var)),
                lambda x, logits, mu, log_var: loss(-0.5 * total((x - logits) ** 2), kl(mu, log_var)),
                lambda x, logits, mu, log_var: loss(-mean_over_pixels((x - expit(logits)) ** 2), kl(mu, log_var)),
                lambda x, logits, mu, log_var: loss(-mean_over_pixels((x - logits) ** 2), kl(mu, log_var)),
            ),
        ),
    ),
)


# gaussian_vae_loss


def gaussian(x, x_mu, sigma):
    return -0.5 * total(LOG_2PI + 2 * np.log(sigma) + ((x - x_mu) / sigma) ** 2)


def with_gaussian_changes(log_px=lambda ll, x: ll, divergence=lambda kl, mu: kl):
    """Returns `gaussian_vae_loss` with its log-likelihood `[L, B]` or its divergence `[B]` altered."""

    def formula(x, x_mu, mu, log_var, sigma):
        return loss(log_px(gaussian(x, x_mu, sigma), x), divergence(kl(mu, log_var), mu))

    return formula


def with_log_px(log_px):
    """Returns `gaussian_vae_loss` with another log-likelihood, of (x, x_mu, sigma)."""
    return lambda x, x_mu, mu, log_var, sigma: loss(log_px(x, x_mu, sigma), kl(mu, log_var))


def squared_distance(x, x_mu):
    return total((x - x_mu) ** 2)


def draw_grey_batch(low_sigma, high_sigma, low, high):
    def draw(generator, L, B, D, K):
        x = generator.random((B, D))
        sigma = float(generator.uniform(low_sigma, high_sigma))
        return x, x + sigma * generator.normal(0, 1.3, (L, B, D)), *draw_q(generator, B, K, low, high), sigma

    return draw


def draw_perfect_batch(generator, L, B, D, K):
    """Means equal to the data: only the constants are left of the reconstruction."""
    x = generator.random((B, D))
    return x, np.broadcast_to(x, (L, B, D)).copy(), *draw_q(generator, B, K, -2, 2), float(generator.uniform(0.05, 0.2))


gaussian_vae_loss = Task(
    name="gaussian_vae_loss",
    points=7,
    source="document 003, section 1.3 (line 61); document 004, lines 53 to 61",
    shape="[]",
    reference=vae.gaussian_vae_loss,
    cases=(
        Draw("sigma below 1", GENERIC, draw_grey_batch(0.3, 0.7, -2, 2), {"L": 3, "B": 5, "D": 7, "K": 4}),
        Draw("sigma above 1", GENERIC, draw_grey_batch(1.5, 3, 0.3, 2), {"L": 4, "B": 3, "D": 7, "K": 5}),
        Draw("all log_var negative", GENERIC, draw_grey_batch(0.4, 0.8, -3, -0.3), {"L": 5, "B": 4, "D": 7, "K": 3}),
        Draw("a sharp decoder", EDGE, draw_grey_batch(0.02, 0.05, -2, 2), {"L": 3, "B": 4, "D": 7, "K": 5}),
        Draw("a perfect reconstruction", EDGE, draw_perfect_batch, {"L": 5, "B": 3, "D": 7, "K": 4}),
    ),
    float32=0.03,
    tolerance="near the pixel float32 keeps 1e-7 / sigma of the scaled distance: measured 0.02 of the tolerance",
    mistakes=(
        Wrong(
            "gvae_is_elbo",
            lambda x, x_mu, mu, log_var, sigma: -loss(gaussian(x, x_mu, sigma), kl(mu, log_var)),
            "You returned the ELBO. A loss is minimised: return its negative.",
            "document 000, line 82; errata E-000-11",
        ),
        Wrong(
            "gvae_mse",
            with_log_px(lambda x, x_mu, sigma: -squared_distance(x, x_mu)),
            "The reconstruction is a squared error alone, summed, halved or averaged: sigma does not enter, so it has no "
            "weight against the KL.",
            also=(
                with_log_px(lambda x, x_mu, sigma: -0.5 * squared_distance(x, x_mu)),
                with_log_px(lambda x, x_mu, sigma: -squared_distance(x, x_mu) / x.shape[-1]),
                with_log_px(lambda x, x_mu, sigma: -0.5 * squared_distance(x, x_mu) / x.shape[-1]),
            ),
        ),
        Wrong(
            "gvae_no_normaliser",
            with_log_px(lambda x, x_mu, sigma: -squared_distance(x, x_mu) / (2 * sigma**2)),
            "The constants D log sigma and D/2 log 2 pi are missing. They have no gradient, but without them "
            "this is no ELBO.",
            "document 004, line 67; errata E-004-02",
        ),
        Wrong(
            "gvae_no_log_2pi",
            with_log_px(lambda x, x_mu, sigma: gaussian(x, x_mu, sigma) + 0.5 * x.shape[-1] * LOG_2PI),
            "The constant D/2 log 2 pi is missing.",
            "document 004, line 67; errata E-004-03",
        ),
        Wrong(
            "gvae_no_log_sigma",
            with_log_px(lambda x, x_mu, sigma: gaussian(x, x_mu, sigma) + x.shape[-1] * np.log(sigma)),
            "The term D log sigma is missing.",
        ),
        Wrong(
            "gvae_normaliser_once",
            with_log_px(
                lambda x, x_mu, sigma: -squared_distance(x, x_mu) / (2 * sigma**2) - np.log(sigma) - 0.5 * LOG_2PI
            ),
            "The constants stand in your answer once; they belong to each of the D pixels.",
        ),
        Wrong(
            "gvae_sigma_as_variance",
            with_log_px(lambda x, x_mu, sigma: gaussian(x, x_mu, np.sqrt(sigma))),
            "You took sigma for the variance: square it.",
            "document 004, lines 57 to 61; errata E-004-01",
        ),
        Wrong(
            "gvae_sigma_not_halved",
            with_log_px(lambda x, x_mu, sigma: gaussian(x, x_mu, sigma) - squared_distance(x, x_mu) / (2 * sigma**2)),
            "The squared error is divided by sigma^2 instead of 2 sigma^2.",
        ),
        Wrong(
            "gvae_mean_over_dims",
            with_gaussian_changes(lambda ll, x: ll / x.shape[-1]),
            "The reconstruction is averaged over the pixels. Sum over them, or the KL weighs D times too much.",
        ),
        Wrong(
            "gvae_sum_over_L",
            with_gaussian_changes(lambda ll, x: len(ll) * ll),
            "You summed over the L samples. They estimate an expectation: average.",
        ),
        Wrong(
            "gvae_first_sample",
            with_gaussian_changes(lambda ll, x: ll[:1]),
            "Only the first of the L samples counts in your answer: average over all of them.",
        ),
        Wrong(
            "gvae_mean_of_x_mu",
            lambda x, x_mu, mu, log_var, sigma: loss(gaussian(x, x_mu.mean(0, keepdims=True), sigma), kl(mu, log_var)),
            "You averaged the decoder's means over the samples before the likelihood. Average the log-likelihoods.",
        ),
        Wrong(
            "gvae_batch_sum",
            lambda x, x_mu, mu, log_var, sigma: len(x) * loss(gaussian(x, x_mu, sigma), kl(mu, log_var)),
            "You summed over the batch: the loss doubles when every image is put in twice. Average.",
        ),
        Wrong(
            "gvae_kl_missing",
            with_gaussian_changes(divergence=lambda kl, mu: 0 * kl),
            "The KL is missing: this is the loss of an autoencoder with noise.",
        ),
        Wrong(
            "gvae_kl_no_half",
            with_gaussian_changes(divergence=lambda kl, mu: 2 * kl),
            "The KL counts twice in your loss: the factor 1/2 is missing, or it was added a second time.",
        ),
        Wrong(
            "gvae_kl_mean_over_latents",
            with_gaussian_changes(divergence=lambda kl, mu: kl / mu.shape[-1]),
            "The KL is averaged over the latent dimensions. It is a sum over them, as the reconstruction is over pixels.",
        ),
        Wrong(
            "gvae_sigmoid",
            lambda x, x_mu, mu, log_var, sigma: loss(gaussian(x, expit(x_mu), sigma), kl(mu, log_var)),
            "A sigmoid was applied to the means. A Gaussian decoder's output is the mean itself.",
        ),
    ),
)


# reconstruct, sample_prior, latent_grid: each is given a model of linear networks.


def draw_model(generator, kind, D, K):
    shapes = ((K, D), (K,), (K, D), (K,), (D, K), (D,))
    return BuiltArgument(kind, tuple(generator.normal(0, 0.9, shape) for shape in shapes))


def draw_model_and_images(kind, scale=1.0):
    def draw(generator, B, D, K):
        x = generator.integers(0, 2, (B, D)) if kind == BERNOULLI else generator.random((B, D))
        return draw_model(generator, kind, D, K), scale * x.astype(float)

    return draw


def draw_model_and_noise(kind, scale=1.0):
    return lambda generator, n, D, K: (draw_model(generator, kind, D, K), scale * generator.normal(0, 1, (n, K)))


def draw_model_and_size(kind):
    return lambda generator, n, D: (draw_model(generator, kind, D, 2), n)


def pixel_means(model, z, squash=expit):
    """Returns the mean of the pixels, with `squash` instead of the sigmoid."""
    outputs = model.decoder(z)
    return squash(outputs) if model.likelihood == "bernoulli" else outputs


def opposite_pixel_means(model, z):
    """The sigmoid for means, and none for logits."""
    outputs = model.decoder(z)
    return outputs if model.likelihood == "bernoulli" else expit(outputs)


def posterior_mean(model, x):
    return model.encoder(x)[0]


BERNOULLI, GAUSSIAN = "bernoulli_model", "gaussian_model"

reconstruct = Task(
    name="reconstruct",
    points=3,
    source="document 003, section 1.6 (line 174)",
    shape="[B,D]",
    reference=vae.reconstruct,
    cases=(
        Draw("a Bernoulli model", GENERIC, draw_model_and_images(BERNOULLI), {"B": 5, "D": 7, "K": 3}),
        Draw("a Gaussian model", GENERIC, draw_model_and_images(GAUSSIAN), {"B": 4, "D": 3, "K": 5}),
        Draw("another Bernoulli model", GENERIC, draw_model_and_images(BERNOULLI), {"B": 3, "D": 5, "K": 4}),
        Draw("large logits", EDGE, draw_model_and_images(BERNOULLI, 8.0), {"B": 5, "D": 3, "K": 4}),
        Draw("means far from 0", EDGE, draw_model_and_images(GAUSSIAN, 8.0), {"B": 3, "D": 4, "K": 5}),
    ),
    float32=0.08,
    tolerance="two products of small matrices and a sigmoid: measured 0.06 of the tolerance",
    mistakes=(
        Wrong(
            "recon_logits",
            lambda model, x: model.decoder(posterior_mean(model, x)),
            "For a Bernoulli model you returned the logits; the mean of a pixel is their sigmoid.",
        ),
        Wrong(
            "recon_always_sigmoid",
            lambda model, x: expit(model.decoder(posterior_mean(model, x))),
            "For a Gaussian model the decoder's output is the mean already: the sigmoid is for Bernoulli pixels only.",
        ),
        Wrong(
            "recon_likelihoods_swapped",
            lambda model, x: opposite_pixel_means(model, posterior_mean(model, x)),
            "The sigmoid is applied to the Gaussian model, and not to the Bernoulli one: it is the other way round.",
        ),
        Wrong(
            "recon_at_log_var",
            lambda model, x: pixel_means(model, model.encoder(x)[1]),
            "You decoded the encoder's second output; the mean is the first.",
        ),
        Wrong(
            "recon_at_prior_mean",
            lambda model, x: pixel_means(model, 0 * posterior_mean(model, x)),
            "Every image gets the same reconstruction, that of z = 0: the encoder is not asked.",
        ),
        Wrong(
            "recon_rounded",
            lambda model, x: pixel_means(model, posterior_mean(model, x), lambda a: (a > 0).astype(float)),
            "You rounded the probabilities to 0 and 1; their mean is asked for.",
        ),
        Wrong(
            "recon_mean_plus_sigma",
            lambda model, x: pixel_means(model, posterior_mean(model, x) + np.exp(0.5 * model.encoder(x)[1])),
            "You moved away from the mean by a standard deviation: no noise and no sigma belongs here.",
        ),
        Wrong(
            "recon_tanh",
            lambda model, x: pixel_means(model, posterior_mean(model, x), np.tanh),
            "You squashed the logits by tanh; the probability of a pixel is their sigmoid.",
        ),
    ),
)

sample_prior = Task(
    name="sample_prior",
    points=3,
    source="document 004, VAEs 2013 (lines 179 to 185)",
    shape="[n,D]",
    reference=vae.sample_prior,
    cases=(
        Draw("a Bernoulli model", GENERIC, draw_model_and_noise(BERNOULLI), {"n": 5, "D": 7, "K": 3}),
        Draw("a Gaussian model", GENERIC, draw_model_and_noise(GAUSSIAN), {"n": 4, "D": 3, "K": 5}),
        Draw("another Bernoulli model", GENERIC, draw_model_and_noise(BERNOULLI), {"n": 3, "D": 5, "K": 4}),
        Draw("large logits", EDGE, draw_model_and_noise(BERNOULLI, 8.0), {"n": 5, "D": 3, "K": 4}),
        Draw("noise of size 8", EDGE, draw_model_and_noise(GAUSSIAN, 8.0), {"n": 3, "D": 4, "K": 5}),
    ),
    float32=0.03,
    tolerance="a product of small matrices and a sigmoid: measured 0.015 of the tolerance",
    mistakes=(
        Wrong(
            "prior_logits",
            lambda model, eps: model.decoder(eps),
            "For a Bernoulli model you returned the logits; the mean of a pixel is their sigmoid.",
        ),
        Wrong(
            "prior_always_sigmoid",
            lambda model, eps: expit(model.decoder(eps)),
            "For a Gaussian model the decoder's output is the mean already: the sigmoid is for Bernoulli pixels only.",
        ),
        Wrong(
            "prior_likelihoods_swapped",
            lambda model, eps: opposite_pixel_means(model, eps),
            "The sigmoid is applied to the Gaussian model, and not to the Bernoulli one: it is the other way round.",
        ),
        Wrong(
            "prior_mean_only",
            lambda model, eps: pixel_means(model, 0 * eps),
            "All your samples are the same: the noise does not enter.",
        ),
        Wrong(
            "prior_rounded",
            lambda model, eps: pixel_means(model, eps, lambda a: (a > 0).astype(float)),
            "You rounded the probabilities to 0 and 1; their mean is asked for.",
        ),
        Wrong(
            "prior_first_noise_for_all",
            lambda model, eps: pixel_means(model, np.broadcast_to(eps[:1], eps.shape)),
            "All your samples are those of the first noise: each row has its own.",
        ),
        Wrong(
            "prior_noise_squared",
            lambda model, eps: pixel_means(model, eps**2),
            "The noise entered squared: with a standard normal prior z is eps as it is.",
        ),
        Wrong(
            "prior_tanh",
            lambda model, eps: pixel_means(model, eps, np.tanh),
            "You squashed the logits by tanh; the probability of a pixel is their sigmoid.",
        ),
    ),
)


def with_grid(points, squash=expit, swapped=False, of=pixel_means):
    """Returns `latent_grid` with other points on the axes, `points(n)`; `swapped` exchanges the two."""

    def formula(model, n):
        axis = points(n)
        first, second = np.meshgrid(axis, axis, indexing="xy" if swapped else "ij")
        return of(model, np.stack([first, second], axis=-1), squash)

    return formula


def quantiles(n):
    return ndtri((np.arange(n) + 0.5) / n)


latent_grid = Task(
    name="latent_grid",
    points=3,
    source="document 002, lines 789 to 802",
    shape="[n,n,D]",
    reference=vae.latent_grid,
    cases=(
        Draw("a Bernoulli model", GENERIC, draw_model_and_size(BERNOULLI), {"n": 5, "D": 3}),
        Draw("a Gaussian model", GENERIC, draw_model_and_size(GAUSSIAN), {"n": 4, "D": 3}),
        Draw("a small grid", GENERIC, draw_model_and_size(BERNOULLI), {"n": 3, "D": 4}),
        Draw("a fine grid", EDGE, draw_model_and_size(BERNOULLI), {"n": 7, "D": 3}),
        Draw("a coarse grid of means", EDGE, draw_model_and_size(GAUSSIAN), {"n": 3, "D": 5}),
    ),
    float32=0.03,
    tolerance="quantiles to 3e-7, then a product of small matrices and a sigmoid: measured 0.017 of the tolerance",
    mistakes=(
        Wrong(
            "grid_axes_swapped",
            with_grid(quantiles, swapped=True),
            'The axes have changed places: the first index goes with the first latent dimension. meshgrid needs indexing="ij".',
        ),
        Wrong(
            "grid_logits",
            with_grid(quantiles, squash=lambda a: a),
            "For a Bernoulli model you returned the logits; the mean of a pixel is their sigmoid.",
        ),
        Wrong(
            "grid_always_sigmoid",
            with_grid(quantiles, of=lambda model, z, squash: expit(model.decoder(z))),
            "For a Gaussian model the decoder's output is the mean already: the sigmoid is for Bernoulli pixels only.",
        ),
        Wrong(
            "grid_linear_steps",
            with_grid(lambda n: np.linspace(-3, 3, n)),
            "Your grid has equal steps in z, between two fixed ends. Take equal steps in probability: n slices of the prior "
            "with the same mass.",
            also=tuple(
                with_grid(lambda n, end=end: np.linspace(-end, end, n)) for end in (1.0, 1.5, 2.0, 2.5, 4.0, 5.0)
            ),
        ),
        Wrong(
            "grid_edges_of_slices",
            with_grid(lambda n: ndtri((np.arange(n) + 1) / (n + 1))),
            "Your probabilities are 1/(n + 1) to n/(n + 1) in equal steps; the middles of n equal slices are (k + 1/2) / n, "
            "with k from 0.",
        ),
        Wrong(
            "grid_fixed_ends",
            with_grid(lambda n: ndtri(np.linspace(0.05, 0.95, n))),
            "Your probabilities run in equal steps between two ends (0.05 and 0.95, say) that do not depend on n. The middles "
            "of n equal slices are (k + 1/2) / n, with k from 0: they run from 1/(2n) to 1 - 1/(2n).",
            also=tuple(
                with_grid(lambda n, end=end: ndtri(np.linspace(end, 1 - end, n)))
                for end in (0.2, 0.1, 0.025, 0.02, 0.01, 0.005, 0.001, 1e-4, 1e-5, 1e-6)
            ),
        ),
        Wrong(
            "grid_ends_at_infinity",
            with_grid(lambda n: ndtri(np.linspace(0, 1, n))),
            "Your probabilities are 0 to 1 in equal steps, and the quantiles of 0 and 1 are infinite: (k + 1/2) / n, with k "
            "from 0.",
        ),
        Wrong(
            "grid_no_half",
            with_grid(lambda n: ndtri(np.arange(n) / n)),
            "Your probabilities are k / n, which begins at 0, where the quantile is minus infinity: (k + 1/2) / n.",
        ),
        Wrong(
            "grid_probabilities",
            with_grid(lambda n: (np.arange(n) + 0.5) / n),
            "You put the probabilities themselves into the decoder: their normal quantiles are missing.",
        ),
        Wrong(
            "grid_upside_down",
            with_grid(lambda n: quantiles(n)[::-1]),
            "Both axes run downwards: the quantiles grow with the index.",
        ),
        Wrong(
            "grid_first_axis_upside_down",
            lambda model, n: with_grid(quantiles)(model, n)[::-1],
            "The first axis runs downwards, as rows of a picture do: its quantiles grow with the index.",
        ),
    ),
)


# The classes.


class Reference:
    """What the examinations of the VAE take for right, in float64 (see `vikit.exams.vae`)."""

    @staticmethod
    def sample_latent(mu, log_var, eps):
        return vae.latent_samples(mu, log_var, eps).numpy()

    @staticmethod
    def reconstruction(x, outputs, sigma=None):
        return -vae.log_px_given_z(x, outputs, sigma)

    @staticmethod
    def mean_reconstruction(x, outputs, sigma=None):
        return -vae.log_px_given_z(x, outputs, sigma).mean(axis=1)

    @staticmethod
    def kl(mu, log_var):
        return densities.kl_to_standard_normal(mu, log_var).numpy()

    @staticmethod
    def mean_kl(mu, log_var):
        return Reference.kl(mu, log_var).mean()

    @staticmethod
    def latent_gradient(mu, log_var, eps, cotangent):
        """Returns the gradients of sum(cotangent * z) in mu and log_var: dz/dmu = 1, dz/dlog_var = (z - mu) / 2."""
        z = vae.latent_samples(mu, log_var, eps).numpy()
        return cotangent.sum(0), (cotangent * (z - mu) / 2).sum(0)


GRADIENT = Property(
    "gradient",
    1,
    "Gradients must come through the sample: dz/dmu = 1 and dz/dlog_var is half of z minus mu. Without them the "
    "encoder learns from the "
    "KL alone.",
    "document 000, section 2, step 3; document 003, eq. 24 to 29",
    "gradient",
    {"path": "sample_latent", "inputs": ["mu", "log_var"], "wanted": "latent_gradient"},
    (
        Mistake(
            "no_gradient_through_the_sample",
            "No gradient comes through your sample: tf.stop_gradient, or NumPy, cuts it off. The encoder then "
            "learns from the KL "
            "alone, and q becomes the prior. Compute with tensors.",
            "document 000, section 2, step 3; document 003, eq. 24 to 29",
        ),
    ),
)
sample_latent = replace(sample_latent, properties=(GRADIENT,), oracle=Reference)

Encoder = Task(
    name="Encoder",
    points=8,
    source="document 002, lines 752 to 763; document 003, section 1.6 (line 174)",
    shape="",
    reference=None,
    cases=(),
    mistakes=(),
    properties=network_properties(
        "document 002, lines 752 to 763; document 003, section 1.6 (line 174)",
        "Encoder",
        16,
        4,
        ("mu", "log_var"),
        [[[7], [[5], [3]]], [[], [[3]]], [[6, 5], [[1]]]],
        (2, 2, 3, 1),
        "Both mu and log_var must be able to take any real value, positive and negative.",
    ),
    oracle=Reference,
    seconds=MODEL_SECONDS,
)

Decoder = Task(
    name="Decoder",
    points=8,
    source="document 003, section 1.3; document 002, lines 745 to 750",
    shape="",
    reference=None,
    cases=(),
    mistakes=(),
    properties=network_properties(
        "document 003, section 1.3; document 002, lines 745 to 750",
        "Decoder",
        4,
        16,
        ("logits",),
        [[[7], [[5], [2, 3]]], [[], [[3]]], [[6, 5], [[3, 5], [4]]]],
        (3, 2, 2, 1),
        "The decoder must be able to return any real number: logits, or means.",
    ),
    oracle=Reference,
    seconds=MODEL_SECONDS,
)

REDUCED = (
    Mistake(
        "elbo_is_the_loss",
        "elbo returns the loss. The ELBO is to be maximised: log p(x given z) minus the KL.",
        "document 000, line 82; errata E-000-11",
    ),
    Mistake(
        "kl_counted_twice",
        "The KL counts twice: its 1/2 is missing, or it is added a second time (a regulariser or add_loss, "
        "say). The posterior is "
        "then pressed to the prior.",
        "document 000, section 4, step 7 (line 79)",
    ),
    Mistake("kl_halved", "The KL has a factor 1/2 too many."),
    Mistake(
        "kl_averaged_over_dimensions",
        "The KL is averaged over the latent dimensions. It is a sum over them, as the reconstruction is over pixels.",
        "document 000, section 4, step 8 (line 82)",
    ),
    Mistake("kl_added", "The KL is added to the ELBO; it is subtracted.", "document 000, section 4; errata E-000-08"),
    Mistake(
        "kl_missing", "The KL is missing: this is an autoencoder with noise.", "document 003, section 1.6 (line 181)"
    ),
    Mistake("kl_averaged_over_batch", "Each example gets the batch's mean KL: keep one KL per example."),
    Mistake(
        "kl_summed_over_batch", "The KL is summed over the batch, the reconstruction is not: keep one KL per example."
    ),
    Mistake(
        "reconstruction_averaged_over_pixels",
        "The reconstruction is averaged over the pixels, as Keras' cross-entropy does, and the KL is not: it "
        "weighs D times too "
        "much. Sum over the pixels.",
        "document 000, Listing 1; errata E-000-18",
    ),
    Mistake(
        "both_averaged_over_dimensions",
        "Both terms are averaged over their dimensions: sum over pixels and over latents.",
    ),
    Mistake(
        "reconstruction_averaged_over_batch", "The reconstruction is averaged over the batch: keep one per example."
    ),
    Mistake(
        "reconstruction_summed_over_batch",
        "The reconstruction is summed over the batch and added to each example's KL, as in Listing 1.",
        "document 000, Listing 1; errata E-000-18",
    ),
    Mistake("elbo_averaged_over_batch", "elbo is averaged over the batch: return one per example."),
    Mistake("elbo_summed_over_batch", "elbo is summed over the batch: return one per example."),
    Mistake("samples_summed", "The L samples are summed. They estimate an expectation: average."),
    Mistake("first_sample_only", "Only the first of the L samples counts: average over all of them."),
    Mistake(
        "log_of_mean_over_samples",
        "You took the logarithm of the mean likelihood over samples; the ELBO is the mean of logarithms.",
        "document 002, lines 767 to 782",
    ),
    Mistake("reconstruction_missing", "The reconstruction is missing: only the KL is left."),
)
SIGMA_IGNORED = Mistake(
    "sigma_ignored", "sigma does not enter: the likelihood is that of sigma = 1.", "document 003, line 61"
)
BERNOULLI_FOR_GAUSSIAN = Mistake(
    "bernoulli_for_gaussian", "likelihood is ignored: a Gaussian model gets the Bernoulli likelihood."
)
VALUES = (
    Mistake(
        "kl_log_var_as_log_sigma",
        "In the KL log_var is taken for log sigma: its exponential is the variance already.",
        "document 003, eq. 13; errata E-003-04",
    ),
    Mistake(
        "kl_log_var_halved", "In the KL log_var is halved first: exp(log_var) is the variance.", "document 003, eq. 13"
    ),
    Mistake(
        "sigmoid_twice",
        "A sigmoid is applied to the decoder's logits, and the result is taken for logits again.",
        "document 003, eq. 6 and 7",
    ),
    Mistake(
        "decoder_returns_probabilities",
        "The decoder returns probabilities. It must return logits, from which the likelihood is finite whatever they are.",
        "document 003, eq. 6 and 7; errata E-003-10",
    ),
    SIGMA_IGNORED,
    Mistake("sigma_as_variance", "sigma is taken for the variance.", "document 004, lines 57 to 61; errata E-004-01"),
    Mistake(
        "constants_missing", "The constants D log sigma and D/2 log 2 pi are missing.", "document 004; errata E-004-03"
    ),
    Mistake(
        "squared_error",
        "The reconstruction is a squared error: sigma and the constants do not enter.",
        "document 003, line 61",
    ),
    BERNOULLI_FOR_GAUSSIAN,
    Mistake(
        "elbo_draws_its_own_noise",
        "elbo draws noise of its own: the same x and eps gave two values. Use the eps that is given.",
        "document 003, eq. 22",
    ),
)
REPORTED = (
    *loss_mistakes(
        "reconstruction",
        "the reconstruction",
        "pixels",
        "Minus the ELBO is the reconstruction plus the KL, with the weight 1.",
    ),
    SIGMA_IGNORED,
    BERNOULLI_FOR_GAUSSIAN,
)
ELBO_HINT = (
    "elbo(x, eps) must be log p(x given z), averaged over the L samples, minus the KL, for each example: "
    "computed from what your own "
    "encoder and decoder return it is another number."
)
# Squares: a convolutional model is right too.
SIZES = [[16, 4, [7], [[3, 5], [1, 4]]], [64, 3, [7, 5], [[5, 1]]]]
VAE_SOURCE = "document 001, lines 83 to 93; document 000, section 4, step 8 (line 82)"
COMMON = (*SAMPLED, *REDUCED, *VALUES, *ANY_MODEL)

VAE = Task(
    name="VAE",
    points=17,
    source=VAE_SOURCE,
    shape="",
    reference=None,
    cases=(),
    mistakes=(),
    properties=(
        Property(
            "elbo_bernoulli", 4, ELBO_HINT, VAE_SOURCE, "terms", {"model": "VAE", "size_table": SIZES}, COMMON,
        ),
        Property(
            "elbo_gaussian", 2, ELBO_HINT, "document 003, section 1.3 (line 61); document 004, lines 53 to 61",
            "terms", {"model": "GaussianVAE", "size_table": SIZES[:1]}, COMMON,
        ),
        Property(
            "every_weight_learns",
            3,
            "After one step of training every trainable weight must have moved, and every one must matter to the ELBO.",
            "document 002, lines 752 to 765; document 000, section 2",
            "weights_learn",
            {"model": "VAE"},
            (
                *UNTRAINED,
                *ANY_MODEL,
            ),
        ),
        Property(
            "fresh_noise",
            3,
            "model(x) must be the decoder's output at a sample of q(z|x), fresh for each example and at each "
            "call, in training too.",
            "document 003, eq. 18 to 22; document 001, line 87",
            "fresh_noise",
            {"model": "VAE"},
            (
                Mistake("no_noise", "model(x) decodes the mean: nothing is drawn.", "document 003, eq. 22"),
                Mistake(
                    "no_fresh_sample",
                    "model(x) returns the same for an image each time: no sample is drawn for each example and at each call.",
                    "document 003, eq. 22",
                ),
                Mistake(
                    "one_noise_for_the_batch",
                    "All examples of a batch get the same noise: draw one row for each, of the batch's size. "
                    "With one for all the "
                    "gradient of a batch is as noisy as that of one image.",
                ),
                Mistake(
                    "same_noise_at_every_call",
                    "Every call draws the same noise: a seed is set inside, or the noise is drawn once. Keep a "
                    "SeedGenerator that goes "
                    "on.",
                ),
                Mistake(
                    "noise_frozen_in_training",
                    "In training the noise is the same at every step: drawn by NumPy or Python when the step "
                    "was traced, or reseeded. "
                    "Draw with keras.random or tf.random inside.",
                ),
                Mistake("one_noise_for_all_dimensions", "All latent dimensions get one number of noise: draw K."),
                Mistake("call_returns_probabilities", "model(x) returns probabilities; it is to return the decoder's output."),
                Mistake(
                    "wrong_spread",
                    "Samples are spread more, or less, than q(z|x) is: the standard deviation is exp(log_var / 2).",
                    "document 003, eq. 22 and section 1.6 (line 174)",
                ),
                Mistake("not_from_the_posterior", "Samples lie elsewhere than q(z|x) puts them.", "document 003, eq. 22"),
                *ANY_MODEL,
            ),
        ),
        Property(
            "loss_per_example",
            1,
            "loss, reconstruction and kl must be those of an average example, in nats and with the sign of a "
            "loss, whatever the size "
            "of the batch; the same when every image is put in twice.",
            "document 000, section 4, step 8 (line 82); errata E-000-18",
            "reported_losses",
            {"model": "VAE"},
            (
                *REPORTED,
                *ANY_MODEL,
            ),
        ),
        Property(
            "training_passes_the_floor",
            4,
            "Trained on digits, the ELBO of held-out ones must pass the floor, which is 60 % of the way from "
            "one Bernoulli per pixel "
            "to a plain VAE. Something keeps the model from learning.",
            "document 003, section 1.6 (line 181)",
            "floor",
            {"model": "VAE", "floor": FLOOR},
            (
                Mistake(
                    "training_lowers_the_elbo",
                    "Training makes the ELBO worse: you maximise the loss, or minimise the ELBO.",
                    "document 000, line 82; errata E-000-11",
                ),
                Mistake(
                    "posterior_collapsed",
                    "The KL is 0 after training: q(z|x) is the prior for every image, and the decoder ignores "
                    "z. No gradient of the "
                    "reconstruction reaches the encoder (stop_gradient, NumPy), or the KL weighs too much.",
                    "document 000, section 2; document 003, eq. 24 to 29",
                ),
                *(mistake for mistake in VALUES if mistake.name == "sigmoid_twice"),
                *UNLEARNT,
                *SQUASHED,
                Mistake("loss_goes_up", "The loss that fit reports rises while the ELBO does: it has the wrong sign."),
                *ANY_MODEL,
            ),
        ),
    ),
    oracle=Reference,
    seconds=MODEL_SECONDS,
)  # fmt: skip


assignment = Assignment(
    name="a03_vae",
    title="The variational autoencoder in Keras",
    tasks=(
        sample_latent,
        vae_loss,
        gaussian_vae_loss,
        Encoder,
        Decoder,
        VAE,
        reconstruct,
        sample_prior,
        latent_grid,
    ),
    manual=(
        Manual("draw_the_model", 6),
        Manual("read_the_curves", 6),
        Manual("mean_or_sample", 6),
        Manual("linear_vae", 6),
        Manual("two_gaps", 6),
    ),
)
