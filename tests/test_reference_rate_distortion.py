"""References of a04 against oracles: search, enumeration, mpmath, SciPy, and known tables."""

import mpmath
import numpy as np
import pytest
import scipy.optimize
import scipy.spatial
import scipy.special
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from autograder.reference import densities, rate_distortion

mpmath.mp.dps = 40
each_draw = given(generator=st.integers(0, 2**32 - 1).map(np.random.default_rng))

# The table of the questions by hand.
P_X = np.array([0.5, 0.3, 0.2])
ENCODER = np.array([[0.8, 0.2], [0.5, 0.5], [0.1, 0.9]])
HALVES = np.array([0.5, 0.5])
DECODER = np.array([[0.6, 0.3, 0.1], [0.2, 0.3, 0.5]])
H_X = 1.029653


def tables(generator, X=4, Z=3):
    """Probabilities of x, an encoder with a zero in its first row, a prior and a decoder."""
    encoder = generator.dirichlet(np.ones(Z), X)
    encoder[0, 0] = 0.0
    return (
        generator.dirichlet(np.ones(X)),
        encoder / encoder.sum(axis=1, keepdims=True),
        generator.dirichlet(np.ones(Z)) * 0.9 + 0.1 / Z,
        generator.dirichlet(np.ones(X), Z) * 0.9 + 0.1 / X,
    )


def numbers(values):
    return [np.asarray(value, np.float64) for value in values]


@each_draw
def test_optimal_sigma_is_where_a_search_ends(generator):
    x, x_mu = generator.normal(0, 1, (4, 5)), generator.normal(0, 2, (3, 4, 5))

    def distortion(log_sigma):
        sigma = float(np.exp(log_sigma))
        return -np.mean([densities.gaussian_log_prob_fixed(x, one, sigma) for one in x_mu])

    found = scipy.optimize.minimize_scalar(distortion, bounds=(-3, 3), method="bounded")
    sigma, least = numbers(rate_distortion.optimal_sigma(x, x_mu))
    np.testing.assert_allclose(sigma, np.exp(found.x), rtol=1e-4)
    np.testing.assert_allclose(least, found.fun, rtol=1e-9)


@each_draw
def test_at_the_optimal_sigma_the_squares_come_to_half_a_dimension(generator):
    x, x_mu = generator.normal(0, 1, (4, 5)), generator.normal(0, 2, (3, 4, 5))
    sigma, least = numbers(rate_distortion.optimal_sigma(x, x_mu))
    np.testing.assert_allclose(least, 2.5 * (1 + np.log(2 * np.pi)) + 5 * np.log(sigma))


def test_the_constant_that_the_slide_drops():
    """E-004-03: d = 4, sigma = 0.7, a squared distance of 3.2."""
    x, x_mu = np.zeros((1, 4)), np.full((1, 4), np.sqrt(0.8))
    full = -densities.gaussian_log_prob_fixed(x, x_mu, 0.7).numpy()[0]
    np.testing.assert_allclose(full, 5.514360, atol=1e-6)
    np.testing.assert_allclose(full - 2 * np.log(2 * np.pi), 1.838606, atol=1e-6)


def test_beta_vae_loss_is_distortion_and_beta_times_rate():
    log_px, kl = np.array([[-3.0, 1.0], [-5.0, 2.0], [-1.0, 3.0]]), np.array([2.0, 4.0])
    for beta in (0.0, 1.0, 2.5):
        loss = rate_distortion.beta_vae_loss(log_px, kl, beta)
        np.testing.assert_allclose(loss, 0.5 * (3 - 2) + beta * 3)


def test_rda_lambda_orders_encoders_as_the_beta_vae_does_at_fixed_sigma():
    """E-004-07, and its two points: with a learned sigma the order is another."""
    np.testing.assert_allclose(rate_distortion.rda_lambda(2.0, 0.7), 0.510204, atol=1e-6)
    D, points = 4, {"a": (1.0, 4.0), "b": (3.0, 1.0)}

    def objective(rate, square, beta, sigma):
        return square / (2 * sigma**2) + D * np.log(sigma) + beta * rate

    beta, sigma = 1.3, 0.6
    weight = rate_distortion.rda_lambda(beta, sigma)
    for rate, square in points.values():
        np.testing.assert_allclose(
            rate + weight * square,
            (objective(rate, square, beta, sigma) - D * np.log(sigma)) / beta,
        )
    fixed = {name: rate + 0.5 * square for name, (rate, square) in points.items()}
    learned = {
        name: rate + D / 2 * (1 + np.log(2 * np.pi)) + D * np.log(np.sqrt(square / D))
        for name, (rate, square) in points.items()
    }
    assert fixed == {"a": 3.0, "b": 3.5}
    np.testing.assert_allclose([*learned.values()], [6.675754, 5.903165], atol=1e-6)


