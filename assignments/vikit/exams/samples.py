"""`Sample`: what a model's parts give for a batch and noise; and wrong ways to sample."""

from functools import cached_property
from typing import Any

import numpy as np

from .digits import Examples

__all__ = ["SAMPLERS", "Sample"]


def repeat_first(eps: np.ndarray, axis: int) -> np.ndarray:
    """Returns noise whose first row along an axis stands in all its rows."""
    return np.broadcast_to(np.take(eps, [0], axis), eps.shape)


# From the names of known mistakes, and "right", to functions of the oracle's
# sampler and what it is given.
SAMPLERS = {
    "right": lambda draw, mu, log_var, eps: draw(mu, log_var, eps),
    "sampler_log_var_as_log_sigma": lambda draw, mu, log_var, eps: draw(mu, 2 * log_var, eps),
    "sampler_without_noise": lambda draw, mu, log_var, eps: draw(mu, log_var, 0 * eps),
    "sampler_without_mean": lambda draw, mu, log_var, eps: draw(0 * mu, log_var, eps),
    "sampler_without_sigma": lambda draw, mu, log_var, eps: draw(mu, 0 * log_var, eps),
    "sampler_minus": lambda draw, mu, log_var, eps: draw(mu, log_var, -eps),
    "sampler_one_noise_for_the_batch": lambda draw, mu, log_var, eps: draw(
        mu, log_var, repeat_first(eps, 1)
    ),
    "sampler_one_noise_for_all_dimensions": lambda draw, mu, log_var, eps: draw(
        mu, log_var, repeat_first(eps, 2)
    ),
    "sampler_one_noise_for_all_samples": lambda draw, mu, log_var, eps: draw(
        mu, log_var, repeat_first(eps, 0)
    ),
}


class Sample:
    """What the parts of a model give for a batch of examples and noise, put together here.

    Args:
        model: The `Model`.
        examples: The `Examples`.
        eps: Noise. Shape `[L, B, K]`.
        sampler: The way to sample, a key of `SAMPLERS`.

    Attributes:
        mu: Means of q(z|x). Shape `[B, K]`.
        log_var: Its log variances. Same shape.
        z: What the decoder is given. Shape `[L, B, K]`.
    """

    def __init__(
        self, model: Any, examples: Examples, eps: np.ndarray, sampler: str = "right"
    ) -> None:
        self.model, self.examples, self.eps = model, examples, eps
        self.spec, self.oracle, self.sizes = model.spec, model.exam.oracle, model.sizes
        self.mu, self.log_var = model.encode(examples.x)
        self.z = self.decoder_inputs(
            SAMPLERS[sampler](self.oracle.sample_latent, self.mu, self.log_var, eps)
        )

    def decoder_inputs(self, z: np.ndarray) -> np.ndarray:
        """Returns what the model makes of the encoder's samples before it decodes them."""
        return z

    @cached_property
    def outputs(self) -> np.ndarray:
        """Returns the decoder's outputs, as logits in any case. Shape `[L, B, N]`."""
        return self.model.decode_to_logits(self.z)

    @cached_property
    def distortion(self) -> np.ndarray:
        """Returns the distortion of each sample and example. Shape `[L, B]`."""
        return self.spec.distortion.value(self)

    @cached_property
    def rate(self) -> np.ndarray:
        """Returns the rate of each sample and example, `[L, B]`, or in closed form `[1, B]`."""
        return (
            sampled_rate(self)
            if self.spec.combine.needs_sampled_rate
            else self.spec.rate.value(self)
        )

    @cached_property
    def loss(self) -> np.ndarray:
        """Returns the loss of each example. Shape `[B]`."""
        return self.spec.combine.function(self.distortion + self.spec.weight * self.rate)

    @cached_property
    def mean_distortion(self) -> np.ndarray:
        """Returns the distortion averaged over the batch. Shape `[L]`."""
        mean = self.spec.distortion.mean
        return mean(self) if mean else self.distortion.mean(axis=1)

    @cached_property
    def mean_rate(self) -> float:
        """Returns the rate averaged over samples and batch."""
        mean = self.spec.rate.mean
        return float(mean(self) if mean else self.rate.mean())


def sampled_rate(sample: Sample) -> np.ndarray:
    """Returns log q(z|x) - log p(z) of each sample and example. Shape `[L, B]`."""
    log_normal, zeros = sample.oracle.log_normal, np.zeros_like(sample.mu)
    return np.stack(
        [log_normal(z, sample.mu, sample.log_var) - log_normal(z, zeros, zeros) for z in sample.z]
    )
