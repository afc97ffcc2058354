"""Wrong models, one edit away from the right one: each loses the points of the property that it breaks, under its own name."""

import linecache
import runpy
from pathlib import Path

import numpy as np
import pytest
from vikit import asking, autoencoders, judge, properties

from autograder import tasks
from autograder.build import script

SOLUTION = (script.SOLUTIONS / "a03_vae.py").read_text(encoding="utf-8")
EDITS = runpy.run_path(str(Path(__file__).parent / "wrong_models" / "edits.py"))["EDITS"]
TASKS = {task.name: task for task in tasks.load("a03_vae").tasks}
TRAINED = ("every_weight_learns", "fresh_noise", "loss_per_example", "training_passes_the_floor")
# Keras warns of layers that are made and never called: some of these models do just that.
pytestmark = pytest.mark.filterwarnings("ignore")


def names_of(source):
    """Returns what the text of a notebook defines."""
    names = {"__name__": "a wrong model"}
    # As IPython does: AutoGraph reads a function's source.
    linecache.cache["wrong model"] = (len(source), None, source.splitlines(keepends=True), "wrong model")
    exec(compile(source, "wrong model", "exec"), names)
    return names


def findings(names, question, only=None, number=0):
    """Returns (question, dict from the names of its properties, or of `only` that one, to findings)."""
    task = TASKS[question]
    asked = properties.Asked(asking.Student(asking.Here(names), None), task.oracle, np.random.default_rng(number))
    chosen = [item for item in task.properties if only in (None, item.name)]
    return chosen, {item.name: properties.finding(item, asked, autoencoders.KINDS) for item in chosen}


def test_the_table_is_long_and_each_edit_changes_something():
    assert len(EDITS) >= 25
    assert len({edit.name for edit in EDITS}) == len(EDITS)
    for edit in EDITS:
        assert edit.old in SOLUTION, edit.name
        assert edit.broken in {item.name for item in TASKS[edit.question].properties}, edit.name
        declared = {mistake.name for item in TASKS[edit.question].properties for mistake in item.mistakes}
        assert not edit.mistake or edit.mistake in declared, edit.name


@pytest.mark.parametrize("edit", [edit for edit in EDITS if edit.broken not in TRAINED], ids=lambda edit: edit.name)
def test_a_wrong_model_loses_the_property_that_it_breaks(edit):
    broken(edit, findings(names_of(SOLUTION.replace(edit.old, edit.new)), edit.question, edit.broken)[1])


@pytest.mark.soak
@pytest.mark.parametrize("edit", [edit for edit in EDITS if edit.broken in TRAINED], ids=lambda edit: edit.name)
def test_a_wrong_model_that_must_be_trained_loses_the_property_that_it_breaks(edit):
    broken(edit, findings(names_of(SOLUTION.replace(edit.old, edit.new)), edit.question, edit.broken)[1])


def broken(edit, found):
    finding = found[edit.broken]
    assert finding.status == "wrong", finding
    if edit.mistake:
        assert edit.mistake in finding.mistake.split(" and "), finding


@pytest.mark.parametrize("question", [name for name in TASKS if TASKS[name].properties])
def test_the_solution_has_every_property(question):
    chosen, found = findings(names_of(SOLUTION), question)
    verdict = judge.judge_properties(judge.Question(question, 0, "", (), properties=tuple(chosen)), found)
    assert (verdict.status, verdict.score) == ("correct", sum(item.points for item in chosen)), verdict.message
