"""What students handed in, from downloads as Canvas, Moodle, Gradescope and folders lay them."""

import io
import json
import stat
import subprocess
import sys
import time
import zipfile
from datetime import UTC, datetime

import nbgrader_here
import pytest

from autograder.build import notebooks
from autograder.cli import main
from autograder.course import archives, attempts, collecting, placing, recognizing, roster
from autograder.grading import find_submissions
from autograder.places import FaultyFile

A01, A02 = "a01_densities", "a02_elbo"
ROSTER = """\
id,name,email,lms_id,section,group
ada,"Lovelace, Ada",ada@example.org,1001,A,
emmy,Emmy Noether,emmy@example.org,1002,A,
sofja,Sofja Wassiljewna Kowalewskaja,sofja@example.org,1003,B,g1
hypatia,Hypatia,hypatia@example.org,1004,B,g1
jean-luc,Jean-Luc O'Neil,jl@example.org,1005,B,
"""


def notebook(student, assignment=A01):
    """A released notebook with the student's name in it."""
    path = notebooks.ASSIGNMENTS / assignment / f"{assignment}.ipynb"
    found = json.loads(path.read_text(encoding="utf-8"))
    found["metadata"]["whose"] = student
    return json.dumps(found).encode()


def whose(content):
    return json.loads(content)["metadata"]["whose"]


def zipped(files):
    """A zip of a dict from names, or `ZipInfo`s, to bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def handed_in_by_submit(student, assignment=A01):
    return zipped({f"{assignment}/{assignment}.ipynb": notebook(student, assignment)})


@pytest.fixture
def course(tmp_path):
    (tmp_path / "course").mkdir()
    (tmp_path / "course" / "roster.csv").write_text(ROSTER)
    return tmp_path / "course"


def collect(course, content, assignment="", student="", name="download.zip"):
    """Collects a download; returns what came of it."""
    path = course.parent / name
    path.write_bytes(content)
    wanted = collecting.Wanted(roster.read_roster(course), assignment, student)
    return collecting.collect(
        [path], wanted, lambda student, name: course / "submitted" / student / name
    )


def submitted(course):
    """From student and assignment to whose notebook lies there."""
    found = {}
    for path in (course / "submitted").glob("*/*/*.ipynb"):
        assert path.stem == path.parent.name
        found[path.parts[-3], path.parent.name] = whose(path.read_bytes())
    return found


def timestamp(course, student, assignment=A01):
    return (course / "submitted" / student / assignment / "timestamp.txt").read_text().strip()


CANVAS = {
    "lovelaceada_1001_5001_a01_densities.ipynb": notebook("ada"),
    "noetheremmy_LATE_1002_5002_a01_densities-2.ipynb": notebook("emmy"),
    "oneiljeanluc_1005_5005_a01_densities.zip": handed_in_by_submit("jean-luc"),
    "hypatia_1004_5004_a01_densities.ipynb": notebook("hypatia"),
}


def test_canvas(course):
    found = collect(course, zipped(CANVAS))
    assert (found.unknown, found.unread) == ([], [])
    names = ("ada", "emmy", "jean-luc", "hypatia")
    # Sofja is in Hypatia's group.
    expected = {(name, A01): name for name in names} | {("sofja", A01): "hypatia"}
    assert submitted(course) == expected
    assert found.late[A01] == ["emmy"]
    # Canvas writes into the zip when it was downloaded.
    assert not [*course.rglob("timestamp.txt")]


def test_canvas_without_numbers_on_the_roster_goes_by_names(course):
    (course / "roster.csv").write_text(ROSTER.replace(",100", ",9"))
    assert not collect(course, zipped(CANVAS)).unknown
    assert len(submitted(course)) == 5


def dated(name, *when):
    return zipfile.ZipInfo(name, when)


@pytest.mark.parametrize("end", ["_/", "/", "_"])
def test_moodle(course, end):
    """Folders of new and old versions, and files without folders."""
    when = (2026, 10, 1, 12, 0, 0)
    (course / "roster.csv").write_text(ROSTER.replace("1002,A,", "1002,Group B,"))
    files = {
        f"Ada Lovelace_777_assignsubmission_file{end}a01_densities.ipynb": notebook("ada"),
        f"Group B-Emmy Noether_778_assignsubmission_file{end}a01_densities.zip": (
            handed_in_by_submit("emmy")
        ),
        f"Jean-Luc O'Neil_779_assignsubmission_file{end}a01 densities (1).ipynb": (
            notebook("jean-luc")
        ),
        "Hypatia_780_assignsubmission_onlinetext_/onlinetext.html": b"<p>My notes</p>",
    }
    found = collect(course, zipped({dated(name, *when): text for name, text in files.items()}))
    assert (found.unknown, found.unread) == ([], [])
    assert submitted(course) == {(name, A01): name for name in ("ada", "emmy", "jean-luc")}
    wanted = datetime(*when).astimezone(UTC)
    assert timestamp(course, "ada") == wanted.strftime("%Y-%m-%d %H:%M:%S UTC")


GRADESCOPE = """\
---
submission_11:
  :submitters:
  - :name: Ada Lovelace
    :sid: '99'
    :email: ADA@example.org
  :created_at: 2026-10-01 12:00:00.123456000 Z
  :score: 0.0
  :history:
  - :id: 10
    :created_at: 2026-09-30 12:00:00.000000000 Z
