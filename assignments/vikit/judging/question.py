"""Data types: a question with its cases, properties and mistakes; answers and findings; verdicts."""

from dataclasses import dataclass, field

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
    "Case",
    "CaseVerdict",
    "Finding",
    "Mistake",
    "Property",
    "Question",
    "Verdict",
]


GENERIC, EDGE, PROPERTY = "generic", "edge", "property"


ATOL, RTOL = 1e-5, 1e-4


LARGEST = float(np.finfo(np.float32).max)


# The status of what could not be judged because the kit itself raised an exception (see `faults`).
KIT_ERROR = "kit_error"


@dataclass(frozen=True)
class Mistake:
    """A known wrong answer: its name, the hint of a teaching assistant, and the lecture source."""

    name: str
    hint: str
    source: str = ""


@dataclass(frozen=True)
class Case:
    """One set of inputs of a question with the values that come out, right and wrong.

    Attributes:
        name: What is special about these inputs, in words.
        kind: `"generic"` or `"edge"`.
        arguments: What the function is called with, by position (see `wire.pack_argument`).
        expected: The right values, float64, one array for each output.
        wrong: For each known mistake the values it gives: a tuple of variants (spellings of the same mistake, in float64
            and, where that differs, in float32), each like `expected`.
        sizes: The sizes of the named axes, for example `{"B": 5, "K": 3}`.
        careful: A right answer whose relative error is above this keeps its points and gets `remark`; 0 for no remark.
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


@dataclass(frozen=True)
class Property:
    """What must hold for every right answer, whatever its values; an examination (see `vikit.exams`) asks for it.

    Attributes:
        name: What holds, as a name.
        points: What it is worth, out of the question's points.
        hint: What is wrong where it does not hold, and why that matters.
        source: Where the lecture has it.
        examination: The name of the examination.
        options: Further arguments of the examination; JSON data.
        mistakes: The mistakes that the examination may find.
        counts_alone: Whether it is worth its points where no other property of the question holds. Shapes are not.
    """

    name: str
    points: float
    hint: str
    source: str
    examination: str
    options: dict = field(default_factory=dict)
    mistakes: tuple = ()
    counts_alone: bool = True


@dataclass(frozen=True)
class Finding:
    """How the examination of a property ended.

    `status` is `"ok"` (it holds), `"wrong"`, or why there was nothing to examine; then `answer` has the details. `mistake` is
    the name of a mistake where the values reveal one, several joined by " and "; `detail` says in words what was seen, for
    the student, and `measured` in numbers, for the staff.
    """

    status: str
    mistake: str = ""
    detail: str = ""
    answer: "Answer | None" = None
    measured: str = ""


@dataclass(frozen=True, eq=False)
class Question:
    """A question with the inputs drawn for one student.

    `outputs` names the values that a tuple holds; it is empty where the function returns one array. `shape` is the
    documented shape of the answer, for messages. A class has `properties` and no cases; a function may have both. `sampled`
    says that a right answer is computed from random numbers: the tolerance is too wide to tell transformations of mistakes
    apart. `seconds` is the time limit of this question, None for the usual one.
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


@dataclass(frozen=True)
class Answer:
    """What a student's function gave for one case: arrays, or a status that says why there are none."""

    status: str
    values: tuple = ()
    kind: str = ""
    line: int | None = None
    text: str = ""


@dataclass(frozen=True)
class CaseVerdict:
    """The judgement of one case, or of one property.

    `problem` is for the student, in words; `worst_error`, a number, and `measured`, those of a property, are for the staff.
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


@dataclass(frozen=True)
class Verdict:
    """The judgement of one question: `score` out of `max_score`, why, and the cases one by one."""

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
