"""The VQ-VAE: each of several slots of an image's code is the nearest row of a codebook.

distortion = -log p(x|z_q), Bernoulli; vq = what draws codes and encoder together, over all slots.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..judging import describe
from .dependence import (
    MISTAKES_OF_BOUNDED_OUTPUTS,
    check_depends_on_inputs_and_weights,
    check_outputs_are_unbounded,
)
from .digits import BATCH_SIZE, Examples
from .exam import Exam, PropertyFailed, examination, require_ok
from .gradients import claimed_gradients
from .model import MISTAKES_OF_ANY_MODEL, require_history
from .student_object import StudentObject, build
from .term_names import without_remark
from .tolerances import is_within_rounding
from .weights_learn import check_weights_move

__all__ = ["check_vq_floor", "check_vq_terms", "check_vq_weights"]

# What the class takes if it is given none.
COMMITMENT = 0.25
# Two codes are as near as this, in squared distance: rounding may choose either.
TIE = 1e-3
# Codes this many times as far from the outputs as these are from 0 are far away.
FAR = 5
# Adam's, and how long it is trained: `make soak` measures what that comes to.
LEARNING_RATE, EPOCHS = 2e-3, 20


class CodeSizes(NamedTuple):
    """Sizes of a model.

    Attributes:
        event_dim: Pixels of an image.
        num_codes: Rows of the codebook, C.
        code_dim: Their length, K.
        num_slots: Codes for each image, S.
        hidden: Sizes of the hidden layers.
        commitment: Weight of the term that moves the encoder.
    """

    event_dim: int
    num_codes: int
    code_dim: int
    num_slots: int
    hidden: tuple
    commitment: float = COMMITMENT


SMALL, TRAINED = CodeSizes(16, 5, 3, 4, (7,)), CodeSizes(64, 16, 4, 4, (128,))
OTHER = CodeSizes(64, 7, 3, 2, (7, 5), commitment=0.6)


class CodebookModel(StudentObject):
    """A student's VQ-VAE.

    Attributes:
        sizes: Its `CodeSizes`.
    """

    sizes: CodeSizes

    def encode(self, x: np.ndarray) -> np.ndarray:
        """Returns the encoder's outputs. Shape `[B, S, K]`."""
        shape = (x.shape[0], self.sizes.num_slots, self.sizes.code_dim)
        return self.part("encoder")(x, shapes=[shape])[0]

    @property
    def codebook(self) -> np.ndarray:
        """Returns the codes. Shape `[C, K]`."""
        found = np.asarray(self.attribute("codebook"), float)
        shape = (self.sizes.num_codes, self.sizes.code_dim)
        if found.shape != shape:
            raise PropertyFailed(
                f"model.codebook has another shape than {list(shape)}", "wrong_shape"
            )
        return found

    def decode(self, z: np.ndarray) -> np.ndarray:
        """Returns the decoder's logits for codes `[B, S, K]`. Shape `[B, D]`."""
        return self.part("decoder")(z, shapes=[(len(z), self.sizes.event_dim)])[0]

    def likelihood(self, x: np.ndarray, logits: np.ndarray) -> np.ndarray:
        """Returns -log p(x) of binary images under logits `[B, D]`, each. Shape `[B]`."""
        return self.exam.oracle.reconstruction(x, logits[np.newaxis])[0]

    def distances(self, x: np.ndarray) -> np.ndarray:
        """Returns the squared distance of each slot from each code. Shape `[B, S, C]`."""
        return np.sum((self.encode(x)[:, :, None] - self.codebook) ** 2, axis=-1)

    def fit(self, examples: Examples, learning_rate: float, **options: Any) -> dict:
        """Trains with a new Adam and returns the history.

        Raises `NoReply` or `PropertyFailed` if that fails.
        """
        options = {"batch_size": BATCH_SIZE, "epochs": 1, **options}
        reply = self.exam.student.fit(self.handle, examples.arrays, learning_rate, **options)
        return require_history(require_ok(reply), ("loss", "distortion", "vq"))

    def look_at_parts(self, x: np.ndarray, z: np.ndarray) -> list[tuple]:
        """Returns for each part (words if it stays the same, its array, the mistake then)."""
        return [
            ("the encoder returns the same values", self.encode(x), "encoder_not_trained"),
            ("the codebook is the same", self.codebook, "vq_codebook_frozen"),
            ("the decoder returns the same values", self.decode(z), "decoder_not_trained"),
        ]


