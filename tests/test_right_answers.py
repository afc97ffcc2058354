"""Answers in eight forms, written from the released notebook without sight of the solution: none may be refused.

Each file of `right_answers/` is one student who answers every question of a01: plain TensorFlow, NumPy in float64,
keras.ops, TensorFlow Probability, loops and einsum, XLA, a class, Python lists.
"""

import os
from pathlib import Path

import pytest
from vikit import judge, probe, wire

from autograder import tasks

FORMS = sorted(path.stem for path in (Path(__file__).parent / "right_answers").glob("*.py"))
STUDENTS = int(os.environ.get("STUDENTS", "12"))
A01 = "a01_densities"


def test_there_are_eight_forms_of_every_question(a01, right_answers):
    assert len(FORMS) >= 8
    for form in FORMS:
        assert {task.name for task in a01.tasks} <= set(right_answers(form))


@pytest.mark.parametrize("form", FORMS)
def test_a_right_answer_is_never_refused(form, a01, right_answers):
    space = probe.Namespace(right_answers(form))
    for task in a01.tasks:
        for number in range(3 if "jit" in form else STUDENTS):
            asked = tasks.materialise(A01, task, f"student {number}", b"right answers")
            given = {case.name: ask(space, asked, case) for case in asked.cases}
            verdict = judge.judge(asked, given)
            assert verdict.status == "correct", (task.name, number, verdict.message)


def ask(space, asked, case):
    request = wire.pack_request("call", asked.name, case.arguments, outputs=len(asked.outputs) or None)
    reply = wire.unpack_reply(probe.answer(space, request))
    return judge.Answer(reply.status, reply.values, reply.kind, reply.line, reply.text)
