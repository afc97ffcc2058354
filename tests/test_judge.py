import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from vikit import checking, judging
from vikit.judging import compare, decide, naming


def case(name, kind, expected, wrong=None, sizes=None):
    tidy = {key: (as_tuple(value),) for key, value in (wrong or {}).items()}
    return judging.DrawnCase(name, kind, (), as_tuple(expected), tidy, sizes or {"B": 3, "K": 4})


def as_tuple(value):
    return tuple(
        np.asarray(part, float) for part in (value if isinstance(value, tuple) else (value,))
    )


RIGHT = {
    "g1": [1.0, 2.0, 4.0],
    "g2": [-1.0, 3.0, 0.5],
    "e1": [0.0, 0.0, 0.0],
    "e2": [7.0, 1.0, 2.0],
}


def question(**options):
    wrong = {
        name: {"plus_one": np.add(value, 1), "square": np.square(value)}
        for name, value in RIGHT.items()
    }
    cases = tuple(
        case(name, judging.GENERIC if name[0] == "g" else judging.EDGE, value, wrong[name])
        for name, value in RIGHT.items()
    )
    mistakes = (
        judging.Mistake("plus_one", "You added one.", "there", "Do not add it."),
        judging.Mistake("square", "You squared."),
    )
    return judging.DrawnQuestion("f", 10, "document 000", cases, mistakes, shape="[B]", **options)


def answers(change=lambda name, value: value, dtype=np.float32):
    return {
        name: judging.Answer(
            "ok", tuple(np.asarray(part, dtype) for part in as_tuple(change(name, np.array(value))))
        )
        for name, value in RIGHT.items()
    }


def test_a_right_answer_gets_exactly_the_points():
    verdict = judging.judge(question(), answers())
    assert (verdict.status, verdict.score, verdict.mistake) == ("correct", 10, None)
    assert [case.points for case in verdict.cases] == pytest.approx([3.5, 3.5, 1.5, 1.5])


def test_an_edge_case_lost_is_partial():
    verdict = judging.judge(question(), answers(lambda name, value: value + (name == "e2")))
    assert (verdict.status, verdict.score) == ("partial", 7)
    assert "edge" in verdict.message
    assert [case.points for case in verdict.cases] == pytest.approx([3.5, 3.5, 0, 0])


def test_edge_points_count_only_with_every_other_case():
    verdict = judging.judge(question(), answers(lambda name, value: value + (name == "g1") * 0.3))
    assert (verdict.status, verdict.score) == ("wrong", 3.5)
    assert [case.passed for case in verdict.cases] == [False, True, True, True]
    assert [case.points for case in verdict.cases] == [0, 3.5, 0, 0]


@pytest.mark.parametrize("off", [0.9e-5, 1.1e-5])
def test_the_absolute_tolerance_ends_at_1e_5(off):
    verdict = judging.judge(
        question(), answers(lambda name, value: value + off * (name == "e1"), np.float64)
    )
    assert (verdict.status == "correct") == (off < 1e-5)


@pytest.mark.parametrize("poison", [math.nan, math.inf, -math.inf])
def test_nan_and_infinity_never_pass(poison):
    verdict = judging.judge(question(), answers(lambda name, value: np.append(value[:-1], poison)))
    assert verdict.score == 0
    assert ("NaN" if math.isnan(poison) else "infinite") in verdict.message
    assert all(case.worst_error is None for case in verdict.cases)


