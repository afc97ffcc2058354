"""Grades a folder of submissions, for `grade` and `sample`: what it takes, refuses and says."""

import os
import shutil
import tempfile
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from autograder import places, screen
from autograder.screen import say

from .options import (
    OF_A_PROCESS,
    OF_A_RUN,
    UsageError,
    add_jobs,
    add_limits,
    check_numbers,
    jobs_and_limits,
    known_assignments,
)
from .status import FAILED, INTERRUPTED

if TYPE_CHECKING:
    from autograder.course.gradebook import Standing
    from autograder.course.roster import Roster
    from autograder.grading.classroom import Settings
    from autograder.grading.outcome import ClassRun
    from autograder.grading.submission import Submission
    from autograder.kernels import Confinement

__all__ = [
    "add_options",
    "check_out",
    "choose_confinement",
    "grade_folder",
    "prepare",
    "start_servers",
]


def add_options(command, out) -> None:
    """Adds what both commands take; `out` is where results go by default."""
    command.add_argument(
        "--student", nargs="+", default=[], metavar="NAME", help="only these students"
    )
    add_jobs(command)
    command.add_argument(
        "--device",
        choices=["auto", "cpu", "gpu"],
        default="auto",
        help="computes the references (auto: a GPU if any)",
    )
    command.add_argument(
        "--secret-file",
        type=Path,
        metavar="FILE",
        help=(
            "holds the course's secret, from which hidden inputs are drawn. Usually the file "
            f"`secret` in the folder of --out ({out / 'secret'}): the first run draws it. A file "
            "that you name must exist"
        ),
    )
    add_limits(command, f"{OF_A_RUN}; {OF_A_PROCESS}")
    command.add_argument(
        "--unsafe", action="store_true", help="grade even where notebooks cannot be confined"
    )
    add_repeating(command)


def add_repeating(command) -> None:
    command.add_argument(
        "--force", action="store_true", help="grade again what has a verdict already"
    )
    command.add_argument(
        "--dry-run",
        action="store_true",
        help="grade what would be graded, write nothing, and list who would have other points",
    )


def grade_folder(options: Namespace, submitted, console) -> int:
    """Grades what is in `submitted`, writes and prints the results, and returns the exit status.

    Args:
        options: What the command was given.
        submitted: Holds a folder for each student.
        console: Where to say what is done.

    Raises:
        UsageError: If it cannot be done as it was asked for.
    """
    # What can be refused without TensorFlow is refused before it starts.
    with screen.waiting(console, f"Reading {submitted}") as begins:
        check_numbers(options)
        jobs, limits = jobs_and_limits(options, console)
        submissions = wanted_submissions(options, submitted, console)
        check_out(options.out, submitted)
        has_been_graded = (options.out / "verdicts").is_dir() and (
            options.secret_file or options.out / "secret"
        ).is_file()
        if options.dry_run and not has_been_graded:
            raise UsageError(
                f"nobody has been graded in {options.out}: there is nothing to compare"
            )
        secret = prepare(options)
        begins("Starting TensorFlow")
        start_servers()
        confinement = choose_confinement(options)
    warn_of(confinement, console)
    assignments = {item.assignment for item in submissions}
    settings = build_settings(options, secret, jobs, limits, assignments)
    if options.dry_run:
        return list_what_changes(options, settings, console, submissions)
    run = grade_all(settings, console, submissions)
    return FAILED if run is None else conclude(options, console, submissions, run)


def list_what_changes(options: Namespace, settings, console, submissions) -> int:
    """Grades into a folder that is thrown away, and says who has other points; returns the status.

    Args:
        options: What the command was given.
        settings: The `Settings`, of the course's folder.
        console: Where to say it.
        submissions: What is graded.
    """
    from autograder.grading.outcome import list_changes, list_failures

    with tempfile.TemporaryDirectory(prefix="dry-run-") as folder:
        verdicts = options.out / "verdicts"
        if verdicts.is_dir():
            shutil.copytree(verdicts, Path(folder, "verdicts"))
        settings = replace(settings, out=Path(folder), beside=None)
        run = grade_all(settings, console, submissions)
    if run is None:
        return FAILED
    changed = list_changes(run)
    for line in changed:
        say(console, line)
    count = f"{len(changed)} of {len(submissions)}"
    say(console, f"{count} would have another result; nothing was written.")
    failures = list_failures(run)
    for text in failures:
        say(console, text, "bold red")
    return FAILED if failures or run.interrupted else 0


def check_out(out, submitted) -> None:
    """Raises UsageError where results would lie among submissions, and be graded next time."""
    if submitted.resolve() in (out.resolve(), *out.resolve().parents):
        raise UsageError(
            f"{out} lies in {submitted}, where each folder is a student: "
            "choose another folder with --out"
        )


def start_servers() -> None:
    """Starts what kernels and graders are forked from, in the background: it imports TensorFlow."""
    from autograder import kernels
    from autograder.grading import graders

    kernels.start_server("vikit.protocol.student_side")
    graders.start()


