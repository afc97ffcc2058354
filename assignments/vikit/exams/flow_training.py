"""The examination "flow_training": reports and noise of the training of a model with a flow."""

from .exam import Exam, PropertyFailed, examination
from .flow_models import MISTAKES_OF_ANY_FLOW, FlowClass, flow_model
from .flow_vib import SINGLE_PLANAR_VIB
from .model import forget_trained_model
from .reported_losses_and_noise import check_training_of, finds_in_training

__all__ = ["check_flow_training"]


@examination("flow_training", finds=(*MISTAKES_OF_ANY_FLOW, *finds_in_training("FlowVIB")))
def check_flow_training(exam: Exam) -> None:
    """As `training`; if something is not finite, a second model is examined.

    Of a million points, one may lie where a planar step with random weights is so flat that its
    determinant, which is right, rounds to 0 in float32.
    """
    flow_model(exam, FlowClass("planar"))
    try:
        check_training_of(exam, SINGLE_PLANAR_VIB)
    except PropertyFailed as failed:
        if failed.mistake != "not_finite":
            raise
    else:
        return
    forget_trained_model(exam, SINGLE_PLANAR_VIB)
    check_training_of(exam, SINGLE_PLANAR_VIB)
