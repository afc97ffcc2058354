"""Answers in eight forms, written from the released notebook without sight of the solution: none
may be refused.

Each file of `right_answers/<assignment>/` is one student who answers every question: plain
TensorFlow, keras.ops, TensorFlow Probability, loops and einsum, a class. Three more are the first
of these compiled by XLA, as arrays in float64, and as lists.
"""

import os
from dataclasses import replace
from pathlib import Path

import forms
import numpy as np
import pytest
import soak
from vikit import judging
from vikit.exams import Exam, examine
from vikit.protocol import client, student_side, wire

from autograder import tasks

FOLDER = Path(__file__).parent / "right_answers"
WRITTEN = sorted((path.parent.name, path.stem) for path in FOLDER.glob("*/*.py"))
ANSWERED = sorted(
    [*WRITTEN, *((name, form) for name in {name for name, _ in WRITTEN} for form in forms.WRAPPERS)]
)


def source(assignment, form):
    return (FOLDER / assignment / f"{form}.py").read_text(encoding="utf-8")


# Ten seconds a model and more: only in the soak.
SLOW_SEARCHES = ("tfp_distributions",)
# The one whose search does not wait for the soak.
SEARCHED = "float32_tensorflow"
# What wraps another form does not wait in one assignment. XLA compiles for each shape anew.
WAITING = [(name, form) for name, form in ANSWERED if form in forms.WRAPPERS and name[:3] != "a01"]
# How many each form is asked for in the soak.
STUDENTS = int(os.environ.get("STUDENTS", "3"))


@pytest.mark.parametrize("assignment", sorted({assignment for assignment, _ in WRITTEN}))
def test_there_are_eight_forms_of_every_question(assignment, right_answers):
    answered_in = [form for name, form in ANSWERED if name == assignment]
    assert len(answered_in) >= 8
    for form in answered_in:
        wanted = {
            question.name
            for question in tasks.load(assignment).functions
            if question.rules.num_forms
        }
        assert wanted <= set(right_answers(assignment, form))


def answered(assignment, form, right_answers):
    """Returns the functions that a form answers: of a course's own questions it need not."""
    return [
        question
        for question in tasks.load(assignment).functions
        if question.name in right_answers(assignment, form)
    ]


@pytest.mark.filterwarnings("ignore::UserWarning:tf_keras", "ignore::DeprecationWarning:tf_keras")
@pytest.mark.parametrize("most", [1, soak.later(STUDENTS)], ids=["one student", "more students"])
@pytest.mark.parametrize(
    ("assignment", "form"),
    [each if each not in WAITING else soak.later(*each) for each in ANSWERED],
)
def test_a_right_answer_is_never_refused(assignment, form, most, right_answers):
    for question in answered(assignment, form, right_answers):
        students = min(2, most) if form == "compiled" else most
        if question.sampled:
            students = int(
                form == SEARCHED
                or (form not in forms.WRAPPERS and form not in SLOW_SEARCHES and most > 1)
            )
        some = form == "compiled" and most == 1
        accept(assignment, question, right_answers(assignment, form), students, some)


@pytest.mark.soak
@pytest.mark.parametrize(("assignment", "form"), WRITTEN)
def test_a_right_search_is_never_refused_for_20_students(assignment, form, right_answers):
    for question in answered(assignment, form, right_answers):
        if question.sampled:
            accept(assignment, question, right_answers(assignment, form), 20)


def accept(assignment, question, names, students, some=False):
    """Asserts that answers are right for so many students, and that all properties hold.

    If `some`, only that they are right on one case of each kind: XLA compiles for each shape anew.
    """
    space = student_side.Namespace(names)
    for number in range(students):
        asked = tasks.draw_for_student(assignment, question, f"student {number}", b"right answers")
        if some:
            asked = replace(asked, cases=tuple({case.kind: case for case in asked.cases}.values()))
        given = {case.name: ask(space, asked, case) for case in asked.cases}
        verdict = judging.judge(asked, given)
        assert verdict.status == "correct", (question.name, number, verdict.message)
    if not some:
        hold(question, names, 0)


def hold(question, names, number):
    """Asserts that all properties of a question hold for one student's inputs."""
    student = client.Student(client.InProcess(names), None)
    exam = Exam(student, question.oracle, np.random.default_rng(number))
    for name, found in examine(question, exam).items():
        assert found.status == "ok", (question.name, name, found)


def ask(space, asked, case):
    request = wire.pack_request(
        "call", asked.name, case.arguments, outputs=len(asked.outputs) or None
    )
    reply = wire.unpack_reply(student_side.answer_request(space, request))
    return judging.Answer(reply.status, reply.values, reply.kind, reply.line, reply.text)


# Models that were written without sight of the solution: networks made of functional models,
# keras.ops alone, TensorFlow Probability with a train_step of its own.

CLASSES = {"a03_vae": "VAE", "a05_vib": "VIB", "a06_flows": "FlowVIB"}
MODELS = [
    (assignment, form)
    for assignment, form in WRITTEN
    if assignment in CLASSES and f'question="{CLASSES[assignment]}"' in source(assignment, form)
]
# Of a03 the solution is graded whole, in test_grading_models.py.
SOME_MODELS = [("a05_vib", "keras_ops"), ("a06_flows", "keras_ops")]


@pytest.mark.parametrize(
    "assignment", sorted({assignment for assignment, _ in WRITTEN} & set(CLASSES))
)
def test_there_are_three_forms_of_every_model(assignment):
    assert len([form for name, form in MODELS if name == assignment]) >= 3


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("assignment", "form"),
    [model if model in SOME_MODELS else soak.later(*model) for model in MODELS],
)
def test_a_right_model_has_every_property(assignment, form, right_answers):
    for question in tasks.load(assignment).questions:
        if not question.cases:
            hold(question, right_answers(assignment, form), 0)