submission_12:
  :submitters:
  - :name: Emmy N.
    :sid: emmy
    :email: other@example.org
  - :name: Jean-Luc
    :sid:
    :email: jl@example.org
  :created_at: 2026-10-01 14:00:00.000000000 +02:00
submission_13:
  :submitters:
  - :name: Nobody
    :sid: '5'
    :email: nobody@example.org
  :created_at: 2026-10-01 12:00:00.000000000 Z
"""


@pytest.mark.parametrize("top", ["", "assignment_1_export/"])
def test_gradescope(course, top):
    found = collect(
        course,
        zipped(
            {
                f"{top}submission_metadata.yml": GRADESCOPE,
                f"{top}submission_11/a01_densities.ipynb": notebook("ada"),
                f"{top}submission_12/mine/A01_Densities.ipynb": notebook("emmy"),
                f"{top}submission_12/helper.py": b"",
                f"{top}submission_13/a01_densities.ipynb": notebook("nobody"),
            }
        ),
    )
    assert found.unread == []
    assert found.unknown == [f"{top}submission_13/a01_densities.ipynb (Gradescope: 5)"]
    assert submitted(course) == {
        ("ada", A01): "ada", ("emmy", A01): "emmy", ("jean-luc", A01): "emmy"
    }  # fmt: skip
    assert timestamp(course, "ada") == "2026-10-01 12:00:00 UTC"
    assert timestamp(course, "emmy") == "2026-10-01 12:00:00 UTC"


@pytest.mark.parametrize("content", ["{", "a: [1", "submission_1: 3", "- 1", ""])
def test_a_list_that_gradescope_did_not_write_is_refused(course, content):
    files = {"submission_metadata.yml": content, "submission_1/a01_densities.ipynb": b"{}"}
    found = collect(course, zipped(files))
    assert "is not as Gradescope writes it" in found.unread[0]
    assert submitted(course) == {}


@pytest.mark.parametrize(
    "name",
    [
        "ada/a01_densities/a01_densities.ipynb",
        "ada/a01_densities.ipynb",
        "ADA/a01_densities (1).ipynb",
        "the class/ada/a01_densities/a01_densities.ipynb",
        "ada/week 1/A01-Densities.ipynb",
        "ada/Copy of a01_densities.ipynb",
        "ada/a01_densities - Copy (2).ipynb",
        "ada/a01_densities.ipynb.txt",
        "ada/homework.ipynb",
        "Ada Lovelace/homework.ipynb",
        "ada@example.org/homework.ipynb",
        "ada_a01_densities.ipynb",
        "a01_densities-ada.ipynb",
    ],
)
def test_folders_in_many_ways(course, name):
    found = collect(course, zipped({name: notebook("ada"), "__MACOSX/._x.ipynb": b"\0"}))
    assert (found.unknown, found.unread) == ([], [])
    assert submitted(course) == {("ada", A01): "ada"}


def test_an_unpacked_download_and_loose_notebooks(course):
    folder = course.parent / "unpacked"
    for name, content in CANVAS.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / "link.ipynb").symlink_to(folder / "lovelaceada_1001_5001_a01_densities.ipynb")
    wanted = collecting.Wanted(roster.read_roster(course))

    def folder_of(student, name):
        return course / "submitted" / student / name

    found = collecting.collect([folder], wanted, folder_of)
    assert (found.unknown, found.unread) == ([], [])
    assert len(submitted(course)) == 5
    # Nobody can tell whose a loose notebook is, but who collects it.
    assert collect(course, notebook("emmy"), name="homework.ipynb").unknown
    assert not collect(course, notebook("again"), student="emmy", name="homework.ipynb").unknown
    assert submitted(course)["emmy", A01] == "again"


def test_without_a_roster_everybody_is_called_as_the_system_does(course):
    (course / "roster.csv").write_text("id,name\n")
    collect(course, zipped(CANVAS))
    collect(course, zipped({"eva/a01_densities/a01_densities.ipynb": notebook("eva")}))
    collect(
        course,
        zipped({"Kurt G._5_assignsubmission_file_/a02_elbo.ipynb": notebook("kurt", A02)}),
    )
    assert submitted(course) == {
        ("lovelaceada_1001", A01): "ada",
        ("noetheremmy_1002", A01): "emmy",
        ("oneiljeanluc_1005", A01): "jean-luc",
        ("hypatia_1004", A01): "hypatia",
        ("eva", A01): "eva",
        ("Kurt G.", A02): "kurt",
    }


def test_folders_without_a_roster_are_students_at_the_top(course):
    (course / "roster.csv").unlink()
    names = ("ada", "bob")
    for top in ("", "the class/"):
        for inside in ("", "mine/", f"{A01}/"):
            files = {f"{top}{name}/{inside}a01_densities.ipynb": notebook(name) for name in names}
            collect(course, zipped(files))
            assert submitted(course) == {(name, A01): name for name in names}
    # In a folder of loose files nobody is told apart.
    found = collect(course, zipped({f"x/{name}.ipynb": notebook(name) for name in names}))
    assert len(found.unknown) == 2
    assert len(submitted(course)) == 2


def test_the_latest_counts_and_what_it_replaces_is_kept(course):
    files = {
        "lovelaceada_1001_5009_a01_densities-1.ipynb": notebook("second"),
        "lovelaceada_1001_5001_a01_densities.ipynb": notebook("first"),
    }
    found = collect(course, zipped(files))
    assert submitted(course) == {("ada", A01): "second"}
    assert "took lovelaceada_1001_5009" in found.notices[0]
    assert "not lovelaceada_1001_5001" in found.notices[0]
    again = collect(course, zipped(files))
    assert (again.placed[A01], again.kept[A01]) == ([], ["ada"])
    collect(course, zipped({"lovelaceada_1001_5010_a01_densities.ipynb": notebook("third")}))
    assert submitted(course) == {("ada", A01): "third"}
    kept = [*(course / "submitted" / "ada" / A01 / ".replaced").iterdir()]
    assert [whose(path.read_bytes()) for path in kept] == ["second"]


def test_of_several_times_the_last_counts(course):
    text = GRADESCOPE.replace("ADA@", "emmy@").replace("2026-10-01 12:00", "2026-10-03 12:00")
    collect(
        course,
        zipped(
            {
                "submission_metadata.yml": text,
                "submission_11/a01_densities.ipynb": notebook("last"),
                "submission_12/a01_densities.ipynb": notebook("first"),
            }
        ),
    )
    assert submitted(course)["emmy", A01] == "last"
    assert timestamp(course, "emmy") == "2026-10-03 12:00:00 UTC"


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="needs time zones by TZ")
def test_a_time_of_gradescope_without_a_zone_is_in_utc(course, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        text = GRADESCOPE.replace(".123456000 Z", "")
        files = {
            "submission_metadata.yml": text,
            "submission_11/a01_densities.ipynb": notebook("ada"),
        }
        collect(course, zipped(files))
        assert timestamp(course, "ada") == "2026-10-01 12:00:00 UTC"
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("a01_densities", A01),
        ("Copy of a01_densities.ipynb", A01),
        ("A01-Densities (3).ipynb", A01),
        ("a01_densities-12.ipynb.txt", A01),
        ("a01_densities - Copy (2).ipynb", A01),
        ("a01_densities_final.zip", A01),
        ("densities.ipynb", ""),
        ("a02_elbo_notes.ipynb", ""),
        ("", ""),
    ],
)
def test_a_name_is_an_assignments_give_or_take_marks_of_copies(text, named):
    assert recognizing.named_assignment(text) == named


def test_what_is_older_does_not_replace_what_is_newer(course):
    name = "Ada Lovelace_777_assignsubmission_file_/a01_densities.ipynb"
    collect(course, zipped({dated(name, 2026, 10, 2, 12, 0, 0): notebook("new")}))
    found = collect(course, zipped({dated(name, 2026, 10, 1, 12, 0, 0): notebook("old")}))
    assert submitted(course) == {("ada", A01): "new"}
    assert found.notices == [f"ada/{A01}: kept what is there: {name} is older"]


def test_a_group_has_what_its_last_member_handed_in(course):
    files = {
        "kowalewskajasofja_1003_5001_a01_densities.ipynb": notebook("sofja"),
        "hypatia_1004_5002_a01_densities.ipynb": notebook("hypatia"),
    }
    collect(course, zipped(files))
    assert submitted(course) == {("sofja", A01): "hypatia", ("hypatia", A01): "hypatia"}


def without_ids(content):
    found = json.loads(content)
    for cell in found["cells"]:
        cell["metadata"] = {}
    return json.dumps(found).encode()


def empty(student):
    return json.dumps({"cells": [], "metadata": {"whose": student}}).encode()


def test_the_assignment_is_told_by_cells_then_by_name(course):
    files = {
        "ada/a02_elbo/a02_elbo.ipynb": notebook("ada", A01),
        "emmy/work.ipynb": without_ids(notebook("emmy", A02)),
        "jean-luc/a02_elbo/work.ipynb": empty("jean-luc"),
        "hypatia/work.ipynb": empty("hypatia"),
    }
    found = collect(course, zipped(files))
    assert submitted(course) == {
        ("ada", A01): "ada", ("emmy", A02): "emmy", ("jean-luc", A02): "jean-luc"
    }  # fmt: skip
    assert found.unread == ["hypatia: hypatia/work.ipynb: it is no notebook of an assignment here"]


def test_all_of_one_assignment_takes_none_of_another(course):
    """Or a wrong --assignment would put a class's notebooks in the place of others."""
    collect(course, zipped({"ada/work.ipynb": notebook("right")}))
    files = {"ada/work.ipynb": notebook("wrong", A02), "emmy/work.ipynb": empty("emmy")}
    files["jean-luc/work.ipynb"] = notebook("wrong", A02)
    files["hypatia/timestamp.txt"] = b"2020-01-01 00:00:00 UTC"
    found = collect(course, zipped(files), assignment=A01)
    assert submitted(course) == {("ada", A01): "right", ("emmy", A01): "emmy"}
    assert found.unread == [
        *(
            f"{one}: {one}/work.ipynb: it is of {A02}, and not of {A01}"
            for one in ("ada", "jean-luc")
        ),
        "hypatia: handed in hypatia/timestamp.txt and no notebook",
    ]
    assert not [*course.rglob("timestamp.txt")]


