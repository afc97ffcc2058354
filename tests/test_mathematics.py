"""Formulas on the pages that students get."""

import re
from xml.etree import ElementTree

import nbformat
import pytest

from autograder import tasks
from autograder.build import notebooks
from autograder.reports import mathematics

TEXTS = sorted(
    {
        row.text
        for name in tasks.names()
        for question in tasks.load(name).questions
        for declared in question.terms or ()
        if declared is not None
        for row in declared.terms
    }
)
NAMES = tasks.names()
NAMES_IN_TERMS = re.compile(
    r"(?<![A-Za-z_])(sum|prod|mu|sigma|eps|log|tanh|exp)(?![A-Za-z]|_[a-z]{2,})"
)


def words_in(html):
    """The names that a formula shows, letters and signs apart."""
    (math,) = ElementTree.fromstring(f"<p>{html}</p>").iter(
        "{http://www.w3.org/1998/Math/MathML}math"
    )
    return [text for node in math.iter() if (text := (node.text or "").strip())]


def test_there_are_terms_to_show():
    assert len(TEXTS) > 150


@pytest.mark.parametrize("text", TEXTS)
def test_a_terms_text_is_a_formula(text):
    ((html, note),) = mathematics.formulas(f"1/2 {text}")
    assert note == ""
    shown = words_in(html)
    assert not [word for word in shown if "\\" in word or word in ("^", "sum", "mu", "sigma")]
    # Every name stands there, as a letter, an operator or as it is in the code.
    wanted = {"sum": "∑", "prod": "∏", "mu": "μ", "sigma": "σ", "eps": "ε", "pi": "π"}
    for name in NAMES_IN_TERMS.findall(text):
        assert any(wanted.get(name, name) in word for word in shown), (name, shown)


def test_what_was_read_back_has_its_names_and_notes():
    first, second = mathematics.formulas(
        "d_mu = mean_l g_l [read: a root is taken twice]; d_log_var = 1/2 [0, shift] - K / B"
    )
    assert first[1] == "a root is taken twice"
    assert "d_mu" in "".join(words_in(first[0]))
    assert second[1] == ""
    assert "shift" in "".join(words_in(second[0]))
    assert mathematics.formulas("") == []


