"""The examinations of models with a latent sample, each once for all that a `LatentModel` describes.

In this order: terms, prediction, every weight learns, fresh noise, reported losses, floor.
"""

import contextlib

import numpy as np

from ..judging import describe
from .classes import logarithms, probabilities
from .dependence import SQUASHED, Squashed, check_outputs_are_unbounded, check_same_as_twin, differs_between_inputs
from .digits import BATCH, Examples, turn
from .exam import PropertyFailed, examination
from .latent_model import (
    OF_A_MODEL,
    SAMPLERS,
    Batch,
    Sizes,
    build_model,
    first_of,
    is_close,
    spec_of,
    trained_model,
)
from .reported_losses import (
    AVERAGED,
    Expected,
    Mean,
    ReportedLoss,
    ask_for_reports,
    check_reported_loss,
    names_in_reports,
    trains_on_test_images,
)
from .term_names import name_terms, names_in_terms, wrong_terms
from .training_noise import ANOTHER_NOISE, NUM_IMAGES, check_noise_is_of_the_posterior, look_at_noise

__all__ = [
    "ask_batches",
    "check_outputs_are_free",
    "check_prediction_of",
    "check_terms_of",
    "check_training_of",
    "check_weights_move",
    "finds_in_prediction",
    "finds_in_terms",
    "finds_in_training",
    "predictions_of",
]

LEARNING_RATE, EPOCHS = 5e-3, 10
# How often a loss is reported while no weight moves, and how many samples of each example that is compared with. Of eight
# reports the spread is uncertain by more than a quarter.
NUM_REPORTS, NUM_SAMPLES = 16, 32
# So many samples at most, of all examples together: the wire has a limit.
MOST_SAMPLES = 10_000


def repeats(got, again):
    """Tells whether the same question got the same answer."""
    return all(np.allclose(a, b, 1e-5, 1e-5) for a, b in zip(got, again, strict=True))


# Terms: what the model's own method says of its loss.


def ask_batches(exam, spec, sizes, method):
    """Asks models of several sizes for `method(model, examples, eps)`, and yields a `Batch` for each answer."""
    for row in sizes:
        *counts, hidden, batches = row
        numbers = counts if spec.labelled else [*counts, counts[0]]
        model = build_model(exam, spec, Sizes(*numbers, tuple(hidden)))
        model.perturb_weights(*spec.perturbation)
        for samples, size in batches:
            examples = spec.draw(exam, size, model.sizes)
            eps = exam.normal(samples, size, model.sizes.latent_dim)
            yield Batch(model, examples, eps, method(model, examples, eps))


def finds_in_terms(model, **options):
    spec = spec_of(model)
    kept = [f"{spec.weight_name}_not_kept"] if spec.weight_name else []
    squashed = SQUASHED if spec.bounds_in == "terms" else ()
    return (
        *(*OF_A_MODEL, *squashed, *names_in_terms(spec), *kept),
        *(spec.terms.own_noise, "decoder_returns_probabilities"),
    )


@examination("terms", finds=finds_in_terms)
def check_terms(exam, model, sizes, **changes):
    """The model's method returns the terms that its own encoder and decoder outputs give, put together here."""
    spec = spec_of(model, **changes)
    if spec.bounds_in == "terms":
        check_outputs_are_free(exam, spec)
    check_terms_of(spec, list(ask_batches(exam, spec, sizes, lambda model, *given: model.terms(*given))))


def check_terms_of(spec, batches, and_then=lambda: None):
    """Raises `PropertyFailed` unless the terms that batches were asked for are right; `and_then` checks more of right ones."""
    first = batches[0]
    first.model.check_weight()
    wrong = wrong_terms(spec, batches)
    if not wrong:
        and_then()
        # Several properties may ask for terms; that the encoder returns too much costs once.
        if not first.model.exam.cache.get("encoder's outputs counted"):
            first.model.exam.cache["encoder's outputs counted"] = True
            first.model.check_encoder_returns_two()
        if first.model.returns_probabilities:
            raise PropertyFailed(
                "the decoder returns probabilities, and the model takes them for that", "decoder_returns_probabilities"
            )
        return
    terms = spec.terms
    if not repeats(first.got, first.model.terms(first.examples, first.eps)):
        given = "x, y_onehot and eps" if spec.labelled else "x and eps"
        raise PropertyFailed(f"the same {given} gave two different values", terms.own_noise)
    if terms.probabilities_first and first.model.returns_probabilities:
        raise PropertyFailed(
            "the decoder returns probabilities, and the model takes them for that", "decoder_returns_probabilities"
        )
    words, digits = describe_terms(spec, batches, wrong)
    raise PropertyFailed(words, " and ".join(name_terms(spec, batches, wrong)), digits)


