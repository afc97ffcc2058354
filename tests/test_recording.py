"""From verdicts to the gradebook and `autograded/`: what runs, and deaths of runs, leave there."""

import csv
import io
import json
import os
import signal
import sqlite3
from datetime import UTC, datetime

import nbformat
import pytest
from marking import (
    A01,
    ASSIGNMENT,
    KL,
    RELEASED,
    autograded,
    give,
    grade_of,
    hand_in,
    opened,
    record,
    verdict_on,
)
from vikit import judging

from autograder.course import beside, deadlines, recording, settings
from autograder.grading import classroom
from autograder.grading import notebook as reading
from autograder.grading.submission import Submission
from autograder.places import FaultyFile
from autograder.reports import gradebook as grades


def test_a_run_leaves_scores_in_the_gradebook_and_notebooks_for_grading_by_hand(tmp_path):
    ann, bob = hand_in(tmp_path, "ann"), hand_in(tmp_path, "bob é")
    nobody = Submission("cy", A01, None, "nothing", absent=True)
    standings, failures, verdicts = record(tmp_path, ann, bob, nobody)
    assert failures == []
    assert {*standings} == {("ann", A01), ("bob é", A01)}
    for item in (ann, bob):
        score = sum(question["score"] for question in verdicts[item]["questions"])
        standing = standings[item.student, A01]
        assert (standing.total, standing.to_grade_by_hand) == (score, len(ASSIGNMENT.manual))
        text = autograded(tmp_path, item.student).read_text(encoding="utf-8")
        assert text == classroom.notebook_path(tmp_path, item).read_text(encoding="utf-8")
        assert "Because." in text
    with opened(tmp_path) as book:
        # Who has handed in nothing is a student all the same.
        assert {student.id for student in book.students} == {"ann", "bob é", "cy"}
    give(tmp_path, "ann", 2.5)
    standings, failures, _ = record(tmp_path, ann, bob)
    rows = [*verdicts.values(), {**verdicts[ann], "student": "cy", "submission_sha256": None}]
    text = grades.grades_csv([verdict | ROW for verdict in rows], standings)
    by_student = {row["student"]: row for row in csv.DictReader(io.StringIO(text))}
    assert float(by_student["ann"]["total"]) == standings["ann", A01].total
    assert by_student["ann"]["to_grade_by_hand"] == str(len(ASSIGNMENT.manual) - 1)
    assert (by_student["cy"]["total"], by_student["cy"]["to_grade_by_hand"]) == ("0.0", "0")


ROW = {"score": 1.0, "max_score": 77.0, "manual_max_score": 23.0, "kit_version": "1"}


def test_who_takes_the_notebook_back_has_no_points_left_in_the_gradebook(tmp_path):
    record(tmp_path, hand_in(tmp_path, "ann"))
    standings, failures, _ = record(tmp_path, Submission("ann", A01, None, "nothing", absent=True))
    assert failures == []
    assert standings["ann", A01].total == 0
    assert standings["ann", A01].to_grade_by_hand == 0


def test_points_by_hand_are_looked_at_again_where_the_answer_has_changed(tmp_path):
    ann = hand_in(tmp_path, "ann")
    record(tmp_path, ann)
    give(tmp_path, "ann", 2.5)
    record(tmp_path, ann)
    assert grade_of(tmp_path, "ann") == (None, 2.5, False)
    record(tmp_path, hand_in(tmp_path, "ann", "On second thoughts."))
    assert grade_of(tmp_path, "ann") == (None, 2.5, True)


