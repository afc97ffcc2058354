"""nbgrader's settings for a course of this kit."""

import os
import sys
from pathlib import Path

from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.converters import GenerateAssignment
from nbgrader.preprocessors import ClearSolutions, LockCells, NbGraderPreprocessor

from autograder.build import clearing

__all__ = ["CONFIG_NAME", "ClearAnswers", "configure", "put_programs_on_path"]

CONFIG_NAME = "nbgrader_config.py"


class ClearAnswers(NbGraderPreprocessor):
    """Makes the students' notebook of the source: what `ClearSolutions` does, and the build."""

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict
    ) -> tuple[NotebookNode, ResourcesDict]:
        return clearing.clear_notebook(nb), resources


def configure(c, config_file) -> None:
    """Sets what nbgrader needs in a course of this kit; called by its `nbgrader_config.py`.

    Args:
        c: The settings, as `get_config()` returns them.
        config_file: The path of that file: the course is its folder, wherever nbgrader is started.
    """
    put_programs_on_path()
    c.CourseDirectory.root = str(Path(config_file).resolve().parent)
    c.GenerateAssignment.preprocessors = release_preprocessors()


def put_programs_on_path() -> None:
    """Lets nbgrader find `alembic`, which it starts by name to make a gradebook.

    Where nobody has activated the virtual environment it would not.
    """
    programs = str(Path(sys.executable).parent)
    if programs not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = os.pathsep.join([programs, os.environ.get("PATH", os.defpath)])


def release_preprocessors() -> list[type]:
    """Returns nbgrader's own preprocessors from source to release, with `ClearAnswers` among them.

    `ClearSolutions` would give all stubs one name. `LockCells` makes checks read-only: a student
    could not ask them for a hint.
    """
    usual = GenerateAssignment.class_traits()["preprocessors"].default()
    return [ClearAnswers if one is ClearSolutions else one for one in usual if one is not LockCells]