@each_draw
def test_rate_and_distortion_are_sums_over_all_states(generator):
    p_x, encoder, p_z, decoder = tables(generator)
    rate = distortion = mpmath.mpf(0)
    for x, z in np.ndindex(*encoder.shape):
        joint = mpmath.mpf(p_x[x]) * mpmath.mpf(encoder[x, z])
        if joint:
            rate += joint * mpmath.log(mpmath.mpf(encoder[x, z]) / mpmath.mpf(p_z[z]))
            distortion -= joint * mpmath.log(mpmath.mpf(decoder[z, x]))
    got = numbers(rate_distortion.rate_distortion_point(p_x, encoder, p_z, decoder))
    np.testing.assert_allclose(got, [float(rate), float(distortion)], rtol=1e-9)


@each_draw
def test_minus_the_elbo_is_a_divergence_of_joints_and_the_entropy_of_the_data(generator):
    """E-002-21: E ELBO = -KL(q(x,z) || p(x,z)) - H(x)."""
    p_x, encoder, p_z, decoder = tables(generator)
    rate, distortion = numbers(rate_distortion.rate_distortion_point(p_x, encoder, p_z, decoder))
    joint_q, joint_p = p_x[:, None] * encoder, (p_z[:, None] * decoder).T
    divergence = np.sum(scipy.special.rel_entr(joint_q, joint_p))
    np.testing.assert_allclose(rate + distortion, divergence + scipy.stats.entropy(p_x))


def test_the_table_of_the_questions_by_hand():
    rate, distortion = numbers(rate_distortion.rate_distortion_point(P_X, ENCODER, HALVES, DECODER))
    np.testing.assert_allclose([rate, distortion], [0.169985, 0.897284], atol=1e-6)
    np.testing.assert_allclose(-(rate + distortion), -1.067269, atol=1e-6)
    information, gap = numbers(rate_distortion.rate_split(P_X, ENCODER, HALVES))
    np.testing.assert_allclose([information, gap], [0.160153, 0.009832], atol=1e-6)
    best = rate_distortion.optimal_prior_and_decoder(P_X, ENCODER)
    least, conditional = numbers(rate_distortion.rate_distortion_point(P_X, ENCODER, *best))
    np.testing.assert_allclose([least, conditional], [0.160153, 0.869500], atol=1e-6)
    weighted = [beta * least + conditional for beta in (0.5, 1, 2)]
    np.testing.assert_allclose(weighted, [0.949577, H_X, 1.189806], atol=1e-6)
    # The "constant" of E-002-21 is another for each x.
    elbo = (ENCODER * (np.log(HALVES / ENCODER) + np.log(DECODER.T))).sum(axis=1)
    prior = scipy.special.rel_entr(ENCODER, HALVES).sum(axis=1)
    data = (ENCODER * scipy.special.rel_entr(P_X, DECODER).sum(axis=1)).sum(axis=1)
    np.testing.assert_allclose(elbo + prior + data, [-0.637596, -1.042795, -0.601946], atol=1e-6)


@each_draw
def test_no_step_from_the_best_prior_and_decoder_gets_lower(generator):
    p_x, encoder, *_ = tables(generator)
    X, Z = encoder.shape

    def unpacked(weights):
        return (
            scipy.special.softmax(weights[:Z]),
            scipy.special.softmax(weights[Z:].reshape(Z, X), axis=1),
        )

    def total(weights):
        rate, distortion = rate_distortion.rate_distortion_point(p_x, encoder, *unpacked(weights))
        return float(rate + distortion)

    prior, decoder = numbers(rate_distortion.optimal_prior_and_decoder(p_x, encoder))
    np.testing.assert_allclose(prior.sum(), 1)
    np.testing.assert_allclose(decoder.sum(axis=1), 1)
    start = np.log(np.concatenate([prior, decoder.ravel()]) + 1e-12)
    # What is least is the entropy of the data.
    for _ in range(5):
        step = generator.normal(0, 0.3, start.size)
        assert total(start + step) >= total(start) - 1e-9
    np.testing.assert_allclose(total(start), scipy.stats.entropy(p_x), rtol=1e-7)


@each_draw
def test_information_and_gap_are_the_rate(generator):
    p_x, encoder, p_z, decoder = tables(generator)
    information, gap = numbers(rate_distortion.rate_split(p_x, encoder, p_z))
    rate, _ = numbers(rate_distortion.rate_distortion_point(p_x, encoder, p_z, decoder))
    np.testing.assert_allclose(information + gap, rate)
    joint = p_x[:, None] * encoder
    independent = np.outer(joint.sum(axis=1), joint.sum(axis=0))
    np.testing.assert_allclose(information, scipy.special.rel_entr(joint, independent).sum())
    assert gap >= -1e-12


