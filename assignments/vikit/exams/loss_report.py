"""What a model reports of its loss, beside what its own parts give: loss = distortion + weight * rate, in nats per example.

Each of the three numbers is judged by itself. A fault has a name where the number is what a known mistake makes of the right
one, and is so again with other weights: what fits once may fit by chance.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from ..judging import describe
from .exam import PropertyFailed

__all__ = [
    "AVERAGED",
    "BITS_PER_NAT",
    "Expected",
    "Mean",
    "ReportedLoss",
    "ask_for_reports",
    "check_reported_loss",
    "names_in_reports",
    "trains_on_test_images",
]

# A difference of so many standard deviations is no chance.
NUM_DEVIATIONS = 8
ATOL, RTOL = 2e-3, 1e-3
# A kl may be that of single samples, and then varies from report to report: the share of it by which it may be off for that.
MAX_SHARE_OF_CHANCE = 0.15
# With how many other weights a fault is looked for again.
NUM_OTHER_WEIGHTS = 3
BITS_PER_NAT = 1 / np.log(2)


@dataclass(frozen=True)
class Mean:
    """The mean over a batch of a term of the loss, from samples that were drawn here.

    Attributes:
        value: The mean.
        deviation: The standard deviation of such a mean with one sample for each example; 0 in closed form.
        draws: How many of them `value` is the mean of.
    """

    value: float
    deviation: float = 0.0
    draws: int = 1

    def times(self, factor):
        return replace(self, value=factor * self.value, deviation=abs(factor) * self.deviation)

    def is_near(self, got, deviation, count):
        """Tells whether `got`, the mean of `count` reports that vary by `deviation`, is this one."""
        chance = NUM_DEVIATIONS * self.deviation * np.sqrt(1 / count + 1 / self.draws)
        # A model whose reports vary more than they should is given no more room than this.
        more = min(NUM_DEVIATIONS * deviation / np.sqrt(count), MAX_SHARE_OF_CHANCE * abs(self.value))
        return bool(abs(got - self.value) <= max(chance, more) + RTOL * abs(self.value) + ATOL)


@dataclass(frozen=True)
class Expected:
    """What a loss should be made of, with a model's present weights.

    Attributes:
        distortion: A `Mean`.
        kl: A `Mean`.
        wrong_distortions: What known mistakes of this kind of model make of the distortion: from their names to functions that
            return a `Mean`.
        wrong_kls: And of the kl.
        loss: A `Mean`, where the loss is not distortion + weight * kl of the reported terms; else None.
    """

    distortion: Mean
    kl: Mean
    wrong_distortions: dict = field(default_factory=dict)
    wrong_kls: dict = field(default_factory=dict)
    loss: Mean | None = None


@dataclass(frozen=True)
class ReportedLoss:
    """A loss and who reports it.

    Attributes:
        name: What the distortion is called.
        axis: What it sums over, for names of mistakes.
        length: How many of these there are.
        latent_dim: K.
        weight: The weight of the kl.
        batch_size: Examples in a batch.
        report: Asks the model, whose weights stay as they are: returns a dict from names to reported numbers.
        expect: Computes the `Expected`.
        expect_with_test_digits: The same for the examples and the test images of the data set together.
        move: Gives the model other weights.
        deviations: How much each number varies from report to report, where that is known from elsewhere.
    """

    name: str
    axis: str
    length: int
    latent_dim: int
    weight: float
    batch_size: int
    report: Callable
    expect: Callable
    expect_with_test_digits: Callable
    move: Callable
    deviations: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Fault:
    """A number that is not right.

    Attributes:
        right: What it should be.
        origin: What that comes from.
        names: Of the mistakes that it fits, in order.
    """

    right: float
    origin: str
    names: list

    def words(self, name, got):
        return f"judged by {self.origin}, {name} is {describe.describe_number(got, self.right)}"

    def measured(self, name, got):
        return f"{name} is {got:.3g}, and {self.right:.3g} from {self.origin}"


@dataclass(frozen=True)
class Reported:
    """A number that was reported, once or several times while no weight moved.

    Attributes:
        value: The mean.
        deviation: How much it varies from report to report.
        count: How often it was reported.
        each: What was reported, one by one.
    """

    value: float
    deviation: float
    count: int
    each: np.ndarray

    @classmethod
    def of(cls, numbers, known):
        varies = float(np.std(numbers, ddof=1)) if len(numbers) > 1 else 0.0
        return cls(float(np.mean(numbers)), max(varies, known), len(numbers), np.asarray(numbers, float))

    def fits(self, mean):
        return mean.is_near(self.value, self.deviation, self.count)


def names_in_reports(name, axis, weighted=True):
    """Returns the names that `check_reported_loss` may find besides those of `Expected`; `weighted` if the weight is not 1."""
    beta = 2 if weighted else 1
    return (
        "not_finite",
        "trains_on_test_images",
        "terms_swapped",
        *distortion_factors(name, axis, 1, size=2),
        *kl_factors(1, beta, size=2),
        *loss_forms(name, axis, beta=beta),
        "another_beta",
        "loss_of_something_else",
    )


# What a loss is called that averages over samples where they are to be combined otherwise.
AVERAGED = "samples_averaged"


def check_reported_loss(loss):
    """Raises `PropertyFailed` unless what is reported is what the model's own parts give.

    Returns (how much each number varies from report to report, the `Expected`).
    """
    found, want = ask_for_reports(loss), loss.expect()
    first = find_faults(loss, found, want)
    if not first:
        return {name: number.deviation for name, number in found.items()}, want
    words = "; ".join(fault.words(name, found[name].value) for name, fault in first.items())
    measured = "; ".join(fault.measured(name, found[name].value) for name, fault in first.items())
    raise PropertyFailed(words, names_of_faults_found(loss, found, want, first), measured)


def names_of_faults_found(loss, found, want, first):
    """Returns the names of the mistakes that the faults in `first` tell, joined by " and "."""
    if trains_on_test_images(loss, found, want):
        return "trains_on_test_images"
    if {loss.name, "kl"} <= set(first) and found["kl"].fits(want.distortion) and found[loss.name].fits(want.kl):
        return "terms_swapped"
    again, second = look_elsewhere(loss, first)
    names = {
        name: first_common_name(fault.names, second[name].names if name in second else None)
        for name, fault in first.items()
    }
    if "loss" in second and not names["loss"] and not want.loss:
        names["loss"] = name_of_the_weight(loss, found, again)
    return " and ".join(dict.fromkeys(filter(None, names.values())))


def look_elsewhere(loss, first):
    """Returns the reports with other weights, and their faults: of those numbers that had one in `first`.

    Where one of these is right there, other weights are tried: at some a mistake does not show.
    """
    again, second = {}, {}
    for _ in range(NUM_OTHER_WEIGHTS):
        loss.move()
        try:
            again = ask_for_reports(loss)
        except PropertyFailed:
            # Weights that are too large say nothing.
            break
        second = {name: fault for name, fault in find_faults(loss, again, loss.expect()).items() if name in first}
        if len(second) == len(first):
            break
    return again, second


def ask_for_reports(loss):
    """Returns the `Reported` numbers by name."""
    found = loss.report()
    names = (loss.name, "kl", "loss")
    if not all(np.isfinite(found[name]).all() for name in names):
        raise PropertyFailed("a loss that is reported is not finite", "not_finite")
    return {name: Reported.of(found[name], loss.deviations.get(name, 0.0)) for name in names}


def find_faults(loss, found, want):
    """Returns the `Fault` of each number that is not right, by name."""
    wrong = {}
    terms = {
        loss.name: (
            want.distortion,
            want.wrong_distortions,
            distortion_factors(loss.name, loss.axis, loss.length, loss.batch_size),
        ),
        "kl": (want.kl, want.wrong_kls, kl_factors(loss.latent_dim, loss.weight, loss.batch_size)),
    }
    for name, (right, others, factors) in terms.items():
        if found[name].fits(right):
            continue
        fitting = [other for other, mean in others.items() if found[name].fits(mean())]
        fitting += [factor for factor, number in factors.items() if found[name].fits(right.times(number))]
        wrong[name] = Fault(right.value, "the model's outputs", fitting)
    distortion, kl = found[loss.name].value, found["kl"].value
    as_reported, got = distortion + loss.weight * kl, found["loss"]
    if want.loss:
        if not got.fits(want.loss):
            wrong["loss"] = Fault(
                want.loss.value,
                "the model's outputs",
                [AVERAGED] * is_sum(got.value, as_reported)
                + [name for name, factor in loss_factors(loss.batch_size).items() if got.fits(want.loss.times(factor))],
            )
        return wrong
    if not is_sum(got.value, as_reported) and not (wrong and got.fits(expected_loss(loss, want))):
        forms = loss_forms(loss.name, loss.axis, loss.length, loss.latent_dim, loss.weight, loss.batch_size)
        fitting = [name for name, form in forms.items() if is_sum(got.value, form(distortion, kl))]
        sum_of = f"{loss.name} + kl" if loss.weight == 1 else f"{loss.name} + beta kl"
        wrong["loss"] = Fault(as_reported, sum_of, fitting)
    return wrong


def expected_loss(loss, want):
    deviation = np.hypot(want.distortion.deviation, loss.weight * want.kl.deviation)
    return Mean(want.distortion.value + loss.weight * want.kl.value, deviation, want.distortion.draws)


def is_sum(got, right):
    return abs(got - right) <= 1e-3 + 1e-3 * abs(right)


def first_common_name(here, elsewhere):
    """Returns the first name that both reports fit, empty if there is none.

    Where the report elsewhere is right, and so says nothing (None), a name that is the only one here.
    """
    if elsewhere is None:
        return here[0] if len(here) == 1 else ""
    return next((name for name in here if name in elsewhere), "")


def trains_on_test_images(loss, found, want):
    """Tells whether the numbers are those of the examples and the test images together, and of the examples alone are not."""
    if found["kl"].fits(want.kl):
        return False
    both = loss.expect_with_test_digits()
    return found["kl"].fits(both.kl) and found[loss.name].fits(both.distortion)


def name_of_the_weight(loss, here, elsewhere):
    """Returns what is off in a loss of the reported terms that fits no known form: the weight of the kl, or all of it."""
    seen = [here, elsewhere]
    # Of single reports two agree by chance now and then.
    with contextlib.suppress(PropertyFailed):
        for _ in range(NUM_OTHER_WEIGHTS if here["loss"].count == 1 else 0):
            loss.move()
            seen.append(ask_for_reports(loss))
    terms = [np.concatenate([found[name].each for found in seen]) for name in ("loss", loss.name, "kl")]
    if len({term.size for term in terms}) > 1 or not terms[-1].all():
        return "loss_of_something_else"
    weights = (terms[0] - terms[1]) / terms[2]
    return "another_beta" if np.allclose(weights, weights.mean(), 0.02, 1e-3) else "loss_of_something_else"


# What known mistakes make of the right numbers, the simplest first.


def distortion_factors(name, axis, length, size):
    factors = {
        f"{name}_negated": -1,
        f"{name}_averaged_over_{axis}": 1 / length,
        f"{name}_in_bits": BITS_PER_NAT,
    }
    return factors | ({f"{name}_summed_over_batch": size} if size > 1 else {})


def kl_factors(latent_dim, beta, size):
    factors = {
        "kl_missing": 0,
        "kl_negated": -1,
        "kl_counted_twice": 2,
        "kl_halved": 1 / 2,
        "kl_averaged_over_dimensions": 1 / latent_dim,
        "kl_in_bits": BITS_PER_NAT,
    }
    factors |= {"kl_reported_with_beta": beta} if beta != 1 else {}
    return factors | ({"kl_summed_over_batch": size} if size > 1 else {})


def loss_factors(size):
    factors = {"loss_negated": -1, "loss_in_bits": BITS_PER_NAT}
    return factors | ({"loss_summed_over_batch": size} if size > 1 else {})


def loss_forms(name, axis, length=1, latent_dim=1, beta=2.0, size=2):
    """Returns what known mistakes make of the loss: from their names to functions of (distortion, kl)."""
    forms = {}
    if beta != 1:
        # First: where beta is 2, half a kl is the same number, and says less.
        forms |= {
            "beta_missing": lambda d, r: d + r,
            f"beta_on_the_{name}": lambda d, r: beta * d + r,
            "beta_on_both": lambda d, r: beta * (d + r),
            "one_minus_beta": lambda d, r: (1 - beta) * d + beta * r,
            "beta_plus_one": lambda d, r: d + (1 + beta) * r,
        }
    forms |= {
        "loss_negated": lambda d, r: -d - beta * r,
        "kl_missing": lambda d, r: d,
        "kl_subtracted": lambda d, r: d - beta * r,
        "kl_counted_twice": lambda d, r: d + 2 * beta * r,
        "kl_halved": lambda d, r: d + beta * r / 2,
        "kl_averaged_over_dimensions": lambda d, r: d + beta * r / latent_dim,
        f"{name}_averaged_over_{axis}": lambda d, r: d / length + beta * r,
        f"{name}_missing": lambda d, r: beta * r,
        "loss_in_bits": lambda d, r: (d + beta * r) * BITS_PER_NAT,
    }
    if size > 1:
        forms |= {
            "loss_summed_over_batch": lambda d, r: size * (d + beta * r),
            "kl_summed_over_batch": lambda d, r: d + size * beta * r,
            f"{name}_summed_over_batch": lambda d, r: size * d + beta * r,
        }
    return forms
