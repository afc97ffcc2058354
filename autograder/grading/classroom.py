"""A whole class: every submission is graded, whatever one of them does, and each verdict is written as it comes."""

import json
import random
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from vikit import judging
from vikit.judging import faults

from autograder import kernels, tasks
from autograder.files import write_whole
from autograder.kernels.clock import SLOWEST
from autograder.names import file_stem
from autograder.reference import device as devices
from autograder.version import kit_version, libraries

from . import verdict as verdicts
from .graders import GraderError, Graders, give_way_after
from .limits import limits_by_name, limits_for
from .run import MAX_RESTARTS, READY_SECONDS
from .submission import comparable_name, notices_of
from .turns import LONGER, SHORTEST, SHORTEST_OF_MODELS, Schedule
from .verdict import build_ungraded, digest, grade, secret_digest

# Seconds for what surrounds the time that a notebook may take; the kit's own work on one takes a few.
PATIENCE = 600
# How often a question may have all of its time, at most.
MOST_TIMES = 4


@dataclass
class ClassRun:
    """What came of a run: the verdicts by submission, those that they replace, what was odd, where the kit itself failed.

    `failures` says where the kit or the machine failed; those in `partial` cost a submission some of its questions only.
    """

    verdicts: dict = field(default_factory=dict)
    before: dict = field(default_factory=dict)
    notices: list = field(default_factory=list)
    failures: list = field(default_factory=list)
    partial: list = field(default_factory=list)
    kept: int = 0
    interrupted: bool = False


def grade_class(
    submissions, out, secret, jobs=1, device="auto", force=False, finished=lambda _: None, unsafe=False, limits=None,
    begins=lambda text: None,
):  # fmt: skip
    """Grades `submissions`, `jobs` at a time in processes of their own, and returns a `ClassRun`.

    A verdict that is there already for the same notebook, kit and device is kept, unless `force`. Where the machine or
    the kit fails on a submission there is no verdict on it, or one without what the kit failed on: the next run does it again.

    Args:
        submissions: What `find_submissions` returned.
        out: Folder that receives `verdicts/<assignment>/<student>.json`; `file_stem` says how a long name is shortened.
        secret: The course's secret, bytes.
        jobs: How many to grade at once.
        device: Where references are computed: `"auto"`, `"cpu"` or `"gpu"`.
        force: Grade again what has a verdict.
        finished: Called with each submission when it is done.
        unsafe: Whether to grade although this machine cannot confine notebooks at all.
        limits: The `Limits` of each notebook; by default what `limits_for(jobs)` returns.
        begins: Called with what begins, in words for somebody who waits.

    Raises:
        Unconfined: If this machine cannot confine notebooks and `unsafe` does not allow that.
        DeviceError: If the device does not exist.
        GraderError: If no grading process starts: a script must call this below `if __name__ == "__main__":`.
    """
    confinement, limits = verdicts.confine(unsafe), limits or limits_for(jobs)
    run = ClassRun(notices=notices_of(submissions))
    try:
        with Graders(jobs, confinement, names=tasks.names()) as graders:
            begins("Starting the graders")
            chosen_device = graders.call(devices.choose, device)
            graders.patience = patience(graders, {item.assignment for item in submissions}, limits)

            def is_kept(item, old):
                return not force and is_current(old, item, chosen_device, secret, limits, confinement)

            todo = select_submissions(run, submissions, out, is_kept, finished)
            assignments = {item.assignment for item in todo}
            if todo:
                begins(f"Preparing the questions of {', '.join(sorted(assignments))}")
            structures = explore_all(graders, assignments)
            if todo:
                begins(f"Grading {len(todo)} submission{'' if len(todo) == 1 else 's'}, {jobs} at a time")
            arguments = (out, secret, device, chosen_device, confinement, limits, structures)
            first = {name: graders.call(first_turn, name) for name in assignments}
            # Nobody can arrange that all slow ones come first.
            random.Random(secret).shuffle(todo)
            grade_submissions(run, graders, todo, arguments, first, finished)
    except KeyboardInterrupt:
        run.interrupted = True
    for item in find_overwritten(run, out):
        del run.verdicts[item]
        error = FileExistsError(
            f"the file system of {out} takes another student's name for this one: choose another --out"
        )
        record_failure(run, item, error)
    run.failures += run.partial
    run.verdicts = {item: run.verdicts[item] for item in submissions if item in run.verdicts}
    for item, verdict in run.verdicts.items():
        if item.path and {question["status"] for question in verdict["questions"]} == {"missing"}:
            run.notices.append(f"{item.label}: {verdict['questions'][0]['message']}")
    return run