def test_a_collapsed_encoder_has_no_information():
    row = np.array([0.2, 0.5, 0.3])
    got = numbers(rate_distortion.rate_split(P_X, np.tile(row, (3, 1)), row))
    np.testing.assert_allclose(got, [0, 0], atol=1e-12)
    # A state that is never used.
    encoder = np.array([[0.6, 0.4, 0.0]] * 3)
    information, gap = numbers(rate_distortion.rate_split(P_X, encoder, row))
    np.testing.assert_allclose(information, 0, atol=1e-12)
    np.testing.assert_allclose(gap, 0.6 * np.log(3) + 0.4 * np.log(0.8))


@each_draw
def test_aggregate_log_prob_against_mpmath(generator):
    z, mu = generator.normal(0, 3, (4, 3)), generator.normal(0, 2, (5, 3))
    log_var = generator.uniform(-4, 2, (5, 3))
    got = rate_distortion.aggregate_log_prob(z, mu, log_var)
    for point, value in zip(z, got, strict=True):
        components = [
            mpmath.fprod(
                mpmath.npdf(mpmath.mpf(x), mpmath.mpf(m), mpmath.exp(mpmath.mpf(v) / 2))
                for x, m, v in zip(point, means, variances, strict=True)
            )
            for means, variances in zip(mu, log_var, strict=True)
        ]
        np.testing.assert_allclose(value, float(mpmath.log(mpmath.fsum(components) / 5)), rtol=1e-9)


def test_the_aggregate_far_from_every_component_is_finite():
    z, mu = np.full((1, 2), 25.0), np.zeros((3, 2))
    got = rate_distortion.aggregate_log_prob(z, mu, np.full((3, 2), np.log(0.05)))
    np.testing.assert_allclose(got, -(25**2) / 0.05 - np.log(2 * np.pi * 0.05), rtol=1e-9)


def test_active_units_are_counted_above_the_threshold():
    mu = np.array([[1.0, 0.1, 5.0], [3.0, -0.1, 5.0]])
    activity, count = numbers(rate_distortion.active_units(mu, 0.05))
    np.testing.assert_allclose(activity, [1.0, 0.01, 0.0])
    assert count == 1


@pytest.mark.parametrize(("beta", "active"), [(0.5, 3), (1.0, 2), (2.0, 2), (4.0, 1), (8.0, 0)])
def test_the_linear_vae_collapses_dimension_by_dimension(beta, active):
    """Eigenvalues (3, 1.2, 0.4) and sigma^2 = 0.5, against a search over all weights."""
    eigenvalues, sigma = np.array([3.0, 1.2, 0.4]), np.sqrt(0.5)
    w_squared, rate = rate_distortion.linear_vae_spectrum(eigenvalues, sigma, beta)
    assert np.sum(w_squared > 0) == active
    for eigenvalue, found, nats in zip(eigenvalues, w_squared, rate, strict=True):
        # Encoder z = a x + s eps, decoder w z, of data with this variance.
        def loss(weights, eigenvalue=eigenvalue):
            a, w, s = weights[0], weights[1], np.exp(weights[2])
            square = (1 - w * a) ** 2 * eigenvalue + w**2 * s**2
            kl = 0.5 * (a**2 * eigenvalue + s**2 - 1) - np.log(s)
            return square / (2 * sigma**2) + beta * kl

        starts = [scipy.optimize.minimize(loss, [a, a, 0.0]) for a in (0.1, 0.8)]
        a, w, log_s = min(starts, key=lambda one: one.fun).x
        kl = 0.5 * (a**2 * eigenvalue + np.exp(2 * log_s) - 1) - log_s
        np.testing.assert_allclose([w**2, kl], [found, nats], atol=2e-3)


def test_an_eigenvalue_of_zero_has_neither_weight_nor_rate():
    got = rate_distortion.linear_vae_spectrum(np.array([2.0, 0.0]), 0.5, 1.0)
    np.testing.assert_allclose(got, [[1.75, 0.0], [0.5 * np.log(8), 0.0]])


@each_draw
def test_the_nearest_code_is_that_of_a_tree(generator):
    z_e, codebook = generator.normal(0, 1, (6, 3)), generator.normal(0, 1, (5, 3))
    z_q, onehot = numbers(rate_distortion.vq_quantize(z_e, codebook))
    nearest = scipy.spatial.KDTree(codebook).query(z_e)[1]
    np.testing.assert_array_equal(onehot.argmax(axis=1), nearest)
    np.testing.assert_array_equal(onehot.sum(axis=1), 1)
    np.testing.assert_array_equal(z_q, codebook[nearest])
    z_st, loss = rate_distortion.vq_loss(z_e, codebook, 0.25)
    np.testing.assert_array_equal(z_st, z_q)
    np.testing.assert_allclose(loss, 1.25 * np.sum((z_e - z_q) ** 2) / 6)
