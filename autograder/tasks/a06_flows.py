"""a06_flows: normalizing flows, and the variational information bottleneck with flows."""

import math
from dataclasses import replace

import numpy as np
from scipy.special import expit, log_expit
from vikit.judging import Mistake, Property
from vikit.protocol.wire import BuiltArgument

from autograder.reference import flows

from . import classifiers
from .properties import ANY_MODEL, OF_VALUES, SAMPLED, SQUASHED, UNTRAINED
from .task import EDGE, GENERIC, Assignment, Draw, Manual, Task, Wrong, round_to_float32, to_float64

LOG_2PI = math.log(2 * math.pi)
FLOWS_SOURCE = "document 002, variational families (line 849)"


def total(terms):
    """Returns the sum over the last axis."""
    return np.sum(terms, axis=-1)


def softplus(a):
    return np.logaddexp(0, a)


# gaussian_log_pdf


def pdf(z, mu, var):
    return -0.5 * total(LOG_2PI + np.log(var) + (z - mu) ** 2 / var)


def with_sigma(change, shift=0.0):
    """Returns `gaussian_log_pdf` with another standard deviation, `change(sigma)`, and z shifted."""
    return lambda z, mu, var: pdf(z + shift, mu, change(np.sqrt(var)) ** 2)


def with_var(change):
    return lambda z, mu, var: pdf(z, mu, change(var))


def draw_gaussian(low, high, spread=1.0, far=(0.0, 2.0)):
    """Returns a draw of (z, mu, var): var between 10^low and 10^high, z at distances of `far` standard deviations."""

    def draw(generator, B, K):
        mu, var = generator.normal(0, spread, (B, K)), 10 ** generator.uniform(low, high, (B, K))
        distance = generator.uniform(*far, (B, K)) * generator.choice([-1, 1], (B, K))
        return mu + np.sqrt(var) * distance, mu, var

    return draw


gaussian_log_pdf = Task(
    name="gaussian_log_pdf",
    points=3,
    source="document 000, Listing 1 (lines 104 to 110); errata E-000-16 and E-000-17",
    shape="[B]",
    reference=flows.gaussian_log_pdf,
    cases=(
        Draw("variances from 0.01 to 100", GENERIC, draw_gaussian(-2, 2), {"B": 5, "K": 3}),
        Draw("variances below 0.1", GENERIC, draw_gaussian(-5, -1, 0.3), {"B": 4, "K": 5}),
        Draw("variances above 1", GENERIC, draw_gaussian(0.2, 2), {"B": 3, "K": 4}),
        Draw("variances close to 1e-10", EDGE, draw_gaussian(-10, -8.7, 0.002), {"B": 3, "K": 5}),
        Draw("z far out in the tails", EDGE, draw_gaussian(-2, 1, 1.0, (8.0, 20.0)), {"B": 5, "K": 4}),
    ),
    float32=0.2,
    tolerance="where sigma is small float32 keeps 1e-7 |mu| / sigma of the scaled distance, if z and mu are divided before "
    "they are subtracted: means are small there",
    mistakes=(
        Wrong(
            "pdf_listing1",
            with_sigma(lambda sigma: np.maximum(sigma, 1e-4), 1e-4),
            "That is Listing 1 as printed: it evaluates the density at z + 1e-4 and never lets sigma below 1e-4. Neither makes "
            "anything stable; both change the value where sigma is small, and below the floor the variance has no gradient.",
            "document 000, Listing 1 (lines 104 to 110); errata E-000-16 and E-000-17",
        ),
        Wrong(
            "pdf_shifted_z",
            with_sigma(lambda sigma: sigma, 1e-4),
            "You evaluate the density at z plus a small number. No logarithm of z is taken here, so nothing needs protection, "
            "and where sigma is small it is the density of another point.",
            "document 000, Listing 1 (line 110); errata E-000-16",
            also=tuple(with_sigma(lambda sigma: sigma, shift) for shift in (1e-3, 1e-5, 1e-6)),
        ),
        Wrong(
            "pdf_floored_sigma",
            with_sigma(lambda sigma: np.maximum(sigma, 1e-4)),
            "You keep sigma (or the variance) above a floor. The sampler does not know of it, the value is wrong below it, and "
            "the gradient in the variance is 0 there.",
            "document 000, Listing 1 (line 109); errata E-000-17",
            also=(
                with_sigma(lambda sigma: np.maximum(sigma, 1e-3)),
                with_sigma(lambda sigma: np.maximum(sigma, 1e-2)),
                *(with_var(lambda var, floor=floor: np.maximum(var, floor)) for floor in (1e-3, 1e-4, 1e-8)),
            ),
        ),
        Wrong(
            "pdf_var_plus_eps",
            with_var(lambda var: var + 1e-6),
            "A small number is added to the variance (or to sigma). Where the variance is as small that changes the density: "
            "the variance is positive and needs no help.",
            "document 000, Listing 1 (line 109); errata E-000-17",
            also=(
                *(with_var(lambda var, eps=eps: var + eps) for eps in (1e-3, 1e-4, 1e-5, 1e-7, 1e-8)),
                *(with_sigma(lambda sigma, eps=eps: sigma + eps) for eps in (1e-3, 1e-4, 1e-6)),
            ),
        ),
        Wrong(
            "pdf_squared_variance",
            lambda z, mu, var: -0.5 * total(LOG_2PI + np.log(var) + ((z - mu) / var) ** 2),
            "The square stands around the variance too; only the distance is squared. Your density has mass sigma and not 1.",
            "document 000, line 94; errata E-000-13",
        ),
        Wrong(
            "pdf_var_as_sigma",
            lambda z, mu, var: pdf(z, mu, var**2),
            "You took the variance for the standard deviation: tfd.Normal and MultivariateNormalDiag want its root.",
        ),
        Wrong(
            "pdf_sigma_in_quadratic",
            lambda z, mu, var: -0.5 * total(LOG_2PI + np.log(var) + (z - mu) ** 2 / np.sqrt(var)),
            "The squared distance is divided by the standard deviation; it is divided by the variance.",
        ),
        Wrong(
            "pdf_log_var_missing",
            lambda z, mu, var: -0.5 * total(LOG_2PI + (z - mu) ** 2 / var),
            "The term with the logarithm of the variance is missing: a wider density would cost nothing.",
        ),
        Wrong(
            "pdf_2pi_missing",
            lambda z, mu, var: -0.5 * total(np.log(var) + (z - mu) ** 2 / var),
            "log 2 pi is missing, once for each dimension.",
        ),
        Wrong(
            "pdf_var_as_log_var",
            lambda z, mu, var: -0.5 * total(LOG_2PI + var + (z - mu) ** 2 * np.exp(-var)),
            "You took the variance for its logarithm: here the third argument is the variance itself.",
        ),
    ),
)


# planar_u_hat


def constrained_dot(a):
    """Returns what w.u_hat is where w.u is `a`."""
    return softplus(a) - 1


def with_step_along_w(step):
    """Returns `planar_u_hat` that goes `step(a, norm of w)` along w, a = w.u."""
    return lambda u, w: u + step(w @ u, np.linalg.norm(w)) * w


def set_part_along_w(u, w, a):
    """Returns `u` with its part along `w` changed so that w.u = a."""
    return u + (a - w @ u) * w / (w @ w)


def draw_u(low, high, scale=1.0, spread=1.0):
    """Returns a draw of (u, w) with w.u between `low` and `high`."""

    def draw(generator, K):
        w, u = scale * generator.normal(0, 1, K), spread * generator.normal(0, 1, K)
        w *= max(1, scale / np.linalg.norm(w))
        return set_part_along_w(u, w, generator.uniform(low, high)), w

    return draw


planar_u_hat = Task(
    name="planar_u_hat",
    points=6,
    source="document 002, variational families (line 849); Rezende and Mohamed 2015, appendix",
    shape="[K]",
    reference=flows.planar_u_hat,
    cases=(
        Draw("w.u below -1", GENERIC, draw_u(-5, -1.5), {"K": 3}),
        Draw("w.u between -1 and 0", GENERIC, draw_u(-0.9, -0.1), {"K": 5}),
        Draw("w.u above 0", GENERIC, draw_u(0.3, 3), {"K": 4}),
        Draw("w.u far below -1", EDGE, draw_u(-40, -20), {"K": 7}),
        Draw("w.u close to 1000", EDGE, draw_u(800, 1000, 3.0), {"K": 5}),
        Draw("a short w", EDGE, draw_u(-3, -1.5, 0.05), {"K": 6}),
    ),
    float32=0.2,
    tolerance="the step along w is a difference of numbers of the size of w.u: float32 keeps 1e-7 of it",
    mistakes=(
        Wrong(
            "planar_uhat_softplus_without_minus1",
            with_step_along_w(lambda a, norm: (softplus(a) - a) / norm**2),
            "The -1 of m(a) = -1 + softplus(a) is missing: w.u after the step is then never below 0, and flows that squeeze "
            "space across the plane are lost.",
        ),
        Wrong(
            "planar_uhat_forgot_subtract_wu",
            with_step_along_w(lambda a, norm: constrained_dot(a) / norm**2),
            "You go m(w.u) along w. The step is the difference m(w.u) - w.u: what is there already must go.",
        ),
        Wrong(
            "planar_uhat_along_u",
            lambda u, w: u + (constrained_dot(w @ u) - w @ u) * u / (u @ u),
            "You move u along itself. Only its part along w matters, so the step goes along w.",
        ),
        Wrong(
            "planar_uhat_clipped",
            with_step_along_w(lambda a, norm: (np.maximum(a, -1) - a) / norm**2),
            "You cut w.u off at -1. At -1 itself the flow is singular, and a maximum has no gradient below it: use "
            "m(a) = -1 + softplus(a), which stays above.",
        ),
        Wrong(
            "planar_uhat_only_where_needed",
            with_step_along_w(lambda a, norm: (constrained_dot(a) - a) / norm**2 if a < -1 else 0.0),
            "You leave u alone where w.u is -1 or more. Then the map from u jumps at -1; the correction is always applied.",
        ),
        Wrong(
            "planar_uhat_not_normalised",
            with_step_along_w(lambda a, norm: constrained_dot(a) - a),
            "The division by the squared norm of w is missing: w.u after the step is not m(w.u).",
        ),
        Wrong(
            "planar_uhat_norm_not_squared",
            with_step_along_w(lambda a, norm: (constrained_dot(a) - a) / norm),
            "You divide by the norm of w; it is its square, because w itself is the direction.",
        ),
        Wrong(
            "planar_uhat_sign",
            with_step_along_w(lambda a, norm: -(constrained_dot(a) - a) / norm**2),
            "You go the other way: the correction m(w.u) - w.u is added along w.",
        ),
        Wrong(
            "planar_uhat_unchanged",
            lambda u, w: u + 0 * w,
            "You returned u as it is: where w.u is below -1 the flow folds space over, and no density comes out.",
        ),
        Wrong(
            "planar_uhat_overflow",
            with_step_along_w(lambda a, norm: (np.log(1 + np.exp(a)) - 1 - a) / norm**2),
            "log(1 + exp(a)) overflows where w.u is large, and the answer is infinite or NaN: tf.nn.softplus does not.",
        ),
    ),
)


