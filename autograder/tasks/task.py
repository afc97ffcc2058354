"""What a question is to the grader, and how its inputs are drawn and evaluated for one student."""

import hmac
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from vikit import judging
from vikit.judging import EDGE, GENERIC, compare, naming
from vikit.protocol.wire import BuiltArgument, Tensor

from autograder.reference import callables

NUM_ATTEMPTS = 200
# Two answers are apart if they differ by more tolerances than this: rounding in float32 may use up one.
MARGIN_IN_TOLERANCES = 2.5
NUM_STRUCTURE_DRAWS = 4
# The public cases are the same for everybody: they are drawn with this instead of the course's secret.
PUBLIC = b"public cases"


class TaskError(Exception):
    """A question that cannot be asked as it is declared."""


@dataclass(frozen=True)
class Draw:
    """How the inputs of one case are drawn: `draw(generator, **sizes)` returns the arguments by position.

    `remark` is shown with a right answer whose relative error is above `careful` (see `judging.Case`).
    """

    name: str
    kind: str
    draw: Callable
    sizes: dict
    careful: float = 0.0
    remark: str = ""


@dataclass(frozen=True)
class Wrong:
    """A known mistake: its formula in NumPy, the hint of a teaching assistant, and its source in the lecture.

    `also` are other spellings of the same mistake that give other values on some inputs: another constant, infinity instead
    of NaN. A spelling that is right on these inputs is left out. All are computed in float64 and in float32. `unsteady` says
    that the value in float32 depends on the processor's rounding: the public cases hold only the value in float64.
    """

    name: str
    formula: Callable
    hint: str
    source: str = ""
    also: tuple = ()
    unsteady: bool = False


@dataclass(frozen=True, eq=False)
class Task:
    """Everything about one question except its text, which is in the solution script.

    Attributes:
        name: Name of the function that students write.
        points: What it is worth.
        source: Where the lecture has it: document, section, equation.
        shape: The answer's shape in the letters of the syllabus, for messages.
        reference: The right formula, float64.
        cases: How inputs are drawn.
        mistakes: Known mistakes.
        outputs: Names of the outputs where the function returns a tuple.
        twins: Pairs (a, b, reason) of names that give the same values on every input.
        atol: Absolute tolerance.
        rtol: Tolerance relative to the reference.
        float32: The largest error of a right formula in float32 over the whole domain, as a share of the tolerance; the tests
            measure it on three formulas or more.
        tolerance: Why the tolerance is what it is.
        sampled: Whether a right answer is computed from random numbers (see `judging.Question`).
        seconds: The time limit of all cases and properties together; None for the usual one.
        follows: The `Follow` that lets this question be graded with the student's own earlier values; None if it stands
            alone.
        properties: The `judging.Property`s that must hold for every right answer. A class has these and no cases.
        oracle: The right functions for its examinations (see `vikit.exams.exam`).
    """

    name: str
    points: float
    source: str
    shape: str
    reference: Callable | None
    cases: tuple
    mistakes: tuple
    outputs: tuple = ()
    twins: tuple = ()
    atol: float = judging.ATOL
    rtol: float = judging.RTOL
    float32: float = 0.0
    tolerance: str = ""
    sampled: bool = False
    seconds: float | None = None
    follows: "Follow | None" = None
    properties: tuple = ()
    oracle: object = None


@dataclass(frozen=True)
class Follow:
    """How a question depends on earlier ones.

    Attributes:
        needs: For each earlier question a function from this question's arguments to those of the earlier one.
        formula: From (arguments in float64, dict from earlier question to its values) to this question's value.
    """

    needs: dict
    formula: Callable


@dataclass(frozen=True)
class Manual:
    """A question that a person grades; its text and rubric are in the solution script."""

    name: str
    points: float


@dataclass(frozen=True)
class Assignment:
    name: str
    title: str
    tasks: tuple
    manual: tuple = field(default=())

    @property
    def functions(self):
        """The questions that are judged by values."""
        return tuple(task for task in self.tasks if task.cases)

    @property
    def max_score(self):
        return sum(task.points for task in self.tasks)

    @property
    def manual_max_score(self):
        return sum(question.points for question in self.manual)


def materialise(assignment, task, student, secret, file=""):
    """Returns the `judging.Question` of `task` for one student.

    The inputs are a function of secret, student, file handed in, assignment, question and case: no two students share them,
    and a second grading of the same file repeats them. A file that differs in one byte gets other inputs: a student cannot
    learn them from feedback. They are drawn again until the right answer and all known mistakes are pairwise apart.

    Args:
        assignment: Name of the assignment.
        task: The `Task`.
        student: Name of the student.
        secret: The course's secret, bytes.
        file: Digest of the whole file that was handed in, in hexadecimal digits; empty for public cases.

    Raises:
        TaskError: If no inputs that were drawn tell two of the answers apart.
    """
    names = [wrong.name for wrong in task.mistakes]
    if len(set(names)) < len(names):
        raise TaskError(f"{task.name}: two mistakes have the same name: {max(names, key=names.count)}")
    if not task.cases:
        return build_question(task, [])
    known = structure(assignment, task)
    drawn_for = f"{student}\0{file}" if file else student
    for attempt in range(NUM_ATTEMPTS):
        question = draw_question(assignment, task, (secret, drawn_for, assignment, attempt), known.variants)
        clash = find_clash(task, question, known.pairs)
        if clash is None:
            return question
    reason = (
        f"{clash[0]} gives the right answer" if len(clash) == 1 else f"{clash[0]} and {clash[1]} give the same values"
    )
    raise TaskError(f"{task.name}: {reason} on {NUM_ATTEMPTS} draws of inputs")


