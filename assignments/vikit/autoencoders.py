"""The properties of a variational autoencoder, examined from its outputs (see `properties`)."""

from dataclasses import dataclass
from itertools import product

import numpy as np

from . import data, judge, latents, properties, wire
from .latents import BATCH, DRAWS, SAMPLERS, close, decode, encode, first_of, singles
from .properties import Broken

DIMS, LATENT, HIDDEN = 64, 8, (128,)
RATE, EPOCHS = 5e-3, 10
# Who passes the floor by so many nats at the first try has not been lucky.
MARGIN = 0.5
COPIES = 256
# How often the loss of a batch of copies is looked at. Of eight the spread is uncertain by more than a quarter.
JUMPS = 16
# A cloud of samples is too thin where its breadth is less than so much of what it should be: two right ones differ by a fifth.
THINNER = 0.65
REPORTED = ("loss", "reconstruction", "kl")
# Of a Gaussian model whose loss is looked at.
SIGMA = 0.25


class StudentsOwn:
    """The oracle in a notebook: the student's own earlier functions, which `check` examines by value.

    Args:
        function: From the name of an earlier question to the student's function; raises `Broken` where that is not right.
    """

    def __init__(self, function):
        self.function = function

    def sample(self, mu, log_var, eps):
        return latents.own_sample(self.function, mu, log_var, eps)

    def terms(self, x, outputs, mu, log_var, sigma=None):
        """Returns log p(x given z_l) `[L, B]` and the KL `[B]`, from batches of one example."""
        ones = [slice(row, row + 1) for row in range(x.shape[0])]
        log_px, kl = zip(*(means(self, x[o], outputs[:, o], mu[o], log_var[o], sigma) for o in ones), strict=True)
        return np.stack(log_px, axis=1), np.array(kl)

    def loss(self, x, outputs, mu, log_var, sigma=None):
        arguments = singles(x, outputs, mu, log_var)
        if sigma is None:
            return float(self.function("vae_loss")(*arguments))
        return float(self.function("gaussian_vae_loss")(*arguments, sigma))

    def latent_gradient(self, mu, log_var, eps, cotangent):
        """Returns the gradients of sum(cotangent * z) by differences of the student's own values."""
        step, found = 1e-2, []
        for shift in ((step, 0), (0, step)):
            ends = [self.sample(mu + sign * shift[0], log_var + sign * shift[1], eps) for sign in (1, -1)]
            found.append(((ends[0] - ends[1]) * cotangent).sum(0) / (2 * step))
        return found


def means(oracle, x, outputs, mu, log_var, sigma=None):
    """Returns log p(x given z_l) `[L]` and the KL, means over the batch: what a loss is without the KL and with it."""
    nothing = np.zeros_like(mu)
    log_px = np.array([-oracle.loss(x, one[np.newaxis], nothing, nothing, sigma) for one in outputs])
    return log_px, oracle.loss(x, outputs[:1], mu, log_var, sigma) + log_px[0]


# The ELBO of a model's own outputs.


@dataclass
class Seen:
    """What the networks of a model returned for a batch: `decoded` maps the name of a way to sample to outputs `[L, B, D]`."""

    x: np.ndarray
    mu: np.ndarray
    log_var: np.ndarray
    decoded: dict
    sigma: float | None


def new(asked, event_dim, latent_dim, hidden, likelihood="bernoulli", sigma=1.0):
    """Returns the handle of a new VAE, built by a first call."""
    keywords = {} if likelihood == "bernoulli" else {"likelihood": likelihood, "sigma": sigma}
    model = asked.make("VAE", event_dim, latent_dim, hidden=tuple(hidden), **keywords)
    asked.kept[model.key] = {"latent": latent_dim, "outputs": event_dim}
    x = (asked.generator.random((3, event_dim)) < 0.5).astype(np.float32)
    mu, _ = encode(asked, model, x)
    decode(asked, model, mu)
    return model


def elbo_outside(asked, model, x, eps, sigma=None):
    """Returns the mean ELBO of the examples, put together here from the outputs of encoder and decoder."""
    mu, log_var = encode(asked, model, x)
    outputs = decode(asked, model, asked.oracle.sample(mu, log_var, eps))
    return -asked.oracle.loss(x, outputs, mu, log_var, sigma)


