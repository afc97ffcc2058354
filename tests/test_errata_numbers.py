"""The numbers that docs/errata.md gives as witnesses are computed again, from their inputs.

Neither the reference formulas nor the solutions are used for that.
"""

import itertools
import re

import keras
import numpy as np
import pytest
import scipy.integrate
import scipy.special
import scipy.stats
import tensorflow as tf

from autograder.build import errata

NUMBER = re.compile(r"`(-?(?:\d+\.?\d*|inf))`")
ERRATA = {erratum.number: erratum for erratum in errata.read()}

# What the staff's list calls the toy model, and its q.
LOADING, OFFSET, NOISE, X = 1.5, 0.2, 0.8, 1.0
M, S = 0.3, 0.6
POSTERIOR_VAR = 1 / (1 + LOADING**2 / NOISE**2)
POSTERIOR = POSTERIOR_VAR * LOADING * (X - OFFSET) / NOISE**2, POSTERIOR_VAR**0.5
EVIDENCE = scipy.stats.norm.logpdf(X, OFFSET, np.hypot(LOADING, NOISE))
# What it calls the table.
PRIOR, LIKELIHOOD, Q = (
    np.array(row) for row in ([0.5, 0.3, 0.2], [0.7, 0.2, 0.4], [0.4, 0.35, 0.25])
)
# Gauss and Hermite: exact for polynomials up to degree 79.
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(40)
WEIGHTS = WEIGHTS / WEIGHTS.sum()
# Two distributions over two values each, and what their labels say.
P1, Q1 = np.array([0.9, 0.1]), np.array([0.5, 0.5])
LABELS, LABEL_LOGITS = np.array([1.0, 0.0, 1.0]), np.array([0.5, -1.2, 2.0])
CLASS_LOGITS = np.array([1.0, -0.5, 0.3])


def mean(f, at=(0.0, 1.0)):
    """Returns the mean of f(z) for a normal z with the mean and standard deviation `at`."""
    return float(WEIGHTS @ f(at[0] + at[1] * NODES))


def kl(q, p):
    """Returns the divergence of two normals, each (mean, standard deviation), by quadrature."""
    return mean(lambda z: scipy.stats.norm.logpdf(z, *q) - scipy.stats.norm.logpdf(z, *p), q)


def log_likelihood(z):
    return scipy.stats.norm.logpdf(X, LOADING * z + OFFSET, NOISE)


def log_joint(z):
    return scipy.stats.norm.logpdf(z) + log_likelihood(z)


def slope(z):
    """Returns the derivative of the log joint in z."""
    return -z + LOADING * (X - LOADING * z - OFFSET) / NOISE**2


def elbo(m=M, s=S):
    return mean(lambda z: log_joint(z) - scipy.stats.norm.logpdf(z, m, s), (m, s))


def gradient():
    """Returns the ELBO's gradient in the mean and the standard deviation of q."""
    in_m = mean(lambda eps: slope(M + S * eps))
    return np.array([in_m, mean(lambda eps: eps * slope(M + S * eps)) + 1 / S])


def reconstruction():
    return mean(log_likelihood, (M, S))


def bernoulli_cross_entropies(y, logits):
    return np.logaddexp(0, logits) - y * logits


def categorical_log_prob(label, logits):
    return float(scipy.special.log_softmax(logits)[label])


def mass(log_density, end):
    """Returns the total mass on [-end, end]."""
    return scipy.integrate.quad(lambda z: np.exp(log_density(z)), -end, end, points=[0], limit=500)[
        0
    ]


def divide_wrong_by_variance(z):
    """Document 000, section 6, with mean 0.2 and variance 0.25, in our copy."""
    return -0.5 * (np.log(2 * np.pi) + np.log(0.25) + ((z - 0.2) / 0.25) ** 2)


def minibatch():
    data = np.random.default_rng(0).normal(size=1000)
    logs = scipy.stats.norm.logpdf(data)
    return logs.sum() / 50, logs[:50].mean(), logs.mean()


