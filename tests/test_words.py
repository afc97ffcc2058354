"""What is seen of a class is told to students in words; the numbers are for the staff, and for
`check`.
"""

import ast
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from vikit import exams, judging
from vikit.exams import (
    SPECS,
    Exam,
    PropertyFailed,
    compare_reports,
    dependence,
    examine,
    floor,
    function_examinations,
    model,
    reported_losses_and_noise,
    training_noise,
)
from vikit.exams.compare_reports import Mean
from vikit.exams.exam import check_array
from vikit.exams.report_mistakes import LossLayout
from vikit.exams.student_object import StudentObject
from vikit.judging import compare, describe
from vikit.protocol import client

from autograder import tasks
from autograder.grading.verdict import build_question_document
from autograder.reports.feedback import feedback_html

EXAMS, JUDGING = (Path(room.__file__).parent for room in (exams, judging))
NUMBER = re.compile(r"\d\.\d|\de[+-]?\d|\d{3}")
SEED = 0


def exam_of(oracle=None, **names):
    return Exam(client.Student(client.InProcess(names), None), oracle, np.random.default_rng(SEED))


# Each raises `PropertyFailed` with numbers of what was asked.


def a_loss(reconstruction=40.32, kl=21.43, loss=None, beta=1.0):
    """What a model reports of a loss that should be 40.32 + 21.43 beta."""
    reported = {"reconstruction": reconstruction, "kl": kl}
    reported["loss"] = reconstruction + beta * kl if loss is None else loss
    expected = compare_reports.Expected(Mean(40.32), Mean(21.43))
    compare_reports.check_reports(
        compare_reports.ReportSource(
            LossLayout(
                "reconstruction", "pixels", num_summed=64, latent_dim=8, weight=beta, batch_size=64
            ),
            report=lambda: {name: np.array([value]) for name, value in reported.items()},
            expect=lambda: expected,
            expect_with_test_digits=lambda: expected,
            move=lambda: None,
        )
    )


def a_map(log_det):
    """The map z -> 2 z, whose log determinant is 2 log 2."""
    oracle = SimpleNamespace(function=lambda name: lambda z: 2 * np.asarray(z))
    exam = exam_of(
        oracle, f=lambda z: 2 * z, log_det=lambda z: np.full(len(z), log_det, np.float32)
    )
    function_examinations.check_jacobian(exam, forward="f", log_det="log_det", shapes=[[5, 2]])


def noise(shift, stretch, others):
    draws = np.random.default_rng(SEED)
    looks, images = training_noise.NUM_REPORTS_OF_AN_IMAGE, training_noise.NUM_NOISE_IMAGES
    reported = (
        draws.normal(3.21, stretch / np.sqrt(training_noise.BATCH_SIZE), (looks, images)) + shift
    )
    seen = training_noise.ObservedNoise(
        reported, draws.normal(3.21, 1, (2048, images)), "the cross-entropy"
    )
    training_noise.check_noise_is_of_the_posterior(seen, others)


class Bounded:
    """Stands in for a model whose outputs are `squash` of its one weight times its inputs."""

    def __init__(self, squash):
        self.squash, self.weight, self.exam = squash, np.ones(3), exam_of()

    def weights(self):
        return [self.weight]

    def set_weights(self, arrays):
        (self.weight,) = arrays


def squashed(squash):
    model = Bounded(squash)
    x = model.exam.normal(9, 3)
    dependence.check_outputs_are_unbounded(model, lambda: {"mu": squash(x * model.weight)})


def below_the_floor(name, least, shown, rate, decoded=(1.0, 2.0)):
    """Raises the failure of a model below the floor whose training has `shown` (score before, score
    after, losses).
    """
    model = SimpleNamespace(
        spec=SPECS[name],
        exam=SimpleNamespace(digits=lambda labelled, grey: (None, None)),
        draw_sample=lambda *_: SimpleNamespace(mean_rate=rate, z=None),
        decode=lambda _: np.array([decoded]),
    )
    raise floor.failure_below_the_floor(model, floor.Training(*shown, least), least)


def autoencoder_below(start, end, reported, kl):
    below_the_floor("VAE", -21.37, (start, end, reported), kl)


