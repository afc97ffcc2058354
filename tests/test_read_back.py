"""Wrong answers are read back: the terms of each question, edits of them, and what is said."""

import json
from dataclasses import replace
from functools import cache
from itertools import combinations

import numpy as np
import pytest
import soak
import stand_in
from vikit import judging
from vikit.judging import compare, read_back, term_search
from vikit.judging.term_search import BITS
from vikit.protocol import client, public_cases

from autograder import tasks
from autograder.grading.judge import Judge
from autograder.tasks import drawing
from autograder.tasks import terms as declared

SECRET = b"a course's secret"
QUESTIONS = {
    (name, question.name): question
    for name in tasks.names()
    for question in tasks.load(name).questions
    if question.terms
}
WITH_SIZES = {
    key: question
    for key, question in QUESTIONS.items()
    if any(terms is not None and terms.sizes for terms in question.terms)
}
# What a term is multiplied by; beside these each is taken for whatever its arguments may be.
FACTORS = ("0", "-1", "2", "1/2")
# How many pairs of edits are tried.
NUM_PAIRS = 40


@cache
def drawn_for(key, student="a student"):
    drawn = tasks.draw_for_student(key[0], QUESTIONS[key], student, SECRET)
    further = drawn.further()
    terms = tuple(terms and remember(terms) for terms in drawn.terms)
    return replace(drawn, terms=terms, further=lambda: further)


def remember(terms):
    """Returns the same terms, evaluated once for each case: there are hundreds of edits."""
    known = {}

    def evaluate(case):
        if case.name not in known:
            known[case.name] = terms.evaluate(case)
        return known[case.name]

    return replace(terms, evaluate=evaluate)


def parameters(questions=QUESTIONS):
    return pytest.mark.parametrize("key", questions, ids=lambda key: f"{key[0]}-{key[1]}")


def cases_of(drawn):
    """Returns the cases that a wrong answer is read back from."""
    return [case for case in drawn.cases if case.kind == judging.GENERIC] + list(drawn.further())


def right_row(terms):
    row = np.zeros(len(terms.columns))
    row[: len(terms.terms)] = [term.right for term in terms.terms]
    return row


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"arguments": {"mu": "logvar"}}, "no argument is of kind 'logvar'"),
        ({"rows": ("mean", "mean")}, "two terms have the key 'mean'"),
        ({"right": 0}, "no term has a right coefficient"),
        ({"swaps": (("mu", "lv"),)}, "'lv' cannot be exchanged: the arguments are mu"),
        ({"link": "sqrt"}, "no link is called 'sqrt': there are exp, log, inverse"),
    ],
)
def test_terms_that_make_no_sense_are_refused(change, said):
    options = {"arguments": {"mu": "mean"}, "rows": ("mean",), "right": 1, **change}
    rows = [
        declared.term(key, options["right"], lambda mu: mu, "mu", "the mean")
        for key in options.pop("rows")
    ]
    del options["right"]
    with pytest.raises(tasks.QuestionError, match=said):
        declared.of_output(options.pop("arguments"), *rows, **options)


def test_a_size_that_no_terms_declare_is_asked_for():
    terms = declared.of_output(
        {"mu": "mean"}, declared.term("mean", 1, lambda mu: mu, "mu", "the mean")
    )
    with pytest.raises(tasks.QuestionError, match="give of_output the size K"):
        terms.formula("mean:/K")(np.ones(3))


@parameters()
def test_the_right_answer_is_the_sum_of_its_terms(key):
    drawn = drawn_for(key)
    assert len(drawn.terms) == (len(drawn.outputs) or 1)
    for case in cases_of(drawn):
        for output, terms in enumerate(drawn.terms):
            if terms is not None:
                values = np.tensordot(right_row(terms), np.nan_to_num(terms.evaluate(case)), 1)
                want = terms.link(case.expected[output])
                np.testing.assert_allclose(values, want, rtol=1e-8, atol=1e-8)


def single_edits(terms):
    """Yields (key, row of coefficients) of each edit of one term, or of one part."""
    right = right_row(terms)
    for part, members in terms.parts().items():
        for factor in FACTORS:
            row = right.copy()
            row[members] *= float(eval(factor))
            yield f"{part}:{factor}", row
    for number in np.flatnonzero(right):
        for factor in FACTORS:
            row = right.copy()
            row[number] *= float(eval(factor))
            yield f"{terms.terms[number].key}:{factor}", row
        for index, column in enumerate(terms.columns):
            if column.term == number and column.reading >= 0:
                row = right.copy()
                row[index], row[number] = row[number], 0.0
                yield f"{terms.terms[number].key}:{terms.readings[column.reading].key}", row