@pytest.mark.parametrize("want", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("got", [0.0, 1.0, 3e38, math.inf, -math.inf, math.nan])
def test_nothing_is_close_to_an_infinite_reference_or_nan(got, want):
    """The relative tolerance of an infinite value is infinite: every number would be within it."""
    assert compare.is_close(np.array([1.0, 1.0]), np.array([1.0, 1.0]), question())
    assert not compare.is_close(np.array([1.0, got]), np.array([1.0, want]), question())


@pytest.mark.parametrize("dtype", [np.int64, bool, np.float16])
def test_only_real_floats_are_numbers(dtype):
    verdict = judging.judge(question(), answers(dtype=dtype))
    assert (verdict.status, verdict.score) == ("malformed", 0)
    assert "expected float32 or float64" in verdict.message


def test_a_column_is_not_a_vector_and_the_message_says_so():
    verdict = judging.judge(question(), answers(lambda name, value: value[:, None]))
    assert (verdict.status, verdict.score) == ("malformed", 0)
    assert "got shape [3,1], expected [3]" in verdict.message
    assert "an axis too many, the last, of size 1; the values are right." in verdict.message
    assert verdict.repair == "Take the axis of size 1 away."


def test_a_forgotten_sum_is_pointed_out():
    verdict = judging.judge(
        question(), answers(lambda name, value: np.stack([value / 2, value / 2], axis=1))
    )
    assert "an axis too many, the last." in verdict.message
    assert verdict.repair == "Sum over that axis."
    assert "sum" not in verdict.message.lower()


SHAPES = {"g1": (3, 5), "g2": (4, 2), "e1": (2, 3)}


def reduced(shape, reduce):
    """Returns a question whose right answers are ones of this shape, in the letters of L and B, and
    answers: what `reduce` makes of random arrays of shape [L,B].
    """
    letters = shape.strip("[]").split(",") if shape != "[]" else []
    generator = np.random.default_rng(0)
    cases, given = [], {}
    for name, sizes in SHAPES.items():
        known = dict(zip("LB", sizes, strict=True))
        want = np.ones([known[letter] for letter in letters])
        cases.append(judging.DrawnCase(name, judging.GENERIC, (), (want,), sizes=known))
        given[name] = judging.Answer("ok", (reduce(generator.normal(size=sizes)),))
    return judging.DrawnQuestion("f", 10, "", tuple(cases), shape=shape), given


@pytest.mark.parametrize(
    ("shape", "reduce", "said", "repair"),
    [
        (
            "[L,B]",
            lambda array: 1 + 0 * array.mean(axis=0),
            "The axis L is missing: it was summed",
            "Neither sum nor average over L.",
        ),
        (
            "[L,B]",
            lambda array: 1 + 0 * array.mean(axis=1),
            "The axis B is missing: it was summed",
            "Neither sum nor average over B.",
        ),
        (
            "[L,B]",
            lambda array: array.mean(axis=0),
            "L is missing.",
            "Each sample needs values of its own.",
        ),
        (
            "[L,B]",
            lambda array: array.mean(axis=1),
            "B is missing.",
            "Each example needs values of its own.",
        ),
        (
            "[B]",
            lambda array: array.sum(axis=1),
            "the shape [L]: it was reduced over B, the examples, which must stay.",
            "Reduce over L, the samples, instead.",
        ),
        (
            "[B]",
            lambda array: array.sum(axis=1, keepdims=True),
            "has the shape [L,1]: it was",
            "Reduce over L, the samples, instead.",
        ),
        (
            "[B]",
            lambda array: array,
            "an axis too many, L, the samples.",
            "Reduce over L.",
        ),
        (
            "[]",
            lambda array: array,
            "L, the samples, and B, the examples, are left.",
            "Reduce over both of them.",
        ),
        (
            "[B]",
            lambda array: array.sum(axis=0) + array.sum(axis=0)[:, None],
            "the shape [B,B]: an array of shape [B,1] met one of shape [B].",
            "Take keepdims=True in both sums or in neither.",
        ),
        ("[L,B]", lambda array: array.T, "in another order: [B,L], expected [L,B].", ""),
    ],
)
def test_axes_that_are_gone_left_or_twice_there_are_named_by_their_letters(
    shape, reduce, said, repair
):
    """How to mend it is said where the student asks."""
    asked, given = reduced(shape, reduce)
    verdict = judging.judge(asked, given)
    assert said in verdict.message
    assert verdict.repair == repair
    assert not repair or repair not in verdict.message
    given["g2"] = judging.Answer("ok", (np.ones((9, 9)),))
    assert said not in judging.judge(asked, given).message


def test_shapes_that_do_not_fit_are_advised_on_where_nothing_says_which():
    asked, _ = reduced("[L,B]", lambda array: array)
    for kind, is_said in (("InvalidArgumentError", True), ("ZeroDivisionError", False)):
        answer = judging.Answer("error", kind=kind, text="")
        repair = judging.judge(asked, dict.fromkeys(SHAPES, answer)).repair
        assert ("keepdims=True" in repair) == is_said


@pytest.mark.parametrize("library", [np, tf])
def test_an_axis_that_a_sum_took_away_is_named_where_arrays_do_not_fit(library):
    sums = {np: lambda array: array.sum(axis=1), tf: lambda array: tf.reduce_sum(array, axis=1)}
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError)) as raised:
        np.ones((3, 5)) / sums[library](np.ones((3, 5)))
    asked, _ = reduced("[L,B]", lambda array: array)
    for text, is_said in ((str(raised.value), True), ("division by zero", False)):
        answer = judging.Answer("error", kind=type(raised.value).__name__, text=text)
        verdict = judging.judge(asked, dict.fromkeys(SHAPES, answer))
        said = "shape [L,B] met one of shape [L], which lacks the axis B."
        assert (said in verdict.message) == is_said
        assert ("keepdims=True keeps it" in verdict.repair) == is_said
        assert "keepdims" not in verdict.message


