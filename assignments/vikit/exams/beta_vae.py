"""The beta-VAE: a Gaussian decoder with one standard deviation, which is trained or given.

distortion = -log p(x|z), rate = KL(q(z|x) || N(0, I)), loss = distortion + beta rate.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

import numpy as np

from ..judging import describe
from .digits import Examples
from .exam import Exam, NoReply, PropertyFailed, as_tensors, examination
from .latent_model import (
    BITS_PER_NAT,
    LOG_MEAN_EXP,
    Distortion,
    LatentModel,
    LossMethod,
    Rate,
    Score,
    Term,
    register_spec,
    spec_of,
)
from .model import LEARNING_RATE, MISTAKES_OF_ANY_MODEL, Model, build_model
from .own_functions import OwnFunctionsOfABetaVAE
from .rate_mistakes import closed_form_rate, rate_mistakes, wrong_rates
from .read_terms import kl_parts, part
from .samples import SAMPLERS, Sample
from .vae import gaussian_distortion

__all__ = ["BETA_VAE", "check_collapses", "check_fit_sigma"]

# A rate below this, in nats, and no activity above that: nothing is encoded.
COLLAPSED_RATE, ACTIVE = 0.1, 0.01
LOG_2PI = float(np.log(2 * np.pi))
# A sigma that has been trained is this near to the best one.
NEAR = 0.05
# Within what rounding and 64 summands leave of a sigma that was computed.
COMPUTED = 1e-3


class ScaledModel(Model):
    """A `Model` whose decoder has a standard deviation of its own."""

    def read_sigma(self) -> float:
        """Returns `model.sigma`, with its present weights."""
        found = self.attribute("sigma")
        if np.size(found) != 1:
            raise PropertyFailed(
                f"model.sigma has shape {describe.format_shape(found.shape)}, expected one number",
                "wrong_shape",
            )
        value = float(np.ravel(found)[0])
        if not (np.isfinite(value) and value > 0):
            raise PropertyFailed(
                f"model.sigma is {describe.describe_number(value, 1.0)}, and no positive number",
                "sigma_not_positive",
                f"model.sigma is {value:.3g}",
            )
        return value

    def check_weight(self) -> None:
        """Raises `PropertyFailed` unless the model has kept the beta and sigma that it was given.

        A sigma that is given is no trainable weight: it stays where these are moved.
        """
        super().check_weight()
        given = self.spec.keywords.get("sigma")
        self.read_sigma()
        if given is not None:
            self.check_kept("sigma", given)


def sigma_of(sample: Sample) -> float:
    """Returns the standard deviation of the decoder of a sample's model."""
    assert isinstance(sample, ScaledSample)
    return sample.sigma


class ScaledSample(Sample):
    """A `Sample` of a model whose decoder has a standard deviation of its own."""

    @cached_property
    def sigma(self) -> float:
        """Returns `model.sigma`, with its present weights."""
        assert isinstance(self.model, ScaledModel)
        return self.model.read_sigma()

    @property
    def best_sigma(self) -> float:
        """Returns the standard deviation at which the outputs are most likely."""
        return self.oracle.best_sigma(self.examples.x, self.outputs)


# What known mistakes make of the distortion d `[L, B]`, with a `Sample`: the first term.
DISTORTION_FORMS = {
    "right": lambda d, s: d.mean(0),
    "samples_summed": lambda d, s: d.sum(0),
    "first_sample_only": lambda d, s: d[0],
    "log_of_mean_over_samples": lambda d, s: LOG_MEAN_EXP.function(d),
    "distortion_negated": lambda d, s: -d.mean(0),
    "distortion_averaged_over_pixels": lambda d, s: d.mean(0) / s.sizes.num_outputs,
    "distortion_averaged_over_batch": lambda d, s: np.full(d.shape[1], d.mean()),
    "distortion_summed_over_batch": lambda d, s: np.full(d.shape[1], d.mean(0).sum()),
    "beta_on_the_distortion": lambda d, s: s.spec.weight * d.mean(0),
    "rate_in_the_distortion": lambda d, s: d.mean(0) + s.spec.weight * s.rate.mean(0),
    "rate_in_the_distortion without beta": lambda d, s: d.mean(0) + s.rate.mean(0),
    "distortion_in_bits": lambda d, s: d.mean(0) * BITS_PER_NAT,
}
# What known mistakes make of the distortion of each sample and example, `[L, B]`.
WRONG_DISTORTIONS = {
    "distortion_no_2pi": lambda s: s.distortion - s.sizes.num_outputs * LOG_2PI / 2,
    "distortion_no_log_sigma": lambda s: s.distortion - s.sizes.num_outputs * np.log(s.sigma),
    "constants_only_once": lambda s: (
        s.distortion - (s.sizes.num_outputs - 1) * (LOG_2PI / 2 + np.log(s.sigma))
    ),
    "variance_as_sigma": lambda s: likelihood(s, s.outputs, s.sigma**2),
    "sigma_of_the_batch": lambda s: likelihood(s, s.outputs, s.best_sigma),
    "reconstructions_averaged": lambda s: likelihood(
        s, np.broadcast_to(s.outputs.mean(0), s.outputs.shape), s.sigma
    ),
}