def pairs_of_edits(terms, count, generator):
    """Yields `count` random pairs of edits of different terms, as `single_edits`."""
    edits, right = list(single_edits(terms)), right_row(terms)
    # Where constants are all that is left, nothing is said.
    says = np.array([not terms.terms[column.term].is_constant for column in terms.columns])
    pairs = [
        (f"{first} {second}", row + other - right)
        for (first, row), (second, other) in combinations(edits, 2)
        if first.split(":")[0] != second.split(":")[0] and (row + other - right)[says].any()
    ]
    chosen = generator.permutation(len(pairs))[:count]
    return [pairs[index] for index in chosen]


def answers_of(drawn, output, terms, row):
    """Returns the answers of an edit in float32; None if it is right, or no finite number."""
    cases = [*drawn.cases, *drawn.further()]
    answers = {}
    for case in cases:
        values = [np.float32(value) for value in case.expected]
        with np.errstate(all="ignore"):
            columns = terms.evaluate(case)[np.flatnonzero(row)]
            given = terms.unlink(np.tensordot(row[np.flatnonzero(row)], columns, 1))
            values[output] = np.float32(given)
        if case.kind == judging.GENERIC and not np.isfinite(given).all():
            return None
        answers[case.name] = judging.Answer("ok", tuple(values))
    generic = [case for case in drawn.cases if case.kind == judging.GENERIC]
    if all(
        compare.is_close(answers[case.name].values[output], case.expected[output], drawn)
        for case in generic
    ):
        return None
    return answers


def answers_of_changes(drawn, output, terms, changes):
    """Returns the answers of changes in float32, as listed mistakes say them, with weights."""
    answers = {}
    for case in [*drawn.cases, *drawn.further()]:
        values = [np.float32(value) for value in case.expected]
        doubles = [drawing.to_float64(argument) for argument in case.arguments]
        with np.errstate(all="ignore"):
            values[output] = np.float32(
                sum(weight * terms.formula(change)(*doubles) for change, weight in changes.items())
            )
        answers[case.name] = judging.Answer("ok", tuple(values))
    return answers


def is_explained(drawn, answers, elsewhere=None):
    """Tells whether a wrong answer is named or read back.

    Args:
        drawn: The drawn question.
        answers: The answers to it.
        elsewhere: (the question drawn for another student, the same formula's answers to it): what
            is read back must give these too, and name no size that is the same by chance.
    """
    verdict = judging.judge(drawn, {case.name: answers[case.name] for case in drawn.cases})
    if verdict.mistake:
        return True
    found = read_back.read_answers(drawn, answers, lambda cases: {})
    if found is None or elsewhere is None or elsewhere[1] is None:
        return found is not None
    other, theirs = elsewhere
    return not any(factor.scale for _, factors in found.factors for factor in factors) and all(
        np.allclose(got, want, rtol=5e-3, atol=5e-4)
        for case in cases_of(other)
        for got, want in zip(
            read_back.predict(other, found, case), theirs[case.name].values, strict=True
        )
    )


def rate(key, edits_of):
    """Returns (how many edits there are, those that are not explained)."""
    count, lost = 0, []
    drawn, other = drawn_for(key), drawn_for(key, "another student")
    for output, terms in enumerate(drawn.terms):
        for name, row in edits_of(terms) if terms is not None else ():
            answers = answers_of(drawn, output, terms, row)
            if answers is not None:
                count += 1
                theirs = answers_of(other, output, other.terms[output], row)
                if not is_explained(drawn, answers, (other, theirs)):
                    lost.append(f"{output} {name}")
    return count, lost


@parameters()
def test_edits_of_one_term_are_explained(key):
    count, lost = rate(key, single_edits)
    assert count >= 4
    assert len(lost) <= 0.01 * count, sorted(set(lost))


# Every third has each factor of some term, and some of the readings.
@pytest.mark.parametrize("step", [3, soak.later(1)], ids=["some edits", "all edits"])
@parameters()
def test_check_reads_back_what_grading_does(key, step):
    """The columns in the file of public cases are rounded, and their keys are others."""
    drawn = drawn_for(key)
    content = json.loads(json.dumps(public_cases.dump_question(drawn)))
    released, count = public_cases.load_question(content), 0
    for output, terms in enumerate(drawn.terms):
        edits = [*single_edits(terms)][::step] if terms is not None else []
        for name, row in edits:
            answers = answers_of(drawn, output, terms, row)
            if answers is not None:
                found, public = (
                    read_back.read_answers(one, answers, lambda cases: {})
                    for one in (drawn, released)
                )
                count += found is not None
                assert (public and public.sentence) == (found and found.sentence), name
                assert not public or (found.formula and not public.formula)
    assert count


