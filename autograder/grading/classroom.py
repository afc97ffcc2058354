"""A whole class: each submission is graded, whatever another does; each verdict is written."""

import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from vikit.judging import faults

from autograder import kernels, tasks
from autograder.files import write_whole
from autograder.kernels.clock import SLOWEST
from autograder.names import file_stem
from autograder.reference import device as devices
from autograder.tasks.separation import Structure
from autograder.version import kit_version, libraries

from . import timing
from . import verdict as verdicts
from .class_folder import notices_of
from .folders import comparable_name
from .graders import GraderError, Graders, give_way_after
from .limits import Limits, limits_by_name, limits_for
from .outcome import ClassRun
from .run import MAX_RESTARTS, READY_SECONDS
from .submission import Submission
from .turns import LONGER, SHORTEST, SHORTEST_OF_MODELS, Schedule
from .verdict import build_ungraded, digest, grade_under, secret_digest

__all__ = ["Beside", "Settings", "grade_alone", "grade_class", "notebook_path", "read_all"]

# Seconds for what surrounds the time that a notebook may take;
# the kit's own work on one takes a few.
PATIENCE = 600
# How often a question may have all of its time, at most.
MOST_TIMES = 4


class Beside(Protocol):
    """Makes the notebook that is written beside each verdict: the submission with its scores."""

    def release_sha256(self, assignment: str) -> str:
        """Returns what is another where the notebook that was released is."""
        ...

    def text(self, item: Submission, verdict: dict[str, Any]) -> str:
        """Returns the notebook as the text of a file."""
        ...


@dataclass(frozen=True)
class Settings:
    """How a class is graded.

    Attributes:
        out: Folder that receives `verdicts/<assignment>/<student>.json`; `file_stem` says how a
            long name is shortened.
        secret: The course's secret, bytes.
        jobs: How many to grade at once.
        device: Where references are computed: `"auto"`, `"cpu"` or `"gpu"`.
        limits: The `Limits` of each notebook; None for what `limits_for(jobs)` returns.
        force: Whether to grade again what has a verdict.
        unsafe: Whether to grade although this machine cannot confine notebooks at all.
        beside: Makes the notebook beside each verdict; None for none.
    """

    out: Path
    secret: bytes
    jobs: int = 1
    device: str = "auto"
    limits: Limits | None = None
    force: bool = False
    unsafe: bool = False
    beside: Beside | None = None


@dataclass(frozen=True)
class Grading:
    """A class that is being graded.

    Attributes:
        run: Receives the verdicts and the failures.
        graders: The processes that grade.
        settings: The `Settings`.
        conditions: The `Conditions` under which each notebook is graded.
        finished: Called with each submission when it is done.
        begins: Called with what begins, in words for somebody who waits.
    """

    run: ClassRun
    graders: Graders
    settings: Settings
    conditions: verdicts.Conditions
    finished: Callable[[Submission], Any]
    begins: Callable[[str], Any]


def grade_class(
    submissions: list[Submission],
    settings: Settings,
    finished=lambda _: None,
    begins=lambda text: None,
) -> ClassRun:
    """Grades `submissions`, some at a time in processes of their own, and returns a `ClassRun`.

    A verdict that is there already for the same notebook, kit and device is kept, unless `force`.
    Where the machine or the kit fails on a submission there is no verdict on it, or one without
    what the kit failed on: the next run does it again.

    Args:
        submissions: What `find_submissions` returned.
        settings: The `Settings`.
        finished: Called with each submission when it is done.
        begins: Called with what begins, in words for somebody who waits.

    Raises:
        Unconfined: If this machine cannot confine notebooks and `unsafe` does not allow that.
        DeviceError: If the device does not exist.
        GraderError: If no grading process starts: a script must call this below `if __name__ ==
            "__main__":`.
    """
    confinement, limits = (
        verdicts.confine(settings.unsafe),
        settings.limits or limits_for(settings.jobs),
    )
    run = ClassRun(notices=notices_of(submissions))
    try:
        with Graders(settings.jobs, confinement, names=tasks.names()) as graders:
            begins("Starting the graders")
            device = graders.call(devices.choose, settings.device)
            conditions = verdicts.Conditions(settings.secret, device, limits, confinement)
            graders.patience = patience(graders, {item.assignment for item in submissions}, limits)
            grading = Grading(run, graders, settings, conditions, finished, begins)
            todo, stale = select_submissions(grading, submissions)
            rewrite_beside(grading, stale)
            grade_waiting(grading, todo)
    except KeyboardInterrupt:
        run.interrupted = True
    complete(run, submissions, settings.out)
    return run


