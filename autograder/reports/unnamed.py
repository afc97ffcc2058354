"""Wrong answers that nothing explains, grouped by what they compute."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = ["Group", "group_unnamed"]

# Answers are the same if their numbers are within this share of each other; they are kept with
# five digits.
SHARE, SMALLEST = 1e-3, 1e-5


@dataclass
class Group:
    """Students whose answers to a question give the same numbers.

    Attributes:
        question: The question.
        numbers: What they give for inputs that are the same for all students.
        students: Their names.
    """

    question: str
    numbers: Sequence[float | None]
    students: list[str] = field(default_factory=list)


def group_unnamed(verdicts: Sequence[dict[str, Any]]) -> list[Group]:
    """Returns the groups of unexplained answers of an assignment, the largest of each question
    first.

    Args:
        verdicts: The documents of its verdicts.
    """
    groups: list[Group] = []
    for student, question in unexplained(verdicts):
        numbers = question["unexplained"]
        found = next(
            (
                group
                for group in groups
                if group.question == question["name"] and are_same(group.numbers, numbers)
            ),
            None,
        )
        if found is None:
            found = Group(question["name"], numbers)
            groups.append(found)
        found.students.append(student)
    order = {
        question["name"]: index
        for one in verdicts
        for index, question in enumerate(one["questions"])
    }
    return sorted(groups, key=lambda group: (order[group.question], -len(group.students)))


def unexplained(verdicts: Sequence[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields (student, question) of each answer that neither a name nor the terms explain."""
    for verdict in verdicts:
        for question in verdict["questions"]:
            if question.get("unexplained") and not question["mistake"]:
                yield verdict["student"], question


def are_same(first: Sequence[float | None], second: Sequence[float | None]) -> bool:
    """Tells whether two rows of numbers are the same, None in the same places."""
    if len(first) != len(second):
        return False
    one, other = np.array(first, float), np.array(second, float)
    return bool(np.allclose(one, other, rtol=SHARE, atol=SMALLEST, equal_nan=True))
