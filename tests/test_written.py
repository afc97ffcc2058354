"""Answers in words, graded in a browser: on pages of ours, and in nbgrader's formgrader."""

import contextlib
import hmac
import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request

import browsing
import nbformat
import pytest
from browsing import needs_browser
from marking import A01, WRITTEN, give, grade_of, hand_in, opened, record

from autograder import cli
from autograder.course import corrections, written
from autograder.course import folder as course_folder
from autograder.grading import notebook as reading
from autograder.grading.submission import Submission
from autograder.places import FaultyFile

HOSTILE = (
    "Because $a<b$. <script>document.title='taken'</script>"
    "<img src=x onerror=\"document.title='taken'\">"
    '<article data-key="x"><input value="4"></article><button id="save">x</button>'
)


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """Two with one answer, one with another, one hostile, and one who left all blank."""
    course = tmp_path_factory.mktemp("written")
    texts = {"ann": "Because.", "bob": "Because.", "cy": "It is easier.", "mallory": HOSTILE}
    items = [hand_in(course, student, text) for student, text in texts.items()]
    items.append(hand_in(course, "nadia", "*Your answer here.*"))
    assert record(course, *items)[1] == []
    return course


@pytest.fixture
def course(original, tmp_path):
    shutil.copytree(original, tmp_path, dirs_exist_ok=True)
    return tmp_path


def saved(course, change, name=WRITTEN):
    """Writes what a page would save, after `change` of its answers; returns the path."""
    (page,) = written.write_pages(course, A01, [name])
    text = page.read_text(encoding="utf-8")
    keys = re.findall(
        r'<article data-key="(\w{16})" data-points="(.*?)" data-comment="(.*?)">', text
    )
    answers, states = {}, json.loads(re.search(r"const states = (.*);", text)[1])
    for key, points, comment in keys:
        pair = {"points": float(points) if points else None, "comment": comment}
        answers[key] = {**pair, "shown": pair, "states": states[key]}
    page_says = json.loads(re.search(r"const page = (.*);", text)[1])
    document = {**page_says, "answers": answers}
    change(document, text)
    path = course / "saved.json"
    path.write_text(json.dumps(document))
    return path


def key_of(text, answer):
    """The key of the answer on a page that says something."""
    articles = re.findall(r'<article data-key="(\w{16})".*?</article>', text, re.S)
    whole = re.findall(r'<article data-key="\w{16}".*?</article>', text, re.S)
    (found,) = (key for key, one in zip(articles, whole, strict=True) if answer in one)
    return found


def comment_of(course, student):
    with opened(course) as book:
        return book.find_comment(WRITTEN, A01, A01, student).manual_comment


def test_a_page_names_nobody_and_has_equal_answers_once(course):
    (page,) = written.write_pages(course, A01, [WRITTEN])
    text = page.read_text(encoding="utf-8")
    assert text.count('<article data-key="') == 3
    for name in ("ann", "bob", "mallory", "nadia"):
        assert not re.search(rf"\b{name}\b", text)
    assert str(course) not in text
    assert "Rubric" in text
    # In the order of keys: who was first in the alphabet is not first here.
    keys = re.findall(r'<article data-key="(\w{16})"', text)
    assert keys == sorted(keys)
    assert "<script>document" not in text
    assert 'onerror="document' not in text
    # The question stands there once, beside the rubric.
    assert text.count("Question 1 of document 003") == 1
    assert text.count('<button id="save"') == 1


def test_points_and_comments_come_back_for_all_whose_answer_it_is(course):

    def change(document, text):
        document["answers"][key_of(text, "<p>Because.</p>")] |= {"points": 2.5, "comment": "Which?"}

    taken = written.take(course, saved(course, change), A01)
    assert (taken.given, taken.notices) == (2, [])
    for student in ("ann", "bob"):
        assert grade_of(course, student) == (None, 2.5, False)
        assert comment_of(course, student) == "Which?"
    for student in ("cy", "mallory"):
        assert grade_of(course, student) == (None, None, True)
    # The next page has them; the same file again changes nothing.
    assert written.take(course, course / "saved.json", A01).notices == []
    (page,) = written.write_pages(course, A01, [WRITTEN])
    assert 'data-points="2.5" data-comment="Which?"' in page.read_text(encoding="utf-8")


