"""Faults of the kit and of the machine: they are named, cost no student a point for good, and the
next run mends them.
"""

import csv
import errno
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
import numpy as np
import patience
import pytest
import soak
import stand_in
from vikit import checking, judging
from vikit.exams import Exam, PropertyFailed, digits, examine, examine_property, flow_terms
from vikit.exams.model import AskedBatch, Model
from vikit.exams.student_object import build
from vikit.judging import decide, faults
from vikit.protocol import client, wire

from autograder import cli, kernels, tasks
from autograder.build import notebooks, sample
from autograder.grading import classroom, follow, notebook, outcome
from autograder.grading import judge as judges
from autograder.grading import verdict as verdicts
from autograder.grading.judge import Judge
from autograder.grading.limits import Limits
from autograder.grading.submission import Submission
from autograder.grading.verdict import grade
from autograder.kernels import Kernel, KernelError, confinement
from autograder.kernels.exchange import resident

A01 = "a01_densities"
SECRET = b"secret of the tests"
KL, BERNOULLI = "kl_to_standard_normal", "bernoulli_log_prob_logits"
RIGHT_KL = (
    f"def {KL}(mu, log_var):\n    return 0.5 * tf.reduce_sum(mu**2 + tf.exp(log_var) - log_var - 1,"
    " axis=-1)"
)
MACHINES = ("ENOSPC", "EDQUOT", "EMFILE", "ENFILE", "ENOMEM", "EIO", "EROFS", "ESTALE", "ETIMEDOUT")
OF_THE_FILE = ("EACCES", "EPERM", "ENOENT", "EISDIR", "ELOOP", "ENAMETOOLONG")
pytestmark = pytest.mark.kernels


def by_name(verdict):
    return {question["name"]: question for question in verdict["questions"]}


def raising(error):
    def stand_in(*arguments, **keywords):
        raise error

    return stand_in


def of(name):
    return OSError(getattr(errno, name), os.strerror(getattr(errno, name)))


@pytest.fixture
def short_folder():
    """The path of a Unix socket has 107 characters at most."""
    with tempfile.TemporaryDirectory(prefix="vd-") as folder:
        yield folder


# The machine.


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize(
    ("owner", "place"), [(os, "open"), (Path, "write_bytes")], ids=["open", "write_bytes"]
)
def test_what_the_machine_cannot_do_is_no_verdict(write_notebook, monkeypatch, name, owner, place):
    path = write_notebook({KL: RIGHT_KL})
    attribute, failed = getattr(owner, place), []

    def fails_once(file, *arguments, **keywords):
        if (
            str(file).endswith(".ipynb")
            and Path(file).parent != notebook.released_folder(A01)
            and not failed
        ):
            failed.append(file)
            raise of(name)
        return attribute(file, *arguments, **keywords)

    with monkeypatch.context() as patched:
        patched.setattr(owner, place, fails_once)
        with pytest.raises(OSError, match=re.escape(os.strerror(getattr(errno, name)))):
            grade(A01, path, secret=SECRET, unsafe=True)


@pytest.mark.parametrize("name", OF_THE_FILE)
def test_a_notebook_that_cannot_be_opened_is_the_submissions_own_matter(
    write_notebook, monkeypatch, name
):
    path = write_notebook({KL: RIGHT_KL})
    opened = os.open

    def closed(file, *arguments, **keywords):
        return raising(of(name))() if file == str(path) else opened(file, *arguments, **keywords)

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", closed)
        verdict = grade(A01, path, secret=SECRET, unsafe=True)
    assert {question["status"] for question in verdict["questions"]} == {"missing"}
    assert (
        f"the notebook's file cannot be read ({os.strerror(getattr(errno, name))})"
        in verdict["questions"][0]["message"]
    )


def test_no_memory_is_no_verdict(write_notebook, monkeypatch):
    path = write_notebook({KL: RIGHT_KL})
    monkeypatch.setattr(judging, "judge", raising(MemoryError()))
    with pytest.raises(MemoryError):
        grade(A01, path, secret=SECRET, unsafe=True)


def test_too_many_open_files_are_not_taken_for_a_process_that_grew(monkeypatch):
    monkeypatch.setattr("builtins.open", raising(of("EMFILE")))
    with pytest.raises(OSError, match="Too many open files"):
        resident()


def test_a_machine_that_has_no_space_is_not_said_to_have_no_confinement(monkeypatch):
    monkeypatch.setattr(confinement, "_adopted", [])
    monkeypatch.setattr(confinement.warm.Server, "start", raising(of("ENOSPC")))
    if confinement.warm.possible():
        with pytest.raises(OSError, match="No space left"):
            kernels.choose.__wrapped__()


