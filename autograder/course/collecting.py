"""From a download to `submitted/`: whose a file is, of which assignment, and which one counts."""

import contextlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path, PurePosixPath

from vikit.judging import faults

from autograder import tasks
from autograder.files import write_whole
from autograder.grading import notebook as reading
from autograder.grading.folders import FILE, comparable_name, kind
from autograder.grading.notebook import MAX_FILE_BYTES
from autograder.grading.submission import NBGRADERS, TIMESTAMP
from autograder.names import file_stem, printable

from .archives import Entry, Refused, entries_of, inner_entries
from .layouts import HandedIn, read_layout
from .roster import Roster, comparable_words

__all__ = ["Collected", "Wanted", "collect"]

REPLACED = ".replaced"
NOTEBOOK = re.compile(r"\.ipynb(\.txt|\.json)?\Z", re.IGNORECASE)
# What browsers, systems and people put behind a name: "(1)", "-2", " - Copy", "_final".
COPY_MARK = re.compile(r"[\s_-]*(\(\d+\)|-\d+|copy( \d+)?|final|submission|solution)\Z")
DEFINES = re.compile(r"^(?:def|class) (\w+)", re.MULTILINE)
# Bytes of a file's name, and letters of its end.
MAX_NAME, MAX_SUFFIX = 100, 10
MAX_ASSIGNMENT_NAME = 200
# What the notebooks in a zip that was handed in may hold together.
MAX_TOGETHER = 2 * MAX_FILE_BYTES
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
    others: dict[str, list[HandedIn]] = field(default_factory=lambda: defaultdict(list))
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
        place_or_say(found, folder_of(found.student, found.assignment), collected)
    take_others({*latest}, wanted, folder_of, collected)
    return collected


def place_or_say(found: Found, folder: Path, collected: Collected) -> None:
    """Does as `place`; what cannot be written, as under a name too long, costs its student alone.

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


def take_others(
    taken: set[tuple[str, str]],
    wanted: Wanted,
    folder_of: Callable[[str, str], Path],
    collected: Collected,
) -> None:
    """Says who handed in no notebook, and lays what it was where the grader tells of it.

    Args:
        taken: Whose notebooks of which assignments were found.
        wanted: What is collected.
        folder_of: Returns where (student, assignment) goes.
        collected: Has the other files, and receives what is said of them.
    """
    assignments = {wanted.assignment} - {""} or {assignment for _, assignment in taken}
    have = {student for student, _ in taken}
    for student, files in collected.others.items():
        if student in have:
            continue
        if not any(one.entry.shown in line for one in files for line in collected.unread):
            names = ", ".join(one.entry.shown for one in files)
            collected.unread.append(f"{student}: handed in {names} and no notebook")
        if len(assignments) == 1:
            leave_for_the_grader(files, folder_of(student, *assignments))


def leave_for_the_grader(files: list[HandedIn], folder: Path) -> None:
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


class OfAnother(Refused):
    """A notebook of another assignment than the one that is collected."""


def find_all(downloads: Iterable[Path], wanted: Wanted, collected: Collected) -> Iterable[Found]:
    """Yields the notebooks of downloads; `collected` receives what is not one of anybody's."""
    for download in downloads:
        try:
            handed_in = read_layout(entries_of(download), wanted.student)
        except Refused as error:
            collected.unread.append(f"{printable(download)}: {error}")
            continue
        if not any(may_hold_notebook(one) or students_of(one, wanted) for one in handed_in):
            collected.unread.append(f"{printable(download)} holds no notebook and no zip")
        for one in handed_in:
            yield from find_in(one, wanted, collected)


def may_hold_notebook(one: HandedIn) -> bool:
    return one.name.suffix.lower() == ".zip" or bool(NOTEBOOK.search(one.name.name))


