"""The model."""

from vikit.judging import Property

from ..properties import prediction_property, training_property
from ..question import Question
from .oracle import Reference
from .places import FLOWS as FLOWS_SOURCE
from .places import FREE_ENERGY, LEARNING, LISTING, PREDICTION

__all__ = ["FlowVIB"]

MODEL_SOURCE = f"{FREE_ENERGY}; {LISTING}"
FLOWS = ("planar", "radial", "coupling", "iaf")
SIZES = [[9, 4, 5, [7, 6], [[1, 7], [1, 3]]]]
PREDICTED_SIZES = [[9, 4, 5, [7], [[3, 7], [4, 3]]]]
STEPS = {
    "planar": "one planar step, whose u, w and b come from the image",
    "radial": "one radial step, whose centre, alpha and beta come from the image",
    "coupling": "one coupling layer: half of z stays, the other is scaled and shifted",
    "iaf": "one iaf_step, with gates between 0 and 1 and m, s of the dimensions before",
}
# As messages name them.
ADJECTIVES = {flow: flow for flow in FLOWS} | {"iaf": "autoregressive"}
OTHER_COUNTS = {
    "planar": "With num_flows=0 there is none, and each more has its own direction.",
    "radial": "With num_flows=2 each has its own centre.",
    "coupling": "With num_flows=2 the second moves the other half.",
    "iaf": "With num_flows=2 the second sees the dimensions in reverse.",
}


def log_det_property(flow) -> Property:
    return Property(
        f"log_det_{flow}",
        0.75,
        f"With flow={flow!r} the second output of transform must be the log determinant of the "
        "first's Jacobian in z0 at fixed x. The grader takes differences of transform itself.",
        f"{FREE_ENERGY}; {FLOWS_SOURCE}",
        "flow_log_det",
        {"flow": flow},
        title=f"The log determinants of the {ADJECTIVES[flow]} flow are right",
    )


def kind_property(flow) -> Property:
    return Property(
        f"kind_{flow}",
        0.25,
        f"With flow={flow!r} and num_flows=1 the map of an image must be {STEPS[flow]}. "
        f"{OTHER_COUNTS[flow]}",
        f"{FREE_ENERGY}; {FLOWS_SOURCE}",
        "flow_kind",
        {"flow": flow},
        title=f"The steps of the {ADJECTIVES[flow]} flow are of their kind",
    )


def conditioned_property(flow) -> Property:
    return Property(
        f"depends_on_x_{flow}",
        0.75,
        f"With flow={flow!r} the same z0 with two images must give two zK, "
        "and a step two determinants.",
        FREE_ENERGY,
        "flow_depends_on_x",
        {"flow": flow},
        title=f"Each image has its own {ADJECTIVES[flow]} flow",
    )


def weights_property(flow) -> Property:
    return Property(
        f"weights_{flow}",
        0.5,
        f"With flow={flow!r}, after one step of training every trainable weight must have moved, "
        "and so must what every part returns.",
        f"{LEARNING}; {FREE_ENERGY}",
        "flow_weights",
        {"flow": flow},
        title=f"Every weight of the {ADJECTIVES[flow]} flow learns",
    )


FlowVIB = Question(
    name="FlowVIB",
    points=15,
    source=MODEL_SOURCE,
    properties=(
        Property(
            "free_energy_terms",
            3,
            "free_energy_terms(x, y_onehot, eps) must be what your own encoder, transform and "
            "decoder give: log_q0 at z0, the sum of the log determinants, the log prior at zK and "
            "the log-likelihood of the label.",
            MODEL_SOURCE,
            "flow_terms",
            {"size_table": SIZES, "weight": 0.3},
            title="The terms of the free energy are right",
        ),
        training_property(1.5, MODEL_SOURCE, examination="flow_training"),
        prediction_property(
            1.5,
            f"{PREDICTION}; errata E-000-12",
            PREDICTED_SIZES,
            examination="flow_prediction",
        ),
        *(
            of(flow)
            for flow in FLOWS
            for of in (log_det_property, kind_property, conditioned_property)
        ),
        *(weights_property(flow) for flow in FLOWS),
    ),
    oracle=Reference,
    seconds=60,
)