def elbo_of_own_outputs(asked, likelihood, sigma, sizes):
    """`elbo(x, eps)` is the oracle's on what the model's own encoder and decoder return."""
    sigma = sigma if likelihood == "gaussian" else None
    rounds = []
    for event_dim, latent_dim, hidden, batches in sizes:
        model = new(asked, event_dim, latent_dim, hidden, likelihood, sigma or 1.0)
        asked.shake(model)
        for samples, batch in batches:
            x = asked.generator.random((batch, event_dim))
            x = (x if sigma else x < 0.5).astype(np.float32)
            eps = asked.normal(samples, batch, latent_dim)
            got = asked.array(f"{model.key}.elbo", x, eps, shape=(batch,))
            mu, log_var = encode(asked, model, x)
            seen = Seen(x, mu, log_var, {}, sigma)
            rounds.append((model, seen, eps, got))
    if all(agrees(asked, *one) for one in rounds):
        return
    model, seen, eps, got = rounds[0]
    if not np.allclose(got, asked.array(f"{model.key}.elbo", seen.x, eps, shape=got.shape), 1e-5, 1e-5):
        raise Broken("the same x and eps gave two different values", "elbo_draws_its_own_noise")
    raise Broken(described(asked, rounds), named(asked, rounds))


def agrees(asked, model, seen, eps, got):
    return close(got, right(asked, model, seen, eps))


def right(asked, model, seen, eps):
    """Returns the ELBO of each example: minus the loss of a batch of one."""
    outputs = outputs_of(asked, model, seen, eps, "right")
    ones = [slice(row, row + 1) for row in range(seen.x.shape[0])]
    return np.array(
        [-asked.oracle.loss(seen.x[o], outputs[:, o], seen.mu[o], seen.log_var[o], seen.sigma) for o in ones]
    )


def described(asked, rounds):
    worst = max(float(np.max(np.abs(got - right(asked, model, seen, eps)))) for model, seen, eps, got in rounds)
    return f"elbo(x, eps) is off by up to {judge.one_digit(worst):g} nats from the ELBO of the model's own outputs"


def outputs_of(asked, model, seen, eps, way):
    if way not in seen.decoded:
        z = SAMPLERS[way](asked.oracle.sample, seen.mu, seen.log_var, eps)
        seen.decoded[way] = decode(asked, model, z)
    return seen.decoded[way]


# Ways to put the terms together. Each is given (log p(x given z_l) [L, B], KL [B], sizes).
REDUCTIONS = {
    "right": lambda ll, kl, K, D: ll.mean(0) - kl,
    "elbo_is_the_loss": lambda ll, kl, K, D: kl - ll.mean(0),
    "kl_counted_twice": lambda ll, kl, K, D: ll.mean(0) - 2 * kl,
    "kl_halved": lambda ll, kl, K, D: ll.mean(0) - kl / 2,
    "kl_averaged_over_dimensions": lambda ll, kl, K, D: ll.mean(0) - kl / K,
    "kl_added": lambda ll, kl, K, D: ll.mean(0) + kl,
    "kl_missing": lambda ll, kl, K, D: ll.mean(0),
    "kl_averaged_over_batch": lambda ll, kl, K, D: ll.mean(0) - kl.mean(),
    "kl_summed_over_batch": lambda ll, kl, K, D: ll.mean(0) - kl.sum(),
    "reconstruction_averaged_over_pixels": lambda ll, kl, K, D: ll.mean(0) / D - kl,
    "both_averaged_over_dimensions": lambda ll, kl, K, D: ll.mean(0) / D - kl / K,
    "reconstruction_averaged_over_batch": lambda ll, kl, K, D: ll.mean(0).mean() - kl,
    "reconstruction_summed_over_batch": lambda ll, kl, K, D: ll.mean(0).sum() - kl,
    "elbo_averaged_over_batch": lambda ll, kl, K, D: np.full(len(kl), (ll.mean(0) - kl).mean()),
    "elbo_summed_over_batch": lambda ll, kl, K, D: np.full(len(kl), (ll.mean(0) - kl).sum()),
    "samples_summed": lambda ll, kl, K, D: ll.sum(0) - kl,
    "first_sample_only": lambda ll, kl, K, D: ll[0] - kl,
    "log_of_mean_over_samples": lambda ll, kl, K, D: np.log(np.mean(np.exp(ll - ll.max(0)), 0)) + ll.max(0) - kl,
    "reconstruction_missing": lambda ll, kl, K, D: -kl,
}