@pytest.mark.skipif(not confinement.warm.possible(), reason="there is no fork server here")
@pytest.mark.parametrize("name", ["ESTALE", "ETIMEDOUT", "EMFILE", "EPERM", "ENOSYS"])
def test_a_machine_that_fails_is_told_from_one_that_gives_no_confinement(monkeypatch, name):
    monkeypatch.setattr(confinement, "_adopted", [])
    monkeypatch.setattr(confinement.warm.Server, "start", raising(of(name)))
    if name in ("EPERM", "ENOSYS"):
        assert not kernels.choose.__wrapped__().closes_files
        return
    with pytest.raises(OSError, match=re.escape(os.strerror(getattr(errno, name)))):
        kernels.choose.__wrapped__()


def test_a_kernel_that_cannot_be_made_leaves_no_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "copy", raising(of("ENOSPC")))
    made = []
    new_folder = confinement.new_folder
    monkeypatch.setattr(
        confinement, "new_folder", lambda chosen: made.append(new_folder(chosen)) or made[-1]
    )
    with pytest.raises(OSError, match="No space left"):
        Kernel([tmp_path / "file"])
    assert made
    assert not any(folder.exists() for folder in made)


@pytest.mark.soak
@pytest.mark.skipif(
    "'namespaces' not in kernels.choose().layers", reason="a kernel could end what watches over it"
)
def test_a_kernel_that_ends_with_the_fork_server_is_not_said_to_have_ended_itself(
    write_notebook, when_stuck, monkeypatch
):
    """And the next notebook finds another server."""
    server = confinement.server()
    server.start()
    process = server.process
    # The kernel takes its time to end, too.
    monkeypatch.setattr("autograder.kernels.kernel.GRACE_SECONDS", patience.AGES)

    def kill():
        if process.poll() is not None:
            raise KernelError("the notebook is run again")
        process.kill()
        process.wait()

    stuck = when_stuck(kill)
    path = write_notebook(
        {KL: RIGHT_KL.replace("    return", f"    {stuck}\n    while True: pass\n    return")}
    )
    with pytest.raises(KernelError, match="was killed"):
        grade(A01, path, secret=SECRET)
    assert (
        by_name(grade(A01, write_notebook({KL: RIGHT_KL}), secret=SECRET))[KL]["status"]
        == "correct"
    )


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="only root can mount a small disk")
@pytest.mark.soak
def test_a_full_folder_for_temporary_files_is_named_and_the_next_run_mends_it(
    tmp_path, write_notebook, short_folder, capsys
):
    for student in ("ada", "bob"):
        write_notebook({KL: RIGHT_KL}, path=tmp_path / "submitted" / student / A01 / f"{A01}.ipynb")
    small, out = short_folder, tmp_path / "out"
    words = [
        "grade",
        "--submitted",
        f"{tmp_path}/submitted",
        "--out",
        str(out),
        "--jobs",
        "1",
        *patience.OPTIONS,
    ]
    script = f"""
        mount -t tmpfs -o size=64k tmpfs {small}
        TMPDIR={small} exec {sys.executable} -m autograder {" ".join(words)}
    """
    command = ["unshare", "-m", "sh", "-c", script]
    first = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    # What comes first to have no space left depends on the machine.
    assert "No space left on device" in first.stdout or "this machine failed" in first.stdout, (
        first.stdout
    )
    assert "missing" not in first.stdout, first.stdout
    assert first.returncode == 1, first.stdout
    # The next one runs in this process, whose servers run already.
    assert cli.main(words) == 0
    second = capsys.readouterr()
    assert "Traceback" not in first.stdout + second.out + second.err
    with (out / "grades.csv").open(newline="") as file:
        assert {row["student"]: row["score"] for row in csv.DictReader(file)} == {
            "ada": "12.0",
            "bob": "12.0",
        }


def test_a_notebook_that_is_gone_when_its_turn_comes_is_named(tmp_path):
    item = Submission("ada", A01, tmp_path / f"{A01}.ipynb")
    conditions = verdicts.Conditions(SECRET, "/CPU:0", Limits(), kernels.choose())
    verdict, _ = classroom.grade_one(item, tmp_path, conditions, {})
    assert "was there when the run began" in verdict["questions"][0]["message"]
    assert not classroom.is_current(verdict | {"submission_sha256": "0"}, item, conditions)


