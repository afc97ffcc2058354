"""What being late costs, on the points of today, and who has more time."""

import csv
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime

import nbgrader_here
import pytest
from marking import A01, KL, give, grade_of, hand_in, opened, record

from autograder.course import (
    attempts,
    corrections,
    course_files,
    deadlines,
    lateness,
    recording,
    settings,
    timestamps,
)
from autograder.grading import classroom
from autograder.places import FaultyFile

CONFIG = "from autograder.course import configure\nc = get_config()\nconfigure(c, __file__)\n"


@pytest.mark.parametrize(
    ("rule", "hours", "percent"),
    [
        (lateness.Rule(10), 0, 0),
        (lateness.Rule(10), 0.01, 10),
        (lateness.Rule(10), 24, 10),
        (lateness.Rule(10), 24.01, 20),
        (lateness.Rule(10, grace_minutes=60), 1, 0),
        # Who is later than the grace period is late from the deadline on.
        (lateness.Rule(10, grace_minutes=60), 1.1, 10),
        (lateness.Rule(10, grace_minutes=60), 24.5, 20),
        (lateness.Rule(10, most_percent=30), 24 * 9, 30),
        (lateness.Rule(30), 24 * 9, 100),
        (lateness.Rule(10, most_percent=200), 24 * 90, 100),
    ],
)
def test_so_much_a_day_after_a_grace_period_up_to_a_cap(rule, hours, percent):
    assert rule.penalty(80.0, hours * 3600) == pytest.approx(80 * percent / 100)


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2026-10-30 23:59 Europe/Berlin", datetime(2026, 10, 30, 22, 59)),
        # A clock shows it twice: the later one is meant.
        ("2026-10-25 02:30 Europe/Berlin", datetime(2026, 10, 25, 1, 30)),
        ("2026-10-30 23:59 UTC", datetime(2026, 10, 30, 23, 59)),
        ("2026-10-30 23:59+01:00", datetime(2026, 10, 30, 22, 59)),
    ],
)
def test_a_deadline_is_a_time_of_its_zone(tmp_path, written, utc):
    (tmp_path / "deadlines.csv").write_text(f"assignment,due\n{A01},{written}\n")
    assert deadlines.read_deadlines(tmp_path) == {A01: utc.replace(tzinfo=UTC)}


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2026-10-30 23:30:10.123456 UTC", datetime(2026, 10, 30, 23, 30, 10)),
        ("2026-10-30 23:30+01:00", datetime(2026, 10, 30, 22, 30)),
        ("2026-10-30 23:30:00 +0100\n", datetime(2026, 10, 30, 22, 30)),
        ("2026-10-30 23:30:00+01", datetime(2026, 10, 30, 22, 30)),
        ("2026-10-30T23:30:00Z", datetime(2026, 10, 30, 23, 30)),
        ("2026-10-30 23:30 Europe/Berlin", datetime(2026, 10, 30, 22, 30)),
        # Without a zone, in the order of some country, or half of a time.
        ("2026-10-30 23:30", None),
        ("02.11.2026 12:00 UTC", None),
        ("2026-13-02 12:00 UTC", None),
        ("10", None),
        ("Nov", None),
        ("12:00", None),
        ("2026-10-30 23:30 CEST", None),
        ("2026-10-30 23:30 ../../etc/passwd", None),
    ],
)
def test_a_time_of_handing_in_says_its_zone(written, utc):
    assert timestamps.parse_timestamp(written) == (utc and utc.replace(tzinfo=UTC))


def late_course(tmp_path, rule="10,30,50"):
    (tmp_path / settings.CONFIG_NAME).write_text(CONFIG)
    (tmp_path / "deadlines.csv").write_text(
        "assignment,due,percent_per_day,grace_minutes,most_percent\n"
        f"{A01},2026-10-30 23:59 UTC,{rule}\n"
    )
    items = []
    for student, time in {
        "early": "2026-10-30 12:00:00 UTC",
        "graceful": "2026-10-31 00:20:00 UTC",
        "late": "2026-11-01 12:00:00 UTC",
        "never said": "",
    }.items():
        items.append(hand_in(tmp_path, student))
        if time:
            (items[-1].path.parent / "timestamp.txt").write_text(time)
    return items


def raw(verdicts, student):
    """The automatic points of a student."""
    (found,) = (
        sum(question["score"] for question in verdict["questions"])
        for item, verdict in verdicts.items()
        if item.student == student
    )
    return found


def test_a_penalty_follows_the_points_that_people_give(tmp_path):
    items = late_course(tmp_path)
    standings, failures, verdicts = record(tmp_path, *items)
    assert failures == []
    for student in ("early", "graceful", "never said"):
        assert standings[student, A01].penalty == 0
        assert standings[student, A01].total == raw(verdicts, student)
    late = standings["late", A01]
    assert late.seconds_late == (24 + 12) * 3600 + 60
    assert late.penalty == pytest.approx(0.2 * raw(verdicts, "late"))
    assert late.total == pytest.approx(0.8 * raw(verdicts, "late"))
    give(tmp_path, "late", 4.0)
    now = record(tmp_path, *items)[0]["late", A01]
    assert now.total == pytest.approx(0.8 * (raw(verdicts, "late") + 4))
    # Without the rule, and with more time, there is none.
    late_course(tmp_path, ",,")
    assert record(tmp_path, *items)[0]["late", A01].penalty == 0
    late_course(tmp_path)
    assert record(tmp_path, *items)[0]["late", A01].penalty > 0


