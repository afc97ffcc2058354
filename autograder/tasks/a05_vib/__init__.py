"""a05_vib: the variational information bottleneck."""

from ..question import Assignment, Manual
from .bounds import vib_rate, vib_relevance_bound
from .discrete import vib_exact_discrete
from .labels import categorical_log_prob
from .loss import vib_loss
from .model import VIB
from .predictions import vib_predict_probs

__all__ = ["assignment"]

assignment = Assignment(
    name="a05_vib",
    title="The variational information bottleneck",
    questions=(
        categorical_log_prob,
        vib_loss,
        vib_predict_probs,
        vib_rate,
        vib_relevance_bound,
        vib_exact_discrete,
        VIB,
    ),
    manual=(
        Manual("from_x_to_y", 5),
        Manual("derive_the_bound", 8),
        Manual("role_of_beta", 6),
        Manual("find_the_bugs", 6, errata=("E-000-12", "E-000-14", "E-000-23")),
    ),
)
