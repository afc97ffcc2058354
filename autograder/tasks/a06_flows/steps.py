"""The inverse autoregressive step and the leapfrog step."""

import numpy as np
from scipy.special import expit, log_expit
from vikit.judging import Property
from vikit.protocol.wire import BuiltArgument

from autograder.reference import flows

from ..domains import DIMS, spread
from ..formulas import Numbers, total
from ..pictures import curve
from ..question import EDGE, GENERIC, Arguments, Case, Domain, Draw, Question, wrong
from ..terms import Intermediate, intermediate, of_output, term
from .oracle import Reference, jacobian_property
from .places import HAMILTONIAN, IAF

__all__ = ["iaf_step", "leapfrog_step"]

# iaf_step


def iaf(z, m, s, gate=expit, log_det=log_expit) -> tuple[np.ndarray, Numbers]:
    """Returns the two outputs of `iaf_step`, with another gate or another logarithm of it."""
    g = gate(s)
    return g * z + (1 - g) * m, total(log_det(s))


def gate_intermediate() -> Intermediate:
    """Returns the gate, with what may stand in its place."""
    return intermediate(
        lambda z, m, s: expit(s),
        other=(lambda z, m, s: expit(-s), "the gate and 1 - gate are exchanged"),
        no_sigmoid=(lambda z, m, s: s, "s itself stands where the gate belongs"),
        exponential=(lambda z, m, s: np.exp(s), "exp(s) stands where the gate belongs"),
        tanh=(lambda z, m, s: np.tanh(s), "tanh(s) stands where the gate belongs"),
        half=(lambda z, m, s: expit(s / 2), "s is halved in the gate"),
    )


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
    terms=(
        of_output(
            {"z": "", "m": "", "s": ""},
            term("kept", 1, lambda z, m, s, gate: gate * z, "g z", "the term in z"),
            term("filled", 1, lambda z, m, s, gate: (1 - gate) * m, "(1 - g) m", "the term in m"),
            term("m", 0, lambda z, m, s, gate: m, "m", "m without a gate"),
            term("z", 0, lambda z, m, s, gate: z, "z", "z without a gate"),
            swaps=(("z", "m"),),
            intermediates={"gate": gate_intermediate()},
        ),
        of_output(
            {"z": "", "m": "", "s": ""},
            term(
                "log_gates",
                1,
                lambda z, m, s: total(log_expit(s)),
                "sum_k log g_k",
                "the sum of the gates' logarithms",
            ),
            term("gates", 0, lambda z, m, s: total(expit(s)), "sum_k g_k", "the sum of the gates"),
            term("s", 0, lambda z, m, s: total(s), "sum_k s_k", "the sum of s"),
            term(
                "other",
                0,
                lambda z, m, s: total(log_expit(-s)),
                "sum_k log (1 - g_k)",
                "the logarithm of 1 - gate",
            ),
            term(
                "log_s",
                0,
                lambda z, m, s: total(np.log(np.abs(s))),
                "sum_k log |s_k|",
                "the logarithm of the absolute value of s",
            ),
            term(
                "det",
                0,
                lambda z, m, s: np.prod(expit(s), axis=-1),
                "prod_k g_k",
                "the determinant itself",
            ),
            output=1,
        ),
    ),
    pictures=(
        curve(-4, 4, {"z": [1, 1], "m": [-1, -1], "s": ["t", "t"]}, column=0),
        curve(-4, 4, {"z": [1, 1], "m": [-1, -1], "s": ["t", "t"]}, output=1),
    ),
    mistakes=wrong(
        iaf_logdet_sign="log_det.log_gates:-1",
        iaf_logdet_sigma_not_log="log_det.log_gates:gates",
        iaf_logdet_is_sum_of_s="log_det.log_gates:s",
        iaf_logdet_of_other_gate="log_det.log_gates:other",
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
        iaf_no_gate_on_m="z_new.filled:m",
        iaf_gate_swapped="z_new.gate_other",
        iaf_both_gates="z_new.filled:gate_other",
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


def score_at(score, place) -> np.ndarray:
    return np.asarray(score(place))


def push_intermediate() -> Intermediate:
    """Returns what a whole step changes the velocity by at the start, and what may stand there."""
    return intermediate(
        lambda z, v, step, score: step * score_at(score, z),
        negated=(lambda z, v, step, score: -step * score_at(score, z), "the score has a minus"),
        without_step=(
            lambda z, v, step, score: score_at(score, z),
            "the score is not multiplied by the step",
        ),
        at_the_velocity=(
            lambda z, v, step, score: step * score_at(score, v),
            "the score is that of the velocity",
        ),
    )


def moved_intermediate() -> Intermediate:
    """Returns the new position, and where else the score may be asked for."""
    return intermediate(
        lambda z, v, step, score, push: z + step * (v + 0.5 * push),
        old_velocity=(
            lambda z, v, step, score, push: z + step * v,
            "the score is asked for where the old velocity leads",
        ),
        whole_push=(
            lambda z, v, step, score, push: z + step * (v + push),
            "the score is asked for where a whole step of the velocity leads",
        ),
        halfway=(
            lambda z, v, step, score, push: z + 0.5 * step * (v + 0.5 * push),
            "the score is asked for halfway",
        ),
        start=(
            lambda z, v, step, score, push: z,
            "the score is that of the start",
        ),
    )


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
    terms=(
        of_output(
            {"z": "", "v": "", "step": "", "score": ""},
            term("z", 1, lambda z, v, step, score, push: z, "z", "z itself"),
            term("drift", 1, lambda z, v, step, score, push: step * v, "step v", "the term in v"),
            term(
                "push",
                0.5,
                lambda z, v, step, score, push: step * push,
                "step^2 score(z)",
                "the term in the score",
            ),
            term("v", 0, lambda z, v, step, score, push: v, "v", "v without the step"),
            term(
                "one_step",
                0,
                lambda z, v, step, score, push: push,
                "step score(z)",
                "the score, times one step only",
            ),
            intermediates={"push": push_intermediate()},
        ),
        of_output(
            {"z": "", "v": "", "step": "", "score": ""},
            term("v", 1, lambda z, v, step, score, push, moved: v, "v", "v itself"),
            term(
                "push",
                0.5,
                lambda z, v, step, score, push, moved: push,
                "step score(z)",
                "the score at the start",
            ),
            term(
                "late",
                0.5,
                lambda z, v, step, score, push, moved: step * score_at(score, moved),
                "step score(z_new)",
                "the score at the new position",
            ),
            term(
                "without_step",
                0,
                lambda z, v, step, score, push, moved: score_at(score, moved),
                "score(z_new)",
                "the score at the new position, not multiplied by the step",
            ),
            term("z", 0, lambda z, v, step, score, push, moved: z, "z", "z itself"),
            intermediates={"push": push_intermediate(), "moved": moved_intermediate()},
            output=1,
        ),
    ),
    mistakes=wrong(
        leap_euler=lambda z, v, step, score: (z + step * v, v + step * score(z)),
        leap_no_half_steps=lambda *inputs: leapfrog(*inputs, before=1.0, after=1.0),
        leap_symplectic_euler=(
            lambda *inputs: leapfrog(*inputs, before=1.0, after=0.0),
            lambda *inputs: leapfrog(*inputs, before=0.0, after=1.0),
        ),
        leap_missing_final_half="v_new.late:0",
        leap_missing_first_half=lambda *inputs: leapfrog(*inputs, before=0.0),
        leap_final_score_at_old_place="v_new.moved_start",
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
