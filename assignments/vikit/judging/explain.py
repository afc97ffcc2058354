"""What a student is told: the message to a wrong answer, or to one that never came."""

import re

from .compare import is_close, relative_error
from .describe import KNOWN_TYPES
from .question import KIT_ERROR


def explain(question, verdicts, status, mistakes, answers):
    """Returns the message for the student: what is off, and on which cases. No input and no expected value is in it."""
    total = len(verdicts)
    failed = [verdict for verdict in verdicts if not verdict.passed]
    if status == "correct":
        return " ".join([f"Right on all {total} cases.", *remarks(question, answers)])
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
        lines = [f"{lines[0]} {spoken(mistakes)}", *shapes[:1]]
    else:
        lines += [f"  {verdict.name}: {verdict.problem}" for verdict in failed]
        lines += shape_advice(question, answers)
        broken = next(
            (answers[verdict.name] for verdict in failed if verdict.status not in ("wrong", "malformed")), None
        )
        said = explain_failure(question, broken.status, broken) if broken else fixed
        lines += [said] if said else []
    return "\n".join(lines)


def remarks(question, answers):
    """Returns what to say to answers that are right, but with hardly a digit left where a careful formula has all."""
    said = []
    for case in question.cases:
        if case.careful:
            pairs = zip(answers[case.name].values, case.expected, strict=True)
            worst = max(relative_error(got, want) for got, want in pairs)
            said += [f"A remark: {case.remark}"] if worst > case.careful else []
    return list(dict.fromkeys(said))


def spoken(mistakes):
    hints = list(dict.fromkeys(mistake.hint for mistake in mistakes))
    # Several transformations that come to the same are one mistake, said in one way.
    if len(hints) == 1 or mistakes[0].name.startswith("closure_"):
        return hints[0]
    return "Either: " + " Or: ".join(hints)


def explain_failure(question, status, answer):
    """Returns what to say where the function gave no values at all; None where it did."""
    if status == "unanswered" and answer.kind.isidentifier() and answer.kind != question.name:
        return f"Answer `{answer.kind[:80]}` first: it still raises NotImplementedError, and your `{question.name}` calls it."
    if status == "unanswered":
        return "Not written yet: the function still raises NotImplementedError."
    if status == "missing":
        return f"There is no `{question.name}` in the notebook: keep the name that the cell gave it."
    if status == "error":
        at = f" (line {answer.line} of its cell)" if answer.line else ""
        kind = answer.kind if answer.kind in EXCEPTIONS else "an exception"
        said = [text for text in advice(answer.text) if text not in answer.text]
        return "\n".join([f"Your function raised {kind}{at}.", *([answer.text] if answer.text else []), *said])
    if status == "timeout":
        return f"Your function was not done in time{': ' + answer.text if answer.text else ''}."
    if status == "crashed":
        return f"Your function was stopped: {answer.text or 'it ended the whole Python process'}."
    if status == KIT_ERROR:
        return kit_failed(answer.text)
    if status == "malformed" and answer.status == "malformed":
        what = KNOWN_TYPES.get(answer.kind, "something that is no array")
        wanted = f"a tuple ({', '.join(question.outputs)})" if question.outputs else f"an array {question.shape}"
        return f"Your function returned {what}; expected {wanted} of float32 or float64 numbers."
    return None


# What stands in an error or in the code that raised it, and what to say to it.
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


def advice(text):
    """Returns what is to be said to the errors in a text that are known."""
    return [said for pattern, said in ADVICE if re.search(pattern, text)]


def kit_failed(where):
    """Returns what to say where the kit itself raised an exception; `where` says which and where."""
    return f"The kit failed while examining this ({where}): tell your instructor; this is not a verdict on your work."


EXCEPTIONS = {
    "ArithmeticError", "AssertionError", "AttributeError", "FloatingPointError", "ImportError", "IndentationError",
    "IndexError", "InvalidArgumentError", "KeyError", "LookupError", "MemoryError", "ModuleNotFoundError", "NameError",
    "OSError", "OverflowError", "PermissionError", "RecursionError", "ResourceExhaustedError", "RuntimeError",
    "SyntaxError", "TypeError", "UnboundLocalError", "UnimplementedError", "UnicodeError", "ValueError",
    "ZeroDivisionError",
}  # fmt: skip


def shape_advice(question, answers):
    """Returns a line for values that are right but for an axis too many: kept, or not yet summed over."""
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
