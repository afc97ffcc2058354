"""The rate in closed form, and what known mistakes make of it where it is a term of its own."""

from collections.abc import Callable

import numpy as np

from .latent_model import BITS_PER_NAT, LatentModel
from .samples import Sample

__all__ = ["closed_form_rate", "rate_mistakes", "wrong_rates"]

# What known mistakes make of the rate r of each example, `[B]`, with a `Sample`. Their names begin
# with the name under which the model reports its rate.
FORMS: dict[str, Callable] = {
    "times_beta": lambda r, s: s.spec.weight * r,
    "negated": lambda r, s: -r,
    "counted_twice": lambda r, s: 2 * r,
    "halved": lambda r, s: r / 2,
    "averaged_over_dimensions": lambda r, s: r / s.sizes.latent_dim,
    "averaged_over_batch": lambda r, s: np.full(len(r), r.mean()),
    "summed_over_batch": lambda r, s: np.full(len(r), r.sum()),
    "missing": lambda r, s: 0 * r,
    "in_bits": lambda r, s: r * BITS_PER_NAT,
}


def closed_form_rate(sample: Sample) -> np.ndarray:
    """Returns the KL of each example. Shape `[1, B]`."""
    return sample.oracle.kl(sample.mu, sample.log_var)[np.newaxis]


def wrong_rates(name: str) -> dict[str, Callable]:
    """Returns what known mistakes make of the closed form of a rate that is reported as `name`."""
    return {
        f"{name}_log_var_as_log_sigma": lambda s: s.oracle.kl(s.mu, 2 * s.log_var)[np.newaxis],
        f"{name}_log_var_halved": lambda s: s.oracle.kl(s.mu, s.log_var / 2)[np.newaxis],
    }


def rate_mistakes(spec: LatentModel) -> list[dict]:
    """Returns the steps in which a rate can go wrong that is a term of its own."""
    first: dict[str, Callable] = {"right": lambda _, s: s.rate[0]}
    first |= {name: lambda _, s, form=form: form(s)[0] for name, form in spec.rate.wrong.items()}
    named = {f"{spec.rate.name}_{mistake}": form for mistake, form in FORMS.items()}
    return [first, {"right": lambda r, s: r} | named]
