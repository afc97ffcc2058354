"""References against oracles of their own kind: mpmath with 40 digits, SciPy, quadrature."""

import mpmath
import numpy as np
import pytest
import scipy.stats
from vikit import judge

from autograder.reference import callables, densities

mpmath.mp.dps = 40
DRAWS = 200
# A tenth of the grader's tolerance.
ATOL, RTOL = judge.ATOL / 10, judge.RTOL / 10


def mp(array):
    return [mpmath.mpf(float(number)) for number in np.ravel(array)]


def assert_close(got, want):
    got, want = np.asarray(got, float), np.array([float(number) for number in want]).reshape(np.shape(got))
    assert np.all(np.abs(got - want) <= ATOL + RTOL * np.abs(want))


@pytest.fixture(params=range(DRAWS))
def generator(request):
    return np.random.default_rng(request.param)


def spread(generator, limit, size):
    """Numbers over the whole of [-limit, limit], many of them near 0."""
    return generator.uniform(-1, 1, size) * limit ** generator.uniform(-2, 1, size)


def test_kl_to_standard_normal_against_mpmath(generator):
    mu, log_var = spread(generator, 40, (1, 5)), spread(generator, 30, (1, 5))
    want = sum((m**2 + mpmath.exp(v) - v - 1) / 2 for m, v in zip(mp(mu), mp(log_var), strict=True))
    assert_close(densities.kl_to_standard_normal(mu, log_var), [want])


def test_bernoulli_log_prob_logits_against_mpmath(generator):
    x, logits = generator.integers(0, 2, (1, 6)).astype(float), spread(generator, 1000, (1, 6))
    want = sum(b * a - mpmath.log1p(mpmath.exp(a)) for b, a in zip(mp(x), mp(logits), strict=True))
    assert_close(densities.bernoulli_log_prob_logits(x, logits), [want])


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
    np.testing.assert_allclose(densities.elbo_identity_terms(*logs), (-0.955527, 0.242177, -0.713350), atol=5e-7)


def test_the_log_joint_against_scipy():
    z = np.linspace(-3, 3, 11)
    want = scipy.stats.norm.logpdf(z) + scipy.stats.norm.logpdf(1.0, 1.5 * z + 0.2, 0.8)
    np.testing.assert_allclose(callables.linear_gaussian(1.5, 0.2, 0.8, 1.0)(z), want, rtol=1e-12)
