"""What nbgrader exports and gives back: the tables of today, deadlines and penalties in them."""

import sys
from collections.abc import Iterable
from pathlib import Path

from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader import api
from nbgrader.plugins import CsvExportPlugin
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Unicode

from autograder.files import alone
from autograder.places import FaultyFile

from .course_files import read_course_files, write_lateness
from .totals import write_totals

__all__ = ["ExportWithPenalties", "RefreshPenalty"]


def refresh(book: api.Gradebook, folder: str, assignments: Iterable[str]) -> None:
    """Writes deadlines, extensions and penalties as the course's files have them now.

    Args:
        book: The gradebook.
        folder: The course's folder.
        assignments: The assignments' names.
    """
    with alone(Path(folder, ".lock"), lambda: None):
        files = read_course_files(folder)
        for assignment in assignments:
            write_lateness(book, files, assignment)
        book.db.commit()


class ExportWithPenalties(CsvExportPlugin):
    """nbgrader's table, after the penalties have been computed on the points of today; totals."""

    course_folder = Unicode("", help="The course's folder.").tag(config=True)

    def export(self, gradebook: api.Gradebook) -> None:
        """Writes both tables.

        Raises:
            SystemExit: If a file of the course cannot be read.
        """
        try:
            refresh(gradebook, self.course_folder, [one.name for one in gradebook.assignments])
        except FaultyFile as error:
            sys.exit(f"nothing was exported: {error}")
        try:
            write_totals(self.course_folder, gradebook)
        except OSError as error:
            self.log.error("The totals were not written: %s", error)
        super().export(gradebook)


class RefreshPenalty(NbGraderPreprocessor):
    """Computes a penalty on the points of today before they are given back."""

    course_folder = Unicode("", help="The course's folder.").tag(config=True)

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict
    ) -> tuple[NotebookNode, ResourcesDict]:
        names = resources["nbgrader"]
        with api.Gradebook(names["db_url"]) as book:
            refresh(book, self.course_folder, [names["assignment"]])
        return nb, resources