def find_in(one: HandedIn, wanted: Wanted, collected: Collected) -> Iterable[Found]:
    """Yields the notebooks in one file, for all who handed it in."""
    students = students_of(one, wanted)
    if not students and may_hold_notebook(one):
        collected.unknown.append(describe_unknown(one, wanted))
        return
    label, by_assignment = ", ".join(students), {}
    if may_hold_notebook(one):
        try:
            by_assignment = sort_by_assignment(one, wanted)
        except Refused as error:
            collected.unread.append(f"{label}: {one.entry.shown}: {error}")
            if isinstance(error, OfAnother):
                return
    if not by_assignment:
        for student in students:
            collected.others[student].append(one)
    for assignment, choices in by_assignment.items():
        name, content = max(choices, key=partial(likeness, of=assignment))
        if len({content for _, content in choices}) > 1:
            of = f"of {len(choices)} notebooks in {one.entry.shown}"
            collected.notices.append(f"{label}: {of} took {printable(name)}")
        for student in students:
            for member in wanted.roster.group_of(student):
                yield Found(member, assignment, content, one, member not in students)


def describe_unknown(one: HandedIn, wanted: Wanted) -> str:
    """Returns whose file nobody on the roster can have handed in, or which of several."""
    clues = [clue for clues in one.clues for clue in clues[:1]]
    who = " or ".join(map(printable, clues)) or "nobody"
    shared = [wanted.roster.why_nobody(clue) for clues in one.clues for clue in clues]
    why = next((text for text in shared if "both" in text), "")
    return f"{one.entry.shown} ({one.system}: {who}{': ' if why else ''}{why})"


def sort_by_assignment(
    one: HandedIn, wanted: Wanted
) -> dict[str, list[tuple[PurePosixPath, bytes]]]:
    """Returns the notebooks in a file by the assignment that they are of.

    A notebook's cells say it, or, where they say nothing, its name and its folders.

    Raises:
        Refused: If the file cannot be read, or holds none.
        OfAnother: If it holds those of others than the one that is wanted.
    """
    found, of_others = defaultdict(list), set()
    notebooks, together = [], 0
    for name, content in notebooks_in(one.name, one.entry, MAX_DEPTH):
        together += len(content)
        if together > MAX_TOGETHER:
            raise Refused(f"its notebooks hold more than {MAX_TOGETHER / 2**20:g} MiB together")
        notebooks.append((name, content))
    for name, content in notebooks:
        of = assignment_in(content)
        if of and wanted.assignment not in ("", of):
            of_others.add(of)
            continue
        assignment = wanted.assignment or of or assignment_named(one.name / name)
        if assignment:
            found[assignment].append((name, content))
    if not found:
        if of_others:
            named = " and ".join(sorted(of_others))
            raise OfAnother(f"it is of {named}, and not of {wanted.assignment}")
        raise Refused(
            "it is no notebook of an assignment here" if notebooks else "it holds no notebook"
        )
    return found


def students_of(one: HandedIn, wanted: Wanted) -> list[str]:
    """Returns the ids of all who handed a file in, and are on the roster."""
    found = (student_of(clues, one, wanted) for clues in one.clues)
    return list(dict.fromkeys(filter(None, found)))


def student_of(clues: tuple[str, ...], one: HandedIn, wanted: Wanted) -> str | None:
    """Returns the id of who handed something in; None if nobody on the roster did.

    Without a roster it is what the system calls the person.
    """
    if wanted.student:
        return wanted.student
    if wanted.roster:
        return find_on_roster(clues, one.system, wanted.roster)
    names = [clue for clue in clues if not named_assignment(clue)]
    if one.system == "Canvas":
        # Canvas's numbers are sure, its names are for reading.
        names = [f"{clues[1]}_{clues[0]}"]
    elif one.is_loose:
        names = []
    clean = (re.sub(r"[/\\\0]", "_", name).strip().lstrip(".") for name in names)
    name = next(filter(None, clean), None)
    return file_stem(name) if name else None


