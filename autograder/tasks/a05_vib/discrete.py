"""Both bounds of the bottleneck on tables."""

import math

import numpy as np
from scipy.special import xlogy

from autograder.reference import vib

from ..pictures import points
from ..question import EDGE, GENERIC, Arguments, Case, Domain, Draw, Formula, Question, wrong
from ..terms import of_output, term
from .labels import OTHER_SIGNS
from .loss import VIB_SOURCE

__all__ = ["vib_exact_discrete"]


RATE = "the rate"


def spread_of_labels(p_xy, q_z_given_x) -> np.ndarray:
    """Returns p(z, y) = sum_x p(x, y) q(z|x). Shape `[Z, Y]`."""
    return np.einsum("xy,xz->zy", p_xy, q_z_given_x)


def distortion(p_xy, q_z_given_x, q_y_given_z) -> np.floating:
    return -np.sum(spread_of_labels(p_xy, q_z_given_x) * np.log(q_y_given_z))


def rate(p_x, q_z_given_x, r_z) -> np.floating:
    return np.sum(p_x[:, None] * xlogy(q_z_given_x, q_z_given_x / r_z))


def on_tables(combine) -> Formula:
    """Returns `vib_exact_discrete`, distortion, rate and beta put together another way."""
    return lambda p_xy, q_z_given_x, q_y_given_z, r_z, beta: combine(
        distortion(p_xy, q_z_given_x, q_y_given_z), rate(p_xy.sum(axis=1), q_z_given_x, r_z), beta
    )


def with_distortion(of) -> Formula:
    """Returns `vib_exact_discrete` with another distortion, of (p_xy, q_z_given_x, q_y_given_z)."""
    return lambda p_xy, q_z_given_x, q_y_given_z, r_z, beta: (
        of(p_xy, q_z_given_x, q_y_given_z) + beta * rate(p_xy.sum(axis=1), q_z_given_x, r_z)
    )


def with_rate(of) -> Formula:
    """Returns `vib_exact_discrete` with another rate, of (p_xy, q_z_given_x, r_z)."""
    return lambda p_xy, q_z_given_x, q_y_given_z, r_z, beta: (
        distortion(p_xy, q_z_given_x, q_y_given_z) + beta * of(p_xy, q_z_given_x, r_z)
    )


def weighted(of) -> Formula:
    """Returns a term of the rate, of (p_xy, q_z_given_x, r_z), times beta."""
    return lambda p_xy, q, d, r_z, beta: beta * of(p_xy, q, r_z)


def marginal(p_xy, q_z_given_x) -> np.ndarray:
    return p_xy.sum(axis=1) @ q_z_given_x


def best_decoder(p_xy, q_z_given_x) -> np.ndarray:
    joint = spread_of_labels(p_xy, q_z_given_x)
    return joint / joint.sum(axis=1, keepdims=True)


def kl_of_aggregate(p_xy, q_z_given_x, r_z) -> np.floating:
    """The KL of the aggregated posterior from r(z)."""
    aggregated = marginal(p_xy, q_z_given_x)
    return np.sum(xlogy(aggregated, aggregated / r_z))


def entropy_of(probs) -> np.floating:
    return -np.sum(xlogy(probs, probs))


def draw_tables(concentration, low_beta, high_beta) -> Draw:
    def draw(generator, X, Y, Z) -> Arguments:
        return (
            generator.dirichlet(np.full(X * Y, 1.0)).reshape(X, Y) * 0.95 + 0.05 / (X * Y),
            generator.dirichlet(np.full(Z, concentration), X) * 0.9 + 0.1 / Z,
            generator.dirichlet(np.full(Y, concentration), Z) * 0.9 + 0.1 / Y,
            generator.dirichlet(np.full(Z, 1.5)) * 0.8 + 0.2 / Z,
            float(generator.uniform(low_beta, high_beta)),
        )

    return draw


def draw_certain_encoder(generator, X, Y, Z) -> Arguments:
    """Every x has one z: the table of q(z|x) is one-hot."""
    p_xy, _, q_y_given_z, r_z, beta = draw_tables(1.0, 0.2, 0.8)(generator, X, Y, Z)
    return p_xy, np.eye(Z)[generator.permutation(np.arange(X) % Z)], q_y_given_z, r_z, beta


