"""a01's text: every number in it is computed again here, and the formulas that students derive
stand in no text that they get.
"""

import importlib
import itertools
import json
import re

import numpy as np
import pytest
from scipy.stats import norm
from vikit.notebook.cells import read_written_answers

from autograder import tasks
from autograder.build import errata, notebooks, script

A01 = "a01_densities"
CELLS = script.read(script.SOLUTIONS / f"{A01}.py")
RELEASED = notebooks.ASSIGNMENTS / A01


def answer_to(question):
    """Returns the solution's text of a question answered in words."""
    (cell,) = (cell for cell in CELLS if cell.kind == "manual" and cell.question == question)
    (region,) = script.regions(cell)
    return region


def printed_by(function, capsys):
    """Returns what the cell of the solutions that calls `function` prints."""
    module = importlib.import_module(f"solutions.{A01}")
    (cell,) = (
        cell for cell in CELLS if cell.kind == "demonstration" and f"def {function}(" in cell.source
    )
    exec(cell.source, dict(vars(module)))
    return capsys.readouterr().out


def numbers(text):
    return {number for number in re.findall(r"-?\d+\.\d{5}(?!\d)", text)}


def shown(*values):
    return {f"{value + 0:.5f}".replace("-0.00000", "0.00000") for value in values}


def kl_of(q, p):
    """KL(q || p) of two Gaussians (mean, standard deviation), by a sum over a fine grid."""
    z = np.linspace(q[0] - 40 * q[1], q[0] + 40 * q[1], 400_001)
    log_q, log_p = norm.logpdf(z, *q), norm.logpdf(z, *p)
    return np.sum(np.exp(log_q) * (log_q - log_p)) * (z[1] - z[0])


def terms_of(prior, likelihood, q):
    """Returns (ELBO, divergence of q from the posterior, log p(x)) of a table."""
    joint = prior * likelihood
    log_px = np.log(joint.sum())
    return np.sum(q * np.log(joint / q)), np.sum(q * np.log(q / (joint / joint.sum()))), log_px


def eq_11(z):
    """What our copy of document 003 has in eq. 11, for m = -0.4 and s = 1.3."""
    return np.exp(-((z + 0.4) ** 2) / (2 * z**2)) / np.sqrt(2 * np.pi * 1.3**2)


def findings():
    """Returns all that find_the_bugs asks for with five digits."""
    q, p, changed = (-0.6, 1.2), (0.9, 0.7), np.array([0.6, 0.3, 0.1])
    kl, to_prior = kl_of(q, p), kl_of(q, (0, 1))
    model_a = terms_of(np.array([0.5, 0.3, 0.2]), np.array([0.35, 0.25, 0.3]), changed)
    model_b = terms_of(np.array([0.2, 0.2, 0.6]), np.array([0.2, 0.1, 0.9]), changed)
    assert model_a[0] > model_b[0], "the ELBO says A"
    assert model_a[2] < model_b[2], "the evidence says B"
    entropy = float(norm.entropy(*q))
    assert norm.entropy(-6, 12) == pytest.approx(entropy + np.log(10))
    assert kl_of((-6, 12), (9, 7)) == pytest.approx(kl)
    densities = eq_11(0.7), norm.pdf(0.7, -0.4, 1.3)
    return shown(kl, -kl, -to_prior, *densities, *model_a, *model_b, entropy, entropy + np.log(10))


def test_the_numbers_of_the_claims_are_right_and_the_solution_prints_them(capsys):
    right = findings()
    assert len(right) == 13
    assert numbers(answer_to("find_the_bugs")) == right
    assert numbers(printed_by("print_two_models", capsys)) == right


def test_the_masses_of_eq_11_are_those_of_the_rubric():
    for end, told in ((10, "3.64 on $[-10, 10]$"), (100, "37.1 on $[-100, 100]$")):
        z = np.linspace(-end, end, 2_000_000)
        mass = np.sum(eq_11(z)) * (z[1] - z[0])
        assert told in answer_to("find_the_bugs").replace("\n", " ")
        assert mass == pytest.approx(float(told.split()[0]), rel=2e-3)
        assert np.sum(norm.pdf(z, -0.4, 1.3)) * (z[1] - z[0]) == pytest.approx(1, abs=5e-5)


