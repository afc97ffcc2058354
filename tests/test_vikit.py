import json
import os
import sys
import types
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf
import vikit
from vikit import checking, data, submitting
from vikit.exams import Exam
from vikit.judging import naming
from vikit.protocol import client

from autograder.build import notebooks, script

A01 = "a01_densities"


@pytest.fixture(autouse=True)
def in_the_notebooks_folder(monkeypatch):
    monkeypatch.chdir(notebooks.ASSIGNMENTS / A01)
    monkeypatch.setitem(checking._current, "assignment", A01)


@pytest.fixture
def define(monkeypatch):
    """Returns a function that defines an answer as a notebook cell does: in `__main__`."""

    def define(name, function):
        monkeypatch.setattr(sys.modules["__main__"], name, function, raising=False)

    return define


def solution(name):
    import importlib

    return getattr(importlib.import_module(f"solutions.{A01}"), name)


def kl(mu, log_var):
    return 0.5 * tf.reduce_sum(mu**2 + tf.exp(log_var) - log_var - 1, axis=-1)


def test_check_says_right(define, capsys):
    define("kl_to_standard_normal", kl)
    vikit.check("kl_to_standard_normal")
    printed = capsys.readouterr().out
    assert "✓ kl_to_standard_normal: correct, 12 of 12 points on public cases" in printed
    assert "Right on all 7 cases." in printed


def test_check_takes_the_function_itself(capsys):
    def kl_to_standard_normal(mu, log_var):
        return kl(mu, log_var)

    vikit.check(kl_to_standard_normal)
    assert "correct" in capsys.readouterr().out


@pytest.mark.parametrize(
    "noise",
    [
        lambda mu: tf.random.normal(tf.shape(mu)),
        lambda mu: keras.random.normal(tf.shape(mu)),
        lambda mu: np.random.normal(size=mu.shape),
        lambda mu: np.random.default_rng().normal(size=mu.shape),
    ],
)
def test_check_finds_noise_that_a_function_draws_itself(define, capsys, noise):
    define(
        "reparameterize", lambda mu, log_var, eps: mu + tf.exp(log_var / 2) * np.float32(noise(mu))
    )
    vikit.check("reparameterize")
    printed = capsys.readouterr().out
    assert "two_calls_differ" not in printed, "the name is for the staff"
    assert "Two calls with the same inputs gave different values" in printed


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            lambda mu, log_var: -kl(mu, log_var),
            ["never negative"],
        ),
        (
            lambda mu, log_var: kl(mu**2, log_var),
            [
                "wrong, 0 of 12",
                "  log_var of both signs: values are off by up to",
                "\n  mu[",
                "\n  your value[",
                "\n  the right value[",
            ],
        ),
        (
            lambda mu, log_var: kl(mu, log_var)[:, None],
            ["malformed", "got shape [5,1], expected [5]"],
        ),
        (lambda mu, log_var: "seven", ["malformed", "returned text; expected an array [B]"]),
        (lambda mu, log_var: None, ["malformed", "returned None", "Is its `return` missing?"]),
        (lambda mu, log_var: mu.no_such_thing, ["error", "raised AttributeError", "no_such_thing"]),
        (lambda mu: mu, ["error", "TypeError", "takes 1 positional argument"]),
    ],
)
def test_check_says_what_is_wrong(define, capsys, answer, said):
    define("kl_to_standard_normal", answer)
    vikit.check("kl_to_standard_normal")
    printed = capsys.readouterr().out
    assert all(words in printed for words in said), printed


class Clocks:
    """Stands in for the clocks: what ran on a processor, and what passed on the wall."""

    def __init__(self):
        self.ran = self.passed = 0.0

    def process_time(self):
        return self.ran

    def monotonic(self):
        return self.passed

    def go_on(self, ran, passed):
        self.ran += ran
        self.passed += passed


# Seven cases; grading stops after 10 seconds.
@pytest.mark.parametrize(
    ("ran", "passed", "warned"),
    [(0.9, 0.9, 6), (0.6, 0.6, None), (0.6, 60.0, None), (4.0, 0.9, 6), (4.0, 0.6, None)],
)
def test_check_warns_of_the_processor_time_of_an_answer(
    define, capsys, monkeypatch, ran, passed, warned
):
    clocks = Clocks()
    monkeypatch.setattr(client, "time", clocks)

    def answer(mu, log_var):
        clocks.go_on(ran, passed)
        return kl(mu, log_var)

    def find_slowly(name, find=checking.find_question):
        clocks.go_on(1000, 1000)
        return find(name)

    monkeypatch.setattr(checking, "find_question", find_slowly)
    define("kl_to_standard_normal", answer)
    vikit.check("kl_to_standard_normal")
    printed = capsys.readouterr().out
    said = f"Your code ran for {warned} s. Grading stops a question after 10 s"
    assert (said in printed) if warned else ("Grading stops" not in printed), printed