def test_a_run_that_died_before_the_notebooks_were_written_forgets_no_changed_answer(
    tmp_path, monkeypatch
):
    record(tmp_path, hand_in(tmp_path, "ann"))
    give(tmp_path, "ann", 2.5)
    with monkeypatch.context() as patch:
        patch.setattr(recording, "write_autograded", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            record(tmp_path, hand_in(tmp_path, "ann", "On second thoughts."))
    # A person gives points before the next run, with the old notebook before them.
    give(tmp_path, "ann", 1.0)
    record(tmp_path, hand_in(tmp_path, "ann", "On second thoughts."))
    assert grade_of(tmp_path, "ann") == (None, 1.0, True)
    assert "On second thoughts." in autograded(tmp_path, "ann").read_text()


def test_a_notebook_that_nbgrader_wrote_before_it_died_is_none_that_was_graded(tmp_path):
    """nbgrader writes the notebook before the scores: a kill in between must forget nothing."""
    record(tmp_path, hand_in(tmp_path, "ann"))
    give(tmp_path, "ann", 2.5)
    later = hand_in(tmp_path, "ann", "On second thoughts.")
    verdict = verdict_on(tmp_path, later)
    path = autograded(tmp_path, "ann")
    path.unlink()
    path.write_text(classroom.notebook_path(tmp_path, later).read_text())
    assert recording.record(tmp_path, {later: verdict})[1] == []
    assert grade_of(tmp_path, "ann") == (None, 2.5, True)


def test_a_release_that_changes_while_a_class_is_graded_is_said(tmp_path):
    path = tmp_path / "release" / A01 / f"{A01}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_bytes(RELEASED.read_bytes())
    ann = hand_in(tmp_path, "ann")
    verdict = verdict_on(tmp_path, ann)
    own = nbformat.read(path, as_version=4)
    own.cells = [cell for cell in own.cells if KL not in reading.grade_id(cell)]
    nbformat.write(own, path)
    (tmp_path / "roster.csv").write_text("id,name\nann,Ann Lee\n")
    standings, failures = recording.record(tmp_path, {ann: verdict})
    assert failures == [f"{A01} was released anew while it was graded: run again"]
    assert standings == {}
    with opened(tmp_path) as book:
        assert book.find_student("ann").last_name == "Lee"


def test_what_the_kit_failed_on_waits_for_a_person(tmp_path):
    ann = hand_in(tmp_path, "ann")
    standings, _, _ = record(tmp_path, ann, statuses={KL: judging.KIT_ERROR})
    assert grade_of(tmp_path, "ann", KL) == (None, None, True)
    assert standings["ann", A01].to_grade_by_hand == len(ASSIGNMENT.manual) + 1
    # And no longer where it went well.
    record(tmp_path, ann)
    assert grade_of(tmp_path, "ann", KL)[0] is not None
    assert not grade_of(tmp_path, "ann", KL)[2]


def test_the_time_of_handing_in_is_read_and_nonsense_is_said(tmp_path):
    ann, bob = hand_in(tmp_path, "ann"), hand_in(tmp_path, "bob")
    (ann.path.parent / "timestamp.txt").write_text("2026-10-01 12:00:00 +0200")
    (ann.path.parent / "submission_secret.txt").write_text("from nbgrader submit")
    (bob.path.parent / "timestamp.txt").write_text("soon")
    _, failures, _ = record(tmp_path, ann, bob)
    (said,) = failures
    assert said.startswith(f"bob/{A01}: timestamp.txt says no time with its zone: 'soon'; write")
    with opened(tmp_path) as book:
        assert book.find_submission(A01, "ann").timestamp == datetime(2026, 10, 1, 10)
        assert book.find_submission(A01, "bob").timestamp is None
    (ann.path.parent / "timestamp.txt").unlink()
    assert record(tmp_path, ann)[1] == []
    with opened(tmp_path) as book:
        assert book.find_submission(A01, "ann").timestamp is None
    (ann.path.parent / "timestamp.txt").write_text("2026-10-01 12:00:00 +0200")
    record(tmp_path, ann)
    # nbgrader looks there whether a submission is newer than what it has, and for the secret by
    # which a student fetches feedback.
    for name in ("timestamp.txt", "submission_secret.txt"):
        assert (autograded(tmp_path, "ann").parent / name).is_file()


def test_the_courses_own_release_counts(tmp_path):
    own = nbformat.read(RELEASED, as_version=4)
    for cell in own.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == KL:
            cell.metadata.nbgrader.points = 10
    path = tmp_path / "release" / A01 / f"{A01}.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(own, path)
    ann = hand_in(tmp_path, "ann")
    _, failures, verdicts = record(tmp_path, ann)
    assert failures == []
    full = next(one for one in verdicts[ann]["questions"] if one["name"] == KL)
    with opened(tmp_path) as book:
        grade = book.find_grade(KL, A01, A01, "ann")
        assert grade.max_score == 10
        assert grade.auto_score == 10 * full["score"] / 12
    settings_of = classroom.Settings(tmp_path, b"", beside=beside.notebooks_of(tmp_path, [A01]))
    assert classroom.is_beside(settings_of, ann, verdicts[ann])
    # A verdict on another release is no longer one.
    path.write_text(path.read_text() + "\n")
    assert not classroom.is_beside(settings_of, ann, verdicts[ann])
    own.cells = [
        cell
        for cell in own.cells
        if KL not in str(cell.metadata.get("nbgrader", {}).get("grade_id"))
    ]
    nbformat.write(own, path)
    _, failures, _ = record(tmp_path, ann)
    assert len(failures) == 1
    assert "not written into the gradebook: a01_densities was released without" in failures[0]
    assert grade_of(tmp_path, "ann", KL)[0] is not None


def locked(course):
    connection = sqlite3.connect(course / "gradebook.db")
    connection.execute("BEGIN EXCLUSIVE")
    return connection.close


def damaged(course):
    path, kept = course / "gradebook.db", course / "kept"
    path.rename(kept)
    path.write_text("This is a gradebook.")
    return lambda: kept.rename(path)


def a_folder(course):
    path, kept = course / "gradebook.db", course / "kept"
    path.rename(kept)
    path.mkdir()

    def mend():
        path.rmdir()
        kept.rename(path)

    return mend


def not_writable(course):
    """The same for root too, who may write everywhere."""
    config = course / settings.CONFIG_NAME
    url = f"sqlite:///file:{course}/gradebook.db?mode=ro&uri=true"
    config.write_text(f"c = get_config()\nc.CourseDirectory.db_url = {url!r}\n")
    return config.unlink


def not_python(course):
    config = course / settings.CONFIG_NAME
    config.write_text("c = get_config(\n")
    return config.unlink


@pytest.mark.parametrize("harm", [locked, damaged, a_folder, not_writable, not_python])
def test_a_gradebook_that_fails_is_said_and_nothing_is_lost(tmp_path, harm):
    ann = hand_in(tmp_path, "ann")
    record(tmp_path, ann)
    give(tmp_path, "ann", 2.5)
    later = hand_in(tmp_path, "ann", "On second thoughts.")
    verdict = verdict_on(tmp_path, later, seed=1)
    before = autograded(tmp_path, "ann").read_text()
    mend = harm(tmp_path)
    standings, failures = recording.record(tmp_path, {later: verdict})
    assert standings == {}
    assert len(failures) == 1
    assert "gradebook" in failures[0]
    assert "\n" not in failures[0]
    assert autograded(tmp_path, "ann").read_text() == before
    assert classroom.read_verdict(classroom.verdict_path(tmp_path, later)) == verdict
    mend()
    assert recording.record(tmp_path, {later: verdict})[1] == []
    assert grade_of(tmp_path, "ann") == (None, 2.5, True)
    assert "On second thoughts." in autograded(tmp_path, "ann").read_text()


def in_a_child(work):
    """Returns the process number of a fork that runs `work` and ends, with status 1 if it fails."""
    child = os.fork()
    if not child:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return child


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_no_file_may_grow_as_on_a_full_disk(tmp_path):
    resource = pytest.importorskip("resource")
    items = [hand_in(tmp_path, f"student {number}") for number in range(8)]
    record(tmp_path, items[0])
    give(tmp_path, items[0].student, 2.5)
    verdicts = {item: verdict_on(tmp_path, item, seed=1) for item in items}
    said = tmp_path / "said"

    def work():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        size = (tmp_path / "gradebook.db").stat().st_size
        with open(said, "w") as file:
            resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, size + 100))
            file.write(json.dumps(recording.record(tmp_path, verdicts)[1]))

    assert os.waitpid(in_a_child(work), 0)[1] == 0
    failures = json.loads(said.read_text())
    assert len(failures) == 1
    assert "the gradebook was not written" in failures[0]
    assert grade_of(tmp_path, items[0].student) == (None, 2.5, False)
    assert recording.record(tmp_path, verdicts)[1] == []
    assert is_recorded(tmp_path, verdicts)


