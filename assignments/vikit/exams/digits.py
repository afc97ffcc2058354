"""The digits on which models are trained and looked at: split, turned and relabelled anew in each exam."""

import math

import numpy as np

from .. import data

__all__ = ["BATCH_SIZE", "Examples", "one_hot", "split", "turn"]

BATCH_SIZE = 64
# Batches to train on. All are whole, and of one size in whatever is trained: TensorFlow traces a step anew for each shape.
NUM_TRAIN_BATCHES = 22


class Examples:
    """Images, and labels or none of them.

    Attributes:
        x: Images. Shape `[n, event_dim]`.
        y_onehot: Their labels, one-hot, for a classifier; else None. Shape `[n, num_classes]`.
    """

    def __init__(self, x, y_onehot=None):
        self.x, self.y_onehot = x, y_onehot

    def __len__(self):
        return len(self.x)

    def __getitem__(self, rows):
        return Examples(self.x[rows], None if self.y_onehot is None else self.y_onehot[rows])

    @property
    def arrays(self):
        """Returns what `fit` and `evaluate` are given."""
        return [self.x] if self.y_onehot is None else [self.x, self.y_onehot]

    @property
    def target(self):
        """Returns what the decoder's outputs are compared with: the labels, or the images themselves."""
        return self.x if self.y_onehot is None else self.y_onehot

    def with_test_digits(self):
        """Returns these and the test images of the data set."""
        test = data.load("digits")
        x = np.concatenate([self.x, test.x_test])
        if self.y_onehot is None:
            return Examples(x)
        return Examples(x, np.concatenate([self.y_onehot, one_hot(test.y_test, self.y_onehot.shape[1])]))


def one_hot(labels, num_classes):
    return np.eye(num_classes, dtype=np.float32)[labels]


def split(generator, labelled):
    """Returns `Examples` to train on, 1,408 digits in whole batches, and 389 to look at, split anew.

    A model that has stored the digits does not know these: all are turned or mirrored in one way of eight, which leaves
    neighbouring pixels neighbours, and the labels are permuted.
    """
    digits = data.load("digits")
    images = turn(np.concatenate([digits.x_train, digits.x_test]), generator.integers(8))
    names = generator.permutation(1 + max(digits.y_train))
    labels = one_hot(names[np.concatenate([digits.y_train, digits.y_test])], len(names))
    order = generator.permutation(images.shape[0])
    examples = Examples(images, labels if labelled else None)
    return examples[order[: NUM_TRAIN_BATCHES * BATCH_SIZE]], examples[order[NUM_TRAIN_BATCHES * BATCH_SIZE :]]


def turn(images, way):
    """Returns square images `[n, side^2]` in one of the eight ways that a square can be turned and mirrored."""
    side = math.isqrt(images.shape[1])
    square = np.rot90(images.reshape(-1, side, side), way % 4, axes=(1, 2))
    return (square[:, :, ::-1] if way >= 4 else square).reshape(images.shape)
