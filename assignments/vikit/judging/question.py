"""Data types: a question with its cases, properties, mistakes; answers, findings, verdicts."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

__all__ = [
    "ATOL",
    "EDGE",
    "GENERIC",
    "KIT_ERROR",
    "LARGEST",
    "PROPERTY",
    "RTOL",
    "Answer",
    "CaseVerdict",
    "DrawnCase",
    "DrawnQuestion",
    "Finding",
    "Mistake",
    "PictureValues",
    "Property",
    "ReadBack",
    "Verdict",
]


# The kinds of cases, and of what a verdict lists like a case.
GENERIC, EDGE, PROPERTY = "generic", "edge", "property"
# The usual tolerance of an answer: absolute, and relative to the right value.
ATOL = 1e-5
RTOL = 1e-4
# The largest number of float32.
LARGEST = float(np.finfo(np.float32).max)
# The status of a case, a property or a question that was not judged because the kit
# itself raised an exception.
KIT_ERROR = "kit_error"


@dataclass(frozen=True)
class Mistake:
    """A known wrong answer, and what a teaching assistant would say of it.

    Attributes:
        name: Its name, for the staff.
        hint: What is off.
        source: The lecture source that treats it.
        repair: How to mend it.
    """

    name: str
    hint: str
    source: str = ""
    repair: str = ""


@dataclass(frozen=True)
class DrawnCase:
    """One set of inputs of a question with the values that come out, right and wrong.

    Attributes:
        name: What is special about these inputs, in words.
        kind: `"generic"` or `"edge"`.
        arguments: What the function is called with, by position (see `wire.pack_argument`).
        expected: The right values, float64, one array for each output.
        wrong: For each known mistake the values it gives: a tuple of variants (spellings of the
            same mistake, in float64 and, if that differs, in float32), each like `expected`.
        sizes: The sizes of the named axes, for example `{"B": 5, "K": 3}`.
        careful: A right answer whose relative error is above this keeps its points and gets
            `remark`; 0 for no remark.
        remark: The remark on such an answer.
    """

    name: str
    kind: str
    arguments: tuple
    expected: tuple
    wrong: dict = field(default_factory=dict)
    sizes: dict = field(default_factory=dict)
    careful: float = 0.0
    remark: str = ""


def no_cases() -> tuple[DrawnCase, ...]:
    """Returns no cases."""
    return ()


@dataclass(frozen=True)
class Property:
    """What holds for every right answer, whatever its values (see `vikit.exams`).

    Attributes:
        name: Its name.
        points: Its points, out of the question's.
        hint: What is wrong if it does not hold, and why that matters.
        source: The lecture source.
        examination: The name of the examination.
        options: Further arguments of the examination; JSON data.
        mistakes: The mistakes that the examination may find.
        counts_alone: Whether it is worth its points if no other property of the question holds.
            Shapes are not.
        title: What holds, as students read it; empty for its name.
    """

    name: str
    points: float
    hint: str
    source: str
    examination: str
    options: dict = field(default_factory=dict)
    mistakes: tuple = ()
    counts_alone: bool = True
    title: str = ""


@dataclass(frozen=True)
class Finding:
    """How the examination of a property ended.

    Attributes:
        status: `"ok"` (it holds), `"wrong"`, or why there was nothing to examine.
        mistake: The name of a mistake if the values reveal one; several are joined by " and ".
        detail: What was seen, in words, for the student.
        answer: The details if there was nothing to examine.
        measured: What was seen, in numbers, for the staff.
    """

    status: str
    mistake: str = ""
    detail: str = ""
    answer: "Answer | None" = None
    measured: str = ""


@dataclass(frozen=True, eq=False)
class DrawnQuestion:
    """A question with the inputs drawn for one student.

    Attributes:
        name: The function or class.
        points: What a right answer is worth.
        source: The lecture source.
        cases: Its `DrawnCase`s. A class has none.
        mistakes: The known `Mistake`s.
        outputs: The names of the values in a tuple; empty if the function returns one array.
        shape: The documented shape of the answer, for messages.
        atol: Absolute tolerance.
        rtol: Tolerance relative to the right value.
        properties: The `Property`s that must hold. A function may have both cases and properties.
        sampled: Whether a right answer is computed from random numbers: then the tolerance is too
            wide to tell transformations of mistakes apart.
        seconds: The time limit of this question, None for the usual one.
        terms: For each output its `terms.Terms`, or None if it is no sum of terms; empty if none
            is.
        further: Draws generic cases that are worth no points: to read a wrong answer back where
            `cases` are too few.
        common: Draws generic cases that are the same for all students, and worth no points: answers
            that nothing explains are compared on them.
        keeps_formula: Whether the formula is the student's to find: no message gives it away.
    """

    name: str
    points: float
    source: str
    cases: tuple
    mistakes: tuple = ()
    outputs: tuple = ()
    shape: str = ""
    atol: float = ATOL
    rtol: float = RTOL
    properties: tuple = ()
    sampled: bool = False
    seconds: float | None = None
    terms: tuple[Any, ...] = ()
    further: Callable[[], tuple[DrawnCase, ...]] = no_cases
    common: Callable[[], tuple[DrawnCase, ...]] = no_cases
    keeps_formula: bool = False


@dataclass(frozen=True)
class Answer:
    """What a student's function gave for a case: arrays, or a status that says why there are none.

    Attributes:
        status: `"ok"`, or why there are no values.
        values: The arrays.
        kind: The type of an exception, or of what came back instead of arrays.
        line: The line of the cell where an exception was raised.
        text: The text of an exception.
    """

    status: str
    values: tuple = ()
    kind: str = ""
    line: int | None = None
    text: str = ""


@dataclass(frozen=True)
class CaseVerdict:
    """The judgement of one case, or of one property.

    Attributes:
        name: The case or property.
        kind: GENERIC, EDGE or PROPERTY.
        passed: Whether it is right and counts.
        points: The points it earned.
        status: `"correct"`, `"wrong"`, or why there was no answer.
        worst_error: The largest absolute error, for the staff.
        mistake: The name of the mistake, if it has one.
        problem: What is wrong, in words, for the student.
        measured: What was seen of a property, in numbers, for the staff.
        title: What students read instead of the name; empty for the name itself.
    """

    name: str
    kind: str
    passed: bool
    points: float
    status: str
    worst_error: float | None
    mistake: str | None
    problem: str = ""
    measured: str = ""
    title: str = ""


@dataclass(frozen=True)
class ReadBack:
    """What a wrong answer computes instead of the right formula.

    Attributes:
        id: The same for all answers with the same changes.
        sentence: What was changed, for the student.
        formula: The formula that was read back, in plain text; empty where it would give the right
            one away.
        repair: The sentence with the names of terms, where `sentence` keeps them back.
        factors: For each output that was read back its index and the `term_search.Factor`s.
    """

    id: str
    sentence: str
    formula: str
    repair: str = ""
    factors: tuple[tuple[int, Any], ...] = ()


@dataclass(frozen=True)
class PictureValues:
    """What an answer gives on inputs that everybody may see, beside the right values.

    Attributes:
        label: What is drawn, in Python's notation.
        inputs: The numbers along the horizontal axis; empty for points in two dimensions.
        given: The answer's numbers: one for each input, or two for each point. None for one that is
            not finite.
        right: The right ones.
    """

    label: str
    inputs: tuple[float, ...]
    given: tuple[float | None, ...]
    right: tuple[float | None, ...]


@dataclass(frozen=True)
class Verdict:
    """The judgement of one question.

    Attributes:
        name: The question.
        score: The points it earned, out of `max_score`.
        max_score: Its points.
        status: `"correct"`, `"partial"`, `"wrong"`, or why there was no answer.
        mistake: The name of the mistake, if it has one.
        message: The message for the student.
        hint: What is off, of each mistake: a line each.
        source: The lecture source.
        cases: The `CaseVerdict`s.
        follows: What the question was graded with besides, if it follows an earlier one.
        repair: How to mend each mistake: a line each.
        read_back: What the answer computes instead, where no mistake explains it; None if that is
            unclear too.
        unexplained: What an answer that nothing explains gives for the question's `common` cases:
            its numbers in a row, None where one is not finite.
        pictures: The `PictureValues` on which the eye sees what is off.
    """

    name: str
    score: float
    max_score: float
    status: str
    mistake: str | None
    message: str
    hint: str
    source: str
    cases: tuple
    follows: str | None = None
    repair: str = ""
    read_back: ReadBack | None = None
    unexplained: tuple[float | None, ...] = ()
    pictures: tuple[PictureValues, ...] = ()
