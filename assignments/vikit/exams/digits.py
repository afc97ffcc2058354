"""The digits that models are trained and examined on: each exam splits and turns them anew."""

import math
from typing import Any

import numpy as np

from .. import data

__all__ = ["BATCH_SIZE", "Examples", "one_hot", "split", "turn"]

BATCH_SIZE = 64
# All batches of a training are whole, in every training:
# TensorFlow traces a step again for each shape.
NUM_TRAIN_BATCHES = 22


class Examples:
    """Images, with labels or without.

    Attributes:
        x: Images. Shape `[n, event_dim]`.
        y_onehot: The labels, one-hot, for a classifier; else None. Shape `[n, num_classes]`.
        grey: Whether the images are grey, in [0, 1], and not binary.
    """

    def __init__(
        self, x: np.ndarray, y_onehot: np.ndarray | None = None, grey: bool = False
    ) -> None:
        self.x, self.grey = x, grey
        self.y_onehot: Any = y_onehot

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, rows: slice | np.ndarray) -> "Examples":
        labels = None if self.y_onehot is None else self.y_onehot[rows]
        return Examples(self.x[rows], labels, self.grey)

    @property
    def arrays(self) -> list[np.ndarray]:
        """Returns what `fit` and `evaluate` take."""
        return [self.x] if self.y_onehot is None else [self.x, self.y_onehot]

    def with_test_digits(self) -> "Examples":
        """Returns these and the test images of the data set."""
        test = load_digits(self.grey)
        x = np.concatenate([self.x, test.x_test])
        if self.y_onehot is None:
            return Examples(x, grey=self.grey)
        return Examples(
            x, np.concatenate([self.y_onehot, one_hot(test.y_test, self.y_onehot.shape[1])])
        )


def one_hot(labels: np.ndarray, num_classes: int) -> np.ndarray:
    """Returns labels `[n]` as rows of zeros with a single one. Shape `[n, num_classes]`."""
    return np.eye(num_classes, dtype=np.float32)[labels]


def load_digits(grey: bool) -> data.Dataset:
    """Returns the digits, grey or binary."""
    return data.load("digits", binarize=None) if grey else data.load("digits")


def split(
    generator: np.random.Generator, labelled: bool, grey: bool = False
) -> tuple[Examples, Examples]:
    """Returns 1,408 digits to train on, in whole batches, and 389 to test on, split anew.

    A model that has stored the digits does not know these. All images are turned or mirrored in one
    way of eight, which keeps neighbouring pixels neighbours, and the classes get other numbers.

    Args:
        generator: Draws the split and the way.
        labelled: Whether the digits have labels.
        grey: Whether they are grey, in [0, 1], and not binary.
    """
    digits = load_digits(grey)
    images = turn(np.concatenate([digits.x_train, digits.x_test]), int(generator.integers(8)))
    new_labels = generator.permutation(1 + max(digits.y_train))
    labels = one_hot(new_labels[np.concatenate([digits.y_train, digits.y_test])], len(new_labels))
    order = generator.permutation(images.shape[0])
    examples = Examples(images, labels if labelled else None, grey)
    num_train = NUM_TRAIN_BATCHES * BATCH_SIZE
    return examples[order[:num_train]], examples[order[num_train:]]


def turn(images: np.ndarray, way: int) -> np.ndarray:
    """Returns square images `[n, side^2]`, turned and mirrored in one of the eight ways."""
    side = math.isqrt(images.shape[1])
    square = np.rot90(images.reshape(-1, side, side), way % 4, axes=(1, 2))
    return (square[:, :, ::-1] if way >= 4 else square).reshape(images.shape)