def describe_terms(spec, batches, wrong):
    """Returns what to say of wrong terms, in words and in digits."""
    described = [
        describe.describe_values(
            spec.terms.terms[index].name,
            np.concatenate([batch.got[index] for batch in batches]),
            np.concatenate([spec.terms.terms[index].right(batch.sample()) for batch in batches]),
            spec.terms.origin,
            " nats",
        )
        for index in wrong
    ]
    words, digits = ("; ".join(parts) for parts in zip(*described, strict=True))
    encoder = batches[0].model.part("encoder")
    more = encoder.exam.surplus.get(encoder.key)
    if more:
        taken = "of which the first two were taken for mu and log_var"
        words = f"encoder(x) returned {describe.describe_count(more)} values, {taken}; {words}"
    return words, digits


def check_outputs_are_free(exam, spec):
    """Raises `PropertyFailed` where something squashes what encoder or decoder return, or it is the same for every input."""
    model = build_model(exam, spec, spec.small_sizes)
    x, z = exam.normal(9, model.sizes.event_dim), exam.normal(9, model.sizes.latent_dim)

    def look():
        mu, log_var = model.encode(x)
        return {"the encoder's mu": mu, "the encoder's log_var": log_var, "the decoder": model.decode_to_logits(z)}

    try:
        check_outputs_are_unbounded(model, look)
    except Squashed as failed:
        name = spec.distortion.squashed.get(failed.mistake) if failed.name == "the decoder" else None
        if name:
            raise PropertyFailed(failed.detail, name, failed.digits) from failed
        raise
    model.perturb_weights()
    for name, output in look().items():
        if not differs_between_inputs(output):
            raise PropertyFailed(f"{name} is the same for every input", "input_ignored")


# Prediction: the mean over samples of the probabilities that the decoder gives.

PREDICTIONS = {
    "prediction_from_one_sample": ("right", lambda oracle, a: oracle.predict(a[:1])),
    "prediction_from_the_mean": ("sampler_without_noise", lambda oracle, a: oracle.predict(a[:1])),
    "softmax_of_averaged_logits": ("right", lambda oracle, a: oracle.predict(a.mean(0, keepdims=True))),
    "prediction_summed": ("right", lambda oracle, a: len(a) * oracle.predict(a)),
    "prediction_is_logits": ("right", lambda oracle, a: a.mean(0)),
    "prediction_is_logarithm": ("right", lambda oracle, a: logarithms(oracle.predict(a))),
    "prediction_is_one_hot": ("right", lambda oracle, a: np.eye(a.shape[-1])[oracle.predict(a).argmax(-1)]),
    "softmax_twice": ("right", lambda oracle, a: oracle.predict(probabilities(oracle, a))),
    "decoder_returns_probabilities": ("right", lambda oracle, a: np.exp(logarithms(a)).mean(0)),
}


def finds_in_prediction(model, **options):
    return (*OF_A_MODEL, *PREDICTIONS, *SAMPLERS, "prediction_draws_its_own_noise")


@examination("prediction", finds=finds_in_prediction)
def check_prediction(exam, model, sizes, **changes):
    """`predict_probs(x, eps)` is the mean over L samples of the probabilities that the decoder gives."""
    check_prediction_of(exam, list(predictions_of(exam, spec_of(model, **changes), sizes)))


def predictions_of(exam, spec, sizes):
    def predict(model, examples, eps):
        return model.method("predict_probs", examples.x, eps, shapes=[examples.y_onehot.shape])

    return ask_batches(exam, spec, sizes, predict)


