"""The inverse autoregressive step and the leapfrog step."""

import numpy as np
from scipy.special import expit, log_expit
from vikit.judging import Property
from vikit.protocol.wire import BuiltArgument

from autograder.reference import flows

from ..domains import DIMS, spread
from ..formulas import Numbers, total
from ..question import EDGE, GENERIC, Arguments, Case, Domain, Draw, Question, wrong
from .oracle import Reference, jacobian_property
from .places import HAMILTONIAN, IAF

__all__ = ["iaf_step", "leapfrog_step"]

# iaf_step


def iaf(z, m, s, gate=expit, log_det=log_expit) -> tuple[np.ndarray, Numbers]:
    """Returns the two outputs of `iaf_step`, with another gate or another logarithm of it."""
    g = gate(s)
    return g * z + (1 - g) * m, total(log_det(s))


def draw_iaf(low, high) -> Draw:
    return lambda generator, B, K: (
        generator.normal(0, 1.3, (B, K)),
        generator.normal(0, 1.3, (B, K)),
        generator.uniform(low, high, (B, K)),
    )


def draw_shut(generator, B, K) -> Arguments:
    """Gates of every kind, and one for each example that is shut: s = -1000."""
    z, m, s = draw_iaf(-3, 3)(generator, B, K)
    s[:, generator.integers(K)] = -1000
    return z, m, s


def draw_open(generator, B, K) -> Arguments:
    z, m, s = draw_iaf(-3, 3)(generator, B, K)
    return z, m, np.where(generator.random((B, K)) < 0.5, 1000, s)


def sweep_gates(generator) -> Arguments:
    return spread(generator, 40), spread(generator, 40), spread(generator, 1000)


iaf_step = Question(
    name="iaf_step",
    points=4,
    source=IAF,
    shape="[B,K] and [B]",
    outputs=("z_new", "log_det"),
    reference=flows.iaf_step,
    cases=(
        Case("gates of every kind", GENERIC, draw_iaf(-3, 3), {"B": 5, "K": 3}),
        Case("gates more open than shut", GENERIC, draw_iaf(0.3, 3), {"B": 4, "K": 7}),
        Case("gates more shut than open", GENERIC, draw_iaf(-4, -0.3), {"B": 3, "K": 5}),
        Case("s = -1000", EDGE, draw_shut, {"B": 7, "K": 4}),
        Case("s = 1000", EDGE, draw_open, {"B": 3, "K": 4}),
    ),
    float32=0.3,
    tolerance=(
        "a sigmoid, two products and a sum, which may cancel: "
        "measured 0.25 of the tolerance for m + g (z - m)"
    ),
    domain=Domain(sweep_gates),
    mistakes=wrong(
        iaf_logdet_sign=lambda z, m, s: iaf(z, m, s, log_det=lambda s: -log_expit(s)),
        iaf_logdet_sigma_not_log=lambda z, m, s: iaf(z, m, s, log_det=expit),
        iaf_logdet_is_sum_of_s=lambda z, m, s: iaf(z, m, s, log_det=lambda s: s),
        iaf_logdet_of_other_gate=lambda z, m, s: iaf(z, m, s, log_det=lambda s: log_expit(-s)),
        iaf_log_of_sigmoid=(
            lambda z, m, s: iaf(z, m, s, log_det=lambda s: np.log(expit(s))),
            *(
                lambda z, m, s, change=change: iaf(
                    z, m, s, log_det=lambda s: np.log(change(expit(s)))
                )
                for change in (
                    *(lambda g, eps=eps: g + eps for eps in (1e-5, 1e-6, 1e-7, 1e-8, 1e-10, 1e-12)),
                    *(lambda g, eps=eps: np.maximum(g, eps) for eps in (1e-6, 1e-7, 1e-8, 1e-12)),
                )
            ),
        ),
        iaf_no_gate_on_m=lambda z, m, s: (expit(s) * z + m, total(log_expit(s))),
        iaf_gate_swapped=lambda z, m, s: iaf(z, m, s, gate=lambda s: expit(-s)),
        iaf_both_gates=lambda z, m, s: (expit(s) * (z + m), total(log_expit(s))),
        iaf_exp_form=(
            lambda z, m, s: (z * np.exp(s) + m, total(s)),
            lambda z, m, s: ((z - m) * np.exp(-s), -total(s)),
        ),
        iaf_no_sigmoid=(
            lambda z, m, s: iaf(z, m, s, gate=lambda s: s, log_det=lambda s: np.log(np.abs(s))),
            lambda z, m, s: iaf(z, m, s, gate=lambda s: s, log_det=np.log),
        ),
    ),
    properties=(jacobian_property("iaf_step", "iaf_step", [[12, 3], [12, 3], [12, 3]], outputs=2),),
    oracle=Reference,
)


