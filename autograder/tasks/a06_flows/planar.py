"""The planar flow: its constraint and its forward map."""

import numpy as np
from scipy.special import expit

from autograder.reference import flows

from ..domains import DIMS, spread
from ..formulas import Numbers, softplus
from ..pictures import curve, points
from ..question import EDGE, GENERIC, Arguments, Case, Domain, Draw, Formula, Question, wrong
from ..terms import intermediate, of_output, term
from .places import PLANAR, PLANAR_BOUND

__all__ = [
    "across",
    "constrained_dot",
    "draw_planar",
    "planar",
    "planar_forward",
    "planar_u_hat",
    "set_part_along_w",
    "sweep_planar",
]

# planar_u_hat


def constrained_dot(a) -> Numbers:
    """Returns what w.u_hat is where w.u is `a`."""
    return softplus(a) - 1


def with_step_along_w(step) -> Formula:
    """Returns `planar_u_hat` that goes `step(a, norm of w)` along w, a = w.u."""
    return lambda u, w: u + step(w @ u, np.linalg.norm(w)) * w


def set_part_along_w(u, w, a) -> np.ndarray:
    """Returns `u` with its part along `w` changed so that w.u = a.

    Args:
        u: Shape `[K]`.
        w: Not 0. Shape `[K]`.
        a: A float.
    """
    return u + (a - w @ u) * w / (w @ w)


def draw_u(low, high, scale=1.0, spread=1.0) -> Draw:
    """Returns a draw of (u, w) with w.u between `low` and `high`."""

    def draw(generator, K) -> Arguments:
        w, u = scale * generator.normal(0, 1, K), spread * generator.normal(0, 1, K)
        # Away from the length 1, at which powers of the length are all the same.
        w *= max(1, 1.3 * scale / np.linalg.norm(w))
        return set_part_along_w(u, w, generator.uniform(low, high)), w

    return draw


def sweep_direction(generator, low=-30, high=30) -> Arguments:
    w = generator.normal(0, 1, DIMS)
    w *= max(1, 1 / np.linalg.norm(w))
    u, wanted = generator.normal(0, 1, DIMS), float(np.clip(spread(generator, 30, ()), low, high))
    return u + (wanted - u @ w) * w / (w @ w), w


planar_u_hat = Question(
    name="planar_u_hat",
    points=4,
    source=PLANAR_BOUND,
    shape="[K]",
    reference=flows.planar_u_hat,
    cases=(
        Case("w.u below -1", GENERIC, draw_u(-5, -1.5), {"K": 3}),
        Case("w.u between -1 and 0", GENERIC, draw_u(-0.9, -0.1), {"K": 5}),
        Case("w.u above 0", GENERIC, draw_u(0.3, 3), {"K": 4}),
        Case("w.u far below -1", EDGE, draw_u(-40, -20), {"K": 7}),
        Case("w.u close to 1000", EDGE, draw_u(800, 1000, 3.0), {"K": 5}),
        Case("a short w", EDGE, draw_u(-3, -1.5, 0.05), {"K": 6}),
    ),
    float32=0.2,
    tolerance=(
        "the step along w is a difference of numbers of the size of w.u: float32 keeps 1e-7 of it"
    ),
    domain=Domain(sweep_direction, num_draws=57),
    terms=(
        of_output(
            {"u": "", "w": ""},
            term("u", 1, lambda u, w, dot, unit: u, "u", "u itself"),
            term(
                "softplus",
                1,
                lambda u, w, dot, unit: softplus(dot) * unit,
                "softplus(w.u) w / (norm of w)^2",
                "the softplus",
            ),
            term("one", -1, lambda u, w, dot, unit: unit, "w / (norm of w)^2", "the -1 of m"),
            term(
                "dot",
                -1,
                lambda u, w, dot, unit: dot * unit,
                "(w.u) w / (norm of w)^2",
                "the w.u that is subtracted",
            ),
            term(
                "exponential",
                0,
                lambda u, w, dot, unit: np.exp(dot) * unit,
                "exp(w.u) w / (norm of w)^2",
                "the exponential of w.u",
            ),
            term(
                "positive_part",
                0,
                lambda u, w, dot, unit: np.maximum(dot, 0) * unit,
                "max(w.u, 0) w / (norm of w)^2",
                "the positive part of w.u",
            ),
            term(
                "clipped",
                0,
                lambda u, w, dot, unit: np.maximum(dot, -1) * unit,
                "max(w.u, -1) w / (norm of w)^2",
                "the larger of w.u and -1",
            ),
            one_a_case=True,
            intermediates={
                "dot": intermediate(
                    lambda u, w: w @ u,
                    negated=(lambda u, w: -(w @ u), "w.u has the opposite sign"),
                    sum=(lambda u, w: np.sum(u), "the sum of u stands where w.u belongs"),
                    u_norm=(lambda u, w: u @ u, "u.u stands where w.u belongs"),
                ),
                "unit": intermediate(
                    lambda u, w, dot: w / (w @ w),
                    rooted=(
                        lambda u, w, dot: w / np.linalg.norm(w),
                        "w is divided by its length and not by the square of it",
                    ),
                    whole=(lambda u, w, dot: w, "w is not divided by the square of its length"),
                    along_u=(
                        lambda u, w, dot: u / (u @ u),
                        "the step goes along u, divided by the square of its length",
                    ),
                    all_ones=(
                        lambda u, w, dot: np.ones_like(w) / (w @ w),
                        "the step does not have the direction of w",
                    ),
                ),
            },
        ),
    ),
    pictures=(points(-4, 3, {"u": ["t", 0], "w": [1, 0.5]}, column=0),),
    mistakes=wrong(
        planar_uhat_softplus_without_minus1="one:0",
        planar_uhat_forgot_subtract_wu="dot:0",
        planar_uhat_along_u="unit_along_u",
        planar_uhat_clipped=with_step_along_w(lambda a, norm: (np.maximum(a, -1) - a) / norm**2),
        planar_uhat_only_where_needed=with_step_along_w(
            lambda a, norm: (constrained_dot(a) - a) / norm**2 if a < -1 else 0.0
        ),
        planar_uhat_not_normalised="unit_whole",
        planar_uhat_norm_not_squared="unit_rooted",
        planar_uhat_sign=with_step_along_w(lambda a, norm: -(constrained_dot(a) - a) / norm**2),
        planar_uhat_unchanged=lambda u, w: u + 0 * w,
        planar_uhat_overflow=with_step_along_w(
            lambda a, norm: (np.log(1 + np.exp(a)) - 1 - a) / norm**2
        ),
    ),
)