def test_steps_6_and_7_of_document_000_are_what_the_solution_says():
    """Step 6 is -KL under the name of KL, and step 7 holds."""
    mu_q, sigma_q, mu_p, sigma_p = -0.6, 1.2, 0.9, 0.7
    distance = sigma_q**2 + (mu_q - mu_p) ** 2
    step_6 = np.log(sigma_q / sigma_p) - distance / (2 * sigma_p**2) + 1 / 2
    step_7 = (1 + np.log(sigma_q**2) - sigma_q**2 - mu_q**2) / 2
    assert step_6 == pytest.approx(-kl_of((mu_q, sigma_q), (mu_p, sigma_p)))
    assert step_7 == pytest.approx(-kl_of((mu_q, sigma_q), (0, 1)))


def test_the_gaps_of_the_solution_are_those_of_jensen_and_of_the_identity(capsys):
    prior, likelihood = np.array([0.2, 0.5, 0.3]), np.array([0.6, 0.1, 0.3])
    posterior = prior * likelihood / np.sum(prior * likelihood)
    right = set()
    for q in (prior, (prior + posterior) / 2, posterior):
        elbo, kl, log_px = terms_of(prior, likelihood, q)
        w = prior * likelihood / q
        assert np.log(np.sum(q * w)) == pytest.approx(log_px)
        assert np.log(np.sum(q * w)) - np.sum(q * np.log(w)) == pytest.approx(kl, abs=1e-12)
        right |= shown(elbo, kl, log_px)
    assert numbers(answer_to("when_the_bound_is_tight")) == right
    assert numbers(printed_by("print_gaps", capsys)) == right


def test_the_evidence_of_the_figure_is_the_one_in_the_text():
    prior, likelihood = np.array([0.5, 0.3, 0.2]), np.array([0.7, 0.2, 0.4])
    (text,) = (cell.source for cell in CELLS if "The two areas" in cell.source)
    assert f"$\\log p(x) = {np.log(prior @ likelihood):.3f}$" in text


# What students derive, and nobody tells them.

SYMBOLS = (
    (r"\\(?:tfrac|frac|left|right|mathrm|text|bigl?|bigr?|,|;|!)", " "),
    (r"(?:tf|np)\.|ops\.|reduce_|math\.", ""),
    (r"exp\(\s*log_var(?:_\w)?\s*\)|\bvar(?:_\w)?\b", "sigma2"),
    (r"log_var(?:_\w)?", "log sigma2"),
    (r"_\{[^}]*\}|_\w", ""),
    (r"\bm\b", "mu"),
    (r"\bs\b", "sigma"),
    (r"[\s\\{}()\[\]^*$#|&]", ""),
)


def normalised(text):
    """Returns a text without layout, brackets and indices: mu2+sigma2-logsigma2-1."""
    for pattern, new in SYMBOLS:
        text = re.sub(pattern, new, text)
    return text


def sums(*terms):
    """Returns all orders of signed terms, and of their negatives, as they stand in a sum."""
    negated = [term.translate(str.maketrans("+-", "-+")) for term in terms]
    return [
        "".join(order).removeprefix("+")
        for signed in (terms, negated)
        for order in itertools.permutations(signed)
    ]


