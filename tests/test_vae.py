"""The solution's VAE as a Keras model: its variables, its metrics, saved and loaded, compiled in
both ways.
"""

import importlib
import re
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from vikit import checking, judging, load
from vikit.exams import SPECS, digits, own_functions
from vikit.notebook import cells
from vikit.notebook.cells import TEXT_STUB

from autograder import tasks
from autograder.build import notebooks, script
from autograder.reference import densities

A03 = "a03_vae"
SOLUTION = importlib.import_module("solutions.a03_vae")
# NumPy 2 on Keras' variables.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)


def built(*arguments, **keywords):
    model = SOLUTION.VAE(*arguments, **keywords)
    model(np.zeros((2, arguments[0]), np.float32))
    return model


@pytest.mark.parametrize(("hidden", "layers"), [((), 3), ((7,), 5), ((7, 5), 7)])
def test_every_variable_is_tracked_and_trained(hidden, layers):
    """A kernel and a bias for each layer: two heads and a last layer, and the hidden layers of both
    networks.
    """
    model = built(9, 4, hidden)
    assert len(model.trainable_variables) == 2 * layers
    sizes = [9, *hidden, 4]
    one_way = sum((a + 1) * b for a, b in pairwise(sizes)) + (sizes[-2] + 1) * 4
    other = sum((a + 1) * b for a, b in pairwise(sizes[::-1]))
    assert (
        sum(int(np.prod(variable.shape)) for variable in model.trainable_variables)
        == one_way + other
    )
    assert {
        id(v) for v in model.encoder.trainable_variables + model.decoder.trainable_variables
    } == {id(v) for v in model.trainable_variables}


@pytest.mark.parametrize("likelihood", ["bernoulli", "gaussian"])
def test_a_model_comes_back_from_a_file(tmp_path, likelihood):
    model = built(9, 4, (7,), likelihood, 0.3)
    model.save(tmp_path / "vae.keras")
    # Other tests run other answers' classes, which register themselves by the same names.
    ours = {
        f"a03_vae>{kind.__name__}": kind
        for kind in (SOLUTION.Encoder, SOLUTION.Decoder, SOLUTION.VAE)
    }
    with keras.saving.custom_object_scope(ours):
        loaded = keras.saving.load_model(tmp_path / "vae.keras")
    assert loaded.get_config() == model.get_config()
    generator = np.random.default_rng(0)
    x, eps = (
        generator.random((5, 9)).astype(np.float32).round(),
        generator.normal(size=(3, 5, 4)).astype(np.float32),
    )
    np.testing.assert_array_equal(loaded.elbo(x, eps), model.elbo(x, eps))


def test_an_unknown_likelihood_is_refused():
    with pytest.raises(
        ValueError, match="likelihood must be 'bernoulli' or 'gaussian', not 'poisson'"
    ):
        SOLUTION.VAE(9, 4, likelihood="poisson")


@pytest.mark.soak
def test_compiled_or_not_it_learns_the_same():
    x = load("digits").x_train[:256]
    losses = []
    for jit_compile in (False, True):
        keras.utils.set_random_seed(0)
        model = SOLUTION.VAE(64, 4, (16,))
        model.compile(optimizer=keras.optimizers.Adam(5e-3), jit_compile=jit_compile)
        history = model.fit(x, batch_size=64, epochs=2, verbose=0).history
        assert set(history) == {"loss", "reconstruction", "kl"}
        np.testing.assert_allclose(
            np.add(history["reconstruction"], history["kl"]), history["loss"], rtol=1e-5
        )
        losses.append(history["loss"])
    np.testing.assert_allclose(*losses, rtol=0.02)


# What `check` says.


def test_check_without_the_digits_says_where_they_belong(monkeypatch):
    def nowhere(name):
        raise FileNotFoundError("digits.npz is not here: keep the folder `data` beside `vikit`")

    monkeypatch.setattr(digits.data, "load", nowhere)
    verdict = checked(vars(SOLUTION))
    found = {case.name: case.status for case in verdict.cases}
    assert found["elbo_bernoulli"] == found["elbo_gaussian"] == "correct", "these need no digits"
    assert set(found.values()) == {"correct", "unexamined"}
    assert (
        "Not examined: digits.npz is not here: keep the folder `data` beside `vikit`"
        in verdict.message
    )


