"""The VAE: distortion = -log p(x|z), rate = KL(q(z|x) || N(0, I))."""

from dataclasses import replace

import numpy as np

from .classes import CLIPPED
from .latent_model import SPECS, Distortion, LatentModel, Rate, Score, Term, Terms
from .own_functions import OwnFunctionsOfAVAE

__all__ = ["VAE", "WRONG_RATES", "closed_form_rate"]


def log_odds(probs):
    probs = np.clip(probs, CLIPPED, 1 - CLIPPED)
    return np.log(probs) - np.log1p(-probs)


def are_probabilities(outputs):
    return outputs.min() >= 0 and outputs.max() <= 1


def log_odds_or_nan(outputs):
    """Returns the logits of probabilities; NaN, which is close to nothing, of what are none."""
    return log_odds(outputs) if are_probabilities(outputs) else np.full(outputs.shape, np.nan)


# What known mistakes make of the distortion d `[L, B]` and the rate r `[B]`, with a `Sample`: an ELBO of each example.
REDUCTIONS = {
    "right": lambda d, r, s: -(d.mean(0) + s.spec.weight * r),
    "elbo_is_the_loss": lambda d, r, s: s.spec.weight * r + d.mean(0),
    "kl_counted_twice": lambda d, r, s: -d.mean(0) - 2 * s.spec.weight * r,
    "kl_halved": lambda d, r, s: -d.mean(0) - s.spec.weight * r / 2,
    "kl_averaged_over_dimensions": lambda d, r, s: -d.mean(0) - s.spec.weight * r / s.sizes.latent_dim,
    "kl_added": lambda d, r, s: -d.mean(0) + s.spec.weight * r,
    "kl_missing": lambda d, r, s: -d.mean(0),
    "kl_averaged_over_batch": lambda d, r, s: -d.mean(0) - s.spec.weight * r.mean(),
    "kl_summed_over_batch": lambda d, r, s: -d.mean(0) - s.spec.weight * r.sum(),
    "reconstruction_averaged_over_pixels": lambda d, r, s: -d.mean(0) / s.sizes.num_outputs - s.spec.weight * r,
    "both_averaged_over_dimensions": lambda d, r, s: (
        -d.mean(0) / s.sizes.num_outputs - s.spec.weight * r / s.sizes.latent_dim
    ),
    "reconstruction_averaged_over_batch": lambda d, r, s: -d.mean(0).mean() - s.spec.weight * r,
    "reconstruction_summed_over_batch": lambda d, r, s: -d.mean(0).sum() - s.spec.weight * r,
    "elbo_averaged_over_batch": lambda d, r, s: np.full(len(r), -(d.mean(0) + s.spec.weight * r).mean()),
    "elbo_summed_over_batch": lambda d, r, s: np.full(len(r), -(d.mean(0) + s.spec.weight * r).sum()),
    "samples_summed": lambda d, r, s: -d.sum(0) - s.spec.weight * r,
    "first_sample_only": lambda d, r, s: -d[0] - s.spec.weight * r,
    "log_of_mean_over_samples": lambda d, r, s: np.log(np.mean(np.exp(d.min(0) - d), 0)) - d.min(0) - s.spec.weight * r,
    "reconstruction_missing": lambda d, r, s: -s.spec.weight * r,
}


# The same where the rate has a weight.
WEIGHTED_REDUCTIONS = {
    "beta_missing": lambda d, r, s: -(d.mean(0) + r),
    "beta_on_the_reconstruction": lambda d, r, s: -(s.spec.weight * d.mean(0) + r),
    "beta_on_both": lambda d, r, s: -s.spec.weight * (d.mean(0) + r),
}
# And where samples are not averaged: functions of a `Sample`.
COMBINED = {
    "right": lambda s: -s.loss,
    "samples_averaged": lambda s: -(s.distortion + s.spec.weight * s.rate).mean(0),
    "kl_in_closed_form": lambda s: -s.spec.combine.function(s.distortion + s.spec.weight * closed_form_rate(s)),
}


def elbo_mistakes(spec):
    """Returns the steps of mistakes in an ELBO: one of a term, and one of putting the two together."""
    if spec.combine.of_samples:
        return [{name: lambda _, s, of=of: of(s) for name, of in COMBINED.items()}]
    terms = {"right": lambda _, s: (s.distortion, s.rate)}
    terms |= {name: lambda _, s, of=of: (of(s), s.rate) for name, of in spec.distortion.wrong.items()}
    terms |= {name: lambda _, s, of=of: (s.distortion, of(s)) for name, of in spec.rate.wrong.items()}
    # First: with a weight of 2 half a KL is the same number, and says less.
    forms = {"right": REDUCTIONS["right"]} | (WEIGHTED_REDUCTIONS if spec.weight != 1 else {}) | REDUCTIONS
    reductions = {name: lambda pair, s, of=of: of(pair[0], pair[1].mean(axis=0), s) for name, of in forms.items()}
    return [terms, reductions]


