"""The command line: what is wrong with a command or a class is said, and the rest is graded."""

import csv
import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import patience
import pytest
import soak

from autograder import cli, files
from autograder.build import notebooks

A01 = "a01_densities"
KL = "kl_to_standard_normal"
RIGHT_KL = (
    f"def {KL}(mu, log_var):\n    return 0.5 * tf.reduce_sum(mu**2 + tf.exp(log_var) - log_var - 1,"
    " axis=-1)"
)

pytestmark = pytest.mark.kernels


@pytest.fixture
def course(tmp_path):
    folder = tmp_path / "submitted"
    folder.mkdir()
    return folder


def run(*arguments):
    return cli.main([str(argument) for argument in arguments])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["grade", "--submitted", "{course}/nowhere"], "there is no folder"),
        (["grade", "--submitted", "{course}"], "nothing to grade"),
        (
            ["grade", "a99_none", "--submitted", "{course}"],
            "no assignment is called a99_none; there are: a01_densities",
        ),
        (["grade", "--submitted", "{course}", "--jobs", "0"], "--jobs must be at least 1"),
        (["solutions", "a99_none"], "no assignment is called a99_none"),
    ],
)
def test_wrong_usage_is_said_and_ends_with_2(course, capsys, arguments, said):
    assert run(*(argument.format(course=course) for argument in arguments)) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["grade", "--jobs", "many"], ["grade", "--device", "tpu"], ["graduate"], []]
)
def test_an_unknown_option_ends_with_2(arguments):
    with pytest.raises(SystemExit) as ended:
        run(*arguments)
    assert ended.value.code == 2


def test_a_device_that_is_not_there_is_wrong_usage(course, capsys, write_notebook):
    import tensorflow as tf

    if tf.config.list_physical_devices("GPU"):
        pytest.skip("there is a GPU here")
    write_notebook(path=course / "ada" / A01 / f"{A01}.ipynb")
    assert (
        run("grade", "--submitted", course, "--out", course.parent / "out", "--device", "gpu") == 2
    )
    assert "TensorFlow sees no GPU here" in capsys.readouterr().err


