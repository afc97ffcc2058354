"""From a download to `submitted/`: whose a file is, of which assignment, and which one counts."""

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from autograder.grading.notebook import MAX_FILE_BYTES
from autograder.names import printable

from .archives import Entry, Refused, entries_of, inner_entries
from .collected import Collected, Spool, StudentNotebook
from .layouts import DownloadedFile, read_layout
from .placing import keep_other, leave_for_the_grader, place_or_say
from .recognizing import NOTEBOOK, assignment_in, assignment_named, fit
from .roster import Roster
from .whose import Owners

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

    def is_student(self, name: str) -> bool:
        """Tells whether somebody on the roster is called that."""
        return bool(self.roster and self.roster.find([name]))


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
        latest, others = choose(find_all(downloads, wanted, Spool(folder), collected), collected)
        for found in latest.values():
            place_or_say(found, folder_of(found.student, found.assignment), collected)
        for found in others:
            counts = latest[found.student, found.assignment]
            is_attempt = found.hand_in != counts.hand_in
            keep_other(found, folder_of(found.student, found.assignment), is_attempt)
    leave_others({*latest}, wanted, folder_of, collected)
    return collected


def choose(
    every: Iterable[StudentNotebook], collected: Collected
) -> tuple[dict[tuple[str, str], StudentNotebook], list[StudentNotebook]]:
    """Returns (the notebook that counts, by student and assignment; the others, the oldest first).

    Args:
        every: All notebooks.
        collected: Hears of the others.
    """
    together: dict[tuple, StudentNotebook] = {}
    chosen: dict[tuple[str, str], StudentNotebook] = {}
    others: list[StudentNotebook] = []
    for found in every:
        key = (found.student, found.assignment, found.hand_in)
        others += take_later(together, key, found, collected)
    for found in together.values():
        others += take_later(chosen, (found.student, found.assignment), found, collected)
    return chosen, sorted(others, key=lambda one: one.order)


def take_later(
    chosen: dict, key: tuple, found: StudentNotebook, collected: Collected
) -> Iterator[StudentNotebook]:
    """Puts a notebook in the place of one that comes before it; yields the one that does not count.

    Args:
        chosen: Those that count so far.
        key: Where the notebook's place is.
        found: The notebook.
        collected: Hears of the other one.
    """
    other = chosen.setdefault(key, found)
    if other.comes_before(found):
        chosen[key] = found
    if other.path != found.path:
        counts, not_that = (found, other) if chosen[key] is found else (other, found)
        collected.notices.append(
            f"{found.student}/{found.assignment}: took {counts.where}, not {not_that.where}, "
            "which is kept beside it, hidden"
        )
        yield not_that


def leave_others(
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
            files = read_layout(entries_of(download), wanted.student, wanted.is_student)
        except Refused as error:
            collected.unread.append(f"{printable(download)}: {error}")
            continue
        owners = Owners(files, wanted.roster, wanted.student)
        if not any(may_hold_notebook(one) or owners.of(one) for one in files):
            collected.unread.append(f"{printable(download)} holds no notebook and no zip")
        for one in files:
            students = owners.of(one)
            if not students and may_hold_notebook(one):
                collected.unknown.append(owners.describe_unknown(one))
                continue
            by_assignment = find_in(one, students, wanted, collected)
            for assignment, (name_fit, content) in by_assignment.items():
                found = StudentNotebook(
                    "",
                    assignment,
                    spool.keep(content),
                    one,
                    name_fit,
                    hand_in=(download, one.people),
                    is_chosen=bool(wanted.student),
                )
                yield from for_all(found, students, wanted.roster)


def may_hold_notebook(one: DownloadedFile) -> bool:
    return one.name.suffix.lower() == ".zip" or bool(NOTEBOOK.search(one.name.name))


def for_all(
    found: StudentNotebook, students: list[str], roster: Roster
) -> Iterable[StudentNotebook]:
    """Yields a notebook for each who handed it in, and for all of their groups."""
    for student in students:
        for member in roster.group_of(student):
            yield replace(found, student=member, group=member not in students)


def find_in(
    one: DownloadedFile, students: list[str], wanted: Wanted, collected: Collected
) -> dict[str, tuple[tuple[tuple, tuple], bytes]]:
    """Returns the likeliest notebook in one file by assignment: (its `fit`, its content).

    Args:
        one: The file.
        students: The ids of those who handed it in.
        wanted: What is collected.
        collected: Receives what cannot be read, and what is no notebook.
    """
    label, by_assignment = ", ".join(students), {}
    if may_hold_notebook(one):
        try:
            by_assignment = sort_by_assignment(one, wanted)
        except Refused as error:
            collected.unread.append(f"{label}: {one.entry.shown}: {error}")
            if isinstance(error, OfAnother):
                return {}
    if not by_assignment:
        for student in students:
            collected.others[student].append(one)
    chosen = {}
    for assignment, choices in by_assignment.items():
        fits = [(fit(*choice, assignment), *choice) for choice in choices]
        best, name, content = max(fits, key=lambda found: found[0])
        others = {printable(name) for _, name, other in fits if other != content}
        if others:
            took = f"{one.entry.shown}: took {printable(name)}, not {', '.join(sorted(others))}"
            collected.notices.append(f"{label}: {took}")
        chosen[assignment] = best, content
    return chosen


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
