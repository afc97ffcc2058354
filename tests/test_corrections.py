"""What instructors decide after grading: it counts, survives regrades, and can be taken back."""

import csv
import io
import json
import re
from datetime import datetime

import pytest
from marking import A01, ASSIGNMENT, KL, WRITTEN, give, grade_of, hand_in, opened, record

from autograder import cli, machine
from autograder.course import (
    by_hand,
    corrections,
    course_files,
    recording,
    reporting,
    requests,
    sources,
)
from autograder.places import FaultyFile
from autograder.reports import feedback

WORTH = next(question.points for question in ASSIGNMENT.questions if question.name == KL)
WRITTEN_WORTH = ASSIGNMENT.manual[0].points


def decide(course, student, question, kind, points=0.0, why="As the forum found.", out_of=0.0):
    # Two decisions of one second are two.
    time = f"{corrections.now_in_utc()} {len(corrections.read_corrections(course))}"
    decision = (time, "emmy", student, A01, question, kind, points, why, out_of)
    corrections.add_correction(course, corrections.Correction(*decision))


def most(course, question):
    with opened(course) as book:
        return by_hand.points_of(book, A01)[question]


def test_an_override_counts_through_regrades_and_can_be_withdrawn(tmp_path):
    ann, bob = hand_in(tmp_path, "ann"), hand_in(tmp_path, "bob")
    record(tmp_path, ann, bob)
    auto = {student: grade_of(tmp_path, student, KL)[0] for student in ("ann", "bob")}
    decide(tmp_path, "ann", KL, "points", 7.5)
    for seed in (0, 1, 2):
        standings, failures, verdicts = record(tmp_path, ann, bob, seed=seed)
        assert failures == []
        assert grade_of(tmp_path, "ann", KL)[1:] == (7.5, False)
        assert grade_of(tmp_path, "bob", KL)[1:] == (None, False)
        others = sum(
            question["score"] for question in verdicts[ann]["questions"] if question["name"] != KL
        )
        assert standings["ann", A01].total == others + 7.5
    record(tmp_path, ann, bob)
    decide(tmp_path, "ann", KL, "points", 3.0)
    record(tmp_path, ann, bob)
    assert grade_of(tmp_path, "ann", KL) == (auto["ann"], 3.0, False)
    decide(tmp_path, "ann", KL, "withdrawn")
    record(tmp_path, ann, bob)
    assert grade_of(tmp_path, "ann", KL) == (auto["ann"], None, False)


def test_an_override_of_points_by_hand_gives_them_back_when_it_is_withdrawn(tmp_path):
    ann = hand_in(tmp_path, "ann")
    record(tmp_path, ann)
    give(tmp_path, "ann", 1.5)
    decide(tmp_path, "ann", WRITTEN, "points", 4.0)
    record(tmp_path, ann)
    assert grade_of(tmp_path, "ann") == (None, 4.0, False)
    decide(tmp_path, "ann", WRITTEN, "withdrawn")
    record(tmp_path, ann)
    assert grade_of(tmp_path, "ann") == (None, 1.5, False)


def test_points_that_somebody_gives_after_an_override_stand(tmp_path):
    ann = hand_in(tmp_path, "ann")
    record(tmp_path, ann)
    decide(tmp_path, "ann", WRITTEN, "points", 4.0)
    record(tmp_path, ann)
    give(tmp_path, "ann", 2.5)
    for _ in range(3):
        record(tmp_path, ann)
        assert grade_of(tmp_path, "ann") == (None, 2.5, False)
    # Until there is a newer decision.
    decide(tmp_path, "ann", WRITTEN, "points", 3.0)
    record(tmp_path, ann)
    assert grade_of(tmp_path, "ann") == (None, 3.0, False)


def test_an_answer_that_changes_after_an_override_waits(tmp_path):
    record(tmp_path, hand_in(tmp_path, "ann"))
    decide(tmp_path, "ann", WRITTEN, "points", 4.0)
    record(tmp_path, hand_in(tmp_path, "ann"))
    record(tmp_path, hand_in(tmp_path, "ann", "On second thoughts."))
    assert grade_of(tmp_path, "ann") == (None, 4.0, True)


# What is decided on an answer that waits, and whether it waits then, and when it is withdrawn.
DECISIONS = {
    "reweighed": (("*", "weight", 8), True, True),
    "dropped": (("*", "weight", 0), False, True),
    "full points": (("*", "full", 0), False, True),
    "an override": (("ann", "points", 3), False, True),
}


