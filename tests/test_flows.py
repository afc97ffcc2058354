"""a06: the solution's FlowVIB as a Keras model, what its notebook shows, the plane, and how log
determinants are examined.
"""

import ast
import importlib
import json
import re
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import scipy.optimize
import scipy.special
import scipy.stats
import soak
import tensorflow as tf
from matplotlib import pyplot as plt
from vikit import checking, densities_2d, judging, load, networks
from vikit.exams import Exam, examine_property, flow_kind
from vikit.notebook import cells
from vikit.protocol import client

from autograder import tasks
from autograder.build import script

SOLUTION = importlib.import_module("solutions.a06_flows")
QUESTIONS = {question.name: question for question in tasks.load("a06_flows").questions}
FLOWS = ("planar", "radial", "coupling", "iaf")
# NumPy 2 on Keras' variables.
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)


def images_and_noise(batch=6, samples=3):
    generator = np.random.default_rng(0)
    x = generator.integers(0, 2, (batch, 9)).astype(np.float32)
    return (
        x,
        np.eye(5, dtype=np.float32)[generator.integers(0, 5, batch)],
        np.float32(generator.normal(size=(samples, batch, 4))),
    )


@pytest.mark.parametrize("flow", [FLOWS[0], *map(soak.later, FLOWS[1:])])
def test_a_model_comes_back_from_a_file(tmp_path, flow):
    model = SOLUTION.FlowVIB(9, 4, 5, (7,), num_flows=2, flow=flow, beta=0.3)
    x, y_onehot, eps = images_and_noise()
    model(x)
    model.save(tmp_path / "flow.keras")
    # Other tests run other answers' classes, which register themselves by the same names.
    with keras.saving.custom_object_scope({"a06_flows>FlowVIB": SOLUTION.FlowVIB}):
        loaded = keras.saving.load_model(tmp_path / "flow.keras")
    assert loaded.get_config() == model.get_config()
    for got, want in zip(
        *(m.free_energy_terms(x, y_onehot, eps[0]) for m in (loaded, model)), strict=True
    ):
        np.testing.assert_array_equal(got, want)


def test_without_steps_it_is_the_bottleneck_without_a_flow():
    model = SOLUTION.FlowVIB(9, 4, 5, (7,), num_flows=0)
    x, _, eps = images_and_noise()
    zK, log_det = model.transform(eps[0], x)
    np.testing.assert_array_equal(zK, eps[0])
    np.testing.assert_array_equal(log_det, 0)
    assert model.predict_probs(x, eps).shape == (6, 5)


def test_with_beta_1_the_loss_is_the_free_energy():
    model = SOLUTION.FlowVIB(9, 4, 5, (7,), num_flows=2)
    x, y_onehot, eps = images_and_noise()
    log_q0, log_det, log_p, log_py = model.free_energy_terms(x, y_onehot, eps[0])
    want = SOLUTION.flow_free_energy(log_q0, log_det[:, None], log_p, log_py)
    model.fresh_noise = lambda x: eps[0]
    np.testing.assert_allclose(model.compute_loss(x, y_onehot), want, rtol=1e-5)


def test_unknown_flows_and_odd_halves_are_refused():
    with pytest.raises(
        ValueError, match="flow must be 'planar', 'radial', 'coupling' or 'iaf', not 'sylvester'"
    ):
        SOLUTION.FlowVIB(9, 4, 5, flow="sylvester")
    with pytest.raises(ValueError, match="needs an even latent_dim, not 3"):
        SOLUTION.FlowVIB(9, 3, 5, flow="coupling")


# That the weights of all four learn is examined wherever the solution is graded.
@pytest.mark.parametrize(
    "flow", [FLOWS[0], *(pytest.param(flow, marks=pytest.mark.soak) for flow in FLOWS[1:])]
)
def test_a_step_of_training_lowers_the_loss_of_its_batch(flow):
    digits = load("digits")
    keras.utils.set_random_seed(0)
    model = SOLUTION.FlowVIB(64, 4, 10, (16,), num_flows=2, flow=flow, beta=0.1)
    model.compile(optimizer=keras.optimizers.Adam(5e-3), run_eagerly=True)
    history = model.fit(
        digits.x_train[:64],
        SOLUTION.one_hot(digits.y_train[:64]),
        batch_size=64,
        epochs=12,
        verbose=0,
    ).history
    assert set(history) == {"loss", "cross_entropy", "kl"}
    np.testing.assert_allclose(
        np.add(history["cross_entropy"], np.multiply(0.1, history["kl"])),
        history["loss"],
        rtol=1e-4,
    )
    assert np.mean(history["loss"][-3:]) < history["loss"][0]