def test_check_does_not_count_the_start_of_tensorflow(monkeypatch):
    clocks, stopwatch = Clocks(), client.Stopwatch()
    monkeypatch.setattr(client, "time", clocks)
    started = sys.modules.pop("tensorflow")
    with stopwatch.count():
        sys.modules["tensorflow"] = started
        clocks.go_on(30, 30)
    assert stopwatch.seconds == 0
    with stopwatch.count():
        clocks.go_on(2, 3)
    assert stopwatch.seconds == 2


def test_check_says_how_to_mend_a_known_mistake_when_asked(define, capsys):
    right = solution("gaussian_entropy")
    define("gaussian_entropy", lambda log_var: right(log_var) / np.log(2))
    off, repair, _ = naming.TRANSFORMATIONS["transformation_bits"]
    vikit.check("gaussian_entropy")
    plain = capsys.readouterr().out
    assert off in plain
    assert 'How to mend it: check("gaussian_entropy", hint=True)' in plain
    assert repair not in plain
    vikit.check("gaussian_entropy", hint=True)
    asked = capsys.readouterr().out
    assert off in asked
    assert f"To mend it: {repair}" in asked


@pytest.mark.parametrize("hint", [False, True])
def test_check_speaks_of_no_mending_where_there_is_nothing_to_mend(define, capsys, hint):
    define("gaussian_entropy", solution("gaussian_entropy"))
    vikit.check("gaussian_entropy", hint=hint)
    assert "mend" not in capsys.readouterr().out


def test_check_with_a_hint_says_so_where_no_mistake_is_known(define, capsys):
    define("kl_to_standard_normal", lambda mu, log_var: kl(mu**2, log_var))
    vikit.check("kl_to_standard_normal", hint=True)
    assert f"To mend it: {checking.NO_REPAIR}" in capsys.readouterr().out


@pytest.mark.parametrize("hint", [False, True])
def test_check_reads_an_answer_back_and_names_the_term_when_asked(define, capsys, hint):
    define(
        "kl_to_standard_normal",
        lambda mu, log_var: kl(mu, log_var) + 0.5 * np.sum(mu**2, axis=-1),
    )
    vikit.check("kl_to_standard_normal", hint=hint)
    printed = capsys.readouterr().out
    assert "A term counts twice." in printed
    assert ("Find the place where the term in mu counts twice" in printed) == hint
    assert "the right value[" not in printed


def test_check_tells_nobody_to_compute_by_hand_what_it_does_not_show(define, capsys):
    define("pathwise_gradient", lambda grad_f, mu, log_var, eps: (0.123 * mu, 0.456 * mu))
    vikit.check("pathwise_gradient", hint=True)
    printed = capsys.readouterr().out
    assert "a function (" in printed
    assert f"To mend it: {checking.NO_REPAIR_UNSEEN}" in printed


@pytest.mark.parametrize(
    ("sample", "said"),
    [
        (
            lambda mu, log_var, eps: mu.numpy() + np.exp(0.5 * log_var.numpy()) * eps.numpy(),
            "your values are right, but no gradient passes through NumPy",
        ),
        (
            lambda mu, log_var, eps: np.asarray(mu) + np.exp(0.5 * np.asarray(log_var)) * eps,
            "No gradient comes through your sample",
        ),
    ],
    ids=["numpy()", "asarray"],
)
def test_check_says_that_no_gradient_passes_through_numpy(define, capsys, sample, said):
    define("sample_latent", sample)
    vikit.check("sample_latent", hint=True)
    printed = capsys.readouterr().out
    assert "Right on all 5 cases." in printed
    assert said in printed, printed
    assert "NumPy" in printed
    assert "that raised" not in printed


