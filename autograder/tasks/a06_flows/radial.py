"""The radial flow."""

import numpy as np
from scipy.special import expit

from autograder.reference import flows

from ..domains import DIMS, spread
from ..formulas import softplus, total
from ..pictures import curve, points
from ..question import EDGE, GENERIC, Arguments, Case, Domain, Draw, Formula, Question, wrong
from ..terms import intermediate, of_output, term
from .oracle import Reference, jacobian_property
from .places import RADIAL, RADIAL_BOUND

__all__ = ["radial_beta_hat", "radial_forward", "radial_log_det"]

# radial_beta_hat


def draw_radial_parameters(low, high, alpha=(0.4, 3.0)) -> Draw:
    return lambda generator: (float(generator.uniform(*alpha)), float(generator.uniform(low, high)))


radial_beta_hat = Question(
    name="radial_beta_hat",
    points=2,
    source=RADIAL_BOUND,
    shape="a scalar",
    reference=flows.radial_beta_hat,
    cases=(
        Case("a negative beta_raw", GENERIC, draw_radial_parameters(-3, -0.5), {}),
        Case("a positive beta_raw", GENERIC, draw_radial_parameters(0.5, 3), {}),
        Case("another alpha", GENERIC, draw_radial_parameters(-1, 1, (3.5, 6)), {}),
        Case("beta_raw close to 1000", EDGE, draw_radial_parameters(800, 1000), {}),
        Case("beta_raw far below 0", EDGE, draw_radial_parameters(-60, -30), {}),
    ),
    float32=0.1,
    tolerance=(
        "a softplus and a difference of two numbers of the same size: "
        "measured below a tenth of the tolerance"
    ),
    domain=Domain(
        lambda generator: (float(generator.uniform(0.3, 6)), float(spread(generator, 1000, ()))),
        num_draws=157,
    ),
    terms=(
        of_output(
            {"alpha": "positive", "beta_raw": "logits"},
            term("alpha", -1, lambda alpha, beta_raw: alpha, "alpha", "the shift by alpha"),
            term(
                "softplus",
                1,
                lambda alpha, beta_raw: softplus(beta_raw),
                "softplus(beta_raw)",
                "the softplus",
            ),
            term(
                "sigmoid",
                0,
                lambda alpha, beta_raw: expit(beta_raw),
                "sigmoid(beta_raw)",
                "the sigmoid of beta_raw",
            ),
            term("raw", 0, lambda alpha, beta_raw: beta_raw, "beta_raw", "beta_raw itself"),
            term(
                "exponential",
                0,
                lambda alpha, beta_raw: np.exp(beta_raw),
                "exp(beta_raw)",
                "the exponential of beta_raw",
            ),
            term(
                "softplus_of_alpha",
                0,
                lambda alpha, beta_raw: softplus(alpha),
                "softplus(alpha)",
                "the softplus of alpha",
            ),
            term("one", 0, lambda alpha, beta_raw: 1.0, "1", "the number 1"),
            term(
                "positive_part",
                0,
                lambda alpha, beta_raw: np.maximum(beta_raw, 0),
                "max(beta_raw, 0)",
                "the positive part of beta_raw",
            ),
        ),
    ),
    pictures=(points(-4, 4, {"alpha": 1, "beta_raw": "t"}),),
    mistakes=wrong(
        radial_plus_alpha="alpha:-1",
        radial_no_alpha="alpha:0",
        radial_raw=lambda alpha, beta_raw: beta_raw + 0 * alpha,
        radial_raw_shifted="softplus:raw",
        radial_clipped=lambda alpha, beta_raw: np.maximum(beta_raw, -alpha),
        radial_exp="softplus:exponential",
        radial_softplus_of_alpha="alpha:softplus_of_alpha",
        radial_minus_one="alpha:one",
        radial_softplus_overflow=lambda alpha, beta_raw: np.log(1 + np.exp(beta_raw)) - alpha,
    ),
)


# radial_forward