def find_on_roster(clues: tuple[str, ...], system: str, roster: Roster) -> str | None:
    """Returns the id of a student of whom a system says `clues`; None for nobody."""
    if system == "Canvas":
        number, name = clues
        return roster.find_number(number) or roster.find([name])
    if system == "Moodle":
        name, group, member = clues
        found = roster.find([name])
        return found or (roster.find([member]) if member and roster.is_group(group) else None)
    if system == "Gradescope":
        return next(filter(None, map(roster.find_number, clues)), None) or roster.find(clues)
    return roster.find(clues)


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
    for inner in inner_entries(content):
        if inner.path.suffix.lower() == ".zip" or NOTEBOOK.search(inner.path.name):
            yield from (
                (inner.path.parent / found, text)
                for found, text in notebooks_in(inner.path, inner, depth - 1)
            )


def named_assignment(text: str) -> str:
    """Returns the assignment that a name is, give or take case and marks of copies; "" for none."""
    if len(text) > MAX_ASSIGNMENT_NAME:
        return ""
    name = comparable_name(NOTEBOOK.sub("", text))
    # Colab and Google Drive write "Copy of a01_densities.ipynb".
    name = re.sub(r"\Acopy of |\.zip\Z", "", name)
    while COPY_MARK.search(name):
        name = COPY_MARK.sub("", name)
    return {comparable_words(known): known for known in tasks.names()}.get(
        comparable_words(name), ""
    )


def assignment_named(path: PurePosixPath) -> str:
    """Returns the assignment that a notebook or one of its folders is called by; "" for none."""
    return next(filter(None, map(named_assignment, reversed(path.parts))), "")


def assignment_in(content: bytes) -> str:
    """Returns the assignment that a notebook's cells are of; "" where they do not say."""
    ids = ids_in(content)
    shared = {name: len(ids & known_ids(name)) for name in tasks.names()}
    most = max(shared.values())
    best = [name for name, count in shared.items() if count == most]
    return best[0] if most and len(best) == 1 else ""


def ids_in(content: bytes) -> set[str]:
    """Returns the ids of a notebook's cells, or, where an editor dropped them, what it defines."""
    every = read_cells(content)
    ids = {reading.grade_id(cell).removesuffix("-answer") for cell in every} - {""}
    return ids or {
        name for cell in every if cell.kind == "code" for name in DEFINES.findall(cell.source)
    }


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
    ids = ids_in(content)
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
    if not is_same and old is not None:
        why = why_not_replaced(found, folder, before)
        if why:
            collected.notices.append(f"{label}: kept what is there: {found.where} {why}")
            is_same, time = True, None
    (collected.kept if is_same else collected.placed)[found.assignment].append(found.student)
    if found.handed_in.late:
        collected.late[found.assignment].append(found.student)
    if is_same and not time:
        return
    if not is_same:
        if old is not None:
            keep_old(path, old)
            collected.replaced[found.assignment].append(found.student)
        # It was the other notebook's.
        (folder / TIMESTAMP).unlink(missing_ok=True)
        write_whole(path, found.content)
    if time:
        write_whole(folder / TIMESTAMP, time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC\n"))


def why_not_replaced(found: Found, folder: Path, before: datetime | None) -> str:
    """Returns why a notebook does not take the place of another one, or "".

    Args:
        found: The notebook.
        folder: Where the other one lies.
        before: When that was handed in; None if nobody knows.
    """
    time = found.handed_in.timestamp
    if time and before:
        return "is older" if before > time else ""
    earlier = (folder / REPLACED).glob("*.ipynb")
    if any(path.read_bytes() == found.content for path in earlier):
        return f"was replaced before. To go back to it move it there from {REPLACED}"
    return ""


def read_time(path: Path) -> datetime | None:
    """Returns the time that `place` wrote; None where there is none, or another's."""
    try:
        written = path.read_text(encoding="utf-8").strip()
        return datetime.strptime(written, "%Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC)
    except (OSError, ValueError):
        return None


def keep_old(path: Path, content: bytes) -> None:
    """Writes what is replaced where nobody grades it: in a hidden folder, under a number."""
    folder = path.parent / REPLACED
    number = 1 + len(list(folder.glob("*.ipynb"))) if folder.is_dir() else 1
    write_whole(folder / f"{path.stem}-{number}.ipynb", content)
