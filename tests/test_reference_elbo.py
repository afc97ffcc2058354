"""References of a02 against oracles: mpmath, SciPy, finite differences, and the models in which log
p(x) is known.
"""

import mpmath
import numpy as np
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from autograder.reference import callables, densities, elbo, linear_gaussian

mpmath.mp.dps = 40
TOY = (np.ones(1), np.full((1, 1), 1.5), np.full(1, 0.2), 0.8)


# A test runs once for each of the 200 generators of random numbers that `conftest` asks for.
each_draw = given(generator=st.integers(0, 2**32 - 1).map(np.random.default_rng))


def model(generator):
    D, K = generator.integers(1, 8, 2)
    W, b, sigma = (
        generator.normal(0, 1, (D, K)),
        generator.normal(0, 2, D),
        float(generator.uniform(0.3, 3)),
    )
    return generator.normal(0, 3, D), W, b, sigma


@each_draw
def test_linear_gaussian_log_px_against_scipy(generator):
    x, W, b, sigma = model(generator)
    want = scipy.stats.multivariate_normal(b, W @ W.T + sigma**2 * np.eye(len(x))).logpdf(x)
    np.testing.assert_allclose(
        linear_gaussian.linear_gaussian_log_px(x, W, b, sigma), want, rtol=1e-9
    )


@each_draw
def test_linear_gaussian_posterior_against_mpmath(generator):
    x, W, b, sigma = model(generator)
    exact = mpmath.matrix(W.tolist())
    cov = mpmath.inverse(mpmath.eye(W.shape[1]) + exact.T * exact / mpmath.mpf(sigma) ** 2)
    mean = cov * exact.T * mpmath.matrix((x - b).tolist()) / mpmath.mpf(sigma) ** 2
    got = linear_gaussian.linear_gaussian_posterior(x, W, b, sigma)
    for value, want in zip(got, (mean, cov), strict=True):
        np.testing.assert_allclose(
            np.ravel(value), [float(number) for number in want], rtol=1e-9, atol=1e-11
        )


@each_draw
def test_reparameterize_and_the_estimates_against_mpmath(generator):
    mu, log_var, eps = (
        generator.uniform(-40, 40, 5),
        generator.uniform(-30, 30, 5),
        generator.normal(0, 1, 5),
    )
    want = [
        float(m + mpmath.exp(mpmath.mpf(v) / 2) * e)
        for m, v, e in zip(mu, log_var, eps, strict=True)
    ]
    np.testing.assert_allclose(
        elbo.reparameterize(mu[None], log_var[None], eps[None])[0], want, rtol=1e-12
    )
    log_w = generator.normal(-20, 9, (4, 3))
    want = [float(mpmath.fsum(column) / 4) for column in log_w.T.tolist()]
    np.testing.assert_allclose(elbo.elbo_multi_sample(log_w), want, rtol=1e-12)
    want = float(mpmath.fsum(log_w[:, 0].tolist()) * 1000 / 4)
    np.testing.assert_allclose(elbo.minibatch_log_lik(log_w[:, 0], 1000), want, rtol=1e-12)
    want = [
        float(mpmath.mpf(a) + mpmath.mpf(b) - mpmath.mpf(c)) for a, b, c in log_w[:3].T.tolist()
    ]
    np.testing.assert_allclose(elbo.elbo_single_sample(*log_w[:3]), want, rtol=1e-12)


@each_draw
def test_elbo_analytic_kl_against_mpmath(generator):
    x, logits = generator.integers(0, 2, 6), generator.uniform(-1000, 1000, 6)
    mu, log_var = generator.uniform(-40, 40, 3), generator.uniform(-30, 30, 3)
    log_lik = sum(
        b * mpmath.mpf(a) - mpmath.log1p(mpmath.exp(a))
        for b, a in zip(x.tolist(), logits, strict=True)
    )
    kl = sum(
        (mpmath.mpf(m) ** 2 + mpmath.exp(v) - v - 1) / 2 for m, v in zip(mu, log_var, strict=True)
    )
    got = elbo.elbo_analytic_kl(x[None].astype(float), logits[None], mu[None], log_var[None])
    np.testing.assert_allclose(got, [float(log_lik - kl)], rtol=1e-10)


@each_draw
def test_grad_theta_enumerated_against_differences(generator):
    theta, phi, log_lik = generator.normal(0, 2, (3, 5))

    def bound(theta):
        q = softmax(phi)
        return np.sum(q * (np.log(softmax(theta)) + log_lik - np.log(q)))

    want = [(bound(theta + step) - bound(theta - step)) / 2e-5 for step in 1e-5 * np.eye(5)]
    got = np.asarray(elbo.grad_theta_enumerated(theta, phi, log_lik))
    np.testing.assert_allclose(got, want, atol=1e-8)
    assert abs(got.sum()) < 1e-12


