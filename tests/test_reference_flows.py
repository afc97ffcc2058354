"""References of a06 against oracles: TFP's distributions, bijectors and integrators, mpmath,
differences, a small flow.
"""

import mpmath
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
import tensorflow_probability as tfp
from hypothesis import given
from hypothesis import strategies as st
from vikit import densities_2d

from autograder.reference import callables, flows

tfb = tfp.bijectors
mpmath.mp.dps = 40
SMALL = np.array([1.2, 0.7]), np.array([0.8, -0.5]), 0.3


# A test runs once for each of the 200 generators of random numbers that `conftest` asks for.
each_draw = given(generator=st.integers(0, 2**32 - 1).map(np.random.default_rng))


def jacobian(mapped, z, step=1e-6):
    """Returns the Jacobian of a map of `[B, K]` at one point `z` `[K]`, by central differences."""
    shifts = step * np.eye(len(z))
    ends = np.asarray(mapped(np.concatenate([z + shifts, z - shifts])))
    return ((ends[: len(z)] - ends[len(z) :]) / (2 * step)).T


def log_det_of(mapped, z):
    return np.linalg.slogdet(jacobian(mapped, z))[1]


@each_draw
def test_gaussian_log_pdf_against_scipy_down_to_a_variance_of_1e_10(generator):
    mu, var = generator.normal(0, 1, (3, 5)), 10 ** generator.uniform(-10, 2, (3, 5))
    z = mu + np.sqrt(var) * generator.normal(0, 3, (3, 5))
    want = scipy.stats.norm.logpdf(z, mu, np.sqrt(var)).sum(1)
    np.testing.assert_allclose(flows.gaussian_log_pdf(z, mu, var), want, rtol=1e-8)


@each_draw
def test_planar_u_hat_against_mpmath_and_its_bound(generator):
    u, w = generator.normal(0, 5, 4), generator.normal(0, 1, 4)
    a = mpmath.fsum(mpmath.mpf(x) * y for x, y in zip(u, w, strict=True))
    norm = mpmath.fsum(mpmath.mpf(y) ** 2 for y in w)
    step = (mpmath.log1p(mpmath.exp(a)) - 1 - a) / norm
    got = flows.planar_u_hat(u, w).numpy()
    np.testing.assert_allclose(
        got, [float(x + step * y) for x, y in zip(u, w, strict=True)], rtol=1e-10, atol=1e-12
    )
    # It is above -1, and rounds to it.
    assert w @ got > -1 - 1e-12


def planar_inputs(generator):
    while True:
        z, (u, w), b = (
            generator.normal(0, 2, 3),
            generator.normal(0, 1.5, (2, 3)),
            float(generator.normal()),
        )
        if abs(1 + (w @ u) / np.cosh(w @ z + b) ** 2) > 0.02:
            return z, u, w, b


@each_draw
def test_planar_flow_against_mpmath_and_differences(generator):
    z, u, w, b = planar_inputs(generator)
    a = float(mpmath.tanh(mpmath.fsum(mpmath.mpf(x) * y for x, y in zip(z, w, strict=True)) + b))
    np.testing.assert_allclose(flows.planar_forward(z[None], u, w, b)[0], z + a * u, rtol=1e-12)
    want = log_det_of(lambda points: flows.planar_forward(points, u, w, b), z)
    np.testing.assert_allclose(flows.planar_log_det(z[None], u, w, b)[0], want, atol=1e-6)


def test_a_negative_determinant_has_its_absolute_value():
    z, u, w = np.array([[0.1, -0.2]]), np.array([-3.0, 0.5]), np.array([1.0, 0.2])
    assert 1 + (w @ u) * (1 - np.tanh(w @ z[0]) ** 2) < -1
    want = log_det_of(lambda points: flows.planar_forward(points, u, w, 0.0), z[0])
    np.testing.assert_allclose(flows.planar_log_det(z, u, w, 0.0), [want], atol=1e-6)


@each_draw
def test_radial_flow_against_mpmath_and_differences(generator):
    K = int(generator.integers(1, 6))
    z, z_ref, alpha = (
        generator.normal(0, 2, K),
        generator.normal(0, 1, K),
        float(generator.uniform(0.1, 3)),
    )
    raw = float(generator.normal(0, 3))
    beta_hat = float(flows.radial_beta_hat(alpha, raw))
    want = float(mpmath.log1p(mpmath.exp(raw)) - alpha)
    np.testing.assert_allclose(beta_hat, want, rtol=1e-10, atol=1e-13)
    assert beta_hat > -alpha
    r = mpmath.sqrt(mpmath.fsum((mpmath.mpf(x) - y) ** 2 for x, y in zip(z, z_ref, strict=True)))
    want = [
        float(x + beta_hat * (mpmath.mpf(x) - y) / (alpha + r))
        for x, y in zip(z, z_ref, strict=True)
    ]
    np.testing.assert_allclose(
        flows.radial_forward(z[None], z_ref, alpha, beta_hat)[0], want, rtol=1e-9, atol=1e-12
    )
    want = log_det_of(lambda points: flows.radial_forward(points, z_ref, alpha, beta_hat), z)
    np.testing.assert_allclose(
        flows.radial_log_det(z[None], z_ref, alpha, beta_hat)[0], want, atol=1e-5
    )