def wanted_submissions(options: Namespace, submitted, console) -> "list[Submission]":
    """Returns the submissions that the command is about."""
    from autograder import tasks
    from autograder.course.roster import read_roster
    from autograder.grading import find_submissions

    known_assignments(options.assignments)
    submissions, notices = find_submissions(
        submitted, tasks.names(), options.assignments, options.student
    )
    for notice in notices:
        say(console, notice, "yellow")
    if not submissions:
        raise UsageError(
            f"there is nothing to grade in {submitted}: "
            "put notebooks into <student>/<assignment>/ there"
        )
    check_folder(options, submitted, submissions)
    roster = read_roster(options.out)
    for notice in other_spellings(submissions, roster):
        say(console, notice, "yellow")
    submissions += absent_submissions(submissions, roster, options.student)
    for assignment in {item.assignment for item in submissions}:
        places.released_folder(assignment)
    return submissions


def check_folder(options: Namespace, submitted, submissions: "list[Submission]") -> None:
    """Raises UsageError for a folder in which nobody has handed in anything: it is another one."""
    from autograder import tasks
    from autograder.grading.class_folder import handed_in_assignments

    is_chosen = options.assignments or options.student
    some_unknown = any(item.fault for item in submissions)
    if not (some_unknown or is_chosen or handed_in_assignments(submitted, tasks.names())):
        raise UsageError(
            f"no student's folder in {submitted} holds an assignment, "
            "as in <student>/<assignment>/<assignment>.ipynb: is it the right folder? "
            f"For example {submissions[0].label}: {submissions[0].notice}. "
            "To grade it all the same name the assignment"
        )


def absent_submissions(
    submissions: "list[Submission]", roster: "Roster", chosen
) -> "list[Submission]":
    """Returns an empty submission for each on the roster who has no folder, and is not left out."""
    from autograder.grading.folders import comparable_name
    from autograder.grading.submission import Submission

    there = {comparable_name(item.student) for item in submissions}
    missing = [one.id for one in roster.students if comparable_name(one.id) not in there]
    return [
        Submission(
            student,
            assignment,
            None,
            f"expected {student}/{assignment}/{assignment}.ipynb, found nothing",
            absent=True,
        )
        for student in missing
        if not chosen or student in chosen
        for assignment in dict.fromkeys(item.assignment for item in submissions)
    ]


def other_spellings(submissions: "list[Submission]", roster: "Roster") -> Iterator[str]:
    """Yields a line for each folder whose name the roster writes in another way."""
    from autograder.grading.folders import comparable_name

    ids = {comparable_name(one.id): one.id for one in roster.students}
    exact = {*ids.values()}
    for student in dict.fromkeys(item.student for item in submissions):
        listed = ids.get(comparable_name(student), student)
        if student not in exact and listed != student:
            yield (
                f"{student}: roster.csv writes {listed}, so the gradebook has two students: "
                f"rename the folder {student} to {listed}"
            )


def warn_of(confinement, console) -> None:
    if not confinement.complete:
        on = ", ".join(confinement.layers) or "none"
        say(
            console,
            f"not fully confined (layers: {on}): grade only notebooks you trust; see `make doctor`",
            "bold red",
        )
    if not confinement.warm:
        say(console, "no warm kernels: every notebook imports TensorFlow anew", "yellow")


def build_settings(options: Namespace, secret, jobs, limits, assignments) -> "Settings":
    from autograder.course.beside import notebooks_of
    from autograder.course.course_files import read_course_files
    from autograder.grading.classroom import Settings

    read_course_files(options.out)
    return Settings(
        out=options.out,
        secret=secret,
        jobs=jobs,
        device=options.device,
        limits=limits,
        force=options.force,
        unsafe=options.unsafe,
        beside=notebooks_of(options.out, assignments),
    )


def grade_all(settings, console, submissions) -> "ClassRun | None":
    """Returns the `ClassRun` of the submissions; says so where nothing could be graded (None)."""
    from autograder import kernels
    from autograder.grading.classroom import grade_class
    from autograder.grading.graders import GraderError
    from autograder.reference.device import DeviceError

    try:
        with screen.counting(console, len(submissions)) as (begins, done):
            return grade_class(
                submissions, settings, lambda item: done(f"graded {item.student}"), begins
            )
    except DeviceError as error:
        raise UsageError(str(error)) from error
    except (GraderError, kernels.KernelError) as error:
        say(console, f"nothing was graded: {error}; run again when that is mended", "bold red")
        return None


def choose_confinement(options: Namespace) -> "Confinement":
    """Returns the notebooks' confinement; refuses to grade without any unless --unsafe is given."""
    from autograder.grading.verdict import Unconfined, confine

    try:
        return confine(options.unsafe)
    except Unconfined as error:
        raise UsageError(str(error)) from error