@pytest.mark.parametrize("decision", DECISIONS)
@pytest.mark.parametrize("given", [2.0, None])
def test_an_answer_that_nobody_has_read_waits_whatever_was_decided(tmp_path, decision, given):
    (student, kind, points), waits, waits_after = DECISIONS[decision]
    record(tmp_path, hand_in(tmp_path, "ann"))
    if given:
        give(tmp_path, "ann", given)
    ann = hand_in(tmp_path, "ann", "On second thoughts.")
    record(tmp_path, ann)
    assert grade_of(tmp_path, "ann") == (None, given, True)
    decide(tmp_path, student, WRITTEN, kind, points)
    for _ in range(2):
        record(tmp_path, ann)
        assert grade_of(tmp_path, "ann")[2] == waits
    decide(tmp_path, student, WRITTEN, "withdrawn")
    for _ in range(2):
        record(tmp_path, ann)
        assert grade_of(tmp_path, "ann") == (None, given, waits_after)


@pytest.mark.parametrize("kind", ["full", "weight"])
def test_an_answer_that_changes_under_a_decision_waits_when_that_is_withdrawn(tmp_path, kind):
    record(tmp_path, hand_in(tmp_path, "ann"))
    give(tmp_path, "ann", 2.0)
    decide(tmp_path, "*", WRITTEN, kind)
    record(tmp_path, hand_in(tmp_path, "ann"))
    ann = hand_in(tmp_path, "ann", "On second thoughts.")
    record(tmp_path, ann)
    assert not grade_of(tmp_path, "ann")[2]
    decide(tmp_path, "*", WRITTEN, "withdrawn")
    record(tmp_path, ann)
    assert grade_of(tmp_path, "ann") == (None, 2.0, True)


def test_a_changed_answer_under_an_override_waits_after_a_reweigh_too(tmp_path):
    record(tmp_path, hand_in(tmp_path, "ann"))
    decide(tmp_path, "ann", WRITTEN, "points", 4.0)
    record(tmp_path, hand_in(tmp_path, "ann"))
    ann = hand_in(tmp_path, "ann", "On second thoughts.")
    record(tmp_path, ann)
    decide(tmp_path, "*", WRITTEN, "weight", 8)
    record(tmp_path, ann)
    assert grade_of(tmp_path, "ann")[2]


@pytest.mark.parametrize("decision", [("ann", "points", 3.0), ("*", "full", 0)])
def test_a_record_of_an_earlier_kit_is_read(tmp_path, decision):
    """It did not say who waits."""
    ann = hand_in(tmp_path, "ann")
    record(tmp_path, ann)
    give(tmp_path, "ann", 1.5)
    decide(tmp_path, decision[0], WRITTEN, *decision[1:])
    record(tmp_path, ann)
    path = tmp_path / "recorded" / f"{A01}.json"
    found = json.loads(path.read_text())
    for one in found["holds"]:
        del one["waiting"]
    path.write_text(json.dumps(found))
    before = grade_of(tmp_path, "ann")
    assert record(tmp_path, ann)[1] == []
    assert grade_of(tmp_path, "ann") == before
    decide(tmp_path, decision[0], WRITTEN, "withdrawn")
    record(tmp_path, ann)
    assert grade_of(tmp_path, "ann") == (None, 1.5, False)


@pytest.mark.parametrize("decision", [("full", 0), ("weight", 0)])
def test_what_hid_a_changed_answer_under_an_override_brings_it_back(tmp_path, decision):
    record(tmp_path, hand_in(tmp_path, "ann"))
    decide(tmp_path, "ann", WRITTEN, "points", 3.0)
    record(tmp_path, hand_in(tmp_path, "ann"))
    ann = hand_in(tmp_path, "ann", "On second thoughts.")
    record(tmp_path, ann)
    assert grade_of(tmp_path, "ann") == (None, 3.0, True)
    decide(tmp_path, "*", WRITTEN, *decision)
    record(tmp_path, ann)
    assert not grade_of(tmp_path, "ann")[2]
    decide(tmp_path, "*", WRITTEN, "withdrawn")
    # `full` was decided later than the override, which counts again.
    for _ in range(2):
        record(tmp_path, ann)
        assert grade_of(tmp_path, "ann") == (None, 3.0, True)


@pytest.mark.parametrize("decision", [("*", "full", 0), ("ann", "points", 3.0)])
def test_an_automatic_score_that_changes_under_a_decision_waits_for_nobody(tmp_path, decision):
    ann = hand_in(tmp_path, "ann")
    seeds = {bool(score_under(tmp_path, ann, seed)): seed for seed in range(20)}
    record(tmp_path, ann, seed=seeds[False])
    decide(tmp_path, decision[0], KL, *decision[1:])
    record(tmp_path, ann, seed=seeds[False])
    record(tmp_path, ann, seed=seeds[True])
    decide(tmp_path, decision[0], KL, "withdrawn")
    record(tmp_path, ann, seed=seeds[True])
    assert grade_of(tmp_path, "ann", KL) == (WORTH, None, False)