def build_codebook_model(exam: Exam, sizes: CodeSizes) -> CodebookModel:
    """Returns a new `CodebookModel`, built by a first call of each part.

    Raises:
        PropertyFailed: If a part ignores its inputs or weights.
    """
    model = build(
        exam,
        "VQVAE",
        *sizes[:4],
        of=CodebookModel,
        hidden=tuple(sizes.hidden),
        commitment=sizes.commitment,
    )
    model.sizes = sizes
    x = (exam.generator.random((5, sizes.event_dim)) < 0.5).astype(np.float32)
    z = exam.normal(5, sizes.num_slots, sizes.code_dim)

    def look() -> dict:
        return {"the encoder": [model.encode(x)], "the decoder": [model.decode(z)]}

    # Layers without weights make them now.
    look()
    parts = {"the encoder": "encoder_not_trained", "the decoder": "decoder_not_trained"}
    if ("VQVAE", sizes) not in exam.memory.computing:
        check_depends_on_inputs_and_weights(model, look, parts)
        exam.memory.computing.add(("VQVAE", sizes))
    return model


class Coded(NamedTuple):
    """What the parts of a model give for a batch of images.

    Attributes:
        x: Images. Shape `[B, D]`.
        z_e: Outputs of the encoder. Shape `[B, S, K]`.
        z_q: The nearest codes. Same shape.
        logits: What the decoder makes of them. Shape `[B, D]`.
        decode: The decoder.
        likelihood: From images and logits to -log p(x) of each. Shape `[B]`.
        commitment: Weight of the term that moves the encoder.
    """

    x: np.ndarray
    z_e: np.ndarray
    z_q: np.ndarray
    logits: np.ndarray
    decode: Callable
    likelihood: Callable
    commitment: float

    def distortion(self, logits: np.ndarray) -> np.ndarray:
        """Returns -log p(x) of each image under logits. Shape `[B]`."""
        return self.likelihood(self.x, logits)


def squares(coded: Coded) -> np.ndarray:
    """Returns the squared difference of outputs and codes. Shape `[B, S, K]`."""
    return (coded.z_e - coded.z_q) ** 2


# What known mistakes make of the two terms of an example.
DISTORTIONS: dict[str, Callable] = {
    "right": lambda c: c.distortion(c.logits),
    "distortion_negated": lambda c: -c.distortion(c.logits),
    "distortion_averaged_over_pixels": lambda c: c.distortion(c.logits) / c.x.shape[1],
    "distortion_summed_over_batch": lambda c: np.full(c.x.shape[0], c.distortion(c.logits).sum()),
    "distortion_averaged_over_batch": lambda c: np.full(
        c.x.shape[0], c.distortion(c.logits).mean()
    ),
    "decoder_sees_the_outputs": lambda c: c.distortion(c.decode(c.z_e)),
    "decoder_sees_the_difference": lambda c: c.distortion(c.decode(c.z_q - c.z_e)),
    "decoder_sees_the_sum": lambda c: c.distortion(c.decode(c.z_q + c.z_e)),
    "sigmoid_twice": lambda c: c.distortion(1 / (1 + np.exp(-c.logits))),
    "vq_in_the_distortion": lambda c: (
        c.distortion(c.logits) + (1 + c.commitment) * squares(c).sum((1, 2))
    ),
    "squared_error": lambda c: ((c.x - c.logits) ** 2).sum(-1),
    "squared_error of probabilities": lambda c: ((c.x - 1 / (1 + np.exp(-c.logits))) ** 2).sum(-1),
}
VQ_TERMS: dict[str, Callable] = {
    "right": lambda c: (1 + c.commitment) * squares(c).sum((1, 2)),
    "vq_no_commitment": lambda c: squares(c).sum((1, 2)),
    "vq_commitment_alone": lambda c: c.commitment * squares(c).sum((1, 2)),
    "vq_commitment_not_kept": lambda c: (1 + COMMITMENT) * squares(c).sum((1, 2)),
    "vq_commitment_not_weighted": lambda c: 2 * squares(c).sum((1, 2)),
    "vq_averaged_over_dimensions": lambda c: (1 + c.commitment) * squares(c).mean(-1).sum(-1),
    "vq_averaged_over_slots": lambda c: (1 + c.commitment) * squares(c).sum(-1).mean(-1),
    "vq_averaged_over_both": lambda c: (1 + c.commitment) * squares(c).mean((1, 2)),
    "vq_not_squared": lambda c: (1 + c.commitment) * np.sqrt(squares(c).sum(-1)).sum(-1),
    "vq_summed_over_batch": lambda c: np.full(c.x.shape[0], (1 + c.commitment) * squares(c).sum()),
    "vq_averaged_over_batch": lambda c: np.full(
        c.x.shape[0], (1 + c.commitment) * squares(c).sum((1, 2)).mean()
    ),
    "vq_of_the_first_slot": lambda c: (1 + c.commitment) * squares(c)[:, 0].sum(-1),
}


