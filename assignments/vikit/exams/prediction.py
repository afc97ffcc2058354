"""The examination of prediction: the mean over samples of the probabilities that the decoder gives."""

import numpy as np

from ..judging import describe
from .classes import logarithms, probabilities
from .exam import PropertyFailed, examination
from .latent_model import spec_of
from .model import MISTAKES_OF_ANY_MODEL
from .samples import SAMPLERS, is_close
from .terms import are_equal_answers, ask_batches

__all__ = ["check_prediction_of", "finds_in_prediction", "predictions_of"]

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
    return (*MISTAKES_OF_ANY_MODEL, *PREDICTIONS, *SAMPLERS, "prediction_draws_its_own_noise")


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
    if not are_equal_answers(first.got, again):
        raise PropertyFailed("the same x and eps gave two different predictions", "prediction_draws_its_own_noise")
    got = np.concatenate([np.ravel(batch.got[0]) for batch in batches])
    want = np.concatenate([np.ravel(predict(batch.sample().outputs)) for batch in batches])
    words, measured = describe.describe_values("predict_probs", got, want, "the model's own decoder outputs")
    raise PropertyFailed(words, name_prediction(exam.oracle, batches), measured)


def name_prediction(oracle, batches):
    ways = {way: (way, lambda oracle, a: oracle.predict(a)) for way in SAMPLERS if way != "right"}
    for name, (way, form) in (PREDICTIONS | ways).items():
        if all(is_close(batch.got[0], form(oracle, batch.sample(way).outputs)) for batch in batches):
            return name
    return ""