def likelihood(s: Sample, outputs: np.ndarray, sigma: float) -> np.ndarray:
    """Returns -log N(x; outputs, sigma^2 I) of each sample and example. Shape `[L, B]`."""
    return s.oracle.reconstruction(s.examples.x, outputs, sigma)


def distortion_mistakes(spec: LatentModel) -> list[dict]:
    """Returns the steps in which the distortion can go wrong."""
    first: dict[str, Callable] = {"right": lambda _, s: s.distortion}
    first |= {name: lambda _, s, form=form: form(s) for name, form in spec.distortion.wrong.items()}
    return [first, DISTORTION_FORMS]


def elbo_of_held_out(model: Model, examples: Examples) -> float:
    """Returns the mean ELBO of examples, at beta = 1, with one fresh sample for each."""
    sample = model.draw_sample(examples, 1)
    return float(-sample.mean_distortion.mean() - sample.mean_rate)


TERMS = LossMethod(
    name="terms",
    terms=(
        Term(
            "the distortion",
            right=lambda s: s.distortion.mean(0),
            wrong=distortion_mistakes,
            parts=(
                part(
                    "distortion",
                    1.0,
                    "the distortion",
                    lambda s, log_var: s.distortion.mean(0),
                ),
            ),
        ),
        Term("the rate", right=lambda s: s.rate[0], wrong=rate_mistakes, parts=kl_parts()),
    ),
    origin="what the model's own encoder, decoder and sigma give",
    distortion_index=0,
    swapped_mistake="terms_swapped",
)
ELBO = Score(
    name="ELBO",
    compute=elbo_of_held_out,
    margin=3.0,
    unit=" nats",
    fall=5.0,
    wrong_sign="training_lowers_the_elbo",
)


def scaled_distortion() -> Distortion:
    """Returns the distortion of a Gaussian decoder with a sigma of its own, with its mistakes."""
    distortion = gaussian_distortion(sigma_of, "distortion")
    constants = {name: distortion.wrong[name] for name in ("constants_missing", "squared_error")}
    reported = distortion.reported_wrong | {
        name: lambda s, form=form: form(s).mean(axis=1)
        for name, form in (constants | WRONG_DISTORTIONS).items()
    }
    return replace(distortion, wrong=distortion.wrong | WRONG_DISTORTIONS, reported_wrong=reported)


def beta_vae(weight: float, sigma: float | None) -> LatentModel:
    """Returns the beta-VAE with this beta, and a sigma that is given, or trained if it is None."""
    return LatentModel(
        name="BetaVAE",
        distortion=scaled_distortion(),
        rate=Rate(
            value=closed_form_rate,
            mean=lambda s: s.oracle.mean_kl(s.mu, s.log_var),
            wrong=wrong_rates("rate"),
            name="rate",
        ),
        loss_method=TERMS,
        score=ELBO,
        weight=weight,
        weight_name="beta",
        keywords={} if sigma is None else {"sigma": sigma},
        grey=True,
        model_class=ScaledModel,
        sample_class=ScaledSample,
        epochs=40,
        # Sigma is among the weights: it must stay near the size of a residual.
        perturbation=(1.5, 0.2),
        own_oracle=OwnFunctionsOfABetaVAE,
        attribute_mistakes=("sigma_not_positive", "sigma_not_kept"),
    )


BETA_VAE = register_spec("BetaVAE", replace(beta_vae(0.6, None), variants=(beta_vae(1.7, 0.25),)))
register_spec("BetaVAE at sigma 0.25", beta_vae(1.7, 0.25))
register_spec("BetaVAE at beta 1", beta_vae(1.0, None))


@examination(
    "fit_sigma",
    finds=(
        *MISTAKES_OF_ANY_MODEL,
        *("sigma_not_positive", "sigma_unchanged", "sigma_is_variance", "sigma_forgot_D"),
        *("sigma_mean_absolute", "sigma_std_of_residual", "sigma_of_mean_reconstruction"),
        *("sigma_first_sample", "sigma_summed_over_batch", "sigma_summed_over_samples"),
        *("sigma_mean_of_roots", "sigma_not_its_logarithm", "fit_sigma_draws_its_own_noise"),
        *SAMPLERS,
    ),
)
def check_fit_sigma(exam: Exam, model: str | LatentModel) -> None:
    """After `fit_sigma(x, eps)` sigma is the best one for these images and this noise."""
    spec = spec_of(model)
    made = build_model(exam, spec, spec.small_sizes)
    assert isinstance(made, ScaledModel)
    made.perturb_weights(*spec.perturbation)
    for num_samples, batch in ((3, 5), (1, 7)):
        examples = spec.draw(exam, batch, made.sizes)
        eps = exam.normal(num_samples, batch, made.sizes.latent_dim)
        before = made.read_sigma()
        weights = made.weights()
        fit_sigma(made, examples, eps)
        sample = made.build_sample(examples, eps)
        if abs(sample.sigma / sample.best_sigma - 1) > COMPUTED:
            made.set_weights(weights)
            fit_sigma(made, examples, eps)
            raise failure_of_sigma(sample, before, again=made.read_sigma())


