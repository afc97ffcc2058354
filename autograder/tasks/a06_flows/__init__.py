"""a06_flows: normalizing flows, and the variational information bottleneck with flows."""

from ..question import Assignment, Manual
from .coupling import coupling_forward, coupling_inverse, coupling_log_det
from .density import gaussian_log_pdf
from .free_energy import flow_free_energy, flow_log_q, flow_prior_term
from .model import FlowVIB
from .planar import planar_forward, planar_u_hat
from .planar_determinant import planar_log_det
from .radial import radial_beta_hat, radial_forward, radial_log_det
from .step_layers import AutoregressiveStep, CouplingStep, PlanarStep, RadialStep
from .steps import iaf_step, leapfrog_step

__all__ = ["assignment"]

assignment = Assignment(
    name="a06_flows",
    title="Normalizing flows, and the VIB with flows",
    questions=(
        gaussian_log_pdf,
        planar_u_hat,
        planar_forward,
        planar_log_det,
        radial_beta_hat,
        radial_forward,
        radial_log_det,
        coupling_forward,
        coupling_inverse,
        coupling_log_det,
        iaf_step,
        leapfrog_step,
        flow_log_q,
        flow_prior_term,
        flow_free_energy,
        PlanarStep,
        RadialStep,
        CouplingStep,
        AutoregressiveStep,
        FlowVIB,
    ),
    manual=(
        Manual("why_w_u_above_minus_one", 4),
        Manual("what_flows_cost", 5),
        Manual(
            "implicit_or_flow",
            3,
            errata=("E-002-19",),
            passages=('document 002, "Implicit distributions", the log density ratio',),
        ),
        Manual(
            "repair_listing_1",
            10,
            errata=(
                *("E-000-18", "E-000-19", "E-000-20", "E-000-21"),
                *("E-000-22", "E-000-23", "E-000-24"),
            ),
            passages=('document 000, Listing 1 "VIB with Flows", lines 12 to 30',),
        ),
        Manual("what_the_flow_bought", 5),
    ),
)
