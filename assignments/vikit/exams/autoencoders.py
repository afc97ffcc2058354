"""The properties of a variational autoencoder, examined from its outputs (see `properties`)."""

from dataclasses import dataclass
from itertools import product

import numpy as np

from .. import data
from ..judging import describe
from ..protocol import wire
from . import latents, losses, properties
from .latents import BATCH, OF_A_MODEL, SAMPLERS, close, decode, encode, first_of, singles
from .properties import SQUASHED, Broken, Squashed, finds, outputs_go_far

DIMS, LATENT, HIDDEN = 64, 8, (128,)
RATE, EPOCHS = 5e-3, 10
# Who passes the floor by so many nats at the first try has not been lucky.
MARGIN = 0.5
COPIES = 256
# Batches of samples from which the mean and the spread of a batch's loss are estimated.
DRAWS = 16
# How often the loss of a batch of copies is looked at. Of eight the spread is uncertain by more than a quarter.
JUMPS = 16
# A cloud of samples is too thin where its breadth is less than so much of what it should be: two right ones differ by a fifth.
THINNER = 0.65
REPORTED = ("loss", "reconstruction", "kl")
# Of a Gaussian model whose loss is looked at.
SIGMA = 0.25
# Pixels, latent dimensions and hidden layers of a small model.
SMALL = (16, 4, (7,))
DECODER = "the decoder"


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
    x = (asked.generator.random((5, event_dim)) < 0.5).astype(np.float32)
    mu, _ = encode(asked, model, x)
    decode(asked, model, mu)
    sizes = "alive", event_dim, latent_dim, tuple(hidden)
    if sizes not in asked.kept:
        latents.is_alive(asked, model, x, asked.normal(5, latent_dim))
        asked.kept[sizes] = True
    if likelihood == "bernoulli":
        asked.kept[model.key]["probabilities"] = returns_probabilities(asked, model, x)
    return model


def returns_probabilities(asked, model, x):
    """Tells whether the decoder returns probabilities and `elbo` takes them for that: against the rules, and understood."""
    eps = asked.normal(3, x.shape[0], asked.kept[model.key]["latent"])
    mu, log_var = encode(asked, model, x)
    found = decode(asked, model, asked.oracle.sample(mu, log_var, eps))
    if found.min() < 0 or found.max() > 1:
        return False
    got = asked.array(f"{model.key}.elbo", x, eps, shape=x.shape[:1])
    return close(got.mean(), -asked.oracle.loss(x, as_logits(found), mu, log_var))


def as_logits(probabilities):
    return latents.probabilities_as_logits(probabilities, logarithm_of_odds)


def parameters(asked, model, z):
    """Returns the parameters of p(x|z): what the decoder returns, or the logits of that where it returns probabilities."""
    found = decode(asked, model, z)
    return as_logits(found) if asked.kept[model.key].get("probabilities") else found


def elbo_outside(asked, model, x, eps, sigma=None):
    """Returns the mean ELBO of the examples, put together here from the outputs of encoder and decoder."""
    mu, log_var = encode(asked, model, x)
    outputs = parameters(asked, model, asked.oracle.sample(mu, log_var, eps))
    return -asked.oracle.loss(x, outputs, mu, log_var, sigma)