def checked(names, *chosen):
    """Returns the verdict of `check("VAE")` on these names: on all properties, or on those that are
    chosen.
    """
    question = checking.find_question("VAE")
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
    assert (verdict.status, verdict.score) == ("correct", 28), verdict.message


def test_check_says_which_earlier_function_must_be_right_first():
    wrong = {
        "vae_loss": lambda x, logits, mu, log_var: 2 * SOLUTION.vae_loss(x, logits, mu, log_var)
    }
    verdict = checked(vars(SOLUTION) | wrong, "elbo_bernoulli", "elbo_gaussian")
    assert 'see what check("vae_loss") says' in verdict.message
    assert "Not examined" in verdict.message
    assert next(case.passed for case in verdict.cases if case.name == "elbo_gaussian"), (
        "it needs no vae_loss"
    )


@pytest.mark.parametrize(
    "name", [name for name, spec in SPECS.items() if spec.sample_class is None]
)
def test_a_notebook_has_an_oracle_for_a_model_whatever_its_question_is_called(name):
    """The oracle is the specification's: a beta-VAE needs that of a VAE."""
    spec = SPECS[name]
    item = judging.Property("terms", 1, "", "", "terms", {"model": name})
    question = judging.DrawnQuestion(f"Beta{name}", 1, "", (), properties=(item,))
    own = importlib.import_module("solutions.a05_vib" if spec.labelled else "solutions.a03_vae")
    oracle = own_functions(question, lambda function: getattr(own, function))
    x, logits, mu = np.ones((3, 9), np.float32), np.zeros((1, 3, 9)), np.zeros((3, 4))
    examples = digits.Examples(x, np.eye(3, 9, dtype=np.float32))
    sample = SimpleNamespace(oracle=oracle, examples=examples, outputs=logits, mu=mu, log_var=mu)
    assert spec.distortion.value(sample).shape == (1, 3)
    np.testing.assert_allclose(spec.rate.value(sample), np.zeros((1, 3)))


# What the notebook says.


def read_cells():
    return script.read(script.SOLUTIONS / f"{A03}.py")


def find_cell(question):
    (cell,) = (cell for cell in read_cells() if cell.question == question)
    return cell


def question_and_answer(question):
    """Returns the text of a question in words, and that of its answer."""
    cell = find_cell(question)
    (answer,) = script.regions(cell)
    return script.REGION.sub("", cell.source), answer


def stands(value, text, decimals):
    """Tells whether a number with so many decimals that rounds `value` stands in a text."""
    found = re.findall(rf"-?\d+\.\d{{{decimals}}}(?!\d)", text)
    return any(abs(float(number) - value) <= 0.51 * 10.0**-decimals for number in found)


def normal_log_prob(distance, sigma, dims):
    """Returns the log density of a normal distribution at a squared distance from its mean."""
    return -distance / (2 * sigma**2) - dims * np.log(sigma) - dims / 2 * np.log(2 * np.pi)


def kl(mean, sigma):
    return float(densities.kl_to_standard_normal([[mean]], [[2 * np.log(sigma)]])[0])


