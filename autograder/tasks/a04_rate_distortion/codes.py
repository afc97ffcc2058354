"""A codebook: the nearest code, and the loss that moves codes and encoder towards each other."""

from collections.abc import Callable

import numpy as np
from vikit.judging import Property

from autograder.reference import rate_distortion

from ..formulas import Numbers, softmax, total
from ..pictures import points
from ..question import EDGE, GENERIC, Arguments, Case, Domain, Draw, Formula, Question, wrong
from ..terms import of_output, term
from .oracle import Reference

__all__ = ["VQ", "vq_loss", "vq_quantize"]

VQ = 'document 004, "VAEs 2019" (VQ-VAE-2)'


def squared_distances(z_e, codebook) -> Numbers:
    """Returns the squared distance of each output of the encoder from each code `[B, C]`."""
    return total((z_e[:, None] - codebook) ** 2)


def onehot_of(indices, codebook) -> np.ndarray:
    return np.eye(len(codebook), dtype=codebook.dtype)[indices]


def nearest(z_e, codebook) -> np.ndarray:
    return squared_distances(z_e, codebook).argmin(axis=1)


def chosen(by: Callable) -> Formula:
    """Returns `vq_quantize` that chooses codes another way: indices of (z_e, codebook)."""

    def formula(z_e, codebook) -> tuple:
        indices = by(z_e, codebook)
        return codebook[indices], onehot_of(indices, codebook)

    return formula


def draw_codes(scale, near=0.4) -> Draw:
    """Returns a draw of (z_e, codebook); the nearest code leads by more than 0.05."""

    def draw(generator, B, C, K) -> Arguments:
        while True:
            codebook = generator.normal(0, scale, (C, K))
            z_e = codebook[generator.integers(0, C, B)] + near * scale * generator.normal(
                0, 1, (B, K)
            )
            first, second = np.sort(np.asarray(squared_distances(z_e, codebook)), axis=1).T[:2]
            if np.min(second - first) > 0.05 * max(1.0, scale**2):
                return z_e, codebook

    return draw


def draw_on_codes(generator, B, C, K) -> Arguments:
    """Outputs of the encoder that are codes themselves."""
    codebook = generator.normal(0, 1.5, (C, K))
    return codebook[generator.integers(0, C, B)], codebook


def draw_one_code(generator, B, C, K) -> Arguments:
    """One code is nearest to all; its norm is not the least."""
    codebook = generator.normal(0, 1, (C, K)) - 6
    codebook[1] += 12
    return codebook[1] + 0.5 * generator.normal(0, 1, (B, K)), codebook


def sweep_codes(generator) -> Arguments:
    return draw_codes(float(10 ** generator.uniform(-0.3, 1)))(generator, 40, 9, 3)


vq_quantize = Question(
    name="vq_quantize",
    points=4,
    source=VQ,
    shape="[B,K] and [B,C]",
    outputs=("z_q", "onehot"),
    reference=rate_distortion.vq_quantize,
    cases=(
        Case("five codes", GENERIC, draw_codes(1.0), {"B": 7, "C": 5, "K": 3}),
        Case("seven codes", GENERIC, draw_codes(2.0), {"B": 5, "C": 7, "K": 4}),
        Case("three codes", GENERIC, draw_codes(1.5, 0.6), {"B": 4, "C": 3, "K": 5}),
        Case("outputs that are codes", EDGE, draw_on_codes, {"B": 5, "C": 4, "K": 3}),
        Case("one code for all", EDGE, draw_one_code, {"B": 4, "C": 5, "K": 7}),
    ),
    float32=0.021,
    tolerance="the codes themselves; the nearest leads by more than rounding can turn round",
    domain=Domain(sweep_codes),
    no_terms="It is a choice among codes, and no sum.",
    twins=(
        (
            "transformation_averaged_over_batch in onehot of vq_mean_of_codes",
            "transformation_averaged_over_batch of vq_mean_of_codes",
            "its first output is the same for all examples, and so is the mean over them",
        ),
    ),
    pictures=(
        points(
            -2,
            2,
            {"z_e": [["t", 0.3]], "codebook": [[-1, 0], [0.2, 1], [1.5, -0.5]]},
            column=0,
        ),
    ),
    mistakes=wrong(
        vq_missing_two=chosen(
            lambda z, c: (np.sum(z**2, axis=1, keepdims=True) - z @ c.T + total(c**2)).argmin(
                axis=1
            )
        ),
        vq_dot_product=chosen(lambda z, c: (z @ c.T).argmax(axis=1)),
        vq_cosine=chosen(lambda z, c: (z @ c.T / np.linalg.norm(c, axis=1)).argmax(axis=1)),
        vq_farthest=chosen(lambda z, c: squared_distances(z, c).argmax(axis=1)),
        vq_smallest_code=chosen(lambda z, c: np.full(len(z), total(c**2).argmin())),
        vq_one_code_for_the_batch=chosen(
            lambda z, c: np.full(len(z), squared_distances(z, c).sum(axis=0).argmin())
        ),
        vq_per_dimension=lambda z, c: (
            np.take_along_axis(c, np.abs(z[:, None] - c).argmin(axis=1), 0),
            onehot_of(nearest(z, c), c),
        ),
        vq_soft=lambda z, c: (lambda s: (s @ c, s))(softmax(-squared_distances(z, c))),
        vq_not_quantized=lambda z, c: (z, onehot_of(nearest(z, c), c)),
        vq_mean_of_codes=lambda z, c: (
            np.repeat(c.mean(axis=0, keepdims=True), len(z), axis=0),
            onehot_of(nearest(z, c), c),
        ),
    ),
)


