"""Where submissions are: `<folder>/<student>/<assignment>/<assignment>.ipynb`, or a zip of `submit()` on the way there."""

import os
import stat
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from vikit import faults

from autograder.names import printable

from . import packed
from .notebook import UnreadableNotebook

# How many names a notice holds, and how many students who handed in nothing have a line each.
SHOWN = 3


@dataclass(frozen=True)
class Submission:
    """What one student handed in for one assignment.

    Attributes:
        student: Name of the student's folder.
        assignment: Name of the assignment.
        path: The notebook, or the zip that holds it; None where there is none to grade.
        notice: What is odd about it.
        absent: Whether nothing at all was handed in for it.
        fault: What this machine failed with when it looked: nobody knows what was handed in, and there is no verdict.
    """

    student: str
    assignment: str
    path: Path | None
    notice: str = ""
    absent: bool = False
    fault: OSError | None = field(default=None, compare=False)

    @property
    def label(self):
        return f"{self.student}/{self.assignment}"


def find_submissions(folder, known, assignments=(), students=()):
    """Returns (submissions, notices) below `folder`.

    Every student has a submission for each assignment that is graded, if only an empty one: whatever lies in `folder` and is
    neither hidden nor a file counts as a student. What this machine cannot look at, as on a disk or a file server that fails,
    is the `fault` of that submission alone.

    Args:
        folder: Holds a folder for each student.
        known: Names of all assignments.
        assignments: Those to grade; if empty, those that anybody handed in.
        students: Those to grade; all if empty.

    Raises:
        OSError: If `folder` itself cannot be read.
    """
    files, paths, _ = by_kind(entries(folder))
    homes = [Home(path) for path in paths if not students or asked_for(path, students)]
    found = {name for home in homes for name in home.assignments() if name in known}
    wanted = list(assignments) or sorted(found) or list(known[:1])
    submissions = [submission(home, assignment) for home in homes for assignment in wanted]
    notices = [
        f"{home.shown}/{shown(path)}: no assignment is called that"
        for home in homes
        for name, path in home.works.items()
        if name not in known
    ]
    notices += [f"{shown(path)}: not in a student's folder; not graded" for path in files]
    notices += [
        f"{shown(path)}: hidden, and not graded: rename the folder" for path in hidden(folder) if holds(path, known)
    ]
    there = {name for path in paths for name in (path.name, name_of(path))}
    notices += [f"{name}: no such folder in {folder}" for name in sorted(set(students) - there)]
    return submissions, notices + look_alikes(homes)


def notices_of(submissions):
    """Returns a line for each submission that is odd; many who handed in nothing for an assignment share one."""
    absent = defaultdict(list)
    for item in submissions:
        if item.absent:
            absent[item.assignment].append(item)
    many = {name: items for name, items in absent.items() if len(items) > SHOWN}
    lines = [
        f"{item.label}: {item.notice}"
        for item in submissions
        if item.notice and not (item.absent and item.assignment in many)
    ]
    for name, items in many.items():
        students = sum(item.assignment == name for item in submissions)
        lines.append(f"{name}: {len(items)} of {students} students handed in nothing; grades.csv has a row for each")
    return lines


def handed_in(folder, known):
    """Returns the names of the assignments that any student's folder holds, in a folder or a zip."""
    homes = [Home(path) for path in by_kind(entries(folder))[1]]
    return {name for home in homes for name in home.assignments() if name in known}


def name_of(path):
    """Returns a file's name as text that can be written to any file, and that no other name gives.

    Bytes that are no UTF-8 are written as `\\xff`. Where there are any, or where that stands in the name already, each
    backslash is written twice.
    """
    name = os.fsencode(path.name)
    text = name.decode("utf-8", "backslashreplace")
    return name.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace") if "\\x" in text else text


def shown(path):
    return printable(name_of(path))


def asked_for(path, students):
    return name_of(path) in students or path.name in students