def test_a_verdict_that_cannot_be_read_is_not_left_out_of_the_gradebook(tmp_path, monkeypatch):
    (tmp_path / "verdicts" / A01).mkdir(parents=True)
    (tmp_path / "verdicts" / A01 / "ada.json").write_text("{}")
    assert classroom.read_all(tmp_path) == []
    monkeypatch.setattr(Path, "read_text", raising(of("EIO")))
    with pytest.raises(OSError, match="Input/output"):
        classroom.read_all(tmp_path)


# The kit.


class Kit(Exception):
    """Stands in for an exception of the kit's own."""


def test_an_exception_in_an_examination_costs_its_property_alone():
    def fails(asked):
        raise Kit("with values in it")

    kinds = {"holds": lambda asked: None, "fails": fails}
    items = [judging.Property(kind, 1, "hint", "document 000", kind) for kind in ("fails", "holds")]
    question = judging.DrawnQuestion("VAE", 2, "document 000", (), properties=tuple(items))
    exam = Exam(client.Student(client.InProcess({}), None), None, np.random.default_rng(0))
    found = examine(question, exam, kinds)
    assert {name: finding.status for name, finding in found.items()} == {
        "fails": "kit_error",
        "holds": "ok",
    }
    verdict = judging.judge_properties(question, found)
    assert (verdict.status, verdict.score) == ("partial", 1)
    assert "The kit failed while examining this (Kit" in verdict.message
    assert "not a verdict on your work" in verdict.message
    assert "with values" not in verdict.message


@pytest.mark.parametrize(
    "error",
    [KernelError("gone"), of("ENOSPC"), MemoryError()],
    ids=lambda error: type(error).__name__,
)
def test_an_examination_hides_no_fault_of_the_machine(error):
    class Run:
        asking, has_died, ask = 0.0, staticmethod(bool), staticmethod(raising(error))

    with pytest.raises((client.Unreachable, OSError, MemoryError)):
        examine_property(
            judging.Property("x", 1, "", "", "x"),
            Exam(client.Student(models_run(Run()), None), None, np.random.default_rng(0)),
            {"x": lambda exam: build(exam, "VAE")},
        )


def in_an_examination(error, _):
    kinds = {"fails": raising(error), "holds": lambda asked: None}
    items = tuple(judging.Property(kind, 1, "hint", "document 000", kind) for kind in kinds)
    question = judging.DrawnQuestion("VAE", 2, "document 000", (), properties=items)
    exam = Exam(client.Student(client.InProcess({}), None), None, np.random.default_rng(0))
    found = examine(question, exam, kinds)
    assert found["holds"].status == "ok"
    return found["fails"].status


def in_a_case(error, patched):
    question, problem = small_question(), decide.describe_problem

    def fails(question, case, answer, public=False):
        return (
            raising(error)()
            if case.name == "case 1" and answer.status == "ok"
            else problem(question, case, answer)
        )

    patched.setattr(decide, "describe_problem", fails)
    answers = {
        case.name: judging.Answer("ok", (np.ones(2, np.float32),)) for case in question.cases
    }
    found = {case.name: case.status for case in faults.judge_case_by_case(question, answers).cases}
    assert {found["case 0"], found["case 2"]} == {"correct"}
    return found["case 1"]


def in_naming(error, patched):
    question = small_question()
    patched.setattr(decide, "name_mistakes", raising(error))
    answers = {
        case.name: judging.Answer("ok", (np.zeros(2, np.float32),)) for case in question.cases
    }
    return faults.judge_case_by_case(question, answers).status


def in_the_drawing_of_inputs(error, patched):
    patched.setattr(verdicts.tasks, "draw_for_student", raising(error))
    return verdicts.draw_question(A01, tasks.load(A01).questions[0], "ada", SECRET, None).status


def in_a_question(error, patched):
    patched.setattr(Judge, "judge_one", raising(error))
    assignment = tasks.load(A01)
    judge = Judge(stand_in.Notebook(), assignment, [], SECRET)
    found = judge.judge_all([small_question() for _ in assignment.questions])
    assert len(judge.kit_errors) == len(found)
    return found[0].status


def in_follow_through(error, patched):
    question = small_question()
    wrong = {case.name: judging.Answer("ok", (np.zeros(2, np.float32),)) for case in question.cases}
    wrong = faults.judge_case_by_case(question, wrong)
    patched.setattr(follow, "follow_through", raising(error))
    patched.setattr(Judge, "judge_cases", lambda judge, question: (wrong, {}))
    definition = next(
        definition
        for name in tasks.names()
        for definition in tasks.load(name).questions
        if definition.follows
    )
    judge = Judge(stand_in.Notebook(), None, [], SECRET)
    assert judge.judge_one(question, definition).status == "wrong"
    assert len(judge.kit_errors) == 1
    return "kit_error"


