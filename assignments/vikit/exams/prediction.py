"""The examination "prediction": the mean over samples of the decoder's probabilities."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..judging import describe
from .digits import Examples
from .exam import Exam, PropertyFailed, examination
from .latent_model import LatentModel, spec_of
from .model import MISTAKES_OF_ANY_MODEL, AskedBatch, Model
from .probabilities import class_probabilities, log_class_probabilities
from .samples import SAMPLERS
from .terms import ask_batches
from .tolerances import are_repeated, is_within_rounding

__all__ = ["check_prediction_of", "finds_in_prediction", "predictions_of"]

# From the names of known mistakes to the way they sample, and what they make
# of the logits a `[L, B, C]`.
WRONG_PREDICTIONS = {
    "prediction_from_one_sample": ("right", lambda oracle, a: oracle.predict(a[:1])),
    "prediction_from_the_mean": ("sampler_without_noise", lambda oracle, a: oracle.predict(a[:1])),
    "softmax_of_averaged_logits": (
        "right",
        lambda oracle, a: oracle.predict(a.mean(0, keepdims=True)),
    ),
    "prediction_summed": ("right", lambda oracle, a: len(a) * oracle.predict(a)),
    "prediction_is_logits": ("right", lambda oracle, a: a.mean(0)),
    "prediction_is_logarithm": (
        "right",
        lambda oracle, a: log_class_probabilities(oracle.predict(a)),
    ),
    "prediction_is_one_hot": (
        "right",
        lambda oracle, a: np.eye(a.shape[-1])[oracle.predict(a).argmax(-1)],
    ),
    "softmax_twice": ("right", lambda oracle, a: oracle.predict(class_probabilities(oracle, a))),
    "decoder_returns_probabilities": (
        "right",
        lambda oracle, a: np.exp(log_class_probabilities(a)).mean(0),
    ),
}


def finds_in_prediction(model: str | LatentModel, **options: Any) -> tuple[str, ...]:
    """Returns the names of all mistakes that `check_prediction` may find."""
    return (*MISTAKES_OF_ANY_MODEL, *WRONG_PREDICTIONS, *SAMPLERS, "prediction_draws_its_own_noise")


@examination("prediction", finds=finds_in_prediction)
def check_prediction(
    exam: Exam, model: str | LatentModel, size_table: list, **changes: Any
) -> None:
    """`predict_probs(x, eps)` is the mean over L samples of the decoder's probabilities."""
    check_prediction_of(exam, list(predictions_of(exam, spec_of(model, **changes), size_table)))


def predictions_of(exam: Exam, spec: LatentModel, size_table: list) -> Iterator[AskedBatch]:
    """Yields an `AskedBatch` for each batch to predict; it got probabilities `[B, num_outputs]`.

    Args:
        exam: The `Exam`.
        spec: The `LatentModel`, a classifier.
        size_table: The sizes of models and batches, as in `ask_batches`.

    Raises:
        PropertyFailed: If what `predict_probs` returned is no such array, finite and of floats.
        NoReply: If it returned nothing.
    """

    def predict(model: Model, examples: Examples, eps: np.ndarray) -> list[np.ndarray]:
        return model.method(
            "predict_probs", examples.x, eps, shapes=[(len(examples), model.sizes.num_outputs)]
        )

    return ask_batches(exam, spec, size_table, predict)


def check_prediction_of(exam: Exam, batches: list[AskedBatch]) -> None:
    """Raises `PropertyFailed` unless the predictions of all batches are right."""
    predict = exam.oracle.predict
    wrong = [
        batch
        for batch in batches
        if not is_within_rounding(batch.got[0], predict(batch.right_sample.outputs))
    ]
    if not wrong:
        return
    first = wrong[0]
    again = first.model.method(
        "predict_probs", first.examples.x, first.eps, shapes=[first.got[0].shape]
    )
    if not are_repeated(first.got, again):
        raise PropertyFailed(
            "the same x and eps gave two different predictions", "prediction_draws_its_own_noise"
        )
    got = np.concatenate([np.ravel(batch.got[0]) for batch in batches])
    want = np.concatenate([np.ravel(predict(batch.right_sample.outputs)) for batch in batches])
    words, measured = describe.describe_values(
        "predict_probs", got, want, "the model's own decoder outputs"
    )
    raise PropertyFailed(words, name_prediction(exam.oracle, batches), measured)


def name_prediction(oracle: Any, batches: list[AskedBatch]) -> str:
    """Returns the mistake that gives the predictions of all batches; empty if none does."""
    by_sampling = {
        sampler: (sampler, lambda oracle, a: oracle.predict(a))
        for sampler in SAMPLERS
        if sampler != "right"
    }
    for name, (sampler, form) in (WRONG_PREDICTIONS | by_sampling).items():
        if all(
            is_within_rounding(batch.got[0], form(oracle, batch.sample_by(sampler).outputs))
            for batch in batches
        ):
            return name
    return ""
