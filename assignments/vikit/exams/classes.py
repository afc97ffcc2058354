"""Class probabilities: what a decoder of classes may return instead of logits, and how these turn into each other."""

import numpy as np

__all__ = ["CLIPPED", "as_logits", "binary_cross_entropy", "logarithms", "probabilities", "rows_are_probabilities"]

# A probability is taken for no closer to 0 or 1 than this, as by Keras.
CLIPPED = 1e-7


def rows_are_probabilities(values):
    """Tells for each row whether it is positive and sums to 1. Shape `[..., 1]`."""
    return (values > 0).all(-1, keepdims=True) & (np.abs(values.sum(-1, keepdims=True) - 1) < 1e-3)


def logarithms(probs):
    """Returns logarithms; NaN, which is close to nothing, of what are no probabilities."""
    with np.errstate(all="ignore"):
        return np.log(np.where(rows_are_probabilities(probs), probs, np.nan))


def probabilities(oracle, logits):
    """Returns the probabilities that the oracle makes of each sample's logits. Shape `[L, B, C]`."""
    return np.stack([oracle.predict(one[np.newaxis]) for one in logits])


def as_logits(probs):
    """Returns the logits, with the mean 0, of which softmax makes these probabilities."""
    logits = np.log(np.clip(probs, CLIPPED, 1 - CLIPPED))
    return logits - logits.mean(axis=-1, keepdims=True)


def binary_cross_entropy(oracle, y_onehot, logits):
    """Returns the cross-entropy of C yes-or-no labels, averaged over samples: each a choice of two classes. Shape `[B, C]`."""
    samples, batch, classes = logits.shape
    pairs = np.stack([logits, 0 * logits], axis=-1).reshape(samples, -1, 2)
    labels = np.stack([y_onehot, 1 - y_onehot], axis=-1).reshape(-1, 2)
    return oracle.cross_entropy(labels, pairs).mean(0).reshape(batch, classes)