# The helpers that students are given.


def test_the_masked_network_never_looks_ahead():
    network = networks.MADE(hidden=30)
    z, context = (
        tf.random.stateless_normal((1, 5), (0, 0)),
        tf.random.stateless_normal((1, 3), (0, 1)),
    )
    network(z, context)
    for weight in network.trainable_variables:
        weight.assign(tf.random.stateless_normal(weight.shape, (1, 2)))
    for part in (0, 1):
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([z, context])
            value = network(z, context)[part]
        jacobian = np.asarray(tape.jacobian(value, z))[0, :, 0]
        assert np.all(np.triu(jacobian) == 0)
        assert np.all(jacobian[np.tril_indices(5, -1)] != 0), "each entry sees all before it"
        assert np.all(np.asarray(tape.jacobian(value, context)) != 0)


def test_a_network_takes_any_number_of_axes():
    network = networks.MLP(3, (7,), bias_stddev=1.0)
    assert network(tf.zeros((2, 4, 5))).shape == (2, 4, 3)
    assert np.any(np.asarray(network(tf.zeros((1, 5)))) != 0), "its biases begin away from 0"


def test_the_plane_integrates():
    plane = densities_2d.Grid(half_width=6, num_cells=200)
    log_q = scipy.stats.norm.logpdf(plane.points).sum(1)
    assert abs(plane.mass(log_q) - 1) < 1e-6
    np.testing.assert_allclose(
        plane.normalise(log_q + 3), log_q - np.log(plane.mass(log_q)), atol=1e-6
    )
    wide = scipy.stats.norm.logpdf(plane.points, 0, 1.5).sum(1)
    # KL of two Gaussians of the plane in closed form, but for what lies outside of the box.
    np.testing.assert_allclose(plane.kl(log_q, wide), 2 * (np.log(1.5) + 1 / 4.5 - 0.5), atol=1e-4)


def test_the_energies_are_those_of_the_paper():
    z1, z2 = 0.7, -1.3
    z = np.float32([[z1, z2]])
    w1, w2, w3 = (
        np.sin(2 * np.pi * z1 / 4),
        3 * np.exp(-0.5 * ((z1 - 1) / 0.6) ** 2),
        3 / (1 + np.exp(-(z1 - 1) / 0.3)),
    )
    sides = np.exp(-0.5 * ((z1 - 2) / 0.6) ** 2) + np.exp(-0.5 * ((z1 + 2) / 0.6) ** 2)
    want = {
        "U1": 0.5 * ((np.hypot(z1, z2) - 2) / 0.4) ** 2 - np.log(sides),
        "U2": 0.5 * ((z2 - w1) / 0.4) ** 2,
        "U3": -np.log(
            np.exp(-0.5 * ((z2 - w1) / 0.35) ** 2) + np.exp(-0.5 * ((z2 - w1 + w2) / 0.35) ** 2)
        ),
        "U4": -np.log(
            np.exp(-0.5 * ((z2 - w1) / 0.4) ** 2) + np.exp(-0.5 * ((z2 - w1 + w3) / 0.35) ** 2)
        ),
    }
    for name, energy in densities_2d.ENERGIES.items():
        np.testing.assert_allclose(energy(z), [want[name]], rtol=1e-4)


# What the notebook shows.


def test_the_small_flow_of_the_notebook_has_mass_one_and_the_values_of_the_text():
    arrived = np.asarray(SOLUTION.planar_forward(np.float32([[0.4, -0.9]]), *SOLUTION.SMALL_FLOW))
    np.testing.assert_allclose(arrived, [[1.347353, -0.347377]], atol=1e-6)
    np.testing.assert_allclose(
        SOLUTION.planar_log_q(arrived, [SOLUTION.SMALL_FLOW]), [-2.529743], atol=1e-5
    )
    plane = densities_2d.Grid(half_width=7, num_cells=140)
    assert abs(plane.mass(SOLUTION.planar_log_q(plane.points, [SOLUTION.SMALL_FLOW])) - 1) < 1e-4