def test_what_was_replaced_does_not_come_back(course):
    """A notebook by mail, and then the same download once more."""
    download = zipped({"lovelaceada_1001_5001_a01_densities.ipynb": notebook("first")})
    collect(course, download)
    found = collect(course, notebook("by mail"), student="ada", name="a.ipynb")
    assert found.replaced[A01] == ["ada"]
    again = collect(course, download)
    assert submitted(course) == {("ada", A01): "by mail"}
    assert "was replaced before" in again.notices[0]
    # Nor does it come from the folder of what was replaced.
    folder = course / "submitted"
    wanted = collecting.Wanted(roster.read_roster(course))
    other = course / "other"
    collecting.collect([folder], wanted, lambda student, name: other / student / name)
    assert whose((other / "ada" / A01 / f"{A01}.ipynb").read_bytes()) == "by mail"


def test_the_attempt_that_counts_stays_whenever_the_download_is_collected(course):
    """Gradescope says times: the last attempt is newer than the best, which `attempts` chose."""
    text = GRADESCOPE.replace("ADA@", "emmy@").replace("2026-10-01 12:00", "2026-10-03 12:00")
    download = zipped(
        {
            "submission_metadata.yml": text,
            "submission_11/a01_densities.ipynb": notebook("last"),
            "submission_12/a01_densities.ipynb": notebook("first"),
        }
    )
    collect(course, download)
    folder = course / "submitted" / "emmy" / A01
    replaced = placing.REPLACED
    # The first is the best.
    (best,) = (folder / replaced).glob("*.ipynb")
    attempts.let_count(folder / f"{A01}.ipynb", best)
    for _ in range(3):
        again = collect(course, download)
        assert submitted(course)["emmy", A01] == "first"
        assert any("was replaced before" in said for said in again.notices)
        assert [whose(path.read_bytes()) for path in (folder / replaced).glob("*.ipynb")] == [
            "last"
        ]
    # What is handed in later counts again, an earlier text too.
    later = text.replace("2026-10-03 12:00", "2026-10-05 12:00")
    files = {
        "submission_metadata.yml": later,
        "submission_11/a01_densities.ipynb": notebook("last"),
    }
    collect(course, zipped(files))
    assert submitted(course)["emmy", A01] == "last"