def test_check_says_of_a_search_that_no_mistake_explains_what_to_print(define, capsys):
    define("fit_q", lambda log_joint, num_steps, seed: (0.13, 0.77))
    vikit.check("fit_q")
    assert 'How to mend it: check("fit_q", hint=True)' in capsys.readouterr().out
    vikit.check("fit_q", hint=True)
    printed = capsys.readouterr().out
    assert f"To mend it: {checking.NO_REPAIR_OF_SEARCH}" in printed
    assert checking.NO_REPAIR not in printed


def test_check_of_a_stub_says_not_yet_written(define, capsys):
    def stub(mu, log_var):
        raise NotImplementedError("write it")

    define("kl_to_standard_normal", stub)
    vikit.check("kl_to_standard_normal")
    assert "Not written yet" in capsys.readouterr().out


def test_check_of_a_function_that_is_not_there(capsys):
    vikit.check("kl_to_standard_normal")
    assert "There is no `kl_to_standard_normal`" in capsys.readouterr().out


def test_a_traceback_is_cut_to_the_students_lines(define, capsys):
    def fails(mu, log_var):
        return tf.matmul(mu, log_var)

    define("kl_to_standard_normal", fails)
    vikit.check("kl_to_standard_normal")
    printed = capsys.readouterr().out
    assert "return tf.matmul(mu, log_var)" in printed
    assert "Matrix size-incompatible" in printed
    assert "site-packages" not in printed
    assert "probe.py" not in printed
    assert len(printed.splitlines()) < 10


def test_a_student_cannot_change_the_cases_by_changing_the_arguments(define, capsys):
    def careless(mu, log_var):
        mu *= 2
        return kl(mu / 2, log_var)

    define("kl_to_standard_normal", careless)
    vikit.check("kl_to_standard_normal")
    vikit.check("kl_to_standard_normal")
    assert capsys.readouterr().out.count("correct") == 2


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("kl", r"no question is called 'kl'; did you mean 'kl_to_standard_normal'\?"),
        ("gausian_entropy", r"did you mean 'gaussian_entropy'\? This notebook has: posterior"),
        ("xyz", r"no question is called 'xyz'. This notebook has: posterior_from_joint, "),
        ("bernoulli_as_a_loss", r"bernoulli_as_a_loss is answered in words: a person grades it"),
    ],
)
def test_an_unknown_question_is_refused_with_those_of_the_notebook_and_the_nearest(name, said):
    with pytest.raises(ValueError, match=said) as raised:
        vikit.check(name)
    assert "linear_gaussian_log_px" not in str(raised.value)
    assert "vae_loss" not in str(raised.value)