@each_draw
def test_pathwise_gradient_against_differences(generator):
    A, c = generator.normal(0, 1, (3, 3)), generator.normal(0, 1, 3)
    A = A + A.T
    mu, log_var, eps = (
        generator.normal(0, 1, 3),
        generator.uniform(-2, 2, 3),
        generator.normal(0, 1, (5, 3)),
    )

    def average(mu, log_var):
        z = mu + np.exp(log_var / 2) * eps
        return np.mean(0.5 * np.sum(z @ A * z, axis=1) + z @ c)

    steps = 1e-5 * np.eye(3)
    d_mu = [(average(mu + step, log_var) - average(mu - step, log_var)) / 2e-5 for step in steps]
    d_log_var = [
        (average(mu, log_var + step) - average(mu, log_var - step)) / 2e-5 for step in steps
    ]
    got = elbo.pathwise_gradient(mu, log_var, eps, callables.affine(A, c))
    np.testing.assert_allclose(got, (d_mu, d_log_var), atol=1e-6)


# The exact models: the ELBO lies below log p(x), is tight at the posterior,
# and the naive gradient is 0.


def exact_elbo(mean, sigma):
    """The ELBO of the toy model, by Gauss-Hermite quadrature: exact for the quadratic log joint."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    log_joint = callables.linear_gaussian(1.5, 0.2, 0.8, 1.0)(mean + sigma * nodes)
    return weights @ log_joint / weights.sum() + scipy.stats.norm(0, sigma).entropy()


def test_the_toy_model_has_the_values_of_the_lecture_notes():
    mean, cov = (
        float(np.ravel(part)[0]) for part in linear_gaussian.linear_gaussian_posterior(*TOY)
    )
    np.testing.assert_allclose((mean, cov**0.5), (0.415225, 0.470588), atol=5e-7)
    np.testing.assert_allclose(linear_gaussian.linear_gaussian_log_px(*TOY), -1.560293, atol=5e-7)
    np.testing.assert_allclose(exact_elbo(0.3, 0.6), -1.660136, atol=5e-7)
    found = linear_gaussian.fit_q(callables.linear_gaussian(1.5, 0.2, 0.8, 1.0), 2000, 0)
    np.testing.assert_allclose(found, (mean, cov**0.5), rtol=1e-10)


@each_draw
def test_the_elbo_is_below_the_evidence_and_tight_at_the_posterior(generator):
    evidence = float(linear_gaussian.linear_gaussian_log_px(*TOY))
    mean, sigma = linear_gaussian.fit_q(callables.linear_gaussian(1.5, 0.2, 0.8, 1.0), 0, 0)
    np.testing.assert_allclose(exact_elbo(mean, sigma), evidence, rtol=1e-10)
    other = mean + generator.normal(0, 1), sigma * np.exp(generator.normal(0, 1))
    assert exact_elbo(*other) < evidence


def test_the_naive_gradient_is_zero_and_the_pathwise_one_is_true():
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    weights, z = weights / weights.sum(), 0.3 + 0.6 * nodes
    naive = weights @ ((z - 0.3) / 0.6**2)
    slopes = 20 * weights[:, None] * (-(1 + 1.5**2 / 0.8**2) * z + 1.5 * 0.8 / 0.8**2)[:, None]
    pathwise = elbo.gradient_at(z[:, None], np.log([0.36]), nodes[:, None], lambda _: slopes)
    np.testing.assert_allclose(naive, 0, atol=1e-12)
    np.testing.assert_allclose(pathwise[0], [0.520313], atol=5e-7)
    # The entropy adds 1/2 to the gradient in log_var; in sigma the lecture notes have -1.042708.
    np.testing.assert_allclose((pathwise[1] + 0.5) * 2 / 0.6, [-1.042708], atol=5e-7)


def test_the_estimate_from_one_sample_averages_to_the_elbo():
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)
    z = 0.3 + 0.6 * nodes
    log_lik, log_pz, log_q = (
        scipy.stats.norm.logpdf(*of) for of in ((1.0, 1.5 * z + 0.2, 0.8), (z,), (z, 0.3, 0.6))
    )
    single = np.asarray(elbo.elbo_single_sample(log_lik, log_pz, log_q))
    np.testing.assert_allclose(weights @ single / weights.sum(), -1.660136, atol=5e-7)


def test_the_literal_subscripts_of_the_lecture_give_another_gradient():
    """E-001-01, as the list of errata has it."""
    theta, phi = (lambda generator: (generator.normal(size=3), generator.normal(size=3)))(
        np.random.default_rng(2)
    )
    got = elbo.grad_theta_enumerated(theta, phi, np.log([0.7, 0.2, 0.4]))
    np.testing.assert_allclose(got, (-0.481194, 0.411325, 0.069869), atol=5e-7)


def test_a_model_without_loadings_is_its_noise():
    x, b = np.array([0.3, -1.0, 2.0]), np.array([0.1, 0.2, 0.3])
    got = linear_gaussian.linear_gaussian_log_px(x, np.zeros((3, 2)), b, 0.7)
    np.testing.assert_allclose(
        got, np.ravel(densities.gaussian_log_prob_fixed(x[None], b[None], 0.7))[0], rtol=1e-12
    )
