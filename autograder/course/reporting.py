"""What a course's reports say besides the verdicts: names, totals, decisions, sources."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from autograder import tasks
from autograder.places import FaultyFile
from autograder.reports.course import Course
from autograder.reports.feedback import Besides

from .by_hand import read_changed
from .course_files import read_course_files
from .gradebook import Standing
from .remarks import remarks_for
from .requests import read_requests
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
        files, requests = read_course_files(folder), read_requests(folder)
        sources = read_sources(folder)
        changed = {name: read_changed(folder, name)[0] for name in tasks.names()}
    except FaultyFile as error:
        raise OSError(str(error)) from error
    decisions = {name: files.decisions(name) for name in tasks.names()}
    date = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z")

    def besides(verdict: dict[str, Any]) -> Besides:
        student, assignment = verdict["student"], verdict["assignment"]
        task, standing = tasks.load(assignment), standings.get((student, assignment))
        names = [question.name for question in (*task.questions, *task.manual)]
        asked = [one for one in requests if one.assignment == assignment]
        overruled = {
            one.overruled for (who, _), one in changed[assignment].items() if who == student
        }
        return Besides(
            files.directory.config.Kit.get("course_name") or files.directory.course_id,
            date,
            remarks_for(student, names, decisions[assignment], overruled, asked),
            standing.in_words if standing else "",
            {one.name: cite(one.name, one.source, sources) for one in task.questions},
        )

    return Course(standings, {one.id: one.name for one in files.roster.students}, besides)
