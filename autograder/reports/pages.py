"""What all pages of the kit have in common: one style, light and dark, and code in colours."""

import re
from functools import cache

from jinja2 import Environment, PackageLoader, Template
from markupsafe import Markup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from autograder.names import printable

from . import mathematics

__all__ = ["code_styles", "colour_code", "template"]

# Light and dark, with enough contrast.
STYLES = ("default", "github-dark")
# What may turn text round, or is not seen: it is shown by its number.
HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)


@cache
def template(name: str) -> Template:
    """Returns the template of a kind of pages; each extends `page.html.j2`."""
    # Student names, messages and mistakes are text, whatever stands in them.
    environment = Environment(loader=PackageLoader("autograder.reports", "."), autoescape=True)
    environment.filters |= {
        "printable": printable,
        "with_code": mathematics.with_code,
        "breakable": mathematics.breakable,
    }
    return environment.get_template(f"{name}.html.j2")


@cache
def code_styles() -> Markup:
    """Returns the colours of code as CSS, light and dark."""
    light, dark = (HtmlFormatter(style=style).get_style_defs("pre.code") for style in STYLES)
    return Markup(
        f"{light}\n@media (prefers-color-scheme: dark) {{ {dark} }}\n"
        "pre.code { background: var(--box); }"
    )


def colour_code(code: str) -> Markup:
    """Returns Python code as HTML, with colours; nothing of it is run, or turns what follows."""
    if not code.strip():
        return Markup("")
    seen = HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", code)
    return Markup(highlight(seen, PythonLexer(), HtmlFormatter(nowrap=True)))
