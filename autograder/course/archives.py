"""Files in a download, a folder or a zip: looked at first, read one by one, and never unpacked."""

import io
import os
import re
import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

from autograder.grading.folders import FILE, kind
from autograder.grading.notebook import MAX_FILE_BYTES, UnreadableNotebook, read_file
from autograder.names import printable

__all__ = ["Entry", "Refused", "entries_of", "inner_entries"]

# A class of a thousand hands in less.
MAX_ENTRIES = 20_000
MAX_DOWNLOAD_BYTES = 8 * 2**30
# What a student packs: the notebook, and what lies beside it.
MAX_INNER_ENTRIES = 200
# What reading one raises that is damaged, or made to be.
BROKEN = (
    zipfile.BadZipFile, zlib.error, ValueError, EOFError, NotImplementedError, OverflowError,
    RuntimeError, struct.error,
)  # fmt: skip
MAX_NAME_BYTES = 255
END_BYTES = 22
READABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What systems and editors leave, and `.replaced`: what is hidden is nobody's hand-in.
IGNORED = re.compile(r"(?:\.(?!\.?\Z).*|Thumbs\.db|__MACOSX)\Z")


class Refused(Exception):
    """A file that is not read; the text says why, and what to do."""


@dataclass(frozen=True)
class Entry:
    """A file in a download.

    Attributes:
        path: Where it lies in it.
        read: Returns its bytes; raises `Refused` where they cannot be had.
        written: When it was written, as the archive says, in this machine's time; None if nobody
            knows.
    """

    path: PurePosixPath
    read: Callable[[], bytes]
    written: datetime | None = None

    @property
    def shown(self) -> str:
        return printable(self.path)


def entries_of(download: Path) -> Iterator[Entry]:
    """Yields the files of a download: of a zip, of a folder, or the one file that it is.

    Raises:
        Refused: If it is a zip that cannot be read, or that is none.
        OSError: If the machine cannot read it.
    """
    if download.is_dir():
        yield from folder_entries(download)
    elif download.suffix.lower() == ".zip":
        yield from zip_entries(open_zip(download), MAX_ENTRIES, MAX_DOWNLOAD_BYTES)
    else:
        yield Entry(PurePosixPath(download.name), reader(download))


def reader(path: Path) -> Callable[[], bytes]:
    """Returns what reads a file of at most MAX_FILE_BYTES."""

    def read() -> bytes:
        try:
            return read_file(path)
        except UnreadableNotebook as error:
            raise Refused(str(error)) from error

    return read


def folder_entries(folder: Path) -> Iterator[Entry]:
    """Yields the files below a folder; links and hidden ones are left out."""
    count = 0
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not IGNORED.match(name))
        for name in sorted(names):
            path = Path(place, name)
            if IGNORED.match(name) or kind(path) != FILE:
                continue
            count += 1
            if count > MAX_ENTRIES:
                raise Refused(f"{folder} holds more than {MAX_ENTRIES} files: is it the download?")
            yield Entry(PurePosixPath(*path.relative_to(folder).parts), reader(path))


def open_zip(file) -> zipfile.ZipFile:
    """Returns a zip, from a path or a file; raises Refused if it is none."""
    try:
        return zipfile.ZipFile(file)
    except BROKEN as error:
        raise Refused(f"it is no zip that can be read ({error})") from error


def zip_entries(archive: zipfile.ZipFile, most: int, most_bytes: int) -> Iterator[Entry]:
    """Yields the files of a zip; all of its list is checked before the first is read.

    What a name or its flags make unsafe raises `Refused` when it is read: the others can be.

    Raises:
        Refused: If it holds too many files, or too much.
    """
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > most:
        raise Refused(f"it holds {len(members)} files, more than {most}")
    size = sum(member.file_size for member in members)
    if size > most_bytes:
        raise Refused(f"it unpacks to {size / 2**20:.0f} MiB, more than {most_bytes / 2**20:.0f}")
    names = Counter(member.filename for member in members)
    for member in members:
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if any(map(IGNORED.match, path.parts)):
            continue
        why = why_unsafe(member, path) or (
            "two files have this name" if names[member.filename] > 1 else ""
        )
        yield Entry(path, member_reader(archive, member, why), written_at(member))


def why_unsafe(member: zipfile.ZipInfo, path: PurePosixPath) -> str:
    """Returns why a file of a zip is not read, or ""."""
    mode = member.external_attr >> 16
    if path.is_absolute() or ".." in path.parts or re.match(r"[A-Za-z]:", member.filename):
        return "its name leads out of the folder that it would be unpacked to"
    if mode and not stat.S_ISREG(mode) and stat.S_IFMT(mode):
        return "it is a link, or no file"
    if any(len(part.encode("utf-8", "replace")) > MAX_NAME_BYTES for part in path.parts):
        return f"its name has more than {MAX_NAME_BYTES} bytes"
    if member.flag_bits & 1:
        return "it is encrypted"
    if member.compress_type not in READABLE:
        return "it is packed in a way that is not read here: pack it as a usual zip"
    if member.file_size > MAX_FILE_BYTES:
        return f"it has more than {MAX_FILE_BYTES / 2**20:g} MiB"
    return ""


def member_reader(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, why: str
) -> Callable[[], bytes]:
    """Returns what reads a file of a zip; it stops where there is more than the zip's list says."""

    def read() -> bytes:
        if why:
            raise Refused(why)
        try:
            with archive.open(member) as file:
                content = file.read(MAX_FILE_BYTES + 1)
        except BROKEN as error:
            raise Refused(f"it is damaged ({error})") from error
        if len(content) > MAX_FILE_BYTES:
            raise Refused(f"it has more than {MAX_FILE_BYTES / 2**20:g} MiB")
        return content

    return read


def written_at(member: zipfile.ZipInfo) -> datetime | None:
    try:
        return datetime(*member.date_time).astimezone()
    except (ValueError, OverflowError):
        return None


def count_of(content: bytes) -> int:
    """Returns how many files a zip says that it holds, without reading its list."""
    end = content.rfind(b"PK\5\6", max(len(content) - 2**16 - END_BYTES, 0))
    return int.from_bytes(content[end + 10 : end + 12], "little") if end >= 0 else 0


def inner_entries(content: bytes) -> list[Entry]:
    """Returns the files of a zip that was handed in; raises Refused as `zip_entries`."""
    # 65,535 stands for more.
    if count_of(content) > MAX_INNER_ENTRIES:
        raise Refused(f"it holds {count_of(content)} files or more, more than {MAX_INNER_ENTRIES}")
    archive = open_zip(io.BytesIO(content))
    return list(zip_entries(archive, MAX_INNER_ENTRIES, MAX_FILE_BYTES))