def test_an_extension_is_one_students(tmp_path):
    items = late_course(tmp_path)
    extensions = tmp_path / "extensions.csv"
    extensions.write_text(
        f'student,assignment,due,why\nlate,{A01},2026-11-01 13:00 Europe/Berlin,"Ill, with note."\n'
    )
    standing = record(tmp_path, *items)[0]["late", A01]
    assert (standing.seconds_late, standing.penalty) == (0, 0)
    with opened(tmp_path) as book:
        assert book.find_submission(A01, "late").total_seconds_late == 0
    extensions.write_text(f"student,assignment,due,why\nlate,{A01},2026-11-01 11:00 UTC,Ill.\n")
    standing = record(tmp_path, *items)[0]["late", A01]
    assert standing.seconds_late == 3600
    # Nobody has less time than all.
    extensions.write_text(f"student,assignment,due,why\nlate,{A01},2026-10-01 11:00 UTC,Old.\n")
    earlier = record(tmp_path, *items)[0]["late", A01].seconds_late
    extensions.write_text("student,assignment,due,why\n")
    assert record(tmp_path, *items)[0]["late", A01].seconds_late == earlier
    assert record(tmp_path, *items)[0]["late", A01].seconds_late > 3600


def test_an_extension_for_somebody_unknown_is_said_and_stops_nobody(tmp_path):
    (tmp_path / "roster.csv").write_text("id\nann\n")
    (tmp_path / "extensions.csv").write_text(
        f"student,assignment,due\nanne,{A01},2026-11-01 12:00\n"
    )
    standings, failures, _ = record(tmp_path, hand_in(tmp_path, "ann"))
    assert ("ann", A01) in standings
    (said,) = failures
    assert said.endswith("extensions.csv: nobody on the roster has the id anne")


def test_nbgrader_exports_and_gives_back_the_penalty_on_the_points_of_today(tmp_path):
    items = late_course(tmp_path)
    verdicts = record(tmp_path, *items)[2]
    give(tmp_path, "late", 4.0)

    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", "export"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    rows = csv.DictReader((tmp_path / "gradebook.csv").read_text().splitlines())
    (row,) = (row for row in rows if row["student_id"] == "late")
    expected = raw(verdicts, "late") + 4
    assert float(row["raw_score"]) == pytest.approx(expected)
    assert float(row["score"]) == pytest.approx(0.8 * expected)
    totals = csv.DictReader((tmp_path / "totals.csv").read_text().splitlines())
    (total,) = (row for row in totals if row["id"] == "late")
    assert float(total[A01]) == pytest.approx(
        100 * 0.8 * expected / float(row["max_score"]), abs=0.01
    )
    give(tmp_path, "late", 0.0)
    done = nbgrader_here.run(tmp_path, "generate_feedback", A01)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "feedback_by_hand" / "late" / A01 / f"{A01}.html").read_text()
    assert f"{0.8 * raw(verdicts, 'late'):g}" in page


def test_a_plug_in_of_the_instructors_own_counts_in_every_run(tmp_path):
    items = late_course(tmp_path, ",,")
    (tmp_path / settings.CONFIG_NAME).write_text(
        CONFIG + "c.LateSubmissionPlugin.penalty_method = 'zero'\n"
    )
    standings = record(tmp_path, *items)[0]
    assert standings["late", A01].total == 0
    assert standings["early", A01].total > 0


def drop_a_question(course):
    decision = ("t", "emmy", "*", A01, KL, "weight", 0.0, "It had two readings.")
    corrections.add_correction(course, corrections.Correction(*decision))


def set_the_deadline_in_the_gradebook(course):
    (course / "deadlines.csv").write_text(f"assignment,due,percent_per_day\n{A01},,10\n")
    with opened(course) as book:
        book.find_assignment(A01).duedate = datetime(2026, 10, 29, 23, 59)
        book.db.commit()


def take_the_deadline_back(course):
    (course / "deadlines.csv").write_text(f"assignment,due,percent_per_day\n{A01},none,10\n")
    extension = f"student,assignment,due\nlate,{A01},2026-10-31 12:00 UTC\n"
    (course / "extensions.csv").write_text(extension)


def give_more_time(course):
    extension = f"student,assignment,due\nlate,{A01},2026-11-01 06:00 UTC\n"
    (course / "extensions.csv").write_text(extension)


def give_less_time(course):
    """Which nobody gets."""
    extension = f"student,assignment,due\nlate,{A01},2026-10-29 06:00 UTC\n"
    (course / "extensions.csv").write_text(extension)
    drop_a_question(course)