def score_under(course, item, seed):
    record(course, item, seed=seed)
    return grade_of(course, item.student, KL)[0]


def test_a_score_that_changes_in_the_run_of_a_reweigh_waits(tmp_path):
    ann = hand_in(tmp_path, "ann")
    seeds = {bool(score_under(tmp_path, ann, seed)): seed for seed in range(20)}
    record(tmp_path, ann, seed=seeds[False])
    give(tmp_path, "ann", 5.0, KL)
    decide(tmp_path, "*", KL, "weight", WORTH / 2)
    record(tmp_path, ann, seed=seeds[True])
    assert grade_of(tmp_path, "ann", KL) == (WORTH / 2, 2.5, True)


def test_a_score_without_a_verdict_keeps_its_share(tmp_path):
    ann, bob = (hand_in(tmp_path, student) for student in ("ann", "bob"))
    seed = seed_with_points(tmp_path, ann)
    record(tmp_path, ann, bob, seed=seed)
    (tmp_path / "verdicts" / A01 / "ann.json").unlink()
    decide(tmp_path, "*", KL, "weight", 1)
    record(tmp_path, bob, seed=seed)
    assert grade_of(tmp_path, "ann", KL)[0] == 1.0


def test_a_changed_answer_waits_where_the_gradebook_was_lost(tmp_path):
    record(tmp_path, hand_in(tmp_path, "ann"))
    decide(tmp_path, "ann", WRITTEN, "points", 4.0)
    give(tmp_path, "ann", 1.0)
    ann = hand_in(tmp_path, "ann")
    record(tmp_path, ann)
    (tmp_path / "gradebook.db").unlink()
    ann = hand_in(tmp_path, "ann", "On second thoughts.")
    record(tmp_path, ann)
    assert grade_of(tmp_path, "ann") == (None, 4.0, True)


def test_points_that_somebody_takes_away_stay_away(tmp_path):
    ann = hand_in(tmp_path, "ann")
    record(tmp_path, ann)
    give(tmp_path, "ann", 1.0)
    decide(tmp_path, "*", WRITTEN, "weight", 8)
    record(tmp_path, ann)
    assert grade_of(tmp_path, "ann") == (None, 2.0, False)
    with opened(tmp_path) as book:
        grade = book.find_grade(WRITTEN, A01, A01, "ann")
        grade.manual_score, grade.needs_manual_grade = None, True
        book.db.commit()
    for _ in range(2):
        record(tmp_path, ann)
        assert grade_of(tmp_path, "ann") == (None, None, True)


def test_a_reweigh_counts_for_those_who_are_not_graded_now(tmp_path):
    ann, bob = (hand_in(tmp_path, student) for student in ("ann", "bob"))
    right = {"seed": seed_with_points(tmp_path, ann)}
    before = record(tmp_path, ann, bob, **right)[0]["ann", A01]
    points = grade_of(tmp_path, "ann", KL)[0]
    decide(tmp_path, "*", KL, "weight", WORTH / 2)
    after = record(tmp_path, bob, **right)[0]["ann", A01]
    assert grade_of(tmp_path, "ann", KL)[0] == points / 2
    assert after.total == before.total - points / 2
    decide(tmp_path, "*", KL, "weight", 0)
    assert record(tmp_path, bob, **right)[0]["ann", A01].total == before.total - points
    # It comes back out of the verdicts.
    decide(tmp_path, "*", KL, "withdrawn")
    assert record(tmp_path, bob, **right)[0]["ann", A01] == before


def seed_with_points(course, item):
    """A seed under which a student has points for the question that is decided on."""
    for seed in range(20):
        record(course, item, seed=seed)
        if grade_of(course, item.student, KL)[0]:
            return seed
    raise AssertionError("nobody has points")


def test_points_for_an_automatic_question_do_not_wait_because_it_is_reweighed(tmp_path):
    ann = hand_in(tmp_path, "ann")
    right = {"seed": seed_with_points(tmp_path, ann)}
    give(tmp_path, "ann", 0.0, KL)
    decide(tmp_path, "*", KL, "weight", WORTH / 2)
    record(tmp_path, ann, **right)
    assert grade_of(tmp_path, "ann", KL)[1:] == (0.0, False)


