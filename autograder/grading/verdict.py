"""One submission -> its verdict."""

import contextlib
import hashlib
import hmac
import os
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vikit import judging
from vikit.judging import faults
from vikit.protocol import public_cases

from autograder import kernels, places, tasks
from autograder.files import write_whole
from autograder.reference import device as devices
from autograder.version import kit_version, libraries

from . import notebook, packed
from .judge import Judge
from .limits import Limits, limits_by_name
from .run import NotebookRun
from .timing import Seconds

__all__ = [
    "SCHEMA",
    "Conditions",
    "Unconfined",
    "build_ungraded",
    "confine",
    "copied",
    "course_secret",
    "digest",
    "draw_question",
    "grade",
    "grade_under",
    "notebook_in",
    "open_run",
    "secret_digest",
]

SCHEMA = 3
COURSE_SECRET = Path("course/secret")


@dataclass(frozen=True)
class Conditions:
    """Under what conditions notebooks are graded: each verdict says them.

    Attributes:
        secret: The course's secret, bytes.
        device: Where the references are computed, as `devices.choose` returns it.
        limits: The `Limits`.
        confinement: The `kernels.Confinement`.
    """

    secret: bytes
    device: str
    limits: Limits
    confinement: kernels.Confinement


@dataclass(frozen=True)
class HandedIn:
    """What a verdict is on.

    Attributes:
        assignment: The `Assignment`.
        student: Name of the student.
        sha256: Of the notebook's file; None where there is none that can be read.
    """

    assignment: tasks.Assignment
    student: str
    sha256: str | None


# Not fewer arguments: the command line takes the same, and all but two have their usual value.
def grade(
    assignment, path, student="student", secret=None, device="auto", limits=None, unsafe=False
) -> dict[str, Any]:
    """Returns the verdict on one notebook, as the dict that is written to `verdicts/`.

    Args:
        assignment: Name of the assignment.
        path: The student's notebook, or the zip that `vikit.submit()` wrote of it.
        student: Name of the student: the hidden inputs depend on it, and on every byte of the
            notebook.
        secret: The course's secret, text or bytes: they depend on it too. By default that of
            `course/secret`.
        device: Where the references are computed: `"auto"`, `"cpu"` or `"gpu"`.
        limits: A `Limits`; by default those that students are told.
        unsafe: Whether to grade although this machine cannot confine the notebook at all.

    Raises:
        Unconfined: If this machine cannot confine notebooks and `unsafe` does not allow that.
        LookupError: If there is no such assignment.
        NotInstalled: If the kit was installed without its own notebooks.
        FileNotFoundError: If there is no such notebook.
        ValueError: If the device does not exist.
        KernelError: If this machine cannot start a kernel.
        OSError, MemoryError: If this machine has run out of something: there is no verdict then.
    """
    tasks.load(assignment)
    conditions = Conditions(
        secret=course_secret(COURSE_SECRET) if secret is None else as_bytes(secret),
        device=devices.choose(device),
        limits=limits or Limits(),
        confinement=confine(unsafe),
    )
    if not os.path.isfile(path):
        raise FileNotFoundError(f"there is no notebook {path}")
    return grade_under(conditions, assignment, Path(path), student)[0]


