"""The terms of a question's formula, and what may stand in their place in a wrong answer.

Most wrong answers are the right terms with other coefficients, or one term that stands in for
another: `read_back` finds them. Formulas are not here: the values of terms come with a question.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .question import DrawnCase

__all__ = ["LINKS", "Column", "Reading", "Term", "Terms"]


class Link(NamedTuple):
    """What of an answer is a sum of terms.

    Attributes:
        apply: From answers to it.
        undo: From it to answers.
        words: What messages call it; empty for the answer itself.
    """

    apply: Callable[[np.ndarray], np.ndarray]
    undo: Callable[[np.ndarray], np.ndarray]
    words: str = ""


def identity(values: np.ndarray) -> np.ndarray:
    return values


def invert(matrix: np.ndarray) -> np.ndarray:
    """Returns the inverse of a matrix; NaN if it has none."""
    try:
        return np.linalg.inv(matrix)
    except np.linalg.LinAlgError:
        return np.full_like(matrix, np.nan)


LINKS = {
    "": Link(identity, identity),
    "exp": Link(np.exp, np.log, "exp"),
    "log": Link(np.log, np.exp, "the logarithm"),
    "inverse": Link(invert, invert, "the inverse"),
}


@dataclass(frozen=True)
class Term:
    """A term of a formula that is a sum.

    Attributes:
        key: Its name, for the staff.
        words: What messages call it, as "the term in log_var".
        text: How it is written, as "sum_k mu_k^2", for the staff; empty in what students get.
        right: Its coefficient in the right answer; 0 for what only wrong answers have.
        is_constant: Whether it depends on sizes alone: then a coefficient may hold log 2 pi too.
        part: The part of the formula that it belongs to, as messages call it: "the KL". What
            happens to a part happens to all its terms. Empty if the formula has no parts.
    """

    key: str
    words: str
    text: str
    right: float
    is_constant: bool = False
    part: str = ""


@dataclass(frozen=True)
class Reading:
    """How an argument may be taken for something else, as log_var for a variance.

    Attributes:
        key: Its name, for the staff.
        words: What is wrong, as "log_var is taken for a variance".
    """

    key: str
    words: str


class Column(NamedTuple):
    """What may stand in an answer: a term, or the same with an argument taken for something else.

    Attributes:
        term: Index of the `Term`.
        reading: Index of the `Reading`; -1 for none.
    """

    term: int
    reading: int = -1


@dataclass(frozen=True, eq=False)
class Terms:
    """The terms of one output of a question.

    Attributes:
        terms: The `Term`s.
        readings: The `Reading`s.
        columns: The `Column`s; the terms themselves come first, in their order.
        evaluate: From a `DrawnCase` to the values of all columns. Shape `[columns, *answer]`.
        link_name: What of the answer is a sum of the terms, a name in `LINKS`: "" for the answer
            itself, "log", "exp", "inverse" of a matrix.
        one_a_case: Whether a case says as much of the coefficients as one number does, however
            many it holds: where the terms of a case are multiples of one vector.
    """

    terms: tuple[Term, ...]
    readings: tuple[Reading, ...]
    columns: tuple[Column, ...]
    evaluate: Callable[[DrawnCase], np.ndarray]
    link_name: str = ""
    one_a_case: bool = False

    def parts(self) -> dict[str, list[int]]:
        """Returns the indices of the terms of each part that has several, and is not all."""
        right = [number for number, term in enumerate(self.terms) if term.right]
        names = dict.fromkeys(self.terms[number].part for number in right)
        found = {
            name: [number for number in right if self.terms[number].part == name]
            for name in names
            if name
        }
        return {name: part for name, part in found.items() if 1 < len(part) < len(right)}

    def different_columns(self, values: np.ndarray) -> list[int]:
        """Returns which columns say something: terms, and finite ones that differ from their term.

        Args:
            values: The values of all columns. Shape `[columns, n]`.
        """
        return [
            index
            for index, column in enumerate(self.columns)
            if column.reading < 0
            or (
                np.isfinite(values[index]).all()
                and not np.array_equal(values[index], values[column.term])
            )
        ]

    def link(self, values: np.ndarray) -> np.ndarray:
        """Returns what of an answer is a sum of the terms. Same shape; NaN where it has none."""
        with np.errstate(all="ignore"):
            return LINKS[self.link_name].apply(values)

    def name(self, output: str) -> str:
        """Returns what messages call the sum of the terms; empty if it is all of the answer.

        Args:
            output: The output's name; empty if there is one alone.
        """
        words = LINKS[self.link_name].words
        return f"{words} of {output or 'your answer'}" if words else output

    def unlink(self, values: np.ndarray) -> np.ndarray:
        """Returns the answer of which `values` is the `link`."""
        with np.errstate(all="ignore"):
            return LINKS[self.link_name].undo(values)
