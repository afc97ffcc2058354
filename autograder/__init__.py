"""The instructor's half of the kit: references, tasks, grading, the build and the reports."""

from .version import __version__


def grade(assignment, notebook, student="student", secret=None, device="auto", limits=None, unsafe=False):
    """Returns the verdict on one notebook as a dict; what the arguments are: `autograder.grading.verdict.grade`."""
    from .grading import grade as grade_one

    return grade_one(assignment, notebook, student=student, secret=secret, device=device, limits=limits, unsafe=unsafe)


__all__ = ["__version__", "grade"]
