"""The table of totals out of 100, a row for each student."""

import csv

import pytest
from marking import A01, KL, give, hand_in, record

from autograder import cli
from autograder.course import gradebook


def rows_of(course):
    with (course / "totals.csv").open(encoding="utf-8", newline="") as file:
        return {row["id"]: row for row in csv.DictReader(file)}


def test_a_total_is_out_of_100_where_a_question_was_dropped(tmp_path):
    (tmp_path / "roster.csv").write_text("id,name,lms_id\nbob,=Bob,7\nann,Ann Lee,\nzoe,,\n")
    items = [hand_in(tmp_path, student) for student in ("ann", "bob", "guest")]
    record(tmp_path, *items)
    give(tmp_path, "ann", 3.0)
    dropped = ("reweigh", KL, "0", "--why", "It had two readings.", "--out", str(tmp_path))
    assert cli.main([*dropped]) == 0
    standing = record(tmp_path, *items)[0]["ann", A01]
    assert 0 < standing.total < standing.out_of < 100
    rows = rows_of(tmp_path)
    # In the order of the roster, then those who are not on it.
    assert [*rows] == ["bob", "ann", "zoe", "guest"]
    assert float(rows["ann"][A01]) == pytest.approx(
        100 * standing.total / standing.out_of, abs=0.01
    )
    assert (rows["bob"]["name"], rows["bob"]["lms_id"]) == ("'=Bob", "7")
    assert (rows["zoe"][A01], rows["zoe"]["to_grade_by_hand"]) == ("0.0", "0")
    assert rows["ann"]["to_grade_by_hand"] == str(standing.to_grade_by_hand)


def test_an_assignment_of_which_nothing_counts_comes_to_nothing():
    assert gradebook.Standing(5.0, 0, out_of=0.0).percent == 0.0


def test_a_table_that_cannot_be_written_costs_nothing_else(tmp_path):
    item = hand_in(tmp_path, "ann")
    (tmp_path / "totals.csv").mkdir()
    standings, failures, _ = record(tmp_path, item)
    assert ("ann", A01) in standings
    assert len(failures) == 1
    assert failures[0].startswith("totals.csv was not written")
