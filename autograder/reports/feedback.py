"""A student's page: verdicts, messages, hints, sources; no input, expected value or solution."""

from functools import cache

from jinja2 import Environment, PackageLoader, Template
from vikit.checking import FAILED, MARKS

__all__ = ["feedback_html"]


@cache
def template() -> Template:
    # Student names, messages and mistakes are text, whatever stands in them.
    environment = Environment(loader=PackageLoader("autograder.reports", "."), autoescape=True)
    return environment.get_template("feedback.html.j2")


def feedback_html(verdict) -> str:
    """Returns the feedback page of one verdict as HTML text."""
    return template().render(verdict=verdict, marks=MARKS, failed=FAILED)