# planar_forward


def across(z, w, b) -> np.ndarray:
    """Returns w.z + b of each example. Shape `[B]`.

    Args:
        z: Shape `[B, K]`.
        w: Shape `[K]`.
        b: A float.
    """
    return z @ w + b


def planar(z, u_hat, w, b, bend=np.tanh) -> np.ndarray:
    """Returns z + bend(w.z + b) u_hat. Shape `[B, K]`.

    Args:
        z: Inputs. Shape `[B, K]`.
        u_hat: Direction of the flow. Shape `[K]`.
        w: Normal of its plane. Shape `[K]`.
        b: Place of the plane. A float.
        bend: What stands for tanh.
    """
    return z + bend(across(z, w, b))[:, None] * u_hat


def tanh_by_hand(a) -> np.ndarray:
    return (np.exp(a) - np.exp(-a)) / (np.exp(a) + np.exp(-a))


def draw_planar(low, high, z_scale=1.2, w_scale=1.0, b_scale=1.0) -> Draw:
    """Returns a draw of (z, u, w, b), away from where the determinant is 0.

    Args:
        low: The least w.u.
        high: The largest.
        z_scale: Standard deviation of z.
        w_scale: Standard deviation of w.
        b_scale: Standard deviation of b.
    """

    def draw(generator, B, K) -> Arguments:
        while True:
            u, w = draw_u(low, high, w_scale)(generator, K)
            z, b = generator.normal(0, z_scale, (B, K)), float(generator.normal(0, b_scale))
            if (
                np.min(np.abs(1 + (w @ u) / np.cosh(np.clip(across(z, w, b), -300, 300)) ** 2))
                > 0.05
            ):
                return z, u, w, b

    return draw


def draw_at_origin(generator, B, K) -> Arguments:
    z, u, w, b = draw_planar(-0.8, 2)(generator, B, K)
    return 0 * z, u, w, b


def sweep_planar(generator) -> Arguments:
    """Away from where the determinant is 0."""
    u, w = sweep_direction(generator, -5, 10)
    z, b = spread(generator, 3), float(generator.normal(0, 2))
    det = 1 + (w @ u) / np.cosh(np.clip(z @ w + b, -300, 300)) ** 2
    return z[np.abs(det) > 0.05], u, w, b


