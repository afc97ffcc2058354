"""Judging an answer, for `check` and the grader: compare it, name the mistake, explain it.

This room knows no formula of the course and nothing of how answers came.
"""

from .decide import build_unjudged_verdict, combine_verdicts, judge, judge_properties
from .question import (
    ATOL,
    EDGE,
    GENERIC,
    KIT_ERROR,
    PROPERTY,
    RTOL,
    Answer,
    CaseVerdict,
    DrawnCase,
    DrawnQuestion,
    Finding,
    Mistake,
    PictureValues,
    Property,
    ReadBack,
    Verdict,
)
from .term_search import has_enough
from .terms import Column, Reading, Term, Terms

__all__ = [
    "ATOL",
    "EDGE",
    "GENERIC",
    "KIT_ERROR",
    "PROPERTY",
    "RTOL",
    "Answer",
    "CaseVerdict",
    "Column",
    "DrawnCase",
    "DrawnQuestion",
    "Finding",
    "Mistake",
    "PictureValues",
    "Property",
    "ReadBack",
    "Reading",
    "Term",
    "Terms",
    "Verdict",
    "build_unjudged_verdict",
    "combine_verdicts",
    "has_enough",
    "judge",
    "judge_properties",
]
