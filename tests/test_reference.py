"""References against oracles of their own kind: mpmath with 40 digits, SciPy, quadrature."""

import mpmath
import numpy as np
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from vikit import judging

from autograder.reference import callables, densities

mpmath.mp.dps = 40
# A tenth of the grader's tolerance.
ATOL, RTOL = judging.ATOL / 10, judging.RTOL / 10


def mp(array):
    return [mpmath.mpf(float(number)) for number in np.ravel(array)]


def assert_close(got, want):
    got, want = (
        np.asarray(got, float),
        np.array([float(number) for number in want]).reshape(np.shape(got)),
    )
    assert np.all(np.abs(got - want) <= ATOL + RTOL * np.abs(want))


# A test runs once for each of the 200 generators of random numbers that `conftest` asks for.
each_draw = given(generator=st.integers(0, 2**32 - 1).map(np.random.default_rng))


def spread(generator, limit, size):
    """Numbers over the whole of [-limit, limit], many of them near 0."""
    return generator.uniform(-1, 1, size) * limit ** generator.uniform(-2, 1, size)


@each_draw
def test_posterior_from_joint_against_mpmath(generator):
    table = 10.0 ** spread(generator, 12, (3, 4))
    table /= table.sum()
    want = [entry / sum(mp(row)) for row in table for entry in mp(row)]
    assert_close(densities.posterior_from_joint(table), want)


@each_draw
def test_standard_normal_log_prob_against_scipy(generator):
    z = spread(generator, 40, (3, 5))
    assert_close(densities.standard_normal_log_prob(z), scipy.stats.norm.logpdf(z).sum(1))


@each_draw
def test_gaussian_log_prob_fixed_against_scipy(generator):
    x, mu, sigma = (
        spread(generator, 40, (3, 5)),
        spread(generator, 40, (3, 5)),
        float(10 ** generator.uniform(-3, 2)),
    )
    assert_close(
        densities.gaussian_log_prob_fixed(x, mu, sigma),
        scipy.stats.norm.logpdf(x, mu, sigma).sum(1),
    )


@each_draw
def test_gaussian_log_prob_learned_against_scipy(generator):
    x, mu, log_var = (spread(generator, limit, (3, 5)) for limit in (40, 40, 30))
    assert_close(
        densities.gaussian_log_prob_learned(x, mu, log_var),
        scipy.stats.norm.logpdf(x, mu, np.exp(log_var / 2)).sum(1),
    )


@each_draw
def test_gaussian_entropy_against_scipy(generator):
    log_var = spread(generator, 30, (3, 5))
    assert_close(
        densities.gaussian_entropy(log_var), scipy.stats.norm.entropy(0, np.exp(log_var / 2)).sum(1)
    )


@each_draw
def test_bernoulli_log_prob_probs_against_mpmath(generator):
    x, probs = generator.integers(0, 2, (1, 6)).astype(float), generator.beta(0.3, 0.3, (1, 6))
    probs = np.where(generator.random((1, 6)) < 0.3, x, np.clip(probs, 1e-6, 1 - 1e-6))
    agree = [p if pixel else 1 - p for pixel, p in zip(x.ravel(), mp(probs), strict=True)]
    assert_close(densities.bernoulli_log_prob_probs(x, probs), [sum(mpmath.log(p) for p in agree)])


@each_draw
def test_kl_diag_gaussians_against_mpmath(generator):
    mu_q, log_var_q, mu_p, log_var_p = (
        spread(generator, limit, (1, 5)) for limit in (40, 30, 40, 30)
    )
    if generator.random() < 0.3:
        mu_p, log_var_p = mu_q + 1e-3 * mu_p, log_var_q + 1e-3 * log_var_p
    want = sum(
        (w - v + (mpmath.exp(v) + (m - n) ** 2) * mpmath.exp(-w) - 1) / 2
        for m, v, n, w in zip(mp(mu_q), mp(log_var_q), mp(mu_p), mp(log_var_p), strict=True)
    )
    assert_close(densities.kl_diag_gaussians(mu_q, log_var_q, mu_p, log_var_p), [want])


