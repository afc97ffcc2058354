"""What a page draws of a wrong answer, beside the right values, where the eye tells them apart."""

import inspect
import re

import numpy as np
import pytest
import stand_in
from vikit.judging import Verdict
from vikit.protocol import client

from autograder import kernels, tasks
from autograder.grading import judge, picturing
from autograder.grading.run import GaveUp
from autograder.reports import charts, feedback
from autograder.tasks.drawing import evaluate, to_float64
from autograder.tasks.pictures import curve, points, right_values, shown_values

QUESTIONS = {
    (name, question.name): question
    for name in tasks.names()
    for question in tasks.load(name).questions
    if question.pictures
}
KL = QUESTIONS["a01_densities", "kl_to_standard_normal"]
SAMPLES = QUESTIONS["a02_elbo", "reparameterize"]
HOSTILE = "</svg><script>document.title='taken'</script>"


class Run(stand_in.Notebook, client.InProcess):
    """A notebook that defines some functions."""


def wrong_kl(mu, log_var):
    return 0.5 * np.sum(mu**2 - 1 + np.exp(0.5 * log_var) - log_var, axis=-1)


def drawn_of(question, until=1.0, **functions):
    paths = [question.name, *(name for name in functions if name != question.name)]
    return picturing.draw_pictures(Run(functions), question, paths, until)


def values_of(picture, formula):
    with np.errstate(all="ignore"):
        return shown_values(
            picture, [evaluate(formula, [to_float64(x) for x in one]) for one in picture.rounds]
        )


@pytest.mark.parametrize("key", QUESTIONS, ids="/".join)
def test_a_picture_names_the_arguments_in_the_order_of_the_function(key):
    question = QUESTIONS[key]
    wanted = list(inspect.signature(question.reference).parameters)
    for picture in question.pictures:
        named = re.findall(r"(?:^|, )(\w+) = ", picture.label)
        assert named == wanted[: len(named)]
        # The noise of a cloud is not in its label.
        assert len(wanted) - len(named) == (0 if picture.inputs else 1)
        assert {len(arguments) for arguments in picture.rounds} == {len(wanted)}


@pytest.mark.parametrize("key", QUESTIONS, ids="/".join)
def test_all_right_values_are_drawn_and_most_listed_mistakes_are_seen(key):
    question = QUESTIONS[key]
    right = [right_values(question, picture) for picture in question.pictures]
    assert all(row and None not in row for row in right)
    seen = [
        any(
            picturing.visible_difference(values_of(picture, mistake.formulas[0]), row)
            > picturing.VISIBLE
            for picture, row in zip(question.pictures, right, strict=True)
        )
        for mistake in question.mistakes
    ]
    # The others are wrong at the edges alone.
    assert sum(seen) >= 0.6 * len(seen)


def test_nine_in_ten_of_all_listed_mistakes_are_seen():
    seen = [
        any(
            picturing.visible_difference(
                values_of(picture, mistake.formulas[0]), right_values(question, picture)
            )
            > picturing.VISIBLE
            for picture in question.pictures
        )
        for question in QUESTIONS.values()
        for mistake in question.mistakes
    ]
    assert sum(seen) > 0.9 * len(seen) > 400


def test_a_wrong_answer_is_drawn_beside_the_right_values_the_plainest_first():
    first, second = drawn_of(KL, kl_to_standard_normal=wrong_kl)
    assert first.label == "kl_to_standard_normal at mu = [1, 1], log_var = [t, t]"
    assert first.inputs[0] == -4
    assert first.inputs[-1] == 3
    for picture, values in zip(reversed(KL.pictures), (first, second), strict=True):
        np.testing.assert_allclose(values.right, right_values(KL, picture))
        np.testing.assert_allclose(values.given, values_of(picture, wrong_kl), rtol=1e-3)


def test_a_right_answer_has_no_picture():
    def right(mu, log_var):
        return 0.5 * np.sum(mu**2 - 1 + np.exp(log_var) - log_var, axis=-1)

    assert drawn_of(KL, kl_to_standard_normal=right) == ()


def test_a_function_of_another_name_is_drawn():
    assert len(drawn_of(KL, my_kl=wrong_kl)) == 2


