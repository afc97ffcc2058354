"""References of a05 against oracles: mpmath, SciPy, enumeration, and the table on which every
quantity is known.
"""

from itertools import product

import mpmath
import numpy as np
import scipy.special
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from autograder.reference import vib

mpmath.mp.dps = 40
P_XY = np.array([[0.25, 0.05], [0.1, 0.2], [0.05, 0.35]])
ENCODER = np.array([[0.8, 0.2], [0.5, 0.5], [0.1, 0.9]])
DECODER, HALVES = np.array([[0.7, 0.3], [0.2, 0.8]]), np.array([0.5, 0.5])


# A test runs once for each of the 200 generators of random numbers that `conftest` asks for.
each_draw = given(generator=st.integers(0, 2**32 - 1).map(np.random.default_rng))


def exact_log_softmax(logits):
    numbers = [mpmath.mpf(float(number)) for number in logits]
    total = mpmath.log(mpmath.fsum(mpmath.exp(number) for number in numbers))
    return [number - total for number in numbers]


def exact_kl(mu, log_var):
    return sum(
        (mpmath.mpf(m) ** 2 + mpmath.exp(v) - v - 1) / 2 for m, v in zip(mu, log_var, strict=True)
    )


def batch(generator, L=3, B=4, C=5, K=2):
    """Labels, logits over the whole domain, means and log variances."""
    y_onehot = np.eye(C)[generator.integers(0, C, B)]
    logits = generator.uniform(-1, 1, (L, B, C)) * 1000 ** generator.uniform(0, 1, (L, B, C))
    return y_onehot, logits, generator.uniform(-40, 40, (B, K)), generator.uniform(-30, 30, (B, K))


@each_draw
def test_categorical_log_prob_against_mpmath(generator):
    y_onehot, logits, *_ = batch(generator)
    want = [
        float(exact_log_softmax(row)[label.argmax()])
        for row, label in zip(logits[0], y_onehot, strict=True)
    ]
    np.testing.assert_allclose(
        vib.categorical_log_prob(y_onehot, logits[0]), want, rtol=1e-9, atol=1e-11
    )


@each_draw
def test_vib_loss_against_mpmath(generator):
    y_onehot, logits, mu, log_var = batch(generator)
    beta, (L, B, _) = float(10 ** generator.uniform(-4, 1)), logits.shape
    ce = -mpmath.fsum(
        exact_log_softmax(logits[sample, row])[y_onehot[row].argmax()]
        for sample in range(L)
        for row in range(B)
    )
    kl = mpmath.fsum(exact_kl(*rows) for rows in zip(mu.tolist(), log_var.tolist(), strict=True))
    want = float(ce / (L * B) + mpmath.mpf(beta) * kl / B)
    np.testing.assert_allclose(vib.vib_loss(y_onehot, logits, mu, log_var, beta), want, rtol=1e-9)
    np.testing.assert_allclose(vib.vib_rate(mu, log_var), float(kl / B), rtol=1e-9)


