"""The examination of a classifier's training: its reported losses and its noise together."""

import numpy as np

from .digits import BATCH
from .exam import PropertyFailed, examination
from .latent_model import spec_of
from .loss_faults import ask_for_reports, check_reported_loss, trains_on_test_images
from .model import trained_model
from .reported_losses import NUM_SAMPLES, check_evaluate, finds_in_reports, loss_of_fit, reported_loss
from .training_noise import ANOTHER_NOISE, NUM_IMAGES, check_noise_is_of_the_posterior, look_at_noise

__all__ = ["EPOCHS", "LEARNING_RATE", "RUNAWAY", "check_training_of", "finds_in_training"]

LEARNING_RATE, EPOCHS = 5e-3, 10


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
