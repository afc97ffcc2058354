"""One submission -> its verdict."""

import contextlib
import hashlib
import hmac
import os
import secrets
import shutil
from dataclasses import replace
from pathlib import Path

from vikit import judging
from vikit.judging import decide, explain, faults
from vikit.protocol import public_cases

from autograder import kernels, places, tasks
from autograder.files import write_whole
from autograder.kernels import Outcome
from autograder.reference import device as devices
from autograder.version import kit_version, libraries

from . import follow, models, notebook, packed, probing
from .limits import Limits, limits_by_name, size_text
from .run import GaveUp, NotebookRun

SCHEMA = 2
COURSE_SECRET = Path("course/secret")


def grade(assignment, path, student="student", secret=None, device="auto", limits=None, unsafe=False):
    """Returns the verdict on one notebook, as the dict that is written to `verdicts/`.

    Args:
        assignment: Name of the assignment.
        path: The student's notebook, or the zip that `vikit.submit()` wrote of it.
        student: Name of the student: the hidden inputs depend on it, and on every byte of the notebook.
        secret: The course's secret, text or bytes: they depend on it too. By default that of `course/secret`.
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
    task_list = tasks.load(assignment)
    device = devices.choose(device)
    confinement, limits = confine(unsafe), limits or Limits()
    path = Path(path)
    if not os.path.isfile(path):
        raise FileNotFoundError(f"there is no notebook {path}")
    secret = course_secret(COURSE_SECRET) if secret is None else as_bytes(secret)
    # The kit's own notebook is read before the student's: an error in it must not count as the student's.
    released, sha256 = notebook.read_released(assignment), None
    try:
        # The file is read once: what is graded, copied and hashed is the same even if the file changes meanwhile.
        content = notebook_in(path, assignment)
        sha256 = hashlib.sha256(content).hexdigest()
        slim = notebook.strip_outputs(content, limits.bounds.scratch // 2)
        cells = notebook.read_cells(slim, released)
    except notebook.UnreadableNotebook as error:
        there = sha256 or digest(path)
        return build_ungraded(assignment, student, device, str(error), there, secret, confinement, limits)
    del content
    folder = kernels.new_folder(confinement)
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        own = folder / (path.name if path.suffix == ".ipynb" else f"{assignment}.ipynb")
        own.write_bytes(slim)
        with devices.on(device):
            questions = [draw_question(assignment, task, student, secret, sha256) for task in task_list.tasks]
        files = [places.released_folder(assignment) / public_cases.FILE_NAME, own]
        kit_errors = []
        with NotebookRun(cells, files, limits, device == devices.GPU, confinement) as run:
            verdicts = judge_all(run, questions, task_list, cells, secret, kit_errors)
        return build_document(task_list, student, device, sha256, verdicts, secret, confinement, limits, kit_errors)


def notebook_in(path, assignment):
    """Returns the bytes of the notebook that was handed in at `path`; raises as `notebook.read_file`."""
    if not packed.is_zip(path):
        return notebook.read_file(path)
    found, content = packed.read(path)
    if found != assignment:
        raise notebook.UnreadableNotebook(f"the zip holds {found}")
    return content


def draw_question(assignment, task, student, secret, sha256):
    """Returns the `judging.Question` with a student's hidden inputs; if the kit fails to draw them, the verdict instead."""
    try:
        return tasks.materialise(assignment, task, student, secret, sha256)
    except Exception as error:
        if faults.is_of_the_machine(error):
            raise
        # Whatever it is: it costs this question alone, and is named.
        return faults.build_kit_error_verdict(task, error)


class Unconfined(Exception):
    """A machine that has no layer of confinement."""


def confine(unsafe):
    """Returns the `kernels.Confinement` to grade with.

    Raises:
        Unconfined: If there is none and `unsafe` does not allow that.
    """
    confinement = kernels.choose()
    if not confinement.closes_files and not unsafe:
        reason = next(iter(confinement.missing.values()), "no reason is known")
        raise Unconfined(
            f"this machine cannot confine notebooks ({reason}; `make doctor` says more): they could read all that you can. "
            "Grade on another machine, or say --unsafe if you trust every one of them"
        )
    return confinement


def build_ungraded(assignment, student, device, reason, sha256, secret, confinement, limits):
    """Returns the verdict on a submission of which nothing can be graded: every question is missing, for one reason."""
    task_list = tasks.load(assignment)
    message = f"Nothing could be graded: {reason}."
    verdicts = [judging.build_unjudged_verdict(task, "missing", message) for task in task_list.tasks]
    return build_document(task_list, student, device, sha256, verdicts, secret, confinement, limits)