def closed_form_rate(sample):
    """Returns the KL of each example. Shape `[1, B]`."""
    return sample.oracle.kl(sample.mu, sample.log_var)[np.newaxis]


# What known mistakes make of it.
WRONG_RATES = {
    "kl_log_var_as_log_sigma": lambda s: s.oracle.kl(s.mu, 2 * s.log_var)[np.newaxis],
    "kl_log_var_halved": lambda s: s.oracle.kl(s.mu, s.log_var / 2)[np.newaxis],
}


def bernoulli(oracle, x, logits):
    return oracle.reconstruction(x, logits)


def elbo_of_held_out(model, examples):
    """Returns the mean ELBO of examples, with one fresh sample for each."""
    sample = model.draw_sample(examples, 1)
    return float(-sample.mean_distortion.mean() - model.spec.weight * sample.mean_rate)


VAE = LatentModel(
    "VAE",
    Distortion(
        *("reconstruction", "pixels"),
        value=bernoulli,
        mean=lambda oracle, x, logits: oracle.mean_reconstruction(x, logits),
        wrong={
            "sigmoid_twice": lambda s: bernoulli(s.oracle, s.examples.x, 1 / (1 + np.exp(-s.outputs))),
            "decoder_returns_probabilities": lambda s: bernoulli(s.oracle, s.examples.x, log_odds_or_nan(s.outputs)),
        },
        as_logits=log_odds,
        are_probabilities=are_probabilities,
        # Here it is known that the likelihood takes them for logits.
        names_if_bounded={"sigmoid_at_the_end": "sigmoid_twice"},
    ),
    Rate(
        closed_form_rate,
        mean=lambda sample: sample.oracle.mean_kl(sample.mu, sample.log_var),
        wrong=WRONG_RATES,
    ),
    Terms(
        "elbo",
        (Term("elbo(x, eps)", right=lambda sample: -sample.loss, wrong=elbo_mistakes),),
        *("the ELBO of the model's own outputs", 0),
        own_noise="elbo_draws_its_own_noise",
        probabilities_first=True,
    ),
    Score("ELBO", elbo_of_held_out, 0.5, " nats", 1.0, "training_lowers_the_elbo"),
    bounds_in="floor",
    own_functions=OwnFunctionsOfAVAE,
)


def gaussian_vae(sigma):
    """Returns the VAE whose pixels are normal with the standard deviation sigma, for grey images."""

    def value(oracle, x, outputs, sigma=sigma):
        return oracle.reconstruction(x, outputs, sigma)

    def squared_error(s):
        """Returns half the squared error in units of sigma^2: the distortion without its constants."""
        perfect = value(s.oracle, s.examples.x, np.broadcast_to(s.examples.x, s.outputs.shape))
        return s.distortion - perfect

    def others(of):
        return {
            "sigma_ignored": lambda s: of(s.oracle)(s.examples.x, s.outputs, 1.0),
            "bernoulli_for_gaussian": lambda s: of(s.oracle)(s.examples.x, s.outputs),
        }

    return replace(
        VAE,
        keywords={"likelihood": "gaussian", "sigma": sigma},
        grey=True,
        distortion=Distortion(
            *("reconstruction", "pixels"),
            value=value,
            mean=lambda oracle, x, outputs: oracle.mean_reconstruction(x, outputs, sigma),
            wrong={
                **others(lambda oracle: oracle.reconstruction),
                "sigma_as_variance": lambda s: value(s.oracle, s.examples.x, s.outputs, float(np.sqrt(sigma))),
                "constants_missing": squared_error,
                "squared_error": lambda s: 2 * np.square(sigma) * squared_error(s),
                "squared_error halved": lambda s: np.square(sigma) * squared_error(s),
                "squared_error averaged over pixels": lambda s: (
                    2 * np.square(sigma) * squared_error(s) / s.sizes.num_outputs
                ),
            },
            reported_wrong=others(lambda oracle: oracle.mean_reconstruction),
        ),
    )


VAE = replace(VAE, variants=(gaussian_vae(0.25),))
SPECS["VAE"] = VAE
SPECS["GaussianVAE"] = gaussian_vae(0.6)
