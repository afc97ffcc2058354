"""A student's page: verdicts, messages, hints, sources; no input, expected value or solution."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from jinja2 import Environment, PackageLoader, Template
from vikit.checking import FAILED, MARKS

__all__ = ["Besides", "feedback_html"]


@cache
def template() -> Template:
    # Student names, messages and mistakes are text, whatever stands in them.
    environment = Environment(loader=PackageLoader("autograder.reports", "."), autoescape=True)
    return environment.get_template("feedback.html.j2")


@dataclass(frozen=True)
class Besides:
    """What a page says besides the verdict.

    Attributes:
        course: What the course is called; "" for nothing.
        date: When the page was written; "" for nothing.
        remarks: By question, decisions of the instructors, and requests with their answers.
        total: The points so far of the whole assignment, in words; "" where nobody knows.
        sources: By question, where its matter stands, if not where the verdict says.
    """

    course: str = ""
    date: str = ""
    remarks: Mapping[str, Sequence[str]] = field(default_factory=dict)
    total: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)


def feedback_html(verdict, besides: Besides | None = None) -> str:
    """Returns the feedback page of one verdict as HTML text.

    Args:
        verdict: The verdict.
        besides: What the page says besides.
    """
    shown = {question["name"] for question in verdict["questions"]}
    besides = besides or Besides()
    others = {name: said for name, said in besides.remarks.items() if name not in shown}
    return template().render(
        verdict=verdict, marks=MARKS, failed=FAILED, besides=besides, others=others
    )
