"""Compares a model's reported loss with what its distortion and its rate give.

All in nats, averaged over examples. Each of the three numbers is judged by itself. A discrepancy
has a name if the number is what a known mistake makes of the right one, and again with other
weights: a single fit may be chance.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from ..judging import describe
from .exam import PropertyFailed
from .latent_model import SAMPLES_AVERAGED
from .model import check_losses_are_finite
from .report_mistakes import LossLayout, distortion_factors, loss_factors, loss_forms, rate_factors

__all__ = [
    "Expected",
    "Mean",
    "ReportSource",
    "ask_for_reports",
    "check_reports",
    "names_in_reports",
    "trains_on_test_images",
]

# A difference of this many standard deviations is not chance.
NUM_DEVIATIONS = 8
# The rounding of float32 in a number that is reported.
REPORT_ATOL = 2e-3
REPORT_RTOL = 1e-3
# A reported rate may be that of single samples, and then varies from report to report:
# by which share of it, at most.
MAX_SHARE_OF_CHANCE = 0.15
# With how many other weights a discrepancy is looked for again.
NUM_OTHER_WEIGHTS = 3


@dataclass(frozen=True)
class Mean:
    """The mean over a batch of a term of the loss, from samples that were drawn here.

    Attributes:
        value: The mean.
        deviation: The standard deviation of such a mean with one sample for each example; 0 in
            closed form.
        draws: Over how many such means `value` is averaged.
    """

    value: float
    deviation: float = 0.0
    draws: int = 1

    def times(self, factor: float) -> "Mean":
        """Returns the mean of the term times a factor."""
        return replace(self, value=factor * self.value, deviation=abs(factor) * self.deviation)

    def is_near(self, got: float, deviation: float, count: int) -> bool:
        """Tells whether the mean of reports is this one, up to chance and rounding.

        Args:
            got: The mean of the reports, in nats.
            deviation: The standard deviation of a single report, in nats.
            count: How many reports `got` is the mean of.
        """
        chance = NUM_DEVIATIONS * self.deviation * np.sqrt(1 / count + 1 / self.draws)
        # A model whose reports vary more than they should gets no more tolerance than this.
        more = min(
            NUM_DEVIATIONS * deviation / np.sqrt(count), MAX_SHARE_OF_CHANCE * abs(self.value)
        )
        return bool(
            abs(got - self.value) <= max(chance, more) + REPORT_RTOL * abs(self.value) + REPORT_ATOL
        )


@dataclass(frozen=True)
class Expected:
    """What a loss should be made of, with a model's present weights.

    Attributes:
        distortion: A `Mean`.
        rate: A `Mean`.
        wrong_distortions: From names of mistakes that this kind of model knows to functions that
            return the `Mean` that they make of the distortion.
        wrong_rates: The same for the rate.
        loss: A `Mean` if the loss is made of something else than the reported terms; else None.
    """

    distortion: Mean
    rate: Mean
    wrong_distortions: dict = field(default_factory=dict)
    wrong_rates: dict = field(default_factory=dict)
    loss: Mean | None = None


@dataclass(frozen=True)
class ReportSource:
    """Where reports of a loss come from, and what they should be.

    Attributes:
        layout: The `LossLayout`.
        report: Asks the model, without moving its weights: returns a dict from names to reported
            numbers.
        expect: Computes the `Expected`.
        expect_with_test_digits: The same for the examples and the test images of the data set
            together.
        move: Gives the model other weights.
        deviations: How much each number varies from report to report, if that is known from
            elsewhere.
    """

    layout: LossLayout
    report: Callable
    expect: Callable
    expect_with_test_digits: Callable
    move: Callable
    deviations: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Discrepancy:
    """How a reported number differs from the right one.

    Attributes:
        right: What it should be.
        origin: Where the right number comes from.
        names: The names of the mistakes that would give the reported number, in order.
    """

    right: float
    origin: str
    names: list

    def words(self, name: str, got: float) -> str:
        """Returns it in words, for the student."""
        return f"judged by {self.origin}, {name} is {describe.describe_number(got, self.right)}"

    def measured(self, name: str, got: float) -> str:
        """Returns it in numbers, for the staff."""
        return f"{name} is {got:.3g}, and should be {self.right:.3g}"


@dataclass(frozen=True)
class ReportedNumber:
    """A number that was reported, once or several times while no weight moved.

    Attributes:
        value: The mean.
        deviation: How much it varies from report to report.
        count: How often it was reported.
        each: The single reports.
    """

    value: float
    deviation: float
    count: int
    each: np.ndarray

    @classmethod
    def of(cls, numbers: np.ndarray, known_deviation: float) -> "ReportedNumber":
        """Returns the reported number for single reports."""
        varies = float(np.std(numbers, ddof=1)) if len(numbers) > 1 else 0.0
        return cls(
            float(np.mean(numbers)),
            max(varies, known_deviation),
            len(numbers),
            np.asarray(numbers, float),
        )

    def fits(self, mean: Mean) -> bool:
        """Tells whether it is this mean."""
        return mean.is_near(self.value, self.deviation, self.count)


Reports = dict[str, ReportedNumber]
Discrepancies = dict[str, Discrepancy]


def names_in_reports(
    name: str, summed_over: str, weighted: bool = True, rate: str = "kl"
) -> tuple[str, ...]:
    """Returns the names that `check_reports` may find besides those of `Expected`.

    Args:
        name: As in `LossLayout`.
        summed_over: As in `LossLayout`.
        weighted: Whether the weight of the rate may be another number than 1.
        rate: As in `LossLayout`.
    """
    weight = 2 if weighted else 1
    layout = LossLayout(
        name, summed_over, num_summed=1, latent_dim=1, weight=weight, batch_size=2, rate=rate
    )
    return (
        "not_finite",
        "trains_on_test_images",
        "terms_swapped",
        *distortion_factors(layout),
        *rate_factors(layout),
        *loss_forms(layout),
        "another_beta",
        "loss_of_something_else",
    )


def check_reports(source: ReportSource) -> tuple[dict[str, float], Expected]:
    """Raises `PropertyFailed` unless what is reported is what the model's own parts give.

    Returns (how much each number varies from report to report, the `Expected`).
    """
    found, want = ask_for_reports(source), source.expect()
    first = find_discrepancies(source, found, want)
    if not first:
        return {name: number.deviation for name, number in found.items()}, want
    words = describe.join_judgements(
        one.words(name, found[name].value) for name, one in first.items()
    )
    measured = "; ".join(one.measured(name, found[name].value) for name, one in first.items())
    raise PropertyFailed(words, name_discrepancies(source, found, want, first), measured)


def name_discrepancies(
    source: ReportSource, found: Reports, want: Expected, first: Discrepancies
) -> str:
    """Returns the mistakes that explain the discrepancies in `first`, joined by " and "."""
    distortion = source.layout.name
    if trains_on_test_images(source, found, want):
        return "trains_on_test_images"
    if (
        {distortion, source.layout.rate} <= set(first)
        and found[source.layout.rate].fits(want.distortion)
        and found[distortion].fits(want.rate)
    ):
        return "terms_swapped"
    again, second = look_elsewhere(source, first)
    names = {
        name: first_common_name(one.names, second[name].names if name in second else None)
        for name, one in first.items()
    }
    if "loss" in second and not names["loss"] and not want.loss:
        names["loss"] = name_of_the_weight(source, found, again)
    return " and ".join(dict.fromkeys(filter(None, names.values())))


def look_elsewhere(source: ReportSource, first: Discrepancies) -> tuple[Reports, Discrepancies]:
    """Returns reports with other weights, and the discrepancies of the numbers that had one before.

    If one of these numbers is right there, further weights are tried: with some weights a mistake
    does not show.
    """
    again: Reports = {}
    second: Discrepancies = {}
    for _ in range(NUM_OTHER_WEIGHTS):
        source.move()
        try:
            again = ask_for_reports(source)
        except PropertyFailed:
            # Weights that are too large tell nothing.
            break
        there = find_discrepancies(source, again, source.expect())
        second = {name: one for name, one in there.items() if name in first}
        if len(second) == len(first):
            break
    return again, second


def ask_for_reports(source: ReportSource) -> Reports:
    """Returns the `ReportedNumber`s by name."""
    found = source.report()
    names = (source.layout.name, source.layout.rate, "loss")
    check_losses_are_finite(*(found[name] for name in names))
    return {
        name: ReportedNumber.of(found[name], source.deviations.get(name, 0.0)) for name in names
    }


def find_discrepancies(source: ReportSource, found: Reports, want: Expected) -> Discrepancies:
    """Returns the `Discrepancy` of each number that is not right, by name."""
    layout = source.layout
    terms = {
        layout.name: (want.distortion, want.wrong_distortions, distortion_factors(layout)),
        layout.rate: (want.rate, want.wrong_rates, rate_factors(layout)),
    }
    wrong = {}
    for name, (right, others, factors) in terms.items():
        if not found[name].fits(right):
            names = [other for other, mean in others.items() if found[name].fits(mean())]
            names += [
                factor
                for factor, number in factors.items()
                if found[name].fits(right.times(number))
            ]
            wrong[name] = Discrepancy(right.value, "the model's outputs", names)
    # A loss of the right terms is right, even if it is not the sum of wrong ones that are reported.
    if want.loss:
        loss = discrepancy_of_combined_loss(layout, found, want.loss)
    elif wrong and found["loss"].fits(expected_loss(layout, want)):
        loss = None
    else:
        loss = discrepancy_of_sum(layout, found)
    return wrong | ({"loss": loss} if loss else {})


def discrepancy_of_combined_loss(
    layout: LossLayout, found: Reports, right: Mean
) -> Discrepancy | None:
    """Returns the `Discrepancy` of a loss that is not the sum of the reported terms, or None."""
    got = found["loss"]
    if got.fits(right):
        return None
    averaged = is_sum(
        got.value, found[layout.name].value + layout.weight * found[layout.rate].value
    )
    names = [SAMPLES_AVERAGED] if averaged else []
    names += [
        name for name, factor in loss_factors(layout).items() if got.fits(right.times(factor))
    ]
    return Discrepancy(right.value, "the model's outputs", names)


def discrepancy_of_sum(layout: LossLayout, found: Reports) -> Discrepancy | None:
    """Returns the `Discrepancy` of a loss that is not the sum of the reported terms, or None."""
    distortion, rate, got = (found[name].value for name in (layout.name, layout.rate, "loss"))
    right = float(np.dot([1, layout.weight], [distortion, rate]))
    if is_sum(got, right):
        return None
    names = [
        name for name, form in loss_forms(layout).items() if is_sum(got, form(distortion, rate))
    ]
    # Not written as a formula: that of a VIB's loss is the student's to find.
    return Discrepancy(right, "the two terms that you report", names)


def expected_loss(layout: LossLayout, want: Expected) -> Mean:
    """Returns the `Mean` of the loss, from those of its terms."""
    deviation = np.hypot(want.distortion.deviation, layout.weight * want.rate.deviation)
    return Mean(
        want.distortion.value + layout.weight * want.rate.value, deviation, want.distortion.draws
    )


def is_sum(got: float, right: float) -> bool:
    """Tells whether a reported loss is this sum of reported terms, up to rounding."""
    return abs(got - right) <= 1e-3 + 1e-3 * abs(right)


def first_common_name(here: list[str], elsewhere: list[str] | None) -> str:
    """Returns the first name that fits here and elsewhere; empty if there is none.

    None says that the number is right elsewhere, which tells nothing: then a name counts if it is
    the only one here.
    """
    if elsewhere is None:
        return here[0] if len(here) == 1 else ""
    return next((name for name in here if name in elsewhere), "")


def trains_on_test_images(source: ReportSource, found: Reports, want: Expected) -> bool:
    """Tells whether reports are about the test images as well, here and with other weights.

    Args: as for `fits_test_images`.
    """
    return fits_test_images(source, found, want) and is_confirmed_elsewhere(source)


def fits_test_images(source: ReportSource, found: Reports, want: Expected) -> bool:
    """Tells whether the reports fit the examples and the test images together.

    Args:
        source: The `ReportSource`; it can say what reports on both should be.
        found: The `Reports`: distortion and rate by their own names, in nats.
        want: The `Expected` of the examples alone.
    """
    if found[source.layout.rate].fits(want.rate):
        return False
    both = source.expect_with_test_digits()
    return found[source.layout.rate].fits(both.rate) and found[source.layout.name].fits(
        both.distortion
    )


def is_confirmed_elsewhere(source: ReportSource) -> bool:
    """Tells whether reports are about the test images as well with other weights too."""
    confirmed = 0
    for _ in range(2 * NUM_OTHER_WEIGHTS):
        source.move()
        try:
            found, want = ask_for_reports(source), source.expect()
        except PropertyFailed:
            # Weights that are too large tell nothing.
            return False
        # With some weights the rate of the test images is about that of the others.
        if found[source.layout.rate].fits(want.rate):
            continue
        if not fits_test_images(source, found, want):
            return False
        confirmed += 1
    return confirmed >= NUM_OTHER_WEIGHTS - 1


def name_of_the_weight(source: ReportSource, here: Reports, elsewhere: Reports) -> str:
    """Returns the name for a loss of no known form: another weight, or another loss."""
    seen = [here, elsewhere]
    # Two reports may agree by chance.
    with contextlib.suppress(PropertyFailed):
        for _ in range(NUM_OTHER_WEIGHTS):
            source.move()
            seen.append(ask_for_reports(source))
    names = ("loss", source.layout.name, source.layout.rate)
    losses, distortions, rates = (
        np.concatenate([found[name].each for found in seen]) for name in names
    )
    if not losses.size == distortions.size == rates.size or not rates.all():
        return "loss_of_something_else"
    weights = (losses - distortions) / rates
    return (
        "another_beta"
        if np.allclose(weights, weights.mean(), 0.02, 1e-3)
        else "loss_of_something_else"
    )
