"""Writes the message to a student: on a wrong answer, on a right one, or on none at all."""

import re

from .compare import is_close, relative_error
from .describe import KNOWN_TYPES
from .naming import TRANSFORMATIONS, is_transformation
from .question import KIT_ERROR

__all__ = ["KNOWN_TYPES", "explain_failure", "explain_kit_failure", "known_advice", "mistake_in_words", "write_message"]


def write_message(question, verdicts, status, mistakes, answers):
    """Returns the message for the student: what is wrong, and on which cases. It holds no input and no expected value."""
    total = len(verdicts)
    failed = [verdict for verdict in verdicts if not verdict.passed]
    if status == "correct":
        return " ".join([f"Right on all {total} cases.", *careful_remarks(question, answers)])
    answer = answers[failed[0].name]
    fixed = explain_failure(question, status, answer)
    if fixed and len(failed) == total:
        return fixed
    where = f"{len(failed)} of {total} cases"
    if status == "partial":
        where += ", all of them edge cases (which count only together)"
    lines = [f"Not right on {where}."]
    if mistakes:
        shapes = [verdict.problem for verdict in failed if verdict.status == "malformed"]
        lines = [f"{lines[0]} {explain_mistakes(mistakes)}", *shapes[:1]]
    else:
        lines += [f"  {verdict.name}: {verdict.problem}" for verdict in failed]
        lines += advise_on_shape(question, answers)
        broken = next(
            (answers[verdict.name] for verdict in failed if verdict.status not in ("wrong", "malformed")), None
        )
        failure = explain_failure(question, broken.status, broken) if broken else fixed
        lines += [failure] if failure else []
    return "\n".join(lines)


def careful_remarks(question, answers):
    """Returns the remarks on right answers that have lost most of their digits, where a careful formula loses none."""
    remarks = []
    for case in question.cases:
        if case.careful:
            pairs = zip(answers[case.name].values, case.expected, strict=True)
            worst = max(relative_error(got, want) for got, want in pairs)
            remarks += [f"A remark: {case.remark}"] if worst > case.careful else []
    return list(dict.fromkeys(remarks))


def explain_mistakes(mistakes):
    """Returns the hint on a mistake, or "Either: ... Or: ..." on several that these inputs cannot tell apart."""
    hints = list(dict.fromkeys(mistake.hint for mistake in mistakes))
    # Several transformations with the same values are one mistake: the first hint is enough.
    if len(hints) == 1 or is_transformation(mistakes[0].name):
        return hints[0]
    return "Either: " + " Or: ".join(hints)


def mistake_in_words(name):
    """Returns the name of a mistake, or several joined by " or ", as students read it.

    A listed mistake has its own name; a transformation of it, or of the right values, is said: "kl_missing, doubled".
    """
    names = name.split(" or ")
    words = [transformation_in_words(one) if is_transformation(one) else one for one in names]
    return (" or " if words == names else "; or ").join(words)


def transformation_in_words(name):
    transformation, _, inner = name.partition(" of ")
    kind, _, outputs = transformation.partition(" in ")
    return f"{inner or 'the right values'}, {outputs + ' ' if outputs else ''}{TRANSFORMATIONS[kind].words}"


def explain_failure(question, status, answer):
    """Returns the message on a function that gave no values at all; None where it gave some."""
    if status == "unanswered" and answer.kind.isidentifier() and answer.kind != question.name:
        return f"Answer `{answer.kind[:80]}` first: it still raises NotImplementedError, and your `{question.name}` calls it."
    if status == "unanswered":
        return "Not written yet: the function still raises NotImplementedError."
    if status == "missing":
        return f"There is no `{question.name}` in the notebook: keep the name that the cell gave it."
    if status == "error":
        at = f" (line {answer.line} of its cell)" if answer.line else ""
        kind = answer.kind if answer.kind in NAMED_EXCEPTIONS else "an exception"
        new_advice = [text for text in known_advice(answer.text) if text not in answer.text]
        return "\n".join([f"Your function raised {kind}{at}.", *([answer.text] if answer.text else []), *new_advice])
    if status == "timeout":
        return f"Your function was not done in time{': ' + answer.text if answer.text else ''}."
    if status == "crashed":
        return f"Your function was stopped: {answer.text or 'it ended the whole Python process'}."
    if status == KIT_ERROR:
        return explain_kit_failure(answer.text)
    if status == "malformed" and answer.status == "malformed":
        what = KNOWN_TYPES.get(answer.kind, "something that is no array")
        wanted = f"a tuple ({', '.join(question.outputs)})" if question.outputs else f"an array {question.shape}"
        return f"Your function returned {what}; expected {wanted} of float32 or float64 numbers."
    return None


# Pairs: a pattern in an error's text or in the code that raised it, and the advice.
ADVICE = (
    (
        r"\btfp\.layers\b|\btfpl\.|\btensorflow_probability\.python\.layers\b|\btf_keras\b",
        "tfp.layers and tf_keras do not work inside Keras 3: use Keras layers for the parameters, and build the tfd object "
        "from what they return.",
    ),
    (
        r"is out of scope and cannot be used here|symbolic tf\.Tensor|\bdisable_eager_execution\b|\bdisable_v2_behavior\b",
        "A tensor that was made in a graph holds no numbers. If this notebook turns eager execution off "
        "(tf.compat.v1.disable_eager_execution or disable_v2_behavior), take that line out.",
    ),
)


def known_advice(text):
    """Returns the advice on the known errors that a text holds."""
    return [advice for pattern, advice in ADVICE if re.search(pattern, text)]


def explain_kit_failure(location):
    """Returns the message where the kit itself raised an exception; `location` as `faults.error_location` returns it."""
    return (
        f"The kit failed while examining this ({location}): tell your instructor; this is not a verdict on your work."
    )


NAMED_EXCEPTIONS = {
    "ArithmeticError", "AssertionError", "AttributeError", "FloatingPointError", "ImportError", "IndentationError",
    "IndexError", "InvalidArgumentError", "KeyError", "LookupError", "MemoryError", "ModuleNotFoundError", "NameError",
    "OSError", "OverflowError", "PermissionError", "RecursionError", "ResourceExhaustedError", "RuntimeError",
    "SyntaxError", "TypeError", "UnboundLocalError", "UnimplementedError", "UnicodeError", "ValueError",
    "ZeroDivisionError",
}  # fmt: skip


def advise_on_shape(question, answers):
    """Returns a line of advice where the values are right except for one axis too many: kept, or not yet summed over."""
    steps = {
        "The values are right: only the axis of size 1 must go.": lambda value, axis: value.squeeze(axis),
        "Summed over that axis your values would be right.": lambda value, axis: value.sum(axis=axis),
        "Averaged over that axis your values would be right.": lambda value, axis: value.mean(axis=axis),
    }
    for advice, step in steps.items():
        for axis in (-1, 0):
            if all(is_right_after(question, case, answers[case.name], step, axis) for case in question.cases):
                return [f"  There is an axis too many, the {'last' if axis else 'first'}. {advice}"]
    return []


def is_right_after(question, case, answer, step, axis):
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
