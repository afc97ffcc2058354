"""Searches for the combination of terms, near the right one, that gives an answer's values.

An answer's values are written as a combination of the question's terms and of what may stand in
their place, as close to the right one as possible: one change, or two. Supports are tried in this
order, each by least squares; coefficients are small rational numbers, and must then give all values
within the tolerance.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import combinations
from typing import NamedTuple

import numpy as np

from .question import DrawnCase
from .terms import Column, Terms

__all__ = ["Combination", "Equations", "Factor", "equations_of", "find_combination", "has_enough"]

# Coefficients of the search: p/q with q up to 4, at most LARGEST_COEFFICIENT.
LARGEST_DENOMINATOR, LARGEST_COEFFICIENT = 4, 4
COEFFICIENTS = np.array(
    sorted(
        {
            sign * Fraction(p, q)
            for q in range(1, LARGEST_DENOMINATOR + 1)
            for p in range(1, LARGEST_COEFFICIENT * q + 1)
            for sign in (-1, 1)
        }
    ),
    dtype=float,
)
# A constant may also be left without its log 2 pi, or have it too much, or hold another logarithm.
CONSTANTS = (math.log(2 * math.pi), math.log(math.pi), math.log(2.0))
# How many more numbers there must be than terms that are fitted.
MORE_EQUATIONS = 3
MOST_TERMS = 6
# With fewer numbers than this, besides one for each term, further inputs are asked for.
NUM_EQUATIONS = 8
# Rounding in float32 of terms that cancel, as a share of the terms.
TERM_ROUNDING = 1e-6
# Two combinations are one answer if no number of it differs by more than this share of the
# tolerance: columns in the file of public cases are rounded.
SAME_ANSWER = 0.05
# Two columns are one direction if the cosine between them is closer to 1 than this.
COLLINEAR = 1e-10


class Factor(NamedTuple):
    """A column with its coefficient.

    Attributes:
        column: The `Column`.
        scale: The size that the column is divided by, as "K"; multiplied by, as "*K"; "" for none.
        coefficient: The number before it.
    """

    column: Column
    scale: str
    coefficient: float


class Combination(NamedTuple):
    """An answer as a sum of columns.

    Attributes:
        factors: The `Factor`s, in the order of their columns.
        num_changes: How many changes lead here from the right answer.
    """

    factors: tuple[Factor, ...]
    num_changes: int


class Equations(NamedTuple):
    """What an answer's numbers say about the coefficients.

    Attributes:
        matrix: The values of all scaled columns. Shape `[columns, n]`.
        labels: (column, scale) of each row of `matrix`.
        given: The answer's numbers. Shape `[n]`.
        right: The coefficients of the right answer. Shape `[columns]`.
        constants: Which columns are constants. Bool `[columns]`.
        tolerance: How far each number may be off. Shape `[n]`.
    """

    matrix: np.ndarray
    labels: list[tuple[Column, str]]
    given: np.ndarray
    right: np.ndarray
    constants: np.ndarray
    tolerance: np.ndarray


def equations_of(
    terms: Terms, cases: Sequence[DrawnCase], values: Sequence[np.ndarray], atol: float, rtol: float
) -> Equations:
    """Returns the `Equations` of an answer.

    Args:
        terms: The `Terms` of the output.
        cases: The `DrawnCase`s.
        values: The answer's array for each case.
        atol: Absolute tolerance.
        rtol: Relative tolerance.
    """
    columns = [terms.evaluate(case).reshape(len(terms.columns), -1) for case in cases]
    numbers = [part.shape[1] for part in columns]
    letters = sorted({letter for case in cases for letter in case.sizes})
    scales = {"": np.ones(sum(numbers))}
    for letter in letters:
        sizes = np.repeat([float(case.sizes[letter]) for case in cases], numbers)
        scales[letter], scales[f"*{letter}"] = 1 / sizes, sizes
    plain = np.concatenate(columns, axis=1)
    matrix = np.concatenate([plain * scale for scale in scales.values()])
    labels = [(column, scale) for scale in scales for column in terms.columns]
    right = np.zeros(len(matrix))
    right[: len(terms.terms)] = [term.right for term in terms.terms]
    answers = [np.asarray(value, float) for value in values]
    given = np.concatenate([np.ravel(terms.link(value)) for value in answers])
    # What the tolerance of the answer is worth in what is linked to it.
    moved = [terms.link(value + atol + rtol * np.abs(value)) for value in answers]
    tolerance = np.abs(np.concatenate([np.ravel(value) for value in moved]) - given)
    with np.errstate(all="ignore"):
        rounding = TERM_ROUNDING * np.abs(right[right != 0]) @ np.abs(matrix[right != 0])
    return Equations(
        matrix,
        labels,
        given,
        right,
        np.array([terms.terms[column.term].is_constant for column, _ in labels]),
        np.maximum(tolerance, 1e-9) + rounding,
    )


def has_enough(terms: Terms, cases: Sequence[DrawnCase], output: int) -> bool:
    """Tells whether the answers to some cases are numbers enough to find the terms of an output."""
    numbers = sum(case.expected[output].size for case in cases)
    return numbers >= NUM_EQUATIONS + len(terms.terms)


def find_combination(equations: Equations) -> Combination | None:
    """Returns the answer as the `Combination` closest to the right one; None if there is none.

    Nor is there one where two different combinations fit equally well.
    """
    search = Search(equations)
    if not search.is_solvable():
        return None
    for num_changes, find in enumerate((search.one_change, search.two_changes), start=1):
        found = search.simplest(find())
        if found is not None:
            return search.combination(found, num_changes) if len(found) else None
    return None


class Search:
    """The search for the combination that gives an answer's numbers.

    Attributes:
        rows: Columns in units of the tolerance. Shape `[columns, n]`.
        goal: The answer's numbers in these units. Shape `[n]`.
        gram: The products of all pairs of rows.
    """

    def __init__(self, equations: Equations) -> None:
        self.equations = equations
        usable = np.isfinite(equations.matrix).all(axis=1)
        scale = np.where(usable[:, np.newaxis], equations.matrix, 0)
        self.rows = scale / equations.tolerance
        self.goal = equations.given / equations.tolerance
        norms = np.linalg.norm(self.rows, axis=1)
        self.gram = self.rows @ self.rows.T
        # What is 0 everywhere, or smaller than the tolerance, explains nothing; nor does what is a
        # multiple of an earlier row.
        self.usable = (norms > 10) & ~self.repeats(norms)
        self.terms = np.flatnonzero(equations.right)

    def repeats(self, norms: np.ndarray) -> np.ndarray:
        """Returns which rows are a multiple of an earlier one."""
        with np.errstate(all="ignore"):
            cosines = self.gram / norms / norms[:, np.newaxis]
        return np.tril(np.abs(cosines) > 1 - COLLINEAR, -1).any(axis=1)

    def is_solvable(self) -> bool:
        """Tells whether there are enough numbers, all of them finite, and few enough terms."""
        return bool(
            np.isfinite(self.goal).all()
            and np.isfinite(self.rows[self.terms]).all()
            and len(self.terms) <= MOST_TERMS
            and len(self.goal) >= len(self.terms) + MORE_EQUATIONS
        )

    # Rows of coefficients at a distance.

    def one_change(self) -> Iterator[np.ndarray]:
        """Yields coefficients that fit, one change away: missing, another number, replaced."""
        for base in self.bases(1):
            if self.fits(base):
                yield base
        yield from self.changed(self.equations.right, most=1)

    def two_changes(self) -> Iterator[np.ndarray]:
        """Yields coefficients that fit, two changes away."""
        for base in self.bases(2):
            if self.fits(base):
                yield base
        for base in self.bases(1):
            yield from self.changed(base, most=1)
        yield from self.changed(self.equations.right, most=2)

    def bases(self, cost: int) -> Iterator[np.ndarray]:
        """Yields the right answer with several terms changed alike: one change, or two.

        All of it may be multiplied by a number or divided by a size, and an argument may be taken
        for something else in all terms that have it: one change. In some of them: two.
        """
        right, labels = self.equations.right, self.equations.labels
        index = {label: number for number, label in enumerate(labels)}
        terms = [labels[number][0].term for number in self.terms]
        if cost == 1:
            for factor in (-1.0, 2.0, 0.5, -2.0, -0.5):
                yield factor * right
            for scale in {scale for _, scale in labels if scale}:
                scaled = np.zeros_like(right)
                scaled[[index[Column(term), scale] for term in terms]] = right[self.terms]
                yield scaled
        for reading in sorted({column.reading for column, _ in labels} - {-1}):
            has_it = [term for term in terms if self.is_changed(index, term, reading)]
            for count in range(2, len(has_it) + 1):
                if (count == len(has_it)) != (cost == 1):
                    continue
                for chosen in combinations(has_it, count):
                    base = right.copy()
                    for term in chosen:
                        base[index[Column(term, reading), ""]] = base[index[Column(term), ""]]
                        base[index[Column(term), ""]] = 0
                    yield base

    def is_changed(self, index: dict, term: int, reading: int) -> bool:
        """Tells whether a reading changes the values of a term."""
        plain, other = index[Column(term), ""], index.get((Column(term, reading), ""))
        return other is not None and bool(np.any(np.abs(self.rows[plain] - self.rows[other]) > 1))

    def changed(self, base: np.ndarray, most: int) -> Iterator[np.ndarray]:
        """Yields coefficients that fit where up to `most` columns of `base` are taken out, and up
        to `most` put in.
        """
        inside = np.flatnonzero(base)
        for count in range(most + 1):
            for taken in combinations(inside, count):
                kept = base.copy()
                kept[list(taken)] = 0
                rest = self.goal - kept @ self.rows
                if count and np.all(np.abs(rest) <= 1):
                    yield kept
                for chosen in self.put_in(rest, most):
                    yield from self.with_coefficients(kept, rest, chosen)

    def put_in(self, rest: np.ndarray, most: int) -> Iterator[tuple[int, ...]]:
        """Yields one column, or two, whose combination may leave at most one tolerance of `rest`.

        Least squares leave at most as much as the right coefficients do, n in all.
        """
        n, total = len(rest), rest @ rest
        products, squares = self.rows @ rest, np.diag(self.gram)
        slack = n * (1 + 1e-6) + 1e-9 * total
        with np.errstate(all="ignore"):
            left = total - products**2 / squares
        for single in np.flatnonzero(self.usable & (left <= slack)):
            yield (int(single),)
        if most < 2:
            return
        first, second = self.pairs()
        cross = self.gram[first, second]
        one, other = squares[first], squares[second]
        determinant = one * other - cross**2
        with np.errstate(all="ignore"):
            gained = (
                products[first] ** 2 * other
                - 2 * products[first] * products[second] * cross
                + products[second] ** 2 * one
            ) / determinant
        for number in np.flatnonzero(
            (determinant > COLLINEAR * one * other) & (total - gained <= slack)
        ):
            yield int(first[number]), int(second[number])

    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns the indices of all pairs of usable columns."""
        usable = np.flatnonzero(self.usable)
        first, second = np.triu_indices(len(usable), 1)
        return usable[first], usable[second]

    def with_coefficients(
        self, kept: np.ndarray, rest: np.ndarray, chosen: tuple[int, ...]
    ) -> Iterator[np.ndarray]:
        """Yields `kept` and the chosen columns with small rational coefficients, if that fits."""
        rows = self.rows[list(chosen)]
        exact = np.linalg.lstsq(rows.T, rest, rcond=None)[0]
        rounded = [
            self.nearest(value, self.equations.constants[column])
            for value, column in zip(exact, chosen, strict=True)
        ]
        if any(value is None for value in rounded):
            return
        coefficients = kept.copy()
        for column, value in zip(chosen, rounded, strict=True):
            coefficients[column] += value
        coefficients[np.abs(coefficients) < 1e-12] = 0
        if self.fits(coefficients):
            yield coefficients

    def nearest(self, value: float, is_constant: bool) -> float | None:
        """Returns the coefficient next to a fitted one; None if none is near."""
        units = [1.0]
        if is_constant:
            units += [unit for number in CONSTANTS for unit in (number, 1 / number)]
        candidates = np.concatenate([unit * COEFFICIENTS for unit in units])
        found = candidates[np.argmin(np.abs(candidates - value))]
        return float(found) if abs(found - value) < 0.02 * max(1, abs(value)) else None

    def fits(self, coefficients: np.ndarray) -> bool:
        """Tells whether coefficients give all numbers within the tolerance."""
        return bool(np.all(np.abs(self.goal - coefficients @ self.rows) <= 1))

    # Which of several.

    def simplest(self, found: Iterable[np.ndarray]) -> np.ndarray | None:
        """Returns the simplest coefficients; none at all (length 0) if two differ in values.

        None if nothing was found. The same values in two ways are one answer, said more simply.
        """
        distinct = {tuple(np.round(row, 9)): row for row in found}
        if not distinct:
            return None
        rows = sorted(distinct.values(), key=self.complexity)
        values = np.stack(rows) @ self.rows
        if np.max(np.abs(values - values[0])) > SAME_ANSWER:
            return np.zeros(0)
        return rows[0]

    def complexity(self, coefficients: np.ndarray) -> tuple:
        """Returns a key by which coefficients are ordered, the simplest first."""
        used = np.flatnonzero(coefficients)
        labels = [self.equations.labels[number] for number in used]
        right = self.equations.right
        changed = np.abs(coefficients - right) > 1e-9
        odd = sum(
            Fraction(float(coefficients[number])).limit_denominator(100).denominator
            for number in used
        )
        return (
            sum(column.reading >= 0 for column, _ in labels)
            + sum(bool(scale) for _, scale in labels),
            int(changed.sum()),
            odd,
            tuple(used),
        )

    def combination(self, coefficients: np.ndarray, num_changes: int) -> Combination:
        """Returns coefficients as a `Combination`."""
        return Combination(
            tuple(
                Factor(*self.equations.labels[number], float(coefficients[number]))
                for number in np.flatnonzero(coefficients)
            ),
            num_changes,
        )