@finds(
    *(*OF_A_MODEL, *SAMPLERS, *REDUCTIONS, "elbo_draws_its_own_noise"),
    *("kl_log_var_as_log_sigma", "kl_log_var_halved", "sigmoid_twice", "decoder_returns_probabilities"),
    *("sigma_ignored", "sigma_as_variance", "constants_missing", "squared_error", "bernoulli_for_gaussian"),
)
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
    model, seen, eps, got = rounds[0]
    if all(agrees(asked, *one) for one in rounds):
        # Once is enough, of the Bernoulli model.
        if sigma is None:
            latents.encoder_returns_two(asked, model)
        return
    if not np.allclose(got, asked.array(f"{model.key}.elbo", seen.x, eps, shape=got.shape), 1e-5, 1e-5):
        raise Broken("the same x and eps gave two different values", "elbo_draws_its_own_noise")
    # With weights as large as here probabilities are cut off, each student's at another number.
    if asked.kept[model.key].get("probabilities"):
        raise Broken("the decoder returns probabilities, and elbo takes them for that", "decoder_returns_probabilities")
    words, digits = described(asked, rounds)
    raise Broken(words, named(asked, rounds), digits)


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
    """Returns what to say of a wrong ELBO, in words and in digits."""
    given = np.concatenate([got for *_, got in rounds])
    want = np.concatenate([right(asked, model, seen, eps) for model, seen, eps, _ in rounds])
    words, digits = describe.describe_values(
        "elbo(x, eps)", given, want, "the ELBO of the model's own outputs", " nats"
    )
    more = asked.kept.get(("surplus", latents.part(asked, rounds[0][0], "encoder").key))
    if more:
        taken = "of which the first two were taken for mu and log_var"
        words = f"encoder(x) returned {describe.describe_count(more)} values, {taken}; {words}"
    return words, digits


def outputs_of(asked, model, seen, eps, way):
    if way not in seen.decoded:
        z = SAMPLERS[way](asked.oracle.sample, seen.mu, seen.log_var, eps)
        seen.decoded[way] = decode(asked, model, z)
    return seen.decoded[way]


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
            yield "decoder_returns_probabilities", terms(x, as_logits(outputs), mu, log_var)[0], kl
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
            # Where a term does not enter no mistake in it is seen.
            names = [
                part for part in (way, reduction, "right" if "right" in possible else min(possible)) if part != "right"
            ]
            return " and ".join(names)
    return ""


# A model that is trained. One serves all: compiling takes longer than training.


def trainer(asked):
    """Returns the handle of the model that is trained, with weights that are away from where they began."""
    if "trainer" not in asked.kept:
        model = new(asked, DIMS, LATENT, HIDDEN)
        asked.kept["split"] = split(asked)
        # Where there are no digits there is no trainer either.
        asked.kept["trainer"] = model
        # Called once, all of its layers have their weights: what a step of training makes has it traced twice.
        asked.student.call(model.key, [wire.Tensor(asked.kept["split"][0][:3])])
    model = asked.kept["trainer"]
    asked.shake(model, 1.0, 0.15)
    return model


def split(asked):
    """Returns the images of `latents.split`: those to train on, and those to look at."""
    (train, _), (rest, _) = latents.split(asked)
    return train, rest


def fit(asked, model, x, rate, epochs=1, seed=None, eager=False, names=("loss",)):
    """Trains the model with a new Adam of this learning rate and returns its history, which must have `names`."""
    return latents.fit(asked, model, [x], names, rate, epochs, seed, eager)


@finds(
    *(
        *OF_A_MODEL,
        "weights_do_not_move",
        "idle_weight",
        "hidden_parameters",
    )
)
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
    first, second = (new(asked, *SMALL) for _ in range(2))
    latents.no_hidden_parameters(asked, first, second, asked.normal(5, SMALL[0]), asked.normal(5, SMALL[1]))


def outputs_are_free(asked):
    """What encoder and decoder return goes beyond +-FAR for some weights: nothing squashes it, and training may need it all."""
    model = new(asked, *SMALL)
    x, z = asked.normal(9, SMALL[0]), asked.normal(9, SMALL[1])

    def look():
        mu, log_var = encode(asked, model, x)
        return {"the encoder's mu": mu, "the encoder's log_var": log_var, DECODER: parameters(asked, model, z)}

    try:
        outputs_go_far(asked, model, look)
    except Squashed as broken:
        # Here it is known that the likelihood takes them for logits.
        if broken.name == DECODER and broken.mistake == "sigmoid_at_the_end":
            raise Broken(broken.detail, "sigmoid_twice", broken.digits) from broken
        raise


