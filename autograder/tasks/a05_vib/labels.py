"""The log-likelihood of a label."""

import math

import numpy as np

from autograder.reference import vib

from ..domains import BATCH, DIMS, spread
from ..formulas import SMALL, Numbers, log_softmax, logsumexp, softmax, total
from ..pictures import curve
from ..question import EDGE, GENERIC, Arguments, Case, Domain, Draw, Formula, Question, wrong
from ..terms import of_output, term

__all__ = [
    "OTHER_SIGNS",
    "careless_softmax",
    "categorical",
    "categorical_log_prob",
    "draw_labels",
    "from_probs",
    "log_of_shifted_probs",
    "other_labels",
    "sweep_labels",
    "without_from_logits",
]

LABEL_SOURCE = 'document 000, section 6 "VIB with Normalizing Flow"; errata E-000-14'
OTHER_SIGNS = "each of the two terms has the other sign, so one is minus the other"


def categorical(y_onehot, logits) -> Numbers:
    """Returns log p(y) for each row of labels and logits. Shape `[..., B]`."""
    return total(y_onehot * log_softmax(logits))


def careless_softmax(logits) -> np.ndarray:
    """The textbook's formula, which overflows."""
    exponentials = np.exp(logits)
    return exponentials / exponentials.sum(axis=-1, keepdims=True)


def clip_probs(probs, least) -> np.ndarray:
    """Returns log of probabilities that were clipped; with `least` 0 the logarithm as it is."""
    return np.log(np.clip(probs, least, 1 - least) if least else probs)


def draw_labels(generator, B, C) -> np.ndarray:
    """Returns one-hot labels, not all of one class. Shape `[B, C]`.

    Args:
        generator: Draws the classes.
        B: Examples.
        C: Classes.
    """
    classes = generator.integers(0, C, B)
    classes[0] = (classes[1] + 1) % C
    return np.eye(C)[classes]


def other_labels(generator, y_onehot) -> np.ndarray:
    """Labels that are wrong for every example."""
    return np.roll(y_onehot, generator.integers(1, y_onehot.shape[-1]), axis=-1)


def draw_classified(scale) -> Draw:
    return lambda generator, B, C: (
        draw_labels(generator, B, C),
        generator.normal(0, scale, (B, C)),
    )


def draw_saturated(generator, B, C) -> Arguments:
    """Logits of +-1000: one class far above the others, the right one for some examples."""
    y_onehot = draw_labels(generator, B, C)
    chosen = np.where((np.arange(B) % 2 == 0)[:, None], y_onehot, other_labels(generator, y_onehot))
    return y_onehot, 1000 * (2 * chosen - 1)


def draw_shifted(generator, B, C) -> Arguments:
    """Ordinary logits, with a large number added to all of an example's: it must not matter."""
    y_onehot, logits = draw_classified(1.5)(generator, B, C)
    return y_onehot, logits + generator.choice([-1, 1], (B, 1)) * generator.uniform(
        100, 200, (B, 1)
    )


def from_probs(least, softmax_of=careless_softmax) -> Formula:
    """Returns the logarithm of the label's probability, clipped at `least`."""
    return lambda y_onehot, logits: total(
        xlogy_like(y_onehot, clip_probs(softmax_of(logits), least))
    )


def xlogy_like(y_onehot, logs) -> np.ndarray:
    """Picks the label's entry, as those do who mask or gather: 0 times minus infinity is 0."""
    return np.where(y_onehot > 0, logs, 0)


def sum_to_one(logits) -> np.ndarray:
    """Divides by the sum, as Keras does with what it takes for probabilities."""
    return logits / logits.sum(axis=-1, keepdims=True)


def without_from_logits(least, to_probs=sum_to_one) -> Formula:
    """Returns the log probability of the label where the logits are taken for probabilities."""
    return lambda y_onehot, logits: total(
        y_onehot * np.log(np.clip(to_probs(logits), least, 1 - least))
    )


def log_of_shifted_probs(least) -> Formula:
    return lambda y_onehot, logits: total(y_onehot * np.log(softmax(logits) + least))


def sweep_labels(generator, batch=BATCH) -> np.ndarray:
    return np.eye(DIMS)[generator.integers(0, DIMS, batch)]


