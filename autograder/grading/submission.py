"""Where submissions are: `<folder>/<student>/<assignment>/<assignment>.ipynb`."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Submission:
    """What one student handed in for one assignment. `path` need not exist; `notice` says what is odd about it."""

    student: str
    assignment: str
    path: Path
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
            f"{name_of(home)}/{name}: no assignment is called that" for name in handed_in[home] if name not in known
        ]
        for assignment in wanted:
            work = handed_in[home].get(assignment)
            submissions.append(find_own_notebook(home, work) if work else nothing(home, assignment))
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
    files = sorted(shown(path) for path in home.iterdir() if path.is_file())
    there = f", found {', '.join(files[:3])} (unpack a zip, and keep the folder {assignment})" if files else ""
    reason = f"expected {name_of(home)}/{assignment}/{assignment}.ipynb{there or ', found nothing'}"
    return Submission(name_of(home), assignment, home / assignment / f"{assignment}.ipynb", reason)


def loose_files(folder):
    return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))


def folders(folder):
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def find_own_notebook(home, work):
    """Returns what `find_notebook` does, but nothing that a symbolic link takes from outside the student's own folder."""
    found = find_notebook(name_of(home), work)
    if found.path.resolve().is_relative_to(home.resolve()):
        return found
    reason = f"{name_of(home)}/{work.name} is a link to somewhere else: it is not followed"
    return Submission(found.student, found.assignment, home / work.name / "linked-elsewhere.ipynb", reason)


def find_notebook(student, work):
    """Returns the submission in the folder `work`: the notebook of the assignment's name, or the only one there is."""
    expected = work / f"{work.name}.ipynb"
    if expected.is_file():
        return Submission(student, work.name, expected)
    others = sorted(path for path in work.glob("*.ipynb") if path.is_file())
    if len(others) == 1:
        return Submission(student, work.name, others[0], f"graded {shown(others[0])}, the only notebook there")
    found = ", ".join(map(shown, others)) or "no notebook at all"
    return Submission(student, work.name, expected, f"expected {expected.name}, found {found}")