@pytest.mark.parametrize(
    ("right", "is_said"), [(["e1", "e2"], True), (["g1", "e1"], False), ([], False)]
)
def test_edge_cases_alone_are_said_to_show_little(right, is_said):
    given = answers(lambda name, value: value + 0.3 * (name not in right))
    assert ("many wrong formulas are right there" in judging.judge(question(), given).message) == (
        is_said
    )


def test_float64_beside_float32_comes_with_advice():
    with pytest.raises(tf.errors.InvalidArgumentError) as raised:
        tf.ones(3) * tf.constant(np.log(2.0))
    answer = judging.Answer("error", kind="InvalidArgumentError", text=str(raised.value))
    message = judging.judge(question(), dict.fromkeys(RIGHT, answer)).message
    assert "tf.math.log for np.log" in message


def test_an_axis_too_many_for_a_sequential_comes_with_advice():
    layers = keras.Sequential([keras.layers.Dense(2)])
    layers(tf.ones((5, 4)))
    with pytest.raises(ValueError, match="Invalid input shape") as raised:
        layers(tf.ones((3, 5, 4)))
    answer = judging.Answer("error", kind="ValueError", text=str(raised.value))
    message = judging.judge(question(), dict.fromkeys(RIGHT, answer)).message
    assert "takes as many axes as its first call had" in message


@pytest.mark.parametrize(
    ("detail", "measured", "told"),
    [
        ("shape [3,5] came back", "Shape [3,5]", "shape [3,5] came back"),
        ("it is 10", "it is 1", "it is 10; it is 1"),
        ("it is 1.5", "it is 1", "it is 1.5; it is 1"),
        ("it is wrong", "", "it is wrong"),
    ],
)
def test_what_was_said_in_words_is_not_said_again(detail, measured, told):
    found = judging.Finding("wrong", "", detail, measured=measured)
    assert decide.describe_finding(found, public=True) == told


def test_a_listed_mistake_is_named_with_its_hint_and_source():
    verdict = judging.judge(question(), answers(lambda name, value: value + 1))
    assert (verdict.mistake, verdict.status, verdict.source) == ("plus_one", "wrong", "there")
    assert "You added one." in verdict.message
    assert verdict.cases[0].mistake == "plus_one"


