"""What lies in `submitted/`: whatever it is called and whatever it is, each student has a row, and
nobody another's.
"""

import csv
import errno
import io
import itertools
import json
import os
import shutil
import socket
import struct
import threading
import zipfile
from pathlib import Path

import pytest
import soak
from rich.console import Console
from vikit import submitting

from autograder import cli, files, kernels, places, screen, tasks
from autograder.commands import class_grading
from autograder.course import roster
from autograder.grading import classroom, find_submissions, notebook, packed, submission
from autograder.grading import verdict as verdicts
from autograder.grading.class_folder import notices_of
from autograder.grading.classroom import (
    find_overwritten,
    grade_one,
    is_current,
    read_all,
    verdict_path,
)
from autograder.grading.folders import name_of
from autograder.grading.limits import Limits
from autograder.grading.outcome import ClassRun
from autograder.grading.submission import Submission
from autograder.kernels import confinement, remains, warm
from autograder.names import MAX_STEM_BYTES, file_stem
from autograder.reports import course, gradebook, summary

A01, A02 = "a01_densities", "a02_elbo"
LAW = (A01, A02)
INSIDE = f"{A01}/{A01}.ipynb"
TEXT = '{"cells": []}'
SECRET, PLACE, LIMITS = b"secret of the tests", "/CPU:0", Limits()
CONDITIONS = verdicts.Conditions(SECRET, PLACE, LIMITS, kernels.COLD)
ESC, CSI, BIDI = "\x1b[31m", "\x9b2J", "\u202e"


def folder_of(parent, name):
    """Makes the folder of that name, text or bytes, and returns its path."""
    path = Path(os.fsdecode(os.path.join(os.fsencode(parent), os.fsencode(name))))
    path.mkdir(parents=True)
    return path