def test_a_dropped_question_counts_for_nobody_and_comes_back(tmp_path):
    ann, bob = hand_in(tmp_path, "ann"), hand_in(tmp_path, "bob")
    before = record(tmp_path, ann, bob)[0]
    auto = grade_of(tmp_path, "ann", KL)
    give(tmp_path, "ann", 2.5)
    decide(tmp_path, "*", KL, "weight", 0)
    decide(tmp_path, "*", WRITTEN, "weight", 0)
    standings, failures, _ = record(tmp_path, ann, bob)
    assert failures == []
    for student in ("ann", "bob"):
        assert not grade_of(tmp_path, student, KL)[0]
        assert not grade_of(tmp_path, student)[2]
        gone = before[student, A01].out_of - standings[student, A01].out_of
        assert gone == WORTH + WRITTEN_WORTH
    assert grade_of(tmp_path, "ann")[1] == 0
    for question in (KL, WRITTEN):
        decide(tmp_path, "*", question, "withdrawn")
    record(tmp_path, ann, bob)
    assert grade_of(tmp_path, "ann", KL) == auto
    assert grade_of(tmp_path, "ann") == (None, 2.5, False)
    assert grade_of(tmp_path, "bob") == (None, None, True)


def test_another_weight_leaves_everybody_their_share(tmp_path):
    ann, bob = hand_in(tmp_path, "ann"), hand_in(tmp_path, "bob")
    record(tmp_path, ann, bob)
    auto = grade_of(tmp_path, "ann", KL)[0]
    give(tmp_path, "ann", 1.0)
    for weight in (2 * WORTH, WORTH / 3, WORTH):
        decide(tmp_path, "*", KL, "weight", weight)
        decide(tmp_path, "*", WRITTEN, "weight", WRITTEN_WORTH * weight / WORTH)
        record(tmp_path, ann, bob)
        assert most(tmp_path, KL) == weight
        assert grade_of(tmp_path, "ann", KL)[0] == pytest.approx(auto * weight / WORTH, abs=1e-3)
        assert grade_of(tmp_path, "ann")[1] == pytest.approx(weight / WORTH, abs=1e-3)
        assert not grade_of(tmp_path, "ann")[2]
    assert grade_of(tmp_path, "ann") == (None, 1.0, False)


def test_full_points_for_all_whatever_they_had(tmp_path):
    ann, bob = hand_in(tmp_path, "ann"), hand_in(tmp_path, "bob")
    record(tmp_path, ann, bob)
    give(tmp_path, "ann", 1.0)
    decide(tmp_path, "*", WRITTEN, "full")
    decide(tmp_path, "*", KL, "full")
    record(tmp_path, ann, bob)
    for student in ("ann", "bob"):
        assert grade_of(tmp_path, student)[1:] == (WRITTEN_WORTH, False)
        assert grade_of(tmp_path, student, KL)[1:] == (WORTH, False)
    # One student's own decision goes before the class's.
    decide(tmp_path, "bob", KL, "points", 0.5)
    record(tmp_path, ann, bob)
    assert grade_of(tmp_path, "bob", KL)[1] == 0.5
    decide(tmp_path, "*", WRITTEN, "withdrawn")
    record(tmp_path, ann, bob)
    assert grade_of(tmp_path, "ann") == (None, 1.0, False)
    assert grade_of(tmp_path, "bob") == (None, None, True)


@pytest.mark.parametrize(("weight", "points"), [(0, 0), (6, 5.5), (24, 22), (12, 11)])
def test_an_override_keeps_its_share_of_what_a_question_is_out_of(tmp_path, weight, points):
    ann = hand_in(tmp_path, "ann")
    record(tmp_path, ann)
    decide(tmp_path, "ann", KL, "points", 11, out_of=WORTH)
    record(tmp_path, ann)
    decide(tmp_path, "*", KL, "weight", weight)
    record(tmp_path, ann)
    assert grade_of(tmp_path, "ann", KL)[1] == points
    # Where a row does not say what the points were out of, there are no more than all.
    decide(tmp_path, "ann", KL, "points", 11)
    record(tmp_path, ann)
    assert grade_of(tmp_path, "ann", KL)[1] == min(11, weight)


def test_of_two_decisions_the_later_one_counts_and_a_weight_stays(tmp_path):
    ann = hand_in(tmp_path, "ann")
    record(tmp_path, ann)
    decide(tmp_path, "*", KL, "weight", 5)
    decide(tmp_path, "ann", KL, "points", 2)
    decide(tmp_path, "*", KL, "full")
    record(tmp_path, ann)
    assert grade_of(tmp_path, "ann", KL)[1] == most(tmp_path, KL) == 5
    decide(tmp_path, "ann", KL, "points", 2)
    record(tmp_path, ann)
    assert grade_of(tmp_path, "ann", KL)[1] == 2


