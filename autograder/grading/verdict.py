"""One submission -> its verdict."""

import hashlib
from dataclasses import replace
from pathlib import Path

from vikit import cases, judge

from autograder import kernels, tasks
from autograder.kernels import Outcome
from autograder.reference import device as devices
from autograder.version import kit_version

from . import notebook, probing
from .run import GaveUp, Limits, NotebookRun

SCHEMA = 1


def grade(assignment, path, student="student", secret=b"no secret", device="auto", limits=None):
    """Returns the verdict on one notebook, as the dict that is written to `verdicts/`.

    Args:
        assignment: Name of the assignment.
        path: The student's notebook.
        student: Name of the student: the hidden inputs depend on it.
        secret: The course's secret, bytes: they depend on it too.
        device: Where the references are computed: `"auto"`, `"cpu"` or `"gpu"`.
        limits: A `Limits`; by default those that students are told.

    Raises:
        LookupError: If there is no such assignment.
        ValueError: If the device does not exist.
        KernelError: If this machine cannot start a kernel.
    """
    task_list = tasks.load(assignment)
    place = devices.choose(device)
    path = Path(path)
    try:
        cells = notebook.read_cells(path, notebook.released(assignment))
    except (notebook.UnreadableNotebook, OSError) as error:
        return document(task_list, student, place, path, unreadable(task_list, str(error)))
    with devices.on(place):
        questions = [tasks.materialise(assignment, task, student, secret) for task in task_list.tasks]
    public = notebook.released_folder(assignment) / cases.FILE_NAME
    files = [file for file in (public, path) if file.is_file()]
    with NotebookRun(cells, files, limits or Limits(), gpu=place == devices.GPU) as run:
        verdicts = [judged(run, question, cells) for question in questions]
    return document(task_list, student, place, path, verdicts)


def judged(run, question, cells):
    """Returns the `judge.Verdict` on one question of a running notebook."""
    try:
        run.ready()
        path = find_path(question.name, cells)
        given = probing.answers(run, question, path, run.limits.question)
    except GaveUp as error:
        return judge.unjudged(question.name, question.points, "crashed", f"Not reached: {error}.", question.place)
    if {answer.status for answer in given.values()} == {"missing"}:
        return explain_missing(run, question, cells)
    hidden = {name: without_secrets(answer, cells, path) for name, answer in given.items()}
    return judge.judge(question, hidden)


def find_path(name, cells):
    """Returns the name under which the answer to question `name` is to be called.

    That is the question's name wherever a cell defines it; else, where the question's own cell defines one function under
    another name, that one.
    """
    if not any(name in cell.defines for cell in cells):
        for cell in cells:
            if cell.grade_id == f"{name}-answer" and len(cell.functions) == 1:
                return cell.functions[0]
    return name


def without_secrets(answer, cells, path):
    """Returns `answer` without the text that the student's process wrote while it held hidden inputs.

    In its place stands the student's own line, taken from the notebook.
    """
    if answer.status != "error":
        return answer
    source = next((cell.source for cell in reversed(cells) if path in cell.defines), "")
    # IPython drops the blank lines that a cell begins with.
    lines = source.lstrip().splitlines()
    text = f"  {lines[answer.line - 1].strip()}\n" if answer.line and answer.line <= len(lines) else ""
    return replace(answer, text=f'{text}check("{path}") shows the whole message, on the public cases.')


def explain_missing(run, question, cells):
    """Returns the verdict on a question whose function does not exist after all cells have run: why it does not."""
    name = question.name
    indices = [index for index, cell in enumerate(cells) if name in cell.defines]
    if not indices:
        message = f"No cell defines `{name}`: the cell was deleted, or the function was given another name."
        return judge.unjudged(name, question.points, "missing", message, question.place)
    outcome = run.outcomes.get(indices[-1], Outcome("skipped"))
    late = f"The notebook took more than {run.limits.notebook:g} s before it came to this cell"
    status, message = {
        "error": ("error", f"The cell that defines it raised {outcome.error_name}: {outcome.error_text}"),
        "timeout": ("timeout", f"The cell that defines it was not done after {run.limits.cell:g} s"),
        "late": ("timeout", late),
        "flood": ("crashed", "The cell that defines it printed more than 1 MiB"),
        "dead": ("crashed", "The cell that defines it ended the whole Python process"),
    }.get(outcome.status, ("missing", f"The notebook ran, but after its last cell `{name}` did not exist"))
    return judge.unjudged(name, question.points, status, message + ".", question.place)


def unreadable(assignment, reason):
    message = f"Nothing could be graded: {reason}."
    return [judge.unjudged(task.name, task.points, "missing", message, task.place) for task in assignment.tasks]


def document(assignment, student, place, path, verdicts):
    """Returns the verdict as JSON data; the interface that other programs read."""
    return {
        "schema": SCHEMA,
        "kit_version": kit_version(),
        "assignment": assignment.name,
        "student": student,
        "score": tidy_number(sum(verdict.score for verdict in verdicts)),
        "max_score": float(assignment.max_score),
        "manual_max_score": float(assignment.manual_max_score),
        "device": place,
        "confined": kernels.CONFINED,
        "submission_sha256": digest(path),
        "questions": [question_document(verdict) for verdict in verdicts],
    }


def question_document(verdict):
    return {
        "name": verdict.name,
        "score": tidy_number(verdict.score),
        "max_score": float(verdict.max_score),
        "status": verdict.status,
        "mistake": verdict.mistake,
        "message": verdict.message,
        "place": verdict.place,
        "follows": verdict.follows,
        "cases": [
            {
                "name": case.name,
                "passed": case.passed,
                "points": tidy_number(case.points),
                "worst_error": case.worst_error,
                "mistake": case.mistake,
            }
            for case in verdict.cases
        ],
    }


def tidy_number(number):
    """Returns a score without the noise of adding thirds: four decimals."""
    return round(float(number), 4)


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
