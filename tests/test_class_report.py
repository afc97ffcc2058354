"""The class report: what the verdicts of a class say together, with names and without."""

import json
import random
import re

import browsing
import pytest
from browsing import needs_browser

from autograder.course.gradebook import Standing
from autograder.grading import timing
from autograder.reports import charts, class_data, class_report
from autograder.reports.course import Course

HOSTILE = "<script>document.title='taken'</script>"
TURNED = "\u202eabc"
QUESTIONS = ("kl", "elbo", "entropy", "never_wrong")


def question(name, status="correct", **found):
    passed = status == "correct"
    return {
        "name": name,
        "max_score": 10.0,
        "score": 10.0 if passed else 4.0 if status == "partial" else 0.0,
        "status": status,
        "mistake": None,
        "read_back": None,
        "unexplained": [],
        "message": f"It is {status}. {HOSTILE}",
        "cases": [
            {"name": "easy", "title": "", "passed": passed or status == "partial"},
            {"name": "hard", "title": "a hard case", "passed": passed},
        ],
    } | found


def verdict(student, *questions, handed_in=True):
    return {
        "assignment": "a01_densities",
        "student": student,
        "submission_sha256": "x" if handed_in else None,
        "score": sum(one["score"] for one in questions),
        "max_score": 40.0,
        "questions": list(questions),
    }


def made_class(size):
    """A class in which a third takes the KL's sign for another, and fails the ELBO with it."""
    chance, verdicts = random.Random(5), []
    for number in range(size):
        sign = number % 3 == 0
        kl = question("kl", "wrong", mistake="kl_sign_flipped") if sign else question("kl")
        elbo = question("elbo", "wrong" if sign or chance.random() < 0.1 else "correct")
        entropy = question("entropy")
        if number % 7 == 1:
            entropy = question("entropy", "wrong", unexplained=[1.0, 2.0])
        elif number % 7 == 2:
            entropy = question("entropy", "timeout")
        elif number % 7 == 3:
            entropy = question("entropy", "unanswered")
        verdicts.append(verdict(f"s{number:03d}", kl, elbo, entropy, question("never_wrong")))
    verdicts.append(verdict("absent", *map(question, QUESTIONS), handed_in=False))
    return verdicts


def course_of(verdicts, **others):
    students = [one["student"] for one in verdicts]
    return Course(
        names={student: f"Name of {student}" for student in students},
        sections={student: "AB"[index % 2] for index, student in enumerate(students)},
        title="Variational inference",
        date="2026-11-30",
        **others,
    )


def test_the_data_say_who_does_what():
    verdicts = made_class(60)
    (data,) = class_data.class_data(verdicts, course_of(verdicts))["assignments"]
    assert (data["students"], data["handed_in"]) == (61, 60)
    by_name = {one["name"]: one for one in data["questions"]}
    assert list(by_name) == list(QUESTIONS)
    assert by_name["kl"]["statuses"] == {"wrong": 20, "correct": 40}
    (mistake,) = by_name["kl"]["mistakes"]
    assert mistake["name"] == "kl_sign_flipped"
    assert mistake["students"] == [f"s{number:03d}" for number in range(0, 60, 3)]
    assert by_name["kl"]["mean_share"] == pytest.approx(2 / 3, abs=1e-4)
    # Those whose answers give the same numbers are one group.
    (group,) = by_name["entropy"]["groups"]
    assert group["students"] == [f"s{number:03d}" for number in range(1, 60, 7)]
    assert by_name["kl"]["hardest"][0]["failed"] == 20
    assert by_name["never_wrong"]["hardest"] == []
    assert {one["status"] for one in data["trouble"]} == {"timeout"}
    assert len(data["trouble"]) == len(range(2, 60, 7))
    # Who fails the KL fails the ELBO, and not the other way round as often.
    first = data["together"][0]
    assert (first["first"], first["second"], first["share"]) == ("kl", "elbo", 1.0)
    assert "never_wrong" not in str(data["together"])
    assert [part["section"] for part in data["sections"]] == ["A", "B"]
    assert [row["student"] for row in data["rows"] if not row["handed_in"]] == ["absent"]


def test_a_mistake_is_said_without_how_many_cases_one_answer_fails():
    said = "Not right on 4 of 5 cases, all of them edge cases: these earn points. The sign is off."
    asked = question("kl", "wrong", mistake="kl_sign_flipped", message=said)
    (mistake,) = class_data.mistakes_in([("ann", asked)])
    assert mistake["message"] == "The sign is off."


def test_the_report_says_how_long_questions_take(tmp_path):
    verdicts = made_class(3)[:3]
    for number, one in enumerate(verdicts):
        seconds = {"kl": 1.0 + number**2, "elbo": 0.5}
        timing.write_times(tmp_path, one["student"], one["assignment"], seconds)
    # What is no file of the grader's is left out.
    for name, text in (("x", "{"), ("y", "[]"), ("z", '{"student": "s", "seconds": 3}')):
        (tmp_path / "times" / "a01_densities" / f"{name}.json").write_text(text)
    course = course_of(verdicts, seconds=timing.read_times(tmp_path))
    data = class_data.class_data(verdicts, course)
    seconds = {one["name"]: one["seconds"] for one in data["assignments"][0]["questions"]}
    assert seconds["kl"] == {"median": 2.0, "longest": 5.0}
    assert seconds["elbo"] == {"median": 0.5, "longest": 0.5}
    assert seconds["entropy"] is None
    page = class_report.build_page(data | {"changes": []}).replace("<wbr>", "")
    assert re.search(r"<td>kl</td>.*>67 %</td>.*>2\.00</td>.*>5\.00</td>", page)
    assert re.search(r"<td>entropy</td>.*not known", page)


