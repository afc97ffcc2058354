"""What a student handed in: `<student>/<assignment>/<assignment>.ipynb`, or a zip of it."""

from dataclasses import dataclass, field
from pathlib import Path

from . import packed
from .folders import (
    FILE,
    FOLDER,
    MAX_SHOWN,
    comparable_name,
    entries,
    kind,
    list_names,
    name_of,
    printable_name,
    split_by_kind,
    why_not,
    with_path,
)
from .notebook import UnreadableNotebook
from .verdict import digest

__all__ = ["MAX_COPIES", "NBGRADERS", "TIMESTAMP", "Home", "Submission", "submission_of"]

# How many files are read to see whether they hold the same.
MAX_COPIES = 10
# What nbgrader and `autograder collect` lay beside a notebook: when it was handed in, and by what
# its student fetches feedback.
TIMESTAMP = "timestamp.txt"
NBGRADERS = (TIMESTAMP, "submission_secret.txt")
# What browsers and mail programs make of the end of a notebook's name.
RENAMED_SUFFIXES = (".ipynb.txt", ".ipynb.json")


@dataclass(frozen=True)
class Submission:
    """What one student handed in for one assignment.

    Attributes:
        student: Name of the student's folder.
        assignment: Name of the assignment.
        path: The notebook, or the zip that holds it; None where there is none to grade.
        notice: What is odd about it.
        absent: Whether nothing at all was handed in for it.
        fault: What this machine failed with when it looked: nobody knows what was handed in, and
            there is no verdict.
    """

    student: str
    assignment: str
    path: Path | None
    notice: str = ""
    absent: bool = False
    fault: OSError | None = field(default=None, compare=False)

    @property
    def label(self) -> str:
        return f"{self.student}/{self.assignment}"


def is_there(folder: Path, assignment: str, notebook: str) -> bool:
    """Tells whether `folder` holds an assignment's folder with its notebook; follows no link."""
    work = folder / assignment
    return kind(folder) == FOLDER and kind(work) == FOLDER and kind(work / notebook) == FILE


@dataclass(frozen=True)
class Zip:
    """A file that calls itself a zip: its `assignment`, or `why` it is not read, or a `fault`."""

    assignment: str | None = None
    why: str = ""
    fault: OSError | None = None


class Home:
    """What lies in a student's folder, or what lies there instead of one.

    Attributes:
        name: The student's name.
        shown: The name as it can be printed.
        odd: Why it is no folder that can be read; an empty text where it is one.
        fault: What this machine failed with when it looked into the folder; None where it did not.
        works: What is no file, by name: folders of assignments.
        files: What is.
        zips: The `Zip` of each file that calls itself one, by path.
    """

    def __init__(self, path: Path) -> None:
        self.name, self.shown = name_of(path), printable_name(path)
        self.odd, self.fault, there = "", None, []
        try:
            self.odd = why_not(path, self.shown, FOLDER)
            there = [] if self.odd else entries(path)
        except OSError as error:
            self.fault = with_path(error, path)
        self.files, others, unknown = split_by_kind(there)
        unknown_zips = {
            path: Zip(fault=error) for path, error in unknown.items() if packed.is_zip(path)
        }
        self.works = {entry.name: entry for entry in others if entry not in unknown_zips}
        self.zips = read_zips(self.files) | unknown_zips

    def assignments(self) -> set[str]:
        """Returns names of assignments that something was handed in for, and of other folders."""
        return {
            *self.works,
            *(zipped.assignment for zipped in self.zips.values() if zipped.assignment),
        }


def read_zips(files: list[Path]) -> dict[Path, Zip]:
    """Returns, for the files that call themselves zips, the `Zip` by path."""
    return {path: read_zip(path) for path in files if packed.is_zip(path)}


def read_zip(path: Path) -> Zip:
    try:
        return Zip(packed.assignment_in(path))
    except UnreadableNotebook as error:
        return Zip(why=str(error))
    except OSError as error:
        return Zip(fault=with_path(error, path))