# leapfrog_step


# Not fewer arguments: after those of the question come the shares of a wrong formula.
def leapfrog(
    z, v, step, score, *, before=0.5, after=0.5, late=True
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the leapfrog step with other shares of velocity; `late`: the second at its end."""
    halfway = v + before * step * score(z)
    moved = z + step * halfway
    return moved, halfway + after * step * score(moved if late else z)


def drift_first(z, v, step, score) -> tuple[np.ndarray, np.ndarray]:
    halfway = z + 0.5 * step * v
    pushed = v + step * score(halfway)
    return halfway + 0.5 * step * pushed, pushed


def draw_leapfrog(low, high, spread=1.2, steep=1.0) -> Draw:
    """Returns a draw of (z, v, step, score): the score of a Gaussian, A negative definite."""

    def draw(generator, d) -> Arguments:
        M = generator.normal(0, 1, (d, d))
        A = -steep * (M @ M.T / d + 0.3 * np.eye(d))
        z, v = spread * generator.normal(0, 1, (2, d))
        return (
            z,
            v,
            float(generator.uniform(low, high)),
            BuiltArgument("affine", (A, generator.normal(0, 1, d))),
        )

    return draw


def draw_flat(generator, d) -> Arguments:
    """A score of 0 everywhere: the velocity stays, the position drifts."""
    z, v, step, score = draw_leapfrog(0.1, 0.6)(generator, d)
    return z, v, step, BuiltArgument("affine", tuple(0 * array for array in score.arrays))


def sweep_leapfrog(generator) -> Arguments:
    M = generator.normal(0, 1, (DIMS, DIMS))
    score = BuiltArgument("affine", (-(M @ M.T) / DIMS, generator.normal(0, 1, DIMS)))
    return *spread(generator, 15, (2, DIMS)), float(generator.uniform(0.05, 0.9)), score


leapfrog_step = Question(
    name="leapfrog_step",
    points=2,
    source=HAMILTONIAN,
    shape="[d] and [d]",
    outputs=("z_new", "v_new"),
    reference=flows.leapfrog_step,
    cases=(
        Case("a small step", GENERIC, draw_leapfrog(0.1, 0.3), {"d": 3}),
        Case("a large step", GENERIC, draw_leapfrog(0.5, 0.9), {"d": 5}),
        Case("a steep density", GENERIC, draw_leapfrog(0.2, 0.4, steep=4.0), {"d": 4}),
        Case("a flat density", EDGE, draw_flat, {"d": 7}),
        Case("far from the mode", EDGE, draw_leapfrog(0.2, 0.5, spread=15.0), {"d": 6}),
    ),
    float32=0.2,
    tolerance="two products of small matrices and sums of a few terms, which may cancel",
    domain=Domain(sweep_leapfrog, num_draws=57),
    mistakes=wrong(
        leap_euler=lambda z, v, step, score: (z + step * v, v + step * score(z)),
        leap_no_half_steps=lambda *inputs: leapfrog(*inputs, before=1.0, after=1.0),
        leap_symplectic_euler=(
            lambda *inputs: leapfrog(*inputs, before=1.0, after=0.0),
            lambda *inputs: leapfrog(*inputs, before=0.0, after=1.0),
        ),
        leap_missing_final_half=lambda *inputs: leapfrog(*inputs, after=0.0),
        leap_missing_first_half=lambda *inputs: leapfrog(*inputs, before=0.0),
        leap_final_score_at_old_place=lambda *inputs: leapfrog(*inputs, late=False),
        leap_sign=lambda z, v, step, score: leapfrog(z, v, step, lambda z: -score(z)),
        leap_drift_first=drift_first,
        leap_position_with_old_velocity=(
            lambda z, v, step, score: (z + step * v, leapfrog(z, v, step, score)[1]),
            lambda z, v, step, score: (
                z + step * v,
                v + 0.5 * step * (score(z) + score(z + step * v)),
            ),
        ),
        leap_backwards=lambda z, v, step, score: leapfrog(z, v, -step, score),
    ),
    properties=(
        Property(
            "returns",
            1,
            "A step, the velocity turned round, and the same step again must end where they began: "
            "leapfrog is reversible. That and the kept volume are why it can serve as a flow.",
            HAMILTONIAN,
            "reversible",
            {"name": "leapfrog_step", "size": 5},
            title="The way back ends at the start",
        ),
    ),
    oracle=Reference,
)
