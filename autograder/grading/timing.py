"""How long each question of a notebook was asked, beside its verdict.

A verdict is the same byte for byte in a second grading; times are not, so they lie in a folder of
their own. They count by the clock that limits count by.
"""

import json
from pathlib import Path
from typing import Any

from autograder.files import write_whole
from autograder.names import file_stem

__all__ = ["FOLDER", "Seconds", "read_times", "write_times"]

FOLDER = "times"

# By question, for how many seconds it was asked.
Seconds = dict[str, float]


def write_times(out, student: str, assignment: str, seconds: Seconds) -> None:
    """Writes how long the questions of a submission were asked.

    Args:
        out: The course's folder.
        student: Name of the student.
        assignment: Name of the assignment.
        seconds: By question.

    Raises:
        OSError: If it cannot be written.
    """
    document = {"student": student, "assignment": assignment, "seconds": seconds}
    path = Path(out) / FOLDER / assignment / f"{file_stem(student)}.json"
    write_whole(path, json.dumps(document, ensure_ascii=False) + "\n")


def read_times(out) -> dict[tuple[str, str], Seconds]:
    """Returns how long questions were asked, by student and assignment; what cannot be read is left
    out: a report alone needs it.
    """
    found = {}
    for path in sorted((Path(out) / FOLDER).glob("*/*.json")):
        try:
            document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            found[document["student"], document["assignment"]] = {
                str(name): float(seconds) for name, seconds in document["seconds"].items()
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
    return found
