"""The notebook of a02: its numbers, what it keeps for the student to find, and what a search for q
is told that lacks the entropy.
"""

import json
import re
from functools import cache
from itertools import product

import numpy as np
import pytest
import scipy.stats
from scipy.special import logsumexp
from vikit import judging
from vikit.notebook import cells

from autograder import tasks
from autograder.build import notebooks, script
from autograder.reference import linear_gaussian
from autograder.tasks import draw_for_student
from autograder.tasks.drawing import to_float64

A02 = "a02_elbo"
RELEASED = notebooks.ASSIGNMENTS / A02
W, B, NOISE, X = 1.5, 0.2, 0.8, 1.0
PRECISION = 1 + W**2 / NOISE**2
MEAN = W * (X - B) / NOISE**2 / PRECISION
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(40)
WEIGHTS = WEIGHTS / WEIGHTS.sum()


def log_joint(z, noise=NOISE):
    return scipy.stats.norm.logpdf(z) + scipy.stats.norm.logpdf(X, W * z + B, noise)


@cache
def cells_of_solution():
    return script.read(script.SOLUTIONS / f"{A02}.py")


def solution_of(question):
    (region,) = (
        region
        for cell in cells_of_solution()
        if cell.question == question
        for region in script.regions(cell)
    )
    return region


def rows_of_table(text):
    """Returns the cells of a Markdown table's rows, without the head."""
    rows = [line.strip(" |#").split("|") for line in text.splitlines() if line.count("|") > 3]
    return [[part.strip() for part in row] for row in rows[2:]]


def read_numbers(text):
    return [float(number) for number in re.findall(r"-?\d+\.?\d*", text)]


# Numbers of the texts.


def test_the_toy_model_has_the_numbers_of_the_text():
    text = "\n".join(cell.source for cell in cells_of_solution() if cell.is_markdown)
    mean, sd = 0.3, 0.6
    log_px = scipy.stats.norm.logpdf(X, B, np.hypot(W, NOISE))
    elbo = WEIGHTS @ (log_joint(mean + sd * NODES) - scipy.stats.norm.logpdf(sd * NODES, 0, sd))
    gradient = -PRECISION * (mean - MEAN)
    for number in (log_px, elbo, MEAN, 1 / PRECISION, PRECISION**-0.5, gradient):
        assert f"${number:.4f}" in text or f" {number:.4f}" in text, number


def find_line(number):
    return rows_of_table(solution_of("find_the_bugs"))[number - 1][2]


def test_line_1_has_the_gradients_in_phi_and_in_theta():
    z = 0.7 + 0.4 * NODES
    slope = (X - W * z - B) / NOISE**2
    assert find_line(1) == (
        rf"in $\phi$ {WEIGHTS @ (W * slope):.4f}, in $\theta$ {WEIGHTS @ (z * slope):.4f}"
    )


def test_line_2_has_the_variances_of_both_estimates():
    mean, sd = 0.7, 0.4
    z = mean + sd * NODES
    weight = log_joint(z) - scipy.stats.norm.logpdf(z, mean, sd)
    pathwise, score = -PRECISION * (z - MEAN), (z - mean) / sd**2 * weight
    np.testing.assert_allclose(WEIGHTS @ pathwise, -1.2859, atol=5e-5)
    np.testing.assert_allclose(WEIGHTS @ score, -1.2859, atol=5e-5)
    variances = [WEIGHTS @ of**2 - (WEIGHTS @ of) ** 2 for of in (pathwise, score)]
    assert variances[0] < variances[1]
    np.testing.assert_allclose(read_numbers(find_line(2)), variances, atol=6e-5)


def test_line_3_has_variances_without_a_bound():
    gradients = [3 * (sd * NODES) ** 2 for sd in (1, 10)]
    variances = [WEIGHTS @ of**2 - (WEIGHTS @ of) ** 2 for of in gradients]
    np.testing.assert_allclose(read_numbers(find_line(3)), variances, rtol=1e-9)


def test_line_4_has_the_three_sums():
    (given,) = (cell for cell in cells_of_solution() if "expected_log_lik" in cell.source)
    space = {"np": np}
    exec(given.source, space)
    log_lik, kl = space["expected_log_lik"], space["divergence"]
    said = 20 * log_lik[:50].sum() - kl[:50].sum()
    sums = said, (log_lik - kl).sum(), 20 * (log_lik - kl)[:50].sum()
    np.testing.assert_allclose(read_numbers(find_line(4)), sums, atol=0.01)


def test_line_5_holds_for_every_noise():
    sd = PRECISION**-0.5
    eps = np.array([-1.3, 0.7, 2.1])
    z = MEAN + sd * eps
    estimates = log_joint(z) - scipy.stats.norm.logpdf(z, MEAN, sd)
    np.testing.assert_allclose(estimates, float(find_line(5).split()[0]), atol=5e-5)


