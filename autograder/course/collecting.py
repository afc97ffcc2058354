"""From a download to `submitted/`: whose a file is, of which assignment, and which one counts."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePosixPath

from autograder import tasks
from autograder.files import write_whole
from autograder.grading import notebook as reading
from autograder.grading.folders import FILE, comparable_name, kind
from autograder.names import printable

from .archives import Entry, Refused, entries_of, inner_entries
from .layouts import HandedIn, read_layout
from .roster import Roster, comparable_words

__all__ = ["TIMESTAMP", "Collected", "Wanted", "collect"]

TIMESTAMP = "timestamp.txt"
NOTEBOOK = re.compile(r"\.ipynb(\.txt|\.json)?\Z", re.IGNORECASE)
# What browsers, systems and people put behind a name: "(1)", "-2", " - Copy", "_final".
COPY_MARK = re.compile(r"[\s_-]*(\(\d+\)|-\d+|copy( \d+)?|final|submission|solution)\Z")
# How many zips may lie in one another.
MAX_DEPTH = 2


@dataclass(frozen=True)
class Found:
    """A notebook that somebody handed in.

    Attributes:
        student: The student's id.
        assignment: The assignment's name.
        content: The notebook.
        handed_in: The file that it came in.
        group: Whether another of the student's group handed it in.
    """

    student: str
    assignment: str
    content: bytes
    handed_in: HandedIn
    group: bool = False

    @property
    def where(self) -> str:
        return self.handed_in.entry.shown

    @property
    def recency(self) -> tuple:
        """What is largest for the one that counts, of several."""
        known = self.handed_in.timestamp
        return (known.timestamp() if known else 0.0, self.handed_in.order, not self.group)


@dataclass
class Collected:
    """What came of a download.

    Attributes:
        placed: Who has handed in, by assignment.
        kept: Those of them whose notebook was there already.
        late: Those of them whom the system calls late.
        unknown: What belongs to nobody on the roster, in words.
        unread: What could not be read, in words.
        others: Files that are no notebooks, by student.
        notices: What else is odd.
    """

    placed: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    kept: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    late: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    unknown: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    others: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    notices: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Wanted:
    """What is collected.

    Attributes:
        roster: The `Roster`.
        assignment: The name of the assignment that all of it is of; "" if that is to be found out.
        student: The id of the student whose files these are; "" if that is to be found out.
    """

    roster: Roster
    assignment: str = ""
    student: str = ""


def collect(
    downloads: Iterable[Path], wanted: Wanted, folder_of: Callable[[str, str], Path]
) -> Collected:
    """Puts what was handed in into `submitted/`.

    Args:
        downloads: Zips, folders and notebooks.
        wanted: What is collected.
        folder_of: Returns where (student, assignment) goes.

    Raises:
        OSError: If something cannot be read or written.
    """
    collected = Collected()
    latest: dict[tuple[str, str], Found] = {}
    for found in find_all(downloads, wanted, collected):
        key = (found.student, found.assignment)
        other = latest.get(key)
        if other is None or found.recency >= other.recency:
            latest[key] = found
        if other and other.content != found.content:
            counts, not_that = (latest[key], other if latest[key] is found else found)
            collected.notices.append(
                f"{found.student}/{found.assignment}: took {counts.where}, not {not_that.where}"
            )
    for found in latest.values():
        place(found, folder_of(found.student, found.assignment), collected)
    have = {student for student, _ in latest}
    collected.unread += [
        f"{student}: handed in {', '.join(names)} and no notebook"
        for student, names in collected.others.items()
        if student not in have
    ]
    return collected


def find_all(downloads: Iterable[Path], wanted: Wanted, collected: Collected) -> Iterable[Found]:
    """Yields the notebooks of downloads; `collected` receives what is not one of anybody's."""
    for download in downloads:
        try:
            handed_in = read_layout(entries_of(download), wanted.student)
        except Refused as error:
            collected.unread.append(f"{printable(download)}: {error}")
            continue
        if not handed_in:
            collected.unread.append(f"{printable(download)} holds no file")
        for one in handed_in:
            yield from find_in(one, wanted, collected)


def find_in(one: HandedIn, wanted: Wanted, collected: Collected) -> Iterable[Found]:
    """Yields the notebooks in one file, for all who handed it in."""
    found = (student_of(clues, one, wanted) for clues in one.clues)
    students = list(dict.fromkeys(filter(None, found)))
    is_notebook = one.name.suffix.lower() == ".zip" or NOTEBOOK.search(one.name.name)
    if not is_notebook:
        for student in students:
            collected.others[student].append(one.entry.shown)
        return
    if not students:
        who = " or ".join(printable(clues[0]) for clues in one.clues if clues) or "nobody"
        collected.unknown.append(f"{one.entry.shown} ({one.system}: {who})")
        return
    label = ", ".join(students)
    try:
        notebooks = list(notebooks_in(one.name, one.entry, MAX_DEPTH))
    except Refused as error:
        collected.unread.append(f"{label}: {one.entry.shown}: {error}")
        return
    by_assignment = sort_by_assignment(notebooks, one, wanted)
    if not by_assignment:
        said = "is no notebook of an assignment here" if notebooks else "holds no notebook"
        collected.unread.append(f"{label}: {one.entry.shown} {said}")
    for assignment, choices in by_assignment.items():
        name, content = max(choices, key=partial(likeness, of=assignment))
        if len({content for _, content in choices}) > 1:
            of = f"of {len(choices)} notebooks in {one.entry.shown}"
            collected.notices.append(f"{label}: {of} took {printable(name)}")
        for student in students:
            for member in wanted.roster.group_of(student):
                yield Found(member, assignment, content, one, member not in students)