def cells_with(text):
    cells = [cell for cell in script.read(script.SOLUTIONS / "a06_flows.py") if text in cell.source]
    assert cells
    return cells


def answer_in_words(question):
    (cell,) = [
        cell for cell in script.read(script.SOLUTIONS / "a06_flows.py") if cell.question == question
    ]
    (region,) = script.regions(cell)
    return cell.source.replace(region, ""), region


def numbers_in(text):
    return [float(number) for number in re.findall(r"-?\d+\.\d+(?:e[+-]?\d+)?", text)]


def test_the_numbers_of_the_answer_on_listing_1_are_printed_by_the_solution(capsys):
    (cell,) = [cell for cell in cells_with("def print_flows") if cell.kind == "demonstration"]
    exec(cell.source, dict(vars(SOLUTION)))
    printed = numbers_in(capsys.readouterr().out)
    _, answer = answer_in_words("repair_listing_1")
    claimed = [number for number in numbers_in(answer) if len(str(number).partition(".")[2]) >= 3]
    assert len(claimed) >= 13
    # The KL by drawing; 0.102177 is its closed form, below.
    for number in claimed:
        off = 2e-3 if number in (0.208, 0.314, 0.102177) else 2e-5
        assert any(abs(abs(number) - abs(other)) < off for other in printed), number
    assert any(abs(other - 0.31) < 0.005 for other in printed)
    assert "$31\\,\\%$" in answer


def test_the_numbers_of_the_answer_on_listing_1_are_those_of_an_oracle():
    """As they come out without the solution's functions."""
    logits, y = np.array([0.4, -1.1, 1.6, 0.2]), np.array([0, 1, 0, 0])
    softmax = scipy.special.logsumexp(logits) - logits[1]
    binary = np.logaddexp(0, logits) - y * logits
    place, w, b = np.array([-0.6, 1.1]), np.array([0.7, 0.9]), -0.2
    wanted = [softmax, binary.sum(), binary.mean(), 2.5 + softmax]
    wanted += [2.5 + batch * binary.mean() for batch in (6, 12)]
    for u in np.array([[0.8, -0.3], [-0.2, 0.9]]):
        slope = 1 - np.tanh(w @ place + b) ** 2
        wanted.append(np.linalg.slogdet(np.eye(2) + np.outer(u, slope * w))[1])
    moved = place + np.array([0.8, -0.3]) * np.tanh(w @ place + b)
    wanted += [scipy.stats.norm.logpdf(z).sum() for z in (place, moved)]
    mu, var = np.array([0.3, -0.2]), np.array([0.7, 1.2])
    wanted.append(0.5 * np.sum(mu**2 + var - np.log(var) - 1))
    found = numbers_in(answer_in_words("repair_listing_1")[1])
    for number in wanted:
        assert any(abs(number - other) < 1e-6 for other in found), number


def test_the_question_on_listing_1_names_no_fault_and_nothing_before_it_does():
    """The errata that it asks about stand in its answer alone."""
    asked, answer = answer_in_words("repair_listing_1")
    errata = {f"E-000-{number}" for number in range(18, 25)}
    assert errata <= set(re.findall(r"E-000-\d\d", answer))
    assert set(re.findall(r"\n(\d\d)  ", asked)) >= {"12", "17", "21", "23", "25", "26", "30"}
    said = (tasks.FOLDER / "a06_flows" / "hints.md").read_text(encoding="utf-8")
    for question in QUESTIONS.values():
        said += question.source + "".join(
            item.hint + item.source + mistake.hint + mistake.repair + mistake.source
            for item in question.properties
            for mistake in item.mistakes
        )
    said += "".join(
        script.REGION.sub("", cell.source)
        for cell in script.read(script.SOLUTIONS / "a06_flows.py")
        if cell.kind != "demonstration"
    )
    assert len(said) > 50_000
    said = " ".join(said.replace("\n# ", " ").split())
    told = "FLOWS(z0) of", "KL is not negative", "it may be negative", "may well be", "line 25"
    # What would answer for lines 22 to 26 and 30.
    told += "from a single sample", "minus a lower bound", "is minus the cross-entropy"
    told += "The decoder is given $z_K$, so", "A flow of $F$ steps has the density"
    for one in (*errata, *told):
        assert one not in said, one


