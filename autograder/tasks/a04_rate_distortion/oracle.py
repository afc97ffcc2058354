"""What the examinations of the models take for right."""

from autograder.reference import rate_distortion

from ..a03_vae import oracle

__all__ = ["Reference"]


class Reference(oracle.Reference):
    """What the examinations take for right, in float64 (see `vikit.exams.beta_vae`)."""

    @staticmethod
    def best_sigma(x, outputs) -> float:
        """Returns the standard deviation at which outputs are most likely.

        Args:
            x: Data. Shape `[B, D]`.
            outputs: Their reconstructions. Shape `[L, B, D]`.
        """
        sigma, _ = rate_distortion.optimal_sigma(x, outputs)
        return float(sigma)