@cache
def errors_of_three_estimates():
    """Returns the row of the table for each count, as the notebook's cell computes it."""
    noise = 0.1
    precision = 1 + W**2 / noise**2
    log_px = scipy.stats.norm.logpdf(X, B, np.hypot(W, noise))
    q = scipy.stats.norm(W * (X - B) / noise**2 / precision + 0.03, 1.3 * precision**-0.5)
    quantiles = {10: [], 100: [], 1000: []}
    for seed in range(5):
        generator = np.random.default_rng(seed)
        for count, found in quantiles.items():
            drawn = generator.normal(size=(count, 300)).astype(np.float32)
            z = q.mean() + q.std() * drawn
            log_lik = scipy.stats.norm.logpdf(X, W * drawn + B, noise)
            runs = (
                logsumexp(log_lik, axis=0) - np.log(count),
                np.mean(log_joint(z, noise) - q.logpdf(z), axis=0),
            )
            low, high = np.quantile(runs, [0.05, 0.95], axis=-1)
            found.append((np.mean(runs, axis=-1) - log_px, high - low))
    rows = {}
    for count, found in quantiles.items():
        off, spread = np.moveaxis(found, 1, 0)
        quadrature = []
        for points in (count, 2 * count):
            grid = -6 + 12 * (np.arange(points) + 0.5) / points
            quadrature.append(logsumexp(log_joint(grid, noise)) + np.log(12 / points) - log_px)
        rows[count] = np.stack([off.min(0), off.max(0), np.mean(spread, 0)]), quadrature
    return rows


def test_the_table_of_three_estimates_has_the_numbers_of_its_cell():
    rows = rows_of_table(solution_of("three_estimates_of_the_evidence"))
    assert [int(row[0]) for row in rows] == [10, 100, 1000]
    for count, *said in rows:
        estimates, quadrature = errors_of_three_estimates()[int(count)]
        said = [number for part in said for number in read_numbers(part)]
        np.testing.assert_allclose(said[:-2], estimates.T.ravel(), atol=0.011)
        np.testing.assert_allclose(said[-2:], quadrature, atol=0.0011)


def test_the_gap_of_the_elbo_is_its_divergence_from_the_posterior():
    sd = (1 + W**2 / 0.01) ** -0.5
    gap = -np.log(1.3) + (1.3**2 + (0.03 / sd) ** 2 - 1) / 2
    assert f"here {gap:.3f}" in solution_of("three_estimates_of_the_evidence")


# What is left to the student.

# Formulas that students find, however they may be written; each stands in the solution.
KEPT = {
    "linear_gaussian_posterior": (r"I \+ W\^T W", r"cov W\^T", r"W\^T W *\+ *(\\?sigma|I)"),
    "grad_theta_enumerated": (r"\b[pq](_\w)? *- *[pq](_\w)?\b(?!\()", r"softmax\(phi\) *- *"),
    "pathwise_gradient": (
        r"\\sum_l *\\nabla f",
        r"1/2 sigma eps",
        r"eps\w* *(\* *)?exp\(log_var */ *2\) */ *2",
    ),
    "elbo_analytic_kl": (r"(mu|m)(_\w)?(\^|\*\*)\{?2\}? *\+ ", r"expm1"),
}


def released_texts():
    texts = [(RELEASED / f"{A02}.ipynb").read_text(), (RELEASED / "public_cases.json").read_text()]
    return "\n".join(texts).replace("\\\\", "\\")


@pytest.mark.parametrize("question", KEPT)
def test_the_formula_of_a_question_stands_in_its_solution_alone(question):
    released = released_texts()
    assert any(re.search(pattern, solution_of(question)) for pattern in KEPT[question])
    assert not [pattern for pattern in KEPT[question] if re.search(pattern, released)]


def test_no_fault_that_is_asked_for_is_named_before():
    asked = set(re.findall(r"E-\d{3}-\d{2}", solution_of("find_the_bugs")))
    assert asked == {"E-002-09", "E-003-08"}
    assert not [number for number in asked if number in released_texts()]


def test_answers_in_words_count_as_not_written_until_the_stub_is_gone():
    """Also that with an empty table to fill in."""
    content = (RELEASED / f"{A02}.ipynb").read_bytes()
    manual = {question.name for question in tasks.load(A02).manual}
    assert cells.read_written_answers(content) == dict.fromkeys(manual, False)
    assert b"| 1000 | | | | | |" in content
    written = content.replace(cells.TEXT_STUB.encode(), b"Written.")
    assert cells.read_written_answers(written) == dict.fromkeys(manual, True)


# Of three_estimates_of_the_evidence.
TABLE = re.search(
    r"(?:^\|.*\n)+^\| 1000 \|.*\|$",
    "".join(cell.source for cell in cells_of_solution() if cell.question.startswith("three_")),
    re.M,
)[0]


def with_answer(content, name, change):
    """Returns a notebook's bytes with the text of a written question changed."""
    notebook = json.loads(content)
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == name:
            text = "".join(cell["source"])
            assert TABLE in text
            assert change(text) != text
            cell["source"] = change(text)
    return json.dumps(notebook).encode()