def test_what_was_handed_in_with_the_one_that_counts_is_no_attempt(course):
    """Two uploads in one hand-in; the next hand-in has the other one alone."""
    files = {
        "lovelaceada_1001_5000_a01_densities.ipynb": notebook("draft"),
        "lovelaceada_1001_5001_a01_densities.ipynb": notebook("final"),
    }
    collect(course, zipped(files))
    folder = course / "submitted" / "ada" / A01
    assert submitted(course) == {("ada", A01): "final"}
    assert [whose(path.read_bytes()) for path in (folder / placing.OTHERS).iterdir()] == ["draft"]
    assert not (folder / placing.REPLACED).exists()
    # It never counted: handed in later it does.
    collect(course, zipped({"lovelaceada_1001_5009_a01_densities.ipynb": notebook("draft")}))
    assert submitted(course) == {("ada", A01): "draft"}


def test_a_time_that_cannot_be_read_is_said_and_nothing_is_replaced(course):
    collect(course, notebook("by mail"), student="ada", name="a.ipynb")
    (course / "submitted" / "ada" / A01 / "timestamp.txt").write_text("2026-10-03 12:00\n")
    files = {
        "submission_metadata.yml": GRADESCOPE,
        "submission_11/a01_densities.ipynb": notebook("older"),
    }
    found = collect(course, zipped(files))
    assert submitted(course)["ada", A01] == "by mail"
    assert any("says no time with its zone" in said for said in found.notices)


