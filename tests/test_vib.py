"""The solution's VIB as a Keras model: its variables, its metrics, saved and loaded, and what the
notebook shows.
"""

import functools
import importlib
import json
import re
from dataclasses import replace
from itertools import pairwise

import keras
import nbformat
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
from vikit import checking, judging, load
from vikit.notebook import cells

from autograder import tasks
from autograder.build import notebooks, script
from autograder.reference import vib

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
    assert (verdict.status, verdict.score) == ("correct", 20), verdict.message


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


def test_an_encoder_that_is_bounded_costs_the_model_neither_its_terms_nor_its_prediction():
    class Narrow(SOLUTION.Encoder):
        def call(self, x):
            mu, log_var = super().call(x)
            return mu, tf.nn.relu(log_var)

    class Model(SOLUTION.VIB):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            self.encoder = Narrow(self.latent_dim, self.hidden)
            self.encoder(tf.zeros((1, self.event_dim)))

    names = vars(SOLUTION) | {"Encoder": Narrow, "VIB": Model}
    verdict = checked(names, "loss_terms", "prediction")
    assert verdict.status == "correct", verdict.message
    verdict = checked(names, "accuracy_passes_the_floor")
    assert (verdict.score, verdict.mistake) == (0, "never_negative"), verdict.message


def test_the_classes_of_this_notebook_are_examined_by_its_own_cases():
    """a03 has an `Encoder` too."""
    questions = {question.name: question for question in tasks.load("a05_vib").questions}
    points = {name: questions[name].points for name in ("Encoder", "LabelDecoder", "VIB")}
    assert points == {"Encoder": 5, "LabelDecoder": 4, "VIB": 20}
    checking._current["assignment"], before = "a05_vib", checking.current_assignment()
    try:
        found = checking.find_question("Encoder")
    finally:
        checking._current["assignment"] = before
    assert found.points == points["Encoder"]


# What the notebook says.


@functools.cache
def answer_in_words(question):
    """Returns the solution's answer to a question that is answered in words."""
    (cell,) = (
        cell for cell in script.read(script.SOLUTIONS / "a05_vib.py") if cell.question == question
    )
    (region,) = script.regions(cell)
    return region


def best_code(p_xy, encoder):
    """Returns the decoder and the marginal of z that close both gaps of an encoder."""
    p_zy = encoder.T @ p_xy
    p_z = p_zy.sum(axis=1)
    return p_zy / p_z[:, np.newaxis], p_z


def numbers_of_the_findings():
    """Returns the numbers of `find_the_bugs`, in the order in which its answer has them."""
    p_xy, r_z = SOLUTION.P_XY.astype(float), SOLUTION.R_Z.astype(float)
    p_y, each = p_xy.sum(axis=0), np.eye(3)
    noisy = np.array([[0.7, 0.2, 0.1], [0.2, 0.6, 0.2], [0.1, 0.1, 0.8]])
    loss = vib.vib_exact_discrete
    wide, noise, pixel = (scipy.stats.norm(0, s).entropy() for s in (np.hypot(0.2, 0.3), 0.3, 0.2))
    h_y, h_y_given_x = (
        scipy.stats.entropy(p_y),
        scipy.stats.entropy(p_xy.ravel()) - scipy.stats.entropy(p_xy.sum(axis=1)),
    )
    label = np.array([[1.0, 0.0, 0.0]])
    samples = vib.cross_entropies(label, SOLUTION.FOUR_SAMPLES.astype(float)[:, np.newaxis])
    samples = np.ravel(samples)
    blind = np.repeat(p_y[np.newaxis], 3, axis=0)
    one_value, collapsed = (
        loss(p_xy, np.repeat(row[np.newaxis], 3, axis=0), blind, r_z, 0.5) for row in (each[1], r_z)
    )
    found = [
        *(wide - noise, pixel),
        *(h_y_given_x, loss(p_xy, each, *best_code(p_xy, each), 0.0)),
        loss(p_xy, noisy, *best_code(p_xy, noisy), 0.0),
        *(-np.log(np.exp(-samples).mean()), samples.mean()),
        *(h_y, *(loss(p_xy, each, *best_code(p_xy, each), beta) for beta in (0.1, 1.0, 2.0))),
        *(one_value, collapsed),
        *samples,
        -np.log(r_z[1]),
    ]
    return [float(number) for number in found]


