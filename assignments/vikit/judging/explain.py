"""Writes the message to a student: on a wrong answer, on a right one, or on none at all."""

import re
from collections.abc import Mapping, Sequence

from .axes import Advice, advise_on_broadcast, advise_on_shape
from .compare import relative_error
from .describe import KNOWN_TYPES
from .naming import is_transformation
from .question import EDGE, GENERIC, KIT_ERROR, Answer, CaseVerdict, DrawnQuestion, Mistake

__all__ = [
    "KNOWN_TYPES",
    "explain_failure",
    "explain_kit_failure",
    "known_advice",
    "write_message",
    "write_repair",
]

# From names of cases to the answers.
Answers = dict[str, Answer]


EDGES = ", all of them edge cases: these earn points only if every case is right"
# On edge cases parts of a formula vanish, or one hides the others.
NO_PROOF = "  The cases that are right are special ones: many wrong formulas are right there."


def write_message(
    question: DrawnQuestion,
    verdicts: Sequence[CaseVerdict],
    status: str,
    mistakes: Sequence[Mistake],
    answers: Answers,
) -> str:
    """Returns the student's message: what is wrong, on which cases; no input or expected value.

    Args:
        question: The `DrawnQuestion`.
        verdicts: The verdicts on its cases.
        status: The status of the question.
        mistakes: The mistakes that explain the answers.
        answers: From names of cases to the answers.
    """
    failed = [verdict for verdict in verdicts if not verdict.passed]
    sizes = {case.name: case.sizes for case in question.cases}
    if status == "correct":
        return " ".join(
            [f"Right on all {len(verdicts)} cases.", *careful_remarks(question, answers)]
        )
    fixed = explain_failure(question, status, answers[failed[0].name], sizes[failed[0].name])
    if fixed and len(failed) == len(verdicts):
        return fixed
    first = f"Not right on {len(failed)} of {len(verdicts)} cases{EDGES * (status == 'partial')}."
    if mistakes:
        shapes = [verdict.problem for verdict in failed if verdict.status == "malformed"]
        return "\n".join([f"{first} {explain_mistakes(mistakes)}", *shapes[:1]])
    advice = advise_on_shape(question, answers)
    return "\n".join(
        [
            first,
            *describe_cases(verdicts),
            *([f"  {advice.seen}"] if advice else []),
            *(explain_broken(question, verdicts, answers) or filter(None, [fixed])),
        ]
    )


def write_repair(question: DrawnQuestion, mistakes: Sequence[Mistake], answers: Answers) -> str:
    """Returns how to mend each mistake, a line each; without one how to mend the shape, or "".

    Args:
        question: The `DrawnQuestion`.
        mistakes: The mistakes that explain the answers.
        answers: From names of cases to the answers.
    """
    if mistakes:
        return "\n".join(dict.fromkeys(each.repair for each in mistakes if each.repair))
    advice = advise_on_shape(question, answers) or next(
        filter(None, (lost_axis(answers[case.name], case.sizes) for case in question.cases)), None
    )
    if advice:
        return advice.repair
    kinds = [answers[case.name].kind for case in question.cases]
    return SHAPES if "InvalidArgumentError" in kinds else ""


def lost_axis(answer: Answer, sizes: Mapping[str, int]) -> Advice | None:
    """Returns the advice on an exception of two arrays that do not fit together, else None."""
    return advise_on_broadcast(answer.text, sizes) if answer.status == "error" else None


def explain_broken(
    question: DrawnQuestion, verdicts: Sequence[CaseVerdict], answers: Answers
) -> list[str]:
    """Returns the message on the first case that gave no values, if there is one."""
    statuses = ("correct", "wrong", "malformed")
    broken = [each.name for each in verdicts if each.status not in statuses]
    sizes = {case.name: case.sizes for case in question.cases}
    found = [
        explain_failure(question, answers[name].status, answers[name], sizes[name])
        for name in broken[:1]
    ]
    return [text for text in found if text]


def describe_cases(verdicts: Sequence[CaseVerdict]) -> list[str]:
    """Returns a line on each case that is not right, and on those that are if they show little."""
    lines = [f"  {verdict.name}: {verdict.problem}" for verdict in verdicts if not verdict.passed]
    return [*lines, NO_PROOF] if is_right_at_edges_alone(verdicts) else lines


def is_right_at_edges_alone(verdicts: Sequence[CaseVerdict]) -> bool:
    """Tells whether edge cases are right and no generic case is."""
    return {verdict.kind for verdict in verdicts if verdict.passed} == {EDGE} and any(
        verdict.kind == GENERIC for verdict in verdicts
    )


def careful_remarks(question: DrawnQuestion, answers: Answers) -> list[str]:
    """Returns remarks on right answers with few right digits, where a careful formula has more."""
    remarks = []
    for case in question.cases:
        if case.careful:
            pairs = zip(answers[case.name].values, case.expected, strict=True)
            worst = max(relative_error(got, want) for got, want in pairs)
            remarks += [f"A remark: {case.remark}"] if worst > case.careful else []
    return list(dict.fromkeys(remarks))


def explain_mistakes(mistakes: Sequence[Mistake]) -> str:
    """Returns the hint on a mistake; "Either: ... Or: ..." on several that look alike here."""
    hints = list(dict.fromkeys(mistake.hint for mistake in mistakes))
    # Several transformations with the same values are one mistake: the first hint is enough.
    if len(hints) == 1 or is_transformation(mistakes[0].name):
        return hints[0]
    return "Either: " + " Or: ".join(hints)