def test_check_away_from_the_public_cases_says_where_they_belong(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(checking, "__file__", str(tmp_path / "elsewhere" / "vikit" / "checking.py"))
    with pytest.raises(ValueError, match=r"keep public_cases.json in the notebook's folder"):
        vikit.check("kl_to_standard_normal")


def test_check_reads_the_public_cases_of_its_own_version_before_older_ones_near_the_notebook(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "public_cases.json").write_text("{}")
    files = checking.find_public_files()
    assert files[0] == notebooks.ASSIGNMENTS / A01 / "public_cases.json"
    assert tmp_path.resolve() / "public_cases.json" in files


def test_check_all_adds_up_and_says_that_public_is_not_all(define, capsys):
    define("kl_to_standard_normal", kl)
    define("elbo_identity_terms", lambda *logs: solution("elbo_identity_terms")(*logs)[::-1])
    vikit.check_all()
    printed = capsys.readouterr().out
    assert "✓ kl_to_standard_normal" in printed
    assert "✗ bernoulli_log_prob_logits" in printed
    assert "12 of 77 points so far" in printed
    assert "Public cases only" in printed


def test_reports_are_html_in_a_notebook(define):
    define("kl_to_standard_normal", lambda mu, log_var: -kl(mu, log_var))
    page = checking.build_report("kl_to_standard_normal")._repr_html_()
    assert "never negative" in page
    summary = checking.Summary((checking.build_report("kl_to_standard_normal"),))._repr_html_()
    assert "<table>" in summary

    def hostile(mu, log_var):
        raise ValueError("<script>alert(1)</script>")

    define("kl_to_standard_normal", hostile)
    page = checking.build_report("kl_to_standard_normal")._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_submit_writes_one_zip_and_says_what_is_in_it(
    tmp_path, monkeypatch, capsys, write_notebook
):
    path = write_notebook(
        {"kl_to_standard_normal": "def kl_to_standard_normal(mu, log_var):\n    return 0"}
    )
    monkeypatch.chdir(tmp_path)
    (tmp_path / "public_cases.json").write_bytes(
        (notebooks.ASSIGNMENTS / A01 / "public_cases.json").read_bytes()
    )
    cells = json.loads(path.read_text())
    cells["cells"] = [
        cell for cell in cells["cells"] if "def elbo_identity_terms" not in "".join(cell["source"])
    ]
    for cell in cells["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "why_latent_variables":
            cell["source"] = ["Because they make a joint density out of simple ones."]
    lost = "**Where is the ELBO largest?**\nSay why.\n\n*Your answer here.*"
    cells["cells"].append({"cell_type": "markdown", "source": lost, "metadata": {}, "id": "lost"})
    path.write_text(json.dumps(cells))
    vikit.submit()
    printed = capsys.readouterr().out
    assert "found        kl_to_standard_normal" in printed
    assert "MISSING      elbo_identity_terms" in printed
    assert "NOT WRITTEN  gaussian_entropy" in printed
    assert "found        why_latent_variables (in words)" in printed
    assert "NOT WRITTEN  find_the_bugs (in words)" in printed
    assert "NOT WRITTEN  **Where is the ELBO largest?** (in words)" in printed
    with zipfile.ZipFile(tmp_path / f"{A01}-submission.zip") as archive:
        assert archive.namelist() == [f"{A01}/{A01}.ipynb"]
        assert archive.read(f"{A01}/{A01}.ipynb") == path.read_bytes()


def test_submit_without_a_notebook_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        FileNotFoundError,
        match=r"^Save the notebook as a01_densities.ipynb .*submit\('path/to/notebook.ipynb'\)",
    ):
        vikit.submit()
    (tmp_path / "copy (1).ipynb").write_text("{}")
    with pytest.raises(FileNotFoundError, match=r"or name its file: submit\('copy \(1\).ipynb'\)"):
        vikit.submit()
    (tmp_path / "a01_densities_mine.ipynb").write_text("{}")
    with pytest.raises(FileNotFoundError, match=r"submit\('a01_densities_mine.ipynb'\)"):
        vikit.submit("a01_densites.ipynb")
    (tmp_path / f"{A01}.ipynb").write_text("no notebook")
    with pytest.raises(ValueError, match="is not a notebook"):
        vikit.submit()


@pytest.fixture
def colab(monkeypatch, tmp_path):
    """Stands in for Colab: a list that takes what the browser answers, or raises."""
    answers, requests = [], []

    def blocking_request(kind, request="", timeout_sec=5, parent=None):
        requests.append((kind, timeout_sec))
        if isinstance(answers[0], Exception):
            raise answers[0]
        return answers[0]

    module = types.ModuleType("google.colab")
    module._message = types.SimpleNamespace(blocking_request=blocking_request)
    monkeypatch.setitem(sys.modules, "google.colab", module)
    monkeypatch.chdir(tmp_path)
    yield answers
    assert set(requests) <= {("get_ipynb", submitting.COLAB_SECONDS)}


def test_on_colab_submit_takes_the_notebook_that_is_open_and_no_file(
    tmp_path, colab, capsys, write_notebook
):
    open_one = json.loads(
        write_notebook(
            {"kl_to_standard_normal": "def kl_to_standard_normal(mu, log_var):\n    return 0"}
        ).read_text()
    )
    # As it was uploaded: nothing is answered in it.
    write_notebook()
    for cell in open_one["cells"]:
        cell["source"] = "".join(cell["source"]).splitlines(keepends=True)
    colab.append({"ipynb": open_one})
    vikit.submit()
    asking, handed_in, note, *rest = capsys.readouterr().out.splitlines()
    assert asking == "Asking Colab for the notebook as it is now. This takes 30 s at most."
    assert handed_in.startswith(f"Hand in this file: {tmp_path / A01}-submission.zip")
    assert note.startswith("Download it: the folder icon on the left")
    assert note.endswith("It holds the notebook as it is now.")
    printed = "\n".join(rest)
    assert "found        kl_to_standard_normal" in printed
    assert "NOT WRITTEN  gaussian_entropy" in printed
    with zipfile.ZipFile(tmp_path / f"{A01}-submission.zip") as archive:
        assert json.loads(archive.read(f"{A01}/{A01}.ipynb")) == open_one


class NotFound(Exception):
    """Stands in for Colab's own error."""


NO_NOTEBOOK = {
    "no answer in time": (None, "no answer within 30 s"),
    "nothing in it": ({}, "KeyError: 'ipynb'"),
    "no notebook": ({"ipynb": None}, "ValueError: it has no cells"),
    "an empty one": ({"ipynb": {}}, "ValueError: it has no cells"),
    "no cells": ({"ipynb": {"cells": []}}, "no code cells"),
    "no cells but numbers": ({"ipynb": {"cells": [1]}}, "ValueError: it has no cells"),
    "no JSON": ({"ipynb": {"cells": [object()]}}, "TypeError"),
    "text": ("later", "TypeError"),
    "an error": (RuntimeError("no reply"), "RuntimeError: no reply"),
    "an error of Colab's": (NotFound("x"), "NotFound: x"),
    "time out": (TimeoutError("t"), "TimeoutError: t"),
}


@pytest.mark.parametrize("which", NO_NOTEBOOK)
def test_where_colab_gives_no_notebook_the_saved_file_is_taken_and_named(
    tmp_path, colab, capsys, write_notebook, which
):
    answer, reason = NO_NOTEBOOK[which]
    path = write_notebook(
        {"kl_to_standard_normal": "def kl_to_standard_normal(mu, log_var):\n    return 0"}
    )
    colab.append(answer)
    vikit.submit()
    asking, instead, handed_in, note, *rest = capsys.readouterr().out.splitlines()
    assert asking.startswith("Asking Colab")
    assert instead.startswith(f"Colab did not give the notebook ({reason}")
    assert f"This takes the file {path} instead" in instead
    assert handed_in.startswith("Hand in this file")
    assert "What you changed after that file was saved is not in it" in note
    assert "File > Download > Download .ipynb" in note
    assert "found        kl_to_standard_normal" in "\n".join(rest)
    with zipfile.ZipFile(tmp_path / f"{A01}-submission.zip") as archive:
        assert archive.read(f"{A01}/{A01}.ipynb") == path.read_bytes()


@pytest.mark.parametrize("which", NO_NOTEBOOK)
@pytest.mark.parametrize("saved", [None, b"", b"no notebook", b"\xff", b'{"cells": []}', "folder"])
def test_without_a_saved_file_the_way_by_hand_comes_first(tmp_path, colab, which, saved):
    path = tmp_path / f"{A01}.ipynb"
    if saved == "folder":
        path.mkdir()
    elif saved is not None:
        path.write_bytes(saved)
    colab.append(NO_NOTEBOOK[which][0])
    with pytest.raises(
        FileNotFoundError, match=r"^Choose File > Download > Download .ipynb, and hand in the file"
    ):
        vikit.submit()
    assert not list(tmp_path.glob("*.zip"))


def test_where_colab_has_no_such_request_any_more_it_is_colab_still(colab, monkeypatch):
    monkeypatch.delattr(sys.modules["google.colab"], "_message")
    with pytest.raises(FileNotFoundError, match=r"^Choose File > Download > Download .ipynb"):
        vikit.submit()


def test_the_newer_of_the_files_here_and_on_the_drive_is_taken(
    tmp_path, colab, capsys, monkeypatch, write_notebook
):
    drive = tmp_path / "drive"
    monkeypatch.setattr(submitting, "COLAB_DRIVE", drive)
    here, there = write_notebook(), write_notebook(path=drive / f"{A01}.ipynb")
    colab.append(None)
    for older, newer in ((here, there), (there, here)):
        os.utime(older, (1e9, 1e9))
        os.utime(newer, (2e9, 2e9))
        vikit.submit()
        assert f"This takes the file {newer} instead" in capsys.readouterr().out
        assert (tmp_path / f"{A01}-submission.zip").is_file()


def test_what_colab_is_asked_is_said_before_it_is_asked(colab, capsys, monkeypatch, write_notebook):
    write_notebook()
    said = []
    message = types.SimpleNamespace(
        blocking_request=lambda *rest, **options: said.append(capsys.readouterr().out)
    )
    monkeypatch.setattr(sys.modules["google.colab"], "_message", message)
    vikit.submit()
    assert said == ["Asking Colab for the notebook as it is now. This takes 30 s at most.\n"]


def test_on_colab_too_a_file_that_is_named_is_taken(colab, capsys, write_notebook):
    vikit.submit(write_notebook())
    assert "as last saved" in capsys.readouterr().out


# Data.


def test_digits_are_split_and_binarised_as_written_down():
    digits = vikit.load("digits")
    assert digits.x_train.shape == (1437, 64)
    assert digits.x_test.shape == (360, 64)
    assert digits.image_shape == (8, 8)
    assert set(np.unique(digits.x_train)) == {0.0, 1.0}
    assert digits.x_train.dtype == np.float32
    assert set(digits.y_train) == set(digits.y_test) == set(range(10))
    grey = vikit.load("digits", binarize=None)
    np.testing.assert_array_equal(digits.x_test, grey.x_test >= 0.5)
    assert grey.x_train.min() == 0
    assert grey.x_train.max() == 1


def test_bernoulli_pixels_follow_the_grey_values_and_the_seed():
    grey = vikit.load("digits", binarize=None).x_train
    drawn, again, other = (vikit.load("digits", "bernoulli", seed).x_train for seed in (1, 1, 2))
    np.testing.assert_array_equal(drawn, again)
    assert not np.array_equal(drawn, other)
    assert set(np.unique(drawn)) == {0.0, 1.0}
    np.testing.assert_allclose(drawn.mean(), grey.mean(), atol=0.005)
    assert drawn[grey == 1].all()
    assert not drawn[grey == 0].any()


def test_one_bernoulli_per_pixel_scores_what_the_readme_says():
    digits = vikit.load("digits")
    rate = np.clip(digits.x_train.mean(0), 1e-3, 1 - 1e-3)
    log_lik = (digits.x_test * np.log(rate) + (1 - digits.x_test) * np.log(1 - rate)).sum(1).mean()
    assert round(float(log_lik), 2) == -25.25
    assert "-25.25 nats" in (script.REPOSITORY / "data" / "README.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("letters",), "no data set is called 'letters'; there are: digits"),
        (("digits", "soft"), "binarize must be"),
    ],
)
def test_load_refuses_what_it_does_not_know(arguments, said):
    with pytest.raises(ValueError, match=said):
        vikit.load(*arguments)