def test_a_mistake_that_fits_on_one_case_only_is_not_named():
    verdict = judging.judge(
        question(), answers(lambda name, value: value + 1 if name == "g1" else value + 2)
    )
    assert verdict.mistake is None
    assert "wrong, but of roughly the right size" in verdict.message


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda value: -value, "transformation_negated"),
        (lambda value: 2 * value, "transformation_doubled"),
        (lambda value: value / 2, "transformation_halved"),
        (lambda value: value / 4, "transformation_mean_over_K"),
        (lambda value: value / math.log(2), "transformation_bits"),
        (lambda value: np.full(3, value.sum()), "transformation_summed_over_batch"),
        (lambda value: value.sum(), "transformation_summed_over_batch"),
        (lambda value: np.full(3, value.mean()), "transformation_averaged_over_batch"),
        (lambda value: -(value + 1), "transformation_negated of plus_one"),
        (lambda value: np.square(value) / 4, "transformation_mean_over_K of square"),
    ],
)
def test_a_transformation_is_named(change, name):
    assert judging.judge(question(), answers(lambda _, value: change(value))).mistake == name


def two_outputs():
    """Returns a question of two outputs, with one listed mistake."""
    cases = tuple(
        case(
            name,
            "generic",
            (value, np.sum(value)),
            {"plus_one": (np.add(value, 1), np.sum(value) + 1)},
        )
        for name, value in RIGHT.items()
    )
    mistakes = (judging.Mistake("plus_one", "You added one.", "there"),)
    return judging.DrawnQuestion(
        "f", 1, "", cases, mistakes, outputs=("values", "total"), shape="[B] and []"
    )


def test_half_of_a_mistake_is_not_said_to_be_half_of_what_is_right():
    verdict = judging.judge(question(), answers(lambda _, value: (value + 1) / 2))
    assert verdict.mistake == "transformation_halved of plus_one"
    assert "You added one. Besides, the values are half of what this mistake alone" in (
        verdict.message
    )
    assert "should be" not in verdict.message
    assert verdict.repair == f"Do not add it. {naming.CHECK_AGAIN}"


def test_a_mistake_is_not_named_where_a_transformation_of_it_makes_an_output_right():
    """A mistake that doubles both outputs, and an answer with one of them doubled and the other
    right: half of the mistake there.
    """
    cases = tuple(
        case(
            name,
            "generic",
            (value, np.cumsum(value) + 3),
            {"fivefold": (np.multiply(value, 5), 2 * np.cumsum(value) + 6)},
        )
        for name, value in RIGHT.items()
    )
    mistakes = (judging.Mistake("fivefold", "You took five."),)
    asked = judging.DrawnQuestion(
        "f", 1, "", cases, mistakes, outputs=("values", "total"), shape="[B] and [B]"
    )

    def given(factors):
        return {
            name: judging.Answer(
                "ok", as_tuple((factors[0] * np.array(value), factors[1] * (np.cumsum(value) + 3)))
            )
            for name, value in RIGHT.items()
        }

    assert judging.judge(asked, given((5, 2))).mistake == "fivefold"
    assert judging.judge(asked, given((10, 4))).mistake == "transformation_doubled of fivefold"
    assert judging.judge(asked, given((5, 1))).mistake is None


@pytest.mark.parametrize("asked", [question(), two_outputs()], ids=["one output", "two outputs"])
def test_a_transformation_says_what_is_off_and_how_to_mend_it(asked):
    mistakes = naming.fingerprints(asked).mistakes
    transformed = [each for each in mistakes if naming.is_transformation(each.name)]
    assert len(transformed) > 20
    for each in transformed:
        assert "_" not in each.hint + each.repair, "names are for the staff"
        assert each.repair
        if " of " in each.name:
            inner = next(one for one in asked.mistakes if one.name in each.name)
            assert inner.hint in each.hint
            assert inner.repair in each.repair


def test_a_student_reads_no_name_of_a_mistake():
    verdict = judging.judge(question(), answers(lambda _, value: -(value + 1)))
    assert verdict.mistake == "transformation_negated of plus_one"
    for hint in (False, True):
        report = checking.Report(verdict, hint=hint)
        for shown in (report, checking.Summary((report,))):
            for text in (repr(shown), shown._repr_html_()):
                assert "You added one." in text
                assert "plus_one" not in text
                assert "transformation" not in text