def logarithm_of_odds(outputs):
    with np.errstate(all="ignore"):
        return np.log(outputs) - np.log1p(-outputs)


def terms_of(asked, seen, outputs):
    """Yields (name, log p(x given z_l), KL) for what known mistakes make of the outputs; the right one first."""
    terms, x, mu, log_var, sigma = asked.oracle.terms, seen.x, seen.mu, seen.log_var, seen.sigma
    log_px, kl = terms(x, outputs, mu, log_var, sigma)
    yield "right", log_px, kl
    yield "kl_log_var_as_log_sigma", log_px, terms(x, outputs, mu, 2 * log_var, sigma)[1]
    yield "kl_log_var_halved", log_px, terms(x, outputs, mu, log_var / 2, sigma)[1]
    if sigma is None:
        yield "sigmoid_twice", terms(x, 1 / (1 + np.exp(-outputs)), mu, log_var)[0], kl
        if outputs.min() >= 0 and outputs.max() <= 1:
            yield "decoder_returns_probabilities", terms(x, logarithm_of_odds(outputs), mu, log_var)[0], kl
        return
    variance = float(np.square(sigma))
    perfect = terms(x, np.broadcast_to(x, outputs.shape), mu, log_var, sigma)[0]
    yield "sigma_ignored", terms(x, outputs, mu, log_var, 1.0)[0], kl
    yield "sigma_as_variance", terms(x, outputs, mu, log_var, float(np.sqrt(sigma)))[0], kl
    yield "constants_missing", log_px - perfect, kl
    yield "squared_error", 2 * variance * (log_px - perfect), kl
    yield "squared_error", variance * (log_px - perfect), kl
    yield "squared_error", 2 * variance * (log_px - perfect) / x.shape[-1], kl
    yield "bernoulli_for_gaussian", terms(x, outputs, mu, log_var)[0], kl


def named(asked, rounds):
    """Returns the name of the first known mistake that gives the model's values in all rounds; empty if there is none."""
    for way, reduction in sorted(product(SAMPLERS, REDUCTIONS), key=lambda pair: sum(part != "right" for part in pair)):
        possible = None
        for model, seen, eps, got in rounds:
            sizes = seen.mu.shape[-1], seen.x.shape[-1]
            found = {
                name
                for name, log_px, kl in terms_of(asked, seen, outputs_of(asked, model, seen, eps, way))
                if close(got, REDUCTIONS[reduction](log_px, kl, *sizes))
            }
            possible = found if possible is None else possible & found
            if not possible:
                break
        if possible:
            names = [part for part in (way, reduction, min(possible)) if part != "right"]
            return " and ".join(names)
    return ""


# A model that is trained. One serves all: compiling takes longer than training.


def trainer(asked):
    """Returns the handle of the model that is trained, with weights that are away from where they began."""
    if "trainer" not in asked.kept:
        asked.kept["trainer"] = new(asked, DIMS, LATENT, HIDDEN)
        asked.kept["split"] = split(asked)
        # Called once, all of its layers have their weights: what a step of training makes has it traced twice.
        asked.student.call(asked.kept["trainer"].key, [wire.Tensor(asked.kept["split"][0][:3])])
    model = asked.kept["trainer"]
    asked.shake(model, 1.0, 0.15)
    return model


def split(asked):
    """Returns the images of `latents.split`: those to train on, and those to look at."""
    (train, _), (rest, _) = latents.split(asked)
    return train, rest


def fit(asked, model, x, rate, epochs=1, seed=None, eager=False):
    """Trains the model with a new Adam of this learning rate and returns its history."""
    return latents.fit(asked, model, [x], REPORTED, rate, epochs, seed, eager)


