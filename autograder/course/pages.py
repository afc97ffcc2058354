"""What nbgrader's pages show: to those who grade, and may write points there, and to students."""

import re

import bleach
from nbconvert.exporters.exporter import ResourcesDict
from nbconvert.filters.markdown import markdown2html
from nbformat import NotebookNode
from nbgrader.preprocessors import NbGraderPreprocessor

__all__ = ["RUBRIC_TAG", "DropRubrics", "is_rubric", "safe_markdown"]

# What the cells are tagged that only graders see.
RUBRIC_TAG = "rubric"

TAGS = frozenset(bleach.ALLOWED_TAGS) | {
    "p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th",
    "td", "pre", "div", "span", "img", "sub", "sup", "del", "dl", "dt", "dd",
}  # fmt: skip
# What nbconvert sets behind each heading.
ANCHOR = re.compile(r'<a href="#[^"]*">¶</a>')
LINK = re.compile(r"https?:|mailto:|#", re.IGNORECASE)


def is_link(tag: str, name: str, value: str) -> bool:
    """Tells whether an attribute of `a` is a link that leads to a page."""
    return name == "href" and bool(LINK.match(value))


# No `class` and no `id`: by their class the scripts of nbgrader's pages know what takes a click as
# full points, and its style sheets lay an element over the whole page.
ATTRIBUTES = {"*": ["title", "align"], "a": is_link, "img": ["src", "alt", "width", "height"]}
PROTOCOLS = frozenset({"http", "https", "mailto", "data"})


def safe_markdown(source: str) -> str:
    """Returns Markdown as HTML that runs nothing; a filter of nbconvert's.

    nbgrader's pages show a student's HTML as it is: a script in an answer would run with the rights
    of whoever grades. Images that were attached are not kept, and nbconvert stops at one that is
    missing.
    """
    html = markdown2html(source.replace("attachment:", "attachment-"))
    cleaned = bleach.clean(html, tags=TAGS, attributes=ATTRIBUTES, protocols=PROTOCOLS)
    return ANCHOR.sub("", cleaned)


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