# Those whose pairs are lost where a search puts in one column alone.
TWO_PUT_IN = (("a01_densities", "gaussian_log_prob_fixed"), ("a01_densities", "gaussian_entropy"))


@parameters([key if key in TWO_PUT_IN else soak.later(key) for key in QUESTIONS])
def test_pairs_of_edits_are_explained(key):
    generator = np.random.default_rng(0)
    count, lost = rate(key, lambda terms: pairs_of_edits(terms, NUM_PAIRS, generator))
    assert len(lost) <= 0.1 * count, lost


@pytest.mark.soak
@parameters()
def test_edits_are_explained_whoever_hands_them_in(key):
    """Over the inputs of 200 students: of six random edits of each, and of four pairs."""
    generator, counts, lost = np.random.default_rng(0), np.zeros(2, int), np.zeros(2, int)
    for student in range(200):
        drawn = drawn_for(key, f"one of many {student}")
        for output, terms in enumerate(drawn.terms):
            if terms is None:
                continue
            edits = list(single_edits(terms))
            singles = [edits[index] for index in generator.permutation(len(edits))[:6]]
            pairs = pairs_of_edits(terms, 4, generator)
            for several, (_, row) in [(0, one) for one in singles] + [(1, two) for two in pairs]:
                answers = answers_of(drawn, output, terms, row)
                if answers is not None:
                    counts[several] += 1
                    lost[several] += not is_explained(drawn, answers)
        drawn_for.cache_clear()
    print(f"{'-'.join(key)}: {lost[0]} of {counts[0]} edits, {lost[1]} of {counts[1]} pairs lost")
    assert lost[0] <= 0.01 * counts[0]
    assert lost[1] <= 0.1 * counts[1]


@parameters(WITH_SIZES)
def test_terms_over_sizes_are_explained(key):
    drawn, lost = drawn_for(key), []
    for output, terms in enumerate(drawn.terms):
        for letter in terms.sizes if terms is not None else ():
            for term in terms.terms:
                change = f"{term.key}:/{letter}"
                if term.right and not is_explained(
                    drawn, answers_of_changes(drawn, output, terms, {change: 1})
                ):
                    lost.append(change)
    assert not lost


@parameters()
def test_what_is_read_back_of_a_known_mistake_is_that_mistake(key):
    """What is read back of its values for one student predicts them for another."""
    question = QUESTIONS[key]
    drawn, other = drawn_for(key), drawn_for(key, "another student")
    for mistake in question.mistakes:
        for formula in mistake.formulas:
            cases = [*drawn.cases, *drawn.further()]
            answers = {case.name: values_of(formula, case) for case in cases}
            if not all(answer.status == "ok" for answer in answers.values()):
                continue
            found = read_back.read_answers(drawn, answers, lambda cases: {})
            if found is None:
                continue
            for case in cases_of(other):
                want = values_of(formula, case)
                for got, value in zip(
                    read_back.predict(other, found, case), want.values, strict=True
                ):
                    np.testing.assert_allclose(
                        got, value, rtol=5e-3, atol=5e-4, err_msg=f"{mistake.name}: {found.id}"
                    )


def values_of(formula, case):
    """Returns the answer of a formula to a case; one without values where shapes differ."""
    with np.errstate(all="ignore"):
        values = drawing.evaluate(
            formula, [drawing.to_float64(argument) for argument in case.arguments]
        )
        if [value.shape for value in values] != [want.shape for want in case.expected]:
            return judging.Answer("malformed")
        return judging.Answer("ok", tuple(np.float32(value) for value in values))


@pytest.mark.parametrize(
    ("changes", "spelled", "said"),
    [
        (
            {"cross-entropy:*L": 1, "beta_left_out": 1, "all:1": -1},
            "cross-entropy:*L beta_left_out",
            "Find the place where the cross-entropy is multiplied by L, "
            "and find the place where beta is taken for 1.",
        ),
        (
            {"KL:0": 2, "KL:/K": -1},
            "KL:-1,/K",
            "Find the place where the KL has the opposite sign and is divided by K.",
        ),
        (
            {"KL:/K": 1, "label:0": 1, "all:1": -1},
            "KL:/K label:0",
            "Find the place where the KL is divided by K, and put in the label's logit.",
        ),
        (
            {"KL:0": 1 - BITS, "all:1": BITS},
            "KL:/log(2)",
            "Find the place where the KL is in bits.",
        ),
        (
            {"label:0": 1 - BITS, "KL:0": 1, "all:1": BITS - 1},
            "KL:0 label:/log(2)",
            "Put in the KL, and find the place where the label's logit is in bits.",
        ),
        (
            {"KL:2": 1, "one:0": 2, "all:1": -2},
            "KL:2 one:0",
            "Find the place where the KL counts twice, and put in the constant of the KL.",
        ),
    ],
)
def test_what_happens_to_a_part_is_said_once(changes, spelled, said):
    drawn = drawn_for(("a05_vib", "vib_loss"))
    answers = answers_of_changes(drawn, 0, drawn.terms[0], changes)
    found = read_back.read_answers(drawn, answers, lambda cases: {})
    assert (found.id, found.repair) == (spelled, said)