def submission_of(home: Home, assignment: str) -> Submission:
    """Returns what a student has handed in for `assignment`.

    That is the notebook of the assignment's name, or the only one in its folder, or the one in the
    only zip of `submit()`, or the only one that was RENAMED. Several that hold the same count as
    one. Nothing that a link leads to is taken: it may be another student's.
    """
    try:
        return (
            choose_submission(home, assignment)
            if home.fault is None
            else build_fault(home, assignment, home.fault)
        )
    except OSError as error:
        return build_fault(
            home, assignment, with_path(error, home.works.get(assignment) or home.shown)
        )


def build_fault(home: Home, assignment: str, error: OSError) -> Submission:
    return Submission(home.name, assignment, None, fault=error)


@dataclass(frozen=True)
class Found:
    """What lies there of one assignment.

    Attributes:
        assignment: Its name.
        label: The student and the assignment, as a text to print.
        notebooks: What is called a notebook in the assignment's folder, be it a file or not.
        files: The files in that folder.
        zips: The `Zip`s in that folder and beside it, by path.
    """

    assignment: str
    label: str
    notebooks: list[Path]
    files: list[Path]
    zips: dict[Path, Zip]

    @property
    def expected(self) -> str:
        return f"{self.assignment}.ipynb"

    @property
    def renamed(self) -> list[Path]:
        """The files whose names end as a notebook's that a browser has renamed."""
        return [path for path in self.files if path.name.casefold().endswith(RENAMED_SUFFIXES)]


def choose_submission(home: Home, assignment: str) -> Submission:
    """Returns what `submission_of` does; raises OSError where this machine cannot look."""
    label = f"{home.shown}/{assignment}"
    work = home.works.get(assignment)
    odd = home.odd or (why_not(work, label, FOLDER) if work else "")
    if odd:
        return Submission(home.name, assignment, None, odd)
    inside = entries(work) if work else []
    files = [path for path in inside if kind(path) == FILE]
    found = Found(
        assignment,
        label,
        [path for path in inside if is_notebook(path)],
        files,
        read_zips(files) | home.zips,
    )
    path, notice = (
        choose_notebook(found) or choose_zip(found) or choose_renamed(found) or (None, "")
    )
    return (
        Submission(home.name, assignment, path, notice)
        if notice or path
        else explain_absence(home, found)
    )


def choose_notebook(found: Found) -> tuple[Path | None, str] | None:
    """Returns (the notebook that counts, a notice) or (None, why none does); None without any."""
    own = sorted({*found.notebooks} & {*found.files})
    for path in own:
        if path.name == found.expected:
            return path, other_files_notice(path, own + found.renamed, found)
    for path in found.notebooks:
        if path not in own:
            return None, why_not(path, f"{found.label}/{printable_name(path)}", FILE)
    of_its_name = [
        path for path in own if comparable_name(path.name) == comparable_name(found.expected)
    ]
    if len(own) > len(of_its_name) == 1:
        return of_its_name[0], other_files_notice(of_its_name[0], own + found.renamed, found)
    chosen = only_notebook(own)
    if chosen:
        return chosen, other_files_notice(chosen, found.renamed, found) or choice_notice(
            chosen, own
        )
    return (None, f"expected {found.expected}, found {list_names(own)}") if own else None


def choose_zip(found: Found) -> tuple[Path | None, str] | None:
    """Returns as `choose_notebook`; raises OSError where one of them cannot be read."""
    for zipped in found.zips.values():
        if zipped.fault:
            raise zipped.fault
    fitting = [path for path, zipped in found.zips.items() if zipped.assignment == found.assignment]
    chosen = only_notebook(fitting)
    if not chosen and fitting:
        return (
            None,
            f"found {len(fitting)} zips of it, {list_names(fitting)}: keep the one that counts",
        )
    if not chosen:
        return None
    beside = [
        describe_file(path, found.zips)
        for path, zipped in found.zips.items()
        if not zipped.assignment
    ] + list(map(printable_name, found.renamed))
    copies = (
        choice_notice(chosen, fitting) if len(fitting) > 1 else f"graded {printable_name(chosen)}"
    )
    said = f"{copies}; beside it lies {', '.join(beside[:MAX_SHOWN])}" if beside else copies
    return chosen, said if beside or len(fitting) > 1 else ""


