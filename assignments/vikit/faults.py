"""Where the kit itself fails: an exception of its own costs the property or the case that it was about, and nothing else."""

import traceback
from dataclasses import replace

import numpy as np

from . import judge

KIT_ERROR = judge.KIT_ERROR
# What is no fault of the kit's code, and would be raised by the next case as well: it is raised on.
OF_THE_MACHINE = (OSError, MemoryError)
PACKAGES = ("vikit", "autograder")


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
    """Returns the `judge.Finding` on a property whose examination raised `error`."""
    return judge.Finding(KIT_ERROR, detail=where(error))


def unjudged(question, error):
    """Returns the `judge.Verdict` on a question, or a task, that could not be judged because the kit raised `error`."""
    said = judge.kit_failed(where(error))
    return judge.unjudged(question.name, question.points, KIT_ERROR, said, question.place)


def judged(question, answers, **options):
    """Returns the verdict of `judge.judge`; an answer on which that raises costs its own case alone."""
    try:
        return judge_quietly(question, answers, **options)
    except OF_THE_MACHINE:
        raise
    except Exception as error:  # noqa: BLE001 whatever it is: it is named
        first = error
    unknown = {name: failed(first) for name in answers}
    mended = dict(answers)
    for name, answer in answers.items():
        try:
            judge_quietly(question, unknown | {name: answer})
        except OF_THE_MACHINE:
            raise
        except Exception as error:  # noqa: BLE001
            mended[name] = failed(error)
    try:
        return judge_quietly(question, mended, **options)
    except OF_THE_MACHINE:
        raise
    except Exception as error:  # noqa: BLE001
        return unjudged(question, error)


def judge_quietly(question, answers, **options):
    """Returns the verdict of `judge.judge`. Numbers near the largest that there are overflow in it, and are not close."""
    with np.errstate(all="ignore"):
        return judge.judge(question, answers, **options)


def failed(error):
    return judge.Answer(KIT_ERROR, text=where(error))


def without_follow_through(verdict, error):
    """Returns the verdict on a question where asking for the student's own earlier values raised `error`."""
    message = f"{verdict.message}\n{judge.kit_failed(where(error))} It is about your own earlier values only."
    return replace(verdict, message=message)
