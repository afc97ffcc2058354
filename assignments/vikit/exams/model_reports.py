"""What a model reports of its loss in `fit` and `evaluate`, and what it should, from its parts."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from .compare_reports import Expected, Mean, ReportSource, check_reports
from .digits import BATCH_SIZE, Examples
from .model import Model
from .report_mistakes import LossLayout

__all__ = ["build_report_source", "check_evaluate", "reports_of_fit"]

# How often a loss is reported while no weight moves. With 8 reports their spread is uncertain
# by more than a quarter.
NUM_REPORTS = 16
# How many samples of each example the reports are compared with, at most.
NUM_SAMPLES = 32
# How many samples of all examples together, at most: the wire has a limit.
MAX_SAMPLES = 10_000


def reports_of_fit(model: Model, examples: Examples, eager: bool = False) -> ReportSource:
    """Returns the `ReportSource` of `fit`, which reports several losses while no weight moves.

    Args:
        model: The `Model`.
        examples: The `Examples` to fit, a whole number of batches.
        eager: Whether `fit` runs without a graph.
    """

    def report() -> dict:
        return model.fit(examples, 0.0, model.spec.reported, epochs=NUM_REPORTS, eager=eager)

    return build_report_source(model, examples, BATCH_SIZE, report)


def check_evaluate(model: Model, examples: Examples, deviations: dict) -> None:
    """Raises `PropertyFailed` unless `evaluate` reports what it should, for batches of one.

    Args:
        model: The `Model`.
        examples: The `Examples` that `fit` was given.
        deviations: How much each number varies from report to report in `fit`.
    """
    # The mean over a quarter of the examples varies twice as much.
    few, twice = (
        examples[: BATCH_SIZE // 4],
        {name: 2 * deviation for name, deviation in deviations.items()},
    )
    source = build_report_source(model, few, 1, lambda: model.evaluate(few, model.spec.reported))
    check_reports(replace(source, deviations=twice))


def build_report_source(
    model: Model, examples: Examples, batch_size: int, report: Callable
) -> ReportSource:
    """Returns the `ReportSource` of a model on these examples.

    Args:
        model: The `Model`.
        examples: The `Examples` that reports are about.
        batch_size: Examples in a batch of what reports.
        report: Asks the model, without moving its weights: returns a dict from names to reported
            numbers, in nats.
    """
    distortion = model.spec.distortion
    layout = LossLayout(
        name=distortion.name,
        summed_over=distortion.summed_over,
        num_summed=model.sizes.num_outputs,
        latent_dim=model.sizes.latent_dim,
        weight=model.spec.weight,
        batch_size=batch_size,
        rate=model.spec.rate.name,
    )
    return ReportSource(
        layout,
        report=report,
        expect=lambda: expected_of(model, examples),
        expect_with_test_digits=lambda: expected_of(model, examples.with_test_digits()),
        move=lambda: model.perturb_weights(0.9, 0.15),
    )


def expected_of(model: Model, examples: Examples) -> Expected:
    """Returns the `Expected` of a model on these examples, from fresh samples."""
    spec = model.spec
    sample = model.draw_sample(
        examples, min(NUM_SAMPLES * spec.num_samples, MAX_SAMPLES // len(examples))
    )
    distortion = (
        mean_of_batches(sample.mean_distortion)
        if spec.distortion.mean
        else mean_of(sample.distortion)
    )
    shape = len(sample.eps), len(examples)
    rate = (
        Mean(sample.mean_rate) if spec.rate.mean else mean_of(np.broadcast_to(sample.rate, shape))
    )
    wrong_distortions, wrong_rates = spec.distortion.reported_wrong, spec.rate.reported_wrong
    return Expected(
        distortion,
        rate,
        {
            name: lambda form=form: mean_of_batches(form(sample))
            for name, form in wrong_distortions.items()
        },
        {name: lambda form=form: mean_of(form(sample)) for name, form in wrong_rates.items()},
        mean_combined(sample) if spec.combine.needs_sampled_rate else None,
    )


def mean_of(sampled: np.ndarray) -> Mean:
    """Returns the `Mean` of a term, from single samples for each example. Shape `[draws, B]`."""
    draws, batch = sampled.shape
    return Mean(
        float(sampled.mean()), float(np.sqrt(sampled.var(axis=0, ddof=1).mean() / batch)), draws
    )


def mean_of_batches(means: np.ndarray) -> Mean:
    """Returns the `Mean` of a term, from means over the batch. Shape `[draws]`."""
    return Mean(float(means.mean()), float(np.std(means, ddof=1)), len(means))


def mean_combined(sample: Any) -> Mean:
    """Returns the `Mean` of a loss that combines samples: as many at a time as in training."""
    spec = sample.spec
    losses = sample.distortion + spec.weight * sample.rate
    if len(losses) < 2 * spec.num_samples:
        raise ValueError(
            f"{len(losses)} samples are too few for two losses "
            f"of {spec.num_samples}: raise MAX_SAMPLES"
        )
    groups = losses[: len(losses) // spec.num_samples * spec.num_samples].reshape(
        -1, spec.num_samples, losses.shape[1]
    )
    return mean_of(np.stack([spec.combine.function(group) for group in groups]))
