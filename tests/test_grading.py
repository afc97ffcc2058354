"""A class graded for real: each kind of notebook gets what it deserves, whatever the others do."""

import ast
import hashlib
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import nbformat
import numpy as np
import pytest
import soak
from vikit.judging import naming

import autograder
from autograder import kernels, tasks
from autograder.build import notebooks, sample
from autograder.course.beside import Notebooks
from autograder.grading import find_submissions, notebook
from autograder.grading import run as runs
from autograder.grading.classroom import (
    Settings,
    grade_class,
    is_current,
    notebook_path,
    read_verdict,
    verdict_path,
)
from autograder.grading.judge import Judge
from autograder.grading.limits import Limits, limits_for, machine_memory
from autograder.grading.submission import Submission
from autograder.grading.timing import read_times
from autograder.grading.verdict import Conditions, Unconfined, confine, course_secret, grade
from autograder.kernels import Bounds
from autograder.reports.feedback import feedback_html

A01 = "a01_densities"
SECRET = b"secret of the tests"
# Where a test puts the code that says that nothing comes after it.
STUCK = "# stuck\n"
KL, BERNOULLI, ELBO = "kl_to_standard_normal", "bernoulli_log_prob_logits", "elbo_identity_terms"
RIGHT_KL = (
    f"def {KL}(mu, log_var):\n    return 0.5 * tf.reduce_sum(mu**2 + tf.exp(log_var) - log_var - 1,"
    " axis=-1)"
)
pytestmark = pytest.mark.kernels


def brief(verdict):
    return {
        question["name"]: (question["status"], question["score"], question["mistake"])
        for question in verdict["questions"]
    }


@pytest.mark.parametrize(
    "student",
    ["s01-reference", "s03-numpy", "s04-keras-ops", "s05-tfp", "s13-talkative", "s15-no-metadata"],
)
def test_a_right_notebook_gets_full_marks_in_every_style(sample_class, student):
    verdict = sample_class[1][student]
    assert verdict["score"] == verdict["max_score"] == 77
    assert {question["status"] for question in verdict["questions"]} == {"correct"}


def test_an_untouched_stub_gets_nothing_and_is_unanswered(sample_class):
    verdict = sample_class[1]["s02-blank"]
    assert verdict["score"] == 0
    assert {question["status"] for question in verdict["questions"]} == {"unanswered"}


@pytest.mark.parametrize(
    ("student", "expected"),
    [
        (
            "s06-lecture-errata",
            {
                BERNOULLI: ("wrong", 0, "logit_neg_mean_over_pixels"),
                KL: ("wrong", 0, "kl_sign_flipped"),
                ELBO: ("wrong", 0, "identity_kl_to_prior"),
                "standard_normal_log_prob": ("wrong", 0, "snl_positive_exponent"),
                "gaussian_log_prob_learned": ("wrong", 0, "glv_square_of_quotient"),
                "kl_diag_gaussians": ("wrong", 0, "kl2_sign_flipped"),
            },
        ),
        (
            "s07-usual-mistakes",
            {
                BERNOULLI: ("partial", 5.6, "logit_naive_exp"),
                KL: ("wrong", 0, "kl_std_instead_of_var"),
                ELBO: ("wrong", 0, "identity_order_swapped"),
            },
        ),
        (
            "s08-unlisted-mistakes",
            {
                BERNOULLI: ("malformed", 0, None),
                KL: ("wrong", 0, None),
                ELBO: ("malformed", 0, None),
            },
        ),
        (
            "s09-raises-on-import",
            {BERNOULLI: ("error", 0, None), KL: ("correct", 12, None), ELBO: ("correct", 9, None)},
        ),
        (
            "s10-endless-loop",
            {
                BERNOULLI: ("correct", 8, None),
                KL: ("timeout", 0, None),
                ELBO: ("correct", 9, None),
            },
        ),
        (
            "s11-exits-in-answer",
            {
                BERNOULLI: ("crashed", 0, None),
                KL: ("correct", 12, None),
                ELBO: ("correct", 9, None),
            },
        ),
        (
            "s12-exits-in-cell",
            {
                BERNOULLI: ("correct", 8, None),
                KL: ("crashed", 0, None),
                ELBO: ("crashed", 0, None),
            },
        ),
        (
            "s14-mixed-up-cells",
            {
                BERNOULLI: ("correct", 8, None),
                KL: ("correct", 12, None),
                ELBO: ("missing", 0, None),
            },
        ),
    ],
)
def test_what_is_wrong_costs_only_itself(sample_class, student, expected):
    got = brief(sample_class[1][student])
    assert {name: got[name] for name in expected} == expected
    assert len(got) == 11
    assert {got[name][0] for name in set(got) - set(expected)} == {"correct"}


def test_how_long_questions_were_asked_lies_beside_the_verdicts(sample_class):
    times = read_times(sample_class[0])
    assert {student for student, _ in times} == set(sample_class[1])
    seconds = times["s10-endless-loop", A01]
    assert list(seconds) == [question.name for question in tasks.load(A01).questions]
    # One question took all of its time; the verdicts say nothing of it.
    assert max(seconds, key=seconds.get) == KL
    assert "seconds" not in json.dumps(sample_class[1]["s01-reference"])


