"""A solution that has run as a page: texts with formulas, code, and what it printed and drew."""

import re
from typing import Any

from markupsafe import Markup, escape
from nbconvert import HTMLExporter
from nbformat import NotebookNode

from . import mathematics, pages

__all__ = ["solution_html"]

# Text that is scrolled where it is wide, with keys only if it can be focused.
FIXED = re.compile(r"<pre(?![^>]*tabindex)")


def solution_html(title: str, notebook: NotebookNode) -> str:
    """Returns the page of a notebook as HTML: one file that needs no network.

    Args:
        title: What it is called.
        notebook: The notebook, with outputs. What it says is trusted.
    """
    exporter = HTMLExporter(
        template_name="basic",
        embed_images=True,
        filters={"markdown2html": text_html, "highlight_code": code_html},
    )
    body, _ = exporter.from_notebook_node(notebook)
    # nbconvert takes what makes code focusable away.
    return pages.template("solution").render(
        title=title,
        body=Markup(FIXED.sub('<pre tabindex="0"', body)),
        code_styles=pages.code_styles(),
    )


def text_html(source: str) -> Markup:
    """Returns a text cell as HTML, its formulas as MathML."""
    html, formulas = mathematics.marked_markdown(source)
    return mathematics.with_formulas(html, formulas)


def code_html(source: str, **_: Any) -> Markup:
    """Returns a code cell as HTML."""
    return Markup('<pre class="code">{}</pre>').format(pages.colour_code(source) or escape(source))
