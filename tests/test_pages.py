"""Students' answers as HTML in the pages of those who grade: nothing in them acts by itself."""

import re

import pytest

from autograder.course.pages import safe_markdown


@pytest.mark.parametrize(
    "source",
    [
        # A click on what has this class gives full points, wherever in the answer it is.
        '<div class="full-credit modal-backdrop fade">.</div>',
        '<p id="score">x</p>',
        '<img src="x" onerror="alert(1)">',
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](jAvA\tscript:alert(1))",
        '<a href="&#100;ata:text/html,x">x</a>',
        '<a href="//example.org" target="_top" ping="x">x</a>',
        "<form action=/formgrader><button>x</button></form>",
        '<div style="position:fixed;inset:0">x</div>',
        "<iframe src=/formgrader></iframe>",
        "<svg><a href=x><text>x</text></a></svg>",
        "```python\nclass X: pass\n```",
        # A formula may do nothing either, wherever it stands.
        r"$\class{full-credit}{x}$ $$\href{javascript:alert(1)}{x}$$",
        '<img src="x" alt="$x$ onerror=alert(1) y">',
        "![$x$](https://example.org/x.png '$y$ onerror=alert(1)')",
        '[a](https://example.org/$x$ "$y$")',
        '<p title="$a$><script>alert(1)</script>">x</p>',
    ],
)
def test_nothing_in_an_answer_acts(source):
    html = safe_markdown(source).lower()
    # No formula stands in an attribute, which it would end.
    assert not re.search(r'="[^"<>]*<', html)
    tags = re.findall(r"<[^>]*>", html)
    for tag in tags:
        assert not re.match(r"<(script|form|iframe|svg|button|style|object|embed)", tag)
        if re.match("</?(math|m[a-z]+)[ >]", tag):
            assert not re.search(r"href|class|style|id=|on\w+=", tag)
            continue
        if tag in ('<span class="formula" tabindex="0">', '<span class="long" tabindex="0">'):
            continue
        for name in re.findall(r"([\w-]+)=", re.sub(r'"[^"]*"', "", tag)):
            assert name in ("href", "src", "alt", "title", "align", "width", "height")
        assert not re.search(r'href="(?!https?:|mailto:|#)', tag)


def test_what_an_answer_says_is_there():
    html = safe_markdown(
        "**Because** $a<b$, [so](https://example.org)\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n"
        "![plot](data:image/png;base64,iVBORw0KGgo=)\n\n```python\nx = 1\n```"
    )
    for part in ("<strong>Because</strong>", '<a href="https://example.org"', "<td>1</td>"):
        assert part in html
    assert 'src="data:image/png;base64,iVBORw0KGgo="' in html
    assert '<img alt="image in the answer" src="y.png"' in safe_markdown('<img src="y.png">')
    assert "¶" not in safe_markdown("# A heading")
    assert "<a" not in safe_markdown("# A heading")
    assert "<mi>a</mi><mo>&lt;</mo><mi>b</mi>" in html
    assert "x = 1" in re.sub(r"<[^>]*>", "", html)