def test_a_class_of_bad_submissions_is_graded_to_the_end(course, tmp_path, capsys, write_notebook):
    """No notebook, broken JSON, empty folders, another assignment's notebook, odd names: a message
    each.
    """
    write_notebook(path=course / "Zoë Ångström" / A01 / f"{A01}.ipynb")
    (course / "no notebook" / A01).mkdir(parents=True)
    (course / "empty").mkdir()
    (course / "broken" / A01).mkdir(parents=True)
    (course / "broken" / A01 / f"{A01}.ipynb").write_text('{"cells": [')
    write_notebook(
        path=course / "other" / A01 / f"{A01}.ipynb",
        change=lambda notebook: [
            cell.update(source="x = 1") for cell in notebook.cells if cell.cell_type == "code"
        ],
    )
    (course / "odd" / "a77_unknown").mkdir(parents=True)
    out = tmp_path / "out"
    assert run("grade", "--submitted", course, "--out", out, "--jobs", 2) == 0
    printed = capsys.readouterr().out
    for words in (
        "no notebook/a01_densities: expected a01_densities.ipynb, found no notebook at all",
        "empty/a01_densities: expected empty/a01_densities/a01_densities.ipynb, found nothing",
        "broken/a01_densities: Nothing could be graded: the file is not a notebook",
        "other/a01_densities: No cell defines `posterior_from_joint`",
        "odd/a77_unknown: no assignment is called that",
        "Zoë Ångström",
    ):
        assert words in printed, words
    verdicts = {
        path.stem: json.loads(path.read_text()) for path in (out / "verdicts" / A01).iterdir()
    }
    assert set(verdicts) == {"Zoë Ångström", "no notebook", "broken", "other", "empty", "odd"}
    assert {question["status"] for question in verdicts["Zoë Ångström"]["questions"]} == {
        "unanswered"
    }
    with (out / "grades.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["student"] for row in rows] == sorted(verdicts)
    assert {path.stem for path in (out / "feedback" / A01).iterdir()} == set(verdicts)
    secret = out / "secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert len(secret.read_text().strip()) == 64
    # A second run finds every verdict there and touches no secret.
    before = secret.read_text()
    assert run("grade", "--submitted", course, "--out", out) == 0
    assert "6 of 6 had a verdict already" in capsys.readouterr().out
    assert secret.read_text() == before


def test_only_the_named_students_are_graded_and_the_others_keep_their_row(
    course, tmp_path, capsys, write_notebook, graders_here
):
    for name in ("ada", "bob"):
        (course / name / A01).mkdir(parents=True)
    out = tmp_path / "out"
    run("grade", "--submitted", course, "--out", out)
    write_notebook(path=course / "ada" / A01 / f"{A01}.ipynb")
    capsys.readouterr()
    assert run("grade", A01, "--submitted", course, "--out", out, "--student", "ada") == 0
    printed = capsys.readouterr().out
    assert "ada" in printed
    assert "bob" not in printed
    assert [row.split(",")[0] for row in (out / "grades.csv").read_text().splitlines()] == [
        "student",
        "ada",
        "bob",
    ]


def test_a_dry_run_lists_who_would_have_other_points_and_writes_nothing(
    course, tmp_path, capsys, write_notebook, graders_here
):
    for student in ("ann", "bob"):
        write_notebook({KL: RIGHT_KL}, path=course / student / A01 / f"{A01}.ipynb")
    out = tmp_path / "out"
    where = ("grade", A01, "--submitted", course, "--out", out, "--jobs", 2)
    assert run(*where, "--dry-run") == 2
    assert "nobody has been graded" in capsys.readouterr().err
    assert not out.exists()
    assert run(*where) == 0
    secret = (out / "secret").read_bytes()
    (out / "secret").unlink()
    assert run(*where, "--dry-run") == 2
    assert not (out / "secret").exists()
    (out / "secret").write_bytes(secret)
    # As a kit that judged otherwise left it.
    path = out / "verdicts" / A01 / "bob.json"
    verdict = json.loads(path.read_text()) | {"kit_version": "0.0.1", "score": 0.0}
    for question in verdict["questions"]:
        question["score"] = 0.0
    path.write_text(json.dumps(verdict))
    before = {one: one.read_bytes() for one in out.rglob("*") if one.is_file()}
    capsys.readouterr()
    assert run(*where, "--dry-run") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"bob/{A01}: 0 -> 12 points ({KL} " in said
    assert f"ann/{A01}" not in said
    assert "1 of 2 would have another result; nothing was written." in said
    assert {one: one.read_bytes() for one in out.rglob("*") if one.is_file()} == before


def test_grades_from_two_versions_of_the_kit_are_told_of(course, tmp_path, capsys, graders_here):
    for name in ("ada", "bob"):
        (course / name / A01).mkdir(parents=True)
    out = tmp_path / "out"
    run("grade", "--submitted", course, "--out", out)
    assert "mixes versions" not in capsys.readouterr().out
    path = out / "verdicts" / A01 / "bob.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"kit_version": "0.0.9+abc"}))
    assert run("grade", A01, "--submitted", course, "--out", out, "--student", "ada") == 0
    assert (
        "grades.csv mixes versions of the kit: 0.0.9+abc (1 verdict), " in capsys.readouterr().out
    )
    with (out / "grades.csv").open(encoding="utf-8", newline="") as file:
        assert {row["student"]: row["kit_version"] for row in csv.DictReader(file)}[
            "bob"
        ] == "0.0.9+abc"


def test_an_output_folder_that_cannot_be_made_is_wrong_usage(course, tmp_path, capsys):
    (course / "ada" / A01).mkdir(parents=True)
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert run("grade", "--submitted", course, "--out", blocked / "out") == 2
    assert "Not a directory" in capsys.readouterr().err
    out = tmp_path / "results"
    (out / "grades.csv").mkdir(parents=True)
    assert run("grade", "--submitted", course, "--out", out) == 2
    assert "cannot be written to" in capsys.readouterr().err


def test_names_are_no_markup(course, tmp_path, capsys, graders_here):
    for name in ("[bold]x", "a[", "[red]eve"):
        (course / name / A01).mkdir(parents=True)
    assert run("grade", "--submitted", course, "--out", tmp_path / "out") == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in ("[bold]x", "a[", "[red]eve"))