def test_samples_are_drawn_as_points():
    (values,) = drawn_of(SAMPLES, reparameterize=lambda mu, log_var, eps: mu + eps)
    assert values.inputs == ()
    assert len(values.given) == len(values.right) == 120
    means = np.reshape(values.right, (60, 2)).mean(axis=0)
    np.testing.assert_allclose(means, [1, -1], atol=0.5)


@pytest.mark.parametrize(
    "answer",
    [
        lambda mu, log_var: 1 / 0,
        lambda mu, log_var: "text",
        lambda mu, log_var: mu,
        lambda mu, log_var: (mu[:, 0], mu[:, 0]),
        lambda mu, log_var: np.zeros(0),
    ],
    ids=["raises", "text", "another shape", "two outputs", "empty"],
)
def test_what_is_no_curve_is_not_drawn(answer):
    assert drawn_of(KL, kl_to_standard_normal=answer) == ()


def test_fewer_values_than_outputs_are_not_drawn():
    (second,) = (one for one in QUESTIONS["a06_flows", "iaf_step"].pictures if one.output == 1)
    assert shown_values(second, [(np.zeros((41, 2)),)]) == []
    assert shown_values(second, [()]) == []


def test_numbers_that_are_not_finite_are_left_out_of_the_curve():
    def answer(mu, log_var):
        return np.where(mu[:, 0] > 0, np.inf, wrong_kl(mu, log_var))

    values = {one.inputs[0]: one for one in drawn_of(KL, kl_to_standard_normal=answer)}[-3]
    assert values.given[-1] is None
    assert values.given[0] is not None


def test_what_is_drawn_takes_no_time_beyond_the_questions():
    assert drawn_of(KL, until=0.0, kl_to_standard_normal=wrong_kl) == ()


def judge_of(functions, verdict):
    """A judge that has judged one question."""
    assignment = tasks.Assignment("a01_densities", "", (KL,))
    judged = judge.Judge(Run(functions), assignment, [], b"secret")
    judged.verdicts[KL.name] = verdict
    return judged


@pytest.mark.parametrize(
    ("error", "errors"), [(ValueError("the kit's own"), 1), (GaveUp("twice"), 0)]
)
def test_pictures_that_fail_cost_nothing(error, errors, monkeypatch):
    def fails(*_):
        raise error

    monkeypatch.setattr(picturing, "draw_pictures", fails)
    verdict = Verdict(KL.name, 0, 12, "wrong", None, "", "", "", ())
    judged = judge_of({}, verdict)
    judged.add_pictures()
    assert judged.verdicts == {KL.name: verdict}
    assert len(judged.kit_errors) == errors


def test_a_fault_of_the_machine_is_none_of_the_pictures(monkeypatch):
    def fails(*_):
        raise kernels.KernelError("gone")

    monkeypatch.setattr(picturing, "draw_pictures", fails)
    verdict = Verdict(KL.name, 0, 12, "wrong", None, "", "", "", ())
    with pytest.raises(kernels.KernelError):
        judge_of({}, verdict).add_pictures()


def test_pictures_are_drawn_by_a_process_that_has_seen_no_hidden_input():
    """A function that says what it was given before; and what it was given hidden is nowhere."""

    class Restarted(Run):
        """Each end of the process takes what it remembers."""

        ends = 0

        def end(self):
            self.ends += 1
            seen.clear()

    seen = []

    def kl_to_standard_normal(mu, log_var):
        seen.append(np.ravel(mu))
        remembered = np.concatenate(seen)
        return np.resize(remembered, len(mu)).astype(np.float32)

    assignment = tasks.Assignment("a01_densities", "", (KL,))
    run = Restarted({KL.name: kl_to_standard_normal})
    drawn = tasks.draw_for_student("a01_densities", KL, "eve", b"secret", "00")
    hidden = {float(f"{x:.5g}") for case in drawn.cases for x in np.ravel(case.arguments[0])}
    (verdict,) = judge.Judge(run, assignment, [], b"secret").judge_all([drawn])
    assert verdict.status == "wrong"
    assert run.ends == 1
    assert verdict.pictures
    shown = {value for picture in verdict.pictures for value in picture.given}
    assert not shown & (hidden - {0.0})


def test_a_right_notebook_is_not_run_a_second_time():
    run = Run({})
    run.end = lambda: pytest.fail("the process was ended")
    verdict = Verdict(KL.name, 12, 12, "correct", None, "", "", "", ())
    judged = judge.Judge(run, tasks.Assignment("a01_densities", "", (KL,)), [], b"secret")
    judged.verdicts[KL.name] = verdict
    judged.add_pictures()
    assert judged.verdicts == {KL.name: verdict}


