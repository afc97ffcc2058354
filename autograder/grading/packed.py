"""A zip as `vikit.submit()` writes it: the notebook in it is read, and nothing is unpacked."""

import contextlib
import os
import re
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

from vikit.judging import faults

from autograder.names import printable

from .notebook import MAX_FILE_BYTES, UnreadableNotebook, open_file

__all__ = ["assignment_in", "is_zip", "read"]

# How such a zip ends: one file, no comment.
END = struct.Struct("<4s4H2LH")
END_MARK, END_MARK_64 = b"PK\5\6", b"PK\6\7"
END_BYTES_64 = 20
# What the list of one file may take.
MAX_LIST_BYTES = 2**12
MAX_SHOWN = 80


def is_zip(path: Path) -> bool:
    return path.suffix.lower() == ".zip"


def assignment_in(path: Path) -> str:
    """Returns the name of the assignment whose notebook, and nothing else, the zip holds.

    Raises:
        UnreadableNotebook: If it is no such zip; the message says what it is.
        OSError: If the machine cannot read it, or may not: nobody knows then what it is of.
    """
    with only_file(path) as (_, member):
        return assignment_of(member)


def read(path: Path) -> tuple[str, bytes]:
    """Returns (assignment, bytes of its notebook) of a zip; raises as `assignment_in`."""
    with only_file(path) as (archive, member):
        assignment = assignment_of(member)
        with archive.open(member) as file:
            # However much it says that it holds.
            content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise too_large_message(len(content))
    return assignment, content


@contextlib.contextmanager
def only_file(path: Path) -> Iterator[tuple[zipfile.ZipFile, zipfile.ZipInfo]]:
    """Opens a zip for its one file; a context manager that gives (archive, member)."""
    try:
        with open_file(path) as file:
            check_end(file)
            with zipfile.ZipFile(file) as archive:
                (member,) = archive.infolist()
                yield archive, member
    except UnreadableNotebook:
        raise
    # Whatever reading what anybody may have written raises; it was not made by a fault of ours.
    except Exception as error:
        if faults.is_of_the_machine(error) or isinstance(error, PermissionError):
            raise
        why = error.strerror if isinstance(error, OSError) else type(error).__name__
        raise UnreadableNotebook(f"the zip is damaged or cannot be read ({why})") from error


def check_end(file) -> None:
    """Raises UnreadableNotebook unless a file ends as a zip of one file; long lists stay unread."""
    size = os.fstat(file.fileno()).st_size
    if size > MAX_FILE_BYTES + MAX_LIST_BYTES:
        raise too_large_message(size)
    file.seek(max(size - END.size - END_BYTES_64, 0))
    tail = file.read()
    if len(tail) < END.size or not tail[-END.size :].startswith(END_MARK):
        raise UnreadableNotebook(
            "it is empty" if not size else "it is no zip, or no whole one, or not one of submit()"
        )
    _, _, _, _, count, list_bytes, _, _ = END.unpack(tail[-END.size :])
    if count != 1 or list_bytes > MAX_LIST_BYTES or tail.startswith(END_MARK_64):
        raise UnreadableNotebook(f"it holds {'more than the notebook' if count else 'nothing'}")


def assignment_of(member: zipfile.ZipInfo) -> str:
    """Returns the assignment of a zip's one file.

    Raises UnreadableNotebook where submit() wrote no such file.
    """
    if member.flag_bits & 1:
        raise UnreadableNotebook("it is encrypted")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise UnreadableNotebook("it is packed in another way than submit() does")
    named = re.fullmatch(r"(\w+)/\1\.ipynb", member.filename, re.ASCII)
    if not named:
        shown = printable(member.filename)
        inside = (
            "another archive"
            if shown.lower().endswith((".zip", ".tar", ".gz", ".7z", ".rar"))
            else "a file"
        )
        raise UnreadableNotebook(
            f"it holds {inside}, {shown[:MAX_SHOWN]}, and no <assignment>/<assignment>.ipynb"
        )
    if member.file_size > MAX_FILE_BYTES:
        raise too_large_message(member.file_size)
    return named[1]


def too_large_message(size: int) -> UnreadableNotebook:
    said = f"the notebook has {size / 2**20:.1f} MiB, more than {MAX_FILE_BYTES / 2**20:g}"
    return UnreadableNotebook(f"{said}: clear its outputs, and hand it in again")