def test_the_radial_log_det_is_finite_at_the_centre():
    z_ref = np.array([0.3, -0.7, 1.1])
    got = flows.radial_log_det(z_ref[None], z_ref, 0.8, 1.5)
    np.testing.assert_allclose(got, [3 * np.log(1 + 1.5 / 0.8)], rtol=1e-12)


@each_draw
def test_the_coupling_layer_against_real_nvp(generator):
    z, log_scale, shift = (
        generator.normal(0, 2, (3, 4)),
        generator.uniform(-3, 3, (3, 2)),
        generator.normal(0, 2, (3, 2)),
    )
    layer = tfb.RealNVP(
        num_masked=2,
        shift_and_log_scale_fn=lambda z, n, **_: (tf.constant(shift), tf.constant(log_scale)),
    )
    np.testing.assert_allclose(
        flows.coupling_forward(z, log_scale, shift), layer.forward(z), rtol=1e-12
    )
    np.testing.assert_allclose(
        flows.coupling_inverse(z, log_scale, shift), layer.inverse(z), rtol=1e-10
    )
    want = layer.forward_log_det_jacobian(z, event_ndims=1)
    np.testing.assert_allclose(flows.coupling_log_det(log_scale), want, rtol=1e-12)
    back = flows.coupling_inverse(flows.coupling_forward(z, log_scale, shift), log_scale, shift)
    np.testing.assert_allclose(back, z, rtol=1e-9, atol=1e-9)


@each_draw
def test_the_gated_step_against_shift_and_scale(generator):
    z, m, s = generator.normal(0, 2, (3, 3, 4))
    gate = 1 / (1 + np.exp(-s))
    step = tfb.Shift((1 - gate) * m)(tfb.Scale(gate))
    z_new, log_det = flows.iaf_step(z, m, s)
    np.testing.assert_allclose(z_new, step.forward(z), rtol=1e-12)
    np.testing.assert_allclose(log_det, step.forward_log_det_jacobian(z, event_ndims=1), rtol=1e-12)


def test_a_shut_gate_has_a_finite_logarithm():
    z_new, log_det = flows.iaf_step(
        np.full((1, 2), 3.0), np.full((1, 2), -1.0), np.array([[-1000.0, 1000.0]])
    )
    np.testing.assert_allclose(z_new, [[-1.0, 3.0]])
    np.testing.assert_allclose(log_det, [-1000.0])


