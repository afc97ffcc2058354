"""Reconstructions, samples of the prior and the latent grid, of models of linear networks."""

import numpy as np
from scipy.special import expit, ndtri
from vikit.protocol.wire import BuiltArgument

from autograder.reference import vae

from ..domains import BATCH, DIMS, spread
from ..question import EDGE, GENERIC, Arguments, Case, Domain, Draw, Formula, Question, wrong

__all__ = ["latent_grid", "reconstruct", "sample_prior"]

# reconstruct, sample_prior, latent_grid: each is given a model of linear networks.


def draw_model(generator, kind, D, K) -> BuiltArgument:
    shapes = ((K, D), (K,), (K, D), (K,), (D, K), (D,))
    return BuiltArgument(kind, tuple(generator.normal(0, 0.9, shape) for shape in shapes))


def draw_model_and_images(kind, scale=1.0) -> Draw:
    def draw(generator, B, D, K) -> Arguments:
        x = generator.integers(0, 2, (B, D)) if kind == BERNOULLI else generator.random((B, D))
        return draw_model(generator, kind, D, K), scale * x.astype(float)

    return draw


def draw_model_and_noise(kind, scale=1.0) -> Draw:
    return lambda generator, n, D, K: (
        draw_model(generator, kind, D, K),
        scale * generator.normal(0, 1, (n, K)),
    )


def draw_model_and_size(kind) -> Draw:
    return lambda generator, n, D: (draw_model(generator, kind, D, 2), n)


def pixel_means(model, z, squash=expit) -> np.ndarray:
    """Returns the mean of the pixels, with `squash` instead of the sigmoid."""
    outputs = model.decoder(z)
    return squash(outputs) if model.likelihood == "bernoulli" else outputs


def opposite_pixel_means(model, z) -> np.ndarray:
    """The sigmoid for means, and none for logits."""
    outputs = model.decoder(z)
    return outputs if model.likelihood == "bernoulli" else expit(outputs)


def posterior_mean(model, x) -> np.ndarray:
    return model.encoder(x)[0]


BERNOULLI, GAUSSIAN = "bernoulli_model", "gaussian_model"
NO_SUM = (
    "The answer is what one network returns at one point, with or without a sigmoid: other points "
    "and other functions behind the network are listed as mistakes."
)


def sweep_network(generator) -> BuiltArgument:
    """A model of linear networks, of either likelihood, with weights of all sizes."""
    kind, scale = (
        generator.choice(["bernoulli_model", "gaussian_model"]),
        10 ** generator.uniform(-1, 0.3),
    )
    shapes = ((3, DIMS), (3,), (3, DIMS), (3,), (DIMS, 3), (DIMS,))
    return BuiltArgument(str(kind), tuple(generator.normal(0, scale, shape) for shape in shapes))


reconstruct = Question(
    name="reconstruct",
    points=1,
    source='document 003, section 1.6 "Autoencoder structure"',
    shape="[B,D]",
    reference=vae.reconstruct,
    cases=(
        Case(
            "a Bernoulli model", GENERIC, draw_model_and_images(BERNOULLI), {"B": 5, "D": 7, "K": 3}
        ),
        Case(
            "a Gaussian model", GENERIC, draw_model_and_images(GAUSSIAN), {"B": 4, "D": 3, "K": 5}
        ),
        Case(
            "another Bernoulli model",
            GENERIC,
            draw_model_and_images(BERNOULLI),
            {"B": 3, "D": 5, "K": 4},
        ),
        Case("large logits", EDGE, draw_model_and_images(BERNOULLI, 8.0), {"B": 5, "D": 3, "K": 4}),
        Case(
            "means far from 0", EDGE, draw_model_and_images(GAUSSIAN, 8.0), {"B": 3, "D": 4, "K": 5}
        ),
    ),
    float32=0.08,
    tolerance="two products of small matrices and a sigmoid: measured 0.06 of the tolerance",
    domain=Domain(
        lambda generator: (sweep_network(generator), spread(generator, 8, (BATCH, DIMS)))
    ),
    no_terms=NO_SUM,
    mistakes=wrong(
        recon_logits=lambda model, x: model.decoder(posterior_mean(model, x)),
        recon_always_sigmoid=lambda model, x: expit(model.decoder(posterior_mean(model, x))),
        recon_likelihoods_swapped=lambda model, x: opposite_pixel_means(
            model, posterior_mean(model, x)
        ),
        recon_at_log_var=lambda model, x: pixel_means(model, model.encoder(x)[1]),
        recon_at_prior_mean=lambda model, x: pixel_means(model, 0 * posterior_mean(model, x)),
        recon_rounded=lambda model, x: pixel_means(
            model, posterior_mean(model, x), lambda a: (a > 0).astype(float)
        ),
        recon_mean_plus_sigma=lambda model, x: pixel_means(
            model, posterior_mean(model, x) + np.exp(0.5 * model.encoder(x)[1])
        ),
        recon_tanh=lambda model, x: pixel_means(model, posterior_mean(model, x), np.tanh),
    ),
)


