"""Follow-through: a mistake costs once, and made-up values earn nothing."""

import nbformat
import numpy as np
import pytest
from vikit import judging
from vikit.protocol import client, wire

from autograder import places, tasks
from autograder.grading import follow
from autograder.grading import verdict as verdicts
from autograder.grading.limits import Limits
from autograder.reference import densities
from autograder.tasks import EDGE, GENERIC, Assignment, Case, Follow, Question, wrong

A01 = "a01_densities"

pytestmark = pytest.mark.kernels
(KL,) = (one for one in tasks.load(A01).questions if one.name == "kl_to_standard_normal")


def minus_kl(x, mu, log_var):
    return x - np.asarray(densities.kl_to_standard_normal(mu, log_var))


def draw(generator, B, K):
    return (
        generator.normal(0, 9, B),
        generator.normal(0, 1, (B, K)),
        generator.uniform(-2, 2, (B, K)),
    )


ELBO = Question(
    name="elbo_of",
    points=10,
    source="document 001, line 63",
    shape="[B]",
    reference=minus_kl,
    # No case of the KL has this K: a notebook can tell the two questions apart.
    cases=tuple(
        Case(f"case {B}", kind, draw, {"B": B, "K": 6})
        for B, kind in ((4, GENERIC), (5, GENERIC), (7, EDGE))
    ),
    mistakes=wrong(elbo_of_plus=lambda x, mu, log_var: 2 * x - minus_kl(x, mu, log_var)),
    hints={"elbo_of_plus": judging.Mistake("elbo_of_plus", "The KL is subtracted.")},
    follows=Follow(
        needs={"kl_to_standard_normal": lambda x, mu, log_var: (mu, log_var)},
        formula=lambda arguments, values: arguments[0] - values["kl_to_standard_normal"][0],
    ),
)
DEFINED = """import tensorflow as tf

def kl_to_standard_normal(mu, log_var):
    return {}

def elbo_of(x, mu, log_var):
    return {}
"""
LATER = "mu.shape[1] == 6"
RIGHT = "0.5 * tf.reduce_sum(mu**2 + tf.exp(log_var) - log_var - 1, -1)"


@pytest.fixture
def release(monkeypatch, tmp_path):
    """Returns a function that makes an assignment "two" of questions, with an empty notebook and
    no public cases.
    """

    def release(*chosen):
        monkeypatch.setattr(verdicts.tasks, "load", lambda name: Assignment("two", "Two", chosen))
        monkeypatch.setattr(places, "ASSIGNMENTS", tmp_path / "released")
        folder = tmp_path / "released" / "two"
        folder.mkdir(parents=True)
        (folder / "two.ipynb").write_text(nbformat.writes(nbformat.v4.new_notebook()))
        (folder / "public_cases.json").write_text("{}")

    return release


@pytest.fixture
def grade(release, tmp_path):
    release(KL, ELBO)

    def grade(kl, elbo):
        path = tmp_path / "two.ipynb"
        cell = nbformat.v4.new_code_cell(DEFINED.format(kl, elbo))
        path.write_text(nbformat.writes(nbformat.v4.new_notebook(cells=[cell])))
        verdict = verdicts.grade("two", path, secret=b"follow")
        assert not verdict["kit_errors"]
        first, second = verdict["questions"]
        return first, second

    return grade


def test_an_answer_that_builds_on_a_recognised_mistake_gets_its_points(grade):
    kl, elbo = grade(f"2 * {RIGHT}", "x - kl_to_standard_normal(mu, log_var)")
    assert (kl["status"], kl["mistake"], kl["score"]) == ("wrong", "kl_forgot_half", 0)
    assert (elbo["status"], elbo["score"], elbo["follows"]) == (
        "correct",
        10,
        "kl_to_standard_normal",
    )
    assert "costs only once" in elbo["message"]