def grade_waiting(grading: Grading, todo) -> None:
    """Grades the submissions in `todo`."""
    settings, assignments = grading.settings, {item.assignment for item in todo}
    if todo:
        grading.begins(f"Preparing the questions of {', '.join(sorted(assignments))}")
    structures = explore_all(grading.graders, {item.assignment for item in todo if item.path})
    if todo:
        grading.begins(
            f"Grading {len(todo)} submission{'' if len(todo) == 1 else 's'}, "
            f"{settings.jobs} at a time"
        )
    first = {name: grading.graders.call(first_turn, name) for name in assignments}
    # Nobody can arrange that all slow ones come first.
    random.Random(settings.secret).shuffle(todo)
    grade_submissions(grading, todo, structures, first)


def complete(run: ClassRun, submissions: list[Submission], out) -> None:
    """Puts verdicts in the submissions' order, takes out overwritten ones, notes what is odd."""
    for item in find_overwritten(run, out):
        del run.verdicts[item]
        error = FileExistsError(
            f"the file system of {out} takes another student's name for this one: "
            "choose another --out"
        )
        record_failure(run, item, error)
    run.failures += run.partial
    run.verdicts = {item: run.verdicts[item] for item in submissions if item in run.verdicts}
    for item, verdict in run.verdicts.items():
        if item.path and {question["status"] for question in verdict["questions"]} == {"missing"}:
            run.notices.append(f"{item.label}: {verdict['questions'][0]['message']}")


def select_submissions(
    grading: Grading, submissions: list[Submission]
) -> tuple[list[Submission], dict[Submission, dict[str, Any]]]:
    """Returns (those that wait, the verdicts that stand without their notebook beside them).

    The run receives kept and replaced verdicts, and failures.
    """
    run, todo = grading.run, []
    stale: dict[Submission, dict[str, Any]] = {}
    for item in submissions:
        try:
            old = read_verdict(verdict_path(grading.settings.out, item))
            if item.fault:
                record_failure(run, item, item.fault, old)
                continue
            kept = old and not grading.settings.force and is_current(old, item, grading.conditions)
            is_whole = old and kept and is_beside(grading.settings, item, old)
        except OSError as error:
            record_failure(run, item, error)
            continue
        if old and is_whole:
            run.verdicts[item], run.kept = old, run.kept + 1
            grading.finished(item)
        elif old and kept:
            stale[item] = old
        else:
            todo.append(item)
            if old:
                run.before[item] = old
    return todo, stale


def rewrite_beside(grading: Grading, stale: dict[Submission, dict[str, Any]]) -> None:
    """Writes the notebooks of another release beside verdicts that stand."""
    run, settings = grading.run, grading.settings
    if stale:
        grading.begins("Writing notebooks of the present release")
    arguments = (settings.out, settings.beside)
    try:
        for item, verdict, error in grading.graders.each(rewrite_one, [*stale], *arguments):
            if error is None:
                run.verdicts[item], run.kept = verdict, run.kept + 1
                del stale[item]
            else:
                record_failure(run, item, error, stale.pop(item))
            grading.finished(item)
    except (GraderError, OSError, MemoryError) as error:
        for item, old in stale.items():
            record_failure(run, item, error, old)


def rewrite_one(item: Submission, out, beside: Beside) -> dict[str, Any]:
    """Writes the notebook beside a verdict that is there; returns the verdict.

    Raises:
        OSError: If one of them cannot be read or written.
    """
    verdict = read_verdict(verdict_path(out, item))
    if verdict is None:
        raise OSError(f"{verdict_path(out, item)} is gone")
    write_verdict(item, out, verdict, beside)
    return verdict


def grade_submissions(grading: Grading, todo, structures, first) -> None:
    """Grades what is in `todo`, in turns, until it is empty.

    Args:
        grading: The `Grading`.
        todo: The submissions that wait.
        structures: What `explore_all` returned.
        first: Seconds of the first turns, by assignment.
    """
    run, settings = grading.run, grading.settings
    arguments = (settings.out, grading.conditions, structures, settings.beside)
    try:
        for item, verdict, error in results_in_turns(grading.graders, todo, arguments, first):
            todo.remove(item)
            if verdict is not None:
                run.verdicts[item] = verdict
                run.partial += [f"{item.label}: {line}" for line in verdict["kit_errors"]]
            else:
                record_failure(run, item, error)
            grading.finished(item)
    except (GraderError, OSError, MemoryError) as error:
        # No other process can be started: what is done is kept.
        for item in todo:
            record_failure(run, item, error)


