"""The command line without kernels: what is refused before TensorFlow starts, what is said, and
what help says.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
from dataclasses import fields

import pytest

from autograder import bench, cli, doctor, kernels, places, screen
from autograder.commands import class_grading
from autograder.grading import graders, limits
from autograder.grading.outcome import ClassRun, list_changes
from autograder.grading.submission import Submission
from autograder.kernels import Bounds
from autograder.reference import device
from autograder.reports import summary
from autograder.version import __version__

LIGHT = """
import contextlib, io, json, sys
from autograder import cli, kernels
from autograder.grading import graders
def refuse(*_): raise RuntimeError("TensorFlow would start")
kernels.start_server = kernels.choose = graders.start = refuse
ends = []
for arguments in json.loads(sys.argv[1]):
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            status = cli.main(arguments)
        except SystemExit as ended:
            status = ended.code
        except RuntimeError as error:
            status = str(error)
    ends.append([status, "tensorflow" in sys.modules, said.getvalue()])
print(json.dumps(ends))
"""


@pytest.fixture(scope="module")
def class_folder(tmp_path_factory):
    """A folder with one submission, that of nothing."""
    folder = tmp_path_factory.mktemp("class")
    (folder / "submitted" / "ada" / "a01_densities").mkdir(parents=True)
    (folder / "file").write_text("in the way")
    (folder / "own").mkdir()
    (folder / "own" / "roster.csv").write_text("id\nada\n")
    return folder


def test_what_needs_no_tensorflow_starts_none(class_folder):
    grade = ["grade", "--submitted", f"{class_folder}/submitted", "--out", f"{class_folder}/out"]
    sample = ["sample", "--out", f"{class_folder}/sample"]
    expected = [
        (["--help"], 0, "kernelspec"),
        (["--version"], 0, __version__),
        (["grade", "--help"], 0, "--limit"),
        (["grade", "--graduate"], 2, "unrecognized arguments"),
        (["graduate"], 2, "invalid choice"),
        ([*grade, "--device", "tpu"], 2, "invalid choice"),
        *(
            ([*command, "--limit", limit], 2, limit.split("=")[0])
            for command in (grade, sample)
            for limit in (
                "foo=3",
                "cell",
                "cell=",
                "cell=-3",
                "cell=0",
                "memory=4XB",
                "question=ten",
                "memory=1KiB",
            )
        ),
        *(
            ([*command, "--jobs", "0"], 2, "--jobs must be at least 1, not 0")
            for command in (grade, sample, ["bench"])
        ),
        (["bench", "--stock", "-1"], 2, "--stock must be at least 1"),
        (["bench", "--jobs", "4", "--students", "4"], 2, "--students must be more than --jobs"),
        *(
            ([*command, "a99_none"], 2, "no assignment is called a99_none")
            for command in (grade, ["solutions"], ["matrix"])
        ),
        (["grade", "--submitted", f"{class_folder}/nowhere"], 2, "there is no folder"),
        (
            ["grade", "--submitted", f"{class_folder}/submitted/ada/a01_densities"],
            2,
            "nothing to grade",
        ),
        (["grade", "--submitted", f"{class_folder}"], 2, "is it the right folder?"),
        (
            [
                "grade",
                "--submitted",
                f"{class_folder}/submitted",
                "--out",
                f"{class_folder}/submitted/x",
            ],
            2,
            "each folder is a",
        ),
        ([*grade, "--secret-file", f"{class_folder}/nowhere"], 2, "there is no secret file"),
        ([*grade, "--out", f"{class_folder}/file/out"], 2, "Not a directory"),
        (["sample", "--out", f"{class_folder}/file/out"], 2, "Not a directory"),
        # A course is no place for a sample class, and has its submissions in it.
        (["sample", "--out", f"{class_folder}/own"], 2, "own is a course (it has roster.csv)"),
        (["grade", "--out", f"{class_folder}/own"], 2, "own/submitted: put the notebooks in"),
        (["similar", "a01_densities", "--out", f"{class_folder}/own"], 2, "own/submitted"),
        (["sample", "--out", "course/submitted/x"], 2, "each folder is a"),
        ([*sample, "--secret-file", f"{class_folder}/nowhere"], 2, "there is no secret file"),
        (
            [*sample, "--student", "nobody", "a01_densities"],
            2,
            "no student of the sample class is called nobody, a01_d",
        ),
        ([*sample, "a01_densities"], 2, "unrecognized arguments"),
        ([*sample, "--device", "tpu"], 2, "invalid choice"),
        (["doctor"], "TensorFlow would start", "\n  tensorflow 2."),
        (["doctor"], "TensorFlow would start", "\nStarting TensorFlow, to see the device\n"),
        (["kernelspec", "--limit", "cell=3"], 2, "no limit of a kernel"),
        (["kernelspec", "--prefix", f"{class_folder}/prefix"], 0, "confined-python3"),
    ]
    command = [sys.executable, "-c", LIGHT, json.dumps([arguments for arguments, _, _ in expected])]
    ends = json.loads(
        subprocess.run(command, check=True, capture_output=True, text=True, cwd=class_folder).stdout
    )
    for (arguments, status, words), (found, has_tensorflow, said) in zip(
        expected, ends, strict=True
    ):
        assert (found, has_tensorflow) == (status, False), (arguments, said)
        assert words in said, arguments
    assert not (class_folder / "sample").exists()


class Stop(Exception):
    """Raised in place of what takes long."""


@pytest.mark.parametrize(
    ("arguments", "slow"),
    [
        (["grade"], (graders, "start")),
        (["sample"], (kernels, "choose")),
        (["assignments"], (device, "choose")),
        (["solutions"], (device, "choose")),
        (["release"], (device, "choose")),
        (["matrix"], (device, "choose")),
        (["doctor"], (device, "choose")),
        (["bench"], (bench, "bench")),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_command_says_what_it_does_before_it_takes_long(
    arguments, slow, class_folder, monkeypatch, capsys
):
    def stop(*_):
        raise Stop

    monkeypatch.setattr(kernels, "start_server", lambda *_: None)
    monkeypatch.setattr(*slow, stop)
    monkeypatch.chdir(class_folder)
    if arguments == ["grade"]:
        arguments = ["grade", "--submitted", "submitted"]
    with pytest.raises(Stop):
        cli.main([*arguments])
    printed = capsys.readouterr()
    assert "Starting TensorFlow" in printed.out + printed.err or arguments == ["bench"]
    # What other programs read is stdout alone.
    if arguments[0] in ("assignments", "solutions", "release", "bench"):
        assert printed.out == ""
        assert printed.err.count("\n") == 1


def test_a_package_that_is_not_there_is_said_and_does_not_end_the_doctor(monkeypatch, capsys):
    def stop(*_):
        raise Stop

    monkeypatch.setattr(doctor, "PACKAGES", ("no-such-package", "keras"))
    monkeypatch.setattr(kernels, "start_server", stop)
    with pytest.raises(Stop):
        cli.main(["doctor"])
    assert re.search(r"\n  no-such-package is not installed\n  keras \d", capsys.readouterr().out)


@pytest.fixture
def sample_command(tmp_path, monkeypatch):
    """Returns a function that runs `autograder sample` up to where notebooks are written, and what
    was to be written.
    """
    written = []

    def write(folder, jobs, finished):
        written.append((folder, jobs))
        raise Stop

    monkeypatch.setattr("autograder.build.sample.write_class", write)
    monkeypatch.setattr(kernels, "choose", lambda: kernels.COLD)
    monkeypatch.setattr(class_grading, "grade_folder", lambda *_: 0)

    def run(*words):
        return cli.main(["sample", "--out", str(tmp_path / "out"), *words])

    return run, written


def test_no_more_notebooks_of_the_sample_class_run_at_a_time_than_the_memory_holds(
    sample_command, monkeypatch
):
    run, written = sample_command
    monkeypatch.setattr(limits, "most_jobs", lambda: 3)
    for asked in ("1000", "2"):
        with pytest.raises(Stop):
            run("--unsafe", "--jobs", asked)
    assert [jobs for _, jobs in written] == [3, 2]


def test_a_sample_class_that_could_not_be_graded_is_not_made(
    sample_command, tmp_path, monkeypatch, capsys
):
    run, written = sample_command
    assert run() == 2
    assert "this machine cannot confine notebooks" in capsys.readouterr().err

    class NoGraders:
        def __init__(self, *_):
            raise device.DeviceError("TensorFlow sees no GPU here")

    monkeypatch.setattr(graders, "Graders", NoGraders)
    assert run("--unsafe", "--device", "gpu") == 2
    assert "TensorFlow sees no GPU here" in capsys.readouterr().err
    secret = tmp_path / "empty"
    secret.write_text("")
    assert run("--unsafe", "--secret-file", str(secret)) == 2
    assert "is empty: delete it" in capsys.readouterr().err
    assert not written
    (tmp_path / "out" / "submitted" / "own").mkdir(parents=True)
    for student in ("s02-blank", "own"):
        with pytest.raises(Stop):
            run("--unsafe", "--student", student, "nobody")


@pytest.mark.parametrize("width", [60, 80, 160])
def test_a_terminal_shows_a_moving_line_that_goes_away_and_a_pipe_one_line(width, monkeypatch):
    from io import StringIO

    from rich.console import Console

    terminal = Console(file=StringIO(), width=width, force_terminal=True, force_interactive=True)
    with screen.waiting(terminal, "Starting TensorFlow") as begins:
        assert "Starting TensorFlow" in terminal.file.getvalue()
        begins("Building [a01]")
        assert "Building [a01]" in terminal.file.getvalue()
    # The line is erased.
    assert terminal.file.getvalue().endswith("\x1b[2K")
    pipe = Console(file=StringIO(), width=120)
    with screen.waiting(pipe, "Starting TensorFlow") as begins:
        assert pipe.file.getvalue() == "Starting TensorFlow\n"
        begins("Building [a01]")
    with screen.counting(pipe, 2) as (begins, done):
        begins("Grading")
        done("graded ada")
    assert pipe.file.getvalue() == "Starting TensorFlow\nBuilding [a01]\nGrading\n"


@pytest.mark.parametrize("width", [60, 80, 160])
def test_the_bar_keeps_its_numbers_where_a_name_is_long(width):
    from io import StringIO

    from rich.console import Console

    terminal = Console(file=StringIO(), width=width, force_terminal=True, force_interactive=True)
    with screen.counting(terminal, 200) as (_, done):
        done("graded " + "Maximiliane von Hohenlohe " * 5)
    lines = (
        re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", terminal.file.getvalue())
        .replace("\r", "\n")
        .splitlines()
    )
    assert max(map(len, lines)) <= width
    assert [line for line in lines if re.search(r"graded .* 1/200 \d:\d\d:\d\d", line)]


def test_version_is_said_once(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"autograder {__version__}\n"
    project = (places.CHECKOUT / "pyproject.toml").read_text()
    assert 'version = { attr = "vikit.__version__" }' in project
    assert __version__ not in project


def subcommands():
    (action,) = [
        action for action in cli.parser()._actions if isinstance(action, argparse._SubParsersAction)
    ]
    return action


def usual_limits(text):
    """Returns the limits that a text names, as `Limits`, and their names."""
    found = re.findall(r"\b([a-z]+=\d\w*)", text)
    return limits.limits_for(1, found), [setting.split("=")[0] for setting in found]


@pytest.mark.parametrize("command", ["grade", "sample", "kernelspec"])
def test_help_names_every_limit_with_its_usual_value(command):
    text = " ".join(subcommands().choices[command].format_help().split())
    found, names = usual_limits(text)
    of_a_process = [item.name for item in fields(Bounds)]
    assert sorted(names) == sorted(of_a_process if command == "kernelspec" else limits.NAMES)
    assert found.bounds == Bounds()
    usual = {item.name: item.default for item in fields(limits.Limits)}
    assert all(getattr(found, name) == usual[name] for name in names if name not in of_a_process)


def readme():
    return (places.CHECKOUT / "README.md").read_text(encoding="utf-8")


def test_the_readme_names_every_limit_and_every_status():
    settings = [
        f"{name}={value.replace(' s', '').replace(' ', '')}"
        for name, value in re.findall(r"^\| `(\w+)` \| (\d+[ \w]*) \|", readme(), re.M)
    ]
    found, names = usual_limits(" ".join(settings))
    assert sorted(names) == sorted(limits.NAMES)
    assert found.bounds == Bounds()
    statuses = {
        status: letter
        for letter, status in re.findall(r"^\| ([A-Z]) \| `(\w+)` \|", readme(), re.M)
    }
    assert statuses == summary.LETTERS


@pytest.mark.skipif(not shutil.which("make"), reason="there is no make here")
def test_make_help_lists_every_command():
    listed = subprocess.run(
        ["make", "help"], cwd=places.CHECKOUT, check=True, capture_output=True, text=True
    ).stdout
    targets = set(re.findall(r"^  make ([a-z-]+)", listed, re.M))
    phony = re.search(r"^\.PHONY: (.*)$", (places.CHECKOUT / "Makefile").read_text(), re.M)[
        1
    ].split()
    assert targets == set(phony)
    assert set(subcommands().choices) <= targets
    assert {"GPU", "PYTHON", "ARGS", "A"} <= set(re.findall(r"\b([A-Z]+)\b", listed))


@pytest.mark.parametrize("command", sorted(subcommands().choices))
def test_every_command_and_option_has_help(command):
    parser = subcommands().choices[command]
    assert parser.description
    assert all(action.help and len(action.help) > 4 for action in parser._actions)


def test_the_secrets_place_is_said_in_full():
    for command, place in (("grade", "course/secret"), ("sample", "course-sample/secret")):
        text = " ".join(subcommands().choices[command].format_help().split())
        assert f"the file `secret` in the folder of --out ({place})" in text


def result(mistake, status="wrong", score=0.0):
    questions = [{"name": "kl", "status": status, "score": score, "mistake": mistake}]
    return {"score": 50.0 + score, "questions": questions}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            result("kl_sign_flipped"),
            result("kl_doubled"),
            "wrong 0 (kl_sign_flipped) -> wrong 0 (kl_doubled)",
        ),
        (result(None), result("kl_doubled"), "wrong 0 -> wrong 0 (kl_doubled)"),
        (result("kl_doubled"), result(None, "correct", 12.0), "wrong 0 (kl_doubled) -> correct 12"),
    ],
)
def test_what_has_changed_is_said_with_the_names_of_the_mistakes(before, after, said):
    item = Submission("ada", "a01", None)
    (line,) = list_changes(ClassRun(before={item: before}, verdicts={item: after}))
    assert line == f"ada/a01: 50 -> {after['score']:g} points (kl {said})"
    assert list_changes(ClassRun(before={item: before}, verdicts={item: before})) == []
