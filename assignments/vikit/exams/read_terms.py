"""Reads a wrong term of a model back: as a sum of the parts that the right term is made of.

Parts are computed from what the model's own encoder and decoder give. `judging.read_back` has the
search and the words, as for functions.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..judging import GENERIC, Column, DrawnCase, Reading, Terms, read_back, term_search
from ..judging import Term as Part
from .tolerances import OUTPUT_ATOL, OUTPUT_RTOL

__all__ = ["PartFormula", "kl_parts", "part", "read_term"]


class LogVarReading(NamedTuple):
    """What the encoder's log_var may be taken for, and what then stands in its place."""

    reading: Reading
    change: Callable[[np.ndarray], np.ndarray]


def log_of_size(value: np.ndarray) -> np.ndarray:
    """Returns the logarithm of absolute values, finite at 0."""
    return np.log(np.maximum(np.abs(value), 1e-30))


LOG_VAR_READINGS = (
    LogVarReading(Reading("as_variance", "log_var is taken for a variance"), log_of_size),
    LogVarReading(
        Reading("as_sigma", "log_var is taken for a standard deviation"),
        lambda v: 2 * log_of_size(v),
    ),
    LogVarReading(
        Reading("as_log_sigma", "log_var is taken for the logarithm of a standard deviation"),
        lambda v: 2 * v,
    ),
    LogVarReading(
        Reading("sigma_for_variance", "a standard deviation stands where a variance belongs"),
        lambda v: v / 2,
    ),
    LogVarReading(Reading("negated", "log_var has the opposite sign"), lambda v: -v),
)


class PartFormula(NamedTuple):
    """A part of a model's term.

    Attributes:
        part: A `judging.Term`: its words, and its coefficient in the right term.
        formula: From a `Sample` and the encoder's log_var to the value of each example `[B]`.
    """

    part: Part
    formula: Callable[[Any, np.ndarray], np.ndarray]


def part(key: str, right: float, words: str, formula: Callable, is_constant=False) -> PartFormula:
    """Returns a `PartFormula`.

    Args:
        key: Its name, for the staff.
        right: Its coefficient in the right term.
        words: What messages call it.
        formula: As in `PartFormula`.
        is_constant: Whether it depends on sizes alone.
    """
    return PartFormula(Part(key, words, words, right, is_constant), formula)


def kl_parts(sign: float = 1.0, weight: Callable[[Any], float] = lambda s: 1.0) -> tuple:
    """Returns the parts of KL(q(z|x) || N(0, I)) of a diagonal Gaussian.

    Args:
        sign: 1, or -1 where it is subtracted.
        weight: From a `Sample` to the number that it is multiplied by.
    """

    def weighted(value: Callable) -> Callable:
        return lambda s, log_var: weight(s) * np.sum(value(s, log_var), axis=-1)

    return (
        part("mean", sign / 2, "the KL's term in mu", weighted(lambda s, v: s.mu**2)),
        part(
            "variance", sign / 2, "the KL's term in the variance", weighted(lambda s, v: np.exp(v))
        ),
        part("log_var", -sign / 2, "the KL's term in log_var", weighted(lambda s, v: v)),
        part("one", -sign / 2, "the KL's constant", weighted(lambda s, v: np.ones_like(v)), True),
    )


def read_term(formulas: Sequence[PartFormula], samples: Sequence, got: Sequence) -> str:
    """Returns in words what a wrong term is instead; empty if that is unclear.

    Args:
        formulas: The `PartFormula`s of the right term.
        samples: A `Sample` for each batch.
        got: The values that came back for each batch, `[B]`.
    """
    if not formulas:
        return ""
    terms = terms_of(formulas)
    cases = [
        DrawnCase(str(index), GENERIC, (sample,), (values,), sizes=sizes_of(sample))
        for index, (sample, values) in enumerate(zip(samples, got, strict=True))
    ]
    if not all(np.isfinite(values).all() for values in got):
        return ""
    equations = term_search.equations_of(terms, cases, got, OUTPUT_ATOL, OUTPUT_RTOL)
    found = term_search.find_combination(equations)
    if found is None:
        return ""
    said = read_back.describe(terms, found, "", keeps_formula=False).sentence.rstrip(".")
    return f"{said[:1].lower()}{said[1:]}"


def sizes_of(sample: Any) -> dict[str, int]:
    """Returns the sizes that a term may be divided by, by letter."""
    sizes = sample.sizes
    return {"K": sizes.latent_dim, "D": sizes.num_outputs, "L": len(sample.eps)}


def terms_of(formulas: Sequence[PartFormula]) -> Terms:
    """Returns the `judging.Terms` of some parts; log_var may be taken for something else."""
    columns = tuple(
        Column(number, reading)
        for reading in range(-1, len(LOG_VAR_READINGS))
        for number in range(len(formulas))
    )

    def evaluate(case: DrawnCase) -> np.ndarray:
        (sample,) = case.arguments
        log_vars = [one.change(sample.log_var) for one in LOG_VAR_READINGS] + [sample.log_var]
        with np.errstate(all="ignore"):
            return np.stack(
                [
                    formulas[column.term].formula(sample, log_vars[column.reading])
                    for column in columns
                ]
            ).astype(float)

    return Terms(
        tuple(one.part for one in formulas),
        tuple(one.reading for one in LOG_VAR_READINGS),
        columns,
        evaluate,
    )