def radius(z, z_ref) -> np.ndarray:
    return np.linalg.norm(z - z_ref, axis=-1)


# What may stand in the place of the radius.
OTHER_RADII = {
    "squared": (lambda z, z_ref, *scales: radius(z, z_ref) ** 2, "r is squared"),
    "absolute": (
        lambda z, z_ref, *scales: total(np.abs(z - z_ref)),
        "r is the sum of absolute differences",
    ),
    "of_the_batch": (
        lambda z, z_ref, *scales: np.linalg.norm(z - z_ref) + 0 * z[:, 0],
        "r is one number for the whole batch",
    ),
}


def radial(z, z_ref, alpha, beta_hat, r=None) -> np.ndarray:
    h = 1 / (alpha + (radius(z, z_ref) if r is None else r))
    return z + beta_hat * h[:, None] * (z - z_ref)


def draw_radial(low, high, alpha=(0.5, 2.0), spread=1.5) -> Draw:
    """Returns a draw of (z, z_ref, alpha, beta_hat), beta_hat in units of alpha."""

    def draw(generator, B, K) -> Arguments:
        scale, z_ref = float(generator.uniform(*alpha)), generator.normal(0, 1, K)
        z = z_ref + spread * generator.normal(0, 1, (B, K))
        return z, z_ref, scale, float(scale * generator.uniform(low, high))

    return draw


def draw_at_centre(generator, B, K) -> Arguments:
    """The first example is the centre itself, to the last bit of float32."""
    z, z_ref, alpha, beta_hat = draw_radial(-0.8, 2)(generator, B, K)
    z_ref = z_ref.astype(np.float32).astype(float)
    return np.concatenate([z_ref[None], z[1:]]), z_ref, alpha, beta_hat


RADIAL_CASES = (
    Case("beta_hat above 0", GENERIC, draw_radial(0.5, 3), {"B": 5, "K": 3}),
    Case("beta_hat below 0", GENERIC, draw_radial(-0.9, -0.3), {"B": 4, "K": 5}),
    Case("a large alpha", GENERIC, draw_radial(0.5, 2, (2.5, 5)), {"B": 3, "K": 4}),
    Case("z at the centre", EDGE, draw_at_centre, {"B": 5, "K": 4}),
    Case("beta_hat close to -alpha", EDGE, draw_radial(-0.99, -0.98), {"B": 3, "K": 7}),
    Case("far from the centre", EDGE, draw_radial(0.5, 3, spread=20.0), {"B": 4, "K": 3}),
)


def sweep_radial(generator) -> Arguments:
    alpha, centre = float(generator.uniform(0.3, 5)), generator.normal(0, 1, DIMS)
    return centre + spread(generator, 40), centre, alpha, float(alpha * generator.uniform(-0.98, 4))


