"""The same class has the same verdict: whoever hands it in, in whatever file, and whatever else its
notebook draws.
"""

import re
from dataclasses import replace
from typing import NamedTuple

import nbformat
import pytest
import soak

from autograder import tasks
from autograder.build import notebooks, sample, script
from autograder.grading import verdict as verdicts
from autograder.tasks import Assignment

SECRET = b"secret of the tests"
pytestmark = pytest.mark.kernels


class Same(NamedTuple):
    """A wrong class, of whose verdict the numbers depend on its first weights, on noise, and on
    what is asked.

    Attributes:
        replaced: By question, texts of the solution and what stands there instead.
        chosen: Properties that need no training; None for all.
        said: What the digits for the staff hold.
    """

    assignment: str
    question: str
    replaced: dict
    chosen: tuple | None
    said: str


# TensorFlow's own random numbers come from one state of the whole process.
LAYER = "self.to_mu = keras.layers.Dense(latent_dim"
DRAWN = LAYER + ", kernel_initializer=lambda shape, dtype=None: 0.3 * tf.random.normal(shape)"
CALLED = "self.call(tf.zeros((1, event_dim)))\n"
BUILT = "self.encoder(tf.zeros((1, event_dim)))\n"
STARTED = """
        for weight in self.encoder.trainable_variables:
            weight.assign(0.3 * tf.random.normal(weight.shape))
"""
KL = "tfd.kl_divergence(q, r)"
TERMS = "return log_q0, sum_log_det, log_p_zK, log_py_given_zK"
WRONG_TERMS = "return 1.3 * log_q0, sum_log_det, 1.4 * log_p_zK, 1.5 * log_py_given_zK"
VAE = Same(
    "a03_vae",
    "VAE",
    {
        "VAE": (
            ("return -reconstruction - kl", "return -reconstruction - 1.3 * kl - 0.2"),
            ("self.kl.update_state(kl)", "self.kl.update_state(1.3 * kl + 0.2)"),
        ),
        "Encoder": ((LAYER, DRAWN),),
    },
    ("elbo_bernoulli", "elbo_gaussian"),
    r"off by up to [\d.]+",
)
VIB = Same(
    "a05_vib",
    "VIB",
    {
        "VIB": (
            (KL, f"1.3 * {KL} + 0.2"),
            ("return vib_predict_probs(", "return 0.9 * vib_predict_probs("),
            (BUILT, BUILT + STARTED),
        )
    },
    ("loss_terms", "prediction"),
    r"off by up to [\d.]+",
)
FLOW_VIB = Same(
    "a06_flows",
    "FlowVIB",
    {
        "FlowVIB": (
            ("sum_log_det += log_det", "sum_log_det += 1.3 * log_det + 0.2"),
            (CALLED, CALLED + STARTED),
            (TERMS, WRONG_TERMS),
        )
    },
    ("free_energy_terms", "log_det_planar"),
    r"off by up to [\d.]+",
)
DRAWS = (
    "import keras, random\nkeras.random.normal((3,)); tf.random.normal([5]); np.random.rand(4); "
    "random.random()"
)


def reduced(assignment, question, chosen):
    """Returns an assignment that asks for one class alone, and for some of its properties."""
    (definition,) = (
        definition for definition in assignment.questions if definition.name == question
    )
    properties = tuple(
        item for item in definition.properties if chosen is None or item.name in chosen
    )
    assert len(properties) == len(chosen or properties)
    return Assignment(
        assignment.name, assignment.title, (replace(definition, properties=properties),)
    )


def edited(same):
    """Returns the answers that a notebook of `same` has, by question."""
    cells = script.read(script.SOLUTIONS / f"{same.assignment}.py")
    answers = {
        cell.question: script.remove_markers(cell.source) for cell in cells if cell.kind == "answer"
    }
    for question, pairs in same.replaced.items():
        for old, new in pairs:
            assert old in answers[question]
            answers[question] = answers[question].replace(old, new)
    return answers


def hand_in(path, same, student, before):
    """Writes a notebook of this student, whose name stands in it, in Markdown; `before` runs before
    and after the rest.
    """
    name = same.assignment
    content = nbformat.reads(
        (notebooks.ASSIGNMENTS / name / f"{name}.ipynb").read_text("utf-8"), as_version=4
    )
    sample.fill_in(content, edited(same))
    content.cells.insert(0, nbformat.v4.new_markdown_cell(f"By {student}"))
    if before:
        content.cells.insert(5, nbformat.v4.new_code_cell(before))
        # An earlier question that draws too is no other code of the class.
        content.cells.append(nbformat.v4.new_code_cell(before))
    path.parent.mkdir()
    path.write_text(nbformat.writes(content))
    return path


@pytest.mark.parametrize(
    "same",
    [
        pytest.param(VIB, id=VIB.question),
        *(soak.later(same, id=same.question) for same in (VAE, FLOW_VIB)),
        *(
            soak.later(same._replace(chosen=None), id=f"{same.question}, trained")
            for same in (VAE, VIB, FLOW_VIB)
        ),
    ],
)
def test_the_same_class_has_the_same_verdict_whoever_hands_it_in(tmp_path, monkeypatch, same):
    # Eve's notebook differs from Ada's in all that another's may: its name, its file,
    # and what else it draws.
    asked = reduced(tasks.load(same.assignment), same.question, same.chosen)
    monkeypatch.setattr(verdicts.tasks, "load", lambda name: asked)
    found = {}
    for student, before in (("ada", ""), ("eve", DRAWS)):
        path = hand_in(tmp_path / student / f"{same.assignment}.ipynb", same, student, before)
        found[student] = verdicts.grade(
            same.assignment, path, student=student, secret=SECRET, unsafe=True
        )
    assert len({verdict["submission_sha256"] for verdict in found.values()}) == 2
    first, other = (verdict["questions"] for verdict in found.values())
    assert first[0]["status"] in ("wrong", "partial")
    digits = " ".join(case["digits"] for case in first[0]["cases"])
    assert re.search(same.said, digits), digits
    assert other == first
