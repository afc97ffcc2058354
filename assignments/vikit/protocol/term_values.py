"""The terms of a question in the file of public cases: words, and the values of all columns.

The keys are neutral, and there are no formulas: what a student finds in the file are numbers, and
the words that `check` may say.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import judging
from ..judging import has_enough
from .number_text import dump_argument, load_argument, load_arrays, round_to_lists

__all__ = ["dump", "load"]

# The rounding step of columns, as a share of the question's tolerance: terms may cancel.
COLUMN_STEP = 1e-3


def dump(question: judging.DrawnQuestion) -> dict[str, Any]:
    """Returns the fields of a public question that hold its terms."""
    generic = [case for case in question.cases if case.kind == judging.GENERIC]
    needed = any(
        terms is not None and not has_enough(terms, generic, output)
        for output, terms in enumerate(question.terms)
    )
    further = question.further() if needed else ()
    cases = [*generic, *further]
    return {
        "keeps_formula": question.keeps_formula,
        "further": [dump_further(question, case) for case in further],
        "terms": [
            None if terms is None else dump_terms(question, terms, cases)
            for terms in question.terms
        ],
    }


def dump_further(question: judging.DrawnQuestion, case: judging.DrawnCase) -> dict[str, Any]:
    """Returns a case that is worth no points."""
    return {
        "name": case.name,
        "sizes": case.sizes,
        "arguments": [dump_argument(argument) for argument in case.arguments],
        "expected": [
            round_to_lists(value, question.atol * COLUMN_STEP, question.rtol * COLUMN_STEP)
            for value in case.expected
        ],
    }


def dump_terms(
    question: judging.DrawnQuestion, terms: judging.Terms, cases: Sequence[judging.DrawnCase]
) -> dict[str, Any]:
    """Returns the terms of an output, with the values of columns by case.

    Columns that are no numbers, or the same as the term itself, are left out.
    """
    values = [terms.evaluate(case) for case in cases]
    kept = terms.different_columns(
        np.concatenate([part.reshape(len(part), -1) for part in values], axis=1)
    )
    return {
        "terms": [
            {
                "words": term.words,
                "right": term.right,
                "is_constant": term.is_constant,
                "part": term.part,
            }
            for term in terms.terms
        ],
        "link_name": terms.link_name,
        "one_a_case": terms.one_a_case,
        "readings": [reading.words for reading in terms.readings],
        "columns": [list(terms.columns[index]) for index in kept],
        "values": {
            case.name: round_to_lists(
                part[kept], question.atol * COLUMN_STEP, question.rtol * COLUMN_STEP
            )
            for case, part in zip(cases, values, strict=True)
        },
    }


def load(content: dict[str, Any]) -> dict[str, Any]:
    """Returns the fields of a `judging.DrawnQuestion` that hold its terms."""
    if "terms" not in content:
        return {}
    further = tuple(load_further(case) for case in content["further"])
    return {
        "keeps_formula": content["keeps_formula"],
        "further": lambda: further,
        "terms": tuple(None if terms is None else load_terms(terms) for terms in content["terms"]),
    }


def load_further(content: dict[str, Any]) -> judging.DrawnCase:
    """Returns the `judging.DrawnCase` that `dump_further` wrote."""
    return judging.DrawnCase(
        name=content["name"],
        kind=judging.GENERIC,
        sizes=content["sizes"],
        arguments=tuple(load_argument(argument) for argument in content["arguments"]),
        expected=load_arrays(content["expected"]),
    )


def load_terms(content: dict[str, Any]) -> judging.Terms:
    """Returns the `judging.Terms` that `dump_terms` wrote."""
    values = {name: np.array(lists, np.float64) for name, lists in content["values"].items()}
    return judging.Terms(
        terms=tuple(
            judging.Term(key=f"t{number}", text="", **term)
            for number, term in enumerate(content["terms"])
        ),
        readings=tuple(
            judging.Reading(f"r{number}", words) for number, words in enumerate(content["readings"])
        ),
        columns=tuple(judging.Column(*pair) for pair in content["columns"]),
        evaluate=lambda case: values[case.name],
        link_name=content["link_name"],
        one_a_case=content["one_a_case"],
    )
