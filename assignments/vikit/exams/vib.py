"""The VIB: distortion = cross-entropy of the label, rate = KL(q(z|x) || N(0, I)), weight = beta."""

import numpy as np

from .classes import as_logits, binary_cross_entropy, logarithms, probabilities, rows_are_probabilities
from .latent_model import SPECS, Distortion, LatentModel, Rate, Score, Term, Terms
from .loss_report import BITS_PER_NAT
from .vae import WRONG_RATES, closed_form_rate

__all__ = ["ACCURACY", "CROSS_ENTROPIES", "CROSS_ENTROPY", "VIB", "of_logits"]


def of_logits(form):
    """Returns the function of a `Sample` that is `form(oracle, y_onehot, logits)`."""
    return lambda s: form(s.oracle, s.examples.y_onehot, s.outputs)


def cross_entropy(oracle, y_onehot, logits):
    return oracle.cross_entropy(y_onehot, logits)


# What known mistakes make of the logits of a batch `[L, B, C]`: a cross-entropy of each example.
CROSS_ENTROPIES = {
    "right": lambda oracle, y, a: oracle.cross_entropy(y, a).mean(0),
    "cross_entropy_negated": lambda oracle, y, a: -oracle.cross_entropy(y, a).mean(0),
    "samples_summed": lambda oracle, y, a: oracle.cross_entropy(y, a).sum(0),
    "first_sample_only": lambda oracle, y, a: oracle.cross_entropy(y, a)[0],
    "logits_averaged": lambda oracle, y, a: oracle.cross_entropy(y, a.mean(0, keepdims=True))[0],
    "log_of_mean_over_samples": lambda oracle, y, a: oracle.cross_entropy(y, logarithms(oracle.predict(a))[None])[0],
    "cross_entropy_averaged_over_classes": lambda oracle, y, a: oracle.cross_entropy(y, a).mean(0) / y.shape[-1],
    "cross_entropy_summed_over_batch": lambda oracle, y, a: np.full(len(y), oracle.cross_entropy(y, a).mean(0).sum()),
    "cross_entropy_averaged_over_batch": lambda oracle, y, a: np.full(len(y), oracle.cross_entropy(y, a).mean()),
    "softmax_twice": lambda oracle, y, a: oracle.cross_entropy(y, probabilities(oracle, a)).mean(0),
    "decoder_returns_probabilities": lambda oracle, y, a: oracle.cross_entropy(y, logarithms(a)).mean(0),
    "binary_cross_entropy": lambda oracle, y, a: binary_cross_entropy(oracle, y, a).sum(-1),
    "binary_cross_entropy averaged": lambda oracle, y, a: binary_cross_entropy(oracle, y, a).mean(-1),
}
# And what they make of the cross-entropy and the KL of each example, `[B]`, with the weight.
WITH_RATE = {
    "right": lambda d, s: d,
    "beta_on_the_cross_entropy": lambda d, s: s.spec.weight * d,
    "kl_in_the_cross_entropy": lambda d, s: d + s.spec.weight * s.rate.mean(0),
    "kl_in_the_cross_entropy without beta": lambda d, s: d + s.rate.mean(0),
    "cross_entropy_in_bits": lambda d, s: d * BITS_PER_NAT,
}
DIVERGENCES = {
    "right": lambda r, s: r,
    "kl_times_beta": lambda r, s: s.spec.weight * r,
    "kl_negated": lambda r, s: -r,
    "kl_counted_twice": lambda r, s: 2 * r,
    "kl_halved": lambda r, s: r / 2,
    "kl_averaged_over_dimensions": lambda r, s: r / s.sizes.latent_dim,
    "kl_averaged_over_batch": lambda r, s: np.full(len(r), r.mean()),
    "kl_summed_over_batch": lambda r, s: np.full(len(r), r.sum()),
    "kl_missing": lambda r, s: 0 * r,
    "kl_in_bits": lambda r, s: r * BITS_PER_NAT,
}


def cross_entropy_mistakes(spec):
    return [{name: lambda _, s, of=of: of_logits(of)(s) for name, of in CROSS_ENTROPIES.items()}, WITH_RATE]


def rate_mistakes(spec):
    first = {"right": lambda _, s: s.rate[0]}
    return [
        first | {name: lambda _, s, of=of: of(s)[0] for name, of in spec.rate.wrong.items()},
        DIVERGENCES,
    ]


def accuracy(model, examples):
    """Returns the share of images whose likeliest class, from the decoder's outputs put together here, is their label."""
    probs = model.exam.oracle.predict(model.draw_sample(examples, 4).outputs)
    return float(np.mean(np.argmax(probs, axis=-1) == np.argmax(examples.y_onehot, axis=-1)))


CROSS_ENTROPY = Distortion(
    *("cross_entropy", "classes"),
    value=cross_entropy,
    as_logits=as_logits,
    are_probabilities=lambda outputs: rows_are_probabilities(outputs).all(),
)
ACCURACY = Score("accuracy", accuracy, 0.03, "", np.inf, "loss_negated")
VIB = LatentModel(
    "VIB",
    CROSS_ENTROPY,
    Rate(
        closed_form_rate,
        wrong=WRONG_RATES,
    ),
    Terms(
        "loss_terms",
        (
            Term("the cross-entropy", right=lambda s: s.distortion.mean(0), wrong=cross_entropy_mistakes),
            Term("the KL", right=lambda s: s.rate[0], wrong=rate_mistakes),
        ),
        *("what the model's own encoder and decoder give", 0),
        swapped="terms_swapped",
    ),
    ACCURACY,
    weight=0.05,
    weight_name="beta",
    labelled=True,
    more_perturbations=((1.5, 0.3), (1.0, 0.5), (1.5, 0.3)),
)
SPECS["VIB"] = VIB