def test_the_numbers_of_the_five_lines_follow_from_the_inputs_that_are_asked():
    asked, answer = question_and_answer("draw_the_model")
    for given in (
        ("0.7, 0.1, 0.6, 0.3", "0.4, 0.3, 0.9, 0.2", "= 0.4$"),
        ("d = 4", "0.6, 1.4 and 2.2"),
        ("x = 1$", "1.5\\, z", "= 0.5$", "N(0.6, 0.4^2)"),
        ("mean -0.4", "variance 2.25"),
        ("divergences 3 and 5", "-10, -12, -11", "-20, -17, -23"),
    ):
        assert all(piece in asked for piece in given), given
    x, decoded = np.array([[0.7, 0.1, 0.6, 0.3], [0.4, 0.3, 0.9, 0.2]])
    best, mean_distance = np.sqrt(1.4 / 4), np.mean([0.6, 1.4, 2.2])
    # E (x - 1.5 z)^2, by quadrature.
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    expected = np.average((1 - 1.5 * (0.6 + 0.4 * nodes)) ** 2, weights=weights)
    found = {
        "1, right": normal_log_prob(np.sum((x - decoded) ** 2), 0.4, 4),
        "1, as said": normal_log_prob(0, 0.4, 4),
        "2, sigma": best,
        **{
            f"2, {share} of it": mean_distance / (2 * sigma**2) + 4 * np.log(sigma)
            for share, sigma in ((1, best), (0.9, 0.9 * best), (1.1, 1.1 * best))
        },
        "3, as said": normal_log_prob((1 - 1.5 * 0.6) ** 2, 0.5, 1),
        "3, right": normal_log_prob(expected, 0.5, 1),
        "4, as said": kl(-0.4, 2.25),
        "4, right": kl(-0.4, 1.5),
    }
    assert [name for name, value in found.items() if not stands(value, answer, 6)] == []
    assert found["2, 1 of it"] < min(found["2, 0.9 of it"], found["2, 1.1 of it"])
    log_px, divergence = np.array([[-10, -12, -11], [-20, -17, -23.0]]), np.array([3, 5.0])
    samples = np.mean(divergence - log_px.mean(1))
    assert samples == np.mean(np.repeat(divergence, 3) - log_px.ravel()) == 19.5
    assert "| 5 | right | 19.5 | 19.5 |" in answer
    assert stands(expected, answer, 2)


def test_the_numbers_of_the_two_heads_follow_from_the_digits():
    _, answer = question_and_answer("two_heads")
    grey = load("digits", binarize=None)
    train, held_out = grey.x_train.astype(float), grey.x_test.astype(float)
    mean, variances = train.mean(0), train.var(0)

    def log_px(x, variance):
        return np.sum(normal_log_prob((x - mean) ** 2, np.sqrt(variance), 1), axis=1)

    heads = [np.full(64, variances.mean()), *(np.maximum(variances, v) for v in (1e-4, 1e-8))]
    rows = np.array([[log_px(x, head).mean() for x in (train, held_out)] for head in heads])
    assert all(stands(value, answer, 2) for value in rows.ravel()), rows
    assert stands(1.5 * np.log(1e4), answer, 2)
    assert stands(rows[2, 0] - rows[1, 0], answer, 1)
    assert np.sum(variances < 1e-4) == 9
    assert np.sum(variances == 0) == 3
    assert "Nine pixels" in answer
    assert "three of them are 0" in answer
    assert round(log_px(held_out, heads[2]).min()) == -743
    assert "-743 nats" in answer


def test_each_halving_of_sigma_costs_log_2_for_each_dimension():
    _, answer = question_and_answer("autoencoder_or_vae")
    halved = 2 * (kl(1.0, 0.5e-3) - kl(1.0, 1e-3))
    assert abs(halved - 2 * np.log(2)) < 1e-5
    assert "$K \\log 2 = 1.39$" in answer
    assert stands(halved, answer, 2)
    assert stands(halved, answer, 3)


def test_a_table_that_is_empty_is_no_answer_and_a_written_one_is():
    content = (notebooks.ASSIGNMENTS / A03 / f"{A03}.ipynb").read_bytes()
    empty = {"read_the_curves": "| collapsed, held out | | | |", "two_gaps": "| held out | | | |"}
    released = cells.read_written_answers(content)
    for question, row in empty.items():
        asked, answer = question_and_answer(question)
        assert row in asked, "the table to fill in"
        assert len(re.findall(r"^\| [^|]+\| [-\d]", answer, re.MULTILINE)) >= 2, "it is filled"
        assert not released[question]
    written = cells.read_written_answers(content.replace(TEXT_STUB.encode(), b"As in the table."))
    assert all(written[question] for question in empty)


