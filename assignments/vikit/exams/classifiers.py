"""Classifiers with a stochastic bottleneck: what holds for every right one, examined from its outputs (see `properties`).

A `Kind` says how such a model's parts are put together outside; what is examined here is the same for all kinds. Models take
`x`, `y_onehot` and `eps`; `fit(x, y_onehot)` and `evaluate` report `loss`, `cross_entropy` and `kl`, loss = cross_entropy +
beta kl; `predict_probs(x, eps)` returns probabilities.

The oracle has `sample(mu, log_var, eps)` -> z `[L, B, K]`, `cross_entropy(y_onehot, logits[L, B, C])` -> `[L, B]`, and
`predict(logits[L, B, C])` -> `[B, C]`; besides what the functions of the kind need.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from .. import data
from ..judging import describe
from ..protocol import wire
from . import latents, losses
from .latents import BATCH, OF_A_MODEL, SAMPLERS, close, decode
from .properties import Broken, differs_between_inputs, finds, outputs_go_far

DIMS, LATENT, CLASSES, HIDDEN, BETA = 64, 8, 10, (128,), 0.05
RATE, EPOCHS = 5e-3, 10
# Who passes the floor by so much at the first try has not been lucky.
MARGIN = 0.03
# Nats of a kl that nothing holds down. Right ones reach 7 in training, 0.2 with beta = 2; without a gradient it was 57 to 85.
RUNAWAY = 25
# Pixels, latent dimensions, classes and hidden layers of a small model.
SMALL = (16, 4, 5, (7,))
REPORTED = ("loss", "cross_entropy", "kl")
# How often a loss is looked at while no weight moves, and how many samples of each example that is compared with.
JUMPS, DRAWS = 16, 32


@dataclass(frozen=True)
class Kind:
    """A kind of classifier.

    Attributes:
        name: The class; it takes event_dim, latent_dim, num_classes, and hidden and beta as keywords.
        parts: From (asked, model, x, z) to what single parts of the model return: tuples (what they are where they stay the
            same, array, the mistake then).
        latents: From (asked, model, x, eps, way) to what the decoder is given, `[L, B, K]`; `way` is a key of `SAMPLERS`.
        kl: From (asked, model, x, eps) to the KL of each sample and example, `[L, B]`, or in closed form `[1, B]`.
        terms: The method that puts the loss together, of (x, y_onehot, eps).
        wrong_kls: What known mistakes of this kind make of `kl`: from their names to functions of the same arguments. Where
            there are any, the kl is looked at after some training too.
        own_distortion: From (asked, model, x, y_onehot, eps) to what the model itself says of the cross-entropy of each
            example `[B]`; None if it is not asked.
        keywords: What the class is given besides.
        beta: Of the model that is trained.
        shaken: How models are moved away from where they began: a factor of their weights, and noise.
        also_shaken: Further ways, with which the noise of training is looked at again: with some weights no mistake shows.
    """

    name: str
    parts: Callable
    latents: Callable
    kl: Callable
    terms: str
    wrong_kls: dict = field(default_factory=dict)
    own_distortion: Callable | None = None
    keywords: dict = field(default_factory=dict)
    beta: float = BETA
    shaken: tuple = (1.5, 0.3)
    also_shaken: tuple = ()


def new(asked, kind, event_dim, latent_dim, num_classes, hidden, **keywords):
    """Returns the handle of a new model, built by a first call of each part."""
    model = asked.make(kind.name, event_dim, latent_dim, num_classes, hidden=tuple(hidden), **keywords, **kind.keywords)
    asked.kept[model.key] = {"latent": latent_dim, "outputs": num_classes, "beta": keywords.get("beta")}
    x = (asked.generator.random((5, event_dim)) < 0.5).astype(np.float32)
    z = kind.latents(asked, model, x, asked.normal(1, 5, latent_dim), "right")
    decode(asked, model, z[0])
    sizes = "alive", event_dim, latent_dim, num_classes, tuple(hidden)
    if sizes not in asked.kept:
        latents.is_alive(asked, model, x, asked.normal(5, latent_dim))
        asked.kept[sizes] = True
    asked.kept[model.key]["probabilities"] = returns_probabilities(asked, kind, model, x)
    return model


def returns_probabilities(asked, kind, model, x):
    """Tells whether the decoder returns probabilities and the model takes them for that: against the rules, and understood."""
    classes = asked.kept[model.key]["outputs"]
    eps = asked.normal(1, x.shape[0], asked.kept[model.key]["latent"])
    found = decode(asked, model, kind.latents(asked, model, x, eps, "right"))
    if kind.own_distortion is None or not are_probabilities(found).all():
        return False
    y_onehot = one_hot(asked.generator.integers(0, classes, x.shape[0]), classes)
    got = kind.own_distortion(asked, model, x, y_onehot, eps)
    return close(got, asked.oracle.cross_entropy(y_onehot, as_logits(found)).mean(0))


def as_logits(probabilities):
    """Returns the logits, with the mean 0, that softmax makes these of."""
    logits = latents.probabilities_as_logits(probabilities, np.log)
    return logits - logits.mean(axis=-1, keepdims=True)


def logits_at(asked, model, z):
    """Returns what the decoder says to `z`, as logits where it returns probabilities."""
    found = decode(asked, model, z)
    return as_logits(found) if asked.kept[model.key].get("probabilities") else found


def logits_of(asked, kind, model, x, eps, way="right"):
    """Returns what the decoder says to L samples of each example, put together here. Shape `[L, B, C]`."""
    return logits_at(asked, model, kind.latents(asked, model, x, eps, way))


def one_hot(labels, num_classes=CLASSES):
    return np.eye(num_classes, dtype=np.float32)[labels]


def drawn(asked, batch, event_dim, num_classes):
    """Returns images and one-hot labels, at random."""
    x = (asked.generator.random((batch, event_dim)) < 0.5).astype(np.float32)
    return x, one_hot(asked.generator.integers(0, num_classes, batch), num_classes)


# The two terms.


@dataclass
class Round:
    """A batch that a model was asked about: `decoded` maps the name of a way to sample to logits `[L, B, C]`."""

    model: object
    x: np.ndarray
    y_onehot: np.ndarray
    eps: np.ndarray
    got: object
    decoded: dict


def logits_in(asked, kind, one, way="right"):
    if way not in one.decoded:
        one.decoded[way] = logits_of(asked, kind, one.model, one.x, one.eps, way)
    return one.decoded[way]


def rounds_of(asked, kind, sizes, beta, method):
    """Asks models of several sizes for `method(x, y_onehot, eps)`, and yields a `Round` for each batch.

    `method` is given a model, images, labels and noise, and returns what the model says to them.
    """
    for event_dim, latent_dim, num_classes, hidden, batches in sizes:
        model = new(asked, kind, event_dim, latent_dim, num_classes, hidden, beta=beta)
        asked.shake(model, *kind.shaken)
        for samples, batch in batches:
            x, y_onehot = drawn(asked, batch, event_dim, num_classes)
            eps = asked.normal(samples, batch, latent_dim)
            yield Round(model, x, y_onehot, eps, method(model, x, y_onehot, eps), {})


def repeats(got, again):
    """Tells whether the same question got the same answer."""
    return all(np.allclose(a, b, 1e-5, 1e-5) for a, b in zip(got, again, strict=True))


# What known mistakes make of the logits of a batch: a cross-entropy of each example.
CROSS_ENTROPIES = {
    "right": lambda oracle, y, a: oracle.cross_entropy(y, a).mean(0),
    "cross_entropy_negated": lambda oracle, y, a: -oracle.cross_entropy(y, a).mean(0),
    "samples_summed": lambda oracle, y, a: oracle.cross_entropy(y, a).sum(0),
    "first_sample_only": lambda oracle, y, a: oracle.cross_entropy(y, a)[0],
    "logits_averaged": lambda oracle, y, a: oracle.cross_entropy(y, a.mean(0, keepdims=True))[0],
    "log_of_mean_over_samples": lambda oracle, y, a: oracle.cross_entropy(y, logs(oracle.predict(a))[np.newaxis])[0],
    "cross_entropy_averaged_over_classes": lambda oracle, y, a: oracle.cross_entropy(y, a).mean(0) / y.shape[-1],
    "cross_entropy_summed_over_batch": lambda oracle, y, a: 0 * a[0, :, 0] + oracle.cross_entropy(y, a).mean(0).sum(),
    "cross_entropy_averaged_over_batch": lambda oracle, y, a: 0 * a[0, :, 0] + oracle.cross_entropy(y, a).mean(),
    "softmax_twice": lambda oracle, y, a: oracle.cross_entropy(y, probabilities(oracle, a)).mean(0),
    "decoder_returns_probabilities": lambda oracle, y, a: oracle.cross_entropy(y, logs(a)).mean(0),
    "binary_cross_entropy": lambda oracle, y, a: binary(oracle, y, a).sum(-1),
    "binary_cross_entropy averaged": lambda oracle, y, a: binary(oracle, y, a).mean(-1),
}


CROSS_ENTROPY_NAMES = [form.split()[0] for form in CROSS_ENTROPIES]


def logs(probs):
    """Returns logarithms; of what are no probabilities NaN, which is close to nothing."""
    with np.errstate(all="ignore"):
        return np.log(np.where(are_probabilities(probs), probs, np.nan))


def are_probabilities(values):
    """Tells for each row whether it is positive and sums to 1. Shape `[..., 1]`."""
    return (values > 0).all(-1, keepdims=True) & (np.abs(values.sum(-1, keepdims=True) - 1) < 1e-3)


def probabilities(oracle, logits):
    """Returns the probabilities that the oracle makes of each sample's logits. Shape `[L, B, C]`."""
    return np.stack([oracle.predict(one[np.newaxis]) for one in logits])


