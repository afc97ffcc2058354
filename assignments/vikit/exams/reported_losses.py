"""The examinations of reported losses: of what `fit` and `evaluate` report, alone, and together with the noise of training."""

import numpy as np

from .digits import BATCH_SIZE
from .exam import PropertyFailed, examination
from .latent_model import spec_of
from .loss_report import (
    AVERAGED,
    Expected,
    Mean,
    ReportedLoss,
    ask_for_reports,
    check_reported_loss,
    names_in_reports,
    trains_on_test_images,
)
from .model import LEARNING_RATE, MISTAKES_OF_ANY_MODEL, build_model, trained_model
from .training_noise import ANOTHER_NOISE, NUM_IMAGES, check_noise_is_of_the_posterior, look_at_noise

__all__ = ["RUNAWAY_RATE", "check_reported_losses", "check_training_of", "finds_in_training"]

# How often a loss is reported while no weight moves, and how many samples of each example that is compared with. Of eight
# reports the spread is uncertain by more than a quarter.
NUM_REPORTS, NUM_SAMPLES = 16, 32


# So many samples at most, of all examples together: the wire has a limit.
MAX_SAMPLES = 10_000


def finds_in_reports(model):
    spec = spec_of(model)
    combined = [AVERAGED] if spec.combine.of_samples else []
    wrong = [name for one in (spec, *spec.variants) for name in one.distortion.reported_wrong]
    reported = names_in_reports(spec.distortion.name, spec.distortion.axis, weighted=spec.weight != 1)
    return (*MISTAKES_OF_ANY_MODEL, *reported, *wrong, *spec.rate.reported_wrong, *combined, "metrics_missing")


@examination("reported_losses", finds=finds_in_reports)
def check_reported_losses(exam, model):
    """What `fit` and `evaluate` report is the loss of an average example and its terms, for batches of several and of one."""
    spec = spec_of(model)
    trained = trained_model(exam, spec)
    examples = exam.cache["split"][0][:BATCH_SIZE]
    deviations, _ = check_reported_loss(loss_of_fit(trained, examples))
    check_evaluate(trained, examples, deviations)
    for variant in spec.variants:
        other = build_model(exam, variant, spec.trained_sizes)
        try:
            check_reported_loss(loss_of_fit(other, variant.draw(exam, BATCH_SIZE, other.sizes), eager=True))
        except PropertyFailed as failed:
            raise failed.when(f"for {shown_keywords(variant)}") from failed


def shown_keywords(spec):
    """Returns what a variant is given, as in a call; of several keywords the first."""
    name, value = next(iter(spec.keywords.items()))
    return f"{name}={value!r}"