KEPT = {
    "kl_to_standard_normal": sums("+mu2", "+sigma2", "-logsigma2", "-1"),
    "kl_diag_gaussians": [
        r"log.{0,30}sigma2?.{0,6}sigma2?[+-].{0,6}sigma2\+mu-mu2",
        r"sigma2\+mu-mu2.{0,12}sigma2[+-].{0,12}(?:1|log)",
        r"logsigma2-logsigma2[+-].{0,8}sigma2",
    ],
    "gaussian_entropy": [
        *sums("+logsigma2", "+log2pi", "+1"),
        *sums("+log2pisigma2", "+1"),
        "log2pie",
    ],
}
PRINTED = {
    "kl_to_standard_normal": (
        r"\tfrac12 \sum_{k=1}^K \left[ \mu_k^2 + \sigma_k^2 - \log \sigma_k^2 - 1 \right]",
        r"\frac{1}{2}[1 + \log(\sigma_q^2) - \sigma_q^2 - \mu_q^2]",
        r"(m_k^2 + s_k^2 - \log s_k^2 - 1)",
        "0.5 * sum(mu**2 + exp(log_var) - log_var - 1)",
    ),
    "kl_diag_gaussians": (
        r"\left[ \log \frac{\sigma_{p,k}^2}{\sigma_{q,k}^2} + \frac{\sigma_{q,k}^2 + "
        r"(\mu_{q,k} - \mu_{p,k})^2}{\sigma_{p,k}^2} - 1 \right]",
        r"\log(\frac{\sigma_q}{\sigma_p}) - \frac{\sigma_q^2 + (\mu_q - \mu_p)^2}{2\sigma_p^2}",
        "log_var_p - log_var_q + (exp(log_var_q) + (mu_q - mu_p)**2) / exp(log_var_p) - 1",
    ),
    "gaussian_entropy": (
        r"\left[ \log \sigma_k^2 + \log 2\pi + 1 \right]",
        r"-\tfrac12\left[\log 2\pi\sigma^2 + 1\right]",
        "log_var + log(2 * pi) + 1",
        r"\log(2 \pi e \sigma^2)",
    ),
}


def is_told(question, text):
    return any(
        re.search(form if question == "kl_diag_gaussians" else re.escape(form), normalised(text))
        for form in KEPT[question]
    )


def released_texts():
    cells = json.loads((RELEASED / f"{A01}.ipynb").read_text(encoding="utf-8"))["cells"]
    yield from ("".join(cell["source"]) for cell in cells)
    public = json.loads((RELEASED / "public_cases.json").read_text(encoding="utf-8"))
    yield from words_in(public)


def words_in(value):
    """Yields every text with a blank in it, at any depth."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from words_in(item)
    elif isinstance(value, str) and " " in value:
        yield value


@pytest.mark.parametrize("question", KEPT)
def test_a_formula_that_students_derive_stands_in_the_solution_alone(question):
    assert all(is_told(question, text) for text in PRINTED[question])
    (cell,) = (cell for cell in CELLS if cell.kind == "answer" and cell.question == question)
    assert is_told(question, script.regions(cell)[0])
    entries = (RELEASED.parent / "ERRATA.md").read_text(encoding="utf-8").split("\n- ")
    texts = [*released_texts(), *entries]
    assert len(texts) > 200
    assert len(entries) > 70
    assert [text for text in texts if is_told(question, text)] == []


# What students look for, and nobody tells them.


def test_no_fault_that_a_question_asks_for_is_named_in_what_students_get():
    """Be it a question of this notebook or of a later one."""
    texts, asked = list(released_texts()), errata.who_asks()
    assert {"E-000-08", "E-000-09", "E-003-02"} <= set(asked)
    assert any("000-10" in text for text in texts)
    assert [text for text in texts if any(number in text for number in asked)] == []
    (claims,) = (text for text in texts if "## 7. Which of these claims hold?" in text)
    others = "\n".join(text for text in texts if text != claims)
    assert "eq. 11" in claims
    assert "eq. 11" not in others
    assert not re.search(r"minus (?:is|was|gets) lost|lost (?:the|its) minus", others)


def test_a_place_in_the_lecture_is_no_line_of_a_text_file():
    texts = [re.sub(r"Listing 1, lines? \d+", "Listing 1", text) for text in released_texts()]
    assert [text for text in texts if re.search(r"\blines? \d", text)] == []


def test_every_mistake_has_a_repair_that_does_not_repeat_its_hint():
    for question in tasks.load(A01).questions:
        found = [question.hint(mistake.name) for mistake in question.mistakes]
        assert found
        for mistake in found:
            assert len(mistake.repair) > 15, mistake.name
            assert mistake.repair not in mistake.hint
            assert mistake.repair.endswith((".", "?")), mistake.name


def test_written_answers_of_the_released_notebook_are_untouched():
    answers = read_written_answers((RELEASED / f"{A01}.ipynb").read_bytes())
    assert answers == dict.fromkeys((item.name for item in tasks.load(A01).manual), False)
