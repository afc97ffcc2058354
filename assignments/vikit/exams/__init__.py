"""Examinations: what must hold for every right function or model, from its outputs alone.

Importing this room registers all of them in `EXAMINATIONS`, and the models with a latent sample in
`SPECS`.
"""

from . import (  # noqa: F401  these register examinations
    beta_vae,
    floor,
    flow_depends_on_x,
    flow_kind,
    flow_log_det,
    flow_prediction,
    flow_terms,
    flow_training,
    flow_weights,
    fresh_noise,
    function_examinations,
    network_examinations,
    prediction,
    reported_losses,
    reported_losses_and_noise,
    terms,
    vq_gradient,
    vq_vae,
    weights_learn,
)
from .exam import (
    EXAMINATIONS,
    CannotExamine,
    Exam,
    NoReply,
    PropertyFailed,
    examine,
    examine_property,
)
from .flow_vib import FLOW_VIB
from .latent_model import SPECS
from .own_functions import own_functions
from .vae import VAE
from .vib import VIB

__all__ = [
    "EXAMINATIONS",
    "FLOW_VIB",
    "SPECS",
    "VAE",
    "VIB",
    "CannotExamine",
    "Exam",
    "NoReply",
    "PropertyFailed",
    "examine",
    "examine_property",
    "own_functions",
]
