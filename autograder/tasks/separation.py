"""Draws inputs that tell the right answer and all known mistakes of a question apart."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from vikit import judging
from vikit.judging import naming

from .drawing import (
    build_question,
    draw_case,
    draw_further,
    draw_with_key,
    find_distinct_variants,
    to_float64,
)
from .question import Question, QuestionError, WrongFormula

__all__ = [
    "PUBLIC",
    "Structure",
    "are_apart",
    "draw_for_student",
    "find_clash",
    "find_structure",
    "public_questions",
    "store_structure",
]

NUM_ATTEMPTS = 200
# Two answers are apart if they differ by more tolerances than this:
# rounding in float32 may use up one.
MARGIN_IN_TOLERANCES = 2.5
NUM_STRUCTURE_DRAWS = 4
# How many cases answers that nothing explains are compared on.
NUM_COMMON = 3
# The public cases are the same for everybody: they are drawn with this instead
# of the course's secret.
PUBLIC = b"public cases"


def draw_for_student(assignment, question, student, secret, file="") -> judging.DrawnQuestion:
    """Returns the `judging.DrawnQuestion` of `question` for one student.

    The inputs are a function of secret, student, file handed in, assignment, question and case: no
    two students share them, and a second grading of the same file repeats them. A file that differs
    in one byte gets other inputs: a student cannot learn them from feedback. They are drawn again
    until the right answer and all known mistakes are pairwise apart.

    Args:
        assignment: Name of the assignment.
        question: The `Question`.
        student: Name of the student.
        secret: The course's secret, bytes.
        file: Digest of the whole file that was handed in, in hexadecimal digits; empty for public
            cases.

    Raises:
        QuestionError: If no inputs that were drawn tell two of the answers apart.
    """
    if not question.cases:
        return build_question(question, [])
    known = find_structure(assignment, question)
    drawn_for = f"{student}\0{file}" if file else student
    clash: list[str] = []
    for attempt in range(NUM_ATTEMPTS):
        key = (secret, drawn_for, assignment, attempt)
        drawn = draw_with_key(question, key, known.variants)
        found = find_clash(question, drawn, known.pairs)
        if found is None:
            common = (secret, "", assignment, 0)
            return replace(
                drawn,
                further=partial(draw_further, question, key),
                common=partial(draw_further, question, common, NUM_COMMON),
            )
        clash = found
    reason = (
        f"{' and '.join(clash)} give the same values"
        if len(clash) > 1
        else f"{clash[0]} gives the right answer"
    )
    raise QuestionError(f"{question.name}: {reason} on {NUM_ATTEMPTS} draws of inputs")


def public_questions(assignment) -> list[judging.DrawnQuestion]:
    """Returns the questions with the public inputs of `assignment`."""
    return [
        draw_for_student(assignment.name, replace_unsteady(question), "", PUBLIC)
        for question in assignment.questions
    ]


def replace_unsteady(question) -> Question:
    """Returns `question` with its unsteady mistakes in float64: in float32 processors differ."""
    if not any(mistake.unsteady for mistake in question.mistakes):
        return question
    return replace(
        question,
        mistakes=tuple(
            compute_in_float64(mistake) if mistake.unsteady else mistake
            for mistake in question.mistakes
        ),
    )


def compute_in_float64(mistake) -> WrongFormula:
    """Returns a `WrongFormula` whose formulas convert all arguments to float64."""

    def convert(formula) -> Callable[..., Any]:
        return lambda *arguments: formula(*(to_float64(argument) for argument in arguments))

    return replace(mistake, formulas=tuple(convert(formula) for formula in mistake.formulas))


def find_clash(question, drawn, allowed) -> list[str] | None:
    """Returns two answers' names that other inputs tell apart and these do not, or None.

    One name alone is a mistake that is right on these inputs.

    Args:
        question: The `Question`.
        drawn: Its `judging.DrawnQuestion` with inputs.
        allowed: The pairs that no inputs tell apart.
    """
    prints = naming.fingerprints(drawn)
    for mistake in question.mistakes:
        if mistake.name not in {mistake.name for mistake in prints.mistakes}:
            return [mistake.name]
    near = ~are_apart(np.vstack([prints.right, prints.values]), drawn)
    if near[0, 1:].any():
        return [prints.mistakes[np.flatnonzero(near[0, 1:])[0]].name]
    for first, second in np.argwhere(np.triu(near[1:, 1:], 1)):
        pair = frozenset((prints.mistakes[first].name, prints.mistakes[second].name))
        if len(pair) == 2 and pair not in allowed:
            return sorted(pair)
    return None


def are_apart(rows, drawn) -> np.ndarray:
    """Returns by pair of rows whether a number differs by MARGIN_IN_TOLERANCES: `[n, n]`."""
    separate = np.zeros((len(rows), len(rows)), bool)
    first, second = np.triu_indices(len(rows), 1)
    for column in rows.T:
        left, right = column[first], column[second]
        with np.errstate(all="ignore"):
            tolerance = drawn.atol + drawn.rtol * np.maximum(np.abs(left), np.abs(right))
            far = np.abs(left - right) > MARGIN_IN_TOLERANCES * tolerance
        finite = np.isfinite(left) & np.isfinite(right)
        equal = (left == right) | (np.isnan(left) & np.isnan(right))
        differs = np.where(finite, far, ~equal)
        separate[first[differs], second[differs]] = separate[second[differs], first[differs]] = True
        # Most pairs are apart after a few numbers: only the others are compared further.
        first, second = first[~differs], second[~differs]
    return separate


@dataclass(frozen=True)
class Structure:
    """What holds for answers on all inputs, as far as NUM_STRUCTURE_DRAWS draws can show it.

    Attributes:
        pairs: Pairs of names that no inputs tell apart. The tests count them and require a reason
            for each.
        variants: A dict from each mistake's name to the indices of its variants that differ from
            the others on some inputs. The others are not computed for each student.
    """

    pairs: frozenset[frozenset[str]]
    variants: dict[str, tuple[int, ...]]


_structures: dict[tuple[str, Question], Structure] = {}
_exploring = threading.Lock()


def find_structure(assignment, question) -> Structure:
    """Returns the `Structure` of `question`; it is computed once in a process."""
    with _exploring:
        if (assignment, question) not in _structures:
            _structures[assignment, question] = explore(assignment, question)
    return _structures[assignment, question]


def store_structure(assignment, question, found) -> None:
    """Stores the `Structure` that another process has computed.

    Args:
        assignment: Name of the assignment.
        question: The `Question`.
        found: The `Structure`.
    """
    with _exploring:
        _structures[assignment, question] = found


def explore(assignment, question) -> Structure:
    if not question.cases:
        return Structure(frozenset(), {})
    kept: set[frozenset[str]] | None = None
    variants: dict[str, set[int]] = {mistake.name: set() for mistake in question.mistakes}
    for draw in range(NUM_STRUCTURE_DRAWS):
        key = (b"structure", str(draw), assignment, 0)
        cases = [draw_case(question, case, key) for case in question.cases]
        for name, indices in find_distinct_variants(question, cases).items():
            variants[name].update(indices)
        drawn = build_question(question, cases)
        prints = naming.fingerprints(drawn)
        names = [mistake.name for mistake in prints.mistakes]
        pairs = np.argwhere(np.triu(~are_apart(prints.values, drawn), 1))
        together = {frozenset((names[i], names[j])) for i, j in pairs if names[i] != names[j]}
        kept = together if kept is None else kept & together
    return Structure(
        frozenset(kept or ()), {name: tuple(sorted(indices)) for name, indices in variants.items()}
    )
