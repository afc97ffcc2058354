"""Who handed in which file of a download: as Canvas, Moodle, Gradescope and folders tell it."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

import yaml

from .archives import Entry, Refused

__all__ = ["DownloadedFile", "Person", "read_layout"]

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


# How many folders may lie around those of students.
MOST_AROUND = 3


@dataclass(frozen=True)
class Person:
    """What a system says of somebody.

    Attributes:
        number: What the system counts people by; "" if it does not say.
        id: What the university, or the course, calls the person; "" if the system does not say.
        address: The e-mail address; "" if it does not say.
        names: What the person is called, the surest first: people may choose it, and share it.
        members: Names with the group that may stand before them: (group, name).
        account: What is another for another person of the same name; "" if it does not say.
    """

    number: str = ""
    id: str = ""
    address: str = ""
    names: tuple[str, ...] = ()
    members: tuple[tuple[str, str], ...] = ()
    account: str = ""

    @property
    def shown(self) -> str:
        """What the person is called in a message."""
        return next(filter(None, (self.number, self.address, *self.names)), "")


@dataclass(frozen=True)
class DownloadedFile:
    """A file that somebody handed in.

    Attributes:
        entry: The file.
        name: What the student called it; a path in the folder that was handed in, perhaps.
        people: Who handed it in.
        system: "Canvas", "Moodle", "Gradescope" or "folders".
        timestamp: When, if that is known.
        late: Whether the system calls it late.
        order: What is larger for what was handed in later, where there is no timestamp.
        is_loose: Whether it lies in no folder of a student's.
        folder: What Moodle calls the hand-in, by which it takes feedback back; "" elsewhere.
    """

    entry: Entry
    name: PurePosixPath
    people: tuple[Person, ...]
    system: str
    timestamp: datetime | None = None
    late: bool = False
    order: int = 0
    is_loose: bool = False
    folder: str = ""


def read_layout(
    entries: Iterable[Entry], label: str, is_student: Callable[[str], bool]
) -> list[DownloadedFile]:
    """Returns what was handed in, of the files of a download.

    Args:
        entries: The files.
        label: The name of a student whose files these are, or "".
        is_student: Tells whether a folder is called as somebody on the roster is.

    Raises:
        Refused: If Gradescope's list of who handed in cannot be read.
    """
    every = list(entries)
    if label:
        person = Person(names=(label,))
        return [DownloadedFile(one, one.path, (person,), "folders") for one in every]
    top = depth_of(every, is_student)
    for one in every:
        if one.path.name == METADATA and len(one.path.parts) == top + 1:
            return list(read_gradescope(one, every))
    names = {one.path.parts[top] for one in every if len(one.path.parts) > top}
    for pattern, read in ((MOODLE, read_moodle), (CANVAS, read_canvas)):
        # What one student called a file does not say what all of a download is.
        if 2 * sum(bool(pattern.match(name)) for name in names) > len(names):
            return [found for one in every for found in read(one, top)]
    level = level_of_students(every, top, is_student)
    return [read_folders(one, top, level) for one in every]


def depth_of(entries: list[Entry], is_student: Callable[[str], bool]) -> int:
    """Returns 1 where all of a download lies in one folder that is no student's, else 0."""
    first = {one.path.parts[0] for one in entries}
    inside = {one.path.parts[1] for one in entries if len(one.path.parts) > 1}
    if len(first) != 1 or not inside or any(map(is_student, first)):
        return 0
    if any(MOODLE.match(name) for name in first):
        return 0
    is_wrapped = any(MOODLE.match(name) or CANVAS.match(name) for name in inside)
    return int(is_wrapped or len(inside) > 1)


def level_of_students(
    entries: list[Entry], top: int, is_student: Callable[[str], bool]
) -> int | None:
    """Returns how many folders lie around those that are called as students; None if nobody is.

    What a student packs lies below: it may be called as another student.
    """
    for level in range(top, top + MOST_AROUND):
        names = {one.path.parts[level] for one in entries if len(one.path.parts) > level + 1}
        if names and 2 * sum(map(is_student, names)) >= len(names):
            return level
    return None


def read_moodle(entry: Entry, top: int) -> Iterator[DownloadedFile]:
    """Yields what a path of Moodle's says, the `top` folders of it left aside."""
    found = MOODLE.match(entry.path.parts[top]) if len(entry.path.parts) > top else None
    if found and found["kind"] == "file":
        rest = [found["rest"]] if found["rest"] else []
        name, parts = PurePosixPath(*rest, *entry.path.parts[top + 1 :]), found["name"].split("-")
        members = tuple(
            ("-".join(parts[:end]).strip(), "-".join(parts[end:]).strip())
            for end in range(1, len(parts))
        )
        person = Person(names=(found["name"],), members=members, account=found["hand_in"])
        folder = f"{found['name']}_{found['hand_in']}_assignsubmission_file_"
        yield DownloadedFile(entry, name, (person,), "Moodle", entry.written, folder=folder)


def read_canvas(entry: Entry, top: int) -> Iterator[DownloadedFile]:
    """Yields what a name of Canvas's says, the `top` folders before it left aside."""
    found = CANVAS.match(entry.path.parts[top]) if len(entry.path.parts) == top + 1 else None
    if found:
        yield DownloadedFile(
            entry,
            PurePosixPath(found["rest"]),
            (Person(found["person"], names=(found["name"],)),),
            "Canvas",
            late=bool(found["late"]),
            order=int(found["file"]),
        )


def read_folders(entry: Entry, top: int, level: int | None) -> DownloadedFile:
    """Returns a file with the folders that it lies in; a loose file's name may say whose it is.

    Args:
        entry: The file.
        top: How many folders all of the download lies in.
        level: What `level_of_students` returned. Where it is None any folder may be a student's;
            the one that all lies in comes last.
    """
    folders = entry.path.parts[:-1]
    around = top if level is None else level
    if len(folders) <= around:
        words = tuple(re.split(r"[_\W]+", NUMBERED.sub("", entry.path.stem)))
        return DownloadedFile(entry, entry.path, (Person(names=words),), "folders", is_loose=True)
    names = folders[top:] + folders[:top] if level is None else (folders[level],)
    return DownloadedFile(entry, entry.path, (Person(names=names),), "folders")


def read_gradescope(listed: Entry, entries: list[Entry]) -> Iterator[DownloadedFile]:
    """Yields what Gradescope's list says of the files in the folders beside it."""
    content = listed.read()
    if len(content) > MAX_METADATA_BYTES:
        raise Refused(f"{listed.shown} has more than {MAX_METADATA_BYTES / 2**20:g} MiB")
    try:
        found = yaml.load(content, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        submissions = {
            str(name): (tuple(map(read_submitter, body[":submitters"])), body)
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
            people, body = submissions[folder]
            yield DownloadedFile(
                entry, PurePosixPath(*inside), people, "Gradescope", read_time(body)
            )


def read_submitter(one: dict[str, Any]) -> Person:
    """Returns what Gradescope knows of somebody."""
    known = (one.get(key) for key in (":sid", ":email", ":name"))
    number, address, name = (str(value) if isinstance(value, str | int) else "" for value in known)
    return Person(number, number, address, (name,) if name else ())


def read_time(body: dict[str, Any]) -> datetime | None:
    """Returns when something was handed in; YAML without a zone is in UTC."""
    found = body.get(":created_at")
    if not isinstance(found, datetime):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