def binary(oracle, y_onehot, logits):
    """Returns the cross-entropy of C yes-or-no labels, averaged over samples: each a choice of two classes. Shape `[B, C]`."""
    samples, batch, classes = logits.shape
    pairs = np.stack([logits, 0 * logits], axis=-1).reshape(samples, -1, 2)
    labels = np.stack([y_onehot, 1 - y_onehot], axis=-1).reshape(-1, 2)
    return oracle.cross_entropy(labels, pairs).mean(0).reshape(batch, classes)


def named_cross_entropy(asked, kind, rounds, given):
    """Returns the names of the mistakes that give the cross-entropies `given`, one array for each round; empty if unknown."""
    ways = sorted(
        ((way, form) for way in SAMPLERS for form in CROSS_ENTROPIES),
        key=lambda pair: sum(part != "right" for part in pair),
    )
    for way, form in ways:
        said = (CROSS_ENTROPIES[form](asked.oracle, one.y_onehot, logits_in(asked, kind, one, way)) for one in rounds)
        if all(close(got, want) for got, want in zip(given, said, strict=True)):
            return " and ".join(part.split()[0] for part in (way, form) if part != "right")
    return ""


def outputs_are_free(asked, kind):
    """What encoder and decoder return goes beyond +-FAR for some weights: nothing squashes it."""
    model = new(asked, kind, *SMALL, beta=BETA)
    x, z = asked.normal(9, SMALL[0]), asked.normal(9, SMALL[1])

    def look():
        mu, log_var = latents.encode(asked, model, x)
        return {"the encoder's mu": mu, "the encoder's log_var": log_var, "the decoder": logits_at(asked, model, z)}

    outputs_go_far(asked, model, look)
    asked.shake(model)
    for name, output in look().items():
        if not differs_between_inputs(output):
            raise Broken(f"{name} is the same for every input", "input_ignored")