def draw_zeros(generator, X, Y, Z) -> Arguments:
    """Each row of q(z|x) has one zero."""
    p_xy, q_z_given_x, q_y_given_z, r_z, beta = draw_tables(1.0, 0.2, 0.8)(generator, X, Y, Z)
    q_z_given_x[np.arange(X), generator.integers(0, Z, X)] = 0
    return p_xy, q_z_given_x / q_z_given_x.sum(axis=1, keepdims=True), q_y_given_z, r_z, beta


def draw_encoder_that_ignores(generator, X, Y, Z) -> Arguments:
    """The same q(z) for every x, and r(z) equal to it: the rate is 0."""
    p_xy, _, q_y_given_z, r_z, beta = draw_tables(1.0, 0.2, 0.8)(generator, X, Y, Z)
    return p_xy, np.repeat(r_z[None], X, axis=0), q_y_given_z, r_z, beta


def sweep_bottleneck_tables(generator) -> Arguments:
    X, Y, Z = [(5, 3, 4), (4, 7, 3), (7, 4, 5)][generator.integers(3)]
    encoder = generator.dirichlet(np.full(Z, 10 ** generator.uniform(-1, 1)), X)
    return (
        generator.dirichlet(np.ones(X * Y)).reshape(X, Y),
        encoder,
        generator.dirichlet(np.ones(Y), Z) * 0.99 + 0.01 / Y,
        generator.dirichlet(np.ones(Z)) * 0.99 + 0.01 / Z,
        float(10 ** generator.uniform(-3, 1)),
    )