def test_points_that_somebody_gave_elsewhere_stay(course):

    def change(document, text):
        document["answers"][key_of(text, "<p>Because.</p>")] |= {"points": 2.5}

    path = saved(course, change)
    give(course, "ann", 1.0)
    taken = written.take(course, path, A01)
    assert taken.given == 1
    assert (
        "ann: the gradebook has changed since the page was written (now: 1 points, no"
        in (taken.notices[0])
    )
    assert grade_of(course, "ann") == (None, 1.0, False)
    assert grade_of(course, "bob") == (None, 2.5, False)


def test_points_are_for_the_answer_that_was_read(course):

    def change(document, text):
        document["answers"][key_of(text, "easier")] |= {"points": 3.0}

    path = saved(course, change)
    record(course, hand_in(course, "cy", "On second thoughts."))
    taken = written.take(course, path, A01)
    assert taken.given == 0
    assert "no longer there" in taken.notices[0]
    assert grade_of(course, "cy") == (None, None, True)


def test_a_group_of_whom_one_has_points_and_one_waits(course):
    give(course, "ann", 1.0)
    path = saved(course, lambda document, text: None)
    # What nobody touched changes nothing, and nothing is said.
    assert written.take(course, path, A01) == written.Taken()

    def change(document, text):
        document["answers"][key_of(text, "<p>Because.</p>")] |= {"points": 3.0}

    assert written.take(course, saved(course, change), A01) == written.Taken(2)
    assert {grade_of(course, student)[1] for student in ("ann", "bob")} == {3.0}


def test_an_answer_that_waits_again_can_be_graded_and_keeps_its_comment(course):
    def comment(document, text):
        document["answers"][key_of(text, "easier")] |= {"points": 3.0, "comment": "Why?"}

    written.take(course, saved(course, comment), A01)
    record(course, hand_in(course, "cy", "It is easier still."))

    def change(document, text):
        assert "3 for an earlier answer" in text
        document["answers"][key_of(text, "still")] |= {"points": 4.0}

    assert written.take(course, saved(course, change), A01) == written.Taken(1)
    assert grade_of(course, "cy") == (None, 4.0, False)
    assert comment_of(course, "cy") == "Why?"


def test_who_joins_an_answer_after_the_page_was_written_has_its_points(course):
    def change(document, text):
        document["answers"][key_of(text, "easier")] |= {"points": 3.0}

    path = saved(course, change)
    record(course, hand_in(course, "zoe", "It is easier."))
    assert written.take(course, path, A01) == written.Taken(2)
    assert grade_of(course, "zoe") == (None, 3.0, False)


def test_answers_in_cells_of_ones_own_are_shown_each(course):
    """The answer's cell was deleted, or left as it was."""
    for student, cells in {"del": [], "eve": ["# In code: because."]}.items():
        item = hand_in(course, student, "*Your answer here.*")
        notebook = nbformat.read(item.path, as_version=4)
        if student == "del":
            notebook.cells = [
                cell for cell in notebook.cells if reading.grade_id(cell) != WRITTEN
            ] + [nbformat.v4.new_markdown_cell("My own cell: because.")]
        notebook.cells += [nbformat.v4.new_code_cell(text) for text in cells]
        nbformat.write(notebook, item.path)
        assert record(course, item)[1] == []
    (page,) = written.write_pages(course, A01, [WRITTEN])
    text = page.read_text(encoding="utf-8")
    assert text.count('<article data-key="') == 5
    assert "My own cell: because." in text
    assert "In code: because." in text
    # What was released is nobody's own.
    assert text.count("Densities, divergences") == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document.update(kind="something"),
        lambda document: document.pop("answers"),
        lambda document: document.update(answers=[1]),
        lambda document: [one.update(points="x") for one in document["answers"].values()],
        lambda document: [one.update(points=-1) for one in document["answers"].values()],
        lambda document: [one.update(points=float("nan")) for one in document["answers"].values()],
        lambda document: [one.pop("shown") for one in document["answers"].values()],
        lambda document: [one.update(points=10**400) for one in document["answers"].values()],
        lambda document: [one.update(comment="\ud83d") for one in document["answers"].values()],
        lambda document: document.pop("points"),
        lambda document: document.update(points=0),
        lambda document: document.update(question="another_courses_question"),
    ],
)
def test_a_file_that_no_page_saved_is_refused_and_the_next_is_taken(course, capsys, change):
    def give_points(document, text):
        document["answers"][key_of(text, "easier")] |= {"points": 3.0}

    good = saved(course, give_points).rename(course / "good.json")
    path = saved(course, lambda document, _: change(document))
    with pytest.raises(FaultyFile, match=r"is no file that a page|has no question"):
        written.take(course, path, A01)
    files = ("--take", str(path), str(good), "--out", str(course))
    assert cli.main(["written", A01, *files]) == 1
    said = capsys.readouterr().out
    assert "nothing was taken: " in said
    assert "points for 1 student are in the gradebook" in said
    assert grade_of(course, "ann") == (None, None, True)
    assert grade_of(course, "cy") == (None, 3.0, False)


