"""Texts with formulas, and formulas in plain text, as HTML that shows them without a network.

Formulas become MathML: browsers draw it and screen readers read it, without a script.
"""

import re
import secrets
from collections.abc import Mapping
from functools import cache
from html import unescape
from typing import Any
from xml.etree import ElementTree

from latex2mathml.converter import convert_to_element
from markupsafe import Markup, escape
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

__all__ = [
    "MARK",
    "breakable",
    "displayed_formulas",
    "formulas",
    "markdown",
    "marked_markdown",
    "tex",
    "to_tex",
    "with_code",
    "with_formulas",
]

DISPLAYED = re.compile(r"\$\$(.+?)\$\$", re.DOTALL)
LINK = re.compile(r"https?://")
MATHML = "http://www.w3.org/1998/Math/MathML"
# Of the parts of a formula; no size, and no space above three times that of a letter.
ATTRIBUTES = frozenset(
    [
        *("accent", "accentunder", "columnalign", "columnlines", "columnspacing", "display"),
        *("displaystyle", "fence", "form", "largeop", "linethickness", "lspace", "mathcolor"),
        *("mathvariant", "movablelimits", "notation", "rowlines", "rowspacing"),
        *("rspace", "scriptlevel", "separator", "stretchy", "width"),
    ]
)
WORDS = r"[A-Za-z]{1,30}(?: [A-Za-z]{1,30})*"
LENGTH = r"(?:[0-2]?\.\d{1,6}|[0-3])(?:em|ex|pt)?"
VALUE = re.compile(rf"{WORDS}|#[0-9A-Fa-f]{{3,8}}|{LENGTH}(?: {LENGTH})*")
EMPTY_HEADING = re.compile(r"<th([^>]*)></th>")
# Environments that latex2mathml does not know, and what has the same lines.
ALIGNED = re.compile(r"\\(begin|end)\{(?:aligned|gathered|eqnarray)\*?\}")
WITHOUT_LINES = re.compile(r"\\(?:begin|end)\{equation\*?\}")
# What stands for a formula until the text around it has been cleaned.
MARK = re.compile(r"formula[0-9a-f]{16}x\d+x")
# Of one text: what is more stays as it is written.
MOST_FORMULAS = 1000
# In LaTeX.
LONGEST = 20_000
# In LaTeX: what is shorter fits into a line of a telephone.
LONGEST_IN_LINE = 40
# Browsers may break a line between a formula and what ends its sentence.
BEFORE_SIGN = re.compile(r"(</math>(?:</span>)?)(?=[.,;:)\]?!])")
CODE = re.compile(r"`([^`\n]+)`")


class PageRenderer(IPythonRenderer):
    """Renders formulas, and what is wide so that it is scrolled, with keys too, not the page."""

    def block_code(self, code: str, info: str | None = None) -> str:
        return f'<pre class="code" tabindex="0">{escape(code)}</pre>\n'

    def table(self, text: str) -> str:
        # What heads nothing is no heading.
        text = EMPTY_HEADING.sub(r"<td\1></td>", text)
        return (
            f'<div class="wide" tabindex="0" role="group" aria-label="table"><table>{text}</table>'
            "</div>\n"
        )

    def formula(self, body: str, is_displayed: bool = False) -> str:
        """Returns what stands in the place of a formula: its MathML."""
        return tex(body, is_displayed)

    def block_math(self, body: str) -> str:
        return self.formula(body, is_displayed=True)

    def multiline_math(self, text: str) -> str:
        return self.formula(text, is_displayed=True)

    def latex_environment(self, name: str, body: str) -> str:
        return self.formula(rf"\begin{{{name}}}{body}\end{{{name}}}", is_displayed=True)

    def inline_math(self, body: str) -> str:
        return self.formula(body)


class MathMLRenderer(PageRenderer):
    """Renders the Markdown of a notebook, formulas as MathML; HTML in it stays text."""

    def heading(self, text: str, level: int, **attrs: Any) -> str:
        """Returns a heading below those of the page."""
        return f"<h3>{text}</h3>"

    def block_html(self, html: str) -> str:
        return str(escape(html))

    def inline_html(self, html: str) -> str:
        return str(escape(html))

    def link(self, text: str, url: str, title: str | None = None) -> str:
        """Returns a link to a page of the web; of another kind the text alone."""
        return f'<a href="{escape(url)}">{text}</a>' if LINK.match(url) else text

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """Returns what an image is about: a page holds no file of its notebook."""
        return str(escape(text))


