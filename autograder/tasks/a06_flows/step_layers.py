"""The layers, one for a step of each kind."""

from vikit.judging import Property

from ..question import Question
from .oracle import Reference
from .places import COUPLING, FREE_ENERGY, IAF, LEARNING, PLANAR, RADIAL

__all__ = ["AutoregressiveStep", "CouplingStep", "PlanarStep", "RadialStep"]

KINDS = {
    "planar": "a planar step, whose u, w and b come from the features",
    "radial": "a radial step, whose centre, alpha and beta come from the features",
    "coupling": "a coupling layer: half of z stays, the other half is scaled and shifted",
    "iaf": "an iaf_step, with gates between 0 and 1, and m and s of the dimensions before",
}
SOURCES = {"planar": PLANAR, "radial": RADIAL, "coupling": COUPLING, "iaf": IAF}

# What students read instead of the properties' names.
TITLES = {
    "log_det": "The log determinant is right",
    "kind": "The step is of its kind",
    "depends_on_features": "Each example has its own step",
    "weights": "Every weight takes part",
}
LOG_DET_HINT = (
    "The second output of {} must be the log determinant of the first's Jacobian in z, for each "
    "example's own features. The grader takes differences of the step itself."
)
FEATURES_HINT = (
    "The same z with two examples' features must give two z_new, and two log determinants."
)
WEIGHTS_HINT = (
    "Every trainable weight must change what the step returns, Keras must know all of them, and "
    "gradients must pass through both outputs to z and to the features."
)


def step_question(name, flow, points) -> Question:
    """Returns the question of a class of steps.

    Args:
        name: The class.
        flow: The kind of its step, as `FlowVIB` takes it.
        points: Points for the log determinant, the kind, what comes from the features, the weights.
    """
    rows = (
        ("log_det", LOG_DET_HINT.format(name), FREE_ENERGY, "flow_log_det"),
        ("kind", f"The map of an example must be {KINDS[flow]}.", SOURCES[flow], "flow_kind"),
        ("depends_on_features", FEATURES_HINT, FREE_ENERGY, "flow_depends_on_x"),
        ("weights", WEIGHTS_HINT, LEARNING, "step_weights"),
    )
    options = {"flow": flow, "step": name}
    return Question(
        name=name,
        points=sum(points),
        source=SOURCES[flow],
        properties=tuple(
            Property(prop, worth, hint, source, examination, options, title=TITLES[prop])
            for (prop, hint, source, examination), worth in zip(rows, points, strict=True)
        ),
        oracle=Reference,
        seconds=60,
    )


PlanarStep = step_question("PlanarStep", "planar", (2, 1, 1, 1))
RadialStep = step_question("RadialStep", "radial", (2, 1, 1, 1))
CouplingStep = step_question("CouplingStep", "coupling", (1, 1, 1, 1))
AutoregressiveStep = step_question("AutoregressiveStep", "iaf", (1, 1, 1, 1))
