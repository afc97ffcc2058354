"""The examination "terms": a model's loss method returns what its encoder and decoder give."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from ..judging import describe
from .dependence import (
    MISTAKES_OF_BOUNDED_OUTPUTS,
    OutputBounded,
    check_outputs_are_unbounded,
    differs_between_inputs,
)
from .exam import Exam, PropertyFailed, examination
from .latent_model import LatentModel, ModelSizes, spec_of
from .model import MISTAKES_OF_ANY_MODEL, AskedBatch, build_model
from .read_terms import read_term
from .term_names import name_terms, names_in_terms, wrong_terms
from .tolerances import are_repeated

__all__ = [
    "ask_batches",
    "check_parts_are_unbounded",
    "check_terms",
    "check_terms_of",
    "describe_terms",
    "finds_in_terms",
    "unlikely_data",
    "with_right_terms",
]


# A probability that is kept away from 0 shows where a label or pixel has less than 1e-7, which is
# 16.1 nats: with these weights, if not with the usual ones.
FAR = 17.0
LARGER_PERTURBATIONS = ((2.0, 0.4), (2.5, 0.5), (3.0, 0.6))


def ask_batches(
    exam: Exam, spec: LatentModel, size_table: list, ask: Callable
) -> Iterator[AskedBatch]:
    """Yields an `AskedBatch` for each batch that models of several sizes are asked about.

    Args:
        exam: The `Exam`.
        spec: The `LatentModel`.
        size_table: A row for each model: event_dim, latent_dim, for a classifier num_outputs,
            hidden, and then a list of pairs (num_samples, batch), one for each batch.
        ask: `ask(model, examples, eps)` returns the arrays that come back.
    """
    for *sizes, hidden, batches in size_table:
        event_dim, latent_dim, num_outputs = sizes if spec.labelled else [*sizes, sizes[0]]
        model = build_model(
            exam, spec, ModelSizes(event_dim, latent_dim, num_outputs, tuple(hidden))
        )
        model.perturb_weights(*spec.perturbation)
        for num_samples, batch in batches:
            examples = spec.draw(exam, batch, model.sizes)
            eps = exam.normal(num_samples, batch, model.sizes.latent_dim)
            yield AskedBatch(model, examples, eps, ask(model, examples, eps))


def finds_in_terms(model: str | LatentModel, **options: Any) -> tuple[str, ...]:
    """Returns the names of all mistakes that `check_terms` may find."""
    spec = spec_of(model)
    kept = [f"{spec.weight_name}_not_kept"] if spec.weight_name else []
    bounded = MISTAKES_OF_BOUNDED_OUTPUTS if spec.unbounded_checked_in == "terms" else ()
    return (
        *(*MISTAKES_OF_ANY_MODEL, *bounded, *names_in_terms(spec), *kept),
        *spec.attribute_mistakes,
        *(spec.loss_method.own_noise_mistake, "decoder_returns_probabilities"),
    )


@examination("terms", finds=finds_in_terms)
def check_terms(exam: Exam, model: str | LatentModel, size_table: list, **changes: Any) -> None:
    """The model's method returns the terms that its own encoder and decoder give.

    Args:
        exam: The `Exam`.
        model: A `LatentModel`, or its name in `SPECS`.
        size_table: The sizes of models and batches, as in `ask_batches`.
        changes: Fields of the `LatentModel` that differ.

    Raises:
        PropertyFailed: If a term is off by more than rounding, or an output is bounded.
    """
    spec = spec_of(model, **changes)
    if spec.unbounded_checked_in == "terms":
        check_parts_are_unbounded(exam, spec)

    def ask(model: Any, *given: Any) -> list:
        return model.returned_terms(*given)

    batches = list(ask_batches(exam, spec, size_table, ask))
    batches += unlikely_data(spec, batches, lambda one: ask_batches(exam, one, size_table, ask))
    check_terms_of(spec, batches)


def with_right_terms(spec: LatentModel, asked: Iterable[AskedBatch]) -> list[AskedBatch]:
    """Returns the batches.

    Raises:
        PropertyFailed: If a right term of one of them is not finite.
    """
    batches = list(asked)
    for batch in batches:
        for term in spec.loss_method.terms:
            term.right(batch.right_sample)
    return batches


def unlikely_data(spec: LatentModel, batches: list[AskedBatch], ask: Callable) -> list[AskedBatch]:
    """Returns further batches, with larger weights, until some label or pixel is very unlikely.

    Args:
        spec: The `LatentModel`.
        batches: Those with the usual weights.
        ask: From a `LatentModel` to batches.
    """
    found: list[AskedBatch] = []
    most_unlikely = spec.distortion.most_unlikely
    if not most_unlikely:
        return found
    for perturbation in LARGER_PERTURBATIONS:
        if any(most_unlikely(batch.right_sample) > FAR for batch in [*batches, *found]):
            break
        try:
            found = with_right_terms(spec, ask(replace(spec, perturbation=perturbation)))
        except PropertyFailed:
            # Weights that are too large tell nothing.
            return []
    return found


def check_terms_of(
    spec: LatentModel, batches: list[AskedBatch], and_then: Callable = lambda: None
) -> None:
    """Raises `PropertyFailed` unless the terms of all batches are right.

    Args:
        spec: The `LatentModel`.
        batches: What the model was asked; each has got an array `[B]` in nats for each term.
        and_then: Checks right terms further; raises `PropertyFailed` too.
    """
    first, method = batches[0], spec.loss_method
    first.model.check_weight()
    # Several properties ask for terms: an encoder that returns too much must cost only one of them.
    memory = first.model.exam.memory
    counted, memory.encoder_outputs_counted = memory.encoder_outputs_counted, True
    failure_of_decoder = PropertyFailed(
        "the decoder returns probabilities, and the model treats them as such",
        "decoder_returns_probabilities",
    )
    wrong = wrong_terms(spec, batches)
    if not wrong:
        and_then()
        if not counted:
            first.model.check_encoder_returns_two()
        if first.model.returns_probabilities:
            raise failure_of_decoder
        return
    if not are_repeated(first.got, first.model.returned_terms(first.examples, first.eps)):
        given = "x, y_onehot and eps" if spec.labelled else "x and eps"
        raise PropertyFailed(
            f"the same {given} gave two different values", method.own_noise_mistake
        )
    if method.probabilities_first and first.model.returns_probabilities:
        raise failure_of_decoder
    raise failure_of_terms(spec, batches, wrong)


def failure_of_terms(
    spec: LatentModel, batches: list[AskedBatch], wrong: list[int]
) -> PropertyFailed:
    """Returns the failure of the terms at some indices: their names, or what was read back.

    Args:
        spec: The `LatentModel`.
        batches: What the model was asked, and the terms that came back.
        wrong: The indices of the terms.
    """
    words, measured = describe_terms(spec, batches, wrong)
    names = name_terms(spec, batches, wrong)
    said = "" if names else read_wrong_terms(spec, batches, wrong)
    return PropertyFailed(f"{said}; {words}" if said else words, " and ".join(names), measured)


def read_wrong_terms(spec: LatentModel, batches: list[AskedBatch], wrong: list[int]) -> str:
    """Returns in words what the wrong terms are instead; empty if that is unclear for one."""
    samples = [batch.right_sample for batch in batches]
    terms = spec.loss_method.terms
    said = [
        (
            terms[index].name,
            read_term(terms[index].parts, samples, [one.got[index] for one in batches]),
        )
        for index in wrong
    ]
    if not all(text for _, text in said):
        return ""
    # A model of one term has no need to say which.
    return "; ".join(f"in {name}, {text}" if len(terms) > 1 else text for name, text in said)


def describe_terms(
    spec: LatentModel, batches: list[AskedBatch], wrong: list[int]
) -> tuple[str, str]:
    """Returns in words and numbers how terms differ from right ones.

    Args:
        spec: The `LatentModel`.
        batches: What the model was asked, and the terms that came back.
        wrong: The indices of the terms.
    """
    terms = spec.loss_method.terms
    described = [
        describe.describe_values(
            terms[index].name,
            np.concatenate([batch.got[index] for batch in batches]),
            np.concatenate([terms[index].right(batch.right_sample) for batch in batches]),
            spec.loss_method.origin,
            " nats",
        )
        for index in wrong
    ]
    told, numbers = zip(*described, strict=True)
    words, measured = describe.join_judgements(told), "; ".join(numbers)
    encoder = batches[0].model.part("encoder")
    count = encoder.exam.surplus.get(encoder.key)
    if count:
        taken = "the first two were taken for mu and log_var"
        words = f"encoder(x) returned {describe.describe_count(count)} values, and {taken}; {words}"
    return words, measured


def check_parts_are_unbounded(exam: Exam, spec: LatentModel) -> None:
    """Raises `PropertyFailed` if encoder or decoder bound their outputs, or ignore the input."""
    model = build_model(exam, spec, spec.small_sizes)
    x, z = exam.normal(9, model.sizes.event_dim), exam.normal(9, model.sizes.latent_dim)

    def look() -> dict:
        mu, log_var = model.encode(x)
        return {
            "the encoder's mu": mu,
            "the encoder's log_var": log_var,
            "the decoder": model.decode_to_logits(z),
        }

    try:
        check_outputs_are_unbounded(model, look)
    except OutputBounded as failed:
        name = (
            spec.distortion.names_if_bounded.get(failed.mistake)
            if failed.name == "the decoder"
            else None
        )
        if name:
            raise PropertyFailed(failed.detail, name, failed.measured) from failed
        raise
    model.perturb_weights()
    for name, output in look().items():
        if not differs_between_inputs(output):
            raise PropertyFailed(f"{name} is the same for every input", "input_ignored")