def fit_sigma(model: ScaledModel, examples: Examples, eps: np.ndarray) -> None:
    """Calls `model.fit_sigma(x, eps)`; raises `NoReply` if that fails. It returns nothing."""
    reply = model.exam.student.call(f"{model.key}.fit_sigma", as_tensors([examples.x, eps]))
    if reply.status not in ("ok", "malformed"):
        raise NoReply(reply)


def failure_of_sigma(sample: ScaledSample, before: float, again: float) -> PropertyFailed:
    """Returns the failure of a sigma that is not the best one.

    Args:
        sample: The `ScaledSample` after `fit_sigma`.
        before: The sigma before it.
        again: The sigma after a second call, with the weights and arguments of the first.
    """

    def fits(value: float) -> bool:
        return abs(sample.sigma / value - 1) <= COMPUTED

    names = (
        [name for name, value in wrong_sigmas(sample, before).items() if fits(value)]
        if fits(again)
        else ["fit_sigma_draws_its_own_noise"]
    )
    seen = describe.describe_number(sample.sigma, sample.best_sigma)
    return PropertyFailed(
        f"after fit_sigma(x, eps), model.sigma is {seen}",
        names[0] if names else "",
        f"model.sigma is {sample.sigma:.3g}, and should be {sample.best_sigma:.3g}",
    )


def wrong_sigmas(sample: ScaledSample, before: float) -> dict[str, float]:
    """Returns what known mistakes make of the best sigma.

    Args:
        sample: The `ScaledSample` after `fit_sigma`.
        before: The sigma before it.
    """
    residuals, best = sample.examples.x - sample.outputs, sample.best_sigma
    best_sigma = sample.oracle.best_sigma
    num_samples, batch, num_pixels = residuals.shape
    return {
        "sigma_unchanged": before,
        "sigma_is_variance": best**2,
        "sigma_forgot_D": best * np.sqrt(num_pixels),
        "sigma_summed_over_batch": best * np.sqrt(batch),
        "sigma_summed_over_samples": best * np.sqrt(num_samples),
        "sigma_mean_absolute": np.mean(np.abs(residuals)),
        "sigma_std_of_residual": np.std(residuals),
        "sigma_of_mean_reconstruction": best_sigma(
            sample.examples.x, sample.outputs.mean(0, keepdims=True)
        ),
        "sigma_first_sample": best_sigma(sample.examples.x, sample.outputs[:1]),
        "sigma_mean_of_roots": np.mean(
            [
                best_sigma(x[np.newaxis], output[np.newaxis, np.newaxis])
                for outputs in sample.outputs
                for x, output in zip(sample.examples.x, outputs, strict=True)
            ]
        ),
        "sigma_not_its_logarithm": np.exp(best),
    } | {
        name: sample.model.build_sample(sample.examples, sample.eps, name).best_sigma
        for name in SAMPLERS
        if name != "right"
    }


@examination(
    "collapses",
    finds=(
        *MISTAKES_OF_ANY_MODEL,
        *("sigma_not_positive", "not_finite", "sigma_is_frozen", "does_not_collapse"),
    ),
)
def check_collapses(exam: Exam, model: str | LatentModel, beta: float) -> None:
    """Trained at a large beta, nothing is encoded, and sigma is the best for that.

    Args:
        exam: The `Exam`.
        model: A `LatentModel`, or its name in `SPECS`.
        beta: The price of a nat of rate.
    """
    spec = spec_of(model, weight=beta, variants=())
    made = build_model(exam, spec, spec.trained_sizes)
    train, test = exam.digits(spec.labelled, spec.grey)
    first = made.build_sample(train[:8], exam.normal(1, 8, made.sizes.latent_dim)).sigma
    made.fit(train, LEARNING_RATE, epochs=spec.epochs, seed=0)
    on_train, on_test = made.draw_sample(train, 1), made.draw_sample(test, 1)
    if not np.isfinite(on_train.outputs).all():
        raise PropertyFailed("training ends in NaN", "not_finite")
    activity, rate = np.var(on_test.mu, axis=0), on_test.mean_rate
    if rate > COLLAPSED_RATE or np.any(activity > ACTIVE):
        raise PropertyFailed(
            f"trained at beta = {beta:g}, the model still encodes something",
            "does_not_collapse",
            f"the rate is {rate:.2g} nats, and {np.sum(activity > ACTIVE)} units are active",
        )
    if abs(on_train.sigma / on_train.best_sigma - 1) > NEAR:
        raise PropertyFailed(
            f"trained at beta = {beta:g}, model.sigma is "
            f"{describe.describe_number(on_train.sigma, on_train.best_sigma)}",
            "sigma_is_frozen" if abs(on_train.sigma / first - 1) <= COMPUTED else "",
            f"it is {on_train.sigma:.3g}, and {on_train.best_sigma:.3g} would be best",
        )
