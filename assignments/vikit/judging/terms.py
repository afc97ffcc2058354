"""The terms of a question's formula, and what may stand in their place in a wrong answer.

Most wrong answers are the right terms with other coefficients, or one term that stands in for
another: `read_back` finds them. Formulas are not here: the values of terms come with a question.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .question import DrawnCase

__all__ = ["Column", "Reading", "Term", "Terms"]


@dataclass(frozen=True)
class Term:
    """A term of a formula that is a sum.

    Attributes:
        key: Its name, for the staff.
        words: What messages call it, as "the term in log_var".
        text: How it is written, as "sum_k mu_k^2"; empty in what students get where the formula is
            theirs to find.
        right: Its coefficient in the right answer; 0 for what only wrong answers have.
        is_constant: Whether it depends on sizes alone: then a coefficient may hold log 2 pi too.
    """

    key: str
    words: str
    text: str
    right: float
    is_constant: bool = False


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
    """

    terms: tuple[Term, ...]
    readings: tuple[Reading, ...]
    columns: tuple[Column, ...]
    evaluate: Callable[[DrawnCase], np.ndarray]