@cache
def tex(body: str, is_displayed: bool = False) -> Markup:
    """Returns a formula in LaTeX as MathML; as it is where it cannot be read.

    Args:
        body: The formula.
        is_displayed: Whether it has a line of its own.
    """
    try:
        made = mathml(body, is_displayed)
    except Exception:  # noqa: BLE001 it has many of its own: the page is written all the same
        return Markup("<code>{}</code>").format(body)
    # A long one is scrolled, and the page is not. It may stand in a paragraph.
    kind = "formula" if is_displayed else "long" if len(body) > LONGEST_IN_LINE else ""
    return Markup(f'<span class="{kind}" tabindex="0">{made}</span>' if kind else made)


def mathml(body: str, is_displayed: bool) -> str:
    """Returns a formula in LaTeX as MathML.

    Args:
        body: The formula.
        is_displayed: Whether it has a line of its own.

    Raises:
        Exception: Whatever latex2mathml raises, and where it is too long or too deep.
    """
    if len(body) > LONGEST:
        raise ValueError("too long")
    written = WITHOUT_LINES.sub("", ALIGNED.sub(r"\\\1{split}", body)).strip()
    element = convert_to_element(written, display="block" if is_displayed else "inline")
    # It has entities in its texts, which would be text: and its own writing lets HTML through.
    for node in element.iter():
        node.text = unescape(node.text) if node.text else node.text
        node.attrib = {name: value for name, value in node.items() if is_kept(name, value)}
    for node in element.iter():
        set_spaces(node)
    return ElementTree.tostring(element, encoding="unicode")


def is_kept(name: str, value: str) -> bool:
    r"""Tells whether a part of a formula keeps an attribute.

    A student's formula may be read where clicks give points: LaTeX's `\href`, `\class` and
    `\style` do nothing, and no space or rule lies over what is not the formula's.
    """
    if name == "xmlns":
        return value == MATHML
    return name in ATTRIBUTES and bool(VALUE.fullmatch(value))


def set_spaces(parent: ElementTree.Element) -> None:
    """Sets the spaces of a formula's part as LaTeX does: browsers cannot know all of them."""
    children = list(parent)
    for index, node in enumerate(children):
        text = (node.text or "").strip()
        after = children[index + 1] if index + 1 < len(children) else None
        if node.tag == "mi" and text in NAMED and after is not None and not opens(after):
            space = ElementTree.Element("mspace", width="0.17em")
            parent.insert(list(parent).index(node) + 1, space)
        elif text == "~":
            node.tag, node.text = "mo", "\u223c"
        elif node.tag == "mo" and text in MINUS and index == 0:
            node.set("form", "prefix")
        elif text in ("\u2225", "\u2016") and index and after is not None:
            node.tag, node.attrib = "mo", {"form": "infix", "lspace": "0.28em", "rspace": "0.28em"}


def opens(node: ElementTree.Element) -> bool:
    """Tells whether a part of a formula begins with a bracket, or is a space."""
    return node.tag == "mspace" or (node.text or "").strip() in ("(", "[", "|")


@cache
def markdown(text: str) -> Markup:
    """Returns the Markdown of a notebook's text cell as HTML, its formulas as MathML."""
    renderer = MathMLRenderer(escape=True, exclude_anchor_links=True)
    return join_signs(str(MarkdownWithMath(renderer=renderer).render(text)))


class MarkingRenderer(PageRenderer):
    """Renders the Markdown of a notebook with a mark in the place of each formula.

    Attributes:
        marks: By mark, the formula as MathML. No text can hold a mark by itself.
    """

    def __init__(self) -> None:
        super().__init__(escape=False, exclude_anchor_links=True)
        self.marks: dict[str, Markup] = {}
        self.token = secrets.token_hex(8)

    def formula(self, body: str, is_displayed: bool = False) -> str:
        """Keeps a formula, and returns the mark that stands for it."""
        if len(self.marks) >= MOST_FORMULAS:
            return f"<code>{escape(body)}</code>"
        mark = f"formula{self.token}x{len(self.marks)}x"
        self.marks[mark] = tex(body, is_displayed)
        return mark


def marked_markdown(text: str) -> tuple[str, dict[str, Markup]]:
    """Returns (HTML, formulas) of the Markdown of a notebook's text cell.

    The HTML has a mark in the place of each formula, for who cleans it before `with_formulas`.
    """
    renderer = MarkingRenderer()
    return str(MarkdownWithMath(renderer=renderer).render(text)), renderer.marks


def with_formulas(html: str, marks: Mapping[str, Markup]) -> Markup:
    """Returns HTML with the formulas in the places of their marks.

    Args:
        html: The HTML. No mark stands in a tag.
        marks: By mark, the formula as MathML.
    """
    return join_signs(MARK.sub(lambda found: str(marks.get(found[0], found[0])), html))


