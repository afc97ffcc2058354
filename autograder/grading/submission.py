"""Where submissions are: `<folder>/<student>/<assignment>/<assignment>.ipynb`, or a zip of `submit()` on the way there."""

import os
import stat
import unicodedata
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from vikit.judging import faults

from autograder.names import printable, visible

from . import packed
from .notebook import UnreadableNotebook
from .verdict import digest

# How many names a notice holds, and how many students who handed in nothing have a line each.
MAX_SHOWN = 3
# How many files are read to see whether they hold the same.
MAX_COPIES = 10
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
    files, paths, _ = split_by_kind(entries(folder))
    homes = [Home(path) for path in paths if not students or is_selected(path, students)]
    found = {name for home in homes for name in home.assignments() if name in known}
    wanted = list(assignments) or sorted(found) or list(known[:1])
    submissions = [submission_of(home, assignment) for home in homes for assignment in wanted]
    notices = [
        f"{home.shown}/{printable_name(path)}: no assignment is called that"
        for home in homes
        for name, path in home.works.items()
        if name not in known
    ]
    notices += [f"{printable_name(path)}: not in a student's folder; not graded" for path in files]
    notices += [
        f"{printable_name(path)}: hidden, and not graded: rename the folder"
        for path in hidden_entries(folder)
        if has_assignment(path, known)
    ]
    there = {name for path in paths for name in (path.name, name_of(path))}
    notices += [f"{name}: no such folder in {folder}" for name in sorted(set(students) - there)]
    return submissions, notices + look_alike_notices(homes) + hard_link_notices(submissions, paths)


def notices_of(submissions):
    """Returns a line for each submission that is odd; many who handed in nothing for an assignment share one."""
    absent = defaultdict(list)
    for item in submissions:
        if item.absent:
            absent[item.assignment].append(item)
    many = {name: items for name, items in absent.items() if len(items) > MAX_SHOWN}
    lines = [
        f"{item.label}: {item.notice}"
        for item in submissions
        if item.notice and not (item.absent and item.assignment in many)
    ]
    for name, items in many.items():
        students = sum(item.assignment == name for item in submissions)
        lines.append(f"{name}: {len(items)} of {students} students handed in nothing; grades.csv has a row for each")
    return lines


def handed_in_assignments(folder, known):
    """Returns the names of the assignments that any student's folder holds, in a folder or a zip."""
    homes = [Home(path) for path in split_by_kind(entries(folder))[1]]
    return {name for home in homes for name in home.assignments() if name in known}


def name_of(path):
    """Returns a file's name as text that can be written to any file, and that no other name gives.

    Bytes that are no UTF-8 are written as `\\xff`. Where there are any, or where that stands in the name already, each
    backslash is written twice.
    """
    name = os.fsencode(path.name)
    text = name.decode("utf-8", "backslashreplace")
    return name.replace(b"\\", b"\\\\").decode("utf-8", "backslashreplace") if "\\x" in text else text


def printable_name(path):
    return printable(name_of(path))


def is_selected(path, students):
    return name_of(path) in students or path.name in students