vib_exact_discrete = Question(
    name="vib_exact_discrete",
    points=13,
    source=VIB_SOURCE,
    shape="[]",
    reference=vib.vib_exact_discrete,
    cases=(
        Case(
            "tables of 5 x 3 and 4 states",
            GENERIC,
            draw_tables(1.0, 0.2, 0.8),
            {"X": 5, "Y": 3, "Z": 4},
        ),
        Case(
            "tables of 4 x 7 and 3 states",
            GENERIC,
            draw_tables(0.7, 1.5, 3),
            {"X": 4, "Y": 7, "Z": 3},
        ),
        Case(
            "tables of 3 x 4 and 5 states",
            GENERIC,
            draw_tables(2.0, 0.3, 0.6),
            {"X": 3, "Y": 4, "Z": 5},
        ),
        Case("an encoder with zeros", EDGE, draw_zeros, {"X": 5, "Y": 4, "Z": 3}),
        Case("an encoder without noise", EDGE, draw_certain_encoder, {"X": 7, "Y": 4, "Z": 3}),
        Case(
            "an encoder that ignores x", EDGE, draw_encoder_that_ignores, {"X": 4, "Y": 3, "Z": 5}
        ),
    ),
    float32=0.01,
    tolerance=(
        "sums of a few hundred products of probabilities and logarithms: "
        "measured 0.002 of the tolerance"
    ),
    twins=tuple(
        (mistake, f"transformation_negated of {other}", OTHER_SIGNS)
        for mistake, other in (
            ("dvib_rate_subtracted", "dvib_distortion_sign"),
            ("dvib_distortion_sign", "dvib_rate_subtracted"),
        )
    ),
    domain=Domain(sweep_bottleneck_tables, num_draws=27),
    keeps_formula=True,
    terms=(
        of_output(
            {"p_xy": "", "q_z_given_x": "", "q_y_given_z": "", "r_z": "", "beta": "weight"},
            term(
                "distortion",
                1,
                lambda p_xy, q, d, r_z, beta: distortion(p_xy, q, d),
                "-sum_xyz p(x,y) q(z|x) log q(y|z)",
                "the distortion",
            ),
            term(
                "encoder",
                1,
                weighted(lambda p_xy, q, r_z: np.sum(p_xy.sum(axis=1) @ xlogy(q, q))),
                "beta sum_xz p(x) q(z|x) log q(z|x)",
                "the term in the logarithm of the encoder",
                part=RATE,
            ),
            term(
                "prior",
                -1,
                weighted(lambda p_xy, q, r_z: np.sum(marginal(p_xy, q) * np.log(r_z))),
                "beta sum_xz p(x) q(z|x) log r(z)",
                "the term in the logarithm of r",
                part=RATE,
            ),
            term(
                "aggregated",
                0,
                weighted(lambda p_xy, q, r_z: -entropy_of(marginal(p_xy, q))),
                "beta sum_z q(z) log q(z)",
                "the term in the logarithm of the aggregated posterior",
            ),
            term(
                "best_decoder",
                0,
                lambda p_xy, q, d, r_z, beta: distortion(p_xy, q, best_decoder(p_xy, q)),
                "-sum_xyz p(x,y) q(z|x) log p(y|z)",
                "the distortion of the best decoder",
            ),
            term(
                "labels",
                0,
                lambda p_xy, q, d, r_z, beta: -entropy_of(p_xy.sum(axis=0)),
                "sum_y p(y) log p(y)",
                "minus the entropy of the labels",
            ),
            sizes={
                "X": lambda p_xy, *others: len(p_xy),
                "Y": lambda p_xy, *others: p_xy.shape[1],
                "Z": lambda p_xy, q_z_given_x, *others: q_z_given_x.shape[1],
            },
        ),
    ),
    pictures=(
        points(
            0.05,
            0.95,
            {
                "p_xy": [[0.6, 0.1], [0.1, 0.2]],
                "q_z_given_x": [["t", "1 - t"], ["1 - t", "t"]],
                "q_y_given_z": [[0.8, 0.2], [0.3, 0.7]],
                "r_z": [0.4, 0.6],
                "beta": 0.5,
            },
        ),
    ),
    mistakes=wrong(
        dvib_x_unweighted=(
            with_rate(lambda p_xy, q, r_z: np.mean(np.sum(xlogy(q, q / r_z), axis=1))),
            with_rate(lambda p_xy, q, r_z: np.sum(xlogy(q, q / r_z))),
        ),
        dvib_r_missing="prior:0",
        dvib_beta_ignored="beta_left_out",
        dvib_beta_on_distortion=on_tables(lambda d, r, beta: beta * d + r),
        dvib_beta_on_both=on_tables(lambda d, r, beta: beta * (d + r)),
        dvib_kl_reversed=tuple(
            with_rate(
                lambda p_xy, q, r_z, least=least: np.sum(
                    p_xy.sum(axis=1)[:, None] * r_z * np.log(r_z / np.maximum(q, least))
                )
            )
            for least in (0.0, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15, 1e-20)
        ),
        dvib_entropy_kept="+labels",
        dvib_aggregated_kl=with_rate(kl_of_aggregate),
        dvib_exact_mi_rate=with_rate(
            lambda p_xy, q, r_z: rate(p_xy.sum(axis=1), q, marginal(p_xy, q))
        ),
        dvib_best_decoder="distortion:best_decoder",
        dvib_both_exact=lambda p_xy, q, d, r_z, beta: (
            distortion(p_xy, q, best_decoder(p_xy, q))
            + beta * rate(p_xy.sum(axis=1), q, marginal(p_xy, q))
        ),
        dvib_rate_subtracted="rate:-1",
        dvib_distortion_sign="distortion:-1",
        dvib_rate_missing="rate:0",
        dvib_distortion_missing="distortion:0",
        dvib_log_of_mixture=with_distortion(lambda p_xy, q, d: -np.sum(p_xy * np.log(q @ d))),
        dvib_independent_labels=with_distortion(
            lambda p_xy, q, d: -np.sum(np.outer(marginal(p_xy, q), p_xy.sum(axis=0)) * np.log(d))
        ),
        dvib_labels_given_x=(
            with_distortion(
                lambda p_xy, q, d: distortion(p_xy / p_xy.sum(axis=1, keepdims=True), q, d)
            ),
            with_distortion(
                lambda p_xy, q, d: (
                    distortion(p_xy / p_xy.sum(axis=1, keepdims=True), q, d) / len(p_xy)
                )
            ),
        ),
        dvib_nan_at_zero=(
            with_rate(lambda p_xy, q, r_z: np.sum(p_xy.sum(axis=1)[:, None] * q * np.log(q / r_z))),
            with_rate(
                lambda p_xy, q, r_z: np.sum(
                    p_xy.sum(axis=1)[:, None] * q * (np.log(q) - np.log(r_z))
                )
            ),
        ),
        dvib_all_bits=on_tables(lambda d, r, beta: (d + beta * r) / math.log(2)),
    ),
)
