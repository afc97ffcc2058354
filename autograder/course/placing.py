"""What was collected goes into `submitted/`; what it replaces is kept."""

import contextlib
import re
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from vikit.judging import faults

from autograder.files import write_whole
from autograder.grading.folders import FILE, kind
from autograder.grading.submission import NBGRADERS, TIMESTAMP
from autograder.names import printable

from .archives import Refused
from .collected import Collected, StudentNotebook
from .layouts import DownloadedFile
from .timestamps import HOW_TO_WRITE, parse_timestamp

__all__ = [
    "REPLACED",
    "keep_old",
    "keep_other",
    "leave_for_the_grader",
    "place_or_say",
    "read_time",
    "time_of",
]

# What counted once, and what was handed in together with it.
REPLACED, OTHERS = ".replaced", ".others"
# Bytes of a file's name, and letters of its end.
MAX_NAME, MAX_SUFFIX = 100, 10


def place_or_say(found: StudentNotebook, folder: Path, collected: Collected) -> None:
    """Does as `place`; what cannot be written, as under a name too long, costs its student alone.

    Args:
        found: The notebook.
        folder: Where it goes.
        collected: Receives what is said of it.

    Raises:
        OSError: If the machine fails.
    """
    try:
        place(found, folder, collected)
    except OSError as error:
        if faults.is_of_the_machine(error):
            raise
        label = f"{found.student}: {found.where}"
        collected.unread.append(f"{printable(label)}: it cannot be written ({error.strerror})")


def place(found: StudentNotebook, folder: Path, collected: Collected) -> None:
    """Writes a notebook into its folder in `submitted/`; one that it replaces is kept beside it."""
    path, label = folder / f"{found.assignment}.ipynb", f"{found.student}/{found.assignment}"
    old, content = path.read_bytes() if kind(path) == FILE else None, found.content
    time, before = found.source.timestamp, read_time(folder / TIMESTAMP)
    why = "" if old in (None, content) else why_not_replaced(found, folder, before)
    if why:
        collected.notices.append(f"{label}: kept what is there: {found.where} {why}")
        collected.refused[found.assignment].append(found.student)
        return
    if found.source.folder and not found.group:
        collected.folders[found.student, found.assignment] = found.source.folder
    if found.source.late:
        collected.late[found.assignment].append(found.student)
    if old == content:
        collected.kept[found.assignment].append(found.student)
        # It was there already at the earlier time, whichever download is read first.
        time = min(time, before) if time and before else time
    else:
        collected.placed[found.assignment].append(found.student)
        if old is not None:
            keep_old(path, old)
            collected.replaced[found.assignment].append(found.student)
        # It was the other notebook's.
        (folder / TIMESTAMP).unlink(missing_ok=True)
        write_whole(path, content)
    if time and time != before:
        write_whole(folder / TIMESTAMP, write_time(time))


def why_not_replaced(found: StudentNotebook, folder: Path, before: datetime | None) -> str:
    """Returns why a notebook does not take the place of another one, or "".

    Args:
        found: The notebook.
        folder: Where the other one lies.
        before: When that was handed in; None if nobody knows.
    """
    time = found.source.timestamp
    if found.is_chosen:
        return ""
    if kind(folder / TIMESTAMP) == FILE and before is None:
        return f"may be older: {folder / TIMESTAMP} says no time with its zone; {HOW_TO_WRITE}"
    for path in find_kept(folder / REPLACED, found.content):
        # The same hand-in, to the second: one of the same text may be handed in later.
        if not (time and before) or read_time(time_of(path)) == time.replace(microsecond=0):
            return (
                f"was replaced before. To go back to it collect it by itself: "
                f"{path} --student {found.student}"
            )
    return "is older" if time and before and before > time else ""


def find_kept(folder: Path, content: bytes) -> list[Path]:
    """Returns where a notebook lies among those that are kept in a hidden folder."""
    return [path for path in sorted(folder.glob("*.ipynb")) if path.read_bytes() == content]


def read_time(path: Path) -> datetime | None:
    """Returns the time that a file says; None where there is none."""
    try:
        return parse_timestamp(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def keep_old(path: Path, content: bytes) -> None:
    """Writes what is replaced where nobody grades it, with the time at which it was handed in.

    Args:
        path: Where the notebook lies.
        content: The notebook.
    """
    said = time_of(path)
    keep_replaced(path, content, said.read_text("utf-8", "replace") if kind(said) == FILE else "")


def keep_other(found: StudentNotebook, folder: Path, is_attempt: bool) -> None:
    """Keeps a notebook that does not count, for whoever wants another one of several to count.

    Args:
        found: The notebook.
        folder: Where the student's that counts lies.
        is_attempt: Whether it was handed in by itself, and not with the one that counts.
    """
    path, time = folder / f"{found.assignment}.ipynb", found.source.timestamp
    if kind(path) == FILE and path.read_bytes() != found.content:
        said = write_time(time) if time else ""
        keep_replaced(path, found.content, said, REPLACED if is_attempt else OTHERS)


def keep_replaced(path: Path, content: bytes, said: str, name: str = "") -> None:
    """Writes a notebook into a hidden folder under a new number, unless it is there already.

    Args:
        path: Where the one that counts lies.
        content: The notebook.
        said: When it was handed in, for the file beside it; "" if nobody knows.
        name: The folder's name; that of what was replaced if empty.
    """
    folder, pattern = (
        path.parent / (name or REPLACED),
        re.compile(rf"{re.escape(path.stem)}-(\d+)\.ipynb"),
    )
    time = parse_timestamp(said)
    if any(read_time(time_of(one)) == time for one in find_kept(folder, content)):
        return
    names = [one.name for one in folder.iterdir()] if folder.is_dir() else []
    numbers = (int(found[1]) for found in map(pattern.fullmatch, names) if found)
    kept = folder / f"{path.stem}-{max(numbers, default=0) + 1}.ipynb"
    write_whole(kept, content)
    if said:
        write_whole(time_of(kept), said)


def write_time(time: datetime) -> str:
    """Returns a time as `timestamp.txt` says it."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC\n")


def time_of(path: Path) -> Path:
    """Returns the file that says when a notebook was handed in, one that was replaced too."""
    is_replaced = path.parent.name in (REPLACED, OTHERS)
    return path.with_suffix(".txt") if is_replaced else path.parent / TIMESTAMP


def leave_for_the_grader(files: list[DownloadedFile], folder: Path) -> None:
    """Writes what is no notebook where one is expected: the student reads what lies there."""
    if folder.is_dir():
        return
    for one in files:
        name = re.sub(r"[^\w. ()-]", "_", one.name.name).lstrip(".")
        stem, suffix = PurePosixPath(name).stem, PurePosixPath(name).suffix[:MAX_SUFFIX]
        if stem and name not in NBGRADERS:
            with contextlib.suppress(Refused):
                write_whole(folder / f"{shorten(stem)}{suffix}", one.entry.read())


def shorten(stem: str) -> str:
    return stem.encode("utf-8", "replace")[:MAX_NAME].decode("utf-8", "ignore")