@examination(
    "vq_terms",
    finds=(
        *MISTAKES_OF_ANY_MODEL,
        *("wrong_shape", "codes_not_onehot", "codes_not_nearest", "terms_swapped"),
        *MISTAKES_OF_BOUNDED_OUTPUTS,
        *(without_remark(name) for name in (*DISTORTIONS, *VQ_TERMS) if name != "right"),
    ),
)
def check_vq_terms(exam: Exam) -> None:
    """`codes` are the nearest rows, and `terms` follow from the model's own parts."""
    for sizes in (SMALL, OTHER):
        model = build_codebook_model(exam, sizes)
        z = exam.normal(9, sizes.num_slots, sizes.code_dim)
        check_outputs_are_unbounded(
            model, lambda model=model, z=z: {"the decoder": model.decode(z)}
        )
        model.perturb_weights()
        for batch in (5, 1):
            x = (exam.generator.random((batch, sizes.event_dim)) < 0.5).astype(np.float32)
            x = x[without_ties(model, x)]
            if x.shape[0]:
                check_batch(model, x)


def without_ties(model: CodebookModel, x: np.ndarray) -> np.ndarray:
    """Tells of which images rounding cannot change a code. Shape `[B]`."""
    first, second = np.moveaxis(np.sort(model.distances(x), axis=-1), -1, 0)[:2]
    return np.all(second - first > TIE, axis=1)


def check_batch(model: CodebookModel, x: np.ndarray) -> None:
    """Raises `PropertyFailed` unless codes and terms of some images are right."""
    sizes = model.sizes
    (codes,) = model.method("codes", x, shapes=[(x.shape[0], sizes.num_slots, sizes.num_codes)])
    if not (np.isin(codes, (0, 1)).all() and np.all(codes.sum(-1) == 1)):
        raise PropertyFailed("codes(x) is not one-hot: one 1 for each slot", "codes_not_onehot")
    nearest = model.distances(x).argmin(-1)
    if np.any(codes.argmax(-1) != nearest):
        raise PropertyFailed(
            "codes(x) are not the rows of the codebook that are nearest to encoder(x)",
            "codes_not_nearest",
        )
    coded = code(model, x)
    got = model.method("terms", x, shapes=[(x.shape[0],)] * 2, outputs=2)
    check_terms_of_batch(coded, got)


def code(model: CodebookModel, x: np.ndarray) -> Coded:
    """Returns what a model's parts give for some images `[B, D]`."""
    z_q = model.codebook[model.distances(x).argmin(-1)]
    return Coded(
        x,
        z_e=model.encode(x),
        z_q=z_q,
        logits=model.decode(z_q),
        decode=model.decode,
        likelihood=model.likelihood,
        commitment=model.sizes.commitment,
    )