def test_points_that_are_given_back_by_a_person_stand(tmp_path):
    """They are what was there before the decision, and somebody wants them all the same."""
    ann = hand_in(tmp_path, "ann")
    record(tmp_path, ann)
    give(tmp_path, "ann", 1.5)
    decide(tmp_path, "ann", WRITTEN, "points", 4.0)
    record(tmp_path, ann)
    give(tmp_path, "ann", 1.5)
    for _ in range(2):
        record(tmp_path, ann)
        assert grade_of(tmp_path, "ann") == (None, 1.5, False)
    # The reason may be mended in the table: it is the same decision.
    path = tmp_path / "corrections.csv"
    path.write_text(path.read_text().replace("As the forum found.", "As the forum has found."))
    standings, _, verdicts = record(tmp_path, ann)
    assert grade_of(tmp_path, "ann") == (None, 1.5, False)
    besides = reporting.course_reports(tmp_path, standings).besides(verdicts[ann])
    assert WRITTEN not in besides.remarks


def test_decisions_outlive_the_gradebook(tmp_path):
    ann = hand_in(tmp_path, "ann")
    record(tmp_path, ann)
    give(tmp_path, "ann", 1.5)
    decide(tmp_path, "ann", WRITTEN, "points", 4.0)
    record(tmp_path, ann)
    (tmp_path / "gradebook.db").unlink()
    record(tmp_path, ann)
    assert grade_of(tmp_path, "ann") == (None, 4.0, False)
    decide(tmp_path, "ann", WRITTEN, "withdrawn")
    record(tmp_path, ann)
    assert grade_of(tmp_path, "ann") == (None, 1.5, False)


@pytest.mark.parametrize("name", ["write_penalties", "settle_decisions"])
def test_a_run_that_dies_while_a_decision_is_withdrawn_loses_no_points(tmp_path, monkeypatch, name):
    ann = hand_in(tmp_path, "ann")
    record(tmp_path, ann)
    give(tmp_path, "ann", 1.5)
    decide(tmp_path, "ann", WRITTEN, "points", 4.0)
    record(tmp_path, ann)
    decide(tmp_path, "ann", WRITTEN, "withdrawn")

    def dies(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(course_files if name == "write_penalties" else recording, name, dies)
        with pytest.raises(KeyboardInterrupt):
            record(tmp_path, ann)
    for _ in range(2):
        record(tmp_path, ann)
        assert grade_of(tmp_path, "ann") == (None, 1.5, False)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"holds": [{"x": 1}], "pending": null}'])
def test_a_damaged_record_of_points_is_said_and_changes_nothing(tmp_path, text):
    ann = hand_in(tmp_path, "ann")
    record(tmp_path, ann)
    give(tmp_path, "ann", 1.5)
    decide(tmp_path, "ann", WRITTEN, "points", 4.0)
    standings, _, verdicts = record(tmp_path, ann)
    path = tmp_path / "recorded" / f"{A01}.json"
    path.write_text(text)
    _, failures = recording.record(tmp_path, verdicts)
    assert len(failures) == 1
    assert "put it back from a backup" in failures[0]
    assert grade_of(tmp_path, "ann") == (None, 4.0, False)
    with pytest.raises(OSError, match="put it back"):
        reporting.course_reports(tmp_path, standings)
    path.unlink()
    assert recording.record(tmp_path, verdicts)[1] == []
    assert grade_of(tmp_path, "ann") == (None, 4.0, False)


def test_an_override_to_what_is_there_settles_it(tmp_path):
    ann = hand_in(tmp_path, "ann")
    record(tmp_path, ann)
    give(tmp_path, "ann", 2.0)
    changed = hand_in(tmp_path, "ann", "On second thoughts.")
    record(tmp_path, changed)
    assert grade_of(tmp_path, "ann") == (None, 2.0, True)
    decide(tmp_path, "ann", WRITTEN, "points", 2.0)
    record(tmp_path, changed)
    assert grade_of(tmp_path, "ann") == (None, 2.0, False)


def test_a_run_that_dies_before_the_gradebook_is_written_loses_no_points(tmp_path, monkeypatch):
    ann = hand_in(tmp_path, "ann")
    record(tmp_path, ann)
    give(tmp_path, "ann", 1.5)
    decide(tmp_path, "ann", WRITTEN, "points", 4.0)

    def dies(*arguments):
        """The decisions have been applied, and are not committed."""
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(course_files, "write_penalties", dies)
        with pytest.raises(KeyboardInterrupt):
            record(tmp_path, ann)
    assert grade_of(tmp_path, "ann") == (None, 1.5, False)
    record(tmp_path, ann)
    assert grade_of(tmp_path, "ann") == (None, 4.0, False)
    decide(tmp_path, "ann", WRITTEN, "withdrawn")
    record(tmp_path, ann)
    assert grade_of(tmp_path, "ann") == (None, 1.5, False)