def test_a_course_that_is_not_there_is_not_made(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.ipynb").write_bytes(notebook("ada"))
    assert main(["collect", "a.ipynb", "--out", "typo"]) == 2
    assert "there is no course in typo" in capsys.readouterr().err
    assert not (tmp_path / "typo").exists()


def test_the_grader_says_what_lies_in_the_place_of_a_notebook(course):
    files = CANVAS | {
        "kowalewskajasofja_1003_5002_my essay.pdf": b"%PDF",
        "hypatia_1004_5004_a01_densities.zip": b"PK\3\4 no zip",
    }
    del files["hypatia_1004_5004_a01_densities.ipynb"]
    collect(course, zipped(files))
    found, _ = find_submissions(course / "submitted", [A01, A02], [A01])
    notices = {item.student: item.notice for item in found}
    assert "my essay.pdf" in notices["sofja"]
    assert "a01_densities.zip (not read" in notices["hypatia"]


def test_a_file_that_is_no_download_is_said(course):
    found = collect(course, b"id,name\n", name="class.csv")
    assert "class.csv holds no notebook and no zip" in found.unread[0]


def odd_member(name, mode=0, flags=0):
    member = zipfile.ZipInfo(name)
    member.external_attr = mode << 16
    member.flag_bits = flags
    return member


def bomb():
    return zipped({"a01_densities/a01_densities.ipynb": b"0" * (archives.MAX_FILE_BYTES + 1)})


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (lambda: b"PK\3\4 no zip", "is no zip that can be read"),
        (lambda: zipped({"../../a01_densities.ipynb": b"{}"}), "leads out of the folder"),
        (lambda: zipped({"/etc/a01_densities.ipynb": b"{}"}), "leads out of the folder"),
        (lambda: zipped({"..\\a01_densities.ipynb": b"{}"}), "leads out of the folder"),
        (lambda: zipped({"C:\\a01_densities.ipynb": b"{}"}), "leads out of the folder"),
        (
            lambda: zipped({odd_member("a01_densities.ipynb", stat.S_IFLNK | 0o777): b"/etc/x"}),
            "it is a link",
        ),
        (bomb, "MiB"),
        (
            lambda: zipped({f"{number}": b"" for number in range(300)}),
            "300 files or more, more than 200",
        ),
        (lambda: zipped({"a.zip": zipped({"b.zip": zipped({"c.ipynb": b"{}"})})}), "zips in zips"),
        (lambda: zipped({"notes.txt": b""}), "holds no notebook"),
        (lambda: zipped({}), "holds no notebook"),
        (lambda: handed_in_by_submit("emmy")[:-30], "is no zip that can be read"),
        (lambda: handed_in_by_submit("emmy").replace(b"\x08\x00", b"\x63\x00", 2), "packed in a"),
    ],
)
def test_what_is_unsafe_or_broken_costs_one_student_alone(course, content, why):
    """Nothing is written outside of `submitted/`, and the others have theirs."""
    before = {path for path in course.parent.rglob("*") if "submitted" not in path.parts}
    found = collect(
        course,
        zipped(
            {
                "lovelaceada_1001_5001_a01_densities.ipynb": notebook("ada"),
                "noetheremmy_1002_5002_a01_densities.zip": content(),
            }
        ),
    )
    assert submitted(course) == {("ada", A01): "ada"}
    assert len(found.unread) == 1
    assert found.unread[0].startswith("emmy: noetheremmy_1002_5002_a01_densities.zip")
    assert why in found.unread[0]
    after = {path for path in course.parent.rglob("*") if "submitted" not in path.parts}
    assert after - before == {course.parent / "download.zip"}


def test_an_encrypted_file_is_refused(course):
    content = bytearray(zipped({"a01_densities.ipynb": notebook("emmy")}))
    for mark, place in ((b"PK\1\2", 8), (b"PK\3\4", 6)):
        content[content.index(mark) + place] |= 1
    found = collect(course, zipped({"emmy/work.zip": bytes(content)}))
    assert "it is encrypted" in found.unread[0]


def test_who_handed_in_no_notebook_is_told(course):
    found = collect(course, zipped({"noetheremmy_1002_5002_essay.pdf": b"%PDF"}))
    assert found.unread == ["emmy: handed in noetheremmy_1002_5002_essay.pdf and no notebook"]


def test_a_download_of_too_many_files_is_refused(course, monkeypatch):
    monkeypatch.setattr(archives, "MAX_ENTRIES", 3)
    found = collect(course, zipped({f"ada/{number}.ipynb": b"{}" for number in range(4)}))
    assert "it holds 4 files, more than 3" in found.unread[0]
    monkeypatch.undo()
    monkeypatch.setattr(archives, "MAX_DOWNLOAD_BYTES", 100)
    found = collect(course, zipped({"ada/a01_densities.ipynb": b"{}" * 100}))
    assert "more than" in found.unread[0]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("name,email\nAda,a@b", "has no column `id`"),
        ("id\nada\nADA\n", "has the id ADA twice, for ada and for ADA"),
        ("id\n1\n1\n", "has the id 1 twice"),
        ("id,lms_id\nada,1 2\nemmy,2\n", "has the lms_id 2 twice, for ada and for emmy"),
        ("id,email\nada,a@b\nemmy,A@b\n", "has the email A@b twice"),
        ("id\n../ada\n", "line 2: '../ada' cannot be an id"),
        ("id,name\n,Ada\n", "line 2: '' cannot be an id"),
        ("id\n.ada\n", "cannot be an id"),
        (b"id\n\xe9mile\n", "no table in UTF-8"),
    ],
)
def test_a_roster_that_cannot_be_read_says_how_to_mend_it(course, text, why):
    (course / "roster.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(FaultyFile, match=why):
        roster.read_roster(course)


def test_a_roster_as_spreadsheets_write_it(course):
    (course / "roster.csv").write_bytes(
        "\ufeffID;Name;Group\r\nada;Lovelace, Ada;\r\n;;\r\nemmy;Emmy Noether;x\r\n".encode()
    )
    found = roster.read_roster(course)
    assert [one.id for one in found.students] == ["ada", "emmy"]
    assert found.students[0].first_and_last == ("Ada", "Lovelace")
    assert found.find(["LOVELACE, ADA"]) == found.find(["ada lovelace"]) == "ada"


def test_two_of_one_name_are_nobody(course):
    (course / "roster.csv").write_text("id,name\nada1,Ada King\nada2,Ada King\n")
    found = collect(
        course, zipped({"Ada King_1_assignsubmission_file_/a01_densities.ipynb": notebook("x")})
    )
    assert "ada1 and ada2 are both called that" in found.unknown[0]
    assert submitted(course) == {}


MOODLE_NAME = "Ada Lovelace_7_assignsubmission_file_a01_densities.ipynb"


@pytest.mark.parametrize(
    "files",
    [
        {
            "Ada Lovelace_1_assignsubmission_file_a01_densities.ipynb": notebook("ada"),
            f"Emmy Noether_2_assignsubmission_file_-{MOODLE_NAME}": notebook("emmy"),
            "Hypatia_3_assignsubmission_file_a01_densities.ipynb": notebook("hypatia"),
        },
        {
            "lovelaceada_1001_5001_a01_densities.ipynb": notebook("ada"),
            f"noetheremmy_1002_5002_-{MOODLE_NAME}": notebook("emmy"),
            "hypatia_1004_5003_x_1001_9_a01_densities.ipynb": notebook("hypatia"),
        },
        {
            "ada/a01_densities.ipynb": notebook("ada"),
            "emmy/x_1001_9_a01_densities.ipynb": notebook("emmy"),
            "hypatia/Ada Lovelace_7_assignsubmission_file_/a01_densities.ipynb": (
                notebook("hypatia")
            ),
            "jean-luc/submission_metadata.yml": GRADESCOPE.replace("submission_11", "emmy"),
            "jean-luc/emmy/a01_densities.ipynb": notebook("jean-luc"),
        },
        {
            "submission_metadata.yml": GRADESCOPE,
            "submission_11/a01_densities.ipynb": notebook("ada"),
            "submission_12/a01_densities.ipynb": notebook("emmy"),
            "submission_12/submission_metadata.yml": GRADESCOPE.replace(
                "submission_11", "mine"
            ).replace("2026-10-01 12", "2030-10-01 12"),
            "submission_12/mine/a01_densities.ipynb": notebook("emmy"),
        },
        {"ada/a01_densities.ipynb": notebook("ada"), "emmy/submission_metadata.yml": b"{}"},
    ],
    ids=["moodle", "canvas", "folders", "gradescope", "list of nobody"],
)
def test_nobody_takes_the_place_of_another_by_a_files_name(course, files):
    (course / "roster.csv").write_text(ROSTER.replace(",g1", ","))
    found = collect(course, zipped(files))
    found_by = submitted(course)
    assert found_by["ada", A01] == "ada"
    for (student, _), owner in found_by.items():
        assert owner in (student, "emmy" if student == "jean-luc" else student)
    assert not found.unknown


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("hw.zip", bytes(handed_in_by_submit("emmy")[:200]).ljust(2000, b"\xff")),
        ("\u4e2d" * 60 + ".pdf", b"%PDF"),
        ("x" * 250 + ".pdf", b"%PDF"),
        ("_" * 200 + ".zip", b"PK"),
    ],
)
def test_an_odd_file_of_one_student_ends_no_collecting(course, name, content):
    files = CANVAS | {f"kowalewskajasofja_1003_5002_{name}": content}
    del files["hypatia_1004_5004_a01_densities.ipynb"]
    collect(course, zipped(files))
    assert len(submitted(course)) == 3


