"""nbgrader's `autograde` with the kit's verdicts: what its converter calls for each submission.

The file that was handed in is graded, never nbgrader's cleaned copy of it: that has other bytes,
so other hidden inputs.
"""

import functools
import logging
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import nbformat
from nbconvert.exporters import NotebookExporter
from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
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
from .beside import notebooks_of, read_release
from .deadlines import read_deadlines
from .directory import open_directory, released_path
from .recorded import changed_answers, write_recorded
from .recording import read_timestamp
from .roster import read_roster

__all__ = ["GradeSubmission", "SaveScores", "SubmissionExporter", "register_assignment"]


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
        write_course(assignment, self.log)
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
        released = read_release(released_path(open_directory(Path.cwd()), assignment))
        # nbgrader's own reading would keep the time of an earlier file where there is none now.
        timestamp, notice = read_timestamp(find_submission(Path.cwd(), student, assignment))
        if notice:
            self.log.warning("%s/%s: %s", student, assignment, notice)
        with (
            writing_alone(self.log),
            gradebook.open_gradebook(resources["nbgrader"]["db_url"]) as book,
        ):
            gradebook.register(book, assignment, released)
            changed = changed_answers(Path.cwd(), assignment, student, nb)
            graded = gradebook.Graded(student, nb, timestamp, changed)
            gradebook.write_grades(book, assignment, [graded])
            book.db.commit()
            write_recorded(Path.cwd(), assignment, student, nbformat.v4.writes(nb) + "\n")
        return nb, resources


def register_assignment(assignment: str, student: str, notebooks: list[str]) -> None:
    """Writes an assignment into the gradebook, which nbgrader asks for it; a hook of nbgrader's.

    Args:
        assignment: Its name.
        student: Whose submissions nbgrader is about to grade.
        notebooks: The paths of those.
    """
    write_course(assignment, logging.getLogger(__name__))


def write_course(assignment: str, log: logging.Logger) -> None:
    """Writes the roster, an assignment and its deadline into the gradebook of this folder.

    Args:
        assignment: The assignment's name.
        log: Hears where another run is writing.

    Raises:
        FaultyFile: If one of the course's files cannot be read.
        CellsChanged: If the gradebook could not take what was released.
        SQLAlchemyError: If it cannot be written.
    """
    course = open_directory(Path.cwd())
    due, students = read_deadlines(course.root), read_roster(course.root).students
    released = read_release(released_path(course, assignment))
    with (
        writing_alone(log),
        gradebook.open_gradebook(course.db_url, course.course_id) as book,
    ):
        gradebook.write_roster(book, students)
        gradebook.register(book, assignment, released)
        if assignment in due:
            gradebook.write_deadline(book, assignment, due[assignment])
        book.db.commit()


def writing_alone(log: logging.Logger) -> AbstractContextManager[None]:
    return alone(Path(".lock"), lambda: log.info("Another run is writing the gradebook: waiting"))