def grade_under(
    conditions: Conditions, assignment, path, student: str
) -> tuple[dict[str, Any], Seconds]:
    """Returns the verdict on the notebook at `path`, as JSON data, and its questions' seconds.

    Args:
        conditions: The `Conditions`.
        assignment: Name of the assignment.
        path: The notebook, or the zip that holds it.
        student: Name of the student.

    Raises:
        KernelError, OSError, MemoryError: If this machine fails: there is no verdict then.
    """
    # The kit's own notebook is read before the student's:
    # an error in it must not count as the student's.
    released, sha256 = notebook.read_released(assignment), None
    try:
        # The file is read once: what is graded, copied and hashed is the same even if
        # the file changes meanwhile.
        content = notebook_in(path, assignment)
        sha256 = hashlib.sha256(content).hexdigest()
        slim = notebook.strip_outputs(content, conditions.limits.bounds.scratch // 2)
        cells = notebook.read_cells(slim, released)
    except notebook.UnreadableNotebook as error:
        sha256 = sha256 or digest(path)
        return build_ungraded(conditions, assignment, student, str(error), sha256), {}
    del content
    name = path.name if path.suffix == ".ipynb" else f"{assignment}.ipynb"
    with copied(conditions, slim, name) as own:
        return judge_file(conditions, HandedIn(tasks.load(assignment), student, sha256), own, cells)


@contextlib.contextmanager
def copied(conditions: Conditions, slim: bytes, name: str) -> Iterator[Path]:
    """Lays a notebook into a folder of its own for a while, where it may be read; yields its path.

    Args:
        conditions: The `Conditions`.
        slim: The notebook, without outputs.
        name: What the file is called.
    """
    folder = kernels.new_folder(conditions.confinement)
    try:
        own = folder / name
        own.write_bytes(slim)
        yield own
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def open_run(
    conditions: Conditions, assignment: tasks.Assignment, path: Path, cells: list[notebook.Cell]
) -> NotebookRun:
    """Returns the `NotebookRun` of a notebook's cells; a context manager.

    Args:
        conditions: The `Conditions`.
        assignment: The assignment.
        path: A copy of the notebook, for it to read.
        cells: Its cells.
    """
    files = [places.released_folder(assignment.name) / public_cases.FILE_NAME, path]
    gpu = conditions.device == devices.GPU
    return NotebookRun(cells, files, conditions.limits, gpu, conditions.confinement)


def judge_file(
    conditions: Conditions, handed_in: HandedIn, path, cells: list[notebook.Cell]
) -> tuple[dict[str, Any], Seconds]:
    """Returns the verdict on a notebook's cells, and how long each question was asked.

    Args:
        conditions: The `Conditions`.
        handed_in: The `HandedIn`.
        path: A copy of the notebook, for it to read.
        cells: Its cells.
    """
    assignment, student, sha256 = handed_in.assignment, handed_in.student, handed_in.sha256
    with devices.on(conditions.device):
        questions = [
            draw_question(assignment.name, question, student, conditions.secret, sha256)
            for question in assignment.questions
        ]
    with open_run(conditions, assignment, path, cells) as run:
        judge = Judge(run, assignment, cells, conditions.secret)
        verdicts = judge.judge_all(questions)
    return build_document(conditions, handed_in, verdicts, judge.kit_errors), judge.seconds


def notebook_in(path, assignment) -> bytes:
    """Returns the bytes of the notebook handed in at `path`; raises as `notebook.read_file`."""
    if not packed.is_zip(path):
        return notebook.read_file(path)
    found, content = packed.read(path)
    if found != assignment:
        raise notebook.UnreadableNotebook(f"the zip holds {found}")
    return content


def draw_question(
    assignment, question, student: str, secret, sha256
) -> judging.DrawnQuestion | judging.Verdict:
    """Returns the question with hidden inputs, or the verdict that the kit could draw none.

    Args:
        assignment: Name of the assignment.
        question: The `Question`.
        student: Name of the student.
        secret: The course's secret, bytes.
        sha256: Of the notebook that was handed in.
    """
    try:
        return tasks.draw_for_student(assignment, question, student, secret, sha256)
    except Exception as error:
        if faults.is_of_the_machine(error):
            raise
        # Whatever it is: it costs this question alone, and is named.
        return faults.build_kit_error_verdict(question, error)


class Unconfined(Exception):
    """A machine that has no layer of confinement."""


def confine(unsafe: bool) -> kernels.Confinement:
    """Returns the `kernels.Confinement` to grade with.

    Raises:
        Unconfined: If there is none and `unsafe` does not allow that.
    """
    confinement = kernels.choose()
    if not confinement.closes_files and not unsafe:
        reason = next(iter(confinement.missing.values()), "no reason is known")
        raise Unconfined(
            f"this machine cannot confine notebooks ({reason}; `make doctor` says more): "
            "they could read all that you can. Grade on another machine, "
            "or say --unsafe if you trust every one of them"
        )
    return confinement


def build_ungraded(
    conditions: Conditions, assignment, student: str, reason: str, sha256
) -> dict[str, Any]:
    """Returns the verdict on a submission of which nothing can be graded, for one reason.

    Args:
        conditions: The `Conditions`.
        assignment: Name of the assignment.
        student: Name of the student.
        reason: Why, in words.
        sha256: Of the notebook's file; None where there is none that can be read.
    """
    handed_in, message = (
        HandedIn(tasks.load(assignment), student, sha256),
        f"Nothing could be graded: {reason}.",
    )
    questions = handed_in.assignment.questions
    verdicts = [
        judging.build_unjudged_verdict(question, "missing", message) for question in questions
    ]
    return build_document(conditions, handed_in, verdicts)


def build_document(
    conditions: Conditions, handed_in: HandedIn, verdicts: list[judging.Verdict], kit_errors=()
) -> dict[str, Any]:
    """Returns the verdict as JSON data; the interface that other programs read.

    Args:
        conditions: The `Conditions`.
        handed_in: The `HandedIn`.
        verdicts: The `judging.Verdict` on each question.
        kit_errors: A line for each exception of the kit's own: what they cost is graded by the next
            run.
    """
    assignment = handed_in.assignment
    return {
        "schema": SCHEMA,
        "kit_version": kit_version(),
        "libraries": libraries(),
        "assignment": assignment.name,
        "student": handed_in.student,
        "score": round_score(sum(verdict.score for verdict in verdicts)),
        "max_score": float(assignment.max_score),
        "manual_max_score": float(assignment.manual_max_score),
        "device": conditions.device,
        "confined": conditions.confinement.complete,
        "layers": list(conditions.confinement.layers),
        "warm": conditions.confinement.warm,
        "limits": limits_by_name(conditions.limits),
        "submission_sha256": handed_in.sha256,
        "secret_sha256": secret_digest(conditions.secret),
        "kit_errors": list(kit_errors),
        "questions": [build_question_document(verdict) for verdict in verdicts],
    }


def build_question_document(verdict: judging.Verdict) -> dict[str, Any]:
    return {
        "name": verdict.name,
        "score": round_score(verdict.score),
        "max_score": float(verdict.max_score),
        "status": verdict.status,
        "mistake": verdict.mistake,
        "message": verdict.message,
        "repair": verdict.repair,
        "read_back": read_back_document(verdict.read_back),
        "source": verdict.source,
        "unexplained": list(verdict.unexplained),
        "pictures": [asdict(picture) for picture in verdict.pictures],
        "follows": verdict.follows,
        "cases": [
            {
                "name": case.name,
                "title": case.title,
                "kind": case.kind,
                "status": case.status,
                "passed": case.passed,
                "points": round_score(case.points),
                "worst_error": case.worst_error,
                "digits": case.measured,
                "mistake": case.mistake,
            }
            for case in verdict.cases
        ],
    }


def read_back_document(found: judging.ReadBack | None) -> dict[str, str] | None:
    """Returns what was read back as JSON data; None if nothing was."""
    if found is None:
        return None
    return {"id": found.id, "sentence": found.sentence, "formula": found.formula}


def round_score(number) -> float:
    """Returns a score without the noise of adding thirds: four decimals."""
    return round(float(number), 4)


def digest(path) -> str | None:
    """Returns the SHA-256 of a file, or of the notebook in a zip; None where none can be read.

    Raises:
        OSError: If the machine cannot read it, whatever the file is.
    """
    if path is None:
        return None
    if packed.is_zip(path):
        # One that cannot be read goes by its own.
        with contextlib.suppress(notebook.UnreadableNotebook):
            return hashlib.sha256(packed.read(path)[1]).hexdigest()
    try:
        with notebook.open_file(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except notebook.UnreadableNotebook:
        return None
    except OSError as error:
        if faults.is_of_the_machine(error):
            raise
        return None


def secret_digest(secret) -> str:
    """Returns a digest that shows whether two runs used one secret, and does not reveal it."""
    return hmac.digest(secret, b"which secret", "sha256").hex()[:16]


def as_bytes(secret) -> bytes:
    return secret.encode("utf-8") if isinstance(secret, str) else secret


def course_secret(path) -> bytes:
    """Returns the course's secret, drawn into `path` (readable by its owner alone) the first time.

    Raises:
        ValueError: If the file is empty.
    """
    path = Path(path)
    if not path.exists():
        write_whole(path, secrets.token_hex(32) + "\n", mode=0o600, replace=False)
    secret = path.read_bytes().strip()
    if not secret:
        raise ValueError(f"{path} is empty: delete it, and a new secret is drawn")
    return secret
