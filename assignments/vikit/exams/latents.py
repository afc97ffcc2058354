"""What models with an encoder, a sample and a decoder have in common: their parts, their training, their noise.

`autoencoders` and `classifiers` examine such models with it (see `properties`).
"""

import contextlib
import math
from dataclasses import dataclass

import numpy as np

from .. import data
from ..judging import describe
from .properties import OF_VALUES, Broken, answered, depends_on_inputs_and_weights, same_as_its_twin

# What any examination of such a model may find.
FIXED = {"the encoder": "encoder_not_trained", "the decoder": "decoder_not_trained"}
OF_A_MODEL = (*OF_VALUES, "no_weights", "weights_ignored", "input_ignored", *FIXED.values())
# Noise of float32 in a loss that was put together outside from a network's outputs.
ATOL, RTOL = 1e-3, 3e-4
BATCH = 64
# Nats of a KL that is hardly any.
COLLAPSED = 0.3
# A probability is taken for no closer to 0 or 1 than this, as by Keras.
CLIPPED = 1e-7
# Batches to train on. All are whole, and of one size in whatever is trained: TensorFlow traces a step anew for each shape.
TRAINED = 22
# Of the noise of training: how many images are looked at, how often each, how often in an epoch, and with how many batches of
# samples that is compared.
PICTURES, LOOKS, ROUNDS, COMPARED = 4, 48, 24, 32
# Of a model that has learnt: how far its weights are moved, as a share of their size, for it to know as much as before, and how
# far, in numbers, for its parts to tell so many images apart in other ways.
NUDGE, CLOSE, TOLD_APART = 1e-3, (0.03, 0.1), 5
# How unsure that leaves the logarithm of a spread, times the root of the samples, and what a sum of PICTURES squares of
# standard normal numbers exceeds once in 10^11.
WIDTH, UNLIKELY = 1.5, 60


def singles(*arrays):
    return [np.asarray(array, np.float32) for array in arrays]


def own_sample(function, mu, log_var, eps):
    """Returns what the student's own `sample_latent` makes of these."""
    return np.asarray(function("sample_latent")(*singles(mu, log_var, eps)), float)


def close(got, want):
    with np.errstate(all="ignore"):
        return bool(np.all(np.abs(got - want) <= ATOL + RTOL * np.abs(want)))


# The parts of a model. `asked.kept[model.key]` says how many latent dimensions and how many outputs it has.


def part(asked, model, name):
    """Returns the handle of a part of the model, which is asked for once."""
    if (name, model.key) not in asked.kept:
        asked.kept[name, model.key] = asked.part(model, name)
    return asked.kept[name, model.key]


def encode(asked, model, x):
    """Returns what the model's encoder says to `x`: mu and log_var, each `[B, K]`.

    Where it returns more, these are the first two; `encoder_returns_two` asks that there be no more.
    """
    latent = asked.kept[model.key]["latent"]
    return asked.arrays(part(asked, model, "encoder"), x, shapes=[(x.shape[0], latent)] * 2, outputs=2)


def encoder_returns_two(asked, model):
    asked.no_surplus(part(asked, model, "encoder"), "encoder(x)", "two, (mu, log_var)")


def decode(asked, model, z):
    """Returns what the model's decoder says to `z`. Shape `[..., outputs]`."""
    outputs = asked.kept[model.key]["outputs"]
    # As rows: some layers of Keras take one number of axes alone.
    rows = np.reshape(z, (-1, np.shape(z)[-1]))
    found = asked.array(part(asked, model, "decoder"), rows, shape=(len(rows), outputs))
    return found.reshape(*z.shape[:-1], outputs)


def probabilities_as_logits(outputs, inverse):
    """Returns what a decoder's outputs are as logits, where they are probabilities; `inverse` is log, or the log odds."""
    return inverse(np.clip(outputs, CLIPPED, 1 - CLIPPED))


def another_beta(kept, beta):
    """Returns the `Broken` on a model that has not kept the beta that it was given."""
    got = float(np.mean(kept))
    words = f"model.beta is {describe.describe_number(got, beta)}; {beta:g} was given"
    return Broken(words, "beta_not_kept", f"model.beta is {got:g}")


def is_alive(asked, model, x, z, **options):
    """Raises `Broken` unless encoder and decoder compute from their inputs and the model's weights, each of them."""

    def look():
        return {"the encoder": encode(asked, model, x), "the decoder": [decode(asked, model, z)]}

    depends_on_inputs_and_weights(asked, model, look, FIXED, **options)


