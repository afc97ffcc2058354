"""Turns: one notebook holds up no class, and no turn changes a verdict."""

import math
import multiprocessing

import pytest

from autograder.grading.turns import FEW, SHORTEST, TIMES, Turns, TurnsOfAClass


@pytest.fixture
def turns():
    return Turns(multiprocessing, ["first", "second"])


def test_a_notebook_has_the_time_of_others_three_times(turns):
    told = TurnsOfAClass(turns, 20, 2)
    assert turns.seconds("first") == turns.seconds("second") == SHORTEST
    for seconds in (10, 30, 20):
        told.done("first", seconds)
    assert (turns.seconds("first"), turns.seconds("second")) == (TIMES * 20, SHORTEST)
    for _ in range(9):
        told.done("first", 0.1)
    assert turns.seconds("first") == SHORTEST


def test_turns_become_longer_while_all_are_put_back(turns):
    told = TurnsOfAClass(turns, 20, 2)
    for _ in range(2):
        told.put_back("first", SHORTEST)
    assert turns.seconds("first") == TIMES * SHORTEST
    told.put_back("first", TIMES * SHORTEST)
    assert turns.seconds("first") == TIMES**2 * SHORTEST
    for _ in range(FEW):
        told.done("first", 1)
    told.put_back("first", 1000)
    assert turns.seconds("first") == SHORTEST


def test_where_nobody_waits_nobody_is_put_back(turns):
    told = TurnsOfAClass(turns, 4, 2)
    assert turns.seconds("first") == SHORTEST
    told.put_back("first", SHORTEST)
    told.done("first", 1)
    assert turns.seconds("first") == turns.seconds("second") == math.inf
    TurnsOfAClass(turns, 2, 2)
    assert turns.seconds("first") == math.inf