# planar_forward


def across(z, w, b):
    """Returns w.z + b of each example."""
    return z @ w + b


def planar(z, u_hat, w, b, bend=np.tanh):
    return z + bend(across(z, w, b))[:, None] * u_hat


def tanh_by_hand(a):
    return (np.exp(a) - np.exp(-a)) / (np.exp(a) + np.exp(-a))


def draw_planar(low, high, z_scale=1.2, w_scale=1.0, b_scale=1.0):
    """Returns a draw of (z, u, w, b) with w.u between `low` and `high`, away from where the determinant is 0."""

    def draw(generator, B, K):
        while True:
            u, w = draw_u(low, high, w_scale)(generator, K)
            z, b = generator.normal(0, z_scale, (B, K)), float(generator.normal(0, b_scale))
            if np.min(np.abs(1 + (w @ u) / np.cosh(np.clip(across(z, w, b), -300, 300)) ** 2)) > 0.05:
                return z, u, w, b

    return draw


def draw_at_origin(generator, B, K):
    z, u, w, b = draw_planar(-0.8, 2)(generator, B, K)
    return 0 * z, u, w, b


planar_forward = Task(
    name="planar_forward",
    points=3,
    source="document 002, variational families (line 849)",
    shape="[B,K]",
    reference=flows.planar_forward,
    cases=(
        Draw("w.u_hat above -1", GENERIC, draw_planar(-0.8, 2), {"B": 5, "K": 3}),
        Draw("w.u_hat below -1", GENERIC, draw_planar(-4, -1.5), {"B": 4, "K": 5}),
        Draw("a long w", GENERIC, draw_planar(0.5, 3, w_scale=2.5), {"B": 3, "K": 4}),
        Draw("z of 0", EDGE, draw_at_origin, {"B": 5, "K": 4}),
        Draw("w.z + b of hundreds", EDGE, draw_planar(0.5, 2, 30.0, 8.0), {"B": 3, "K": 7}),
    ),
    float32=0.1,
    tolerance="one product of small vectors, one tanh: measured below a tenth of the tolerance",
    mistakes=(
        Wrong(
            "planar_forgot_residual",
            lambda z, u_hat, w, b: planar(z, u_hat, w, b) - z,
            "z itself is missing: the flow adds its step to z. What you returned lies on one line.",
        ),
        Wrong(
            "planar_minus",
            lambda z, u_hat, w, b: planar(z, -u_hat, w, b),
            "The step is subtracted; it is added. (With the log determinant of the other sign nothing fits.)",
        ),
        Wrong(
            "planar_sigmoid",
            lambda z, u_hat, w, b: planar(z, u_hat, w, b, expit),
            "You bend by a sigmoid. The bound on w.u and the log determinant here are those of tanh.",
        ),
        Wrong(
            "planar_relu",
            lambda z, u_hat, w, b: planar(z, u_hat, w, b, lambda a: np.maximum(a, 0)),
            "You bend by a ReLU. It has a kink, and its slope is not bounded as that of tanh is where the step is large.",
        ),
        Wrong(
            "planar_linear",
            lambda z, u_hat, w, b: planar(z, u_hat, w, b, lambda a: a),
            "The tanh is missing: a linear map turns a Gaussian into a Gaussian.",
        ),
        Wrong(
            "planar_elementwise_w",
            lambda z, u_hat, w, b: z + u_hat * np.tanh(z * w + b),
            "w.z is a dot product, one number for each example. You multiplied dimension by dimension.",
        ),
        Wrong(
            "planar_bias_outside",
            lambda z, u_hat, w, b: z + np.tanh(z @ w)[:, None] * u_hat + b,
            "b belongs inside the tanh: outside it moves everything and bends nothing.",
        ),
        Wrong(
            "planar_bias_missing",
            lambda z, u_hat, w, b: planar(z, u_hat, w, 0.0),
            "b does not enter: your planes all go through the origin.",
        ),
        Wrong(
            "planar_u_and_w_swapped",
            lambda z, u_hat, w, b: planar(z, w, u_hat, b),
            "u_hat and w have changed places: w says where the plane is, u_hat where the step goes.",
        ),
        Wrong(
            "planar_constrains_again",
            lambda z, u_hat, w, b: planar(z, set_part_along_w(u_hat, w, constrained_dot(w @ u_hat)), w, b),
            "You apply the constraint inside. The vector is used as it is given: in a model it would be applied twice.",
        ),
        Wrong(
            "planar_tanh_by_hand",
            lambda z, u_hat, w, b: planar(z, u_hat, w, b, tanh_by_hand),
            "Your tanh is a quotient of exponentials, which overflow where w.z + b is large: inf / inf is NaN. Use tf.tanh.",
        ),
        Wrong(
            "planar_one_step_for_the_batch",
            lambda z, u_hat, w, b: z + np.tanh(across(z, w, b)).mean() * u_hat,
            "All examples move by the same step: w.z + b and its tanh belong to each example.",
        ),
    ),
    twins=tuple(
        (
            f"{transformation} of planar_one_step_for_the_batch",
            transformation,
            "the mean step has the sum of the steps for its sum",
        )
        for transformation in ("transformation_averaged_over_batch", "transformation_summed_over_batch")
    ),
)


# planar_log_det


def slope(a):
    """Returns the derivative of tanh."""
    return 1 - np.tanh(a) ** 2


def planar_det(z, u, w, b, derivative=slope):
    """Returns the determinant, 1 + u.psi(z)."""
    return 1 + (w @ u) * derivative(across(z, w, b))


def log_abs(value):
    return np.log(np.abs(value))


def with_derivative(derivative):
    return lambda z, u, w, b: log_abs(planar_det(z, u, w, b, derivative))


def with_dot(dot):
    """Returns `planar_log_det` with another number instead of w.u, `dot(u, w)`."""
    return lambda z, u, w, b: log_abs(1 + dot(u, w) * slope(across(z, w, b)))


planar_log_det = Task(
    name="planar_log_det",
    points=8,
    source="document 000, line 97; document 002, lines 839 to 849",
    shape="[B]",
    reference=flows.planar_log_det,
    cases=(
        Draw("w.u above -1", GENERIC, draw_planar(-0.8, -0.2), {"B": 5, "K": 3}),
        Draw("1 + u.psi of both signs", GENERIC, draw_planar(-5, -2.5), {"B": 7, "K": 4}),
        Draw("w.u above 0", GENERIC, draw_planar(0.5, 3), {"B": 3, "K": 5}),
        Draw("b far from 0", EDGE, draw_planar(-4, -2, b_scale=2.0), {"B": 5, "K": 4}),
        Draw("w.z + b of hundreds", EDGE, draw_planar(0.5, 2, 30.0, 8.0), {"B": 3, "K": 7}),
        Draw("w.u of 5 to 10", EDGE, draw_planar(5, 10), {"B": 4, "K": 3}),
    ),
    float32=0.25,
    tolerance="1 - tanh^2 keeps 1e-7, which w.u multiplies; w.u is at least -5, and determinants are 0.05 away from 0",
    mistakes=(
        Wrong(
            "logdet_sign_flipped",
            lambda z, u, w, b: -log_abs(planar_det(z, u, w, b)),
            "You returned minus the log determinant. The minus stands where the density changes, not in the log determinant "
            "of the forward map.",
            "document 002, lines 839 to 847; errata E-002-17",
        ),
        Wrong(
            "logdet_no_abs",
            lambda z, u, w, b: np.log(planar_det(z, u, w, b)),
            "The absolute value is missing: where the flow turns space over the determinant is negative and has no logarithm.",
        ),
        Wrong(
            "logdet_abs_of_the_dot",
            lambda z, u, w, b: np.log(1 + np.abs(planar_det(z, u, w, b) - 1)),
            "The absolute value stands around u.psi; it belongs around the whole, 1 + u.psi.",
        ),
        Wrong(
            "logdet_clipped",
            lambda z, u, w, b: np.log(np.maximum(planar_det(z, u, w, b), 1e-6)),
            "You cut a negative determinant off instead of taking its absolute value.",
            also=tuple(
                lambda z, u, w, b, eps=eps: np.log(np.maximum(planar_det(z, u, w, b), eps))
                for eps in (1e-3, 1e-4, 1e-7, 1e-8, 1e-10, 1e-12)
            ),
        ),
        Wrong(
            "logdet_no_log",
            lambda z, u, w, b: np.abs(planar_det(z, u, w, b)),
            "You returned the determinant; its logarithm is asked for.",
        ),
        Wrong(
            "logdet_tanh_not_derivative",
            with_derivative(np.tanh),
            "psi has the derivative of tanh in it, 1 - tanh^2; you used tanh itself.",
        ),
        Wrong(
            "logdet_derivative_wrong_1_minus_tanh",
            with_derivative(lambda a: 1 - np.tanh(a)),
            "The derivative of tanh is 1 - tanh^2: the square is missing.",
        ),
        Wrong(
            "logdet_derivative_plus",
            with_derivative(lambda a: 1 + np.tanh(a) ** 2),
            "The derivative of tanh is 1 - tanh^2, with a minus.",
        ),
        Wrong(
            "logdet_derivative_of_sigmoid",
            with_derivative(lambda a: expit(a) * expit(-a)),
            "You used the derivative of the sigmoid; this flow bends by tanh.",
        ),
        Wrong(
            "logdet_sum_instead_of_dot",
            with_dot(lambda u, w: np.sum(w + u)),
            "u.psi is a dot product; you added the entries of both vectors.",
        ),
        Wrong(
            "logdet_u_norm",
            with_dot(lambda u, w: u @ u),
            "u meets itself in your answer: it is the product of u with psi, which is a multiple of w.",
        ),
        Wrong(
            "logdet_w_norm",
            with_dot(lambda u, w: w @ w),
            "w meets itself in your answer: it is the product of u with psi, which is a multiple of w.",
        ),
        Wrong(
            "logdet_elementwise",
            lambda z, u, w, b: total(log_abs(1 + u * w * slope(across(z, w, b))[:, None])),
            "You took the determinant for the product of its diagonal. The Jacobian I + u psi^T is not diagonal: its "
            "determinant is 1 + u.psi, the dot product inside one logarithm.",
        ),
        Wrong(
            "logdet_at_output",
            lambda z, u, w, b: log_abs(planar_det(planar(z, u, w, b), u, w, b)),
            "You evaluate psi at the output of the flow. The Jacobian is that of the forward map at its input.",
            "document 002, lines 839 to 847; errata E-002-17",
        ),
        Wrong(
            "logdet_trace_approx",
            lambda z, u, w, b: planar_det(z, u, w, b) - 1,
            "You returned u.psi, which is close to log(1 + u.psi) only where it is small.",
        ),
        Wrong(
            "logdet_forgot_bias",
            lambda z, u, w, b: log_abs(planar_det(z, u, w, 0.0)),
            "b is missing in psi: it shifts where the flow bends.",
        ),
        Wrong(
            "logdet_constrains_u",
            lambda z, u, w, b: log_abs(planar_det(z, set_part_along_w(u, w, constrained_dot(w @ u)), w, b)),
            "You constrain u inside. The log determinant is asked for the u that is given; in a model that is the same vector "
            "as in the forward map.",
        ),
    ),
)