def test_a_foreign_file_among_the_verdicts_is_left_out(course, tmp_path, graders_here):
    (course / "ada" / A01).mkdir(parents=True)
    out = tmp_path / "out"
    (out / "verdicts" / A01).mkdir(parents=True)
    for number, content in enumerate(("{}", "[1]", "null", "{", '{"schema": 99}')):
        (out / "verdicts" / A01 / f"x{number}.json").write_text(content)
    assert run("grade", "--submitted", course, "--out", out) == 0
    assert len((out / "grades.csv").read_text().splitlines()) == 2


def test_the_kill_matrix_is_a_table_and_a_page(tmp_path, capsys, monkeypatch):
    from autograder.tasks import matrix

    monkeypatch.setattr(matrix.kill_matrix, "__defaults__", (2,))
    assert run("matrix", A01, "--out", tmp_path) == 0
    printed = capsys.readouterr().out
    assert "kl_to_standard_normal: cases that refuse each mistake" in printed
    assert "kl_sign_flipped" in printed
    page = (tmp_path / f"{A01}.html").read_text().replace("<wbr>", "")
    assert "transformation_doubled of kl_plus_one" in page
    assert "both are the same transformation" in page
    # The four terms of the KL, and what may stand in their place.
    assert "terms: 4 right and 2 others, " in printed
    row = re.search(r">kl_to_standard_normal</a></td><td></td>(.*?)</tr>", page, re.DOTALL)
    terms, _, columns, equations, rank = map(int, re.findall(r"<td>(\d+)</td>", row.group(1)))
    assert terms == 4
    assert terms < rank <= min(columns, equations)


# Grading these does not come to an end by itself: an interrupt is always in time.
LOOP = {"posterior_from_joint": "while True:\n    pass"}
GRADE = [sys.executable, "-m", "autograder", "grade", "--jobs", "1", *patience.OPTIONS]