def test_rows_are_added_and_a_spreadsheets_are_read(tmp_path):
    decide(tmp_path, "ann", KL, "points", 1.0, 'A "second" look,\nwith Emmy.')
    path = tmp_path / "corrections.csv"
    rows = list(csv.reader(io.StringIO(path.read_text(), newline="")))
    with open(path, "w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=";").writerows(rows)
    first = corrections.read_corrections(tmp_path)
    decide(tmp_path, "bob", KL, "points", 2.0)
    every = corrections.read_corrections(tmp_path)
    assert len(every) == 2 == len(first) + 1
    assert every[1].student == "bob"


def command(course, *arguments):
    return cli.main([*arguments, "--out", str(course)])


def test_an_override_is_made_by_a_command_that_says_what_it_changes(tmp_path, capsys):
    ann, bob = hand_in(tmp_path, "ann"), hand_in(tmp_path, "bob")
    before = record(tmp_path, ann, bob)[0]["ann", A01]
    auto = grade_of(tmp_path, "ann", KL)[0]
    wanted = before.total - auto + 7.5
    why = ("--why", "A sign in our hint was wrong.")
    assert command(tmp_path, "override", "ann", KL, "7.5", *why, "--dry-run") == 0
    said = capsys.readouterr().out
    assert f"ann: {before.total:g} of {before.out_of:g} -> {wanted:g} of {before.out_of:g}" in said
    assert "1 student would have other points; nothing was written" in said
    assert not (tmp_path / "corrections.csv").exists()
    assert command(tmp_path, "override", "ann", KL, "7.5", *why) == 0
    (one,) = corrections.read_corrections(tmp_path)
    assert (one.student, one.assignment, one.question, one.points) == ("ann", A01, KL, 7.5)
    assert one.author == machine.whoami()
    assert grade_of(tmp_path, "ann", KL) == (auto, None, False)
    assert record(tmp_path, ann, bob)[0]["ann", A01].total == wanted
    assert command(tmp_path, "override", "ann", *why, KL, "withdraw") == 0
    assert record(tmp_path, ann, bob)[0]["ann", A01] == before


def in_words(standing):
    return f"{standing.total:g} of {standing.out_of:g}"


def test_a_dry_run_lists_everybody_whom_a_dropped_question_changes(tmp_path, capsys):
    items = [hand_in(tmp_path, student) for student in ("ann", "bob", "cy")]
    record(tmp_path, *items)
    give(tmp_path, "ann", 2.0)
    standings = record(tmp_path, *items)[0]
    earlier = {item.student: in_words(standings[item.student, A01]) for item in items}
    for question, points in ((KL, "0"), (WRITTEN, "full"), (KL, "24"), (WRITTEN, "0")):
        arguments = ("reweigh", question, points, "--why", "It was ambiguous.")
        capsys.readouterr()
        assert command(tmp_path, *arguments, "--dry-run") == 0
        previewed = dict(re.findall(r"^(\w+): .* -> (.*)$", capsys.readouterr().out, re.M))
        before = grade_of(tmp_path, "ann")
        assert record(tmp_path, *items)[1] == []
        assert grade_of(tmp_path, "ann") == before
        assert command(tmp_path, *arguments) == 0
        standings = record(tmp_path, *items)[0]
        after = {student: in_words(standings[student, A01]) for student in ("ann", "bob", "cy")}
        changed = {student: said for student, said in after.items() if said != earlier[student]}
        assert previewed == changed
        assert previewed
        earlier = after


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("override", "ann", KL, "13", "--why", "x"), "give 0 to 12"),
        (("override", "ann", KL, "-1", "--why", "x"), "give 0 to 12"),
        (("override", "ann", KL, "nan", "--why", "x"), "give 0 to 12"),
        (("override", "ann", KL, "--why", "x", "half"), "give a number of points, or `withdraw`"),
        (("override", "ann", "kl", "1", "--why", "x"), "no question is called kl"),
        (("override", "zoe", KL, "1", "--why", "x"), "no student is called zoe"),
        (("override", "ann", KL, "1", "--why", "x", "--assignment", "a9"), "no assignment"),
        (("reweigh", KL, "half", "--why", "x"), "points, or `full`, or `withdraw`"),
        (("reweigh", KL, "nan", "--why", "x"), "give 0 to 1000"),
        (("reweigh", KL, "1_0", "--why", "x"), "give a number of points"),
        (("reweigh", KL, "7,5", "--why", "x"), "write 7.5"),
        (("reweigh", KL, "withdraw", "--why", "x"), f"nothing has been decided on {KL}"),
        (("reweigh", KL, "0", "--why", "x", "--by", " "), "--by needs a name"),
        (("override", "zoe", KL, "1", "--why", " "), "needs a reason"),
        (("override", "ann", f"{KL[:-1]}", "1", "--why", "x"), f"did you mean {KL}?"),
        (("override", "bob", KL, "1", "--why", "x"), "nothing of bob's has been graded"),
        (("override", "ann", KL, "withdraw", "--why", "x"), "has no override"),
        (("requests", "ann", KL, "--answer", "  "), "one of"),
        (("requests", "--asks", "Why?"), "one of --asks"),
        (("requests", "ann", KL), "one of --asks TEXT and --answer TEXT"),
        (("requests", "ann", KL, "--answer", "No."), "ann has asked nothing about"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path, capsys, arguments, why):
    (tmp_path / "roster.csv").write_text("id\nann\nbob\n")
    record(tmp_path, hand_in(tmp_path, "ann"))
    assert command(tmp_path, *arguments) == 2
    assert why in capsys.readouterr().err
    assert not (tmp_path / "corrections.csv").exists()


