"""The examination of terms: what the model's own method returns is what its encoder and decoder outputs give."""

import numpy as np

from ..judging import describe
from .dependence import MISTAKES_OF_BOUNDED_OUTPUTS, OutputBounded, check_outputs_are_unbounded, differs_between_inputs
from .exam import PropertyFailed, examination
from .latent_model import Sizes, spec_of
from .model import MISTAKES_OF_ANY_MODEL, Batch, build_model
from .term_names import name_terms, names_in_terms, wrong_terms

__all__ = [
    "are_equal_answers",
    "ask_batches",
    "check_outputs_are_free",
    "check_terms",
    "check_terms_of",
    "finds_in_terms",
]


def are_equal_answers(got, again):
    """Tells whether the same question got the same answer."""
    return all(np.allclose(a, b, 1e-5, 1e-5) for a, b in zip(got, again, strict=True))


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
    bounded = MISTAKES_OF_BOUNDED_OUTPUTS if spec.bounds_in == "terms" else ()
    return (
        *(*MISTAKES_OF_ANY_MODEL, *bounded, *names_in_terms(spec), *kept),
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
    first, terms = batches[0], spec.terms
    first.model.check_weight()
    # Several properties may ask for terms: that the encoder returns too much costs once.
    counted = first.model.exam.cache.get("encoder's outputs counted", False)
    first.model.exam.cache["encoder's outputs counted"] = True
    probabilities = PropertyFailed(
        "the decoder returns probabilities, and the model takes them for that", "decoder_returns_probabilities"
    )
    wrong = wrong_terms(spec, batches)
    if not wrong:
        and_then()
        if not counted:
            first.model.check_encoder_returns_two()
        if first.model.returns_probabilities:
            raise probabilities
        return
    if not are_equal_answers(first.got, first.model.terms(first.examples, first.eps)):
        given = "x, y_onehot and eps" if spec.labelled else "x and eps"
        raise PropertyFailed(f"the same {given} gave two different values", terms.own_noise)
    if terms.probabilities_first and first.model.returns_probabilities:
        raise probabilities
    words, measured = describe_terms(spec, batches, wrong)
    raise PropertyFailed(words, " and ".join(name_terms(spec, batches, wrong)), measured)


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
    words, measured = ("; ".join(parts) for parts in zip(*described, strict=True))
    encoder = batches[0].model.part("encoder")
    more = encoder.exam.surplus.get(encoder.key)
    if more:
        taken = "of which the first two were taken for mu and log_var"
        words = f"encoder(x) returned {describe.describe_count(more)} values, {taken}; {words}"
    return words, measured


def check_outputs_are_free(exam, spec):
    """Raises `PropertyFailed` where something squashes what encoder or decoder return, or it is the same for every input."""
    model = build_model(exam, spec, spec.small_sizes)
    x, z = exam.normal(9, model.sizes.event_dim), exam.normal(9, model.sizes.latent_dim)

    def look():
        mu, log_var = model.encode(x)
        return {"the encoder's mu": mu, "the encoder's log_var": log_var, "the decoder": model.decode_to_logits(z)}

    try:
        check_outputs_are_unbounded(model, look)
    except OutputBounded as failed:
        name = spec.distortion.names_if_bounded.get(failed.mistake) if failed.name == "the decoder" else None
        if name:
            raise PropertyFailed(failed.detail, name, failed.measured) from failed
        raise
    model.perturb_weights()
    for name, output in look().items():
        if not differs_between_inputs(output):
            raise PropertyFailed(f"{name} is the same for every input", "input_ignored")