def results_in_turns(
    graders: Graders, items, arguments, first=None
) -> Iterator[tuple[Submission, dict[str, Any] | None, BaseException | None]]:
    """Yields (item, verdict, None) or (item, None, error) as they are done.

    What is put back has longer turns.
    """
    schedule = Schedule(graders.turns, len(items), graders.jobs, first)
    while items:
        put_back = []
        for item, result, error in graders.each(grade_one, items, *arguments):
            verdict, seconds = result or (None, None)
            if error is None and verdict is None:
                schedule.put_back(item.assignment, seconds)
                put_back.append(item)
            else:
                schedule.done(item.assignment, seconds if item.path else None)
                yield item, verdict, error
        items = put_back
        schedule.begin_round(LONGER)


def find_overwritten(run: ClassRun, out) -> list[Submission]:
    """Returns the submissions whose verdict one of nearly the same name overwrote."""
    seen = Counter((item.assignment, comparable_name(item.student)) for item in run.verdicts)
    twins = [
        item for item in run.verdicts if seen[item.assignment, comparable_name(item.student)] > 1
    ]
    return [
        item
        for item in twins
        if (read_verdict(verdict_path(out, item)) or {}).get("student") != item.student
    ]


def record_failure(run: ClassRun, item: Submission, error, old=None) -> None:
    """Notes that the kit, or the machine, failed on a submission; `old`: its earlier verdict."""
    stays = (
        "; the verdict of an earlier run stays in grades.csv" if old or item in run.before else ""
    )
    run.failures.append(f"{item.label}: {type(error).__name__}: {error}{stays}")


def patience(graders: Graders, assignments: set[str], limits: Limits) -> float:
    """Returns the seconds after which a grading process that is still at one notebook hangs."""
    asking = max((graders.call(question_seconds, name, limits) for name in assignments), default=0)
    return PATIENCE + SLOWEST * (limits.notebook + asking) + MAX_RESTARTS * READY_SECONDS


def explore_all(graders: Graders, assignments: set[str]) -> dict[tuple[str, int], Structure]:
    """Returns the structures of all questions of `assignments`; the graders find them together."""
    questions = [
        (name, index) for name in assignments for index in range(graders.call(question_count, name))
    ]
    found = zip(questions, graders.map(explore, questions), strict=True)
    return {question: structure for question, structure in found if structure is not None}


def question_count(assignment: str) -> int:
    return len(tasks.load(assignment).questions)


def first_turn(assignment: str) -> float:
    """Returns the seconds that a notebook has at first, before others wait no longer for it."""
    questions = tasks.load(assignment)
    return SHORTEST if len(questions.functions) == len(questions.questions) else SHORTEST_OF_MODELS


def question_seconds(assignment: str, limits: Limits) -> float:
    """Returns how long all questions may take.

    Each may be asked again, under another name, or for its follow-through.
    """
    return sum(
        MOST_TIMES * max(limits.question, question.seconds or 0)
        for question in tasks.load(assignment).questions
    )


def explore(question) -> Structure | None:
    """Returns the structure of a question; None where that raises: each verdict will say so."""
    assignment, index = question
    try:
        return tasks.find_structure(assignment, tasks.load(assignment).questions[index])
    except Exception:  # noqa: BLE001
        return None


def grade_one(
    item: Submission, out, conditions: verdicts.Conditions, structures, beside: Beside | None = None
) -> tuple[dict[str, Any] | None, float]:
    """Grades one submission in one of the processes, and writes its verdict.

    Args:
        item: The submission.
        out: The folder that receives it.
        conditions: The `Conditions`.
        structures: What `explore_all` returned.
        beside: Makes the notebook that is written beside the verdict; None for none.

    Returns:
        (the verdict, the seconds that it took); None for the verdict where the notebook was put
        back.

    Raises:
        Exception: Whatever the kit or the machine fails with: nothing is written then.
    """
    for (assignment, index), found in structures.items():
        tasks.store_structure(assignment, tasks.load(assignment).questions[index], found)
    started = time.monotonic()
    give_way_after(item.assignment, started)
    reason = why_gone(item.path) if item.path else item.notice
    seconds: timing.Seconds = {}
    if reason:
        verdict = build_ungraded(conditions, item.assignment, item.student, reason, None)
    else:
        # In this process too TensorFlow must compute as the kit wants it.
        devices.visible_gpus()
        try:
            verdict, seconds = grade_under(conditions, item.assignment, item.path, item.student)
        except kernels.GivesWay:
            return None, time.monotonic() - started
    write_verdict(item, out, verdict, beside)
    timing.write_times(out, item.student, item.assignment, seconds)
    return verdict, time.monotonic() - started


