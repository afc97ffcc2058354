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
    ],
)
def test_nothing_in_an_answer_acts(source):
    tags = re.findall(r"<[^>]*>", safe_markdown(source).lower())
    for tag in tags:
        assert not re.match(r"<(script|form|iframe|svg|button|style|object|embed)", tag)
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
    assert "x = 1" in re.sub(r"<[^>]*>", "", html)