def test_a_mistake_that_is_only_a_transformation_is_followed_too(grade):
    kl, elbo = grade(f"-2 * {RIGHT}", "x - kl_to_standard_normal(mu, log_var)")
    assert "transformation_" in kl["mistake"]
    assert (elbo["status"], elbo["score"], elbo["follows"]) == (
        "correct",
        10,
        "kl_to_standard_normal",
    )


TWICE_MU = f"({RIGHT} + 0.5 * tf.reduce_sum(mu**2, -1))"


def test_what_was_read_back_of_an_answer_without_a_name_is_followed(grade):
    kl, elbo = grade(TWICE_MU, "x - kl_to_standard_normal(mu, log_var)")
    assert (kl["mistake"], kl["read_back"]["id"]) == (None, "mean:2")
    assert (elbo["status"], elbo["score"], elbo["follows"]) == (
        "correct",
        10,
        "kl_to_standard_normal",
    )


@pytest.mark.parametrize(
    ("made_up", "elbo"),
    [
        ("tf.zeros(len(mu))", "x"),
        # No formula that the first question's cases showed.
        ("mu[:, 0]", "x - mu[:, 0]"),
        # Zeros, up to the tolerance.
        ("1e-7 * mu[:, 0]", "x"),
    ],
)
def test_values_made_up_beside_what_was_read_back_earn_nothing(grade, made_up, elbo):
    kl, elbo = grade(f"{made_up} if {LATER} else {TWICE_MU}", elbo)
    assert kl["read_back"]["id"] == "mean:2"
    assert (elbo["score"], elbo["follows"]) == (0, None)


def test_a_right_earlier_answer_leaves_nothing_to_follow(grade):
    kl, elbo = grade(RIGHT, f"x + {RIGHT}")
    assert (kl["status"], elbo["status"], elbo["follows"]) == ("correct", "wrong", None)
    assert elbo["mistake"] == "elbo_of_plus"


def test_a_mistake_of_its_own_is_not_excused(grade):
    _, elbo = grade(f"2 * {RIGHT}", "x + kl_to_standard_normal(mu, log_var)")
    assert (elbo["status"], elbo["score"], elbo["follows"]) == ("wrong", 0, None)


@pytest.mark.parametrize("made_up", ["tf.zeros(len(mu))", "1e-7 * mu[:, 0]", "1e-30 * mu[:, 0]"])
def test_values_of_no_known_mistake_earn_nothing(grade, made_up):
    first, later = grade(made_up, "x")
    assert (first["mistake"], first["read_back"]) == (None, None)
    assert (later["score"], later["follows"]) == (0, None)


@pytest.mark.parametrize(
    ("made_up", "elbo"),
    [
        ("tf.zeros(len(mu))", "x"),
        # Infinite values would make any answer right, and other shapes any that is broadcast.
        ("tf.fill(len(mu), float('inf'))", "tf.zeros(len(mu))"),
        (f"(2 * {RIGHT})[:, None]", "x - kl_to_standard_normal(mu, log_var)"),
    ],
)
def test_values_made_up_to_fit_earn_nothing(grade, made_up, elbo):
    """A recognised mistake where the grader asks for it, other values on the inputs of the later
    question.
    """
    first, later = grade(f"{made_up} if {LATER} else 2 * {RIGHT}", elbo)
    assert first["mistake"] == "kl_forgot_half"
    assert (later["score"], later["follows"]) == (0, None)


@pytest.fixture
def grade_a02(release, tmp_path):
    """Grades `reparameterize` and `pathwise_gradient` of a02, each given as an expression."""
    two = [
        question
        for question in tasks.load("a02_elbo").questions
        if question.name in ("reparameterize", "pathwise_gradient")
    ]
    release(*two)

    def grade(sample, second):
        path = tmp_path / "two.ipynb"
        code = f"""import numpy as np

def reparameterize(mu, log_var, eps):
    return {sample}

def pathwise_gradient(mu, log_var, eps, grad_f):
    g = np.asarray(grad_f(reparameterize(mu, log_var, eps)))
    return g.mean(0), {second}
"""
        path.write_text(
            nbformat.writes(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)]))
        )
        return verdicts.grade("two", path, secret=b"follow")["questions"]

    return grade