def check_evaluate(model, examples, deviations):
    """Raises `PropertyFailed` unless `evaluate` reports what it should, for batches of one; `deviations` are those of `fit`."""
    # Of a quarter as many examples a mean varies twice as much.
    few, twice = examples[: BATCH_SIZE // 4], {name: 2 * deviation for name, deviation in deviations.items()}
    check_reported_loss(
        reported_loss(model, few, 1, lambda: model.evaluate(few, model.spec.reported), deviations=twice)
    )


def loss_of_fit(model, examples, eager=False):
    """Returns the `ReportedLoss` of `fit`, which reports it several times while no weight moves."""

    def report():
        return model.fit(examples, 0.0, model.spec.reported, NUM_REPORTS, eager=eager)

    return reported_loss(model, examples, BATCH_SIZE, report)


def reported_loss(model, examples, batch_size, report, deviations=None, move=None):
    """Returns the `ReportedLoss` of a model on these examples; `move` gives it other weights."""
    spec, sizes = model.spec, model.sizes
    return ReportedLoss(
        *(spec.distortion.name, spec.distortion.axis, sizes.num_outputs, sizes.latent_dim, spec.weight, batch_size),
        report=report,
        expect=lambda: expected(model, examples),
        expect_with_test_digits=lambda: expected(model, examples.with_test_digits()),
        move=move or (lambda: model.perturb_weights(0.9, 0.15)),
        deviations=deviations or {},
    )


def expected(model, examples):
    """Returns the `Expected` of a model on these examples, from fresh samples."""
    spec = model.spec
    # Of many examples fewer.
    sample = model.draw_sample(examples, min(NUM_SAMPLES * spec.num_samples, MAX_SAMPLES // len(examples)))
    distortion = mean_of_batches(sample.mean_distortion) if spec.distortion.mean else mean_of(sample.distortion)
    shape = len(sample.eps), len(examples)
    rate = Mean(sample.mean_rate) if spec.rate.mean else mean_of(np.broadcast_to(sample.rate, shape))
    return Expected(
        distortion,
        rate,
        {name: lambda of=of: mean_of_batches(of(sample)) for name, of in spec.distortion.reported_wrong.items()},
        {name: lambda of=of: mean_of(of(sample)) for name, of in spec.rate.reported_wrong.items()},
        mean_combined(sample) if spec.combine.of_samples else None,
    )


def mean_of(sampled):
    """Returns the `Mean` of a term, from single samples for each example. Shape `[draws, B]`."""
    draws, batch = sampled.shape
    return Mean(float(sampled.mean()), float(np.sqrt(sampled.var(axis=0, ddof=1).mean() / batch)), draws)


def mean_of_batches(means):
    """Returns the `Mean` of a term, from means over the batch. Shape `[draws]`."""
    return Mean(float(means.mean()), float(np.std(means, ddof=1)), len(means))


def mean_combined(sample):
    """Returns the `Mean` of the loss where samples are not averaged: so many at a time as in training."""
    spec = sample.spec
    losses = sample.distortion + spec.weight * sample.rate
    if len(losses) < 2 * spec.num_samples:
        raise ValueError(f"{len(losses)} samples are too few for two losses of {spec.num_samples}: raise MAX_SAMPLES")
    groups = losses[: len(losses) // spec.num_samples * spec.num_samples].reshape(-1, spec.num_samples, losses.shape[1])
    return mean_of(np.stack([spec.combine.function(group) for group in groups]))


# Reported losses and the noise of training together.

# Nats of a kl that nothing holds down. Right ones reach 7 in training, 0.2 with a weight of 2; without a gradient 57 to 85.
RUNAWAY_RATE = 25


def finds_in_training(model, **options):
    spec = spec_of(model)
    return (
        *finds_in_reports(model),
        *("no_noise", "noise_frozen_in_training", "one_noise_for_the_batch", ANOTHER_NOISE, "no_noise_in_evaluate"),
        *(names_of_an_added_rate(spec)),
        *(["kl_without_gradient"] if spec.rate.reported_wrong else []),
    )


def names_of_an_added_rate(spec):
    """Returns the names of a distortion that holds the rate as well."""
    return [f"kl_in_the_{spec.distortion.name}"]


@examination("training", finds=finds_in_training)
def check_training(exam, model):
    """`fit` and `evaluate` report what they should, and each step draws fresh noise of q(z|x) for each example."""
    check_training_of(exam, spec_of(model))


def check_training_of(exam, spec):
    trained = trained_model(exam, spec)
    examples = exam.cache["split"][0][:BATCH_SIZE]
    early, deviations = None, {}
    # First of all: a weight of the rate may grow from step to step. But what the noise tells is told before.
    try:
        deviations, _ = check_reported_loss(loss_of_fit(trained, examples))
    except PropertyFailed as failed:
        early = failed
    try:
        seen = look_at_noise(trained, examples)
    except PropertyFailed as failed:
        raise add_reports(failed, early, spec.distortion.name) from failed
    if early:
        if not early.mistake:
            # Noise of another distribution shifts the terms, by an amount that no other mistake explains.
            compare_noise(trained, examples, seen)
        raise early
    check_evaluate(trained, examples, deviations)
    try:
        compare_noise(trained, examples, seen)
        check_noise_with_other_weights(trained, examples)
    except PropertyFailed as failed:
        # With some weights the test images cost what the others do.
        if failed.mistake == ANOTHER_NOISE and reports_test_digits(trained, examples):
            raise PropertyFailed(failed.detail, "trains_on_test_images", failed.measured) from failed
        raise
    few = examples[: BATCH_SIZE // 4]
    first, again = (trained.evaluate(few, spec.reported)[spec.distortion.name] for _ in range(2))
    if np.array_equal(first, again):
        name = spec.distortion.name.replace("_", "-")
        raise PropertyFailed(f"evaluate reports the same {name} at every call", "no_noise_in_evaluate")
    if spec.rate.reported_wrong:
        check_rate_does_not_run_away(trained)


def add_reports(noise, early, distortion):
    """Returns what was found of the noise together with what the reported numbers tell besides, in one `PropertyFailed`.

    A distortion that is off may come of the noise.
    """
    named = [name for name in early.mistake.split(" and ") if name] if early else []
    more = [name for name in named if distortion not in name]
    if not more:
        return noise
    measured = "; ".join(filter(None, (noise.measured, early.measured)))
    return PropertyFailed(f"{noise.detail}; {early.detail}", " and ".join([noise.mistake, *more]), measured)


def compare_noise(model, examples, seen):
    """Raises `PropertyFailed` unless the noise that was seen is that of q(z|x), or tells that the distortion holds the rate."""
    spec = model.spec
    rate = model.draw_sample(examples[:NUM_IMAGES], NUM_SAMPLES).rate.mean(axis=0)
    (name,) = names_of_an_added_rate(spec)
    check_noise_is_of_the_posterior(seen, {name: spec.weight * rate, f"{name} without its weight": rate})


def check_noise_with_other_weights(model, examples):
    """Raises `PropertyFailed` unless the noise of training is right with the spec's other perturbations too."""
    for perturbation in model.spec.more_perturbations:
        model.begin_anew()
        model.perturb_weights(*perturbation)
        try:
            seen = look_at_noise(model, examples)
        except PropertyFailed as failed:
            # A right model may overflow where its weights are large; then these say nothing.
            if failed.mistake != "not_finite":
                raise
        else:
            compare_noise(model, examples, seen)


def reports_test_digits(model, examples):
    """Tells whether what `fit` reports with other weights is that of these examples and the test images together."""
    model.perturb_weights(1.0, 0.15)
    loss = loss_of_fit(model, examples)
    return trains_on_test_images(loss, ask_for_reports(loss), loss.expect())


def check_rate_does_not_run_away(model):
    """Looks at the rate after some training: of single samples it hides what is small, and what is missing from it grows."""
    train = model.exam.cache["split"][0]
    model.begin_anew()
    model.fit(train, LEARNING_RATE, epochs=3)
    loss = reported_loss(
        *(model, train, BATCH_SIZE, lambda: model.fit(train, 0.0, model.spec.reported)),
        move=lambda: model.fit(train, LEARNING_RATE),
    )
    rate = check_reported_loss(loss)[1].kl.value
    if rate > RUNAWAY_RATE:
        raise PropertyFailed(
            f"after three epochs with {model.spec.weight_name} = {model.spec.weight:g} the kl is far too large",
            "kl_without_gradient",
            f"it is {rate:.3g} nats",
        )