def select_submissions(run, submissions, out, is_kept, finished):
    """Returns the submissions that wait; `run` receives the verdicts that are kept, those to be replaced, and failures."""
    todo = []
    for item in submissions:
        try:
            old = read_verdict(verdict_path(out, item))
            if item.fault:
                record_failure(run, item, item.fault, old)
                continue
            kept = old and is_kept(item, old)
        except OSError as error:
            record_failure(run, item, error)
            continue
        if kept:
            run.verdicts[item], run.kept = old, run.kept + 1
            finished(item)
            continue
        todo.append(item)
        if old:
            run.before[item] = old
    return todo


def grade_submissions(run, graders, todo, arguments, first, finished):
    """Grades what is in `todo`, in turns, until it is empty; `run` receives the verdicts and the failures."""
    try:
        for item, verdict, error in results_in_turns(graders, todo, arguments, first):
            todo.remove(item)
            if error is None:
                run.verdicts[item] = verdict
                run.partial += [f"{item.label}: {line}" for line in verdict["kit_errors"]]
            else:
                record_failure(run, item, error)
            finished(item)
    except (GraderError, OSError, MemoryError) as error:
        # No other process can be started: what is done is kept.
        for item in todo:
            record_failure(run, item, error)


def results_in_turns(graders, items, arguments, first=None):
    """Yields (item, its verdict, None) or (item, None, the error) as they are done; what is put back has longer turns."""
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


def find_overwritten(run, out):
    """Returns the submissions whose verdict was overwritten by one on a student of nearly the same name."""
    seen = Counter((item.assignment, comparable_name(item.student)) for item in run.verdicts)
    twins = [item for item in run.verdicts if seen[item.assignment, comparable_name(item.student)] > 1]
    return [item for item in twins if (read_verdict(verdict_path(out, item)) or {}).get("student") != item.student]


def record_failure(run, item, error, old=None):
    """Writes down that the kit, or the machine, has failed on a submission; `old` is its verdict of an earlier run."""
    stays = "; the verdict of an earlier run stays in grades.csv" if old or item in run.before else ""
    run.failures.append(f"{item.label}: {type(error).__name__}: {error}{stays}")


# Of questions whose function was there and could be asked.
ASKED_STATUSES = ("correct", "partial", "wrong", "malformed", "unanswered", judging.KIT_ERROR)
RAISED = "Your function raised"


def assignments_without_points(run):
    """Yields (text, whether it is a failure) for each assignment for which several handed in a notebook, and all have 0 points.

    It is a failure where not one function could be asked: that looks like this machine, or like a wrong folder.
    """
    handed_in = defaultdict(list)
    for item, verdict in run.verdicts.items():
        if item.path:
            handed_in[item.assignment].append(verdict)
    for assignment, found in handed_in.items():
        if len(found) < 2 or any(verdict["score"] for verdict in found):
            continue
        questions = [question for verdict in found for question in verdict["questions"]]
        failed = not any(
            question["status"] in ASKED_STATUSES or question["message"].startswith(RAISED) for question in questions
        )
        said = f"{assignment}: all {len(found)} notebooks that were handed in have 0 points"
        if failed:
            said += ", and not one answer in them could be asked: is this the right folder, and is this machine well?"
            said += f" The first one's: {questions[0]['message']}"
        yield said, failed


def patience(graders, assignments, limits):
    """Returns the seconds after which a grading process that is still at one notebook hangs."""
    asking = max((graders.call(question_seconds, name, limits) for name in assignments), default=0)
    return PATIENCE + SLOWEST * (limits.notebook + asking) + MAX_RESTARTS * READY_SECONDS


def explore_all(graders, assignments):
    """Returns the structures of all questions of `assignments`, found by the graders together: each needs all of them."""
    questions = [(name, index) for name in assignments for index in range(graders.call(question_count, name))]
    found = zip(questions, graders.map(explore, questions), strict=True)
    return {question: structure for question, structure in found if structure is not None}


def question_count(assignment):
    return len(tasks.load(assignment).questions)


def first_turn(assignment):
    """Returns the seconds that a notebook has at first, before others wait no longer for it."""
    questions = tasks.load(assignment)
    return SHORTEST if len(questions.functions) == len(questions.questions) else SHORTEST_OF_MODELS