def choose_renamed(found: Found) -> tuple[Path | None, str] | None:
    """Returns as `choose_notebook`."""
    chosen = only_notebook(found.renamed)
    if chosen:
        return chosen, choice_notice(chosen, found.renamed)
    return (
        (None, f"expected {found.expected}, found {list_names(found.renamed)}")
        if found.renamed
        else None
    )


def explain_absence(home: Home, found: Found) -> Submission:
    """Returns the submission of a student without a notebook; it says what lies there instead."""
    assignment, label, expected = found.assignment, found.label, found.expected
    works = home.works.values()
    deep = next((path for path in works if is_there(path, assignment, expected)), None)
    if deep:
        place = printable_name(deep)
        said = f"{label}/{expected} lies one folder too deep, in {place}: move {assignment} up"
        return Submission(home.name, assignment, None, said)
    has_folder = assignment in home.works
    there, advice = describe_what_lies_there(home, found)
    where, none = (
        (expected, "no notebook at all") if has_folder else (f"{label}/{expected}", "nothing")
    )
    reason = f"expected {where}, found {', '.join(there[:MAX_SHOWN]) or none}{advice}"
    return Submission(home.name, assignment, None, reason, absent=not there and not has_folder)


def describe_what_lies_there(home: Home, found: Found) -> tuple[list[str], str]:
    """Returns what a student's folder holds in place of a notebook, and what to do about it."""
    assignment, label = found.assignment, found.label
    files = [path for path in (*found.files, *home.files) if path not in found.zips]
    near = [path for path in files if is_near(path, assignment)]
    works = [path for name, path in home.works.items() if name != assignment]
    folders = [path for path in works if is_near(path, assignment)]
    has_folder = assignment in home.works
    read = {*found.zips, *near}
    beside = found.files if has_folder else home.files
    others = [path for path in beside if path not in read and path.name not in NBGRADERS]
    there = [
        *map(printable_name, near),
        *(f"the folder {printable_name(path)}" for path in folders),
        *(describe_file(path, found.zips) for path in (*found.zips, *others)),
    ]
    if near:
        first = printable_name(near[0])
        return there, f": if {first} is the notebook, rename it to {label}/{found.expected}"
    if folders:
        return there, f": if {printable_name(folders[0])} is its folder, rename it to {label}"
    may_be_packed = found.zips or not has_folder
    unread = may_be_packed and any(" (of " not in text for text in there)
    return there, f" (unpack a zip, and keep the folder {assignment})" if unread else ""


def is_notebook(path: Path) -> bool:
    return path.suffix.lower() == ".ipynb"


def is_near(path: Path, assignment: str) -> bool:
    """Tells whether a name may be a renamed notebook's, or a renamed assignment's folder's."""
    name = comparable_name(path.name)
    return "ipynb" in name or name.startswith(comparable_name(assignment))


def only_notebook(paths: list[Path]) -> Path | None:
    """Returns the only file, or the shortest-named of several with one notebook, else None."""
    if len(paths) > 1:
        digests = {digest(path) for path in paths} if len(paths) <= MAX_COPIES else ()
        if len(digests) != 1 or None in digests:
            return None
    return min(paths, key=lambda path: (len(path.name), path.name), default=None)


def choice_notice(taken: Path, paths: list[Path]) -> str:
    """Returns a notice on a file taken under another name, or for several of one notebook."""
    others = [path for path in paths if path != taken]
    return f"graded {printable_name(taken)}, " + (
        f"and {list_names(others)} holds the same" if others else "the only notebook there"
    )


def other_files_notice(taken: Path, notebooks: list[Path], found: Found) -> str:
    """Returns a notice of what else is there for an assignment, a later hand-in perhaps, or ""."""
    others = [path for path in notebooks if path != taken]
    others += [
        path
        for path, zipped in found.zips.items()
        if zipped.assignment == found.assignment or zipped.fault
    ]
    return (
        f"graded {printable_name(taken)}, and not {list_names(others)}, beside it" if others else ""
    )


def describe_file(path: Path, zips: dict[Path, Zip]) -> str:
    """Returns the name of a file and, of a zip, what it holds or why it is not read."""
    zipped = zips.get(path, Zip())
    held = f" (of {zipped.assignment})" if zipped.assignment else ""
    return printable_name(path) + (f" (not read: {zipped.why})" if zipped.why else held)