def test_a_damaged_or_missing_file_is_found_out(tmp_path, monkeypatch):
    monkeypatch.setenv("VIKIT_DATA", str(tmp_path))
    arrays = dict(np.load(data.find_file("digits")))
    arrays["x_test"] = arrays["x_test"].copy()
    arrays["x_test"][0, 0, 0] += 1
    np.savez(tmp_path / "digits.npz", **arrays)
    with pytest.raises(ValueError, match="is damaged"):
        vikit.load("digits")
    (tmp_path / "digits.npz").write_text("nothing")
    with pytest.raises(ValueError, match="cannot be read"):
        vikit.load("digits")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits.npz").unlink()
    monkeypatch.setattr(data, "__file__", str(tmp_path / "a" / "vikit" / "data.py"))
    with pytest.raises(FileNotFoundError, match="keep the folder `data` beside `vikit`"):
        vikit.load("digits")


# Data sets that are not in the kit. The files here are small stand-ins with checksums of their own.


@pytest.fixture
def stand_ins(tmp_path, monkeypatch):
    """A folder with files of the real names and forms, which `VIKIT_DATA` points at."""
    generator = np.random.default_rng(0)
    for name in ("mnist", "fashion_mnist", "binarized_mnist"):
        packed = name == "binarized_mnist"
        shape = (98,) if packed else (28, 28)
        arrays = {
            key: generator.integers(0, 256, (7, *shape)).astype(np.uint8)
            for key in ("x_train", "x_test")
        }
        others = ("x_valid",) if packed else ("y_train", "y_test")
        arrays |= {
            key: generator.integers(0, 10, (7, *(shape if packed else ()))).astype(np.uint8)
            for key in others
        }
        np.savez(tmp_path / f"{name}.npz", **arrays)
        monkeypatch.setitem(
            data.CHECKSUMS, name, {key: data.digest(value) for key, value in arrays.items()}
        )
    monkeypatch.setenv("VIKIT_DATA", str(tmp_path))
    return tmp_path


