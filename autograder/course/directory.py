"""Where things lie in a course's folder, as nbgrader's settings there say."""

from pathlib import Path

import nbformat
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from autograder import places

from .settings import CONFIG_NAME

__all__ = ["open_directory", "read_notebook", "released_path"]


def open_directory(folder) -> CourseDirectory:
    """Returns nbgrader's view of a course's folder; its usual one where nobody has set anything.

    Raises:
        FaultyFile: If the settings that are there cannot be read.
    """
    folder, settings = Path(folder).resolve(), Config()
    if (folder / CONFIG_NAME).is_file():
        try:
            settings = PyFileConfigLoader(CONFIG_NAME, path=str(folder)).load_config()
        # It is a program: anything may go wrong in it.
        except Exception as error:
            raise places.FaultyFile(
                f"{folder / CONFIG_NAME} cannot be read ({type(error).__name__}: {error}): mend it"
            ) from error
    course = CourseDirectory(config=settings)
    if "root" not in settings.get("CourseDirectory", {}):
        course.root = str(folder)
    return course


def released_path(course: CourseDirectory, assignment: str) -> Path:
    """Returns the notebook that students of this course got: the course's release, or the kit's.

    Raises:
        NotInstalled: If neither is there.
    """
    release = course.format_path(course.release_directory, ".", assignment)
    own = Path(release, f"{assignment}.ipynb")
    return own if own.is_file() else places.released_folder(assignment) / own.name


def read_notebook(path: Path, repair: str) -> nbformat.NotebookNode:
    """Returns one of the course's own notebooks.

    Args:
        path: Where it lies.
        repair: What to do where it is none.

    Raises:
        FaultyFile: If it is none.
        OSError: If it cannot be read.
    """
    try:
        found = nbformat.v4.reads(path.read_text(encoding="utf-8"))
        found.cells, found.metadata  # noqa: B018
        return found
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise places.FaultyFile(f"{path} is no notebook ({error}): {repair}") from error