def take_all_points_of_who_is_late(course):
    (course / "deadlines.csv").write_text(f"assignment,due\n{A01},2026-10-30 23:59 UTC\n")
    zero = "c.LateSubmissionPlugin.penalty_method = 'zero'\n"
    (course / settings.CONFIG_NAME).write_text(CONFIG + zero)


@pytest.mark.parametrize(
    "change",
    [
        drop_a_question,
        set_the_deadline_in_the_gradebook,
        take_the_deadline_back,
        give_more_time,
        give_less_time,
        take_all_points_of_who_is_late,
    ],
)
def test_an_attempt_is_worth_what_the_gradebook_says(tmp_path, change):
    items = late_course(tmp_path)
    seed = next(
        seed
        for seed in range(20)
        if record(tmp_path, *items, seed=seed) and grade_of(tmp_path, "late", KL)[0]
    )
    before = record(tmp_path, *items, seed=seed)[0]["late", A01].total
    change(tmp_path)
    standings, failures, verdicts = record(tmp_path, *items, seed=seed)
    assert failures == []
    assert standings["late", A01].total != before
    worth = attempts.Worth.of_today(tmp_path, A01)
    for item, verdict in verdicts.items():
        points = worth.points(item, verdict | {"score": 0.0})
        assert points == pytest.approx(standings[item.student, A01].total)


def test_what_is_exported_has_the_tables_of_today(tmp_path):
    record(tmp_path, *late_course(tmp_path))
    give_more_time(tmp_path)

    def late():
        done = nbgrader_here.run(tmp_path, "export")
        assert done.returncode == 0, done.stderr
        rows = csv.DictReader((tmp_path / "gradebook.csv").read_text().splitlines())
        (row,) = (row for row in rows if row["student_id"] == "late")
        return float(row["late_submission_penalty"]) / float(row["raw_score"])

    assert late() == pytest.approx(0.1)
    (tmp_path / "deadlines.csv").write_text(f"assignment,due\n{A01},none\n")
    (tmp_path / "totals.csv").unlink()
    (tmp_path / "totals.csv").mkdir()
    # The other table is written all the same.
    assert late() == 0
    (tmp_path / "roster.csv").write_text("name\nAnn\n")
    with pytest.raises(AssertionError, match=r"nothing was exported: .*no column `id`") as found:
        late()
    assert "Traceback" not in str(found.value)


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("deadlines.csv", f"assignment,due,percent_per_day\n{A01},,ten\n", "line 2: percent_per"),
        (
            "deadlines.csv",
            f"assignment,due,percent_per_day\n{A01},,-1\n",
            "is not a number of 0 or more",
        ),
        ("extensions.csv", f"student,assignment,due\nann,{A01},soon\n", "'soon' is no time"),
        ("extensions.csv", f"student,assignment,due\nann,{A01},\n", "line 2: due is missing"),
        ("extensions.csv", "student,assignment,due\nann,a99,2026-10-30 12:00\n", "no assignment"),
        (
            "extensions.csv",
            f"student,assignment,due\nann,{A01},2026-10-30 12:00\nann,{A01},2026-10-31 12:00\n",
            f"ann has {A01} in an earlier line too",
        ),
        ("deadlines.csv", "assignment,due\n,2026-10-30 12:00\n", "the assignment is missing"),
        (
            "deadlines.csv",
            f"assignment,due\n{A01},2026-10-30 12:00\n{A01},none\n",
            f"has {A01} twice, in lines 2 and 3",
        ),
        (
            "deadlines.csv",
            f"assignment,due,percent per day\n{A01},,10\n",
            "has a column `percent per day`, which means nothing here",
        ),
        (
            "deadlines.csv",
            f"assignment,due\n{A01},2026-03-29 02:30 Europe/Berlin\n",
            "clocks are put forward over it",
        ),
        (
            "extensions.csv",
            f"student,assignment,due,why\nann,{A01},2026-10-30 12:00,ill, and away\n",
            "5 cells for 4 columns",
        ),
    ],
)
def test_a_table_that_is_none_is_said(tmp_path, name, text, why):
    (tmp_path / name).write_text(text)
    with pytest.raises(FaultyFile, match=why):
        course_files.read_course_files(tmp_path)
    assert why in recording.record(tmp_path, {})[1][0]


def test_a_course_that_is_restored_elsewhere_exports_the_same(tmp_path):
    """A backup is the folder: points by hand, penalties and decisions are in it."""
    course, restored = tmp_path / "course", tmp_path / "elsewhere" / "course"
    course.mkdir()
    items = late_course(course)
    record(course, *items)
    give(course, "late", 4.0)
    record(course, *items)
    shutil.copytree(course, restored)

    def exported(folder):
        done = nbgrader_here.run(folder, "export")
        assert done.returncode == 0, done.stderr
        return (folder / "gradebook.csv").read_text()

    before = exported(course)
    assert exported(restored) == before
    # The next run there changes nothing either.
    verdicts = {
        replace(item, path=restored / item.path.relative_to(course)): classroom.read_verdict(
            classroom.verdict_path(restored, item)
        )
        for item in items
    }
    shutil.rmtree(course)
    assert recording.record(restored, verdicts)[1] == []
    assert exported(restored) == before
