"""What a question, a case, a mistake and an assignment are, before anything is drawn."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from vikit import judging
from vikit.judging import EDGE, GENERIC

from autograder import places

from .recent import Recent

__all__ = [
    "EDGE",
    "GENERIC",
    "GENTLE",
    "STRICT",
    "Arguments",
    "Assignment",
    "Case",
    "Domain",
    "Draw",
    "Follow",
    "Formula",
    "Manual",
    "Question",
    "QuestionError",
    "Rules",
    "WrongFormula",
    "unsteady",
    "wrong",
]


# The arguments of a question by position; what draws them; and what computes an answer from them.
Arguments = tuple[Any, ...]
Draw = Callable[..., Arguments]
Formula = Callable[..., Any]


class QuestionError(places.FaultyFile):
    """A question that cannot be asked as it is declared."""


@dataclass(frozen=True)
class Rules:
    """How much a question must have: the tests hold it to that.

    Attributes:
        num_generic: Generic cases, at least.
        num_edge: Edge cases, at least.
        num_mistakes: Known mistakes, at least.
        num_mistakes_of_8: The same for a question of 8 points and more.
        num_forms: Right answers in `tests/right_answers`, written without sight of the solution.
        cites_lecture: Whether its source is a place in the lecture's documents.
    """

    num_generic: int
    num_edge: int
    num_mistakes: int
    num_mistakes_of_8: int
    num_forms: int
    cites_lecture: bool


# Of the kit's own questions; of one that a course adds.
STRICT = Rules(
    num_generic=3, num_edge=2, num_mistakes=5, num_mistakes_of_8=10, num_forms=8, cites_lecture=True
)
GENTLE = Rules(
    num_generic=2, num_edge=1, num_mistakes=1, num_mistakes_of_8=1, num_forms=0, cites_lecture=False
)


@dataclass(frozen=True)
class Case:
    """How a case's inputs are drawn: `draw(generator, **sizes)` returns arguments by position.

    `remark` is shown with a right answer whose relative error is above `careful` (see
    `judging.DrawnCase`).
    """

    name: str
    kind: str
    draw: Draw | None
    sizes: dict[str, int]
    careful: float = 0.0
    remark: str = ""


@dataclass(frozen=True)
class Domain:
    """All inputs for which a right formula in float32 must stay within the tolerance.

    Attributes:
        draw: From a generator to the arguments by position, with many numbers near 0 and near the
            limits.
        num_draws: How many times it is drawn to measure the largest error.
    """

    draw: Draw
    num_draws: int = 5


@dataclass(frozen=True)
class WrongFormula:
    """What a known mistake computes; the hint stands in hints.md, under the same name.

    Attributes:
        name: The mistake's name.
        formulas: In NumPy. Those after the first are other spellings of the same mistake that give
            other values on some inputs: another constant, infinity instead of NaN. A spelling that
            is right on these inputs is left out. All are computed in float64 and in float32.
        unsteady: Whether the value in float32 depends on the processor's rounding: the public cases
            hold only the value in float64.
    """

    name: str
    formulas: tuple
    unsteady: bool = False


@dataclass(frozen=True)
class Unsteady:
    """A formula, or spellings of it, whose float32 values depend on the processor's rounding."""

    formula: object


def unsteady(formula) -> Unsteady:
    """Returns a mistake's formula, or its spellings, marked as unsteady (see `WrongFormula`)."""
    return Unsteady(formula)


def wrong(**mistakes) -> tuple[WrongFormula, ...]:
    """Returns the `WrongFormula`s of a question, from a dict from name to formula.

    Their hints stand in hints.md.

    A formula may be a tuple of spellings, or `unsteady(...)`, or the text of a change of the
    question's terms, as "log_var:-1" (see `terms.DeclaredTerms.factors`).
    """
    return tuple(build_wrong_formula(name, formula) for name, formula in mistakes.items())


def build_wrong_formula(name, formula, is_unsteady=False) -> WrongFormula:
    match formula:
        case Unsteady(marked):
            return build_wrong_formula(name, marked, is_unsteady=True)
        case tuple():
            return WrongFormula(name, formula, is_unsteady)
    return WrongFormula(name, (formula,), is_unsteady)