@finds(
    *(
        *OF_A_MODEL,
        "no_noise",
        "no_fresh_sample",
        "one_noise_for_the_batch",
        "same_noise_at_every_call",
        "call_returns_probabilities",
    ),
    *("one_noise_for_all_dimensions", "wrong_spread", "not_from_the_posterior", "noise_frozen_in_training"),
)
def noise_is_fresh(asked):
    """`model(x)` is the decoder at a fresh sample of q(z|x) for each example and call, and training draws as freshly."""
    model = trainer(asked)
    x = np.repeat(asked.kept["split"][0][:1], COPIES, axis=0)
    mu, log_var = encode(asked, model, x)
    first, second = (asked.array(model, x, shape=(COPIES, DIMS)) for _ in range(2))
    if np.allclose(first, first[:1], 1e-5, 1e-5):
        plain = decode(asked, model, mu[:1])
        with np.errstate(over="ignore"):
            probabilities = 1 / (1 + np.exp(-plain))
        for shown, name in ((plain, "no_noise"), (probabilities, "no_noise and call_returns_probabilities")):
            if np.allclose(first[:1], shown, 1e-3, 1e-3) and np.allclose(first, second, 1e-5, 1e-5):
                raise Broken("model(x) is the decoder at the mean: nothing is drawn", name)
        if np.allclose(first, second, 1e-5, 1e-5):
            raise Broken(
                "the same image, many times in a batch and again, gave one output each time", "no_fresh_sample"
            )
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
    return means(asked.oracle, x, parameters(asked, model, z), mu, log_var, sigma)


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