def every_weight_learns(asked):
    """One step moves every trainable weight and both networks; each weight matters to the ELBO, as seen outside."""
    model = trainer(asked)
    x, z, eps = asked.kept["split"][0][:BATCH], asked.normal(5, LATENT), asked.normal(1, 8, LATENT)
    same = "the encoder returns the same"

    def look():
        mu, log_var = encode(asked, model, x)
        yield f"{same} mu", mu, "encoder_not_trained"
        yield f"{same} log_var", log_var, "encoder_not_trained"
        yield "the decoder returns the same", decode(asked, model, z), "decoder_not_trained"

    latents.every_weight_moves(
        asked,
        model,
        look=lambda: list(look()),
        step=lambda: fit(asked, model, x, 1e-3),
        value=lambda: elbo_outside(asked, model, x[:8], eps),
    )
    asked.no_strangers(f"{model.key}.elbo", "elbo", x[:8], eps)


def noise_is_fresh(asked):
    """`model(x)` is the decoder at a fresh sample of q(z|x) for each example and call, and training draws as freshly."""
    model = trainer(asked)
    x = np.repeat(asked.kept["split"][0][:1], COPIES, axis=0)
    mu, log_var = encode(asked, model, x)
    first, second = (asked.array(model, x, shape=(COPIES, DIMS)) for _ in range(2))
    if np.allclose(first, first[:1], 1e-5, 1e-5):
        plain = decode(asked, model, mu[:1])
        if np.allclose(first[:1], plain, 1e-3, 1e-3) and np.allclose(first, second, 1e-5, 1e-5):
            raise Broken("model(x) is the decoder at the mean: nothing is drawn", "no_noise")
        raise Broken("the same image, many times in a batch, got the same sample each time", "one_noise_for_the_batch")
    if np.allclose(first, second, 1e-5, 1e-5):
        raise Broken("two calls gave the same samples", "same_noise_at_every_call")
    eps = asked.normal(1, COPIES, LATENT)
    from_the_posterior(asked, model, first, mu, log_var, eps)
    losses = fit(asked, model, x[:BATCH], 0.0, epochs=JUMPS)["loss"]
    log_px, kl = sampled_means(asked, model, x[:BATCH], draws=latents.COMPARED)
    latents.noise_in_training(losses, kl - log_px.mean(), np.std(log_px, ddof=1))


def sampled_means(asked, model, x, sigma=None, draws=DRAWS):
    """Returns log p(x given z) with one fresh sample for each example, `draws` times, and the KL: means over the batch."""
    mu, log_var = encode(asked, model, x)
    z = asked.oracle.sample(mu, log_var, asked.normal(draws, x.shape[0], LATENT))
    return means(asked.oracle, x, decode(asked, model, z), mu, log_var, sigma)


def same_cloud(got, want):
    """Compares mean and variance of two clouds of outputs `[COPIES, D]`."""
    spread = np.sqrt((got.var(0) + want.var(0)) / COPIES) + 1e-4
    ratio = got.var(0).sum() / want.var(0).sum()
    return 0.55 < ratio < 1.8 and np.max(np.abs(got.mean(0) - want.mean(0)) / spread) < 7


def breadth(cloud):
    """Returns how wide a cloud is across the direction in which it is longest, beside its length there."""
    first, second = np.linalg.svd(cloud - cloud.mean(0), compute_uv=False)[:2]
    return second / first


def from_the_posterior(asked, model, got, mu, log_var, eps):
    """Raises `Broken` unless outputs `got` `[COPIES, D]` of one image look like the decoder's at samples of q(z|x)."""

    def cloud(mu, log_var, eps):
        return decode(asked, model, asked.oracle.sample(mu, log_var, eps))[0]

    want = cloud(mu, log_var, eps)
    if got.min() >= 0 and got.max() <= 1 and want.max() > 1.5:
        raise Broken(
            "model(x) returns probabilities: the decoder's own output is asked for", "call_returns_probabilities"
        )
    thinner = breadth(got) < THINNER * breadth(want)
    if same_cloud(got, want) and not thinner:
        return
    line = cloud(mu, log_var, first_of(eps, 2))
    if thinner or same_cloud(got, line):
        raise Broken("samples of one image lie along a line", "one_noise_for_all_dimensions")
    if any(same_cloud(got, cloud(mu, factor * log_var, eps)) for factor in (0, 2)):
        raise Broken("samples of one image are not spread as q(z|x) is", "wrong_spread")
    raise Broken("samples of one image lie elsewhere than q(z|x) puts them", "not_from_the_posterior")