def test_a_wrong_formula_is_drawn_beside_the_right_one(sample_class):
    verdicts = sample_class[1]
    drawn = {
        student: {question["name"]: question["pictures"] for question in verdict["questions"]}
        for student, verdict in verdicts.items()
    }
    assert not any(drawn["s01-reference"].values())
    (first, *_) = drawn["s07-usual-mistakes"][KL]
    # Where log_var = 3 the answer has the standard deviation in place of the variance.
    assert first["inputs"][-1] == 3
    assert first["label"] == f"{KL} at mu = [1, 1], log_var = [t, t]"
    assert first["right"][-1] == pytest.approx(np.exp(3) - 3, rel=1e-4)
    assert first["given"][-1] == pytest.approx(np.exp(1.5) - 3, rel=1e-4)
    assert f"<code>{KL.replace('_', '_<wbr>')} at" in feedback_html(verdicts["s07-usual-mistakes"])


def test_the_verdict_has_the_fields_that_others_build_on(sample_class):
    for verdict in sample_class[1].values():
        assert {
            "schema",
            "kit_version",
            "assignment",
            "student",
            "score",
            "max_score",
            "manual_max_score",
        } <= set(verdict)
        assert (verdict["schema"], verdict["assignment"], verdict["manual_max_score"]) == (
            3,
            A01,
            23,
        )
        confinement = kernels.choose()
        assert (verdict["confined"], verdict["warm"]) == (confinement.complete, confinement.warm)
        assert verdict["layers"] == list(confinement.layers)
        assert verdict["device"] in ("/CPU:0", "/GPU:0")
        assert len(verdict["submission_sha256"]) == 64
        assert verdict["score"] == pytest.approx(
            sum(question["score"] for question in verdict["questions"])
        )
        for question in verdict["questions"]:
            assert {
                "name",
                "score",
                "max_score",
                "status",
                "mistake",
                "message",
                "follows",
                "cases",
            } <= set(question)
            assert question["score"] == pytest.approx(
                sum(case["points"] for case in question["cases"]), abs=1e-3
            )
            for case in question["cases"]:
                assert set(case) == {
                    "kind",
                    "status",
                    "name",
                    "title",
                    "passed",
                    "points",
                    "worst_error",
                    "mistake",
                    "digits",
                }


@pytest.mark.soak
def test_grading_again_one_at_a_time_changes_nothing(sample_class, tmp_path):
    folder, first = sample_class
    # One of each kind; those that hang would take their time-outs again.
    kinds = ("reference", "blank", "errata", "usual", "exits-in-answer", "mixed")
    names = [name for name in first if any(kind in name for kind in kinds)]
    submissions, _ = find_submissions(folder / "submitted", tasks.names(), students=names)
    assert len(submissions) == len(names) == 6
    run = grade_class(submissions, Settings(tmp_path, SECRET))
    assert {item.student: brief(verdict) for item, verdict in run.verdicts.items()} == {
        name: brief(first[name]) for name in names
    }


