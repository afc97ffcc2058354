"""nbgrader's settings for a course of this kit."""

import contextlib
import sys
import warnings
from pathlib import Path

from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.converters import GenerateAssignment, GenerateFeedback
from nbgrader.preprocessors import (
    ClearSolutions,
    ComputeChecksums,
    LockCells,
    NbGraderPreprocessor,
    SaveCells,
)
from sqlalchemy.exc import SAWarning

from autograder.build import clearing
from autograder.build.archive import KIT
from autograder.kernels import provisioner

from . import gradebook
from .pages import DropRubrics, safe_markdown

__all__ = ["CONFIG_NAME", "ClearAnswers", "WarnOfGrades", "configure"]

CONFIG_NAME = "nbgrader_config.py"
AUTOGRADING, LATENESS = "autograder.course.autograding", "autograder.course.lateness"
GIVING_BACK = "autograder.course.giving_back"


class ClearAnswers(NbGraderPreprocessor):
    """Makes the students' notebook of the source: what `ClearSolutions` does, and the build."""

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict
    ) -> tuple[NotebookNode, ResourcesDict]:
        return clearing.clear_notebook(nb), resources


class ComputeChecksumsOfAnswers(ComputeChecksums):
    """Writes nbgrader's checksums, and leaves them out of checks as the build does."""

    def preprocess_cell(
        self, cell: NotebookNode, resources: ResourcesDict, cell_index: int
    ) -> tuple[NotebookNode, ResourcesDict]:
        """Returns as nbgrader's own.

        Args:
            cell: The cell.
            resources: What preprocessors get.
            cell_index: Its place.
        """
        if clearing.is_check(cell):
            cell.metadata.nbgrader.pop("checksum", None)
            return cell, resources
        return super().preprocess_cell(cell, resources, cell_index)


class WarnOfGrades(NbGraderPreprocessor):
    """Says what becomes of grades where the release has other cells than submissions had."""

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict
    ) -> tuple[NotebookNode, ResourcesDict]:
        names = resources["nbgrader"]
        if gradebook.exists(names["db_url"]):
            with gradebook.open_gradebook(names["db_url"]) as book:
                try:
                    gradebook.register(book, names["assignment"], nb)
                except gradebook.CellsChanged as error:
                    self.log.warning("Released, but nothing will be graded so: %s", error)
                book.db.rollback()
        return nb, resources


def configure(c, config_file, name="") -> None:
    """Sets what nbgrader needs in a course of this kit; called by its `nbgrader_config.py`.

    Args:
        c: The settings, as `get_config()` returns them.
        config_file: The path of that file: the course is its folder, wherever nbgrader is started.
        name: What the course is called in what students read; its `course_id` if empty.
    """
    c.Kit.course_name = name
    gradebook.put_programs_on_path()
    # nbgrader's own statements, with the SQLAlchemy of today: they do what they did.
    warnings.filterwarnings("ignore", category=SAWarning)
    root = Path(config_file).resolve().parent
    c.CourseDirectory.root = str(root)
    c.GenerateAssignment.preprocessors = release_preprocessors()
    # Grading registers what was released; building touches no gradebook.
    c.GenerateAssignment.no_database = True
    configure_autograding(c, root)
    c.ZipCollectApp.extractor_plugin = "autograder.course.zip_collect.CheckedExtractor"
    c.ZipCollectApp.collector_plugin = "autograder.course.zip_collect.PlacedCollector"
    for plugin in ("DailyPenalty", "ExportWithPenalties", "RefreshPenalty"):
        c[plugin].course_folder = str(root)
    c.AssignLatePenalties.plugin_class = f"{LATENESS}.DailyPenalty"
    c.ExportApp.plugin_class = f"{GIVING_BACK}.ExportWithPenalties"
    c.GenerateFeedback.preprocessors = [
        f"{GIVING_BACK}.RefreshPenalty",
        DropRubrics,
        *GenerateFeedback.class_traits()["preprocessors"].default(),
    ]
    c.HTMLExporter.filters = {"markdown2html": safe_markdown}
    if sys.platform == "linux":
        # `nbgrader validate` in this folder runs what students handed in: in this kernel or none.
        c.ExecutePreprocessor.kernel_name = provisioner.NAME
        install_missing_kernel()
    # The kit's own pages and table have the usual names.
    c.CourseDirectory.feedback_directory = "feedback_by_hand"
    c.ExportPlugin.to = "gradebook.csv"


def install_missing_kernel() -> None:
    """Installs the confined kernel where this Python has none yet, as beside a restored course."""
    if provisioner.kernelspec_folder().is_dir():
        return
    from autograder.grading.run import install_kernel

    # Where it cannot be written nbgrader says that there is no such kernel.
    with contextlib.suppress(OSError):
        install_kernel()


def configure_autograding(c, root: Path) -> None:
    """Sets that nbgrader grades as `make grade` does, in the course's folder `root`."""
    # Names, not classes: most of nbgrader's commands need no TensorFlow.
    c.Autograde.exporter_class = f"{AUTOGRADING}.SubmissionExporter"
    c.Autograde.pre_convert_hook = f"{AUTOGRADING}.write_assignment"
    c.Autograde.sanitize_preprocessors = [f"{AUTOGRADING}.GradeSubmission"]
    c.Autograde.autograde_preprocessors = [
        f"{AUTOGRADING}.SaveScores",
        "nbgrader.preprocessors.AssignLatePenalties",
        "nbgrader.preprocessors.CheckCellMetadata",
    ]
    # What lies beside a source is for students: a copy of the kit for each would fill the disk.
    c.Autograde.exclude_overwriting = {
        folder.name: [path.name for path in folder.glob(f"{KIT}-*.zip")]
        for folder in (root / "source").glob("*")
    }


def release_preprocessors() -> list[type]:
    """Returns nbgrader's own preprocessors from source to release, with the kit's among them.

    `ClearSolutions` would give all stubs one name. `LockCells` makes checks read-only: a student
    could not ask them for a hint. `SaveCells` would refuse other cells once somebody has handed in,
    when nbgrader has deleted the release.
    """
    usual = GenerateAssignment.class_traits()["preprocessors"].default()
    own = {
        ClearSolutions: ClearAnswers,
        ComputeChecksums: ComputeChecksumsOfAnswers,
        SaveCells: None,
        LockCells: None,
    }
    return [*filter(None, (own.get(one, one) for one in usual)), WarnOfGrades]
