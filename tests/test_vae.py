"""The solution's VAE as a Keras model: its variables, its metrics, saved and loaded, compiled in
both ways.
"""

import importlib
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from vikit import checking, judging, load
from vikit.exams import SPECS, digits, own_functions

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
    assert (verdict.status, verdict.score) == ("correct", 17), verdict.message


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
