"""The coupling layer."""

from dataclasses import replace

import numpy as np
from vikit.judging import Property

from autograder.reference import flows

from ..domains import BATCH, spread
from ..formulas import total
from ..pictures import curve
from ..question import EDGE, GENERIC, Arguments, Case, Domain, Draw, Question, wrong
from ..terms import Intermediate, intermediate, of_output, term
from .oracle import Reference, jacobian_property
from .places import COUPLING, FREE_ENERGY

__all__ = ["coupling_forward", "coupling_inverse", "coupling_log_det"]


def concatenate_halves(first, second) -> np.ndarray:
    return np.concatenate([first, second], axis=-1)


def coupling(z, change, first=lambda half: half) -> np.ndarray:
    """Returns z with its second half changed."""
    return concatenate_halves(first(z[:, :2]), change(z[:, 2:]))


def draw_coupling(low, high, shift=1.5, spread=1.5) -> Draw:
    return lambda generator, B: (
        generator.normal(0, spread, (B, 4)),
        generator.uniform(low, high, (B, 2)),
        generator.normal(0, shift, (B, 2)),
    )


COUPLING_CASES = (
    Case("log_scale of both signs", GENERIC, draw_coupling(-1.5, 1.5), {"B": 5}),
    Case("log_scale above 0", GENERIC, draw_coupling(0.2, 2), {"B": 3}),
    Case("log_scale below 0", GENERIC, draw_coupling(-2, -0.2), {"B": 7}),
    Case("log_scale of +-8", EDGE, draw_coupling(-8, 8), {"B": 9}),
    Case("no shift", EDGE, draw_coupling(-1, 1, shift=0.0), {"B": 6}),
)


def first_half(half) -> np.ndarray:
    return concatenate_halves(half, 0 * half)


def second_half(half) -> np.ndarray:
    return concatenate_halves(0 * half, half)


def scale_intermediate() -> Intermediate:
    """Returns the scale, with what may stand in its place."""
    return intermediate(
        lambda z, log_scale, shift: np.exp(log_scale),
        no_exp=(
            lambda z, log_scale, shift: log_scale,
            "log_scale itself stands where the scale belongs",
        ),
        inverse=(
            lambda z, log_scale, shift: np.exp(-log_scale),
            "the scale and its inverse are exchanged",
        ),
        rooted=(lambda z, log_scale, shift: np.exp(0.5 * log_scale), "log_scale is halved"),
        left_out=(lambda z, log_scale, shift: np.ones_like(log_scale), "the scale is left out"),
    )


def interleaved_coupling(z, log_scale, shift) -> np.ndarray:
    moved = z.copy()
    moved[:, 1::2] = z[:, 1::2] * np.exp(log_scale) + shift
    return moved


def sweep_halves(generator) -> Arguments:
    return (
        spread(generator, 40, (BATCH, 4)),
        spread(generator, 8, (BATCH, 2)),
        spread(generator, 40, (BATCH, 2)),
    )