radial_forward = Question(
    name="radial_forward",
    points=2,
    source=RADIAL,
    shape="[B,K]",
    reference=flows.radial_forward,
    cases=RADIAL_CASES,
    float32=0.1,
    tolerance="a norm, a division, a product and a sum: measured below a tenth of the tolerance",
    domain=Domain(sweep_radial),
    terms=(
        of_output(
            {"z": "", "z_ref": "mean", "alpha": "", "beta_hat": "mean"},
            term("z", 1, lambda z, *rest: z, "z", "z itself"),
            term(
                "step",
                1,
                lambda z, z_ref, alpha, beta_hat, r, h, offset: beta_hat * h * offset,
                "beta_hat (z - z_ref) / (alpha + r)",
                "the step",
            ),
            term("centre", 0, lambda z, z_ref, *rest: z_ref, "z_ref", "the centre"),
            term(
                "without_beta",
                0,
                lambda z, z_ref, alpha, beta_hat, r, h, offset: h * offset,
                "(z - z_ref) / (alpha + r)",
                "the step without beta_hat",
            ),
            swaps=(("alpha", "beta_hat"),),
            intermediates={
                "r": intermediate(
                    lambda z, z_ref, *scales: radius(z, z_ref),
                    **OTHER_RADII,
                ),
                "h": intermediate(
                    lambda z, z_ref, alpha, beta_hat, r: (1 / (alpha + r))[:, None],
                    of_r=(
                        lambda z, z_ref, alpha, beta_hat, r: (1 / r)[:, None],
                        "alpha is not added to r",
                    ),
                    of_alpha=(
                        lambda z, z_ref, alpha, beta_hat, r: 1 / alpha,
                        "r is not added to alpha",
                    ),
                    unit=(
                        lambda z, z_ref, alpha, beta_hat, r: (1 / (r * (alpha + r)))[:, None],
                        "there is a division by r besides",
                    ),
                ),
                "offset": intermediate(
                    lambda z, z_ref, *rest: z - z_ref,
                    from_the_origin=(
                        lambda z, z_ref, *rest: z,
                        "z stands where the offset from the centre belongs",
                    ),
                    plus=(
                        lambda z, z_ref, *rest: z + z_ref,
                        "z_ref is added where it is to be subtracted",
                    ),
                ),
            },
        ),
    ),
    pictures=(
        curve(
            -3, 3, {"z": ["t", 1, 0]}, {"z_ref": [0.5, 0, 0], "alpha": 0.5, "beta_hat": 2}, column=0
        ),
    ),
    mistakes=wrong(
        radial_direction_z="offset_from_the_origin",
        radial_squared_radius="r_squared",
        radial_alpha_beta_swapped="alpha_and_beta_hat",
        radial_l1_norm="r_absolute",
        radial_minus="step:-1",
        radial_centre_ignored="z_ref_left_out",
        radial_forgot_residual="z:0",
        radial_from_the_centre="z:centre",
        radial_unit_direction="h_unit",
        radial_one_radius_for_the_batch="r_of_the_batch",
    ),
)


# radial_log_det


def radial_parts(z, z_ref, alpha, beta_hat, r=None) -> tuple[np.ndarray, np.ndarray]:
    """Returns how lengths change across the radius, 1 + beta_hat h, and along it.

    Along it: 1 + beta_hat h + beta_hat h' r.
    """
    r = radius(z, z_ref) if r is None else r
    h = 1 / (alpha + r)
    return 1 + beta_hat * h, 1 + beta_hat * h - beta_hat * h**2 * r


def with_along(change) -> Formula:
    """Returns `radial_log_det`, the radial part 1 + beta_hat h + change(beta_hat, h, r)."""

    def formula(z, z_ref, alpha, beta_hat) -> np.ndarray:
        r = radius(z, z_ref)
        h = 1 / (alpha + r)
        return (z.shape[-1] - 1) * np.log(1 + beta_hat * h) + np.log(
            1 + beta_hat * h + change(beta_hat, h, r)
        )

    return formula


def ratio_of_radii(z, z_ref, alpha, beta_hat) -> np.ndarray:
    """The part across the radius as the ratio of two radii, which has no value at the centre."""
    _, along = radial_parts(z, z_ref, alpha, beta_hat)
    ratio = radius(radial(z, z_ref, alpha, beta_hat), z_ref) / radius(z, z_ref)
    return (z.shape[-1] - 1) * np.log(ratio) + np.log(along)