def test_each_number_of_the_findings_is_what_it_is_said_to_be():
    said = [
        float(number) for number in re.findall(r"-?\d+\.\d{6}", answer_in_words("find_the_bugs"))
    ]
    np.testing.assert_allclose(said, numbers_of_the_findings(), atol=6e-7)


def test_two_lines_hold_and_three_do_not_by_these_numbers():
    i, h, h_y_given_x, exact, noisy, averaged, mean, h_y, low, at_one, more, one_value, none = (
        numbers_of_the_findings()[:13]
    )
    assert i > h, "line 1 does not hold"
    assert h_y_given_x == pytest.approx(exact), "line 2 holds"
    assert h_y_given_x < noisy, "line 2 holds"
    assert averaged < mean, "line 3 does not hold"
    assert low < h_y < at_one < more, "line 4 holds"
    assert none == pytest.approx(h_y), "line 5 does not hold"
    assert none < one_value, "line 5 does not hold"
    verdicts = re.findall(r"^\| \d[^|]*\| (holds|wrong)", answer_in_words("find_the_bugs"), re.M)
    assert verdicts == ["wrong", "holds", "wrong", "holds", "wrong"]


def released():
    """Returns the notebook that students get, as bytes."""
    return notebooks.release("a05_vib")["a05_vib.ipynb"]


def test_an_empty_table_is_no_answer_and_a_filled_one_is():
    content = released()
    assert cells.read_written_answers(content)["role_of_beta"] is False
    notebook = json.loads(content)
    (cell,) = (
        cell
        for cell in notebook["cells"]
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "role_of_beta"
    )
    text = "".join(cell["source"])
    assert text.count("| | | | | | |") == 7
    filled = text.replace("| | | | | | |", "| 1 | 2 | 3 | 4 | 5 | 6 |")
    cell["source"] = filled.replace(cells.TEXT_STUB, "The rate falls.")
    assert cells.read_written_answers(json.dumps(notebook).encode())["role_of_beta"] is True


# The KL of a Gaussian from N(0, I), and the loss: (the comment that a solution has, what a text
# that gives it away looks like without spaces, LaTeX's signs and subscripts).
KEPT = {
    "vib_rate": (
        "R = mean_b 1/2 sum_k (mu^2 + exp(log_var) - log_var - 1)",
        re.compile(
            r"(?=.{0,60}mu\^?\*{0,2}2)(?=.{0,60}((?<!log)sigma\^?2|expm?1?\(log_?var))"
            r"(?=.{0,60}log(sigma|_?var))"
        ),
    ),
    "vib_loss": (
        "loss = mean_b [mean_l CE(y_b, logits_lb) + beta KL(q(z|x_b) || N(0, I))]",
        re.compile(r"(plus|\+)(self\.)?beta(times|\*|the)?(kl|rate|e_?p|vib_rate|d_?kl|sum)", re.I),
    ),
    "vib_exact_discrete": (
        "-sum_xyz p(x,y) q(z|x) log q(y|z) + beta sum_xz p(x) q(z|x) log[q(z|x) / r(z)]",
        re.compile(r"sum_?x,?y,?zp\(x,y\)|p\(x,y\)q\(z\|x\)logq\(y\|z\)"),
    ),
}


def bare(text):
    """Returns a text without spaces, LaTeX's commands for layout, backslashes and braces."""
    text = re.sub(
        r"\\(tfrac12|frac12|left|right|operatorname|text|,|;|!|quad)|_\{?[bjk]{1,2}\}?", "", text
    )
    return re.sub(r"[\s\\{}$&`#]", "", text)


