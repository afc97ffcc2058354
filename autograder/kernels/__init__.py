"""Kernels to run notebooks in: warm, confined and bounded. Knows nothing of the kit: no grading, no tasks."""

from .confinement import COLD, Confinement, adopt, choose, new_folder, share, start_server
from .faults import KernelError
from .kernel import Kernel, Outcome, stop_when
from .warm import LAYERS, Bounds

__all__ = [
    "COLD", "LAYERS", "Bounds", "Confinement", "Kernel", "KernelError", "Outcome", "adopt", "choose",
    "new_folder", "share", "start_server", "stop_when",
]  # fmt: skip
