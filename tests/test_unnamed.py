"""Wrong answers that nothing explains: grouped, shown with code, and made known mistakes."""

import ast
import json
from dataclasses import replace

import pytest

from autograder import cli, tasks
from autograder.build import adopt
from autograder.build.skeleton import SkeletonError
from autograder.grading.answers import code_of
from autograder.reports.unnamed import group_unnamed

QUESTION = "kl_to_standard_normal"
CODE = f"""def {QUESTION}(mu, log_var):
    return tf.reduce_sum(mu**4 + log_var, axis=-1)
"""


def verdict(student, numbers, mistake=None):
    question = {"name": QUESTION, "mistake": mistake, "unexplained": numbers}
    return {"student": student, "assignment": "a01_densities", "questions": [question]}


def test_answers_with_the_same_numbers_are_one_group_the_largest_first():
    groups = group_unnamed(
        [
            verdict("ada", [1.0, None, 3.0]),
            verdict("bob", [2.0, 4.0, 3.0]),
            verdict("cyd", [2.0001, 4.0, 3.0]),
            verdict("dee", []),
            verdict("eve", [2.0, 4.0, 3.0], mistake="kl_sign_flipped"),
            verdict("fay", [1.0, 2.0, 3.0]),
        ]
    )
    assert [group.students for group in groups] == [["bob", "cyd"], ["ada"], ["fay"]]


def write_notebook(folder, student, code):
    path = folder / student / "a01_densities" / "a01_densities.ipynb"
    path.parent.mkdir(parents=True)
    cell = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    content = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}
    content["cells"] = [{**cell, "id": "a", "source": "x = 1"}, {**cell, "id": "b", "source": code}]
    path.write_text(json.dumps(content), encoding="utf-8")


def test_a_group_is_shown_with_the_code_of_one_of_its_students(tmp_path, capsys):
    write_notebook(tmp_path / "submitted", "bob", CODE)
    folder = tmp_path / "verdicts" / "a01_densities"
    folder.mkdir(parents=True)
    for student in ("bob", "cyd"):
        text = json.dumps({"schema": 3, **verdict(student, [2.0, 4.0])})
        (folder / f"{student}.json").write_text(text, encoding="utf-8")
    arguments = ["--submitted", str(tmp_path / "submitted"), "--out", str(tmp_path)]
    assert cli.main(["unnamed", "a01_densities", *arguments]) == 0
    shown = capsys.readouterr().out
    assert f"a01_densities, {QUESTION}: 2 students (bob, cyd)" in shown
    assert "    return tf.reduce_sum(mu**4 + log_var, axis=-1)" in shown


def test_without_verdicts_the_command_says_what_to_do(tmp_path, capsys):
    assert cli.main(["unnamed", "--out", str(tmp_path)]) == 2
    assert "grade first" in capsys.readouterr().err


def test_the_code_of_a_notebook_that_is_gone_or_broken_is_empty(tmp_path):
    assert code_of(tmp_path / "nowhere", "a01_densities", "bob", QUESTION) == ""
    write_notebook(tmp_path, "bob", CODE)
    assert code_of(tmp_path, "a01_densities", "bob", QUESTION) == CODE.rstrip() + "\n"
    assert code_of(tmp_path, "a01_densities", "bob", "another") == ""
    (tmp_path / "bob" / "a01_densities" / "a01_densities.ipynb").write_text("{")
    assert code_of(tmp_path, "a01_densities", "bob", QUESTION) == ""


