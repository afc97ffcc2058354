"""Turns logits and probabilities into each other, for decoders that return the wrong ones.

Of classes, which exclude each other, and of binary pixels, which do not.
"""

from typing import Any

import numpy as np

__all__ = [
    "LEAST_PROBABILITIES",
    "are_binary_probabilities",
    "are_class_probabilities",
    "binary_cross_entropy",
    "binary_logits",
    "binary_logits_or_nan",
    "class_logits",
    "class_probabilities",
    "log_class_probabilities",
]

# Keras too takes no probability to be closer to 0 or 1 than this.
MIN_PROBABILITY = 1e-7
# How far from 0 wrong models keep probabilities, or what they add to them.
LEAST_PROBABILITIES = (1e-6, 1e-7, 1.1920929e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15, 1e-20, 1e-30)


def are_class_probabilities(values: np.ndarray) -> np.ndarray:
    """Tells for each row whether it is positive and sums to 1. Shape `[..., 1]`."""
    return (values > 0).all(-1, keepdims=True) & (np.abs(values.sum(-1, keepdims=True) - 1) < 1e-3)


def log_class_probabilities(probs: np.ndarray) -> np.ndarray:
    """Returns the logs of class probabilities; NaN, close to nothing, in rows that are none."""
    with np.errstate(all="ignore"):
        return np.log(np.where(are_class_probabilities(probs), probs, np.nan))


def class_probabilities(oracle: Any, logits: np.ndarray) -> np.ndarray:
    """Returns the class probabilities that the oracle makes of logits. Shape `[L, B, C]`."""
    return np.stack([oracle.predict(sample_logits[np.newaxis]) for sample_logits in logits])


def class_logits(probs: np.ndarray) -> np.ndarray:
    """Returns the logits, with mean 0, whose softmax is `probs`."""
    logits = np.log(np.clip(probs, MIN_PROBABILITY, 1 - MIN_PROBABILITY))
    return logits - logits.mean(axis=-1, keepdims=True)


def are_binary_probabilities(outputs: np.ndarray) -> bool:
    """Tells whether all outputs lie between 0 and 1."""
    return outputs.min() >= 0 and outputs.max() <= 1


def binary_logits(probs: np.ndarray) -> np.ndarray:
    """Returns the logits whose sigmoid is `probs`: the log odds."""
    probs = np.clip(probs, MIN_PROBABILITY, 1 - MIN_PROBABILITY)
    return np.log(probs) - np.log1p(-probs)


def binary_logits_or_nan(outputs: np.ndarray) -> np.ndarray:
    """Returns the logits of binary probabilities; NaN, close to nothing, if one is none."""
    return (
        binary_logits(outputs)
        if are_binary_probabilities(outputs)
        else np.full(outputs.shape, np.nan)
    )


def binary_cross_entropy(oracle: Any, y_onehot: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """Returns the cross-entropy of C yes-or-no labels, averaged over the L samples.

    Each label is a choice between two classes, with the logits (logit, 0).

    Args:
        oracle: What the question's examinations take for right; its `cross_entropy` is used.
        y_onehot: The labels, each 0 or 1. Shape `[B, C]`.
        logits: Log odds. Shape `[L, B, C]`.

    Returns:
        One cross-entropy for each example and label, in nats. Shape `[B, C]`.
    """
    num_samples, batch, num_classes = logits.shape
    pairs = np.stack([logits, 0 * logits], axis=-1).reshape(num_samples, -1, 2)
    labels = np.stack([y_onehot, 1 - y_onehot], axis=-1).reshape(-1, 2)
    return oracle.cross_entropy(labels, pairs).mean(0).reshape(batch, num_classes)
