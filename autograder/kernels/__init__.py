"""Kernels to run notebooks in: warm, confined and bounded. Knows no grading and no tasks."""

from .confinement import COLD, Confinement, adopt, choose, new_folder, share, start_server
from .exchange import Outcome
from .faults import KernelError
from .kernel import GivesWay, Kernel, give_way_when, stop_when
from .remains import remove
from .warm import LAYERS, Bounds

__all__ = [
    "COLD", "LAYERS", "Bounds", "Confinement", "GivesWay", "Kernel", "KernelError", "Outcome",
    "adopt", "choose", "give_way_when", "new_folder", "remove", "share", "start_server",
    "stop_when",
]  # fmt: skip
