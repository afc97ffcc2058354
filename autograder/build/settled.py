"""Public cases from build to build: what differs by a processor's rounding stays as it is."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
from vikit.judging import compare, naming
from vikit.protocol import public_cases

__all__ = ["settle"]

# Shares of a question's tolerance within which two processors agree. Which spellings of a mistake
# are kept is decided at the tolerance itself: there two builds may differ by a little more.
EXPECTED, WRONG = 10 * public_cases.EXPECTED_STEP, 2.0


def settle(new, old) -> str:
    """Returns a public cases file's text `new`; questions that say the same stay as in `old`."""
    found, known = json.loads(new), questions(old)
    found["questions"] = [
        settle_question(question, known.get(question["name"])) for question in found["questions"]
    ]
    return public_cases.format_content(found)


def settle_question(new, old) -> dict[str, Any]:
    """Returns `old` where both questions say the same, else `new`."""
    return old if old is not None and is_same_question(new, old) else new


def questions(text) -> dict[str, dict[str, Any]]:
    """Returns the questions of a public cases file by name; none of a file that is damaged."""
    try:
        return {question["name"]: question for question in json.loads(text)["questions"]}
    except (ValueError, TypeError, KeyError):
        return {}


def is_same_question(new, old) -> bool:
    """Tells whether two questions are the same: texts and inputs exactly, values nearly."""
    if new.keys() != old.keys() or remove_values(new) != remove_values(old):
        return False
    written, new, old = old, public_cases.load_question(new), public_cases.load_question(old)
    if public_cases.dump_question(old) != written:
        # It is rounded in another way than is usual now.
        return False
    if not new.cases:
        return True
    return are_near(right_row(new), right_row(old), old, EXPECTED) and all(
        has_all(one, other, mistake)
        for one, other in ((new, old), (old, new))
        for mistake in new.mistakes
    )


def remove_values(question) -> dict[str, Any]:
    """Returns what of a question is no computed value; of values only their number and shapes."""
    return question | {"cases": [case | remove_numbers(case) for case in question["cases"]]}


def remove_numbers(case) -> dict[str, Any]:
    return {
        "expected": [np.shape(values) for values in case["expected"]],
        "wrong": list(case["wrong"]),
    }


def has_all(one, other, mistake) -> bool:
    """Tells whether a mistake's variants in question `one` are `other`'s too, or nearly right."""
    known = [right_row(other), *naming.variant_rows(other, mistake)]
    return all(
        any(are_near(row, good, other, WRONG) for good in known)
        for row in naming.variant_rows(one, mistake)
    )


def right_row(question) -> np.ndarray:
    return naming.flatten(question, {case.name: case.expected for case in question.cases})


def are_near(row, good, question, share) -> bool:
    """Tells whether two rows of values are the same within a share of the question's tolerance."""
    tolerance = replace(question, atol=share * question.atol, rtol=share * question.rtol)
    return row.shape == good.shape and bool(np.all(compare.are_same_rows(good, row, tolerance)))