def check_prediction_of(exam, batches):
    """Raises `PropertyFailed` unless the predictions that batches were asked for are right."""
    predict = exam.oracle.predict
    wrong = [batch for batch in batches if not is_close(batch.got[0], predict(batch.sample().outputs))]
    if not wrong:
        return
    first = wrong[0]
    again = first.model.method("predict_probs", first.examples.x, first.eps, shapes=[first.got[0].shape])
    if not repeats(first.got, again):
        raise PropertyFailed("the same x and eps gave two different predictions", "prediction_draws_its_own_noise")
    got = np.concatenate([np.ravel(batch.got[0]) for batch in batches])
    want = np.concatenate([np.ravel(predict(batch.sample().outputs)) for batch in batches])
    words, digits = describe.describe_values("predict_probs", got, want, "the model's own decoder outputs")
    raise PropertyFailed(words, name_prediction(exam.oracle, batches), digits)


def name_prediction(oracle, batches):
    ways = {way: (way, lambda oracle, a: oracle.predict(a)) for way in SAMPLERS if way != "right"}
    for name, (way, form) in (PREDICTIONS | ways).items():
        if all(is_close(batch.got[0], form(oracle, batch.sample(way).outputs)) for batch in batches):
            return name
    return ""


# Every weight learns.


@examination("weights_learn", finds=(*OF_A_MODEL, "weights_do_not_move", "idle_weight", "hidden_parameters"))
def check_every_weight_learns(exam, model):
    """One step moves every trainable weight and every part; each weight matters to the loss, as put together here."""
    spec = spec_of(model)
    trained = trained_model(exam, spec)
    examples = exam.cache["split"][0][:BATCH]
    few, sizes = examples[:8], trained.sizes
    z, eps = exam.normal(5, sizes.latent_dim), exam.normal(1, len(few), sizes.latent_dim)

    def mean_loss():
        sample = trained.sample(few, eps)
        return sample.mean_distortion.mean() + sample.mean_rate

    after = check_weights_move(trained, examples.x, z, lambda: trained.fit(examples, 1e-3))
    base = mean_loss()
    for index, array in enumerate(after):
        trained.set_weights([*after[:index], array + 0.3 * exam.normal(*array.shape), *after[index + 1 :]])
        if np.allclose(mean_loss(), base, 1e-7, 1e-7):
            raise PropertyFailed(f"trainable weight {index + 1} of {len(after)} changes nothing", "idle_weight")
    trained.check_no_hidden_variables(*few.arrays, eps[0] if spec.terms.one_sample else eps, method=spec.terms.method)
    small = spec.small_sizes
    first, second = (build_model(exam, spec, small) for _ in range(2))
    x, z = exam.normal(5, small.event_dim), exam.normal(5, small.latent_dim)
    check_same_as_twin(first, second, lambda one: [*one.encode(x), one.decode(z)])


def check_weights_move(model, x, z, step):
    """Raises `PropertyFailed` unless `step` moves every trainable weight, and what every part returns; returns the weights."""
    before, shown = model.weights(), model.look_at_parts(x, z)
    step()
    after = model.weights()
    for (same, old, mistake), (_, new, _) in zip(shown, model.look_at_parts(x, z), strict=True):
        if np.array_equal(old, new):
            raise PropertyFailed(f"after a step of training {same}", mistake)
    still = sum(np.array_equal(*pair) for pair in zip(before, after, strict=True))
    if still:
        raise PropertyFailed(
            f"{still} of {len(before)} trainable weights did not move in a step", "weights_do_not_move"
        )
    return after


# Fresh noise, where the model itself is called.

# Images in a batch, and copies of each.
NUM_CLOUDS, NUM_COPIES = 4, 256
# The samples of images are too thin where their dimension, on average, is less than this share of what it should be: in 80 runs
# it was at least 0.93 of it, and at most 0.57 with one number of noise for all dimensions.
THIN = 0.75