def test_the_numbers_of_other_answers_in_words_hold():
    _, answer = answer_in_words("implicit_or_flow")
    log_q, log_p = (scipy.stats.norm.logpdf(0.7, *place) for place in ((-0.4, 0.5), (0, 1)))
    for number in (log_q, log_p, log_q * log_p, log_p - log_q, log_q - log_p):
        assert f"{number:.6f}" in answer
    _, answer = answer_in_words("why_w_u_above_minus_one")
    root = scipy.optimize.brentq(lambda z: z - 3 * np.tanh(z), 1, 5)
    assert f"{root:.6f}" in answer


def test_the_autoregressive_numbers_are_as_the_text_says(capsys):
    above, by_differences, log_det, errors = SOLUTION.autoregressive_numbers()
    assert above < 1e-4
    assert abs(by_differences - log_det) < 1e-3
    for number, row in enumerate(errors, start=1):
        assert np.all(row[:number] < 1e-4)
        assert np.all(row[number:] > 1e-4)


def test_the_numbers_of_the_leapfrog_step_are_those_of_the_answer(capsys):
    _, answer = answer_in_words("what_flows_cost")
    found = SOLUTION.dynamics_numbers(SOLUTION.leapfrog_step)
    energies, log_dets, backs = np.transpose(list(found.values()))
    np.testing.assert_allclose(energies, [0.0909, 0.0226, 0.0057], atol=2e-4)
    assert "0.0909, 0.0226 and 0.0057" in answer
    assert np.max(np.abs(log_dets)) < 2e-3
    assert np.max(backs) < 1e-5
    euler = np.transpose(list(SOLUTION.dynamics_numbers(SOLUTION.euler_step).values()))
    np.testing.assert_allclose(euler[0], [1.646, 0.795, 0.388], atol=5e-3)
    assert "1.646, 0.795 and 0.388" in answer
    np.testing.assert_allclose(euler[1], [-0.39, -0.15, -0.06], atol=0.01)
    np.testing.assert_allclose(euler[2], [0.43, 0.23, 0.12], atol=0.01)
    assert max(SOLUTION.langevin_numbers()) < 1e-4


def test_halving_the_step_quarters_the_error_of_the_leapfrog_step_and_halves_that_of_eulers(capsys):
    for one_step, factor in ((SOLUTION.leapfrog_step, 4), (SOLUTION.euler_step, 2)):
        energies = [error for error, *_ in SOLUTION.dynamics_numbers(one_step).values()]
        ratios = np.divide(energies[:-1], energies[1:])
        np.testing.assert_allclose(ratios, factor, rtol=0.1)


# Formulas that are the student's to write: they stand in the solution, and in nothing released.
KEPT = {
    "planar_log_det": "log abs(1 + u.psi)",
    "radial_log_det": "(K - 1) log(1 + beta_hat h) + log(1 + beta_hat h + beta_hat h' r)",
}
# The same as LaTeX, in words of a hint, or in other letters.
OTHER_SPELLINGS = (
    *("1 + u.psi", "1 + u_hat.psi", "\\hat u^\\top \\psi", "\\psi^\\top \\hat u"),
    *("1 + w^\\top \\hat u", "beta_hat h'", "\\hat\\beta h'", "\\hat\\beta\\, h'"),
    *("\\hat\\beta\\, \\alpha / (", "1 + alpha beta_hat"),
)


def test_a_kept_formula_stands_in_its_solution_and_nowhere_else():
    cells = {cell.question: cell for cell in script.read(script.SOLUTIONS / "a06_flows.py")}
    for question, formula in KEPT.items():
        assert formula in script.regions(cells[question])[0]
    released = [
        (script.SOLUTIONS.parent / "assignments" / "a06_flows" / name).read_text(encoding="utf-8")
        for name in ("a06_flows.ipynb", "public_cases.json")
    ]
    released += [
        script.REGION.sub("", cell.source)
        for cell in script.read(script.SOLUTIONS / "a06_flows.py")
        if cell.kind != "demonstration"
    ]
    released += [path.read_text(encoding="utf-8") for path in tasks.FOLDER.rglob("hints.md")]
    assert len(released) > 40
    for text in released:
        plain = text.replace("\\\\", "\\")
        for formula in (*KEPT.values(), *OTHER_SPELLINGS):
            assert formula not in plain, formula


