"""The examination "training" of a VIB: what `fit` and `evaluate` report, and each step's noise."""

from dataclasses import replace
from typing import Any

import numpy as np

from .compare_reports import ask_for_reports, check_reports, trains_on_test_images
from .digits import BATCH_SIZE, Examples
from .exam import Exam, PropertyFailed, examination
from .latent_model import LatentModel, spec_of
from .model import LEARNING_RATE, AskedBatch, Model, trained_model
from .model_reports import build_report_source, check_evaluate, reports_of_fit
from .report_mistakes import rate_factors
from .reported_losses import finds_in_reports
from .term_names import name_terms, wrong_terms
from .terms import describe_terms
from .training_noise import (
    ANOTHER_NOISE,
    NUM_NOISE_IMAGES,
    ObservedNoise,
    check_noise_is_of_the_posterior,
    observe_noise,
)
from .vib import CUT_OFF

__all__ = ["RUNAWAY_RATE", "check_training_of", "finds_in_training"]

# Nats of a rate that nothing keeps small. Right ones reach 7 in training, 0.2 with a weight of 2;
# without a gradient they reach 57 to 85.
RUNAWAY_RATE = 25
# Reports with these names are about another loss than that of the noise.
NAMES_OF_ANOTHER_LOSS = {"terms_swapped", "trains_on_test_images"}
# How many samples of each image the added rate is averaged over.
NUM_RATE_SAMPLES = 32


def finds_in_training(model: str | LatentModel, **options: Any) -> tuple[str, ...]:
    """Returns the names of all mistakes that `check_training` may find."""
    spec = spec_of(model)
    return (
        *finds_in_reports(model),
        *(
            "no_noise",
            "noise_frozen_in_training",
            "one_noise_for_the_batch",
            ANOTHER_NOISE,
            "no_noise_in_evaluate",
        ),
        name_of_an_added_rate(spec),
        *([CUT_OFF] if spec.distortion.most_unlikely else []),
        *(["kl_without_gradient"] if spec.rate.reported_wrong else []),
    )


def name_of_an_added_rate(spec: LatentModel) -> str:
    """Returns the name of a distortion that holds the rate as well."""
    return f"{spec.rate.name}_in_the_{spec.distortion.name}"


@examination("training", finds=finds_in_training)
def check_training(exam: Exam, model: str | LatentModel) -> None:
    """`fit` and `evaluate` report what they should; each step draws each example fresh noise."""
    check_training_of(exam, spec_of(model))