def no_hidden_parameters(asked, model, twin, x, z):
    """Raises `Broken` where encoder or decoder compute with more than the model's weights, as a second new model tells."""
    same_as_its_twin(asked, model, twin, lambda one: [*encode(asked, one, x), decode(asked, one, z)])


# Ways to sample: the right one, and those of known mistakes.


def first_of(eps, axis):
    return np.broadcast_to(np.take(eps, [0], axis), eps.shape)


SAMPLERS = {
    "right": lambda sample, mu, log_var, eps: sample(mu, log_var, eps),
    "sampler_log_var_as_log_sigma": lambda sample, mu, log_var, eps: sample(mu, 2 * log_var, eps),
    "sampler_without_noise": lambda sample, mu, log_var, eps: sample(mu, log_var, 0 * eps),
    "sampler_without_mean": lambda sample, mu, log_var, eps: sample(0 * mu, log_var, eps),
    "sampler_without_sigma": lambda sample, mu, log_var, eps: sample(mu, 0 * log_var, eps),
    "sampler_minus": lambda sample, mu, log_var, eps: sample(mu, log_var, -eps),
    "sampler_one_noise_for_the_batch": lambda sample, mu, log_var, eps: sample(mu, log_var, first_of(eps, 1)),
    "sampler_one_noise_for_all_dimensions": lambda sample, mu, log_var, eps: sample(mu, log_var, first_of(eps, 2)),
    "sampler_one_noise_for_all_samples": lambda sample, mu, log_var, eps: sample(mu, log_var, first_of(eps, 0)),
}


# Training.


def split(asked):
    """Returns (images, labels) to train on, 1,408 digits in whole batches, and 389 to look at, split anew.

    Who has learnt them by heart does not know these: all are turned or mirrored in one way of eight, which keeps what is near
    near, and the labels have changed names.
    """
    digits = data.load("digits")
    images = np.concatenate([digits.x_train, digits.x_test])
    images = turned(images, asked.generator.integers(8))
    labels = asked.generator.permutation(1 + max(digits.y_train))[np.concatenate([digits.y_train, digits.y_test])]
    order = asked.generator.permutation(images.shape[0])
    first, rest = order[: TRAINED * BATCH], order[TRAINED * BATCH :]
    return (images[first], labels[first]), (images[rest], labels[rest])


def turned(images, way):
    """Returns square images `[n, side^2]` in one of the eight ways that a square can be turned and mirrored."""
    side = math.isqrt(images.shape[1])
    square = np.rot90(images.reshape(-1, side, side), way % 4, axes=(1, 2))
    return (square[:, :, ::-1] if way >= 4 else square).reshape(images.shape)


def fit(asked, model, arrays, names, rate, epochs=1, seed=None, eager=False):
    """Trains the model with a new Adam of this learning rate; returns its history, which must have `names`."""
    options = {"batch_size": BATCH, "epochs": epochs}
    return history(answered(asked.student.fit(model, arrays, rate, seed, eager, **options)), names)


def copies_of(array):
    """Returns each of the first PICTURES rows BATCH times."""
    return np.repeat(array[:PICTURES], BATCH, axis=0)


def losses_of_copies(asked, model, arrays, names, name):
    """Returns the loss `name` of batches that hold copies of one example, while no weight moves. `[LOOKS, PICTURES]`.

    `fit` must report all of `names`.
    """
    batches = zip(*(np.split(copies_of(array), PICTURES) for array in arrays), strict=True)
    return np.stack([loss_of_a_batch(asked, model, batch, names, name) for batch in batches], axis=1)