def test_no_text_that_students_read_counts_the_lines_of_a_text_file():
    listing = re.compile(r"[Ll]isting|lines \d+ to \d+\)?(, corrected)?|line \d+\*? come")
    for cell in script.read(script.SOLUTIONS / "a06_flows.py"):
        text = " ".join(script.REGION.sub("", cell.source).replace("\n", " ").split())
        for place in re.finditer(r"\blines? \d+", text):
            around = text[max(0, place.start() - 60) : place.end() + 40]
            assert listing.search(around), around
    for question in QUESTIONS.values():
        for place in (question.source, *(item.source for item in question.properties)):
            assert "line" not in place or "Listing 1" in place, place


def released_notebook(changes=()):
    text = (script.SOLUTIONS.parent / "assignments" / "a06_flows" / "a06_flows.ipynb").read_text(
        encoding="utf-8"
    )
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text.encode()


def test_an_empty_table_is_no_written_answer_and_a_full_one_is():
    name, row = "what_the_flow_bought", "| no flow | | | | | |"
    assert row in released_notebook().decode()
    assert not cells.read_written_answers(released_notebook())[name]
    filled = released_notebook([(row, "| no flow | 1 | 2 | 1.6 | 0 | 80 |")])
    assert not cells.read_written_answers(filled)[name], "its questions are not answered"
    notebook = json.loads(filled)
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == name:
            cell["source"] = "".join(cell["source"]).replace(cells.TEXT_STUB, "(b) None.")
    assert cells.read_written_answers(json.dumps(notebook).encode())[name]


# Fits take seconds each: they stand in the soak.


@pytest.mark.soak
@pytest.mark.parametrize(("count", "most"), [(2, 0.5), (8, 0.15), (32, 0.05)])
def test_planar_flows_reach_the_ring(count, most, monkeypatch):
    monkeypatch.setattr(plt, "show", lambda: None)
    found = SOLUTION.plot_planar(["U1"], [count])
    kl, mass = found["U1", count]
    titles = [axes.get_title() for axes in plt.gcf().axes]
    print(titles)
    assert kl <= most
    assert abs(mass - 1) < 0.02
    assert f"U1, {count} steps: KL {kl:.2f}, mass {mass:.3f}" in titles
    plt.close("all")


@pytest.mark.soak
def test_with_more_steps_flows_come_closer_to_all_four_targets(monkeypatch):
    monkeypatch.setattr(plt, "show", lambda: None)
    found = SOLUTION.plot_planar(list(densities_2d.ENERGIES), [1, 8])
    for name in densities_2d.ENERGIES:
        assert found[name, 8][0] < 0.7 * found[name, 1][0], found
    assert all(abs(mass - 1) < 0.03 for _, mass in found.values()), found
    plt.close("all")


@pytest.mark.soak
def test_flows_and_no_flow_side_by_side(monkeypatch):
    monkeypatch.setattr(plt, "show", lambda: None)
    digits = load("digits")
    kinds = {"no flow": {"num_flows": 0}, **{flow: {"flow": flow} for flow in FLOWS}}
    models = {name: SOLUTION.train_flow(digits, **options) for name, options in kinds.items()}
    found = SOLUTION.compare_flows(models, digits)
    shown = [text.get_text() for text in plt.gcf().axes[0].texts]
    for text, (cross_entropy, kl, accuracy) in zip(shown, found.values(), strict=True):
        assert text == f"{cross_entropy + 0.3 * kl:.2f} nats\n{accuracy:.1%} right"
        assert accuracy > 0.5
    log_det = SOLUTION.plot_clouds(models[SOLUTION.PLANAR], digits.x_test[:4], digits.y_test[:4])
    assert f"mean log determinant {log_det:.2f} nats" in plt.gcf().get_suptitle()
    plt.close("all")