def test_a_release_that_changed_costs_no_grading(tmp_path, write_notebook, graders_here):
    submitted, out = tmp_path / "submitted", tmp_path / "out"
    for student in ("ann", "bob"):
        write_notebook({KL: RIGHT_KL}, path=submitted / student / A01 / f"{A01}.ipynb")
    submissions, _ = find_submissions(submitted, [A01])
    release = tmp_path / f"{A01}.ipynb"
    release.write_bytes((notebooks.ASSIGNMENTS / A01 / release.name).read_bytes())
    settings = Settings(out, SECRET, jobs=2, unsafe=True, beside=Notebooks({A01: release}))
    first = grade_class(submissions, settings)
    assert (len(first.verdicts), first.kept, first.failures) == (2, 0, [])
    mended = nbformat.read(release, as_version=4)
    (check,) = (cell for cell in mended.cells if notebook.grade_id(cell) == KL)
    check.metadata.nbgrader.points *= 2
    nbformat.write(mended, release)
    # The notebooks are made anew, with the new points; the verdicts are those that are there.
    again = grade_class(submissions, settings)
    assert (again.kept, again.failures, again.before) == (2, [], {})
    for item, verdict in again.verdicts.items():
        sha256 = settings.beside.release_sha256(A01)
        assert sha256 != first.verdicts[item]["release_sha256"]
        assert verdict == first.verdicts[item] | {"release_sha256": sha256}
        assert read_verdict(verdict_path(out, item)) == verdict
        made = nbformat.read(notebook_path(out, item), as_version=4)
        (check,) = (cell for cell in made.cells if notebook.grade_id(cell) == KL)
        points = next(one["max_score"] for one in verdict["questions"] if one["name"] == KL)
        assert check.outputs[-1].data["text/plain"] == repr(2 * points)
    # Who has handed in something else meanwhile is graded.
    write_notebook(path=submitted / "ann" / A01 / f"{A01}.ipynb")
    release.write_text(release.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    last = grade_class(submissions, settings)
    assert (last.kept, [item.student for item in last.before]) == (1, ["ann"])


def test_a_verdict_is_kept_until_the_notebook_changes(sample_class):
    folder, verdicts = sample_class
    (item,) = find_submissions(folder / "submitted", tasks.names(), students=["s01-reference"])[0]
    path = folder / "verdicts" / A01 / "s01-reference.json"
    old, best = read_verdict(path), kernels.choose()
    assert old == verdicts["s01-reference"]
    now = Conditions(SECRET, "/CPU:0", Limits(), best)
    assert is_current(old, item, now)
    assert not is_current(old, item, replace(now, device="/GPU:0"))
    less = old | {"layers": ["seccomp"]}
    assert is_current(less, item, replace(now, confinement=kernels.COLD))
    assert best.layers in ((), ("seccomp",)) or not is_current(less, item, now)
    assert not is_current(old | {"kit_version": "0"}, item, now)
    assert not is_current(old | {"libraries": {"numpy": "0"}}, item, now)
    assert not is_current(old, item, replace(now, limits=limits_for(1, ["question=20"])))
    assert not is_current(old, item, replace(now, secret=b"another secret"))
    (other,) = find_submissions(folder / "submitted", tasks.names(), students=["s02-blank"])[0]
    assert not is_current(old, other, now)
    for number, text in enumerate(["{", "[]", '{"schema": 0}']):
        broken = folder / f"broken{number}.json"
        broken.write_text(text)
        assert read_verdict(broken) is None


@pytest.mark.parametrize(
    "noise", ["tf.random.normal(tf.shape(mu))", "np.random.normal(size=mu.shape)"]
)
def test_noise_that_a_function_draws_itself_is_named_and_how_to_mend_it(write_notebook, noise):
    path = write_notebook(
        {KL: f"def {KL}(mu, log_var):\n    return tf.reduce_sum(np.float32({noise}), axis=-1)"}
    )
    verdict = grade(A01, path, secret=SECRET, unsafe=True)
    question = next(item for item in verdict["questions"] if item["name"] == KL)
    assert (question["status"], question["score"], question["mistake"]) == (
        "wrong",
        0,
        "two_calls_differ",
    )
    assert "Two calls with the same inputs gave different values" in question["message"]
    assert question["repair"] == naming.TWO_CALLS_DIFFER.repair
    page = feedback_html(verdict)
    assert f"To mend it:</b> {question['repair']}" in page
    assert "two_calls_differ" not in page


def test_an_answer_without_a_name_is_read_back_for_student_and_staff(write_notebook):
    answer = (
        f"def {KL}(mu, log_var):\n"
        "    return tf.reduce_sum(mu**2 + 0.5 * tf.exp(log_var) + log_var - 0.5, axis=-1)"
    )
    verdict = grade(A01, write_notebook({KL: answer}), secret=SECRET, unsafe=True)
    question = next(item for item in verdict["questions"] if item["name"] == KL)
    assert (question["status"], question["score"], question["mistake"]) == ("wrong", 0, None)
    found = question["read_back"]
    assert found["id"] == "mean:2 log_var:-2"
    assert found["formula"].startswith("sum_k mu_k^2 + 1/2 sum_k sigma_k^2")
    assert found["sentence"] in question["message"]
    # The formula is the student's to find: which term it is stands in the repair.
    assert "mu" not in found["sentence"]
    assert "Find the place where the term in mu counts twice" in question["repair"]
    page = feedback_html(verdict)
    assert "mean:2" not in page
    assert "Find the place where the term in mu counts twice" in page
    assert question["unexplained"] == []


def test_an_answer_that_nothing_explains_has_values_that_do_not_depend_on_the_student(
    write_notebook,
):
    answer = f"def {KL}(mu, log_var):\n    return tf.reduce_sum(mu**3 + log_var**2, axis=-1)"
    path = write_notebook({KL: answer})
    found = []
    for student in ("ada", "bob"):
        verdict = grade(A01, path, student=student, secret=SECRET, unsafe=True)
        question = next(item for item in verdict["questions"] if item["name"] == KL)
        assert (question["mistake"], question["read_back"]) == (None, None)
        found.append(question["unexplained"])
    assert found[0] == found[1]
    assert len(found[0]) >= 12


def test_feedback_tells_students_errors_in_words_and_staff_read_them_in_numbers(write_notebook):
    answer = (
        f"def {KL}(mu, log_var):\n    return tf.reduce_sum(tf.abs(mu) ** 3 + 0 * log_var, axis=-1)"
    )
    verdict = grade(A01, write_notebook({KL: answer}), secret=SECRET, unsafe=True)
    question = next(item for item in verdict["questions"] if item["name"] == KL)
    page = feedback_html(verdict)
    assert question["message"].splitlines()[1].strip() in page
    assert "roughly the right size" in page
    errors = [case["worst_error"] for case in question["cases"] if not case["passed"]]
    assert all(error > 0 for error in errors)
    assert len(errors) > 3
    assert not re.search(r"off by|\de[+-]\d|\d\.\d", question["message"])


SETTINGS = """import warnings
keras.config.set_dtype_policy("mixed_float16")
keras.config.set_floatx("float64")
np.seterr(all="raise")
warnings.simplefilter("error")
tf.config.run_functions_eagerly(True)
tf.debugging.enable_check_numerics()
"""


@pytest.mark.parametrize(
    "setting",
    [
        SETTINGS,
        "tf.compat.v1.disable_eager_execution()",
        soak.later("tf.compat.v1.disable_v2_behavior()"),
    ],
)
def test_settings_of_the_whole_notebook_cost_a_right_answer_nothing(write_notebook, setting):
    def change(notebook):
        notebook.cells.insert(3, nbformat.v4.new_code_cell(setting))

    verdict = grade(A01, write_notebook(sample.solutions(), change), secret=SECRET, unsafe=True)
    assert verdict["score"] == verdict["max_score"], brief(verdict)


@pytest.mark.parametrize(
    ("setting", "line", "said"),
    [
        (
            "",
            "keras.Sequential([tfp.layers.DenseFlipout(3)])(mu)",
            "tf_keras do not work inside Keras 3",
        ),
        (
            "tf.compat.v1.disable_eager_execution()\nHALF = tf.constant(0.5)",
            "HALF + mu",
            "take that line out",
        ),
    ],
)
def test_a_known_error_comes_with_advice(write_notebook, setting, line, said):
    def change(notebook):
        notebook.cells.insert(3, nbformat.v4.new_code_cell(setting))

    path = write_notebook({KL: f"def {KL}(mu, log_var):\n    return {line}"}, change)
    question = next(
        item
        for item in grade(A01, path, secret=SECRET, unsafe=True)["questions"]
        if item["name"] == KL
    )
    assert (question["status"], question["score"]) == ("error", 0)
    assert said in question["message"]


def test_messages_hold_nothing_that_a_function_wrote_while_it_saw_hidden_inputs(write_notebook):
    path = write_notebook(
        {
            KL: f'def {KL}(mu, log_var):\n    raise ValueError(f"inputs {{mu.tolist()}}")',
            ELBO: (
                f"def {ELBO}(a, b, c):\n    raise type('Leak' + str(float(a[0])).replace('.', '_'),"
                " (Exception,), {})()"
            ),
            BERNOULLI: (
                f"def {BERNOULLI}(x, logits):\n    return type('Leak' + str(int(x.sum())), (), "
                "{})()"
            ),
        }
    )
    verdict = grade(A01, path, secret=SECRET)
    statuses = {
        name: status for name, (status, _, _) in brief(verdict).items() if status != "unanswered"
    }
    assert statuses == {
        KL: "error",
        ELBO: "error",
        BERNOULLI: "malformed",
    }
    text = json.dumps(verdict)
    assert "inputs [" not in text
    assert "Leak" not in text.replace("type('Leak'", "")
    assert "raised ValueError (line 2 of its cell)" in text
    assert "raise ValueError(f" in text


def test_cells_run_as_students_are_told(write_notebook):
    """Helpers in extra cells and in a changed experiment count; a training there does not run;
    errors don't stop the rest.
    """

    def change(notebook):
        experiments = [
            cell for cell in notebook.cells if "experiment" in cell.metadata.get("tags", [])
        ]
        experiments[
            0
        ].source = "import math\n\ndef helper(v):\n    return v / 2\n\nwhile True:\n    pass"
        notebook.cells.insert(
            3, nbformat.v4.new_code_cell("%matplotlib inline\n!true\nextra = 0.0")
        )
        notebook.cells.insert(3, nbformat.v4.new_code_cell("this is not Python"))
        notebook.cells.append(nbformat.v4.new_code_cell("raise SystemExit"))

    answer = (
        f"\n\ndef {KL}(mu, log_var):\n    return helper(tf.reduce_sum(mu**2 + tf.exp(log_var) - "
        "log_var - 1, -1)) + extra"
    )
    verdict = grade(A01, write_notebook({KL: answer}, change), secret=SECRET)
    assert brief(verdict)[KL] == ("correct", 12, None)


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        ("def kl_to_standard_normal(mu, log_var)\n    return mu", "error", "SyntaxError"),
        (
            STUCK + "import time\ntime.sleep(10**6)\n" + RIGHT_KL,
            "timeout",
            "was not done after 3000 s",
        ),
        (f"{RIGHT_KL}\n\nexit()", "correct", "Right on all"),
        (
            RIGHT_KL.replace(
                "mu**2", "mu**2 + 0 * tf.py_function(lambda: np.logaddexp(0, mu), [], tf.float32)"
            ),
            "correct",
            "Right",
        ),
        (f"def {KL}(mu, log_var):\n    raise SystemExit", "error", "raised an exception"),
        (
            f"@tf.function\ndef {KL}(mu, log_var):\n    return np.exp(mu)",
            "error",
            "raised an exception",
        ),
        (
            f"half, {KL} = 0.5, lambda mu, v: half * tf.reduce_sum(mu**2 + tf.exp(v) - v - 1, -1)",
            "correct",
            "Right on all",
        ),
        ("def my_kl(mu, log_var):\n" + RIGHT_KL.split("\n")[1], "correct", "Right on all"),
        ("kl_to_standard_normal = 3", "error", "raised TypeError"),
        ("del tf\n" + RIGHT_KL, "error", "raised NameError"),
    ],
)
def test_an_answer_cell_with_something_odd(write_notebook, answer, status, said, stuck):
    path = write_notebook({KL: answer.replace(STUCK, f"{stuck}\n")})
    verdict = grade(A01, path, secret=SECRET, limits=Limits(cell=3000))
    assert brief(verdict)[KL][0] == status
    assert said in next(
        question["message"] for question in verdict["questions"] if question["name"] == KL
    )


