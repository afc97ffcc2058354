"""What nbgrader's pages show: to those who grade, and may write points there, and to students."""

import re

import bleach
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

from autograder.reports.mathematics import MARK, marked_markdown, with_formulas

__all__ = ["RUBRIC_TAG", "DropRubrics", "is_rubric", "safe_markdown"]

# What the cells are tagged that only graders see.
RUBRIC_TAG = "rubric"

TAGS = frozenset(bleach.ALLOWED_TAGS) | {
    "p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th",
    "td", "pre", "div", "span", "img", "sub", "sup", "del", "dl", "dt", "dd",
}  # fmt: skip
# An image that says nothing to those who do not see it.
UNNAMED = re.compile(r"<img (?![^>]*alt=)")
LINK = re.compile(r"https?:|mailto:|#", re.IGNORECASE)


# No `class` and no `id`: by their class the scripts of nbgrader's pages know what takes a click as
# full points, and its style sheets lay an element over the whole page.
ATTRIBUTES = {"*": ("title", "align"), "img": ("src", "alt", "width", "height")}
PROTOCOLS = frozenset({"http", "https", "mailto", "data"})


def is_allowed(tag: str, name: str, value: str) -> bool:
    """Tells whether an answer's HTML keeps an attribute."""
    if tag == "a" and name == "href":
        return bool(LINK.match(value))
    return name in (*ATTRIBUTES["*"], *ATTRIBUTES.get(tag, ()))


def safe_markdown(source: str) -> str:
    """Returns Markdown as HTML that runs nothing, formulas as MathML; a filter of nbconvert's.

    nbgrader's pages show a student's HTML as it is: a script in an answer would run with the rights
    of whoever grades. Images that were attached are not kept, and nbconvert stops at one that is
    missing.
    """
    html, formulas = marked_markdown(source.replace("attachment:", "attachment-"))

    def is_kept(tag: str, name: str, value: str) -> bool:
        # A formula in an attribute would end it.
        return is_allowed(tag, name, value) and not MARK.search(value)

    cleaned = bleach.clean(html, tags=TAGS, attributes=is_kept, protocols=PROTOCOLS)
    return with_formulas(UNNAMED.sub('<img alt="image in the answer" ', cleaned), formulas)


def is_rubric(cell: NotebookNode) -> bool:
    """Tells whether only graders see a cell. What students tag their own cells is not kept."""
    return RUBRIC_TAG in cell.metadata.get("tags", ())


class DropRubrics(NbGraderPreprocessor):
    """Takes what only graders see out of the notebook that becomes a student's feedback."""

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict
    ) -> tuple[NotebookNode, ResourcesDict]:
        nb.cells = [cell for cell in nb.cells if not is_rubric(cell)]
        return nb, resources