def bracket_at_the_datum():
    bracket = np.log(0.8 / 1.7) - (1 + 0.3) ** 2 / (2 * 1.7**2) + (1 - 0.5) ** 2 / (2 * 0.8**2)
    return -bracket, kl((0.5, 0.8), (-0.3, 1.7))


def closed_form_as_printed():
    """Document 000, section 4, step 6."""
    printed = np.log(0.8 / 1.7) - (0.8**2 + (0.5 + 0.3) ** 2) / (2 * 1.7**2) + 0.5
    return printed, kl((0.5, 0.8), (-0.3, 1.7))


def bottleneck():
    four = np.array([[1.2, -0.3, 0.4], [0.1, 0.8, -0.5], [2.0, 0.0, -1.0], [-0.4, 0.3, 0.9]])
    labels = np.array([-categorical_log_prob(0, logits) for logits in four])
    rate = sum(kl((mu, np.exp(log_var / 2)), (0, 1)) for mu, log_var in ((0.8, -1.2), (-0.5, 0.3)))
    return labels[0] + 0.05 * rate, labels.mean() + rate, labels.mean() + 0.05 * rate


def planar(z, u, w, b):
    """Returns f(z) and log |det df/dz| of one point, by differences."""
    z, u, w = (np.atleast_1d(value) for value in (z, u, w))

    def forward(at):
        return at + u * np.tanh(w @ at + b)

    step = 1e-6 * np.eye(len(z))
    jacobian = np.array([(forward(z + row) - forward(z - row)) / 2e-6 for row in step])
    return forward(z), np.log(abs(np.linalg.det(jacobian)))


def flow_output():
    zK = planar(0.9, 1.2, 0.9, 0.3)[0][0]
    return zK, scipy.stats.norm.logpdf(0.9), scipy.stats.norm.logpdf(zK)


def floor_of_sigma():
    """Listing 1 at z = mu = 0 with variance 1e-10, without its shift; then the slopes."""
    var = tf.constant(1e-10, tf.float64)

    def log_pdf(sigma):
        return -0.5 * np.log(2 * np.pi) - tf.math.log(sigma)

    with tf.GradientTape(persistent=True) as tape:
        tape.watch(var)
        floored = log_pdf(tf.maximum(tf.sqrt(var), tf.constant(1e-4, tf.float64)))
        true = log_pdf(tf.sqrt(var))
    slopes = [tape.gradient(value, var) for value in (floored, true)]
    return floored, true, *slopes


def reduction():
    """Listing 1 for two examples and for the same two twice, with a KL of 0.3 each."""
    loss = keras.losses.BinaryCrossentropy(from_logits=True, reduction="sum")
    right = 0.3 + bernoulli_cross_entropies(LABELS, LABEL_LOGITS).sum()
    once, twice = (
        float(np.mean(0.3 + loss(np.tile(LABELS, (n, 1)), np.tile(LABEL_LOGITS, (n, 1)))))
        for n in (2, 4)
    )
    return once, right, twice, right


def binary_for_classes():
    apart = bernoulli_cross_entropies(np.array([0.0, 0.0, 1.0]), CLASS_LOGITS)
    return apart.sum(), apart.mean(), -categorical_log_prob(2, CLASS_LOGITS)


def negative_share():
    """The share of single-sample KLs below 0, on a grid, and the mean."""
    grid = (np.arange(4000) + 0.5) / 4000
    single = [
        (lambda z, q=q: scipy.stats.norm.logpdf(z, *q) - scipy.stats.norm.logpdf(z))(
            scipy.stats.norm.ppf(grid, *q)
        )
        for q in ((0.1, 0.9**0.5), (0.2, 1.1**0.5))
    ]
    total = single[0][:, None] + single[1]
    return (total < 0).mean(), sum(kl(q, (0, 1)) for q in ((0.1, 0.9**0.5), (0.2, 1.1**0.5)))