def test_several_properties_lost_alike_are_told_once():
    wrong = judging.Mistake("kl_missing", "The KL is missing.", repair="Subtract it.")
    items = [
        judging.Property(name, 1, "The ELBO.", "document 003", "terms", {}, (wrong,), title=title)
        for name, title in {"bernoulli": "Pixels are right", "gaussian": "", "other": ""}.items()
    ]
    asked = judging.DrawnQuestion("Model", 3, "document 003", (), properties=tuple(items))
    lost = judging.Finding("wrong", "kl_missing", "some values are wrong")
    found = {"bernoulli": lost, "gaussian": lost, "other": judging.Finding("ok")}
    verdict = judging.judge_properties(asked, found)
    said = "Pixels are right; gaussian: The KL is missing. (Some values are wrong.)"
    assert verdict.message == said
    assert verdict.repair == "Subtract it."
    assert [case.name for case in verdict.cases] == ["bernoulli", "gaussian", "other"]
    listed = repr(checking.Report(verdict))
    assert "✗ Pixels are right" in listed
    assert "bernoulli" not in listed
    nameless = {**found, "bernoulli": judging.Finding("wrong", "", "wrong", measured="Wrong")}
    told = repr(checking.Report(judging.judge_properties(asked, nameless, public=True), hint=True))
    assert "To mend it: Subtract it." in told
    assert checking.NO_REPAIR not in told
    assert "wrong; wrong" not in told.lower()


def property_of(name, examination="terms", mistakes=()):
    return judging.Property(name, 1, f"It is {name}.", "document 003", examination, {}, mistakes)


def test_of_several_repairs_each_names_its_properties():
    """Two properties may know one mistake by two repairs."""
    repairs = {"terms": "Turn it round.", "training": "Report it.", "weights": "Report it."}
    items = [
        property_of(name, mistakes=(judging.Mistake("negated", f"Off in {name}.", "", repair),))
        for name, repair in repairs.items()
    ]
    asked = judging.DrawnQuestion("Model", 3, "document 003", (), properties=tuple(items))
    lost = dict.fromkeys(repairs, judging.Finding("wrong", "negated"))
    told = repr(checking.Report(judging.judge_properties(asked, lost), hint=True))
    assert "To mend it: terms: Turn it round." in told
    assert "To mend it: training, weights: Report it." in told


def test_a_model_that_learns_too_little_may_do_so_for_what_was_found_before():
    items = (property_of("noise"), property_of("learns", "floor"))
    asked = judging.DrawnQuestion("Model", 2, "document 003", (), properties=items)
    wrong, right = judging.Finding("wrong"), judging.Finding("ok")
    both = judging.judge_properties(asked, {"noise": wrong, "learns": wrong}).message
    assert "learns: It is learns. This may follow from the finding above." in both
    alone = judging.judge_properties(asked, {"noise": right, "learns": wrong}).message
    assert alone == "learns: It is learns. Something keeps it from learning."


def test_check_says_once_what_was_seen_of_a_model():
    missing = judging.Mistake("kl_missing", "The KL is missing.")
    item = judging.Property("elbo", 1, "The ELBO.", "document 003", "terms", {}, (missing,))
    asked = judging.DrawnQuestion("Model", 1, "document 003", (), properties=(item,))
    found = {"elbo": judging.Finding("wrong", "kl_missing", "some values are wrong")}
    text = repr(checking.Report(judging.judge_properties(asked, found, public=True)))
    assert text.lower().count("some values are wrong") == 1
    assert "✗ elbo" in text


def test_a_listed_mistake_goes_before_a_transformation():
    doubled = judging.Mistake("forgot_half", "The half is missing.")
    cases = tuple(
        case(name, "generic", value, {"forgot_half": np.multiply(value, 2)})
        for name, value in RIGHT.items()
    )
    verdict = judging.judge(
        judging.DrawnQuestion("f", 1, "", cases, (doubled,)), answers(lambda _, value: 2 * value)
    )
    assert verdict.mistake == "forgot_half"


