"""What known mistakes make of the numbers that a model reports: its distortion, rate and loss.

In each table the simplest explanation comes first.
"""

from collections.abc import Callable
from dataclasses import dataclass

from .latent_model import BITS_PER_NAT

__all__ = ["LossLayout", "distortion_factors", "loss_factors", "loss_forms", "rate_factors"]


@dataclass(frozen=True)
class LossLayout:
    """How a reported loss is made up of a distortion and a rate.

    Attributes:
        name: The name under which the distortion is reported.
        summed_over: The axis that the distortion is a sum over, for names of mistakes.
        num_summed: The size of that axis.
        latent_dim: K, the size of the axis that the rate is a sum over.
        weight: The weight of the rate.
        batch_size: Examples in a batch.
        rate: The name under which the rate is reported.
    """

    name: str
    summed_over: str
    num_summed: int
    latent_dim: int
    weight: float
    batch_size: int
    rate: str = "kl"


def distortion_factors(layout: LossLayout) -> dict[str, float]:
    """Returns by what known mistakes multiply the distortion."""
    factors: dict[str, float] = {
        f"{layout.name}_negated": -1,
        f"{layout.name}_averaged_over_{layout.summed_over}": 1 / layout.num_summed,
        f"{layout.name}_in_bits": BITS_PER_NAT,
    }
    return factors | summed_over_batch(layout.name, layout)


def rate_factors(layout: LossLayout) -> dict[str, float]:
    """Returns by what known mistakes multiply the rate."""
    factors: dict[str, float] = {
        f"{layout.rate}_missing": 0,
        f"{layout.rate}_negated": -1,
        f"{layout.rate}_counted_twice": 2,
        f"{layout.rate}_halved": 1 / 2,
        f"{layout.rate}_averaged_over_dimensions": 1 / layout.latent_dim,
        f"{layout.rate}_in_bits": BITS_PER_NAT,
    }
    factors |= {f"{layout.rate}_reported_with_beta": layout.weight} if layout.weight != 1 else {}
    return factors | summed_over_batch(layout.rate, layout)


def loss_factors(layout: LossLayout) -> dict[str, float]:
    """Returns by what known mistakes multiply the loss."""
    factors: dict[str, float] = {"loss_negated": -1, "loss_in_bits": BITS_PER_NAT}
    return factors | summed_over_batch("loss", layout)


def summed_over_batch(name: str, layout: LossLayout) -> dict[str, float]:
    """Returns the factor of a sum over the batch; none for batches of one, where it is the same."""
    return {f"{name}_summed_over_batch": layout.batch_size} if layout.batch_size > 1 else {}


def loss_forms(layout: LossLayout) -> dict[str, Callable]:
    """Returns what known mistakes make of the loss: functions of (distortion, rate)."""
    name, beta, size = layout.name, layout.weight, layout.batch_size
    forms: dict[str, Callable] = {
        "loss_negated": lambda d, r: -d - beta * r,
        f"{layout.rate}_missing": lambda d, r: d,
        f"{layout.rate}_subtracted": lambda d, r: d - beta * r,
        f"{layout.rate}_counted_twice": lambda d, r: d + 2 * beta * r,
        f"{layout.rate}_halved": lambda d, r: d + beta * r / 2,
        f"{layout.rate}_averaged_over_dimensions": lambda d, r: d + beta * r / layout.latent_dim,
        f"{name}_averaged_over_{layout.summed_over}": lambda d, r: d / layout.num_summed + beta * r,
        f"{name}_missing": lambda d, r: beta * r,
        "loss_in_bits": lambda d, r: (d + beta * r) * BITS_PER_NAT,
    }
    if size > 1:
        forms |= {
            "loss_summed_over_batch": lambda d, r: size * (d + beta * r),
            f"{layout.rate}_summed_over_batch": lambda d, r: d + size * beta * r,
            f"{name}_summed_over_batch": lambda d, r: size * d + beta * r,
        }
    return weighted_loss_forms(name, beta) | forms


def weighted_loss_forms(name: str, beta: float) -> dict[str, Callable]:
    """Returns what mistakes with the weight make of the loss; none where it is 1.

    They come before the others: with a weight of 2 half a rate is the same number, and a poorer
    explanation.
    """
    if beta == 1:
        return {}
    return {
        "beta_missing": lambda d, r: d + r,
        f"beta_on_the_{name}": lambda d, r: beta * d + r,
        "beta_on_both": lambda d, r: beta * (d + r),
        "one_minus_beta": lambda d, r: (1 - beta) * d + beta * r,
        "beta_plus_one": lambda d, r: d + (1 + beta) * r,
    }