@dataclass(frozen=True, eq=False)
class Question:
    """Everything about a question but its text, in the solution script, and its hints, in hints.md.

    Attributes:
        name: Name of the function or class that students write.
        points: What it is worth.
        source: Where the lecture has it: document, section, equation.
        shape: The answer's shape in the letters of the syllabus, for messages.
        reference: The right formula, float64.
        cases: The `Case`s.
        mistakes: The `WrongFormula`s.
        outputs: Names of the outputs where the function returns a tuple.
        twins: Pairs (a, b, reason) of names that give the same values on every input.
        atol: Absolute tolerance.
        rtol: Tolerance relative to the reference.
        float32: The largest error of a right formula in float32 over the whole domain, as a share
            of the tolerance; the tests measure it on three formulas or more.
        tolerance: Why the tolerance is what it is.
        domain: The `Domain`; None where answers are random.
        sampled: Whether a right answer is computed from random numbers: `judging.DrawnQuestion`.
        seconds: The time limit of all cases and properties together; None for the usual one.
        follows: The `Follow` that lets this question be graded with the student's own earlier
            values; None if it stands alone.
        properties: The `judging.Property`s that must hold for every right answer. A class has these
            and no cases.
        oracle: The right functions for its examinations (see `vikit.exams.exam`).
        rules: The `Rules` that the tests hold it to.
        terms: For each output its `judging.Terms` (see `terms.of_output`), or None where it is no
            sum of terms; empty if no output is.
        no_terms: Why no output is a sum of terms, where none is.
        keeps_formula: Whether the formula is the student's to find: nothing that is released has
            it.
        pictures: The `pictures.Picture`s of it that a page may show.
        hints: From the names of mistakes to `judging.Mistake`s; `tasks.load` fills it from
            hints.md.
        recent: The right values that one mistake after the other asks for.
    """

    name: str
    points: float
    source: str
    shape: str = ""
    reference: Formula | None = None
    cases: tuple = ()
    mistakes: tuple = ()
    outputs: tuple = ()
    twins: tuple = ()
    atol: float = judging.ATOL
    rtol: float = judging.RTOL
    float32: float = 0.0
    tolerance: str = ""
    domain: Domain | None = None
    sampled: bool = False
    seconds: float | None = None
    follows: "Follow | None" = None
    properties: tuple = ()
    oracle: object = None
    rules: Rules = STRICT
    terms: tuple = ()
    no_terms: str = ""
    keeps_formula: bool = False
    pictures: tuple = ()
    hints: dict = field(default_factory=dict)
    recent: Recent = field(default_factory=Recent, repr=False)

    def __post_init__(self) -> None:
        names = [mistake.name for mistake in self.mistakes]
        if len(set(names)) < len(names):
            raise QuestionError(
                f"{self.name}: two mistakes have the same name: {max(names, key=names.count)}"
            )
        # What is said as a change of the terms becomes a formula.
        object.__setattr__(self, "mistakes", tuple(map(self.with_formulas, self.mistakes)))

    def with_formulas(self, mistake: WrongFormula) -> WrongFormula:
        """Returns a mistake with a formula for each text that says a change of the terms."""
        return replace(
            mistake,
            formulas=tuple(
                self.changed(formula) if isinstance(formula, str) else formula
                for formula in mistake.formulas
            ),
        )

    def changed(self, change: str) -> Formula:
        """Returns the formula of an answer with one change of the terms, as `terms.factors` says.

        "kl.log_var:-1" is a change of the output kl; the others are right.
        """
        if not self.outputs:
            return self.terms[0].formula(change)
        output, _, rest = change.partition(".")
        position, reference = self.outputs.index(output), self.reference
        assert reference is not None, self.name
        formula = self.terms[position].formula(rest)

        def all_outputs(*arguments) -> tuple:
            known = self.recent.values(arguments)
            if "reference" not in known:
                known["reference"] = reference(*arguments)
            values = list(known["reference"])
            values[position] = formula(*arguments)
            return tuple(values)

        return all_outputs

    def hint(self, name) -> judging.Mistake:
        """Returns the `judging.Mistake` of that name, without a hint where hints.md has none."""
        return self.hints.get(name) or judging.Mistake(name, "", self.source)


@dataclass(frozen=True)
class Follow:
    """How a question depends on earlier ones.

    Attributes:
        needs: For each earlier question a function from this question's arguments to those of the
            earlier one.
        formula: From (arguments in float64, dict from earlier question to its values) to this
            question's value.
    """

    needs: dict[str, Callable[..., Arguments]]
    formula: Callable[[list[Any], dict[str, tuple[Any, ...]]], Any]


@dataclass(frozen=True)
class Manual:
    """A question that a person grades; its text and rubric are in the solution script.

    Attributes:
        name: Its name in the script.
        points: What it is worth.
        errata: Numbers of the errata of the lecture that it asks about: the students' list leaves
            them out, and nothing that is released may cite them.
        passages: Passages of the lecture that it asks about, right or wrong, as the students' list
            names them: nothing in the wording or the grain may tell which is which.
    """

    name: str
    points: float
    errata: tuple[str, ...] = ()
    passages: tuple[str, ...] = ()


@dataclass(frozen=True)
class Assignment:
    """An assignment: its questions in the order of the notebook, and those that a person grades."""

    name: str
    title: str
    questions: tuple
    manual: tuple = ()

    @property
    def functions(self) -> tuple[Question, ...]:
        """The questions that are judged by values."""
        return tuple(question for question in self.questions if question.cases)

    @property
    def max_score(self) -> float:
        return sum(question.points for question in self.questions)

    @property
    def manual_max_score(self) -> float:
        return sum(question.points for question in self.manual)