def classifier_below(reached, reported, kl, decoded):
    below_the_floor("VIB", 0.853, (0.1234, reached, reported), kl, decoded)


def in_another_shape():
    check_array(np.zeros((7796, 2584), np.float32), (5, 4))


def model_of(**student):
    """Returns a model of a student whose process gives these replies."""
    exam = exam_of()
    exam.student = SimpleNamespace(**student)
    return StudentObject(exam, SimpleNamespace(key="@1"))


def more_and_more_weights():
    counts = iter((1, 7796))
    model = model_of(
        weights=lambda _: SimpleNamespace(
            status="ok", values=[np.ones(2, np.float32)] * next(counts)
        )
    )
    model.weights()
    model.weights()


def strangers(count):
    model = model_of(untracked=lambda *_: SimpleNamespace(status="ok", values=[np.array(count)]))
    model.check_no_hidden_variables(method="elbo")


def another_number(surplus):
    exam = exam_of()
    exam.surplus["@1"] = surplus
    exam.check_no_surplus("@1", "encoder(x)", 2)


def off(name, got, want, origin):
    words, digits = describe.describe_values(name, np.array(got), np.array(want), origin)
    raise PropertyFailed(words, "", digits)


def raised(error):
    raise error


def repeated_losses():
    """The losses of four images, the same at each report."""
    reported = np.tile([3.21, 4.32, 5.43, 6.54], (training_noise.NUM_REPORTS_OF_AN_IMAGE, 1))
    training_noise.check_losses_vary(reported, reported[0], np.ones(4))


def both():
    with pytest.raises(PropertyFailed) as noisy:
        repeated_losses()
    reported = PropertyFailed(
        "kl is too large", "kl_in_bits", "kl is 30.9, and 21.4 from the outputs"
    )
    raise reported_losses_and_noise.add_reports(noisy.value, reported, "cross_entropy")


SEEN = {
    "a kl that is too large": lambda: a_loss(kl=61.97),
    "a kl of the opposite sign": lambda: a_loss(kl=-21.43),
    "a reconstruction in bits": lambda: a_loss(reconstruction=58.17),
    "a loss of something else": lambda: a_loss(loss=77.12),
    "beta forgotten": lambda: a_loss(loss=61.75, beta=0.05),
    "all three": lambda: a_loss(1.234, 987.6, 7.531),
    "a log determinant": lambda: a_map(0.4567),
    "noise that is elsewhere": lambda: noise(
        1.57, 1, {"other": np.full(training_noise.NUM_NOISE_IMAGES, 9.0)}
    ),
    "noise that is too wide": lambda: noise(
        0, 3, {"other": np.full(training_noise.NUM_NOISE_IMAGES, 9.0)}
    ),
    "a kl in the cross-entropy": lambda: noise(
        1.57, 1, {"other": np.full(training_noise.NUM_NOISE_IMAGES, 1.57)}
    ),
    "a sigmoid": lambda: squashed(lambda z: 1 / (1 + np.exp(-z))),
    "a ReLU": lambda: squashed(lambda z: np.maximum(z, 0)),
    "its negative": lambda: squashed(lambda z: -np.maximum(z, 0)),
    "a tanh": lambda: squashed(np.tanh),
    "a cut": lambda: squashed(lambda z: np.clip(z, -2.345, 2.345)),
    "an ELBO that goes down with the loss": lambda: autoencoder_below(
        -40.12, -61.97, (45.17, 40.12), 5.678
    ),
    "an ELBO that goes down": lambda: autoencoder_below(-40.12, -61.97, (40.12, 45.17), 5.678),
    "an ELBO below the floor": lambda: autoencoder_below(-40.12, -30.45, (40.12, 30.17), 5.678),
    "a KL of nothing": lambda: autoencoder_below(-40.12, -30.45, (40.12, 30.17), 0.1234),
    "a loss that goes up": lambda: autoencoder_below(-40.12, -20.45, (40.12, 45.17), 5.678),
    "an accuracy below the floor": lambda: classifier_below(
        0.7123, (2.345, 1.234), 5.678, [1.0, 2.0]
    ),
    "a VIB that collapsed": lambda: classifier_below(0.7123, (2.345, 1.234), 0.1234, [1.0, 2.0]),
    "probabilities": lambda: classifier_below(0.7123, (2.345, 1.234), 5.678, [0.25, 0.75]),
    "a loss below 0": lambda: classifier_below(0.7123, (-1.234, -2.345), 5.678, [1.0, 2.0]),
    "a classifier's loss that goes up": lambda: classifier_below(
        0.9123, (1.234, 2.345), 5.678, [1.0, 2.0]
    ),
    "a kl that runs away": lambda: classifier_below(0.9123, (1.234, 2.345), 85.67, [1.0, 2.0]),
    "a beta of its own": lambda: raised(model.failure_of_number("beta", np.float32(3.1416), 2.0)),
    "a beta that is NaN": lambda: raised(model.failure_of_number("beta", np.float32(np.nan), 2.0)),
    "values": lambda: off("elbo(x, eps)", [1.234, 5.678], [1.234, 8.765], "the ELBO"),
    "what is found elsewhere": lambda: raised(
        PropertyFailed("kl is wrong", "", "kl is 21.93").when("after training")
    ),
    "two things at once": both,
    "a shape": in_another_shape,
    "weights that become more": more_and_more_weights,
    "variables that are no weights": lambda: strangers(7796.0),
    "values that are too many": lambda: another_number(496),
}
# Of these there are only counts.
WITHOUT_DIGITS = ("variables that are no weights", "values that are too many")