# radial_beta_hat


def draw_radial_parameters(low, high, alpha=(0.4, 3.0)):
    return lambda generator: (float(generator.uniform(*alpha)), float(generator.uniform(low, high)))


radial_beta_hat = Task(
    name="radial_beta_hat",
    points=3,
    source="document 002, variational families (line 849); Rezende and Mohamed 2015, appendix",
    shape="a scalar",
    reference=flows.radial_beta_hat,
    cases=(
        Draw("a negative beta_raw", GENERIC, draw_radial_parameters(-3, -0.5), {}),
        Draw("a positive beta_raw", GENERIC, draw_radial_parameters(0.5, 3), {}),
        Draw("another alpha", GENERIC, draw_radial_parameters(-1, 1, (3.5, 6)), {}),
        Draw("beta_raw close to 1000", EDGE, draw_radial_parameters(800, 1000), {}),
        Draw("beta_raw far below 0", EDGE, draw_radial_parameters(-60, -30), {}),
    ),
    float32=0.1,
    tolerance="a softplus and a difference of two numbers of the same size: measured below a tenth of the tolerance",
    mistakes=(
        Wrong(
            "radial_plus_alpha",
            lambda alpha, beta_raw: alpha + softplus(beta_raw),
            "alpha is added; it is subtracted. Yours is never below alpha, and the flow can only push outwards.",
        ),
        Wrong(
            "radial_no_alpha",
            lambda alpha, beta_raw: softplus(beta_raw) + 0 * alpha,
            "alpha does not enter: yours is never negative, and the flow can only push outwards. The bound is -alpha.",
        ),
        Wrong(
            "radial_raw",
            lambda alpha, beta_raw: beta_raw + 0 * alpha,
            "You returned beta_raw as it is: below -alpha the flow is not invertible.",
        ),
        Wrong(
            "radial_raw_shifted",
            lambda alpha, beta_raw: beta_raw - alpha,
            "The softplus is missing: beta_raw - alpha may lie below -alpha.",
        ),
        Wrong(
            "radial_clipped",
            lambda alpha, beta_raw: np.maximum(beta_raw, -alpha),
            "You cut beta_raw off at -alpha: there the flow is singular, and no gradient comes through.",
        ),
        Wrong(
            "radial_exp",
            lambda alpha, beta_raw: np.exp(beta_raw) - alpha,
            "You used exp instead of softplus: it explodes where beta_raw is large.",
        ),
        Wrong(
            "radial_softplus_of_alpha",
            lambda alpha, beta_raw: softplus(beta_raw) - softplus(alpha),
            "alpha is positive already and used as it is: you took its softplus.",
        ),
        Wrong(
            "radial_minus_one",
            lambda alpha, beta_raw: softplus(beta_raw) - 1 + 0 * alpha,
            "The bound here is -alpha; -1 is that of the planar flow.",
        ),
        Wrong(
            "radial_softplus_overflow",
            lambda alpha, beta_raw: np.log(1 + np.exp(beta_raw)) - alpha,
            "log(1 + exp(beta_raw)) overflows where beta_raw is large: tf.nn.softplus does not.",
        ),
    ),
)


# radial_forward


def radius(z, z_ref):
    return np.linalg.norm(z - z_ref, axis=-1)


def radial(z, z_ref, alpha, beta_hat, r=None):
    h = 1 / (alpha + (radius(z, z_ref) if r is None else r))
    return z + beta_hat * h[:, None] * (z - z_ref)


def draw_radial(low, high, alpha=(0.5, 2.0), spread=1.5):
    """Returns a draw of (z, z_ref, alpha, beta_hat), beta_hat in units of alpha."""

    def draw(generator, B, K):
        scale, z_ref = float(generator.uniform(*alpha)), generator.normal(0, 1, K)
        z = z_ref + spread * generator.normal(0, 1, (B, K))
        return z, z_ref, scale, float(scale * generator.uniform(low, high))

    return draw


def draw_at_centre(generator, B, K):
    """The first example is the centre itself, to the last bit of float32."""
    z, z_ref, alpha, beta_hat = draw_radial(-0.8, 2)(generator, B, K)
    z_ref = z_ref.astype(np.float32).astype(float)
    return np.concatenate([z_ref[None], z[1:]]), z_ref, alpha, beta_hat


RADIAL_CASES = (
    Draw("beta_hat above 0", GENERIC, draw_radial(0.5, 3), {"B": 5, "K": 3}),
    Draw("beta_hat below 0", GENERIC, draw_radial(-0.9, -0.3), {"B": 4, "K": 5}),
    Draw("a large alpha", GENERIC, draw_radial(0.5, 2, (2.5, 5)), {"B": 3, "K": 4}),
    Draw("z at the centre", EDGE, draw_at_centre, {"B": 5, "K": 4}),
    Draw("beta_hat close to -alpha", EDGE, draw_radial(-0.99, -0.98), {"B": 3, "K": 7}),
    Draw("far from the centre", EDGE, draw_radial(0.5, 3, spread=20.0), {"B": 4, "K": 3}),
)

radial_forward = Task(
    name="radial_forward",
    points=4,
    source=FLOWS_SOURCE,
    shape="[B,K]",
    reference=flows.radial_forward,
    cases=RADIAL_CASES,
    float32=0.1,
    tolerance="a norm, a division, a product and a sum: measured below a tenth of the tolerance",
    mistakes=(
        Wrong(
            "radial_direction_z",
            lambda z, z_ref, alpha, beta_hat: z + beta_hat * z / (alpha + radius(z, z_ref))[:, None],
            "You move along z. The flow moves away from its centre, along z - z_ref.",
        ),
        Wrong(
            "radial_squared_radius",
            lambda z, z_ref, alpha, beta_hat: radial(z, z_ref, alpha, beta_hat, radius(z, z_ref) ** 2),
            "r is the distance from the centre; you used its square.",
        ),
        Wrong(
            "radial_alpha_beta_swapped",
            lambda z, z_ref, alpha, beta_hat: radial(z, z_ref, beta_hat, alpha),
            "alpha and beta_hat have changed places.",
        ),
        Wrong(
            "radial_l1_norm",
            lambda z, z_ref, alpha, beta_hat: radial(z, z_ref, alpha, beta_hat, total(np.abs(z - z_ref))),
            "r is the Euclidean distance; you added the absolute values of the differences.",
        ),
        Wrong(
            "radial_minus",
            lambda z, z_ref, alpha, beta_hat: radial(z, z_ref, alpha, -beta_hat),
            "The step is subtracted: a positive beta_hat pushes away from the centre.",
        ),
        Wrong(
            "radial_centre_ignored",
            lambda z, z_ref, alpha, beta_hat: radial(z, 0 * z_ref, alpha, beta_hat),
            "z_ref does not enter: your flow is centred at the origin.",
        ),
        Wrong(
            "radial_forgot_residual",
            lambda z, z_ref, alpha, beta_hat: radial(z, z_ref, alpha, beta_hat) - z,
            "z itself is missing: the flow adds its step to z.",
        ),
        Wrong(
            "radial_from_the_centre",
            lambda z, z_ref, alpha, beta_hat: radial(z, z_ref, alpha, beta_hat) - z + z_ref,
            "The step is added to z_ref; it is added to z.",
        ),
        Wrong(
            "radial_unit_direction",
            lambda z, z_ref, alpha, beta_hat: (
                z + beta_hat * (z - z_ref) / (radius(z, z_ref) * (alpha + radius(z, z_ref)))[:, None]
            ),
            "You divide z - z_ref by its length as well. The step must vanish at the centre, where it has no direction.",
        ),
        Wrong(
            "radial_one_radius_for_the_batch",
            lambda z, z_ref, alpha, beta_hat: radial(
                z, z_ref, alpha, beta_hat, np.linalg.norm(z - z_ref) + np.zeros(len(z))
            ),
            "You took one norm over the whole batch: r belongs to each example, so the norm is over the last axis.",
        ),
    ),
)


# radial_log_det


def radial_parts(z, z_ref, alpha, beta_hat, r=None):
    """Returns (1 + beta_hat h, 1 + beta_hat h + beta_hat h' r): how lengths change across the radius and along it."""
    r = radius(z, z_ref) if r is None else r
    h = 1 / (alpha + r)
    return 1 + beta_hat * h, 1 + beta_hat * h - beta_hat * h**2 * r


def with_combination(combine):
    """Returns `radial_log_det` that puts K and the logarithms of the two parts together in another way."""
    return lambda z, *rest: combine(z.shape[-1], *np.log(radial_parts(z, *rest)))


def with_along(change):
    """Returns `radial_log_det` with another radial part: 1 + beta_hat h + change(beta_hat, h, r)."""

    def formula(z, z_ref, alpha, beta_hat):
        r = radius(z, z_ref)
        h = 1 / (alpha + r)
        return (z.shape[-1] - 1) * np.log(1 + beta_hat * h) + np.log(1 + beta_hat * h + change(beta_hat, h, r))

    return formula


def with_parts(across, along):
    """Returns `radial_log_det` with something else, of (beta_hat, h), for beta_hat h across the radius and along it."""

    def formula(z, z_ref, alpha, beta_hat):
        r = radius(z, z_ref)
        h = 1 / (alpha + r)
        return (z.shape[-1] - 1) * np.log(1 + across(beta_hat, h)) + np.log(
            1 + along(beta_hat, h) - beta_hat * h**2 * r
        )

    return formula


