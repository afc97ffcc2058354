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
        hand_in: What is the same of notebooks that were handed in together.
        group: Whether another of the student's group handed it in.
        is_chosen: Whether whoever collects has named this file and its student.
    """

    student: str
    assignment: str
    path: Path
    source: DownloadedFile
    fit: tuple[tuple, tuple]
    hand_in: tuple
    group: bool = False
    is_chosen: bool = False

    @property
    def where(self) -> str:
        return self.source.entry.shown

    @property
    def content(self) -> bytes:
        return self.path.read_bytes()

    def comes_before(self, other: "StudentNotebook") -> bool:
        """Tells whether the other one counts, of two of one student's.

        Of several that were handed in together it is the likeliest, else the latest.
        """
        if self.hand_in == other.hand_in:
            mine, others = ((one.fit[0], one.source.order, one.fit[1]) for one in (self, other))
            return mine <= others
        return self.order <= other.order

    @property
    def order(self) -> tuple:
        """What is larger for what was handed in later."""
        known = self.source.timestamp
        return (known.timestamp() if known else 0.0, self.source.order, not self.group)


@dataclass
class Collected:
    """What came of a download.

    Attributes:
        placed: Who has handed in, by assignment.
        kept: Those whose notebook was there already.
        refused: Those whose other notebook, which is there, was not replaced.
        replaced: Those of the placed whose older notebook was replaced.
        late: Those of them whom the system calls late.
        unknown: What belongs to nobody on the roster, in words.
        unread: What could not be read, in words.
        others: Files that hold no notebook that can be read, by student.
        notices: What else is odd.
        folders: What Moodle calls the hand-ins that count, by student and assignment.
    """

    placed: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    kept: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    refused: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    replaced: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    late: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    unknown: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    others: dict[str, list[DownloadedFile]] = field(default_factory=lambda: defaultdict(list))
    notices: list[str] = field(default_factory=list)
    folders: dict[tuple[str, str], str] = field(default_factory=dict)
