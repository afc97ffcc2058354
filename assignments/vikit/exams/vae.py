"""The VAE: distortion = -log p(x|z), rate = KL(q(z|x) || N(0, I))."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from .digits import Examples
from .latent_model import (
    SAMPLES_AVERAGED,
    Distortion,
    LatentModel,
    LossMethod,
    Rate,
    Score,
    Term,
    register_spec,
)
from .model import Model
from .own_functions import OwnFunctionsOfAVAE
from .probabilities import (
    LEAST_PROBABILITIES,
    are_binary_probabilities,
    binary_logits,
    binary_logits_or_nan,
)
from .rate_mistakes import closed_form_rate, wrong_rates
from .read_terms import kl_parts, part
from .samples import Sample

__all__ = ["VAE", "gaussian_distortion"]


# What known mistakes make of the distortion d `[L, B]` and the rate r `[B]`, with a `Sample`:
# the ELBO of each example.
ELBO_FORMS = {
    "right": lambda d, r, s: -(d.mean(0) + s.spec.weight * r),
    "elbo_is_the_loss": lambda d, r, s: s.spec.weight * r + d.mean(0),
    "kl_counted_twice": lambda d, r, s: -d.mean(0) - 2 * s.spec.weight * r,
    "kl_halved": lambda d, r, s: -d.mean(0) - s.spec.weight * r / 2,
    "kl_averaged_over_dimensions": lambda d, r, s: (
        -d.mean(0) - s.spec.weight * r / s.sizes.latent_dim
    ),
    "kl_added": lambda d, r, s: -d.mean(0) + s.spec.weight * r,
    "kl_missing": lambda d, r, s: -d.mean(0),
    "kl_averaged_over_batch": lambda d, r, s: -d.mean(0) - s.spec.weight * r.mean(),
    "kl_summed_over_batch": lambda d, r, s: -d.mean(0) - s.spec.weight * r.sum(),
    "reconstruction_averaged_over_pixels": lambda d, r, s: (
        -d.mean(0) / s.sizes.num_outputs - s.spec.weight * r
    ),
    "both_averaged_over_dimensions": lambda d, r, s: (
        -d.mean(0) / s.sizes.num_outputs - s.spec.weight * r / s.sizes.latent_dim
    ),
    "reconstruction_averaged_over_batch": lambda d, r, s: -d.mean(0).mean() - s.spec.weight * r,
    "reconstruction_summed_over_batch": lambda d, r, s: -d.mean(0).sum() - s.spec.weight * r,
    "elbo_averaged_over_batch": lambda d, r, s: np.full(
        len(r), -(d.mean(0) + s.spec.weight * r).mean()
    ),
    "elbo_summed_over_batch": lambda d, r, s: np.full(
        len(r), -(d.mean(0) + s.spec.weight * r).sum()
    ),
    "samples_summed": lambda d, r, s: -d.sum(0) - s.spec.weight * r,
    "first_sample_only": lambda d, r, s: -d[0] - s.spec.weight * r,
    "log_of_mean_over_samples": lambda d, r, s: (
        np.log(np.mean(np.exp(d.min(0) - d), 0)) - d.min(0) - s.spec.weight * r
    ),
    "reconstruction_missing": lambda d, r, s: -s.spec.weight * r,
}
# The same where the rate has a weight.
WEIGHTED_ELBO_FORMS = {
    "beta_missing": lambda d, r, s: -(d.mean(0) + r),
    "beta_on_the_reconstruction": lambda d, r, s: -(s.spec.weight * d.mean(0) + r),
    "beta_on_both": lambda d, r, s: -s.spec.weight * (d.mean(0) + r),
}
# The same where the losses of samples are not averaged: functions of a `Sample`.
COMBINED_ELBO_FORMS = {
    "right": lambda s: -s.loss,
    SAMPLES_AVERAGED: lambda s: -(s.distortion + s.spec.weight * s.rate).mean(0),
    "kl_in_closed_form": lambda s: (
        -s.spec.combine.function(s.distortion + s.spec.weight * closed_form_rate(s))
    ),
}


def elbo_mistakes(spec: LatentModel) -> list[dict]:
    """Returns the steps in which an ELBO can go wrong: a term, then how the terms are joined."""
    if spec.combine.needs_sampled_rate:
        return [
            {name: lambda _, s, form=form: form(s) for name, form in COMBINED_ELBO_FORMS.items()}
        ]
    terms: dict[str, Callable] = {"right": lambda _, s: (s.distortion, s.rate)}
    terms |= {
        name: lambda _, s, form=form: (form(s), s.rate)
        for name, form in spec.distortion.wrong.items()
    }
    terms |= {
        name: lambda _, s, form=form: (s.distortion, form(s))
        for name, form in spec.rate.wrong.items()
    }
    # The weighted forms come first: with a weight of 2 half a KL is the same number,
    # and a poorer explanation.
    forms = (
        {"right": ELBO_FORMS["right"]}
        | (WEIGHTED_ELBO_FORMS if spec.weight != 1 else {})
        | ELBO_FORMS
    )
    sums = {
        name: lambda pair, s, form=form: form(pair[0], pair[1].mean(axis=0), s)
        for name, form in forms.items()
    }
    return [terms, sums]


def bernoulli(sample: Sample, logits: np.ndarray) -> np.ndarray:
    """Returns -log p(x|z) of binary pixels, for each sample and example. Shape `[L, B]`."""
    return sample.oracle.reconstruction(sample.examples.x, logits)


# The name of a reconstruction that goes through a probability, which is kept away from 0 and 1.
CUT_OFF = "reconstruction_cut_off"


def through_probability(at_least: float, more: float = 0.0) -> Callable:
    """Returns what keeping probabilities away from 0 and 1 makes of -log p(x|z), in float32.

    Args:
        at_least: What they are raised to, and lowered to one less this.
        more: What is added to them instead.
    """

    def value(sample: Sample) -> np.ndarray:
        pixels, one = sample.examples.x, np.float32(1)
        with np.errstate(over="ignore", divide="ignore"):
            probs = (1 / (1 + np.exp(-sample.outputs))).astype(np.float32)
            black = np.maximum(probs, np.float32(at_least)) + np.float32(more)
            white = np.maximum(one - probs, one - np.float32(1 - at_least)) + np.float32(more)
            return -(pixels * np.log(black) + (1 - pixels) * np.log(white)).sum(axis=-1)

    return value


def most_unlikely_pixel(sample: Sample) -> float:
    """Returns the largest -log probability of a single pixel."""
    return float(np.max(np.logaddexp(0, (1 - 2 * sample.examples.x) * sample.outputs)))


def elbo_of_held_out(model: Model, examples: Examples) -> float:
    """Returns the mean ELBO of examples, with one fresh sample for each."""
    sample = model.draw_sample(examples, 1)
    return float(-sample.mean_distortion.mean() - model.spec.weight * sample.mean_rate)


BERNOULLI_VAE = LatentModel(
    name="VAE",
    distortion=Distortion(
        name="reconstruction",
        summed_over="pixels",
        value=lambda s: bernoulli(s, s.outputs),
        mean=lambda s: s.oracle.mean_reconstruction(s.examples.x, s.outputs),
        wrong={
            "sigmoid_twice": lambda s: bernoulli(s, 1 / (1 + np.exp(-s.outputs))),
            "decoder_returns_probabilities": lambda s: bernoulli(
                s, binary_logits_or_nan(s.outputs)
            ),
            **{
                f"{CUT_OFF} at {least:g}": through_probability(least)
                for least in LEAST_PROBABILITIES
            },
            **{
                f"{CUT_OFF} by {least:g} more": through_probability(0, least)
                for least in LEAST_PROBABILITIES
            },
        },
        to_logits=binary_logits,
        are_probabilities=are_binary_probabilities,
        # The likelihood is known to take the outputs for logits.
        names_if_bounded={"sigmoid_at_the_end": "sigmoid_twice"},
        most_unlikely=most_unlikely_pixel,
    ),
    rate=Rate(
        value=closed_form_rate,
        mean=lambda s: s.oracle.mean_kl(s.mu, s.log_var),
        wrong=wrong_rates("kl"),
    ),
    loss_method=LossMethod(
        name="elbo",
        terms=(
            Term(
                "elbo(x, eps)",
                right=lambda s: -s.loss,
                wrong=elbo_mistakes,
                parts=(
                    part(
                        "reconstruction",
                        -1.0,
                        "the reconstruction",
                        lambda s, log_var: s.distortion.mean(0),
                    ),
                    *kl_parts(-1.0, lambda s: s.spec.weight),
                ),
            ),
        ),
        origin="the ELBO of the model's own outputs",
        distortion_index=0,
        own_noise_mistake="elbo_draws_its_own_noise",
        probabilities_first=True,
    ),
    score=Score(
        name="ELBO",
        compute=elbo_of_held_out,
        margin=0.5,
        unit=" nats",
        fall=1.0,
        wrong_sign="training_lowers_the_elbo",
    ),
    unbounded_checked_in="floor",
    own_oracle=OwnFunctionsOfAVAE,
)


def gaussian_vae(sigma: float) -> LatentModel:
    """Returns the VAE whose pixels are normal with standard deviation sigma, for grey images."""
    keywords = {"likelihood": "gaussian", "sigma": sigma}
    return replace(
        BERNOULLI_VAE,
        keywords=keywords,
        grey=True,
        distortion=gaussian_distortion(lambda s: sigma),
    )


def gaussian_distortion(
    sigma_of: Callable[[Sample], float], name: str = "reconstruction"
) -> Distortion:
    """Returns the `Distortion` of pixels that are normal with one standard deviation.

    Args:
        sigma_of: From a `Sample` to the standard deviation.
        name: The name under which the model reports it.
    """

    def half_squared_error(s: Sample) -> np.ndarray:
        """Returns half the squared error over sigma^2: the distortion without its constants."""
        perfect = np.broadcast_to(s.examples.x, s.outputs.shape)
        return s.distortion - s.oracle.reconstruction(s.examples.x, perfect, sigma_of(s))

    return Distortion(
        name=name,
        summed_over="pixels",
        value=lambda s: s.oracle.reconstruction(s.examples.x, s.outputs, sigma_of(s)),
        mean=lambda s: s.oracle.mean_reconstruction(s.examples.x, s.outputs, sigma_of(s)),
        wrong={
            **other_likelihoods(lambda oracle: oracle.reconstruction),
            "sigma_as_variance": lambda s: s.oracle.reconstruction(
                s.examples.x, s.outputs, float(np.sqrt(sigma_of(s)))
            ),
            "constants_missing": half_squared_error,
            "squared_error": lambda s: 2 * np.square(sigma_of(s)) * half_squared_error(s),
            "squared_error halved": lambda s: np.square(sigma_of(s)) * half_squared_error(s),
            "squared_error averaged over pixels": lambda s: (
                2 * np.square(sigma_of(s)) * half_squared_error(s) / s.sizes.num_outputs
            ),
        },
        reported_wrong=other_likelihoods(lambda oracle: oracle.mean_reconstruction),
    )


def other_likelihoods(reconstruction: Callable) -> dict[str, Callable]:
    """Returns what mistakes make of a Gaussian likelihood, from `reconstruction(oracle)`."""
    return {
        "sigma_ignored": lambda s: reconstruction(s.oracle)(s.examples.x, s.outputs, 1.0),
        "bernoulli_for_gaussian": lambda s: reconstruction(s.oracle)(s.examples.x, s.outputs),
    }


VAE = register_spec("VAE", replace(BERNOULLI_VAE, variants=(gaussian_vae(0.25),)))
register_spec("GaussianVAE", gaussian_vae(0.6))
