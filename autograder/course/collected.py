"""What was found in downloads, and what came of it."""

import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from .layouts import DownloadedFile

__all__ = ["Collected", "Spool", "StudentNotebook"]


class Spool:
    """Keeps notebooks on disk while a download is read: a class's do not fit into memory.

    Args:
        folder: Where; whoever made it deletes it.
    """

    def __init__(self, folder) -> None:
        self.folder = Path(folder)

    def keep(self, content: bytes) -> Path:
        """Returns where a content lies now; equal ones lie in one place."""
        path = self.folder / hashlib.sha256(content).hexdigest()
        if not path.exists():
            path.write_bytes(content)
        return path


@dataclass(frozen=True)
class StudentNotebook:
    """A notebook that somebody handed in.

    Attributes:
        student: The student's id.
        assignment: The assignment's name.
        path: Where its content lies, in a `Spool`: equal ones in one place.
        source: The file that it came in.
        fit: What `recognizing.fit` says of it.
        group: Whether another of the student's group handed it in.
    """

    student: str
    assignment: str
    path: Path
    source: DownloadedFile
    fit: tuple[int, tuple]
    group: bool = False

    @property
    def where(self) -> str:
        return self.source.entry.shown

    @property
    def content(self) -> bytes:
        return self.path.read_bytes()

    @property
    def recency(self) -> tuple:
        """What is largest for the one that counts, of several.

        Of two that were handed in together it is the one with more of the questions.
        """
        known, (questions, name) = self.source.timestamp, self.fit
        time = known.timestamp() if known else 0.0
        return (time, questions, self.source.order, name, not self.group)


@dataclass
class Collected:
    """What came of a download.

    Attributes:
        placed: Who has handed in, by assignment.
        kept: Those of them whose notebook was there already.
        replaced: Those of the placed whose older notebook was replaced.
        late: Those of them whom the system calls late.
        unknown: What belongs to nobody on the roster, in words.
        unread: What could not be read, in words.
        others: Files that hold no notebook that can be read, by student.
        notices: What else is odd.
    """

    placed: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    kept: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    replaced: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    late: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    unknown: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    others: dict[str, list[DownloadedFile]] = field(default_factory=lambda: defaultdict(list))
    notices: list[str] = field(default_factory=list)
