"""Where submissions are: `<folder>/<student>/<assignment>/<assignment>.ipynb`."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Submission:
    """What one student handed in for one assignment.

    Attributes:
        student: Name of the student's folder.
        assignment: Name of the assignment.
        path: The notebook; None where there is none to grade.
        notice: What is odd about it.
    """

    student: str
    assignment: str
    path: Path | None
    notice: str = ""

    @property
    def label(self):
        return f"{self.student}/{self.assignment}"


def find_submissions(folder, known, assignments=(), students=()):
    """Returns (submissions, notices) below `folder`.

    Every student's folder has a submission for each assignment that is graded, if only an empty one.

    Args:
        folder: Holds a folder for each student.
        known: Names of all assignments.
        assignments: Those to grade; if empty, those that anybody handed in.
        students: Those to grade; all if empty.
    """
    homes = [home for home in folders(folder) if not students or name_of(home) in students]
    handed_in = {home: {work.name: work for work in folders(home)} for home in homes}
    found = {name for works in handed_in.values() for name in works if name in known}
    wanted = list(assignments) or sorted(found) or list(known[:1])
    submissions, notices = [], []
    for home in homes:
        notices += [
            f"{name_of(home)}/{shown(work)}: no assignment is called that"
            for name, work in handed_in[home].items()
            if name not in known
        ]
        for assignment in wanted:
            work = handed_in[home].get(assignment)
            submissions.append(find_notebook(home, work) if work else nothing(home, assignment))
    notices += [f"{shown(path)}: not in a student's folder; not graded" for path in loose_files(folder)]
    notices += [
        f"{name}: no such folder in {folder}" for name in sorted(set(students) - {name_of(home) for home in homes})
    ]
    return submissions, notices


def name_of(folder):
    """Returns a folder's name as text that can be written to any file, bytes that are no UTF-8 escaped."""
    return os.fsencode(folder.name).decode("utf-8", "backslashreplace")


def shown(path):
    """Returns the name of a file as text that can be printed anywhere: what is no character is escaped."""
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in name_of(path))


def nothing(home, assignment):
    """Returns the submission of a student who handed in nothing where it was looked for."""
    if not os.access(home, os.R_OK | os.X_OK):
        return Submission(name_of(home), assignment, None, f"the folder {name_of(home)} cannot be read")
    files = [shown(path) for path in loose_files(home)]
    there = f", found {', '.join(files[:3])} (unpack a zip, and keep the folder {assignment})" if files else ""
    reason = f"expected {name_of(home)}/{assignment}/{assignment}.ipynb{there or ', found nothing'}"
    return Submission(name_of(home), assignment, None, reason)


def loose_files(folder):
    return [path for path in entries(folder) if path.is_file()]


def folders(folder):
    return [path for path in entries(folder) if path.is_dir()]


def entries(folder):
    """Returns what lies in a folder and is not hidden, by name; nothing of a folder that cannot be read."""
    if not os.access(folder, os.R_OK | os.X_OK):
        return []
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def find_notebook(home, work):
    """Returns the submission in the folder `work`: the notebook of the assignment's name, or the only one there is.

    Nothing that a link leads to is taken: it may be another student's.
    """
    student, expected = name_of(home), f"{work.name}.ipynb"
    if not os.access(work, os.R_OK | os.X_OK):
        return Submission(student, work.name, None, f"the folder {student}/{work.name} cannot be read")
    notebooks = [path for path in entries(work) if path.suffix == ".ipynb"]
    own = [path for path in notebooks if path.is_file() and not path.is_symlink() and not work.is_symlink()]
    named = [path for path in own if path.name == expected]
    if named:
        return Submission(student, work.name, named[0])
    if work.is_symlink() or any(path.is_symlink() for path in notebooks):
        return Submission(student, work.name, None, f"{student}/{work.name} is or holds a link: it is not followed")
    if len(own) == 1:
        return Submission(student, work.name, own[0], f"graded {shown(own[0])}, the only notebook there")
    found = ", ".join(map(shown, own)) or "no notebook at all"
    return Submission(student, work.name, None, f"expected {expected}, found {found}")