def test_the_python_interface_is_the_documented_one(sample_class):
    folder, verdicts = sample_class
    path = folder / "submitted" / "s02-blank" / A01 / f"{A01}.ipynb"
    verdict = autograder.grade(A01, str(path), student="s001", secret="text will do")
    assert (verdict["student"], brief(verdict)) == ("s001", brief(verdicts["s02-blank"]))


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"cells": 3}',
        '{"cells": [3], "nbformat": 4, "nbformat_minor": 5}',
        '{"cells": [{}], "nbformat": 4}',
        '{"cells": [{"cell_type": "code", "source": 3}]}',
        '{"cells": [{"cell_type": "code", "source": "\\ud800"}]}',
        '{"cells": "code"}',
        "[" * 100_000,
        "1" * 10_000,
    ],
)
def test_a_file_that_is_no_notebook_gets_a_verdict_that_says_so(tmp_path, content):
    path = tmp_path / "x.ipynb"
    path.write_text(content)
    verdict = grade(A01, path, secret=SECRET)
    assert verdict["score"] == 0
    for question in verdict["questions"]:
        assert question["status"] == "missing"
        assert "Nothing could be graded" in question["message"]


def test_a_huge_file_is_not_even_read(tmp_path):
    path = tmp_path / "x.ipynb"
    with path.open("wb") as file:
        file.truncate(notebook.MAX_FILE_BYTES + 1)
    assert "more than 100" in grade(A01, path, secret=SECRET)["questions"][0]["message"]