def sort_by_assignment(
    notebooks: list[tuple[PurePosixPath, bytes]], one: HandedIn, wanted: Wanted
) -> dict[str, list[tuple[PurePosixPath, bytes]]]:
    """Returns notebooks by the assignment that they are of, without those that are of none."""
    found = defaultdict(list)
    for name, content in notebooks:
        assignment = wanted.assignment or assignment_of(one.name / name, content)
        if assignment:
            found[assignment].append((name, content))
    return found


def student_of(clues: tuple[str, ...], one: HandedIn, wanted: Wanted) -> str | None:
    """Returns the id of who handed something in; None if nobody on the roster did.

    Without a roster it is what the system calls the person.
    """
    if wanted.student:
        return wanted.student
    if wanted.roster:
        return wanted.roster.find(clues)
    names = [clue for clue in clues if not named_assignment(clue)]
    if one.system == "Canvas":
        # Canvas's numbers are sure, its names are for reading.
        names = [f"{clues[1]}_{clues[0]}"]
    elif one.system == "folders":
        names = names[::-1] if len(one.entry.path.parts) > 1 else []
    clean = (re.sub(r"[/\\\0]", "_", name).strip().lstrip(".") for name in names)
    return next(filter(None, clean), None)


def notebooks_in(
    name: PurePosixPath, entry: Entry, depth: int
) -> Iterable[tuple[PurePosixPath, bytes]]:
    """Yields (name, bytes) of the notebooks in a file: of a zip's, and of zips in it.

    Raises:
        Refused: If it cannot be read.
    """
    content = entry.read()
    if name.suffix.lower() != ".zip":
        yield PurePosixPath(name.name), content
        return
    if not depth:
        raise Refused("it holds zips in zips in zips: unpack them")
    for inner in inner_entries(content, entry.shown):
        if inner.path.suffix.lower() == ".zip" or NOTEBOOK.search(inner.path.name):
            yield from (
                (inner.path.parent / found, text)
                for found, text in notebooks_in(inner.path, inner, depth - 1)
            )


def named_assignment(text: str) -> str:
    """Returns the assignment that a name is, give or take case and marks of copies; "" for none."""
    name = comparable_name(NOTEBOOK.sub("", text))
    # Colab and Google Drive write "Copy of a01_densities.ipynb".
    name = re.sub(r"\Acopy of |\.zip\Z", "", name)
    while COPY_MARK.search(name):
        name = COPY_MARK.sub("", name)
    return {comparable_words(known): known for known in tasks.names()}.get(
        comparable_words(name), ""
    )


def assignment_of(path: PurePosixPath, content: bytes) -> str:
    """Returns the assignment that a notebook is of, by its name, its folder or its cells; or ""."""
    for part in reversed(path.parts):
        named = named_assignment(part)
        if named:
            return named
    ids = {reading.grade_id(cell) for cell in read_cells(content)}
    shared = {name: len(ids & known_ids(name)) for name in tasks.names()}
    best = max(shared, key=shared.__getitem__)
    return best if shared[best] else ""


def known_ids(assignment: str) -> set[str]:
    return {question.name for question in tasks.load(assignment).questions}


def read_cells(content: bytes) -> list[reading.TextCell]:
    try:
        return reading.read_notebook(reading.strip_outputs(content))
    except reading.UnreadableNotebook:
        return []


def likeness(notebook: tuple[PurePosixPath, bytes], of: str) -> tuple:
    """Returns what is largest for the likeliest of several notebooks that came in one file."""
    name, content = notebook
    ids = {reading.grade_id(cell) for cell in read_cells(content)}
    return (
        name.name == f"{of}.ipynb",
        named_assignment(name.name) == of,
        len(ids & known_ids(of)),
        -len(name.parts),
    )


def place(found: Found, folder: Path, collected: Collected) -> None:
    """Writes a notebook into its folder in `submitted/`; one that it replaces is kept beside it."""
    path, label = folder / f"{found.assignment}.ipynb", f"{found.student}/{found.assignment}"
    old = path.read_bytes() if kind(path) == FILE else None
    time, before = found.handed_in.timestamp, read_time(folder / TIMESTAMP)
    is_same = old == found.content
    if not is_same and old is not None and time and before and before > time:
        collected.notices.append(f"{label}: kept what is there, which is newer than {found.where}")
        is_same, time = True, None
    (collected.kept if is_same else collected.placed)[found.assignment].append(found.student)
    if found.handed_in.late:
        collected.late[found.assignment].append(found.student)
    if is_same and not time:
        return
    if not is_same:
        if old is not None:
            keep_old(path, old)
        # It was the other notebook's.
        (folder / TIMESTAMP).unlink(missing_ok=True)
        write_whole(path, found.content)
    if time:
        write_whole(folder / TIMESTAMP, time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC\n"))


def read_time(path: Path) -> datetime | None:
    """Returns the time that `place` wrote; None where there is none, or another's."""
    try:
        written = path.read_text(encoding="utf-8").strip()
        return datetime.strptime(written, "%Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC)
    except (OSError, ValueError):
        return None


def keep_old(path: Path, content: bytes) -> None:
    """Writes what is replaced where nobody grades it: in a hidden folder, under a number."""
    folder = path.parent / ".replaced"
    number = 1 + len(list(folder.glob("*.ipynb"))) if folder.is_dir() else 1
    write_whole(folder / f"{path.stem}-{number}.ipynb", content)
