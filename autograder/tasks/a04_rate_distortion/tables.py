"""Rate, distortion and information on tables, where all of them are exact."""

from collections.abc import Callable

import numpy as np
from scipy.special import xlogy

from autograder.reference import rate_distortion

from ..pictures import points
from ..question import EDGE, GENERIC, Arguments, Case, Domain, Draw, Formula, Question, wrong
from ..terms import of_output, term

__all__ = ["optimal_prior_and_decoder", "rate_distortion_point", "rate_split"]

INDETERMINACY = 'document 004, "Indeterminacy of the VAE"'
RDA = 'document 004, "RDA_s vs. β -VAE_s"'
# The logarithms' floors with which people keep zeros away.
FLOORS = (1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15, 1e-20)


def aggregate(p_x, q) -> np.ndarray:
    return p_x @ q


def rate(p_x, q, p_z) -> np.floating:
    return p_x @ np.sum(xlogy(q, q / p_z), axis=1)


def distortion(p_x, q, p_x_given_z) -> np.floating:
    return -np.sum(p_x[:, None] * q * np.log(p_x_given_z).T)


def best_decoder(p_x, q) -> np.ndarray:
    joint = p_x[:, None] * q
    return (joint / joint.sum(axis=0)).T


def entropy(probs) -> np.floating:
    return -np.sum(xlogy(probs, probs))


def kl(p, q) -> np.floating:
    return np.sum(xlogy(p, p / q))


def uniform(q) -> np.ndarray:
    return np.full(q.shape[1], 1 / q.shape[1], q.dtype)


def draw_encoder(concentration) -> Draw:
    """Returns a draw of (p_x, q_z_given_x), every entry positive."""

    def draw(generator, X, Z) -> Arguments:
        return (
            generator.dirichlet(np.full(X, 1.5)) * 0.9 + 0.1 / X,
            generator.dirichlet(np.full(Z, concentration), X) * 0.9 + 0.1 / Z,
        )

    return draw


def draw_zeros(generator, X, Z) -> Arguments:
    """Each x but the first has one z that it never takes; each z has some x."""
    p_x, q = draw_encoder(1.0)(generator, X, Z)
    q[np.arange(1, X), generator.integers(0, Z, X - 1)] = 0
    return p_x, q / q.sum(axis=1, keepdims=True)


def draw_certain(generator, X, Z) -> Arguments:
    """Each x has one z, and each z some x."""
    p_x, _ = draw_encoder(1.0)(generator, X, Z)
    return p_x, np.eye(Z)[generator.permutation(np.arange(X) % Z)]


def draw_collapsed(generator, X, Z) -> Arguments:
    """The same q(z) for each x."""
    p_x, q = draw_encoder(1.0)(generator, X, Z)
    return p_x, np.repeat(q[:1], X, axis=0)


ODD_ENCODERS = {
    "an encoder with zeros": draw_zeros,
    "an encoder without noise": draw_certain,
    "an encoder that ignores x": draw_collapsed,
}


def with_prior(draw: Draw) -> Draw:
    """Returns a draw of (p_x, q_z_given_x, p_z)."""

    def drawn(generator, X, Z) -> Arguments:
        return *draw(generator, X, Z), generator.dirichlet(np.full(Z, 1.5)) * 0.8 + 0.2 / Z

    return drawn


def with_decoder(draw: Draw) -> Draw:
    """Returns a draw of (p_x, q_z_given_x, p_z, p_x_given_z)."""

    def drawn(generator, X, Z) -> Arguments:
        decoder = generator.dirichlet(np.full(X, 1.0), Z) * 0.9 + 0.1 / X
        return *with_prior(draw)(generator, X, Z), decoder

    return drawn


def sweep_encoder(generator) -> Arguments:
    X, Z = [(5, 3), (4, 7), (7, 4)][generator.integers(3)]
    q = generator.dirichlet(np.full(Z, 10 ** generator.uniform(-1, 1)), X) * 0.999 + 0.001 / Z
    return generator.dirichlet(np.ones(X)) * 0.99 + 0.01 / X, q


def sweep_prior(generator) -> Arguments:
    p_x, q = sweep_encoder(generator)
    Z = q.shape[1]
    return p_x, q, generator.dirichlet(np.ones(Z)) * 0.99 + 0.01 / Z


def sweep_decoder(generator) -> Arguments:
    p_x, q, p_z = sweep_prior(generator)
    X = len(p_x)
    return p_x, q, p_z, generator.dirichlet(np.ones(X), len(p_z)) * 0.99 + 0.01 / X