def with_radius(r):
    """Returns `radial_log_det` with another radius, `r(z, z_ref)`."""

    def formula(z, z_ref, alpha, beta_hat):
        across_radius, along = radial_parts(z, z_ref, alpha, beta_hat, r(z, z_ref))
        return (z.shape[-1] - 1) * np.log(across_radius) + np.log(along)

    return formula


radial_log_det_right = with_radius(radius)


def ratio_of_radii(z, z_ref, alpha, beta_hat):
    """The part across the radius as the ratio of two radii, which has no value at the centre."""
    _, along = radial_parts(z, z_ref, alpha, beta_hat)
    ratio = radius(radial(z, z_ref, alpha, beta_hat), z_ref) / radius(z, z_ref)
    return (z.shape[-1] - 1) * np.log(ratio) + np.log(along)


radial_log_det = Task(
    name="radial_log_det",
    points=8,
    source=FLOWS_SOURCE,
    shape="[B]",
    reference=flows.radial_log_det,
    cases=RADIAL_CASES,
    float32=0.2,
    tolerance="where beta_hat is close to -alpha some digits of 1 + beta_hat h are lost: 1e-5 of the value is left",
    mistakes=(
        Wrong(
            "rld_sign",
            lambda *inputs: -radial_log_det_right(*inputs),
            "You returned minus the log determinant: it is that of the forward map.",
        ),
        Wrong(
            "rld_power_d",
            with_combination(lambda K, across, along: K * across + along),
            "The power is K - 1: of the K directions one is the radius, and that has a factor of its own.",
        ),
        Wrong(
            "rld_missing_radial_factor",
            with_combination(lambda K, across, along: (K - 1) * across),
            "The radial factor is missing: along the radius lengths change by 1 + beta_hat h + beta_hat h' r.",
        ),
        Wrong(
            "rld_only_radial_factor",
            with_combination(lambda K, across, along: along),
            "Only the radial factor is there: across the radius there are K - 1 directions more, each with 1 + beta_hat h.",
        ),
        Wrong(
            "rld_power_missing",
            with_combination(lambda K, across, along: across + along),
            "The power K - 1 is missing: your answer is right in the plane only.",
        ),
        Wrong(
            "rld_isotropic",
            with_combination(lambda K, across, along: K * across),
            "You took h for a constant. It depends on r, and its derivative changes lengths along the radius.",
        ),
        Wrong(
            "rld_hprime_sign",
            with_along(lambda beta_hat, h, r: beta_hat * h**2 * r),
            "h' is negative: -1 / (alpha + r)^2.",
        ),
        Wrong(
            "rld_hprime_not_times_r",
            with_along(lambda beta_hat, h, r: -beta_hat * h**2),
            "r is missing behind h': the derivative of h(r) r is h + h' r.",
        ),
        Wrong(
            "rld_hprime_not_squared",
            with_along(lambda beta_hat, h, r: -beta_hat * h * r),
            "The derivative of 1 / (alpha + r) is minus its square; you took minus h itself.",
        ),
        Wrong(
            "rld_alpha_missing",
            with_along(lambda beta_hat, h, r: beta_hat * h**2 - beta_hat * h),
            "Your radial factor is 1 + beta_hat h^2, or has r before h^2. It is 1 + beta_hat h + beta_hat h' r, which put "
            "together is 1 + alpha beta_hat h^2.",
            also=(with_along(lambda beta_hat, h, r: r * beta_hat * h**2 - beta_hat * h),),
        ),
        Wrong(
            "rld_beta_without_h",
            with_parts(lambda beta_hat, h: beta_hat, lambda beta_hat, h: beta_hat),
            "beta_hat stands where beta_hat h belongs, across the radius, along it or both: the factors are 1 + beta_hat h and "
            "1 + beta_hat h + beta_hat h' r.",
            also=(
                with_parts(lambda beta_hat, h: beta_hat, lambda beta_hat, h: beta_hat * h),
                with_parts(lambda beta_hat, h: beta_hat * h, lambda beta_hat, h: beta_hat),
            ),
        ),
        Wrong(
            "rld_no_log",
            lambda z, *rest: (lambda parts: parts[0] ** (z.shape[-1] - 1) * parts[1])(radial_parts(z, *rest)),
            "You returned the determinant; its logarithm is asked for.",
        ),
        Wrong(
            "rld_squared_radius",
            with_radius(lambda z, z_ref: radius(z, z_ref) ** 2),
            "r is the distance from the centre; you used its square.",
        ),
        Wrong(
            "rld_centre_ignored",
            with_radius(lambda z, z_ref: radius(z, 0 * z_ref)),
            "z_ref does not enter: r is the distance from the flow's centre.",
        ),
        Wrong(
            "rld_one_radius_for_the_batch",
            with_radius(lambda z, z_ref: np.linalg.norm(z - z_ref) + np.zeros(len(z))),
            "You took one norm over the whole batch: r belongs to each example.",
        ),
        Wrong(
            "rld_at_output",
            lambda z, z_ref, alpha, beta_hat: radial_log_det_right(
                radial(z, z_ref, alpha, beta_hat), z_ref, alpha, beta_hat
            ),
            "You evaluate r at the output of the flow. The Jacobian is that of the forward map at its input.",
            "document 002, lines 839 to 847; errata E-002-17",
        ),
        Wrong(
            "rld_ratio_of_radii",
            ratio_of_radii,
            "You divide by r, which is 0 at the centre: the answer is NaN there. 1 + beta_hat h has no such division.",
        ),
        Wrong(
            "rld_alpha_beta_swapped",
            lambda z, z_ref, alpha, beta_hat: radial_log_det_right(z, z_ref, beta_hat, alpha),
            "alpha and beta_hat have changed places.",
        ),
    ),
)


# coupling


def concatenate_halves(first, second):
    return np.concatenate([first, second], axis=-1)


def coupling(z, change, first=lambda half: half):
    """Returns z with its second half changed."""
    return concatenate_halves(first(z[:, :2]), change(z[:, 2:]))


def draw_coupling(low, high, shift=1.5, spread=1.5):
    return lambda generator, B: (
        generator.normal(0, spread, (B, 4)),
        generator.uniform(low, high, (B, 2)),
        generator.normal(0, shift, (B, 2)),
    )


COUPLING_CASES = (
    Draw("log_scale of both signs", GENERIC, draw_coupling(-1.5, 1.5), {"B": 5}),
    Draw("log_scale above 0", GENERIC, draw_coupling(0.2, 2), {"B": 3}),
    Draw("log_scale below 0", GENERIC, draw_coupling(-2, -0.2), {"B": 7}),
    Draw("log_scale of +-8", EDGE, draw_coupling(-8, 8), {"B": 9}),
    Draw("no shift", EDGE, draw_coupling(-1, 1, shift=0.0), {"B": 6}),
)
COUPLING_SOURCE = "document 002, variational families (line 851)"


def interleaved_coupling(z, log_scale, shift):
    moved = z.copy()
    moved[:, 1::2] = z[:, 1::2] * np.exp(log_scale) + shift
    return moved


coupling_forward = Task(
    name="coupling_forward",
    points=3,
    source=COUPLING_SOURCE,
    shape="[B,4]",
    reference=flows.coupling_forward,
    cases=COUPLING_CASES,
    float32=0.1,
    tolerance="one exponential, one product, one sum: measured below a tenth of the tolerance",
    mistakes=(
        Wrong(
            "coupling_shift_first",
            lambda z, log_scale, shift: coupling(z, lambda half: (half + shift) * np.exp(log_scale)),
            "You shift before you scale: scale first, so that the shift arrives as it is.",
        ),
        Wrong(
            "coupling_transforms_both_halves",
            lambda z, log_scale, shift: coupling(
                z, lambda half: half * np.exp(log_scale) + shift, lambda half: half * np.exp(log_scale) + shift
            ),
            "The first half changes too. It must stay: log_scale and shift are computed from it, and the inverse needs it.",
        ),
        Wrong(
            "coupling_wrong_half",
            lambda z, log_scale, shift: concatenate_halves(z[:, :2] * np.exp(log_scale) + shift, z[:, 2:]),
            "You changed the first half and left the second: it is the other way round.",
        ),
        Wrong(
            "coupling_interleaved",
            interleaved_coupling,
            "You changed every second entry. The halves are the first two entries and the last two.",
        ),
        Wrong(
            "coupling_halves_swapped",
            lambda z, log_scale, shift: concatenate_halves(z[:, 2:] * np.exp(log_scale) + shift, z[:, :2]),
            "The halves have changed places in what you return: the swap stands between layers, not in this one.",
        ),
        Wrong(
            "coupling_no_exp",
            lambda z, log_scale, shift: coupling(z, lambda half: half * log_scale + shift),
            "You multiplied by log_scale itself; the scale is its exponential, so that it is never 0.",
        ),
        Wrong(
            "coupling_scale_sign",
            lambda z, log_scale, shift: coupling(z, lambda half: half * np.exp(-log_scale) + shift),
            "You divided by the scale: forward multiplies by exp(log_scale).",
        ),
        Wrong(
            "coupling_minus_shift",
            lambda z, log_scale, shift: coupling(z, lambda half: half * np.exp(log_scale) - shift),
            "The shift is subtracted; forward adds it.",
        ),
        Wrong(
            "coupling_no_shift",
            lambda z, log_scale, shift: coupling(z, lambda half: half * np.exp(log_scale)),
            "The shift is missing.",
        ),
        Wrong(
            "coupling_no_residual",
            lambda z, log_scale, shift: coupling(z, lambda half: half + np.exp(log_scale) + shift),
            "exp(log_scale) is added; it multiplies the second half.",
        ),
    ),
)

