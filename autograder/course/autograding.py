"""nbgrader's `autograde` with the kit's verdicts: what its converter calls for each submission.

The file that was handed in is graded, never nbgrader's cleaned copy of it: that has other bytes,
so other hidden inputs.
"""

import functools
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor
from traitlets import Bool, Enum

from autograder import kernels
from autograder.files import alone
from autograder.grading import classroom
from autograder.grading import verdict as verdicts
from autograder.grading.limits import limits_for, usual_jobs
from autograder.grading.submission import Home, Submission, submission_of
from autograder.reference import device as devices

from . import gradebook
from .beside import notebooks_of
from .by_hand import Before, settle_decisions
from .course_files import (
    CourseFiles,
    finish_assignment,
    read_course_files,
    register_assignment,
)
from .directory import open_directory
from .recorded import changed_answers, write_recorded
from .recording import read_timestamp

__all__ = ["GradeSubmission", "SaveScores", "SubmissionExporter", "write_assignment"]


class SubmissionExporter(NotebookExporter):
    """Leaves it to `GradeSubmission` to read what was handed in, whatever that is."""

    def from_filename(self, filename, resources=None, **options) -> tuple[Any, Any]:
        """Returns as nbconvert's does.

        Args:
            filename: The notebook's path.
            resources: What preprocessors get.
            options: What nbconvert passes on besides.
        """
        if any(isinstance(one, GradeSubmission) for one in self._preprocessors):
            return self.from_notebook_node(nbformat.v4.new_notebook(), resources, **options)
        return super().from_filename(filename, resources, **options)


class GradeSubmission(NbGraderPreprocessor):
    """Puts the verdict on a submission into its notebook, and writes it into `verdicts/`."""

    unsafe = Bool(
        False, help="Grade although this machine cannot confine notebooks: they can do all you can."
    ).tag(config=True)
    device = Enum(("auto", "cpu", "gpu"), "auto", help="Where the references are computed.").tag(
        config=True
    )

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict
    ) -> tuple[NotebookNode, ResourcesDict]:
        student, assignment = (resources["nbgrader"][key] for key in ("student", "assignment"))
        # nbgrader works in the course's folder.
        course = Path.cwd()
        self.log.info("Grading %s's %s", student, assignment)
        # nbgrader goes on where its hook fails: here, before anything is graded, it is said.
        register_in_folder(assignment, self.log)
        item = find_submission(course, student, assignment)
        # Where it fails nbgrader goes on with the next one, and this one waits for a person.
        verdict = self.verdict_on(item, course)
        self.log.info("%s: %g of %g points", item.label, verdict["score"], verdict["max_score"])
        for line in [item.notice, *verdict["kit_errors"]]:
            if line:
                self.log.warning("%s: %s", item.label, line)
        text = classroom.notebook_path(course, item).read_text(encoding="utf-8")
        return nbformat.v4.reads(text), resources

    def verdict_on(self, item: Submission, course: Path) -> dict[str, Any]:
        """Returns the verdict: that of an earlier run, or a new one."""
        if item.fault:
            raise item.fault
        settings = classroom.Settings(course, b"", beside=notebooks_of(course, [item.assignment]))
        return classroom.grade_alone(item, settings, conditions(course, self.device, self.unsafe))


@functools.cache
def conditions(course: Path, device: str, unsafe: bool) -> verdicts.Conditions:
    """Returns the `Conditions` of a course, as `make grade` has them where nothing is said."""
    kernels.start_server("vikit.protocol.student_side")
    return verdicts.Conditions(
        secret=verdicts.course_secret(course / "secret"),
        device=devices.choose(device),
        limits=limits_for(usual_jobs()),
        confinement=verdicts.confine(unsafe),
    )


def find_submission(course: Path, student: str, assignment: str) -> Submission:
    """Returns what a student handed in, as `make grade` finds it."""
    directory = open_directory(course)
    folder = Path(directory.format_path(directory.submitted_directory, student, assignment))
    return submission_of(Home(folder.parent), assignment)


class SaveScores(NbGraderPreprocessor):
    """Writes the scores of a graded notebook into the gradebook, as `make grade` does."""

    def preprocess(
        self, nb: NotebookNode, resources: ResourcesDict
    ) -> tuple[NotebookNode, ResourcesDict]:
        student, assignment = (resources["nbgrader"][key] for key in ("student", "assignment"))
        # nbgrader's own reading would keep the time of an earlier file where there is none now.
        timestamp, notice = read_timestamp(find_submission(Path.cwd(), student, assignment))
        if notice:
            self.log.warning("%s/%s: %s", student, assignment, notice)
        with registered(assignment, self.log) as (book, files, before):
            changed = changed_answers(Path.cwd(), assignment, student, nb)
            graded = gradebook.Graded(student, nb, timestamp, changed)
            made = gradebook.write_grades(book, assignment, [graded])
            finish_assignment(book, files, assignment, Before(before, made))
            book.db.commit()
            settle_decisions(Path.cwd(), assignment)
            write_recorded(Path.cwd(), assignment, student, nbformat.v4.writes(nb) + "\n")
        return nb, resources


def write_assignment(assignment: str, student: str, notebooks: list[str]) -> None:
    """Writes an assignment into the gradebook, which nbgrader asks for it; a hook of nbgrader's.

    Args:
        assignment: Its name.
        student: Whose submissions nbgrader is about to grade.
        notebooks: The paths of those.
    """
    register_in_folder(assignment, logging.getLogger(__name__))


def register_in_folder(assignment: str, log: logging.Logger) -> None:
    """Writes the roster, an assignment and its terms into the gradebook of this folder.

    Args:
        assignment: The assignment's name.
        log: Hears where another run is writing.

    Raises:
        FaultyFile: If one of the course's files cannot be read.
        CellsChanged: If the gradebook could not take what was released.
        SQLAlchemyError: If it cannot be written.
    """
    with registered(assignment, log) as (book, files, before):
        for line in (*files.doubts, *finish_assignment(book, files, assignment, Before(before))):
            log.warning("%s", line)
        book.db.commit()
        settle_decisions(Path.cwd(), assignment)


@contextmanager
def registered(
    assignment: str, log: logging.Logger
) -> Iterator[tuple[Gradebook, CourseFiles, dict[str, float]]]:
    """Opens the gradebook of this folder with an assignment registered; no other run writes then.

    Yields (the gradebook, the course's files, what the questions were out of before).
    """
    with alone(Path(".lock"), lambda: log.info("Another run is writing the gradebook: waiting")):
        files = read_course_files(Path.cwd())
        course = files.directory
        released = notebooks_of(Path.cwd(), [assignment]).read(assignment)
        with gradebook.open_gradebook(course.db_url, course.course_id) as book:
            gradebook.write_roster(book, files.roster.students)
            yield book, files, register_assignment(book, files, assignment, released)
