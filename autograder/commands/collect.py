"""`autograder collect`: puts what students handed in where it is graded."""

from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from autograder import screen
from autograder.names import printable
from autograder.screen import say

from .options import OUT, UsageError, add_command, add_course, known_assignments
from .status import FAILED

if TYPE_CHECKING:
    from autograder.course.collected import Collected
    from autograder.course.roster import Roster

__all__ = ["add_parser"]

MAX_NAMES = 20


def add_parser(commands) -> None:
    collect = add_command(
        commands,
        "collect",
        run,
        "put what students handed in into submitted/",
        "Takes what Canvas, Moodle and Gradescope export, as the zip or unpacked, a folder with a "
        "folder for each student, zips that submit() wrote, and notebooks.",
    )
    collect.add_argument(
        "downloads",
        nargs="+",
        type=Path,
        metavar="DOWNLOAD",
        help="what was downloaded: a zip, a folder or a notebook; each by itself",
    )
    collect.add_argument(
        "--assignment", default="", metavar="NAME", help="all of it is of this one (found out)"
    )
    collect.add_argument(
        "--student", default="", metavar="ID", help="all of it is this student's (found out)"
    )
    add_course(collect)


def run(options: Namespace) -> int:
    console = screen.on_stdout()
    for download in options.downloads:
        if not download.exists():
            raise UsageError(f"there is no {download}: name the zip or folder that you downloaded")
    known_assignments([options.assignment] if options.assignment else [])
    if options.out != OUT and not options.out.is_dir():
        raise UsageError(f"there is no course in {options.out}: `make course` makes it")
    with screen.waiting(console, "Reading " + ", ".join(map(str, options.downloads))):
        found, roster, folder_of = collect_downloads(options)
    if not roster:
        path = options.out / "roster.csv"
        say(console, f"nobody is in {path}: all are called as in the download", "yellow")
    for text, style in describe(found, roster, folder_of):
        say(console, text, style)
    return FAILED if found.unknown or found.unread else 0


def collect_downloads(options: Namespace) -> "tuple[Collected, Roster, Callable[[str, str], Path]]":
    """Collects; returns (what came of it, the roster, where (student, assignment) goes)."""
    from autograder.course.collecting import Wanted, collect
    from autograder.course.directory import open_directory
    from autograder.course.handing_back import read_folders, remember_folders
    from autograder.course.roster import read_roster
    from autograder.reference import device as devices

    # TensorFlow, which the assignments need, starts here without its notes.
    devices.choose()

    roster, course = read_roster(options.out), open_directory(options.out)
    student = find_student(options.student, roster)
    # What cannot be added to is said before anything is collected.
    read_folders(options.out)

    def folder_of(student: str, assignment: str) -> Path:
        return Path(course.format_path(course.submitted_directory, student, assignment))

    found = collect(options.downloads, Wanted(roster, options.assignment, student), folder_of)
    remember_folders(options.out, found.folders)
    for one in roster.students:
        # Who has a folder there has a row in every table.
        folder_of(one.id, ".").mkdir(parents=True, exist_ok=True)
    return found, roster, folder_of


def find_student(name: str, roster: "Roster") -> str:
    """Returns the id of the student whom `--student` names; raises UsageError for nobody."""
    if not name or not roster:
        return name
    found = roster.find([name])
    if not found:
        raise UsageError(f"--student {name}: {roster.why_nobody(name)}")
    return found


def describe(found: "Collected", roster: "Roster", folder_of) -> Iterator[tuple[str, str | None]]:
    """Yields (text, style): what was taken, who is missing, and what came to nothing."""
    assignments = sorted({*found.placed, *found.kept, *found.refused})
    if not assignments:
        yield "nothing was collected", "bold red"
    for name in assignments:
        yield from describe_assignment(name, found, roster, folder_of)
    for text in found.notices:
        yield text, "yellow"
    for text in found.unknown:
        said = "mend the roster, or collect that file alone, with --student ID"
        yield f"not on the roster: {text}: {said}", "bold red"
    for text in found.unread:
        yield f"not read: {text}", "bold red"


def describe_assignment(
    name: str, found: "Collected", roster: "Roster", folder_of
) -> Iterator[tuple[str, str | None]]:
    """Yields (text, style): what was taken of one assignment, and who is missing."""
    new, kept, refused = (listing[name] for listing in (found.placed, found.kept, found.refused))
    there = f", {len(kept)} that were there already" if kept else ""
    others = f", {len(refused)} whose other notebook stays" if refused else ""
    yield f"{name}: {len(new)} collected{there}{others}", None
    if found.late[name]:
        yield f"{name}: late, as the system says: {format_names(found.late[name])}", None
    if found.replaced[name]:
        said = f"{format_names(found.replaced[name])}; the older ones are in .replaced beside them"
        yield f"{name}: replaced {said}", "yellow"
    missing = [
        one.id
        for one in roster.students
        if not (folder_of(one.id, name) / f"{name}.ipynb").is_file()
    ]
    if missing:
        yield (
            f"{name}: {len(missing)} on the roster have not handed in: {format_names(missing)}",
            None,
        )


def format_names(names: list[str]) -> str:
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    return ", ".join(map(printable, names[:MAX_NAMES])) + more