def test_submissions_are_found_whatever_students_name_things(tmp_path):
    for name in ("Zoë Müller", "o'neil, s", "s1", "[bold]x"):
        (tmp_path / name / A01).mkdir(parents=True)
    (tmp_path / "Zoë Müller" / A01 / f"{A01}.ipynb").write_text("{}")
    (tmp_path / "o'neil, s" / A01 / "Copy of a01 (1).ipynb").write_text("{}")
    (tmp_path / "s1" / "a99_other").mkdir()
    (tmp_path / "s2").mkdir()
    (tmp_path / "s2" / f"{A01}-submission.zip").write_bytes(b"")
    (tmp_path / "s3" / A01).mkdir(parents=True)
    (tmp_path / "s3" / A01 / "one.ipynb").write_text("{}")
    (tmp_path / "s3" / A01 / "two.ipynb").write_text("{ }")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "loose.ipynb").write_text("{}")
    submissions, notices = find_submissions(tmp_path, [A01])
    found = {item.student: (item.path and item.path.name, item.notice) for item in submissions}
    assert found == {
        "Zoë Müller": (f"{A01}.ipynb", ""),
        "[bold]x": (None, f"expected {A01}.ipynb, found no notebook at all"),
        "o'neil, s": (
            "Copy of a01 (1).ipynb",
            "graded Copy of a01 (1).ipynb, the only notebook there",
        ),
        "s1": (None, f"expected {A01}.ipynb, found no notebook at all"),
        "s2": (
            None,
            (
                f"expected s2/{A01}/{A01}.ipynb, found {A01}-submission.zip (not read: "
                f"it is empty) (unpack a zip, and keep the folder {A01})"
            ),
        ),
        "s3": (None, f"expected {A01}.ipynb, found one.ipynb, two.ipynb"),
    }
    assert notices == [
        "s1/a99_other: no assignment is called that",
        "loose.ipynb: not in a student's folder; not graded",
    ]
    assert (
        find_submissions(tmp_path, [A01], students=["nobody"])[1][-1]
        == f"nobody: no such folder in {tmp_path}"
    )


def test_a_folder_name_that_is_no_utf_8_is_graded(tmp_path):
    os.makedirs(os.fsencode(tmp_path) + b"/caf\xe9/" + A01.encode())
    (item,) = find_submissions(tmp_path, [A01])[0]
    assert item.student == "caf\\xe9"
    run = grade_class([item], Settings(tmp_path / "out", SECRET))
    assert not run.failures
    assert run.verdicts[item]["questions"][0]["message"].startswith(
        "Nothing could be graded: expected"
    )


def test_a_forged_reply_without_values_is_malformed(write_notebook):
    forge = (
        "__import__('sys').modules['vikit.protocol.student_side'].pack_result = "
        "lambda *a: {'status': 'ok', 'values': [None]}"
    )
    verdict = brief(grade(A01, write_notebook({BERNOULLI: forge, KL: RIGHT_KL}), secret=SECRET))
    assert verdict[KL] == ("malformed", 0, None)
    assert sum(points for _, points, _ in verdict.values()) == 0


def test_names_of_files_can_be_printed_anywhere(tmp_path):
    work = os.fsencode(tmp_path) + b"/bob/" + A01.encode()
    os.makedirs(work)
    for name in (b"work-\xe9.ipynb", b"other\n\x1b[31m.ipynb"):
        Path(os.fsdecode(work + b"/" + name)).write_text(ascii(name))
    (item,) = find_submissions(tmp_path, [A01])[0]
    assert item.notice.isprintable()
    assert item.notice.endswith(r"found other\n\x1b[31m.ipynb, work-\xe9.ipynb")


def test_a_huge_file_is_not_read_into_memory(tmp_path):
    from autograder.kernels.exchange import resident

    path = tmp_path / f"{A01}.ipynb"
    with path.open("wb") as file:
        file.truncate(2**30)
    before = resident()
    verdict = grade(A01, path, secret=SECRET)
    assert "1024.0 MiB, more than 100" in verdict["questions"][0]["message"]
    assert resident() - before < 2**28


