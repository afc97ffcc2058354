"""The examination of reported losses: `fit` and `evaluate` report those of an average example."""

import numpy as np

from .digits import BATCH
from .exam import PropertyFailed, examination
from .latent_model import spec_of
from .loss_faults import AVERAGED, Expected, Mean, ReportedLoss, check_reported_loss, names_in_reports
from .model import OF_A_MODEL, build_model, trained_model

__all__ = ["NUM_SAMPLES", "check_evaluate", "check_reported_losses", "finds_in_reports", "loss_of_fit", "reported_loss"]

# How often a loss is reported while no weight moves, and how many samples of each example that is compared with. Of eight
# reports the spread is uncertain by more than a quarter.
NUM_REPORTS, NUM_SAMPLES = 16, 32


# So many samples at most, of all examples together: the wire has a limit.
MOST_SAMPLES = 10_000


def finds_in_reports(model):
    spec = spec_of(model)
    combined = [AVERAGED] if spec.combine.of_samples else []
    wrong = [name for one in (spec, *spec.variants) for name in one.distortion.reported_wrong]
    reported = names_in_reports(spec.distortion.name, spec.distortion.axis, weighted=spec.weight != 1)
    return (*OF_A_MODEL, *reported, *wrong, *spec.rate.reported_wrong, *combined, "metrics_missing")


@examination("reported_losses", finds=finds_in_reports)
def check_reported_losses(exam, model):
    """What `fit` and `evaluate` report is the loss of an average example and its terms, for batches of several and of one."""
    spec = spec_of(model)
    trained = trained_model(exam, spec)
    examples = exam.cache["split"][0][:BATCH]
    deviations, _ = check_reported_loss(loss_of_fit(trained, examples))
    check_evaluate(trained, examples, deviations)
    for variant in spec.variants:
        other = build_model(exam, variant, spec.trained_sizes)
        try:
            check_reported_loss(loss_of_fit(other, variant.draw(exam, BATCH, other.sizes), eager=True))
        except PropertyFailed as failed:
            raise failed.when(f"for {shown_keywords(variant)}") from failed


def shown_keywords(spec):
    """Returns what a variant is given, as in a call; of several keywords the first."""
    name, value = next(iter(spec.keywords.items()))
    return f"{name}={value!r}"


def check_evaluate(model, examples, deviations):
    """Raises `PropertyFailed` unless `evaluate` reports what it should, for batches of one; `deviations` are those of `fit`."""
    # Of a quarter as many examples a mean varies twice as much.
    few, twice = examples[: BATCH // 4], {name: 2 * deviation for name, deviation in deviations.items()}
    check_reported_loss(
        reported_loss(model, few, 1, lambda: model.evaluate(few, model.spec.reported), deviations=twice)
    )


def loss_of_fit(model, examples, eager=False):
    """Returns the `ReportedLoss` of `fit`, which reports it several times while no weight moves."""

    def report():
        return model.fit(examples, 0.0, model.spec.reported, NUM_REPORTS, eager=eager)

    return reported_loss(model, examples, BATCH, report)


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
    sample = model.draw_sample(examples, min(NUM_SAMPLES, MOST_SAMPLES // len(examples)))
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
    groups = losses[: len(losses) // spec.num_samples * spec.num_samples].reshape(-1, spec.num_samples, losses.shape[1])
    return mean_of(np.stack([spec.combine.function(group) for group in groups]))