@finds(
    *(*OF_A_MODEL, *losses.names_of_faults("reconstruction", "pixels", weighted=False)),
    *("bernoulli_for_gaussian", "sigma_ignored", "metrics_missing"),
)
def loss_per_example(asked):
    """What `fit` and `evaluate` report is minus the ELBO per example, for batches of BATCH and of one."""
    model = trainer(asked)
    x = asked.kept["split"][0][:BATCH]
    varies, _ = losses.check(loss_of(asked, model, x, BATCH, lambda: fit(asked, model, x, 0.0, JUMPS, names=REPORTED)))
    # Of a quarter as many examples a mean varies twice as much.
    varies = {name: 2 * deviation for name, deviation in varies.items()}
    few = x[: BATCH // 4]
    losses.check(
        loss_of(asked, model, few, 1, lambda: latents.evaluate(asked, model, [few], REPORTED), deviations=varies)
    )
    gaussian = new(asked, DIMS, LATENT, HIDDEN, "gaussian", SIGMA)
    grey = asked.generator.random((BATCH, DIMS)).astype(np.float32)

    def report():
        return fit(asked, gaussian, grey, 0.0, JUMPS, eager=True, names=REPORTED)

    try:
        losses.check(loss_of(asked, gaussian, grey, BATCH, report, SIGMA))
    except Broken as broken:
        raise broken.when("for likelihood='gaussian'") from broken


def loss_of(asked, model, x, size, report, sigma=None, deviations=None):
    """Returns the `losses.Loss` of a model on the images `x`, in batches of `size`."""
    test = data.load("digits").x_test
    return losses.Loss(
        "reconstruction",
        "pixels",
        DIMS,
        LATENT,
        1.0,
        size,
        report=report,
        parts=lambda: parts_of(asked, model, x, sigma),
        parts_with_test=lambda: parts_of(asked, model, np.concatenate([x, test]), sigma),
        move=lambda: asked.shake(model, 0.9, 0.15),
        deviations=deviations or {},
    )


def parts_of(asked, model, x, sigma=None):
    """Returns the `losses.Parts` of a model on the images `x`."""

    def reconstruction(sigma):
        log_px, kl = sampled_means(asked, model, x, sigma)
        return losses.Mean(-log_px.mean(), np.std(log_px, ddof=1), DRAWS), losses.Mean(float(kl))

    others = {"bernoulli_for_gaussian": None, "sigma_ignored": 1.0} if sigma else {}
    return losses.Parts(
        *reconstruction(sigma),
        distortions={name: lambda other=other: reconstruction(other)[0] for name, other in others.items()},
    )


def mean_kl(asked, mu, log_var):
    """Returns the mean KL over the examples; what is reconstructed does not enter."""
    pixel = np.zeros((mu.shape[0], 1))
    return means(asked.oracle, pixel, pixel[np.newaxis], mu, log_var)[1]


@finds(
    *OF_A_MODEL,
    *SQUASHED,
    *(
        "sigmoid_twice",
        "passes_untrained",
        "knows_other_digits",
        "weights_are_a_key",
        "training_lowers_the_elbo",
        "loss_goes_up",
        "posterior_collapsed",
    ),
)
def training_passes_the_floor(asked, floor):
    """Training lowers the loss, and the ELBO of images that were held out, put together here, passes `floor`."""
    outputs_are_free(asked)
    model = trainer(asked)
    train, test = asked.kept["split"]

    def elbo(images):
        return elbo_outside(asked, model, images, asked.normal(1, images.shape[0], LATENT))

    def trial(seed):
        start, end, reported = training(asked, model, train, test, seed)
        if start >= floor:
            raise Broken(
                "before any training the ELBO of held-out digits passes the floor",
                "passes_untrained",
                f"it is {start:.3g} nats; the floor is {floor:g}",
            )
        passed = end >= floor and reported[-1] < reported[0]
        if passed:
            latents.what_it_learnt_is_in_its_weights(asked, model, test, elbo, latents.Floor("ELBO", floor, MARGIN))
        return passed * (2 if end >= floor + MARGIN else 1), (start, end, reported)

    worst = latents.most_trainings_pass(asked, trial)
    if worst:
        raise Broken(*why_below(asked, model, test, *worst, floor))


def training(asked, model, train, test, seed):
    """Trains the model from new weights; returns the ELBO of the images `test` before and after, and the losses."""
    asked.set_weights(model, asked.weights(new(asked, DIMS, LATENT, HIDDEN)))
    eps = asked.normal(4, test.shape[0], LATENT)
    start = elbo_outside(asked, model, test, eps)
    reported = fit(asked, model, train, RATE, EPOCHS, seed=seed)["loss"]
    try:
        return start, elbo_outside(asked, model, test, eps), reported
    except Broken as broken:
        raise broken.when("after training", "training_lowers_the_elbo" if reported[0] < 0 else None) from broken


def why_below(asked, model, test, start, end, reported, floor):
    """Returns what to say of a model that does not pass: in words, the name of the mistake, in digits."""
    if not np.isfinite(end):
        return "training ends in NaN", "not_finite", ""
    elbo = f"the ELBO of held-out digits goes from {start:.3g} to {end:.3g} nats"
    loss = f"the loss goes from {reported[0]:.3g} to {reported[-1]:.3g}"
    if end < start - 1:
        said = "training lowers the ELBO of held-out digits"
        if reported[0] < 0 or reported[-1] > reported[0]:
            return said, "training_lowers_the_elbo", elbo
        return f"{said}, and the loss too: that is the loss of another model", "", f"{elbo}, {loss}"
    if end >= floor:
        return "the loss rises while the ELBO rises", "loss_goes_up", loss
    kl = mean_kl(asked, *encode(asked, model, test))
    said, digits = (
        f"after {EPOCHS} epochs the ELBO of held-out digits is below the floor",
        f"{elbo}; the floor is {floor:g}",
    )
    if kl < latents.COLLAPSED:
        return f"{said}, with hardly any KL", "posterior_collapsed", f"{digits}; the KL is {kl:.1g}"
    return said, "", digits


KINDS = properties.KINDS | {
    "elbo_of_own_outputs": elbo_of_own_outputs,
    "every_weight_learns": every_weight_learns,
    "loss_per_example": loss_per_example,
    "noise_is_fresh": noise_is_fresh,
    "training_passes_the_floor": training_passes_the_floor,
}
