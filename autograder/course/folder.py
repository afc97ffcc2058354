"""What lies in a course's folder before anybody hands in: settings, source and release."""

from collections.abc import Sequence
from pathlib import Path

import nbformat

from autograder import places, tasks
from autograder.build import archive, clearing, notebooks, script
from autograder.files import write_whole

from . import deadlines, lateness, roster
from .settings import CONFIG_NAME

__all__ = ["init", "release", "write_source"]

CONFIG = '''\
"""nbgrader's settings for this course."""

from autograder.course import configure

c = get_config()
configure(c, __file__, name="Variational inference")

# Your own settings go below. nbgrader's documentation lists them; these you will want:
c.CourseDirectory.course_id = "variational-inference"
'''
ROSTER = ",".join(roster.COLUMNS) + "\n"


def init(
    folder, names: Sequence[str] = (), begins=lambda text: None
) -> tuple[list[Path], list[Path]]:
    """Makes `folder` a course of nbgrader's, with the source and release of assignments.

    What is there stays: a notebook in `source/` may be the instructor's own.

    Args:
        folder: The course's folder; made if it is not there.
        names: The assignments' names; all if empty.
        begins: Told of each assignment.

    Returns:
        (what was written, what was kept although the kit would write something else).

    Raises:
        OSError: If something cannot be written.
    """
    folder, names = Path(folder), list(dict.fromkeys(names or tasks.names()))
    due = "".join(f"{name},,,,\n" for name in names)
    files = {
        folder / CONFIG_NAME: CONFIG,
        folder / roster.NAME: ROSTER,
        folder / deadlines.NAME: f"{','.join(deadlines.COLUMNS)}\n{due}",
        folder / lateness.EXTENSIONS: ",".join(lateness.EXTENSION_COLUMNS) + "\n",
    }
    # These are meant to be filled in, or edited.
    written, _ = write_missing(files)
    kept: list[Path] = []
    for name in names:
        begins(f"Building {name}")
        for one, other in zip((written, kept), write_source(folder, name), strict=True):
            one += other
        written.append(release(folder, name))
    return written, kept


def write_source(folder, name: str) -> tuple[list[Path], list[Path]]:
    """Writes the source of an assignment where there is none; returns as `init`."""
    cells = script.read(script.SOLUTIONS / f"{name}.py")
    notebook = notebooks.source_notebook(tasks.load(name), cells)
    path = folder / "source" / name / f"{name}.ipynb"
    return write_missing({path: nbformat.writes(notebook) + "\n"})


def write_missing(files: dict[Path, str]) -> tuple[list[Path], list[Path]]:
    """Writes the files that are not there; returns (those written, those that say something else).

    Two runs at once do not get in each other's way.
    """
    written, kept = [], []
    for path, text in files.items():
        if not path.exists():
            write_whole(path, text, replace=False)
            written.append(path)
        elif path.read_text(encoding="utf-8") != text:
            kept.append(path)
    return written, kept


def release(folder, name: str) -> Path:
    """Writes the release of an assignment from its source; returns the notebook's path.

    Beside the notebook lies the kit's zip, in which its first cell finds vikit.

    Raises:
        FaultyFile: If the source cannot be released as it stands: nothing is changed then.
    """
    source = Path(folder) / "source" / name / f"{name}.ipynb"
    path = Path(folder) / "release" / name / f"{name}.ipynb"
    try:
        notebook = clearing.clear_notebook(nbformat.read(source, as_version=4))
    except (ValueError, KeyError, RuntimeError, SyntaxError, places.FaultyFile) as error:
        raise places.FaultyFile(
            f"{source} cannot be released ({type(error).__name__}: {error}): mend it, or delete it "
            "to get the kit's"
        ) from error
    for place in (source.parent, path.parent):
        kit = archive.write_kit(place, name)
        for old in {*place.glob(f"{archive.KIT}-*.zip")} - {kit}:
            old.unlink()
    write_whole(path, nbformat.writes(notebook) + "\n")
    return path
