"""What chance has a part in: right models lose no point to the inputs they are given, to a split of
the digits or a start.
"""

import importlib
import os
from typing import NamedTuple

import keras
import numpy as np
import pytest
from vikit.exams import SPECS, Exam, digits, examine_property, floor
from vikit.exams.exam import Memory
from vikit.exams.model import trained_model
from vikit.protocol import client

from autograder import tasks

RUNS = int(os.environ.get("RUNS", "200"))
pytestmark = [
    pytest.mark.soak,
    # NumPy 2 on Keras' variables.
    pytest.mark.filterwarnings(
        "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
    ),
]


class Trained(NamedTuple):
    """A model that is trained, and what of its question is examined on the one that is compiled
    once for all runs.

    Attributes:
        assignment: Whose solution it is.
        question: The class, and the name of its specification.
        chosen: Names of its properties that chance has a part in.
    """

    assignment: str
    question: str
    chosen: tuple


VAE = Trained(
    "a03_vae",
    "VAE",
    ("every_weight_learns", "fresh_noise", "loss_per_example", "training_passes_the_floor"),
)
VIB = Trained("a05_vib", "VIB", ("every_weight_learns", "training", "accuracy_passes_the_floor"))


def question_of(assignment, question):
    return {definition.name: definition for definition in tasks.load(assignment).questions}[
        question
    ]


def exam_of_the_solution(assignment, question):
    names = vars(importlib.import_module(f"solutions.{assignment}"))
    oracle = question_of(assignment, question).oracle
    return Exam(client.Student(client.InProcess(names), None), oracle, np.random.default_rng(0))


def begin_again(exam, trained, seed):
    """Gives an exam the random numbers of another student; returns the model that is trained."""
    spec = SPECS[trained.question]
    exam.generator = np.random.default_rng([seed, 1])
    model = trained_model(exam, spec)
    exam.memory.digits[spec.labelled] = digits.split(exam.generator, spec.labelled)
    keras.utils.set_random_seed(seed)
    model.begin_anew()
    return model


@pytest.mark.parametrize("trained", [VAE, VIB], ids=lambda trained: trained.question)
def test_the_floor_is_far_below_what_the_solution_reaches(trained):
    """Twenty seeds, each with a split and a start of its own. The figures stand beside the
    floor.
    """
    question = question_of(trained.assignment, trained.question)
    least = next(item.options["floor"] for item in question.properties if "floor" in item.options)
    exam, reached = exam_of_the_solution(trained.assignment, trained.question), []
    for seed in range(20):
        reached.append(floor.train(begin_again(exam, trained, seed), least, seed).end)
    mean, deviation = np.mean(reached), np.std(reached, ddof=1)
    print(
        f"\n{trained.question}: {mean:.4f} +- {deviation:.4f}, worst {np.min(reached):.4f}; floor "
        f"{least}"
    )
    # Of three trainings two must fail for a point to be lost: at four deviations once in 10^8.
    assert mean - 4 * deviation > least


@pytest.mark.parametrize("trained", [VAE, VIB], ids=lambda trained: trained.question)
def test_chance_never_costs_the_solution_a_point(trained):
    question = question_of(trained.assignment, trained.question)
    chosen = [item for item in question.properties if item.name in trained.chosen]
    assert len(chosen) == len(trained.chosen)
    exam, failed = exam_of_the_solution(trained.assignment, trained.question), []
    for seed in range(RUNS):
        begin_again(exam, trained, seed)
        found = {item.name: examine_property(item, exam) for item in chosen}
        failed += [
            (seed, name, finding) for name, finding in found.items() if finding.status != "ok"
        ]
    assert failed == []


@pytest.mark.parametrize(
    ("assignment", "question"),
    [
        ("a03_vae", "Encoder"),
        ("a03_vae", "Decoder"),
        ("a03_vae", "VAE"),
        ("a03_vae", "sample_latent"),
        ("a05_vib", "Encoder"),
        ("a05_vib", "LabelDecoder"),
        ("a05_vib", "VIB"),
    ],
)
def test_inputs_never_cost_the_solution_a_point(assignment, question):
    by_chance = VAE.chosen + VIB.chosen
    exam = exam_of_the_solution(assignment, question)
    for seed in range(RUNS // 4):
        exam.generator = np.random.default_rng([seed, 2])
        for item in question_of(assignment, question).properties:
            if item.name not in by_chance:
                finding = examine_property(item, exam)
                assert finding.status == "ok", (seed, item.name, finding)


FLOWS = [
    f"{part}_{flow}"
    for flow in ("planar", "radial", "coupling", "iaf")
    for part in ("log_det", "kind", "depends_on_x", "weights")
]


@pytest.mark.parametrize("name", ["free_energy_terms", "training", "prediction", *FLOWS])
def test_inputs_and_starts_never_cost_the_flow_a_point(name):
    """Each run has a model of its own."""
    (item,) = (item for item in question_of("a06_flows", "FlowVIB").properties if item.name == name)
    exam, failed = exam_of_the_solution("a06_flows", "FlowVIB"), []
    for seed in range(RUNS // 4):
        exam.generator, exam.memory = np.random.default_rng([seed, 3]), Memory()
        keras.utils.set_random_seed(seed)
        finding = examine_property(item, exam)
        failed += [(seed, finding)] if finding.status != "ok" else []
    assert failed == []


@pytest.mark.parametrize("name", ["PlanarStep", "RadialStep", "CouplingStep", "AutoregressiveStep"])
def test_inputs_and_starts_never_cost_a_step_a_point(name):
    """Each run has a layer of its own."""
    exam, failed = exam_of_the_solution("a06_flows", name), []
    for seed in range(RUNS // 4):
        exam.generator, exam.memory = np.random.default_rng([seed, 4]), Memory()
        keras.utils.set_random_seed(seed)
        found = {
            item.name: examine_property(item, exam)
            for item in question_of("a06_flows", name).properties
        }
        failed += [(seed, prop, one) for prop, one in found.items() if one.status != "ok"]
    assert failed == []