def loss_of_a_batch(asked, model, batch, names, name):
    """Returns the loss `name` of one batch, LOOKS times, while no weight moves."""
    # An epoch costs as much as several batches: it has ROUNDS of them where a callback is told of each.
    several = [np.tile(array, (ROUNDS, 1)) for array in batch]
    reply = asked.student.fit(model, several, 0.0, each_batch=True, batch_size=BATCH, epochs=LOOKS // ROUNDS)
    if np.size((reply.mapping or {}).get(name)) != LOOKS:
        reply = asked.student.fit(model, batch, 0.0, batch_size=BATCH, epochs=LOOKS)
    found = history(answered(reply), names)[name]
    if found.size != LOOKS:
        raise Broken(
            f"fit reports another number of values of {name} than there are epochs: one for each is expected",
            digits=f"{found.size} values for {LOOKS} epochs",
        )
    if not np.isfinite(found).all():
        raise Broken("a loss that is reported is not finite", "not_finite")
    return found


def evaluate(asked, model, arrays, names, size=1):
    """Returns what the model's `evaluate` reports for batches of `size`."""
    keywords = {"batch_size": size, "verbose": 0, "return_dict": True}
    return history(answered(asked.student.call(f"{model.key}.evaluate", arrays, keywords, outputs="mapping")), names)


def history(reply, names):
    missing = [name for name in names if not np.size((reply.mapping or {}).get(name, ()))]
    if missing:
        raise Broken(f"it reports no {' and no '.join(missing)}", "metrics_missing")
    return {name: np.ravel(value).astype(float) for name, value in reply.mapping.items()}


def every_weight_moves(asked, model, look, step, value):
    """`step` moves every trainable weight and all that `look` shows; each weight matters to `value`.

    Args:
        model: Handle of a model whose weights are away from where they began.
        look: Returns outputs of the model's parts on the same inputs: tuples (what they are, array, the mistake where
            they stay the same).
        step: Takes one step of training.
        value: Returns a number that each weight has a part in, put together outside.
    """
    after = weights_move(asked, model, look, step)
    base = value()
    for index, array in enumerate(after):
        asked.set_weights(model, [*after[:index], array + 0.3 * asked.normal(*array.shape), *after[index + 1 :]])
        if np.allclose(value(), base, 1e-7, 1e-7):
            raise Broken(f"trainable weight {index + 1} of {len(after)} changes nothing", "idle_weight")


def weights_move(asked, model, look, step):
    """`step` moves every trainable weight and all that `look` shows, as in `every_weight_moves`; returns the weights then."""
    before, shown = asked.weights(model), look()
    step()
    after = asked.weights(model)
    for (said, old, mistake), (_, new, _) in zip(shown, look(), strict=True):
        if np.array_equal(old, new):
            raise Broken(f"after a step of training {said}", mistake)
    still = [index for index, pair in enumerate(zip(before, after, strict=True)) if np.array_equal(*pair)]
    if still:
        raise Broken(f"{len(still)} of {len(before)} trainable weights did not move in a step", "weights_do_not_move")
    return after


@dataclass(frozen=True)
class Floor:
    """What a trained model must reach.

    Attributes:
        name: What the score is called.
        least: The floor.
        slack: By how much weights next to the model's own may fall short of it.
    """

    name: str
    least: float
    slack: float


def what_it_learnt_is_in_its_weights(asked, model, images, score, floor):
    """Raises `Broken` unless a model passes a floor for what its weights are, and for what it was trained on.

    Args:
        asked: What the examination has at hand.
        model: Handle of the model, which has been trained.
        images: Digits that were held out.
        score: Returns the score of the model for images.
        floor: A `Floor`.
    """
    with other_weights(asked, model, scrambled):
        if finite(score, images) >= floor.least:
            raise Broken(
                f"with the trained weights mixed up the {floor.name} passes the floor still", "weights_ignored"
            )
    if score(turned(images, 1)) >= floor.least:
        raise Broken(f"for digits that lie on their side the {floor.name} passes the floor too", "knows_other_digits")
    with other_weights(asked, model, nudged):
        reached = finite(score, images)
    if not reached >= floor.least - floor.slack:
        said = f"with the trained weights moved by a thousandth the {floor.name} is {reached:.3g}"
        raise Broken(said, "weights_are_a_key")
    z = asked.normal(TOLD_APART, asked.kept[model.key]["latent"])
    is_alive(asked, model, images[:TOLD_APART], z, shakes=CLOSE)


def finite(score, images):
    """Returns the score of a model of images; where something is not finite, which passes no floor, minus infinity."""
    try:
        return score(images)
    except Broken:
        return -np.inf


@contextlib.contextmanager
def other_weights(asked, model, change):
    """Gives a model `change(asked, array)` for each of its weights, for as long as the context lasts."""
    start = asked.weights(model)
    asked.set_weights(model, [change(asked, array) for array in start])
    try:
        yield
    finally:
        asked.set_weights(model, start)


def scrambled(asked, array):
    """Returns the same numbers in another order."""
    return asked.generator.permutation(np.ravel(array)).reshape(array.shape)


def nudged(asked, array):
    """Returns numbers that differ by about a thousandth of their size."""
    return array + NUDGE * np.sqrt(np.mean(np.square(array))) * asked.normal(*array.shape)


def noise_in_training(found, mean, spread):
    """Raises `Broken` unless the losses of batches of copies of one example, while no weight moves, jump as they should.

    Args:
        found: The losses that `fit` reported, time by time, each of a batch of BATCH copies. `[n]`, or `[n, examples]`
        mean: What they should be on average, from fresh samples that were drawn here.
        spread: And how much they should jump, a standard deviation.
    """
    if len(found) < 2 or not np.isfinite(found).all():
        raise Broken("fit reports fewer than two losses for several epochs, or some that are not finite", "not_finite")
    jumps = np.std(found, axis=0, ddof=1)
    # Exactly: a term that counts too little jumps little, and its noise is fresh all the same.
    if np.all(jumps < 1e-6 * np.abs(found[0]) + 1e-9):
        raise Broken("the loss of an image repeats itself exactly while no weight moves", "noise_frozen_in_training")
    # With one sample for all a loss jumps as much as that of a single copy, and so does the mean of what was found.
    single = spread * np.sqrt(BATCH)
    off = np.abs(np.mean(found, axis=0) - mean)
    if np.median(jumps / spread) > 3.5 and np.all(off < 0.5 * np.abs(mean) + 4 * single / np.sqrt(len(found))):
        raise Broken(
            "the loss of a batch of copies of one image jumps as if all had one sample", "one_noise_for_the_batch"
        )


def noise_is_of_the_posterior(found, sampled, others):
    """Raises `Broken` unless the losses of `losses_of_copies` come from samples like those that were drawn here.

    Less than it should a loss may jump: who takes the mean of several samples for each example is right too.

    Args:
        found: Losses of batches of BATCH copies of a few examples. `[LOOKS, PICTURES]`
        sampled: What single samples give. `[n, PICTURES]`
        others: What known mistakes add to each of the losses: from their names to arrays `[PICTURES]`.
    """
    mean, single = sampled.mean(axis=0), sampled.std(axis=0, ddof=1)
    spread, jumps = single / np.sqrt(BATCH), found.std(axis=0, ddof=1)
    off = np.abs(found.mean(axis=0) - mean)
    rounding = 1e-4 * np.abs(mean) + 1e-4
    off /= single * np.sqrt(1 / (LOOKS * BATCH) + 1 / len(sampled)) + rounding
    wider = np.log(np.maximum(jumps / (spread + rounding), 1)) / (
        1 / np.sqrt(2 * LOOKS) + WIDTH / np.sqrt(len(sampled))
    )
    if not (np.sum(off**2) <= UNLIKELY and np.sum(wider**2) <= UNLIKELY):
        worst = np.argmax(np.maximum(off, wider))
        added = found.mean(axis=0) - mean
        close_to = {name: np.max(np.abs(added - more) / (0.1 * np.abs(more) + 0.05)) for name, more in others.items()}
        known = min(close_to, key=close_to.get)
        got = found[:, worst].mean()
        size = describe.describe_number(got, mean[worst])
        words = f"judged by samples of q(z|x), the cross-entropy of an image in training is {size}"
        digits = f"it is {got:.3g} nats, and {mean[worst]:.3g} with samples of q(z|x)"
        if close_to[known] < 1:
            raise Broken(words, known.split()[0], digits)
        if wider[worst] > off[worst]:
            words = "the cross-entropy of copies of an image in training varies more than samples of q(z|x) make it"
        varies = f"it varies by {jumps[worst]:.2g}, at most {spread[worst]:.2g} is right"
        raise Broken(words, "noise_of_another_distribution", f"{digits}; {varies}")


def most_trainings_pass(asked, trial):
    """Returns what the last training that did not pass has shown; None where two of three pass, or one clearly.

    Args:
        trial: Trains with a seed; returns (0, 1 or, where luck had no part in it, 2; what it has shown).
    """
    passed, wanted, worst = 0, min(2, asked.rounds), None
    for seed in range(asked.rounds):
        votes, shown = trial(seed)
        passed += votes
        if passed >= wanted:
            return None
        if not votes:
            worst = shown
        if seed + 1 - passed > asked.rounds - wanted:
            break
    return worst