@pytest.mark.soak
def test_the_table_of_results_is_what_training_gives():
    """Of small models after ten epochs, so that another processor gives other digits."""
    digits = load("digits")
    _, answer = answer_in_words("what_the_flow_bought")
    kinds = {"no flow": {"num_flows": 0}, **{flow: {"flow": flow} for flow in FLOWS}}
    for name, options in kinds.items():
        (row,) = re.findall(rf"\| {name} \|([^\n]+)", answer)
        cross_entropy, kl, loss, _, accuracy = (part.strip(" %") for part in row.split("|")[:5])
        found = SOLUTION.held_out(SOLUTION.train_flow(digits, **options), digits)
        wanted = float(cross_entropy), float(kl), float(accuracy) / 100
        np.testing.assert_allclose(found, wanted, atol=0.15)
        np.testing.assert_allclose(found[0] + 0.3 * found[1], float(loss), atol=0.08)


# How log determinants are examined.


def exam_of(names, question):
    return Exam(
        client.Student(client.InProcess(names), None),
        QUESTIONS[question].oracle,
        np.random.default_rng(0),
    )


def examined(question, **changed):
    (item,) = QUESTIONS[question].properties
    return examine_property(item, exam_of(vars(SOLUTION) | changed, question))


@pytest.mark.parametrize(
    ("question", "wrong"),
    [
        ("planar_log_det", lambda *inputs: -np.asarray(SOLUTION.planar_log_det(*inputs))),
        ("radial_log_det", lambda *inputs: 1.1 * np.asarray(SOLUTION.radial_log_det(*inputs))),
        ("coupling_log_det", lambda log_scale: np.abs(log_scale).sum(-1)),
        ("iaf_step", lambda z, m, s: (np.asarray(SOLUTION.iaf_step(z, m, s)[0]), s.sum(-1))),
        ("coupling_inverse", SOLUTION.coupling_forward),
        (
            "leapfrog_step",
            lambda z, v, step, score: (z + step * v, v + step * np.asarray(score(z))),
        ),
    ],
)
def test_a_wrong_determinant_or_inverse_breaks_the_property(question, wrong):
    assert examined(question).status == "ok"
    assert examined(question, **{question: wrong}).status == "wrong"


@pytest.mark.parametrize(
    ("question", "forward"),
    [
        ("planar_log_det", "planar_forward"),
        ("radial_log_det", "radial_forward"),
        ("coupling_log_det", "coupling_forward"),
    ],
)
def test_a_wrong_map_costs_its_own_question_and_not_the_determinants(question, forward):
    def stretched(*inputs):
        return 2 * np.asarray(getattr(SOLUTION, forward)(*inputs))

    def unwritten(*inputs):
        raise NotImplementedError

    assert examined(question, **{forward: stretched}).status == "ok"
    assert examined(question, **{forward: unwritten}).status == "ok"


# What `check` says.


def checked(names, question="FlowVIB"):
    found = checking.find_question(question)
    return judging.judge_properties(found, checking.examine_properties(found, names))


# Right models in another form have every property in `test_right_answers`.
@pytest.mark.soak
def test_check_finds_every_property_of_the_solution_with_its_own_functions():
    verdict = checked(vars(SOLUTION))
    assert (verdict.status, verdict.score) == ("correct", 15), verdict.message


def test_check_says_which_map_must_be_right_first():
    verdict = checked(
        vars(SOLUTION) | {"planar_forward": lambda z, u_hat, w, b: z}, "planar_log_det"
    )
    assert verdict.score == 0
    assert 'see what check("planar_forward") says' in verdict.message


STEPS = ("PlanarStep", "RadialStep", "CouplingStep", "AutoregressiveStep")


def test_a_model_of_steps_with_other_names_keeps_its_points_and_the_steps_are_missing():
    names = {name: value for name, value in vars(SOLUTION).items() if name not in STEPS}
    exam = exam_of(names, "FlowVIB")
    for item in QUESTIONS["FlowVIB"].properties:
        if item.name.startswith(("log_det", "kind")):
            assert examine_property(item, exam).status == "ok", item.name
    for step in STEPS:
        found = [
            examine_property(item, exam_of(names, step)) for item in QUESTIONS[step].properties
        ]
        assert {finding.status for finding in found} == {"missing"}, step


@pytest.mark.parametrize("name", STEPS)
def test_check_finds_every_property_of_a_step(name):
    verdict = checked(vars(SOLUTION), name)
    assert verdict.status == "correct", verdict.message
    assert verdict.score == QUESTIONS[name].points


