"""The gradients of `vq_loss`: where the output's goes, and those of the two squared distances."""

from collections.abc import Callable, Iterator

import numpy as np

from .exam import Exam, PropertyFailed, examination
from .function_examinations import gradients_agree
from .gradients import claimed_gradients

__all__ = ["check_vq_gradient"]

# Where what reaches the output may go, shares of it in z_e and in the codes, with the names of
# mistakes.
WAYS_OF_THE_OUTPUT = {
    "": (1, 0),
    "vq_no_straight_through": (0, 1),
    "vq_output_reaches_the_codes_too": (1, 1),
    "vq_output_reaches_nothing": (0, 0),
}
# The same for the loss: from the commitment to the weights of the squared distance in z_e and in
# the codes.
WAYS_OF_THE_LOSS: dict[str, Callable] = {
    "": lambda c: (c, 1),
    "vq_stops_swapped": lambda c: (1, c),
    "vq_everything_flows": lambda c: (1 + c, 1 + c),
    "vq_codebook_frozen": lambda c: (c, 0),
    "vq_encoder_frozen": lambda c: (0, 1),
    "vq_codes_alone": lambda c: (0, 1 + c),
    "vq_encoder_alone": lambda c: (1 + c, 0),
}
# Of one and of the other; `check_vq_gradient` says them.
GRADIENT_MISTAKES = (*WAYS_OF_THE_OUTPUT, *WAYS_OF_THE_LOSS, "vq_gradient_is_none")


@examination("vq_gradient", finds=tuple(filter(None, GRADIENT_MISTAKES)))
def check_vq_gradient(exam: Exam) -> None:
    """`vq_loss` sends the output's gradient to z_e, and each of its terms to one side.

    Raises:
        PropertyFailed: If a gradient in z_e or in the codebook is another.
    """
    codebook, cotangent, commitment = exam.normal(4, 3), exam.normal(5, 3), 0.4
    # Each output is near to a code, two of them to the same one; one code is near to none.
    z_e = codebook[[0, 0, 2, 1, 2]] + np.float32(0.1) * exam.normal(5, 3)
    got = claimed_gradients(
        exam, "vq_loss", [z_e, codebook], [cotangent, np.ones((), np.float32)], further=[commitment]
    )
    if not any(np.any(gradient) for gradient in got):
        raise PropertyFailed("all gradients are missing, or 0", "vq_gradient_is_none")
    names = [
        name
        for name, wanted in vq_gradients(z_e, codebook, cotangent, commitment)
        if all(map(gradients_agree, got, wanted))
    ]
    if "" not in names:
        raise PropertyFailed(
            "a gradient in z_e or in the codebook is not the right one", names[0] if names else ""
        )


def vq_gradients(
    z_e: np.ndarray, codebook: np.ndarray, cotangent: np.ndarray, commitment: float
) -> Iterator[tuple[str, tuple]]:
    """Yields the names of known mistakes, first "", each with the gradients that it makes.

    Args:
        z_e: Outputs of the encoder. Shape `[B, K]`.
        codebook: The codes. Shape `[C, K]`.
        cotangent: That of the output. Shape `[B, K]`.
        commitment: The weight of the encoder's term.

    Yields:
        A name, and the gradients in z_e and in the codebook.
    """
    nearest = ((z_e[:, None] - codebook) ** 2).sum(-1).argmin(-1)
    slope = 2 * (z_e - codebook[nearest]) / len(z_e)
    to_codes = np.eye(len(codebook))[nearest].T
    for output, (in_z_e, in_codes) in WAYS_OF_THE_OUTPUT.items():
        for loss, weights in WAYS_OF_THE_LOSS.items():
            of_z_e, of_codes = weights(commitment)
            yield (
                " and ".join(filter(None, (output, loss))),
                (
                    in_z_e * cotangent + of_z_e * slope,
                    to_codes @ (in_codes * cotangent - of_codes * slope),
                ),
            )
