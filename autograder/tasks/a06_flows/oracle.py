"""What the examinations of flows take for right."""

import numpy as np
from vikit.judging import Property

from autograder.reference import flows

from .. import classifiers
from ..drawing import round_to_float32, to_float64
from ..question import Formula
from .places import FLOWS, FREE_ENERGY

__all__ = ["Reference", "jacobian_property"]


class Reference(classifiers.Reference):
    """What the examinations of flows take for right."""

    @staticmethod
    def log_normal(z, mu, log_var) -> np.ndarray:
        """Returns log N(z; mu, diag exp(log_var)). Shape `[B]`.

        Args:
            z: Where. Shape `[B, K]`.
            mu: Means. Shape `[B, K]`.
            log_var: Log variances. Shape `[B, K]`.
        """
        return flows.gaussian_log_pdf(z, mu, np.exp(log_var)).numpy()

    @staticmethod
    def log_prior(z0, zK) -> np.ndarray:
        return flows.flow_prior_term(z0, zK).numpy()

    @staticmethod
    def function(name) -> Formula:
        """Returns the reference of an earlier question, which takes what students get."""
        return lambda *arguments: getattr(flows, name)(
            *(to_float64(round_to_float32(argument)) for argument in arguments)
        )


def jacobian_property(forward, log_det, shapes, **options) -> Property:
    """Returns the property that one function is the log determinant of another's Jacobian.

    Args:
        forward: Name of the student's map.
        log_det: Name of what returns its log determinant.
        shapes: Those of the arguments.
        options: What the examination `jacobian` takes besides.
    """
    return Property(
        "log_det_is_jacobian",
        1,
        "The log determinant must be that of the Jacobian of the forward map at its input: central "
        "differences of the map say another number. log_q built on it would be no density.",
        f"{FREE_ENERGY}; {FLOWS}",
        "jacobian",
        {"forward": forward, "log_det": log_det, "shapes": shapes, **options},
        title="The log determinant is that of the map",
    )
