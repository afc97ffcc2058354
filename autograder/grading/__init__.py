"""Submissions in, verdicts out."""

from .submission import find_submissions
from .verdict import grade

__all__ = ["find_submissions", "grade"]
