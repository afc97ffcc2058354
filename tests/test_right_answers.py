"""Answers in eight forms, written from the released notebook without sight of the solution: none may be refused.

Each file of `right_answers/` is one student who answers every question of a01: plain TensorFlow, NumPy in float64,
keras.ops, TensorFlow Probability, loops and einsum, XLA, a class, Python lists.
"""

import linecache
import os
from pathlib import Path

import jupytext
import numpy as np
import pytest
import tensorflow as tf
from vikit import judge, probe, wire

from autograder import tasks

FILES = sorted((Path(__file__).parent / "right_answers").glob("*.py"))
STUDENTS = int(os.environ.get("STUDENTS", "12"))
A01 = "a01_densities"


def names_of(path):
    """Returns what the cells of a file define, run one after the other as in the notebook."""
    names = {"__name__": "__main__", "np": np, "tf": tf, "LOG_2PI": float(np.log(2 * np.pi))}
    for cell in jupytext.read(path, fmt="py:percent").cells:
        if cell.cell_type == "code" and "question" in cell.metadata:
            file = f"{path.stem}, {cell.metadata['question']}"
            # As IPython does: AutoGraph reads a function's source.
            linecache.cache[file] = (len(cell.source), None, cell.source.splitlines(keepends=True), file)
            exec(compile(cell.source, file, "exec"), names)
    return names


def test_there_are_eight_forms_of_every_question(a01):
    assert len(FILES) >= 8
    for path in FILES:
        assert {task.name for task in a01.tasks} <= set(names_of(path))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_right_answer_is_never_refused(path, a01):
    space = probe.Namespace(names_of(path))
    for task in a01.tasks:
        for number in range(3 if "jit" in path.stem else STUDENTS):
            asked = tasks.materialise(A01, task, f"student {number}", b"right answers")
            given = {case.name: ask(space, asked, case) for case in asked.cases}
            verdict = judge.judge(asked, given)
            assert verdict.status == "correct", (task.name, number, verdict.message)


def ask(space, asked, case):
    request = wire.pack_request("call", asked.name, case.arguments, outputs=len(asked.outputs) or None)
    reply = wire.unpack_reply(probe.answer(space, request))
    return judge.Answer(reply.status, reply.values, reply.kind, reply.line, reply.text)


IN_FLOAT32 = ("float32_tensorflow", "helpers_and_class", "keras_ops", "tfp_distributions")


def test_float32_uses_up_little_of_the_tolerance(a01):
    """The largest error of right formulas in float32, as a share of the tolerance, is below what each task says of it."""
    worst = {task.name: {} for task in a01.tasks}
    for path in (path for path in FILES if path.stem in IN_FLOAT32):
        space = probe.Namespace(names_of(path))
        for task in a01.tasks:
            for number in range(STUDENTS):
                asked = tasks.materialise(A01, task, f"student {number}", b"float32")
                for case in asked.cases:
                    for got, want in zip(ask(space, asked, case).values, case.expected, strict=True):
                        if got.dtype == np.float32:
                            share = np.max(np.abs(got - want) / (asked.atol + asked.rtol * np.abs(want)))
                            worst[task.name][path.stem] = max(worst[task.name].get(path.stem, 0), float(share))
    for task in a01.tasks:
        assert len(worst[task.name]) >= 3
        assert max(worst[task.name].values()) <= task.float32 <= 0.2, (task.name, worst[task.name])