def tables(draw) -> tuple[Case, ...]:
    """Returns the cases of a question; `draw` makes its arguments from a draw of (p_x, q)."""
    sizes = ({"X": 5, "Z": 3}, {"X": 4, "Z": 7}, {"X": 3, "Z": 5})
    generic = tuple(
        Case(f"tables of {one['X']} x {one['Z']}", GENERIC, draw(draw_encoder(concentration)), one)
        for concentration, one in zip((1.0, 0.7, 2.0), sizes, strict=True)
    )
    others = ({"X": 7, "Z": 4}, {"X": 5, "Z": 4}, {"X": 7, "Z": 3})
    edge = tuple(
        Case(name, EDGE, draw(kind), one)
        for (name, kind), one in zip(ODD_ENCODERS.items(), others, strict=True)
    )
    return generic + edge


def encoder_alone(draw: Draw) -> Draw:
    return draw


ENCODER_SIZES = {"X": lambda p_x, *_: len(p_x), "Z": lambda p_x, q, *_: q.shape[1]}

# rate_distortion_point


def point(of_rate: Callable | None = None, of_distortion: Callable | None = None) -> Formula:
    """Returns `rate_distortion_point` with another rate, or another distortion.

    Args:
        of_rate: Of (p_x, q, p_z).
        of_distortion: Of (p_x, q, p_x_given_z).
    """
    return lambda p_x, q, p_z, decoder: (
        (of_rate or rate)(p_x, q, p_z),
        (of_distortion or distortion)(p_x, q, decoder),
    )


rate_distortion_point = Question(
    name="rate_distortion_point",
    points=7,
    source=f'{RDA}; document 002, "KL-divergence term"',
    shape="two scalars",
    outputs=("rate", "distortion"),
    reference=rate_distortion.rate_distortion_point,
    cases=tables(with_decoder),
    float32=0.02,
    tolerance="sums of a few dozen products of probabilities and logarithms",
    domain=Domain(sweep_decoder, num_draws=57),
    terms=(
        of_output(
            {"p_x": "", "q_z_given_x": "", "p_z": "", "p_x_given_z": ""},
            term(
                "encoder",
                1,
                lambda p_x, q, p_z, d: np.sum(p_x[:, None] * xlogy(q, q)),
                "sum_xz p(x) q(z|x) log q(z|x)",
                "the term in the logarithm of the encoder",
            ),
            term(
                "prior",
                -1,
                lambda p_x, q, p_z, d: aggregate(p_x, q) @ np.log(p_z),
                "sum_xz p(x) q(z|x) log p(z)",
                "the term in the logarithm of the prior",
            ),
            term(
                "aggregated",
                0,
                lambda p_x, q, p_z, d: -entropy(aggregate(p_x, q)),
                "sum_z q(z) log q(z)",
                "the term in the logarithm of the aggregate",
            ),
            sizes=ENCODER_SIZES,
        ),
        of_output(
            {"p_x": "", "q_z_given_x": "", "p_z": "", "p_x_given_z": ""},
            term(
                "distortion",
                1,
                lambda p_x, q, p_z, d: distortion(p_x, q, d),
                "-sum_xz p(x) q(z|x) log p(x|z)",
                "the distortion",
            ),
            term(
                "conditional",
                0,
                lambda p_x, q, p_z, d: entropy(p_x[:, None] * q) - entropy(aggregate(p_x, q)),
                "H(x|z)",
                "the entropy of x given z",
            ),
            term(
                "data",
                0,
                lambda p_x, q, p_z, d: entropy(p_x),
                "H(x)",
                "the entropy of x",
            ),
            sizes=ENCODER_SIZES,
            output=1,
        ),
    ),
    pictures=tuple(
        points(
            0.05,
            0.95,
            {
                "p_x": [0.7, 0.3],
                "q_z_given_x": [["t", "1 - t"], [0.2, 0.8]],
                "p_z": [0.4, 0.6],
                "p_x_given_z": [[0.8, 0.2], [0.3, 0.7]],
            },
            output=output,
        )
        for output in (0, 1)
    ),
    mistakes=wrong(
        rate_unweighted=(
            point(lambda p, q, r: np.mean(np.sum(xlogy(q, q / r), axis=1))),
            point(lambda p, q, r: np.sum(xlogy(q, q / r))),
        ),
        rate_kl_reversed=tuple(
            point(
                lambda p, q, r, least=least: np.sum(
                    p[:, None] * r * (np.log(r) - np.log(np.maximum(q, least)))
                )
            )
            for least in (0.0, *FLOORS)
        ),
        rate_is_information="rate.prior:aggregated",
        rate_without_prior="rate.prior:0",
        point_rate_negated="rate.all:-1",
        point_nan_at_zero=(
            point(lambda p, q, r: np.sum(p[:, None] * q * np.log(q / r))),
            *(
                point(lambda p, q, r, eps=eps: np.sum(p[:, None] * q * np.log(q / r + eps)))
                for eps in (1e-2, 1e-3, 1e-4)
            ),
        ),
        distortion_is_conditional_entropy="distortion.distortion:conditional",
        distortion_unweighted=(
            point(None, lambda p, q, d: -np.mean(np.sum(q * np.log(d).T, axis=1))),
            point(None, lambda p, q, d: -np.sum(q * np.log(d).T)),
        ),
        distortion_independent=point(
            None, lambda p, q, d: -np.sum(np.outer(p, aggregate(p, q)) * np.log(d).T)
        ),
        distortion_negated="distortion.all:-1",
        distortion_likelihood=point(None, lambda p, q, d: np.sum(p[:, None] * q * d.T)),
        distortion_log_of_mean=point(None, lambda p, q, d: -(p @ np.log(np.sum(q * d.T, axis=1)))),
        point_in_bits=lambda p, q, r, d: (
            rate(p, q, r) / np.log(2.0),
            distortion(p, q, d) / np.log(2.0),
        ),
        point_swapped=lambda p, q, r, d: (distortion(p, q, d), rate(p, q, r)),
    ),
)