PLACES = (
    in_an_examination,
    in_a_case,
    in_naming,
    in_the_drawing_of_inputs,
    in_a_question,
    in_follow_through,
)
each_place = pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
OF_THE_KIT = (
    *(of(name) for name in OF_THE_FILE),
    # As the kit's own code raises them: without a number.
    *(
        FileNotFoundError("digits.npz is not here"),
        PermissionError("it is closed"),
        IsADirectoryError("a folder"),
    ),
)


@each_place
@pytest.mark.parametrize("error", OF_THE_KIT, ids=repr)
def test_a_file_that_the_kit_misses_costs_what_it_was_for_alone(monkeypatch, place, error):
    assert place(error, monkeypatch) == "kit_error"


@each_place
@pytest.mark.parametrize(
    "error",
    [*(of(name) for name in MACHINES), MemoryError(), TimeoutError("a file server")],
    ids=repr,
)
def test_what_the_machine_cannot_do_is_hidden_nowhere(monkeypatch, place, error):
    with pytest.raises(type(error)) as caught:
        place(error, monkeypatch)
    assert caught.value is error


def models_run(run):
    from autograder.grading.models import UntilDeadline

    return UntilDeadline(run, 60)


def small_question(count=3):
    cases = tuple(
        judging.DrawnCase(
            f"case {number}", judging.GENERIC, (np.ones(2, np.float32),), (np.ones(2),)
        )
        for number in range(count)
    )
    return judging.DrawnQuestion("f", 9, "document 000", cases, shape="[B]")


def test_an_answer_on_which_comparing_raises_costs_its_case_alone(monkeypatch):
    question, problem = small_question(), decide.describe_problem
    answers = {
        case.name: judging.Answer("ok", (np.ones(2, np.float32),)) for case in question.cases
    }

    def fails(question, case, answer, public=False):
        if case.name == "case 1" and answer.status == "ok":
            raise Kit
        return problem(question, case, answer)

    monkeypatch.setattr(decide, "describe_problem", fails)
    verdict = faults.judge_case_by_case(question, answers)
    assert [case.status for case in verdict.cases] == ["correct", "kit_error", "correct"]
    assert verdict.score == pytest.approx(9 * decide.GENERIC_SHARE * 2 / 3)
    assert "The kit failed while examining this (Kit" in verdict.message


def test_where_naming_raises_the_question_alone_is_lost(monkeypatch):
    question = small_question()
    monkeypatch.setattr(decide, "name_mistakes", raising(Kit()))
    answers = {
        case.name: judging.Answer("ok", (np.zeros(2, np.float32),)) for case in question.cases
    }
    verdict = faults.judge_case_by_case(question, answers)
    assert (verdict.status, verdict.score) == ("kit_error", 0)


@pytest.mark.parametrize("value", [1.7e308, -1.7e308, 1e308])
@pytest.mark.filterwarnings("ignore:overflow")
def test_the_largest_numbers_are_wrong_and_can_be_written(value):
    question = small_question()
    answers = {
        case.name: judging.Answer("ok", (np.array([value, 1.0]),)) for case in question.cases
    }
    verdict = faults.judge_case_by_case(question, answers)
    assert verdict.status == "wrong"
    document = verdicts.build_question_document(verdict)
    assert json.loads(json.dumps(document, allow_nan=False))["cases"][0]["worst_error"] == 1e308
    assert f"far too {'negative' if value < 0 else 'large'}" in verdict.message
    # Where the inputs are public it is said in numbers, and 2e+308 is none.
    in_check = faults.judge_case_by_case(question, answers, public=True)
    assert "off by up to 1e+308" in in_check.message


def test_an_answer_of_the_largest_numbers_loses_no_verdict(write_notebook):
    largest = f"def {KL}(mu, log_var):\n    return np.full(len(mu), np.finfo(float).max)"
    found = by_name(grade(A01, write_notebook({KL: largest}), secret=SECRET))
    assert (found[KL]["status"], found[KL]["score"]) == ("wrong", 0)