# Prediction.


PREDICTIONS = {
    "prediction_from_one_sample": ("right", lambda oracle, a: oracle.predict(a[:1])),
    "prediction_from_the_mean": ("sampler_without_noise", lambda oracle, a: oracle.predict(a[:1])),
    "softmax_of_averaged_logits": ("right", lambda oracle, a: oracle.predict(a.mean(0, keepdims=True))),
    "prediction_summed": ("right", lambda oracle, a: len(a) * oracle.predict(a)),
    "prediction_is_logits": ("right", lambda oracle, a: a.mean(0)),
    "prediction_is_logarithm": ("right", lambda oracle, a: logs(oracle.predict(a))),
    "prediction_is_one_hot": ("right", lambda oracle, a: one_hot(oracle.predict(a).argmax(-1), a.shape[-1])),
    "softmax_twice": ("right", lambda oracle, a: oracle.predict(probabilities(oracle, a))),
    "decoder_returns_probabilities": ("right", lambda oracle, a: np.exp(logs(a)).mean(0)),
}


@finds(*OF_A_MODEL, *PREDICTIONS, *SAMPLERS, "prediction_draws_its_own_noise")
def prediction(asked, kind, sizes):
    """`predict_probs(x, eps)` is the mean over L samples of the probabilities that the decoder gives."""

    def method(model, x, y_onehot, eps):
        return asked.array(f"{model.key}.predict_probs", x, eps, shape=y_onehot.shape)

    rounds = list(rounds_of(asked, kind, sizes, BETA, method))
    wrong = [one for one in rounds if not close(one.got, asked.oracle.predict(logits_in(asked, kind, one)))]
    if not wrong:
        return
    first = wrong[0]
    again = asked.array(f"{first.model.key}.predict_probs", first.x, first.eps, shape=first.got.shape)
    if not repeats([first.got], [again]):
        raise Broken("the same x and eps gave two different predictions", "prediction_draws_its_own_noise")
    got = np.concatenate([np.ravel(one.got) for one in rounds])
    want = np.concatenate([np.ravel(asked.oracle.predict(logits_in(asked, kind, one))) for one in rounds])
    words, digits = describe.describe_values("predict_probs", got, want, "the model's own decoder outputs")
    raise Broken(words, named_prediction(asked, kind, rounds), digits)


