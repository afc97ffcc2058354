"""Where submissions are: `<folder>/<student>/<assignment>/<assignment>.ipynb`."""

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

    Args:
        folder: Holds a folder for each student.
        known: Names of all assignments.
        assignments: Those to grade; all if empty.
        students: Those to grade; all if empty.
    """
    submissions, notices = [], []
    for home in folders(folder):
        if students and home.name not in students:
            continue
        handed_in = folders(home)
        for work in handed_in:
            if work.name not in known:
                notices.append(f"{home.name}/{work.name}: no assignment is called that; not graded")
            elif not assignments or work.name in assignments:
                submissions.append(find_notebook(home.name, work))
        if not handed_in:
            notices.append(
                f"{home.name}: the folder holds no assignment; expected {home.name}/{known[0]}/{known[0]}.ipynb"
            )
    missing = set(students) - {home.name for home in folders(folder)}
    notices += [f"{student}: no such folder in {folder}" for student in sorted(missing)]
    return submissions, notices


def folders(folder):
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def find_notebook(student, work):
    """Returns the submission in the folder `work`: the notebook of the assignment's name, or the only one there is."""
    expected = work / f"{work.name}.ipynb"
    if expected.is_file():
        return Submission(student, work.name, expected)
    others = sorted(path for path in work.glob("*.ipynb") if path.is_file())
    if len(others) == 1:
        return Submission(student, work.name, others[0], f"graded {others[0].name}, the only notebook there")
    found = ", ".join(path.name for path in others) or "no notebook at all"
    return Submission(student, work.name, expected, f"expected {expected.name}, found {found}")