coupling_inverse = Task(
    name="coupling_inverse",
    points=3,
    source=COUPLING_SOURCE,
    shape="[B,4]",
    reference=flows.coupling_inverse,
    cases=COUPLING_CASES,
    float32=0.1,
    tolerance="one exponential, one difference, one product: measured below a tenth of the tolerance",
    mistakes=(
        Wrong(
            "inverse_is_forward",
            lambda z, log_scale, shift: coupling(z, lambda half: half * np.exp(log_scale) + shift),
            "That is the forward map once more.",
        ),
        Wrong(
            "inverse_scale_sign",
            lambda z, log_scale, shift: coupling(z, lambda half: (half - shift) * np.exp(log_scale)),
            "You multiply by the scale; the inverse divides by it.",
        ),
        Wrong(
            "inverse_shift_after_scale",
            lambda z, log_scale, shift: coupling(z, lambda half: half * np.exp(-log_scale) - shift),
            "You divide before you take the shift away. What was done last is undone first: the shift.",
        ),
        Wrong(
            "inverse_plus_shift",
            lambda z, log_scale, shift: coupling(z, lambda half: (half + shift) * np.exp(-log_scale)),
            "The shift is added again; the inverse takes it away.",
        ),
        Wrong(
            "inverse_both_halves",
            lambda z, log_scale, shift: coupling(
                z, lambda half: (half - shift) * np.exp(-log_scale), lambda half: (half - shift) * np.exp(-log_scale)
            ),
            "The first half changes too: forward left it alone, so the inverse does.",
        ),
        Wrong(
            "inverse_wrong_half",
            lambda z, log_scale, shift: concatenate_halves((z[:, :2] - shift) * np.exp(-log_scale), z[:, 2:]),
            "You changed the first half and left the second: it is the other way round.",
        ),
        Wrong(
            "inverse_no_shift",
            lambda z, log_scale, shift: coupling(z, lambda half: half * np.exp(-log_scale)),
            "The shift is missing.",
        ),
        Wrong(
            "inverse_no_exp",
            lambda z, log_scale, shift: coupling(z, lambda half: (half - shift) / log_scale),
            "You divided by log_scale itself; the scale is its exponential.",
        ),
        Wrong(
            "inverse_of_minus",
            lambda z, log_scale, shift: coupling(z, lambda half: -half * np.exp(log_scale) - shift),
            "You negated the forward map. The inverse takes its output back to its input.",
        ),
    ),
)

coupling_log_det = Task(
    name="coupling_log_det",
    points=3,
    source="document 000, line 97; document 002, variational families (line 851)",
    shape="[B]",
    reference=flows.coupling_log_det,
    cases=tuple(
        replace(case, draw=lambda generator, B, drawn=case.draw: drawn(generator, B)[1:2])
        for case in (*COUPLING_CASES[:4], Draw("log_scale close to 0", EDGE, draw_coupling(-0.01, 0.01), {"B": 6}))
    ),
    float32=0.1,
    tolerance="a sum of two numbers: measured below a tenth of the tolerance",
    mistakes=(
        Wrong(
            "coupling_logdet_exp",
            lambda log_scale: total(np.exp(log_scale)),
            "You added the scales. The determinant is their product, and its logarithm the sum of log_scale.",
        ),
        Wrong(
            "coupling_logdet_det_not_log",
            lambda log_scale: np.exp(total(log_scale)),
            "You returned the determinant; its logarithm is asked for.",
        ),
        Wrong(
            "coupling_logdet_sign",
            lambda log_scale: -total(log_scale),
            "That is the log determinant of the inverse: the one of the forward map has a plus.",
        ),
        Wrong(
            "coupling_logdet_abs",
            lambda log_scale: total(np.abs(log_scale)),
            "You took absolute values of log_scale. The scale is an exponential and positive already; its logarithm may be "
            "negative.",
            also=(lambda log_scale: np.abs(total(log_scale)),),
        ),
        Wrong(
            "coupling_logdet_logabs_s",
            lambda log_scale: total(np.log(np.abs(log_scale))),
            "You took a logarithm again: log_scale is one.",
        ),
        Wrong(
            "coupling_logdet_mean",
            lambda log_scale: log_scale.mean(axis=-1),
            "You averaged over the two entries; sum over them.",
        ),
        Wrong(
            "coupling_logdet_both_halves",
            lambda log_scale: 2 * total(log_scale),
            "Each log_scale counts twice: the first half is not scaled, and adds 0.",
        ),
        Wrong(
            "coupling_logdet_first_only",
            lambda log_scale: log_scale[:, 0],
            "Only the first of the two scales counts in your answer.",
        ),
    ),
)


# iaf_step


def iaf(z, m, s, gate=expit, log_det=log_expit):
    """Returns the two outputs of `iaf_step`, with another gate or another logarithm of it."""
    g = gate(s)
    return g * z + (1 - g) * m, total(log_det(s))


def draw_iaf(low, high):
    return lambda generator, B, K: (
        generator.normal(0, 1.3, (B, K)),
        generator.normal(0, 1.3, (B, K)),
        generator.uniform(low, high, (B, K)),
    )


def draw_shut(generator, B, K):
    """Gates of every kind, and one for each example that is shut: s = -1000."""
    z, m, s = draw_iaf(-3, 3)(generator, B, K)
    s[:, generator.integers(K)] = -1000
    return z, m, s


def draw_open(generator, B, K):
    z, m, s = draw_iaf(-3, 3)(generator, B, K)
    return z, m, np.where(generator.random((B, K)) < 0.5, 1000, s)


iaf_step = Task(
    name="iaf_step",
    points=6,
    source="document 002, variational families (line 850)",
    shape="[B,K] and [B]",
    outputs=("z_new", "log_det"),
    reference=flows.iaf_step,
    cases=(
        Draw("gates of every kind", GENERIC, draw_iaf(-3, 3), {"B": 5, "K": 3}),
        Draw("gates more open than shut", GENERIC, draw_iaf(0.3, 3), {"B": 4, "K": 7}),
        Draw("gates more shut than open", GENERIC, draw_iaf(-4, -0.3), {"B": 3, "K": 5}),
        Draw("s = -1000", EDGE, draw_shut, {"B": 7, "K": 4}),
        Draw("s = 1000", EDGE, draw_open, {"B": 3, "K": 4}),
    ),
    float32=0.3,
    tolerance="a sigmoid, two products and a sum, which may cancel: measured 0.25 of the tolerance for m + g (z - m)",
    mistakes=(
        Wrong(
            "iaf_logdet_sign",
            lambda z, m, s: iaf(z, m, s, log_det=lambda s: -log_expit(s)),
            "Your log_det has the wrong sign: a gate below 1 shrinks space, and the logarithm of the gate is negative.",
        ),
        Wrong(
            "iaf_logdet_sigma_not_log",
            lambda z, m, s: iaf(z, m, s, log_det=expit),
            "Your log_det adds the gates themselves; it is the sum of their logarithms.",
        ),
        Wrong(
            "iaf_logdet_is_sum_of_s",
            lambda z, m, s: iaf(z, m, s, log_det=lambda s: s),
            "Your log_det is the sum of s, as if the gate were exp(s); it is a sigmoid.",
        ),
        Wrong(
            "iaf_logdet_of_other_gate",
            lambda z, m, s: iaf(z, m, s, log_det=lambda s: log_expit(-s)),
            "Your log_det has the logarithm of one minus the gate. What multiplies z is the gate.",
        ),
        Wrong(
            "iaf_log_of_sigmoid",
            lambda z, m, s: iaf(z, m, s, log_det=lambda s: np.log(expit(s))),
            "The logarithm of a sigmoid that has become 0 is minus infinity (or what you clipped it to): log sigmoid(s) is "
            "-softplus(-s), which is finite.",
            also=tuple(
                lambda z, m, s, change=change: iaf(z, m, s, log_det=lambda s: np.log(change(expit(s))))
                for change in (
                    *(lambda g, eps=eps: g + eps for eps in (1e-5, 1e-6, 1e-7, 1e-8, 1e-10, 1e-12)),
                    *(lambda g, eps=eps: np.maximum(g, eps) for eps in (1e-6, 1e-7, 1e-8, 1e-12)),
                )
            ),
        ),
        Wrong(
            "iaf_no_gate_on_m",
            lambda z, m, s: (expit(s) * z + m, total(log_expit(s))),
            "m enters whole. It gets what the gate leaves of z: (1 - g) m.",
        ),
        Wrong(
            "iaf_gate_swapped",
            lambda z, m, s: iaf(z, m, s, gate=lambda s: expit(-s)),
            "The gate is the wrong way round: g multiplies z, and 1 - g multiplies m.",
        ),
        Wrong(
            "iaf_both_gates",
            lambda z, m, s: (expit(s) * (z + m), total(log_expit(s))),
            "The gate multiplies both; m gets 1 - g.",
        ),
        Wrong(
            "iaf_exp_form",
            lambda z, m, s: (z * np.exp(s) + m, total(s)),
            "That is the other form, z exp(s) + m, or its inverse. This course uses the gated one, which cannot blow up.",
            also=(lambda z, m, s: ((z - m) * np.exp(-s), -total(s)),),
        ),
        Wrong(
            "iaf_no_sigmoid",
            lambda z, m, s: iaf(z, m, s, gate=lambda s: s, log_det=lambda s: np.log(np.abs(s))),
            "s itself is your gate: its sigmoid is the gate, between 0 and 1.",
            also=(lambda z, m, s: iaf(z, m, s, gate=lambda s: s, log_det=np.log),),
        ),
    ),
)


# leapfrog_step


def leapfrog(z, v, step, score, before=0.5, after=0.5, late=True):
    """Returns the leapfrog step with other shares of the velocity's two parts; `late`: the second at the new place."""
    halfway = v + before * step * score(z)
    moved = z + step * halfway
    return moved, halfway + after * step * score(moved if late else z)


def drift_first(z, v, step, score):
    halfway = z + 0.5 * step * v
    pushed = v + step * score(halfway)
    return halfway + 0.5 * step * pushed, pushed


def draw_leapfrog(low, high, spread=1.2, steep=1.0):
    """Returns a draw of (z, v, step, score): the score of a Gaussian, A negative definite."""

    def draw(generator, d):
        M = generator.normal(0, 1, (d, d))
        A = -steep * (M @ M.T / d + 0.3 * np.eye(d))
        z, v = spread * generator.normal(0, 1, (2, d))
        return z, v, float(generator.uniform(low, high)), BuiltArgument("affine", (A, generator.normal(0, 1, d)))

    return draw


def draw_flat(generator, d):
    """A score of 0 everywhere: the velocity stays, the position drifts."""
    z, v, step, score = draw_leapfrog(0.1, 0.6)(generator, d)
    return z, v, step, BuiltArgument("affine", tuple(0 * array for array in score.arrays))