@each_draw
def test_kl_to_standard_normal_against_mpmath(generator):
    mu, log_var = spread(generator, 40, (1, 5)), spread(generator, 30, (1, 5))
    want = sum((m**2 + mpmath.exp(v) - v - 1) / 2 for m, v in zip(mp(mu), mp(log_var), strict=True))
    assert_close(densities.kl_to_standard_normal(mu, log_var), [want])


@each_draw
def test_bernoulli_log_prob_logits_against_mpmath(generator):
    x, logits = generator.integers(0, 2, (1, 6)).astype(float), spread(generator, 1000, (1, 6))
    want = sum(b * a - mpmath.log1p(mpmath.exp(a)) for b, a in zip(mp(x), mp(logits), strict=True))
    assert_close(densities.bernoulli_log_prob_logits(x, logits), [want])


@each_draw
def test_cross_entropy_terms_against_mpmath(generator):
    pop, model = generator.dirichlet(np.full(6, 0.3), 2)
    pop[generator.integers(6)] = 0
    pop, log_model = pop / pop.sum(), np.maximum(np.log(np.maximum(model, 1e-30)), -30)
    pairs = [(p, m) for p, m in zip(mp(pop), mp(log_model), strict=True) if p > 0]
    cross_entropy = -sum(p * m for p, m in pairs)
    entropy = -sum(p * mpmath.log(p) for p, _ in pairs)
    got = densities.cross_entropy_terms(pop, log_model)
    kl = sum(p * (mpmath.log(p) - m) for p, m in pairs)
    for value, want in zip(got, (cross_entropy, entropy, kl), strict=True):
        assert_close(value, [want])


@each_draw
def test_elbo_identity_terms_against_mpmath(generator):
    prior, q = generator.dirichlet(np.full(6, 0.3), 2)
    log_pz, log_q = (np.maximum(np.log(np.maximum(table, 1e-30)), -30) for table in (prior, q))
    log_lik = -30 * generator.random(6)
    joint = [p + lik for p, lik in zip(mp(log_pz), mp(log_lik), strict=True)]
    log_px = mpmath.log(sum(mpmath.exp(value) for value in joint))
    weights = [mpmath.exp(value) for value in mp(log_q)]
    elbo = sum(w * (j - lq) for w, j, lq in zip(weights, joint, mp(log_q), strict=True))
    kl = sum(w * (lq - j + log_px) for w, j, lq in zip(weights, joint, mp(log_q), strict=True))
    got = densities.elbo_identity_terms(log_pz, log_lik, log_q)
    for value, want in zip(got, (elbo, kl, log_px), strict=True):
        assert_close(value, [want])


def test_the_small_discrete_model_of_the_lecture_notes():
    logs = [np.log(table) for table in ([0.5, 0.3, 0.2], [0.7, 0.2, 0.4], [0.4, 0.35, 0.25])]
    np.testing.assert_allclose(
        densities.elbo_identity_terms(*logs), (-0.955527, 0.242177, -0.713350), atol=5e-7
    )


def test_the_numbers_of_the_errata():
    """E-000-09, E-000-13, E-003-01 and S0-17, as the inventory of the lecture has them."""
    one = np.ones((1, 1))
    kl = densities.kl_diag_gaussians(0.5 * one, np.log(0.64) * one, -0.3 * one, np.log(2.89) * one)
    np.testing.assert_allclose(kl, [0.475225], atol=5e-7)
    log_q = densities.gaussian_log_prob_learned(0.9 * one, 0.2 * one, np.log(0.25) * one)
    np.testing.assert_allclose(log_q, [-1.205791], atol=5e-7)
    np.testing.assert_allclose(
        np.exp(densities.standard_normal_log_prob(one)), [0.241971], atol=5e-7
    )
    np.testing.assert_allclose(
        densities.kl_to_standard_normal(0.5 * one, np.log(0.64) * one), [0.168144], atol=5e-7
    )


def test_the_log_joint_against_scipy():
    z = np.linspace(-3, 3, 11)
    want = scipy.stats.norm.logpdf(z) + scipy.stats.norm.logpdf(1.0, 1.5 * z + 0.2, 0.8)
    np.testing.assert_allclose(callables.linear_gaussian(1.5, 0.2, 0.8, 1.0)(z), want, rtol=1e-12)
