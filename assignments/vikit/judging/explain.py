"""Writes the message to a student: on a wrong answer, on a right one, or on none at all."""

import re
from collections.abc import Callable, Sequence

import numpy as np

from .compare import is_close, relative_error
from .describe import AXIS_NAMES, KNOWN_TYPES
from .naming import is_transformation
from .question import KIT_ERROR, Answer, CaseVerdict, DrawnCase, DrawnQuestion, Mistake

__all__ = [
    "KNOWN_TYPES",
    "explain_failure",
    "explain_kit_failure",
    "known_advice",
    "write_message",
]

# From names of cases to the answers.
Answers = dict[str, Answer]


EDGES = ", all of them edge cases: these earn points only if every case is right"


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
    if status == "correct":
        return " ".join(
            [f"Right on all {len(verdicts)} cases.", *careful_remarks(question, answers)]
        )
    fixed = explain_failure(question, status, answers[failed[0].name])
    if fixed and len(failed) == len(verdicts):
        return fixed
    first = f"Not right on {len(failed)} of {len(verdicts)} cases{EDGES * (status == 'partial')}."
    if mistakes:
        shapes = [verdict.problem for verdict in failed if verdict.status == "malformed"]
        return "\n".join([f"{first} {explain_mistakes(mistakes)}", *shapes[:1]])
    broken = next(
        (answers[one.name] for one in failed if one.status not in ("wrong", "malformed")), None
    )
    failure = explain_failure(question, broken.status, broken) if broken else fixed
    problems = [f"  {verdict.name}: {verdict.problem}" for verdict in failed]
    return "\n".join(
        [first, *problems, *advise_on_shape(question, answers), *([failure] if failure else [])]
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


def explain_failure(question: DrawnQuestion, status: str, answer: Answer) -> str | None:
    """Returns the message on a function that gave no values at all; None if it gave some.

    Args:
        question: The `DrawnQuestion`.
        status: The status of the question, or of the case that this is about.
        answer: The `Answer` to that case: the type, line and text of an exception.
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
        return explain_exception(answer)
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


def known_advice(text: str) -> list[str]:
    """Returns the advice on the known errors that a text holds."""
    return [advice for pattern, advice in ADVICE if re.search(pattern, text)]


def explain_kit_failure(location: str) -> str:
    """Returns the message if the kit itself raised; `location` is from `faults.error_location`."""
    return (
        f"The kit failed while examining this ({location}): tell your instructor; "
        "this is not a verdict on your work."
    )


def explain_exception(answer: Answer) -> str:
    """Returns the message on a function that raised an exception, with advice where it is known."""
    at = f" (line {answer.line} of its cell)" if answer.line else ""
    kind = answer.kind if answer.kind in NAMED_EXCEPTIONS else "an exception"
    text = [answer.text] if answer.text else []
    new_advice = [advice for advice in known_advice(answer.text) if advice not in answer.text]
    return "\n".join([f"Your function raised {kind}{at}.", *text, *new_advice])


NAMED_EXCEPTIONS = {
    "ArithmeticError", "AssertionError", "AttributeError", "FloatingPointError", "ImportError",
    "IndentationError", "IndexError", "InvalidArgumentError", "KeyError", "LookupError",
    "MemoryError", "ModuleNotFoundError", "NameError", "OSError", "OverflowError",
    "PermissionError", "RecursionError", "ResourceExhaustedError", "RuntimeError", "SyntaxError",
    "TypeError", "UnboundLocalError", "UnimplementedError", "UnicodeError", "ValueError",
    "ZeroDivisionError",
}  # fmt: skip


def advise_on_shape(question: DrawnQuestion, answers: Answers) -> list[str]:
    """Returns a line of advice on shapes that have an axis too many or too few; else no line."""
    lost = lost_axis(question, answers)
    if lost:
        if is_reduced_over(question, answers, lost):
            return [f"  The axis {lost} is missing: it must not be summed or averaged over."]
        each = AXIS_NAMES.get(lost, "entry")
        return [f"  The axis {lost} is missing: each {each} needs values of its own."]
    steps = {
        "The values are right: only the axis of size 1 must go.": lambda value, axis: value.squeeze(
            axis
        ),
        "Summed over that axis your values would be right.": lambda value, axis: value.sum(
            axis=axis
        ),
        "Averaged over that axis your values would be right.": lambda value, axis: value.mean(
            axis=axis
        ),
    }
    for advice, step in steps.items():
        for axis in (-1, 0):
            if all(
                is_right_after(question, case, answers[case.name], step, axis)
                for case in question.cases
            ):
                return [f"  There is an axis too many, the {'last' if axis else 'first'}. {advice}"]
    return []


def lost_axis(question: DrawnQuestion, answers: Answers) -> str:
    """Returns the letter of the only axis that all answers lack; "" unless there is one such axis.

    Sizes of a case differ, so that what is left tells which axis is gone.
    """
    letters = re.findall(r"\w+", question.shape)
    found = set(letters)
    for case in question.cases:
        answer = answers[case.name]
        if answer.status != "ok" or len(answer.values) != 1 or len(case.expected) != 1:
            return ""
        wanted, got = case.expected[0].shape, answer.values[0].shape
        if len(letters) != len(wanted):
            return ""
        found &= {
            letter
            for axis, letter in enumerate(letters)
            if wanted[:axis] + wanted[axis + 1 :] == got
        }
    return found.pop() if len(found) == 1 else ""


def is_reduced_over(question: DrawnQuestion, answers: Answers, letter: str) -> bool:
    """Tells whether all answers are the right values, summed or averaged over an axis."""
    axis = re.findall(r"\w+", question.shape).index(letter)
    return any(
        all(
            is_close(answers[case.name].values[0], step(case.expected[0], axis=axis), question)
            for case in question.cases
        )
        for step in (np.sum, np.mean)
    )


def is_right_after(
    question: DrawnQuestion, case: DrawnCase, answer: Answer, step: Callable, axis: int
) -> bool:
    """Tells whether `step(values, axis)`, which removes an axis, makes an answer right."""
    if answer.status != "ok" or len(answer.values) != len(case.expected):
        return False
    for got, want in zip(answer.values, case.expected, strict=True):
        if got.ndim != want.ndim + 1 or got.dtype.kind != "f" or got.size == 0:
            return False
        left = got.shape[:-1] if axis else got.shape[1:]
        if left != want.shape:
            return False
        try:
            changed = step(got, axis)
        except ValueError:
            return False
        if not is_close(changed, want, question):
            return False
    return True