leapfrog_step = Task(
    name="leapfrog_step",
    points=3,
    source="document 002, variational families (line 849)",
    shape="[d] and [d]",
    outputs=("z_new", "v_new"),
    reference=flows.leapfrog_step,
    cases=(
        Draw("a small step", GENERIC, draw_leapfrog(0.1, 0.3), {"d": 3}),
        Draw("a large step", GENERIC, draw_leapfrog(0.5, 0.9), {"d": 5}),
        Draw("a steep density", GENERIC, draw_leapfrog(0.2, 0.4, steep=4.0), {"d": 4}),
        Draw("a flat density", EDGE, draw_flat, {"d": 7}),
        Draw("far from the mode", EDGE, draw_leapfrog(0.2, 0.5, spread=15.0), {"d": 6}),
    ),
    float32=0.2,
    tolerance="two products of small matrices and sums of a few terms, which may cancel",
    mistakes=(
        Wrong(
            "leap_euler",
            lambda z, v, step, score: (z + step * v, v + step * score(z)),
            "That is Euler's step: both move with what was known before. It does not keep volume, so its log determinant is "
            "not 0.",
        ),
        Wrong(
            "leap_no_half_steps",
            lambda *inputs: leapfrog(*inputs, before=1.0, after=1.0),
            "The velocity makes two whole steps: each is a half, before and after the position's.",
        ),
        Wrong(
            "leap_symplectic_euler",
            lambda *inputs: leapfrog(*inputs, before=1.0, after=0.0),
            "The velocity makes one whole step at once: half of it comes before the position's step and half after. Yours "
            "keeps volume, but forth and back it does not return.",
            also=(lambda *inputs: leapfrog(*inputs, before=0.0, after=1.0),),
        ),
        Wrong(
            "leap_missing_final_half",
            lambda *inputs: leapfrog(*inputs, after=0.0),
            "The velocity's last half step is missing.",
        ),
        Wrong(
            "leap_missing_first_half",
            lambda *inputs: leapfrog(*inputs, before=0.0),
            "The velocity's first half step is missing: the position moves with the velocity that it leads to.",
        ),
        Wrong(
            "leap_final_score_at_old_place",
            lambda *inputs: leapfrog(*inputs, late=False),
            "The last half step uses the score at the old place; it is that of the new one.",
        ),
        Wrong(
            "leap_sign",
            lambda z, v, step, score: leapfrog(z, v, step, lambda z: -score(z)),
            "The score enters with a minus: yours climbs down the density. score is the gradient of log p, not of an energy.",
        ),
        Wrong(
            "leap_drift_first",
            drift_first,
            "Your position makes the half steps and the velocity the whole one. That keeps volume too, and is another step.",
        ),
        Wrong(
            "leap_position_with_old_velocity",
            lambda z, v, step, score: (z + step * v, leapfrog(z, v, step, score)[1]),
            "The position moves with the old velocity: it is the one after the first half step.",
            also=(lambda z, v, step, score: (z + step * v, v + 0.5 * step * (score(z) + score(z + step * v))),),
        ),
        Wrong(
            "leap_backwards",
            lambda z, v, step, score: leapfrog(z, v, -step, score),
            "You go back in time: the step enters with a minus.",
        ),
    ),
)


# flow_log_q


def draw_flow(scale, spread, mean=0.2):
    return lambda generator, B, F: (generator.normal(-4, scale, B), generator.normal(mean, spread, (B, F)))


flow_log_q = Task(
    name="flow_log_q",
    points=3,
    source="document 000, Listing 1 (line 122); document 002, lines 834 to 847",
    shape="[B]",
    reference=flows.flow_log_q,
    cases=(
        Draw("log determinants of both signs", GENERIC, draw_flow(1.5, 0.8), {"B": 5, "F": 3}),
        Draw("flows that spread", GENERIC, draw_flow(1.5, 0.3, 1.0), {"B": 3, "F": 4}),
        Draw("flows that gather", GENERIC, draw_flow(1.5, 0.3, -1.0), {"B": 4, "F": 7}),
        Draw("flows that keep volume", EDGE, draw_flow(1.5, 0.0, 0.0), {"B": 7, "F": 5}),
        Draw("large log determinants", EDGE, draw_flow(5, 20.0), {"B": 3, "F": 5}),
    ),
    float32=0.1,
    tolerance="a sum of at most eight numbers: measured below a tenth of the tolerance",
    mistakes=(
        Wrong(
            "flow_logdet_added",
            lambda log_q0, log_dets: log_q0 + total(log_dets),
            "The log determinants are added. Where a flow spreads space out the density gets lower: they are subtracted.",
            "document 002, lines 834 to 847; errata E-002-17",
        ),
        Wrong(
            "flow_only_last_layer",
            lambda log_q0, log_dets: log_q0 - log_dets[:, -1],
            "Only the last step of the flow counts in your answer: every one changes the density.",
        ),
        Wrong(
            "flow_only_first_layer",
            lambda log_q0, log_dets: log_q0 - log_dets[:, 0],
            "Only the first step of the flow counts in your answer: every one changes the density.",
        ),
        Wrong(
            "flow_mean_logdet",
            lambda log_q0, log_dets: log_q0 - log_dets.mean(axis=-1),
            "You averaged the log determinants over the steps; determinants multiply, so their logarithms add.",
        ),
        Wrong(
            "flow_log_of_sum_det",
            lambda log_q0, log_dets: log_q0 - np.log(total(np.exp(log_dets))),
            "You took the logarithm of the sum of the determinants; they multiply, so it is the sum of the logarithms.",
        ),
        Wrong(
            "flow_logdet_not_log",
            lambda log_q0, log_dets: log_q0 - np.exp(total(log_dets)),
            "You subtracted the determinant from a logarithm.",
        ),
        Wrong(
            "flow_absolute_logdets",
            lambda log_q0, log_dets: log_q0 - total(np.abs(log_dets)),
            "You took absolute values of the log determinants. The absolute value is that of the determinant, inside the "
            "logarithm, and has been taken.",
        ),
        Wrong(
            "flow_logdets_of_the_batch",
            lambda log_q0, log_dets: log_q0 - log_dets.sum(),
            "You summed the log determinants over the batch too: each example has its own.",
        ),
        Wrong(
            "flow_log_q_is_q0",
            lambda log_q0, log_dets: log_q0 + 0 * log_dets[:, 0],
            "The log determinants do not enter: that is the density before the flow, at another point.",
        ),
    ),
)


# flow_prior_term


def draw_two_places(scale, other):
    return lambda generator, B, K: (generator.normal(0, scale, (B, K)), generator.normal(0, other, (B, K)))


flow_prior_term = Task(
    name="flow_prior_term",
    points=1,
    source="document 000, line 95 and Listing 1 (lines 123 and 124); errata E-000-15",
    shape="[B]",
    reference=flows.flow_prior_term,
    cases=(
        Draw("places of the size of 1", GENERIC, draw_two_places(1, 1), {"B": 5, "K": 3}),
        Draw("a flow that spreads", GENERIC, draw_two_places(1, 2.5), {"B": 4, "K": 5}),
        Draw("a flow that gathers", GENERIC, draw_two_places(2, 0.4), {"B": 3, "K": 4}),
        Draw("zK of 0", EDGE, draw_two_places(1, 0), {"B": 3, "K": 7}),
        Draw("zK far out", EDGE, draw_two_places(1, 20), {"B": 5, "K": 4}),
    ),
    float32=0.1,
    tolerance="a sum of squares: measured below a tenth of the tolerance",
    mistakes=(
        Wrong(
            "flow_prior_at_z0",
            lambda z0, zK: -0.5 * total(LOG_2PI + z0**2),
            "You evaluated the prior at z0. The decoder is given zK, so the prior is that of zK.",
            "document 000, line 95; errata E-000-15",
        ),
        Wrong(
            "flow_prior_of_difference",
            lambda z0, zK: -0.5 * total(LOG_2PI + (zK - z0) ** 2),
            "You put N(z0, I) instead of the prior: it is N(0, I), and z0 does not enter.",
        ),
        Wrong(
            "flow_prior_positive_exponent",
            lambda z0, zK: -0.5 * total(LOG_2PI - zK**2),
            "The minus of the exponent is lost: a density falls away from its mode.",
            "document 003, eq. 5; errata E-003-01",
        ),
        Wrong(
            "flow_prior_2pi_missing",
            lambda z0, zK: -0.5 * total(zK**2),
            "log 2 pi is missing, once for each dimension.",
        ),
        Wrong(
            "flow_prior_2pi_once",
            lambda z0, zK: -0.5 * LOG_2PI - 0.5 * total(zK**2),
            "log 2 pi stands in your answer once; it belongs to each of the K dimensions.",
        ),
        Wrong(
            "flow_prior_not_halved",
            lambda z0, zK: -total(0.5 * LOG_2PI + zK**2),
            "The 1/2 of the exponent is missing.",
        ),
        Wrong(
            "flow_prior_at_both",
            lambda z0, zK: -0.5 * total(2 * LOG_2PI + z0**2 + zK**2),
            "You added the prior at z0. It is evaluated once, at zK.",
        ),
    ),
)


# flow_free_energy


def energy(log_q0, log_dets, log_p_zK, log_py_given_zK, det=1, prior=1, lik=1, entropy=1):
    """Returns `flow_free_energy` for each example, its terms weighted: the right weights are 1."""
    return entropy * log_q0 - det * total(log_dets) - prior * log_p_zK - lik * log_py_given_zK


def with_weights(**weights):
    return lambda *terms: np.mean(energy(*terms, **weights))


def with_kl(change):
    """Returns `flow_free_energy` with the one-sample KL of each example changed."""
    return lambda *terms: np.mean(change(energy(*terms, lik=0)) - terms[3])


def draw_energy(spread, det=0.3, width=0.8):
    return lambda generator, B, F: (
        generator.normal(-4, spread, B),
        generator.normal(det, width, (B, F)),
        generator.normal(-5, spread, B),
        -generator.exponential(1.2, B),
    )