def test_a_death_is_blamed_on_the_question_that_did_it(write_notebook):
    """A thread of one question that ends the process during a later one costs the later one
    nothing.
    """
    armed = (
        "import os, threading\nasked, bomb = threading.Event(), lambda: asked.wait() and "
        "os._exit(1)\narmed = []\n"
    )
    arm = "armed.append(threading.Thread(target=bomb, daemon=True).start())"
    value = "tf.reduce_sum(x * a - tf.nn.softplus(a), -1)"
    answers = {
        BERNOULLI: f"{armed}\ndef {BERNOULLI}(x, a):\n    {arm}\n    return {value}",
        KL: RIGHT_KL.replace(
            "    return", "    if armed:\n        asked.set()\n        while True: pass\n    return"
        ),
    }
    names = [question.name for question in tasks.load(A01).questions]
    assert names.index(BERNOULLI) < names.index(KL)
    verdict = brief(grade(A01, write_notebook(answers), secret=SECRET))
    assert verdict[KL] == ("correct", 12, None)
    assert verdict[BERNOULLI] == ("correct", 8, None)
    assert {status for name, (status, _, _) in verdict.items() if name not in (KL, BERNOULLI)} == {
        "unanswered"
    }


@pytest.mark.parametrize(
    "body",
    [
        "__import__('sys').modules.pop('vikit.protocol.student_side'); return x",
        soak.later("get_ipython().display_pub.publish = None; return x"),
        "get_ipython().display_pub.session = None; return x",
        (
            "k = get_ipython().kernel; k.session.send(k.iopub_socket, 'status', [1], "
            "parent=get_ipython().parent_header); return x"
        ),
        "return np.zeros((0, 617220, 812042, 819789))",
        soak.later("return np.zeros((0, 30000, 30000), np.float32)"),
        soak.later("raise KeyboardInterrupt"),
        "raise ValueError(chr(0xD800))",
    ],
)
def test_a_hostile_function_costs_only_itself(write_notebook, body):
    answers = {BERNOULLI: f"def {BERNOULLI}(x, a):\n    {body}", KL: RIGHT_KL}
    verdict = brief(grade(A01, write_notebook(answers), secret=SECRET))
    assert verdict[BERNOULLI][1] == 0
    assert verdict[KL] == ("correct", 12, None)


@pytest.mark.parametrize(
    ("end", "status"),
    [
        (f"{STUCK}        while True: pass", "timeout"),
        ("__import__('os')._exit(1)", "crashed"),
        ("print('x' * 2**22)", "crashed"),
    ],
    ids=["hangs", "ends", "prints"],
)
def test_a_case_that_never_comes_back_takes_none_of_the_answers_before_it(
    write_notebook, end, status, stuck
):
    value, end = "np.sum(x * a - np.logaddexp(0, a), -1)", end.replace(STUCK, f"{stuck}\n")
    answers = {
        BERNOULLI: (
            f"def {BERNOULLI}(x, a):\n    if np.abs(a).max() > 500:\n        {end}\n    return "
            f"{value}"
        )
    }
    verdict = grade(A01, write_notebook(answers | {KL: RIGHT_KL}), secret=SECRET)
    assert brief(verdict)[KL] == ("correct", 12, None)
    (question,) = [question for question in verdict["questions"] if question["name"] == BERNOULLI]
    assert {case["status"] for case in question["cases"] if case["passed"]} == {"correct"}
    assert {case["kind"] for case in question["cases"] if case["passed"]} >= {"generic"}
    assert {case["status"] for case in question["cases"] if not case["passed"]} == {status}
    assert all(case["passed"] for case in question["cases"] if case["kind"] == "generic")


def test_one_submission_on_which_the_kit_fails_does_not_stop_the_others(tmp_path, write_notebook):
    path = write_notebook()
    verdicts = tmp_path / "out" / "verdicts" / A01
    (verdicts / "bad.json").mkdir(parents=True)
    run = grade_class(
        [Submission(student, A01, path) for student in ("good", "bad", "fine")],
        Settings(tmp_path / "out", b"s"),
    )
    assert [item.student for item in run.verdicts] == ["good", "fine"]
    (failure,) = run.failures
    assert failure.startswith(f"bad/{A01}: IsADirectoryError")
    assert sorted(path.name for path in verdicts.iterdir() if path.is_file()) == [
        "fine.json",
        "good.json",
    ]


def test_where_nothing_can_be_confined_grading_refuses_or_says_so(write_notebook, monkeypatch):
    monkeypatch.setattr(kernels, "choose", lambda: kernels.COLD)
    path = write_notebook({KL: RIGHT_KL})
    with pytest.raises(Unconfined, match="--unsafe"):
        grade(A01, path, secret=SECRET)
    verdict = grade(A01, path, secret=SECRET, unsafe=True)
    assert (verdict["confined"], verdict["warm"], verdict["layers"]) == (False, False, [])
    assert brief(verdict)[KL] == ("correct", 12, None)


@pytest.mark.parametrize("layers", [("landlock", "seccomp"), ("seccomp",)], ids="+".join)
@pytest.mark.skipif("not kernels.choose().complete", reason="layers missing here")
def test_where_some_layers_are_missing_grading_goes_on_and_says_which_it_had(
    write_notebook, monkeypatch, layers
):
    monkeypatch.setattr(kernels, "choose", lambda: kernels.Confinement(True, layers))
    ends = f"def {BERNOULLI}(x, a):\n    __import__('os')._exit(1)"
    verdict = grade(
        A01,
        write_notebook({KL: RIGHT_KL, BERNOULLI: ends}),
        secret=SECRET,
        unsafe=layers == ("seccomp",),
    )
    assert (verdict["confined"], verdict["warm"], verdict["layers"]) == (False, True, list(layers))
    assert brief(verdict)[KL] == ("correct", 12, None)
    assert brief(verdict)[BERNOULLI][0] == "crashed"


