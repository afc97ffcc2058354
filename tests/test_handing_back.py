"""Feedback pages as they are given back: by student, and to Moodle."""

import zipfile

import pytest
from marking import A01, hand_in, record

from autograder.cli import main
from autograder.course import handing_back
from autograder.places import FaultyFile

ADAS, EMMYS = "Ada Lovelace_777_assignsubmission_file_", "-Emmy Noether_12_assignsubmission_file_"


@pytest.fixture
def course(tmp_path):
    """Ada and Emmy handed in through Moodle, Zoe by mail."""
    (tmp_path / "roster.csv").write_text(
        "id,name\nada,Ada Lovelace\nemmy,Emmy Noether\nzoe,Zoe Lee\n"
    )
    items = [hand_in(tmp_path, student) for student in ("ada", "emmy", "zoe")]
    record(tmp_path, *items)
    for item in items:
        page = tmp_path / "feedback" / A01 / f"{item.student}.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(f"The page of {item.student}.")
    return tmp_path


def test_moodle_gets_back_the_folders_that_it_exported(course, capsys):
    archive = course / "download.zip"
    with zipfile.ZipFile(archive, "w") as target:
        for student, folder in (("ada", ADAS), ("emmy", EMMYS)):
            notebook = (course / "submitted" / student / A01 / f"{A01}.ipynb").read_bytes()
            target.writestr(f"{folder}/{A01}.ipynb", notebook)
    assert main(["collect", str(archive), "--out", str(course)]) == 0
    assert main(["give-back", A01, "--out", str(course)]) == 0
    said = capsys.readouterr().out
    assert "3 students' pages" in said
    assert "2 of them, for Moodle" in said
    with zipfile.ZipFile(course / "give_back" / f"{A01}-moodle.zip") as found:
        assert {name: found.read(name).decode() for name in found.namelist()} == {
            f"{ADAS}/{A01}.html": "The page of ada.",
            f"{EMMYS}/{A01}.html": "The page of emmy.",
        }
    for student in ("ada", "emmy", "zoe"):
        page = course / "give_back" / A01 / student / f"{A01}.html"
        assert page.read_text() == f"The page of {student}."


def test_what_moodle_calls_hand_ins_is_kept_through_downloads(course):
    handing_back.remember_folders(course, {("ada", A01): ADAS})
    handing_back.remember_folders(course, {("emmy", A01): EMMYS, ("ada", A01): "Ada_8_x"})
    handing_back.remember_folders(course, {})
    assert handing_back.read_folders(course) == {("ada", A01): "Ada_8_x", ("emmy", A01): EMMYS}
    (course / "moodle.csv").write_text("student\nada\n")
    with pytest.raises(FaultyFile, match="has no column"):
        handing_back.hand_back(course, A01)
    # Nothing is collected then, and in half.
    late = course / "late.ipynb"
    late.write_bytes((course / "submitted" / "zoe" / A01 / f"{A01}.ipynb").read_bytes())
    (course / "submitted" / "zoe" / A01 / f"{A01}.ipynb").unlink()
    assert main(["collect", str(late), "--student", "zoe", "--out", str(course)]) == 2
    assert not (course / "submitted" / "zoe" / A01 / f"{A01}.ipynb").exists()


def test_without_moodle_there_is_no_zip_and_without_pages_nothing(course, capsys):
    done = handing_back.hand_back(course, A01)
    assert (done.students, done.archive) == (3, None)
    assert not [*(course / "give_back").glob("*.zip")]
    assert main(["give-back", "a02_elbo", "--out", str(course)]) == 2
    assert "has no feedback for a02_elbo" in capsys.readouterr().err