def test_a_verdict_that_the_kit_failed_on_in_part_is_listed_and_graded_again(
    tmp_path, write_notebook, monkeypatch, capsys, graders_here
):
    for student in ("ada", "bob"):
        write_notebook({KL: RIGHT_KL}, path=tmp_path / "submitted" / student / A01 / f"{A01}.ipynb")
    arguments = [
        "grade",
        "--submitted",
        str(tmp_path / "submitted"),
        "--out",
        str(tmp_path / "out"),
    ]
    judged = Judge.judge_cases

    def fails(judge, question):
        if question.name == BERNOULLI:
            raise Kit
        return judged(judge, question)

    with monkeypatch.context() as patched:
        patched.setattr(Judge, "judge_cases", fails)
        assert cli.main(arguments) == 1
    printed = capsys.readouterr().out
    assert (
        f"graded but for this, the kit failed: ada/{A01}: {BERNOULLI}: The kit failed while "
        "examining this (Kit" in printed
    )
    verdict = json.loads((tmp_path / "out" / "verdicts" / A01 / "ada.json").read_text())
    assert len(verdict["kit_errors"]) == 1
    assert by_name(verdict)[KL]["score"] == 12
    assert by_name(verdict)[BERNOULLI]["status"] == "kit_error"
    assert (
        "The grader itself failed" in (tmp_path / "out" / "feedback" / A01 / "ada.html").read_text()
    )
    with (tmp_path / "out" / "grades.csv").open(newline="") as file:
        assert f"{BERNOULLI}: kit_error (The kit failed" in next(csv.DictReader(file))["reasons"]
    assert cli.main(arguments) == 0
    printed = capsys.readouterr().out
    assert "2 graded again, 2 with another result" in printed
    assert (
        json.loads((tmp_path / "out" / "verdicts" / A01 / "ada.json").read_text())["kit_errors"]
        == []
    )


def test_an_exception_in_comparing_one_answer_costs_its_case_alone(write_notebook, monkeypatch):
    problem = decide.describe_problem

    def fails(question, case, answer, public=False):
        chosen = (
            question.name == KL and case.name == question.cases[0].name and answer.status == "ok"
        )
        return raising(Kit())() if chosen else problem(question, case, answer, public)

    monkeypatch.setattr(decide, "describe_problem", fails)
    verdict = grade(A01, write_notebook({KL: RIGHT_KL}), secret=SECRET)
    found = by_name(verdict)[KL]
    assert 0 < found["score"] < 12
    assert [case["status"] for case in found["cases"]].count("kit_error") == 1
    assert [line.split(":")[0] for line in verdict["kit_errors"]] == [
        f"{KL}, {found['cases'][0]['name']}"
    ]


@pytest.mark.parametrize("place", ["draw_for_student", "judged", "through"])
def test_an_exception_anywhere_costs_one_question(write_notebook, monkeypatch, place):
    path = write_notebook({KL: RIGHT_KL})
    if place == "draw_for_student":
        draw_for_student = tasks.draw_for_student

        def fails(assignment, question, *key):
            return (
                raising(Kit())()
                if question.name == BERNOULLI
                else draw_for_student(assignment, question, *key)
            )

        monkeypatch.setattr(verdicts.tasks, "draw_for_student", fails)
    elif place == "judged":
        without_secrets = judges.hide_text
        monkeypatch.setattr(
            judges,
            "hide_text",
            lambda answer, cells, path: (
                raising(Kit())() if path == BERNOULLI else without_secrets(answer, cells, path)
            ),
        )
        path = write_notebook(
            {KL: RIGHT_KL, BERNOULLI: f"def {BERNOULLI}(x, a):\n    return x[:, 0] - 3"}
        )
    else:
        monkeypatch.setattr(follow, "follow_through", raising(Kit()))
    verdict = grade(A01, path, secret=SECRET)
    assert by_name(verdict)[KL]["score"] == 12
    if place != "through":
        assert by_name(verdict)[BERNOULLI]["status"] == "kit_error"
        assert len(verdict["kit_errors"]) == 1


def test_where_follow_through_fails_the_verdict_stands_and_says_so(monkeypatch):
    monkeypatch.setattr(follow, "follow_through", raising(Kit()))
    definition = next(
        definition
        for name in tasks.names()
        for definition in tasks.load(name).questions
        if definition.follows
    )
    question = small_question()
    wrong = faults.judge_case_by_case(
        question,
        {case.name: judging.Answer("ok", (np.zeros(2, np.float32),)) for case in question.cases},
    )
    monkeypatch.setattr(Judge, "judge_cases", lambda judge, question: (wrong, {}))
    judge = Judge(stand_in.Notebook(), None, [], SECRET)
    found = judge.judge_one(question, definition)
    assert (found.status, found.score) == (wrong.status, wrong.score)
    assert "your own earlier values" in found.message
    assert len(judge.kit_errors) == 1
    assert judge.kit_errors[0].startswith("f: Kit")