@examination(
    "fresh_noise",
    finds=(
        *(*OF_A_MODEL, "no_noise", "no_fresh_sample", "one_noise_for_the_batch", "same_noise_at_every_call"),
        *("call_returns_probabilities", "one_noise_for_all_dimensions", "wrong_spread", "not_from_the_posterior"),
        "noise_frozen_in_training",
    ),
)
def check_fresh_noise(exam, model):
    """`model(x)` is the decoder at a fresh sample of q(z|x) for each example and call, and training draws as freshly."""
    trained = trained_model(exam, spec_of(model))
    images = exam.cache["split"][0]
    x = np.repeat(images.x[:NUM_CLOUDS], NUM_COPIES, axis=0)
    shape = (x.shape[0], trained.sizes.num_outputs)
    first, second = (as_clouds(trained(x, shapes=[shape])[0]) for _ in range(2))
    if np.allclose(first, first[:, :1], 1e-5, 1e-5):
        raise finding_of_equal_copies(trained, x[:1], first[0], second[0])
    if np.allclose(first, second, 1e-5, 1e-5):
        raise PropertyFailed("two calls gave the same samples", "same_noise_at_every_call")
    check_is_from_the_posterior(trained, x, first)
    look_at_noise(trained, images)


def as_clouds(outputs):
    """Returns outputs of the copies of several images by image. Shape `[NUM_CLOUDS, NUM_COPIES, N]`."""
    return outputs.reshape(NUM_CLOUDS, NUM_COPIES, -1)


def finding_of_equal_copies(model, x, first, second):
    """Returns the `PropertyFailed` on a model that gave the same outputs for all copies of an image `x` in a batch."""
    again = np.allclose(first, second, 1e-5, 1e-5)
    mean, _ = model.encode(x)
    plain = model.decode(mean)
    with np.errstate(over="ignore"):
        squashed = 1 / (1 + np.exp(-plain))
    for shown, name in ((plain, "no_noise"), (squashed, "no_noise and call_returns_probabilities")):
        if again and np.allclose(first[:1], shown, 1e-3, 1e-3):
            return PropertyFailed("model(x) is the decoder at the mean: nothing is drawn", name)
    if again:
        seen = "the same image, many times in a batch and again, gave one output each time"
        return PropertyFailed(seen, "no_fresh_sample")
    seen = "the same image, many times in a batch, got the same sample each time"
    return PropertyFailed(seen, "one_noise_for_the_batch")


def check_is_from_the_posterior(model, x, got):
    """Raises `PropertyFailed` unless outputs for copies of a few images look like the decoder's at samples of q(z|x).

    Args:
        model: The `Model`.
        x: The copies.
        got: The clouds of outputs.
    """
    mu, log_var = model.encode(x)
    eps = model.exam.normal(1, x.shape[0], model.sizes.latent_dim)

    def clouds(mu, log_var, eps):
        return as_clouds(model.decode(model.exam.oracle.sample(mu, log_var, eps))[0])

    want = clouds(mu, log_var, eps)
    if got.min() >= 0 and got.max() <= 1 and want.max() > 1.5:
        raise PropertyFailed(
            "model(x) returns probabilities: the decoder's own output is asked for", "call_returns_probabilities"
        )
    shares = [count_dimensions(one) / count_dimensions(other) for one, other in zip(got, want, strict=True)]
    thin = np.exp(np.mean(np.log(shares))) < THIN
    if is_same_cloud(got[0], want[0]) and not thin:
        return
    lines = clouds(mu, log_var, first_of(eps, 2))
    if thin or is_same_cloud(got[0], lines[0]):
        raise PropertyFailed("samples of one image lie along a line", "one_noise_for_all_dimensions")
    if any(is_same_cloud(got[0], clouds(mu, factor * log_var, eps)[0]) for factor in (0, 2)):
        raise PropertyFailed("samples of one image are not spread as q(z|x) is", "wrong_spread")
    raise PropertyFailed("samples of one image lie elsewhere than q(z|x) puts them", "not_from_the_posterior")


def is_same_cloud(got, want):
    """Compares mean and variance of two clouds of outputs `[n, N]`."""
    spread = np.sqrt((got.var(0) + want.var(0)) / len(got)) + 1e-4
    ratio = got.var(0).sum() / want.var(0).sum()
    return 0.55 < ratio < 1.8 and np.max(np.abs(got.mean(0) - want.mean(0)) / spread) < 7


