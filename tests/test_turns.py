"""Turns: one notebook holds up no class, and no turn changes a verdict."""

import math
import multiprocessing

import pytest

from autograder.grading import classroom
from autograder.grading.submission import Submission
from autograder.grading.turns import FEW, LONGER, SHORTEST, TIMES, Schedule, Turns


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
    schedule = Schedule(turns, 40, 2)
    for _ in range(2):
        schedule.put_back("first", SHORTEST)
    assert turns.seconds("first") == LONGER * SHORTEST
    schedule.put_back("first", LONGER * SHORTEST)
    assert turns.seconds("first") == LONGER**2 * SHORTEST
    for _ in range(3):
        schedule.done("first", 1)
    assert turns.seconds("first") == SHORTEST
    # One quick notebook, and then none but slow ones.
    schedule.done("second", 1)
    for _ in range(3):
        schedule.put_back("second", turns.seconds("second"))
    assert turns.seconds("second") == LONGER**2 * SHORTEST


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


class Machine:
    """Stands in for `graders.Graders`: notebooks take the seconds in their names, or their turn where that is less."""

    jobs = 1

    def __init__(self, turns):
        self.turns, self.order = turns, []

    def each(self, work, items, *_):
        for item in items:
            needs = float(item.student)
            if item.student == "13":
                yield item, None, OSError("no space")
            elif needs > self.turns.seconds(item.assignment):
                self.order.append(f"{item.student} put back")
                yield item, (None, self.turns.seconds(item.assignment)), None
            else:
                self.order.append(item.student)
                yield item, ({"kit_errors": []}, needs), None


def test_the_slow_ones_come_last_and_nobody_is_lost(turns):
    names = ["600", "40", "1", "1", "1", "13", "30", "1", "700", "1"]
    items = [Submission(f"{name}", "first", f"{number}.ipynb") for number, name in enumerate(names)]
    machine = Machine(turns)
    done = list(classroom.in_turns(machine, items, ()))
    assert sorted(item.student for item, _, _ in done) == sorted(names)
    assert [item.student for item, _, error in done if error] == ["13"]
    assert [item.student for item, verdict, error in done if verdict is None and not error] == []
    finished = [item.student for item, _, _ in done]
    assert finished.index("30") < finished.index("600")
    assert finished.index("40") < finished.index("700")
    assert finished[:3] == ["1", "1", "1"]