def softmaxes():
    """Returns softmax(theta) and softmax(phi) of the gradients of document 001."""
    generator = np.random.default_rng(2)
    return [scipy.special.softmax(generator.normal(size=3)) for _ in range(2)]


def slopes_in_logits(f, probs):
    """Returns the gradient of f(softmax(logits)) in the logits, by central differences."""

    def at(logits):
        return f(scipy.special.softmax(logits))

    step = 1e-5 * np.eye(len(probs))
    return [(at(np.log(probs) + row) - at(np.log(probs) - row)) / 2e-5 for row in step]


def swapped_subscripts():
    p, q = softmaxes()
    printed = slopes_in_logits(lambda p: p @ np.log(p * LIKELIHOOD), p)
    return *printed, *slopes_in_logits(lambda p: q @ np.log(p * LIKELIHOOD), p)


def brace():
    p, q = softmaxes()
    return slopes_in_logits(lambda p: q @ np.log(p), p)


def dead_end():
    p, q = softmaxes()
    # Row z holds the gradient of log q(z) in the logits.
    scores = np.eye(3) - q
    score_function = (q * (np.log(p * LIKELIHOOD) - np.log(q))) @ scores
    return *score_function, *slopes_in_logits(lambda q: q @ np.log(p * LIKELIHOOD / q), q)


def overwritten():
    x, x_hat = np.array([0.2, 0.9, 0.4]), np.array([0.5, 0.5, 0.1])
    return [scipy.stats.norm.logpdf(x, of, 0.3).sum() for of in (x, x_hat)]


def steps():
    """A step of 0.1 in the mean along the ELBO's gradient, up and down."""
    return [elbo(M + rate * gradient()[0]) for rate in (0, 0.1, -0.1)]


def natural():
    return gradient() * np.array([S**2, S**2 / 2])


def angle(vector):
    return np.degrees(np.arctan2(vector[1], vector[0]))


def least_squares(gamma):
    x, y = np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0, 2.0])
    return x * (gamma * x - y)


def variance_reduced():
    here, snapshot = least_squares(0.8), least_squares(0.2)
    full = snapshot.mean()
    return (
        0.8 * 0.1 * here[1],
        0.8 - 0.1 * here[1],
        0.8 * 0.1 * (here[1] * snapshot[1] + full),
        0.8 - 0.1 * (here[1] - snapshot[1] + full),
    )


def gumbel():
    logits = np.log([0.6, 0.3, 0.1])
    noisy = logits + np.random.default_rng(0).gumbel(size=(1_000_000, 3))
    best = np.bincount(noisy.argmax(axis=1), minlength=3) / len(noisy)
    return *best, *scipy.special.softmax(noisy / 2, axis=1).mean(axis=0)


def renyi(p, q, alpha):
    return np.log(np.sum(p**alpha * q ** (1 - alpha))) / (alpha - 1)


def mixture():
    p2 = np.array([0.2, 0.8])
    both = renyi(np.concatenate([P1, p2]) / 2, np.concatenate([Q1, Q1]) / 2, 2)
    hellinger = 1 - np.sum(np.sqrt(P1 * Q1))
    average = (renyi(P1, Q1, 2) + renyi(p2, Q1, 2)) / 2
    return both, average, renyi(P1, Q1, 0.5), hellinger


def renyi_bound():
    def weight(z):
        return np.exp(0.5 * (log_joint(z) - scipy.stats.norm.logpdf(z, M, S)))

    at = scipy.integrate.quad(lambda z: scipy.stats.norm.pdf(z, M, S) * weight(z), -12, 12)[0]
    return np.log(at) / (0.5 - 1), np.log(at) / (1 - 0.5)


def stein():
    def operator(z):
        return np.sin(z) * slope(z) + np.cos(z)

    return mean(operator), mean(operator, POSTERIOR)