planar_forward = Question(
    name="planar_forward",
    points=2,
    source=PLANAR,
    shape="[B,K]",
    reference=flows.planar_forward,
    cases=(
        Case("w.u_hat above -1", GENERIC, draw_planar(-0.8, 2), {"B": 5, "K": 3}),
        Case("w.u_hat below -1", GENERIC, draw_planar(-4, -1.5), {"B": 4, "K": 5}),
        Case("a long w", GENERIC, draw_planar(0.5, 3, w_scale=2.5), {"B": 3, "K": 4}),
        Case("z of 0", EDGE, draw_at_origin, {"B": 5, "K": 4}),
        Case("w.z + b of hundreds", EDGE, draw_planar(0.5, 2, 30.0, 8.0), {"B": 3, "K": 7}),
    ),
    float32=0.1,
    tolerance="one product of small vectors, one tanh: measured below a tenth of the tolerance",
    domain=Domain(sweep_planar),
    terms=(
        of_output(
            {"z": "", "u_hat": "", "w": "", "b": "mean"},
            term("z", 1, lambda z, u_hat, w, b, bend: z, "z", "z itself"),
            term(
                "step",
                1,
                lambda z, u_hat, w, b, bend: bend * u_hat,
                "u_hat tanh(w.z + b)",
                "the step",
            ),
            term("b", 0, lambda z, u_hat, w, b, bend: b, "b", "b, for all points alike"),
            term(
                "along_w",
                0,
                lambda z, u_hat, w, b, bend: bend * w,
                "w tanh(w.z + b)",
                "a step along w",
            ),
            term(
                "u_hat", 0, lambda z, u_hat, w, b, bend: u_hat, "u_hat", "u_hat, without the bend"
            ),
            swaps=(("u_hat", "w"),),
            intermediates={
                "bend": intermediate(
                    lambda z, u_hat, w, b: np.tanh(across(z, w, b))[:, None],
                    sigmoid=(
                        lambda z, u_hat, w, b: expit(across(z, w, b))[:, None],
                        "a sigmoid stands where tanh belongs",
                    ),
                    relu=(
                        lambda z, u_hat, w, b: np.maximum(across(z, w, b), 0)[:, None],
                        "a ReLU stands where tanh belongs",
                    ),
                    linear=(
                        lambda z, u_hat, w, b: across(z, w, b)[:, None],
                        "w.z + b stands there without tanh",
                    ),
                    slope=(
                        lambda z, u_hat, w, b: 1 - np.tanh(across(z, w, b))[:, None] ** 2,
                        "the derivative of tanh stands where tanh belongs",
                    ),
                    elementwise=(
                        lambda z, u_hat, w, b: np.tanh(z * w + b),
                        "w and z are multiplied entry by entry",
                    ),
                    of_the_batch=(
                        lambda z, u_hat, w, b: np.tanh(across(z, w, b)).mean(),
                        "tanh is averaged over the batch",
                    ),
                    sum=(
                        lambda z, u_hat, w, b: np.tanh(z.sum(axis=-1) + b)[:, None],
                        "the sum of z stands where w.z belongs",
                    ),
                )
            },
        ),
    ),
    pictures=(
        curve(-3, 3, {"z": ["t", "t"]}, {"u_hat": [1, 0.5], "w": [1.5, -1], "b": 0.5}, column=0),
    ),
    mistakes=wrong(
        planar_forgot_residual="z:0",
        planar_minus="step:-1",
        planar_sigmoid="bend_sigmoid",
        planar_relu="bend_relu",
        planar_linear="bend_linear",
        planar_elementwise_w="bend_elementwise",
        planar_bias_outside=lambda z, u_hat, w, b: z + np.tanh(z @ w)[:, None] * u_hat + b,
        planar_bias_missing="b_left_out",
        planar_u_and_w_swapped="u_hat_and_w",
        planar_constrains_again=lambda z, u_hat, w, b: planar(
            z, set_part_along_w(u_hat, w, constrained_dot(w @ u_hat)), w, b
        ),
        planar_tanh_by_hand=lambda z, u_hat, w, b: planar(z, u_hat, w, b, tanh_by_hand),
        planar_one_step_for_the_batch="bend_of_the_batch",
    ),
    twins=tuple(
        (
            f"{transformation} of planar_one_step_for_the_batch",
            transformation,
            "the mean step has the sum of the steps for its sum",
        )
        for transformation in (
            "transformation_averaged_over_batch",
            "transformation_summed_over_batch",
        )
    ),
)
