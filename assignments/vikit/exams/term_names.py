"""Names what a model's loss method returned: the fewest known mistakes that give all values."""

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any

import numpy as np

from .latent_model import LatentModel, Term
from .model import AskedBatch
from .samples import SAMPLERS
from .tolerances import is_within_rounding

__all__ = ["name_terms", "names_in_terms", "without_remark", "wrong_terms"]

# How many mistakes in one term are named together, at most.
MAX_MISTAKES = 3


def names_in_terms(spec: LatentModel) -> list[str]:
    """Returns the names of all mistakes that `name_terms` may find."""
    tables = [table for term in spec.loss_method.terms for table in term.wrong(spec)]
    swapped = [spec.loss_method.swapped_mistake] if spec.loss_method.swapped_mistake else []
    return [*SAMPLERS, *swapped, *(without_remark(name) for table in tables for name in table)]


def without_remark(name: str) -> str:
    """Returns the mistake's name without its spelling: "half_missing in all" is "half_missing"."""
    return name.split()[0]


def wrong_terms(spec: LatentModel, batches: list[AskedBatch], sampler: str = "right") -> list[int]:
    """Returns the indices of the terms that are not what the model's parts give.

    Args:
        spec: The `LatentModel`, with the `Term`s in order.
        batches: What the model was asked; each has got an array `[B]` for each term.
        sampler: The way to sample, a key of `SAMPLERS`.
    """
    return [
        index
        for index, term in enumerate(spec.loss_method.terms)
        if not all(is_right(batch.got[index], term, batch.sample_by(sampler)) for batch in batches)
    ]


def is_right(got: np.ndarray, term: Term, sample: Any) -> bool:
    """Tells whether a term is what the model's parts give."""
    right = term.right(sample)
    if term.tolerance:
        # What rounding may have added is taken off again.
        slack = term.tolerance(sample)
        got = got - (got - right).clip(-slack, slack)
    return is_within_rounding(got, right)


def name_terms(spec: LatentModel, batches: list[AskedBatch], wrong: list[int]) -> list[str]:
    """Returns the names of the mistakes that give the wrong terms.

    Where not all of these terms can be named, it returns the names of those that can.

    Args:
        spec: The `LatentModel`.
        batches: What the model was asked; each has got an array `[B]` for each term.
        wrong: The indices of the terms that are wrong, in order.

    Returns:
        The fewest names, each once; none where nothing explains a term.
    """
    if spec.loss_method.swapped_mistake and is_another_order(spec, batches, wrong):
        return [spec.loss_method.swapped_mistake]
    # A wrong sampler breaks no term that is right.
    left = {
        sampler: wrong if sampler == "right" else wrong_terms(spec, batches, sampler)
        for sampler in SAMPLERS
    }
    samplers = [sampler for sampler in SAMPLERS if set(left[sampler]) <= set(wrong)]

    def names_with(sampler: str, indices: list[int], most: int) -> list[str]:
        return [
            name_term(spec, batches, (index, sampler), most - (sampler != "right"))
            for index in indices
        ]

    attempts = list(product(range(1, MAX_MISTAKES + 1), samplers))
    for most, sampler in attempts:
        names = names_with(sampler, left[sampler], most)
        if all(names):
            return unique([sampler, *names])
    # No sampler explains all of them: each term is named by itself.
    found = []
    for index in wrong:
        for most, sampler in attempts:
            names = names_with(sampler, [index] if index in left[sampler] else [], most)
            if all(names):
                found += [sampler, *names]
                break
    return unique(found)


def unique(names: Iterable[str]) -> list[str]:
    """Returns single names out of names that are joined by " and ", each once."""
    single = [name for joined in names for name in joined.split(" and ")]
    return list(dict.fromkeys(name for name in single if name not in ("", "right")))


def is_another_order(spec: LatentModel, batches: list[AskedBatch], wrong: list[int]) -> bool:
    """Tells whether the wrong terms have changed places."""
    terms = spec.loss_method.terms
    others = [
        [
            other
            for other in wrong
            if all(
                is_within_rounding(batch.got[index], terms[other].right(batch.right_sample))
                for batch in batches
            )
        ]
        for index in wrong
    ]
    return all(others) and sorted(found[0] for found in others) == list(wrong)


def name_term(
    spec: LatentModel, batches: list[AskedBatch], which: tuple[int, str], most: int
) -> str:
    """Returns the names of the fewest mistakes that give the values of one term; empty if none do.

    Args:
        spec: The `LatentModel`.
        batches: What the model was asked.
        which: The index of the term, and the sampler.
        most: How many mistakes are named together, at most.
    """
    index, sampler = which
    first, *steps = spec.loss_method.terms[index].wrong(spec)
    samples = [batch.sample_by(sampler) for batch in batches]
    begun: dict[str, list] = {}
    for keys in simplest_first((first, *steps), most):
        if keys[0] not in begun:
            begun[keys[0]] = [first[keys[0]](None, sample) for sample in samples]
        values = begun[keys[0]]
        for table, key in zip(steps, keys[1:], strict=True):
            values = [
                table[key](value, sample) for value, sample in zip(values, samples, strict=True)
            ]
        if all(
            is_within_rounding(batch.got[index], value)
            for batch, value in zip(batches, values, strict=True)
        ):
            return " and ".join(without_remark(key) for key in keys if key != "right")
    return ""


def simplest_first(tables: tuple[dict, ...], most: int) -> Iterator[tuple]:
    """Returns the ways to choose a key of each table with 1 to `most` mistakes, few first."""

    def count(keys: tuple) -> int:
        return sum(key != "right" for key in keys)

    return iter(sorted((keys for keys in product(*tables) if 0 < count(keys) <= most), key=count))
