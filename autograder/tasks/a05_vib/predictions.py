"""Predicted probabilities, averaged over samples."""

import numpy as np
from scipy.special import expit

from autograder.reference import vib

from ..domains import BATCH, DIMS, spread
from ..formulas import log_softmax, softmax
from ..pictures import curve
from ..question import EDGE, GENERIC, Arguments, Case, Domain, Draw, Question, wrong
from ..terms import of_output, term
from .labels import careless_softmax, draw_labels
from .loss import VIB_SOURCE

__all__ = ["vib_predict_probs"]


def mixture(logits) -> np.ndarray:
    return softmax(logits).mean(axis=0)


def exponentials(logits) -> np.ndarray:
    """The exponentials of the textbook's softmax, which overflow."""
    return np.exp(logits)


def draw_logits(scale, shift=0.0) -> Draw:
    return lambda generator, L, B, C: (shift + generator.normal(0, scale, (L, B, C)),)


def draw_disagreeing(generator, L, B, C) -> Arguments:
    """Logits of +-1000: every sample is certain, and not all of the same class."""
    chosen = np.stack([draw_labels(generator, B, C) for _ in range(L)])
    return (1000 * (2 * chosen - 1),)


def draw_agreeing(generator, L, B, C) -> Arguments:
    """All samples say the same: a posterior of no width."""
    logits = generator.normal(0, 2, (1, B, C))
    return (np.repeat(logits, L, axis=0),)


vib_predict_probs = Question(
    name="vib_predict_probs",
    points=5,
    source=f"{VIB_SOURCE}; errata E-000-12",
    shape="[B,C]",
    reference=vib.vib_predict_probs,
    cases=(
        Case("five classes", GENERIC, draw_logits(1.5), {"L": 3, "B": 4, "C": 5}),
        Case("samples that disagree", GENERIC, draw_logits(3.0), {"L": 5, "B": 3, "C": 4}),
        Case("seven samples", GENERIC, draw_logits(2.0), {"L": 7, "B": 5, "C": 3}),
        Case("logits of +-1000", EDGE, draw_disagreeing, {"L": 5, "B": 4, "C": 3}),
        Case("samples that agree", EDGE, draw_agreeing, {"L": 4, "B": 5, "C": 3}),
        Case(
            "logits with a large common part",
            EDGE,
            draw_logits(1.5, 150.0),
            {"L": 4, "B": 3, "C": 7},
        ),
    ),
    float32=0.15,
    tolerance=(
        "exponentials of logits minus their logsumexp, where both are large: "
        "measured 0.1 of the tolerance"
    ),
    domain=Domain(lambda generator: (spread(generator, 1000, (3, BATCH, DIMS)),)),
    terms=(
        of_output(
            {"logits": "class_logits"},
            term(
                "mixture",
                1,
                lambda a: mixture(a),
                "mean_l softmax(a_l)",
                "the mean of the probabilities over the samples",
            ),
            term(
                "of_mean",
                0,
                lambda a: softmax(a.mean(axis=0)),
                "softmax(mean_l a_l)",
                "the softmax of the mean logits",
            ),
            term(
                "largest",
                0,
                lambda a: softmax(a).max(axis=0),
                "max_l softmax(a_l)",
                "the largest of the probabilities over the samples",
            ),
            term("first", 0, lambda a: softmax(a)[0], "softmax(a_1)", "the first sample alone"),
            sizes={"L": len},
        ),
    ),
    pictures=(curve(-5, 5, {"logits": [["t", 0, 1], [-1, 0, 2]]}, axis=1, column=0),),
    mistakes=wrong(
        vpp_softmax_of_mean_logits="mixture:of_mean",
        vpp_sum="mixture:*L",
        vpp_softmax_over_samples=lambda logits: softmax(logits, axis=0).mean(axis=0),
        vpp_softmax_over_batch=lambda logits: softmax(logits, axis=1).mean(axis=0),
        vpp_first_sample=("mixture:first", lambda logits: softmax(logits)[-1]),
        vpp_mean_logits=lambda logits: logits.mean(axis=0),
        vpp_log_probs=(
            lambda logits: np.log(mixture(logits)),
            lambda logits: log_softmax(logits).mean(axis=0),
        ),
        vpp_geometric_mean=lambda logits: np.exp(log_softmax(logits).mean(axis=0)),
        vpp_exponentials_averaged=(
            lambda logits: (
                exponentials(logits).mean(0)
                / exponentials(logits).mean(0).sum(axis=-1, keepdims=True)
            ),
            lambda logits: softmax(np.logaddexp.reduce(logits, axis=0)),
        ),
        vpp_sigmoid=lambda logits: expit(logits).mean(axis=0),
        vpp_softmax_twice=(
            lambda logits: softmax(mixture(logits)),
            lambda logits: softmax(softmax(logits)).mean(axis=0),
        ),
        vpp_votes=lambda logits: np.eye(logits.shape[-1])[logits.argmax(axis=-1)].mean(axis=0),
        vpp_label=lambda logits: np.eye(logits.shape[-1])[mixture(logits).argmax(axis=-1)],
        vpp_largest_over_samples="mixture:largest",
        vpp_overflow=lambda logits: careless_softmax(logits).mean(axis=0),
    ),
)