def test_larger_data_sets_come_from_vikit_data(stand_ins):
    for name in ("mnist", "fashion_mnist"):
        arrays, found = dict(np.load(stand_ins / f"{name}.npz")), vikit.load(name, binarize=None)
        assert found.image_shape == (28, 28)
        np.testing.assert_allclose(found.x_train, arrays["x_train"].reshape(7, -1) / 255, atol=1e-7)
        np.testing.assert_array_equal(found.y_test, arrays["y_test"])
        assert found.x_train.dtype == np.float32
    packed, found = dict(np.load(stand_ins / "binarized_mnist.npz")), vikit.load("binarized_mnist")
    np.testing.assert_array_equal(found.x_test, np.unpackbits(packed["x_test"], axis=1))
    assert set(found.y_train) == {-1}


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist", "binarized_mnist"])
def test_a_larger_data_set_that_is_damaged_is_found_out(stand_ins, name):
    arrays = dict(np.load(stand_ins / f"{name}.npz"))
    arrays["x_test"] = arrays["x_test"] ^ 1
    np.savez(stand_ins / f"{name}.npz", **arrays)
    with pytest.raises(ValueError, match=r"is damaged \(x_test has another checksum\)"):
        vikit.load(name)
    whole = (stand_ins / f"{name}.npz").read_bytes()
    (stand_ins / f"{name}.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="cannot be read"):
        vikit.load(name)


def test_keras_brings_what_is_not_in_a_file_and_is_checked_too(stand_ins, monkeypatch):
    import keras

    arrays = dict(np.load(stand_ins / "mnist.npz"))
    (stand_ins / "mnist.npz").unlink()
    train, test = ((arrays[f"x_{part}"], arrays[f"y_{part}"]) for part in ("train", "test"))
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: (train, test))
    np.testing.assert_array_equal(vikit.load("mnist").y_train, train[1])
    monkeypatch.setattr(keras.datasets.mnist, "load_data", lambda: (test, train))
    with pytest.raises(ValueError, match="what Keras has in its cache is damaged"):
        vikit.load("mnist")


