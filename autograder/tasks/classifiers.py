"""What the examinations of stochastic classifiers take for right (see `vikit.exams.vib`)."""

import numpy as np

from autograder.reference import vae, vib

__all__ = ["Reference"]


class Reference:
    """In float64; a kind of classifier adds its own."""

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
    def cross_entropy(y_onehot, logits) -> np.ndarray:
        return vib.cross_entropies(y_onehot, logits).numpy()

    @staticmethod
    def predict(logits) -> np.ndarray:
        return vib.vib_predict_probs(logits).numpy()
