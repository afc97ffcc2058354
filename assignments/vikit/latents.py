"""What models with an encoder, a sample and a decoder have in common: their parts, their training, their noise.

`autoencoders` and `classifiers` examine such models with it (see `properties`).
"""

import numpy as np

from . import data
from .properties import Broken, answered

# Noise of float32 in a loss that was put together outside from a network's outputs.
ATOL, RTOL = 1e-3, 3e-4
BATCH = 64
# Batches to train on. All are whole, and of one size in whatever is trained: TensorFlow traces a step anew for each shape.
TRAINED = 22
# Batches of samples from which the spread of a batch's loss is estimated.
DRAWS = 8


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
    """Returns what the model's encoder says to `x`: mu and log_var, each `[B, K]`."""
    latent = asked.kept[model.key]["latent"]
    return asked.arrays(part(asked, model, "encoder"), x, shapes=[(x.shape[0], latent)] * 2, outputs=2)


def decode(asked, model, z):
    """Returns what the model's decoder says to `z`. Shape `[..., outputs]`."""
    shape = (*z.shape[:-1], asked.kept[model.key]["outputs"])
    return asked.array(part(asked, model, "decoder"), z, shape=shape)


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
    """Returns (images, labels) to train on, 1,408 digits in whole batches, and 389 to look at, split anew."""
    digits = data.load("digits")
    images = np.concatenate([digits.x_train, digits.x_test])
    labels = np.concatenate([digits.y_train, digits.y_test])
    order = asked.generator.permutation(images.shape[0])
    first, rest = order[: TRAINED * BATCH], order[TRAINED * BATCH :]
    return (images[first], labels[first]), (images[rest], labels[rest])


def fit(asked, model, arrays, names, rate, epochs=1, seed=None, eager=False):
    """Trains the model with a new Adam of this learning rate; returns its history, which must have `names`."""
    options = {"batch_size": BATCH, "epochs": epochs}
    return history(answered(asked.student.fit(model, arrays, rate, seed, eager, **options)), names)


def evaluate(asked, model, arrays, names):
    """Returns what the model's `evaluate` reports for batches of one."""
    keywords = {"batch_size": 1, "verbose": 0, "return_dict": True}
    return history(answered(asked.student.call(f"{model.key}.evaluate", arrays, keywords, outputs="mapping")), names)


def history(reply, names):
    missing = [name for name in names if name not in (reply.mapping or {})]
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


def noise_in_training(found, mean, spread):
    """Raises `Broken` unless the losses of a batch of copies of one example, while no weight moves, jump as they should.

    Args:
        found: The losses that `fit` reported, epoch by epoch, each of a batch of BATCH copies.
        mean: What they should be on average, from fresh samples that were drawn here.
        spread: And how much they should jump, a standard deviation.
    """
    jumps = float(np.std(found, ddof=1))
    if jumps < 1e-5 * abs(found[0]) or jumps < 0.05 * spread:
        raise Broken("the loss of an image repeats itself exactly while no weight moves", "noise_frozen_in_training")
    # With one sample for all a loss jumps as much as that of a single copy, and so does the mean of what was found.
    single = spread * np.sqrt(BATCH)
    if jumps > 3.5 * spread and abs(np.mean(found) - mean) < 0.5 * abs(mean) + 4 * single / np.sqrt(len(found)):
        raise Broken(
            "the loss of a batch of copies of one image jumps as if all had one sample", "one_noise_for_the_batch"
        )


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