def named_prediction(asked, kind, rounds):
    ways = {way: (way, lambda oracle, a: oracle.predict(a)) for way in SAMPLERS if way != "right"}
    for name, (way, form) in (PREDICTIONS | ways).items():
        if all(close(one.got, form(asked.oracle, logits_in(asked, kind, one, way))) for one in rounds):
            return name
    return ""


ANOTHER_NOISE = "noise_of_another_distribution"

# A model that is trained. One serves all: compiling takes longer than training.


def trainer_of(kind):
    return "trainer", *kind.keywords.values()


def trainer(asked, kind):
    """Returns the handle of the model that is trained, with weights that are away from where they began."""
    trained = trainer_of(kind)
    if trained not in asked.kept:
        model = new(asked, kind, DIMS, LATENT, CLASSES, HIDDEN, beta=kind.beta)
        asked.kept["split"] = split(asked)
        # Where there are no digits there is no trainer either.
        asked.kept[trained] = model
        # Called once it counts as built: what a step of training makes has the step traced twice. Whether `call` is there,
        # and what it returns, is left open.
        asked.student.call(model.key, [wire.Tensor(asked.kept["split"][0][0][:3])])
    model = asked.kept[trained]
    asked.shake(model, 1.0, 0.15)
    return model


def split(asked):
    """Returns (images, one-hot labels) to train on and (images, labels) to look at, as `latents.split`."""
    (train, labels), rest = latents.split(asked)
    return (train, one_hot(labels)), rest


def fit(asked, model, x, y_onehot, rate, epochs=1, seed=None, names=("loss",)):
    """Trains the model with a new Adam of this learning rate and returns its history, which must have `names`."""
    return latents.fit(asked, model, [x, y_onehot], names, rate, epochs, seed)


def terms(asked, kind, model, x, y_onehot, eps):
    """Returns cross-entropy and KL, put together here from what the parts of the model return. Shapes `[L, B]`."""
    cross_entropy = asked.oracle.cross_entropy(y_onehot, logits_of(asked, kind, model, x, eps))
    return cross_entropy, np.broadcast_to(kind.kl(asked, model, x, eps), cross_entropy.shape)


@finds(
    *(*OF_A_MODEL, "weights_do_not_move", "idle_weight", "hidden_parameters"),
)
def every_weight_learns(asked, kind):
    """One step moves every trainable weight and every part; each weight matters to the loss, as seen outside."""
    model = trainer(asked, kind)
    x, y_onehot = (array[:BATCH] for array in asked.kept["split"][0])
    z, eps = asked.normal(5, LATENT), asked.normal(1, 8, LATENT)

    def value():
        cross_entropy, kl = terms(asked, kind, model, x[:8], y_onehot[:8], eps)
        return cross_entropy.mean() + kl.mean()

    latents.every_weight_moves(
        asked,
        model,
        look=lambda: list(kind.parts(asked, model, x, z)),
        step=lambda: fit(asked, model, x, y_onehot, 1e-3),
        value=value,
    )
    asked.no_strangers(f"{model.key}.{kind.terms}", kind.terms, x[:8], y_onehot[:8], eps)
    first, second = (new(asked, kind, *SMALL, beta=BETA) for _ in range(2))
    latents.no_hidden_parameters(asked, first, second, asked.normal(5, SMALL[0]), asked.normal(5, SMALL[1]))