@pytest.fixture
def copied(tmp_path, monkeypatch):
    """Returns the folder of a copy of a01's questions, which `adopt` writes into."""
    folder = tmp_path / "a01_densities"
    folder.mkdir()
    for path in (tasks.FOLDER / "a01_densities").iterdir():
        if path.suffix in (".py", ".md"):
            (folder / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    monkeypatch.setattr(tasks, "FOLDER", tmp_path)
    return folder


def test_an_adopted_answer_is_a_row_with_its_code_and_two_lines_of_hints(copied):
    written = adopt.adopt("a01_densities", QUESTION, "kl_fourth_power", CODE)
    assert [path.name for path, _ in written] == ["kl_to_prior.py", "hints.md"]
    module, hints = (path.read_text(encoding="utf-8") for path, _ in written)
    tree = ast.parse(module)
    _, mistakes = adopt.find_question(tree, QUESTION)
    assert mistakes.keywords[-1].arg == "kl_fourth_power"
    assert "    #     return tf.reduce_sum(mu**4 + log_var, axis=-1)\n" in module
    sections = hints.split("\n## ")
    own = next(section for section in sections if section.startswith(QUESTION))
    assert own.rstrip().endswith("- **kl_fourth_power** What is off.\n  Repair: How to mend it.")


@pytest.mark.parametrize(
    ("question", "name", "said"),
    [
        ("nothing", "kl_other", "has no question 'nothing' with cases"),
        (QUESTION, "KL", "is no name of a function"),
        (QUESTION, "kl_sign_flipped", "has a mistake 'kl_sign_flipped' already"),
        (QUESTION, "np", "kl_to_prior.py has another use for 'np'"),
        (QUESTION, "kl_to_standard_normal", "has another use for"),
        (QUESTION, "print", "has another use for"),
    ],
)
def test_what_cannot_be_adopted_is_said_and_nothing_is_written(copied, question, name, said):
    before = {path: path.read_bytes() for path in copied.iterdir()}
    with pytest.raises(SkeletonError, match=said):
        adopt.adopt("a01_densities", question, name, CODE)
    assert {path: path.read_bytes() for path in copied.iterdir()} == before


def test_a_name_that_another_question_has_gets_its_own_hint(copied):
    hints = (copied / "hints.md").read_text(encoding="utf-8")
    assert "- **gaussian_log_sigma_once** " in hints
    adopt.adopt("a01_densities", QUESTION, "gaussian_log_sigma_once", CODE)
    again = (copied / "hints.md").read_text(encoding="utf-8")
    assert again.count("- **gaussian_log_sigma_once** ") == 2


def test_no_character_of_a_student_ends_the_comment(copied):
    line = "    return 0\x00\r    import os\u2028import sys\x0cimport re"
    _, (module, _) = reversed(adopt.adopt("a01_densities", QUESTION, "kl_odd", f"{CODE}{line}"))
    text = module.read_text(encoding="utf-8")
    imports = [node for node in ast.parse(text).body if isinstance(node, ast.Import)]
    assert [name.name for node in imports for name in node.names] == ["numpy"]
    (function,) = [node for node in ast.parse(text).body if getattr(node, "name", "") == "kl_odd"]
    assert [type(node) for node in function.body] == [ast.Raise]


def test_what_was_half_adopted_is_finished(copied):
    """The process died after the hint was written."""
    module, hints = copied / "kl_to_prior.py", copied / "hints.md"
    before = module.read_bytes()
    adopt.adopt("a01_densities", QUESTION, "kl_half", CODE)
    written = module.read_bytes(), hints.read_bytes()
    module.write_bytes(before)
    adopt.adopt("a01_densities", QUESTION, "kl_half", CODE)
    assert (module.read_bytes(), hints.read_bytes()) == written


def test_an_adopted_mistake_without_its_formula_is_named():
    def kl_fourth_power(*arguments):
        raise NotImplementedError("kl_fourth_power: write here in NumPy what the answer computes")

    (question,) = [one for one in tasks.load("a01_densities").questions if one.name == QUESTION]
    adopted = replace(question, mistakes=tasks.wrong(kl_fourth_power=kl_fourth_power))
    with pytest.raises(tasks.QuestionError, match=f"{QUESTION}: kl_fourth_power: write here"):
        tasks.draw_for_student("a01_densities", adopted, "ada", b"secret")