def released_texts():
    """Yields what students read of a03: cells without answers, hints, repairs, sources."""
    for cell in read_cells():
        if cell.kind != "demonstration":
            yield script.REGION.sub("", cell.source)
    for question in tasks.load(A03).questions:
        yield question.source
        mistakes = [item for prop in question.properties for item in prop.mistakes]
        for mistake in (*question.hints.values(), *mistakes):
            yield f"{mistake.hint} {mistake.repair} {mistake.source}"
        for prop in question.properties:
            yield f"{prop.hint} {prop.source}"


def plain(text):
    """Returns a formula in LaTeX, Python or ASCII without subscripts, brackets and spaces."""
    text = re.sub(r"_(\{[^}]*\}|[a-z]{1,2}\b)", "", text.lower().replace("**", "^"))
    return re.sub(r"[^a-z0-9^+-]", "", text)


# Squared means beside variances, or beside their exponential: the divergence from N(0, I).
DIVERGENCE = re.compile(
    r"mu\^2[+-]1?[+-]?(sigma\^2|(tf|np)?(math)?expm?1?logvar)"
    r"|(sigma\^2|expm?1?logvar)(-(log|1)\w*)?\+mu\^2"
)


@pytest.mark.parametrize(
    "text",
    [
        r"\mu_k^2 + \sigma_k^2 - \log\sigma_k^2 - 1",
        "mu**2 + tf.exp(log_var) - log_var - 1",
        "tf.exp(log_var) + mu**2 - 1 - log_var",
        "mu_k^2 + exp(log_var_k) - log_var_k - 1",
    ],
)
def test_the_divergence_is_found_in_every_spelling(text):
    assert DIVERGENCE.search(plain(text))


def test_the_formula_of_the_loss_stands_in_its_solution_and_nowhere_else():
    (region,) = script.regions(find_cell("vae_loss"))
    assert DIVERGENCE.search(plain(region))
    assert "mean_b [-mean_l log p(x_b|z_lb) + 1/2 sum_k (" in region
    texts = list(released_texts())
    assert len(texts) > 150
    assert [text for text in texts if DIVERGENCE.search(plain(text))] == []
    composed = re.compile(r"mean over [bl] |(sum|averag)\w* over (the )?(pixels|batch)\b")
    place = next(number for number, text in enumerate(texts) if "def vae_loss" in text)
    assert [text for text in texts[: place + 1] if composed.search(text)] == []


def test_places_are_sections_steps_and_slides_and_no_lines_of_text_files():
    lines = re.compile(r"(?<!Listing 1, )\blines? \d")
    assert [text for text in released_texts() if lines.search(text)] == []


@pytest.mark.soak
def test_the_experiments_give_the_numbers_of_the_answers(monkeypatch, capsys):
    """Within margins: trainings differ from machine to machine."""
    monkeypatch.setattr(SOLUTION.plt, "show", lambda: SOLUTION.plt.close("all"))
    names, said = dict(vars(SOLUTION)), {}
    for piece in ("history = model.fit", "plane = VAE(", "train_autoencoder(", "measure_bounds("):
        (cell,) = (cell for cell in read_cells() if piece in cell.source)
        exec(cell.source, names)
        said[piece] = capsys.readouterr().out
    ends = {name: values[-1] for name, values in names["history"].items()}
    for name, value in {"reconstruction": 14.5, "kl": 5.1, "loss": 19.6}.items():
        assert abs(ends[name] - value) < 0.8, ends
        assert abs(ends[f"val_{name}"] - value) < 1.0, ends
    shares = [
        int(share) for share in re.findall(r"(\d+)% of the codes", said["train_autoencoder("])
    ]
    assert shares[0] > 70
    assert shares[1] < 15
    rates = [float(rate) for rate in re.findall(r"KL (\S+) nats", said["train_autoencoder("])]
    assert abs(rates[3] - rates[2] - 2 * np.log(2)) < 0.02
    gaps = re.findall(
        r"amortization (\S+) \+- \S+, approximation (\S+) \+-", said["measure_bounds("]
    )
    (train, approximation), (held_out, approximation_held_out) = np.array(gaps, float)
    assert 0.1 < train < held_out < 1.0
    assert 0.02 < approximation < 0.15
    assert abs(approximation - approximation_held_out) < 0.06
