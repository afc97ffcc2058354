"""What came of a run: verdicts, failures of the kit, and what a second grading changed."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from vikit import judging

from .submission import Submission

__all__ = ["ClassRun", "assignments_without_points", "list_changes", "list_failures"]


@dataclass
class ClassRun:
    """What came of a run: verdicts by submission, those they replace, oddities, the kit's failures.

    `failures` says where the kit or the machine failed; those in `partial` cost a submission some
    of its questions only.
    """

    verdicts: dict[Submission, dict[str, Any]] = field(default_factory=dict)
    before: dict[Submission, dict[str, Any]] = field(default_factory=dict)
    notices: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    partial: list[str] = field(default_factory=list)
    kept: int = 0
    interrupted: bool = False


def list_failures(run: ClassRun) -> list[str]:
    """Returns a line for each failure of the kit or machine: what it cost, and where it was."""
    graded = dict.fromkeys(run.partial, "graded but for this")
    return [
        f"{graded.get(failure, 'not graded')}, the kit failed: {failure}"
        for failure in run.failures
    ]


# Of questions whose function was there and could be asked.
ASKED_STATUSES = ("correct", "partial", "wrong", "malformed", "unanswered", judging.KIT_ERROR)
RAISED = "Your function raised"


def assignments_without_points(run: ClassRun) -> Iterator[tuple[str, bool]]:
    """Yields (text, whether it is a failure) for assignments where nobody has a point.

    Several must have handed in a notebook.

    It is a failure where not one function could be asked: that looks like this machine, or like a
    wrong folder.
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
            question["status"] in ASKED_STATUSES or question["message"].startswith(RAISED)
            for question in questions
        )
        said = f"{assignment}: all {len(found)} notebooks that were handed in have 0 points"
        if failed:
            said += (
                ", and not one answer in them could be asked: is this the right folder, "
                "and is this machine well?"
            )
            said += f" The first one's: {questions[0]['message']}"
        yield said, failed


def list_changes(run: ClassRun) -> list[str]:
    """Returns a line for each submission that was graded again with another result than before."""
    lines = []
    for item, old in run.before.items():
        new = run.verdicts.get(item)
        if new is None:
            continue
        told = [
            f"{name} {was} -> {now}"
            for name, was, now in differing_questions(old["questions"], new["questions"])
        ]
        if told:
            lines.append(
                f"{item.label}: {old['score']:g} -> {new['score']:g} points ({'; '.join(told)})"
            )
    return lines


def differing_questions(old, new) -> Iterator[tuple[str, str, str]]:
    """Yields (name, before, now) of questions whose points, status or mistake have changed."""
    before = {question["name"]: question for question in old}
    for question in new:
        was = before.get(question["name"])
        if was is None or any(was[key] != question[key] for key in ("score", "status", "mistake")):
            yield (
                question["name"],
                describe_outcome(was) if was else "not asked",
                describe_outcome(question),
            )


def describe_outcome(question: dict[str, Any]) -> str:
    """Returns status, points and, where it has a name, the mistake: "wrong 0 (kl_sign_flipped)"."""
    mistake = f" ({question['mistake']})" if question["mistake"] else ""
    return f"{question['status']} {question['score']:g}{mistake}"