def test_a_damaged_stream_costs_its_student_alone(course):
    content = bytearray(handed_in_by_submit("emmy"))
    content[120:400] = b"\xff" * 280
    files = CANVAS | {"noetheremmy_LATE_1002_5002_a01_densities-2.ipynb": b"", "emmy.zip": b""}
    del files["emmy.zip"], files["noetheremmy_LATE_1002_5002_a01_densities-2.ipynb"]
    files["noetheremmy_1002_5002_a01_densities.zip"] = bytes(content)
    found = collect(course, zipped(files))
    assert "emmy: " in found.unread[0]
    assert "damaged" in found.unread[0]
    assert len(submitted(course)) == 4


def test_whose_a_file_is_where_names_and_numbers_cross(course):
    (course / "roster.csv").write_text(
        "id,name,lms_id\n12,Bob,77\n1,Eve,78\nann,Ann,12\nmarie,Marie Curie,5\nsmith,S,6\nx,X Y,7\n"
    )
    found = collect(
        course,
        zipped(
            {
                "annann_12_1_a01_densities.ipynb": notebook("ann"),
                "bob_77_2_a01_densities.ipynb": notebook("bob"),
            }
        ),
    )
    assert submitted(course) == {("ann", A01): "ann", ("12", A01): "bob"}
    # A number in brackets is a copy's, and a name with a hyphen is no group's.
    found = collect(course, notebook("who"), name="a01_densities (1).ipynb")
    assert found.unknown
    files = {"Anne-Marie Curie_1_assignsubmission_file_/a01_densities.ipynb": notebook("anne")}
    found = collect(course, zipped(files))
    assert found.unknown
    assert len(submitted(course)) == 2


def test_an_id_wins_over_anothers_address(course):
    (course / "roster.csv").write_text("id,email\nsmith,jo@y\njo,smith@y\n")
    assert roster.read_roster(course).find(["smith"]) == "smith"


def test_the_command_says_what_it_took_and_who_is_missing(course, capsys):
    files = CANVAS | {"curiemarie_1009_5009_a01_densities.ipynb": notebook("marie")}
    path = course.parent / "submissions.zip"
    path.write_bytes(zipped(files))
    assert main(["collect", str(path), "--out", str(course)]) == 1
    said = capsys.readouterr().out
    assert "a01_densities: 5 collected\n" in said
    assert "a01_densities: late, as the system says: emmy" in said
    assert "not on the roster: curiemarie_1009_5009_a01_densities.ipynb (Canvas: 1009)" in said
    assert "not handed in" not in said
    path.write_bytes(zipped({"ada/a02_elbo.ipynb": notebook("ada", A02)}))
    assert main(["collect", str(path), "--out", str(course)]) == 0
    said = capsys.readouterr().out
    assert "a02_elbo: 4 on the roster have not handed in: emmy, sofja, hypatia, jean-luc" in said
    # Each on the roster has a row in every table.
    assert len([*(course / "submitted").iterdir()]) == 5
    assert main(["collect", str(path.with_name("nothing.zip")), "--out", str(course)]) == 2
    assert main(["collect", str(path), "--out", str(course), "--assignment", "a9"]) == 2
    assert main(["collect", str(path), "--out", str(course), "--student", "kurt"]) == 2


