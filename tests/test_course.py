"""A course's folder, and nbgrader at work in it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import nbgrader_here
import pytest
from nbgrader import utils
from nbgrader.nbgraderformat import MetadataValidator
from traitlets.config import Config

from autograder import tasks
from autograder.build import notebooks
from autograder.course import folder, gradebook, reporting, settings
from autograder.grading import run
from autograder.grading.notebook import grade_id
from autograder.kernels import provisioner
from autograder.places import FaultyFile

NAMES = tasks.names()


def nbgrader(course, *arguments):
    """Runs nbgrader in a course's folder; returns the finished process."""
    return subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=course,
        env=os.environ | {"HOME": str(course), "IPYTHONDIR": str(course / ".ipython")},
        capture_output=True,
        text=True,
    )


def read(path):
    return nbformat.read(path, as_version=4)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course as `autograder course init` makes it."""
    place = tmp_path_factory.mktemp("courses") / "a course"
    written, kept = folder.init(place)
    assert len(written) == len(set(written)) == 4 + 2 * len(NAMES)
    assert kept == []
    return place


@pytest.mark.parametrize("name", NAMES)
def test_the_release_is_what_students_get_and_validates(course, name):
    released = course / "release" / name / f"{name}.ipynb"
    assert released.read_bytes() == (notebooks.ASSIGNMENTS / name / f"{name}.ipynb").read_bytes()
    MetadataValidator().validate_nb(read(released))


def test_nbgrader_makes_the_same_release_of_the_source(course):
    """Cell by cell, with metadata and checksums; the solutions are in the source alone."""
    for name in NAMES:
        source = (course / "source" / name / f"{name}.ipynb").read_text()
        assert source.count("BEGIN SOLUTION") == source.count("END SOLUTION") > 5
        released = course / "release" / name / f"{name}.ipynb"
        ours = read(released)
        # One as people run it; the others are released by the same command.
        run_nbgrader = nbgrader if name == NAMES[0] else nbgrader_here.run
        done = run_nbgrader(course, "generate_assignment", name, "--force")
        assert done.returncode == 0, done.stderr
        # Building must not touch what holds grades.
        assert not (course / "gradebook.db").exists()
        assert read(released) == ours
        assert "BEGIN SOLUTION" not in released.read_text()
        checked = [cell for cell in ours.cells if "checksum" in cell.metadata.get("nbgrader", {})]
        assert len(checked) > 10
        for cell in checked:
            assert cell.metadata.nbgrader.checksum == utils.compute_checksum(cell)


@pytest.mark.skipif(sys.platform != "linux", reason="kernels are confined on Linux alone")
@pytest.mark.parametrize("works", [True, False])
def test_a_restored_course_runs_notebooks_in_the_confined_kernel_or_in_none(
    tmp_path, monkeypatch, works
):
    installed = []

    def install():
        if not works:
            raise PermissionError("this Python's folder cannot be written")
        installed.append(True)

    monkeypatch.setattr(provisioner, "kernelspec_folder", lambda: tmp_path / "no kernels yet")
    monkeypatch.setattr(run, "install_kernel", install)
    config = Config()
    settings.configure(config, tmp_path / settings.CONFIG_NAME)
    assert config.ExecutePreprocessor.kernel_name == provisioner.NAME
    assert len(installed) == works


def test_what_students_read_has_the_courses_name(tmp_path):
    (tmp_path / settings.CONFIG_NAME).write_text(
        folder.CONFIG.replace("Variational inference", "Bayes, autumn 2026")
    )
    page = reporting.course_reports(tmp_path, {}).besides(
        {"student": "ann", "assignment": NAMES[0]}
    )
    assert page.course == "Bayes, autumn 2026"
    (tmp_path / settings.CONFIG_NAME).write_text(
        folder.CONFIG.replace(', name="Variational inference"', "")
    )
    page = reporting.course_reports(tmp_path, {}).besides(
        {"student": "ann", "assignment": NAMES[0]}
    )
    assert page.course == "variational-inference"


def test_what_an_instructor_wrote_stays_and_is_released(tmp_path):
    name = NAMES[0]
    folder.init(tmp_path, NAMES[:1])
    source = tmp_path / "source" / name / f"{name}.ipynb"
    edited = read(source)
    edited.cells[0].source += "\n\nHand in by Friday."
    nbformat.write(edited, source)
    (tmp_path / settings.CONFIG_NAME).write_text("c = get_config()\n")
    _, kept = folder.init(tmp_path, NAMES[:1])
    assert kept == [source]
    released = read(tmp_path / "release" / name / f"{name}.ipynb")
    assert released.cells[0].source.endswith("Hand in by Friday.")
    assert (tmp_path / settings.CONFIG_NAME).read_text() == "c = get_config()\n"


@pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")
def test_other_cells_are_released_and_what_becomes_of_grades_is_said(course, tmp_path):
    """Stock nbgrader deletes the release and then refuses, once somebody has handed in."""
    name, question = NAMES[0], "kl_to_standard_normal"
    for part in ("source", "release"):
        shutil.copytree(course / part / name, tmp_path / part / name)
    (tmp_path / settings.CONFIG_NAME).write_text(folder.CONFIG)
    source, released = (tmp_path / part / name / f"{name}.ipynb" for part in ("source", "release"))
    with gradebook.open_gradebook(f"sqlite:///{tmp_path}/gradebook.db") as book:
        gradebook.register(book, name, read(released))
        book.db.commit()
        book.add_student("ann")
        book.add_submission(name, "ann")
    before = (tmp_path / "gradebook.db").read_bytes()
    edited = read(source)
    edited.cells = [cell for cell in edited.cells if question not in grade_id(cell)]
    nbformat.write(edited, source)
    done = nbgrader(tmp_path, "generate_assignment", name, "--force")
    assert done.returncode == 0, done.stderr
    assert f"was released without {question}, {question}-answer since" in done.stderr
    assert f"nbgrader db assignment remove {name} --force" in done.stderr
    assert question not in {grade_id(cell) for cell in read(released).cells}
    assert (tmp_path / "gradebook.db").read_bytes() == before


def answer(notebook):
    return next(cell for cell in notebook.cells if "BEGIN SOLUTION" in cell.source)


def lose_end(notebook):
    cell = answer(notebook)
    cell.source = cell.source.replace("END SOLUTION", "the end")


def lose_metadata(notebook):
    answer(notebook).metadata = nbformat.from_dict({})


@pytest.mark.parametrize("change", [lose_end, lose_metadata, None])
def test_a_source_that_would_show_a_solution_is_refused(course, tmp_path, change):
    """Nor is one released that is no notebook; the release that is there stays."""
    name = NAMES[0]
    for part in ("source", "release"):
        shutil.copytree(course / part / name, tmp_path / part / name)
    source, released = (tmp_path / part / name / f"{name}.ipynb" for part in ("source", "release"))
    before = released.read_bytes()
    if change is None:
        source.write_text("{")
    else:
        notebook = read(source)
        change(notebook)
        nbformat.write(notebook, source)
    with pytest.raises(FaultyFile, match=rf"{name}\.ipynb cannot be released .* mend it"):
        folder.release(tmp_path, name)
    assert released.read_bytes() == before


def test_a_released_folder_works_by_itself(course, tmp_path):
    """A student has the folder and an environment without vikit: the first cell finds it."""
    name = NAMES[0]
    work = tmp_path / name
    work.mkdir()
    for path in (course / "release" / name).iterdir():
        (work / path.name).write_bytes(path.read_bytes())
    setup = next(
        cell.source
        for cell in read(work / f"{name}.ipynb").cells
        if cell.metadata.get("nbgrader", {}).get("grade_id") == notebooks.SETUP_ID
    )
    script = f"import os\nos.chdir({str(work)!r})\n{setup}\nprint('from', vikit.__file__)\n"
    script += "check('kl_to_standard_normal')\n"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=environment_of_a_student(tmp_path),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert f"from {tmp_path}" in done.stdout
    assert "kl_to_standard_normal" in done.stdout
    assert "document 003, eq. 13" in done.stdout


def environment_of_a_student(home: Path) -> dict[str, str]:
    return os.environ | {"HOME": str(home), "TMPDIR": str(home)}


def test_a_course_may_have_some_of_the_assignments(tmp_path):
    written, _ = folder.init(tmp_path, NAMES[:1])
    for part in ("source", "release"):
        assert [path.name for path in (tmp_path / part).iterdir()] == NAMES[:1]
    lines = (tmp_path / "deadlines.csv").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["assignment", NAMES[0]]
    assert len(written) == 4 + 2
    # The others may come later; what is there stays.
    written, kept = folder.init(tmp_path, [NAMES[1], NAMES[1]])
    assert kept == []
    assert {path.name for path in (tmp_path / "release").iterdir()} == {*NAMES[:2]}
    assert (tmp_path / "deadlines.csv").read_text().splitlines() == lines