def test_without_a_network_it_says_what_to_do(tmp_path, monkeypatch):
    import keras

    def offline():
        raise OSError("URL fetch failure")

    monkeypatch.setenv("VIKIT_DATA", str(tmp_path))
    monkeypatch.setattr(keras.datasets.mnist, "load_data", offline)
    with pytest.raises(
        FileNotFoundError,
        match=r"could not be downloaded \(OSError\).*put mnist.npz .*set VIKIT_DATA",
    ):
        vikit.load("mnist")
    with pytest.raises(
        FileNotFoundError, match=r"put binarized_mnist.npz into a folder and set VIKIT_DATA"
    ):
        vikit.load("binarized_mnist")


# Figures.


@pytest.fixture
def shown(monkeypatch):
    """Collects the figures that would be shown."""
    from matplotlib import pyplot as plt

    plt.switch_backend("agg")
    figures = []
    monkeypatch.setattr(plt, "show", lambda: figures.append(plt.gcf()))
    yield figures
    plt.close("all")


def test_figures_are_labelled(shown):
    generator = np.random.default_rng(0)
    vikit.plots.scatter(generator.normal(size=(20, 2)), np.arange(20) % 10, "Means")
    history = {"loss": [3.0, 2.0], "kl": [0.1, 0.5]}
    vikit.plots.curves({"training": history, "held out": history}, ("loss", "kl"), "Curves")
    vikit.plots.images(generator.random((2, 3, 64)), (8, 8), ("image", "mean"), "Rows")
    vikit.plots.mosaic(generator.random((3, 3, 64)), (8, 8), "Grid", ("z_1", "z_2"))
    scatter, curves, images, mosaic = shown
    assert [
        axis.get_text() for axis in (scatter.axes[0].xaxis.label, scatter.axes[0].yaxis.label)
    ] == ["z_1", "z_2"]
    assert len(scatter.axes[0].get_legend().get_texts()) == 10
    assert [axes.get_title() for axes in curves.axes] == ["loss", "kl"]
    assert curves.axes[0].get_ylabel() == "nats per example"
    assert len(images.axes) == 6
    assert mosaic.axes[0].get_title() == "Grid"


def test_a_mosaic_has_its_first_axis_to_the_right_and_its_second_upwards(shown):
    grid = np.zeros((2, 2, 4))
    grid[1, 0] = 1
    vikit.plots.mosaic(grid, (2, 2))
    picture = shown[0].axes[0].images[0].get_array()
    # Each image has a pixel of paper around it.
    assert picture.shape == (8, 8)
    assert picture[5:7, 5:7].min() == 1
    assert picture.sum() == 4