# The search.


def equations(rows, given, right=(1, 0, 0), num_fitted=None):
    """Returns equations with a tolerance of 1e-3 each; a column is a term of its own."""
    rows = np.array(rows, float)
    return term_search.Equations(
        rows,
        [(judging.Column(number), "") for number in range(len(rows))],
        np.array(given, float),
        np.array(right, float),
        np.zeros(len(rows), bool),
        np.full(rows.shape[1], 1e-3),
        [],
        num_fitted or rows.shape[1],
    )


def test_two_different_answers_that_fit_equally_well_are_none():
    generator = np.random.default_rng(3)
    right, other = generator.normal(size=(2, 6))
    # The third differs from the second by less than the tolerance, and by more than rounding.
    alike = other + 8e-4
    found = term_search.find_combination(equations([right, other, other + 1e-6], other))
    assert [factor.column.term for factor in found.factors] == [1]
    assert term_search.find_combination(equations([right, other, alike], other + 4e-4)) is None


def test_numbers_that_are_too_few_say_nothing():
    right, other = np.random.default_rng(3).normal(size=(2, 6))
    assert term_search.find_combination(equations([right, other], other, (1, 0))) is not None
    few = equations([right[:3], other[:3]], other[:3], (1, 0))
    assert term_search.find_combination(few) is None


def test_what_was_kept_out_of_the_fit_must_be_predicted():
    right, other = np.random.default_rng(3).normal(size=(2, 8))
    given = np.append(other[:6], other[6:] + 1)
    assert term_search.find_combination(equations([right, other], given, (1, 0), 6)) is None


# What is no sum of the terms.


@pytest.mark.parametrize("size", [0, 1e-9])
@parameters()
def test_zeros_are_not_read_back(key, size):
    """Nor where they are what is left of a formula that lacks all its terms, or almost zeros."""
    drawn, generator = drawn_for(key), np.random.default_rng(0)
    answers = {
        case.name: judging.Answer(
            "ok",
            tuple(np.float32(size * generator.normal(size=want.shape)) for want in case.expected),
        )
        for case in [*drawn.cases, *drawn.further()]
    }
    found = read_back.read_answers(drawn, answers, lambda cases: {})
    # What is a single change is said: the one term is missing.
    assert found is None or all(len(one.split()) == 1 for one in found.id.split("; "))


def test_a_right_answer_that_is_rounded_has_no_mistake():
    """Its terms cancel, and may be off by more than the answer may."""
    drawn = drawn_for(("a01_densities", "kl_diag_gaussians"))
    answers = {
        case.name: judging.Answer("ok", tuple(np.float32(np.round(v, 3)) for v in case.expected))
        for case in [*drawn.cases, *drawn.further()]
    }
    assert read_back.wrong_outputs(drawn, cases_of(drawn), answers) == [0]
    assert read_back.read_answers(drawn, answers, lambda cases: {}) is None


@parameters()
def test_what_stands_in_the_place_of_a_term_is_not_said_of_a_kept_formula(key):
    drawn = drawn_for(key)
    if not drawn.keeps_formula:
        return
    for output, terms in enumerate(drawn.terms):
        strangers = [f"{term.words} stands".lower() for term in terms.terms if not term.right]
        for number, term in enumerate(terms.terms):
            for other in np.flatnonzero([not one.right for one in terms.terms]):
                row = right_row(terms)
                row[other], row[number] = row[number], 0
                answers = answers_of(drawn, output, terms, row) if term.right else None
                found = answers and read_back.read_answers(drawn, answers, lambda cases: {})
                said = found.sentence.lower() if found else ""
                assert not any(words in said for words in strangers), said


SHAPES = (np.tanh, np.sin, np.cbrt, np.arctan, lambda v: np.log1p(v * v), lambda v: v**3 / 9)
# Of a large number tanh is a constant: a sum with it is one of the terms.
NEVER_FLAT = (np.sin, np.cbrt, lambda v: np.log1p(v * v))


