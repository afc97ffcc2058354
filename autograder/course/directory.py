"""Where things lie in a course's folder, as nbgrader's settings there say."""

from pathlib import Path

from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config
from traitlets.config.loader import PyFileConfigLoader

from autograder import places

from .settings import CONFIG_NAME

__all__ = ["open_directory", "released_path"]


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