def count_dimensions(cloud):
    """Returns how many dimensions a cloud has, by the participation ratio of its variances along principal axes."""
    variances = np.linalg.svd(cloud - cloud.mean(0), compute_uv=False) ** 2
    return variances.sum() ** 2 / (variances**2).sum()


# Reported losses.


def finds_in_reports(model):
    spec = spec_of(model)
    combined = [AVERAGED] if spec.combine.of_samples else []
    wrong = [name for one in (spec, *spec.variants) for name in one.distortion.reported_wrong]
    reported = names_in_reports(spec.distortion.name, spec.distortion.axis, weighted=spec.weight != 1)
    return (*OF_A_MODEL, *reported, *wrong, *spec.rate.reported_wrong, *combined, "metrics_missing")


@examination("reported_losses", finds=finds_in_reports)
def check_reported_losses(exam, model):
    """What `fit` and `evaluate` report is the loss of an average example and its terms, for batches of several and of one."""
    spec = spec_of(model)
    trained = trained_model(exam, spec)
    examples = exam.cache["split"][0][:BATCH]
    deviations, _ = check_reported_loss(loss_of_fit(trained, examples))
    check_evaluate(trained, examples, deviations)
    for variant in spec.variants:
        other = build_model(exam, variant, spec.trained_sizes)
        try:
            check_reported_loss(loss_of_fit(other, variant.draw(exam, BATCH, other.sizes), eager=True))
        except PropertyFailed as failed:
            raise failed.when(f"for {shown_keywords(variant)}") from failed


def shown_keywords(spec):
    """Returns what a variant is given, as in a call; of several keywords the first."""
    name, value = next(iter(spec.keywords.items()))
    return f"{name}={value!r}"