class WeightlessStep:
    """A step without a weight: a fixed planar map, whose log determinant is right."""

    def __init__(self, latent_dim):
        self.weights, self.trainable_weights = [], []
        self.map = Planar(7, latent_dim, 3, num_flows=1)

    def __call__(self, z, features):
        return self.map.transform(z, tf.tile(features, (1, 7))[:, :7])


class ShiftedStep(keras.layers.Layer):
    """The same, shifted by trained numbers."""

    def __init__(self, latent_dim):
        super().__init__()
        self.fixed = WeightlessStep(latent_dim)
        self.numbers = self.add_weight(shape=(latent_dim,), initializer="ones")

    def call(self, z, features):
        moved, log_det = self.fixed(z, features)
        return moved + self.numbers, log_det


@pytest.mark.parametrize("kind", [WeightlessStep, ShiftedStep])
def test_no_property_of_a_step_holds_for_a_fixed_map(kind):
    exam = exam_of(vars(SOLUTION) | {"PlanarStep": kind}, "PlanarStep")
    for item in QUESTIONS["PlanarStep"].properties:
        found = examine_property(item, exam)
        assert found.status == "wrong", (item.name, found)
        assert found.mistake in ("no_weights", "flow_ignores_weights"), (item.name, found)


# What earns nothing: constants, maps that were fixed beforehand, no flow.


class Weightless:
    """A classifier without a weight that is right in its sums: random linear maps, and a flow of
    that kind.
    """

    def __init__(
        self,
        event_dim,
        latent_dim,
        num_classes,
        hidden=(128,),
        num_flows=4,
        flow="planar",
        beta=1.0,
    ):
        self.num_flows, self.beta, self.weights, self.trainable_weights = num_flows, beta, [], []
        generator = np.random.default_rng(0)
        self.to_mu, self.to_log_var = (
            np.float32(generator.normal(size=(event_dim, latent_dim))) for _ in range(2)
        )
        self.to_logits = np.float32(generator.normal(size=(latent_dim, num_classes)))

    def encoder(self, x):
        return x @ self.to_mu, x @ self.to_log_var

    def decoder(self, z):
        return z @ self.to_logits

    def free_energy_terms(self, x, y_onehot, eps):
        mu, log_var = self.encoder(x)
        z0 = SOLUTION.sample_latent(mu, log_var, eps)
        zK, log_det = self.transform(z0, x)
        log_q0, log_p = (
            SOLUTION.gaussian_log_pdf(z0, mu, tf.exp(log_var)),
            SOLUTION.flow_prior_term(z0, zK),
        )
        return log_q0, log_det, log_p, SOLUTION.categorical_log_prob(y_onehot, self.decoder(zK))

    def predict_probs(self, x, eps):
        z0 = SOLUTION.sample_latent(*self.encoder(x), eps)
        ends = [self.transform(one, x)[0] for one in tf.unstack(z0)]
        return SOLUTION.vib_predict_probs(self.decoder(tf.stack(ends)))

    def compile(self, **options):
        pass

    def fit(self, x, y_onehot, epochs=1, **options):
        terms = self.free_energy_terms(x, y_onehot, tf.random.normal((len(x), self.to_mu.shape[1])))
        log_q0, log_det, log_p, log_py = (float(tf.reduce_mean(term)) for term in terms)
        kl = log_q0 - log_det - log_p
        report = {"loss": self.beta * kl - log_py, "cross_entropy": -log_py, "kl": kl}
        return SimpleNamespace(history={name: [value] * epochs for name, value in report.items()})


class Zeros(Weightless):
    def transform(self, z0, x):
        return tf.zeros_like(z0), tf.zeros_like(z0[:, 0])


class NotANumber(Weightless):
    def transform(self, z0, x):
        return z0 * np.nan, z0[:, 0] * np.nan


class Identity(Weightless):
    def transform(self, z0, x):
        return tf.identity(z0), tf.zeros_like(z0[:, 0])


class Affine(Weightless):
    def transform(self, z0, x):
        log_scale = tf.tanh(x @ self.to_log_var) / 10
        return z0 * tf.exp(log_scale) + x @ self.to_mu, tf.reduce_sum(log_scale, axis=-1)