def test_nobody_gets_points_for_a_question_that_does_not_count(tmp_path, capsys):
    record(tmp_path, hand_in(tmp_path, "ann"))
    decide(tmp_path, "*", KL, "weight", 0)
    assert command(tmp_path, "override", "ann", KL, "0", "--why", "x") == 2
    assert f"{KL} does not count now" in capsys.readouterr().err


def test_two_requests_on_one_question_are_answered_together(tmp_path):
    record(tmp_path, hand_in(tmp_path, "ann"))
    for asks in ("First?", "Second?"):
        command(tmp_path, "requests", "ann", KL, "--asks", asks)
    assert command(tmp_path, "requests", "ann", KL, "--answer", "No.") == 0
    assert [one.answer for one in requests.read_requests(tmp_path)] == ["No.", "No."]


def test_a_gradebook_that_cannot_be_used_is_said_in_a_line(tmp_path, capsys):
    record(tmp_path, hand_in(tmp_path, "ann"))
    (tmp_path / "gradebook.db").write_text("This is a gradebook.")
    assert command(tmp_path, "reweigh", KL, "0", "--why", "x") == 1
    assert "the gradebook cannot be used" in capsys.readouterr().out
    assert command(tmp_path / "nowhere", "reweigh", KL, "0", "--why", "x") == 2
    assert "there is no course" in capsys.readouterr().err


def test_what_a_student_asks_is_no_formula(tmp_path):
    record(tmp_path, hand_in(tmp_path, "ann"))
    asked = '=HYPERLINK("https://example.org")'
    command(tmp_path, "requests", "ann", KL, "--asks", asked)
    rows = list(csv.reader((tmp_path / "requests.csv").read_text().splitlines()))
    assert "'" + asked in rows[1]
    (one,) = requests.read_requests(tmp_path)
    assert one.asks == asked


def test_what_was_decided_asked_and_answered_is_in_the_feedback(tmp_path, capsys):
    ann, bob = hand_in(tmp_path, "ann"), hand_in(tmp_path, "bob")
    record(tmp_path, ann, bob)
    command(tmp_path, "requests", "ann", KL, "--asks", "Is <b>my</b> sign not right?")
    command(tmp_path, "requests", "ann", WRITTEN, "--asks", "Why 2 points?")
    capsys.readouterr()
    assert command(tmp_path, "requests") == 0
    said = capsys.readouterr().out
    assert "2 waiting for an answer" in said
    assert "Why 2 points?" in said
    command(tmp_path, "requests", "ann", KL, "--answer", "It is; thank you.")
    why = ("--why", "Your sign is right.", "--by", "the jury")
    command(tmp_path, "override", "ann", KL, "12", *why)
    command(tmp_path, "reweigh", WRITTEN, "0", "--why", "It had two readings.")
    standings, failures, verdicts = record(tmp_path, ann, bob)
    assert failures == []
    (tmp_path / "nbgrader_config.py").write_text(
        "c = get_config()\nc.CourseDirectory.course_id = 'VI <2026>'\n"
    )
    reports = reporting.course_reports(tmp_path, standings)
    pages = {
        item.student: feedback.feedback_html(verdict | ADDED, reports.besides(verdict))
        for item, verdict in verdicts.items()
    }
    for text in (
        "You asked",
        "Is &lt;b&gt;my&lt;/b&gt; sign not right?",
        "It is; thank you.",
        "Corrected to 12 of 12 points. Your sign is right. (the jury, ",
        "Why 2 points?",
        "This has not been answered yet.",
        f"<b>{standings['ann', A01].total:g} of {standings['ann', A01].out_of:g} points</b>",
    ):
        assert text in pages["ann"], text
        assert text not in pages["bob"] or "points</b>" in text
    for page in pages.values():
        assert "This question does not count. It had two readings." in page
        assert "VI &lt;2026&gt;" in page
        assert f"{datetime.now().astimezone():%Y-%m}" in page


