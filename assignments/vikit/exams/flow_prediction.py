"""The examination "flow_prediction": predictions of a model with a flow are made from zK."""

from dataclasses import replace

from .exam import Exam, PropertyFailed, examination
from .flow_models import (
    MISTAKES_OF_ANY_FLOW,
    PERTURBATIONS,
    FlowClass,
    flow_model,
    with_smaller_weights,
)
from .flow_vib import SINGLE_PLANAR_VIB, flow_vib_with
from .latent_model import LatentModel
from .prediction import check_prediction_of, finds_in_prediction, predictions_of
from .samples import Sample

__all__ = ["check_flow_prediction"]


@examination(
    "flow_prediction",
    finds=(*MISTAKES_OF_ANY_FLOW, *finds_in_prediction("FlowVIB"), "prediction_before_the_flow"),
)
def check_flow_prediction(exam: Exam, size_table: list) -> None:
    """As `prediction`, for a planar step and for flows that change the order of the dimensions."""
    flow_model(exam, FlowClass("planar"))
    ordered = [
        flow_vib_with(flow, 2, perturbation=(1.0, PERTURBATIONS[1])) for flow in ("coupling", "iaf")
    ]
    for spec in (SINGLE_PLANAR_VIB, *ordered):

        def examine(spec: LatentModel) -> None:
            check_prediction_of(exam, list(predictions_of(exam, spec, size_table)))

        try:
            with_smaller_weights(examine, spec)
        except PropertyFailed as failed:
            mistake = failed.mistake
            if not mistake and predicts_before_the_flow(exam, spec, size_table):
                mistake = "prediction_before_the_flow"
            raise failed.when(f"with flow={spec.keywords['flow']!r}", mistake) from failed


def predicts_before_the_flow(exam: Exam, spec: LatentModel, size_table: list) -> bool:
    """Tells whether predictions are those of a model without a flow."""
    try:
        check_prediction_of(
            exam, list(predictions_of(exam, replace(spec, sample_class=Sample), size_table))
        )
    except PropertyFailed:
        return False
    return True
