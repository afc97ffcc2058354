"""Densities on the plane: a grid to integrate on, and four energies to fit flows to.

Also the inverse of a planar flow.

The energies are those of Rezende and Mohamed, "Variational inference with normalizing flows"
(2015), table 1. Some of them say nothing of far parts of the plane: as densities they are taken on
the box [-4, 4]^2, where they are exp(-U), normalised.
"""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

__all__ = ["ENERGIES", "Grid", "invert_planar", "log_target"]

# The box is [-HALF_WIDTH, HALF_WIDTH]^2.
HALF_WIDTH = 4.0


@dataclass(frozen=True)
class Grid:
    """A square grid of cells on the box [-half_width, half_width]^2.

    Args:
        half_width: Half the side of the box.
        num_cells: Cells along a side.
    """

    half_width: float
    num_cells: int

    @property
    def axis(self) -> np.ndarray:
        """Returns the middles of the cells along a side. Shape `[num_cells]`."""
        return ((np.arange(self.num_cells) + 0.5) / self.num_cells * 2 - 1) * self.half_width

    @property
    def points(self) -> np.ndarray:
        """Returns the middles of all cells, `[num_cells^2, 2]` float32.

        The second coordinate runs fastest.
        """
        return (
            np.stack(np.meshgrid(self.axis, self.axis, indexing="ij"), -1)
            .reshape(-1, 2)
            .astype(np.float32)
        )

    @property
    def cell_area(self) -> float:
        """Returns the area of a cell."""
        return float(np.square(2 * self.half_width / self.num_cells))

    def mass(self, log_density) -> float:
        """Returns the integral of a density over the box, from its logarithm at `points`."""
        return float(np.sum(np.exp(np.asarray(log_density, float))) * self.cell_area)

    def normalise(self, log_density) -> np.ndarray:
        """Returns `log_density` plus the constant that makes its mass in the box 1."""
        values = np.asarray(log_density, float)
        largest = values.max()
        return values - largest - np.log(self.mass(values - largest))

    def kl(self, log_q, log_p) -> float:
        """Returns KL(q || p) of two log densities at `points`, in nats, over the box."""
        log_q, log_p = np.asarray(log_q, float), np.asarray(log_p, float)
        return float(np.sum(np.exp(log_q) * (log_q - log_p)) * self.cell_area)


def invert_planar(forward, points, u_hat, num_bisections=32) -> np.ndarray:
    """Returns the `z` that a planar flow takes to `points`, by bisection.

    The flow is z + tanh(w.z + b) u_hat, so z = points - t u_hat with a t in [-1, 1]; an invertible
    flow has exactly one.

    Args:
        forward: The flow, from `[n, K]` to `[n, K]`.
        points: Outputs of the flow. Shape `[n, K]`.
        u_hat: The direction in which it moves points. Shape `[K]`.
        num_bisections: How often the interval of t is halved.
    """
    points, u_hat = np.asarray(points, np.float32), np.asarray(u_hat, np.float32)
    low, high = np.full((2, points.shape[0], 1), np.array([[[-1.0]], [[1.0]]], np.float32))
    for _ in range(num_bisections):
        t = (low + high) / 2
        image = np.asarray(forward(points - t * u_hat))
        # The image lies beyond the point: z must begin further back.
        is_beyond = (image - points) @ u_hat[:, np.newaxis] > 0
        low, high = np.where(is_beyond, t, low), np.where(is_beyond, high, t)
    return points - (low + high) / 2 * u_hat


def wave(z) -> tf.Tensor:
    """Returns w_1 of the paper, sin(pi z_1 / 2). Shape `[n]`."""
    return tf.sin(np.float32(np.pi / 2) * z[:, 0])


def gaussian(value, sigma) -> tf.Tensor:
    """Returns exp(-(value / sigma)^2 / 2), without the constant of a density."""
    return tf.exp(-tf.square(value / sigma) / 2)


def ring(z) -> tf.Tensor:
    """U1: a ring of radius 2 with two heavy sides."""
    log_sides = tf.math.log(gaussian(z[:, 0] - 2, 0.6) + gaussian(z[:, 0] + 2, 0.6) + 1e-30)
    return tf.square((tf.norm(z, axis=1) - 2) / 0.4) / 2 - log_sides


def sine(z) -> tf.Tensor:
    """U2: a band along a wave."""
    return tf.square((z[:, 1] - wave(z)) / 0.4) / 2


def split_sine(z) -> tf.Tensor:
    """U3: a wave that splits in the middle and joins again."""
    distance = 3 * gaussian(z[:, 0] - 1, 0.6)
    return -tf.math.log(
        gaussian(z[:, 1] - wave(z), 0.35) + gaussian(z[:, 1] - wave(z) + distance, 0.35) + 1e-30
    )


def forked_sine(z) -> tf.Tensor:
    """U4: a wave that forks."""
    distance = 3 * tf.sigmoid((z[:, 0] - 1) / 0.3)
    return -tf.math.log(
        gaussian(z[:, 1] - wave(z), 0.4) + gaussian(z[:, 1] - wave(z) + distance, 0.35) + 1e-30
    )


# By the names that the paper gives them.
ENERGIES = {"U1": ring, "U2": sine, "U3": split_sine, "U4": forked_sine}


def log_target(energy, z) -> tf.Tensor:
    """Returns the log density, up to a constant, that a flow is fitted to.

    It is minus the energy, and far lower outside of the box.

    Args:
        energy: One of `ENERGIES`.
        z: Points. Shape `[n, 2]`.
    """
    squared_distance = tf.reduce_sum(tf.square(tf.nn.relu(tf.abs(z) - HALF_WIDTH)), axis=1)
    return -energy(z) - 50 * squared_distance
