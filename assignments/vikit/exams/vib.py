"""The VIB: its distortion is the label's cross-entropy, its rate KL(q(z|x) || N(0, I))."""

from collections.abc import Callable

import numpy as np

from .digits import Examples
from .latent_model import (
    BITS_PER_NAT,
    Distortion,
    LatentModel,
    LossMethod,
    Rate,
    Score,
    Term,
    register_spec,
)
from .model import Model
from .probabilities import (
    LEAST_PROBABILITIES,
    are_class_probabilities,
    binary_cross_entropy,
    class_logits,
    class_probabilities,
    log_class_probabilities,
)
from .rate_mistakes import closed_form_rate, rate_mistakes, wrong_rates
from .read_terms import kl_parts
from .samples import Sample

__all__ = [
    "ACCURACY",
    "CROSS_ENTROPY_DISTORTION",
    "CROSS_ENTROPY_FORMS",
    "CUT_OFF",
    "VIB",
    "form_of_sample",
]

# The name of a cross-entropy that goes through a probability, which is kept away from 0.
CUT_OFF = "cross_entropy_cut_off"


def form_of_sample(form: Callable) -> Callable:
    """Returns the function of a `Sample` that is `form(oracle, y_onehot, logits)`."""
    return lambda s: form(s.oracle, s.examples.y_onehot, s.outputs)


def raised_to(least: float) -> Callable:
    """Returns the function that raises probabilities to `least`."""
    return lambda probs: np.maximum(probs, least)


def raised_by(least: float) -> Callable:
    """Returns the function that adds `least` to probabilities."""
    return lambda probs: probs + least


def with_probability(raised: Callable) -> Callable:
    """Returns the cross-entropy, as below, that is minus the logarithm of a raised probability."""
    return lambda oracle, y, a: -np.log(raised(np.exp(-oracle.cross_entropy(y, a)))).mean(0)


# What known mistakes make of the labels y `[B, C]` and the logits a `[L, B, C]`:
# a cross-entropy of each example.
CROSS_ENTROPY_FORMS = {
    "right": lambda oracle, y, a: oracle.cross_entropy(y, a).mean(0),
    "cross_entropy_negated": lambda oracle, y, a: -oracle.cross_entropy(y, a).mean(0),
    "samples_summed": lambda oracle, y, a: oracle.cross_entropy(y, a).sum(0),
    "first_sample_only": lambda oracle, y, a: oracle.cross_entropy(y, a)[0],
    "logits_averaged": lambda oracle, y, a: oracle.cross_entropy(y, a.mean(0, keepdims=True))[0],
    "log_of_mean_over_samples": lambda oracle, y, a: oracle.cross_entropy(
        y, log_class_probabilities(oracle.predict(a))[None]
    )[0],
    "cross_entropy_averaged_over_classes": lambda oracle, y, a: (
        oracle.cross_entropy(y, a).mean(0) / y.shape[-1]
    ),
    "cross_entropy_summed_over_batch": lambda oracle, y, a: np.full(
        len(y), oracle.cross_entropy(y, a).mean(0).sum()
    ),
    "cross_entropy_averaged_over_batch": lambda oracle, y, a: np.full(
        len(y), oracle.cross_entropy(y, a).mean()
    ),
    "softmax_twice": lambda oracle, y, a: oracle.cross_entropy(
        y, class_probabilities(oracle, a)
    ).mean(0),
    "decoder_returns_probabilities": lambda oracle, y, a: oracle.cross_entropy(
        y, log_class_probabilities(a)
    ).mean(0),
    **{
        f"{CUT_OFF} at {least:g}": with_probability(raised_to(least))
        for least in LEAST_PROBABILITIES
    },
    **{
        f"{CUT_OFF} by {least:g} more": with_probability(raised_by(least))
        for least in LEAST_PROBABILITIES
    },
    "binary_cross_entropy": lambda oracle, y, a: binary_cross_entropy(oracle, y, a).sum(-1),
    "binary_cross_entropy averaged": lambda oracle, y, a: binary_cross_entropy(oracle, y, a).mean(
        -1
    ),
}
# What known mistakes make of the cross-entropy d of each example, `[B]`,
# with a `Sample`: the first term.
FIRST_TERM_FORMS = {
    "right": lambda d, s: d,
    "beta_on_the_cross_entropy": lambda d, s: s.spec.weight * d,
    "kl_in_the_cross_entropy": lambda d, s: d + s.spec.weight * s.rate.mean(0),
    "kl_in_the_cross_entropy without beta": lambda d, s: d + s.rate.mean(0),
    "cross_entropy_in_bits": lambda d, s: d * BITS_PER_NAT,
}


def first_term_mistakes(spec: LatentModel) -> list[dict]:
    """Returns the steps in which the cross-entropy can go wrong."""
    first = {
        name: lambda _, s, form=form: form_of_sample(form)(s)
        for name, form in CROSS_ENTROPY_FORMS.items()
    }
    return [first, FIRST_TERM_FORMS]


def cross_entropy(sample: Sample) -> np.ndarray:
    """Returns the cross-entropy of each sample and example. Shape `[L, B]`."""
    return sample.oracle.cross_entropy(sample.examples.y_onehot, sample.outputs)


def accuracy(model: Model, examples: Examples) -> float:
    """Returns the share of images whose likeliest class, by the decoder, is their label."""
    probs = model.exam.oracle.predict(model.draw_sample(examples, 4).outputs)
    return float(np.mean(np.argmax(probs, axis=-1) == np.argmax(examples.y_onehot, axis=-1)))


CROSS_ENTROPY_DISTORTION = Distortion(
    name="cross_entropy",
    summed_over="classes",
    value=cross_entropy,
    to_logits=class_logits,
    are_probabilities=lambda outputs: are_class_probabilities(outputs).all(),
    most_unlikely=lambda s: float(np.max(s.distortion)),
)
ACCURACY = Score(
    name="accuracy", compute=accuracy, margin=0.03, unit="", fall=np.inf, wrong_sign="loss_negated"
)
VIB = register_spec(
    "VIB",
    LatentModel(
        name="VIB",
        distortion=CROSS_ENTROPY_DISTORTION,
        rate=Rate(value=closed_form_rate, wrong=wrong_rates("kl")),
        loss_method=LossMethod(
            name="loss_terms",
            terms=(
                Term(
                    "the cross-entropy",
                    right=lambda s: s.distortion.mean(0),
                    wrong=first_term_mistakes,
                ),
                Term(
                    "the KL",
                    right=lambda s: s.rate[0],
                    wrong=rate_mistakes,
                    parts=kl_parts(),
                ),
            ),
            origin="what the model's own encoder and decoder give",
            distortion_index=0,
            swapped_mistake="terms_swapped",
        ),
        score=ACCURACY,
        weight=0.05,
        weight_name="beta",
        labelled=True,
        more_perturbations=((1.5, 0.3), (1.0, 0.5), (1.5, 0.3)),
        unbounded_checked_in="floor",
    ),
)