class Planar(Weightless):
    """All that is asked of a planar flow, but for weights."""

    def transform(self, z0, x):
        log_det = tf.zeros_like(z0[:, 0])
        for number in range(self.num_flows):
            w, u = (
                tf.roll(x @ self.to_mu, number, axis=-1),
                tf.roll(x @ self.to_log_var, -number, axis=-1),
            )
            w_dot_u = tf.reduce_sum(w * u, axis=-1, keepdims=True)
            u_hat = u + (tf.nn.softplus(w_dot_u) - 1 - w_dot_u) * w / tf.reduce_sum(
                w * w, axis=-1, keepdims=True
            )
            bent = tf.tanh(tf.reduce_sum(w * z0, axis=-1, keepdims=True))
            log_det += tf.math.log(
                tf.abs(1 + tf.reduce_sum(u_hat * w, axis=-1, keepdims=True) * (1 - bent**2))
            )[:, 0]
            z0 += u_hat * bent
        return z0, log_det


def with_dummy(flow, scaled):
    """Returns a trained model, but for its flow: a fixed one, which trained numbers shift or
    stretch.
    """

    class Dummy(SOLUTION.FlowVIB):
        def __init__(self, event_dim, latent_dim, num_classes, *arguments, **options):
            super().__init__(event_dim, latent_dim, num_classes, *arguments, **options)
            self.numbers = self.add_weight(shape=(latent_dim,), initializer="ones")
            self.fixed = [flow(event_dim, latent_dim, num_classes, num_flows=self.num_flows)]

        def transform(self, z0, x):
            if not hasattr(self, "fixed"):
                return z0, z0[:, 0]
            zK, log_det = self.fixed[0].transform(z0, x)
            return (z0 + self.numbers * (zK - z0) if scaled else zK + self.numbers), log_det

    return Dummy


def with_fixed(part):
    """Returns a trained model, but for its encoder or its decoder."""

    class Fixed(SOLUTION.FlowVIB):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            getattr(self, part).trainable = False

    return Fixed


# Those that wait for the soak.
WAITING = (
    "a fixed affine map",
    "zeros that are shifted",
    "a fixed encoder",
    "a fixed decoder",
    "a fixed affine map that is shifted",
    "a fixed planar flow that is stretched",
)
WORTHLESS = {
    "zeros": Zeros,
    "NaN": NotANumber,
    "identity": Identity,
    "a fixed affine map": Affine,
    "a fixed planar flow": Planar,
    "zeros that are shifted": with_dummy(Zeros, scaled=False),
    "a fixed affine map that is shifted": with_dummy(Affine, scaled=False),
    "a fixed planar flow that is shifted": with_dummy(Planar, scaled=False),
    "a fixed planar flow that is stretched": with_dummy(Planar, scaled=True),
    "a fixed encoder": with_fixed("encoder"),
    "a fixed decoder": with_fixed("decoder"),
}


@pytest.mark.parametrize(
    "name", [soak.later(name) if name in WAITING else name for name in WORTHLESS]
)
def test_no_property_holds_for_a_constant_or_a_fixed_map(name):
    exam = exam_of(vars(SOLUTION) | {"FlowVIB": WORTHLESS[name]}, "FlowVIB")
    assert len(QUESTIONS["FlowVIB"].properties) == 19
    for item in QUESTIONS["FlowVIB"].properties:
        found = examine_property(item, exam)
        assert found.status == "wrong", (item.name, found)
        assert found.mistake in {mistake.name for mistake in item.mistakes}, (item.name, found)


# Each name that an examination of `FlowVIB` may raise is declared by its property:
# one that is not would say nothing.


def declared(name):
    return {
        mistake.name
        for item in QUESTIONS["FlowVIB"].properties
        if item.name == name
        for mistake in item.mistakes
    }


def test_what_two_steps_of_a_kind_may_lack_is_declared():
    for flow in FLOWS:
        assert flow_kind.UNCHANGED_BY_A_SECOND_STEP[flow][0] in declared(f"kind_{flow}")


def test_each_name_that_is_written_in_the_examinations_is_declared():
    known = {
        mistake.name
        for question in QUESTIONS.values()
        for item in question.properties
        for mistake in item.mistakes
    }
    raised = [
        node.args[1].value
        for path in sorted(Path(flow_kind.__file__).parent.glob("flow_*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "PropertyFailed"
        and len(node.args) > 1
        if isinstance(node.args[1], ast.Constant)
    ]
    assert len(raised) >= 20
    assert set(raised) <= known, set(raised) - known