def test_a_container_has_the_memory_that_it_was_given(tmp_path):
    limit, none = tmp_path / "limit", tmp_path / "none"
    limit.write_text("3000000000\n")
    none.write_text("max\n")
    assert machine_memory([none, tmp_path / "missing"]) == machine_memory([])
    assert machine_memory([none, limit]) == 3_000_000_000 < machine_memory([])


def test_limits_are_set_by_name():
    limits = limits_for(2, ["question=20", "memory=1.5GiB", "output=64KiB", "processes=80"])
    assert (limits.question, limits.output, limits.bounds.files) == (20, 2**16, Bounds().files)
    # Those that students are told.
    assert (Limits.cell, Limits.question, Limits.notebook) == (60, 10, 600)
    assert (limits.bounds.memory, limits.bounds.processes) == (3 * 2**29, 80)
    assert limits.given == ("question", "memory", "output", "processes")
    assert limits_for(10**6).bounds.memory < Limits().bounds.memory
    assert limits_for(10**6).given == ()


@pytest.mark.parametrize(
    "setting",
    [
        "time=3",
        "question",
        "question=",
        "question=0",
        "question=-1",
        "question=1GiB",
        "memory=4GB",
        "memory=x",
        "memory=99999999999GiB",
        "notebook=99999999999999999999",
        "",
        "memory=512",
        "files=3",
        "scratch=0.5",
    ],
)
def test_a_limit_that_is_none_is_refused_with_the_way_to_write_it(setting):
    with pytest.raises(ValueError, match=r"write (NAME=VALUE|\w+= and a number)"):
        limits_for(1, [setting])


def test_limits_are_kept_and_said(write_notebook):
    answers = {
        KL: f"def {KL}(mu, log_var):\n    print('x' * 5000)\n    while True: pass",
        BERNOULLI: "print('x' * 5000)",
    }
    verdict = grade(
        A01,
        write_notebook(answers),
        secret=SECRET,
        limits=limits_for(1, ["question=100000", "output=4KiB"]),
    )
    assert verdict["limits"] == {"output": 4096, "question": 100000}
    messages = {question["name"]: question["message"] for question in verdict["questions"]}
    assert "printed more than 4 KiB" in messages[KL]


def test_memory_is_bounded_and_the_student_told(write_notebook):
    hog = "x = np.ones((2**17, 2**10)); keep = [x + i for i in range(20)]; return x"
    answers = {BERNOULLI: f"def {BERNOULLI}(x, a):\n    {hog}", KL: RIGHT_KL}
    verdict = grade(
        A01, write_notebook(answers), secret=SECRET, limits=limits_for(1, ["memory=2GiB"])
    )
    (question,) = [question for question in verdict["questions"] if question["name"] == BERNOULLI]
    assert question["score"] == 0
    assert "MemoryError" in question["message"] or "2 GiB of memory" in question["message"]
    assert brief(verdict)[KL] == ("correct", 12, None)


def test_a_notebook_that_one_layer_alone_confines_needs_unsafe(monkeypatch):
    monkeypatch.setattr(kernels, "choose", lambda: kernels.Confinement(True, ("seccomp",)))
    with pytest.raises(Unconfined):
        confine(False)
    monkeypatch.setattr(kernels, "choose", lambda: kernels.Confinement(True, ("landlock",)))
    assert confine(False).layers == ("landlock",)


def test_what_a_link_takes_from_another_student_is_not_graded(tmp_path, write_notebook):
    good = tmp_path / "good" / A01
    good.mkdir(parents=True)
    (good / f"{A01}.ipynb").write_bytes(write_notebook().read_bytes())
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / A01).symlink_to("../good/" + A01)
    for student, name, target in (
        ("worse", f"{A01}.ipynb", good / f"{A01}.ipynb"),
        ("worst", "linked-elsewhere.ipynb", good / f"{A01}.ipynb"),
        ("loop", f"{A01}.ipynb", f"{A01}.ipynb"),
        ("far loop", "another.ipynb", "another.ipynb"),
    ):
        (tmp_path / student / A01).mkdir(parents=True)
        (tmp_path / student / A01 / name).symlink_to(target)
    (tmp_path / "looped home").symlink_to("looped home")
    found = {item.student: item for item in find_submissions(tmp_path, [A01])[0]}
    assert found.pop("good").notice == ""
    assert len(found) == 6
    for item in found.values():
        assert item.path is None
        assert "link" in item.notice


def test_names_of_folders_can_be_printed_anywhere(tmp_path):
    os.makedirs(os.fsencode(tmp_path) + b"/bob/\xdcbung\x1b[31m\nforged: line")
    _, (notice,) = find_submissions(tmp_path, [A01])
    assert notice == "bob/\\xdcbung\\x1b[31m\\nforged: line: no assignment is called that"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_cannot_be_read_costs_only_itself(tmp_path, write_notebook):
    write_notebook(path=tmp_path / "good" / A01 / f"{A01}.ipynb")
    for place in (tmp_path / "closed home", tmp_path / "closed" / A01):
        place.mkdir(parents=True)
        place.chmod(0)
    write_notebook(path=tmp_path / "file" / A01 / f"{A01}.ipynb").chmod(0)
    submissions, _ = find_submissions(tmp_path, [A01])
    run = grade_class(submissions, Settings(tmp_path / "out", SECRET))
    assert not run.failures
    said = {
        item.student: verdict["questions"][0]["message"] for item, verdict in run.verdicts.items()
    }
    assert all("cannot be read" in said[student] for student in ("closed home", "closed"))
    assert "Permission denied" in said["file"]