@pytest.mark.parametrize(("before", "after"), [(4, 8), (8, 4)])
def test_points_are_of_what_the_page_said(course, before, after):
    """The question was reweighed after the page was written, or just before."""

    def give_half(document, text):
        assert document["points"] == before
        document["answers"][key_of(text, "easier")] |= {"points": before / 2}

    items = [find(course, student) for student in ("ann", "bob", "cy", "mallory", "nadia")]
    if before != 4:
        decide(course, before)
    path = saved(course, give_half)
    decide(course, after)
    # Carried out or not.
    if after == 8:
        record(course, *items)
    assert written.take(course, path, A01) == written.Taken(1)
    record(course, *items)
    assert grade_of(course, "cy") == (None, after / 2, False)


@pytest.mark.parametrize("weight", [8, 2 / 3])
def test_other_points_are_of_what_the_page_said_too(course, weight):
    """Somebody had points before, and gets all of them."""
    give(course, "cy", 2.0)

    def give_all(document, text):
        document["answers"][key_of(text, "easier")] |= {"points": 4.0}

    path = saved(course, give_all)
    decide(course, weight)
    record(course, *(find(course, one) for one in ("ann", "bob", "cy", "mallory", "nadia")))
    assert written.take(course, path, A01) == written.Taken(1)
    assert grade_of(course, "cy")[1] == pytest.approx(weight)


def test_points_for_a_question_that_does_not_count_now_are_not_lost_in_silence(course):
    give(course, "cy", 0.0)

    def give_two(document, text):
        document["answers"][key_of(text, "easier")] |= {"points": 2.0}

    path = saved(course, give_two)
    decide(course, 0)
    record(course, *(find(course, one) for one in ("ann", "bob", "cy", "mallory", "nadia")))
    taken = written.take(course, path, A01)
    assert taken.notices == ["cy: the question does not count now: 2 points not taken"]
    with pytest.raises(FaultyFile, match="does not count now"):
        next(written.write_pages(course, A01, [WRITTEN]))
    assert WRITTEN not in {path.stem for path in written.write_pages(course, A01)}


def find(course, student):
    path = course / "submitted" / student / A01 / f"{A01}.ipynb"
    return Submission(student, A01, path)


def decide(course, points):
    decision = ("t", "emmy", "*", A01, WRITTEN, "weight", points, "It is worth more.")
    time = f"{corrections.now_in_utc()} {points}"
    corrections.add_correction(course, corrections.Correction(time, *decision[1:]))


def say(course, student, comment):
    with opened(course) as book:
        book.find_comment(WRITTEN, A01, A01, student).manual_comment = comment
        book.db.commit()


def test_what_nobody_changed_on_a_page_stays_each_students_own(course):
    give(course, "ann", 1.0)
    give(course, "bob", 2.0)
    say(course, "ann", "For ann alone.")
    say(course, "bob", "For bob alone.\n")

    def comment(document, text):
        assert "Its students have different points: 1, 2." in text
        assert "Its students have different comments." in text
        document["answers"][key_of(text, "<p>Because.</p>")] |= {"comment": "For both."}

    def points(document, text):
        document["answers"][key_of(text, "<p>Because.</p>")] |= {"points": 3.0}

    path = saved(course, comment)
    assert written.take(course, path, A01) == written.Taken(0)
    assert [grade_of(course, one)[1] for one in ("ann", "bob")] == [1.0, 2.0]
    assert [comment_of(course, one) for one in ("ann", "bob")] == ["For both.", "For both."]
    say(course, "bob", "For bob alone.\n")
    assert written.take(course, saved(course, points), A01) == written.Taken(2)
    assert [comment_of(course, one) for one in ("ann", "bob")] == ["For both.", "For bob alone.\n"]


