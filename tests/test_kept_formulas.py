"""Formulas that are the students' to write stand nowhere in what is released.

Each formula is a set of patterns, all of which one span must match: a span is a piece of math, a
sentence or a line of code, with LaTeX and spaces taken out. The solution says each formula in a
comment: there the patterns must find it.
"""

import re
from functools import cache

import pytest
import released

from autograder import tasks
from autograder.build import script
from autograder.places import ASSIGNMENTS

ONE = r"(?<![\w.^/=])1(?![\w./])|expm1"
VARIANCE = r"sigma\^2|exp\(log_?var|expm1\(log_?var|e\^log_?var"
LOG_VARIANCE = r"log ?\(?sigma\^2|log_?var"
MEAN_OVER_BATCH = r"1/B\b|mean_b|mean over (b\b|the batch|examples)|reduce_mean"
MEAN_OVER_SAMPLES = r"1/L\b|mean_l|mean over (l\b|the samples|samples)|reduce_mean"
# From the question to patterns; a formula with several spellings has several sets.
KEPT = {
    "kl_to_standard_normal": [[r"\bmu(_b)?\^2", VARIANCE, LOG_VARIANCE, ONE]],
    "kl_diag_gaussians": [
        [r"\(mu_q-mu_p\)\^2|\(mu_p-mu_q\)\^2", r"log", r"sigma_[qp]|var_[qp]", f"{ONE}|1/2"]
    ],
    "gaussian_entropy": [
        [LOG_VARIANCE, r"log ?\(?2 ?pi\b", ONE],
        [r"log ?\(?2 ?pi ?e\b"],
    ],
    "linear_gaussian_posterior": [
        [r"I\+", r"W\^T ?W|W_T,W", r"\)\^-1|inv\("],
        [r"(cov|Sigma|Lambda\^-1) ?W\^T ?\(x-b\)|W_T,x-b"],
        [r"eye\(.*\)\+.*\.T@"],
    ],
    "grad_theta_enumerated": [
        [r"softmax\(phi\)-(tf\.nn\.)?softmax\(theta\)"],
        [r"\bq(_z|_j)?-p(_z|_j)?\b(?!\()"],
    ],
    "pathwise_gradient": [
        [r"nabla ?f|f'\(z|grad_f\(|grad_z|\bg_?l?\b", r"\beps|\(z-mu\)", r"/2|0\.5|half"]
    ],
    "vae_loss": [[MEAN_OVER_BATCH, MEAN_OVER_SAMPLES, r"(?i)\bkl\b|log_?var", r"log ?p|bernoulli"]],
    "vib_loss": [
        [MEAN_OVER_BATCH, MEAN_OVER_SAMPLES, r"beta", r"(?i)\bkl\b|rate"],
        [r"(?i)(?<![\w/])cross.?entropy\+(self\.)?beta|distortion\+(\w+\.)?weight ?rate"],
    ],
    "vib_exact_discrete": [[r"\bp\(x,y\) ?q\(z\|x\) ?log ?q\(y\|z\)"]],
    "optimal_sigma": [
        [r"sigma\*?\^2=", r"mean|1/D", r"\)\^2|\|\^2"],
        [r"sqrt\(.{0,20}mean\(\(?x-\w+\)?\^2"],
    ],
    "rda_lambda": [[r"(1|0\.5)/\(?(2 ?)?beta(_|\*)? ?sigma\^2"]],
    "rate_split": [[r"q\(z\|x\)/q\(z\)|q_z_given_x/q_z\b"]],
    "linear_vae_spectrum": [
        [r"lambda-beta ?sigma\^2|eigenvalues-(level|beta)"],
        [r"log", r"(lambda|eigenvalues?)/\(?(beta ?sigma\^2|level)"],
    ],
    "planar_log_det": [[r"log ?(abs)?[(|]", r"\b1\+", r"psi|\(1-tanh"]],
    "radial_log_det": [
        [r"\(K-1\)|\^\(?K-1", r"log", r"beta"],
        [r"log ?\(1\+.*log ?\(1\+", r"beta"],
    ],
}
LATEX = (
    (r"\\(left|right|big|Big|bigl|bigr|,|;|!|:|quad|qquad|displaystyle|odot|cdot|mathrm|mathbf|"
     r"operatorname|text|boldsymbol)\b|\\[,;:!]", ""),
    (r"\\[td]?frac\{?(\w)\}?\{?(\w)\}?", r"\1/\2"),
    (r"\\(lVert|rVert|lvert|rvert|\|)", "|"),
    (r"\\top", "T"),
    (r"varepsilon", "eps"),
    (r"epsilon", "eps"),
    (r"\*\*", "^"),
    (r"\\hat\{?\s*(\w+)", r"\1_hat"),
    (r"_\{?([qp])\s*,\s*\w\}?", r"_\1"),
    (r"(?<![a-z]n)_\{?[bkjdl]{1,2}\}?(?![A-Za-z])", ""),
    (r"\\ell|\\", ""),
    (r"(?<=\w)(squared)\b", "^2"),
    (r"[{}`*]", ""),
    (r"\s+", " "),
    (r" ?([^\w ]) ?", r"\1"),
)  # fmt: skip


def normalise(text: str) -> str:
    for pattern, instead in LATEX:
        text = re.sub(pattern, instead, text)
    return text


