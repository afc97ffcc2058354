"""Kernels to run notebooks in. Knows nothing of the kit: no grading, no tasks."""

from .kernel import Kernel, KernelError, Outcome, stop_all

# What stands between a submission and this machine. A plain kernel: nothing.
CONFINED = False

__all__ = ["CONFINED", "Kernel", "KernelError", "Outcome", "stop_all"]