def test_one_row_of_a_batch_and_one_call_of_many_have_the_same_arguments():
    by_row = curve(0, 1, {"x": ["t", 2]}, {"s": 3})
    by_call = points(0, 1, {"x": ["t", 2], "s": 3})
    ((rows, shared),) = by_row.rounds
    assert shared == 3
    # Half as many calls as rows.
    for row, (x, s) in zip(rows[::2], by_call.rounds, strict=True):
        np.testing.assert_array_equal(row, x)
        assert s == 3


def svg(**changes):
    given = {"label": "f at x = t", "inputs": [0.0, 1.0, 2.0], "given": [1.0, None, 3.0]}
    return charts.picture(given | {"right": [1.0, 2.0, 2.5]} | changes)


def test_a_picture_says_in_words_what_it_shows():
    assert "at t = 1 right 2, yours not finite; at t = 2 right 2.5, yours 3" in svg()
    points_of = {"inputs": [], "given": [0.0, 1.0], "right": [1.0, 2.0]}
    words = "right: first dimension 1 on average, 0 wide, second dimension 2 on average, 0 wide"
    assert words in svg(**points_of)


def test_pictures_of_one_page_share_no_ids():
    ids = [re.findall(r' id="([^"]+)"', svg(label=f"f{number}")) for number in range(2)]
    assert ids[0]
    assert not set(ids[0]) & set(ids[1])
    assert set(re.findall(r"url\(#([^)]+)\)", svg(label="f0"))) <= set(ids[0])


@pytest.mark.parametrize("key", QUESTIONS, ids="/".join)
def test_of_every_mistake_that_is_drawn_something_is_seen(key):
    """Whatever a wrong answer gives, a quarter of its numbers lie in its picture."""
    question = QUESTIONS[key]
    for mistake in question.mistakes:
        for picture in question.pictures:
            row = values_of(picture, mistake.formulas[0])
            right = right_values(question, picture)
            finite = [value for value in row if value is not None]
            if not picture.inputs or not finite:
                continue
            low, high = charts.scale_of({"right": right, "yours": row})["domain"]
            assert sum(low <= value <= high for value in finite) >= 0.25 * len(finite)


def test_numbers_that_stand_alone_are_seen():
    alone = [None] * 20 + [1.0] + [None] * 20
    inputs = [float(number) for number in range(41)]
    drawn = svg(inputs=inputs, given=alone, right=inputs)
    assert drawn.count("<path") > svg(inputs=inputs, given=[None] * 41, right=inputs).count("<path")


def test_nothing_of_a_label_is_markup():
    assert "<script" not in svg(label=HOSTILE)


@pytest.mark.parametrize(
    "given",
    [[None] * 3, [1e38, -1e38, 0.0], [2.0, 2.0, 2.0]],
    ids=["nothing finite", "huge", "constant"],
)
def test_whatever_an_answer_gives_can_be_drawn(given):
    assert svg(given=given).startswith("<svg")
    assert svg(given=given, right=[2.0, 2.0, 2.0]).startswith("<svg")


def page_with(pictures, status="wrong", follows=None):
    question = {"name": KL.name, "score": 0.0, "max_score": 12.0, "status": status}
    question |= {"mistake": None, "message": "Not right.", "repair": "", "read_back": None}
    question |= {"source": "", "follows": follows, "cases": [], **pictures}
    verdict = {"assignment": "a01_densities", "student": "ann", "score": 0.0, "max_score": 12.0}
    verdict |= {"manual_max_score": 0.0, "kit_errors": [], "kit_version": "1"}
    return feedback.feedback_html(verdict | {"questions": [question]})


def test_a_page_shows_two_pictures_at_most_and_those_of_wrong_answers_alone():
    one = {"label": "f at x = t", "inputs": [0.0, 1.0], "given": [1.0, 2.0], "right": [1.0, 3.0]}
    three = [{**one, "label": f"f{number} at x = t"} for number in range(3)]
    assert page_with({"pictures": three}).count("<figure") == 2
    assert "<figure" not in page_with({"pictures": three}, status="correct", follows="f")
    # A verdict of an earlier version.
    assert "<figure" not in page_with({})