def test_two_mistakes_that_cannot_be_told_apart_are_both_named():
    cases = tuple(
        case(name, "generic", value, {"a": np.add(value, 1), "b": np.add(value, 1)})
        for name, value in RIGHT.items()
    )
    mistakes = (judging.Mistake("a", "It is a."), judging.Mistake("b", "It is b."))
    verdict = judging.judge(
        judging.DrawnQuestion("f", 1, "", cases, mistakes), answers(lambda _, value: value + 1)
    )
    assert verdict.mistake == "a or b"
    assert "Either: It is a. Or: It is b." in verdict.message


def test_nan_is_part_of_a_fingerprint():
    with np.errstate(invalid="ignore"):
        cases = tuple(
            case(name, "generic", value, {"root": np.sqrt(np.array(value))})
            for name, value in RIGHT.items()
        )
        given = answers(lambda _, value: np.sqrt(value))
    asked = judging.DrawnQuestion("f", 1, "", cases, (judging.Mistake("root", "No root."),))
    assert judging.judge(asked, given).mistake == "root"


def test_a_mistake_is_named_in_float32_too_where_rounding_makes_it_another_value():
    lossy = {name: ((np.add(value, 1),), (np.add(value, 1.5),)) for name, value in RIGHT.items()}
    cases = tuple(
        judging.DrawnCase(name, "generic", (), as_tuple(value), {"m": lossy[name]})
        for name, value in RIGHT.items()
    )
    asked = judging.DrawnQuestion("f", 1, "", cases, (judging.Mistake("m", "It is m."),))
    for off in (1, 1.5):
        assert judging.judge(asked, answers(lambda _, value, off=off: value + off)).mistake == "m"
    assert judging.judge(asked, answers(lambda _, value: value + 1.25)).mistake is None


def test_a_tuple_is_judged_output_by_output():
    cases = tuple(case(name, "generic", (value, np.sum(value))) for name, value in RIGHT.items())
    asked = judging.DrawnQuestion("f", 1, "", cases, outputs=("values", "total"))
    given = {
        name: judging.Answer("ok", as_tuple((value, -np.sum(value))))
        for name, value in RIGHT.items()
    }
    verdict = judging.judge(asked, given)
    assert verdict.mistake == "transformation_negated in total"
    assert "In total: The values have the opposite sign." in verdict.message
    short = {name: judging.Answer("ok", as_tuple(value)) for name, value in RIGHT.items()}
    verdict = judging.judge(asked, short)
    assert verdict.status == "malformed"
    assert "got 1 values, expected 2 (values, total)" in verdict.message


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("unanswered", "Answer `X` first"),
        ("missing", "no `f` in the notebook"),
        ("error", "raised an exception"),
        ("timeout", "not done in time"),
        ("crashed", "ended the whole Python process"),
        ("malformed", "something that is not an array"),
    ],
)
def test_no_values_have_a_reason(status, said):
    given = {name: judging.Answer(status, kind="X") for name in RIGHT}
    verdict = judging.judge(question(), given)
    assert (verdict.status, verdict.score, verdict.mistake) == (status, 0, None)
    assert said in verdict.message


@pytest.mark.parametrize(
    ("raised_by", "said"),
    [("f", "Not written yet"), ("g", "Answer `g` first"), ("<lambda>", "Not written yet")],
)
def test_an_answer_that_calls_an_unanswered_one_is_told_which(raised_by, said):
    verdict = judging.judge(
        question(), {name: judging.Answer("unanswered", kind=raised_by) for name in RIGHT}
    )
    assert (verdict.status, verdict.score) == ("unanswered", 0)
    assert verdict.message.startswith(said)


def test_a_failure_on_an_edge_case_keeps_the_generic_points():
    given = answers() | {"e2": judging.Answer("crashed")}
    verdict = judging.judge(question(), given)
    assert (verdict.status, verdict.score) == ("partial", 7)
    assert "crashed" in verdict.message