@finds(
    *(*OF_A_MODEL, *losses.names_of_faults("cross_entropy", "classes"), "metrics_missing"),
    *("no_noise", "noise_frozen_in_training", "one_noise_for_the_batch", ANOTHER_NOISE),
    *("kl_in_the_cross_entropy", "no_noise_in_evaluate"),
)
def training_reports(asked, kind):
    """`fit` and `evaluate` report the terms of an average example, loss = cross_entropy + beta kl; each step's noise is new."""
    model = trainer(asked, kind)
    x, y_onehot = (array[:BATCH] for array in asked.kept["split"][0])
    early, varies = None, {}
    # First of all: a weight of the KL may grow from step to step. But what the noise tells is told before.
    try:
        varies, _ = losses.check(loss_of_fit(asked, kind, model, x, y_onehot))
    except Broken as broken:
        early = broken
    try:
        found, sampled = noise_is_fresh(asked, kind, model, x, y_onehot)
    except Broken as broken:
        raise together(broken, early) from broken
    if early:
        raise early
    # Of a quarter as many examples a mean varies twice as much.
    varies = {name: 2 * deviation for name, deviation in varies.items()}
    few = x[: BATCH // 4], y_onehot[: BATCH // 4]
    losses.check(
        loss_of(
            asked, kind, model, *few, 1, lambda: latents.evaluate(asked, model, list(few), REPORTED), deviations=varies
        )
    )
    try:
        samples_are_of_the_posterior(asked, kind, model, x, found, sampled)
        noise_is_right_elsewhere(asked, kind, model, x, y_onehot)
    except Broken as broken:
        # With some weights the test images cost what the others do.
        if broken.mistake == ANOTHER_NOISE and trains_on_test_images(asked, kind, model, x, y_onehot):
            raise Broken(broken.detail, "trains_on_test_images", broken.digits) from broken
        raise
    first, again = (latents.evaluate(asked, model, list(few), REPORTED)["cross_entropy"] for _ in range(2))
    if np.array_equal(first, again):
        raise Broken("evaluate reports the same cross-entropy at every call", "no_noise_in_evaluate")
    if kind.wrong_kls:
        kl_does_not_run_away(asked, kind, model)


def noise_is_right_elsewhere(asked, kind, model, x, y_onehot):
    """Raises `Broken` unless the noise of training is right with the weights of `kind.also_shaken` too."""
    for moved in kind.also_shaken:
        begin_anew(asked, kind, model)
        asked.shake(model, *moved)
        try:
            found, sampled = noise_is_fresh(asked, kind, model, x, y_onehot)
        except Broken as broken:
            # A right model may overflow where its weights are large; then these say nothing.
            if broken.mistake != "not_finite":
                raise
        else:
            samples_are_of_the_posterior(asked, kind, model, x, found, sampled)


def kl_does_not_run_away(asked, kind, model):
    """Looks at the KL after some training: of single samples it hides what is small, and what is missing from it grows."""
    train = asked.kept["split"][0]
    begin_anew(asked, kind, model)
    fit(asked, model, *train, RATE, epochs=3)
    report = loss_of(
        asked, kind, model, *train, BATCH,
        lambda: fit(asked, model, *train, 0.0, names=REPORTED),
        move=lambda: fit(asked, model, *train, RATE),
    )  # fmt: skip
    kl = losses.check(report)[1].kl.value
    if kl > RUNAWAY:
        raise Broken(
            f"after three epochs with beta = {kind.beta:g} the kl is far too large",
            "kl_without_gradient",
            f"it is {kl:.3g} nats",
        )


def begin_anew(asked, kind, model):
    """Gives the model that is trained the weights of a new one."""
    asked.set_weights(model, asked.weights(new(asked, kind, DIMS, LATENT, CLASSES, HIDDEN, beta=kind.beta)))


def together(noise, early):
    """Returns what was found of the noise together with what the reported numbers tell besides, in one `Broken`.

    A cross-entropy that is off may come of the noise.
    """
    named = [name for name in early.mistake.split(" and ") if name] if early else []
    more = [name for name in named if "cross_entropy" not in name]
    if not more:
        return noise
    digits = "; ".join(filter(None, (noise.digits, early.digits)))
    return Broken(f"{noise.detail}; {early.detail}", " and ".join([noise.mistake, *more]), digits)


def samples_are_of_the_posterior(asked, kind, model, x, found, sampled):
    """As `latents.noise_is_of_the_posterior`, with what a KL in the cross-entropy adds; takes what `noise_is_fresh` returns."""
    pictures = kind.kl(asked, model, x[: latents.PICTURES], asked.normal(DRAWS, latents.PICTURES, LATENT)).mean(axis=0)
    latents.noise_is_of_the_posterior(
        found, sampled, {"kl_in_the_cross_entropy": kind.beta * pictures, "kl_in_the_cross_entropy too": pictures}
    )


def trains_on_test_images(asked, kind, model, x, y_onehot):
    """Tells whether what `fit` reports with other weights is that of these examples and the test images together."""
    asked.shake(model, 1.0, 0.15)
    loss = loss_of_fit(asked, kind, model, x, y_onehot)
    return losses.trains_on_test_images(loss, losses.reports(loss), loss.parts())


def noise_is_fresh(asked, kind, model, x, y_onehot):
    """Raises `Broken` unless cross-entropies of copies of a few examples jump as they should while no weight moves.

    Returns the cross-entropies that `fit` reported, and what single samples give: `[LOOKS, PICTURES]` and `[n, PICTURES]`.
    """
    found = latents.losses_of_copies(asked, model, [x, y_onehot], REPORTED, "cross_entropy")
    x, y_onehot = latents.copies_of(x), latents.copies_of(y_onehot)

    def cross_entropies(eps):
        losses = asked.oracle.cross_entropy(y_onehot, logits_of(asked, kind, model, x, eps))
        return losses.reshape(-1, latents.PICTURES, BATCH).swapaxes(1, 2).reshape(-1, latents.PICTURES)

    sampled = cross_entropies(asked.normal(latents.COMPARED, x.shape[0], LATENT))
    try:
        latents.noise_in_training(found, sampled.mean(axis=0), sampled.std(axis=0) / np.sqrt(BATCH))
    except Broken as broken:
        silent = cross_entropies(np.zeros((1, x.shape[0], LATENT), np.float32))[0]
        if broken.mistake == "noise_frozen_in_training" and close(found[0], silent):
            raise Broken("the cross-entropy of training is that at the mean: nothing is drawn", "no_noise") from broken
        raise
    return found, sampled


def loss_of(asked, kind, model, x, y_onehot, size, report, deviations=None, move=None):
    """Returns the `losses.Loss` of a model on these examples, in batches of `size`; `move` gives it other weights."""

    def with_test():
        test = data.load("digits")
        return np.concatenate([x, test.x_test]), np.concatenate([y_onehot, one_hot(test.y_test)])

    return losses.Loss(
        "cross_entropy",
        "classes",
        CLASSES,
        LATENT,
        asked.kept[model.key]["beta"],
        size,
        report=report,
        parts=lambda: parts_of(asked, kind, model, x, y_onehot),
        parts_with_test=lambda: parts_of(asked, kind, model, *with_test()),
        move=move or (lambda: asked.shake(model, 0.9, 0.15)),
        deviations=deviations or {},
    )


def loss_of_fit(asked, kind, model, x, y_onehot):
    """Returns the `losses.Loss` that `fit` reports while no weight moves, several times."""

    def report():
        return fit(asked, model, x, y_onehot, 0.0, JUMPS, names=REPORTED)

    return loss_of(asked, kind, model, x, y_onehot, BATCH, report)


def parts_of(asked, kind, model, x, y_onehot):
    """Returns the `losses.Parts` of a model on these examples, with up to DRAWS fresh samples for each."""
    # Of many examples fewer: the wire has a limit.
    eps = asked.normal(min(DRAWS, 10_000 // x.shape[0]), x.shape[0], LATENT)
    cross_entropy, kl = (mean_of(sampled) for sampled in terms(asked, kind, model, x, y_onehot, eps))
    wrong = kind.wrong_kls.items()
    return losses.Parts(
        cross_entropy,
        kl,
        kls={
            name: lambda of=of: mean_of(np.broadcast_to(of(asked, model, x, eps), eps.shape[:2])) for name, of in wrong
        },
    )


def mean_of(sampled):
    """Returns the `losses.Mean` of a term, from single samples for each example. Shape `[draws, B]`."""
    draws, batch = sampled.shape
    return losses.Mean(float(sampled.mean()), float(np.sqrt(sampled.var(axis=0, ddof=1).mean() / batch)), draws)


def accuracy(asked, kind, model, x, labels):
    """Returns the share of images whose likeliest class, from the decoder's outputs put together here, is their label."""
    probs = asked.oracle.predict(logits_of(asked, kind, model, x, asked.normal(4, x.shape[0], LATENT)))
    return float(np.mean(np.argmax(probs, axis=-1) == labels))


@finds(
    *(
        *OF_A_MODEL,
        "passes_untrained",
        "knows_other_digits",
        "weights_are_a_key",
        "loss_negated",
        "loss_goes_up",
        "kl_without_gradient",
        "posterior_collapsed",
    ),
    "decoder_returns_probabilities",
)
def accuracy_passes_the_floor(asked, kind, floor):
    """Training lowers the loss, and the accuracy on digits that were held out, recomputed here, passes `floor`."""
    model = trainer(asked, kind)
    train, test = asked.kept["split"]
    begin_anew(asked, kind, model)
    untrained = accuracy(asked, kind, model, *test)
    if untrained >= floor:
        raise Broken(
            "before any training the accuracy on held-out digits passes the floor",
            "passes_untrained",
            f"it is {untrained:.3f}; the floor is {floor:g}",
        )

    def reached_on(images):
        return accuracy(asked, kind, model, images, test[1])

    def trial(seed):
        reached, reported = training(asked, kind, model, train, test, seed)
        passed = reached >= floor and reported[-1] < reported[0]
        if passed:
            learnt = latents.Floor("accuracy", floor, MARGIN)
            latents.what_it_learnt_is_in_its_weights(asked, model, test[0], reached_on, learnt)
        return passed * (2 if reached >= floor + MARGIN else 1), (reached, reported)

    worst = latents.most_trainings_pass(asked, trial)
    if worst:
        raise Broken(*why_below(asked, kind, model, test[0], *worst, floor))


def training(asked, kind, model, train, test, seed):
    """Trains the model from new weights; returns its accuracy on `test`, and the losses."""
    begin_anew(asked, kind, model)
    reported = fit(asked, model, *train, RATE, EPOCHS, seed=seed)["loss"]
    try:
        return accuracy(asked, kind, model, *test), reported
    except Broken as broken:
        raise broken.when("after training", "loss_negated" if reported[0] < 0 else None) from broken


def why_below(asked, kind, model, x, reached, reported, floor):
    """Returns what to say of a model that does not pass: in words, the name of the mistake, in digits."""
    if not np.isfinite(reported[-1]):
        return "training ends in NaN", "not_finite", ""
    loss = f"the loss goes from {reported[0]:.3g} to {reported[-1]:.3g}"
    if reported[0] < 0 and reported[-1] < reported[0]:
        return "the loss is below 0 and falls on: it has the wrong sign", "loss_negated", loss
    eps = asked.normal(1, x.shape[0], LATENT)
    kl = kind.kl(asked, model, x, eps).mean()
    if reached >= floor:
        said = "the loss rises while the accuracy rises"
        if kl > RUNAWAY:
            return f"{said}, and the kl far too much", "kl_without_gradient", f"{loss}, and the kl to {kl:.3g}"
        return said, "loss_goes_up", loss
    said = f"after {EPOCHS} epochs the accuracy on held-out digits is below the floor"
    digits = f"it is {reached:.3f}; the floor is {floor:g}"
    if are_probabilities(decode(asked, model, kind.latents(asked, model, x, eps, "right"))).all():
        return f"{said}, and the decoder returns probabilities", "decoder_returns_probabilities", digits
    if kl < latents.COLLAPSED:
        return f"{said}, with hardly any KL", "posterior_collapsed", f"{digits}; the KL is {kl:.1g}"
    return said, "", digits