def loss_per_example(asked):
    """What `fit` and `evaluate` report is minus the ELBO per example, for batches of BATCH and of one."""
    model = trainer(asked)
    x = asked.kept["split"][0][:BATCH]
    reported(asked, model, x, fit(asked, model, x, 0.0), BATCH)
    reported(asked, model, x[:16], latents.evaluate(asked, model, [x[:16]], REPORTED), 1)
    gaussian = new(asked, DIMS, LATENT, HIDDEN, "gaussian", SIGMA)
    grey = asked.generator.random((BATCH, DIMS)).astype(np.float32)
    reported(asked, gaussian, grey, fit(asked, gaussian, grey, 0.0, eager=True), BATCH, SIGMA)


def reported(asked, model, x, found, size, sigma=None):
    log_px, kl = sampled_means(asked, model, x, sigma)
    want = {"kl": kl, "reconstruction": -log_px.mean()}
    slack = {"kl": 1e-3 * kl + 1e-3, "reconstruction": 9 * np.std(log_px, ddof=1) * np.sqrt(1 + 1 / DRAWS) + 0.02}
    want["loss"] = want["kl"] + want["reconstruction"]
    slack["loss"] = slack["reconstruction"] + slack["kl"]
    got = {name: found[name][0] for name in want}
    if not all(np.isfinite(list(got.values()))):
        raise Broken("a loss that is reported is not finite", "not_finite")
    if all(abs(got[name] - want[name]) <= slack[name] for name in ("kl", "reconstruction")):
        sums_up(got, size)
        return
    values = "; ".join(f"{name} is {got[name]:.3g}, and {want[name]:.3g} from the model's outputs" for name in want)
    raise Broken(
        f"for likelihood='gaussian' {values}" if sigma else values,
        another_likelihood(asked, model, x, got["reconstruction"], sigma)
        or reported_mistake(asked, model, x, got, want, slack, size),
    )


def sums_up(got, size):
    """Raises `Broken` unless the reported loss is the sum of the reported terms: both are of the same samples."""
    kl, reconstruction, loss = got["kl"], got["reconstruction"], got["loss"]
    right = reconstruction + kl
    if abs(loss - right) <= 1e-3 + 1e-3 * abs(right):
        return
    made = {
        "loss_is_the_elbo": -right,
        "loss_summed_over_the_batch": size * right,
        "kl_missing": reconstruction,
        "kl_counted_twice": reconstruction + 2 * kl,
        "kl_averaged_over_dimensions": reconstruction + kl / LATENT,
        "kl_summed_over_batch": reconstruction + size * kl,
        "reconstruction_averaged_over_pixels": reconstruction / DIMS + kl,
        "reconstruction_summed_over_batch": size * reconstruction + kl,
    }
    known = (name for name, value in made.items() if abs(loss - value) <= 1e-3 + 1e-3 * abs(value))
    raise Broken(f"loss is {loss:.3g}, and reconstruction + kl is {right:.3g}", next(known, ""))


def another_likelihood(asked, model, x, got, sigma):
    """Returns which other likelihood a Gaussian model's reconstruction `got` belongs to, empty if to none."""
    for name, other in {"bernoulli_for_gaussian": None, "sigma_ignored": 1.0}.items() if sigma else ():
        log_px = sampled_means(asked, model, x, other)[0]
        if abs(got + log_px.mean()) <= 9 * np.std(log_px, ddof=1) + 0.02:
            return name
    return ""