def spans(text: str):
    """Yields the pieces of math in a text, then the sentences or lines that are left."""
    math = re.compile(r"\$\$.+?\$\$|\$[^$]+?\$", re.DOTALL)
    for found in math.finditer(text):
        yield from found.group().strip("$").split(r"\qquad")
    for part in re.split(r"(?<=[.;?!:])\s+(?=[A-Z`])|\n\s*\n|\n(?=\s*[-|#] )", text):
        if "$" not in part:
            yield part
    yield from (line for line in text.splitlines() if "$" not in line)


@cache
def plain_spans(text: str) -> list[tuple[str, str]]:
    """Returns the spans of a text, as they are and normalised: each formula reads them."""
    return [(span, normalise(span)) for span in dict.fromkeys(spans(text))]


def holds(text: str, formula: list[list[str]]) -> str:
    """Returns the first span of a text that all patterns of one spelling match, or ""."""
    for span, plain in plain_spans(text):
        if any(all(re.search(pattern, plain) for pattern in each) for each in formula):
            return span
    return ""


@pytest.fixture(scope="module")
def texts():
    """The released texts: a dict from place to text, a cell, a source or a hint each."""
    found = {}
    for name, (cells, public) in released.read().items():
        found |= {f"{name}, cell {i}": cell.source for i, cell in enumerate(cells)}
        hints = released.strings(public)
        found |= {f"{name}, public case text {i}": text for i, text in enumerate(hints)}
    for path in (*ASSIGNMENTS.rglob("*.py"), *ASSIGNMENTS.rglob("*.md")):
        found[str(path.relative_to(ASSIGNMENTS))] = path.read_text(encoding="utf-8")
    return found


def regions(question):
    """Yields the texts of a question's solution regions."""
    for name in tasks.names():
        for cell in script.read(script.SOLUTIONS / f"{name}.py"):
            if cell.question == question:
                yield from (found.group(1) for found in script.REGION.finditer(cell.source))


@pytest.mark.parametrize("question", KEPT)
def test_a_kept_formula_stands_nowhere_in_what_is_released(texts, question):
    assert len(texts) > 500
    found = {place: holds(text, KEPT[question]) for place, text in texts.items()}
    said = [f"{place}: {span.strip()}" for place, span in found.items() if span]
    assert said == [], f"the formula of {question} is the students' to write:\n" + "\n".join(said)


@pytest.mark.parametrize("question", KEPT)
def test_a_kept_formula_stands_in_the_solution(question):
    comments = [
        line
        for region in regions(question)
        for line in region.splitlines()
        if line.strip().startswith("#")
    ]
    text = "\n".join(line.strip(" #") for line in comments)
    assert holds(text, KEPT[question]) or holds(text.replace("\n", " "), KEPT[question]), (
        f"say the formula of {question} in a comment of its solution, in ASCII math: {text}"
    )


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("kl_to_standard_normal", r"$\tfrac12 \sum_k [\mu_k^2 + \sigma_k^2 - \log\sigma_k^2 - 1]$"),
        ("kl_to_standard_normal", "KL = 1/2 sum_k (mu_k^2 + exp(log_var_k) - log_var_k - 1)"),
        ("kl_to_standard_normal", r"$\frac{1}{2} [1 + \log \sigma_j^2 - \sigma_j^2 - \mu_j^2]$"),
        ("kl_to_standard_normal", "0.5 * tf.reduce_sum(mu**2 + tf.math.expm1(log_var) - log_var)"),
        ("gaussian_entropy", r"$\tfrac12 \sum_k \left[\log\sigma_k^2 + \log 2\pi + 1\right]$"),
        ("gaussian_entropy", "half of log(2 pi e) + log_var"),
        ("grad_theta_enumerated", "It is q - p, which sums to 0."),
        ("vae_loss", r"$\frac1B \sum_b [-\frac1L \sum_l \log p(x_b|z_{bl}) + KL(q \| p)]$"),
        ("linear_gaussian_posterior", "a = np.eye(len(w.T)) + w.T @ w / np.square(sigma)"),
        ("vib_loss", "Reports loss = cross_entropy + beta kl."),
        ("vib_loss", "A model: loss = distortion + weight * rate."),
        ("planar_log_det", r"$\log \left\lvert 1 + \hat u^\top \psi(z) \right\rvert$"),
        ("radial_log_det", "(K - 1) log(1 + beta_hat h) + log(1 + beta_hat h + beta_hat h' r)"),
    ],
)  # fmt: skip
def test_a_formula_is_found_however_it_is_written(question, text):
    assert holds(f"A sentence before. {text}", KEPT[question])


@pytest.mark.parametrize(
    "text",
    [
        r"$\log q(z|x) = -\tfrac12 \sum_k [\log 2\pi + \log\sigma_k^2 + (z_k-\mu_k)^2/\sigma_k^2]$",
        r"because $E_q[(z-\mu)^2] = \sigma^2$ and $E_q[z^2] = \mu^2 + \sigma^2$.",
        "log_var: Log variances of q (not standard deviations), between -30 and 30.",
        r"$(I + \hat u\, \psi^\top)\, \hat u = (1 + \psi^\top \hat u)\, \hat u$",
        r"$\text{ELBO} = E_q[\log p(x|z)] - KL(q(z|x) \| p(z)) \le \log p(x)$",
    ],
)
def test_what_a_derivation_needs_is_no_kept_formula(text):
    assert [name for name, formula in KEPT.items() if holds(text, formula)] == []
