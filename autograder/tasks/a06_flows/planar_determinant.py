"""The planar flow's log determinant."""

import numpy as np
from scipy.special import expit

from autograder.reference import flows

from ..formulas import total
from ..question import EDGE, GENERIC, Case, Domain, Formula, Question, wrong
from .oracle import Reference, jacobian_property
from .places import FREE_ENERGY, PLANAR_DETERMINANT
from .planar import across, constrained_dot, draw_planar, planar, set_part_along_w, sweep_planar

__all__ = ["planar_log_det"]


def slope(a) -> np.ndarray:
    """Returns the derivative of tanh."""
    return 1 - np.tanh(a) ** 2


def planar_det(z, u, w, b, derivative=slope) -> np.ndarray:
    """Returns the determinant, 1 + u.psi(z)."""
    return 1 + (w @ u) * derivative(across(z, w, b))


def log_abs(value) -> np.ndarray:
    return np.log(np.abs(value))


def with_derivative(derivative) -> Formula:
    return lambda z, u, w, b: log_abs(planar_det(z, u, w, b, derivative))


def with_dot(dot) -> Formula:
    """Returns `planar_log_det` with another number instead of w.u, `dot(u, w)`."""
    return lambda z, u, w, b: log_abs(1 + dot(u, w) * slope(across(z, w, b)))


planar_log_det = Question(
    name="planar_log_det",
    points=6,
    source=f"{FREE_ENERGY}; {PLANAR_DETERMINANT}",
    shape="[B]",
    reference=flows.planar_log_det,
    cases=(
        Case("w.u above -1", GENERIC, draw_planar(-0.8, -0.2), {"B": 5, "K": 3}),
        Case("determinants of both signs", GENERIC, draw_planar(-5, -2.5), {"B": 7, "K": 4}),
        Case("w.u above 0", GENERIC, draw_planar(0.5, 3), {"B": 3, "K": 5}),
        Case("b far from 0", EDGE, draw_planar(-4, -2, b_scale=2.0), {"B": 5, "K": 4}),
        Case("w.z + b of hundreds", EDGE, draw_planar(0.5, 2, 30.0, 8.0), {"B": 3, "K": 7}),
        Case("w.u of 5 to 10", EDGE, draw_planar(5, 10), {"B": 4, "K": 3}),
    ),
    float32=0.25,
    tolerance=(
        "1 - tanh^2 keeps 1e-7, which w.u multiplies; w.u is at least -5, "
        "and determinants are 0.05 away from 0"
    ),
    domain=Domain(sweep_planar),
    mistakes=wrong(
        logdet_sign_flipped=lambda z, u, w, b: -log_abs(planar_det(z, u, w, b)),
        logdet_no_abs=lambda z, u, w, b: np.log(planar_det(z, u, w, b)),
        logdet_abs_of_the_dot=lambda z, u, w, b: np.log(1 + np.abs(planar_det(z, u, w, b) - 1)),
        logdet_clipped=(
            lambda z, u, w, b: np.log(np.maximum(planar_det(z, u, w, b), 1e-6)),
            *(
                lambda z, u, w, b, eps=eps: np.log(np.maximum(planar_det(z, u, w, b), eps))
                for eps in (1e-3, 1e-4, 1e-7, 1e-8, 1e-10, 1e-12)
            ),
        ),
        logdet_no_log=lambda z, u, w, b: np.abs(planar_det(z, u, w, b)),
        logdet_tanh_not_derivative=with_derivative(np.tanh),
        logdet_derivative_wrong_1_minus_tanh=with_derivative(lambda a: 1 - np.tanh(a)),
        logdet_derivative_plus=with_derivative(lambda a: 1 + np.tanh(a) ** 2),
        logdet_derivative_of_sigmoid=with_derivative(lambda a: expit(a) * expit(-a)),
        logdet_sum_instead_of_dot=with_dot(lambda u, w: np.sum(w + u)),
        logdet_u_norm=with_dot(lambda u, w: u @ u),
        logdet_w_norm=with_dot(lambda u, w: w @ w),
        logdet_elementwise=lambda z, u, w, b: total(
            log_abs(1 + u * w * slope(across(z, w, b))[:, None])
        ),
        logdet_at_output=lambda z, u, w, b: log_abs(planar_det(planar(z, u, w, b), u, w, b)),
        logdet_trace_approx=lambda z, u, w, b: planar_det(z, u, w, b) - 1,
        logdet_forgot_bias=lambda z, u, w, b: log_abs(planar_det(z, u, w, 0.0)),
        logdet_constrains_u=lambda z, u, w, b: log_abs(
            planar_det(z, set_part_along_w(u, w, constrained_dot(w @ u)), w, b)
        ),
    ),
    properties=(jacobian_property("planar_forward", "planar_log_det", [[12, 3], [3], [3], []]),),
    oracle=Reference,
)
