"""The row of public inputs that `check` shows where it knows no mistake."""

import numpy as np
import pytest
from vikit import judging, side_by_side
from vikit.protocol import wire

RATES = np.float32([[0.5, 1.5], [2.5, 3.5], [4.5, 5.5]])
NOISE = np.arange(24, dtype=np.float32).reshape(4, 3, 2)


def ask(expected, arguments, shape="[B]", outputs=()):
    """Returns a question of one case whose right values are `expected`."""
    wanted = tuple(np.asarray(value, float) for value in expected)
    case = judging.DrawnCase("a case", judging.GENERIC, arguments, wanted)
    return judging.DrawnQuestion("f", 1, "document 000", (case,), shape=shape, outputs=outputs)


def describe(question, values, function):
    answer = judging.Answer("ok", tuple(np.asarray(value, np.float32) for value in values))
    return side_by_side.describe_row(question, {"a case": answer}, function)


def one(rates):
    return rates


def two(rates, noise):
    return rates, noise


def test_the_row_that_is_most_off_is_shown_with_both_values():
    question = ask([[1.0, 2.0, 3.0]], (RATES,))
    assert describe(question, [[1.0, 2.5, 3.1]], one) == [
        "For example, 'a case':",
        "  rates[1] = [2.5, 3.5]",
        "  your value[1] = 2.5",
        "  the right value[1] = 2",
    ]


def test_nan_is_most_off():
    question = ask([[1.0, 2.0, 3.0]], (RATES,))
    lines = describe(question, [[1.0, 2.5, np.nan]], one)
    assert lines[2:] == ["  your value[2] = nan", "  the right value[2] = 3"]


def test_a_batch_that_is_not_the_first_axis_is_found_and_long_arrays_show_their_shape():
    question = ask([[1.0, 2.0, 3.0]], (np.ones((3, 41), np.float32), wire.Tensor(NOISE)))
    lines = describe(question, [[0.0, 2.0, 3.0]], two)
    assert lines[1:3] == [
        "  rates[0] = 41 numbers",
        "  noise[:, 0] = [[0, 1], [6, 7], [12, 13], [18, 19]]",
    ]


def test_a_question_without_rows_shows_its_whole_arguments():
    question = ask([2.0], (RATES, 0.25), shape="a scalar")
    assert describe(question, [1.0], two) == [
        "For example, 'a case':",
        "  rates = [[0.5, 1.5], [2.5, 3.5], [4.5, 5.5]]",
        "  noise = 0.25",
        "  your value = 1",
        "  the right value = 2",
    ]


def test_up_to_40_numbers_are_shown_line_by_line():
    table = np.arange(35, dtype=np.float32).reshape(5, 7)
    (_, shown, *_) = describe(ask([2.0], (table,), shape="a scalar"), [1.0], one)
    assert shown.splitlines()[0] == "  rates = "
    assert shown.splitlines()[1] == "    [0, 1, 2, 3, 4, 5, 6]"
    assert len(shown.splitlines()) == 6


@pytest.mark.parametrize(
    ("argument", "hides"),
    [
        (np.ones((5, 8), np.float32), False),
        (np.ones((6, 7), np.float32), True),
        (np.ones(41, np.float32), True),
        (wire.BuiltArgument("linear_gaussian", ()), True),
        (0.25, False),
    ],
)
def test_a_row_that_hides_numbers_is_known_as_one(argument, hides):
    lines = describe(ask([2.0], (RATES, argument), shape="a scalar"), [1.0], two)
    assert side_by_side.hides_numbers("\n".join(["Not right.", *lines])) == hides
    assert side_by_side.hides_numbers("Not right.")


def test_of_several_outputs_the_first_wrong_one_is_shown():
    question = ask([[1.0, 2.0, 3.0], 4.0], (RATES,), "[B] and []", ("kl", "total"))
    lines = describe(question, [[1.0, 2.0, 3.0], 5.0], one)
    assert lines[-2:] == ["  your total = 5", "  the right total = 4"]


def test_arguments_of_a_function_that_tells_no_names_are_numbered():
    question = ask([[1.0, 2.0, 3.0]], (RATES,))
    assert "  argument 1[0] = [0.5, 1.5]" in describe(question, [[0.0, 2.0, 3.0]], lambda *_: 0)


def test_a_function_among_the_arguments_is_named_by_its_kind():
    slope = wire.BuiltArgument("linear_gaussian", ())
    question = ask([[1.0, 2.0, 3.0]], (RATES, slope))
    assert "  noise: a function (linear gaussian)" in describe(question, [[0.0, 2.0, 3.0]], two)


@pytest.mark.parametrize("values", [[[1.0, 2.0]], [[1.0, 2.0, 3.0], 4.0], []])
def test_values_of_another_shape_are_not_shown(values):
    question = ask([[1.0, 2.0, 3.0]], (RATES,))
    assert describe(question, values, one) == []
