"""Searches for the combination of terms, near the right one, that gives an answer's values.

An answer's values are written as a combination of the question's terms and of what may stand in
their place, as close to the right one as possible: one change, or two. Supports are tried in this
order, each by least squares; coefficients are small rational numbers, and must then give all values
within the tolerance.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import combinations
from typing import NamedTuple

import numpy as np

from .question import DrawnCase
from .terms import Column, Terms

__all__ = [
    "BITS",
    "Combination",
    "Equations",
    "Factor",
    "equations_of",
    "find_combination",
    "has_enough",
]

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
CONSTANTS = (
    math.log(2 * math.pi),
    math.log(math.pi),
    math.log(2.0),
    1 + math.log(2 * math.pi),
)
# Nats may be written as bits.
BITS = 1 / math.log(2)
IN_BITS = BITS * np.array([-2, -1, -0.5, 0.5, 1, 2])
CANDIDATES = np.sort(np.concatenate([COEFFICIENTS, IN_BITS]))
CONSTANT_CANDIDATES = np.sort(
    np.concatenate(
        [
            unit * CANDIDATES
            for unit in (1.0, *(power for number in CONSTANTS for power in (number, 1 / number)))
        ]
    )
)
# By what a term over a size may be multiplied besides, or what stands over one in a term's place.
PLAIN_FACTORS = np.array([-2, -1, -0.5, 0.5, 1, 2])
# How many supports get coefficients, at most: some milliseconds for a hundred.
MOST_FITS = 500
# How many more numbers there must be than terms that are fitted.
MORE_EQUATIONS = 3
MOST_TERMS = 7
# Rounding in float32 of terms that cancel, as a share of the terms.
TERM_ROUNDING = 1e-6
# Two combinations are one answer if no number of it differs by more than this share of the
# tolerance: columns in the file of public cases are rounded.
SAME_ANSWER = 0.05
# Two columns are one direction if the cosine between them is closer to 1 than this.
COLLINEAR = 1e-10
# What rounding may add to what two columns leave, as a share of all: 1e-16 / COLLINEAR is 1e-6.
FIT_ROUNDING = 1e-4


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
        columns: The terms, and all columns that differ from their term.
    """

    factors: tuple[Factor, ...]
    num_changes: int
    columns: frozenset[Column]


class Equations(NamedTuple):
    """What an answer's numbers say about the coefficients.

    Attributes:
        matrix: The values of all scaled columns. Shape `[columns, n]`.
        labels: (column, scale) of each row of `matrix`.
        given: The answer's numbers. Shape `[n]`.
        right: The coefficients of the right answer. Shape `[columns]`.
        constants: Which columns are constants. Bool `[columns]`.
        tolerance: How far each number may be off. Shape `[n]`.
        parts: The terms of each part of the formula.
        num_fitted: How many of the numbers coefficients are fitted to: those of the last case are
            kept out, and must be predicted.
    """

    matrix: np.ndarray
    labels: list[tuple[Column, str]]
    given: np.ndarray
    right: np.ndarray
    constants: np.ndarray
    tolerance: np.ndarray
    parts: list[list[int]]
    num_fitted: int


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
    with np.errstate(all="ignore"):
        columns = [terms.evaluate(case).reshape(len(terms.columns), -1) for case in cases]
    scales = scales_of(cases, [part.shape[1] for part in columns])
    plain = np.concatenate(columns, axis=1)
    kept = terms.different_columns(plain)
    plain = plain[kept]
    matrix = np.concatenate([plain * scale for scale in scales.values()])
    labels = [(terms.columns[index], scale) for scale in scales for index in kept]
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
        list(terms.parts().values()),
        len(given) - (answers[-1].size if len(answers) > 1 else 0),
    )


def scales_of(cases: Sequence[DrawnCase], numbers: Sequence[int]) -> dict[str, np.ndarray]:
    """Returns what columns are multiplied by: 1, one over each size, and each size.

    Args:
        cases: The `DrawnCase`s.
        numbers: How many numbers each has.
    """
    scales = {"": np.ones(sum(numbers))}
    for letter in sorted({letter for case in cases for letter in case.sizes}):
        sizes = np.repeat([float(case.sizes[letter]) for case in cases], numbers)
        scales[letter], scales[f"*{letter}"] = 1 / sizes, sizes
    return scales


