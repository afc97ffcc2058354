"""Kernels to run notebooks in: warm, confined and bounded. Knows nothing of the kit: no grading, no tasks."""

from .confinement import COLD, Confinement, choose, start_server
from .kernel import Kernel, KernelError, Outcome, stop_all
from .warm import LAYERS, Bounds

__all__ = [
    "COLD", "LAYERS", "Bounds", "Confinement", "Kernel", "KernelError", "Outcome", "choose", "start_server", "stop_all",
]  # fmt: skip
