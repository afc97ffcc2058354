"""`Sample`: what the parts of a model give for a batch and noise, put together here; and wrong ways to sample."""

from functools import cached_property

import numpy as np

__all__ = ["SAMPLERS", "Sample", "is_close"]

# Rounding of float32 in a loss that was put together outside from a network's outputs.
ATOL, RTOL = 1e-3, 3e-4


def is_close(got, want):
    with np.errstate(all="ignore"):
        return bool(np.all(np.abs(got - want) <= ATOL + RTOL * np.abs(want)))


def repeat_first(eps, axis):
    return np.broadcast_to(np.take(eps, [0], axis), eps.shape)


SAMPLERS = {
    "right": lambda sample, mu, log_var, eps: sample(mu, log_var, eps),
    "sampler_log_var_as_log_sigma": lambda sample, mu, log_var, eps: sample(mu, 2 * log_var, eps),
    "sampler_without_noise": lambda sample, mu, log_var, eps: sample(mu, log_var, 0 * eps),
    "sampler_without_mean": lambda sample, mu, log_var, eps: sample(0 * mu, log_var, eps),
    "sampler_without_sigma": lambda sample, mu, log_var, eps: sample(mu, 0 * log_var, eps),
    "sampler_minus": lambda sample, mu, log_var, eps: sample(mu, log_var, -eps),
    "sampler_one_noise_for_the_batch": lambda sample, mu, log_var, eps: sample(mu, log_var, repeat_first(eps, 1)),
    "sampler_one_noise_for_all_dimensions": lambda sample, mu, log_var, eps: sample(mu, log_var, repeat_first(eps, 2)),
    "sampler_one_noise_for_all_samples": lambda sample, mu, log_var, eps: sample(mu, log_var, repeat_first(eps, 0)),
}


class Sample:
    """What the parts of a model give for a batch of examples and noise, put together here.

    Args:
        model: The `Model`.
        examples: The `Examples`.
        eps: Noise. Shape `[L, B, K]`.
        way: The way to sample, a key of `SAMPLERS`.

    Attributes:
        mu: Means of q(z|x). Shape `[B, K]`.
        log_var: Its log variances. Same shape.
        z: What the decoder is given. Shape `[L, B, K]`.
    """

    def __init__(self, model, examples, eps, way="right"):
        self.model, self.examples, self.eps = model, examples, eps
        self.spec, self.oracle, self.sizes = model.spec, model.exam.oracle, model.sizes
        self.mu, self.log_var = model.encode(examples.x)
        self.z = self.decoder_inputs(SAMPLERS[way](self.oracle.sample, self.mu, self.log_var, eps))

    def decoder_inputs(self, z):
        """Returns what the model makes of samples of the encoder's distribution before it decodes them."""
        return z

    @cached_property
    def outputs(self):
        """Returns the decoder's outputs, as logits where it returns probabilities. Shape `[L, B, N]`."""
        return self.model.decode_to_logits(self.z)

    @cached_property
    def distortion(self):
        """Returns the distortion of each sample and example. Shape `[L, B]`."""
        return self.spec.distortion.value(self.oracle, self.examples.target, self.outputs)

    @cached_property
    def rate(self):
        """Returns the rate of each sample and example, `[L, B]`, or in closed form `[1, B]`."""
        return sampled_rate(self) if self.spec.combine.of_samples else self.spec.rate.value(self)

    @cached_property
    def loss(self):
        """Returns the loss of each example. Shape `[B]`."""
        return self.spec.combine.function(self.distortion + self.spec.weight * self.rate)

    @cached_property
    def mean_distortion(self):
        """Returns the distortion averaged over the batch. Shape `[L]`."""
        mean = self.spec.distortion.mean
        return mean(self.oracle, self.examples.target, self.outputs) if mean else self.distortion.mean(axis=1)

    @cached_property
    def mean_rate(self):
        """Returns the rate averaged over samples and batch."""
        mean = self.spec.rate.mean
        return float(mean(self) if mean else self.rate.mean())


def sampled_rate(sample):
    """Returns log q(z|x) - log p(z) of each sample and example. Shape `[L, B]`."""
    oracle = sample.oracle
    zeros = np.zeros_like(sample.mu)
    return np.stack(
        [oracle.log_normal(z, sample.mu, sample.log_var) - oracle.log_normal(z, zeros, zeros) for z in sample.z]
    )