def has_enough(terms: Terms, cases: Sequence[DrawnCase], output: int) -> bool:
    """Tells whether cases have numbers enough to find the terms of an output.

    Args:
        terms: The `Terms` of the output.
        cases: The `DrawnCase`s; the last is kept out of the fit.
        output: The index of the output.
    """
    sizes = [1 if terms.one_a_case else case.expected[output].size for case in cases[:-1]]
    return sum(sizes) >= sum(bool(term.right) for term in terms.terms) + MORE_EQUATIONS


def next_to(values: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Returns the sorted candidate that is next to each value."""
    above = np.clip(np.searchsorted(candidates, values), 1, len(candidates) - 1)
    lower, upper = candidates[above - 1], candidates[above]
    return np.where(values - lower <= upper - values, lower, upper)


def find_combination(equations: Equations) -> Combination | None:
    """Returns the answer as the `Combination` closest to the right one; None if there is none.

    Nor is there one where two different combinations fit equally well.
    """
    search = Search(equations)
    if not search.is_solvable():
        return None
    for num_changes, find in enumerate((search.one_change, search.two_changes), start=1):
        found = search.simplest(find())
        if search.num_fits > MOST_FITS:
            return None
        if found is not None:
            return search.combination(found, num_changes) if len(found) else None
    return None


class Search:
    """The search for the combination that gives an answer's numbers.

    Attributes:
        all_rows: Columns in units of the tolerance. Shape `[columns, n]`.
        all_goal: The answer's numbers in these units. Shape `[n]`.
        rows: The same, without the last case.
        goal: The same, without the last case.
        gram: The products of all pairs of rows.
        index: From labels to rows.
        scales: The sizes that columns are divided or multiplied by.
        num_fits: How many supports have been given coefficients.
    """

    def __init__(self, equations: Equations) -> None:
        self.equations, self.num_fits = equations, 0
        usable = np.isfinite(equations.matrix).all(axis=1)
        scale = np.where(usable[:, np.newaxis], equations.matrix, 0)
        with np.errstate(all="ignore"):
            self.all_rows = scale / equations.tolerance
            self.all_goal = equations.given / equations.tolerance
        self.rows = self.all_rows[:, : equations.num_fitted]
        self.goal = self.all_goal[: equations.num_fitted]
        norms = np.linalg.norm(self.rows, axis=1)
        self.gram = self.rows @ self.rows.T
        # What is 0 everywhere, or smaller than the tolerance, explains nothing; nor does what is a
        # multiple of an earlier row.
        self.usable = (norms > 10) & ~self.repeats(norms)
        self.terms = np.flatnonzero(equations.right)
        self.index = {label: number for number, label in enumerate(equations.labels)}
        self.scales = sorted({scale for _, scale in equations.labels} - {""})

    def repeats(self, norms: np.ndarray) -> np.ndarray:
        """Returns which rows are a small rational multiple of an earlier one of the same term.

        Other multiples stay: a size that is the same in all cases, as 7, is found as a size alone.
        """
        with np.errstate(all="ignore"):
            cosines = self.gram / norms / norms[:, np.newaxis]
        later, earlier = np.nonzero(np.tril(np.abs(cosines) > 1 - COLLINEAR, -1))
        ratios = self.gram[later, earlier] / self.gram[earlier, earlier]
        terms = np.array([column.term for column, _ in self.equations.labels])
        is_small = (np.abs(ratios[:, np.newaxis] - COEFFICIENTS) < 1e-4).any(axis=1)
        is_small &= terms[later] == terms[earlier]
        found = np.zeros(len(norms), bool)
        found[later[is_small]] = True
        return found

    def is_solvable(self) -> bool:
        """Tells whether there are enough numbers, all of them finite, and few enough terms."""
        return bool(
            np.isfinite(self.all_goal).all()
            and np.isfinite(self.all_rows[self.terms]).all()
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

        All of it, or a part, may be multiplied by a number or divided by a size, and an argument
        may be taken for something else in all terms that have it: one change. In some of them: two.
        """
        parts = [*self.equations.parts, [labels[0].term for labels in self.labels_of_right()]]
        if cost == 1:
            for part in parts:
                yield from self.multiplied(self.equations.right, part)
            yield from self.misread(everywhere=True)
            return
        yield from self.misread(everywhere=False)
        for base in self.bases(1):
            for part in parts:
                yield from self.multiplied(base, part)

    def labels_of_right(self) -> list[tuple[Column, str]]:
        """Returns the labels of the terms of the right answer."""
        return [self.equations.labels[number] for number in self.terms]

    def misread(self, everywhere: bool) -> Iterator[np.ndarray]:
        """Yields the right answer with an argument taken for something else in several terms.

        Args:
            everywhere: Whether in all terms that have it, or in some of them.
        """
        right, index = self.equations.right, self.index
        terms = [column.term for column, _ in self.labels_of_right()]
        for reading in sorted({column.reading for column, _ in self.equations.labels} - {-1}):
            has_it = [term for term in terms if self.is_changed(term, reading)]
            for count in range(2, len(has_it) + 1):
                if (count == len(has_it)) != everywhere:
                    continue
                for chosen in combinations(has_it, count):
                    base = right.copy()
                    for term in chosen:
                        base[index[Column(term, reading), ""]] = base[index[Column(term), ""]]
                        base[index[Column(term), ""]] = 0
                    yield base

    def multiplied(self, base: np.ndarray, terms: Sequence[int]) -> Iterator[np.ndarray]:
        """Yields `base` with some terms missing, multiplied by a number, or by or over a size."""
        labels = self.equations.labels
        members = [number for number in np.flatnonzero(base) if labels[number][0].term in terms]
        kept = base.copy()
        kept[members] = 0
        factors = (0.0, -1.0, 2.0, 0.5, -2.0, -0.5, BITS, -BITS, *self.fitted(kept, base))
        for factor in dict.fromkeys(factors):
            changed = kept.copy()
            changed[members] = factor * base[members]
            if changed.any():
                yield changed
        if any(labels[number][1] for number in members):
            return
        for scale in self.scales:
            changed = kept.copy()
            changed[[self.index[labels[number][0], scale] for number in members]] = base[members]
            yield changed

    def fitted(self, kept: np.ndarray, base: np.ndarray) -> Iterator[float]:
        """Yields the number that what is in `base` beside `kept` is multiplied by, if it is small.

        It is the one that fits best where nothing else is changed.
        """
        rest, whole = self.goal - kept @ self.rows, (base - kept) @ self.rows
        if whole @ whole > 0:
            factor = self.nearest(float(rest @ whole / (whole @ whole)), is_constant=False)
            if factor is not None:
                yield factor

    def is_changed(self, term: int, reading: int) -> bool:
        """Tells whether a reading changes the values of a term."""
        plain, other = self.index[Column(term), ""], self.index.get((Column(term, reading), ""))
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
                # Where nothing is left to explain anything that is small would do.
                if rest @ rest <= len(rest):
                    if count and self.fits(kept):
                        yield kept
                    continue
                for chosen in self.put_in(rest, most):
                    # A column put in is new, in the place of one taken out, or changes its own.
                    changed = sum(bool(kept[column]) for column in chosen)
                    there = {*np.flatnonzero(kept), *chosen}
                    if max(count, len(chosen) - changed) + changed <= most and all(
                        self.may_stand_in(column, there) for column in chosen
                    ):
                        yield from self.with_coefficients(kept, rest, chosen)

    def may_stand_in(self, number: int, there: set[int]) -> bool:
        """Tells whether a column may be put in.

        A term of the right answer may come once more as it is. Changed, with an argument taken for
        something else, or divided by a size, it may stand in its own place alone: as a neighbour of
        another term it would explain by chance.

        Args:
            number: The column.
            there: All columns that are there then.
        """
        if not self.right_of_term(number):
            return True
        column, _ = self.equations.labels[number]
        plain = self.index[Column(column.term), ""]
        if number == plain:
            own = {index for index in there if self.equations.labels[index][0].term == column.term}
            return own == {number}
        return plain not in there

    def right_of_term(self, number: int) -> float:
        """Returns the right coefficient of the term of a column."""
        column, _ = self.equations.labels[number]
        return float(self.equations.right[self.index[Column(column.term), ""]])

    def put_in(self, rest: np.ndarray, most: int) -> Iterator[tuple[int, ...]]:
        """Yields one column, or two, whose combination may leave at most one tolerance of `rest`.

        Least squares leave at most as much as the right coefficients do, n in all.
        """
        n, total = len(rest), rest @ rest
        products, squares = self.rows @ rest, np.diag(self.gram)
        slack = n * (1 + 1e-6) + 1e-9 * total
        with np.errstate(all="ignore"):
            left = total - products**2 / squares
        alone = self.usable & (left <= slack)
        for single in np.flatnonzero(alone):
            yield (int(single),)
        if most < 2:
            return
        kept = self.hopeful_pairs(rest, products) & ~alone[self.pairs[0]] & ~alone[self.pairs[1]]
        first, second = (columns[kept] for columns in self.pairs)
        cross = self.gram[first, second]
        one, other = squares[first], squares[second]
        determinant = one * other - cross**2
        # With coefficients that a formula has: any two columns fit where equations are alike.
        near, far = (
            self.round_to_candidates(values / determinant, self.equations.constants[columns])
            for values, columns in (
                (products[first] * other - products[second] * cross, first),
                (products[second] * one - products[first] * cross, second),
            )
        )
        left = total - 2 * (near * products[first] + far * products[second])
        left += near**2 * one + far**2 * other + 2 * near * far * cross
        for number in np.flatnonzero(left <= slack):
            yield int(first[number]), int(second[number])

    def hopeful_pairs(self, rest: np.ndarray, products: np.ndarray) -> np.ndarray:
        """Returns which pairs of columns may leave at most one tolerance of `rest`.

        Fitted coefficients leave least, but for rounding: most pairs need no others tried.

        Args:
            rest: The numbers to explain. Shape `[n]`.
            products: Those of all columns and `rest`. Shape `[columns]`.
        """
        total, (one, cross, other) = rest @ rest, self.inverses
        first, second = (products[columns] for columns in self.pairs)
        explained = first**2 * one - 2 * first * second * cross + second**2 * other
        return total - explained <= len(rest) + FIT_ROUNDING * total

    def round_to_candidates(self, values: np.ndarray, are_constant: np.ndarray) -> np.ndarray:
        """Returns the coefficients next to fitted ones, of columns that are constants or not."""
        return np.where(
            are_constant, next_to(values, CONSTANT_CANDIDATES), next_to(values, CANDIDATES)
        )

    @cached_property
    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """The two columns of each pair that are usable and not one direction. Shape `[pairs]`."""
        usable = np.flatnonzero(self.usable)
        first, second = (usable[numbers] for numbers in np.triu_indices(len(usable), 1))
        squares = np.diag(self.gram)
        area = squares[first] * squares[second]
        kept = area - self.gram[first, second] ** 2 > COLLINEAR * area
        return first[kept], second[kept]

    @cached_property
    def inverses(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The inverse of each pair's products: first entry, minus second, last. Shape `[pairs]`."""
        first, second = self.pairs
        squares, cross = np.diag(self.gram), self.gram[first, second]
        determinant = squares[first] * squares[second] - cross**2
        return squares[second] / determinant, cross / determinant, squares[first] / determinant

    def with_coefficients(
        self, kept: np.ndarray, rest: np.ndarray, chosen: tuple[int, ...]
    ) -> Iterator[np.ndarray]:
        """Yields `kept` and the chosen columns with small rational coefficients, if that fits."""
        self.num_fits += 1
        if self.num_fits > MOST_FITS:
            return
        rows = self.rows[list(chosen)]
        exact = np.linalg.lstsq(rows.T, rest, rcond=None)[0]
        rounded = [
            self.nearest(value, self.equations.constants[column])
            for value, column in zip(exact, chosen, strict=True)
        ]
        if not all(
            value is not None and self.is_plain(column, value)
            for column, value in zip(chosen, rounded, strict=True)
        ):
            return
        coefficients = kept.copy()
        for column, value in zip(chosen, rounded, strict=True):
            coefficients[column] += value
        coefficients[np.abs(coefficients) < 1e-12] = 0
        if self.fits(coefficients):
            yield coefficients

    def is_plain(self, number: int, value: float) -> bool:
        """Tells whether a column over a size has a factor that a formula may have."""
        if not self.equations.labels[number][1]:
            return True
        right = self.right_of_term(number)
        ratios = value / right if right else value / self.equations.right[self.terms]
        return bool(np.min(np.abs(np.ravel(ratios)[:, np.newaxis] - PLAIN_FACTORS)) < 1e-6)

    def nearest(self, value: float, is_constant: bool) -> float | None:
        """Returns the coefficient next to a fitted one; None if none is near."""
        candidates = CONSTANT_CANDIDATES if is_constant else CANDIDATES
        found = next_to(np.array(value), candidates)
        return float(found) if abs(found - value) < 0.02 * max(1, abs(value)) else None

    def fits(self, coefficients: np.ndarray) -> bool:
        """Tells whether coefficients give all numbers, also those that were kept out of the fit."""
        return bool(np.all(np.abs(self.all_goal - coefficients @ self.all_rows) <= 1))

    # Which of several.

    def simplest(self, found: Iterable[np.ndarray]) -> np.ndarray | None:
        """Returns the simplest coefficients; none at all (length 0) if two differ in values.

        None if nothing was found. The same values in two ways are one answer, said more simply.
        """
        right = tuple(np.round(self.equations.right, 9))
        # What fits a little less well than an answer that is right is no mistake.
        distinct = {key: row for row in found if (key := tuple(np.round(row, 9))) != right}
        if not distinct:
            return None
        rows = sorted(distinct.values(), key=self.complexity)
        values = np.stack(rows) @ self.all_rows
        # Of one answer, up to rounding of the columns in the public cases.
        if np.max(np.abs(values - values[0])) > SAME_ANSWER:
            return np.zeros(0)
        return rows[0]

    def complexity(self, coefficients: np.ndarray) -> tuple:
        """Returns a key by which coefficients are ordered, the simplest first."""
        used = np.flatnonzero(coefficients)
        labels = [self.equations.labels[number] for number in used]
        right = self.equations.right
        is_lost, is_new = (right != 0) & (coefficients == 0), (right == 0) & (coefficients != 0)
        changed = (np.abs(coefficients - right) > 1e-9) & ~is_lost & ~is_new
        odd = sum(
            Fraction(float(coefficients[number])).limit_denominator(100).denominator
            for number in used
        )
        return (
            len(used),
            sum(column.reading >= 0 for column, _ in labels)
            + sum(bool(scale) for _, scale in labels)
            + 1.5 * sum(not self.equations.right[column.term] for column, _ in labels),
            int(changed.sum() + max(is_lost.sum(), is_new.sum())),
            odd,
            tuple(used),
        )

    def most_natural(self, coefficients: np.ndarray) -> np.ndarray:
        """Returns the same sum with columns that keep the right coefficient, where there are such.

        A column may be a multiple of another: log_var taken for a standard deviation, and twice
        what it is taken for a variance.
        """
        found = coefficients.copy()
        for number in np.flatnonzero(coefficients):
            column, _ = self.equations.labels[number]
            right = self.equations.right[column.term]
            if column.reading < 0 or not right or abs(coefficients[number] - right) < 1e-9:
                continue
            for other, (choice, scale) in enumerate(self.equations.labels):
                if choice.term != column.term or choice.reading < 0 or scale:
                    continue
                difference = coefficients[number] * self.rows[number] - right * self.rows[other]
                if np.max(np.abs(difference)) < 1e-3:
                    found[number], found[other] = 0, right
                    break
        return found

    def combination(self, coefficients: np.ndarray, num_changes: int) -> Combination:
        """Returns coefficients as a `Combination`."""
        coefficients = self.most_natural(coefficients)
        return Combination(
            tuple(
                Factor(*self.equations.labels[number], float(coefficients[number]))
                for number in np.flatnonzero(coefficients)
            ),
            num_changes,
            frozenset(column for column, _ in self.equations.labels),
        )
