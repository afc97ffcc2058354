"""What the examinations of flows take for right."""

import numpy as np
from vikit.judging import Property

from autograder.reference import flows

from .. import classifiers
from ..drawing import round_to_float32, to_float64


class Reference(classifiers.Reference):
    """What the examinations of flows take for right."""

    @staticmethod
    def log_normal(z, mu, log_var):
        return flows.gaussian_log_pdf(z, mu, np.exp(log_var)).numpy()

    @staticmethod
    def log_prior(z0, zK):
        return flows.flow_prior_term(z0, zK).numpy()

    @staticmethod
    def function(name):
        """Returns the reference of an earlier question, which takes what students get."""
        return lambda *arguments: getattr(flows, name)(
            *(to_float64(round_to_float32(argument)) for argument in arguments)
        )


def jacobian_property(forward, log_det, shapes, **options):
    """Returns the property that `log_det` is the log determinant of `forward`, worth one point."""
    return Property(
        "log_det_is_jacobian",
        1,
        "The log determinant must be that of the Jacobian of the forward map at its input: central differences of the map say "
        "another number. log_q built on it would be no density.",
        "document 000, line 97; document 002, lines 839 to 847",
        "jacobian",
        {"forward": forward, "log_det": log_det, "shapes": shapes, **options},
    )
