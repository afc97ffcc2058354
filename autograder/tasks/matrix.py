"""A question's kill matrix: which case refuses which mistake, and which none tells apart."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from vikit.judging import compare, naming

from .separation import draw_for_student, find_structure
from .term_table import TermCounts, count_terms

__all__ = ["kill_matrix"]

SECRET = b"kill matrix"


@dataclass(frozen=True)
class Matrix:
    """The kill matrix of one question.

    Attributes:
        question: Name of the question.
        cases: Names of the cases.
        mistakes: Names of the listed mistakes, then of all transformations that can be named.
        listed: How many of the mistakes are listed ones.
        kills: Share of students for whom a case refuses a mistake. Shape `[mistakes, cases]`.
        alive: Names of the mistakes that all cases of some student accept.
        pairs: How many pairs of names there are.
        alike: Tuples (name, name, reason) of those that no inputs tell apart.
        terms: The `TermCounts` of the outputs: what a wrong answer is read back by.
    """

    question: str
    cases: tuple
    mistakes: tuple
    listed: int
    kills: np.ndarray
    alive: tuple
    pairs: int
    alike: tuple
    terms: tuple[TermCounts, ...]


def kill_matrix(assignment, question, students=20) -> Matrix:
    """Returns the `Matrix` of a question.

    Args:
        assignment: Name of the assignment.
        question: The `Question`.
        students: For how many students its inputs are drawn.

    Raises:
        QuestionError: If no inputs tell two of the answers apart.
    """
    drawn = [
        draw_for_student(assignment, question, f"student {number}", SECRET)
        for number in range(students)
    ]
    named = [mistake.name for mistake in naming.fingerprints(drawn[0]).mistakes]
    names = tuple(dict.fromkeys([mistake.name for mistake in question.mistakes] + named))
    kills = np.stack([find_kills(one, names) for one in drawn])
    dead = np.all(np.any(kills, axis=2), axis=0)
    return Matrix(
        question=question.name,
        cases=tuple(case.name for case in question.cases),
        mistakes=names,
        listed=len(question.mistakes),
        kills=kills.mean(axis=0),
        alive=tuple(name for name, is_dead in zip(names, dead, strict=True) if not is_dead),
        pairs=len(names) * (len(names) - 1) // 2,
        alike=tuple(
            (*sorted(pair), reason) for pair, reason in find_reasons(assignment, question).items()
        ),
        terms=tuple(count_terms(drawn[0], question.no_terms)),
    )


def find_kills(drawn, names) -> np.ndarray:
    """Returns by name and case whether the case refuses the mistake: `[names, cases]`, bool."""
    prints = naming.fingerprints(drawn)
    ends = np.cumsum([sum(value.size for value in case.expected) for case in drawn.cases])
    rows = {}
    for mistake, values in zip(prints.mistakes, prints.values, strict=True):
        parts = zip(np.split(values, ends[:-1]), np.split(prints.right, ends[:-1]), strict=True)
        rows[mistake.name] = [not compare.is_close(got, want, drawn) for got, want in parts]
    return np.array([rows.get(name, [False] * len(drawn.cases)) for name in names])


# Reasons why two names have the same values.


def find_reasons(assignment, question) -> dict[frozenset[str], str]:
    """Returns a dict from pairs of names that no inputs tell apart to the reason, or ""."""
    pairs = find_structure(assignment, question).pairs
    declared = {frozenset(twin[:2]): twin[2] for twin in question.twins}
    outputs = question.outputs or ("",)
    known = forms_of_mistakes(pairs, outputs)
    found = {}
    for pair in pairs:
        first, second = (split_transformations(name, known) for name in sorted(pair))
        alike = first[0] == second[0] and canonical_form(first[1], outputs) == canonical_form(
            second[1], outputs
        )
        found[pair] = declared.get(pair) or (
            "both are the same transformation of the same values" if alike else ""
        )
    return found


def split_transformations(name, known) -> tuple[str, tuple[str, ...]]:
    """Returns (base, transformations) of a name; base: a listed mistake, "" for the right one."""
    transformation, _, inner = name.partition(" of ")
    if not transformation.startswith("transformation_"):
        return known.get(name, (name, ()))
    base, steps = split_transformations(inner, known) if inner else ("", ())
    return base, (*steps, transformation)


def forms_of_mistakes(pairs, outputs) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Returns a dict from each listed mistake that is also a transformation to (base, steps)."""
    known: dict[str, tuple[str, tuple[str, ...]]] = {}
    for _ in range(3):
        for pair in pairs:
            for name, other in (tuple(pair), tuple(pair)[::-1]):
                base, steps = split_transformations(other, known)
                if "transformation_" not in name and name not in known and base == "":
                    known[name] = (base, steps)
    return known


def canonical_form(steps, outputs) -> tuple[dict[tuple[str, str], int], set[str]]:
    """Returns transformations as (factors, summed outputs), whatever their order: they commute.

    A sum over the batch is the same for every example: a second sum multiplies it by B, an average
    leaves it as it is.
    """
    factors: Counter[tuple[str, str]] = Counter()
    summed: set[str] = set()
    for step in steps:
        transformation, _, chosen = step.partition(" in ")
        for output in chosen.split(" and ") if chosen else outputs:
            if transformation in (
                "transformation_summed_over_batch",
                "transformation_averaged_over_batch",
            ):
                factors["B", output] += (output in summed) - (
                    transformation == "transformation_averaged_over_batch"
                )
                summed.add(output)
            elif transformation in ("transformation_doubled", "transformation_halved"):
                factors["2", output] += 1 if transformation == "transformation_doubled" else -1
            else:
                factors[transformation, output] += 1
    for output in outputs:
        factors["transformation_negated", output] %= 2
    return {key: count for key, count in factors.items() if count}, summed