def reported_mistake(asked, model, x, got, want, slack, size):
    """Returns what makes `got` of `want`, where the values tell it."""

    def is_(name, value, factor=1.0):
        return abs(got[name] - value) <= factor * slack[name] + 1e-3 * abs(value)

    kl, reconstruction = want["kl"], want["reconstruction"]
    tests = {
        "trains_on_test_images": lambda: with_test_images(asked, model, x, got["kl"]),
        "loss_is_the_elbo": lambda: is_("loss", -want["loss"]),
        "loss_summed_over_the_batch": lambda: size > 1 and (is_("loss", size * want["loss"], size)),
        "kl_counted_twice": lambda: is_("kl", 2 * kl) or (is_("kl", kl) and is_("loss", reconstruction + 2 * kl)),
        "kl_averaged_over_dimensions": lambda: (
            is_("kl", kl / LATENT) or (is_("kl", kl) and is_("loss", reconstruction + kl / LATENT, 0.9))
        ),
        "kl_summed_over_batch": lambda: size > 1 and (is_("kl", size * kl) or is_("loss", reconstruction + size * kl)),
        "kl_missing": lambda: is_("loss", reconstruction) or abs(got["kl"]) < 1e-6,
        "reconstruction_averaged_over_pixels": lambda: (
            is_("reconstruction", reconstruction / DIMS, 1 / DIMS) or is_("loss", reconstruction / DIMS + kl, 1 / DIMS)
        ),
        "reconstruction_summed_over_batch": lambda: size > 1 and is_("reconstruction", size * reconstruction, size),
        "metrics_negated": lambda: is_("kl", -kl) or is_("reconstruction", -reconstruction),
    }
    return next((name for name, test in tests.items() if test()), "")


def with_test_images(asked, model, x, kl):
    """Tells whether `kl` is the mean over `x` and the test images of the data set together."""
    test = data.load("digits").x_test
    both = np.concatenate([x, test])
    mu, log_var = encode(asked, model, both)
    return abs(mean_kl(asked, mu, log_var) - kl) <= 1e-3 * kl


def mean_kl(asked, mu, log_var):
    """Returns the mean KL over the examples; what is reconstructed does not enter."""
    pixel = np.zeros((mu.shape[0], 1))
    return means(asked.oracle, pixel, pixel[np.newaxis], mu, log_var)[1]


def training_passes_the_floor(asked, floor):
    """Training lowers the loss, and the ELBO of images that were held out, put together here, passes `floor`."""
    model = trainer(asked)
    train, test = asked.kept["split"]

    def trial(seed):
        start, end, losses = training(asked, model, train, test, seed)
        passed = end >= floor and losses[-1] < losses[0]
        return passed * (2 if end >= floor + MARGIN else 1), (start, end, losses)

    worst = latents.most_trainings_pass(asked, trial)
    if worst:
        raise Broken(*why_below(asked, model, test, *worst, floor))


def training(asked, model, train, test, seed):
    """Trains the model from new weights; returns the ELBO of the images `test` before and after, and the losses."""
    asked.set_weights(model, asked.weights(new(asked, DIMS, LATENT, HIDDEN)))
    eps = asked.normal(4, test.shape[0], LATENT)
    start = elbo_outside(asked, model, test, eps)
    losses = fit(asked, model, train, RATE, EPOCHS, seed=seed)["loss"]
    try:
        return start, elbo_outside(asked, model, test, eps), losses
    except Broken as broken:
        sign = "training_lowers_the_elbo" if losses[0] < 0 else broken.mistake
        raise Broken(f"after training {broken.detail}", sign) from broken


def why_below(asked, model, test, start, end, losses, floor):
    if not np.isfinite(end):
        return "training ends in NaN", "not_finite"
    if end < start - 1:
        return (
            f"training takes the ELBO of held-out images from {start:.3g} to {end:.3g} nats",
            "training_lowers_the_elbo",
        )
    mu, log_var = encode(asked, model, test)
    kl = mean_kl(asked, mu, log_var)
    said = f"after {EPOCHS} epochs the ELBO of held-out digits is {end:.3g} nats; the floor is {floor:g}"
    if end >= floor:
        return f"the loss goes from {losses[0]:.3g} to {losses[-1]:.3g} while the ELBO rises", "loss_goes_up"
    outputs = decode(asked, model, mu)
    if outputs.min() >= 0 and outputs.max() <= 1:
        return f"{said}, and the decoder's outputs stay between 0 and 1", "sigmoid_twice"
    return (f"{said}, with a KL of {kl:.1g}", "posterior_collapsed") if kl < 0.3 else (said, "")


KINDS = properties.KINDS | {
    "elbo_of_own_outputs": elbo_of_own_outputs,
    "every_weight_learns": every_weight_learns,
    "loss_per_example": loss_per_example,
    "noise_is_fresh": noise_is_fresh,
    "training_passes_the_floor": training_passes_the_floor,
}
