"""The class report: `report/` of a course, one page for instructors, and one without names."""

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from autograder.files import write_whole
from autograder.names import file_stem

from . import charts, pages
from .class_data import SCHEMA, class_data, without_names

__all__ = ["FOLDER", "write_class_report"]

FOLDER = "report"
PAGE, ANONYMOUS, DATA = "index.html", "anonymous.html", "report.json"


def feedback_link(student: str, assignment: str) -> str:
    """Returns where a student's page lies, from the report."""
    return f"../feedback/{quote(assignment)}/{quote(file_stem(student))}.html"


def write_class_report(out: Path, verdicts: Sequence[dict[str, Any]], course: Any) -> None:
    """Writes the report of a course: a page, the same without names, and the data.

    Args:
        out: The course's folder.
        verdicts: All verdicts there.
        course: The `reports.course.Course`.

    Raises:
        OSError: If something cannot be written.
    """
    if not verdicts:
        return
    folder = Path(out) / FOLDER
    data = class_data(verdicts, course)
    data["changes"] = list(changes_since(read_data(folder / DATA), data))
    write_whole(folder / PAGE, build_page(data))
    write_whole(folder / ANONYMOUS, build_page(without_names(data)))
    write_whole(folder / DATA, json.dumps(data, indent=1) + "\n")


def read_data(path: Path) -> dict[str, Any] | None:
    """Returns the data of the last report; None where there is none that this version can read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return found if found["schema"] == SCHEMA else None
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def changes_since(before: Mapping[str, Any] | None, now: Mapping[str, Any]) -> Iterator[str]:
    """Yields in words what is another than in the last report, of each assignment."""
    earlier = {one["name"]: one for one in (before or {}).get("assignments", ())}
    for one in now["assignments"]:
        old = earlier.get(one["name"])
        if old is None:
            continue
        said = []
        if one["handed_in"] != old["handed_in"]:
            said.append(f"{one['handed_in']} handed in, {old['handed_in']} then")
        if round(mean(one["percents"]), 1) != round(mean(old["percents"]), 1):
            said.append(f"a mean of {mean(one['percents']):.1f}, {mean(old['percents']):.1f} then")
        shares = {question["name"]: question["mean_share"] for question in old["questions"]}
        for question in one["questions"]:
            was = shares.get(question["name"], question["mean_share"])
            if abs(was - question["mean_share"]) >= 0.005:
                said.append(f"{question['name']} {question['mean_share']:.0%}, {was:.0%} then")
        if said:
            yield f"{one['name']}: {'; '.join(said)}"


def mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers) if numbers else 0.0


def build_page(data: Mapping[str, Any]) -> str:
    """Returns the report as HTML, all of it in one file."""
    drawn = {
        one["name"]: {
            "scores": charts.scores(one["percents"]),
            "outcomes": charts.outcomes(one["questions"]),
            "mean": mean(one["percents"]),
        }
        for one in data["assignments"]
    }
    template = pages.template("class_report")
    return template.render(
        data=data, drawn=drawn, nonce=secrets.token_hex(8), feedback_link=feedback_link
    )