def fit_to(values, shape):
    """Returns values brought to a shape: axes too many are averaged, others repeated."""
    while values.ndim > len(shape):
        values = values.mean(axis=-1)
    for axis in range(values.ndim):
        if values.shape[axis] not in (1, shape[axis]):
            values = values.mean(axis=axis, keepdims=True)
    values = values.reshape(values.shape + (1,) * (len(shape) - values.ndim))
    return np.broadcast_to(values, shape)


def random_network(generator):
    """Returns a function from a case and an output to what a random network makes of the inputs.

    Its layers are the same for every case, whatever the sizes: arguments are seen entry by entry.
    """
    first = [generator.choice(len(SHAPES)) for _ in range(20)]
    weights, shifts, mixed = (generator.normal(0, 1.5, 20) for _ in range(3))

    def network(case, output):
        want, unit = case.expected[output], 0
        total = np.zeros(want.shape)
        for argument in case.arguments:
            values = drawing.to_float64(argument)
            if callable(values):
                continue
            values = np.asarray(values, float)
            for _ in range(3):
                hidden = SHAPES[first[unit % 20]](weights[unit % 20] * values + shifts[unit % 20])
                total = total + mixed[unit % 20] * fit_to(hidden, want.shape)
                unit += 1
        return np.tanh(total) + 0.3 * total

    return network


def made_up(kind, generator):
    """Returns a function from a case and an output to values that are no sum of the terms.

    Args:
        kind: "network": of the inputs; "noise"; "bent": the right answer through a curve; "part":
            the right answer and a network.
        generator: A NumPy random generator.
    """
    network, weights, curve = (
        random_network(generator),
        generator.normal(size=3),
        NEVER_FLAT[generator.choice(len(NEVER_FLAT))],
    )

    def values(case, output):
        want = case.expected[output]
        noise = np.random.default_rng([len(case.name), want.size]).normal(size=want.shape)
        return {
            "network": lambda: 3 * network(case, output),
            "noise": lambda: 3 * weights[0] * noise,
            "bent": lambda: want + weights[1] * curve(want + weights[2]),
            "part": lambda: want + weights[1] * network(case, output),
        }[kind]()

    return values


def read_made_up(key, student, count):
    """Returns what was read back of `count` random formulas of each kind."""
    drawn, generator, found = drawn_for(key, student), np.random.default_rng(len(student)), []
    cases = [*drawn.cases, *drawn.further()]
    for _ in range(count):
        for kind in ("network", "noise", "bent", "part"):
            formula = made_up(kind, generator)
            answers = {
                case.name: judging.Answer(
                    "ok",
                    tuple(
                        np.float32(np.clip(formula(case, output), -1e30, 1e30))
                        for output in range(len(case.expected))
                    ),
                )
                for case in cases
            }
            said = read_back.read_answers(drawn, answers, lambda cases: {})
            found += [(kind, said.id)] if said else []
    return found


@parameters()
def test_formulas_that_are_no_sum_of_the_terms_are_not_read_back(key):
    assert read_made_up(key, "a student", 1) == []


@pytest.mark.soak
@parameters()
def test_ten_thousand_formulas_that_are_no_sum_of_the_terms_are_not_read_back(key):
    """Of 43 questions with terms, 60 of four kinds each."""
    count = -(-10_000 // (4 * len(QUESTIONS)))
    assert read_made_up(key, "another one", count) == []


class Slow(stand_in.Notebook, client.InProcess):
    """A notebook that takes a question's whole time for what it is asked first."""

    def __init__(self, names):
        super().__init__(names)
        self.number_of_asks = 0

    def ask(self, requests, seconds):
        self.number_of_asks += 1
        self.asking += self.limits.question * self.costs
        return super().ask(requests, seconds)


@pytest.mark.parametrize(("costs", "number"), [(0, 7), (1, 3)])
def test_what_is_worth_no_points_is_asked_in_what_is_left_of_the_time(costs, number):
    """The cases and one again, where time is left the further and common inputs; then pictures, in
    as much time again.
    """
    key = ("a05_vib", "vib_loss")

    def vib_loss(y_onehot, logits, mu, log_var, beta):
        return np.float32(np.sum(np.cos(mu)) + beta**3)

    run = Slow({"vib_loss": vib_loss})
    run.costs = costs
    assignment = tasks.Assignment(key[0], "", (QUESTIONS[key],))
    (verdict,) = Judge(run, assignment, [], SECRET).judge_all([drawn_for(key)])
    assert (verdict.status, verdict.mistake, verdict.read_back) == ("wrong", None, None)
    assert run.number_of_asks == number
    assert bool(verdict.unexplained) == (number == 7)
