"""The kit installed by `pip install .`, away from its repository: it grades as the checkout does,
or says what it needs.
"""

import json
import os
import shutil
import subprocess
import sys
import tomllib
import venv
from importlib import metadata

import nbformat
import patience
import pytest

from autograder import cli, places, version
from autograder.build import sample

A01 = "a01_densities"
pytestmark = [pytest.mark.kernels, pytest.mark.soak]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Returns a function that runs Python where the kit is installed and the checkout is not, in an
    empty folder.
    """
    if int(metadata.version("setuptools").split(".")[0]) < 77:
        pytest.skip("building the kit takes setuptools 77")
    folder = tmp_path_factory.mktemp("installed")
    source, environment, empty = folder / "source", folder / "environment", folder / "empty"
    empty.mkdir()
    # What is built there is not left in the repository.
    for name in ("autograder", "assignments", "data", "solutions"):
        shutil.copytree(
            places.CHECKOUT / name, source / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    for name in (
        "pyproject.toml",
        "setup.py",
        "requirements.txt",
        "requirements-test.txt",
        "README.md",
        "LICENSE",
    ):
        shutil.copy(places.CHECKOUT / name, source)
    venv.create(environment, symlinks=True)
    (site,) = environment.glob("lib/python*/site-packages")
    # A path that stands in such a file is searched, but for its own files of paths:
    # among these is the checkout's.
    (site / "libraries.pth").write_text(
        "\n".join(path for path in sys.path if path.endswith("-packages"))
    )
    options = [
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--no-index",
        "--disable-pip-version-check",
    ]
    subprocess.run(
        [sys.executable, "-m", "pip", "install", *options, "--target", site, source], check=True
    )
    shutil.rmtree(source)
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}

    def run(*arguments):
        command = [environment / "bin" / "python", *map(str, arguments)]
        return subprocess.run(command, cwd=empty, env=clean, capture_output=True, text=True)

    return run


def test_an_installed_kit_grades_as_the_checkout_does(installed, tmp_path):
    for student, change in (
        ("solved", sample.answer_with_solutions),
        ("blank", lambda notebook: None),
    ):
        notebook = nbformat.read(places.ASSIGNMENTS / A01 / f"{A01}.ipynb", as_version=4)
        change(notebook)
        path = tmp_path / "submitted" / student / A01 / f"{A01}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)
    (tmp_path / "secret").write_text("the same for both")
    options = [
        "--submitted",
        tmp_path / "submitted",
        "--secret-file",
        tmp_path / "secret",
        "--jobs",
        1,
    ]
    options += patience.OPTIONS
    # The checkout grades in this process, whose servers run already.
    assert cli.main(["grade", *map(str, options), "--out", str(tmp_path / "checkout")]) == 0
    there = installed("-m", "autograder", "grade", *options, "--out", tmp_path / "there")
    assert there.returncode == 0, there.stderr
    for student, score in (("solved", 77), ("blank", 0)):
        known, found = (
            json.loads((tmp_path / out / "verdicts" / A01 / f"{student}.json").read_text())
            for out in ("checkout", "there")
        )
        assert found == known
        assert found["score"] == score
        assert found["kit_version"] == version.kit_version()


def test_an_installed_kit_holds_what_it_reads_and_keeps_solutions_from_students(installed):
    code = (
        "import vikit, autograder; from autograder import places; from autograder.kernels import "
        "view; from pathlib import Path; assert 'environment' in autograder.__file__ and "
        "'environment' in vikit.__file__; assert not places.IS_CHECKOUT; assert "
        "vikit.load().x_train.shape == (1437, 64); assert sorted(path.name for path in "
        "places.SOLUTIONS.glob('a*.py')); assert Path(view.KIT) in places.SOLUTIONS.parents and "
        "Path(view.KIT) not in Path(vikit.__file__).parents; from autograder.build import sample; "
        "assert sample.students()['s03-numpy']"
    )
    ended = installed("-c", code)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("command", ["assignments", "release"])
def test_what_needs_the_repository_says_so_in_one_line(installed, command):
    ended = installed("-m", "autograder", command)
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert f"`autograder {command}` needs the kit's repository" in line
    assert f"run `make {command}` there" in line


@pytest.mark.parametrize("file", [f"{A01}.ipynb", "public_cases.json"])
def test_without_its_own_notebooks_a_kit_refuses_to_grade(installed, tmp_path, file):
    (tmp_path / "submitted" / "ada" / A01).mkdir(parents=True)
    (tmp_path / "assignments" / A01).mkdir(parents=True)
    kept = ({f"{A01}.ipynb", "public_cases.json"} - {file}).pop()
    (tmp_path / "assignments" / A01 / kept).write_text("{}")
    code = (
        "from pathlib import Path; from autograder import places, cli; places.ASSIGNMENTS = "
        f"Path({str(tmp_path / 'assignments')!r}); raise SystemExit(cli.main(['grade', "
        f"'--submitted', {str(tmp_path / 'submitted')!r}, '--out', {str(tmp_path)!r}]))"
    )
    ended = installed("-c", code)
    assert ended.returncode == 2, ended.stderr
    assert f"the kit's own {A01}/{file} is not in" in ended.stderr.splitlines()[-1]
    assert "install the kit again" in ended.stderr.splitlines()[-1]


def test_the_kits_version_is_another_with_another_notebook_or_other_cases(tmp_path, monkeypatch):
    shutil.copytree(places.ASSIGNMENTS / A01, tmp_path / A01)
    monkeypatch.setattr(places, "ASSIGNMENTS", tmp_path)
    versions = [version.kit_version.__wrapped__()]
    for name in (f"{A01}.ipynb", "public_cases.json"):
        with (tmp_path / A01 / name).open("a") as file:
            file.write(" ")
        versions.append(version.kit_version.__wrapped__())
    (tmp_path / A01 / "students own.ipynb").write_text("{}")
    assert version.kit_version.__wrapped__() == versions[-1]
    assert len(set(versions)) == 3


def test_the_version_stands_in_one_place(installed):
    project = tomllib.loads((places.CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))[
        "project"
    ]
    assert "version" not in project
    assert "version" in project["dynamic"]
    code = (
        "import autograder; from importlib import metadata; print(autograder.__version__, "
        "metadata.version({!r}))"
    )
    assert installed("-c", code.format(project["name"])).stdout.split() == [version.__version__] * 2