@pytest.mark.soak
@pytest.mark.parametrize("seconds", [0, 2])
def test_an_interrupt_in_the_first_seconds_is_answered_by_one_line(
    course, tmp_path, write_notebook, seconds
):
    """As a terminal sends it: to every process of the group, those that are still importing among
    them.
    """
    write_notebook(LOOP, path=course / "loops" / A01 / f"{A01}.ipynb")
    process = subprocess.Popen(
        [*GRADE, "--submitted", course, "--out", tmp_path / "out"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=tmp_path,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    # Before it starts another process Python itself is still starting.
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while not children.read_text():
        assert process.poll() is None
        time.sleep(0.01)
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGINT)
    printed = process.communicate()[0]
    assert process.returncode == 130
    assert "Traceback" not in printed
    assert "stopped" in printed.splitlines()[-1]


@pytest.mark.soak
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_at_once_and_keeps_what_is_done(course, tmp_path, write_notebook, number):
    (course / "ada" / A01).mkdir(parents=True)
    write_notebook(LOOP, path=course / "loops" / A01 / f"{A01}.ipynb")
    command = [*GRADE, "--submitted", course, "--out", tmp_path / "out"]
    # Whatever runs the tests in the background may have told its children to ignore Ctrl-C.
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=tmp_path,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    verdict = tmp_path / "out" / "verdicts" / A01 / "ada.json"
    while not verdict.exists():
        assert process.poll() is None
        time.sleep(0.2)
    # The other notebook is in its loop by then, or on the way there: the end is the same.
    time.sleep(1)
    process.send_signal(number)
    printed = process.communicate()[0]
    assert process.returncode == 130, printed
    assert "stopped: 1 of 2 have a verdict" in printed
    assert "Traceback" not in printed
    assert "ada" in (tmp_path / "out" / "grades.csv").read_text()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_output_folder_without_permission_is_wrong_usage(course, tmp_path, capsys):
    (course / "ada" / A01).mkdir(parents=True)
    out = tmp_path / "out"
    out.mkdir(mode=0o500)
    assert run("grade", "--submitted", course, "--out", out) == 2
    assert "Permission denied" in capsys.readouterr().err


def test_a_secret_file_is_used_and_an_empty_one_refused(course, tmp_path, capsys, graders_here):
    (course / "ada" / A01).mkdir(parents=True)
    secret = tmp_path / "my secret"
    secret.write_text("a long phrase\n")
    assert (
        run("grade", "--submitted", course, "--out", tmp_path / "out", "--secret-file", secret) == 0
    )
    assert not (tmp_path / "out" / "secret").exists()
    secret.write_text("\n")
    assert (
        run("grade", "--submitted", course, "--out", tmp_path / "out", "--secret-file", secret) == 2
    )
    assert "is empty: delete it" in capsys.readouterr().err
    assert (
        run(
            "grade",
            "--submitted",
            course,
            "--out",
            tmp_path / "out",
            "--secret-file",
            tmp_path / "typo",
        )
        == 2
    )
    assert "there is no secret file" in capsys.readouterr().err


def test_a_file_is_whole_or_not_there(tmp_path, monkeypatch):
    path = tmp_path / "folder" / "file.json"
    files.write_whole(path, "first")
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        files.write_whole(path, "second")
    assert path.read_text() == "first"
    assert list(path.parent.iterdir()) == [path]


def test_release_and_doctor_say_what_they_did(tmp_path, capsys):
    assert run("release", "--out", tmp_path) == 0
    (archive,) = tmp_path.iterdir()
    assert capsys.readouterr().out.strip() == str(archive)
    assert run("doctor") == 0
    printed = capsys.readouterr().out
    for words in (
        "tensorflow 2.",
        "references are computed on /",
        "namespaces",
        "landlock",
        "seccomp",
        "notebooks ",
    ):
        assert words in printed


@pytest.mark.soak
def test_the_solution_becomes_a_page_with_its_figures(tmp_path, capsys):
    assert run("solutions", A01, "--out", tmp_path) == 0
    page = (tmp_path / f"{A01}.html").read_text()
    cells = notebooks.script.read(notebooks.script.SOLUTIONS / f"{A01}.py")
    experiments = [cell for cell in cells if cell.kind == "experiment"]
    assert page.count("<img") == len(experiments) >= 3
    assert "Rubric" in page
    assert "points so far" in page
    assert "cuda" not in page.lower()


def left_alone(arguments, folder, lines, both=False):
    """Runs a command whose reader goes after some lines, as `| head` does; returns its status and
    what it said on stderr.
    """
    command = [sys.executable, "-m", "autograder", *map(str, arguments)]
    errors = subprocess.STDOUT if both else subprocess.PIPE
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=folder
    ) as process:
        for _ in range(lines):
            assert process.stdout.readline()
        process.stdout.close()
        said = "" if both else process.stderr.read()
    return process.returncode, said


@pytest.mark.parametrize(
    ("lines", "both"),
    [soak.later(1, False), soak.later(1, True), soak.later(0, False), soak.later(0, True)],
)
def test_a_reader_who_goes_costs_no_result(course, tmp_path, lines, both):
    for name in ("ada", "bob"):
        (course / name / A01).mkdir(parents=True)
    out = tmp_path / "out"
    status, said = left_alone(
        ["grade", "--submitted", course, "--out", out, "--unsafe"], tmp_path, lines, both
    )
    assert (status, said) == (0, "")
    assert {path.stem for path in (out / "verdicts" / A01).iterdir()} == {"ada", "bob"}
    assert len((out / "grades.csv").read_text().splitlines()) == 3
    assert {path.stem for path in (out / "feedback" / A01).iterdir()} == {"ada", "bob"}


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(["grade", "--help"], 0), (["kernelspec", "--prefix", "prefix"], 0), (["graduate"], 2)],
)
def test_a_command_ends_as_usual_where_nobody_reads(tmp_path, arguments, status):
    for both in (False, True):
        ended, said = left_alone(arguments, tmp_path, 0, both)
        assert ended == status
        assert "Traceback" not in said
        assert "Broken" not in said
