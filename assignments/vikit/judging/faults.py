"""Exceptions that are not the student's: of the machine, or of the kit itself.

A fault of the machine (no space, no memory, too many open files) would hit the next question too:
it is raised again, and there is no verdict. Any other exception is the kit's own: it costs only the
property or the case that was being judged.
"""

import errno
import traceback
from dataclasses import replace
from typing import Any

import numpy as np

from .. import judging
from . import explain

__all__ = [
    "KIT_ERROR",
    "build_finding",
    "build_kit_error_verdict",
    "error_location",
    "is_of_the_machine",
    "judge_case_by_case",
    "note_failed_follow_through",
]


KIT_ERROR = judging.KIT_ERROR
# Errors about one path (it does not exist, may not be read, is of another kind than expected) and
# calls that the system does not have. Any other error (no space left, an unreadable disk, a silent
# file server) is the machine's.
OF_A_PATH = frozenset(
    getattr(errno, name)
    for name in (
        *(
            "EACCES",
            "EPERM",
            "ENOENT",
            "ENOTDIR",
            "EISDIR",
            "EEXIST",
            "ELOOP",
            "ENAMETOOLONG",
            "EINVAL",
        ),
        *("ENOSYS", "EOPNOTSUPP", "EAFNOSUPPORT"),
    )
    if hasattr(errno, name)
)
# The same errors raised without a number.
ABOUT_A_PATH = (
    FileNotFoundError,
    PermissionError,
    NotADirectoryError,
    IsADirectoryError,
    FileExistsError,
)
PACKAGES = ("vikit", "autograder")


def is_of_the_machine(error: BaseException) -> bool:
    """Tells whether an exception is the machine's: no memory, or an error about no path."""
    if isinstance(error, OSError):
        return error.errno not in OF_A_PATH and not isinstance(error, ABOUT_A_PATH)
    return isinstance(error, MemoryError)


def error_location(error: BaseException) -> str:
    """Returns an exception's type and place in the kit: "TypeError in terms.look". No values."""
    # The exception is of the kit's own process: the student's exceptions arrive as text.
    frames = [
        (frame.f_globals.get("__name__", ""), frame.f_code.co_name)
        for frame, _ in traceback.walk_tb(error.__traceback__)
    ]
    ours = [(module, function) for module, function in frames if module.split(".")[0] in PACKAGES]
    if not ours:
        return type(error).__name__
    module, function = ours[-1]
    return f"{type(error).__name__} in {module.rpartition('.')[2]}.{function}"


def build_finding(error: BaseException) -> judging.Finding:
    """Returns the `judging.Finding` on a property whose examination raised `error`."""
    return judging.Finding(KIT_ERROR, detail=error_location(error))


def build_kit_error_verdict(question: Any, error: BaseException) -> judging.Verdict:
    """Returns the `judging.Verdict` on a question on which the kit raised `error`."""
    message = explain.explain_kit_failure(error_location(error))
    return judging.build_unjudged_verdict(question, KIT_ERROR, message)


def judge_case_by_case(
    question: judging.DrawnQuestion, answers: dict, **options: Any
) -> judging.Verdict:
    """Returns `judging.judge`'s verdict; if that raises, only the cases that cause it fail.

    Args:
        question: The `judging.DrawnQuestion`.
        answers: From names of cases to the `judging.Answer`s.
        options: `public` and `again`, as in `judging.judge`.

    Raises:
        OSError, MemoryError: The machine's faults.
    """
    try:
        return judge_quietly(question, answers, **options)
    except Exception as error:
        if is_of_the_machine(error):
            raise
        first = error
    unknown = {name: build_failed_answer(first) for name in answers}
    mended = dict(answers)
    for name, answer in answers.items():
        try:
            judge_quietly(question, unknown | {name: answer})
        except Exception as error:
            if is_of_the_machine(error):
                raise
            mended[name] = build_failed_answer(error)
    try:
        return judge_quietly(question, mended, **options)
    except Exception as error:
        if is_of_the_machine(error):
            raise
        return build_kit_error_verdict(question, error)


def judge_quietly(
    question: judging.DrawnQuestion, answers: dict, **options: Any
) -> judging.Verdict:
    """Returns the verdict of `judging.judge`, without NumPy's warnings of overflow."""
    with np.errstate(all="ignore"):
        return judging.judge(question, answers, **options)


def build_failed_answer(error: BaseException) -> judging.Answer:
    """Returns the `judging.Answer` to a case on which the kit itself raised `error`."""
    return judging.Answer(KIT_ERROR, text=error_location(error))


def note_failed_follow_through(verdict: judging.Verdict, error: BaseException) -> judging.Verdict:
    """Returns `verdict`, noting that asking for the student's earlier values raised `error`."""
    failure = explain.explain_kit_failure(error_location(error))
    return replace(
        verdict, message=f"{verdict.message}\n{failure} It is about your own earlier values only."
    )
