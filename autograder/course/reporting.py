"""What a course's reports say besides the verdicts: names, totals, decisions, sources."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import nbformat

from autograder import tasks
from autograder.grading import classroom
from autograder.grading.notebook import ANSWER, grade_id, texts_before
from autograder.grading.submission import Submission
from autograder.grading.timing import read_times
from autograder.places import FaultyFile
from autograder.reports.course import Course
from autograder.reports.feedback import Besides

from . import gradebook
from .beside import notebooks_of
from .by_hand import Changed, read_changed
from .course_files import CourseFiles, read_course_files
from .gradebook import Standing
from .question_grades import Grades, question_grades
from .remarks import remarks_for
from .requests import Request, read_requests
from .sources import cite, read_sources

__all__ = ["course_reports"]


def course_reports(folder, standings: Mapping[tuple[str, str], Standing]) -> Course:
    """Returns what the reports of a course say besides its verdicts.

    Args:
        folder: The course's folder.
        standings: What the gradebook says of submissions, by student and assignment.

    Raises:
        OSError: If one of the course's files cannot be read.
    """
    try:
        files = read_course_files(folder)
        known = Known(
            files,
            standings,
            read_grades(files),
            read_requests(folder),
            read_sources(folder),
            {name: read_changed(folder, name)[0] for name in tasks.names()},
        )
    except FaultyFile as error:
        raise OSError(str(error)) from error
    return Course(
        standings,
        known.names,
        {one.id: one.section for one in known.files.roster.students},
        read_times(folder),
        known.title,
        known.date,
        known.besides,
    )


@dataclass(frozen=True)
class Known:
    """What a course knows besides the verdicts.

    Attributes:
        files: The course's files.
        standings: What the gradebook says of submissions, by student and assignment.
        grades: What it says of each question.
        requests: What students asked.
        sources: Where matters stand in the course's own notes.
        changed: By assignment, what decisions have changed.
    """

    files: CourseFiles
    standings: Mapping[tuple[str, str], Standing]
    grades: Grades
    requests: Sequence[Request]
    sources: Mapping[str, str]
    changed: Mapping[str, Mapping[tuple[str, str], Changed]]

    @cached_property
    def names(self) -> dict[str, str]:
        """The names of students, by their ids."""
        return {one.id: one.name for one in self.files.roster.students}

    @property
    def title(self) -> str:
        """What the course is called."""
        directory = self.files.directory
        return str(directory.config.Kit.get("course_name") or directory.course_id)

    @cached_property
    def date(self) -> str:
        """When the pages are written."""
        return datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z")

    @cached_property
    def texts(self) -> dict[str, dict[str, str]]:
        """By assignment, what its notebook says before each question."""
        folder = self.files.folder
        return {
            name: texts_before(notebooks_of(folder, [name]).read(name)) for name in tasks.names()
        }

    def remarks(self, student: str, assignment: str, names: Sequence[str]) -> dict[str, list[str]]:
        """Returns what stands beside questions: decisions, requests and answers.

        Args:
            student: The student's id.
            assignment: The assignment's name.
            names: The questions' names.
        """
        asked = [one for one in self.requests if one.assignment == assignment]
        changed = self.changed[assignment].items()
        overruled = {one.overruled for (who, _), one in changed if who == student}
        return remarks_for(student, names, self.files.decisions(assignment), overruled, asked)

    def besides(self, verdict: dict[str, Any]) -> Besides:
        """Returns what the page of a verdict says besides."""
        student, assignment = verdict["student"], verdict["assignment"]
        task = tasks.load(assignment)
        by_hand = [question.name for question in task.manual]
        names = [*(question.name for question in task.questions), *by_hand]
        return Besides(
            course=self.title,
            date=self.date,
            name=self.names.get(student, ""),
            standing=self.standings.get((student, assignment)),
            grades=self.grades.get((student, assignment), {}),
            by_hand=by_hand,
            remarks=self.remarks(student, assignment, names),
            texts=self.texts[assignment],
            code=code_of(self.files.folder, verdict),
            sources={one.name: cite(one.name, one.source, self.sources) for one in task.questions},
        )


def read_grades(files: CourseFiles) -> Grades:
    """Returns what the gradebook of a course has of each question; nothing where there is none."""
    course = files.directory
    if not gradebook.exists(course.db_url):
        return {}
    with gradebook.open_gradebook(course.db_url, course.course_id) as book:
        return question_grades(book)


def code_of(folder, verdict: dict[str, Any]) -> dict[str, str]:
    """Returns what a student handed in for each question, as the notebook beside the verdict has
    it; nothing where there is none.
    """
    item = Submission(verdict["student"], verdict["assignment"], None)
    try:
        text = classroom.notebook_path(folder, item).read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    return {
        grade_id(cell).removesuffix(ANSWER): cell.source
        for cell in nbformat.v4.reads(text).cells
        if grade_id(cell).endswith(ANSWER)
    }
