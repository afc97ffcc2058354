"""From a download to `submitted/`: whose a file is, of which assignment, and which one counts."""

import re
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from autograder.grading.notebook import MAX_FILE_BYTES
from autograder.names import file_stem, printable

from .archives import Entry, Refused, entries_of, inner_entries
from .collected import Collected, Spool, StudentNotebook
from .layouts import DownloadedFile, read_layout
from .placing import leave_for_the_grader, place_or_say
from .recognizing import NOTEBOOK, assignment_in, assignment_named, fit, named_assignment
from .roster import Roster

__all__ = ["Wanted", "collect"]

# What the notebooks in a zip that was handed in may hold together.
MAX_TOGETHER = 2 * MAX_FILE_BYTES
# How many zips may lie in one another.
MAX_DEPTH = 2


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
    with tempfile.TemporaryDirectory(prefix="collect-") as folder:
        latest = choose(find_all(downloads, wanted, Spool(folder), collected), collected)
        for found in latest.values():
            place_or_say(found, folder_of(found.student, found.assignment), collected)
    take_others({*latest}, wanted, folder_of, collected)
    return collected


def choose(
    every: Iterable[StudentNotebook], collected: Collected
) -> dict[tuple[str, str], StudentNotebook]:
    """Returns the notebook that counts, by student and assignment; `collected` hears of others."""
    chosen: dict[tuple[str, str], StudentNotebook] = {}
    for found in every:
        key = (found.student, found.assignment)
        other = chosen.get(key)
        if other is None or found.recency >= other.recency:
            chosen[key] = found
        if other and other.path != found.path:
            counts, not_that = (chosen[key], other if chosen[key] is found else found)
            collected.notices.append(
                f"{found.student}/{found.assignment}: took {counts.where}, not {not_that.where}"
            )
    return chosen


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


class OfAnother(Refused):
    """A notebook of another assignment than the one that is collected."""


def find_all(
    downloads: Iterable[Path], wanted: Wanted, spool: Spool, collected: Collected
) -> Iterable[StudentNotebook]:
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
            yield from find_in(one, wanted, spool, collected)


def may_hold_notebook(one: DownloadedFile) -> bool:
    return one.name.suffix.lower() == ".zip" or bool(NOTEBOOK.search(one.name.name))


def find_in(
    one: DownloadedFile, wanted: Wanted, spool: Spool, collected: Collected
) -> Iterable[StudentNotebook]:
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
        best, (name, content) = max(
            ((fit(*choice, assignment), choice) for choice in choices), key=lambda pair: pair[0]
        )
        if len({content for _, content in choices}) > 1:
            of = f"of {len(choices)} notebooks in {one.entry.shown}"
            collected.notices.append(f"{label}: {of} took {printable(name)}")
        path = spool.keep(content)
        for student in students:
            for member in wanted.roster.group_of(student):
                is_anothers = member not in students
                yield StudentNotebook(member, assignment, path, one, best, is_anothers)


def describe_unknown(one: DownloadedFile, wanted: Wanted) -> str:
    """Returns whose file nobody on the roster can have handed in, or which of several."""
    clues = [clue for clues in one.clues for clue in clues[:1]]
    who = " or ".join(map(printable, clues)) or "nobody"
    shared = [wanted.roster.why_nobody(clue) for clues in one.clues for clue in clues]
    why = next((text for text in shared if "both" in text), "")
    return f"{one.entry.shown} ({one.system}: {who}{': ' if why else ''}{why})"


def sort_by_assignment(
    one: DownloadedFile, wanted: Wanted
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


def students_of(one: DownloadedFile, wanted: Wanted) -> list[str]:
    """Returns the ids of all who handed a file in, and are on the roster."""
    found = (student_of(clues, one, wanted) for clues in one.clues)
    return list(dict.fromkeys(filter(None, found)))


def student_of(clues: tuple[str, ...], one: DownloadedFile, wanted: Wanted) -> str | None:
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
