"""A whole class: every submission is graded, whatever one of them does, and each verdict is written as it comes."""

import json
from dataclasses import dataclass, field
from pathlib import Path

from autograder import tasks
from autograder.files import write_whole
from autograder.reference import device as devices
from autograder.version import kit_version, libraries

from . import verdict as verdicts
from .graders import Graders
from .limits import limits_for, named
from .run import MAX_FULL_RUNS
from .verdict import digest, grade, secret_digest, ungraded

# Seconds for what surrounds the time that a notebook may take; the kit's own work on one takes a few.
PATIENCE = 600


@dataclass
class ClassRun:
    """What came of a run: the verdicts by submission, those that they replace, what was odd, where the kit itself failed."""

    verdicts: dict = field(default_factory=dict)
    before: dict = field(default_factory=dict)
    notices: list = field(default_factory=list)
    failures: list = field(default_factory=list)
    kept: int = 0
    interrupted: bool = False


def grade_class(
    submissions, out, secret, jobs=1, device="auto", force=False, finished=lambda _: None, unsafe=False, limits=None,
):  # fmt: skip
    """Grades `submissions`, `jobs` at a time in processes of their own, and returns a `ClassRun`.

    A verdict that is there already for the same notebook, kit and device is kept, unless `force`.

    Args:
        submissions: What `find_submissions` returned.
        out: Folder that receives `verdicts/<assignment>/<student>.json`.
        secret: The course's secret, bytes.
        jobs: How many to grade at once.
        device: Where references are computed: `"auto"`, `"cpu"` or `"gpu"`.
        force: Grade again what has a verdict.
        finished: Called with each submission when it is done.
        unsafe: Whether to grade although this machine cannot confine notebooks at all.
        limits: The `Limits` of each notebook; by default what `limits_for(jobs)` returns.

    Raises:
        Unconfined: If this machine cannot confine notebooks and `unsafe` does not allow that.
        DeviceError: If the device does not exist.
        GraderError: If no grading process starts: a script must call this below `if __name__ == "__main__":`.
    """
    confinement, limits = verdicts.confine(unsafe), limits or limits_for(jobs)
    run = ClassRun(notices=[f"{item.label}: {item.notice}" for item in submissions if item.notice])
    try:
        with Graders(jobs, confinement) as graders:
            place = graders.call(devices.choose, device)
            graders.patience = patience(graders, {item.assignment for item in submissions}, limits)
            earlier = {item: read_verdict(verdict_path(out, item)) for item in submissions}
            run.before = {item: old for item, old in earlier.items() if old}
            if not force:
                for item, old in list(run.before.items()):
                    if current(old, item, place, secret, limits, confinement):
                        run.verdicts[item], run.kept = run.before.pop(item), run.kept + 1
                        finished(item)
            todo = [item for item in submissions if item not in run.verdicts]
            structures = explored(graders, {item.assignment for item in todo})
            arguments = (out, secret, device, place, confinement, limits, structures)
            for item, verdict, error in graders.each(grade_one, todo, *arguments):
                if error is None:
                    run.verdicts[item] = verdict
                else:
                    stays = "; the verdict of an earlier run stays in grades.csv" if item in run.before else ""
                    run.failures.append(f"{item.label}: {type(error).__name__}: {error}{stays}")
                finished(item)
    except KeyboardInterrupt:
        run.interrupted = True
    run.verdicts = {item: run.verdicts[item] for item in submissions if item in run.verdicts}
    for item, verdict in run.verdicts.items():
        if item.path and {question["status"] for question in verdict["questions"]} == {"missing"}:
            run.notices.append(f"{item.label}: {verdict['questions'][0]['message']}")
    return run


def patience(graders, assignments, limits):
    """Returns the seconds after which a grading process that is still at one notebook hangs."""
    asking = max((graders.call(question_seconds, name, limits) for name in assignments), default=0)
    return PATIENCE + (MAX_FULL_RUNS + 1) * limits.notebook + asking


def explored(graders, assignments):
    """Returns the structures of all questions of `assignments`, found by the graders together: each needs all of them."""
    questions = [(name, index) for name in assignments for index in range(graders.call(question_count, name))]
    return dict(zip(questions, graders.map(explore, questions), strict=True))


def question_count(assignment):
    return len(tasks.load(assignment).tasks)


def question_seconds(assignment, limits):
    """Returns how long all questions may take: each is asked under another name too, or for its follow-through."""
    return sum(2 * max(limits.question, task.seconds or 0) for task in tasks.load(assignment).tasks)


def explore(question):
    assignment, index = question
    return tasks.structure(assignment, tasks.load(assignment).tasks[index])


def grade_one(item, out, secret, device, place, confinement, limits, structures):
    """Grades one submission in one of the processes, and writes its verdict."""
    for (assignment, index), found in structures.items():
        tasks.take_structure(assignment, tasks.load(assignment).tasks[index], found)
    if item.path:
        verdict = grade(
            item.assignment, item.path, student=item.student, secret=secret, device=device, limits=limits, unsafe=True
        )
    else:
        verdict = ungraded(item.assignment, item.student, place, item.notice, None, secret, confinement, limits)
    write_whole(verdict_path(out, item), json.dumps(verdict, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    return verdict


def verdict_path(out, item):
    return Path(out) / "verdicts" / item.assignment / f"{item.student}.json"


def read_verdict(path):
    """Returns the verdict at `path`; None where there is none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and found.get("schema") == verdicts.SCHEMA else None


def current(old, item, place, secret, limits, confinement):
    """Tells whether a verdict is on this very notebook, by this kit and these libraries, secret, device and limits.

    A verdict that was found with fewer layers of confinement than there are now does not count, nor one that says of nothing
    handed in what is no longer so.
    """
    if item.path is None and not all(item.notice in question["message"] for question in old["questions"]):
        return False
    wanted = {"kit_version": kit_version(), "libraries": libraries(), "device": place, "student": item.student}
    wanted |= {"submission_sha256": digest(item.path), "secret_sha256": secret_digest(secret)}
    wanted |= {"limits": named(limits)}
    if {key: old.get(key) for key in wanted} != wanted:
        return False
    return set(confinement.layers) <= set(old.get("layers", ()))


def read_all(out):
    """Returns every verdict below `out`, by assignment and student; files that are none are left out."""
    found = [read_verdict(path) for path in sorted(Path(out).glob("verdicts/*/*.json"))]
    return [verdict for verdict in found if verdict]


def changes(run):
    """Returns a line for each submission that was graded again with another result than before."""
    lines = []
    for item, old in run.before.items():
        new = run.verdicts.get(item)
        told = new and [f"{name} {was} -> {now}" for name, was, now in differing(old["questions"], new["questions"])]
        if told:
            lines.append(f"{item.label}: {old['score']:g} -> {new['score']:g} points ({'; '.join(told)})")
    return lines


def differing(old, new):
    """Yields (name, before, now) of the questions whose points, status or mistake are no longer the same."""
    before = {question["name"]: question for question in old}
    for question in new:
        was = before.get(question["name"])
        if was is None or any(was[key] != question[key] for key in ("score", "status", "mistake")):
            yield question["name"], outcome(was) if was else "not asked", outcome(question)


def outcome(question):
    return f"{question['status']} {question['score']:g}"
