"""Submissions in, verdicts out."""

from .class_folder import find_submissions
from .verdict import grade

__all__ = ["find_submissions", "grade"]