def test_what_is_graded_is_what_the_verdict_is_filed_under(tmp_path, write_notebook, monkeypatch):
    path = write_notebook({KL: RIGHT_KL})
    wanted = hashlib.sha256(path.read_bytes()).hexdigest()
    judge_all = Judge.judge_all

    def replaced_meanwhile(*arguments):
        write_notebook({KL: f"def {KL}(mu, log_var):\n    return 0"})
        return judge_all(*arguments)

    monkeypatch.setattr(Judge, "judge_all", replaced_meanwhile)
    verdict = grade(A01, path, secret=SECRET)
    assert brief(verdict)[KL] == ("correct", 12, None)
    assert verdict["submission_sha256"] == wanted != hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_notebook_that_is_larger_than_its_scratch_folder_is_refused(write_notebook):
    path = write_notebook({KL: f"data = {'x' * 2**17!r}"})
    limits = Limits(bounds=Bounds(scratch=2**17))
    assert (
        "more than 0.0625: put data into files"
        in grade(A01, path, secret=SECRET, limits=limits)["questions"][0]["message"]
    )


def test_an_array_too_large_to_send_is_malformed(write_notebook):
    answers = {
        BERNOULLI: f"def {BERNOULLI}(x, a):\n    return np.zeros((2**11, 2**11))",
        KL: RIGHT_KL,
    }
    verdict = grade(A01, write_notebook(answers), secret=SECRET)
    (question,) = [question for question in verdict["questions"] if question["name"] == BERNOULLI]
    assert (question["status"], question["score"]) == ("malformed", 0)
    assert "more than 8 MiB of numbers" in question["message"]
    assert brief(verdict)[KL] == ("correct", 12, None)


def test_graders_that_start_together_share_one_secret(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        drawn = set(pool.map(lambda _: course_secret(tmp_path / "secret"), range(8)))
    assert len(drawn) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


@pytest.mark.parametrize(
    "source",
    [
        "x = " + "+".join(["1"] * 5000),
        "if 1:\n    pass\n" + "elif 1:\n    pass\n" * 1500,
        "x = " + "1 if 1 else " * 2500 + "1",
    ],
    ids=["a long sum", "many branches", "a long choice"],
)
def test_a_long_expression_is_no_fault_of_the_kit(write_notebook, monkeypatch, source):
    path = write_notebook({KL: RIGHT_KL})
    content = nbformat.read(path, as_version=4)
    content.cells.insert(1, nbformat.v4.new_code_cell(source))
    nbformat.write(content, path)
    execute = kernels.Kernel.execute

    def impatient(kernel, code, seconds, **options):
        # IPython never answers for the first of them.
        return execute(kernel, code, 1 if code == source else seconds, **options)

    monkeypatch.setattr(kernels.Kernel, "execute", impatient)
    assert brief(grade(A01, path, secret=SECRET))[KL] == ("correct", 12, None)


def test_thousands_of_cells_are_refused_and_of_fewer_each_is_parsed_once(
    write_notebook, monkeypatch
):
    path = write_notebook()
    content = nbformat.read(path, as_version=4)
    code = sum(cell.cell_type == "code" for cell in content.cells)
    content.cells += [
        nbformat.v4.new_code_cell(f"x{number} = 1") for number in range(notebook.MAX_CELLS - code)
    ]
    nbformat.write(content, path)
    parsed, parse = [], ast.parse
    monkeypatch.setattr(
        ast, "parse", lambda source, *options: parsed.append(source) or parse(source, *options)
    )
    assert len(notebook.read_cells(path, notebook.read_released(A01))) == notebook.MAX_CELLS
    assert len(parsed) == notebook.MAX_CELLS
    content.cells += [nbformat.v4.new_code_cell("one = 1")]
    nbformat.write(content, path)
    with pytest.raises(notebook.UnreadableNotebook, match="code cells"):
        notebook.read_cells(path, notebook.read_released(A01))


def test_outputs_that_fit_no_schema_are_not_looked_at(write_notebook, monkeypatch):
    """Validating them takes minutes."""
    path = write_notebook({KL: RIGHT_KL})
    content = json.loads(path.read_text())
    code = next(cell for cell in content["cells"] if cell["cell_type"] == "code")
    code["outputs"] = [{}] * 20_000
    path.write_text(json.dumps(content))
    for name in ("read", "reads", "validate"):
        monkeypatch.setattr(
            nbformat, name, lambda *_, **__: pytest.fail("the whole notebook is looked at")
        )
    assert notebook.read_cells(path, notebook.read_released(A01))


def test_megabytes_of_code_are_refused(write_notebook):
    path = write_notebook({KL: f"data = {'x' * notebook.MAX_CODE_BYTES!r}"})
    assert "put data into files" in grade(A01, path, secret=SECRET)["questions"][0]["message"]


def test_a_notebook_that_ends_its_process_again_and_again_comes_to_an_end(
    write_notebook, monkeypatch
):
    monkeypatch.setattr(runs, "MAX_RESTARTS", 3)
    ends = "__import__('os')._exit(1)"
    names = [question.name for question in tasks.load(A01).questions]
    answers = {name: f"def {name}(*args):\n    {ends}" for name in names}
    verdict = grade(A01, write_notebook(answers), secret=SECRET)
    said = "the notebook ended its Python process more than 3 times"
    assert said in verdict["questions"][-1]["message"]