# optimal_prior_and_decoder


def pair(prior: Callable | None = None, decoder: Callable | None = None) -> Formula:
    """Returns `optimal_prior_and_decoder` with another prior, or another decoder, of (p_x, q)."""
    return lambda p_x, q: ((prior or aggregate)(p_x, q), (decoder or best_decoder)(p_x, q))


optimal_prior_and_decoder = Question(
    name="optimal_prior_and_decoder",
    points=6,
    source=f'{INDETERMINACY}; "Independent Universality"',
    shape="[Z] and [Z,X]",
    outputs=("p_z", "p_x_given_z"),
    reference=rate_distortion.optimal_prior_and_decoder,
    cases=tables(encoder_alone),
    float32=0.02,
    tolerance="sums of a few products of probabilities",
    domain=Domain(sweep_encoder, num_draws=57),
    terms=(
        of_output(
            {"p_x": "", "q_z_given_x": ""},
            term(
                "aggregate",
                1,
                lambda p_x, q: aggregate(p_x, q),
                "sum_x p(x) q(z|x)",
                "the average of the encoder's rows",
            ),
            term(
                "plain",
                0,
                lambda p_x, q: q.mean(axis=0),
                "mean_x q(z|x)",
                "the plain mean of the rows",
            ),
            term("uniform", 0, lambda p_x, q: uniform(q), "1 / Z", "a uniform distribution"),
            sizes=ENCODER_SIZES,
        ),
        None,
    ),
    pictures=tuple(
        points(
            0.05,
            0.95,
            {"p_x": [0.7, 0.3], "q_z_given_x": [["t", "1 - t"], [0.2, 0.8]]},
            output=output,
            column=0,
            row=row,
        )
        for output, row in ((0, None), (1, 0))
    ),
    mistakes=wrong(
        prior_unweighted="p_z.aggregate:plain",
        prior_summed=pair(lambda p, q: q.sum(axis=0)),
        prior_uniform="p_z.aggregate:uniform",
        decoder_unweighted=pair(None, lambda p, q: (q / q.sum(axis=0)).T),
        both_unweighted=lambda p, q: (q.mean(axis=0), (q / q.sum(axis=0)).T),
        decoder_is_likelihood=pair(None, lambda p, q: q.T),
        decoder_is_joint=pair(None, lambda p, q: (p[:, None] * q).T),
        decoder_ignores_z=pair(None, lambda p, q: np.tile(p, (q.shape[1], 1))),
        decoder_is_uniform=pair(None, lambda p, q: np.full(q.T.shape, 1 / len(p), q.dtype)),
    ),
)


# rate_split