def ends_the_run(error):
    """Tells whether an exception is the machine's fault: this notebook gets no verdict, and the next run grades it."""
    return isinstance(error, kernels.KernelError) or faults.is_of_the_machine(error)


def judge_all(run, questions, assignment, cells, secret, kit_errors):
    """Returns the verdicts on all questions, in order; a later one may follow through on an earlier one.

    Args:
        run: The running notebook.
        questions: The `judging.Question`s; the verdict instead where one could not be drawn.
        assignment: The `Assignment`.
        cells: What `notebook.read_cells` returned.
        secret: The course's secret, from which the inputs of properties are drawn.
        kit_errors: Receives a line for each exception of the kit's own that cost something.
    """
    verdicts = {}
    for question, task in zip(questions, assignment.tasks, strict=True):
        if isinstance(question, judging.Verdict):
            verdict = question
        else:
            try:
                verdict = judge_one(run, question, task, cells, secret, verdicts, assignment, kit_errors)
            except Exception as error:
                if ends_the_run(error):
                    raise
                # Whatever it is: it costs this question alone, and is named.
                verdict = faults.build_kit_error_verdict(question, error)
        kit_errors += list_kit_errors(verdict)
        verdicts[task.name] = verdict
    return list(verdicts.values())


def judge_one(run, question, task, cells, secret, earlier, assignment, kit_errors):
    """Returns the verdict on one question; `earlier` maps names to the verdicts before it."""
    if not task.cases:
        return judge_class(run, question, task, cells, secret)
    verdict, given = judge_cases(run, question, cells)
    if task.properties and verdict.status in ("correct", "partial"):
        held = judge_class(run, question, task, cells, secret)
        verdict = judging.combine_verdicts(question, verdict, held)
    if task.follows and verdict.status in ("wrong", "partial"):
        try:
            return follow.follow_through(run, task, question, verdict, given, earlier, assignment)
        except GaveUp:
            # The notebook cannot be run any more: the verdict stands as it is.
            return verdict
        except Exception as error:
            if ends_the_run(error):
                raise
            # Whatever it is: the verdict stands without it, and it is named.
            kit_errors.append(f"{question.name}: {faults.error_location(error)}")
            return faults.note_failed_follow_through(verdict, error)
    return verdict


def list_kit_errors(verdict):
    """Returns a line for each case or property of a verdict that the kit itself failed on, or one for the whole question."""
    cases = [case for case in verdict.cases if case.status == judging.KIT_ERROR]
    if cases or verdict.status != judging.KIT_ERROR:
        return [f"{verdict.name}, {case.name}: {case.problem}" for case in cases]
    return [f"{verdict.name}: {verdict.message}"]


def judge_cases(run, question, cells):
    """Returns (verdict, answers) of one question of a running notebook."""
    seconds = max(run.limits.question, question.seconds or 0)
    try:
        given = probing.ask_cases(run, question, question.name, seconds)
        path = find_other_name(question.name, cells) if are_all_missing(given) else None
        if path:
            given = probing.ask_cases(run, question, path, seconds)
    except GaveUp as error:
        verdict = judging.build_unjudged_verdict(question, "crashed", f"Not reached: {error}.")
        return verdict, {}
    if are_all_missing(given):
        return explain_missing(run, question, cells), given
    hidden = {name: hide_text(answer, cells, path or question.name) for name, answer in given.items()}
    verdict = faults.judge_case_by_case(question, hidden)
    case = decide.doubtful_case(question, verdict)
    if case:
        # Where the notebook cannot be run any more the verdict stands as it is.
        with contextlib.suppress(GaveUp):
            again = probing.ask_twice(run, question, path or question.name, case, seconds)
            verdict = faults.judge_case_by_case(question, hidden, again=again)
    return verdict, given


def judge_class(run, question, task, cells, secret):
    """Returns the verdict on the properties of a question."""
    try:
        found = models.examine(run, question, task, secret)
    except GaveUp as error:
        return judging.build_unjudged_verdict(question, "crashed", f"Not reached: {error}.")
    if {finding.status for finding in found.values()} == {"missing"}:
        return explain_missing(run, question, cells)
    hidden = {
        name: replace(finding, answer=finding.answer and hide_text(finding.answer, cells, question.name))
        for name, finding in found.items()
    }
    return judging.judge_properties(question, hidden)


def are_all_missing(given):
    return {answer.status for answer in given.values()} == {"missing"}