@pytest.mark.parametrize(
    ("source", "cited"),
    [
        ("document 003, eq. 13", "our notes, (4.2)"),
        ("document 003, eq. 1", "chapter 3, eq. 1"),
        (
            "document 000, section 4; document 003, eq. 13",
            "document 000, section 4; our notes, (4.2)",
        ),
        ("document 0031", "document 0031"),
    ],
)
def test_sources_may_be_the_courses_own(tmp_path, source, cited):
    path = tmp_path / "sources.csv"
    path.write_text(
        "source,yours\ndocument 003,chapter 3\n"
        '"document 003, eq. 13","our notes, (4.2)"\nelbo_identity_terms,exercise sheet 2\n'
    )
    found = sources.read_sources(tmp_path)
    assert sources.cite(KL, source, found) == cited
    assert sources.cite("elbo_identity_terms", source, found) == "exercise sheet 2"
    assert sources.cite(KL, source, {}) == source
    ann = hand_in(tmp_path, "ann")
    verdict = record(tmp_path, ann)[2][ann]
    for question in verdict["questions"]:
        question["source"] = source
    page = feedback.feedback_html(
        verdict | ADDED, reporting.course_reports(tmp_path, {}).besides(verdict)
    )
    assert "In the lecture notes: exercise sheet 2" in page
    path.write_text("source,yours\ndocument 003,\n")
    assert "line 2: one of source, yours is missing" in recording.record(tmp_path, {})[1][0]


def test_a_decision_on_nobody_or_nothing_is_said_and_the_others_count(tmp_path):
    (tmp_path / "roster.csv").write_text("id\nann\n")
    ann = hand_in(tmp_path, "ann")
    decide(tmp_path, "anne", KL, "points", 3)
    decide(tmp_path, "ann", "kl", "points", 3)
    decide(tmp_path, "ann", KL, "points", 3)
    failures = record(tmp_path, ann)[1]
    assert grade_of(tmp_path, "ann", KL)[1] == 3
    assert [line.partition(": ")[2] for line in failures] == [
        "nobody on the roster has the id anne",
        f"{A01} has no question kl",
    ]


# What the page shows of a verdict, and `verdict_on` leaves out.
ADDED = {"score": 0, "max_score": 77, "manual_max_score": 23, "kit_errors": [], "kit_version": "0"}


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("t,emmy,ann,a01_densities,kl,gift,3,x", "line 2: 'gift' is no kind"),
        ("t,emmy,ann,a01_densities", "line 2: '' is no kind"),
        ("t,emmy,ann,a01_densities,kl,points,three,x", "'three' is not a number of 0 or more"),
        ("t,emmy,ann,a01_densities,kl,points,nan,x", "'nan' is not a number of 0 or more"),
        ("t,emmy,ann,a01_densities,kl,points,-1,x", "'-1' is not a number of 0 or more"),
        (
            't,emmy,ann,a01_densities,kl,points,"2,5",x',
            "'2,5' is not a number of 0 or more; write 2.5",
        ),
        ("t,emmy,ann,a01_densities,kl,points,,x", "the points are missing"),
        ("t,emmy,ann,a01_densities,kl,full,0,x", "'full' is for the whole class"),
        ("t,emmy,ann,a01_densities,kl,weight,0,x", "'weight' is for the whole class"),
        ("t,emmy,*,a01_densities,kl,points,3,x", "'points' is for one student"),
        ("t,emmy,ann,a99,kl,points,3,x", "no assignment is called a99"),
        ("t,emmy,ann,a01_densities,kl,points,3,so, for, example", "10 cells for 9 columns"),
        ("t,emmy,ann,a01_densities,kl,points,3,so, for", "out_of: 'for' is not a number"),
    ],
)
def test_a_table_that_is_none_is_said(tmp_path, row, why):
    head = ",".join(corrections.COLUMNS)
    (tmp_path / "corrections.csv").write_text(f"{head}\n{row}\n")
    with pytest.raises(FaultyFile, match=re.escape(why)):
        corrections.read_corrections(tmp_path)
    _, failures = recording.record(tmp_path, {})
    assert why in failures[0]