def test_a_gradient_at_samples_that_were_wrong_before_gets_its_points(grade_a02):
    first, later = grade_a02(
        "mu + np.exp(log_var) * eps", "(g * eps).mean(0) * np.exp(log_var / 2) / 2"
    )
    assert first["mistake"] == "reparam_var_not_std"
    assert (later["status"], later["follows"]) == ("correct", "reparameterize")
    assert later["score"] == later["max_score"] > 0


def test_a_gradient_with_a_mistake_of_its_own_is_not_excused(grade_a02):
    _, later = grade_a02("mu + np.exp(log_var) * eps", "(g * eps).mean(0) * np.exp(log_var / 2)")
    assert (later["status"], later["score"], later["follows"]) == ("wrong", 0, None)


class InProcess(client.InProcess):
    """Stands in for a running notebook; each request takes four seconds of a clock of its own.

    Attributes:
        times: The seconds that each request was given.
    """

    def __init__(self, names, seconds):
        super().__init__(names)
        self.limits, self.asking, self.times = Limits(question=seconds), 0, []

    def ask(self, requests, seconds):
        self.times.append(seconds)
        self.asking += 4
        return super().ask(requests, seconds) if seconds >= 4 else [wire.Reply("timeout")]


@pytest.fixture(scope="module")
def questions():
    return [tasks.draw_for_student("two", question, "ada", b"follow") for question in (KL, ELBO)]


def followed(questions, made_up, seconds=60):
    """Returns (verdict, the seconds that each request had): the verdict is that on x - made_up(KL).

    Its `kl_to_standard_normal` gives made_up(KL) on the later inputs.

    On its own inputs it gave twice the KL, a mistake that was recognised.
    """
    before, later = questions
    doubled = {case.name: judging.Answer("ok", (2 * case.expected[0],)) for case in before.cases}
    earlier = {KL.name: judging.judge(before, doubled)}
    assert earlier[KL.name].mistake == "kl_forgot_half"
    values = [made_up(case.arguments[0] - case.expected[0]) for case in later.cases]
    given = {
        case.name: judging.Answer("ok", (case.arguments[0] - value,))
        for case, value in zip(later.cases, values, strict=True)
    }

    def kl_to_standard_normal(mu, log_var):
        return made_up(
            np.asarray(densities.kl_to_standard_normal(mu.astype(float), log_var.astype(float)))
        )

    verdict = judging.judge(later, given)
    assert verdict.score == 0
    run = InProcess({"kl_to_standard_normal": kl_to_standard_normal}, seconds)
    known = follow.Earlier(run, Assignment("two", "Two", (KL, ELBO)), earlier)
    return follow.follow_through(known, ELBO, later, verdict, given), run.times


def test_the_values_of_the_recognised_mistake_are_followed(questions):
    verdict, _ = followed(questions, lambda kl: 2 * kl)
    assert (verdict.status, verdict.score, verdict.follows) == (
        "correct",
        10,
        "kl_to_standard_normal",
    )


@pytest.mark.parametrize(
    ("seconds", "times", "follows"),
    [(12, [12, 8, 4], "kl_to_standard_normal"), (10, [10, 6, 2], None)],
)
def test_all_of_the_asking_shares_the_time_of_one_question(questions, seconds, times, follows):
    verdict, given = followed(questions, lambda kl: 2 * kl, seconds)
    assert given == times
    assert verdict.follows == follows


@pytest.mark.parametrize(
    "made_up",
    [
        lambda kl: 0 * kl,
        lambda kl: 7.3 * kl + 1.7,
        # A known mistake, but not the one that was recognised.
        lambda kl: -kl,
    ],
    ids=["zeros", "anything", "another mistake"],
)
def test_values_that_are_not_those_of_the_recognised_mistake_are_not_followed(questions, made_up):
    verdict, _ = followed(questions, made_up)
    assert (verdict.status, verdict.score, verdict.follows) == ("wrong", 0, None)
