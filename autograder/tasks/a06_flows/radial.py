"""The radial flow."""

import numpy as np

from autograder.reference import flows

from ..domains import DIMS, spread
from ..formulas import softplus, total
from ..question import EDGE, GENERIC, Arguments, Case, Domain, Draw, Formula, Question, wrong
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
    mistakes=wrong(
        radial_plus_alpha=lambda alpha, beta_raw: alpha + softplus(beta_raw),
        radial_no_alpha=lambda alpha, beta_raw: softplus(beta_raw) + 0 * alpha,
        radial_raw=lambda alpha, beta_raw: beta_raw + 0 * alpha,
        radial_raw_shifted=lambda alpha, beta_raw: beta_raw - alpha,
        radial_clipped=lambda alpha, beta_raw: np.maximum(beta_raw, -alpha),
        radial_exp=lambda alpha, beta_raw: np.exp(beta_raw) - alpha,
        radial_softplus_of_alpha=lambda alpha, beta_raw: softplus(beta_raw) - softplus(alpha),
        radial_minus_one=lambda alpha, beta_raw: softplus(beta_raw) - 1 + 0 * alpha,
        radial_softplus_overflow=lambda alpha, beta_raw: np.log(1 + np.exp(beta_raw)) - alpha,
    ),
)


# radial_forward


def radius(z, z_ref) -> np.ndarray:
    return np.linalg.norm(z - z_ref, axis=-1)


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
    mistakes=wrong(
        radial_direction_z=lambda z, z_ref, alpha, beta_hat: (
            z + beta_hat * z / (alpha + radius(z, z_ref))[:, None]
        ),
        radial_squared_radius=lambda z, z_ref, alpha, beta_hat: radial(
            z, z_ref, alpha, beta_hat, radius(z, z_ref) ** 2
        ),
        radial_alpha_beta_swapped=lambda z, z_ref, alpha, beta_hat: radial(
            z, z_ref, beta_hat, alpha
        ),
        radial_l1_norm=lambda z, z_ref, alpha, beta_hat: radial(
            z, z_ref, alpha, beta_hat, total(np.abs(z - z_ref))
        ),
        radial_minus=lambda z, z_ref, alpha, beta_hat: radial(z, z_ref, alpha, -beta_hat),
        radial_centre_ignored=lambda z, z_ref, alpha, beta_hat: radial(
            z, 0 * z_ref, alpha, beta_hat
        ),
        radial_forgot_residual=lambda z, z_ref, alpha, beta_hat: (
            radial(z, z_ref, alpha, beta_hat) - z
        ),
        radial_from_the_centre=lambda z, z_ref, alpha, beta_hat: (
            radial(z, z_ref, alpha, beta_hat) - z + z_ref
        ),
        radial_unit_direction=lambda z, z_ref, alpha, beta_hat: (
            z + beta_hat * (z - z_ref) / (radius(z, z_ref) * (alpha + radius(z, z_ref)))[:, None]
        ),
        radial_one_radius_for_the_batch=lambda z, z_ref, alpha, beta_hat: radial(
            z, z_ref, alpha, beta_hat, np.linalg.norm(z - z_ref) + np.zeros(len(z))
        ),
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


def with_combination(combine) -> Formula:
    """Returns `radial_log_det` with K and the two parts' logs put together another way."""
    return lambda z, *rest: combine(z.shape[-1], *np.log(radial_parts(z, *rest)))


def with_along(change) -> Formula:
    """Returns `radial_log_det`, the radial part 1 + beta_hat h + change(beta_hat, h, r)."""

    def formula(z, z_ref, alpha, beta_hat) -> np.ndarray:
        r = radius(z, z_ref)
        h = 1 / (alpha + r)
        return (z.shape[-1] - 1) * np.log(1 + beta_hat * h) + np.log(
            1 + beta_hat * h + change(beta_hat, h, r)
        )

    return formula


def with_parts(across, along) -> Formula:
    """Returns `radial_log_det` with functions of (beta_hat, h) in place of its two beta_hat h."""

    def formula(z, z_ref, alpha, beta_hat) -> np.ndarray:
        r = radius(z, z_ref)
        h = 1 / (alpha + r)
        return (z.shape[-1] - 1) * np.log(1 + across(beta_hat, h)) + np.log(
            1 + along(beta_hat, h) - beta_hat * h**2 * r
        )

    return formula


def with_radius(r) -> Formula:
    """Returns `radial_log_det` with another radius, `r(z, z_ref)`."""

    def formula(z, z_ref, alpha, beta_hat) -> np.ndarray:
        across_radius, along = radial_parts(z, z_ref, alpha, beta_hat, r(z, z_ref))
        return (z.shape[-1] - 1) * np.log(across_radius) + np.log(along)

    return formula


radial_log_det_right = with_radius(radius)


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
    mistakes=wrong(
        rld_sign=lambda *inputs: -radial_log_det_right(*inputs),
        rld_power_d=with_combination(lambda K, across, along: K * across + along),
        rld_missing_radial_factor=with_combination(lambda K, across, along: (K - 1) * across),
        rld_only_radial_factor=with_combination(lambda K, across, along: along),
        rld_power_missing=with_combination(lambda K, across, along: across + along),
        rld_isotropic=with_combination(lambda K, across, along: K * across),
        rld_hprime_sign=with_along(lambda beta_hat, h, r: beta_hat * h**2 * r),
        rld_hprime_not_times_r=with_along(lambda beta_hat, h, r: -beta_hat * h**2),
        rld_hprime_not_squared=with_along(lambda beta_hat, h, r: -beta_hat * h * r),
        rld_alpha_missing=(
            with_along(lambda beta_hat, h, r: beta_hat * h**2 - beta_hat * h),
            with_along(lambda beta_hat, h, r: r * beta_hat * h**2 - beta_hat * h),
        ),
        rld_beta_without_h=(
            with_parts(lambda beta_hat, h: beta_hat, lambda beta_hat, h: beta_hat),
            with_parts(lambda beta_hat, h: beta_hat, lambda beta_hat, h: beta_hat * h),
            with_parts(lambda beta_hat, h: beta_hat * h, lambda beta_hat, h: beta_hat),
        ),
        rld_no_log=lambda z, *rest: (lambda parts: parts[0] ** (z.shape[-1] - 1) * parts[1])(
            radial_parts(z, *rest)
        ),
        rld_squared_radius=with_radius(lambda z, z_ref: radius(z, z_ref) ** 2),
        rld_centre_ignored=with_radius(lambda z, z_ref: radius(z, 0 * z_ref)),
        rld_one_radius_for_the_batch=with_radius(
            lambda z, z_ref: np.linalg.norm(z - z_ref) + np.zeros(len(z))
        ),
        rld_at_output=lambda z, z_ref, alpha, beta_hat: radial_log_det_right(
            radial(z, z_ref, alpha, beta_hat), z_ref, alpha, beta_hat
        ),
        rld_ratio_of_radii=ratio_of_radii,
        rld_alpha_beta_swapped=lambda z, z_ref, alpha, beta_hat: radial_log_det_right(
            z, z_ref, beta_hat, alpha
        ),
    ),
    properties=(
        jacobian_property(
            "radial_forward", "radial_log_det", [[12, 3], [3], [], []], positive=[2, 3]
        ),
    ),
    oracle=Reference,
)