def find_other_name(name, cells):
    """Returns the name of the one function that the question's own cell defines, where it was renamed; else None."""
    for cell in cells:
        if cell.grade_id == f"{name}-answer" and len(cell.functions) == 1 and name not in cell.defines:
            return cell.functions[0]
    return None


def hide_text(answer, cells, path):
    """Returns `answer` without the text that the student's process wrote: that could hold hidden inputs.

    The text is replaced by the student's own line, taken from the notebook.
    """
    if answer.status != "error":
        return answer
    source = next((cell.source for cell in reversed(cells) if path in cell.defines), "")
    # IPython drops the blank lines that a cell begins with.
    lines = source.lstrip().splitlines()
    text = f"  {lines[answer.line - 1].strip()}\n" if answer.line and answer.line <= len(lines) else ""
    settings = "\n".join(cell.source for cell in cells if "tf.compat.v1" in cell.source)
    advice = "".join(f"{line}\n" for line in explain.known_advice(f"{source}\n{settings}"))
    return replace(answer, text=f"{text}{advice}check() shows the whole message, on the public cases.")


def explain_missing(run, question, cells):
    """Returns the verdict on a question whose function does not exist after all cells have run; it says why."""
    name = question.name
    indices = [index for index, cell in enumerate(cells) if name in cell.defines]
    if not indices:
        turned = next((cell.kind for cell in cells if cell.would_define == name), None)
        message = f"No cell defines `{name}`: the cell was deleted, or the function was given another name."
        if turned:
            message = (
                f"The cell that should define `{name}` is a {turned} cell now, which is text and is not run: change it back "
                "to Code (in Jupyter select it and press Esc, then Y), save the notebook and hand it in again."
            )
        return judging.build_unjudged_verdict(question, "missing", message)
    outcome = run.outcomes.get(indices[-1], Outcome("skipped"))
    ended = f"was stopped: {outcome.reason}" if outcome.reason else "ended the whole Python process"
    late = f"All runs of the cells before it took more than {run.limits.notebook:g} s together"
    status, message = {
        "error": ("error", f"The cell that defines it raised {outcome.error_name}: {outcome.error_text}"),
        "timeout": ("timeout", f"The cell that defines it was not done after {run.limits.cell:g} s"),
        "late": ("timeout", late),
        "flood": ("crashed", f"The cell that defines it printed more than {size_text(run.limits.output)}"),
        "dead": ("crashed", f"The cell that defines it {ended}"),
    }.get(outcome.status, ("missing", f"The notebook ran, but after its last cell `{name}` did not exist"))
    return judging.build_unjudged_verdict(question, status, message + ".")


def build_document(assignment, student, device, sha256, verdicts, secret, confinement, limits, kit_errors=()):
    """Returns the verdict as JSON data; the interface that other programs read.

    `kit_errors` holds a line for each exception of the kit's own: what they cost is graded by the next run.
    """
    return {
        "schema": SCHEMA,
        "kit_version": kit_version(),
        "libraries": libraries(),
        "assignment": assignment.name,
        "student": student,
        "score": round_score(sum(verdict.score for verdict in verdicts)),
        "max_score": float(assignment.max_score),
        "manual_max_score": float(assignment.manual_max_score),
        "device": device,
        "confined": confinement.complete,
        "layers": list(confinement.layers),
        "warm": confinement.warm,
        "limits": limits_by_name(limits),
        "submission_sha256": sha256,
        "secret_sha256": secret_digest(secret),
        "kit_errors": list(kit_errors),
        "questions": [build_question_document(verdict) for verdict in verdicts],
    }


def build_question_document(verdict):
    return {
        "name": verdict.name,
        "score": round_score(verdict.score),
        "max_score": float(verdict.max_score),
        "status": verdict.status,
        "mistake": verdict.mistake,
        "message": verdict.message,
        "source": verdict.source,
        "follows": verdict.follows,
        "cases": [
            {
                "name": case.name,
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


def round_score(number):
    """Returns a score without the noise of adding thirds: four decimals."""
    return round(float(number), 4)


def digest(path):
    """Returns the SHA-256 of a file, of a zip that of the notebook in it; None where there is none that can be read.

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


def secret_digest(secret):
    """Returns a short digest that shows whether two runs used the same secret, and does not reveal it."""
    return hmac.digest(secret, b"which secret", "sha256").hex()[:16]


def as_bytes(secret):
    return secret.encode("utf-8") if isinstance(secret, str) else secret


def course_secret(path):
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