coupling_forward = Question(
    name="coupling_forward",
    points=2,
    source=COUPLING,
    shape="[B,4]",
    reference=flows.coupling_forward,
    cases=COUPLING_CASES,
    float32=0.1,
    tolerance="one exponential, one product, one sum: measured below a tenth of the tolerance",
    domain=Domain(sweep_halves),
    terms=(
        of_output(
            {"z": "", "log_scale": "", "shift": ""},
            term(
                "first",
                1,
                lambda z, log_scale, shift, scale: first_half(z[:, :2]),
                "[z_12, 0]",
                "the first half of z",
            ),
            term(
                "second",
                1,
                lambda z, log_scale, shift, scale: second_half(z[:, 2:] * scale),
                "[0, z_34 exp(log_scale)]",
                "the second half of z",
            ),
            term(
                "shift",
                1,
                lambda z, log_scale, shift, scale: second_half(shift),
                "[0, shift]",
                "the shift",
            ),
            term(
                "scaled_shift",
                0,
                lambda z, log_scale, shift, scale: second_half(shift * scale),
                "[0, shift exp(log_scale)]",
                "the shift times the scale",
            ),
            term(
                "shift_of_first",
                0,
                lambda z, log_scale, shift, scale: first_half(shift),
                "[shift, 0]",
                "a shift of the first half",
            ),
            term(
                "scaled_first",
                0,
                lambda z, log_scale, shift, scale: first_half(z[:, :2] * scale),
                "[z_12 exp(log_scale), 0]",
                "the first half times the scale",
            ),
            term(
                "scale",
                0,
                lambda z, log_scale, shift, scale: second_half(scale),
                "[0, exp(log_scale)]",
                "the scale, as something that is added",
            ),
            intermediates={"scale": scale_intermediate()},
        ),
    ),
    pictures=(
        curve(-2, 2, {"z": [0.5, 1, 1.5, 2], "log_scale": ["t", "t"], "shift": [1, 1]}, column=2),
        curve(-2, 2, {"z": [0.5, 1, 1.5, 2], "log_scale": ["t", "t"], "shift": [1, 1]}, column=0),
    ),
    mistakes=wrong(
        coupling_shift_first="shift:scaled_shift",
        coupling_transforms_both_halves=lambda z, log_scale, shift: coupling(
            z,
            lambda half: half * np.exp(log_scale) + shift,
            lambda half: half * np.exp(log_scale) + shift,
        ),
        coupling_wrong_half=lambda z, log_scale, shift: concatenate_halves(
            z[:, :2] * np.exp(log_scale) + shift, z[:, 2:]
        ),
        coupling_interleaved=interleaved_coupling,
        coupling_halves_swapped=lambda z, log_scale, shift: concatenate_halves(
            z[:, 2:] * np.exp(log_scale) + shift, z[:, :2]
        ),
        coupling_no_exp="scale_no_exp",
        coupling_scale_sign="scale_inverse",
        coupling_minus_shift="shift:-1",
        coupling_no_shift="shift:0",
        coupling_no_residual=lambda z, log_scale, shift: coupling(
            z, lambda half: half + np.exp(log_scale) + shift
        ),
    ),
)


coupling_inverse = Question(
    name="coupling_inverse",
    points=1,
    source=COUPLING,
    shape="[B,4]",
    reference=flows.coupling_inverse,
    cases=COUPLING_CASES,
    float32=0.1,
    tolerance=(
        "one exponential, one difference, one product: measured below a tenth of the tolerance"
    ),
    domain=Domain(sweep_halves),
    terms=(
        of_output(
            {"z": "", "log_scale": "", "shift": ""},
            term(
                "first",
                1,
                lambda z, log_scale, shift, scale: first_half(z[:, :2]),
                "[z_12, 0]",
                "the first half of z",
            ),
            term(
                "second",
                1,
                lambda z, log_scale, shift, scale: second_half(z[:, 2:] / scale),
                "[0, z_34 exp(-log_scale)]",
                "the second half over the scale",
            ),
            term(
                "shift",
                -1,
                lambda z, log_scale, shift, scale: second_half(shift / scale),
                "[0, shift exp(-log_scale)]",
                "the shift over the scale",
            ),
            term(
                "plain_shift",
                0,
                lambda z, log_scale, shift, scale: second_half(shift),
                "[0, shift]",
                "the shift alone",
            ),
            term(
                "shift_of_first",
                0,
                lambda z, log_scale, shift, scale: first_half(shift / scale),
                "[shift exp(-log_scale), 0]",
                "a shift of the first half",
            ),
            term(
                "divided_first",
                0,
                lambda z, log_scale, shift, scale: first_half(z[:, :2] / scale),
                "[z_12 exp(-log_scale), 0]",
                "the first half over the scale",
            ),
            intermediates={"scale": scale_intermediate()},
        ),
    ),
    pictures=(
        curve(-2, 2, {"z": [0.5, 1, 1.5, 2], "log_scale": ["t", "t"], "shift": [1, 1]}, column=2),
        curve(-2, 2, {"z": [0.5, 1, 1.5, 2], "log_scale": ["t", "t"], "shift": [1, 1]}, column=0),
    ),
    mistakes=wrong(
        inverse_is_forward=lambda z, log_scale, shift: coupling(
            z, lambda half: half * np.exp(log_scale) + shift
        ),
        inverse_scale_sign="scale_inverse",
        inverse_shift_after_scale="shift:plain_shift",
        inverse_plus_shift="shift:-1",
        inverse_both_halves=lambda z, log_scale, shift: coupling(
            z,
            lambda half: (half - shift) * np.exp(-log_scale),
            lambda half: (half - shift) * np.exp(-log_scale),
        ),
        inverse_wrong_half=lambda z, log_scale, shift: concatenate_halves(
            (z[:, :2] - shift) * np.exp(-log_scale), z[:, 2:]
        ),
        inverse_no_shift="shift:0",
        inverse_no_exp="scale_no_exp",
        inverse_of_minus=lambda z, log_scale, shift: coupling(
            z, lambda half: -half * np.exp(log_scale) - shift
        ),
    ),
    properties=(
        Property(
            "inverts_the_forward_map",
            1,
            "coupling_inverse must take the output of coupling_forward back to its input, with the "
            "same log_scale and shift.",
            COUPLING,
            "inverse",
            {
                "forward": "coupling_forward",
                "inverse": "coupling_inverse",
                "shapes": [[5, 4], [5, 2], [5, 2]],
            },
            title="It inverts coupling_forward",
        ),
    ),
    oracle=Reference,
)