def copula():
    """At z = (0.5, -0.2), and the mass of two independent ones."""
    joint = scipy.stats.multivariate_normal(cov=[[1, 0.6], [0.6, 1]])
    z = np.array([0.5, -0.2])
    marginals = scipy.stats.norm.pdf(z).prod()
    half = scipy.integrate.quad(lambda z: scipy.stats.norm.pdf(z) * scipy.stats.norm.cdf(z), -9, 9)[
        0
    ]
    return marginals * joint.cdf(z), joint.pdf(z), half**2


def change_of_variables():
    def slope_at(z):
        return 1 + 0.8 / np.cosh(z) ** 2

    def forward(z):
        return z + 0.8 * np.tanh(z)

    def density(z):
        return scipy.stats.norm.pdf(z, 0.3, 0.6)

    total = scipy.integrate.quad(lambda z: density(z) / slope_at(forward(z)) * slope_at(z), -6, 6)[
        0
    ]
    return density(0.5) / slope_at(forward(0.5)), density(0.5) / slope_at(0.5), total


def density_ratio():
    log_p, log_q = scipy.stats.norm.logpdf(0.9), scipy.stats.norm.logpdf(0.9, M, S)
    return log_p * log_q, log_p - log_q


def importance_bound(num_samples):
    """Returns the means of log w-bar and of w-bar over all draws of the table."""
    draws = np.array(list(itertools.product(range(3), repeat=num_samples)))
    averages = (PRIOR * LIKELIHOOD / Q)[draws].mean(axis=1)
    probs = Q[draws].prod(axis=1)
    return probs @ np.log(averages), probs @ averages


def importance_biases():
    evidence = np.log(PRIOR @ LIKELIHOOD)
    return importance_bound(6)[1], *(importance_bound(n)[0] - evidence for n in (1, 2, 6))


def sum_of_divergences():
    """Two values of x, two of z: what C would have to be for each x, and the two sides."""
    p_x, q_z = np.array([0.5, 0.5]), np.array([[0.8, 0.2], [0.3, 0.7]])
    p_z, p_x_given_z = np.array([0.6, 0.4]), np.array([[0.7, 0.3], [0.1, 0.9]])
    distance = (p_x * np.log(p_x / p_x_given_z)).sum(axis=1)
    constants = [q_z[x] @ (np.log(p_x_given_z[:, x]) + distance) for x in (0, 1)]
    bounds = [q_z[x] @ np.log(p_z * p_x_given_z[:, x] / q_z[x]) for x in (0, 1)]
    q_xz = p_x[:, None] * q_z
    joint = -np.sum(q_xz * np.log(q_xz / (p_z * p_x_given_z.T))) + p_x @ np.log(p_x)
    return *constants, p_x @ bounds, joint


def clipped():
    clip = keras.losses.binary_crossentropy(np.array([1.0]), np.array([0.0]))
    return scipy.stats.bernoulli.logpmf(1, 0.0), -float(clip)


def rates_and_distortions():
    def beta_vae(rate, distance):
        return rate + 2 * np.log(2 * np.pi) + 2 + 4 * np.log((distance / 4) ** 0.5)

    pairs = (1, 4), (3, 1)
    return (
        1 / (2 * 2 * 0.7**2),
        *(rate + 0.5 * distance for rate, distance in pairs),
        *(beta_vae(*pair) for pair in pairs),
    )


