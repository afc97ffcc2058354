"""The properties of the variational information bottleneck, examined from its outputs (see `classifiers`)."""

from functools import partial

import numpy as np

from ..judging import describe
from . import classifiers, latents
from .classifiers import Kind, logits_in, repeats
from .latents import OF_A_MODEL, SAMPLERS, close, decode, encode
from .losses import BITS
from .properties import SQUASHED, Broken, answered, finds


class StudentsOwn:
    """The oracle in a notebook: the student's own earlier functions, which `check` examines by value.

    Args:
        function: From the name of an earlier question to the student's function; raises `Broken` where that is not right.
    """

    def __init__(self, function):
        self.function = function

    def sample(self, mu, log_var, eps):
        return latents.own_sample(self.function, mu, log_var, eps)

    def cross_entropy(self, y_onehot, logits):
        own = self.function("categorical_log_prob")
        return -np.stack([np.asarray(own(*latents.singles(y_onehot, one)), float) for one in logits])

    def kl(self, mu, log_var):
        """Returns the KL of each example: the rates of batches of one."""
        own, pairs = self.function("vib_rate"), zip(*latents.singles(mu, log_var), strict=True)
        return np.array([float(own(one_mu[np.newaxis], one_log_var[np.newaxis])) for one_mu, one_log_var in pairs])

    def predict(self, logits):
        return np.asarray(self.function("vib_predict_probs")(*latents.singles(logits)), float)


def parts(asked, model, x, z):
    mu, log_var = encode(asked, model, x)
    yield "the encoder returns the same mu", mu, "encoder_not_trained"
    yield "the encoder returns the same log_var", log_var, "encoder_not_trained"
    yield "the decoder returns the same", decode(asked, model, z), "decoder_not_trained"


def sampled(asked, model, x, eps, way):
    return SAMPLERS[way](asked.oracle.sample, *encode(asked, model, x), eps)


def divergence(asked, model, x, eps):
    """Returns the KL of each example, in closed form: the noise does not enter. Shape `[1, B]`."""
    return asked.oracle.kl(*encode(asked, model, x))[np.newaxis]


def own_terms(asked, model, x, y_onehot, eps):
    """Returns what the model's `loss_terms` says. Shapes `[B]` twice."""
    return asked.arrays(f"{model.key}.loss_terms", x, y_onehot, eps, shapes=[(x.shape[0],)] * 2, outputs=2)


VIB = Kind(
    "VIB",
    parts=parts,
    latents=sampled,
    kl=divergence,
    terms="loss_terms",
    own_distortion=lambda *arguments: own_terms(*arguments)[0],
    also_shaken=((1.5, 0.3), (1.0, 0.5), (1.5, 0.3)),
)


# What known mistakes make of the right KL `[B]`, with K latent dimensions.
DIVERGENCES = {
    "kl_times_beta": lambda kl, K, beta: beta * kl,
    "kl_negated": lambda kl, K, beta: -kl,
    "kl_counted_twice": lambda kl, K, beta: 2 * kl,
    "kl_halved": lambda kl, K, beta: kl / 2,
    "kl_averaged_over_dimensions": lambda kl, K, beta: kl / K,
    "kl_averaged_over_batch": lambda kl, K, beta: 0 * kl + kl.mean(),
    "kl_summed_over_batch": lambda kl, K, beta: 0 * kl + kl.sum(),
    "kl_missing": lambda kl, K, beta: 0 * kl,
    "kl_in_bits": lambda kl, K, beta: kl * BITS,
}