def is_recorded(course, verdicts):
    """Tells whether gradebook and `autograded/` say what verdicts do."""
    with opened(course) as book:
        for item, verdict in verdicts.items():
            for question in verdict["questions"]:
                grade = book.find_grade(question["name"], A01, A01, item.student)
                if grade.auto_score != question["score"]:
                    return False
            kept = autograded(course, item.student)
            if kept.read_text() != classroom.notebook_path(course, item).read_text():
                return False
    return True


def die_at(monkeypatch, place, name, count):
    """Has this process killed where it calls `place.name` for the `count`th time."""
    real, left = getattr(place, name), [count]

    def dies(*arguments, **options):
        left[0] -= 1
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments, **options)

    monkeypatch.setattr(place, name, dies)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize(
    ("place", "name", "count"),
    [
        (recording.gradebook, "open_gradebook", 1),
        (recording.gradebook, "write_roster", 1),
        (recording.gradebook, "register", 1),
        (recording.gradebook, "write_grades", 1),
        # Within the transaction: the rows of students are there, their grades are not.
        (recording.gradebook, "write_rows", 1),
        (recording.gradebook, "write_rows", 2),
        (recording, "write_autograded", 1),
        # The notebook of the second is there, its digests are not; then neither.
        (recording, "write_recorded", 2),
        (recording, "write_whole", 3),
        (recording.gradebook, "standings", 1),
    ],
)
def test_killed_anywhere_the_next_run_has_everything(tmp_path, monkeypatch, place, name, count):
    items = [hand_in(tmp_path, f"student {number}") for number in range(4)]
    record(tmp_path, items[0], items[1])
    give(tmp_path, items[0].student, 2.5)
    changed = hand_in(tmp_path, items[0].student, "On second thoughts.")
    verdicts = {item: verdict_on(tmp_path, item, seed=1) for item in (changed, *items[1:])}

    def work():
        die_at(monkeypatch, place, name, count)
        recording.record(tmp_path, verdicts)

    assert os.WTERMSIG(os.waitpid(in_a_child(work), 0)[1]) == signal.SIGKILL
    assert recording.record(tmp_path, verdicts)[1] == []
    assert is_recorded(tmp_path, verdicts)
    # What a person gave is there, and is looked at again.
    assert grade_of(tmp_path, items[0].student) == (None, 2.5, True)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_two_at_once_lose_nothing(tmp_path):
    items = [hand_in(tmp_path, f"student {number}") for number in range(12)]
    verdicts = {item: verdict_on(tmp_path, item) for item in items}
    halves = [dict(list(verdicts.items())[start::2]) for start in (0, 1)]

    def work(half):
        assert recording.record(tmp_path, half)[1] == []

    children = [in_a_child(lambda half=half: work(half)) for half in (*halves, verdicts)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
    assert is_recorded(tmp_path, verdicts)


def test_a_gradebook_that_is_gone_or_older_is_filled_again(tmp_path):
    ann, bob = hand_in(tmp_path, "ann"), hand_in(tmp_path, "bob")
    record(tmp_path, ann)
    older = (tmp_path / "gradebook.db").read_bytes()
    verdicts = record(tmp_path, ann, bob, seed=1)[2]
    (tmp_path / "gradebook.db").write_bytes(older)
    assert not is_recorded(tmp_path, {ann: verdicts[ann]})
    assert recording.record(tmp_path, verdicts)[1] == []
    assert is_recorded(tmp_path, verdicts)
    (tmp_path / "gradebook.db").unlink()
    (said,) = recording.record(tmp_path, verdicts)[1]
    assert said.startswith("there was no gradebook, although grades had been written into one")
    assert is_recorded(tmp_path, verdicts)
    assert recording.record(tmp_path, verdicts)[1] == []


def test_the_roster_and_the_deadlines_are_in_the_gradebook(tmp_path):
    ann = hand_in(tmp_path, "ann")
    (tmp_path / "roster.csv").write_text(
        'id,name,email\nann,"Kim, Ann",ann@example.org\nbob,Bob von der Au,\n'
    )
    (tmp_path / "deadlines.csv").write_text(
        f"assignment,due\n{A01},2026-10-30 23:59 Europe/Berlin\na02_elbo,\n"
    )
    assert record(tmp_path, ann)[1] == []
    with opened(tmp_path) as book:
        found = {one.id: (one.first_name, one.last_name, one.email) for one in book.students}
        assert found == {
            "ann": ("Ann", "Kim", "ann@example.org"),
            "bob": ("Bob von der", "Au", None),
        }
        assert book.find_assignment(A01).duedate == datetime(2026, 10, 30, 22, 59)
    # Another name and time are taken over; a name that was taken out of the roster stays.
    (tmp_path / "roster.csv").write_text("id,name\nann,Ann Lee\n")
    (tmp_path / "deadlines.csv").write_text(f"assignment,due\n{A01},2026-11-01T12:00 UTC\n")
    assert record(tmp_path, ann)[1] == []
    with opened(tmp_path) as book:
        found = {one.id: (one.first_name, one.last_name, one.email) for one in book.students}
        assert found["ann"] == ("Ann", "Lee", "ann@example.org")
        assert {*found} == {"ann", "bob"}
        assert book.find_assignment(A01).duedate == datetime(2026, 11, 1, 12)
    # An empty row says nothing of it: the formgrader may have set one. `none` takes it away.
    for text, due in (("", datetime(2026, 11, 1, 12)), ("none", None)):
        (tmp_path / "deadlines.csv").write_text(f"assignment,due\n{A01},{text}\n")
        assert record(tmp_path, ann)[1] == []
        with opened(tmp_path) as book:
            assert book.find_assignment(A01).duedate == due


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a99,2026-10-30 23:59", "no assignment is called a99"),
        (f"{A01},Friday", "line 2: 'Friday' is no time"),
        (f"{A01},30.10.2026 23:59", "is no time"),
        (f"{A01},2026-10-32 23:59", "is no time"),
        (f"{A01},2026-10-30 23:59 Mars/Base", "is no time"),
        (f"{A01},2026-10-30 23:59 Europe", "is no time"),
        (f"{A01},9999-12-31 23:59 America/New_York", "is no time"),
    ],
)
def test_a_deadline_that_is_none_is_said(tmp_path, text, why):
    ann = hand_in(tmp_path, "ann")
    (tmp_path / "deadlines.csv").write_text(f"assignment,due\n{text}\n")
    _, failures, _ = record(tmp_path, ann)
    assert len(failures) == 1
    assert why in failures[0]
    assert not (tmp_path / "gradebook.db").exists()


def test_deadlines_as_spreadsheets_write_them(tmp_path):
    (tmp_path / "deadlines.csv").write_bytes(
        f"\ufeffAssignment;Due\r\n{A01};2026-10-30 23:59 UTC\r\n;\r\n".encode()
    )
    found = deadlines.read_deadlines(tmp_path)
    assert found == {A01: datetime(2026, 10, 30, 23, 59, tzinfo=UTC)}
    (tmp_path / "deadlines.csv").write_text(f"assignment,due\n{A01},2026-10-30 23:59:59 UTC\n")
    found = deadlines.read_deadlines(tmp_path)
    assert found == {A01: datetime(2026, 10, 30, 23, 59, 59, tzinfo=UTC)}
    (tmp_path / "deadlines.csv").write_text(f"assignment,when\n{A01},2026-10-30 23:59\n")
    with pytest.raises(FaultyFile, match="has no column `due`"):
        deadlines.read_deadlines(tmp_path)
