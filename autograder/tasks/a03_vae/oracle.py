"""What the examinations of the VAE take for right."""

import numpy as np

from autograder.reference import densities, vae

__all__ = ["Reference"]


class Reference:
    """What the examinations of the VAE take for right, in float64 (see `vikit.exams.vae`)."""

    @staticmethod
    def sample_latent(mu, log_var, eps) -> np.ndarray:
        """Returns z = mu + exp(log_var / 2) eps. Shape `[L, B, K]`.

        Args:
            mu: Means of q. Shape `[B, K]`.
            log_var: Log variances of q. Shape `[B, K]`.
            eps: Noise. Shape `[L, B, K]`.
        """
        return vae.latent_samples(mu, log_var, eps).numpy()

    @staticmethod
    def reconstruction(x, outputs, sigma=None) -> np.ndarray:
        """Returns minus the log-likelihood of each sample and example. Shape `[L, B]`.

        Args:
            x: Data. Shape `[B, D]`.
            outputs: Logits, or means where `sigma` is given. Shape `[L, B, D]`.
            sigma: Standard deviation of a Gaussian decoder; None for a Bernoulli decoder.
        """
        return -vae.log_px_given_z(x, outputs, sigma)

    @staticmethod
    def mean_reconstruction(x, outputs, sigma=None) -> np.ndarray:
        """Returns the mean of the same over the batch. Shape `[L]`.

        Args:
            x: Data. Shape `[B, D]`.
            outputs: Logits, or means where `sigma` is given. Shape `[L, B, D]`.
            sigma: Standard deviation of a Gaussian decoder; None for a Bernoulli decoder.
        """
        return -vae.log_px_given_z(x, outputs, sigma).mean(axis=1)

    @staticmethod
    def kl(mu, log_var) -> np.ndarray:
        return densities.kl_to_standard_normal(mu, log_var).numpy()

    @staticmethod
    def mean_kl(mu, log_var) -> np.floating:
        return Reference.kl(mu, log_var).mean()

    @staticmethod
    def latent_gradient(mu, log_var, eps, cotangent) -> tuple[np.ndarray, np.ndarray]:
        """Returns the gradients of sum(cotangent * z) in mu and log_var.

        dz/dmu = 1, dz/dlog_var = (z - mu) / 2.

        Args:
            mu: Means of q. Shape `[B, K]`.
            log_var: Log variances of q. Shape `[B, K]`.
            eps: Noise. Shape `[L, B, K]`.
            cotangent: Shape `[L, B, K]`.

        Returns:
            Two gradients. Shape `[B, K]` each.
        """
        z = vae.latent_samples(mu, log_var, eps).numpy()
        return cotangent.sum(0), (cotangent * (z - mu) / 2).sum(0)