def test_messages_hold_no_expected_value():
    """Expected values here have digits that no size of an error and no message could show by
    chance.
    """
    secret = 0.7351946
    cases = tuple(case(name, "generic", np.full(3, secret)) for name in RIGHT)
    verdict = judging.judge(judging.DrawnQuestion("f", 1, "", cases), answers())
    assert verdict.status == "wrong"
    shown = verdict.message + verdict.hint + "".join(str(case) for case in verdict.cases)
    assert "0.73" not in shown
    assert all(len(str(case.worst_error)) <= 5 for case in verdict.cases)


def one_case(right, shape="[B]", **options):
    """A question of one case with this right value."""
    return judging.DrawnQuestion(
        "f", 1, "", (case("the case", judging.GENERIC, right),), shape=shape, **options
    )


def said_to(given, right, shape="[B]", public=False):
    """What a student is told of one answer."""
    asked = one_case(right, shape)
    said = decide.describe_problem(
        asked, asked.cases[0], judging.Answer("ok", (np.asarray(given, float),)), public
    )
    assert said
    return said


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            [50.0, 2.0, 3.0],
            (
                "some values are far too large: more than ten times what is right "
                "(in one example only)"
            ),
        ),
        ([0.01, 0.02, 0.01], "some values are far too small: less than a tenth of what is right"),
        ([1.3, -2.0, 3.1], "some values are of the opposite sign"),
        ([1.2, 2.2, 3.2], "some values are wrong, but of roughly the right size"),
        ([1.2, math.nan, 3.2], "some values are NaN"),
        ([math.inf] * 3, "all values are infinite"),
    ],
)
def test_of_hidden_inputs_an_error_is_told_in_words(given, words):
    assert said_to(given, [1.0, 2.0, 3.0]) == words


def test_words_say_where_an_error_is_if_it_is_in_one_place():
    right, wrong = np.ones((3, 5)), np.ones((3, 5))
    wrong[:, 2] = 2
    assert said_to(wrong, right, "[B,K]").endswith("(in one dimension only)")
    assert said_to(wrong.T, right.T, "[B,K]").endswith("(in one example only)")
    assert said_to(wrong + 1, right, "[B,K]").endswith("size")


def test_of_public_inputs_an_error_is_told_in_numbers():
    assert said_to([1.2, 2.0, 3.0], [1.0, 2.0, 3.0], public=True) == "values are off by up to 0.2"
    assert said_to([1.2, math.nan, 3.0], [1.0, 2.0, 3.0], public=True) == "1 of 3 values are NaN"


def test_staff_read_the_error_in_numbers_and_students_do_not():
    verdict = judging.judge(one_case(5.0), {"the case": judging.Answer("ok", (np.array(5.7),))})
    assert verdict.cases[0].worst_error == pytest.approx(0.7)
    assert "0.7" not in verdict.message + verdict.hint + verdict.cases[0].problem


@pytest.mark.parametrize("right", [-700.0, -0.2, 3e-5, 1.2, 22.0])
def test_no_answer_tells_right_values_of_the_same_sign_and_size_apart(right):
    """Whatever is handed in, and as often as one likes: the words are those of any other right
    value of that size.
    """
    sign, size = (float(part) for part in compare.signs_and_sizes(right))
    low, high = 10 ** (size / 2), 10 ** ((size + 1) / 2)
    others = (
        [sign * number for number in np.geomspace(low * 1.01, high * 0.99, 7)]
        if sign
        else [-6e-4, 0.0, 7e-4]
    )
    magnitudes = np.geomspace(1e-6, 1e8, 300)
    for given in (*magnitudes, *-magnitudes, 0.0):
        heard = {
            said_to(given, value, "[]")
            for value in (right, *others)
            if not compare.is_close(np.array(given), np.array(value), one_case(value))
        }
        assert len(heard) == 1, (given, heard)