def prepare(options: Namespace) -> bytes:
    """Returns the course's secret, and sees that results can be written before anybody waits."""
    from vikit.judging import faults

    from autograder.grading.verdict import course_secret

    try:
        if options.secret_file and not options.secret_file.is_file():
            raise UsageError(f"there is no secret file {options.secret_file}")
        secret = course_secret(options.secret_file or options.out / "secret")
        for name in ("verdicts", "feedback"):
            (options.out / name).mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        if faults.is_of_the_machine(error):
            raise
        raise UsageError(
            f"{options.out} cannot be used: {error}" if isinstance(error, OSError) else str(error)
        ) from error
    if not os.access(options.out, os.W_OK) or (options.out / "grades.csv").is_dir():
        raise UsageError(f"{options.out} cannot be written to: choose another folder with --out")
    return secret


def conclude(options: Namespace, console, submissions, run) -> int:
    """Writes the reports, prints the summary, and returns the exit status."""
    from autograder.grading.outcome import assignments_without_points, list_failures
    from autograder.reports import summary

    for notice in run.notices:
        say(console, notice, "yellow")
    everything, standings, unwritten = write_all(options, console, run)
    for part in summary.build_parts(list(run.verdicts.values())):
        console.print(part)
    for text, style in describe(run, len(submissions), everything, options.out):
        say(console, text, style)
    by_hand = describe_by_hand(standings, options.out)
    if by_hand:
        say(console, by_hand)
    if run.interrupted:
        graded = f"{len(run.verdicts)} of {len(submissions)}"
        say(console, f"stopped: {graded} have a verdict; run again for the rest.", "bold red")
        return INTERRUPTED
    without_points = list(assignments_without_points(run))
    failures = [
        *list_failures(run),
        *unwritten,
        *(text for text, failed in without_points if failed),
    ]
    for text in [*(text for text, failed in without_points if not failed), *failures]:
        say(console, text, "bold red")
    return FAILED if failures else 0


def write_all(
    options: Namespace, console, run
) -> tuple[list[dict[str, Any]], "dict[tuple[str, str], Standing]", list[str]]:
    """Writes the gradebook and the reports.

    Returns (all verdicts, what the gradebook says, a line for each thing that was not written).
    """
    from autograder.course.recording import record
    from autograder.course.reporting import course_reports
    from autograder.grading.classroom import read_all
    from autograder.reports.course import write_course

    def waits() -> None:
        say(console, "Another grader is writing its reports here: waiting.")

    everything: list[dict[str, Any]] = []
    with screen.waiting(console, f"Writing the gradebook into {options.out}") as begins:
        standings, failures = record(options.out, run.verdicts, waits)
        begins(f"Writing the reports into {options.out}")
        try:
            reports = course_reports(options.out, standings)
            everything = write_course(run.verdicts.values(), reports, options.out, read_all, waits)
        except OSError as error:
            failures.append(
                f"reports were not written: {error}; run again when that is mended: "
                "no verdict is lost"
            )
    return everything, standings, failures


def describe_by_hand(standings: "dict[tuple[str, str], Standing]", out) -> str:
    """Returns what waits for a person, or ""."""
    waiting = [one.to_grade_by_hand for one in standings.values() if one.to_grade_by_hand]
    if not waiting:
        return ""
    return (
        f"To grade by hand: {sum(waiting)} answers in {len(waiting)} submissions of {out}: "
        "`make written`, or nbgrader's formgrader (docs/course.md, 5)"
    )


def describe(run, count, everything, out) -> Iterator[tuple[str, str | None]]:
    """Yields (text, style): what was kept, what has changed, and where the results are."""
    from autograder.reports import gradebook

    yield from ((line, None) for line in describe_earlier(run, count, everything))
    mixed = gradebook.mixed_versions(everything)
    if mixed:
        yield (
            (
                f"grades.csv mixes versions of the kit: {mixed}; "
                "grade all of them again to compare them"
            ),
            "yellow",
        )
    names = (
        "grades.csv",
        "totals.csv",
        "report/index.html",
        "feedback/",
        "gradebook.db",
        "verdicts/",
    )
    yield f"Results: {', '.join(f'{out}/{name}' for name in names)}", None


def describe_earlier(run, count, everything) -> Iterator[str]:
    """Yields what was kept of earlier runs, and what came out another way than before."""
    from autograder.grading.outcome import list_changes

    if run.kept:
        yield (
            f"{run.kept} of {count} had a verdict already and were kept; --force grades them again."
        )
    if run.before:
        changed = list_changes(run)
        counts = f"{len(run.before)} graded again, {len(changed)} with another result"
        yield counts + ":" * bool(changed)
        yield from (f"  {line}" for line in changed)
    others = len(everything) - len(run.verdicts)
    if others > 0:
        yield (
            f"grades.csv also holds {others} verdicts of earlier runs, "
            "on students or assignments not graded now."
        )
