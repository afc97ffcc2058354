"""Turns: one notebook holds up no class, and no turn changes a verdict."""

import math
import multiprocessing

import pytest

from autograder.grading import classroom
from autograder.grading.submission import Submission
from autograder.grading.turns import (
    FEW,
    LONGER,
    SHORTEST,
    SHORTEST_OF_MODELS,
    TIMES,
    Schedule,
    Turns,
)


@pytest.fixture
def turns():
    return Turns(multiprocessing, ["first", "second"])


def test_a_notebook_has_some_times_what_most_others_take(turns):
    schedule = Schedule(turns, 20, 2)
    assert turns.seconds("first") == turns.seconds("second") == SHORTEST
    for _ in range(FEW + 1):
        schedule.done("first", 20)
    assert (turns.seconds("first"), turns.seconds("second")) == (TIMES * 20, SHORTEST)
    # The faster ones are no measure as long as a quarter is slow.
    for _ in range(7):
        schedule.done("first", 1)
    assert turns.seconds("first") == TIMES * 20


def test_what_was_not_graded_says_nothing(turns):
    schedule = Schedule(turns, 20, 2)
    for _ in range(FEW):
        schedule.done("first")
    assert turns.seconds("first") == SHORTEST
    assert schedule.taken["first"] == []


def test_turns_become_longer_while_more_are_put_back_than_done(turns):
    schedule = Schedule(turns, 40, 2, {"second": 7.0})
    for _ in range(FEW):
        assert turns.seconds("first") == SHORTEST
        schedule.put_back("first", SHORTEST)
    assert turns.seconds("first") == LONGER * SHORTEST
    # Turns that began before say nothing of longer ones.
    schedule.put_back("first", SHORTEST)
    for _ in range(FEW):
        assert turns.seconds("first") == LONGER * SHORTEST
        schedule.put_back("first", LONGER * SHORTEST)
    assert turns.seconds("first") == LONGER**2 * SHORTEST
    for _ in range(2 * FEW + 1):
        schedule.done("first", 0.1)
    assert turns.seconds("first") == SHORTEST
    # A quick notebook, and then none but slow ones.
    schedule.done("second", 1)
    for _ in range(FEW):
        assert turns.seconds("second") == 7.0
        schedule.put_back("second", 7.0)
    assert turns.seconds("second") == LONGER * 7.0


def test_those_that_were_put_back_have_longer_turns(turns):
    schedule = Schedule(turns, 40, 2)
    for _ in range(9):
        schedule.done("first", 1)
    schedule.begin_round(LONGER)
    assert turns.seconds("first") == LONGER * SHORTEST


def test_nobody_is_put_back_where_nobody_waits(turns):
    schedule = Schedule(turns, 4, 2)
    schedule.put_back("first", SHORTEST)
    schedule.done("first", 1)
    assert turns.seconds("first") < math.inf
    schedule.done("first", 1)
    assert turns.seconds("first") == turns.seconds("second") == math.inf
    Schedule(turns, 2, 2)
    assert turns.seconds("first") == math.inf


def test_a_few_slow_ones_at_the_beginning_cost_the_others_no_more_than_their_first_turns(turns):
    items = [
        Submission(name, "first", f"{number}.ipynb")
        for number, name in enumerate(["600"] * 5 + ["1"] * 15)
    ]
    machine = Machine(turns)
    for item, _, _ in classroom.results_in_turns(machine, items, ()):
        if item.student == "1":
            last = list(machine.seconds)
    assert sum(last) - 15 <= FEW * SHORTEST + 2 * LONGER * SHORTEST


def test_a_notebook_with_models_has_longer_at_first():
    assert classroom.first_turn("a01_densities") == SHORTEST
    assert classroom.first_turn("a03_vae") == SHORTEST_OF_MODELS > SHORTEST


class Machine:
    """Stands in for `graders.Graders`: notebooks take the seconds in their names, or their turn
    where that is less.
    """

    jobs = 1

    def __init__(self, turns):
        self.turns, self.order, self.seconds = turns, [], []

    def each(self, work, items, *_):
        for item in items:
            needs = float(item.student)
            if item.student == "13":
                yield item, None, OSError("no space")
            elif needs > self.turns.seconds(item.assignment):
                self.order.append(f"{item.student} put back")
                self.seconds.append(self.turns.seconds(item.assignment))
                yield item, (None, self.turns.seconds(item.assignment)), None
            else:
                self.order.append(item.student)
                self.seconds.append(needs)
                yield item, ({"kit_errors": []}, needs), None


def test_the_slow_ones_come_last_and_nobody_is_lost(turns):
    names = ["600", "40", "1", "1", "1", "13", "30", "1", "700", "1"]
    items = [Submission(f"{name}", "first", f"{number}.ipynb") for number, name in enumerate(names)]
    machine = Machine(turns)
    done = list(classroom.results_in_turns(machine, items, ()))
    assert sorted(item.student for item, _, _ in done) == sorted(names)
    assert [item.student for item, _, error in done if error] == ["13"]
    assert [item.student for item, verdict, error in done if verdict is None and not error] == []
    finished = [item.student for item, _, _ in done]
    assert finished.index("30") < finished.index("600")
    assert finished.index("40") < finished.index("700")
    assert finished[:3] == ["1", "1", "1"]
