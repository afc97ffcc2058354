"""The planar flow's log determinant."""

import numpy as np
from scipy.special import expit

from autograder.reference import flows

from ..formulas import total
from ..pictures import curve
from ..question import EDGE, GENERIC, Case, Domain, Question, wrong
from ..terms import intermediate, of_output, term
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
    keeps_formula=True,
    # One term: the determinant's two parts may be others, and the logarithm something else.
    terms=(
        of_output(
            {"z": "", "u": "", "w": "", "b": "mean"},
            term(
                "log_det",
                1,
                lambda z, u, w, b, dot, slope: log_abs(1 + dot * slope),
                "log |1 + w.u (1 - tanh^2)|",
                "the logarithm of the determinant",
            ),
            term(
                "det",
                0,
                lambda z, u, w, b, dot, slope: np.abs(1 + dot * slope),
                "|1 + w.u (1 - tanh^2)|",
                "the determinant itself",
            ),
            term(
                "trace",
                0,
                lambda z, u, w, b, dot, slope: dot * slope,
                "w.u (1 - tanh^2)",
                "the product of psi and u",
            ),
            term(
                "log_trace",
                0,
                lambda z, u, w, b, dot, slope: log_abs(dot * slope),
                "log |w.u (1 - tanh^2)|",
                "the logarithm of the product of psi and u alone",
            ),
            intermediates={
                "dot": intermediate(
                    lambda z, u, w, b: w @ u,
                    negated=(lambda z, u, w, b: -(w @ u), "the product of u and w has a minus"),
                    absolute=(
                        lambda z, u, w, b: np.abs(w @ u),
                        "the product of u and w is made positive",
                    ),
                    sum=(
                        lambda z, u, w, b: np.sum(w + u),
                        "the entries of u and w are added where their product belongs",
                    ),
                    u_norm=(
                        lambda z, u, w, b: u @ u,
                        "u.u stands where the product of u and w belongs",
                    ),
                    w_norm=(
                        lambda z, u, w, b: w @ w,
                        "w.w stands where the product of u and w belongs",
                    ),
                    left_out=(lambda z, u, w, b: 1.0, "the product of u and w is left out"),
                ),
                "slope": intermediate(
                    lambda z, u, w, b, dot: slope(across(z, w, b)),
                    tanh=(
                        lambda z, u, w, b, dot: np.tanh(across(z, w, b)),
                        "tanh stands where its derivative belongs",
                    ),
                    not_squared=(
                        lambda z, u, w, b, dot: 1 - np.tanh(across(z, w, b)),
                        "a square is missing in the derivative of tanh",
                    ),
                    plus=(
                        lambda z, u, w, b, dot: 1 + np.tanh(across(z, w, b)) ** 2,
                        "the derivative of tanh has a plus where a minus belongs",
                    ),
                    sigmoid=(
                        lambda z, u, w, b, dot: expit(across(z, w, b)) * expit(-across(z, w, b)),
                        "the derivative of the sigmoid stands where that of tanh belongs",
                    ),
                    rule_of_sigmoid=(
                        lambda z, u, w, b, dot: (
                            np.tanh(across(z, w, b)) * (1 - np.tanh(across(z, w, b)))
                        ),
                        "the derivative of tanh is formed by the rule of the sigmoid, t (1 - t)",
                    ),
                    left_out=(lambda z, u, w, b, dot: 1.0, "the derivative of tanh is left out"),
                ),
            },
        ),
    ),
    pictures=(
        curve(-3, 3, {"z": ["t", "t"]}, {"u": [1, 0.5], "w": [1.5, 0.5], "b": 0.5}),
        curve(-3, 3, {"z": ["t", "t"]}, {"u": [-2, 0.5], "w": [1.5, 0.5], "b": 0.5}),
    ),
    mistakes=wrong(
        logdet_sign_flipped="log_det:-1",
        logdet_no_abs=lambda z, u, w, b: np.log(planar_det(z, u, w, b)),
        logdet_abs_of_the_dot=lambda z, u, w, b: np.log(1 + np.abs(planar_det(z, u, w, b) - 1)),
        logdet_clipped=(
            lambda z, u, w, b: np.log(np.maximum(planar_det(z, u, w, b), 1e-6)),
            *(
                lambda z, u, w, b, eps=eps: np.log(np.maximum(planar_det(z, u, w, b), eps))
                for eps in (1e-3, 1e-4, 1e-7, 1e-8, 1e-10, 1e-12)
            ),
        ),
        logdet_no_log="log_det:det",
        logdet_tanh_not_derivative="slope_tanh",
        logdet_derivative_wrong_1_minus_tanh="slope_not_squared",
        logdet_derivative_plus="slope_plus",
        logdet_derivative_of_sigmoid="slope_sigmoid",
        logdet_sum_instead_of_dot="dot_sum",
        logdet_u_norm="dot_u_norm",
        logdet_w_norm="dot_w_norm",
        logdet_elementwise=lambda z, u, w, b: total(
            log_abs(1 + u * w * slope(across(z, w, b))[:, None])
        ),
        logdet_at_output=lambda z, u, w, b: log_abs(planar_det(planar(z, u, w, b), u, w, b)),
        logdet_trace_approx="log_det:trace",
        logdet_forgot_bias="b_left_out",
        logdet_constrains_u=lambda z, u, w, b: log_abs(
            planar_det(z, set_part_along_w(u, w, constrained_dot(w @ u)), w, b)
        ),
    ),
    properties=(jacobian_property("planar_forward", "planar_log_det", [[12, 3], [3], [3], []]),),
    oracle=Reference,
)
