"""The instructor's half of the kit: references, tasks, grading, the build and the reports."""

from .version import __version__


def grade(assignment, notebook, **options):
    """Returns the verdict on one notebook as a dict; see `autograder.grading.grade`."""
    from .grading import grade as grade_one

    return grade_one(assignment, notebook, **options)


__all__ = ["__version__", "grade"]