flow_free_energy = Task(
    name="flow_free_energy",
    points=8,
    source="document 000, section 6 (line 92)",
    shape="[]",
    reference=flows.flow_free_energy,
    cases=(
        Draw("log determinants of both signs", GENERIC, draw_energy(2), {"B": 5, "F": 3}),
        Draw("flows that spread", GENERIC, draw_energy(2, 1.0, 0.3), {"B": 7, "F": 4}),
        Draw("flows that gather", GENERIC, draw_energy(2, -1.0, 0.3), {"B": 3, "F": 5}),
        Draw("flows that keep volume", EDGE, draw_energy(2, 0.0, 0.0), {"B": 4, "F": 7}),
        Draw("large terms", EDGE, draw_energy(40, 0.0, 20.0), {"B": 5, "F": 4}),
    ),
    float32=0.1,
    tolerance="a mean of sums of at most ten numbers: measured below a tenth of the tolerance",
    mistakes=(
        Wrong(
            "flow_fe_negated",
            lambda *terms: -np.mean(energy(*terms)),
            "You returned the bound, which is to be maximised: the free energy is its negative.",
            "document 000, Listing 1 (line 130); errata E-000-21",
        ),
        Wrong(
            "flow_fe_ce_sign",
            with_weights(lik=-1),
            "log_py_given_zK is added. It is minus the cross-entropy, and a loss contains the cross-entropy.",
            "document 000, line 96; errata E-000-14",
        ),
        Wrong(
            "flow_fe_prior_added",
            with_weights(prior=-1),
            "log_p_zK is added; the free energy has it with a minus, as it has all of log p(y, z).",
        ),
        Wrong(
            "flow_fe_logdet_added",
            with_weights(det=-1),
            "The log determinants are added; they are subtracted, as in log q_K.",
        ),
        Wrong(
            "flow_fe_logdet_missing",
            with_weights(det=0),
            "The log determinants are missing: the flow is then free to shrink everything to a point.",
        ),
        Wrong(
            "flow_fe_logdet_mean",
            lambda log_q0, log_dets, *rest: np.mean(energy(log_q0, log_dets / log_dets.shape[-1], *rest)),
            "You averaged the log determinants over the steps of the flow; sum over them.",
        ),
        Wrong(
            "flow_fe_logdet_last_step",
            lambda log_q0, log_dets, *rest: np.mean(energy(log_q0, log_dets[:, -1:], *rest)),
            "Only the last step's log determinant counts in your answer: sum over all.",
        ),
        Wrong(
            "flow_fe_entropy_missing",
            with_weights(entropy=0),
            "log_q0 is missing: without it q shrinks to a point.",
        ),
        Wrong(
            "flow_fe_prior_missing",
            with_weights(prior=0),
            "log_p_zK is missing: nothing keeps zK where the prior has mass.",
        ),
        Wrong(
            "flow_fe_likelihood_missing",
            with_weights(lik=0),
            "log_py_given_zK is missing: only the KL is left, and y is never looked at.",
        ),
        Wrong(
            "flow_fe_listing1_copy",
            lambda log_q0, log_dets, log_p_zK, log_py_given_zK: np.mean(-log_p_zK),
            "Only the prior is left in your answer, as in line 125 of Listing 1, which has log q_K once more instead of "
            "log p(y|zK): the two cancel.",
            "document 000, Listing 1 (line 125); errata E-000-19",
        ),
        Wrong(
            "flow_fe_recon_summed_over_batch",
            lambda log_q0, log_dets, log_p_zK, log_py: np.mean(energy(log_q0, log_dets, log_p_zK, log_py.sum())),
            "That is the reduction of Listing 1: the cross-entropy is summed over the batch, and the sum added to each "
            "example's own KL. The loss then depends on the size of the batch.",
            "document 000, Listing 1 (lines 112 and 127); errata E-000-18",
        ),
        Wrong(
            "flow_fe_sum_over_batch",
            lambda *terms: np.sum(energy(*terms)),
            "You summed over the batch: average, so that a step does not grow with it.",
        ),
        Wrong(
            "flow_fe_kl_clipped",
            with_kl(lambda kl: np.maximum(kl, 0)),
            "You cut the KL of each example off at 0. With one sample it may well be negative; only its mean may not, and "
            "cutting it off makes that too large.",
            "document 000, Listing 1 (line 126); errata E-000-24",
        ),
        Wrong(
            "flow_fe_kl_absolute",
            with_kl(np.abs),
            "You took the absolute value of the KL of each example. With one sample it may well be negative: leave it.",
            "document 000, Listing 1 (line 126); errata E-000-24",
        ),
        Wrong(
            "flow_fe_first_example",
            lambda *terms: energy(*terms)[0],
            "Only the first example counts in your answer: average over the batch.",
        ),
    ),
)


# What holds besides the values.


class Reference(classifiers.Reference):
    """What the examinations of flows take for right."""

    @staticmethod
    def log_normal(z, mu, log_var):
        return flows.gaussian_log_pdf(z, mu, np.exp(log_var)).numpy()

    @staticmethod
    def log_prior(z0, zK):
        return flows.flow_prior_term(z0, zK).numpy()

    @staticmethod
    def function(name):
        """Returns the reference of an earlier question, which takes what students get."""
        return lambda *arguments: getattr(flows, name)(
            *(to_float64(round_to_float32(argument)) for argument in arguments)
        )


def jacobian_property(forward, log_det, shapes, **options):
    """Returns the property that `log_det` is the log determinant of `forward`, worth one point."""
    return Property(
        "log_det_is_jacobian",
        1,
        "The log determinant must be that of the Jacobian of the forward map at its input: central differences of the map say "
        "another number. log_q built on it would be no density.",
        "document 000, line 97; document 002, lines 839 to 847",
        "jacobian",
        {"forward": forward, "log_det": log_det, "shapes": shapes, **options},
        OF_VALUES,
    )


def with_property(task, item):
    return replace(task, properties=(item,), oracle=Reference)


planar_log_det = with_property(
    planar_log_det, jacobian_property("planar_forward", "planar_log_det", [[12, 3], [3], [3], []])
)
radial_log_det = with_property(
    radial_log_det, jacobian_property("radial_forward", "radial_log_det", [[12, 3], [3], [], []], positive=[2, 3])
)
coupling_log_det = with_property(
    coupling_log_det, jacobian_property("coupling_forward", "coupling_log_det", [[12, 4], [12, 2], [12, 2]], given=[1])
)
iaf_step = with_property(iaf_step, jacobian_property("iaf_step", "iaf_step", [[12, 3], [12, 3], [12, 3]], outputs=2))
coupling_inverse = with_property(
    coupling_inverse,
    Property(
        "inverts_the_forward_map",
        1,
        "coupling_inverse must take the output of coupling_forward back to its input, with the same log_scale and shift.",
        COUPLING_SOURCE,
        "inverse",
        {"forward": "coupling_forward", "inverse": "coupling_inverse", "shapes": [[5, 4], [5, 2], [5, 2]]},
        OF_VALUES,
    ),
)
leapfrog_step = with_property(
    leapfrog_step,
    Property(
        "returns",
        1,
        "A step, the velocity turned round, and the same step again must end where they began: leapfrog is reversible. That "
        "and the kept volume are why it can serve as a flow.",
        FLOWS_SOURCE,
        "reversible",
        {"name": "leapfrog_step", "size": 5},
        OF_VALUES,
    ),
)


# The model.