@pytest.mark.parametrize(
    ("change", "is_answered"),
    [
        (lambda text: text.replace(cells.TEXT_STUB, ""), False),
        (lambda text: text.replace(cells.TEXT_STUB, TABLE), False),
        (lambda text: text.replace(TABLE, "").replace(cells.TEXT_STUB, TABLE), False),
        (lambda text: text.replace(cells.TEXT_STUB, "").replace("| 100 | |", "| 100 | 1 |"), True),
        (lambda text: text.replace(cells.TEXT_STUB, "Low by Jensen."), True),
        # No table, although a line begins as one does.
        (lambda text: text.replace(cells.TEXT_STUB, "|log w| is large."), True),
    ],
)
def test_an_empty_table_and_a_deleted_stub_are_no_answer(change, is_answered):
    name = "three_estimates_of_the_evidence"
    changed = with_answer((RELEASED / f"{A02}.ipynb").read_bytes(), name, change)
    assert cells.read_written_answers(changed)[name] is is_answered


# Searches without the entropy.


def follow_gradients(means, precisions, entropy, optimizer, rate, num_samples):
    """Returns mu and sigma after each of 2000 steps from N(0, 1), for many posteriors at once.

    Args:
        means: Of the posteriors. Shape `[models]`.
        precisions: Of the posteriors. Shape `[models]`.
        entropy: The weight of the entropy in the objective.
        optimizer: "sgd" or "adam".
        rate: The size of a step.
        num_samples: How many samples a step takes.

    Returns:
        Shape `[steps, 2, models]`.
    """
    generator = np.random.default_rng(5)
    place, first, second = np.zeros((3, 2, len(means)))
    path = []
    for step in range(1, 2001):
        eps = generator.normal(size=(num_samples, 1))
        mu, sigma = place[0], np.exp(place[1])
        slopes = precisions * (means - mu - sigma * eps)
        gradient = np.stack([slopes.mean(0), (slopes * sigma * eps).mean(0) + entropy])
        first, second = 0.9 * first + 0.1 * gradient, 0.999 * second + 0.001 * gradient**2
        hat = np.sqrt(second / (1 - 0.999**step)) + 1e-7
        place = place + rate * (gradient if optimizer == "sgd" else first / (1 - 0.9**step) / hat)
        path.append([place[0], np.exp(place[1])])
    return np.array(path)


RATES = {"sgd": (0.1, 0.03, 0.01, 0.003, 0.001), "adam": (0.1, 0.03, 0.01, 0.003, 0.001)}


@cache
def drawn_models():
    """Returns the questions drawn for three students, and the posteriors of all their cases."""
    (question,) = (question for question in tasks.load(A02).questions if question.name == "fit_q")
    drawn = [draw_for_student(A02, question, name, b"searches") for name in "abc"]
    peaks = [
        linear_gaussian.quadratic_peak(to_float64(case.arguments[0]))
        for one in drawn
        for case in one.cases
    ]
    return drawn, np.array(peaks).T


def judge_searches(entropy):
    """Returns (search, what it is told) of every search and student."""
    drawn, (means, precisions) = drawn_models()
    told = []
    for optimizer, num_samples in product(RATES, (10, 1)):
        for rate in RATES[optimizer]:
            path = follow_gradients(means, precisions, entropy, optimizer, rate, num_samples)
            for end, found in (("mean", path[1000:].mean(0)), ("last", path[-1])):
                told += [
                    ((optimizer, num_samples, rate, end), judge_fit(one, found[:, 3 * at :]))
                    for at, one in enumerate(drawn)
                ]
    return told


def judge_fit(drawn, found):
    """Returns the name of the mistake, or the status, of mu and sigma `[2, models]`."""
    answers = {
        case.name: judging.Answer("ok", tuple(np.float32(value)))
        for case, value in zip(drawn.cases, found.T[: len(drawn.cases)], strict=True)
    }
    verdict = judging.judge(drawn, answers)
    return verdict.mistake or verdict.status


@pytest.mark.parametrize(
    ("entropy", "least"), [(0, 0.97), (-1, 0.9)], ids=["left out", "subtracted"]
)
def test_a_search_without_the_entropy_is_named(entropy, least):
    told = judge_searches(entropy)
    named = [name == "fit_entropy_dropped" for _, name in told]
    assert len(told) == 120
    assert np.mean(named) >= least, [one for one in told if one[1] != "fit_entropy_dropped"]


@pytest.mark.parametrize("entropy", [1, 2, 0.5])
def test_a_search_with_the_entropy_is_never_told_that_it_is_missing(entropy):
    told = judge_searches(entropy)
    assert "fit_entropy_dropped" not in {name for _, name in told}
    assert entropy != 1 or sum(name == "correct" for _, name in told) >= 40


@pytest.mark.parametrize("others", [1, 0], ids=["right", "sigma 0"])
@pytest.mark.parametrize("lost", [slice(None), slice(2, 3)], ids=["all", "the narrow one"])
def test_a_search_that_ends_in_nan_is_told_why(lost, others):
    drawn, (means, precisions) = drawn_models()
    found = np.array([means, others * precisions**-0.5])[:, :3]
    found[:, lost] = np.nan
    assert judge_fit(drawn[0], found) == "fit_not_a_number"