def draw_question(assignment, task, key, chosen=None):
    """Returns the `judging.Question` of `task` with the inputs that `key` (secret, student, assignment, attempt) draws.

    `chosen`: which variants of each mistake to compute (see `Structure.variants`); all of them by default.
    """
    return build_question(task, [draw_case(task, case, key, chosen) for case in task.cases])


def question_on(task, arguments, sizes):
    """Returns the `judging.Question` of `task` with one case, on `arguments` of the given sizes."""
    return build_question(task, [evaluate_case(task, Draw("given", GENERIC, None, sizes), arguments)])


def build_question(task, cases):
    """Returns the `judging.Question` of `task` with these cases and the variants of mistakes that differ on them."""
    kept = find_distinct_variants(task, cases) if cases else {}
    return judging.Question(
        name=task.name,
        points=task.points,
        source=task.source,
        cases=tuple(
            replace(case, wrong={name: tuple(case.wrong[name][index] for index in kept[name]) for name in kept})
            for case in cases
        ),
        mistakes=tuple(judging.Mistake(wrong.name, wrong.hint, wrong.source or task.source) for wrong in task.mistakes),
        outputs=task.outputs,
        shape=task.shape,
        atol=task.atol,
        rtol=task.rtol,
        properties=task.properties,
        sampled=task.sampled,
        seconds=task.seconds,
    )


def public_questions(assignment):
    """Returns the questions with the public inputs of `assignment`."""
    return [materialise(assignment.name, replace_unsteady(task), "", PUBLIC) for task in assignment.tasks]


def replace_unsteady(task):
    """Returns `task` with its unsteady mistakes computed in float64: in float32 each processor gives another value."""
    if not any(wrong.unsteady for wrong in task.mistakes):
        return task
    return replace(
        task, mistakes=tuple(compute_in_float64(wrong) if wrong.unsteady else wrong for wrong in task.mistakes)
    )


def compute_in_float64(wrong):
    """Returns a `Wrong` whose formulas convert all arguments to float64."""

    def convert(formula):
        return lambda *arguments: formula(*(to_float64(argument) for argument in arguments))

    return replace(wrong, formula=convert(wrong.formula), also=tuple(convert(formula) for formula in wrong.also))


def draw_case(task, case, key, chosen=None):
    """Returns the `judging.Case` of a `Draw`, with the arguments that `key` draws."""
    generator = np.random.default_rng(seed(*key, task.name, case.name))
    arguments = tuple(round_to_float32(argument) for argument in case.draw(generator, **case.sizes))
    return evaluate_case(task, case, arguments, chosen)


def evaluate_case(task, case, arguments, chosen=None):
    """Returns the `judging.Case` of a `Draw` with these arguments: the right values, and those of each mistake."""
    doubles = [to_float64(argument) for argument in arguments]
    singles = [as_student_gets_it(argument) for argument in arguments]
    wrong = {}
    with np.errstate(all="ignore"):
        expected = evaluate(task.reference, doubles)
        for mistake in task.mistakes:
            every = [(formula, values) for formula in (mistake.formula, *mistake.also) for values in (doubles, singles)]
            indices = range(len(every)) if chosen is None else chosen[mistake.name]
            wrong[mistake.name] = tuple(evaluate(*every[index]) for index in indices)
    return judging.Case(
        name=case.name,
        kind=case.kind,
        arguments=arguments,
        expected=expected,
        wrong=wrong,
        sizes=case.sizes,
        careful=case.careful,
        remark=case.remark,
    )


def seed(secret, student, assignment, attempt, question, case):
    """Returns the seed of one case, an integer of 128 bits that does not reveal the secret."""
    message = "\0".join([student, assignment, str(attempt), question, case])
    return int.from_bytes(hmac.digest(secret, message.encode("utf-8", "surrogatepass"), "sha256")[:16], "big")


def round_to_float32(argument):
    """Returns an argument rounded to float32: its arrays, and its scalars as Python floats of float32 precision."""
    match argument:
        case BuiltArgument(kind, arrays):
            return BuiltArgument(kind, tuple(np.asarray(array, np.float32) for array in arrays))
        case Tensor(array):
            return Tensor(np.asarray(array, np.float32))
        case np.ndarray():
            return argument.astype(np.float32)
        case float():
            return float(np.float32(argument))
    return argument


def to_float64(argument):
    """Returns an argument for a formula in float64: exactly the student's rounded numbers."""
    match argument:
        case BuiltArgument(kind, arrays):
            return callables.build(kind, [array.astype(np.float64) for array in arrays])
        case Tensor(array) | (np.ndarray() as array):
            return array.astype(np.float64)
    return argument