def test_check_shows_no_traceback_where_the_kit_fails(monkeypatch, capsys):
    monkeypatch.chdir(notebooks.ASSIGNMENTS / "a03_vae")
    monkeypatch.setattr(
        checking, "EXAMINATIONS", dict.fromkeys(checking.EXAMINATIONS, raising(Kit()))
    )
    monkeypatch.setattr(sys.modules["__main__"], "Encoder", type("Encoder", (), {}), raising=False)
    checking.check("Encoder")
    printed = capsys.readouterr().out
    assert "The kit failed while examining this (Kit" in printed
    assert "Encoder: kit_error, 0 of " in printed


def test_an_array_that_is_no_reply_is_malformed_in_check_too(monkeypatch):
    monkeypatch.chdir(notebooks.ASSIGNMENTS / A01)
    monkeypatch.setattr(
        sys.modules["__main__"], KL, lambda mu, log_var: np.zeros((0, 30000, 30000)), raising=False
    )
    assert checking.build_report(KL).verdict.status == "malformed"


# A gradient that the student's process made up, and one that is 0.


class Said:
    """Stands in for a student: says one gradient of each term."""

    def __init__(self, gradient):
        self.gradient = gradient

    def vjp(self, path, arguments, cotangents):
        return wire.Reply("ok", (None, None, self.gradient))


def gradients_are(said, slopes):
    """Has gradients examined of terms of seven examples that have these slopes in each number of
    the noise.
    """
    model = Model(Exam(Said(said), None, np.random.default_rng(0)), wire.Handle("@1"))
    model.returned_terms = lambda examples, eps: [slopes * eps[0].astype(float).sum(axis=-1)] * 4
    examples = digits.Examples(np.ones((7, 9), np.float32), np.ones((7, 5), np.float32))
    flow_terms.check_gradients_pass(
        [AskedBatch(model, examples, np.ones((1, 7, 4), np.float32), ())]
    )


ALL = np.ones((7, 4), np.float32)


def test_a_made_up_gradient_is_told_by_differences_of_the_terms():
    gradients_are(ALL, slopes=1.0)
    for slope in (0.0, -1.0, 2.0, 0.8):
        with pytest.raises(PropertyFailed, match="is not that of its values"):
            gradients_are(ALL, slopes=slope)


@pytest.mark.parametrize("nothing", [None, 0 * ALL], ids=["none", "zeros"])
def test_no_gradient_is_right_where_a_term_is_flat_and_wrong_where_one_example_moves(nothing):
    gradients_are(nothing, slopes=0.0)
    for slopes in (1.0, np.eye(7)[3]):
        with pytest.raises(PropertyFailed, match="no gradient of log_q0 reaches the sample"):
            gradients_are(nothing, slopes)


# A class in which nobody has a point.


def question(name, status="missing", score=0.0, message="Nothing could be graded: no space."):
    return {"name": name, "status": status, "score": score, "message": message, "mistake": None}


def class_of(*verdicts):
    items = [Submission(f"s{number}", A01, Path("x.ipynb")) for number in range(len(verdicts))]
    documents = [
        {"score": sum(one["score"] for one in found), "questions": found} for found in verdicts
    ]
    return outcome.ClassRun(verdicts=dict(zip(items, documents, strict=True)))


def test_a_class_without_a_point_is_said_and_one_in_which_nothing_could_be_asked_is_a_failure():
    missing, blank, right = (
        [question("f")],
        [question("f", "unanswered")],
        [question("f", "correct", 3.0)],
    )
    assert list(outcome.assignments_without_points(class_of(missing, right))) == []
    assert list(outcome.assignments_without_points(class_of(missing))) == []
    ((said, failed),) = outcome.assignments_without_points(class_of(missing, blank))
    assert (failed, "all 2 notebooks" in said) == (False, True)
    ((said, failed),) = outcome.assignments_without_points(class_of(missing, missing, missing))
    assert failed
    assert "Nothing could be graded: no space." in said


