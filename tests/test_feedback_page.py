"""A student's page as a browser renders it: all of the grade, nothing that runs, for everybody."""

import re

import browsing
import nbformat
import pytest
from browsing import needs_browser
from marking import A01, KL, WRITTEN, give, hand_in, opened, record, verdict_on

from autograder.course import corrections, folder, recording, reporting, settings
from autograder.grading.submission import Submission
from autograder.reports import course as reports
from autograder.reports import feedback

HOSTILE = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\">"
# Right to left, and what is not seen.
TURNED = "\u202eabc\u2066\u200b"
CODE = f'''def {KL}(mu, log_var):
    """{HOSTILE} {TURNED} </pre></details></section>"""
    return 0.5 * tf.reduce_sum(mu**2, axis=-1)  # {"long " * 60}'''

LABEL = f"{KL} at mu = [[1, 1], [0, 0]], log_var = [[t, t], [0, 0.5]] {HOSTILE} {TURNED}"
CURVE = {"label": LABEL, "inputs": [0.0, 1.0], "given": [None, 9e9], "right": [1.0, 2.0]}
CLOUD = {"label": "60 samples", "inputs": [], "given": [0.0, 1.0], "right": [3.0, 2.0]}
PICTURES = [CURVE, CLOUD]


def say(course, student, comment):
    with opened(course) as book:
        book.find_comment(WRITTEN, A01, A01, student).manual_comment = comment
        book.db.commit()


def with_code(item):
    notebook = nbformat.read(item.path, as_version=4)
    (cell,) = (
        one
        for one in notebook.cells
        if one.metadata.get("nbgrader", {}).get("grade_id") == f"{KL}-answer"
    )
    cell.source = CODE
    nbformat.write(notebook, item.path)
    return item


@pytest.fixture
def course(tmp_path):
    """Ann has all that a page may show, Mallory a name that is markup, Zoe handed in nothing."""
    (tmp_path / "roster.csv").write_text(
        f'id,name\nann,"Lovelace, Ann {TURNED}"\nmallory,"{HOSTILE.replace(chr(34), "")}"\nzoe,\n'
    )
    (tmp_path / "deadlines.csv").write_text(
        f"assignment,due,percent_per_day\n{A01},2026-10-30 23:59 UTC,10\n"
    )
    (tmp_path / settings.CONFIG_NAME).write_text(folder.CONFIG)
    items = [with_code(hand_in(tmp_path, student)) for student in ("ann", "mallory")]
    (items[0].path.parent / "timestamp.txt").write_text("2026-10-31 12:00 UTC\n")
    record(tmp_path, *items)
    give(tmp_path, "ann", 2.5)
    say(tmp_path, "ann", f"Say for whom. {HOSTILE}")
    decision = ("t", "emmy", "ann", A01, KL, "points", 7.5, f"The hint misled. {HOSTILE}", 12.0)
    corrections.add_correction(tmp_path, corrections.Correction(*decision))
    found = {item: verdict_on(tmp_path, item) for item in items}
    for verdict in found.values():
        (question,) = (one for one in verdict["questions"] if one["name"] == KL)
        cases = [
            {"name": name, "title": "", "kind": kind, "passed": passed, "points": points}
            for name, kind, passed, points in (
                ("one", "generic", True, 4.2),
                ("two", "generic", False, 0.0),
                ("q = prior", "edge", True, 0.0),
            )
        ]
        question |= {
            "status": "wrong",
            "score": 4.2,
            "mistake": "kl_half_missing",
            "message": f"Not right on 1 of 3 cases. {HOSTILE} {TURNED}",
            "repair": "Multiply by `1/2`.",
            "cases": cases,
            "read_back": {"id": "x", "sentence": "", "formula": "sum_k mu_k^2 - K"},
            "pictures": PICTURES,
        }
    absent = Submission("zoe", A01, None, f"expected zoe/{A01}, found nothing", absent=True)
    nothing = verdict_on(tmp_path, absent)
    for question in nothing["questions"]:
        question |= {
            "status": "missing",
            "message": f"Nothing could be graded: expected zoe/{A01}, found nothing.",
        }
    found[absent] = nothing
    standings, failures = recording.record(tmp_path, found)
    assert failures == []
    besides = {"score": 4.2, "max_score": 77.0, "manual_max_score": 23.0, "kit_version": "0"}
    verdicts = [verdict | besides | {"kit_errors": []} for verdict in found.values()]
    reports.write_reports(
        verdicts, verdicts, tmp_path, reporting.course_reports(tmp_path, standings)
    )
    return tmp_path, standings