@each_draw
def test_leapfrog_against_tfp_and_its_symmetries(generator):
    M = generator.normal(0, 1, (4, 4))
    A, c = -(M @ M.T) / 4, generator.normal(0, 1, 4)
    z, v, step = *generator.normal(0, 2, (2, 4)), float(generator.uniform(0.05, 0.8))
    score = callables.affine(A, c)

    def log_density(z):
        return 0.5 * tf.reduce_sum(z * tf.linalg.matvec(A, z)) + tf.tensordot(z, c, 1)

    integrator = tfp.mcmc.internal.leapfrog_integrator.SimpleLeapfrogIntegrator(
        lambda *parts: log_density(parts[0]), [tf.constant(step, tf.float64)], num_steps=1
    )
    velocities, places, *_ = integrator([tf.constant(v)], [tf.constant(z)])
    z_new, v_new = flows.leapfrog_step(z, v, step, score)
    np.testing.assert_allclose(z_new, places[0], rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(v_new, velocities[0], rtol=1e-9, atol=1e-11)
    back, turned = flows.leapfrog_step(z_new, -v_new, step, score)
    np.testing.assert_allclose((back, turned), (z, -v), atol=1e-10)

    def both(points):
        return np.array(
            [np.concatenate(flows.leapfrog_step(p[:4], p[4:], step, score)) for p in points]
        )

    np.testing.assert_allclose(log_det_of(both, np.concatenate([z, v])), 0, atol=1e-6)


@each_draw
def test_the_terms_of_the_free_energy_against_mpmath(generator):
    log_q0, log_p, log_py = generator.normal(-4, 3, (3, 5))
    log_dets = generator.normal(0, 2, (5, 3))
    want = [
        mpmath.mpf(q) - mpmath.fsum(row) for q, row in zip(log_q0, log_dets.tolist(), strict=True)
    ]
    np.testing.assert_allclose(
        flows.flow_log_q(log_q0, log_dets), [float(value) for value in want], rtol=1e-10, atol=1e-12
    )
    energy = mpmath.fsum(q - p - y for q, p, y in zip(want, log_p, log_py, strict=True)) / 5
    np.testing.assert_allclose(
        flows.flow_free_energy(log_q0, log_dets, log_p, log_py), float(energy), rtol=1e-10
    )
    z0, zK = generator.normal(0, 3, (2, 4, 3))
    np.testing.assert_allclose(
        flows.flow_prior_term(z0, zK), scipy.stats.norm.logpdf(zK).sum(1), rtol=1e-12
    )


# The small flow of the lecture notes, and the densities that flows make.


def test_the_small_flow_has_the_values_of_the_lecture_notes():
    z0 = np.array([[0.4, -0.9]])
    zK = flows.planar_forward(z0, *SMALL)
    log_det = flows.planar_log_det(z0, *SMALL).numpy()
    np.testing.assert_allclose(zK, [[1.347353, -0.347377]], atol=5e-7)
    log_q = flows.flow_log_q(scipy.stats.norm.logpdf(z0).sum(1), log_det[:, None])
    np.testing.assert_allclose(log_q, [-2.529743], atol=5e-7)
    np.testing.assert_allclose(log_det, [0.206866], atol=5e-7)


def test_the_small_flow_has_the_moments_of_the_lecture_notes():
    """By Gauss-Hermite quadrature in the plane."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = np.outer(weights, weights).ravel() / weights.sum() ** 2
    z0 = np.stack(np.meshgrid(nodes, nodes, indexing="ij"), -1).reshape(-1, 2)
    log_det = weights @ flows.planar_log_det(z0, *SMALL).numpy()
    np.testing.assert_allclose(log_det, 0.305791, atol=5e-6)
    np.testing.assert_allclose(
        weights @ flows.planar_forward(z0, *SMALL).numpy(), (0.223483, 0.130365), atol=5e-6
    )
    # The entropy of q_K is that of q_0 and the mean log determinant.
    np.testing.assert_allclose(np.log(2 * np.pi) + 1 + log_det, 3.143668, atol=5e-6)


@pytest.mark.parametrize("signs", [(1,), (1, -1), (-1, -1)])
def test_the_density_after_planar_steps_has_mass_one(signs):
    generator, plane = (
        np.random.default_rng(len(signs)),
        densities_2d.Grid(half_width=9, num_cells=300),
    )
    steps = []
    for sign in signs:
        u, w = generator.normal(0, 1, (2, 2))
        steps.append((flows.planar_u_hat(sign * u, w).numpy(), w, float(generator.normal())))
    z, log_dets = plane.points.astype(float), []
    for u_hat, w, b in reversed(steps):
        z = densities_2d.invert_planar(
            lambda z, u_hat=u_hat, w=w, b=b: flows.planar_forward(z, u_hat, w, b), z, u_hat
        )
        log_dets.append(flows.planar_log_det(z, u_hat, w, b).numpy())
    log_q = flows.flow_log_q(scipy.stats.norm.logpdf(z).sum(1), np.stack(log_dets, -1))
    assert abs(plane.mass(log_q) - 1) < 1e-3
    wrong = flows.flow_log_q(scipy.stats.norm.logpdf(z).sum(1), -np.stack(log_dets, -1))
    assert abs(plane.mass(wrong) - 1) > 0.03


def test_without_the_constraint_the_formula_is_no_density():
    """Three points go to 0 when w.u = -3: what the question in words is about."""
    z = np.array([[-2.984705], [0.0], [2.984705]])
    np.testing.assert_allclose(
        flows.planar_forward(z, np.array([-3.0]), np.ones(1), 0.0), 0 * z, atol=1e-6
    )


# Numbers of the list of errata.


def test_the_numbers_of_the_errata_of_listing_1():
    one = np.ones((1, 1))
    np.testing.assert_allclose(
        flows.gaussian_log_pdf(0.9 * one, 0.2 * one, 0.25 * one), [-1.205791], atol=5e-7
    )
    np.testing.assert_allclose(
        flows.gaussian_log_pdf(0 * one, 0 * one, 1e-10 * one), [10.593987], atol=5e-7
    )
    tiny = np.zeros((1, 3))
    np.testing.assert_allclose(
        flows.gaussian_log_pdf(tiny, tiny, tiny + 1e-8), [24.874206], atol=5e-7
    )
    z, var = np.array([[0.3, -0.7, 1.1]]), np.array([[0.25, 1.5, 0.04]])
    assert np.isfinite(flows.gaussian_log_pdf(z, 0 * z, var)).all()
    zK = flows.planar_forward(0.9 * one, np.array([1.2]), np.array([0.9]), 0.3)
    np.testing.assert_allclose(zK, [[1.864875]], atol=5e-7)
    np.testing.assert_allclose(flows.flow_prior_term(0.9 * one, zK), [-2.657818], atol=5e-7)
    for u, want in (((1.2, 0.7), 0.206866), ((0.6, 0.35), 0.108773)):
        got = flows.planar_log_det(np.array([[0.4, -0.9]]), np.array(u), SMALL[1], 0.3)
        np.testing.assert_allclose(got, [want], atol=5e-7)
