"""Where something fails that is not the student's: whose fault it is, and what it costs.

A fault of the machine (no space, no memory, too many open files) would hit whatever comes next as well: it is raised on, and
there is no verdict. Any other exception is the kit's own: it costs the property or the case that it was about, no more.
"""

import errno
import traceback
from dataclasses import replace

import numpy as np

from .. import judging
from . import explain

KIT_ERROR = judging.KIT_ERROR
# What an error about one path says: it is not there, is closed, or is something else than expected; and what a system does
# not offer at all. Any other error (no space left, an unreadable disk, a file server that does not answer) is the machine's.
OF_A_PATH = frozenset(
    getattr(errno, name)
    for name in (
        *("EACCES", "EPERM", "ENOENT", "ENOTDIR", "EISDIR", "EEXIST", "ELOOP", "ENAMETOOLONG", "EINVAL"),
        *("ENOSYS", "EOPNOTSUPP", "EAFNOSUPPORT"),
    )
    if hasattr(errno, name)
)
# The same of those that were raised without a number.
ABOUT_A_PATH = (FileNotFoundError, PermissionError, NotADirectoryError, IsADirectoryError, FileExistsError)
PACKAGES = ("vikit", "autograder")


def is_of_the_machine(error):
    """Tells whether an exception is the machine's: no memory, or an error of the system that is about no path."""
    if isinstance(error, OSError):
        return error.errno not in OF_A_PATH and not isinstance(error, ABOUT_A_PATH)
    return isinstance(error, MemoryError)


def where(error):
    """Returns the type of an exception and where in the kit it was raised: "TypeError in flows.training". No value of it."""
    # Types of the kit's side only: the student's exceptions come as text.
    places = [
        (frame.f_globals.get("__name__", ""), frame.f_code.co_name)
        for frame, _ in traceback.walk_tb(error.__traceback__)
    ]
    ours = [(module, function) for module, function in places if module.split(".")[0] in PACKAGES]
    if not ours:
        return type(error).__name__
    module, function = ours[-1]
    return f"{type(error).__name__} in {module.rpartition('.')[2]}.{function}"


def finding(error):
    """Returns the `judging.Finding` on a property whose examination raised `error`."""
    return judging.Finding(KIT_ERROR, detail=where(error))


def unjudged(question, error):
    """Returns the `judging.Verdict` on a question, or a task, that could not be judged because the kit raised `error`."""
    said = explain.kit_failed(where(error))
    return judging.unjudged(question.name, question.points, KIT_ERROR, said, question.source)


def judged(question, answers, **options):
    """Returns the verdict of `judging.judge`; an answer on which that raises costs its own case alone."""
    try:
        return judge_quietly(question, answers, **options)
    except Exception as error:
        if is_of_the_machine(error):
            raise
        first = error
    unknown = {name: failed(first) for name in answers}
    mended = dict(answers)
    for name, answer in answers.items():
        try:
            judge_quietly(question, unknown | {name: answer})
        except Exception as error:
            if is_of_the_machine(error):
                raise
            mended[name] = failed(error)
    try:
        return judge_quietly(question, mended, **options)
    except Exception as error:
        if is_of_the_machine(error):
            raise
        return unjudged(question, error)


def judge_quietly(question, answers, **options):
    """Returns the verdict of `judging.judge`. Numbers near the largest that there are overflow in it, and are not close."""
    with np.errstate(all="ignore"):
        return judging.judge(question, answers, **options)


def failed(error):
    return judging.Answer(KIT_ERROR, text=where(error))


def without_follow_through(verdict, error):
    """Returns the verdict on a question where asking for the student's own earlier values raised `error`."""
    message = f"{verdict.message}\n{explain.kit_failed(where(error))} It is about your own earlier values only."
    return replace(verdict, message=message)