@each_draw
def test_the_rate_is_that_of_samples(generator):
    """Quadrature in each dimension: E_q [log q - log r]."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(30)
    mu, log_var = generator.normal(0, 2, (3, 2)), generator.uniform(-3, 2, (3, 2))
    sigma = np.exp(log_var / 2)
    z = mu[..., None] + sigma[..., None] * nodes
    ratio = scipy.stats.norm.logpdf(z, mu[..., None], sigma[..., None]) - scipy.stats.norm.logpdf(z)
    want = (ratio @ weights / weights.sum()).sum(axis=1).mean()
    np.testing.assert_allclose(vib.vib_rate(mu, log_var), want, rtol=1e-9)


@each_draw
def test_vib_predict_probs_against_scipy(generator):
    _, logits, *_ = batch(generator)
    probs = np.asarray(vib.vib_predict_probs(logits))
    np.testing.assert_allclose(
        probs, scipy.special.softmax(logits, axis=-1).mean(0), rtol=1e-9, atol=1e-15
    )
    np.testing.assert_allclose(probs.sum(axis=1), 1, rtol=1e-12)


@each_draw
def test_vib_relevance_bound_against_scipy(generator):
    p_y = generator.dirichlet(np.full(6, 0.5)) * (generator.random(6) < 0.7) + 1e-12 * np.eye(6)[0]
    p_y, cross_entropy = p_y / p_y.sum(), float(generator.uniform(0, 4))
    want = scipy.stats.entropy(p_y) - cross_entropy
    np.testing.assert_allclose(
        vib.vib_relevance_bound(p_y, cross_entropy), want, rtol=1e-9, atol=1e-12
    )


def tables(generator, X=3, Y=4, Z=5):
    q_z_given_x = (
        generator.dirichlet(np.ones(Z), X) * (generator.random((X, Z)) < 0.8) + 0.01 * np.eye(Z)[:X]
    )
    return (
        generator.dirichlet(np.full(X * Y, 0.7)).reshape(X, Y),
        q_z_given_x / q_z_given_x.sum(axis=1, keepdims=True),
        generator.dirichlet(np.ones(Y), Z),
        generator.dirichlet(np.ones(Z)),
    )


@each_draw
def test_vib_exact_discrete_against_enumeration(generator):
    p_xy, q_z_given_x, q_y_given_z, r_z = tables(generator)
    beta, want = float(10 ** generator.uniform(-2, 1)), 0.0
    for x, y, z in product(*(range(size) for size in (*p_xy.shape, len(r_z)))):
        chance = p_xy[x, y] * q_z_given_x[x, z]
        if chance > 0:
            want += chance * (beta * np.log(q_z_given_x[x, z] / r_z[z]) - np.log(q_y_given_z[z, y]))
    got = vib.vib_exact_discrete(p_xy, q_z_given_x, q_y_given_z, r_z, beta)
    np.testing.assert_allclose(got, want, rtol=1e-10)


# What the bounds bound, on tables.


def entropy(table):
    return float(scipy.stats.entropy(np.ravel(table)))


def information(joint):
    return entropy(joint.sum(axis=0)) + entropy(joint.sum(axis=1)) - entropy(joint)


def information_of(p_xy, q_z_given_x):
    """Returns I(X;Y), I(X;Z), I(Y;Z), H(Y|Z), the best decoder and the marginal of z, from
    entropies of joint tables.
    """
    p_xz = p_xy.sum(axis=1, keepdims=True) * q_z_given_x
    p_zy = q_z_given_x.T @ p_xy
    open_questions = entropy(p_zy) - entropy(p_zy.sum(axis=1))
    with np.errstate(invalid="ignore"):
        best = p_zy / p_zy.sum(axis=1, keepdims=True)
    return (
        information(p_xy),
        information(p_xz),
        information(p_zy),
        open_questions,
        best,
        p_zy.sum(axis=1),
    )


def test_the_table_has_the_values_of_the_lecture_notes():
    x_y, x_z, y_z, open_questions, best, p_z = information_of(P_XY, ENCODER)
    np.testing.assert_allclose(
        (x_y, x_z, y_z, open_questions), (0.196181, 0.195217, 0.059195, 0.613816), atol=5e-7
    )
    np.testing.assert_allclose(
        vib.vib_exact_discrete(P_XY, ENCODER, DECODER, HALVES, 0.1), 0.650357, atol=5e-7
    )
    np.testing.assert_allclose(
        vib.vib_exact_discrete(P_XY, ENCODER, best, p_z, 0.1), 0.633338, atol=5e-7
    )
    cross_entropy = float(vib.vib_exact_discrete(P_XY, ENCODER, DECODER, HALVES, 0.0))
    bound = float(vib.vib_relevance_bound(P_XY.sum(axis=0), cross_entropy))
    np.testing.assert_allclose((cross_entropy, bound), (0.629852, 0.043160), atol=5e-7)
    assert bound <= y_z
    tight = float(vib.vib_relevance_bound(P_XY.sum(axis=0), open_questions))
    np.testing.assert_allclose(tight, y_z, rtol=1e-9)


@each_draw
def test_the_loss_bounds_the_two_informations_and_is_tight_at_the_best_decoder_and_marginal(
    generator,
):
    p_xy, q_z_given_x, q_y_given_z, r_z = tables(generator)
    _, x_z, y_z, open_questions, best, p_z = information_of(p_xy, q_z_given_x)
    used = p_z > 0
    beta = float(generator.uniform(0.01, 3))
    got = float(vib.vib_exact_discrete(p_xy, q_z_given_x, q_y_given_z, r_z, beta))
    assert got >= open_questions + beta * x_z - 1e-12
    cross_entropy = float(vib.vib_exact_discrete(p_xy, q_z_given_x, q_y_given_z, r_z, 0.0))
    assert float(vib.vib_relevance_bound(p_xy.sum(axis=0), cross_entropy)) <= y_z + 1e-12
    assert y_z <= x_z + 1e-12
    tight = vib.vib_exact_discrete(p_xy, q_z_given_x[:, used], best[used], p_z[used], beta)
    np.testing.assert_allclose(float(tight), open_questions + beta * x_z, rtol=1e-9)


def test_the_softmax_and_the_printed_cross_entropy_have_the_numbers_of_the_errata():
    """E-000-23."""
    label, logits = np.array([[0.0, 0.0, 1.0]]), np.array([[1.0, -0.5, 0.3]])
    np.testing.assert_allclose(vib.categorical_log_prob(label, logits), [-1.242159], atol=5e-7)