coupling_log_det = Question(
    name="coupling_log_det",
    points=1,
    source=f"{FREE_ENERGY}; {COUPLING}",
    shape="[B]",
    reference=flows.coupling_log_det,
    cases=tuple(
        replace(case, draw=lambda generator, B, drawn=case.draw: drawn(generator, B)[1:2])
        for case in (
            *COUPLING_CASES[:4],
            Case("log_scale close to 0", EDGE, draw_coupling(-0.01, 0.01), {"B": 6}),
        )
    ),
    float32=0.1,
    tolerance="a sum of two numbers: measured below a tenth of the tolerance",
    domain=Domain(lambda generator: (spread(generator, 8, (BATCH, 2)),)),
    terms=(
        of_output(
            {"log_scale": ""},
            term(
                "sum",
                1,
                lambda log_scale: total(log_scale),
                "sum_k log_scale_k",
                "the sum of log_scale",
            ),
            term(
                "scales",
                0,
                lambda log_scale: total(np.exp(log_scale)),
                "sum_k exp(log_scale_k)",
                "the sum of the scales",
            ),
            term(
                "det",
                0,
                lambda log_scale: np.exp(total(log_scale)),
                "exp(sum_k log_scale_k)",
                "the determinant itself",
            ),
            term(
                "absolute",
                0,
                lambda log_scale: total(np.abs(log_scale)),
                "sum_k |log_scale_k|",
                "the sum of the absolute values of log_scale",
            ),
            term(
                "logs",
                0,
                lambda log_scale: total(np.log(np.abs(log_scale))),
                "sum_k log |log_scale_k|",
                "the logarithm of the absolute value of log_scale",
            ),
            term(
                "first",
                0,
                lambda log_scale: log_scale[:, 0],
                "log_scale_1",
                "the first entry of log_scale",
            ),
        ),
    ),
    pictures=(curve(-2, 2, {"log_scale": ["t", 0.5]}),),
    mistakes=wrong(
        coupling_logdet_exp="sum:scales",
        coupling_logdet_det_not_log="sum:det",
        coupling_logdet_sign="sum:-1",
        coupling_logdet_abs=(
            "sum:absolute",
            lambda log_scale: np.abs(total(log_scale)),
        ),
        coupling_logdet_logabs_s="sum:logs",
        coupling_logdet_mean="sum:1/2",
        coupling_logdet_both_halves="sum:2",
        coupling_logdet_first_only="sum:first",
    ),
    properties=(
        jacobian_property(
            "coupling_forward", "coupling_log_det", [[12, 4], [12, 2], [12, 2]], given=[1]
        ),
    ),
    oracle=Reference,
)
