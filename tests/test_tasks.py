import re
from pathlib import Path

import numpy as np
import pytest
import soak
from vikit import judging
from vikit.protocol.wire import BuiltArgument, Tensor

from autograder import tasks
from autograder.tasks import EDGE, GENERIC, Case, Question, QuestionError, wrong
from autograder.tasks.drawing import (
    as_student_gets_it,
    draw_with_key,
    evaluate,
    round_to_float32,
    to_float64,
)
from autograder.tasks.separation import find_clash, find_structure

SECRET = b"secret of the tests"
CORE = [(name, question) for name in tasks.names() for question in tasks.load(name).functions]
each_number_of_students = pytest.mark.parametrize("students", [1, soak.later(50)])
each_question = pytest.mark.parametrize(
    ("assignment", "question"), CORE, ids=[question.name for _, question in CORE]
)


def answered(values):
    """Answers in float32, as most students give them; what is too large for that becomes
    infinite.
    """
    with np.errstate(over="ignore"):
        return {
            name: judging.Answer("ok", tuple(value.astype(np.float32) for value in value))
            for name, value in values.items()
        }


def test_the_readme_says_points_and_hours_as_the_notebooks_do():
    root = Path(__file__).parents[1]
    rows = re.findall(
        r"^\| `(a\d\d_\w+)` \|.*\| (\d+), (\d+) \| (\d+) \|",
        (root / "README.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert [row[0] for row in rows] == list(tasks.names())
    for name, points, by_hand, hours in rows:
        loaded = tasks.load(name)
        assert loaded.max_score + loaded.manual_max_score == int(points)
        assert loaded.manual_max_score == int(by_hand)
        text = (root / "solutions" / f"{name}.py").read_text(encoding="utf-8")
        assert f"**Time**: about {hours} hours" in text


def test_students_read_titles_of_properties_and_no_names():
    count = 0
    for name in tasks.names():
        for question in tasks.load(name).questions:
            titles = [item.title for item in question.properties]
            count += len(titles)
            assert len(set(titles)) == len(titles), question.name
            for item in question.properties:
                assert item.title[:1].isupper(), item.name
                assert "_" not in item.name or item.name not in item.title, item.name
    assert count > 40


def test_there_are_tasks():
    assert len(CORE) >= 3


@each_question
def test_cases_are_enough_and_of_different_sizes(assignment, question):
    # A search takes seconds: it is asked for three times.
    assert sum(case.kind == GENERIC for case in question.cases) >= (
        2 if question.sampled else question.rules.num_generic
    )
    assert sum(case.kind == EDGE for case in question.cases) >= (
        1 if question.sampled else question.rules.num_edge
    )
    assert len({case.name for case in question.cases}) == len(question.cases)
    sized = [case for case in question.cases if case.sizes]
    assert sized or question.sampled or takes_numbers_only(question)
    assert len({tuple(case.sizes.values()) for case in sized}) >= (
        question.rules.num_generic + 1 if sized else 0
    )
    for case in sized:
        sizes = list(case.sizes.values())
        assert min(sizes) >= 3
        assert len(set(sizes)) == len(sizes)
        assert not any(first == 2 * second for first in sizes for second in sizes), case


def takes_numbers_only(question):
    """Tells whether a question has no array among its arguments, and so no sizes."""
    return all(
        isinstance(value, float)
        for case in question.cases
        for value in case.draw(np.random.default_rng(0))
    )


@each_question
def test_every_question_says_what_people_need(assignment, question):
    assert "document 00" in question.source or not question.rules.cites_lecture
    assert question.source
    assert question.tolerance
    assert len(question.mistakes) >= (
        question.rules.num_mistakes_of_8 if question.points >= 8 else question.rules.num_mistakes
    )
    for mistake in question.mistakes:
        hint = question.hint(mistake.name).hint
        assert len(hint) > 20, mistake.name
        assert hint.endswith((".", ".)")), mistake.name


def test_mistakes_have_names_of_their_own():
    names = [mistake.name for _, question in CORE for mistake in question.mistakes]
    assert len(set(names)) == len(names)


@each_number_of_students
@each_question
def test_the_reference_gets_full_points_from_float32(assignment, question, students):
    for number in range(students):
        asked = tasks.draw_for_student(assignment, question, f"student {number}", SECRET)
        verdict = judging.judge(asked, answered({case.name: case.expected for case in asked.cases}))
        assert (verdict.status, verdict.score) == ("correct", question.points)


@each_number_of_students
@each_question
def test_every_mistake_is_refused_and_named(assignment, question, students):
    for number in range(students):
        asked = tasks.draw_for_student(assignment, question, f"student {number}", SECRET)
        for mistake in question.mistakes:
            for variant in (0, -1):
                verdict = judging.judge(
                    asked,
                    answered(
                        {case.name: case.wrong[mistake.name][variant] for case in asked.cases}
                    ),
                )
                assert verdict.status in ("wrong", "partial"), mistake.name
                assert verdict.score < question.points
                assert verdict.mistake == mistake.name
                assert question.hint(mistake.name).hint in verdict.message
                assert verdict.source == question.hint(mistake.name).source


@each_number_of_students
@each_question
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_every_spelling_of_a_mistake_is_refused_in_float32_or_float64(
    assignment, question, students
):
    """Not by luck of the draw: for every student. (Some constants are harmless in one of the
    two.)
    """
    for number in range(students):
        asked = tasks.draw_for_student(assignment, question, f"student {number}", SECRET)
        for mistake in question.mistakes:
            for formula in mistake.formulas:
                values = [
                    {
                        case.name: evaluate(formula, [number(value) for value in case.arguments])
                        for case in asked.cases
                    }
                    for number in (as_student_gets_it, to_float64)
                ]
                assert any(
                    judging.judge(asked, given_as_is(value)).status != "correct" for value in values
                ), mistake.name


def given_as_is(values):
    return {name: judging.Answer("ok", value) for name, value in values.items()}


@each_question
def test_inputs_are_the_students_own_and_stay_the_same(assignment, question):
    first, again, other = (
        tasks.draw_for_student(assignment, question, student, secret)
        for student, secret in (("ada", SECRET), ("ada", SECRET), ("bob", SECRET))
    )
    rekeyed = tasks.draw_for_student(assignment, question, "ada", b"another secret")
    generic = [index for index, case in enumerate(first.cases) if case.kind == GENERIC]
    for index in generic:
        mine, same, theirs, later = (
            asked.cases[index].arguments for asked in (first, again, other, rekeyed)
        )
        assert same_numbers(mine, same)
        assert not same_numbers(mine, theirs)
        assert not same_numbers(mine, later)


def same_numbers(first, second):
    return all(
        np.array_equal(a, b) for a, b in zip(arrays_of(first), arrays_of(second), strict=True)
    )


def arrays_of(arguments):
    """Yields the numbers of arguments; of a function argument the arrays that it is built from."""
    for argument in arguments:
        match argument:
            case BuiltArgument(_, arrays):
                yield from arrays
            case Tensor(array):
                yield array
            case _:
                yield argument


@each_question
def test_students_get_float32_and_the_reference_the_same_numbers(assignment, question):
    asked = tasks.draw_for_student(assignment, question, "ada", SECRET)
    for case in asked.cases:
        arrays = [
            argument for argument in arrays_of(case.arguments) if isinstance(argument, np.ndarray)
        ]
        numbers = [argument for argument in case.arguments if isinstance(argument, float)]
        assert arrays or numbers
        assert all(array.dtype == np.float32 for array in arrays)
        # As float64: NumPy compares a Python float with a float32 in float32,
        # where they are always equal.
        assert all(float(np.float32(number)) == number for number in numbers)
        again = question.reference(*(to_float64(argument) for argument in case.arguments))
        again = again if isinstance(again, tuple) else (again,)
        for got, want in zip(case.expected, again, strict=True):
            np.testing.assert_array_equal(got, np.asarray(want))


def question_of(draw, **mistakes):
    case = Case("any", GENERIC, draw, {"B": 3})
    return Question("f", 1, "document 000", "[B]", lambda x: x, (case,), wrong(**mistakes))


def test_inputs_are_drawn_again_until_two_mistakes_are_apart():
    draws = []

    def draw(generator, B):
        draws.append(np.abs(generator.normal(size=B)) * generator.choice([-1, 1], B))
        return (draws[-1],)

    question = question_of(draw, shifted=lambda x: x + 1, abs_shifted=lambda x: np.abs(x) + 1)
    for student in range(30):
        asked = tasks.draw_for_student("x", question, str(student), SECRET)
        (drawn,) = asked.cases[0].arguments
        assert (drawn < 0).any(), "all positive inputs cannot tell x + 1 from |x| + 1"
    assert any((drawn > 0).all() for drawn in draws), "no draw was ever rejected"


def test_mistakes_that_no_draw_tells_apart_are_equal_by_structure_and_both_named():
    question = question_of(
        lambda generator, B: (generator.normal(size=B),), a=lambda x: x + 1, b=lambda x: 1 + x
    )
    assert frozenset(("a", "b")) in find_structure("x", question).pairs
    asked = tasks.draw_for_student("x", question, "ada", SECRET)
    verdict = judging.judge(asked, answered({"any": asked.cases[0].wrong["a"][0]}))
    assert verdict.mistake == "a or b"


def test_a_mistake_that_is_the_right_answer_is_refused():
    question = question_of(lambda generator, B: (generator.normal(size=B),), same=lambda x: x + 0)
    with pytest.raises(QuestionError, match="f: same gives the right answer"):
        tasks.draw_for_student("x", question, "ada", SECRET)


def test_inputs_that_never_come_apart_are_refused_by_name():
    """On these inputs, which structure_draws never sees, two mistakes meet."""
    draw = Case("any", GENERIC, lambda generator, B: (np.abs(generator.normal(size=B)),), {"B": 3})
    apart = Case("any", GENERIC, lambda generator, B: (generator.normal(size=B),), {"B": 3})
    mistakes = wrong(a=lambda x: x + 1, b=lambda x: np.abs(x) + 1)
    question, twin = (
        Question("f", 1, "document 000", "[B]", lambda x: x, (case,), mistakes)
        for case in (draw, apart)
    )
    asked = draw_with_key(question, (SECRET, "ada", "x", 0))
    assert find_clash(twin, asked, set()) == ["a", "b"]


def test_an_unknown_assignment_is_refused_with_the_known_ones():
    with pytest.raises(LookupError, match="a01_densities"):
        tasks.load("a99_nothing")


def test_a_scalar_reaches_the_student_as_a_python_float_of_float32_precision():
    assert float(np.float32(0.1)) != 0.1
    for number in (0.1, np.float64(0.1)):
        assert type(round_to_float32(number)) is float
        assert round_to_float32(number) == float(np.float32(0.1))


@pytest.mark.parametrize(("tolerances", "told"), [(2, False), (3, True)])
def test_answers_are_told_apart_only_by_more_than_twice_the_tolerance(tolerances, told):
    """An answer that is off by one tolerance lies between two that are 2 apart, and would be
    both.
    """
    x = np.array([1.3, 0.4, 2.2])

    def asked(**mistakes):
        definition = question_of(lambda generator, B: (x,), **mistakes)
        return definition, draw_with_key(definition, (SECRET, "ada", "x", 0))

    def beside(values):
        return values - tolerances * (judging.ATOL + judging.RTOL * np.abs(values))

    definition, question = asked(a=lambda x: x + 7, b=lambda x: beside(x + 7))
    assert find_clash(definition, question, set()) == (None if told else ["a", "b"])
    definition, question = asked(nearly_right=beside)
    assert find_clash(definition, question, set()) == (None if told else ["nearly_right"])