def test_a_comment_alone_gives_nobody_points_who_waits(course):
    give(course, "ann", 4.0)

    def comment(document, text):
        assert "Its students have different points: 4, none yet." in text
        document["answers"][key_of(text, "<p>Because.</p>")] |= {"comment": "Which?"}

    assert written.take(course, saved(course, comment), A01) == written.Taken(0)
    assert grade_of(course, "ann") == (None, 4.0, False)
    assert grade_of(course, "bob") == (None, None, True)


def test_points_that_are_cleared_on_a_page_are_taken_away(course):
    give(course, "cy", 3.0)

    def clear(document, text):
        document["answers"][key_of(text, "easier")] |= {"points": None}

    assert written.take(course, saved(course, clear), A01) == written.Taken(1)
    assert grade_of(course, "cy") == (None, None, True)


def test_a_page_names_nobody_where_the_courses_secret_lies_elsewhere(course):
    (course / "secret").write_bytes(b"of the course")
    (first,) = written.write_pages(course, A01, [WRITTEN])
    keys = re.findall(r'data-key="(\w{16})"', first.read_text(encoding="utf-8"))
    for secret in (b"", b"of the course"):
        ann = hmac.new(secret, b"ann", "sha256").hexdigest()[:16]
        assert ann not in first.read_text(encoding="utf-8")
    # They stay the same, and are another course's no more.
    (again,) = written.write_pages(course, A01, [WRITTEN])
    assert re.findall(r'data-key="(\w{16})"', again.read_text(encoding="utf-8")) == keys
    (course / "recorded" / "key").unlink()
    (other,) = written.write_pages(course, A01, [WRITTEN])
    assert not {*keys} & {*re.findall(r'data-key="(\w{16})"', other.read_text(encoding="utf-8"))}


def test_more_points_than_there_are_are_not_taken(course, capsys):

    def change(document, text):
        document["answers"][key_of(text, "easier")] |= {"points": 40}

    path = saved(course, change)
    assert cli.main(["written", A01, "--take", str(path), "--out", str(course)]) == 1
    assert "cy: 40 of 4 points: not taken" in capsys.readouterr().out
    assert grade_of(course, "cy") == (None, None, True)


def test_the_command_writes_a_page_for_each_question(course, capsys):
    assert cli.main(["written", A01, "--out", str(course)]) == 0
    assert len([*(course / "written" / A01).iterdir()]) == 5
    assert cli.main(["written", A01, "no_such_question", "--out", str(course)]) == 2
    assert "there are why_latent_variables" in capsys.readouterr().err


@needs_browser
def test_a_page_is_clicked_through(course, browser):
    (path,) = written.write_pages(course, A01, [WRITTEN])
    context = browser.new_context(accept_downloads=True, offline=True)
    page = context.new_page()
    # However slow the machine is.
    page.set_default_timeout(0)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(path.as_uri())
    article = page.locator("article", has_text="It is easier.")
    article.get_by_label(re.compile("points of")).fill("9")
    page.get_by_role("button", name="Save").click()
    assert "points are 0 to 4" in page.get_by_role("status").inner_text()
    article.get_by_label(re.compile("points of")).fill("3.5")
    article.get_by_label(re.compile("comment on")).fill("Say <for whom>.")
    assert page.get_by_role("status").inner_text() == "1 of 3 have points"
    # What was typed is there after the page was closed.
    page.reload()
    assert article.get_by_label(re.compile("points of")).input_value() == "3.5"
    with page.expect_download() as download:
        page.get_by_role("button", name="Save").click()
    download.value.save_as(course / download.value.suggested_filename)
    assert page.title() == f"{A01}: {WRITTEN}"
    assert errors == []
    taken = written.take(course, course / f"{A01}-{WRITTEN}.json", A01)
    assert (taken.given, taken.notices) == (1, [])
    assert grade_of(course, "cy") == (None, 3.5, False)
    assert comment_of(course, "cy") == "Say <for whom>."
    # The page that is written then shows them, and undoes nothing that came in elsewhere.
    give(course, "cy", 1.0)
    (path,) = written.write_pages(course, A01, [WRITTEN])
    page.goto(path.as_uri())
    assert article.get_by_label(re.compile("points of")).input_value() == "1"
    give(course, "cy", 3.5)
    # What was typed keeps its share where the question is out of other points then.
    article.get_by_label(re.compile("points of")).fill("3")
    decide(course, 8)
    record(course, *(find(course, one) for one in ("ann", "bob", "cy", "mallory", "nadia")))
    give(course, "cy", 2.0)
    (path,) = written.write_pages(course, A01, [WRITTEN])
    page.goto(path.as_uri())
    assert article.get_by_label(re.compile("points of")).input_value() == "6"
    decide(course, 4)
    record(course, *(find(course, one) for one in ("ann", "bob", "cy", "mallory", "nadia")))
    give(course, "cy", 3.5)
    # All of it stays when the class is graded again.
    record(course, hand_in(course, "cy", "It is easier."))
    assert grade_of(course, "cy") == (None, 3.5, False)
    assert comment_of(course, "cy") == "Say <for whom>."