sample_prior = Question(
    name="sample_prior",
    points=1,
    source='document 004, slide "VAEs 2013"',
    shape="[n,D]",
    reference=vae.sample_prior,
    cases=(
        Case(
            "a Bernoulli model", GENERIC, draw_model_and_noise(BERNOULLI), {"n": 5, "D": 7, "K": 3}
        ),
        Case("a Gaussian model", GENERIC, draw_model_and_noise(GAUSSIAN), {"n": 4, "D": 3, "K": 5}),
        Case(
            "another Bernoulli model",
            GENERIC,
            draw_model_and_noise(BERNOULLI),
            {"n": 3, "D": 5, "K": 4},
        ),
        Case("large logits", EDGE, draw_model_and_noise(BERNOULLI, 8.0), {"n": 5, "D": 3, "K": 4}),
        Case(
            "noise of size 8", EDGE, draw_model_and_noise(GAUSSIAN, 8.0), {"n": 3, "D": 4, "K": 5}
        ),
    ),
    float32=0.03,
    tolerance="a product of small matrices and a sigmoid: measured 0.015 of the tolerance",
    domain=Domain(lambda generator: (sweep_network(generator), spread(generator, 8, (BATCH, 3)))),
    no_terms=NO_SUM,
    mistakes=wrong(
        prior_logits=lambda model, eps: model.decoder(eps),
        prior_always_sigmoid=lambda model, eps: expit(model.decoder(eps)),
        prior_likelihoods_swapped=lambda model, eps: opposite_pixel_means(model, eps),
        prior_mean_only=lambda model, eps: pixel_means(model, 0 * eps),
        prior_rounded=lambda model, eps: pixel_means(model, eps, lambda a: (a > 0).astype(float)),
        prior_first_noise_for_all=lambda model, eps: pixel_means(
            model, np.broadcast_to(eps[:1], eps.shape)
        ),
        prior_noise_squared=lambda model, eps: pixel_means(model, eps**2),
        prior_tanh=lambda model, eps: pixel_means(model, eps, np.tanh),
    ),
)


def with_grid(points, squash=expit, swapped=False, of=pixel_means) -> Formula:
    """Returns `latent_grid` with other `points(n)` on the axes, or the axes `swapped`."""

    def formula(model, n) -> np.ndarray:
        axis = points(n)
        first, second = np.meshgrid(axis, axis, indexing="xy" if swapped else "ij")
        return of(model, np.stack([first, second], axis=-1), squash)

    return formula


def quantiles(n) -> np.ndarray:
    return ndtri((np.arange(n) + 0.5) / n)


def sweep_plane(generator) -> Arguments:
    shapes = ((2, DIMS), (2,), (2, DIMS), (2,), (DIMS, 2), (DIMS,))
    scale = 10 ** generator.uniform(-1, 0.3)
    arrays = tuple(generator.normal(0, scale, shape) for shape in shapes)
    return BuiltArgument("bernoulli_model", arrays), int(generator.integers(3, 30))


latent_grid = Question(
    name="latent_grid",
    points=3,
    source='document 002, section 7-2 "Variational Auto Encoder (VAE)", (c)',
    shape="[n,n,D]",
    reference=vae.latent_grid,
    cases=(
        Case("a Bernoulli model", GENERIC, draw_model_and_size(BERNOULLI), {"n": 5, "D": 3}),
        Case("a Gaussian model", GENERIC, draw_model_and_size(GAUSSIAN), {"n": 4, "D": 3}),
        Case("a small grid", GENERIC, draw_model_and_size(BERNOULLI), {"n": 3, "D": 4}),
        Case("a fine grid", EDGE, draw_model_and_size(BERNOULLI), {"n": 7, "D": 3}),
        Case("a coarse grid of means", EDGE, draw_model_and_size(GAUSSIAN), {"n": 3, "D": 5}),
    ),
    float32=0.03,
    tolerance=(
        "quantiles to 3e-7, then a product of small matrices and a sigmoid: "
        "measured 0.017 of the tolerance"
    ),
    domain=Domain(sweep_plane),
    no_terms=NO_SUM,
    mistakes=wrong(
        grid_axes_swapped=with_grid(quantiles, swapped=True),
        grid_logits=with_grid(quantiles, squash=lambda a: a),
        grid_always_sigmoid=with_grid(
            quantiles, of=lambda model, z, squash: expit(model.decoder(z))
        ),
        grid_linear_steps=(
            with_grid(lambda n: np.linspace(-3, 3, n)),
            *(
                with_grid(lambda n, end=end: np.linspace(-end, end, n))
                for end in (0.5, 1.0, 1.5, 1.645, 1.96, 2.0, 2.33, 2.5, 2.576, 4.0, 5.0, 6.0)
            ),
            *(
                with_grid(lambda n, end=end: np.linspace(ndtri(end), -ndtri(end), n))
                for end in (0.2, 0.1, 0.05, 0.025, 0.01, 0.005, 0.001)
            ),
            with_grid(lambda n: np.linspace(quantiles(n)[0], quantiles(n)[-1], n)),
        ),
        grid_edges_of_slices=with_grid(lambda n: ndtri((np.arange(n) + 1) / (n + 1))),
        grid_fixed_ends=(
            with_grid(lambda n: ndtri(np.linspace(0.05, 0.95, n))),
            *(
                with_grid(lambda n, end=end: ndtri(np.linspace(end, 1 - end, n)))
                for end in (0.2, 0.1, 0.025, 0.02, 0.01, 0.005, 0.001, 1e-4, 1e-5, 1e-6)
            ),
        ),
        grid_ends_at_infinity=with_grid(lambda n: ndtri(np.linspace(0, 1, n))),
        grid_no_half=with_grid(lambda n: ndtri(np.arange(n) / n)),
        grid_probabilities=with_grid(lambda n: (np.arange(n) + 0.5) / n),
        grid_upside_down=with_grid(lambda n: quantiles(n)[::-1]),
        grid_first_axis_upside_down=lambda model, n: with_grid(quantiles)(model, n)[::-1],
    ),
)
