"""a05_vib: the variational information bottleneck."""

from ..question import Assignment, Manual
from .bounds import vib_rate, vib_relevance_bound
from .discrete import vib_exact_discrete
from .labels import categorical_log_prob
from .loss import vib_loss
from .model import VIB, Encoder, LabelDecoder
from .predictions import vib_predict_probs

__all__ = ["assignment"]

assignment = Assignment(
    name="a05_vib",
    title="The variational information bottleneck",
    questions=(
        categorical_log_prob,
        vib_relevance_bound,
        vib_rate,
        vib_loss,
        vib_exact_discrete,
        vib_predict_probs,
        Encoder,
        LabelDecoder,
        VIB,
    ),
    manual=(
        Manual("derive_the_bound", 8),
        Manual("from_x_to_y", 4),
        Manual("role_of_beta", 7),
        Manual(
            "find_the_bugs",
            6,
            errata=("E-004-05", "E-004-06"),
            passages=(
                'document 004, "Indeterminacy of the VAE", the range of $I(y, z)$',
                'document 004, "Posterior Collapse", last equation',
                'document 004, "The β -VAE", on beta below and above 1',
            ),
        ),
    ),
)