def join_signs(html: str) -> Markup:
    """Returns HTML in which no line ends between a formula and the sign behind it."""
    return Markup(BEFORE_SIGN.sub("\\1\u2060", html))


def displayed_formulas(text: str) -> list[Markup]:
    """Returns the formulas of a text cell that have a line of their own."""
    return [tex(found, is_displayed=True) for found in DISPLAYED.findall(text)]


def breakable(name: str) -> Markup:
    """Returns a name in code as HTML that may be broken behind each `_`."""
    return Markup("_<wbr>").join(name.split("_"))


def with_code(text: str) -> Markup:
    """Returns a plain text as HTML; what stands between backticks is code."""
    return Markup(CODE.sub(r"<code>\1</code>", str(escape(text))))


# Functions that have a space behind them.
NAMED = ("log", "ln", "exp", "tanh", "det", "max", "min")
MINUS = ("-", "\u2212")
# Names of formulas in plain text, and how LaTeX writes them.
SYMBOLS = {
    "eps": r"\varepsilon",
    **{name: rf"\{name}" for name in ("mu", "sigma", "theta", "phi", "alpha", "beta", "pi")},
}
# Over an index, as sum_k.
OVER_INDEX = {
    **{name: rf"\{name}" for name in ("sum", "prod", "max")},
    **{name: rf"\operatorname{{{name}}}" for name in ("mean", "logsumexp")},
}
FUNCTIONS = {
    **{name: rf"\{name}" for name in ("log", "exp", "tanh", "det")},
    **{
        name: rf"\operatorname{{{name}}}"
        for name in ("softplus", "sigmoid", "softmax", "diag", "score")
    },
}
# Names of the notebooks' code that have an index.
OF_CODE = ("logits", "log_var", "log_lik", "log_scale", "log_dets", "x_mu", "var")
TOKEN = re.compile(r"\|\||[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9']+)*'?|\d+(?:\.\d+)?|\s+|.")
# Of a variable, such as zK in zK_k.
LONGEST_LETTERS = 2
# What an argument is taken for, behind a term; a vector in brackets has no space before it.
NOTE = re.compile(r" \[read: ([^\]]*)\]")


def formulas(text: str) -> list[tuple[Markup, str]]:
    """Returns formulas in plain text, as "1/2 sum_k mu_k^2 - K; b = 2", as MathML, with notes.

    They are what `judging.read_back` writes of a student's answer.
    """
    found = []
    for one in filter(None, text.split("; ")):
        notes = NOTE.findall(one)
        left, equals, right = NOTE.sub("", one).rpartition(" = ")
        said = rf"\text{{{left}}} = {to_tex(right)}" if equals else to_tex(right)
        found.append((tex(said, is_displayed=True), "; ".join(dict.fromkeys(notes))))
    return found


def to_tex(text: str) -> str:
    """Returns a formula in plain text as LaTeX."""
    text = text.replace(" given ", " | ").replace("norm of w", "||w||")
    found: list[str] = []
    is_open = False
    for token in TOKEN.findall(text):
        if token == "||":
            found.append(r"\rVert " if is_open else r"\lVert ")
            is_open = not is_open
        elif token == "^":
            found.append(token)
        elif token.isspace():
            found.append(r"\,")
        else:
            found.append(name_in_tex(token))
    return exponents_in_braces("".join(found))


def exponents_in_braces(written: str) -> str:
    """Returns LaTeX in which all of an exponent is one: of `^-1`, and of `^(K - 1)`."""
    written = re.sub(r"\^\(([^()]*)\)", r"^{\1}", written)
    return re.sub(r"\^(-?\w+)", r"^{\1}", written)


def name_in_tex(token: str) -> str:
    """Returns a name, number or sign in LaTeX."""
    if not token[0].isalpha():
        return {"|": r"\vert ", ".": r"\cdot ", "*": r"\,"}.get(token, token)
    primes = "'" * token.endswith("'")
    name = token.removesuffix("'")
    base, _, index = name.rpartition("_")
    written = (OVER_INDEX | FUNCTIONS | SYMBOLS).get(name)
    if written or len(name) == 1:
        return f"{written or name}{primes} "
    if base in OVER_INDEX or base in SYMBOLS or (base and len(base) <= LONGEST_LETTERS):
        return f"{(OVER_INDEX | SYMBOLS).get(base, base)}_{{{index}}}{primes} "
    if base in OF_CODE:
        return rf"\text{{{base}}}_{{{index}}} "
    return rf"\text{{{token}}} "