def test_words_change_at_few_places_that_do_not_depend_on_the_right_value():
    """A table whose entries wander hears a handful of texts, and the borders between them are
    powers of the root of ten.
    """
    generator, heard, borders = np.random.default_rng(0), set(), []
    for _ in range(50):
        right, given, before = generator.normal(0, 20), generator.normal(0, 20), None
        for _ in range(40):
            given += generator.normal(0, 0.1 + abs(given) / 3)
            words = said_to(given, right, "[]")
            borders += [(before[0], given)] if before and before[1] != words else []
            heard.add(words)
            before = (given, words)
    assert 3 <= len(heard) <= 5
    assert borders
    for first, second in borders:
        assert not np.array_equal(compare.signs_and_sizes(first), compare.signs_and_sizes(second))


def test_a_wrong_answer_that_changes_from_call_to_call_is_named():
    asked = question()
    given = answers(lambda name, value: value + 0.37)
    verdict = judging.judge(asked, given)
    doubtful = decide.doubtful_case(asked, verdict)
    assert doubtful.name == "g1"
    same, other = given["g1"], judging.Answer("ok", (given["g1"].values[0] + 0.01,))
    assert judging.judge(asked, given, again=[same, same]) == verdict
    assert judging.judge(asked, given, again=[same, judging.Answer("timeout")]) == verdict
    for then in (other, judging.Answer("ok", ())):
        named = judging.judge(asked, given, again=[same, then])
        assert (named.mistake, named.status, named.score) == ("two_calls_differ", "wrong", 0)
    assert "Two calls with the same inputs gave different values" in named.message


def test_only_a_wrong_answer_without_a_name_is_worth_asking_twice():
    for change in (
        lambda _, value: value,
        lambda _, value: value + 1,
        lambda _, value: value[:, None],
    ):
        assert decide.doubtful_case(question(), judging.judge(question(), answers(change))) is None
    asked = question(sampled=True)
    assert (
        decide.doubtful_case(asked, judging.judge(asked, answers(lambda _, value: value + 0.37)))
        is None
    )


@pytest.mark.parametrize(
    "text", ["tfp.layers.DenseFlipout(2)", "tensorflow_probability.python.layers.x", "tfpl.Foo()"]
)
def test_an_error_of_a_library_that_keras_3_does_not_take_says_so(text):
    given = {name: judging.Answer("error", kind="ValueError", text=text) for name in RIGHT}
    assert "tf_keras do not work inside Keras 3" in judging.judge(question(), given).message


def test_a_shape_that_could_carry_a_hidden_number_out_is_not_shown():
    verdict = judging.judge(question(), answers(lambda name, value: np.zeros((0, 7796, 2584))))
    assert "7796" not in str(verdict)
    assert "got another shape" in verdict.message


def test_a_careless_but_right_answer_keeps_its_points_and_earns_a_remark():
    cases = tuple(
        judging.DrawnCase(
            name,
            "generic",
            (),
            as_tuple(np.array([1e-4, 1.0])),
            {},
            {},
            careful=1e-3,
            remark="use expm1.",
        )
        for name in RIGHT
    )
    asked = judging.DrawnQuestion("f", 1, "", cases)
    for off, remarked in ((1e-6, True), (1e-9, False)):
        given = {
            name: judging.Answer("ok", as_tuple(np.array([1e-4 + off, 1.0]))) for name in RIGHT
        }
        verdict = judging.judge(asked, given)
        assert (verdict.status, verdict.score) == ("correct", 1)
        assert ("A remark: use expm1." in verdict.message) == remarked


def lost_property(name, title, mistake, repair):
    known = judging.Mistake(mistake, "Something is off.", repair=repair)
    item = judging.Property(name, 1, "It must hold.", "", "terms", mistakes=(known,), title=title)
    return item, judging.Finding("wrong", mistake)


def test_of_several_lost_properties_each_repair_says_for_which_it_is_in_the_students_words():
    lost = [
        lost_property("loss_terms", "The terms are right", "negated", "Turn the sign round."),
        lost_property("untitled", "", "summed", "Average."),
    ]
    assert decide.label_repairs(lost) == [
        "The terms are right: Turn the sign round.",
        "untitled: Average.",
    ]
    assert decide.label_repairs(lost[:1]) == ["Turn the sign round."]