def evaluate(formula, arguments):
    """Returns the value of `formula` as a tuple of float64 arrays."""
    value = formula(*arguments)
    values = value if isinstance(value, tuple) else (value,)
    return tuple(np.asarray(part, dtype=np.float64) for part in values)


def find_distinct_variants(task, cases):
    """Returns for the name of each mistake the indices of its variants that `distinct_indices` keeps on these cases."""
    right = flatten([case.expected for case in cases])
    return {
        wrong.name: distinct_indices(task, [case.wrong[wrong.name] for case in cases], right) for wrong in task.mistakes
    }


def distinct_indices(task, wrongs, right):
    """Returns the indices of the variants of a mistake that are neither right on all cases nor the same as an earlier one.

    The first is always kept: a mistake that is right on all cases must be reported, not left out.

    Args:
        task: The `Task`, for its tolerance.
        wrongs: For each case the variants of the mistake's values.
        right: The right values of all cases in one row.
    """
    if len(wrongs[0]) == 1:
        return [0]
    rows = np.stack([right, *(flatten(values) for values in zip(*wrongs, strict=True))])
    same = compare.are_same_rows(rows, rows[:, None], task)
    kept = [1]
    for index in range(2, len(rows)):
        if not same[index, [0, *kept]].any():
            kept.append(index)
    return [index - 1 for index in kept]


def flatten(values):
    """Returns all numbers of a list of tuples of arrays in one row."""
    return np.concatenate([np.ravel(part) for parts in values for part in parts])


def as_student_gets_it(argument):
    """Returns an argument in float32, as the student gets it, for a formula in NumPy."""
    match argument:
        case BuiltArgument(kind, arrays):
            return callables.build(kind, arrays)
        case Tensor(array):
            return array
    return argument


# Separation.


def find_clash(task, question, allowed):
    """Returns the names of two answers that other inputs tell apart and these do not; None if there are none.

    One name alone is a mistake that is right on these inputs. `allowed` holds the pairs that no inputs tell apart.
    """
    prints = naming.fingerprints(question)
    for wrong in task.mistakes:
        if wrong.name not in {mistake.name for mistake in prints.mistakes}:
            return [wrong.name]
    near = ~are_apart(np.vstack([prints.right, prints.values]), question)
    if near[0, 1:].any():
        return [prints.mistakes[np.flatnonzero(near[0, 1:])[0]].name]
    for first, second in np.argwhere(np.triu(near[1:, 1:], 1)):
        pair = frozenset((prints.mistakes[first].name, prints.mistakes[second].name))
        if len(pair) == 2 and pair not in allowed:
            return sorted(pair)
    return None


def are_apart(rows, question):
    """Returns for all pairs of rows whether some number differs by more than MARGIN_IN_TOLERANCES. Shape `[n, n]`."""
    separate = np.zeros((len(rows), len(rows)), bool)
    first, second = np.triu_indices(len(rows), 1)
    for column in rows.T:
        left, right = column[first], column[second]
        with np.errstate(all="ignore"):
            tolerance = question.atol + question.rtol * np.maximum(np.abs(left), np.abs(right))
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
    """What holds for the answers to a task on all inputs, as far as STRUCTURE_DRAWS independent draws can show it.

    Attributes:
        pairs: Pairs of names that no inputs tell apart. The tests count them and require a reason for each.
        variants: A dict from each mistake's name to the indices of its variants that differ from the others on some inputs.
            The others are not computed for each student.
    """

    pairs: frozenset
    variants: dict


_structures, _exploring = {}, threading.Lock()


def structure(assignment, task):
    """Returns the `Structure` of `task`; it is computed once in a process."""
    with _exploring:
        if (assignment, task) not in _structures:
            _structures[assignment, task] = _explore(assignment, task)
    return _structures[assignment, task]


def take_structure(assignment, task, found):
    """Stores the `Structure` that another process has computed."""
    with _exploring:
        _structures[assignment, task] = found


def _explore(assignment, task):
    if not task.cases:
        return Structure(frozenset(), {})
    kept, variants = None, {wrong.name: set() for wrong in task.mistakes}
    for draw in range(NUM_STRUCTURE_DRAWS):
        key = (b"structure", str(draw), assignment, 0)
        cases = [draw_case(task, case, key) for case in task.cases]
        for name, indices in find_distinct_variants(task, cases).items():
            variants[name].update(indices)
        question = build_question(task, cases)
        prints = naming.fingerprints(question)
        names = [mistake.name for mistake in prints.mistakes]
        pairs = np.argwhere(np.triu(~are_apart(prints.values, question), 1))
        together = {frozenset((names[i], names[j])) for i, j in pairs if names[i] != names[j]}
        kept = together if kept is None else kept & together
    return Structure(frozenset(kept), {name: tuple(sorted(indices)) for name, indices in variants.items()})


__all__ = [
    "EDGE",
    "GENERIC",
    "Assignment",
    "Draw",
    "Follow",
    "Manual",
    "Task",
    "TaskError",
    "Wrong",
    "materialise",
    "question_on",
    "seed",
    "structure",
    "take_structure",
    "to_float64",
]