def explain_failure(
    question: DrawnQuestion, status: str, answer: Answer, sizes: Mapping[str, int] | None = None
) -> str | None:
    """Returns the message on a function that gave no values at all; None if it gave some.

    Args:
        question: The `DrawnQuestion`.
        status: The status of the question, or of the case that this is about.
        answer: The `Answer` to that case: the type, line and text of an exception.
        sizes: The sizes of the axes of that case, by their letters.
    """
    if status == "unanswered" and answer.kind.isidentifier() and answer.kind != question.name:
        first = answer.kind[:80]
        return (
            f"Answer `{first}` first: it still raises NotImplementedError, and your "
            f"`{question.name}` calls it."
        )
    if status == "unanswered":
        return "Not written yet: the function still raises NotImplementedError."
    if status == "missing":
        return (
            f"There is no `{question.name}` in the notebook: keep the name that the cell gave it."
        )
    if status == "error":
        return explain_exception(answer, sizes or {})
    if status == "timeout":
        return f"Your function was not done in time{': ' + answer.text if answer.text else ''}."
    if status == "crashed":
        return f"Your function was stopped: {answer.text or 'it ended the whole Python process'}."
    if status == KIT_ERROR:
        return explain_kit_failure(answer.text)
    if status == "malformed" and answer.status == "malformed":
        return explain_kind(question, answer.kind)
    return None


def explain_kind(question: DrawnQuestion, kind: str) -> str:
    """Returns the message on a function that returned something of another kind than arrays."""
    what = KNOWN_TYPES.get(kind, "something that is not an array")
    outputs = ", ".join(question.outputs)
    wanted = f"a tuple ({outputs})" if outputs else f"an array {question.shape}"
    said = f"Your function returned {what}; expected {wanted} of float32 or float64 numbers."
    return f"{said} Is its `return` missing?" if kind == "NoneType" else said


# Pairs: a pattern in an error's text or in the code that raised it, and the advice.
ADVICE = (
    (
        r"\btfp\.layers\b|\btfpl\.|\btensorflow_probability\.python\.layers\b|\btf_keras\b",
        (
            "tfp.layers and tf_keras do not work inside Keras 3: use Keras layers for the "
            "parameters, and build the tfd object from what they return."
        ),
    ),
    (
        r"is out of scope and cannot be used here|symbolic tf\.Tensor|"
        r"\bdisable_eager_execution\b|\bdisable_v2_behavior\b",
        (
            "A tensor that was made in a graph holds no numbers, and NumPy needs numbers. "
            "A model's training step is a graph: compute there with tf or keras.ops. "
            "If this notebook turns eager execution off (tf.compat.v1.disable_eager_execution "
            "or disable_v2_behavior), take that line out."
        ),
    ),
    (
        r"calling Sequential\.call\(\)\.\s+\S*?Invalid input shape",
        (
            "A keras.Sequential takes as many axes as its first call had. Reshape what it gets to "
            "rows, and what it returns back; or call its layers one after the other."
        ),
    ),
    (
        r"expected to be a (float|double) tensor but is a (float|double) tensor",
        (
            "TensorFlow does not mix float32 with float64, and NumPy computes in float64: take "
            "TensorFlow's function, as tf.math.log for np.log, or tf.cast(value, tf.float32)."
        ),
    ),
)


# What TensorFlow says of almost all arrays that it cannot combine.
SHAPES = (
    "TensorFlow could not combine two arrays: most often their shapes do not fit. Print them on "
    "the line before; keepdims=True in a sum, or [:, None] behind an array, keeps an axis."
)


def known_advice(text: str) -> list[str]:
    """Returns the advice on the known errors that a text holds."""
    return [advice for pattern, advice in ADVICE if re.search(pattern, text)]


def explain_kit_failure(location: str) -> str:
    """Returns the message if the kit itself raised; `location` is from `faults.error_location`."""
    return (
        f"The kit failed while examining this ({location}): tell your instructor; "
        "this is not a verdict on your work."
    )


def explain_exception(answer: Answer, sizes: Mapping[str, int]) -> str:
    """Returns the message on a function that raised an exception, with advice where it is known.

    Args:
        answer: The type, line and text of the exception.
        sizes: The sizes of the axes of the case, by their letters.
    """
    at = f" (line {answer.line} of its cell)" if answer.line else ""
    kind = answer.kind if answer.kind in NAMED_EXCEPTIONS else "an exception"
    text = [answer.text] if answer.text else []
    new_advice = [advice for advice in known_advice(answer.text) if advice not in answer.text]
    lost = lost_axis(answer, sizes)
    new_advice += [lost.seen] if lost else []
    return "\n".join([f"Your function raised {kind}{at}.", *text, *new_advice])


NAMED_EXCEPTIONS = {
    "ArithmeticError", "AssertionError", "AttributeError", "FloatingPointError", "ImportError",
    "IndentationError", "IndexError", "InvalidArgumentError", "KeyError", "LookupError",
    "MemoryError", "ModuleNotFoundError", "NameError", "OSError", "OverflowError",
    "PermissionError", "RecursionError", "ResourceExhaustedError", "RuntimeError", "SyntaxError",
    "TypeError", "UnboundLocalError", "UnimplementedError", "UnicodeError", "ValueError",
    "ZeroDivisionError",
}  # fmt: skip