def test_a_run_in_which_nothing_could_be_asked_does_not_end_with_0(tmp_path, capsys, graders_here):
    for student in ("ada", "bob"):
        folder = tmp_path / "submitted" / student / A01
        folder.mkdir(parents=True)
        (folder / f"{A01}.ipynb").write_text("{")
    assert (
        cli.main(
            ["grade", "--submitted", str(tmp_path / "submitted"), "--out", str(tmp_path / "out")]
        )
        == 1
    )
    assert "all 2 notebooks that were handed in have 0 points" in capsys.readouterr().out
    with (tmp_path / "out" / "grades.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            assert row["reasons"].startswith(
                "all questions: missing (Nothing could be graded: the file is not a notebook"
            )


# What is read of a notebook.


def solved():
    found = nbformat.reads(
        (notebooks.ASSIGNMENTS / A01 / f"{A01}.ipynb").read_text("utf-8"), as_version=4
    )
    sample.fill_in(found, {KL: RIGHT_KL})
    return found


def test_outputs_and_images_cost_nothing(tmp_path):
    found = solved()
    for cell in found.cells:
        if cell.cell_type == "code":
            image = {
                "output_type": "display_data",
                "metadata": {},
                "data": {"image/png": "QUFB" * 2**18},
            }
            cell.outputs = [
                nbformat.from_dict(image),
                nbformat.v4.new_output("stream", text='"]}\\" {['),
            ]
        else:
            cell.attachments = {"a.png": {"image/png": "QUFB" * 2**17}}
    found.metadata["widgets"] = {
        "application/vnd.jupyter.widget-state+json": {"state": {"a": "b" * 2**20}}
    }
    path = tmp_path / f"{A01}.ipynb"
    path.write_text(nbformat.writes(found), encoding="utf-8")
    assert path.stat().st_size > notebook.MAX_NOTEBOOK_BYTES
    slim = notebook.strip_outputs(path.read_bytes())
    assert len(slim) < 2**20
    plain = solved()
    sources = [cell.source for cell in plain.cells]
    assert [cell["source"] for cell in json.loads(slim)["cells"]] == [
        cell["source"] for cell in json.loads(nbformat.writes(plain))["cells"]
    ]
    assert sources
    assert by_name(grade(A01, path, secret=SECRET))[KL]["score"] == 12


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('{"outputs": [1, [2, {"a": "]"}]], "b": 3}', '{"outputs": [], "b": 3}'),
        ('{"attachments" : {"x": "\\"}"}}', '{"attachments" : {}}'),
        ('{"source": "\\"outputs\\": [1]"}', None),
        ('{"a": "outputs", "outputs": "text"}', None),
        ('{"a": ["outputs", [1]]}', None),
        ('{"outputs": [1, 2', None),
        ('{"outputs": [[["x', None),
        ('"outputs"', None),
        ("", None),
    ],
)
def test_nothing_but_outputs_is_cut_out(text, wanted):
    assert notebook.strip_outputs(text.encode()) == (text if wanted is None else wanted).encode()


# JSON texts that end too early, or are deep, or are full of what a string may hide.
LONG = 500
TRICKY = {
    "a string without an end": '{"a": "' + "x" * LONG,
    "one full of quotes": '{"a": "' + '\\"' * LONG,
    "one that ends in backslashes": '{"a": "b' + "\\" * LONG,
    "and in one more": '{"a": "b' + "\\" * (LONG + 1),
    "quotes alone": '"' * (2 * LONG + 1),
    "backslashes alone": "\\" * LONG,
    "backslashes before each quote": '\\\\"' * LONG,
    "strings that are never apart": '"a"' * LONG + '"',
    "keys without a value": '"outputs"' * LONG,
    "keys whose value does not end": '{"outputs": [' * LONG,
    "spaces in the place of a value": ('"outputs"' + " " * 40) * 20,
    "an output without an end": '{"outputs": ["' + '\\"' * LONG,
    "brackets that are not closed": "[{" * LONG,
    "brackets that were not opened": "]}" * LONG,
    "a deep list": "[" * LONG + "]" * LONG,
}


@pytest.mark.parametrize("name", TRICKY)
def test_no_byte_of_a_notebook_is_read_for_nothing(name):
    """Where a quote or a bracket stands a part begins: else the rest would be read, and again from
    the next byte on.
    """
    content, read, place = TRICKY[name].encode(), 0, 0
    while place < len(content):
        part = notebook.PARTS.match(content, place)
        if part:
            step = part.end() - place
            assert step > 0
        else:
            # What was looked at in vain.
            step, read = (
                1,
                read + (len(content) - place if content[place : place + 1] in b'"[]{}' else 0),
            )
        read, place = read + step, place + step
    assert read == len(content)