@needs_browser
def test_a_page_runs_its_own_scripts_alone_and_answers_define_nothing(course, browser):
    (path,) = written.write_pages(course, A01, [WRITTEN])
    page = browser.new_page()
    page.set_default_timeout(0)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri(), wait_until="load")
    # A script that an answer might bring in.
    ran = page.evaluate(
        """() => new Promise(done => {
            const script = document.createElement("script");
            script.textContent = "window.ran = true";
            script.onerror = done;
            document.body.append(script);
            setTimeout(() => done(Boolean(window.ran)));
        })"""
    )
    assert ran is False
    # What shows formulas is in the page: no network.
    assert all(url.startswith("file:") for url in asked)
    assert page.locator("article math").count()


@needs_browser
def test_everybody_can_read_a_page_for_grading_in_words(course, browser):
    (path,) = written.write_pages(course, A01, [WRITTEN])
    for scheme in ("light", "dark"):
        for width in (400, 900, 1600):
            context = browser.new_context(
                color_scheme=scheme, viewport={"width": width, "height": 800}
            )
            page = context.new_page()
            page.set_default_timeout(0)
            page.goto(path.as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            if width != 900:
                browsing.check_everybody_can_read(page)
            context.close()


@contextlib.contextmanager
def jupyter_server(course):
    """A Jupyter server with nbgrader's formgrader on a course; yields its address."""
    home = course / "home"
    environment = os.environ | {"HOME": str(home), "JUPYTER_RUNTIME_DIR": str(home / "runtime")}
    command = [sys.executable, "-m", "jupyter", "server", "--allow-root", "--no-browser"]
    options = ["--port=0", "--ip=127.0.0.1", "--IdentityProvider.token="]
    log = open(course / "server.log", "w")  # noqa: SIM115
    process = subprocess.Popen(
        [*command, *options], cwd=course, env=environment, stdout=log, stderr=log
    )
    try:
        while not (found := list((home / "runtime").glob("jpserver-*.json"))):
            assert process.poll() is None, (course / "server.log").read_text()
            time.sleep(0.1)
        while True:
            with contextlib.suppress(OSError, ValueError):
                address = json.loads(found[0].read_text())["url"]
                urllib.request.urlopen(f"{address}api").close()
                break
            assert process.poll() is None, (course / "server.log").read_text()
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        process.wait()
        log.close()


@needs_browser
@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
def test_nbgraders_formgrader_is_clicked_through(course, browser):
    course_folder.init(course, [A01])
    with opened(course) as book:
        submission = book.find_submission_notebook(A01, A01, "cy").id
    with jupyter_server(course) as address:
        page = browser.new_context().new_page()
        page.set_default_timeout(0)
        page.goto(f"{address}formgrader/submissions/{submission}/", wait_until="domcontentloaded")
        for text in ("It is easier.", "Rubric (4 points)."):
            page.get_by_text(text).first.wait_for(state="visible")
        # What is typed before the page has fetched the points is not saved.
        page.locator("input[placeholder]").first.wait_for(state="attached")
        box = page.locator(f"input#{WRITTEN}")
        box.fill("3.5")
        with page.expect_response(lambda response: "/api/grade/" in response.url):
            box.press("Tab")
        page.close()
    assert grade_of(course, "cy") == (None, 3.5, False)
    record(course, hand_in(course, "cy", "It is easier."))
    assert grade_of(course, "cy") == (None, 3.5, False)