def check_training_of(exam: Exam, spec: LatentModel) -> None:
    """As `check_training`, for a specification."""
    model = trained_model(exam, spec)
    examples = exam.digits(spec.labelled, spec.grey)[0][:BATCH_SIZE]
    deviations, observed = check_fit_and_observe_noise(model, examples)
    check_evaluate(model, examples, deviations)
    check_noise(model, examples, observed)
    check_evaluate_draws_noise(model, examples[: BATCH_SIZE // 4])
    if spec.rate.reported_wrong:
        check_rate_does_not_run_away(model)


def check_fit_and_observe_noise(model: Model, examples: Examples) -> tuple[dict, ObservedNoise]:
    """Raises `PropertyFailed` unless `fit` reports what it should and its losses vary.

    Returns (how much each number varies from report to report, the `ObservedNoise`).
    """
    failure: PropertyFailed | None = None
    deviations: dict[str, float] = {}
    # The reports come first, since a model may change the weight of its rate from step to step. But
    # a failure of the noise takes precedence in the message.
    try:
        source = reports_of_fit(model, examples)
        deviations, _ = check_reports(source)
    except PropertyFailed as failed:
        failure = failed
    try:
        observed = observe_noise(model, examples)
        # No name, or a factor of the rate: noise of another distribution may be the cause.
        if failure and set(failure.mistake.split(" and ")) <= {"", *rate_factors(source.layout)}:
            compare_noise(model, examples, observed)
    except PropertyFailed as failed:
        raise explain_noise(model, examples, failed, failure) from failed
    if failure:
        raise failure
    return deviations, observed


def explain_noise(
    model: Model, examples: Examples, noise: PropertyFailed, reports: PropertyFailed | None
) -> PropertyFailed:
    """Returns a failure of the noise, or another one that explains it.

    Args:
        model: The `Model`, with the weights that the noise was observed with.
        examples: The `Examples` that its own terms are asked for.
        noise: The failure of the noise.
        reports: The failure of the reports, if there is one.
    """
    if noise.mistake == "not_finite":
        return noise
    if reports and NAMES_OF_ANOTHER_LOSS & set(reports.mistake.split(" and ")):
        return reports
    fault = failure_of_own_distortion(model, examples)
    if not fault:
        return add_reports(noise, reports, model.spec.distortion.name)
    return reports if reports and reports.mistake else fault


def failure_of_own_distortion(model: Model, examples: Examples) -> PropertyFailed | None:
    """Returns the failure of a distortion that is wrong with given noise too; None if it is right.

    If it is wrong there, what training reports tells nothing of the noise of training.
    """
    spec, index = model.spec, model.spec.loss_method.distortion_index
    eps = model.exam.normal(1, len(examples), model.sizes.latent_dim)
    batches = [AskedBatch(model, examples, eps, model.returned_terms(examples, eps))]
    if index not in wrong_terms(spec, batches):
        return None
    words, measured = describe_terms(spec, batches, [index])
    # The examination of the terms names all others.
    named = [name for name in name_terms(spec, batches, [index]) if name == CUT_OFF]
    return PropertyFailed(words, " and ".join(named), measured)


def check_noise(model: Model, examples: Examples, observed: ObservedNoise) -> None:
    """Raises `PropertyFailed` unless the noise of training is q(z|x)'s, with other weights too."""
    try:
        compare_noise(model, examples, observed)
        check_noise_with_other_weights(model, examples)
    except PropertyFailed as failed:
        explained = explain_noise(model, examples, failed, None)
        # With some weights the test images have about the same loss as the others.
        if explained.mistake == ANOTHER_NOISE and reports_test_digits(model, examples):
            raise PropertyFailed(
                failed.detail, "trains_on_test_images", failed.measured
            ) from failed
        raise explained from failed


def check_evaluate_draws_noise(model: Model, examples: Examples) -> None:
    """Raises `PropertyFailed` if `evaluate` reports the same twice."""
    name = model.spec.distortion.name
    first, again = (model.evaluate(examples, model.spec.reported)[name] for _ in range(2))
    if np.array_equal(first, again):
        shown = name.replace("_", "-")
        raise PropertyFailed(
            f"evaluate reports the same {shown} at every call", "no_noise_in_evaluate"
        )


def add_reports(
    noise: PropertyFailed, reports: PropertyFailed | None, distortion: str
) -> PropertyFailed:
    """Returns a failure of the noise together with the mistakes that the reports show besides.

    A wrong distortion does not count as such: the noise may have caused it.

    Args:
        noise: The failure of the noise.
        reports: The failure of the reports, if there is one.
        distortion: The name of the distortion.
    """
    named = [name for name in reports.mistake.split(" and ") if name] if reports else []
    others = [name for name in named if distortion not in name or not noise.mistake]
    if not reports or not others:
        return noise
    measured = "; ".join(filter(None, (noise.measured, reports.measured)))
    mistakes = " and ".join(filter(None, [noise.mistake, *others]))
    return PropertyFailed(f"{noise.detail}; {reports.detail}", mistakes, measured)


def compare_noise(model: Model, examples: Examples, observed: ObservedNoise) -> None:
    """Raises `PropertyFailed` unless the noise is q(z|x)'s, or if the distortion holds the rate."""
    spec = model.spec
    rate = model.draw_sample(examples[:NUM_NOISE_IMAGES], NUM_RATE_SAMPLES).rate.mean(axis=0)
    name = name_of_an_added_rate(spec)
    check_noise_is_of_the_posterior(
        observed, {name: spec.weight * rate, f"{name} without its weight": rate}
    )


def check_noise_with_other_weights(model: Model, examples: Examples) -> None:
    """Raises `PropertyFailed` unless training's noise is right with other perturbations too."""
    for perturbation in model.spec.more_perturbations:
        model.begin_anew()
        model.perturb_weights(*perturbation)
        try:
            observed = observe_noise(model, examples)
        except PropertyFailed as failed:
            # A right model may overflow where its weights are large: such weights tell nothing.
            if failed.mistake != "not_finite":
                raise
        else:
            compare_noise(model, examples, observed)


def reports_test_digits(model: Model, examples: Examples) -> bool:
    """Tells whether `fit`, with other weights, reports a loss of test images as well."""
    model.perturb_weights(1.0, 0.15)
    source = reports_of_fit(model, examples)
    return trains_on_test_images(source, ask_for_reports(source), source.expect())


def check_rate_does_not_run_away(model: Model) -> None:
    """Raises `PropertyFailed` if the rate grows without bound in training.

    The rate of single samples hides a small error in what is reported; and without its gradient the
    rate grows.
    """
    train, _ = model.exam.digits(model.spec.labelled, model.spec.grey)
    model.begin_anew()
    model.fit(train, LEARNING_RATE, epochs=3)
    source = build_report_source(
        model, train, BATCH_SIZE, lambda: model.fit(train, 0.0, model.spec.reported)
    )
    _, expected = check_reports(replace(source, move=lambda: model.fit(train, LEARNING_RATE)))
    rate = expected.rate.value
    if rate > RUNAWAY_RATE:
        raise PropertyFailed(
            f"after three epochs with {model.spec.weight_name} = {model.spec.weight:g} "
            "the kl is far too large",
            "kl_without_gradient",
            f"it is {rate:.3g} nats",
        )