def page_of(course, student):
    return course / "feedback" / A01 / f"{student}.html"


def test_all_of_the_grade_is_on_the_page(course):
    place, standings = course
    standing = standings["ann", A01]
    text = page_of(place, "ann").read_text(encoding="utf-8")
    flat = " ".join(re.sub(r"<[^>]+>", " ", text.replace("<wbr>", "")).split())
    waiting = standing.to_grade_by_hand
    for words in (
        f"{standing.total:g} of {standing.out_of:g} points",
        f"{waiting} answers wait to be graded by hand: up to 19 more points are open.",
        f"{standing.total + standing.penalty:g} reached, less {standing.penalty:g} for lateness: "
        "it was handed in 12 h 1 min after the deadline.",
        "handed in 2026-10-31",
        "due 2026-10-30",
        "7.5 / 12",
        "2.5 / 4",
        "Corrected to 7.5 of 12 points. The hint misled.",
        "The grader gave 4.2 of 12; a person changed that to 7.5 / 12.",
        "not right, corrected by hand",
        "Comment: Say for whom.",
        "Ordinary inputs: 1 of 2 right (4.2 of 8.4 points).",
        "Edge cases: 1 of 1 right (0 of 3.6 points: they count only if all 3 cases are right).",
        "graded by hand",
        "To mend it: Multiply by 1/2 .",
        "What your answer computes",
        "Lovelace, Ann",
    ):
        assert words in flat, words
    assert "kl_half_missing" not in text
    assert text.count("<math") > 3


def test_points_of_a_question_with_values_and_properties_are_those_that_came():
    """How many there are of each the verdict does not tell: a share of all would be wrong."""

    def case(kind, passed, points):
        return {"kind": kind, "passed": passed, "points": points}

    cases = [case("generic", True, 2.8), case("edge", True, 1.2), case("property", False, 0.0)]
    question = {"cases": cases, "max_score": 7, "status": "partial"}
    assert feedback.explain_points(question) == [
        "Ordinary inputs: 1 of 1 right (2.8 points).",
        "Edge cases: 1 of 1 right (1.2 points: they count only if all 2 cases are right).",
        "Properties: 0 of 1 right (0 points).",
    ]


def test_who_handed_in_nothing_is_told_once(course):
    place, _ = course
    text = page_of(place, "zoe").read_text(encoding="utf-8")
    assert text.count("found nothing") == 1
    assert "You handed in nothing for this assignment" in text
    assert "0 of 100 points" in text
    assert "waits" not in text


@needs_browser
def test_a_page_runs_nothing_asks_for_nothing_and_fits(course, browser):
    place, _ = course
    for width in (400, 900, 1600):
        context = browser.new_context(viewport={"width": width, "height": 800})
        asked = []
        for student in ("ann", "mallory", "zoe"):
            page = context.new_page()
            page.set_default_timeout(0)
            page.on("request", lambda request, asked=asked: asked.append(request.url))
            page.goto(page_of(place, student).as_uri())
            page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            assert page.title() == f"{A01}: {student}"
            assert page.locator("script, img").count() == 0
            # What is too wide is scrolled by itself.
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            if student != "zoe":
                # Nothing turns the text round: what would is shown by its number.
                assert "\\u202eabc" in page.locator(f"#{KL} pre.code").inner_text()
        assert all(url.startswith("file:") for url in asked)
        context.close()


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_a_page(course, browser, scheme):
    place, _ = course
    page = browser.new_context(color_scheme=scheme).new_page()
    page.set_default_timeout(0)
    for student in ("ann", "zoe"):
        page.goto(page_of(place, student).as_uri())
        browsing.check_everybody_can_read(page)
