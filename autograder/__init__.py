"""The instructor's half of the kit: references, tasks, grading, the build and the reports."""

from typing import Any

from .version import __version__


# Not fewer arguments: they are those of `autograder.grading.verdict.grade`.
def grade(
    assignment, notebook, student="student", secret=None, device="auto", limits=None, unsafe=False
) -> dict[str, Any]:
    """Returns the verdict on one notebook as a dict.

    Args:
        assignment: Name of the assignment.
        notebook: The student's notebook, or the zip that `vikit.submit()` wrote of it.
        student, secret, device, limits, unsafe: As of `autograder.grading.verdict.grade`, which
            says what is raised too.
    """
    from .grading import grade as grade_one

    return grade_one(
        assignment,
        notebook,
        student=student,
        secret=secret,
        device=device,
        limits=limits,
        unsafe=unsafe,
    )


__all__ = ["__version__", "grade"]