def gives_away(text):
    """Returns the questions whose kept formula stands in a text."""
    return [name for name, (_, pattern) in KEPT.items() if pattern.search(bare(text))]


def texts_that_students_read():
    """Yields what stands in the notebook and in the public cases' hints, one at a time."""
    for cell in nbformat.reads(released().decode(), as_version=4).cells:
        yield cell.source
    for question in tasks.load("a05_vib").questions:
        yield question.source
        for mistake in question.hints.values():
            yield f"{mistake.hint} {mistake.repair}"
        for item in question.properties:
            yield item.hint
            yield from (f"{mistake.hint} {mistake.repair}" for mistake in item.mistakes)


def test_the_formulas_that_are_kept_stand_in_the_solution_and_nowhere_else():
    answers = {cell.question: cell for cell in script.read(script.SOLUTIONS / "a05_vib.py")}
    for name, (comment, pattern) in KEPT.items():
        inside = "".join(script.regions(answers[name]))
        assert inside.count(f"# {comment}\n") == 1, name
        assert pattern.search(bare(comment)), f"the search knows the formula of {name}"
    texts = list(texts_that_students_read())
    assert len(texts) > 300
    assert [(text, found) for text in texts if (found := gives_away(text))] == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (r"\tfrac12 \sum_{k=1}^K \left[ \mu_{bk}^2 + \sigma_{bk}^2 - \log\sigma_{bk}^2 - 1 \right]",
         "vib_rate"),
        (r"\left[ 1 + \log \sigma_j^2 - \sigma_j^2 - \mu_j^2 \right]", "vib_rate"),
        ("0.5 * tf.reduce_sum(mu**2 + tf.exp(log_var) - log_var - 1)", "vib_rate"),
        (r"\log q(y_b|z_{bl}) + \beta\, KL\left( q(z|x_b)", "vib_loss"),
        ("the cross-entropy of y_b given z_lb, plus beta times KL of q", "vib_loss"),
        ("loss = cross_entropy + beta kl", "vib_loss"),
        (r"-\sum_{x,y,z} p(x,y)\, q(z|x) \log q(y|z)", "vib_exact_discrete"),
    ],
)  # fmt: skip
def test_a_kept_formula_is_seen_however_it_is_written(text, name):
    assert name in gives_away(text)


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


def table_of_beta():
    """Returns from each beta to the means in the solution's table, a list of six numbers."""
    rows = re.findall(r"^\| ([\d.]+) \|(.+)\|$", answer_in_words("role_of_beta"), re.M)
    return {float(beta): [float(cell.split()[0]) for cell in row.split("|")] for beta, row in rows}


def test_the_table_of_beta_lies_within_the_ranges_that_it_gives():
    rows = re.findall(r"(-?[\d.]+) \((-?[\d.]+) to (-?[\d.]+)\)", answer_in_words("role_of_beta"))
    assert len(rows) == 42
    for mean, least, most in rows:
        assert float(least) <= float(mean) <= float(most)


@pytest.mark.soak
@pytest.mark.parametrize("beta", [1e-4, 1e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0])
def test_trained_models_have_the_numbers_of_the_table(beta):
    """Three seeds. A mean of three may be off by two deviations of one."""
    images, found = load("digits"), []
    for seed in range(3):
        model = SOLUTION.train_vib(images, beta, seed=seed)
        inside = SOLUTION.measure(model, images.x_train[:2000], images.y_train[:2000])
        outside = SOLUTION.measure(model, images.x_test, images.y_test)
        found.append([outside["rate"], inside["bound"]])
        found[-1] += [outside[name] for name in ("bound", "accuracy", "confidence")]
        found[-1].append(outside["calibration error"])
    rate, *others = zip(np.mean(found, axis=0), table_of_beta()[beta], strict=True)
    np.testing.assert_allclose(*rate, rtol=0.2, atol=0.1)
    for (got, said), apart in zip(others, (0.15, 0.2, 0.04, 0.04, 0.05), strict=True):
        assert abs(got - said) <= apart, (got, said)