def check_evaluate(model, examples, deviations):
    """Raises `PropertyFailed` unless `evaluate` reports what it should, for batches of one; `deviations` are those of `fit`."""
    # Of a quarter as many examples a mean varies twice as much.
    few, twice = examples[: BATCH // 4], {name: 2 * deviation for name, deviation in deviations.items()}
    check_reported_loss(
        reported_loss(model, few, 1, lambda: model.evaluate(few, model.spec.reported), deviations=twice)
    )


def loss_of_fit(model, examples, eager=False):
    """Returns the `ReportedLoss` of `fit`, which reports it several times while no weight moves."""

    def report():
        return model.fit(examples, 0.0, model.spec.reported, NUM_REPORTS, eager=eager)

    return reported_loss(model, examples, BATCH, report)


def reported_loss(model, examples, batch_size, report, deviations=None, move=None):
    """Returns the `ReportedLoss` of a model on these examples; `move` gives it other weights."""
    spec, sizes = model.spec, model.sizes
    return ReportedLoss(
        *(spec.distortion.name, spec.distortion.axis, sizes.num_outputs, sizes.latent_dim, spec.weight, batch_size),
        report=report,
        expect=lambda: expected(model, examples),
        expect_with_test_digits=lambda: expected(model, examples.with_test_digits()),
        move=move or (lambda: model.perturb_weights(0.9, 0.15)),
        deviations=deviations or {},
    )


def expected(model, examples):
    """Returns the `Expected` of a model on these examples, from fresh samples."""
    spec = model.spec
    # Of many examples fewer.
    sample = model.draw_sample(examples, min(NUM_SAMPLES, MOST_SAMPLES // len(examples)))
    distortion = mean_of_batches(sample.mean_distortion) if spec.distortion.mean else mean_of(sample.distortion)
    shape = len(sample.eps), len(examples)
    rate = Mean(sample.mean_rate) if spec.rate.mean else mean_of(np.broadcast_to(sample.rate, shape))
    return Expected(
        distortion,
        rate,
        {name: lambda of=of: mean_of_batches(of(sample)) for name, of in spec.distortion.reported_wrong.items()},
        {name: lambda of=of: mean_of(of(sample)) for name, of in spec.rate.reported_wrong.items()},
        mean_combined(sample) if spec.combine.of_samples else None,
    )


def mean_of(sampled):
    """Returns the `Mean` of a term, from single samples for each example. Shape `[draws, B]`."""
    draws, batch = sampled.shape
    return Mean(float(sampled.mean()), float(np.sqrt(sampled.var(axis=0, ddof=1).mean() / batch)), draws)


def mean_of_batches(means):
    """Returns the `Mean` of a term, from means over the batch. Shape `[draws]`."""
    return Mean(float(means.mean()), float(np.std(means, ddof=1)), len(means))


def mean_combined(sample):
    """Returns the `Mean` of the loss where samples are not averaged: so many at a time as in training."""
    spec = sample.spec
    losses = sample.distortion + spec.weight * sample.rate
    groups = losses[: len(losses) // spec.num_samples * spec.num_samples].reshape(-1, spec.num_samples, losses.shape[1])
    return mean_of(np.stack([spec.combine.function(group) for group in groups]))


# Reported losses and the noise of training together, of a classifier.

# Nats of a kl that nothing holds down. Right ones reach 7 in training, 0.2 with a weight of 2; without a gradient 57 to 85.
RUNAWAY = 25


def finds_in_training(model, **options):
    spec = spec_of(model)
    return (
        *finds_in_reports(model),
        *("no_noise", "noise_frozen_in_training", "one_noise_for_the_batch", ANOTHER_NOISE, "no_noise_in_evaluate"),
        *(added_by_rate(spec)),
        *(["kl_without_gradient"] if spec.rate.reported_wrong else []),
    )


def added_by_rate(spec):
    """Returns the names of a distortion that holds the rate as well."""
    return [f"kl_in_the_{spec.distortion.name}"]


@examination("training", finds=finds_in_training)
def check_training(exam, model):
    """`fit` and `evaluate` report what they should, and each step draws fresh noise of q(z|x) for each example."""
    check_training_of(exam, spec_of(model))


def check_training_of(exam, spec):
    trained = trained_model(exam, spec)
    examples = exam.cache["split"][0][:BATCH]
    early, deviations = None, {}
    # First of all: a weight of the rate may grow from step to step. But what the noise tells is told before.
    try:
        deviations, _ = check_reported_loss(loss_of_fit(trained, examples))
    except PropertyFailed as failed:
        early = failed
    try:
        seen = look_at_noise(trained, examples)
    except PropertyFailed as failed:
        raise add_reports(failed, early, spec.distortion.name) from failed
    if early:
        if not early.mistake:
            # Noise of another distribution shifts the terms, by an amount that no other mistake explains.
            compare_noise(trained, examples, seen)
        raise early
    check_evaluate(trained, examples, deviations)
    try:
        compare_noise(trained, examples, seen)
        check_noise_with_other_weights(trained, examples)
    except PropertyFailed as failed:
        # With some weights the test images cost what the others do.
        if failed.mistake == ANOTHER_NOISE and reports_test_digits(trained, examples):
            raise PropertyFailed(failed.detail, "trains_on_test_images", failed.digits) from failed
        raise
    few = examples[: BATCH // 4]
    first, again = (trained.evaluate(few, spec.reported)[spec.distortion.name] for _ in range(2))
    if np.array_equal(first, again):
        name = spec.distortion.name.replace("_", "-")
        raise PropertyFailed(f"evaluate reports the same {name} at every call", "no_noise_in_evaluate")
    if spec.rate.reported_wrong:
        check_rate_does_not_run_away(trained)


def add_reports(noise, early, distortion):
    """Returns what was found of the noise together with what the reported numbers tell besides, in one `PropertyFailed`.

    A distortion that is off may come of the noise.
    """
    named = [name for name in early.mistake.split(" and ") if name] if early else []
    more = [name for name in named if distortion not in name]
    if not more:
        return noise
    digits = "; ".join(filter(None, (noise.digits, early.digits)))
    return PropertyFailed(f"{noise.detail}; {early.detail}", " and ".join([noise.mistake, *more]), digits)


def compare_noise(model, examples, seen):
    """Raises `PropertyFailed` unless the noise that was seen is that of q(z|x), or tells that the distortion holds the rate."""
    spec = model.spec
    rate = model.draw_sample(examples[:NUM_IMAGES], NUM_SAMPLES).rate.mean(axis=0)
    (name,) = added_by_rate(spec)
    check_noise_is_of_the_posterior(seen, {name: spec.weight * rate, f"{name} without its weight": rate})


def check_noise_with_other_weights(model, examples):
    """Raises `PropertyFailed` unless the noise of training is right with the spec's other perturbations too."""
    for perturbation in model.spec.more_perturbations:
        model.begin_anew()
        model.perturb_weights(*perturbation)
        try:
            seen = look_at_noise(model, examples)
        except PropertyFailed as failed:
            # A right model may overflow where its weights are large; then these say nothing.
            if failed.mistake != "not_finite":
                raise
        else:
            compare_noise(model, examples, seen)


def reports_test_digits(model, examples):
    """Tells whether what `fit` reports with other weights is that of these examples and the test images together."""
    model.perturb_weights(1.0, 0.15)
    loss = loss_of_fit(model, examples)
    return trains_on_test_images(loss, ask_for_reports(loss), loss.expect())


def check_rate_does_not_run_away(model):
    """Looks at the rate after some training: of single samples it hides what is small, and what is missing from it grows."""
    train = model.exam.cache["split"][0]
    model.begin_anew()
    model.fit(train, LEARNING_RATE, epochs=3)
    loss = reported_loss(
        *(model, train, BATCH, lambda: model.fit(train, 0.0, model.spec.reported)),
        move=lambda: model.fit(train, LEARNING_RATE),
    )
    rate = check_reported_loss(loss)[1].kl.value
    if rate > RUNAWAY:
        raise PropertyFailed(
            f"after three epochs with {model.spec.weight_name} = {model.spec.weight:g} the kl is far too large",
            "kl_without_gradient",
            f"it is {rate:.3g} nats",
        )


# The floor.

# Nats of a rate that is hardly any.
COLLAPSED = 0.3
# Of a model that has learnt: how far its weights are moved, as a share of their size, for it to know as much as before, and how
# far, in numbers, for its parts to tell so many images apart in other ways.
NUDGE, CLOSE_BY, NUM_IMAGES_APART = 1e-3, (0.03, 0.1), 5


def finds_at_the_floor(model, floor):
    spec = spec_of(model)
    bounds = (*SQUASHED, *spec.distortion.squashed.values()) if spec.bounds_in == "floor" else ()
    more = ("decoder_returns_probabilities", "kl_without_gradient") if spec.labelled else ()
    return (
        *(*OF_A_MODEL, *bounds, *more, spec.score.wrong_sign),
        *("passes_untrained", "knows_other_digits", "weights_are_a_key", "loss_goes_up", "posterior_collapsed"),
    )


@examination("floor", finds=finds_at_the_floor)
def check_floor(exam, model, floor):
    """Training lowers the loss, and the score on digits that were held out, put together here, passes `floor`."""
    spec = spec_of(model)
    if spec.bounds_in == "floor":
        check_outputs_are_free(exam, spec)
    trained = trained_model(exam, spec)
    # Of several trainings two must pass, or one clearly.
    votes, wanted, below = 0, min(2, exam.num_trainings), None
    for seed in range(exam.num_trainings):
        training = train(trained, floor, seed)
        if training.passes:
            check_knowledge_is_in_the_weights(trained, floor)
            votes += 2 if training.end >= floor + spec.score.margin else 1
        else:
            below = training
        if votes >= wanted:
            return
        if seed + 1 - votes > exam.num_trainings - wanted:
            break
    raise finding_below_the_floor(trained, below, floor)


class Training:
    """What a training has shown.

    Attributes:
        start: The score before it.
        end: The score after it.
        reported: The loss of each epoch.
        passes: Whether the score passes the floor, and the loss has fallen.
    """

    def __init__(self, start, end, reported, floor):
        self.start, self.end, self.reported = start, end, reported
        self.passes = end >= floor and reported[-1] < reported[0]


def train(model, floor, seed):
    """Trains a model from new weights and returns the `Training`; raises `PropertyFailed` where it passes untrained."""
    (examples, test), score = model.exam.cache["split"], model.spec.score
    model.begin_anew()
    start = score.value(model, test)
    if start >= floor:
        raise PropertyFailed(
            f"before any training the {score.name} of held-out digits passes the floor",
            "passes_untrained",
            f"it is {start:.3g}{score.unit}; the floor is {floor:g}",
        )
    reported = model.fit(examples, LEARNING_RATE, epochs=EPOCHS, seed=seed)["loss"]
    try:
        return Training(start, score.value(model, test), reported, floor)
    except PropertyFailed as failed:
        raise failed.when("after training", score.wrong_sign if reported[0] < 0 else None) from failed


def check_knowledge_is_in_the_weights(model, floor):
    """Raises `PropertyFailed` unless a model passes the floor for what its weights are, and for what it was trained on."""
    score, test, exam = model.spec.score, model.exam.cache["split"][1], model.exam

    def score_of_finite():
        try:
            return score.value(model, test)
        except PropertyFailed:
            # What is not finite passes no floor.
            return -np.inf

    with other_weights(model, lambda array: exam.generator.permutation(np.ravel(array)).reshape(array.shape)):
        if score_of_finite() >= floor:
            raise PropertyFailed(
                f"with the trained weights mixed up the {score.name} passes the floor still", "weights_ignored"
            )
    if score.value(model, Examples(turn(test.x, 1), test.y_onehot)) >= floor:
        raise PropertyFailed(
            f"for digits that lie on their side the {score.name} passes the floor too", "knows_other_digits"
        )
    with other_weights(model, lambda array: array + NUDGE * np.sqrt(np.mean(array**2)) * exam.normal(*array.shape)):
        reached = score_of_finite()
    if not reached >= floor - score.margin:
        seen = f"with the trained weights moved by a thousandth the {score.name} is {reached:.3g}"
        raise PropertyFailed(seen, "weights_are_a_key")
    z = exam.normal(NUM_IMAGES_APART, model.sizes.latent_dim)
    model.check_is_alive(test.x[:NUM_IMAGES_APART], z, noises=CLOSE_BY)


@contextlib.contextmanager
def other_weights(model, change):
    """Gives a model `change(array)` for each of its weights, for as long as the context lasts."""
    start = model.weights()
    model.set_weights([change(array) for array in start])
    try:
        yield
    finally:
        model.set_weights(start)


def finding_below_the_floor(model, training, floor):
    """Returns the `PropertyFailed` on a model whose training does not pass."""
    score, start, end = model.spec.score, training.start, training.end
    first, last = training.reported[0], training.reported[-1]
    if not (np.isfinite(end) and np.isfinite(last)):
        return PropertyFailed("training ends in NaN", "not_finite")
    loss = f"the loss goes from {first:.3g} to {last:.3g}"
    reached = f"the {score.name} of held-out digits goes from {start:.3g} to {end:.3g}{score.unit}"
    if end < start - score.fall:
        seen = f"training lowers the {score.name} of held-out digits"
        if first < 0 or last > first:
            return PropertyFailed(seen, score.wrong_sign, reached)
        return PropertyFailed(f"{seen}, and the loss too: that is the loss of another model", "", f"{reached}, {loss}")
    if first < 0 and last < first:
        return PropertyFailed("the loss is below 0 and falls on: it has the wrong sign", score.wrong_sign, loss)
    sample = model.draw_sample(model.exam.cache["split"][1], 1)
    rate = sample.mean_rate
    if end >= floor:
        seen = f"the loss rises while the {score.name} rises"
        if model.spec.labelled and rate > RUNAWAY:
            return PropertyFailed(
                f"{seen}, and the kl far too much", "kl_without_gradient", f"{loss}, and the kl to {rate:.3g}"
            )
        return PropertyFailed(seen, "loss_goes_up", loss)
    seen, digits = f"after {EPOCHS} epochs the {score.name} of held-out digits is below the floor", reached
    digits = f"{reached}; the floor is {floor:g}"
    if model.spec.labelled and model.spec.distortion.are_probabilities(model.decode(sample.z)):
        return PropertyFailed(f"{seen}, and the decoder returns probabilities", "decoder_returns_probabilities", digits)
    if rate < COLLAPSED:
        return PropertyFailed(f"{seen}, with hardly any KL", "posterior_collapsed", f"{digits}; the KL is {rate:.1g}")
    return PropertyFailed(seen, "", digits)
