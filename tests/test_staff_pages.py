"""The pages of solutions and of kill matrices: for everybody to read, on any screen, offline."""

import base64
from collections import Counter

import browsing
import nbformat
import pytest
from browsing import needs_browser
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from autograder import tasks
from autograder.build import notebooks, script
from autograder.grading.notebook import texts_before
from autograder.reports import mathematics, matrix
from autograder.reports.solution import solution_html
from autograder.tasks.matrix import kill_matrix

# One grey pixel.
PIXEL = base64.b64encode(
    base64.b64decode(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
    )
).decode()
A01, QUESTION = "a01_densities", "standard_normal_log_prob"


@pytest.fixture(scope="module")
def matrix_page():
    (question,) = (one for one in tasks.load(A01).functions if one.name == QUESTION)
    released = nbformat.read(notebooks.ASSIGNMENTS / A01 / f"{A01}.ipynb", as_version=4)
    formulas = {QUESTION: mathematics.displayed_formulas(texts_before(released)[QUESTION])}
    return matrix.build_page(A01, [kill_matrix(A01, question)], formulas)


def solution_page(name, kinds=None):
    """Returns a solution's page, with outputs of each kind in the place of its own.

    Args:
        name: The assignment.
        kinds: How many cells of each kind stand there; None for all.
    """
    cells, counts = script.read(script.SOLUTIONS / f"{name}.py"), Counter()
    shown = []
    for cell in cells:
        counts[cell.kind] += 1
        shown += [cell] if kinds is None or counts[cell.kind] <= kinds else []
    notebook = notebooks.solution_notebook(tasks.load(name), shown)
    printed = new_output("stream", text="x" * 300 + "\n")
    drawn = new_output("display_data", {"image/png": PIXEL, "text/plain": "<Figure>"})
    table = new_output("display_data", {"text/html": "<table><tr><td>1</td></tr></table>"})
    notebook.cells.append(new_code_cell("run()", outputs=[printed, drawn, table]))
    return solution_html(f"{name}: solution", notebook)


SCREENS = ((400, "dark"), (900, "light"), (1600, "dark"))


def look_at(browser, path, with_axe, screens=SCREENS):
    """Opens a page at some widths, light or dark: nothing is asked for, nothing sticks out.

    Args:
        browser: The browser.
        path: The page.
        with_axe: At which widths axe-core reads it.
        screens: The widths, and whether it is light or dark there.
    """
    for width, scheme in screens:
        context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 800})
        page = context.new_page()
        page.set_default_timeout(0)
        asked = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert [url for url in asked if not url.startswith("data:")] == [path.as_uri()]
        assert page.locator("math").count()
        if width in with_axe:
            browsing.check_everybody_can_read(page)
        context.close()


@needs_browser
def test_everybody_can_read_a_kill_matrix(matrix_page, browser, tmp_path):
    path = tmp_path / "matrix.html"
    path.write_text(matrix_page)
    look_at(browser, path, with_axe=(400, 900))


@needs_browser
@pytest.mark.parametrize("name", tasks.names())
def test_everybody_can_read_a_solution(name, browser, tmp_path):
    path = tmp_path / "solution.html"
    path.write_text(solution_page(name))
    # What sticks out does so where the screen is narrow.
    look_at(browser, path, with_axe=(), screens=SCREENS[:1])
    if name == A01:
        # axe-core takes seconds for a whole one, and all have the same parts.
        path.write_text(solution_page(name, kinds=2))
        look_at(browser, path, with_axe=(900,))


@needs_browser
@pytest.mark.soak
@pytest.mark.parametrize("name", tasks.names())
def test_everybody_can_read_all_of_a_solution(name, browser, tmp_path):
    path = tmp_path / "solution.html"
    path.write_text(solution_page(name))
    look_at(browser, path, with_axe=(900,))


def test_a_matrix_has_the_questions_formulas(matrix_page):
    assert matrix_page.count('class="formula"') == 1
    assert "snl_missing_2pi" in matrix_page.replace("<wbr>", "")


def test_a_solution_is_all_there_and_needs_no_network():
    notebook = nbformat.v4.new_notebook(
        cells=[
            new_markdown_cell("# Title\n\nSo $a<b$.\n\n$$\\sum_k \\mu_k^2$$"),
            new_code_cell("x = 1 < 2", outputs=[new_output("stream", text="True & so\n")]),
        ]
    )
    page = solution_html("a", notebook)
    for part in (
        "<mi>a</mi><mo>&lt;</mo><mi>b</mi>",
        '<pre tabindex="0" class="code"',
        "True &amp; so",
    ):
        assert part in page
    assert "$" not in page
    assert "<script" not in page
    assert "http" not in page.replace("http://www.w3.org/1998/Math/MathML", "").replace(
        "http-equiv", ""
    )
