"""The folder of a class: whose submissions are in it, and what is odd about it as a whole."""

from collections import defaultdict
from pathlib import Path

from autograder.names import printable

from .folders import (
    FOLDER,
    MAX_SHOWN,
    all_entries,
    and_more,
    comparable_name,
    entries,
    files_below,
    hidden_entries,
    identity,
    kind,
    name_of,
    printable_name,
    split_by_kind,
)
from .submission import Home, Submission, submission_of

__all__ = ["find_submissions", "handed_in_assignments", "notices_of"]


def find_submissions(
    folder, known, assignments=(), students=()
) -> tuple[list[Submission], list[str]]:
    """Returns (submissions, notices) below `folder`.

    Every student has a submission for each assignment that is graded, if only an empty one:
    whatever lies in `folder` and is neither hidden nor a file counts as a student. What this
    machine cannot look at, as on a disk or a file server that fails, is the `fault` of that
    submission alone.

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


def notices_of(submissions: list[Submission]) -> list[str]:
    """Returns a line for each odd submission; many who handed in nothing share one."""
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
        lines.append(
            f"{name}: {len(items)} of {students} students handed in nothing; "
            "grades.csv has a row for each"
        )
    return lines


def handed_in_assignments(folder, known) -> set[str]:
    """Returns the names of the assignments in any student's folder, as a folder or a zip."""
    homes = [Home(path) for path in split_by_kind(entries(folder))[1]]
    return {name for home in homes for name in home.assignments() if name in known}


def is_selected(path: Path, students) -> bool:
    return name_of(path) in students or path.name in students


def has_assignment(path: Path, known) -> bool:
    try:
        return kind(path) == FOLDER and any(entry.name in known for entry in all_entries(path))
    except OSError:
        return False


def look_alike_notices(homes: list[Home]) -> list[str]:
    """Returns a notice for each group of students whose names are `comparable_name`."""
    groups = defaultdict(list)
    for home in homes:
        groups[comparable_name(home.name)].append(ascii(home.name))
    return [
        f"{', '.join(names)}: these names differ in nothing but case, how a letter is written, or "
        "what nobody sees; each is graded by itself"
        for names in groups.values()
        if len(names) > 1
    ]


def hard_link_notices(submissions: list[Submission], paths: list[Path]) -> list[str]:
    """Returns a notice for each notebook or zip that is one file with one of another student's.

    Args:
        submissions: What is graded.
        paths: The folders of all students, of those too who are not graded now.
    """
    shared = {identity(item.path) for item in submissions if item.path} - {None}
    names_of_file: defaultdict[tuple[int, int] | None, dict[Path, str]] = defaultdict(dict)
    for path in paths if shared else ():
        for file in files_below(path):
            if identity(file) in shared:
                names_of_file[identity(file)].setdefault(
                    path, printable(f"{name_of(path)}/{file.relative_to(path)}")
                )
    return [
        f"{', '.join([*by_student.values()][:MAX_SHOWN])}{and_more(by_student)}: "
        "one file under the names of several students (a hard link); each is graded"
        for by_student in names_of_file.values()
        if len(by_student) > 1
    ]