# From an erratum to the numbers of its entry, in their order.
COMPUTE = {
    "E-000-02": lambda: (mean(lambda z: -(z - M) / S**2, (M, S)), gradient()[0]),
    "E-000-03": lambda: (slope(M + S * 0.7), gradient()[0]),
    "E-000-04": lambda: (
        elbo(),
        log_joint(M + S * 0.7) - scipy.stats.norm.logpdf(M + S * 0.7, M, S),
    ),
    "E-000-05": lambda: (
        bernoulli_cross_entropies(LABELS, LABEL_LOGITS).sum(),
        -bernoulli_cross_entropies(LABELS, LABEL_LOGITS).sum(),
        EVIDENCE,
        reconstruction(),
    ),
    "E-000-06": minibatch,
    "E-000-07": lambda: (
        reconstruction() - kl((M, S), POSTERIOR),
        EVIDENCE,
        reconstruction() - kl((M, S), (0, 1)),
    ),
    "E-000-08": lambda: (-kl((0.5, 0.8), (-0.3, 1.7)), kl((0.5, 0.8), (-0.3, 1.7))),
    "E-000-09": closed_form_as_printed,
    "E-000-10": bracket_at_the_datum,
    "E-000-11": lambda: (kl((M, S), (0, 1)) - reconstruction(), elbo()),
    "E-000-12": bottleneck,
    "E-000-13": lambda: (
        divide_wrong_by_variance(0.9),
        scipy.stats.norm.logpdf(0.9, 0.2, 0.5),
        mass(divide_wrong_by_variance, 20),
    ),
    "E-000-14": lambda: (
        bernoulli_cross_entropies(LABELS, LABEL_LOGITS).sum(),
        scipy.stats.bernoulli.logpmf(LABELS, scipy.special.expit(LABEL_LOGITS)).sum(),
    ),
    "E-000-15": flow_output,
    "E-000-16": lambda: [3 * scipy.stats.norm.logpdf(z, 0, 1e-4) for z in (1e-4, 0)],
    "E-000-17": floor_of_sigma,
    "E-000-18": reduction,
    "E-000-19": lambda: (-1.3 - 0.2, categorical_log_prob(2, CLASS_LOGITS)),
    "E-000-20": lambda: [
        planar((0.4, -0.9), u, (0.8, -0.5), 0.3)[1] for u in ((1.2, 0.7), (0.6, 0.35))
    ],
    "E-000-23": binary_for_classes,
    "E-000-24": negative_share,
    "E-001-01": swapped_subscripts,
    "E-001-02": brace,
    "E-001-03": dead_end,
    "E-001-04": lambda: (
        mean(lambda eps: (M + S * eps) ** 2, (2, 0.5)),
        mean(lambda eps: (M + S * eps) ** 2),
    ),
    "E-001-06": overwritten,
    "E-002-01": lambda: (EVIDENCE, elbo()),
    "E-002-02": lambda: (elbo() + kl((M, S), (0, 1)), elbo() + kl((M, S), POSTERIOR)),
    "E-002-03": lambda: (*gradient(), *natural(), angle(gradient()), angle(natural())),
    "E-002-05": steps,
    "E-002-06": variance_reduced,
    "E-002-07": lambda: (
        2 * least_squares(0.2).mean(),
        np.mean(-least_squares(0.2) + least_squares(0.2).mean()),
    ),
    "E-002-08": lambda: (-POSTERIOR_VAR, POSTERIOR_VAR),
    "E-002-09": lambda: [
        mean(lambda z: (4 * z**3) ** 2, (0, s)) - mean(lambda z: 4 * z**3, (0, s)) ** 2
        for s in (1, 10)
    ],
    "E-002-10": gumbel,
    "E-002-11": mixture,
    "E-002-12": lambda: (P1 @ np.log(P1 / Q1), Q1 @ np.log(Q1 / P1)),
    "E-002-13": renyi_bound,
    "E-002-14": lambda: (Q1 @ (P1 / Q1) ** 2, Q1 @ ((P1 / Q1) ** 2 - 1)),
    "E-002-15": stein,
    "E-002-16": copula,
    "E-002-17": change_of_variables,
    "E-002-19": density_ratio,
    "E-002-20": importance_biases,
    "E-002-21": sum_of_divergences,
    "E-003-01": lambda: (
        np.exp(0.5) / np.sqrt(2 * np.pi),
        scipy.stats.norm.pdf(1),
        mass(lambda z: z**2 / 2 - np.log(2 * np.pi) / 2, 5),
    ),
    "E-003-02": lambda: (
        np.exp(-((1.4 - 0.5) ** 2) / (2 * 1.4**2)) / np.sqrt(2 * np.pi * 0.64),
        scipy.stats.norm.pdf(1.4, 0.5, 0.8),
    ),
    "E-003-04": lambda: (kl((0.5, 0.8**0.5), (0, 1)), kl((0.5, 0.8), (0, 1))),
    "E-003-08": lambda: (
        mean(lambda z: z * (X - LOADING * z - OFFSET) / NOISE**2, (M, S)),
        mean(lambda z: LOADING * (X - LOADING * z - OFFSET) / NOISE**2, (M, S)),
    ),
    "E-003-09": lambda: [np.log(PRIOR @ LIKELIHOOD) - importance_bound(n)[0] for n in (1, 6)],
    "E-003-10": clipped,
    "E-004-01": lambda: [scipy.stats.norm.logpdf(1, 0, sigma) for sigma in (0.5, 0.5**0.5)],
    "E-004-03": lambda: (
        3.2 / (2 * 0.7**2) + 4 * np.log(0.7),
        -scipy.stats.norm.logpdf([0.8**0.5] * 4, 0, 0.7).sum(),
    ),
    "E-004-05": lambda: (scipy.stats.norm.pdf(0), kl((0, 1), (0, 1))),
    "E-004-06": lambda: [scipy.stats.norm(0, 0.1).entropy()],
    "E-004-07": rates_and_distortions,
}