def check_terms_of_batch(coded: Coded, got: list[np.ndarray]) -> None:
    """Raises `PropertyFailed` unless both terms are those of what the model's parts give.

    Args:
        coded: What they give.
        got: The two terms that came back.
    """
    rights = DISTORTIONS["right"](coded), VQ_TERMS["right"](coded)
    wrong = [index for index in (0, 1) if not is_within_rounding(got[index], rights[index])]
    if not wrong:
        return
    if all(is_within_rounding(got[index], rights[1 - index]) for index in (0, 1)):
        raise PropertyFailed("terms(x) are in another order", "terms_swapped")
    index = wrong[0]
    table, name = (DISTORTIONS, "the distortion") if index == 0 else (VQ_TERMS, "the vq term")
    names = [
        without_remark(mistake)
        for mistake, form in table.items()
        if mistake != "right" and is_within_rounding(got[index], form(coded))
    ]
    seen = describe.describe_number(float(got[index].mean()), float(rights[index].mean()))
    raise PropertyFailed(
        f"judged by the model's own encoder, codebook and decoder, {name} is {seen}",
        names[0] if names else "",
        f"it is {got[index].mean():.3g}, and should be {rights[index].mean():.3g}",
    )


# What known mistakes make of the loss: functions of the reported distortion and vq, and the batch.
LOSSES: dict[str, Callable] = {
    "vq_missing_in_the_loss": lambda d, v, size: d,
    "distortion_missing": lambda d, v, size: v,
    "vq_subtracted": lambda d, v, size: d - v,
    "loss_negated": lambda d, v, size: -d - v,
    "loss_summed_over_batch": lambda d, v, size: size * (d + v),
    "distortion_averaged_over_pixels": lambda d, v, size: d / TRAINED.event_dim + v,
}
# What known mistakes make of the weight with which the vq term moves the encoder.
ENCODER_WEIGHTS: dict[str, Callable] = {
    "vq_commitment_without_gradient": lambda commitment: 0,
    "vq_commitment_on_the_codes": lambda commitment: 1,
    "vq_gradients_not_held_back": lambda commitment: 1 + commitment,
}


@examination(
    "vq_weights",
    finds=(
        *MISTAKES_OF_ANY_MODEL,
        *("wrong_shape", "vq_codebook_frozen", "weights_do_not_move", "metrics_missing"),
        *("terms_swapped", "vq_no_straight_through", *LOSSES, *ENCODER_WEIGHTS),
    ),
)
def check_vq_weights(exam: Exam) -> None:
    """A step lowers the sum of both terms: it moves encoder, codebook and decoder as it should."""
    model = build_codebook_model(exam, TRAINED)
    examples = exam.digits(labelled=False)[0][:BATCH_SIZE]
    z = exam.normal(5, TRAINED.num_slots, TRAINED.code_dim)
    # A first call makes the weights of layers that had none.
    check_loss(model, examples.x, model.fit(examples, 0.0))
    check_weights_move(
        model,
        examples.x,
        z,
        lambda: model.fit(examples, 1e-2, epochs=2),
    )
    check_encoder_gradients(model, examples.x[:8])


def check_loss(model: CodebookModel, x: np.ndarray, history: dict) -> None:
    """Raises `PropertyFailed` unless the loss is the sum of the terms, as they are reported.

    Args:
        model: The `CodebookModel`.
        x: The images of the one batch that it was given, without a weight moving.
        history: What it reported.
    """
    loss, *reported = (float(history[name][0]) for name in ("loss", "distortion", "vq"))
    own = [float(term.mean()) for term in model.method("terms", x, shapes=[None] * 2, outputs=2)]
    if np.allclose(reported, own[::-1], 1e-3) and not np.allclose(reported, own, 1e-3):
        raise PropertyFailed("each term is reported under the other's name", "terms_swapped")
    if not np.isclose(loss, sum(reported), 1e-3):
        names = [
            name
            for name, form in LOSSES.items()
            if np.isclose(loss, form(*reported, x.shape[0]), 1e-3)
        ]
        seen = describe.describe_number(loss, sum(reported))
        raise PropertyFailed(
            f"judged by the distortion and the vq that you report, the loss is {seen}",
            names[0] if names else "",
            f"it is {loss:.3g}, and should be {sum(reported):.3g}",
        )