def test_the_command_prints_no_notes_of_tensorflows(course):
    path = course.parent / "submissions.zip"
    path.write_bytes(zipped(CANVAS))
    done = subprocess.run(
        [sys.executable, "-m", "autograder", "collect", str(path), "--out", str(course)],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert len(submitted(course)) == 5


def test_of_notebooks_handed_in_together_the_one_with_the_questions_counts(course):
    sketch = json.loads(notebook("sketch"))
    sketch["cells"] = [
        cell for cell in sketch["cells"] if "kl_to_standard_normal" in "".join(cell["source"])
    ]
    sketch = json.dumps(sketch).encode()
    handed_in = ":submitters:\n  - :sid: '1001'\n  :created_at: 2026-10-01 12:00:00.000000000 Z\n"
    files = {
        "submission_metadata.yml": f"submission_7:\n  {handed_in}".encode(),
        f"submission_7/{A01}.ipynb": notebook("ada"),
        "submission_7/zz sketch.ipynb": sketch,
    }
    found = collect(course, zipped(files), A01)
    assert submitted(course) == {("ada", A01): "ada"}
    assert any("zz sketch" in line for line in found.notices)
    # So on Canvas, where each file has a number of its own, and the last attempt alone is there.
    files = {
        f"noetheremmy_1002_5001_{A01}.ipynb": notebook("emmy"),
        "noetheremmy_1002_5002_zz sketch.ipynb": sketch,
    }
    collect(course, zipped(files), A01)
    assert submitted(course)["emmy", A01] == "emmy"


def test_nbgraders_zip_collect_takes_the_same(course):
    from autograder.course import folder

    folder.init(course, [A01])
    archive = course / "downloaded" / A01 / "archive"
    archive.mkdir(parents=True)
    (archive / "submissions.zip").write_bytes(
        zipped(CANVAS | {"curiemarie_1009_5009_a01_densities.ipynb": notebook("marie")})
    )
    done = nbgrader_here.run(course, "zip_collect", A01)
    assert done.returncode == 0, done.stderr
    names = ("ada", "emmy", "jean-luc", "hypatia")
    expected = {(name, A01): name for name in names} | {("sofja", A01): "hypatia"}
    assert submitted(course) == expected
    assert "not on the roster: curiemarie" in done.stderr


def take(course, files, assignment=""):
    """Collects a zip of files, given as a dict from paths to bytes."""
    return collect(course, zipped(files), assignment)


GRADESCOPES_LIST = b"""\
submission_1:
  :submitters:
  - :sid: '1002'
    :name: Emmy
    :email: emmy@example.org
"""


@pytest.mark.parametrize(
    "files",
    [
        # A student packs a folder with another's name, or a list of Gradescope's.
        {"ada/emmy/a01_densities.ipynb": b"", "ada/notes.txt": b"x"},
        {"ada/emmy/a01_densities.ipynb": b"", "ada/sofja/a01_densities.ipynb": b""},
        {"guest7/emmy/a01_densities.ipynb": b"", "hypatia/a01_densities.ipynb": b"h"},
        {
            "ada/submission_metadata.yml": GRADESCOPES_LIST,
            "ada/submission_1/a01_densities.ipynb": b"",
        },
        {
            "Ada Lovelace_7_assignsubmission_file_/submission_metadata.yml": GRADESCOPES_LIST,
            "Ada Lovelace_7_assignsubmission_file_/submission_1/a01_densities.ipynb": b"",
        },
        # One who is called as Emmy is has another number than hers.
        {"noetheremmy_4711_5009_a01_densities.ipynb": b"", "hypatia_1004_1_x.ipynb": b"h"},
        {"noetheremmy_4711_5009_a01_densities.ipynb": b"", "x_1002_1_a01_densities.ipynb": b"e"},
        # Two are called so, and the roster has one.
        {
            "Emmy Noether_7_assignsubmission_file_/a01_densities.ipynb": b"",
            "Emmy Noether_8_assignsubmission_file_/a01_densities.ipynb": b"",
        },
    ],
)
def test_a_name_takes_nobodys_place(course, files):
    whose_it_is = {b"": "mallory", b"h": "hypatia", b"e": "emmy"}
    take(
        course,
        {
            path: notebook(whose_it_is[content]) if content in whose_it_is else content
            for path, content in files.items()
        },
        A01,
    )
    assert submitted(course).get(("emmy", A01)) in (None, "emmy")


def test_a_display_name_is_no_number(course):
    submitters = "  :submitters:\n  - :name: '1002'\n    :email: mallory@example.org\n"
    found = take(
        course,
        {
            "submission_metadata.yml": f"submission_1:\n{submitters}".encode(),
            "submission_1/a01_densities.ipynb": notebook("mallory"),
        },
    )
    assert submitted(course) == {}
    assert len(found.unknown) == 1
    # Canvas's numbers are not those of a course, which may be small ones too.
    (course / "roster.csv").write_text("id,name,lms_id\n1,Ada Lovelace,77\n77,Emmy Noether,\n")
    take(course, {"lovelaceada_77_5001_a01_densities.ipynb": notebook("ada")})
    assert submitted(course) == {("1", A01): "ada"}


MOODLES = "Ada Lovelace_7_assignsubmission_file_"


@pytest.mark.parametrize(
    ("files", "student"),
    [
        ({f"{MOODLES}/a01_densities.ipynb": b"", f"{MOODLES}/figure.png": b"x"}, "ada"),
        ({f"export/{MOODLES}/a01_densities.ipynb": b""}, "ada"),
        ({f"export/{MOODLES}a01_densities.ipynb": b""}, "ada"),
        ({"export/lovelaceada_1001_5001_a01_densities.ipynb": b""}, "ada"),
        ({"Team-1-Sofja Kowalewskaja_7_assignsubmission_file_a01_densities.ipynb": b""}, "sofja"),
        (
            {
                "Monday/ada/a01_densities.ipynb": b"",
                "Monday/emmy/x.txt": b"",
                "Friday/hypatia/x.txt": b"",
            },
            "ada",
        ),
        ({"a01_densities/ada/a01_densities.ipynb": b""}, "ada"),
    ],
)
def test_a_download_may_lie_in_folders_and_be_of_one(course, files, student):
    (course / "roster.csv").write_text(
        ROSTER.replace("Sofja Wassiljewna", "Sofja").replace("B,g1", "B,Team-1")
    )
    found = take(course, {path: content or notebook("x") for path, content in files.items()}, A01)
    assert (student, A01) in submitted(course)
    assert found.unknown == []


def test_of_several_downloads_the_later_file_counts_whatever_is_in_it(course):
    shorter = json.loads(notebook("friday"))
    shorter["cells"] = shorter["cells"][: len(shorter["cells"]) // 2]
    monday, friday = course.parent / "monday.zip", course.parent / "friday.zip"
    name = "noetheremmy_1002_{}_a01_densities.ipynb"
    monday.write_bytes(zipped({name.format(5001): notebook("monday")}))
    friday.write_bytes(zipped({name.format(5002): json.dumps(shorter).encode()}))
    wanted = collecting.Wanted(roster.read_roster(course))
    for downloads in ([monday, friday], [friday, monday]):
        collecting.collect(downloads, wanted, lambda *parts: course.joinpath("submitted", *parts))
        assert submitted(course)["emmy", A01] == "friday"


def test_a_partners_later_notebook_counts(course):
    blank = json.loads(notebook("hypatia, later"))
    blank["cells"] = blank["cells"][:30]
    files = {
        "kowalewskajasofja_1003_5001_a01_densities.ipynb": notebook("sofja"),
        "hypatia_1004_5002_a01_densities.ipynb": json.dumps(blank).encode(),
    }
    take(course, files)
    assert submitted(course)["sofja", A01] == submitted(course)["hypatia", A01] == "hypatia, later"


def test_a_solved_notebook_counts_more_than_the_blank_one_beside_it(course):
    solved = notebook("ada").replace(b'raise NotImplementedError(\\"write ', b"return (")
    assert solved != notebook("ada")
    content = zipped({f"{A01}.ipynb": notebook("blank"), "solved.ipynb": solved})
    found = take(course, {"ada/work.zip": content})
    assert submitted(course) == {("ada", A01): "ada"}
    assert any("took solved.ipynb, not a01_densities.ipynb" in line for line in found.notices)


def test_nothing_that_was_replaced_is_ever_overwritten(course):
    kept = course / "submitted" / "ada" / A01 / ".replaced"
    for number in range(1, 4):
        take(course, {"ada/a01_densities.ipynb": notebook(f"version {number}")})
    (kept / "a01_densities-1.ipynb").unlink()
    take(course, {"ada/a01_densities.ipynb": notebook("version 4")})
    versions = {whose(path.read_bytes()) for path in kept.glob("*.ipynb")}
    assert versions == {"version 2", "version 3"}
    # The way back that is told of keeps both, and stays.
    found = take(course, {"ada/a01_densities.ipynb": notebook("version 2")})
    assert submitted(course)["ada", A01] == "version 4"
    assert found.placed[A01] == found.kept[A01] == []
    assert found.refused[A01] == ["ada"]
    (said,) = found.notices
    path = kept / "a01_densities-2.ipynb"
    assert f"{path} --student ada" in said
    for _ in range(2):
        assert main(["collect", str(path), "--student", "ada", "--out", str(course)]) == 0
        assert submitted(course)["ada", A01] == "version 2"
    take(course, {"ada/a01_densities.ipynb": notebook("version 4")})
    assert submitted(course)["ada", A01] == "version 2"
    assert {whose(path.read_bytes()) for path in kept.iterdir()} == {
        "version 2", "version 3", "version 4"
    }  # fmt: skip


def test_what_was_there_on_monday_was_there_on_monday(course):
    name = f"{MOODLES}/a01_densities.ipynb"
    for day in (5, 9):
        written = zipfile.ZipInfo(name, (2026, 10, day, 12, 0, 0))
        collect(course, zipped({written: notebook("ada")}))
    assert timestamp(course, "ada").startswith("2026-10-05")