def comparable_name(name):
    """Returns what is the same of names that a reader or a file system may take for one.

    Left aside are case, the ways to write an accent, and what nobody sees.
    """
    return visible(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", visible(name)).casefold()))


def look_alike_notices(homes):
    """Returns a notice for each group of students whose names are `comparable_name`."""
    groups = defaultdict(list)
    for home in homes:
        groups[comparable_name(home.name)].append(ascii(home.name))
    return [
        f"{', '.join(names)}: these names differ in nothing but case, how a letter is written, or what nobody sees; each is "
        "graded by itself"
        for names in groups.values()
        if len(names) > 1
    ]


def hard_link_notices(submissions, paths):
    """Returns a notice for each notebook or zip that is one file with something of another student's.

    Args:
        submissions: What is graded.
        paths: The folders of all students, of those too who are not graded now.
    """
    shared = {identity(item.path) for item in submissions if item.path} - {None}
    names_of_file = defaultdict(dict)
    for path in paths if shared else ():
        for file in files_below(path):
            if identity(file) in shared:
                names_of_file[identity(file)].setdefault(path, printable(f"{name_of(path)}/{file.relative_to(path)}"))
    return [
        f"{', '.join([*by_student.values()][:MAX_SHOWN])}{and_more(by_student)}: one file under the names of several students "
        "(a hard link); each is graded"
        for by_student in names_of_file.values()
        if len(by_student) > 1
    ]


def identity(path):
    """Returns what is the same of all names of one file; None where it has no other name, or cannot be looked at."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if found.st_nlink > 1 and stat.S_ISREG(found.st_mode) else None


def files_below(folder):
    """Yields the files anywhere in a student's folder; no link is followed, and what cannot be read is left out."""
    if not os.path.islink(folder):
        yield from (Path(inner, name) for inner, _, names in os.walk(folder) for name in sorted(names))


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
        raise with_path(error, path) from None


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
    return [path for path in all_entries(folder) if not path.name.startswith(".")]


def hidden_entries(folder):
    return [path for path in all_entries(folder) if path.name.startswith(".")]


def all_entries(folder):
    return sorted(Path(folder).iterdir()) if is_open(folder) else []


def split_by_kind(paths):
    """Returns (files, others, faults): others are also those of which this machine cannot say what they are, `faults` why."""
    files, others, unknown = [], [], {}
    for path in paths:
        try:
            (files if kind(path) == FILE else others).append(path)
        except OSError as error:
            others.append(path)
            unknown[path] = error
    return files, others, unknown


def with_path(error, path):
    """Returns an error of the system that names the path that it is about."""
    error.filename = error.filename or str(path)
    return error


def has_assignment(path, known):
    try:
        return kind(path) == FOLDER and any(entry.name in known for entry in all_entries(path))
    except OSError:
        return False


@dataclass(frozen=True)
class Zip:
    """What a file that calls itself a zip holds: the `assignment`; or `why` it is not read; or the `fault` of this machine."""

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

    def __init__(self, path):
        self.name, self.shown = name_of(path), printable_name(path)
        self.odd, self.fault, there = "", None, []
        try:
            self.odd = why_not(path, self.shown, FOLDER)
            there = [] if self.odd else entries(path)
        except OSError as error:
            self.fault = with_path(error, path)
        self.files, others, unknown = split_by_kind(there)
        unknown_zips = {path: Zip(fault=error) for path, error in unknown.items() if packed.is_zip(path)}
        self.works = {entry.name: entry for entry in others if entry not in unknown_zips}
        self.zips = read_zips(self.files) | unknown_zips

    def assignments(self):
        """Returns the names of assignments that something was handed in for, and of folders that are called otherwise."""
        return {*self.works, *(zipped.assignment for zipped in self.zips.values() if zipped.assignment)}


def read_zips(files):
    """Returns, for the files that call themselves zips, the `Zip` by path."""
    return {path: read_zip(path) for path in files if packed.is_zip(path)}


def read_zip(path):
    try:
        return Zip(packed.assignment_in(path))
    except UnreadableNotebook as error:
        return Zip(why=str(error))
    except OSError as error:
        return Zip(fault=with_path(error, path))


def submission_of(home, assignment):
    """Returns what a student has handed in for `assignment`.

    That is the notebook of the assignment's name, or the only one in its folder, or the one in the only zip of `submit()`, or
    the only one that was RENAMED. Several that hold the same count as one. Nothing that a link leads to is taken: it may be
    another student's.
    """
    try:
        return choose_submission(home, assignment) if home.fault is None else build_fault(home, assignment, home.fault)
    except OSError as error:
        return build_fault(home, assignment, with_path(error, home.works.get(assignment, home.shown)))


def build_fault(home, assignment, error):
    return Submission(home.name, assignment, None, fault=error)


def choose_submission(home, assignment):
    """Returns what `submission_of` does; raises OSError where this machine cannot look."""
    label = f"{home.shown}/{assignment}"
    work = home.works.get(assignment)
    odd = home.odd or (why_not(work, label, FOLDER) if work else "")
    if odd:
        return Submission(home.name, assignment, None, odd)
    inside = entries(work) if work else []
    files = [path for path in inside if kind(path) == FILE]
    zips = read_zips(files) | home.zips
    renamed = [path for path in files if path.name.casefold().endswith(RENAMED_SUFFIXES)]
    path, notice = (
        choose_notebook([path for path in inside if is_notebook(path)], files, renamed, zips, label, assignment)
        or choose_zip(zips, renamed, assignment)
        or choose_renamed(renamed, assignment)
        or (None, "")
    )
    return (
        Submission(home.name, assignment, path, notice)
        if notice or path
        else explain_absence(home, assignment, files, zips)
    )


def choose_notebook(notebooks, files, renamed, zips, label, assignment):
    """Returns (the notebook that counts, a notice) or (None, why none does); None where there is no notebook at all."""
    expected = f"{assignment}.ipynb"
    own = sorted({*notebooks} & {*files})
    for path in own:
        if path.name == expected:
            return path, other_files_notice(path, own + renamed, zips, assignment)
    for path in notebooks:
        if path not in own:
            return None, why_not(path, f"{label}/{printable_name(path)}", FILE)
    of_its_name = [path for path in own if comparable_name(path.name) == comparable_name(expected)]
    if len(own) > len(of_its_name) == 1:
        return of_its_name[0], other_files_notice(of_its_name[0], own + renamed, zips, assignment)
    chosen = only_notebook(own)
    if chosen:
        return chosen, other_files_notice(chosen, renamed, zips, assignment) or choice_notice(chosen, own)
    return (None, f"expected {expected}, found {list_names(own)}") if own else None


def choose_zip(zips, renamed, assignment):
    """Returns as `choose_notebook`; raises OSError where one cannot be read: any may be the one that counts."""
    for zipped in zips.values():
        if zipped.fault:
            raise zipped.fault
    fitting = [path for path, zipped in zips.items() if zipped.assignment == assignment]
    chosen = only_notebook(fitting)
    if not chosen:
        return (
            (None, f"found {len(fitting)} zips of it, {list_names(fitting)}: keep the one that counts")
            if fitting
            else None
        )
    beside = [describe_file(path, zips) for path, zipped in zips.items() if not zipped.assignment] + list(
        map(printable_name, renamed)
    )
    copies = choice_notice(chosen, fitting) if len(fitting) > 1 else f"graded {printable_name(chosen)}"
    said = f"{copies}; beside it lies {', '.join(beside[:MAX_SHOWN])}" if beside else copies
    return chosen, said if beside or len(fitting) > 1 else ""


def choose_renamed(renamed, assignment):
    """Returns as `choose_notebook`."""
    chosen = only_notebook(renamed)
    if chosen:
        return chosen, choice_notice(chosen, renamed)
    return (None, f"expected {assignment}.ipynb, found {list_names(renamed)}") if renamed else None


def explain_absence(home, assignment, files, zips):
    """Returns the submission of a student of whom no notebook was found: it says what lies there, and what to do."""
    label, expected = f"{home.shown}/{assignment}", f"{assignment}.ipynb"
    deep = next((path for path in home.works.values() if is_there(path, assignment, expected)), None)
    if deep:
        said = f"{label}/{expected} lies one folder too deep, in {printable_name(deep)}: move {assignment} up"
        return Submission(home.name, assignment, None, said)
    has_folder = assignment in home.works
    near = [path for path in (*files, *home.files) if path not in zips and is_near(path, assignment)]
    folders = [path for name, path in home.works.items() if name != assignment and is_near(path, assignment)]
    others = [path for path in home.files if path not in zips and path not in near and not has_folder]
    found = [*map(printable_name, near), *(f"the folder {printable_name(path)}" for path in folders)]
    found += [describe_file(path, zips) for path in (*zips, *others)]
    if near:
        advice = f": if {printable_name(near[0])} is the notebook, rename it to {label}/{expected}"
    elif folders:
        advice = f": if {printable_name(folders[0])} is its folder, rename it to {label}"
    else:
        unread = any(" (of " not in text for text in found)
        advice = f" (unpack a zip, and keep the folder {assignment})" if unread else ""
    where, none = (expected, "no notebook at all") if has_folder else (f"{label}/{expected}", "nothing")
    reason = f"expected {where}, found {', '.join(found[:MAX_SHOWN]) or none}{advice}"
    return Submission(home.name, assignment, None, reason, absent=not found and not has_folder)


def is_notebook(path):
    return path.suffix.lower() == ".ipynb"


def is_near(path, assignment):
    """Tells whether a name may be that of a notebook, or of the folder of an assignment, that something has renamed."""
    name = comparable_name(path.name)
    return "ipynb" in name or name.startswith(comparable_name(assignment))


def only_notebook(paths):
    """Returns the only file, or the one of the shortest name where all hold the same notebook; else None."""
    if len(paths) > 1:
        digests = {digest(path) for path in paths} if len(paths) <= MAX_COPIES else ()
        if len(digests) != 1 or None in digests:
            return None
    return min(paths, key=lambda path: (len(path.name), path.name), default=None)


def choice_notice(taken, paths):
    """Returns a notice on a file that was taken under another name, or for several with the same notebook in them."""
    others = [path for path in paths if path != taken]
    return f"graded {printable_name(taken)}, " + (
        f"and {list_names(others)} holds the same" if others else "the only notebook there"
    )


def other_files_notice(taken, notebooks, zips, assignment):
    """Returns a notice of what else is there for an assignment: a later hand-in, perhaps; an empty text where nothing is."""
    others = [path for path in notebooks if path != taken]
    others += [path for path, zipped in zips.items() if zipped.assignment == assignment or zipped.fault]
    return f"graded {printable_name(taken)}, and not {list_names(others)}, beside it" if others else ""


def list_names(paths):
    """Returns the names of the first few files: there may be thousands."""
    return ", ".join(map(printable_name, paths[:MAX_SHOWN])) + and_more(paths)


def and_more(things):
    return f" and {len(things) - MAX_SHOWN} more" if len(things) > MAX_SHOWN else ""


def describe_file(path, zips):
    """Returns the name of a file and, of a zip, what it holds or why it is not read."""
    zipped = zips.get(path, Zip())
    held = f" (of {zipped.assignment})" if zipped.assignment else ""
    return printable_name(path) + (f" (not read: {zipped.why})" if zipped.why else held)
