"""Whatever happens to a grader, what it has found is whole, and what it has not is found by the
next one.
"""

import csv
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import patience
import pytest

from autograder import bench, cli, files

A01 = "a01_densities"
KL = (
    "def kl_to_standard_normal(mu, log_var):\n    return 0.5 * tf.reduce_sum({}mu**2 + "
    "tf.exp(log_var) - log_var - 1, -1)"
)
STUDENTS = [f"s{number:02d}" for number in range(3)]
pytestmark = pytest.mark.kernels


@pytest.fixture
def course(tmp_path, write_notebook):
    """A folder with three submissions, the first of them wrong."""
    for number, student in enumerate(STUDENTS):
        answer = KL.format("2 * " if number % 3 == 0 else "")
        write_notebook(
            {"kl_to_standard_normal": answer},
            path=tmp_path / "submitted" / student / A01 / f"{A01}.ipynb",
        )
    (tmp_path / "secret").write_text("the secret of this course")
    return tmp_path


@pytest.fixture
def temporary():
    """A short path for temporary files: that of a Unix socket has 107 characters at most."""
    folder = Path(tempfile.mkdtemp(prefix="vd-"))
    yield folder
    shutil.rmtree(folder)


def command(course, out, *options):
    places = [
        "--submitted",
        str(course / "submitted"),
        "--out",
        str(out),
        "--secret-file",
        str(course / "secret"),
    ]
    return [
        sys.executable,
        "-m",
        "autograder",
        "grade",
        *places,
        "--jobs",
        "2",
        *patience.OPTIONS,
        *options,
    ]


def run(capsys, *arguments):
    """Grades in this process, whose servers run already, and returns what is printed."""
    assert cli.main([str(word) for word in command(*arguments)[3:]]) == 0
    return capsys.readouterr().out