def verdict_on(break_it, public=False):
    """Returns the verdict on a class that has one property, whose examination is `break_it`."""
    item = judging.Property("holds", 3, "What is off.", "document 000", "it")
    question = judging.DrawnQuestion("VAE", 3, "document 000", (), properties=(item,))
    return judging.judge_properties(
        question, examine(question, exam_of(), {"it": lambda exam: break_it()}), public
    )


@pytest.mark.parametrize("name", SEEN)
def test_students_are_told_in_words_what_the_staff_reads_in_numbers(name):
    verdict = verdict_on(SEEN[name])
    (case,) = verdict.cases
    assert case.status == "wrong", verdict.message
    assert "(" in verdict.message
    told = f"{verdict.message} {verdict.hint} {case.problem}"
    assert not NUMBER.search(told), told
    (stored,) = build_question_document(verdict)["cases"]
    assert bool(re.search(r"\d|nan", stored["digits"])) == (name not in WITHOUT_DIGITS), stored
    in_check = verdict_on(SEEN[name], public=True)
    assert stored["digits"].lower() in in_check.message.lower()
    assert stored["digits"].lower() in in_check.cases[0].problem.lower()
    assert in_check.message.lower().count(stored["digits"].lower() or "\0") <= 1


@pytest.mark.parametrize("name", SEEN)
def test_check_says_once_by_what_it_judged_and_names_no_floor(name):
    message = verdict_on(SEEN[name], public=True).message.lower()
    assert "floor" not in message
    for basis in re.findall(r"judged by ([^,]+),", message):
        assert message.count(basis) == 1, message
    assert message.count("of held-out digits") <= 1, message


def test_losses_that_repeat_themselves_are_said_to():
    with pytest.raises(
        PropertyFailed, match="the loss of an image repeats itself exactly while no weight moves"
    ):
        repeated_losses()


# Where sentences stand that students read.
SENTENCES = [*EXAMS.glob("*.py"), *JUDGING.glob("*.py"), *Path(tasks.__file__).parent.rglob("*.py")]