categorical_log_prob = Question(
    name="categorical_log_prob",
    points=4,
    source=LABEL_SOURCE,
    shape="[B]",
    reference=vib.categorical_log_prob,
    cases=(
        Case("five classes", GENERIC, draw_classified(1.5), {"B": 7, "C": 5}),
        Case("three classes", GENERIC, draw_classified(1.0), {"B": 5, "C": 3}),
        Case("seven classes, spread out", GENERIC, draw_classified(3.0), {"B": 4, "C": 7}),
        Case("logits of +-1000", EDGE, draw_saturated, {"B": 7, "C": 4}),
        Case("logits with a large common part", EDGE, draw_shifted, {"B": 5, "C": 4}),
    ),
    float32=0.15,
    tolerance=(
        "logsumexp minus the label's logit loses digits where both are large: "
        "measured 0.1 of the tolerance"
    ),
    domain=Domain(lambda generator: (sweep_labels(generator), spread(generator, 1000))),
    terms=(
        of_output(
            {"y_onehot": "binary", "logits": "class_logits"},
            term("label", 1, lambda y, a: total(y * a), "sum_c y_c a_c", "the label's logit"),
            term(
                "logsumexp",
                -1,
                lambda y, a: logsumexp(a, axis=-1),
                "logsumexp_c a_c",
                "the logsumexp of the logits",
            ),
            term("all_logits", 0, lambda y, a: total(a), "sum_c a_c", "the sum of all logits"),
            term("largest", 0, lambda y, a: a.max(axis=-1), "max_c a_c", "the largest logit"),
            term(
                "softpluses",
                0,
                lambda y, a: total(np.logaddexp(0, a)),
                "sum_c softplus(a_c)",
                "the softpluses of all logits",
            ),
            term(
                "over_batch",
                0,
                lambda y, a: total(y * logsumexp(a, axis=0)),
                "sum_c y_bc logsumexp_b' a_b'c",
                "the logsumexp over the batch",
            ),
            sizes={"C": lambda y, a: a.shape[-1]},
        ),
    ),
    pictures=(curve(-5, 5, {"y_onehot": [1, 0, 0], "logits": ["t", 0, 1]}),),
    mistakes=wrong(
        cat_sign_flipped="all:-1",
        cat_no_logsumexp="logsumexp:0",
        cat_softmax_twice="logits_softmaxed",
        cat_binary_ce="logsumexp:softpluses",
        cat_sigmoid_of_label=lambda y_onehot, logits: -np.logaddexp(0, -total(y_onehot * logits)),
        cat_log2=lambda y_onehot, logits: categorical(y_onehot, logits) / math.log(2),
        cat_softmax_over_batch="logsumexp:over_batch",
        cat_prob_not_log=lambda y_onehot, logits: np.exp(categorical(y_onehot, logits)),
        cat_all_classes=lambda y_onehot, logits: total(log_softmax(logits)),
        cat_other_classes=lambda y_onehot, logits: total((1 - y_onehot) * log_softmax(logits)),
        cat_best_class=lambda y_onehot, logits: log_softmax(logits).max(axis=-1),
        cat_mean_over_classes="all:/C",
        cat_logsumexp_added="logsumexp:-1",
        cat_logits_as_probabilities=(
            without_from_logits(1e-7),
            *(without_from_logits(least) for least in (1e-8, 1e-6, 1e-12)),
            *(
                without_from_logits(least, lambda logits: logits)
                for least in (1e-7, 1e-8, 1e-6, 1e-12)
            ),
        ),
        cat_squared_error=(
            lambda y_onehot, logits: -total((y_onehot - softmax(logits)) ** 2),
            lambda y_onehot, logits: total((y_onehot - softmax(logits)) ** 2),
        ),
        cat_through_probability=(
            from_probs(0.0),
            lambda y_onehot, logits: total(y_onehot * np.log(careless_softmax(logits))),
            lambda y_onehot, logits: total(y_onehot * logits) - np.log(np.exp(logits).sum(axis=-1)),
            lambda y_onehot, logits: total(
                y_onehot * (logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True)))
            ),
            lambda y_onehot, logits: total(y_onehot * np.log(softmax(logits))),
            lambda y_onehot, logits: np.log(total(y_onehot * softmax(logits))),
            *(from_probs(least, softmax) for least in SMALL[:-1]),
            *(log_of_shifted_probs(least) for least in SMALL[:-1]),
        ),
    ),
)