def alike(name):
    """Returns what is the same of names that a file system may take for one: case and the ways to write an accent aside."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def look_alikes(homes):
    """Returns a notice for each group of students whose names are `alike`."""
    groups = defaultdict(list)
    for home in homes:
        groups[alike(home.name)].append(ascii(home.name))
    return [
        f"{', '.join(names)}: these names differ in nothing but case or how a letter is written; each is graded by itself"
        for names in groups.values()
        if len(names) > 1
    ]


FOLDER, FILE, LINK = "a folder", "a file", "a link: it is not followed"
KINDS = {
    stat.S_IFDIR: FOLDER, stat.S_IFREG: FILE, stat.S_IFLNK: LINK, stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device", stat.S_IFBLK: "a device",
}  # fmt: skip


def kind(path):
    """Returns what lies at `path` in words; nothing is opened, and no link followed."""
    try:
        return KINDS.get(stat.S_IFMT(path.lstat().st_mode), "nothing known")
    except FileNotFoundError:
        return "gone"
    except OSError as error:
        raise about(error, path) from None


def is_there(folder, assignment, notebook):
    """Tells whether the folder of an assignment with its notebook lies in `folder`; no link is followed."""
    work = folder / assignment
    return kind(folder) == FOLDER and kind(work) == FOLDER and kind(work / notebook) == FILE


def why_not(path, label, expected):
    """Returns why what lies at `path` cannot be taken for the `expected` kind; an empty text where it can."""
    there = kind(path)
    if there != expected:
        return f"{label} is {there}" + ("" if there == LINK else f", not {expected}")
    return f"the folder {label} cannot be read" if expected == FOLDER and not is_open(path) else ""


def is_open(folder):
    """Tells whether a folder may be read; raises OSError where this machine cannot tell."""
    if os.access(folder, os.R_OK | os.X_OK):
        return True
    # That says no of whatever fails.
    try:
        os.listdir(folder)
    except OSError as error:
        if faults.is_of_the_machine(error):
            raise
    return False


def entries(folder):
    """Returns what lies in a folder and is not hidden, by name; nothing of a folder that cannot be read."""
    return [path for path in every(folder) if not path.name.startswith(".")]


def hidden(folder):
    return [path for path in every(folder) if path.name.startswith(".")]


def every(folder):
    return sorted(Path(folder).iterdir()) if is_open(folder) else []


def by_kind(paths):
    """Returns (files, others, faults): others are also those of which this machine cannot say what they are, `faults` why."""
    files, others, unknown = [], [], {}
    for path in paths:
        try:
            (files if kind(path) == FILE else others).append(path)
        except OSError as error:
            others.append(path)
            unknown[path] = error
    return files, others, unknown


def about(error, path):
    """Returns an error of the system that names the path that it is about."""
    error.filename = error.filename or str(path)
    return error


def holds(path, known):
    try:
        return kind(path) == FOLDER and any(entry.name in known for entry in every(path))
    except OSError:
        return False


@dataclass(frozen=True)
class Zip:
    """What a file that calls itself a zip holds: the `assignment`; or `why` it is not read; or the `fault` of this machine."""

    assignment: str | None = None
    why: str = ""
    fault: OSError | None = None


class Home:
    """What lies in a student's folder, or in the place of one.

    Attributes:
        name: The student's name.
        shown: The name as it can be printed.
        odd: Why it is no folder that can be read; an empty text where it is one.
        fault: What this machine failed with when it looked into the folder; None where it did not.
        works: What is no file, by name: folders of assignments.
        files: What is.
        zips: The `Zip` of each file that calls itself one, by path.
    """

    def __init__(self, path):
        self.name, self.shown = name_of(path), shown(path)
        self.odd, self.fault, there = "", None, []
        try:
            self.odd = why_not(path, self.shown, FOLDER)
            there = [] if self.odd else entries(path)
        except OSError as error:
            self.fault = about(error, path)
        self.files, others, unknown = by_kind(there)
        unknown_zips = {path: Zip(fault=error) for path, error in unknown.items() if packed.is_zip(path)}
        self.works = {entry.name: entry for entry in others if entry not in unknown_zips}
        self.zips = look_into(self.files) | unknown_zips

    def assignments(self):
        """Returns the names of assignments that something was handed in for, and of folders that are called otherwise."""
        return {*self.works, *(zipped.assignment for zipped in self.zips.values() if zipped.assignment)}


def look_into(files):
    """Returns, for the files that call themselves zips, the `Zip` by path."""
    return {path: zip_at(path) for path in files if packed.is_zip(path)}


def zip_at(path):
    try:
        return Zip(packed.assignment_in(path))
    except UnreadableNotebook as error:
        return Zip(why=str(error))
    except OSError as error:
        return Zip(fault=about(error, path))


def submission(home, assignment):
    """Returns what a student has handed in for `assignment`.

    That is the notebook of the assignment's name, or the only one in its folder, or the one in the only zip of `submit()`.
    Nothing that a link leads to is taken: it may be another student's.
    """
    try:
        return found_for(home, assignment) if home.fault is None else at_fault(home, assignment, home.fault)
    except OSError as error:
        return at_fault(home, assignment, about(error, home.works.get(assignment, home.shown)))


def at_fault(home, assignment, error):
    return Submission(home.name, assignment, None, fault=error)


def found_for(home, assignment):
    """Returns what `submission` does; raises OSError where this machine cannot look."""
    label, expected = f"{home.shown}/{assignment}", f"{assignment}.ipynb"

    def nothing(reason):
        return Submission(home.name, assignment, None, reason)

    work = home.works.get(assignment)
    odd = home.odd or (why_not(work, label, FOLDER) if work else "")
    if odd:
        return nothing(odd)
    inside = entries(work) if work else []
    notebooks = [path for path in inside if path.suffix == ".ipynb"]
    own = [path for path in notebooks if kind(path) == FILE]
    zips = look_into([path for path in inside if kind(path) == FILE]) | home.zips
    for path in own:
        if path.name == expected:
            return Submission(home.name, assignment, path, passed_over(path, own, zips, assignment))
    for path in notebooks:
        if path not in own:
            return nothing(why_not(path, f"{label}/{shown(path)}", FILE))
    if len(own) == 1:
        return Submission(home.name, assignment, own[0], f"graded {shown(own[0])}, the only notebook there")
    if own:
        return nothing(f"expected {expected}, found {some(own)}")
    # Any of these may be the one that counts.
    for zipped in zips.values():
        if zipped.fault:
            return at_fault(home, assignment, zipped.fault)
    fitting = [path for path, zipped in zips.items() if zipped.assignment == assignment]
    if len(fitting) == 1:
        refused = [told(path, zips) for path, zipped in zips.items() if not zipped.assignment]
        notice = f"graded {shown(fitting[0])}; beside it lies {', '.join(refused[:SHOWN])}" if refused else ""
        return Submission(home.name, assignment, fitting[0], notice)
    if fitting:
        return nothing(f"found {len(fitting)} zips of it, {some(fitting)}: keep the one that counts")
    deep = next((path for path in home.works.values() if is_there(path, assignment, expected)), None)
    if deep:
        return nothing(f"{label}/{expected} lies one folder too deep, in {shown(deep)}: move {assignment} up")
    where = expected if work else f"{label}/{expected}"
    found = [told(path, zips) for path in (*zips, *(path for path in home.files if path not in zips and not work))]
    advice = f" (unpack a zip, and keep the folder {assignment})" if any(" (of " not in text for text in found) else ""
    none = "no notebook at all" if work else "nothing"
    reason = f"expected {where}, found {', '.join(found[:SHOWN]) or none}{advice}"
    return Submission(home.name, assignment, None, reason, absent=not found and not work)


def passed_over(taken, notebooks, zips, assignment):
    """Returns a notice of what else is there for an assignment: a later hand-in, perhaps; an empty text where nothing is."""
    others = [path for path in notebooks if path != taken]
    others += [path for path, zipped in zips.items() if zipped.assignment == assignment or zipped.fault]
    return f"graded {shown(taken)}, and not {some(others)}, beside it" if others else ""


def some(paths):
    """Returns the names of the first few files: there may be thousands."""
    more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
    return ", ".join(map(shown, paths[:SHOWN])) + more


def told(path, zips):
    """Returns the name of a file and, of a zip, what it holds or why it is not read."""
    zipped = zips.get(path, Zip())
    held = f" (of {zipped.assignment})" if zipped.assignment else ""
    return shown(path) + (f" (not read: {zipped.why})" if zipped.why else held)
