"""Who handed in which file of a download: as Canvas, Moodle, Gradescope and folders tell it."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

import yaml

from .archives import Entry, Refused

__all__ = ["DownloadedFile", "read_layout"]

METADATA = "submission_metadata.yml"
MAX_METADATA_BYTES = 256 * 2**20
# "lovelaceada_LATE_12345_678901_a01_densities-1.ipynb": name, number of the person and of the file.
# What the student called it comes last, and may look like another's: the first fit is the system's.
CANVAS = re.compile(r"(?P<name>.+?)(?P<late>_LATE)?_(?P<person>\d+)_(?P<file>\d+)_(?P<rest>.+)\Z")
# "Ada Lovelace_123456_assignsubmission_file_": the number is of the hand-in. A folder, or the start
# of a file's name; a group's name may stand before it.
MOODLE = re.compile(
    r"(?P<name>.+?)_(?P<hand_in>\d+)_assignsubmission_(?P<kind>[a-z]+)_?(?P<rest>.*)\Z", re.DOTALL
)
NUMBERED = re.compile(r"\s*\(\d+\)\Z|-\d+\Z")


@dataclass(frozen=True)
class DownloadedFile:
    """A file that somebody handed in.

    Attributes:
        entry: The file.
        name: What the student called it; a path in the folder that was handed in, perhaps.
        clues: For each who handed it in, what is known of the person, the surest first.
        system: "Canvas", "Moodle", "Gradescope" or "folders".
        timestamp: When, if that is known.
        late: Whether the system calls it late.
        order: What is larger for what was handed in later, where there is no timestamp.
        is_loose: Whether it lies in no folder of a student's.
    """

    entry: Entry
    name: PurePosixPath
    clues: tuple[tuple[str, ...], ...]
    system: str
    timestamp: datetime | None = None
    late: bool = False
    order: int = 0
    is_loose: bool = False


def read_layout(entries: Iterable[Entry], label: str) -> list[DownloadedFile]:
    """Returns what was handed in, of the files of a download.

    Args:
        entries: The files.
        label: The name of a student whose files these are, or "".

    Raises:
        Refused: If Gradescope's list of who handed in cannot be read.
    """
    every = list(entries)
    if label:
        return [DownloadedFile(one, one.path, ((label,),), "folders") for one in every]
    top = depth_of(every)
    for one in every:
        if one.path.name == METADATA and len(one.path.parts) == top + 1:
            return list(read_gradescope(one, every))
    names = {one.path.parts[top] for one in every if len(one.path.parts) > top}
    for pattern, read in ((MOODLE, read_moodle), (CANVAS, read_canvas)):
        # What one student called a file does not say what all of a download is.
        if 2 * sum(bool(pattern.match(name)) for name in names) > len(names):
            return [found for one in every for found in read(one, top)]
    return [read_folders(one, top) for one in every]


def depth_of(entries: list[Entry]) -> int:
    """Returns 1 where all of a download lies in one folder that is no student's, else 0."""
    first = {one.path.parts[0] for one in entries}
    inside = {one.path.parts[1] for one in entries if len(one.path.parts) > 1}
    return int(len(first) == 1 and len(inside) > 1)


def read_moodle(entry: Entry, top: int) -> Iterator[DownloadedFile]:
    """Yields what a path of Moodle's says, the `top` folders of it left aside."""
    found = MOODLE.match(entry.path.parts[top]) if len(entry.path.parts) > top else None
    if found and found["kind"] == "file":
        rest = [found["rest"]] if found["rest"] else []
        name = PurePosixPath(*rest, *entry.path.parts[top + 1 :])
        group, _, member = found["name"].partition("-")
        clues = (found["name"], group.strip(), member.strip())
        yield DownloadedFile(entry, name, (clues,), "Moodle", entry.written)


def read_canvas(entry: Entry, top: int) -> Iterator[DownloadedFile]:
    """Yields what a name of Canvas's says, the `top` folders before it left aside."""
    found = CANVAS.match(entry.path.parts[top]) if len(entry.path.parts) == top + 1 else None
    if found:
        yield DownloadedFile(
            entry,
            PurePosixPath(found["rest"]),
            ((found["person"], found["name"]),),
            "Canvas",
            late=bool(found["late"]),
            order=int(found["file"]),
        )


def read_folders(entry: Entry, top: int) -> DownloadedFile:
    """Returns a file with the folders that it lies in; a loose file's name may say whose it is.

    The folder that all of a download lies in comes last: it may be a student's own.
    """
    folders = entry.path.parts[:-1]
    loose = re.split(r"[_\W]+", NUMBERED.sub("", entry.path.stem))
    clues = folders[top:] + folders[:top] if len(folders) > top else tuple(loose)
    return DownloadedFile(entry, entry.path, (clues,), "folders", is_loose=len(folders) <= top)


def read_gradescope(listed: Entry, entries: list[Entry]) -> Iterator[DownloadedFile]:
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
            yield DownloadedFile(
                entry, PurePosixPath(*inside), clues, "Gradescope", read_time(body)
            )


def submitter_clues(one: dict[str, Any]) -> tuple[str, ...]:
    """Returns what Gradescope knows of somebody: number, address and name."""
    known = (one.get(key) for key in (":sid", ":email", ":name"))
    return tuple(str(value) for value in known if value and isinstance(value, str | int))


def read_time(body: dict[str, Any]) -> datetime | None:
    """Returns when something was handed in; YAML without a zone is in UTC."""
    found = body.get(":created_at")
    if not isinstance(found, datetime):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