def rows(out):
    with (out / "grades.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def verdicts(out):
    """Returns every verdict by student, and where it lies; each must be whole."""
    return {
        path.stem: json.loads(path.read_text())
        for path in sorted((out / "verdicts").glob("*/*.json"))
    }


def kill(course, out, wait, environment, temporary):
    """Starts a grader and kills it, and it alone, when `wait` returns; returns when nothing of it
    is left.
    """
    process = subprocess.Popen(
        command(course, out),
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait(process)
    process.send_signal(signal.SIGKILL)
    process.wait()
    nothing_left(temporary)


def nothing_left(folder):
    """Waits until those who survive a killed grader have removed all that it had in its folder for
    temporary files.
    """
    deadline = time.monotonic() + 600
    while list(folder.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not list(folder.iterdir())


def some_moment(process, out, seconds):
    """Waits for a random time, or for some verdicts more, by turns: most of a run is over before
    the first of them.
    """
    if random.random() < 0.5:
        time.sleep(random.uniform(0, seconds))
        return
    enough = random.randint(written(out) + 1, len(STUDENTS))
    while written(out) < enough and process.poll() is None:
        time.sleep(0.01)


def written(out):
    return len(list((out / "verdicts").glob("*/*.json")))


def killed_again_and_again(course, capsys, temporary, times, least):
    """Kills graders of one course, with all results deleted as often as they are complete; checks
    what is there each time.

    At least `least` of those that are killed have written some verdicts. Returns (how many were
    killed, how many of these).
    """
    whole = course / "whole"
    started = time.monotonic()
    subprocess.run(command(course, whole), check=True, stdout=subprocess.DEVNULL)
    seconds = time.monotonic() - started
    wanted, out = rows(whole), course / "out"
    environment = os.environ | {"TMPDIR": str(temporary)}
    killed = partial = 0
    while killed < times or partial < least:
        kill(
            course, out, lambda process: some_moment(process, out, seconds), environment, temporary
        )
        killed += 1
        found = verdicts(out)
        assert all(
            verdict["questions"] and verdict["student"] == student
            for student, verdict in found.items()
        )
        if (out / "grades.csv").exists():
            assert all(row in wanted for row in rows(out))
        partial += 0 < len(found) < len(STUDENTS)
        if len(found) == len(STUDENTS):
            shutil.rmtree(out)
    before = {path: path.stat().st_mtime_ns for path in (out / "verdicts").glob("*/*.json")}
    run(capsys, course, out)
    assert rows(out) == wanted
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert {student: verdict["questions"] for student, verdict in verdicts(out).items()} == {
        student: verdict["questions"] for student, verdict in verdicts(whole).items()
    }
    return killed, partial


def test_a_killed_grader_leaves_whole_results_and_the_next_ends_as_if_nothing_had_been(
    course, capsys, temporary, write_notebook, graders_here
):
    """It is killed while it is at the last of the notebooks, however fast it has been with the
    others.
    """
    out, last = course / "out", course / "submitted" / STUDENTS[-1] / A01 / f"{A01}.ipynb"
    write_notebook({"kl_to_standard_normal": "__import__('time').sleep(10**6)"}, path=last)

    def first_verdict(process):
        while not verdicts(out):
            assert process.poll() is None
            time.sleep(0.02)

    kill(course, out, first_verdict, os.environ | {"TMPDIR": str(temporary)}, temporary)
    found = verdicts(out)
    assert 0 < len(found) < len(STUDENTS)
    write_notebook({"kl_to_standard_normal": KL.format("")}, path=last)
    before = {path: path.stat().st_mtime_ns for path in (out / "verdicts").glob("*/*.json")}
    assert f"{len(found)} of {len(STUDENTS)} had a verdict already and were kept" in run(
        capsys, course, out
    )
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert [(row["student"], row["score"]) for row in rows(out)] == [
        ("s00", "0.0"),
        ("s01", "12.0"),
        ("s02", "12.0"),
    ]


@pytest.mark.soak
@pytest.mark.parametrize("prefix", ["vk-", "pymp-"])
def test_a_grader_that_is_killed_while_it_starts_leaves_no_folder(course, temporary, prefix):
    """Those that it forks from are still importing, and find out when they are done."""

    def first_folder(process):
        while not list(temporary.glob(f"{prefix}*/*")) and process.poll() is None:
            time.sleep(0.01)
        assert list(temporary.glob(f"{prefix}*/*"))

    kill(course, course / "out", first_folder, os.environ | {"TMPDIR": str(temporary)}, temporary)


@pytest.mark.soak
def test_100_killed_graders(course, capsys, temporary):
    killed, partial = killed_again_and_again(course, capsys, temporary, 100, 20)
    with capsys.disabled():
        print(f"\n{killed} graders killed, {partial} of them with some of their verdicts written")


@pytest.mark.soak
def test_two_graders_of_one_course_do_not_harm_each_other(course, capsys):
    run(capsys, course, course / "alone")
    out = course / "out"
    both = [
        subprocess.Popen(
            command(course, out, "--force"),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(2)
    ]
    for process in both:
        printed, _ = process.communicate()
        assert process.returncode == 0, printed
    assert rows(out) == rows(course / "alone")
    assert not list(out.rglob("*.part"))


def test_grading_again_says_whose_result_is_another_and_in_what(
    course, capsys, write_notebook, graders_here
):
    out = course / "out"
    assert "graded again" not in run(capsys, course, out)
    again = run(capsys, course, out, "--force", "--student", "s01", "s02")
    assert "2 graded again, 0 with another result" in again
    write_notebook(
        {"kl_to_standard_normal": KL.format("2 * ")},
        path=course / "submitted" / "s01" / A01 / f"{A01}.ipynb",
    )
    again = run(capsys, course, out)
    assert "1 graded again, 1 with another result:" in again
    assert f"s01/{A01}: 12 -> 0 points (kl_to_standard_normal correct 12 -> wrong 0)" in again
    assert "2 of 3 had a verdict already and were kept" in again


@pytest.mark.soak
@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_is_an_error_that_loses_nothing(course):
    out, saved = course / "out", course / "saved"
    out.mkdir()
    grade = " ".join(command(course, out))
    script = f"""
        mount -t tmpfs -o size=330k tmpfs {out}
        head -c 250k /dev/zero > {out}/filler
        {grade}; echo first ended with $?
        rm {out}/filler
        mount -o remount,size=4m {out}
        {grade}; echo second ended with $?
        cp -r {out} {saved}
    """
    ended = subprocess.run(
        ["unshare", "-m", "sh", "-c", script],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert "first ended with 1" in ended.stdout, ended.stdout
    assert "No space left on device" in ended.stdout
    assert "Traceback" not in ended.stdout
    assert "had a verdict already and were kept" in ended.stdout
    assert "second ended with 0" in ended.stdout
    assert [row["student"] for row in rows(saved)] == STUDENTS
    assert not list(saved.rglob("*.part"))


@pytest.mark.soak
def test_300_submissions_have_300_verdicts(tmp_path):
    """Whole reference notebooks, as many as a large class hands in; the time and the memory that it
    took are printed.
    """
    bench.write_submissions(tmp_path / "submitted", bench.reference_notebook(), 300)
    (tmp_path / "secret").write_text("the secret of this course")
    started = time.monotonic()
    subprocess.run(command(tmp_path, tmp_path / "out"), check=True, stdout=subprocess.DEVNULL)
    found = verdicts(tmp_path / "out")
    assert len(found) == 300
    assert {verdict["score"] for verdict in found.values()} == {77}
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    print(f"300 submissions: {time.monotonic() - started:.0f} s, largest process {largest:.2f} GiB")


def test_what_killed_writers_left_is_swept_away_once_it_is_old(tmp_path):
    old, deep, new, other, students = (
        tmp_path / name
        for name in (".x.part", "verdicts/a/.x.part", ".y.part", "z.json", "submitted/a/.x.part")
    )
    for path in (old, deep, new, other, students):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("{")
    (tmp_path / ".z.part").mkdir()
    for path in (old, deep, other, students, tmp_path / ".z.part"):
        os.utime(path, (0, 0))
    files.sweep(tmp_path, ("verdicts", "feedback"))
    assert not old.exists()
    assert not deep.exists()
    assert all(path.exists() for path in (new, other, students, tmp_path / ".z.part"))