def pack(path, *members, **options):
    """Writes a zip of (name, content) pairs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", options.get("how", zipfile.ZIP_DEFLATED)) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def found_in(folder, **options):
    """Returns the submissions for a01 by student, and the notices."""
    submissions, notices = find_submissions(folder, LAW, [A01], **options)
    assert len({item.student for item in submissions}) == len(submissions)
    return {item.student: item for item in submissions}, notices


def reason(folder, student="ada"):
    """Returns why there is nothing to grade of a student."""
    item = found_in(folder)[0][student]
    assert item.path is None
    return item.notice


def named(name):
    return name_of(Path(os.fsdecode(name)))


def test_no_two_folders_have_one_name():
    parts = [b"\\", b"x", b"xff", b"\xff", b"\xc3", b"\xa9"]
    names = {
        b"".join(some) for count in range(1, 6) for some in itertools.product(parts, repeat=count)
    }
    assert len({named(name).encode("utf-8") for name in names}) == len(names) > 5000


def test_an_ordinary_name_stays_as_it_is():
    for name in ("Zoë Müller", r"back\slash", r"c:\user", "渡辺", "e\u0301"):
        assert named(name.encode()) == name
    assert named(b"\xff") == r"\xff"
    assert named(rb"\xff") == r"\\xff"


def test_no_two_names_have_one_file():
    names = {
        letter * size + end
        for letter in "aé"
        for size in range(100, 260)
        for end in ("", "b", "~" + "0" * 32)
    }
    # Those who call their folders as the files of the others, again and again.
    for _ in range(3):
        names |= {file_stem(name) for name in names}
    assert len({file_stem(name) for name in names}) == len(names) > 1000


@pytest.mark.parametrize(
    "name", ["a" * 250, "a" * 251, "a" * 255, "é" * 127, "\\xff" * 255, "~" + "0" * 32]
)
def test_a_file_can_be_named_after_any_name_and_no_other_student_can_take_it(tmp_path, name):
    stem = file_stem(name)
    for suffix in (".json", ".html"):
        files.write_whole(tmp_path / f"{stem}{suffix}", "")
    assert (stem == name) == (name == "a" * 250)
    assert len(stem.encode()) <= MAX_STEM_BYTES
    # Somebody's folder is called as the file.
    assert file_stem(stem) != stem or stem == name


@pytest.mark.parametrize(
    "name",
    [ESC, CSI, BIDI, "a\nb", "a\rb", "\x00", "\u2028", "\ufeff", "\u200b", "\udcff", "\x07"],
    ids=ascii,
)
def test_nothing_in_a_name_steers_a_terminal(capsys, name):
    student = f"ada {name}"
    console = Console(width=120)
    screen.say(console, student)
    cli.complain(student)
    questions = [
        {"name": "kl", "score": 1.0, "max_score": 1.0, "status": "correct", "mistake": None}
    ]
    verdict = {
        "assignment": A01,
        "student": student,
        "score": 1.0,
        "max_score": 1.0,
        "questions": questions,
    }
    for part in summary.build_parts([verdict]):
        console.print(part)
    with screen.counting(Console(width=120, force_terminal=True), 2) as (_, done):
        done(f"graded {student}")
    said = capsys.readouterr()
    assert name not in said.out + said.err
    assert repr(name)[1:-1] in said.err
    assert said.out.count(repr(name)[1:-1]) >= 3


def test_names_are_neither_markup_nor_pictures(capsys):
    console = Console(width=120)
    screen.say(console, "[red]ada :heart:")
    with screen.counting(Console(width=120, force_terminal=True), 1) as (begins, _):
        begins("[red]bob :heart:")
    said = capsys.readouterr().out
    assert "[red]ada :heart:" in said
    assert "[red]bob :heart:" in said


def test_names_that_look_alike_are_told_of_and_stay_two(tmp_path):
    for name in ("Ada", "ada", "Zo\u00eb", "Zoe\u0308", "bob"):
        folder_of(tmp_path, name)
    found, notices = found_in(tmp_path)
    assert len(found) == 5
    assert [notice.partition(":")[0] for notice in notices] == [
        "'Ada', 'ada'",
        "'Zoe\\u0308', 'Zo\\xeb'",
    ]


UNSEEN = [
    "\u200b", "\u200d", "\u00ad", "\u034f", "\u061c", "\u115f", "\u17b4", "\u180b", "\u180e",
    "\u200e", "\u202e", "\u2060", "\u2065", "\u2800", "\u3164", "\ufe0f", "\ufeff", "\uffa0",
    "\ufff9", "\U0001d173", "\U000e0041", "\U000e0100", "\x7f",
]  # fmt: skip


@pytest.mark.parametrize("letter", UNSEEN, ids=ascii)
@pytest.mark.parametrize(
    "pattern",
    [
        "{}Zoe\u0308 Lee",
        "Zoe{}\u0308 Lee",
        "zo\u00eb{} LEE",
        "zo\u00eb Lee{}",
        "{0}zo\u00eb{0} lee{0}",
    ],
)
def test_names_that_differ_in_what_nobody_sees_are_told_of(tmp_path, pattern, letter):
    names = ["Zo\u00eb Lee", pattern.format(letter)]
    for name in names:
        folder_of(tmp_path, name)
    folder_of(tmp_path, "Zo\u00eb Leh")
    found, notices = found_in(tmp_path)
    assert len(found) == 3
    assert [notice.partition(":")[0] for notice in notices] == [
        ", ".join(map(ascii, sorted(names)))
    ]


@pytest.mark.parametrize(
    "name",
    [
        "ann lee ",
        " ann lee",
        "ann  lee",
        "ann\u00a0lee",
        "ann\u2003lee",
        "ann\tlee",
        "ann\u200b \u200blee",
    ],
)
def test_names_that_differ_in_spaces_are_told_of(tmp_path, name):
    for one in ("ann lee", "annlee", name):
        folder_of(tmp_path, one)
    assert [notice.count("lee") for notice in found_in(tmp_path)[1]] == [2]


@pytest.mark.skipif(not hasattr(os, "link"), reason="this system has no hard links")
@pytest.mark.parametrize("asked", [[], ["bob"]])
@pytest.mark.parametrize(
    ("ada", "bob"),
    [
        (f"{A01}/{A01}.ipynb", f"{A01}/{A01}.ipynb"),
        (f"{A01}/x.ipynb", f"{A01}/{A01}.ipynb"),
        ("1.zip", "2.zip"),
        ("old/kept", "2.zip"),
        (f"{A01}/deep/er/x", f"{A01}/{A01}.ipynb"),
    ],
)
def test_a_notebook_that_is_another_students_file_is_graded_and_both_are_told(
    tmp_path, ada, bob, asked
):
    pack(tmp_path / "c" / "ada" / ada, (INSIDE, TEXT))
    (tmp_path / "c" / "bob" / bob).parent.mkdir(parents=True)
    os.link(tmp_path / "c" / "ada" / ada, tmp_path / "c" / "bob" / bob)
    # One's own copy is nobody's matter, nor one that lies elsewhere.
    for other in ("copy", "../../elsewhere"):
        pack(tmp_path / "c" / "eve" / A01 / f"{A01}.ipynb", (INSIDE, TEXT))
        os.link(tmp_path / "c" / "eve" / A01 / f"{A01}.ipynb", tmp_path / "c" / "eve" / other)
    found, notices = found_in(tmp_path / "c", students=asked)
    assert found["bob"].path == tmp_path / "c" / "bob" / bob
    said = (
        f"ada/{ada}, bob/{bob}: one file under the names of several students (a hard "
        "link); each is graded"
    )
    assert [notice for notice in notices if "hard link" in notice] == [said]


@pytest.mark.skipif(not hasattr(os, "link"), reason="this system has no hard links")
def test_a_class_with_one_file_has_one_line(tmp_path):
    for number in range(20):
        place = folder_of(tmp_path, f"s{number:02}/{A01}") / f"{A01}.ipynb"
        (
            place.write_text(TEXT)
            if not number
            else os.link(tmp_path / "s00" / A01 / f"{A01}.ipynb", place)
        )
    (notice,) = found_in(tmp_path)[1]
    assert notice.startswith(f"s00/{INSIDE}, s01/{INSIDE}, s02/{INSIDE} and 17 more: one file")


def test_where_two_names_are_one_file_the_one_that_is_lost_is_a_failure(tmp_path, monkeypatch):
    """As on a file system that does not tell capitals apart."""
    monkeypatch.setattr(classroom, "file_stem", str.lower)
    items = [Submission(student, A01, None, "nothing") for student in ("Ada", "ada", "bob")]
    run = ClassRun({item: graded(item, tmp_path) for item in items})
    assert [item.student for item in find_overwritten(run, tmp_path)] == ["Ada"]


def put(path, what):
    """Puts something odd at `path`."""
    if what == "pipe":
        os.mkfifo(path)
    elif what == "socket":
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
    elif what == "device":
        os.mknod(path, 0o600 | 0o020000, os.makedev(1, 3))
    elif what == "file":
        path.write_text("{}")
    elif what == "folder":
        path.mkdir()
    else:
        path.symlink_to(what)


ODD = {
    "pipe": "is a named pipe, not a",
    "socket": "is a socket, not a",
    "nowhere": "is a link: it is not followed",
    "good": "is a link: it is not followed",
    "ada": "is a link: it is not followed",
    f"good/{A01}": "is a link: it is not followed",
    f"good/{A01}/{A01}.ipynb": "is a link: it is not followed",
    "/dev/zero": "is a link: it is not followed",
}


@pytest.fixture
def class_folder(tmp_path, monkeypatch):
    """A folder with one good student; a short path, as sockets have."""
    monkeypatch.chdir(tmp_path)
    folder = Path("c")
    (folder / "good" / A01).mkdir(parents=True)
    (folder / "good" / A01 / f"{A01}.ipynb").write_text("{}")
    return folder


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize(
    "place", ["ada", f"ada/{A01}", f"ada/{A01}/{A01}.ipynb", f"ada/{A01}/other.ipynb"]
)
@pytest.mark.parametrize("what", ODD)
def test_what_is_no_folder_or_no_notebook_has_a_row_that_says_so(class_folder, place, what):
    path = class_folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    up = "../" * place.count("/")
    put(path, up + what if "link" in ODD[what] and what != "/dev/zero" else what)
    found, _ = found_in(class_folder)
    assert set(found) == {"ada", "good"}
    assert found["good"].path
    assert found["ada"].path is None
    assert found["ada"].notice.startswith(f"{place} {ODD[what]}")


@pytest.mark.parametrize(
    ("place", "what", "said"),
    [
        (A01, "file", "a file, not a folder"),
        (f"{A01}/{A01}.ipynb", "folder", "a folder, not a file"),
    ],
)
def test_a_file_for_a_folder_and_a_folder_for_a_file_are_told(class_folder, place, what, said):
    path = class_folder / "ada" / place
    path.parent.mkdir(parents=True)
    put(path, what)
    found = found_in(class_folder)[0]
    if what == "folder":
        assert found["ada"].notice == f"ada/{place} is {said}"
    else:
        assert f"found {A01}" in found["ada"].notice


@pytest.mark.skipif(not hasattr(os, "mknod") or os.geteuid() != 0, reason="only root makes devices")
@pytest.mark.parametrize("place", ["ada", f"ada/{A01}", f"ada/{A01}/{A01}.ipynb"])
def test_a_device_is_not_opened(class_folder, place):
    path = class_folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        put(path, "device")
    except PermissionError:
        pytest.skip("no devices can be made here")
    assert f"{place} is a device, not a" in reason(class_folder)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("name", [f"{A01}.ipynb", "work.zip"])
def test_a_pipe_that_comes_in_the_place_of_a_notebook_is_not_waited_for(tmp_path, name):
    os.mkfifo(tmp_path / name)
    said = []

    def look():
        said.append(verdicts.digest(tmp_path / name))
        with pytest.raises(notebook.UnreadableNotebook) as error:
            verdicts.notebook_in(tmp_path / name, A01)
        said.append(str(error.value))

    # It waits for ever where it waits at all.
    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(60)
    assert said == [None, "what was handed in is no file"]


def test_a_hidden_folder_with_an_assignment_in_it_is_told_of(tmp_path):
    folder_of(tmp_path, f".ada/{A01}")
    folder_of(tmp_path, ".git/objects")
    found, notices = found_in(tmp_path)
    assert not found
    assert notices == [".ada: hidden, and not graded: rename the folder"]


@pytest.fixture
def submit(tmp_path, monkeypatch, write_notebook, capsys):
    """Returns a function that has vikit write the zip of a notebook to a path, and returns the
    notebook's bytes.
    """

    def write(path, answers=None):
        work = tmp_path / "student" / A01
        write_notebook(answers, path=work / f"{A01}.ipynb")
        (work / "public_cases.json").write_bytes(
            (places.ASSIGNMENTS / A01 / "public_cases.json").read_bytes()
        )
        monkeypatch.chdir(work)
        submitting.submit()
        path.parent.mkdir(parents=True, exist_ok=True)
        (work / f"{A01}-submission.zip").replace(path)
        return (work / f"{A01}.ipynb").read_bytes()

    return write


@pytest.mark.parametrize("place", ["ada/hand in (1).ZIP", f"ada/{A01}/x.zip"])
def test_the_zip_of_submit_is_read_where_it_lies(tmp_path, submit, place):
    content = submit(tmp_path / "c" / place)
    found, notices = found_in(tmp_path / "c")
    assert notices == []
    assert (found["ada"].path, found["ada"].notice) == (tmp_path / "c" / place, "")
    assert verdicts.notebook_in(found["ada"].path, A01) == content
    # It counts as handed in where no assignment is named.
    assert [item.assignment for item in find_submissions(tmp_path / "c", LAW)[0]] == [A01]


def test_a_zip_has_the_digest_of_the_notebook_in_it_and_its_verdict_is_kept(tmp_path, submit):
    """So unpacking it changes nothing: neither the hidden inputs nor the verdict."""
    content = submit(tmp_path / "c" / "ada" / "x.zip")
    loose = tmp_path / "loose.ipynb"
    loose.write_bytes(content)
    item = found_in(tmp_path / "c")[0]["ada"]
    assert verdicts.digest(item.path) == verdicts.digest(loose)
    old = verdicts.build_document(
        CONDITIONS, verdicts.HandedIn(tasks.load(A01), "ada", verdicts.digest(loose)), []
    )
    assert is_current(old, item, CONDITIONS)
    submit(item.path, {"kl_to_standard_normal": "x = 1"})
    assert not is_current(old, item, CONDITIONS)


@pytest.mark.kernels
def test_a_zip_gets_the_verdict_of_its_notebook(tmp_path, submit):
    answers = {
        "kl_to_standard_normal": (
            "def kl_to_standard_normal(mu, log_var):\n    return tf.reduce_sum(mu, -1)"
        )
    }
    (tmp_path / "n.ipynb").write_bytes(submit(tmp_path / "x.zip", answers))
    before = sorted(tmp_path.rglob("*"))
    packed_one, loose = (
        verdicts.grade(A01, tmp_path / name, secret=SECRET) for name in ("x.zip", "n.ipynb")
    )
    assert packed_one == loose
    assert {question["status"] for question in loose["questions"]} == {"wrong", "unanswered"}
    assert sorted(tmp_path.rglob("*")) == before


def test_an_unpacked_notebook_counts_before_a_zip(tmp_path, submit):
    submit(tmp_path / "c" / "ada" / A01 / "x.zip")
    (tmp_path / "c" / "ada" / A01 / f"{A01}.ipynb").write_text(TEXT)
    assert found_in(tmp_path / "c")[0]["ada"].path.name == f"{A01}.ipynb"


def test_of_two_zips_none_is_chosen(tmp_path):
    for name in ("1.zip", "2.zip"):
        pack(tmp_path / "ada" / name, (INSIDE, TEXT + name))
    assert reason(tmp_path) == "found 2 zips of it, 1.zip, 2.zip: keep the one that counts"


COPIES = (f"{A01}-submission (1).zip", f"{A01}-submission.zip")


@pytest.mark.parametrize("places", [("", ""), (A01, ""), (A01, A01)])
def test_the_same_zip_twice_is_one(tmp_path, places):
    """A zip holds the time of its making: what counts is the notebook in it."""
    for place, name, how in zip(
        places, COPIES, (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED), strict=True
    ):
        pack(tmp_path / "ada" / place / name, (INSIDE, TEXT), how=how)
    found = found_in(tmp_path)[0]["ada"]
    assert (found.path.name, found.notice) == (
        COPIES[1],
        f"graded {COPIES[1]}, and {COPIES[0]} holds the same",
    )


@pytest.mark.parametrize("ending", ["ipynb", "IPYNB", "ipynb.txt"])
def test_the_same_notebook_twice_under_other_names_is_one(tmp_path, ending):
    work = folder_of(tmp_path, f"ada/{A01}")
    for name in (f"x.{ending}", f"x (1).{ending}"):
        (work / name).write_text(TEXT)
    found = found_in(tmp_path)[0]["ada"]
    assert (found.path.name, found.notice) == (
        f"x.{ending}",
        f"graded x.{ending}, and x (1).{ending} holds the same",
    )
    (work / f"x (1).{ending}").write_text("another")
    assert reason(tmp_path) == f"expected {A01}.ipynb, found x (1).{ending}, x.{ending}"


def test_no_student_has_thousands_of_files_read_to_compare_them(tmp_path):
    for number in range(submission.MAX_COPIES + 1):
        pack(tmp_path / "ada" / f"{number:02}.zip", (INSIDE, TEXT))
    assert "keep the one that counts" in reason(tmp_path)


def test_where_a_copy_cannot_be_read_nobody_knows_whether_it_is_one(tmp_path, monkeypatch):
    for name in COPIES:
        pack(tmp_path / "ada" / name, (INSIDE, TEXT))

    def fails(path):
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(packed, "read", fails)
    assert "Input/output error" in str(found_in(tmp_path)[0]["ada"].fault)


@pytest.mark.parametrize(
    "name",
    [
        f"{A01}.IPYNB",
        f"{A01.upper()}.ipynb",
        f"{A01.upper()}.Ipynb",
        f"{A01} (1).ipynb",
        f"{A01} (1).IPYNB",
        f"{A01}.ipynb.txt",
        f"{A01}.ipynb.json",
        f"{A01.upper()}.IPYNB.TXT",
        f"{A01} (1).ipynb.txt",
    ],
)
def test_a_notebook_that_something_renamed_is_taken_where_it_is_the_only_one(tmp_path, name):
    work = folder_of(tmp_path, f"ada/{A01}")
    (work / name).write_text(TEXT)
    (work / "notes.txt").write_text("")
    found = found_in(tmp_path)[0]["ada"]
    assert (found.path, found.notice) == (work / name, f"graded {name}, the only notebook there")


@pytest.mark.kernels
@pytest.mark.parametrize("name", [f"{A01}.IPYNB", soak.later(f"{A01}.ipynb.txt")])
def test_a_renamed_notebook_has_the_verdict_of_the_notebook(tmp_path, write_notebook, name):
    looks = f"    import os\n    return mu[:, 0] if os.path.exists('{A01}.ipynb') else None"
    path = write_notebook(
        {"kl_to_standard_normal": f"def kl_to_standard_normal(mu, log_var):\n{looks}"}
    )
    (tmp_path / name).write_bytes(path.read_bytes())
    renamed, usual = (
        verdicts.grade(A01, place, secret=SECRET, unsafe=True) for place in (tmp_path / name, path)
    )
    assert renamed == usual
    assert {question["status"] for question in usual["questions"]} == {"wrong", "unanswered"}


@pytest.mark.parametrize(
    ("names", "taken"),
    [
        ([f"{A01}.ipynb", f"{A01}.IPYNB"], f"{A01}.ipynb"),
        ([f"{A01.upper()}.IPYNB", "scratch.ipynb"], f"{A01.upper()}.IPYNB"),
        ([f"{A01}.ipynb", f"{A01}.ipynb.txt"], f"{A01}.ipynb"),
        (["work.ipynb", f"{A01}.ipynb.txt"], "work.ipynb"),
        ([f"{A01.upper()}.IPYNB", f"{A01}.IPYNB"], None),
        ([f"{A01}.ipynb.txt", f"{A01}.ipynb.json"], None),
    ],
)
def test_of_several_names_that_of_the_assignment_counts_and_the_others_are_told(
    tmp_path, names, taken
):
    work = folder_of(tmp_path, f"ada/{A01}")
    for name in names:
        (work / name).write_text(name)
    found = found_in(tmp_path)[0]["ada"]
    assert (found.path and found.path.name) == taken
    assert all(name in found.notice for name in names)


def test_a_zip_of_submit_counts_before_a_renamed_notebook(tmp_path):
    work = folder_of(tmp_path, f"ada/{A01}")
    pack(work / "x.zip", (INSIDE, TEXT))
    (work / f"{A01}.ipynb.txt").write_text("")
    found = found_in(tmp_path)[0]["ada"]
    assert (found.path.name, found.notice) == (
        "x.zip",
        f"graded x.zip; beside it lies {A01}.ipynb.txt",
    )


@pytest.mark.parametrize("place", ["", f"{A01}/"])
@pytest.mark.parametrize(
    "name",
    [
        f"{A01}.json",
        A01.upper(),
        f"{A01} (1)",
        f"{A01}.txt",
        f"{A01}.ipynb.part",
        f"{A01}.ipynb.crdownload",
        f"{A01}.ipynb_",
        f"{A01}.ipynb.",
        "work.ipynb.html",
        f"{A01}.ipynb (1)",
        f"{A01}\u200b.ipynb\u200b",
    ],
)
def test_what_may_be_the_notebook_is_told_by_name_with_what_to_do(tmp_path, place, name):
    folder_of(tmp_path, f"ada/{place}")
    (tmp_path / "ada" / place / name).write_text(TEXT)
    label = name_of(Path(name)).replace("\u200b", r"\u200b")
    assert f"found {label}: if {label} is the notebook, rename it to ada/{INSIDE}" in reason(
        tmp_path
    )


def test_a_notebook_beside_its_folder_is_told(tmp_path):
    folder_of(tmp_path, f"ada/{A01}")
    (tmp_path / "ada" / f"{A01}.ipynb").write_text(TEXT)
    assert (
        f"found {A01}.ipynb: if {A01}.ipynb is the notebook, rename it to ada/{INSIDE}"
        in reason(tmp_path)
    )


@pytest.mark.parametrize("name", [A01.upper(), f"{A01} (1)", f"{A01}-main"])
def test_a_folder_that_may_be_the_assignments_is_told(tmp_path, name):
    work = folder_of(tmp_path, f"ada/{name}")
    (work / f"{A01}.ipynb").write_text(TEXT)
    assert f"found the folder {name}: if {name} is its folder, rename it to ada/{A01}" in reason(
        tmp_path
    )


def test_each_zip_goes_to_its_assignment_and_what_is_not_read_beside_it_is_told(tmp_path):
    pack(tmp_path / "ada" / "1.zip", (INSIDE, TEXT))
    pack(tmp_path / "ada" / "2.zip", (f"{A02}/{A02}.ipynb", TEXT))
    (tmp_path / "ada" / "3.zip").write_text("")
    found = {item.assignment: item for item in find_submissions(tmp_path, LAW)[0]}
    assert {name: item.path.name for name, item in found.items()} == {A01: "1.zip", A02: "2.zip"}
    assert found[A01].notice == "graded 1.zip; beside it lies 3.zip (not read: it is empty)"
    (tmp_path / "ada" / "1.zip").unlink()
    assert "found 2.zip (of a02_elbo), 3.zip (not read: it is empty) (unpack a zip" in reason(
        tmp_path
    )


def test_the_folder_that_extracting_makes_is_named(tmp_path):
    folder = tmp_path / "ada" / f"{A01}-submission" / A01
    folder.mkdir(parents=True)
    (folder / f"{A01}.ipynb").write_text(TEXT)
    assert (
        reason(tmp_path)
        == f"ada/{A01}/{A01}.ipynb lies one folder too deep, in {A01}-submission: move {A01} up"
    )


def test_a_thousand_files_make_no_long_notice(tmp_path):
    work = tmp_path / "ada" / A01
    work.mkdir(parents=True)
    for number in range(1000):
        (work / f"{number:03}.ipynb").write_text(TEXT)
    assert (
        reason(tmp_path)
        == f"expected {A01}.ipynb, found 000.ipynb, 001.ipynb, 002.ipynb and 997 more"
    )


def test_many_who_handed_in_nothing_share_a_line(tmp_path):
    for name in ("ada", "bob", "eve", "kim", "zoe"):
        (tmp_path / name / A02).mkdir(parents=True)
        (tmp_path / name / A02 / f"{A02}.ipynb").write_text(TEXT)
    (tmp_path / "ada" / A01).mkdir()
    (tmp_path / "ada" / A01 / "notes.txt").write_text("")
    found, _ = find_submissions(tmp_path, LAW)
    assert len(found) == 10
    assert notices_of(found) == [
        f"ada/{A01}: expected {A01}.ipynb, found notes.txt",
        f"{A01}: 4 of 5 students handed in nothing; grades.csv has a row for each",
    ]
    assert notices_of([item for item in found if item.student < "kim"])[1].startswith(
        f"bob/{A01}: expected bob/"
    )


def test_what_is_passed_over_beside_the_notebook_is_told(tmp_path):
    work = tmp_path / "ada" / A01
    work.mkdir(parents=True)
    for name in (f"{A01}.ipynb", f"{A01} (1).ipynb"):
        (work / name).write_text(TEXT)
    pack(tmp_path / "ada" / "later.zip", (INSIDE, TEXT))
    (item,) = find_submissions(tmp_path, LAW)[0]
    assert item.path.name == f"{A01}.ipynb"
    assert item.notice == f"graded {A01}.ipynb, and not {A01} (1).ipynb, later.zip, beside it"


FAULTS = ("EIO", "ESTALE", "ETIMEDOUT", "EHOSTDOWN", "EACCES", "EPERM")


def failing(monkeypatch, owner, name, place, error):
    """Has a function of the system fail on one path."""
    works = getattr(owner, name)

    def fails(path, *arguments, **options):
        if str(path) == str(place):
            raise OSError(getattr(errno, error), os.strerror(getattr(errno, error)))
        return works(path, *arguments, **options)

    monkeypatch.setattr(owner, name, fails)


OUT_OF_SIGHT = {
    "a zip": (os, "open", "ada/x.zip"),
    "a zip in its folder": (os, "open", f"ada/{A01}/x.zip"),
    "a zip's kind": (Path, "lstat", "ada/x.zip"),
    "a home": (Path, "lstat", "ada"),
    "what is in a home": (Path, "iterdir", "ada"),
    "a folder": (Path, "lstat", f"ada/{A01}"),
    "what is in a folder": (Path, "iterdir", f"ada/{A01}"),
    "a notebook's kind": (Path, "lstat", f"ada/{A01}/{A01}.ipynb"),
}


@pytest.mark.parametrize("error", [error for error in FAULTS if hasattr(errno, error)])
@pytest.mark.parametrize("what", OUT_OF_SIGHT)
def test_what_this_machine_cannot_look_at_is_a_fault_of_one_submission(
    class_folder, monkeypatch, what, error
):
    owner, name, place = OUT_OF_SIGHT[what]
    work = class_folder / "ada" / A01
    work.mkdir(parents=True)
    if what == "a notebook's kind":
        (work / f"{A01}.ipynb").write_text(TEXT)
    else:
        pack(class_folder / (place if "zip" in place else f"ada/{A01}/x.zip"), (INSIDE, TEXT))
    with monkeypatch.context() as patched:
        failing(patched, owner, name, class_folder / place, error)
        found, _ = found_in(class_folder)
        assert set(found) == {"ada", "good"}
        assert found["good"].path
        assert not found["good"].fault
        assert (found["ada"].path, found["ada"].notice) == (None, "")
        assert os.strerror(getattr(errno, error)) in str(found["ada"].fault)
        assert str(class_folder / place) in str(found["ada"].fault)
    assert found_in(class_folder)[0]["ada"].path


@pytest.mark.parametrize("error", ["EIO", "ENOTCONN"])
def test_a_folder_that_the_system_cannot_answer_for_is_not_called_closed(
    class_folder, monkeypatch, error
):
    folder_of(class_folder, f"ada/{A01}")
    monkeypatch.setattr(os, "access", lambda path, mode: "ada" not in str(path))
    failing(monkeypatch, os, "listdir", class_folder / "ada", error)
    found, _ = found_in(class_folder)
    assert os.strerror(getattr(errno, error)) in str(found["ada"].fault)


def test_a_zip_that_cannot_be_looked_at_costs_no_other_assignment_that_lies_unpacked(
    class_folder, monkeypatch
):
    pack(class_folder / "good" / "x.zip", (f"{A02}/{A02}.ipynb", TEXT))
    failing(monkeypatch, os, "open", class_folder / "good" / "x.zip", "EIO")
    found = {item.assignment: item for item in find_submissions(class_folder, LAW, LAW)[0]}
    assert found[A01].path
    assert found[A01].notice == f"graded {A01}.ipynb, and not x.zip, beside it"
    assert found[A02].fault


@pytest.mark.kernels
def test_a_class_is_graded_although_one_zip_cannot_be_read_and_the_next_run_does_the_rest(
    tmp_path, monkeypatch, capsys, graders_here
):
    folder, out = tmp_path / "submitted", tmp_path / "out"
    pack(folder / "ada" / "x.zip", (INSIDE, "no notebook"))
    folder_of(folder, "bob")
    command = ["grade", "--submitted", str(folder), "--out", str(out), "--unsafe"]
    with monkeypatch.context() as patched:
        failing(patched, os, "open", folder / "ada" / "x.zip", "ESTALE")
        # It may be of this assignment: there is something to grade.
        assert cli.main(command) == 1
    said = capsys.readouterr().out
    strerror, place = os.strerror(errno.ESTALE), folder / "ada" / "x.zip"
    assert (
        f"not graded, the kit failed: ada/{A01}: OSError: [Errno {errno.ESTALE}] {strerror}: "
        f"'{place}'" in said
    )
    assert [verdict["student"] for verdict in read_all(out)] == ["bob"]
    assert cli.main(command) == 0
    assert {verdict["student"] for verdict in read_all(out)} == {"ada", "bob"}
    with monkeypatch.context() as patched:
        failing(patched, os, "open", place, "EIO")
        assert cli.main(command) == 1
    assert "; the verdict of an earlier run stays in grades.csv" in capsys.readouterr().out
    assert {verdict["student"] for verdict in read_all(out)} == {"ada", "bob"}


def encrypted(path):
    """Marks the one file of a zip as encrypted, in both of its headers."""
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(data)


def with_many(path, count):
    """Makes a zip say in its last lines that it holds `count` files."""
    data = bytearray(path.read_bytes())
    data[-14:-10] = struct.pack("<2H", count, count)
    path.write_bytes(data)


def with_locator_64(path):
    """Puts the mark of a large zip before the end: the end would be read from elsewhere."""
    data = path.read_bytes()
    path.write_bytes(data[:-22] + b"PK\6\7" + bytes(16) + data[-22:])


def cut(path):
    path.write_bytes(path.read_bytes()[:-30])


CHANGES = {
    "encrypted": (encrypted, "it is encrypted"),
    "cut": (cut, "it is no zip, or no whole one"),
    "many": (lambda path: with_many(path, 60000), "it holds more than the notebook"),
    "none": (lambda path: with_many(path, 0), "it holds nothing"),
    "zip64": (with_locator_64, "it holds more than the notebook"),
    "empty": (lambda path: path.write_bytes(b""), "it is empty"),
    "text": (lambda path: path.write_text("hand in" * 100), "it is no zip"),
    "rar": (lambda path: path.write_bytes(b"Rar!" + bytes(100)), "it is no zip"),
    "noise": (
        lambda path: path.write_bytes(
            os.urandom(50) + b"PK\5\6" + bytes(4) + b"\1\0\1\0" + bytes(10)
        ),
        "damaged",
    ),
    "lost list": (
        lambda path: path.write_bytes(path.read_bytes().replace(b"PK\1\2", b"PK\1\3")),
        "damaged",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("place", ["ada/x.zip", f"ada/{A01}/x.zip"])
def test_a_zip_that_submit_did_not_write_is_refused_and_the_row_says_what_to_do(
    tmp_path, place, change
):
    change, said = CHANGES[change]
    change(pack(tmp_path / place, (INSIDE, TEXT)))
    told = reason(tmp_path)
    assert "found x.zip (not read: " in told
    assert said in told
    assert told.endswith(f"(unpack a zip, and keep the folder {A01})")


@pytest.mark.parametrize(
    ("members", "options", "said"),
    [
        ([(INSIDE, TEXT), ("a01_densities/extra.txt", "")], {}, "more than the notebook"),
        (
            [(f"{A01}.ipynb", TEXT)],
            {},
            f"it holds a file, {A01}.ipynb, and no <assignment>/<assignment>.ipynb",
        ),
        ([(f"../{INSIDE}", TEXT)], {}, "it holds a file, ../"),
        ([(f"/{INSIDE}", TEXT)], {}, "it holds a file, /"),
        ([("inner.zip", "PK")], {}, "it holds another archive, inner.zip"),
        ([(f"{A01}/{A02}.ipynb", TEXT)], {}, "it holds a file"),
        ([(f"{ESC}{BIDI}\n", TEXT)], {}, r"\x1b[31m\u202e\n"),
        ([("n" * 5000, TEXT)], {}, "more than the notebook"),
        ([(INSIDE, TEXT)], {"how": zipfile.ZIP_LZMA}, "it is packed in another way"),
        ([(INSIDE, TEXT)], {"how": zipfile.ZIP_BZIP2}, "it is packed in another way"),
        ([], {}, "it holds nothing"),
    ],
)
def test_a_zip_with_anything_else_in_it_is_refused(tmp_path, members, options, said):
    pack(tmp_path / "ada" / "x.zip", *members, **options)
    assert said in reason(tmp_path)
    assert reason(tmp_path).isprintable()


def test_a_bomb_is_neither_unpacked_nor_read_to_its_end(tmp_path, monkeypatch):
    monkeypatch.setattr(packed, "MAX_FILE_BYTES", 1000)
    path = pack(tmp_path / "ada" / "x.zip", (INSIDE, "0" * 10**6))
    assert path.stat().st_size < packed.MAX_LIST_BYTES
    assert "the notebook has 1.0 MiB, more than" in reason(tmp_path)
    # It says that it holds less.
    data = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        place = data.index(mark) + offset
        data[place : place + 4] = struct.pack("<L", 100)
    path.write_bytes(data)
    item = found_in(tmp_path)[0]["ada"]
    with pytest.raises(notebook.UnreadableNotebook, match="damaged"):
        packed.read(item.path)
    assert len(verdicts.digest(item.path)) == 64


@pytest.mark.parametrize("damage", ["content", "name"])
def test_a_zip_that_proves_damaged_when_it_is_read_has_a_verdict_that_says_so_and_is_kept(
    tmp_path, damage
):
    path = pack(tmp_path / "ada" / "x.zip", (INSIDE, TEXT), how=zipfile.ZIP_STORED)
    data = path.read_bytes()
    path.write_bytes(
        data.replace(TEXT.encode(), b"[" * len(TEXT))
        if damage == "content"
        else data.replace(b"a01", b"a77", 1)
    )
    item = found_in(tmp_path)[0]["ada"]
    verdict = verdicts.grade(A01, item.path, "ada", SECRET, limits=LIMITS, unsafe=True)
    assert "Nothing could be graded: the zip is damaged" in verdict["questions"][0]["message"]
    assert is_current(
        verdict, item, verdicts.Conditions(SECRET, verdict["device"], LIMITS, kernels.choose())
    )


def test_a_zip_that_is_a_link_is_not_followed(tmp_path):
    pack(tmp_path / "good" / "x.zip", (INSIDE, TEXT))
    folder_of(tmp_path, "ada")
    (tmp_path / "ada" / "x.zip").symlink_to("../good/x.zip")
    assert found_in(tmp_path)[0]["ada"].path is None


def test_a_zip_of_another_assignment_is_no_answer():
    with pytest.raises(FileNotFoundError, match="there is no notebook"):
        verdicts.grade(A01, "nowhere.zip")


EVIL = [
    b"\xff", rb"\xff", rb"\\xff", b"caf\xe9", "café".encode(), "cafe\u0301".encode(), b"Ada",
    b"ada", b"ADA", b"\\", b"\\\\", b"\\x", b"\\\xff", b"a\nb", b"a\rb", b"a\r\nb", b"a\tb",
    b"\n=1", b" =1", b"=1", b"'=1", b"-x", b"+1", b"@x", b"--force", "＝1".encode(),
    "\ufeff=1".encode(), "\u3000＋1".encode(), "\u200b=1".encode(), ESC.encode(), b"\x9b2J",
    CSI.encode(), BIDI.encode(), b"\x07", b"\x7f", b"[red]x", b"[/]", b":heart:", b"%s", b"{}",
    b"$(id)", b"`id`", b"a;b", b'a"b', b"a,b", b"a'b", b"<b>", b"&amp;", b"*", b"?", b"~", b" ",
    b"a ", b" a", b"a.", b"con", b"nul.txt", b"a.ipynb", b"x.json",
    *(b"a" * size for size in (249, 250, 251, 254, 255)), b"\xff" * 255, rb"\x" * 127,
    "é".encode() * 127, "渡".encode() * 85, b"a" * 217 + b"~" + b"0" * 32, A01.encode(),
    b"verdicts", b"grades.csv", b"index", b"\xed\xa0\x80", "\U000e0041".encode(),
]  # fmt: skip
LINKS = ["looped", "broken", "twin", "to a file"]


def graded(item, out):
    """Writes the verdict on a submission of nothing, as a grader does, and returns it."""
    return grade_one(item, out, CONDITIONS, {})[0]


def test_a_class_of_evil_names_loses_nobody_and_takes_nobody_for_another(tmp_path, capsys):
    folder, out = tmp_path / "submitted", tmp_path / "out"
    assert len(set(EVIL)) == len(EVIL) > 53
    homes = [folder_of(folder, name) for name in EVIL]
    for home in homes[::2]:
        (home / A01).mkdir()
    for name, target in zip(LINKS, ("looped", "nowhere", "ada", f"ada/{A01}/x"), strict=True):
        (folder / name).symlink_to(target)
    os.mkfifo(folder / "pipe")
    everybody = len(EVIL) + len(LINKS) + 1
    submissions, notices = find_submissions(folder, LAW, [A01])
    assert len({item.student for item in submissions}) == len(submissions) == everybody
    run = ClassRun({item: graded(item, out) for item in submissions})
    for item, verdict in run.verdicts.items():
        assert json.loads(verdict_path(out, item).read_text()) == verdict
        assert verdict["student"] == item.student
        assert is_current(verdict, item, CONDITIONS)
    assert not find_overwritten(run, out)
    everything = read_all(out)
    course.write_reports(run.verdicts.values(), everything, out)
    files.sweep(out, ("verdicts", "feedback"))
    assert len(everything) == everybody
    assert len(list((out / "feedback" / A01).iterdir())) == everybody
    text = (out / "grades.csv").read_bytes().decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert {row["student"] for row in rows} == {
        gradebook.make_harmless(item.student) for item in submissions
    }
    assert len(rows) == everybody
    assert all(row["score"] == "0.0" and row["reasons"] for row in rows)
    console = Console(width=300)
    for notice in [*notices, *(f"{item.label}: {item.notice}" for item in submissions)]:
        screen.say(console, notice)
    for part in summary.build_parts(everything):
        console.print(part)
    assert all(letter.isprintable() or letter == "\n" for letter in capsys.readouterr().out)


def test_a_student_is_found_by_the_name_of_the_folder_and_by_that_in_the_grades(tmp_path):
    for name in (b"caf\xe9", rb"a\xff", b"ada"):
        folder_of(tmp_path, name)
    for asked, student in (
        (os.fsdecode(b"caf\xe9"), r"caf\xe9"),
        (r"caf\xe9",) * 2,
        (r"a\xff", r"a\\xff"),
        (r"a\\xff",) * 2,
    ):
        found, notices = found_in(tmp_path, students=[asked])
        assert (set(found), notices) == ({student}, [])


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """Returns a function from a command line to the (assignments, students) that are graded."""
    folder_of(tmp_path, f"s01/{A01}")
    taken = []
    monkeypatch.setattr(
        class_grading, "grade_folder", lambda options, *_: taken.append(options) or 0
    )

    def run(*words):
        status = cli.main(["grade", "--submitted", str(tmp_path), *words])
        return (taken[-1].assignments, taken[-1].student) if status == 0 else status

    return run


@pytest.mark.parametrize(
    "words",
    [
        ("--student", "s01", A01),
        (A01, "--student", "s01"),
        ("--student", A01, "s01"),
        (A01, "--student", "s01", A01),
    ],
)
def test_an_assignment_after_the_students_is_taken_for_one(asked, capsys, words):
    assert asked(*words) == ([A01], ["s01"])
    said = f"{A01} after --student is an assignment, and no student's folder: it is graded as such."
    assert (said in capsys.readouterr().out) == (A01 in words[words.index("--student") :])


def test_a_student_who_is_called_as_an_assignment_stays_one(asked, tmp_path):
    folder_of(tmp_path, A01)
    assert asked("--student", "s01", A01) == ([], ["s01", A01])


def test_no_student_at_all_is_refused(asked, capsys):
    assert asked("--student", A01) == 2
    assert f"--student needs a student's name: {A01} is an assignment" in capsys.readouterr().err


class NoServer:
    def __init__(self, folder):
        self.folder = folder


def test_what_tries_the_layers_leaves_its_folder_where_the_server_removes_it(tmp_path, monkeypatch):
    seen = []

    def refuse(folder, *_, **__):
        seen.append(folder)
        raise OSError("no")

    monkeypatch.setattr(confinement, "server", lambda: NoServer(tmp_path))
    monkeypatch.setattr(confinement, "start", refuse)
    assert confinement.try_layers(()) == "no"
    assert [folder.parent for folder in seen] == [tmp_path]


def test_a_folder_is_removed_although_others_still_write_into_it(tmp_path, monkeypatch):
    folder, rmtree, late = tmp_path / "folder", shutil.rmtree, iter("abc")

    def remove_and_see_another_come(path, **options):
        rmtree(path, **options)
        for name in late:
            (folder / name).mkdir(parents=True)
            break

    folder.mkdir()
    monkeypatch.setattr(remains, "REMOVAL_SECONDS", 0)
    monkeypatch.setattr(shutil, "rmtree", remove_and_see_another_come)
    remains.remove(folder)
    assert not folder.exists()


@pytest.mark.parametrize("reason", ["EACCES", "EBUSY", "EROFS", "EIO", "ENOTEMPTY"])
def test_a_folder_that_cannot_be_removed_is_told_once_with_the_reason(
    tmp_path, monkeypatch, capsys, reason
):
    folder, other = folder_of(tmp_path, "one"), folder_of(tmp_path, "other")

    def refuse(path, ignore_errors=False):
        if not ignore_errors:
            raise OSError(getattr(errno, reason), os.strerror(getattr(errno, reason)), str(path))

    monkeypatch.setattr(remains, "REMOVAL_SECONDS", 0)
    monkeypatch.setattr(shutil, "rmtree", refuse)
    for path in (folder, folder, other):
        remains.remove(path)
    lines = capsys.readouterr().err.splitlines()
    assert [
        line.startswith(f"the temporary folder {path} could not be removed: ")
        for line, path in zip(lines, (folder, other), strict=True)
    ] == [True, True]
    assert all(os.strerror(getattr(errno, reason)) in line for line in lines)


def test_a_folder_that_goes_at_the_last_attempt_is_not_told_of(tmp_path, monkeypatch, capsys):
    folder, rmtree = folder_of(tmp_path, "one"), shutil.rmtree
    monkeypatch.setattr(remains, "REMOVAL_SECONDS", 0)
    monkeypatch.setattr(
        shutil, "rmtree", lambda path, ignore_errors=False: ignore_errors or rmtree(path)
    )
    remains.remove(folder)
    remains.remove(folder)
    assert not folder.exists()
    assert capsys.readouterr().err == ""


def test_a_server_whose_folder_cannot_be_removed_says_so(tmp_path, monkeypatch, capsys):
    server = warm.Server()
    server.folder = folder_of(tmp_path, "server")
    monkeypatch.setattr(remains, "REMOVALS", 0)
    monkeypatch.setattr(
        shutil, "rmtree", lambda path, **_: (_ for _ in ()).throw(PermissionError("no"))
    )
    server.stop()
    assert (
        f"the temporary folder {tmp_path / 'server'} could not be removed: no"
        in capsys.readouterr().err
    )


def test_a_folder_that_the_roster_writes_in_another_way_is_said():
    items = [Submission(name, A01, None) for name in ("ada", "bob", "carl", "emmy")]
    listed = roster.Roster(tuple(map(roster.Student, ("Ada", "bob", "Emmy"))))
    said = list(class_grading.other_spellings(items, listed))
    assert [line.partition(":")[0] for line in said] == ["ada", "emmy"]
    assert "rename the folder ada to Ada" in said[0]
    assert list(class_grading.other_spellings(items, roster.Roster())) == []
