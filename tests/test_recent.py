"""Values that formulas share belong to the very inputs that they were computed from."""

import numpy as np

from autograder.tasks.recent import Recent


def test_values_are_kept_for_the_same_inputs_alone():
    recent, first, again = Recent(), (np.ones(3), 2.5), (np.ones(3), 2.5)
    recent.values(first)["a"] = 1
    assert recent.values(first) == {"a": 1}
    assert recent.values(again) == {}
    assert recent.values(first) == {"a": 1}


def test_values_of_the_last_two_inputs_are_kept():
    recent, inputs = Recent(), [(np.ones(3),) for _ in range(3)]
    for number, one in enumerate(inputs):
        recent.values(one)["number"] = number
    assert [recent.values(one) for one in inputs[1:]] == [{"number": 1}, {"number": 2}]
    assert recent.values(inputs[0]) == {}