MODEL_SOURCE = "document 000, section 6 (lines 92 to 97) and Listing 1"
FLOWS = ("planar", "radial", "coupling", "iaf")
SIZES = [[9, 4, 5, [7, 6], [[1, 7], [1, 3]]]]
PREDICTED = [[9, 4, 5, [7], [[3, 7], [4, 3]]]]
SCALED_LOG_DETS = (
    Mistake("log_det_not_log", "The determinant stands where its logarithm belongs."),
    Mistake(
        "log_det_doubled", "The log determinant is twice what it should be: the determinant is squared, or added twice."
    ),
    Mistake(
        "log_det_averaged",
        "The log determinant is averaged over the steps or over the dimensions: sum over both of them.",
    ),
)
TERMS = (
    Mistake("beta_not_kept", "model.beta is not the beta that the model was made with."),
    Mistake(
        "terms_draw_their_own_noise",
        "free_energy_terms draws noise of its own: the same arguments gave two values. Use the eps that is given.",
        "document 003, eq. 22",
    ),
    Mistake(
        "log_q0_squared_variance",
        "In log_q0 the square stands around the variance too: it is (z0 - mu)^2 / sigma^2.",
        "document 000, line 94; errata E-000-13",
    ),
    Mistake(
        "log_q0_log_var_as_log_sigma", "In log_q0 log_var is taken for log sigma: its exponential is the variance."
    ),
    Mistake("log_q0_of_sigma", "In log_q0 the standard deviation stands where the variance belongs."),
    Mistake(
        "log_q0_at_zK", "log_q0 is evaluated at zK. It is the density before the flow, at z0.", "document 000, line 94"
    ),
    Mistake("log_q0_is_the_prior", "log_q0 is the prior's density at z0: mu and log_var do not enter."),
    Mistake("log_q0_at_the_mean", "log_q0 is the density at mu, where it is largest: it is that of the sample z0."),
    Mistake(
        "log_q0_log_var_missing",
        "In log_q0 the logarithm of the variance is missing: what you have is the density of eps, not that of z0.",
        "document 000, line 94; errata E-000-13",
    ),
    Mistake(
        "log_q0_log_var_negated", "In log_q0 the logarithm of the variance has the wrong sign: a wide density is low."
    ),
    Mistake(
        "log_q0_is_log_qK",
        "log_q0 holds the log determinants already; they are returned beside it, and would count twice.",
        "document 000, Listing 1 (lines 121 and 122)",
    ),
    Mistake(
        "log_det_negated", "The log determinants have the wrong sign: they are those of the forward map, z0 to zK."
    ),
    Mistake("log_det_missing", "The log determinants are 0: the flow moves points, and its density does not know."),
    *SCALED_LOG_DETS,
    Mistake(
        "prior_at_z0",
        "The prior is evaluated at z0. The decoder is given zK, so the prior is that of zK.",
        "document 000, line 95; errata E-000-15",
    ),
    Mistake("prior_is_q0", "The prior is q_0: it is N(0, I), whatever the encoder says."),
    Mistake(
        "prior_holds_log_det",
        "log_p_zK holds the log determinants too. The prior's density at zK knows of no flow; they are returned beside it.",
        "document 000, Listing 1 (lines 121 and 122)",
    ),
    Mistake(
        "likelihood_is_log_qK",
        "In the place of log p(y|zK) stands log q_K once more, as in line 125 of Listing 1.",
        "document 000, Listing 1 (line 125); errata E-000-19",
    ),
    Mistake(
        "cross_entropy_for_likelihood",
        "The last term is the cross-entropy. It is the log-likelihood, its negative.",
        "document 000, line 96; errata E-000-14",
    ),
    Mistake(
        "decoder_given_z0", "The decoder is given z0: the flow does not reach it.", "document 000, Listing 1 (line 118)"
    ),
    Mistake(
        "no_gradient_through_a_term",
        "A term of the free energy has no gradient: it is right as a number, and training does not hear of it "
        "(stop_gradient, NumPy).",
        "document 003, lines 128 to 159",
    ),
    Mistake(
        "log_2pi_missing",
        "A log density has no constant: -1/2 log 2 pi is missing, once for each latent dimension. In the difference of log_q0 "
        "and log_p_zK it cancels; each by itself must have it.",
        "document 000, line 94",
    ),
    Mistake(
        "half_missing",
        "In a log density a factor 1/2 is missing: it stands before the squared distance, before the logarithm of the "
        "variance, and before log 2 pi.",
        "document 000, line 94",
    ),
    Mistake("term_in_bits", "A term is in bits, divided by log 2. Terms are in nats, with natural logarithms."),
    Mistake(
        "terms_in_another_order",
        "The terms are right, and in another order: (log_q0, sum_log_det, log_p_zK, log_py_given_zK) is asked for.",
    ),
    Mistake("term_negated", "A term has the wrong sign."),
    Mistake("term_averaged_over_dimensions", "A log density is averaged over the latent dimensions: sum over them."),
    Mistake("term_averaged_over_batch", "A term is averaged over the batch: keep one number per example."),
    Mistake("term_summed_over_batch", "A term is summed over the batch: keep one number per example."),
)
DIVERGENCE = (
    classifiers.KL_RUNS_AWAY,
    Mistake(
        "kl_without_log_det",
        "The log determinants are missing from the kl of the loss: it is log q_0 - log p(zK), and the flow is pushed towards "
        "the prior for nothing.",
        "document 000, section 6 (line 92), Listing 1 (line 122)",
    ),
    Mistake(
        "kl_with_log_det_added",
        "In the kl of the loss the log determinants have the wrong sign: log q_K = log q_0 minus their sum.",
        "document 000, section 6 (line 92), Listing 1 (line 122)",
    ),
)
# What any of the four examinations of a flow may find.
ANY_FLOW = (
    Mistake(
        "flow_is_identity",
        "zK is z0, but perhaps for the order of its dimensions: no step of the flow is applied, whatever its weights are.",
    ),
    Mistake("flow_ignores_z0", "zK is the same wherever z0 lies: z0 is lost on the way, and no flow is left."),
    Mistake(
        "flow_ignores_weights",
        "The flow does not come from the model's trainable weights. Its parameters may be constants, may be frozen "
        "(trainable = False), or may be held where Keras does not find them: in a tf.Variable, in one of TensorFlow "
        "Probability's networks, in a layer that is no attribute. Make them outputs of Keras layers.",
        "document 000, section 6 (line 92)",
    ),
    Mistake(
        "not_finite_nearby",
        "NaN or infinite values come out as soon as all weights are moved a little, as training moves them. Look for a "
        "division by what may be 0, the logarithm of what may be negative, and exponentials without a bound.",
    ),
)
FLOWING = (
    Mistake(
        "log_det_negated",
        "The log determinant has the wrong sign: it is that of the forward map, z0 to zK. The density is divided by the "
        "determinant; the log determinant itself has no minus.",
        "document 002, lines 839 to 847; errata E-002-17",
    ),
    Mistake("log_det_missing", "The log determinant is 0: the flow moves points, and its density does not know."),
    *SCALED_LOG_DETS,
    Mistake("log_det_in_bits", "The log determinant is in bits, divided by log 2. Take natural logarithms."),
    Mistake(
        "log_dets_not_added",
        "With one step the log determinant is right, with two it is not: the sum over the steps is asked for, of each at the "
        "point that the step before it came to.",
        "document 000, line 97; document 002, lines 839 to 847",
    ),
    Mistake(
        "log_det_not_finite",
        "The log determinant is NaN or infinite where the map itself is fine: a logarithm is taken of what is 0 or negative. "
        "Constrain the parameters (u_hat, beta_hat, a positive scale), and take the logarithm of the absolute value.",
        "document 002, lines 836 to 849",
    ),
    Mistake(
        "log_det_is_constant",
        "The determinant of your map is one constant, the same for all images and points: nothing is squeezed or stretched. A "
        "step scales (gates, bends) by an amount that depends on z and x.",
        "document 000, line 97; document 002, lines 839 to 851",
    ),
    Mistake(
        "flow_folds",
        "The flow is not invertible: it folds space. Constrain its parameters (u_hat, beta_hat, a positive scale); else "
        "several z0 come to one zK, and log q_K is not its log density.",
        "document 002, lines 836 to 849",
    ),
)
STEPS = {
    "planar": "one planar step, whose u, w and b come from the image",
    "radial": "one radial step, whose centre, alpha and beta come from the image",
    "coupling": "one coupling layer: half of z stays, the other is scaled and shifted",
    "iaf": "one iaf_step, with gates between 0 and 1 and m, s of the dimensions before",
}
OTHER_COUNTS = {
    "planar": " With num_flows=0 there is none, and each more has its own direction.",
    "radial": " With num_flows=2 each has its own centre.",
    "coupling": " With num_flows=2 the second moves the other half.",
    "iaf": " With num_flows=2 the second sees the dimensions in reverse.",
}
OF_A_KIND = (
    Mistake(
        "affine_step",
        "One step is an affine map of z0: it keeps a Gaussian a Gaussian. Its amount must depend on z, as in the functions "
        "that you wrote above.",
        "document 000, line 97; document 002, lines 839 to 851",
    ),
    Mistake(
        "volume_ignores_z",
        "The determinant of one step is the same wherever z0 lies: the scales (or gates) must depend on the z that they may "
        "see, and not on x alone.",
        "document 000, line 97; document 002, lines 847 to 851",
    ),
    Mistake(
        "another_kind_of_step",
        "The steps are not of the kind that was asked for: each value of flow has a step of its own.",
        "document 002, lines 847 to 851",
    ),
    Mistake(
        "steps_not_counted",
        "num_flows is not the number of steps: with 0 of them zK is z0, and each more moves points in a way of its own. Where "
        "all are one and the same layer, as in [step] * num_flows, several do no more than one.",
    ),
    Mistake(
        "order_not_reversed",
        "After two steps one dimension of z still knows of no other. Either both steps see the dimensions in the same order "
        "(reverse it between steps), or only one step is there.",
        "document 002, line 850",
    ),
    Mistake(
        "half_never_moves",
        "After two coupling layers a dimension of z0 is still what it was. Either both leave the same half alone (let the "
        "halves change places between steps), or only one layer is there.",
        "document 002, line 849",
    ),
    Mistake(
        "radial_folds",
        "The radial step is not invertible: beta_hat must be above -alpha. Take -alpha + softplus of what the network says.",
        "document 002, line 849",
    ),
    Mistake(
        "shared_parameters",
        "The direction of the planar step, or that across its plane, is the same for all images: u and w must come from x.",
        "document 000, section 6 (line 92), Listing 1 (line 117); errata E-000-20",
    ),
)
CONDITIONED = (
    Mistake(
        "flow_ignores_x",
        "The flow does not depend on x: all images share one flow, as in FLOWS(z0) of Listing 1. Its parameters (or "
        "the context of its conditioner) come from x.",
        "document 000, section 6 (line 92), Listing 1 (line 117); errata E-000-20",
    ),
    Mistake(
        "log_det_ignores_x",
        "zK depends on x, and the determinant of a step does not: only shifts, or directions that do not count, come from x.",
        "document 000, section 6 (line 92); errata E-000-20",
    ),
)
BEFORE_THE_FLOW = Mistake(
    "prediction_before_the_flow",
    "predict_probs gives z0 to the decoder: the flow does not reach it. The decoder is given zK, of each sample.",
    "document 000, Listing 1 (line 118)",
)
UNTRAINED_FLOW = (
    Mistake(
        "flow_not_trained",
        "The flow does not learn: after a step of training the same z0 and x go to the same zK, though with other weights they "
        "go elsewhere. It may be that no gradient of the loss reaches it (stop_gradient, NumPy), or that the loss has no zK.",
        "document 000, section 6 (line 92)",
    ),
)


def log_det_property(flow):
    return Property(
        f"log_det_{flow}", 0.5,
        f"With flow={flow!r} the second output of transform must be the log determinant of the first's Jacobian in z0 at fixed "
        "x. The grader takes differences of transform itself.",
        "document 000, line 97; document 002, lines 839 to 849", "flow_log_det", {"flow": flow},
        (*FLOWING, *ANY_FLOW, *ANY_MODEL),
    )  # fmt: skip


def kind_property(flow):
    return Property(
        f"kind_{flow}", 0.25,
        f"With flow={flow!r} and num_flows=1 the map of an image must be {STEPS[flow]}."
        + OTHER_COUNTS[flow],
        "document 000, section 6 (lines 92 and 97); document 002, lines 847 to 851", "flow_kind", {"flow": flow},
        (*OF_A_KIND, *ANY_FLOW, *ANY_MODEL),
    )  # fmt: skip


def conditioned_property(flow):
    return Property(
        f"depends_on_x_{flow}", 0.5,
        f"With flow={flow!r} the same z0 with two images must give two zK, and a step two determinants.",
        "document 000, section 6 (line 92); errata E-000-20", "flow_depends_on_x", {"flow": flow},
        (*CONDITIONED, *ANY_FLOW, *ANY_MODEL),
    )  # fmt: skip


def weights_property(flow):
    return Property(
        f"weights_{flow}", 0.5,
        f"With flow={flow!r}, after one step of training every trainable weight must have moved, and so must what every "
        "part returns.",
        "document 002, lines 752 to 765; document 000, section 6 (line 92)", "flow_weights", {"flow": flow},
        (*UNTRAINED, *UNTRAINED_FLOW, *ANY_FLOW, *ANY_MODEL),
    )  # fmt: skip


prediction = classifiers.prediction_property(
    1, "document 000, section 5 (line 88); errata E-000-12", PREDICTED, examination="flow_prediction"
)
prediction = replace(prediction, mistakes=(*prediction.mistakes, BEFORE_THE_FLOW, *ANY_FLOW))

FlowVIB = Task(
    name="FlowVIB",
    points=10,
    source=MODEL_SOURCE,
    shape="",
    reference=None,
    cases=(),
    mistakes=(),
    properties=(
        Property(
            "free_energy_terms", 1,
            "free_energy_terms(x, y_onehot, eps) must be what your own encoder, transform and decoder give: log_q0 at z0, "
            "the sum of the log determinants, the log prior at zK and the log-likelihood of the label.",
            MODEL_SOURCE, "flow_terms", {"size_table": SIZES, "weight": 0.3},
            (*TERMS, *classifiers.CROSS_ENTROPY, *SAMPLED, *ANY_FLOW, *ANY_MODEL, *SQUASHED),
        ),
        classifiers.training_property(1, MODEL_SOURCE, (*DIVERGENCE, *ANY_FLOW), examination="flow_training"),
        prediction,
        *(of(flow) for flow in FLOWS for of in (log_det_property, kind_property, conditioned_property)),
        *(weights_property(flow) for flow in FLOWS),
    ),
    oracle=Reference,
    seconds=60,
)  # fmt: skip


assignment = Assignment(
    name="a06_flows",
    title="Normalizing flows, and the VIB with flows",
    tasks=(
        gaussian_log_pdf,
        planar_u_hat,
        planar_forward,
        planar_log_det,
        radial_beta_hat,
        radial_forward,
        radial_log_det,
        coupling_forward,
        coupling_inverse,
        coupling_log_det,
        iaf_step,
        leapfrog_step,
        flow_log_q,
        flow_prior_term,
        flow_free_energy,
        FlowVIB,
    ),
    manual=(
        Manual("why_w_u_above_minus_one", 5),
        Manual("what_flows_cost", 5),
        Manual("implicit_or_flow", 5),
        Manual("repair_listing_1", 10),
    ),
)
