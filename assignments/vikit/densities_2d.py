"""Densities on the plane: a grid to integrate on, four energies to fit flows to, and the way back through a planar flow.

The energies are those of Rezende and Mohamed, "Variational inference with normalizing flows" (2015), table 1. Some of them
say nothing of far parts of the plane: as densities they are taken on the box [-4, 4]^2, where they are exp(-U), normalised.
"""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf

END = 4.0


@dataclass(frozen=True)
class Plane:
    """A square grid of cells on [-end, end]^2.

    Args:
        end: Where the box ends.
        steps: Cells along a side.
    """

    end: float
    steps: int

    @property
    def axis(self):
        """Returns the middles of the cells along a side. Shape `[steps]`."""
        return ((np.arange(self.steps) + 0.5) / self.steps * 2 - 1) * self.end

    @property
    def points(self):
        """Returns the middles of all cells, the second coordinate running fastest. Shape `[steps^2, 2]`, float32."""
        return np.stack(np.meshgrid(self.axis, self.axis, indexing="ij"), -1).reshape(-1, 2).astype(np.float32)

    @property
    def cell(self):
        """Returns the area of a cell."""
        return float(np.square(2 * self.end / self.steps))

    def mass(self, log_density):
        """Returns the integral of a density over the box, from its logarithm at `points`."""
        return float(np.sum(np.exp(np.asarray(log_density, float))) * self.cell)

    def normalised(self, log_density):
        """Returns the log density that is in the box what `log_density` is up to a constant, with mass 1."""
        values = np.asarray(log_density, float)
        largest = values.max()
        return values - largest - np.log(self.mass(values - largest))

    def kl(self, log_q, log_p):
        """Returns KL(q || p) of two log densities at `points`, in nats, over the box."""
        log_q, log_p = np.asarray(log_q, float), np.asarray(log_p, float)
        return float(np.sum(np.exp(log_q) * (log_q - log_p)) * self.cell)


def undo(forward, points, direction, halvings=32):
    """Returns the `z` that a planar flow takes to `points`, by bisection.

    Such a flow moves each point along `direction` by a share between -1 and 1, and where it is invertible exactly one share
    fits.

    Args:
        forward: The flow, from `[n, K]` to `[n, K]`.
        points: Outputs of the flow. Shape `[n, K]`.
        direction: Along which it moves. Shape `[K]`.
        halvings: How often the interval of shares is halved.
    """
    points, direction = np.asarray(points, np.float32), np.asarray(direction, np.float32)
    low, high = np.full((2, points.shape[0], 1), np.float32([[[-1.0]], [[1.0]]]))
    for _ in range(halvings):
        share = (low + high) / 2
        arrived = np.asarray(forward(points - share * direction))
        short = (arrived - points) @ direction[:, np.newaxis] > 0
        low, high = np.where(short, share, low), np.where(short, high, share)
    return points - (low + high) / 2 * direction


def wave(z):
    return tf.sin(np.float32(np.pi / 2) * z[:, 0])


def bump(value, width):
    return tf.exp(-tf.square(value / width) / 2)


def ring(z):
    """U1: a ring of radius 2 with two heavy sides."""
    sides = tf.math.log(bump(z[:, 0] - 2, 0.6) + bump(z[:, 0] + 2, 0.6) + 1e-30)
    return tf.square((tf.norm(z, axis=1) - 2) / 0.4) / 2 - sides


def sine(z):
    """U2: a band along a wave."""
    return tf.square((z[:, 1] - wave(z)) / 0.4) / 2


def split_sine(z):
    """U3: a wave that parts in the middle and meets again."""
    away = 3 * bump(z[:, 0] - 1, 0.6)
    return -tf.math.log(bump(z[:, 1] - wave(z), 0.35) + bump(z[:, 1] - wave(z) + away, 0.35) + 1e-30)


def forked_sine(z):
    """U4: a wave that forks."""
    away = 3 * tf.sigmoid((z[:, 0] - 1) / 0.3)
    return -tf.math.log(bump(z[:, 1] - wave(z), 0.4) + bump(z[:, 1] - wave(z) + away, 0.35) + 1e-30)


# By the names that the paper gives them.
ENERGIES = {"U1": ring, "U2": sine, "U3": split_sine, "U4": forked_sine}


def log_target(energy, z):
    """Returns minus the energy for points `[n, 2]`, falling off steeply outside of the box: what a flow is fitted to."""
    outside = tf.reduce_sum(tf.square(tf.nn.relu(tf.abs(z) - END)), axis=1)
    return -energy(z) - 50 * outside
