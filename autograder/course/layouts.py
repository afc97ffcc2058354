"""Who handed in which file of a download: as Canvas, Moodle, Gradescope and folders tell it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

import yaml

from .archives import Entry, Refused

__all__ = ["HandedIn", "read_layout"]

METADATA = "submission_metadata.yml"
MAX_METADATA_BYTES = 256 * 2**20
# "lovelaceada_LATE_12345_678901_a01_densities-1.ipynb": name, number of the person and of the file.
CANVAS = re.compile(r"(?P<name>.+?)(?P<late>_LATE)?_(?P<person>\d+)_(?P<file>\d+)_(?P<rest>.+)\Z")
# "Ada Lovelace_123456_assignsubmission_file_": the number is of the hand-in. A folder, or the start
# of a file's name; a group's name may stand before it.
MOODLE = re.compile(
    r"(?P<name>.+)_(?P<hand_in>\d+)_assignsubmission_(?P<kind>[a-z]+)_?(?P<rest>.*)\Z", re.DOTALL
)


@dataclass(frozen=True)
class HandedIn:
    """A file that somebody handed in.

    Attributes:
        entry: The file.
        name: What the student called it; a path in the folder that was handed in, perhaps.
        clues: For each who handed it in, what is known of the person, the surest first.
        system: "Canvas", "Moodle", "Gradescope" or "folders".
        timestamp: When, if that is known.
        late: Whether the system calls it late.
        order: What is larger for what was handed in later, where there is no timestamp.
    """

    entry: Entry
    name: PurePosixPath
    clues: tuple[tuple[str, ...], ...]
    system: str
    timestamp: datetime | None = None
    late: bool = False
    order: int = 0


def read_layout(entries: Iterable[Entry], label: str) -> list[HandedIn]:
    """Returns what was handed in, of the files of a download.

    Args:
        entries: The files.
        label: The name of a student whose files these are, or "".

    Raises:
        Refused: If Gradescope's list of who handed in cannot be read.
    """
    every = list(entries)
    if label:
        return [HandedIn(one, one.path, ((label,),), "folders") for one in every]
    lists = [one for one in every if one.path.name == METADATA]
    if lists:
        return [found for one in lists for found in read_gradescope(one, every)]
    return [found for one in every for found in read_name(one)]


def read_name(entry: Entry) -> Iterator[HandedIn]:
    """Yields what a file's path says of who handed it in."""
    parts = entry.path.parts
    for index, part in enumerate(parts):
        moodle = MOODLE.match(part)
        if moodle:
            if moodle["kind"] == "file":
                name = PurePosixPath(*filter(None, [moodle["rest"]]), *parts[index + 1 :])
                yield HandedIn(entry, name, (moodle_clues(moodle),), "Moodle", entry.written)
            return
    canvas = CANVAS.match(parts[-1])
    if canvas:
        yield HandedIn(
            entry,
            PurePosixPath(canvas["rest"]),
            ((canvas["person"], canvas["name"]),),
            "Canvas",
            late=bool(canvas["late"]),
            order=int(canvas["file"]),
        )
        return
    # The folder nearest to the file may be the assignment's; a loose file's name may say whose.
    clues = tuple(parts[:-1]) or tuple(re.split(r"[_\W]+", entry.path.stem))
    yield HandedIn(entry, entry.path, (clues,), "folders")


def moodle_clues(found: re.Match) -> tuple[str, ...]:
    """Returns the student's name, and what it is without a group's name before it."""
    name = found["name"]
    return tuple(dict.fromkeys((name, name.partition("-")[2].strip() or name)))


def read_gradescope(listed: Entry, entries: list[Entry]) -> Iterator[HandedIn]:
    """Yields what Gradescope's list says of the files in the folders beside it."""
    content = listed.read()
    if len(content) > MAX_METADATA_BYTES:
        raise Refused(f"{listed.shown} has more than {MAX_METADATA_BYTES / 2**20:g} MiB")
    try:
        found = yaml.load(content, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        submissions = {
            str(name): (tuple(submitter_clues(one) for one in body[":submitters"]), body)
            for name, body in found.items()
        }
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise Refused(
            f"{listed.shown} is not as Gradescope writes it ({type(error).__name__}: {error})"
        ) from error
    home = listed.path.parent
    for entry in entries:
        if home not in entry.path.parents or entry is listed:
            continue
        folder, *inside = entry.path.relative_to(home).parts
        if inside and folder in submissions:
            clues, body = submissions[folder]
            yield HandedIn(entry, PurePosixPath(*inside), clues, "Gradescope", read_time(body))


def submitter_clues(one: dict[str, Any]) -> tuple[str, ...]:
    """Returns what Gradescope knows of somebody: number, address and name."""
    return tuple(str(one[key]) for key in (":sid", ":email", ":name") if one.get(key))


def read_time(body: dict[str, Any]) -> datetime | None:
    """Returns when something was handed in; YAML without a zone is in UTC."""
    found = body.get(":created_at")
    if not isinstance(found, datetime):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