@finds(
    *(*OF_A_MODEL, *SQUASHED, *SAMPLERS, *classifiers.CROSS_ENTROPY_NAMES, *DIVERGENCES),
    *("beta_not_kept", "terms_swapped", "terms_draw_their_own_noise"),
    *("beta_on_the_cross_entropy", "kl_in_the_cross_entropy", "cross_entropy_in_bits"),
    *("kl_log_var_as_log_sigma", "kl_log_var_halved"),
)
def loss_terms(asked, sizes, beta):
    """`loss_terms(x, y_onehot, eps)` is (cross-entropy, KL) of the model's own encoder and decoder outputs, without beta."""
    classifiers.outputs_are_free(asked, VIB)

    def method(model, x, y_onehot, eps):
        return own_terms(asked, model, x, y_onehot, eps)

    rounds = list(classifiers.rounds_of(asked, VIB, sizes, beta, method))
    first = rounds[0]
    kept = answered(asked.student.get(f"{first.model.key}.beta"), "beta").values[0]
    if not close(kept, beta):
        raise latents.another_beta(kept, beta)
    right = [right_terms(asked, one) for one in rounds]
    bad = [
        not all(close(one.got[index], want[index]) for one, want in zip(rounds, right, strict=True)) for index in (0, 1)
    ]
    if not any(bad):
        latents.encoder_returns_two(asked, first.model)
        if asked.kept[first.model.key].get("probabilities"):
            raise Broken("the decoder returns probabilities, and so they are taken", "decoder_returns_probabilities")
        return
    if not repeats(first.got, method(first.model, first.x, first.y_onehot, first.eps)):
        raise Broken("the same x, y_onehot and eps gave two different values", "terms_draw_their_own_noise")
    said = [
        describe.describe_values(
            name,
            np.concatenate([one.got[index] for one in rounds]),
            np.concatenate([want[index] for want in right]),
            "what the model's own encoder and decoder give",
            " nats",
        )
        for index, name in enumerate(("the cross-entropy", "the KL"))
        if bad[index]
    ]
    words, digits = ("; ".join(parts) for parts in zip(*said, strict=True))
    raise Broken(words, " and ".join(named_terms(asked, rounds, right, beta, *bad)), digits)


def right_terms(asked, one):
    logits = logits_in(asked, VIB, one)
    return asked.oracle.cross_entropy(one.y_onehot, logits).mean(0), divergence(asked, one.model, one.x, one.eps)[0]


def named_terms(asked, rounds, right, beta, cross_entropy_is_wrong, kl_is_wrong):
    """Returns the names of what the values tell of each term that is wrong."""
    swapped = all(
        close(one.got[0], want[1]) and close(one.got[1], want[0]) for one, want in zip(rounds, right, strict=True)
    )
    if swapped:
        return ["terms_swapped"]
    names = []
    if cross_entropy_is_wrong:
        names.append(cross_entropy_name(asked, rounds, right, beta))
    if kl_is_wrong:
        names.append(kl_name(asked, rounds, right, beta))
    return [name for name in dict.fromkeys(names) if name]


def cross_entropy_name(asked, rounds, right, beta):
    with_beta = {
        "beta_on_the_cross_entropy": lambda ce, kl: beta * ce,
        "kl_in_the_cross_entropy": lambda ce, kl: ce + beta * kl,
        "kl_in_the_cross_entropy too": lambda ce, kl: ce + kl,
        "cross_entropy_in_bits": lambda ce, kl: ce * BITS,
    }
    for name, form in with_beta.items():
        if all(close(one.got[0], form(*want)) for one, want in zip(rounds, right, strict=True)):
            return name.split()[0]
    return classifiers.named_cross_entropy(asked, VIB, rounds, [one.got[0] for one in rounds])


def kl_name(asked, rounds, right, beta):
    for name, form in DIVERGENCES.items():
        if all(
            close(one.got[1], form(want[1], one.eps.shape[-1], beta)) for one, want in zip(rounds, right, strict=True)
        ):
            return name
    for name, factor in (("kl_log_var_as_log_sigma", 2), ("kl_log_var_halved", 0.5)):
        encoded = [encode(asked, one.model, one.x) for one in rounds]
        changed = [asked.oracle.kl(mu, factor * log_var) for mu, log_var in encoded]
        if all(close(one.got[1], want) for one, want in zip(rounds, changed, strict=True)):
            return name
    return ""


KINDS = {
    "vib_terms": loss_terms,
    "vib_prediction": partial(classifiers.prediction, kind=VIB),
    "vib_weights": partial(classifiers.every_weight_learns, kind=VIB),
    "vib_training": partial(classifiers.training_reports, kind=VIB),
    "vib_accuracy": partial(classifiers.accuracy_passes_the_floor, kind=VIB),
}
