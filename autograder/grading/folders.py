"""What lies in folders that students write to: no file is opened, and no link followed."""

import os
import stat
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from vikit.judging import faults

from autograder.names import printable, visible

__all__ = [
    "FILE",
    "FOLDER",
    "MAX_SHOWN",
    "all_entries",
    "and_more",
    "comparable_name",
    "entries",
    "files_below",
    "hidden_entries",
    "identity",
    "kind",
    "list_names",
    "name_of",
    "printable_name",
    "split_by_kind",
    "why_not",
    "with_path",
]

# How many names a notice holds, and how many students who handed in nothing have a line each.
MAX_SHOWN = 3


def name_of(path: Path) -> str:
    """Returns a file's name as text that can be written to any file, and that no other name gives.

    Bytes that are no UTF-8 are written as `\\xff`. Where there are any, or where that stands in the
    name already, each backslash is written twice.
    """
    name = os.fsencode(path.name)
    text = name.decode("utf-8", "backslashreplace")
    return (
        name.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace") if "\\x" in text else text
    )


def printable_name(path: Path) -> str:
    return printable(name_of(path))


def comparable_name(name: str) -> str:
    """Returns what is the same of names that a reader or a file system may take for one.

    Left aside are case, the ways to write an accent, and what nobody sees.
    """
    return visible(
        unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible(name)).casefold())
    )


FOLDER, FILE, LINK = "a folder", "a file", "a link: it is not followed"
KINDS = {
    stat.S_IFDIR: FOLDER, stat.S_IFREG: FILE, stat.S_IFLNK: LINK, stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device",
}  # fmt: skip


def kind(path: Path) -> str:
    """Returns what lies at `path` in words; nothing is opened, and no link followed."""
    try:
        return KINDS.get(stat.S_IFMT(path.lstat().st_mode), "nothing known")
    except FileNotFoundError:
        return "gone"
    except OSError as error:
        raise with_path(error, path) from None


def why_not(path: Path, label: str, expected: str) -> str:
    """Returns why what lies at `path` is not of the `expected` kind; an empty text where it is.

    Args:
        path: Where to look.
        label: What the path is called in words to read.
        expected: `FOLDER` or `FILE`.

    Raises:
        OSError: If this machine cannot look.
    """
    there = kind(path)
    if there != expected:
        return f"{label} is {there}" + ("" if there == LINK else f", not {expected}")
    return f"the folder {label} cannot be read" if expected == FOLDER and not is_open(path) else ""


def is_open(folder) -> bool:
    """Tells whether a folder may be read; raises OSError where this machine cannot tell."""
    if os.access(folder, os.R_OK | os.X_OK):
        return True
    # That says no of whatever fails.
    try:
        os.listdir(folder)
    except OSError as error:
        if faults.is_of_the_machine(error):
            raise
    return False


def entries(folder) -> list[Path]:
    """Returns what is not hidden in a folder, by name; nothing where it cannot be read."""
    return [path for path in all_entries(folder) if not path.name.startswith(".")]


def hidden_entries(folder) -> list[Path]:
    return [path for path in all_entries(folder) if path.name.startswith(".")]


def all_entries(folder) -> list[Path]:
    return sorted(Path(folder).iterdir()) if is_open(folder) else []


def split_by_kind(paths: list[Path]) -> tuple[list[Path], list[Path], dict[Path, OSError]]:
    """Returns (files, others, faults); of others some are of no known kind: `faults` says why."""
    files: list[Path] = []
    others: list[Path] = []
    unknown: dict[Path, OSError] = {}
    for path in paths:
        try:
            (files if kind(path) == FILE else others).append(path)
        except OSError as error:
            others.append(path)
            unknown[path] = error
    return files, others, unknown


def with_path(error: OSError, path: Path | str) -> OSError:
    """Returns an error of the system that names the path that it is about."""
    error.filename = error.filename or str(path)
    return error


def identity(path: Path) -> tuple[int, int] | None:
    """Returns what all names of one file share; None if it has one name or cannot be looked at."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return (
        (found.st_dev, found.st_ino) if found.st_nlink > 1 and stat.S_ISREG(found.st_mode) else None
    )


def files_below(folder) -> Iterator[Path]:
    """Yields all files in a student's folder; no link is followed, unreadable ones are left out."""
    if not os.path.islink(folder):
        yield from (
            Path(inner, name) for inner, _, names in os.walk(folder) for name in sorted(names)
        )


def list_names(paths: list[Path]) -> str:
    """Returns the names of the first few files: there may be thousands."""
    return ", ".join(map(printable_name, paths[:MAX_SHOWN])) + and_more(paths)


def and_more(things) -> str:
    return f" and {len(things) - MAX_SHOWN} more" if len(things) > MAX_SHOWN else ""