# vq_loss


def code_of(z_e, codebook) -> np.ndarray:
    return codebook[nearest(z_e, codebook)]


def mean_square(z_e, z_q) -> np.floating:
    return np.mean(total((z_e - z_q) ** 2))


def vq_terms(seen: Callable | None = None, loss: Callable | None = None) -> Formula:
    """Returns `vq_loss` with another value for the decoder, of (z_e, z_q), or another loss.

    Args:
        seen: What the decoder sees, of (z_e, z_q).
        loss: Of (z_e, z_q, commitment).
    """

    def formula(z_e, codebook, commitment) -> tuple:
        z_q = code_of(z_e, codebook)
        return (
            (seen or (lambda z, q: q))(z_e, z_q),
            (loss or (lambda z, q, b: (1 + b) * mean_square(z, q)))(z_e, z_q, commitment),
        )

    return formula


def with_commitment(draw: Draw, low, high) -> Draw:
    """Returns a draw of (z_e, codebook, commitment)."""
    return lambda generator, **sizes: (
        *draw(generator, **sizes),
        float(generator.uniform(low, high)),
    )


def without_commitment(generator, B, C, K) -> Arguments:
    return *draw_codes(1.0)(generator, B, C, K), 0.0


vq_loss = Question(
    name="vq_loss",
    points=7,
    source=VQ,
    shape="[B,K] and a scalar",
    outputs=("z_st", "loss"),
    reference=rate_distortion.vq_loss,
    cases=(
        Case(
            "a commitment of about 0.25",
            GENERIC,
            with_commitment(draw_codes(1.0), 0.2, 0.3),
            {"B": 7, "C": 5, "K": 3},
        ),
        Case(
            "a commitment above 1",
            GENERIC,
            with_commitment(draw_codes(2.0), 1.4, 2.5),
            {"B": 5, "C": 7, "K": 4},
        ),
        Case(
            "three codes",
            GENERIC,
            with_commitment(draw_codes(1.5, 0.6), 0.5, 0.8),
            {"B": 4, "C": 3, "K": 5},
        ),
        Case(
            "outputs that are codes",
            EDGE,
            with_commitment(draw_on_codes, 0.2, 0.3),
            {"B": 5, "C": 4, "K": 3},
        ),
        Case("no commitment", EDGE, without_commitment, {"B": 4, "C": 5, "K": 7}),
    ),
    float32=0.021,
    tolerance="a mean of squares",
    domain=Domain(
        lambda generator: (*sweep_codes(generator), float(10.0 ** generator.uniform(-2, 1)))
    ),
    twins=tuple(
        (first, second, "twice the squared distance, or half of that")
        for first, second in (
            (
                "transformation_halved in z_st of vqloss_no_commitment",
                "transformation_halved of vqloss_twice",
            ),
            (
                "transformation_doubled in z_st of vqloss_twice",
                "transformation_doubled of vqloss_no_commitment",
            ),
            ("transformation_halved in loss of vqloss_twice", "vqloss_no_commitment"),
            ("transformation_doubled in loss of vqloss_no_commitment", "vqloss_twice"),
        )
    ),
    terms=(
        None,
        of_output(
            {"z_e": "", "codebook": "", "commitment": "weight"},
            term(
                "codes",
                1,
                lambda z, c, b: mean_square(z, code_of(z, c)),
                "mean_b sum_k (sg(z_e) - z_q)^2",
                "the term that moves the codes",
            ),
            term(
                "commitment",
                1,
                lambda z, c, b: b * mean_square(z, code_of(z, c)),
                "commitment mean_b sum_k (z_e - sg(z_q))^2",
                "the commitment",
            ),
            term(
                "distance",
                0,
                lambda z, c, b: np.mean(np.sqrt(total((z - code_of(z, c)) ** 2))),
                "mean_b ||z_e - z_q||",
                "the distance, not squared",
            ),
            sizes={"B": lambda z, c, b: len(z), "K": lambda z, c, b: z.shape[1]},
            output=1,
        ),
    ),
    pictures=(
        points(
            -2,
            2,
            {
                "z_e": [["t", 0.3], [0.5, 0.5]],
                "codebook": [[-1, 0], [0.2, 1], [1.5, -0.5]],
                "commitment": 0.5,
            },
            output=1,
        ),
        points(
            0,
            2,
            {
                "z_e": [[0.8, 0.3], [0.5, 0.5]],
                "codebook": [[-1, 0], [0.2, 1], [1.5, -0.5]],
                "commitment": "t",
            },
            output=1,
        ),
    ),
    mistakes=wrong(
        vqloss_no_commitment="loss.commitment:0",
        vqloss_twice="loss.commitment_left_out",
        vqloss_mean_over_K="loss.all:/K",
        vqloss_batch_sum="loss.all:*B",
        vqloss_not_squared=vq_terms(
            None, lambda z, q, b: (1 + b) * np.mean(np.sqrt(total((z - q) ** 2)))
        ),
        vqloss_one_minus="loss.commitment:-1",
        vqloss_commitment_alone="loss.codes:0",
        vqloss_straight_is_z_e=vq_terms(lambda z, q: z),
        vqloss_straight_is_difference=vq_terms(lambda z, q: q - z),
        vqloss_straight_is_sum=vq_terms(lambda z, q: q + z),
    ),
    properties=(
        Property(
            "gradient",
            3,
            "The gradient of the output must reach z_e as it is, and the codebook not at all; of "
            "the loss, one term must move the codes alone, and the one with the commitment z_e.",
            VQ,
            "vq_gradient",
            title="Each gradient goes where it should",
        ),
    ),
    oracle=Reference,
)