def test_verdicts_of_two_versions_of_the_kit_are_counted_by_question():
    old = verdict("old", question("elbo", "wrong"), question("dropped_since"))
    new = verdict("new", question("kl"), question("elbo"), question("entropy"))
    for verdicts in ([old, new], [new, old]):
        (data,) = class_data.class_data(verdicts, course_of(verdicts))["assignments"]
        statuses = {one["name"]: one["statuses"] for one in data["questions"]}
        assert statuses == {
            "kl": {"correct": 1},
            "elbo": {"correct": 1, "wrong": 1},
            "entropy": {"correct": 1},
            "dropped_since": {"correct": 1},
        }


def test_points_are_those_of_today_where_the_gradebook_has_them():
    verdicts = made_class(3)
    standings = {("s001", "a01_densities"): Standing(45.0, 2, 50.0)}
    course = course_of(verdicts, standings=standings)
    (data,) = class_data.class_data(verdicts, course)["assignments"]
    rows = {row["student"]: row for row in data["rows"]}
    assert (rows["s001"]["percent"], rows["s001"]["waiting"]) == (90.0, 2)
    assert rows["s000"]["percent"] == 100 * verdicts[0]["score"] / 40
    assert data["waiting"] == 2


def test_what_has_changed_since_the_last_report_is_said(tmp_path):
    before, after = made_class(30), made_class(30)
    for one in after[:5]:
        one["questions"][1] |= question("elbo")
    course = course_of(before)
    class_report.write_class_report(tmp_path, before, course)
    page = tmp_path / "report" / "index.html"
    assert "Since the last report" not in page.read_text(encoding="utf-8")
    class_report.write_class_report(tmp_path, after, course)
    text = page.read_text(encoding="utf-8")
    said = re.search(r"Since the last report: a01_densities: (.*?)\.<", text)[1]
    assert "elbo" in said
    assert "kl" not in said
    # What cannot be read is no last report.
    (tmp_path / "report" / "report.json").write_text("[1]")
    class_report.write_class_report(tmp_path, before, course)
    assert "Since the last report" not in page.read_text(encoding="utf-8")


def test_what_a_class_sees_names_nobody(tmp_path):
    verdicts = made_class(60)
    class_report.write_class_report(tmp_path, verdicts, course_of(verdicts))
    text = (tmp_path / "report" / "anonymous.html").read_text(encoding="utf-8")
    assert "kl_sign_flipped" in text.replace("<wbr>", "")
    for one in verdicts:
        assert one["student"] not in text, one["student"]
    assert "Name of" not in text
    assert "feedback/" not in text
    named = (tmp_path / "report" / "index.html").read_text(encoding="utf-8")
    assert "Name of s000" in named
    data = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    assert data["assignments"][0]["questions"][0]["mistakes"][0]["students"][0] == "s000"


def test_a_large_class_fits_into_a_page(tmp_path):
    verdicts = made_class(500)
    class_report.write_class_report(tmp_path, verdicts, course_of(verdicts))
    assert (tmp_path / "report" / "index.html").stat().st_size < 3 * 2**20


def test_nobody_handed_in_and_nobody_is_there(tmp_path):
    class_report.write_class_report(tmp_path, [], Course())
    assert not (tmp_path / "report").exists()
    nobody = [verdict("ann", *map(question, QUESTIONS), handed_in=False)]
    class_report.write_class_report(tmp_path, nobody, course_of(nobody))
    assert "0 of 1" in re.sub(r"<[^>]+>", "", (tmp_path / "report" / "index.html").read_text())


@needs_browser
def test_the_report_is_sorted_leads_to_pages_and_runs_nothing_else(tmp_path, browser):
    verdicts = made_class(20)
    verdicts[4]["student"] = HOSTILE.replace("/", "") + TURNED
    class_report.write_class_report(tmp_path, verdicts, course_of(verdicts))
    for width in (400, 900, 1600):
        context = browser.new_context(viewport={"width": width, "height": 800})
        page = context.new_page()
        page.set_default_timeout(0)
        asked = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.goto((tmp_path / "report" / "index.html").as_uri())
        assert page.title() == "Variational inference: class report"
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        button = page.get_by_role("button", name="out of 100")
        cells = page.locator("table.sortable").last.locator("tbody tr td:nth-child(4)")
        for order in (1, -1):
            button.click()
            shown = [
                float(text) if re.fullmatch(r"[\d.]+", text) else -1.0
                for text in cells.all_inner_texts()
            ]
            assert shown == sorted(shown, reverse=order < 0)
            assert len({*shown}) > 2
        link = page.locator("table.sortable a", has_text="s001").get_attribute("href")
        assert link == "../feedback/a01_densities/s001.html"
        assert all(url.startswith("file:") for url in asked)
        context.close()


@needs_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_the_report(tmp_path, browser, scheme):
    verdicts = made_class(20)
    class_report.write_class_report(tmp_path, verdicts, course_of(verdicts))
    page = browser.new_context(color_scheme=scheme).new_page()
    page.set_default_timeout(0)
    for name in ("index.html", "anonymous.html"):
        page.goto((tmp_path / "report" / name).as_uri())
        browsing.check_everybody_can_read(page)


@pytest.mark.parametrize("most", [0, 1, 3, 30, 500])
def test_an_axis_counts_in_whole_students(most):
    ticks = charts.whole_numbers(most)["values"]
    assert ticks[0] == 0
    assert len(ticks) <= 9
    assert all(isinstance(tick, int) for tick in ticks)
    drawn = charts.scores([5.0] * most)
    assert not re.search(r">\d+\.\d+<", drawn)