# Why the others have no number that could be computed.
NOTATION = "only letters, indices or words: no number changes"
CONVERSION = "a damage that everybody sees, and nobody computes with"
NO_NUMBER = {
    "E-000-01": CONVERSION,
    "E-000-21": "the name of a value that is right as a loss",
    "E-000-22": "an attribute of Keras: tested below",
    "E-000-25": CONVERSION,
    "E-001-05": NOTATION,
    "E-001-07": NOTATION,
    "E-001-08": "what a word means",
    "E-001-09": NOTATION,
    "E-002-04": NOTATION,
    "E-002-18": NOTATION,
    "E-002-22": NOTATION,
    "E-002-23": NOTATION,
    "E-002-24": CONVERSION,
    "E-003-03": NOTATION,
    "E-003-05": CONVERSION,
    "E-003-06": NOTATION,
    "E-003-07": NOTATION,
    "E-003-11": CONVERSION,
    "E-004-02": NOTATION,
    "E-004-04": NOTATION,
    "E-004-08": CONVERSION,
    "E-004-09": CONVERSION,
}


def test_every_erratum_has_its_numbers_computed_or_a_reason_why_it_has_none():
    assert not COMPUTE.keys() & NO_NUMBER.keys()
    assert sorted(COMPUTE.keys() | NO_NUMBER.keys()) == list(ERRATA)


@pytest.mark.parametrize("number", COMPUTE)
def test_the_numbers_of_an_erratum_are_what_comes_out(number):
    """To half a unit of the last digit that is written."""
    written = NUMBER.findall(ERRATA[number].staff)
    with np.errstate(divide="ignore"):
        computed = [float(value) for value in COMPUTE[number]()]
    assert written
    assert len(written) == len(computed)
    for text, value in zip(written, computed, strict=True):
        decimals = len(text.partition(".")[2])
        # Quadrature and differences leave some 1e-9.
        assert float(text) == pytest.approx(value, rel=0, abs=0.5 * 10**-decimals + 2e-8), text


@pytest.mark.parametrize("number", ERRATA)
def test_no_number_of_an_erratum_escapes(number):
    """What has five decimals stands between backticks, and nothing else does."""
    staff = ERRATA[number].staff
    rest = NUMBER.sub("", staff)
    assert "`" not in rest
    assert not re.search(r"\d\.\d{5}", rest)
    assert bool(NUMBER.search(staff)) == (number in COMPUTE)


def test_keras_has_no_reduction():
    """E-000-22."""
    assert not hasattr(keras.losses, "Reduction")
    keras.losses.BinaryCrossentropy(from_logits=True, reduction="none")