def split(information: Callable | None = None, gap: Callable | None = None) -> Formula:
    """Returns `rate_split` with another information, or another gap, of (p_x, q, p_z)."""

    def of_aggregate(p_x, q, p_z) -> np.floating:
        return rate(p_x, q, np.where(aggregate(p_x, q) > 0, aggregate(p_x, q), 1))

    def to_prior(p_x, q, p_z) -> np.floating:
        return kl(aggregate(p_x, q), p_z)

    return lambda p_x, q, p_z: (
        (information or of_aggregate)(p_x, q, p_z),
        (gap or to_prior)(p_x, q, p_z),
    )


rate_split = Question(
    name="rate_split",
    points=7,
    source=f"{INDETERMINACY}; {RDA}",
    shape="two scalars",
    outputs=("information", "gap"),
    reference=rate_distortion.rate_split,
    cases=tables(with_prior),
    float32=0.02,
    tolerance="sums of a few dozen products of probabilities and logarithms",
    domain=Domain(sweep_prior, num_draws=57),
    keeps_formula=True,
    terms=(
        of_output(
            {"p_x": "", "q_z_given_x": "", "p_z": ""},
            term(
                "encoder",
                1,
                lambda p_x, q, p_z: np.sum(p_x[:, None] * xlogy(q, q)),
                "sum_xz p(x) q(z|x) log q(z|x)",
                "the term in the logarithm of the encoder",
            ),
            term(
                "aggregated",
                -1,
                lambda p_x, q, p_z: -entropy(aggregate(p_x, q)),
                "sum_z q(z) log q(z)",
                "the term in the logarithm of the aggregate",
            ),
            term(
                "prior",
                0,
                lambda p_x, q, p_z: aggregate(p_x, q) @ np.log(p_z),
                "sum_z q(z) log p(z)",
                "the term in the logarithm of the prior",
            ),
            sizes=ENCODER_SIZES,
        ),
        of_output(
            {"p_x": "", "q_z_given_x": "", "p_z": ""},
            term(
                "aggregated",
                1,
                lambda p_x, q, p_z: -entropy(aggregate(p_x, q)),
                "sum_z q(z) log q(z)",
                "the term in the logarithm of the aggregate",
            ),
            term(
                "prior",
                -1,
                lambda p_x, q, p_z: aggregate(p_x, q) @ np.log(p_z),
                "sum_z q(z) log p(z)",
                "the term in the logarithm of the prior",
            ),
            term(
                "encoder",
                0,
                lambda p_x, q, p_z: np.sum(p_x[:, None] * xlogy(q, q)),
                "sum_xz p(x) q(z|x) log q(z|x)",
                "the term in the logarithm of the encoder",
            ),
            sizes=ENCODER_SIZES,
            output=1,
        ),
    ),
    pictures=tuple(
        points(
            0.05,
            0.95,
            {"p_x": [0.7, 0.3], "q_z_given_x": [["t", "1 - t"], [0.2, 0.8]], "p_z": [0.3, 0.7]},
            output=output,
        )
        for output in (0, 1)
    ),
    mistakes=wrong(
        information_is_rate="information.aggregated:prior",
        information_to_uniform=split(lambda p, q, r: rate(p, q, uniform(q))),
        information_is_entropy_of_z=split(lambda p, q, r: entropy(aggregate(p, q))),
        information_is_conditional_entropy=split(lambda p, q, r: -np.sum(p[:, None] * xlogy(q, q))),
        information_unweighted_aggregate=split(lambda p, q, r: rate(p, q, q.mean(axis=0))),
        information_unweighted=split(
            lambda p, q, r: rate(np.full_like(p, 1 / len(p)), q, q.mean(axis=0))
        ),
        information_negated="information.all:-1",
        information_nan_at_zero=split(
            lambda p, q, r: np.sum(p[:, None] * q * np.log(q / aggregate(p, q)))
        ),
        gap_reversed=split(None, lambda p, q, r: kl(r, aggregate(p, q))),
        gap_unweighted=split(None, lambda p, q, r: kl(q.mean(axis=0), r)),
        gap_is_rate="gap.aggregated:encoder",
        gap_is_cross_entropy="gap.aggregated:0",
        gap_negated="gap.all:-1",
        split_in_bits=lambda p, q, r: tuple(
            value / np.log(2.0) for value in (rate(p, q, aggregate(p, q)), kl(aggregate(p, q), r))
        ),
        split_swapped=lambda p, q, r: (
            kl(aggregate(p, q), r),
            rate(p, q, aggregate(p, q)),
        ),
    ),
)