def test_figures_of_bottlenecks_are_labelled(shown):
    runs = {"training": ([9.0, 0.2], [2.2, 0.1]), "held out": ([9.0, 0.2], [1.8, -0.4])}
    vikit.plots.information_plane(runs, ["0.001", "0.5"], np.log(10), "Plane")
    generator = np.random.default_rng(0)
    gaussians = generator.normal(size=(20, 2)), generator.uniform(0.1, 1, (20, 2))
    vikit.plots.ellipses({"a": gaussians, "b": gaussians}, np.arange(20) % 10, "Ellipses")
    vikit.plots.sweep(
        [0.01, 0.1],
        {"accuracy": {"samples": [0.9, 0.8]}, "error": {"samples": [0.1, 0.2]}},
        "beta",
        "Betas",
    )
    plane, ellipses, against = shown
    (axes,) = plane.axes
    assert axes.get_ylim()[0] < -0.4, "a negative bound is seen"
    assert {text.get_text() for text in axes.texts} == {"0.001", "0.5"}
    assert {"H(Y): all there is to read", "relevance = rate", "training", "held out"} == {
        text.get_text() for text in axes.get_legend().get_texts()
    }
    assert [axes.get_title() for axes in ellipses.axes] == ["a", "b"]
    # Two for each Gaussian, and the unit circle.
    assert [len(axes.patches) for axes in ellipses.axes] == [41, 41]
    assert len(ellipses.axes[1].get_legend().get_texts()) == 11
    assert [axes.get_title() for axes in against.axes] == ["accuracy", "error"]
    assert {axes.get_xscale() for axes in against.axes} == {"log"}


def test_an_ellipse_is_as_wide_as_two_standard_deviations(shown):
    vikit.plots.ellipses({"one": (np.array([[1.0, 2.0]]), np.array([[0.5, 3.0]]))}, [4])
    ellipse = shown[0].axes[0].patches[0]
    assert (*ellipse.center, ellipse.width, ellipse.height) == (1.0, 2.0, 1.0, 6.0)


def test_stacks_stand_on_each_other_and_a_band_lies_around_its_median(shown):
    vikit.plots.stacks(
        ["one", "two"], {"rate": [1.0, 2.0], "distortion": [3.0, 0.5]}, title="Sums", floor=0.5
    )
    runs = {"estimate": np.array([[-3.0, -2.0, -1.0], [-2.5, -2.0, -1.5]])}
    vikit.plots.bands([1, 10], runs, {"grid": [-4.0, -2.0]}, "samples", ("log p(x)", -2.0))
    stacks, bands = (figure.axes[0] for figure in shown)
    assert [(bar.get_y(), bar.get_height()) for bar in stacks.patches] == [
        (0, 1),
        (0, 2),
        (1, 3),
        (2, 0.5),
    ]
    assert stacks.get_ylabel() == "nats (the axis begins at 0.5)"
    assert stacks.get_ylim()[0] == 0.5 < 4 < stacks.get_ylim()[1]
    assert {text.get_text() for text in bands.get_legend().get_texts()} == {
        "estimate",
        "grid",
        "log p(x)",
    }
    assert bands.get_ylim() == (-14.0, 2.0)
    assert bands.get_xscale() == "log"


def test_images_of_another_size_are_refused():
    with pytest.raises(ValueError, match=r"must have the shape \[rows, n, 64\], not \[2, 3, 63\]"):
        vikit.plots.images(np.zeros((2, 3, 63)), (8, 8))


@pytest.mark.parametrize(
    ("shape", "inputs"),
    [
        ((10_000,), 1),
        ((16, 500), 16),
        ((64, 500), 64),
        ((784, 500), 784),
        ((6400, 50), 6400),
        ((3, 3, 100, 50), 900),
    ],
)
def test_weights_of_a_wide_layer_are_moved_by_less_so_that_its_outputs_grow_no_more(shape, inputs):
    exam = Exam(None, None, np.random.default_rng(0))
    noise = exam.weight_noise(np.zeros(shape, np.float32))
    assert noise.shape == shape
    assert noise.dtype == np.float32
    # Outputs for inputs of spread 1 spread by sqrt(inputs) * noise.
    outputs = np.sqrt(inputs) * noise.std()
    assert outputs == pytest.approx(np.sqrt(min(inputs, 64)), rel=0.05)