def check_encoder_gradients(model: CodebookModel, x: np.ndarray) -> None:
    """Raises `PropertyFailed` unless the encoder gets the gradients that it should, and no other.

    The images are arguments of `terms` and of the encoder: what reaches them through the vq term is
    what the encoder makes of the gradient in its outputs. A vq term of another value, which
    `check_vq_terms` finds, has another gradient.
    """
    if not is_straight_through(model, x):
        raise PropertyFailed(
            "no gradient of the distortion reaches the encoder", "vq_no_straight_through"
        )
    x = x[without_ties(model, x)]
    coded, ones, commitment = code(model, x), np.ones(x.shape[0]), model.sizes.commitment
    _, vq = model.method("terms", x, shapes=[None] * 2, outputs=2)
    if not (x.shape[0] and is_within_rounding(vq, VQ_TERMS["right"](coded))):
        return
    of_vq = gradient_in_images(model, "terms", x, [0 * ones, ones])
    pull = gradient_in_images(model, "encoder", x, [2 * (coded.z_e - coded.z_q)])

    def fits(weight: float) -> bool:
        return np.allclose(of_vq, weight * pull, 1e-3, 1e-3 * np.abs(pull).max())

    if not fits(commitment):
        raise PropertyFailed(
            "the gradient of the vq term that reaches the encoder is not that of the commitment",
            next((name for name, of in ENCODER_WEIGHTS.items() if fits(of(commitment))), ""),
        )


def is_straight_through(model: CodebookModel, x: np.ndarray) -> bool:
    """Tells whether any gradient of the distortion reaches the encoder."""
    ones = np.ones(x.shape[0])
    found = gradient_in_images(model, "terms", x, [ones, 0 * ones])
    # The images stand in the likelihood too, as what is compared.
    of_images = -code(model, x).logits
    return not any(np.allclose(found, known, 1e-3, 1e-5) for known in (0, of_images))


def gradient_in_images(
    model: CodebookModel, name: str, x: np.ndarray, cotangents: list[np.ndarray]
) -> np.ndarray:
    """Returns the gradient in the images of what `model.<name>(x)` returns. Shape `[B, D]`."""
    given = [np.asarray(array, np.float32) for array in cotangents]
    return claimed_gradients(model.exam, f"{model.key}.{name}", [x], given)[0]


@examination(
    "vq_floor",
    finds=(
        *MISTAKES_OF_ANY_MODEL,
        *("wrong_shape", "passes_untrained", "not_finite", "codes_never_used"),
        "codes_begin_far_away",
        *("vq_no_straight_through", "training_raises_the_distortion", "metrics_missing"),
    ),
)
def check_vq_floor(exam: Exam, most: float, least_codes: int) -> None:
    """Trained, the distortion of held-out digits is low, and enough codes are in use.

    Args:
        exam: The `Exam`.
        most: The largest distortion, in nats for each image.
        least_codes: How many codes must be in use, at least.
    """
    model = build_codebook_model(exam, TRAINED)
    train, test = exam.digits(labelled=False)
    start, _ = score(model, test)
    if start <= most:
        raise PropertyFailed("before any training, the distortion is low", "passes_untrained")
    is_far = begins_far_away(model, test.x)
    model.fit(train, LEARNING_RATE, epochs=EPOCHS, seed=0)
    reached, used = score(model, test)
    measured = f"the distortion goes from {start:.3g} to {reached:.3g} nats, {used} codes are used"
    if not np.isfinite(reached):
        raise PropertyFailed("training ends in NaN", "not_finite")
    if reached > most:
        reasons = {
            "training_raises_the_distortion": reached > start,
            "vq_no_straight_through": not is_straight_through(model, test.x[:8]),
            "codes_begin_far_away": is_far,
            "codes_never_used": used < least_codes,
        }
        raise PropertyFailed(
            f"after {EPOCHS} epochs, the distortion of held-out digits is too high",
            next((name for name, holds in reasons.items() if holds), ""),
            measured,
        )
    if used < least_codes:
        raise PropertyFailed("most codes are never used", "codes_never_used", measured)


def begins_far_away(model: CodebookModel, x: np.ndarray) -> bool:
    """Tells whether the nearest codes lie far from where the encoder's outputs are."""
    nearest = model.distances(x).min(-1).mean()
    return bool(nearest > FAR**2 * np.sum(model.encode(x) ** 2, axis=-1).mean())


def score(model: CodebookModel, examples: Examples) -> tuple[float, int]:
    """Returns the mean distortion of images, and how many codes they use."""
    nearest = model.distances(examples.x).argmin(-1)
    logits = model.decode(model.codebook[nearest])
    distortion = float(model.likelihood(examples.x, logits).mean())
    return distortion, len(np.unique(nearest))
