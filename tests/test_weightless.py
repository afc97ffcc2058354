"""Nothing is worth a point to a constant, to a map without weights, or to a model that knows the
digits by heart.
"""

import importlib
from pathlib import Path

import numpy as np
import pytest
import soak
from vikit import judging
from vikit.exams import Exam, dependence, examine, floor
from vikit.protocol import client

from autograder import tasks

FOLDER = Path(__file__).parent / "weightless"
# NumPy 2 on Keras' variables; layers that are made and never built.
pytestmark = pytest.mark.filterwarnings("ignore")


def judged(assignment, question, file, kind):
    """Returns the verdict on the class `question` of a file of `weightless/`."""
    names = {"__name__": "a model without weights", "KIND": kind}
    exec(compile((FOLDER / f"{file}.py").read_text(encoding="utf-8"), file, "exec"), names)
    return judged_names(assignment, question, names)


def judged_names(assignment, question, names):
    """Returns the verdict on the class `question` of what a notebook defines."""
    definition = next(
        definition for definition in tasks.load(assignment).questions if definition.name == question
    )
    exam = Exam(
        client.Student(client.InProcess(names), None), definition.oracle, np.random.default_rng(0)
    )
    asked = judging.DrawnQuestion(
        question, definition.points, "", (), properties=definition.properties
    )
    return judging.judge_properties(asked, examine(asked, exam))


@pytest.mark.parametrize("kind", ["zeros", "affine", "dummy"])
@pytest.mark.parametrize(("assignment", "question"), [("a03_vae", "VAE"), ("a05_vib", "VIB")])
def test_a_model_whose_outputs_come_from_no_weight_gets_nothing(assignment, question, kind):
    verdict = judged(assignment, question, assignment, kind)
    assert verdict.score == 0, verdict.message
    assert {case.status for case in verdict.cases} == {"wrong"}, verdict.message
    assert verdict.mistake in ("no_weights", "weights_ignored"), verdict.message


@pytest.mark.parametrize("kind", ["zeros", "affine", "dummy", "bias"])
@pytest.mark.parametrize(
    ("assignment", "question"),
    [
        ("a03_vae", "Encoder"),
        ("a03_vae", "Decoder"),
        ("a05_vib", "Encoder"),
        ("a05_vib", "LabelDecoder"),
    ],
)
def test_a_network_whose_outputs_come_from_no_weight_or_no_input_gets_nothing(
    assignment, question, kind
):
    verdict = judged(assignment, question, "networks", kind)
    assert verdict.score == 0, verdict.message
    assert verdict.mistake in ("no_weights", "weights_ignored", "input_ignored"), verdict.message


def frozen(part):
    part.trainable = False
    return part


def fixed_decoder(part):
    """Returns a random matrix in the place of a decoder."""
    config = part.get_config()
    size = config.get("event_dim") or config["num_classes"]
    return lambda z: z @ np.float32(np.random.default_rng(0).normal(size=(z.shape[-1], size)))


@pytest.mark.parametrize(
    ("part", "change"),
    [("encoder", frozen), ("decoder", frozen), ("decoder", fixed_decoder)],
    ids=["a frozen encoder", "a frozen decoder", "a matrix for a decoder"],
)
@pytest.mark.parametrize(
    ("assignment", "question"), [soak.later("a03_vae", "VAE"), ("a05_vib", "VIB")]
)
def test_a_part_that_is_fixed_costs_all_that_is_asked_of_the_model(
    assignment, question, part, change
):
    solution = importlib.import_module(f"solutions.{assignment}")

    class Fixed(getattr(solution, question)):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            setattr(self, part, change(getattr(self, part)))

    verdict = judged_names(assignment, question, vars(solution) | {question: Fixed})
    assert verdict.score == 0, verdict.message
    assert {case.mistake for case in verdict.cases} == {f"{part}_not_trained"}, verdict.message


@pytest.mark.parametrize(("assignment", "question"), [("a03_vae", "VAE"), ("a05_vib", "VIB")])
def test_fixed_maps_that_weights_stretch_and_shift_get_nothing(assignment, question):
    verdict = judged(assignment, question, assignment, "key")
    assert (verdict.score, verdict.mistake) == (0, "weights_ignored"), verdict.message


@pytest.mark.parametrize(
    ("assignment", "question", "trained"),
    [
        soak.later("a03_vae", "VAE", "training_passes_the_floor"),
        ("a05_vib", "VIB", "accuracy_passes_the_floor"),
    ],
)
def test_weights_that_are_a_key_to_what_is_known_beforehand_are_no_learning(
    assignment, question, trained
):
    verdict = judged(assignment, question, assignment, "exact key")
    found = {case.name: case for case in verdict.cases}
    assert (found[trained].points, found[trained].mistake) == (0, "weights_are_a_key"), (
        verdict.message
    )


@pytest.mark.parametrize(("assignment", "question"), [("a03_vae", "VAE"), ("a05_vib", "VIB")])
def test_who_knows_the_digits_by_heart_gets_nothing_for_one_weight_that_shifts_all(
    assignment, question
):
    verdict = judged(assignment, question, assignment, "memory")
    assert (verdict.score, verdict.mistake) == (0, "weights_ignored"), verdict.message


@pytest.mark.parametrize(
    ("assignment", "question", "trained", "mistakes"),
    [
        ("a03_vae", "VAE", "training_passes_the_floor", ("passes_untrained",)),
        # The labels have other names: this one does not even pass.
        pytest.param(
            "a05_vib", "VIB", "accuracy_passes_the_floor", (None,), marks=pytest.mark.soak
        ),
    ],
)
def test_who_knows_the_digits_by_heart_gets_no_point_for_learning(
    monkeypatch, assignment, question, trained, mistakes
):
    monkeypatch.setattr(dependence, "MIN_DIRECTIONS", 0)
    monkeypatch.setattr(floor, "check_parts_are_unbounded", lambda *arguments: None)
    verdict = judged(assignment, question, assignment, "memory")
    found = {case.name: case for case in verdict.cases}
    assert found[trained].points == 0, verdict.message
    assert found[trained].mistake in mistakes, verdict.message


def test_shapes_are_worth_nothing_where_no_other_property_holds():
    shapes = judging.Property("shapes", 2, "", "", "network_shapes", counts_alone=False)
    values = judging.Property("values", 3, "", "", "network_weights")
    question = judging.DrawnQuestion("Encoder", 5, "", (), properties=(shapes, values))
    right, wrong = judging.Finding("ok"), judging.Finding("wrong")
    assert judging.judge_properties(question, {"shapes": right, "values": wrong}).score == 0
    assert judging.judge_properties(question, {"shapes": right, "values": right}).score == 5
    assert judging.judge_properties(question, {"shapes": wrong, "values": right}).score == 3
