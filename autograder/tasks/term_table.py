"""How much of a question's answers can be read back: its terms, and the numbers to find them."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from vikit.judging import GENERIC, DrawnQuestion, term_search

__all__ = ["TermCounts", "count_terms"]


class TermCounts(NamedTuple):
    """The terms of one output of a question, counted.

    Attributes:
        output: Name of the output; empty if there is one alone.
        terms: How many terms the right answer has.
        others: How many terms only wrong answers have.
        columns: How many different columns there are: terms, and terms in which an argument is
            taken for something else.
        equations: How many numbers a combination is fitted to; more are predicted.
        rank: How many of the columns are linearly independent there.
        reason: Why the output is no sum of terms; then all counts are 0.
    """

    output: str
    terms: int = 0
    others: int = 0
    columns: int = 0
    equations: int = 0
    rank: int = 0
    reason: str = ""


def count_terms(drawn: DrawnQuestion, reason: str) -> Iterator[TermCounts]:
    """Yields the `TermCounts` of the outputs of a drawn question.

    Args:
        drawn: The question with its inputs.
        reason: Why no output is a sum of terms, where none is.
    """
    if not drawn.terms:
        yield TermCounts("", reason=reason)
        return
    for output, terms in enumerate(drawn.terms):
        name = drawn.outputs[output] if drawn.outputs else ""
        if terms is None:
            yield TermCounts(name, reason="no sum of terms")
            continue
        cases = [case for case in drawn.cases if case.kind == GENERIC]
        if not term_search.has_enough(terms, cases, output):
            cases += drawn.further()
        values = [case.expected[output] for case in cases]
        equations = term_search.equations_of(terms, cases, values, drawn.atol, drawn.rtol)
        rows = equations.matrix[[not scale for _, scale in equations.labels]]
        # What is not finite is never used; rows are compared by direction.
        rows = rows[np.isfinite(rows).all(axis=1), : equations.num_fitted]
        norms = np.linalg.norm(rows, axis=1)
        rows = rows[norms > 0] / norms[norms > 0, np.newaxis]
        yield TermCounts(
            name,
            sum(bool(term.right) for term in terms.terms),
            sum(not term.right for term in terms.terms),
            len(np.unique(np.round(rows, 9), axis=0)),
            equations.num_fitted,
            int(np.linalg.matrix_rank(rows, tol=1e-6)),
        )
