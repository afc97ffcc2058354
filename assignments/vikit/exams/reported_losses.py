"""The examination "reported_losses" of a VAE: `fit` and `evaluate` report the loss and its terms.

A VIB is examined by "training", which asks the same and looks at the noise of training too: see
`reported_losses_and_noise`.
"""

from .compare_reports import check_reports, names_in_reports
from .digits import BATCH_SIZE
from .exam import Exam, PropertyFailed, examination
from .latent_model import SAMPLES_AVERAGED, LatentModel, spec_of
from .model import MISTAKES_OF_ANY_MODEL, build_model, trained_model
from .model_reports import check_evaluate, reports_of_fit

__all__ = ["check_reported_losses", "finds_in_reports"]


def finds_in_reports(model: str | LatentModel) -> tuple[str, ...]:
    """Returns all mistakes that `check_reported_losses` may find, in the variants too."""
    spec = spec_of(model)
    names = [name for one in (spec, *spec.variants) for name in names_in_reports_of(one)]
    return (*MISTAKES_OF_ANY_MODEL, *names, "metrics_missing")


def names_in_reports_of(spec: LatentModel) -> list[str]:
    """Returns the names of the mistakes in the reports of models of one specification."""
    distortion = spec.distortion
    names = names_in_reports(
        distortion.name, distortion.summed_over, spec.weight != 1, spec.rate.name
    )
    averaged = [SAMPLES_AVERAGED] if spec.combine.needs_sampled_rate else []
    of_terms = *distortion.reported_wrong, *spec.rate.reported_wrong
    return [*names, *of_terms, *averaged, *spec.attribute_mistakes]


@examination("reported_losses", finds=finds_in_reports)
def check_reported_losses(exam: Exam, model: str | LatentModel) -> None:
    """`fit` and `evaluate` report the loss and terms of an average example.

    They do so in batches of many examples and of one.
    """
    spec = spec_of(model)
    trained = trained_model(exam, spec)
    examples = exam.digits(spec.labelled, spec.grey)[0][:BATCH_SIZE]
    deviations, _ = check_reports(reports_of_fit(trained, examples))
    check_evaluate(trained, examples, deviations)
    for variant in spec.variants:
        other = build_model(exam, variant, spec.trained_sizes)
        try:
            check_reports(
                reports_of_fit(other, variant.draw(exam, BATCH_SIZE, other.sizes), eager=True)
            )
        except PropertyFailed as failed:
            raise failed.when(f"for {describe_variant(variant)}") from failed


def describe_variant(spec: LatentModel) -> str:
    """Returns the first keyword that a variant is given, as in a call."""
    name, value = next(iter(spec.keywords.items()))
    return f"{name}={value!r}"