def question_seconds(assignment, limits):
    """Returns how long all questions may take: each may be asked again, under another name, or for its follow-through."""
    return sum(MOST_TIMES * max(limits.question, task.seconds or 0) for task in tasks.load(assignment).questions)


def explore(question):
    """Returns the structure of a question; None where that raises: each verdict will say so of this question."""
    assignment, index = question
    try:
        return tasks.find_structure(assignment, tasks.load(assignment).questions[index])
    except Exception:  # noqa: BLE001
        return None


def grade_one(item, out, secret, device, chosen_device, confinement, limits, structures):
    """Grades one submission in one of the processes, and writes its verdict.

    Returns the verdict and the seconds that it took; None for the verdict where the notebook was put back.

    Raises:
        Exception: Whatever the kit or the machine fails with: nothing is written then.
    """
    for (assignment, index), found in structures.items():
        tasks.store_structure(assignment, tasks.load(assignment).questions[index], found)
    started = time.monotonic()
    give_way_after(item.assignment, started)
    reason = why_gone(item.path) if item.path else item.notice
    if not reason:
        try:
            verdict = grade(
                item.assignment, item.path, student=item.student, secret=secret, device=device, limits=limits,
                unsafe=True,
            )  # fmt: skip
        except kernels.GivesWay:
            return None, time.monotonic() - started
    else:
        verdict = build_ungraded(
            item.assignment, item.student, chosen_device, reason, None, secret, confinement, limits
        )
    write_whole(verdict_path(out, item), json.dumps(verdict, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    return verdict, time.monotonic() - started


def why_gone(path):
    """Returns why the notebook at `path`, which was there, is there no more; an empty text where it is."""
    try:
        path.stat()
    except OSError as error:
        if faults.is_of_the_machine(error):
            raise
        return f"{path.name} was there when the run began, and cannot be found now ({error.strerror})"
    return ""


def verdict_path(out, item):
    return Path(out) / "verdicts" / item.assignment / f"{file_stem(item.student)}.json"


def read_verdict(path):
    """Returns the verdict at `path`; None where there is none.

    Raises:
        OSError: If there is a file, and it cannot be read.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) and found.get("schema") == verdicts.SCHEMA else None


def is_current(old, item, device, secret, limits, confinement):
    """Tells whether a verdict is on this very notebook, by this kit and these libraries, secret, device and limits.

    A verdict that was found with fewer layers of confinement than there are now does not count, nor one that says of nothing
    handed in what is no longer so, nor one that the kit failed on in part.
    """
    if old.get("kit_errors"):
        return False
    if item.path is None and not all(item.notice in question["message"] for question in old["questions"]):
        return False
    wanted = {"kit_version": kit_version(), "libraries": libraries(), "device": device, "student": item.student}
    wanted |= {"submission_sha256": digest(item.path), "secret_sha256": secret_digest(secret)}
    wanted |= {"limits": limits_by_name(limits)}
    if {key: old.get(key) for key in wanted} != wanted:
        return False
    return set(confinement.layers) <= set(old.get("layers", ()))


def read_all(out):
    """Returns every verdict below `out`, by assignment and student; files that are none are left out.

    Raises:
        OSError: If one cannot be read: its student would have no row.
    """
    found = [read_verdict(path) for path in sorted(Path(out).glob("verdicts/*/*.json"))]
    return [verdict for verdict in found if verdict]


def list_changes(run):
    """Returns a line for each submission that was graded again with another result than before."""
    lines = []
    for item, old in run.before.items():
        new = run.verdicts.get(item)
        told = new and [
            f"{name} {was} -> {now}" for name, was, now in differing_questions(old["questions"], new["questions"])
        ]
        if told:
            lines.append(f"{item.label}: {old['score']:g} -> {new['score']:g} points ({'; '.join(told)})")
    return lines


def differing_questions(old, new):
    """Yields (name, before, now) of the questions whose points, status or mistake are no longer the same."""
    before = {question["name"]: question for question in old}
    for question in new:
        was = before.get(question["name"])
        if was is None or any(was[key] != question[key] for key in ("score", "status", "mistake")):
            yield question["name"], describe_outcome(was) if was else "not asked", describe_outcome(question)


def describe_outcome(question):
    """Returns status, points and, where it has a name, the mistake: "wrong 0 (kl_sign_flipped)"."""
    mistake = f" ({question['mistake']})" if question["mistake"] else ""
    return f"{question['status']} {question['score']:g}{mistake}"
