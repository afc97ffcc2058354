"""The solution's VIB as a Keras model: its variables, its metrics, saved and loaded, and what the
notebook shows.
"""

import importlib
from dataclasses import replace
from itertools import pairwise

import keras
import numpy as np
import pytest
from vikit import checking, judging, load

SOLUTION = importlib.import_module("solutions.a05_vib")
# NumPy 2 on Keras' variables.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)


@pytest.mark.parametrize(("hidden", "layers"), [((), 2), ((7,), 4), ((7, 5), 6)])
def test_every_variable_is_tracked_and_trained(hidden, layers):
    """A kernel and a bias for each layer: the last layers and the hidden layers of both
    networks.
    """
    model = SOLUTION.VIB(9, 4, 3, hidden)
    assert len(model.trainable_variables) == 2 * layers
    sizes, back = [9, *hidden], [4, *hidden[::-1], 3]
    one_way = sum((a + 1) * b for a, b in pairwise(sizes)) + 2 * (sizes[-1] + 1) * 4
    other = sum((a + 1) * b for a, b in pairwise(back))
    assert (
        sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)
        == one_way + other
    )


def test_a_model_comes_back_from_a_file(tmp_path):
    model = SOLUTION.VIB(9, 4, 3, (7,), beta=0.3)
    model(np.zeros((2, 9), np.float32))
    model.save(tmp_path / "vib.keras")
    # Other tests run other answers' classes, which register themselves by the same names.
    with keras.saving.custom_object_scope({"a05_vib>VIB": SOLUTION.VIB}):
        loaded = keras.saving.load_model(tmp_path / "vib.keras")
    assert loaded.get_config() == model.get_config()
    assert loaded.beta == 0.3
    generator = np.random.default_rng(0)
    x, eps = (
        generator.random((5, 9)).astype(np.float32).round(),
        generator.normal(size=(6, 5, 4)).astype(np.float32),
    )
    np.testing.assert_array_equal(loaded.predict_probs(x, eps), model.predict_probs(x, eps))


@pytest.mark.soak
def test_compiled_or_not_it_learns_the_same():
    digits = load("digits")
    x, y_onehot = digits.x_train[:512], SOLUTION.one_hot(digits.y_train[:512])
    losses = []
    for jit_compile in (False, True):
        keras.utils.set_random_seed(0)
        model = SOLUTION.VIB(64, 4, 10, (16,), beta=0.1)
        model.compile(optimizer=keras.optimizers.Adam(5e-3), jit_compile=jit_compile)
        history = model.fit(x, y_onehot, batch_size=64, epochs=2, verbose=0).history
        assert set(history) == {"loss", "cross_entropy", "kl"}
        together = np.add(history["cross_entropy"], 0.1 * np.array(history["kl"]))
        np.testing.assert_allclose(together, history["loss"], rtol=1e-5)
        losses.append(history["loss"])
    np.testing.assert_allclose(*losses, rtol=0.05)


# What `check` says.


def checked(names, *chosen):
    """Returns the verdict of `check("VIB")` on these names: on all properties, or on those that are
    chosen.
    """
    question = checking.find_question("VIB")
    if chosen:
        question = replace(
            question, properties=tuple(item for item in question.properties if item.name in chosen)
        )
        assert len(question.properties) == len(chosen)
    return judging.judge_properties(question, checking.examine_properties(question, names))


# Right models in another form have every property in `test_right_answers`.
@pytest.mark.soak
def test_check_finds_every_property_of_the_solution_with_its_own_functions():
    verdict = checked(vars(SOLUTION))
    assert (verdict.status, verdict.score) == ("correct", 8), verdict.message


def test_check_says_which_earlier_function_must_be_right_first():
    wrong = {"vib_predict_probs": lambda logits: 2 * SOLUTION.vib_predict_probs(logits)}
    verdict = checked(vars(SOLUTION) | wrong, "loss_terms", "prediction")
    assert 'see what check("vib_predict_probs") says' in verdict.message
    assert next(case.passed for case in verdict.cases if case.name == "loss_terms"), (
        "it needs no vib_predict_probs"
    )


def test_check_says_that_it_needs_the_sampler_of_a03():
    names = {name: value for name, value in vars(SOLUTION).items() if name != "sample_latent"}
    verdict = checked(names, "loss_terms", "prediction")
    assert verdict.score == 0
    assert (
        "check compares with your own sample_latent, and this notebook defines none"
        in verdict.message
    )


def test_check_says_that_the_cases_of_a03_are_not_there(monkeypatch):
    there = checking.find_public_files()
    question = checking.find_question("VIB")
    monkeypatch.setattr(
        checking,
        "find_public_files",
        lambda: [path for path in there if path.parent.name == "a05_vib"],
    )
    question = replace(question, properties=question.properties[:1])
    verdict = judging.judge_properties(
        question, checking.examine_properties(question, vars(SOLUTION))
    )
    assert "the public cases of the assignment that asks for it are not here" in verdict.message


# What the notebook shows.


def label_entropy(labels):
    shares = np.bincount(labels) / len(labels)
    return -np.sum(shares * np.log(shares))


@pytest.mark.soak
def test_the_information_plane():
    """The rate falls as beta grows; no bound is above H(Y) or the rate; a small beta reads the
    label, a beta of 1 nothing.
    """
    images = load("digits")
    sides = ((images.x_train, images.y_train), (images.x_test, images.y_test))
    plane = {}
    for beta in (1e-2, 1e-1, 1.0):
        model = SOLUTION.train_vib(images, beta)
        plane[beta] = [SOLUTION.measure(model, *side) for side in sides]
    for number, (_, labels) in enumerate(sides):
        rates = [points[number]["rate"] for points in plane.values()]
        assert all(more > 1.2 * less for more, less in pairwise(rates)), rates
        for beta, points in plane.items():
            assert points[number]["bound"] <= label_entropy(labels) + 1e-6, beta
            # The cross-entropy is that of 16 samples of z, the rate is exact.
            assert points[number]["bound"] <= points[number]["rate"] + 0.01, (beta, points[number])
    inside, outside = plane[1e-2]
    assert inside["bound"] > 0.95 * label_entropy(images.y_train)
    assert outside["accuracy"] > 0.9
    inside, outside = plane[1.0]
    assert inside["rate"] < 0.05
    assert abs(inside["bound"]) < 0.05
    assert outside["accuracy"] < 0.3


def test_the_calibration_error_is_the_distance_of_confidence_and_accuracy():
    probs = np.array([[0.8, 0.2], [0.82, 0.18], [0.45, 0.55], [0.05, 0.95]])
    # Slices: two of 80 % and 82 %, one of 55 %, one of 95 %.
    labels = np.array([0, 1, 1, 0])
    want = (abs(1.62 - 1) + abs(0.55 - 1) + abs(0.95 - 0)) / 4
    np.testing.assert_allclose(SOLUTION.calibration_error(probs, labels), want)
    assert SOLUTION.calibration_error(np.eye(2)[[0, 1, 1]], np.array([0, 1, 1])) == 0