@pytest.mark.parametrize("name", NAMES)
def test_every_formula_of_a_notebook_becomes_mathml(name):
    found = 0
    notebook = nbformat.read(notebooks.ASSIGNMENTS / name / f"{name}.ipynb", as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            html = mathematics.markdown(cell.source)
            math = re.findall(r"<math.*?</math>", html, re.S)
            found += len(math)
            # Outside of code no dollar is left, and nothing of LaTeX is in a formula.
            outside = re.sub(r"<code.*?</code>|<math.*?</math>|<pre.*?</pre>", "", html, flags=re.S)
            assert "$" not in outside, cell.source
            for one in math:
                assert "\\" not in "".join(ElementTree.fromstring(one).itertext()), one
    assert found > 50


def test_a_text_runs_nothing_and_its_headings_are_no_targets():
    html = mathematics.markdown(
        "## A heading\n\n<script>alert(1)</script>\n\n<img src=x onerror=alert(2)> "
        "[x](javascript:alert(3)) $\\text{<b>x</b>}$ ![figure](https://example.org/x.png)"
    )
    assert "<script" not in html
    assert "<img" not in html
    assert "<b>" not in html
    assert 'href="javascript' not in html
    assert " id=" not in html
    assert "A heading" in html


def test_a_formula_that_cannot_be_read_is_shown_as_it_is():
    assert mathematics.tex(r"\left( <b>") == r"<code>\left( &lt;b&gt;</code>"
    assert mathematics.with_code("a `mu < 0` b") == "a <code>mu &lt; 0</code> b"


@pytest.mark.parametrize("name", ["align", "align*", "aligned", "split", "gathered", "eqnarray*"])
def test_lines_of_a_derivation_are_lines(name):
    html = mathematics.tex(rf"\begin{{{name}}} a &= b \\ c &= d \end{{{name}}}")
    assert html.count("<mtr>") == 2
    assert "&amp;" not in html


def test_a_numbered_equation_is_a_formula():
    assert "begin" not in mathematics.tex(r"\begin{equation}a = b\end{equation}")


@pytest.mark.parametrize(
    "body",
    [
        r"\href{javascript:alert(1)}{x}",
        r"\href{https://example.org}{x}",
        r"\class{full-credit}{x}",
        r"\style{position:fixed}{x}",
        r"\cssId{score}{x}",
        r"\color{red;background:url(x)}{x}",
        r"\hspace{400em}x",
        r"\hspace{-40em}x",
        r"\rule{100em}{100em}",
        r"{\Huge {\Huge {\Huge x}}}",
        r"\hspace{-3em}x",
        r"\text{</mtext></math><img src=x onerror=alert(1)>}",
        "</math><script>alert(1)</script>",
    ],
)
def test_a_formula_does_nothing_and_covers_nothing(body):
    for tag in re.findall(r"<[^>]*>", mathematics.tex(body)):
        assert tag in ('<span class="long" tabindex="0">', "</span>") or re.fullmatch(
            r"</?(math|m[a-z]+|code)( (xmlns|display|stretchy|mathcolor)=\"[\w:/.]+\")* ?/?>", tag
        )


def test_sizes_and_colours_stay_within_bounds():
    assert 'width="1em"' in mathematics.tex(r"a\hspace{1em}b")
    assert 'mathcolor="red"' in mathematics.tex(r"\color{red}{x}")
    kept = {value: mathematics.is_kept("width", value) for value in ("3em", "4em", "30em", "-9em")}
    assert kept == {"3em": True, "4em": False, "30em": False, "-9em": False}


def test_a_formula_of_a_million_letters_is_not_read():
    assert mathematics.tex("x" * 10**6).startswith("<code>x")


@pytest.mark.parametrize("environment", ["cases", "matrix", "aligned"])
def test_a_formula_of_any_depth_leaves_the_page_whole(environment):
    body = rf"\begin{{{environment}}}" * 260 + "x" + rf"\end{{{environment}}}" * 260
    for deep in (body, r"\substack{" * 400 + "x" + "}" * 400, "{" * 5000):
        assert mathematics.tex(deep).startswith(("<code>", "<math", '<span class="long"'))
        assert mathematics.with_formulas(*mathematics.marked_markdown(f"$${deep}$$"))


def test_formulas_beyond_the_thousandth_stay_as_they_are_written():
    html, marks = mathematics.marked_markdown("$a$ " * 40_000)
    assert len(marks) == 1000
    page = mathematics.with_formulas(html, marks)
    assert page.count("<math") == 1000
    assert page.count("<code>a</code>") == 39_000


def test_what_every_argument_may_be_taken_for_is_a_note_and_no_formula():
    """Of every reading that a question declares."""
    words = {
        reading.words
        for name in tasks.names()
        for question in tasks.load(name).questions
        for terms in question.terms
        if terms
        for reading in terms.readings
    }
    assert len(words) > 100
    for one in words:
        ((html, note),) = mathematics.formulas(f"sum_k mu_k [read: {one}]")
        assert note == one
        assert html == mathematics.formulas("sum_k mu_k")[0][0]


def test_no_line_ends_between_a_formula_and_the_sign_behind_it():
    for html in (
        mathematics.markdown("so $x$, and $y$."),
        mathematics.with_formulas(*mathematics.marked_markdown("so $x$, and $y$.")),
    ):
        assert re.findall("</math>(.)", html) == ["\u2060", "\u2060"]


def test_what_is_wide_is_scrolled_with_keys():
    html = mathematics.markdown("| a |\n|---|\n| 1 |\n\n```python\nx < 1\n```\n")
    assert re.search('<div class="wide" tabindex="0"[^>]*><table>', html)
    assert '<pre class="code" tabindex="0">x &lt; 1' in html
    long = mathematics.markdown(f"a formula in the text: ${'x + ' * 30} x$")
    assert '<span class="long" tabindex="0"><math' in long