def grade_alone(
    item: Submission, settings: Settings, conditions: verdicts.Conditions
) -> dict[str, Any]:
    """Returns the verdict on one submission: one that is there for the same notebook, or a new one.

    It grades in this process, and writes what `grade_class` writes.

    Args:
        item: The submission.
        settings: The `Settings`.
        conditions: The `Conditions`.

    Raises:
        Exception: Whatever the kit or the machine fails with: nothing is written then.
    """
    old = read_verdict(verdict_path(settings.out, item))
    if old and not settings.force and is_current(old, item, conditions):
        if not is_beside(settings, item, old):
            write_verdict(item, settings.out, old, settings.beside)
        return old
    verdict, _ = grade_one(item, settings.out, conditions, {}, settings.beside)
    if verdict is None:
        raise RuntimeError(f"{item.label} was put back, and nobody takes it up again")
    return verdict


def write_verdict(item: Submission, out, verdict: dict[str, Any], beside: Beside | None) -> None:
    """Writes a verdict, and before it the notebook beside it: where one is, the other is too."""
    if beside:
        verdict["release_sha256"] = beside.release_sha256(item.assignment)
        write_whole(notebook_path(out, item), beside.text(item, verdict))
    write_whole(
        verdict_path(out, item),
        json.dumps(verdict, indent=1, ensure_ascii=False, allow_nan=False) + "\n",
    )


def is_beside(settings: Settings, item: Submission, verdict: dict[str, Any]) -> bool:
    """Tells whether the notebook of what was released lies beside a verdict, if one is wanted."""
    if settings.beside is None:
        return True
    is_of_release = verdict.get("release_sha256") == settings.beside.release_sha256(item.assignment)
    return is_of_release and notebook_path(settings.out, item).is_file()


def why_gone(path) -> str:
    """Returns why the notebook at `path` is there no more; an empty text where it is."""
    try:
        path.stat()
    except OSError as error:
        if faults.is_of_the_machine(error):
            raise
        return (
            f"{path.name} was there when the run began, and cannot be found now ({error.strerror})"
        )
    return ""


def verdict_path(out, item: Submission) -> Path:
    return Path(out) / "verdicts" / item.assignment / f"{file_stem(item.student)}.json"


def notebook_path(out, item: Submission) -> Path:
    """Returns where the notebook beside a verdict lies."""
    return Path(out) / "verdicts" / item.assignment / f"{file_stem(item.student)}.ipynb"


def read_verdict(path) -> dict[str, Any] | None:
    """Returns the verdict at `path`; None where there is none.

    Raises:
        OSError: If there is a file, and it cannot be read.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and found.get("schema") == verdicts.SCHEMA else None


def is_current(old, item: Submission, conditions: verdicts.Conditions) -> bool:
    """Tells whether a verdict is on this notebook, by this kit and libraries, in these conditions.

    A verdict that was found with fewer layers of confinement than there are now does not count, nor
    one that says of nothing handed in what is no longer so, nor one that the kit failed on in part.
    """
    if old.get("kit_errors"):
        return False
    if item.path is None and not all(
        item.notice in question["message"] for question in old["questions"]
    ):
        return False
    wanted: dict[str, Any] = {
        "kit_version": kit_version(),
        "libraries": libraries(),
        "device": conditions.device,
        "student": item.student,
    }
    wanted |= {
        "submission_sha256": digest(item.path),
        "secret_sha256": secret_digest(conditions.secret),
    }
    wanted |= {"limits": limits_by_name(conditions.limits)}
    if {key: old.get(key) for key in wanted} != wanted:
        return False
    return set(conditions.confinement.layers) <= set(old.get("layers", ()))


def read_all(out) -> list[dict[str, Any]]:
    """Returns every verdict below `out`, by assignment and student, without files that are none.

    Raises:
        OSError: If one cannot be read: its student would have no row.
    """
    found = [read_verdict(path) for path in sorted(Path(out).glob("verdicts/*/*.json"))]
    return [verdict for verdict in found if verdict]