def functions_of(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def sentences_of(path):
    """Yields the pieces of text in a file that are sentences: they have a blank, and are no
    docstrings.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in docs
            and " " in node.value
        ):
            yield node.value


def test_no_sentence_has_the_name_of_a_function_of_the_examinations_in_it():
    """A search that renames a function may hit a word in a sentence. Students know the names of
    terms: these are not meant.
    """
    verbs = re.compile(
        r"(ask|are|build|check|count|describe|explain|failure|find|has|is|name|require)_"
    )
    ours = {
        name
        for path in (*EXAMS.glob("*.py"), *JUDGING.glob("*.py"))
        for name in functions_of(path)
        if verbs.match(name)
    }
    found = [(path.name, text) for path in SENTENCES for text in sentences_of(path)]
    assert len(ours) > 50
    assert len(found) > 500
    assert [(file, text) for file, text in found if ours & set(re.findall(r"[a-z]\w+", text))] == []


def test_no_digits_stand_on_a_feedback_page():
    document = build_question_document(verdict_on(SEEN["all three"]))
    page = feedback_html(
        {
            **{
                "assignment": "a03_vae",
                "student": "ada",
                "score": 0.0,
                "max_score": 3.0,
                "manual_max_score": 0.0,
            },
            **{
                "kit_version": "0",
                "kit_errors": [],
                "questions": [document | {"mistake": "kl_in_bits"}],
            },
        }
    )
    assert "far too large" in page
    for number in ("988", "1.23", "7.53"):
        assert number in document["cases"][0]["digits"]
        assert number not in page


@pytest.mark.parametrize(
    ("got", "want", "words"),
    [
        (400.0, 2.0, "far too large: more than ten times what is right"),
        (7.0, 2.0, "too large"),
        (2.1, 2.0, "wrong, but of roughly the right size"),
        (0.6, 2.0, "too small"),
        (0.0, 2.0, "far too small: less than a tenth of what is right"),
        (-2.0, 2.0, "of the opposite sign"),
        (-400.0, -2.0, "far too negative: more than ten times what is right"),
        (-400.0, 2.0, "far too negative: more than ten times what is right"),
        (400.0, -2.0, "far too large: more than ten times what is right"),
        (-7.0, -2.0, "too negative"),
        (-2.1, -2.0, "wrong, but of roughly the right size"),
        (-0.6, -2.0, "too close to 0"),
        (-0.01, -2.0, "far too close to 0: less than a tenth of what is right"),
        (np.nan, 2.0, "NaN or infinite"),
    ],
)
def test_a_number_is_compared_in_words(got, want, words):
    assert describe.describe_number(got, want) == words


@pytest.mark.parametrize(
    ("got", "want", "words"),
    [
        ([-900.0, -15.0], [-20.0, -15.0], "far too negative"),
        ([-900.0, 900.0], [-20.0, 20.0], "far too large in size"),
        ([0.01, -0.01], [15.0, -15.0], "far too small in size"),
        ([-0.01, 15.0], [-15.0, 15.0], "far too close to 0"),
    ],
)
def test_what_is_larger_or_smaller_is_said_by_the_sign_of_the_values_that_are_far_off(
    got, want, words
):
    assert describe.describe_distance(np.array(got), np.array(want)).startswith(f"{words}:")


@pytest.mark.parametrize("right", [0.004, 1.2, 19.0, 4e6, -0.004, -19.0])
def test_no_report_tells_right_numbers_of_the_same_size_apart(right):
    _, size = compare.signs_and_sizes(right)
    others = np.geomspace(10 ** (size / 2) * 1.01, 10 ** ((size + 1) / 2) * 0.99, 7)
    others *= np.sign(right)
    sizes = np.geomspace(1e-6, 1e8, 150)
    for given in (0.0, *sizes, *-sizes):
        assert len({describe.describe_number(given, other) for other in others}) == 1, given


def test_a_shape_or_a_count_that_could_carry_a_number_out_is_not_shown():
    with pytest.raises(PropertyFailed) as caught:
        in_another_shape()
    assert caught.value.detail == "another shape came back, expected [5,4]"
    with pytest.raises(PropertyFailed) as caught:
        check_array(np.zeros((5, 1, 4), np.float32), (5, 4))
    assert caught.value.detail == "shape [5,1,4] came back, expected [5,4]"


def test_what_no_trained_weight_has_a_part_in_is_not_said_to_be_cut_off():
    model, frozen = Bounded(np.tanh), np.tanh(np.linspace(-3, 3, 9))
    for shown in ({"mu": frozen}, {"log_var": frozen, "mu": 9 * frozen}):
        with pytest.raises(PropertyFailed, match="stays the same") as caught:
            dependence.check_outputs_are_unbounded(model, lambda shown=shown: shown)
        assert caught.value.mistake == "weights_ignored"