radial_log_det = Question(
    name="radial_log_det",
    points=6,
    source=RADIAL,
    shape="[B]",
    reference=flows.radial_log_det,
    cases=RADIAL_CASES,
    float32=0.2,
    tolerance=(
        "where beta_hat is close to -alpha some digits of 1 + beta_hat h are lost: "
        "1e-5 of the value is left"
    ),
    domain=Domain(sweep_radial),
    keeps_formula=True,
    terms=(
        of_output(
            {"z": "", "z_ref": "mean", "alpha": "", "beta_hat": "mean"},
            term(
                "across",
                1,
                lambda z, *rest: (z.shape[-1] - 1) * np.log(1 + rest[-2]),
                "(K - 1) log(1 + beta_hat h)",
                "the term of the directions across the radius",
            ),
            term(
                "along",
                1,
                lambda z, *rest: np.log(1 + rest[-2] + rest[-1]),
                "log(1 + beta_hat h + beta_hat h' r)",
                "the term of the direction along the radius",
            ),
            term(
                "across_once",
                0,
                lambda z, *rest: np.log(1 + rest[-2]),
                "log(1 + beta_hat h)",
                "one direction across the radius",
            ),
            term(
                "det",
                0,
                lambda z, *rest: (1 + rest[-2]) ** (z.shape[-1] - 1) * (1 + rest[-2] + rest[-1]),
                "(1 + beta_hat h)^(K - 1) (1 + beta_hat h + beta_hat h' r)",
                "the determinant itself",
            ),
            swaps=(("alpha", "beta_hat"),),
            intermediates={
                "r": intermediate(
                    lambda z, z_ref, *scales: radius(z, z_ref),
                    **OTHER_RADII,
                    at_the_output=(
                        lambda z, z_ref, *scales: radius(radial(z, z_ref, *scales), z_ref),
                        "r is that of the output of the flow",
                    ),
                ),
                "stretch": intermediate(
                    lambda z, z_ref, alpha, beta_hat, r: beta_hat / (alpha + r),
                    without_h=(
                        lambda z, z_ref, alpha, beta_hat, r: beta_hat + 0 * r,
                        "beta_hat is not divided by a length",
                    ),
                ),
                # The share of the derivative of h.
                "fall": intermediate(
                    lambda z, z_ref, alpha, beta_hat, r, stretch: -beta_hat * r / (alpha + r) ** 2,
                    rises=(
                        lambda z, z_ref, alpha, beta_hat, r, stretch: (
                            beta_hat * r / (alpha + r) ** 2
                        ),
                        "the derivative of h has the opposite sign",
                    ),
                    not_times_r=(
                        lambda z, z_ref, alpha, beta_hat, r, stretch: -beta_hat / (alpha + r) ** 2,
                        "the derivative of h is not multiplied by r",
                    ),
                    not_squared=(
                        lambda z, z_ref, alpha, beta_hat, r, stretch: -beta_hat * r / (alpha + r),
                        "the derivative of h has the wrong power of h",
                    ),
                ),
            },
        ),
    ),
    pictures=(
        curve(-3, 3, {"z": ["t", 1, 0]}, {"z_ref": [0.5, 0, 0], "alpha": 0.5, "beta_hat": 2}),
    ),
    mistakes=wrong(
        rld_sign="all:-1",
        rld_power_d="+across_once",
        rld_missing_radial_factor="along:0",
        rld_only_radial_factor="across:0",
        rld_power_missing="across:across_once",
        rld_isotropic="along:across_once",
        rld_hprime_sign="fall_rises",
        rld_hprime_not_times_r="fall_not_times_r",
        rld_hprime_not_squared="fall_not_squared",
        rld_alpha_missing=(
            with_along(lambda beta_hat, h, r: beta_hat * h**2 - beta_hat * h),
            with_along(lambda beta_hat, h, r: r * beta_hat * h**2 - beta_hat * h),
        ),
        rld_beta_without_h=(
            "stretch_without_h",
            "across:stretch_without_h",
            "along:stretch_without_h",
        ),
        rld_no_log=lambda z, *rest: (lambda parts: parts[0] ** (z.shape[-1] - 1) * parts[1])(
            radial_parts(z, *rest)
        ),
        rld_squared_radius="r_squared",
        rld_centre_ignored="z_ref_left_out",
        rld_one_radius_for_the_batch="r_of_the_batch",
        rld_at_output="r_at_the_output",
        rld_ratio_of_radii=ratio_of_radii,
        rld_alpha_beta_swapped="alpha_and_beta_hat",
    ),
    properties=(
        jacobian_property(
            "radial_forward", "radial_log_det", [[12, 3], [3], [], []], positive=[2, 3]
        ),
    ),
    oracle=Reference,
)
