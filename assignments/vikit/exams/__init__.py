"""Examinations: what must hold for every right function, network or model, found out from its outputs alone.

Importing this room registers all of them in `EXAMINATIONS`; `SPECS` has the models with a latent sample.
"""

from . import (  # noqa: F401  these register examinations
    floor,
    flow_exams,
    flow_kinds,
    fresh_noise,
    functions,
    networks,
    prediction,
    reported_losses,
    terms,
    weights_learn,
)
from .exam import EXAMINATIONS, CannotExamine, Exam, NoReply, PropertyFailed, examine, examine_property
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