@pytest.mark.parametrize("name", TRICKY)
def test_what_is_no_whole_output_is_left_as_it_is(name):
    content = TRICKY[name].encode()
    assert notebook.strip_outputs(content) == content


@pytest.mark.parametrize("slashes", [0, 1, 2, 3, 2 * LONG, 2 * LONG + 1])
def test_a_quote_ends_a_string_behind_an_even_number_of_backslashes_alone(slashes):
    text = '{"a": "' + "\\" * slashes + '", "outputs": [1], "b": "c"}'
    wanted = text if slashes % 2 else text.replace("[1]", "[]")
    assert notebook.strip_outputs(text.encode()).decode() == wanted


def test_deep_outputs_are_cut_out_whole():
    deep = '[{"a": ' * 10**4 + '"]}"' + "}]" * 10**4
    text = f'{{"outputs": {deep}, "metadata": {{"attachments": {{"x": {deep}}}}}}}'
    assert (
        notebook.strip_outputs(text.encode()) == b'{"outputs": [], "metadata": {"attachments": {}}}'
    )


def test_code_that_is_too_long_without_any_output_is_refused_as_such():
    with pytest.raises(notebook.UnreadableNotebook, match="without its outputs"):
        notebook.strip_outputs(b'{"a": "' + b"x" * 100 + b'"}', most=50)


@pytest.mark.parametrize("metadata", [True, False])
@pytest.mark.parametrize(("kind", "said"), [("markdown", "Markdown"), ("raw", "Raw")])
def test_an_answer_that_was_turned_into_text_is_named(write_notebook, metadata, kind, said):
    def turn(found):
        (cell,) = [cell for cell in found.cells if sample.question_of(cell) == KL]
        text = nbformat.v4.new_markdown_cell if kind == "markdown" else nbformat.v4.new_raw_cell
        kept = cell.metadata if metadata else {}
        found.cells[found.cells.index(cell)] = text(
            "# mine\nimport math\n\n" + cell.source.lstrip(), metadata=kept
        )

    found = by_name(grade(A01, write_notebook({KL: RIGHT_KL}, turn), secret=SECRET))[KL]
    assert found["status"] == "missing"
    assert f"is a {said} cell now" in found["message"]
    assert "change it back to Code" in found["message"]


@pytest.mark.parametrize("kind", [soak.later("experiment"), "answer"])
@pytest.mark.parametrize("line", ["f\"{'a b'.upper()}\"", "'a\u2028b'", "'\\d'", "f'{1!r:>{10}}'"])
def test_text_that_python_reads_and_cannot_write_again_loses_no_verdict(write_notebook, kind, line):
    source = f"import math\n\ndef show(d):\n    %time\n    return {line}".replace("    %time\n", "")

    def change(found):
        cell = nbformat.v4.new_code_cell(source)
        if kind == "experiment":
            cell.metadata["tags"] = ["experiment"]
        found.cells.insert(3, cell)

    answer = RIGHT_KL.replace("return ", "show(0); return ")
    assert (
        by_name(grade(A01, write_notebook({KL: answer}, change), secret=SECRET))[KL]["score"] == 12
    )


def test_definitions_are_run_as_they_were_written():
    defined = [
        "@deco(\n    1)\n@other\ndef f(x):\n    return x  # why",
        "class A: pass",
        "async def g(): pass",
    ]
    source = "import a, b as c; run()\n" + "\nrun()\n".join(defined)
    assert notebook.definitions(source).split("\n\n") == ["import a, b as c", *defined]
    assert notebook.definitions("run()") is None


# Hidden inputs.


def inputs(question):
    return [
        np.asarray(argument).tobytes() for case in question.cases for argument in case.arguments
    ]


def test_another_file_has_other_hidden_inputs_and_the_same_the_same(write_notebook, monkeypatch):
    drawn, draw_for_student = [], tasks.draw_for_student

    def noted(*key):
        drawn.append(draw_for_student(*key))
        return drawn[-1]

    monkeypatch.setattr(verdicts.tasks, "draw_for_student", noted)
    path = write_notebook({KL: RIGHT_KL})
    count = len(tasks.load(A01).questions)
    for _ in range(2):
        grade(A01, path, secret=SECRET, student="ada")
    # An output that nobody runs.
    path.write_text(path.read_text().rstrip() + " ")
    grade(A01, path, secret=SECRET, student="ada")
    first, again, changed = (drawn[start : start + count] for start in (0, count, 2 * count))
    for one, same, other in zip(first, again, changed, strict=True):
        assert inputs(one) == inputs(same)
        assert inputs(one) != inputs(other)
